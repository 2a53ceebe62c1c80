// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic timer, virtual and physical: Arm ARM D11. CVAL, TVAL, ENABLE, IMASK, ISTATUS,
 * and an interrupt that is a level.
 */
#include "guest.h"

#define CTL_ENABLE	1
#define CTL_IMASK	2
#define CTL_ISTATUS	4
/*
 * Years ahead, but not the end of the counter's range: QEMU 7.2 adds CNTVOFF to CVAL without
 * looking for a carry, and then never leaves its timer code again.
 */
#define FAR_AWAY	(UINT64_C(1) << 60)

/* The same for both timers. */
#define ACCESSORS(prefix, ctl, cval, tval, count)				\
static uint64_t prefix##_get_ctl(void) { return read_sysreg(ctl); }		\
static void prefix##_set_ctl(uint64_t v) { write_sysreg(ctl, v); }		\
static uint64_t prefix##_get_cval(void) { return read_sysreg(cval); }		\
static void prefix##_set_cval(uint64_t v) { write_sysreg(cval, v); }		\
static uint64_t prefix##_get_tval(void) { return read_sysreg(tval); }		\
static void prefix##_set_tval(uint64_t v) { write_sysreg(tval, v); }		\
static uint64_t prefix##_now(void)						\
{										\
	asm volatile("isb" ::: "memory");					\
	return read_sysreg(count);						\
}

ACCESSORS(virt, cntv_ctl_el0, cntv_cval_el0, cntv_tval_el0, cntvct_el0)
ACCESSORS(phys, cntp_ctl_el0, cntp_cval_el0, cntp_tval_el0, cntpct_el0)

static const struct timer {
	const char *name;
	uint32_t intid;
	uint64_t (*get_ctl)(void);
	void (*set_ctl)(uint64_t value);
	uint64_t (*get_cval)(void);
	void (*set_cval)(uint64_t value);
	uint64_t (*get_tval)(void);
	void (*set_tval)(uint64_t value);
	uint64_t (*now)(void);
} timers[] = {
	{ "virtual", INTID_VTIMER, virt_get_ctl, virt_set_ctl, virt_get_cval, virt_set_cval,
	  virt_get_tval, virt_set_tval, virt_now },
	{ "physical", INTID_PTIMER, phys_get_ctl, phys_set_ctl, phys_get_cval, phys_set_cval,
	  phys_get_tval, phys_set_tval, phys_now },
};

static const struct timer *timer;
static volatile unsigned int irqs, wrong_irqs;
static volatile uint64_t irq_time;
static volatile unsigned int irqs_until_off;
static uint64_t ms;

static void on_irq(uint32_t intid)
{
	irq_time = timer->now();
	irqs++;
	if (intid != timer->intid)
		wrong_irqs++;
	/* The line stays up until the condition is gone. */
	if (irqs >= irqs_until_off)
		timer->set_ctl(0);
}

static void name_end(const char *what)
{
	/* One name for both timers: said in front. */
	print("# %s timer\n", timer->name);
	test_end(what);
}

static void test_counter(void)
{
	uint64_t last = timer->now(), start = last;

	check(read_sysreg(cntfrq_el0) >= 1000000, "frequency %lu", read_sysreg(cntfrq_el0));
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t now = timer->now();

		check(now >= last, "counter went back from %lx to %lx", last, now);
		last = now;
		if (i % 100 == 0)
			mmio_read32(VIRTIO);
	}
	check(last > start, "counter stands still");
	name_end("counter");
}

/*
 * TVAL is what is left until CVAL, in 32 bits. However long that took: it was read between two
 * looks at the counter.
 */
static void check_tval(const char *what)
{
	uint64_t before = timer->now(), tval = timer->get_tval(), after = timer->now();
	uint32_t then = timer->get_cval() - tval;

	check(!(tval >> 32), "%s: TVAL %lx is wider than 32 bits", what, tval);
	check((uint32_t)(then - before) <= after - before, "%s: TVAL %lx at %lx to %lx, CVAL %lx",
	      what, tval, before, after, timer->get_cval());
}

static void test_registers(void)
{
	uint64_t before, after;

	timer->set_ctl(0);
	/* ISTATUS means nothing while the timer is off. */
	check(!(timer->get_ctl() & ~(uint64_t)CTL_ISTATUS), "CTL %lx", timer->get_ctl());
	timer->set_cval(UINT64_C(0x123456789abcdef0));
	check(timer->get_cval() == UINT64_C(0x123456789abcdef0), "CVAL %lx", timer->get_cval());
	before = timer->now();
	timer->set_tval(1000 * ms);
	after = timer->now();
	check(timer->get_cval() >= before + 1000 * ms && timer->get_cval() <= after + 1000 * ms,
	      "TVAL gave CVAL %lx", timer->get_cval());
	/* A negative TVAL is sign-extended to 64 bits. */
	before = timer->now();
	timer->set_tval(-(uint64_t)ms & UINT32_MAX);
	after = timer->now();
	check(timer->get_cval() >= before - ms && timer->get_cval() <= after - ms,
	      "negative TVAL gave CVAL %lx", timer->get_cval());
	timer->set_cval(timer->now() + 1000 * ms);
	check_tval("ahead");
	timer->set_cval(timer->now() - 5 * ms);
	check_tval("past");
	name_end("CVAL and TVAL");
}

