/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual GICv3 of a VM (Arm IHI 0069): distributor, redistributors, list
 * registers. GICD_CTLR.DS = 1, affinity routing only, 988 SPIs, no ITS, no LPIs.
 *
 * Where the state of an interrupt is
 *
 *   While a vCPU is in the guest, between vgic_flush() and vgic_sync(), what its
 *   list registers hold belongs to the CPU that runs it: the guest acknowledges
 *   and ends those interrupts without EL2. All else, and everything while no
 *   vCPU is in the guest, is in struct vgic_irq. Nothing stays on a CPU, so a
 *   vCPU may go on on another one after vgic_sync().
 *
 * Order of calls for one vCPU
 *
 *   (guest exits) arch stores lr[0..used_lrs), ap0r, ap1r, vmcr and, if hcr asks
 *   for LRENPIE, ICH_HCR_EL2 (its EOIcount) into vgic_cpu.hw; vgic_sync(); then
 *   anything below (vgic_access(), vgic_sgi(), vgic_pending(), ...);
 *   vgic_flush(); arch loads hw; guest entry.
 *
 * Kicks
 *
 *   Functions with @wake add a bit to it for each vCPU that has newly something
 *   to take (never that of the vCPU that calls: it flushes before it goes on),
 *   and for each vCPU inside the guest whose list registers have become wrong.
 *   Callers start from 0, kick those that are inside the guest and report the
 *   others to the host.
 *
 * Locking: vgic->lock, one a VM, protects everything here but struct vgic_hw.
 * One lock is enough, since a VM has at most 8 vCPUs and each hold is short (32
 * interrupts at most; vgic_reset() and vgic_cpu_init() scan the SPIs), and one
 * is needed where an SPI moves from one vCPU's queue to another's.
 */
#ifndef HYP_VGIC_H
#define HYP_VGIC_H

#include <hyp/spinlock.h>
#include <hyp/types.h>

#define VGIC_MAX_CPUS 8
#define VGIC_NR_SGIS 16
#define VGIC_NR_PRIVATE 32
#define VGIC_NR_IRQS 1020 /* INTIDs 0 to 1019 */
#define VGIC_NR_SPIS (VGIC_NR_IRQS - VGIC_NR_PRIVATE)
#define VGIC_MAX_LRS 16
#define VGIC_NR_BUCKETS 32
#define VGIC_DIST_SIZE 0x10000ULL
#define VGIC_REDIST_SIZE 0x20000ULL /* a vCPU */

/**
 * vgic_cpu_nospec() - clamp an index of a vCPU
 * @index: found to be below VGIC_MAX_CPUS, which the processor may have guessed only
 *
 * Return: @index, below VGIC_MAX_CPUS on mispredicted paths, too.
 */
static inline unsigned int vgic_cpu_nospec(u64 index)
{
	_Static_assert(!(VGIC_MAX_CPUS & (VGIC_MAX_CPUS - 1)), "a mask");
	return index & (VGIC_MAX_CPUS - 1);
}

/* A circular list: the same links in heads and members. */
struct vgic_link {
	struct vgic_link *next, *prev;
};

/* Which list an interrupt is on. */
enum vgic_queue {
	VGIC_Q_NONE,
	VGIC_Q_PENDING, /* vgic_cpu.pend: enabled, pending, not active */
	VGIC_Q_ACTIVE, /* vgic_cpu.active: active, also if pending as well */
	VGIC_Q_PARKED, /* vgic.parked: 1-of-N, and no vCPU could take it */
};

struct vgic_irq {
	struct vgic_link link;
	u64 route; /* SPI: GICD_IROUTER; private: the vCPU's index */
	u16 intid;
	u8 priority;
	u8 queue; /* enum vgic_queue */
	/* Where it is queued, as it was when it got there. */
	u8 q_cpu;
	u8 q_prio;
	u8 q_group;
	u8 lr_cpu;
	bool enabled : 1;
	bool group1 : 1;
	bool edge : 1; /* ICFGR: edge, else level */
	bool line : 1; /* level of the input */
	bool latch : 1; /* pending by edge or by software, outside list registers */
	bool active : 1;
	bool acked : 1; /* active by an acknowledge, not by GICx_ISACTIVER */
	bool hw : 1; /* its deactivation deactivates the same physical PPI */
	bool resample : 1; /* report its end of interrupt to the host */
	bool in_lr : 1; /* a list register of vCPU @lr_cpu, in the guest, holds it */
	/* What went into that list register. */
	bool lr_pend : 1;
	bool lr_active : 1;
	bool lr_latch : 1; /* of @latch, to come back if it was not acknowledged */
	bool lr_dirty : 1; /* something has changed since */
	/* Written to GICx_ISACTIVER or ICACTIVER meanwhile; vgic_sync() does it. */
	bool set_active : 1;
	bool drop_active : 1;
};

