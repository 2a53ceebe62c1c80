/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GenieZone driver: what drivers/virt/geniezone and arch/arm64/geniezone share.
 *
 * Objects
 *   A VM (struct gzvm) is held by its file, by the file of each of its vCPUs, and by nothing
 *   else; it holds the mm of its creator (mmgrab). A vCPU lives as long as its VM, so a
 *   pointer that was once read from gzvm.vcpus[] stays good while the VM does. Both kinds of
 *   files hold the module (fops.owner). Interrupt eventfds are taken away when the VM's file
 *   is released, since their callbacks hold no reference.
 *
 *   What a VM has of the hypervisor and of its creator's memory goes (gzvm_vm_retire()) with
 *   its last file or with that memory (exit, exec), whichever is first: a file that another
 *   process was handed keeps the structures alone, and its ioctls fail.
 *
 * Locks, outermost first
 *   gzvm_vcpu.lock    mutex: one RUN or register access of a vCPU at a time. Protects the run
 *                     page, .completion, .undelivered, .unhandled and
 *                     .fault_pages.
 *   gzvm.retire_lock  mutex: gzvm_vm_retire().
 *   gzvm.lock         mutex: creation of vCPUs and devices.
 *   gzvm.slots_lock   rwsem: the memory slots. Written by changes of the slots, which
 *                     therefore meet no page fault under way; read by page faults and
 *                     relinquishing, for as long as they use a slot.
 *   gzvm.pin_lock     mutex: one vCPU at a time pins memory and charges it (gzvm.pinned).
 *   mmap_lock         of the VM's mm: inside slots_lock, never while map_lock is held.
 *   gzvm.map_lock     mutex: gzvm.pages, the PFN mailbox and the region buffer. What is in
 *                     gzvm.pages and what stage 2 maps change together under it. The MMU
 *                     notifiers take it, so nothing that waits for user memory or reclaims
 *                     memory is done under it.
 *   gzvm.ioevents_lock mutex: changes of the ioeventfds; each MMIO write of a guest reads them
 *                     under RCU.
 *   gzvm.resample_lock rwsem: gzvm.resamplers; read when a guest has ended an interrupt.
 *   gzvm.irqfds.mutex mutex: one assignment or removal of an irqfd at a time, so that none is
 *                     removed before it is complete.
 *   eventfd's own     spinlock, interrupts off: irqfd callbacks run under it.
 *   gzvm.irqfds.lock  spinlock, interrupts off: the list of irqfds; inside the eventfd's own
 *                     lock, since a hang-up takes the irqfd off the list.
 */
#ifndef _LINUX_GZVM_DRV_H
#define _LINUX_GZVM_DRV_H

#include <linux/arm-smccc.h>
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/gzvm.h>
#include <linux/gzvm_hyp.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/maple_tree.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include <asm/page.h>

/*
 * Kconfig sees to both in a kernel tree, nobody does where the module is built by itself. Frames
 * of another size than the hypervisor's would give a guest what is not its own, and what is shared
 * with the hypervisor is little-endian.
 */
static_assert(PAGE_SIZE == GZVM_HYP_PAGE_SIZE,
	      "gzvm needs pages of 4 KiB: build it for a kernel with CONFIG_ARM64_4K_PAGES=y");
static_assert(!IS_ENABLED(CONFIG_CPU_BIG_ENDIAN),
	      "gzvm needs a little-endian kernel: build it for one without CONFIG_CPU_BIG_ENDIAN");

struct dentry;
struct eventfd_ctx;
struct file;
struct gzvm;
struct kobject;
struct mm_struct;
struct notifier_block;
struct page;
struct seq_file;

/* Order of a 2 MiB block, in pages. */
#define GZVM_BLOCK_ORDER		9

/* Batches when the hypervisor does not say. */
#define GZVM_DEFAULT_DEMAND_BATCH	GZVM_BLOCK_PAGES
#define GZVM_DEFAULT_DESTROY_BATCH	128

/*
 * What makes the hypervisor BUSY ends by itself: another CPU's call, or a part of the work being
 * done. Who is still told so after this many calls (seconds) will be told so for ever.
 */
#define GZVM_BUSY_ROUNDS		BIT(20)

/**
 * struct gzvm_hyp_info - what is known about the hypervisor since probe
 * @own: it answers our vendor-hypervisor UID, so the extensions may be asked for
 * @features: GZVM_HYP_FEAT_*; 0 on another hypervisor
 * @release: its release (GZVM_HYP_VERSION), valid if @own
 * @major: version of its ABI (PROBE)
 * @minor: version of its ABI
 * @sub: version of its ABI
 * @ipa_bits: width of guest physical addresses
 * @demand_batch: pages one MAP_GUEST_BLOCK maps
 * @destroy_batch: pages one DESTROY_VM takes back
 * @busy_rounds: times that a call is made again which is BUSY, beyond what its work takes
 */
