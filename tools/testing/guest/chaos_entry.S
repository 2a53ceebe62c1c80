/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A CPU that PSCI has started: x0 = struct chaos_start, which was cleaned to the point of
 * coherency. It gets the first CPU's MMU set-up, its own stack, and calls chaos_cpu(argument).
 */
	.text
	.global	chaos_secondary
chaos_secondary:
	ldp	x1, x2, [x0, #0]	/* TTBR0, TCR */
	ldp	x3, x4, [x0, #16]	/* MAIR, VBAR */
	ldp	x5, x6, [x0, #32]	/* CPACR, SCTLR */
	ldp	x7, x8, [x0, #48]	/* stack, argument */
	msr	ttbr0_el1, x1
	msr	tcr_el1, x2
	msr	mair_el1, x3
	msr	vbar_el1, x4
	msr	cpacr_el1, x5
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	msr	sctlr_el1, x6
	isb
	mov	sp, x7
	mov	x0, x8
	bl	chaos_cpu
1:	wfi
	b	1b
