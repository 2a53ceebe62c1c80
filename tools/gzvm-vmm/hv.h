/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Back ends: the hypervisor interfaces that gzvm-vmm runs on, behind one set of operations.
 */
#ifndef VMM_HV_H
#define VMM_HV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* vCPUs that every back end can give a guest. */
#define HV_MAX_VCPUS		8
/* Bytes of a text that explains an end: a paragraph and a table of registers. */
#define HV_TEXT			2048
/* PSTATE at a vCPU's first instruction: EL1h, D, A, I and F masked. */
#define HV_BOOT_PSTATE		0x3c5

/**
 * enum hv_exit_kind - why a vCPU stopped
 * @HV_EXIT_AGAIN: for nothing that concerns the VMM, or because it was kicked
 * @HV_EXIT_MMIO: access to an address without memory
 * @HV_EXIT_POWER_OFF: the guest powered off
 * @HV_EXIT_RESET: the guest asks for a reset
 * @HV_EXIT_CRASH: the hypervisor ended the guest; hv_exit.text says why
 * @HV_EXIT_ERROR: the host cannot run the guest on; hv_exit.text says why
 */
enum hv_exit_kind {
	HV_EXIT_AGAIN,
	HV_EXIT_MMIO,
	HV_EXIT_POWER_OFF,
	HV_EXIT_RESET,
	HV_EXIT_CRASH,
	HV_EXIT_ERROR,
};

/**
 * struct hv_exit - a vCPU's exit in the same form for every back end
 * @kind: why
 * @addr: HV_EXIT_MMIO: guest physical address
 * @size: HV_EXIT_MMIO: bytes
 * @is_write: HV_EXIT_MMIO: a write, else a read
 * @data: HV_EXIT_MMIO: 8 bytes; what is there after a read goes to the guest by the next run
 * @text: HV_EXIT_CRASH, HV_EXIT_ERROR: why, in words
 */
struct hv_exit {
	enum hv_exit_kind kind;
	uint64_t addr;
	unsigned int size;
	bool is_write;
	uint8_t *data;
	char text[HV_TEXT];
};

struct hv_ops;

/**
 * struct hv - one VM of a hypervisor
 * @ops: the back end
 * @dev_fd: the hypervisor's device
 * @vm_fd: the VM
 * @gic_fd: the interrupt controller, where it has a descriptor of its own
 * @ipa_bits: width of a guest physical address
 */
struct hv {
	const struct hv_ops *ops;
	int dev_fd;
	int vm_fd;
	int gic_fd;
	unsigned int ipa_bits;
};

/**
 * struct hv_vcpu - one vCPU
 * @hv: its VM
 * @index: its number
 * @fd: its descriptor
 * @run: structure shared with the hypervisor's driver
 * @run_size: bytes of @run
 * @immediate_exit: byte in @run that keeps the next run from entering the guest
 */
struct hv_vcpu {
	struct hv *hv;
	unsigned int index;
	int fd;
	void *run;
	size_t run_size;
	volatile uint8_t *immediate_exit;
};

/**
 * struct hv_ops - a back end
 * @name: as --hypervisor has it
 * @device: path of its device
 * @open: open the device, find out what it can do
 * @print_info: print "key: value" lines about it to standard output
 * @vm_create: make a VM
 * @memory_add: give the VM memory
 * @gic_create: give it a GICv3: distributor and the first of consecutive redistributors
 * @vcpu_create: add a vCPU; all but number 0 wait for PSCI CPU_ON
 * @vm_finish: all vCPUs exist and memory is filled
 * @vcpu_boot: program counter and x0 of vCPU 0
 * @vcpu_reset: after a reset by the guest: state as after creation, of a vCPU and of its part
 *	of the GIC; no vCPU runs; first of all vCPU 0, which stands for the distributor, too
 * @irqfd: each signal of an eventfd is an edge of an SPI (counted from 0)
 * @ioeventfd: a guest's 32-bit write of a value to an address signals an eventfd
 * @vcpu_run: run the guest until something happens; in the vCPU's own thread
 * @vcpu_free: undo what @vcpu_create put into @run
 *
 * All but vcpu_run and vcpu_free return 0 or a negative errno and print the line that
 * explains an error themselves.
 */
struct hv_ops {
	const char *name;
	const char *device;
	int (*open)(struct hv *hv);
	void (*print_info)(struct hv *hv);
	int (*vm_create)(struct hv *hv);
	int (*memory_add)(struct hv *hv, unsigned int slot, uint64_t gpa, uint64_t size,
			  void *host);
	int (*gic_create)(struct hv *hv, uint64_t dist, uint64_t redist);
	int (*vcpu_create)(struct hv *hv, unsigned int index, struct hv_vcpu *vcpu);
	int (*vm_finish)(struct hv *hv, uint64_t dtb, uint64_t dtb_size);
	int (*vcpu_boot)(struct hv_vcpu *vcpu, uint64_t pc, uint64_t x0);
	int (*vcpu_reset)(struct hv_vcpu *vcpu);
	int (*irqfd)(struct hv *hv, int fd, unsigned int spi);
	int (*ioeventfd)(struct hv *hv, int fd, uint64_t addr, uint32_t value);
	void (*vcpu_run)(struct hv_vcpu *vcpu, struct hv_exit *exit);
	void (*vcpu_free)(struct hv_vcpu *vcpu);
};

extern const struct hv_ops hv_gzvm_ops;
extern const struct hv_ops hv_kvm_ops;

const struct hv_ops *hv_find(const char *name);
int hv_open(struct hv *hv, const struct hv_ops *ops);
void hv_close(struct hv *hv);
void hv_vcpu_close(struct hv_vcpu *vcpu);
int hv_report_open_error(const char *device, int error);

#endif /* VMM_HV_H */
