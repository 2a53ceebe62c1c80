// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/vm.c core/vcpu.c core/run.c core/guest_call.c core/vm_calls.c core/psci.c core/log.c
// LINK: core/page.c core/page_vm.c core/pgtable.c core/pgtable_unmap.c core/pgtable_list.c
// LINK: core/pool.c core/stage2.c lib/printf.c tests/vm_hypercall.c
// LINK: arch/fake/fake_world.c arch/fake/fake_firmware.c
// LINK: vgic/vgic.c vgic/dist.c vgic/redist.c vgic/bank.c vgic/lr.c vgic/sgi.c vgic/queue.c
// LINK: vgic/cpuif.c
/* What the host sets of a VM: memory slots, frames of the vGIC, purposes, capabilities. */
#include "vm_env.h"

/* A call with a region for which it has to be refused. */
#define EXPECT_SLOT_REFUSED(vm, id, gpa, pages)                     \
	do {                                                        \
		struct world before_ = world();                     \
		EXPECT_EQ(slot(vm, id, gpa, pages), BAD);            \
		EXPECT_SAME(before_);                               \
	} while (0)

static u32 nr_slots(u64 vm)
{
	return vm_of(vm)->nr_slots;
}

TEST(memregion_arguments)
{
	u64 vm, b;

	machine();
	vm = new_guest(0);
	slot(vm, 5, MEM + (1UL << 32), 16);
	b = SCRATCH;
	EXPECT_EQ(nr_slots(vm), 2);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, SET_MEMREGION, vm, 4096, b);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, SET_MEMREGION, vm, 8193, b);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, SET_MEMREGION, vm, 0, b);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, SET_MEMREGION, vm, 8192, b + 8);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, SET_MEMREGION, vm, 8192, HYP_PAGE);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, SET_MEMREGION, vm, 8192, NO_RAM);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, SET_MEMREGION, vm, 8192, VPOOL - PAGE_SIZE);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, SET_MEMREGION, vm, 8192, ~0UL << PAGE_SHIFT);
	memregion()->constituent_cnt = GZVM_MAX_CONSTITUENTS + 1;
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, SET_MEMREGION, vm, 8192, b);
	memregion()->constituent_cnt = ~0U;
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, SET_MEMREGION, vm, 8192, b);
}

TEST(slots)
{
	u64 vm;

	machine();
	vm = new_vm();
	EXPECT_SLOT_REFUSED(vm, 512, MEM, 1);
	EXPECT_SLOT_REFUSED(vm, ~0U, MEM, 1);
	EXPECT_SLOT_REFUSED(vm, 512, 0, 0);
	EXPECT_SLOT_REFUSED(vm, 0, MEM + 8, 1);
	EXPECT_SLOT_REFUSED(vm, 0, LIMIT, 1);
	EXPECT_SLOT_REFUSED(vm, 0, LIMIT - PAGE_SIZE, 2);
	EXPECT_SLOT_REFUSED(vm, 0, 0, (LIMIT >> 12) + 1);
	EXPECT_SLOT_REFUSED(vm, 0, MEM, ~0UL);
	EXPECT_SLOT_REFUSED(vm, 0, MEM, 1UL << 52);
	EXPECT_SLOT_REFUSED(vm, 0, ~0UL << 12, 1);
	/* Removing one that is not there is no error, and nothing. */
	EXPECT_EQ(slot(vm, 3, 0, 0), 0);
	EXPECT_EQ(nr_slots(vm), 0);

	EXPECT_EQ(slot(vm, 0, 0, LIMIT >> 12), 0); /* all there is */
	EXPECT_SLOT_REFUSED(vm, 1, MEM, 1);
	EXPECT_EQ(slot(vm, 0, LIMIT - PAGE_SIZE, 1), 0); /* replaced */
	EXPECT_EQ(nr_slots(vm), 1);
	EXPECT_EQ(slot(vm, 1, MEM, 16), 0);
	EXPECT_EQ(slot(vm, 2, MEM + 32 * PAGE_SIZE, 16), 0);
	EXPECT_EQ(slot(vm, 3, MEM + 16 * PAGE_SIZE, 16), 0); /* exactly between */
	EXPECT_SLOT_REFUSED(vm, 4, MEM - PAGE_SIZE, 2);
	EXPECT_SLOT_REFUSED(vm, 4, MEM + 47 * PAGE_SIZE, 1);
	EXPECT_SLOT_REFUSED(vm, 4, MEM - PAGE_SIZE, 100);
	EXPECT_SLOT_REFUSED(vm, 1, MEM, 17); /* over its neighbour */
	EXPECT_EQ(slot(vm, 4, MEM + 48 * PAGE_SIZE, 1), 0);
	EXPECT_EQ(slot(vm, 4, MEM - PAGE_SIZE, 1), 0); /* moved */
	EXPECT_EQ(slot(vm, 1, MEM + 8 * PAGE_SIZE, 8), 0); /* over its old self */
	EXPECT(!vm_slot_find(vm_of(vm), MEM_GFN + 7));
	EXPECT_EQ(vm_slot_find(vm_of(vm), MEM_GFN + 8)->id, 1);
	EXPECT_EQ(vm_slot_find(vm_of(vm), MEM_GFN + 15)->id, 1);
	EXPECT_EQ(vm_slot_find(vm_of(vm), MEM_GFN + 16)->id, 3);
	EXPECT_EQ(vm_slot_find(vm_of(vm), MEM_GFN + 47)->id, 2);
	EXPECT(!vm_slot_find(vm_of(vm), MEM_GFN + 48));
	EXPECT_EQ(vm_slot_find(vm_of(vm), (LIMIT >> 12) - 1)->id, 0);
	/* gpa and the like say nothing when a slot is removed, but gpa is whole pages. */
	EXPECT_EQ(slot(vm, 3, 0, 0), 0);
	EXPECT(!vm_slot_find(vm_of(vm), MEM_GFN + 16));
	EXPECT_EQ(nr_slots(vm), 4);
	EXPECT_SLOT_REFUSED(vm, 2, 8, 0);
}

