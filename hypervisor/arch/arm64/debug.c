// SPDX-License-Identifier: GPL-2.0-only
/*
 * Self-hosted debug of guests. The registers trap and live in memory; they are
 * loaded, and no longer trap, while the guest has MDSCR_EL1.MDE or SS set: then it
 * debugs itself at full speed, and a guest that does not pays nothing.
 */
#include "guest.h"

#define MDSCR_SS BIT(0)
#define MDSCR_KDE BIT(13)
#define MDSCR_MDE BIT(15)
/* What is writable at EL1 without an external debugger's registers behind it. */
#define MDSCR_WRITABLE (MDSCR_SS | BIT(12) | MDSCR_KDE | MDSCR_MDE)
#define OSLSR_OSLM_IMPLEMENTED BIT(3)
#define OSLSR_OSLK BIT(1)

#define EACH_POINT(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

static unsigned int nr_brps(void)
{
	return FIELD_GET(GENMASK(15, 12), read_sysreg(id_aa64dfr0_el1)) + 1;
}

static unsigned int nr_wrps(void)
{
	return FIELD_GET(GENMASK(23, 20), read_sysreg(id_aa64dfr0_el1)) + 1;
}

static void points_save(struct debug_regs *d)
{
	unsigned int b = nr_brps(), w = nr_wrps();

	d->mdscr = read_sysreg(mdscr_el1);
	d->mdccint = read_sysreg(mdccint_el1);
#define X(n)                                               \
	if ((n) < b) {                                     \
		d->bvr[n] = read_sysreg(dbgbvr##n##_el1);  \
		d->bcr[n] = read_sysreg(dbgbcr##n##_el1);  \
	}                                                  \
	if ((n) < w) {                                     \
		d->wvr[n] = read_sysreg(dbgwvr##n##_el1);  \
		d->wcr[n] = read_sysreg(dbgwcr##n##_el1);  \
	}
	EACH_POINT(X)
#undef X
}

static void points_load(const struct debug_regs *d)
{
	unsigned int b = nr_brps(), w = nr_wrps();

#define X(n)                                               \
	if ((n) < b) {                                     \
		write_sysreg(d->bvr[n], dbgbvr##n##_el1);  \
		write_sysreg(d->bcr[n], dbgbcr##n##_el1);  \
	}                                                  \
	if ((n) < w) {                                     \
		write_sysreg(d->wvr[n], dbgwvr##n##_el1);  \
		write_sysreg(d->wcr[n], dbgwcr##n##_el1);  \
	}
	EACH_POINT(X)
#undef X
	write_sysreg(d->mdccint, mdccint_el1);
	write_sysreg(d->mdscr, mdscr_el1);
}

/* While the OS lock is locked nothing but BRK is a debug exception (Arm ARM D2.4.5). */
static bool debug_wanted(const struct vcpu *v)
{
	return !v->arch.os_lock && (v->arch.debug.mdscr & (MDSCR_SS | MDSCR_MDE));
}

/* MDCR_EL2 while a guest is loaded: (mostly) debug traps, too. */
static void write_mdcr(const struct vcpu *v)
{
	write_sysreg(this_cpu()->mdcr_guest & ~(v->arch.debug_live ? MDCR_TDA : 0), mdcr_el2);
}

void debug_reset(struct vcpu *v)
{
	v->arch.debug = (struct debug_regs){ 0 };
	v->arch.os_lock = true; /* OSLSR_EL1.OSLK is 1 after a cold reset */
}

/* The guest turned its debug on: from here to debug_put() the registers are its own. */
static void debug_make_live(struct vcpu *v)
{
	struct debug_regs *host = &this_cpu()->host_debug;
	u64 mdscr = host->mdscr; /* debug_load() has it; the register is 0 by now */

	points_save(host);
	host->mdscr = mdscr;
	points_load(&v->arch.debug);
	v->arch.debug_live = true;
	write_mdcr(v);
}

/*
 * The host's profiling and trace buffers are written through the stage 2 of the
 * moment: while a guest's is loaded they are stopped and drained (PSB CSYNC, TSB
 * CSYNC are hints 17 and 18; Arm ARM D17.4.2, D6.3).
 */
static void buffers_stop(struct percpu *cpu)
{
	if (cpu_features.spe) {
		cpu->host_pmscr = read_sysreg(SYS_PMSCR_EL1);
		if (read_sysreg(SYS_PMBLIMITR_EL1) & 1) {
			write_sysreg(0, SYS_PMSCR_EL1);
			isb();
			__asm__ volatile("hint #17" : : : "memory");
			dsb(nsh);
		}
	}
	if (cpu_features.trbe) {
		cpu->host_trfcr = read_sysreg(SYS_TRFCR_EL1);
		if (read_sysreg(SYS_TRBLIMITR_EL1) & 1) {
			write_sysreg(0, SYS_TRFCR_EL1);
			isb();
			__asm__ volatile("hint #18" : : : "memory");
			dsb(nsh);
		}
	}
}

static void buffers_resume(struct percpu *cpu)
{
	if (cpu_features.spe)
		write_sysreg(cpu->host_pmscr, SYS_PMSCR_EL1);
	if (cpu_features.trbe)
		write_sysreg(cpu->host_trfcr, SYS_TRFCR_EL1);
}

/**
 * debug_load() - the host's debug, profiling and trace stop, the guest's begins
 * @v: the vCPU that is entered
 *
 * Context: before the world changes: the buffers still go through the host's stage 2.
 */
void debug_load(struct vcpu *v)
{
	struct percpu *cpu = this_cpu();

	if (unlikely(cpu_features.buffers))
		buffers_stop(cpu);
	/*
	 * The host's breakpoints must not fire in the guest. MDSCR_EL1 gates them,
	 * and single step.
	 */
	cpu->host_debug.mdscr = read_sysreg(mdscr_el1);
	write_sysreg(0, mdscr_el1);
	if (unlikely(debug_wanted(v)))
		debug_make_live(v);
	else
		write_sysreg(cpu->mdcr_guest, mdcr_el2);
}

/**
 * debug_put() - the way back; the host's world is loaded
 * @v: the vCPU that leaves
 */
void debug_put(struct vcpu *v)
{
	struct percpu *cpu = this_cpu();

	if (unlikely(v->arch.debug_live)) {
		points_save(&v->arch.debug);
		points_load(&cpu->host_debug);
		v->arch.debug_live = false;
	} else {
		write_sysreg(cpu->host_debug.mdscr, mdscr_el1);
	}
	write_sysreg(cpu->mdcr_host, mdcr_el2);
	if (unlikely(cpu_features.buffers))
		buffers_resume(cpu);
}

static bool point_access(u64 *reg, bool exists, bool write, u64 *value)
{
	if (!exists)
		return false;
	if (write)
		*reg = *value;
	else
		*value = *reg;
	return true;
}

/**
 * debug_point() - DBGBVR<n>, DBGBCR<n>, DBGWVR<n>, DBGWCR<n>: op2 4 to 7, CRm = n
 * @v: loaded
 * @enc: SYS() encoding
 * @write: direction
 * @value: written, or the result
 *
 * Return: false: UNDEFINED.
 */
bool debug_point(struct vcpu *v, u32 enc, bool write, u64 *value)
{
	struct debug_regs *d = &v->arch.debug;
	unsigned int n = (enc >> 3) & 0xf;

	switch (enc & 7) {
	case 4:
		return point_access(&d->bvr[n], n < nr_brps(), write, value);
	case 5:
		return point_access(&d->bcr[n], n < nr_brps(), write, value);
	case 6:
		return point_access(&d->wvr[n], n < nr_wrps(), write, value);
	case 7:
		return point_access(&d->wcr[n], n < nr_wrps(), write, value);
	}
	return false;
}

static void debug_update(struct vcpu *v)
{
	if (debug_wanted(v) && !v->arch.debug_live)
		debug_make_live(v);
}

/**
 * debug_mdscr() - MDSCR_EL1 of a guest whose debug is not live, or locked
 * @v: loaded
 * @write: direction
 * @value: written, or the result
 *
 * Return: true: it is there.
 */
bool debug_mdscr(struct vcpu *v, bool write, u64 *value)
{
	if (write)
		v->arch.debug.mdscr = *value & MDSCR_WRITABLE;
	else
		*value = v->arch.debug.mdscr;
	debug_update(v);
	return true;
}

/**
 * debug_os_lock() - OSLAR_EL1, which always traps; locked, debug is not live
 * @v: loaded
 * @lock: lock it
 *
 * Return: true: it is there.
 */
bool debug_os_lock(struct vcpu *v, bool lock)
{
	v->arch.os_lock = lock;
	if (lock && v->arch.debug_live) {
		points_save(&v->arch.debug);
		points_load(&this_cpu()->host_debug);
		write_sysreg(0, mdscr_el1);
		v->arch.debug_live = false;
		write_mdcr(v);
	}
	debug_update(v);
	return true;
}

/**
 * debug_os_status() - OSLSR_EL1
 * @v: loaded
 *
 * Return: its value.
 */
u64 debug_os_status(const struct vcpu *v)
{
	return OSLSR_OSLM_IMPLEMENTED | (v->arch.os_lock ? OSLSR_OSLK : 0);
}
