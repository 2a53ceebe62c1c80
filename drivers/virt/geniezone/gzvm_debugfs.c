// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: debugfs (Documentation/ABI/testing/debugfs-gzvm).
 *
 * The files of a VM are removed before anything of the VM goes, and removal waits for readers,
 * so they need no reference.
 */

#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/gzvm_drv.h>
#include <linux/io.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

static struct dentry *gzvm_debugfs_root;

static const char * const gzvm_handled_names[GZVM_NR_HANDLED] = {
	[GZVM_HANDLED_WFX] = "wfx",
	[GZVM_HANDLED_SYSREG] = "sysreg",
	[GZVM_HANDLED_HVC] = "hvc",
	[GZVM_HANDLED_SMC] = "smc",
	[GZVM_HANDLED_GIC] = "gic",
	[GZVM_HANDLED_FP] = "fp",
	[GZVM_HANDLED_ABORT] = "abort",
	[GZVM_HANDLED_IRQ] = "irq",
	[GZVM_HANDLED_DEBUG] = "debug",
	[GZVM_HANDLED_UNDEF] = "undef",
};

/* What the hypervisor counted for a vCPU without leaving EL2. */
static int gzvm_exits_show_hyp(struct seq_file *m, const struct gzvm_vcpu *vcpu)
{
	struct gzvm_vcpu_stats *stats;
	unsigned int i;
	int ret;

	stats = (void *)get_zeroed_page(GFP_KERNEL);
	if (!stats)
		return -ENOMEM;

	ret = gzvm_hypcall(GZVM_FN_VCPU_STATS, NULL, gzvm_vcpu_tuple(vcpu), virt_to_phys(stats));
	if (!ret) {
		seq_printf(m, "%u hyp_entries %llu\n", vcpu->id, le64_to_cpu(stats->entries));
		for (i = 0; i < GZVM_NR_HANDLED; i++)
			if (gzvm_handled_names[i])
				seq_printf(m, "%u hyp_%s %llu\n", vcpu->id,
					   gzvm_handled_names[i],
					   le64_to_cpu(stats->handled[i]));
	}
	free_page((unsigned long)stats);
	return ret;
}

static int gzvm_exits_show_vcpu(struct seq_file *m, const struct gzvm_vcpu *vcpu)
{
	unsigned int i;

	seq_printf(m, "%u runs %llu\n", vcpu->id, READ_ONCE(vcpu->runs));
	seq_printf(m, "%u user %llu\n", vcpu->id, READ_ONCE(vcpu->user_exits));
	for (i = 0; i < GZVM_NR_EXIT_REASONS; i++)
		if (gzvm_exit_name(i))
			seq_printf(m, "%u %s %llu\n", vcpu->id, gzvm_exit_name(i),
				   READ_ONCE(vcpu->exits[i]));

	return gzvm_hyp_has(GZVM_HYP_FEAT_VCPU_STATS) ? gzvm_exits_show_hyp(m, vcpu) : 0;
}

static int gzvm_exits_show(struct seq_file *m, void *unused)
{
	struct gzvm *vm = m->private;
	struct gzvm_vcpu *vcpu;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < GZVM_MAX_VCPUS && !ret; i++) {
		/* Pairs with the release in gzvm_vcpu_new(). */
		vcpu = smp_load_acquire(&vm->vcpus[i]);
		if (vcpu)
			ret = gzvm_exits_show_vcpu(m, vcpu);
	}
	return ret;
}
DEFINE_SHOW_ATTRIBUTE(gzvm_exits);

