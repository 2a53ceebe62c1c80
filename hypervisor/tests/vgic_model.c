// SPDX-License-Identifier: GPL-2.0-only
/* See vgic_model.h. */
#include "vgic_model.h"

#include <string.h>

struct m_irq *m_irq(struct model *m, unsigned int cpu, unsigned int intid)
{
	return intid < 32 ? &m->priv[cpu][intid] : &m->spi[intid];
}

static void irq_reset(struct m_irq *irq, bool sgi)
{
	struct m_irq old = *irq;

	memset(irq, 0, sizeof(*irq));
	irq->line = old.line;
	irq->resample = old.resample;
	irq->reports = old.reports;
	irq->edge = sgi;
}

void m_cpu_reset(struct model *m, unsigned int cpu)
{
	struct m_cpu *c = &m->cpu[cpu];

	memset(c, 0, sizeof(*c));
	c->bpr[0] = 7 - m->pre_bits;
	c->bpr[1] = 8 - m->pre_bits;
}

void m_reset(struct model *m)
{
	m->grp[0] = m->grp[1] = false;
	for (unsigned int cpu = 0; cpu < M_CPUS; cpu++) {
		m_cpu_reset(m, cpu);
		for (unsigned int i = 0; i < 32; i++)
			irq_reset(&m->priv[cpu][i], i < 16);
	}
	for (unsigned int i = 32; i < M_IRQS; i++)
		irq_reset(&m->spi[i], false);
}

void m_init(struct model *m, unsigned int pri_bits, unsigned int pre_bits)
{
	memset(m, 0, sizeof(*m));
	m->pri_bits = pri_bits;
	m->pre_bits = pre_bits;
	m_reset(m);
}

/* 4.1.2: level-sensitive follows the input, or was set by software. */
bool m_pending(const struct m_irq *irq)
{
	return irq->latch || (!irq->edge && irq->line);
}

void m_line(struct model *m, unsigned int cpu, unsigned int intid, bool level)
{
	struct m_irq *irq = m_irq(m, cpu, intid);

	if (irq->edge && level)
		irq->latch = true;
	irq->line = level;
}

void m_deactivate(struct m_irq *irq)
{
	if (irq->active && irq->resample && !irq->edge && irq->line)
		irq->reports++;
	irq->active = false;
}

void m_sgi(struct model *m, unsigned int cpu, unsigned int intid, uint32_t targets, bool all,
	   bool any_group)
{
	for (unsigned int i = 0; i < M_CPUS; i++) {
		struct m_irq *irq = &m->priv[i][intid];

		if (all ? i == cpu : !(targets >> i & 1))
			continue;
		if (irq->group1 && !any_group)
			continue;
		irq->latch = true;
	}
}

unsigned int m_rpr(const struct model *m, unsigned int cpu)
{
	const struct m_cpu *c = &m->cpu[cpu];

	return c->nr_run ? c->run[c->nr_run - 1].group_prio : 0xff;
}

/* 4.8.2 */
static unsigned int group_prio(const struct model *m, unsigned int cpu, const struct m_irq *irq)
{
	const struct m_cpu *c = &m->cpu[cpu];
	unsigned int sub;

	if (!irq->group1 || c->cbpr)
		sub = c->bpr[0] + 1;
	else
		sub = c->bpr[1];
	return irq->prio & ~((1U << sub) - 1);
}

/* Enabled, pending, not active, group forwarded by the distributor. */
static bool ready(const struct model *m, const struct m_irq *irq)
{
	return irq->enabled && m_pending(irq) && !irq->active && m->grp[irq->group1];
}

static bool is_1ofn(const struct m_irq *irq, unsigned int intid)
{
	return intid >= 32 && (irq->route & 0x80000000);
}

static bool routed(const struct m_irq *irq, unsigned int cpu, unsigned int intid)
{
	return intid < 32 || is_1ofn(irq, intid) || irq->route == cpu;
}

