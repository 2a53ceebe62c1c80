/* SPDX-License-Identifier: GPL-2.0-only */
/* The host as a world: its stage 2 and what happens when that refuses an access. */
#ifndef HYP_HOST_H
#define HYP_HOST_H

#include <hyp/pgtable.h>
#include <hyp/page.h>
#include <hyp/platform.h>

extern struct pgtable host_stage2;

/**
 * host_init() - stage 2 and page records
 * @p: the platform
 * @records: memory for the page records
 * @hyp: ranges that are the hypervisor's
 * @nr_hyp: their number
 *
 * Context: boot.
 * Return: 0 or a negative errno.
 */
int host_init(const struct platform *p, struct page_record *records, const struct mem_range *hyp,
	      unsigned int nr_hyp);

/**
 * host_fault() - stage 2 of the host has no mapping for an address
 * @addr: IPA
 *
 * Device memory is mapped when it is first touched; RAM was mapped at boot, so
 * RAM without a mapping is not the host's.
 *
 * Return: 0: mapped, try again; negative: the access is refused.
 */
int host_fault(ipa_t addr);

#endif
