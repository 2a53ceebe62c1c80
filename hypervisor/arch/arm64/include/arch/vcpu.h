/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU's registers on arm64. */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include "regs.h"
#include <hyp/types.h>
#include <hyp/util.h>

enum switched_reg {
#define X(name, enc, reset) REG_##name,
	SWITCHED_REGS(X) SWITCHED_PAUTH_REGS(X)
#undef X
#define X(feature, name, reached_as) REG_##name,
	SWITCHED_HIDDEN_REGS(X)
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
	u64 mdscr, mdccint;
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
