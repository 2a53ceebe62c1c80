// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which status of which call was reached. A status that is not in the table is a fault;
 * one that is there and was not reached fails the run that asks for it (FUZZ_REACH=1).
 * A new combination counts as new coverage, so that its input is kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"

enum { OK, NO_MEMORY, INVALID, NOT_SUPPORTED, BUSY, FAULT, NR_STATUSES };

static const struct {
	const char *name;
	s64 value;
} statuses[NR_STATUSES] = {
	[OK] = { "OK", GZVM_STATUS_OK },
	[NO_MEMORY] = { "NO_MEMORY", GZVM_STATUS_NO_MEMORY },
	[INVALID] = { "INVALID_ARGS", GZVM_STATUS_INVALID_ARGS },
	[NOT_SUPPORTED] = { "NOT_SUPPORTED", GZVM_STATUS_NOT_SUPPORTED },
	[BUSY] = { "BUSY", GZVM_STATUS_BUSY },
	[FAULT] = { "FAULT", GZVM_STATUS_FAULT },
};

#define S(s) (1U << (s))
#define MEMORY (S(OK) | S(INVALID) | S(FAULT) | S(BUSY))

/* Every call, and all that it can say. */
static const struct {
	u8 fn;
	const char *name;
	u8 can;
} calls[] = {
	{ GZVM_FN_CREATE_VM, "CREATE_VM", S(OK) | S(INVALID) | S(NO_MEMORY) },
	{ GZVM_FN_DESTROY_VM, "DESTROY_VM", S(OK) | S(INVALID) | S(BUSY) },
	{ GZVM_FN_CREATE_VCPU, "CREATE_VCPU", MEMORY | S(NO_MEMORY) },
	{ GZVM_FN_DESTROY_VCPU, "DESTROY_VCPU", S(OK) | S(INVALID) },
	{ GZVM_FN_SET_MEMREGION, "SET_MEMREGION", MEMORY },
	{ GZVM_FN_RUN, "RUN", S(OK) | S(INVALID) },
	{ GZVM_FN_GET_REGS, "GET_REGS", S(NOT_SUPPORTED) },
	{ GZVM_FN_SET_REGS, "SET_REGS", S(NOT_SUPPORTED) },
	{ GZVM_FN_GET_ONE_REG, "GET_ONE_REG", S(OK) | S(INVALID) },
	{ GZVM_FN_SET_ONE_REG, "SET_ONE_REG", S(OK) | S(INVALID) | S(BUSY) },
	{ GZVM_FN_IRQ_LINE, "IRQ_LINE", S(OK) | S(INVALID) },
	{ GZVM_FN_CREATE_DEVICE, "CREATE_DEVICE", MEMORY },
	{ GZVM_FN_PROBE, "PROBE", S(OK) },
	{ GZVM_FN_ENABLE_CAP, "ENABLE_CAP", MEMORY | S(NOT_SUPPORTED) },
	{ GZVM_FN_INFORM_EXIT, "INFORM_EXIT", S(OK) | S(INVALID) },
	{ GZVM_FN_MEMREGION_PURPOSE, "MEMREGION_PURPOSE", S(OK) | S(INVALID) },
	{ GZVM_FN_SET_DTB_CONFIG, "SET_DTB_CONFIG", S(OK) | S(INVALID) },
	{ GZVM_FN_MAP_GUEST, "MAP_GUEST", MEMORY },
	{ GZVM_FN_MAP_GUEST_BLOCK, "MAP_GUEST_BLOCK", MEMORY },
	{ GZVM_FN_GET_STATISTICS, "GET_STATISTICS", S(OK) | S(INVALID) },
	{ GZVM_FN_FEATURES, "FEATURES", S(OK) },
	{ GZVM_FN_HYP_STATS, "HYP_STATS", S(OK) },
	{ GZVM_FN_LOG_READ, "LOG_READ", MEMORY },
	{ GZVM_FN_UNMAP, "UNMAP", S(OK) | S(INVALID) | S(BUSY) },
	{ GZVM_FN_VM_RESET, "VM_RESET", S(OK) | S(INVALID) | S(BUSY) },
	{ GZVM_FN_VCPU_STATS, "VCPU_STATS", MEMORY },
	{ GZVM_FN_IRQ_LINE_EX, "IRQ_LINE_EX", S(OK) | S(INVALID) },
};

static const struct {
	u64 reason;
	const char *name;
} exits[] = {
	{ GZVM_EXIT_MMIO, "MMIO" },
	{ GZVM_EXIT_HYPERCALL, "HYPERCALL" },
	{ GZVM_EXIT_IRQ, "IRQ" },
	{ GZVM_EXIT_EXCEPTION, "EXCEPTION" },
	{ GZVM_EXIT_SYSTEM_EVENT, "SYSTEM_EVENT" },
	{ GZVM_EXIT_GZ, "GZ" },
	{ GZVM_EXIT_IDLE, "IDLE" },
	{ GZVM_EXIT_IPI, "IPI" },
};

