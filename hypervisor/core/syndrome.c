// SPDX-License-Identifier: GPL-2.0-only
/* Exception syndromes in words: for panics, and for guests that were ended. */
#include <stdarg.h>

#include <hyp/string.h>
#include <hyp/syndrome.h>
#include <hyp/util.h>

#define ESR_EC GENMASK(31, 26)
#define ESR_ISS GENMASK(24, 0)

/* Fault status codes that stand for one thing; the others have a level. */
static const char *const fault_name[64] = {
	[0x10] = "external abort",
	[0x11] = "tag check fault",
	[0x18] = "parity or ECC error",
	[0x21] = "alignment fault",
	[0x28] = "granule protection fault",
	[0x30] = "TLB conflict",
	[0x31] = "hardware update of an atomic not supported",
	[0x34] = "lockdown fault",
	[0x35] = "exclusive or atomic access not supported there",
};

/* Those that have one: by the first code, level 0; level -1 stands apart. */
static const struct {
	u8 first;
	u8 minus_one;
	const char *name;
} level_fault[] = {
	{ 0x00, 0x29, "address size fault" },
	{ 0x04, 0x2b, "translation fault" },
	{ 0x08, 0xff, "access flag fault" },
	{ 0x0c, 0xff, "permission fault" },
	{ 0x14, 0x13, "external abort on a table walk" },
	{ 0x1c, 0x1b, "parity or ECC error on a table walk" },
	{ 0x24, 0x23, "granule protection fault on a table walk" },
};

