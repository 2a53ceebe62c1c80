// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: page faults of the guest, and how its pages come to the hypervisor.
 */

#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/gzvm_drv.h>
#include <linux/io.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <trace/events/geniezone.h>

static u64 gzvm_block_first(u64 gfn)
{
	return round_down(gfn, GZVM_BLOCK_PAGES);
}

/* Physically contiguous runs of pages become one constituent each. map_lock held. */
static int gzvm_mmu_give_region(struct gzvm *vm, struct gzvm_memslot *slot, u64 gfn,
				struct page **pages, unsigned int nr)
{
	struct gzvm_memregion_buf *buf = vm->region_buf;
	unsigned int i, count = 0, run = 0;

	memset(buf, 0, sizeof(*buf));
	for (i = 0; i < nr; i++) {
		if (i && page_to_pfn(pages[i]) == page_to_pfn(pages[i - 1]) + 1) {
			buf->constituents[count - 1].pg_cnt = cpu_to_le32(++run);
			continue;
		}
		run = 1;
		buf->constituents[count].address = cpu_to_le64(page_to_phys(pages[i]));
		buf->constituents[count].pg_cnt = cpu_to_le32(run);
		count++;
	}
	buf->slot = cpu_to_le32(slot->id);
	buf->constituent_cnt = cpu_to_le32(count);
	buf->total_pages = cpu_to_le64(slot->npages);
	buf->gpa = cpu_to_le64(gfn << PAGE_SHIFT);
	return gzvm_hypcall_wait(GZVM_FN_SET_MEMREGION, NULL, vm->vm_id, sizeof(*buf),
				 virt_to_phys(buf));
}

/*
 * The call that this VM's way of paging takes, or the one for whole slots. The same page for the
 * same frame is success to the hypervisor, however often, so a call that was BUSY half-way is
 * simply made again. map_lock held.
 */
static int gzvm_mmu_give(struct gzvm *vm, struct gzvm_memslot *slot, u64 gfn,
			 struct page **pages, unsigned int nr, bool whole)
{
	unsigned int i;

	lockdep_assert_held(&vm->map_lock);
	if (whole)
		return gzvm_mmu_give_region(vm, slot, gfn, pages, nr);
	if (!vm->block_paging)
		return gzvm_hypcall_wait(GZVM_FN_MAP_GUEST, NULL, vm->vm_id, slot->id,
					 page_to_pfn(pages[0]), gfn, 1);

	for (i = 0; i < nr; i++)
		vm->mailbox[i] = cpu_to_le64(page_to_pfn(pages[i]));
	return gzvm_hypcall_wait(GZVM_FN_MAP_GUEST_BLOCK, NULL, vm->vm_id, slot->id, gfn, nr);
}

/**
 * enum gzvm_map_how - why frames are mapped
 * @GZVM_MAP_PRESENT: for speed: only pages that the VMM has at hand
 * @GZVM_MAP_FAULT: the guest has touched them
 * @GZVM_MAP_WHOLE: a slot is given as a whole, before the guest touches it
 */
enum gzvm_map_how {
	GZVM_MAP_PRESENT,
	GZVM_MAP_FAULT,
	GZVM_MAP_WHOLE,
};

/**
 * struct gzvm_chunk - frames that are being mapped
 * @slot: their slot
 * @gfn: the first
 * @nr: how many there are pages for
 * @how: why
 * @seq: of the slot's notifier, when the first page was looked for
 * @pages: their pages; valid for those in @fresh, the others are recorded
 * @fresh: which of them this chunk got itself
 * @no_memory: a page could not be recorded
 */
struct gzvm_chunk {
	struct gzvm_memslot *slot;
	u64 gfn;
	unsigned int nr;
	enum gzvm_map_how how;
	unsigned long seq;
	struct page **pages;
	DECLARE_BITMAP(fresh, GZVM_BLOCK_PAGES);
	bool no_memory;
};

