// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/psci.c arch/fake/fake_firmware.c
/* core/psci.c: the host's PSCI calls, on their way to the firmware. */
#include "ktap.h"

#include <pthread.h>

#include <hyp/page.h>
#include <hyp/psci.h>
#include <hyp/util.h>

#include "fake_firmware.h"

#define HOST_RAM 0x40000000UL
#define HYP_RAM 0x50000000UL
#define VM_RAM 0x60000000UL
#define ENTRY (HOST_RAM + 0x1234)

/* Memory for entry points: one page of each owner, above and below them nothing. */
bool page_get(pa_t page, struct page_record *out)
{
	EXPECT(IS_ALIGNED(page.v, PAGE_SIZE));
	memset(out, 0, sizeof(*out));
	if (page.v >= HOST_RAM && page.v < HYP_RAM)
		out->owner = PAGE_OWNER_HOST;
	else if (page.v >= HYP_RAM && page.v < VM_RAM)
		out->owner = PAGE_OWNER_HYP;
	else if (page.v == VM_RAM)
		out->owner = PAGE_OWNER_VM(1);
	else
		return false;
	return true;
}

static const struct platform machine = {
	.nr_cpus = 4,
	/* the last one is behind the end */
	.mpidr = { 0x0, 0x1, 0x100, 0x1200000003, 0x700 },
};

static s32 suspend_features, smccc_features;
static s64 result;

static void answer(u64 x[])
{
	if (x[0] == PSCI_FEATURES && x[1] == PSCI_CPU_SUSPEND)
		x[0] = (u64)(s64)suspend_features;
	else if (x[0] == PSCI_FEATURES && x[1] == 0x80000000)
		x[0] = (u64)(s64)smccc_features;
	else
		x[0] = (u64)result;
}

static void setup(void)
{
	suspend_features = 0;
	smccc_features = PSCI_NOT_SUPPORTED;
	result = PSCI_SUCCESS;
	fake_firmware_reset();
	fake_smc_answer = answer;
	psci_init(&machine);
	fake_nr_smcs = 0;
}

static s64 call(u64 fn, u64 a1, u64 a2, u64 a3)
{
	u64 x[SMCCC_NR_REGS] = { fn, a1, a2, a3 };

	for (unsigned int i = 4; i < SMCCC_NR_REGS; i++)
		x[i] = i;
	psci_host_call(x);
	for (unsigned int i = 4; i < SMCCC_NR_REGS; i++)
		EXPECT_EQ(x[i], i);
	return (s64)x[0];
}

static u64 *last(void)
{
	static u64 none[SMCCC_NR_REGS];

	return fake_nr_smcs ? fake_smcs[fake_nr_smcs - 1].x : none;
}

#define EXPECT_SENT(fn, a1, a2, a3)         \
	do {                                \
		EXPECT_EQ(last()[0], fn);   \
		EXPECT_EQ(last()[1], a1);   \
		EXPECT_EQ(last()[2], a2);   \
		EXPECT_EQ(last()[3], a3);   \
	} while (0)

TEST(init_asks_the_firmware)
{
	setup();
	EXPECT(!psci_firmware_smccc_1_1());
	smccc_features = 0;
	psci_init(&machine);
	EXPECT(psci_firmware_smccc_1_1());
	/* SMCCC_VERSION itself is not called: firmware of 1.0 does not know it. */
	EXPECT_EQ(fake_nr_smcs, 2 + 3);
	for (unsigned int i = 0; i < 2; i++)
		EXPECT_EQ(fake_smcs[i].x[0], PSCI_FEATURES);
	for (unsigned int i = 2; i < fake_nr_smcs; i++)
		EXPECT_EQ(fake_smcs[i].x[0], SMCCC_ARCH_FEATURES);
}

