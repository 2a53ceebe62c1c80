// SPDX-License-Identifier: GPL-2.0-only
/* GICv3, as far as guests need it: Arm IHI 0069. */
#include "guest.h"

#define GICR_WAKER		0x0014
#define GICR_WAKER_SLEEP	(1U << 1)
#define GICR_WAKER_ASLEEP	(1U << 2)
#define GICR_PIDR2		0xffe8
#define GICR_IGROUPR0		(GICR_SGI + 0x0080)
#define GICR_IPRIORITYR0	(GICR_SGI + 0x0400)
#define GICD_CTLR_GRP1_ARE	(1U << 1 | 1U << 4)
#define GICD_CTLR_RWP		(1U << 31)
#define PIDR2_ARCH(x)		((x) >> 4 & 0xf)

static uint64_t redists[MAX_CPUS];

#define redist redists[cpu_self()]

/* This CPU's redistributor: they lie below the distributor, one frame for each CPU. */
static uint64_t gic_find_redist(void)
{
	uint64_t mpidr = read_sysreg(mpidr_el1), frame = GICD - GICR_STRIDE;

	for (; PIDR2_ARCH(mmio_read32(frame + GICR_PIDR2)) == 3; frame -= GICR_STRIDE)
		if (mmio_read32(frame + GICR_TYPER + 4) == (mpidr & 0xffffff))
			return frame;
	return 0;
}

/**
 * gic_init() - make this CPU able to take interrupts of group 1
 *
 * Return: address of its redistributor; 0 if there is none.
 */
uint64_t gic_init(void)
{
	redist = gic_find_redist();
	if (!redist)
		return 0;
	mmio_write32(GICD + GICD_CTLR, GICD_CTLR_GRP1_ARE);
	while (mmio_read32(GICD + GICD_CTLR) & GICD_CTLR_RWP)
		;
	mmio_write32(redist + GICR_WAKER,
		     mmio_read32(redist + GICR_WAKER) & ~GICR_WAKER_SLEEP);
	while (mmio_read32(redist + GICR_WAKER) & GICR_WAKER_ASLEEP)
		;
	mmio_write32(redist + GICR_IGROUPR0, UINT32_MAX);
	mmio_write32(redist + GICR_ICENABLER0, UINT32_MAX);
	for (unsigned int i = 0; i < 32; i += 4)
		mmio_write32(redist + GICR_IPRIORITYR0 + i, 0xa0a0a0a0);
	write_sysreg(ICC_SRE_EL1, 7);
	write_sysreg(ICC_PMR_EL1, 0xf0);
	write_sysreg(ICC_IGRPEN1_EL1, 1);
	return redist;
}

/**
 * gic_redist() - tell where this CPU's redistributor is
 *
 * Return: address; 0 before gic_init().
 */
uint64_t gic_redist(void)
{
	return redist;
}

/**
 * gic_enable() - enable a private interrupt
 * @intid: below 32
 */
void gic_enable(uint32_t intid)
{
	mmio_write32(redist + GICR_ISENABLER0, 1U << intid);
}

/**
 * gic_is_pending() - ask whether a private interrupt is pending
 * @intid: below 32
 *
 * Return: true if it is.
 */
bool gic_is_pending(uint32_t intid)
{
	return mmio_read32(redist + GICR_ISPENDR0) & 1U << intid;
}

/**
 * gic_acknowledge() - take the most urgent interrupt
 *
 * Return: its INTID, or INTID_SPURIOUS.
 */
uint32_t gic_acknowledge(void)
{
	uint32_t intid = read_sysreg(ICC_IAR1_EL1) & 0xffffff;

	asm volatile("dsb sy" ::: "memory");
	return intid;
}

/**
 * gic_end() - end an interrupt
 * @intid: from gic_acknowledge()
 */
void gic_end(uint32_t intid)
{
	write_sysreg(ICC_EOIR1_EL1, intid);
}

/**
 * gic_sgi_to_self() - send this CPU an interrupt
 * @intid: below 16
 */
void gic_sgi_to_self(uint32_t intid)
{
	uint64_t mpidr = read_sysreg(mpidr_el1);

	asm volatile("dsb ishst" ::: "memory");
	write_sysreg(ICC_SGI1R_EL1, (uint64_t)intid << 24 | 1U << (mpidr & 0xf) |
		     (mpidr >> 8 & 0xff) << 16);
}

/**
 * gic_sgi() - send an interrupt
 * @intid: below 16
 * @targets: bit n: CPU n
 */
void gic_sgi(uint32_t intid, uint32_t targets)
{
	asm volatile("dsb ishst" ::: "memory");
	write_sysreg(ICC_SGI1R_EL1, (uint64_t)intid << 24 | targets);
}

/* The frame that has an interrupt's registers: this CPU's own for private ones. */
static uint64_t gic_frame(uint32_t intid)
{
	return intid < 32 ? redist + GICR_SGI : GICD;
}

/**
 * gic_set() - write a 1 to an interrupt's bit
 * @offset: of a register with one bit for each interrupt: GIC_ISPENDR and the like
 * @intid: the interrupt
 */
void gic_set(uint32_t offset, uint32_t intid)
{
	mmio_write32(gic_frame(intid) + offset + intid / 32 * 4, 1U << intid % 32);
}

/**
 * gic_get() - read an interrupt's bit
 * @offset: as for gic_set()
 * @intid: the interrupt
 *
 * Return: the bit.
 */
bool gic_get(uint32_t offset, uint32_t intid)
{
	return mmio_read32(gic_frame(intid) + offset + intid / 32 * 4) >> intid % 32 & 1;
}

/**
 * gic_priority() - set an interrupt's priority
 * @intid: the interrupt
 * @priority: the upper bits that are implemented count
 */
void gic_priority(uint32_t intid, uint8_t priority)
{
	mmio_write8(gic_frame(intid) + GIC_IPRIORITYR + intid, priority);
}

/**
 * gic_spi() - set up a shared interrupt: group 1, edge, enabled
 * @intid: 32 or above
 * @priority: its priority
 * @route: GICD_IROUTER
 */
void gic_spi(uint32_t intid, uint8_t priority, uint64_t route)
{
	uint64_t group = GICD + GIC_IGROUPR + intid / 32 * 4, config = GICD + GIC_ICFGR + intid / 16 * 4;

	gic_set(GIC_ICENABLER, intid);
	mmio_write32(group, mmio_read32(group) | 1U << intid % 32);
	mmio_write32(config, mmio_read32(config) | 2U << intid % 16 * 2);
	gic_priority(intid, priority);
	mmio_write64(GICD + GICD_IROUTER(intid), route);
	gic_set(GIC_ISENABLER, intid);
}