/*
 * The hypervisor control interface of one vCPU, as arch/ loads it before a
 * guest entry and stores it after. ap0r/ap1r and vmcr are loaded and stored by
 * arch/ alone but for reset.
 */
struct vgic_hw {
	u32 nr_lrs; /* implemented, 1 to 16; fixed before first use */
	u32 used_lrs; /* LRs 0 to used_lrs - 1 are loaded; the others are empty */
	u64 lr[VGIC_MAX_LRS];
	u64 hcr; /* ICH_HCR_EL2: En, NPIE, ... as vgic_flush() wants it */
	u64 vmcr; /* ICH_VMCR_EL2 */
	u32 ap0r[4];
	u32 ap1r[4];
};

/*
 * What whole registers of 32 INTIDs read as. The first two are exact copies of the
 * fields in struct vgic_irq; of the others' state, @live tells which may have any.
 */
struct vgic_word {
	u32 group1;
	u32 enabled;
	u32 live; /* pending or active, or has been since the last reset */
};

struct vgic;

struct vgic_cpu {
	struct vgic *vgic;
	struct vgic_hw hw;
	u32 index; /* MPIDR_EL1.Aff0 */
	/*
	 * Physical private interrupts that have to be active while this vCPU is
	 * in the guest (bit n: INTID n), because the virtual one is pending,
	 * active or has its line high. Valid after vgic_flush(); only those of
	 * vgic_cpu_map_hw().
	 */
	u32 hw_active;
	/*
	 * The last vgic_access() has to be repeated once the vCPUs in its @wake
	 * have left the guest: do not step over the guest's instruction.
	 */
	bool again;

	bool asleep; /* GICR_WAKER.ProcessorSleep */
	bool loaded; /* from vgic_flush() to vgic_sync(): in the guest */
	bool rwp; /* GICR_CTLR.RWP: a disable waits for the next vgic_sync() */
	u32 nr_queued; /* on @pend and @active; read without the lock */
	u32 nr_lr_images; /* of hw.lr, from the last vgic_sync() */
	u32 nr_eoi; /* bits in @eoi; read without the lock */
	u32 syncs; /* counts vgic_sync() that found loaded list registers */

	/* For @again: which vCPUs' state this one waits for, since when, where. */
	u32 awaited;
	u32 awaited_syncs[VGIC_MAX_CPUS];
	u64 awaited_addr;

	/* By group, then the upper 5 bits of priority; each sorted, then FIFO. */
	struct vgic_link pend[2][VGIC_NR_BUCKETS];
	u32 pend_map[2]; /* lists that are not empty */
	struct vgic_link active; /* latest acknowledge first */

	struct vgic_irq *lr_irq[VGIC_MAX_LRS]; /* what hw.lr[i] holds */
	u64 eoi[(VGIC_NR_IRQS + 63) / 64]; /* ends of interrupt to report */

	struct vgic_word word;
	struct vgic_irq priv[VGIC_NR_PRIVATE];
};

/* Where a frame is that has no place yet: no IPA comes near it. */
#define VGIC_NO_FRAME BIT(63)

struct vgic {
	struct spinlock lock;
	u64 dist_base; /* IPA; VGIC_NO_FRAME: none yet */
	u64 redist_base; /* IPA of the first of nr_cpus frames of 0x20000 */
	u32 ctlr; /* GICD_CTLR: the group enables */
	u32 nr_cpus; /* indices below it may exist */
	u32 rwp; /* GICD_CTLR.RWP: vCPUs whose next vgic_sync() is awaited */
	u32 nr_in_lrs; /* interrupts in list registers of vCPUs inside the guest */
	u32 nr_parked; /* on @parked; read without the lock */
	u32 nr_1ofn; /* SPIs of Interrupt_Routing_Mode 1 */
	u32 next_1ofn; /* where the search for a 1-of-N target starts */
	struct vgic_cpu *cpu[VGIC_MAX_CPUS];
	struct vgic_irq *spi; /* VGIC_NR_SPIS of them */
	struct vgic_word word[VGIC_NR_IRQS / 32 + 1]; /* by INTID; the first is not used */
	struct vgic_link parked;
};

