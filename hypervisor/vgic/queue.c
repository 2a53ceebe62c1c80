// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which vCPU an interrupt waits for, and each vCPU's queues.
 */
#include "vgic_priv.h"

static void list_add_before(struct vgic_link *l, struct vgic_link *pos)
{
	l->next = pos;
	l->prev = pos->prev;
	pos->prev->next = l;
	pos->prev = l;
}

static void list_del(struct vgic_link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
}

/* The upper 5 bits, which every implementation has (IHI 0069 4.8). */
static unsigned int bucket_of(u8 priority)
{
	return priority >> 3;
}

/**
 * vgic_unqueue() - take an interrupt off whatever list it is on
 * @g: the VM's vGIC
 * @irq: the interrupt
 *
 * Context: vgic->lock held.
 */
void vgic_unqueue(struct vgic *g, struct vgic_irq *irq)
{
	struct vgic_cpu *c = g->cpu[irq->q_cpu];
	unsigned int bucket = bucket_of(irq->q_prio);

	if (irq->queue == VGIC_Q_NONE)
		return;
	list_del(&irq->link);
	if (irq->queue == VGIC_Q_PARKED) {
		WRITE_ONCE(g->nr_parked, g->nr_parked - 1);
	} else {
		WRITE_ONCE(c->nr_queued, c->nr_queued - 1);
		if (irq->queue == VGIC_Q_PENDING && vgic_list_empty(&c->pend[irq->q_group][bucket]))
			c->pend_map[irq->q_group] &= ~BIT(bucket);
	}
	irq->queue = VGIC_Q_NONE;
}

/* Behind all of the same priority: the architecture leaves their order open (4.8). */
static void enqueue(struct vgic *g, struct vgic_irq *irq, struct vgic_cpu *c)
{
	unsigned int bucket = bucket_of(irq->priority);
	struct vgic_link *head = &c->pend[irq->group1][bucket];
	struct vgic_link *pos = head;

	vgic_unqueue(g, irq);
	while (pos->prev != head && vgic_link_irq(pos->prev)->q_prio > irq->priority)
		pos = pos->prev;
	list_add_before(&irq->link, pos);
	irq->queue = VGIC_Q_PENDING;
	irq->q_cpu = c->index;
	irq->q_prio = irq->priority;
	irq->q_group = irq->group1;
	c->pend_map[irq->group1] |= BIT(bucket);
	WRITE_ONCE(c->nr_queued, c->nr_queued + 1);
}

/*
 * Takes @c part in the 1-of-N distribution of @irq? IHI 0069 2.3.2: a PE whose
 * redistributor is not asleep (GICR_WAKER) and whose CPU interface has the group
 * enabled. For a vCPU inside the guest the latter is what it was at its last exit:
 * vgic_sync() passes on what such a vCPU cannot take.
 */
static bool takes_part(const struct vgic_cpu *c, const struct vgic_irq *irq)
{
	return c && !c->asleep && vgic_cpu_group_on(c, irq->group1);
}

/* PMR masks its own value too: what is signalled is more urgent (IHI 0069 4.8.5, ICC_PMR_EL1). */
static bool pmr_lets(const struct vgic_cpu *c, const struct vgic_irq *irq)
{
	return irq->priority < FIELD_GET(ICH_VMCR_VPMR, READ_ONCE(c->hw.vmcr));
}

/*
 * One of all vCPUs, for GICD_IROUTER.Interrupt_Routing_Mode 1: the one that has it
 * queued, as long as it can take it; else one that can, in turn; else one that
 * takes part, but masks the priority now.
 */
static struct vgic_cpu *pick_1ofn(struct vgic *g, struct vgic_irq *irq)
{
	struct vgic_cpu *now = irq->queue == VGIC_Q_PENDING ? g->cpu[irq->q_cpu] : NULL;
	struct vgic_cpu *second = NULL;

	if (now && takes_part(now, irq)) {
		if (pmr_lets(now, irq))
			return now;
		second = now;
	}
	for (unsigned int i = 0; i < VGIC_MAX_CPUS; i++) {
		unsigned int index = (g->next_1ofn + i) % VGIC_MAX_CPUS;
		struct vgic_cpu *c = g->cpu[index];

		if (!takes_part(c, irq))
			continue;
		if (pmr_lets(c, irq)) {
			g->next_1ofn = index + 1;
			return c;
		}
		if (!second)
			second = c;
	}
	return second;
}

/*
 * IHI 0069 2.3.1: the PE of that affinity. None: the interrupt stays pending in the
 * distributor. vCPUs have Aff3, Aff2 and Aff1 zero.
 */
