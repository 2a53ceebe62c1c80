// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: what is done about each exit; the RUN loop and the sleep, on the stub hypervisor.
 */

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mman.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include <asm/arch_timer.h>

#include "gzvm_test.h"

static void gzvm_test_dispatch(struct kunit *test)
{
	static const struct {
		u32 reason;
		enum gzvm_next next;
	} cases[] = {
		{ GZVM_EXIT_UNKNOWN, GZVM_NEXT_USER },
		{ GZVM_EXIT_IRQ, GZVM_NEXT_ENTER },
		{ GZVM_EXIT_DEBUG, GZVM_NEXT_USER },
		{ GZVM_EXIT_FAIL_ENTRY, GZVM_NEXT_USER },
		{ GZVM_EXIT_INTERNAL_ERROR, GZVM_NEXT_USER },
		{ GZVM_EXIT_SYSTEM_EVENT, GZVM_NEXT_USER },
		{ GZVM_EXIT_SHUTDOWN, GZVM_NEXT_USER },
		{ GZVM_EXIT_GZ, GZVM_NEXT_ENTER },
		{ GZVM_EXIT_IDLE, GZVM_NEXT_SLEEP },
		{ 0x9292000c, GZVM_NEXT_USER },
		{ GZVM_EXIT_IPI, GZVM_NEXT_ENTER },
		{ 0, GZVM_NEXT_USER },
	};
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ_MSG(test, gzvm_exit_dispatch(vcpu, cases[i].reason),
				    cases[i].next, "reason %x", cases[i].reason);
		KUNIT_EXPECT_EQ(test, vcpu->completion, GZVM_COMPLETE_NONE);
	}
}

static void gzvm_test_dispatch_mmio(struct kunit *test)
{
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_vcpu_run *run = vcpu->run;

	run->mmio.phys_addr = 0x1000;
	run->mmio.size = 4;
	run->mmio.is_write = 1;
	KUNIT_EXPECT_EQ(test, gzvm_exit_dispatch(vcpu, GZVM_EXIT_MMIO), GZVM_NEXT_USER);
	KUNIT_EXPECT_EQ(test, vcpu->completion, GZVM_COMPLETE_NONE);
	run->mmio.is_write = 0;
	KUNIT_EXPECT_EQ(test, gzvm_exit_dispatch(vcpu, GZVM_EXIT_MMIO), GZVM_NEXT_USER);
	KUNIT_EXPECT_EQ(test, vcpu->completion, GZVM_COMPLETE_MMIO_READ);
	/* A size that cannot be is not copied with. */
	run->mmio.is_write = 1;
	run->mmio.size = 4096;
	KUNIT_EXPECT_EQ(test, gzvm_exit_dispatch(vcpu, GZVM_EXIT_MMIO), GZVM_NEXT_USER);
}

static void gzvm_test_dispatch_hypercall(struct kunit *test)
{
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	u64 *args = vcpu->run->hypercall.args;

	args[0] = GZVM_HVC_PTP;
	args[1] = GZVM_PTP_PHYS_COUNTER;
	KUNIT_EXPECT_EQ(test, gzvm_exit_dispatch(vcpu, GZVM_EXIT_HYPERCALL), GZVM_NEXT_ENTER);
	KUNIT_EXPECT_NE(test, args[0], GZVM_HVC_PTP);

	args[0] = GZVM_HVC_MEM_RELINQUISH;
	args[1] = 0x1000;
	KUNIT_EXPECT_EQ(test, gzvm_exit_dispatch(vcpu, GZVM_EXIT_HYPERCALL), GZVM_NEXT_ENTER);
	KUNIT_EXPECT_EQ(test, (s64)args[0], SMCCC_RET_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, vcpu->completion, GZVM_COMPLETE_NONE);

	/* The upper half of x0 is no part of the id. */
	args[0] = 0xdead000000000000 | GZVM_HVC_MEM_RELINQUISH;
	KUNIT_EXPECT_EQ(test, gzvm_exit_dispatch(vcpu, GZVM_EXIT_HYPERCALL), GZVM_NEXT_ENTER);

	args[0] = 0xc6000123;
	KUNIT_EXPECT_EQ(test, gzvm_exit_dispatch(vcpu, GZVM_EXIT_HYPERCALL), GZVM_NEXT_USER);
	KUNIT_EXPECT_EQ(test, vcpu->completion, GZVM_COMPLETE_HYPERCALL);
}

static void gzvm_test_dispatch_exception(struct kunit *test)
{
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct gzvm_vcpu_run *run = vcpu->run;

	vcpu->vm->demand_paging = true;
	run->exception.exception = GZVM_EXCEPTION_PAGE_FAULT;
	run->exception.fault_gpa = 0x80000000;
	KUNIT_EXPECT_EQ(test, gzvm_exit_dispatch(vcpu, GZVM_EXIT_EXCEPTION), GZVM_NEXT_USER);
	KUNIT_EXPECT_EQ(test, run->exception.error_code, EFAULT);

	run->exception.error_code = 0;
	run->exception.reserved[29] = 1;
	KUNIT_EXPECT_EQ(test, gzvm_exit_dispatch(vcpu, GZVM_EXIT_EXCEPTION), GZVM_NEXT_USER);
	KUNIT_EXPECT_EQ(test, run->exception.error_code, 0);
	run->exception.reserved[29] = 0;
	run->exception.exception = GZVM_EXCEPTION_UNKNOWN;
	KUNIT_EXPECT_EQ(test, gzvm_exit_dispatch(vcpu, GZVM_EXIT_EXCEPTION), GZVM_NEXT_USER);
	KUNIT_EXPECT_EQ(test, run->exception.error_code, 0);
}

