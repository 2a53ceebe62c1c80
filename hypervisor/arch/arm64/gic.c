// SPDX-License-Identifier: GPL-2.0-only
/*
 * The physical GICv3: what EL2 needs of it. Interrupts are the host's; EL2 never
 * acknowledges one. Its own are consumed without an acknowledge: the kick (SGI 15)
 * is cleared in the redistributor, timers and maintenance (PPIs 25 to 27) drop
 * their level at the source or are made active.
 *
 * A host's GIC driver disables and deactivates all that it does not know when a
 * CPU starts; so EL2 looks before each entry into a guest whether its interrupts
 * are enabled in this CPU's redistributor.
 */
#include <hyp/arch.h>
#include <hyp/errno.h>
#include <hyp/log.h>
#include <hyp/panic.h>
#include <hyp/platform.h>
#include <hyp/vgic.h>
#include "guest.h"
#include "mmu.h"
#include "panic_policy.h"

/* Redistributor, RD_base and SGI_base frames (IHI 0069 12.10, 12.11) */
#define GICR_TYPER 0x0008
#define GICR_TYPER_VLPIS BIT(1)
#define GICR_TYPER_LAST BIT(4)
#define GICR_FRAME 0x10000
#define GICR_IGROUPR0 0x0080
#define GICR_ISENABLER0 0x0100
#define GICR_ISPENDR0 0x0200
#define GICR_ICPENDR0 0x0280
#define GICR_ISACTIVER0 0x0300
#define GICR_ICACTIVER0 0x0380
#define GICR_IPRIORITYR 0x0400

/*
 * An SGI that hosts do not use: Linux has 0 to 7. Firmware may keep 8 to 15 for the
 * secure side; gic_init() looks whether this one can be had.
 */
#define KICK_SGI 15
#define OWN_PRIORITY 0xa0
#define OWN_INTERRUPTS \
	((1U << KICK_SGI) | (1U << PPI_MAINTENANCE) | (1U << PPI_HYP_TIMER) | (1U << PPI_VIRT_TIMER))

#define HPPIR_INTID GENMASK(23, 0)

static unsigned int nr_ap_regs; /* ICH_AP0R<n> and AP1R<n> that exist */

static u32 gicr_read(const struct percpu *cpu, unsigned int reg)
{
	return *(volatile u32 *)(cpu->gicr + reg);
}

static void gicr_write(const struct percpu *cpu, unsigned int reg, u32 value)
{
	*(volatile u32 *)(cpu->gicr + reg) = value;
}

static u64 gicr_typer(volatile u8 *rd)
{
	return *(volatile u64 *)(rd + GICR_TYPER);
}

static struct percpu *gic_cpu(const struct platform *p, u64 typer)
{
	u64 aff = typer >> 32;
	u64 mpidr = (aff & 0xffffff) | (aff >> 24) << 32;
	unsigned int i;

	for (i = 0; i < p->nr_cpus; i++)
		if (cpu_by_id(i)->mpidr == mpidr)
			return cpu_by_id(i);
	return NULL;
}

/* ICC_SGI1R_EL1 (IHI 0069 12.11.28): Aff3, RS, Aff2, INTID, Aff1, TargetList */
static u64 kick_sgir(u64 mpidr)
{
	u64 aff0 = mpidr & 0xff;

	return ((mpidr >> 32) & 0xff) << 48 | (aff0 >> 4) << 44 | ((mpidr >> 16) & 0xff) << 32 |
	       (u64)KICK_SGI << 24 | ((mpidr >> 8) & 0xff) << 16 | 1ULL << (aff0 & 0xf);
}

/* One region of the device tree: frames up to the last, or its end. */
static int gic_map_region(const struct platform *p, const struct mem_range *r)
{
	u64 at = 0, typer, stride;
	struct percpu *cpu;
	volatile u8 *rd;

	do {
		if (at + 2 * GICR_FRAME > r->size)
			break;
		rd = mmu_map_mmio(r->base + at, 2 * GICR_FRAME);
		if (!rd)
			return -ENOMEM;
		typer = gicr_typer(rd);
		cpu = gic_cpu(p, typer);
		if (cpu) {
			cpu->gicr = rd + GICR_FRAME;
			cpu->kick_sgir = kick_sgir(cpu->mpidr);
		}
		stride = p->gicr_stride;
		if (!stride)
			stride = (typer & GICR_TYPER_VLPIS) ? 4 * GICR_FRAME : 2 * GICR_FRAME;
		at += stride;
	} while (!(typer & GICR_TYPER_LAST));
	return 0;
}

