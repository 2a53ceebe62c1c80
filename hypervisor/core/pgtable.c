// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translation tables: the walk, mapping, looking up. Taking out is in
 * pgtable_unmap.c, lists of single pages in pgtable_list.c.
 *
 * A new leaf in an invalid entry needs no TLB invalidation: invalid entries are
 * never cached (Arm ARM D8.16). Every other change goes through an invalid entry
 * and an invalidation first (break-before-make), but for permissions alone.
 */
#include <hyp/panic.h>

#include "pgtable_impl.h"

/**
 * pgtable_attrs() - attribute bits of a leaf
 * @pt: tables
 * @prot: PROT_*
 * @attrs: result
 *
 * Return: 0, or -EINVAL for what no leaf can say or none should (hyp/pgtable.h).
 */
int pgtable_attrs(const struct pgtable *pt, u32 prot, u64 *attrs)
{
	bool device = prot & PROT_DEVICE;
	u64 a = LEAF_AF | LEAF_SH_INNER;

	if (!(prot & PROT_R) || prot & ~(u32)(PROT_RWX | PROT_DEVICE))
		return -EINVAL;
	if (device && (prot & PROT_X))
		return -EINVAL;
	if (!(prot & PROT_X))
		a |= LEAF_XN;
	if (pt->stage2) {
		u64 normal = pt->fwb ? S2_ATTR_NORMAL_FWB : S2_ATTR_NORMAL;

		a |= FIELD_PREP(S2_ATTR, device ? S2_ATTR_DEVICE : normal) | S2_READ;
		if (prot & PROT_W)
			a |= S2_WRITE;
	} else {
		if ((prot & PROT_W) && (prot & PROT_X))
			return -EINVAL;
		a |= FIELD_PREP(S1_ATTR, device ? S1_ATTR_DEVICE : S1_ATTR_NORMAL) | S1_AP1;
		if (!(prot & PROT_W))
			a |= S1_READ_ONLY;
	}
	*attrs = a;
	return 0;
}

static u32 prot_of(const struct pgtable *pt, u64 desc)
{
	u32 prot = PROT_R;

	if (!(desc & LEAF_XN))
		prot |= PROT_X;
	if (pt->stage2) {
		if (desc & S2_WRITE)
			prot |= PROT_W;
		if (FIELD_GET(S2_ATTR, desc) == S2_ATTR_DEVICE)
			prot |= PROT_DEVICE;
	} else {
		if (!(desc & S1_READ_ONLY))
			prot |= PROT_W;
		if (FIELD_GET(S1_ATTR, desc) == S1_ATTR_DEVICE)
			prot |= PROT_DEVICE;
	}
	return prot;
}

/* Is there a table to go down into? */
static bool goes_down(u64 desc, unsigned int level, unsigned int flags)
{
	return pt_is_table(desc, level) && ((desc & DESC_VALID) || (flags & PT_WALK_BROKEN));
}

static int walk_table(struct pgtable *pt, u64 *table, u64 base, unsigned int level, u64 ia,
		      u64 end, const struct pgtable_walk *walk);

/* One entry, for the part [ia, end) of what it stands for. */
static int walk_entry(struct pgtable *pt, u64 *entry, unsigned int level, u64 ia, u64 end,
		      const struct pgtable_walk *walk)
{
	u64 start = ALIGN_DOWN(ia, pt_size(level));
	u64 desc = READ_ONCE(*entry);
	enum pgtable_visit what = PT_TABLE_PRE;
	int ret;

	if (!goes_down(desc, level, walk->flags))
		what = PT_LEAF;
	if (walk->flags & (1U << what)) {
		ret = walk->visit(pt, start, level, entry, what, walk->arg);
		if (ret)
			return ret;
		desc = READ_ONCE(*entry);
	}
	if (!goes_down(desc, level, walk->flags))
		return 0;
	ret = walk_table(pt, pt_table(pt, desc), start, level + 1, ia, end, walk);
	if (!ret && (walk->flags & (1U << PT_TABLE_POST)))
		ret = walk->visit(pt, start, level, entry, PT_TABLE_POST, walk->arg);
	return ret;
}

/* A table, or concatenated ones at the start level, whose first byte is @base. */
static int walk_table(struct pgtable *pt, u64 *table, u64 base, unsigned int level, u64 ia,
		      u64 end, const struct pgtable_walk *walk)
{
	u64 size = pt_size(level), next;
	int ret = 0;

	for (; ia < end && !ret; ia = next) {
		next = ALIGN_DOWN(ia, size) + size;
		ret = walk_entry(pt, &table[(ia - base) >> pt_shift(level)], level, ia,
				 MIN(next, end), walk);
	}
	return ret;
}

