// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYSTEM_RESET and SYSTEM_RESET2: every register of each life is at its start as it was in the
 * first one, whatever the life before did to it. Memory outside the image lives on.
 */
#include "guest.h"

#define LIVES		4
#define MAGIC		UINT64_C(0x6c69666520302e31)
#define CPUS		3
#define MAX_VALUES	1024

/* Behind all that is loaded. */
#define KEPT		((volatile struct kept *)(RAM + (UINT64_C(64) << 20)))

struct value {
	uint32_t what;
	uint64_t is;
};

struct kept {
	uint64_t magic;
	uint64_t life;
	uint32_t nr[CPUS];
	struct value values[CPUS][MAX_VALUES];
};

static struct barrier barrier;
static bool first;
static uint32_t nr[CPUS];

/* Once for each value, in the same order in each life. */
static void note(unsigned int cpu, const char *name, uint32_t index, uint64_t is)
{
	volatile struct value *v = &KEPT->values[cpu][nr[cpu]];

	if (nr[cpu]++ >= MAX_VALUES) {
		check(false, "too many values");
		return;
	}
	if (first)
		*v = (struct value) { .what = index, .is = is };
	check(v->what == index && v->is == is, "CPU %u, life %lu: %s (%x) is %lx, in the first %lx", cpu,
	      KEPT->life, name, index, is, v->is);
}

/* System registers that start.S has not touched: read, and later written. */
#define REGISTERS(X)							\
	X(ttbr1_el1) X(amair_el1) X(afsr0_el1) X(afsr1_el1) X(esr_el1)	\
	X(spsr_el1) X(contextidr_el1) X(tpidr_el1) X(tpidr_el0)		\
	X(tpidrro_el0) X(par_el1) X(cntkctl_el1) X(sp_el0)		\
	X(csselr_el1) X(cntv_cval_el0) X(cntp_cval_el0)			\
	X(dbgbvr0_el1) X(dbgwvr0_el1) X(dbgbvr1_el1) X(dbgwvr1_el1)

static void note_boot(unsigned int self)
{
	const struct boot_state *b = &boot_state[self];

	for (unsigned int i = 0; i < 31; i++)
		note(self, "x", i, b->x[i]);
	note(self, "SP_EL1", 0, b->sp);
	note(self, "SCTLR_EL1", 0, b->sctlr);
	note(self, "MAIR_EL1", 0, b->mair);
	note(self, "TCR_EL1", 0, b->tcr);
	note(self, "TTBR0_EL1", 0, b->ttbr0);
	note(self, "VBAR_EL1", 0, b->vbar);
	note(self, "CPACR_EL1", 0, b->cpacr);
	note(self, "CurrentEL", 0, b->currentel);
	note(self, "DAIF", 0, b->daif);
	note(self, "NZCV", 0, b->nzcv);
	note(self, "SPSel", 0, b->spsel);
	check(b->currentel == 1 << 2 && b->daif == 0x3c0 && b->spsel == 1, "PSTATE %lx %lx %lx",
	      b->currentel, b->daif, b->spsel);
	check(!(b->sctlr & (1 | 1 << 2 | 1 << 12)), "MMU or caches are on: %lx", b->sctlr);
}

