// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: life of a VM and its ioctls.
 */

#include <linux/anon_inodes.h>
#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/gzvm_drv.h>
#include <linux/io.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

/**
 * gzvm_vm_init() - set up what needs no hypervisor
 * @vm: zeroed memory
 *
 * Context: process.
 */
void gzvm_vm_init(struct gzvm *vm)
{
	kref_init(&vm->ref);
	vm->vm_id = GZVM_INVALID_VM_ID;
	mutex_init(&vm->retire_lock);
	mutex_init(&vm->lock);
	init_rwsem(&vm->slots_lock);
	xa_init_flags(&vm->slots, XA_FLAGS_ACCOUNT);
	mt_init(&vm->slot_tree);
	mutex_init(&vm->pin_lock);
	mutex_init(&vm->map_lock);
	xa_init_flags(&vm->pages, XA_FLAGS_ACCOUNT);
	mutex_init(&vm->ioevents_lock);
	INIT_LIST_HEAD(&vm->ioevents);
	mutex_init(&vm->irqfds.mutex);
	spin_lock_init(&vm->irqfds.lock);
	INIT_LIST_HEAD(&vm->irqfds.list);
	init_rwsem(&vm->resample_lock);
	INIT_LIST_HEAD(&vm->resamplers);
}

/**
 * gzvm_vm_get() - take a reference
 * @vm: a VM that the caller holds
 *
 * Return: @vm
 */
struct gzvm *gzvm_vm_get(struct gzvm *vm)
{
	kref_get(&vm->ref);
	return vm;
}

/*
 * Takes the VM away from the hypervisor. Each call works on a batch of pages so that none
 * keeps the CPU for long: the number of pages bounds that of the calls, whether the hypervisor
 * goes through the slots or, a block at a time, through what it has mapped.
 */
static int gzvm_vm_destroy_hyp(struct gzvm *vm)
{
	u32 batch = READ_ONCE(gzvm_hyp.destroy_batch);
	struct gzvm_memslot *slot;
	unsigned long id, rounds;

	if (vm->vm_id == GZVM_INVALID_VM_ID)
		return 0;
	rounds = gzvm_hyp.busy_rounds + vm->nr_pages;
	xa_for_each(&vm->slots, id, slot)
		rounds += slot->npages / batch;

	return gzvm_hypcall_rounds(GZVM_FN_DESTROY_VM, rounds, true, vm->vm_id, batch);
}

/**
 * gzvm_vm_retire() - give back what a VM has of the hypervisor and of its creator's memory
 * @vm: the VM; no ioctl of it is under way, nor will be
 *
 * What stays are the structures that files point to.
 *
 * Context: process; may be called again and by several.
 */
void gzvm_vm_retire(struct gzvm *vm)
{
	unsigned int i;
	int ret;

	guard(mutex)(&vm->retire_lock);
	if (vm->retired)
		return;
	vm->retired = true;

	/* First those who come without a file: callbacks of eventfds, readers of debugfs. */
	gzvm_irqfd_release(vm);
	gzvm_debugfs_remove_vm(vm);
	for (i = 0; i < GZVM_MAX_VCPUS; i++)
		if (vm->vcpus[i])
			gzvm_vcpu_retire(vm->vcpus[i]);

	ret = gzvm_mem_destroy(vm, gzvm_vm_destroy_hyp);
	gzvm_memslot_destroy_all(vm);
	gzvm_ioeventfd_release(vm);
	/* Memory that the hypervisor did not give back must never be used again. */
	if (!ret) {
		free_page((unsigned long)vm->mailbox);
		if (vm->region_buf)
			free_pages_exact(vm->region_buf, GZVM_MEMREGION_BUF_SIZE);
	}
	vm->mailbox = NULL;
	vm->region_buf = NULL;
	/* Nor may the machine hibernate then: the VM is in the hypervisor still. */
	if (vm->counted && !ret)
		gzvm_vms_put();
}

/*
 * The creator's memory ends (exit, exec), so nobody can make an ioctl of the VM any more.
 * gzvm_vm_release_ref() waits for this, so it needs no reference.
 */
static void gzvm_vm_mm_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	gzvm_vm_retire(container_of(mn, struct gzvm, mn));
}

static const struct mmu_notifier_ops gzvm_vm_mn_ops = {
	.release = gzvm_vm_mm_release,
};

static void gzvm_vm_release_ref(struct kref *ref)
{
	struct gzvm *vm = container_of(ref, struct gzvm, ref);
	unsigned int i;

	gzvm_vm_retire(vm);
	mmu_notifier_unregister(&vm->mn, vm->mm);
	for (i = 0; i < GZVM_MAX_VCPUS; i++)
		if (vm->vcpus[i])
			gzvm_vcpu_free(vm->vcpus[i]);
	mmdrop(vm->mm);
	kfree(vm);
}