/* All 512, in an order of no order; each found, then removed. */
TEST(slots_512)
{
	u64 vm, seed = 7;
	u16 order[VM_MAX_SLOTS];

	machine();
	vm = new_vm();
	for (unsigned int i = 0; i < VM_MAX_SLOTS; i++) {
		unsigned int j = ktap_random(&seed) % (i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned int i = 0; i < VM_MAX_SLOTS; i++)
		ASSERT_EQ(slot(vm, order[i], MEM + order[i] * 3 * PAGE_SIZE, 2), 0);
	EXPECT_EQ(nr_slots(vm), VM_MAX_SLOTS);
	EXPECT_SLOT_REFUSED(vm, 512, 0, 1);
	/* Full: one more cannot come, but each can change. */
	EXPECT_EQ(slot(vm, 100, MEM + 100 * 3 * PAGE_SIZE, 3), 0);
	EXPECT_EQ(slot(vm, 100, MEM + 100 * 3 * PAGE_SIZE, 2), 0);
	for (unsigned int i = 0; i < VM_MAX_SLOTS; i++) {
		const struct vm_slot *s = &vm_of(vm)->slot[i];

		EXPECT(!i || s->gpa > s[-1].gpa);
		for (unsigned int k = 0; k < 2; k++)
			EXPECT_EQ(vm_slot_find(vm_of(vm), MEM_GFN + i * 3 + k)->id, i);
		EXPECT(!vm_slot_find(vm_of(vm), MEM_GFN + i * 3 + 2));
		EXPECT(vm_slot_by_id(vm_of(vm), i) == s);
	}
	for (unsigned int i = 0; i < VM_MAX_SLOTS; i++) {
		ASSERT_EQ(slot(vm, order[i], 0, 0), 0);
		EXPECT(!vm_slot_by_id(vm_of(vm), order[i]));
		EXPECT(!vm_slot_find(vm_of(vm), MEM_GFN + order[i] * 3));
	}
	EXPECT_EQ(nr_slots(vm), 0);
}

static void expect_device(s64 status, u64 vm, u32 type, u64 addr, int at)
{
	struct world before = world();
	s64 got = device(vm, type, addr);

	if (got != status)
		KTAP_FAIL("line %d: device at 0x%lx: %ld", at, addr, got);
	if (status)
		expect_same(&before, __FILE__, at);
}

#define DEVICE(status, vm, type, addr) expect_device(status, vm, type, addr, __LINE__)
#define REDIST_ALL (8 * 0x20000UL)

TEST(devices)
{
	struct gzvm_create_device *d;
	u64 vm;

	machine();
	vm = new_vm();
	EXPECT_REFUSED(GZVM_STATUS_FAULT, CREATE_DEVICE, vm, HYP_PAGE);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, CREATE_DEVICE, vm, NO_RAM);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, CREATE_DEVICE, vm, SCRATCH + 4);
	/* Over the end of the page. */
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, CREATE_DEVICE, vm, SCRATCH + PAGE_SIZE - 40);
	DEVICE(BAD, vm, 2, DIST);
	DEVICE(BAD, vm, ~0U, DIST);
	DEVICE(BAD, vm, 0, DIST + 0x8000);
	DEVICE(BAD, vm, 1, REDIST + PAGE_SIZE);
	DEVICE(BAD, vm, 0, LIMIT);
	DEVICE(BAD, vm, 1, LIMIT);
	DEVICE(BAD, vm, 0, ~0UL << 16);
	DEVICE(BAD, vm, 1, ~0UL << 16);
	DEVICE(BAD, vm, 1, LIMIT - 0x10000);
	d = fake_va(SCRATCH);
	d->flags = 1;
	d->dev_type = 0;
	d->dev_addr = DIST;
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, CREATE_DEVICE, vm, SCRATCH);

	/* Not over memory, with room for the redistributors of the vCPUs that there are. */
	EXPECT_EQ(slot(vm, 0, MEM, 16), 0);
	DEVICE(BAD, vm, 0, MEM);
	DEVICE(BAD, vm, 1, MEM);
	DEVICE(BAD, vm, 1, MEM - 0x10000);
	new_vcpu(vm, 2);
	DEVICE(BAD, vm, 1, MEM - 3 * 0x20000 + 0x10000);
	EXPECT_EQ(device(vm, 0, MEM - 0x10000), 0);
	DEVICE(BAD, vm, 0, DIST); /* a second one */
	DEVICE(BAD, vm, 1, MEM - 0x10000);
	for (u64 index = 0; index < 8; index++)
		if (index != 2)
			new_vcpu(vm, index);
	EXPECT_EQ(device(vm, 1, MEM - 0x10000 - REDIST_ALL), 0);
	DEVICE(BAD, vm, 1, REDIST);
	/* Nor memory over them. */
	EXPECT_SLOT_REFUSED(vm, 1, MEM - PAGE_SIZE, 1);
	EXPECT_SLOT_REFUSED(vm, 1, MEM - 0x10000 - PAGE_SIZE, 1);
	EXPECT_SLOT_REFUSED(vm, 1, MEM - 0x10000 - REDIST_ALL, 1);
	EXPECT_SLOT_REFUSED(vm, 1, 0, MEM_GFN);
	EXPECT_EQ(slot(vm, 1, 0, (MEM - 0x10000 - REDIST_ALL) >> 12), 0);

	/* The last place there is: for one. A second vCPU would have no redistributor. */
	vm = new_vm();
	EXPECT_EQ(device(vm, 1, LIMIT - 0x20000), 0);
	new_vcpu(vm, 0);
	EXPECT_REFUSED(BAD, CREATE_VCPU, TUPLE(vm, 1), host_pages(2));
	vm = new_vm();
	EXPECT_EQ(slot(vm, 0, MEM, 16), 0);
	EXPECT_EQ(device(vm, 1, MEM - 2 * 0x20000), 0);
	new_vcpu(vm, 1);
	EXPECT_REFUSED(BAD, CREATE_VCPU, TUPLE(vm, 2), host_pages(2));
	EXPECT_SLOT_REFUSED(vm, 1, MEM - PAGE_SIZE, 1);
	EXPECT_EQ(slot(vm, 1, MEM - 2 * 0x20000 - PAGE_SIZE, 1), 0);

	/* Nor do they lie over the distributor, whatever comes last: device, device or vCPU. */
	vm = new_vm();
	EXPECT_EQ(device(vm, 0, MEM), 0);
	EXPECT_EQ(device(vm, 1, MEM - 2 * 0x20000), 0);
	new_vcpu(vm, 1);
	EXPECT_REFUSED(BAD, CREATE_VCPU, TUPLE(vm, 2), host_pages(2));
	vm = new_vm();
	new_vcpu(vm, 2);
	EXPECT_EQ(device(vm, 0, MEM), 0);
	DEVICE(BAD, vm, 1, MEM - 2 * 0x20000);
	EXPECT_EQ(device(vm, 1, MEM - 3 * 0x20000), 0);
	vm = new_vm();
	new_vcpu(vm, 2);
	EXPECT_EQ(device(vm, 1, MEM - 3 * 0x20000), 0);
	DEVICE(BAD, vm, 0, MEM - 0x20000);
	EXPECT_EQ(device(vm, 0, MEM), 0);

	/* Not after the first RUN. */
	vm = new_vm();
	new_vcpu(vm, 0);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	DEVICE(BAD, vm, 0, DIST);
	DEVICE(BAD, vm, 1, REDIST);
}

