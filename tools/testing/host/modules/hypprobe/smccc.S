/* SPDX-License-Identifier: GPL-2.0-only */
/* SMC and HVC with all registers that SMCCC 1.2 passes, so that changed ones are seen. */
#include <linux/linkage.h>

	.macro	call name, insn, imm
SYM_FUNC_START(\name)
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	str	x19, [sp, #16]
	mov	x19, x0
	ldp	x2, x3, [x19, #16]
	ldp	x4, x5, [x19, #32]
	ldp	x6, x7, [x19, #48]
	ldp	x8, x9, [x19, #64]
	ldp	x10, x11, [x19, #80]
	ldp	x12, x13, [x19, #96]
	ldp	x14, x15, [x19, #112]
	ldp	x16, x17, [x19, #128]
	ldp	x0, x1, [x19]
	\insn	#\imm
	stp	x0, x1, [x19]
	stp	x2, x3, [x19, #16]
	stp	x4, x5, [x19, #32]
	stp	x6, x7, [x19, #48]
	stp	x8, x9, [x19, #64]
	stp	x10, x11, [x19, #80]
	stp	x12, x13, [x19, #96]
	stp	x14, x15, [x19, #112]
	stp	x16, x17, [x19, #128]
	ldr	x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
SYM_FUNC_END(\name)
	.endm

	call	probe_smc, smc, 0
	call	probe_hvc, hvc, 0
	call	probe_smc_1, smc, 1
	call	probe_hvc_1, hvc, 1