/**
 * pgtable_walk() - visit all entries that have to do with a range
 * @pt: tables
 * @ia: first address, page aligned
 * @size: bytes, whole pages
 * @walk: what to call; see struct pgtable_walk
 *
 * Depth first, in the order of addresses. An entry is read again after each
 * visit, so that visitors may change it.
 *
 * Context: the caller's lock on @pt.
 * Return: 0, what a visitor returned, or
 * -EINVAL for a range that is not page aligned, empty or beyond @pt.
 */
int pgtable_walk(struct pgtable *pt, u64 ia, u64 size, const struct pgtable_walk *walk)
{
	if (!pt_range_ok(pt, ia, size))
		return -EINVAL;
	return walk_table(pt, pt->root, 0, pt->start_level, ia, ia + size, walk);
}

struct map {
	u64 ia;
	u64 end;
	u64 pa;
	u64 attrs;
	u64 max_leaf;
};

/* Is one leaf of this level what maps all of the entry's range? */
static bool leaf_fits(const struct map *m, u64 start, unsigned int level)
{
	u64 size = pt_size(level);

	return level > 0 && size <= m->max_leaf && start >= m->ia && size <= m->end - start &&
	       IS_ALIGNED(m->pa + (start - m->ia), size);
}

/* What is mapped must be as asked; what is not must have its tables. */
static int prepare_visit(struct pgtable *pt, u64 start, unsigned int level, u64 *entry,
			 enum pgtable_visit what __unused, void *arg)
{
	const struct map *m = arg;

	if (*entry & DESC_VALID) {
		/* @start may lie below m->ia, in a block that is larger: modulo 2^64. */
		u64 out = m->pa + (start - m->ia);

		return *entry == pt_leaf(m->attrs, out, level) ? 0 : -EEXIST;
	}
	if (leaf_fits(m, start, level))
		return 0;
	return pt_add_table(pt, entry);
}

static int map_init(const struct pgtable *pt, struct map *m, u64 ia, u64 out, u64 size, u32 prot,
		    u64 max_leaf)
{
	int ret = pgtable_attrs(pt, prot, &m->attrs);

	if (ret)
		return ret;
	if (!pt_range_ok(pt, ia, size) || !IS_ALIGNED(out, PAGE_SIZE) || (out & ~DESC_OA) ||
	    size > DESC_OA + PAGE_SIZE - out || max_leaf < PAGE_SIZE)
		return -EINVAL;
	m->ia = ia;
	m->end = ia + size;
	m->pa = out;
	m->max_leaf = max_leaf;
	return 0;
}

/**
 * pgtable_prepare() - all of pgtable_map() that can fail
 * @pt: tables
 * @ia: first input address, page aligned
 * @pa: first output address, page aligned
 * @size: bytes, whole pages
 * @prot: PROT_*
 * @max_leaf: PAGE_SIZE, BLOCK_SIZE or 1 GiB
 *
 * After success pgtable_map() with the same arguments cannot fail, as long as
 * the lock is held. The tables that it added are empty: a caller that does not
 * map takes them back with pgtable_prune().
 *
 * Context: the caller's lock on @pt.
 * Return: as pgtable_map().
 */
int pgtable_prepare(struct pgtable *pt, u64 ia, u64 pa, u64 size, u32 prot, u64 max_leaf)
{
	struct map m;
	struct pgtable_walk walk = {
		.visit = prepare_visit, .flags = 1U << PT_LEAF, .arg = &m,
	};
	int ret = map_init(pt, &m, ia, pa, size, prot, max_leaf);

	if (ret)
		return ret;
	ret = pgtable_walk(pt, ia, size, &walk);
	if (ret)
		pgtable_prune(pt, ia, size);
	return ret;
}

static int map_visit(struct pgtable *pt, u64 start, unsigned int level, u64 *entry,
		     enum pgtable_visit what __unused, void *arg)
{
	const struct map *m = arg;

	if (*entry & DESC_VALID)
		return 0;
	/* pgtable_prepare() left no other entry without a table. */
	CHECK(leaf_fits(m, start, level));
	WRITE_ONCE(*entry, pt_leaf(m->attrs, m->pa + (start - m->ia), level));
	pt_count(pt, level, 1);
	return 0;
}

