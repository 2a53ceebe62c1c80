// SPDX-License-Identifier: GPL-2.0-only
// LINK: vgic/vgic.c vgic/dist.c vgic/redist.c vgic/bank.c vgic/lr.c vgic/sgi.c
// LINK: vgic/queue.c vgic/cpuif.c tests/vgic_sim.c
/*
 * Interrupts of the vGIC from input to end, one rule a test. The model test beside this
 * one covers their mixtures; here are the cases that it cannot see, or cannot name.
 */
#include "ktap.h"

#include "vgic_boot.h"

static unsigned int reported[8], nr_reported;

static void report(struct rig *r, unsigned int intid)
{
	(void)r;
	if (nr_reported < ARRAY_SIZE(reported))
		reported[nr_reported++] = intid;
}

TEST(vgic_idle_takes_no_lock)
{
	struct vgic_cpu *c = &rig.cpu[0];
	u32 tickets, wake = 0;

	boot(8, 4);
	tickets = rig.g.lock.next;
	vgic_flush(c);
	EXPECT_EQ(c->hw.used_lrs, 0);
	EXPECT_EQ(c->hw.hcr, 1 | 1 << 14); /* En, TDIR */
	vgic_sync(c, &wake);
	EXPECT(!vgic_pending(c));
	EXPECT_EQ(rig.g.lock.next, tickets);
	EXPECT_EQ(wake, 0);
}

TEST(vgic_flush_twice)
{
	boot(1, 4);
	enable(0, 40, 0x80);
	line(0, 40, true);
	vgic_flush(&rig.cpu[0]);
	EXPECT_PANIC(vgic_flush(&rig.cpu[0]), "used_lrs");
}

TEST(vgic_line_arguments)
{
	boot(2, 4);
	EXPECT_EQ(vgic_set_line(&rig.g, 0, 15, true, &rig.wake), -22);
	EXPECT_EQ(vgic_set_line(&rig.g, 0, 1020, true, &rig.wake), -22);
	EXPECT_EQ(vgic_set_line(&rig.g, 2, 16, true, &rig.wake), -22);
	EXPECT_EQ(vgic_set_line(&rig.g, 99, 16, true, &rig.wake), -22);
	EXPECT_EQ(vgic_set_line(&rig.g, 99, 32, true, &rig.wake), 0);
	EXPECT_EQ(vgic_set_line(&rig.g, 1, 31, true, &rig.wake), 0);
	EXPECT_EQ(vgic_set_resample(&rig.g, 31, true), -22);
	EXPECT_EQ(vgic_set_resample(&rig.g, 1020, true), -22);
	EXPECT_EQ(vgic_set_resample(&rig.g, 1019, true), 0);
	EXPECT_EQ(rig.wake, 0);
}

/* Only the vCPU concerned is woken, and only if it would take the interrupt. */
TEST(vgic_wake_bitmap)
{
	boot(8, 4);
	enable(0, 40, 0x80);
	rig_write(&rig, 0, RIG_DIST + 0x6000 + 8 * 40, 8, 5);
	rig.wake = 0;
	line(0, 40, true);
	EXPECT_EQ(rig.wake, 1 << 5);
	EXPECT(vgic_pending(&rig.cpu[5]));
	EXPECT(!vgic_pending(&rig.cpu[0]));
	rig.wake = 0;
	line(0, 40, true); /* nothing new */
	EXPECT_EQ(rig.wake, 0);
	line(0, 40, false);
	EXPECT(!vgic_pending(&rig.cpu[5]));
	rig.cpu[5].hw.vmcr &= ~0xff000000ULL; /* PMR masks it: not woken */
	line(0, 40, true);
	EXPECT_EQ(rig.wake, 0);
	EXPECT(!vgic_pending(&rig.cpu[5]));
	rig.cpu[5].hw.vmcr |= 0xff000000;
	EXPECT(vgic_pending(&rig.cpu[5]));
	/* Inside the guest it is kicked whatever its registers said at its last exit. */
	line(0, 40, false);
	rig.cpu[5].hw.vmcr &= ~0xff000000ULL;
	rig_enter(&rig, 5);
	rig.wake = 0;
	line(0, 40, true);
	EXPECT_EQ(rig.wake, 1 << 5);
}

