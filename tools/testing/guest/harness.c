// SPDX-License-Identifier: GPL-2.0-only
/* A guest's life: results as KTAP, then power off. */
#include <stdarg.h>

#include "guest.h"

/* The device tree. */
const void *guest_dtb;

static struct lock harness_lock;

static struct {
	unsigned int tests;
	unsigned int failed_tests;
	unsigned int failures;		/* of the running test */
	unsigned int checks;		/* of the running test */
	uint64_t random;
} harness;

/**
 * check() - say whether something is as it must be
 * @good: whether it is
 * @format: what it is about, printed if it is not; the first few times
 *
 * Context: any CPU.
 */
void check(bool good, const char *format, ...)
{
	va_list args;

	__atomic_fetch_add(&harness.checks, 1, __ATOMIC_RELAXED);
	if (good)
		return;
	lock(&harness_lock);
	if (++harness.failures <= 8) {
		print("# ");
		va_start(args, format);
		vprint(format, args);
		va_end(args);
		print("\n");
	}
	unlock(&harness_lock);
}

/**
 * test_end() - end a test: the checks since the last one are its
 * @name: what it is called
 *
 * A test without a check has failed.
 */
void test_end(const char *name)
{
	bool good = harness.checks && !harness.failures;

	print("%sok %u %s\n", good ? "" : "not ", ++harness.tests, name);
	harness.failed_tests += !good;
	harness.failures = 0;
	harness.checks = 0;
}

/**
 * random64() - draw a number; the same ones in each run
 *
 * Return: 64 random bits.
 */
uint64_t random64(void)
{
	/* xorshift64*; the first state is any number but zero. */
	uint64_t x = harness.random ? harness.random : 0x9e3779b97f4a7c15;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	harness.random = x;
	return x * 0x2545f4914f6cdd1d;
}

/**
 * random_seed() - begin another sequence of random numbers
 * @seed: any number
 */
void random_seed(uint64_t seed)
{
	harness.random = seed;
}

/**
 * guest_start() - run the guest and power off; called by start.S
 * @dtb: device tree
 */
void guest_start(void *dtb)
{
	guest_dtb = dtb;
	print("KTAP version 1\n");
	check(dtb && *(uint32_t *)dtb == __builtin_bswap32(0xd00dfeed), "x0 is no device tree: %lx",
	      (uint64_t)dtb);
	test_end("device tree in x0");
	guest_main();
	print("1..%u\nstatus %u\n", harness.tests, !!harness.failed_tests);
	hvc(PSCI_SYSTEM_OFF, 0, 0, 0);
	print("# SYSTEM_OFF returned\nstatus 1\n");
}
