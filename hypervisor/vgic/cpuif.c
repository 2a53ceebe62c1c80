// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual CPU interface, as far as software has to know it: what would be
 * signalled (for a vCPU that is not in the guest), and the registers that trap
 * where ICC_DIR_EL1 cannot be trapped alone.
 */
#include <hyp/string.h>

#include "vgic_priv.h"

/**
 * vgic_cpuif_reset() - ICH_VMCR_EL2 and the active priorities as after reset
 * @c: the vCPU's part of the vGIC
 *
 * The binary points reset to their least values, and BPR1's is one more than BPR0's
 * (IHI 0069, ICC_BPR0_EL1, ICC_BPR1_EL1; ICH_VMCR_EL2.VBPR0, VBPR1).
 *
 * Context: vgic->lock held.
 */
void vgic_cpuif_reset(struct vgic_cpu *c)
{
	u64 min_bpr0 = 7 - vgic_machine.pre_bits;

	WRITE_ONCE(c->hw.vmcr, ICH_VMCR_VFIQEn | FIELD_PREP(ICH_VMCR_VBPR0, min_bpr0) |
				       FIELD_PREP(ICH_VMCR_VBPR1, min_bpr0 + 1));
	memset(c->hw.ap0r, 0, sizeof(c->hw.ap0r));
	memset(c->hw.ap1r, 0, sizeof(c->hw.ap1r));
	c->hw.hcr = ICH_HCR_En;
}

/* The highest of the active priorities, 0xff if there is none (IHI 0069, ICV_RPR_EL1). */
static u32 running_priority(const struct vgic_cpu *c)
{
	/* One bit a preemption level: 32, 64 or 128 (IHI 0069, ICH_AP0R<n>_EL2). */
	for (unsigned int i = 0; i < ARRAY_SIZE(c->hw.ap0r); i++) {
		u32 ap = c->hw.ap0r[i] | c->hw.ap1r[i];

		if (ap)
			return (32 * i + __builtin_ctz(ap)) << (8 - vgic_machine.pre_bits);
	}
	return 0xff;
}

/**
 * vgic_cpuif_group_priority() - what of a priority decides about preemption
 * @c: the vCPU's part of the vGIC
 * @priority: of an interrupt
 * @group1: whether it is of group 1
 *
 * By the binary point (IHI 0069 4.8.2, table of priority grouping): BPR0 for group 0,
 * and for group 1 as well if CBPR is set; else BPR1, which counts from one bit
 * further up.
 *
 * Context: vgic->lock held, the vCPU is not in the guest.
 * Return: the group priority.
 */
u32 vgic_cpuif_group_priority(const struct vgic_cpu *c, u8 priority, bool group1)
{
	u64 vmcr = c->hw.vmcr;
	unsigned int shift;

	if (group1 && !(vmcr & ICH_VMCR_VCBPR))
		shift = FIELD_GET(ICH_VMCR_VBPR1, vmcr);
	else
		shift = FIELD_GET(ICH_VMCR_VBPR0, vmcr) + 1;
	return (u32)priority & (0xff << shift);
}

/**
 * vgic_cpuif_takes() - would the CPU interface signal such an interrupt now?
 * @c: the vCPU's part of the vGIC
 * @priority: of an interrupt
 * @group1: whether it is of group 1
 *
 * IHI 0069 4.8: its group is enabled, PMR does not mask it (4.8.5), and its group
 * priority is above the running priority (4.8.4).
 *
 * Context: vgic->lock held, the vCPU is not in the guest.
 * Return: true if so.
 */
bool vgic_cpuif_takes(const struct vgic_cpu *c, u8 priority, bool group1)
{
	if (!vgic_cpu_group_on(c, group1))
		return false;
	if (priority >= FIELD_GET(ICH_VMCR_VPMR, c->hw.vmcr))
		return false;
	return vgic_cpuif_group_priority(c, priority, group1) < running_priority(c);
}

/* Sizes and features are the physical CPU interface's, by ICH_VTR_EL2 (IHI 0069, ICV_CTLR_EL1). */
static u64 ctlr_read(const struct vgic_cpu *c)
{
	u64 vtr = vgic_machine.vtr;
	u64 val = FIELD_PREP(ICC_CTLR_PRIbits, FIELD_GET(ICH_VTR_PRIbits, vtr)) |
		  FIELD_PREP(ICC_CTLR_IDbits, FIELD_GET(ICH_VTR_IDbits, vtr));

	if (vtr & ICH_VTR_SEIS)
		val |= ICC_CTLR_SEIS;
	if (vtr & ICH_VTR_A3V)
		val |= ICC_CTLR_A3V;
	if (c->hw.vmcr & ICH_VMCR_VCBPR)
		val |= ICC_CTLR_CBPR;
	if (c->hw.vmcr & ICH_VMCR_VEOIM)
		val |= ICC_CTLR_EOImode;
	return val;
}

static void ctlr_write(struct vgic_cpu *c, u64 val)
{
	u64 vmcr = c->hw.vmcr & ~(ICH_VMCR_VCBPR | ICH_VMCR_VEOIM);

	if (val & ICC_CTLR_CBPR)
		vmcr |= ICH_VMCR_VCBPR;
	if (val & ICC_CTLR_EOImode)
		vmcr |= ICH_VMCR_VEOIM;
	WRITE_ONCE(c->hw.vmcr, vmcr);
}

/*
 * IHI 0069, ICV_PMR_EL1 (bits that are not implemented are RAZ/WI), ICV_CTLR_EL1, ICV_RPR_EL1
 * (read-only), ICV_DIR_EL1 (write-only).
 */
bool vgic_icc_access(struct vgic_cpu *c, enum vgic_icc reg, bool write, u64 *val, u32 *wake)
{
	switch (reg) {
	case VGIC_ICC_PMR:
		if (write)
			WRITE_ONCE(c->hw.vmcr,
				   (c->hw.vmcr & ~ICH_VMCR_VPMR) |
					   FIELD_PREP(ICH_VMCR_VPMR, *val & vgic_machine.pri_mask));
		else
			*val = FIELD_GET(ICH_VMCR_VPMR, c->hw.vmcr);
		return true;
	case VGIC_ICC_CTLR:
		if (write)
			ctlr_write(c, *val);
		else
			*val = ctlr_read(c);
		return true;
	case VGIC_ICC_RPR:
		if (!write)
			*val = running_priority(c);
		return !write;
	case VGIC_ICC_DIR:
		if (write)
			vgic_deactivate(c, *val, wake);
		return write;
	}
	return false;
}
