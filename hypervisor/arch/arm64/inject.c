// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions that EL2 takes to EL1 on behalf of the world whose EL1 registers are
 * loaded: the host while it runs, a guest between its exit and the switch back.
 * AArch64.TakeException() of the Arm ARM, target EL1.
 */
#include <hyp/util.h>
#include "a32.h"
#include "cpu.h"
#include "inject.h"
#include "sysreg.h"

#define VECTOR_SYNC_SP0 0x000
#define VECTOR_SYNC_A64 0x400
#define VECTOR_SYNC_A32 0x600

static bool from_el0(u64 spsr)
{
	return (spsr & SPSR_M32) || (spsr & SPSR_M_MASK) == SPSR_EL0T;
}

/*
 * PSTATE on exception entry (Arm ARM D1.3.2): condition flags and DIT stay, PAN
 * becomes 1 unless SCTLR_EL1.SPAN, UAO, BTYPE, SS and IL become 0, SSBS is
 * SCTLR_EL1.DSSBS, TCO becomes 1.
 */
static u64 pstate_on_entry(u64 old)
{
	const struct cpu_features *f = &cpu_features;
	u64 sctlr = read_sysreg(sctlr_el1);
	u64 new = (old & GENMASK(31, 28)) | SPSR_DAIF | SPSR_EL1H;

	/* Both have their places in SPSR_EL2 whatever state the exception comes from. */
	if (f->dit && (old & SPSR_DIT))
		new |= SPSR_DIT;
	if (f->pan && ((old & SPSR_PAN) || !(sctlr & SCTLR_SPAN)))
		new |= SPSR_PAN;
	if (f->ssbs && (sctlr & SCTLR_DSSBS))
		new |= SPSR_SSBS;
	if (f->mte)
		new |= SPSR_TCO;
	return new;
}

static void inject(u64 esr)
{
	u64 spsr = read_sysreg(spsr_el2);
	u64 offset;

	if (spsr & SPSR_M32)
		offset = VECTOR_SYNC_A32;
	else if ((spsr & SPSR_M_MASK) == SPSR_EL0T)
		offset = VECTOR_SYNC_A64;
	else if ((spsr & SPSR_M_MASK) == SPSR_EL1H)
		offset = VECTOR_SYNC_SPX;
	else
		offset = VECTOR_SYNC_SP0;
	write_sysreg(esr, esr_el1);
	write_sysreg(spsr, spsr_el1);
	write_sysreg(read_sysreg(elr_el2), elr_el1);
	write_sysreg(read_sysreg(vbar_el1) + offset, elr_el2);
	write_sysreg(pstate_on_entry(spsr), spsr_el2);
}

/**
 * inject_undef() - the instruction that trapped is UNDEFINED for its world
 */
void inject_undef(void)
{
	inject(((u64)EC_UNKNOWN << ESR_EC_SHIFT) | ESR_IL);
}

/**
 * inject_sysreg() - the same for a read of the feature ID space with FEAT_IDST
 * @esr: syndrome of the access
 */
void inject_sysreg(u64 esr)
{
	inject(esr & GENMASK(31, 0));
}

/**
 * inject_data_abort() - a data abort with a fault status of EL2's choice
 * @esr: syndrome of the access that was stopped; its direction is kept
 * @far: faulting address
 * @fsc: fault status
 */
void inject_data_abort(u64 esr, u64 far, u64 fsc)
{
	u64 ec = from_el0(read_sysreg(spsr_el2)) ? EC_DABT_LOW : EC_DABT_CUR;

	write_sysreg(far, far_el1);
	/* IL is 1 where ISV is 0, also for a 16-bit instruction. */
	inject((ec << ESR_EC_SHIFT) | ESR_IL | (esr & (ESR_WNR | ESR_CM)) | fsc);
}

/**
 * inject_instruction_abort() - the same for an instruction fetch
 * @far: address of the instruction
 * @fsc: fault status
 */
void inject_instruction_abort(u64 far, u64 fsc)
{
	u64 ec = from_el0(read_sysreg(spsr_el2)) ? EC_IABT_LOW : EC_IABT_CUR;

	write_sysreg(far, far_el1);
	inject((ec << ESR_EC_SHIFT) | ESR_IL | fsc);
}

void skip_instruction(u64 esr)
{
	u64 spsr = read_sysreg(spsr_el2), size = 4;

	if (unlikely(spsr & SPSR_M32)) {
		size = (esr & ESR_IL) ? 4 : 2;
		spsr = a32_it_advance(spsr);
	} else {
		spsr &= ~SPSR_BTYPE;
	}
	write_sysreg(read_sysreg(elr_el2) + size, elr_el2);
	write_sysreg(spsr & ~SPSR_SS, spsr_el2);
}
