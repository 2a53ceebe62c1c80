/* SPDX-License-Identifier: GPL-2.0-only */
/* PSCI between the host and the firmware (DEN0022). */
#ifndef HYP_PSCI_H
#define HYP_PSCI_H

#include <hyp/platform.h>
#include <hyp/types.h>

/* Function ids; the SMC64 form of a function has bit 30 set as well. */
#define PSCI_FN_BASE 0x84000000U
#define SMCCC_64BIT BIT(30)
#define SMCCC_INVALID_PARAMETER -3
#define PSCI_VERSION 0x84000000U
#define PSCI_CPU_SUSPEND 0x84000001U
#define PSCI_CPU_OFF 0x84000002U
#define PSCI_CPU_ON 0x84000003U
#define PSCI_AFFINITY_INFO 0x84000004U
#define PSCI_MIGRATE_INFO_TYPE 0x84000006U
#define PSCI_SYSTEM_OFF 0x84000008U
#define PSCI_SYSTEM_RESET 0x84000009U
#define PSCI_FEATURES 0x8400000aU
#define PSCI_SYSTEM_RESET2 0x84000012U

#define PSCI_SUCCESS 0
#define PSCI_NOT_SUPPORTED -1
#define PSCI_INVALID_PARAMETERS -2
#define PSCI_DENIED -3
#define PSCI_ALREADY_ON -4
#define PSCI_ON_PENDING -5
#define PSCI_INTERNAL_FAILURE -6
#define PSCI_NOT_PRESENT -7
#define PSCI_DISABLED -8
#define PSCI_INVALID_ADDRESS -9

#define PSCI_AFFINITY_ON 0
#define PSCI_AFFINITY_OFF 1
#define PSCI_AFFINITY_ON_PENDING 2

/*
 * Where the host wants a CPU to start. @claimed is set from the call that asked
 * for it until the CPU has read @entry and @arg, or the firmware has refused: so
 * two calls for one CPU can never mix their arguments.
 */
struct cpu_boot {
	u32 claimed;
	u64 entry;
	u64 arg;
};

struct cpu_boot *psci_cpu_boot(unsigned int cpu);

void psci_init(const struct platform *p);

/**
 * psci_host_call() - a PSCI call of the host
 * @x: the caller's registers; x[0] is the function id, already known to be PSCI's;
 *     results in x[0] to x[3]
 */
void psci_host_call(u64 x[]);

/**
 * psci_take_boot() - a CPU that starts fetches where its host begins
 * @cpu: the CPU
 * @entry: result: the host's entry point
 * @arg: result: its argument
 */
void psci_take_boot(unsigned int cpu, u64 *entry, u64 *arg);

/* Is this a function that the host may call (and may ask PSCI_FEATURES for)? */
bool psci_host_has(u32 fn);

/* Ends the machine. */
void psci_system_off(void);

/* Does the firmware know SMCCC 1.1 or newer? Asked once at boot. */
bool psci_firmware_smccc_1_1(void);

#define SMCCC_VERSION 0x80000000U /* DEN0028 7.2 */
/* DEN0028 7.5, 7.6 and 7.9: the firmware's calls against its CPUs' vulnerabilities. */
#define SMCCC_ARCH_FEATURES 0x80000001U
#define SMCCC_ARCH_WORKAROUND_1 0x80008000U
#define SMCCC_ARCH_WORKAROUND_2 0x80007fffU
#define SMCCC_ARCH_WORKAROUND_3 0x80003fffU

/* What the firmware says of one of them: SMCCC_ARCH_FEATURES' answer, asked once at boot. */
s32 psci_firmware_workaround(u32 fn);

/*
 * The workaround call that this CPU needs at each exit of a guest, which may have trained its
 * branch predictors; 0: none. Asks the firmware: the answer is that of the CPU that asks.
 */
u32 psci_branch_workaround(void);

#endif
