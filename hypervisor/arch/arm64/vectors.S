/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exception vectors. Two tables: host_vectors while the host runs or EL2 works
 * for it, guest_vectors (guest.S) while a vCPU is inside the guest. In both, an
 * exception from EL2 itself is the end: el2_exception.
 */
#include "layout.h"
#include "vectors.h"

/*
 * From the host. Everything that it can see changes only through the frame:
 * x0 to x30 are pushed, handled by host_exit(), and popped. FP registers are
 * never touched by EL2's code.
 */
.macro host_entry kind
	sub	sp, sp, #(32 * 8)
	stp	x0, x1, [sp, #(0 * 8)]
	stp	x2, x3, [sp, #(2 * 8)]
	stp	x4, x5, [sp, #(4 * 8)]
	stp	x6, x7, [sp, #(6 * 8)]
	stp	x8, x9, [sp, #(8 * 8)]
	stp	x10, x11, [sp, #(10 * 8)]
	stp	x12, x13, [sp, #(12 * 8)]
	stp	x14, x15, [sp, #(14 * 8)]
	stp	x16, x17, [sp, #(16 * 8)]
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
	stp	x18, x19, [sp, #(18 * 8)]
	stp	x20, x21, [sp, #(20 * 8)]
	stp	x22, x23, [sp, #(22 * 8)]
	stp	x24, x25, [sp, #(24 * 8)]
	stp	x26, x27, [sp, #(26 * 8)]
	stp	x28, x29, [sp, #(28 * 8)]
	str	x30, [sp, #(30 * 8)]
	mov	x29, xzr		/* backtraces end here */
	mov	x30, xzr
	mov	x0, sp
	bl	host_exit
	ldp	x18, x19, [sp, #(18 * 8)]
	ldp	x20, x21, [sp, #(20 * 8)]
	ldp	x22, x23, [sp, #(22 * 8)]
	ldp	x24, x25, [sp, #(24 * 8)]
	ldp	x26, x27, [sp, #(26 * 8)]
	ldp	x28, x29, [sp, #(28 * 8)]
	ldr	x30, [sp, #(30 * 8)]
	ldp	x2, x3, [sp, #(2 * 8)]
	ldp	x4, x5, [sp, #(4 * 8)]
	ldp	x6, x7, [sp, #(6 * 8)]
	ldp	x8, x9, [sp, #(8 * 8)]
	ldp	x10, x11, [sp, #(10 * 8)]
	ldp	x12, x13, [sp, #(12 * 8)]
	ldp	x14, x15, [sp, #(14 * 8)]
	ldp	x16, x17, [sp, #(16 * 8)]
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
	stp	x1, x2, [sp, #FRAME_X(1)]
	stp	x3, x4, [sp, #FRAME_X(3)]
	stp	x5, x6, [sp, #FRAME_X(5)]
	stp	x7, x8, [sp, #FRAME_X(7)]
	stp	x9, x10, [sp, #FRAME_X(9)]
	stp	x11, x12, [sp, #FRAME_X(11)]
	stp	x13, x14, [sp, #FRAME_X(13)]
	stp	x15, x16, [sp, #FRAME_X(15)]
	stp	x17, x18, [sp, #FRAME_X(17)]
	stp	x19, x20, [sp, #FRAME_X(19)]
	stp	x21, x22, [sp, #FRAME_X(21)]
	stp	x23, x24, [sp, #FRAME_X(23)]
	stp	x25, x26, [sp, #FRAME_X(25)]
	stp	x27, x28, [sp, #FRAME_X(27)]
	stp	x29, x30, [sp, #FRAME_X(29)]
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
