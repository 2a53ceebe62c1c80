// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: discovery of the hypervisor, /dev/gzvm, and what forbids to hibernate.
 */

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/gzvm_drv.h>
#include <linux/log2.h>
#include <linux/miscdevice.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/suspend.h>
#include <linux/uaccess.h>

#include <asm/virt.h>

#define CREATE_TRACE_POINTS
#include <trace/events/geniezone.h>

struct gzvm_hyp_info gzvm_hyp;

/* Our own device, where the hypervisor answers the UID and no device tree names it. */
static struct platform_device *gzvm_pdev;
/* False in a module of tests on a machine without the hypervisor. */
static bool gzvm_registered;

/*
 * What a VM was given when it was created; a device file has no VM, so it can tell only what
 * holds for all.
 */
static int gzvm_extension_value(const struct gzvm *vm, u64 cap, u64 *value)
{
	switch (cap) {
	case GZVM_CAP_VM_GPA_SIZE:
		*value = gzvm_hyp.ipa_bits;
		return 0;
	case GZVM_CAP_PROTECTED_VM:
		/* Others of this interface have them, and cannot be asked without a VM. */
		*value = !gzvm_hyp.own;
		return 0;
	case GZVM_CAP_BLOCK_BASED_DEMAND_PAGING:
		*value = vm && vm->block_paging;
		break;
	case GZVM_CAP_ENABLE_DEMAND_PAGING:
		*value = vm && vm->demand_paging;
		break;
	case GZVM_CAP_ENABLE_IDLE:
		*value = vm && vm->idle;
		break;
	default:
		return -EOPNOTSUPP;
	}

	return vm ? 0 : -EOPNOTSUPP;
}

/**
 * gzvm_check_extension() - GZVM_CHECK_EXTENSION
 * @vm: the VM, or NULL for /dev/gzvm
 * @argp: user's u64: the capability, overwritten by its value
 *
 * Some callers pass GZVM_CAP_VM_GPA_SIZE itself instead of a pointer, and take a positive
 * return for the answer. No such address is mapped, so both can be told apart.
 *
 * Context: process.
 * Return: 0, or the width of guest physical addresses to those; -EINVAL for NULL, -EFAULT,
 * -EOPNOTSUPP for an unknown capability.
 */
int gzvm_check_extension(struct gzvm *vm, void __user *argp)
{
	u64 cap, value;
	int ret;

	if (!argp)
		return -EINVAL;
	if (copy_from_user(&cap, argp, sizeof(cap)))
		return (unsigned long)argp == GZVM_CAP_VM_GPA_SIZE ? gzvm_hyp.ipa_bits : -EFAULT;

	ret = gzvm_extension_value(vm, cap, &value);
	if (ret)
		return ret;

	return copy_to_user(argp, &value, sizeof(value)) ? -EFAULT : 0;
}

/* VMs that the hypervisor has or is being asked for; GZVM_NO_VMS while there must be none. */
static atomic_t gzvm_vms = ATOMIC_INIT(0);
#define GZVM_NO_VMS	(-1)

/**
 * gzvm_vms_get() - may there be another VM?
 *
 * Context: any.
 * Return: true, and it is counted until gzvm_vms_put(); false if the machine is hibernating.
 */
bool gzvm_vms_get(void)
{
	return atomic_inc_unless_negative(&gzvm_vms);
}

/**
 * gzvm_vms_put() - a VM that was counted is gone
 *
 * Context: any.
 */
void gzvm_vms_put(void)
{
	atomic_dec(&gzvm_vms);
}

/**
 * gzvm_pm_notify() - no hibernation while there are VMs, and no VMs during one
 * @nb: not used
 * @event: PM_*
 * @unused: not used
 *
 * The image of a host has neither the hypervisor's state nor what is the guests' alone, and the
 * hypervisor that runs when it is loaded is another: a VM's handle would mean nothing there, or
 * another's VM. Nor may the kernel that loads an image leave VMs behind. Programs run on for a
 * while after PREPARE: a VM of theirs would still get into the image, so they get none until all
 * is over. A host that suspends leaves the hypervisor as it is.
 *
 * The kernel does not tell a notifier of the end that has refused the beginning.
 *
 * Context: process.
 * Return: NOTIFY_OK, NOTIFY_DONE, or -EBUSY in the notifiers' form.
 */
