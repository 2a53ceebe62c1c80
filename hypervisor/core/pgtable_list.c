// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translation tables: a list of single pages mapped in a row, in the place of
 * whatever was there. For stage 2 of plain VMs, which is a cache of what the host
 * lends: mappings are replaced, and a block that no longer fits is dropped whole.
 */
#include <hyp/panic.h>

#include "pgtable_impl.h"

static u64 wanted_pa(const struct pgtable_list *list, u64 ia)
{
	return list->pfns[(ia - list->ia) >> PAGE_SHIFT] << PAGE_SHIFT;
}

static u64 end_of(const struct pgtable_list *list)
{
	return list->ia + ((u64)list->pages << PAGE_SHIFT);
}

/* Which of the list's at most two 2 MiB windows. */
static void **spare_of(struct pgtable_list *list, u64 ia)
{
	return &list->spare[(ia >> BLOCK_SHIFT) - (list->ia >> BLOCK_SHIFT)];
}

static bool is_block(const struct pgtable_list *list)
{
	if (list->pages != PGTABLE_ENTRIES || !IS_ALIGNED(list->ia, BLOCK_SIZE) ||
	    !IS_ALIGNED(list->pfns[0], PGTABLE_ENTRIES))
		return false;
	for (unsigned int i = 1; i < PGTABLE_ENTRIES; i++)
		if (list->pfns[i] != list->pfns[0] + i)
			return false;
	return true;
}

/* Does a leaf map the part of the list that it covers as the list asks? */
static bool leaf_agrees(const struct pgtable_list *list, u64 desc, u64 start, unsigned int level)
{
	u64 end = MIN(start + pt_size(level), end_of(list));

	if ((desc & LEAF_ATTRS) != list->attrs)
		return false;
	for (u64 ia = MAX(start, list->ia); ia < end; ia += PAGE_SIZE)
		if (wanted_pa(list, ia) != (desc & DESC_OA) + (ia - start))
			return false;
	return true;
}

static int list_prepare_visit(struct pgtable *pt, u64 start, unsigned int level, u64 *entry,
			      enum pgtable_visit what, void *arg)
{
	struct pgtable_list *list = arg;
	void **spare;

	if (what == PT_TABLE_PRE) {
		/* A table in the block's place goes, with all that is in it. */
		if (list->block && level == PGTABLE_LAST_LEVEL - 1) {
			list->missing = true;
			pt_widen(&list->broken_lo, &list->broken_hi, start, BLOCK_SIZE);
		}
		return 0;
	}
	if (list->block && level == PGTABLE_LAST_LEVEL)
		return 0;
	if (!(*entry & DESC_VALID)) {
		list->missing = true;
		if (level == PGTABLE_LAST_LEVEL ||
		    (list->block && level == PGTABLE_LAST_LEVEL - 1))
			return 0;
		return pt_add_table(pt, entry);
	}
	if (leaf_agrees(list, *entry, start, level))
		return 0;
	if (level < PGTABLE_LAST_LEVEL - 1)
		return -EEXIST; /* 1 GiB: not made by lists, not theirs to take out */
	list->missing = true;
	pt_widen(&list->broken_lo, &list->broken_hi, start, pt_size(level));
	if (level == PGTABLE_LAST_LEVEL || list->block)
		return 0;
	spare = spare_of(list, start);
	*spare = pt->ops->alloc(pt);
	return *spare ? 0 : -ENOMEM;
}

/**
 * pgtable_list_prepare() - everything about a list that can fail
 * @pt: tables
 * @list: what is to be mapped; see there
 *
 * Makes the tables that are needed. Success obliges to pgtable_list_commit(),
 * with the lock held all the while.
 *
 * Context: the caller's lock on @pt.
 * Return: 1: there is something to map; 0: all
 * is mapped as asked already; -EINVAL (range, @prot), -EEXIST (a leaf of 1 GiB is
 * in the way) or -ENOMEM, and nothing changed.
 */
