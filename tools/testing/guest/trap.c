// SPDX-License-Identifier: GPL-2.0-only
/* Faults on purpose: see trap.h. */
#include "trap.h"

#define CODE_WORDS	64

/* One place of its own for each CPU: code that is written while another CPU runs its own. */
static uint32_t code_area[8][CODE_WORDS] __attribute__((aligned(256)));

static uint32_t *my_code(void)
{
	return code_area[read_sysreg(mpidr_el1) & 7];
}

/**
 * trap_code() - make code
 * @code: instructions of any kind
 * @n: how many words
 *
 * Return: where it is; the CPU's next such code takes its place.
 */
void *trap_code(const uint32_t *code, unsigned int n)
{
	uint32_t *to = my_code();

	for (unsigned int i = 0; i < n && i < CODE_WORDS; i++)
		to[i] = code[i];
	for (unsigned int i = 0; i < CODE_WORDS; i += 4)
		asm volatile("dc cvau, %0" :: "r" (to + i) : "memory");
	asm volatile("dsb ish; ic ialluis; dsb ish; isb" ::: "memory");
	return to;
}

/**
 * trap_call() - call code and come back, whatever happens
 * @t: filled in; @t->taken says whether an exception was
 * @target: where to jump to; legal is any address
 * @a: x0
 * @b: x1
 * @c: x2
 *
 * Return: x0 at the end.
 */
uint64_t trap_call(struct trap *t, const void *target, uint64_t a, uint64_t b, uint64_t c)
{
	t->taken = 0;
	return trap_enter(t, a, b, c, (uint64_t)target);
}

/**
 * trap_insn() - one instruction, at EL1
 * @t: as trap_call()
 * @insn: its encoding
 * @a: x0
 * @b: x1
 * @c: x2
 *
 * Return: x0 behind it.
 */
uint64_t trap_insn(struct trap *t, uint32_t insn, uint64_t a, uint64_t b, uint64_t c)
{
	const uint32_t code[] = { insn, INSN_RET };

	return trap_call(t, trap_code(code, 2), a, b, c);
}

/**
 * trap_map_el0() - let EL0 see the memory, one gibibyte above where EL1 does
 *
 * What EL0 can write EL1 does not execute, so it is mapped twice.
 */
void trap_map_el0(void)
{
	volatile uint64_t *table = (uint64_t *)(read_sysreg(ttbr0_el1) & 0xfffffffff000);

	/* PXN, AF, inner shareable, EL0 may read and write, attribute 1, a block. */
	table[3] = RAM | 1ul << 53 | 1 << 10 | 3 << 8 | 1 << 6 | 1 << 2 | 1;
	asm volatile("dsb ishst; isb" ::: "memory");
}

/**
 * trap_el0() - run code at EL0 until its first exception
 * @t: filled in
 * @code: instructions; the last takes an exception (SVC)
 * @n: how many words
 * @spsr: PSTATE: SPSR_EL0 or SPSR_A32_*
 * @x0: the register; x1 to x3 are 0
 */
void trap_el0(struct trap *t, const uint32_t *code, unsigned int n, uint64_t spsr, uint64_t x0)
{
	trap_call(t, trap_eret, (uint64_t)trap_code(code, n) + EL0_ALIAS, spsr, x0);
}

/**
 * trap_is() - check that an exception was taken, and which
 * @t: of the call
 * @slot: expected: TRAP_*
 * @esr: expected, whole
 * @what: name
 */
void trap_is(const struct trap *t, unsigned int slot, uint64_t esr, const char *what)
{
	check(t->taken && t->slot == slot && t->esr == esr, "%s: %s%lu ESR %lx, not %u ESR %lx",
	      what, t->taken ? "exception " : "no exception ", t->slot, t->esr, slot, esr);
}

/**
 * trap_is_class() - the same, by class alone
 * @t: of the call
 * @slot: expected
 * @ec: expected
 * @what: name
 */
void trap_is_class(const struct trap *t, unsigned int slot, unsigned int ec, const char *what)
{
	check(t->taken && t->slot == slot && ESR_EC(t->esr) == ec,
	      "%s: %s%lu ESR %lx, not %u class %x", what, t->taken ? "exception " :
	      "no exception ", t->slot, t->esr, slot, ec);
}

/**
 * trap_is_abort() - the same for an abort
 * @t: of the call
 * @ec: expected
 * @fsc: fault status; FSC_EXTERNAL stands for those of a table walk, too
 * @far: expected
 * @what: name
 */
void trap_is_abort(const struct trap *t, unsigned int ec, unsigned int fsc, uint64_t far,
		   const char *what)
{
	unsigned int got = ESR_FSC(t->esr);
	bool good = got == fsc || (fsc == FSC_EXTERNAL && got >= 0x14 && got <= 0x17);

	check(t->taken && ESR_EC(t->esr) == ec && good && t->far == far,
	      "%s: %s ESR %lx FAR %lx, not class %x status %x FAR %lx", what,
	      t->taken ? "exception" : "no exception", t->esr, t->far, ec, fsc, far);
}
