// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: a hypervisor that never stops to be BUSY, and waiting for the slots.
 */

#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "gzvm_test.h"

#define TEST_GPA	0x80000000ULL
#define TEST_GFN	(TEST_GPA >> PAGE_SHIFT)
/* The bound of BUSY answers that these tests use. */
#define TEST_ROUNDS	100

static unsigned long gzvm_test_memory(struct kunit *test, unsigned long size, unsigned long prot)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = kunit_vm_mmap(test, NULL, 0, size, prot, MAP_ANONYMOUS | MAP_PRIVATE,
					  0);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(hva));
	gt->vm->mm = current->mm;
	return hva;
}

static void gzvm_test_slot(struct kunit *test, unsigned long size, unsigned long hva)
{
	const struct gzvm_userspace_memory_region region = {
		.guest_phys_addr = TEST_GPA, .memory_size = size, .userspace_addr = hva,
	};
	struct gzvm_test *gt = test->priv;

	KUNIT_ASSERT_EQ(test, gzvm_memslot_set(gt->vm, &region), 0);
}

/* Calls that wait for the hypervisor do not do so for ever. */
static void gzvm_test_busy_call(struct kunit *test)
{
	unsigned long hva = gzvm_test_memory(test, SZ_64K, PROT_READ | PROT_WRITE);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;

	gzvm_hyp.busy_rounds = TEST_ROUNDS;
	gt->vm->demand_paging = true;
	gzvm_test_slot(test, SZ_64K, hva);
	gt->busy[GZVM_FN_MAP_GUEST] = UINT_MAX;
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), -EBUSY);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_MAP_GUEST], TEST_ROUNDS + 1);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 0);
	/* Just not too often. */
	gt->busy[GZVM_FN_MAP_GUEST] = TEST_ROUNDS;
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 1);
}

/* UNMAP that never ends: the pages are lost as with a refusal, and the VMM's call returns. */
static void gzvm_test_busy_unmap(struct kunit *test)
{
	unsigned long hva = gzvm_test_memory(test, SZ_64K, PROT_READ | PROT_WRITE);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;
	struct page *page;

	gzvm_hyp.busy_rounds = TEST_ROUNDS;
	gt->vm->demand_paging = true;
	gzvm_test_slot(test, SZ_64K, hva);
	KUNIT_ASSERT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	page = xa_load(&gt->vm->pages, TEST_GFN);
	KUNIT_ASSERT_NOT_NULL(test, page);
	gt->busy[GZVM_FN_UNMAP] = UINT_MAX;
	KUNIT_ASSERT_EQ(test, vm_munmap(hva, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_UNMAP], TEST_ROUNDS + 1);
	KUNIT_EXPECT_TRUE(test, gt->vm->broken);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	put_page(page);
	gt->busy[GZVM_FN_UNMAP] = 0;
}

/*
 * Nor does a VM's end: what the hypervisor does not give back is lost. It is given as many calls
 * as there are pages.
 */
static void gzvm_test_busy_destroy(struct kunit *test)
{
	unsigned long hva = gzvm_test_memory(test, SZ_4M, PROT_READ | PROT_WRITE);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;
	void *run = vcpu->run, *mailbox = gt->vm->mailbox, *buf = gt->vm->region_buf;
	struct page *page;

	gzvm_hyp.busy_rounds = TEST_ROUNDS;
	gzvm_hyp.destroy_batch = 2;
	gt->vm->demand_paging = true;
	gzvm_test_slot(test, SZ_4M, hva);
	KUNIT_ASSERT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	page = xa_load(&gt->vm->pages, TEST_GFN);
	KUNIT_ASSERT_NOT_NULL(test, page);
	gt->busy[GZVM_FN_DESTROY_VCPU] = UINT_MAX;
	gt->busy[GZVM_FN_DESTROY_VM] = UINT_MAX;
	gzvm_vm_retire(gt->vm);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_DESTROY_VCPU], TEST_ROUNDS + 1);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_DESTROY_VM], TEST_ROUNDS + 1 + 512 + 1);
	KUNIT_EXPECT_NULL(test, vcpu->run);
	KUNIT_EXPECT_NULL(test, gt->vm->mailbox);
	KUNIT_ASSERT_EQ(test, vm_munmap(hva, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);

	/* The stub keeps nothing. */
	put_page(page);
	vcpu->run = run;
	gt->vm->mailbox = mailbox;
	gt->vm->region_buf = buf;
}

