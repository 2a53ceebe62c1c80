// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest is not given is not there: its system registers are undefined, and the ID
 * registers do not speak of it.
 */
#include "trap.h"

static struct registers in, out;

static const struct {
	const char *name;
	uint32_t reg;
} hidden[] = {
	/* Higher exception levels */
	{ "HCR_EL2", SYSREG(3, 4, 1, 1, 0) },
	{ "SCTLR_EL2", SYSREG(3, 4, 1, 0, 0) },
	{ "VTTBR_EL2", SYSREG(3, 4, 2, 1, 0) },
	{ "CNTHCTL_EL2", SYSREG(3, 4, 14, 1, 0) },
	{ "ICH_HCR_EL2", SYSREG(3, 4, 12, 11, 0) },
	{ "SCR_EL3", SYSREG(3, 6, 1, 1, 0) },
	{ "SCTLR_EL12", SYSREG(3, 5, 1, 0, 0) },
	/* Performance monitors */
	{ "PMCR_EL0", SYSREG(3, 3, 9, 12, 0) },
	{ "PMCCNTR_EL0", SYSREG(3, 3, 9, 13, 0) },
	{ "PMUSERENR_EL0", SYSREG(3, 3, 9, 14, 0) },
	{ "PMINTENSET_EL1", SYSREG(3, 0, 9, 14, 1) },
	{ "PMEVCNTR0_EL0", SYSREG(3, 3, 14, 8, 0) },
	/* Statistical profiling, trace */
	{ "PMSCR_EL1", SYSREG(3, 0, 9, 9, 0) },
	{ "PMBLIMITR_EL1", SYSREG(3, 0, 9, 10, 0) },
	{ "TRBLIMITR_EL1", SYSREG(3, 0, 9, 11, 0) },
	{ "TRCPRGCTLR", SYSREG(2, 1, 0, 1, 0) },
	/* SVE, SME, MTE */
	{ "ZCR_EL1", SYSREG(3, 0, 1, 2, 0) },
	{ "SMCR_EL1", SYSREG(3, 0, 1, 2, 6) },
	{ "GCR_EL1", SYSREG(3, 0, 1, 0, 6) },
	{ "TFSR_EL1", SYSREG(3, 0, 5, 6, 0) },
	/* Allocated to nothing */
	{ "S3_0_C5_C7_7", SYSREG(3, 0, 5, 7, 7) },
	{ "S3_0_C11_C4_7", SYSREG(3, 0, 11, 4, 7) },
};

static void test_hidden(bool write)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(hidden); i++) {
		struct insn_result result;

		registers_random(&in);
		in.x[3] = 0;
		result = insn_run(write ? INSN_MSR(hidden[i].reg, 3) : INSN_MRS(hidden[i].reg, 3),
				  &in, &out);
		check(result.trapped, "%s: no exception, value %lx", hidden[i].name, out.x[3]);
		check(!result.trapped || result.esr == ESR_UNDEF, "%s: ESR %lx", hidden[i].name,
		      result.esr);
		check(!registers_compare(&in, &out, 0), "%s: a register changed",
		      hidden[i].name);
	}
	test_end(write ? "writes of hidden registers" : "reads of hidden registers");
}

static void test_instructions(void)
{
	static const uint32_t undefined[] = {
		0x00000000,	/* UDF */
		0x0000ffff,
		0x04e0e3e0,	/* CNTB x0, of SVE */
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(undefined); i++) {
		struct insn_result result;

		registers_random(&in);
		result = insn_run(undefined[i], &in, &out);
		check(result.trapped, "%x: no exception", undefined[i]);
		check(!result.trapped || result.esr == ESR_UNDEF, "%x: ESR %lx", undefined[i],
		      result.esr);
		check(!registers_compare(&in, &out, 0), "%x: a register changed", undefined[i]);
	}
	test_end("undefined instructions");
}

static void field(const char *name, uint64_t reg, unsigned int shift)
{
	check(!(reg >> shift & 0xf), "%s is %lx", name, reg >> shift & 0xf);
}

static void test_id_registers(void)
{
	uint64_t pfr0 = read_sysreg(id_aa64pfr0_el1), dfr0 = read_sysreg(id_aa64dfr0_el1);
	uint64_t pfr1 = read_sysreg(id_aa64pfr1_el1);

	field("ID_AA64PFR0_EL1.SVE", pfr0, 32);
	field("ID_AA64PFR0_EL1.AMU", pfr0, 44);
	field("ID_AA64PFR1_EL1.MTE", pfr1, 8);
	field("ID_AA64PFR1_EL1.SME", pfr1, 24);
	field("ID_AA64DFR0_EL1.TraceVer", dfr0, 4);
	field("ID_AA64DFR0_EL1.PMUVer", dfr0, 8);
	field("ID_AA64DFR0_EL1.PMSVer", dfr0, 32);
	field("ID_AA64DFR0_EL1.TraceBuffer", dfr0, 44);
	check((pfr0 & 0xf) != 0 && (pfr0 >> 4 & 0xf) != 0, "ID_AA64PFR0_EL1 %lx has no EL1", pfr0);
	check((pfr0 >> 24 & 0xf) == 1, "ID_AA64PFR0_EL1 %lx has no GICv3", pfr0);
	test_end("ID registers");
}

/* Where the CPU has SVE and SME, their traps to EL1 come before those to EL2: out of the way. */
static void open_cpacr(void)
{
	uint64_t zen = UINT64_C(3) << 16, smen = UINT64_C(3) << 24;

	write_sysreg(cpacr_el1, read_sysreg(cpacr_el1) | zen | smen);
}

void guest_main(void)
{
	open_cpacr();
	test_hidden(false);
	test_hidden(true);
	test_instructions();
	test_id_registers();
}
