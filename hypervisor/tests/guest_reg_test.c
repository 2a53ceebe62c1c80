// SPDX-License-Identifier: GPL-2.0-only
/*
 * arch/arm64/guest_reg.c: registers by the ids of the ABI. The file is included, with the
 * vCPU of arm64 instead of the fake one.
 */
#include "ktap.h"

#include "arch/arm64/include/arch/vcpu.h"
#include "arch/arm64/guest_reg.c"

struct cpu_features cpu_features;

#define CORE(off)	GZVM_REG_CORE_U64(off)
#define SYSREG(enc)	(GZVM_REG_ARM64 | GZVM_REG_SIZE_U64 | GZVM_REG_ARM64_SYSREG | (enc))

static struct vcpu vcpu;

/* Every register that can be named, and where its value belongs. */
static struct named {
	u64 id;
	u64 *place;
} named[128];
static unsigned int nr_named;

static void name(u64 id, u64 *place)
{
	named[nr_named++] = (struct named){ id, place };
}

static void name_all(void)
{
	u64 *sys = vcpu.arch.sys;

	nr_named = 0;
	for (unsigned int i = 0; i < 31; i++)
		name(0x6030000000100000 + 2 * i, &vcpu.arch.x[i]);
	name(0x603000000010003e, &sys[REG_SP_EL0]);
	name(0x6030000000100040, &vcpu.arch.pc);
	name(0x6030000000100044, &sys[REG_SP_EL1]);
	name(0x6030000000100046, &sys[REG_ELR_EL1]);
	name(0x6030000000100048, &sys[REG_SPSR_EL1]);
	name(0x60200000001000d4, &vcpu.arch.fp.fpsr);
	name(0x60200000001000d5, &vcpu.arch.fp.fpcr);
	/* By the numbers of the Arm ARM: TTBR0_EL1, VBAR_EL1, TPIDR_EL0, CNTV_CVAL_EL0. */
	name(0x6030000000130000 | 3 << 14 | 2 << 7, &sys[REG_TTBR0_EL1]);
	name(0x6030000000130000 | 3 << 14 | 12 << 7, &sys[REG_VBAR_EL1]);
	name(0x6030000000130000 | 3 << 14 | 3 << 11 | 13 << 7 | 2, &sys[REG_TPIDR_EL0]);
	name(0x6030000000130000 | 3 << 14 | 3 << 11 | 14 << 7 | 3 << 3 | 2,
	     &vcpu.arch.timer.v_cval);
	if (cpu_features.pauth)
		name(0x6030000000130000 | 3 << 14 | 2 << 7 | 1 << 3, &sys[REG_APIAKEYLO_EL1]);
#define X(reg, enc, reset) name(SYSREG(enc), &sys[REG_##reg]);
	SWITCHED_REGS(X)
#undef X
}

/* Each goes to its own place, no other changes, and reads back. */
TEST(each_register)
{
	struct vcpu before;
	u64 value;

	for (unsigned int pauth = 0; pauth < 2; pauth++) {
		cpu_features.pauth = pauth;
		memset(&vcpu, 0xa5, sizeof(vcpu));
		name_all();
		for (unsigned int i = 0; i < nr_named; i++) {
			before = vcpu;
			EXPECT_EQ(arch_vcpu_set_reg(&vcpu, named[i].id, 0x123456789abcdef0 + i), 0);
			EXPECT_EQ(*named[i].place, 0x123456789abcdef0 + i);
			value = 0;
			EXPECT_EQ(arch_vcpu_get_reg(&vcpu, named[i].id, &value), 0);
			EXPECT_EQ(value, 0x123456789abcdef0 + i);
			*named[i].place = 0xa5a5a5a5a5a5a5a5;
			EXPECT_EQ(memcmp(&before, &vcpu, sizeof(vcpu)), 0);
		}
	}
}

TEST(pauth_keys)
{
	u64 id = SYSREG(SYS(3, 0, 2, 3, 1)), value = 1;

	cpu_features.pauth = false;
	EXPECT_EQ(arch_vcpu_set_reg(&vcpu, id, 7), -EINVAL);
	EXPECT_EQ(arch_vcpu_get_reg(&vcpu, id, &value), -EINVAL);
	EXPECT_EQ(value, 1);
	cpu_features.pauth = true;
	EXPECT_EQ(arch_vcpu_set_reg(&vcpu, id, 7), 0);
	EXPECT_EQ(vcpu.arch.sys[REG_APGAKEYHI_EL1], 7);
}

TEST(pstate)
{
	static const u64 bad[] = { 0x3c9, 0x3c8, 0x3cd, 0x3c1, 0x1d0, 0x10, 0x3d5, 0x3cf };
	static const u64 good[] = { 0x3c5, 0x3c4, 0x3c0, 0x0, 0xf00003c5 };
	u64 id = CORE(GZVM_CORE_PSTATE), value;

	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(arch_vcpu_set_reg(&vcpu, id, good[i]), 0);
		EXPECT_EQ(arch_vcpu_get_reg(&vcpu, id, &value), 0);
		EXPECT_EQ(value, good[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(arch_vcpu_set_reg(&vcpu, id, bad[i]), -EINVAL);
	EXPECT_EQ(vcpu.arch.pstate, 0xf00003c5);
	/* PAN, SS, IL and what lies above are not the VMM's. */
	EXPECT_EQ(arch_vcpu_set_reg(&vcpu, id, 0xffffffff0ffffc05), 0);
	EXPECT_EQ(vcpu.arch.pstate, 0x5);
}

TEST(timer_control)
{
	u64 id = SYSREG(SYS(3, 3, 14, 3, 1)), value;

	EXPECT_EQ(arch_vcpu_set_reg(&vcpu, id, ~0UL), 0);
	EXPECT_EQ(arch_vcpu_get_reg(&vcpu, id, &value), 0);
	/* ISTATUS is the timer's own. */
	EXPECT_EQ(value, 3);
}

/* Sizes, classes, half registers, system registers that are not there: nothing changes. */
TEST(bad_ids)
{
	static const u64 bad[] = {
		0, ~0UL, 0x6020000000100040, 0x6040000000100040, 0x6030000000100041,
		0x6030000000100001, 0x603000000010004a, 0x6030000000100050, 0x60300000001000d4,
		0x6030000000110000, 0x6030000000120000, 0x6030000000140000, 0x4030000000100000,
		0x6030000100100000, 0x603000010013c100,
		/* TTBR0_EL1 without op0, MIDR_EL1, ID_AA64PFR0_EL1, HCR_EL2 */
		0x6030000000130100, 0x603000000013c000, 0x603000000013c020,
		0x6030000000130000 | 3 << 14 | 4 << 11 | 1 << 7 | 1 << 3,
	};
	struct vcpu before;
	u64 value = 5;

	cpu_features.pauth = true;
	memset(&vcpu, 0x5a, sizeof(vcpu));
	before = vcpu;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(arch_vcpu_set_reg(&vcpu, bad[i], 1), -EINVAL);
		EXPECT_EQ(arch_vcpu_get_reg(&vcpu, bad[i], &value), -EINVAL);
	}
	EXPECT_EQ(value, 5);
	EXPECT_EQ(memcmp(&before, &vcpu, sizeof(vcpu)), 0);
}
