/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GenieZone: interface between the driver at EL1 and the hypervisor at EL2.
 *
 * Both sides include this file, so they cannot differ. It needs nothing but the integer
 * types: the hypervisor is freestanding. Documentation/virt/geniezone/hypercalls.rst
 * describes every call with its checks. All integers are little endian; every address is a
 * physical address of the host's; the page of this interface has 4096 bytes on any host.
 */
#ifndef _LINUX_GZVM_HYP_H
#define _LINUX_GZVM_HYP_H

#include <linux/const.h>
#include <linux/types.h>
#include <linux/gzvm.h>

/*
 * Hypercalls: HVC #0, x0 = id, arguments in x1 to x7, status in x0, results in x1 to x3. The
 * comments below give the arguments, then after the semicolon the results.
 * The id is a fast SMC64 call (SMCCC, DEN0028) of owner 59, function 0x1000 + n. Arguments
 * that a call does not name are zero.
 */
#define GZVM_HYPCALL_BASE		_AC(0xfb001000, UL)
#define GZVM_HYPCALL_ID(n)		(GZVM_HYPCALL_BASE + (n))
/* Ids of the range: BASE to BASE + NR - 1; one of these that is not there: NOT_SUPPORTED. */
#define GZVM_HYPCALL_NR			_AC(0x1000, UL)

#define GZVM_FN_CREATE_VM		0	/* x1 vm_type; x1 vm_id */
#define GZVM_FN_DESTROY_VM		1	/* x1 vm_id, x2 pages; BUSY: call again */
#define GZVM_FN_CREATE_VCPU		2	/* x1 tuple, x2 PA of run page and hwstate page */
#define GZVM_FN_DESTROY_VCPU		3	/* x1 tuple */
#define GZVM_FN_SET_MEMREGION		4	/* x1 vm_id, x2 8192, x3 PA gzvm_memregion_buf */
#define GZVM_FN_RUN			5	/* x1 tuple; x1 exit reason, x2 wake bitmap */
#define GZVM_FN_GET_REGS		6	/* reserved */
#define GZVM_FN_SET_REGS		7	/* reserved */
#define GZVM_FN_GET_ONE_REG		8	/* x1 tuple, x2 register id; x1 value */
#define GZVM_FN_SET_ONE_REG		9	/* x1 tuple, x2 register id, x3 value */
#define GZVM_FN_IRQ_LINE		10	/* x1 tuple, x2 SPI from 0, x3 level; x1 bitmap */
#define GZVM_FN_CREATE_DEVICE		11	/* x1 vm_id, x2 PA of gzvm_create_device */
#define GZVM_FN_PROBE			12	/* x1 to x3 driver's version; x1 to x3 EL2's */
#define GZVM_FN_ENABLE_CAP		13	/* x1 vm_id, x2 cap, x3 to x7 args; x1 value */
#define GZVM_FN_INFORM_EXIT		14	/* x1 vm_id */
#define GZVM_FN_MEMREGION_PURPOSE	15	/* x1 vm_id, x2 gpa, x3 bytes, x4 flags */
#define GZVM_FN_SET_DTB_CONFIG		16	/* x1 vm_id, x2 gpa, x3 bytes */
#define GZVM_FN_MAP_GUEST		17	/* x1 vm_id, x2 slot, x3 pfn, x4 gfn, x5 pages */
#define GZVM_FN_MAP_GUEST_BLOCK		18	/* x1 vm_id, x2 slot, x3 gfn, x4 pages (to 512) */
#define GZVM_FN_GET_STATISTICS		19	/* x1 vm_id; x1 protected, x2 shared bytes */

/*
 * Extensions: found through the vendor-hypervisor UID and FEATURES. A driver does without
 * each of them, since other hypervisors of this ABI lack them.
 */
