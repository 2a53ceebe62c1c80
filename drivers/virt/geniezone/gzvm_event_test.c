// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: interrupts, irqfd arguments, ioeventfd matching and collisions.
 */

#include <linux/mman.h>
#include <linux/uaccess.h>

#include "gzvm_test.h"

static void gzvm_test_irq_line(struct kunit *test)
{
	struct gzvm_irq_level irq = { .irq = 0x01000021, .level = 1 };
	struct gzvm_vcpu *v0 = gzvm_test_vcpu(test, 0);
	struct gzvm_vcpu *v1 = gzvm_test_vcpu(test, 1);
	struct gzvm_test *gt = test->priv;

	/* The vCPUs that the hypervisor names are woken, a bit without a vCPU does no harm. */
	gt->res[GZVM_FN_IRQ_LINE].a1 = ~1ULL;
	KUNIT_EXPECT_EQ(test, gzvm_irq_line(gt->vm, &irq), 0);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE].x[0], (u64)GZVM_TEST_VM_ID << 16);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE].x[1], 1);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE].x[2], 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&v0->wake), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&v1->wake), 1);

	/* Without wake bitmaps a raised line wakes all, whatever x1 holds. */
	gzvm_hyp.features = 0;
	atomic_set(&v1->wake, 0);
	gt->res[GZVM_FN_IRQ_LINE].a1 = 0;
	irq.level = 0;
	KUNIT_EXPECT_EQ(test, gzvm_irq_line(gt->vm, &irq), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&v0->wake), 0);
	irq.level = 1;
	KUNIT_EXPECT_EQ(test, gzvm_irq_line(gt->vm, &irq), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&v0->wake), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&v1->wake), 1);

	/* Nobody is woken for what did not happen. */
	atomic_set(&v0->wake, 0);
	gt->status[GZVM_FN_IRQ_LINE] = -EINVAL;
	KUNIT_EXPECT_EQ(test, gzvm_irq_line(gt->vm, &irq), -EINVAL);
	KUNIT_EXPECT_EQ(test, atomic_read(&v0->wake), 0);

	irq.level = 2;
	KUNIT_EXPECT_EQ(test, gzvm_irq_line(gt->vm, &irq), -EINVAL);
}

static void gzvm_test_irq_ppi(struct kunit *test)
{
	struct gzvm_irq_level irq = { .irq = 0x02010017, .level = 1 };
	struct gzvm_test *gt = test->priv;

	/* vCPU 1 does not exist yet. */
	KUNIT_EXPECT_EQ(test, gzvm_irq_line(gt->vm, &irq), -EINVAL);
	gzvm_test_vcpu(test, 1);
	KUNIT_EXPECT_EQ(test, gzvm_irq_line(gt->vm, &irq), 0);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE_EX].x[0],
			(u64)GZVM_TEST_VM_ID << 16 | 1);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE_EX].x[1], 23);
	gzvm_hyp.features = 0;
	KUNIT_EXPECT_EQ(test, gzvm_irq_line(gt->vm, &irq), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_IRQ_LINE], 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_IRQ_LINE_EX], 1);
}

/* A level with its ends reported, where the hypervisor has a way to be asked for that. */
static void gzvm_test_irq_resampled(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;

	gzvm_hyp.features |= GZVM_HYP_FEAT_RESAMPLE;
	KUNIT_EXPECT_EQ(test, gzvm_irq_set_resampled(gt->vm, 8, 1), 0);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE_EX].x[1], 40);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE_EX].x[2], 3);
	KUNIT_EXPECT_EQ(test, gzvm_irq_set_resampled(gt->vm, 8, 0), 0);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE_EX].x[2], 4);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_IRQ_LINE], 0);
	gzvm_hyp.features &= ~GZVM_HYP_FEAT_RESAMPLE;
	KUNIT_EXPECT_EQ(test, gzvm_irq_set_resampled(gt->vm, 8, 1), 0);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE].x[1], 8);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE].x[2], 1);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_IRQ_LINE_EX], 2);
}

