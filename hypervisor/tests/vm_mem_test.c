// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/vm.c core/vcpu.c core/run.c core/guest_call.c core/vm_calls.c core/psci.c core/log.c
// LINK: core/page.c core/page_vm.c core/pgtable.c core/pgtable_unmap.c core/pgtable_list.c
// LINK: core/pool.c core/stage2.c lib/printf.c tests/vm_hypercall.c
// LINK: arch/fake/fake_world.c arch/fake/fake_firmware.c
// LINK: vgic/vgic.c vgic/dist.c vgic/redist.c vgic/bank.c vgic/lr.c vgic/sgi.c vgic/queue.c
// LINK: vgic/cpuif.c
/* Pages of VMs: MAP_GUEST, MAP_GUEST_BLOCK, SET_MEMREGION with pages, UNMAP, quotas. */
#include "vm_env.h"

static u64 guest_pa(u64 vm, u64 gfn)
{
	struct fake_walk w = env_walk(&vm_of(vm)->stage2, gfn << PAGE_SHIFT);

	return w.valid ? w.out : ~0UL;
}

TEST(map_guest)
{
	u64 vm, page, pfn;

	machine();
	vm = new_guest(0);
	page = host_pages(4);
	pfn = page >> 12;
	EXPECT_REFUSED(BAD, MAP_GUEST, vm, 1, pfn, MEM_GFN, 1); /* no such slot */
	EXPECT_REFUSED(BAD, MAP_GUEST, vm, 512, pfn, MEM_GFN, 1);
	EXPECT_REFUSED(BAD, MAP_GUEST, vm, 1UL << 32, pfn, MEM_GFN, 1); /* not slot 0 */
	EXPECT_REFUSED(BAD, MAP_GUEST, vm, 0, pfn, MEM_GFN - 1, 1);
	EXPECT_REFUSED(BAD, MAP_GUEST, vm, 0, pfn, MEM_GFN + 16384, 1);
	EXPECT_REFUSED(BAD, MAP_GUEST, vm, 0, pfn, ~0UL, 1);
	EXPECT_REFUSED(BAD, MAP_GUEST, vm, 0, pfn, 1UL << 52, 1);
	EXPECT_REFUSED(BAD, MAP_GUEST, vm, 0, pfn, MEM_GFN + (1UL << 52), 1);
	EXPECT_REFUSED(BAD, MAP_GUEST, vm, 0, pfn, MEM_GFN, 0);
	EXPECT_REFUSED(BAD, MAP_GUEST, vm, 0, pfn, MEM_GFN, 2);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, MAP_GUEST, vm, 0, HYP_PAGE >> 12, MEM_GFN, 1);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, MAP_GUEST, vm, 0, NO_RAM >> 12, MEM_GFN, 1);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, MAP_GUEST, vm, 0, ~0UL, MEM_GFN, 1);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, MAP_GUEST, vm, 0, pfn + (1UL << 52), MEM_GFN, 1);
	EXPECT_OK(MAP_GUEST, vm, 0, pfn, MEM_GFN, 1);
	EXPECT_EQ(guest_pa(vm, MEM_GFN), page);
	EXPECT_OK(MAP_GUEST, vm, 0, pfn, MEM_GFN, 1); /* the same once more */
	EXPECT_EQ(borrowers(page), 1);
	EXPECT_OK(MAP_GUEST, vm, 0, pfn, MEM_GFN + 16383, 1); /* one page at two places */
	EXPECT_EQ(borrowers(page), 2);
	EXPECT_OK(MAP_GUEST, vm, 0, pfn + 1, MEM_GFN, 1); /* another in its place */
	EXPECT_EQ(guest_pa(vm, MEM_GFN), page + PAGE_SIZE);
	EXPECT_EQ(borrowers(page), 1);
	EXPECT_EQ(borrowers(page + PAGE_SIZE), 1);
	EXPECT_OK(UNMAP, vm, MEM_GFN, 1);
	EXPECT_EQ(borrowers(page + PAGE_SIZE), 0);
	EXPECT_EQ(guest_pa(vm, MEM_GFN), ~0UL);
	EXPECT_TLB_CLEAN();
	EXPECT_EQ(slot(vm, 0, 0, 0), 0);
	EXPECT_REFUSED(BAD, MAP_GUEST, vm, 0, pfn, MEM_GFN, 1);
}

