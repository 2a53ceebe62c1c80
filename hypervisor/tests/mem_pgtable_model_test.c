// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/pgtable.c core/pgtable_unmap.c core/pgtable_list.c core/pool.c core/stage2.c
/* The walker when memory runs out, and random operations against an array. */
#include "mem_tables.h"

/* Every allocation fails once; nothing changed, nothing lost. */
TEST(out_of_memory)
{
	for (unsigned int b = 0; b < ARRAY_SIZE(all_bits); b++) {
		struct pgtable pt = setup(all_bits[b], true);
		u64 half = 1UL << (all_bits[b] - 1), before;
		int n, ret = -ENOMEM;

		EXPECT_EQ(pgtable_map(&pt, half + GIB, 0, GIB, PROT_RW, GIB), 0);
		before = env_hash(&pt);
		/* pages on both sides of the middle: all levels of tables, twice */
		for (n = 0; ret; n++) {
			unsigned int used = arena_used;

			fail_in = n;
			ret = pgtable_map(&pt, half - PAGE_SIZE, 0, BLOCK_SIZE, PROT_RW, GIB);
			fail_in = -1;
			if (!ret)
				break;
			EXPECT_EQ(ret, -ENOMEM);
			EXPECT_EQ(env_hash(&pt), before);
			EXPECT_EQ(arena_used, used);
			EXPECT_TLB_CLEAN();
		}
		EXPECT_EQ(n, pt.start_level ? 4 : 5);

		/* half + GIB is one leaf: cut inside, and at two of its blocks */
		before = env_hash(&pt);
		for (n = 0, ret = -ENOMEM; ret; n++) {
			unsigned int used = arena_used;

			fail_in = n;
			ret = pgtable_unmap(&pt, half + GIB + PAGE_SIZE, 2 * BLOCK_SIZE);
			fail_in = -1;
			if (!ret)
				break;
			EXPECT_EQ(ret, -ENOMEM);
			EXPECT_EQ(env_hash(&pt), before);
			EXPECT_EQ(arena_used, used);
		}
		EXPECT_EQ(n, 3);
		/* two leaves cut, one at each end */
		EXPECT_EQ(pgtable_map(&pt, half + 2 * GIB - 2 * GIB * (all_bits[b] == 32), 7 * GIB,
				      PAGE_SIZE, PROT_RW, GIB),
			  all_bits[b] == 32 ? -EEXIST : 0);
		EXPECT_EQ(pgtable_unmap(&pt, 0, 1UL << all_bits[b]), 0);
		EXPECT_EQ(arena_used, 0);
	}
}

TEST(out_of_memory_second_split)
{
	struct pgtable pt = setup(40, true);
	u64 before;
	int n, ret = -ENOMEM;

	EXPECT_EQ(pgtable_map(&pt, 0, 0, 2 * GIB, PROT_RW, GIB), 0);
	before = env_hash(&pt);
	for (n = 0; ret; n++) {
		fail_in = n;
		ret = pgtable_unmap(&pt, GIB - PAGE_SIZE, 2 * PAGE_SIZE);
		fail_in = -1;
		if (!ret)
			break;
		EXPECT_EQ(env_hash(&pt), before);
		EXPECT_EQ(arena_used, 0);
		EXPECT_EQ(fake_counts.tlbi_stage2, 0);
	}
	EXPECT_EQ(n, 4);
	EXPECT_EQ(arena_used, 4);
}

/* A window of pages against an array, with random operations. */
#define WINDOW 2048UL
#define NOTHING ~0UL

static void check_model(struct pgtable *pt, u64 base, const u64 *model)
{
	u64 pages = 0, leaves = 0;

	for (u64 i = 0; i < WINDOW; i++) {
		struct fake_walk w = env_walk(pt, base + (i << PAGE_SHIFT));

		EXPECT_EQ(w.valid ? w.out : NOTHING, model[i]);
		if (!w.valid)
			continue;
		if (w.level == 3)
			pages++;
		else if (i % 512 == 0)
			leaves++;
	}
	EXPECT_EQ(pt->pages, pages);
	EXPECT_EQ(pt->blocks, leaves);
	EXPECT_EQ(arena_used, pt->tables);
	EXPECT_TLB_CLEAN();
}

