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

#include "vgic_model_ops.h"

static struct run run;

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
			if (takes_part && (u32)s->lr[i] == intid && s->lr[i] >> 62)
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
				rig_write(&x->rig, v, rig_frame(v, intid) + 0x380 + intid / 32 * 4,
					  4, 1U << (intid % 32));
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
	if (x->quiet) {
		/* Most is one vCPU's, which takes its interrupt again and again. */
		x->quiet--;
		if (rnd(x, 8))
			v = 0;
		if (rnd(x, 8))
			kind = rnd(x, 32);
	}
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
	x->off = x->quiet = 0;
	x->tds = cfg->tds;
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
			x->quiet = 512;
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
	printf("# seed %llu: %lu operations, %lu interrupts taken, %lu drained, %lu races, "
	       "%u repeated accesses, %u timer interrupts in the same list register\n",
	       (unsigned long long)seed, ops, x->acks, x->drained, x->races, again, x->rig.lr_again);
	EXPECT(x->acks > ops / 40);
	EXPECT(ops < 100000 || (x->drained && x->rig.lr_again > ops / 10000));
	EXPECT(ops < 10000 || cfg->nr_cpus == 1 || (x->races && again));
}

static unsigned long ops(unsigned int part)
{
	const char *env = getenv("VGIC_MODEL_OPS");
	unsigned long all = env ? strtoul(env, NULL, 0) : 2000000;

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