int pgtable_list_prepare(struct pgtable *pt, struct pgtable_list *list)
{
	struct pgtable_walk walk = {
		.visit = list_prepare_visit,
		.flags = 1U << PT_LEAF | 1U << PT_TABLE_PRE,
		.arg = list,
	};
	u64 size = (u64)list->pages << PAGE_SHIFT;
	int ret = pgtable_attrs(pt, list->prot, &list->attrs);

	if (ret)
		return ret;
	if (list->pages > HYP_WORK_PAGES || !pt_range_ok(pt, list->ia, size))
		return -EINVAL;
	list->missing = false;
	list->broken_lo = 0;
	list->broken_hi = 0;
	list->spare[0] = NULL;
	list->spare[1] = NULL;
	list->block = is_block(list);
	ret = pgtable_walk(pt, list->ia, size, &walk);
	if (!ret)
		return list->missing;
	for (unsigned int i = 0; i < ARRAY_SIZE(list->spare); i++)
		if (list->spare[i])
			pt->ops->free(pt, list->spare[i]);
	pgtable_prune(pt, list->ia, size);
	return ret;
}

static int list_break_visit(struct pgtable *pt __unused, u64 start, unsigned int level, u64 *entry,
			    enum pgtable_visit what, void *arg)
{
	struct pgtable_list *list = arg;

	if (what == PT_TABLE_PRE) {
		if (list->block && level == PGTABLE_LAST_LEVEL - 1)
			pt_break(entry); /* the walk does not go down any more */
	} else if ((*entry & DESC_VALID) && !leaf_agrees(list, *entry, start, level)) {
		pt_break(entry);
	}
	return 0;
}

/* Reports what was taken out, and hangs in the table that takes a block's place. */
static int list_clear_visit(struct pgtable *pt, u64 start, unsigned int level, u64 *entry,
			    enum pgtable_visit what, void *arg)
{
	struct pgtable_list *list = arg;
	u64 desc = *entry;
	void **spare;

	/* In a table that gave way to a block the leaves were not broken one by one. */
	if (!pt_is_broken(desc) && !(desc && list->block && level == PGTABLE_LAST_LEVEL))
		return 0;
	WRITE_ONCE(*entry, 0);
	if (what == PT_TABLE_POST) {
		pt->ops->free(pt, pt_table(pt, desc));
		pt->tables--;
		return 0;
	}
	pt_count(pt, level, -1);
	list->surplus(pt, start, desc & DESC_OA, pt_size(level), list->arg);
	if (level == PGTABLE_LAST_LEVEL || list->block)
		return 0;
	spare = spare_of(list, start);
	pt_set_table(pt, entry, *spare);
	*spare = NULL;
	return 0;
}

static int list_fill_visit(struct pgtable *pt, u64 start, unsigned int level, u64 *entry,
			   enum pgtable_visit what __unused, void *arg)
{
	struct pgtable_list *list = arg;
	u64 from = MAX(start, list->ia), to = MIN(start + pt_size(level), end_of(list));

	if (*entry & DESC_VALID) {
		list->surplus(pt, from, wanted_pa(list, from), to - from, list->arg);
		return 0;
	}
	WRITE_ONCE(*entry, pt_leaf(list->attrs, wanted_pa(list, start), level));
	pt_count(pt, level, 1);
	return 0;
}

/**
 * pgtable_list_commit() - map a list that was prepared
 * @pt: tables
 * @list: as left by pgtable_list_prepare()
 *
 * Takes out what is in the way, with one invalidation, then maps; calls
 * @list->surplus for each leaf that went, and for each stretch that was mapped as
 * asked before. Cannot fail.
 *
 * Context: the caller's lock on @pt.
 */
void pgtable_list_commit(struct pgtable *pt, struct pgtable_list *list)
{
	struct pgtable_walk walk = { .arg = list };
	u64 lo = list->broken_lo, size = list->broken_hi - lo;

	if (size) {
		walk.visit = list_break_visit;
		walk.flags = 1U << PT_LEAF | 1U << PT_TABLE_PRE;
		CHECK(pgtable_walk(pt, list->ia, (u64)list->pages << PAGE_SHIFT, &walk) == 0);
		arch_pt_sync();
		pt->ops->invalidate(pt, lo, size);
		walk.visit = list_clear_visit;
		walk.flags = 1U << PT_LEAF | 1U << PT_TABLE_POST | PT_WALK_BROKEN;
		CHECK(pgtable_walk(pt, lo, size, &walk) == 0);
	}
	walk.visit = list_fill_visit;
	walk.flags = 1U << PT_LEAF;
	CHECK(pgtable_walk(pt, list->ia, (u64)list->pages << PAGE_SHIFT, &walk) == 0);
	CHECK(!list->spare[0] && !list->spare[1]);
	arch_pt_sync();
}
