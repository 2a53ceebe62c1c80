/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reset of KVM's GICv3.
 */
#ifndef VMM_HV_KVM_GIC_H
#define VMM_HV_KVM_GIC_H

#include "hv.h"

/* Interrupts of the VM, private ones included: enough for the machine's highest SPI. */
#define KVM_GIC_IRQS		128

int kvm_gic_reset_dist(struct hv *hv);
int kvm_gic_reset_cpu(struct hv *hv, unsigned int index);

#endif /* VMM_HV_KVM_GIC_H */
