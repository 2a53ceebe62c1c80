// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the RUN loop on a VMM's structure in real user memory.
 */

#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/mman.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "gzvm_test.h"

static struct gzvm_vcpu_run __user *gzvm_test_urun(struct kunit *test)
{
	unsigned long hva = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
					  MAP_ANONYMOUS | MAP_PRIVATE, 0);
	struct gzvm_vcpu_run __user *urun = (void __user *)hva;
	struct gzvm_test *gt = test->priv;

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(hva));
	gt->vm->mm = current->mm;
	KUNIT_ASSERT_EQ(test, clear_user(urun, sizeof(*urun)), 0);
	return urun;
}

static struct gzvm_vcpu_run gzvm_test_read(struct kunit *test, struct gzvm_vcpu_run __user *urun)
{
	struct gzvm_vcpu_run run;

	KUNIT_ASSERT_EQ(test, copy_from_user(&run, urun, sizeof(run)), 0);
	return run;
}

static void gzvm_test_mmio_exit(struct gzvm_test *gt, u32 fn)
{
	struct gzvm_vcpu_run *run = gt->vm->vcpus[0]->run;

	if (fn != GZVM_FN_RUN)
		return;
	run->mmio.phys_addr = 0x1234;
	run->mmio.size = 4;
	run->mmio.reg_nr = 3;
	run->mmio.is_write = 0;
}

static void gzvm_test_run_mmio(struct kunit *test)
{
	struct gzvm_vcpu_run __user *urun = gzvm_test_urun(test);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;
	struct gzvm_vcpu_run run;

	gt->res[GZVM_FN_RUN].a1 = GZVM_EXIT_MMIO;
	gt->on_call = gzvm_test_mmio_exit;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_RUN].x[0], (u64)GZVM_TEST_VM_ID << 16);
	run = gzvm_test_read(test, urun);
	KUNIT_EXPECT_EQ(test, run.exit_reason, GZVM_EXIT_MMIO);
	KUNIT_EXPECT_EQ(test, run.mmio.phys_addr, 0x1234ULL);
	KUNIT_EXPECT_EQ(test, run.mmio.reg_nr, 3);
	KUNIT_EXPECT_EQ(test, vcpu->exits[1], 1);

	/* The data of the read comes in, and nothing else of the VMM's. */
	memset(&run.mmio, 0xa5, sizeof(run.mmio));
	KUNIT_ASSERT_EQ(test, copy_to_user(&urun->mmio, &run.mmio, sizeof(run.mmio)), 0);
	gt->on_call = NULL;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, vcpu->run->mmio.phys_addr, 0x1234ULL);
	KUNIT_EXPECT_EQ(test, vcpu->run->mmio.size, 4);
	KUNIT_EXPECT_EQ(test, vcpu->run->mmio.reg_nr, 3);
	KUNIT_EXPECT_EQ(test, vcpu->run->mmio.data[0], 0xa5);
	KUNIT_EXPECT_EQ(test, vcpu->run->mmio.data[7], 0xa5);
}

/* The head of the structure is in memory, the answer that the last exit wants is not. */
static void gzvm_test_run_edge(struct kunit *test, struct gzvm_vcpu *vcpu)
{
	unsigned long hva = kunit_vm_mmap(test, NULL, 0, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
					  MAP_ANONYMOUS | MAP_PRIVATE, 0);
	void __user *end = (void __user *)(hva + PAGE_SIZE);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(hva));
	KUNIT_ASSERT_EQ(test, vm_munmap(hva + PAGE_SIZE, PAGE_SIZE), 0);
	vcpu->completion = GZVM_COMPLETE_HYPERCALL;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, end - offsetof(struct gzvm_vcpu_run,
								 hypercall)), -EFAULT);
	vcpu->completion = GZVM_COMPLETE_MMIO_READ;
	vcpu->run->mmio.size = 8;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, end - offsetof(struct gzvm_vcpu_run,
								 mmio.data)), -EFAULT);
	vcpu->completion = GZVM_COMPLETE_NONE;
}

