/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM of vgic_rig.h that has booted, and what the tests of single rules do with it. */
#ifndef TESTS_VGIC_BOOT_H
#define TESTS_VGIC_BOOT_H

#include "vgic_rig.h"

static struct rig rig;

static inline u64 spi_reg(unsigned int reg, unsigned int intid)
{
	return rig_frame(0, intid) + reg + intid / 32 * 4;
}

/* A VM whose CPU interfaces take everything; GICD_CTLR has both groups on. */
static inline void boot(unsigned int nr_cpus, unsigned int nr_lrs)
{
	rig_init(&rig, nr_cpus, nr_lrs, 5, 5, true);
	rig_write(&rig, 0, RIG_DIST, 4, 3);
	for (unsigned int v = 0; v < nr_cpus; v++)
		rig.cpu[v].hw.vmcr |= 0xf8000003;
}

static inline void enable(unsigned int cpu, unsigned int intid, unsigned int prio)
{
	u64 frame = rig_frame(cpu, intid);

	rig_write(&rig, 0, frame + 0x400 + intid, 1, prio);
	rig_write(&rig, 0, frame + 0x80 + intid / 32 * 4, 4, ~0ULL); /* group 1 */
	rig_write(&rig, 0, frame + 0x100 + intid / 32 * 4, 4, 1ULL << intid % 32);
}

static inline void line(unsigned int cpu, unsigned int intid, bool level)
{
	EXPECT_EQ(vgic_set_line(&rig.g, cpu, intid, level, &rig.wake), 0);
}

static inline unsigned int ack(unsigned int v)
{
	unsigned int intid = sim_iar(&rig.sim[v], 1);

	rig_settle(&rig, v);
	return intid;
}

static inline void eoi(unsigned int v, unsigned int intid)
{
	sim_eoir(&rig.sim[v], 1, intid);
	rig_settle(&rig, v);
}

#endif