TEST(cpu_on)
{
	u64 entry, arg;

	setup();
	EXPECT_EQ(call(PSCI_CPU_ON | SMCCC_64BIT, 0x1200000003, ENTRY, 0xabcdef0123456789), 0);
	/* The firmware gets EL2's entry point, never the host's. */
	EXPECT_SENT(PSCI_CPU_ON | SMCCC_64BIT, 0x1200000003, FAKE_CPU_ENTRY, FAKE_CPU_ARG(3));
	EXPECT_EQ(fake_nr_smcs, 1);
	/* Until the CPU has come, it is being started. */
	EXPECT_EQ(call(PSCI_CPU_ON | SMCCC_64BIT, 0x1200000003, ENTRY + 4, 1), PSCI_ON_PENDING);
	EXPECT_EQ(fake_nr_smcs, 1);
	psci_take_boot(3, &entry, &arg);
	EXPECT_EQ(entry, ENTRY);
	EXPECT_EQ(arg, 0xabcdef0123456789);
	/* From here on it is the firmware that knows. */
	result = PSCI_ALREADY_ON;
	EXPECT_EQ(call(PSCI_CPU_ON | SMCCC_64BIT, 0x1200000003, ENTRY, 0), PSCI_ALREADY_ON);
	EXPECT_EQ(psci_cpu_boot(3)->claimed, 0);
}

TEST(cpu_on_smc32_truncates)
{
	setup();
	EXPECT_EQ(call(PSCI_CPU_ON, 0xffffffff00000100, 0xdead000000000000 | ENTRY,
		       0x5555555566666666), 0);
	/* The host's arguments are cut, EL2's own are not. */
	EXPECT_SENT(PSCI_CPU_ON | SMCCC_64BIT, 0x100, FAKE_CPU_ENTRY, FAKE_CPU_ARG(2));
	EXPECT_EQ(psci_cpu_boot(2)->entry, ENTRY);
	EXPECT_EQ(psci_cpu_boot(2)->arg, 0x66666666);
	/* The SMC64 form does not: no such CPU, no such memory. */
	setup();
	EXPECT_EQ(call(PSCI_CPU_ON | SMCCC_64BIT, 0xffffffff00000100, ENTRY, 0),
		  PSCI_INVALID_PARAMETERS);
	EXPECT_EQ(call(PSCI_CPU_ON | SMCCC_64BIT, 0x100, 0xdead000000000000 | ENTRY, 0),
		  PSCI_INVALID_ADDRESS);
	EXPECT_EQ(fake_nr_smcs, 0);
}

TEST(cpu_on_refused_by_the_firmware)
{
	static const s32 errors[] = { PSCI_NOT_SUPPORTED, PSCI_INVALID_PARAMETERS, PSCI_DENIED,
				      PSCI_ALREADY_ON, PSCI_ON_PENDING, PSCI_INTERNAL_FAILURE,
				      PSCI_NOT_PRESENT, PSCI_DISABLED, PSCI_INVALID_ADDRESS };

	setup();
	for (unsigned int i = 0; i < ARRAY_SIZE(errors); i++) {
		/* Firmware of 32 bits leaves the upper half zero. */
		result = i & 1 ? (s64)(u32)errors[i] : errors[i];
		EXPECT_EQ(call(PSCI_CPU_ON | SMCCC_64BIT, 1, ENTRY, 0), errors[i]);
		EXPECT_EQ(psci_cpu_boot(1)->claimed, 0);
	}
	result = 0;
	EXPECT_EQ(call(PSCI_CPU_ON | SMCCC_64BIT, 1, ENTRY, 0), 0);
	EXPECT_EQ(psci_cpu_boot(1)->claimed, 1);
}

TEST(cpu_on_of_no_cpu)
{
	static const u64 none[] = { 2, 0x101, 0x1200000000, 0x3, 0x80000000, 0x80000001, 0x700,
				    ~0UL };

	setup();
	for (unsigned int i = 0; i < ARRAY_SIZE(none); i++)
		EXPECT_EQ(call(PSCI_CPU_ON | SMCCC_64BIT, none[i], ENTRY, 0),
			  PSCI_INVALID_PARAMETERS);
	EXPECT_EQ(fake_nr_smcs, 0);
}

