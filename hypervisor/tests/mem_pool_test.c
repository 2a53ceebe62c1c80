// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/pool.c
/* The hypervisor's page allocator. */
#include <pthread.h>

#include <hyp/errno.h>
#include <hyp/panic.h>
#include <hyp/pool.h>
#include <hyp/util.h>

#include "ktap.h"

/* Not aligned to the largest block, neither the start nor the end. */
#define BASE 0x40003000UL
#define PAGES 301UL
#define USABLE (PAGES - 1)

static void setup(void)
{
	fake_ram_add(BASE, PAGES << PAGE_SHIFT);
	pool_init(pa(BASE), fake_va(BASE), PAGES << PAGE_SHIFT);
}

static bool is_zero(const void *va, u64 size)
{
	const u8 *p = va;

	return !p[0] && !memcmp(p, p + 1, size - 1);
}

TEST(pool_totals)
{
	struct pool_quota q = { .limit = 10 };
	void *va;

	setup();
	EXPECT_EQ(pool_total(), USABLE << PAGE_SHIFT);
	EXPECT_EQ(pool_available(), USABLE << PAGE_SHIFT);
	va = pool_alloc(&q, 4);
	EXPECT_EQ(pool_available(), (USABLE - 4) << PAGE_SHIFT);
	EXPECT_EQ(q.used, 4);
	pool_free(&q, va, 4);
	EXPECT_EQ(pool_available(), USABLE << PAGE_SHIFT);
	EXPECT_EQ(q.used, 0);
	pool_free(&q, NULL, 1);
	EXPECT_EQ(q.used, 0);
}

TEST(pool_addresses)
{
	struct pool_quota q = { .limit = 10 };
	char *va;

	setup();
	va = pool_alloc(&q, 1);
	EXPECT_EQ(pool_pa(va).v, fake_pa(va));
	EXPECT_EQ(pool_pa(va + 123).v, fake_pa(va) + 123);
	EXPECT(pool_va(pa(fake_pa(va))) == va);
	EXPECT(pool_contains(pa(BASE)));
	EXPECT(pool_contains(pa(BASE + (PAGES << PAGE_SHIFT) - 1)));
	EXPECT(!pool_contains(pa(BASE + (PAGES << PAGE_SHIFT))));
	EXPECT(!pool_contains(pa(BASE - 1)));
	EXPECT_PANIC(pool_pa(&q), "offset");
	EXPECT_PANIC(pool_va(pa(BASE - 1)), "pool_contains");
}

/* New memory is 0xa5 in the fake arch; used memory is what its user left. */
TEST(pool_zeroed_and_aligned)
{
	struct pool_quota q = { .limit = 100000 };

	for (unsigned int pages = 1; pages <= POOL_MAX_PAGES; pages *= 2) {
		void *va[USABLE + 1];
		unsigned int nr = 0;

		fake_reset();
		setup();
		for (int round = 0; round < 2; round++) {
			while ((va[nr] = pool_alloc(&q, pages))) {
				EXPECT(is_zero(va[nr], (u64)pages << PAGE_SHIFT));
				EXPECT(IS_ALIGNED(pool_pa(va[nr]).v, (u64)pages << PAGE_SHIFT));
				memset(va[nr], 0x5a, (u64)pages << PAGE_SHIFT);
				nr++;
			}
			/* Nothing of the aligned inner part is lost. */
			EXPECT(nr * pages > USABLE - 2 * pages);
			EXPECT_EQ(pool_available(), (USABLE - nr * pages) << PAGE_SHIFT);
			while (nr) {
				nr--;
				pool_free(&q, va[nr], pages);
				/* Cleared when given back, but for the links of the free list. */
				EXPECT(is_zero((u8 *)va[nr] + 64, PAGE_SIZE - 64));
			}
			EXPECT_EQ(pool_available(), USABLE << PAGE_SHIFT);
			EXPECT_EQ(q.used, 0);
		}
	}
}

/* Memory that was used and memory that never was make one block: cleared all the same. */
TEST(pool_used_joins_unused)
{
	struct pool_quota q = { .limit = 100000 };

	for (unsigned int pages = 2; pages <= POOL_MAX_PAGES; pages *= 2) {
		void *va[40];

		fake_reset();
		setup();
		q.used = 0;
		/* one page of each block: the others of it stay as they are */
		for (unsigned int i = 0; i < 37; i++)
			va[i] = pool_alloc(&q, 1);
		for (unsigned int i = 0; i < 37; i++)
			pool_free(&q, va[i], 1);
		while ((va[0] = pool_alloc(&q, pages)))
			EXPECT(is_zero(va[0], (u64)pages << PAGE_SHIFT));
	}
}

/* All single pages and back, in a random order: large blocks are there again. */
TEST(pool_joins_buddies)
{
	struct pool_quota q = { .limit = USABLE };
	void *va[USABLE];
	u64 seed = 1, large = 0, again = 0;

	setup();
	while (pool_alloc(&q, POOL_MAX_PAGES))
		large++;
	fake_reset();
	setup();
	q.used = 0;
	for (unsigned int i = 0; i < USABLE; i++)
		EXPECT((va[i] = pool_alloc(&q, 1)));
	EXPECT(!pool_alloc(&q, 1));
	for (unsigned int i = USABLE; i > 0; i--) {
		unsigned int k = ktap_random(&seed) % i;

		pool_free(&q, va[k], 1);
		va[k] = va[i - 1];
	}
	while (pool_alloc(&q, POOL_MAX_PAGES))
		again++;
	EXPECT_EQ(again, large);
	EXPECT(large >= USABLE / POOL_MAX_PAGES - 1);
}

