/* SPDX-License-Identifier: GPL-2.0-only */
/* Conditional instructions of AArch32 that trap; without any register, for unit tests. */
#ifndef ARM64_A32_H
#define ARM64_A32_H

#include <hyp/types.h>
#include <hyp/util.h>

#define A32_ESR_CV BIT(24)
#define A32_IT_HIGH GENMASK(15, 10) /* PSTATE.IT[7:2] in an SPSR */
#define A32_IT_LOW GENMASK(26, 25) /* IT[1:0] */

static inline u64 a32_it(u64 spsr)
{
	return FIELD_GET(A32_IT_HIGH, spsr) << 2 | FIELD_GET(A32_IT_LOW, spsr);
}

/*
 * PSTATE.IT moves on as the processor would have moved it (Arm ARM F1.2.1 ITAdvance()).
 */
static inline u64 a32_it_advance(u64 spsr)
{
	u64 it = a32_it(spsr);

	it = (it & 7) ? (it & 0xe0) | ((it << 1) & 0x1f) : 0;
	spsr &= ~(A32_IT_HIGH | A32_IT_LOW);
	return spsr | FIELD_PREP(A32_IT_HIGH, it >> 2) | FIELD_PREP(A32_IT_LOW, it & 3);
}

/*
 * Does the condition of the instruction hold (Arm ARM F2.3.1)? A processor may trap one
 * whose condition fails. Without ESR.CV it is T32, and IT has the condition.
 */
static inline bool a32_condition(u64 esr, u64 spsr)
{
	bool n = spsr & BIT(31), z = spsr & BIT(30), c = spsr & BIT(29), v = spsr & BIT(28);
	u64 it = a32_it(spsr), cond = it ? it >> 4 : 14;
	const bool holds[8] = { z, c, n, v, c && !z, n == v, n == v && !z, true };

	if (esr & A32_ESR_CV)
		cond = FIELD_GET(GENMASK(23, 20), esr);
	return cond == 15 || holds[cond >> 1] != (cond & 1);
}

#endif
