// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual GICv3: set-up, reset, wires, and the way from an IPA to a frame.
 */
#include <hyp/errno.h>
#include <hyp/string.h>

#include "vgic_priv.h"

struct vgic_machine vgic_machine;

void vgic_setup(u64 ich_vtr)
{
	unsigned int pri_bits = FIELD_GET(ICH_VTR_PRIbits, ich_vtr) + 1;

	vgic_machine.vtr = ich_vtr;
	vgic_machine.nr_lrs = MIN(FIELD_GET(ICH_VTR_ListRegs, ich_vtr) + 1, VGIC_MAX_LRS);
	vgic_machine.pri_mask = 0xff << (8 - pri_bits);
	vgic_machine.pre_bits = FIELD_GET(ICH_VTR_PREbits, ich_vtr) + 1;
	/* Without TDS all "common" registers have to trap (IHI 0069, ICH_VTR_EL2.TDS). */
	vgic_machine.dir_trap = ich_vtr & ICH_VTR_TDS ? ICH_HCR_TDIR : ICH_HCR_TC;
}

/*
 * An interrupt's registers as after reset (IHI 0069 12.9, 12.11). Many reset values
 * are UNKNOWN there: zero here, so that no VM sees what another one left.
 */
static void irq_reset(struct vgic_irq *irq)
{
	bool line = irq->line, hw = irq->hw, resample = irq->resample;
	bool private = irq->intid < VGIC_NR_PRIVATE;
	u64 route = private ? irq->route : 0;
	u16 intid = irq->intid;

	*irq = (struct vgic_irq){
		.intid = intid,
		.route = route,
		.line = line,
		.hw = hw,
		.resample = resample,
		/* SGIs are always edge-triggered (IHI 0069, GICR_ICFGR0). */
		.edge = intid < VGIC_NR_SGIS,
	};
}

static void cpu_reset_queues(struct vgic_cpu *c)
{
	for (unsigned int group = 0; group < 2; group++) {
		for (unsigned int i = 0; i < VGIC_NR_BUCKETS; i++)
			vgic_list_init(&c->pend[group][i]);
		c->pend_map[group] = 0;
	}
	vgic_list_init(&c->active);
	WRITE_ONCE(c->nr_queued, 0);
}

static void redist_reset(struct vgic_cpu *c)
{
	u32 wake = 0;

	cpu_reset_queues(c);
	c->hw_active = 0;
	c->word = (struct vgic_word){ 0 };
	for (unsigned int i = 0; i < VGIC_NR_PRIVATE; i++) {
		irq_reset(&c->priv[i]);
		vgic_update(c->vgic, &c->priv[i], &wake); /* hw_active alone */
	}
	/*
	 * GICR_WAKER.ProcessorSleep resets to 1 (IHI 0069, GICR_WAKER) and firmware
	 * clears it before it starts an operating system: that is where a guest begins.
	 */
	c->asleep = false;
	c->rwp = false;
	c->again = false;
	c->awaited = 0;
	memset(c->eoi, 0, sizeof(c->eoi));
	WRITE_ONCE(c->nr_eoi, 0);
	c->hw.used_lrs = 0;
	c->nr_lr_images = 0;
	WRITE_ONCE(c->loaded, false);
	vgic_cpuif_reset(c);
}

void vgic_init(struct vgic *g, struct vgic_irq *spi)
{
	memset(g, 0, sizeof(*g));
	memset(spi, 0, VGIC_SPI_BYTES);
	g->dist_base = VGIC_NO_FRAME;
	g->redist_base = VGIC_NO_FRAME;
	g->spi = spi;
	vgic_list_init(&g->parked);
	for (unsigned int i = 0; i < VGIC_NR_SPIS; i++) {
		spi[i].intid = VGIC_NR_PRIVATE + i;
		irq_reset(&spi[i]);
	}
}

static int set_frame(u64 *base, u64 size, ipa_t to, u64 other, u64 other_size)
{
	if (*base != VGIC_NO_FRAME)
		return -EEXIST;
	if (!IS_ALIGNED(to.v, GICD_SIZE) || to.v + VGIC_MAX_CPUS * GICR_SIZE < to.v)
		return -EINVAL;
	if (ranges_overlap(to.v, size, other, other_size))
		return -EINVAL;
	*base = to.v;
	return 0;
}

int vgic_set_dist(struct vgic *g, ipa_t base)
{
	return set_frame(&g->dist_base, GICD_SIZE, base, g->redist_base, GICR_SIZE);
}

