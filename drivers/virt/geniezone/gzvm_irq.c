// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: interrupts from the VMM.
 */

#include <linux/errno.h>
#include <linux/gzvm_drv.h>
#include <linux/nospec.h>
#include <trace/events/geniezone.h>

/**
 * gzvm_irq_decode() - read an interrupt word
 * @word: gzvm_irq_level.irq
 * @vcpu: index of the vCPU
 * @intid: INTID
 *
 * Callers differ in how they count SPIs; the type tells (see the UAPI header).
 *
 * Return: 0 or -EINVAL, with nothing written.
 */
int gzvm_irq_decode(u32 word, u32 *vcpu, u32 *intid)
{
	u32 num = (word >> GZVM_IRQ_NUM_SHIFT) & GZVM_IRQ_NUM_MASK;
	u32 type = (word >> GZVM_IRQ_TYPE_SHIFT) & GZVM_IRQ_TYPE_MASK;
	u32 cpu = (word >> GZVM_IRQ_VCPU_SHIFT) & GZVM_IRQ_VCPU_MASK;
	u32 cpu2 = (word >> GZVM_IRQ_VCPU2_SHIFT) & GZVM_IRQ_VCPU2_MASK;

	cpu += cpu2 * (GZVM_IRQ_VCPU_MASK + 1);
	if (cpu >= GZVM_MAX_VCPUS)
		return -EINVAL;
	cpu = array_index_nospec(cpu, GZVM_MAX_VCPUS);

	switch (type) {
	case GZVM_IRQ_TYPE_CPU:
		num += GZVM_FIRST_SPI;
		break;
	case GZVM_IRQ_TYPE_SPI:
		if (num < GZVM_FIRST_SPI)
			num += GZVM_FIRST_SPI;
		break;
	case GZVM_IRQ_TYPE_PPI:
		if (num < GZVM_FIRST_PPI || num > GZVM_LAST_PPI)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	if (num > GZVM_LAST_SPI)
		return -EINVAL;

	*vcpu = cpu;
	*intid = num;
	return 0;
}

/* After the hypercall, never before it: who wakes must find the interrupt pending. */
static void gzvm_irq_wake(struct gzvm *vm, u32 level, const struct arm_smccc_res *res)
{
	if (gzvm_hyp_has(GZVM_HYP_FEAT_WAKE_MASK))
		gzvm_vm_wake(vm, res->a1);
	else if (level)
		gzvm_vm_wake(vm, ~0ULL);
}

static int gzvm_irq_set(struct gzvm *vm, u32 fn, u32 vcpu, u64 number, u64 level)
{
	struct arm_smccc_res res = {};
	int ret;

	ret = gzvm_hypcall(fn, &res, GZVM_VCPU_TUPLE((u64)vm->vm_id, vcpu), number, level);
	trace_gzvm_irq(vm->vm_id, fn == GZVM_FN_IRQ_LINE ? number + GZVM_FIRST_SPI : number,
		       level & GZVM_IRQ_LEVEL, res.a1, ret);
	if (!ret)
		gzvm_irq_wake(vm, level & GZVM_IRQ_LEVEL, &res);
	return ret;
}

/**
 * gzvm_irq_set_spi() - set the level of an SPI
 * @vm: the VM
 * @vcpu: vCPU that the caller named; SPIs are routed by the guest
 * @spi: the SPI, from 0
 * @level: 0 or 1
 *
 * Context: any; the hypercall is short.
 * Return: 0 or a negative errno.
 */
int gzvm_irq_set_spi(struct gzvm *vm, u32 vcpu, u32 spi, u32 level)
{
	return gzvm_irq_set(vm, GZVM_FN_IRQ_LINE, vcpu, spi, level);
}

/**
 * gzvm_irq_pulse_spi() - an edge of an SPI
 * @vm: the VM
 * @spi: the SPI, from 0
 *
 * A hypervisor with our extensions keeps line levels, so the line goes down again; others only
 * make the interrupt pending.
 *
 * Context: any; the hypercalls are short.
 * Return: 0 or a negative errno.
 */
int gzvm_irq_pulse_spi(struct gzvm *vm, u32 spi)
{
	int ret;

	if (gzvm_hyp_has(GZVM_HYP_FEAT_PULSE))
		return gzvm_irq_set(vm, GZVM_FN_IRQ_LINE_EX, 0, spi + GZVM_FIRST_SPI,
				    GZVM_IRQ_LEVEL | GZVM_IRQ_PULSE);
	ret = gzvm_irq_set_spi(vm, 0, spi, 1);
	if (!ret && gzvm_hyp.own)
		ret = gzvm_irq_set_spi(vm, 0, spi, 0);
	return ret;
}

/**
 * gzvm_irq_set_resampled() - set the level of an SPI whose ends are to be reported
 * @vm: the VM
 * @spi: the SPI, from 0
 * @level: 0 also ends the reports
 *
 * Other hypervisors of this interface report all ends, or none.
 *
 * Context: any; the hypercall is short.
 * Return: 0 or a negative errno.
 */
int gzvm_irq_set_resampled(struct gzvm *vm, u32 spi, u32 level)
{
	if (!gzvm_hyp_has(GZVM_HYP_FEAT_RESAMPLE))
		return gzvm_irq_set_spi(vm, 0, spi, level);
	return gzvm_irq_set(vm, GZVM_FN_IRQ_LINE_EX, 0, spi + GZVM_FIRST_SPI,
			    level ? GZVM_IRQ_LEVEL | GZVM_IRQ_RESAMPLE : GZVM_IRQ_NO_RESAMPLE);
}

static int gzvm_irq_set_ppi(struct gzvm *vm, u32 vcpu, u32 intid, u32 level)
{
	/* IRQ_LINE cannot name a private interrupt. */
	if (!gzvm_hyp_has(GZVM_HYP_FEAT_IRQ_EX))
		return -EOPNOTSUPP;
	/* Pairs with the release in gzvm_vcpu_new(). */
	if (!smp_load_acquire(&vm->vcpus[vcpu]))
		return -EINVAL;

	return gzvm_irq_set(vm, GZVM_FN_IRQ_LINE_EX, vcpu, intid, level);
}

/**
 * gzvm_irq_line() - GZVM_IRQ_LINE
 * @vm: the VM
 * @irq: interrupt and level
 *
 * Context: process.
 * Return: 0; -EINVAL for an interrupt or a level that cannot be; -EOPNOTSUPP for a private
 * interrupt on a hypervisor without IRQ_LINE_EX; what the hypervisor says.
 */
int gzvm_irq_line(struct gzvm *vm, const struct gzvm_irq_level *irq)
{
	u32 vcpu, intid;
	int ret;

	ret = gzvm_irq_decode(irq->irq, &vcpu, &intid);
	if (ret)
		return ret;
	if (irq->level > 1)
		return -EINVAL;

	if (intid < GZVM_FIRST_SPI)
		return gzvm_irq_set_ppi(vm, vcpu, intid, irq->level);
	return gzvm_irq_set_spi(vm, vcpu, intid - GZVM_FIRST_SPI, irq->level);
}
