/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The random operations of vgic_model_test.c: each is done on the vGIC, as a guest or the
 * host does it, and on the model.
 */
#ifndef TESTS_VGIC_MODEL_OPS_H
#define TESTS_VGIC_MODEL_OPS_H

#include "vgic_model.h"
#include "vgic_rig.h"

struct config {
	unsigned int nr_cpus, nr_lrs, pri_bits, pre_bits;
	bool tds;
};

struct run {
	struct rig rig; /* first: report() gets back from it */
	struct model m;
	u64 rnd;
	char what[160];
	bool tds; /* another vCPU's interrupt can be deactivated at any time */
	unsigned int quiet; /* operations to come that are about the timer's interrupt alone */
	unsigned int off; /* how often CPU interfaces have a group disabled: x / 6 */
	unsigned long acks, drained, races;
};

static unsigned int rnd(struct run *x, unsigned int n)
{
	return (ktap_random(&x->rnd) >> 33) % n;
}

static void report(struct rig *r, unsigned int intid)
{
	struct run *x = (struct run *)r;

	if (intid < 32 || intid >= M_IRQS)
		rig_fail(r, "end of interrupt of no SPI reported");
	else
		x->m.spi[intid].reports--; /* check() looks: the model may be behind */
}

static unsigned int some_irq(struct run *x)
{
	if (x->quiet || !rnd(x, 12))
		return 27; /* the one with a physical side */
	return x->m.used[rnd(x, x->m.nr_used)];
}

/* Bits of the 32 INTIDs from @base on that the model looks at. */
static u32 used_bits(struct run *x, unsigned int base)
{
	u32 bits = 0;

	for (unsigned int i = 0; i < x->m.nr_used; i++)
		if (x->m.used[i] / 32 == base / 32)
			bits |= 1U << (x->m.used[i] % 32);
	return bits;
}

static void guest_ack(struct run *x, unsigned int v, unsigned int group)
{
	unsigned int intid = sim_iar(&x->rig.sim[v], group);

	if (x->m.cpu[v].nr_run == M_STACK)
		return;
	if (!m_ack(&x->m, v, group, intid)) {
		snprintf(x->what + strlen(x->what), sizeof(x->what) - strlen(x->what),
			 " [vcpu %u acknowledged %u of group %u]", v, intid, group);
		rig_fail(&x->rig, "acknowledge of what the model does not allow");
	}
	x->acks += intid < 1020;
	rig_settle(&x->rig, v);
}

static void guest_eoi(struct run *x, unsigned int v)
{
	struct m_cpu *c = &x->m.cpu[v];
	struct m_running top;

	if (!c->nr_run)
		return;
	top = c->run[c->nr_run - 1];
	sim_eoir(&x->rig.sim[v], top.group, top.intid);
	m_eoi(&x->m, v);
	rig_settle(&x->rig, v);
}

/*
 * Between an operation and the kick that it sent, the vCPU concerned goes on in the
 * guest with the old list registers: to the guest that came before the operation.
 */
static void race(struct run *x, unsigned int actor, bool may_ack)
{
	u32 running = 0;

	for (unsigned int v = 0; v < x->rig.nr_cpus; v++)
		if (v != actor && x->rig.in[v] && (x->rig.wake >> v & 1))
			running |= 1U << v;
	for (; running; running &= running - 1) {
		unsigned int v = __builtin_ctz(running);

		if (rnd(x, 2))
			continue;
		x->races++;
		if (may_ack && rnd(x, 3))
			guest_ack(x, v, rnd(x, 2));
		else
			guest_eoi(x, v);
	}
}

