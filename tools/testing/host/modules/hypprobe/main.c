// SPDX-License-Identifier: GPL-2.0-only
/* hypprobe: the files in debugfs, and where the hypervisor is. */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_address.h>

#include "hypprobe.h"

struct resource probe_range[PROBE_MAX_RANGES];
unsigned int probe_nr_ranges;

static struct dentry *folder;

static const struct probe {
	const char *name;
	int (*show)(struct seq_file *s, void *unused);
} probes[] = {
	{ "ioremap", probe_ioremap },
	{ "memremap", probe_memremap },
	{ "stray_read", probe_stray_read },
	{ "stray_write", probe_stray_write },
	{ "execute", probe_execute },
	{ "walk_set", probe_walk_set },
	{ "walk_clear", probe_walk_clear },
	{ "kernel_walk", probe_kernel_walk },
	{ "calls", probe_calls },
	{ "log", probe_log },
};

static int probe_open(struct inode *inode, struct file *file)
{
	const struct probe *p = inode->i_private;

	/* All the text of a probe, so that none runs twice for one read. */
	return single_open_size(file, p->show, NULL, 64 * PAGE_SIZE);
}

static const struct file_operations probe_fops = {
	.owner = THIS_MODULE,
	.open = probe_open,
	.read = seq_read,
	.release = single_release,
};

static int __init find_ranges(void)
{
	struct device_node *parent = of_find_node_by_path("/reserved-memory");
	struct device_node *node;
	int err = 0;

	for_each_child_of_node(parent, node) {
		if (!of_node_name_eq(node, "geniezone"))
			continue;
		if (probe_nr_ranges == PROBE_MAX_RANGES)
			err = -E2BIG;
		else
			err = of_address_to_resource(node, 0, &probe_range[probe_nr_ranges++]);
		if (err) {
			of_node_put(node);
			break;
		}
	}
	of_node_put(parent);
	if (!err && !probe_nr_ranges)
		err = -ENODEV;
	return err;
}

static int __init hypprobe_init(void)
{
	int err = find_ranges();
	unsigned int i;

	if (err) {
		pr_err("no ranges geniezone@... in /reserved-memory: %d\n", err);
		return err;
	}
	folder = debugfs_create_dir("hypprobe", NULL);
	if (IS_ERR(folder))
		return PTR_ERR(folder);
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		debugfs_create_file(probes[i].name, 0400, folder, (void *)&probes[i], &probe_fops);
	return 0;
}

static void __exit hypprobe_exit(void)
{
	debugfs_remove(folder);
}

module_init(hypprobe_init);
module_exit(hypprobe_exit);
MODULE_DESCRIPTION("Looks for holes in the hypervisor");
MODULE_LICENSE("GPL");