struct gzvm_hyp_info {
	bool own;
	u64 features;
	u64 release;
	u32 major;
	u32 minor;
	u64 sub;
	u32 ipa_bits;
	u32 demand_batch;
	u32 destroy_batch;
	u32 busy_rounds;
};

extern struct gzvm_hyp_info gzvm_hyp;

static inline bool gzvm_hyp_has(u64 feature)
{
	return gzvm_hyp.features & feature;
}

/**
 * struct gzvm_memslot - a memory slot
 * @vm: its VM
 * @id: its number
 * @flags: GZVM_USER_MEM_REGION_*
 * @gfn: first guest frame
 * @npages: number of pages
 * @hva: address of its first byte in the creator's memory
 * @mni: watches that memory, unless gzvm.pinned
 * @touched: blocks of 2 MiB (the first is that of @gfn) that were given pages once
 * @partly: it was to be given as a whole, and only a part of it could be
 */
struct gzvm_memslot {
	struct gzvm *vm;
	u32 id;
	u32 flags;
	u64 gfn;
	u64 npages;
	unsigned long hva;
	struct mmu_interval_notifier mni;
	unsigned long *touched;
	bool partly;
};

/**
 * enum gzvm_completion - what the next RUN takes from userspace first
 * @GZVM_COMPLETE_NONE: nothing
 * @GZVM_COMPLETE_MMIO_READ: the data of an MMIO read
 * @GZVM_COMPLETE_HYPERCALL: the results of a hypercall
 */
enum gzvm_completion {
	GZVM_COMPLETE_NONE,
	GZVM_COMPLETE_MMIO_READ,
	GZVM_COMPLETE_HYPERCALL,
};

/**
 * struct gzvm_vcpu - a virtual CPU
 * @vm: its VM
 * @id: its index
 * @lock: see the top of this file
 * @run: run page, shared with the hypervisor
 * @hwstate: second page of the same buffer
 * @completion: what the last exit to userspace left open
 * @undelivered: exit reason that could not be written to the VMM's structure, or 0
 * @unhandled: exit reason that a signal came before, or 0
 * @wake: set when something happened that an idle vCPU must look at; cleared by RUN
 * @wq: where the vCPU sleeps when it is idle
 * @fault_pages: GZVM_BLOCK_PAGES pointers, for page faults
 * @exits: exits by reason (reason minus GZVM_EXIT_UNKNOWN)
 * @runs: RUN hypercalls
 * @user_exits: how many of them ended with an exit for the VMM
 * @exit_time: when the last IDLE exit was
 * @waits_briefly: the last sleep was shorter than a tick, and RUN offers to wait instead
 * @thread: who is in RUN, or NULL; others look at it under RCU
 * @gave_way_to: index of the last vCPU that got this one's turn
 */
struct gzvm_vcpu {
	struct gzvm *vm;
	u32 id;
	struct mutex lock; /* see above */
	struct gzvm_vcpu_run *run;
	struct gzvm_vcpu_hwstate *hwstate;
	enum gzvm_completion completion;
	u32 undelivered;
	u32 unhandled;
	atomic_t wake;
	wait_queue_head_t wq;
	struct page **fault_pages;
	u64 exits[GZVM_NR_EXIT_REASONS];
	u64 runs;
	u64 user_exits;
	ktime_t exit_time;
	bool waits_briefly;
	struct task_struct *thread;
	unsigned int gave_way_to;
};

