// SPDX-License-Identifier: GPL-2.0-only
/*
 * Software generated interrupts (IHI 0069 4.4).
 */
#include "vgic_priv.h"

static void send(struct vgic_cpu *c, unsigned int intid, bool group1, u32 *wake)
{
	struct vgic_irq *irq = &c->priv[intid];

	/*
	 * With GICD_CTLR.DS = 1 ICC_SGI1R_EL1 reaches interrupts of either group, the other
	 * two registers only those of group 0 (IHI 0069, ICC_SGI0R_EL1, ICC_SGI1R_EL1 and
	 * ICC_ASGI1R_EL1; GICR_IGROUPR0).
	 */
	if (irq->group1 && !group1)
		return;
	if (irq->latch)
		return;
	irq->latch = true;
	vgic_update(c->vgic, irq, wake);
}

void vgic_sgi(struct vgic_cpu *cpu, u64 sgir, bool group1, u32 *wake)
{
	struct vgic *g = cpu->vgic;
	unsigned int intid = FIELD_GET(ICC_SGIR_INTID, sgir);
	u32 targets = FIELD_GET(ICC_SGIR_TargetList, sgir);
	u32 woken = 0;

	if (sgir & ICC_SGIR_IRM)
		targets = ~BIT(cpu->index); /* IRM: all PEs but the one that writes */
	else if (sgir & (ICC_SGIR_Aff3 | ICC_SGIR_Aff2 | ICC_SGIR_Aff1 | ICC_SGIR_RS))
		return; /* nobody there: Aff3 to Aff1 are 0, Aff0 is below 16 */
	targets &= GENMASK(VGIC_MAX_CPUS - 1, 0);

	spin_lock(&g->lock);
	for (; targets; targets &= targets - 1) {
		struct vgic_cpu *c = g->cpu[__builtin_ctz(targets)];

		if (c)
			send(c, intid, group1, &woken);
	}
	spin_unlock(&g->lock);
	*wake |= woken & ~BIT(cpu->index);
}
