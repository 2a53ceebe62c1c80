/* SPDX-License-Identifier: GPL-2.0-only */
/* FP and SVE registers to and from memory. CPTR_EL2 lets them through. */
#include <arch/pairs.h>

	.arch	armv8.2-a+sve
	.text

/* void fp_save(struct fp_regs *to) */
	.globl	fp_save
fp_save:
	pairs	stp, q, 0, 31, x0, 0, 16
	mrs	x1, fpsr
	mrs	x2, fpcr
	str	x1, [x0, #512]
	str	x2, [x0, #520]
	ret

/* void fp_load(const struct fp_regs *from) */
	.globl	fp_load
fp_load:
	pairs	ldp, q, 0, 31, x0, 0, 16
	ldr	x1, [x0, #512]
	ldr	x2, [x0, #520]
	msr	fpsr, x1
	msr	fpcr, x2
	ret

/*
 * void sve_save(void *to): Z0 to Z31, P0 to P15, FFR, FPSR, FPCR at EL2's vector
 * length, which is the longest: nothing of the host's registers lies beyond.
 */
	.globl	sve_save
sve_save:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	str	z\n, [x0, #\n, mul vl]
	.endr
	addvl	x1, x0, #16
	addvl	x1, x1, #16
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	str	p\n, [x1, #\n, mul vl]
	.endr
	rdffr	p0.b
	str	p0, [x1, #16, mul vl]
	ldr	p0, [x1, #0, mul vl]
	addpl	x1, x1, #17
	mrs	x2, fpsr
	mrs	x3, fpcr
	stp	w2, w3, [x1]
	ret

/* void sve_load(const void *from) */
	.globl	sve_load
sve_load:
	addvl	x1, x0, #16
	addvl	x1, x1, #16
	ldr	p0, [x1, #16, mul vl]
	wrffr	p0.b
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	ldr	p\n, [x1, #\n, mul vl]
	.endr
	addpl	x1, x1, #17
	ldp	w2, w3, [x1]
	msr	fpsr, x2
	msr	fpcr, x3
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ldr	z\n, [x0, #\n, mul vl]
	.endr
	ret