int vgic_set_redist(struct vgic *g, ipa_t base)
{
	return set_frame(&g->redist_base, GICR_SIZE, base, g->dist_base, GICD_SIZE);
}

bool vgic_present(const struct vgic *g)
{
	return g->dist_base != VGIC_NO_FRAME && g->redist_base != VGIC_NO_FRAME;
}

/*
 * SPIs wait unqueued for a target that does not exist: there is one more, or, after a
 * first round with @gone in which they leave its queues, one less.
 */
static void update_spis(struct vgic *g, const struct vgic_cpu *gone)
{
	u32 wake = 0;

	for (unsigned int n = 1; n < ARRAY_SIZE(g->word); n++) {
		for (u32 live = g->word[n].live; live; live &= live - 1) {
			struct vgic_irq *irq = vgic_lookup(g, NULL, n * 32 + __builtin_ctz(live));

			if (!gone)
				vgic_update(g, irq, &wake);
			else if (irq->queue != VGIC_Q_PARKED && irq->q_cpu == gone->index)
				vgic_unqueue(g, irq);
		}
	}
}

void vgic_cpu_init(struct vgic *g, struct vgic_cpu *c, unsigned int index)
{
	memset(c, 0, sizeof(*c));
	c->vgic = g;
	c->index = index;
	c->hw.nr_lrs = vgic_machine.nr_lrs;
	for (unsigned int i = 0; i < VGIC_NR_PRIVATE; i++) {
		c->priv[i].intid = i;
		c->priv[i].route = index;
	}

	spin_lock(&g->lock);
	g->cpu[index] = c;
	g->nr_cpus = MAX(g->nr_cpus, index + 1);
	redist_reset(c);
	update_spis(g, NULL);
	spin_unlock(&g->lock);
}

void vgic_cpu_remove(struct vgic *g, unsigned int index)
{
	struct vgic_cpu *c;

	spin_lock(&g->lock);
	c = g->cpu[index];
	for (unsigned int i = 0; i < VGIC_NR_PRIVATE; i++)
		vgic_unqueue(g, &c->priv[i]);
	update_spis(g, c);
	g->cpu[index] = NULL;
	while (g->nr_cpus && !g->cpu[g->nr_cpus - 1])
		g->nr_cpus--;
	update_spis(g, NULL);
	spin_unlock(&g->lock);
}

void vgic_reset(struct vgic *g)
{
	spin_lock(&g->lock);
	g->ctlr = 0;
	g->rwp = 0;
	g->next_1ofn = 0;
	g->nr_1ofn = 0;
	g->nr_in_lrs = 0;
	vgic_list_init(&g->parked);
	WRITE_ONCE(g->nr_parked, 0);
	memset(g->word, 0, sizeof(g->word));
	for (unsigned int i = 0; i < VGIC_NR_SPIS; i++) {
		irq_reset(&g->spi[i]);
		if (g->spi[i].line)
			g->word[g->spi[i].intid / 32].live |= BIT(g->spi[i].intid % 32);
	}
	for (unsigned int i = 0; i < VGIC_MAX_CPUS; i++) {
		if (g->cpu[i])
			redist_reset(g->cpu[i]);
	}
	spin_unlock(&g->lock);
}

void vgic_cpu_reset(struct vgic_cpu *c, u32 *wake)
{
	struct vgic *g = c->vgic;
	u32 woken = 0;

	spin_lock(&g->lock);
	vgic_cpuif_reset(c);
	c->asleep = false;
	/* No end of interrupt will come for what it had acknowledged. */
	for (struct vgic_link *l = c->active.next; l != &c->active; l = l->next)
		vgic_link_irq(l)->acked = false;
	vgic_leave_1ofn(c, &woken);
	spin_unlock(&g->lock);
	*wake |= woken & ~BIT(c->index);
}

void vgic_cpu_map_hw(struct vgic_cpu *c, unsigned int intid)
{
	u32 wake = 0;

	spin_lock(&c->vgic->lock);
	c->priv[intid].hw = true;
	c->priv[intid].edge = false;
	vgic_update(c->vgic, &c->priv[intid], &wake);
	spin_unlock(&c->vgic->lock);
}

