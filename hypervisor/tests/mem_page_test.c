// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/page.c core/page_vm.c core/page_protected.c tests/page_selftest.c
// LINK: core/pgtable.c core/pgtable_unmap.c core/pgtable_list.c core/pool.c core/stage2.c
/* Page records, the host's stage 2, every move of ownership. */
#include "mem_vms.h"
#include "page_selftest.h"

TEST(init_maps_all_ram_but_ours)
{
	setup();
	for (u64 p = RAM0; p < RAM0 + RAM0_SIZE; p += PAGE_SIZE) {
		bool ours = (p >= POOL && p < POOL + POOL_SIZE) ||
			    (p >= IMAGE && p < IMAGE + IMAGE_SIZE);
		struct fake_walk w = env_walk(&env_host, p);

		EXPECT_EQ(record(p).owner, ours ? PAGE_OWNER_HYP : PAGE_OWNER_HOST);
		EXPECT_EQ(w.valid, !ours);
		if (w.valid)
			EXPECT_EQ(w.out, p);
	}
	for (u64 p = RAM1; p < RAM1 + RAM1_SIZE; p += PAGE_SIZE) {
		EXPECT_EQ(record(p).owner, PAGE_OWNER_HOST);
		EXPECT_EQ(env_walk(&env_host, p).out, p);
	}
	EXPECT(!env_walk(&env_host, RAM0 - 1).valid);
	EXPECT(!env_walk(&env_host, RAM0 + RAM0_SIZE).valid);
	EXPECT(!env_walk(&env_host, RAM1 - 1).valid);
	EXPECT(!env_walk(&env_host, RAM1 + RAM1_SIZE).valid);
	EXPECT_EQ(pgtable_lookup(&env_host, RAM0).prot, PROT_RWX);
	EXPECT_EQ(pgtable_lookup(&env_host, RAM0 + GIB).size, BLOCK_SIZE);
	/* The image cuts one block only. */
	EXPECT_EQ(env_host.pages, 512 - IMAGE_SIZE / PAGE_SIZE + 256 + 1);
	EXPECT(env_host.tables <= page_host_tables(&env_platform, ARRAY_SIZE(env_hyp)));
}

TEST(init_whole_gigabytes)
{
	struct mem_range far = { RAM0 - PAGE_SIZE, PAGE_SIZE };

	env_machine(40);
	EXPECT_EQ(page_init(&env_platform, env_records, &far, 1, &env_host), 0);
	EXPECT_EQ(pgtable_lookup(&env_host, RAM0).size, GIB);
	EXPECT_EQ(record(RAM0).owner, PAGE_OWNER_HOST);
}

/* Sixteen ranges, the hypervisor's in any order, touching, overlapping, empty. */
TEST(init_many_ranges)
{
	struct platform p = { .nr_ram = HYP_MAX_RAM_RANGES };
	struct mem_range hyp[] = {
		{ 0x103000, 0x2000 }, { 0x100000, 0x1000 }, { 0x101000, 0x3000 }, { 0x107000, 0 },
		{ 0xf00000, 0x1000000 }, { 0x4ff000, 0x3000 },
	};
	struct pool_quota q = { .limit = 100 };
	struct page_record *records, rec;
	struct pgtable pt;

	env_machine(40);
	for (unsigned int i = 0; i < p.nr_ram; i++)
		p.ram[i] = (struct mem_range){ 0x100000 * (1 + 2 * i), 0x10000 + 0x1000 * i };
	p.ram[2].size = 0; /* an empty one does not disturb */
	records = env_alloc_records(&p);
	EXPECT_EQ(page_records_size(&p), ALIGN_UP(8 * (16 * 16 + 120 - 18), PAGE_SIZE));
	EXPECT_EQ(stage2_init(&pt, 0, &q), 0);
	EXPECT_EQ(page_init(&p, records, hyp, ARRAY_SIZE(hyp), &pt), 0);
	for (unsigned int i = 0; i < p.nr_ram; i++) {
		u64 end = p.ram[i].base + p.ram[i].size;

		for (u64 a = p.ram[i].base; a < end; a += PAGE_SIZE) {
			bool ours = false;

			for (unsigned int h = 0; h < ARRAY_SIZE(hyp); h++)
				ours |= a - hyp[h].base < hyp[h].size;
			EXPECT(page_get(pa(a), &rec));
			EXPECT_EQ(rec.owner, ours ? PAGE_OWNER_HYP : PAGE_OWNER_HOST);
			EXPECT_EQ(pgtable_lookup(&pt, a).valid, !ours);
		}
		EXPECT(!page_get(pa(end), &rec));
		EXPECT(!page_get(pa(p.ram[i].base - 1), &rec));
	}
	free(records);
	p.nr_ram++;
	EXPECT_PANIC(page_init(&p, NULL, hyp, 1, &pt), "nr_ram");
}

