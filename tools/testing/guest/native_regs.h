/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rest of the system registers that a guest reaches, beside the hypervisor's table of those
 * that it keeps apart (arch/regs.h). Only what checks that there are no others needs it.
 */
#ifndef NATIVE_REGS_H
#define NATIVE_REGS_H

#include <arch/regs.h>

/* What both interrupt groups have: CRm, and CRm and op2 of the first active priorities. */
#define ICC_GROUP_REGS(X, group, crm, ap_crm, ap_op2)                              \
	X(ICC_IAR##group##_EL1, SYS(3, 0, 12, crm, 0), REG_R, 1)                   \
	X(ICC_EOIR##group##_EL1, SYS(3, 0, 12, crm, 1), REG_W, 1)                  \
	X(ICC_HPPIR##group##_EL1, SYS(3, 0, 12, crm, 2), REG_R, 1)                 \
	X(ICC_BPR##group##_EL1, SYS(3, 0, 12, crm, 3), REG_RW, 1)                  \
	X(ICC_AP##group##R0_EL1, SYS(3, 0, 12, ap_crm, ap_op2), REG_RW, 1)         \
	X(ICC_AP##group##R1_EL1, SYS(3, 0, 12, ap_crm, ap_op2 + 1), REG_RW, MAYBE) \
	X(ICC_AP##group##R2_EL1, SYS(3, 0, 12, ap_crm, ap_op2 + 2), REG_RW, MAYBE) \
	X(ICC_AP##group##R3_EL1, SYS(3, 0, 12, ap_crm, ap_op2 + 3), REG_RW, MAYBE)

/*
 * Not trapped and not in the tables above: the same for all worlds, or switched by
 * gic.c, timer.c, fp.c, guest.S. X(name, encoding, accesses, when): always (1), or where
 * ID_FIELD(CRm, op2, lsb, at least) of the guest's ID registers says so, or MAYBE: a
 * feature that is not shown and cannot be taken either, or more bits of priority, or one
 * that emulated CPUs have with the bit alone (SSBS).
 */
#define NATIVE_REGS(X)                                                             \
	X(MIDR_EL1, SYS(3, 0, 0, 0, 0), REG_R, 1)                                  \
	X(MPIDR_EL1, SYS(3, 0, 0, 0, 5), REG_R, 1)                                 \
	X(CCSIDR_EL1, SYS(3, 1, 0, 0, 0), REG_R, 1)                                \
	X(CLIDR_EL1, SYS(3, 1, 0, 0, 1), REG_R, 1)                                 \
	X(CCSIDR2_EL1, SYS(3, 1, 0, 0, 2), REG_R, ID_FIELD(7, 2, 20, 1))           \
	X(CTR_EL0, SYS(3, 3, 0, 0, 1), REG_R, 1)                                   \
	X(DCZID_EL0, SYS(3, 3, 0, 0, 7), REG_R, 1)                                 \
	X(RNDR, SYS(3, 3, 2, 4, 0), REG_R, ID_FIELD(6, 0, 60, 1))                  \
	X(RNDRRS, SYS(3, 3, 2, 4, 1), REG_R, ID_FIELD(6, 0, 60, 1))                \
	X(SPSel, SYS(3, 0, 4, 2, 0), REG_RW, 1)                                    \
	X(CurrentEL, SYS(3, 0, 4, 2, 2), REG_R, 1)                                 \
	X(PAN, SYS(3, 0, 4, 2, 3), REG_RW, ID_FIELD(7, 1, 20, 1))                  \
	X(UAO, SYS(3, 0, 4, 2, 4), REG_RW, ID_FIELD(7, 2, 4, 1))                   \
	X(ALLINT, SYS(3, 0, 4, 3, 0), REG_RW, MAYBE)                               \
	X(NZCV, SYS(3, 3, 4, 2, 0), REG_RW, 1)                                     \
	X(DAIF, SYS(3, 3, 4, 2, 1), REG_RW, 1)                                     \
	X(DIT, SYS(3, 3, 4, 2, 5), REG_RW, ID_FIELD(4, 0, 48, 1))                  \
	X(SSBS, SYS(3, 3, 4, 2, 6), REG_RW, ID_FIELD(4, 1, 4, 2) ? 1 : MAYBE)      \
	X(TCO, SYS(3, 3, 4, 2, 7), REG_RW, MAYBE)                                  \
	X(FPCR, SYS(3, 3, 4, 4, 0), REG_RW, 1)                                     \
	X(FPSR, SYS(3, 3, 4, 4, 1), REG_RW, 1)                                     \
	X(ISR_EL1, SYS(3, 0, 12, 1, 0), REG_R, 1)                                  \
	ICC_GROUP_REGS(X, 0, 8, 8, 4)                                              \
	ICC_GROUP_REGS(X, 1, 12, 9, 0)                                             \
	X(ICC_NMIAR1_EL1, SYS(3, 0, 12, 9, 5), REG_R, MAYBE)                       \
	X(ICC_IGRPEN0_EL1, SYS(3, 0, 12, 12, 6), REG_RW, 1)                        \
	X(ICC_IGRPEN1_EL1, SYS(3, 0, 12, 12, 7), REG_RW, 1)                        \
	X(SMPRI_EL1, SYS(3, 0, 1, 2, 4), REG_RW, MAYBE) /* FEAT_FGT traps it */    \
	X(CNTFRQ_EL0, SYS(3, 3, 14, 0, 0), REG_R, 1)                               \
	X(CNTPCT_EL0, SYS(3, 3, 14, 0, 1), REG_R, 1)                               \
	X(CNTVCT_EL0, SYS(3, 3, 14, 0, 2), REG_R, 1)                               \
	X(CNTPCTSS_EL0, SYS(3, 3, 14, 0, 5), REG_R, ID_FIELD(7, 0, 60, 1))         \
	X(CNTVCTSS_EL0, SYS(3, 3, 14, 0, 6), REG_R, ID_FIELD(7, 0, 60, 1))         \
	X(CNTV_TVAL_EL0, SYS(3, 3, 14, 3, 0), REG_RW, 1)                           \
	X(CNTV_CTL_EL0, SYS(3, 3, 14, 3, 1), REG_RW, 1)                            \
	X(CNTV_CVAL_EL0, SYS(3, 3, 14, 3, 2), REG_RW, 1)

#endif
