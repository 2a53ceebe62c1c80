/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * GenieZone: interface between a virtual machine monitor and /dev/gzvm.
 *
 * Documentation/virt/geniezone/ioctls.rst describes every call with its errors.
 */
#ifndef _UAPI_LINUX_GZVM_H
#define _UAPI_LINUX_GZVM_H

#include <linux/const.h>
#include <linux/types.h>
#include <linux/ioctl.h>

/* Number of vCPUs a VM can have; indexes are 0 to GZVM_MAX_VCPUS - 1. */
#define GZVM_MAX_VCPUS			8
/* Number of memory slots a VM has; slots are 0 to GZVM_MAX_MEM_SLOTS - 1. */
#define GZVM_MAX_MEM_SLOTS		512

/*
 * Capabilities: CHECK_EXTENSION asks for them, ENABLE_CAP turns them on.
 */

/* CHECK_EXTENSION: width in bits of a guest physical address. */
#define GZVM_CAP_VM_GPA_SIZE		0xa5
#define GZVM_CAP_ARM_VM_IPA_SIZE	GZVM_CAP_VM_GPA_SIZE
/* CHECK_EXTENSION: 1 where protected VMs are offered; ENABLE_CAP: see below. */
#define GZVM_CAP_PROTECTED_VM		0xffbadab1
/* CHECK_EXTENSION of a VM: 1 where memory is mapped when the guest first touches it. */
#define GZVM_CAP_BLOCK_BASED_DEMAND_PAGING	0x9201
#define GZVM_CAP_ENABLE_DEMAND_PAGING	0x9202
/* CHECK_EXTENSION of a VM: 1 where a vCPU that waits for an interrupt sleeps. */
#define GZVM_CAP_ENABLE_IDLE		0x9203

/* Sub-commands of GZVM_CAP_PROTECTED_VM in args[0]. */
#define GZVM_CAP_PVM_SET_PVMFW_GPA	0	/* args[1]: address of the firmware region */
#define GZVM_CAP_PVM_GET_PVMFW_SIZE	1	/* args[1] returns the firmware's size in bytes */
#define GZVM_CAP_PVM_SET_PROTECTED_VM	2	/* the VM becomes protected */

/**
 * struct gzvm_enable_cap - argument of GZVM_ENABLE_CAP
 * @cap: capability, GZVM_CAP_*
 * @args: its arguments; GZVM_CAP_PVM_GET_PVMFW_SIZE writes its result to args[1]
 */
struct gzvm_enable_cap {
	__u64 cap;
	__u64 args[5];
};

/* What a memory region is used for: gzvm_userspace_memory_region.flags. */
#define GZVM_USER_MEM_REGION_GUEST_MEM		(1U << 0)	/* ordinary memory */
#define GZVM_USER_MEM_REGION_PROTECT_FW		(1U << 1)	/* firmware of a protected VM */
#define GZVM_USER_MEM_REGION_STATIC_SWIOTLB	(1U << 2)	/* bounce buffers, shared */

/**
 * struct gzvm_userspace_memory_region - argument of GZVM_SET_USER_MEMORY_REGION
 * @slot: number of the slot, below GZVM_MAX_MEM_SLOTS
 * @flags: GZVM_USER_MEM_REGION_*, or 0
 * @guest_phys_addr: first guest physical address, a multiple of 4096
 * @memory_size: bytes, a multiple of 4096; 0 removes the slot
 * @userspace_addr: address in the caller's memory, a multiple of 4096
 */
struct gzvm_userspace_memory_region {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size;
	__u64 userspace_addr;
};

/*
 * Interrupt word of GZVM_IRQ_LINE: number in bits 15:0, vCPU in bits 23:16 plus 256 times
 * bits 31:28, type in bits 27:24.
 */
#define GZVM_IRQ_VCPU2_SHIFT		28
#define GZVM_IRQ_VCPU2_MASK		0xf
#define GZVM_IRQ_TYPE_SHIFT		24
#define GZVM_IRQ_TYPE_MASK		0xf
#define GZVM_IRQ_VCPU_SHIFT		16
#define GZVM_IRQ_VCPU_MASK		0xff
#define GZVM_IRQ_NUM_SHIFT		0
#define GZVM_IRQ_NUM_MASK		0xffff

/* The number is an SPI, counted from 0. */
#define GZVM_IRQ_TYPE_CPU		0
/* The number is an INTID (32 and up), or below 32 an SPI counted from 0. */
#define GZVM_IRQ_TYPE_SPI		1
/* The number is the INTID (16 to 31) of a private interrupt of the vCPU. */
#define GZVM_IRQ_TYPE_PPI		2

/**
 * struct gzvm_irq_level - argument of GZVM_IRQ_LINE
 * @irq: the interrupt, a word as described above
 * @status: the same word, seen as the result by callers that share code with others
 * @level: 1 raises the line, 0 lowers it
 */
struct gzvm_irq_level {
	union {
		__u32 irq;
		__s32 status;
	};
	__u32 level;
};

#define GZVM_IRQFD_FLAG_DEASSIGN	(1U << 0)
/* The line stays high until the guest's end of interrupt, which signals resamplefd. */
#define GZVM_IRQFD_FLAG_RESAMPLE	(1U << 1)

/**
 * struct gzvm_irqfd - argument of GZVM_IRQFD
 * @fd: eventfd whose signal raises the interrupt
 * @gsi: SPI, counted from 0
 * @flags: GZVM_IRQFD_FLAG_*
 * @resamplefd: eventfd that is signalled at the end of interrupt (RESAMPLE only)
 * @pad: must be zero
 */
struct gzvm_irqfd {
	__u32 fd;
	__u32 gsi;
	__u32 flags;
	__u32 resamplefd;
	__u8 pad[16];
};

#define GZVM_IOEVENTFD_FLAG_DATAMATCH	(1U << 0)
#define GZVM_IOEVENTFD_FLAG_PIO		(1U << 1)	/* refused: Arm has no port I/O */
#define GZVM_IOEVENTFD_FLAG_DEASSIGN	(1U << 2)

/**
 * struct gzvm_ioeventfd - argument of GZVM_IOEVENTFD
 * @datamatch: with DATAMATCH: only a write of this value signals
 * @addr: guest physical address
 * @len: 1, 2, 4 or 8: only writes of this size; 0: writes of any size
 * @fd: the eventfd
 * @flags: GZVM_IOEVENTFD_FLAG_*
 * @pad: must be zero
 */
struct gzvm_ioeventfd {
	__u64 datamatch;
	__u64 addr;
	__u32 len;
	__s32 fd;
	__u32 flags;
	__u8 pad[36];
};

/**
 * enum gzvm_device_type - devices that the hypervisor emulates
 * @GZVM_DEV_TYPE_ARM_VGIC_V3_DIST: distributor of the GICv3
 * @GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST: redistributors of the GICv3: one frame of 128 KiB a
 *	vCPU, upward from dev_addr
 */
enum gzvm_device_type {
	GZVM_DEV_TYPE_ARM_VGIC_V3_DIST = 0,
	GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST = 1,
};

/**
 * struct gzvm_create_device - argument of GZVM_CREATE_DEVICE
 * @dev_type: enum gzvm_device_type
 * @id: instance, 0
 * @flags: 0
 * @dev_addr: guest physical address of the device's registers, a multiple of 64 KiB
 * @dev_reg_size: their size in bytes
 * @attr_addr: address in the caller's memory of further attributes
 * @attr_size: their size in bytes, at most a page; 0 when there are none
 */
struct gzvm_create_device {
	__u32 dev_type;
	__u32 id;
	__u64 flags;
	__u64 dev_addr;
	__u64 dev_reg_size;
	__u64 attr_addr;
	__u64 attr_size;
};

/**
 * struct gzvm_dtb_config - argument of GZVM_SET_DTB_CONFIG
 * @dtb_addr: guest physical address of the guest's device tree
 * @dtb_size: its size in bytes, or an upper bound of it
 */
struct gzvm_dtb_config {
	__u64 dtb_addr;
	__u64 dtb_size;
};

/**
 * struct gzvm_one_reg - argument of GZVM_GET_ONE_REG and GZVM_SET_ONE_REG
 * @id: which register, GZVM_REG_*
 * @addr: address in the caller's memory of a value of the id's size
 */
struct gzvm_one_reg {
	__u64 id;
	__u64 addr;
};

/* Register ids: architecture, size, class, register. */
#define GZVM_REG_ARCH_MASK		0xff00000000000000ULL
#define GZVM_REG_ARM64			0x6000000000000000ULL
#define GZVM_REG_SIZE_SHIFT		52
#define GZVM_REG_SIZE_MASK		0x00f0000000000000ULL
#define GZVM_REG_SIZE_U8		0x0000000000000000ULL
#define GZVM_REG_SIZE_U16		0x0010000000000000ULL
#define GZVM_REG_SIZE_U32		0x0020000000000000ULL
#define GZVM_REG_SIZE_U64		0x0030000000000000ULL
#define GZVM_REG_SIZE_U128		0x0040000000000000ULL
#define GZVM_REG_SIZE_U256		0x0050000000000000ULL
#define GZVM_REG_SIZE_U512		0x0060000000000000ULL
#define GZVM_REG_SIZE_U1024		0x0070000000000000ULL
#define GZVM_REG_SIZE_U2048		0x0080000000000000ULL

#define GZVM_REG_ARM_COPROC_MASK	0x000000000fff0000ULL
#define GZVM_REG_ARM_COPROC_SHIFT	16
/* Core registers: the offset in gzvm_core_regs, in units of 4 bytes. */
#define GZVM_REG_ARM_CORE		(0x0010ULL << GZVM_REG_ARM_COPROC_SHIFT)
/* Cache size registers, by level. */
#define GZVM_REG_ARM_DEMUX		(0x0011ULL << GZVM_REG_ARM_COPROC_SHIFT)
/* System registers, by op0, op1, CRn, CRm, op2. */
#define GZVM_REG_ARM64_SYSREG		(0x0013ULL << GZVM_REG_ARM_COPROC_SHIFT)
#define GZVM_REG_ARM64_SYSREG_OP0_SHIFT	14
#define GZVM_REG_ARM64_SYSREG_OP0_MASK	0x000000000000c000ULL
#define GZVM_REG_ARM64_SYSREG_OP1_SHIFT	11
#define GZVM_REG_ARM64_SYSREG_OP1_MASK	0x0000000000003800ULL
#define GZVM_REG_ARM64_SYSREG_CRN_SHIFT	7
#define GZVM_REG_ARM64_SYSREG_CRN_MASK	0x0000000000000780ULL
#define GZVM_REG_ARM64_SYSREG_CRM_SHIFT	3
#define GZVM_REG_ARM64_SYSREG_CRM_MASK	0x0000000000000078ULL
#define GZVM_REG_ARM64_SYSREG_OP2_SHIFT	0
#define GZVM_REG_ARM64_SYSREG_OP2_MASK	0x0000000000000007ULL

/* Id of the core register at byte offset @off (GZVM_CORE_*). */
#define GZVM_REG_CORE_U64(off)	\
	(GZVM_REG_ARM64 | GZVM_REG_SIZE_U64 | GZVM_REG_ARM_CORE | ((off) / 4))
#define GZVM_REG_CORE_U32(off)	\
	(GZVM_REG_ARM64 | GZVM_REG_SIZE_U32 | GZVM_REG_ARM_CORE | ((off) / 4))
#define GZVM_REG_CORE_U128(off)	\
	(GZVM_REG_ARM64 | GZVM_REG_SIZE_U128 | GZVM_REG_ARM_CORE | ((off) / 4))

/* Byte offsets of the core registers. */
#define GZVM_CORE_X(n)			(8 * (n))	/* X0 to X30 */
#define GZVM_CORE_SP			248		/* SP_EL0 */
#define GZVM_CORE_PC			256
#define GZVM_CORE_PSTATE		264
#define GZVM_CORE_SP_EL1		272
#define GZVM_CORE_ELR_EL1		280
#define GZVM_CORE_SPSR(n)		(288 + 8 * (n))	/* EL1, abt, und, irq, fiq */
#define GZVM_CORE_V(n)			(336 + 16 * (n))
#define GZVM_CORE_FPSR			848
#define GZVM_CORE_FPCR			852

/**
 * enum gzvm_exit_reason - why GZVM_RUN returned
 * @GZVM_EXIT_UNKNOWN: never seen by a VMM
 * @GZVM_EXIT_MMIO: access to an address without memory: gzvm_vcpu_run.mmio
 * @GZVM_EXIT_HYPERCALL: the guest's hypercall: gzvm_vcpu_run.hypercall
 * @GZVM_EXIT_IRQ: handled by the driver, never seen by a VMM
 * @GZVM_EXIT_EXCEPTION: the guest touched memory of a slot that the driver cannot give it:
 *	gzvm_vcpu_run.exception
 * @GZVM_EXIT_DEBUG: guest debugging
 * @GZVM_EXIT_FAIL_ENTRY: the vCPU cannot be entered: gzvm_vcpu_run.fail_entry
 * @GZVM_EXIT_INTERNAL_ERROR: reserved for other hypervisors: gzvm_vcpu_run.internal
 * @GZVM_EXIT_SYSTEM_EVENT: power off, reset or end of the guest:
 *	gzvm_vcpu_run.system_event
 * @GZVM_EXIT_SHUTDOWN: the guest has shut down
 * @GZVM_EXIT_GZ: handled by the driver, never seen by a VMM
 * @GZVM_EXIT_IDLE: handled by the driver, never seen by a VMM
 * @GZVM_EXIT_IPI: handled by the driver, never seen by a VMM
 */
