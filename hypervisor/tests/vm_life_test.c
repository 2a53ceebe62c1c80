// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/vm.c core/vcpu.c core/run.c core/guest_call.c core/vm_calls.c core/psci.c core/log.c
// LINK: core/page.c core/page_vm.c core/pgtable.c core/pgtable_unmap.c core/pgtable_list.c
// LINK: core/pool.c core/stage2.c lib/printf.c tests/vm_hypercall.c
// LINK: arch/fake/fake_world.c arch/fake/fake_firmware.c
// LINK: vgic/vgic.c vgic/dist.c vgic/redist.c vgic/bank.c vgic/lr.c vgic/sgi.c vgic/queue.c
// LINK: vgic/cpuif.c
/* Lifetimes of VMs and vCPUs, through the hypercalls. */
#include "vm_env.h"

#include <hyp/hypercall.h>

static const u64 bad_vms[] = { 0, 2, 255, 256, 257, 0x10001, GZVM_INVALID_VM_ID, ~0UL };

TEST(create_vm)
{
	u32 vms, vcpus;
	u64 vm;

	machine();
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, CREATE_VM, 1);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, CREATE_VM, 1UL << 32);
	ASSERT_OK(CREATE_VM, 0, ~0UL, ~0UL);
	vm = x[1];
	EXPECT_EQ(vm, 1);
	EXPECT_EQ(x[2] | x[3], 0);
	EXPECT_EQ(vm_of(vm)->counter_offset, fake_counter);
	vm_counts(&vms, &vcpus);
	EXPECT_EQ(vms, 1);
	EXPECT_EQ(vcpus, 0);
	EXPECT_OK(HYP_STATS);
	EXPECT_EQ(x[1], pool_total());
	EXPECT_EQ(x[2], pool_available());
	EXPECT_EQ(GZVM_HYP_STATS_VMS(x[3]), 1);
	EXPECT_EQ(GZVM_HYP_STATS_VCPUS(x[3]), 0);
}

/* Each call that names a VM, or a vCPU of one, knows when there is no such VM. */
TEST(no_such_vm)
{
	u64 page;

	machine();
	page = host_pages(2);
	EXPECT_EQ(new_vm(), 1);
	memset(fake_va(page), 0, 2 * PAGE_SIZE);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_vms); i++) {
		u64 id = bad_vms[i];

		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, DESTROY_VM, id, 512);
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, SET_MEMREGION, id, 8192, page);
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, CREATE_DEVICE, id, page);
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, ENABLE_CAP, id,
			       GZVM_CAP_ENABLE_DEMAND_PAGING);
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, INFORM_EXIT, id);
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, MEMREGION_PURPOSE, id, MEM, PAGE_SIZE, 1);
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, SET_DTB_CONFIG, id, MEM, 1);
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, MAP_GUEST, id, 0, page >> 12, MEM_GFN, 1);
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, MAP_GUEST_BLOCK, id, 0, MEM_GFN, 1);
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, GET_STATISTICS, id);
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, UNMAP, id, MEM_GFN, 1);
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, VM_RESET, id);
		if (id > 0xffff)
			continue; /* a tuple has 16 bits for it */
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, CREATE_VCPU, TUPLE(id, 0), page);
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, DESTROY_VCPU, TUPLE(id, 0));
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, RUN, TUPLE(id, 0));
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, GET_ONE_REG, TUPLE(id, 0),
			       GZVM_REG_CORE_U64(GZVM_CORE_PC));
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, SET_ONE_REG, TUPLE(id, 0),
			       GZVM_REG_CORE_U64(GZVM_CORE_PC), 0);
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE, TUPLE(id, 0), 0, 1);
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(id, 0), 32, 1);
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, VCPU_STATS, TUPLE(id, 0), page);
	}
	/* No protected VM, no other capability, no other call. */
	EXPECT_REFUSED(GZVM_STATUS_NOT_SUPPORTED, ENABLE_CAP, 1, GZVM_CAP_PROTECTED_VM, 2);
	EXPECT_REFUSED(GZVM_STATUS_NOT_SUPPORTED, ENABLE_CAP, 1, 0x9206);
	EXPECT_REFUSED(GZVM_STATUS_NOT_SUPPORTED, GET_REGS, TUPLE(1, 0), 0);
	EXPECT_REFUSED(GZVM_STATUS_NOT_SUPPORTED, SET_REGS, TUPLE(1, 0), 0);
}

