// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reset of KVM's GICv3. KVM has no call for that: each register gets its value of reset, by the
 * interface that migration uses (Documentation/virt/kvm/devices/arm-vgic-v3.rst of the kernel).
 * Registers and offsets: Arm IHI 0069.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include "hv_kvm_gic.h"
#include "util.h"

#define GICD_CTLR		0x0000
#define GICD_IROUTER(n)		(0x6000 + 8 * (n))
#define GICR_SGI_BASE		0x10000
/* The same in the distributor and behind GICR_SGI_BASE. */
#define GIC_IGROUPR		0x0080
#define GIC_ISENABLER		0x0100
#define GIC_ICENABLER		0x0180
#define GIC_ISPENDR		0x0200
#define GIC_ICACTIVER		0x0380
#define GIC_IPRIORITYR		0x0400
#define GIC_ICFGR		0x0c00

#define ICC(op1, crn, crm, op2)	(3 << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define ICC_PMR			ICC(0, 4, 6, 0)
#define ICC_BPR0		ICC(0, 12, 8, 3)
#define ICC_AP0R(n)		ICC(0, 12, 8, 4 + (n))
#define ICC_AP1R(n)		ICC(0, 12, 9, n)
#define ICC_BPR1		ICC(0, 12, 12, 3)
#define ICC_CTLR		ICC(0, 12, 12, 4)
#define ICC_IGRPEN0		ICC(0, 12, 12, 6)
#define ICC_IGRPEN1		ICC(0, 12, 12, 7)
#define ICC_CTLR_CBPR		(UINT64_C(1) << 0)
#define ICC_CTLR_EOIMODE	(UINT64_C(1) << 1)

static int gic_attr(struct hv *hv, unsigned long call, uint32_t group, unsigned int cpu,
		    uint32_t attr, void *value)
{
	struct kvm_device_attr arg = {
		.group = group, .attr = (uint64_t)cpu << 32 | attr, .addr = (uintptr_t)value,
	};

	return ioctl(hv->gic_fd, call, &arg) ? -errno : 0;
}

static int gic_set_frame(struct hv *hv, uint32_t group, unsigned int cpu, uint32_t offset,
			 uint32_t value)
{
	return gic_attr(hv, KVM_SET_DEVICE_ATTR, group, cpu, offset, &value);
}

static int gic_set_icc(struct hv *hv, unsigned int cpu, uint32_t reg, uint64_t value)
{
	return gic_attr(hv, KVM_SET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, cpu, reg,
			&value);
}

/* 32 interrupts as KVM starts them. */
static int gic_reset_bank(struct hv *hv, uint32_t group, unsigned int cpu, uint32_t base,
			  unsigned int bank)
{
	uint32_t bits = base + 4 * bank;
	int err = gic_set_frame(hv, group, cpu, bits + GIC_ICENABLER, UINT32_MAX);

	/* From outside ISPENDR is the pending state itself. */
	err = err ? err : gic_set_frame(hv, group, cpu, bits + GIC_ISPENDR, 0);
	err = err ? err : gic_set_frame(hv, group, cpu, bits + GIC_ICACTIVER, UINT32_MAX);
	err = err ? err : gic_set_frame(hv, group, cpu, bits + GIC_IGROUPR, UINT32_MAX);
	for (unsigned int i = 0; i < 8 && !err; i++)
		err = gic_set_frame(hv, group, cpu, base + GIC_IPRIORITYR + 32 * bank + 4 * i, 0);
	/* PPIs are level-sensitive, all others edge-triggered. */
	for (unsigned int i = 0; i < 2 && !err; i++)
		err = gic_set_frame(hv, group, cpu, base + GIC_ICFGR + 8 * bank + 4 * i,
				    bank || !i ? 0xaaaaaaaa : 0);
	return err;
}

/**
 * kvm_gic_reset_dist() - reset the distributor
 * @hv: the VM; no vCPU runs
 *
 * Return: 0, or a negative errno.
 */
int kvm_gic_reset_dist(struct hv *hv)
{
	const uint32_t group = KVM_DEV_ARM_VGIC_GRP_DIST_REGS;
	int err = gic_set_frame(hv, group, 0, GICD_CTLR, 0);

	for (unsigned int bank = 1; bank < KVM_GIC_IRQS / 32 && !err; bank++)
		err = gic_reset_bank(hv, group, 0, 0, bank);
	for (unsigned int n = 32; n < KVM_GIC_IRQS && !err; n++) {
		err = gic_set_frame(hv, group, 0, GICD_IROUTER(n), 0);
		err = err ? err : gic_set_frame(hv, group, 0, GICD_IROUTER(n) + 4, 0);
	}
	return err;
}

/**
 * kvm_gic_reset_cpu() - reset a vCPU's redistributor and CPU interface
 * @hv: the VM; no vCPU runs
 * @index: number of the vCPU, affinity 0
 *
 * Return: 0, or a negative errno.
 */
int kvm_gic_reset_cpu(struct hv *hv, unsigned int index)
{
	static const uint32_t zero[] = {
		ICC_PMR, ICC_BPR0, ICC_BPR1, ICC_IGRPEN0, ICC_IGRPEN1, ICC_AP0R(0), ICC_AP1R(0),
	};
	uint64_t ctlr;
	const uint32_t group = KVM_DEV_ARM_VGIC_GRP_REDIST_REGS;
	int err = gic_reset_bank(hv, group, index, GICR_SGI_BASE, 0);

	/* KVM starts SGIs enabled. */
	err = err ? err : gic_set_frame(hv, group, index, GICR_SGI_BASE + GIC_ISENABLER, 0xffff);

	err = err ? err : gic_attr(hv, KVM_GET_DEVICE_ATTR, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS,
				   index, ICC_CTLR, &ctlr);
	/* Before BPR1, of which CBPR makes a copy of BPR0. */
	err = err ? err : gic_set_icc(hv, index, ICC_CTLR,
				      ctlr & ~(ICC_CTLR_CBPR | ICC_CTLR_EOIMODE));
	for (unsigned int i = 0; i < ARRAY_SIZE(zero) && !err; i++)
		err = gic_set_icc(hv, index, zero[i], 0);
	/* Those that the number of priority bits does not need are not there. */
	for (unsigned int n = 1; n < 4 && !err; n++) {
		if (gic_set_icc(hv, index, ICC_AP0R(n), 0))
			break;
		err = gic_set_icc(hv, index, ICC_AP1R(n), 0);
	}
	return err;
}
