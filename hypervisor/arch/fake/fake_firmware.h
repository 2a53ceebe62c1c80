/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The firmware below EL2 for unit tests: hyp/firmware.h. Every call is kept, and a
 * test says what is answered. It is of SMCCC 1.0 at its worst: x1 to x17 come back
 * changed, unless the answer set them.
 */
#ifndef FAKE_FIRMWARE_H
#define FAKE_FIRMWARE_H

#include <hyp/firmware.h>

#define FAKE_MAX_SMCS 256

struct fake_smc {
	u64 x[SMCCC_NR_REGS];
};

/* Calls since fake_firmware_reset(), as they came; those beyond the array are counted only. */
extern struct fake_smc fake_smcs[FAKE_MAX_SMCS];
extern unsigned int fake_nr_smcs;

/* What a changed register holds: told by its number. */
#define FAKE_SCRATCH(n) (0xbad0bad000000000UL + (n))

/* Where CPUs are told to start, and with what. */
#define FAKE_CPU_ENTRY 0x77770000UL
#define FAKE_CPU_ARG(id) (0x88880000UL + (id))

/*
 * The answer: gets the caller's registers and overwrites them. NULL: x0 is
 * NOT_SUPPORTED. May be called on several threads.
 */
extern void (*fake_smc_answer)(u64 x[SMCCC_NR_REGS]);

void fake_firmware_reset(void);

#endif
