// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers that hold one bit, two bits or a byte for each INTID. The distributor's
 * frame and the SGI frame of a redistributor have them at the same offsets (IHI 0069
 * 12.8, 12.10): here for SPIs, there for SGIs and PPIs. With affinity routing the
 * distributor's for INTIDs 0 to 31 are RES0.
 *
 * Also RES0: the bits of INTIDs that do not exist; GICx_IGRPMODR and NSACR, because
 * GICD_CTLR.DS is 1; GICD_ITARGETSR, CPENDSGIR and SPENDSGIR, because ARE is 1.
 */
#include "vgic_priv.h"

/* INTIDs that one register covers, as far as they exist: first and number. */
struct span {
	struct vgic *g;
	struct vgic_cpu *c; /* redistributor, or NULL: distributor */
	struct vgic_irq *irq;
	unsigned int nr;
	struct vgic_word *word; /* of the first */
};

static struct span span_at(struct vgic *g, struct vgic_cpu *c, unsigned int first, unsigned int nr)
{
	unsigned int start = c ? 0 : VGIC_NR_PRIVATE;
	unsigned int end = c ? VGIC_NR_PRIVATE : VGIC_NR_IRQS;
	struct span s = { .g = g, .c = c };

	if (first < start || first >= end)
		return s;
	s.irq = c ? &c->priv[first] : &g->spi[first - VGIC_NR_PRIVATE];
	s.nr = MIN(nr, end - first);
	s.word = vgic_word(g, c, first);
	return s;
}

/*
 * Pending and active state of an interrupt in a list register of a vCPU inside the
 * guest are known as of its last exit. For an answer of now the vCPUs concerned are
 * brought out, and the access is made again when each has come by: a guest that
 * waits for an interrupt handler to end (by GICD_ISACTIVER) depends on it.
 */
static bool stale(const struct span *s, u32 bits, struct vgic_bus *bus)
{
	struct vgic_cpu *self = bus->self;

	for (bits &= s->word->live; bits; bits &= bits - 1) {
		const struct vgic_irq *irq = &s->irq[__builtin_ctz(bits)];
		unsigned int n = irq->lr_cpu;

		if (!irq->in_lr)
			continue;
		if (!(self->awaited & BIT(n))) {
			self->awaited |= BIT(n);
			self->awaited_syncs[n] = s->g->cpu[n]->syncs;
		}
		if (self->awaited_syncs[n] == s->g->cpu[n]->syncs) {
			bus->wake |= BIT(n);
			self->again = true;
		}
	}
	return self->again;
}

/*
 * GICx_ICENABLER: RWP reads 1 until no CPU may signal the interrupt any more (IHI 0069,
 * GICD_ICENABLER<n>, GICR_ICENABLER0, GICD_CTLR.RWP, GICR_CTLR.RWP).
 */
static void disable(const struct span *s, struct vgic_irq *irq, struct vgic_bus *bus)
{
	irq->enabled = false;
	s->word->enabled &= ~BIT(irq->intid % 32);
	if (irq->in_lr && s->c)
		s->c->rwp = true;
	else if (irq->in_lr)
		s->g->rwp |= BIT(irq->lr_cpu);
	vgic_update(s->g, irq, &bus->wake);
}

/* A 1 to GICx_ISACTIVER: active as if it had been acknowledged (IHI 0069, GICD_ISACTIVER<n>). */
static void set_active(const struct span *s, struct vgic_irq *irq, struct vgic_bus *bus)
{
	struct vgic_cpu *owner = s->c;

	if (irq->in_lr) {
		irq->set_active = !irq->active;
		irq->drop_active = false;
		vgic_update(s->g, irq, &bus->wake);
		return;
	}
	if (irq->active)
		return;
	/*
	 * It needs a vCPU in whose list registers it can be deactivated: the one that
	 * it is routed to, else the one that wrote.
	 */
	if (!owner && irq->route < VGIC_MAX_CPUS)
		owner = s->g->cpu[irq->route];
	if (!owner)
		owner = bus->self;
	vgic_irq_activate(s->g, irq, owner, false);
	if (owner->loaded)
		bus->wake |= BIT(owner->index);
}

/* A 1 to GICx_ICACTIVER: deactivated, whatever EOImode says (IHI 0069, GICD_ICACTIVER<n>). */
static void clear_active(const struct span *s, struct vgic_irq *irq, struct vgic_bus *bus)
{
	if (irq->in_lr) {
		irq->set_active = false;
		irq->drop_active = irq->active;
		vgic_update(s->g, irq, &bus->wake);
	} else if (irq->active) {
		bool in_guest = s->g->cpu[irq->q_cpu] && s->g->cpu[irq->q_cpu]->loaded;

		/* Its vCPU traps or counts deactivations because of it. */
		if (in_guest)
			bus->wake |= BIT(irq->q_cpu);
		vgic_irq_deactivate(s->g, irq, bus->self, &bus->wake);
	}
}

/* GICx_IGROUPR, with DS = 1: 0 is group 0, 1 is group 1 (IHI 0069, GICD_IGROUPR<n>). */
static void write_groups(const struct span *s, struct vgic_bus *bus)
{
	u32 changed = (bus->val ^ s->word->group1) & (BIT(s->nr) - 1);

	s->word->group1 ^= changed;
	for (; changed; changed &= changed - 1) {
		struct vgic_irq *irq = &s->irq[__builtin_ctz(changed)];

		irq->group1 = !irq->group1;
		vgic_update(s->g, irq, &bus->wake);
	}
}

static bool is_active(const struct vgic_irq *irq)
{
	return (irq->active && !irq->drop_active) || irq->set_active;
}

