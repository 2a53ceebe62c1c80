// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hypercalls about VMs: checks of arguments, then the work.
 *
 * Every handler gets the caller's registers; see hypercall.c. All addresses are
 * the host's: a page that EL2 reads or writes is counted as lent while it does,
 * which is refused unless the host owns it.
 */
#include <hyp/arch.h>
#include <hyp/errno.h>
#include <hyp/page.h>
#include <hyp/panic.h>
#include <hyp/stage2.h>
#include <hyp/string.h>
#include <hyp/util.h>
#include <hyp/vm.h>
#include <hyp/world.h>

/* What one DESTROY_VM may be asked to take back; a power of two. */
#define DESTROY_BATCH_PAGES HYP_WORK_PAGES

/*
 * Copies @size bytes of the host's memory, within one page, into EL2's. Once: what
 * is checked is the copy.
 */
static int read_host(void *dst, u64 addr, u64 size)
{
	pa_t page = pa(ALIGN_DOWN(addr, PAGE_SIZE));
	void *va;
	int err;

	if (!IS_ALIGNED(addr, 8) || (addr & ~PAGE_MASK) + size > PAGE_SIZE)
		return -EINVAL;
	err = page_lend_hyp(page, 1);
	if (err)
		return err;
	va = arch_map_page(page);
	memcpy(dst, (char *)va + (addr & ~PAGE_MASK), size);
	arch_unmap_page(va);
	page_return_hyp(page, 1);
	return 0;
}

/** hypercall_create_vm() - CREATE_VM: x1 = type; result x1 = id */
int hypercall_create_vm(u64 x[])
{
	u16 id = 0;
	int err = vm_create(x[1], &id);

	x[1] = id;
	x[2] = x[3] = 0;
	return err;
}

/** hypercall_destroy_vm() - DESTROY_VM: x1 = id, x2 = pages to take back; -EAGAIN: call again */
int hypercall_destroy_vm(u64 x[])
{
	return vm_destroy(x[1], x[2]);
}

/** hypercall_create_vcpu() - CREATE_VCPU: x1 = tuple, x2 = address of run page and hwstate */
int hypercall_create_vcpu(u64 x[])
{
	struct vm *vm = vm_get(GZVM_TUPLE_VM(x[1]));
	int err;

	if (!vm)
		return -EINVAL;
	err = vcpu_create(vm, GZVM_TUPLE_VCPU(x[1]), x[2]);
	vm_put(vm);
	/* An index that is in use is an invalid argument in this ABI. */
	return err == -EEXIST ? -EINVAL : err;
}

/** hypercall_destroy_vcpu() - DESTROY_VCPU: x1 = tuple */
int hypercall_destroy_vcpu(u64 x[])
{
	struct vm *vm = vm_get(GZVM_TUPLE_VM(x[1]));
	struct vcpu *v;

	if (!vm)
		return -EINVAL;
	v = vcpu_claim(x[1]);
	if (v)
		vcpu_free(v);
	vm_put(vm);
	return v ? 0 : -EINVAL;
}

/* Pages that the VM borrows. */
static u64 vm_pages(const struct vm *vm)
{
	return vm->stage2.pages + vm->stage2.blocks * PGTABLE_ENTRIES;
}

/* A block is in the way of a list that begins or ends at @at. It goes whole, by itself. */
static bool vm_drop_block(struct vm *vm, ipa_t at)
{
	struct pgtable_leaf leaf = pgtable_lookup(&vm->stage2, at.v);

	if (!leaf.valid || leaf.size != BLOCK_SIZE)
		return false;
	page_return_vm(&vm->stage2, at, 1);
	return true;
}

/*
 * Lends pages, and makes room while the VM's quota or the pool is used up: its
 * stage 2 is a cache. So a VM that maps sparsely can make only itself slower.
 *
 * Context: vm->lock; vm->pfns holds the frame numbers.
 * Return: as page_lend_vm();
 * -EAGAIN: that was enough for one call, there is more to drop; -ENOMEM: there is not.
 */