/**
 * gzvm_vm_put() - give a reference back; the last one destroys the VM
 * @vm: the VM
 *
 * Context: process, no lock held; may sleep.
 */
void gzvm_vm_put(struct gzvm *vm)
{
	kref_put(&vm->ref, gzvm_vm_release_ref);
}

static int gzvm_vm_ioctl_memory(struct gzvm *vm, void __user *argp)
{
	struct gzvm_userspace_memory_region region;

	if (copy_from_user(&region, argp, sizeof(region)))
		return -EFAULT;
	return gzvm_memslot_set(vm, &region);
}

static int gzvm_vm_ioctl_irq_line(struct gzvm *vm, void __user *argp)
{
	struct gzvm_irq_level irq;

	if (copy_from_user(&irq, argp, sizeof(irq)))
		return -EFAULT;
	return gzvm_irq_line(vm, &irq);
}

static int gzvm_vm_ioctl_irqfd(struct gzvm *vm, void __user *argp)
{
	struct gzvm_irqfd args;

	if (copy_from_user(&args, argp, sizeof(args)))
		return -EFAULT;
	return gzvm_irqfd(vm, &args);
}

static int gzvm_vm_ioctl_ioeventfd(struct gzvm *vm, void __user *argp)
{
	struct gzvm_ioeventfd args;

	if (copy_from_user(&args, argp, sizeof(args)))
		return -EFAULT;
	return gzvm_ioeventfd(vm, &args);
}

/*
 * The hypervisor reads the structure and the attributes from pages of their own: it sees
 * whole pages, and nothing else is to lie in them.
 */
static int gzvm_create_device_hyp(struct gzvm *vm, const struct gzvm_create_device *dev)
{
	struct gzvm_create_device *copy;
	void *attr = NULL;
	int ret;

	copy = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!copy)
		return -ENOMEM;
	*copy = *dev;
	copy->attr_addr = 0;

	if (dev->attr_size) {
		ret = -ENOMEM;
		attr = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
		if (!attr)
			goto out;
		ret = -EFAULT;
		if (copy_from_user(attr, u64_to_user_ptr(dev->attr_addr), dev->attr_size))
			goto out;
		copy->attr_addr = virt_to_phys(attr);
	}

	/* The caller's memory may keep it waiting (userfaultfd, say): no lock before here. */
	scoped_guard(mutex, &vm->lock)
		ret = gzvm_hypcall_wait(GZVM_FN_CREATE_DEVICE, NULL, vm->vm_id,
					virt_to_phys(copy));
out:
	free_page((unsigned long)attr);
	free_page((unsigned long)copy);
	return ret;
}

static int gzvm_vm_ioctl_create_device(struct gzvm *vm, void __user *argp)
{
	struct gzvm_create_device dev;
	u64 end;

	if (copy_from_user(&dev, argp, sizeof(dev)))
		return -EFAULT;
	if (dev.dev_type > GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST || dev.id || dev.flags ||
	    dev.attr_size > PAGE_SIZE)
		return -EINVAL;
	if (check_add_overflow(dev.dev_addr, dev.dev_reg_size, &end) ||
	    end > BIT_ULL(gzvm_hyp.ipa_bits))
		return -EINVAL;

	return gzvm_create_device_hyp(vm, &dev);
}

static int gzvm_vm_ioctl_dtb_config(struct gzvm *vm, void __user *argp)
{
	struct gzvm_dtb_config dtb;
	u64 end;

	if (copy_from_user(&dtb, argp, sizeof(dtb)))
		return -EFAULT;
	if (!dtb.dtb_size || check_add_overflow(dtb.dtb_addr, dtb.dtb_size, &end) ||
	    end > BIT_ULL(gzvm_hyp.ipa_bits))
		return -EINVAL;

	return gzvm_hypcall_wait(GZVM_FN_SET_DTB_CONFIG, NULL, vm->vm_id, dtb.dtb_addr,
				 dtb.dtb_size);
}

