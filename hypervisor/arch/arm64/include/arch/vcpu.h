/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU's registers on arm64. */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include <hyp/types.h>
#include <hyp/util.h>

/* An encoding as the ABI's register ids and the tables here have it. */
#define SYS(op0, op1, crn, crm, op2) \
	((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

/*
 * The one table of EL1 state: every register that differs between host and guest
 * and that a guest can reach without a trap. X(name, encoding, reset value). What
 * is not here is either constant over all worlds, trapped (guest_sysreg.c), or
 * switched by its own file: timers (timer.c), FP (fp.c), GIC (gic.c), debug
 * (debug.c), PSTATE and the general registers (guest.S).
 *
 * TCR_EL1 is last: see world.c on speculative walks.
 */
#define SWITCHED_REGS(X)                                 \
	X(SCTLR_EL1, SYS(3, 0, 1, 0, 0), 0x30d00800)     \
	X(CPACR_EL1, SYS(3, 0, 1, 0, 2), 0)              \
	X(TTBR0_EL1, SYS(3, 0, 2, 0, 0), 0)              \
	X(TTBR1_EL1, SYS(3, 0, 2, 0, 1), 0)              \
	X(SPSR_EL1, SYS(3, 0, 4, 0, 0), 0)               \
	X(ELR_EL1, SYS(3, 0, 4, 0, 1), 0)                \
	X(SP_EL0, SYS(3, 0, 4, 1, 0), 0)                 \
	X(AFSR0_EL1, SYS(3, 0, 5, 1, 0), 0)              \
	X(AFSR1_EL1, SYS(3, 0, 5, 1, 1), 0)              \
	X(ESR_EL1, SYS(3, 0, 5, 2, 0), 0)                \
	X(FAR_EL1, SYS(3, 0, 6, 0, 0), 0)                \
	X(PAR_EL1, SYS(3, 0, 7, 4, 0), 0)                \
	X(MAIR_EL1, SYS(3, 0, 10, 2, 0), 0)              \
	X(AMAIR_EL1, SYS(3, 0, 10, 3, 0), 0)             \
	X(VBAR_EL1, SYS(3, 0, 12, 0, 0), 0)              \
	X(CONTEXTIDR_EL1, SYS(3, 0, 13, 0, 1), 0)        \
	X(TPIDR_EL1, SYS(3, 0, 13, 0, 4), 0)             \
	X(CNTKCTL_EL1, SYS(3, 0, 14, 1, 0), 0)           \
	X(CSSELR_EL1, SYS(3, 2, 0, 0, 0), 0)             \
	X(TPIDR_EL0, SYS(3, 3, 13, 0, 2), 0)             \
	X(TPIDRRO_EL0, SYS(3, 3, 13, 0, 3), 0)           \
	X(SP_EL1, SYS(3, 4, 4, 1, 0), 0)                 \
	X(TCR_EL1, SYS(3, 0, 2, 0, 2), 0)

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

enum switched_reg {
#define X(name, enc, reset) REG_##name,
	SWITCHED_REGS(X) SWITCHED_PAUTH_REGS(X)
#undef X
	NR_SWITCHED_REGS
};

struct fp_regs {
	u64 v[64];
	u64 fpsr;
	u64 fpcr;
} __aligned(16);

#define DEBUG_MAX_POINTS 16

struct debug_regs {
	u64 mdscr;
	u64 bvr[DEBUG_MAX_POINTS];
	u64 bcr[DEBUG_MAX_POINTS];
	u64 wvr[DEBUG_MAX_POINTS];
	u64 wcr[DEBUG_MAX_POINTS];
};

struct vcpu_timer {
	u64 v_ctl, v_cval; /* CNTV as the guest left it; live while loaded */
	u64 p_ctl, p_cval; /* CNTP, emulated */
	bool v_level, p_level; /* what the vGIC was told */
};

struct vcpu_arch {
	u64 x[31]; /* VCPU_X */
	u64 pc; /* ELR_EL2 and SPSR_EL2, valid unless loaded */
	u64 pstate;
	u64 sys[NR_SWITCHED_REGS];
	struct vcpu_timer timer;
	struct debug_regs debug;
	bool os_lock;
	bool debug_live; /* the debug registers hold the guest's */
	bool fp_live; /* the FP registers hold the guest's */
	struct fp_regs fp;
};

struct vcpu; /* begins with its struct vcpu_arch: world.c asserts it */

static inline u64 arch_vcpu_get_x(const struct vcpu *v, unsigned int n)
{
	return n < 31 ? ((const struct vcpu_arch *)v)->x[n] : 0;
}

static inline void arch_vcpu_set_x(struct vcpu *v, unsigned int n, u64 value)
{
	if (n < 31)
		((struct vcpu_arch *)v)->x[n] = value;
}

#endif