/* Memory that firmware keeps: the host may touch it, as without us; EL2 never does. */
TEST(init_no_map)
{
	u64 held = free_page(40), pfn = held >> PAGE_SHIFT, next = (held >> PAGE_SHIFT) + 2;

	env_machine(40);
	env_platform.nr_no_map = 3;
	env_platform.no_map[0] = (struct mem_range){ held, 2 * PAGE_SIZE };
	/* Of these, what is the hypervisor's stays it, and what is no RAM does not disturb. */
	env_platform.no_map[1] = (struct mem_range){ IMAGE, PAGE_SIZE };
	env_platform.no_map[2] = (struct mem_range){ RAM0 - PAGE_SIZE, 2 * PAGE_SIZE };
	EXPECT_EQ(page_init(&env_platform, env_records, env_hyp, ARRAY_SIZE(env_hyp), &env_host), 0);
	EXPECT_EQ(stage2_init(&vms[0], 1, &env_host_quota), 0);
	EXPECT_EQ(env_access(&env_host, held + PAGE_SIZE), held + PAGE_SIZE);
	EXPECT_EQ(page_lend_hyp(pa(held), 1), -EPERM);
	EXPECT_EQ(page_lend_hyp(pa(held - PAGE_SIZE), 2), -EPERM);
	EXPECT_EQ(page_lend_hyp(pa(held + PAGE_SIZE), 2), -EPERM);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), &pfn, 1, PROT_RWX), -EPERM);
	EXPECT_EQ(page_donate_hyp(pa(held), 1), -EPERM);
	EXPECT_EQ(page_lend_hyp(pa(RAM0), 1), -EPERM);
	EXPECT_EQ(record(IMAGE).owner, PAGE_OWNER_HYP);
	EXPECT_EQ(record(IMAGE).state, PAGE_OWNED);
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), &next, 1, PROT_RWX), 0);
	EXPECT(page_is_ram(pa(held), PAGE_SIZE));
	EXPECT(!page_is_normal(pa(held), PAGE_SIZE));
	EXPECT(!page_is_normal(pa(ALIGN_DOWN(held, BLOCK_SIZE)), BLOCK_SIZE));
	EXPECT(page_is_normal(pa(held + 2 * PAGE_SIZE), PAGE_SIZE));
	EXPECT(page_is_normal(pa(held - PAGE_SIZE), PAGE_SIZE));
	EXPECT(!page_is_normal(pa(RAM0 + RAM0_SIZE), PAGE_SIZE));
}

TEST(init_out_of_memory)
{
	env_machine(40);
	env_host_quota.limit = env_host_quota.used + 1;
	EXPECT_EQ(page_init(&env_platform, env_records, env_hyp, ARRAY_SIZE(env_hyp), &env_host),
		  -ENOMEM);
}

TEST(init_beyond_address_size)
{
	env_machine(33); /* RAM1 is beyond 8 GiB */
	EXPECT_EQ(page_init(&env_platform, env_records, env_hyp, ARRAY_SIZE(env_hyp), &env_host),
		  -EINVAL);
}