/* Bytes of the SPI array: the caller allocates it with the VM. */
#define VGIC_SPI_BYTES (VGIC_NR_SPIS * sizeof(struct vgic_irq))

/**
 * vgic_setup() - learn what the machine's virtual CPU interfaces can do
 * @ich_vtr: ICH_VTR_EL2: list registers, bits of priority and preemption, the
 *           trap of ICC_DIR_EL1
 *
 * Called once at boot, before any other function here.
 */
void vgic_setup(u64 ich_vtr);

/**
 * vgic_init() - make the GIC of a VM, without frames and without vCPUs
 * @g: any contents
 * @spi: VGIC_SPI_BYTES, any contents
 */
void vgic_init(struct vgic *g, struct vgic_irq *spi);

/**
 * vgic_set_dist() - place the distributor's frame (64 KiB)
 * @g: the VM's vGIC
 * @base: its IPA, 64 KiB aligned
 *
 * Return: 0; -EEXIST: it has a place; -EINVAL: alignment, wraps, or over the
 * first redistributor.
 */
int vgic_set_dist(struct vgic *g, ipa_t base);

/**
 * vgic_set_redist() - place the redistributors' frames (128 KiB a vCPU, upward)
 * @g: the VM's vGIC
 * @base: IPA of vCPU 0's, 64 KiB aligned
 *
 * There are as many as vCPUs (the highest index + 1), so the range grows.
 * Where it comes to lie over the distributor, the distributor wins.
 *
 * Return: as vgic_set_dist().
 */
int vgic_set_redist(struct vgic *g, ipa_t base);

/**
 * vgic_present() - does the VM have a GIC?
 * @g: the VM's vGIC
 *
 * Return: true when both frames have a place.
 */
bool vgic_present(const struct vgic *g);

/**
 * vgic_cpu_init() - add a vCPU, its redistributor and CPU interface as at reset
 * @g: the VM's vGIC
 * @c: any contents; must not move in memory afterwards
 * @index: MPIDR_EL1.Aff0, below VGIC_MAX_CPUS, not in use
 *
 * Context: takes vgic->lock.
 */
void vgic_cpu_init(struct vgic *g, struct vgic_cpu *c, unsigned int index);

/**
 * vgic_cpu_remove() - take a vCPU out; it does not run
 * @g: the VM's vGIC
 * @index: the vCPU's
 *
 * SPIs that waited for it stay pending, active ones stay active.
 *
 * Context: takes vgic->lock.
 */
void vgic_cpu_remove(struct vgic *g, unsigned int index);

/**
 * vgic_reset() - all registers as after power on
 * @g: the VM's vGIC
 *
 * Addresses, levels of the lines, vgic_set_resample() and vgic_cpu_map_hw() are
 * wiring and stay.
 *
 * Context: takes vgic->lock; no vCPU of the VM runs.
 */
void vgic_reset(struct vgic *g);

/**
 * vgic_cpu_reset() - CPU interface of one vCPU as after a reset (CPU_ON, CPU_OFF)
 * @c: the vCPU's part of the vGIC
 * @wake: vCPUs that got a 1-of-N SPI that waited for this one
 *
 * The redistributor keeps its state, as it does where only the PE loses power.
 *
 * Context: takes vgic->lock; @c is not in the guest.
 */
void vgic_cpu_reset(struct vgic_cpu *c, u32 *wake);

/**
 * vgic_cpu_map_hw() - wire a private interrupt to the physical one of its number
 * @c: the vCPU's part of the vGIC
 * @intid: 16 to 31
 *
 * It goes into list registers with HW = 1; vgic_cpu.hw_active tells when the
 * physical interrupt has to be active. Its input is still vgic_set_line(). It is
 * level-sensitive for good.
 *
 * Context: takes vgic->lock.
 */
void vgic_cpu_map_hw(struct vgic_cpu *c, unsigned int intid);

/**
 * vgic_covers() - may an address be one of vgic_access()?
 * @c: a vCPU of the VM
 * @addr: IPA
 *
 * A quick look, that only frames and their neighbourhood pass.
 *
 * Context: no lock.
 * Return: false: it is in no frame of this VM.
 */