static int gzvm_stage2_pages_get(void *data, u64 *value)
{
	struct gzvm *vm = data;

	*value = READ_ONCE(vm->nr_pages);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(gzvm_stage2_pages_fops, gzvm_stage2_pages_get, NULL, "%llu\n");

static int gzvm_stage2_blocks_get(void *data, u64 *value)
{
	struct gzvm *vm = data;

	*value = READ_ONCE(vm->nr_blocks);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(gzvm_stage2_blocks_fops, gzvm_stage2_blocks_get, NULL, "%llu\n");

static int gzvm_protected_hyp_mem_get(void *data, u64 *value)
{
	struct arm_smccc_res res = {};
	struct gzvm *vm = data;
	int ret = gzvm_hypcall(GZVM_FN_GET_STATISTICS, &res, vm->vm_id);

	*value = res.a1;
	return ret;
}
DEFINE_DEBUGFS_ATTRIBUTE(gzvm_protected_hyp_mem_fops, gzvm_protected_hyp_mem_get, NULL,
			 "%llu\n");

static int gzvm_protected_shared_mem_get(void *data, u64 *value)
{
	struct arm_smccc_res res = {};
	struct gzvm *vm = data;
	int ret = gzvm_hypcall(GZVM_FN_GET_STATISTICS, &res, vm->vm_id);

	*value = res.a2;
	return ret;
}
DEFINE_DEBUGFS_ATTRIBUTE(gzvm_protected_shared_mem_fops, gzvm_protected_shared_mem_get, NULL,
			 "%llu\n");

static int gzvm_stats_show(struct seq_file *m, void *unused)
{
	struct arm_smccc_res res = {};
	int ret = gzvm_hypcall(GZVM_FN_HYP_STATS, &res);

	if (ret)
		return ret;
	seq_printf(m, "pool_total %lu\n", res.a1);
	seq_printf(m, "pool_free %lu\n", res.a2);
	seq_printf(m, "vms %lu\n", GZVM_HYP_STATS_VMS(res.a3));
	seq_printf(m, "vcpus %lu\n", GZVM_HYP_STATS_VCPUS(res.a3));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(gzvm_stats);

/*
 * The whole log, a page at a time. A position that does not move ends it, and so does a full
 * seq_file, which comes back with more room.
 */
static int gzvm_log_show(struct seq_file *m, void *unused)
{
	struct arm_smccc_res res = {};
	unsigned long position = 0;
	void *page;
	int ret;

	page = (void *)get_zeroed_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;

	for (;;) {
		ret = gzvm_hypcall(GZVM_FN_LOG_READ, &res, virt_to_phys(page), position);
		if (ret || !res.a1 || res.a1 > PAGE_SIZE || res.a2 <= position)
			break;
		position = res.a2;
		seq_write(m, page, res.a1);
		if (seq_has_overflowed(m))
			break;
	}
	free_page((unsigned long)page);
	return ret;
}
DEFINE_SHOW_ATTRIBUTE(gzvm_log);

/**
 * gzvm_debugfs_add_vm() - create the folder of a VM, named by its creator and its number
 * @vm: the VM
 */
void gzvm_debugfs_add_vm(struct gzvm *vm)
{
	char name[sizeof("2147483648-65535")];
	struct dentry *dir;

	snprintf(name, sizeof(name), "%d-%u", task_tgid_nr(current), vm->vm_id);
	dir = debugfs_create_dir(name, gzvm_debugfs_root);
	debugfs_create_file("exits", 0444, dir, vm, &gzvm_exits_fops);
	debugfs_create_file("stage2_pages", 0444, dir, vm, &gzvm_stage2_pages_fops);
	debugfs_create_file("stage2_blocks", 0444, dir, vm, &gzvm_stage2_blocks_fops);
	debugfs_create_file("protected_hyp_mem", 0444, dir, vm, &gzvm_protected_hyp_mem_fops);
	debugfs_create_file("protected_shared_mem", 0444, dir, vm,
			    &gzvm_protected_shared_mem_fops);
	vm->debugfs = dir;
}

/**
 * gzvm_debugfs_remove_vm() - remove the folder of a VM and wait for its readers
 * @vm: the VM
 *
 * Context: process.
 */
void gzvm_debugfs_remove_vm(struct gzvm *vm)
{
	debugfs_remove(vm->debugfs);
	vm->debugfs = NULL;
}

/**
 * gzvm_debugfs_init() - create the driver's folder; whatever fails, the driver does without
 */
void gzvm_debugfs_init(void)
{
	struct dentry *dir;

	gzvm_debugfs_root = debugfs_create_dir("gzvm", NULL);
	dir = debugfs_create_dir("hypervisor", gzvm_debugfs_root);
	if (gzvm_hyp_has(GZVM_HYP_FEAT_STATS))
		debugfs_create_file("stats", 0444, dir, NULL, &gzvm_stats_fops);
	if (gzvm_hyp_has(GZVM_HYP_FEAT_LOG))
		debugfs_create_file("log", 0400, dir, NULL, &gzvm_log_fops);
}

/**
 * gzvm_debugfs_exit() - remove the driver's folder
 */
void gzvm_debugfs_exit(void)
{
	debugfs_remove(gzvm_debugfs_root);
	gzvm_debugfs_root = NULL;
}
