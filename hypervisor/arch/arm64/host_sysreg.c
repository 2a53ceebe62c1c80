// SPDX-License-Identifier: GPL-2.0-only
/*
 * ID registers as the host sees them. Group 3 is trapped (HCR_EL2.TID3), so that
 * a CPU newer than this hypervisor does not show the host features whose EL2
 * controls are not set up in cpu.c. Registers of instruction and memory features,
 * which need no control, are shown whole but for the fields that do. All other
 * encodings of the group are reserved, RAZ.
 */
#include <hyp/stage2.h>
#include <hyp/util.h>
#include "cpu.h"
#include "host_sysreg.h"
#include "idreg.h"
#include "inject.h"

#define F(lsb) (0xfULL << (lsb))
#define ALL ~0ULL

/* By register: the fields that reach the host. */
#define HOST_IDREGS(X)                                                                           \
	/* RME (52) would need a monitor */                                                      \
	X(4, 0, S3_0_C0_C4_0, ALL & ~F(52)) /* ID_AA64PFR0_EL1 */                                \
	/* BT, SSBS, MTE, RAS_frac, MPAM_frac, SME, RNDR_trap, CSV2_frac */                      \
	X(4, 1, S3_0_C0_C4_1, F(0) | F(4) | F(8) | F(12) | F(16) | F(24) | F(28) | F(32))        \
	X(4, 4, S3_0_C0_C4_4, ALL) /* ID_AA64ZFR0_EL1 */                                         \
	X(4, 5, S3_0_C0_C4_5, ALL) /* ID_AA64SMFR0_EL1 */                                        \
	/* without PMSS, SEBEP, BRBE, ExtTrcBuff */                                              \
	X(5, 0, S3_0_C0_C5_0, ALL & ~(F(16) | F(24) | F(52) | F(56))) /* ID_AA64DFR0_EL1 */      \
	X(5, 4, S3_0_C0_C5_4, ALL) /* ID_AA64AFR0_EL1 */                                         \
	X(5, 5, S3_0_C0_C5_5, ALL) /* ID_AA64AFR1_EL1 */                                         \
	X(6, 0, S3_0_C0_C6_0, ALL & ~F(24)) /* ID_AA64ISAR0_EL1, without TME */                  \
	X(6, 1, S3_0_C0_C6_1, ALL & ~F(60)) /* ID_AA64ISAR1_EL1, without LS64 */                 \
	/* without SYSREG_128, SYSINSTR_128 */                                                   \
	X(6, 2, S3_0_C0_C6_2, ALL & ~(F(32) | F(36))) /* ID_AA64ISAR2_EL1 */                     \
	X(6, 3, S3_0_C0_C6_3, F(4) | F(28)) /* ID_AA64ISAR3_EL1: FAMINMAX, FPRCVT */             \
	X(7, 0, S3_0_C0_C7_0, ALL) /* ID_AA64MMFR0_EL1; PARange see below */                     \
	X(7, 1, S3_0_C0_C7_1, ALL) /* ID_AA64MMFR1_EL1 */                                        \
	X(7, 2, S3_0_C0_C7_2, ALL) /* ID_AA64MMFR2_EL1 */                                        \
	X(7, 3, S3_0_C0_C7_3, F(0) | F(4) | F(8) | F(16)) /* MMFR3: TCRX SCTLRX S1PIE S1POE */   \
	X(7, 4, S3_0_C0_C7_4, F(24)) /* ID_AA64MMFR4_EL1: E2H0 */

/* AArch32 ID registers, CRm 1 to 3: AArch32 has no control at EL2 that hides. */
#define A32_IDREGS(X)                                                                            \
	X(1, 0, S3_0_C0_C1_0, ALL) X(1, 1, S3_0_C0_C1_1, ALL) X(1, 2, S3_0_C0_C1_2, ALL)         \
	X(1, 3, S3_0_C0_C1_3, ALL) X(1, 4, S3_0_C0_C1_4, ALL) X(1, 5, S3_0_C0_C1_5, ALL)         \
	X(1, 6, S3_0_C0_C1_6, ALL) X(1, 7, S3_0_C0_C1_7, ALL) X(2, 0, S3_0_C0_C2_0, ALL)         \
	X(2, 1, S3_0_C0_C2_1, ALL) X(2, 2, S3_0_C0_C2_2, ALL) X(2, 3, S3_0_C0_C2_3, ALL)         \
	X(2, 4, S3_0_C0_C2_4, ALL) X(2, 5, S3_0_C0_C2_5, ALL) X(2, 6, S3_0_C0_C2_6, ALL)         \
	X(2, 7, S3_0_C0_C2_7, ALL) X(3, 0, S3_0_C0_C3_0, ALL) X(3, 1, S3_0_C0_C3_1, ALL)         \
	X(3, 2, S3_0_C0_C3_2, ALL) X(3, 4, S3_0_C0_C3_4, ALL) X(3, 5, S3_0_C0_C3_5, ALL)         \
	X(3, 6, S3_0_C0_C3_6, ALL)

#define PARANGE_48 5

/**
 * idreg_read() - an ID register of group 3 as the CPU has it
 * @crm: CRm of its encoding, 1 to 7
 * @op2: op2
 * @mask: result: the fields that a host may see
 *
 * Return: the value; 0 with mask 0 for a reserved encoding.
 */
u64 idreg_read(unsigned int crm, unsigned int op2, u64 *mask)
{
	switch (crm << 3 | op2) {
#define X(m, o, reg, allowed)             \
	case ((m) << 3 | (o)):            \
		*mask = (allowed);        \
		return read_sysreg(reg);
	HOST_IDREGS(X)
	A32_IDREGS(X)
#undef X
	default:
		*mask = 0;
		return 0;
	}
}

static u64 host_idreg(unsigned int crm, unsigned int op2)
{
	u64 mask, v = idreg_read(crm, op2, &mask) & mask;

	/* Stage 2 gives out 48 bits at most. */
	if (crm == 7 && op2 == 0 && (v & F(0)) > PARANGE_48)
		v = (v & ~F(0)) | PARANGE_48;
	return v;
}

/**
 * host_sysreg() - the host's MRS or MSR has trapped
 * @regs: its registers
 * @esr: syndrome
 *
 * Only reads of ID registers trap by set-up; anything else is UNDEFINED.
 */
void host_sysreg(struct host_regs *regs, u64 esr)
{
	unsigned int rt = FIELD_GET(GENMASK(9, 5), esr);
	unsigned int crm = SYS64_CRM(esr);

	if (!SYS64_IS_READ(esr) || SYS64_OP0(esr) != 3 || SYS64_OP1(esr) != 0 ||
	    SYS64_CRN(esr) != 0 || crm < 1 || crm > 7) {
		inject_undef();
		return;
	}
	if (rt != 31)
		regs->x[rt] = host_idreg(crm, SYS64_OP2(esr));
	skip_instruction(esr);
}
