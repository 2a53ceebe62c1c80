// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/pgtable.c core/pgtable_unmap.c core/pgtable_list.c core/pool.c core/stage2.c
/*
 * The walker, on tables of the test's own: every geometry, stage 1 and 2, every
 * failing allocation, the order of break, invalidation and make.
 */
#include "mem_tables.h"

/* Maps @size at @ia, looks at all corners, unmaps; tables come and go. */
static void map_one(struct pgtable *pt, u64 ia, u64 out, u64 size, u64 max_leaf)
{
	u64 corners[] = { 0, 8, size / 2, size - PAGE_SIZE, size - 1 };
	u64 before = env_hash(pt);

	ASSERT_EQ(pgtable_map(pt, ia, out, size, PROT_RW, max_leaf), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(corners); i++) {
		struct pgtable_leaf leaf = pgtable_lookup(pt, ia + corners[i]);
		struct fake_walk w = env_walk(pt, ia + corners[i]);

		EXPECT(leaf.valid && w.valid);
		EXPECT_EQ(leaf.pa, out + corners[i]);
		EXPECT_EQ(w.out, out + corners[i]);
		EXPECT_EQ(leaf.level, w.level);
		EXPECT_EQ(leaf.size, w.size);
		EXPECT_EQ(leaf.prot, PROT_RW);
		EXPECT(leaf.size <= max_leaf);
		EXPECT_EQ(env_access(pt, ia + corners[i]), out + corners[i]);
	}
	if (ia)
		EXPECT(!pgtable_lookup(pt, ia - 1).valid);
	EXPECT(!pgtable_lookup(pt, ia + size).valid);
	EXPECT_EQ(fake_counts.tlbi_stage2 + fake_counts.tlbi_el2, 0);
	/* The same once more changes nothing. */
	EXPECT_EQ(pgtable_map(pt, ia, out, size, PROT_RW, max_leaf), 0);
	EXPECT_EQ(pgtable_unmap(pt, ia, size), 0);
	EXPECT(fake_counts.tlbi_stage2 + fake_counts.tlbi_el2);
	EXPECT_TLB_CLEAN();
	EXPECT_EQ(env_hash(pt), before);
	EXPECT_EQ(arena_used, 0);
	EXPECT_EQ(pt->pages + pt->blocks + pt->tables, 0);
	memset(&fake_counts, 0, sizeof(fake_counts));
}

TEST(map_every_geometry)
{
	for (unsigned int b = 0; b < ARRAY_SIZE(all_bits); b++) {
		for (int stage2 = 0; stage2 < 2; stage2++) {
			unsigned int bits = all_bits[b];
			struct pgtable pt = setup(bits, stage2);
			u64 limit = 1UL << bits;

			if (!stage2 && bits > 39)
				pt.start_level = 0;
			map_one(&pt, 0, 0x12345000, PAGE_SIZE, GIB);
			map_one(&pt, limit - PAGE_SIZE, 0, PAGE_SIZE, GIB);
			map_one(&pt, limit - GIB, 3 * GIB, GIB, GIB);
			map_one(&pt, limit - GIB, 3 * GIB, GIB, BLOCK_SIZE);
			map_one(&pt, 0x40000000, 0x40000000, 3 * BLOCK_SIZE, PAGE_SIZE);
			/* Over the ends of leaves, tables and concatenated tables. */
			map_one(&pt, limit / 2 - 3 * PAGE_SIZE, 0x7000, 5 * PAGE_SIZE, GIB);
			map_one(&pt, limit / 2 - BLOCK_SIZE, GIB, GIB, GIB);
			map_one(&pt, GIB - BLOCK_SIZE - PAGE_SIZE, 5 * GIB - BLOCK_SIZE - PAGE_SIZE,
				GIB + 2 * (BLOCK_SIZE + PAGE_SIZE), GIB);
			/* In step but for one page: pages only. */
			map_one(&pt, BLOCK_SIZE, 16 * BLOCK_SIZE + PAGE_SIZE, 2 * BLOCK_SIZE, GIB);
		}
	}
}

