/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs one instruction with all registers under control: see insn_run() in guest.h.
 */
#include <arch/pairs.h>

	.text
	.balign	64
	.global	insn_call
	.global	insn_slot

/* void insn_call(const struct registers *in, struct registers *out) */
insn_call:
	stp	x29, x30, [sp, #-112]!
	pairs	stp, x, 19, 28, sp, 16
	stp	x0, x1, [sp, #96]

	add	x2, x0, #272
	pairs	ldp, q, 0, 31, x2, 0, 16
	ldp	x3, x4, [x0, #248]
	msr	fpsr, x3
	msr	fpcr, x4
	ldr	x5, [x0, #264]
	msr	nzcv, x5
	pairs	ldp, x, 2, 29, x0, 16
	ldr	x30, [x0, #240]
	ldp	x0, x1, [x0, #0]
insn_slot:
	nop

	stp	x0, x1, [sp, #-16]!
	ldr	x0, [sp, #16 + 104]
	stp	x2, x3, [x0, #16]
	ldp	x2, x3, [sp], #16
	stp	x2, x3, [x0, #0]
	pairs	stp, x, 4, 29, x0, 32
	mrs	x3, fpsr
	stp	x30, x3, [x0, #240]
	mrs	x4, fpcr
	mrs	x5, nzcv
	stp	x4, x5, [x0, #256]
	add	x2, x0, #272
	pairs	stp, q, 0, 31, x2, 0, 16

	pairs	ldp, x, 19, 28, sp, 16
	ldp	x29, x30, [sp], #112
	ret
