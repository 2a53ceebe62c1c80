// SPDX-License-Identifier: GPL-2.0-only
/*
 * arch/arm64/guest_trap.h: what traps of a guest, by the bits that the Arm ARM gives HCR_EL2, and
 * its waits. An emulator may ignore TWE, so that no guest there shows it.
 */
#include "ktap.h"

#include "arch/arm64/include/arch/vcpu.h"
#include "arch/arm64/guest_trap.h"

#define BITS(a, b, c, d) (1UL << (a) | 1UL << (b) | 1UL << (c) | 1UL << (d))

/* VM, SWIO, FMO, IMO; AMO, FB, BSU inner shareable, RW; TWI, TWE, TID1, TID3; TSC, TIDCP, TACR, TSW; TEA */
#define ALWAYS (BITS(0, 1, 3, 4) | BITS(5, 9, 10, 31) | BITS(13, 14, 16, 18) | \
		BITS(19, 20, 21, 22) | 1UL << 37)

TEST(hcr)
{
	static const struct {
		struct cpu_features f;
		u64 adds;
	} t[] = {
		{ { 0 }, 0 },
		{ { .pauth = true }, 1UL << 40 | 1UL << 41 }, /* APK, API: the guest has the keys */
		{ { .fwb = true }, 1UL << 46 },
		{ { .ras = true }, 1UL << 36 }, /* TERR */
		{ { .lor = true }, 1UL << 35 }, /* TLOR */
		{ { .mte = true }, 1UL << 58 }, /* TID5, and no ATA */
		/* What is hidden from guests in other ways, or needs nothing */
		{ { .sve = true, .sme = true, .csv2_2 = true, .vhe = true, .amu = true, .mops = true,
		    .tcr2 = true, .sctlr2 = true, .hcx = true, .fgt = true }, 0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++)
		EXPECT_EQ(guest_trap_hcr(&t[i].f), ALWAYS | t[i].adds);
}

/* ESR_EL2.ISS.TI; condition and register number don't count. */
TEST(waits)
{
	for (unsigned int ti = 0; ti < 4; ti++) {
		for (unsigned int rest = 0; rest < 1 << 8; rest++) {
			u64 esr = 1UL << 26 | 1UL << 25 | (u64)rest << 2 | (u64)rest << 17 | ti;
			struct guest_exit e = { .kind = GUEST_EXIT_AGAIN };

			EXPECT_EQ(guest_trap_wait(esr, &e), ti < 2);
			EXPECT_EQ(e.kind, ti == 0 ? GUEST_EXIT_WFI :
					  ti == 1 ? GUEST_EXIT_WFE : GUEST_EXIT_AGAIN);
		}
	}
}
