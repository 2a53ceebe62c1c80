// SPDX-License-Identifier: GPL-2.0-only
/*
 * List registers (IHI 0069 6.2 to 6.4, and 12.4 for the ICH_ registers).
 *
 * Which interrupts get one, in this order:
 *
 *   1. pending ones of groups that the vCPU's CPU interface has enabled, most urgent
 *      first: with EOImode 1 the guest may take them while others stay active for
 *      long, so no active one may keep one out;
 *   2. active ones, latest acknowledge first;
 *   3. pending ones of a group that the CPU interface has disabled.
 *
 * What does not fit is not lost, since the guest comes out when it matters:
 *
 *   - pending ones: all list registers hold more urgent pending ones then. NPIE fires
 *     when the guest has taken them all; VGrpnEIE and VGrpnDIE when it changes which
 *     groups are enabled, and with that who is most urgent;
 *   - active ones, EOImode 0: ICV_EOIRn finds no list register and counts EOIcount up,
 *     for which LRENPIE fires. Ends of interrupt come in reverse order of the
 *     acknowledges, so it is the latest acknowledged one outside;
 *   - active ones, EOImode 1: ICC_DIR_EL1 comes in any order, so it traps.
 */
#include "vgic_priv.h"

/* Filling in progress. */
struct fill {
	struct vgic_cpu *c;
	unsigned int n; /* list registers used */
	bool pend_out; /* a pending interrupt found none left */
	bool active_out; /* an active one */
	bool starved; /* a pending one of an enabled group found none left */
};

/*
 * Will an active interrupt that is pending as well be this vCPU's again once it is
 * deactivated? Not if it was disabled or sent elsewhere meanwhile.
 */
static bool comes_again(const struct vgic_cpu *c, const struct vgic_irq *irq)
{
	return irq->enabled && !c->asleep && vgic_group_on(c->vgic, irq->group1) &&
	       irq->route == c->index;
}

static void load(struct fill *f, struct vgic_irq *irq)
{
	struct vgic_cpu *c = f->c;
	bool pending = vgic_irq_pending(irq);
	/*
	 * ICH_LR<n>_EL2.State: with HW = 1 pending and active is for software
	 * originated interrupts alone. The physical interrupt signals a level by
	 * itself again; a latch needs a list register without HW.
	 */
	bool hw = irq->hw && !(irq->active && irq->latch);
	bool show = !irq->active;
	u64 lr = FIELD_PREP(ICH_LR_vINTID, irq->intid) | FIELD_PREP(ICH_LR_Priority, irq->priority);

	if (irq->active && pending && !hw && comes_again(c, irq)) {
		/*
		 * Active and pending. The end of an interrupt with resample has to
		 * be seen at once, which State = pending would hide.
		 */
		show = !irq->resample || irq->edge;
		/* Until its second end the physical interrupt stays active, and silent. */
		if (irq->hw)
			lr |= ICH_LR_EOI;
	}
	if (irq->group1)
		lr |= ICH_LR_Group;
	if (show)
		lr |= ICH_LR_State_pending;
	if (irq->active)
		lr |= ICH_LR_State_active;
	if (hw) {
		lr |= ICH_LR_HW | FIELD_PREP(ICH_LR_pINTID, irq->intid);
	} else if ((!irq->edge && irq->line) || (pending && !show)) {
		/* To look at the level again when it ends: an asserted one stays pending. */
		lr |= ICH_LR_EOI;
	}

	irq->in_lr = true;
	irq->lr_cpu = c->index;
	irq->lr_pend = show;
	irq->lr_active = irq->active;
	irq->lr_dirty = false;
	if (show) {
		irq->lr_latch = irq->latch;
		irq->latch = false;
	}
	c->lr_irq[f->n] = irq;
	c->hw.lr[f->n++] = lr;
}

/* False: not all of them found a list register. */
static bool load_list(struct fill *f, struct vgic_link *head)
{
	for (struct vgic_link *l = head->next; l != head; l = l->next) {
		if (f->n == f->c->hw.nr_lrs)
			return false;
		load(f, vgic_link_irq(l));
	}
	return true;
}

static struct vgic_irq *first_of(const struct vgic_link *head, struct vgic_link *l)
{
	return l == head ? NULL : vgic_link_irq(l);
}

