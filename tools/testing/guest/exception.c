// SPDX-License-Identifier: GPL-2.0-only
/* Exceptions, and single instructions that may take one. */
#include "guest.h"

void (*irq_handler)(uint32_t intid);
bool (*trap_handler)(struct exception_frame *frame, unsigned int slot);
void (*irq_raw)(void);

static struct insn_result insn_result;

static void unexpected(const struct exception_frame *frame, unsigned int slot)
{
	print("# exception %u: ESR %lx ELR %lx FAR %lx SPSR %lx x30 %lx\n", slot, frame->esr,
	      frame->elr, frame->far, frame->spsr, frame->x[30]);
	print("not ok unexpected exception\nstatus 1\n");
	hvc(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		;
}

/**
 * exception_entry() - an exception was taken; called by start.S
 * @frame: registers of what it interrupted; changes go back
 * @slot: entry of the vector table
 */
void exception_entry(struct exception_frame *frame, unsigned int slot)
{
	uint32_t intid;

	if (trap_handler && trap_handler(frame, slot))
		return;
	if (slot == EXCEPTION_SYNC && frame->elr == (uint64_t)insn_slot) {
		insn_result = (struct insn_result) {
			.trapped = true, .esr = frame->esr, .far = frame->far,
		};
		frame->elr += 4;
		return;
	}
	if ((slot == EXCEPTION_IRQ || slot == EXCEPTION_FIQ) && irq_raw) {
		irq_raw();
		return;
	}
	if (slot != EXCEPTION_IRQ || !irq_handler)
		unexpected(frame, slot);
	intid = gic_acknowledge();
	if (intid == INTID_SPURIOUS)
		return;
	irq_handler(intid);
	gic_end(intid);
}

/**
 * insn_run() - run an instruction
 * @insn: its encoding; no branch, no use of SP
 * @in: registers before
 * @out: registers after
 *
 * Return: whether it took an exception, and which.
 */
struct insn_result insn_run(uint32_t insn, const struct registers *in, struct registers *out)
{
	insn_slot[0] = insn;
	asm volatile("dc cvau, %0; dsb ish; ic ivau, %0; dsb ish; isb" :: "r" (insn_slot)
		     : "memory");
	insn_result.trapped = false;
	insn_call(in, out);
	return insn_result;
}

/**
 * registers_random() - fill registers with random numbers
 * @regs: filled in; FPCR and FPSR hold only bits that every CPU keeps
 */
void registers_random(struct registers *regs)
{
	for (unsigned int i = 0; i < 31; i++)
		regs->x[i] = random64();
	for (unsigned int i = 0; i < 32; i++) {
		regs->v[i][0] = random64();
		regs->v[i][1] = random64();
	}
	regs->fpsr = random64() & 0x0800009f;	/* QC and the cumulative exceptions */
	regs->fpcr = random64() & 0x07c00000;	/* AHP, DN, FZ, RMode */
	regs->nzcv = random64() & 0xf0000000;
}

/**
 * registers_compare() - find registers that changed
 * @in: before
 * @out: after
 * @changed: bit n: x(n) may have changed
 *
 * Return: 0 if no other did; else a number that tells the first: n for x(n), 100 + n for
 * v(n), 200 FPSR, 201 FPCR, 202 flags; plus 1.
 */
unsigned int registers_compare(const struct registers *in, const struct registers *out,
			       uint32_t changed)
{
	for (unsigned int i = 0; i < 31; i++)
		if (!(changed & 1U << i) && in->x[i] != out->x[i])
			return i + 1;
	for (unsigned int i = 0; i < 32; i++)
		if (in->v[i][0] != out->v[i][0] || in->v[i][1] != out->v[i][1])
			return 100 + i + 1;
	if (in->fpsr != out->fpsr)
		return 201;
	if (in->fpcr != out->fpcr)
		return 202;
	return in->nzcv != out->nzcv ? 203 : 0;
}
