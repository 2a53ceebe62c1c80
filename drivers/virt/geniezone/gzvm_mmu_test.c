// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: pages on their way to the hypervisor, and what is left of them when it refuses.
 */

#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "gzvm_test.h"

static struct page *gzvm_test_block[GZVM_BLOCK_PAGES];

/* Another vCPU gives the huge page between this one's look for its page and the record of it. */
static int gzvm_test_get_late(struct gzvm *vm, struct gzvm_memslot *slot, u64 gfn,
			      unsigned long nr, bool fault, struct page **pages)
{
	struct kunit *test = kunit_get_current_test();
	struct page **block = gzvm_test_block;
	struct gzvm_test *gt = test->priv;
	unsigned int i;
	int ret;

	kunit_deactivate_static_stub(test, gzvm_mem_get);
	ret = gzvm_mem_get(vm, slot, gfn, nr, fault, pages);
	KUNIT_EXPECT_EQ(test, gzvm_mem_get(vm, slot, TEST_GFN, 512, true, block), 512);
	for (i = 0; i < 512; i++)
		xa_store(&gt->mapped, TEST_GFN + i, xa_mk_value(page_to_pfn(block[i])),
			 GFP_KERNEL);
	mutex_lock(&vm->map_lock);
	KUNIT_EXPECT_EQ(test, gzvm_mem_record(vm, TEST_GFN, block, 512), 512);
	mutex_unlock(&vm->map_lock);
	gzvm_mem_put(vm, block, 512);
	return ret;
}

/* The hypervisor refuses a page of a huge one: what is not recorded any more is not mapped. */
static void gzvm_test_huge_refused(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap_huge(test);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);

	gt->vm->demand_paging = true;
	gt->vm->block_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_2M, hva), 0);
	/* From the second fault in a block on only the page itself is fetched. */
	KUNIT_ASSERT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	KUNIT_ASSERT_EQ(test, gzvm_mmu_relinquish(vcpu, TEST_GPA), 0);
	gzvm_test_nothing_left(test);
	gt->status[GZVM_FN_MAP_GUEST_BLOCK] = -ENOMEM;
	kunit_activate_static_stub(test, gzvm_mem_get, gzvm_test_get_late);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + 7 * PAGE_SIZE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_MAP_GUEST_BLOCK].x[3], 1);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_UNMAP].x[2], GZVM_BLOCK_PAGES);
	gzvm_test_nothing_left(test);
}

/* The hypervisor refuses a page, and to say that it does not map it: the page is lost. */
static void gzvm_test_refused_twice(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_64K);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct page *page = NULL;
	int count;

	gt->vm->demand_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_64K, hva), 0);
	KUNIT_ASSERT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	page = xa_load(&gt->vm->pages, TEST_GFN);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, gzvm_mmu_relinquish(vcpu, TEST_GPA), 0);
	count = page_count(page);

	gt->status[GZVM_FN_MAP_GUEST] = -EINVAL;
	gt->status[GZVM_FN_UNMAP] = -EINVAL;
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), -EINVAL);
	gt->status[GZVM_FN_UNMAP] = 0;
	KUNIT_EXPECT_TRUE(test, gt->vm->broken);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&gt->vm->pages));
	/* What was taken to map it has been given back, what keeps it for good has not. */
	KUNIT_EXPECT_LE(test, page_count(page), count + 1);
	KUNIT_ASSERT_EQ(test, vm_munmap(hva, PAGE_SIZE), 0);
	KUNIT_EXPECT_GE(test, page_count(page), 1); /* LRU batches may have another */
	put_page(page);
}

/*
 * A slot that is given as a whole, over RLIMIT_MEMLOCK: what the guest has cannot be taken back,
 * so the slot stays. The same call goes on when there is more.
 */