static void op_bits(struct run *x, unsigned int v)
{
	static const unsigned int regs[] = { 0x080, 0x100, 0x100, 0x100, 0x180, 0x200,
					     0x200, 0x280, 0x300, 0x380, 0x380 };
	unsigned int reg = regs[rnd(x, ARRAY_SIZE(regs))], intid = some_irq(x);
	unsigned int base, t = rnd(x, x->rig.nr_cpus);
	u32 used, bits;
	bool active_reg;

	if (!rnd(x, 16)) {
		reg = 0x200;
		intid = 27;
	}
	base = intid & ~31U;
	used = used_bits(x, base);
	bits = used & ktap_random(&x->rnd);
	active_reg = reg >= 0x300;
	if (rnd(x, 3))
		bits &= ktap_random(&x->rnd) >> 7;
	if (x->quiet || !rnd(x, 2))
		bits = 1U << (intid % 32);
	if (reg == 0x080)
		bits |= ~used; /* others never become pending */
	for (unsigned int i = 0; active_reg && i < 32; i++) {
		/* An end of interrupt is still to come, in order: left alone. */
		if (m_in_service(&x->m, t, base + i))
			bits &= ~(1U << i);
		/* The physical interrupt's state is EL2's. */
		if (base == 0 && i == 27)
			bits &= ~(1U << i);
	}
	snprintf(x->what, sizeof(x->what), "vcpu %u: write %#x to %#x + %u of vcpu %u", v, bits,
		 reg, base / 8, t);
	rig_write(&x->rig, v, rig_frame(t, base) + reg + base / 8, 4, bits);
	race(x, v, !active_reg);
	for (unsigned int i = 0; i < 32; i++) {
		struct m_irq *irq = m_irq(&x->m, t, base + i);

		if (!(used >> i & 1))
			continue;
		if (reg == 0x080)
			irq->group1 = bits >> i & 1;
		if (!(bits >> i & 1))
			continue;
		switch (reg) {
		case 0x100:
			irq->enabled = true;
			break;
		case 0x180:
			irq->enabled = false;
			break;
		case 0x200:
			irq->latch = true;
			break;
		case 0x280:
			irq->latch = false;
			break;
		case 0x300:
			irq->active = true;
			break;
		case 0x380:
			m_deactivate(irq);
			break;
		}
	}
}

static void op_read(struct run *x, unsigned int v)
{
	unsigned int reg = 0x080 + 0x80 * rnd(x, 7), intid = some_irq(x);
	unsigned int base = intid & ~31U, t = rnd(x, x->rig.nr_cpus);
	u32 used = used_bits(x, base), want = 0, got;

	snprintf(x->what, sizeof(x->what), "vcpu %u: read %#x + %u of vcpu %u", v, reg, base / 8,
		 t);
	got = rig_read(&x->rig, v, rig_frame(t, base) + reg + base / 8, 4) & used;
	for (unsigned int i = 0; i < 32; i++) {
		struct m_irq *irq = m_irq(&x->m, t, base + i);
		bool bit = reg == 0x080 ? irq->group1 :
			   reg < 0x200	? irq->enabled :
			   reg < 0x300	? m_pending(irq) :
					  irq->active;

		if (used >> i & 1)
			want |= (u32)bit << i;
	}
	if (got != want) {
		printf("# got %#x, expected %#x\n", got, want);
		rig_fail(&x->rig, "register differs");
	}
}

static void op_priority(struct run *x, unsigned int v)
{
	unsigned int intid = some_irq(x), t = rnd(x, x->rig.nr_cpus);
	u8 prio = rnd(x, 3) ? 0x40 + 0x20 * rnd(x, 5) : rnd(x, 256);
	u64 addr = rig_frame(t, intid) + 0x400 + intid;

	snprintf(x->what, sizeof(x->what), "vcpu %u: priority of %u/%u = %#x", v, t, intid, prio);
	rig_write(&x->rig, v, addr, 1, prio);
	race(x, v, true);
	prio &= 0xff << (8 - x->m.pri_bits);
	m_irq(&x->m, t, intid)->prio = prio;
	if (rig_read(&x->rig, v, addr, 1) != prio)
		rig_fail(&x->rig, "priority differs");
}

static void op_config(struct run *x, unsigned int v)
{
	unsigned int intid = some_irq(x), t = rnd(x, x->rig.nr_cpus), base = intid & ~15U;
	struct m_irq *irq = m_irq(&x->m, t, intid);
	bool edge = rnd(x, 2);
	u32 val = 0;

	/* Anything else is UNPREDICTABLE (GICD_ICFGR). */
	if (irq->enabled || irq->active || intid < 16 || intid == 27)
		return;
	snprintf(x->what, sizeof(x->what), "vcpu %u: config of %u/%u = %u", v, t, intid, edge);
	irq->edge = edge;
	for (unsigned int i = 0; i < 16; i++)
		val |= (u32)m_irq(&x->m, t, base + i)->edge << (2 * i + 1);
	rig_write(&x->rig, v, rig_frame(t, base) + 0xc00 + base / 4, 4, val);
}