TEST(vgic_sgi_targets)
{
	boot(8, 4);
	for (unsigned int v = 0; v < 8; v++)
		enable(v, 3, 0x80);
	rig.wake = 0;
	rig_sgi(&rig, 2, 3ULL << 24 | 0xff11, true); /* list: 0 and 4; 8 to 15 do not exist */
	EXPECT_EQ(rig.wake, 0x11);
	rig_enter(&rig, 0);
	EXPECT_EQ(ack(0), 3);
	rig.wake = 0;
	rig_sgi(&rig, 2, 3ULL << 24 | 0xff | 1ULL << 44, true); /* Aff0 16 to 23 */
	rig_sgi(&rig, 2, 3ULL << 24 | 0xff | 1ULL << 16, true);
	rig_sgi(&rig, 2, 3ULL << 24 | 0xff | 1ULL << 32, true);
	rig_sgi(&rig, 2, 3ULL << 24 | 0xff | 1ULL << 48, true);
	rig_sgi(&rig, 2, 3ULL << 24 | 0xff, false); /* ICC_SGI0R: group 0 only */
	EXPECT_EQ(rig.wake, 0);
	rig_sgi(&rig, 2, 3ULL << 24 | 1ULL << 40, true);
	EXPECT_EQ(rig.wake, 0xeb); /* not itself, not 4: pending already; 0 is in the guest */
	/* Itself: no bit, since it is here, but pending. */
	rig.wake = 0;
	rig_sgi(&rig, 2, 3ULL << 24 | 1 << 2, true);
	EXPECT_EQ(rig.wake, 0);
	EXPECT(vgic_pending(&rig.cpu[2]));
}

/* An interrupt of group 0 is an FIQ: Group is 0 in its list register. */
TEST(vgic_group0)
{
	boot(1, 4);
	enable(0, 40, 0x80);
	rig_write(&rig, 0, spi_reg(0x80, 40), 4, 0);
	line(0, 40, true);
	rig_enter(&rig, 0);
	EXPECT_EQ(rig.sim[0].lr[0] >> 60 & 1, 0);
	EXPECT_EQ(sim_iar(&rig.sim[0], 1), 1023);
	EXPECT_EQ(sim_iar(&rig.sim[0], 0), 40);
}

/* 20 pending, 1 list register: all are taken, in the order of their priorities. */
TEST(vgic_more_than_fit)
{
	boot(1, 1);
	for (unsigned int i = 0; i < 20; i++) {
		enable(0, 40 + i, 0xf0 - 8 * i);
		line(0, 40 + i, true);
	}
	rig_enter(&rig, 0);
	for (unsigned int i = 20; i-- > 0;) {
		EXPECT_EQ(ack(0), 40 + i);
		line(0, 40 + i, false);
		rig_kicks(&rig);
		eoi(0, 40 + i);
	}
	EXPECT_EQ(ack(0), 1023);
	EXPECT(!rig.error);
}

/* 20 nested ones, of which 1 fits: each end finds its own (EOIcount). */
TEST(vgic_nested_spill)
{
	rig_init(&rig, 1, 1, 5, 5, true);
	rig_write(&rig, 0, RIG_DIST, 4, 3);
	rig.cpu[0].hw.vmcr |= 0xf8000003;
	rig_enter(&rig, 0);
	for (unsigned int i = 0; i < 20; i++) {
		enable(0, 40 + i, 0xf0 - 8 * i);
		line(0, 40 + i, true);
		rig_kicks(&rig);
		/* BPR1 is 3: all 5 bits preempt. */
		EXPECT_EQ(ack(0), 40 + i);
		line(0, 40 + i, false);
		rig_kicks(&rig);
	}
	for (unsigned int i = 20; i-- > 0;) {
		EXPECT_EQ(rig_read(&rig, 0, spi_reg(0x300, 40), 4) >> 8 & 0xffffff,
			  ((1U << (i + 1)) - 1) & 0xffffff);
		eoi(0, 40 + i);
	}
	EXPECT_EQ(rig_read(&rig, 0, spi_reg(0x300, 40), 4), 0);
	EXPECT(!rig.error);
}

/* Three of one priority whose lines stay high, and two list registers. */
TEST(vgic_takes_turns)
{
	boot(1, 2);
	for (unsigned int i = 0; i < 3; i++) {
		enable(0, 40 + i, 0x80);
		line(0, 40 + i, true);
	}
	rig_enter(&rig, 0);
	for (unsigned int i = 0; i < 9; i++) {
		EXPECT_EQ(ack(0), 40 + i % 3);
		eoi(0, 40 + i % 3);
	}
	EXPECT(!rig.error);
}