static void test_istatus(void)
{
	timer->set_cval(timer->now() + 20 * ms);
	timer->set_ctl(CTL_ENABLE | CTL_IMASK);
	while (!(timer->get_ctl() & CTL_ISTATUS))
		;
	check(timer->now() >= timer->get_cval(), "ISTATUS came early");
	check(timer->get_ctl() == (CTL_ENABLE | CTL_IMASK | CTL_ISTATUS), "CTL %lx",
	      timer->get_ctl());
	check(!gic_is_pending(timer->intid), "a masked timer is pending");
	timer->set_cval(FAR_AWAY);
	check(timer->get_ctl() == (CTL_ENABLE | CTL_IMASK), "CTL %lx after CVAL moved",
	      timer->get_ctl());
	timer->set_cval(0);
	check(timer->get_ctl() & CTL_ISTATUS, "no ISTATUS for a CVAL of 0");
	timer->set_ctl(0);
	name_end("ISTATUS");
}

/* The pending state follows the line while nobody takes the interrupt. */
static void test_level(void)
{
	irq_disable();
	timer->set_cval(0);
	timer->set_ctl(CTL_ENABLE);
	check(gic_is_pending(timer->intid), "not pending with the condition true");
	timer->set_ctl(CTL_ENABLE | CTL_IMASK);
	check(!gic_is_pending(timer->intid), "pending with the timer masked");
	timer->set_ctl(CTL_ENABLE);
	check(gic_is_pending(timer->intid), "not pending again");
	timer->set_cval(FAR_AWAY);
	check(!gic_is_pending(timer->intid), "pending with CVAL ahead");
	timer->set_cval(0);
	timer->set_ctl(0);
	check(!gic_is_pending(timer->intid), "pending with the timer off");
	/* While it is active it may be pending as well: IHI 0069 4.1.2. */
	timer->set_ctl(CTL_ENABLE);
	check(gic_acknowledge() == timer->intid, "not acknowledged");
	timer->set_cval(FAR_AWAY);
	check(!gic_is_pending(timer->intid), "active, and pending with CVAL ahead");
	timer->set_cval(0);
	check(gic_is_pending(timer->intid), "active, and not pending with the condition true again");
	timer->set_ctl(0);
	check(!gic_is_pending(timer->intid), "active, and pending with the timer off");
	gic_end(timer->intid);
	name_end("level of the interrupt");
}

/* Who reads ISTATUS and then asks the GIC finds the interrupt there. */
static void test_istatus_is_pending(void)
{
	unsigned int missing = 0;

	irq_disable();
	for (unsigned int i = 0; i < 2000; i++) {
		timer->set_cval(timer->now() + ms / 20);
		timer->set_ctl(CTL_ENABLE);
		while (!(timer->get_ctl() & CTL_ISTATUS))
			;
		if (gic_acknowledge() == timer->intid)
			gic_end(timer->intid);
		else
			missing++;
		timer->set_ctl(0);
	}
	check(!missing, "%u of 2000 not pending with ISTATUS set", missing);
	name_end("ISTATUS is the level");
}

/* If they never come the guest's time is up one day: how late they are says nothing. */
static void wait_irqs(unsigned int n)
{
	while (irqs < n)
		;
}

static void test_interrupt(void)
{
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t cval;

		irqs = 0;
		irqs_until_off = 1;
		irq_enable();
		cval = timer->now() + (i % 4) * ms;
		timer->set_cval(cval);
		timer->set_ctl(CTL_ENABLE);
		wait_irqs(1);
		irq_disable();
		check(irqs == 1, "%u interrupts", irqs);
		check(irq_time >= cval, "interrupt at %lx, before %lx", irq_time, cval);
	}
	check(!wrong_irqs, "%u other interrupts", wrong_irqs);
	name_end("interrupt");
}

/* Ended while the line is up, it comes again at once. */
static void test_interrupt_again(void)
{
	irqs = 0;
	irqs_until_off = 5;
	timer->set_cval(0);
	timer->set_ctl(CTL_ENABLE);
	irq_enable();
	wait_irqs(5);
	for (uint64_t end = timer->now() + 20 * ms; timer->now() < end;)
		;
	irq_disable();
	check(irqs == 5, "%u interrupts instead of 5", irqs);
	check(gic_acknowledge() == INTID_SPURIOUS, "an interrupt is left");
	name_end("interrupt that is not served");
}

/* Far away: nothing comes. */
static void test_no_interrupt(void)
{
	irqs = 0;
	irqs_until_off = 1;
	irq_enable();
	timer->set_cval(FAR_AWAY);
	timer->set_ctl(CTL_ENABLE);
	for (uint64_t end = timer->now() + 50 * ms; timer->now() < end;)
		;
	/* The condition, but masked, and then off. */
	timer->set_ctl(CTL_ENABLE | CTL_IMASK);
	timer->set_cval(0);
	for (uint64_t end = timer->now() + 10 * ms; timer->now() < end;)
		;
	timer->set_ctl(0);
	irq_disable();
	check(!irqs, "%u interrupts", irqs);
	name_end("no interrupt");
}

void guest_main(void)
{
	check(gic_init(), "no redistributor");
	test_end("redistributor");
	irq_handler = on_irq;
	ms = read_sysreg(cntfrq_el0) / 1000;
	for (unsigned int i = 0; i < ARRAY_SIZE(timers); i++) {
		timer = &timers[i];
		gic_enable(timer->intid);
		test_counter();
		test_registers();
		test_istatus();
		test_level();
		test_istatus_is_pending();
		test_interrupt();
		test_interrupt_again();
		test_no_interrupt();
	}
}
