// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: life of a vCPU, its ioctls and the RUN loop.
 */

#include <linux/anon_inodes.h>
#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/gzvm_drv.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/tick.h>
#include <linux/uaccess.h>
#include <trace/events/geniezone.h>

#define GZVM_VCPU_BUF_SIZE	(GZVM_VCPU_BUF_PAGES * GZVM_HYP_PAGE_SIZE)

/**
 * gzvm_vcpu_alloc() - memory of a vCPU, unknown to the hypervisor yet
 * @vm: its VM
 * @id: its index
 *
 * Return: the vCPU or NULL.
 */
struct gzvm_vcpu *gzvm_vcpu_alloc(struct gzvm *vm, u32 id)
{
	struct gzvm_vcpu *vcpu;

	vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);
	if (!vcpu)
		return NULL;

	vcpu->vm = vm;
	vcpu->id = id;
	mutex_init(&vcpu->lock);
	init_waitqueue_head(&vcpu->wq);
	/* Before it can run: see gzvm_mmu_relinquish_locked(). */
	scoped_guard(mutex, &vm->map_lock)
		vm->nr_vcpus++;
	vcpu->fault_pages = kcalloc(GZVM_BLOCK_PAGES, sizeof(*vcpu->fault_pages),
				    GFP_KERNEL_ACCOUNT);
	vcpu->run = alloc_pages_exact(GZVM_VCPU_BUF_SIZE, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!vcpu->fault_pages || !vcpu->run) {
		gzvm_vcpu_free(vcpu);
		return NULL;
	}
	vcpu->hwstate = (void *)vcpu->run + GZVM_HYP_PAGE_SIZE;
	return vcpu;
}

/**
 * gzvm_vcpu_free() - free a vCPU that the hypervisor does not know any more
 * @vcpu: the vCPU
 */
void gzvm_vcpu_free(struct gzvm_vcpu *vcpu)
{
	scoped_guard(mutex, &vcpu->vm->map_lock)
		vcpu->vm->nr_vcpus--;
	if (vcpu->run)
		free_pages_exact(vcpu->run, GZVM_VCPU_BUF_SIZE);
	kfree(vcpu->fault_pages);
	kfree(vcpu);
}

/**
 * gzvm_vcpu_retire() - take a vCPU away from the hypervisor
 * @vcpu: the vCPU; nobody else uses it, or will
 *
 * Context: process.
 */
void gzvm_vcpu_retire(struct gzvm_vcpu *vcpu)
{
	int ret;

	ret = gzvm_hypcall_rounds(GZVM_FN_DESTROY_VCPU, gzvm_hyp.busy_rounds, true,
				  gzvm_vcpu_tuple(vcpu));
	if (ret) {
		pr_err_once("gzvm: the hypervisor keeps vCPU %u of VM %u (error %d): 2 pages stay lost\n",
			    vcpu->id, vcpu->vm->vm_id, ret);
		/* It may write them at any time. */
		vcpu->run = NULL;
	}
}

/* What the last exit left open, from the VMM's structure to the run page. */
static int gzvm_vcpu_take_completion(struct gzvm_vcpu *vcpu, struct gzvm_vcpu_run __user *urun)
{
	struct gzvm_vcpu_run *run = vcpu->run;

	switch (vcpu->completion) {
	case GZVM_COMPLETE_MMIO_READ:
		/* The hypervisor takes what the access has of it. */
		if (copy_from_user(run->mmio.data, urun->mmio.data, sizeof(run->mmio.data)))
			return -EFAULT;
		break;
	case GZVM_COMPLETE_HYPERCALL:
		/* SMCCC results are x0 to x3. */
		if (copy_from_user(run->hypercall.args, urun->hypercall.args,
				   4 * sizeof(run->hypercall.args[0])))
			return -EFAULT;
		break;
	case GZVM_COMPLETE_NONE:
		break;
	}
	return 0;
}

