// SPDX-License-Identifier: GPL-2.0-only
// LINK: vgic/vgic.c vgic/dist.c vgic/redist.c vgic/bank.c vgic/lr.c vgic/sgi.c
// LINK: vgic/queue.c vgic/cpuif.c tests/vgic_sim.c
/* The virtual timer's interrupt, whose list register names a physical one (HW = 1). */
#include "ktap.h"

#include "vgic_boot.h"

/* The virtual timer: PPI 27 with HW = 1, from the physical interrupt to its end. */
TEST(vgic_hw_timer)
{
	struct vgic_cpu *c = &rig.cpu[0];
	u64 lr;

	boot(1, 4);
	enable(0, 27, 0x80);
	rig_enter(&rig, 0);
	EXPECT_EQ(c->hw_active, 0);
	rig.wire[0] = true;
	rig_settle(&rig, 0); /* the physical interrupt takes the guest out */
	EXPECT_EQ(c->hw_active, 1u << 27);
	lr = rig.sim[0].lr[0];
	EXPECT_EQ((u32)lr, 27);
	EXPECT_EQ(lr >> 32 & 0x1fff, 27);
	EXPECT_EQ(lr >> 61, 3); /* pending, HW */

	/* Its line falls while it is pending: gone at the next entry. */
	rig_leave(&rig, 0);
	rig.wire[0] = false;
	line(0, 27, false);
	rig_enter(&rig, 0);
	EXPECT_EQ(c->hw.used_lrs, 0);
	EXPECT_EQ(c->hw_active, 0);

	rig.wire[0] = true;
	rig_settle(&rig, 0);
	EXPECT_EQ(ack(0), 27);
	/* Active, out and on another CPU, the line high all the time. */
	rig_leave(&rig, 0);
	rig_enter(&rig, 0);
	EXPECT_EQ(c->hw_active, 1u << 27);
	EXPECT_EQ(rig.sim[0].lr[0] >> 61, 5); /* active, HW: not pending as well */
	rig.wire[0] = false;
	eoi(0, 27);
	EXPECT(!rig.phys_active[0]);
	rig_leave(&rig, 0);
	rig_enter(&rig, 0);
	EXPECT_EQ(c->hw_active, 0);
	EXPECT(!rig.error);

	/* Disabled in the redistributor: silent, but the physical one has to be active. */
	rig_write(&rig, 0, rig_frame(0, 27) + 0x180, 4, 1u << 27);
	rig_leave(&rig, 0);
	rig.wire[0] = true;
	line(0, 27, true);
	rig_enter(&rig, 0);
	EXPECT_EQ(c->hw.used_lrs, 0);
	EXPECT_EQ(c->hw_active, 1u << 27);
	EXPECT(!rig.error);
}

/* Made pending by software while it is active: its next level is not lost with the second end. */
TEST(vgic_hw_timer_latched)
{
	boot(1, 4);
	enable(0, 27, 0x80);
	rig_enter(&rig, 0);
	rig.wire[0] = true;
	rig_settle(&rig, 0);
	EXPECT_EQ(ack(0), 27);
	rig.wire[0] = false; /* the guest's next deadline is later */
	rig_write(&rig, 0, rig_frame(0, 27) + 0x200, 4, 1u << 27);
	eoi(0, 27);
	EXPECT_EQ(ack(0), 27);
	eoi(0, 27);
	EXPECT(!rig.phys_active[0]);
	rig.wire[0] = true;
	rig_settle(&rig, 0);
	EXPECT_EQ(ack(0), 27);
	EXPECT(!rig.error);
}

/* The timer fires in the guest, and is taken and ended without an exit, @rounds times. */
static void take_timer(unsigned int rounds)
{
	rig.wire[0] = true;
	line(0, 27, true);
	rig_enter(&rig, 0);
	for (unsigned int i = 0; i < rounds; i++) {
		EXPECT_EQ(ack(0), 27);
		eoi(0, 27);
	}
}

TEST(vgic_lr_again)
{
	struct vgic_cpu *c = &rig.cpu[0];
	u32 tickets;
	u64 lr;

	boot(2, 2);
	enable(0, 27, 0x80);
	enable(0, 3, 0x80);
	enable(0, 4, 0x90);
	take_timer(1);
	EXPECT_EQ(rig.lr_again, 1);
	lr = rig.sim[0].lr[0];
	tickets = rig.g.lock.next;
	for (unsigned int i = 0; i < 5; i++) {
		EXPECT_EQ(ack(0), 27);
		/* Not before it has ended. */
		EXPECT_EQ(vgic_lr_again(c, 27, sim_elrsr(&rig.sim[0])), -1);
		eoi(0, 27);
		EXPECT_EQ(rig.sim[0].lr[0], lr);
	}
	EXPECT_EQ(rig.lr_again, 6);
	EXPECT_EQ(rig.g.lock.next, tickets);
	/* Somebody changes it: first that has to be done. */
	rig_write(&rig, 1, rig_frame(0, 27) + 0x400 + 27, 1, 0xa0);
	EXPECT_EQ(rig.wake, 1);
	EXPECT_EQ(vgic_lr_again(c, 27, 3), -1);
	rig_kicks(&rig);
	EXPECT_EQ(vgic_lr_again(c, 27, 3), 0);
	/* Others share the list registers, then there are too few. */
	enable(0, 4, 0xa8);
	rig_sgi(&rig, 0, 3ULL << 24 | 1, true);
	EXPECT_EQ(vgic_lr_again(c, 27, 3), 1);
	rig_sgi(&rig, 1, 4ULL << 24 | 1, true);
	rig_kicks(&rig);
	EXPECT_EQ(vgic_lr_again(c, 27, 3), -1);
	EXPECT_EQ(ack(0), 3);
	eoi(0, 3);
	rig_write(&rig, 0, rig_frame(0, 4) + 0x280, 4, 1U << 4);
	/* Made pending by software, too: that is used up by one acknowledge. */
	rig_write(&rig, 0, rig_frame(0, 27) + 0x200, 4, 1U << 27);
	EXPECT_EQ(vgic_lr_again(c, 27, 3), -1);
	/* Active as it was loaded: not pending by its level. */
	rig_write(&rig, 0, rig_frame(0, 27) + 0x280, 4, 1U << 27);
	rig_write(&rig, 0, rig_frame(0, 27) + 0x300, 4, 1U << 27);
	EXPECT_EQ(vgic_lr_again(c, 27, 3), -1);
	/* Not in the guest, nor in a list register. */
	rig_write(&rig, 0, rig_frame(0, 27) + 0x380, 4, 1U << 27);
	EXPECT_EQ(vgic_lr_again(c, 27, 3), 0);
	rig_leave(&rig, 0);
	EXPECT_EQ(vgic_lr_again(c, 27, 3), -1);
	EXPECT(!rig.error);
}
