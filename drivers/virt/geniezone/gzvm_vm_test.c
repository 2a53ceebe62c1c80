// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: capabilities of a VM, a hypervisor that never stops to be BUSY, waiting for the slots,
 * and hibernation.
 */

#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/notifier.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/suspend.h>
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

/* ENABLE_CAP of a structure in user memory, which holds then what the driver left. */
static int gzvm_test_enable(struct kunit *test, struct gzvm_enable_cap *cap)
{
	struct gzvm_enable_cap __user *ucap;
	struct gzvm_test *gt = test->priv;
	int ret;

	ucap = (void __user *)gzvm_test_memory(test, PAGE_SIZE, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, copy_to_user(ucap, cap, sizeof(*cap)), 0);
	ret = gzvm_enable_cap(gt->vm, ucap);
	KUNIT_ASSERT_EQ(test, copy_from_user(cap, ucap, sizeof(*cap)), 0);
	return ret;
}

static int gzvm_test_protect(struct kunit *test, u64 command, u64 arg)
{
	struct gzvm_enable_cap cap = {
		.cap = GZVM_CAP_PROTECTED_VM, .args = { command, arg, 0xa2, 0xa3, 0xa4 },
	};
	const struct gzvm_enable_cap before = cap;
	int ret = gzvm_test_enable(test, &cap);

	KUNIT_EXPECT_MEMEQ(test, &cap, &before, sizeof(cap));
	return ret;
}

/* Each sub-command reaches the hypervisor, with its arguments and no others, and its answer. */
static void gzvm_test_cap_protected(struct kunit *test)
{
	static const struct {
		u64 command;
		u64 arg;
		u64 passed;
	} cases[] = {
		{ GZVM_CAP_PVM_SET_PVMFW_GPA, 0x7fc00000, 0x7fc00000 },
		{ GZVM_CAP_PVM_SET_PVMFW_GPA, 0, 0 },
		{ GZVM_CAP_PVM_SET_PVMFW_GPA, BIT_ULL(40) - SZ_4K, BIT_ULL(40) - SZ_4K },
		{ GZVM_CAP_PVM_GET_PVMFW_SIZE, 0x77, 0 },
		{ GZVM_CAP_PVM_SET_PROTECTED_VM, 0x77, 0 },
	};
	struct gzvm_test *gt = test->priv;
	const u64 *x = gt->last[GZVM_FN_ENABLE_CAP].x;
	unsigned int i;

	gt->vm->demand_paging = true;
	gt->vm->block_paging = true;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		gt->status[GZVM_FN_ENABLE_CAP] = -EOPNOTSUPP;
		KUNIT_EXPECT_EQ(test, gzvm_test_protect(test, cases[i].command, cases[i].arg),
				-EOPNOTSUPP);
		KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_ENABLE_CAP], 2 * i + 1);
		KUNIT_EXPECT_EQ(test, x[0], GZVM_TEST_VM_ID);
		KUNIT_EXPECT_EQ(test, x[1], GZVM_CAP_PROTECTED_VM);
		KUNIT_EXPECT_EQ(test, x[2], cases[i].command);
		KUNIT_EXPECT_EQ(test, x[3], cases[i].passed);
		KUNIT_EXPECT_EQ(test, x[4], 0);
		gt->status[GZVM_FN_ENABLE_CAP] = -EINVAL;
		KUNIT_EXPECT_EQ(test, gzvm_test_protect(test, cases[i].command, cases[i].arg),
				-EINVAL);
	}
	gt->status[GZVM_FN_ENABLE_CAP] = 0;
	KUNIT_EXPECT_EQ(test, gzvm_test_protect(test, GZVM_CAP_PVM_SET_PROTECTED_VM, 0), 0);

	/* Refused without a call. */
	gt->calls[GZVM_FN_ENABLE_CAP] = 0;
	KUNIT_EXPECT_EQ(test, gzvm_test_protect(test, 3, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, gzvm_test_protect(test, BIT_ULL(32), 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, gzvm_test_protect(test, GZVM_CAP_PVM_SET_PVMFW_GPA, 0x800), -EINVAL);
	KUNIT_EXPECT_EQ(test, gzvm_test_protect(test, GZVM_CAP_PVM_SET_PVMFW_GPA, BIT_ULL(40)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, gzvm_enable_cap(gt->vm, NULL), -EFAULT);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_ENABLE_CAP], 0);
}

