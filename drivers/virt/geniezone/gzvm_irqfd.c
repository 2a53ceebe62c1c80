// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: eventfds that raise an interrupt.
 *
 * The signal of an eventfd calls gzvm_irqfd_wakeup() under the eventfd's lock with interrupts
 * off. The interrupt is raised right there, since IRQ_LINE is short; all that may sleep is
 * left to a work item. An irqfd is on gzvm.irqfds.list exactly until someone decides to shut
 * it down; that one queues the work, once.
 */

#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/gzvm_drv.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

/**
 * struct gzvm_irqfd_entry - an eventfd that raises an SPI
 * @vm: the VM
 * @spi: SPI, from 0
 * @ctx: the eventfd
 * @resample: who is told of the end of the interrupt; NULL: each signal is an edge
 * @wqh: the eventfd's wait queue
 * @wait: our entry there
 * @pt: how wait got there
 * @list: member of gzvm.irqfds.list; empty once shutdown is decided
 * @shutdown: the work that ends it
 */
struct gzvm_irqfd_entry {
	struct gzvm *vm;
	u32 spi;
	struct eventfd_ctx *ctx;
	struct gzvm_resample_user *resample;
	wait_queue_head_t *wqh;
	wait_queue_entry_t wait;
	poll_table pt;
	struct list_head list;
	struct work_struct shutdown;
};

static struct workqueue_struct *gzvm_irqfd_wq;

/* No callback runs any more, or it never did. */
static void gzvm_irqfd_free(struct gzvm_irqfd_entry *irqfd)
{
	if (irqfd->resample)
		gzvm_resample_remove(irqfd->vm, irqfd->resample);
	eventfd_ctx_put(irqfd->ctx);
	kfree(irqfd);
}

static void gzvm_irqfd_shutdown(struct work_struct *work)
{
	struct gzvm_irqfd_entry *irqfd = container_of(work, struct gzvm_irqfd_entry, shutdown);
	u64 count;

	/* No callback runs any more when this returns. */
	eventfd_ctx_remove_wait_queue(irqfd->ctx, &irqfd->wait, &count);
	gzvm_irqfd_free(irqfd);
}

/* Under gzvm.irqfds.lock. */
static void gzvm_irqfd_deactivate(struct gzvm_irqfd_entry *irqfd)
{
	list_del_init(&irqfd->list);
	queue_work(gzvm_irqfd_wq, &irqfd->shutdown);
}

/* Without RESAMPLE the signal is an edge. There is no one to tell of an error. */
static void gzvm_irqfd_inject(struct gzvm_irqfd_entry *irqfd)
{
	if (irqfd->resample)
		gzvm_irq_set_resampled(irqfd->vm, irqfd->spi, 1);
	else
		gzvm_irq_pulse_spi(irqfd->vm, irqfd->spi);
}

static int gzvm_irqfd_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct gzvm_irqfd_entry *irqfd = container_of(wait, struct gzvm_irqfd_entry, wait);
	__poll_t events = key_to_poll(key);
	unsigned long flags;
	u64 count;

	if (events & EPOLLIN) {
		eventfd_ctx_do_read(irqfd->ctx, &count);
		gzvm_irqfd_inject(irqfd);
	}

	if (events & EPOLLHUP) {
		spin_lock_irqsave(&irqfd->vm->irqfds.lock, flags);
		if (!list_empty(&irqfd->list))
			gzvm_irqfd_deactivate(irqfd);
		spin_unlock_irqrestore(&irqfd->vm->irqfds.lock, flags);
	}
	return 0;
}

static void gzvm_irqfd_queue_proc(struct file *file, wait_queue_head_t *wqh, poll_table *pt)
{
	struct gzvm_irqfd_entry *irqfd = container_of(pt, struct gzvm_irqfd_entry, pt);

	irqfd->wqh = wqh;
	add_wait_queue(wqh, &irqfd->wait);
}

/* No other is added meanwhile: the caller holds gzvm.irqfds.mutex. */
static bool gzvm_irqfd_busy(struct gzvm *vm, struct eventfd_ctx *ctx)
{
	struct gzvm_irqfd_entry *irqfd;
	bool busy = false;

	spin_lock_irq(&vm->irqfds.lock);
	list_for_each_entry(irqfd, &vm->irqfds.list, list)
		busy |= irqfd->ctx == ctx;
	spin_unlock_irq(&vm->irqfds.lock);
	return busy;
}

/* An eventfd that was signalled before it was assigned fires now. */
static void gzvm_irqfd_catch_up(struct gzvm_irqfd_entry *irqfd)
{
	u64 count;

	spin_lock_irq(&irqfd->wqh->lock);
	eventfd_ctx_do_read(irqfd->ctx, &count);
	if (count)
		gzvm_irqfd_inject(irqfd);
	spin_unlock_irq(&irqfd->wqh->lock);
}

/*
 * The irqfd is on the list before it is complete. Nobody ends it meanwhile: the caller holds
 * gzvm.irqfds.mutex and the eventfd's file, which cannot hang up then, and the ioctl under way
 * keeps the VM's file.
 */
static void gzvm_irqfd_activate(struct gzvm_irqfd_entry *irqfd, struct file *file)
{
	struct gzvm *vm = irqfd->vm;

	spin_lock_irq(&vm->irqfds.lock);
	list_add_tail(&irqfd->list, &vm->irqfds.list);
	spin_unlock_irq(&vm->irqfds.lock);

	vfs_poll(file, &irqfd->pt);
	gzvm_irqfd_catch_up(irqfd);
}