/* immediate_exit, and 3 bytes of padding, which are read as one. */
static int gzvm_vcpu_check_head(struct gzvm_vcpu_run __user *urun)
{
	__le32 head;

	if (get_user(head, (__le32 __user *)&urun->immediate_exit))
		return -EFAULT;
	if (le32_to_cpu(head) >> 8)
		return -EINVAL;
	return head ? -EINTR : 0;
}

/*
 * While another thread is in RUN this one sleeps, so a kick that came before the sleep must be
 * looked for: a handler that set immediate_exit has had its signal already, and no other follows.
 */
static int gzvm_vcpu_lock(struct gzvm_vcpu *vcpu, struct gzvm_vcpu_run __user *urun)
{
	int ret;

	if (mutex_trylock(&vcpu->lock))
		return 0;
	ret = gzvm_vcpu_check_head(urun);
	if (ret)
		return ret;
	return mutex_lock_interruptible(&vcpu->lock) ? -ERESTARTSYS : 0;
}

/*
 * Checks and fetches what RUN takes from the VMM. The structure is the VMM's ordinary memory
 * and may change at any time, so each part of it is read once.
 */
static int gzvm_vcpu_begin(struct gzvm_vcpu *vcpu, struct gzvm_vcpu_run __user *urun)
{
	int ret;

	lockdep_assert_held(&vcpu->lock);
	ret = gzvm_vcpu_check_head(urun);
	if (ret)
		return ret;
	return vcpu->undelivered ? 0 : gzvm_vcpu_take_completion(vcpu, urun);
}

/*
 * Hands an exit to the VMM. Only what belongs to this exit is written: a VMM's other thread
 * may set immediate_exit at this moment. If the structure cannot be written the exit is not
 * lost, but comes again by the next RUN, before the guest goes on.
 */
static int gzvm_vcpu_end(struct gzvm_vcpu *vcpu, struct gzvm_vcpu_run __user *urun, u32 reason)
{
	struct gzvm_vcpu_run *run = vcpu->run;
	size_t size = gzvm_exit_payload(run, reason);

	vcpu->undelivered = reason;
	/* A size that varies is checked against the object at run time: dearer than the copy. */
	if (reason == GZVM_EXIT_MMIO) {
		if (copy_to_user(&urun->mmio, &run->mmio, sizeof(run->mmio)))
			return -EFAULT;
	} else if (size && copy_to_user(urun->padding, run->padding, size)) {
		return -EFAULT;
	}
	if (put_user(reason, &urun->exit_reason))
		return -EFAULT;
	vcpu->undelivered = 0;
	return 0;
}

/*
 * A guest that waits need not give this CPU back while nobody else wants it: whatever ends the wait
 * finds the vCPU there, and two switches of threads are saved. To the scheduler it is a thread that
 * computes: who comes to want the CPU gets it by an interrupt, at the next tick if not before, and
 * without a tick nobody would end a wait that turns out long. Where waits tend to last longer
 * (gzvm_vcpu_idle() measures them) that tick would be for nothing.
 */
static u64 gzvm_vcpu_run_flags(const struct gzvm_vcpu *vcpu)
{
	return vcpu->waits_briefly && single_task_running() &&
	       !tick_nohz_full_cpu(smp_processor_id()) ? GZVM_RUN_WAIT : 0;
}

/*
 * One entry of the guest. With interrupts off no signal can arrive unseen between the check
 * and the entry: its IPI stays pending and ends the guest at once. The interrupt that ended
 * the guest is taken where interrupts are turned on again.
 *
 * Return: 0 with the exit reason; -EAGAIN: go round again; another errno for the VMM.
 */
