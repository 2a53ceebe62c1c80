// SPDX-License-Identifier: GPL-2.0-only
// LINK: vgic/vgic.c vgic/dist.c vgic/redist.c vgic/bank.c vgic/lr.c vgic/sgi.c
// LINK: vgic/queue.c vgic/cpuif.c tests/vgic_sim.c
/*
 * Every offset of every frame of the vGIC, with every size, against a table written from
 * the register maps of Arm IHI 0069 12.8 and 12.10: reset values, what all ones leave
 * behind, reserved bits, RAZ/WI elsewhere.
 */
#include "ktap.h"

#include "vgic_rig.h"

enum frame { DIST, RD, SGI };

struct reg {
	const char *name;
	enum frame frame;
	unsigned int first, last; /* offsets of the first and last register */
	unsigned int sizes; /* sum of the sizes that reach it */
	u64 reset;
	u64 ones; /* value after all ones were written */
};

#define W32 0xffffffffULL
#define PRI 0xf8f8f8f8ULL /* 5 bits */

static const struct reg regs[] = {
	{ "GICD_CTLR", DIST, 0x0000, 0x0000, 4, 0x50, 0x53 },
	{ "GICD_TYPER", DIST, 0x0004, 0x0004, 4, 0x0048001f, 0x0048001f },
	{ "GICD_IIDR", DIST, 0x0008, 0x0008, 4, 0x47000000, 0x47000000 },
	{ "GICD_IGROUPR", DIST, 0x0084, 0x00f8, 4, 0, W32 },
	{ "GICD_IGROUPR31", DIST, 0x00fc, 0x00fc, 4, 0, 0x0fffffff },
	{ "GICD_ISENABLER", DIST, 0x0104, 0x0178, 4, 0, W32 },
	{ "GICD_ISENABLER31", DIST, 0x017c, 0x017c, 4, 0, 0x0fffffff },
	{ "GICD_ICENABLER", DIST, 0x0184, 0x01fc, 4, 0, 0 },
	{ "GICD_ISPENDR", DIST, 0x0204, 0x0278, 4, 0, W32 },
	{ "GICD_ISPENDR31", DIST, 0x027c, 0x027c, 4, 0, 0x0fffffff },
	{ "GICD_ICPENDR", DIST, 0x0284, 0x02fc, 4, 0, 0 },
	{ "GICD_ISACTIVER", DIST, 0x0304, 0x0378, 4, 0, W32 },
	{ "GICD_ISACTIVER31", DIST, 0x037c, 0x037c, 4, 0, 0x0fffffff },
	{ "GICD_ICACTIVER", DIST, 0x0384, 0x03fc, 4, 0, 0 },
	{ "GICD_IPRIORITYR", DIST, 0x0420, 0x07fb, 1 | 4, 0, PRI },
	{ "GICD_ICFGR", DIST, 0x0c08, 0x0cf8, 4, 0, 0xaaaaaaaa },
	{ "GICD_ICFGR63", DIST, 0x0cfc, 0x0cfc, 4, 0, 0x00aaaaaa },
	{ "GICD_IROUTER", DIST, 0x6100, 0x7fd8, 4 | 8, 0, 0x80ffffff },
	{ "GICD_PIDR2", DIST, 0xffe8, 0xffe8, 4, 0x30, 0x30 },

	/* vCPU 2 of 4 */
	{ "GICR_CTLR", RD, 0x0000, 0x0000, 4, 0, 0 },
	{ "GICR_IIDR", RD, 0x0004, 0x0004, 4, 0x47000000, 0x47000000 },
	{ "GICR_TYPER", RD, 0x0008, 0x0008, 4 | 8, 0x0000000200000200, 0x0000000200000200 },
	{ "GICR_WAKER", RD, 0x0014, 0x0014, 4, 0, 6 },
	{ "GICR_PIDR2", RD, 0xffe8, 0xffe8, 4, 0x30, 0x30 },

	{ "GICR_IGROUPR0", SGI, 0x0080, 0x0080, 4, 0, W32 },
	{ "GICR_ISENABLER0", SGI, 0x0100, 0x0100, 4, 0, W32 },
	{ "GICR_ICENABLER0", SGI, 0x0180, 0x0180, 4, 0, 0 },
	{ "GICR_ISPENDR0", SGI, 0x0200, 0x0200, 4, 0, W32 },
	{ "GICR_ICPENDR0", SGI, 0x0280, 0x0280, 4, 0, 0 },
	{ "GICR_ISACTIVER0", SGI, 0x0300, 0x0300, 4, 0, W32 },
	{ "GICR_ICACTIVER0", SGI, 0x0380, 0x0380, 4, 0, 0 },
	{ "GICR_IPRIORITYR", SGI, 0x0400, 0x041f, 1 | 4, 0, PRI },
	{ "GICR_ICFGR0", SGI, 0x0c00, 0x0c00, 4, 0xaaaaaaaa, 0xaaaaaaaa },
	/* 27 is the timer's: fixed level */
	{ "GICR_ICFGR1", SGI, 0x0c04, 0x0c04, 4, 0, 0xaa2aaaaa },
};