#define GZVM_FN_FEATURES		0x40	/* ; x1 GZVM_HYP_FEAT_*, x2 version */
#define GZVM_FN_HYP_STATS		0x41	/* ; x1 pool bytes, x2 free bytes, x3 below */
#define GZVM_FN_LOG_READ		0x42	/* x1 PA of a page, x2 position; x1 size, x2 next */
#define GZVM_FN_UNMAP			0x43	/* x1 vm_id, x2 gfn, x3 pages; BUSY: call again */
#define GZVM_FN_VM_RESET		0x44	/* x1 vm_id */
#define GZVM_FN_VCPU_STATS		0x45	/* x1 tuple, x2 PA of a page: gzvm_vcpu_stats */
#define GZVM_FN_IRQ_LINE_EX		0x46	/* x1 tuple, x2 INTID, x3 below; x1 wake bitmap */

/* FEATURES, x1: what the hypervisor offers beyond the published ABI. */
#define GZVM_HYP_FEAT_UNMAP		(_AC(1, UL) << 0)	/* UNMAP */
#define GZVM_HYP_FEAT_WAKE_MASK		(_AC(1, UL) << 1)	/* wake bitmaps are valid */
#define GZVM_HYP_FEAT_ONE_REG		(_AC(1, UL) << 2)	/* GET_ONE_REG */
#define GZVM_HYP_FEAT_STATS		(_AC(1, UL) << 3)	/* HYP_STATS */
#define GZVM_HYP_FEAT_RESET		(_AC(1, UL) << 4)	/* VM_RESET */
#define GZVM_HYP_FEAT_LOG		(_AC(1, UL) << 5)	/* LOG_READ */
#define GZVM_HYP_FEAT_IRQ_EX		(_AC(1, UL) << 6)	/* IRQ_LINE_EX */
#define GZVM_HYP_FEAT_VCPU_STATS	(_AC(1, UL) << 7)	/* VCPU_STATS */
#define GZVM_HYP_FEAT_RESAMPLE		(_AC(1, UL) << 8)	/* GZVM_IRQ_RESAMPLE */
#define GZVM_HYP_FEAT_PULSE		(_AC(1, UL) << 9)	/* GZVM_IRQ_PULSE */
#define GZVM_HYP_FEAT_WAIT		(_AC(1, UL) << 10)	/* GZVM_RUN_WAIT */

/*
 * RUN, x2, with feature WAIT: the host has nothing else for this CPU, so a WFI of the guest need
 * not give it back. It waits in the guest's world until the host's next interrupt.
 */
#define GZVM_RUN_WAIT			(_AC(1, UL) << 0)

/*
 * IRQ_LINE_EX, x3: the level in bit 0, and with feature RESAMPLE one of these for an SPI: from
 * now on its ends of interrupt are reported in gzvm_vcpu_hwstate.lr while its line is high and
 * it is level-sensitive, or no longer. With feature PULSE, and beside a level of 1 alone: the line
 * falls again at once.
 */
#define GZVM_IRQ_LEVEL			(_AC(1, UL) << 0)
#define GZVM_IRQ_RESAMPLE		(_AC(1, UL) << 1)
#define GZVM_IRQ_NO_RESAMPLE		(_AC(1, UL) << 2)
#define GZVM_IRQ_PULSE			(_AC(1, UL) << 3)

/* FEATURES, x2: the hypervisor's release. */
#define GZVM_HYP_VERSION(major, minor, patch) \
	(((major) << 32) | ((minor) << 16) | (patch))
#define GZVM_HYP_VERSION_MAJOR(v)	((v) >> 32)
#define GZVM_HYP_VERSION_MINOR(v)	(((v) >> 16) & 0xffff)
#define GZVM_HYP_VERSION_PATCH(v)	((v) & 0xffff)

/* HYP_STATS, x3: VMs in bits 63:32, vCPUs in bits 31:0. */
#define GZVM_HYP_STATS_VMS(v)		((v) >> 32)
#define GZVM_HYP_STATS_VCPUS(v)		((v) & 0xffffffff)

/* Version of the published ABI, exchanged by PROBE. */
#define GZVM_ABI_VERSION_MAJOR		16
#define GZVM_ABI_VERSION_MINOR		0
#define GZVM_ABI_VERSION_SUB		0