TEST(what_is_ram)
{
	struct page_record rec;

	setup();
	EXPECT(page_is_ram(pa(RAM0), RAM0_SIZE));
	EXPECT(page_is_ram(pa(RAM0 + RAM0_SIZE - 1), 1));
	EXPECT(!page_is_ram(pa(RAM0 + RAM0_SIZE), 1));
	EXPECT(!page_is_ram(pa(RAM0 + RAM0_SIZE - 1), 2));
	EXPECT(!page_is_ram(pa(RAM0 - 1), 2));
	EXPECT(!page_is_ram(pa(RAM0), 0));
	EXPECT(!page_is_ram(pa(RAM0), ~0UL));
	EXPECT(!page_is_ram(pa(~0UL), 2));
	EXPECT(page_is_ram(pa(RAM1), RAM1_SIZE));
	EXPECT(page_overlaps_ram(pa(0), RAM0 + 1));
	EXPECT(!page_overlaps_ram(pa(0), RAM0));
	EXPECT(page_overlaps_ram(pa(RAM0 + RAM0_SIZE - 1), 100));
	EXPECT(!page_overlaps_ram(pa(RAM0 + RAM0_SIZE), RAM1 - RAM0 - RAM0_SIZE));
	EXPECT(!page_overlaps_ram(pa(RAM0), 0));
	EXPECT(page_overlaps_ram(pa(RAM0 + RAM0_SIZE), 16 * GIB));
	EXPECT(!page_get(pa(0), &rec));
	EXPECT(!page_get(pa(~0UL), &rec));
	EXPECT_EQ(sizeof(rec), 8);
}

TEST(selftest)
{
	u64 used[3];

	setup();
	EXPECT_EQ(page_selftest(pa(free_page(3))), 0);
	EXPECT_STREQ(fake_log, "");
	EXPECT_EQ(record(free_page(3)).borrowers, 0);
	used[0] = env_host_quota.used;
	EXPECT_EQ(page_selftest(pa(free_page(3))), 0);
	EXPECT_EQ(env_host_quota.used, used[0]);
}

TEST(selftest_reports)
{
	u64 pfn = free_page(0) >> PAGE_SHIFT;
	struct pool_quota q = { .limit = 1000000 };

	setup();
	/* Not a page in state "host": each report names the state. */
	EXPECT_EQ(page_lend_vm(&vms[0], ipa(0), &pfn, 1, PROT_R), 0);
	EXPECT_EQ(page_selftest(pa(free_page(0))), -EINVAL);
	EXPECT_CONTAINS(fake_log, "lend_hyp in state \"host\" gives 0 instead of 0");
	EXPECT_EQ(page_selftest(pa(POOL - PAGE_SIZE)), 0);
	fake_log[0] = 0;
	env_records[(free_page(1) - RAM0) >> PAGE_SHIFT].owner = 7;
	EXPECT_EQ(page_selftest(pa(free_page(1))), -EINVAL);
	EXPECT_CONTAINS(fake_log, "lend_hyp in state \"host\" gives -1 instead of 0");
	while (pool_alloc(&q, 2))
		;
	EXPECT_EQ(page_selftest(pa(free_page(2))), -ENOMEM);
}

/*
 * Somebody changes the page's record in the middle of it, at each of its steps; or takes
 * all memory from there on.
 */
static unsigned int hook_calls, hook_at;
static struct page_record *hook_record;
static struct pool_quota hook_quota;

static void change_record(void)
{
	if (hook_calls++ < hook_at)
		return;
	if (!hook_record)
		while (pool_alloc(&hook_quota, 1))
			;
	else if (hook_calls == hook_at + 1)
		hook_record->borrowers++;
}

static void change_at_tlbi(const struct fake_tlbi *t __unused)
{
	change_record();
}

static void change_at_clean(u64 base __unused, u64 size __unused)
{
	change_record();
}