int gzvm_pm_notify(struct notifier_block *nb, unsigned long event, void *unused)
{
	switch (event) {
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		if (!atomic_cmpxchg(&gzvm_vms, 0, GZVM_NO_VMS))
			return NOTIFY_OK;
		pr_info("gzvm: cannot hibernate while there are VMs: end them first\n");
		return notifier_from_errno(-EBUSY);
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		atomic_cmpxchg(&gzvm_vms, GZVM_NO_VMS, 0);
		return NOTIFY_OK;
	default:
		return NOTIFY_DONE;
	}
}

static struct notifier_block gzvm_pm_nb = {
	.notifier_call = gzvm_pm_notify,
};

static long gzvm_dev_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case GZVM_CREATE_VM:
		return gzvm_vm_create(arg);
	case GZVM_CHECK_EXTENSION:
		return gzvm_check_extension(NULL, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations gzvm_dev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = gzvm_dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice gzvm_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "gzvm",
	.fops = &gzvm_dev_fops,
};

/* The batch that the hypervisor asks for, or @fallback where it does not say, or nonsense. */
static u32 __init gzvm_query_batch(u64 cap, u32 fallback, u32 most)
{
	struct arm_smccc_res res = {};

	if (gzvm_hypcall(GZVM_FN_ENABLE_CAP, &res, 0, cap))
		return fallback;
	if (!res.a1 || res.a1 > most || !is_power_of_2(res.a1))
		return fallback;
	return res.a1;
}

static void __init gzvm_query_own(void)
{
	struct arm_smccc_res res = {};

	if (!gzvm_hyp.own)
		return;

	if (!gzvm_hypcall(GZVM_FN_FEATURES, &res)) {
		gzvm_hyp.features = res.a1;
		gzvm_hyp.release = res.a2;
	}
	if (!gzvm_hypcall(GZVM_FN_ENABLE_CAP, &res, 0, GZVM_CAP_HYP_IPA_BITS) &&
	    res.a1 > GZVM_HYP_PAGE_SHIFT && res.a1 < BITS_PER_LONG)
		gzvm_hyp.ipa_bits = res.a1;
}

static int __init gzvm_query_hyp(void)
{
	struct arm_smccc_res res = {};

	if (gzvm_hypcall(GZVM_FN_PROBE, &res, GZVM_ABI_VERSION_MAJOR, GZVM_ABI_VERSION_MINOR,
			 GZVM_ABI_VERSION_SUB))
		return -ENODEV; /* not reached: the hypervisor of the tests has PROBE */

	gzvm_hyp.major = res.a1;
	gzvm_hyp.minor = res.a2;
	gzvm_hyp.sub = res.a3;
	gzvm_hyp.busy_rounds = GZVM_BUSY_ROUNDS;
	gzvm_hyp.ipa_bits = gzvm_arch_ipa_bits();
	gzvm_query_own();
	gzvm_hyp.demand_batch = gzvm_query_batch(GZVM_CAP_QUERY_HYP_BATCH_PAGES,
						 GZVM_DEFAULT_DEMAND_BATCH, GZVM_BLOCK_PAGES);
	gzvm_hyp.destroy_batch = gzvm_query_batch(GZVM_CAP_QUERY_DESTROY_BATCH_PAGES,
						  GZVM_DEFAULT_DESTROY_BATCH, U32_MAX);
	return 0;
}

