// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's world. Its stage 2 is an identity map: RAM by the largest blocks at
 * boot, less what is the hypervisor's; everything else as device memory when it
 * is touched first, GIC frames by pages.
 */
#include <hyp/errno.h>
#include <hyp/host.h>
#include <hyp/page.h>
#include <hyp/platform.h>
#include <hyp/stage2.h>
#include <hyp/test_hooks.h>
#include <hyp/util.h>

struct pgtable host_stage2;

/*
 * Tables of the host's stage 2. What boot and device faults can need is bounded
 * and kept back from the pool, so that no VM can starve the host; beyond that the
 * host may take a part of the pool for blocks that are split.
 */
static struct pool_quota host_quota;
#define HOST_SPLIT_SHARE 8

static struct mem_range special[1 + 2 * PLATFORM_MAX_GICR];
static unsigned int nr_special;

/* Special ranges are mapped by pages: a table for each 2 MiB that one touches. */
static u64 host_special_tables(void)
{
	u64 tables = 0;
	unsigned int i;

	for (i = 0; i < nr_special; i++)
		tables += special[i].size / BLOCK_SIZE + 2;
	return tables;
}

int host_init(const struct platform *p, struct page_record *records, const struct mem_range *hyp,
	      unsigned int nr_hyp)
{
	u64 tables;
	unsigned int i;
	int err;

	nr_special = 0;
	special[nr_special++] = p->gicd;
	for (i = 0; i < p->nr_gicr; i++)
		special[nr_special++] = p->gicr[i];
	for (i = 0; i < p->nr_gits; i++)
		special[nr_special++] = p->gits[i];
	tables = page_host_tables(p, nr_hyp + nr_special) + host_special_tables() +
		 stage2_root_pages();
	host_quota = (struct pool_quota){
		.limit = tables + pool_total() / PAGE_SIZE / HOST_SPLIT_SHARE,
	};
	err = stage2_init(&host_stage2, 0, &host_quota);
	if (!err)
		err = pool_reserve(&host_quota, tables);
	if (err)
		return err;
	if (test_stage2_whole())
		nr_hyp = 0;
	return page_init(p, records, hyp, nr_hyp, &host_stage2);
}

int host_fault(ipa_t addr)
{
	return page_host_device_fault(addr, special, nr_special, NULL, 0);
}
