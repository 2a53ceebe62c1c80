/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who owns each page of RAM, and every legal move between owners.
 *
 * One record a page. Zero is the safe state: the hypervisor's, nobody else's.
 * A plain VM borrows pages that the host goes on owning and using; each mapping
 * of a page in a VM's stage 2 and each use by EL2 itself (run pages, mailboxes)
 * counts as one borrower, and a page with borrowers cannot change its owner. A
 * protected VM owns its pages: the host's stage 2 loses them.
 *
 * page_lock protects records and the host's stage 2 together, so that they
 * never disagree. All functions below take it; a VM's stage 2 is protected by
 * that VM's lock, which the caller holds (lock order: hyp/spinlock.h).
 *
 * Moves check everything first. A refusal changes nothing and is
 *
 *	-EINVAL	a size, alignment, permission or guest address that cannot be
 *	-EPERM	not RAM, or owner or state are not those that the move starts from
 *	-EBUSY	borrowers
 *	-ENOMEM	no memory for tables
 *
 * The contracts stand with the functions in core/page*.c.
 */
#ifndef HYP_PAGE_H
#define HYP_PAGE_H

#include <hyp/pgtable.h>
#include <hyp/platform.h>

/* Owners: a VM is PAGE_OWNER_VM(its VMID), VMIDs start at 1. */
#define PAGE_OWNER_HYP 0
#define PAGE_OWNER_HOST 1
#define PAGE_OWNER_VM(vmid) ((u16)((vmid) + 1))

enum page_state {
	PAGE_OWNED, /* only its owner (and counted borrowers) */
	PAGE_SHARED, /* a protected VM's page that the host may use as well */
	PAGE_NO_MAP, /* the host's alone: EL2 never maps it, no VM gets it */
};

struct page_record {
	u16 owner;
	u8 state;
	u8 reserved; /* room for "lent to a device" */
	u32 borrowers;
};

u64 page_records_size(const struct platform *p);
int page_init(const struct platform *p, struct page_record *records,
	      const struct mem_range *hyp, unsigned int nr_hyp, struct pgtable *host);
u64 page_host_tables(const struct platform *p, unsigned int nr_ranges);

bool page_is_ram(pa_t base, u64 size);
bool page_is_normal(pa_t base, u64 size);
bool page_overlaps_ram(pa_t base, u64 size);
bool page_get(pa_t page, struct page_record *out);

int page_host_device_fault(ipa_t addr, const struct mem_range *special, unsigned int nr_special,
			   const struct mem_range *denied, unsigned int nr_denied);

/* Host and hypervisor */
int page_lend_hyp(pa_t base, unsigned int pages);
void page_return_hyp(pa_t base, unsigned int pages);
int page_donate_hyp(pa_t base, unsigned int pages);
int page_hyp_donate_host(pa_t base, unsigned int pages);

/* Host and plain VMs */
int page_lend_vm(struct pgtable *vm, ipa_t to, const u64 *pfns, unsigned int pages, u32 prot);
void page_return_vm(struct pgtable *vm, ipa_t from, u64 pages);
bool page_return_vm_some(struct pgtable *vm, ipa_t *cursor, ipa_t end, unsigned int budget,
			 bool keep);

/* Host and protected VMs */
int page_donate_vm(struct pgtable *vm, ipa_t to, pa_t page, u32 prot);
int page_reclaim_vm(struct pgtable *vm, ipa_t from);
int page_share_host(struct pgtable *vm, ipa_t from);
int page_unshare_host(struct pgtable *vm, ipa_t from);

#endif