static unsigned long gzvm_test_unwritable;

/* The caller's structure goes while the hypervisor is asked. */
static void gzvm_test_make_unwritable(struct gzvm_test *gt, u32 fn)
{
	KUNIT_EXPECT_EQ(kunit_get_current_test(), vm_munmap(gzvm_test_unwritable, PAGE_SIZE), 0);
}

/* The size comes back in the caller's structure. */
static void gzvm_test_cap_pvmfw_size(struct kunit *test)
{
	struct gzvm_enable_cap want = {
		.cap = GZVM_CAP_PROTECTED_VM,
		.args = { GZVM_CAP_PVM_GET_PVMFW_SIZE, SZ_2M, 0xa2, 0xa3, 0xa4 },
	}, cap = want;
	struct gzvm_test *gt = test->priv;
	unsigned long hva;

	cap.args[1] = 0;
	gt->res[GZVM_FN_ENABLE_CAP].a1 = SZ_2M;
	gt->busy[GZVM_FN_ENABLE_CAP] = 1;
	KUNIT_EXPECT_EQ(test, gzvm_test_enable(test, &cap), 0);
	KUNIT_EXPECT_MEMEQ(test, &cap, &want, sizeof(cap));
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_ENABLE_CAP], 2);

	/* Where it cannot be written. */
	hva = gzvm_test_memory(test, PAGE_SIZE, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)hva, &cap, sizeof(cap)), 0);
	gzvm_test_unwritable = hva;
	gt->on_call = gzvm_test_make_unwritable;
	KUNIT_EXPECT_EQ(test, gzvm_enable_cap(gt->vm, (void __user *)hva), -EFAULT);
}

/* What foreign VMMs expect: 1 from hypervisors that have it, which cannot be asked. */
static void gzvm_test_cap_extension(struct kunit *test)
{
	u64 __user *ucap = (void __user *)gzvm_test_memory(test, PAGE_SIZE,
							   PROT_READ | PROT_WRITE);
	struct gzvm_test *gt = test->priv;
	u64 value;

	KUNIT_ASSERT_EQ(test, put_user((u64)GZVM_CAP_PROTECTED_VM, ucap), 0);
	KUNIT_EXPECT_EQ(test, gzvm_check_extension(gt->vm, ucap), 0);
	KUNIT_ASSERT_EQ(test, get_user(value, ucap), 0);
	KUNIT_EXPECT_EQ(test, value, 0);
	gzvm_hyp.own = false;
	KUNIT_ASSERT_EQ(test, put_user((u64)GZVM_CAP_PROTECTED_VM, ucap), 0);
	KUNIT_EXPECT_EQ(test, gzvm_check_extension(NULL, ucap), 0);
	KUNIT_ASSERT_EQ(test, get_user(value, ucap), 0);
	KUNIT_EXPECT_EQ(test, value, 1);
}

/* When the VM becomes a protected one all of its memory is there. */
static void gzvm_test_all_mapped(struct gzvm_test *gt, u32 fn)
{
	struct kunit *test = kunit_get_current_test();
	unsigned int i;

	if (fn != GZVM_FN_ENABLE_CAP)
		return;
	for (i = 0; i < SZ_4M / PAGE_SIZE && xa_load(&gt->mapped, TEST_GFN + i); i++)
		;
	KUNIT_EXPECT_EQ(test, i, SZ_4M / PAGE_SIZE);
}

