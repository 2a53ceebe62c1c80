/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A processor for unit tests: hyp/arch.h on the build machine. Physical memory
 * is a set of buffers, each call is counted, and a model of the TLB keeps what a
 * test has "accessed", so that a missing or misplaced invalidation is seen.
 */
#ifndef FAKE_ARCH_H
#define FAKE_ARCH_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include <hyp/arch.h>

/* Back to the state of a program's start: no memory, counters zero, CPU 0. */
void fake_reset(void);

/*
 * Memory. A range is filled with 0xa5 at first: nobody may count on zeroes.
 * fake_va() aborts the program for an address that is not memory.
 */
#define FAKE_MAX_RAM 32
void fake_ram_add(u64 base, u64 size);
void *fake_va(u64 pa);
u64 fake_pa(const void *va);

/* What arch_cpu(), arch_counter(), arch_pa_bits(), arch_stage2_fwb() return. */
extern _Thread_local unsigned int fake_cpu;
extern u64 fake_counter;
extern unsigned int fake_pa_bits;
extern bool fake_fwb;

/* Counted since fake_reset(); set to zero at will. */
struct fake_counts {
	u64 pt_sync;
	u64 tlbi_stage2; /* calls */
	u64 tlbi_el2;
	u64 dcache; /* calls */
	u64 dcache_bytes;
	u64 icache;
	u64 map_page;
};
extern struct fake_counts fake_counts;

/* The last invalidation. */
struct fake_tlbi {
	bool stage2;
	u16 vmid;
	u64 root;
	u64 addr;
	u64 size;
};
extern struct fake_tlbi fake_last_tlbi;

/* Called at each invalidation, before the model forgets anything. May be NULL. */
extern void (*fake_tlbi_hook)(const struct fake_tlbi *t);

/* Called for each range that is cleaned. May be NULL. */
extern void (*fake_dcache_hook)(u64 pa, u64 size);

/*
 * Called where a CPU may be thought to lose time against others: before and after
 * invalidations, barriers, mappings. Not reset by fake_reset(). May be NULL.
 */
extern void (*fake_step_hook)(void);

/* Instead of sched_yield() in arch_cpu_relax(). Not reset by fake_reset(). May be NULL. */
extern void (*fake_relax_hook)(void);

/* Memory is zero at first: a fuzzer's machine starts a thousand times a second. */
extern bool fake_ram_zero;

/* A set of tables as the MMU sees it; the reader is not the hypervisor's walker. */
struct fake_mmu {
	u64 root; /* pa */
	unsigned int start_level;
	unsigned int ia_bits;
	bool stage2;
	u16 vmid;
};

struct fake_walk {
	bool valid;
	unsigned int level;
	u64 out; /* of the byte asked for */
	u64 size;
	u64 desc; /* the leaf, or the entry where the walk ended */
	u64 tables[4]; /* by level: pa of the table (of its page) that was read */
};

struct fake_walk fake_mmu_walk(const struct fake_mmu *mmu, u64 ia);

/*
 * An access: hits in the TLB, else walks and keeps the translation and the
 * tables on its way. Returns false for a translation fault.
 */
bool fake_tlb_access(const struct fake_mmu *mmu, u64 ia, u64 *out);

/* Each kept translation; how many entries the model keeps in all. */
void fake_tlb_each(void (*fn)(const struct fake_mmu *mmu, u64 ia, u64 out, u64 size));
size_t fake_tlb_kept(void);

/*
 * The number of kept translations and table pointers that the tables no longer
 * have: invalidations that were forgotten. Each is printed.
 */
unsigned int fake_tlb_stale(void);

/*
 * Invalidations at whose time the tables held a new valid entry for something
 * that was kept with another one: break-before-make done in the wrong order
 * (Arm ARM D8.16.1).
 */
extern unsigned int fake_tlb_bbm_errors;

/* panic(): returns to EXPECT_PANIC of ktap.h, else ends the program. */
extern bool fake_panic_expected;
extern jmp_buf fake_panic_jump;
extern char fake_panic_message[512];

/* The text of log_print() lines, where core/log.c is not linked in. */
extern char fake_log[8192];

#endif
