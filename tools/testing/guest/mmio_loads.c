// SPDX-License-Identifier: GPL-2.0-only
/* Loads into every register. */
#include "guest.h"

static struct registers in, out;

/**
 * mmio_loads() - a test: load into each register
 * @what: its name
 * @insn: encoding of the load, without registers
 * @addr: address to load from
 * @expected: what each register must hold then, while all others stay
 */
void mmio_loads(const char *what, uint32_t insn, uint64_t addr, uint64_t expected)
{
	for (unsigned int rt = 0; rt < 32; rt++) {
		unsigned int rn = (rt + 7) % 31;
		struct insn_result result;
		unsigned int different;

		registers_random(&in);
		in.x[rn] = addr;
		result = insn_run(INSN_LDR(insn, rt, rn), &in, &out);
		different = registers_compare(&in, &out, rt < 31 ? 1U << rt : 0);
		check(!result.trapped, "%s x%u: exception, ESR %lx", what, rt, result.esr);
		check(!different, "%s x%u: register %u changed", what, rt, different - 1);
		check(rt == 31 || out.x[rt] == expected, "%s x%u: %lx, not %lx", what, rt,
		      out.x[rt & 15], expected);
	}
	test_end(what);
}