static void gzvm_test_cap_populate(struct kunit *test)
{
	unsigned long hva = gzvm_test_memory(test, SZ_4M, PROT_READ | PROT_WRITE);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;

	gt->vm->pinned = true;
	gt->vm->demand_paging = true;
	gzvm_test_slot(test, SZ_4M, hva);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_2M), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_SET_MEMREGION], 1);
	/* To ask for a size needs no memory. */
	gt->status[GZVM_FN_ENABLE_CAP] = -EOPNOTSUPP;
	KUNIT_EXPECT_EQ(test, gzvm_test_protect(test, GZVM_CAP_PVM_GET_PVMFW_SIZE, 0), -EOPNOTSUPP);
	gt->status[GZVM_FN_ENABLE_CAP] = 0;
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 1);
	gt->on_call = gzvm_test_all_mapped;
	KUNIT_EXPECT_EQ(test, gzvm_test_protect(test, GZVM_CAP_PVM_SET_PVMFW_GPA, TEST_GPA), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_MAP_GUEST], 1);
	KUNIT_EXPECT_GE(test, gt->calls[GZVM_FN_SET_MEMREGION], 4);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, SZ_4M / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, gzvm_test_protect(test, GZVM_CAP_PVM_SET_PROTECTED_VM, 0), 0);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, SZ_4M / PAGE_SIZE);
}

/* Memory that cannot be given: the VM does not become a protected one. */
static void gzvm_test_cap_no_memory(struct kunit *test)
{
	unsigned long hva = gzvm_test_memory(test, SZ_4M, PROT_READ | PROT_WRITE);
	struct gzvm_test *gt = test->priv;

	gt->vm->pinned = true;
	gt->vm->demand_paging = true;
	gzvm_test_slot(test, SZ_4M, hva);
	KUNIT_ASSERT_EQ(test, vm_munmap(hva + SZ_1M, SZ_64K), 0);
	KUNIT_EXPECT_EQ(test, gzvm_test_protect(test, GZVM_CAP_PVM_SET_PROTECTED_VM, 0), -EFAULT);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_ENABLE_CAP], 0);
	/* By blocks the guest fetches its memory itself. */
	gt->vm->block_paging = true;
	KUNIT_EXPECT_EQ(test, gzvm_test_protect(test, GZVM_CAP_PVM_SET_PROTECTED_VM, 0), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_ENABLE_CAP], 1);
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
	KUNIT_EXPECT_GE(test, page_count(page), 1); /* LRU batches may have another */
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
	KUNIT_EXPECT_GE(test, page_count(page), 1); /* LRU batches may have another */

	/* The stub keeps nothing. */
	put_page(page);
	vcpu->run = run;
	gt->vm->mailbox = mailbox;
	gt->vm->region_buf = buf;
}

static unsigned long gzvm_test_first_max;

/* The first call. To become the stub again takes memory, which map_lock forbids. */
static unsigned long gzvm_test_first_forget(struct gzvm *vm, u64 gfn, u64 last,
					    struct page **pages, unsigned long max)
{
	gzvm_test_first_max = max;
	kunit_deactivate_static_stub(kunit_get_current_test(), gzvm_mem_forget);
	return gzvm_mem_forget(vm, gfn, last, pages, max);
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
	gzvm_test_first_max = 0;
	kunit_activate_static_stub(test, gzvm_mem_forget, gzvm_test_first_forget);
	gzvm_vm_retire(gt->vm);
	KUNIT_EXPECT_GT(test, gzvm_test_first_max, 0);
	KUNIT_EXPECT_LE(test, gzvm_test_first_max, GZVM_BLOCK_PAGES);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&gt->vm->pages));
}

