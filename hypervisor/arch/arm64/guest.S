/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Into the guest and out of it. guest_enter() is a function that returns when the
 * guest traps: what it pushed is below the guest's context pointer.
 */
#include "layout.h"
#include <arch/pairs.h>
#include "vectors.h"

	.text
/* unsigned int guest_enter(struct vcpu_arch *ctx): kind of exit */
	.globl	guest_enter
guest_enter:
	stp	x29, x30, [sp, #-112]!
	pairs	stp, x, 19, 28, sp, 16
	str	x0, [sp, #96]
	pairs	ldp, x, 2, 29, x0, VCPU_X(2)
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
	pairs	stp, x, 2, 29, x0, VCPU_X(2)
	str	x30, [x0, #VCPU_X(30)]
	ldp	x2, x3, [sp], #16
	stp	x2, x3, [x0, #VCPU_X(0)]
	mov	x0, x1
	pairs	ldp, x, 19, 28, sp, 16
	ldp	x29, x30, [sp], #112
	ret

/* Firmware's part first, before any branch that a guest could have trained; x4 up stay. */
.macro guest_exit_firmware kind
	stp	x0, x1, [sp, #-16]!
	stp	x2, x3, [sp, #-16]!
	mrs	x0, tpidr_el2
	ldr	x0, [x0, #PERCPU_WORKAROUND]
	smc	#0
	ldp	x2, x3, [sp], #16
	ldr	x0, [sp, #(16 + 96)]
	mov	x1, #\kind
	b	guest_exit_common
.endm

.macro vectors_of_guest exit
	.balign	2048
	vector	b el2_exception_sp0
	vector	b el2_exception_sp0
	vector	b el2_exception_sp0
	vector	b el2_exception_sp0
	vector	el2_entry
	vector	el2_entry
	vector	el2_entry
	vector	b el2_serror
	.rept	2		/* from AArch64, from AArch32 */
	vector	\exit HOST_EXIT_SYNC
	vector	\exit HOST_EXIT_IRQ
	vector	\exit HOST_EXIT_FIQ
	vector	\exit HOST_EXIT_SERROR
	.endr
.endm

	.section .vectors, "ax"
	.globl	guest_vectors, guest_vectors_firmware
	.balign	2048
guest_vectors:
	vectors_of_guest guest_exit
	.balign	2048
guest_vectors_firmware:
	vectors_of_guest guest_exit_firmware

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
