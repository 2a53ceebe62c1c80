/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's first instructions: header, MMU, stack, vectors.
 *
 * The translation table is data of the image, so that no memory is written before the MMU
 * and the caches are on: what the host wrote and what the guest reads cannot differ.
 */
#include <arch/pairs.h>

	/* Documentation/arch/arm64/booting.rst, "Call the kernel image" */
	.section .head, "ax"
	.global _start
_start:
	b	start
	.long	0
	.quad	0			/* text_offset */
	.quad	_image_size
	.quad	0xa			/* little endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.text
/*
 * save_boot_state: what this CPU began with, to boot_state[MPIDR_EL1.Aff0] (struct boot_state).
 * The MMU is off, so no line of it may be in a cache: neither what a former life left, nor what
 * was fetched since. x0 and x1 are in FAR_EL1 and ELR_EL1 meanwhile; x0 is kept.
 */
	.macro	forget
	.rept	16
	dc	ivac, x0
	add	x0, x0, #32
	.endr
	sub	x0, x0, #512
	dsb	sy
	.endm

	.macro	save_boot_state
	msr	far_el1, x0
	msr	elr_el1, x1
	mrs	x0, mpidr_el1
	and	x0, x0, #7
	adrp	x1, boot_state
	add	x0, x1, x0, lsl #9
	forget
	pairs	stp, x, 2, 29, x0, 16
	str	x30, [x0, #240]
	mrs	x1, far_el1
	str	x1, [x0, #0]
	mrs	x1, elr_el1
	str	x1, [x0, #8]
	mov	x1, sp
	str	x1, [x0, #248]
	mrs	x1, sctlr_el1
	str	x1, [x0, #256]
	mrs	x1, mair_el1
	str	x1, [x0, #264]
	mrs	x1, tcr_el1
	str	x1, [x0, #272]
	mrs	x1, ttbr0_el1
	str	x1, [x0, #280]
	mrs	x1, vbar_el1
	str	x1, [x0, #288]
	mrs	x1, cpacr_el1
	str	x1, [x0, #296]
	mrs	x1, currentel
	str	x1, [x0, #304]
	mrs	x1, daif
	str	x1, [x0, #312]
	mrs	x1, nzcv
	str	x1, [x0, #320]
	mrs	x1, spsel
	str	x1, [x0, #328]
	dsb	sy
	forget
	mrs	x0, far_el1
	.endm

	.global	secondary_start
secondary_start:			/* PSCI CPU_ON: x0 is its context */
	save_boot_state
	mov	x21, #1
	b	1f
start:
	save_boot_state
	mov	x21, #0
1:	mov	x20, x0			/* device tree, or context */
	bl	mmu_on
	msr	spsel, #1
	mrs	x2, mpidr_el1
	and	x2, x2, #7
	ldr	x0, =_stack_end
	sub	x1, x0, x2, lsl #14	/* 16 KiB for each CPU */
	mov	sp, x1
	cbnz	x21, 3f
	ldr	x1, =_bss
1:	cmp	x1, x0
	b.hs	2f
	stp	xzr, xzr, [x1], #16
	b	1b
2:	mov	x0, x20
	bl	guest_start
	b	.
	/* Below what the boot CPU's first life has on its stack. */
3:	sub	sp, sp, #8192
	mov	x0, x20
	bl	smp_secondary
	b	.

/* MMU, caches, vectors and FP of this CPU; changes x0 and x1, needs no stack. */
	.global	mmu_on
mmu_on:
	adr	x0, translation_table
	msr	ttbr0_el1, x0
	/* Attribute 0 device nGnRnE, 1 normal write-back. */
	mov	x0, #0xff00
	msr	mair_el1, x0
	/* 39 bits by 4 KiB pages, walks cacheable and inner shareable, no TTBR1, 36-bit PA. */
	ldr	x0, =(25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 1 << 32)
	msr	tcr_el1, x0
	adr	x0, vectors
	msr	vbar_el1, x0
	mov	x0, #3 << 20		/* CPACR_EL1.FPEN: FP is not trapped */
	msr	cpacr_el1, x0
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	mrs	x0, sctlr_el1
	ldr	x1, =(1 | 1 << 2 | 1 << 12)	/* M, C, I */
	orr	x0, x0, x1
	msr	sctlr_el1, x0
	isb
	ret

/*
 * Each slot saves x0 to x30 (struct exception_frame) and calls
 * exception_entry(frame, slot). What it returns to is in the frame.
 */
	.macro	slot number
	.balign	0x80
	sub	sp, sp, #288
	stp	x0, x1, [sp, #0]
	mov	x1, #\number
	b	exception_common
	.endm

	.balign	0x800
vectors:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	slot	\n
	.endr

exception_common:
	pairs	stp, x, 2, 29, sp, 16
	mrs	x2, elr_el1
	stp	x30, x2, [sp, #240]
	mrs	x3, spsr_el1
	mrs	x4, esr_el1
	stp	x3, x4, [sp, #256]
	mrs	x5, far_el1
	str	x5, [sp, #272]
	mov	x0, sp
	bl	exception_entry
	ldp	x30, x2, [sp, #240]
	ldr	x3, [sp, #256]
	msr	elr_el1, x2
	msr	spsr_el1, x3
	pairs	ldp, x, 0, 29, sp, 0
	add	sp, sp, #288
	eret

/*
 * Level 1 of 4 KiB translation, blocks of 1 GiB: the devices' first and second, then the
 * memory's. AF; memory inner shareable, attribute 1; devices not executable.
 */
	.data
	.balign	4096
	.global	boot_state
boot_state:
	.fill	8 * 512
	.balign	4096
	.global	translation_table
translation_table:
	.quad	0x00000000 | 1 << 10 | 1 | 3 << 53
	.quad	0x40000000 | 1 << 10 | 1 | 3 << 53
	.quad	0x80000000 | 1 << 10 | 3 << 8 | 1 << 2 | 1
	.fill	509, 8, 0