/**
 * struct gzvm - a virtual machine
 * @ref: held by the files of the VM and of its vCPUs
 * @mm: memory of the creator, held by mmgrab()
 * @vm_id: the hypervisor's handle
 * @demand_paging: pages are mapped when the guest touches them, else at registration
 * @block_paging: demand paging hands over blocks of up to 512 pages
 * @idle: the hypervisor lets idle vCPUs leave (ENABLE_IDLE)
 * @pinned: pages that the guest has are pinned; else notifiers watch them
 * @broken: the hypervisor kept memory that it was to give back: nothing runs any more
 * @counted: it keeps the machine from hibernating
 * @retired: nothing of the VM is left but this structure and those of its vCPUs
 * @mn: tells when @mm ends
 * @retire_lock: see the top of this file
 * @lock: see the top of this file
 * @vcpus: vCPUs by index; set once with release semantics
 * @nr_vcpus: those, and those that the hypervisor is being asked for; under map_lock
 * @slots_lock: see the top of this file
 * @slots: slots by number
 * @slot_tree: slots by guest frames
 * @pin_lock: see the top of this file
 * @map_lock: see the top of this file
 * @pages: what stage 2 maps: struct page by guest frame, a huge one for all of its frames;
 *         mark 0: first frame of a block. gzvm_mem.c alone knows which it is
 * @nr_pages: frames in @pages
 * @nr_blocks: marks of @pages
 * @mailbox: page with the PFNs of MAP_GUEST_BLOCK
 * @region_buf: buffer of SET_MEMREGION
 * @ioevents_lock: see the top of this file
 * @ioevents: list of ioeventfds
 * @irqfds: list of irqfds with its locks
 * @resample_lock: see the top of this file
 * @resamplers: SPIs whose ends of interrupt someone wants to know
 * @debugfs: folder of this VM
 */
struct gzvm {
	struct kref ref;
	struct mm_struct *mm;
	u16 vm_id;
	bool demand_paging;
	bool block_paging;
	bool idle;
	bool pinned;
	bool broken;
	bool counted;
	bool retired;

	struct mmu_notifier mn;
	struct mutex retire_lock; /* see above */
	struct mutex lock; /* see above */
	struct gzvm_vcpu *vcpus[GZVM_MAX_VCPUS];
	unsigned int nr_vcpus;

	struct rw_semaphore slots_lock; /* see above */
	struct xarray slots;
	struct maple_tree slot_tree;

	struct mutex pin_lock; /* see above */
	struct mutex map_lock; /* see above */
	struct xarray pages;
	unsigned long nr_pages;
	unsigned long nr_blocks;
	__le64 *mailbox;
	struct gzvm_memregion_buf *region_buf;

	struct mutex ioevents_lock; /* see above */
	struct list_head ioevents;

	struct {
		struct mutex mutex; /* see above */
		spinlock_t lock; /* see above */
		struct list_head list;
	} irqfds;

	struct rw_semaphore resample_lock; /* see above */
	struct list_head resamplers;

	struct dentry *debugfs;
};

/* Arguments of a hypercall: x1 to x7. */
struct gzvm_args {
	u64 x[7];
};

/* arch/arm64/geniezone/hypcall.c */
int __gzvm_hypcall(u32 fn, const struct gzvm_args *args, struct arm_smccc_res *res);
int __gzvm_hypcall_wait(u32 fn, const struct gzvm_args *args, struct arm_smccc_res *res);
int __gzvm_hypcall_rounds(u32 fn, const struct gzvm_args *args, unsigned long rounds,
			  bool may_sleep);
int gzvm_status_to_errno(u64 x0);
bool gzvm_arch_has_uid(void);

/**
 * gzvm_hypcall() - call the hypervisor
 * @fn: GZVM_FN_*
 * @res: struct arm_smccc_res * for the results, or NULL
 * @...: x1 and following; what is not given is zero
 *
 * Context: any.
 * Return: 0 or the errno of the hypervisor's status.
 */
#define gzvm_hypcall(fn, res, ...) \
	__gzvm_hypcall(fn, &(const struct gzvm_args){ { __VA_ARGS__ } }, res)

/**
 * gzvm_hypcall_wait() - call the hypervisor until it is not BUSY
 * @fn: GZVM_FN_*
 * @res: struct arm_smccc_res * for the results, or NULL
 * @...: x1 and following; what is not given is zero
 *
 * Context: process.
 * Return: 0 or the errno of the hypervisor's status; -EBUSY if it does not end to be BUSY;
 * -EAGAIN only if the caller is being killed.
 */
#define gzvm_hypcall_wait(fn, res, ...) \
	__gzvm_hypcall_wait(fn, &(const struct gzvm_args){ { __VA_ARGS__ } }, res)

/**
 * gzvm_hypcall_rounds() - call the hypervisor until it has done all
 * @fn: GZVM_FN_*
 * @rounds: number of calls that must be enough
 * @may_sleep: others may run between two calls
 * @...: x1 and following; what is not given is zero
 *
 * Context: process; any if not @may_sleep. No signal ends it.
 * Return: 0 or the errno of the hypervisor's status; -EBUSY if that many were not enough.
 */
#define gzvm_hypcall_rounds(fn, rounds, may_sleep, ...) \
	__gzvm_hypcall_rounds(fn, &(const struct gzvm_args){ { __VA_ARGS__ } }, rounds, may_sleep)