TEST(map_guest_block)
{
	u64 vm, first, mailbox, *pfns;

	machine();
	vm = new_guest(0);
	EXPECT_REFUSED(BAD, MAP_GUEST_BLOCK, vm, 0, MEM_GFN, 1); /* no mailbox */
	mailbox = new_mailbox(vm);
	pfns = fake_va(mailbox);
	first = ALIGN_UP(host_pages(1024), BLOCK_SIZE);
	for (unsigned int i = 0; i < 512; i++)
		pfns[i] = (first >> 12) + i;
	EXPECT_REFUSED(BAD, MAP_GUEST_BLOCK, vm, 0, MEM_GFN, 0);
	EXPECT_REFUSED(BAD, MAP_GUEST_BLOCK, vm, 0, MEM_GFN, 513);
	EXPECT_REFUSED(BAD, MAP_GUEST_BLOCK, vm, 0, MEM_GFN, ~0UL);
	EXPECT_REFUSED(BAD, MAP_GUEST_BLOCK, vm, 1, MEM_GFN, 512);
	EXPECT_REFUSED(BAD, MAP_GUEST_BLOCK, vm, 0, MEM_GFN + 16384 - 511, 512);
	EXPECT_REFUSED(BAD, MAP_GUEST_BLOCK, vm, 0, MEM_GFN - 1, 512);
	EXPECT_OK(MAP_GUEST_BLOCK, vm, 0, MEM_GFN, 512);
	EXPECT_EQ(vm_of(vm)->stage2.blocks, 1);
	EXPECT_EQ(vm_of(vm)->stage2.pages, 0);
	EXPECT_EQ(borrowers(first + 511 * PAGE_SIZE), 1);
	/* Part of it again, as after a race of two vCPUs: nothing changes. */
	{
		struct world before = world();

		EXPECT_OK(MAP_GUEST_BLOCK, vm, 0, MEM_GFN, 100);
		EXPECT_SAME(before);
	}
	/* A short chunk, and one over 2 MiB of the guest's. */
	EXPECT_OK(MAP_GUEST_BLOCK, vm, 0, MEM_GFN + 512, 7);
	EXPECT_OK(MAP_GUEST_BLOCK, vm, 0, MEM_GFN + 1530, 20);
	EXPECT_EQ(vm_of(vm)->stage2.pages, 27);
	for (unsigned int i = 0; i < 20; i++)
		EXPECT_EQ(guest_pa(vm, MEM_GFN + 1530 + i), first + i * PAGE_SIZE);
	EXPECT_EQ(borrowers(first), 3);
	/* Hostile: one bad frame among good ones, at each place. */
	for (unsigned int i = 0; i < 512; i += 73) {
		static const u64 bad[] = {
			HYP_PAGE >> 12, NO_RAM >> 12, ~0UL, 1UL << 36, 1UL << 52,
		};

		for (unsigned int k = 0; k < ARRAY_SIZE(bad); k++) {
			u64 good = pfns[i];

			pfns[i] = bad[k];
			EXPECT_REFUSED(GZVM_STATUS_FAULT, MAP_GUEST_BLOCK, vm, 0, MEM_GFN + 4096,
				       512);
			pfns[i] = good;
		}
	}
	/* The same frame 512 times is no harm. */
	for (unsigned int i = 0; i < 512; i++)
		pfns[i] = first >> 12;
	EXPECT_OK(MAP_GUEST_BLOCK, vm, 0, MEM_GFN + 8192, 512);
	EXPECT_EQ(borrowers(first), 3 + 512);
	EXPECT_TLB_CLEAN();
	destroy_all(vm);
	EXPECT_EQ(borrowers(first), 0);
	EXPECT_EQ(borrowers(mailbox), 0);
}

/* The mailbox is the host's, which writes it while EL2 reads it: EL2 has a copy. */
static u64 *hostile_mailbox;

static void change_mailbox(u64 pa __attribute__((unused)), u64 size __attribute__((unused)))
{
	for (unsigned int i = 0; i < 512; i++)
		hostile_mailbox[i] = HYP_PAGE >> 12;
}