/* PSCI's errors, -1 to -9, that host and guest can get. */
static const bool psci_can[2][10] = {
	{ [-PSCI_SUCCESS] = true, [-PSCI_NOT_SUPPORTED] = true, [-PSCI_INVALID_PARAMETERS] = true,
	  [-PSCI_DENIED] = true, [-PSCI_ALREADY_ON] = true, [-PSCI_ON_PENDING] = true,
	  [-PSCI_INTERNAL_FAILURE] = true, [-PSCI_INVALID_ADDRESS] = true },
	{ [-PSCI_SUCCESS] = true, [-PSCI_NOT_SUPPORTED] = true, [-PSCI_INVALID_PARAMETERS] = true,
	  [-PSCI_ALREADY_ON] = true, [-PSCI_ON_PENDING] = true, [-PSCI_INVALID_ADDRESS] = true },
};

#define NR_CALLS ARRAY_SIZE(calls)
#define NR_EXITS ARRAY_SIZE(exits)

/* libFuzzer zeroes them before each input and takes a change for coverage. */
__attribute__((section("__libfuzzer_extra_counters")))
static u8 counters[NR_CALLS * NR_STATUSES + NR_EXITS + 20 + 32];

static u64 reached[NR_CALLS][NR_STATUSES], reached_exit[NR_EXITS], reached_psci[2][10];
u64 fuzz_calls;

void fuzz_reach_call(unsigned int fn, s64 status)
{
	for (unsigned int i = 0; i < NR_CALLS; i++) {
		if (calls[i].fn != fn)
			continue;
		for (unsigned int s = 0; s < NR_STATUSES; s++) {
			if (statuses[s].value != status || !(calls[i].can & S(s)))
				continue;
			reached[i][s]++;
			counters[i * NR_STATUSES + s] = 1;
			return;
		}
		fuzz_fail("%s says %ld, which it never should", calls[i].name, status);
	}
	fuzz_fail("call %u is not in the table", fn);
}

void fuzz_reach_exit(u64 reason)
{
	for (unsigned int i = 0; i < NR_EXITS; i++) {
		if (exits[i].reason != reason)
			continue;
		reached_exit[i]++;
		counters[NR_CALLS * NR_STATUSES + i] = 1;
		return;
	}
	fuzz_fail("RUN ends with 0x%lx", reason);
}

void fuzz_reach_psci(bool guest, s64 status)
{
	/* VERSION and FEATURES answer with numbers. */
	if (status > 0)
		return;
	if (status < -9 || !psci_can[guest][-status])
		fuzz_fail("PSCI says %ld", status);
	reached_psci[guest][-status]++;
	counters[NR_CALLS * NR_STATUSES + NR_EXITS + guest * 10 - status] = 1;
}

void fuzz_reach_guest(unsigned int event)
{
	counters[NR_CALLS * NR_STATUSES + NR_EXITS + 20 + event % 32] = 1;
}

static unsigned int miss(const char *what, const char *status)
{
	printf("# not reached: %s: %s\n", what, status);
	return 1;
}

static unsigned int missing(void)
{
	unsigned int n = 0;
	char number[8];

	for (unsigned int i = 0; i < NR_CALLS; i++)
		for (unsigned int s = 0; s < NR_STATUSES; s++)
			if ((calls[i].can & S(s)) && !reached[i][s])
				n += miss(calls[i].name, statuses[s].name);
	for (unsigned int i = 0; i < NR_EXITS; i++)
		if (!reached_exit[i])
			n += miss("exit", exits[i].name);
	for (unsigned int g = 0; g < 2; g++)
		for (unsigned int s = 0; s < 10; s++) {
			snprintf(number, sizeof(number), "-%u", s);
			if (psci_can[g][s] && !reached_psci[g][s])
				n += miss(g ? "PSCI of a guest" : "PSCI of the host", number);
		}
	return n;
}

static void report(void)
{
	const char *path = getenv("FUZZ_COUNT");
	unsigned int n;
	FILE *f;

	if (path) {
		f = fopen(path, "a");
		if (f) {
			fprintf(f, "%lu\n", fuzz_calls);
			fclose(f);
		}
	}
	if (!getenv("FUZZ_REACH"))
		return;
	printf("# %lu calls and events\n", fuzz_calls);
	n = missing();
	printf("# statuses not reached: %u\n", n);
	fflush(stdout);
	if (n)
		_exit(1);
}

void fuzz_reach_init(void)
{
	atexit(report);
}
