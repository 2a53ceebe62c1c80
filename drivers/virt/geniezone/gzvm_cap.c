// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: capabilities that the VMM turns on.
 */

#include <linux/errno.h>
#include <linux/gzvm_drv.h>
#include <linux/mm.h>
#include <linux/rwsem.h>
#include <linux/uaccess.h>

static int gzvm_cap_protected_hyp(struct gzvm *vm, struct arm_smccc_res *res, u64 command, u64 arg)
{
	return gzvm_hypcall_wait(GZVM_FN_ENABLE_CAP, res, vm->vm_id, GZVM_CAP_PROTECTED_VM,
				 command, arg);
}

/*
 * The VM becomes a protected one. A hypervisor that is handed pages one by one takes them only
 * before that, so there all slots are given first; none comes or goes in between.
 */
static int gzvm_cap_protect(struct gzvm *vm, u64 command, u64 arg)
{
	int ret = 0;

	if (down_write_killable(&vm->slots_lock))
		return -EINTR;
	if (vm->demand_paging && !vm->block_paging)
		ret = gzvm_memslot_populate_all(vm);
	if (!ret)
		ret = gzvm_cap_protected_hyp(vm, NULL, command, arg);
	up_write(&vm->slots_lock);
	return ret;
}

/* The size goes back to the caller's structure, although the ioctl's number does not say so. */
static int gzvm_cap_pvmfw_size(struct gzvm *vm, struct gzvm_enable_cap *cap, void __user *argp)
{
	struct arm_smccc_res res = {};
	int ret;

	ret = gzvm_cap_protected_hyp(vm, &res, GZVM_CAP_PVM_GET_PVMFW_SIZE, 0);
	if (ret)
		return ret;
	cap->args[1] = res.a1;
	return copy_to_user(argp, cap, sizeof(*cap)) ? -EFAULT : 0;
}

static int gzvm_cap_protected(struct gzvm *vm, struct gzvm_enable_cap *cap, void __user *argp)
{
	switch (cap->args[0]) {
	case GZVM_CAP_PVM_SET_PVMFW_GPA:
		if (!PAGE_ALIGNED(cap->args[1]) || cap->args[1] >= BIT_ULL(gzvm_hyp.ipa_bits))
			return -EINVAL;
		return gzvm_cap_protect(vm, GZVM_CAP_PVM_SET_PVMFW_GPA, cap->args[1]);
	case GZVM_CAP_PVM_GET_PVMFW_SIZE:
		return gzvm_cap_pvmfw_size(vm, cap, argp);
	case GZVM_CAP_PVM_SET_PROTECTED_VM:
		return gzvm_cap_protect(vm, GZVM_CAP_PVM_SET_PROTECTED_VM, 0);
	default:
		return -EINVAL;
	}
}

/**
 * gzvm_enable_cap() - GZVM_ENABLE_CAP
 * @vm: the VM, of the caller's own mm
 * @argp: user's struct gzvm_enable_cap
 *
 * The capabilities of paging and idle are set when the VM is created: of those nothing of the
 * caller's (the address of a mailbox, say) reaches the hypervisor.
 *
 * Context: process.
 * Return: 0; -EOPNOTSUPP for a capability that is off or that the hypervisor has not; -EINVAL
 * for another capability or arguments that cannot be; -EFAULT; -EINTR if the caller is being
 * killed; where all memory is given first, errors of that; what the hypervisor says.
 */
int gzvm_enable_cap(struct gzvm *vm, void __user *argp)
{
	struct gzvm_enable_cap cap;

	if (copy_from_user(&cap, argp, sizeof(cap)))
		return -EFAULT;

	switch (cap.cap) {
	case GZVM_CAP_BLOCK_BASED_DEMAND_PAGING:
		return vm->block_paging ? 0 : -EOPNOTSUPP;
	case GZVM_CAP_ENABLE_DEMAND_PAGING:
		return vm->demand_paging ? 0 : -EOPNOTSUPP;
	case GZVM_CAP_ENABLE_IDLE:
		return vm->idle ? 0 : -EOPNOTSUPP;
	case GZVM_CAP_PROTECTED_VM:
		return gzvm_cap_protected(vm, &cap, argp);
	default:
		return -EINVAL;
	}
}