/* The set and the clear register of a state read alike (IHI 0069, descriptions of both). */
static u32 read_bits(const struct span *s, unsigned int reg)
{
	u32 val = 0;

	for (u32 live = s->word->live; live; live &= live - 1) {
		const struct vgic_irq *irq = &s->irq[__builtin_ctz(live)];

		if (reg < GICD_ISACTIVER ? vgic_irq_pending(irq) : is_active(irq))
			val |= live & -live;
	}
	return val;
}

/*
 * A 1 was written; a 0 has no effect in any of these (IHI 0069, descriptions of
 * GICD_ISENABLER<n> to GICD_ICACTIVER<n>).
 */
static void write_bit(const struct span *s, struct vgic_irq *irq, unsigned int reg,
		      struct vgic_bus *bus)
{
	switch (reg) {
	case GICD_ISENABLER:
		if (!irq->enabled) {
			irq->enabled = true;
			s->word->enabled |= BIT(irq->intid % 32);
			vgic_update(s->g, irq, &bus->wake);
		}
		break;
	case GICD_ICENABLER:
		if (irq->enabled)
			disable(s, irq, bus);
		break;
	case GICD_ISPENDR:
		if (!irq->latch) {
			irq->latch = true;
			vgic_update(s->g, irq, &bus->wake);
		}
		break;
	case GICD_ICPENDR:
		/*
		 * A level that is asserted stays pending: what is cleared is what
		 * GICx_ISPENDR has set, or an edge (IHI 0069, GICD_ICPENDR<n>).
		 */
		if (irq->latch || irq->lr_latch) {
			irq->latch = false;
			irq->lr_latch = false;
			vgic_update(s->g, irq, &bus->wake);
		}
		break;
	case GICD_ISACTIVER:
		set_active(s, irq, bus);
		break;
	case GICD_ICACTIVER:
		clear_active(s, irq, bus);
		break;
	}
}

static void access_bits(struct vgic *g, struct vgic_cpu *c, struct vgic_bus *bus)
{
	unsigned int reg = bus->offset & ~0x7fU, first = (bus->offset & 0x7f) * 8;
	struct span s;

	s = span_at(g, c, first, 32);
	if (!s.nr)
		return;
	if (reg >= GICD_ISPENDR && g->nr_in_lrs && stale(&s, bus->write ? bus->val : ~0U, bus))
		return;
	if (!bus->write) {
		bus->val = read_bits(&s, reg);
	} else if (reg == GICD_IGROUPR) {
		write_groups(&s, bus);
	} else {
		for (u32 bits = bus->val & (BIT(s.nr) - 1); bits; bits &= bits - 1)
			write_bit(&s, &s.irq[__builtin_ctz(bits)], reg, bus);
	}
}

/* GICx_IPRIORITYR: by bytes and words; bits that are not implemented are RAZ/WI (4.8). */
static void access_priority(struct vgic *g, struct vgic_cpu *c, struct vgic_bus *bus)
{
	struct span s = span_at(g, c, bus->offset - GICD_IPRIORITYR, bus->size);
	u64 val = 0;

	for (unsigned int i = 0; i < s.nr; i++) {
		u8 priority = (bus->val >> (8 * i)) & vgic_machine.pri_mask;

		if (!bus->write) {
			val |= (u64)s.irq[i].priority << (8 * i);
		} else if (s.irq[i].priority != priority) {
			s.irq[i].priority = priority;
			vgic_update(g, &s.irq[i], &bus->wake);
		}
	}
	if (!bus->write)
		bus->val = val;
}

/*
 * GICx_ICFGR: the upper bit of two says edge, the lower one is RES0. SGIs are fixed
 * edge-triggered; PPIs are programmable, but those that stand for a physical one
 * (IHI 0069, GICD_ICFGR<n>, GICR_ICFGR0, GICR_ICFGR1).
 */
static void access_config(struct vgic *g, struct vgic_cpu *c, struct vgic_bus *bus)
{
	struct span s = span_at(g, c, (bus->offset - GICD_ICFGR) * 4, 16);
	u32 val = 0;

	for (unsigned int i = 0; i < s.nr; i++) {
		struct vgic_irq *irq = &s.irq[i];
		bool edge = bus->val & BIT(2 * i + 1);

		if (!bus->write) {
			val |= (u32)irq->edge << (2 * i + 1);
		} else if (irq->intid >= VGIC_NR_SGIS && !irq->hw && irq->edge != edge) {
			irq->edge = edge;
			vgic_update(g, irq, &bus->wake);
		}
	}
	if (!bus->write)
		bus->val = val;
}

/**
 * vgic_bank_access() - one register of those described above
 * @g: the VM's vGIC
 * @c: redistributor, or NULL: distributor
 * @bus: the access
 *
 * Sizes (IHI 0069 12.1.3): words; GICx_IPRIORITYR bytes as well.
 *
 * Context: vgic->lock held.
 */
void vgic_bank_access(struct vgic *g, struct vgic_cpu *c, struct vgic_bus *bus)
{
	u32 offset = bus->offset;

	if (offset >= GICD_IPRIORITYR && offset < GICD_ITARGETSR) {
		if (bus->size == 1 || bus->size == 4)
			access_priority(g, c, bus);
	} else if (bus->size != 4) {
		return;
	} else if (offset >= GICD_IGROUPR && offset < GICD_IPRIORITYR) {
		access_bits(g, c, bus);
	} else if (offset >= GICD_ICFGR && offset < GICD_IGRPMODR) {
		access_config(g, c, bus);
	}
}
