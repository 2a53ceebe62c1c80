// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translation tables: taking mappings out.
 *
 * Three steps: break the entries (pgtable_impl.h), leaves first and then tables
 * that hold nothing any more; one invalidation over all of them; then read from
 * the broken entries what they were, clear them and free the tables. One
 * invalidation a call instead of one a leaf, and nothing is freed or reported
 * while a CPU may still use it.
 */
#include <hyp/panic.h>

#include "pgtable_impl.h"

struct drop {
	bool leaves; /* take leaves out; else only empty tables */
	u64 lo, hi; /* what must be invalidated; nothing while hi is 0 */
	pgtable_leaf_fn dropped;
	void *arg;
};

static bool table_is_empty(const u64 *table)
{
	for (unsigned int i = 0; i < PGTABLE_ENTRIES; i++)
		if (table[i] & DESC_VALID)
			return false;
	return true;
}

static int break_visit(struct pgtable *pt, u64 start, unsigned int level, u64 *entry,
		       enum pgtable_visit what, void *arg)
{
	struct drop *d = arg;

	if (what == PT_LEAF) {
		if (d->leaves && (*entry & DESC_VALID)) {
			pt_break(entry);
			pt_widen(&d->lo, &d->hi, start, pt_size(level));
		}
	} else if (table_is_empty(pt_table(pt, *entry))) {
		pt_break(entry);
		/*
		 * A walk cache forgets a table by any address that is below it;
		 * where a leaf was taken out of it there is one already.
		 */
		if (!ranges_overlap(d->lo, d->hi - d->lo, start, pt_size(level)))
			pt_widen(&d->lo, &d->hi, start, PAGE_SIZE);
	}
	return 0;
}

static int clear_visit(struct pgtable *pt, u64 start, unsigned int level, u64 *entry,
		       enum pgtable_visit what, void *arg)
{
	struct drop *d = arg;
	u64 desc = *entry;

	if (!pt_is_broken(desc))
		return 0;
	WRITE_ONCE(*entry, 0);
	if (what == PT_TABLE_POST) {
		pt->ops->free(pt, pt_table(pt, desc));
		pt->tables--;
	} else {
		pt_count(pt, level, -1);
		if (d->dropped)
			d->dropped(pt, start, desc & DESC_OA, pt_size(level), d->arg);
	}
	return 0;
}

static void drop_range(struct pgtable *pt, u64 ia, u64 size, struct drop *d)
{
	struct pgtable_walk walk = {
		.visit = break_visit, .flags = 1U << PT_LEAF | 1U << PT_TABLE_POST, .arg = d,
	};

	CHECK(pgtable_walk(pt, ia, size, &walk) == 0);
	if (!d->hi)
		return;
	arch_pt_sync();
	pt->ops->invalidate(pt, d->lo, d->hi - d->lo);
	walk.visit = clear_visit;
	walk.flags |= PT_WALK_BROKEN;
	CHECK(pgtable_walk(pt, d->lo, d->hi - d->lo, &walk) == 0);
}

/**
 * pgtable_drop() - take a range out, and whatever shares a leaf with it
 * @pt: tables
 * @ia: first address, page aligned
 * @size: bytes, whole pages; a range that is not within @pt is a bug (CHECK)
 * @dropped: called for each leaf taken out, with its address, output and size,
 *           after its TLB entries are gone. May be NULL
 * @arg: for @dropped
 *
 * For tables that are a cache: needs no memory and cannot fail. Tables that
 * become empty are freed.
 *
 * Context: the caller's lock on @pt.
 */
void pgtable_drop(struct pgtable *pt, u64 ia, u64 size, pgtable_leaf_fn dropped, void *arg)
{
	struct drop d = { .leaves = true, .dropped = dropped, .arg = arg };

	drop_range(pt, ia, size, &d);
}

/**
 * pgtable_prune() - free the empty tables of a range
 * @pt: tables
 * @ia: first address, page aligned
 * @size: bytes, whole pages; a range that is not within @pt is a bug (CHECK)
 *
 * Context: the caller's lock on @pt.
 */
void pgtable_prune(struct pgtable *pt, u64 ia, u64 size)
{
	struct drop d = { .leaves = false };

	drop_range(pt, ia, size, &d);
}

/**
 * pgtable_free_tables() - free all tables below the root
 * @pt: tables; there is no leaf left in them (CHECK). The root stays
 *
 * Context: the caller's lock on @pt; nobody uses it any more.
 */
