/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMs and vCPUs.
 *
 * Lifetime. A VM is found by its id in one table; vm_get() counts a user. A VM with users, or
 * with a vCPU that somebody has claimed, is not destroyed: DESTROY_VM says BUSY. Ids are VMIDs,
 * so an id is used again only after the TLBs have forgotten it.
 *
 * What protects what:
 *   vm->lock         stage 2, the mailbox, devices
 *   vm->slots_lock   memory slots; held for a look-up or a change, never for more
 *   vm->vcpus_lock   the table of vCPUs; likewise
 *   vcpu_unclaimed   the vCPUs that nobody works on, in a table that outlives all VMs. The CPU
 *                    that takes one out, by an exchange, has claimed it: RUN, SET_ONE_REG, ...
 *                    DESTROY_VCPU, DESTROY_VM and a reset have to claim what they end, too, so
 *                    a vCPU and its VM stay while claimed. Who loses is refused, no one waits
 *   vm->peer[]       what other vCPUs and CPUs may touch without holding a vCPU: atomic,
 *                    and in struct vm, so that a vCPU may go away at any time
 *   vm->event        written once, by compare and exchange, by whoever ends the VM
 */
#ifndef HYP_VM_H
#define HYP_VM_H

#include <arch/vcpu.h>
#include <linux/gzvm_hyp.h>
#include <hyp/pgtable.h>
#include <hyp/pool.h>
#include <hyp/spinlock.h>
#include <hyp/vgic.h>

#define VM_MAX 255 /* ids 1 to 255: VMIDs have 8 bits, 0 is the host's */
#define VM_MAX_SLOTS 512

/*
 * A VM's share of the pool: this part of it, at least VM_QUOTA_MIN pages. It has all
 * that is not tables from its creation on, and room for VM_TABLES_MIN tables is kept
 * back for it: so whatever other VMs take, none of its calls fails for memory. One
 * call needs at most two tables each of level 1, 2 and 3.
 */
#define VM_QUOTA_SHARE 4
#define VM_QUOTA_MIN 256
#define VM_TABLES_MIN 16

/* Pool pages of a vCPU. */
#define VCPU_PAGES 2

/*
 * Where a vCPU is, for kicks. The sender makes its news visible, then looks; the
 * vCPU's CPU says IN_GUEST first, then looks for news. So one of them sees the
 * other (both sides have a full barrier between).
 */
enum vcpu_mode {
	VCPU_OUT, /* the host has it: news must make the host call RUN */
	VCPU_IN_GUEST, /* inside RUN: news needs a kick */
	VCPU_KICKED, /* somebody sends the kick, or has sent it */
};

/* PSCI's view of a vCPU (DEN0022 5.7). */
enum vcpu_power {
	VCPU_POWER_NONE, /* there is no such vCPU */
	VCPU_POWER_OFF,
	VCPU_POWER_ON_PENDING, /* CPU_ON writes entry and arg, or has written them */
	VCPU_POWER_ON,
};

struct vcpu_peer {
	u32 mode; /* enum vcpu_mode */
	u32 cpu; /* valid unless VCPU_OUT */
	u32 power; /* enum vcpu_power */
	u32 on_ready; /* entry and arg are valid */
	u32 on_waiters; /* vCPUs whose CPU_ON waits until this one is on */
	u64 on_entry;
	u64 on_arg;
};

/* What the next RUN has to complete, from EL2's own record of the exit. */
enum vcpu_pending {
	VCPU_PENDING_NONE,
	VCPU_PENDING_MMIO_READ,
	VCPU_PENDING_HYPERCALL,
	VCPU_PENDING_CPU_ON,
};

struct vcpu_mmio {
	u8 reg; /* 31: XZR */
	u8 size; /* bytes */
	bool sign_extend;
	bool reg64;
	bool swap; /* the guest's data is big endian */
};

struct vm;

struct vcpu {
	struct vcpu_arch arch; /* first: the assembler starts here */
	struct vm *vm;
	struct vcpu **slot; /* in vcpu_unclaimed */
	u32 index;
	u8 pending; /* enum vcpu_pending */
	u64 on_until; /* arch_counter() at which a CPU_ON waits no longer */
	struct vcpu_mmio mmio;
	bool lrs_reported; /* hwstate->lr[] is not all zero */
	bool may_wait; /* GZVM_RUN_WAIT */
	struct gzvm_vcpu_run *run;
	struct gzvm_vcpu_hwstate *hwstate;
	pa_t buffer; /* the two pages, lent by the host */
	struct vgic_cpu vgic;
	struct gzvm_vcpu_stats stats;
};

struct vm_slot {
	u64 gpa;
	u64 pages;
	u16 id;
};

