// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: eventfds that a guest's MMIO write signals.
 */

#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/eventfd.h>
#include <linux/gzvm_drv.h>
#include <linux/overflow.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>

/**
 * gzvm_ioeventfd_check() - check the arguments of GZVM_IOEVENTFD
 * @args: the arguments
 *
 * Return: 0 or -EINVAL.
 */
int gzvm_ioeventfd_check(const struct gzvm_ioeventfd *args)
{
	u64 end;

	if (args->flags & ~(GZVM_IOEVENTFD_FLAG_DATAMATCH | GZVM_IOEVENTFD_FLAG_DEASSIGN))
		return -EINVAL;
	if (memchr_inv(args->pad, 0, sizeof(args->pad)))
		return -EINVAL;

	switch (args->len) {
	case 0:
		/* No value has every size. */
		if (args->flags & GZVM_IOEVENTFD_FLAG_DATAMATCH)
			return -EINVAL;
		break;
	case 1:
	case 2:
	case 4:
	case 8:
		break;
	default:
		return -EINVAL;
	}

	return check_add_overflow(args->addr, (u64)args->len, &end) ? -EINVAL : 0;
}

/**
 * gzvm_ioevent_collides() - is there a write that matches both?
 * @a: an ioeventfd
 * @b: another
 *
 * Return: true if there is.
 */
bool gzvm_ioevent_collides(const struct gzvm_ioevent *a, const struct gzvm_ioevent *b)
{
	if (a->addr != b->addr)
		return false;
	if (a->len && b->len && a->len != b->len)
		return false;
	return a->wildcard || b->wildcard || a->datamatch == b->datamatch;
}

/**
 * gzvm_ioevent_matches() - does a write signal an ioeventfd?
 * @ev: the ioeventfd
 * @addr: guest physical address of the write
 * @len: its size in bytes
 * @data: its value, zero-extended
 *
 * Return: true if it does.
 */
bool gzvm_ioevent_matches(const struct gzvm_ioevent *ev, u64 addr, u32 len, u64 data)
{
	return ev->addr == addr && (!ev->len || ev->len == len) &&
	       (ev->wildcard || ev->datamatch == data);
}

static int gzvm_ioeventfd_assign(struct gzvm *vm, struct gzvm_ioevent *new)
{
	struct gzvm_ioevent *ev;

	guard(mutex)(&vm->ioevents_lock);
	list_for_each_entry(ev, &vm->ioevents, list)
		if (gzvm_ioevent_collides(ev, new))
			return -EEXIST;
	list_add_tail_rcu(&new->list, &vm->ioevents);
	return 0;
}

static void gzvm_ioevent_free(struct gzvm_ioevent *ev)
{
	eventfd_ctx_put(ev->ctx);
	kfree(ev);
}

static int gzvm_ioeventfd_deassign(struct gzvm *vm, const struct gzvm_ioevent *like)
{
	struct gzvm_ioevent *ev;

	guard(mutex)(&vm->ioevents_lock);
	list_for_each_entry(ev, &vm->ioevents, list) {
		if (ev->ctx != like->ctx || ev->addr != like->addr || ev->len != like->len ||
		    ev->wildcard != like->wildcard || ev->datamatch != like->datamatch)
			continue;
		list_del_rcu(&ev->list);
		/* No write signals it any more when the caller goes on. */
		synchronize_rcu();
		gzvm_ioevent_free(ev);
		return 0;
	}
	return -ENOENT;
}

/**
 * gzvm_ioeventfd() - GZVM_IOEVENTFD
 * @vm: the VM
 * @args: checked here
 *
 * Context: process.
 * Return: 0; -EINVAL for arguments that cannot be or a file that is no eventfd; -EBADF;
 * -EEXIST if a write could match another ioeventfd, too; -ENOENT when there is none such to
 * remove; -ENOMEM.
 */
int gzvm_ioeventfd(struct gzvm *vm, const struct gzvm_ioeventfd *args)
{
	struct gzvm_ioevent *ev;
	int ret;

	ret = gzvm_ioeventfd_check(args);
	if (ret)
		return ret;

	ev = kzalloc(sizeof(*ev), GFP_KERNEL_ACCOUNT);
	if (!ev)
		return -ENOMEM;
	ev->addr = args->addr;
	ev->len = args->len;
	ev->wildcard = !(args->flags & GZVM_IOEVENTFD_FLAG_DATAMATCH);
	if (!ev->wildcard)
		ev->datamatch = gzvm_ioevent_mask(args->datamatch, args->len);
	ev->ctx = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(ev->ctx)) {
		ret = PTR_ERR(ev->ctx);
		kfree(ev);
		return ret;
	}

	if (args->flags & GZVM_IOEVENTFD_FLAG_DEASSIGN) {
		ret = gzvm_ioeventfd_deassign(vm, ev);
		gzvm_ioevent_free(ev);
		return ret;
	}

	ret = gzvm_ioeventfd_assign(vm, ev);
	if (ret)
		gzvm_ioevent_free(ev);
	return ret;
}

/**
 * gzvm_ioeventfd_write() - a guest's MMIO write
 * @vm: the VM
 * @addr: guest physical address
 * @len: 1 to 8 bytes
 * @value: the bytes written, zero-extended
 *
 * Context: any.
 * Return: true if an eventfd was signalled, so that the VMM need not know.
 */
bool gzvm_ioeventfd_write(struct gzvm *vm, u64 addr, u32 len, u64 value)
{
	struct gzvm_ioevent *ev;

	guard(rcu)();
	list_for_each_entry_rcu(ev, &vm->ioevents, list) {
		if (gzvm_ioevent_matches(ev, addr, len, value)) {
			eventfd_signal(ev->ctx);
			return true;
		}
	}
	return false;
}

/**
 * gzvm_ioeventfd_release() - free all ioeventfds of a VM
 * @vm: the VM; nobody uses it any more
 */
void gzvm_ioeventfd_release(struct gzvm *vm)
{
	struct gzvm_ioevent *ev, *next;

	list_for_each_entry_safe(ev, next, &vm->ioevents, list) {
		list_del(&ev->list);
		gzvm_ioevent_free(ev);
	}
}