TEST(selftest_sees_any_change)
{
	bool enter = false, move = false, back = false;

	for (unsigned int i = 0; i < 240; i++) {
		int ret;

		fake_reset();
		setup();
		hook_at = i / 4;
		hook_record = i % 2 ? NULL : &env_records[(free_page(3) - RAM0) >> PAGE_SHIFT];
		hook_calls = 0;
		hook_quota = (struct pool_quota){ .limit = 1000000 };
		fake_tlbi_hook = change_at_tlbi;
		fake_dcache_hook = i & 2 ? change_at_clean : NULL;
		ret = page_selftest(pa(free_page(3)));
		if (hook_calls <= hook_at)
			EXPECT_EQ(ret, 0);
		EXPECT_EQ(ret == 0, !fake_log[0]);
		enter |= strstr(fake_log, "cannot enter state") != NULL;
		move |= strstr(fake_log, "instead of") != NULL;
		back |= strstr(fake_log, "no way back") != NULL;
	}
	EXPECT(enter);
	EXPECT(move);
	EXPECT(back);
}

TEST(selftest_second_vm_out_of_memory)
{
	struct pool_quota q = { .limit = 1000000 };
	void *last = NULL, *va;

	setup();
	while ((va = pool_alloc(&q, 2)))
		last = va;
	pool_free(&q, last, 2);
	EXPECT_EQ(page_selftest(pa(free_page(2))), -ENOMEM);
	EXPECT(pool_alloc(&q, 2)); /* the first VM's root was given back */
}

/* Lending to EL2 */

TEST(lend_hyp_counts)
{
	struct snapshot before;
	u64 p = free_page(0);

	setup();
	before = snapshot();
	EXPECT_EQ(page_lend_hyp(pa(p), 2), 0);
	EXPECT_EQ(page_lend_hyp(pa(p), 1), 0);
	EXPECT_EQ(record(p).borrowers, 2);
	EXPECT_EQ(record(p + PAGE_SIZE).borrowers, 1);
	EXPECT_EQ(record(p + 2 * PAGE_SIZE).borrowers, 0);
	EXPECT_EQ(page_donate_hyp(pa(p - PAGE_SIZE), 3), -EBUSY);
	page_return_hyp(pa(p), 1);
	page_return_hyp(pa(p), 2);
	EXPECT_UNCHANGED(before);
	EXPECT_PANIC(page_return_hyp(pa(p), 1), "borrowers");
}

TEST(lend_hyp_refusals)
{
	struct page_record *rec;
	struct snapshot before;

	setup();
	rec = &env_records[(free_page(1) - RAM0) >> PAGE_SHIFT];
	rec->borrowers = UINT32_MAX - HYP_WORK_PAGES + 1;
	before = snapshot();
	EXPECT_EQ(page_lend_hyp(pa(free_page(0)), 0), -EINVAL);
	EXPECT_EQ(page_lend_hyp(pa(free_page(0)), HYP_WORK_PAGES + 1), -EINVAL);
	EXPECT_EQ(page_lend_hyp(pa(free_page(0) + 8), 1), -EINVAL);
	EXPECT_EQ(page_lend_hyp(pa(0), 1), -EPERM);
	EXPECT_EQ(page_lend_hyp(pa(~0UL << 12), 2), -EPERM);
	EXPECT_EQ(page_lend_hyp(pa(RAM0 + RAM0_SIZE - PAGE_SIZE), 2), -EPERM);
	EXPECT_EQ(page_lend_hyp(pa(POOL - PAGE_SIZE), 2), -EPERM);
	EXPECT_EQ(page_lend_hyp(pa(POOL), 1), -EPERM);
	EXPECT_EQ(page_lend_hyp(pa(free_page(0)), 2), -EBUSY);
	EXPECT_UNCHANGED(before);
	rec->borrowers--;
	EXPECT_EQ(page_lend_hyp(pa(free_page(0)), 2), 0);
}

/* Donating */

