// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: level-triggered interrupts of irqfds (RESAMPLE).
 *
 * The signal of such an irqfd raises the line, and it stays high. When the guest ends the
 * interrupt while the line is high, the hypervisor leaves the guest and shows that in
 * hwstate.lr[]: a list register with the EOI bit and no state, once. The driver lowers the
 * line, then tells the device by its resamplefd, which looks whether it still wants the
 * interrupt, and signals the irqfd again if so. Several devices can share a line: all are
 * told, and each that still wants it raises the line again.
 *
 * Devices that raise the line between its end and the lowering lose nothing, since they are
 * told after it.
 */

#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/gzvm_drv.h>
#include <linux/minmax.h>
#include <linux/slab.h>

/* ICH_LR<n>_EL2 (IHI 0069, 12.4). */
#define GZVM_LR_INTID		GENMASK_ULL(31, 0)
#define GZVM_LR_EOI		BIT_ULL(41)
#define GZVM_LR_HW		BIT_ULL(61)
#define GZVM_LR_STATE		GENMASK_ULL(63, 62)

/* Under resample_lock. */
static struct gzvm_resampler *gzvm_resample_find(struct gzvm *vm, u32 spi)
{
	struct gzvm_resampler *r;

	list_for_each_entry(r, &vm->resamplers, list)
		if (r->spi == spi)
			return r;
	return NULL;
}

static int gzvm_resample_join(struct gzvm *vm, u32 spi, struct gzvm_resample_user *user)
{
	struct gzvm_resampler *r;

	guard(rwsem_write)(&vm->resample_lock);
	r = gzvm_resample_find(vm, spi);
	if (!r) {
		r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
		if (!r)
			return -ENOMEM;
		r->spi = spi;
		INIT_LIST_HEAD(&r->users);
		list_add(&r->list, &vm->resamplers);
	}
	user->resampler = r;
	list_add_tail(&user->list, &r->users);
	return 0;
}

/**
 * gzvm_resample_add() - tell an eventfd of the ends of an SPI
 * @vm: the VM
 * @spi: the SPI, from 0
 * @fd: descriptor of the eventfd
 *
 * Context: process.
 * Return: what gzvm_resample_remove() undoes; ERR_PTR of -EBADF, -EINVAL (no eventfd), -ENOMEM.
 */
struct gzvm_resample_user *gzvm_resample_add(struct gzvm *vm, u32 spi, int fd)
{
	struct gzvm_resample_user *user;
	struct eventfd_ctx *ctx;

	ctx = eventfd_ctx_fdget(fd);
	if (IS_ERR(ctx))
		return ERR_CAST(ctx);
	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (!user)
		goto err_ctx;
	/* Complete before others find it. */
	user->ctx = ctx;
	if (gzvm_resample_join(vm, spi, user))
		goto err_user;
	return user;

err_user:
	kfree(user);
err_ctx:
	eventfd_ctx_put(ctx);
	return ERR_PTR(-ENOMEM);
}

/**
 * gzvm_resample_remove() - undo gzvm_resample_add()
 * @vm: the VM
 * @user: its result
 *
 * The line goes down with its last user.
 *
 * Context: process.
 */
void gzvm_resample_remove(struct gzvm *vm, struct gzvm_resample_user *user)
{
	struct gzvm_resampler *r = user->resampler;

	guard(rwsem_write)(&vm->resample_lock);
	list_del(&user->list);
	eventfd_ctx_put(user->ctx);
	kfree(user);
	if (list_empty(&r->users)) {
		list_del(&r->list);
		gzvm_irq_set_resampled(vm, r->spi, 0);
		kfree(r);
	}
}

static void gzvm_resample_ended(struct gzvm *vm, u32 spi)
{
	struct gzvm_resample_user *user;
	struct gzvm_resampler *r;

	guard(rwsem_read)(&vm->resample_lock);
	r = gzvm_resample_find(vm, spi);
	if (!r)
		return;
	/* In this order, see above. There is no one to tell of an error. */
	gzvm_irq_set_spi(vm, 0, spi, 0);
	list_for_each_entry(user, &r->users, list)
		eventfd_signal(user->ctx);
}

/**
 * gzvm_resample_scan() - look for ends of interrupt after an exit
 * @vcpu: the vCPU, locked
 *
 * Context: process.
 */
void gzvm_resample_scan(struct gzvm_vcpu *vcpu)
{
	struct gzvm_vcpu_hwstate *hw = vcpu->hwstate;
	unsigned int i, nr = min(le32_to_cpu(hw->nr_lrs), GZVM_MAX_LRS);

	for (i = 0; i < nr; i++) {
		u64 lr = le64_to_cpu(hw->lr[i]);
		u32 intid = FIELD_GET(GZVM_LR_INTID, lr);

		if (!(lr & GZVM_LR_EOI) || lr & (GZVM_LR_STATE | GZVM_LR_HW))
			continue;
		if (intid >= GZVM_FIRST_SPI && intid <= GZVM_LAST_SPI)
			gzvm_resample_ended(vcpu->vm, intid - GZVM_FIRST_SPI);
	}
	/* Each is told once, even if the hypervisor leaves the page as it is at the next exit. */
	hw->nr_lrs = 0;
}