/* Calls that need no VM, through the same entry. */
TEST(calls_without_vm)
{
	u64 page;

	machine();
	page = host_pages(1);
	EXPECT_OK(PROBE, 15, 1, 2);
	EXPECT_EQ(x[1], 16);
	EXPECT_EQ(x[2] | x[3], 0);
	EXPECT_OK(ENABLE_CAP, 0, GZVM_CAP_QUERY_HYP_BATCH_PAGES);
	EXPECT_EQ(x[1], 512);
	EXPECT_OK(ENABLE_CAP, 0, GZVM_CAP_QUERY_DESTROY_BATCH_PAGES);
	EXPECT_EQ(x[1], 512);
	EXPECT_OK(ENABLE_CAP, 0, GZVM_CAP_HYP_IPA_BITS);
	EXPECT_EQ(x[1], 40);
	EXPECT_EQ(x[2] | x[3], 0);
	EXPECT_OK(FEATURES);
	EXPECT_EQ(x[1], GZVM_HYP_FEAT_UNMAP | GZVM_HYP_FEAT_WAKE_MASK | GZVM_HYP_FEAT_ONE_REG |
			GZVM_HYP_FEAT_STATS | GZVM_HYP_FEAT_RESET | GZVM_HYP_FEAT_LOG |
			GZVM_HYP_FEAT_IRQ_EX | GZVM_HYP_FEAT_VCPU_STATS |
			GZVM_HYP_FEAT_RESAMPLE | GZVM_HYP_FEAT_PULSE | GZVM_HYP_FEAT_WAIT);
	EXPECT_EQ(x[2], 3UL << 32 | 14 << 16 | 159);
	EXPECT_OK(LOG_READ, page, 0);
	EXPECT_EQ(borrowers(page), 0);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, LOG_READ, page + 8, 0);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, LOG_READ, HYP_PAGE, 0);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, LOG_READ, NO_RAM, 0);
}

/* All ids, each once; the lowest free one is used again. */
TEST(all_ids)
{
	struct world empty;
	bool seen[VM_MAX + 1] = { false };

	machine_pool(64UL << 20);
	empty = world();
	for (unsigned int i = 1; i <= VM_MAX; i++) {
		ASSERT_OK(CREATE_VM, 0);
		ASSERT(x[1] >= 1 && x[1] <= VM_MAX && !seen[x[1]]);
		seen[x[1]] = true;
		EXPECT_EQ(vm_of(x[1])->stage2.vmid, x[1]);
	}
	EXPECT_REFUSED(GZVM_STATUS_NO_MEMORY, CREATE_VM, 0);
	EXPECT_OK(HYP_STATS);
	EXPECT_EQ(GZVM_HYP_STATS_VMS(x[3]), VM_MAX);
	destroy_all(77);
	destroy_all(200);
	EXPECT_EQ(new_vm(), 77);
	EXPECT_EQ(new_vm(), 200);
	for (unsigned int i = 1; i <= VM_MAX; i++)
		destroy_all(i);
	EXPECT_SAME(empty);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, DESTROY_VM, 1, 512);
}

/* Ids are VMIDs: one is free again when no TLB knows it any more. */
static u64 id_in_hook;

static void create_in_hook(const struct fake_tlbi *t)
{
	u64 regs[8] = { GZVM_HYPCALL_ID(GZVM_FN_CREATE_VM) };

	if (!t->stage2 || t->vmid != 1 || t->size || id_in_hook)
		return;
	hypercall(regs);
	id_in_hook = regs[0] ? 0 : regs[1];
}

