// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers by the ids of the ABI: what a VMM may read and set from outside.
 */
#include <linux/gzvm_hyp.h>
#include <hyp/errno.h>
#include "guest.h"

#define REG_ARCH_SIZE (GZVM_REG_ARCH_MASK | GZVM_REG_SIZE_MASK)
#define REG_U64 (GZVM_REG_ARM64 | GZVM_REG_SIZE_U64)
#define REG_CLASS GZVM_REG_ARM_COPROC_MASK
#define REG_INDEX 0xffffULL

/* Where a register is kept; NULL: there is none, or it is not for the outside. */
static u64 *find_core(struct vcpu *v, u64 offset)
{
	u64 *sys = v->arch.sys;

	if (offset % 8 == 0 && offset <= GZVM_CORE_X(30))
		return &v->arch.x[offset / 8];
	switch (offset) {
	case GZVM_CORE_SP:
		return &sys[REG_SP_EL0];
	case GZVM_CORE_PC:
		return &v->arch.pc;
	case GZVM_CORE_PSTATE:
		return &v->arch.pstate;
	case GZVM_CORE_SP_EL1:
		return &sys[REG_SP_EL1];
	case GZVM_CORE_ELR_EL1:
		return &sys[REG_ELR_EL1];
	case GZVM_CORE_SPSR(0):
		return &sys[REG_SPSR_EL1];
	}
	return NULL;
}

static u64 *find_sysreg(struct vcpu *v, u64 enc)
{
	switch (enc) {
#define X(name, encoding, reset)                     \
	case encoding:                               \
		return &v->arch.sys[REG_##name];
		SWITCHED_REGS(X)
#undef X
#define X(name, encoding, reset)                     \
	case encoding:                               \
		return cpu_features.pauth ? &v->arch.sys[REG_##name] : NULL;
		SWITCHED_PAUTH_REGS(X)
#undef X
	case SYS(3, 3, 14, 3, 1):
		return &v->arch.timer.v_ctl;
	case SYS(3, 3, 14, 3, 2):
		return &v->arch.timer.v_cval;
	}
	return NULL;
}

static u64 *find_reg(struct vcpu *v, u64 id)
{
	if (id == GZVM_REG_CORE_U32(GZVM_CORE_FPSR))
		return &v->arch.fp.fpsr;
	if (id == GZVM_REG_CORE_U32(GZVM_CORE_FPCR))
		return &v->arch.fp.fpcr;
	if ((id & REG_ARCH_SIZE) != REG_U64 || (id & ~(REG_ARCH_SIZE | REG_CLASS | REG_INDEX)))
		return NULL;
	switch (id & REG_CLASS) {
	case GZVM_REG_ARM_CORE:
		return find_core(v, (id & REG_INDEX) * 4);
	case GZVM_REG_ARM64_SYSREG:
		return find_sysreg(v, id & REG_INDEX);
	}
	return NULL;
}

/* Context: @v is claimed and not loaded. */
int arch_vcpu_set_reg(struct vcpu *v, u64 id, u64 value)
{
	u64 mode = value & (SPSR_M_MASK | SPSR_M32);
	u64 *reg = find_reg(v, id);

	if (!reg)
		return -EINVAL;
	if (reg == &v->arch.pstate) {
		/* Condition flags, masks, and a mode at EL1 or EL0 of AArch64. */
		if (mode != SPSR_EL1H && mode != SPSR_EL1T && mode != SPSR_EL0T)
			return -EINVAL;
		value &= GENMASK(31, 28) | SPSR_DAIF | SPSR_M_MASK;
	} else if (reg == &v->arch.timer.v_ctl) {
		value &= CNT_CTL_ENABLE | CNT_CTL_IMASK;
	}
	*reg = value;
	return 0;
}

/* Context: @v is claimed and not loaded. */
int arch_vcpu_get_reg(struct vcpu *v, u64 id, u64 *value)
{
	const u64 *reg = find_reg(v, id);

	if (!reg)
		return -EINVAL;
	*value = *reg;
	return 0;
}