static int vm_lend(struct vm *vm, u64 gfn, unsigned int pages)
{
	ipa_t to = ipa(gfn << PAGE_SHIFT), end = ipa(1UL << stage2_ipa_bits()), cursor = ipa(0);
	ipa_t last = ipa(to.v + ((u64)(pages - 1) << PAGE_SHIFT));
	unsigned int work = 0;
	u64 before;
	int err;

	/* Across two blocks: no more than one of them in a call. */
	if ((to.v ^ last.v) >> BLOCK_SHIFT && (vm_drop_block(vm, to) || vm_drop_block(vm, last)))
		return -EAGAIN;
	for (;;) {
		err = page_lend_vm(&vm->stage2, to, vm->pfns, pages, PROT_RWX);
		before = vm_pages(vm);
		if (err != -ENOMEM || !before)
			return err;
		if (work >= HYP_WORK_PAGES)
			return -EAGAIN;
		/* One table's worth, or one block; and each attempt is work, too. */
		page_return_vm_some(&vm->stage2, &cursor, end, 1, true);
		/* What went was cleaned; what comes is for another call. */
		if (!vm->stage2.fwb)
			return -EAGAIN;
		work += MAX(before - vm_pages(vm), (u64)HYP_WORK_PAGES / 8) + pages;
	}
}

/* Registration (no constituents): the region's place. Context: vm->lock. */
static int memregion_register(struct vm *vm, const struct gzvm_memregion_buf *b)
{
	int err;

	spin_lock(&vm->slots_lock);
	err = vm_slot_set(vm, b->slot, b->gpa, b->total_pages);
	spin_unlock(&vm->slots_lock);
	return err;
}

/* Population: the region's next pages, at most HYP_WORK_PAGES in a call. Context: vm->lock. */
static int memregion_populate(struct vm *vm, const struct gzvm_memregion_buf *b)
{
	const struct vm_slot *slot;
	u64 pages = 0, gfn = b->gpa >> PAGE_SHIFT;
	unsigned int i, n, k = 0;
	int err = -EINVAL;

	for (i = 0; i < b->constituent_cnt; i++) {
		if (!b->constituents[i].pg_cnt || b->constituents[i].reserved ||
		    !IS_ALIGNED(b->constituents[i].address, PAGE_SIZE))
			return -EINVAL;
		pages += b->constituents[i].pg_cnt;
		if (pages > HYP_WORK_PAGES)
			return -EINVAL;
	}
	spin_lock(&vm->slots_lock);
	slot = vm_slot_by_id(vm, b->slot);
	if (slot && IS_ALIGNED(b->gpa, PAGE_SIZE) &&
	    range_within(gfn, pages, slot->gpa >> PAGE_SHIFT, slot->pages))
		err = 0;
	spin_unlock(&vm->slots_lock);
	if (!err) {
		for (i = 0; i < b->constituent_cnt; i++)
			for (n = 0; n < b->constituents[i].pg_cnt; n++)
				vm->pfns[k++] = (b->constituents[i].address >> PAGE_SHIFT) + n;
		err = vm_lend(vm, gfn, pages);
	}
	return err;
}

/** hypercall_set_memregion() - SET_MEMREGION: x1 = id, x2 = size, x3 = address of the buffer */
int hypercall_set_memregion(u64 x[])
{
	struct vm *vm = vm_get(x[1]);
	struct gzvm_memregion_buf *b;
	int err = -EINVAL;

	if (!vm)
		return -EINVAL;
	spin_lock(&vm->lock);
	b = &vm->region;
	if (x[2] == sizeof(*b) && IS_ALIGNED(x[3], PAGE_SIZE))
		err = read_host(b, x[3], PAGE_SIZE);
	if (!err)
		err = read_host((char *)b + PAGE_SIZE, x[3] + PAGE_SIZE, PAGE_SIZE);
	if (!err && b->constituent_cnt > GZVM_MAX_CONSTITUENTS)
		err = -EINVAL;
	if (!err)
		err = b->constituent_cnt ? memregion_populate(vm, b) : memregion_register(vm, b);
	spin_unlock(&vm->lock);
	vm_put(vm);
	return err;
}

