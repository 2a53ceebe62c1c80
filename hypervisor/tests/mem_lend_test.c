// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/page.c core/page_vm.c core/page_protected.c
// LINK: core/pgtable.c core/pgtable_unmap.c core/pgtable_list.c core/pool.c core/stage2.c
/* Pages that the host lends to plain VMs. */
#include "mem_vms.h"

static void fill(u64 *pfns, u64 page, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		pfns[i] = (page >> PAGE_SHIFT) + i;
}

TEST(lend_vm_pages)
{
	u64 pfns[3] = { free_page(9) >> PAGE_SHIFT, free_page(2) >> PAGE_SHIFT,
			RAM1 >> PAGE_SHIFT };
	u64 to = 5 * GIB + BLOCK_SIZE - PAGE_SIZE; /* over a 2 MiB boundary */
	struct snapshot before;

	setup();
	before = snapshot();
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(to), pfns, 3, PROT_RWX), 0);
	for (unsigned int i = 0; i < 3; i++) {
		EXPECT_EQ(env_access(&vms[0], to + i * PAGE_SIZE), pfns[i] << PAGE_SHIFT);
		EXPECT_EQ(record(pfns[i] << PAGE_SHIFT).borrowers, 1);
		EXPECT_EQ(record(pfns[i] << PAGE_SHIFT).owner, PAGE_OWNER_HOST);
		EXPECT(env_walk(&env_host, pfns[i] << PAGE_SHIFT).valid);
	}
	EXPECT_EQ(vms[0].pages, 3);
	EXPECT_EQ(fake_counts.tlbi_stage2, 0);
	EXPECT_EQ(fake_counts.dcache_bytes, 3 * PAGE_SIZE);
	EXPECT_EQ(fake_counts.icache, 1);
	/* The same again: nothing is counted, cleaned or invalidated twice. */
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(to), pfns, 3, PROT_RWX), 0);
	EXPECT_EQ(record(pfns[1] << PAGE_SHIFT).borrowers, 1);
	EXPECT_EQ(fake_counts.dcache_bytes, 3 * PAGE_SIZE);
	EXPECT_EQ(fake_counts.icache, 1);
	/* One page at two IPAs and in two VMs. */
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), pfns, 1, PROT_RWX), 0);
	EXPECT_EQ(page_lend_vm(&vms[1], ipa(0), pfns, 1, PROT_R), 0);
	EXPECT_EQ(record(pfns[0] << PAGE_SHIFT).borrowers, 3);
	EXPECT_EQ(page_donate_hyp(pa(pfns[0] << PAGE_SHIFT), 1), -EBUSY);
	page_return_vm(&vms[0], ipa(0), 1);
	page_return_vm(&vms[1], ipa(0), 1);
	page_return_vm(&vms[0], ipa(to), 3);
	EXPECT_UNCHANGED(before);
}

/* The page must be clean before the guest can reach it. */
static void cleaned_before_mapped(u64 base, u64 size)
{
	EXPECT_EQ(base, free_page(4));
	EXPECT_EQ(size, 2 * PAGE_SIZE);
	EXPECT(!env_walk(&vms[0], 0x7000).valid);
	EXPECT_EQ(record(base).borrowers, 1);
}

TEST(lend_vm_cache_maintenance)
{
	u64 pfns[512];

	setup();
	fill(pfns, free_page(4), 2);
	fake_dcache_hook = cleaned_before_mapped;
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0x7000), pfns, 2, PROT_RW), 0);
	EXPECT_EQ(fake_counts.dcache, 1);
	EXPECT_EQ(fake_counts.icache, 0); /* no code, no instruction cache */
	fake_dcache_hook = NULL;
	memset(&fake_counts, 0, sizeof(fake_counts));
	fill(pfns, RAM0 + 40 * BLOCK_SIZE, 512);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(BLOCK_SIZE), pfns, 512, PROT_RWX), 0);
	EXPECT_EQ(fake_counts.dcache, 1);
	EXPECT_EQ(fake_counts.dcache_bytes, BLOCK_SIZE);
	/* Neighbours over the end of a block: one call for each block. */
	memset(&fake_counts, 0, sizeof(fake_counts));
	fill(pfns, RAM0 + 41 * BLOCK_SIZE - 4 * PAGE_SIZE, 8);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(GIB), pfns, 8, PROT_RWX), 0);
	EXPECT_EQ(fake_counts.dcache, 2);
	EXPECT_EQ(fake_counts.dcache_bytes, 8 * PAGE_SIZE);
	/* With FEAT_S2FWB there is nothing to clean. */
	memset(&fake_counts, 0, sizeof(fake_counts));
	vms[0].fwb = true;
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(2 * GIB), pfns, 8, PROT_RWX), 0);
	EXPECT_EQ(fake_counts.dcache, 0);
	EXPECT_EQ(fake_counts.icache, 1);
}

