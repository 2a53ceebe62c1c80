// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers by the ids of the ABI: what a VMM may set from outside.
 */
#include <linux/gzvm_hyp.h>
#include <hyp/errno.h>
#include "guest.h"

#define REG_ARCH_SIZE (GZVM_REG_ARCH_MASK | GZVM_REG_SIZE_MASK)
#define REG_U64 (GZVM_REG_ARM64 | GZVM_REG_SIZE_U64)
#define REG_CLASS GZVM_REG_ARM_COPROC_MASK
#define REG_INDEX 0xffffULL

/* Of PSTATE: condition flags, masks, and a mode at EL1 or EL0 of AArch64. */
static int set_pstate(struct vcpu *v, u64 value)
{
	u64 mode = value & (SPSR_M_MASK | SPSR_M32);

	if (mode != SPSR_EL1H && mode != SPSR_EL1T && mode != SPSR_EL0T)
		return -EINVAL;
	v->arch.pstate = value & (GENMASK(31, 28) | SPSR_DAIF | SPSR_M_MASK);
	return 0;
}

static int set_core(struct vcpu *v, u64 offset, u64 value)
{
	u64 *sys = v->arch.sys;

	if (offset % 8 == 0 && offset <= GZVM_CORE_X(30)) {
		v->arch.x[offset / 8] = value;
		return 0;
	}
	switch (offset) {
	case GZVM_CORE_SP:
		sys[REG_SP_EL0] = value;
		return 0;
	case GZVM_CORE_PC:
		v->arch.pc = value;
		return 0;
	case GZVM_CORE_PSTATE:
		return set_pstate(v, value);
	case GZVM_CORE_SP_EL1:
		sys[REG_SP_EL1] = value;
		return 0;
	case GZVM_CORE_ELR_EL1:
		sys[REG_ELR_EL1] = value;
		return 0;
	case GZVM_CORE_SPSR(0):
		sys[REG_SPSR_EL1] = value;
		return 0;
	}
	return -EINVAL;
}

static int set_sysreg(struct vcpu *v, u64 enc, u64 value)
{
	switch (enc) {
#define X(name, encoding, reset)                     \
	case encoding:                               \
		v->arch.sys[REG_##name] = value;     \
		return 0;
		SWITCHED_REGS(X)
#undef X
#define X(name, encoding, reset)                     \
	case encoding:                               \
		if (!cpu_features.pauth)             \
			return -EINVAL;              \
		v->arch.sys[REG_##name] = value;     \
		return 0;
		SWITCHED_PAUTH_REGS(X)
#undef X
	case SYS(3, 3, 14, 3, 1):
		v->arch.timer.v_ctl = value & (CNT_CTL_ENABLE | CNT_CTL_IMASK);
		return 0;
	case SYS(3, 3, 14, 3, 2):
		v->arch.timer.v_cval = value;
		return 0;
	}
	return -EINVAL;
}

/* Context: @v is claimed and not loaded. */
int arch_vcpu_set_reg(struct vcpu *v, u64 id, u64 value)
{
	if ((id & REG_ARCH_SIZE) != REG_U64 || (id & ~(REG_ARCH_SIZE | REG_CLASS | REG_INDEX)))
		return -EINVAL;
	switch (id & REG_CLASS) {
	case GZVM_REG_ARM_CORE:
		return set_core(v, (id & REG_INDEX) * 4, value);
	case GZVM_REG_ARM64_SYSREG:
		return set_sysreg(v, id & REG_INDEX, value);
	}
	return -EINVAL;
}
