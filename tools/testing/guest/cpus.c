// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several CPUs: PSCI CPU_ON gives each a function to run, after which it is off again. Locks and
 * barriers spin: a waiting CPU may hold the host's CPU that the other needs until the host's
 * scheduler looks, so a test has few of them, or sleeps.
 */
#include "guest.h"

static smp_function smp_work;
static uint32_t smp_done;	/* bit n: CPU n has returned from smp_work */

/**
 * lock() - take a lock
 * @lock: all zero at first
 */
void lock(struct lock *lock)
{
	while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))
		relax();
}

/**
 * unlock() - give a lock back
 * @lock: taken by this CPU
 */
void unlock(struct lock *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

/**
 * barrier_wait() - wait until as many CPUs are here
 * @barrier: all zero at first; may be used again and again
 * @cpus: how many
 */
void barrier_wait(struct barrier *barrier, uint32_t cpus)
{
	uint32_t round = __atomic_load_n(&barrier->round, __ATOMIC_ACQUIRE);

	if (__atomic_add_fetch(&barrier->here, 1, __ATOMIC_ACQ_REL) == cpus) {
		__atomic_store_n(&barrier->here, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&barrier->round, round + 1, __ATOMIC_RELEASE);
		return;
	}
	while (__atomic_load_n(&barrier->round, __ATOMIC_ACQUIRE) == round)
		relax();
}

/**
 * smp_cpus() - count the CPUs, on or off
 *
 * Return: their number; CPU n has affinity 0 n.
 */
unsigned int smp_cpus(void)
{
	unsigned int n = 0;

	while (n < MAX_CPUS && (int64_t)hvc(PSCI_AFFINITY_INFO, n, 0, 0).x[0] >= 0)
		n++;
	return n;
}

/**
 * smp_secondary() - a CPU's life: called by start.S
 * @context: from CPU_ON: the function that it runs
 */
void smp_secondary(uint64_t context)
{
	unsigned int self = cpu_self();

	((smp_function)context)(self);
	hvc(PSCI_CPU_OFF, 0, 0, 0);
	check(false, "CPU_OFF returned on CPU %u", self);
	for (;;)
		;
}

/**
 * smp_on() - start a CPU
 * @cpu: its number
 * @function: what it runs
 *
 * Return: what PSCI CPU_ON says.
 */
int64_t smp_on(unsigned int cpu, smp_function function)
{
	return hvc(PSCI_CPU_ON, cpu, (uint64_t)secondary_start, (uint64_t)function).x[0];
}

/**
 * smp_wait_off() - wait until a CPU is off
 * @cpu: its number
 */
void smp_wait_off(unsigned int cpu)
{
	while (hvc(PSCI_AFFINITY_INFO, cpu, 0, 0).x[0] != 1)
		relax();
}

static void smp_run_work(unsigned int self)
{
	smp_work(self);
	__atomic_fetch_or(&smp_done, 1U << self, __ATOMIC_RELEASE);
}

/**
 * smp_run() - run a function on CPUs 0 to @cpus - 1 at the same time
 * @function: what they run; gets their number
 * @cpus: how many
 *
 * Context: the boot CPU, all others off. They are off again on return.
 */
void smp_run(smp_function function, unsigned int cpus)
{
	smp_work = function;
	__atomic_store_n(&smp_done, 0, __ATOMIC_RELEASE);
	for (unsigned int i = 1; i < cpus; i++) {
		int64_t error = smp_on(i, smp_run_work);

		check(!error, "CPU_ON of CPU %u: %ld", i, error);
	}
	smp_run_work(0);
	while (__atomic_load_n(&smp_done, __ATOMIC_ACQUIRE) != (1U << cpus) - 1)
		relax();
	for (unsigned int i = 1; i < cpus; i++)
		smp_wait_off(i);
}