/** hypercall_run() - RUN: x1 = tuple, x2 = flags; results x1 = exit reason, x2 = wake bitmap */
int hypercall_run(u64 x[])
{
	struct vcpu *v = vcpu_claim(x[1]);
	u32 wake = 0;
	int err;

	if (!v)
		return -EINVAL;
	err = arch_vcpu_may_run();
	if (!err) {
		if (unlikely(!READ_ONCE(v->vm->ran))) {
			/* Not while CREATE_DEVICE is at work. */
			spin_lock(&v->vm->slots_lock);
			WRITE_ONCE(v->vm->ran, true);
			spin_unlock(&v->vm->slots_lock);
		}
		v->may_wait = x[2] & GZVM_RUN_WAIT;
		x[1] = run_vcpu(v, &wake);
		x[2] = wake;
		x[3] = 0;
	}
	vcpu_release(v);
	return err;
}

/*
 * All vCPUs, the vGIC and the timers as after creation; memory stays. All are claimed,
 * so none is in RUN, and under the lock none comes or goes.
 */
static int vm_reset(struct vm *vm, struct vcpu *claimed)
{
	unsigned int i;
	int err = -EBUSY;

	spin_lock(&vm->vcpus_lock);
	if (vcpu_claim_all(vm, claimed)) {
		err = 0;
		/* No TLB and no instruction cache has what it had: tlb_switch(). */
		memset(vm->last_vcpu, 0, sizeof(vm->last_vcpu));
		vgic_reset(&vm->vgic);
		for (i = 0; i < VGIC_MAX_CPUS; i++)
			if (vm->vcpu[i])
				vcpu_reset(vm->vcpu[i]);
		memset(vm->event.data, 0, sizeof(vm->event.data));
		WRITE_ONCE(vm->event.ready, 0);
		__atomic_store_n(&vm->event.type, 0, __ATOMIC_RELEASE);
		vcpu_release_all(vm, VGIC_MAX_CPUS, claimed);
	}
	spin_unlock(&vm->vcpus_lock);
	return err;
}

/** hypercall_set_one_reg() - SET_ONE_REG: x1 = tuple, x2 = register id, x3 = value */
int hypercall_set_one_reg(u64 x[])
{
	struct vcpu *v = vcpu_claim(x[1]);
	int err = -EINVAL;
	u64 old;

	if (v) {
		err = arch_vcpu_get_reg(v, x[2], &old);
		if (!err)
			err = arch_vcpu_set_reg(v, x[2], x[3]);
		/*
		 * A client that knows no VM_RESET sets registers again after a RESET event: the
		 * first one that can be set, of whichever vCPU, begins anew, and is part of it.
		 */
		if (!err && unlikely(READ_ONCE(v->vm->event.type) == GZVM_SYSTEM_EVENT_RESET)) {
			err = vm_reset(v->vm, v);
			(void)arch_vcpu_set_reg(v, x[2], err ? old : x[3]);
		}
		vcpu_release(v);
	}
	return err;
}

/** hypercall_get_one_reg() - GET_ONE_REG: x1 = tuple, x2 = register id; result x1 = value */
int hypercall_get_one_reg(u64 x[])
{
	struct vcpu *v = vcpu_claim(x[1]);
	int err = -EINVAL;

	if (v) {
		err = arch_vcpu_get_reg(v, x[2], &x[1]);
		vcpu_release(v);
	}
	x[2] = x[3] = 0;
	return err;
}

static int irq_line(u64 x[], u64 intid, u64 flags)
{
	u64 resample = flags & (GZVM_IRQ_RESAMPLE | GZVM_IRQ_NO_RESAMPLE);
	struct vm *vm = vm_get(GZVM_TUPLE_VM(x[1]));
	u32 wake = 0;
	int err;

	if (!vm)
		return -EINVAL;
	if (x[3] > 1 || !vgic_present(&vm->vgic) || arch_ppi_is_own(intid) ||
	    (resample && vgic_set_resample(&vm->vgic, intid, resample == GZVM_IRQ_RESAMPLE))) {
		err = -EINVAL;
	} else {
		/* A private interrupt is in its vCPU's record, which must not go meanwhile. */
		spin_lock(&vm->vcpus_lock);
		err = vgic_set_line(&vm->vgic, GZVM_TUPLE_VCPU(x[1]), intid, x[3], &wake);
		if (!err && (flags & GZVM_IRQ_PULSE))
			(void)vgic_set_line(&vm->vgic, GZVM_TUPLE_VCPU(x[1]), intid, false, &wake);
		spin_unlock(&vm->vcpus_lock);
	}
	x[1] = err ? 0 : vm_kick(vm, wake);
	x[2] = x[3] = 0;
	vm_put(vm);
	return err;
}

