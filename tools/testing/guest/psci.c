// SPDX-License-Identifier: GPL-2.0-only
/* PSCI of one vCPU: Arm DEN 0022. */
#include "guest.h"

#define NOT_SUPPORTED	-1
#define INVALID_PARAMS	-2
#define ALREADY_ON	-4
#define INVALID_ADDRESS	-9

static int64_t call(uint32_t id, uint64_t a1, uint64_t a2, uint64_t a3)
{
	struct smccc answer = hvc(id, a1, a2, a3);

	/* Functions of the 32-bit convention return 32 bits. */
	return id & 1U << 30 ? (int64_t)answer.x[0] : (int32_t)answer.x[0];
}

static void expect(const char *what, int64_t is, int64_t expected)
{
	check(is == expected, "%s: %ld, not %ld", what, is, expected);
}

static void test_versions(void)
{
	int64_t version = call(PSCI_VERSION, 0, 0, 0);

	check(version >= 0x10000 && version < 0x20000, "PSCI version %lx", (uint64_t)version);
	version = call(SMCCC_VERSION, 0, 0, 0);
	check(version >= 0x10001 && version < 0x20000, "SMCCC version %lx", (uint64_t)version);
	test_end("versions");
}

static void test_features(void)
{
	static const uint32_t offered[] = {
		PSCI_VERSION, PSCI_CPU_SUSPEND, PSCI_CPU_OFF, PSCI_CPU_ON, PSCI_AFFINITY_INFO,
		PSCI_SYSTEM_OFF, PSCI_SYSTEM_RESET, PSCI_FEATURES, SMCCC_VERSION,
		0x84000001, 0x84000003, 0x84000004,
	};
	static const uint32_t unknown[] = { 0x8400001f, 0xc400001f, 0x84000fff, 0, 0xffffffff };

	for (unsigned int i = 0; i < ARRAY_SIZE(offered); i++)
		check(call(PSCI_FEATURES, offered[i], 0, 0) >= 0, "%x is not offered", offered[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(unknown); i++)
		check(call(PSCI_FEATURES, unknown[i], 0, 0) == NOT_SUPPORTED, "%x is offered",
		      unknown[i]);
	test_end("features");
}

static void test_cpus(void)
{
	uint64_t self = read_sysreg(mpidr_el1) & UINT64_C(0xff00ffffff);

	expect("AFFINITY_INFO of itself", call(PSCI_AFFINITY_INFO, self, 0, 0), 0);
	expect("AFFINITY_INFO of nobody", call(PSCI_AFFINITY_INFO, 0xff, 0, 0), INVALID_PARAMS);
	/* PSCI 0.2: by level 1 and up it is a question after all CPUs that share these fields. */
	for (unsigned int level = 1; level <= 3; level++) {
		uint64_t other = self | (uint64_t)1 << (level == 3 ? 32 : 8 * level);

		expect("AFFINITY_INFO of all beside it", call(PSCI_AFFINITY_INFO, self, level, 0), 0);
		expect("AFFINITY_INFO of all elsewhere", call(PSCI_AFFINITY_INFO, other, level, 0),
		       INVALID_PARAMS);
	}
	expect("AFFINITY_INFO by level 4", call(PSCI_AFFINITY_INFO, self, 4, 0), INVALID_PARAMS);
	expect("AFFINITY_INFO by level 9", call(PSCI_AFFINITY_INFO, self, 9, 0),
	       INVALID_PARAMS);
	expect("CPU_ON of itself", call(PSCI_CPU_ON, self, RAM, 0), ALREADY_ON);
	expect("CPU_ON of nobody", call(PSCI_CPU_ON, 0xff, RAM, 0), INVALID_PARAMS);
	test_end("CPUs");
}

static void test_unknown(void)
{
	expect("0x8400001f", call(0x8400001f, 0, 0, 0), NOT_SUPPORTED);
	expect("0xc400001f", call(0xc400001f, 0, 0, 0), NOT_SUPPORTED);
	test_end("unknown functions");
}

void guest_main(void)
{
	test_versions();
	test_features();
	test_cpus();
	test_unknown();
	/* SYSTEM_OFF ends this guest as every other. */
}
