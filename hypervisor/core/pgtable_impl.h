/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors of VMSAv8-64 tables with the 4 KiB granule, shared by the files of
 * the walker. Nobody else looks into an entry.
 */
#ifndef CORE_PGTABLE_IMPL_H
#define CORE_PGTABLE_IMPL_H

#include <hyp/arch.h>
#include <hyp/errno.h>
#include <hyp/pgtable.h>
#include <hyp/util.h>

/* Arm ARM D8.3.1: bits 1:0 are 0b01 block, 0b11 table or page, 0bx0 invalid. */
#define DESC_VALID BIT(0)
#define DESC_TABLE BIT(1) /* levels 0 to 2; at level 3 part of every page */
#define DESC_OA GENMASK(47, 12)

/* Leaf attributes of both stages (D8.3.2). */
#define LEAF_SH_INNER FIELD_PREP(GENMASK(9, 8), 3)
#define LEAF_AF BIT(10)
/* Stage 2: XN[1] of XN[1:0]; with XN[0] = 0 it is "never" with and without FEAT_XNX. */
#define LEAF_XN BIT(54)

/* Stage 1 of EL2: MAIR_EL2 index 0 is Device-nGnRE, 1 Normal write-back. */
#define S1_ATTR GENMASK(4, 2)
#define S1_ATTR_DEVICE 0
#define S1_ATTR_NORMAL 1
#define S1_AP1 BIT(6) /* RES1 in a regime of one exception level */
#define S1_READ_ONLY BIT(7)

/*
 * Stage 2 memory attributes (D8.5.5): without HCR_EL2.FWB 0b1111 is Normal outer
 * and inner write-back, combined with stage 1; with it 0b0110 is write-back
 * whatever stage 1 says. 0b0001 is Device-nGnRE in both.
 */
#define S2_ATTR GENMASK(5, 2)
#define S2_ATTR_DEVICE 0x1
#define S2_ATTR_NORMAL 0xf
#define S2_ATTR_NORMAL_FWB 0x6
#define S2_READ BIT(6) /* S2AP[0] */
#define S2_WRITE BIT(7) /* S2AP[1] */

#define LEAF_ATTRS (~(DESC_OA | DESC_VALID | DESC_TABLE))

/*
 * A broken entry has its valid bit taken away and all others left: the MMU sees
 * an invalid one, and what it was can still be read after the invalidation of
 * TLBs. Entries are broken only inside one function that changes tables; outside
 * of those an invalid entry is 0.
 */
static inline bool pt_is_broken(u64 desc)
{
	return desc && !(desc & DESC_VALID);
}

static inline unsigned int pt_shift(unsigned int level)
{
	return PAGE_SHIFT + 9 * (PGTABLE_LAST_LEVEL - level);
}

/* Bytes that one entry of a level stands for. */
static inline u64 pt_size(unsigned int level)
{
	return 1UL << pt_shift(level);
}

static inline bool pt_is_table(u64 desc, unsigned int level)
{
	return level < PGTABLE_LAST_LEVEL && (desc & DESC_TABLE);
}

static inline u64 pt_leaf(u64 attrs, u64 out, unsigned int level)
{
	return attrs | out | DESC_VALID | (level == PGTABLE_LAST_LEVEL ? DESC_TABLE : 0);
}

static inline u64 *pt_table(struct pgtable *pt, u64 desc)
{
	return pt->ops->va(pa(desc & DESC_OA));
}

/*
 * Table walkers must see the zeroes in a new table before its descriptor: a
 * release, as walks depend on the address.
 */
static inline void pt_set_table(struct pgtable *pt, u64 *entry, void *table)
{
	u64 desc = pt->ops->pa(table).v | DESC_TABLE | DESC_VALID;

	__atomic_store_n(entry, desc, __ATOMIC_RELEASE);
	pt->tables++;
}

/* Allocates a table and hangs it into an invalid entry. */
static inline int pt_add_table(struct pgtable *pt, u64 *entry)
{
	void *table = pt->ops->alloc(pt);

	if (!table)
		return -ENOMEM;
	pt_set_table(pt, entry, table);
	return 0;
}

static inline void pt_break(u64 *entry)
{
	WRITE_ONCE(*entry, *entry & ~DESC_VALID);
}

/* One more, or one less, leaf at a level. */
static inline void pt_count(struct pgtable *pt, unsigned int level, int n)
{
	if (level == PGTABLE_LAST_LEVEL)
		pt->pages += n;
	else
		pt->blocks += n;
}

/* Widens [*lo, *hi), empty when *hi is 0, by [start, start + size). */
static inline void pt_widen(u64 *lo, u64 *hi, u64 start, u64 size)
{
	*lo = *hi ? MIN(*lo, start) : start;
	*hi = MAX(*hi, start + size);
}

static inline bool pt_range_ok(const struct pgtable *pt, u64 ia, u64 size)
{
	u64 limit = 1UL << pt->ia_bits;

	return IS_ALIGNED(ia | size, PAGE_SIZE) && size && ia < limit && size <= limit - ia;
}

int pgtable_attrs(const struct pgtable *pt, u32 prot, u64 *attrs);

#endif
