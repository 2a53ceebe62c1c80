// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this machine's CPUs have, as far as EL2's own set-up depends on it, and the
 * controls whose zero means "trap" (fine-grained traps, HCRX_EL2).
 */
#include <hyp/errno.h>
#include <hyp/log.h>
#include <hyp/util.h>
#include "cpu.h"

#define ID_FIELD(reg, lsb) FIELD_GET(0xfULL << (lsb), reg)

/* HCRX_EL2 */
#define HCRX_MSCEN BIT(11)
#define HCRX_TCR2EN BIT(14)
#define HCRX_SCTLR2EN BIT(15)

/* MPAM2_EL2: MPAM0_EL1 and MPAM1_EL1 trap */
#define MPAM2_TRAP_EL1 (BIT(49) | BIT(48))

/* Bits of the fine-grained trap registers that trap when they are zero. */
#define HFGXTR_NEGATIVE GENMASK(63, 50)
#define HFGITR_NEGATIVE GENMASK(59, 55)
#define HDFGRTR_NEGATIVE (GENMASK(62, 59))
#define HDFGWTR_NEGATIVE (GENMASK(62, 60))
/* A guest's claim tags would be the next guest's to read, once its debug registers are live. */
#define HDFGXTR_DBGCLAIM BIT(5)
#define HFGXTR2_NEGATIVE GENMASK(14, 0)
#define HDFGXTR2_NEGATIVE GENMASK(24, 0)
#define HFGITR2_NEGATIVE BIT(1)

/**
 * cpu_detect() - fill cpu_features from the ID registers
 *
 * Context: boot CPU at EL2.
 * Return: 0, or -ENODEV after a line that says what is
 * missing.
 */
int cpu_detect(void)
{
	u64 mmfr0 = read_sysreg(id_aa64mmfr0_el1), mmfr1 = read_sysreg(id_aa64mmfr1_el1);
	u64 mmfr2 = read_sysreg(id_aa64mmfr2_el1), mmfr3 = read_sysreg(SYS_ID_AA64MMFR3_EL1);
	u64 pfr0 = read_sysreg(id_aa64pfr0_el1), pfr1 = read_sysreg(id_aa64pfr1_el1);
	u64 dfr0 = read_sysreg(id_aa64dfr0_el1), isar1 = read_sysreg(id_aa64isar1_el1);
	u64 isar2 = read_sysreg(SYS_ID_AA64ISAR2_EL1);
	struct cpu_features *f = &cpu_features;

	f->pa_range = ID_FIELD(mmfr0, 0);
	f->fgt = ID_FIELD(mmfr0, 56) >= 1;
	f->fgt2 = ID_FIELD(mmfr0, 56) >= 2;
	f->ecv = ID_FIELD(mmfr0, 60) != 0;
	f->vhe = ID_FIELD(mmfr1, 8) != 0;
	f->lor = ID_FIELD(mmfr1, 16) != 0;
	f->pan = ID_FIELD(mmfr1, 20) != 0;
	f->hcx = ID_FIELD(mmfr1, 40) != 0;
	f->idst = ID_FIELD(mmfr2, 36) != 0;
	f->fwb = ID_FIELD(mmfr2, 40) != 0;
	f->tcr2 = ID_FIELD(mmfr3, 0) != 0;
	f->sctlr2 = ID_FIELD(mmfr3, 4) != 0;
	f->sve = ID_FIELD(pfr0, 32) != 0;
	f->ras = ID_FIELD(pfr0, 28) != 0;
	f->mpam = ID_FIELD(pfr0, 40) || ID_FIELD(pfr1, 16); /* MPAM, MPAM_frac: v0.1 */
	f->amu = ID_FIELD(pfr0, 44) != 0;
	f->dit = ID_FIELD(pfr0, 48) != 0;
	f->csv2_2 = ID_FIELD(pfr0, 56) >= 2;
	f->ssbs = ID_FIELD(pfr1, 4) != 0;
	f->mte = ID_FIELD(pfr1, 8) >= 2;
	f->sme = ID_FIELD(pfr1, 24) != 0;
	f->pauth = (isar1 & GENMASK(11, 4)) || (isar1 & GENMASK(31, 24)) ||
		   (isar2 & GENMASK(15, 8));
	f->mops = ID_FIELD(isar2, 16) != 0;
	f->spe = ID_FIELD(dfr0, 32) != 0;
	f->trf = ID_FIELD(dfr0, 40) != 0;
	f->trbe = ID_FIELD(dfr0, 44) != 0;
	f->negative = f->hcx || f->fgt || f->mpam;
	f->buffers = f->spe || f->trbe;
	if (ID_FIELD(dfr0, 8) && ID_FIELD(dfr0, 8) != 0xf)
		f->pmu_counters = FIELD_GET(GENMASK(15, 11), read_sysreg(pmcr_el0));

	if (read_sysreg(hcr_el2) & HCR_E2H) {
		pr_err("boot: this CPU has EL2 only in VHE form (no FEAT_E2H0), which GenieZone does not support yet");
		return -ENODEV;
	}
	if (ID_FIELD(mmfr0, 28) == 0xf) {
		pr_err("boot: this CPU has no 4 KiB translation granule, which GenieZone needs");
		return -ENODEV;
	}
	if (!ID_FIELD(pfr0, 24)) {
		pr_err("boot: this CPU has no system register interface to a GICv3; start a machine with a GICv3 (QEMU: -machine gic-version=3)");
		return -ENODEV;
	}
	return 0;
}

