/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of a GICv3 with 8 PEs, written from the rules of Arm IHI 0069 and made to
 * be simple: it knows no queues and no list registers, and shares no header and no
 * function with vgic/. What the architecture leaves open (the order of equal
 * priorities, the target of a 1-of-N interrupt) it leaves open as well: it says
 * whether what was observed is allowed.
 */
#ifndef TESTS_VGIC_MODEL_H
#define TESTS_VGIC_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define M_CPUS 8
#define M_IRQS 1020
#define M_NONE 1023
#define M_STACK 300

struct m_irq {
	bool enabled, group1, edge, line, latch, active, resample;
	uint8_t prio;
	uint32_t route;
	int reports; /* ends of interrupt that the host has to hear of, less those it heard */
};

/* One that the guest has acknowledged and not yet dropped the priority of. */
struct m_running {
	unsigned int intid, group, group_prio;
};

struct m_cpu {
	bool asleep, en[2], cbpr, eoimode;
	unsigned int pmr, bpr[2];
	struct m_running run[M_STACK];
	unsigned int nr_run;
};

struct model {
	unsigned int pri_bits, pre_bits;
	bool grp[2]; /* GICD_CTLR */
	struct m_cpu cpu[M_CPUS];
	struct m_irq priv[M_CPUS][32];
	struct m_irq spi[M_IRQS + 4]; /* by INTID; special ones never change */
	/* INTIDs that are looked at: others never become pending. */
	unsigned int used[M_IRQS], nr_used;
};

void m_init(struct model *m, unsigned int pri_bits, unsigned int pre_bits);
void m_reset(struct model *m); /* wires stay */
void m_cpu_reset(struct model *m, unsigned int cpu);
struct m_irq *m_irq(struct model *m, unsigned int cpu, unsigned int intid);
bool m_pending(const struct m_irq *irq);

void m_line(struct model *m, unsigned int cpu, unsigned int intid, bool level);
void m_deactivate(struct m_irq *irq);
void m_sgi(struct model *m, unsigned int cpu, unsigned int intid, uint32_t targets, bool all,
	   bool any_group);

/* Is @intid (or M_NONE) allowed as the highest priority pending interrupt of a PE? */
bool m_hppi_allowed(struct model *m, unsigned int cpu, unsigned int intid);
/* May, and must, the PE be woken by an interrupt now? */
void m_takes(struct model *m, unsigned int cpu, bool *may, bool *must);
/* ICC_IAR: is the result allowed? Then it is done. */
bool m_ack(struct model *m, unsigned int cpu, unsigned int group, unsigned int intid);
void m_eoi(struct model *m, unsigned int cpu); /* ends the latest */
void m_dir(struct model *m, unsigned int cpu, unsigned int intid);
unsigned int m_rpr(const struct model *m, unsigned int cpu);
/* Is it on the stack of acknowledged ones of any PE? */
bool m_in_service(struct model *m, unsigned int cpu, unsigned int intid);

#endif
