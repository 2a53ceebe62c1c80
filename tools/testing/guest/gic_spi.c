// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts between CPUs: SGIs to lists and to all, routing of SPIs, active state that other CPUs
 * see and change. Each CPU sleeps until an interrupt, and counts what it gets.
 */
#include "guest.h"

#define FIRST		48
#define SGI_STOP	15

static unsigned int cpus;
static uint32_t counts[MAX_CPUS][128];
static uint32_t ready;
static uint32_t hold;		/* INTID whose handler waits */
static uint32_t held_by;	/* CPU that is in it, plus 1 */
static uint32_t release;
static uint32_t stopped[MAX_CPUS];
static bool split;

static uint32_t load(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void wait_for(const uint32_t *p, uint32_t value)
{
	while (load(p) != value)
		relax();
}

static void on_irq(uint32_t intid)
{
	unsigned int self = cpu_self();

	if (intid == load(&hold)) {
		__atomic_store_n(&held_by, self + 1, __ATOMIC_RELEASE);
		while (!load(&release))
			relax();
	}
	if (intid == SGI_STOP)
		stopped[self] = 1;
	__atomic_fetch_add(&counts[self][intid], 1, __ATOMIC_RELEASE);
}

/* Every CPU but 0. */
static void serve(unsigned int self)
{
	gic_init();
	for (uint32_t intid = 0; intid < 16; intid++)
		gic_enable(intid);
	if (split)
		write_sysreg(ICC_CTLR_EL1, ICC_CTLR_EOIMODE);
	stopped[self] = 0;
	__atomic_fetch_add(&ready, 1, __ATOMIC_RELEASE);
	while (!stopped[self]) {
		asm volatile("dsb sy; wfi" ::: "memory");
		irq_enable();
		irq_disable();
	}
	write_sysreg(ICC_CTLR_EL1, 0);
	write_sysreg(ICC_IGRPEN1_EL1, 0);
}

static void start_all(void)
{
	ready = 0;
	for (unsigned int i = 1; i < cpus; i++)
		check(!smp_on(i, serve), "CPU_ON of %u", i);
	wait_for(&ready, cpus - 1);
}

static void stop_all(void)
{
	gic_sgi(SGI_STOP, ((1U << cpus) - 1) & ~1U);
	for (unsigned int i = 1; i < cpus; i++)
		smp_wait_off(i);
}

static void zero(void)
{
	for (unsigned int i = 0; i < MAX_CPUS; i++)
		for (unsigned int j = 0; j < ARRAY_SIZE(counts[0]); j++)
			counts[i][j] = 0;
}

/* What each CPU has of @intid, as one number a CPU in @expected; no more comes. */
static void expect_counts(const char *what, uint32_t intid, uint32_t targets, uint32_t times)
{
	for (unsigned int i = 0; i < cpus; i++)
		if (targets & 1U << i)
			wait_for(&counts[i][intid], times);
	for (unsigned int i = 0; i < cpus; i++)
		check(counts[i][intid] == (targets & 1U << i ? times : 0), "%s: CPU %u has %u of %u", what,
		      i, counts[i][intid], intid);
}

static void own_interrupts(void)
{
	irq_enable();
	asm volatile("isb; nop" ::: "memory");
	irq_disable();
}

/* Those to itself are there as soon as it looks; the others' are waited for. */
static void test_sgis(void)
{
	for (uint32_t targets = 1; targets < 1U << cpus; targets++) {
		uint32_t intid = targets % 14;

		zero();
		gic_sgi(intid, targets);
		while (targets & 1 && !counts[0][intid])
			own_interrupts();
		expect_counts("SGI to a list", intid, targets, 1);
	}
	zero();
	for (unsigned int i = 1; i <= 20; i++) {
		asm volatile("dsb ishst" ::: "memory");
		write_sysreg(ICC_SGI1R_EL1, SGI1R_ALL_OTHERS | 3 << 24);
		expect_counts("SGI to all others", 3, ((1U << cpus) - 1) & ~1U, i);
	}
	own_interrupts();
	check(!counts[0][3], "SGI to all others came to itself");
	/* Nobody there. */
	zero();
	gic_sgi(4, 0x8000);
	write_sysreg(ICC_SGI1R_EL1, 4 << 24 | 1 << 16 | 0xff);
	test_end("SGIs");
}

static void test_routes(void)
{
	zero();
	for (unsigned int i = 0; i < 4 * cpus; i++) {
		unsigned int cpu = i % cpus;

		gic_spi(FIRST, 0x80, cpu);
		check(mmio_read64(GICD + GICD_IROUTER(FIRST)) == cpu, "IROUTER %lx",
		      mmio_read64(GICD + GICD_IROUTER(FIRST)));
		gic_set(GIC_ISPENDR, FIRST);
		while (!cpu && counts[0][FIRST] != i / cpus + 1)
			own_interrupts();
		wait_for(&counts[cpu][FIRST], i / cpus + 1);
	}
	expect_counts("routed in turn", FIRST, (1U << cpus) - 1, 4);
	/* Sent elsewhere while it is pending. */
	zero();
	gic_spi(FIRST, 0x80, 1);
	gic_set(GIC_ICENABLER, FIRST);
	gic_set(GIC_ISPENDR, FIRST);
	mmio_write64(GICD + GICD_IROUTER(FIRST), 2);
	gic_set(GIC_ISENABLER, FIRST);
	expect_counts("rerouted", FIRST, 1 << 2, 1);
	/* To nobody: it waits until the route leads to somebody. KVM of Linux 6.12 forgets it. */
	if (bootargs_have("hypervisor=kvm")) {
		test_end("routes");
		return;
	}
	zero();
	gic_spi(FIRST, 0x80, 0x100);
	gic_set(GIC_ISPENDR, FIRST);
	check(gic_get(GIC_ISPENDR, FIRST), "not pending");
	mmio_write64(GICD + GICD_IROUTER(FIRST), 1);
	expect_counts("sent to somebody at last", FIRST, 1 << 1, 1);
	test_end("routes");
}

/* One of all: exactly one CPU gets it. CPU 0's interface is on, too. */
static void test_any(void)
{
	zero();
	gic_spi(FIRST, 0x80, UINT64_C(1) << 31);
	for (unsigned int i = 1; i <= 50; i++) {
		uint32_t sum;

		gic_set(GIC_ISPENDR, FIRST);
		do {
			own_interrupts();
			sum = 0;
			for (unsigned int cpu = 0; cpu < cpus; cpu++)
				sum += load(&counts[cpu][FIRST]);
		} while (sum < i);
		check(sum == i, "%u of %u", sum, i);
	}
	test_end("one of all");
}

/*
 * An SPI sent on while it is active comes to the new CPU next. KVM of Linux 6.12 may have it in the
 * old one's list register already.
 */
static void test_active_rerouted(void)
{
	release = 0;
	held_by = 0;
	gic_set(GIC_ISPENDR, FIRST);
	wait_for(&held_by, 2);
	mmio_write64(GICD + GICD_IROUTER(FIRST), 2);
	gic_set(GIC_ISPENDR, FIRST);
	check(!counts[2][FIRST], "active on one CPU, and taken on another");
	__atomic_store_n(&release, 1, __ATOMIC_RELEASE);
	wait_for(&counts[2][FIRST], 1);
	check(counts[1][FIRST] == 3, "%u on CPU 1", counts[1][FIRST]);
	while (gic_get(GIC_ISACTIVER, FIRST))
		relax();
}

/* Another CPU is in the handler now: its state is what the registers say. */
static void test_active(void)
{
	bool kvm = bootargs_have("hypervisor=kvm");

	zero();
	gic_spi(FIRST, 0x80, 1);
	release = 0;
	hold = FIRST;
	gic_set(GIC_ISPENDR, FIRST);
	wait_for(&held_by, 2);
	check(gic_get(GIC_ISACTIVER, FIRST) && !gic_get(GIC_ISPENDR, FIRST), "not active alone");
	gic_set(GIC_ISPENDR, FIRST);
	check(gic_get(GIC_ISACTIVER, FIRST), "not active any more");
	/* KVM of Linux 6.12 forgets what is pending once it is in another CPU's list register. */
	if (!kvm)
		check(gic_get(GIC_ISPENDR, FIRST), "not active and pending");
	__atomic_store_n(&release, 1, __ATOMIC_RELEASE);
	wait_for(&counts[1][FIRST], 2);
	while (gic_get(GIC_ISACTIVER, FIRST))
		relax();
	if (!kvm)
		test_active_rerouted();
	/* The same of another CPU's SGI, by its redistributor. */
	hold = 7;
	release = 0;
	held_by = 0;
	gic_sgi(7, 1 << 1);
	wait_for(&held_by, 2);
	check(mmio_read32(gic_redist() + GICR_STRIDE + GICR_SGI + GIC_ISACTIVER) & 1 << 7,
	      "SGI of CPU 1 is not active");
	__atomic_store_n(&release, 1, __ATOMIC_RELEASE);
	wait_for(&counts[1][7], 1);
	while (mmio_read32(gic_redist() + GICR_STRIDE + GICR_SGI + GIC_ISACTIVER) & 1 << 7)
		relax();
	hold = INTID_SPURIOUS;
	test_end("active elsewhere");
}

/* EOImode 1: this CPU deactivates what another one acknowledged. */
static void test_deactivate(void)
{
	zero();
	gic_spi(FIRST, 0x80, 1);
	for (unsigned int i = 1; i <= 20; i++) {
		gic_set(GIC_ISPENDR, FIRST);
		wait_for(&counts[1][FIRST], i);
		check(gic_get(GIC_ISACTIVER, FIRST), "not active");
		if (i % 2) {
			write_sysreg(ICC_DIR_EL1, FIRST);
		} else {
			/* Or by the distributor. */
			gic_set(GIC_ICACTIVER, FIRST);
		}
		check(!gic_get(GIC_ISACTIVER, FIRST), "active after deactivation");
	}
	/* What SGI_STOP leaves active is its own CPU's. */
	test_end("deactivation by another CPU");
}

void guest_main(void)
{
	cpus = smp_cpus();
	hold = INTID_SPURIOUS;
	check(cpus >= 3, "%u CPUs", cpus);
	check(gic_init(), "no redistributor");
	for (uint32_t intid = 0; intid < 16; intid++)
		gic_enable(intid);
	irq_handler = on_irq;
	start_all();
	test_sgis();
	test_routes();
	test_any();
	test_active();
	stop_all();
	/* KVM of Linux 6.12 knows no deactivation by another CPU. */
	if (bootargs_have("hypervisor=kvm"))
		return;
	split = true;
	write_sysreg(ICC_CTLR_EL1, ICC_CTLR_EOIMODE);
	start_all();
	test_deactivate();
	stop_all();
}