static struct rig rig;

static u64 frame_base(enum frame f)
{
	return f == DIST ? RIG_DIST : RIG_REDIST + 2 * 0x20000 + (f == SGI ? 0x10000 : 0);
}

static const struct reg *find(enum frame f, unsigned int off, unsigned int size)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(regs); i++) {
		const struct reg *r = &regs[i];
		unsigned int behind = r->sizes & 8 ? r->last + 8 : (r->last | 3) + 1;

		if (r->frame == f && off >= r->first && off + size <= behind && (r->sizes & size))
			return r;
	}
	return NULL;
}

/* What an access of @size at @off reads of a register with that value. */
static u64 part(const struct reg *r, unsigned int off, unsigned int size, u64 value)
{
	if (size == 4 && (r->sizes & 8) && off % 8)
		value >>= 32;
	return size == 8 ? value : value & (W32 >> (32 - 8 * size));
}

static void walk(enum frame f, unsigned int size)
{
	static struct vgic_irq before[VGIC_NR_SPIS];

	vgic_reset(&rig.g);
	memcpy(before, rig.spi, sizeof(before));
	for (unsigned int off = 0; off < 0x10000; off += size) {
		const struct reg *r = find(f, off, size);
		u64 addr = frame_base(f) + off, got;

		if (!r) {
			got = rig_read(&rig, 1, addr, size);
			rig_write(&rig, 1, addr, size, ~0ULL);
			if (got || (got = rig_read(&rig, 1, addr, size)))
				KTAP_FAIL("frame %d offset %#x size %u reads %#llx", f, off, size,
					  (unsigned long long)got);
			continue;
		}
		if (memcmp(before, rig.spi, sizeof(before)))
			KTAP_FAIL("frame %d, below %#x, size %u: something written", f, off, size);
		got = rig_read(&rig, 1, addr, size);
		if (got != part(r, off, size, r->reset))
			KTAP_FAIL("%s (%#x, size %u) resets to %#llx", r->name, off, size,
				  (unsigned long long)got);
		rig_write(&rig, 1, addr, size, ~0ULL);
		got = rig_read(&rig, 1, addr, size);
		if (got != part(r, off, size, r->ones))
			KTAP_FAIL("%s (%#x, size %u) reads %#llx after all ones", r->name, off,
				  size, (unsigned long long)got);
		rig_write(&rig, 1, addr, size, 0);
		vgic_reset(&rig.g);
	}
	EXPECT(!rig.error);
	EXPECT_EQ(rig.again, 0);
}

TEST(vgic_regs_distributor)
{
	rig_init(&rig, 4, 4, 5, 5, true);
	for (unsigned int size = 1; size <= 8; size *= 2)
		walk(DIST, size);
}

TEST(vgic_regs_redistributor)
{
	rig_init(&rig, 4, 4, 5, 5, true);
	for (unsigned int size = 1; size <= 8; size *= 2) {
		walk(RD, size);
		walk(SGI, size);
	}
}

TEST(vgic_regs_unaligned)
{
	rig_init(&rig, 4, 4, 5, 5, true);
	rig_write(&rig, 0, RIG_DIST + 0x421, 4, ~0ULL);
	rig_write(&rig, 0, RIG_DIST + 0x6104, 8, ~0ULL);
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST + 0x420, 4), 0);
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST + 0x6100, 8), 0);
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST + 0x6, 4), 0);
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST + 0x6, 2), 0);
	EXPECT(!rig.error);
}

/* What is set by one register of a pair is seen in and cleared by the other. */
TEST(vgic_regs_set_clear_pairs)
{
	static const unsigned int pairs[] = { 0x100, 0x200, 0x300 };

	rig_init(&rig, 4, 4, 5, 5, true);
	for (unsigned int i = 0; i < ARRAY_SIZE(pairs); i++) {
		for (unsigned int dist = 0; dist < 2; dist++) {
			u64 set = (dist ? RIG_DIST + 4 : frame_base(SGI)) + pairs[i];
			u64 clear = set + 0x80;

			rig_write(&rig, 2, set, 4, 0xa5a5a5a5);
			rig_write(&rig, 2, set, 4, 0); /* zeroes do nothing */
			EXPECT_EQ(rig_read(&rig, 2, set, 4), 0xa5a5a5a5);
			EXPECT_EQ(rig_read(&rig, 2, clear, 4), 0xa5a5a5a5);
			rig_write(&rig, 2, clear, 4, 0);
			rig_write(&rig, 2, clear, 4, 0x05050505);
			EXPECT_EQ(rig_read(&rig, 2, set, 4), 0xa0a0a0a0);
			EXPECT_EQ(rig_read(&rig, 2, clear, 4), 0xa0a0a0a0);
		}
	}
	EXPECT(!rig.error);
}