/* The borrower is still counted while its lines are written back, and no TLB has the page. */
static void cleaned_before_returned(u64 base, u64 size)
{
	EXPECT(!env_walk(&vms[0], size == PAGE_SIZE ? 0x7000 : BLOCK_SIZE).valid);
	EXPECT_EQ(record(base).borrowers, 1);
	EXPECT_TLB_CLEAN();
}

/* What a guest wrote past the caches reaches the host that goes on with the page. */
TEST(return_vm_cache_maintenance)
{
	u64 pfns[512];

	for (unsigned int fwb = 0; fwb < 2; fwb++) {
		for (unsigned int keep = 0; keep < 2; keep++) {
			ipa_t cursor = { 0 };
			u64 cleaned = keep && !fwb ? BLOCK_SIZE + PAGE_SIZE : 0;

			setup();
			vms[0].fwb = fwb;
			fill(pfns, RAM0 + 40 * BLOCK_SIZE, 512);
			EXPECT_EQ(page_lend_vm(&vms[0], ipa(BLOCK_SIZE), pfns, 512, PROT_RWX), 0);
			fill(pfns, free_page(4), 1);
			EXPECT_EQ(page_lend_vm(&vms[0], ipa(0x7000), pfns, 1, PROT_RWX), 0);
			memset(&fake_counts, 0, sizeof(fake_counts));
			fake_dcache_hook = cleaned_before_returned;
			EXPECT(page_return_vm_some(&vms[0], &cursor, ipa(GIB), 100000, keep));
			fake_dcache_hook = NULL;
			EXPECT_EQ(fake_counts.dcache_bytes, cleaned);
			EXPECT_EQ(record(free_page(4)).borrowers, 0);
		}
	}
}

TEST(lend_vm_refusals_change_nothing)
{
	u64 good = free_page(0) >> PAGE_SHIFT, pfns[HYP_WORK_PAGES + 1];
	struct page_record *rec;
	struct snapshot before;
	const u64 bad[] = {
		0, (RAM0 >> PAGE_SHIFT) - 1, (RAM0 + RAM0_SIZE) >> PAGE_SHIFT, POOL >> PAGE_SHIFT,
		(IMAGE >> PAGE_SHIFT) + 3, 1UL << 36 | good, 1UL << 52 | good, ~0UL,
		(RAM1 >> PAGE_SHIFT) - 1, free_page(77) >> PAGE_SHIFT, free_page(78) >> PAGE_SHIFT,
		free_page(79) >> PAGE_SHIFT,
	};

	setup();
	EXPECT_EQ(page_donate_hyp(pa(free_page(77)), 1), 0);
	EXPECT_EQ(page_donate_vm(&vms[1], ipa(0), pa(free_page(78)), PROT_RWX), 0);
	EXPECT_EQ(page_donate_vm(&vms[1], ipa(PAGE_SIZE), pa(free_page(79)), PROT_RWX), 0);
	EXPECT_EQ(page_share_host(&vms[1], ipa(PAGE_SIZE)), 0);
	fill(pfns, free_page(0), HYP_WORK_PAGES + 1);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0x10000), pfns, 4, PROT_RWX), 0);
	env_access(&vms[0], 0x10000);
	rec = &env_records[(free_page(100) - RAM0) >> PAGE_SHIFT];
	rec->borrowers = UINT32_MAX - HYP_WORK_PAGES + 1;
	before = snapshot();
	memset(&fake_counts, 0, sizeof(fake_counts));
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		/* first, in the middle, last; over pages that are mapped as well */
		for (unsigned int at = 0; at < 9; at += 4) {
			u64 list[9];

			for (unsigned int k = 0; k < 9; k++)
				list[k] = good + 20 + k;
			list[at] = bad[i];
			EXPECT_EQ(page_lend_vm(&vms[0], ipa(0x10000), list, 9, PROT_RWX), -EPERM);
		}
	}
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), pfns + 96, 10, PROT_RWX), -EBUSY);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), pfns, 0, PROT_RWX), -EINVAL);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), pfns, HYP_WORK_PAGES + 1, PROT_RWX), -EINVAL);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(1), pfns, 1, PROT_RWX), -EINVAL);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa((1UL << 40) - PAGE_SIZE), pfns, 2, PROT_RWX), -EINVAL);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(~0UL << 12), pfns, 2, PROT_RWX), -EINVAL);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), pfns, 1, PROT_RW | PROT_DEVICE), -EINVAL);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), pfns, 1, 0), -EINVAL);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), pfns, 1, PROT_R | 1 << 8), -EINVAL);
	EXPECT_UNCHANGED(before);
	EXPECT_EQ(fake_counts.tlbi_stage2, 0);
	EXPECT_EQ(fake_counts.dcache, 0);
	rec->borrowers--;
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), pfns + 96, 10, PROT_RWX), 0);
}

