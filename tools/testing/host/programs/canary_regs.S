/* SPDX-License-Identifier: GPL-2.0-only */
/* canary.c's registers: around a system call, through a loop, and inside the guest. */
	.arch	armv8.2-a+sve
	.text

	.macro	load_vectors base
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ldr	q\n, [\base, #(256 + \n * 16)]
	.endr
	.endm
	.macro	store_vectors base
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	str	q\n, [\base, #(256 + \n * 16)]
	.endr
	.endm

/*
 * long canary_ioctl(const struct canary *in, struct canary *out, int fd, unsigned long request,
 *		     unsigned long arg): the registers of *in, ioctl(), and what they are then.
 * The stack keeps what has to come back; x0 to x2 and x8 are the call's.
 */
	.global	canary_ioctl
canary_ioctl:
	stp	x29, x30, [sp, #-128]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	stp	d8, d9, [sp, #96]
	str	x1, [sp, #112]
	str	x18, [sp, #120]
	sub	sp, sp, #64
	stp	d10, d11, [sp, #0]
	stp	d12, d13, [sp, #16]
	stp	d14, d15, [sp, #32]
	stp	x2, x3, [sp, #48]
	load_vectors x0
	ldr	x5, [x0, #768]
	msr	fpcr, x5
	msr	fpsr, xzr
	str	x4, [sp, #-16]!
	.irp	n, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	ldr	x\n, [x0, #(\n * 8)]
	.endr
	ldp	x0, x1, [sp, #64]	/* fd, request */
	ldr	x2, [sp]
	mov	x8, #29			/* ioctl */
	svc	#0
	str	x0, [sp, #8]
	ldr	x0, [sp, #(16 + 64 + 112)]
	.irp	n, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	str	x\n, [x0, #(\n * 8)]
	.endr
	store_vectors x0
	mrs	x5, fpcr
	str	x5, [x0, #768]
	msr	fpcr, xzr
	ldr	x0, [sp, #8]
	add	sp, sp, #16
	ldp	d10, d11, [sp, #0]
	ldp	d12, d13, [sp, #16]
	ldp	d14, d15, [sp, #32]
	add	sp, sp, #64
	ldr	x18, [sp, #120]
	ldp	d8, d9, [sp, #96]
	ldp	x27, x28, [sp, #80]
	ldp	x25, x26, [sp, #64]
	ldp	x23, x24, [sp, #48]
	ldp	x21, x22, [sp, #32]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #128
	ret

/*
 * void canary_sve(const void *in, void *out, unsigned long spins): Z0 to Z31, P0 to P15 and FFR
 * of *in, then no system call for a while, and what they are then.
 */
	.global	canary_sve
canary_sve:
	stp	d8, d9, [sp, #-64]!
	stp	d10, d11, [sp, #16]
	stp	d12, d13, [sp, #32]
	stp	d14, d15, [sp, #48]
	addvl	x3, x0, #16
	addvl	x3, x3, #16
	ldr	p0, [x3, #16, mul vl]
	wrffr	p0.b
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	ldr	p\n, [x3, #\n, mul vl]
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ldr	z\n, [x0, #\n, mul vl]
	.endr
1:	subs	x2, x2, #1
	b.ne	1b
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	str	z\n, [x1, #\n, mul vl]
	.endr
	addvl	x3, x1, #16
	addvl	x3, x3, #16
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	str	p\n, [x3, #\n, mul vl]
	.endr
	rdffr	p0.b
	str	p0, [x3, #16, mul vl]
	ldp	d10, d11, [sp, #16]
	ldp	d12, d13, [sp, #32]
	ldp	d14, d15, [sp, #48]
	ldp	d8, d9, [sp], #64
	ret

/* unsigned long canary_vl(void): bytes of a vector */
	.global	canary_vl
canary_vl:
	rdvl	x0, #1
	ret

/*
 * The guest, position independent, MMU off. It stores to addresses without memory: 0x1000, that
 * all is well, with the number of the round; 0x1008, a number that says which register was not;
 * 0x1010, before the first round, which of DISR_EL1 (bit 0; the guest's is VDISR_EL2) and
 * TPIDR2_EL0 (bit 1) it reaches. First its registers must be zero, but x0, which makes its values
 * different from other guests'.
 */
#define DISR_EL1	S3_0_C12_C1_1
#define TPIDR2_EL0	S3_3_C13_C0_5
	.macro	fail number
	mov	x0, #\number
	b	guest_bad
	.endm

	.balign	4096
	.global	canary_guest, canary_guest_end
canary_guest:
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	cbnz	x\n, guest_first
	.endr
	mov	x1, #(3 << 20)
	msr	cpacr_el1, x1
	isb
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	fmov	x1, d\n
	cbnz	x1, guest_first
	fmov	x1, v\n\().d[1]
	cbnz	x1, guest_first
	.endr
	.irp	reg, tpidr_el0, tpidrro_el0, tpidr_el1, sp_el0, elr_el1, spsr_el1, far_el1, esr_el1, par_el1, afsr0_el1, afsr1_el1, contextidr_el1, ttbr0_el1, ttbr1_el1, tcr_el1, mair_el1, amair_el1, vbar_el1, cntkctl_el1, csselr_el1, fpcr, fpsr, dbgbvr0_el1, dbgbcr0_el1, dbgwvr0_el1, dbgwcr0_el1, mdscr_el1, cntv_cval_el0, cntp_cval_el0
	mrs	x1, \reg
	cbnz	x1, guest_first
	.endr
	adr	x1, guest_vectors	/* what is UNDEFINED comes to guest_undef */
	msr	vbar_el1, x1
	isb
	mov	x3, #1
	mrs	x1, DISR_EL1
	cbnz	x1, guest_first
	mov	x30, x3
	mov	x3, #2
	mrs	x1, TPIDR2_EL0
	cbnz	x1, guest_first
	orr	x30, x30, x3
	mov	x28, #0x1000
	str	x30, [x28, #16]
	movz	x29, #0xcafe, lsl #48
	orr	x29, x29, x0, lsl #8
	mov	x0, #0			/* the round */
guest_round:
	add	x29, x29, #1
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
	add	x\n, x29, #(\n * 64)
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	dup	v\n\().2d, x29
	.endr
	.irp	reg, tpidr_el0, tpidrro_el0, tpidr_el1, sp_el0, elr_el1, far_el1
	msr	\reg, x29
	.endr
	tbz	x30, #0, 1f
	msr	DISR_EL1, x29
1:	tbz	x30, #1, 1f
	msr	TPIDR2_EL0, x29
1:	mov	x28, #0x1000
	add	x0, x0, #1
	str	x0, [x28]		/* out to the VMM, and back */
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
	sub	x\n, x\n, #(\n * 64)
	cmp	x\n, x29
	b.ne	guest_general
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	fmov	x1, d\n
	fmov	x2, v\n\().d[1]
	cmp	x1, x29
	ccmp	x2, x29, #0, eq
	b.ne	guest_vector
	.endr
	.irp	reg, tpidr_el0, tpidrro_el0, tpidr_el1, sp_el0, elr_el1, far_el1
	mrs	x1, \reg
	cmp	x1, x29
	b.ne	guest_system
	.endr
	tbz	x30, #0, 1f
	mrs	x1, DISR_EL1
	eor	x1, x1, x29
	tst	x1, #0x1ffffff		/* IDS and ISS; above is A and RES0 */
	b.ne	guest_system
1:	tbz	x30, #1, guest_round
	mrs	x1, TPIDR2_EL0
	cmp	x1, x29
	b.ne	guest_system
	b	guest_round
guest_first:
	fail	1
guest_general:
	fail	2
guest_vector:
	fail	3
guest_system:
	fail	4
guest_bad:
	mov	x28, #0x1000
	str	x0, [x28, #8]
	b	guest_bad
	.balign	2048
guest_vectors:
	.org	guest_vectors + 0x200	/* synchronous, from this exception level */
guest_undef:
	mov	x1, #0
	mov	x3, #0
	mrs	x2, elr_el1
	add	x2, x2, #4
	msr	elr_el1, x2
	eret
canary_guest_end:
