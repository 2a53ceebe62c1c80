// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every encoding of a system register, op0 2 and 3, is read and written. What must come of
 * it: what the hypervisor's one register table and native_regs.h say; the ID space and the
 * numbered breakpoints and watchpoints; and UNDEFINED for all else.
 *
 * The command line's word "tidcp" says that this CPU traps accesses to IMPLEMENTATION DEFINED
 * registers (HCR_EL2.TIDCP), which QEMU before 8.0 does not: there they may be constants.
 */
#include <arch/regs.h>

#include "guest.h"
#include "native_regs.h"

#define ENCODINGS	0x10000		/* SYS(); op0 is bits 15 and 14 */
#define FIRST		SYS(2, 0, 0, 0, 0)
#define OP1(enc)	((enc) >> 11 & 7)
#define CRN(enc)	((enc) >> 7 & 0xf)
#define CRM(enc)	((enc) >> 3 & 0xf)
#define OP2(enc)	((enc) & 7)
#define INSN_RET	0xd65f03c0
#define ESR_UNDEF	0x02000000	/* EC 0, IL */

enum outcome { VALUE, UNDEF, TRAP, OTHER };
/* What the table says: REG_R, REG_W, and that the CPU may not have it. */
#define MAYBE		4
#define IMPDEF		8

static struct {
	uint32_t access;
	uint32_t ret;
} code[2][ENCODINGS - FIRST];
static uint8_t expected[ENCODINGS], got[2][ENCODINGS];
static uint64_t values[ENCODINGS];
static const char *names[ENCODINGS];

static volatile bool trapped;
static volatile uint64_t trap_esr;

static bool on_trap(struct exception_frame *frame, unsigned int slot)
{
	if (slot != EXCEPTION_SYNC || frame->elr < (uint64_t)code ||
	    frame->elr >= (uint64_t)code + sizeof(code))
		return false;
	trapped = true;
	trap_esr = frame->esr;
	frame->elr += 4;
	return true;
}

/* An MRS to x0 that is reported as a trapped one: EC 0x18. */
static uint64_t esr_trap(uint32_t enc)
{
	return 0x18ul << 26 | 1 << 25 | (enc >> 14) << 20 | OP2(enc) << 17 | OP1(enc) << 14 |
	       CRN(enc) << 10 | CRM(enc) << 1 | 1;
}

static enum outcome access(bool write, uint32_t enc, uint64_t *value)
{
	register uint64_t x0 asm("x0") = *value;
	register uint64_t x1 asm("x1") = (uint64_t)&code[write][enc - FIRST];

	trapped = false;
	asm volatile("blr x1" : "+r" (x0), "+r" (x1) :: "x30", "cc", "memory");
	*value = x0;
	if (!trapped)
		return VALUE;
	if (trap_esr == ESR_UNDEF)
		return UNDEF;
	return trap_esr == esr_trap(enc) ? TRAP : OTHER;
}

/* All instructions at once: one clean to the point of unification for each line. */
static void generate(void)
{
	for (uint32_t enc = FIRST; enc < ENCODINGS; enc++) {
		uint32_t reg = (enc & 0xffff) << 5;

		code[0][enc - FIRST].access = 0xd5200000 | reg;
		code[1][enc - FIRST].access = 0xd5000000 | reg;
		code[0][enc - FIRST].ret = code[1][enc - FIRST].ret = INSN_RET;
	}
	for (uint64_t p = (uint64_t)code; p < (uint64_t)code + sizeof(code); p += 16)
		asm volatile("dc cvau, %0" :: "r" (p) : "memory");
	asm volatile("dsb ish; ic ialluis; dsb ish; isb" ::: "memory");
}

static bool is_id(uint32_t enc)
{
	return (enc & ~0x7fu) == SYS(3, 0, 0, 0, 0) && CRM(enc) >= 1 && CRM(enc) <= 7;
}