static int gzvm_vcpu_enter(struct gzvm_vcpu *vcpu, u32 *reason)
{
	struct arm_smccc_res res = {};
	int ret;

	local_irq_disable();
	if (gzvm_work_pending()) {
		local_irq_enable();
		return -EAGAIN;
	}

	/*
	 * Cleared before the hypervisor looks for pending interrupts (the exchange is a full
	 * barrier): what is set after this is newer than an IDLE exit and keeps it awake.
	 */
	atomic_xchg(&vcpu->wake, 0);
	ret = gzvm_arch_vcpu_run(gzvm_vcpu_tuple(vcpu), gzvm_vcpu_run_flags(vcpu), &res);
	/* Delays count from here: what interrupts this thread next may take its time. */
	if (res.a1 == GZVM_EXIT_IDLE)
		vcpu->exit_time = ktime_get();
	local_irq_enable();
	if (ret)
		return ret;

	vcpu->runs++;
	vcpu->completion = GZVM_COMPLETE_NONE;
	*reason = res.a1;
	trace_gzvm_vcpu_exit(vcpu->vm->vm_id, vcpu->id, *reason);
	if (*reason - GZVM_EXIT_UNKNOWN < GZVM_NR_EXIT_REASONS)
		vcpu->exits[*reason - GZVM_EXIT_UNKNOWN]++;

	/* The others whom this guest's IPI, PSCI call or end concerns. */
	if (gzvm_hyp_has(GZVM_HYP_FEAT_WAKE_MASK)) {
		if (res.a2)
			gzvm_vm_wake(vcpu->vm, res.a2);
	} else if (*reason == GZVM_EXIT_IPI || *reason == GZVM_EXIT_SYSTEM_EVENT) {
		gzvm_vm_wake(vcpu->vm, ~0ULL);
	}

	if (!list_empty(&vcpu->vm->resamplers))
		gzvm_resample_scan(vcpu);
	return 0;
}

static int gzvm_vcpu_work(struct gzvm_vcpu *vcpu)
{
	int ret = gzvm_work_handle();

	/* A courtesy to the hypervisor; it has nothing to refuse. */
	if (ret == -ERESTARTSYS)
		(void)gzvm_hypcall(GZVM_FN_INFORM_EXIT, NULL, vcpu->vm->vm_id);
	return ret;
}

static int gzvm_vcpu_loop(struct gzvm_vcpu *vcpu, struct gzvm_vcpu_run __user *urun)
{
	u32 reason = GZVM_EXIT_UNKNOWN;
	int ret;

	if (vcpu->undelivered)
		return gzvm_vcpu_end(vcpu, urun, vcpu->undelivered);

	for (;;) {
		if (READ_ONCE(vcpu->vm->broken))
			return -EIO;

		if (vcpu->unhandled) {
			ret = gzvm_vcpu_work(vcpu);
			if (ret)
				return ret;
			reason = vcpu->unhandled;
			vcpu->unhandled = 0;
		} else {
			ret = gzvm_vcpu_enter(vcpu, &reason);
			if (ret == -EAGAIN) {
				ret = gzvm_vcpu_work(vcpu);
				if (ret)
					return ret;
				continue;
			}
			if (ret)
				return ret;
		}

		switch (gzvm_exit_dispatch(vcpu, reason)) {
		case GZVM_NEXT_USER:
			vcpu->user_exits++;
			return gzvm_vcpu_end(vcpu, urun, reason);
		case GZVM_NEXT_SLEEP:
			gzvm_vcpu_idle(vcpu);
			break;
		case GZVM_NEXT_AGAIN:
			vcpu->unhandled = reason;
			break;
		case GZVM_NEXT_ENTER:
			break;
		}
	}
}

/**
 * gzvm_vcpu_run() - GZVM_RUN
 * @vcpu: the vCPU
 * @urun: the VMM's structure; any memory of its
 *
 * A signal ends RUN with -ERESTARTSYS, which becomes a restart after a handler with
 * SA_RESTART (RUN then sees immediate_exit) and EINTR after one without. An exit for the VMM
 * wins over a signal: RUN returns 0 and the signal waits. So it is too while RUN waits for
 * another thread's: immediate_exit is looked at before the wait and after it.
 *
 * Context: process of the VM's creator.
 * Return: 0 with an exit in @urun; -EINTR for immediate_exit; -ERESTARTSYS; -EINVAL for
 * padding that is not zero; -EFAULT; -EIO if the hypervisor has kept memory of the VM that it
 * was to give back; what the hypervisor says.
 */