static unsigned long gzvm_test_most;

static unsigned long gzvm_test_count_forget(struct gzvm *vm, u64 gfn, u64 last,
					    struct page **pages, unsigned long max)
{
	struct kunit *test = kunit_get_current_test();
	unsigned long n;

	gzvm_test_most = max(gzvm_test_most, max);
	kunit_deactivate_static_stub(test, gzvm_mem_forget);
	n = gzvm_mem_forget(vm, gfn, last, pages, max);
	kunit_activate_static_stub(test, gzvm_mem_forget, gzvm_test_count_forget);
	return n;
}

/* The record of a big VM is not dropped in one go. */
static void gzvm_test_forget_batches(struct kunit *test)
{
	unsigned long hva = gzvm_test_memory(test, SZ_4M, PROT_READ | PROT_WRITE);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;
	unsigned int i;

	gt->vm->demand_paging = true;
	gt->vm->block_paging = true;
	gzvm_test_slot(test, SZ_4M, hva);
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + i * SZ_2M), 0);
	gzvm_test_most = 0;
	kunit_activate_static_stub(test, gzvm_mem_forget, gzvm_test_count_forget);
	gzvm_vm_retire(gt->vm);
	kunit_deactivate_static_stub(test, gzvm_mem_forget);
	KUNIT_EXPECT_GT(test, gzvm_test_most, 0);
	KUNIT_EXPECT_LE(test, gzvm_test_most, GZVM_BLOCK_PAGES);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&gt->vm->pages));
}

struct gzvm_test_holder {
	struct work_struct work;
	struct rw_semaphore *sem;
	struct completion held;
	struct completion release;
};

static void gzvm_test_hold(struct work_struct *work)
{
	struct gzvm_test_holder *h = container_of(work, struct gzvm_test_holder, work);

	down_write(h->sem);
	complete(&h->held);
	/* The end of a wait that no signal ends. */
	wait_for_completion_timeout(&h->release, 60 * HZ);
	up_write(h->sem);
}

/* A slot changes for long: a signal ends what a vCPU waits for, and nothing was done then. */
static void gzvm_test_slots_wait(struct kunit *test)
{
	unsigned long hva = gzvm_test_memory(test, SZ_64K, PROT_READ | PROT_WRITE);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	u64 *args = vcpu->run->hypercall.args;
	struct gzvm_test *gt = test->priv;
	struct gzvm_test_holder holder = { .sem = &gt->vm->slots_lock };

	gt->vm->demand_paging = true;
	gzvm_test_slot(test, SZ_64K, hva);
	KUNIT_ASSERT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	INIT_WORK_ONSTACK(&holder.work, gzvm_test_hold);
	init_completion(&holder.held);
	init_completion(&holder.release);
	queue_work(system_unbound_wq, &holder.work);
	wait_for_completion(&holder.held);

	set_tsk_thread_flag(current, TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + PAGE_SIZE), 0);
	args[0] = GZVM_HVC_MEM_RELINQUISH;
	args[1] = TEST_GPA;
	KUNIT_EXPECT_EQ(test, gzvm_exit_dispatch(vcpu, GZVM_EXIT_HYPERCALL), GZVM_NEXT_AGAIN);
	clear_tsk_thread_flag(current, TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, args[0], GZVM_HVC_MEM_RELINQUISH);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 1);
	complete(&holder.release);
	flush_work(&holder.work);
	destroy_work_on_stack(&holder.work);

	KUNIT_EXPECT_EQ(test, gzvm_exit_dispatch(vcpu, GZVM_EXIT_HYPERCALL), GZVM_NEXT_ENTER);
	KUNIT_EXPECT_EQ(test, args[0], 0);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 0);
}

static struct kunit_case gzvm_vm_cases[] = {
	KUNIT_CASE(gzvm_test_busy_call),
	KUNIT_CASE(gzvm_test_busy_unmap),
	KUNIT_CASE(gzvm_test_busy_destroy),
	KUNIT_CASE(gzvm_test_forget_batches),
	KUNIT_CASE(gzvm_test_slots_wait),
	{}
};

static struct kunit_suite gzvm_vm_suite = {
	.name = "gzvm_vm",
	.init = gzvm_test_init,
	.exit = gzvm_test_exit,
	.test_cases = gzvm_vm_cases,
};

kunit_test_suite(gzvm_vm_suite);
