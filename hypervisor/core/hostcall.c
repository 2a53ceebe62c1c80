// SPDX-License-Identifier: GPL-2.0-only
/*
 * SMCCC dispatch for the host (DEN0028 1.2). An allow-list: what is not in the
 * table is NOT_SUPPORTED, for an SMC that is passed on may ask EL3 or a trusted OS
 * to touch any page.
 */
#include <linux/gzvm_hyp.h>
#include <hyp/firmware.h>
#include <hyp/hostcall.h>
#include <hyp/psci.h>
#include <hyp/string.h>
#include <hyp/util.h>

#define SMCCC_OWNER(fn) FIELD_GET(GENMASK(29, 24), fn)
#define SMCCC_NOT_SUPPORTED -1

#define SMCCC_ARCH_SOC_ID 0x80000002U
#define SMCCC_VERSION_1_2 0x10002

#define TRNG_FIRST 0x84000050U /* TRNG_VERSION (DEN0098) */
#define TRNG_LAST 0x8400005fU

struct hostcall_entry {
	u32 first; /* with the SMC64 bit cleared, where @both is set */
	u32 last;
	bool both; /* SMC32 and SMC64 form */
	void (*handle)(u64 x[]);
};

static u64 pass_owners;

void hostcall_init(u64 smc_pass)
{
	pass_owners = smc_pass;
}

/*
 * To the firmware as it came. SMCCC 1.0 firmware may change x4 to x17, which the
 * host, promised 1.2, expects to be kept: only x0 to x3 come back.
 */
static void hostcall_forward(u64 x[])
{
	u64 r[SMCCC_NR_REGS];

	memcpy(r, x, sizeof(r));
	firmware_smc(r);
	memcpy(x, r, 4 * sizeof(r[0]));
}

static void hostcall_version(u64 x[])
{
	x[0] = SMCCC_VERSION_1_2;
}

/* The firmware knows which workarounds its CPUs need; one of SMCCC 1.0 has none. */
static void hostcall_arch_forward(u64 x[])
{
	if (psci_firmware_smccc_1_1())
		hostcall_forward(x);
	else
		x[0] = (u64)SMCCC_NOT_SUPPORTED;
}

static void hostcall_arch_features(u64 x[])
{
	switch ((u32)x[1]) {
	case SMCCC_VERSION:
	case SMCCC_ARCH_FEATURES:
		x[0] = 0;
		break;
	case SMCCC_ARCH_SOC_ID:
	case SMCCC_ARCH_WORKAROUND_1:
	case SMCCC_ARCH_WORKAROUND_2:
	case SMCCC_ARCH_WORKAROUND_3:
		hostcall_arch_forward(x);
		break;
	default:
		x[0] = (u64)SMCCC_NOT_SUPPORTED;
		break;
	}
}

static void hostcall_uid(u64 x[])
{
	x[0] = GZVM_UID_0;
	x[1] = GZVM_UID_1;
	x[2] = GZVM_UID_2;
	x[3] = GZVM_UID_3;
}

static const struct hostcall_entry table[] = {
	{ PSCI_FN_BASE, PSCI_FN_BASE + 0x1f, true, psci_host_call },
	{ SMCCC_VERSION, SMCCC_VERSION, false, hostcall_version },
	{ SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, false, hostcall_arch_features },
	{ SMCCC_ARCH_SOC_ID, SMCCC_ARCH_SOC_ID, true, hostcall_arch_forward },
	{ SMCCC_ARCH_WORKAROUND_1, SMCCC_ARCH_WORKAROUND_1, false, hostcall_arch_forward },
	{ SMCCC_ARCH_WORKAROUND_2, SMCCC_ARCH_WORKAROUND_2, false, hostcall_arch_forward },
	{ SMCCC_ARCH_WORKAROUND_3, SMCCC_ARCH_WORKAROUND_3, false, hostcall_arch_forward },
	{ TRNG_FIRST, TRNG_LAST, true, hostcall_forward },
	{ GZVM_SMCCC_VENDOR_HYP_UID, GZVM_SMCCC_VENDOR_HYP_UID, false, hostcall_uid },
};

void hostcall(u64 x[])
{
	u32 fn = x[0]; /* bits 63:32 are ignored (DEN0028 3.1) */
	unsigned int i;

	/* By far the most: RUN is one. */
	if (likely((fn & ~(u32)SMCCC_64BIT) - (GZVM_HYPCALL_ID(0) & ~(u32)SMCCC_64BIT) <
		   GZVM_HYPCALL_NR)) {
		hypercall(x);
		return;
	}

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		u32 id = table[i].both ? fn & ~(u32)SMCCC_64BIT : fn;

		if (id >= table[i].first && id <= table[i].last) {
			table[i].handle(x);
			return;
		}
	}
	if (pass_owners & BIT(SMCCC_OWNER(fn)))
		hostcall_forward(x);
	else
		x[0] = (u64)SMCCC_NOT_SUPPORTED;
}