static unsigned int id_field(unsigned int crm, unsigned int op2, unsigned int lsb)
{
	return values[SYS(3, 0, 0, crm, op2)] >> lsb & 0xf;
}

static bool has_pauth(void)
{
	return id_field(6, 1, 4) || id_field(6, 1, 8) || id_field(6, 1, 24) ||
	       id_field(6, 1, 28) || id_field(6, 2, 8) || id_field(6, 2, 12);
}

static void expect(uint32_t enc, const char *name, unsigned int how)
{
	check(!names[enc], "%s and %s have the same encoding", name, names[enc]);
	names[enc] = name;
	expected[enc] = how;
}

/* Registers of external debug, which emulated CPUs may not have; here they never do a thing. */
static unsigned int external_debug(uint32_t enc)
{
	switch (enc) {
	case SYS(2, 0, 0, 2, 0):	/* MDCCINT_EL1 */
	case SYS(2, 0, 0, 2, 2):	/* MDSCR_EL1 */
	case SYS(2, 0, 1, 0, 0):	/* MDRAR_EL1 */
	case SYS(2, 0, 1, 0, 4):	/* OSLAR_EL1 */
	case SYS(2, 0, 1, 1, 4):	/* OSLSR_EL1 */
	case SYS(2, 0, 1, 3, 4):	/* OSDLR_EL1 */
	case SYS(2, 3, 0, 1, 0):	/* MDCCSR_EL0 */
		return 0;
	}
	return enc < SYS(3, 0, 0, 0, 0) ? MAYBE : 0;
}

/* A register that EL1 cannot name is in the table for its sake: SP_EL1. */
static void expect_switched(uint32_t enc, const char *name, unsigned int how)
{
	if (OP1(enc) < 4)
		expect(enc, name, how);
}

#define ID_FIELD(crm, op2, lsb, least) (id_field(crm, op2, lsb) >= (least))

