// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hypercalls: one table, one line a call. A handler gets the caller's
 * registers x0 to x4 and more, reads its arguments from x[1] on, and writes
 * results to x[1] to x[3]; it returns 0 or a negative errno, which becomes the
 * status in x0. On an error x1 to x3 are zero.
 */
#include <linux/gzvm_hyp.h>
#include <hyp/arch.h>
#include <hyp/errno.h>
#include <hyp/hostcall.h>
#include <hyp/hypercall.h>
#include <hyp/log.h>
#include <hyp/page.h>
#include <hyp/pool.h>
#include <hyp/util.h>
#include <hyp/version.h>
#include <hyp/vm.h>

u64 hypercall_status(int err)
{
	s64 status;

	switch (err) {
	case 0:
		status = GZVM_STATUS_OK;
		break;
	case -ENOMEM:
	case -ENOSPC:
		status = GZVM_STATUS_NO_MEMORY;
		break;
	case -EOPNOTSUPP:
		status = GZVM_STATUS_NOT_SUPPORTED;
		break;
	case -EAGAIN:
	case -EBUSY:
		status = GZVM_STATUS_BUSY;
		break;
	case -EPERM:
	case -EFAULT:
		status = GZVM_STATUS_FAULT;
		break;
	default:
		status = GZVM_STATUS_INVALID_ARGS;
		break;
	}
	return (u64)status;
}

static int hypercall_features(u64 x[])
{
	x[1] = GZVM_HYP_FEAT_UNMAP | GZVM_HYP_FEAT_WAKE_MASK | GZVM_HYP_FEAT_ONE_REG |
	       GZVM_HYP_FEAT_STATS | GZVM_HYP_FEAT_RESET | GZVM_HYP_FEAT_LOG |
	       GZVM_HYP_FEAT_IRQ_EX | GZVM_HYP_FEAT_VCPU_STATS | GZVM_HYP_FEAT_RESAMPLE |
	       GZVM_HYP_FEAT_PULSE | GZVM_HYP_FEAT_WAIT;
	x[2] = GZVM_HYP_VERSION((u64)HYP_VERSION_MAJOR, (u64)HYP_VERSION_MINOR,
				(u64)HYP_VERSION_PATCH);
	x[3] = 0;
	return 0;
}

static int hypercall_hyp_stats(u64 x[])
{
	u32 vms, vcpus;

	vm_counts(&vms, &vcpus);
	x[1] = pool_total();
	x[2] = pool_available();
	x[3] = (u64)vms << 32 | vcpus;
	return 0;
}

/*
 * The page is the host's and stays so: it counts as lent to EL2 while EL2 writes
 * to it, so that no other CPU can give it away meanwhile.
 */
static int hypercall_log_read(u64 x[])
{
	pa_t page = pa(x[1]);
	u64 pos = x[2];
	void *va;
	int err;

	if (!IS_ALIGNED(page.v, PAGE_SIZE))
		return -EINVAL;
	err = page_lend_hyp(page, 1);
	if (err)
		return err;
	va = arch_map_page(page);
	x[1] = log_read(va, PAGE_SIZE, &pos);
	x[2] = pos;
	x[3] = 0;
	arch_unmap_page(va);
	page_return_hyp(page, 1);
	return 0;
}

static int (*const calls[])(u64 x[]) = {
	[GZVM_FN_CREATE_VM] = hypercall_create_vm,
	[GZVM_FN_DESTROY_VM] = hypercall_destroy_vm,
	[GZVM_FN_CREATE_VCPU] = hypercall_create_vcpu,
	[GZVM_FN_DESTROY_VCPU] = hypercall_destroy_vcpu,
	[GZVM_FN_SET_MEMREGION] = hypercall_set_memregion,
	[GZVM_FN_RUN] = hypercall_run,
	[GZVM_FN_GET_ONE_REG] = hypercall_get_one_reg,
	[GZVM_FN_SET_ONE_REG] = hypercall_set_one_reg,
	[GZVM_FN_IRQ_LINE] = hypercall_irq_line,
	[GZVM_FN_CREATE_DEVICE] = hypercall_create_device,
	[GZVM_FN_PROBE] = hypercall_probe,
	[GZVM_FN_ENABLE_CAP] = hypercall_enable_cap,
	[GZVM_FN_INFORM_EXIT] = hypercall_inform_exit,
	[GZVM_FN_MEMREGION_PURPOSE] = hypercall_memregion_purpose,
	[GZVM_FN_SET_DTB_CONFIG] = hypercall_set_dtb_config,
	[GZVM_FN_MAP_GUEST] = hypercall_map_guest,
	[GZVM_FN_MAP_GUEST_BLOCK] = hypercall_map_guest_block,
	[GZVM_FN_GET_STATISTICS] = hypercall_get_statistics,
	[GZVM_FN_FEATURES] = hypercall_features,
	[GZVM_FN_HYP_STATS] = hypercall_hyp_stats,
	[GZVM_FN_LOG_READ] = hypercall_log_read,
	[GZVM_FN_UNMAP] = hypercall_unmap,
	[GZVM_FN_VM_RESET] = hypercall_vm_reset,
	[GZVM_FN_VCPU_STATS] = hypercall_vcpu_stats,
	[GZVM_FN_IRQ_LINE_EX] = hypercall_irq_line_ex,
};

/**
 * hypercall() - a call of GenieZone's range
 * @x: the host's registers
 */
void hypercall(u64 x[])
{
	u32 n = ((u32)x[0] & 0xffff) - (GZVM_HYPCALL_BASE & 0xffff);
	int (*call)(u64 x[]) = NULL;
	int err;

	/* Only the SMC64 form has this meaning; the earliest ABI's SMC32 one is gone. */
	if (n < ARRAY_SIZE(calls) && ((u32)x[0] >> 30 & 1))
		call = calls[arch_index_nospec(n, ARRAY_SIZE(calls))];
	err = call ? call(x) : -EOPNOTSUPP;
	if (err)
		x[1] = x[2] = x[3] = 0;
	x[0] = hypercall_status(err);
}
