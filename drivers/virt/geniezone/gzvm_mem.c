// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: pages of the VMM that the guest has.
 *
 * There are two ways to hold a page, and a VM has one of them for its life (gzvm.pinned):
 *
 *   Not held at all. The hypervisor can take a page back at any time (UNMAP), so an MMU
 *   notifier does that before the page goes: memory is swapped, migrated, merged and punched
 *   out as the kernel and the VMM like, and the next access of the guest faults in what the
 *   VMM has there then. gzvm_mem_get() takes a reference only for as long as it takes to map
 *   the page; mmu_interval_read_retry() under map_lock tells whether it still is the VMM's.
 *
 *   Pinned, where the hypervisor has no UNMAP, or no demand paging. Such pages count as locked
 *   memory of the VMM, and the kernel refuses those that must not be pinned for long.
 *
 * gzvm.pages records what stage 2 may map: a page is recorded before the hypervisor is told to
 * map it and forgotten after the hypervisor has unmapped it. The hypervisor may drop any
 * mapping by itself, so a fault on a recorded page is answered with that same page. Without
 * pins an entry is not a reference; it holds only as long as no notifier has come. A huge page
 * that is given as a block is then one entry for 512 frames, whose page is that of the first:
 * it comes and goes as a whole, as a block does in stage 2. Pinned pages have an entry each.
 *
 * The notifier is called by whoever changes the VMM's memory, reclaim included, and takes
 * map_lock: so nothing that may reclaim memory is done under map_lock.
 */

#include <linux/errno.h>
#include <linux/gzvm_drv.h>
#include <linux/kconfig.h>
#include <linux/lockdep.h>
#include <linux/memremap.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>
#include <kunit/static_stub.h>

/* First frame of a 2 MiB block that stage 2 can map as one. */
#define GZVM_MARK_BLOCK		XA_MARK_0
/* Pinned pages returned at once, as pointers on the stack. */
#define GZVM_PUT_BATCH		64

/* How many, from the first on, are RAM. What is not (DAX) is not the hypervisor's to lend. */
static long gzvm_mem_count_ram(struct page **pages, long got)
{
	long i;

	for (i = 0; i < got; i++)
		if (is_zone_device_page(pages[i]))
			break;
	return i;
}

/* What is at hand, from the @got-th page on. Returns how many there are then. */
static long gzvm_mem_get_fast(unsigned long hva, long nr, struct page **pages, long got)
{
	return got + max(get_user_pages_fast_only(hva + (got << PAGE_SHIFT), nr - got, FOLL_WRITE,
						  pages + got), 0);
}

/* The same with what has to be waited for. An errno if that makes none at all. */
static long gzvm_mem_get_slow(unsigned long hva, long nr, struct page **pages, long got)
{
	/* A vCPU that waits here (userfaultfd, say) is one that a signal must reach. */
	long more = get_user_pages_unlocked(hva + (got << PAGE_SHIFT), nr - got, pages + got,
					    FOLL_WRITE | FOLL_HWPOISON | FOLL_INTERRUPTIBLE);

	return more > 0 || got ? got + max(more, 0) : more;
}

static int gzvm_mem_get_unpinned(unsigned long hva, long nr, bool fault, struct page **pages)
{
	long got = gzvm_mem_get_fast(hva, nr, pages, 0), more, ram;

	if (got < nr && fault) {
		/* One at first: it may be a huge page, and the rest of that is at hand then. */
		more = gzvm_mem_get_slow(hva, got + 1, pages, got);
		if (more > got && more < nr) {
			more = gzvm_mem_get_fast(hva, nr, pages, more);
			if (more < nr)
				more = gzvm_mem_get_slow(hva, nr, pages, more);
		}
		got = more;
	}
	if (got <= 0)
		return got ? got : -EFAULT;
	ram = gzvm_mem_count_ram(pages, got);
	if (ram < got)
		release_pages(pages + ram, got - ram);
	return ram ? ram : -EFAULT; /* not reached: no machine of the tests has DAX */
}

/*
 * What is counted is what is kept: nobody's limit is charged for pages that are not there.
 * pin_lock keeps two vCPUs from pinning and counting one page twice.
 */
static int gzvm_mem_get_pinned(struct gzvm *vm, unsigned long hva, unsigned long nr,
			       struct page **pages)
{
	unsigned int flags = FOLL_WRITE | FOLL_LONGTERM | FOLL_HWPOISON;
	long got, ram;
	int ret;

