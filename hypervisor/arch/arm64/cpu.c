// SPDX-License-Identifier: GPL-2.0-only
/*
 * A CPU's life at EL2: features, registers, stack, and the way into the host.
 */
#include <hyp/arch.h>
#include <hyp/errno.h>
#include <hyp/firmware.h>
#include <hyp/host.h>
#include <hyp/log.h>
#include <hyp/panic.h>
#include <hyp/pool.h>
#include <hyp/psci.h>
#include <hyp/stage2.h>
#include <hyp/test_hooks.h>
#include <hyp/util.h>
#include "cpu.h"
#include "guest_trap.h"
#include "mmu.h"

_Static_assert(offsetof(struct percpu, stack) == PERCPU_STACK, "head.S");
_Static_assert(offsetof(struct percpu, overflow) == PERCPU_OVERFLOW, "vectors.S");
_Static_assert(offsetof(struct percpu, workaround) == PERCPU_WORKAROUND, "guest.S");
_Static_assert(sizeof(struct percpu) <= PERCPU_SIZE / 2, "room for the overflow stack");

/* ID_AA64MMFR0_EL1.PARange; wider ones are not used */
#define PA_RANGE_48 5

union percpu_page percpu_pages[HYP_MAX_CPUS] __aligned(16);
struct cpu_features cpu_features;

static unsigned int nr_cpus = 1;
static struct pool_quota stack_quota = { .limit = ~0ULL };

extern char boot_stack_top[];

unsigned int arch_cpu(void)
{
	return this_cpu()->id;
}

u64 arch_counter(void)
{
	isb();
	return read_sysreg(cntpct_el0);
}

unsigned int arch_pa_bits(void)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48 };

	return bits[MIN(cpu_features.pa_range, PA_RANGE_48)];
}

u64 cpu_percpu_pa(const struct percpu *cpu)
{
	return mmu_image_pa(cpu).v;
}

u64 firmware_cpu_entry(void)
{
	return mmu_image_pa(secondary_entry).v;
}

u64 firmware_cpu_arg(unsigned int id)
{
	return cpu_percpu_pa(cpu_by_id(id));
}

/**
 * cpu_boot_init() - the boot CPU's struct percpu, before anything is known
 * @p: the platform
 *
 * Also called with the platform, to give every CPU its identity; the boot CPU
 * keeps the index that the device tree gives it.
 *
 * Return: 0, or -ENODEV after a line: the tree does not have this CPU.
 */
int cpu_boot_init(const struct platform *p)
{
	u64 self = read_sysreg(mpidr_el1) & 0xff00ffffffULL;
	unsigned int i, n = p ? p->nr_cpus : 1;
	struct percpu *cpu;

	for (i = 0; i < n; i++) {
		cpu = cpu_by_id(i);
		cpu->id = i;
		cpu->mpidr = p ? p->mpidr[i] : self;
		cpu->overflow = (u64)(percpu_pages[i].stack + PERCPU_SIZE);
		if (cpu->mpidr != self)
			continue;
		cpu->stack = (u64)boot_stack_top;
		write_sysreg((u64)cpu, tpidr_el2);
	}
	nr_cpus = n;
	if (this_cpu()->mpidr == self)
		return 0;
	pr_err("boot: /cpus of the device tree does not have this CPU, MPIDR %llx: correct it",
	       (unsigned long long)self);
	return -ENODEV;
}

/* No world runs on this CPU yet that could see it. */
static bool has_aux_regs(void)
{
	u64 found = 0;

#define X(name, enc, reset)            \
	write_sysreg(~0ULL, name);     \
	isb();                         \
	found |= read_sysreg(name);    \
	write_sysreg(0, name);
	SWITCHED_AUX_REGS(X)
#undef X
	return found;
}

/**
 * cpu_alloc_stacks() - stacks for all CPUs but this one
 *
 * Context: boot, pool ready.
 * Return: 0 or -ENOMEM.
 */
int cpu_alloc_stacks(void)
{
	unsigned int i;

	for (i = 0; i < nr_cpus; i++) {
		struct percpu *cpu = cpu_by_id(i);
		u64 base = LAYOUT_STACKS + i * 2ULL * STACK_SIZE + STACK_SIZE;
		void *mem;

		if (cpu == this_cpu())
			continue;
		mem = pool_alloc(&stack_quota, STACK_SIZE / PAGE_SIZE);
		if (!mem || mmu_map(base, pool_pa(mem), STACK_SIZE, PROT_RW))
			return -ENOMEM;
		cpu->stack = base + STACK_SIZE;
	}
	return 0;
}

/*
 * Everything that the host would find set up by firmware or by its own EL2 code:
 * nothing of EL1 traps but SMCs and what the register table takes. Runs on each
 * CPU that enters the host for the first time or after a power-down.
 */