static void gzvm_test_run_refused(struct kunit *test)
{
	struct gzvm_vcpu_run __user *urun = gzvm_test_urun(test);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;

	gt->res[GZVM_FN_RUN].a1 = GZVM_EXIT_SHUTDOWN;
	KUNIT_ASSERT_EQ(test, put_user(1, &urun->immediate_exit), 0);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), -EINTR);
	KUNIT_ASSERT_EQ(test, put_user(0, &urun->immediate_exit), 0);
	KUNIT_ASSERT_EQ(test, put_user(1, &urun->padding1[2]), 0);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), -EINVAL);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, NULL), -EFAULT);
	gzvm_test_run_edge(test, vcpu);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_RUN], 0);

	KUNIT_ASSERT_EQ(test, put_user(0, &urun->padding1[2]), 0);
	gt->status[GZVM_FN_RUN] = -EFAULT;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), -EFAULT);
	KUNIT_EXPECT_EQ(test, gzvm_test_read(test, urun).exit_reason, 0);

	/* BUSY: the hypervisor wants the call again. */
	gt->status[GZVM_FN_RUN] = 0;
	gt->busy[GZVM_FN_RUN] = 2;
	gt->calls[GZVM_FN_RUN] = 0;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_RUN], 3);
	KUNIT_EXPECT_EQ(test, gzvm_test_read(test, urun).exit_reason, GZVM_EXIT_SHUTDOWN);
}

static int gzvm_test_yield_fn(void *data)
{
	while (!kthread_should_stop())
		cond_resched();
	return 0;
}

/* A vCPU may wait on its CPU while nobody else wants that one, if its waits are brief. */
static void gzvm_test_run_wait(struct kunit *test)
{
	struct gzvm_vcpu_run __user *urun = gzvm_test_urun(test);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;
	u64 *flags = &gt->last[GZVM_FN_RUN].x[1];
	struct task_struct *other;
	unsigned int i;

	gt->res[GZVM_FN_RUN].a1 = GZVM_EXIT_SHUTDOWN;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, *flags, 0);

	/* The kernel's threads come and go. */
	vcpu->waits_briefly = true;
	for (i = 0; i < 100000 && !*flags; i++) {
		KUNIT_ASSERT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, *flags, GZVM_RUN_WAIT);

	other = kthread_create(gzvm_test_yield_fn, NULL, "gzvm-test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	migrate_disable();
	kthread_bind(other, smp_processor_id());
	/* From here on it runs or waits for this CPU. */
	wake_up_process(other);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, *flags, 0);
	migrate_enable();
	kthread_stop(other);
}

static void gzvm_test_kick(struct gzvm_test *gt, u32 fn)
{
	if (fn == GZVM_FN_RUN)
		set_tsk_thread_flag(current, TIF_SIGPENDING);
}

static void gzvm_test_run_signal(struct kunit *test)
{
	struct gzvm_vcpu_run __user *urun = gzvm_test_urun(test);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;

	/* Pending before: the guest is not entered, and what was open stays open. */
	gt->res[GZVM_FN_RUN].a1 = GZVM_EXIT_IRQ;
	vcpu->completion = GZVM_COMPLETE_MMIO_READ;
	set_tsk_thread_flag(current, TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), -ERESTARTSYS);
	clear_tsk_thread_flag(current, TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_RUN], 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_INFORM_EXIT], 1);
	KUNIT_EXPECT_EQ(test, vcpu->completion, GZVM_COMPLETE_MMIO_READ);
	vcpu->completion = GZVM_COMPLETE_NONE;

	/* While the guest runs: it is not entered again. */
	gt->on_call = gzvm_test_kick;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), -ERESTARTSYS);
	clear_tsk_thread_flag(current, TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_RUN], 1);

	/* In the sleep of an idle vCPU. */
	gt->res[GZVM_FN_RUN].a1 = GZVM_EXIT_IDLE;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), -ERESTARTSYS);
	clear_tsk_thread_flag(current, TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_RUN], 2);

	/* Together with an exit for the VMM: the exit is not lost. */
	gt->res[GZVM_FN_RUN].a1 = GZVM_EXIT_SHUTDOWN;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	clear_tsk_thread_flag(current, TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, gzvm_test_read(test, urun).exit_reason, GZVM_EXIT_SHUTDOWN);
}