	/* As in gzvm_mem_get_slow(). A slot that is given as a whole is not given by halves. */
	if (vm->demand_paging)
		flags |= FOLL_INTERRUPTIBLE;
	got = pin_user_pages_unlocked(hva, nr, pages, flags);
	if (got <= 0)
		return got ? got : -EFAULT;
	ram = gzvm_mem_count_ram(pages, got);
	if (ram < got)
		unpin_user_pages(pages + ram, got - ram);
	if (!ram)
		return -EFAULT; /* not reached: no machine of the tests has DAX */
	ret = account_locked_vm(vm->mm, ram, true);
	if (ret) {
		unpin_user_pages(pages, ram);
		return ret;
	}
	return ram;
}

/**
 * gzvm_mem_get() - get pages of the VMM for the guest
 * @vm: the VM
 * @slot: the slot
 * @gfn: first guest frame, in the slot
 * @nr: number of frames, all in the slot
 * @fault: also pages that the VMM has not, at the moment: from swap, never touched...
 * @pages: result
 *
 * Context: process of the VM's creator; slots_lock held, map_lock not.
 * Return: how many pages were got, from the first on, at least 1; -ENOMEM over
 * RLIMIT_MEMLOCK; -EFAULT where no writable memory is that can be given; -EHWPOISON; -EINTR for
 * a signal; other errnos of the memory manager.
 */
int gzvm_mem_get(struct gzvm *vm, struct gzvm_memslot *slot, u64 gfn,
		 unsigned long nr, bool fault, struct page **pages)
{
	unsigned long hva = slot->hva + ((gfn - slot->gfn) << PAGE_SHIFT);

	KUNIT_STATIC_STUB_REDIRECT(gzvm_mem_get, vm, slot, gfn, nr, fault, pages);

	lockdep_assert_held(&vm->slots_lock);
	if (vm->pinned)
		return gzvm_mem_get_pinned(vm, hva, nr, pages);
	return gzvm_mem_get_unpinned(hva, nr, fault, pages);
}

/* Those of a huge page follow each other: their references go together. */
static void gzvm_mem_release(struct page **pages, unsigned long nr)
{
	unsigned long i, end;
	struct folio *folio;

	for (i = 0; i < nr; i = end) {
		folio = page_folio(pages[i]);
		for (end = i + 1; end < nr && page_folio(pages[end]) == folio; end++)
			;
		folio_put_refs(folio, end - i);
	}
}

/**
 * gzvm_mem_put() - give back what gzvm_mem_get() took
 * @vm: the VM
 * @pages: pages; pinned ones the guest cannot reach any more
 * @nr: their number
 *
 * Context: process; map_lock not held; may sleep.
 */
void gzvm_mem_put(struct gzvm *vm, struct page **pages, unsigned long nr)
{
	if (!vm->pinned) {
		gzvm_mem_release(pages, nr);
		return;
	}
	unpin_user_pages_dirty_lock(pages, nr, true);
	account_locked_vm(vm->mm, nr, false);
}

static u64 gzvm_block_first(u64 gfn)
{
	return round_down(gfn, GZVM_BLOCK_PAGES);
}

/* Can stage 2 map 512 pages, which are for the frames from @gfn on, as a block? */
static bool gzvm_mem_is_block(u64 gfn, struct page **pages)
{
	unsigned long pfn = page_to_pfn(pages[0]);
	unsigned int i;

	if (gfn != gzvm_block_first(gfn) || pfn % GZVM_BLOCK_PAGES)
		return false;
	for (i = 1; i < GZVM_BLOCK_PAGES; i++)
		if (page_to_pfn(pages[i]) != pfn + i)
			return false;
	return true;
}

/* One entry for a huge page. Returns false where there has to be one for each of its pages. */
static bool gzvm_mem_record_huge(struct gzvm *vm, u64 gfn, struct page *first)
{
	XA_STATE_ORDER(xas, &vm->pages, gfn, GZVM_BLOCK_ORDER);
	struct folio *folio = page_folio(first);
	bool done = false;

	/* A huge page is known only to kernels that have such entries. */
	if (!IS_ENABLED(CONFIG_XARRAY_MULTI) || folio_nr_pages(folio) < GZVM_BLOCK_PAGES)
		return false;

	xas_lock(&xas);
	if (!xas_find_conflict(&xas)) {
		do
			xas_store(&xas, first);
		while (xas_nomem(&xas, GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN));
		done = !xas_error(&xas);
	}
	xas_unlock(&xas);
	if (done) {
		vm->nr_pages += GZVM_BLOCK_PAGES;
		folio_set_dirty(folio);
	}
	return done;
}