static void gic_own_interrupts(struct percpu *cpu)
{
	unsigned int i;

	gicr_write(cpu, GICR_IGROUPR0, gicr_read(cpu, GICR_IGROUPR0) | OWN_INTERRUPTS);
	for (i = 0; i < VGIC_NR_PRIVATE; i++)
		if (OWN_INTERRUPTS & (1U << i))
			cpu->gicr[GICR_IPRIORITYR + i] = OWN_PRIORITY;
	gicr_write(cpu, GICR_ICACTIVER0, OWN_INTERRUPTS);
	/* Not the kick: one may be on its way to this CPU already. */
	gicr_write(cpu, GICR_ICPENDR0, OWN_INTERRUPTS & ~(1U << KICK_SGI));
	gicr_write(cpu, GICR_ISENABLER0, OWN_INTERRUPTS);
	cpu->ppi_active = false;
	dsb(sy);
}

/**
 * gic_init() - find each CPU's redistributor, learn about list registers
 * @p: the platform
 *
 * Context: boot.
 * Return: 0, -ENOMEM, or -ENODEV after a line that says why.
 */
int gic_init(const struct platform *p)
{
	u64 vtr = read_sysreg(SYS_ICH_VTR_EL2);
	unsigned int i;
	int err;

	if (p->ppi_maint != PPI_MAINTENANCE || p->ppi_hyp != PPI_HYP_TIMER ||
	    p->ppi_virt != PPI_VIRT_TIMER) {
		pr_err("boot: the device tree has vGIC maintenance, EL2's and the virtual timer at PPIs %u, %u and %u; GenieZone supports 25, 26 and 27 (Arm BSA) only",
		       p->ppi_maint, p->ppi_hyp, p->ppi_virt);
		return -ENODEV;
	}
	/* PREbits: 5 bits have one pair of active priority registers, 6 two, 7 four */
	nr_ap_regs = 1U << (FIELD_GET(GENMASK(28, 26), vtr) + 1 - 5);
	vgic_setup(vtr);
	for (i = 0; i < p->nr_gicr; i++) {
		err = gic_map_region(p, &p->gicr[i]);
		if (err)
			return err;
	}
	for (i = 0; i < p->nr_cpus; i++) {
		if (cpu_by_id(i)->gicr)
			continue;
		pr_err("boot: no GICv3 redistributor for CPU %u (MPIDR %llx) in the device tree's ranges",
		       i, (unsigned long long)cpu_by_id(i)->mpidr);
		return -ENODEV;
	}
	gic_own_interrupts(this_cpu());
	if ((gicr_read(this_cpu(), GICR_ISENABLER0) & OWN_INTERRUPTS) != OWN_INTERRUPTS) {
		pr_err("boot: the firmware keeps SGI 15 or PPI 25 to 27 to the secure side, and GenieZone needs them; use firmware that leaves them");
		return -ENODEV;
	}
	return 0;
}

/* Beyond those that every implementation has: ICH_AP0R0_EL2, ICH_AP1R0_EL2. */
#define MORE_APS(X)                    \
	X(1, S3_4_C12_C8_1, S3_4_C12_C9_1) \
	X(2, S3_4_C12_C8_2, S3_4_C12_C9_2) \
	X(3, S3_4_C12_C8_3, S3_4_C12_C9_3)

#define EACH_LR(X)                                                                          \
	X(15, S3_4_C12_C13_7) X(14, S3_4_C12_C13_6) X(13, S3_4_C12_C13_5)                   \
	X(12, S3_4_C12_C13_4) X(11, S3_4_C12_C13_3) X(10, S3_4_C12_C13_2)                   \
	X(9, S3_4_C12_C13_1) X(8, S3_4_C12_C13_0) X(7, S3_4_C12_C12_7) X(6, S3_4_C12_C12_6) \
	X(5, S3_4_C12_C12_5) X(4, S3_4_C12_C12_4) X(3, S3_4_C12_C12_3) X(2, S3_4_C12_C12_2) \
	X(1, S3_4_C12_C12_1) X(0, S3_4_C12_C12_0)