TEST(donate_hyp_and_back)
{
	u64 p = free_page(100);
	u8 *va;

	setup();
	va = fake_va(p);
	memset(va - PAGE_SIZE, 0x77, 4 * PAGE_SIZE);
	env_access(&env_host, p);
	env_access(&env_host, p - BLOCK_SIZE);
	EXPECT_EQ(page_donate_hyp(pa(p), 2), 0);
	EXPECT_TLB_CLEAN();
	EXPECT_EQ(env_access(&env_host, p), ~0UL);
	EXPECT_EQ(env_access(&env_host, p + PAGE_SIZE), ~0UL);
	EXPECT_EQ(env_access(&env_host, p - PAGE_SIZE), p - PAGE_SIZE);
	EXPECT_EQ(env_access(&env_host, p + 2 * PAGE_SIZE), p + 2 * PAGE_SIZE);
	EXPECT_EQ(record(p).owner, PAGE_OWNER_HYP);
	EXPECT_EQ(va[0], 0x77); /* with its contents */
	EXPECT_EQ(page_donate_hyp(pa(p), 1), -EPERM);
	EXPECT_EQ(page_donate_hyp(pa(p - PAGE_SIZE), 2), -EPERM);
	EXPECT_EQ(page_hyp_donate_host(pa(p - PAGE_SIZE), 2), -EPERM);
	EXPECT_EQ(page_hyp_donate_host(pa(p + PAGE_SIZE), 2), -EPERM);
	EXPECT_EQ(page_hyp_donate_host(pa(p), 0), -EINVAL);
	memset(&fake_counts, 0, sizeof(fake_counts));
	EXPECT_EQ(page_hyp_donate_host(pa(p), 2), 0);
	EXPECT_EQ(record(p).owner, PAGE_OWNER_HOST);
	EXPECT_EQ(env_access(&env_host, p), p);
	for (unsigned int i = 0; i < PAGE_SIZE; i++) {
		EXPECT_EQ(va[i] | va[PAGE_SIZE + i], 0);
		EXPECT_EQ(va[2 * PAGE_SIZE + i], 0x77);
		EXPECT_EQ(va[(int)i - (int)PAGE_SIZE], 0x77);
	}
	/* Cleared for a host that maps it non-cacheable, too. */
	EXPECT_EQ(fake_counts.dcache_bytes, 2 * PAGE_SIZE);
	EXPECT_TLB_CLEAN();
}

TEST(donate_whole_blocks)
{
	u64 p = RAM0 + 50 * BLOCK_SIZE, tables;

	setup();
	EXPECT_EQ(page_donate_hyp(pa(p), 512), 0);
	tables = env_host.tables;
	EXPECT_EQ(page_hyp_donate_host(pa(p), 512), 0);
	EXPECT_EQ(pgtable_lookup(&env_host, p).size, BLOCK_SIZE);
	EXPECT_EQ(env_host.tables, tables);
}

TEST(donate_out_of_memory)
{
	u64 p = RAM0 + 60 * BLOCK_SIZE + 5 * PAGE_SIZE;
	struct snapshot before;

	setup();
	memset(fake_va(p), 0x77, PAGE_SIZE);
	before = snapshot();
	env_host_quota.limit = env_host_quota.used;
	EXPECT_EQ(page_donate_hyp(pa(p), 1), -ENOMEM);
	EXPECT_EQ(page_donate_vm(&vms[0], ipa(GIB), pa(p), PROT_RWX), -ENOMEM);
	EXPECT_UNCHANGED(before);
	env_host_quota.limit = 1000;
	quota[0].limit = quota[0].used + 1;
	EXPECT_EQ(page_donate_vm(&vms[0], ipa(GIB), pa(p), PROT_RWX), -ENOMEM);
	EXPECT_UNCHANGED(before);
	quota[0].limit = 100;

	/* A whole block away: to map one page of it needs a table. */
	for (unsigned int i = 0; i < 512; i++)
		EXPECT_EQ(page_donate_vm(&vms[0], ipa(i * PAGE_SIZE),
					 pa(ALIGN_DOWN(p, BLOCK_SIZE) + i * PAGE_SIZE), PROT_RWX),
			  0);
	before = snapshot();
	env_host_quota.limit = env_host_quota.used;
	EXPECT_EQ(page_reclaim_vm(&vms[0], ipa(5 * PAGE_SIZE)), -ENOMEM);
	EXPECT_EQ(page_share_host(&vms[0], ipa(5 * PAGE_SIZE)), -ENOMEM);
	EXPECT_UNCHANGED(before);
	EXPECT_EQ(*(u8 *)fake_va(p), 0x77); /* a refusal clears nothing */
	env_host_quota.limit = 1000;
	for (unsigned int i = 0; i < 512; i++)
		EXPECT_EQ(page_reclaim_vm(&vms[0], ipa(i * PAGE_SIZE)), 0);
	EXPECT_EQ(page_donate_hyp(pa(ALIGN_DOWN(p, BLOCK_SIZE)), 512), 0);
	memset(fake_va(p), 0x77, PAGE_SIZE);
	env_host_quota.limit = env_host_quota.used;
	EXPECT_EQ(page_hyp_donate_host(pa(p), 1), -ENOMEM);
	EXPECT_EQ(*(u8 *)fake_va(p), 0x77);
	EXPECT_EQ(page_hyp_donate_host(pa(ALIGN_DOWN(p, BLOCK_SIZE)), 512), 0);
}