/** hypercall_irq_line() - IRQ_LINE: x1 = tuple, x2 = SPI from 0, x3 = level; result x1 = bitmap */
int hypercall_irq_line(u64 x[])
{
	if (x[2] >= GZVM_NR_SPIS)
		return -EINVAL;
	return irq_line(x, x[2] + GZVM_FIRST_SPI, 0);
}

/** hypercall_irq_line_ex() - IRQ_LINE_EX: x1 = tuple, x2 = INTID, x3 = GZVM_IRQ_*; result x1 */
int hypercall_irq_line_ex(u64 x[])
{
	u64 flags = x[3] & (GZVM_IRQ_RESAMPLE | GZVM_IRQ_NO_RESAMPLE | GZVM_IRQ_PULSE);

	if (x[2] < GZVM_FIRST_PPI || x[2] > GZVM_LAST_SPI)
		return -EINVAL;
	x[3] &= ~flags;
	/* One of them at most; only what is high can fall. */
	if ((flags & (flags - 1)) || (flags == GZVM_IRQ_PULSE && !x[3]))
		return -EINVAL;
	return irq_line(x, x[2], flags);
}

/*
 * Sizes are not taken from the caller: clients name one redistributor's for any
 * number of vCPUs. What counts is those that there are; vcpu_create() looks again.
 */
static int create_device(struct vm *vm, const struct gzvm_create_device *d)
{
	bool dist = d->dev_type == GZVM_DEV_TYPE_ARM_VGIC_V3_DIST;
	int err;

	if ((!dist && d->dev_type != GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST) || d->flags)
		return -EINVAL;
	spin_lock(&vm->slots_lock);
	if (READ_ONCE(vm->ran) || !vm_frame_fits(vm, d->dev_addr, dist))
		err = -EINVAL;
	else if (dist)
		err = vgic_set_dist(&vm->vgic, ipa(d->dev_addr));
	else
		err = vgic_set_redist(&vm->vgic, ipa(d->dev_addr));
	spin_unlock(&vm->slots_lock);
	return err ? -EINVAL : 0;
}

/** hypercall_create_device() - CREATE_DEVICE: x1 = id, x2 = gzvm_create_device */
int hypercall_create_device(u64 x[])
{
	struct vm *vm = vm_get(x[1]);
	struct gzvm_create_device d;
	int err;

	if (!vm)
		return -EINVAL;
	err = read_host(&d, x[2], sizeof(d));
	if (!err)
		err = create_device(vm, &d);
	vm_put(vm);
	return err;
}

/** hypercall_probe() - PROBE: results x1, x2, x3 = version of the ABI */
int hypercall_probe(u64 x[])
{
	x[1] = GZVM_ABI_VERSION_MAJOR;
	x[2] = GZVM_ABI_VERSION_MINOR;
	x[3] = GZVM_ABI_VERSION_SUB;
	return 0;
}

/* The mailbox stays lent until the VM ends; there is one. */
static int enable_block_paging(struct vm *vm, u64 block_size, u64 mailbox)
{
	int err;

	if (block_size != BLOCK_SIZE || !IS_ALIGNED(mailbox, PAGE_SIZE) || !mailbox)
		return -EINVAL;
	spin_lock(&vm->lock);
	if (vm->mailbox.v)
		err = -EINVAL;
	else
		err = page_lend_hyp(pa(mailbox), 1);
	if (!err)
		vm->mailbox = pa(mailbox);
	spin_unlock(&vm->lock);
	return err;
}

static int enable_vm_cap(u64 x[])
{
	struct vm *vm = vm_get(x[1]);
	int err = 0;

	if (!vm)
		return -EINVAL;
	switch (x[2]) {
	case GZVM_CAP_BLOCK_BASED_DEMAND_PAGING:
		err = enable_block_paging(vm, x[3], x[4]);
		break;
	case GZVM_CAP_ENABLE_DEMAND_PAGING:
		/* Always so here: a plain VM's stage 2 fills by faults. */
		WRITE_ONCE(vm->demand_paging, true);
		break;
	case GZVM_CAP_ENABLE_IDLE:
		WRITE_ONCE(vm->idle, true);
		break;
	}
	vm_put(vm);
	return err;
}