static struct vgic_cpu *target(struct vgic *g, struct vgic_irq *irq)
{
	if (irq->intid >= VGIC_NR_PRIVATE && (irq->route & GICD_IROUTER_Interrupt_Routing_Mode))
		return pick_1ofn(g, irq);
	return irq->route < VGIC_MAX_CPUS ? g->cpu[irq->route] : NULL;
}

/**
 * vgic_notify() - an interrupt was queued for a vCPU: does it need a kick or wake-up?
 * @c: the vCPU's part of the vGIC
 * @priority: of the interrupt
 * @group1: its group
 * @wake: gets the vCPU's bit if so
 *
 * The vCPU's queue counter was written before. The fence and the one in vgic_flush()
 * make sure that either this side sees @loaded, or that side the counter.
 *
 * Context: vgic->lock held.
 */
void vgic_notify(struct vgic_cpu *c, u8 priority, bool group1, u32 *wake)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* Acquire: not loaded means that hw has what its last exit stored. */
	if (__atomic_load_n(&c->loaded, __ATOMIC_ACQUIRE)) {
		*wake |= BIT(c->index);
		return;
	}
	if (!vgic_group_on(c->vgic, group1))
		return;
	/* Asleep: the redistributor asks for power (IHI 0069, GICR_WAKER: WakeRequest). */
	if (c->asleep || vgic_cpuif_takes(c, priority, group1))
		*wake |= BIT(c->index);
}

/**
 * vgic_notify_all() - the same for all that is queued, after an enable
 * @c: the vCPU's part of the vGIC
 * @wake: see hyp/vgic.h
 *
 * Context: vgic->lock held.
 */
void vgic_notify_all(struct vgic_cpu *c, u32 *wake)
{
	for (unsigned int group = 0; group < 2; group++) {
		struct vgic_link *head;

		if (!c->pend_map[group])
			continue;
		head = &c->pend[group][__builtin_ctz(c->pend_map[group])];
		vgic_notify(c, vgic_link_irq(head->next)->q_prio, group, wake);
	}
}

/*
 * No vCPU takes part in the distribution of this one. All that are in the guest look
 * again: vgic_flush() takes it, or asks to hear when the group is enabled.
 */
static void park(struct vgic *g, struct vgic_irq *irq, u32 *wake)
{
	if (irq->queue == VGIC_Q_PARKED)
		return;
	vgic_unqueue(g, irq);
	list_add_before(&irq->link, &g->parked);
	irq->queue = VGIC_Q_PARKED;
	WRITE_ONCE(g->nr_parked, g->nr_parked + 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < g->nr_cpus; i++) {
		if (g->cpu[i] && READ_ONCE(g->cpu[i]->loaded))
			*wake |= BIT(i);
	}
}

static void update_hw(struct vgic_cpu *c, const struct vgic_irq *irq)
{
	if (irq->active || irq->line || vgic_irq_pending(irq))
		c->hw_active |= BIT(irq->intid);
	else
		c->hw_active &= ~BIT(irq->intid);
}

/**
 * vgic_update() - put an interrupt where it belongs, after any change of its state
 * @g: the VM's vGIC
 * @irq: the interrupt
 * @wake: vCPUs to kick or wake
 *
 * Context: vgic->lock held.
 */
void vgic_update(struct vgic *g, struct vgic_irq *irq, u32 *wake)
{
	struct vgic_cpu *c;

	if (irq->active || irq->set_active || irq->line || vgic_irq_pending(irq))
		vgic_word(g, g->cpu[irq->route % VGIC_MAX_CPUS], irq->intid)->live |= BIT(irq->intid % 32);
	if (irq->hw)
		update_hw(g->cpu[irq->route], irq);
	if (irq->in_lr) {
		/* Its vCPU comes out, vgic_sync() calls here again. */
		irq->lr_dirty = true;
		*wake |= BIT(irq->lr_cpu);
		return;
	}
	/* An active one stays with its vCPU, and is not signalled again (IHI 0069 4.1.2). */
	if (irq->active)
		return;
	if (!irq->enabled || !vgic_irq_pending(irq)) {
		vgic_unqueue(g, irq);
		return;
	}
	c = target(g, irq);
	if (!c) {
		if (irq->route & GICD_IROUTER_Interrupt_Routing_Mode)
			park(g, irq, wake);
		else
			vgic_unqueue(g, irq);
		return;
	}
	if (irq->queue == VGIC_Q_PENDING && irq->q_cpu == c->index &&
	    irq->q_prio == irq->priority && irq->q_group == irq->group1)
		return;
	enqueue(g, irq, c);
	vgic_notify(c, irq->priority, irq->group1, wake);
}