static void note_registers(unsigned int self)
{
	uint64_t v[64];

#define X(name) note(self, #name, 0, read_sysreg(name));
	REGISTERS(X)
#undef X
	note(self, "MDSCR_EL1", 0, read_sysreg(mdscr_el1));
	note(self, "DBGBCR0_EL1", 0, read_sysreg(dbgbcr0_el1));
	note(self, "DBGWCR0_EL1", 0, read_sysreg(dbgwcr0_el1));
	note(self, "CNTV_CTL_EL0", 0, read_sysreg(cntv_ctl_el0) & 3);
	note(self, "CNTP_CTL_EL0", 0, read_sysreg(cntp_ctl_el0) & 3);
	note(self, "FPCR", 0, read_sysreg(fpcr));
	note(self, "FPSR", 0, read_sysreg(fpsr));
	/* The compiler uses none of these. */
	asm volatile(".arch_extension fp\n"
		     "stp q0, q1, [%0, #0]\n"
		     "stp q2, q3, [%0, #32]\n"
		     "stp q4, q5, [%0, #64]\n"
		     "stp q6, q7, [%0, #96]\n"
		     "stp q8, q9, [%0, #128]\n"
		     "stp q10, q11, [%0, #160]\n"
		     "stp q12, q13, [%0, #192]\n"
		     "stp q14, q15, [%0, #224]\n"
		     "stp q16, q17, [%0, #256]\n"
		     "stp q18, q19, [%0, #288]\n"
		     "stp q20, q21, [%0, #320]\n"
		     "stp q22, q23, [%0, #352]\n"
		     "stp q24, q25, [%0, #384]\n"
		     "stp q26, q27, [%0, #416]\n"
		     "stp q28, q29, [%0, #448]\n"
		     "stp q30, q31, [%0, #480]\n"
		     :: "r" (v) : "memory");
	for (unsigned int i = 0; i < ARRAY_SIZE(v); i++)
		note(self, "V", i, v[i]);
	note(self, "ICC_SRE_EL1", 0, read_sysreg(ICC_SRE_EL1));
	note(self, "ICC_PMR_EL1", 0, read_sysreg(ICC_PMR_EL1));
	note(self, "ICC_BPR0_EL1", 0, read_sysreg(ICC_BPR0_EL1));
	note(self, "ICC_BPR1_EL1", 0, read_sysreg(ICC_BPR1_EL1));
	note(self, "ICC_CTLR_EL1", 0, read_sysreg(ICC_CTLR_EL1));
	note(self, "ICC_IGRPEN0_EL1", 0, read_sysreg(ICC_IGRPEN0_EL1));
	note(self, "ICC_IGRPEN1_EL1", 0, read_sysreg(ICC_IGRPEN1_EL1));
	note(self, "ICC_RPR_EL1", 0, read_sysreg(ICC_RPR_EL1));
	note(self, "ICC_AP0R0_EL1", 0, read_sysreg(ICC_AP0R0_EL1));
	note(self, "ICC_AP1R0_EL1", 0, read_sysreg(ICC_AP1R0_EL1));
}

/* CPU 0 notes all of the GIC: where @words registers lie at @offset. */
static void note_frame(const char *name, uint64_t frame, uint32_t offset, unsigned int words)
{
	for (unsigned int i = 0; i < words; i++)
		note(0, name, offset + 4 * i, mmio_read32(frame + offset + 4 * i));
}

static uint64_t frame_of(unsigned int cpu)
{
	return GICD - smp_cpus() * GICR_STRIDE + cpu * GICR_STRIDE;
}

static void note_gic(void)
{
	unsigned int banks = 4;

	note_frame("GICD_CTLR", GICD, 0, 1);
	for (uint32_t reg = GIC_IGROUPR; reg < GIC_IPRIORITYR; reg += 0x80)
		note_frame("GICD", GICD, reg + 4, banks - 1);
	note_frame("GICD_IPRIORITYR", GICD, GIC_IPRIORITYR + 32, 8 * (banks - 1));
	note_frame("GICD_ICFGR", GICD, GIC_ICFGR + 8, 2 * (banks - 1));
	note_frame("GICD_IROUTER", GICD, GICD_IROUTER(32), 64 * (banks - 1));
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		uint64_t frame = frame_of(cpu);

		note_frame("GICR_CTLR", frame, 0, 1);
		note_frame("GICR_WAKER", frame, 0x14, 1);
		for (uint32_t reg = GIC_IGROUPR; reg < GIC_IPRIORITYR; reg += 0x80)
			note_frame("GICR", frame, GICR_SGI + reg, 1);
		note_frame("GICR_IPRIORITYR", frame, GICR_SGI + GIC_IPRIORITYR, 8);
		note_frame("GICR_ICFGR", frame, GICR_SGI + GIC_ICFGR, 2);
	}
}

