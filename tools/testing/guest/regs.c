// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every register that a guest owns is as it was after each kind of exit: general, FP and
 * SIMD, flags, and the system registers of EL1.
 */
#include "guest.h"

#define ROUNDS	50

static struct registers in, out;

/* Runs an instruction with random registers; @changed are those that it may change. */
static void keeps(const char *what, uint32_t insn, uint32_t changed)
{
	struct insn_result result = insn_run(insn, &in, &out);
	unsigned int different = registers_compare(&in, &out, changed);

	check(!result.trapped, "%s: exception, ESR %lx", what, result.esr);
	check(!different, "%s: register %u changed", what, different - 1);
}

static void test_nothing(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		registers_random(&in);
		keeps("nop", INSN_NOP, 0);
	}
	/* The comparison itself can fail: mov x5, #0. */
	registers_random(&in);
	insn_run(0xd2800005, &in, &out);
	check(registers_compare(&in, &out, 0) == 6, "a changed register is not seen");
	test_end("no exit");
}

static void test_hypercalls(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		registers_random(&in);
		in.x[0] = PSCI_VERSION;
		keeps("PSCI_VERSION", INSN_HVC, 0xf);
		registers_random(&in);
		in.x[0] = 0xc600ff77;
		keeps("unknown hypercall", INSN_HVC, 0xf);
	}
	test_end("hypercalls");
}

static void test_mmio(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		registers_random(&in);
		in.x[6] = SERIAL_SCRATCH;
		keeps("MMIO write", INSN_LDR(STRB, 5, 6), 0);
		in.x[6] = VIRTIO;
		keeps("MMIO read", INSN_LDR(LDRW, 7, 6), 1 << 7);
		in.x[6] = UNCLAIMED;
		keeps("MMIO read of nothing", INSN_LDR(LDRX, 30, 6), 1 << 30);
		in.x[6] = GICD + 4;
		keeps("read of the distributor", INSN_LDR(LDRW, 8, 6), 1 << 8);
	}
	test_end("MMIO");
}

static void test_sysregs_trapped(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		registers_random(&in);
		keeps("ID_AA64PFR0_EL1", INSN_MRS(SYSREG(3, 0, 0, 4, 0), 9), 1 << 9);
		keeps("CNTPCT_EL0", INSN_MRS(SYSREG(3, 3, 14, 0, 1), 10), 1 << 10);
		keeps("CNTP_CTL_EL0", INSN_MRS(SYSREG(3, 3, 14, 2, 1), 11), 1 << 11);
		keeps("CTR_EL0", INSN_MRS(SYSREG(3, 3, 0, 0, 1), 12), 1 << 12);
		/* SGI 1 to nobody: an empty target list. */
		in.x[13] = 1 << 24;
		keeps("ICC_SGI1R_EL1", INSN_MSR(SYSREG(3, 0, 12, 11, 5), 13), 0);
	}
	test_end("system registers that may trap");
}

static void test_wfi(void)
{
	gic_init();
	gic_enable(1);
	gic_sgi_to_self(1);
	/* An interrupt is pending, and stays so: WFI ends at once. */
	for (unsigned int i = 0; i < ROUNDS; i++) {
		registers_random(&in);
		keeps("WFI", INSN_WFI, 0);
	}
	check(gic_acknowledge() == 1, "SGI 1 is not pending");
	gic_end(1);
	test_end("WFI");
}

/* Memory that nobody has touched comes by a fault to the host. */
static void test_fresh_memory(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		registers_random(&in);
		in.x[6] = RAM + UINT64_C(0x1000000) + i * UINT64_C(0x204000);
		keeps("load", INSN_LDR(LDRX, 7, 6), 1 << 7);
		check(!out.x[7], "fresh memory holds %lx", out.x[7]);
		in.x[6] += 0x1000;
		keeps("store", INSN_LDR(STRX, 7, 6), 0);
		check(*(uint64_t *)in.x[6] == in.x[7], "a store was lost");
	}
	test_end("memory touched for the first time");
}

/* Long enough for the host's own interrupts to come. */
static void test_preemption(void)
{
	uint64_t end = read_sysreg(cntvct_el0) + read_sysreg(cntfrq_el0) / 10;

	do {
		registers_random(&in);
		keeps("time", INSN_NOP, 0);
	} while (read_sysreg(cntvct_el0) < end);
	test_end("interrupts of the host");
}

#define EL1_REGISTERS(do)						\
	do(tpidr_el0, UINT64_MAX) do(tpidrro_el0, UINT64_MAX)		\
	do(tpidr_el1, UINT64_MAX) do(contextidr_el1, UINT32_MAX)	\
	do(sp_el0, UINT64_MAX) do(elr_el1, UINT64_MAX)			\
	do(esr_el1, UINT32_MAX) do(far_el1, UINT64_MAX)			\
	do(afsr0_el1, 0) do(afsr1_el1, 0) do(ttbr1_el1, 0xfffffffff000)	\
	do(amair_el1, 0) do(cntkctl_el1, 0x3) do(csselr_el1, 0x2)	\
	do(par_el1, 0) do(mdscr_el1, 0x1000) do(spsr_el1, 0xf00003c5)	\
	do(mair_el1, 0) do(tcr_el1, 0) do(ttbr0_el1, 0) do(vbar_el1, 0)	\
	do(sctlr_el1, 0) do(cpacr_el1, 0)				\
	do(cntv_cval_el0, UINT64_MAX) do(cntp_cval_el0, UINT64_MAX)

/* Writes random bits where that is harmless, exits in three ways, and looks. */
static void test_el1_registers(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
#define SET(name, mask)							\
		uint64_t want_##name;					\
		if (mask)						\
			write_sysreg(name, random64() & (mask));	\
		want_##name = read_sysreg(name);
		EL1_REGISTERS(SET)
		hvc(PSCI_VERSION, 0, 0, 0);
		mmio_read32(VIRTIO);
		mmio_read32(GICD + 4);
#define SAME(name, mask) {						\
		uint64_t is = read_sysreg(name);			\
		check(is == want_##name, #name " is %lx, was %lx", is, want_##name); }
		EL1_REGISTERS(SAME)
	}
	write_sysreg(mdscr_el1, 0);
	test_end("system registers of EL1");
}

void guest_main(void)
{
	test_nothing();
	test_hypercalls();
	test_mmio();
	test_sysregs_trapped();
	test_wfi();
	test_fresh_memory();
	test_preemption();
	test_el1_registers();
}
