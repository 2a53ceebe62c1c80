// SPDX-License-Identifier: GPL-2.0-only
/* Self-hosted debug (Arm ARM D2): breakpoints, watchpoints, single step, at EL0 and EL1. */
#include "trap.h"

#define MDSCR_SS	(1 << 0)
#define MDSCR_KDE	(1 << 13)
#define MDSCR_MDE	(1 << 15)
#define BCR(pmc)	(1 | (pmc) << 1 | 0xf << 5)
#define WCR(pac, lsc)	(1 | (pac) << 1 | (lsc) << 3 | 0xff << 5)
#define AT_EL1		1
#define AT_EL0		2
#define LOADS		1
#define STORES		2
#define SPSR_D		(1 << 9)
#define SPSR_SS		(1 << 21)
#define INSN_D_CLEAR	0xd50348ff	/* msr daifclr, #8 */
#define INSN_D_SET	0xd50348df
#define INSN_ISB	0xd5033fdf
#define INSN_LOAD	0xf9400000	/* ldr x0, [x0] */
#define INSN_STORE	0xf9000001	/* str x1, [x0] */

static struct trap t;
static uint64_t watched[4];

static void debug_off(void)
{
	write_sysreg(mdscr_el1, 0);
	write_sysreg(dbgbcr0_el1, 0);
	write_sysreg(dbgwcr0_el1, 0);
}

static void test_breakpoints(void)
{
	static const uint32_t el1[] = {
		INSN_D_CLEAR, INSN_ISB, INSN_NOP, INSN_D_SET, INSN_RET,
	};
	static const uint32_t el0[] = { INSN_NOP, INSN_NOP, INSN_SVC(3) };
	uint64_t at = (uint64_t)trap_code(el1, ARRAY_SIZE(el1));

	for (unsigned int on = 0; on < 2; on++) {
		write_sysreg(dbgbvr0_el1, at + 8);
		write_sysreg(dbgbcr0_el1, BCR(AT_EL1));
		write_sysreg(mdscr_el1, MDSCR_KDE | (on ? MDSCR_MDE : 0));
		mmio_read32(RTC_LOAD);	/* out to the VMM and back */
		trap_code(el1, ARRAY_SIZE(el1));
		trap_call(&t, (void *)at, 0, 0, 0);
		if (on)
			trap_is_class(&t, TRAP_EL1, EC_BREAKPOINT, "breakpoint at EL1");
		else
			check(!t.taken, "breakpoint without MDE: ESR %lx", t.esr);
		check(!on || t.elr == at + 8, "breakpoint at %lx, not %lx", t.elr, at + 8);
		check(read_sysreg(dbgbvr0_el1) == at + 8, "DBGBVR0_EL1 is %lx",
		      read_sysreg(dbgbvr0_el1));
		debug_off();
		write_sysreg(dbgbvr0_el1, at + 4 + EL0_ALIAS);
		write_sysreg(dbgbcr0_el1, BCR(AT_EL0));
		write_sysreg(mdscr_el1, on ? MDSCR_MDE : 0);
		trap_el0(&t, el0, 3, SPSR_EL0, 0);
		trap_is_class(&t, TRAP_EL0, on ? EC_BREAKPOINT_EL0 : EC_SVC, "breakpoint at EL0");
		debug_off();
	}
	test_end("breakpoints");
}

static void test_watchpoints(void)
{
	static const uint32_t el1[][5] = {
		{ INSN_D_CLEAR, INSN_ISB, INSN_LOAD, INSN_D_SET, INSN_RET },
		{ INSN_D_CLEAR, INSN_ISB, INSN_STORE, INSN_D_SET, INSN_RET },
	};
	static const uint32_t el0[][2] = { { INSN_LOAD, INSN_SVC(3) }, { INSN_STORE, INSN_SVC(3) } };

	for (unsigned int i = 0; i < 4; i++) {
		bool store = i & 1, hit = (i & 1) == (i >> 1);
		uint64_t at = (uint64_t)&watched[2];

		write_sysreg(dbgwvr0_el1, at);
		write_sysreg(dbgwcr0_el1, WCR(AT_EL1, i & 2 ? STORES : LOADS));
		write_sysreg(mdscr_el1, MDSCR_KDE | MDSCR_MDE);
		trap_call(&t, trap_code(el1[store], 5), at, 0, 0);
		if (hit)
			trap_is_class(&t, TRAP_EL1, EC_WATCHPOINT, "watchpoint at EL1");
		else
			check(!t.taken, "watchpoint at EL1: ESR %lx", t.esr);
		check(!hit || (t.far == at && (t.esr >> 6 & 1) == store), "FAR %lx ESR %lx",
		      t.far, t.esr);
		write_sysreg(dbgwvr0_el1, at + EL0_ALIAS);
		write_sysreg(dbgwcr0_el1, WCR(AT_EL0, i & 2 ? STORES : LOADS));
		trap_el0(&t, el0[store], 2, SPSR_EL0, at + EL0_ALIAS);
		trap_is_class(&t, TRAP_EL0, hit ? EC_WATCHPOINT_EL0 : EC_SVC, "watchpoint at EL0");
		debug_off();
	}
	test_end("watchpoints");
}

