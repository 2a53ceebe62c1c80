// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/vm.c core/vcpu.c core/run.c core/guest_call.c core/vm_calls.c core/psci.c core/log.c
// LINK: core/page.c core/page_vm.c core/pgtable.c core/pgtable_unmap.c core/pgtable_list.c
// LINK: core/pool.c core/stage2.c lib/printf.c tests/vm_hypercall.c
// LINK: arch/fake/fake_world.c arch/fake/fake_firmware.c
// LINK: vgic/vgic.c vgic/dist.c vgic/redist.c vgic/bank.c vgic/lr.c vgic/sgi.c vgic/queue.c
// LINK: vgic/cpuif.c
/*
 * What VMs cannot do to each other: no call of one fails because of what others have taken
 * of the pool, and no call works on more pages than it may.
 */
#include "vm_env.h"

#define LIMIT_GFN (1UL << 28)

static u64 page_of_all; /* one page that everybody maps */

/* A call that must succeed; it may ask to be made again. Return: how often it was made. */
static unsigned int until_done(unsigned int fn, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	unsigned int calls = 0;
	s64 status;

	do {
		status = hc5(fn, a1, a2, a3, a4, a5);
		if (++calls > 1000)
			break;
	} while (status == GZVM_STATUS_BUSY);
	if (status)
		KTAP_FAIL("call %u (0x%lx, 0x%lx, 0x%lx): %ld", fn, a1, a2, a3, status);
	return calls;
}

#define DONE_(fn, a1, a2, a3, a4, a5, ...) until_done(GZVM_FN_##fn, a1, a2, a3, a4, a5)
#define DONE(...) DONE_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

/* One page every 2 MiB, @n times, from the @at-th on. */
static void storm(u64 vm, u64 at, unsigned int n)
{
	for (u64 i = at; i < at + n; i++)
		DONE(MAP_GUEST, vm, 0, page_of_all >> 12, i * 512 % LIMIT_GFN, 1);
}

static u64 new_hostile(void)
{
	u64 vm;

	if (HC(CREATE_VM, 0))
		return 0;
	vm = x[1];
	EXPECT_EQ(slot(vm, 0, 0, LIMIT_GFN), 0);
	return vm;
}

/* All that a VM may ask for, while others go on. */
static void whole_life(u64 vm, const u64 *hostile, unsigned int nr)
{
	static unsigned int turn;
	u64 page = host_pages(1), blocks = ALIGN_UP(host_pages(1), BLOCK_SIZE), *pfns;
	struct gzvm_memregion_buf *b = fake_va(SCRATCH);
	u64 mailbox = host_pages(1);

#define STORM() storm(hostile[turn % nr], 1000 + 7 * turn, 3), turn++
	STORM();
	EXPECT_EQ(device(vm, GZVM_DEV_TYPE_ARM_VGIC_V3_DIST, DIST), 0);
	EXPECT_EQ(device(vm, GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST, REDIST), 0);
	for (u32 i = 0; i < 10; i++)
		EXPECT_EQ(slot(vm, i, MEM + ((u64)i << 31), 1UL << 18), 0);
	for (unsigned int i = 0; i < VGIC_MAX_CPUS; i++) {
		STORM();
		DONE(CREATE_VCPU, TUPLE(vm, i), host_pages(2));
	}
	DONE(ENABLE_CAP, vm, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING, BLOCK_SIZE, mailbox);
	pfns = fake_va(mailbox);
	for (u32 i = 0; i < 10; i++) {
		u64 gfn = MEM_GFN + ((u64)i << 19);

		STORM();
		/* A table each of levels 2 and 3. */
		DONE(MAP_GUEST, vm, i, page >> 12, gfn, 1);
		for (unsigned int p = 0; p < 512; p++)
			pfns[p] = (blocks >> 12) + p;
		DONE(MAP_GUEST_BLOCK, vm, i, gfn + 512, 512);
		DONE(MAP_GUEST_BLOCK, vm, i, gfn + 1024, 512);
		STORM();
		/* Two blocks have to become tables, a third gets one. */
		DONE(MAP_GUEST_BLOCK, vm, i, gfn + 512 + 77, 512);
		DONE(MAP_GUEST_BLOCK, vm, i, gfn + (1UL << 18) - 512, 512);
		STORM();
		memset(b, 0, sizeof(*b));
		b->slot = i;
		b->gpa = (gfn + 4096 - 200) << 12;
		b->constituent_cnt = 2;
		b->constituents[0].address = blocks;
		b->constituents[0].pg_cnt = 300;
		b->constituents[1].address = blocks;
		b->constituents[1].pg_cnt = 212;
		DONE(SET_MEMREGION, vm, GZVM_MEMREGION_BUF_SIZE, SCRATCH);
		DONE(UNMAP, vm, gfn + 700, 64);
	}
	STORM();
	fake_exit((struct guest_exit){
		.kind = GUEST_EXIT_ABORT, .addr = MEM + (5UL << 31) + 0x9000,
	});
	DONE(RUN, TUPLE(vm, 0));
	EXPECT_EQ(x[1], GZVM_EXIT_EXCEPTION);
	DONE(MAP_GUEST, vm, 5, page >> 12, (MEM + (5UL << 31) + 0x9000) >> 12, 1);
	DONE(RUN, TUPLE(vm, 0));
	DONE(SET_ONE_REG, TUPLE(vm, 1), GZVM_REG_CORE_U64(GZVM_CORE_PC), MEM);
	DONE(IRQ_LINE, TUPLE(vm, 0), 5, 1);
	DONE(VCPU_STATS, TUPLE(vm, 1), page);
	DONE(LOG_READ, page, 0);
	DONE(VM_RESET, vm);
	for (unsigned int i = 0; i < VGIC_MAX_CPUS; i++) {
		STORM();
		DONE(DESTROY_VCPU, TUPLE(vm, i));
		DONE(CREATE_VCPU, TUPLE(vm, i), host_pages(2));
		/* In the room of the one before, of which nothing is left. */
		EXPECT_EQ(vcpu_of(vm, i)->stats.runs, 0);
		DONE(RUN, TUPLE(vm, i));
	}
	DONE(UNMAP, vm, 0, LIMIT_GFN);
	EXPECT_EQ(vm_of(vm)->stage2.tables, 0);
}

