// SPDX-License-Identifier: GPL-2.0-only
/*
 * PSCI relay (DEN0022 1.1). The host's calls reach the firmware only through
 * here, so that every CPU the host starts enters EL2 first: CPU_ON and the
 * power-down form of CPU_SUSPEND are sent with EL2's own entry point, and the
 * host's is kept in the CPU's struct cpu_boot until it arrives there.
 */
#include <hyp/arch.h>
#include <hyp/errno.h>
#include <hyp/firmware.h>
#include <hyp/page.h>
#include <hyp/psci.h>
#include <hyp/string.h>
#include <hyp/util.h>

/* CPU_SUSPEND's power_state: type of state, in the original and extended format */
#define POWER_DOWN_ORIGINAL BIT(16)
#define POWER_DOWN_EXTENDED BIT(30)
#define FEATURES_EXTENDED_STATE BIT(1)

static const u32 workaround_fns[] = {
	SMCCC_ARCH_WORKAROUND_1, SMCCC_ARCH_WORKAROUND_2, SMCCC_ARCH_WORKAROUND_3,
};

static struct cpu_boot boots[HYP_MAX_CPUS];
static u64 mpidrs[HYP_MAX_CPUS];
static unsigned int nr_cpus;
static bool extended_state;
static bool smccc_1_1;
static s32 workarounds[3]; /* as the firmware answered */

static u64 psci_relay(u64 fn, u64 a1, u64 a2, u64 a3)
{
	u64 x[SMCCC_NR_REGS] = { fn, a1, a2, a3 };

	firmware_smc(x);
	return x[0];
}

/**
 * psci_init() - learn the CPUs and what the firmware can do
 * @p: the platform
 *
 * Context: boot, once.
 */
void psci_init(const struct platform *p)
{
	s32 r;

	nr_cpus = p->nr_cpus;
	memcpy(mpidrs, p->mpidr, sizeof(mpidrs));
	memset(boots, 0, sizeof(boots));
	r = (s32)psci_relay(PSCI_FEATURES, PSCI_CPU_SUSPEND, 0, 0);
	extended_state = r >= 0 && (r & FEATURES_EXTENDED_STATE);
	/* SMCCC_VERSION itself may be called only where this says so (DEN0028 7.2). */
	smccc_1_1 = (s32)psci_relay(PSCI_FEATURES, SMCCC_VERSION, 0, 0) >= 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(workarounds); i++)
		workarounds[i] = smccc_1_1 ? (s32)psci_relay(SMCCC_ARCH_FEATURES, workaround_fns[i],
							     0, 0) :
					     PSCI_NOT_SUPPORTED;
}

struct cpu_boot *psci_cpu_boot(unsigned int cpu)
{
	return &boots[cpu];
}

bool psci_firmware_smccc_1_1(void)
{
	return smccc_1_1;
}

s32 psci_firmware_workaround(u32 fn)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(workarounds); i++)
		if (workaround_fns[i] == fn)
			return workarounds[i];
	return PSCI_NOT_SUPPORTED;
}

u32 psci_branch_workaround(void)
{
	/* That of CVE-2022-23960 does what that of CVE-2017-5715 does, and more. */
	static const u32 fns[] = { SMCCC_ARCH_WORKAROUND_3, SMCCC_ARCH_WORKAROUND_1 };

	for (unsigned int i = 0; smccc_1_1 && i < ARRAY_SIZE(fns); i++)
		if (!(s32)psci_relay(SMCCC_ARCH_FEATURES, fns[i], 0, 0))
			return fns[i];
	return 0;
}

static int psci_cpu_index(u64 mpidr)
{
	unsigned int i;

	for (i = 0; i < nr_cpus; i++)
		if (mpidrs[i] == mpidr)
			return i;
	return -1;
}

/*
 * An entry point must be the host's memory: anything else could only fault, but
 * a clear answer is what PSCI has INVALID_ADDRESS for.
 */
static bool psci_entry_ok(u64 entry)
{
	struct page_record rec;

	return IS_ALIGNED(entry, 4) && page_get(pa(ALIGN_DOWN(entry, PAGE_SIZE)), &rec) &&
	       rec.owner == PAGE_OWNER_HOST;
}

