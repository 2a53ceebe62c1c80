// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: memory slots.
 *
 * A slot says which part of the creator's memory backs which guest physical addresses. The
 * hypervisor knows the slot's guest addresses, so that it tells a page fault from MMIO; what
 * backs them it learns page by page (gzvm_mmu.c).
 */

#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/gzvm_drv.h>
#include <linux/io.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define GZVM_MEM_FLAGS	(GZVM_USER_MEM_REGION_GUEST_MEM | GZVM_USER_MEM_REGION_PROTECT_FW | \
			 GZVM_USER_MEM_REGION_STATIC_SWIOTLB)

/**
 * gzvm_memslot_check() - check what needs neither VM nor memory map
 * @region: argument of GZVM_SET_USER_MEMORY_REGION
 *
 * Of a removal (size 0) only the slot's number counts.
 *
 * Return: 0 or -EINVAL.
 */
int gzvm_memslot_check(const struct gzvm_userspace_memory_region *region)
{
	u64 gpa_end, hva_end;

	if (region->slot >= GZVM_MAX_MEM_SLOTS)
		return -EINVAL;
	if (!region->memory_size)
		return 0;

	if (region->flags & ~GZVM_MEM_FLAGS)
		return -EINVAL;
	if (!PAGE_ALIGNED(region->guest_phys_addr) || !PAGE_ALIGNED(region->memory_size) ||
	    !PAGE_ALIGNED(region->userspace_addr))
		return -EINVAL;
	if (region->memory_size >> PAGE_SHIFT > GZVM_MAX_REGION_PAGES)
		return -EINVAL;
	if (check_add_overflow(region->guest_phys_addr, region->memory_size, &gpa_end) ||
	    check_add_overflow(region->userspace_addr, region->memory_size, &hva_end))
		return -EINVAL;

	return gpa_end > BIT_ULL(gzvm_hyp.ipa_bits) ? -EINVAL : 0;
}

/**
 * gzvm_memslot_find() - the slot of a guest frame
 * @vm: the VM; slots_lock is held
 * @gfn: the frame
 *
 * Return: the slot or NULL.
 */
struct gzvm_memslot *gzvm_memslot_find(struct gzvm *vm, u64 gfn)
{
	return mtree_load(&vm->slot_tree, gfn);
}

static u64 gzvm_memslot_last(const struct gzvm_memslot *slot)
{
	return slot->gfn + slot->npages - 1;
}

/* Is there a slot other than @except in the frames of @slot? */
static bool gzvm_memslot_overlaps(struct gzvm *vm, const struct gzvm_memslot *slot,
				  const struct gzvm_memslot *except)
{
	unsigned long index = slot->gfn;
	struct gzvm_memslot *other;

	mt_for_each(&vm->slot_tree, other, index, gzvm_memslot_last(slot))
		if (other != except)
			return true;
	return false;
}

/*
 * Tells the hypervisor of a slot (@npages pages) or its removal (0). The buffer's count of
 * constituents is 0: no page is handed over here.
 */
static int gzvm_memslot_register(struct gzvm *vm, const struct gzvm_memslot *slot, u64 npages)
{
	struct gzvm_memregion_buf *buf = vm->region_buf;

	guard(mutex)(&vm->map_lock);
	memset(buf, 0, sizeof(*buf));
	buf->slot = cpu_to_le32(slot->id);
	buf->total_pages = cpu_to_le64(npages);
	buf->gpa = cpu_to_le64(slot->gfn << PAGE_SHIFT);
	return gzvm_hypcall_wait(GZVM_FN_SET_MEMREGION, NULL, vm->vm_id, sizeof(*buf),
				 virt_to_phys(buf));
}

/* mtree_erase() may fail for want of memory and does not say so: a slot must not stay. */
static void gzvm_memslot_unlink(struct gzvm *vm, const struct gzvm_memslot *slot)
{
	mtree_store_range(&vm->slot_tree, slot->gfn, gzvm_memslot_last(slot), NULL,
			  GFP_KERNEL | __GFP_NOFAIL);
}

static void gzvm_memslot_free(struct gzvm_memslot *slot)
{
	kvfree(slot->touched);
	kfree(slot);
}