struct vm_event {
	u32 type; /* 0: none yet, else enum gzvm_system_event */
	u32 ready; /* data is valid */
	u64 data[GZVM_CRASH_NDATA];
};

struct vm {
	struct spinlock lock;
	u16 id;
	u32 users; /* atomic; grows under vm_table_lock alone */
	bool dying; /* under vm_table_lock: no new users */
	bool ran; /* a vCPU has been in RUN: no new devices */
	bool demand_paging;
	bool idle;
	struct spinlock vcpus_lock;
	u32 nr_vcpus;
	struct vcpu *vcpu[VGIC_MAX_CPUS];
	struct vcpu_peer peer[VGIC_MAX_CPUS];
	struct pgtable stage2;
	struct pool_quota quota;
	struct vgic vgic;
	struct vgic_irq *spi;
	struct vcpu *vcpus; /* room for all of them, VCPU_PAGES each */
	pa_t mailbox; /* of PFNs, lent by the host; v == 0: none */
	u64 counter_offset; /* CNTVOFF_EL2, constant */
	struct vm_event event;
	ipa_t unmap_cursor; /* DESTROY_VM goes on here */
	u8 last_vcpu[HYP_MAX_CPUS]; /* index + 1 of the vCPU that a CPU last ran */
	struct spinlock slots_lock;
	u32 nr_gicr; /* redistributors: that of the highest vCPU that there was, + 1 */
	u32 nr_slots;
	u64 slots_from; /* first address of the first one, ~0: none; read without the lock */
	struct vm_slot slot[VM_MAX_SLOTS]; /* sorted by gpa */
	/* EL2's copies of what the host wrote; under lock. */
	struct gzvm_memregion_buf region;
	u64 pfns[HYP_WORK_PAGES];
};

/* core/vm.c */
void vm_setup(void);
struct vm *vm_get(u64 id);
void vm_put(struct vm *vm);
int vm_create(u64 type, u16 *id);
int vm_destroy(u64 id, u64 pages);
const struct vm_slot *vm_slot_find(const struct vm *vm, u64 gfn);
bool vm_has_memory(struct vm *vm, u64 addr);
const struct vm_slot *vm_slot_by_id(const struct vm *vm, u32 id);
bool vm_frame_fits(const struct vm *vm, u64 base, bool dist);
int vm_slot_set(struct vm *vm, u32 id, u64 gpa, u64 pages);
void vm_counts(u32 *vms, u32 *vcpus);

/* core/vcpu.c */
extern struct vcpu *vcpu_unclaimed[VM_MAX + 1][VGIC_MAX_CPUS];
int vcpu_create(struct vm *vm, u64 index, u64 buffer);
void vcpu_free(struct vcpu *v);
struct vcpu *vcpu_claim(u64 tuple);
void vcpu_release(struct vcpu *v);
bool vcpu_claim_all(struct vm *vm, const struct vcpu *but);
void vcpu_release_all(struct vm *vm, unsigned int nr, const struct vcpu *but);
void vcpu_reset(struct vcpu *v);

/* core/run.c */
u64 run_vcpu(struct vcpu *v, u32 *wake);
u64 run_wait(struct vcpu *v, u64 most);
void vm_post_event(struct vm *vm, u32 type, const u64 *data, u32 *wake);
u32 vm_kick(struct vm *vm, u32 mask);

/* core/guest_call.c: HVC of a guest. Returns an exit reason when the host has to act. */
u64 guest_call(struct vcpu *v, u32 *wake);
/* Those whose answer is all there is to do. False: it is none of these. */
bool guest_call_answer(struct vcpu *v);

/* core/vm_calls.c: the hypercalls; x[1] on are the arguments, see hypercall.c */
int hypercall_create_vm(u64 x[]);
int hypercall_destroy_vm(u64 x[]);
int hypercall_create_vcpu(u64 x[]);
int hypercall_destroy_vcpu(u64 x[]);
int hypercall_set_memregion(u64 x[]);
int hypercall_run(u64 x[]);
int hypercall_get_one_reg(u64 x[]);
int hypercall_set_one_reg(u64 x[]);
int hypercall_irq_line(u64 x[]);
int hypercall_irq_line_ex(u64 x[]);
int hypercall_create_device(u64 x[]);
int hypercall_probe(u64 x[]);
int hypercall_enable_cap(u64 x[]);
int hypercall_inform_exit(u64 x[]);
int hypercall_memregion_purpose(u64 x[]);
int hypercall_set_dtb_config(u64 x[]);
int hypercall_map_guest(u64 x[]);
int hypercall_map_guest_block(u64 x[]);
int hypercall_get_statistics(u64 x[]);
int hypercall_unmap(u64 x[]);
int hypercall_vm_reset(u64 x[]);
int hypercall_vcpu_stats(u64 x[]);

#endif
