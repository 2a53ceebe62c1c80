/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files of vgic/. Everything here is called with vgic->lock held.
 *
 * Comments cite Arm IHI 0069 by section, or by register: its description there.
 */
#ifndef VGIC_PRIV_H
#define VGIC_PRIV_H

#include <hyp/arch.h>
#include <hyp/util.h>
#include <hyp/vgic.h>

#include "regs.h"

/* What vgic_setup() found; constant afterwards. */
struct vgic_machine {
	u64 vtr;
	u64 dir_trap; /* ICH_HCR_EL2 bit that traps ICC_DIR_EL1: TDIR or TC */
	u8 nr_lrs;
	u8 pri_mask; /* implemented bits of a priority */
	u8 pre_bits; /* bits of preemption level: 5 to 7 */
};

extern struct vgic_machine vgic_machine;

static inline void vgic_list_init(struct vgic_link *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool vgic_list_empty(const struct vgic_link *head)
{
	return head->next == head;
}

static inline struct vgic_irq *vgic_link_irq(struct vgic_link *l)
{
	return container_of(l, struct vgic_irq, link);
}

/*
 * The pending state as the distributor shows it (IHI 0069 4.1.2 and GICD_ISPENDR):
 * level-sensitive, it follows the input, or what software latched; edge-triggered,
 * only the latch. What a list register took along counts until vgic_sync().
 */
static inline bool vgic_irq_pending(const struct vgic_irq *irq)
{
	return (!irq->edge && irq->line) || irq->latch || irq->lr_latch;
}

static inline bool vgic_group_on(const struct vgic *g, bool group1)
{
	return g->ctlr & (group1 ? GICD_CTLR_EnableGrp1 : GICD_CTLR_EnableGrp0);
}

static inline bool vgic_cpu_group_on(const struct vgic_cpu *c, bool group1)
{
	return READ_ONCE(c->hw.vmcr) & (group1 ? ICH_VMCR_VENG1 : ICH_VMCR_VENG0);
}

/*
 * INTID of a vCPU's private interrupt or of an SPI; NULL: there is none. Guests and
 * the host choose it, so it is clamped for speculation as well.
 */
static inline struct vgic_irq *vgic_lookup(struct vgic *g, struct vgic_cpu *c, u64 intid)
{
	if (intid < VGIC_NR_PRIVATE)
		return c ? &c->priv[arch_index_nospec(intid, VGIC_NR_PRIVATE)] : NULL;
	if (intid >= VGIC_NR_IRQS)
		return NULL;
	return &g->spi[arch_index_nospec(intid - VGIC_NR_PRIVATE, VGIC_NR_SPIS)];
}

/* The registers' copies of 32 INTIDs; @c: whose private ones. */
static inline struct vgic_word *vgic_word(struct vgic *g, struct vgic_cpu *c, unsigned int intid)
{
	return intid < VGIC_NR_PRIVATE ? &c->word : &g->word[intid / 32];
}

/*
 * A read of a register of one bit an INTID, as far as the words that are kept tell; those
 * before @from and from @to on are RES0 in this frame. Without the lock: each word is
 * written at once. False: another register, or the interrupts themselves must be asked.
 */
static inline bool vgic_word_read(const struct vgic_word *word, unsigned int from, unsigned int to,
				  u32 offset, u64 *val)
{
	unsigned int n = offset % 0x80 / 4;

	if (offset < GICD_IGROUPR || offset >= GICD_IPRIORITYR)
		return false;
	*val = 0;
	if (n < from || n >= to)
		return true;
	if (offset >= GICD_ISPENDR)
		return !READ_ONCE(word[n].live);
	*val = offset < GICD_ISENABLER ? READ_ONCE(word[n].group1) : READ_ONCE(word[n].enabled);
	return true;
}

/* queue.c */
void vgic_unqueue(struct vgic *g, struct vgic_irq *irq);
void vgic_update(struct vgic *g, struct vgic_irq *irq, u32 *wake);
void vgic_irq_activate(struct vgic *g, struct vgic_irq *irq, struct vgic_cpu *c, bool acked);
void vgic_irq_deactivate(struct vgic *g, struct vgic_irq *irq, struct vgic_cpu *c, u32 *wake);
void vgic_irq_ended(struct vgic_irq *irq, struct vgic_cpu *c);
void vgic_notify(struct vgic_cpu *c, u8 priority, bool group1, u32 *wake);
void vgic_notify_all(struct vgic_cpu *c, u32 *wake);
void vgic_take_parked(struct vgic_cpu *c, u32 *wake);
void vgic_leave_1ofn(struct vgic_cpu *c, u32 *wake);

/* cpuif.c */
void vgic_cpuif_reset(struct vgic_cpu *c);
u32 vgic_cpuif_group_priority(const struct vgic_cpu *c, u8 priority, bool group1);
bool vgic_cpuif_takes(const struct vgic_cpu *c, u8 priority, bool group1);

/* An access to a frame: who, what, and what came of it. */
struct vgic_bus {
	struct vgic_cpu *self; /* vCPU that makes the access */
	u32 offset; /* in the 64 KiB frame */
	u32 size;
	bool write;
	u64 val;
	u32 wake;
};

/* dist.c, redist.c, bank.c */
void vgic_dist_access(struct vgic *g, struct vgic_bus *bus);
void vgic_redist_access(struct vgic_cpu *c, struct vgic_bus *bus);
void vgic_sgi_frame_access(struct vgic_cpu *c, struct vgic_bus *bus);
bool vgic_dist_read(const struct vgic *g, u32 offset, u64 *val);
void vgic_bank_access(struct vgic *g, struct vgic_cpu *c, struct vgic_bus *bus);

#define VGIC_IIDR FIELD_PREP(GICx_IIDR_ProductID, 0x47)
#define VGIC_PIDR2 FIELD_PREP(GICx_PIDR2_ArchRev, 3)

#endif