enum gzvm_exit_reason {
	GZVM_EXIT_UNKNOWN = 0x92920000,
	GZVM_EXIT_MMIO = 0x92920001,
	GZVM_EXIT_HYPERCALL = 0x92920002,
	GZVM_EXIT_IRQ = 0x92920003,
	GZVM_EXIT_EXCEPTION = 0x92920004,
	GZVM_EXIT_DEBUG = 0x92920005,
	GZVM_EXIT_FAIL_ENTRY = 0x92920006,
	GZVM_EXIT_INTERNAL_ERROR = 0x92920007,
	GZVM_EXIT_SYSTEM_EVENT = 0x92920008,
	GZVM_EXIT_SHUTDOWN = 0x92920009,
	GZVM_EXIT_GZ = 0x9292000a,
	GZVM_EXIT_IDLE = 0x9292000b,
	GZVM_EXIT_IPI = 0x9292000d,
};

/**
 * enum gzvm_exception - kinds of GZVM_EXIT_EXCEPTION
 * @GZVM_EXCEPTION_UNKNOWN: none of the others
 * @GZVM_EXCEPTION_PAGE_FAULT: no memory could be given at gzvm_vcpu_run.exception.fault_gpa
 */
enum gzvm_exception {
	GZVM_EXCEPTION_UNKNOWN = 0,
	GZVM_EXCEPTION_PAGE_FAULT = 1,
};

/**
 * enum gzvm_system_event - kinds of GZVM_EXIT_SYSTEM_EVENT
 * @GZVM_SYSTEM_EVENT_SHUTDOWN: PSCI SYSTEM_OFF
 * @GZVM_SYSTEM_EVENT_RESET: PSCI SYSTEM_RESET or SYSTEM_RESET2
 * @GZVM_SYSTEM_EVENT_CRASH: the hypervisor ended the guest; data[] = {enum
 *	gzvm_crash_reason, ESR, FAR, PC, PSTATE, vCPU}, ndata = 6
 * @GZVM_SYSTEM_EVENT_WAKEUP: wake up
 * @GZVM_SYSTEM_EVENT_SUSPEND: suspend
 * @GZVM_SYSTEM_EVENT_SEV_TERM: not used on arm64
 * @GZVM_SYSTEM_EVENT_S2IDLE: suspend to idle
 */
enum gzvm_system_event {
	GZVM_SYSTEM_EVENT_SHUTDOWN = 1,
	GZVM_SYSTEM_EVENT_RESET = 2,
	GZVM_SYSTEM_EVENT_CRASH = 3,
	GZVM_SYSTEM_EVENT_WAKEUP = 4,
	GZVM_SYSTEM_EVENT_SUSPEND = 5,
	GZVM_SYSTEM_EVENT_SEV_TERM = 6,
	GZVM_SYSTEM_EVENT_S2IDLE = 7,
};

/**
 * enum gzvm_crash_reason - why the hypervisor ended a guest (data[0] of the event)
 * @GZVM_CRASH_SERROR: a physical SError was taken while the guest ran
 * @GZVM_CRASH_BAD_ABORT: the guest's access can neither be completed nor be answered with an
 *	exception: its vectors lie where no memory is
 *
 * Two of the three cases in which a guest is ended; the third is GZVM_EXIT_EXCEPTION.
 */
enum gzvm_crash_reason {
	GZVM_CRASH_SERROR = 1,
	GZVM_CRASH_BAD_ABORT = 2,
};

/* Positions in system_event.data[] of a GZVM_SYSTEM_EVENT_CRASH. */
#define GZVM_CRASH_DATA_REASON		0
#define GZVM_CRASH_DATA_ESR		1
#define GZVM_CRASH_DATA_FAR		2
#define GZVM_CRASH_DATA_PC		3
#define GZVM_CRASH_DATA_PSTATE		4
#define GZVM_CRASH_DATA_VCPU		5
#define GZVM_CRASH_NDATA		6