/* Who records counts, also where the record needs a node at once. */
static void gzvm_test_accounted(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;

	KUNIT_EXPECT_TRUE(test, gt->vm->pages.xa_flags & XA_FLAGS_ACCOUNT);
	KUNIT_EXPECT_TRUE(test, gt->vm->slots.xa_flags & XA_FLAGS_ACCOUNT);
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

static int gzvm_test_pm(unsigned long event)
{
	return gzvm_pm_notify(NULL, event, NULL);
}

static const unsigned long gzvm_test_pm_events[][2] = {
	{ PM_HIBERNATION_PREPARE, PM_POST_HIBERNATION },
	{ PM_RESTORE_PREPARE, PM_POST_RESTORE },
};

/* No hibernation begins with a VM, of which there may be several; other events do not matter. */
static void gzvm_test_pm_refused(struct kunit *test)
{
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(gzvm_test_pm_events); i++) {
		const unsigned long *event = gzvm_test_pm_events[i];

		for (n = 0; n < 2; n++)
			KUNIT_ASSERT_TRUE(test, gzvm_vms_get());
		for (n = 0; n < 2; n++) {
			KUNIT_EXPECT_EQ(test, notifier_to_errno(gzvm_test_pm(event[0])), -EBUSY);
			KUNIT_EXPECT_EQ(test, gzvm_test_pm(PM_SUSPEND_PREPARE), NOTIFY_DONE);
			KUNIT_EXPECT_EQ(test, gzvm_test_pm(PM_POST_SUSPEND), NOTIFY_DONE);
			gzvm_vms_put();
		}
		KUNIT_EXPECT_EQ(test, gzvm_test_pm(event[0]), NOTIFY_OK);
		/* Until its end there is no VM. */
		KUNIT_EXPECT_FALSE(test, gzvm_vms_get());
		KUNIT_EXPECT_EQ(test, gzvm_test_pm(PM_POST_SUSPEND), NOTIFY_DONE);
		KUNIT_EXPECT_FALSE(test, gzvm_vms_get());
		KUNIT_EXPECT_EQ(test, gzvm_test_pm(event[1]), NOTIFY_OK);
		KUNIT_EXPECT_TRUE(test, gzvm_vms_get());
		/* An end without a beginning forgets no VM. */
		KUNIT_EXPECT_EQ(test, gzvm_test_pm(event[1]), NOTIFY_OK);
		KUNIT_EXPECT_EQ(test, notifier_to_errno(gzvm_test_pm(event[0])), -EBUSY);
		gzvm_vms_put();
	}
}

static int gzvm_test_pm_result;

/* The machine is to hibernate while the hypervisor is asked for a VM, which it has not got. */
static int gzvm_test_pm_hypcall(u32 fn, const struct gzvm_args *args, struct arm_smccc_res *res)
{
	if (fn == GZVM_FN_CREATE_VM)
		gzvm_test_pm_result = notifier_to_errno(gzvm_test_pm(PM_HIBERNATION_PREPARE));
	return -ENOMEM;
}

/* CREATE_VM during hibernation makes no call; one that fails is counted no more. */
static void gzvm_test_pm_create(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;

	gzvm_test_memory(test, PAGE_SIZE, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, gzvm_test_pm(PM_HIBERNATION_PREPARE), NOTIFY_OK);
	KUNIT_EXPECT_EQ(test, gzvm_vm_create(0), -EBUSY);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_CREATE_VM], 0);
	KUNIT_EXPECT_EQ(test, gzvm_test_pm(PM_POST_HIBERNATION), NOTIFY_OK);

	gzvm_test_pm_result = 0;
	kunit_activate_static_stub(test, __gzvm_hypcall, gzvm_test_pm_hypcall);
	KUNIT_EXPECT_EQ(test, gzvm_vm_create(0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, gzvm_test_pm_result, -EBUSY);
	KUNIT_EXPECT_EQ(test, gzvm_test_pm(PM_HIBERNATION_PREPARE), NOTIFY_OK);
	KUNIT_EXPECT_EQ(test, gzvm_test_pm(PM_POST_HIBERNATION), NOTIFY_OK);
}

static struct kunit_case gzvm_vm_cases[] = {
	KUNIT_CASE(gzvm_test_cap_protected),
	KUNIT_CASE(gzvm_test_cap_pvmfw_size),
	KUNIT_CASE(gzvm_test_cap_extension),
	KUNIT_CASE(gzvm_test_cap_populate),
	KUNIT_CASE(gzvm_test_cap_no_memory),
	KUNIT_CASE(gzvm_test_busy_call),
	KUNIT_CASE(gzvm_test_busy_unmap),
	KUNIT_CASE(gzvm_test_busy_destroy),
	KUNIT_CASE(gzvm_test_forget_batches),
	KUNIT_CASE(gzvm_test_accounted),
	KUNIT_CASE(gzvm_test_slots_wait),
	KUNIT_CASE(gzvm_test_pm_refused),
	KUNIT_CASE(gzvm_test_pm_create),
	{}
};

static struct kunit_suite gzvm_vm_suite = {
	.name = "gzvm_vm",
	.init = gzvm_test_init,
	.exit = gzvm_test_exit,
	.test_cases = gzvm_vm_cases,
};

kunit_test_suite(gzvm_vm_suite);
