// SPDX-License-Identifier: GPL-2.0-only
/*
 * Distributor (IHI 0069 12.8, 12.9). Everything that is not here or in bank.c is
 * RAZ/WI: GICD_STATUSR (optional), GICD_TYPER2 and the extended SPI ranges (no
 * FEAT_GICv3p1 features), GICD_SETSPI_* and CLRSPI_* (MBIS = 0), GICD_SGIR (ARE).
 */
#include "vgic_priv.h"

/*
 * Groups that are switched off have to leave the list registers of running vCPUs, and RWP
 * reads 1 until they have (IHI 0069, GICD_CTLR.EnableGrp0, EnableGrp1 and RWP).
 */
static void ctlr_write(struct vgic *g, struct vgic_bus *bus)
{
	u32 ctlr = bus->val & (GICD_CTLR_EnableGrp0 | GICD_CTLR_EnableGrp1);
	u32 off = g->ctlr & ~ctlr, on = ctlr & ~g->ctlr;

	g->ctlr = ctlr;
	for (unsigned int i = 0; i < g->nr_cpus; i++) {
		struct vgic_cpu *c = g->cpu[i];

		if (c && off && c->hw.used_lrs) {
			g->rwp |= BIT(i);
			bus->wake |= BIT(i);
		}
		/* Without one group the most urgent is the other's, which may preempt. */
		if (c && (on | off)) {
			vgic_leave_1ofn(c, &bus->wake);
			vgic_notify_all(c, &bus->wake);
		}
	}
}

static u64 typer(void)
{
	/*
	 * 32 * (31 + 1) INTIDs, of which 1020 to 1023 are special; 10 bits of INTID.
	 * Zero: one security state, no LPIs, no message-based SPIs, no extended SPIs,
	 * no range selector, Aff3 is 0; CPUNumber, since ARE is fixed; No1N, so 1-of-N
	 * is there (IHI 0069, GICD_TYPER).
	 */
	return FIELD_PREP(GICD_TYPER_ITLinesNumber, 31) | FIELD_PREP(GICD_TYPER_IDbits, 9);
}

/*
 * GICD_IROUTER<n>: 64 bits, or either half by 32. Aff3 is RES0 (GICD_TYPER.A3V), so the
 * upper half is. An SPI that is active stays where it is until it is deactivated (IHI 0069,
 * GICD_IROUTER<n>).
 */
static void access_router(struct vgic *g, struct vgic_bus *bus)
{
	unsigned int intid = (bus->offset - GICD_IROUTER) / 8;
	struct vgic_irq *irq = &g->spi[intid - VGIC_NR_PRIVATE];
	u64 route;

	if ((bus->size != 8 && bus->size != 4) || bus->offset % 8)
		return;
	if (!bus->write) {
		bus->val = irq->route;
		return;
	}
	route = bus->val & (GICD_IROUTER_Aff | GICD_IROUTER_Interrupt_Routing_Mode);
	if (route == irq->route)
		return;
	if ((route ^ irq->route) & GICD_IROUTER_Interrupt_Routing_Mode)
		g->nr_1ofn += (route & GICD_IROUTER_Interrupt_Routing_Mode) ? 1 : -1;
	irq->route = route;
	vgic_update(g, irq, &bus->wake);
}

/**
 * vgic_dist_read() - a word of the distributor that can be read without the lock
 * @g: the VM's vGIC
 * @offset: in the frame, 4 bytes aligned
 * @val: result
 *
 * Return: false: it is not such a register.
 */
bool vgic_dist_read(const struct vgic *g, u32 offset, u64 *val)
{
	/* Affinity routing: private interrupts are RES0 here (IHI 0069, GICD_IGROUPR<n>). */
	if (vgic_word_read(g->word, 1, ARRAY_SIZE(g->word), offset, val))
		return true;
	switch (offset) {
	case GICD_CTLR:
		*val = READ_ONCE(g->ctlr) | GICD_CTLR_ARE | GICD_CTLR_DS |
		       (READ_ONCE(g->rwp) ? GICD_CTLR_RWP : 0);
		return true;
	case GICD_TYPER:
		*val = typer();
		return true;
	case GICD_IIDR:
		*val = VGIC_IIDR;
		return true;
	case GICD_PIDR2:
		*val = VGIC_PIDR2;
		return true;
	}
	return false;
}

/**
 * vgic_dist_access() - a register of the distributor that vgic_dist_read() leaves, or a write
 * @g: the VM's vGIC
 * @bus: the access
 *
 * Context: vgic->lock held.
 */
void vgic_dist_access(struct vgic *g, struct vgic_bus *bus)
{
	u32 offset = bus->offset;

	if (offset >= GICD_IROUTER + 8 * VGIC_NR_PRIVATE && offset < GICD_IROUTER_END) {
		access_router(g, bus);
		return;
	}
	if (offset >= GICD_IGROUPR && offset < GICD_IROUTER) {
		vgic_bank_access(g, NULL, bus);
		return;
	}
	if (bus->size == 4 && offset == GICD_CTLR && bus->write)
		ctlr_write(g, bus);
}