/*
 * Finds a page for each frame: the recorded one or a fresh one. Stops where there is none.
 * What is recorded may go before map_lock is taken; gzvm_chunk_record() looks again.
 */
static int gzvm_chunk_fill(struct gzvm *vm, struct gzvm_chunk *chunk, unsigned int want)
{
	unsigned long known;
	unsigned int first, end;
	int got;

	while (chunk->nr < want) {
		first = chunk->nr;
		known = chunk->gfn + first;
		end = want;
		if (xa_find(&vm->pages, &known, chunk->gfn + want - 1, XA_PRESENT))
			end = known - chunk->gfn;
		if (end == first) {
			chunk->nr++;
			continue;
		}

		got = gzvm_mem_get(vm, chunk->slot, chunk->gfn + first, end - first,
				   chunk->how != GZVM_MAP_PRESENT, chunk->pages + first);
		if (got < 0)
			return first ? 0 : got;
		bitmap_set(chunk->fresh, first, got);
		chunk->nr += got;
		if (got < (int)(end - first))
			break;
	}
	return 0;
}

/*
 * Records the fresh pages. A fresh one that another vCPU has recorded meanwhile is the same
 * page: neither could have changed without the notifier (or pin_lock). Returns how many
 * frames are recorded now. map_lock held.
 */
static unsigned int gzvm_chunk_record(struct gzvm *vm, struct gzvm_chunk *chunk)
{
	unsigned int i = 0, end;

	while (i < chunk->nr) {
		if (test_bit(i, chunk->fresh)) {
			end = find_next_zero_bit(chunk->fresh, chunk->nr, i);
			i += gzvm_mem_record(vm, chunk->gfn + i, chunk->pages + i, end - i);
			chunk->no_memory = i < end;
			if (chunk->no_memory)
				break;
			continue;
		}
		chunk->pages[i] = gzvm_mem_find(vm, chunk->gfn + i);
		if (!chunk->pages[i])
			break;
		i++;
	}
	return i;
}

/*
 * The hypervisor refused: the fresh pages are forgotten again, and unmapped for sure. Where another
 * vCPU has recorded the huge page around them meanwhile all of that is forgotten, so all of it is
 * unmapped.
 */
static void gzvm_chunk_unrecord(struct gzvm *vm, struct gzvm_chunk *chunk, unsigned int nr)
{
	bool huge = xa_get_order(&vm->pages, chunk->gfn);
	u64 first = huge ? gzvm_block_first(chunk->gfn) : chunk->gfn;
	u64 count = huge ? GZVM_BLOCK_PAGES : nr;
	int ret = -EOPNOTSUPP;
	unsigned int i;

	if (gzvm_hyp_has(GZVM_HYP_FEAT_UNMAP))
		ret = gzvm_mem_unmap_hyp(vm, first, count, true);
	if (ret && !vm->pinned) {
		gzvm_mem_lose(vm, first, first + count - 1, ret, true);
		return;
	}
	if (ret) {
		/* Some may be mapped: they stay recorded until the VM goes. */
		bitmap_clear(chunk->fresh, 0, nr);
		return;
	}
	for_each_set_bit(i, chunk->fresh, nr)
		gzvm_mem_forget(vm, chunk->gfn + i, chunk->gfn + i, NULL, 1);
}

/* Gives what was found to the guest. Returns as gzvm_mmu_map(). map_lock held. */
static int gzvm_chunk_give(struct gzvm *vm, struct gzvm_chunk *chunk)
{
	unsigned int done;
	int ret;

	if (!vm->pinned && mmu_interval_read_retry(&chunk->slot->mni, chunk->seq))
		return -EAGAIN;
	done = gzvm_chunk_record(vm, chunk);
	/* The first one: no memory for the record, or a recorded page went meanwhile. */
	if (!done)
		return -EAGAIN;

	ret = gzvm_mmu_give(vm, chunk->slot, chunk->gfn, chunk->pages, done,
			    chunk->how == GZVM_MAP_WHOLE);
	if (ret) {
		gzvm_chunk_unrecord(vm, chunk, done);
		return ret;
	}
	if (done == GZVM_BLOCK_PAGES)
		gzvm_mem_record_block(vm, chunk->gfn, chunk->pages);
	return done;
}