/**
 * pgtable_map() - map a range, with the largest leaves that fit
 * @pt: tables
 * @ia: first input address, page aligned
 * @pa: first output address, page aligned
 * @size: bytes, whole pages
 * @prot: PROT_*
 * @max_leaf: PAGE_SIZE, BLOCK_SIZE or 1 GiB: no larger leaf is made
 *
 * Fills invalid entries only: what is mapped as asked already stays as it is.
 * All checks and allocations come first; a refusal changes nothing.
 *
 * Context: the caller's lock on @pt.
 * Return: 0, -EINVAL (alignment, range,
 * @prot), -EEXIST (something else is mapped there) or -ENOMEM.
 */
int pgtable_map(struct pgtable *pt, u64 ia, u64 pa, u64 size, u32 prot, u64 max_leaf)
{
	struct map m;
	struct pgtable_walk walk = {
		.visit = map_visit, .flags = 1U << PT_LEAF, .arg = &m,
	};
	int ret = pgtable_prepare(pt, ia, pa, size, prot, max_leaf);

	if (ret)
		return ret;
	CHECK(map_init(pt, &m, ia, pa, size, prot, max_leaf) == 0);
	CHECK(pgtable_walk(pt, ia, size, &walk) == 0);
	arch_pt_sync();
	return 0;
}

/**
 * pgtable_lookup() - what maps an address
 * @pt: tables
 * @ia: any address; beyond the tables it is not mapped
 *
 * Context: the caller's lock on @pt.
 * Return: see struct pgtable_leaf.
 */
struct pgtable_leaf pgtable_lookup(struct pgtable *pt, u64 ia)
{
	struct pgtable_leaf leaf = { .level = pt->start_level };
	u64 *table = pt->root, base = 0, desc;

	if (ia >> pt->ia_bits)
		return leaf;
	for (;; leaf.level++) {
		leaf.size = pt_size(leaf.level);
		desc = READ_ONCE(table[(ia - base) >> pt_shift(leaf.level)]);
		if (!(desc & DESC_VALID))
			return leaf;
		if (!pt_is_table(desc, leaf.level))
			break;
		table = pt_table(pt, desc);
		base = ALIGN_DOWN(ia, leaf.size);
	}
	leaf.valid = true;
	leaf.pa = (desc & DESC_OA) + (ia & (leaf.size - 1));
	leaf.prot = prot_of(pt, desc);
	return leaf;
}

struct protect {
	u64 ia;
	u64 end;
	u64 attrs;
	u64 type; /* mask of what may not change */
	bool change;
};

static int protect_visit(struct pgtable *pt __unused, u64 start, unsigned int level, u64 *entry,
			 enum pgtable_visit what __unused, void *arg)
{
	const struct protect *p = arg;

	if (p->change) {
		WRITE_ONCE(*entry, (*entry & ~LEAF_ATTRS) | p->attrs);
		return 0;
	}
	if (!(*entry & DESC_VALID) || start < p->ia || pt_size(level) > p->end - start ||
	    ((*entry ^ p->attrs) & p->type))
		return -EINVAL;
	return 0;
}

/**
 * pgtable_protect() - change what a mapped range allows
 * @pt: tables
 * @ia: first address, page aligned
 * @size: bytes, whole pages
 * @prot: PROT_*; the memory type (PROT_DEVICE) must be the one it has
 *
 * Permissions alone may change without break-before-make (Arm ARM D8.16.1), so
 * this works on the very code that runs.
 *
 * Context: the caller's lock on @pt.
 * Return: 0, or -EINVAL and nothing changed:
 * a part is not mapped, or shares a leaf with what is outside of the range.
 */
int pgtable_protect(struct pgtable *pt, u64 ia, u64 size, u32 prot)
{
	struct protect p = {
		.ia = ia, .end = ia + size, .type = pt->stage2 ? S2_ATTR : S1_ATTR,
	};
	struct pgtable_walk walk = {
		.visit = protect_visit, .flags = 1U << PT_LEAF, .arg = &p,
	};
	int ret = pgtable_attrs(pt, prot, &p.attrs);

	if (!ret)
		ret = pgtable_walk(pt, ia, size, &walk);
	if (ret)
		return ret;
	p.change = true;
	CHECK(pgtable_walk(pt, ia, size, &walk) == 0);
	arch_pt_sync();
	pt->ops->invalidate(pt, ia, size);
	return 0;
}