/**
 * struct gzvm_vcpu_run - argument of GZVM_RUN: why the guest stopped, and the answer
 * @exit_reason: enum gzvm_exit_reason
 * @immediate_exit: written by the VMM, never by the driver: non-zero (1) makes RUN return
 *	EINTR without entering the guest
 * @padding1: must be zero
 * @mmio: for GZVM_EXIT_MMIO
 * @mmio.phys_addr: guest physical address of the access
 * @mmio.data: what the guest writes; after a read the VMM puts the value here and calls RUN
 * @mmio.size: bytes of the access: 1, 2, 4 or 8
 * @mmio.reg_nr: number of the guest's register, for information
 * @mmio.is_write: 1 write, 0 read
 * @mmio.padding: zero
 * @fail_entry: for GZVM_EXIT_FAIL_ENTRY
 * @fail_entry.hardware_entry_failure_reason: the hypervisor's reason
 * @fail_entry.cpu: CPU on which entry failed
 * @fail_entry.padding: zero
 * @exception: for GZVM_EXIT_EXCEPTION
 * @exception.exception: enum gzvm_exception
 * @exception.error_code: why, as a positive errno: EFAULT (the VMM has no writable memory
 *	there), ENOMEM (RLIMIT_MEMLOCK or the hypervisor's memory is used up), ...
 * @exception.fault_gpa: guest physical address of the access
 * @exception.reserved: zero
 * @hypercall: for GZVM_EXIT_HYPERCALL
 * @hypercall.args: x0 to x7 of the guest; x0 to x3 are taken back by the next RUN
 * @internal: for GZVM_EXIT_INTERNAL_ERROR
 * @internal.suberror: the hypervisor's reason
 * @internal.ndata: valid entries of data
 * @internal.data: details
 * @system_event: for GZVM_EXIT_SYSTEM_EVENT
 * @system_event.type: enum gzvm_system_event
 * @system_event.ndata: valid entries of data
 * @system_event.data: details
 * @padding: size of the union
 */
struct gzvm_vcpu_run {
	__u32 exit_reason;
	__u8 immediate_exit;
	__u8 padding1[3];
	union {
		struct {
			__u64 phys_addr;
			__u8 data[8];
			__u64 size;
			__u32 reg_nr;
			__u8 is_write;
			__u8 padding[3];
		} mmio;
		struct {
			__u64 hardware_entry_failure_reason;
			__u32 cpu;
			__u32 padding;
		} fail_entry;
		struct {
			__u32 exception;
			__u32 error_code;
			__u64 fault_gpa;
			__u64 reserved[30];
		} exception;
		struct {
			__u64 args[8];
		} hypercall;
		struct {
			__u32 suberror;
			__u32 ndata;
			__u64 data[16];
		} internal;
		struct {
			__u32 type;
			__u32 ndata;
			__u64 data[16];
		} system_event;
		char padding[256];
	};
};

#define GZVM_IOC_MAGIC			0x92	/* shared with usbmon's 0x00 to 0x0f */

/* ioctls of /dev/gzvm; CHECK_EXTENSION is one of the VM's, too */
#define GZVM_CREATE_VM			_IO(GZVM_IOC_MAGIC, 0x01)
#define GZVM_CHECK_EXTENSION		_IO(GZVM_IOC_MAGIC, 0x03)

/* ioctls of a VM */
#define GZVM_CREATE_VCPU		_IO(GZVM_IOC_MAGIC, 0x41)
#define GZVM_SET_USER_MEMORY_REGION	_IOW(GZVM_IOC_MAGIC, 0x46, \
					     struct gzvm_userspace_memory_region)
#define GZVM_IRQ_LINE			_IOW(GZVM_IOC_MAGIC, 0x61, struct gzvm_irq_level)
#define GZVM_IRQFD			_IOW(GZVM_IOC_MAGIC, 0x76, struct gzvm_irqfd)
#define GZVM_IOEVENTFD			_IOW(GZVM_IOC_MAGIC, 0x79, struct gzvm_ioeventfd)
#define GZVM_ENABLE_CAP			_IOW(GZVM_IOC_MAGIC, 0xa3, struct gzvm_enable_cap)
#define GZVM_CREATE_DEVICE		_IOWR(GZVM_IOC_MAGIC, 0xe0, struct gzvm_create_device)
#define GZVM_SET_DTB_CONFIG		_IOW(GZVM_IOC_MAGIC, 0xff, struct gzvm_dtb_config)

/* ioctls of a vCPU */
#define GZVM_RUN			_IO(GZVM_IOC_MAGIC, 0x80)
#define GZVM_GET_ONE_REG		_IOW(GZVM_IOC_MAGIC, 0xab, struct gzvm_one_reg)
#define GZVM_SET_ONE_REG		_IOW(GZVM_IOC_MAGIC, 0xac, struct gzvm_one_reg)

#endif /* _UAPI_LINUX_GZVM_H */
