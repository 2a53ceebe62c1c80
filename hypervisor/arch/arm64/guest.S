/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Into the guest and out of it. guest_enter() is a function that returns when the
 * guest traps: what it pushed is below the guest's context pointer.
 */
#include "layout.h"
#include "vectors.h"

	.text
/* unsigned int guest_enter(struct vcpu_arch *ctx): kind of exit */
	.globl	guest_enter
guest_enter:
	stp	x29, x30, [sp, #-112]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	str	x0, [sp, #96]
	ldp	x2, x3, [x0, #VCPU_X(2)]
	ldp	x4, x5, [x0, #VCPU_X(4)]
	ldp	x6, x7, [x0, #VCPU_X(6)]
	ldp	x8, x9, [x0, #VCPU_X(8)]
	ldp	x10, x11, [x0, #VCPU_X(10)]
	ldp	x12, x13, [x0, #VCPU_X(12)]
	ldp	x14, x15, [x0, #VCPU_X(14)]
	ldp	x16, x17, [x0, #VCPU_X(16)]
	ldp	x18, x19, [x0, #VCPU_X(18)]
	ldp	x20, x21, [x0, #VCPU_X(20)]
	ldp	x22, x23, [x0, #VCPU_X(22)]
	ldp	x24, x25, [x0, #VCPU_X(24)]
	ldp	x26, x27, [x0, #VCPU_X(26)]
	ldp	x28, x29, [x0, #VCPU_X(28)]
	ldr	x30, [x0, #VCPU_X(30)]
	ldp	x0, x1, [x0, #VCPU_X(0)]
	eret
	dsb	nsh			/* no speculation past the ERET */
	isb

.macro guest_exit kind
	stp	x0, x1, [sp, #-16]!
	ldr	x0, [sp, #(16 + 96)]
	mov	x1, #\kind
	b	guest_exit_common
.endm

guest_exit_common:
	stp	x2, x3, [x0, #VCPU_X(2)]
	stp	x4, x5, [x0, #VCPU_X(4)]
	stp	x6, x7, [x0, #VCPU_X(6)]
	stp	x8, x9, [x0, #VCPU_X(8)]
	stp	x10, x11, [x0, #VCPU_X(10)]
	stp	x12, x13, [x0, #VCPU_X(12)]
	stp	x14, x15, [x0, #VCPU_X(14)]
	stp	x16, x17, [x0, #VCPU_X(16)]
	stp	x18, x19, [x0, #VCPU_X(18)]
	stp	x20, x21, [x0, #VCPU_X(20)]
	stp	x22, x23, [x0, #VCPU_X(22)]
	stp	x24, x25, [x0, #VCPU_X(24)]
	stp	x26, x27, [x0, #VCPU_X(26)]
	stp	x28, x29, [x0, #VCPU_X(28)]
	str	x30, [x0, #VCPU_X(30)]
	ldp	x2, x3, [sp], #16
	stp	x2, x3, [x0, #VCPU_X(0)]
	mov	x0, x1
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #112
	ret

	.section .vectors, "ax"
	.balign	2048
	.globl	guest_vectors
guest_vectors:
	vector	b el2_exception_sp0
	vector	b el2_exception_sp0
	vector	b el2_exception_sp0
	vector	b el2_exception_sp0
	vector	el2_entry
	vector	el2_entry
	vector	el2_entry
	vector	b el2_serror
	vector	guest_exit HOST_EXIT_SYNC
	vector	guest_exit HOST_EXIT_IRQ
	vector	guest_exit HOST_EXIT_FIQ
	vector	guest_exit HOST_EXIT_SERROR
	vector	guest_exit HOST_EXIT_SYNC
	vector	guest_exit HOST_EXIT_IRQ
	vector	guest_exit HOST_EXIT_FIQ
	vector	guest_exit HOST_EXIT_SERROR

	.text
/*
 * An SError at EL2 while a guest is loaded is expected in one place only: the
 * window of serror_take(), where it is the guest's and is dropped. PSTATE.A in the
 * interrupted state is set again, so that it cannot come twice.
 */
el2_serror:
	stp	x0, x1, [sp, #-16]!
	mrs	x0, elr_el2
	adr	x1, serror_window
	cmp	x0, x1
	b.lo	1f
	adr	x1, serror_window_end
	cmp	x0, x1
	b.hi	1f
	mrs	x0, spsr_el2
	orr	x0, x0, #(1 << 8)
	msr	spsr_el2, x0
	ldp	x0, x1, [sp], #16
	eret
	dsb	nsh
	isb
1:	ldp	x0, x1, [sp], #16
	el2_entry

/* void serror_take(void): takes a pending SError; the caller keeps ELR and SPSR */
	.globl	serror_take
serror_take:
	msr	daifclr, #4
serror_window:
	isb
	nop
serror_window_end:
	msr	daifset, #4
	ret