TEST(lend_vm_block)
{
	u64 block = RAM0 + 40 * BLOCK_SIZE, pfns[512];
	struct snapshot before;

	setup();
	before = snapshot();
	fill(pfns, block, 512);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(2 * BLOCK_SIZE), pfns, 512, PROT_RWX), 0);
	EXPECT_EQ(vms[0].blocks, 1);
	EXPECT_EQ(vms[0].pages, 0);
	EXPECT_EQ(env_access(&vms[0], 2 * BLOCK_SIZE + 0x12345), block + 0x12345);
	for (unsigned int i = 0; i < 512; i++)
		EXPECT_EQ(record(block + i * PAGE_SIZE).borrowers, 1);
	EXPECT_EQ(record(block + BLOCK_SIZE).borrowers, 0);
	/* The same again, and single pages of it: nothing new. */
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(2 * BLOCK_SIZE), pfns, 512, PROT_RWX), 0);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(2 * BLOCK_SIZE + 7 * PAGE_SIZE), pfns + 7, 9, PROT_RWX),
		  0);
	EXPECT_EQ(vms[0].blocks, 1);
	EXPECT_EQ(vms[0].pages, 0);
	for (unsigned int i = 0; i < 512; i++)
		EXPECT_EQ(record(block + i * PAGE_SIZE).borrowers, 1);
	EXPECT_EQ(fake_counts.tlbi_stage2, 0);
	EXPECT_EQ(fake_counts.dcache, 1);
	/* One page must go: the block goes. */
	page_return_vm(&vms[0], ipa(2 * BLOCK_SIZE + 17 * PAGE_SIZE), 1);
	EXPECT_EQ(fake_counts.tlbi_stage2, 1);
	EXPECT_UNCHANGED(before);
}

/* What looks like a block and is none. */
TEST(lend_vm_no_block)
{
	u64 block = RAM0 + 40 * BLOCK_SIZE, pfns[512];
	struct snapshot before;

	setup();
	before = snapshot();
	fill(pfns, block, 512);
	pfns[511]++; /* out of step at the end */
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), pfns, 512, PROT_RWX), 0);
	EXPECT_EQ(vms[0].blocks, 0);
	EXPECT_EQ(env_access(&vms[0], BLOCK_SIZE - PAGE_SIZE), block + BLOCK_SIZE);
	fill(pfns, block, 512);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(2 * BLOCK_SIZE), pfns, 511, PROT_RWX), 0);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(5 * BLOCK_SIZE + PAGE_SIZE), pfns, 512, PROT_RWX), 0);
	fill(pfns, block + PAGE_SIZE, 512);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(8 * BLOCK_SIZE), pfns, 512, PROT_RWX), 0);
	EXPECT_EQ(vms[0].blocks, 0);
	EXPECT_EQ(vms[0].pages, 3 * 512 + 511);
	EXPECT_EQ(env_walk(&vms[0], 5 * BLOCK_SIZE + PAGE_SIZE).out, block);
	EXPECT_EQ(env_walk(&vms[0], 6 * BLOCK_SIZE).out, block + BLOCK_SIZE - PAGE_SIZE);
	page_return_vm(&vms[0], ipa(0), 9 * 512);
	EXPECT_UNCHANGED(before);
}

