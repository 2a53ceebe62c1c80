// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of VMs, their creation and end, and memory slots.
 */
#include <hyp/arch.h>
#include <hyp/errno.h>
#include <hyp/page.h>
#include <hyp/panic.h>
#include <hyp/stage2.h>
#include <hyp/string.h>
#include <hyp/util.h>
#include <hyp/vm.h>

/* Powers of two: pool_alloc(). */
#define VM_PAGES 8
#define SPI_PAGES 16
#define ALL_VCPU_PAGES (VGIC_MAX_CPUS * VCPU_PAGES)

_Static_assert(sizeof(struct vm) <= VM_PAGES * PAGE_SIZE, "struct vm");
_Static_assert(VGIC_SPI_BYTES <= SPI_PAGES * PAGE_SIZE, "SPIs");

static struct spinlock vm_table_lock;
static struct vm *table[VM_MAX + 1]; /* under vm_table_lock; [0] is the host */
static u32 nr_vms;

/**
 * vm_setup() - an empty table
 *
 * Context: boot, and each unit test.
 */
void vm_setup(void)
{
	memset(table, 0, sizeof(table));
	memset(vcpu_unclaimed, 0, sizeof(vcpu_unclaimed));
	nr_vms = 0;
}

/**
 * vm_get() - find a VM and keep it
 * @id: as the caller gave it, unchecked
 *
 * Context: takes vm_table_lock.
 * Return: the VM, to be given back by vm_put(), or
 * NULL: no such VM, or it is being destroyed.
 */
struct vm *vm_get(u64 id)
{
	struct vm *vm = NULL;

	if (id < 1 || id > VM_MAX)
		return NULL;
	id = arch_index_nospec(id, VM_MAX + 1);
	spin_lock(&vm_table_lock);
	if (table[id] && !table[id]->dying) {
		vm = table[id];
		__atomic_fetch_add(&vm->users, 1, __ATOMIC_RELAXED);
	}
	spin_unlock(&vm_table_lock);
	return vm;
}

/**
 * vm_put() - the end of what vm_get() began
 * @vm: may be destroyed, and its memory be another's, from now on
 *
 * Context: any lock or none.
 */
void vm_put(struct vm *vm)
{
	__atomic_fetch_sub(&vm->users, 1, __ATOMIC_RELEASE);
}

/*
 * A record and its budget. The quota keeps one VM from taking the whole pool, the
 * reservation keeps others from taking what this one cannot do without.
 */
static struct vm *vm_alloc(void)
{
	struct pool_quota quota = {
		.limit = MAX(pool_total() / PAGE_SIZE / VM_QUOTA_SHARE, (u64)VM_QUOTA_MIN),
	};
	struct vm *vm;

	if (pool_reserve(&quota, VM_PAGES + SPI_PAGES + ALL_VCPU_PAGES + stage2_root_pages() +
					 VM_TABLES_MIN))
		return NULL;
	vm = pool_alloc(&quota, VM_PAGES);
	if (vm)
		vm->quota = quota;
	else
		pool_reserve(&quota, 0);
	return vm;
}

/* The record, in which the quota itself lies, goes last. There is no stage 2 any more. */
static void vm_free(struct vm *vm)
{
	struct pool_quota quota = vm->quota;

	pool_free(&quota, vm->vcpus, ALL_VCPU_PAGES);
	pool_free(&quota, vm->spi, SPI_PAGES);
	pool_free(&quota, vm, VM_PAGES);
	CHECK(quota.used == 0 && pool_reserve(&quota, 0) == 0);
}

/**
 * vm_create() - a new, empty VM
 * @type: must be 0
 * @id: result
 *
 * Return: 0, -EINVAL, -ENOMEM (pool, or all 255 ids in use).
 */
int vm_create(u64 type, u16 *id)
{
	struct vm *vm;
	unsigned int i;

	if (type)
		return -EINVAL;
	vm = vm_alloc();
	if (!vm)
		return -ENOMEM;
	spin_lock(&vm_table_lock);
	for (i = 1; i <= VM_MAX && table[i]; i++)
		;
	if (i <= VM_MAX) {
		/* Reserved: not found while dying, not destroyed while in use. */
		vm->dying = true;
		vm->users = 1;
		table[i] = vm;
		nr_vms++;
	}
	spin_unlock(&vm_table_lock);
	if (i > VM_MAX) {
		vm_free(vm);
		return -ENOMEM;
	}
	vm->id = i;
	vm->slots_from = ~0ULL;
	vm->counter_offset = arch_counter();
	vm->spi = pool_alloc(&vm->quota, SPI_PAGES);
	vm->vcpus = pool_alloc(&vm->quota, ALL_VCPU_PAGES);
	if (!vm->spi || !vm->vcpus || stage2_init(&vm->stage2, vm->id, &vm->quota)) {
		spin_lock(&vm_table_lock);
		table[i] = NULL;
		nr_vms--;
		spin_unlock(&vm_table_lock);
		vm_free(vm);
		return -ENOMEM;
	}
	vgic_init(&vm->vgic, vm->spi);
	spin_lock(&vm_table_lock);
	vm->dying = false;
	vm->users = 0;
	spin_unlock(&vm_table_lock);
	*id = i;
	return 0;
}

