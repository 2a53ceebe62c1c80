// SPDX-License-Identifier: GPL-2.0-only
/* The test frame and the fake arch themselves. */
#include "ktap.h"

#include <hyp/panic.h>

TEST(panic_is_caught)
{
	EXPECT_PANIC(panic("out of %s", "luck"), "out of luck");
}

TEST(map_slots_do_not_nest_deeper)
{
	void *va[ARCH_MAP_SLOTS];

	fake_ram_add(0x40000000, PAGE_SIZE);
	for (int i = 0; i < ARCH_MAP_SLOTS; i++)
		va[i] = arch_map_page(pa(0x40000000));
	EXPECT_PANIC(arch_map_page(pa(0x40000000)), "map_depth");
	for (int i = 0; i < ARCH_MAP_SLOTS; i++)
		arch_unmap_page(va[i]);
	EXPECT_PANIC(arch_unmap_page(va[0]), "map_depth");
}

/* The model finds a forgotten invalidation and a missing break. */
TEST(tlb_model_sees_mistakes)
{
	struct fake_mmu mmu = { .root = 0x40000000, .start_level = 1, .ia_bits = 39,
				.stage2 = true, .vmid = 3 };
	u64 *root, out;

	fake_ram_add(0x40000000, PAGE_SIZE);
	root = fake_va(0x40000000);
	memset(root, 0, PAGE_SIZE);
	EXPECT(!fake_tlb_access(&mmu, 0x1234, &out));
	root[0] = 0x80000000 | 0x401;
	EXPECT(fake_tlb_access(&mmu, 0x1234, &out));
	EXPECT_EQ(out, 0x80001234);
	EXPECT_EQ(fake_tlb_stale(), 0);

	root[0] = 0xc0000000 | 0x401;
	EXPECT_EQ(fake_tlb_stale(), 1);
	EXPECT(fake_tlb_access(&mmu, 0x1234, &out));
	EXPECT_EQ(out, 0x80001234);

	arch_tlbi_stage2(4, pa(0), ipa(0), 0);
	arch_tlbi_stage2(3, pa(0), ipa(1UL << 30), PAGE_SIZE);
	EXPECT_EQ(fake_tlb_stale(), 1);
	EXPECT_EQ(fake_tlb_bbm_errors, 0);
	arch_tlbi_stage2(3, pa(0), ipa(0), PAGE_SIZE);
	EXPECT_EQ(fake_tlb_stale(), 0);
	EXPECT_EQ(fake_tlb_bbm_errors, 1);
	/* The invalidation had no break before it: the CPU had the new one at once. */
	EXPECT(fake_tlb_access(&mmu, 0x1234, &out));
	EXPECT_EQ(out, 0xc0001234);
	/* An invalidation before the break is of no use. */
	arch_tlbi_stage2(3, pa(0), ipa(0), 0);
	EXPECT_EQ(fake_tlb_bbm_errors, 1);
	root[0] = 0;
	EXPECT_EQ(fake_tlb_stale(), 1);
	arch_tlbi_stage2(3, pa(0), ipa(0), 0);
	EXPECT_EQ(fake_tlb_stale(), 0);
	EXPECT_EQ(fake_tlb_bbm_errors, 1);
}