/* An exit that a signal came before is handled by the next RUN, without the guest in between. */
static void gzvm_test_run_unhandled(struct kunit *test)
{
	struct gzvm_vcpu_run __user *urun = gzvm_test_urun(test);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;

	vcpu->unhandled = GZVM_EXIT_SHUTDOWN;
	set_tsk_thread_flag(current, TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), -ERESTARTSYS);
	clear_tsk_thread_flag(current, TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_RUN], 0);
	KUNIT_EXPECT_EQ(test, gzvm_test_read(test, urun).exit_reason, GZVM_EXIT_SHUTDOWN);
	gt->res[GZVM_FN_RUN].a1 = GZVM_EXIT_SHUTDOWN;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_RUN], 1);
}

static struct gzvm_vcpu_run __user *gzvm_test_race_urun;

/* Another thread of the VMM sets immediate_exit while the guest runs. */
static void gzvm_test_set_immediate(struct gzvm_test *gt, u32 fn)
{
	u8 one = 1;

	if (fn == GZVM_FN_RUN)
		KUNIT_EXPECT_EQ(kunit_get_current_test(),
				copy_to_user_nofault(&gzvm_test_race_urun->immediate_exit, &one,
						     sizeof(one)), 0);
}

static void gzvm_test_run_immediate_kept(struct kunit *test)
{
	static const u32 reasons[] = {
		GZVM_EXIT_MMIO, GZVM_EXIT_EXCEPTION, GZVM_EXIT_SYSTEM_EVENT, GZVM_EXIT_SHUTDOWN,
		GZVM_EXIT_UNKNOWN,
	};
	struct gzvm_vcpu_run __user *urun = gzvm_test_urun(test);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;
	unsigned int i;

	gzvm_test_race_urun = urun;
	gt->on_call = gzvm_test_set_immediate;
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		gt->res[GZVM_FN_RUN].a1 = reasons[i];
		KUNIT_ASSERT_EQ(test, put_user(0, &urun->immediate_exit), 0);
		KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
		KUNIT_EXPECT_EQ_MSG(test, gzvm_test_read(test, urun).immediate_exit, 1,
				    "reason %x", reasons[i]);
	}
}

/* IPI and wake bitmaps reach the others; the sleeper that was woken meanwhile does not sleep. */
static void gzvm_test_ipi_then_shutdown(struct gzvm_test *gt, u32 fn)
{
	if (fn != GZVM_FN_RUN)
		return;
	gt->res[fn].a1 = gt->calls[fn] == 1 ? GZVM_EXIT_IDLE : GZVM_EXIT_SHUTDOWN;
	gt->res[fn].a2 = 0;
	/* An interrupt that comes after the hypervisor decided for IDLE. */
	gzvm_vm_wake(gt->vm, BIT(0));
}

static void gzvm_test_run_wake(struct kunit *test)
{
	struct gzvm_vcpu_run __user *urun = gzvm_test_urun(test);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_vcpu *other = gzvm_test_vcpu(test, 1);
	struct gzvm_test *gt = test->priv;

	gt->res[GZVM_FN_RUN].a1 = GZVM_EXIT_IPI;
	gt->res[GZVM_FN_RUN].a2 = BIT(1);
	/* A delay for ever: the test ends only because the wake-up is seen. */
	vcpu->hwstate->vtimer_migrate = cpu_to_le32(1);
	vcpu->hwstate->vtimer_delay = cpu_to_le64(U64_MAX);
	gt->on_call = gzvm_test_ipi_then_shutdown;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_RUN], 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&other->wake), 1);

	/* Without bitmaps an IPI wakes all. */
	gzvm_hyp.features = 0;
	atomic_set(&other->wake, 0);
	gt->calls[GZVM_FN_RUN] = 0;
	gt->res[GZVM_FN_RUN].a1 = GZVM_EXIT_IPI;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&other->wake), 1);
}