/* Takes no reference to @file; the eventfd's own context is held. */
static struct gzvm_irqfd_entry *gzvm_irqfd_new(struct gzvm *vm, const struct gzvm_irqfd *args,
					       struct file *file)
{
	struct gzvm_irqfd_entry *irqfd;
	struct gzvm_resample_user *resample;
	struct eventfd_ctx *ctx;

	irqfd = kzalloc(sizeof(*irqfd), GFP_KERNEL_ACCOUNT);
	if (!irqfd)
		return ERR_PTR(-ENOMEM);

	irqfd->vm = vm;
	irqfd->spi = args->gsi;
	INIT_LIST_HEAD(&irqfd->list);
	INIT_WORK(&irqfd->shutdown, gzvm_irqfd_shutdown);
	init_waitqueue_func_entry(&irqfd->wait, gzvm_irqfd_wakeup);
	init_poll_funcptr(&irqfd->pt, gzvm_irqfd_queue_proc);
	ctx = eventfd_ctx_fileget(file);
	if (IS_ERR(ctx)) {
		kfree(irqfd);
		return ERR_CAST(ctx);
	}
	irqfd->ctx = ctx;
	if (gzvm_irqfd_busy(vm, ctx)) {
		gzvm_irqfd_free(irqfd);
		return ERR_PTR(-EBUSY);
	}

	/* Last: to undo it would lower the line, whoever holds it high. */
	if (args->flags & GZVM_IRQFD_FLAG_RESAMPLE) {
		resample = gzvm_resample_add(vm, args->gsi, args->resamplefd);
		if (IS_ERR(resample)) {
			gzvm_irqfd_free(irqfd);
			return ERR_CAST(resample);
		}
		irqfd->resample = resample;
	}
	return irqfd;
}

static int gzvm_irqfd_assign(struct gzvm *vm, const struct gzvm_irqfd *args)
{
	struct gzvm_irqfd_entry *irqfd;
	struct file *file;

	file = fget(args->fd);
	if (!file)
		return -EBADF;

	irqfd = gzvm_irqfd_new(vm, args, file);
	if (!IS_ERR(irqfd))
		gzvm_irqfd_activate(irqfd, file);
	fput(file);
	return PTR_ERR_OR_ZERO(irqfd);
}

static int gzvm_irqfd_deassign(struct gzvm *vm, const struct gzvm_irqfd *args)
{
	struct gzvm_irqfd_entry *irqfd, *next;
	struct eventfd_ctx *ctx;

	ctx = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	spin_lock_irq(&vm->irqfds.lock);
	list_for_each_entry_safe(irqfd, next, &vm->irqfds.list, list)
		if (irqfd->ctx == ctx && irqfd->spi == args->gsi)
			gzvm_irqfd_deactivate(irqfd);
	spin_unlock_irq(&vm->irqfds.lock);
	eventfd_ctx_put(ctx);

	/* The caller may close and reuse the descriptor: no interrupt comes after this. */
	flush_workqueue(gzvm_irqfd_wq);
	return 0;
}

/**
 * gzvm_irqfd() - GZVM_IRQFD
 * @vm: the VM
 * @args: checked here
 *
 * Context: process.
 * Return: 0; -EINVAL for unknown flags, padding that is not zero, an SPI that cannot be or a
 * file that is no eventfd; -EBADF; -EBUSY if the eventfd has an interrupt already; -ENOMEM.
 */
int gzvm_irqfd(struct gzvm *vm, const struct gzvm_irqfd *args)
{
	if (args->flags & ~(GZVM_IRQFD_FLAG_DEASSIGN | GZVM_IRQFD_FLAG_RESAMPLE) ||
	    memchr_inv(args->pad, 0, sizeof(args->pad)) || args->gsi >= GZVM_NR_SPIS)
		return -EINVAL;

	guard(mutex)(&vm->irqfds.mutex);
	if (args->flags & GZVM_IRQFD_FLAG_DEASSIGN)
		return gzvm_irqfd_deassign(vm, args);
	return gzvm_irqfd_assign(vm, args);
}

/**
 * gzvm_irqfd_release() - end all irqfds of a VM
 * @vm: the VM; its file is being released
 *
 * Context: process. No callback runs any more when this returns.
 */
void gzvm_irqfd_release(struct gzvm *vm)
{
	struct gzvm_irqfd_entry *irqfd, *next;

	spin_lock_irq(&vm->irqfds.lock);
	list_for_each_entry_safe(irqfd, next, &vm->irqfds.list, list)
		gzvm_irqfd_deactivate(irqfd);
	spin_unlock_irq(&vm->irqfds.lock);

	flush_workqueue(gzvm_irqfd_wq);
}

/**
 * gzvm_irqfd_init() - create the workqueue
 *
 * Return: 0 or -ENOMEM.
 */
int gzvm_irqfd_init(void)
{
	gzvm_irqfd_wq = alloc_workqueue("gzvm-irqfd", WQ_UNBOUND, 0);
	return gzvm_irqfd_wq ? 0 : -ENOMEM;
}

/**
 * gzvm_irqfd_exit() - remove the workqueue; there is no VM any more
 */
void gzvm_irqfd_exit(void)
{
	destroy_workqueue(gzvm_irqfd_wq);
	gzvm_irqfd_wq = NULL;
}