TEST(mailbox_changes)
{
	u64 vm, first;

	machine();
	vm = new_guest(0);
	hostile_mailbox = fake_va(new_mailbox(vm));
	first = host_pages(64);
	for (unsigned int i = 0; i < 64; i++)
		hostile_mailbox[i] = (first >> 12) + i;
	fake_dcache_hook = change_mailbox;
	EXPECT_OK(MAP_GUEST_BLOCK, vm, 0, MEM_GFN, 64);
	fake_dcache_hook = NULL;
	EXPECT_EQ(hostile_mailbox[0], HYP_PAGE >> 12);
	for (unsigned int i = 0; i < 64; i++)
		EXPECT_EQ(guest_pa(vm, MEM_GFN + i), first + i * PAGE_SIZE);
	EXPECT_EQ(borrowers(first), 1);
}

/* EL2's copy of a list is the last thing in a VM's record: nothing is written behind it. */
static u64 behind_pfns(u64 vm)
{
	u64 word;

	memcpy(&word, (u8 *)vm_of(vm) + sizeof(struct vm), sizeof(word));
	return word;
}

TEST(lists_too_long)
{
	struct gzvm_constituent c = { 0, 513, 0 };
	u64 vm, mailbox;

	machine();
	vm = new_guest(0);
	mailbox = new_mailbox(vm);
	memset(fake_va(mailbox), 0x11, PAGE_SIZE);
	memset(fake_va(host_pages(1)), 0x22, PAGE_SIZE);
	c.address = host_pages(513);
	EXPECT_REFUSED(BAD, MAP_GUEST_BLOCK, vm, 0, MEM_GFN, 513);
	EXPECT_EQ(behind_pfns(vm), 0);
	memset(memregion(), 0, sizeof(*memregion()));
	memregion()->gpa = MEM;
	memregion()->constituent_cnt = 1;
	memregion()->constituents[0] = c;
	EXPECT_REFUSED(BAD, SET_MEMREGION, vm, GZVM_MEMREGION_BUF_SIZE, SCRATCH);
	EXPECT_EQ(behind_pfns(vm), 0);
}

/* SET_MEMREGION's second use. */
static s64 populate(u64 vm, u32 id, u64 gpa, unsigned int n, const struct gzvm_constituent *c)
{
	memset(memregion(), 0, sizeof(*memregion()));
	memregion()->slot = id;
	memregion()->gpa = gpa;
	memregion()->constituent_cnt = n;
	memcpy(memregion()->constituents, c, n * sizeof(*c));
	return HC(SET_MEMREGION, vm, GZVM_MEMREGION_BUF_SIZE, SCRATCH);
}

#define EXPECT_POPULATE_REFUSED(status, id, gpa, ...)                              \
	do {                                                                       \
		const struct gzvm_constituent c_[] = { __VA_ARGS__ };              \
		struct world before_ = world();                                    \
		EXPECT_EQ(populate(vm, id, gpa, ARRAY_SIZE(c_), c_), status);      \
		EXPECT_SAME(before_);                                              \
	} while (0)

/* Stage 2 changes under the VM's lock alone, whoever asks. */
static struct vm *locked_vm;
static unsigned int changes, unlocked;

static void expect_lock(void)
{
	changes++;
	unlocked += !spin_is_locked(&locked_vm->lock);
}

static void lock_at_clean(u64 base __attribute__((unused)), u64 size __attribute__((unused)))
{
	expect_lock();
}

static void lock_at_tlbi(const struct fake_tlbi *t __attribute__((unused)))
{
	expect_lock();
}