/* Task work and the like: done within RUN, or by a restart of RUN, unseen by the VMM. */
static void gzvm_test_run_notify_resume(struct kunit *test)
{
	struct gzvm_vcpu_run __user *urun = gzvm_test_urun(test);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;

	gt->res[GZVM_FN_RUN].a1 = GZVM_EXIT_SHUTDOWN;
	vcpu->completion = GZVM_COMPLETE_MMIO_READ;
	set_tsk_thread_flag(current, TIF_NOTIFY_RESUME);
	if (!IS_ENABLED(CONFIG_VIRT_XFER_TO_GUEST_WORK)) {
		KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), -ERESTARTNOINTR);
		KUNIT_EXPECT_TRUE(test, signal_pending(current));
		clear_tsk_thread_flag(current, TIF_NOTIFY_RESUME);
		clear_tsk_thread_flag(current, TIF_NOTIFY_SIGNAL);
		KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_RUN], 0);
		KUNIT_EXPECT_EQ(test, vcpu->completion, GZVM_COMPLETE_MMIO_READ);
		KUNIT_EXPECT_EQ(test, gzvm_test_read(test, urun).exit_reason, 0);
	}
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_FALSE(test, test_tsk_thread_flag(current, TIF_NOTIFY_RESUME));
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_RUN], 1);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_INFORM_EXIT], 0);
	KUNIT_EXPECT_EQ(test, gzvm_test_read(test, urun).exit_reason, GZVM_EXIT_SHUTDOWN);
}

static unsigned int gzvm_test_leaves;

static void gzvm_test_count_leave(void)
{
	gzvm_test_leaves++;
}

/* RUN returns to userspace: with an exit, an error, for a signal, without the guest. */
static void gzvm_test_run_leave(struct kunit *test)
{
	struct gzvm_vcpu_run __user *urun = gzvm_test_urun(test);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;

	gzvm_test_leaves = 0;
	kunit_activate_static_stub(test, gzvm_work_leave, gzvm_test_count_leave);
	gt->res[GZVM_FN_RUN].a1 = GZVM_EXIT_SHUTDOWN;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, gzvm_test_leaves, 1);
	gt->status[GZVM_FN_RUN] = -EFAULT;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), -EFAULT);
	KUNIT_EXPECT_EQ(test, gzvm_test_leaves, 2);
	set_tsk_thread_flag(current, TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), -ERESTARTSYS);
	clear_tsk_thread_flag(current, TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, gzvm_test_leaves, 3);
	vcpu->undelivered = GZVM_EXIT_SHUTDOWN;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, gzvm_test_leaves, 4);
}

/* An exit that cannot be written comes again, before the guest goes on. */
static void gzvm_test_run_undelivered(struct kunit *test)
{
	struct gzvm_vcpu_run __user *urun = gzvm_test_urun(test);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;
	unsigned long ro;

	ro = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ, MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(ro));
	gt->res[GZVM_FN_RUN].a1 = GZVM_EXIT_MMIO;
	gt->on_call = gzvm_test_mmio_exit;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, (void __user *)ro), -EFAULT);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_RUN], 1);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, (void __user *)ro), -EFAULT);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_RUN], 1);
	KUNIT_EXPECT_EQ(test, gzvm_test_read(test, urun).mmio.phys_addr, 0x1234ULL);
	/* And is complete then: the next RUN takes the data. */
	KUNIT_ASSERT_EQ(test, put_user(0x77, &urun->mmio.data[0]), 0);
	gt->on_call = NULL;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_RUN], 2);
	KUNIT_EXPECT_EQ(test, vcpu->run->mmio.data[0], 0x77);
}

static void gzvm_test_break(struct gzvm_test *gt, u32 fn)
{
	gt->vm->broken = true;
}

/* A VM whose memory the hypervisor keeps against the rules does not run, nor sleep. */
static void gzvm_test_run_broken(struct kunit *test)
{
	struct gzvm_vcpu_run __user *urun = gzvm_test_urun(test);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;

	/* Just before RUN clears wake: the wake-up is lost, but not the reason for it. */
	gt->res[GZVM_FN_RUN].a1 = GZVM_EXIT_IDLE;
	gt->on_call = gzvm_test_break;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), -EIO);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_RUN], 1);
	vcpu->exit_time = ktime_get();
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_idle(vcpu), 0);

	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), -EIO);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_RUN], 1);
}

