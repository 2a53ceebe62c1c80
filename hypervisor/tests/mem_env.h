/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine for the memory tests: 1.5 GiB and a bit of RAM in two ranges, a pool, a
 * host, and helpers that look at stage 2 tables with the fake arch's own reader.
 */
#ifndef TESTS_MEM_ENV_H
#define TESTS_MEM_ENV_H

#include <hyp/errno.h>
#include <hyp/page.h>
#include <hyp/panic.h>
#include <hyp/stage2.h>
#include <hyp/util.h>

#include "ktap.h"

#define GIB (1UL << 30)
#define RAM0 0x40000000UL
#define RAM0_SIZE (GIB + 512 * BLOCK_SIZE / 2) /* 1.5 GiB */
#define RAM1 0x200300000UL /* not aligned to a block */
#define RAM1_SIZE 0x501000UL
#define POOL (RAM0 + GIB + 64 * BLOCK_SIZE)
#define POOL_SIZE (8UL << 20)
#define IMAGE (RAM0 + 0x201000) /* a hole in a block, for the hypervisor's image */
#define IMAGE_SIZE 0x7000UL

static struct platform env_platform;
static struct page_record *env_records;
static struct pgtable env_host;
static struct pool_quota env_host_quota;

static const struct mem_range env_hyp[] = {
	{ POOL, POOL_SIZE },
	{ IMAGE, IMAGE_SIZE },
};

static inline struct fake_mmu env_mmu(const struct pgtable *pt)
{
	return (struct fake_mmu){
		.root = fake_pa(pt->root),
		.start_level = pt->start_level,
		.ia_bits = pt->ia_bits,
		.stage2 = pt->stage2,
		.vmid = pt->vmid,
	};
}

static inline struct fake_walk env_walk(const struct pgtable *pt, u64 ia)
{
	struct fake_mmu mmu = env_mmu(pt);

	return fake_mmu_walk(&mmu, ia);
}

/* Where an access of this world ends: all bits set when it faults. */
static inline u64 env_access(const struct pgtable *pt, u64 ia)
{
	struct fake_mmu mmu = env_mmu(pt);
	u64 out = ~0UL;

	return fake_tlb_access(&mmu, ia, &out) ? out : ~0UL;
}

/* Room for the records, as RAM is: it may hold anything, the worst are records of the host's. */
static inline struct page_record *env_alloc_records(const struct platform *p)
{
	u64 n = page_records_size(p) / sizeof(struct page_record);
	struct page_record *records = malloc(n * sizeof(*records));

	CHECK(records);
	for (u64 i = 0; i < n; i++)
		records[i] = (struct page_record){ .owner = PAGE_OWNER_HOST };
	return records;
}

/* The machine before page_init(). */
static inline void env_machine(unsigned int pa_bits)
{
	fake_ram_add(RAM0, RAM0_SIZE);
	fake_ram_add(RAM1, RAM1_SIZE);
	env_platform = (struct platform){
		.ram = { { RAM0, RAM0_SIZE }, { RAM1, RAM1_SIZE } },
		.nr_ram = 2,
	};
	pool_init(pa(POOL), fake_va(POOL), POOL_SIZE);
	stage2_setup(pa_bits);
	env_host_quota = (struct pool_quota){ .limit = 1000 };
	CHECK(stage2_init(&env_host, STAGE2_VMID_HOST, &env_host_quota) == 0);
	free(env_records);
	env_records = env_alloc_records(&env_platform);
}

static inline void env_setup(unsigned int pa_bits)
{
	env_machine(pa_bits);
	CHECK(page_init(&env_platform, env_records, env_hyp, ARRAY_SIZE(env_hyp), &env_host) == 0);
}

/* A number that changes with anything that a set of tables says. */
static inline int env_hash_visit(struct pgtable *pt, u64 ia, unsigned int level, u64 *entry,
				 enum pgtable_visit what, void *arg)
{
	u64 *hash = arg, v[] = { ia, level, *entry, what };

	(void)pt;
	for (unsigned int i = 0; i < ARRAY_SIZE(v); i++) {
		*hash = (*hash ^ v[i]) * 0x100000001b3UL;
		*hash ^= *hash >> 29;
	}
	return 0;
}

static inline u64 env_hash(struct pgtable *pt)
{
	u64 hash = 0xcbf29ce484222325UL ^ pt->pages ^ pt->blocks << 20 ^ pt->tables << 40;
	struct pgtable_walk walk = {
		.visit = env_hash_visit,
		.flags = 1U << PT_LEAF | 1U << PT_TABLE_PRE | 1U << PT_TABLE_POST,
		.arg = &hash,
	};

	CHECK(pgtable_walk(pt, 0, 1UL << pt->ia_bits, &walk) == 0);
	return hash;
}

static inline u64 env_hash_records(void)
{
	u64 hash = 0;
	const u64 *r = (const u64 *)env_records;

	for (u64 i = 0; i < page_records_size(&env_platform) / 8; i++)
		hash = (hash ^ r[i]) * 0x100000001b3UL;
	return hash;
}

/* No TLB holds what the tables no longer say, and no change skipped the break. */
#define EXPECT_TLB_CLEAN()                            \
	do {                                          \
		EXPECT_EQ(fake_tlb_stale(), 0);       \
		EXPECT_EQ(fake_tlb_bbm_errors, 0);    \
	} while (0)

#endif