static void gzvm_test_payload(struct kunit *test)
{
	struct gzvm_vcpu_run run;

	KUNIT_EXPECT_EQ(test, gzvm_exit_payload(&run, GZVM_EXIT_MMIO), 32);
	KUNIT_EXPECT_EQ(test, gzvm_exit_payload(&run, GZVM_EXIT_HYPERCALL), 64);
	KUNIT_EXPECT_EQ(test, gzvm_exit_payload(&run, GZVM_EXIT_FAIL_ENTRY), 16);
	KUNIT_EXPECT_EQ(test, gzvm_exit_payload(&run, GZVM_EXIT_EXCEPTION), 256);
	KUNIT_EXPECT_EQ(test, gzvm_exit_payload(&run, GZVM_EXIT_SYSTEM_EVENT), 136);
	KUNIT_EXPECT_EQ(test, gzvm_exit_payload(&run, GZVM_EXIT_SHUTDOWN), 0);
	KUNIT_EXPECT_EQ(test, gzvm_exit_payload(&run, 0x12345678), 256);
}

static void gzvm_test_names(struct kunit *test)
{
	unsigned int i;

	KUNIT_EXPECT_STREQ(test, gzvm_exit_name(GZVM_EXIT_MMIO & 0xf), "mmio");
	KUNIT_EXPECT_STREQ(test, gzvm_exit_name(GZVM_EXIT_SHUTDOWN & 0xf), "shutdown");
	KUNIT_EXPECT_STREQ(test, gzvm_exit_name(GZVM_EXIT_IDLE & 0xf), "idle");
	KUNIT_EXPECT_STREQ(test, gzvm_exit_name(GZVM_EXIT_IPI & 0xf), "ipi");
	KUNIT_EXPECT_NULL(test, gzvm_exit_name(0xc));
	for (i = GZVM_NR_EXIT_REASONS; i < 32; i++)
		KUNIT_EXPECT_NULL(test, gzvm_exit_name(i));
}

static void gzvm_test_idle_timer(struct kunit *test)
{
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	u64 rate = arch_timer_get_cntfrq();
	ktime_t start;

	/* The timer: neither before its time nor never. */
	vcpu->hwstate->vtimer_migrate = cpu_to_le32(1);
	vcpu->hwstate->vtimer_delay = cpu_to_le64(rate / 50);
	start = ktime_get();
	vcpu->exit_time = start;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_idle(vcpu), -ETIME);
	KUNIT_EXPECT_GE(test, ktime_ms_delta(ktime_get(), start), 19);

	/* A delay that is over. */
	KUNIT_EXPECT_EQ(test, le32_to_cpu(vcpu->hwstate->vtimer_migrate), 0);
	vcpu->hwstate->vtimer_migrate = cpu_to_le32(1);
	vcpu->hwstate->vtimer_delay = 0;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_idle(vcpu), -ETIME);

	/* Stale without migrate: not looked at; the limit of a second counts. */
	vcpu->hwstate->vtimer_delay = cpu_to_le64(1);
	start = ktime_get();
	vcpu->exit_time = start;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_idle(vcpu), -ETIME);
	KUNIT_EXPECT_GE(test, ktime_ms_delta(ktime_get(), start), 999);
}

struct gzvm_test_waker {
	struct work_struct work;
	struct gzvm_vcpu *vcpu;
};

static void gzvm_test_waker_fn(struct work_struct *work)
{
	struct gzvm_test_waker *waker = container_of(work, struct gzvm_test_waker, work);

	/* Only once the vCPU is asleep, so that this wake-up is the one that counts. */
	while (!waitqueue_active(&waker->vcpu->wq))
		cond_resched();
	gzvm_vm_wake(waker->vcpu->vm, BIT(waker->vcpu->id));
}

