// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleep and wake: tokens wander between CPUs that all sleep in WFI. A token is passed on by an SGI,
 * by an SPI that its holder makes pending, or by the timer of the CPU that holds it. No second one
 * is ever behind it: an interrupt that is lost is a token that is lost, and the test never ends.
 */
#include "guest.h"

#define TOKENS		16
#define FIRST_SPI	64	/* INTID of token n of this kind is FIRST_SPI + n */
#define SGI_END		15

enum { BY_SGI, BY_SPI, BY_TIMER, KINDS };

static unsigned int cpus, tokens;
static uint32_t hops;			/* of each token */
static uint32_t passed[TOKENS];
static uint32_t live;			/* tokens that wander */
static uint32_t ready;
static uint32_t end;
static uint32_t counts[MAX_CPUS][KINDS], wrong, asleep;
/* Of this CPU: tokens that wait for its timer. */
static uint32_t waiting[MAX_CPUS];
static uint64_t deadline[MAX_CPUS];
static uint64_t seeds[MAX_CPUS];

static uint32_t draw(unsigned int self, uint32_t n)
{
	uint64_t x = seeds[self];

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	seeds[self] = x;
	return (x >> 20) % n;
}

static uint64_t now(void)
{
	asm volatile("isb" ::: "memory");
	return read_sysreg(cntvct_el0);
}

/* Tokens 0 to 7 wander by SGIs and timers, 8 to 15 by SPIs and timers. */
static void send(uint32_t token, unsigned int to)
{
	if (token < 8) {
		gic_sgi(token, 1U << to);
		return;
	}
	mmio_write64(GICD + GICD_IROUTER(FIRST_SPI + token), to);
	gic_set(GIC_ISPENDR, FIRST_SPI + token);
}

static void hold(unsigned int self, uint32_t token)
{
	/* A third waits for the timer first, for up to a fifth of a millisecond. */
	if (draw(self, 3) == 0) {
		if (!waiting[self]) {
			deadline[self] = now() + draw(self, read_sysreg(cntfrq_el0) / 5000);
			write_sysreg(cntv_cval_el0, deadline[self]);
			write_sysreg(cntv_ctl_el0, 1);
		}
		waiting[self] |= 1U << token;
		return;
	}
	send(token, draw(self, cpus));
}

static void arrived(unsigned int self, uint32_t token)
{
	if (++passed[token] < hops) {
		hold(self, token);
		return;
	}
	/* The last one of all ends the round. */
	if (!__atomic_sub_fetch(&live, 1, __ATOMIC_ACQ_REL))
		gic_sgi(SGI_END, (1U << cpus) - 1);
}

static void timer(unsigned int self)
{
	uint32_t tokens_here = waiting[self];

	check(now() >= deadline[self], "CPU %u: the timer was early", self);
	write_sysreg(cntv_ctl_el0, 0);
	waiting[self] = 0;
	if (!tokens_here)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	for (uint32_t token = 0; token < TOKENS; token++)
		if (tokens_here & 1U << token)
			send(token, draw(self, cpus));
}

static void on_irq(uint32_t intid)
{
	unsigned int self = cpu_self();

	if (intid == SGI_END) {
		__atomic_fetch_or(&end, 1U << self, __ATOMIC_RELEASE);
	} else if (intid < 8) {
		counts[self][BY_SGI]++;
		arrived(self, intid);
	} else if (intid == INTID_VTIMER) {
		counts[self][BY_TIMER]++;
		timer(self);
	} else if (intid >= FIRST_SPI + 8 && intid < FIRST_SPI + TOKENS) {
		counts[self][BY_SPI]++;
		arrived(self, intid - FIRST_SPI);
	} else {
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	}
}

static void sleep_and_wake(unsigned int self)
{
	gic_init();
	for (uint32_t intid = 0; intid < 16; intid++)
		gic_enable(intid);
	gic_enable(INTID_VTIMER);
	seeds[self] = 88172645463325252 * (self + 3);
	__atomic_fetch_add(&ready, 1, __ATOMIC_ACQ_REL);
	if (!self) {
		while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) != cpus)
			relax();
		for (uint32_t i = 0; i < tokens; i++)
			/* Of both kinds, however few there are. */
			send(i / 2 + i % 2 * 8, i % cpus);
	}
	while (!(__atomic_load_n(&end, __ATOMIC_ACQUIRE) & 1U << self)) {
		asm volatile("dsb sy; wfi" ::: "memory");
		__atomic_fetch_add(&asleep, 1, __ATOMIC_RELAXED);
		irq_enable();
		asm volatile("isb" ::: "memory");
		irq_disable();
	}
	write_sysreg(ICC_IGRPEN1_EL1, 0);
}

static void wander(unsigned int n, uint32_t far, const char *name)
{
	uint32_t sum[KINDS] = { 0 };

	tokens = n;
	hops = far;
	live = n;
	ready = end = wrong = asleep = 0;
	for (unsigned int i = 0; i < MAX_CPUS; i++)
		for (unsigned int kind = 0; kind < KINDS; kind++)
			counts[i][kind] = 0;
	for (unsigned int i = 0; i < TOKENS; i++)
		passed[i] = 0;
	smp_run(sleep_and_wake, cpus);
	for (unsigned int i = 0; i < cpus; i++) {
		check(!waiting[i], "CPU %u still has tokens %x", i, waiting[i]);
		for (unsigned int kind = 0; kind < KINDS; kind++)
			sum[kind] += counts[i][kind];
	}
	check(!wrong, "%u interrupts that nobody sent", wrong);
	check(sum[BY_SGI] + sum[BY_SPI] == n * far, "%u SGIs and %u SPIs for %u hops", sum[BY_SGI],
	      sum[BY_SPI], n * far);
	check(sum[BY_TIMER] > 0, "no timer");
	print("# %u SGIs, %u SPIs, %u timers, %u times out of WFI\n", sum[BY_SGI], sum[BY_SPI],
	      sum[BY_TIMER], asleep);
	test_end(name);
}

void guest_main(void)
{
	cpus = smp_cpus();
	check(cpus > 1, "%u CPUs", cpus);
	check(gic_init(), "no redistributor");
	for (uint32_t token = 8; token < TOKENS; token++)
		gic_spi(FIRST_SPI + token, 0x80, 0);
	irq_handler = on_irq;
	wander(1, 300, "one token: all others sleep");
	wander(2, 300, "two tokens");
	wander(TOKENS, 200, "more tokens than CPUs");
}