/* IPRIORITYR by bytes and by words is the same register. */
TEST(vgic_regs_priority_bytes)
{
	rig_init(&rig, 4, 4, 7, 6, true);
	rig_write(&rig, 0, RIG_DIST + 0x400 + 40, 4, 0x12345679);
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST + 0x400 + 40, 1), 0x78);
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST + 0x400 + 43, 1), 0x12);
	rig_write(&rig, 0, RIG_DIST + 0x400 + 42, 1, 0xff);
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST + 0x400 + 40, 4), 0x12fe5678);
	rig_init(&rig, 4, 4, 8, 7, true);
	rig_write(&rig, 0, RIG_DIST + 0x400 + 40, 1, 0xff);
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST + 0x400 + 40, 1), 0xff);
}

TEST(vgic_regs_router_halves)
{
	rig_init(&rig, 4, 4, 5, 5, true);
	rig_write(&rig, 0, RIG_DIST + 0x6000 + 8 * 1019, 8, 0xffffffff80000003);
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST + 0x6000 + 8 * 1019, 8), 0x80000003);
	rig_write(&rig, 0, RIG_DIST + 0x6000 + 8 * 1019 + 4, 4, 0x5a); /* Aff3 is RES0 */
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST + 0x6000 + 8 * 1019, 8), 0x80000003);
	rig_write(&rig, 0, RIG_DIST + 0x6000 + 8 * 1019, 4, 1);
	EXPECT_EQ(rig_read(&rig, 0, RIG_DIST + 0x6000 + 8 * 1019, 8), 1);
}

TEST(vgic_regs_frames)
{
	static struct vgic_irq spi[VGIC_NR_SPIS];
	static struct vgic_cpu cpu[3];
	static struct vgic g;
	bool fault = true;
	u32 wake = 0;
	u64 val = 0;

	vgic_setup(sim_vtr(4, 5, 5, true));
	vgic_init(&g, spi);
	EXPECT(!vgic_present(&g));
	EXPECT_EQ(vgic_set_dist(&g, ipa(0x3fff1000)), -22);
	EXPECT_EQ(vgic_set_dist(&g, ipa(0xffffffffffff0000)), -22);
	EXPECT_EQ(vgic_set_dist(&g, ipa(0x3fff0000)), 0);
	EXPECT_EQ(vgic_set_dist(&g, ipa(0x4fff0000)), -17);
	EXPECT(!vgic_present(&g));
	EXPECT_EQ(vgic_set_redist(&g, ipa(0x3fff0000)), -22);
	EXPECT_EQ(vgic_set_redist(&g, ipa(0x3ffe0000)), -22);
	EXPECT_EQ(vgic_set_redist(&g, ipa(0x3ffd0800)), -22);
	EXPECT_EQ(vgic_set_redist(&g, ipa(0x3ffb0000)), 0);
	EXPECT_EQ(vgic_set_redist(&g, ipa(0x3ffb0000)), -17);
	EXPECT(vgic_present(&g));

	vgic_cpu_init(&g, &cpu[0], 0);
	EXPECT(vgic_access(&cpu[0], ipa(0x3ffb0008), 8, false, &val, &wake, &fault));
	EXPECT_EQ(val, 0x10); /* Last */
	EXPECT(!fault);
	EXPECT(!vgic_access(&cpu[0], ipa(0x3ffd0008), 8, false, &val, &wake, &fault));
	EXPECT(!vgic_access(&cpu[0], ipa(0x3ffaffff), 1, false, &val, &wake, &fault));
	EXPECT(!vgic_access(&cpu[0], ipa(0x40000000), 4, false, &val, &wake, &fault));
	EXPECT(vgic_access(&cpu[0], ipa(0x3ffffffc), 4, false, &val, &wake, &fault));

	/* A vCPU with a gap before it: the frames of the gap are RAZ/WI. */
	vgic_cpu_init(&g, &cpu[2], 2);
	EXPECT(vgic_access(&cpu[0], ipa(0x3ffb0008), 4, false, &val, &wake, &fault));
	EXPECT_EQ(val, 0);
	EXPECT(vgic_access(&cpu[0], ipa(0x3ffd0008), 4, false, &val, &wake, &fault));
	EXPECT_EQ(val, 0);
	/* Where it runs into the distributor that one wins. */
	EXPECT(vgic_access(&cpu[0], ipa(0x3fff0004), 4, false, &val, &wake, &fault));
	EXPECT_EQ(val, 0x0048001f);
	vgic_cpu_init(&g, &cpu[1], 1);
	EXPECT(vgic_access(&cpu[0], ipa(0x3ffd0008), 8, false, &val, &wake, &fault));
	EXPECT_EQ(val, 0x100000100);
	vgic_cpu_remove(&g, 2);
	EXPECT(vgic_access(&cpu[0], ipa(0x3ffd0008), 8, false, &val, &wake, &fault));
	EXPECT_EQ(val, 0x100000110);
	EXPECT_EQ(wake, 0);
}