static inline bool vgic_covers(const struct vgic_cpu *c, u64 addr)
{
	const struct vgic *g = c->vgic;

	return addr - g->dist_base < VGIC_DIST_SIZE ||
	       addr - g->redist_base < VGIC_MAX_CPUS * VGIC_REDIST_SIZE;
}

/**
 * vgic_read() - a guest's read of a GIC register that is constant or one word
 * @cpu: vCPU that made it; in the guest or not
 * @addr: IPA
 * @size: bytes
 * @val: result
 *
 * A shorter way to what vgic_access() says.
 *
 * Context: no lock.
 * Return: false: it is not such a register; ask vgic_access().
 */
bool vgic_read(struct vgic_cpu *cpu, ipa_t addr, unsigned int size, u64 *val);

/**
 * vgic_access() - a guest's access to a GIC frame
 * @cpu: vCPU that made it; not in the guest
 * @addr: IPA
 * @size: bytes: 1, 2, 4, 8
 * @write: direction
 * @val: value written, or result (zero-extended)
 * @wake: see above
 * @fault: set to true where the access shall end in an external abort; no access
 *         does: IHI 0069 12.1.3 leaves unknown registers and sizes to the
 *         implementation, and here they are RAZ/WI
 *
 * After it @cpu->again tells whether the access has to be repeated.
 *
 * Context: takes vgic->lock.
 * Return: true when @addr is in a frame of this VM:
 * complete (or @cpu->again).
 */
bool vgic_access(struct vgic_cpu *cpu, ipa_t addr, unsigned int size, bool write, u64 *val,
		 u32 *wake, bool *fault);

/**
 * vgic_sgi() - a guest wrote ICC_SGI1R_EL1, ICC_SGI0R_EL1 or ICC_ASGI1R_EL1
 * @cpu: vCPU that wrote
 * @sgir: the value
 * @group1: true for ICC_SGI1R_EL1, false for the other two, which with
 *          GICD_CTLR.DS = 1 make SGIs of group 0 only
 * @wake: see above
 *
 * Context: takes vgic->lock.
 */
void vgic_sgi(struct vgic_cpu *cpu, u64 sgir, bool group1, u32 *wake);

/**
 * vgic_set_line() - a wire changed its level
 * @g: the VM's vGIC
 * @cpu: vCPU index of a private interrupt, ignored for SPIs
 * @intid: 16 to 1019
 * @level: edge-triggered: each call with true latches
 * @wake: see above; here the bit of any vCPU
 *
 * Context: takes vgic->lock.
 * Return: 0 or -EINVAL (INTID or vCPU not there).
 */
int vgic_set_line(struct vgic *g, unsigned int cpu, unsigned int intid, bool level, u32 *wake);

/**
 * vgic_set_resample() - is the end of interrupt of an SPI reported to the host?
 * @g: the VM's vGIC
 * @intid: 32 to 1019
 * @on: yes or no
 *
 * Matters while the SPI is level-sensitive. In force from the next time on that
 * it goes into a list register.
 *
 * Context: takes vgic->lock.
 * Return: 0 or -EINVAL.
 */
int vgic_set_resample(struct vgic *g, unsigned int intid, bool on);

/**
 * vgic_eoi_due() - has this vCPU ended an interrupt that the host must hear of?
 * @c: the vCPU's part of the vGIC
 *
 * Asked after vgic_sync() or vgic_access(): if so, leave to the host (exit IRQ)
 * instead of entering the guest, with the result of vgic_eoi_report().
 *
 * Context: no lock.
 * Return: true if so.
 */
static inline bool vgic_eoi_due(const struct vgic_cpu *c)
{
	return READ_ONCE(c->nr_eoi) != 0;
}

/**
 * vgic_eoi_report() - what hwstate.lr[] shows at an exit to the host
 * @c: the vCPU's part of the vGIC
 * @lr: written: copies of the list registers at guest exit; an SPI with resample
 *      that was deactivated while its line was high has state 0 and the EOI bit
 *
 * Each deactivation is in exactly one report. Entries from hw.nr_lrs on are 0.
 *
 * Context: takes vgic->lock, if there is something to report.
 * Return: true if an
 * end of interrupt is in it.
 */
bool vgic_eoi_report(struct vgic_cpu *c, u64 lr[VGIC_MAX_LRS]);

