/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's memory: one contiguous range of RAM fixed at boot, handed
 * out by pages. Every page that is handed out is zero. The contracts stand
 * with the functions in core/pool.c.
 */
#ifndef HYP_POOL_H
#define HYP_POOL_H

#include <hyp/types.h>

/* The most pages of one allocation: a root of 16 concatenated tables. */
#define POOL_MAX_PAGES 16

/**
 * struct pool_quota - a budget
 * @limit: pages that may be taken at most
 * @used: pages that are taken; under pool_lock
 * @reserved: pages that nobody else can take, see pool_reserve(); under pool_lock
 *
 * Each VM has one, so that none can take all; the host's own page tables have
 * another. The owner zeroes it and sets @limit.
 */
struct pool_quota {
	u64 limit;
	u64 used;
	u64 reserved;
};

void pool_init(pa_t base, void *va, u64 size);
int pool_reserve(struct pool_quota *q, u64 pages);
void *pool_alloc(struct pool_quota *q, unsigned int pages);
void pool_free(struct pool_quota *q, void *va, unsigned int pages);

u64 pool_total(void);
u64 pool_available(void);

pa_t pool_pa(const void *va);
void *pool_va(pa_t page);
bool pool_contains(pa_t page);

#endif
