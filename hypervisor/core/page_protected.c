// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of protected VMs: they own them, and the host's stage 2 has none but
 * those that they share back. Single pages, in both stages 2.
 */
#include <hyp/stage2.h>

#include "page_impl.h"

/*
 * The record of the page that the VM has at an IPA, if it owns it; NULL if not.
 * Under page_lock.
 */
static struct page_record *owned_at(struct pgtable *vm, ipa_t from, u64 *base)
{
	struct pgtable_leaf leaf = pgtable_lookup(vm, from.v);
	struct page_record *rec = leaf.valid ? page_find(leaf.pa) : NULL;

	if (!rec || rec->owner != PAGE_OWNER_VM(vm->vmid))
		return NULL;
	*base = leaf.pa;
	return rec;
}

/**
 * page_donate_vm() - the host gives a page to a protected VM
 * @vm: stage 2 of the VM
 * @to: IPA, page aligned, where nothing is mapped
 * @page: the page, with its contents
 * @prot: PROT_*, without PROT_DEVICE
 *
 * Context: the VM's lock; takes page_lock.
 * Return: 0, -EINVAL, -EPERM (also: @to is
 * in use), -EBUSY, -ENOMEM.
 */
int page_donate_vm(struct pgtable *vm, ipa_t to, pa_t page, u32 prot)
{
	struct page_record *rec;
	int ret;

	if (prot & PROT_DEVICE)
		return -EINVAL;
	spin_lock(&page_lock);
	ret = page_check(page, 1, PAGE_OWNER_HOST, 0);
	if (ret)
		goto unlock;
	rec = page_find(page.v);
	/* A page that is not the VM's cannot be mapped there as asked already. */
	ret = pgtable_prepare(vm, to.v, page.v, PAGE_SIZE, prot, PAGE_SIZE);
	if (ret) {
		ret = ret == -EEXIST ? -EPERM : ret;
		goto unlock;
	}
	ret = pgtable_unmap(page_host, page.v, PAGE_SIZE);
	if (ret) {
		pgtable_prune(vm, to.v, PAGE_SIZE);
		goto unlock;
	}
	rec->owner = PAGE_OWNER_VM(vm->vmid);
	if (!vm->fwb)
		arch_dcache_clean_inval_pa(page, PAGE_SIZE);
	if (prot & PROT_X)
		arch_icache_inval();
	CHECK(pgtable_map(vm, to.v, page.v, PAGE_SIZE, prot, PAGE_SIZE) == 0);
unlock:
	spin_unlock(&page_lock);
	return ret;
}

/**
 * page_reclaim_vm() - the host takes a page back from a protected VM that ends
 * @vm: stage 2 of the VM
 * @from: IPA, page aligned
 *
 * The page is cleared before the host sees it.
 *
 * Context: the VM's lock, none of its vCPUs runs; takes page_lock.
 * Return: 0,
 * -EINVAL, -EPERM (the VM owns nothing there), -ENOMEM.
 */
int page_reclaim_vm(struct pgtable *vm, ipa_t from)
{
	struct page_record *rec;
	int ret = -EPERM;
	u64 base;

	if (!IS_ALIGNED(from.v, PAGE_SIZE))
		return -EINVAL;
	spin_lock(&page_lock);
	rec = owned_at(vm, from, &base);
	/* Nothing to do where it is mapped for the host already: a shared page. */
	if (rec)
		ret = pgtable_prepare(page_host, base, base, PAGE_SIZE, PAGE_HOST_PROT, PAGE_SIZE);
	if (!ret) {
		/* A leaf of one page: nothing to split, no memory needed. */
		CHECK(pgtable_unmap(vm, from.v, PAGE_SIZE) == 0);
		page_clear(base);
		rec->owner = PAGE_OWNER_HOST;
		rec->state = PAGE_OWNED;
		CHECK(pgtable_map(page_host, base, base, PAGE_SIZE, PAGE_HOST_PROT, PAGE_SIZE) ==
		      0);
	}
	spin_unlock(&page_lock);
	return ret;
}

/**
 * page_share_host() - a protected VM lets the host use one of its pages
 * @vm: stage 2 of the VM
 * @from: IPA, page aligned
 *
 * Context: the VM's lock; takes page_lock.
 * Return: 0, -EINVAL, -EPERM (not the
 * VM's, or shared already), -ENOMEM.
 */
int page_share_host(struct pgtable *vm, ipa_t from)
{
	struct page_record *rec;
	int ret = -EPERM;
	u64 base;

	if (!IS_ALIGNED(from.v, PAGE_SIZE))
		return -EINVAL;
	spin_lock(&page_lock);
	rec = owned_at(vm, from, &base);
	if (rec && rec->state == PAGE_OWNED)
		ret = pgtable_map(page_host, base, base, PAGE_SIZE, PAGE_HOST_PROT, PAGE_SIZE);
	if (!ret)
		rec->state = PAGE_SHARED;
	spin_unlock(&page_lock);
	return ret;
}

/**
 * page_unshare_host() - a protected VM takes a page back from the host
 * @vm: stage 2 of the VM
 * @from: IPA, page aligned
 *
 * Context: the VM's lock; takes page_lock.
 * Return: 0, -EINVAL, -EPERM (not the
 * VM's, or not shared).
 */
int page_unshare_host(struct pgtable *vm, ipa_t from)
{
	struct page_record *rec;
	int ret = -EPERM;
	u64 base;

	if (!IS_ALIGNED(from.v, PAGE_SIZE))
		return -EINVAL;
	spin_lock(&page_lock);
	rec = owned_at(vm, from, &base);
	if (rec && rec->state == PAGE_SHARED) {
		/* It was mapped as one page: nothing to split, no memory needed. */
		CHECK(pgtable_unmap(page_host, base, PAGE_SIZE) == 0);
		rec->state = PAGE_OWNED;
		ret = 0;
	}
	spin_unlock(&page_lock);
	return ret;
}
