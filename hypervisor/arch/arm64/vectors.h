/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the vector tables; kinds of exit for C. */
#ifndef ARM64_VECTORS_H
#define ARM64_VECTORS_H

#define HOST_EXIT_SYNC 0
#define HOST_EXIT_IRQ 1
#define HOST_EXIT_FIQ 2
#define HOST_EXIT_SERROR 3
#define HOST_EXIT_AARCH32 4

#ifdef __ASSEMBLER__

/* One slot of a vector table: 32 instructions, checked by the assembler. */
.macro vector insn:vararg
	.balign	128
9000:
	\insn
	.if	(. - 9000b) > 128
	.error	"vector slot overflow"
	.endif
.endm

/* From EL2 itself. Nothing is pushed before SP has been found inside its stack. */
.macro el2_entry
	sub	sp, sp, #FRAME_SIZE
	add	sp, sp, x0		/* sp' = sp + x0 */
	sub	x0, sp, x0		/* x0' = sp */
	tbz	x0, #STACK_SHIFT, 9001f
	sub	x0, sp, x0		/* x0 */
	sub	sp, sp, x0		/* sp */
	str	x0, [sp, #FRAME_X(0)]
	b	el2_exception
9001:
	sub	x0, sp, x0
	sub	sp, sp, x0
	b	el2_overflow
.endm

#endif
#endif