TEST(map_takes_largest_leaves)
{
	struct pgtable pt = setup(40, true);

	/* 1 GiB + 2 MiB + a page on each side */
	EXPECT_EQ(pgtable_map(&pt, GIB - BLOCK_SIZE - PAGE_SIZE, GIB - BLOCK_SIZE - PAGE_SIZE,
			      GIB + 2 * BLOCK_SIZE + 2 * PAGE_SIZE, PROT_RWX, GIB), 0);
	EXPECT_EQ(pt.pages, 2);
	EXPECT_EQ(pt.blocks, 3);
	EXPECT_EQ(pt.tables, 4);
	EXPECT_EQ(arena_used, 4);
	EXPECT_EQ(pgtable_lookup(&pt, GIB).size, GIB);
	EXPECT_EQ(pgtable_lookup(&pt, GIB - PAGE_SIZE).size, BLOCK_SIZE);
	EXPECT_EQ(pgtable_lookup(&pt, GIB - BLOCK_SIZE - 1).size, PAGE_SIZE);
	EXPECT_EQ(pgtable_lookup(&pt, 5 * GIB).size, GIB);
	EXPECT_EQ(pgtable_lookup(&pt, 2 * GIB + 4 * BLOCK_SIZE).size, BLOCK_SIZE);
	EXPECT_EQ(pgtable_lookup(&pt, GIB - 2 * BLOCK_SIZE).size, PAGE_SIZE);
	EXPECT_EQ(fake_counts.tlbi_stage2, 0);
	EXPECT(fake_counts.pt_sync);
}

TEST(level_0_has_no_blocks)
{
	struct pgtable pt = setup(48, true);

	EXPECT_EQ(pgtable_map(&pt, 0, 0, 512 * GIB, PROT_RW, ~0UL), 0);
	EXPECT_EQ(pt.blocks, 512);
	EXPECT_EQ(pt.tables, 1);
}

TEST(refusals)
{
	for (unsigned int b = 0; b < ARRAY_SIZE(all_bits); b++) {
		struct pgtable pt = setup(all_bits[b], true);
		u64 limit = 1UL << all_bits[b], before = env_hash(&pt);
		static const struct {
			u64 ia, pa, size;
		} bad[] = {
			{ 1, 0, PAGE_SIZE }, { 0, 1, PAGE_SIZE }, { 0, 0, PAGE_SIZE + 1 },
			{ 0, 0, 0 }, { 0, 1UL << 48, PAGE_SIZE },
			{ 0, (1UL << 48) - PAGE_SIZE, 2 * PAGE_SIZE },
			{ ~0UL << 12, 0, PAGE_SIZE }, { ~0UL << 12, 0, 2 * PAGE_SIZE },
			{ PAGE_SIZE, 0, ~0UL << 12 },
		};

		for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
			EXPECT_EQ(pgtable_map(&pt, bad[i].ia, bad[i].pa, bad[i].size, PROT_RW, GIB),
				  -EINVAL);
		EXPECT_EQ(pgtable_map(&pt, limit, 0, PAGE_SIZE, PROT_RW, GIB), -EINVAL);
		EXPECT_EQ(pgtable_map(&pt, limit - PAGE_SIZE, 0, 2 * PAGE_SIZE, PROT_RW, GIB),
			  -EINVAL);
		EXPECT_EQ(pgtable_map(&pt, 0, 0, PAGE_SIZE, PROT_RW, 2048), -EINVAL);
		EXPECT_EQ(pgtable_unmap(&pt, limit, PAGE_SIZE), -EINVAL);
		EXPECT_EQ(pgtable_unmap(&pt, 0, 17), -EINVAL);
		EXPECT_EQ(pgtable_unmap(&pt, 0, 0), -EINVAL);
		EXPECT_EQ(pgtable_protect(&pt, limit, PAGE_SIZE, PROT_R), -EINVAL);
		EXPECT(!pgtable_lookup(&pt, limit).valid);
		EXPECT(!pgtable_lookup(&pt, ~0UL).valid);
		EXPECT_EQ(env_hash(&pt), before);
		EXPECT_EQ(arena_used, 0);
	}
}

TEST(prot_refusals)
{
	struct pgtable s2 = setup(40, true), s1 = setup(40, false);
	static const u32 bad[] = { 0, PROT_W, PROT_X, PROT_DEVICE | PROT_RX, 1 << 4 | PROT_R };

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(pgtable_map(&s1, 0, 0, PAGE_SIZE, bad[i], GIB), -EINVAL);
		EXPECT_EQ(pgtable_map(&s2, 0, 0, PAGE_SIZE, bad[i], GIB), -EINVAL);
		EXPECT_EQ(pgtable_protect(&s2, 0, PAGE_SIZE, bad[i]), -EINVAL);
	}
	EXPECT_EQ(pgtable_map(&s1, 0, 0, PAGE_SIZE, PROT_RWX, GIB), -EINVAL);
	EXPECT_EQ(arena_used, 0);
}