TEST(id_is_free_after_the_tlbs)
{
	machine();
	EXPECT_EQ(new_vm(), 1);
	id_in_hook = 0;
	fake_tlbi_hook = create_in_hook;
	destroy_all(1);
	fake_tlbi_hook = NULL;
	EXPECT_EQ(id_in_hook, 2);
	EXPECT_EQ(new_vm(), 1);
}

TEST(destroy_in_pieces)
{
	u64 vm, first, buffer, mailbox, *pfns;
	struct world empty;
	unsigned int calls = 0;
	s64 status;

	machine();
	empty = world();
	vm = new_vm();
	buffer = new_vcpu(vm, 3);
	mailbox = new_mailbox(vm);
	EXPECT_EQ(slot(vm, 0, MEM, 16384), 0);
	first = host_pages(512);
	pfns = fake_va(mailbox);
	for (unsigned int i = 0; i < 512; i++)
		pfns[i] = (first >> 12) + (i ^ 1); /* never a block */
	for (unsigned int i = 0; i < 6; i++)
		ASSERT_OK(MAP_GUEST_BLOCK, vm, 0, MEM_GFN + i * 512, 512);
	EXPECT_EQ(borrowers(first), 6);
	EXPECT_EQ(borrowers(mailbox), 1);
	EXPECT_EQ(borrowers(buffer), 1);
	EXPECT_EQ(borrowers(buffer + PAGE_SIZE), 1);
	do {
		u32 left = borrowers(first);

		status = HC(DESTROY_VM, vm, calls ? 1 + calls : 0);
		/* Bounded, but never nothing. */
		EXPECT(left - borrowers(first) <= 2);
		EXPECT(status == 0 || borrowers(first) < left);
		/* Nobody else finds it any more. */
		if (status)
			EXPECT_EQ(HC(GET_STATISTICS, vm), GZVM_STATUS_INVALID_ARGS);
		ASSERT(++calls < 20);
	} while (status == GZVM_STATUS_BUSY);
	EXPECT_EQ(status, 0);
	EXPECT(calls >= 4);
	EXPECT_EQ(borrowers(first) + borrowers(mailbox) + borrowers(buffer), 0);
	EXPECT_EQ(borrowers(buffer + PAGE_SIZE), 0);
	EXPECT_EQ(fake_buffers_mapped, 0);
	EXPECT_SAME(empty);
}

TEST(destroy_with_users)
{
	struct vm *vm;

	machine();
	new_vm();
	vm = vm_get(1);
	EXPECT_REFUSED(GZVM_STATUS_BUSY, DESTROY_VM, 1, 512);
	EXPECT(vm_get(1) == vm);
	vm_put(vm);
	EXPECT_REFUSED(GZVM_STATUS_BUSY, DESTROY_VM, 1, 512);
	vm_put(vm);
	EXPECT_OK(DESTROY_VM, 1, 512);
	EXPECT(!vm_get(1));
}

/* Without memory at any of its allocations: refused, nothing left behind. */
TEST(pool_runs_out)
{
	struct pool_quota taker = { .limit = ~0UL };
	unsigned int refused_vms = 0;
	struct world empty;
	void *held[4096];
	unsigned int n = 0;
	u64 vm;

	machine();
	empty = world();
	/* One page more each time is left, until it works. */
	while (pool_available())
		held[n++] = pool_alloc(&taker, 1);
	while (n) {
		struct world before = world();
		s64 status = HC(CREATE_VM, 0);

		if (status == 0)
			break;
		EXPECT_EQ(status, GZVM_STATUS_NO_MEMORY);
		EXPECT_SAME(before);
		refused_vms++;
		pool_free(&taker, held[--n], 1);
	}
	vm = x[1];
	/* The record, SPIs, vCPUs, the root, and room for tables. */
	EXPECT(refused_vms >= 8 + 16 + 16 + 2 + VM_TABLES_MIN);
	/* From then on it needs nobody's leave. */
	while (pool_available())
		held[n++] = pool_alloc(&taker, 1);
	for (unsigned int i = 0; i < VGIC_MAX_CPUS; i++)
		new_vcpu(vm, i);
	while (n)
		pool_free(&taker, held[--n], 1);
	destroy_all(vm);
	EXPECT_SAME(empty);
}

