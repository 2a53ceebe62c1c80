/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one table of system registers that a guest reaches, and how each is kept apart
 * from the host's: exchanged when worlds change, or trapped and answered. Those that
 * are the same for all are in tools/testing/guest/native_regs.h. Every other encoding
 * is UNDEFINED for guests, but two ranges: the ID space (op0 3, op1 0, CRn 0, CRm 1 to
 * 7), which guest_sysreg.c answers, RAZ where nothing is; and DBGBVR, DBGBCR, DBGWVR,
 * DBGWCR (op0 2, op1 0, CRn 0, op2 4 to 7) up to their number in ID_AA64DFR0_EL1, which
 * debug.c does.
 *
 * Only macros: the guest that walks all encodings (tools/testing/guest/sysreg_walk.c)
 * is built from it, too.
 */
#ifndef ARCH_REGS_H
#define ARCH_REGS_H

/* An encoding as the ABI's register ids and the tables here have it. */
#define SYS(op0, op1, crn, crm, op2) \
	((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

/*
 * Every register that differs between host and guest and that a guest can reach
 * without a trap. X(name, encoding, reset value). Not here: timers (timer.c), FP
 * (fp.c), GIC (gic.c), debug (debug.c), PSTATE and the general registers (guest.S).
 *
 * In two halves, each of which fits the registers that a function need not save. TCR_EL1 is
 * last of them, see world.c on speculative walks; CPUs that do those have no auxiliary ones.
 */
#define SWITCHED_REGS(X) SWITCHED_REGS_1(X) SWITCHED_REGS_2(X) SWITCHED_AUX_REGS(X)

#define SWITCHED_REGS_1(X)                               \
	X(SCTLR_EL1, SYS(3, 0, 1, 0, 0), 0x30d00800)     \
	X(CPACR_EL1, SYS(3, 0, 1, 0, 2), 0)              \
	X(TTBR0_EL1, SYS(3, 0, 2, 0, 0), 0)              \
	X(TTBR1_EL1, SYS(3, 0, 2, 0, 1), 0)              \
	X(SPSR_EL1, SYS(3, 0, 4, 0, 0), 0)               \
	X(ELR_EL1, SYS(3, 0, 4, 0, 1), 0)                \
	X(SP_EL0, SYS(3, 0, 4, 1, 0), 0)                 \
	X(ESR_EL1, SYS(3, 0, 5, 2, 0), 0)                \
	X(FAR_EL1, SYS(3, 0, 6, 0, 0), 0)                \
	X(PAR_EL1, SYS(3, 0, 7, 4, 0), 0)

#define SWITCHED_REGS_2(X)                               \
	X(MAIR_EL1, SYS(3, 0, 10, 2, 0), 0)              \
	X(VBAR_EL1, SYS(3, 0, 12, 0, 0), 0)              \
	X(CONTEXTIDR_EL1, SYS(3, 0, 13, 0, 1), 0)        \
	X(TPIDR_EL1, SYS(3, 0, 13, 0, 4), 0)             \
	X(CNTKCTL_EL1, SYS(3, 0, 14, 1, 0), 0)           \
	X(CSSELR_EL1, SYS(3, 2, 0, 0, 0), 0)             \
	X(TPIDR_EL0, SYS(3, 3, 13, 0, 2), 0)             \
	X(TPIDRRO_EL0, SYS(3, 3, 13, 0, 3), 0)           \
	X(SP_EL1, SYS(3, 4, 4, 1, 0), 0)                 \
	X(TCR_EL1, SYS(3, 0, 2, 0, 2), 0)

/* IMPLEMENTATION DEFINED, and nothing but zero on Arm's CPUs: struct percpu, aux_regs. */
#define SWITCHED_AUX_REGS(X)                             \
	X(AFSR0_EL1, SYS(3, 0, 5, 1, 0), 0)              \
	X(AFSR1_EL1, SYS(3, 0, 5, 1, 1), 0)              \
	X(AMAIR_EL1, SYS(3, 0, 10, 3, 0), 0)

/* With FEAT_PAuth, which guests get where the CPU has it. */
#define SWITCHED_PAUTH_REGS(X)                           \
	X(APIAKEYLO_EL1, SYS(3, 0, 2, 1, 0), 0)          \
	X(APIAKEYHI_EL1, SYS(3, 0, 2, 1, 1), 0)          \
	X(APIBKEYLO_EL1, SYS(3, 0, 2, 1, 2), 0)          \
	X(APIBKEYHI_EL1, SYS(3, 0, 2, 1, 3), 0)          \
	X(APDAKEYLO_EL1, SYS(3, 0, 2, 2, 0), 0)          \
	X(APDAKEYHI_EL1, SYS(3, 0, 2, 2, 1), 0)          \
	X(APDBKEYLO_EL1, SYS(3, 0, 2, 2, 2), 0)          \
	X(APDBKEYHI_EL1, SYS(3, 0, 2, 2, 3), 0)          \
	X(APGAKEYLO_EL1, SYS(3, 0, 2, 3, 0), 0)          \
	X(APGAKEYHI_EL1, SYS(3, 0, 2, 3, 1), 0)

/*
 * Of features that guests are not shown, but that no control takes from them: switched,
 * so that nobody reads what another wrote. X(feature, name, as the guest reaches it).
 * FEAT_FGT, where it is, does trap TPIDR2_EL0.
 */
#define SWITCHED_HIDDEN_REGS(X)                          \
	X(ras, VDISR_EL2, SYS(3, 0, 12, 1, 1))           \
	X(sme, TPIDR2_EL0, SYS(3, 3, 13, 0, 5))

#define REG_R 1
#define REG_W 2
#define REG_RW 3

/*
 * Trapped and answered, always or in some states of the vGIC and of debug. X(name,
 * encoding, accesses, answer): an expression of access() in guest_sysreg.c. There is no
 * external debugger: its channel and claim tags read as unused.
 */
#define TRAPPED_REGS(X)                                                                      \
	X(REVIDR_EL1, SYS(3, 0, 0, 0, 6), REG_R, set(value, read_sysreg(revidr_el1)))        \
	X(AIDR_EL1, SYS(3, 1, 0, 0, 7), REG_R, set(value, read_sysreg(aidr_el1)))            \
	X(ACTLR_EL1, SYS(3, 0, 1, 0, 1), REG_RW, set(value, 0))                              \
	X(ICC_PMR_EL1, SYS(3, 0, 4, 6, 0), REG_RW, icc(v, VGIC_ICC_PMR, write, value, e))        \
	X(ICC_DIR_EL1, SYS(3, 0, 12, 11, 1), REG_W, icc(v, VGIC_ICC_DIR, write, value, e))   \
	X(ICC_RPR_EL1, SYS(3, 0, 12, 11, 3), REG_R, icc(v, VGIC_ICC_RPR, write, value, e))   \
	X(ICC_SGI1R_EL1, SYS(3, 0, 12, 11, 5), REG_W, sgi(value, true, e))                   \
	X(ICC_ASGI1R_EL1, SYS(3, 0, 12, 11, 6), REG_W, sgi(value, false, e))                 \
	X(ICC_SGI0R_EL1, SYS(3, 0, 12, 11, 7), REG_W, sgi(value, false, e))                  \
	X(ICC_CTLR_EL1, SYS(3, 0, 12, 12, 4), REG_RW, icc(v, VGIC_ICC_CTLR, write, value, e)) \
	X(ICC_SRE_EL1, SYS(3, 0, 12, 12, 5), REG_RW, set(value, 7)) /* RAO/WI */             \
	X(CNTP_TVAL_EL0, SYS(3, 3, 14, 2, 0), REG_RW, timer(v, enc, write, value, e))        \
	X(CNTP_CTL_EL0, SYS(3, 3, 14, 2, 1), REG_RW, timer(v, enc, write, value, e))         \
	X(CNTP_CVAL_EL0, SYS(3, 3, 14, 2, 2), REG_RW, timer(v, enc, write, value, e))        \
	X(OSDTRRX_EL1, SYS(2, 0, 0, 0, 2), REG_RW, set(value, 0))                            \
	X(MDCCINT_EL1, SYS(2, 0, 0, 2, 0), REG_RW, set(value, 0))                            \
	X(MDSCR_EL1, SYS(2, 0, 0, 2, 2), REG_RW, debug_mdscr(v, write, value))               \
	X(OSDTRTX_EL1, SYS(2, 0, 0, 3, 2), REG_RW, set(value, 0))                            \
	X(OSECCR_EL1, SYS(2, 0, 0, 6, 2), REG_RW, set(value, 0))                             \
	X(MDRAR_EL1, SYS(2, 0, 1, 0, 0), REG_R, set(value, 0))                               \
	X(OSLAR_EL1, SYS(2, 0, 1, 0, 4), REG_W, debug_os_lock(v, *value & 1))                \
	X(OSLSR_EL1, SYS(2, 0, 1, 1, 4), REG_R, set(value, debug_os_status(v)))              \
	X(OSDLR_EL1, SYS(2, 0, 1, 3, 4), REG_RW, set(value, 0))                              \
	X(DBGPRCR_EL1, SYS(2, 0, 1, 4, 4), REG_RW, set(value, 0))                            \
	X(DBGCLAIMSET_EL1, SYS(2, 0, 7, 8, 6), REG_RW, set(value, 0xff))                     \
	X(DBGCLAIMCLR_EL1, SYS(2, 0, 7, 9, 6), REG_RW, set(value, 0))                        \
	X(DBGAUTHSTATUS_EL1, SYS(2, 0, 7, 14, 6), REG_R, set(value, 0))                      \
	X(MDCCSR_EL0, SYS(2, 3, 0, 1, 0), REG_R, set(value, 0))                              \
	X(DBGDTR_EL0, SYS(2, 3, 0, 4, 0), REG_RW, set(value, 0))                             \
	X(DBGDTRRX_EL0, SYS(2, 3, 0, 5, 0), REG_RW, set(value, 0))

#endif
