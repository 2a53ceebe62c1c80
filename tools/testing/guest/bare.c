// SPDX-License-Identifier: GPL-2.0-only
/*
 * Habits of bare-metal test programs that Linux does not have: a distributor that each CPU writes in
 * one sweep, an interrupt that is ended by GICR_ICACTIVER0 alone, timers that are looked at
 * through ISPENDR while their PPI is disabled, translation by 64 KiB granules, and every breakpoint
 * and watchpoint, on all CPUs at the same time.
 */
#include "trap.h"

#define SGI		2
#define MDSCR_SS	(1 << 0)
#define MDSCR_KDE	(1 << 13)
#define MDSCR_MDE	(1 << 15)
#define BCR_EL1		(1 | 1 << 1 | 0xf << 5)
#define WCR_EL1		(1 | 1 << 1 | 3 << 3 | 0xff << 5)
#define DBGBVR(n)	SYSREG(2, 0, 0, n, 4)
#define DBGBCR(n)	SYSREG(2, 0, 0, n, 5)
#define DBGWVR(n)	SYSREG(2, 0, 0, n, 6)
#define DBGWCR(n)	SYSREG(2, 0, 0, n, 7)
#define SPSR_STEP	((SPSR_EL1 & ~(1 << 9)) | 1 << 21)
#define INSN_D_CLEAR	0xd50348ff	/* msr daifclr, #8 */
#define INSN_D_SET	0xd50348df
#define INSN_ISB	0xd5033fdf
#define MAX_POINTS	16
#define ROUNDS		5

static volatile unsigned int taken;

static void take_strays(void)
{
	uint32_t intid = gic_acknowledge();

	if (intid != INTID_SPURIOUS)
		gic_end(intid);
}

static unsigned int sweepers;

/*
 * Every register from IGROUPR to the first priorities, as if all were of one kind, by all CPUs
 * at the same time. What is enabled, pending and active for a moment goes to CPU 0.
 */
static void sweep(unsigned int self)
{
	static struct barrier barrier;

	barrier_wait(&barrier, sweepers);
	if (!self && sweepers > 1)
		irq_enable();
	for (unsigned int round = 0; round < ROUNDS; round++)
		for (uint32_t i = 0; i < 1020; i += 4)
			mmio_write32(GICD + GIC_IGROUPR + i, UINT32_MAX);
	barrier_wait(&barrier, sweepers);
	irq_disable();
}

static void test_sweep(void)
{
	irq_raw = take_strays;
	/* KVM of Linux 6.12 may bring back what another CPU's list register has had pending. */
	sweepers = bootargs_have("hypervisor=kvm") ? 1 : smp_cpus();
	smp_run(sweep, sweepers);
	irq_raw = NULL;
	for (uint32_t i = 32; i < 1020; i += 32)
		check(!mmio_read32(GICD + GIC_ISENABLER + i / 8) &&
		      !mmio_read32(GICD + GIC_ISPENDR + i / 8) &&
		      !mmio_read32(GICD + GIC_ISACTIVER + i / 8), "bank of %u is not clean", i);
	check(gic_acknowledge() == INTID_SPURIOUS, "an interrupt came of it");
	test_end("distributor in one sweep");
}

/* IHI 0069 4.8.4: the running priority falls by the end of interrupt, not by deactivation. */
static void end_by_icactiver(void)
{
	uint32_t intid = gic_acknowledge();

	if (intid == INTID_SPURIOUS)
		return;
	check(intid == SGI, "interrupt %u", intid);
	check(gic_get(GIC_ISACTIVER, SGI), "not active in its handler");
	gic_set(GIC_ICACTIVER, SGI);
	check(!gic_get(GIC_ISACTIVER, SGI), "active after ICACTIVER");
	taken++;
}

static void test_icactiver(void)
{
	irq_raw = end_by_icactiver;
	gic_enable(SGI);
	for (unsigned int i = 1; i <= 20; i++) {
		irq_enable();
		gic_sgi_to_self(SGI);
		while (taken != i)
			relax();
		/* As urgent as what is still being served: it waits. */
		gic_sgi_to_self(SGI);
		while (!gic_get(GIC_ISPENDR, SGI))
			relax();
		check(taken == i, "taken at its own priority");
		irq_disable();
		gic_set(GIC_ICPENDR, SGI);
		gic_end(SGI);
		check(read_sysreg(ICC_RPR_EL1) == 0xff, "running priority %lx",
		      read_sysreg(ICC_RPR_EL1));
		check(!gic_get(GIC_ISPENDR, SGI) && !gic_get(GIC_ISACTIVER, SGI), "not idle");
	}
	irq_raw = NULL;
	test_end("interrupt ended by ICACTIVER");
}

