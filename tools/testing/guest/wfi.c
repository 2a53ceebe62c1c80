// SPDX-License-Identifier: GPL-2.0-only
/*
 * WFI: it ends when an interrupt is pending, masked by PSTATE or not, and time goes on
 * meanwhile.
 */
#include "guest.h"

static volatile unsigned int irqs;
static uint64_t ms;

static uint64_t now(void)
{
	asm volatile("isb" ::: "memory");
	return read_sysreg(cntvct_el0);
}

static uint64_t now_physical(void)
{
	asm volatile("isb" ::: "memory");
	return read_sysreg(cntpct_el0);
}

static void wfi(void)
{
	asm volatile("dsb sy; wfi" ::: "memory");
}

static void on_irq(uint32_t intid)
{
	irqs++;
	if (intid == INTID_VTIMER)
		write_sysreg(cntv_ctl_el0, 0);
	if (intid == INTID_PTIMER)
		write_sysreg(cntp_ctl_el0, 0);
}

static bool expired(bool physical)
{
	return (physical ? read_sysreg(cntp_ctl_el0) : read_sysreg(cntv_ctl_el0)) & 4;
}

static void arm(bool physical, uint64_t delay)
{
	if (physical) {
		write_sysreg(cntp_cval_el0, now_physical() + delay);
		write_sysreg(cntp_ctl_el0, 1);
	} else {
		write_sysreg(cntv_cval_el0, now() + delay);
		write_sysreg(cntv_ctl_el0, 1);
	}
}

/*
 * Interrupts masked in PSTATE. WFI may end early (Arm ARM D1.6), but rarely: a guest that
 * only spins would count thousands.
 */
static void masked(bool physical, uint64_t delay)
{
	uint64_t start = now();
	unsigned int wakes = 0;

	arm(physical, delay);
	while (!expired(physical)) {
		wfi();
		wakes++;
	}
	check(now() - start >= delay, "woke before the timer");
	check(now() - start < delay + 500 * ms, "woke %lu ticks late", now() - start - delay);
	check(wakes <= 16, "%u wake-ups for one timer", wakes);
	check(!irqs, "an interrupt was taken although masked");
	check(gic_acknowledge() == (physical ? INTID_PTIMER : INTID_VTIMER), "wrong interrupt");
	on_irq(physical ? INTID_PTIMER : INTID_VTIMER);
	gic_end(physical ? INTID_PTIMER : INTID_VTIMER);
	irqs = 0;
}

static void test_masked(void)
{
	static const unsigned int delays[] = { 0, 1, 2, 5, 10, 30, 100 };

	for (unsigned int i = 0; i < ARRAY_SIZE(delays); i++) {
		masked(false, delays[i] * ms);
		masked(true, delays[i] * ms);
	}
	test_end("interrupts masked");
}

static void test_unmasked(void)
{
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t start = now(), delay = (i % 5) * ms;
		unsigned int wakes = 0;

		irqs = 0;
		arm(i & 1, delay);
		/* The interrupt is taken in the window after each WFI. */
		while (!irqs && wakes < 1000) {
			wfi();
			irq_enable();
			irq_disable();
			wakes++;
		}
		check(irqs == 1, "%u interrupts", irqs);
		check(now() - start >= delay, "woke before the timer");
		check(wakes <= 16, "%u wake-ups for one timer", wakes);
	}
	/* And with them open all the time. */
	for (unsigned int i = 0; i < 20; i++) {
		irqs = 0;
		irq_disable();
		arm(i & 1, ms);
		irq_enable();
		while (!irqs)
			wfi();
		irq_disable();
		check(irqs == 1, "%u interrupts", irqs);
	}
	irqs = 0;
	test_end("interrupts open");
}

/* Something is pending already: WFI is no wait. */
static void test_pending(void)
{
	uint64_t start = now();

	gic_enable(2);
	gic_sgi_to_self(2);
	for (unsigned int i = 0; i < 100; i++)
		wfi();
	check(now() - start < 2000 * ms, "WFI waited with an interrupt pending");
	check(gic_acknowledge() == 2, "SGI 2 is not pending");
	gic_end(2);
	test_end("interrupt pending before");
}

/* Both counters and the real-time clock agree on how long a sleep was. */
static void test_time(void)
{
	uint64_t frequency = read_sysreg(cntfrq_el0);
	uint64_t virtual = now(), physical = now_physical();
	uint32_t clock = mmio_read32(RTC);
	uint64_t slept, slept_physical;
	uint32_t seconds;

	for (unsigned int i = 0; i < 20; i++)
		masked(false, 100 * ms);
	slept = now() - virtual;
	slept_physical = now_physical() - physical;
	seconds = mmio_read32(RTC) - clock;
	check(slept >= 2000 * ms, "slept %lu ticks only", slept);
	check(slept_physical - slept + 50 * ms < 100 * ms, "counters differ: %lu and %lu", slept,
	      slept_physical);
	check(seconds + 1 >= slept / frequency && seconds <= slept / frequency + 2,
	      "clock went on by %u s, counter by %lu s", seconds, slept / frequency);
	test_end("time goes on");
}

void guest_main(void)
{
	check(gic_init(), "no redistributor");
	test_end("redistributor");
	gic_enable(INTID_VTIMER);
	gic_enable(INTID_PTIMER);
	irq_handler = on_irq;
	ms = read_sysreg(cntfrq_el0) / 1000;
	test_masked();
	test_unmasked();
	test_pending();
	test_time();
}
