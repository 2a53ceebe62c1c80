// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/syndrome.c lib/printf.c
/* core/syndrome.c: values as the Arm ARM encodes them. */
#include "ktap.h"

#include <hyp/syndrome.h>

#define ESR(ec, iss) ((u64)(ec) << 26 | 1UL << 25 | (iss))
/* MSR, MRS: op0, op1, CRn, CRm, op2, Rt, read. */
#define SYSREG(op0, op1, crn, crm, op2, rt, read)                                  \
	ESR(0x18, (op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 |          \
			  (rt) << 5 | (crm) << 1 | (read))

static const char *text(u64 esr)
{
	static char buf[SYNDROME_TEXT];

	syndrome_describe(buf, sizeof(buf), esr);
	return buf;
}

TEST(syndrome_texts)
{
	static const struct {
		u64 esr;
		const char *text;
	} t[] = {
		{ 0x96000046, "data abort from the same level: translation fault, level 2, write "
			      "(ESR 0x96000046)" },
		{ 0x9600000f, "data abort from the same level: permission fault, level 3, read "
			      "(ESR 0x9600000f)" },
		{ ESR(0x24, 0x1800000 | 3 << 16 | 0x47),
		  "data abort from a lower level: translation fault, level 3, write, 4 bytes, "
		  "register 3 (ESR 0x93830047)" },
		{ ESR(0x24, 1 << 7 | 0x06), "data abort from a lower level: translation fault, "
					    "level 2, on a stage 1 table walk, read" },
		{ ESR(0x25, 1 << 8 | 0x07 | 1 << 6), "level 3, write, cache maintenance" },
		{ ESR(0x25, 0x10 | 1 << 10 | 1 << 9),
		  ": external abort, external type 1, FAR not valid, read" },
		{ ESR(0x25, 0x10), ": external abort, read" },
		{ ESR(0x25, 0x21), ": alignment fault, read" },
		{ ESR(0x25, 0x00), ": address size fault, level 0, read" },
		{ ESR(0x25, 0x0b), ": access flag fault, level 3, read" },
		{ ESR(0x25, 0x17), ": external abort on a table walk, level 3, read" },
		{ ESR(0x25, 0x13), ": external abort on a table walk, level -1, read" },
		{ ESR(0x25, 0x2b), ": translation fault, level -1, read" },
		{ ESR(0x25, 0x29), ": address size fault, level -1, read" },
		{ ESR(0x25, 0x1d), ": parity or ECC error on a table walk, level 1, read" },
		{ ESR(0x25, 0x26), ": granule protection fault on a table walk, level 2, read" },
		{ ESR(0x25, 0x30), ": TLB conflict, read" },
		{ ESR(0x25, 0x3f), ": fault status 0x3f, read" },
		{ ESR(0x21, 0x0e),
		  "instruction abort from the same level: permission fault, level 2 (ESR" },
		{ ESR(0x20, 0x84), "instruction abort from a lower level: translation fault, "
				   "level 0, on a stage 1 table walk (ESR" },
		{ ESR(0x16, 0x1234), "HVC #0x1234 (ESR" },
		{ ESR(0x17, 0), "SMC #0x0 (ESR" },
		{ ESR(0x15, 1), "SVC #0x1 (ESR" },
		{ ESR(0x3c, 0xf000), "BRK #0xf000 (ESR" },
		{ ESR(0x01, 0), "trapped wait: WFI (ESR" },
		{ ESR(0x01, 1), "trapped wait: WFE (ESR" },
		{ ESR(0x01, 2), "trapped wait: WFIT (ESR" },
		{ ESR(0x01, 3), "trapped wait: WFET (ESR" },
		{ SYSREG(3, 0, 12, 11, 5, 7, 0),
		  "trapped system register access: write to ICC_SGI1R_EL1, op0 3 op1 0 CRn 12 "
		  "CRm 11 op2 5, register 7 (ESR" },
		{ SYSREG(3, 3, 14, 2, 1, 31, 1), "read of CNTP_CTL_EL0, op0 3 op1 3 CRn 14 CRm 2 "
						 "op2 1, register 31" },
		{ SYSREG(3, 7, 15, 15, 7, 0, 1),
		  "access: read of op0 3 op1 7 CRn 15 CRm 15 op2 7, register 0 (ESR" },
		{ SYSREG(1, 0, 7, 14, 2, 4, 0), "write to DC CISW, op0 1" },
		{ ESR(0x03, 5 << 17 | 1 << 14 | 9 << 10 | 2 << 5 | 12 << 1),
		  "trapped AArch32 MCR or MRC (cp15): write to opc1 1 CRn 9 CRm 12 opc2 5, "
		  "register 2" },
		{ ESR(0x2f, 0x11 | 1 << 10), "SError: unrecoverable (ESR" },
		{ ESR(0x2f, 0), "SError: uncategorized (ESR" },
		{ ESR(0x2f, 1 << 24 | 0xabc), "SError: implementation defined, 0xabc (ESR" },
		{ ESR(0x35, 1 << 6), "watchpoint from the same level: write (ESR" },
		{ ESR(0x34, 0), "watchpoint from a lower level: read (ESR" },
		{ ESR(0x19, 0), "trapped SVE access (ESR" },
		{ ESR(0x07, 0), "trapped FP, SIMD or SVE access (ESR" },
		{ ESR(0x26, 0), "SP alignment fault (ESR" },
		{ ESR(0x0e, 0), "illegal execution state (ESR" },
		{ ESR(0x3f, 5), "unknown exception class (ESR 0xfe000005)" },
		{ UINT64_MAX, "unknown exception class (ESR 0xffffffffffffffff)" },
	};

	for (unsigned int i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		EXPECT_CONTAINS(text(t[i].esr), t[i].text);
}

/* No class, status or buffer size leads outside of a table or the buffer. */
TEST(syndrome_any_value)
{
	uint64_t seed = 42;

	for (unsigned int ec = 0; ec < 64; ec++) {
		for (int i = 0; i < 2000; i++) {
			u64 esr = ESR(ec, ktap_random(&seed) & 0x1ffffff);
			size_t size = 1 + ktap_random(&seed) % SYNDROME_TEXT;
			char *small = malloc(size);

			syndrome_describe(small, size, esr);
			EXPECT(strlen(small) < size);
			EXPECT(!strncmp(small, text(esr), strlen(small)));
			EXPECT(strlen(text(esr)) < SYNDROME_TEXT - 1);
			EXPECT_EQ(text(esr)[strlen(text(esr)) - 1], ')');
			free(small);
		}
	}
}