/*
 * Status: x0, sign-extended to 64 bits. A caller looks at the low 32 bits. Ids outside the
 * range above get SMCCC's own NOT_SUPPORTED, -1.
 */
#define GZVM_STATUS_OK			0
#define GZVM_STATUS_NO_MEMORY		(-5)
#define GZVM_STATUS_INVALID_ARGS	(-8)
#define GZVM_STATUS_NOT_SUPPORTED	(-24)
#define GZVM_STATUS_NOT_IMPLEMENTED	(-27)
#define GZVM_STATUS_BUSY		(-33)
#define GZVM_STATUS_FAULT		(-40)

/* VM handle: 16 bits, chosen by the hypervisor. */
#define GZVM_INVALID_VM_ID		0xffff
/* A vCPU in one register; also its reverse. */
#define GZVM_VCPU_TUPLE(vm, vcpu)	(((vm) << 16) | (vcpu))
#define GZVM_TUPLE_VM(tuple)		(((tuple) >> 16) & 0xffff)
#define GZVM_TUPLE_VCPU(tuple)		((tuple) & 0xffff)

/* Limits. */
#define GZVM_HYP_PAGE_SHIFT		12
#define GZVM_HYP_PAGE_SIZE		(_AC(1, UL) << GZVM_HYP_PAGE_SHIFT)
#define GZVM_BLOCK_PAGES		512	/* pages of a 2 MiB block */
#define GZVM_BLOCK_SIZE			(GZVM_BLOCK_PAGES * GZVM_HYP_PAGE_SIZE)
#define GZVM_HYP_WORK_PAGES		512	/* pages one hypercall works on, at most */
#define GZVM_MAX_MMIO_SIZE		8	/* bytes */
#define GZVM_VCPU_BUF_PAGES		2	/* run page, hwstate page */
#define GZVM_MAX_REGION_PAGES		0x7fffffff
#define GZVM_GICR_STRIDE		0x20000	/* bytes of one vCPU's redistributor frames */
#define GZVM_FIRST_SPI			32	/* INTIDs, GICv3 (IHI0069) section 2.2 */
#define GZVM_LAST_SPI			1019
#define GZVM_NR_SPIS			(GZVM_LAST_SPI - GZVM_FIRST_SPI + 1)
#define GZVM_FIRST_PPI			16
#define GZVM_LAST_PPI			31

/*
 * Capabilities of ENABLE_CAP between driver and hypervisor; GZVM_CAP_PROTECTED_VM,
 * GZVM_CAP_BLOCK_BASED_DEMAND_PAGING (args[0] = 2 MiB, args[1] = PA of a page: the PFN
 * mailbox), GZVM_CAP_ENABLE_DEMAND_PAGING and GZVM_CAP_ENABLE_IDLE are in the UAPI header.
 */
#define GZVM_CAP_QUERY_HYP_BATCH_PAGES		0x9204	/* x1: pages a MAP_GUEST_BLOCK */
#define GZVM_CAP_QUERY_DESTROY_BATCH_PAGES	0x9205	/* x1: pages a DESTROY_VM */
/* Extension: x1 = width of guest physical addresses, in bits; vm_id is ignored. */
#define GZVM_CAP_HYP_IPA_BITS			0x92c0

/*
 * The vendor-hypervisor UID a30b3db2-9354-4ddc-97d6-d1d7e19baf97 as SMCCC returns it in w0
 * to w3 (DEN0028, Call UID Query: first byte of the UUID in the lowest byte of w0), and the
 * function that returns it.
 */
#define GZVM_SMCCC_VENDOR_HYP_UID	_AC(0x8600ff01, UL)
#define GZVM_UID_0			_AC(0xb23d0ba3, UL)
#define GZVM_UID_1			_AC(0xdc4d5493, UL)
#define GZVM_UID_2			_AC(0xd7d1d697, UL)
#define GZVM_UID_3			_AC(0x97af9be1, UL)