TEST(cpu_on_entry)
{
	static const u64 bad[] = {
		HYP_RAM, VM_RAM - 4, VM_RAM, VM_RAM + PAGE_SIZE, HOST_RAM - 4, HOST_RAM + 1,
		HOST_RAM + 2, HOST_RAM + 3, 0, ~0UL, ~3UL, 1UL << 48 | ENTRY,
	};

	setup();
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(call(PSCI_CPU_ON | SMCCC_64BIT, 1, bad[i], 0), PSCI_INVALID_ADDRESS);
		EXPECT_EQ(psci_cpu_boot(1)->claimed, 0);
	}
	EXPECT_EQ(fake_nr_smcs, 0);
	EXPECT_EQ(call(PSCI_CPU_ON | SMCCC_64BIT, 1, HYP_RAM - 4, 0), 0);
}

/* Two at once never mix their arguments, and one of them wins. */
#define THREADS 8

static pthread_barrier_t barrier;
static unsigned int won;

static void *starter(void *arg)
{
	u64 n = (u64)arg;
	u64 x[SMCCC_NR_REGS] = { PSCI_CPU_ON | SMCCC_64BIT, 0x100, HOST_RAM + 4 * n, n };

	pthread_barrier_wait(&barrier);
	psci_host_call(x);
	if (x[0] == PSCI_SUCCESS)
		__atomic_fetch_add(&won, 1, __ATOMIC_RELAXED);
	else
		EXPECT_EQ(x[0], PSCI_ON_PENDING);
	return NULL;
}

TEST(cpu_on_by_many_at_once)
{
	pthread_t threads[THREADS];

	setup();
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (unsigned int round = 0; round < 200; round++) {
		u64 entry, arg;

		won = 0;
		for (u64 n = 0; n < THREADS; n++)
			pthread_create(&threads[n], NULL, starter, (void *)n);
		for (u64 n = 0; n < THREADS; n++)
			pthread_join(threads[n], NULL);
		EXPECT_EQ(won, 1);
		psci_take_boot(2, &entry, &arg);
		EXPECT_EQ(entry, HOST_RAM + 4 * arg);
	}
	EXPECT_EQ(fake_nr_smcs, 200);
	pthread_barrier_destroy(&barrier);
}

static struct cpu_boot seen;

static void answer_suspend(u64 x[])
{
	seen = *psci_cpu_boot(fake_cpu);
	answer(x);
}

static void suspend(bool extended, u64 fn, u64 state, bool down)
{
	setup();
	suspend_features = extended ? 2 : 0;
	psci_init(&machine);
	fake_smc_answer = answer_suspend;
	fake_nr_smcs = 0;
	fake_cpu = 3;
	memset(&seen, 0, sizeof(seen));
	EXPECT_EQ(call(fn, state, ENTRY, 77), 0);
	EXPECT_EQ(fake_nr_smcs, 1);
	if (down) {
		EXPECT_SENT(fn | SMCCC_64BIT, state, FAKE_CPU_ENTRY, FAKE_CPU_ARG(3));
		EXPECT_EQ(seen.claimed, 1);
		EXPECT_EQ(seen.entry, ENTRY);
		EXPECT_EQ(seen.arg, 77);
	} else {
		EXPECT_SENT(fn, state, 0, 0);
		EXPECT_EQ(seen.claimed, 0);
	}
	/* It came back: power had not gone. */
	EXPECT_EQ(psci_cpu_boot(3)->claimed, 0);
}