/**
 * vgic_deactivate() - a guest's write to ICC_DIR_EL1 that was trapped
 * @c: the vCPU's part of the vGIC
 * @intid: the value written
 * @wake: see above
 *
 * Needs hw.vmcr as of the exit. hw.hcr has TDIR set while an active interrupt of
 * this vCPU is in no list register, and for guests of several vCPUs that use
 * EOImode 1, where one may deactivate an SPI that another one acknowledged.
 *
 * Context: takes vgic->lock, after vgic_sync().
 */
void vgic_deactivate(struct vgic_cpu *c, u64 intid, u32 *wake);

/* Registers that ICH_HCR_EL2.TC traps, for vgic_icc_access(). */
enum vgic_icc {
	VGIC_ICC_PMR,
	VGIC_ICC_CTLR,
	VGIC_ICC_RPR,
	VGIC_ICC_DIR,
};

/**
 * vgic_icc_access() - a guest's access to a CPU interface register, trapped by TC
 * @c: the vCPU's part of the vGIC
 * @reg: which one
 * @write: direction
 * @val: value written, or the result
 * @wake: see above
 *
 * CPUs without ICH_VTR_EL2.TDS cannot trap ICC_DIR_EL1 alone: there vgic_flush()
 * sets TC where it would set TDIR. Works on hw.vmcr, ap0r, ap1r.
 *
 * Return: false: the access is UNDEFINED (a write of RPR, a read of DIR).
 */
bool vgic_icc_access(struct vgic_cpu *c, enum vgic_icc reg, bool write, u64 *val, u32 *wake);

/**
 * vgic_flush() - fill the list registers before a guest entry
 * @c: the vCPU's part of the vGIC
 *
 * When more wait than fit, the most urgent are in and hcr asks for a maintenance
 * interrupt so that the rest follow. A handful of instructions and no lock when
 * nothing waits: see there why that loses no interrupt, provided that the caller
 * has published that this CPU is in the guest (so that a kick from now on makes it
 * leave again) before it calls.
 *
 * Context: the CPU that is going to run @c; may take vgic->lock.
 */
void vgic_flush(struct vgic_cpu *c);

/**
 * vgic_lr_again() - may a list register simply become pending once more?
 * @c: the vCPU's part of the vGIC; in the guest
 * @intid: an interrupt of vgic_cpu_map_hw(), whose line was high at the last
 *         vgic_flush(), and is high again
 * @empty: ICH_ELRSR_EL2: list registers that are neither pending nor active
 *
 * If the guest has acknowledged and ended the interrupt, and nothing else has changed,
 * vgic_sync() and vgic_flush() would load the same as last time, which is in hw.lr: then
 * neither is needed. Not so if somebody wrote to its registers (lr_dirty; whoever does
 * it now sends a kick, and with that vgic_sync() comes), if it had been made pending
 * by software as well, or if others wait for a list register, whose turn it may be.
 *
 * Context: the CPU that runs @c; no lock.
 *
 * Return: the list register; -1: vgic_sync().
 */
int vgic_lr_again(const struct vgic_cpu *c, unsigned int intid, u64 empty);

/**
 * vgic_has_queued() - is there something that the next vgic_flush() may load?
 * @c: the vCPU's part of the vGIC
 *
 * Context: no lock.
 * Return: true if so.
 */
static inline bool vgic_has_queued(const struct vgic_cpu *c)
{
	return READ_ONCE(c->nr_queued) || READ_ONCE(c->vgic->nr_parked);
}

/**
 * vgic_sync() - take the list registers back after a guest exit
 * @c: the vCPU's part of the vGIC
 * @wake: see above (a 1-of-N SPI that this vCPU cannot take goes to another)
 *
 * Also when the guest was not entered after vgic_flush(). May be repeated.
 *
 * Context: the CPU that ran @c; may take vgic->lock.
 */
void vgic_sync(struct vgic_cpu *c, u32 *wake);

/**
 * vgic_pending() - would the vCPU get an interrupt now, if PSTATE let it?
 * @c: the vCPU's part of the vGIC
 *
 * Something enabled and pending, above its PMR and its running priority: what
 * ends a WFI. Needs hw.vmcr, ap0r, ap1r as of the exit.
 *
 * Context: after vgic_sync(); may take vgic->lock.
 * Return: true if so.
 */
bool vgic_pending(struct vgic_cpu *c);

#endif