TEST(protected_vm)
{
	u64 p = free_page(7), at = GIB + 3 * PAGE_SIZE, pfn = p >> PAGE_SHIFT;

	setup();
	memset(fake_va(p), 0x77, PAGE_SIZE);
	env_access(&env_host, p);
	memset(&fake_counts, 0, sizeof(fake_counts));
	EXPECT_EQ(page_donate_vm(&vms[0], ipa(at), pa(p), PROT_RWX), 0);
	EXPECT_EQ(fake_counts.dcache_bytes, PAGE_SIZE);
	EXPECT_EQ(fake_counts.icache, 1);
	EXPECT_TLB_CLEAN();
	EXPECT_EQ(env_access(&env_host, p), ~0UL);
	EXPECT_EQ(env_access(&vms[0], at), p);
	EXPECT_EQ(record(p).owner, PAGE_OWNER_VM(1));
	EXPECT_EQ(*(u8 *)fake_va(p), 0x77); /* given with its contents */

	/* Nobody else gets it, nothing takes its place. */
	EXPECT_EQ(page_lend_vm(&vms[1], ipa(0), &pfn, 1, PROT_RWX), -EPERM);
	EXPECT_EQ(page_donate_vm(&vms[1], ipa(0), pa(p), PROT_RWX), -EPERM);
	EXPECT_EQ(page_donate_vm(&vms[0], ipa(at), pa(p + PAGE_SIZE), PROT_RWX), -EPERM);
	EXPECT_EQ(page_reclaim_vm(&vms[1], ipa(at)), -EPERM);
	EXPECT_EQ(page_reclaim_vm(&vms[0], ipa(at + 8)), -EINVAL);
	EXPECT_EQ(page_share_host(&vms[0], ipa(at + 8)), -EINVAL);
	EXPECT_EQ(page_unshare_host(&vms[0], ipa(at + 8)), -EINVAL);
	EXPECT_EQ(page_donate_vm(&vms[0], ipa(8), pa(p + PAGE_SIZE), PROT_RWX), -EINVAL);
	EXPECT_EQ(page_donate_vm(&vms[0], ipa(0), pa(p + PAGE_SIZE), PROT_RW | PROT_DEVICE),
		  -EINVAL);
	EXPECT_EQ(page_share_host(&vms[0], ipa(1UL << 41)), -EPERM);
	EXPECT_EQ(page_host_device_fault(ipa(p), NULL, 0, NULL, 0), -EPERM);
	EXPECT_EQ(record(p + PAGE_SIZE).owner, PAGE_OWNER_HOST);

	EXPECT_EQ(page_share_host(&vms[0], ipa(at)), 0);
	EXPECT_EQ(record(p).state, PAGE_SHARED);
	EXPECT_EQ(env_access(&env_host, p), p);
	EXPECT_EQ(page_host_device_fault(ipa(p), NULL, 0, NULL, 0), 0);
	EXPECT_EQ(page_lend_hyp(pa(p), 1), -EPERM);
	EXPECT_EQ(page_lend_vm(&vms[1], ipa(0), &pfn, 1, PROT_RWX), -EPERM);
	EXPECT_EQ(page_unshare_host(&vms[0], ipa(at)), 0);
	EXPECT_TLB_CLEAN();
	EXPECT_EQ(env_access(&env_host, p), ~0UL);
	EXPECT_EQ(*(u8 *)fake_va(p), 0x77);

	EXPECT_EQ(page_share_host(&vms[0], ipa(at)), 0);
	env_access(&env_host, p);
	EXPECT_EQ(page_reclaim_vm(&vms[0], ipa(at)), 0);
	EXPECT_TLB_CLEAN();
	EXPECT_EQ(env_access(&vms[0], at), ~0UL);
	EXPECT_EQ(env_access(&env_host, p), p);
	EXPECT_EQ(record(p).owner, PAGE_OWNER_HOST);
	EXPECT_EQ(record(p).state, PAGE_OWNED);
	EXPECT_EQ(*(u8 *)fake_va(p), 0);
	vms[0].fwb = true;
	memset(&fake_counts, 0, sizeof(fake_counts));
	EXPECT_EQ(page_donate_vm(&vms[0], ipa(at), pa(p), PROT_RW), 0);
	EXPECT_EQ(fake_counts.dcache + fake_counts.icache, 0);
}

