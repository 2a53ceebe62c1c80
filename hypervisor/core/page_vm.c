// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that the host lends to plain VMs.
 *
 * The host goes on owning them; a VM's stage 2 is a cache of what it lends, and
 * each mapping there is counted as a borrower of the page. Counted before it is
 * mapped and until its TLB entries are gone: so page_lock need not be held while
 * a VM's tables change and caches are cleaned, only that VM's lock.
 */
#include <hyp/stage2.h>

#include "page_impl.h"

/* A physical address has at most 48 bits here. */
#define PFN_LIMIT (1UL << (48 - PAGE_SHIFT))

/* The end of the run of neighbours, within one 2 MiB block, that starts at @i. */
static unsigned int run_end(const u64 *pfns, unsigned int pages, unsigned int i)
{
	for (i++; i < pages && pfns[i] == pfns[i - 1] + 1; i++)
		if (IS_ALIGNED(pfns[i], PGTABLE_ENTRIES))
			break;
	return i;
}

/* All of them are RAM. */
static void count_pfns(const u64 *pfns, unsigned int pages, int n)
{
	unsigned int end;

	for (unsigned int i = 0; i < pages; i = end) {
		end = run_end(pfns, pages, i);
		page_count(pfns[i] << PAGE_SHIFT, end - i, n);
	}
}

/* One borrower more for each, or a refusal. Under page_lock, so nobody sees a part of it. */
static int borrow_pfns(const u64 *pfns, unsigned int pages)
{
	unsigned int end;
	int ret;

	for (unsigned int i = 0; i < pages; i = end) {
		pa_t base = pa(pfns[i] << PAGE_SHIFT);

		end = run_end(pfns, pages, i);
		ret = pfns[i] >= PFN_LIMIT ? -EPERM : page_check(base, end - i, PAGE_OWNER_HOST,
								 PAGE_MAX_BORROWERS);
		if (ret) {
			count_pfns(pfns, i, -1);
			return ret;
		}
		page_count(base.v, end - i, 1);
	}
	return 0;
}

/* A mapping is gone, or was there already and has been counted once too often. */
static void uncount(struct pgtable *vm __unused, u64 ia __unused, u64 base, u64 size,
		    void *arg __unused)
{
	spin_lock(&page_lock);
	page_count(base, size >> PAGE_SHIFT, -1);
	spin_unlock(&page_lock);
}

/*
 * The same, and the host goes on with what the page holds. Without FEAT_S2FWB a guest may have
 * written it past the caches, where the host could have an older copy.
 */
static void uncount_clean(struct pgtable *vm, u64 ia, u64 base, u64 size, void *arg)
{
	arch_dcache_clean_inval_pa(pa(base), size);
	uncount(vm, ia, base, size, arg);
}

/*
 * Without FEAT_S2FWB a guest whose MMU is off reads memory past the caches, and
 * would see what lay there before the host wrote it. Runs of neighbours go
 * together, up to a block.
 */
static void clean(const struct pgtable *vm, const struct pgtable_list *list)
{
	const u64 *pfns = list->pfns;
	unsigned int end;

	for (unsigned int i = 0; i < list->pages && !vm->fwb; i = end) {
		end = list->block ? list->pages : run_end(pfns, list->pages, i);
		arch_dcache_clean_inval_pa(pa(pfns[i] << PAGE_SHIFT), (u64)(end - i) << PAGE_SHIFT);
	}
	/* What an instruction cache holds of a page is from its former use. */
	if (list->prot & PROT_X)
		arch_icache_inval();
}

/**
 * page_lend_vm() - the host lends pages to a plain VM
 * @vm: stage 2 of the VM
 * @to: IPA of the first page, page aligned
 * @pfns: host frame numbers, one a page; any values. Not written by anybody else
 *        meanwhile: a copy, when they come from the host
 * @pages: their number, 1 to HYP_WORK_PAGES
 * @prot: PROT_*, without PROT_DEVICE
 *
 * 512 pages in step over an aligned block become a block of 2 MiB, anything else
 * pages. What is mapped there already is success and not counted twice; another
 * page at that IPA is replaced, as after a hole was punched on the host's side,
 * and a block that the list disagrees with is dropped whole.
 *
 * Context: the VM's lock; takes page_lock.
 * Return: 0, -EINVAL, -EPERM (any pfn not
 * the host's), -EBUSY (borrowers would overflow), -ENOMEM; a refusal maps nothing
 * and takes nothing away.
 */
