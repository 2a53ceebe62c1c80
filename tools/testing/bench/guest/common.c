// SPDX-License-Identifier: GPL-2.0-only
/* What the benchmark guests share: CPUs, sleep, and the form of a result. */
#include "bench.h"

#define ICC_SGI1R_EL1	S3_0_C12_C11_5
#define BENCH_SGI	1

struct bench_cpu bench_cpus[2];
uint64_t bench_us;

static uint8_t stack[4096] __attribute__((aligned(16)));

/**
 * bench_setup() - make this CPU ready to take and count interrupts
 * @cpu: what it counts in
 */
void bench_setup(struct bench_cpu *cpu)
{
	write_sysreg(tpidr_el1, (uint64_t)cpu);
	write_sysreg(vbar_el1, (uint64_t)bench_vectors);
	check(gic_init(), "no redistributor");
	gic_enable(BENCH_SGI);
	gic_enable(INTID_VTIMER);
	bench_us = read_sysreg(cntfrq_el0) / 1000000;
}

/**
 * bench_row() - report one measurement
 * @name: what was measured
 * @ticks: of the virtual counter, for all rounds together
 * @rounds: how often it was done
 */
void bench_row(const char *name, uint64_t ticks, unsigned int rounds)
{
	print("bench %s %lu %u\n", name, ticks, rounds);
	check(ticks && rounds, "%s took no time", name);
	test_end(name);
}

/**
 * bench_clear() - begin a measurement in batches
 * @ticks: becomes zero
 */
void bench_clear(uint64_t ticks[BENCH_BATCHES])
{
	for (unsigned int i = 0; i < BENCH_BATCHES; i++) {
		ticks[i] = 0;
		asm volatile("" ::: "memory"); /* no memset() here */
	}
}

/**
 * bench_median() - report the median batch of a measurement
 * @name: what was measured
 * @ticks: of the virtual counter, by batch; sorted afterwards
 * @rounds: how often it was done, in all batches together
 */
void bench_median(const char *name, uint64_t ticks[BENCH_BATCHES], unsigned int rounds)
{
	for (unsigned int i = 1; i < BENCH_BATCHES; i++) {
		uint64_t t = ticks[i];
		unsigned int j;

		for (j = i; j && ticks[j - 1] > t; j--)
			ticks[j] = ticks[j - 1];
		ticks[j] = t;
	}
	bench_row(name, ticks[(BENCH_BATCHES - 1) / 2], rounds / BENCH_BATCHES);
}

/**
 * bench_sleep() - wait in WFI until a time has passed
 * @ticks: of the virtual counter
 */
void bench_sleep(uint64_t ticks)
{
	struct bench_cpu *cpu = (void *)read_sysreg(tpidr_el1);
	uint64_t irqs = cpu->irqs;

	write_sysreg(cntv_cval_el0, bench_now() + ticks);
	write_sysreg(cntv_ctl_el0, 1);
	while (cpu->irqs == irqs) {
		/* With interrupts masked there is no gap between the look and the wait. */
		asm volatile("wfi" ::: "memory");
		irq_enable();
		irq_disable();
	}
}

/**
 * bench_secondary_main() - the second CPU's C code
 * @cpu: it
 */
void bench_secondary_main(struct bench_cpu *cpu)
{
	cpu->up = true;
	cpu->work(cpu);
	hvc(PSCI_CPU_OFF, 0, 0, 0);
}

/**
 * bench_start_secondary() - start the second CPU
 * @work: what it does
 *
 * Return: false if there is none.
 */
bool bench_start_secondary(void (*work)(struct bench_cpu *cpu))
{
	struct bench_cpu *cpu = &bench_cpus[1];

	cpu->stack = (uint64_t)stack + sizeof(stack);
	cpu->work = work;
	cpu->up = false;
	cpu->stop = false;
	if (hvc(PSCI_CPU_ON, 1, (uint64_t)bench_secondary, (uint64_t)cpu).x[0])
		return false;
	while (!cpu->up)
		bench_relax();
	return true;
}

/**
 * bench_stop_secondary() - end its work and wait until it is off
 */
void bench_stop_secondary(void)
{
	bench_cpus[1].stop = true;
	bench_send_sgi(1);
	while (hvc(PSCI_AFFINITY_INFO, 1, 0, 0).x[0] != 1)
		bench_relax();
}

/**
 * bench_send_sgi() - send an SGI
 * @cpu: to whom
 */
void bench_send_sgi(unsigned int cpu)
{
	asm volatile("dsb ishst" ::: "memory");
	write_sysreg(ICC_SGI1R_EL1, (uint64_t)BENCH_SGI << 24 | 1U << cpu);
}

/* What follows "profile=" on the command line, wherever it stands in the device tree; or NULL. */
static const char *profile_wanted(void)
{
	static const char key[] = "profile=";
	const uint32_t *header = guest_dtb;
	const char *at = guest_dtb, *end = at + __builtin_bswap32(header[1]) - sizeof(key);

	for (; at < end; at++) {
		unsigned int i = 0;

		while (key[i] && at[i] == key[i])
			i++;
		if (!key[i])
			return at + i;
	}
	return NULL;
}

static bool starts_with(const char *text, const char *name)
{
	while (*name)
		if (*text++ != *name++)
			return false;
	return *text <= ' ';
}

/**
 * bench_profile_round() - marks a round for who counts instructions by address
 */
__attribute__((noinline)) void bench_profile_round(void)
{
	asm volatile("" ::: "memory");
}

/**
 * bench_profile() - do one thing for ever if the command line has profile=NAME
 * @profiles: what can be done
 * @nr: how many
 */
void bench_profile(const struct bench_profile *profiles, unsigned int nr)
{
	const char *wanted = profile_wanted();

	for (unsigned int i = 0; wanted && i < nr; i++) {
		if (!starts_with(wanted, profiles[i].name))
			continue;
		if (profiles[i].secondary)
			bench_start_secondary(profiles[i].secondary);
		irq_enable();
		print("profiling %s\n", profiles[i].name);
		for (;;) {
			bench_profile_round();
			profiles[i].round();
		}
	}
}