/* Gives the references back that the chunk took and that are not kept. */
static void gzvm_chunk_put(struct gzvm *vm, struct gzvm_chunk *chunk, unsigned int kept)
{
	unsigned int start = vm->pinned ? kept : 0, end;

	for_each_set_bitrange_from(start, end, chunk->fresh, GZVM_BLOCK_PAGES)
		gzvm_mem_put(vm, chunk->pages + start, end - start);
}

static int gzvm_mmu_map_locked(struct gzvm *vm, struct gzvm_memslot *slot, u64 gfn,
			       unsigned int want, enum gzvm_map_how how, struct page **pages)
{
	struct gzvm_chunk chunk = { .slot = slot, .gfn = gfn, .how = how, .pages = pages };
	int ret;

	if (!vm->pinned)
		chunk.seq = mmu_interval_read_begin(&slot->mni);
	ret = gzvm_chunk_fill(vm, &chunk, want);
	if (ret)
		return ret;

	mutex_lock(&vm->map_lock);
	ret = gzvm_chunk_give(vm, &chunk);
	mutex_unlock(&vm->map_lock);
	gzvm_chunk_put(vm, &chunk, max(ret, 0));

	/* Outside map_lock there is a way to get memory; then look again. */
	if (ret == -EAGAIN && chunk.no_memory)
		return gzvm_mem_prepare(vm, gfn) ?: -EAGAIN;
	return ret;
}

/**
 * gzvm_mmu_map() - give frames of a slot to the guest
 * @vm: the VM
 * @slot: the slot
 * @gfn: first guest frame, in the slot
 * @want: number of frames, all in the slot, at most GZVM_BLOCK_PAGES
 * @how: why
 * @pages: room for as many pages
 *
 * Context: process of the VM's creator; slots_lock held.
 * Return: how many frames the guest has now, from the first on, at least 1; -EAGAIN: look
 * again; or the errno of the first one.
 */
static int gzvm_mmu_map(struct gzvm *vm, struct gzvm_memslot *slot, u64 gfn,
			unsigned int want, enum gzvm_map_how how, struct page **pages)
{
	int ret;

	if (!vm->pinned)
		return gzvm_mmu_map_locked(vm, slot, gfn, want, how, pages);

	if (mutex_lock_interruptible(&vm->pin_lock))
		return -EINTR;
	ret = gzvm_mmu_map_locked(vm, slot, gfn, want, how, pages);
	mutex_unlock(&vm->pin_lock);
	return ret;
}

/* As much of @start to @end - 1 as there is, by batches. Returns the first frame left out. */
static u64 gzvm_mmu_map_range(struct gzvm_vcpu *vcpu, struct gzvm_memslot *slot,
			      u64 start, u64 end, enum gzvm_map_how how)
{
	unsigned int batch = READ_ONCE(gzvm_hyp.demand_batch);
	int ret;

	while (start < end) {
		ret = gzvm_mmu_map(vcpu->vm, slot, start, min_t(u64, batch, end - start), how,
				   vcpu->fault_pages);
		if (ret < 0)
			break;
		start += ret;
	}
	return start;
}

/* The same, over holes. */
static void gzvm_mmu_map_present(struct gzvm_vcpu *vcpu, struct gzvm_memslot *slot,
				 u64 start, u64 end)
{
	while (start < end && !signal_pending(current))
		start = gzvm_mmu_map_range(vcpu, slot, start, end, GZVM_MAP_PRESENT) + 1;
}