void pgtable_free_tables(struct pgtable *pt)
{
	CHECK(!pt->pages && !pt->blocks);
	if (pt->tables)
		pgtable_prune(pt, 0, 1UL << pt->ia_bits);
	CHECK(!pt->tables);
}

/* A block that lies partly inside of a range, and what will take its place. */
struct split {
	u64 start;
	unsigned int level;
	u64 *entry;
	u64 *table;
};

struct unmap {
	u64 ia;
	u64 end;
	struct split splits[2]; /* only the range's two ends can cut a block */
	unsigned int nr;
	u64 pages, blocks, tables; /* what the new tables hold */
};

static void free_split(struct pgtable *pt, u64 *table, unsigned int level)
{
	for (unsigned int i = 0; i < PGTABLE_ENTRIES; i++)
		if (pt_is_table(table[i], level))
			free_split(pt, pt_table(pt, table[i]), level + 1);
	pt->ops->free(pt, table);
}

/*
 * A table for @level that maps what the block @desc at @start does: with blocks
 * where the range's ends don't cut them. Not linked in. NULL: no memory.
 */
static u64 *build_split(struct pgtable *pt, struct unmap *u, u64 desc, u64 start,
			unsigned int level)
{
	u64 *table = pt->ops->alloc(pt), size = pt_size(level);

	if (!table)
		return NULL;
	u->tables++;
	for (unsigned int i = 0; i < PGTABLE_ENTRIES; i++) {
		u64 at = start + i * size;
		u64 child = pt_leaf(desc & LEAF_ATTRS, (desc & DESC_OA) + i * size, level);
		u64 *below;

		if (ranges_overlap(at, size, u->ia, u->end - u->ia) &&
		    !range_within(at, size, u->ia, u->end - u->ia)) {
			below = build_split(pt, u, child, at, level + 1);
			if (!below) {
				free_split(pt, table, level);
				return NULL;
			}
			child = pt->ops->pa(below).v | DESC_TABLE | DESC_VALID;
		} else if (level == PGTABLE_LAST_LEVEL) {
			u->pages++;
		} else {
			u->blocks++;
		}
		table[i] = child;
	}
	return table;
}

static int split_visit(struct pgtable *pt, u64 start, unsigned int level, u64 *entry,
		       enum pgtable_visit what __unused, void *arg)
{
	struct unmap *u = arg;
	struct split *s = &u->splits[u->nr];

	if (!(*entry & DESC_VALID) ||
	    range_within(start, pt_size(level), u->ia, u->end - u->ia))
		return 0;
	s->table = build_split(pt, u, *entry, start, level + 1);
	if (!s->table)
		return -ENOMEM;
	s->start = start;
	s->level = level;
	s->entry = entry;
	u->nr++;
	return 0;
}

/**
 * pgtable_unmap() - take a range out, exactly
 * @pt: tables
 * @ia: first address, page aligned
 * @size: bytes, whole pages
 *
 * A block that lies partly inside is split into the largest leaves that the
 * range's ends leave whole. The new tables are made before anything changes;
 * for a moment, between break and make, the block is not mapped at all: an abort
 * taken there finds its address mapped and tries again. Holes are no error.
 * Tables that become empty are freed; TLBs are clean on return.
 *
 * Context: the caller's lock on @pt.
 * Return: 0, -EINVAL (alignment, range) or
 * -ENOMEM and nothing changed.
 */
int pgtable_unmap(struct pgtable *pt, u64 ia, u64 size)
{
	struct unmap u = { .ia = ia, .end = ia + size };
	struct pgtable_walk walk = {
		.visit = split_visit, .flags = 1U << PT_LEAF, .arg = &u,
	};
	int ret = pgtable_walk(pt, ia, size, &walk);

	if (ret) {
		while (u.nr--)
			free_split(pt, u.splits[u.nr].table, u.splits[u.nr].level + 1);
		return ret;
	}
	for (unsigned int i = 0; i < u.nr; i++) {
		struct split *s = &u.splits[i];

		WRITE_ONCE(*s->entry, 0);
		arch_pt_sync();
		pt->ops->invalidate(pt, s->start, pt_size(s->level));
		pt_set_table(pt, s->entry, s->table);
		arch_pt_sync();
		pt->blocks--;
	}
	/* pt_set_table() has counted the top tables. */
	pt->tables += u.tables - u.nr;
	pt->pages += u.pages;
	pt->blocks += u.blocks;
	pgtable_drop(pt, ia, size, NULL, NULL);
	return 0;
}
