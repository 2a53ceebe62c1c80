// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/hostcall.c arch/fake/fake_firmware.c
/* core/hostcall.c: who answers which SMC or HVC of the host. */
#include "ktap.h"

#include <linux/gzvm_hyp.h>
#include <hyp/hostcall.h>
#include <hyp/psci.h>
#include <hyp/util.h>

#include "fake_firmware.h"

enum who { NOBODY, HYPERCALL, PSCI, FIRMWARE, ITSELF };

static enum who reached;
static bool smccc_1_1;

/* The other modules: they leave a mark. */
void hypercall(u64 x[])
{
	reached = HYPERCALL;
	x[0] = 0x111;
}

void psci_host_call(u64 x[])
{
	reached = PSCI;
	x[0] = 0x222;
}

bool psci_firmware_smccc_1_1(void)
{
	return smccc_1_1;
}

#define KEPT(i) (0xcafe000000000000UL + (i))

static u64 regs[31];

/* Makes one call; whatever answers, x4 to x30 are the caller's afterwards. */
static enum who call(u64 fn, u64 a1, u64 a2, u64 a3)
{
	unsigned int smcs = fake_nr_smcs;

	reached = NOBODY;
	for (unsigned int i = 4; i < ARRAY_SIZE(regs); i++)
		regs[i] = KEPT(i);
	regs[0] = fn;
	regs[1] = a1;
	regs[2] = a2;
	regs[3] = a3;
	hostcall(regs);
	for (unsigned int i = 4; i < ARRAY_SIZE(regs); i++)
		EXPECT_EQ(regs[i], KEPT(i));
	if (fake_nr_smcs != smcs) {
		EXPECT_EQ(fake_nr_smcs, smcs + 1);
		EXPECT_EQ(reached, NOBODY);
		return FIRMWARE;
	}
	if (reached == NOBODY && regs[0] != ~0UL)
		return ITSELF;
	return reached;
}

static void setup(void)
{
	fake_firmware_reset();
	hostcall_init(0);
	smccc_1_1 = true;
}

static void answer(u64 x[])
{
	x[0] = x[0] << 8 | 1;
	x[1] = 0x1001;
	x[2] = 0x1002;
	x[3] = 0x1003;
}

/* One test a row of the table. */

TEST(genie_zone_range)
{
	setup();
	EXPECT_EQ(call(0xfb001000, 0, 0, 0), HYPERCALL);
	EXPECT_EQ(regs[0], 0x111);
	EXPECT_EQ(call(0xfb001fff, 0, 0, 0), HYPERCALL);
	/* The SMC32 form is of the same range: hypercall() refuses it with its own status. */
	EXPECT_EQ(call(0xbb001000, 0, 0, 0), HYPERCALL);
	EXPECT_EQ(call(0xbb001fff, 0, 0, 0), HYPERCALL);
	EXPECT_EQ(call(0xfb000fff, 0, 0, 0), NOBODY);
	EXPECT_EQ(call(0xfb002000, 0, 0, 0), NOBODY);
	EXPECT_EQ(call(0x7b001000, 0, 0, 0), NOBODY);
	EXPECT_EQ(call(0x3b001000, 0, 0, 0), NOBODY);
	EXPECT_EQ(fake_nr_smcs, 0);
}

TEST(psci_range)
{
	setup();
	EXPECT_EQ(call(0x84000000, 0, 0, 0), PSCI);
	EXPECT_EQ(regs[0], 0x222);
	EXPECT_EQ(call(0x8400001f, 0, 0, 0), PSCI);
	EXPECT_EQ(call(0xc4000000, 0, 0, 0), PSCI);
	EXPECT_EQ(call(0xc400001f, 0, 0, 0), PSCI);
	EXPECT_EQ(call(0x84000020, 0, 0, 0), NOBODY);
	EXPECT_EQ(call(0xc4000020, 0, 0, 0), NOBODY);
	EXPECT_EQ(call(0x83ffffff, 0, 0, 0), NOBODY);
	EXPECT_EQ(call(0x04000000, 0, 0, 0), NOBODY);
	EXPECT_EQ(fake_nr_smcs, 0);
}