/* Pages first, some of them others, then the whole: one block takes their place. */
TEST(lend_vm_block_over_pages)
{
	u64 block = RAM0 + 40 * BLOCK_SIZE, pfns[512], other = free_page(0) >> PAGE_SHIFT;
	struct snapshot before;
	unsigned int tlbis;

	setup();
	before = snapshot();
	fill(pfns, block, 512);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(BLOCK_SIZE), pfns, 100, PROT_RWX), 0);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(2 * BLOCK_SIZE - PAGE_SIZE), &other, 1, PROT_RWX), 0);
	for (unsigned int i = 0; i < 512; i += 3)
		env_access(&vms[0], BLOCK_SIZE + i * PAGE_SIZE);
	env_access(&vms[0], 2 * BLOCK_SIZE - PAGE_SIZE);
	tlbis = fake_counts.tlbi_stage2;
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(BLOCK_SIZE), pfns, 512, PROT_RWX), 0);
	EXPECT_EQ(fake_counts.tlbi_stage2, tlbis + 1);
	EXPECT_TLB_CLEAN();
	EXPECT_EQ(vms[0].blocks, 1);
	EXPECT_EQ(vms[0].pages, 0);
	EXPECT_EQ(env_access(&vms[0], 2 * BLOCK_SIZE - PAGE_SIZE), block + BLOCK_SIZE - PAGE_SIZE);
	EXPECT_EQ(record(other << PAGE_SHIFT).borrowers, 0);
	for (unsigned int i = 0; i < 512; i++)
		EXPECT_EQ(record(block + i * PAGE_SIZE).borrowers, 1);
	page_return_vm(&vms[0], ipa(0), 1UL << 28);
	EXPECT_UNCHANGED(before);
}

TEST(lend_vm_replaces)
{
	u64 block = RAM0 + 40 * BLOCK_SIZE, pfns[512], other[4];
	struct snapshot before;

	setup();
	before = snapshot();
	fill(pfns, block, 512);
	fill(other, free_page(50), 4);
	/* page by page; one of them stays */
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), pfns, 4, PROT_RWX), 0);
	for (unsigned int i = 0; i < 4; i++)
		env_access(&vms[0], i * PAGE_SIZE);
	other[2] = pfns[2];
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), other, 4, PROT_RWX), 0);
	EXPECT_TLB_CLEAN();
	for (unsigned int i = 0; i < 4; i++) {
		EXPECT_EQ(env_access(&vms[0], i * PAGE_SIZE), other[i] << PAGE_SHIFT);
		EXPECT_EQ(record(other[i] << PAGE_SHIFT).borrowers, 1);
		EXPECT_EQ(record(pfns[i] << PAGE_SHIFT).borrowers, i == 2);
	}
	/* other permissions */
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), other, 4, PROT_R), 0);
	EXPECT_TLB_CLEAN();
	EXPECT_EQ(pgtable_lookup(&vms[0], 0).prot, PROT_R);
	EXPECT_EQ(record(other[0] << PAGE_SHIFT).borrowers, 1);
	/* a block by another block */
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(GIB), pfns, 512, PROT_RWX), 0);
	env_access(&vms[0], GIB);
	fill(pfns, block + BLOCK_SIZE, 512);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(GIB), pfns, 512, PROT_RWX), 0);
	EXPECT_TLB_CLEAN();
	EXPECT_EQ(env_access(&vms[0], GIB), block + BLOCK_SIZE);
	EXPECT_EQ(record(block).borrowers, 0);
	EXPECT_EQ(record(block + BLOCK_SIZE).borrowers, 1);
	/* a page elsewhere inside of it: the block is dropped */
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(GIB + 9 * PAGE_SIZE), other, 1, PROT_RWX), 0);
	EXPECT_TLB_CLEAN();
	EXPECT_EQ(vms[0].blocks, 0);
	EXPECT_EQ(env_access(&vms[0], GIB), ~0UL);
	EXPECT_EQ(env_access(&vms[0], GIB + 9 * PAGE_SIZE), other[0] << PAGE_SHIFT);
	EXPECT_EQ(record(block + BLOCK_SIZE).borrowers, 0);
	page_return_vm(&vms[0], ipa(0), 1UL << 28);
	EXPECT_UNCHANGED(before);
}