/**
 * vm_destroy() - end a VM, a piece at a time
 * @id: the VM
 * @pages: how many mapped pages to take back in this call, 1 to HYP_WORK_PAGES; 0
 *         (drivers before ABI 16) as many as EL2 allows itself
 *
 * From the first call on the VM is found by nobody else. The pages' counts fall as
 * the pages go, so a caller may use them again when the call that said 0 returns.
 *
 * Return: 0: gone; -EAGAIN: call again; -EBUSY: another call works on it; -EINVAL:
 * no such VM.
 */
int vm_destroy(u64 id, u64 pages)
{
	struct vm *vm;
	unsigned int i;
	bool done;

	if (id < 1 || id > VM_MAX)
		return -EINVAL;
	id = arch_index_nospec(id, VM_MAX + 1);
	spin_lock(&vm_table_lock);
	vm = table[id];
	if (!vm) {
		spin_unlock(&vm_table_lock);
		return -EINVAL;
	}
	/* Acquires what the last user has written. Who is in RUN is none, but has its vCPU. */
	if (__atomic_load_n(&vm->users, __ATOMIC_ACQUIRE) || !vcpu_claim_all(vm, NULL)) {
		spin_unlock(&vm_table_lock);
		return -EBUSY;
	}
	/* One destroyer at a time: it is the only user. */
	vm->dying = true;
	vm->users = 1;
	spin_unlock(&vm_table_lock);

	for (i = 0; i < VGIC_MAX_CPUS; i++)
		if (vm->vcpu[i])
			vcpu_free(vm->vcpu[i]);
	if (!pages || pages > HYP_WORK_PAGES)
		pages = HYP_WORK_PAGES;
	done = page_return_vm_some(&vm->stage2, &vm->unmap_cursor,
				   ipa(1UL << stage2_ipa_bits()), pages, false);
	if (done) {
		if (vm->mailbox.v)
			page_return_hyp(vm->mailbox, 1);
		/* No TLB knows the VMID when its id is free again. */
		stage2_destroy(&vm->stage2);
	}

	spin_lock(&vm_table_lock);
	vm->users = 0;
	if (done) {
		table[id] = NULL;
		nr_vms--;
	}
	spin_unlock(&vm_table_lock);
	if (!done)
		return -EAGAIN;
	vm_free(vm);
	return 0;
}