/* More than enough pages, but no room for one of its blocks, of 8, 16, 16 and 2: the same. */
TEST(pool_in_pieces)
{
	struct pool_quota taker = { .limit = ~0UL };
	unsigned int n = 0, whole = 0;
	struct world empty, before;
	void *held[4096];
	u32 vms, vcpus;

	machine();
	empty = world();
	while (pool_available())
		held[n++] = pool_alloc(&taker, 1);
	/* Of 16 that belong together: 4, then 8, then some groups one after the other. */
	for (unsigned int last = 4; last <= 8; last *= 2) {
		for (unsigned int i = 0; i < n; i++) {
			if (!held[i] || pool_pa(held[i]).v / PAGE_SIZE % 16 >= last)
				continue;
			pool_free(&taker, held[i], 1);
			held[i] = NULL;
		}
		EXPECT(pool_available() > 8 + 16 + 16 + 2 + VM_TABLES_MIN);
		before = world();
		EXPECT_REFUSED(GZVM_STATUS_NO_MEMORY, CREATE_VM, 0);
		EXPECT_SAME(before);
	}
	while (whole < 16 && HC(CREATE_VM, 0)) {
		u64 group = 0;

		EXPECT_SAME(before);
		for (unsigned int i = 0; i < n; i++) {
			u64 of = held[i] ? pool_pa(held[i]).v / PAGE_SIZE / 16 : 0;

			if (!of || (group && of != group))
				continue;
			group = of;
			pool_free(&taker, held[i], 1);
			held[i] = NULL;
		}
		before = world();
		whole++;
	}
	EXPECT(whole >= 2 && whole < 16); /* a group at the pool's start is not whole */
	vm_counts(&vms, &vcpus);
	EXPECT_EQ(vms, 1);
	destroy_all(x[1]);
	while (n)
		if (held[--n])
			pool_free(&taker, held[n], 1);
	EXPECT_SAME(empty);
}

TEST(vcpu_buffer_not_mapped)
{
	u64 buffer;

	machine();
	new_vm();
	buffer = host_pages(2);
	fake_buffers_left = 0;
	EXPECT_REFUSED(GZVM_STATUS_NO_MEMORY, CREATE_VCPU, TUPLE(1, 0), buffer);
	fake_buffers_left = 1;
	EXPECT_OK(CREATE_VCPU, TUPLE(1, 0), buffer);
}

