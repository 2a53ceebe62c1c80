// SPDX-License-Identifier: GPL-2.0-only
/* AArch32 at EL0: its exceptions come to the guest's EL1, and what is emulated is skipped right. */
#include "trap.h"

#define A32_SVC		0xef000000
#define FLAG_Z		(1ul << 30)

static struct trap t;

static void test_undefined(void)
{
	static const struct {
		const char *name;
		uint32_t insn;
	} list[] = {
		{ "mrc sctlr", 0xee110f10 }, { "mcr sctlr", 0xee010f10 },
		{ "mrc midr", 0xee100f10 }, { "mrc id_pfr0", 0xee100f11 },
		{ "mrc of c15", 0xee1f0f10 },
		{ "mcr of c11", 0xee0b0f10 }, { "mrrc of c15", 0xec500f0f },
		{ "mcr dcisw", 0xee070f56 }, { "mrc dbgdscrint", 0xee100e11 },
		{ "mrc dbgdidr", 0xee100e10 },
		{ "ldc dbgdtr", 0xed905e00 }, { "mrc of trace", 0xee310e10 },
		{ "vmrs fpsid", 0xeef00a10 }, { "hvc", 0xe1400070 }, { "smc", 0xe1600070 },
		{ "udf", 0xe7f000f0 }, { "mrc icc_sre", 0xee1c0fbc },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(list); i++) {
		const uint32_t code[] = { list[i].insn, A32_SVC };

		trap_el0(&t, code, 2, SPSR_A32_USER, (uint64_t)code & 0xffffff);
		/* Without AArch32 debug at EL0 those of CP14 are undefined; EL1 may trap them. */
		trap_is(&t, TRAP_EL0_A32, ESR_UNDEF, list[i].name);
	}
	test_end("AArch32: undefined");
}

static void test_controls(void)
{
	static const uint32_t wfi[] = { 0xe320f003, A32_SVC }, pmu[] = { 0xee190f1d, A32_SVC };
	static const uint32_t svc[] = { 0xef000042 }, timer[] = { 0xee1e0f32, A32_SVC };
	static const uint32_t vfp[] = { 0xeef10a10, A32_SVC };	/* vmrs r0, fpscr */

	trap_el0(&t, svc, 1, SPSR_A32_USER, 0);
	trap_is(&t, TRAP_EL0_A32, (uint64_t)EC_SVC_A32 << 26 | 1 << 25 | 0x42, "svc");
	trap_el0(&t, wfi, 2, SPSR_A32_USER, 0);
	trap_is_class(&t, TRAP_EL0_A32, EC_WFX, "wfi");
	trap_el0(&t, pmu, 2, SPSR_A32_USER, 0);
	trap_is_class(&t, TRAP_EL0_A32, 0x03, "mrc pmccntr");
	/* EL0PTEN is 0: EL1's own trap. */
	trap_el0(&t, timer, 2, SPSR_A32_USER, 0);
	trap_is_class(&t, TRAP_EL0_A32, 0x03, "mrc cntp_ctl");
	write_sysreg(cpacr_el1, read_sysreg(cpacr_el1) & ~(3ul << 20));
	trap_el0(&t, vfp, 2, SPSR_A32_USER, 0);
	trap_is_class(&t, TRAP_EL0_A32, EC_FP, "vmrs");
	write_sysreg(cpacr_el1, read_sysreg(cpacr_el1) | 3ul << 20);
	trap_el0(&t, vfp, 2, SPSR_A32_USER, 0);
	trap_is_class(&t, TRAP_EL0_A32, EC_SVC_A32, "vmrs with FP on");
	test_end("AArch32: EL1's controls");
}