/* Is the page of a recorded frame part of a huge one? Asked for speed only. */
static bool gzvm_mmu_is_huge(struct gzvm *vm, u64 gfn)
{
	struct page *page;

	guard(mutex)(&vm->map_lock);
	page = xa_load(&vm->pages, gfn);
	return page && folio_nr_pages(page_folio(page)) >= GZVM_BLOCK_PAGES;
}

/*
 * A frame in a block of which the guest has been given pages before. What is not there now was
 * taken away: by the host, to have the memory back, so only what was touched comes again, with
 * what the VMM has at hand behind it; or by the hypervisor, which dropped a whole block to drop
 * a part, so all of it that is still known comes again.
 */
static int gzvm_mmu_fault_again(struct gzvm_vcpu *vcpu, struct gzvm_memslot *slot,
				u64 gfn, u64 start, u64 end)
{
	unsigned long next = gfn + 1;
	bool known = xa_load(&vcpu->vm->pages, gfn);
	int ret;

	ret = gzvm_mmu_map(vcpu->vm, slot, gfn, 1, GZVM_MAP_FAULT, vcpu->fault_pages);
	if (ret < 0)
		return ret;
	if (known || gzvm_mmu_is_huge(vcpu->vm, gfn)) {
		gzvm_mmu_map_present(vcpu, slot, start, end);
		return 0;
	}
	if (next < end && xa_find(&vcpu->vm->pages, &next, end - 1, XA_PRESENT))
		end = next;
	gzvm_mmu_map_range(vcpu, slot, gfn + 1, end, GZVM_MAP_PRESENT);
	return 0;
}

/* The block of 2 MiB around a frame, as much of it as the slot has. */
static int gzvm_mmu_fault_block(struct gzvm_vcpu *vcpu, struct gzvm_memslot *slot, u64 gfn)
{
	u64 start = max(gzvm_block_first(gfn), slot->gfn);
	u64 end = min(gzvm_block_first(gfn) + GZVM_BLOCK_PAGES, slot->gfn + slot->npages);
	unsigned long block = (gfn >> GZVM_BLOCK_ORDER) - (slot->gfn >> GZVM_BLOCK_ORDER);
	int ret;

	if (!vcpu->vm->pinned && test_and_set_bit(block, slot->touched))
		return gzvm_mmu_fault_again(vcpu, slot, gfn, start, end);

	if (gzvm_mmu_map_range(vcpu, slot, start, end, GZVM_MAP_FAULT) > gfn)
		return 0;
	/* The page alone may work where its neighbours do not; if not, its errno counts. */
	ret = gzvm_mmu_map(vcpu->vm, slot, gfn, 1, GZVM_MAP_FAULT, vcpu->fault_pages);
	return min(ret, 0);
}

static int gzvm_mmu_fault_locked(struct gzvm_vcpu *vcpu, u64 gfn)
{
	struct gzvm *vm = vcpu->vm;
	struct gzvm_memslot *slot;
	int ret;

	lockdep_assert_held(&vm->slots_lock);
	slot = gzvm_memslot_find(vm, gfn);
	if (!slot)
		return -EFAULT;
	if (vm->block_paging)
		ret = gzvm_mmu_fault_block(vcpu, slot, gfn);
	else
		ret = min(gzvm_mmu_map(vm, slot, gfn, 1, GZVM_MAP_FAULT, vcpu->fault_pages), 0);
	return ret;
}

/**
 * gzvm_mmu_fault() - the guest touched a frame that stage 2 does not map
 * @vcpu: the vCPU, locked
 * @gpa: guest physical address of the access
 *
 * Context: process of the VM's creator.
 * Return: 0 if the guest can go on, or a signal came first; -EFAULT where no slot or no memory
 * is, or the VM does not page on demand; -EHWPOISON; -ENOMEM over RLIMIT_MEMLOCK or when the
 * hypervisor's memory is used up; -EBUSY if the hypervisor does not end to be.
 */