/* The queues of one priority of both groups, most urgent first. */
static bool load_merged(struct fill *f, struct vgic_link *h0, struct vgic_link *h1)
{
	struct vgic_link *l0 = h0->next, *l1 = h1->next;

	while (l0 != h0 || l1 != h1) {
		struct vgic_irq *irq0 = first_of(h0, l0), *irq1 = first_of(h1, l1);

		if (f->n == f->c->hw.nr_lrs)
			return false;
		if (!irq1 || (irq0 && irq0->q_prio <= irq1->q_prio)) {
			load(f, irq0);
			l0 = l0->next;
		} else {
			load(f, irq1);
			l1 = l1->next;
		}
	}
	return true;
}

/* Those of the groups in @groups (bit n: group n), most urgent first. */
static bool load_pending(struct fill *f, unsigned int groups)
{
	struct vgic_cpu *c = f->c;
	u32 map0 = groups & 1 ? c->pend_map[0] : 0, map1 = groups & 2 ? c->pend_map[1] : 0;
	bool all = true;

	for (u32 map = map0 | map1; map && all; map &= map - 1) {
		unsigned int bucket = __builtin_ctz(map);
		struct vgic_link *h0 = &c->pend[0][bucket], *h1 = &c->pend[1][bucket];

		if (map0 && map1)
			all = load_merged(f, h0, h1);
		else
			all = load_list(f, map1 ? h1 : h0);
	}
	return all;
}

/* What ICH_HCR_EL2 asks for, beside En. */
static u64 maintenance(const struct fill *f)
{
	const struct vgic_cpu *c = f->c;
	const struct vgic *g = c->vgic;
	bool on0 = vgic_cpu_group_on(c, false), on1 = vgic_cpu_group_on(c, true);
	u64 hcr = 0;

	if (f->starved)
		hcr |= ICH_HCR_NPIE;
	if (f->pend_out) {
		hcr |= on0 ? ICH_HCR_VGrp0DIE : ICH_HCR_VGrp0EIE;
		hcr |= on1 ? ICH_HCR_VGrp1DIE : ICH_HCR_VGrp1EIE;
	}
	/* A 1-of-N interrupt that was loaded is another vCPU's once this one disables its group. */
	if (g->nr_1ofn)
		hcr |= (on0 ? ICH_HCR_VGrp0DIE : 0) | (on1 ? ICH_HCR_VGrp1DIE : 0);
	if (f->active_out)
		hcr |= ICH_HCR_LRENPIE | vgic_machine.dir_trap;
	/* Parked 1-of-N interrupts wait for the first vCPU that enables their group. */
	if (g->nr_parked && !c->asleep) {
		hcr |= on0 ? 0 : ICH_HCR_VGrp0EIE;
		hcr |= on1 ? 0 : ICH_HCR_VGrp1EIE;
	}
	return hcr;
}

/*
 * IHI 0069 4.1: with EOImode 1 an SPI may be deactivated by another PE than acknowledged
 * it, which has it in no list register. EOImode changes without a trap, so that the writes
 * are trapped in advance where that costs nothing else (TDIR), or else from the next entry on.
 */
static u64 base_hcr(const struct vgic_cpu *c)
{
	if (READ_ONCE(c->vgic->nr_cpus) > 1 &&
	    (vgic_machine.dir_trap == ICH_HCR_TDIR || (c->hw.vmcr & ICH_VMCR_VEOIM)))
		return ICH_HCR_En | vgic_machine.dir_trap;
	return ICH_HCR_En;
}

/* Out of line, so that vgic_flush() itself needs no stack frame. */
static __noinline void fill_lrs(struct vgic_cpu *c)
{
	struct vgic *g = c->vgic;
	struct fill f = { .c = c };
	unsigned int groups = 0, on = 0;
	u32 wake = 0;

	spin_lock(&g->lock);
	CHECK(!c->hw.used_lrs); /* vgic_sync() comes in between */
	if (unlikely(g->nr_parked))
		vgic_take_parked(c, &wake);
	for (unsigned int group = 0; group < 2; group++) {
		if (!c->asleep && vgic_group_on(g, group)) {
			groups |= BIT(group);
			on |= vgic_cpu_group_on(c, group) ? BIT(group) : 0;
		}
	}
	f.starved = !load_pending(&f, on);
	f.active_out = !load_list(&f, &c->active);
	f.pend_out = !load_pending(&f, groups & ~on) || f.starved;
	c->hw.hcr |= maintenance(&f);
	c->hw.used_lrs = f.n;
	g->nr_in_lrs += f.n;
	spin_unlock(&g->lock);
}