/* The more urgent one cannot preempt, for its group's binary point; it hid one that can. */
TEST(vgic_group_off_wakes)
{
	boot(2, 4);
	enable(0, 3, 0x48);
	enable(0, 4, 0x50);
	rig_write(&rig, 0, rig_frame(0, 3) + 0x80, 4, ~(1U << 3)); /* group 0 */
	rig.cpu[0].hw.ap0r[0] = 1U << (0x48 >> 3);
	rig.cpu[0].hw.vmcr |= 7U << 18; /* BPR1: priorities below 0x80 are one */
	rig_sgi(&rig, 1, 3ULL << 24 | 1, true);
	rig_sgi(&rig, 1, 4ULL << 24 | 1, true);
	rig.wake = 0;
	rig_write(&rig, 1, RIG_DIST, 4, 2);
	EXPECT_EQ(rig.wake, 1);
	EXPECT(vgic_pending(&rig.cpu[0]));
}

/* Three ends of interrupt at once and one list register: one report an exit, none twice. */
TEST(vgic_resample)
{
	u64 lr[VGIC_MAX_LRS];

	boot(1, 2);
	nr_reported = 0;
	for (unsigned int intid = 40; intid < 43; intid++) {
		enable(0, intid, 0x80);
		EXPECT_EQ(vgic_set_resample(&rig.g, intid, true), 0);
		line(0, intid, true);
	}
	/* The guest takes one and ends it, line still high: reported at once. */
	rig.report = report;
	rig_enter(&rig, 0);
	EXPECT_EQ(ack(0), 40);
	EXPECT_EQ(nr_reported, 0);
	eoi(0, 40);
	EXPECT_EQ(nr_reported, 1);
	EXPECT_EQ(reported[0], 40);
	/* The host lowers the line: no more of it. */
	line(0, 40, false);
	rig_kicks(&rig);
	EXPECT_EQ(ack(0), 41);
	line(0, 41, false);
	rig_kicks(&rig);
	eoi(0, 41);
	EXPECT_EQ(nr_reported, 1); /* low at its end: nothing to say */

	rig_leave(&rig, 0);
	rig.report = NULL;
	for (unsigned int intid = 40; intid < 43; intid++)
		line(0, intid, true);
	vgic_sync(&rig.cpu[0], &rig.wake); /* as after an exit with empty list registers */
	/* Three ends of interrupt at once. */
	EXPECT(!vgic_eoi_report(&rig.cpu[0], lr));
	for (unsigned int i = 0; i < 2; i++) {
		u64 val = 7 << 8;
		bool fault;

		vgic_access(&rig.cpu[0], ipa(spi_reg(0x300 + 0x80 * i, 40)), 4, true, &val,
			    &rig.wake, &fault);
	}
	EXPECT(vgic_eoi_due(&rig.cpu[0]));
	EXPECT(vgic_eoi_report(&rig.cpu[0], lr));
	EXPECT_EQ(lr[0], 40 | 1ULL << 41 | 0x80ULL << 48 | 1ULL << 60);
	EXPECT_EQ((u32)lr[1], 41);
	EXPECT_EQ(lr[2], 0);
	EXPECT(vgic_eoi_due(&rig.cpu[0]));
	EXPECT(vgic_eoi_report(&rig.cpu[0], lr));
	EXPECT_EQ((u32)lr[0], 42);
	EXPECT_EQ(lr[1], 0);
	EXPECT(!vgic_eoi_due(&rig.cpu[0]));
	EXPECT(!vgic_eoi_report(&rig.cpu[0], lr));
}

/* Copies of list registers make room for a report. */
TEST(vgic_report_over_images)
{
	u64 lr[VGIC_MAX_LRS], val = 1 << 8;
	bool fault;

	boot(1, 1);
	enable(0, 40, 0x80);
	enable(0, 41, 0x40);
	vgic_set_resample(&rig.g, 40, true);
	line(0, 40, true);
	line(0, 41, true);
	rig_enter(&rig, 0);
	rig_leave(&rig, 0);
	EXPECT(!vgic_eoi_report(&rig.cpu[0], lr));
	EXPECT_EQ((u32)lr[0], 41);
	for (unsigned int i = 0; i < 2; i++)
		vgic_access(&rig.cpu[0], ipa(spi_reg(0x300 + 0x80 * i, 40)), 4, true, &val,
			    &rig.wake, &fault);
	EXPECT(vgic_eoi_report(&rig.cpu[0], lr));
	EXPECT_EQ((u32)lr[0], 40);
	EXPECT_EQ(lr[0] >> 62, 0);
}

