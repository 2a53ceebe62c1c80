// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/page.c core/page_vm.c core/page_protected.c
// LINK: core/pgtable.c core/pgtable_unmap.c core/pgtable_list.c core/pool.c core/stage2.c
/*
 * Random moves of pages between the host, EL2, three plain VMs and a protected one,
 * against a model of a few arrays. After each move all that the MMU would see, all
 * records and all TLBs are compared.
 */
#include <pthread.h>

#include "mem_env.h"

#define PAGES 2048U /* of RAM that move: four blocks */
#define BASE (RAM0 + 128 * BLOCK_SIZE)
#define WINDOW 1536U /* of each VM's IPA space: three blocks */
#define IPA_BASE ((1UL << 39) - BLOCK_SIZE) /* over the end of a concatenated table */
#define PLAIN 3
#define PROTECTED PLAIN
#define NONE (-1)

static struct pool_quota quota[PLAIN + 1];
static struct pgtable vms[PLAIN + 1];

static struct {
	u16 owner[PAGES];
	bool shared[PAGES];
	u32 to_hyp[PAGES]; /* lent to EL2 itself */
	int map[PLAIN + 1][WINDOW]; /* page, or NONE */
	bool block[PLAIN][WINDOW / 512];
} model;

static u64 seed;

static unsigned int pick(unsigned int n)
{
	return ktap_random(&seed) % n;
}

static u64 page_at(unsigned int page)
{
	return BASE + page * PAGE_SIZE;
}

static ipa_t ipa_at(unsigned int i)
{
	return ipa(IPA_BASE + i * PAGE_SIZE);
}

static void setup(void)
{
	fake_reset();
	env_setup(40);
	for (unsigned int v = 0; v <= PLAIN; v++) {
		quota[v] = (struct pool_quota){ .limit = 100 };
		CHECK(stage2_init(&vms[v], v + 1, &quota[v]) == 0);
		for (unsigned int i = 0; i < WINDOW; i++)
			model.map[v][i] = NONE;
	}
	memset(model.block, 0, sizeof(model.block));
	memset(model.shared, 0, sizeof(model.shared));
	memset(model.to_hyp, 0, sizeof(model.to_hyp));
	for (unsigned int i = 0; i < PAGES; i++)
		model.owner[i] = PAGE_OWNER_HOST;
}

static void check(void)
{
	static u32 borrowers[PAGES];

	memcpy(borrowers, model.to_hyp, sizeof(borrowers));
	for (unsigned int v = 0; v <= PLAIN; v++) {
		u64 pages = 0, blocks = 0;

		for (unsigned int i = 0; i < WINDOW; i++) {
			struct fake_walk w = env_walk(&vms[v], ipa_at(i).v);
			int page = model.map[v][i];

			EXPECT_EQ(w.valid, page != NONE);
			if (page == NONE)
				continue;
			EXPECT_EQ(w.out, page_at(page));
			if (v < PLAIN)
				borrowers[page]++;
			if (v < PLAIN && model.block[v][i / 512])
				blocks += i % 512 == 0;
			else
				pages++;
			/* A plain VM sees only what the host owns, a protected one its own. */
			EXPECT_EQ(model.owner[page],
				  v < PLAIN ? PAGE_OWNER_HOST : PAGE_OWNER_VM(v + 1));
		}
		EXPECT_EQ(vms[v].pages, pages);
		EXPECT_EQ(vms[v].blocks, blocks);
		EXPECT_EQ(quota[v].used, 2 + vms[v].tables);
	}
	for (unsigned int i = 0; i < PAGES; i++) {
		struct page_record rec = { 0 };
		struct fake_walk w = env_walk(&env_host, page_at(i));

		EXPECT(page_get(pa(page_at(i)), &rec));
		EXPECT_EQ(rec.owner, model.owner[i]);
		EXPECT_EQ(rec.state, model.shared[i] ? PAGE_SHARED : PAGE_OWNED);
		EXPECT_EQ(rec.borrowers, borrowers[i]);
		EXPECT_EQ(w.valid, model.owner[i] == PAGE_OWNER_HOST || model.shared[i]);
		if (w.valid)
			EXPECT_EQ(w.out, page_at(i));
	}
	EXPECT_TLB_CLEAN();
}

static void model_drop(unsigned int v, unsigned int i)
{
	unsigned int first = i, n = 1;

	if (model.block[v][i / 512]) {
		first = ALIGN_DOWN(i, 512);
		n = 512;
		model.block[v][i / 512] = false;
	}
	while (n--)
		model.map[v][first++] = NONE;
}