/* The guest's hypercalls that the driver answers, through GZVM_EXIT_HYPERCALL. */
#define GZVM_HVC_PTP			_AC(0x86000001, UL)	/* x1: enum gzvm_ptp_counter */
#define GZVM_HVC_MEM_RELINQUISH		_AC(0xc6000009, UL)	/* x1: address of one page */
#define GZVM_PTP_VIRT_COUNTER		0
#define GZVM_PTP_PHYS_COUNTER		1

/* Buffer of SET_MEMREGION. */
#define GZVM_MEMREGION_BUF_SIZE		8192
#define GZVM_MAX_CONSTITUENTS		510

/**
 * struct gzvm_constituent - physically contiguous part of a memory region
 * @address: physical address of its first page
 * @pg_cnt: pages of 4096 bytes
 * @reserved: zero
 */
struct gzvm_constituent {
	__le64 address;
	__le32 pg_cnt;
	__le32 reserved;
};

/**
 * struct gzvm_memregion_buf - buffer of SET_MEMREGION
 * @slot: number of the slot
 * @constituent_cnt: valid entries of @constituents; 0: the call registers the region
 *	(total_pages 0: removes it), otherwise it gives the region's next pages to the VM
 * @total_pages: pages of the whole region; in a chunk, for information
 * @gpa: first guest physical address of the region (registration) or of this chunk
 * @constituents: the pages, in ascending order of guest addresses
 * @reserved: zero
 */
struct gzvm_memregion_buf {
	__le32 slot;
	__le32 constituent_cnt;
	__le64 total_pages;
	__le64 gpa;
	struct gzvm_constituent constituents[GZVM_MAX_CONSTITUENTS];
	__le64 reserved;
};

#define GZVM_MAX_LRS			16

/*
 * hwstate.vtimer_delay of an IDLE exit when no timer is armed, in cycles; a timer that is as far
 * away, or farther, is reported as a cycle less. Long, but within what a driver converts to
 * nanoseconds without overflow: 30 s at 1 GHz.
 */
#define GZVM_IDLE_NO_TIMER		(_AC(1, UL) << 30)

/**
 * struct gzvm_vcpu_hwstate - second page of the vCPU buffer, written by the hypervisor
 * @nr_lrs: valid entries of @lr
 * @padding: zero
 * @lr: report of the list registers (format of ICH_LR<n>_EL2) at the exit; an SPI whose end
 *	of interrupt is reported has no state and the EOI bit, in one exit
 * @vtimer_offset: CNTVOFF_EL2 of the VM, in cycles
 * @vtimer_delay: cycles from the exit until the guest's next timer fires
 * @vtimer_migrate: non-zero when @vtimer_delay is valid
 * @reserved: zero
 */
struct gzvm_vcpu_hwstate {
	__le32 nr_lrs;
	__le32 padding;
	__le64 lr[GZVM_MAX_LRS];
	__le64 vtimer_offset;
	__le64 vtimer_delay;
	__le32 vtimer_migrate;
	__le32 reserved;
};

/* Exit reasons of gzvm_vcpu_stats.exits: exit reason minus GZVM_EXIT_UNKNOWN. */
#define GZVM_NR_EXIT_REASONS		16

/**
 * enum gzvm_handled - what the hypervisor answers itself (gzvm_vcpu_stats.handled)
 * @GZVM_HANDLED_WFX: WFI with something pending, or that became so while it waited at EL2
 * @GZVM_HANDLED_SYSREG: trapped system register
 * @GZVM_HANDLED_HVC: hypercall, PSCI included
 * @GZVM_HANDLED_SMC: SMC, PSCI included
 * @GZVM_HANDLED_GIC: access to a distributor or redistributor register
 * @GZVM_HANDLED_FP: first use of floating point since the entry
 * @GZVM_HANDLED_ABORT: other abort: answered with an exception, or entered again
 * @GZVM_HANDLED_IRQ: the hypervisor's own interrupt: kick, timers, maintenance
 * @GZVM_HANDLED_DEBUG: trapped debug register
 * @GZVM_HANDLED_UNDEF: anything answered with an exception of its own
 * @GZVM_NR_HANDLED: number of counters
 */