static void drop_model(struct pgtable *pt, u64 ia, u64 out, u64 size, void *arg)
{
	u64 **m = arg, *model = m[1], first = (ia - (u64)m[0]) >> PAGE_SHIFT;

	(void)pt;
	for (u64 i = 0; i < size >> PAGE_SHIFT; i++) {
		EXPECT_EQ(model[first + i], out + (i << PAGE_SHIFT));
		model[first + i] = NOTHING;
	}
}

static void random_ops(unsigned int bits, u64 seed, unsigned int rounds)
{
	static u64 model[WINDOW];
	struct pgtable pt = setup(bits, true);
	u64 base = (1UL << (bits - 1)) - 2 * BLOCK_SIZE; /* over the middle */
	void *args[] = { (void *)base, model };

	for (u64 i = 0; i < WINDOW; i++)
		model[i] = NOTHING;
	for (unsigned int r = 0; r < rounds && ktap_failures < 20; r++) {
		u64 i = ktap_random(&seed) % WINDOW, n = 1 + ktap_random(&seed) % 700;
		u64 out, exists = 0;
		int ret;

		if (ktap_random(&seed) % 2)
			i = ALIGN_DOWN(i, 512);
		if (ktap_random(&seed) % 2)
			n = ALIGN_UP(n, 512);
		n = MIN(n, WINDOW - i);
		for (int k = 0; k < 4; k++)
			env_access(&pt, base + ((ktap_random(&seed) % WINDOW) << PAGE_SHIFT));
		fail_in = ktap_random(&seed) % 3 ? -1 : (int)(ktap_random(&seed) % 4);
		switch (ktap_random(&seed) % 4) {
		case 0:
		case 1:
			/* sometimes where it may be already, sometimes elsewhere */
			out = 64 * GIB + (i << PAGE_SHIFT);
			if (ktap_random(&seed) % 4 == 0)
				out += (ktap_random(&seed) % 3) << PAGE_SHIFT;
			for (u64 k = 0; k < n; k++)
				if (model[i + k] != NOTHING &&
				    model[i + k] != out + (k << PAGE_SHIFT))
					exists = 1;
			ret = pgtable_map(&pt, base + (i << PAGE_SHIFT), out, n << PAGE_SHIFT,
					  PROT_RW, GIB);
			if (exists || fail_in < 0)
				EXPECT(ret == (exists ? -EEXIST : 0) || ret == -ENOMEM);
			for (u64 k = 0; k < n && !ret; k++)
				model[i + k] = out + (k << PAGE_SHIFT);
			break;
		case 2:
			ret = pgtable_unmap(&pt, base + (i << PAGE_SHIFT), n << PAGE_SHIFT);
			EXPECT(ret == 0 || ret == -ENOMEM);
			for (u64 k = 0; k < n && !ret; k++)
				model[i + k] = NOTHING;
			break;
		case 3:
			fail_in = 0;
			pgtable_drop(&pt, base + (i << PAGE_SHIFT), n << PAGE_SHIFT, drop_model,
				     args);
			for (u64 k = 0; k < n; k++)
				EXPECT_EQ(model[i + k], NOTHING);
			break;
		}
		check_model(&pt, base, model);
	}
	fail_in = -1;
	EXPECT_EQ(pgtable_unmap(&pt, 0, 1UL << bits), 0);
	EXPECT_EQ(arena_used, 0);
}

TEST(random_against_model)
{
	random_ops(32, 11, 150);
	random_ops(40, 22, 150);
	random_ops(43, 33, 150);
	random_ops(48, 44, 150);
}
