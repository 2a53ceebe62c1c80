// SPDX-License-Identifier: GPL-2.0-only
/* See vgic_sim.h. */
#include "vgic_sim.h"

#define PENDING (1ULL << 62)
#define ACTIVE (1ULL << 63)
#define HW (1ULL << 61)
#define GROUP (1ULL << 60)
#define EOI (1ULL << 41)

static unsigned int lr_prio(uint64_t lr)
{
	return (lr >> 48) & 0xff;
}

static unsigned int lr_group(uint64_t lr)
{
	return !!(lr & GROUP);
}

uint64_t sim_vtr(unsigned int nr_lrs, unsigned int pri_bits, unsigned int pre_bits, bool tds)
{
	return (nr_lrs - 1) | (uint64_t)tds << 19 | 1ULL << 21 | (uint64_t)(pre_bits - 1) << 26 |
	       (uint64_t)(pri_bits - 1) << 29;
}

int sim_hppi(const struct sim *s)
{
	int best = -1;

	for (unsigned int i = 0; i < s->nr_lrs; i++) {
		uint64_t lr = s->lr[i];

		if ((lr & (PENDING | ACTIVE)) != PENDING)
			continue;
		if (!(s->vmcr >> lr_group(lr) & 1))
			continue;
		if (best < 0 || lr_prio(lr) < lr_prio(s->lr[best]))
			best = i;
	}
	return best;
}

unsigned int sim_rpr(const struct sim *s)
{
	for (unsigned int level = 0; level < 1U << s->pre_bits; level++) {
		if ((s->ap[0][level / 32] | s->ap[1][level / 32]) >> (level % 32) & 1)
			return level << (8 - s->pre_bits);
	}
	return 0xff;
}

static unsigned int group_prio(const struct sim *s, unsigned int prio, unsigned int group)
{
	unsigned int bpr0 = (s->vmcr >> 21) & 7, bpr1 = (s->vmcr >> 18) & 7;
	unsigned int low; /* bits of subpriority */

	if (group == 0 || (s->vmcr & (1 << 4)))
		low = bpr0 + 1;
	else
		low = bpr1;
	return prio >> low << low;
}

bool sim_signals(const struct sim *s, int i)
{
	if (!(s->hcr & 1) || i < 0)
		return false;
	return lr_prio(s->lr[i]) < ((s->vmcr >> 24) & 0xff) &&
	       group_prio(s, lr_prio(s->lr[i]), lr_group(s->lr[i])) < sim_rpr(s);
}

unsigned int sim_iar(struct sim *s, unsigned int group)
{
	int i = sim_hppi(s);
	unsigned int level;

	if (!sim_signals(s, i) || lr_group(s->lr[i]) != group)
		return 1023;
	level = group_prio(s, lr_prio(s->lr[i]), group) >> (8 - s->pre_bits);
	s->ap[group][level / 32] |= 1U << (level % 32);
	s->lr[i] = (s->lr[i] & ~PENDING) | ACTIVE;
	return (uint32_t)s->lr[i];
}

static void deactivate(struct sim *s, unsigned int intid)
{
	for (unsigned int i = 0; i < s->nr_lrs; i++) {
		if ((uint32_t)s->lr[i] != intid || !(s->lr[i] & ACTIVE))
			continue;
		s->lr[i] &= ~ACTIVE;
		if (s->lr[i] & HW)
			s->hw_deactivated |= 1U << ((s->lr[i] >> 32) & 0x1f);
		return;
	}
	s->hcr += 1ULL << 27; /* EOIcount */
}

void sim_eoir(struct sim *s, unsigned int group, unsigned int intid)
{
	(void)group;
	if (intid >= 1020)
		return;
	for (unsigned int level = 0; level < 1U << s->pre_bits; level++) {
		uint32_t bit = 1U << (level % 32);

		if (!((s->ap[0][level / 32] | s->ap[1][level / 32]) & bit))
			continue;
		s->ap[0][level / 32] &= ~bit;
		s->ap[1][level / 32] &= ~bit;
		break;
	}
	if (!(s->vmcr & (1 << 9)))
		deactivate(s, intid);
}

bool sim_dir_traps(const struct sim *s)
{
	return s->hcr & (1 << 14 | 1 << 10);
}

void sim_dir(struct sim *s, unsigned int intid)
{
	if ((s->vmcr & (1 << 9)) && intid < 1020)
		deactivate(s, intid);
}

uint32_t sim_misr(const struct sim *s)
{
	unsigned int valid = 0, pending = 0;
	uint32_t misr = 0;

	for (unsigned int i = 0; i < s->nr_lrs; i++) {
		uint64_t state = s->lr[i] & (PENDING | ACTIVE);

		valid += state != 0;
		pending += state == PENDING;
		if (!state && !(s->lr[i] & HW) && (s->lr[i] & EOI))
			misr |= 1 << 0;
	}
	if ((s->hcr & (1 << 1)) && valid <= 1)
		misr |= 1 << 1;
	if ((s->hcr & (1 << 2)) && (s->hcr >> 27))
		misr |= 1 << 2;
	if ((s->hcr & (1 << 3)) && !pending)
		misr |= 1 << 3;
	if ((s->hcr & (1 << 4)) && (s->vmcr & 1))
		misr |= 1 << 4;
	if ((s->hcr & (1 << 5)) && !(s->vmcr & 1))
		misr |= 1 << 5;
	if ((s->hcr & (1 << 6)) && (s->vmcr & 2))
		misr |= 1 << 6;
	if ((s->hcr & (1 << 7)) && !(s->vmcr & 2))
		misr |= 1 << 7;
	return s->hcr & 1 ? misr : 0;
}

uint32_t sim_elrsr(const struct sim *s)
{
	uint32_t empty = 0;

	for (unsigned int i = 0; i < s->nr_lrs; i++) {
		uint64_t lr = s->lr[i];

		if (!(lr & (PENDING | ACTIVE)) && ((lr & HW) || !(lr & EOI)))
			empty |= 1U << i;
	}
	return empty;
}

static void set_field(struct sim *s, unsigned int shift, uint64_t mask, uint64_t v)
{
	s->vmcr = (s->vmcr & ~(mask << shift)) | (v & mask) << shift;
}

void sim_set_pmr(struct sim *s, unsigned int v)
{
	set_field(s, 24, 0xff, v & (0xff << (8 - s->pri_bits)));
}

void sim_set_bpr(struct sim *s, unsigned int group, unsigned int v)
{
	unsigned int min = 7 - s->pre_bits + group;

	set_field(s, group ? 18 : 21, 7, v < min ? min : v);
}

void sim_set_grpen(struct sim *s, unsigned int group, bool on)
{
	set_field(s, group, 1, on);
}

void sim_set_ctlr(struct sim *s, bool cbpr, bool eoimode)
{
	set_field(s, 4, 1, cbpr);
	set_field(s, 9, 1, eoimode);
}