enum gzvm_handled {
	GZVM_HANDLED_WFX,
	GZVM_HANDLED_SYSREG,
	GZVM_HANDLED_HVC,
	GZVM_HANDLED_SMC,
	GZVM_HANDLED_GIC,
	GZVM_HANDLED_FP,
	GZVM_HANDLED_ABORT,
	GZVM_HANDLED_IRQ,
	GZVM_HANDLED_DEBUG,
	GZVM_HANDLED_UNDEF,
	GZVM_NR_HANDLED = 16,
};

/**
 * struct gzvm_vcpu_stats - what VCPU_STATS writes; the rest of the page is zero
 * @runs: RUN hypercalls
 * @entries: entries into the guest
 * @exits: returns of RUN by exit reason (reason minus GZVM_EXIT_UNKNOWN)
 * @handled: traps answered at EL2, by enum gzvm_handled
 */
struct gzvm_vcpu_stats {
	__le64 runs;
	__le64 entries;
	__le64 exits[GZVM_NR_EXIT_REASONS];
	__le64 handled[GZVM_NR_HANDLED];
};

#define GZVM_ASSERT_OFFSET(type, member, offset) \
	_Static_assert(__builtin_offsetof(type, member) == (offset), #type "." #member)

_Static_assert(sizeof(struct gzvm_enable_cap) == 48, "gzvm_enable_cap");
_Static_assert(sizeof(struct gzvm_userspace_memory_region) == 32, "memory_region");
_Static_assert(sizeof(struct gzvm_irq_level) == 8, "gzvm_irq_level");
_Static_assert(sizeof(struct gzvm_irqfd) == 32, "gzvm_irqfd");
_Static_assert(sizeof(struct gzvm_ioeventfd) == 64, "gzvm_ioeventfd");
_Static_assert(sizeof(struct gzvm_create_device) == 48, "gzvm_create_device");
_Static_assert(sizeof(struct gzvm_dtb_config) == 16, "gzvm_dtb_config");
_Static_assert(sizeof(struct gzvm_one_reg) == 16, "gzvm_one_reg");
_Static_assert(sizeof(struct gzvm_vcpu_run) == 264, "gzvm_vcpu_run");
GZVM_ASSERT_OFFSET(struct gzvm_vcpu_run, immediate_exit, 4);
GZVM_ASSERT_OFFSET(struct gzvm_vcpu_run, mmio.phys_addr, 8);
GZVM_ASSERT_OFFSET(struct gzvm_vcpu_run, mmio.size, 24);
GZVM_ASSERT_OFFSET(struct gzvm_vcpu_run, mmio.is_write, 36);
GZVM_ASSERT_OFFSET(struct gzvm_vcpu_run, fail_entry.cpu, 16);
GZVM_ASSERT_OFFSET(struct gzvm_vcpu_run, exception.fault_gpa, 16);
GZVM_ASSERT_OFFSET(struct gzvm_vcpu_run, exception.reserved, 24);
GZVM_ASSERT_OFFSET(struct gzvm_vcpu_run, system_event.data, 16);
_Static_assert(sizeof(struct gzvm_constituent) == 16, "gzvm_constituent");
_Static_assert(sizeof(struct gzvm_memregion_buf) == GZVM_MEMREGION_BUF_SIZE, "memregion_buf");
GZVM_ASSERT_OFFSET(struct gzvm_memregion_buf, constituents, 24);
_Static_assert(sizeof(struct gzvm_vcpu_hwstate) == 160, "gzvm_vcpu_hwstate");
GZVM_ASSERT_OFFSET(struct gzvm_vcpu_hwstate, vtimer_offset, 0x88);
GZVM_ASSERT_OFFSET(struct gzvm_vcpu_hwstate, vtimer_delay, 0x90);
GZVM_ASSERT_OFFSET(struct gzvm_vcpu_hwstate, vtimer_migrate, 0x98);
_Static_assert(sizeof(struct gzvm_vcpu_stats) <= 4096, "gzvm_vcpu_stats");

#endif /* _LINUX_GZVM_HYP_H */
