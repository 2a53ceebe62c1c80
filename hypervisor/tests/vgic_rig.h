/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM's vGIC with vCPUs that run on simulated virtual CPU interfaces: the part that
 * arch/ has, for tests. Kicks are delivered by rig_kicks(), so a test can look at what
 * happens before they arrive.
 */
#ifndef TESTS_VGIC_RIG_H
#define TESTS_VGIC_RIG_H

#include <hyp/vgic.h>

#include "vgic_sim.h"

#define RIG_DIST 0x08000000UL
#define RIG_REDIST 0x080a0000UL

struct rig {
	struct vgic g;
	struct vgic_irq spi[VGIC_NR_SPIS];
	struct vgic_cpu cpu[VGIC_MAX_CPUS];
	struct sim sim[VGIC_MAX_CPUS];
	unsigned int nr_cpus;
	bool in[VGIC_MAX_CPUS]; /* in the guest */
	bool wire[VGIC_MAX_CPUS]; /* physical line of PPI 27 */
	bool phys_active[VGIC_MAX_CPUS];
	u32 wake; /* kicks under way */
	u32 woken; /* vCPUs outside the guest that were reported */
	unsigned int again; /* accesses that had to be repeated */
	unsigned int lr_again; /* timer interrupts that vgic_lr_again() gave */
	/* Ends of interrupt that reached the host. */
	void (*report)(struct rig *r, unsigned int intid);
	const char *error; /* an invariant that broke */
};

static inline void rig_fail(struct rig *r, const char *what)
{
	if (!r->error)
		r->error = what;
}

static inline void rig_collect(struct rig *r, unsigned int v)
{
	u64 lr[VGIC_MAX_LRS];

	while (vgic_eoi_due(&r->cpu[v])) {
		if (!vgic_eoi_report(&r->cpu[v], lr))
			rig_fail(r, "an end of interrupt is due, but not reported");
		for (unsigned int i = 0; i < VGIC_MAX_LRS; i++) {
			if (lr[i] && i >= r->cpu[v].hw.nr_lrs)
				rig_fail(r, "report behind the list registers");
			if (!(lr[i] >> 62) && (lr[i] >> 41 & 1) && !(lr[i] >> 61 & 1) && r->report)
				r->report(r, (u32)lr[i]);
		}
	}
}

static inline void rig_enter(struct rig *r, unsigned int v)
{
	struct vgic_cpu *c = &r->cpu[v];
	struct sim *s = &r->sim[v];

	if (r->in[v])
		return;
	rig_collect(r, v);
	vgic_flush(c);
	for (unsigned int i = 0; i < s->nr_lrs; i++) {
		bool used = i < c->hw.used_lrs;
		u64 lr = used ? c->hw.lr[i] : 0;

		s->lr[i] = lr;
		if (used && !(lr >> 62))
			rig_fail(r, "empty list register loaded");
		if (!(lr >> 61 & 1))
			continue;
		if (lr >> 62 == 3)
			rig_fail(r, "HW and pending and active");
		if ((lr >> 32 & 0x1fff) != (u32)lr || !(c->hw_active & BIT((u32)lr)))
			rig_fail(r, "HW without an active physical interrupt");
	}
	if (c->hw.used_lrs > s->nr_lrs)
		rig_fail(r, "more list registers than there are");
	s->hcr = c->hw.hcr;
	s->vmcr = c->hw.vmcr;
	memcpy(s->ap[0], c->hw.ap0r, sizeof(s->ap[0]));
	memcpy(s->ap[1], c->hw.ap1r, sizeof(s->ap[1]));
	s->hw_deactivated = 0;
	r->phys_active[v] = c->hw_active & BIT(27);
	r->in[v] = true;
	if (sim_misr(s))
		rig_fail(r, "maintenance interrupt right at entry");
	if (r->wire[v] && !r->phys_active[v])
		rig_fail(r, "physical timer interrupt right at entry");
}

static inline void rig_leave(struct rig *r, unsigned int v)
{
	struct vgic_cpu *c = &r->cpu[v];
	struct sim *s = &r->sim[v];

	if (!r->in[v])
		return;
	r->in[v] = false;
	for (unsigned int i = 0; i < c->hw.used_lrs; i++)
		c->hw.lr[i] = s->lr[i];
	c->hw.vmcr = s->vmcr;
	memcpy(c->hw.ap0r, s->ap[0], sizeof(s->ap[0]));
	memcpy(c->hw.ap1r, s->ap[1], sizeof(s->ap[1]));
	if (c->hw.hcr & (1 << 2))
		c->hw.hcr = s->hcr;
	vgic_sync(c, &r->wake);
	if (c->priv[27].hw)
		vgic_set_line(&r->g, v, 27, r->wire[v], &r->wake);
	rig_collect(r, v);
}

/* The timer fires. True: its list register is pending once more, and the guest goes on. */
static inline bool rig_again(struct rig *r, unsigned int v)
{
	struct sim *s = &r->sim[v];
	int n = vgic_lr_again(&r->cpu[v], 27, sim_elrsr(s));

	if (n < 0)
		return false;
	if ((u32)s->lr[n] != 27 || s->lr[n] >> 62)
		rig_fail(r, "another list register, or one that is not empty, becomes pending");
	s->lr[n] = r->cpu[v].hw.lr[n];
	r->phys_active[v] = true;
	r->lr_again++;
	return true;
}