/* The end of an interrupt is looked for after each exit, and acted on once. */
static void gzvm_test_run_resample(struct kunit *test)
{
	struct gzvm_vcpu_run __user *urun = gzvm_test_urun(test);
	struct gzvm_resampler r = { .spi = 8, .users = LIST_HEAD_INIT(r.users) };
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;
	u64 eoi = BIT_ULL(41) | 40;

	gt->res[GZVM_FN_RUN].a1 = GZVM_EXIT_SHUTDOWN;
	list_add(&r.list, &gt->vm->resamplers);
	vcpu->hwstate->nr_lrs = cpu_to_le32(4);
	/* Active, pending, of hardware, another's, without the bit, private: none counts. */
	vcpu->hwstate->lr[0] = cpu_to_le64(eoi | BIT_ULL(63));
	vcpu->hwstate->lr[1] = cpu_to_le64(eoi | BIT_ULL(62));
	vcpu->hwstate->lr[2] = cpu_to_le64(eoi | BIT_ULL(61));
	vcpu->hwstate->lr[3] = cpu_to_le64(eoi + 1);
	/* Behind the last. */
	vcpu->hwstate->lr[4] = cpu_to_le64(eoi);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	vcpu->hwstate->nr_lrs = cpu_to_le32(4);
	vcpu->hwstate->lr[0] = cpu_to_le64(40);
	vcpu->hwstate->lr[1] = cpu_to_le64(BIT_ULL(41) | 8);
	vcpu->hwstate->lr[2] = cpu_to_le64(BIT_ULL(41) | 1020);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_IRQ_LINE], 0);

	vcpu->hwstate->nr_lrs = cpu_to_le32(~0);
	vcpu->hwstate->lr[0] = 0;
	vcpu->hwstate->lr[15] = cpu_to_le64(eoi);
	memset(&vcpu->hwstate->lr[4], 0, sizeof(vcpu->hwstate->lr[4]));
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_IRQ_LINE], 1);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE].x[1], 8);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE].x[2], 0);
	/* The page stays as it is: nothing happens again. */
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_run(vcpu, urun), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_IRQ_LINE], 1);
	list_del(&r.list);
}

/* What of a register reaches the hypervisor, and the VMM. */
static void gzvm_test_one_reg(struct kunit *test)
{
	struct gzvm_vcpu_run __user *urun = gzvm_test_urun(test);
	struct gzvm_one_reg __user *ureg = (void __user *)urun;
	u64 __user *uvalue = (void __user *)urun + 128;
	struct gzvm_one_reg reg = {
		.id = GZVM_REG_CORE_U64(GZVM_CORE_X(5)), .addr = (unsigned long)uvalue,
	};
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 1);
	struct gzvm_test *gt = test->priv;
	u64 value = 0;

	KUNIT_ASSERT_EQ(test, put_user(0x1122334455667788ULL, uvalue), 0);
	KUNIT_ASSERT_EQ(test, copy_to_user(ureg, &reg, sizeof(reg)), 0);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_set_one_reg(vcpu, ureg), 0);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_SET_ONE_REG].x[0],
			(u64)GZVM_TEST_VM_ID << 16 | 1);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_SET_ONE_REG].x[1], reg.id);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_SET_ONE_REG].x[2], 0x1122334455667788ULL);

	gt->res[GZVM_FN_GET_ONE_REG].a1 = 0xa0b0c0d0e0f00102;
	gt->busy[GZVM_FN_GET_ONE_REG] = 1;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_get_one_reg(vcpu, ureg), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_GET_ONE_REG], 2);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_GET_ONE_REG].x[1], reg.id);
	KUNIT_ASSERT_EQ(test, get_user(value, uvalue), 0);
	KUNIT_EXPECT_EQ(test, value, 0xa0b0c0d0e0f00102ULL);

	/* Four bytes in, four bytes out. */
	reg.id = GZVM_REG_CORE_U32(GZVM_CORE_FPCR);
	KUNIT_ASSERT_EQ(test, copy_to_user(ureg, &reg, sizeof(reg)), 0);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_set_one_reg(vcpu, ureg), 0);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_SET_ONE_REG].x[2], 0xe0f00102ULL);
	gt->res[GZVM_FN_GET_ONE_REG].a1 = 0x99999999deadbeef;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_get_one_reg(vcpu, ureg), 0);
	KUNIT_ASSERT_EQ(test, get_user(value, uvalue), 0);
	KUNIT_EXPECT_EQ(test, value, 0xa0b0c0d0deadbeefULL);

	/* Refused before the hypervisor is asked, or by it; nothing is written then. */
	gt->calls[GZVM_FN_GET_ONE_REG] = 0;
	gt->calls[GZVM_FN_SET_ONE_REG] = 0;
	reg.id = GZVM_REG_CORE_U128(GZVM_CORE_V(0));
	KUNIT_ASSERT_EQ(test, copy_to_user(ureg, &reg, sizeof(reg)), 0);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_set_one_reg(vcpu, ureg), -EINVAL);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_get_one_reg(vcpu, ureg), -EINVAL);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_get_one_reg(vcpu, NULL), -EFAULT);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_set_one_reg(vcpu, NULL), -EFAULT);
	reg = (struct gzvm_one_reg){ .id = GZVM_REG_CORE_U64(GZVM_CORE_PC) };
	KUNIT_ASSERT_EQ(test, copy_to_user(ureg, &reg, sizeof(reg)), 0);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_set_one_reg(vcpu, ureg), -EFAULT);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_SET_ONE_REG], 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_GET_ONE_REG], 0);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_get_one_reg(vcpu, ureg), -EFAULT);
	reg.addr = (unsigned long)uvalue;
	KUNIT_ASSERT_EQ(test, copy_to_user(ureg, &reg, sizeof(reg)), 0);
	gt->status[GZVM_FN_GET_ONE_REG] = -EINVAL;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_get_one_reg(vcpu, ureg), -EINVAL);
	KUNIT_ASSERT_EQ(test, get_user(value, uvalue), 0);
	KUNIT_EXPECT_EQ(test, value, 0xa0b0c0d0deadbeefULL);

	/* A hypervisor without the call is not asked. */
	gt->calls[GZVM_FN_GET_ONE_REG] = 0;
	gzvm_hyp.features = 0;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_get_one_reg(vcpu, ureg), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_GET_ONE_REG], 0);
}