/**
 * vgic_take_parked() - a vCPU that can take 1-of-N interrupts looks at the parked ones
 * @c: the vCPU's part of the vGIC
 * @wake: gets this vCPU's bit if it can take one now
 *
 * Context: vgic->lock held.
 */
void vgic_take_parked(struct vgic_cpu *c, u32 *wake)
{
	struct vgic *g = c->vgic;
	struct vgic_link *next;

	for (struct vgic_link *l = g->parked.next; l != &g->parked; l = next) {
		struct vgic_irq *irq = vgic_link_irq(l);

		next = l->next;
		if (!takes_part(c, irq))
			continue;
		enqueue(g, irq, c);
		vgic_notify(c, irq->priority, irq->group1, wake);
	}
}

/**
 * vgic_leave_1ofn() - pass on 1-of-N interrupts that a vCPU cannot take
 * @c: the vCPU's part of the vGIC
 * @wake: see hyp/vgic.h
 *
 * Those of a group that its CPU interface has disabled, those that its PMR masks
 * and all if it is asleep: another vCPU may be able to.
 *
 * Context: vgic->lock held.
 */
void vgic_leave_1ofn(struct vgic_cpu *c, u32 *wake)
{
	u32 pmr = FIELD_GET(ICH_VMCR_VPMR, READ_ONCE(c->hw.vmcr));

	for (unsigned int group = 0; group < 2; group++) {
		bool off = c->asleep || !vgic_cpu_group_on(c, group);
		u32 map = c->pend_map[group] & (off ? ~0U : ~0U << bucket_of(pmr));

		for (; map; map &= map - 1) {
			struct vgic_link *head = &c->pend[group][__builtin_ctz(map)];
			struct vgic_link *next;

			for (struct vgic_link *l = head->next; l != head; l = next) {
				next = l->next;
				if (vgic_link_irq(l)->intid >= VGIC_NR_PRIVATE)
					vgic_update(c->vgic, vgic_link_irq(l), wake);
			}
		}
	}
}

/**
 * vgic_irq_activate() - an interrupt becomes active
 * @g: the VM's vGIC
 * @irq: the interrupt
 * @c: vCPU that it belongs to until it is deactivated
 * @acked: by an acknowledge: goes in front, since ends of interrupt come in reverse
 *         order (IHI 0069, ICC_EOIR1_EL1); else by GICx_ISACTIVER
 *
 * Context: vgic->lock held.
 */
void vgic_irq_activate(struct vgic *g, struct vgic_irq *irq, struct vgic_cpu *c, bool acked)
{
	u32 wake = 0;

	vgic_unqueue(g, irq);
	list_add_before(&irq->link, acked ? c->active.next : &c->active);
	irq->queue = VGIC_Q_ACTIVE;
	irq->q_cpu = c->index;
	irq->active = true;
	irq->acked = acked;
	WRITE_ONCE(c->nr_queued, c->nr_queued + 1);
	vgic_update(g, irq, &wake); /* hw_active alone */
}

/**
 * vgic_irq_ended() - an interrupt was deactivated: has the host to hear of it?
 * @irq: the interrupt
 * @c: vCPU whose exit is going to tell
 *
 * Context: vgic->lock held.
 */
void vgic_irq_ended(struct vgic_irq *irq, struct vgic_cpu *c)
{
	u64 *word = &c->eoi[irq->intid / 64];

	if (!irq->resample || irq->edge || !irq->line || (*word & BIT(irq->intid % 64)))
		return;
	*word |= BIT(irq->intid % 64);
	WRITE_ONCE(c->nr_eoi, c->nr_eoi + 1);
}

/**
 * vgic_irq_deactivate() - an active interrupt that is in no list register ends
 * @g: the VM's vGIC
 * @irq: the interrupt
 * @c: as for vgic_irq_ended()
 * @wake: see hyp/vgic.h
 *
 * A level that is still high, or a latch, makes it pending at once (IHI 0069 4.1.2).
 *
 * Context: vgic->lock held.
 */
void vgic_irq_deactivate(struct vgic *g, struct vgic_irq *irq, struct vgic_cpu *c, u32 *wake)
{
	vgic_unqueue(g, irq);
	irq->active = false;
	irq->acked = false;
	vgic_irq_ended(irq, c);
	vgic_update(g, irq, wake);
}