static long gzvm_vm_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	void __user *argp = (void __user *)arg;
	struct gzvm *vm = filp->private_data;

	/* The VM's memory is its creator's; a process that was handed the file has another. */
	if (current->mm != vm->mm)
		return -EIO;

	switch (cmd) {
	case GZVM_CHECK_EXTENSION:
		return gzvm_check_extension(vm, argp);
	case GZVM_CREATE_VCPU:
		return gzvm_vcpu_create(vm, arg);
	case GZVM_SET_USER_MEMORY_REGION:
		return gzvm_vm_ioctl_memory(vm, argp);
	case GZVM_IRQ_LINE:
		return gzvm_vm_ioctl_irq_line(vm, argp);
	case GZVM_IRQFD:
		return gzvm_vm_ioctl_irqfd(vm, argp);
	case GZVM_IOEVENTFD:
		return gzvm_vm_ioctl_ioeventfd(vm, argp);
	case GZVM_ENABLE_CAP:
		return gzvm_enable_cap(vm, argp);
	case GZVM_CREATE_DEVICE:
		return gzvm_vm_ioctl_create_device(vm, argp);
	case GZVM_SET_DTB_CONFIG:
		return gzvm_vm_ioctl_dtb_config(vm, argp);
	default:
		return -ENOTTY;
	}
}

static int gzvm_vm_release(struct inode *inode, struct file *filp)
{
	struct gzvm *vm = filp->private_data;

	gzvm_irqfd_release(vm);
	gzvm_vm_put(vm);
	return 0;
}

static const struct file_operations gzvm_vm_fops = {
	.owner = THIS_MODULE,
	.release = gzvm_vm_release,
	.unlocked_ioctl = gzvm_vm_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static int gzvm_enable_cap_hyp(struct gzvm *vm, u64 cap, u64 arg0, u64 arg1)
{
	return gzvm_hypcall_wait(GZVM_FN_ENABLE_CAP, NULL, vm->vm_id, cap, arg0, arg1);
}

/*
 * Demand paging where the hypervisor has it, by block rather than by page. None of the
 * capabilities is needed: without them memory is given at registration, and an idle vCPU
 * leaves by other exits.
 */
static int gzvm_vm_setup_paging(struct gzvm *vm)
{
	vm->demand_paging = !gzvm_enable_cap_hyp(vm, GZVM_CAP_ENABLE_DEMAND_PAGING, 0, 0);
	if (vm->demand_paging) {
		vm->mailbox = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
		if (!vm->mailbox)
			return -ENOMEM;
		vm->block_paging = !gzvm_enable_cap_hyp(vm, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING,
							GZVM_BLOCK_SIZE,
							virt_to_phys(vm->mailbox));
	}

	vm->idle = !gzvm_enable_cap_hyp(vm, GZVM_CAP_ENABLE_IDLE, 0, 0);
	vm->pinned = !vm->demand_paging || !gzvm_hyp_has(GZVM_HYP_FEAT_UNMAP);
	return 0;
}

static int gzvm_vm_new_hyp(struct gzvm *vm, unsigned long type)
{
	struct arm_smccc_res res = {};
	int ret;

	vm->region_buf = alloc_pages_exact(GZVM_MEMREGION_BUF_SIZE,
					   GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!vm->region_buf)
		return -ENOMEM;

	vm->counted = gzvm_vms_get();
	if (!vm->counted)
		return -EBUSY;
	ret = gzvm_hypcall_wait(GZVM_FN_CREATE_VM, &res, type);
	if (ret)
		return ret;
	vm->vm_id = res.a1;
	return gzvm_vm_setup_paging(vm);
}

static struct gzvm *gzvm_vm_new(unsigned long type)
{
	struct gzvm *vm;
	int ret;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	gzvm_vm_init(vm);

	vm->mm = current->mm;
	vm->mn.ops = &gzvm_vm_mn_ops;
	ret = gzvm_mem_watch_error(mmu_notifier_register(&vm->mn, vm->mm));
	if (ret) {
		kfree(vm);
		return ERR_PTR(ret);
	}
	mmgrab(vm->mm);

	/* From here on the last reference undoes whatever is there. */
	ret = gzvm_vm_new_hyp(vm, type);
	if (ret) {
		gzvm_vm_put(vm);
		return ERR_PTR(ret);
	}
	gzvm_debugfs_add_vm(vm);
	return vm;
}

/**
 * gzvm_vm_create() - GZVM_CREATE_VM
 * @type: kind of VM, as the hypervisor defines it; 0
 *
 * Context: process.
 * Return: a file descriptor or a negative errno; -EBUSY while the machine hibernates;
 * -ERESTARTNOINTR for a signal, with nothing done.
 */
int gzvm_vm_create(unsigned long type)
{
	struct file *file;
	struct gzvm *vm;
	int fd;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;

	vm = gzvm_vm_new(type);
	if (IS_ERR(vm)) {
		put_unused_fd(fd);
		return PTR_ERR(vm);
	}

	file = anon_inode_getfile("gzvm-vm", &gzvm_vm_fops, vm, O_RDWR);
	if (IS_ERR(file)) {
		gzvm_vm_put(vm);
		put_unused_fd(fd);
		return PTR_ERR(file);
	}

	/* Last: from here on other threads can use and close it. */
	fd_install(fd, file);
	return fd;
}