/* A few that take their whole quota: a new VM may be refused, but one that is there lives. */
TEST(greedy_vms)
{
	unsigned int nr = 0;
	u64 good, hostile[VM_MAX], before;

	machine();
	before = pool_available();
	page_of_all = host_pages(1);
	good = new_vm();
	while (nr < VM_MAX && pool_available() && (hostile[nr] = new_hostile())) {
		struct pool_quota *q = &vm_of(hostile[nr])->quota;

		storm(hostile[nr], 0, q->limit);
		EXPECT(q->used <= q->limit);
		nr++;
	}
	EXPECT(nr >= VM_QUOTA_SHARE);
	EXPECT_EQ(pool_available(), 0);
	EXPECT_REFUSED(GZVM_STATUS_NO_MEMORY, CREATE_VM, 0);
	whole_life(good, hostile, nr);
	EXPECT_REFUSED(GZVM_STATUS_NO_MEMORY, CREATE_VM, 0);
	/* Each that ends makes room for a new one. */
	destroy_all(hostile[0]);
	EXPECT_OK(CREATE_VM, 0);
	destroy_all(x[1]);
	destroy_all(good);
	for (unsigned int i = 1; i < nr; i++)
		destroy_all(hostile[i]);
	EXPECT_EQ(pool_available(), before);
	EXPECT_TLB_CLEAN();
}

/* As many VMs as there can be, all but one hostile. */
TEST(many_vms)
{
	u64 good, hostile[VM_MAX], before;
	unsigned int nr = 0;

	machine();
	before = pool_available();
	page_of_all = host_pages(1);
	good = new_vm();
	while (nr < VM_MAX && (hostile[nr] = new_hostile()))
		nr++;
	EXPECT(nr > 60);
	EXPECT_REFUSED(GZVM_STATUS_NO_MEMORY, CREATE_VM, 0);
	for (unsigned int i = 0; i < nr; i++) {
		storm(hostile[i], i, 100);
		EXPECT(vm_of(hostile[i])->stage2.tables >= VM_TABLES_MIN);
	}
	EXPECT_EQ(pool_available(), 0);
	whole_life(good, hostile, nr);
	/* What was kept back for one is there, in the middle of all others, too. */
	for (unsigned int i = 0; i < nr; i += 9)
		DONE(CREATE_VCPU, TUPLE(hostile[i], 7), host_pages(2));
	destroy_all(good);
	for (unsigned int i = 0; i < nr; i++)
		destroy_all(hostile[i]);
	EXPECT_EQ(pool_available(), before);
	EXPECT_TLB_CLEAN();
}

/* What one call did: mappings that came and went, pages cleaned and mapped at EL2. */
static struct work {
	u64 lent, returned, cleaned, mapped, invalidations;
} most;

static u32 *counts;
static const u64 nr_pages = VRAM_SIZE >> PAGE_SHIFT;

static void note(void)
{
	if (!counts)
		counts = calloc(nr_pages, sizeof(*counts));
	for (u64 i = 0; i < nr_pages; i++)
		counts[i] = env_records[i].borrowers;
	memset(&fake_counts, 0, sizeof(fake_counts));
}