/** hypercall_enable_cap() - ENABLE_CAP: x1 = id, x2 = capability, x3, x4 = arguments; result x1 */
int hypercall_enable_cap(u64 x[])
{
	int err = 0;
	u64 value = 0;

	switch (x[2]) {
	case GZVM_CAP_BLOCK_BASED_DEMAND_PAGING:
	case GZVM_CAP_ENABLE_DEMAND_PAGING:
	case GZVM_CAP_ENABLE_IDLE:
		err = enable_vm_cap(x);
		break;
	case GZVM_CAP_QUERY_HYP_BATCH_PAGES:
		value = HYP_WORK_PAGES;
		break;
	case GZVM_CAP_QUERY_DESTROY_BATCH_PAGES:
		value = DESTROY_BATCH_PAGES;
		break;
	case GZVM_CAP_HYP_IPA_BITS:
		value = stage2_ipa_bits();
		break;
	default:
		/* Protected VMs among them. */
		err = -EOPNOTSUPP;
		break;
	}
	x[1] = value;
	x[2] = x[3] = 0;
	return err;
}

/** hypercall_inform_exit() - INFORM_EXIT: x1 = id; a notification that asks for nothing */
int hypercall_inform_exit(u64 x[])
{
	struct vm *vm = vm_get(x[1]);

	if (!vm)
		return -EINVAL;
	vm_put(vm);
	x[1] = x[2] = x[3] = 0;
	return 0;
}

/**
 * hypercall_memregion_purpose() - MEMREGION_PURPOSE: x1 = id, x2 = gpa, x3 = size, x4 = flags
 * @x: x0 to x3
 *
 * What a region is for. A plain VM's memory is all alike, so only the arguments
 * matter: firmware of a protected VM has no use yet.
 *
 * Context: no lock.
 * Return: 0 or -EINVAL.
 */
int hypercall_memregion_purpose(u64 x[])
{
	u64 known = GZVM_USER_MEM_REGION_GUEST_MEM | GZVM_USER_MEM_REGION_PROTECT_FW |
		    GZVM_USER_MEM_REGION_STATIC_SWIOTLB;
	u64 limit = 1UL << stage2_ipa_bits();
	struct vm *vm = vm_get(x[1]);
	int err = 0;

	if (!vm)
		return -EINVAL;
	if (!IS_ALIGNED(x[2] | x[3], PAGE_SIZE) || x[2] >= limit || x[3] > limit - x[2] ||
	    (x[4] & ~known))
		err = -EINVAL;
	vm_put(vm);
	x[1] = x[2] = x[3] = 0;
	return err;
}

/**
 * hypercall_set_dtb_config() - SET_DTB_CONFIG: x1 = id, x2 = gpa, x3 = bytes
 * @x: x0 to x3
 *
 * Where the guest's device tree lies; must be memory of the guest's.
 *
 * Context: takes slots_lock.
 * Return: 0 or -EINVAL.
 */
int hypercall_set_dtb_config(u64 x[])
{
	struct vm *vm = vm_get(x[1]);
	int err;

	if (!vm)
		return -EINVAL;
	/* The size is an upper bound: only the start is known to be used. */
	err = vm_has_memory(vm, x[2]) && x[3] ? 0 : -EINVAL;
	vm_put(vm);
	x[1] = x[2] = x[3] = 0;
	return err;
}

static bool in_slot(struct vm *vm, u64 id, u64 gfn, u64 pages)
{
	const struct vm_slot *slot;
	bool ok;

	if (id >= VM_MAX_SLOTS || gfn >= 1UL << (stage2_ipa_bits() - PAGE_SHIFT))
		return false;
	spin_lock(&vm->slots_lock);
	slot = vm_slot_by_id(vm, id);
	ok = slot && range_within(gfn, pages, slot->gpa >> PAGE_SHIFT, slot->pages);
	spin_unlock(&vm->slots_lock);
	return ok;
}