TEST(smccc_version)
{
	setup();
	EXPECT_EQ(call(0x80000000, 0, 0, 0), ITSELF);
	EXPECT_EQ(regs[0], 0x10002);
	/* Bits 63:32 of the function id are ignored; there is no SMC64 form. */
	EXPECT_EQ(call(0xffffffff80000000, 0, 0, 0), ITSELF);
	EXPECT_EQ(regs[0], 0x10002);
	EXPECT_EQ(call(0xc0000000, 0, 0, 0), NOBODY);
	EXPECT_EQ(fake_nr_smcs, 0);
}

TEST(smccc_arch_features)
{
	static const u32 ours[] = { 0x80000000, 0x80000001 };
	static const u32 firmwares[] = { 0x80000002, 0x80008000, 0x80007fff, 0x80003fff };
	static const u32 nobodys[] = { 0x80000003, 0x80008001, 0x84000050, 0x8600ff01, 0, ~0U };

	setup();
	fake_smc_answer = answer;
	for (unsigned int i = 0; i < ARRAY_SIZE(ours); i++) {
		EXPECT_EQ(call(0x80000001, ours[i], 0, 0), ITSELF);
		EXPECT_EQ(regs[0], 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(firmwares); i++) {
		EXPECT_EQ(call(0x80000001, firmwares[i], 0, 0), FIRMWARE);
		EXPECT_EQ(fake_smcs[fake_nr_smcs - 1].x[0], 0x80000001);
		EXPECT_EQ(fake_smcs[fake_nr_smcs - 1].x[1], firmwares[i]);
		EXPECT_EQ(regs[0], 0x8000000101);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(nobodys); i++) {
		EXPECT_EQ(call(0x80000001, nobodys[i], 0, 0), NOBODY);
		EXPECT_EQ(regs[0], ~0UL);
	}
	/* Firmware of SMCCC 1.0 may not even be asked. */
	smccc_1_1 = false;
	fake_nr_smcs = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(firmwares); i++)
		EXPECT_EQ(call(0x80000001, firmwares[i], 0, 0), NOBODY);
	EXPECT_EQ(call(0x80000001, 0x80000000, 0, 0), ITSELF);
	EXPECT_EQ(fake_nr_smcs, 0);
}

/* A call that is the firmware's: all of x0 to x17 go there, x0 to x3 come back. */
static void forwarded(u64 fn)
{
	fake_smc_answer = answer;
	EXPECT_EQ(call(fn, 11, 12, 13), FIRMWARE);
	EXPECT_EQ(fake_smcs[fake_nr_smcs - 1].x[0], fn);
	EXPECT_EQ(fake_smcs[fake_nr_smcs - 1].x[1], 11);
	EXPECT_EQ(fake_smcs[fake_nr_smcs - 1].x[2], 12);
	EXPECT_EQ(fake_smcs[fake_nr_smcs - 1].x[3], 13);
	for (unsigned int i = 4; i < SMCCC_NR_REGS; i++)
		EXPECT_EQ(fake_smcs[fake_nr_smcs - 1].x[i], KEPT(i));
	EXPECT_EQ(regs[0], fn << 8 | 1);
	EXPECT_EQ(regs[1], 0x1001);
	EXPECT_EQ(regs[2], 0x1002);
	EXPECT_EQ(regs[3], 0x1003);
}

TEST(smccc_soc_id)
{
	setup();
	forwarded(0x80000002);
	forwarded(0xc0000002);
	smccc_1_1 = false;
	EXPECT_EQ(call(0x80000002, 0, 0, 0), NOBODY);
}

static void workaround(u32 fn)
{
	setup();
	forwarded(fn);
	EXPECT_EQ(call(fn + 0x40000000, 0, 0, 0), NOBODY);
	smccc_1_1 = false;
	EXPECT_EQ(call(fn, 0, 0, 0), NOBODY);
}