int page_lend_vm(struct pgtable *vm, ipa_t to, const u64 *pfns, unsigned int pages, u32 prot)
{
	struct pgtable_list list = {
		.ia = to.v, .pfns = pfns, .pages = pages, .prot = prot, .surplus = uncount,
	};
	int ret;

	if (!pages || pages > HYP_WORK_PAGES || (prot & PROT_DEVICE))
		return -EINVAL;
	spin_lock(&page_lock);
	ret = borrow_pfns(pfns, pages);
	spin_unlock(&page_lock);
	if (ret)
		return ret;

	ret = pgtable_list_prepare(vm, &list);
	if (ret < 0) {
		spin_lock(&page_lock);
		count_pfns(pfns, pages, -1);
		spin_unlock(&page_lock);
		return ret == -EEXIST ? -EINVAL : ret;
	}
	if (ret)
		clean(vm, &list);
	pgtable_list_commit(vm, &list);
	return 0;
}

static void return_range(struct pgtable *vm, ipa_t from, u64 pages, pgtable_leaf_fn dropped)
{
	u64 limit = 1UL << vm->ia_bits;
	u64 ia = ALIGN_DOWN(from.v, PAGE_SIZE);

	if (ia >= limit || !pages)
		return;
	pages = MIN(pages, (limit - ia) >> PAGE_SHIFT);
	pgtable_drop(vm, ia, pages << PAGE_SHIFT, dropped, NULL);
}

/**
 * page_return_vm() - take lent pages out of a plain VM's stage 2
 * @vm: stage 2 of the VM
 * @from: first IPA; any value
 * @pages: their number; what is beyond the IPA space is ignored
 *
 * Everything that shares a leaf with the range goes, with its contents for the host; counts of
 * borrowers fall after the TLBs are clean. Needs no memory and cannot fail. The time it takes
 * grows with what is mapped in the range: callers bound it.
 *
 * Context: the VM's lock; takes page_lock.
 */
void page_return_vm(struct pgtable *vm, ipa_t from, u64 pages)
{
	return_range(vm, from, pages, vm->fwb ? uncount : uncount_clean);
}

/**
 * page_return_vm_some() - the same for a range of any size, bounded
 * @vm: stage 2 of the VM
 * @cursor: IPA to go on from, page aligned; moved
 * @end: IPA where the range ends, page aligned
 * @budget: work to do at most, about: 1 for a hole, 512 for 2 MiB with a table
 * @keep: the host needs the contents; not at the VM's end
 *
 * Something is always taken out, if there is anything, so a caller that starts from
 * the range's beginning again and again comes to its end: empty tables are freed,
 * so what stands before the first leaf is a few tables' worth of holes.
 *
 * Context: the VM's lock; takes page_lock.
 * Return: true when nothing is left from
 * the cursor on.
 */
bool page_return_vm_some(struct pgtable *vm, ipa_t *cursor, ipa_t end, unsigned int budget,
			 bool keep)
{
	pgtable_leaf_fn dropped = keep && !vm->fwb ? uncount_clean : uncount;
	u64 limit = MIN(1UL << vm->ia_bits, end.v), leaves = vm->pages + vm->blocks;

	while (vm->pages + vm->blocks && cursor->v < limit) {
		struct pgtable_leaf leaf = pgtable_lookup(vm, cursor->v);
		bool hole = !leaf.valid && leaf.level < PGTABLE_LAST_LEVEL;
		unsigned int cost = hole ? 1 : PGTABLE_ENTRIES;
		u64 size = hole ? leaf.size : BLOCK_SIZE;
		u64 next = MIN(ALIGN_DOWN(cursor->v, size) + size, limit);

		if (!budget && vm->pages + vm->blocks != leaves)
			return false;
		if (!hole)
			return_range(vm, *cursor, (next - cursor->v) >> PAGE_SHIFT, dropped);
		cursor->v = next;
		budget -= MIN(budget, cost);
	}
	return true;
}