int gzvm_vcpu_run(struct gzvm_vcpu *vcpu, struct gzvm_vcpu_run __user *urun)
{
	int ret;

	ret = gzvm_vcpu_lock(vcpu, urun);
	if (ret)
		return ret;

	ret = gzvm_vcpu_begin(vcpu, urun);
	if (!ret) {
		WRITE_ONCE(vcpu->thread, current);
		ret = gzvm_vcpu_loop(vcpu, urun);
		WRITE_ONCE(vcpu->thread, NULL);
		gzvm_work_leave();
	}

	mutex_unlock(&vcpu->lock);
	return ret;
}

/* Fetches a register's name; its size is @size then, at most 8 bytes. */
static int gzvm_vcpu_get_reg_id(void __user *argp, struct gzvm_one_reg *reg, size_t *size)
{
	if (copy_from_user(reg, argp, sizeof(*reg)))
		return -EFAULT;
	if (!gzvm_arch_reg_id_valid(reg->id))
		return -EINVAL;
	*size = 1UL << ((reg->id & GZVM_REG_SIZE_MASK) >> GZVM_REG_SIZE_SHIFT);
	return 0;
}

/*
 * After the guest's reset the hypervisor is BUSY for as long as another vCPU is in RUN, which a
 * signal must be able to end. Nothing has happened then.
 */
static int gzvm_vcpu_set_reg_hyp(struct gzvm_vcpu *vcpu, u64 id, u64 value)
{
	u32 rounds = gzvm_hyp.busy_rounds;
	int ret;

	do {
		ret = gzvm_hypcall(GZVM_FN_SET_ONE_REG, NULL, gzvm_vcpu_tuple(vcpu), id, value);
		cond_resched();
		if (ret != -EAGAIN)
			return ret;
		if (signal_pending(current))
			return -ERESTARTSYS;
	} while (rounds--);

	return -EBUSY;
}

/**
 * gzvm_vcpu_set_one_reg() - GZVM_SET_ONE_REG
 * @vcpu: the vCPU
 * @argp: user's struct gzvm_one_reg
 *
 * Context: process; waits for RUN to end.
 * Return: 0; -EINVAL for an id that cannot be or that the hypervisor refuses; -EFAULT; -EBUSY if
 * another vCPU does not leave RUN; -ERESTARTSYS.
 */
int gzvm_vcpu_set_one_reg(struct gzvm_vcpu *vcpu, void __user *argp)
{
	struct gzvm_one_reg reg;
	__le64 data = 0;
	size_t size;
	int ret;

	ret = gzvm_vcpu_get_reg_id(argp, &reg, &size);
	if (ret)
		return ret;
	if (copy_from_user(&data, u64_to_user_ptr(reg.addr), size))
		return -EFAULT;

	if (mutex_lock_interruptible(&vcpu->lock))
		return -ERESTARTSYS;
	ret = gzvm_vcpu_set_reg_hyp(vcpu, reg.id, le64_to_cpu(data));
	mutex_unlock(&vcpu->lock);
	return ret;
}

/**
 * gzvm_vcpu_get_one_reg() - GZVM_GET_ONE_REG
 * @vcpu: the vCPU
 * @argp: user's struct gzvm_one_reg
 *
 * Context: process; waits for RUN to end.
 * Return: 0; -EOPNOTSUPP if the hypervisor has no such call; else as gzvm_vcpu_set_one_reg().
 */