static bool psci_claim(struct cpu_boot *b)
{
	u32 expected = 0;

	return __atomic_compare_exchange_n(&b->claimed, &expected, 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static void psci_unclaim(struct cpu_boot *b)
{
	__atomic_store_n(&b->claimed, 0, __ATOMIC_RELEASE);
}

static s64 psci_cpu_on(u64 fn, u64 mpidr, u64 entry, u64 arg)
{
	int cpu = psci_cpu_index(mpidr);
	struct cpu_boot *b;
	s32 r;

	if (cpu < 0)
		return PSCI_INVALID_PARAMETERS;
	if (!psci_entry_ok(entry))
		return PSCI_INVALID_ADDRESS;
	b = &boots[cpu];
	if (!psci_claim(b))
		return PSCI_ON_PENDING;
	b->entry = entry;
	b->arg = arg;
	/* The CPU reads these with its caches on, after its own barrier. */
	/* In the SMC64 form always: the other one would cut EL2's own addresses. */
	r = (s32)psci_relay(fn | SMCCC_64BIT, mpidr, firmware_cpu_entry(),
			    firmware_cpu_arg(cpu));
	if (r != PSCI_SUCCESS)
		psci_unclaim(b);
	return r;
}

static s64 psci_cpu_suspend(u64 fn, u64 state, u64 entry, u64 arg)
{
	bool down = state & (extended_state ? POWER_DOWN_EXTENDED : POWER_DOWN_ORIGINAL);
	unsigned int cpu = arch_cpu();
	struct cpu_boot *b = &boots[cpu];
	s32 r;

	if (!down)
		return (s32)psci_relay(fn, state, 0, 0);
	if (!psci_entry_ok(entry))
		return PSCI_INVALID_ADDRESS;
	if (!psci_claim(b))
		return PSCI_DENIED;
	b->entry = entry;
	b->arg = arg;
	r = (s32)psci_relay(fn | SMCCC_64BIT, state, firmware_cpu_entry(), firmware_cpu_arg(cpu));
	/* It came back: no power was lost, so the entry point is not used. */
	psci_unclaim(b);
	return r;
}

void psci_take_boot(unsigned int cpu, u64 *entry, u64 *arg)
{
	struct cpu_boot *b = &boots[cpu];

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	*entry = b->entry;
	*arg = b->arg;
	psci_unclaim(b);
}

bool psci_host_has(u32 fn)
{
	switch (fn) {
	case PSCI_VERSION:
	case PSCI_CPU_OFF:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_FEATURES:
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | SMCCC_64BIT:
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | SMCCC_64BIT:
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | SMCCC_64BIT:
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2 | SMCCC_64BIT:
		return true;
	}
	return false;
}

static s64 psci_features(u32 fn)
{
	/* The firmware's answer would keep the host at SMCCC 1.0: EL2 has 1.2. */
	if (fn == SMCCC_VERSION)
		return PSCI_SUCCESS;
	if (!psci_host_has(fn))
		return PSCI_NOT_SUPPORTED;
	return (s32)psci_relay(PSCI_FEATURES, fn, 0, 0);
}

void psci_host_call(u64 x[])
{
	u32 fn = x[0];
	u64 a1 = x[1], a2 = x[2], a3 = x[3];
	s64 r;

	if (!(fn & SMCCC_64BIT)) {
		a1 = (u32)a1;
		a2 = (u32)a2;
		a3 = (u32)a3;
	}
	switch (fn) {
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | SMCCC_64BIT:
		r = psci_cpu_on(fn, a1, a2, a3);
		break;
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | SMCCC_64BIT:
		r = psci_cpu_suspend(fn, a1, a2, a3);
		break;
	case PSCI_FEATURES:
		r = psci_features(a1);
		break;
	default:
		if (psci_host_has(fn))
			r = (s32)psci_relay(fn, a1, a2, a3);
		else
			r = PSCI_NOT_SUPPORTED;
		break;
	}
	x[0] = r;
}

void psci_system_off(void)
{
	psci_relay(PSCI_SYSTEM_OFF, 0, 0, 0);
}