/* One call, BUSY or not. */
static s64 measured(unsigned int fn, u64 a1, u64 a2, u64 a3, u64 a4)
{
	struct work w = { 0 };
	s64 status;

	note();
	status = hc5(fn, a1, a2, a3, a4, 1);
	for (u64 i = 0; i < nr_pages; i++) {
		u32 now = env_records[i].borrowers;

		w.lent += now > counts[i] ? now - counts[i] : 0;
		w.returned += now < counts[i] ? counts[i] - now : 0;
	}
	w.cleaned = fake_counts.dcache_bytes >> PAGE_SHIFT;
	w.mapped = fake_counts.map_page;
	w.invalidations = fake_counts.tlbi_stage2;
	most.lent = MAX(most.lent, w.lent);
	most.returned = MAX(most.returned, w.returned);
	most.cleaned = MAX(most.cleaned, w.cleaned);
	most.mapped = MAX(most.mapped, w.mapped);
	most.invalidations = MAX(most.invalidations, w.invalidations);
	return status;
}

#define EXPECT_MOST(lent_, returned_, cleaned_, mapped_, invalidations_)                        \
	do {                                                                                   \
		EXPECT(most.lent <= (lent_));                                                  \
		EXPECT(most.returned <= (returned_));                                          \
		EXPECT(most.cleaned <= (cleaned_));                                            \
		EXPECT(most.mapped <= (mapped_));                                              \
		EXPECT(most.invalidations <= (invalidations_));                                \
		memset(&most, 0, sizeof(most));                                                \
	} while (0)

/* 8 blocks, 8 tables full of pages, 50 tables with one page; each page of RAM lent often. */
static u64 full_vm(u64 *mailbox)
{
	u64 vm = new_vm(), blocks = ALIGN_UP(host_pages(512), BLOCK_SIZE), *pfns;

	host_pages(512);
	EXPECT_EQ(slot(vm, 0, 0, LIMIT_GFN), 0);
	*mailbox = new_mailbox(vm);
	pfns = fake_va(*mailbox);
	for (unsigned int i = 0; i < 512; i++)
		pfns[i] = (blocks >> 12) + i;
	for (u64 i = 0; i < 8; i++)
		CHECK(HC(MAP_GUEST_BLOCK, vm, 0, MEM_GFN + i * 512, 512) == 0);
	for (unsigned int i = 0; i < 512; i++)
		pfns[i] = (blocks >> 12) + 511 - i;
	for (u64 i = 8; i < 16; i++)
		CHECK(HC(MAP_GUEST_BLOCK, vm, 0, MEM_GFN + i * 512, 512) == 0);
	page_of_all = blocks;
	storm(vm, 2000, 50);
	return vm;
}