void vgic_flush(struct vgic_cpu *c)
{
	c->hw.hcr = base_hcr(c);
	/*
	 * The read without the lock loses nothing: whoever queues an interrupt writes
	 * the counter, then (fence) reads @loaded, see vgic_notify() and park(). If
	 * the counter is not seen here, @loaded is seen there, and this vCPU gets a
	 * kick that makes it come back here.
	 */
	WRITE_ONCE(c->loaded, true);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (unlikely(vgic_has_queued(c)))
		fill_lrs(c);
}

int vgic_lr_again(const struct vgic_cpu *c, unsigned int intid, u64 empty)
{
	const struct vgic_irq *irq = &c->priv[intid];

	if (irq->lr_dirty || irq->lr_active || irq->lr_latch ||
	    READ_ONCE(c->nr_queued) != c->hw.used_lrs)
		return -1;
	for (unsigned int i = 0; i < c->hw.used_lrs; i++) {
		if (c->lr_irq[i] == irq)
			return empty & BIT(i) ? (int)i : -1;
	}
	return -1;
}

/*
 * EOIcount: the latest acknowledged interrupts outside the list registers were
 * deactivated. Runs before in_lr is cleared.
 */
static void fold_eoicount(struct vgic_cpu *c, u32 *wake)
{
	unsigned int count = 0;
	struct vgic_link *next;

	if (c->hw.hcr & ICH_HCR_LRENPIE)
		count = FIELD_GET(ICH_HCR_EOIcount, c->hw.hcr);
	for (struct vgic_link *l = c->active.next; l != &c->active && count; l = next) {
		struct vgic_irq *irq = vgic_link_irq(l);

		next = l->next;
		if (irq->in_lr || !irq->acked)
			continue;
		vgic_irq_deactivate(c->vgic, irq, c, wake);
		count--;
	}
}

/*
 * One list register back into the interrupt. Returns true if the guest has
 * acknowledged it and it is active since.
 */
static bool fold_lr(struct vgic_cpu *c, struct vgic_irq *irq, u64 lr)
{
	bool pending = lr & ICH_LR_State_pending;
	bool taken = irq->lr_pend && !pending;
	bool in_service = lr & ICH_LR_State_active;
	bool active = (in_service && !irq->drop_active) || irq->set_active;

	irq->in_lr = false;
	irq->lr_dirty = irq->lr_dirty || taken || in_service != irq->lr_active;
	/* Not acknowledged: what was latched still is. Else it is used up (4.1.2). */
	if (pending && irq->lr_latch)
		irq->latch = true;
	irq->lr_latch = false;
	irq->set_active = false;
	irq->drop_active = false;

	if (!active) {
		if (irq->lr_active || taken) {
			/*
			 * If it is pending again it goes behind all of its priority. Alone
			 * there, it may stay: vgic_update() takes it off if it is not.
			 */
			if (irq->link.next != irq->link.prev)
				vgic_unqueue(c->vgic, irq);
			irq->active = false;
			irq->acked = false;
			/* Without the bit, the line was low as it ended, and rose since. */
			if (lr & ICH_LR_EOI)
				vgic_irq_ended(irq, c);
		}
		return false;
	}
	if (taken && in_service)
		return true;
	if (!irq->active)
		vgic_irq_activate(c->vgic, irq, c, false);
	return false;
}

/* The group priority with which list register @i was acknowledged. */
static u32 acked_priority(const struct vgic_cpu *c, unsigned int i)
{
	u64 lr = c->hw.lr[i];

	return vgic_cpuif_group_priority(c, FIELD_GET(ICH_LR_Priority, lr), lr & ICH_LR_Group);
}

/* All list registers back. The lock is held. */
static void fold(struct vgic_cpu *c, u32 *wake)
{
	struct vgic *g = c->vgic;
	u8 taken[VGIC_MAX_LRS];
	unsigned int n = c->hw.used_lrs, nr_taken = 0;

	fold_eoicount(c, wake);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int pos;

		if (!fold_lr(c, c->lr_irq[i], c->hw.lr[i]))
			continue;
		/* Least urgent first: what preempts was acknowledged later (4.8.4). */
		for (pos = nr_taken++; pos; pos--) {
			if (acked_priority(c, taken[pos - 1]) >= acked_priority(c, i))
				break;
			taken[pos] = taken[pos - 1];
		}
		taken[pos] = i;
	}
	for (unsigned int i = 0; i < nr_taken; i++)
		vgic_irq_activate(g, c->lr_irq[taken[i]], c, true);
	for (unsigned int i = 0; i < n; i++) {
		if (c->lr_irq[i]->lr_dirty)
			vgic_update(g, c->lr_irq[i], wake);
	}

	c->nr_lr_images = n;
	c->hw.used_lrs = 0;
	g->nr_in_lrs -= n;
	c->syncs++;
	c->rwp = false;
	g->rwp &= ~BIT(c->index);
	if (unlikely(g->nr_1ofn))
		vgic_leave_1ofn(c, wake);
}

