/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls of the host: SMC and HVC. */
#ifndef HYP_HOSTCALL_H
#define HYP_HOSTCALL_H

#include <hyp/types.h>

/**
 * hostcall_init() - what the command line lets through
 * @smc_pass: bit n: SMCs of owner n go to the firmware unseen
 */
void hostcall_init(u64 smc_pass);

/**
 * hostcall() - an SMC or HVC of the host
 * @x: the caller's x0 to x30; results are written to x0 to x3 (SMCCC: x4 to x17
 *     are preserved)
 *
 * Both instructions reach the same services. Context: interrupts masked, no lock.
 */
void hostcall(u64 x[]);

/* One hypercall of GenieZone's range; core/hypercall.c. */
void hypercall(u64 x[]);

#endif