/* The physical timer, emulated, from A32 and from T32 in an IT block. */
static void test_timer(void)
{
	static const uint32_t wide[] = {
		0xe3a01012,	/* mov r1, #0x12 */
		0xec410f2e,	/* mcrr p15, 2, r0, r1, c14: CNTP_CVAL */
		0xec532f2e,	/* mrrc p15, 2, r2, r3, c14 */
		0xe3a04002,	/* mov r4, #2 */
		0xee0e4f32,	/* mcr p15, 0, r4, c14, c2, 1: CNTP_CTL */
		0xee1e5f32,	/* mrc p15, 0, r5, c14, c2, 1 */
		A32_SVC,
	};
	static const uint32_t conditional[] = {
		0x0e1e0f32,	/* mrceq p15, 0, r0, c14, c2, 1 */
		0x1e1e1f32,	/* mrcne p15, 0, r1, c14, c2, 1 */
		A32_SVC,
	};
	/* ite eq; mrceq p15, 0, r0, c14, c2, 1; movne r1, #1; movs r2, #2; svc #0; nop */
	static const uint32_t thumb[] = { 0xee1ebf0c, 0x21010f32, 0xdf002202, 0xbf00bf00 };

	write_sysreg(cntkctl_el1, 1 << 9);
	trap_el0(&t, wide, ARRAY_SIZE(wide), SPSR_A32_USER, 0x89abcdef);
	trap_is_class(&t, TRAP_EL0_A32, EC_SVC_A32, "timer");
	check(t.x[2] == 0x89abcdef && t.x[3] == 0x12, "CNTP_CVAL: %lx %lx", t.x[2], t.x[3]);
	check(t.x[5] == 2, "CNTP_CTL: %lx", t.x[5]);
	check(read_sysreg(cntp_cval_el0) == 0x1289abcdef, "cntp_cval_el0: %lx",
	      read_sysreg(cntp_cval_el0));
	for (unsigned int z = 0; z < 2; z++) {
		trap_el0(&t, conditional, 3, SPSR_A32_USER | (z ? FLAG_Z : 0), 77);
		trap_is_class(&t, TRAP_EL0_A32, EC_SVC_A32, "conditional");
		check(t.x[0] == (z ? 2 : 77) && t.x[1] == (z ? 0 : 2), "Z %u: r0 %lx r1 %lx", z,
		      t.x[0], t.x[1]);
		trap_el0(&t, thumb, 4, SPSR_A32_THUMB | (z ? FLAG_Z : 0), 77);
		trap_is_class(&t, TRAP_EL0_A32, EC_SVC_A32, "IT block");
		check(t.x[0] == (z ? 2 : 77) && t.x[1] == (z ? 0 : 1) && t.x[2] == 2,
		      "IT block, Z %u: r0 %lx r1 %lx r2 %lx", z, t.x[0], t.x[1], t.x[2]);
	}
	write_sysreg(cntkctl_el1, 0);
	write_sysreg(cntp_ctl_el0, 0);
	test_end("AArch32: physical timer");
}

/* A 16-bit load that can't be completed: IL of its abort is 1 all the same. */
static void test_abort(void)
{
	static const uint32_t thumb[] = { 0xdf00c806 };	/* ldmia r0!, {r1, r2}; svc #0 */

	trap_el0(&t, thumb, 1, SPSR_A32_THUMB, 0x80000000);
	trap_is_class(&t, TRAP_EL0_A32, EC_DABT_EL0, "ldm from EL1's memory");
	test_end("AArch32: aborts");
}

/**
 * exceptions_a32() - the tests of AArch32; where there is none, that EL0 can't enter it
 */
void exceptions_a32(void)
{
	static const uint32_t svc[] = { A32_SVC };

	if ((read_sysreg(id_aa64pfr0_el1) & 0xf) == 2) {
		test_undefined();
		test_controls();
		test_timer();
		test_abort();
		return;
	}
	trap_el0(&t, svc, 1, SPSR_A32_USER, 0);
	/* "a32=anyway": an emulator that goes there all the same. */
	if (bootargs_have("a32=anyway") && t.slot == TRAP_EL0_A32)
		trap_is_class(&t, TRAP_EL0_A32, EC_SVC_A32, "SVC of AArch32");
	else
		trap_is_class(&t, TRAP_EL1, EC_ILLEGAL, "return to AArch32");
	test_end("no AArch32");
}
