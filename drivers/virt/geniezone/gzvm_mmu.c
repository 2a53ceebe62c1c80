// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: the memory behind the slots.
 *
 * gzvm_mem_get() obtains pages of the VMM for the guest, gzvm_mem_put() returns them and
 * gzvm_mem_invalidate() takes them away from the guest first. How a page is held meanwhile is
 * known to these three alone: it is pinned and counts as locked memory of the VMM.
 *
 * gzvm.pages records what stage 2 may map. A page is recorded before the hypervisor is told to
 * map it and forgotten after the hypervisor has unmapped it. The hypervisor may drop any
 * mapping by itself, so a fault on a recorded page is answered with that same page.
 */

#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/gzvm_drv.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

/* First frame of a 2 MiB block that stage 2 can map as one. */
#define GZVM_MARK_BLOCK		XA_MARK_0
/* Pages returned at once, as pointers on the stack. */
#define GZVM_PUT_BATCH		64

/**
 * gzvm_mem_get() - get pages of the VMM for the guest
 * @vm: the VM
 * @slot: the slot
 * @gfn: first guest frame, in the slot
 * @nr: number of frames, all in the slot
 * @pages: result
 *
 * Context: process of the VM's creator; slots_lock held, map_lock not.
 * Return: how many pages were got, from the first on, at least 1; -ENOMEM over
 * RLIMIT_MEMLOCK; -EFAULT where no writable memory is that may be pinned; -EINTR if the
 * process is being killed; other errnos of the memory manager.
 */
int gzvm_mem_get(struct gzvm *vm, const struct gzvm_memslot *slot, u64 gfn,
		 unsigned long nr, struct page **pages)
{
	unsigned long hva = slot->hva + ((gfn - slot->gfn) << PAGE_SHIFT);
	int ret, got;

	ret = account_locked_vm(vm->mm, nr, true);
	if (ret)
		return ret;

	got = pin_user_pages_fast(hva, nr, FOLL_WRITE | FOLL_LONGTERM, pages);
	if (got < (int)nr)
		account_locked_vm(vm->mm, nr - max(got, 0), false);
	return got ? got : -EFAULT;
}

/**
 * gzvm_mem_put() - return pages to the VMM
 * @vm: the VM
 * @pages: pages of gzvm_mem_get(); the guest cannot reach them any more
 * @nr: their number
 *
 * Context: process; map_lock not held; may sleep.
 */
void gzvm_mem_put(struct gzvm *vm, struct page **pages, unsigned long nr)
{
	unpin_user_pages_dirty_lock(pages, nr, true);
	account_locked_vm(vm->mm, nr, false);
}

static u64 gzvm_block_first(u64 gfn)
{
	return round_down(gfn, GZVM_BLOCK_PAGES);
}

/* Takes up to @max recorded pages of a range out of the record. map_lock held. */
static unsigned long gzvm_pages_forget(struct gzvm *vm, u64 gfn, u64 last, struct page **pages,
				       unsigned long max)
{
	unsigned long index, n = 0;
	struct page *page;

	xa_for_each_range(&vm->pages, index, page, gfn, last) {
		u64 first = gzvm_block_first(index);

		if (xa_get_mark(&vm->pages, first, GZVM_MARK_BLOCK)) {
			xa_clear_mark(&vm->pages, first, GZVM_MARK_BLOCK);
			vm->nr_blocks--;
		}
		xa_erase(&vm->pages, index);
		vm->nr_pages--;
		pages[n++] = page;
		if (n == max)
			break;
	}
	return n;
}

/* A call that works on a bounded part and asks for the next one by BUSY. */
static int gzvm_mmu_unmap_hyp(struct gzvm *vm, u64 gfn, u64 nr)
{
	int ret;

	do {
		ret = gzvm_hypcall(GZVM_FN_UNMAP, NULL, vm->vm_id, gfn, nr);
		cond_resched();
	} while (ret == -EAGAIN);
	return ret;
}

/**
 * gzvm_mem_invalidate() - take a range away from the guest and return its pages
 * @vm: the VM; the hypervisor has UNMAP
 * @gfn: first guest frame
 * @nr: number of frames
 *
 * Context: process; map_lock not held. Unless slots_lock is held for writing a vCPU may fault
 * the range in again meanwhile.
 * Return: 0 or what the hypervisor says; then the rest of the range is as it was.
 */