TEST(smccc_workaround_1)
{
	workaround(0x80008000);
}

TEST(smccc_workaround_2)
{
	workaround(0x80007fff);
}

TEST(smccc_workaround_3)
{
	workaround(0x80003fff);
}

TEST(trng)
{
	setup();
	forwarded(0x84000050);
	forwarded(0x84000053);
	forwarded(0xc4000053);
	forwarded(0x8400005f);
	forwarded(0xc400005f);
	EXPECT_EQ(call(0x8400004f, 0, 0, 0), NOBODY);
	EXPECT_EQ(call(0x84000060, 0, 0, 0), NOBODY); /* FF-A */
	EXPECT_EQ(call(0xc4000060, 0, 0, 0), NOBODY);
}

TEST(uid)
{
	setup();
	EXPECT_EQ(call(0x8600ff01, 0, 0, 0), ITSELF);
	EXPECT_EQ(regs[0], GZVM_UID_0);
	EXPECT_EQ(regs[1], GZVM_UID_1);
	EXPECT_EQ(regs[2], GZVM_UID_2);
	EXPECT_EQ(regs[3], GZVM_UID_3);
	EXPECT_EQ(call(0xc600ff01, 0, 0, 0), NOBODY);
	EXPECT_EQ(call(0x8600ff00, 0, 0, 0), NOBODY);
	EXPECT_EQ(call(0x8600ff03, 0, 0, 0), NOBODY);
}

/* The list of what may leave, written once more: nothing else gets to the firmware. */
static bool may_pass(u32 fn)
{
	u32 id = fn & 0xbfffffff;

	return id == 0x80000002 || fn == 0x80008000 || fn == 0x80007fff || fn == 0x80003fff ||
	       (id >= 0x84000050 && id <= 0x8400005f);
}

TEST(nothing_else_passes)
{
	static const u32 numbers[] = {
		0x0000, 0x0001, 0x0002, 0x0003, 0x0010, 0x001f, 0x0020, 0x004f, 0x0050, 0x005f,
		0x0060, 0x0063, 0x0100, 0x0fff, 0x1000, 0x1fff, 0x2000, 0x3ffe, 0x3fff, 0x4000,
		0x7ffe, 0x7fff, 0x8000, 0x8001, 0xff00, 0xff01, 0xff03, 0xffff,
	};

	setup();
	for (u32 head = 0; head < 256; head++)
		for (u32 hint = 0; hint < 3; hint++)
			for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++) {
				/* Bits 23:16 must be zero for fast calls; 16 is the SVE hint. */
				u32 fn = head << 24 | (hint == 2 ? 0x80 : hint) << 16 | numbers[i];

				EXPECT_EQ(call(fn, 0x5555, 0, 0) == FIRMWARE, may_pass(fn));
			}
}

TEST(passed_owners)
{
	setup();
	hostcall_init(1UL << 2 | 1UL << 50);
	/* Owner 2, silicon partner: fast and yielding, both forms. */
	forwarded(0x82000000);
	forwarded(0xc2001234);
	forwarded(0x02000000);
	/* Owner 50, a trusted OS. */
	forwarded(0xb2000000);
	forwarded(0x32000004);
	EXPECT_EQ(call(0x83000000, 0, 0, 0), NOBODY);
	EXPECT_EQ(call(0xb1000000, 0, 0, 0), NOBODY);
	EXPECT_EQ(call(0xb3000000, 0, 0, 0), NOBODY);
	/* What is ours stays ours, whatever owner is passed. */
	hostcall_init(~0UL);
	EXPECT_EQ(call(0x84000003, 0, 0, 0), PSCI);
	EXPECT_EQ(call(0xc4000003, 0, 0, 0), PSCI);
	EXPECT_EQ(call(0xfb001005, 0, 0, 0), HYPERCALL);
	EXPECT_EQ(call(0x80000000, 0, 0, 0), ITSELF);
	EXPECT_EQ(call(0x8600ff01, 0, 0, 0), ITSELF);
	forwarded(0x84000063);
}