/* The host's devices */

static const struct mem_range special[] = { { 0x8000000, 0x10000 }, { 0x80a0000, 0xf60000 } };
static const struct mem_range denied[] = { { 0x9000000, 0x1000 }, { 0x3000800, 0x900 } };

static int touch(u64 addr)
{
	return page_host_device_fault(ipa(addr), special, ARRAY_SIZE(special), denied,
				      ARRAY_SIZE(denied));
}

TEST(device_faults)
{
	struct pgtable_leaf leaf;

	setup();
	/* far from everything: 1 GiB */
	EXPECT_EQ(touch(17 * GIB + 0x12345), 0);
	leaf = pgtable_lookup(&env_host, 17 * GIB);
	EXPECT(leaf.valid);
	EXPECT_EQ(leaf.size, GIB);
	EXPECT_EQ(leaf.prot, PROT_RW | PROT_DEVICE);
	EXPECT_EQ(leaf.pa, 17 * GIB);
	/* below RAM in its GiB, with the special ranges: 2 MiB */
	EXPECT_EQ(touch(0xa000004), 0);
	EXPECT_EQ(pgtable_lookup(&env_host, 0xa000000).size, BLOCK_SIZE);
	/* special: one page */
	EXPECT_EQ(touch(0x8000000), 0);
	EXPECT_EQ(pgtable_lookup(&env_host, 0x8000000).size, PAGE_SIZE);
	EXPECT(!pgtable_lookup(&env_host, 0x8001000).valid);
	/* beside a special one in the same 2 MiB: a page */
	EXPECT_EQ(touch(0x8010000), 0);
	EXPECT_EQ(pgtable_lookup(&env_host, 0x8010000).size, PAGE_SIZE);
	EXPECT_EQ(touch(0x80b0fff), 0);
	EXPECT_EQ(pgtable_lookup(&env_host, 0x80b0000).size, PAGE_SIZE);
	/* denied, its neighbours, and pages that it has a part of */
	EXPECT_EQ(touch(0x9000000), -EPERM);
	EXPECT_EQ(touch(0x9000fff), -EPERM);
	EXPECT_EQ(touch(0x9001000), 0);
	EXPECT_EQ(pgtable_lookup(&env_host, 0x9001000).size, PAGE_SIZE);
	EXPECT_EQ(touch(0x3000000), -EPERM);
	EXPECT_EQ(touch(0x3001100), -EPERM);
	EXPECT_EQ(touch(0x3002000), 0);
	/* mapped already */
	EXPECT_EQ(touch(0x9001008), 0);
	/* beside RAM that does not start at a block */
	EXPECT_EQ(touch(RAM1 - 1), 0);
	EXPECT_EQ(pgtable_lookup(&env_host, RAM1 - 1).size, PAGE_SIZE);
	EXPECT_EQ(touch(RAM1 + RAM1_SIZE), 0);
	EXPECT_EQ(pgtable_lookup(&env_host, RAM1 + RAM1_SIZE).size, PAGE_SIZE);
	EXPECT_EQ(touch(RAM1 - BLOCK_SIZE), 0);
	EXPECT_EQ(pgtable_lookup(&env_host, RAM1 - BLOCK_SIZE).size, BLOCK_SIZE);
	/* RAM: the host's own, and not its own */
	EXPECT_EQ(touch(RAM0), 0);
	EXPECT_EQ(touch(POOL), -EPERM);
	EXPECT_EQ(touch(IMAGE + 8), -EPERM);
	EXPECT_EQ(touch(1UL << 40), -EPERM);
	EXPECT_EQ(touch(~0UL), -EPERM);
	EXPECT_EQ(touch((1UL << 40) - 1), 0);
	EXPECT_TLB_CLEAN();
	EXPECT_EQ(fake_counts.tlbi_stage2, 0);
}

