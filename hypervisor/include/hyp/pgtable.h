/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMSAv8-64 translation tables, 4 KiB granule (Arm ARM, chapter D8). One
 * depth-first walk with callbacks serves the stage 2 of host and VMs and EL2's
 * own stage 1. There is no state but what struct pgtable holds, so that it works
 * before there is a pool. Locking is the caller's: one that changes a set of
 * tables excludes all others on it.
 *
 * The contracts of the functions stand with them in core/pgtable*.c.
 */
#ifndef HYP_PGTABLE_H
#define HYP_PGTABLE_H

#include <hyp/pool.h>
#include <hyp/types.h>

#define PGTABLE_ENTRIES 512
#define PGTABLE_LAST_LEVEL 3

struct pgtable;

/**
 * struct pgtable_ops - what a set of tables lives on
 * @alloc: a zeroed table page, or NULL
 * @free: takes a table page back
 * @va: where EL2 sees a table; the inverse of @pa
 * @pa: physical address of a table
 * @invalidate: forget what TLBs and walk caches hold of [ia, ia + size), on all
 *              CPUs, complete on return. Intermediate entries too: no
 *              last-level-only operation (VALE2, IPAS2LE1)
 */
struct pgtable_ops {
	void *(*alloc)(struct pgtable *pt);
	void (*free)(struct pgtable *pt, void *table);
	void *(*va)(pa_t table);
	pa_t (*pa)(const void *table);
	void (*invalidate)(struct pgtable *pt, u64 ia, u64 size);
};

/**
 * struct pgtable - a set of tables
 * @ops: what it lives on
 * @root: zeroed; 1 to 16 concatenated tables for stage 2, else one
 * @root_pa: stage 2: where that is
 * @start_level: 0 or 1
 * @ia_bits: width of input addresses
 * @stage2: stage 2, else EL2's stage 1
 * @fwb: stage 2 that runs with HCR_EL2.FWB = 1
 * @vmid: stage 2: what its TLB entries are tagged with
 * @quota: for the pool-backed ops
 * @pages: leaf entries of level 3
 * @blocks: leaf entries of level 1 and 2
 * @tables: table pages below the root
 */
struct pgtable {
	const struct pgtable_ops *ops;
	void *root;
	pa_t root_pa;
	u8 start_level;
	u8 ia_bits;
	bool stage2;
	bool fwb;
	u16 vmid;
	struct pool_quota *quota;
	u64 pages;
	u64 blocks;
	u64 tables;
};

/*
 * What a mapping allows; the same words for both stages. PROT_R is always
 * needed; PROT_DEVICE excludes PROT_X; EL2's stage 1 refuses PROT_W with PROT_X.
 */
enum pgtable_prot {
	PROT_R = 1 << 0,
	PROT_W = 1 << 1,
	PROT_X = 1 << 2,
	PROT_DEVICE = 1 << 3, /* Device-nGnRE, else Normal write-back */
	PROT_RW = PROT_R | PROT_W,
	PROT_RX = PROT_R | PROT_X,
	PROT_RWX = PROT_R | PROT_W | PROT_X,
};

/**
 * struct pgtable_leaf - what pgtable_lookup() found
 * @valid: something is mapped
 * @level: of the entry where the walk ended
 * @pa: output address of the byte asked for
 * @size: of the leaf; of the hole at that level when invalid
 * @prot: PROT_*
 */
struct pgtable_leaf {
	bool valid;
	u8 level;
	u64 pa;
	u64 size;
	u32 prot;
};

enum pgtable_visit { PT_LEAF, PT_TABLE_PRE, PT_TABLE_POST };

/* Also for struct pgtable_walk.flags: go down into broken tables, pgtable_impl.h. */
#define PT_WALK_BROKEN 8U

/**
 * struct pgtable_walk - a walk
 * @visit: called for the entries that @flags ask for: @ia is the first address
 *         of the entry's own range (at or below the walk's). PT_LEAF: a leaf or
 *         an invalid entry; PT_TABLE_PRE, PT_TABLE_POST: a table, before and
 *         after what is in it. Returns 0 to go on, else the walk ends with that
 *         value. A PT_LEAF visitor may install a table: the walk then goes down
 *         into it; a PT_TABLE_PRE visitor may take the table away: the walk then
 *         does not
 * @flags: 1 << PT_LEAF and so on, PT_WALK_BROKEN
 * @arg: for @visit
 */
struct pgtable_walk {
	int (*visit)(struct pgtable *pt, u64 ia, unsigned int level, u64 *entry,
		     enum pgtable_visit what, void *arg);
	unsigned int flags;
	void *arg;
};

/* Called for leaves that are no longer used; see pgtable_drop(), pgtable_list. */
typedef void (*pgtable_leaf_fn)(struct pgtable *pt, u64 ia, u64 pa, u64 size, void *arg);

int pgtable_walk(struct pgtable *pt, u64 ia, u64 size, const struct pgtable_walk *walk);
int pgtable_prepare(struct pgtable *pt, u64 ia, u64 pa, u64 size, u32 prot, u64 max_leaf);
int pgtable_map(struct pgtable *pt, u64 ia, u64 pa, u64 size, u32 prot, u64 max_leaf);
int pgtable_unmap(struct pgtable *pt, u64 ia, u64 size);
void pgtable_drop(struct pgtable *pt, u64 ia, u64 size, pgtable_leaf_fn dropped, void *arg);
void pgtable_prune(struct pgtable *pt, u64 ia, u64 size);
int pgtable_protect(struct pgtable *pt, u64 ia, u64 size, u32 prot);
struct pgtable_leaf pgtable_lookup(struct pgtable *pt, u64 ia);
void pgtable_free_tables(struct pgtable *pt);

/**
 * struct pgtable_list - a list of pages to be mapped in a row
 * @ia: input address of the first
 * @pfns: their frame numbers
 * @pages: how many, at most HYP_WORK_PAGES
 * @prot: PROT_*
 * @surplus: called for each leaf that is taken out for another mapping, after its
 *           TLB entries are gone; and for what was mapped as asked already
 * @arg: for @surplus
 * @attrs: private: bits of the new entries
 * @block: private: all of it is one level 2 block
 * @missing: private: something is to be mapped
 * @broken_lo: private: start of what is to be taken out first
 * @broken_hi: private: its end
 * @spare: private: tables that take a block's place, by 2 MiB window
 *
 * The caller sets all but the private ones and calls pgtable_list_prepare(), then, if that says
 * that there is something to do, pgtable_list_commit().
 */
struct pgtable_list {
	u64 ia;
	const u64 *pfns;
	unsigned int pages;
	u32 prot;
	pgtable_leaf_fn surplus;
	void *arg;

	u64 attrs;
	bool block;
	bool missing;
	u64 broken_lo, broken_hi;
	void *spare[2];
};

int pgtable_list_prepare(struct pgtable *pt, struct pgtable_list *list);
void pgtable_list_commit(struct pgtable *pt, struct pgtable_list *list);

#endif