TEST(create_vcpu)
{
	struct world empty;
	struct vcpu *v;
	u64 buffer;

	machine();
	new_vm();
	empty = world();
	buffer = host_pages(2);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, CREATE_VCPU, TUPLE(1, 8), buffer);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, CREATE_VCPU, TUPLE(1, 0xffff), buffer);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, CREATE_VCPU, TUPLE(1, 0), buffer + 8);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, CREATE_VCPU, TUPLE(1, 0), HYP_PAGE);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, CREATE_VCPU, TUPLE(1, 0), NO_RAM);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, CREATE_VCPU, TUPLE(1, 0), ~0UL << PAGE_SHIFT);
	/* The second page is the hypervisor's, or no RAM. */
	EXPECT_REFUSED(GZVM_STATUS_FAULT, CREATE_VCPU, TUPLE(1, 0), VPOOL - PAGE_SIZE);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, CREATE_VCPU, TUPLE(1, 0), RAM0 + VRAM_SIZE - PAGE_SIZE);

	ASSERT_OK(CREATE_VCPU, TUPLE(1, 7), buffer);
	v = vcpu_of(1, 7);
	EXPECT_EQ(v->index, 7);
	EXPECT_EQ(v->hwstate->vtimer_offset, 0x123456789);
	EXPECT(v->run == fake_va(buffer));
	EXPECT(v->hwstate == fake_va(buffer + PAGE_SIZE));
	EXPECT_EQ(v->arch.pstate, FAKE_PSTATE_RESET);
	EXPECT_EQ(fake_wires, 1);
	EXPECT_EQ(vm_of(1)->peer[7].power, VCPU_POWER_OFF);
	EXPECT_EQ(vm_of(1)->nr_vcpus, 1);
	/* Twice, with the same and with another buffer. */
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, CREATE_VCPU, TUPLE(1, 7), buffer);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, CREATE_VCPU, TUPLE(1, 7), host_pages(2));
	for (unsigned int i = 0; i < 7; i++)
		new_vcpu(1, i);
	EXPECT_EQ(vm_of(1)->peer[0].power, VCPU_POWER_ON);
	EXPECT_EQ(vm_of(1)->peer[1].power, VCPU_POWER_OFF);
	EXPECT_OK(HYP_STATS);
	EXPECT_EQ(GZVM_HYP_STATS_VCPUS(x[3]), 8);

	for (unsigned int i = 0; i < 8; i++)
		EXPECT_OK(DESTROY_VCPU, TUPLE(1, i));
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, DESTROY_VCPU, TUPLE(1, 0));
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, DESTROY_VCPU, TUPLE(1, 8));
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, DESTROY_VCPU, TUPLE(1, 0x1000));
	EXPECT_EQ(vm_of(1)->nr_vcpus, 0);
	memcpy(vm_of(1)->peer, (struct vcpu_peer[VGIC_MAX_CPUS]){ { 0 } }, sizeof(vm_of(1)->peer));
	EXPECT_SAME(empty);
}

/* One page in two vCPUs, and as memory of a guest: each use is counted. */
TEST(vcpu_buffer_shared)
{
	u64 buffer;

	machine();
	new_guest(0);
	buffer = host_pages(3);
	EXPECT_OK(CREATE_VCPU, TUPLE(1, 0), buffer);
	EXPECT_OK(CREATE_VCPU, TUPLE(1, 1), buffer + PAGE_SIZE);
	EXPECT_OK(MAP_GUEST, 1, 0, (buffer >> 12) + 1, MEM_GFN, 1);
	EXPECT_EQ(borrowers(buffer + PAGE_SIZE), 3);
	EXPECT_OK(DESTROY_VCPU, TUPLE(1, 0));
	EXPECT_EQ(borrowers(buffer + PAGE_SIZE), 2);
	EXPECT_EQ(borrowers(buffer), 0);
	destroy_all(1);
	EXPECT_EQ(borrowers(buffer + PAGE_SIZE), 0);
}

/* A counter of borrowers that is full refuses, and says so. */
TEST(borrowers_full)
{
	u64 page;
	struct page_record *rec;

	machine();
	new_guest(0);
	page = host_pages(2);
	rec = env_records + ((page - RAM0) >> PAGE_SHIFT);
	rec->borrowers = UINT32_MAX - 256;
	ASSERT_EQ(borrowers(page), UINT32_MAX - 256);
	EXPECT_REFUSED(GZVM_STATUS_BUSY, CREATE_VCPU, TUPLE(1, 0), page);
	EXPECT_REFUSED(GZVM_STATUS_BUSY, LOG_READ, page, 0);
	EXPECT_REFUSED(GZVM_STATUS_BUSY, MAP_GUEST, 1, 0, page >> 12, MEM_GFN, 1);
	rec->borrowers = 0;
	EXPECT_OK(CREATE_VCPU, TUPLE(1, 0), page);
}

/* A vCPU in RUN is nobody else's. */
static s64 status_in_guest[5];