/* One list over the end of one block and the start of another, both elsewhere. */
TEST(lend_vm_replaces_two_blocks)
{
	u64 block = RAM0 + 40 * BLOCK_SIZE, pfns[512];
	struct snapshot before;
	unsigned int tlbis;

	setup();
	before = snapshot();
	fill(pfns, block, 512);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(GIB - BLOCK_SIZE), pfns, 512, PROT_RWX), 0);
	fill(pfns, block + BLOCK_SIZE, 512);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(GIB), pfns, 512, PROT_RWX), 0);
	env_access(&vms[0], GIB - 1);
	env_access(&vms[0], GIB);
	tlbis = fake_counts.tlbi_stage2;
	fill(pfns, free_page(0), 2);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(GIB - PAGE_SIZE), pfns, 2, PROT_RWX), 0);
	EXPECT_EQ(fake_counts.tlbi_stage2, tlbis + 1);
	EXPECT_TLB_CLEAN();
	EXPECT_EQ(vms[0].pages, 2);
	EXPECT_EQ(vms[0].blocks, 0);
	for (unsigned int i = 0; i < 1024; i++)
		EXPECT_EQ(record(block + i * PAGE_SIZE).borrowers, 0);
	page_return_vm(&vms[0], ipa(GIB), 1);
	page_return_vm(&vms[0], ipa(GIB - PAGE_SIZE), 1);
	EXPECT_UNCHANGED(before);
}

/* Every allocation of every kind of lending fails once. */
TEST(lend_vm_out_of_memory)
{
	u64 pfns[512], other[2];

	for (int kind = 0; kind < 4; kind++) {
		u64 to = GIB - PAGE_SIZE, n, nr = 2;
		struct snapshot before;
		int ret = -ENOMEM;

		fake_reset();
		setup();
		fill(other, free_page(0), 2);
		fill(pfns, RAM0 + 40 * BLOCK_SIZE, 512);
		if (kind == 1 || kind == 2) /* a block in one, or in both windows */
			EXPECT_EQ(page_lend_vm(&vms[0], ipa(GIB), pfns, 512, PROT_RWX), 0);
		if (kind == 2)
			EXPECT_EQ(page_lend_vm(&vms[0], ipa(GIB - BLOCK_SIZE), pfns, 512, PROT_RWX),
				  0);
		if (kind == 3) /* a block over nothing */
			to = GIB, nr = 512;
		before = snapshot();
		for (n = 0; ret; n++) {
			quota[0].limit = quota[0].used + n;
			ret = page_lend_vm(&vms[0], ipa(to), kind == 3 ? pfns : other, nr,
					   PROT_RWX);
			if (ret) {
				EXPECT_EQ(ret, -ENOMEM);
				EXPECT_UNCHANGED(before);
			}
			ASSERT(n < 10);
		}
		EXPECT_EQ(n - 1, kind == 0 ? 4 : kind == 1 ? 3 : kind == 2 ? 2 : 1);
		EXPECT_TLB_CLEAN();
		page_return_vm(&vms[0], ipa(0), 1UL << 28);
		EXPECT_EQ(quota[0].used, 2);
	}
}

TEST(lend_vm_needs_no_memory_to_map_again)
{
	u64 pfn = free_page(0) >> PAGE_SHIFT;

	setup();
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(GIB), &pfn, 1, PROT_RWX), 0);
	quota[0].limit = 0;
	pfn++;
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(GIB), &pfn, 1, PROT_RWX), 0);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(GIB + PAGE_SIZE), &pfn, 1, PROT_RWX), 0);
}

TEST(return_vm_bounds)
{
	u64 pfns[4], last = (1UL << 40) - PAGE_SIZE;
	struct snapshot before;

	setup();
	before = snapshot();
	fill(pfns, free_page(0), 4);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(last), pfns, 1, PROT_RWX), 0);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), pfns, 2, PROT_RWX), 0);
	env_access(&vms[0], last);
	page_return_vm(&vms[0], ipa(1UL << 40), 5);
	page_return_vm(&vms[0], ipa(~0UL), ~0UL);
	page_return_vm(&vms[0], ipa(0), 0);
	EXPECT_EQ(vms[0].pages, 3);
	page_return_vm(&vms[0], ipa(PAGE_SIZE + 12), ~0UL);
	EXPECT_EQ(vms[0].pages, 1);
	EXPECT_EQ(record(free_page(0)).borrowers, 1);
	page_return_vm(&vms[0], ipa(12), 1);
	EXPECT_UNCHANGED(before);
}

