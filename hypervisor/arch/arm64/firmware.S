/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * void firmware_smc(u64 x[18]): x0 to x17 out and in. SMCCC 1.0 firmware may
 * change x4 to x17; they are the caller-saved ones of AAPCS64 anyway, but for x18,
 * which no function of ours keeps anything in.
 */
#include <arch/pairs.h>

	.text
	.globl	firmware_smc
firmware_smc:
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	str	x0, [sp, #16]
	pairs	ldp, x, 2, 17, x0, (2 * 8)
	ldp	x0, x1, [x0]
	smc	#0
	ldr	x18, [sp, #16]
	pairs	stp, x, 0, 17, x18, 0
	ldp	x29, x30, [sp], #32
	ret
