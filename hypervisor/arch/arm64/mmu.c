// SPDX-License-Identifier: GPL-2.0-only
/*
 * EL2's stage 1: the generic walker over the tables that the entry code made, and
 * the map slots through which EL2 reaches pages of other worlds.
 */
#include <hyp/arch.h>
#include <hyp/errno.h>
#include <hyp/page.h>
#include <hyp/panic.h>
#include <hyp/pgtable.h>
#include <hyp/pool.h>
#include <hyp/spinlock.h>
#include <hyp/string.h>
#include <hyp/util.h>
#include "cpu.h"
#include "early_map.h"
#include "layout.h"
#include "mmu.h"

#define SLOT_ATTR \
	(BIT(54) | BIT(10) | (3ULL << 8) | BIT(6) | (1ULL << 2) | 3) /* XN AF SH AP1 Normal page */

extern char __text_start[], __image_end[];

/* Tables for what is mapped before the pool is. */
#define BOOT_TABLES 24
static u64 boot_tables[BOOT_TABLES][512] __section(".bss.page_aligned") __aligned(PAGE_SIZE);
static unsigned int boot_tables_used;

/*
 * Protects EL2's own tables: vCPUs of different VMs come and go at once. Nothing
 * but the pool's lock is taken under it.
 */
static struct spinlock el2_lock;
static u64 image_base;
static struct pool_quota *el2_quota;
static u64 mmio_next = LAYOUT_MMIO;

static bool in_image(const void *p)
{
	return (u64)p >= LAYOUT_IMAGE && (u64)p < (u64)__image_end;
}

static void *mmu_table_alloc(struct pgtable *pt __unused)
{
	if (el2_quota)
		return pool_alloc(el2_quota, 1);
	if (boot_tables_used == BOOT_TABLES)
		return NULL;
	return boot_tables[boot_tables_used++];
}

static void mmu_table_free(struct pgtable *pt __unused, void *table)
{
	/* A table of the boot's is not used again: there are few, once. */
	if (!in_image(table))
		pool_free(el2_quota, table, 1);
}

static void *mmu_table_va(pa_t table)
{
	if (table.v >= image_base && table.v < image_base + mmu_image_size())
		return (void *)(table.v - image_base + LAYOUT_IMAGE);
	return pool_va(table);
}

static pa_t mmu_table_pa(const void *table)
{
	return in_image(table) ? mmu_image_pa(table) : pool_pa(table);
}

static void mmu_invalidate(struct pgtable *pt __unused, u64 va, u64 size)
{
	arch_tlbi_el2(va, size);
}

static const struct pgtable_ops el2_ops = {
	.alloc = mmu_table_alloc,
	.free = mmu_table_free,
	.va = mmu_table_va,
	.pa = mmu_table_pa,
	.invalidate = mmu_invalidate,
};

static struct pgtable el2_pgtable = {
	.ops = &el2_ops,
	.root = boot_root,
	.start_level = 0,
	.ia_bits = 48,
};

void mmu_init(pa_t image)
{
	image_base = image.v;
}

pa_t mmu_image_pa(const void *symbol)
{
	CHECK(in_image(symbol));
	return pa((u64)symbol - LAYOUT_IMAGE + image_base);
}

u64 mmu_image_base(void)
{
	return image_base;
}

u64 mmu_image_size(void)
{
	return ALIGN_UP((u64)__image_end - LAYOUT_IMAGE, PAGE_SIZE);
}

void mmu_pool_ready(struct pool_quota *q)
{
	el2_quota = q;
}

int mmu_map(u64 va, pa_t base, u64 size, u32 prot)
{
	int err;

	CHECK(!(prot & PROT_W) || !(prot & PROT_X));
	spin_lock(&el2_lock);
	err = pgtable_map(&el2_pgtable, va, base.v, size, prot, BLOCK_SIZE);
	spin_unlock(&el2_lock);
	return err;
}

int mmu_unmap(u64 va, u64 size)
{
	int err;

	spin_lock(&el2_lock);
	err = pgtable_unmap(&el2_pgtable, va, size);
	spin_unlock(&el2_lock);
	return err;
}