int vgic_set_line(struct vgic *g, unsigned int cpu, unsigned int intid, bool level, u32 *wake)
{
	struct vgic_cpu *c = cpu < VGIC_MAX_CPUS ? g->cpu[vgic_cpu_nospec(cpu)] : NULL;
	struct vgic_irq *irq;

	if (intid < VGIC_NR_SGIS)
		return -EINVAL;
	irq = vgic_lookup(g, c, intid);
	if (!irq)
		return -EINVAL;

	spin_lock(&g->lock);
	if (irq->edge) {
		irq->line = level;
		if (level && !irq->latch) {
			irq->latch = true;
			vgic_update(g, irq, wake);
		}
	} else if (irq->line != level) {
		irq->line = level;
		vgic_update(g, irq, wake);
	}
	spin_unlock(&g->lock);
	return 0;
}

int vgic_set_resample(struct vgic *g, unsigned int intid, bool on)
{
	if (intid < VGIC_NR_PRIVATE || intid >= VGIC_NR_IRQS)
		return -EINVAL;
	spin_lock(&g->lock);
	g->spi[intid - VGIC_NR_PRIVATE].resample = on;
	spin_unlock(&g->lock);
	return 0;
}

void vgic_deactivate(struct vgic_cpu *c, u64 intid, u32 *wake)
{
	struct vgic *g = c->vgic;
	struct vgic_irq *irq = vgic_lookup(g, c, intid & GENMASK(23, 0));
	u32 woken = 0;

	/* Ignored with EOImode 0, as it may be, and for special INTIDs (IHI 0069, ICC_DIR_EL1). */
	if (!irq || !(c->hw.vmcr & ICH_VMCR_VEOIM))
		return;

	spin_lock(&g->lock);
	if (irq->in_lr) {
		/*
		 * Another vCPU has it, in the guest: an SPI may be deactivated by any
		 * PE (IHI 0069 4.1). It has to be active for that, so the guest had learnt of it.
		 */
		irq->drop_active = true;
		irq->set_active = false;
		vgic_update(g, irq, &woken);
	} else if (irq->active) {
		vgic_irq_deactivate(g, irq, c, &woken);
	}
	spin_unlock(&g->lock);
	*wake |= woken & ~BIT(c->index);
}

bool vgic_read(struct vgic_cpu *cpu, ipa_t addr, unsigned int size, u64 *val)
{
	const struct vgic *g = cpu->vgic;
	u64 offset = addr.v - g->dist_base;

	if (size != 4 || !IS_ALIGNED(addr.v, 4))
		return false;
	if (offset < GICD_SIZE) {
		if (!vgic_dist_read(g, offset, val))
			return false;
	} else {
		/* Its own alone: without the lock another vCPU may go, with the memory it is in. */
		offset = addr.v - g->redist_base;
		if (offset / GICR_SIZE != cpu->index || !(offset & GICR_FRAME_SIZE) ||
		    !vgic_word_read(&cpu->word, 0, 1, offset % GICR_FRAME_SIZE, val))
			return false;
	}
	cpu->awaited = 0;
	return true;
}

bool vgic_access(struct vgic_cpu *cpu, ipa_t addr, unsigned int size, bool write, u64 *val,
		 u32 *wake, bool *fault)
{
	struct vgic *g = cpu->vgic;
	struct vgic_bus bus = {
		.self = cpu,
		.offset = addr.v % GICD_SIZE,
		.size = size,
		.write = write,
		.val = write ? *val : 0,
	};
	u64 in_dist = addr.v - g->dist_base;
	u64 in_redist = addr.v - g->redist_base;
	bool dist = in_dist < GICD_SIZE;

	if (!dist && in_redist >= (u64)g->nr_cpus * GICR_SIZE)
		return false;

	*fault = false;
	if (!write && vgic_read(cpu, addr, size, val)) {
		cpu->again = false;
		return true;
	}
	if (cpu->awaited_addr != addr.v) {
		/* Not the access that was to be repeated: what it awaited is old. */
		cpu->awaited = 0;
		cpu->awaited_addr = addr.v;
	}
	cpu->again = false;

	/* IHI 0069 12.1.3: accesses are aligned to their size. */
	if (IS_ALIGNED(addr.v, size)) {
		spin_lock(&g->lock);
		if (dist) {
			vgic_dist_access(g, &bus);
		} else {
			/* No vCPU of that index: its frames are RAZ/WI. */
			struct vgic_cpu *c = g->cpu[vgic_cpu_nospec(in_redist / GICR_SIZE)];

			if (c && !(in_redist & GICR_FRAME_SIZE))
				vgic_redist_access(c, &bus);
			else if (c)
				vgic_sgi_frame_access(c, &bus);
		}
		spin_unlock(&g->lock);
	}

	if (!cpu->again)
		cpu->awaited = 0;
	if (!write)
		*val = bus.val;
	*wake |= bus.wake & ~BIT(cpu->index);
	return true;
}
