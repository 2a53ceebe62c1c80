// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: the way into the hypervisor.
 */

#include <linux/arm-smccc.h>
#include <linux/errno.h>
#include <linux/gzvm_drv.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <kunit/static_stub.h>
#include <trace/events/geniezone.h>

/**
 * gzvm_status_to_errno() - errno of a hypercall's status
 * @x0: what the hypervisor returned; its low 32 bits count
 *
 * Return: 0 or a negative errno; -EINVAL for a status that the ABI does not know, the -1 of
 * an SMCCC implementation without this call included.
 */
int gzvm_status_to_errno(u64 x0)
{
	switch ((s32)x0) {
	case GZVM_STATUS_OK:
		return 0;
	case GZVM_STATUS_NO_MEMORY:
		return -ENOMEM;
	case GZVM_STATUS_NOT_SUPPORTED:
	case GZVM_STATUS_NOT_IMPLEMENTED:
		return -EOPNOTSUPP;
	case GZVM_STATUS_BUSY:
		return -EAGAIN;
	case GZVM_STATUS_FAULT:
		return -EFAULT;
	case GZVM_STATUS_INVALID_ARGS:
	default:
		return -EINVAL;
	}
}

/* Apart, so that the others have no buffer on their stack. */
static noinline int gzvm_hypcall_no_result(u32 fn, const struct gzvm_args *args)
{
	struct arm_smccc_res unused;

	return __gzvm_hypcall(fn, args, &unused);
}

/**
 * __gzvm_hypcall() - call the hypervisor; use gzvm_hypcall()
 * @fn: GZVM_FN_*
 * @args: x1 to x7
 * @res: results, or NULL
 *
 * arm_smccc_hvc() is a function, not inline as SMCCC 1.1's, so that a hypervisor may change x4 to
 * x17, and moves fewer registers than SMCCC 1.2's.
 *
 * Context: any. Only after a hypervisor was found.
 * Return: 0 or the errno of the hypervisor's status.
 */
int __gzvm_hypcall(u32 fn, const struct gzvm_args *args, struct arm_smccc_res *res)
{
	const u64 *x = args->x;

	KUNIT_STATIC_STUB_REDIRECT(__gzvm_hypcall, fn, args, res);

	if (!res)
		return gzvm_hypcall_no_result(fn, args);
	trace_gzvm_hypcall_enter(fn, x[0], x[1], x[2]);
	arm_smccc_hvc(GZVM_HYPCALL_ID(fn), x[0], x[1], x[2], x[3], x[4], x[5], x[6], res);
	trace_gzvm_hypcall_leave(fn, res->a0, res->a1);
	return likely(!res->a0) ? 0 : gzvm_status_to_errno(res->a0);
}

/**
 * __gzvm_hypcall_wait() - call until the hypervisor is not BUSY; use gzvm_hypcall_wait()
 * @fn: GZVM_FN_*
 * @args: x1 to x7
 * @res: results, or NULL
 *
 * Context: process.
 * Return: 0 or the errno of the hypervisor's status; -EBUSY if it does not end to be BUSY;
 * -EAGAIN only if the caller is being killed.
 */
int __gzvm_hypcall_wait(u32 fn, const struct gzvm_args *args, struct arm_smccc_res *res)
{
	u32 rounds = gzvm_hyp.busy_rounds;
	int ret;

	do {
		ret = __gzvm_hypcall(fn, args, res);
		cond_resched();
		if (ret != -EAGAIN || fatal_signal_pending(current))
			return ret;
	} while (rounds--);

	return -EBUSY;
}

/**
 * __gzvm_hypcall_rounds() - call until all is done; use gzvm_hypcall_rounds()
 * @fn: GZVM_FN_*
 * @args: x1 to x7
 * @rounds: number of calls that must be enough
 * @may_sleep: others may run between two calls
 *
 * Context: process; any if not @may_sleep. No signal ends it.
 * Return: 0 or the errno of the hypervisor's status; -EBUSY if that many were not enough.
 */
int __gzvm_hypcall_rounds(u32 fn, const struct gzvm_args *args, unsigned long rounds,
			  bool may_sleep)
{
	int ret;

	do {
		ret = __gzvm_hypcall(fn, args, NULL);
		if (may_sleep)
			cond_resched();
		if (ret != -EAGAIN)
			return ret;
	} while (rounds--);

	return -EBUSY;
}

/**
 * gzvm_arch_has_uid() - ask who the hypervisor is
 *
 * The question is SMCCC's Call UID Query of the vendor-hypervisor service, which every
 * firmware that has a conduit answers or refuses, so nothing unknown is ever called.
 *
 * Context: any.
 * Return: true if it is a GenieZone hypervisor with our extensions.
 */
bool gzvm_arch_has_uid(void)
{
	struct arm_smccc_res res = {};

	if (arm_smccc_1_1_get_conduit() == SMCCC_CONDUIT_NONE)
		return false;

	arm_smccc_1_1_invoke(GZVM_SMCCC_VENDOR_HYP_UID, &res);
	return lower_32_bits(res.a0) == GZVM_UID_0 && lower_32_bits(res.a1) == GZVM_UID_1 &&
	       lower_32_bits(res.a2) == GZVM_UID_2 && lower_32_bits(res.a3) == GZVM_UID_3;
}