int gzvm_vcpu_get_one_reg(struct gzvm_vcpu *vcpu, void __user *argp)
{
	struct arm_smccc_res res = {};
	struct gzvm_one_reg reg;
	__le64 data;
	size_t size;
	int ret;

	if (!gzvm_hyp_has(GZVM_HYP_FEAT_ONE_REG))
		return -EOPNOTSUPP;
	ret = gzvm_vcpu_get_reg_id(argp, &reg, &size);
	if (ret)
		return ret;

	if (mutex_lock_interruptible(&vcpu->lock))
		return -ERESTARTSYS;
	ret = gzvm_hypcall_wait(GZVM_FN_GET_ONE_REG, &res, gzvm_vcpu_tuple(vcpu), reg.id);
	mutex_unlock(&vcpu->lock);
	if (ret)
		return ret;

	data = cpu_to_le64(res.a1);
	return copy_to_user(u64_to_user_ptr(reg.addr), &data, size) ? -EFAULT : 0;
}

static long gzvm_vcpu_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct gzvm_vcpu *vcpu = filp->private_data;
	void __user *argp = (void __user *)arg;

	if (current->mm != vcpu->vm->mm)
		return -EIO;

	switch (cmd) {
	case GZVM_RUN:
		return gzvm_vcpu_run(vcpu, argp);
	case GZVM_GET_ONE_REG:
		return gzvm_vcpu_get_one_reg(vcpu, argp);
	case GZVM_SET_ONE_REG:
		return gzvm_vcpu_set_one_reg(vcpu, argp);
	default:
		return -ENOTTY;
	}
}

static int gzvm_vcpu_release(struct inode *inode, struct file *filp)
{
	struct gzvm_vcpu *vcpu = filp->private_data;

	/* The vCPU stays until its VM goes. */
	gzvm_vm_put(vcpu->vm);
	return 0;
}

static const struct file_operations gzvm_vcpu_fops = {
	.owner = THIS_MODULE,
	.release = gzvm_vcpu_release,
	.unlocked_ioctl = gzvm_vcpu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct file *gzvm_vcpu_getfile(struct gzvm_vcpu *vcpu)
{
	char name[sizeof("gzvm-vcpu:0000000000")];
	struct file *file;

	snprintf(name, sizeof(name), "gzvm-vcpu:%u", vcpu->id);
	file = anon_inode_getfile(name, &gzvm_vcpu_fops, vcpu, O_RDWR);
	if (!IS_ERR(file))
		gzvm_vm_get(vcpu->vm);
	return file;
}

/* Under gzvm.lock, so that two callers of one index do not meet. */
static struct file *gzvm_vcpu_new(struct gzvm *vm, u32 id)
{
	struct gzvm_vcpu *vcpu;
	struct file *file;
	int ret;

	guard(mutex)(&vm->lock);
	if (vm->vcpus[id])
		return ERR_PTR(-EEXIST);

	vcpu = gzvm_vcpu_alloc(vm, id);
	if (!vcpu)
		return ERR_PTR(-ENOMEM);

	ret = gzvm_hypcall_wait(GZVM_FN_CREATE_VCPU, NULL, gzvm_vcpu_tuple(vcpu),
				virt_to_phys(vcpu->run));
	if (ret) {
		gzvm_vcpu_free(vcpu);
		return ERR_PTR(ret);
	}

	file = gzvm_vcpu_getfile(vcpu);
	if (IS_ERR(file)) {
		gzvm_vcpu_retire(vcpu);
		gzvm_vcpu_free(vcpu);
		return file;
	}

	/* Complete before others find it: wake-ups read the array without a lock. */
	smp_store_release(&vm->vcpus[id], vcpu);
	return file;
}

/**
 * gzvm_vcpu_create() - GZVM_CREATE_VCPU
 * @vm: the VM
 * @id: index of the new vCPU
 *
 * Context: process.
 * Return: a file descriptor; -EINVAL for an index that is too high, -EEXIST, -ENOMEM or
 * what the hypervisor says.
 */
int gzvm_vcpu_create(struct gzvm *vm, unsigned long id)
{
	struct file *file;
	int fd;

	if (id >= GZVM_MAX_VCPUS)
		return -EINVAL;
	id = array_index_nospec(id, GZVM_MAX_VCPUS);

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;

	file = gzvm_vcpu_new(vm, id);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}

	fd_install(fd, file);
	return fd;
}