/* An edge: one call, or a level that rises, and falls where levels are kept. */
static void gzvm_test_irq_pulse(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;

	gzvm_hyp.own = true;
	gzvm_hyp.features |= GZVM_HYP_FEAT_PULSE;
	KUNIT_EXPECT_EQ(test, gzvm_irq_pulse_spi(gt->vm, 8), 0);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE_EX].x[1], 40);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE_EX].x[2], 9);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_IRQ_LINE], 0);
	gzvm_hyp.features &= ~GZVM_HYP_FEAT_PULSE;
	KUNIT_EXPECT_EQ(test, gzvm_irq_pulse_spi(gt->vm, 8), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_IRQ_LINE], 2);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE].x[2], 0);
	gzvm_hyp.own = false;
	KUNIT_EXPECT_EQ(test, gzvm_irq_pulse_spi(gt->vm, 8), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_IRQ_LINE], 3);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_IRQ_LINE].x[2], 1);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_IRQ_LINE_EX], 1);
}

/* The width of addresses, by pointer and, as some callers ask, by value. */
static void gzvm_test_extension(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
					  MAP_ANONYMOUS | MAP_PRIVATE, 0);
	u64 __user *arg = (void __user *)hva;
	u64 value = 0;

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(hva));
	gzvm_hyp.ipa_bits = 44;
	KUNIT_ASSERT_EQ(test, put_user(GZVM_CAP_VM_GPA_SIZE, arg), 0);
	KUNIT_EXPECT_EQ(test, gzvm_check_extension(NULL, arg), 0);
	KUNIT_ASSERT_EQ(test, get_user(value, arg), 0);
	KUNIT_EXPECT_EQ(test, value, 44);
	KUNIT_EXPECT_EQ(test, gzvm_check_extension(NULL, (void __user *)0xa5), 44);
	KUNIT_EXPECT_EQ(test, gzvm_check_extension(gt->vm, (void __user *)0xa5), 44);
	KUNIT_EXPECT_EQ(test, gzvm_check_extension(NULL, (void __user *)0xa6), -EFAULT);
	KUNIT_EXPECT_EQ(test, gzvm_check_extension(NULL, NULL), -EINVAL);
	KUNIT_ASSERT_EQ(test, put_user(0xdead, arg), 0);
	KUNIT_EXPECT_EQ(test, gzvm_check_extension(NULL, arg), -EOPNOTSUPP);
	KUNIT_ASSERT_EQ(test, put_user(GZVM_CAP_PROTECTED_VM, arg), 0);
	KUNIT_EXPECT_EQ(test, gzvm_check_extension(NULL, arg), 0);
	KUNIT_ASSERT_EQ(test, get_user(value, arg), 0);
	KUNIT_EXPECT_EQ(test, value, 0);
}

static void gzvm_test_irqfd_args(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	struct gzvm_irqfd args = { .fd = ~0u };

	KUNIT_EXPECT_EQ(test, gzvm_irqfd(gt->vm, &args), -EBADF);
	args.flags = GZVM_IRQFD_FLAG_RESAMPLE;
	KUNIT_EXPECT_EQ(test, gzvm_irqfd(gt->vm, &args), -EBADF);
	args.flags = GZVM_IRQFD_FLAG_DEASSIGN;
	KUNIT_EXPECT_EQ(test, gzvm_irqfd(gt->vm, &args), -EBADF);
	args.flags = 4;
	KUNIT_EXPECT_EQ(test, gzvm_irqfd(gt->vm, &args), -EINVAL);
	args.flags = 0;
	args.gsi = 988;
	KUNIT_EXPECT_EQ(test, gzvm_irqfd(gt->vm, &args), -EINVAL);
	args.gsi = 987;
	KUNIT_EXPECT_EQ(test, gzvm_irqfd(gt->vm, &args), -EBADF);
	args.pad[15] = 1;
	KUNIT_EXPECT_EQ(test, gzvm_irqfd(gt->vm, &args), -EINVAL);
}

static void gzvm_test_ioeventfd_args(struct kunit *test)
{
	static const struct {
		u64 addr;
		u32 len;
		u32 flags;
		int err;
	} cases[] = {
		{ 0x1000, 0, 0, 0 },
		{ 0x1000, 1, 0, 0 },
		{ 0x1000, 2, 1, 0 },
		{ 0x1000, 4, 5, 0 },
		{ 0x1000, 8, 1, 0 },
		{ 0x1000, 3, 0, -EINVAL },
		{ 0x1000, 16, 0, -EINVAL },
		{ 0x1000, 0, 1, -EINVAL },
		{ 0x1000, 4, 2, -EINVAL },
		{ 0x1000, 4, 8, -EINVAL },
		{ 0xfffffffffffffffc, 4, 0, -EINVAL },
		{ 0xfffffffffffffffb, 4, 0, 0 },
		{ 0xffffffffffffffff, 0, 0, 0 },
	};
	struct gzvm_ioeventfd args;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		args = (struct gzvm_ioeventfd){
			.addr = cases[i].addr, .len = cases[i].len, .flags = cases[i].flags,
		};
		KUNIT_EXPECT_EQ_MSG(test, gzvm_ioeventfd_check(&args), cases[i].err,
				    "case %u", i);
	}
	args = (struct gzvm_ioeventfd){ .addr = 0x1000, .len = 4, .pad[35] = 1 };
	KUNIT_EXPECT_EQ(test, gzvm_ioeventfd_check(&args), -EINVAL);
}