volatile void *mmu_map_mmio(u64 base, u64 size)
{
	u64 first = ALIGN_DOWN(base, PAGE_SIZE);
	u64 bytes = ALIGN_UP(base + size, PAGE_SIZE) - first;
	u64 va = mmio_next;

	if (pgtable_map(&el2_pgtable, va, first, bytes, PROT_RW | PROT_DEVICE, PAGE_SIZE))
		return NULL;
	mmio_next += bytes + PAGE_SIZE;
	return (volatile void *)(va + (base - first));
}

static int slot_entry(struct pgtable *pt __unused, u64 va, unsigned int level, u64 *entry,
		      enum pgtable_visit what __unused, void *arg __unused)
{
	struct percpu *cpu;

	if (level == 3 && va % (ARCH_MAP_SLOTS * PAGE_SIZE) == 0) {
		cpu = cpu_by_id((va - LAYOUT_SLOTS) / PAGE_SIZE / ARCH_MAP_SLOTS);
		cpu->slots = entry;
	} else if (level == 2 && va >= LAYOUT_BLOCK_SLOTS) {
		cpu = cpu_by_id((va - LAYOUT_BLOCK_SLOTS) / BLOCK_SIZE);
		cpu->block_slot = entry;
	}
	return 0;
}

/*
 * Makes the tables of one kind of slot by mapping something there (the image's
 * own pages, read only), finds the entries, and leaves them invalid: from then on
 * they change without a walk.
 */
static int mmu_init_slot_tables(u64 va, u64 leaf, unsigned int leaves)
{
	const struct pgtable_walk walk = { .visit = slot_entry, .flags = BIT(PT_LEAF) };
	unsigned int i;
	int err;

	for (i = 0; i < leaves; i++) {
		err = pgtable_map(&el2_pgtable, va + i * leaf, image_base, leaf, PROT_R, leaf);
		if (err)
			return err;
	}
	return pgtable_walk(&el2_pgtable, va, leaves * leaf, &walk);
}

int mmu_init_slots(void)
{
	unsigned int i;
	int err;

	err = mmu_init_slot_tables(LAYOUT_SLOTS, PAGE_SIZE, HYP_MAX_CPUS * ARCH_MAP_SLOTS);
	if (!err)
		err = mmu_init_slot_tables(LAYOUT_BLOCK_SLOTS, BLOCK_SIZE, HYP_MAX_CPUS);
	if (err)
		return err;
	for (i = 0; i < HYP_MAX_CPUS; i++) {
		memset(cpu_by_id(i)->slots, 0, ARCH_MAP_SLOTS * sizeof(u64));
		*cpu_by_id(i)->block_slot = 0;
	}
	arch_pt_sync();
	__asm__ volatile("tlbi alle2is");
	dsb(ish);
	isb();
	return 0;
}

static u64 slot_va(const struct percpu *cpu, unsigned int slot)
{
	return LAYOUT_SLOTS + (cpu->id * ARCH_MAP_SLOTS + slot) * PAGE_SIZE;
}

/*
 * An entry goes from invalid to valid here, from valid to invalid in
 * arch_unmap_page(). That invalidates on all CPUs: all walk these tables, and another
 * one may have cached this CPU's slot speculatively.
 */
void *arch_map_page(pa_t page)
{
	struct percpu *cpu = this_cpu();
	unsigned int slot = __builtin_ctz(~cpu->slots_used);

	CHECK(slot < ARCH_MAP_SLOTS && IS_ALIGNED(page.v, PAGE_SIZE));
	cpu->slots_used |= 1U << slot;
	WRITE_ONCE(cpu->slots[slot], page.v | SLOT_ATTR);
	dsb(nshst);
	isb();
	return (void *)slot_va(cpu, slot);
}

void arch_unmap_page(void *va)
{
	struct percpu *cpu = this_cpu();
	unsigned int slot = ((u64)va - slot_va(cpu, 0)) / PAGE_SIZE;

	CHECK(slot < ARCH_MAP_SLOTS && (cpu->slots_used & (1U << slot)));
	WRITE_ONCE(cpu->slots[slot], 0);
	dsb(ishst);
	__asm__ volatile("tlbi vae2is, %0" : : "r"((u64)va >> PAGE_SHIFT));
	dsb(ish);
	isb();
	cpu->slots_used &= ~(1U << slot);
}