/* After a guest's reset another vCPU may be in RUN still: the hypervisor is BUSY, not for ever. */
static void gzvm_test_one_reg_busy(struct kunit *test)
{
	struct gzvm_vcpu_run __user *urun = gzvm_test_urun(test);
	struct gzvm_one_reg __user *ureg = (void __user *)urun;
	struct gzvm_one_reg reg = {
		.id = GZVM_REG_CORE_U64(GZVM_CORE_PC), .addr = (unsigned long)urun + 128,
	};
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_test *gt = test->priv;

	KUNIT_ASSERT_EQ(test, copy_to_user(ureg, &reg, sizeof(reg)), 0);
	gzvm_hyp.busy_rounds = 100;
	gt->busy[GZVM_FN_SET_ONE_REG] = UINT_MAX;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_set_one_reg(vcpu, ureg), -EBUSY);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_SET_ONE_REG], 100 + 1);
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&vcpu->lock));
	/* A signal does not wait for that. */
	set_tsk_thread_flag(current, TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_set_one_reg(vcpu, ureg), -ERESTARTSYS);
	clear_tsk_thread_flag(current, TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_SET_ONE_REG], 100 + 2);
	gt->busy[GZVM_FN_SET_ONE_REG] = 100;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_set_one_reg(vcpu, ureg), 0);
}

static struct kunit_case gzvm_run_cases[] = {
	KUNIT_CASE(gzvm_test_run_mmio),
	KUNIT_CASE(gzvm_test_run_refused),
	KUNIT_CASE(gzvm_test_run_wait),
	KUNIT_CASE(gzvm_test_run_signal),
	KUNIT_CASE(gzvm_test_run_unhandled),
	KUNIT_CASE(gzvm_test_run_immediate_kept),
	KUNIT_CASE(gzvm_test_run_wake),
	KUNIT_CASE(gzvm_test_run_notify_resume),
	KUNIT_CASE(gzvm_test_run_leave),
	KUNIT_CASE(gzvm_test_run_undelivered),
	KUNIT_CASE(gzvm_test_run_broken),
	KUNIT_CASE(gzvm_test_run_resample),
	KUNIT_CASE(gzvm_test_one_reg),
	KUNIT_CASE(gzvm_test_one_reg_busy),
	{}
};

static struct kunit_suite gzvm_run_suite = {
	.name = "gzvm_run",
	.init = gzvm_test_init,
	.exit = gzvm_test_exit,
	.test_cases = gzvm_run_cases,
};

kunit_test_suite(gzvm_run_suite);