static struct gzvm_memslot *gzvm_memslot_new(struct gzvm *vm,
					     const struct gzvm_userspace_memory_region *region)
{
	struct gzvm_memslot *slot;
	unsigned int blocks;

	slot = kzalloc(sizeof(*slot), GFP_KERNEL_ACCOUNT);
	if (!slot)
		return NULL;
	slot->vm = vm;
	slot->id = region->slot;
	slot->flags = region->flags;
	slot->gfn = region->guest_phys_addr >> PAGE_SHIFT;
	slot->npages = region->memory_size >> PAGE_SHIFT;
	slot->hva = region->userspace_addr;

	blocks = (gzvm_memslot_last(slot) >> GZVM_BLOCK_ORDER) -
		 (slot->gfn >> GZVM_BLOCK_ORDER) + 1;
	/* The caller chooses its size: up to 512 KiB, too much to be contiguous. */
	slot->touched = kvcalloc(BITS_TO_LONGS(blocks), sizeof(*slot->touched),
				 GFP_KERNEL_ACCOUNT);
	if (!slot->touched) {
		kfree(slot);
		return NULL;
	}
	return slot;
}

/*
 * Takes a slot's memory back and forgets the slot. A hypervisor that cannot unmap keeps what
 * it has been given, so there only a slot that was never touched goes.
 */
static int gzvm_memslot_remove(struct gzvm *vm, struct gzvm_memslot *slot)
{
	int ret;

	lockdep_assert_held_write(&vm->slots_lock);
	if (gzvm_hyp_has(GZVM_HYP_FEAT_UNMAP)) {
		ret = gzvm_mem_invalidate(vm, slot->gfn, slot->npages);
		if (ret)
			return ret;
		ret = gzvm_memslot_register(vm, slot, 0);
		if (ret)
			return ret;
	} else if (gzvm_mem_has_pages(vm, slot->gfn, slot->npages)) {
		return -EBUSY;
	}

	gzvm_memslot_unlink(vm, slot);
	xa_erase(&vm->slots, slot->id);
	gzvm_mem_unwatch(slot);
	gzvm_memslot_free(slot);
	return 0;
}

static int gzvm_memslot_hyp_add(struct gzvm *vm, const struct gzvm_memslot *slot)
{
	int ret;

	ret = gzvm_hypcall_wait(GZVM_FN_MEMREGION_PURPOSE, NULL, vm->vm_id,
				slot->gfn << PAGE_SHIFT, slot->npages << PAGE_SHIFT,
				slot->flags);
	if (ret)
		return ret;
	return gzvm_memslot_register(vm, slot, slot->npages);
}

/* Gives the slot as a whole if that is this VM's way. The same call goes on where it failed. */
static int gzvm_memslot_populate(struct gzvm *vm, struct gzvm_memslot *slot)
{
	int ret = vm->demand_paging ? 0 : gzvm_mmu_populate(vm, slot);

	slot->partly = ret;
	return ret;
}

/*
 * Takes the slot over. On error it is as if it had never been, unless the guest has a part of it
 * that cannot be taken back: no other may take its place.
 */