static int __init gzvm_probe(struct platform_device *pdev)
{
	int ret;

	/* One hypervisor, one device, even if a device tree names it twice. */
	if (gzvm_misc.this_device)
		return -ENODEV;

	ret = gzvm_query_hyp();
	if (ret)
		return ret;

	ret = gzvm_irqfd_init();
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "cannot create the workqueue\n");

	ret = gzvm_sysfs_init();
	if (ret) {
		dev_err_probe(&pdev->dev, ret, "cannot create /sys/kernel/gzvm\n");
		goto err_irqfd;
	}
	gzvm_debugfs_init();

	ret = register_pm_notifier(&gzvm_pm_nb);
	if (ret)
		goto err_debugfs;

	/* Last: from here on userspace can come in. */
	ret = misc_register(&gzvm_misc);
	if (ret) {
		dev_err_probe(&pdev->dev, ret, "cannot register /dev/gzvm\n");
		goto err_pm;
	}

	return 0;

err_pm:
	unregister_pm_notifier(&gzvm_pm_nb);
err_debugfs:
	gzvm_debugfs_exit();
	gzvm_sysfs_exit();
err_irqfd:
	gzvm_irqfd_exit();
	gzvm_misc.this_device = NULL;
	return ret;
}

static void gzvm_remove(struct platform_device *pdev)
{
	misc_deregister(&gzvm_misc);
	unregister_pm_notifier(&gzvm_pm_nb);
	gzvm_debugfs_exit();
	gzvm_sysfs_exit();
	gzvm_irqfd_exit();
}

static const struct of_device_id gzvm_of_match[] = {
	{ .compatible = "mediatek,geniezone" },
	{ .compatible = "mediatek,geniezone-hyp" },
	{ /* sentinel */ }
};
MODULE_DEVICE_TABLE(of, gzvm_of_match);

static const struct platform_device_id gzvm_id_table[] = {
	{ .name = "gzvm" },
	{ /* sentinel */ }
};
MODULE_DEVICE_TABLE(platform, gzvm_id_table);

static struct platform_driver gzvm_driver = {
	.driver = {
		.name = "gzvm",
		.of_match_table = gzvm_of_match,
	},
	.id_table = gzvm_id_table,
	.remove = gzvm_remove,
};

/*
 * Where the device tree names the hypervisor, the platform bus has its device already; else
 * the answer to the UID query is the reason to have one.
 */
static int __init gzvm_add_device(void)
{
	struct device_node *np = of_find_matching_node(NULL, gzvm_of_match);
	bool device = np && of_device_is_available(np);

	of_node_put(np);
	if (device)
		return 0;
	if (!gzvm_hyp.own)
		return -ENODEV;

	gzvm_pdev = platform_device_register_simple("gzvm", PLATFORM_DEVID_NONE, NULL, 0);
	return PTR_ERR_OR_ZERO(gzvm_pdev);
}

static int __init gzvm_register(void)
{
	int ret;

	/* A kernel at EL2 has no hypervisor below it. */
	if (is_kernel_in_hyp_mode())
		return -ENODEV;

	gzvm_hyp.own = gzvm_arch_has_uid();
	ret = gzvm_add_device();
	if (ret)
		return ret;

	ret = platform_driver_probe(&gzvm_driver, gzvm_probe);
	if (ret)
		platform_device_unregister(gzvm_pdev);
	return ret;
}

static int __init gzvm_init(void)
{
	int ret = gzvm_register();

	gzvm_registered = !ret;
	/* The suites in this module run without a hypervisor. */
	if (ret == -ENODEV && IS_ENABLED(CONFIG_GZVM_KUNIT_TEST))
		return gzvm_irqfd_init();
	return ret;
}

static void __exit gzvm_exit(void)
{
	if (!gzvm_registered) {
		gzvm_irqfd_exit();
		return;
	}
	platform_driver_unregister(&gzvm_driver);
	platform_device_unregister(gzvm_pdev);
}

module_init(gzvm_init);
module_exit(gzvm_exit);

MODULE_DESCRIPTION("GenieZone hypervisor driver");
MODULE_LICENSE("GPL");