/* Bit by bit, from the Arm ARM; not from the walker's own names. */
TEST(descriptor_bits)
{
	static const struct {
		u32 prot;
		u64 s2, s2_fwb, s1;
	} cases[] = {
		/*            XN             | AF   SH    S2AP   MemAttr | page */
		{ PROT_R,     1UL << 54 | 0x400 | 0x300 | 0x40 | 0x3c | 3,
			      1UL << 54 | 0x400 | 0x300 | 0x40 | 0x18 | 3,
			      1UL << 54 | 0x400 | 0x300 | 0xc0 | 0x04 | 3 },
		{ PROT_RW,    1UL << 54 | 0x400 | 0x300 | 0xc0 | 0x3c | 3,
			      1UL << 54 | 0x400 | 0x300 | 0xc0 | 0x18 | 3,
			      1UL << 54 | 0x400 | 0x300 | 0x40 | 0x04 | 3 },
		{ PROT_RX,    0x400 | 0x300 | 0x40 | 0x3c | 3,
			      0x400 | 0x300 | 0x40 | 0x18 | 3,
			      0x400 | 0x300 | 0xc0 | 0x04 | 3 },
		{ PROT_RWX,   0x400 | 0x300 | 0xc0 | 0x3c | 3,
			      0x400 | 0x300 | 0xc0 | 0x18 | 3, 0 },
		{ PROT_RW | PROT_DEVICE, 1UL << 54 | 0x400 | 0x300 | 0xc0 | 0x04 | 3,
			      1UL << 54 | 0x400 | 0x300 | 0xc0 | 0x04 | 3,
			      1UL << 54 | 0x400 | 0x300 | 0x40 | 0x00 | 3 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		for (int kind = 0; kind < 3; kind++) {
			struct pgtable pt = setup(40, kind != 2);
			u64 want = kind == 0 ? cases[i].s2 :
				   kind == 1 ? cases[i].s2_fwb :
					       cases[i].s1;

			pt.fwb = kind == 1;
			if (!want)
				continue;
			EXPECT_EQ(pgtable_map(&pt, 0x5000, 0xabcdef000, PAGE_SIZE, cases[i].prot,
					      GIB),
				  0);
			EXPECT_EQ(env_walk(&pt, 0x5000).desc, 0xabcdef000 | want);
			EXPECT_EQ(pgtable_lookup(&pt, 0x5000).prot, cases[i].prot);
			/* A block has 0b01 where a page has 0b11. */
			EXPECT_EQ(pgtable_map(&pt, GIB, 2 * GIB, GIB, cases[i].prot, GIB), 0);
			EXPECT_EQ(env_walk(&pt, GIB).desc, (2 * GIB) | (want & ~2UL));
		}
	}
}

TEST(map_over_something_else)
{
	struct pgtable pt = setup(40, true);
	u64 before;

	EXPECT_EQ(pgtable_map(&pt, GIB, GIB, BLOCK_SIZE, PROT_RWX, BLOCK_SIZE), 0);
	before = env_hash(&pt);
	/* other output, other permissions, a part, more: all over a block */
	EXPECT_EQ(pgtable_map(&pt, GIB, 2 * GIB, BLOCK_SIZE, PROT_RWX, GIB), -EEXIST);
	EXPECT_EQ(pgtable_map(&pt, GIB, GIB, BLOCK_SIZE, PROT_RW, GIB), -EEXIST);
	EXPECT_EQ(pgtable_map(&pt, GIB + PAGE_SIZE, GIB, PAGE_SIZE, PROT_RWX, GIB), -EEXIST);
	EXPECT_EQ(pgtable_map(&pt, GIB - PAGE_SIZE, 0, 2 * PAGE_SIZE, PROT_RWX, GIB), -EEXIST);
	EXPECT_EQ(pgtable_map(&pt, GIB - PAGE_SIZE, 7 * GIB, BLOCK_SIZE + 2 * PAGE_SIZE, PROT_RWX,
			      GIB), -EEXIST);
	EXPECT_EQ(env_hash(&pt), before);
	/* A part of the block as it is, and around it as well. */
	EXPECT_EQ(pgtable_map(&pt, GIB + 5 * PAGE_SIZE, GIB + 5 * PAGE_SIZE, PAGE_SIZE, PROT_RWX,
			      GIB), 0);
	EXPECT_EQ(env_hash(&pt), before);
	EXPECT_EQ(pgtable_map(&pt, GIB - PAGE_SIZE, GIB - PAGE_SIZE, BLOCK_SIZE + 2 * PAGE_SIZE,
			      PROT_RWX, GIB), 0);
	EXPECT_EQ(pt.blocks, 1);
	EXPECT_EQ(pt.pages, 2);
	before = env_hash(&pt);
	EXPECT_EQ(pgtable_map(&pt, GIB - BLOCK_SIZE, GIB, BLOCK_SIZE, PROT_RWX, GIB), -EEXIST);
	EXPECT_EQ(env_hash(&pt), before);
}

/* What is left of a 1 GiB block when a piece goes: the largest leaves. */
TEST(unmap_splits)
{
	static const struct {
		u64 from, size;
		u64 pages, blocks, tables;
	} cases[] = {
		{ 0, PAGE_SIZE, 511, 511, 2 },
		{ GIB - PAGE_SIZE, PAGE_SIZE, 511, 511, 2 },
		{ BLOCK_SIZE, BLOCK_SIZE, 0, 511, 1 },
		{ 0, GIB / 2, 0, 256, 1 },
		{ BLOCK_SIZE - PAGE_SIZE, 2 * PAGE_SIZE, 2 * 511, 510, 3 },
		{ 5 * BLOCK_SIZE + 3 * PAGE_SIZE, 7 * PAGE_SIZE, 505, 511, 2 },
		{ BLOCK_SIZE - PAGE_SIZE, 2 * BLOCK_SIZE, 511 + 1, 509, 3 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pgtable pt = setup(40, true);
		u64 from = GIB + cases[i].from, to = from + cases[i].size;

		EXPECT_EQ(pgtable_map(&pt, 0, 0, 4 * GIB, PROT_RWX, GIB), 0);
		for (u64 ia = GIB; ia < 2 * GIB; ia += 7 * BLOCK_SIZE + PAGE_SIZE)
			env_access(&pt, ia);
		env_access(&pt, from);
		EXPECT_EQ(pgtable_unmap(&pt, from, cases[i].size), 0);
		EXPECT_TLB_CLEAN();
		EXPECT_EQ(pt.pages, cases[i].pages);
		EXPECT_EQ(pt.blocks, cases[i].blocks + 3);
		EXPECT_EQ(pt.tables, cases[i].tables);
		EXPECT_EQ(arena_used, cases[i].tables);
		for (u64 ia = GIB; ia < 2 * GIB; ia += PAGE_SIZE) {
			struct fake_walk w = env_walk(&pt, ia);

			EXPECT_EQ(w.valid, ia < from || ia >= to);
			if (w.valid)
				EXPECT_EQ(w.out, ia);
		}
		/* A hole is no error, and needs no invalidation. */
		memset(&fake_counts, 0, sizeof(fake_counts));
		EXPECT_EQ(pgtable_unmap(&pt, from, cases[i].size), 0);
		EXPECT_EQ(fake_counts.tlbi_stage2, 0);
		EXPECT_EQ(pgtable_unmap(&pt, 0, 1UL << 40), 0);
		EXPECT_EQ(arena_used, 0);
		EXPECT_EQ(pt.pages + pt.blocks + pt.tables, 0);
	}
}

/* Two blocks cut by one range, each at one end; one 1 GiB, one 2 MiB. */
TEST(unmap_splits_at_both_ends)
{
	struct pgtable pt = setup(40, true);

	EXPECT_EQ(pgtable_map(&pt, 0, 0, GIB + 3 * BLOCK_SIZE, PROT_RW, GIB), 0);
	EXPECT_EQ(pgtable_unmap(&pt, GIB - PAGE_SIZE, 2 * PAGE_SIZE), 0);
	EXPECT_EQ(pt.pages, 511 + 511);
	EXPECT_EQ(pt.blocks, 511 + 2);
	EXPECT_EQ(pt.tables, 4);
	EXPECT_EQ(arena_used, 4);
	EXPECT(env_walk(&pt, GIB - PAGE_SIZE - 1).valid);
	EXPECT(!env_walk(&pt, GIB - PAGE_SIZE).valid);
	EXPECT(!env_walk(&pt, GIB + PAGE_SIZE - 1).valid);
	EXPECT(env_walk(&pt, GIB + PAGE_SIZE).valid);
}

struct dropped {
	unsigned int nr;
	u64 ia[8], pa[8], size[8];
};

static void record_drop(struct pgtable *pt, u64 ia, u64 out, u64 size, void *arg)
{
	struct dropped *d = arg;

	/* Gone from the TLBs before anybody is told. */
	EXPECT_EQ(fake_tlb_stale(), 0);
	EXPECT(fake_counts.tlbi_stage2 > 0);
	EXPECT(!env_walk(pt, ia).valid);
	if (d->nr < 8) {
		d->ia[d->nr] = ia;
		d->pa[d->nr] = out;
		d->size[d->nr] = size;
	}
	d->nr++;
}

TEST(drop_takes_whole_leaves)
{
	struct pgtable pt = setup(40, true);
	struct dropped d = { 0 };

	EXPECT_EQ(pgtable_map(&pt, 0, GIB, BLOCK_SIZE, PROT_RW, GIB), 0);
	EXPECT_EQ(pgtable_map(&pt, BLOCK_SIZE, 3 * GIB, 2 * PAGE_SIZE, PROT_RW, GIB), 0);
	EXPECT_EQ(pgtable_map(&pt, 8 * GIB, 4 * GIB, GIB, PROT_RW, GIB), 0);
	env_access(&pt, 0);
	env_access(&pt, BLOCK_SIZE);
	env_access(&pt, BLOCK_SIZE + PAGE_SIZE);
	env_access(&pt, 8 * GIB);
	fail_in = 0; /* it must not need memory */
	pgtable_drop(&pt, BLOCK_SIZE - PAGE_SIZE, 2 * PAGE_SIZE, record_drop, &d);
	EXPECT_EQ(d.nr, 2);
	EXPECT_EQ(d.ia[0], 0);
	EXPECT_EQ(d.pa[0], GIB);
	EXPECT_EQ(d.size[0], BLOCK_SIZE);
	EXPECT_EQ(d.ia[1], BLOCK_SIZE);
	EXPECT_EQ(d.pa[1], 3 * GIB);
	EXPECT_EQ(d.size[1], PAGE_SIZE);
	EXPECT_EQ(pt.pages, 1);
	EXPECT_EQ(pt.blocks, 1);
	EXPECT_EQ(pt.tables, 2);
	EXPECT_EQ(fake_counts.tlbi_stage2, 1);
	EXPECT_TLB_CLEAN();
	pgtable_drop(&pt, 0, 1UL << 40, record_drop, &d);
	EXPECT_EQ(d.nr, 4);
	EXPECT_EQ(d.size[3], GIB);
	EXPECT_EQ(fake_counts.tlbi_stage2, 2);
	EXPECT_EQ(arena_used, 0);
	EXPECT_TLB_CLEAN();
	/* Nothing there: nothing to do. */
	pgtable_drop(&pt, 0, 1UL << 40, record_drop, &d);
	EXPECT_EQ(d.nr, 4);
	EXPECT_EQ(fake_counts.tlbi_stage2, 2);
	EXPECT_PANIC(pgtable_drop(&pt, 1UL << 40, PAGE_SIZE, NULL, NULL), "pgtable_walk");
}

/* The invalidation is as narrow as what was taken out. */
TEST(invalidation_is_narrow)
{
	struct pgtable pt = setup(40, true);

	EXPECT_EQ(pgtable_map(&pt, 0x10000, GIB, 4 * PAGE_SIZE, PROT_RW, GIB), 0);
	EXPECT_EQ(pgtable_unmap(&pt, 0x11000, PAGE_SIZE), 0);
	EXPECT_EQ(fake_last_tlbi.addr, 0x11000);
	EXPECT_EQ(fake_last_tlbi.size, PAGE_SIZE);
	EXPECT_EQ(fake_last_tlbi.vmid, 7);
	EXPECT_EQ(fake_last_tlbi.root, ARENA);
	EXPECT_EQ(pgtable_unmap(&pt, 0, 1UL << 40), 0);
	EXPECT_EQ(fake_last_tlbi.addr, 0x10000);
	EXPECT_EQ(fake_last_tlbi.size, 4 * PAGE_SIZE);
}

TEST(prepare_then_prune)
{
	struct pgtable pt = setup(48, true);
	u64 before = env_hash(&pt);

	EXPECT_EQ(pgtable_prepare(&pt, GIB, 0, PAGE_SIZE, PROT_RW, GIB), 0);
	EXPECT_EQ(pt.tables, 3);
	EXPECT_EQ(env_access(&pt, GIB), ~0UL); /* the walk cache holds the tables */
	pgtable_prune(&pt, GIB, PAGE_SIZE);
	EXPECT_EQ(pt.tables, 0);
	EXPECT_EQ(arena_used, 0);
	EXPECT_EQ(env_hash(&pt), before);
	EXPECT_TLB_CLEAN();
	/* A leaf keeps its tables. */
	EXPECT_EQ(pgtable_prepare(&pt, GIB, 0, PAGE_SIZE, PROT_RW, GIB), 0);
	fail_in = 0;
	EXPECT_EQ(pgtable_map(&pt, GIB, 0, PAGE_SIZE, PROT_RW, GIB), 0);
	pgtable_prune(&pt, 0, 1UL << 48);
	EXPECT_EQ(pt.tables, 3);
	EXPECT_PANIC(pgtable_free_tables(&pt), "pages");
	EXPECT_EQ(pgtable_unmap(&pt, GIB, PAGE_SIZE), 0);
	fail_in = -1;
	EXPECT_EQ(pgtable_prepare(&pt, GIB, 0, PAGE_SIZE, PROT_RW, GIB), 0);
	pgtable_free_tables(&pt);
	EXPECT_EQ(arena_used, 0);
	pgtable_free_tables(&pt);
}

TEST(protect)
{
	struct pgtable pt = setup(39, false);
	u64 before;

	EXPECT_EQ(pgtable_map(&pt, 0x200000, GIB, 4 * PAGE_SIZE, PROT_RW, PAGE_SIZE), 0);
	EXPECT_EQ(pgtable_map(&pt, 0x400000, 2 * GIB, BLOCK_SIZE, PROT_RW, BLOCK_SIZE), 0);
	env_access(&pt, 0x201000);
	EXPECT_EQ(pgtable_protect(&pt, 0x201000, 2 * PAGE_SIZE, PROT_RX), 0);
	EXPECT_EQ(fake_counts.tlbi_el2, 1);
	EXPECT_EQ(fake_last_tlbi.addr, 0x201000);
	EXPECT_EQ(fake_last_tlbi.size, 2 * PAGE_SIZE);
	EXPECT_EQ(fake_tlb_stale(), 0);
	EXPECT_EQ(pgtable_lookup(&pt, 0x200000).prot, PROT_RW);
	EXPECT_EQ(pgtable_lookup(&pt, 0x201000).prot, PROT_RX);
	EXPECT_EQ(pgtable_lookup(&pt, 0x202fff).prot, PROT_RX);
	EXPECT_EQ(pgtable_lookup(&pt, 0x202fff).pa, GIB + 0x2fff);
	EXPECT_EQ(pgtable_lookup(&pt, 0x203000).prot, PROT_RW);
	EXPECT_EQ(pgtable_protect(&pt, 0x400000, BLOCK_SIZE, PROT_R), 0);
	EXPECT_EQ(pgtable_lookup(&pt, 0x400000).prot, PROT_R);
	EXPECT_EQ(pgtable_lookup(&pt, 0x400000).size, BLOCK_SIZE);

	before = env_hash(&pt);
	/* a hole, a part of a block, W and X, another memory type */
	EXPECT_EQ(pgtable_protect(&pt, 0x203000, 2 * PAGE_SIZE, PROT_R), -EINVAL);
	EXPECT_EQ(pgtable_protect(&pt, 0x3ff000, 2 * PAGE_SIZE, PROT_R), -EINVAL);
	EXPECT_EQ(pgtable_protect(&pt, 0x401000, PAGE_SIZE, PROT_R), -EINVAL);
	EXPECT_EQ(pgtable_protect(&pt, 0x400000, PAGE_SIZE, PROT_R), -EINVAL);
	EXPECT_EQ(pgtable_protect(&pt, 0x200000, PAGE_SIZE, PROT_RWX), -EINVAL);
	EXPECT_EQ(pgtable_protect(&pt, 0x200000, PAGE_SIZE, PROT_RW | PROT_DEVICE), -EINVAL);
	EXPECT_EQ(env_hash(&pt), before);
	EXPECT_EQ(fake_counts.tlbi_el2, 2);

	pt = setup(40, true);
	EXPECT_EQ(pgtable_map(&pt, 0, 0, PAGE_SIZE, PROT_RWX, GIB), 0);
	EXPECT_EQ(pgtable_protect(&pt, 0, PAGE_SIZE, PROT_R), 0);
	EXPECT_EQ(pgtable_lookup(&pt, 0).prot, PROT_R);
}

static int stop_visit(struct pgtable *pt __unused, u64 ia, unsigned int level, u64 *entry __unused,
		      enum pgtable_visit what, void *arg)
{
	u64 *log = arg;

	log[++log[0]] = ia | level << 4 | what;
	return ia == GIB + PAGE_SIZE && level == 3 ? -7 : 0;
}

TEST(walk_order_and_stop)
{
	struct pgtable pt = setup(39, true);
	u64 log[32] = { 0 };
	struct pgtable_walk walk = {
		.visit = stop_visit,
		.flags = 1U << PT_LEAF | 1U << PT_TABLE_PRE | 1U << PT_TABLE_POST,
		.arg = log,
	};
	static const u64 want[] = {
		0 | 0x10 | PT_TABLE_PRE, (GIB - BLOCK_SIZE) | 0x20 | PT_TABLE_PRE,
		(GIB - PAGE_SIZE) | 0x30 | PT_LEAF, (GIB - BLOCK_SIZE) | 0x20 | PT_TABLE_POST,
		0 | 0x10 | PT_TABLE_POST, GIB | 0x10 | PT_TABLE_PRE, GIB | 0x20 | PT_TABLE_PRE,
		GIB | 0x30 | PT_LEAF, (GIB + PAGE_SIZE) | 0x30 | PT_LEAF,
	};

	EXPECT_EQ(pgtable_map(&pt, GIB - PAGE_SIZE, 0, 4 * PAGE_SIZE, PROT_R, GIB), 0);
	EXPECT_EQ(pgtable_walk(&pt, GIB - PAGE_SIZE, 4 * PAGE_SIZE, &walk), -7);
	EXPECT_EQ(log[0], ARRAY_SIZE(want));
	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++)
		EXPECT_EQ(log[i + 1], want[i]);
}

/* Lists: the walker's half of lending; the rest is in mem_page_test.c. */
static void no_surplus(struct pgtable *pt, u64 ia, u64 out, u64 size, void *arg)
{
	(void)pt;
	(void)ia;
	(void)out;
	*(u64 *)arg += size;
}

TEST(list_refusals)
{
	struct pgtable pt = setup(40, true);
	u64 pfns[HYP_WORK_PAGES + 1] = { 5, 6 }, surplus = 0, before;
	struct pgtable_list list = {
		.pfns = pfns, .pages = 2, .prot = PROT_RW, .surplus = no_surplus, .arg = &surplus,
	};

	EXPECT_EQ(pgtable_map(&pt, GIB, GIB, GIB, PROT_RW, GIB), 0);
	before = env_hash(&pt);
	list.prot = PROT_W;
	EXPECT_EQ(pgtable_list_prepare(&pt, &list), -EINVAL);
	list.prot = PROT_RW;
	list.pages = 0;
	EXPECT_EQ(pgtable_list_prepare(&pt, &list), -EINVAL);
	list.pages = HYP_WORK_PAGES + 1;
	EXPECT_EQ(pgtable_list_prepare(&pt, &list), -EINVAL);
	list.pages = 2;
	list.ia = 1UL << 40;
	EXPECT_EQ(pgtable_list_prepare(&pt, &list), -EINVAL);
	list.ia = 0x123;
	EXPECT_EQ(pgtable_list_prepare(&pt, &list), -EINVAL);
	/* a leaf of 1 GiB is not a list's to take out, also by its second page */
	list.ia = GIB - PAGE_SIZE;
	EXPECT_EQ(pgtable_list_prepare(&pt, &list), -EEXIST);
	EXPECT_EQ(env_hash(&pt), before);
	EXPECT_EQ(arena_used, 0);
	/* unless it says the same */
	list.ia = GIB;
	pfns[0] = GIB >> PAGE_SHIFT;
	pfns[1] = pfns[0] + 1;
	EXPECT_EQ(pgtable_list_prepare(&pt, &list), 0);
	pgtable_list_commit(&pt, &list);
	EXPECT_EQ(surplus, 2 * PAGE_SIZE);
	EXPECT_EQ(env_hash(&pt), before);
}

TEST(stage2_geometry)
{
	static const struct {
		unsigned int bits, start, pages;
		u64 vtcr; /* PS, TG0 0, SH0 3, ORGN0 1, IRGN0 1, SL0, T0SZ */
	} want[] = {
		{ 32, 1, 1, 0 << 16 | 0x3500 | 1 << 6 | 32 },
		{ 36, 1, 1, 1 << 16 | 0x3500 | 1 << 6 | 28 },
		{ 39, 1, 1, 1 << 16 | 0x3500 | 1 << 6 | 25 },
		{ 40, 1, 2, 2 << 16 | 0x3500 | 1 << 6 | 24 },
		{ 42, 1, 8, 3 << 16 | 0x3500 | 1 << 6 | 22 },
		{ 43, 1, 16, 3 << 16 | 0x3500 | 1 << 6 | 21 },
		{ 44, 0, 1, 4 << 16 | 0x3500 | 2 << 6 | 20 },
		{ 48, 0, 1, 5 << 16 | 0x3500 | 2 << 6 | 16 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		stage2_setup(want[i].bits);
		EXPECT_EQ(stage2_ipa_bits(), want[i].bits);
		EXPECT_EQ(stage2_start_level(), want[i].start);
		EXPECT_EQ(stage2_root_pages(), want[i].pages);
		EXPECT_EQ(stage2_vtcr(), want[i].vtcr);
	}
	EXPECT_PANIC(stage2_setup(31), "pa_bits");
	EXPECT_PANIC(stage2_setup(52), "pa_bits");
}

TEST(stage2_lifetime)
{
	for (unsigned int b = 0; b < ARRAY_SIZE(all_bits); b++) {
		struct pool_quota q = { .limit = 15 };
		struct pgtable pt;
		u64 free;

		fake_reset();
		fake_ram_add(POOL, POOL_SIZE);
		pool_init(pa(POOL), fake_va(POOL), POOL_SIZE);
		free = pool_available();
		stage2_setup(all_bits[b]);
		if (all_bits[b] == 43)
			EXPECT_EQ(stage2_init(&pt, 9, &q), -ENOMEM);
		q.limit = 20;
		ASSERT_EQ(stage2_init(&pt, 9, &q), 0);
		EXPECT(IS_ALIGNED(pool_pa(pt.root).v, stage2_root_pages() * PAGE_SIZE));
		EXPECT_EQ(pgtable_map(&pt, (1UL << all_bits[b]) - PAGE_SIZE, 0, PAGE_SIZE, PROT_RW,
				      GIB), 0);
		EXPECT_EQ(env_access(&pt, (1UL << all_bits[b]) - PAGE_SIZE), 0);
		EXPECT_EQ(q.used, stage2_root_pages() + pt.tables);
		EXPECT_EQ(pgtable_unmap(&pt, 0, 1UL << all_bits[b]), 0);
		EXPECT_EQ(pgtable_prepare(&pt, GIB, 0, PAGE_SIZE, PROT_RW, GIB), 0);
		env_access(&pt, GIB);
		stage2_destroy(&pt);
		/* the whole VMID, so that it can be used again */
		EXPECT_EQ(fake_last_tlbi.vmid, 9);
		EXPECT_EQ(fake_last_tlbi.size, 0);
		EXPECT_EQ(q.used, 0);
		EXPECT_EQ(pool_available(), free);
	}
}

/* The host's memory stays as stage 1 says, whatever the CPU can. */
TEST(fwb_for_vms_only)
{
	struct pool_quota q = { .limit = 100 };
	struct pgtable host, vm;

	fake_ram_add(POOL, POOL_SIZE);
	pool_init(pa(POOL), fake_va(POOL), POOL_SIZE);
	stage2_setup(40);
	fake_fwb = true;
	EXPECT_EQ(stage2_init(&host, STAGE2_VMID_HOST, &q), 0);
	EXPECT_EQ(stage2_init(&vm, 1, &q), 0);
	EXPECT(!host.fwb);
	EXPECT(vm.fwb);
	fake_fwb = false;
	EXPECT_EQ(stage2_init(&vm, 1, &q), 0);
	EXPECT(!vm.fwb);
}
