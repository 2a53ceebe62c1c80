// SPDX-License-Identifier: GPL-2.0-only
/* arch/arm64/a32.h: conditions and IT state as the Arm ARM has them (F1.2.1, F2.3.1). */
#include "ktap.h"

#include "arch/arm64/a32.h"

#define FLAGS(n, z, c, v) ((u64)(n) << 31 | (u64)(z) << 30 | (c) << 29 | (v) << 28)
#define COND(cond) (A32_ESR_CV | (cond) << 20)

static u64 it_spsr(u64 it)
{
	return FIELD_PREP(A32_IT_HIGH, it >> 2) | FIELD_PREP(A32_IT_LOW, it & 3);
}

/* Table F1-1, by condition: one row of flags that hold it for each of the 16 values. */
static bool holds(unsigned int cond, bool n, bool z, bool c, bool v)
{
	switch (cond) {
	case 0: return z;
	case 1: return !z;
	case 2: return c;
	case 3: return !c;
	case 4: return n;
	case 5: return !n;
	case 6: return v;
	case 7: return !v;
	case 8: return c && !z;
	case 9: return !c || z;
	case 10: return n == v;
	case 11: return n != v;
	case 12: return !z && n == v;
	case 13: return z || n != v;
	default: return true;
	}
}

TEST(conditions)
{
	for (unsigned int cond = 0; cond < 16; cond++) {
		for (unsigned int f = 0; f < 16; f++) {
			bool n = f & 8, z = f & 4, c = f & 2, v = f & 1;
			u64 flags = FLAGS(n, z, c, v);

			EXPECT_EQ(a32_condition(COND(cond), flags), holds(cond, n, z, c, v));
			/* ESR.COND counts, not IT. */
			EXPECT_EQ(a32_condition(COND(cond), flags | it_spsr(0x18)),
				  holds(cond, n, z, c, v));
			if (cond == 15)
				continue;
			/* T32 without CV: the condition is IT[7:4]. */
			EXPECT_EQ(a32_condition(0, flags | it_spsr(cond << 4 | 8)),
				  holds(cond, n, z, c, v));
		}
	}
	/* No IT block: always. */
	EXPECT(a32_condition(0, 0));
	EXPECT(a32_condition(0, FLAGS(1, 1, 1, 1)));
}

/* ITTET EQ: then, then, else, then; the last instruction leaves no block. */
TEST(it_advance)
{
	static const u8 block[] = { 0x05, 0x0a, 0x14, 0x08, 0x00 };
	u64 spsr = FLAGS(1, 0, 1, 0) | BIT(4) | BIT(5);

	for (unsigned int i = 0; i + 1 < sizeof(block); i++)
		EXPECT_EQ(a32_it_advance(spsr | it_spsr(block[i])), spsr | it_spsr(block[i + 1]));
	EXPECT_EQ(a32_it_advance(spsr), spsr);
	/* IT[7:5], the base condition, stays within a block. */
	EXPECT_EQ(a32_it_advance(it_spsr(0xe1)), it_spsr(0xe2));
}