static void try_in_guest(struct vcpu *v __unused)
{
	fake_cpu = 1;
	status_in_guest[0] = HC(RUN, TUPLE(1, 0));
	status_in_guest[1] = HC(DESTROY_VCPU, TUPLE(1, 0));
	status_in_guest[2] = HC(SET_ONE_REG, TUPLE(1, 0), GZVM_REG_CORE_U64(GZVM_CORE_PC), 4);
	status_in_guest[3] = HC(VM_RESET, 1);
	status_in_guest[4] = HC(DESTROY_VM, 1, 512);
	fake_cpu = 0;
}

TEST(vcpu_in_run)
{
	u64 regs[8] = { GZVM_HYPCALL_ID(GZVM_FN_RUN), TUPLE(1, 0) };

	machine();
	new_guest(2);
	vcpu_of(1, 0)->arch.pc = 0x1000;
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_IRQ }, try_in_guest);
	hypercall(regs);
	EXPECT_EQ(regs[0], 0);
	EXPECT_EQ(regs[1], GZVM_EXIT_IRQ);
	EXPECT_EQ(status_in_guest[0], GZVM_STATUS_INVALID_ARGS);
	EXPECT_EQ(status_in_guest[1], GZVM_STATUS_INVALID_ARGS);
	EXPECT_EQ(status_in_guest[2], GZVM_STATUS_INVALID_ARGS);
	EXPECT_EQ(status_in_guest[3], GZVM_STATUS_BUSY);
	EXPECT_EQ(status_in_guest[4], GZVM_STATUS_BUSY);
	EXPECT_EQ(vcpu_of(1, 0)->arch.pc, 0x1000);
	EXPECT_EQ(fake_world_errors, 0);
	/* All of it works a moment later. */
	EXPECT_OK(SET_ONE_REG, TUPLE(1, 0), GZVM_REG_CORE_U64(GZVM_CORE_PC), 4);
	EXPECT_OK(VM_RESET, 1);
	EXPECT_OK(DESTROY_VCPU, TUPLE(1, 0));
	destroy_all(1);
}

/* Only the vCPU that VM_RESET finds in RUN stops it, also when it is not the first. */
static void reset_from_vcpu1(struct vcpu *v)
{
	fake_cpu = 1;
	status_in_guest[0] = HC(VM_RESET, 1);
	status_in_guest[1] = HC(SET_ONE_REG, TUPLE(1, 0), GZVM_REG_CORE_U64(GZVM_CORE_X(3)), 9);
	fake_cpu = 0;
	EXPECT_EQ(v->index, 1);
}

TEST(reset_while_another_runs)
{
	machine();
	new_guest(2);
	vm_of(1)->peer[1].power = VCPU_POWER_ON;
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_IRQ }, reset_from_vcpu1);
	EXPECT_EQ(hc5(GZVM_FN_RUN, TUPLE(1, 1), 0, 0, 0, 0), 0);
	EXPECT_EQ(status_in_guest[0], GZVM_STATUS_BUSY);
	EXPECT_EQ(status_in_guest[1], 0);
	EXPECT_EQ(vcpu_of(1, 0)->arch.x[3], 9);
	EXPECT_EQ(vm_of(1)->peer[1].power, VCPU_POWER_ON);
	EXPECT(!vcpu_claimed(vcpu_of(1, 0)) && !vcpu_claimed(vcpu_of(1, 1)));
}