/* Could it be the highest priority pending interrupt of the PE: "must" but for 1-of-N. */
static bool candidate(struct model *m, unsigned int cpu, unsigned int intid)
{
	struct m_irq *irq = m_irq(m, cpu, intid);

	return ready(m, irq) && routed(irq, cpu, intid) && m->cpu[cpu].en[irq->group1];
}

/* Best priority of those that must be there; 256: none. */
static unsigned int best_must(struct model *m, unsigned int cpu)
{
	unsigned int best = 256;

	for (unsigned int i = 0; i < m->nr_used; i++) {
		struct m_irq *irq = m_irq(m, cpu, m->used[i]);

		if (!is_1ofn(irq, m->used[i]) && candidate(m, cpu, m->used[i]) && irq->prio < best)
			best = irq->prio;
	}
	return best;
}

bool m_hppi_allowed(struct model *m, unsigned int cpu, unsigned int intid)
{
	unsigned int best = best_must(m, cpu);

	if (m->cpu[cpu].asleep)
		return intid == M_NONE;
	if (intid == M_NONE)
		return best == 256;
	return candidate(m, cpu, intid) && m_irq(m, cpu, intid)->prio <= best;
}

static bool signals(struct model *m, unsigned int cpu, const struct m_irq *irq)
{
	return irq->prio < m->cpu[cpu].pmr && group_prio(m, cpu, irq) < m_rpr(m, cpu);
}

void m_takes(struct model *m, unsigned int cpu, bool *may, bool *must)
{
	bool asleep = m->cpu[cpu].asleep;
	unsigned int best = best_must(m, cpu);

	*may = false;
	*must = best != 256 && !asleep;
	for (unsigned int i = 0; i < m->nr_used; i++) {
		struct m_irq *irq = m_irq(m, cpu, m->used[i]);
		bool soft = is_1ofn(irq, m->used[i]);

		if (asleep) {
			/* GICR_WAKER: a wake request; 1-of-N goes to those awake. */
			if (ready(m, irq) && routed(irq, cpu, m->used[i]) && !soft)
				*may = *must = true;
			continue;
		}
		if (!candidate(m, cpu, m->used[i]) || irq->prio > best)
			continue;
		if (signals(m, cpu, irq))
			*may = true;
		else
			*must = false;
	}
}

bool m_ack(struct model *m, unsigned int cpu, unsigned int group, unsigned int intid)
{
	struct m_cpu *c = &m->cpu[cpu];
	struct m_irq *irq;

	if (intid == M_NONE) {
		unsigned int best = best_must(m, cpu);

		if (c->asleep || best == 256)
			return true;
		/* Some allowed choice gives it: another group, or nothing to signal. */
		for (unsigned int i = 0; i < m->nr_used; i++) {
			irq = m_irq(m, cpu, m->used[i]);
			if (candidate(m, cpu, m->used[i]) && irq->prio <= best &&
			    (irq->group1 != group || !signals(m, cpu, irq)))
				return true;
		}
		return false;
	}
	if (!m_hppi_allowed(m, cpu, intid))
		return false;
	irq = m_irq(m, cpu, intid);
	if (irq->group1 != group || !signals(m, cpu, irq))
		return false;
	c->run[c->nr_run++] = (struct m_running){ intid, group, group_prio(m, cpu, irq) };
	irq->latch = false;
	irq->active = true;
	return true;
}

void m_eoi(struct model *m, unsigned int cpu)
{
	struct m_cpu *c = &m->cpu[cpu];
	struct m_running *r = &c->run[--c->nr_run];

	if (!c->eoimode)
		m_deactivate(m_irq(m, cpu, r->intid));
}

void m_dir(struct model *m, unsigned int cpu, unsigned int intid)
{
	if (m->cpu[cpu].eoimode && intid < M_IRQS)
		m_deactivate(m_irq(m, cpu, intid));
}

bool m_in_service(struct model *m, unsigned int cpu, unsigned int intid)
{
	for (unsigned int i = 0; i < M_CPUS; i++) {
		if (intid < 32 && i != cpu)
			continue;
		for (unsigned int j = 0; j < m->cpu[i].nr_run; j++) {
			if (m->cpu[i].run[j].intid == intid)
				return true;
		}
	}
	return false;
}
