/* SPDX-License-Identifier: GPL-2.0-only */
/* What of a guest traps, and its waits; without any register, for unit tests. */
#ifndef ARM64_GUEST_TRAP_H
#define ARM64_GUEST_TRAP_H

#include <hyp/world.h>
#include "cpu.h"

/*
 * The guest's HCR_EL2. AArch64 at EL1; interrupts, SErrors and external aborts come
 * to EL2; what table guest_sysreg.c answers traps, and so does waiting.
 */
static inline u64 guest_trap_hcr(const struct cpu_features *f)
{
	u64 hcr = HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_IS |
		  HCR_TWI | HCR_TWE | HCR_TID1 | HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR |
		  HCR_TSW | HCR_RW | HCR_TEA;

	if (f->pauth)
		hcr |= HCR_APK | HCR_API;
	if (f->fwb)
		hcr |= HCR_FWB;
	if (f->ras)
		hcr |= HCR_TERR;
	if (f->lor)
		hcr |= HCR_TLOR;
	if (f->mte)
		hcr |= HCR_TID5;
	return hcr;
}

/* Of an exception of class EC_WFX. False: WFIT or WFET, which ID_AA64ISAR2_EL1 does not show. */
static inline bool guest_trap_wait(u64 esr, struct guest_exit *e)
{
	if (esr & ESR_WFX_TIMEOUT)
		return false;
	e->kind = (esr & ESR_WFX_WFE) ? GUEST_EXIT_WFE : GUEST_EXIT_WFI;
	return true;
}

#endif