static void gzvm_test_idle_wake(struct kunit *test)
{
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 3);
	struct gzvm_test_waker waker = { .vcpu = vcpu };

	vcpu->exit_time = ktime_get();

	/* A day to go. */
	vcpu->hwstate->vtimer_migrate = cpu_to_le32(1);
	vcpu->hwstate->vtimer_delay = cpu_to_le64(86400ULL * arch_timer_get_cntfrq());

	/* Woken before it slept: it does not. */
	gzvm_vcpu_wake(vcpu);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_idle(vcpu), 0);

	/* Was that a brief wait? It began a second ago, or has hardly begun. */
	gzvm_hyp.features |= GZVM_HYP_FEAT_WAIT;
	vcpu->exit_time = ktime_sub_ns(ktime_get(), NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_idle(vcpu), 0);
	KUNIT_EXPECT_FALSE(test, vcpu->waits_briefly);
	vcpu->exit_time = ktime_add_ns(ktime_get(), 3600ULL * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_idle(vcpu), 0);
	KUNIT_EXPECT_TRUE(test, vcpu->waits_briefly);
	/* Without the feature nobody asks. */
	gzvm_hyp.features &= ~GZVM_HYP_FEAT_WAIT;
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_idle(vcpu), 0);
	KUNIT_EXPECT_FALSE(test, vcpu->waits_briefly);

	/* Woken asleep. */
	vcpu->exit_time = ktime_get();
	atomic_set(&vcpu->wake, 0);
	vcpu->hwstate->vtimer_migrate = cpu_to_le32(1);
	INIT_WORK_ONSTACK(&waker.work, gzvm_test_waker_fn);
	queue_work(system_unbound_wq, &waker.work);
	KUNIT_EXPECT_EQ(test, gzvm_vcpu_idle(vcpu), 0);
	flush_work(&waker.work);
	destroy_work_on_stack(&waker.work);
}

static int gzvm_test_no_fn(void *data)
{
	return 0; /* never started */
}

static struct task_struct *gzvm_test_offered[GZVM_MAX_VCPUS];
static unsigned int gzvm_test_nr_offered;
static struct task_struct *gzvm_test_taker;

static bool gzvm_test_yield_to(struct task_struct *thread)
{
	if (gzvm_test_nr_offered < GZVM_MAX_VCPUS)
		gzvm_test_offered[gzvm_test_nr_offered++] = thread;
	return thread == gzvm_test_taker;
}

/*
 * At a WFE the turn is offered to the other vCPUs in RUN, from the one behind who had it last,
 * until one takes it. Whom the scheduler then runs is its own matter.
 */
static void gzvm_test_gives_way(struct kunit *test)
{
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 2), *other[3];
	struct task_struct *thread[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		other[i] = gzvm_test_vcpu(test, 2 * i + 3); /* 3, 5, 7 */
		thread[i] = kthread_create(gzvm_test_no_fn, NULL, "gzvm-test");
		KUNIT_ASSERT_FALSE(test, IS_ERR(thread[i]));
	}
	kunit_activate_static_stub(test, gzvm_vcpu_yield_to, gzvm_test_yield_to);
	vcpu->thread = current;

	/* Nobody else in RUN. */
	gzvm_test_nr_offered = 0;
	KUNIT_EXPECT_EQ(test, gzvm_exit_dispatch(vcpu, GZVM_EXIT_GZ), GZVM_NEXT_ENTER);
	KUNIT_EXPECT_EQ(test, gzvm_test_nr_offered, 0);

	for (i = 0; i < 3; i++)
		other[i]->thread = thread[i];
	/* Nobody wants it: each is asked once. */
	gzvm_test_taker = NULL;
	KUNIT_EXPECT_EQ(test, gzvm_exit_dispatch(vcpu, GZVM_EXIT_GZ), GZVM_NEXT_ENTER);
	KUNIT_EXPECT_EQ(test, gzvm_test_nr_offered, 3);
	KUNIT_EXPECT_EQ(test, vcpu->gave_way_to, 0);

	/* vCPU 5 takes it, then vCPU 7 is the first to be asked. */
	for (i = 1; i < 3; i++) {
		gzvm_test_nr_offered = 0;
		gzvm_test_taker = thread[i];
		KUNIT_EXPECT_EQ(test, gzvm_exit_dispatch(vcpu, GZVM_EXIT_GZ), GZVM_NEXT_ENTER);
		KUNIT_EXPECT_EQ(test, gzvm_test_nr_offered, i == 1 ? 2 : 1);
		KUNIT_EXPECT_PTR_EQ(test, gzvm_test_offered[gzvm_test_nr_offered - 1], thread[i]);
		KUNIT_EXPECT_EQ(test, vcpu->gave_way_to, 2 * i + 3);
	}

	vcpu->thread = NULL;
	for (i = 0; i < 3; i++) {
		other[i]->thread = NULL;
		kthread_stop(thread[i]);
	}
}

static struct kunit_case gzvm_exit_cases[] = {
	KUNIT_CASE(gzvm_test_dispatch),
	KUNIT_CASE(gzvm_test_dispatch_mmio),
	KUNIT_CASE(gzvm_test_dispatch_hypercall),
	KUNIT_CASE(gzvm_test_dispatch_exception),
	KUNIT_CASE(gzvm_test_gives_way),
	KUNIT_CASE(gzvm_test_payload),
	KUNIT_CASE(gzvm_test_names),
	KUNIT_CASE(gzvm_test_idle_timer),
	KUNIT_CASE(gzvm_test_idle_wake),
	{}
};

static struct kunit_suite gzvm_exit_suite = {
	.name = "gzvm_exit",
	.init = gzvm_test_init,
	.exit = gzvm_test_exit,
	.test_cases = gzvm_exit_cases,
};

kunit_test_suite(gzvm_exit_suite);