TEST(pool_quota_limits)
{
	struct pool_quota q = { .limit = 3 }, other = { .limit = USABLE };
	void *va;

	setup();
	EXPECT(!pool_alloc(&q, 4));
	va = pool_alloc(&q, 2);
	EXPECT(va);
	EXPECT(!pool_alloc(&q, 2));
	EXPECT(pool_alloc(&q, 1));
	EXPECT(!pool_alloc(&q, 1));
	EXPECT_EQ(q.used, 3);
	EXPECT(pool_alloc(&other, 1));
	pool_free(&q, va, 2);
	EXPECT(pool_alloc(&q, 1));
}

TEST(pool_reservation)
{
	struct pool_quota host = { .limit = 50 }, vm = { .limit = USABLE + 1 };
	void *va[20];
	unsigned int nr = 0;

	setup();
	EXPECT_EQ(pool_reserve(&host, 51), -ENOMEM);
	EXPECT_EQ(pool_reserve(&vm, USABLE + 1), -ENOMEM);
	EXPECT_EQ(pool_available(), USABLE << PAGE_SHIFT);
	va[0] = pool_alloc(&host, 1);
	EXPECT_EQ(pool_reserve(&host, 20), 0);
	EXPECT_EQ(pool_available(), (USABLE - 20) << PAGE_SHIFT);
	while (pool_alloc(&vm, 1))
		nr++;
	EXPECT_EQ(nr, USABLE - 20);
	EXPECT_EQ(pool_available(), 0);
	EXPECT_EQ(pool_reserve(&host, 21), -ENOMEM);
	/* The others took all; what is reserved is there, and no more. */
	for (unsigned int i = 1; i < 20; i++)
		EXPECT((va[i] = pool_alloc(&host, 1)));
	EXPECT(!pool_alloc(&host, 1));
	/* Given back it is reserved again. */
	pool_free(&host, va[19], 1);
	EXPECT(!pool_alloc(&vm, 1));
	EXPECT_EQ(pool_reserve(&host, 0), 0);
	EXPECT(pool_alloc(&vm, 1));
	EXPECT(!pool_alloc(&host, 1));
}

TEST(pool_misuse_panics)
{
	struct pool_quota q = { .limit = 100 };
	char *va;

	setup();
	EXPECT_PANIC(pool_alloc(&q, 3), "pages");
	EXPECT_PANIC(pool_alloc(&q, 32), "pages");
	EXPECT_PANIC(pool_alloc(&q, 0), "pages");
	va = pool_alloc(&q, 2);
	EXPECT_PANIC(pool_free(&q, va, 3), "pages");
	EXPECT_PANIC(pool_free(&q, va + PAGE_SIZE, 2), "IS_ALIGNED");
	EXPECT_PANIC(pool_free(&q, &q, 1), "offset");
	pool_free(&q, va, 2);
	EXPECT_PANIC(pool_init(pa(BASE + 1), va, PAGE_SIZE * 4), "IS_ALIGNED");
}

TEST(pool_double_free_panics)
{
	struct pool_quota q = { .limit = 100 };
	char *va, *keep;

	setup();
	va = pool_alloc(&q, 1);
	keep = pool_alloc(&q, 1);
	EXPECT(keep);
	pool_free(&q, va, 1);
	EXPECT_PANIC(pool_free(&q, va, 1), "marks");
}

/* Random sizes from two CPUs: no page twice, none lost. */
static void *hammer(void *arg)
{
	struct pool_quota *q = arg;
	u64 seed = (uintptr_t)q, *va[32] = { 0 };
	unsigned int order[32] = { 0 };

	fake_cpu = 1;
	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int k = ktap_random(&seed) % 32;

		if (va[k]) {
			CHECK(*va[k] == (uintptr_t)&va[k]);
			pool_free(q, va[k], 1U << order[k]);
			va[k] = NULL;
			continue;
		}
		order[k] = ktap_random(&seed) % 5;
		va[k] = pool_alloc(q, 1U << order[k]);
		if (va[k]) {
			CHECK(*va[k] == 0);
			*va[k] = (uintptr_t)&va[k];
		}
	}
	for (unsigned int k = 0; k < 32; k++)
		pool_free(q, va[k], 1U << order[k]);
	return NULL;
}

TEST(pool_two_cpus)
{
	struct pool_quota q[2] = { { .limit = 250 }, { .limit = 250 } };
	pthread_t thread;

	setup();
	pthread_create(&thread, NULL, hammer, &q[0]);
	hammer(&q[1]);
	pthread_join(thread, NULL);
	EXPECT_EQ(pool_available(), USABLE << PAGE_SHIFT);
	EXPECT_EQ(q[0].used + q[1].used, 0);
}