/* arch/arm64/geniezone/cpu.c */
int gzvm_arch_vcpu_run(u64 tuple, u64 flags, struct arm_smccc_res *res);
bool gzvm_arch_reg_id_valid(u64 id);
u64 gzvm_arch_cycles_to_ns(u64 cycles);
u32 gzvm_arch_ipa_bits(void);
void gzvm_arch_ptp(u64 *args, u64 vtimer_offset);

/* gzvm_main.c */
int gzvm_check_extension(struct gzvm *vm, void __user *argp);
bool gzvm_vms_get(void);
void gzvm_vms_put(void);
int gzvm_pm_notify(struct notifier_block *nb, unsigned long event, void *unused);

/* gzvm_cap.c */
int gzvm_enable_cap(struct gzvm *vm, void __user *argp);

/* gzvm_vm.c */
int gzvm_vm_create(unsigned long type);
void gzvm_vm_init(struct gzvm *vm);
struct gzvm *gzvm_vm_get(struct gzvm *vm);
void gzvm_vm_put(struct gzvm *vm);
void gzvm_vm_retire(struct gzvm *vm);

/* gzvm_vcpu.c */
int gzvm_vcpu_create(struct gzvm *vm, unsigned long id);
struct gzvm_vcpu *gzvm_vcpu_alloc(struct gzvm *vm, u32 id);
void gzvm_vcpu_free(struct gzvm_vcpu *vcpu);
void gzvm_vcpu_retire(struct gzvm_vcpu *vcpu);
int gzvm_vcpu_run(struct gzvm_vcpu *vcpu, struct gzvm_vcpu_run __user *urun);
int gzvm_vcpu_get_one_reg(struct gzvm_vcpu *vcpu, void __user *argp);
int gzvm_vcpu_set_one_reg(struct gzvm_vcpu *vcpu, void __user *argp);

static inline u64 gzvm_vcpu_tuple(const struct gzvm_vcpu *vcpu)
{
	return GZVM_VCPU_TUPLE((u64)vcpu->vm->vm_id, vcpu->id);
}

/**
 * enum gzvm_next - what RUN does after an exit
 * @GZVM_NEXT_ENTER: enter the guest again
 * @GZVM_NEXT_USER: return to the VMM
 * @GZVM_NEXT_SLEEP: sleep, then enter the guest again
 * @GZVM_NEXT_AGAIN: a signal came in between: let it out, and handle the same exit again
 */
enum gzvm_next {
	GZVM_NEXT_ENTER,
	GZVM_NEXT_USER,
	GZVM_NEXT_SLEEP,
	GZVM_NEXT_AGAIN,
};

/* gzvm_work.c */
bool gzvm_work_pending(void);
int gzvm_work_handle(void);
void gzvm_work_leave(void);

/* gzvm_exit.c */
enum gzvm_next gzvm_exit_dispatch(struct gzvm_vcpu *vcpu, u32 reason);
bool gzvm_vcpu_yield_to(struct task_struct *thread);
size_t gzvm_exit_payload(const struct gzvm_vcpu_run *run, u32 reason);
const char *gzvm_exit_name(unsigned int index);
int gzvm_vcpu_idle(struct gzvm_vcpu *vcpu);
void gzvm_vcpu_wake(struct gzvm_vcpu *vcpu);
void gzvm_vm_wake(struct gzvm *vm, u64 bitmap);

/* gzvm_memslot.c */
int gzvm_memslot_check(const struct gzvm_userspace_memory_region *region);
int gzvm_memslot_populate_all(struct gzvm *vm);
int gzvm_memslot_set(struct gzvm *vm, const struct gzvm_userspace_memory_region *region);
struct gzvm_memslot *gzvm_memslot_find(struct gzvm *vm, u64 gfn);
void gzvm_memslot_destroy_all(struct gzvm *vm);

/* gzvm_mem.c */
int gzvm_mem_get(struct gzvm *vm, struct gzvm_memslot *slot, u64 gfn,
		 unsigned long nr, bool fault, struct page **pages);
void gzvm_mem_put(struct gzvm *vm, struct page **pages, unsigned long nr);
unsigned int gzvm_mem_record(struct gzvm *vm, u64 gfn, struct page **pages, unsigned int nr);
int gzvm_mem_prepare(struct gzvm *vm, u64 gfn);
struct page *gzvm_mem_find(struct gzvm *vm, u64 gfn);
void gzvm_mem_record_block(struct gzvm *vm, u64 gfn, struct page **pages);
unsigned long gzvm_mem_forget(struct gzvm *vm, u64 gfn, u64 last, struct page **pages,
			      unsigned long max);