static void op_route(struct run *x, unsigned int v)
{
	unsigned int intid = some_irq(x);
	u32 route = rnd(x, x->rig.nr_cpus);

	if (intid < 32)
		return;
	if (!rnd(x, 3))
		route = 0x80000000;
	else if (!rnd(x, 12))
		route = 0x100 | rnd(x, 4); /* Aff1 1: nobody */
	snprintf(x->what, sizeof(x->what), "vcpu %u: route of %u = %#x", v, intid, route);
	rig_write(&x->rig, v, RIG_DIST + 0x6000 + 8 * intid, rnd(x, 2) ? 8 : 4, route);
	race(x, v, true);
	x->m.spi[intid].route = route;
}

static void op_ctlr(struct run *x, unsigned int v)
{
	u32 val = rnd(x, 8) ? 3 : rnd(x, 4);

	snprintf(x->what, sizeof(x->what), "vcpu %u: GICD_CTLR = %u", v, val);
	rig_write(&x->rig, v, RIG_DIST, 4, val);
	race(x, v, true);
	x->m.grp[0] = val & 1;
	x->m.grp[1] = val & 2;
	rig_kicks(&x->rig);
	if (rig_read(&x->rig, v, RIG_DIST, 4) != (val | 0x50))
		rig_fail(&x->rig, "GICD_CTLR differs (RWP?)");
}

static void op_sgi(struct run *x, unsigned int v)
{
	unsigned int intid = rnd(x, 16);
	u32 targets = ktap_random(&x->rnd) & 0xffff;
	bool all = !rnd(x, 4), any_group = rnd(x, 4), nobody = !rnd(x, 10);
	u64 val = (u64)intid << 24 | targets | (u64)all << 40;

	if (nobody && !all) {
		val |= 1ULL << (rnd(x, 2) ? 16 : 44); /* Aff1, or range selector */
		targets = 0;
	}
	targets &= (1U << x->rig.nr_cpus) - 1;
	snprintf(x->what, sizeof(x->what), "vcpu %u: SGI %#llx group1 %u", v,
		 (unsigned long long)val, any_group);
	rig_sgi(&x->rig, v, val, any_group);
	race(x, v, true);
	m_sgi(&x->m, v, intid, targets, all, any_group);
}

static void op_line(struct run *x, unsigned int v)
{
	unsigned int intid = some_irq(x), t = rnd(x, x->rig.nr_cpus);
	bool level = rnd(x, 2);
	bool was_in = x->rig.in[t];

	(void)v;
	if (intid < 16)
		return;
	snprintf(x->what, sizeof(x->what), "line of %u/%u = %u", t, intid, level);
	if (intid == 27) {
		/* The timer: EL2 looks at its output when the vCPU is out. */
		rig_leave(&x->rig, t);
		x->rig.wire[t] = level;
		vgic_set_line(&x->rig.g, t, 27, level, &x->rig.wake);
		m_line(&x->m, t, 27, level);
		if (was_in)
			rig_enter(&x->rig, t);
		return;
	}
	if (vgic_set_line(&x->rig.g, t, intid, level, &x->rig.wake))
		rig_fail(&x->rig, "vgic_set_line");
	/* Whether the level counts at an end of interrupt that comes now is a race. */
	if (!m_irq(&x->m, t, intid)->resample)
		race(x, x->rig.nr_cpus, true);
	m_line(&x->m, t, intid, level);
}

/* In the guest with an interrupt that is active and pending: nothing else may be queued for it. */
static bool comes_again(const struct run *x, unsigned int v)
{
	for (unsigned int i = 0; x->rig.in[v] && i < x->rig.sim[v].nr_lrs; i++)
		if (x->rig.sim[v].lr[i] >> 62 == 3)
			return true;
	return false;
}