void arch_pt_sync(void)
{
	dsb(ishst);
	isb();
}

void arch_tlbi_el2(u64 va, u64 size)
{
	u64 end = va + size;

	dsb(ishst);
	if (size > 64 * PAGE_SIZE) {
		__asm__ volatile("tlbi alle2is");
	} else {
		for (; va < end; va += PAGE_SIZE)
			__asm__ volatile("tlbi vae2is, %0" : : "r"(va >> PAGE_SHIFT));
	}
	dsb(ish);
	isb();
}

/*
 * TLBI by IPA works on the VMID of the current VTTBR_EL2, so that of @root is
 * loaded for its duration. Stage 1 entries are combinations of both stages, which
 * only VMALLE1IS reaches (Arm ARM D8.14).
 */
void arch_tlbi_stage2(u16 vmid, pa_t root, ipa_t first, u64 size)
{
	u64 own = read_sysreg(vttbr_el2);
	u64 vttbr = root.v | (u64)vmid << 48;
	u64 addr, tcr = read_sysreg(tcr_el1);
	bool again = errata_machine & ERRATUM_REPEAT_TLBI;

	dsb(ishst);
	if (own != vttbr) {
		/* No walk of this world's stage 1 may mix with the other's stage 2. */
		write_sysreg(tcr | TCR_EPD0 | TCR_EPD1, tcr_el1);
		isb();
		write_sysreg(vttbr, vttbr_el2);
		isb();
	}
repeat:
	if (!size || size > 64 * PAGE_SIZE) {
		__asm__ volatile("tlbi vmalls12e1is");
	} else {
		for (addr = first.v; addr < first.v + size; addr += PAGE_SIZE)
			__asm__ volatile("tlbi ipas2e1is, %0" : : "r"(addr >> PAGE_SHIFT));
		dsb(ish);
		__asm__ volatile("tlbi vmalle1is");
	}
	dsb(ish);
	if (unlikely(again)) {
		again = false;
		goto repeat;
	}
	isb();
	if (own != vttbr) {
		write_sysreg(own, vttbr_el2);
		isb();
		write_sysreg(tcr, tcr_el1);
		isb();
	}
}

static unsigned int dcache_line(void)
{
	return 4U << FIELD_GET(GENMASK(19, 16), read_sysreg(ctr_el0));
}

void arch_dcache_clean_inval(const void *va, size_t size)
{
	unsigned int line = dcache_line();
	u64 p = ALIGN_DOWN((u64)va, line);

	/* A block has 32,768 lines: worth unrolling. */
#pragma GCC unroll 8
	for (u64 n = ((u64)va + size - p + line - 1) / line; n; n--, p += line)
		__asm__ volatile("dc civac, %0" : : "r"(p) : "memory");
	dsb(sy);
}

void arch_dcache_clean_inval_pa(pa_t base, u64 size)
{
	struct percpu *cpu = this_cpu();
	u64 va = LAYOUT_BLOCK_SLOTS + cpu->id * BLOCK_SIZE;
	u64 offset = base.v & (BLOCK_SIZE - 1);
	void *page;

	CHECK(offset + size <= BLOCK_SIZE);
	if (!page_is_normal(pa(base.v - offset), BLOCK_SIZE)) {
		for (; size; base.v += PAGE_SIZE, size -= PAGE_SIZE) {
			page = arch_map_page(base);
			arch_dcache_clean_inval(page, PAGE_SIZE);
			arch_unmap_page(page);
		}
		return;
	}
	WRITE_ONCE(*cpu->block_slot, (base.v - offset) | (SLOT_ATTR & ~BIT(1)));
	dsb(nshst);
	isb();
	arch_dcache_clean_inval((const void *)(va + offset), size);
	WRITE_ONCE(*cpu->block_slot, 0);
	dsb(ishst);
	__asm__ volatile("tlbi vae2is, %0" : : "r"(va >> PAGE_SHIFT));
	dsb(ish);
	isb();
}

bool arch_stage2_fwb(void)
{
	return cpu_features.fwb;
}

void arch_icache_inval(void)
{
	dsb(ish);
	__asm__ volatile("ic ialluis");
	dsb(ish);
	isb();
}
