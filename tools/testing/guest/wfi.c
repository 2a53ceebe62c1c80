// SPDX-License-Identifier: GPL-2.0-only
/*
 * WFI: it ends when an interrupt is pending, masked by PSTATE or not, and time goes on
 * meanwhile.
 */
#include "guest.h"

static volatile unsigned int irqs;
/* Ticks after which on_irq() lets the virtual timer expire once more; 0 for never. */
static volatile uint64_t period;
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
	if (intid == INTID_VTIMER && period)
		write_sysreg(cntv_cval_el0, now() + period);
	else if (intid == INTID_VTIMER)
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
	/*
	 * And with them open all the time. An interrupt may come between the look at the count and
	 * WFI, so there must always be a next one to end it.
	 */
	irqs = 0;
	period = ms;
	arm(false, period);
	irq_enable();
	while (irqs < 20)
		wfi();
	irq_disable();
	period = 0;
	write_sysreg(cntv_ctl_el0, 0);
	irqs = 0;
	test_end("interrupts open");
}

/* Something is pending already: WFI is no wait. */
static void test_pending(void)
{
	gic_enable(2);
	gic_sgi_to_self(2);
	/* Nothing else would end one of these. */
	for (unsigned int i = 0; i < 100; i++)
		wfi();
	check(gic_acknowledge() == 2, "SGI 2 is not pending");
	gic_end(2);
	test_end("interrupt pending before");
}

/* All three clocks at about one moment: between @before and @after of the virtual counter. */
struct moment {
	uint64_t before, physical, after;
	uint32_t seconds;
};

static struct moment look(void)
{
	struct moment moment = { .before = now(), .physical = now_physical(), .seconds = mmio_read32(RTC) };

	moment.after = now();
	return moment;
}

/*
 * Both counters and the real-time clock agree on how long a sleep was. However long the vCPU
 * was kept off its CPU while it looked, the truth lies between @least and @most.
 */
static void test_time(void)
{
	uint64_t frequency = read_sysreg(cntfrq_el0);
	struct moment first = look(), last;
	uint64_t least, most, physical;
	uint32_t seconds;

	for (unsigned int i = 0; i < 20; i++)
		masked(false, 100 * ms);
	last = look();
	least = last.before - first.after;
	most = last.after - first.before;
	physical = last.physical - first.physical;
	seconds = last.seconds - first.seconds;
	check(least >= 2000 * ms, "slept %lu ticks only", least);
	check(physical >= least && physical <= most, "the physical counter went on by %lu, the virtual one by %lu to %lu",
	      physical, least, most);
	check(seconds + 2 > least / frequency && seconds < most / frequency + 2,
	      "the clock went on by %u s, the counter by %lu s", seconds, least / frequency);
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