int gzvm_mem_invalidate(struct gzvm *vm, u64 gfn, u64 nr)
{
	struct page *pages[GZVM_PUT_BATCH];
	u64 last = gfn + nr - 1;
	unsigned long index = gfn;
	unsigned long n;
	int ret;

	for (;;) {
		mutex_lock(&vm->map_lock);
		if (!xa_find(&vm->pages, &index, last, XA_PRESENT)) {
			mutex_unlock(&vm->map_lock);
			return 0;
		}
		n = min_t(u64, GZVM_PUT_BATCH, last - index + 1);
		ret = gzvm_mmu_unmap_hyp(vm, index, n);
		if (ret) {
			mutex_unlock(&vm->map_lock);
			return ret;
		}
		n = gzvm_pages_forget(vm, index, index + n - 1, pages, n);
		mutex_unlock(&vm->map_lock);

		gzvm_mem_put(vm, pages, n);
		cond_resched();
	}
}

/**
 * gzvm_mmu_has_pages() - may stage 2 map anything in a range?
 * @vm: the VM
 * @gfn: first guest frame
 * @nr: number of frames, not 0
 *
 * Return: true if it may.
 */
bool gzvm_mmu_has_pages(struct gzvm *vm, u64 gfn, u64 nr)
{
	unsigned long index = gfn;

	return xa_find(&vm->pages, &index, gfn + nr - 1, XA_PRESENT);
}