TEST(purpose_and_dtb)
{
	u64 vm;

	machine();
	vm = new_guest(0);
	EXPECT_OK(MEMREGION_PURPOSE, vm, MEM, PAGE_SIZE, 7);
	EXPECT_EQ(x[1] | x[2] | x[3], 0);
	EXPECT_OK(MEMREGION_PURPOSE, vm, 0, LIMIT, 0);
	EXPECT_REFUSED(BAD, MEMREGION_PURPOSE, vm, MEM, PAGE_SIZE, 8);
	EXPECT_REFUSED(BAD, MEMREGION_PURPOSE, vm, MEM, PAGE_SIZE, 1UL << 32);
	EXPECT_REFUSED(BAD, MEMREGION_PURPOSE, vm, MEM + 1, PAGE_SIZE, 1);
	EXPECT_REFUSED(BAD, MEMREGION_PURPOSE, vm, MEM, 8, 1);
	EXPECT_REFUSED(BAD, MEMREGION_PURPOSE, vm, LIMIT, 0, 1);
	EXPECT_REFUSED(BAD, MEMREGION_PURPOSE, vm, LIMIT - PAGE_SIZE, 2 * PAGE_SIZE, 1);
	EXPECT_REFUSED(BAD, MEMREGION_PURPOSE, vm, PAGE_SIZE, ~0UL << 12, 1);

	EXPECT_OK(SET_DTB_CONFIG, vm, MEM + 24, 0x200000);
	EXPECT_EQ(x[1] | x[2] | x[3], 0);
	EXPECT_REFUSED(BAD, SET_DTB_CONFIG, vm, MEM, 0);
	EXPECT_REFUSED(BAD, SET_DTB_CONFIG, vm, MEM - 1, 4096);
	EXPECT_REFUSED(BAD, SET_DTB_CONFIG, vm, MEM + 16384 * PAGE_SIZE, 4096);
	EXPECT_REFUSED(BAD, SET_DTB_CONFIG, vm, ~0UL, 4096);

	EXPECT_OK(INFORM_EXIT, vm, 1, 2);
	EXPECT_EQ(x[1] | x[2] | x[3], 0);
	EXPECT_OK(GET_STATISTICS, vm, 1, 2);
	EXPECT_EQ(x[1] | x[2] | x[3], 0);
}