/* RAM without a page of the host's leaves no trace in its tables. */
TEST(device_fault_beside_our_ram)
{
	struct mem_range hyp[] = { env_hyp[0], env_hyp[1], { 12 * GIB + BLOCK_SIZE, 0x3000 } };

	env_machine(40);
	env_platform.ram[env_platform.nr_ram++] = hyp[2];
	free(env_records);
	env_records = env_alloc_records(&env_platform);
	EXPECT_EQ(page_init(&env_platform, env_records, hyp, 3, &env_host), 0);
	EXPECT_EQ(touch(12 * GIB), 0);
	EXPECT_EQ(pgtable_lookup(&env_host, 12 * GIB).size, BLOCK_SIZE);
	EXPECT_EQ(touch(hyp[2].base + 0x3000), 0);
	EXPECT_EQ(touch(hyp[2].base), -EPERM);
	EXPECT(!pgtable_lookup(&env_host, hyp[2].base).valid);
}

/* A page that was special once does not hide its neighbours. */
TEST(device_fault_around_other_leaves)
{
	u64 pages, blocks;

	setup();
	EXPECT_EQ(touch(0x8000000), 0);
	pages = env_host.pages;
	blocks = env_host.blocks;
	EXPECT_EQ(page_host_device_fault(ipa(0x8001000), NULL, 0, NULL, 0), 0);
	EXPECT_EQ(env_host.pages, pages + 1); /* one leaf, not all around it */
	EXPECT_EQ(env_host.blocks, blocks);
	EXPECT_EQ(pgtable_lookup(&env_host, 0x8001000).size, PAGE_SIZE);
}

TEST(device_fault_out_of_memory)
{
	u64 before;

	setup();
	before = env_hash(&env_host);
	env_host_quota.limit = env_host_quota.used;
	EXPECT_EQ(touch(0x8000000), -ENOMEM);
	EXPECT_EQ(env_hash(&env_host), before);
	EXPECT_EQ(touch(17 * GIB), 0); /* a root's entry */
}

/* A host that touches everything it can find uses a bounded number of tables. */
TEST(device_tables_are_bounded)
{
	static const unsigned int bits[] = { 40, 43, 44, 48 };

	for (unsigned int b = 0; b < ARRAY_SIZE(bits); b++) {
		u64 seed = 5, limit = 1UL << bits[b], most;

		fake_reset();
		env_setup(bits[b]);
		/* the second special range is larger than two blocks: its own tables */
		most = page_host_tables(&env_platform, ARRAY_SIZE(env_hyp) + 4) +
		       special[1].size / BLOCK_SIZE;
		for (u64 a = 0; a < 64 * GIB; a += BLOCK_SIZE)
			touch(a);
		for (u64 a = 0; a < limit; a += MAX(512 * GIB, limit >> 12))
			touch(a);
		for (unsigned int i = 0; i < 20000; i++) {
			touch(ktap_random(&seed) % limit);
			touch(0x8000000 + ktap_random(&seed) % 0x2000000);
			touch(RAM1 - 2 * BLOCK_SIZE + ktap_random(&seed) % (8 * BLOCK_SIZE));
		}
		EXPECT(env_host.tables <= most);
	}
}