/* RWP is 1 until the vCPU that holds the disabled interrupt has come out. */
TEST(vgic_rwp)
{
	u32 wake = 0;
	u64 val = 1 << 8;
	bool fault;

	boot(4, 4);
	enable(0, 40, 0x80);
	enable(1, 5, 0x80);
	rig_write(&rig, 0, RIG_DIST + 0x6000 + 8 * 40, 8, 1);
	line(0, 40, true);
	rig_sgi(&rig, 0, 5ULL << 24 | 2, true);
	rig_enter(&rig, 1);
	rig.wake = 0;
	vgic_access(&rig.cpu[0], ipa(spi_reg(0x180, 40)), 4, true, &val, &wake, &fault);
	EXPECT_EQ(wake, 2);
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST, 4), 0x80000053);
	EXPECT_EQ(rig_read(&rig, 0, RIG_REDIST + 0x20000, 4), 0);
	val = 1 << 5;
	vgic_access(&rig.cpu[0], ipa(rig_frame(1, 5) + 0x180), 4, true, &val, &wake, &fault);
	EXPECT_EQ(rig_read(&rig, 0, RIG_REDIST + 0x20000, 4), 8);
	EXPECT_EQ(rig_read(&rig, 0, RIG_REDIST, 4), 0);
	rig_leave(&rig, 1);
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST, 4), 0x53);
	EXPECT_EQ(rig_read(&rig, 0, RIG_REDIST + 0x20000, 4), 0);
	rig_enter(&rig, 1);
	EXPECT_EQ(ack(1), 1023);

	/* GICD_CTLR likewise. */
	rig_sgi(&rig, 0, 0, true);
	enable(1, 5, 0x80);
	rig_kicks(&rig);
	EXPECT_EQ((u32)rig.sim[1].lr[0], 5);
	val = 0;
	vgic_access(&rig.cpu[0], ipa(RIG_DIST), 4, true, &val, &wake, &fault);
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST, 4), 0x80000050);
	rig_leave(&rig, 1);
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST, 4), 0x50);
}

/* GICR_WAKER: ChildrenAsleep when its list registers are empty; a wake request after. */
TEST(vgic_waker)
{
	u64 waker = RIG_REDIST + 0x20000 + 0x14;
	u32 wake = 0;
	u64 val = 2;
	bool fault;

	boot(2, 4);
	enable(1, 20, 0x80);
	line(1, 20, true);
	rig_enter(&rig, 1);
	vgic_access(&rig.cpu[0], ipa(waker), 4, true, &val, &wake, &fault);
	EXPECT_EQ(wake, 2);
	EXPECT_EQ(rig_read(&rig, 0, waker, 4), 2);
	rig_leave(&rig, 1);
	EXPECT_EQ(rig_read(&rig, 0, waker, 4), 6);
	rig_enter(&rig, 1);
	EXPECT_EQ(rig.cpu[1].hw.used_lrs, 0);
	rig_leave(&rig, 1);
	EXPECT(vgic_pending(&rig.cpu[1]));
	rig_write(&rig, 0, waker, 4, 0);
	EXPECT_EQ(rig_read(&rig, 0, waker, 4), 0);
	rig_enter(&rig, 1);
	EXPECT_EQ(ack(1), 20);
	/* Nothing pending: what is active in a list register keeps ChildrenAsleep at 0 as well. */
	line(1, 20, false);
	rig_leave(&rig, 1);
	rig_enter(&rig, 1);
	wake = 0;
	val = 2;
	vgic_access(&rig.cpu[0], ipa(waker), 4, true, &val, &wake, &fault);
	EXPECT_EQ(wake, 2);
	EXPECT_EQ(rig_read(&rig, 0, waker, 4), 2);
}

