/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Basic types. Addresses of different spaces are different C types, so that
 * the compiler refuses an IPA where a physical address is meant.
 */
#ifndef HYP_TYPES_H
#define HYP_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* Physical address: what leaves stage 2, or stage 1 of EL2. */
typedef struct {
	u64 v;
} pa_t;

/* Intermediate physical address: what enters stage 2 of the host or a VM. */
typedef struct {
	u64 v;
} ipa_t;

static inline pa_t pa(u64 v)
{
	return (pa_t){ v };
}

static inline ipa_t ipa(u64 v)
{
	return (ipa_t){ v };
}

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define BLOCK_SHIFT 21 /* a level 2 block with the 4 KiB granule */
#define BLOCK_SIZE (1UL << BLOCK_SHIFT)
#define BLOCK_MASK (~(BLOCK_SIZE - 1))

/*
 * The most CPUs and RAM ranges that one machine may have; a machine with more
 * is refused at boot with a message, never silently cut short.
 */
#define HYP_MAX_CPUS 32
#define HYP_MAX_RAM_RANGES 16

/* The most pages that one hypercall touches: EL2 runs with interrupts masked. */
#define HYP_WORK_PAGES 512

#endif