#define EV_ANY(a, l)		{ .addr = (a), .len = (l), .wildcard = true }
#define EV_DATA(a, l, d)	{ .addr = (a), .len = (l), .datamatch = (d) }

static void gzvm_test_ioevent_collisions(struct kunit *test)
{
	static const struct {
		struct gzvm_ioevent a;
		struct gzvm_ioevent b;
		bool collide;
	} cases[] = {
		{ EV_ANY(8, 4), EV_ANY(8, 4), true },
		{ EV_ANY(8, 4), EV_ANY(8, 2), false },
		{ EV_ANY(8, 0), EV_ANY(8, 2), true },
		{ EV_ANY(8, 0), EV_DATA(8, 2, 1), true },
		{ EV_ANY(8, 4), EV_ANY(12, 4), false },
		{ EV_ANY(8, 4), EV_ANY(10, 2), false },
		{ EV_DATA(8, 4, 1), EV_DATA(8, 4, 2), false },
		{ EV_DATA(8, 4, 1), EV_DATA(8, 4, 1), true },
		{ EV_DATA(8, 4, 1), EV_ANY(8, 4), true },
		{ EV_DATA(8, 4, 1), EV_DATA(8, 2, 1), false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ_MSG(test, gzvm_ioevent_collides(&cases[i].a, &cases[i].b),
				    cases[i].collide, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, gzvm_ioevent_collides(&cases[i].b, &cases[i].a),
				    cases[i].collide, "case %u, swapped", i);
	}
}

static void gzvm_test_ioevent_matches(struct kunit *test)
{
	static const struct gzvm_ioevent any = EV_ANY(0x50, 0);
	static const struct gzvm_ioevent word = EV_ANY(0x50, 4);
	static const struct gzvm_ioevent data = EV_DATA(0x50, 4, 7);

	KUNIT_EXPECT_TRUE(test, gzvm_ioevent_matches(&any, 0x50, 1, 9));
	KUNIT_EXPECT_TRUE(test, gzvm_ioevent_matches(&any, 0x50, 8, 9));
	KUNIT_EXPECT_FALSE(test, gzvm_ioevent_matches(&any, 0x51, 1, 9));
	KUNIT_EXPECT_TRUE(test, gzvm_ioevent_matches(&word, 0x50, 4, 9));
	KUNIT_EXPECT_FALSE(test, gzvm_ioevent_matches(&word, 0x50, 2, 9));
	KUNIT_EXPECT_TRUE(test, gzvm_ioevent_matches(&data, 0x50, 4, 7));
	KUNIT_EXPECT_FALSE(test, gzvm_ioevent_matches(&data, 0x50, 4, 8));
	KUNIT_EXPECT_FALSE(test, gzvm_ioevent_matches(&data, 0x50, 8, 7));
}

static struct kunit_case gzvm_event_cases[] = {
	KUNIT_CASE(gzvm_test_irq_line),
	KUNIT_CASE(gzvm_test_irq_ppi),
	KUNIT_CASE(gzvm_test_irq_resampled),
	KUNIT_CASE(gzvm_test_irq_pulse),
	KUNIT_CASE(gzvm_test_extension),
	KUNIT_CASE(gzvm_test_irqfd_args),
	KUNIT_CASE(gzvm_test_ioeventfd_args),
	KUNIT_CASE(gzvm_test_ioevent_collisions),
	KUNIT_CASE(gzvm_test_ioevent_matches),
	{}
};

static struct kunit_suite gzvm_event_suite = {
	.name = "gzvm_event",
	.init = gzvm_test_init,
	.exit = gzvm_test_exit,
	.test_cases = gzvm_event_cases,
};

kunit_test_suite(gzvm_event_suite);