/* A 1-of-N interrupt goes to a vCPU that can take it, and on when that one no longer can. */
TEST(vgic_one_of_n)
{
	u32 wake = 0;

	boot(4, 4);
	for (unsigned int v = 0; v < 4; v++)
		rig.cpu[v].hw.vmcr &= ~3ULL;
	enable(0, 40, 0x80);
	rig_write(&rig, 0, RIG_DIST + 0x6000 + 8 * 40, 8, 0x80000000);
	rig_enter(&rig, 2);
	rig.wake = 0;
	line(0, 40, true); /* nobody has the group enabled: who is in the guest looks again */
	EXPECT_EQ(rig.wake, 1 << 2);
	rig_kicks(&rig);
	EXPECT_EQ(rig.sim[2].hcr & 0xff, 0x51); /* told when a group is enabled */
	sim_set_grpen(&rig.sim[2], 1, true);
	rig_settle(&rig, 2);
	rig_settle(&rig, 2);
	EXPECT_EQ((u32)rig.sim[2].lr[0], 40);
	/* Before it takes it: masked there, and possible elsewhere. */
	rig.cpu[3].hw.vmcr |= 3;
	sim_set_pmr(&rig.sim[2], 0);
	rig_leave(&rig, 2);
	EXPECT_EQ(rig.wake, 1 << 3);
	EXPECT(vgic_pending(&rig.cpu[3]));
	/* That one is switched off. */
	rig.cpu[1].hw.vmcr |= 3;
	vgic_cpu_reset(&rig.cpu[3], &wake);
	EXPECT_EQ(wake, 1 << 1);
	EXPECT(!vgic_pending(&rig.cpu[3]));
	EXPECT(vgic_pending(&rig.cpu[1]));
	/* All off, and a vCPU that waits finds it itself. */
	vgic_cpu_reset(&rig.cpu[1], &wake);
	vgic_cpu_reset(&rig.cpu[2], &wake);
	EXPECT(!vgic_pending(&rig.cpu[0]));
	rig.cpu[0].hw.vmcr |= 3;
	EXPECT(vgic_pending(&rig.cpu[0]));
	EXPECT(!rig.error);
}

/* An SPI for a vCPU that does not exist waits for it. */
TEST(vgic_missing_target)
{
	boot(2, 4);
	enable(0, 40, 0x80);
	rig_write(&rig, 0, RIG_DIST + 0x6000 + 8 * 40, 8, 2);
	rig.wake = 0;
	line(0, 40, true);
	EXPECT_EQ(rig.wake, 0);
	EXPECT_EQ(rig_read(&rig, 0, spi_reg(0x200, 40), 4), 1 << 8);
	vgic_cpu_init(&rig.g, &rig.cpu[2], 2);
	rig.cpu[2].hw.vmcr |= 0xf8000003;
	EXPECT(vgic_pending(&rig.cpu[2]));
	vgic_cpu_remove(&rig.g, 2);
	EXPECT_EQ(rig_read(&rig, 0, spi_reg(0x200, 40), 4), 1 << 8);
	rig_write(&rig, 0, RIG_DIST + 0x6000 + 8 * 40, 8, 1);
	EXPECT(vgic_pending(&rig.cpu[1]));
	/* Active at a vCPU that goes away: stays active, and can be ended. */
	rig_write(&rig, 0, spi_reg(0x300, 40), 4, 1 << 8);
	vgic_cpu_remove(&rig.g, 1);
	EXPECT_EQ(rig_read(&rig, 0, spi_reg(0x300, 40), 4), 1 << 8);
	rig_write(&rig, 0, RIG_DIST + 0x6000 + 8 * 40, 8, 0);
	rig_write(&rig, 0, spi_reg(0x380, 40), 4, 1 << 8);
	EXPECT_EQ(rig_read(&rig, 0, spi_reg(0x300, 40), 4), 0);
	EXPECT(vgic_pending(&rig.cpu[0]));
}

/* ICC_DIR_EL1: ignored with EOImode 0, and for INTIDs that are none. */
TEST(vgic_deactivate_ignored)
{
	u32 wake = 0;

	boot(1, 4);
	enable(0, 40, 0x80);
	rig_write(&rig, 0, spi_reg(0x300, 40), 4, 1 << 8);
	vgic_deactivate(&rig.cpu[0], 40, &wake);
	EXPECT_EQ(rig_read(&rig, 0, spi_reg(0x300, 40), 4), 1 << 8);
	rig.cpu[0].hw.vmcr |= 1 << 9;
	for (unsigned int intid = 1020; intid < 1024; intid++)
		vgic_deactivate(&rig.cpu[0], intid, &wake);
	vgic_deactivate(&rig.cpu[0], 41, &wake);
	EXPECT_EQ(rig_read(&rig, 0, spi_reg(0x300, 40), 4), 1 << 8);
	vgic_deactivate(&rig.cpu[0], 40, &wake);
	EXPECT_EQ(rig_read(&rig, 0, spi_reg(0x300, 40), 4), 0);
}