/* The registers that are met most, by their encoding in the ISS. */
#define SYS(op0, op1, crn, crm, op2) \
	((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
/* Without Rt and direction. */
#define SYS_MASK 0x3ffc1eU

static const struct {
	u32 key;
	const char *name;
} sys_name[] = {
	{ SYS(3, 0, 0, 0, 0), "MIDR_EL1" },
	{ SYS(3, 0, 0, 0, 5), "MPIDR_EL1" },
	{ SYS(3, 0, 0, 4, 0), "ID_AA64PFR0_EL1" },
	{ SYS(3, 0, 0, 4, 1), "ID_AA64PFR1_EL1" },
	{ SYS(3, 0, 0, 5, 0), "ID_AA64DFR0_EL1" },
	{ SYS(3, 0, 0, 6, 0), "ID_AA64ISAR0_EL1" },
	{ SYS(3, 0, 0, 6, 1), "ID_AA64ISAR1_EL1" },
	{ SYS(3, 0, 0, 7, 0), "ID_AA64MMFR0_EL1" },
	{ SYS(3, 0, 0, 7, 1), "ID_AA64MMFR1_EL1" },
	{ SYS(3, 0, 0, 7, 2), "ID_AA64MMFR2_EL1" },
	{ SYS(3, 0, 1, 0, 0), "SCTLR_EL1" },
	{ SYS(3, 0, 1, 0, 1), "ACTLR_EL1" },
	{ SYS(3, 0, 1, 0, 2), "CPACR_EL1" },
	{ SYS(3, 0, 2, 0, 0), "TTBR0_EL1" },
	{ SYS(3, 0, 2, 0, 1), "TTBR1_EL1" },
	{ SYS(3, 0, 2, 0, 2), "TCR_EL1" },
	{ SYS(3, 0, 4, 6, 0), "ICC_PMR_EL1" },
	{ SYS(3, 0, 12, 8, 0), "ICC_IAR0_EL1" },
	{ SYS(3, 0, 12, 11, 1), "ICC_DIR_EL1" },
	{ SYS(3, 0, 12, 11, 5), "ICC_SGI1R_EL1" },
	{ SYS(3, 0, 12, 11, 6), "ICC_ASGI1R_EL1" },
	{ SYS(3, 0, 12, 11, 7), "ICC_SGI0R_EL1" },
	{ SYS(3, 0, 12, 12, 0), "ICC_IAR1_EL1" },
	{ SYS(3, 0, 12, 12, 1), "ICC_EOIR1_EL1" },
	{ SYS(3, 0, 12, 12, 4), "ICC_CTLR_EL1" },
	{ SYS(3, 0, 12, 12, 5), "ICC_SRE_EL1" },
	{ SYS(3, 0, 12, 12, 7), "ICC_IGRPEN1_EL1" },
	{ SYS(3, 1, 0, 0, 0), "CCSIDR_EL1" },
	{ SYS(3, 1, 0, 0, 1), "CLIDR_EL1" },
	{ SYS(3, 2, 0, 0, 0), "CSSELR_EL1" },
	{ SYS(3, 3, 0, 0, 1), "CTR_EL0" },
	{ SYS(3, 3, 9, 12, 0), "PMCR_EL0" },
	{ SYS(3, 3, 9, 13, 0), "PMCCNTR_EL0" },
	{ SYS(3, 3, 14, 0, 1), "CNTPCT_EL0" },
	{ SYS(3, 3, 14, 2, 0), "CNTP_TVAL_EL0" },
	{ SYS(3, 3, 14, 2, 1), "CNTP_CTL_EL0" },
	{ SYS(3, 3, 14, 2, 2), "CNTP_CVAL_EL0" },
	{ SYS(2, 0, 0, 2, 2), "MDSCR_EL1" },
	{ SYS(2, 0, 1, 0, 4), "OSLAR_EL1" },
	{ SYS(2, 0, 1, 3, 4), "OSDLR_EL1" },
	{ SYS(1, 0, 7, 6, 2), "DC ISW" },
	{ SYS(1, 0, 7, 10, 2), "DC CSW" },
	{ SYS(1, 0, 7, 14, 2), "DC CISW" },
	{ SYS(1, 3, 7, 4, 1), "DC ZVA" },
};

/* The caller's buffer and how much of it is used. */
struct text {
	char *buf;
	size_t size;
	size_t len;
};

static void __printf(2, 3) add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	t->len += hyp_vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	/* What didn't fit was cut; the rest is cut whole. */
	t->len = MIN(t->len, t->size - 1);
}

static void add_fault_status(struct text *t, unsigned int fsc)
{
	if (fault_name[fsc]) {
		add(t, ": %s", fault_name[fsc]);
		return;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(level_fault); i++) {
		if ((fsc & ~3U) == level_fault[i].first) {
			add(t, ": %s, level %u", level_fault[i].name, fsc & 3);
			return;
		}
		if (fsc == level_fault[i].minus_one) {
			add(t, ": %s, level -1", level_fault[i].name);
			return;
		}
	}
	add(t, ": fault status 0x%02x", fsc);
}

/* What instruction and data aborts have in common (D24.2.40). */
static void describe_abort(struct text *t, u32 iss)
{
	add_fault_status(t, iss & 0x3f);
	if (iss & BIT(7))
		add(t, ", on a stage 1 table walk");
	if (iss & BIT(9))
		add(t, ", external type 1");
	if ((iss & 0x3f) == 0x10 && iss & BIT(10))
		add(t, ", FAR not valid");
}

static void describe_dabt(struct text *t, u32 iss)
{
	describe_abort(t, iss);
	add(t, iss & BIT(6) ? ", write" : ", read");
	if (iss & BIT(8))
		add(t, ", cache maintenance");
	if (iss & BIT(24))
		add(t, ", %u bytes, register %lu", 1U << FIELD_GET(GENMASK(23, 22), iss),
		    (unsigned long)FIELD_GET(GENMASK(20, 16), iss));
}

static void describe_wfx(struct text *t, u32 iss)
{
	static const char *const name[] = { "WFI", "WFE", "WFIT", "WFET" };

	add(t, ": %s", name[iss & 3]);
}

static void describe_imm(struct text *t, u32 iss)
{
	add(t, " #0x%x", iss & 0xffff);
}

static void describe_sys64(struct text *t, u32 iss)
{
	const char *name = NULL;

	for (unsigned int i = 0; i < ARRAY_SIZE(sys_name) && !name; i++)
		if ((iss & SYS_MASK) == sys_name[i].key)
			name = sys_name[i].name;
	add(t, ": %s ", iss & 1 ? "read of" : "write to");
	if (name)
		add(t, "%s, ", name);
	add(t, "op0 %u op1 %u CRn %u CRm %u op2 %u, register %u", iss >> 20 & 3, iss >> 14 & 7,
	    iss >> 10 & 15, iss >> 1 & 15, iss >> 17 & 7, iss >> 5 & 31);
}

/* AArch32 MCR and MRC. */
static void describe_cp32(struct text *t, u32 iss)
{
	add(t, ": %s opc1 %u CRn %u CRm %u opc2 %u, register %u", iss & 1 ? "read of" : "write to",
	    iss >> 14 & 7, iss >> 10 & 15, iss >> 1 & 15, iss >> 17 & 7, iss >> 5 & 31);
}

static void describe_serror(struct text *t, u32 iss)
{
	static const char *const severity[] = {
		"uncontainable", "unrecoverable", "restartable", "recoverable",
		"severity 4",	 "severity 5",	  "corrected",	 "severity 7",
	};

	if (iss & BIT(24))
		add(t, ": implementation defined, 0x%x", iss & 0xffffff);
	else if ((iss & 0x3f) == 0x11)
		add(t, ": %s", severity[iss >> 10 & 7]);
	else
		add(t, ": uncategorized");
}

static void describe_watchpoint(struct text *t, u32 iss)
{
	add(t, iss & BIT(6) ? ": write" : ": read");
}

/* Exception classes, and what their ISS says beside. */
static const struct {
	const char *name;
	void (*describe)(struct text *t, u32 iss);
} classes[64] = {
	[0x00] = { "undefined or unattributed instruction" },
	[0x01] = { "trapped wait", describe_wfx },
	[0x03] = { "trapped AArch32 MCR or MRC (cp15)", describe_cp32 },
	[0x04] = { "trapped AArch32 MCRR or MRRC (cp15)" },
	[0x05] = { "trapped AArch32 MCR or MRC (cp14)", describe_cp32 },
	[0x06] = { "trapped AArch32 LDC or STC" },
	[0x07] = { "trapped FP, SIMD or SVE access" },
	[0x08] = { "trapped AArch32 VMRS", describe_cp32 },
	[0x09] = { "trapped pointer authentication" },
	[0x0a] = { "trapped LD64B or ST64B" },
	[0x0c] = { "trapped AArch32 MRRC (cp14)" },
	[0x0d] = { "branch target exception" },
	[0x0e] = { "illegal execution state" },
	[0x11] = { "AArch32 SVC", describe_imm },
	[0x12] = { "AArch32 HVC", describe_imm },
	[0x13] = { "AArch32 SMC" },
	[0x14] = { "trapped 128-bit system register access" },
	[0x15] = { "SVC", describe_imm },
	[0x16] = { "HVC", describe_imm },
	[0x17] = { "SMC", describe_imm },
	[0x18] = { "trapped system register access", describe_sys64 },
	[0x19] = { "trapped SVE access" },
	[0x1a] = { "trapped ERET" },
	[0x1b] = { "trapped TSTART" },
	[0x1c] = { "pointer authentication failure" },
	[0x1d] = { "trapped SME access" },
	[0x20] = { "instruction abort from a lower level", describe_abort },
	[0x21] = { "instruction abort from the same level", describe_abort },
	[0x22] = { "PC alignment fault" },
	[0x24] = { "data abort from a lower level", describe_dabt },
	[0x25] = { "data abort from the same level", describe_dabt },
	[0x26] = { "SP alignment fault" },
	[0x27] = { "memory copy or set exception" },
	[0x28] = { "AArch32 floating point exception" },
	[0x2c] = { "floating point exception" },
	[0x2d] = { "guarded control stack exception" },
	[0x2f] = { "SError", describe_serror },
	[0x30] = { "breakpoint from a lower level" },
	[0x31] = { "breakpoint from the same level" },
	[0x32] = { "software step from a lower level" },
	[0x33] = { "software step from the same level" },
	[0x34] = { "watchpoint from a lower level", describe_watchpoint },
	[0x35] = { "watchpoint from the same level", describe_watchpoint },
	[0x38] = { "AArch32 BKPT", describe_imm },
	[0x3a] = { "AArch32 vector catch" },
	[0x3c] = { "BRK", describe_imm },
	[0x3d] = { "profiling exception" },
};

void syndrome_describe(char *buf, size_t size, u64 esr)
{
	struct text t = { buf, size, 0 };
	unsigned int ec = FIELD_GET(ESR_EC, esr);

	add(&t, "%s", classes[ec].name ? classes[ec].name : "unknown exception class");
	if (classes[ec].describe)
		classes[ec].describe(&t, FIELD_GET(ESR_ISS, esr));
	add(&t, " (ESR 0x%lx)", (unsigned long)esr);
}