/* What makes the guest leave by itself: maintenance, its timer. */
static inline void rig_settle(struct rig *r, unsigned int v)
{
	if (!r->in[v])
		return;
	if (r->sim[v].hw_deactivated & BIT(27))
		r->phys_active[v] = false;
	r->sim[v].hw_deactivated = 0;
	if (r->wire[v] && !r->phys_active[v] && r->cpu[v].priv[27].line)
		rig_again(r, v);
	if (sim_misr(&r->sim[v]) || (r->wire[v] && !r->phys_active[v])) {
		rig_leave(r, v);
		rig_enter(r, v);
	}
}

static inline void rig_kicks(struct rig *r)
{
	for (unsigned int round = 0; r->wake; round++) {
		unsigned int v = __builtin_ctz(r->wake);

		r->wake &= r->wake - 1;
		if (r->in[v]) {
			rig_leave(r, v);
			rig_enter(r, v);
		} else {
			r->woken |= BIT(v);
		}
		if (round > 100) {
			rig_fail(r, "kicks without end");
			return;
		}
	}
}

/* A trapped access, repeated as long as the vGIC says so. */
static inline bool rig_access(struct rig *r, unsigned int v, u64 addr, unsigned int size,
			      bool write, u64 *val)
{
	bool was_in = r->in[v], fault = true, ours;

	rig_leave(r, v);
	for (unsigned int round = 0;; round++) {
		u32 wake = 0;

		ours = vgic_access(&r->cpu[v], ipa(addr), size, write, val, &wake, &fault);
		r->wake |= wake;
		if (!ours || !r->cpu[v].again)
			break;
		r->again++;
		if (!wake || round > 16)
			rig_fail(r, "access repeated without end");
		if (r->error)
			break;
		rig_kicks(r);
	}
	if (ours && fault)
		rig_fail(r, "fault");
	rig_collect(r, v);
	if (was_in)
		rig_enter(r, v);
	return ours;
}

static inline u64 rig_read(struct rig *r, unsigned int v, u64 addr, unsigned int size)
{
	u64 val = 0xdeadbeefdeadbeef;

	if (!rig_access(r, v, addr, size, false, &val))
		rig_fail(r, "not in a frame");
	return val;
}

static inline void rig_write(struct rig *r, unsigned int v, u64 addr, unsigned int size, u64 val)
{
	if (!rig_access(r, v, addr, size, true, &val))
		rig_fail(r, "not in a frame");
}

static inline void rig_sgi(struct rig *r, unsigned int v, u64 sgir, bool group1)
{
	bool was_in = r->in[v];

	rig_leave(r, v);
	vgic_sgi(&r->cpu[v], sgir, group1, &r->wake);
	if (was_in)
		rig_enter(r, v);
}

/* ICC_DIR_EL1 as the guest writes it: traps if ICH_HCR_EL2 says so. */
static inline void rig_dir(struct rig *r, unsigned int v, unsigned int intid)
{
	if (sim_dir_traps(&r->sim[v])) {
		u64 val = intid;

		rig_leave(r, v);
		if (r->sim[v].hcr & (1 << 14))
			vgic_deactivate(&r->cpu[v], intid, &r->wake);
		else if (!vgic_icc_access(&r->cpu[v], VGIC_ICC_DIR, true, &val, &r->wake))
			rig_fail(r, "DIR is UNDEFINED");
		rig_enter(r, v);
	} else {
		sim_dir(&r->sim[v], intid);
	}
}

static inline void rig_init(struct rig *r, unsigned int nr_cpus, unsigned int nr_lrs,
			    unsigned int pri_bits, unsigned int pre_bits, bool tds)
{
	memset(r, 0xa5, sizeof(*r));
	vgic_setup(sim_vtr(nr_lrs, pri_bits, pre_bits, tds));
	vgic_init(&r->g, r->spi);
	vgic_set_dist(&r->g, ipa(RIG_DIST));
	vgic_set_redist(&r->g, ipa(RIG_REDIST));
	r->nr_cpus = nr_cpus;
	r->wake = r->woken = r->again = r->lr_again = 0;
	r->report = NULL;
	r->error = NULL;
	for (unsigned int v = 0; v < nr_cpus; v++) {
		vgic_cpu_init(&r->g, &r->cpu[v], v);
		vgic_cpu_map_hw(&r->cpu[v], 27);
		memset(&r->sim[v], 0, sizeof(r->sim[v]));
		r->sim[v].nr_lrs = nr_lrs;
		r->sim[v].pri_bits = pri_bits;
		r->sim[v].pre_bits = pre_bits;
		r->in[v] = r->wire[v] = r->phys_active[v] = false;
	}
}

/* Address of a register of one bit, two bits or a byte an INTID. */
static inline u64 rig_frame(unsigned int cpu, unsigned int intid)
{
	return intid < 32 ? RIG_REDIST + cpu * 0x20000UL + 0x10000 : RIG_DIST;
}

#endif