TEST(vgic_regs_no_frames)
{
	static struct vgic_irq spi[VGIC_NR_SPIS];
	static struct vgic_cpu cpu;
	static struct vgic g;
	bool fault;
	u32 wake = 0;
	u64 val = 0;

	vgic_setup(sim_vtr(4, 5, 5, true));
	vgic_init(&g, spi);
	vgic_cpu_init(&g, &cpu, 0);
	EXPECT(!vgic_access(&cpu, ipa(0), 4, false, &val, &wake, &fault));
	EXPECT(!vgic_access(&cpu, ipa(~0ULL), 1, false, &val, &wake, &fault));
}

/* Another vCPU can be destroyed at any time: what is its is read under the lock. */
TEST(vgic_regs_without_lock)
{
	ipa_t enabler = ipa(RIG_REDIST + 0x10000 + 0x100), other = ipa(enabler.v + 0x20000);
	bool fault;
	u32 wake = 0;
	u64 val;

	rig_init(&rig, 2, 4, 5, 5, true);
	val = 0x5a0000a5;
	EXPECT(vgic_access(&rig.cpu[1], other, 4, true, &val, &wake, &fault));
	EXPECT(!vgic_read(&rig.cpu[0], other, 4, &val));
	EXPECT(vgic_access(&rig.cpu[0], other, 4, false, &val, &wake, &fault));
	EXPECT_EQ(val, 0x5a0000a5);
	EXPECT(vgic_read(&rig.cpu[1], other, 4, &val));
	EXPECT_EQ(val, 0x5a0000a5);
	EXPECT(vgic_read(&rig.cpu[0], enabler, 4, &val));
	EXPECT(!vgic_read(&rig.cpu[0], ipa(enabler.v + 0x100000), 4, &val));
}

/* Registers of CPU interfaces that ICH_HCR_EL2.TC traps. */
TEST(vgic_regs_common_trap)
{
	struct vgic_cpu *c = &rig.cpu[0];
	u32 wake = 0;
	u64 val;

	rig_init(&rig, 2, 4, 5, 5, false);
	val = 0xff;
	EXPECT(vgic_icc_access(c, VGIC_ICC_PMR, true, &val, &wake));
	EXPECT(vgic_icc_access(c, VGIC_ICC_PMR, false, &val, &wake));
	EXPECT_EQ(val, 0xf8);
	EXPECT_EQ(c->hw.vmcr >> 24, 0xf8);
	val = ~0ULL;
	EXPECT(vgic_icc_access(c, VGIC_ICC_CTLR, true, &val, &wake));
	EXPECT(vgic_icc_access(c, VGIC_ICC_CTLR, false, &val, &wake));
	EXPECT_EQ(val, 0x8403); /* A3V, PRIbits 4, EOImode, CBPR */
	val = 1;
	EXPECT(vgic_icc_access(c, VGIC_ICC_CTLR, true, &val, &wake));
	EXPECT(vgic_icc_access(c, VGIC_ICC_CTLR, false, &val, &wake));
	EXPECT_EQ(val, 0x8401);
	EXPECT(vgic_icc_access(c, VGIC_ICC_RPR, false, &val, &wake));
	EXPECT_EQ(val, 0xff);
	c->hw.ap0r[0] = 1u << 20;
	c->hw.ap1r[0] = 1u << 9;
	EXPECT(vgic_icc_access(c, VGIC_ICC_RPR, false, &val, &wake));
	EXPECT_EQ(val, 9 << 3);
	EXPECT(!vgic_icc_access(c, VGIC_ICC_RPR, true, &val, &wake));
	EXPECT(!vgic_icc_access(c, VGIC_ICC_DIR, false, &val, &wake));
	vgic_setup(sim_vtr(4, 5, 5, true) | 1 << 22 | 1 << 23);
	EXPECT(vgic_icc_access(c, VGIC_ICC_CTLR, false, &val, &wake));
	EXPECT_EQ(val, 0xcc01); /* SEIS, IDbits 1 as well */
	EXPECT(!vgic_icc_access(c, (enum vgic_icc)9, false, &val, &wake));
}
