/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stage 2: the geometry that host and VMs share, roots, tables from the pool.
 * The contracts stand with the functions in core/stage2.c.
 */
#ifndef HYP_STAGE2_H
#define HYP_STAGE2_H

#include <hyp/pgtable.h>

/* VMID of the host. */
#define STAGE2_VMID_HOST 0

/*
 * One geometry for all, so that VTCR_EL2 never changes: input addresses as wide
 * as the CPUs' physical ones (at most 48 bits). Up to 43 bits the walk starts at
 * level 1 with 2^(bits - 39) concatenated tables, above at level 0 (Arm ARM
 * D8.2.7: start level 0 needs a PA size of at least 44 bits).
 */
void stage2_setup(unsigned int pa_bits);

/* Of all stage 2 tables; constant after stage2_setup(). */
extern struct stage2_geometry {
	u8 bits; /* width of intermediate physical addresses */
	u8 start_level; /* where walks start: 0 or 1 */
	u8 root_pages; /* 4 KiB tables that are concatenated, 1 to 16; as aligned as large */
} stage2_geometry;

static inline unsigned int stage2_ipa_bits(void)
{
	return stage2_geometry.bits;
}

static inline unsigned int stage2_start_level(void)
{
	return stage2_geometry.start_level;
}

static inline unsigned int stage2_root_pages(void)
{
	return stage2_geometry.root_pages;
}

u64 stage2_parange(void);
u64 stage2_vtcr(void);

int stage2_init(struct pgtable *pt, u16 vmid, struct pool_quota *quota);
void stage2_destroy(struct pgtable *pt);

#endif