/**
 * gzvm_mem_record() - pages are about to be mapped
 * @vm: the VM; map_lock held
 * @gfn: the first guest frame
 * @pages: their pages, got with gzvm_mem_get()
 * @nr: their number
 *
 * The guest can write what is recorded from now on without a fault, so it becomes dirty. Nobody
 * can find it clean and drop it meanwhile: that would need the notifier, which waits for
 * map_lock.
 *
 * All of them are of one block, but for pinned ones: where another vCPU has recorded the huge page
 * around them meanwhile they are its pages, see gzvm_chunk_record(), and its entry stays. To store
 * a page there would replace it for all of its frames.
 *
 * Return: how many, from the first on, are recorded; fewer than @nr where there was no memory
 * for a record: gzvm_mem_prepare() helps.
 */
unsigned int gzvm_mem_record(struct gzvm *vm, u64 gfn, struct page **pages, unsigned int nr)
{
	XA_STATE(xas, &vm->pages, gfn);
	unsigned int i;
	void *old;

	KUNIT_STATIC_STUB_REDIRECT(gzvm_mem_record, vm, gfn, pages, nr);

	lockdep_assert_held(&vm->map_lock);
	if (xa_get_order(&vm->pages, gfn))
		return nr;
	if (!vm->pinned && nr == GZVM_BLOCK_PAGES && gzvm_mem_is_block(gfn, pages) &&
	    gzvm_mem_record_huge(vm, gfn, pages[0]))
		return nr;

	/* One walk for all: a block has 512 of them. */
	xas_lock(&xas);
	for (i = 0; i < nr; i++, xas_next(&xas)) {
		do {
			old = xas_store(&xas, pages[i]);
		} while (xas_nomem(&xas, GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN));
		if (xas_error(&xas))
			break;
		vm->nr_pages += !old || xa_is_zero(old);
		if (!vm->pinned)
			folio_set_dirty(page_folio(pages[i]));
	}
	xas_unlock(&xas);
	return i;
}

/**
 * gzvm_mem_find() - the page that is recorded for a frame
 * @vm: the VM; map_lock held
 * @gfn: the guest frame
 *
 * Return: the page, or NULL.
 */
struct page *gzvm_mem_find(struct gzvm *vm, u64 gfn)
{
	struct page *page = xa_load(&vm->pages, gfn);

	if (page && xa_get_order(&vm->pages, gfn))
		page = pfn_to_page(page_to_pfn(page) + gfn - gzvm_block_first(gfn));
	return page;
}

/**
 * gzvm_mem_prepare() - allocate what gzvm_mem_record() needs for a frame
 * @vm: the VM
 * @gfn: the guest frame
 *
 * Context: process; map_lock not held.
 * Return: 0 or -ENOMEM.
 */
int gzvm_mem_prepare(struct gzvm *vm, u64 gfn)
{
	return xa_reserve(&vm->pages, gfn, GFP_KERNEL_ACCOUNT);
}

/**
 * gzvm_mem_record_block() - 512 pages were mapped at once: as a block?
 * @vm: the VM; map_lock held
 * @gfn: the first frame
 * @pages: the pages
 *
 * Counts a block where the pages form one, so that debugfs can tell.
 */
void gzvm_mem_record_block(struct gzvm *vm, u64 gfn, struct page **pages)
{
	if (xa_get_mark(&vm->pages, gfn, GZVM_MARK_BLOCK))
		return;
	if (!xa_get_order(&vm->pages, gfn) && !gzvm_mem_is_block(gfn, pages))
		return;
	xa_set_mark(&vm->pages, gfn, GZVM_MARK_BLOCK);
	vm->nr_blocks++;
}

/**
 * gzvm_mem_forget() - take recorded pages of a range out of the record
 * @vm: the VM; map_lock held
 * @gfn: first frame
 * @last: last frame
 * @pages: room for @max pages, or NULL
 * @max: number of pages to stop after
 *
 * A huge page's entry goes whole, also for a part of it: what is left of it in the range's
 * blocks must be unmapped, too.
 *
 * Context: anything that may hold a mutex; allocates nothing.
 * Return: number of pages.
 */
unsigned long gzvm_mem_forget(struct gzvm *vm, u64 gfn, u64 last, struct page **pages,
			      unsigned long max)
{
	unsigned long index, count, n = 0;
	struct page *page;

	KUNIT_STATIC_STUB_REDIRECT(gzvm_mem_forget, vm, gfn, last, pages, max);

	lockdep_assert_held(&vm->map_lock);
	xa_for_each_range(&vm->pages, index, page, gfn, last) {
		u64 first = gzvm_block_first(index);

		count = 1UL << xa_get_order(&vm->pages, index);
		if (xa_get_mark(&vm->pages, first, GZVM_MARK_BLOCK)) {
			xa_clear_mark(&vm->pages, first, GZVM_MARK_BLOCK);
			vm->nr_blocks--;
		}
		xa_erase(&vm->pages, index);
		vm->nr_pages -= count;
		/* Only pinned pages are asked for. */
		if (pages)
			pages[n] = page;
		n += count;
		if (n >= max)
			break;
	}
	return n;
}