TEST(stage2_lock)
{
	u64 vm, p, *pfns;

	machine();
	vm = new_guest(1);
	locked_vm = vm_of(vm);
	pfns = fake_va(new_mailbox(vm));
	p = host_pages(4);
	pfns[0] = p >> 12;
	changes = unlocked = 0;
	fake_dcache_hook = lock_at_clean;
	fake_tlbi_hook = lock_at_tlbi;
	EXPECT_OK(MAP_GUEST, vm, 0, p >> 12, MEM_GFN, 1);
	EXPECT_EQ(changes, 1);
	EXPECT_OK(MAP_GUEST_BLOCK, vm, 0, MEM_GFN + 1, 1);
	EXPECT_EQ(changes, 2);
	EXPECT_EQ(populate(vm, 0, MEM + 3 * PAGE_SIZE, 1,
			   &(struct gzvm_constituent){ p, 1, 0 }), 0);
	EXPECT_EQ(changes, 3);
	EXPECT_OK(UNMAP, vm, MEM_GFN, 2);
	EXPECT_EQ(changes, 6);
	vcpu_of(vm, 0)->arch.x[0] = GZVM_HVC_MEM_RELINQUISH;
	vcpu_of(vm, 0)->arch.x[1] = MEM + 3 * PAGE_SIZE;
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_HVC });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_HYPERCALL);
	EXPECT_EQ(changes, 8);
	EXPECT_EQ(unlocked, 0);
	EXPECT(!spin_is_locked(&locked_vm->lock));
}

TEST(memregion_populate)
{
	struct gzvm_constituent all[GZVM_MAX_CONSTITUENTS];
	u64 vm, p;

	machine();
	vm = new_guest(0);
	p = host_pages(600);
	EXPECT_POPULATE_REFUSED(BAD, 0, MEM, { p, 0, 0 });
	EXPECT_POPULATE_REFUSED(BAD, 0, MEM, { p, 1, 1 });
	EXPECT_POPULATE_REFUSED(BAD, 0, MEM, { p + 8, 1, 0 });
	EXPECT_POPULATE_REFUSED(BAD, 0, MEM, { p, 513, 0 });
	EXPECT_POPULATE_REFUSED(BAD, 0, MEM, { p, 512, 0 }, { p, 1, 0 });
	EXPECT_POPULATE_REFUSED(BAD, 0, MEM, { p, ~0U, 0 }, { p, 1, 0 });
	EXPECT_POPULATE_REFUSED(BAD, 1, MEM, { p, 1, 0 });
	EXPECT_POPULATE_REFUSED(BAD, 0, MEM + 8, { p, 1, 0 });
	EXPECT_POPULATE_REFUSED(BAD, 0, MEM - PAGE_SIZE, { p, 1, 0 });
	EXPECT_POPULATE_REFUSED(BAD, 0, MEM + 16383 * PAGE_SIZE, { p, 2, 0 });
	EXPECT_POPULATE_REFUSED(GZVM_STATUS_FAULT, 0, MEM, { p, 1, 0 }, { HYP_PAGE, 1, 0 });
	EXPECT_POPULATE_REFUSED(GZVM_STATUS_FAULT, 0, MEM, { VPOOL - PAGE_SIZE, 2, 0 });
	EXPECT_POPULATE_REFUSED(GZVM_STATUS_FAULT, 0, MEM, { ~0UL << 12, 2, 0 });
	EXPECT_EQ(populate(vm, 0, MEM, 2, (struct gzvm_constituent[]){ { p, 300, 0 },
			   { p + 400 * PAGE_SIZE, 200, 0 } }), 0);
	EXPECT_EQ(guest_pa(vm, MEM_GFN + 299), p + 299 * PAGE_SIZE);
	EXPECT_EQ(guest_pa(vm, MEM_GFN + 300), p + 400 * PAGE_SIZE);
	EXPECT_EQ(guest_pa(vm, MEM_GFN + 499), p + 599 * PAGE_SIZE);
	EXPECT_EQ(vm_of(vm)->stage2.pages, 500);
	for (unsigned int i = 0; i < GZVM_MAX_CONSTITUENTS; i++)
		all[i] = (struct gzvm_constituent){ p + (i ^ 1) * PAGE_SIZE, 1, 0 };
	EXPECT_EQ(populate(vm, 0, MEM + 510 * PAGE_SIZE, GZVM_MAX_CONSTITUENTS, all), 0);
	for (unsigned int i = 0; i < GZVM_MAX_CONSTITUENTS; i++)
		EXPECT_EQ(guest_pa(vm, MEM_GFN + 510 + i), all[i].address);
	EXPECT_EQ(borrowers(p), 2);
	EXPECT_EQ(borrowers(SCRATCH), 0);
	EXPECT_EQ(borrowers(SCRATCH + PAGE_SIZE), 0);
}

