// SPDX-License-Identifier: GPL-2.0-only
// LINK: vgic/vgic.c vgic/dist.c vgic/redist.c vgic/bank.c vgic/lr.c vgic/sgi.c
// LINK: vgic/queue.c vgic/cpuif.c tests/vgic_sim.c tests/vgic_model.c
/*
 * Random operations on the vGIC and on the model beside it. After each one the state
 * that a guest can see has to be the model's (or one that the model allows).
 *
 * VGIC_MODEL_OPS: operations in all, VGIC_MODEL_SEED: where to start. A failure prints
 * seed, configuration and number of the operation.
 */
#include "ktap.h"

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
	unsigned int off; /* how often CPU interfaces have a group disabled: x / 6 */
	unsigned long acks, drained, races;
};

static struct run run;

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
	if (!rnd(x, 12))
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
	unsigned int base = intid & ~31U, t = rnd(x, x->rig.nr_cpus);
	u32 used = used_bits(x, base), bits = used & ktap_random(&x->rnd);
	bool active_reg = reg >= 0x300;

	if (rnd(x, 3))
		bits &= ktap_random(&x->rnd) >> 7;
	if (!rnd(x, 2))
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
	if (!rnd(x, 4))
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

static void op_waker(struct run *x, unsigned int v)
{
	unsigned int t = rnd(x, x->rig.nr_cpus);
	bool sleep = !rnd(x, 4);
	u64 addr = RIG_REDIST + t * 0x20000UL + 0x14;

	snprintf(x->what, sizeof(x->what), "vcpu %u: GICR_WAKER of %u = %u", v, t, sleep);
	rig_write(&x->rig, v, addr, 4, sleep << 1);
	race(x, v, true);
	x->m.cpu[t].asleep = sleep;
	rig_kicks(&x->rig);
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
		/* In force for deactivation by other vCPUs at the next entry. */
		rig_leave(&x->rig, v);
		rig_enter(&x->rig, v);
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

/*
 * A 1-of-N interrupt goes to one of those that take part, whichever. If all of them are in
 * the guest and none has anything pending, and no other one holds it, it hangs.
 */
static void check_1ofn(struct run *x, unsigned int intid)
{
	const struct m_irq *irq = &x->m.spi[intid];
	unsigned int idle = 0;

	if (!(irq->route & 0x80000000) || !irq->enabled || irq->active || !m_pending(irq) ||
	    !x->m.grp[irq->group1])
		return;
	for (unsigned int v = 0; v < x->rig.nr_cpus; v++) {
		const struct sim *s = &x->rig.sim[v];
		bool takes_part = !x->m.cpu[v].asleep && x->m.cpu[v].en[irq->group1];

		for (unsigned int i = 0; x->rig.in[v] && i < s->nr_lrs; i++)
			if ((u32)s->lr[i] == intid && s->lr[i] >> 62)
				return;
		if (takes_part && (!x->rig.in[v] || sim_hppi(s) >= 0))
			return;
		idle += takes_part;
	}
	if (idle) {
		printf("# INTID %u\n", intid);
		rig_fail(&x->rig, "1-of-N interrupt does not reach an idle vCPU");
	}
}

static void check(struct run *x)
{
	for (unsigned int v = 0; v < x->rig.nr_cpus; v++) {
		bool may, must, got;
		unsigned int intid = M_NONE;
		int lr;

		if (x->rig.in[v]) {
			lr = sim_hppi(&x->rig.sim[v]);
			if (lr >= 0)
				intid = (u32)x->rig.sim[v].lr[lr];
			if (!m_hppi_allowed(&x->m, v, intid)) {
				printf("# vcpu %u: %u\n", v, intid);
				rig_fail(&x->rig, "highest pending interrupt differs");
			}
			continue;
		}
		m_takes(&x->m, v, &may, &must);
		got = vgic_pending(&x->rig.cpu[v]);
		if (got ? !may : must) {
			printf("# vcpu %u: %u, may %u, must %u\n", v, got, may, must);
			rig_fail(&x->rig, "vgic_pending() differs");
		}
	}
	for (unsigned int i = 0; i < x->m.nr_used; i++) {
		if (x->m.used[i] < 32)
			continue;
		check_1ofn(x, x->m.used[i]);
		if (x->m.spi[x->m.used[i]].reports)
			rig_fail(&x->rig, "ends of interrupt and reports differ");
	}
}

/*
 * Everything that is pending gets through in the end: all lines low, all priorities
 * unmasked, all vCPUs take interrupts until there is none.
 */
static void drain(struct run *x)
{
	struct model *m = &x->m;
	bool progress = true;

	snprintf(x->what, sizeof(x->what), "drain");
	rig_write(&x->rig, 0, RIG_DIST, 4, 3);
	m->grp[0] = m->grp[1] = true;
	rig_kicks(&x->rig);
	for (unsigned int v = 0; v < x->rig.nr_cpus; v++) {
		rig_enter(&x->rig, v);
		rig_write(&x->rig, v, RIG_REDIST + v * 0x20000UL + 0x14, 4, 0);
		m->cpu[v].asleep = false;
		m->cpu[v].en[0] = m->cpu[v].en[1] = true;
		m->cpu[v].pmr = 0xff & (0xff << (8 - m->pri_bits));
		sim_set_grpen(&x->rig.sim[v], 0, true);
		sim_set_grpen(&x->rig.sim[v], 1, true);
		sim_set_pmr(&x->rig.sim[v], 0xff);
		rig_settle(&x->rig, v);
		rig_kicks(&x->rig);
		while (m->cpu[v].nr_run)
			guest_eoi(x, v);
		rig_kicks(&x->rig);
		x->rig.wire[v] = false;
		rig_leave(&x->rig, v);
		m_line(m, v, 27, false);
		rig_enter(&x->rig, v);
	}
	for (unsigned int i = 0; i < m->nr_used; i++) {
		unsigned int intid = m->used[i];

		for (unsigned int v = 0; v < (intid < 32 ? x->rig.nr_cpus : 1); v++) {
			struct m_irq *irq = m_irq(m, v, intid);

			if (intid >= 16 && intid != 27 && irq->line) {
				vgic_set_line(&x->rig.g, v, intid, false, &x->rig.wake);
				irq->line = false;
			}
			rig_kicks(&x->rig);
			if (irq->active) {
				rig_write(&x->rig, v,
					  rig_frame(v, intid) + 0x380 + intid / 32 * 4, 4,
					  1U << (intid % 32));
				m_deactivate(irq);
			}
			/* The lowest priority is never above PMR's highest value. */
			if (irq->prio >= m->cpu[0].pmr) {
				irq->prio = 0x80;
				rig_write(&x->rig, v, rig_frame(v, intid) + 0x400 + intid, 1, 0x80);
			}
			rig_kicks(&x->rig);
		}
	}
	for (unsigned int round = 0; progress && !x->rig.error; round++) {
		progress = false;
		for (unsigned int v = 0; v < x->rig.nr_cpus; v++) {
			for (unsigned int group = 0; group < 2; group++) {
				unsigned long before = x->acks;

				guest_ack(x, v, group);
				if (x->acks == before)
					continue;
				progress = true;
				x->drained++;
				if (m->cpu[v].eoimode) {
					unsigned int intid =
						m->cpu[v].run[m->cpu[v].nr_run - 1].intid;

					guest_eoi(x, v);
					rig_dir(&x->rig, v, intid);
					m_dir(m, v, intid);
					rig_settle(&x->rig, v);
				} else {
					guest_eoi(x, v);
				}
				rig_kicks(&x->rig);
			}
		}
		if (round > 5000)
			rig_fail(&x->rig, "drain without end");
	}
	check(x);
	for (unsigned int i = 0; i < m->nr_used; i++) {
		unsigned int intid = m->used[i];

		for (unsigned int v = 0; v < (intid < 32 ? x->rig.nr_cpus : 1); v++) {
			struct m_irq *irq = m_irq(m, v, intid);
			bool somebody = intid < 32 || (irq->route & 0x80000000) ||
					irq->route < x->rig.nr_cpus;

			if (irq->enabled && m_pending(irq) && somebody) {
				printf("# INTID %u of vcpu %u\n", intid, v);
				rig_fail(&x->rig, "interrupt lost");
			}
		}
	}
}

static void step(struct run *x)
{
	unsigned int v = rnd(x, x->rig.nr_cpus), kind = rnd(x, 100);
	bool may[M_CPUS], must, was_in[M_CPUS];

	for (unsigned int i = 0; i < x->rig.nr_cpus; i++) {
		was_in[i] = x->rig.in[i];
		if (!was_in[i])
			m_takes(&x->m, i, &may[i], &must);
	}
	x->rig.woken = 0;
	if (kind < 45) {
		if (!x->rig.in[v]) {
			rig_enter(&x->rig, v);
			snprintf(x->what, sizeof(x->what), "vcpu %u enters", v);
		} else if (kind < 20) {
			snprintf(x->what, sizeof(x->what), "vcpu %u: ack", v);
			guest_ack(x, v, rnd(x, 2));
		} else if (kind < 32) {
			snprintf(x->what, sizeof(x->what), "vcpu %u: eoi", v);
			guest_eoi(x, v);
		} else if (kind < 37) {
			op_dir(x, v);
		} else {
			op_cpuif(x, v);
		}
	} else if (kind < 60) {
		op_bits(x, v);
	} else if (kind < 64) {
		op_read(x, v);
	} else if (kind < 68) {
		op_priority(x, v);
	} else if (kind < 70) {
		op_config(x, v);
	} else if (kind < 73) {
		op_route(x, v);
	} else if (kind < 74) {
		op_ctlr(x, v);
	} else if (kind < 80) {
		op_sgi(x, v);
	} else if (kind < 94) {
		op_line(x, v);
	} else if (kind < 95) {
		op_waker(x, v);
	} else {
		op_power(x, v);
	}
	rig_kicks(&x->rig);
	check(x);
	for (unsigned int i = 0; i < x->rig.nr_cpus; i++) {
		bool may_now, must_now;

		if (was_in[i] || x->rig.in[i] || i == v || may[i])
			continue;
		m_takes(&x->m, i, &may_now, &must_now);
		if (must_now && !(x->rig.woken >> i & 1)) {
			printf("# vcpu %u\n", i);
			rig_fail(&x->rig, "nobody woke the vCPU");
		}
	}
}

static void set_up(struct run *x, const struct config *cfg, u64 seed)
{
	static const unsigned int spis[][2] = { { 32, 48 }, { 500, 508 }, { 1012, 1020 } };
	struct model *m = &x->m;

	x->rnd = seed * 0x9e3779b97f4a7c15ULL + 1;
	x->acks = x->drained = x->races = 0;
	x->off = 0;
	rig_init(&x->rig, cfg->nr_cpus, cfg->nr_lrs, cfg->pri_bits, cfg->pre_bits, cfg->tds);
	x->rig.report = report;
	m_init(m, cfg->pri_bits, cfg->pre_bits);
	for (unsigned int i = 0; i < 32; i++)
		m->used[m->nr_used++] = i;
	for (unsigned int k = 0; k < ARRAY_SIZE(spis); k++) {
		for (unsigned int i = spis[k][0]; i < spis[k][1]; i++) {
			m->used[m->nr_used++] = i;
			if (i % 4 == 1) {
				vgic_set_resample(&x->rig.g, i, true);
				m->spi[i].resample = true;
			}
		}
	}
}

static void play(const struct config *cfg, unsigned long ops)
{
	const char *env = getenv("VGIC_MODEL_SEED");
	u64 seed = env ? strtoull(env, NULL, 0) : 1;
	unsigned int again = 0;
	struct run *x = &run;

	set_up(x, cfg, seed);
	for (unsigned long n = 0; n < ops; n++) {
		if (n % 4096 == 4095) {
			drain(x);
			x->off = rnd(x, 4) ? 0 : 4;
		} else {
			step(x);
		}
		if (!x->rig.error)
			continue;
		KTAP_FAIL("seed %llu, %u vCPUs, %u list registers, operation %lu, %s: %s",
			  (unsigned long long)seed, cfg->nr_cpus, cfg->nr_lrs, n, x->what,
			  x->rig.error);
		return;
	}
	again = x->rig.again;
	printf("# seed %llu: %lu operations, %lu interrupts taken, %lu drained, %lu races, %u repeated accesses\n",
	       (unsigned long long)seed, ops, x->acks, x->drained, x->races, again);
	EXPECT(x->acks > ops / 40);
	EXPECT(ops < 10000 || x->drained);
	EXPECT(ops < 10000 || cfg->nr_cpus == 1 || (x->races && again));
}

static unsigned long ops(unsigned int part)
{
	const char *env = getenv("VGIC_MODEL_OPS");
	unsigned long all = env ? strtoul(env, NULL, 0) : 200000;

	return all * part / 100;
}

TEST(vgic_model_1_lr)
{
	play(&(struct config){ 8, 1, 5, 5, true }, ops(20));
}

TEST(vgic_model_2_lrs)
{
	play(&(struct config){ 8, 2, 7, 6, true }, ops(20));
}

TEST(vgic_model_4_lrs)
{
	play(&(struct config){ 8, 4, 5, 5, true }, ops(25));
}

TEST(vgic_model_4_lrs_without_tds)
{
	play(&(struct config){ 3, 4, 8, 7, false }, ops(10));
}

TEST(vgic_model_16_lrs)
{
	play(&(struct config){ 8, 16, 5, 5, true }, ops(15));
}

TEST(vgic_model_1_vcpu)
{
	play(&(struct config){ 1, 2, 5, 5, true }, ops(10));
}
