/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry. The image starts as arm64 Linux does (Documentation/arch/arm64/
 * booting.rst of the kernel): MMU off, x0 = device tree, any 2 MiB aligned
 * address. Everything until the MMU is on is position independent.
 *
 * A level other than EL2 gets the MMU turned on as well: so that the one C path
 * that finds the UART can say what is wrong.
 */
#include "layout.h"

#define TCR_COMMON (16 | (1 << 8) | (1 << 10) | (3 << 12)) /* 48 bits, WB, inner, 4K */
#define TCR_EL2_RES1 ((1 << 31) | (1 << 23))
#define MAIR_VALUE 0xff04 /* 0: Device-nGnRE, 1: Normal write-back */
#define SCTLR_EL2_BOOT 0x30cd183d /* RES1, M, C, SA, I, WXN */
#define SCTLR_EL1_BOOT 0x30d0180d /* the same at EL1: for a message alone; no WXN */
#define SCTLR_EL3_BOOT 0x30cd183d

	.section .head, "ax"
	.globl _start
_start:
	b	primary_entry		/* code0 */
	nop				/* code1 */
	.quad	0			/* text_offset */
	.quad	__image_size		/* effective size, BSS included */
	.quad	0xa			/* little endian, 4 KiB pages, anywhere in RAM */
	.quad	0
	.quad	0
	.quad	0
	.ascii	"ARM\x64"
	.long	0

/*
 * Turns the MMU of the current level on with the identity map, and goes on at the
 * virtual address in x6, with x7 = EL2's own root, physical. Clobbers x0 to x5. Runs
 * from the identity map.
 */
	.section .idmap.text, "ax"
	.balign	8
mmu_on:
	adrp	x0, boot_idmap
	adrp	x7, boot_root
	mrs	x1, id_aa64mmfr0_el1	/* PARange */
	and	x1, x1, #0xf
	mov	x2, #5			/* at most 48 bits */
	cmp	x1, x2
	csel	x1, x1, x2, lo
	mov	x2, #MAIR_VALUE
	mov	x3, #TCR_COMMON
	mrs	x5, CurrentEL
	cmp	x5, #(2 << 2)
	b.lt	1f
	b.gt	2f
	/*
	 * nVHE form. Where E2H is RES1 (no FEAT_E2H0) TCR_EL2 has EL1's layout:
	 * the MMU goes on like that, and the C code says that it can't go on.
	 */
	mov	x4, #(1 << 31)		/* RW */
	msr	hcr_el2, x4
	isb
	mrs	x4, hcr_el2
	msr	mair_el2, x2
	tbnz	x4, #34, 3f
	mov	x4, #(TCR_EL2_RES1 & 0xffffffff)
	orr	x3, x3, x4
	orr	x3, x3, x1, lsl #16	/* PS */
	b	4f
3:	orr	x3, x3, x1, lsl #32	/* IPS */
	orr	x3, x3, #(1 << 23)	/* EPD1 */
4:	msr	tcr_el2, x3
	msr	ttbr0_el2, x0
	isb
	tlbi	alle2
	dsb	nsh
	ldr	w4, =SCTLR_EL2_BOOT
	msr	sctlr_el2, x4
	isb
	br	x6
1:	msr	mair_el1, x2
	orr	x3, x3, x1, lsl #32	/* IPS */
	orr	x3, x3, #(1 << 23)	/* EPD1 */
	msr	tcr_el1, x3
	msr	ttbr0_el1, x0
	isb
	tlbi	vmalle1
	dsb	nsh
	ldr	w4, =SCTLR_EL1_BOOT
	msr	sctlr_el1, x4
	isb
	br	x6
2:	msr	mair_el3, x2
	mov	x4, #(TCR_EL2_RES1 & 0xffffffff)
	orr	x3, x3, x4
	orr	x3, x3, x1, lsl #16
	msr	tcr_el3, x3
	msr	ttbr0_el3, x0
	isb
	tlbi	alle3
	dsb	nsh
	ldr	w4, =SCTLR_EL3_BOOT
	msr	sctlr_el3, x4
	isb
	br	x6

/*
 * Secondary CPUs and CPUs that wake from a power-down state: the firmware's PSCI
 * brings them here at EL2 with the MMU off, x0 = physical address of the CPU's
 * struct percpu.
 */
	.globl	secondary_entry
secondary_entry:
	msr	daifset, #0xf
	mov	x19, x0
	mrs	x5, CurrentEL
	cmp	x5, #(2 << 2)
	b.ne	.Lpark
	adrp	x20, _start
	ldr	x6, =secondary_mapped
	b	mmu_on
.Lpark:
	wfe
	b	.Lpark
	.ltorg

	.section .text, "ax"
secondary_mapped:
	/* x7: physical address of EL2's own root, x19: of percpu, x20: of the image */
	msr	ttbr0_el2, x7
	isb
	tlbi	alle2
	dsb	nsh
	isb
	ldr	x1, =_start
	sub	x1, x1, x20
	add	x0, x19, x1		/* percpu lies in the image */
	ldr	x2, [x0, #PERCPU_STACK]
	mov	sp, x2
	mov	x29, xzr
	mov	x30, xzr
	bl	cpu_secondary_main
	b	.

	.section .head.text, "ax"
primary_entry:
	msr	daifset, #0xf
	mrs	x23, cntpct_el0		/* for the boot's length */
	mov	x21, x0			/* device tree */
	adrp	x20, _start

	/* BSS, through the memory itself: the caches are not ours yet. */
	adrp	x0, __bss_start
	adrp	x1, __bss_end
	mov	x2, x0
1:	stp	xzr, xzr, [x2], #16
	cmp	x2, x1
	b.lo	1b
	adrp	x1, __image_end
	bl	dcache_invalidate

	adrp	x0, boot_stack_top
	mov	sp, x0
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x20
	mov	x1, x21
	bl	early_map

	/* What early_map wrote with the MMU off must not be hidden by old lines. */
	adrp	x0, __bss_start
	adrp	x1, __image_end
	bl	dcache_invalidate

	ldr	x6, =primary_mapped
	b	mmu_on
	.ltorg

/* Invalidates [x0, x1) to the point of coherency. Clobbers x2, x3. */
dcache_invalidate:
	dmb	sy
	mrs	x3, ctr_el0
	ubfx	x3, x3, #16, #4
	mov	x2, #4
	lsl	x2, x2, x3		/* smallest line */
1:	dc	ivac, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret

	.section .text, "ax"
primary_mapped:
	/* The identity map goes. A level other than EL2 will end in a message. */
	mrs	x5, CurrentEL
	cmp	x5, #(2 << 2)
	b.lt	1f
	b.gt	2f
	msr	ttbr0_el2, x7
	isb
	tlbi	alle2
	b	3f
1:	msr	ttbr0_el1, x7
	isb
	tlbi	vmalle1
	b	3f
2:	msr	ttbr0_el3, x7
	isb
	tlbi	alle3
3:	dsb	nsh
	isb
	ldr	x0, =boot_stack_top
	mov	sp, x0
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x21			/* device tree */
	mov	x1, x20			/* image */
	lsr	x2, x5, #2		/* exception level */
	mov	x3, x23
	bl	boot_main
	b	.
	.ltorg
