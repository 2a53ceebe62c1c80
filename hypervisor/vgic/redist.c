// SPDX-License-Identifier: GPL-2.0-only
/*
 * Redistributors (IHI 0069 12.10, 12.11): RD_base and SGI_base. Everything that is
 * not here or in bank.c is RAZ/WI: GICR_STATUSR (optional), GICR_PROPBASER and all
 * else of LPIs (PLPIS = 0), GICR_MPAMIDR and PARTIDR, GICR_NSACR (DS = 1).
 */
#include "vgic_priv.h"

static u64 typer(const struct vgic_cpu *c)
{
	/*
	 * No LPIs, no DPG bits, PPIs 16 to 31 (PPInum 0). Aff3 to Aff1 are 0 (IHI 0069,
	 * GICR_TYPER).
	 */
	u64 val = FIELD_PREP(GICR_TYPER_Affinity_Value, c->index) |
		  FIELD_PREP(GICR_TYPER_Processor_Number, c->index);

	/* The last one as of now; vCPUs that come later are behind it. */
	if (c->index + 1 == c->vgic->nr_cpus)
		val |= GICR_TYPER_Last;
	return val;
}

/*
 * GICR_WAKER: while ProcessorSleep is 1 nothing is forwarded to the CPU interface.
 * ChildrenAsleep follows when that is true of the list registers as well (IHI 0069,
 * GICR_WAKER).
 */
static void waker(struct vgic_cpu *c, struct vgic_bus *bus)
{
	bool sleep = bus->val & GICR_WAKER_ProcessorSleep;

	if (!bus->write) {
		if (c->asleep)
			bus->val = GICR_WAKER_ProcessorSleep |
				   (c->hw.used_lrs ? 0 : GICR_WAKER_ChildrenAsleep);
		return;
	}
	if (sleep == c->asleep)
		return;
	c->asleep = sleep;
	/* Inside the guest: what its CPU interface has enabled since its last exit is not known. */
	if (c->loaded)
		bus->wake |= BIT(c->index);
	if (sleep)
		vgic_leave_1ofn(c, &bus->wake);
	else
		vgic_take_parked(c, &bus->wake);
	/* Asleep, what stays is a wake request (IHI 0069, GICR_WAKER: WakeRequest). */
	vgic_notify_all(c, &bus->wake);
}

/**
 * vgic_redist_access() - a register of RD_base
 * @c: vCPU whose redistributor it is
 * @bus: the access
 *
 * Context: vgic->lock held.
 */
void vgic_redist_access(struct vgic_cpu *c, struct vgic_bus *bus)
{
	/* 64 bits, or either half by 32. */
	if ((bus->offset & ~4U) == GICR_TYPER && (bus->size == 8 || bus->size == 4)) {
		bus->val = typer(c) >> (bus->offset == GICR_TYPER ? 0 : 32);
		if (bus->size == 4)
			bus->val &= GENMASK(31, 0);
		return;
	}
	if (bus->size != 4)
		return;
	switch (bus->offset) {
	case GICR_CTLR:
		if (!bus->write)
			bus->val = c->rwp ? GICR_CTLR_RWP : 0;
		break;
	case GICR_IIDR:
		bus->val = VGIC_IIDR;
		break;
	case GICR_WAKER:
		waker(c, bus);
		break;
	case GICR_PIDR2:
		bus->val = VGIC_PIDR2;
		break;
	}
}

/**
 * vgic_sgi_frame_access() - a register of SGI_base
 * @c: vCPU whose redistributor it is
 * @bus: the access
 *
 * Context: vgic->lock held.
 */
void vgic_sgi_frame_access(struct vgic_cpu *c, struct vgic_bus *bus)
{
	/* Another vCPU's: vgic_read() leaves it to the lock. */
	if (bus->write || bus->size != 4 ||
	    !vgic_word_read(&c->word, 0, 1, bus->offset, &bus->val))
		vgic_bank_access(c->vgic, c, bus);
}