TEST(unmap)
{
	u64 vm, page, mailbox, first, *pfns;
	unsigned int calls = 0;
	s64 status;

	machine();
	vm = new_guest(0);
	EXPECT_EQ(slot(vm, 9, 512UL << 30, 1UL << 26), 0); /* 256 GiB from 512 GiB on */
	page = host_pages(1);
	EXPECT_OK(MAP_GUEST, vm, 0, page >> 12, MEM_GFN + 5, 1);
	EXPECT_REFUSED(BAD, UNMAP, vm, MEM_GFN, 0);
	EXPECT_REFUSED(BAD, UNMAP, vm, LIMIT >> 12, 1);
	EXPECT_REFUSED(BAD, UNMAP, vm, (LIMIT >> 12) - 1, 2);
	EXPECT_REFUSED(BAD, UNMAP, vm, 1, ~0UL);
	EXPECT_REFUSED(BAD, UNMAP, vm, ~0UL, 1);
	EXPECT_REFUSED(BAD, UNMAP, vm, 1UL << 52, 1);
	/* Neighbours stay; what is not mapped is no error. */
	EXPECT_OK(UNMAP, vm, MEM_GFN, 5);
	EXPECT_OK(UNMAP, vm, MEM_GFN + 6, 1000);
	EXPECT_OK(UNMAP, vm, 0, 100);
	EXPECT_EQ(borrowers(page), 1);
	/* Far apart, behind a thousand holes, from the beginning each time: it ends. */
	for (unsigned int i = 0; i < 5; i++)
		EXPECT_OK(MAP_GUEST, vm, 9, page >> 12, ((512UL + 40 * i) << 18) + 77, 1);
	EXPECT_EQ(borrowers(page), 6);
	do {
		u32 before = borrowers(page);

		status = HC(UNMAP, vm, 0, LIMIT >> 12);
		EXPECT(borrowers(page) < before);
		ASSERT(++calls < 10);
	} while (status == GZVM_STATUS_BUSY);
	EXPECT_EQ(status, 0);
	EXPECT(calls > 1);
	EXPECT_EQ(borrowers(page), 0);
	EXPECT_EQ(vm_of(vm)->stage2.tables, 0);

	/* A page of a block: the block goes. */
	mailbox = new_mailbox(vm);
	pfns = fake_va(mailbox);
	first = ALIGN_UP(host_pages(1024), BLOCK_SIZE);
	for (unsigned int i = 0; i < 512; i++)
		pfns[i] = (first >> 12) + i;
	EXPECT_OK(MAP_GUEST_BLOCK, vm, 0, MEM_GFN + 512, 512);
	EXPECT_EQ(env_access(&vm_of(vm)->stage2, MEM + BLOCK_SIZE), first);
	EXPECT_OK(UNMAP, vm, MEM_GFN + 700, 1);
	EXPECT_EQ(vm_of(vm)->stage2.blocks, 0);
	EXPECT_EQ(env_access(&vm_of(vm)->stage2, MEM + BLOCK_SIZE), ~0UL);
	EXPECT_EQ(borrowers(first), 0);
	EXPECT_TLB_CLEAN();
}

/* One page every 2 MiB costs a table each: the VM pays with its own old tables. */
TEST(sparse_vm_hurts_nobody)
{
	u64 sparse, other, page, quota;
	struct vm *vm;

	machine();
	sparse = new_vm();
	other = new_guest(0);
	page = host_pages(1);
	vm = vm_of(sparse);
	EXPECT_EQ(slot(sparse, 0, 0, LIMIT >> 12), 0);
	quota = vm->quota.limit;
	EXPECT_EQ(quota, pool_total() / PAGE_SIZE / VM_QUOTA_SHARE);
	for (u64 i = 0; i < 3 * quota; i++) {
		unsigned int calls = 1;

		/* Without FEAT_S2FWB what goes is cleaned, and that is a call's work: two tables. */
		while (HC(MAP_GUEST, sparse, 0, page >> 12, i * 512, 1) == GZVM_STATUS_BUSY)
			ASSERT(calls++ < 3);
		ASSERT(vm->quota.used <= quota);
		EXPECT_EQ(guest_pa(sparse, i * 512), page);
	}
	EXPECT(borrowers(page) > quota / 2);
	EXPECT_OK(MAP_GUEST, other, 0, page >> 12, MEM_GFN, 1);
	EXPECT_OK(CREATE_VM, 0);
	EXPECT_EQ(vm_of(sparse)->stage2.pages, borrowers(page) - 1);
	EXPECT_TLB_CLEAN();
	destroy_all(sparse);
	EXPECT_EQ(borrowers(page), 1);
}