static void lend(void)
{
	unsigned int v = pick(PLAIN), n = 1 + pick(HYP_WORK_PAGES), i = pick(WINDOW),
		     page = pick(PAGES);
	bool all_host = true, block;
	static u64 pfns[HYP_WORK_PAGES];
	static int list[HYP_WORK_PAGES];
	int ret;

	if (pick(2)) { /* whole blocks half the time */
		n = 512;
		i = ALIGN_DOWN(i, 512);
		page = ALIGN_DOWN(page, 512);
	} else if (pick(2)) {
		n = 1 + pick(20);
	}
	n = MIN(n, WINDOW - i);
	block = n == 512 && i % 512 == 0 && page % 512 == 0;
	for (unsigned int k = 0; k < n; k++)
		list[k] = (page + k) % PAGES;
	if (!pick(4)) { /* one of them out of step */
		list[pick(n)] = pick(PAGES);
		for (unsigned int k = 0; k < n; k++)
			block &= list[k] == (int)(page + k);
	}
	for (unsigned int k = 0; k < n; k++) {
		pfns[k] = page_at(list[k]) >> PAGE_SHIFT;
		all_host &= model.owner[list[k]] == PAGE_OWNER_HOST;
	}
	ret = page_lend_vm(&vms[v], ipa_at(i), pfns, n, PROT_RWX);
	if (!all_host)
		EXPECT_EQ(ret, -EPERM);
	else
		EXPECT(ret == 0 || (ret == -ENOMEM && quota[v].limit < 100));
	if (ret)
		return;
	for (unsigned int w = i / 512; w <= (i + n - 1) / 512; w++) {
		bool agrees = true;

		for (unsigned int k = MAX(i, w * 512); k < MIN(i + n, w * 512 + 512); k++)
			agrees &= model.map[v][k] == list[k - i];
		if (model.block[v][w] && !agrees)
			model_drop(v, w * 512);
	}
	for (unsigned int k = 0; k < n; k++)
		model.map[v][i + k] = list[k];
	if (block)
		model.block[v][i / 512] = true;
}

static void take_back(void)
{
	unsigned int v = pick(PLAIN), i = pick(WINDOW), n = 1 + pick(pick(4) ? 10 : WINDOW);

	n = MIN(n, WINDOW - i);
	page_return_vm(&vms[v], ipa_at(i), n);
	for (unsigned int k = i; k < i + n; k++)
		model_drop(v, k);
}

static void hyp_moves(void)
{
	unsigned int page = pick(PAGES), n = 1 + pick(pick(2) ? 600 : 3);
	int ret, want = n > HYP_WORK_PAGES ? -EINVAL : 0;
	u16 from = PAGE_OWNER_HOST;
	unsigned int kind = pick(4);

	n = MIN(n, PAGES - page);
	want = n > HYP_WORK_PAGES ? -EINVAL : 0;
	if (kind == 3)
		from = PAGE_OWNER_HYP;
	for (unsigned int k = page; k < page + n && !want; k++)
		if (model.owner[k] != from)
			want = -EPERM;
	switch (kind) {
	case 0:
		ret = page_lend_hyp(pa(page_at(page)), n);
		for (unsigned int k = page; k < page + n && !ret; k++)
			model.to_hyp[k]++;
		break;
	case 1:
		for (unsigned int k = page; k < page + n; k++) {
			if (!model.to_hyp[k])
				continue;
			page_return_hyp(pa(page_at(k)), 1);
			model.to_hyp[k]--;
		}
		return;
	case 2:
		for (unsigned int k = page; k < page + n && !want; k++) {
			struct page_record rec;

			page_get(pa(page_at(k)), &rec); /* equal to the model's: checked */
			if (rec.borrowers)
				want = -EBUSY;
		}
		ret = page_donate_hyp(pa(page_at(page)), n);
		for (unsigned int k = page; k < page + n && !ret; k++)
			model.owner[k] = PAGE_OWNER_HYP;
		break;
	default:
		ret = page_hyp_donate_host(pa(page_at(page)), n);
		for (unsigned int k = page; k < page + n && !ret; k++)
			model.owner[k] = PAGE_OWNER_HOST;
		break;
	}
	EXPECT(ret == want || (ret == -ENOMEM && !want && env_host_quota.limit < 1000));
}

static void protected_moves(void)
{
	struct pgtable *vm = &vms[PROTECTED];
	unsigned int i = pick(WINDOW), page = pick(PAGES);
	int *map = &model.map[PROTECTED][i], want = -EPERM, ret;
	struct page_record rec;

	for (int k = 0; k < 20 && *map == NONE; k++) { /* rather where something is */
		i = pick(WINDOW);
		map = &model.map[PROTECTED][i];
	}
	switch (pick(5)) {
	case 0:
	case 1:
		page_get(pa(page_at(page)), &rec);
		if (model.owner[page] == PAGE_OWNER_HOST)
			want = rec.borrowers ? -EBUSY : *map != NONE ? -EPERM : 0;
		ret = page_donate_vm(vm, ipa_at(i), pa(page_at(page)), PROT_RWX);
		if (!ret) {
			*map = page;
			model.owner[page] = PAGE_OWNER_VM(PROTECTED + 1);
		}
		break;
	case 2:
		want = *map == NONE ? -EPERM : 0;
		ret = page_reclaim_vm(vm, ipa_at(i));
		if (!ret) {
			model.owner[*map] = PAGE_OWNER_HOST;
			model.shared[*map] = false;
			*map = NONE;
		}
		break;
	case 3:
		want = *map == NONE || model.shared[*map] ? -EPERM : 0;
		ret = page_share_host(vm, ipa_at(i));
		if (!ret)
			model.shared[*map] = true;
		break;
	default:
		want = *map == NONE || !model.shared[*map] ? -EPERM : 0;
		ret = page_unshare_host(vm, ipa_at(i));
		if (!ret)
			model.shared[*map] = false;
		break;
	}
	EXPECT(ret == want || (ret == -ENOMEM && !want &&
			       (env_host_quota.limit < 1000 || quota[PROTECTED].limit < 100)));
}