/* Index of the first slot that ends above @gfn: binary search, slots are sorted. */
static u32 vm_slot_index(const struct vm *vm, u64 gfn)
{
	u32 lo = 0, hi = vm->nr_slots;

	while (lo < hi) {
		u32 mid = (lo + hi) / 2;
		const struct vm_slot *s = &vm->slot[mid];

		if ((s->gpa >> PAGE_SHIFT) + s->pages <= gfn)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/**
 * vm_slot_find() - the slot that an address lies in
 * @vm: the VM
 * @gfn: IPA >> 12
 *
 * Context: vm->slots_lock.
 * Return: NULL: no memory there.
 */
const struct vm_slot *vm_slot_find(const struct vm *vm, u64 gfn)
{
	u32 i = vm_slot_index(vm, gfn);

	if (i < vm->nr_slots && vm->slot[i].gpa >> PAGE_SHIFT <= gfn)
		return &vm->slot[i];
	return NULL;
}

/**
 * vm_has_memory() - does an address lie in a slot?
 * @vm: the VM
 * @addr: IPA
 *
 * Context: takes slots_lock.
 * Return: true if so, at this moment.
 */
bool vm_has_memory(struct vm *vm, u64 addr)
{
	bool memory;

	spin_lock(&vm->slots_lock);
	memory = vm_slot_find(vm, addr >> PAGE_SHIFT);
	spin_unlock(&vm->slots_lock);
	return memory;
}

/**
 * vm_slot_by_id() - a slot by its number
 * @vm: the VM
 * @id: as the caller gave it
 *
 * Context: vm->slots_lock.
 * Return: NULL: there is none.
 */
const struct vm_slot *vm_slot_by_id(const struct vm *vm, u32 id)
{
	u32 i;

	for (i = 0; i < vm->nr_slots; i++)
		if (vm->slot[i].id == id)
			return &vm->slot[i];
	return NULL;
}

#define GICD_FRAME 0x10000U /* bytes of the distributor's */

/*
 * What the redistributors take, up to that of the highest vCPU that there was; at least one's.
 * Context: vm->slots_lock.
 */
static u64 vm_gicr_size(const struct vm *vm)
{
	return (u64)GZVM_GICR_STRIDE * MAX(vm->nr_gicr, 1U);
}

/**
 * vm_frame_fits() - may the distributor, or the redistributors, be here?
 * @vm: the VM
 * @base: the address; any value
 * @dist: the distributor's frame, or those of all vCPUs' redistributors
 *
 * Context: vm->slots_lock.
 * Return: false: over memory or each other, or not in the IPA space.
 */
bool vm_frame_fits(const struct vm *vm, u64 base, bool dist)
{
	u64 size = dist ? GICD_FRAME : vm_gicr_size(vm);
	u64 limit = 1UL << stage2_ipa_bits();
	u32 i;

	if (base >= limit || size > limit - base)
		return false;
	if (dist ? ranges_overlap(base, size, vm->vgic.redist_base, vm_gicr_size(vm)) :
		   ranges_overlap(base, size, vm->vgic.dist_base, GICD_FRAME))
		return false;
	for (i = 0; i < vm->nr_slots; i++)
		if (ranges_overlap(base, size, vm->slot[i].gpa,
				   vm->slot[i].pages << PAGE_SHIFT))
			return false;
	return true;
}

static bool vm_overlaps_gic(const struct vm *vm, u64 gpa, u64 size)
{
	return ranges_overlap(gpa, size, vm->vgic.dist_base, GICD_FRAME) ||
	       ranges_overlap(gpa, size, vm->vgic.redist_base, vm_gicr_size(vm));
}

/**
 * vm_slot_set() - register, replace or remove a memory region
 * @vm: the VM
 * @id: slot
 * @gpa: first address
 * @pages: 0 removes the slot
 *
 * What a removed or replaced slot had mapped stays so until the host makes UNMAP
 * calls: the memory is the host's, and the guest has had it. There is room for all
 * slots: each id below VM_MAX_SLOTS has at most one.
 *
 * Context: vm->slots_lock.
 * Return: 0, -EINVAL (range, over another slot or a GIC
 * frame).
 */
int vm_slot_set(struct vm *vm, u32 id, u64 gpa, u64 pages)
{
	const struct vm_slot *old = vm_slot_by_id(vm, id);
	u64 limit = 1UL << (stage2_ipa_bits() - PAGE_SHIFT);
	u32 i, at;

	if (id >= VM_MAX_SLOTS || !IS_ALIGNED(gpa, PAGE_SIZE))
		return -EINVAL;
	if (pages) {
		if (gpa >> PAGE_SHIFT >= limit || pages > limit - (gpa >> PAGE_SHIFT) ||
		    vm_overlaps_gic(vm, gpa, pages << PAGE_SHIFT))
			return -EINVAL;
		for (i = 0; i < vm->nr_slots; i++)
			if (&vm->slot[i] != old &&
			    ranges_overlap(gpa, pages << PAGE_SHIFT, vm->slot[i].gpa,
					   vm->slot[i].pages << PAGE_SHIFT))
				return -EINVAL;
	}
	if (old) {
		at = old - vm->slot;
		memmove(&vm->slot[at], &vm->slot[at + 1],
			(vm->nr_slots - at - 1) * sizeof(vm->slot[0]));
		vm->nr_slots--;
	}
	if (pages) {
		at = vm_slot_index(vm, gpa >> PAGE_SHIFT);
		memmove(&vm->slot[at + 1], &vm->slot[at],
			(vm->nr_slots - at) * sizeof(vm->slot[0]));
		vm->slot[at] = (struct vm_slot){ .gpa = gpa, .pages = pages, .id = id };
		vm->nr_slots++;
	}
	WRITE_ONCE(vm->slots_from, vm->nr_slots ? vm->slot[0].gpa : ~0ULL);
	return 0;
}

/**
 * vm_counts() - for statistics
 * @vms: VMs
 * @vcpus: their vCPUs
 */
void vm_counts(u32 *vms, u32 *vcpus)
{
	unsigned int i;

	*vcpus = 0;
	spin_lock(&vm_table_lock);
	*vms = nr_vms;
	for (i = 1; i <= VM_MAX; i++)
		if (table[i])
			*vcpus += READ_ONCE(table[i]->nr_vcpus);
	spin_unlock(&vm_table_lock);
}