/* One step over each: a plain instruction, one that the hypervisor emulates, one of a device. */
static void test_steps(void)
{
	static const struct {
		const char *name;
		uint32_t insn;
	} steps[] = {
		{ "nop", INSN_NOP },
		{ "mrs cntp_ctl_el0", 0xd53be220 },
		{ "mrs id_aa64pfr0_el1", 0xd5380400 },
		{ "ldr from a device", 0xb9400000 },
		{ "hvc", INSN_HVC },
	};

	write_sysreg(cntkctl_el1, 1 << 9);
	for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++) {
		const uint32_t code[] = { steps[i].insn, INSN_NOP, INSN_SVC(3) };
		uint64_t at = (uint64_t)trap_code(code, 3), x0 = i == 4 ? PSCI_VERSION : RTC_LOAD;

		write_sysreg(mdscr_el1, MDSCR_SS | MDSCR_KDE);
		trap_call(&t, trap_eret, at, (SPSR_EL1 & ~SPSR_D) | SPSR_SS, x0);
		trap_is_class(&t, TRAP_EL1, EC_STEP, steps[i].name);
		check(t.elr == at + 4, "%s at EL1: then at %lx, not %lx", steps[i].name, t.elr,
		      at + 4);
		debug_off();
		if (i > 1)
			continue;
		write_sysreg(mdscr_el1, MDSCR_SS);
		trap_call(&t, trap_eret, at + EL0_ALIAS, SPSR_EL0 | SPSR_SS, 0);
		trap_is_class(&t, TRAP_EL0, EC_STEP_EL0, steps[i].name);
		check(t.elr == at + 4 + EL0_ALIAS, "%s at EL0: then at %lx", steps[i].name, t.elr);
		debug_off();
	}
	write_sysreg(cntkctl_el1, 0);
	test_end("single steps");
}

/* With the OS lock locked there are no debug exceptions; unlocked again there are. */
static void test_lock(void)
{
	static const uint32_t el0[] = { INSN_NOP, INSN_SVC(3) };

	for (unsigned int i = 0; i < 4; i++) {
		uint64_t at = (uint64_t)trap_code(el0, 2) + EL0_ALIAS;
		bool locked = i & 1;

		if (i < 2)
			write_sysreg(oslar_el1, locked);
		write_sysreg(dbgbvr0_el1, at);
		write_sysreg(dbgbcr0_el1, BCR(AT_EL0));
		write_sysreg(mdscr_el1, MDSCR_MDE);
		if (i >= 2)
			write_sysreg(oslar_el1, locked);
		check((read_sysreg(oslsr_el1) >> 1 & 1) == locked, "OSLSR_EL1 is %lx",
		      read_sysreg(oslsr_el1));
		trap_call(&t, trap_eret, at, SPSR_EL0, 0);
		trap_is_class(&t, TRAP_EL0, locked ? EC_SVC : EC_BREAKPOINT_EL0, "OS lock");
		check(read_sysreg(dbgbvr0_el1) == at, "DBGBVR0_EL1 is %lx", read_sysreg(dbgbvr0_el1));
		debug_off();
	}
	test_end("OS lock");
}

/* Every register of every point holds its own value, debug on or off. */
static void test_storm(void)
{
	for (unsigned int i = 0; i < 200; i++) {
		uint64_t b = random64() & 0xfffffffffffc, w = random64() & 0xfffffffffffc;
		uint64_t mdscr = i & 1 ? MDSCR_MDE : 0;

		write_sysreg(dbgbvr0_el1, b);
		write_sysreg(dbgbvr1_el1, ~b & 0xfffffffffffc);
		write_sysreg(mdscr_el1, mdscr);
		write_sysreg(dbgwvr0_el1, w);
		write_sysreg(dbgwvr1_el1, ~w & 0xfffffffffffc);
		if (i & 2)
			mmio_read32(RTC_LOAD);
		check(read_sysreg(dbgbvr0_el1) == b &&
		      read_sysreg(dbgbvr1_el1) == (~b & 0xfffffffffffc), "breakpoints: %lx of %lx",
		      read_sysreg(dbgbvr0_el1), b);
		check(read_sysreg(dbgwvr0_el1) == w &&
		      read_sysreg(dbgwvr1_el1) == (~w & 0xfffffffffffc), "watchpoints: %lx of %lx",
		      read_sysreg(dbgwvr0_el1), w);
		check(read_sysreg(mdscr_el1) == mdscr, "MDSCR_EL1 is %lx", read_sysreg(mdscr_el1));
	}
	debug_off();
	test_end("debug registers hold their values");
}

/**
 * exceptions_debug() - the tests of debug
 */
void exceptions_debug(void)
{
	write_sysreg(oslar_el1, 0);
	test_breakpoints();
	test_watchpoints();
	test_steps();
	test_lock();
	test_storm();
}
