// SPDX-License-Identifier: GPL-2.0-only
/* core/pool.c, and a look at its own state. */
#include "core/pool.c"

#include "fuzz.h"

FUZZ_OWN void fuzz_pool_check(u64 used, u64 promised)
{
	u64 listed = 0, marked = 0;

	if (spin_is_locked(&pool_lock))
		fuzz_fail("pool_lock is held");
	for (unsigned int order = 0; order < ORDERS; order++)
		for (struct link *l = pool.heads[order]; l; l = l->next) {
			if (pool.marks[index_of(l)] != (MARK_FREE | order) &&
			    pool.marks[index_of(l)] != (MARK_FREE | MARK_DIRTY | order))
				fuzz_fail("a free block of order %u is not marked so", order);
			listed += 1UL << order;
		}
	for (u64 i = 0; i < pool.pages; i++)
		if (pool.marks[i] & MARK_FREE)
			marked += 1UL << (pool.marks[i] & MARK_ORDER);
	if (listed != pool.free || marked != pool.free)
		fuzz_fail("pool: %lu pages free, %lu on lists, %lu marked", pool.free, listed,
			  marked);
	if (pool.total - pool.free != used)
		fuzz_fail("pool: %lu pages taken, owners have %lu", pool.total - pool.free, used);
	if (pool.promised != promised || promised > pool.free)
		fuzz_fail("pool: %lu pages promised, owners wait for %lu, %lu are free",
			  pool.promised, promised, pool.free);
}
