// SPDX-License-Identifier: GPL-2.0-only
/*
 * System registers of guests that trap. What is not answered here is UNDEFINED:
 * the features behind it are hidden in the ID registers.
 */
#include <hyp/stage2.h>
#include <hyp/util.h>
#include "guest.h"
#include "idreg.h"

#define F(lsb) (0xfULL << (lsb))

/*
 * ID registers of guests: the fields that they see, by register; all others read
 * zero. X(CRm, op2, kept fields). Hidden: EL2, EL3, RAS, SVE, SME, MTE, AMU, MPAM,
 * PMU, trace, SPE, TRBE, RME, VHE, nested, LS64, TME, MOPS, WFxT, S1PIE...
 */
#define GUEST_IDREGS(X)                                                                     \
	/* PFR0: EL0, EL1, FP, AdvSIMD, GIC, DIT, CSV2, CSV3 */                             \
	X(4, 0, F(0) | F(4) | F(16) | F(20) | F(24) | F(48) | F(56) | F(60))                \
	/* PFR1: BT, SSBS */                                                                \
	X(4, 1, F(0) | F(4))                                                                \
	/* DFR0: DebugVer, BRPs, WRPs, CTX_CMPs, DoubleLock */                              \
	X(5, 0, F(0) | F(12) | F(20) | F(28) | F(36))                                       \
	X(6, 0, ~0ULL & ~F(24)) /* ISAR0 without TME */                                     \
	X(6, 1, ~0ULL & ~(F(60) | F(56))) /* ISAR1 without LS64, XS */                      \
	/* ISAR2: RPRES, GPA3, APA3, BC, PAC_frac, CLRBHB, RPRFM, CSSC, LUT */              \
	X(6, 2, F(4) | F(8) | F(12) | F(20) | F(24) | F(28) | F(48) | F(52))                \
	/* MMFR0: all but FGT; PARange and ECV are limited below */                         \
	X(7, 0, ~0ULL & ~F(56))                                                             \
	/* MMFR1: HAFDBS, HPDS, PAN, SpecSEI, ETS, nTLBPA */                                \
	X(7, 1, F(0) | F(12) | F(20) | F(24) | F(36) | F(48))                               \
	/* MMFR2: CnP, UAO, LSM, VARange, CCIDX, ST, AT, IDS, TTL, BBM, E0PD */             \
	X(7, 2, F(0) | F(4) | F(8) | F(16) | F(20) | F(28) | F(32) | F(36) | F(48) | F(52) | F(60))

#define PFR0_EL_A64_ONLY 1
#define PFR0_CSV2_PLAIN 1 /* without SCXTNUM */
#define DEBUG_V8P8 10 /* without banks of breakpoints (MDSELR_EL1) */
#define HAFDBS_AF_DBM 2
#define ECV_COUNTERS 1 /* without CNTPOFF_EL2 */
#define PAUTH_ISAR1 (F(4) | F(8) | F(24) | F(28))
#define PAUTH_ISAR2 (F(8) | F(12) | F(24))

static u64 limit_field(u64 v, unsigned int lsb, u64 max)
{
	u64 field = (v >> lsb) & 0xf;

	return field <= max ? v : (v & ~F(lsb)) | max << lsb;
}

/* AArch32 ID registers, CRm 1 to 3: zero where EL0 has no AArch32 either. */
static u64 guest_idreg_a32(unsigned int crm, unsigned int op2)
{
	u64 ignored, pfr0 = read_sysreg(id_aa64pfr0_el1);
	u64 v = idreg_read(crm, op2, &ignored);

	if ((pfr0 & 0xf) < 2)
		return 0;
	/* ID_DFR0_EL1: no PMU (27:24), no trace (19:16, 23:20), ID_DFR1: none */
	if (crm == 1 && op2 == 2)
		return limit_field(v & ~GENMASK(31, 16), 0, DEBUG_V8P8);
	if (crm == 3 && op2 == 5)
		return 0;
	/* ID_PFR0_EL1: no RAS (31:28), AMU (23:20); ID_PFR2: RAS_frac (11:8) */
	if (crm == 1 && op2 == 0)
		return v & ~(F(28) | F(20));
	if (crm == 3 && op2 == 4)
		return v & ~F(8);
	return v;
}

static u64 guest_idreg(unsigned int crm, unsigned int op2)
{
	u64 ignored, v, keep = 0;

	if (crm <= 3)
		return guest_idreg_a32(crm, op2);
	v = idreg_read(crm, op2, &ignored);
	switch (crm << 3 | op2) {
#define X(m, o, fields)             \
	case ((m) << 3 | (o)):      \
		keep = fields;      \
		break;
		GUEST_IDREGS(X)
#undef X
	}
	v &= keep;
	if (crm == 4 && op2 == 0) {
		v = limit_field(v, 4, PFR0_EL_A64_ONLY);
		v = limit_field(v, 24, 1);
		v = limit_field(v, 56, PFR0_CSV2_PLAIN);
	}
	if (crm == 5 && op2 == 0)
		v = limit_field(v, 0, DEBUG_V8P8);
	if (crm == 6 && op2 == 1 && !cpu_features.pauth)
		v &= ~PAUTH_ISAR1;
	if (crm == 6 && op2 == 2 && !cpu_features.pauth)
		v &= ~PAUTH_ISAR2;
	if (crm == 7 && op2 == 0) {
		v = limit_field(v, 0, stage2_parange());
		v = limit_field(v, 60, ECV_COUNTERS);
	}
	if (crm == 7 && op2 == 1)
		v = limit_field(v, 0, HAFDBS_AF_DBM);
	return v;
}