/* The level is in ISPENDR whether the PPI is enabled or not; in ISACTIVER while it is served. */
#define TEST_TIMER(name, intid, ctl, cval)						\
static void name##_handler(void)							\
{											\
	uint32_t got = gic_acknowledge();						\
											\
	if (got == INTID_SPURIOUS)							\
		return;									\
	check(got == (intid), "interrupt %u", got);					\
	check(gic_get(GIC_ISACTIVER, intid), "not active in its handler");		\
	write_sysreg(ctl, 3);								\
	check(!gic_get(GIC_ISPENDR, intid), "pending with IMASK in its handler");	\
	gic_end(got);									\
	check(!gic_get(GIC_ISACTIVER, intid), "active after its end");			\
	taken++;									\
}											\
											\
static void name(void)									\
{											\
	gic_enable(intid);								\
	for (unsigned int i = 0; i < 10; i++) {						\
		gic_set(GIC_ICENABLER, intid);						\
		write_sysreg(cval, UINT64_C(1) << 60);					\
		write_sysreg(ctl, 1);							\
		check(!gic_get(GIC_ISPENDR, intid), "pending with CVAL ahead");		\
		write_sysreg(cval, 0);							\
		while (!gic_get(GIC_ISPENDR, intid))					\
			relax();							\
		irq_raw = name##_handler;						\
		taken = 0;								\
		irq_enable();								\
		check(!taken, "taken though it is disabled");				\
		write_sysreg(ctl, 0);							\
		gic_set(GIC_ISENABLER, intid);						\
		check(!gic_get(GIC_ISPENDR, intid) && !taken, "pending with the timer off"); \
		write_sysreg(ctl, 1);							\
		while (!taken)								\
			relax();							\
		irq_disable();								\
		write_sysreg(ctl, 0);							\
		check(taken == 1, "taken %u times", taken);				\
	}										\
	irq_raw = NULL;									\
	test_end(#name);								\
}

TEST_TIMER(virtual_timer, INTID_VTIMER, cntv_ctl_el0, cntv_cval_el0)
TEST_TIMER(physical_timer, INTID_PTIMER, cntp_ctl_el0, cntp_cval_el0)

/* Stage 1 by 64 KiB, 42 bits: blocks of 512 MiB. */
#define BLOCK_SHIFT	29
#define DEVICE_BLOCK	(3ul << 53 | 1 << 10 | 1)
#define MEMORY_BLOCK	(1 << 10 | 3 << 8 | 1 << 2 | 1)
#define TCR_64K		(22ul | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 14 | 1 << 23 | 1ul << 32)

static uint64_t table_64k[8192] __attribute__((aligned(65536)));

static void use_tables(uint64_t ttbr, uint64_t tcr)
{
	uint64_t on = read_sysreg(sctlr_el1), off = on & ~5ul;

	asm volatile("dsb sy\n msr sctlr_el1, %2\n isb\n msr ttbr0_el1, %0\n msr tcr_el1, %1\n isb\n"
		     "tlbi vmalle1\n dsb nsh\n isb\n msr sctlr_el1, %3\n isb"
		     :: "r" (ttbr), "r" (tcr), "r" (off), "r" (on) : "memory");
}

static void test_64k(void)
{
	uint64_t ttbr = read_sysreg(ttbr0_el1), tcr = read_sysreg(tcr_el1);
	volatile uint64_t *fresh = (uint64_t *)(RAM + 0x9000000);
	uint32_t typer = mmio_read32(GICD + GICD_TYPER);
	static struct trap t;

	if ((read_sysreg(id_aa64mmfr0_el1) >> 24 & 0xf) == 0xf) {
		check(true, "this CPU has none");
		test_end("granules of 64 KiB");
		return;
	}
	for (uint64_t i = 0; i < 2; i++)
		table_64k[i] = i << BLOCK_SHIFT | DEVICE_BLOCK;
	table_64k[RAM >> BLOCK_SHIFT] = RAM | MEMORY_BLOCK;
	use_tables((uint64_t)table_64k, TCR_64K);
	check(mmio_read32(VIRTIO) == 0x74726976, "virtio's magic %x", mmio_read32(VIRTIO));
	mmio_write8(SERIAL_SCRATCH, 0x5a);
	check(mmio_read8(SERIAL_SCRATCH) == 0x5a, "scratch register %x", mmio_read8(SERIAL_SCRATCH));
	check(mmio_read32(GICD + GICD_TYPER) == typer, "GICD_TYPER");
	for (unsigned int i = 0; i < 64; i++)
		fresh[i * 0x2000] = i + 1;
	for (unsigned int i = 0; i < 64; i++)
		check(fresh[i * 0x2000] == i + 1 && !fresh[i * 0x2000 + 1], "memory at %u", i);
	trap_insn(&t, INSN_LDR(LDRX, 0, 0), 5ul << BLOCK_SHIFT | 0x12340, 0, 0);
	trap_is_abort(&t, EC_DABT, 6, 5ul << BLOCK_SHIFT | 0x12340, "no block");
	use_tables(ttbr, tcr);
	test_end("granules of 64 KiB");
}

/* Debug: each CPU has its own values in all registers, and is stopped by its own alone. */
static struct trap traps[MAX_CPUS];
static uint64_t watched[MAX_CPUS][MAX_POINTS];

static void set(struct trap *t, uint32_t reg, uint64_t value)
{
	trap_insn(t, INSN_MSR(reg, 0), value, 0, 0);
	check(!t->taken, "msr %x: ESR %lx", reg, t->esr);
}

static uint64_t get(struct trap *t, uint32_t reg)
{
	return trap_insn(t, INSN_MRS(reg, 0), 0, 0, 0);
}

static void breakpoints(struct trap *t, unsigned int self, unsigned int nr)
{
	uint32_t code[MAX_POINTS + 4];
	uint64_t at;

	code[0] = INSN_D_CLEAR;
	code[1] = INSN_ISB;
	for (unsigned int i = 0; i < nr; i++)
		code[2 + i] = INSN_NOP;
	code[2 + nr] = INSN_D_SET;
	code[3 + nr] = INSN_RET;
	at = (uint64_t)trap_code(code, nr + 4);
	for (unsigned int n = 0; n < nr; n++)
		set(t, DBGBVR(n), at + 8 + 4 * n);
	for (unsigned int n = 0; n < nr; n++) {
		set(t, DBGBCR(n), BCR_EL1);
		mmio_read32(VIRTIO);	/* out to the VMM: another CPU's turn */
		trap_code(code, nr + 4);
		write_sysreg(mdscr_el1, MDSCR_KDE | MDSCR_MDE);
		trap_call(t, (void *)at, 0, 0, 0);
		write_sysreg(mdscr_el1, 0);
		trap_is_class(t, TRAP_EL1, EC_BREAKPOINT, "breakpoint");
		check(t->elr == at + 8 + 4 * n, "CPU %u: breakpoint %u at %lx, not %lx", self, n,
		      t->elr, at + 8 + 4 * n);
		set(t, DBGBCR(n), 0);
	}
	for (unsigned int n = 0; n < nr; n++)
		check(get(t, DBGBVR(n)) == at + 8 + 4 * n, "CPU %u lost DBGBVR%u", self, n);
}

static void watchpoints(struct trap *t, unsigned int self, unsigned int nr)
{
	static const uint32_t load[] = {
		INSN_D_CLEAR, INSN_ISB, INSN_LDR(LDRX, 1, 0), INSN_D_SET, INSN_RET,
	};

	for (unsigned int n = 0; n < nr; n++)
		set(t, DBGWVR(n), (uint64_t)&watched[self][n]);
	for (unsigned int n = 0; n < nr; n++) {
		uint64_t addr = (uint64_t)&watched[self][n];

		set(t, DBGWCR(n), WCR_EL1);
		mmio_read32(VIRTIO);
		write_sysreg(mdscr_el1, MDSCR_KDE | MDSCR_MDE);
		trap_call(t, trap_code(load, ARRAY_SIZE(load)), addr, 0, 0);
		write_sysreg(mdscr_el1, 0);
		trap_is_class(t, TRAP_EL1, EC_WATCHPOINT, "watchpoint");
		check(t->far == addr, "CPU %u: watchpoint %u at %lx, not %lx", self, n, t->far, addr);
		set(t, DBGWCR(n), 0);
	}
}

static void steps(struct trap *t, unsigned int self)
{
	static const uint32_t code[] = { INSN_NOP, INSN_NOP, INSN_RET };
	uint64_t at = (uint64_t)trap_code(code, ARRAY_SIZE(code));

	write_sysreg(mdscr_el1, MDSCR_SS | MDSCR_KDE);
	trap_call(t, trap_eret, at, SPSR_STEP, 0);
	write_sysreg(mdscr_el1, 0);
	trap_is_class(t, TRAP_EL1, EC_STEP, "step");
	check(t->elr == at + 4, "CPU %u: step to %lx, not %lx", self, t->elr, at + 4);
}

static void debug(unsigned int self)
{
	uint64_t dfr0 = read_sysreg(id_aa64dfr0_el1);
	struct trap *t = &traps[self];

	write_sysreg(osdlr_el1, 0);
	write_sysreg(oslar_el1, 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		breakpoints(t, self, (dfr0 >> 12 & 0xf) + 1);
		watchpoints(t, self, (dfr0 >> 20 & 0xf) + 1);
		steps(t, self);
	}
}

void guest_main(void)
{
	check(gic_init(), "no redistributor");
	test_end("redistributor");
	test_sweep();
	test_icactiver();
	virtual_timer();
	physical_timer();
	test_64k();
	smp_run(debug, smp_cpus());
	test_end("breakpoints, watchpoints and steps of all CPUs");
}
