/* SPDX-License-Identifier: GPL-2.0-only */
/* EL2's own address space. */
#ifndef ARM64_MMU_H
#define ARM64_MMU_H

#include <hyp/pgtable.h>
#include <hyp/types.h>

/* Where the image is, its symbols converted. */
void mmu_init(pa_t image);
pa_t mmu_image_pa(const void *symbol);
u64 mmu_image_base(void);
u64 mmu_image_size(void);

/* From now on tables come from the pool. */
void mmu_pool_ready(struct pool_quota *q);

/**
 * mmu_map() - map a range into EL2's address space
 * @va: where; a LAYOUT_* area
 * @pa: physical base, page aligned
 * @size: bytes, whole pages
 * @prot: PROT_*; never writable and executable
 *
 * Context: takes el2_lock.
 * Return: 0 or a negative errno.
 */
int mmu_map(u64 va, pa_t pa, u64 size, u32 prot);
int mmu_unmap(u64 va, u64 size);

/**
 * mmu_map_mmio() - map device registers
 * @base: physical address
 * @size: bytes
 *
 * Context: boot.
 * Return: the virtual address, or NULL.
 */
volatile void *mmu_map_mmio(u64 base, u64 size);

/* Level 3 entries of a CPU's map slots: allocated once, changed without a walk. */
int mmu_init_slots(void);

#endif