static void expect_table(void)
{
	unsigned int when;

#define X(name, enc, reset) expect_switched(enc, #name, REG_RW);
	SWITCHED_REGS(X)
#undef X
#define X(name, enc, reset) expect(enc, #name, has_pauth() ? REG_RW : 0);
	SWITCHED_PAUTH_REGS(X)
#undef X
#define X(feature, name, enc) expect(enc, #name, REG_RW | MAYBE);
	SWITCHED_HIDDEN_REGS(X)
#undef X
#define X(name, enc, accesses, answer) expect(enc, #name, (accesses) | external_debug(enc));
	TRAPPED_REGS(X)
#undef X
#define X(name, enc, accesses, is_there)					\
	when = is_there;							\
	expect(enc, #name, when == MAYBE ? (accesses) | MAYBE : when ? (accesses) : 0);
	NATIVE_REGS(X)
#undef X
}

static void expect_ranges(void)
{
	unsigned int breakpoints = id_field(5, 0, 12), watchpoints = id_field(5, 0, 20);

	for (unsigned int n = 0; n <= breakpoints; n++) {
		expect(SYS(2, 0, 0, n, 4), "DBGBVR", REG_RW);
		expect(SYS(2, 0, 0, n, 5), "DBGBCR", REG_RW);
	}
	for (unsigned int n = 0; n <= watchpoints; n++) {
		expect(SYS(2, 0, 0, n, 6), "DBGWVR", REG_RW);
		expect(SYS(2, 0, 0, n, 7), "DBGWCR", REG_RW);
	}
	for (uint32_t enc = FIRST; enc < ENCODINGS; enc++) {
		if (is_id(enc))
			expect(enc, "ID", REG_R);
		/* Arm ARM D18.3.2, "Reserved encodings for IMPLEMENTATION DEFINED registers" */
		if (enc >= SYS(3, 0, 0, 0, 0) && (CRN(enc) == 11 || CRN(enc) == 15) &&
		    OP1(enc) < 4 && !bootargs_have("tidcp"))
			expect(enc, "IMPLEMENTATION DEFINED", REG_RW | MAYBE | IMPDEF);
	}
}

/* What may be written without harm to the walk: what was read; to the others, nothing's. */
static uint64_t harmless(uint32_t enc)
{
	switch (enc) {
	case SYS(3, 0, 12, 8, 1):	/* ICC_EOIR0_EL1 */
	case SYS(3, 0, 12, 12, 1):	/* ICC_EOIR1_EL1 */
	case SYS(3, 0, 12, 11, 1):	/* ICC_DIR_EL1 */
		return INTID_SPURIOUS;
	case SYS(2, 0, 1, 0, 4):	/* OSLAR_EL1: lock */
		return 1;
	}
	return got[0][enc] == VALUE ? values[enc] : 0;
}

static void walk(bool write)
{
	unsigned int counts[4] = { 0 };

	for (uint32_t enc = FIRST; enc < ENCODINGS; enc++) {
		uint64_t value = write ? harmless(enc) : 0x5a5a5a5a5a5a5a5a;

		got[write][enc] = access(write, enc, &value);
		if (!write)
			values[enc] = value;
		counts[got[write][enc]]++;
	}
	print("# %s: %u done, %u undefined, %u trapped, %u other exceptions\n",
	      write ? "writes" : "reads", counts[VALUE], counts[UNDEF], counts[TRAP],
	      counts[OTHER]);
}

static void check_constant(uint32_t enc)
{
	uint64_t value = ~values[enc];

	access(true, enc, &value);
	access(false, enc, &value);
	check(value == values[enc], "S%u_%u_C%u_C%u_%u: value %lx, then %lx", enc >> 14, OP1(enc),
	      CRN(enc), CRM(enc), OP2(enc), values[enc], value);
}

/* With FEAT_IDST reads of what the CPU has not got are reported as trapped (Arm ARM D1.3.5). */
static bool is_feature_id(uint32_t enc)
{
	return id_field(7, 2, 36) && enc >> 14 == 3 && !CRN(enc) && CRM(enc) <= 7 &&
	       (OP1(enc) == 0 || OP1(enc) == 1 || OP1(enc) == 3);
}

static void compare(bool write)
{
	static const char *const words[] = {
		"done", "undefined", "trapped", "another exception",
	};

	for (uint32_t enc = FIRST; enc < ENCODINGS; enc++) {
		bool there = expected[enc] & (write ? REG_W : REG_R);
		enum outcome outcome = got[write][enc];
		enum outcome absent = !write && is_feature_id(enc) ? TRAP : UNDEF;
		bool good = outcome == (there ? VALUE : absent);

		if (there && (expected[enc] & MAYBE) && outcome == absent)
			good = true;
		check(good, "%s S%u_%u_C%u_C%u_%u (%s): %s", write ? "msr" : "mrs", enc >> 14,
		      OP1(enc), CRN(enc), CRM(enc), OP2(enc), names[enc] ? names[enc] : "none",
		      words[outcome]);
		if (write && outcome == VALUE && (expected[enc] & IMPDEF))
			check_constant(enc);
	}
	test_end(write ? "all writes" : "all reads");
}

/* What is hidden: fields of the ID registers, by CRm, op2 and lowest bit. */
static void test_hidden_fields(void)
{
	static const struct {
		const char *name;
		uint8_t crm, op2, lsb;
	} fields[] = {
		{ "PFR0.EL2", 4, 0, 8 }, { "PFR0.EL3", 4, 0, 12 }, { "PFR0.RAS", 4, 0, 28 },
		{ "PFR0.SVE", 4, 0, 32 }, { "PFR0.SEL2", 4, 0, 36 }, { "PFR0.MPAM", 4, 0, 40 },
		{ "PFR0.AMU", 4, 0, 44 }, { "PFR0.RME", 4, 0, 52 }, { "PFR1.MTE", 4, 1, 8 },
		{ "PFR1.SME", 4, 1, 24 }, { "PFR1.NMI", 4, 1, 36 }, { "PFR1.GCS", 4, 1, 44 },
		{ "PFR1.THE", 4, 1, 48 }, { "DFR0.TraceVer", 5, 0, 4 },
		{ "DFR0.PMUVer", 5, 0, 8 }, { "DFR0.PMSVer", 5, 0, 32 },
		{ "DFR0.TraceFilt", 5, 0, 40 }, { "DFR0.TraceBuffer", 5, 0, 44 },
		{ "DFR0.BRBE", 5, 0, 52 }, { "ISAR0.TME", 6, 0, 24 }, { "ISAR1.LS64", 6, 1, 60 },
		{ "ISAR2.MOPS", 6, 2, 16 }, { "ISAR2.WFxT", 6, 2, 0 }, { "MMFR0.FGT", 7, 0, 56 },
		{ "MMFR1.VH", 7, 1, 8 }, { "MMFR1.LO", 7, 1, 16 }, { "MMFR1.HCX", 7, 1, 40 },
		{ "MMFR2.NV", 7, 2, 24 }, { "MMFR2.FWB", 7, 2, 40 }, { "MMFR2.IESB", 7, 2, 12 },
	};
	static const uint8_t zero[][2] = {
		{ 4, 4 }, { 4, 5 }, { 5, 1 }, { 4, 2 }, { 7, 3 }, { 7, 4 }, { 4, 3 }, { 4, 7 },
		{ 5, 7 }, { 6, 7 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++)
		check(!id_field(fields[i].crm, fields[i].op2, fields[i].lsb), "ID_AA64%s is %u",
		      fields[i].name, id_field(fields[i].crm, fields[i].op2, fields[i].lsb));
	for (unsigned int i = 0; i < ARRAY_SIZE(zero); i++)
		check(!values[SYS(3, 0, 0, zero[i][0], zero[i][1])], "S3_0_C0_C%u_%u is %lx",
		      zero[i][0], zero[i][1], values[SYS(3, 0, 0, zero[i][0], zero[i][1])]);
	check(id_field(4, 0, 0) >= 1 && id_field(4, 0, 4) == 1, "ID_AA64PFR0_EL1 is %lx",
	      values[SYS(3, 0, 0, 4, 0)]);
	test_end("ID fields of what is hidden");
}

/* Registers that are the guest's keep each bit pattern that they can hold. */
static void test_kept(void)
{
	static const uint32_t whole[] = {
		SYS(3, 0, 4, 0, 1), SYS(3, 0, 4, 1, 0), SYS(3, 0, 6, 0, 0), SYS(3, 0, 13, 0, 4),
		SYS(3, 3, 13, 0, 2), SYS(3, 3, 13, 0, 3), SYS(3, 3, 14, 3, 2),
		SYS(3, 3, 14, 2, 2),
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(whole); i++) {
		for (unsigned int pass = 0; pass < 2; pass++) {
			uint64_t value = pass ? ~random64() : random64(), back, kept = value;

			access(true, whole[i], &value);
			hvc(PSCI_VERSION, 0, 0, 0);
			back = 0;
			access(false, whole[i], &back);
			check(back == kept, "S%u_%u_C%u_C%u_%u: %lx, not %lx", whole[i] >> 14,
			      OP1(whole[i]), CRN(whole[i]), CRM(whole[i]), OP2(whole[i]), back,
			      kept);
		}
	}
	test_end("values stay");
}

void guest_main(void)
{
	/* The traps of SVE and SME to EL1 come before those to EL2: out of the way. */
	write_sysreg(cpacr_el1, read_sysreg(cpacr_el1) | 3ul << 16 | 3ul << 24);
	generate();
	trap_handler = on_trap;
	walk(false);
	expect_table();
	expect_ranges();
	compare(false);
	walk(true);
	compare(true);
	test_hidden_fields();
	test_kept();
	trap_handler = NULL;
}