static void lr_write(unsigned int n, u64 lr)
{
	switch (n) {
#define X(i, reg)                       \
	case (i):                       \
		write_sysreg(lr, reg);  \
		break;
		EACH_LR(X)
#undef X
	}
}

static void lrs_write(const struct vgic_hw *hw, u32 n)
{
	switch (n) {
#define X(i, reg)                                                    \
	case (i) + 1:                                                \
		write_sysreg((i) < hw->used_lrs ? hw->lr[i] : 0, reg); \
		fallthrough;
		EACH_LR(X)
#undef X
	default:
		break;
	}
}

static void lrs_read(struct vgic_hw *hw)
{
	switch (hw->used_lrs) {
#define X(i, reg)                             \
	case (i) + 1:                         \
		hw->lr[i] = read_sysreg(reg); \
		fallthrough;
		EACH_LR(X)
#undef X
	default:
		break;
	}
}

static void aps_write(const struct vgic_hw *hw)
{
	write_sysreg(hw->ap0r[0], S3_4_C12_C8_0);
	write_sysreg(hw->ap1r[0], S3_4_C12_C9_0);
	if (likely(nr_ap_regs == 1))
		return;
#define X(i, reg0, reg1)                         \
	if ((i) < nr_ap_regs) {                  \
		write_sysreg(hw->ap0r[i], reg0); \
		write_sysreg(hw->ap1r[i], reg1); \
	}
	MORE_APS(X)
#undef X
}

static void aps_read(struct vgic_hw *hw)
{
	hw->ap0r[0] = read_sysreg(S3_4_C12_C8_0);
	hw->ap1r[0] = read_sysreg(S3_4_C12_C9_0);
	if (likely(nr_ap_regs == 1))
		return;
#define X(i, reg0, reg1)                        \
	if ((i) < nr_ap_regs) {                 \
		hw->ap0r[i] = read_sysreg(reg0); \
		hw->ap1r[i] = read_sysreg(reg1); \
	}
	MORE_APS(X)
#undef X
}

void gic_load(void)
{
	struct percpu *cpu = this_cpu();

	if (unlikely((gicr_read(cpu, GICR_ISENABLER0) & OWN_INTERRUPTS) != OWN_INTERRUPTS))
		gic_own_interrupts(cpu);
	/* ICC_SRE_EL1 is one for both worlds: a guest's access to it traps. */
	write_sysreg(0x7, SYS_ICC_SRE_EL2);
}

/* The physical virtual-timer interrupt is silent exactly while the virtual one is up. */
static void gic_ppi_active(struct percpu *cpu, bool active)
{
	if (active) {
		gicr_write(cpu, GICR_ISACTIVER0, 1U << PPI_VIRT_TIMER);
		/* There before the guest's end of interrupt, which needs no bus, can undo it. */
		gicr_read(cpu, GICR_ISACTIVER0);
		cpu->ppi_active = true;
	} else if (unlikely(cpu->ppi_active)) {
		gicr_write(cpu, GICR_ICACTIVER0, 1U << PPI_VIRT_TIMER);
		cpu->ppi_active = false;
	}
}

void arch_vgic_load(struct vcpu *v)
{
	const struct vgic_hw *hw = &v->vgic.hw;
	struct percpu *cpu = this_cpu();

	gic_ppi_active(cpu, v->vgic.hw_active & (1U << PPI_VIRT_TIMER));
	if (cpu->lrs_loaded | hw->used_lrs) {
		lrs_write(hw, MAX(cpu->lrs_loaded, hw->used_lrs));
		cpu->lrs_loaded = hw->used_lrs;
	}
	aps_write(hw);
	write_sysreg(hw->vmcr, SYS_ICH_VMCR_EL2);
	write_sysreg(hw->hcr, SYS_ICH_HCR_EL2);
	isb();
}

static inline __attribute__((always_inline)) void hw_store(struct vgic_hw *hw)
{
	hw->hcr = read_sysreg(SYS_ICH_HCR_EL2);
	if (hw->used_lrs)
		lrs_read(hw);
	aps_read(hw);
	hw->vmcr = read_sysreg(SYS_ICH_VMCR_EL2);
}

