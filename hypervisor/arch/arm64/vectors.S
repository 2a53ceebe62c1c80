/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exception vectors. Two tables: host_vectors while the host runs or EL2 works
 * for it, guest_vectors (guest.S) while a vCPU is inside the guest. In both, an
 * exception from EL2 itself is the end: el2_exception.
 */
#include "layout.h"
#include <arch/pairs.h>
#include "vectors.h"

/*
 * From the host. Everything that it can see changes only through the frame:
 * x0 to x30 are pushed, handled by host_exit(), and popped. FP registers are
 * never touched by EL2's code.
 */
.macro host_entry kind
	sub	sp, sp, #(32 * 8)
	pairs	stp, x, 0, 17, sp, 0
	mov	x1, #\kind
	b	host_common
.endm

	.section .vectors, "ax"
	.balign	2048
	.globl	host_vectors
host_vectors:
	vector	b el2_exception_sp0	/* EL2t: never used */
	vector	b el2_exception_sp0
	vector	b el2_exception_sp0
	vector	b el2_exception_sp0
	vector	el2_entry		/* EL2h, synchronous */
	vector	el2_entry		/* IRQ: masked */
	vector	el2_entry		/* FIQ: masked */
	vector	el2_entry		/* SError */
	vector	host_entry HOST_EXIT_SYNC
	vector	host_entry HOST_EXIT_IRQ
	vector	host_entry HOST_EXIT_FIQ
	vector	host_entry HOST_EXIT_SERROR
	vector	host_entry HOST_EXIT_AARCH32
	vector	host_entry HOST_EXIT_IRQ
	vector	host_entry HOST_EXIT_FIQ
	vector	host_entry HOST_EXIT_SERROR

	.text
host_common:
	pairs	stp, x, 18, 29, sp, (18 * 8)
	str	x30, [sp, #(30 * 8)]
	mov	x29, xzr		/* backtraces end here */
	mov	x30, xzr
	mov	x0, sp
	bl	host_exit
	pairs	ldp, x, 18, 29, sp, (18 * 8)
	ldr	x30, [sp, #(30 * 8)]
	pairs	ldp, x, 2, 17, sp, (2 * 8)
	ldp	x0, x1, [sp], #(32 * 8)
	eret
	dsb	nsh			/* no speculation past the ERET */
	isb

/*
 * First entry of this CPU's host: x0 = its argument; what EL2 used and belongs to
 * no one is zero.
 */
	.globl	host_first_entry
host_first_entry:
	mrs	x1, tpidr_el2
	ldr	x1, [x1, #PERCPU_STACK]
	mov	sp, x1
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	mov	x\n, xzr
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	movi	v\n\().2d, #0
	.endr
	msr	fpsr, xzr
	msr	fpcr, xzr
	eret
	dsb	nsh
	isb

/* An exception at EL2 with SP_EL0: EL2 never selects it. The stack is sound. */
	.globl	el2_exception_sp0
el2_exception_sp0:
	msr	spsel, #1
	sub	sp, sp, #FRAME_SIZE
	str	x0, [sp, #FRAME_X(0)]
	b	el2_exception

/*
 * x0 is in the frame already. Collects the rest and never returns.
 */
	.globl	el2_exception
el2_exception:
	pairs	stp, x, 1, 30, sp, FRAME_X(1)
	add	x0, sp, #FRAME_SIZE
	mrs	x1, elr_el2
	stp	x0, x1, [sp, #FRAME_SP]
	mrs	x0, spsr_el2
	mrs	x1, esr_el2
	stp	x0, x1, [sp, #FRAME_SPSR]
	mrs	x0, far_el2
	str	x0, [sp, #FRAME_FAR]
	mov	x0, sp
	bl	trap_el2
	b	.

/*
 * The stack was left downwards. x0 is the interrupted value, SP that of the
 * frame that does not fit. The report is made on the other stack of this CPU; the
 * machine ends here, so TPIDR_EL0 and SP_EL0 may be spent: SP_EL0 keeps the
 * SP for the report.
 */
	.globl	el2_overflow
el2_overflow:
	msr	tpidr_el0, x0
	add	x0, sp, #FRAME_SIZE
	msr	sp_el0, x0
	mrs	x0, tpidr_el2
	ldr	x0, [x0, #PERCPU_OVERFLOW]
	mov	sp, x0
	sub	sp, sp, #FRAME_SIZE
	mrs	x0, tpidr_el0
	str	x0, [sp, #FRAME_X(0)]
	b	el2_exception
