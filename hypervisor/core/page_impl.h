/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the page records share. */
#ifndef CORE_PAGE_IMPL_H
#define CORE_PAGE_IMPL_H

#include <hyp/arch.h>
#include <hyp/errno.h>
#include <hyp/page.h>
#include <hyp/panic.h>
#include <hyp/spinlock.h>
#include <hyp/util.h>

#define PAGE_MAX_LEAF (1UL << 30)
/*
 * What the host may do with RAM. A page that a VM shares with it too: so what
 * the host's stage 2 says of a page never has to be changed in place.
 */
#define PAGE_HOST_PROT PROT_RWX

/* One more list of HYP_WORK_PAGES still fits the counter. */
#define PAGE_MAX_BORROWERS (UINT32_MAX - HYP_WORK_PAGES)

extern struct spinlock page_lock;
extern struct pgtable *page_host; /* under page_lock */

struct page_record *page_find(u64 address);
int page_check(pa_t base, unsigned int pages, u16 owner, u32 most);
void page_count(u64 base, u64 pages, int n);
void page_clear(u64 base);

#endif