/*
 * What another vCPU reads of an interrupt in the list registers of one that is inside the
 * guest: the access is repeated after that one has come by.
 */
TEST(vgic_fresh_state)
{
	struct vgic_cpu *c = &rig.cpu[0];
	u64 val, addr = spi_reg(0x300, 40);
	u32 wake = 0;
	bool fault;

	boot(2, 4);
	enable(0, 40, 0x80);
	rig_write(&rig, 0, RIG_DIST + 0x6000 + 8 * 40, 8, 1);
	line(0, 40, true);
	rig_enter(&rig, 1);
	EXPECT_EQ(sim_iar(&rig.sim[1], 1), 40); /* EL2 does not know */
	EXPECT(vgic_access(c, ipa(addr), 4, false, &val, &wake, &fault));
	EXPECT(c->again);
	EXPECT_EQ(wake, 2);
	wake = 0;
	EXPECT(vgic_access(c, ipa(addr), 4, false, &val, &wake, &fault));
	EXPECT(c->again); /* it has not come yet */
	EXPECT_EQ(wake, 2);
	rig_leave(&rig, 1);
	rig_enter(&rig, 1);
	EXPECT(vgic_access(c, ipa(addr), 4, false, &val, &wake, &fault));
	EXPECT(!c->again);
	EXPECT_EQ(val, 1 << 8);
	/* A new access asks anew; another one in between does not count. */
	EXPECT(vgic_access(c, ipa(addr), 4, false, &val, &wake, &fault));
	EXPECT(c->again);
	EXPECT(vgic_access(c, ipa(RIG_DIST), 4, false, &val, &wake, &fault));
	EXPECT(!c->again);
	rig_leave(&rig, 1);
	rig_enter(&rig, 1);
	EXPECT(vgic_access(c, ipa(addr), 4, false, &val, &wake, &fault));
	EXPECT(c->again);
	/* Writes of zero for it need nothing. */
	val = 0;
	EXPECT(vgic_access(c, ipa(addr), 4, true, &val, &wake, &fault));
	EXPECT(!c->again);
}

/* Reset: registers, queues and CPU interfaces; wires stay. */
TEST(vgic_reset_all)
{
	boot(2, 4);
	enable(0, 40, 0x80);
	enable(0, 41, 0x80);
	rig_write(&rig, 0, RIG_DIST + 0x6000 + 8 * 41, 8, 0x80000000);
	line(0, 40, true);
	rig_enter(&rig, 0);
	EXPECT_EQ(ack(0), 40);
	rig_leave(&rig, 0);
	vgic_reset(&rig.g);
	EXPECT_EQ(rig.cpu[0].nr_queued, 0);
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST, 4), 0x50);
	EXPECT_EQ(rig_read(&rig, 0, spi_reg(0x300, 40), 4), 0);
	EXPECT_EQ(rig_read(&rig, 0, spi_reg(0x200, 40), 4), 1 << 8); /* the line is high */
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST + 0x6000 + 8 * 41, 8), 0);
	EXPECT_EQ(rig.cpu[0].hw.vmcr, 1 << 3 | 2 << 21 | 3 << 18);
	EXPECT(rig.cpu[0].priv[27].hw);
	rig_write(&rig, 0, RIG_DIST, 4, 3);
	rig.cpu[0].hw.vmcr |= 0xf8000003;
	enable(0, 40, 0x80);
	rig_enter(&rig, 0);
	EXPECT_EQ(ack(0), 40);
	EXPECT(!rig.error);
}

/* List registers beyond 16, as a field of 5 bits could say, are not used. */
TEST(vgic_lr_limit)
{
	vgic_setup(31);
	vgic_init(&rig.g, rig.spi);
	vgic_cpu_init(&rig.g, &rig.cpu[0], 0);
	EXPECT_EQ(rig.cpu[0].hw.nr_lrs, 16);
}
