// SPDX-License-Identifier: GPL-2.0-only
/* Hypercalls that do not exist: -1, and no other register changes but x0 to x3. */
#include "guest.h"

static struct registers in, out;

static void unknown(uint32_t id)
{
	struct insn_result result;
	unsigned int different;
	bool wide = id & 1U << 30;

	registers_random(&in);
	in.x[0] = id;
	result = insn_run(INSN_HVC, &in, &out);
	different = registers_compare(&in, &out, 0xf);
	check(!result.trapped, "%x: exception, ESR %lx", id, result.esr);
	check(wide ? out.x[0] == UINT64_MAX : (uint32_t)out.x[0] == UINT32_MAX,
	      "%x: answer %lx", id, out.x[0]);
	check(!different, "%x: register %u changed", id, different - 1);
}

void guest_main(void)
{
	/* Each owner, both conventions, fast and yielding: SMCCC, table 6-1. */
	for (uint32_t owner = 0; owner < 64; owner++) {
		unknown(0x80000000 | owner << 24 | 0xee77);
		unknown(0xc0000000 | owner << 24 | 0xee77);
	}
	test_end("fast calls of each owner");
	for (uint32_t owner = 50; owner < 64; owner++)
		unknown(owner << 24 | 0x77);
	test_end("yielding calls");
	/* The calls of GenieZone's own host are no guest's. */
	for (uint32_t n = 0; n < 0x50; n++)
		unknown(0xfb001000 + n);
	test_end("calls of the host");
	unknown(0);
	unknown(UINT32_MAX);
	unknown(0xdeadbeef);
	test_end("numbers that mean nothing");
}