/* Out of line, so that vgic_sync() itself needs no stack frame. */
static __noinline void take_lrs(struct vgic_cpu *c, u32 *wake)
{
	u32 woken = 0;

	spin_lock(&c->vgic->lock);
	fold(c, &woken);
	/* Not before: nobody has to ask what this vCPU would take. It looks itself. */
	__atomic_store_n(&c->loaded, false, __ATOMIC_RELEASE);
	spin_unlock(&c->vgic->lock);
	*wake |= woken & ~BIT(c->index);
}

void vgic_sync(struct vgic_cpu *c, u32 *wake)
{
	/*
	 * No list register was loaded: nothing to take back, and nobody waits for it.
	 * used_lrs is this CPU's own. But a 1-of-N interrupt that waits for this vCPU may
	 * be one that it does not take any more: it may have disabled the group.
	 */
	if (unlikely(c->hw.used_lrs || READ_ONCE(c->vgic->nr_1ofn))) {
		take_lrs(c, wake);
		return;
	}
	c->nr_lr_images = 0;
	/* Release: who sees it may use vmcr and the active priorities. */
	__atomic_store_n(&c->loaded, false, __ATOMIC_RELEASE);
}

/* The most urgent interrupt that the CPU interface would look at (ICV_HPPIRn). */
static struct vgic_irq *highest_pending(struct vgic_cpu *c)
{
	struct vgic_irq *best = NULL;

	for (unsigned int group = 0; group < 2; group++) {
		struct vgic_irq *irq;

		if (!c->pend_map[group] || !vgic_group_on(c->vgic, group))
			continue;
		/* A group that is disabled does not hide the other. */
		if (!c->asleep && !vgic_cpu_group_on(c, group))
			continue;
		irq = vgic_link_irq(c->pend[group][__builtin_ctz(c->pend_map[group])].next);
		if (!best || irq->q_prio < best->q_prio)
			best = irq;
	}
	return best;
}

static __noinline bool pending(struct vgic_cpu *c)
{
	struct vgic_irq *best;
	bool takes = false;
	u32 wake = 0;

	spin_lock(&c->vgic->lock);
	vgic_take_parked(c, &wake);
	best = highest_pending(c);
	if (best)
		takes = c->asleep || vgic_cpuif_takes(c, best->q_prio, best->q_group);
	spin_unlock(&c->vgic->lock);
	return takes;
}

bool vgic_pending(struct vgic_cpu *c)
{
	/*
	 * Without the lock, as in vgic_flush(): who queues one from now on sees that
	 * this vCPU is not in the guest and decides itself whether to wake it.
	 */
	if (!vgic_has_queued(c))
		return false;
	return pending(c);
}

bool vgic_eoi_report(struct vgic_cpu *c, u64 lr[VGIC_MAX_LRS])
{
	struct vgic *g = c->vgic;
	unsigned int slot = 0;

	for (unsigned int i = 0; i < VGIC_MAX_LRS; i++) {
		bool used = i < c->nr_lr_images && (c->hw.lr[i] & ICH_LR_State);

		lr[i] = used ? c->hw.lr[i] : 0;
	}
	if (likely(!vgic_eoi_due(c)))
		return false;

	/* Into list registers that were free, then over others: no report may be lost. */
	spin_lock(&g->lock);
	for (unsigned int pass = 0; pass < 2; pass++) {
		for (slot = 0; slot < c->hw.nr_lrs && c->nr_eoi; slot++) {
			unsigned int word = 0;
			struct vgic_irq *irq;

			if (lr[slot] && (pass == 0 || !(lr[slot] & ICH_LR_State)))
				continue;
			while (!c->eoi[word])
				word++;
			irq = vgic_lookup(g, c, word * 64 + __builtin_ctzll(c->eoi[word]));
			c->eoi[word] &= c->eoi[word] - 1;
			WRITE_ONCE(c->nr_eoi, c->nr_eoi - 1);
			lr[slot] = FIELD_PREP(ICH_LR_vINTID, irq->intid) | ICH_LR_EOI |
				   FIELD_PREP(ICH_LR_Priority, irq->priority) |
				   (irq->group1 ? ICH_LR_Group : 0);
		}
	}
	spin_unlock(&g->lock);
	return true;
}
