/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vectors for guests that fault on purpose, see trap.h. They use no stack, mend SCTLR_EL1
 * first, and go back to where trap_call() was called from. TPIDR_EL1 is the struct trap.
 */
#include <arch/pairs.h>

#define TRAP_X		0
#define TRAP_TAKEN	248
#define TRAP_SLOT	256
#define TRAP_ESR	264
#define TRAP_FAR	272
#define TRAP_ELR	280
#define TRAP_SPSR	288
#define TRAP_SAVED	304

	.macro	trap_slot number
	.balign	0x80
	msr	tpidrro_el0, x0		/* EL0 can't write it */
	/* Little endian, MMU and caches on, no checks of alignment: no memory before this. */
	mrs	x0, sctlr_el1
	bic	x0, x0, #(1 << 25)
	bic	x0, x0, #(3 << 3)
	bic	x0, x0, #(1 << 1)
	orr	x0, x0, #(1 << 0)
	orr	x0, x0, #(1 << 2)
	orr	x0, x0, #(1 << 12)
	msr	sctlr_el1, x0
	isb
	mrs	x0, tpidr_el1
	stp	x30, xzr, [x0, #TRAP_X + 240]
	mov	x30, #\number
	b	trap_common
	.endm

	.text
	.balign	0x800
	.global	trap_vectors
trap_vectors:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	trap_slot \n
	.endr

trap_common:
	str	x30, [x0, #TRAP_SLOT]
	mov	x30, #1
	str	x30, [x0, #TRAP_TAKEN]
	stp	x2, x3, [x0, #TRAP_X + 16]
	mrs	x2, tpidrro_el0
	stp	x2, x1, [x0, #TRAP_X + 0]
	pairs	stp, x, 4, 29, x0, TRAP_X + 32
	mrs	x2, esr_el1
	mrs	x3, far_el1
	stp	x2, x3, [x0, #TRAP_ESR]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	stp	x2, x3, [x0, #TRAP_ELR]
trap_back:
	pairs	ldp, x, 19, 30, x0, TRAP_SAVED
	ldp	x1, x2, [x0, #TRAP_SAVED + 96]
	ldr	x3, [x0, #TRAP_SAVED + 112]
	msr	spsel, #1
	mov	sp, x1
	msr	vbar_el1, x2
	msr	tpidr_el1, x3
	isb
	ldp	x0, x1, [x0, #TRAP_X]
	ret

/*
 * uint64_t trap_enter(struct trap *t, uint64_t a, uint64_t b, uint64_t c, uint64_t target):
 * call target(a, b, c). Returns x0 as it was at the end or at the exception.
 */
	.global	trap_enter
trap_enter:
	pairs	stp, x, 19, 30, x0, TRAP_SAVED
	mov	x5, sp
	mrs	x6, vbar_el1
	stp	x5, x6, [x0, #TRAP_SAVED + 96]
	mrs	x7, tpidr_el1
	str	x7, [x0, #TRAP_SAVED + 112]
	msr	tpidr_el1, x0
	adr	x5, trap_vectors
	msr	vbar_el1, x5
	isb
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	blr	x4
	mrs	x2, tpidr_el1
	stp	x0, x1, [x2, #TRAP_X]
	mov	x0, x2
	b	trap_back

/* trap_eret(pc, spsr, x0): leave for another level or mode; x1 to x3 are 0 there. */
	.global	trap_eret
trap_eret:
	msr	elr_el1, x0
	msr	spsr_el1, x1
	mov	x0, x2
	mov	x1, #0
	mov	x2, #0
	mov	x3, #0
	isb
	eret

/* trap_sp(value): use a stack pointer. */
	.global	trap_sp
trap_sp:
	mrs	x2, sctlr_el1
	orr	x2, x2, #(1 << 3)	/* SA */
	msr	sctlr_el1, x2
	isb
	mov	sp, x0
	ldr	x1, [sp]
	ret

/* trap_jump(pc) */
	.global	trap_jump
trap_jump:
	br	x0

/*
 * trap_big_endian(address, value, instruction's place): with MMU and data cache off and
 * EL1 big endian run one instruction on x0 and x1. Touches no other memory.
 */
	.global	trap_big_endian
trap_big_endian:
	mov	x11, x30		/* nothing can be pushed */
	mrs	x9, sctlr_el1
	bic	x10, x9, #(1 << 0)
	bic	x10, x10, #(1 << 2)
	orr	x10, x10, #(1 << 25)
	dsb	sy
	msr	sctlr_el1, x10
	isb
	blr	x2
	dsb	sy
	msr	sctlr_el1, x9
	isb
	mov	x0, x1
	mov	x30, x11
	ret