int gzvm_mmu_fault(struct gzvm_vcpu *vcpu, u64 gpa)
{
	struct gzvm *vm = vcpu->vm;
	int ret;

	if (!vm->demand_paging)
		return -EFAULT;

	/*
	 * A change of the slots waits for other vCPUs' faults, which may wait for the VMM, and
	 * this one behind it: a signal must reach it.
	 */
	if (down_read_interruptible(&vm->slots_lock))
		return 0;
	ret = gzvm_mmu_fault_locked(vcpu, gpa >> PAGE_SHIFT);
	up_read(&vm->slots_lock);
	trace_gzvm_page_fault(vm->vm_id, vcpu->id, gpa, ret);
	/* RUN finds the signal; and who met a notifier looks again, by faulting again. */
	if (ret == -EINTR || ret == -ERESTARTSYS || ret == -EAGAIN)
		return 0;
	return ret;
}

/**
 * gzvm_mmu_populate() - give a whole slot to the guest, touched or not
 * @vm: the VM
 * @slot: the slot
 *
 * Context: process of the VM's creator; slots_lock held for writing.
 * Return: 0 or a negative errno, with part of the slot given: -EINTR if the caller is being killed.
 */
int gzvm_mmu_populate(struct gzvm *vm, struct gzvm_memslot *slot)
{
	struct page **pages;
	u64 pos = 0;
	int ret = 0;

	lockdep_assert_held_write(&vm->slots_lock);
	pages = kcalloc(GZVM_MAX_CONSTITUENTS, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;

	while (pos < slot->npages) {
		ret = gzvm_mmu_map(vm, slot, slot->gfn + pos,
				   min_t(u64, GZVM_MAX_CONSTITUENTS, slot->npages - pos),
				   GZVM_MAP_WHOLE, pages);
		if (ret == -EAGAIN && !fatal_signal_pending(current))
			continue;
		if (ret < 0)
			break;
		pos += ret;
		cond_resched();
	}
	kfree(pages);
	return ret == -EAGAIN ? -EINTR : min(ret, 0);
}

static int gzvm_mmu_relinquish_locked(struct gzvm_vcpu *vcpu, u64 gfn)
{
	struct gzvm *vm = vcpu->vm;
	unsigned long n = 0;
	struct page *page;

	lockdep_assert_held(&vm->slots_lock);
	if (!gzvm_memslot_find(vm, gfn))
		return -EINVAL;
	if (gzvm_hyp_has(GZVM_HYP_FEAT_UNMAP))
		return gzvm_mem_invalidate(vm, gfn, 1);

	/*
	 * Without UNMAP the hypervisor has taken the page from the guest before this exit, but
	 * another vCPU may have faulted it in again since: with several the pin stays. One that is
	 * created from here on pins the page anew.
	 */
	mutex_lock(&vm->map_lock);
	if (vm->nr_vcpus == 1)
		n = gzvm_mem_forget(vm, gfn, gfn, &page, 1);
	mutex_unlock(&vm->map_lock);
	if (n)
		gzvm_mem_put(vm, &page, n);
	return 0;
}

/**
 * gzvm_mmu_relinquish() - the guest gives a page back
 * @vcpu: the vCPU, locked
 * @gpa: guest physical address of the page
 *
 * Context: process.
 * Return: 0, also if the page was never touched; -EINVAL for an address that is not a page's
 * or in no slot; -EINTR for a signal, with nothing done; what the hypervisor says.
 */
int gzvm_mmu_relinquish(struct gzvm_vcpu *vcpu, u64 gpa)
{
	int ret;

	if (!PAGE_ALIGNED(gpa))
		return -EINVAL;
	if (down_read_interruptible(&vcpu->vm->slots_lock))
		return -EINTR;
	ret = gzvm_mmu_relinquish_locked(vcpu, gpa >> PAGE_SHIFT);
	up_read(&vcpu->vm->slots_lock);
	return ret;
}