static void accesses(void)
{
	for (unsigned int k = 0; k < 8; k++) {
		env_access(&vms[pick(PLAIN + 1)], ipa_at(pick(WINDOW)).v);
		env_access(&env_host, page_at(pick(PAGES)));
	}
}

static void run(u64 start, unsigned int rounds)
{
	setup();
	seed = start;
	for (unsigned int r = 0; r < rounds && ktap_failures < 20; r++) {
		accesses();
		/* now and then there is no memory for one or two tables more */
		for (unsigned int v = 0; v <= PLAIN; v++)
			quota[v].limit = pick(4) ? 100 : quota[v].used + pick(3);
		env_host_quota.limit = pick(4) ? 1000 : env_host_quota.used + pick(3);
		switch (pick(8)) {
		case 0:
		case 1:
		case 2:
			lend();
			break;
		case 3:
		case 4:
			take_back();
			break;
		case 5:
			hyp_moves();
			break;
		default:
			for (unsigned int k = 0; k < 10; k++)
				protected_moves();
			break;
		}
		check();
	}
	/* Everything goes back; nothing is left anywhere. */
	for (unsigned int v = 0; v <= PLAIN; v++)
		quota[v].limit = 100;
	env_host_quota.limit = 1000;
	for (unsigned int v = 0; v < PLAIN; v++)
		page_return_vm(&vms[v], ipa(0), ~0UL);
	for (unsigned int i = 0; i < WINDOW; i++)
		if (model.map[PROTECTED][i] != NONE)
			EXPECT_EQ(page_reclaim_vm(&vms[PROTECTED], ipa_at(i)), 0);
	for (unsigned int v = 0; v <= PLAIN; v++) {
		stage2_destroy(&vms[v]);
		EXPECT_EQ(quota[v].used, 0);
	}
	EXPECT_TLB_CLEAN();
}

TEST(random_moves)
{
	for (u64 s = 1; s <= 6; s++)
		run(s * 7919, 120);
}

/*
 * Two CPUs, each with a VM of its own, lend and take back the same pages, and try to
 * take their owner away: whoever wins, counts and tables agree in the end.
 */
static void *two_cpus(void *arg)
{
	unsigned int v = (uintptr_t)arg;
	u64 state = v + 77, pfns[64];

	fake_cpu = v;
	for (unsigned int r = 0; r < 3000; r++) {
		unsigned int page = ktap_random(&state) % 256, n = 1 + ktap_random(&state) % 64;
		unsigned int i = ktap_random(&state) % 512;
		int ret;

		for (unsigned int k = 0; k < n; k++)
			pfns[k] = (BASE >> PAGE_SHIFT) + page + k;
		switch (ktap_random(&state) % 4) {
		case 0:
		case 1:
			ret = page_lend_vm(&vms[v], ipa_at(i), pfns, n, PROT_RWX);
			CHECK(ret == 0 || ret == -EPERM);
			break;
		case 2:
			page_return_vm(&vms[v], ipa_at(i), n);
			break;
		default:
			ret = page_donate_hyp(pa(BASE + page * PAGE_SIZE), 1);
			CHECK(ret == 0 || ret == -EBUSY || ret == -EPERM);
			if (!ret)
				CHECK(page_hyp_donate_host(pa(BASE + page * PAGE_SIZE), 1) == 0);
			break;
		}
	}
	return NULL;
}

TEST(two_cpus_agree)
{
	pthread_t thread;
	struct page_record rec;

	setup();
	pthread_create(&thread, NULL, two_cpus, (void *)1);
	two_cpus((void *)0);
	pthread_join(thread, NULL);
	for (unsigned int i = 0; i < 320; i++) {
		u32 borrowers = 0;

		for (unsigned int v = 0; v < 2; v++) {
			for (unsigned int k = 0; k < 1024; k++) {
				struct fake_walk w = env_walk(&vms[v], ipa_at(k).v);

				borrowers += w.valid && w.out == page_at(i);
			}
		}
		EXPECT(page_get(pa(page_at(i)), &rec));
		EXPECT_EQ(rec.borrowers, borrowers);
		EXPECT_EQ(rec.owner, PAGE_OWNER_HOST);
		EXPECT_EQ(env_walk(&env_host, page_at(i)).out, page_at(i));
	}
	for (unsigned int v = 0; v <= PLAIN; v++) {
		page_return_vm(&vms[v], ipa(0), ~0UL);
		stage2_destroy(&vms[v]);
	}
	for (unsigned int i = 0; i < 320; i++) {
		EXPECT(page_get(pa(page_at(i)), &rec));
		EXPECT_EQ(rec.borrowers, 0);
	}
}
