/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that does what the test tells it: it reads an operation and its arguments from a
 * mailbox (an address where no memory is, so each access is an MMIO exit), does it, and
 * writes the results there (enum guest_op, struct guest_mailbox in gzvm_util.h).
 *
 * The MMU is off, interrupts stay masked: they wake a WFI and are acknowledged by polling.
 * Position-independent; x0 is the mailbox's address, for a CPU that PSCI starts, too.
 */
	.section .rodata
	.balign	4096
	.global	guest_code
	.global	guest_code_end
guest_code:
	mov	x28, x0
next:
	ldr	x1, [x28, #8]
	ldr	x2, [x28, #16]
	ldr	x3, [x28, #24]
	ldr	x4, [x28, #32]
	ldr	x0, [x28]
	adr	x9, operations
	add	x9, x9, x0, lsl #6
	br	x9
done:
	str	x1, [x28, #0x48]
	str	x2, [x28, #0x50]
	str	x3, [x28, #0x58]
	str	x0, [x28, #0x40]
	b	next

	/* Each operation has 16 instructions; x1 to x4 are its arguments, x0 to x3 its results. */
	.macro	op
	.balign	64
	.endm

	op			/* GUEST_NOP */
operations:
	mov	x0, x1
	b	done
	op			/* GUEST_READ1, 2, 4, 8: address */
	ldrb	w0, [x1]
	b	done
	op
	ldrh	w0, [x1]
	b	done
	op
	ldr	w0, [x1]
	b	done
	op
	ldr	x0, [x1]
	b	done
	op			/* GUEST_WRITE1, 2, 4, 8: address, value */
	strb	w2, [x1]
	b	done
	op
	strh	w2, [x1]
	b	done
	op
	str	w2, [x1]
	b	done
	op
	str	x2, [x1]
	b	done
	op			/* GUEST_HVC: x0 to x3 */
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	hvc	#0
	b	done
	op			/* GUEST_WFI */
	wfi
	b	done
	op			/* GUEST_SPIN */
	b	.
	op			/* GUEST_HAMMER: address, pages: writes each page for ever */
	mov	x5, #1
1:	mov	x6, x1
	mov	x7, x2
2:	str	x5, [x6]
	add	x6, x6, #4096
	subs	x7, x7, #1
	b.ne	2b
	add	x5, x5, #1
	b	1b
	op			/* GUEST_FILL: address, pages, value: page n gets value + n */
1:	str	x3, [x1]
	add	x1, x1, #4096
	add	x3, x3, #1
	subs	x2, x2, #1
	b.ne	1b
	b	done
	op			/* GUEST_SUM: address, pages */
	mov	x0, #0
1:	ldr	x5, [x1]
	add	x1, x1, #4096
	add	x0, x0, x5
	subs	x2, x2, #1
	b.ne	1b
	b	done
	op			/* GUEST_GIC_ON: the CPU interface lets group 1 through */
	mov	x5, #0xff
	msr	S3_0_C4_C6_0, x5	/* ICC_PMR_EL1 */
	mov	x5, #1
	msr	S3_0_C12_C12_7, x5	/* ICC_IGRPEN1_EL1 */
	isb
	b	done
	op			/* GUEST_GIC_ACK: returns the INTID, 1023 when none is pending */
	mrs	x0, S3_0_C12_C12_0	/* ICC_IAR1_EL1 */
	dsb	sy
	b	done
	op			/* GUEST_GIC_END: INTID */
	msr	S3_0_C12_C12_1, x1	/* ICC_EOIR1_EL1 */
	isb
	b	done
	op			/* GUEST_MPIDR */
	mrs	x0, mpidr_el1
	b	done
	op			/* GUEST_TIMER: in x1 ticks of the virtual counter, 31 bits; returns it */
	/* Never negative: QEMU 7.2 itself hangs on a timer that is due at the end of time. */
	and	x1, x1, #0x7fffffff
	mrs	x0, cntvct_el0
	msr	cntv_tval_el0, x1
	mov	x5, #1
	msr	cntv_ctl_el0, x5
	isb
	b	done
	op			/* GUEST_COUNTER */
	isb
	mrs	x0, cntvct_el0
	b	done
	op			/* GUEST_SGI: value of ICC_SGI1R_EL1 */
	msr	S3_0_C12_C11_5, x1
	isb
	b	done
	op			/* GUEST_TIMER_OFF */
	msr	cntv_ctl_el0, xzr
	isb
	b	done
	op			/* GUEST_NAP: ticks, how often: waits for its timer's interrupt */
1:	msr	cntv_tval_el0, x1
	mov	x5, #1
	msr	cntv_ctl_el0, x5
	isb
2:	wfi
	mrs	x5, S3_0_C12_C12_0	/* ICC_IAR1_EL1 */
	cmp	x5, #27
	b.ne	2b
	msr	cntv_ctl_el0, xzr
	isb
	msr	S3_0_C12_C12_1, x5	/* ICC_EOIR1_EL1 */
	subs	x2, x2, #1
	b.ne	1b
	b	done
	.balign	64
guest_code_end:
	.section .note.GNU-stack, "", %progbits
