/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The firmware below EL2: SMC calls, and where it is told to start CPUs.
 * Implemented by arch/arm64 and, as a script of answers, by arch/fake.
 */
#ifndef HYP_FIRMWARE_H
#define HYP_FIRMWARE_H

#include <hyp/types.h>

/* Registers that an SMCCC 1.2 call may pass: x0 to x17. */
#define SMCCC_NR_REGS 18

/**
 * firmware_smc() - make an SMC
 * @x: x0 to x17, sent and overwritten by what the firmware left there
 */
void firmware_smc(u64 x[SMCCC_NR_REGS]);

/* Physical address that a CPU is started at, and its argument for CPU @id. */
u64 firmware_cpu_entry(void);
u64 firmware_cpu_arg(unsigned int id);

#endif
