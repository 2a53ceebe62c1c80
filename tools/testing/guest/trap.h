/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults on purpose: trap_call() calls code, anywhere, and comes back from whatever exception
 * that takes, with the registers of that moment. trap_el0() does so at EL0.
 */
#ifndef TRAP_H
#define TRAP_H

#include "guest.h"

/* trap_entry.S knows the offsets. */
struct trap {
	uint64_t x[31];
	uint64_t taken;
	uint64_t slot;		/* in the vector table: 4 is EL1, 8 EL0, 12 EL0 in AArch32 */
	uint64_t esr, far, elr, spsr;
	uint64_t pad;
	uint64_t saved[16];
};

_Static_assert(offsetof(struct trap, saved) == 304, "trap_entry.S");

#define TRAP_EL1	4
#define TRAP_EL0	8
#define TRAP_EL0_A32	12

#define EC_UNKNOWN	0x00
#define EC_WFX		0x01
#define EC_FP		0x07
#define EC_ILLEGAL	0x0e
#define EC_SVC_A32	0x11
#define EC_SVC		0x15
#define EC_SYSREG	0x18
#define EC_FPAC		0x1c
#define EC_IABT_EL0	0x20
#define EC_IABT		0x21
#define EC_PC		0x22
#define EC_DABT_EL0	0x24
#define EC_DABT		0x25
#define EC_SP		0x26
#define EC_BREAKPOINT_EL0 0x30
#define EC_BREAKPOINT	0x31
#define EC_STEP_EL0	0x32
#define EC_STEP		0x33
#define EC_WATCHPOINT_EL0 0x34
#define EC_WATCHPOINT	0x35
#define EC_BRK		0x3c

#define ESR_ISS(esr)	((esr) & 0x1ffffff)
#define ESR_FSC(esr)	((esr) & 0x3f)
#define ESR_UNDEF	0x02000000	/* EC 0 with IL */
#define FSC_EXTERNAL	0x10
#define FSC_EXTERNAL_WALK	0x14	/* of level 0 */
#define FSC_ALIGNMENT	0x21

#define SPSR_EL0	0x3c0
#define SPSR_EL1	0x3c5
#define SPSR_A32_USER	0x1d0
#define SPSR_A32_THUMB	(SPSR_A32_USER | 1 << 5)

/* Where EL0 sees memory: it is not the kit's, see trap_map_el0(). */
#define EL0_ALIAS	UINT64_C(0x40000000)

#define INSN_RET	0xd65f03c0
#define INSN_SVC(imm)	(0xd4000001 | (imm) << 5)

/* trap_entry.S */
uint64_t trap_enter(struct trap *t, uint64_t a, uint64_t b, uint64_t c, uint64_t target);
void trap_eret(uint64_t pc, uint64_t spsr, uint64_t x0);
void trap_sp(uint64_t sp);
void trap_jump(uint64_t pc);
uint64_t trap_big_endian(uint64_t address, uint64_t value, uint64_t code);

/* trap.c */
uint64_t trap_call(struct trap *t, const void *target, uint64_t a, uint64_t b, uint64_t c);
uint64_t trap_insn(struct trap *t, uint32_t insn, uint64_t a, uint64_t b, uint64_t c);
void trap_el0(struct trap *t, const uint32_t *code, unsigned int n, uint64_t spsr, uint64_t x0);
void *trap_code(const uint32_t *code, unsigned int n);
void trap_map_el0(void);
void trap_is(const struct trap *t, unsigned int slot, uint64_t esr, const char *what);
void trap_is_class(const struct trap *t, unsigned int slot, unsigned int ec, const char *what);
void trap_is_abort(const struct trap *t, unsigned int ec, unsigned int fsc, uint64_t far,
		   const char *what);

/* exceptions_a32.c, exceptions_debug.c: parts of the guest exceptions */
void exceptions_a32(void);
void exceptions_debug(void);

#endif /* TRAP_H */
