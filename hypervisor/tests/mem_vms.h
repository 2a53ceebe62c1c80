/* SPDX-License-Identifier: GPL-2.0-only */
/* Two VMs on the machine of mem_env.h, and what a refusal must leave as it was. */
#ifndef TESTS_MEM_VMS_H
#define TESTS_MEM_VMS_H

#include "mem_env.h"

static struct pool_quota quota[2];
static struct pgtable vms[2];

static inline void setup(void)
{
	env_setup(40);
	for (unsigned int i = 0; i < ARRAY_SIZE(vms); i++) {
		quota[i] = (struct pool_quota){ .limit = 100 };
		CHECK(stage2_init(&vms[i], i + 1, &quota[i]) == 0);
	}
}

static inline struct page_record record(u64 page)
{
	struct page_record rec = { .owner = 0xffff };

	EXPECT(page_get(pa(page), &rec));
	return rec;
}

static inline u64 free_page(unsigned int n)
{
	return RAM0 + 32 * BLOCK_SIZE + n * PAGE_SIZE;
}

/* Everything that a refusal must leave as it was. */
struct snapshot {
	u64 records, host, vm[2], quota[3];
};

static inline struct snapshot snapshot(void)
{
	return (struct snapshot){
		env_hash_records(), env_hash(&env_host), { env_hash(&vms[0]), env_hash(&vms[1]) },
		{ env_host_quota.used, quota[0].used, quota[1].used },
	};
}

#define EXPECT_UNCHANGED(before)                                       \
	do {                                                           \
		struct snapshot now_ = snapshot();                     \
		EXPECT(!memcmp(&now_, &(before), sizeof(now_)));       \
		EXPECT_TLB_CLEAN();                                    \
	} while (0)

#endif