void cpu_init_el2(void)
{
	struct percpu *cpu = this_cpu();
	const struct cpu_features *f = &cpu_features;
	u64 v;

	write_sysreg((u64)host_vectors, vbar_el2);
	errata_init(cpu);
	/* A guest may have trained this CPU's branch predictors for what EL2 and the host do next. */
	cpu->workaround = psci_branch_workaround() ?: test_branch_workaround();
	cpu->guest_vectors = cpu->workaround ? guest_vectors_firmware : guest_vectors;
	if (cpu->workaround)
		pr_debug("CPU%u: firmware call %llx at each exit of a guest", cpu->id,
			 (unsigned long long)cpu->workaround);
	cpu->aux_regs = has_aux_regs();
	cpu->more_regs = cpu->aux_regs || f->pauth || f->ras || f->sme;

	cpu->hcr_host = HCR_RW | HCR_VM | HCR_TSC | HCR_TID3;
	if (f->pauth)
		cpu->hcr_host |= HCR_API | HCR_APK;
	if (f->mte)
		cpu->hcr_host |= HCR_ATA;
	if (f->csv2_2)
		cpu->hcr_host |= HCR_ENSCXT;
	write_sysreg(cpu->hcr_host, hcr_el2);
	cpu->hcr_guest = guest_trap_hcr(f);

	v = CPTR_RES1;
	if (f->sve)
		v &= ~CPTR_TZ;
	if (f->sme)
		v &= ~CPTR_TSM;
	cpu->cptr_host = v;
	/* SVE, SME, trace and activity monitors are hidden. */
	cpu->cptr_guest = CPTR_RES1 | CPTR_TTA | CPTR_TFP | (f->amu ? CPTR_TAM : 0);
	write_sysreg(v, cptr_el2);
	isb();
	if (f->sve)
		write_sysreg(0xf, SYS_ZCR_EL2);
	if (f->sme) {
		u64 smfr = read_sysreg(SYS_ID_AA64SMFR0_EL1);

		v = 0xf;
		if (smfr & BIT(63))
			v |= BIT(31); /* FA64 */
		if (FIELD_GET(GENMASK(59, 56), smfr))
			v |= BIT(30); /* EZT0 */
		write_sysreg(v, SYS_SMCR_EL2);
	}

	v = f->pmu_counters;
	if (f->spe)
		v |= MDCR_E2PB_EL1;
	if (f->trbe)
		v |= MDCR_E2TB_EL1;
	cpu->mdcr_host = v;
	/* PMU, trace and profiling trap. */
	cpu->mdcr_guest = (v & MDCR_HPMN_MASK) | MDCR_TPM | MDCR_TPMCR | MDCR_TDRA | MDCR_TDOSA |
			  MDCR_TTRF | MDCR_TDA | (f->spe ? MDCR_TPMS : 0);
	write_sysreg(v, mdcr_el2);
	write_sysreg(0, hstr_el2);
	write_sysreg(read_sysreg(midr_el1), vpidr_el2);
	write_sysreg(read_sysreg(mpidr_el1), vmpidr_el2);

	write_sysreg(CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN, cnthctl_el2);
	write_sysreg(0, cntvoff_el2);
	write_sysreg(0, cnthp_ctl_el2);

	write_sysreg(0xf, SYS_ICC_SRE_EL2); /* SRE, DFB, DIB, Enable */
	isb();
	write_sysreg(0, SYS_ICH_HCR_EL2);

	cpu_init_controls();
	cpu_negative_enables(true);
	cpu->lrs_loaded = FIELD_GET(GENMASK(4, 0), read_sysreg(SYS_ICH_VTR_EL2)) + 1;

	write_sysreg(cpu_vtcr(), vtcr_el2);
	write_sysreg(host_stage2.root_pa.v, vttbr_el2);
	write_sysreg(SCTLR_EL1_RES1, sctlr_el1);
	isb();
	/* What a former owner of this CPU's TLBs has left for these VMIDs. */
	__asm__ volatile("tlbi alle1");
	__asm__ volatile("ic iallu");
	dsb(nsh);
	isb();
}

/**
 * cpu_vtcr() - VTCR_EL2 for host and VMs
 *
 * Return: the register's value.
 */
u64 cpu_vtcr(void)
{
	return stage2_vtcr() | BIT(31); /* RES1 */
}

void __noreturn cpu_enter_host(u64 entry, u64 arg)
{
	write_sysreg(entry, elr_el2);
	write_sysreg(SPSR_EL1H | SPSR_DAIF, spsr_el2);
	host_first_entry(arg);
}

/* All stage 2 tables have the boot CPU's geometry, which this CPU can't walk. */
static void __noreturn cpu_stay_off(const struct percpu *cpu)
{
	u64 x[SMCCC_NR_REGS] = { PSCI_CPU_OFF };

	pr_err("CPU%u: it stays off, its physical addresses are narrower than those of the CPU that the machine boots on; boot on this one",
	       cpu->id);
	firmware_smc(x);
	panic("CPU_OFF: %lld", (long long)x[0]);
}

/**
 * cpu_secondary_main() - C entry of a CPU that the host starts
 * @cpu: its struct percpu
 */
void __noreturn cpu_secondary_main(struct percpu *cpu)
{
	u64 entry, arg;

	write_sysreg((u64)cpu, tpidr_el2);
	cpu_init_el2();
	psci_take_boot(cpu->id, &entry, &arg);
	if (FIELD_GET(GENMASK(3, 0), read_sysreg(id_aa64mmfr0_el1)) <
	    MIN(cpu_features.pa_range, PA_RANGE_48))
		cpu_stay_off(cpu);
	cpu_enter_host(entry, arg);
}
