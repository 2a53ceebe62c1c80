/* SPDX-License-Identifier: GPL-2.0-only */
/* FP and SVE registers to and from memory. CPTR_EL2 lets them through. */
	.arch	armv8.2-a+sve
	.text

/* void fp_save(struct fp_regs *to) */
	.globl	fp_save
fp_save:
	stp	q0, q1, [x0, #(0 * 16)]
	stp	q2, q3, [x0, #(2 * 16)]
	stp	q4, q5, [x0, #(4 * 16)]
	stp	q6, q7, [x0, #(6 * 16)]
	stp	q8, q9, [x0, #(8 * 16)]
	stp	q10, q11, [x0, #(10 * 16)]
	stp	q12, q13, [x0, #(12 * 16)]
	stp	q14, q15, [x0, #(14 * 16)]
	stp	q16, q17, [x0, #(16 * 16)]
	stp	q18, q19, [x0, #(18 * 16)]
	stp	q20, q21, [x0, #(20 * 16)]
	stp	q22, q23, [x0, #(22 * 16)]
	stp	q24, q25, [x0, #(24 * 16)]
	stp	q26, q27, [x0, #(26 * 16)]
	stp	q28, q29, [x0, #(28 * 16)]
	stp	q30, q31, [x0, #(30 * 16)]
	mrs	x1, fpsr
	mrs	x2, fpcr
	str	x1, [x0, #512]
	str	x2, [x0, #520]
	ret

/* void fp_load(const struct fp_regs *from) */
	.globl	fp_load
fp_load:
	ldp	q0, q1, [x0, #(0 * 16)]
	ldp	q2, q3, [x0, #(2 * 16)]
	ldp	q4, q5, [x0, #(4 * 16)]
	ldp	q6, q7, [x0, #(6 * 16)]
	ldp	q8, q9, [x0, #(8 * 16)]
	ldp	q10, q11, [x0, #(10 * 16)]
	ldp	q12, q13, [x0, #(12 * 16)]
	ldp	q14, q15, [x0, #(14 * 16)]
	ldp	q16, q17, [x0, #(16 * 16)]
	ldp	q18, q19, [x0, #(18 * 16)]
	ldp	q20, q21, [x0, #(20 * 16)]
	ldp	q22, q23, [x0, #(22 * 16)]
	ldp	q24, q25, [x0, #(24 * 16)]
	ldp	q26, q27, [x0, #(26 * 16)]
	ldp	q28, q29, [x0, #(28 * 16)]
	ldp	q30, q31, [x0, #(30 * 16)]
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