TEST(one_reg)
{
	static const u64 bad[] = {
		0, ~0UL, GZVM_REG_CORE_U64(GZVM_CORE_SP_EL1 + 800),
		GZVM_REG_CORE_U32(GZVM_CORE_PC), GZVM_REG_ARM64 | GZVM_REG_ARM64_SYSREG,
	};
	struct vcpu *v;

	machine();
	new_guest(2);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, SET_ONE_REG, TUPLE(1, 0), bad[i], 1);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, SET_ONE_REG, TUPLE(1, 2),
		       GZVM_REG_CORE_U64(GZVM_CORE_PC), 1);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, SET_ONE_REG, TUPLE(1, 8),
		       GZVM_REG_CORE_U64(GZVM_CORE_PC), 1);
	for (unsigned int i = 0; i < 31; i++)
		EXPECT_OK(SET_ONE_REG, TUPLE(1, 1), GZVM_REG_CORE_U64(GZVM_CORE_X(i)), ~0UL - i);
	EXPECT_OK(SET_ONE_REG, TUPLE(1, 1), GZVM_REG_CORE_U64(GZVM_CORE_PC), MEM);
	EXPECT_OK(SET_ONE_REG, TUPLE(1, 1), GZVM_REG_CORE_U64(GZVM_CORE_PSTATE), 0x3c4);
	for (unsigned int i = 0; i < 31; i++)
		EXPECT_EQ(vcpu_of(1, 1)->arch.x[i], ~0UL - i);
	EXPECT_EQ(vcpu_of(1, 1)->arch.pc, MEM);
	EXPECT_EQ(vcpu_of(1, 1)->arch.pstate, 0x3c4);
	/* And back, each by the same id. */
	for (unsigned int i = 0; i < 31; i++) {
		EXPECT_OK(GET_ONE_REG, TUPLE(1, 1), GZVM_REG_CORE_U64(GZVM_CORE_X(i)), 77);
		EXPECT_EQ(x[1], ~0UL - i);
		EXPECT_EQ(x[2] | x[3], 0);
	}
	EXPECT_OK(GET_ONE_REG, TUPLE(1, 1), GZVM_REG_CORE_U64(GZVM_CORE_PC));
	EXPECT_EQ(x[1], MEM);
	EXPECT_OK(GET_ONE_REG, TUPLE(1, 0), GZVM_REG_CORE_U64(GZVM_CORE_X(3)));
	EXPECT_EQ(x[1], 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, GET_ONE_REG, TUPLE(1, 0), bad[i]);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, GET_ONE_REG, TUPLE(1, 2),
		       GZVM_REG_CORE_U64(GZVM_CORE_PC));
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, GET_ONE_REG, TUPLE(2, 0),
		       GZVM_REG_CORE_U64(GZVM_CORE_PC));
	/* Not of a vCPU in RUN. */
	v = vcpu_claim(TUPLE(1, 1));
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, GET_ONE_REG, TUPLE(1, 1),
		       GZVM_REG_CORE_U64(GZVM_CORE_PC));
	vcpu_release(v);
	EXPECT_OK(GET_ONE_REG, TUPLE(1, 1), GZVM_REG_CORE_U64(GZVM_CORE_PC));
}

TEST(vcpu_stats)
{
	const struct gzvm_vcpu_stats *s;
	u64 page;

	machine();
	new_guest(1);
	page = host_pages(1);
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_AGAIN });
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_SMC });
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFI });
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IDLE);
	memset(fake_va(page), 0xff, PAGE_SIZE);
	EXPECT_OK(VCPU_STATS, TUPLE(1, 0), page);
	s = fake_va(page);
	EXPECT_EQ(s->runs, 2);
	EXPECT_EQ(s->entries, 4);
	EXPECT_EQ(s->exits[GZVM_EXIT_IRQ - GZVM_EXIT_UNKNOWN], 1);
	EXPECT_EQ(s->exits[GZVM_EXIT_IDLE - GZVM_EXIT_UNKNOWN], 1);
	EXPECT_EQ(s->handled[GZVM_HANDLED_SMC], 1);
	for (unsigned int i = sizeof(*s); i < PAGE_SIZE; i++)
		EXPECT_EQ(((u8 *)s)[i], 0);
	EXPECT_EQ(borrowers(page), 0);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, VCPU_STATS, TUPLE(1, 0), page + 16);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, VCPU_STATS, TUPLE(1, 1), page);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, VCPU_STATS, TUPLE(1, 8), page);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, VCPU_STATS, TUPLE(1, 0), HYP_PAGE);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, VCPU_STATS, TUPLE(1, 0), NO_RAM);
}