TEST(cpu_suspend_original_format)
{
	suspend(false, PSCI_CPU_SUSPEND | SMCCC_64BIT, 0x0000001, false);
	suspend(false, PSCI_CPU_SUSPEND | SMCCC_64BIT, 0x0010001, true);
	suspend(false, PSCI_CPU_SUSPEND, 0x1010000, true);
	/* Bit 30 is no power-down here. */
	suspend(false, PSCI_CPU_SUSPEND | SMCCC_64BIT, 0x40000001, false);
}

TEST(cpu_suspend_extended_format)
{
	suspend(true, PSCI_CPU_SUSPEND | SMCCC_64BIT, 0x00000001, false);
	suspend(true, PSCI_CPU_SUSPEND | SMCCC_64BIT, 0x40000001, true);
	suspend(true, PSCI_CPU_SUSPEND, 0x40000000, true);
	suspend(true, PSCI_CPU_SUSPEND | SMCCC_64BIT, 0x00010001, false);
}

/* A firmware that answers with an error has no extended format. */
TEST(cpu_suspend_format_unknown)
{
	setup();
	suspend_features = PSCI_NOT_SUPPORTED; /* has bit 1 set */
	psci_init(&machine);
	EXPECT_EQ(call(PSCI_CPU_SUSPEND | SMCCC_64BIT, 0x10000, HYP_RAM, 0), PSCI_INVALID_ADDRESS);
	EXPECT_EQ(call(PSCI_CPU_SUSPEND | SMCCC_64BIT, 0x40000000, HYP_RAM, 0), 0);
}

TEST(cpu_suspend_checks)
{
	setup();
	EXPECT_EQ(call(PSCI_CPU_SUSPEND | SMCCC_64BIT, 0x10000, HYP_RAM, 0), PSCI_INVALID_ADDRESS);
	EXPECT_EQ(call(PSCI_CPU_SUSPEND | SMCCC_64BIT, 0x10000, ENTRY + 1, 0),
		  PSCI_INVALID_ADDRESS);
	EXPECT_EQ(fake_nr_smcs, 0);
	/* A standby needs no entry point. */
	EXPECT_EQ(call(PSCI_CPU_SUSPEND | SMCCC_64BIT, 0, HYP_RAM, 0), 0);
	EXPECT_SENT(PSCI_CPU_SUSPEND | SMCCC_64BIT, 0, 0, 0);
	/* SMC32: entry and state are 32 bits wide. */
	EXPECT_EQ(call(PSCI_CPU_SUSPEND, 0xff00000000010000, 0xff00000000000000 | ENTRY,
		       0x7700000001), 0);
	EXPECT_SENT(PSCI_CPU_SUSPEND | SMCCC_64BIT, 0x10000, FAKE_CPU_ENTRY, FAKE_CPU_ARG(0));
	EXPECT_EQ(psci_cpu_boot(0)->arg, 1);
	/* Somebody is about to start this CPU: its arguments are not touched. */
	EXPECT_EQ(call(PSCI_CPU_ON | SMCCC_64BIT, 0, ENTRY, 5), 0);
	EXPECT_EQ(call(PSCI_CPU_SUSPEND | SMCCC_64BIT, 0x10000, ENTRY + 8, 6), PSCI_DENIED);
	EXPECT_EQ(psci_cpu_boot(0)->entry, ENTRY);
	EXPECT_EQ(psci_cpu_boot(0)->arg, 5);
	/* What the firmware says comes back as a signed 32-bit number. */
	psci_init(&machine);
	result = (u32)PSCI_DENIED;
	EXPECT_EQ(call(PSCI_CPU_SUSPEND | SMCCC_64BIT, 0x10000, ENTRY, 0), PSCI_DENIED);
	EXPECT_EQ(psci_cpu_boot(0)->claimed, 0);
}

