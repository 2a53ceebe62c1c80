// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: /sys/kernel/gzvm (Documentation/ABI/testing/sysfs-kernel-gzvm).
 */

#include <linux/gzvm_drv.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/log2.h>
#include <linux/sysfs.h>

static struct kobject *gzvm_kobj;

static ssize_t hypervisor_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	if (!gzvm_hyp.own)
		return sysfs_emit(buf, "unknown\n");
	return sysfs_emit(buf, "geniezone %llu.%llu.%llu\n",
			  GZVM_HYP_VERSION_MAJOR(gzvm_hyp.release),
			  GZVM_HYP_VERSION_MINOR(gzvm_hyp.release),
			  GZVM_HYP_VERSION_PATCH(gzvm_hyp.release));
}

static struct kobj_attribute hypervisor_attr = __ATTR_RO(hypervisor);

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u.%u.%llu\n", gzvm_hyp.major, gzvm_hyp.minor, gzvm_hyp.sub);
}

static struct kobj_attribute version_attr = __ATTR_RO(version);

static ssize_t gzvm_batch_store(const char *buf, size_t count, u32 *batch, u32 most)
{
	u32 value;
	int ret;

	ret = kstrtou32(buf, 0, &value);
	if (ret)
		return ret;
	if (value > most || !is_power_of_2(value))
		return -EINVAL;
	WRITE_ONCE(*batch, value);
	return count;
}

static ssize_t demand_paging_batch_pages_show(struct kobject *kobj,
					      struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(gzvm_hyp.demand_batch));
}

static ssize_t demand_paging_batch_pages_store(struct kobject *kobj,
					       struct kobj_attribute *attr, const char *buf,
					       size_t count)
{
	/* That divides a block. */
	return gzvm_batch_store(buf, count, &gzvm_hyp.demand_batch, GZVM_BLOCK_PAGES);
}

static struct kobj_attribute demand_paging_batch_pages_attr =
	__ATTR(demand_paging_batch_pages, 0660, demand_paging_batch_pages_show,
	       demand_paging_batch_pages_store);

static ssize_t destroy_batch_pages_show(struct kobject *kobj, struct kobj_attribute *attr,
					char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(gzvm_hyp.destroy_batch));
}

static ssize_t destroy_batch_pages_store(struct kobject *kobj, struct kobj_attribute *attr,
					 const char *buf, size_t count)
{
	/* The hypervisor does not do more at once than it likes. */
	return gzvm_batch_store(buf, count, &gzvm_hyp.destroy_batch, U32_MAX);
}

static struct kobj_attribute destroy_batch_pages_attr =
	__ATTR(destroy_batch_pages, 0660, destroy_batch_pages_show, destroy_batch_pages_store);

static struct attribute *gzvm_attrs[] = {
	&hypervisor_attr.attr,
	&version_attr.attr,
	&demand_paging_batch_pages_attr.attr,
	&destroy_batch_pages_attr.attr,
	NULL
};

static const struct attribute_group gzvm_attr_group = {
	.attrs = gzvm_attrs,
};

/**
 * gzvm_sysfs_init() - create /sys/kernel/gzvm
 *
 * Return: 0 or a negative errno, with nothing left.
 */
int gzvm_sysfs_init(void)
{
	int ret;

	gzvm_kobj = kobject_create_and_add("gzvm", kernel_kobj);
	if (!gzvm_kobj)
		return -ENOMEM;

	ret = sysfs_create_group(gzvm_kobj, &gzvm_attr_group);
	if (ret)
		kobject_put(gzvm_kobj);
	return ret;
}

/**
 * gzvm_sysfs_exit() - remove /sys/kernel/gzvm
 */
void gzvm_sysfs_exit(void)
{
	kobject_put(gzvm_kobj);
}
