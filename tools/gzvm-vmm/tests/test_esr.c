// SPDX-License-Identifier: GPL-2.0-only
/* Syndromes in words: values as the Arm ARM encodes them. */
#include <string.h>

#include "esr.h"
#include "ktap.h"

#define ESR(ec, iss)	((uint64_t)(ec) << 26 | 1u << 25 | (iss))

TEST(texts)
{
	static const struct {
		uint64_t esr;
		const char *text;
	} list[] = {
		{ ESR(0x2f, 0), "SError" },
		{ ESR(0x16, 0x1234), "HVC" },
		{ ESR(0x00, 0), "unknown instruction" },
		{ ESR(0x3f, 0), "exception class 0x3f" },
		{ ESR(0x20, 0x06), "instruction abort: translation fault, level 2" },
		{ ESR(0x21, 0x10), "instruction abort: external abort" },
		{ ESR(0x24, 0x46), "data abort: translation fault, level 2, write" },
		{ ESR(0x25, 0x0f), "data abort: permission fault, level 3, read" },
		{ ESR(0x25, 0x00), "data abort: address size fault, level 0, read" },
		{ ESR(0x24, 0x0b), "data abort: access flag fault, level 3, read" },
		{ ESR(0x24, 0x86),
		  "data abort: translation fault, level 2, on a walk of the guest's tables, read" },
		{ ESR(0x24, 0x17), "data abort: external abort on a table walk, level 3, read" },
		{ ESR(0x24, 0x21), "data abort: alignment fault, read" },
		{ ESR(0x24, 0x3e), "data abort: fault status 0x3e, read" },
		{ UINT64_MAX, "exception class 0x3f" },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		char text[128];

		esr_describe(list[i].esr, text, sizeof(text));
		EXPECT(!strcmp(text, list[i].text));
	}
}

/* Every value, into a place that is too small: terminated, and nothing behind it. */
TEST(bounds)
{
	for (unsigned int ec = 0; ec < 64; ec++) {
		for (unsigned int iss = 0; iss < 0x400; iss++) {
			char text[16];

			memset(text, 0x55, sizeof(text));
			esr_describe(ESR(ec, iss), text, 8);
			EXPECT(strlen(text) < 8);
			EXPECT(text[8] == 0x55);
		}
	}
}