static void dirty_registers(unsigned int self)
{
	uint64_t value = UINT64_C(0x5a5a5a5a5a5a5a5a) + self;
	struct registers in, out;

#define X(name) write_sysreg(name, value);
	REGISTERS(X)
#undef X
	write_sysreg(csselr_el1, 2);
	/* Breakpoints that match nothing: not enabled (DBGBCR<n>_EL1.E). */
	write_sysreg(dbgbcr0_el1, 0x1e6);
	write_sysreg(dbgwcr0_el1, 0x1ffe);
	write_sysreg(mdscr_el1, 1 << 12);
	registers_random(&in);
	insn_run(INSN_NOP, &in, &out);
	write_sysreg(fpcr, 0x07c00000);
	write_sysreg(fpsr, 0x0800009f);
	write_sysreg(cntv_cval_el0, self == 1 ? 0 : UINT64_C(1) << 60);
	write_sysreg(cntp_cval_el0, self == 1 ? 0 : UINT64_C(1) << 60);
	write_sysreg(cntv_ctl_el0, 1);
	write_sysreg(cntp_ctl_el0, 1);
}

static void dirty_gic(void)
{
	for (uint32_t intid = 32; intid < 128; intid++) {
		gic_spi(intid, 0x80 + intid, intid % 2 ? intid % CPUS : UINT64_C(1) << 31);
		gic_set(GIC_ISPENDR, intid);
		if (intid % 3 == 0)
			gic_set(GIC_ISACTIVER, intid);
	}
}

static void dirty_own_gic(void)
{
	gic_init();
	for (uint32_t intid = 0; intid < 32; intid++) {
		gic_priority(intid, 0x40);
		gic_set(GIC_ISENABLER, intid);
		gic_set(GIC_ISPENDR, intid);
		if (intid % 5 == 0)
			gic_set(GIC_ISACTIVER, intid);
	}
	write_sysreg(ICC_PMR_EL1, 0xff);
	write_sysreg(ICC_BPR0_EL1, 7);
	write_sysreg(ICC_BPR1_EL1, 7);
	write_sysreg(ICC_CTLR_EL1, 3);
	write_sysreg(ICC_IGRPEN0_EL1, 1);
	write_sysreg(ICC_IGRPEN1_EL1, 1);
	/* Something is acknowledged, not ended. KVM has few list registers, full of active ones. */
	check(gic_acknowledge() < 128 || bootargs_have("hypervisor=kvm"), "nothing to acknowledge");
}

/* One CPU sleeps, one spins, one asks for the reset. */
static void live(unsigned int self)
{
	if (self) {
		note_boot(self);
		note_registers(self);
		if (first)
			KEPT->nr[self] = nr[self];
		check(KEPT->nr[self] == nr[self], "%u values", nr[self]);
	}
	barrier_wait(&barrier, CPUS);
	if (!self) {
		test_end("CPUs begin as in the first life");
		KEPT->life++;
		if (KEPT->life < LIVES)
			print("# life %lu ends\n", KEPT->life);
	}
	barrier_wait(&barrier, CPUS);
	if (KEPT->life == LIVES)
		return;
	dirty_own_gic();
	if (!self)
		dirty_gic();
	barrier_wait(&barrier, CPUS);
	dirty_registers(self);
	if (self == KEPT->life % CPUS) {
		if (KEPT->life % 2)
			hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
		else
			hvc(PSCI_SYSTEM_RESET2, 0, 0, 0);
		check(false, "reset returned");
	}
	for (;;)
		if (self == 0)
			asm volatile("wfi");
}

void guest_main(void)
{
	first = KEPT->magic != MAGIC;
	if (first) {
		KEPT->magic = MAGIC;
		KEPT->life = 0;
	}
	note_boot(0);
	check(boot_state[0].x[0] == (uint64_t)guest_dtb, "x0");
	note_registers(0);
	note_gic();
	if (first)
		KEPT->nr[0] = nr[0];
	check(KEPT->nr[0] == nr[0], "%u values", nr[0]);
	test_end("begins as in the first life");
	for (unsigned int i = 1; i < CPUS; i++) {
		check(hvc(PSCI_AFFINITY_INFO, i, 0, 0).x[0] == 1, "CPU %u is on", i);
	}
	test_end("other CPUs are off");
	check(smp_cpus() >= CPUS, "%u CPUs", smp_cpus());
	smp_run(live, CPUS);
	check(KEPT->life == LIVES, "life %lu", KEPT->life);
	test_end("lives");
}
