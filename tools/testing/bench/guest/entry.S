/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the benchmark needs beside the kit: a second CPU's first instructions, and vectors
 * whose interrupt handler is as short as one can be.
 */
#include "bench.h"

	.text
/* PSCI CPU_ON starts here; x0 = struct bench_cpu. */
	.global	bench_secondary
bench_secondary:
	mov	x20, x0
	bl	mmu_on
	ldr	x0, [x20, #CPU_STACK]
	mov	sp, x0
	mov	x0, x20
	bl	bench_secondary_main
	b	.

/*
 * Acknowledge, note the time, end. TPIDR_EL1 is the CPU's struct bench_cpu. A virtual timer's
 * interrupt also turns the timer off.
 */
irq:
	stp	x0, x1, [sp, #-32]!
	stp	x2, x3, [sp, #16]
	mrs	x0, S3_0_C12_C12_0	/* ICC_IAR1_EL1 */
	mrs	x1, cntvct_el0
	mrs	x2, tpidr_el1
	ldr	x3, [x2, #CPU_IRQS]
	cmp	w0, #27
	b.ne	1f
	msr	cntv_ctl_el0, xzr
	isb
1:	add	x3, x3, #1
	str	x1, [x2, #CPU_TIME]
	msr	S3_0_C12_C12_1, x0	/* ICC_EOIR1_EL1 */
	str	x3, [x2, #CPU_IRQS]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp], #32
	eret

	.macro	to target
	.balign	0x80
	b	\target
	.endm

	.balign	0x800
	.global	bench_vectors
bench_vectors:
	.rept	5
	to	unexpected
	.endr
	to	irq			/* EL1 with its own stack pointer */
	.rept	10
	to	unexpected
	.endr

/* What the kit says about exceptions that nobody expects. */
unexpected:
	sub	sp, sp, #288
	stp	x0, x30, [sp]
	mrs	x0, elr_el1
	mrs	x1, spsr_el1
	stp	x0, x1, [sp, #248]
	mrs	x0, esr_el1
	mrs	x1, far_el1
	stp	x0, x1, [sp, #264]
	mov	x0, sp
	mov	x1, #4
	bl	exception_entry
	b	.
