// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/host.c core/test_hooks.c
// LINK: core/page.c core/page_vm.c core/page_protected.c
// LINK: core/pgtable.c core/pgtable_unmap.c core/pgtable_list.c core/pool.c core/stage2.c
/* core/host.c and core/test_hooks.c: the host's world, whole only where a test asks for it. */
#include <hyp/host.h>
#include <hyp/test_hooks.h>

#include "mem_env.h"

static void machine(const char *cmdline)
{
	env_machine(40);
	env_platform.gicd = (struct mem_range){ 0x8000000, 0x10000 };
	env_platform.gicr[0] = (struct mem_range){ 0x8400000, 0x200000 };
	env_platform.gicr[1] = (struct mem_range){ 0x3000000000, 0x20000 };
	env_platform.nr_gicr = 2;
	env_platform.gits[0] = (struct mem_range){ 0x8880000, 0x20000 };
	env_platform.nr_gits = 1;
	snprintf(env_platform.cmdline, sizeof(env_platform.cmdline), "%s", cmdline);
	test_boot(&env_platform);
}

static bool faults(u64 at)
{
	return !env_walk(&host_stage2, at).valid;
}

TEST(host_has_ram_but_ours)
{
	machine("panic=off");
	EXPECT(!test_stage2_whole());
	EXPECT_EQ(host_init(&env_platform, env_records, env_hyp, ARRAY_SIZE(env_hyp)), 0);
	EXPECT(!faults(RAM0));
	EXPECT(!faults(IMAGE - 1));
	EXPECT(faults(IMAGE));
	EXPECT(faults(IMAGE + IMAGE_SIZE - 1));
	EXPECT(!faults(IMAGE + IMAGE_SIZE));
	EXPECT(faults(POOL));
	EXPECT(faults(POOL + POOL_SIZE - 1));
	/* What is ours stays ours at each fault; RAM is never mapped by one. */
	EXPECT(host_fault(ipa(IMAGE)) < 0);
	EXPECT(host_fault(ipa(POOL + POOL_SIZE - 8)) < 0);
	EXPECT(faults(IMAGE));
	EXPECT(faults(POOL + POOL_SIZE - 8));
	EXPECT(host_fault(ipa(1UL << 40)) < 0);
}

TEST(devices_by_fault)
{
	static const u64 frames[] = { 0x8000000, 0x800ffff, 0x8880000, 0x889ffff, 0x8400000,
				      0x85fffff, 0x3000000000, 0x300001ffff };

	machine("");
	EXPECT_EQ(host_init(&env_platform, env_records, env_hyp, ARRAY_SIZE(env_hyp)), 0);
	/* GIC frames by pages, so that one can be taken out later. */
	for (unsigned int i = 0; i < ARRAY_SIZE(frames); i++) {
		EXPECT(faults(frames[i]));
		EXPECT_EQ(host_fault(ipa(frames[i])), 0);
		EXPECT_EQ(env_walk(&host_stage2, frames[i]).out, frames[i]);
		EXPECT_EQ(env_walk(&host_stage2, frames[i]).size, PAGE_SIZE);
	}
	/* Everything else by blocks. */
	EXPECT(faults(0x9000000));
	EXPECT_EQ(host_fault(ipa(0x9000018)), 0);
	EXPECT_EQ(env_walk(&host_stage2, 0x9000018).out, 0x9000018);
	EXPECT(env_walk(&host_stage2, 0x9000018).size >= BLOCK_SIZE);
	EXPECT_EQ(pgtable_lookup(&host_stage2, 0x9000000).prot & PROT_DEVICE, PROT_DEVICE);
	EXPECT_TLB_CLEAN();
}

TEST(host_without_memory_for_tables)
{
	struct pool_quota all = { .limit = ~0UL };

	machine("");
	/* None for the root; then for the root and nothing else. */
	while (pool_alloc(&all, 1))
		;
	EXPECT_EQ(host_init(&env_platform, env_records, env_hyp, ARRAY_SIZE(env_hyp)), -ENOMEM);
}

TEST(test_build_whole)
{
	machine("pool=20M stage2=whole panic=off");
	EXPECT(test_stage2_whole());
	EXPECT_EQ(host_init(&env_platform, env_records, env_hyp, ARRAY_SIZE(env_hyp)), 0);
	EXPECT(!faults(IMAGE));
	EXPECT(!faults(POOL));
	machine("");
	EXPECT(!test_stage2_whole());
}

TEST(test_build_words)
{
	/* Whole words only. */
	machine("fault=checked xstage2=wholesale fault= stage2=whol");
	EXPECT(!test_stage2_whole());
	EXPECT_PANIC(machine("loglevel=debug fault=check"), "data_code[0] == 0");
}