/**
 * gic_exit() - store what the guest has changed
 * @v: the vCPU
 */
void gic_exit(struct vcpu *v)
{
	hw_store(&v->vgic.hw);
}

void arch_vgic_store(struct vcpu *v)
{
	hw_store(&v->vgic.hw);
	/* The level may have fallen, or risen again, without a trap: where it is, or was, up. */
	if (v->arch.timer.v_level || v->vgic.hw_active)
		timer_sample(v);
}

/*
 * The virtual timer's interrupt has come. It is not acknowledged: as soon as its level is
 * in a list register it is silent, because it is made active (gic_ppi_active()).
 */
static u8 gic_virt_timer(struct vcpu *v)
{
	int n = -1;

	timer_sample(v);
	if (v->arch.timer.v_level)
		n = vgic_lr_again(&v->vgic, PPI_VIRT_TIMER, read_sysreg(SYS_ICH_ELRSR_EL2));
	if (n < 0)
		return GUEST_EXIT_VGIC;
	lr_write(n, v->vgic.hw.lr[n]);
	gic_ppi_active(this_cpu(), true);
	return GUEST_EXIT_AGAIN;
}

void arch_wait(struct vcpu *v)
{
	/* A virtual or maintenance interrupt would end it as well. */
	write_sysreg(0, SYS_ICH_HCR_EL2);
	isb();
	/* The guest's next deadline shall, whatever became of its last one. */
	gic_ppi_active(this_cpu(), v->vgic.hw_active & (1U << PPI_VIRT_TIMER));
	dsb(sy);
	__asm__ volatile("wfi" : : : "memory");
	panic_park();
}

void gic_put(void)
{
	write_sysreg(0, SYS_ICH_HCR_EL2);
	write_sysreg(0xf, SYS_ICC_SRE_EL2);
}

/**
 * gic_classify() - whose is the physical interrupt that ended the guest's run?
 * @v: the vCPU
 *
 * By the highest pending one, without acknowledging it. What is EL2's is dealt
 * with here; the rest, and an SGI 15 that is not a kick (core/run.c knows), is the
 * host's.
 *
 * Return: GUEST_EXIT_VGIC, _AGAIN, _KICK or _IRQ.
 */
u8 gic_classify(struct vcpu *v)
{
	switch (read_sysreg(SYS_ICC_HPPIR1_EL1) & HPPIR_INTID) {
	case KICK_SGI:
		return GUEST_EXIT_KICK;
	case PPI_VIRT_TIMER:
		return gic_virt_timer(v);
	case PPI_HYP_TIMER:
		timer_phys_update(v);
		return GUEST_EXIT_VGIC;
	case PPI_MAINTENANCE:
		/* vgic_sync() and vgic_flush() do what it asks for. */
		return GUEST_EXIT_VGIC;
	default:
		return GUEST_EXIT_IRQ;
	}
}

void arch_kick(unsigned int id)
{
	/* What the kick is about must be visible before it. */
	dsb(ishst);
	write_sysreg(cpu_by_id(id)->kick_sgir, SYS_ICC_SGI1R_EL1);
	isb();
}

/*
 * The sender has announced the kick, but may not have sent it yet. It does so with
 * interrupts masked right after the announcement: microseconds. The frames are the host's
 * as well, so a host can clear or set the SGI all the time. That costs it a second of its
 * own, and at worst it sees the SGI: the news is in memory, and is looked at in any case.
 */
void arch_consume_kick(void)
{
	struct percpu *cpu = this_cpu();
	u64 end = arch_counter() + read_sysreg(cntfrq_el0);

	while (!(gicr_read(cpu, GICR_ISPENDR0) & (1U << KICK_SGI)) && arch_counter() < end)
		arch_cpu_relax();
	gicr_write(cpu, GICR_ICPENDR0, 1U << KICK_SGI);
	/* Gone before the host, or the guest again, runs. */
	while ((gicr_read(cpu, GICR_ISPENDR0) & (1U << KICK_SGI)) && arch_counter() < end)
		arch_cpu_relax();
	dsb(sy);
}
