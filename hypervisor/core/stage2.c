// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stage 2 of host and VMs: geometry, and tables that live in the pool.
 */
#include <hyp/arch.h>
#include <hyp/errno.h>
#include <hyp/panic.h>
#include <hyp/stage2.h>
#include <hyp/util.h>

struct stage2_geometry stage2_geometry;

/**
 * stage2_setup() - fix the geometry of all stage 2 tables
 * @pa_bits: physical address size of the boot CPU, 32 to 48 bits; no other one is narrower
 *           (cpu_secondary_main())
 *
 * Context: once at boot, before any stage2_init().
 */
void stage2_setup(unsigned int pa_bits)
{
	CHECK(pa_bits >= 32 && pa_bits <= 48);
	stage2_geometry = (struct stage2_geometry){
		.bits = pa_bits,
		.start_level = pa_bits <= 43 ? 1 : 0,
		.root_pages = pa_bits > 39 && pa_bits <= 43 ? 1U << (pa_bits - 39) : 1,
	};
}

/**
 * stage2_parange() - the width of intermediate physical addresses, encoded
 *
 * Return: it as in ID_AA64MMFR0_EL1.PARange and VTCR_EL2.PS.
 */
u64 stage2_parange(void)
{
	static const u8 sizes[] = { 32, 36, 40, 42, 44, 48 };
	u64 range = 0;

	while (range + 1 < ARRAY_SIZE(sizes) && sizes[range + 1] <= stage2_geometry.bits)
		range++;
	return range;
}

/**
 * stage2_vtcr() - VTCR_EL2 (Arm ARM D19.2.155) for this geometry
 *
 * Return: T0SZ, SL0, write-back inner-shareable walks, 4 KiB granule and PS;
 * without what only arch knows (VS, HA, RES1).
 */
u64 stage2_vtcr(void)
{
	return FIELD_PREP(GENMASK(5, 0), 64 - stage2_geometry.bits) |
	       FIELD_PREP(GENMASK(7, 6), 2 - stage2_geometry.start_level) | /* SL0 */
	       FIELD_PREP(GENMASK(9, 8), 1) | /* IRGN0: write-back, write-allocate */
	       FIELD_PREP(GENMASK(11, 10), 1) | /* ORGN0 */
	       FIELD_PREP(GENMASK(13, 12), 3) | /* SH0: inner shareable */
	       FIELD_PREP(GENMASK(18, 16), stage2_parange());
}

static void *stage2_alloc(struct pgtable *pt)
{
	return pool_alloc(pt->quota, 1);
}

static void stage2_free(struct pgtable *pt, void *table)
{
	pool_free(pt->quota, table, 1);
}

static void stage2_invalidate(struct pgtable *pt, u64 ia, u64 size)
{
	arch_tlbi_stage2(pt->vmid, pt->root_pa, ipa(ia), size);
}

static const struct pgtable_ops stage2_ops = {
	.alloc = stage2_alloc,
	.free = stage2_free,
	.va = pool_va,
	.pa = pool_pa,
	.invalidate = stage2_invalidate,
};

/**
 * stage2_init() - an empty stage 2
 * @pt: result; zeroed first
 * @vmid: STAGE2_VMID_HOST, or a VM's
 * @quota: what its tables and its root count against
 *
 * VMs' tables use FEAT_S2FWB where arch_stage2_fwb() says so, the host's never:
 * it may want its memory non-cacheable, for DMA that does not snoop.
 *
 * Return: 0 or -ENOMEM.
 */
int stage2_init(struct pgtable *pt, u16 vmid, struct pool_quota *quota)
{
	*pt = (struct pgtable){
		.ops = &stage2_ops,
		.root = pool_alloc(quota, stage2_geometry.root_pages),
		.start_level = stage2_geometry.start_level,
		.ia_bits = stage2_geometry.bits,
		.stage2 = true,
		.fwb = vmid != STAGE2_VMID_HOST && arch_stage2_fwb(),
		.vmid = vmid,
		.quota = quota,
	};
	if (!pt->root)
		return -ENOMEM;
	pt->root_pa = pool_pa(pt->root);
	return 0;
}

/**
 * stage2_destroy() - the end of a stage 2
 * @pt: tables; there is no leaf left (CHECK), no CPU uses it any more
 *
 * Frees all tables and the root. The VMID may be used again at once: nothing of
 * it is left in a TLB.
 */
void stage2_destroy(struct pgtable *pt)
{
	pgtable_free_tables(pt);
	stage2_invalidate(pt, 0, 0);
	pool_free(pt->quota, pt->root, stage2_geometry.root_pages);
	pt->root = NULL;
}