int gzvm_mem_unmap_hyp(struct gzvm *vm, u64 gfn, u64 nr, bool may_sleep);
int gzvm_mem_invalidate(struct gzvm *vm, u64 gfn, u64 nr);
void gzvm_mem_lose(struct gzvm *vm, u64 gfn, u64 last, int error, bool may_sleep);
bool gzvm_mem_has_pages(struct gzvm *vm, u64 gfn, u64 nr);
int gzvm_mem_watch_error(int error);
int gzvm_mem_watch(struct gzvm_memslot *slot);
void gzvm_mem_unwatch(struct gzvm_memslot *slot);
int gzvm_mem_destroy(struct gzvm *vm, int (*destroy)(struct gzvm *vm));

/* gzvm_mmu.c */
int gzvm_mmu_fault(struct gzvm_vcpu *vcpu, u64 gpa);
int gzvm_mmu_populate(struct gzvm *vm, struct gzvm_memslot *slot);
int gzvm_mmu_relinquish(struct gzvm_vcpu *vcpu, u64 gpa);

/* gzvm_irq.c */
int gzvm_irq_decode(u32 word, u32 *vcpu, u32 *intid);
int gzvm_irq_line(struct gzvm *vm, const struct gzvm_irq_level *irq);
int gzvm_irq_set_spi(struct gzvm *vm, u32 vcpu, u32 spi, u32 level);
int gzvm_irq_pulse_spi(struct gzvm *vm, u32 spi);
int gzvm_irq_set_resampled(struct gzvm *vm, u32 spi, u32 level);

/* gzvm_irqfd.c */
int gzvm_irqfd(struct gzvm *vm, const struct gzvm_irqfd *args);
void gzvm_irqfd_release(struct gzvm *vm);
int gzvm_irqfd_init(void);
void gzvm_irqfd_exit(void);

/**
 * struct gzvm_resampler - an SPI whose ends of interrupt someone wants to know
 * @list: member of gzvm.resamplers
 * @spi: the SPI, from 0
 * @users: list of struct gzvm_resample_user, not empty
 */
struct gzvm_resampler {
	struct list_head list;
	u32 spi;
	struct list_head users;
};

/**
 * struct gzvm_resample_user - one who wants to know
 * @list: member of gzvm_resampler.users
 * @resampler: of which SPI
 * @ctx: the eventfd that is signalled
 */
struct gzvm_resample_user {
	struct list_head list;
	struct gzvm_resampler *resampler;
	struct eventfd_ctx *ctx;
};

/* gzvm_resample.c */
struct gzvm_resample_user *gzvm_resample_add(struct gzvm *vm, u32 spi, int fd);
void gzvm_resample_remove(struct gzvm *vm, struct gzvm_resample_user *user);
void gzvm_resample_scan(struct gzvm_vcpu *vcpu);

/**
 * struct gzvm_ioevent - an ioeventfd
 * @list: member of gzvm.ioevents
 * @ctx: what a matching write signals
 * @addr: guest physical address
 * @datamatch: value that must be written, unless @wildcard
 * @len: size that the write must have, 0: any
 * @wildcard: any value matches
 */
struct gzvm_ioevent {
	struct list_head list;
	struct eventfd_ctx *ctx;
	u64 addr;
	u64 datamatch;
	u32 len;
	bool wildcard;
};

/* gzvm_ioeventfd.c */
int gzvm_ioeventfd_check(const struct gzvm_ioeventfd *args);
bool gzvm_ioevent_collides(const struct gzvm_ioevent *a, const struct gzvm_ioevent *b);
bool gzvm_ioevent_matches(const struct gzvm_ioevent *ev, u64 addr, u32 len, u64 data);
int gzvm_ioeventfd(struct gzvm *vm, const struct gzvm_ioeventfd *args);
bool gzvm_ioeventfd_write(struct gzvm *vm, u64 addr, u32 len, u64 value);

/* The low @len bytes of a value, 0 to 8. */
static inline u64 gzvm_ioevent_mask(u64 value, u32 len)
{
	return len < sizeof(u64) ? value & ((1ULL << (8 * len)) - 1) : value;
}

void gzvm_ioeventfd_release(struct gzvm *vm);

/* gzvm_debugfs.c */
void gzvm_debugfs_init(void);
void gzvm_debugfs_exit(void);
void gzvm_debugfs_add_vm(struct gzvm *vm);
void gzvm_debugfs_remove_vm(struct gzvm *vm);

/* gzvm_sysfs.c */
int gzvm_sysfs_init(void);
void gzvm_sysfs_exit(void);

#endif /* _LINUX_GZVM_DRV_H */
