// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters of all CPUs are one: none goes back from one CPU to the other, wherever the host
 * runs them, and the virtual one is behind the physical one by the same on each.
 */
#include "guest.h"

#define ROUNDS	4000

static struct lock shared_lock;
static uint64_t last_virtual, last_physical;
static uint64_t least = 0, most = UINT64_MAX;
static uint64_t starts[MAX_CPUS];
static unsigned int cpus;

static uint64_t virtual(void)
{
	asm volatile("isb" ::: "memory");
	return read_sysreg(cntvct_el0);
}

static uint64_t physical(void)
{
	asm volatile("isb" ::: "memory");
	return read_sysreg(cntpct_el0);
}

static void watch(unsigned int self)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t before, p, after;

		lock(&shared_lock);
		before = virtual();
		p = physical();
		after = virtual();
		check(before >= last_virtual && after >= before, "CPU %u: CNTVCT from %lx to %lx to %lx",
		      self, last_virtual, before, after);
		check(p >= last_physical, "CPU %u: CNTPCT from %lx to %lx", self, last_physical, p);
		last_virtual = after;
		last_physical = p;
		/* The offset lies between these two. */
		if (p - after > least)
			least = p - after;
		if (p - before < most)
			most = p - before;
		unlock(&shared_lock);
		if (i % 64 == 0)
			mmio_read32(VIRTIO);
		starts[self]++;
	}
}

void guest_main(void)
{
	uint64_t frequency = read_sysreg(cntfrq_el0);

	cpus = smp_cpus();
	check(cpus > 1, "%u CPUs", cpus);
	smp_run(watch, cpus);
	for (unsigned int i = 0; i < cpus; i++)
		check(starts[i] == ROUNDS, "CPU %u: %lu rounds", i, starts[i]);
	test_end("no counter goes back");
	check(least <= most, "the offset is at least %lx and at most %lx", least, most);
	check(most - least < frequency / 1000, "the offset is between %lx and %lx", least, most);
	test_end("one offset for all");
	/* And again, when all have been off. */
	smp_run(watch, cpus);
	check(least <= most, "the offset is at least %lx and at most %lx", least, most);
	test_end("the same offset later");
}
