/* SPDX-License-Identifier: GPL-2.0-only */
/* Per-CPU state, set-up of a CPU's EL2 registers. */
#ifndef ARM64_CPU_H
#define ARM64_CPU_H

#include <arch/vcpu.h>
#include <hyp/platform.h>
#include <hyp/psci.h>
#include <hyp/types.h>
#include "layout.h"
#include "sysreg.h"

struct vcpu;

/* The general registers of the host, as host_entry pushes them. */
struct host_regs {
	u64 x[31];
	u64 pad;
};

/* What this CPU's errata make EL2 do; errata.c */
#define ERRATUM_SPECULATIVE_AT BIT(0)
#define ERRATUM_STAGE1_FIRST BIT(1)
#define ERRATUM_REPEAT_TLBI BIT(2)

extern u32 errata_machine; /* of any CPU that has come up; never less than before */

struct percpu {
	u64 stack; /* PERCPU_STACK */
	u64 overflow; /* PERCPU_OVERFLOW */
	u64 workaround; /* PERCPU_WORKAROUND: an SMCCC function, or 0 */
	const char *guest_vectors; /* VBAR_EL2 while a guest is loaded */
	u32 id;
	u64 mpidr; /* affinity fields alone */
	u64 *slots; /* level 3 entries of this CPU's map slots */
	u64 *block_slot; /* level 2 entry, for arch_dcache_clean_inval_pa() */
	u32 slots_used; /* bitmap */
	volatile u8 *gicr; /* this CPU's redistributor, SGI_base; mapped */
	u64 kick_sgir; /* ICC_SGI1R_EL1 for a kick of this CPU */
	u32 lrs_loaded; /* list registers that may be non-zero */
	bool ppi_active; /* the virtual timer's physical interrupt was made active */
	u64 hcr_host, hcr_guest; /* HCR_EL2 while the host runs, while a guest does */
	u64 mdcr_host, mdcr_guest; /* the latter while its debug is not live, see debug.c */
	u64 cptr_host, cptr_guest; /* the latter before its first use of FP */
	u32 errata; /* ERRATUM_... */
	bool aux_regs; /* this CPU implements one of SWITCHED_AUX_REGS */
	bool more_regs; /* than SWITCHED_REGS_1 and _2 are switched */
	/* The host's, while a guest is loaded: */
	u64 host_elr, host_spsr;
	u64 host_sys[NR_SWITCHED_REGS];
	u64 host_pmscr, host_trfcr;
	u64 host_cntv_ctl, host_cntv_cval;
	struct debug_regs host_debug;
	void *host_sve; /* or: */
	struct fp_regs host_fp;
};

extern union percpu_page {
	struct percpu cpu;
	u8 stack[PERCPU_SIZE];
} percpu_pages[HYP_MAX_CPUS];

static inline struct percpu *this_cpu(void)
{
	/*
	 * Not volatile and no clobber: a CPU's EL2 code never moves to another
	 * CPU, so the compiler may keep the value.
	 */
	u64 p;

	__asm__("mrs %0, tpidr_el2" : "=r"(p));
	return (struct percpu *)p;
}

static inline struct percpu *cpu_by_id(unsigned int id)
{
	return &percpu_pages[id].cpu;
}

/* Features of this machine that EL2's own set-up depends on; cpu_features.c */
struct cpu_features {
	bool fwb, pauth, sve, sme, mte, fgt, fgt2, hcx, mpam, ecv, csv2_2, vhe, lor, ras, amu;
	bool spe, trf, trbe, pan, ssbs, dit, idst, tcr2, sctlr2, mops;
	bool negative; /* there is something for cpu_negative_enables() */
	bool buffers; /* profiling or trace: debug.c */
	u8 pa_range;
	u8 pmu_counters;
};
extern struct cpu_features cpu_features;

int cpu_boot_init(const struct platform *p);
int cpu_alloc_stacks(void);
void cpu_init_el2(void);
int cpu_detect(void);
void cpu_negative_enables(bool host);
void cpu_init_controls(void);
void errata_init(struct percpu *cpu);
u64 cpu_vtcr(void);
void __noreturn cpu_enter_host(u64 entry, u64 arg);
void __noreturn cpu_secondary_main(struct percpu *cpu);
u64 cpu_secondary_entry_pa(void);
u64 cpu_percpu_pa(const struct percpu *cpu);

/* Assembler */
void __noreturn host_first_entry(u64 arg);
extern char host_vectors[], guest_vectors[], guest_vectors_firmware[], secondary_entry[];

#endif