static void gzvm_test_populate_again(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_4M);
	struct rlimit *limit = &current->signal->rlim[RLIMIT_MEMLOCK];
	struct rlimit saved = *limit;
	const struct cred *old;
	struct cred *cred;

	cred = prepare_creds();
	KUNIT_ASSERT_NOT_NULL(test, cred);
	cap_lower(cred->cap_effective, CAP_IPC_LOCK);
	old = override_creds(cred);

	gzvm_hyp.features = 0;
	gt->vm->pinned = true;
	limit->rlim_cur = SZ_64K;
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_4M, hva), -ENOMEM);
	gzvm_test_nothing_left(test);
	KUNIT_EXPECT_NULL(test, gzvm_memslot_find(gt->vm, TEST_GFN));
	limit->rlim_cur = SZ_2M;
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_4M, hva), -ENOMEM);
	gzvm_test_locked(test, GZVM_MAX_CONSTITUENTS);
	/* Its place is taken. */
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 1, TEST_GPA, SZ_1M, hva), -EEXIST);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_4M, hva + SZ_1M), -EBUSY);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_4M, hva), -ENOMEM);
	gzvm_test_locked(test, GZVM_MAX_CONSTITUENTS);

	limit->rlim_cur = SZ_4M;
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_4M, hva), 0);
	gzvm_test_locked(test, SZ_4M / PAGE_SIZE);
	KUNIT_EXPECT_NOT_NULL(test, xa_load(&gt->mapped, TEST_GFN + SZ_4M / PAGE_SIZE - 1));
	/* All is there: the hypervisor is told nothing more. */
	gt->calls[GZVM_FN_SET_MEMREGION] = 0;
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_4M, hva), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_SET_MEMREGION], 0);

	*limit = saved;
	revert_creds(old);
	put_cred(cred);
}

/* The first call. To become the stub again takes memory, which map_lock forbids. */
static unsigned int gzvm_test_record_none(struct gzvm *vm, u64 gfn, struct page **pages,
					  unsigned int nr)
{
	kunit_deactivate_static_stub(kunit_get_current_test(), gzvm_mem_record);
	return 0;
}

/* A slot that is given as a whole: a signal does not leave half of it. */
static void gzvm_test_populate_signal(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_4M);

	gzvm_hyp.features = 0;
	gt->vm->pinned = true;
	set_tsk_thread_flag(current, TIF_SIGPENDING);
	kunit_activate_static_stub(test, gzvm_mem_record, gzvm_test_record_none);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_4M, hva), 0);
	clear_tsk_thread_flag(current, TIF_SIGPENDING);
	gzvm_test_locked(test, SZ_4M / PAGE_SIZE);
}

/* Without UNMAP a page that is given back stays pinned where another vCPU may have it again. */
static void gzvm_test_relinquish_pinned(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_64K);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_vcpu *other;

	gzvm_hyp.features = 0;
	gt->vm->pinned = true;
	gt->vm->demand_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_64K, hva), 0);
	KUNIT_ASSERT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);

	/* From before the hypervisor is asked for it. */
	other = gzvm_vcpu_alloc(gt->vm, 1);
	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_relinquish(vcpu, TEST_GPA), 0);
	gzvm_test_locked(test, 1);
	/* The hypervisor has refused it. */
	gzvm_vcpu_free(other);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_relinquish(vcpu, TEST_GPA), 0);
	gzvm_test_locked(test, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&gt->vm->pages));
}

static struct kunit_case gzvm_mmu_cases[] = {
	KUNIT_CASE(gzvm_test_huge_refused),
	KUNIT_CASE(gzvm_test_refused_twice),
	KUNIT_CASE(gzvm_test_populate_again),
	KUNIT_CASE(gzvm_test_populate_signal),
	KUNIT_CASE(gzvm_test_relinquish_pinned),
	{}
};

static struct kunit_suite gzvm_mmu_suite = {
	.name = "gzvm_mmu",
	.init = gzvm_test_init,
	.exit = gzvm_test_exit,
	.test_cases = gzvm_mmu_cases,
};

kunit_test_suite(gzvm_mmu_suite);