/* The end of a VM, in bounded pieces. */
TEST(return_vm_some)
{
	u64 pfns[512];
	struct snapshot before;
	unsigned int calls = 0;
	ipa_t cursor = { 0 }, end = { 1UL << 40 };

	setup();
	before = snapshot();
	EXPECT(page_return_vm_some(&vms[0], &cursor, end, 1, false)); /* an empty VM */
	fill(pfns, RAM0 + 40 * BLOCK_SIZE, 512);
	for (unsigned int i = 0; i < 8; i++)
		EXPECT_EQ(page_lend_vm(&vms[0], ipa(4 * GIB + i * BLOCK_SIZE), pfns, 512, PROT_RWX),
			  0);
	for (unsigned int i = 0; i < 8; i++)
		EXPECT_EQ(page_lend_vm(&vms[0], ipa(6 * GIB + i * BLOCK_SIZE - PAGE_SIZE), pfns,
				       2 + 60 * i, PROT_RWX), 0);
	/* Without a budget as well something goes: one window, the first block. */
	cursor = ipa(0);
	EXPECT(!page_return_vm_some(&vms[0], &cursor, end, 0, false));
	EXPECT_EQ(cursor.v, 4 * GIB + BLOCK_SIZE);
	EXPECT_EQ(vms[0].blocks, 7);
	for (;;) {
		u64 leaves = vms[0].pages + 512 * vms[0].blocks, left;
		bool done = page_return_vm_some(&vms[0], &cursor, end, 512, false);

		calls++;
		left = vms[0].pages + 512 * vms[0].blocks;
		EXPECT(leaves - left <= 1024);
		if (done)
			break;
		ASSERT(calls < 100);
	}
	EXPECT(calls > 8);
	EXPECT(calls < 24);
	EXPECT_UNCHANGED(before);
	stage2_destroy(&vms[0]);
	EXPECT_EQ(quota[0].used, 0);
}

TEST(return_vm_some_from_the_middle)
{
	u64 pfns[512];
	ipa_t cursor = { GIB + 5 * PAGE_SIZE };

	setup();
	fill(pfns, free_page(0), 512);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(GIB), pfns, 10, PROT_RWX), 0);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), pfns, 10, PROT_RWX), 0);
	EXPECT(page_return_vm_some(&vms[0], &cursor, ipa(GIB + 8 * PAGE_SIZE), 100000, false));
	EXPECT_EQ(vms[0].pages, 17);
	EXPECT_EQ(cursor.v, GIB + 8 * PAGE_SIZE);
	EXPECT(page_return_vm_some(&vms[0], &cursor, ipa(~0UL << PAGE_SHIFT), 100000, false));
	EXPECT_EQ(vms[0].pages, 15);
	EXPECT_EQ(cursor.v, 1UL << 40);
}

/*
 * Always from the beginning, as UNMAP is called: each call gets on, however many holes
 * and tables with nothing in the range stand before the next leaf.
 */
TEST(return_vm_some_gets_on)
{
	u64 pfns[512], first = GIB + 3 * PAGE_SIZE;
	unsigned int calls = 0;
	bool done;

	setup();
	quota[0].limit = 2000;
	fill(pfns, free_page(0), 512);
	/* In the first table, but before the range. */
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(GIB), pfns, 3, PROT_RWX), 0);
	for (unsigned int i = 1; i < 10; i++)
		EXPECT_EQ(page_lend_vm(&vms[0], ipa(first + i * 100 * GIB), pfns, 1, PROT_RWX), 0);
	do {
		u64 pages = vms[0].pages;
		ipa_t cursor = ipa(first);

		done = page_return_vm_some(&vms[0], &cursor, ipa(1UL << 40), 512, false);
		EXPECT(done || vms[0].pages < pages);
		ASSERT(++calls < 20);
	} while (!done);
	EXPECT_EQ(vms[0].pages, 3);
	EXPECT(calls > 1);
	EXPECT_TLB_CLEAN();
}