static void op_waker(struct run *x, unsigned int v)
{
	unsigned int t = rnd(x, x->rig.nr_cpus);
	bool sleep = !rnd(x, 4);
	u64 addr;

	for (unsigned int i = rnd(x, 6) ? 0 : x->rig.nr_cpus; i--;) {
		if (i == v || x->m.cpu[i].asleep || !comes_again(x, i))
			continue;
		t = i;
		sleep = true;
	}
	addr = RIG_REDIST + t * 0x20000UL + 0x14;
	snprintf(x->what, sizeof(x->what), "vcpu %u: GICR_WAKER of %u = %u", v, t, sleep);
	rig_write(&x->rig, v, addr, 4, sleep << 1);
	race(x, v, true);
	x->m.cpu[t].asleep = sleep;
	rig_kicks(&x->rig);
	/* What it had active may be pending now, and must not be signalled. */
	if (sleep && x->rig.in[t])
		guest_eoi(x, t);
}

static void op_dir(struct run *x, unsigned int v)
{
	unsigned int intid = 0;

	if (!x->m.cpu[v].eoimode)
		return;
	for (unsigned int i = 0; i < 20; i++) {
		intid = some_irq(x);
		if (m_irq(&x->m, v, intid)->active && !m_in_service(&x->m, v, intid))
			break;
	}
	if (m_in_service(&x->m, v, intid))
		return;
	snprintf(x->what, sizeof(x->what), "vcpu %u: DIR %u", v, intid);
	rig_dir(&x->rig, v, intid);
	m_dir(&x->m, v, intid);
	rig_settle(&x->rig, v);
}

static void op_cpuif(struct run *x, unsigned int v)
{
	struct sim *s = &x->rig.sim[v];
	struct m_cpu *c = &x->m.cpu[v];
	unsigned int kind = rnd(x, 8), val = rnd(x, 256), group = rnd(x, 2);

	snprintf(x->what, sizeof(x->what), "vcpu %u: CPU interface %u %#x", v, kind, val);
	switch (kind) {
	case 0:
	case 1:
	case 2:
		if (rnd(x, 4))
			val = 0xff;
		sim_set_pmr(s, val);
		c->pmr = val & (0xff << (8 - x->m.pri_bits));
		break;
	case 3:
	case 4:
	case 5:
		c->en[group] = rnd(x, 6) > x->off;
		sim_set_grpen(s, group, c->en[group]);
		break;
	case 6:
		if (c->nr_run) /* what is active was acknowledged with the old one */
			return;
		val &= 7;
		sim_set_bpr(s, group, val);
		c->bpr[group] = MAX(val, 7 - x->m.pre_bits + group);
		break;
	case 7:
		if (c->nr_run)
			return;
		c->cbpr = rnd(x, 4) == 0;
		c->eoimode = rnd(x, 2);
		sim_set_ctlr(s, c->cbpr, c->eoimode);
		if (!x->tds || !c->eoimode) {
			/* In force for deactivation by other vCPUs at the next entry. */
			rig_leave(&x->rig, v);
			rig_enter(&x->rig, v);
		}
		break;
	}
	rig_settle(&x->rig, v);
	if (sim_rpr(s) != m_rpr(&x->m, v))
		rig_fail(&x->rig, "running priority differs");
}

static void op_power(struct run *x, unsigned int v)
{
	unsigned int kind = rnd(x, 400);

	snprintf(x->what, sizeof(x->what), "vcpu %u: power %u", v, kind);
	if (kind == 0) {
		for (unsigned int i = 0; i < x->rig.nr_cpus; i++)
			rig_leave(&x->rig, i);
		vgic_reset(&x->rig.g);
		m_reset(&x->m);
	} else if (kind < 10) {
		rig_leave(&x->rig, v);
		vgic_cpu_reset(&x->rig.cpu[v], &x->rig.wake);
		m_cpu_reset(&x->m, v);
	} else if (x->rig.in[v]) {
		rig_leave(&x->rig, v);
	} else {
		rig_enter(&x->rig, v);
	}
}

#endif
