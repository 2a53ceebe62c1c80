/* SPDX-License-Identifier: GPL-2.0-only */
/* Translation tables in an arena of the test's own, whose allocations can fail. */
#ifndef TESTS_MEM_TABLES_H
#define TESTS_MEM_TABLES_H

#include "mem_env.h"

#define ARENA 0x80000000UL
#define ARENA_PAGES 4096UL

static u64 *arena_free[ARENA_PAGES];
static unsigned int arena_nr;
static unsigned int arena_used;
static int fail_in; /* allocations until one fails; negative: never */

static void *test_alloc(struct pgtable *pt __unused)
{
	if (fail_in >= 0 && fail_in-- == 0)
		return NULL;
	CHECK(arena_nr);
	arena_used++;
	memset(arena_free[arena_nr - 1], 0, PAGE_SIZE);
	return arena_free[--arena_nr];
}

static void test_free(struct pgtable *pt __unused, void *table)
{
	arena_used--;
	memset(table, 0xff, PAGE_SIZE); /* whoever still walks it finds nonsense */
	arena_free[arena_nr++] = table;
}

static void *test_va(pa_t table)
{
	return fake_va(table.v);
}

static pa_t test_pa(const void *table)
{
	return pa(fake_pa(table));
}

static void test_invalidate(struct pgtable *pt, u64 ia, u64 size)
{
	if (pt->stage2)
		arch_tlbi_stage2(pt->vmid, pa(fake_pa(pt->root)), ipa(ia), size);
	else
		arch_tlbi_el2(ia, size);
}

static const struct pgtable_ops test_ops = {
	test_alloc, test_free, test_va, test_pa, test_invalidate,
};

static inline struct pgtable setup(unsigned int bits, bool stage2)
{
	struct pgtable pt = {
		.ops = &test_ops, .ia_bits = bits, .stage2 = stage2, .vmid = stage2 ? 7 : 0,
	};

	fake_reset();
	fake_ram_add(ARENA, (ARENA_PAGES + 16) << PAGE_SHIFT);
	arena_nr = 0;
	arena_used = 0;
	fail_in = -1;
	for (unsigned int i = 0; i < ARENA_PAGES; i++)
		arena_free[arena_nr++] = fake_va(ARENA + ((16 + i) << PAGE_SHIFT));
	pt.start_level = bits > 43 || (!stage2 && bits > 39) ? 0 : 1;
	pt.root = fake_va(ARENA);
	memset(pt.root, 0, 16 * PAGE_SIZE);
	return pt;
}

static const unsigned int all_bits[] = { 32, 36, 39, 40, 42, 43, 44, 48 };

#endif