/**
 * cpu_negative_enables() - what traps unless it is allowed
 * @host: allow EL1 all that it is shown; a guest is shown none of it
 */
void cpu_negative_enables(bool host)
{
	const struct cpu_features *f = &cpu_features;

	if (f->hcx)
		write_sysreg(!host ? 0 :
			     (f->mops ? HCRX_MSCEN : 0) | (f->tcr2 ? HCRX_TCR2EN : 0) |
				     (f->sctlr2 ? HCRX_SCTLR2EN : 0),
			     SYS_HCRX_EL2);
	if (f->fgt) {
		write_sysreg(host ? HFGXTR_NEGATIVE : 0, SYS_HFGRTR_EL2);
		write_sysreg(host ? HFGXTR_NEGATIVE : 0, SYS_HFGWTR_EL2);
		write_sysreg(host ? HFGITR_NEGATIVE : 0, SYS_HFGITR_EL2);
		write_sysreg(host ? HDFGRTR_NEGATIVE : HDFGXTR_DBGCLAIM, SYS_HDFGRTR_EL2);
		write_sysreg(host ? HDFGWTR_NEGATIVE : HDFGXTR_DBGCLAIM, SYS_HDFGWTR_EL2);
	}
	if (f->fgt2) {
		write_sysreg(host ? HFGXTR2_NEGATIVE : 0, SYS_HFGRTR2_EL2);
		write_sysreg(host ? HFGXTR2_NEGATIVE : 0, SYS_HFGWTR2_EL2);
		write_sysreg(host ? HFGITR2_NEGATIVE : 0, SYS_HFGITR2_EL2);
		write_sysreg(host ? HDFGXTR2_NEGATIVE : 0, SYS_HDFGRTR2_EL2);
		write_sysreg(host ? HDFGXTR2_NEGATIVE : 0, SYS_HDFGWTR2_EL2);
	}
	if (f->mpam)
		write_sysreg(host ? 0 : MPAM2_TRAP_EL1, SYS_MPAM2_EL2);
}

/**
 * cpu_init_controls() - controls that are the same for all worlds
 */
void cpu_init_controls(void)
{
	const struct cpu_features *f = &cpu_features;

	/* EL2 itself is neither profiled nor traced. */
	if (f->spe)
		write_sysreg(0, SYS_PMSCR_EL2);
	if (f->trf)
		write_sysreg(0, SYS_TRFCR_EL2);
	if (f->fgt && f->amu)
		write_sysreg(0, SYS_HAFGRTR_EL2);
	if (f->mpam && (read_sysreg(SYS_MPAMIDR_EL1) & MPAMIDR_HAS_HCR))
		write_sysreg(0, SYS_MPAMHCR_EL2);
}