static const u32 relayed[] = {
	PSCI_VERSION, PSCI_CPU_OFF, PSCI_AFFINITY_INFO, PSCI_AFFINITY_INFO | SMCCC_64BIT,
	PSCI_MIGRATE_INFO_TYPE, PSCI_SYSTEM_OFF, PSCI_SYSTEM_RESET, PSCI_SYSTEM_RESET2,
	PSCI_SYSTEM_RESET2 | SMCCC_64BIT,
};

static bool is_relayed(u32 fn)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(relayed); i++)
		if (relayed[i] == fn)
			return true;
	return false;
}

static bool is_ours(u32 fn)
{
	u32 id = fn & ~(u32)SMCCC_64BIT;

	return id == PSCI_CPU_ON || id == PSCI_CPU_SUSPEND || fn == PSCI_FEATURES;
}

TEST(relayed_calls)
{
	setup();
	for (unsigned int i = 0; i < ARRAY_SIZE(relayed); i++) {
		bool wide = relayed[i] & SMCCC_64BIT;

		result = 0x10001;
		EXPECT_EQ(call(relayed[i], 0x1111111111, 0x2222222222, 0x3333333333), 0x10001);
		EXPECT_SENT(relayed[i], wide ? 0x1111111111 : 0x11111111,
			    wide ? 0x2222222222 : 0x22222222, wide ? 0x3333333333 : 0x33333333);
		result = (u32)-2;
		EXPECT_EQ(call(relayed[i], 0, 0, 0), -2);
	}
}

TEST(all_others_stay_here)
{
	setup();
	for (u32 fn = 0; fn < 0x20; fn++)
		for (u32 wide = 0; wide < 2; wide++) {
			u32 id = PSCI_FN_BASE | fn | wide << 30;

			EXPECT_EQ(psci_host_has(id), is_relayed(id) || is_ours(id));
			if (is_relayed(id) || is_ours(id))
				continue;
			EXPECT_EQ(call(id, 1, ENTRY, 0), PSCI_NOT_SUPPORTED);
		}
	EXPECT_EQ(fake_nr_smcs, 0);
	EXPECT(!psci_host_has(0));
	EXPECT(!psci_host_has(0x80000000));
}

TEST(features)
{
	setup();
	/* Ours, whatever the firmware thinks of it. */
	EXPECT_EQ(call(PSCI_FEATURES, 0x80000000, 0, 0), 0);
	EXPECT_EQ(call(PSCI_FEATURES, 0xffffffff80000000, 0, 0), 0);
	EXPECT_EQ(fake_nr_smcs, 0);
	for (u32 fn = 0; fn < 0x20; fn++)
		for (u32 wide = 0; wide < 2; wide++) {
			u32 id = PSCI_FN_BASE | fn | wide << 30;
			unsigned int before = fake_nr_smcs;

			suspend_features = 2;
			result = 3;
			if (!is_relayed(id) && !is_ours(id)) {
				EXPECT_EQ(call(PSCI_FEATURES, id, 0, 0), PSCI_NOT_SUPPORTED);
				EXPECT_EQ(fake_nr_smcs, before);
				continue;
			}
			EXPECT_EQ(call(PSCI_FEATURES, id, 0, 0), id == PSCI_CPU_SUSPEND ? 2 : 3);
			EXPECT_SENT(PSCI_FEATURES, id, 0, 0);
			result = (u32)PSCI_NOT_SUPPORTED;
			if (id != PSCI_CPU_SUSPEND)
				EXPECT_EQ(call(PSCI_FEATURES, id, 0, 0), PSCI_NOT_SUPPORTED);
		}
	EXPECT_EQ(call(PSCI_FEATURES, 0x84000050, 0, 0), PSCI_NOT_SUPPORTED);
	EXPECT_EQ(call(PSCI_FEATURES, 0, 0, 0), PSCI_NOT_SUPPORTED);
}

TEST(system_off)
{
	setup();
	psci_system_off();
	EXPECT_SENT(PSCI_SYSTEM_OFF, 0, 0, 0);
	EXPECT_EQ(fake_nr_smcs, 1);
}
