/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entering guests: what core/ asks of arch/. Everything that only the processor
 * knows (trapped registers, FP, caches) is answered inside arch_vcpu_enter(); what
 * concerns the VM comes out as a struct guest_exit.
 */
#ifndef HYP_WORLD_H
#define HYP_WORLD_H

#include <arch/vcpu.h>
#include <hyp/types.h>

struct vcpu;

enum guest_exit_kind {
	GUEST_EXIT_AGAIN, /* answered: enter again */
	GUEST_EXIT_VGIC, /* answered, and the vGIC is concerned: vgic_sync() first */
	GUEST_EXIT_IRQ, /* a physical interrupt for the host */
	GUEST_EXIT_KICK, /* our own interrupt: news for this vCPU */
	GUEST_EXIT_ABORT, /* stage 2 has nothing at .addr */
	GUEST_EXIT_HVC,
	GUEST_EXIT_SMC,
	GUEST_EXIT_WFI,
	GUEST_EXIT_WFE,
	GUEST_EXIT_SGI, /* ICC_SGI1R_EL1 and its like written: .data, .group1 */
	GUEST_EXIT_CRASH, /* the VM ends: .reason */
	GUEST_EXIT_KINDS,
};

struct guest_exit {
	u8 kind;
	/* ABORT */
	bool fetch; /* an instruction fetch */
	bool walk; /* a stage 1 table walk */
	bool vector; /* the fetch of the vector that an abort would take */
	bool valid; /* neither of them, and the syndrome describes the load or store: */
	bool write;
	bool sign_extend;
	bool reg64;
	bool swap; /* big endian data */
	bool cache_op; /* cache maintenance by address */
	u8 size;
	u8 reg;
	bool group1;
	u32 reason;
	u32 wake; /* VGIC: other vCPUs that have something to take now */
	u64 data; /* value stored, or register written */
	u64 addr; /* IPA */
	u64 esr, far;
};

/* Which of a vCPU's private interrupts have a physical one behind them. */
void arch_vcpu_wire(struct vcpu *v);

/*
 * Is this private interrupt wired to something that EL2 emulates (a timer)? Its
 * level is EL2's to say: a host that lowered it would have EL2 and the vGIC disagree.
 */
bool arch_ppi_is_own(u64 intid);

/* Registers as a vCPU has them at power on; PSTATE EL1h, all masked. */
void arch_vcpu_reset(struct vcpu *v);

/* Worlds change: the host's state is kept, the vCPU's loaded; and back. */
void arch_vcpu_load(struct vcpu *v);
void arch_vcpu_put(struct vcpu *v);

/**
 * arch_vcpu_enter() - run the guest until it traps
 * @v: loaded on this CPU; its list registers too, by arch_vgic_load()
 * @e: result: what its kind names is valid
 */
void arch_vcpu_enter(struct vcpu *v, struct guest_exit *e);

/* The virtual CPU interface: as vgic_flush() wants it; as vgic_sync() needs it. */
void arch_vgic_load(struct vcpu *v);
void arch_vgic_store(struct vcpu *v);

/*
 * General registers, arch_vcpu_get_x() and arch_vcpu_set_x(), are in arch/vcpu.h; 31 is
 * XZR. Stepping over the instruction that trapped:
 */
void arch_vcpu_skip(struct vcpu *v, u64 esr);
u64 arch_vcpu_pc(const struct vcpu *v);
u64 arch_vcpu_pstate(const struct vcpu *v);
/* PSCI's way to start a vCPU: MMU off, x0 = argument. */
void arch_vcpu_set_entry(struct vcpu *v, u64 entry, u64 arg);

/* Exceptions that the guest gets; it is loaded. */
void arch_inject_external_abort(struct vcpu *v, const struct guest_exit *e);
void arch_inject_undef(struct vcpu *v);

/* Registers by the ids of the ABI (SET_, GET_ONE_REG). -EINVAL: no such, or not to be set so. */
int arch_vcpu_set_reg(struct vcpu *v, u64 id, u64 value);
int arch_vcpu_get_reg(struct vcpu *v, u64 id, u64 *value);

/**
 * arch_vcpu_timer_delay() - cycles until the vCPU's next timer interrupt
 * @v: the vCPU
 *
 * Tells the vGIC what is due already.
 * Return: ~0: none is armed.
 */
u64 arch_vcpu_timer_delay(struct vcpu *v);

/* Until an interrupt is pending, whosever; the virtual CPU interface is stored. */
void arch_wait(struct vcpu *v);

/* Makes a CPU that is inside the guest leave it. */
void arch_kick(unsigned int cpu);
/* The CPU has been kicked: takes that interrupt away before anybody else sees it. */
void arch_consume_kick(void);

/* Maps the two pages of a vCPU at EL2 for its life; NULL: no memory. */
void *arch_map_vcpu_buffer(u16 vmid, unsigned int index, pa_t base);
void arch_unmap_vcpu_buffer(u16 vmid, unsigned int index);

/* May this CPU enter a guest now? -EINVAL: the host is in SME's streaming mode. */
int arch_vcpu_may_run(void);

#endif