/* The answers of TRAPPED_REGS. Return: false: UNDEFINED. */
static bool icc(struct vcpu *v, enum vgic_icc reg, bool write, u64 *value, struct guest_exit *e)
{
	/* Only what waits for other vCPUs wakes: deactivation of a shared SPI. */
	gic_exit(v);
	/* Also if it is UNDEFINED: hw.lr is not what was loaded any more. */
	e->kind = GUEST_EXIT_VGIC;
	if (!vgic_icc_access(&v->vgic, reg, write, value, &e->wake))
		return false;
	write_sysreg(v->vgic.hw.vmcr, SYS_ICH_VMCR_EL2);
	return true;
}

static bool sgi(const u64 *value, bool group1, struct guest_exit *e)
{
	e->kind = GUEST_EXIT_SGI;
	e->group1 = group1;
	e->data = *value;
	return true;
}

static bool timer(struct vcpu *v, u32 enc, bool write, u64 *value, struct guest_exit *e)
{
	e->kind = GUEST_EXIT_VGIC; /* the level of its line */
	return timer_access(v, enc, write, value);
}

static bool set(u64 *value, u64 to)
{
	*value = to;
	return true;
}

/* One register. True: answered, *value is the result of a read. */
static bool access(struct vcpu *v, u32 enc, bool write, u64 *value, struct guest_exit *e)
{
	switch (enc) {
#define X(name, encoding, accesses, answer) \
	case encoding:                      \
		return ((accesses) & (write ? REG_W : REG_R)) && (answer);
		TRAPPED_REGS(X)
#undef X
	case SYS(1, 0, 7, 6, 2): /* DC ISW */
	case SYS(1, 0, 7, 10, 2): /* DC CSW */
	case SYS(1, 0, 7, 14, 2): /* DC CISW */
		/*
		 * Maintenance by set and way is for code that powers caches down
		 * (Arm ARM D7.5.6). A guest's memory is cleaned when it is given to
		 * it, and its caches never go: there is nothing to do.
		 */
		return write;
	}
	if ((enc & ~0x7fU) == SYS(2, 0, 0, 0, 0) && (enc & 4))
		return debug_point(v, enc, write, value);
	/* Group 3: op0 3, op1 0, CRn 0, CRm 1 to 7 */
	if (!write && (enc & ~0x7fU) == SYS(3, 0, 0, 0, 0) && ((enc >> 3) & 0xf) >= 1 &&
	    ((enc >> 3) & 0xf) <= 7) {
		*value = guest_idreg((enc >> 3) & 0xf, enc & 7);
		return true;
	}
	return false;
}

/**
 * guest_sysreg() - an MRS, MSR or SYS of the guest has trapped
 * @v: the vCPU
 * @esr: syndrome of the trap
 * @e: the exit; its kind becomes GUEST_EXIT_SGI for an SGI, whose instruction is
 *     stepped over by core/run.c, and GUEST_EXIT_VGIC where interrupts may have changed
 *
 * Return: false: UNDEFINED.
 */
bool guest_sysreg(struct vcpu *v, u64 esr, struct guest_exit *e)
{
	u32 enc = SYS(SYS64_OP0(esr), SYS64_OP1(esr), SYS64_CRN(esr), SYS64_CRM(esr),
		      SYS64_OP2(esr));
	bool write = !SYS64_IS_READ(esr);
	unsigned int rt = SYS64_RT(esr);
	u64 value = write ? arch_vcpu_get_x(v, rt) : 0;

	v->stats.handled[GZVM_HANDLED_SYSREG]++;
	if (!access(v, enc, write, &value, e))
		return false;
	if (!write)
		arch_vcpu_set_x(v, rt, value);
	return true;
}

/**
 * guest_cp15() - an MCR, MRC, MCRR or MRRC of AArch32 at EL0 to CP15 has trapped
 * @v: loaded
 * @esr: syndrome
 * @e: the exit; its kind becomes GUEST_EXIT_VGIC where interrupts may have changed
 *
 * What traps there and exists is the physical timer (Arm ARM G8.7). CP14 has nothing:
 * its registers are optional at EL0 where EL1 is never AArch32 (G8.3).
 *
 * Return: false: UNDEFINED.
 */
bool guest_cp15(struct vcpu *v, u64 esr, struct guest_exit *e)
{
	unsigned int rt = SYS64_RT(esr), rt2 = FIELD_GET(GENMASK(14, 10), esr);
	bool wide = ESR_EC(esr) == EC_CP15_64, write = !SYS64_IS_READ(esr);
	u32 enc = SYS(3, 3, 14, 2, wide ? 2 : SYS64_OP2(esr));
	u64 value = 0;

	if (wide ? FIELD_GET(GENMASK(19, 16), esr) != 2 || SYS64_CRM(esr) != 14 :
		   SYS64_OP1(esr) || SYS64_CRN(esr) != 14 || SYS64_CRM(esr) != 2 ||
			   SYS64_OP2(esr) > 1)
		return false;
	if (write)
		value = (u32)arch_vcpu_get_x(v, rt) | (wide ? arch_vcpu_get_x(v, rt2) << 32 : 0);
	v->stats.handled[GZVM_HANDLED_SYSREG]++;
	timer(v, enc, write, &value, e);
	if (write)
		return true;
	arch_vcpu_set_x(v, rt, (u32)value);
	if (wide)
		arch_vcpu_set_x(v, rt2, value >> 32);
	return true;
}