/**
 * gzvm_mem_unmap_hyp() - the UNMAP hypercall
 * @vm: the VM
 * @gfn: first frame
 * @nr: number of frames, at most a block of them, so that the call is short
 * @may_sleep: not where sleep is forbidden by non_block_start()
 *
 * Context: process; map_lock held.
 * Return: 0 or what the hypervisor says; -EBUSY if it does not end to be BUSY.
 */
int gzvm_mem_unmap_hyp(struct gzvm *vm, u64 gfn, u64 nr, bool may_sleep)
{
	lockdep_assert_held(&vm->map_lock);
	return gzvm_hypcall_rounds(GZVM_FN_UNMAP, gzvm_hyp.busy_rounds, may_sleep, vm->vm_id,
				   gfn, nr);
}

/*
 * Takes the next recorded pages of a range from the guest: up to @max, all of one block, and
 * those that share an entry with them. @gfn moves behind them. Returns their number, 0 at the
 * end, or an errno. map_lock held.
 */
static long gzvm_mem_take(struct gzvm *vm, unsigned long *gfn, u64 last, struct page **pages,
			  unsigned long max, bool may_sleep)
{
	unsigned long n;
	u64 start, end;
	int ret;

	if (*gfn > last || !xa_find(&vm->pages, gfn, last, XA_PRESENT))
		return 0;
	start = *gfn;
	end = gzvm_block_first(start) + GZVM_BLOCK_PAGES - 1;
	if (xa_get_order(&vm->pages, start))
		start = gzvm_block_first(start);
	else
		end = min(end, min_t(u64, last, start + max - 1));
	ret = gzvm_mem_unmap_hyp(vm, start, end - start + 1, may_sleep);
	if (ret)
		return ret;
	n = gzvm_mem_forget(vm, start, end, pages, max);
	*gfn = end + 1;
	return n;
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
	unsigned long pos = gfn;
	long n;

	do {
		mutex_lock(&vm->map_lock);
		n = gzvm_mem_take(vm, &pos, gfn + nr - 1, vm->pinned ? pages : NULL,
				  vm->pinned ? GZVM_PUT_BATCH : GZVM_BLOCK_PAGES, true);
		mutex_unlock(&vm->map_lock);
		if (n > 0 && vm->pinned)
			gzvm_mem_put(vm, pages, n);
		cond_resched();
	} while (n > 0);
	return n;
}

/**
 * gzvm_mem_has_pages() - may stage 2 map anything in a range?
 * @vm: the VM
 * @gfn: first guest frame
 * @nr: number of frames, not 0
 *
 * Return: true if it may.
 */
bool gzvm_mem_has_pages(struct gzvm *vm, u64 gfn, u64 nr)
{
	unsigned long index = gfn;

	return xa_find(&vm->pages, &index, gfn + nr - 1, XA_PRESENT);
}

/* All of a range, a batch at a time: a big VM has millions. map_lock held. */
static void gzvm_mem_forget_all(struct gzvm *vm, u64 gfn, u64 last, bool may_sleep)
{
	while (gzvm_mem_forget(vm, gfn, last, NULL, GZVM_BLOCK_PAGES))
		if (may_sleep)
			cond_resched();
}

/**
 * gzvm_mem_lose() - the hypervisor did not give pages back
 * @vm: the VM; map_lock held; it is broken from now on
 * @gfn: first frame
 * @last: last frame
 * @error: what the hypervisor says
 * @may_sleep: not where sleep is forbidden by non_block_start()
 *
 * Nobody must get them again, so those that are recorded, and still there, keep a reference for
 * good.
 *
 * Context: process.
 */
void gzvm_mem_lose(struct gzvm *vm, u64 gfn, u64 last, int error, bool may_sleep)
{
	unsigned long index;
	struct page *page;

	pr_err_once("gzvm: the hypervisor keeps memory of VM %u (error %d): it stays lost\n",
		    vm->vm_id, error);
	WRITE_ONCE(vm->broken, true);
	/* Those who sleep in RUN are to return, too. */
	gzvm_vm_wake(vm, ~0ULL);
	if (!vm->pinned)
		xa_for_each_range(&vm->pages, index, page, gfn, last)
			get_page(page);
	gzvm_mem_forget_all(vm, gfn, last, may_sleep);
}

