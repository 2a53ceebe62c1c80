// SPDX-License-Identifier: GPL-2.0-only
/*
 * arch/arm64/errata.c: which CPUs get what, by MIDR_EL1 as the Technical Reference Manuals and
 * the Software Developer Errata Notices give it. The file is included, with a MIDR_EL1 of ours.
 */
#include "ktap.h"

#include "arch/arm64/include/arch/vcpu.h"
#include "arch/arm64/sysreg.h"

/* No other register is read. */
static u64 sysreg_midr_el1;
#undef read_sysreg
#define read_sysreg(reg) sysreg_##reg

#include "arch/arm64/errata.c"

#define AT ERRATUM_SPECULATIVE_AT
#define FIRST ERRATUM_STAGE1_FIRST
#define AGAIN ERRATUM_REPEAT_TLBI

static u32 init(u64 value, u32 id)
{
	struct percpu cpu = { .id = id, .errata = ~0U };

	sysreg_midr_el1 = value;
	fake_log[0] = '\0';
	errata_init(&cpu);
	return cpu.errata;
}

/* Runs before the others: nothing was said yet. */
TEST(said_once)
{
	EXPECT_EQ(init(0x411fd070, 3), AT | FIRST);
	EXPECT(strstr(fake_log, "CPU3: erratum Cortex-A57 1319537: "));
	EXPECT(strstr(fake_log, "CPU3: erratum Cortex-A57 834220: "));
	EXPECT_EQ(init(0x411fd070, 4), AT | FIRST);
	EXPECT_EQ(strlen(fake_log), 0);
	/* Another cluster of a machine: its own. */
	EXPECT_EQ(init(0x410fd034, 0), 0);
	EXPECT(!strncmp(fake_log, "CPU0: erratum Cortex-A53 843419: ", 33));
	EXPECT_EQ(init(0x410fd034, 1), 0);
	EXPECT_EQ(strlen(fake_log), 0);
}

/* The last stepping that has it, and the first that has not. */
TEST(steppings)
{
	static const struct {
		u64 midr;
		u32 errata;
	} t[] = {
		{ 0x412fd050, AT | AGAIN }, { 0x411fd05f, AT | AGAIN }, { 0x410fd050, AT | AGAIN },
		{ 0x412fd051, AGAIN }, { 0x413fd050, AGAIN }, /* A55 up to r2p0, and all */
		{ 0x410fd070, AT | FIRST }, { 0x411fd072, AT | FIRST }, /* A57 up to r1p2: 834220 */
		{ 0x411fd073, AT }, { 0x412fd070, AT }, { 0x41ffd07f, AT },
		{ 0x410fd080, AT }, { 0x410fd083, AT }, { 0x411fd080, AT }, { 0x41ffd08f, AT },
		{ 0x410fd0b0, AT | AGAIN }, { 0x411fd0b0, AT | AGAIN }, { 0x412fd0b0, AT | AGAIN },
		{ 0x412fd0b1, AGAIN }, { 0x413fd0b0, AGAIN }, /* A76 up to r2p0, and to r3p0 */
		{ 0x413fd0b1, 0 }, { 0x414fd0b1, 0 },
		{ 0x410fd460, AGAIN }, { 0x411fd461, AGAIN }, { 0x411fd462, 0 }, /* A510 up to r1p1 */
		{ 0x410fd034, 0 }, { 0x410fd040, 0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		errata_machine = FIRST;
		EXPECT_EQ(init(t[i].midr, 0), t[i].errata);
		EXPECT_EQ(errata_machine, FIRST | t[i].errata); /* one CPU of it is enough */
	}
}

/* It asks for nothing at run time: only the log would tell, once. */
TEST(a53_range)
{
	EXPECT(has(&errata[0], 0x410fd030));
	EXPECT(has(&errata[0], 0x410fd034));
	EXPECT(!has(&errata[0], 0x410fd035));
	EXPECT(!has(&errata[0], 0x411fd030));
}

/* Each field of MIDR_EL1 that names a model counts, and the part number in all its digits. */
TEST(other_models)
{
	static const u64 others[] = {
		0x413fd0c1, /* Neoverse N1 */
		0x460f0010, /* A64FX */
		0x421fd070, /* A57's part number of another implementer */
		0x411ed070, /* ... of another architecture code */
		0x411fd170, 0x411fd071 + 0x70, /* parts 0xd17, 0xd0e */
		0, 0xffffffff,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
		EXPECT_EQ(init(others[i], 0), 0);
		EXPECT_EQ(strlen(fake_log), 0);
	}
	/* MIDR_EL1's upper half is RES0: it names nothing. */
	EXPECT_EQ(init(0xabcd0000411fd070, 0), AT | FIRST);
}