/*
 * What a VM has itself goes first, then BUSY or no. That room for a call's tables is kept
 * back is undone here.
 */
TEST(map_without_pool)
{
	struct pool_quota taker = { .limit = ~0UL };
	struct pool_quota *q;
	u64 vm, page;
	void *one;

	machine();
	vm = new_vm();
	vm_of(vm)->stage2.fwb = true; /* or what is dropped is cleaned, and that is a call's work */
	page = host_pages(1);
	q = &vm_of(vm)->quota;
	EXPECT_EQ(slot(vm, 0, 0, LIMIT >> 12), 0);
	CHECK(pool_reserve(q, 0) == 0);
	one = pool_alloc(&taker, 1);
	while (pool_available() > PAGE_SIZE)
		CHECK(pool_alloc(&taker, 1));
	/* Nothing to drop. */
	EXPECT_REFUSED(GZVM_STATUS_NO_MEMORY, MAP_GUEST, vm, 0, page >> 12, 0, 1);
	pool_free(&taker, one, 1);
	EXPECT_OK(MAP_GUEST, vm, 0, page >> 12, 0, 1);
	EXPECT_EQ(pool_available(), 0);
	vm_of(vm)->stage2.fwb = false;
	EXPECT_EQ(HC(MAP_GUEST, vm, 0, page >> 12, 1UL << 20, 1), GZVM_STATUS_BUSY);
	EXPECT_OK(MAP_GUEST, vm, 0, page >> 12, 0, 1);
	vm_of(vm)->stage2.fwb = true;
	/* Two tables were needed and are: dropped, taken again. */
	EXPECT_OK(MAP_GUEST, vm, 0, page >> 12, 1UL << 20, 1);
	EXPECT_EQ(borrowers(page), 1);
	EXPECT_EQ(guest_pa(vm, 1UL << 20), page);
	EXPECT_EQ(guest_pa(vm, 0), ~0UL);
	EXPECT_TLB_CLEAN();
}

/* Where one call's work does not make room: BUSY, and the next call goes on. */
static void *stolen[64];
static unsigned int nr_stolen;
static struct pool_quota thief = { .limit = ~0UL };

static void steal(const struct fake_tlbi *t __attribute__((unused)))
{
	/* Runs before the tables are free: takes what the last drop has freed. */
	while (pool_available() && nr_stolen < ARRAY_SIZE(stolen))
		stolen[nr_stolen++] = pool_alloc(&thief, 1);
}

TEST(map_is_bounded)
{
	unsigned int busy = 0;
	u64 vm, page, before;
	s64 status;

	machine();
	vm = new_vm();
	page = host_pages(1);
	EXPECT_EQ(slot(vm, 0, 0, LIMIT >> 12), 0);
	for (u64 i = 0; i < 30; i++)
		ASSERT_OK(MAP_GUEST, vm, 0, page >> 12, i * 512, 1);
	nr_stolen = 0;
	while (pool_available())
		CHECK(pool_alloc(&thief, 1));
	fake_tlbi_hook = steal;
	/* Two tables at once, while somebody else takes each that comes free. */
	do {
		before = borrowers(page);
		status = HC(MAP_GUEST, vm, 0, page >> 12, 1UL << 27, 1);
		if (status == GZVM_STATUS_BUSY) {
			busy++;
			EXPECT(before - borrowers(page) <= 8);
			EXPECT(borrowers(page) < before);
		}
		ASSERT(busy < 30);
	} while (status == GZVM_STATUS_BUSY);
	fake_tlbi_hook = NULL;
	EXPECT(busy > 1);
	EXPECT_EQ(fake_world_errors, 0);
	EXPECT_TLB_CLEAN();
}