TEST(work_of_one_call)
{
	struct gzvm_memregion_buf *b;
	unsigned int calls = 0;
	u64 vm, mailbox, *pfns;

	machine();
	b = fake_va(SCRATCH);
	vm = full_vm(&mailbox);
	pfns = fake_va(mailbox);
	/* Pages in the place of pages: as many go as come. */
	for (unsigned int i = 0; i < 512; i++)
		pfns[i]++;
	EXPECT_EQ(measured(GZVM_FN_MAP_GUEST_BLOCK, vm, 0, MEM_GFN + 9 * 512, 512), 0);
	EXPECT_MOST(512, 512, 512, 1, 1);
	/* Across two blocks: both go whole, one in each of two calls that say BUSY. */
	while (measured(GZVM_FN_MAP_GUEST_BLOCK, vm, 0, MEM_GFN + 2 * 512 + 100, 512))
		ASSERT(++calls < 100);
	EXPECT_EQ(calls, 2);
	EXPECT_MOST(512, 512, 512, 1, 1);
	EXPECT_EQ(env_access(&vm_of(vm)->stage2, MEM + (2 * 512 + 99) * PAGE_SIZE), ~0UL);
	EXPECT_EQ(env_access(&vm_of(vm)->stage2, MEM + (2 * 512 + 100) * PAGE_SIZE), pfns[0] << 12);
	EXPECT_EQ(env_access(&vm_of(vm)->stage2, MEM + (3 * 512 + 99) * PAGE_SIZE), pfns[511] << 12);
	EXPECT_EQ(env_access(&vm_of(vm)->stage2, MEM + (3 * 512 + 100) * PAGE_SIZE), ~0UL);
	/* From pages into a block, and the other way round: the block, then the pages. */
	for (unsigned int i = 0; i < 512; i++)
		pfns[i]++;
	calls = 0;
	while (measured(GZVM_FN_MAP_GUEST_BLOCK, vm, 0, MEM_GFN + 3 * 512 + 1, 512))
		ASSERT(++calls < 100);
	EXPECT_EQ(calls, 1);
	calls = 0;
	while (measured(GZVM_FN_MAP_GUEST_BLOCK, vm, 0, MEM_GFN + 7 * 512 + 1, 512))
		ASSERT(++calls < 100);
	EXPECT_EQ(calls, 1);
	EXPECT_MOST(512, 512, 512, 1, 1);
	EXPECT_EQ(measured(GZVM_FN_MAP_GUEST, vm, 0, pfns[0], MEM_GFN + 1 * 512 + 100), 0);
	EXPECT_MOST(1, 512, 1, 0, 1);
	memset(b, 0, sizeof(*b));
	b->gpa = (MEM_GFN + 5 * 512 - 100) << 12;
	b->constituent_cnt = 1;
	b->constituents[0].address = page_of_all;
	b->constituents[0].pg_cnt = 512;
	calls = 0;
	while (measured(GZVM_FN_SET_MEMREGION, vm, GZVM_MEMREGION_BUF_SIZE, SCRATCH, 0))
		ASSERT(++calls < 100);
	EXPECT_MOST(512, 512, 512, 2, 1);
	/* No room: a table's worth goes, which the host may need clean, then once more. */
	calls = 0;
	vm_of(vm)->quota.limit = vm_of(vm)->quota.used;
	while (measured(GZVM_FN_MAP_GUEST_BLOCK, vm, 0, MEM_GFN + 100000, 512))
		ASSERT(++calls < 100);
	EXPECT_MOST(512, 512, 512, 1, 5);
	calls = 0;
	while (measured(GZVM_FN_MAP_GUEST, vm, 0, pfns[0], MEM_GFN + 1000000))
		ASSERT(++calls < 100);
	EXPECT_MOST(1, 512, 512, 0, 9);
	/* Three tables that have to come from tables of one page: looking at 512 pages counts. */
	vm = new_hostile();
	storm(vm, 0, 30);
	mailbox = new_mailbox(vm);
	memcpy(fake_va(mailbox), pfns, PAGE_SIZE);
	vm_of(vm)->quota.limit = vm_of(vm)->quota.used;
	calls = 0;
	while (measured(GZVM_FN_MAP_GUEST_BLOCK, vm, 0, MEM_GFN + 300, 512))
		ASSERT(++calls < 100);
	EXPECT_EQ(calls, 3);
	EXPECT_MOST(512, 1, 512, 1, 4);
	/* UNMAP and DESTROY_VM: 512 pages at a time, holes for nothing. */
	vm = full_vm(&mailbox);
	calls = 0;
	while (measured(GZVM_FN_UNMAP, vm, MEM_GFN, 10 * 512, 0) == GZVM_STATUS_BUSY)
		ASSERT(++calls < 100);
	EXPECT(calls >= 8);
	EXPECT_MOST(0, 512, 512, 0, 512);
	for (unsigned int i = 0; i < VGIC_MAX_CPUS; i++)
		new_vcpu(vm, i);
	calls = 0;
	while (measured(GZVM_FN_DESTROY_VM, vm, 4096, 0, 0) == GZVM_STATUS_BUSY)
		ASSERT(++calls < 100);
	EXPECT(calls >= 6);
	/* Run pages and mailbox besides. */
	EXPECT_MOST(0, 512 + 2 * VGIC_MAX_CPUS + 1, 0, 0, 512);
	EXPECT_TLB_CLEAN();
}

/* MEM_RELINQUISH names a page: the block that it is in goes. */
TEST(work_of_relinquish)
{
	u64 vm, mailbox;

	machine();
	vm = full_vm(&mailbox);
	EXPECT_EQ(device(vm, GZVM_DEV_TYPE_ARM_VGIC_V3_DIST, 1UL << 39), GZVM_STATUS_INVALID_ARGS);
	new_vcpu(vm, 0);
	vcpu_of(vm, 0)->arch.x[0] = GZVM_HVC_MEM_RELINQUISH;
	vcpu_of(vm, 0)->arch.x[1] = MEM + 0x5000;
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_HVC });
	EXPECT_EQ(measured(GZVM_FN_RUN, TUPLE(vm, 0), 0, 0, 0), 0);
	EXPECT_EQ(x[1], GZVM_EXIT_HYPERCALL);
	EXPECT_EQ(most.returned, 512);
	EXPECT_EQ(most.cleaned, 512); /* the other 511 pages are the guest's, and the host's to read */
	EXPECT_MOST(0, 512, 512, 0, 1);
	free(counts);
	counts = NULL;
}