static int gzvm_memslot_add(struct gzvm *vm, struct gzvm_memslot *slot)
{
	int ret;

	ret = gzvm_mem_watch(slot);
	if (ret)
		goto err_free;
	ret = xa_err(xa_store(&vm->slots, slot->id, slot, GFP_KERNEL_ACCOUNT));
	if (ret)
		goto err_watch;
	ret = mtree_insert_range(&vm->slot_tree, slot->gfn, gzvm_memslot_last(slot), slot,
				 GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_slots;

	ret = gzvm_memslot_hyp_add(vm, slot);
	if (ret)
		goto err_tree;
	ret = gzvm_memslot_populate(vm, slot);
	if (ret)
		gzvm_memslot_remove(vm, slot);
	return ret;

err_tree:
	gzvm_memslot_unlink(vm, slot);
err_slots:
	xa_erase(&vm->slots, slot->id);
err_watch:
	gzvm_mem_unwatch(slot);
err_free:
	gzvm_memslot_free(slot);
	return ret;
}

/*
 * The new slot has the place of the old one: only what backs it changes, under the guest's
 * feet if need be. It faults the new pages in. Takes the new one over.
 */
static int gzvm_memslot_rebase(struct gzvm *vm, struct gzvm_memslot *old,
			       struct gzvm_memslot *new)
{
	int ret;

	if (!gzvm_hyp_has(GZVM_HYP_FEAT_UNMAP) &&
	    gzvm_mem_has_pages(vm, old->gfn, old->npages)) {
		ret = -EBUSY;
		goto err_free;
	}
	ret = gzvm_mem_watch(new);
	if (ret)
		goto err_free;
	if (gzvm_hyp_has(GZVM_HYP_FEAT_UNMAP)) {
		ret = gzvm_mem_invalidate(vm, old->gfn, old->npages);
		if (ret)
			goto err_watch;
	}

	/* Neither needs memory: there is an entry already. */
	xa_store(&vm->slots, new->id, new, GFP_KERNEL | __GFP_NOFAIL);
	mtree_store_range(&vm->slot_tree, new->gfn, gzvm_memslot_last(new), new,
			  GFP_KERNEL | __GFP_NOFAIL);
	gzvm_mem_unwatch(old);
	gzvm_memslot_free(old);
	/* If that fails the slot is there, with part of its memory. */
	return gzvm_memslot_populate(vm, new);

err_watch:
	gzvm_mem_unwatch(new);
err_free:
	gzvm_memslot_free(new);
	return ret;
}

static int gzvm_memslot_replace(struct gzvm *vm, struct gzvm_memslot *old,
				const struct gzvm_userspace_memory_region *region)
{
	struct gzvm_memslot *new;
	int ret;

	lockdep_assert_held_write(&vm->slots_lock);
	new = gzvm_memslot_new(vm, region);
	if (!new)
		return -ENOMEM;

	ret = -EEXIST;
	if (gzvm_memslot_overlaps(vm, new, old))
		goto out;

	if (old && old->gfn == new->gfn && old->npages == new->npages &&
	    old->flags == new->flags) {
		if (old->hva != new->hva)
			return gzvm_memslot_rebase(vm, old, new);
		ret = old->partly ? gzvm_memslot_populate(vm, old) : 0;
		goto out;
	}

	if (old) {
		ret = gzvm_memslot_remove(vm, old);
		if (ret)
			goto out;
	}
	return gzvm_memslot_add(vm, new);

out:
	gzvm_memslot_free(new);
	return ret;
}

static bool gzvm_memslot_hva_mapped(struct gzvm *vm, unsigned long hva)
{
	bool mapped;

	mmap_read_lock(vm->mm);
	mapped = vma_lookup(vm->mm, hva);
	mmap_read_unlock(vm->mm);
	return mapped;
}

static int gzvm_memslot_set_locked(struct gzvm *vm,
				   const struct gzvm_userspace_memory_region *region)
{
	unsigned long id = array_index_nospec(region->slot, GZVM_MAX_MEM_SLOTS);
	struct gzvm_memslot *old = xa_load(&vm->slots, id);

	if (region->memory_size)
		return gzvm_memslot_replace(vm, old, region);
	return old ? gzvm_memslot_remove(vm, old) : -EINVAL;
}

/**
 * gzvm_memslot_populate_all() - give all slots to the guest, touched or not
 * @vm: the VM, of the caller's own mm
 *
 * Context: process; slots_lock held for writing.
 * Return: 0 or a negative errno, with part of the slots given.
 */
int gzvm_memslot_populate_all(struct gzvm *vm)
{
	struct gzvm_memslot *slot;
	unsigned long id;
	int ret;

	xa_for_each(&vm->slots, id, slot) {
		ret = gzvm_mmu_populate(vm, slot);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * gzvm_memslot_set() - GZVM_SET_USER_MEMORY_REGION
 * @vm: the VM, of the caller's own mm
 * @region: checked here
 *
 * Context: process; vCPUs may run.
 * Return: 0; -EINVAL for numbers that cannot be or the removal of a slot that is not there;
 * -EFAULT if nothing is mapped at userspace_addr; -EEXIST if another slot is in the way;
 * -EBUSY if the hypervisor cannot give memory back that the slot has been using; -ENOMEM;
 * -EINTR if the caller is being killed (a vCPU's page fault may wait for the VMM for long);
 * -ERESTARTNOINTR for another signal, with nothing done but the removal of what is replaced; what
 * the hypervisor says. When a slot was to move and the hypervisor refuses its new place, the slot
 * is empty.
 */
int gzvm_memslot_set(struct gzvm *vm, const struct gzvm_userspace_memory_region *region)
{
	int ret;

	ret = gzvm_memslot_check(region);
	if (ret)
		return ret;
	if (region->memory_size) {
		if (!access_ok(u64_to_user_ptr(region->userspace_addr), region->memory_size) ||
		    !gzvm_memslot_hva_mapped(vm, region->userspace_addr))
			return -EFAULT;
	}

	if (down_write_killable(&vm->slots_lock))
		return -EINTR;
	ret = gzvm_memslot_set_locked(vm, region);
	up_write(&vm->slots_lock);
	return ret;
}

/**
 * gzvm_memslot_destroy_all() - free the slots of a VM that the hypervisor does not know
 * @vm: the VM; nobody uses it any more
 */
void gzvm_memslot_destroy_all(struct gzvm *vm)
{
	struct gzvm_memslot *slot;
	unsigned long id;

	mtree_destroy(&vm->slot_tree);
	xa_for_each(&vm->slots, id, slot) {
		gzvm_mem_unwatch(slot);
		gzvm_memslot_free(slot);
	}
	xa_destroy(&vm->slots);
}
