/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What core/ and vgic/ need from the processor. arch/arm64 is the real one;
 * arch/fake records the calls, so that the same code links natively into the
 * unit tests.
 */
#ifndef HYP_ARCH_H
#define HYP_ARCH_H

#include <arch/inline.h>
#include <hyp/types.h>

/* Index of this CPU, 0 to HYP_MAX_CPUS - 1. */
unsigned int arch_cpu(void);

/*
 * In arch/inline.h:
 *
 * void arch_cpu_relax(void): in the body of each loop that waits for another CPU.
 *
 * u64 arch_index_nospec(u64 index, u64 limit): @index, which is below @limit, also where
 * the processor speculates that it is: a caller's number must not choose what is read
 * (Arm's note on Spectre variant 1).
 */

/*
 * Makes stores to page tables visible to the table walkers of all CPUs before
 * anything that follows (DSB ISHST, ISB).
 */
void arch_pt_sync(void);

/*
 * Invalidates what all CPUs cached of stage 2 for [ipa, ipa + size) of a VMID,
 * and the stage 1 entries made from it; size 0 means the whole VMID. Complete
 * on return. @root is the stage 2 root that belongs to the VMID.
 */
void arch_tlbi_stage2(u16 vmid, pa_t root, ipa_t ipa, u64 size);

/* The same for EL2's own stage 1, on all CPUs. */
void arch_tlbi_el2(u64 va, u64 size);

/* Cleans, and invalidates, [va, va + size) to the point of coherency. */
void arch_dcache_clean_inval(const void *va, size_t size);

/*
 * The same for physical memory that EL2 need not have mapped; @base and @size
 * are page aligned, @size at most BLOCK_SIZE and within one block. The range is
 * RAM of any world.
 */
void arch_dcache_clean_inval_pa(pa_t base, u64 size);

/*
 * Does the CPU have FEAT_S2FWB on all cores, and is HCR_EL2.FWB set while a VM
 * runs (never for the host: it may map RAM non-cacheable for DMA)? Memory given
 * to a VM needs no cleaning then. Constant from before the first stage2_init().
 */
bool arch_stage2_fwb(void);

/* Invalidates the whole instruction cache of all CPUs. */
void arch_icache_inval(void);

/*
 * Maps one page of the host's or a VM's memory into this CPU's map slot and
 * returns its address; arch_unmap_page() ends it. Slots do not nest deeper
 * than ARCH_MAP_SLOTS, interrupts are masked at EL2, so the mapping stays on
 * this CPU.
 */
#define ARCH_MAP_SLOTS 4
void *arch_map_page(pa_t page);
void arch_unmap_page(void *va);

/* Reads the system counter. */
u64 arch_counter(void);

/* Widest physical address in bits, at most 48. */
unsigned int arch_pa_bits(void);

#endif