/* Part of the VMM's memory is going to change, go or move. */
static bool gzvm_mem_notify(struct mmu_interval_notifier *mni,
			    const struct mmu_notifier_range *range, unsigned long seq)
{
	struct gzvm_memslot *slot = container_of(mni, struct gzvm_memslot, mni);
	bool may_sleep = mmu_notifier_range_blockable(range);
	struct gzvm *vm = slot->vm;
	unsigned long start, end, pos;
	u64 last;
	long n;

	/* Who looks for memory to kill for (OOM) comes back later, or does without. */
	if (may_sleep)
		mutex_lock(&vm->map_lock);
	else if (!mutex_trylock(&vm->map_lock))
		return false;
	mmu_interval_set_seq(mni, seq);

	start = max(range->start, slot->hva);
	end = min(range->end, slot->hva + (slot->npages << PAGE_SHIFT));
	pos = slot->gfn + ((start - slot->hva) >> PAGE_SHIFT);
	last = slot->gfn + ((end - 1 - slot->hva) >> PAGE_SHIFT);
	for (;;) {
		n = gzvm_mem_take(vm, &pos, last, NULL, GZVM_BLOCK_PAGES, may_sleep);
		if (n <= 0)
			break;
		if (may_sleep)
			cond_resched();
	}
	if (n < 0)
		gzvm_mem_lose(vm, pos, last, n, may_sleep);
	mutex_unlock(&vm->map_lock);
	return true;
}

static const struct mmu_interval_notifier_ops gzvm_mem_notifier_ops = {
	.invalidate = gzvm_mem_notify,
};

/**
 * gzvm_mem_watch_error() - what an ioctl returns that could not register a notifier
 * @error: 0 or the errno of the memory manager
 *
 * It gives up for any signal, however harmless. Nothing has happened then, so the ioctl begins
 * again once the signal is handled.
 *
 * Return: 0 or a negative errno.
 */
int gzvm_mem_watch_error(int error)
{
	return error == -EINTR ? -ERESTARTNOINTR : error;
}

/**
 * gzvm_mem_watch() - learn of changes of the memory behind a slot
 * @slot: the slot, complete; nothing of it is mapped yet
 *
 * Context: process of the VM's creator; takes mmap_lock.
 * Return: 0 or a negative errno; -ERESTARTNOINTR for a signal.
 */
int gzvm_mem_watch(struct gzvm_memslot *slot)
{
	int ret;

	if (slot->vm->pinned)
		return 0;
	ret = mmu_interval_notifier_insert(&slot->mni, slot->vm->mm, slot->hva,
					   slot->npages << PAGE_SHIFT, &gzvm_mem_notifier_ops);
	return gzvm_mem_watch_error(ret);
}

/**
 * gzvm_mem_unwatch() - the end of gzvm_mem_watch()
 * @slot: the slot; nothing of it is mapped any more
 *
 * Context: process; waits for notifiers that are under way; map_lock not held.
 */
void gzvm_mem_unwatch(struct gzvm_memslot *slot)
{
	if (!slot->vm->pinned)
		mmu_interval_notifier_remove(&slot->mni);
}

/**
 * gzvm_mem_destroy() - return all pages of a VM that runs no more
 * @vm: the VM; nobody uses it but notifiers
 * @destroy: takes the VM from the hypervisor
 *
 * From the destruction on the VM's number can be another VM's, so no notifier may come in
 * between that and the end of the record.
 *
 * Context: process.
 * Return: 0 or the errno of @destroy: then the hypervisor has kept the pages, and they are lost.
 */
int gzvm_mem_destroy(struct gzvm *vm, int (*destroy)(struct gzvm *vm))
{
	struct page *pages[GZVM_PUT_BATCH];
	unsigned long n;
	int ret;

	mutex_lock(&vm->map_lock);
	ret = destroy(vm);
	if (ret)
		gzvm_mem_lose(vm, 0, ULONG_MAX, ret, true);
	else if (!vm->pinned)
		gzvm_mem_forget_all(vm, 0, ULONG_MAX, true);
	mutex_unlock(&vm->map_lock);

	/* Pinned ones: no notifier knows of them. */
	do {
		mutex_lock(&vm->map_lock);
		n = gzvm_mem_forget(vm, 0, ULONG_MAX, pages, GZVM_PUT_BATCH);
		mutex_unlock(&vm->map_lock);
		if (n)
			gzvm_mem_put(vm, pages, n);
		cond_resched();
	} while (n);
	xa_destroy(&vm->pages);
	return ret;
}