/* Physically contiguous runs of pages become one constituent each. map_lock held. */
static int gzvm_mmu_give_region(struct gzvm *vm, const struct gzvm_memslot *slot, u64 gfn,
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
 * The call that this VM's way of paging takes. The same page for the same frame is success to
 * the hypervisor, however often, so a call that was BUSY half-way is simply made again.
 * map_lock held.
 */
static int gzvm_mmu_give(struct gzvm *vm, const struct gzvm_memslot *slot, u64 gfn,
			 struct page **pages, unsigned int nr)
{
	unsigned int i;

	if (!vm->demand_paging)
		return gzvm_mmu_give_region(vm, slot, gfn, pages, nr);
	if (!vm->block_paging)
		return gzvm_hypcall_wait(GZVM_FN_MAP_GUEST, NULL, vm->vm_id, slot->id,
					 page_to_pfn(pages[0]), gfn, 1);

	for (i = 0; i < nr; i++)
		vm->mailbox[i] = cpu_to_le64(page_to_pfn(pages[i]));
	return gzvm_hypcall_wait(GZVM_FN_MAP_GUEST_BLOCK, NULL, vm->vm_id, slot->id, gfn, nr);
}

/* Counts a block where the pages form one, so that debugfs can tell. map_lock held. */
static void gzvm_mmu_note_block(struct gzvm *vm, u64 gfn, struct page **pages, unsigned int nr)
{
	unsigned long pfn = page_to_pfn(pages[0]);
	unsigned int i;

	if (nr != GZVM_BLOCK_PAGES || gfn != gzvm_block_first(gfn) ||
	    pfn % GZVM_BLOCK_PAGES || xa_get_mark(&vm->pages, gfn, GZVM_MARK_BLOCK))
		return;
	for (i = 1; i < nr; i++)
		if (page_to_pfn(pages[i]) != pfn + i)
			return;
	xa_set_mark(&vm->pages, gfn, GZVM_MARK_BLOCK);
	vm->nr_blocks++;
}

/**
 * struct gzvm_chunk - frames that are being mapped
 * @slot: their slot
 * @gfn: the first
 * @nr: how many there are pages for
 * @pages: their pages
 * @fresh: which of them this chunk got itself: they are returned unless they are recorded
 */
struct gzvm_chunk {
	const struct gzvm_memslot *slot;
	u64 gfn;
	unsigned int nr;
	struct page **pages;
	DECLARE_BITMAP(fresh, GZVM_BLOCK_PAGES);
};

/*
 * Finds a page for each frame: the recorded one or a fresh one. Stops where there is none.
 * What is recorded may go before map_lock is taken; gzvm_chunk_record() looks again.
 */
static int gzvm_chunk_fill(struct gzvm *vm, struct gzvm_chunk *chunk, unsigned int want)
{
	unsigned int first, end;
	int got;

	while (chunk->nr < want) {
		first = chunk->nr;
		if (xa_load(&vm->pages, chunk->gfn + first)) {
			chunk->nr++;
			continue;
		}
		for (end = first + 1; end < want; end++)
			if (xa_load(&vm->pages, chunk->gfn + end))
				break;

		got = gzvm_mem_get(vm, chunk->slot, chunk->gfn + first, end - first,
				   chunk->pages + first);
		if (got < 0)
			return first ? 0 : got;
		bitmap_set(chunk->fresh, first, got);
		chunk->nr += got;
		if (got < (int)(end - first))
			break;
	}
	return 0;
}

/* Returns the fresh pages from @from on that were not recorded. */
static void gzvm_chunk_put_fresh(struct gzvm *vm, struct gzvm_chunk *chunk, unsigned int from)
{
	unsigned int start = from, end;

	for_each_set_bitrange_from(start, end, chunk->fresh, GZVM_BLOCK_PAGES)
		gzvm_mem_put(vm, chunk->pages + start, end - start);
}

/*
 * Records the fresh pages. Of two vCPUs that fault on one frame the second takes the page of
 * the first; @spare gets its own. Returns how many frames are recorded now.
 */
static unsigned int gzvm_chunk_record(struct gzvm *vm, struct gzvm_chunk *chunk,
				      struct page **spare, unsigned int *nr_spare)
{
	struct page *page;
	unsigned int i;

	for (i = 0; i < chunk->nr; i++) {
		page = xa_load(&vm->pages, chunk->gfn + i);
		if (page) {
			if (test_and_clear_bit(i, chunk->fresh))
				spare[(*nr_spare)++] = chunk->pages[i];
			chunk->pages[i] = page;
			continue;
		}
		if (!test_bit(i, chunk->fresh))
			break;
		if (xa_err(xa_store(&vm->pages, chunk->gfn + i, chunk->pages[i],
				    GFP_KERNEL_ACCOUNT)))
			break;
		vm->nr_pages++;
	}
	return i;
}

/* The hypervisor refused: the fresh pages are forgotten again, and unmapped for sure. */
static void gzvm_chunk_unrecord(struct gzvm *vm, struct gzvm_chunk *chunk, unsigned int nr)
{
	unsigned int i;

	if (!nr)
		return;
	if (!gzvm_hyp_has(GZVM_HYP_FEAT_UNMAP) ||
	    gzvm_mmu_unmap_hyp(vm, chunk->gfn, nr)) {
		/* Some may be mapped: they stay recorded until the VM goes. */
		bitmap_clear(chunk->fresh, 0, nr);
		return;
	}
	for_each_set_bit(i, chunk->fresh, nr) {
		xa_erase(&vm->pages, chunk->gfn + i);
		vm->nr_pages--;
	}
}

/**
 * gzvm_mmu_map() - give frames of a slot to the guest
 * @vm: the VM
 * @slot: the slot
 * @gfn: first guest frame, in the slot
 * @want: number of frames, all in the slot, at most GZVM_BLOCK_PAGES
 * @pages: room for as many pages
 *
 * Context: process of the VM's creator; slots_lock held.
 * Return: how many frames the guest has now, from the first on, at least 1; or the errno of
 * the first one.
 */
static int gzvm_mmu_map(struct gzvm *vm, const struct gzvm_memslot *slot, u64 gfn,
			unsigned int want, struct page **pages)
{
	struct gzvm_chunk chunk = { .slot = slot, .gfn = gfn, .pages = pages };
	struct page **spare;
	unsigned int done, nr_spare = 0;
	int ret;

	spare = kmalloc_array(want, sizeof(*spare), GFP_KERNEL_ACCOUNT);
	if (!spare)
		return -ENOMEM;
	ret = gzvm_chunk_fill(vm, &chunk, want);
	if (ret)
		goto out;

	mutex_lock(&vm->map_lock);
	done = gzvm_chunk_record(vm, &chunk, spare, &nr_spare);
	if (done)
		ret = gzvm_mmu_give(vm, slot, gfn, pages, done);
	else /* no memory for the record, or the recorded page went meanwhile: look again */
		ret = test_bit(0, chunk.fresh) ? -ENOMEM : -EAGAIN;
	if (ret)
		gzvm_chunk_unrecord(vm, &chunk, done);
	else
		gzvm_mmu_note_block(vm, gfn, pages, done);
	mutex_unlock(&vm->map_lock);

	gzvm_chunk_put_fresh(vm, &chunk, ret ? 0 : done);
	if (nr_spare)
		gzvm_mem_put(vm, spare, nr_spare);
	if (!ret)
		ret = done;
out:
	kfree(spare);
	return ret;
}

/* The block of 2 MiB around a frame, as much of it as the slot has. Best effort. */
static bool gzvm_mmu_fault_block(struct gzvm_vcpu *vcpu, const struct gzvm_memslot *slot,
				 u64 gfn)
{
	u64 start = max(gzvm_block_first(gfn), slot->gfn);
	u64 end = min(gzvm_block_first(gfn) + GZVM_BLOCK_PAGES, slot->gfn + slot->npages);
	unsigned int batch = READ_ONCE(gzvm_hyp.demand_batch);
	u64 pos = start;
	int ret;

	while (pos < end) {
		ret = gzvm_mmu_map(vcpu->vm, slot, pos, min_t(u64, batch, end - pos),
				   vcpu->fault_pages);
		if (ret < 0)
			break;
		pos += ret;
	}
	return pos > gfn;
}

/**
 * gzvm_mmu_fault() - the guest touched a frame that stage 2 does not map
 * @vcpu: the vCPU, locked
 * @gpa: guest physical address of the access
 *
 * Context: process of the VM's creator.
 * Return: 0 if the guest can go on; -EFAULT where no slot or no memory is, or the VM does not
 * page on demand; -ENOMEM over RLIMIT_MEMLOCK or when the hypervisor's memory is used up.
 */
int gzvm_mmu_fault(struct gzvm_vcpu *vcpu, u64 gpa)
{
	struct gzvm *vm = vcpu->vm;
	u64 gfn = gpa >> PAGE_SHIFT;
	struct gzvm_memslot *slot;
	int ret;

	if (!vm->demand_paging)
		return -EFAULT;

	guard(rwsem_read)(&vm->slots_lock);
	slot = gzvm_memslot_find(vm, gfn);
	if (!slot)
		return -EFAULT;
	if (vm->block_paging && gzvm_mmu_fault_block(vcpu, slot, gfn))
		return 0;

	/* The page alone may work where its neighbours do not; if not, its errno counts. */
	ret = gzvm_mmu_map(vm, slot, gfn, 1, vcpu->fault_pages);
	/* Who is being killed finds the signal in RUN. */
	if (ret == -EINTR || ret == -ERESTARTSYS || ret == -EAGAIN)
		return 0;
	return ret < 0 ? ret : 0;
}

/**
 * gzvm_mmu_populate() - give a whole slot to a VM that does not page on demand
 * @vm: the VM
 * @slot: the slot
 *
 * Context: process of the VM's creator; slots_lock held for writing.
 * Return: 0 or a negative errno, with part of the slot given.
 */
int gzvm_mmu_populate(struct gzvm *vm, const struct gzvm_memslot *slot)
{
	struct page **pages;
	u64 pos = 0;
	int ret = 0;

	pages = kcalloc(GZVM_MAX_CONSTITUENTS, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;

	while (pos < slot->npages) {
		ret = gzvm_mmu_map(vm, slot, slot->gfn + pos,
				   min_t(u64, GZVM_MAX_CONSTITUENTS, slot->npages - pos), pages);
		if (ret < 0)
			break;
		pos += ret;
	}
	kfree(pages);
	return min(ret, 0);
}

/**
 * gzvm_mmu_relinquish() - the guest gives a page back
 * @vcpu: the vCPU, locked
 * @gpa: guest physical address of the page
 *
 * Context: process.
 * Return: 0, also if the page was never touched; -EINVAL for an address that is not a page's
 * or in no slot; what the hypervisor says.
 */
int gzvm_mmu_relinquish(struct gzvm_vcpu *vcpu, u64 gpa)
{
	struct gzvm *vm = vcpu->vm;
	u64 gfn = gpa >> PAGE_SHIFT;
	struct page *page;
	unsigned int id;
	unsigned long n;

	if (!PAGE_ALIGNED(gpa))
		return -EINVAL;

	guard(rwsem_read)(&vm->slots_lock);
	if (!gzvm_memslot_find(vm, gfn))
		return -EINVAL;
	if (gzvm_hyp_has(GZVM_HYP_FEAT_UNMAP))
		return gzvm_mem_invalidate(vm, gfn, 1);

	/*
	 * Without UNMAP the hypervisor has taken the page from the guest before this exit, but
	 * another vCPU may have faulted it in again since: with several the pin stays.
	 */
	for (id = 0; id < GZVM_MAX_VCPUS; id++)
		/* Pairs with the release in gzvm_vcpu_new(). */
		if (id != vcpu->id && smp_load_acquire(&vm->vcpus[id]))
			return 0;
	mutex_lock(&vm->map_lock);
	n = gzvm_pages_forget(vm, gfn, gfn, &page, 1);
	mutex_unlock(&vm->map_lock);
	if (n)
		gzvm_mem_put(vm, &page, n);
	return 0;
}

/**
 * gzvm_mmu_destroy() - return all pages of a VM that the hypervisor does not know any more
 * @vm: the VM; nobody uses it
 * @leak: the hypervisor kept them: they stay pinned for good
 */
void gzvm_mmu_destroy(struct gzvm *vm, bool leak)
{
	struct page *pages[GZVM_PUT_BATCH];
	unsigned long n;

	while (!leak) {
		mutex_lock(&vm->map_lock);
		n = gzvm_pages_forget(vm, 0, ULONG_MAX, pages, GZVM_PUT_BATCH);
		mutex_unlock(&vm->map_lock);
		if (!n)
			break;
		gzvm_mem_put(vm, pages, n);
		cond_resched();
	}
	xa_destroy(&vm->pages);
}