/** hypercall_map_guest() - MAP_GUEST: x1 = id, x2 = slot, x3 = pfn, x4 = gfn, x5 = 1 */
int hypercall_map_guest(u64 x[])
{
	struct vm *vm = vm_get(x[1]);
	int err = -EINVAL;

	if (!vm)
		return -EINVAL;
	spin_lock(&vm->lock);
	if (x[5] == 1 && in_slot(vm, x[2], x[4], 1)) {
		vm->pfns[0] = x[3];
		err = vm_lend(vm, x[4], 1);
	}
	spin_unlock(&vm->lock);
	vm_put(vm);
	return err;
}

/** hypercall_map_guest_block() - MAP_GUEST_BLOCK: x1 = id, x2 = slot, x3 = gfn, x4 = pages */
int hypercall_map_guest_block(u64 x[])
{
	struct vm *vm = vm_get(x[1]);
	u64 pages = x[4];
	int err = -EINVAL;
	void *va;

	if (!vm)
		return -EINVAL;
	spin_lock(&vm->lock);
	if (vm->mailbox.v && pages && pages <= HYP_WORK_PAGES && in_slot(vm, x[2], x[3], pages)) {
		/* Once: the host can write the mailbox at any time. */
		va = arch_map_page(vm->mailbox);
		memcpy(vm->pfns, va, pages * sizeof(vm->pfns[0]));
		arch_unmap_page(va);
		err = vm_lend(vm, x[3], pages);
	}
	spin_unlock(&vm->lock);
	vm_put(vm);
	return err;
}

/** hypercall_get_statistics() - GET_STATISTICS: x1 = id; no VM is protected yet */
int hypercall_get_statistics(u64 x[])
{
	struct vm *vm = vm_get(x[1]);

	if (!vm)
		return -EINVAL;
	vm_put(vm);
	x[1] = x[2] = x[3] = 0;
	return 0;
}

/** hypercall_unmap() - UNMAP: x1 = id, x2 = gfn, x3 = pages; -EAGAIN: call again */
int hypercall_unmap(u64 x[])
{
	u64 limit = 1UL << (stage2_ipa_bits() - PAGE_SHIFT);
	struct vm *vm = vm_get(x[1]);
	ipa_t cursor;
	bool done;

	if (!vm)
		return -EINVAL;
	if (x[2] >= limit || !x[3] || x[3] > limit - x[2]) {
		vm_put(vm);
		return -EINVAL;
	}
	cursor = ipa(x[2] << PAGE_SHIFT);
	spin_lock(&vm->lock);
	done = page_return_vm_some(&vm->stage2, &cursor, ipa((x[2] + x[3]) << PAGE_SHIFT),
				   HYP_WORK_PAGES, true);
	spin_unlock(&vm->lock);
	vm_put(vm);
	return done ? 0 : -EAGAIN;
}

/** hypercall_vm_reset() - VM_RESET: x1 = id; -EBUSY: a vCPU is in RUN */
int hypercall_vm_reset(u64 x[])
{
	struct vm *vm = vm_get(x[1]);
	int err;

	if (!vm)
		return -EINVAL;
	err = vm_reset(vm, NULL);
	vm_put(vm);
	return err;
}

/** hypercall_vcpu_stats() - VCPU_STATS: x1 = tuple, x2 = address of a page */
int hypercall_vcpu_stats(u64 x[])
{
	struct vm *vm = vm_get(GZVM_TUPLE_VM(x[1]));
	unsigned int index = GZVM_TUPLE_VCPU(x[1]);
	pa_t page = pa(x[2]);
	int err = -EINVAL;
	void *va;

	if (!vm)
		return -EINVAL;
	if (index < VGIC_MAX_CPUS && IS_ALIGNED(page.v, PAGE_SIZE)) {
		index = vgic_cpu_nospec(index);
		err = page_lend_hyp(page, 1);
		if (!err) {
			va = arch_map_page(page);
			memset(va, 0, PAGE_SIZE);
			/* Counters of a vCPU that may run: each word is right by itself. */
			spin_lock(&vm->vcpus_lock);
			if (vm->vcpu[index])
				memcpy(va, &vm->vcpu[index]->stats, sizeof(struct gzvm_vcpu_stats));
			else
				err = -EINVAL;
			spin_unlock(&vm->vcpus_lock);
			arch_unmap_page(va);
			page_return_hyp(page, 1);
		}
	}
	vm_put(vm);
	return err;
}