TEST(capabilities)
{
	u64 vm, page;

	machine();
	vm = new_vm();
	page = host_pages(1);
	EXPECT_OK(ENABLE_CAP, vm, GZVM_CAP_ENABLE_DEMAND_PAGING);
	EXPECT(vm_of(vm)->demand_paging);
	EXPECT_OK(ENABLE_CAP, vm, GZVM_CAP_ENABLE_IDLE);
	EXPECT(vm_of(vm)->idle);
	EXPECT_EQ(x[1] | x[2] | x[3], 0);
	EXPECT_REFUSED(BAD, ENABLE_CAP, vm, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING, PAGE_SIZE, page);
	EXPECT_REFUSED(BAD, ENABLE_CAP, vm, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING, 1UL << 30, page);
	EXPECT_REFUSED(BAD, ENABLE_CAP, vm, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING, BLOCK_SIZE,
		       page + 8);
	EXPECT_REFUSED(BAD, ENABLE_CAP, vm, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING, BLOCK_SIZE, 0);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, ENABLE_CAP, vm, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING,
		       BLOCK_SIZE, HYP_PAGE);
	EXPECT_REFUSED(GZVM_STATUS_FAULT, ENABLE_CAP, vm, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING,
		       BLOCK_SIZE, NO_RAM);
	EXPECT_OK(ENABLE_CAP, vm, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING, BLOCK_SIZE, page);
	EXPECT_EQ(borrowers(page), 1);
	/* A second mailbox. */
	EXPECT_REFUSED(BAD, ENABLE_CAP, vm, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING, BLOCK_SIZE, page);
	destroy_all(vm);
	EXPECT_EQ(borrowers(page), 0);
}
