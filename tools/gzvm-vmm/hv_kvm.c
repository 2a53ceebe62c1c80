// SPDX-License-Identifier: GPL-2.0-only
/*
 * Back end for KVM: Documentation/virt/kvm/api.rst and devices/arm-vgic-v3.rst of the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hv.h"
#include "hv_kvm_gic.h"
#include "util.h"

/* IPA bits of a VM of type 0. */
#define KVM_DEFAULT_IPA_BITS	40

#define KVM_CORE_REG_ID(field) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(field))

static int kvm_fail(const char *call, const char *advice)
{
	int err = errno;

	vmm_error("%s: %s: %s; %s", hv_kvm_ops.device, call, strerror(err), advice);
	return -err;
}

static int kvm_open(struct hv *hv)
{
	int bits;

	hv->dev_fd = open(hv_kvm_ops.device, O_RDWR | O_CLOEXEC);
	if (hv->dev_fd < 0)
		return hv_report_open_error(hv_kvm_ops.device, errno);
	if (ioctl(hv->dev_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
		vmm_error("%s: not the KVM interface of version %d; update the host's kernel",
			  hv_kvm_ops.device, KVM_API_VERSION);
		return -EINVAL;
	}
	bits = ioctl(hv->dev_fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);
	hv->ipa_bits = bits > 0 ? MIN(bits, KVM_DEFAULT_IPA_BITS) : KVM_DEFAULT_IPA_BITS;
	return 0;
}

static void kvm_print_info(struct hv *hv)
{
	printf("device: %s\nhypervisor: kvm\nversion: %d\nipa_bits: %u\n"
	       "protected: no\ndemand_paging: yes\n",
	       hv_kvm_ops.device, ioctl(hv->dev_fd, KVM_GET_API_VERSION, 0), hv->ipa_bits);
}

static int kvm_vm_create(struct hv *hv)
{
	/* Type 0 means 40 bits, which a host of fewer refuses. */
	unsigned long type = hv->ipa_bits < KVM_DEFAULT_IPA_BITS ?
			     KVM_VM_TYPE_ARM_IPA_SIZE(hv->ipa_bits) : 0;

	hv->vm_fd = ioctl(hv->dev_fd, KVM_CREATE_VM, type);
	if (hv->vm_fd < 0)
		return kvm_fail("KVM_CREATE_VM", "end other guests and try again");
	return 0;
}

static int kvm_memory_add(struct hv *hv, unsigned int slot, uint64_t gpa, uint64_t size,
			  void *host)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	if (ioctl(hv->vm_fd, KVM_SET_USER_MEMORY_REGION, &region))
		return kvm_fail("KVM_SET_USER_MEMORY_REGION", "try a smaller --mem");
	return 0;
}

static int kvm_gic_attr(struct hv *hv, uint32_t group, uint64_t attr, void *value)
{
	struct kvm_device_attr arg = {
		.group = group, .attr = attr, .addr = (uintptr_t)value,
	};

	if (ioctl(hv->gic_fd, KVM_SET_DEVICE_ATTR, &arg))
		return kvm_fail("setting up the GICv3", "this host's GIC can't serve guests");
	return 0;
}

static int kvm_gic_create(struct hv *hv, uint64_t dist, uint64_t redist)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	uint32_t irqs = KVM_GIC_IRQS;
	int err;

	if (ioctl(hv->vm_fd, KVM_CREATE_DEVICE, &device))
		return kvm_fail("KVM_CREATE_DEVICE", "the host needs a GICv3");
	hv->gic_fd = device.fd;
	err = kvm_gic_attr(hv, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &irqs);
	if (!err)
		err = kvm_gic_attr(hv, KVM_DEV_ARM_VGIC_GRP_ADDR,
				   KVM_VGIC_V3_ADDR_TYPE_DIST, &dist);
	if (!err)
		err = kvm_gic_attr(hv, KVM_DEV_ARM_VGIC_GRP_ADDR,
				   KVM_VGIC_V3_ADDR_TYPE_REDIST, &redist);
	return err;
}

/* The second time and later it is a reset. */
static int kvm_vcpu_init(struct hv_vcpu *vcpu)
{
	struct kvm_vcpu_init init;

	if (ioctl(vcpu->hv->vm_fd, KVM_ARM_PREFERRED_TARGET, &init))
		return kvm_fail("KVM_ARM_PREFERRED_TARGET", "this CPU can't run guests");
	init.features[0] |= 1U << KVM_ARM_VCPU_PSCI_0_2;
	if (vcpu->index)
		init.features[0] |= 1U << KVM_ARM_VCPU_POWER_OFF;
	if (ioctl(vcpu->fd, KVM_ARM_VCPU_INIT, &init))
		return kvm_fail("KVM_ARM_VCPU_INIT", "this CPU can't run guests");
	return 0;
}

static int kvm_vcpu_create(struct hv *hv, unsigned int index, struct hv_vcpu *vcpu)
{
	int size = ioctl(hv->dev_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

	vcpu->fd = ioctl(hv->vm_fd, KVM_CREATE_VCPU, (unsigned long)index);
	if (vcpu->fd < 0 || size < 0)
		return kvm_fail("KVM_CREATE_VCPU", "try fewer --cpus");
	vcpu->run_size = size;
	vcpu->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		vcpu->run = NULL;
		return kvm_fail("mapping a vCPU", "free some memory and try again");
	}
	vcpu->immediate_exit = &((struct kvm_run *)vcpu->run)->immediate_exit;
	return kvm_vcpu_init(vcpu);
}

static void kvm_vcpu_free(struct hv_vcpu *vcpu)
{
	if (vcpu->run)
		munmap(vcpu->run, vcpu->run_size);
	vcpu->run = NULL;
}

static int kvm_vm_finish(struct hv *hv, uint64_t dtb, uint64_t dtb_size)
{
	(void)dtb;
	(void)dtb_size;
	/* Sets up the default routing too: irqfd n is SPI n. */
	return kvm_gic_attr(hv, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
}

static int kvm_set_reg(struct hv_vcpu *vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	if (ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg))
		return kvm_fail("KVM_SET_ONE_REG", "update the host's kernel");
	return 0;
}

static int kvm_vcpu_boot(struct hv_vcpu *vcpu, uint64_t pc, uint64_t x0)
{
	int err = kvm_set_reg(vcpu, KVM_CORE_REG_ID(regs.pstate), HV_BOOT_PSTATE);

	if (!err)
		err = kvm_set_reg(vcpu, KVM_CORE_REG_ID(regs.regs[0]), x0);
	if (!err)
		err = kvm_set_reg(vcpu, KVM_CORE_REG_ID(regs.pc), pc);
	return err;
}

/* Registers that KVM_ARM_VCPU_INIT leaves as they are. */
static int kvm_reset_rest(struct hv_vcpu *vcpu)
{
	static const uint64_t regs[] = {
		KVM_CORE_REG_ID(sp_el1), KVM_CORE_REG_ID(elr_el1), KVM_CORE_REG_ID(spsr[0]),
		KVM_REG_ARM_TIMER_CVAL, KVM_REG_ARM_PTIMER_CVAL,
	};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(regs) && !err; i++)
		err = kvm_set_reg(vcpu, regs[i], 0);
	return err;
}

/* A read that the guest waited for is complete before, by a run that enters no guest. */
static int kvm_vcpu_reset(struct hv_vcpu *vcpu)
{
	int err;

	*vcpu->immediate_exit = 1;
	if (!ioctl(vcpu->fd, KVM_RUN, 0) || errno != EINTR)
		return kvm_fail("KVM_RUN", "try --no-reboot");
	*vcpu->immediate_exit = 0;
	err = vcpu->index ? 0 : kvm_gic_reset_dist(vcpu->hv);
	if (!err)
		err = kvm_gic_reset_cpu(vcpu->hv, vcpu->index);
	if (err) {
		vmm_error("%s: resetting the GICv3: %s; try --no-reboot", hv_kvm_ops.device,
			  strerror(-err));
		return err;
	}
	err = kvm_vcpu_init(vcpu);
	return err ? err : kvm_reset_rest(vcpu);
}

static int kvm_irqfd(struct hv *hv, int fd, unsigned int spi)
{
	struct kvm_irqfd arg = { .fd = fd, .gsi = spi };

	if (ioctl(hv->vm_fd, KVM_IRQFD, &arg))
		return kvm_fail("KVM_IRQFD", "update the host's kernel");
	return 0;
}

static int kvm_ioeventfd(struct hv *hv, int fd, uint64_t addr, uint32_t value)
{
	struct kvm_ioeventfd arg = {
		.datamatch = value,
		.addr = addr,
		.len = 4,
		.fd = fd,
		.flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
	};

	if (ioctl(hv->vm_fd, KVM_IOEVENTFD, &arg))
		return kvm_fail("KVM_IOEVENTFD", "update the host's kernel");
	return 0;
}

static void kvm_run_failed(int err, struct hv_exit *exit)
{
	if (err == EINTR || err == EAGAIN) {
		exit->kind = HV_EXIT_AGAIN;
		return;
	}
	/* KVM answers ENOSYS where an access's syndrome does not describe it. */
	exit->kind = err == ENOSYS ? HV_EXIT_CRASH : HV_EXIT_ERROR;
	snprintf(exit->text, sizeof(exit->text), "%s", err == ENOSYS ?
		 "it accessed a device with an instruction that can't be emulated" :
		 strerror(err));
}

static void kvm_system_event(const struct kvm_run *run, struct hv_exit *exit)
{
	switch (run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		exit->kind = HV_EXIT_POWER_OFF;
		break;
	case KVM_SYSTEM_EVENT_RESET:
		exit->kind = HV_EXIT_RESET;
		break;
	default:
		exit->kind = HV_EXIT_CRASH;
		snprintf(exit->text, sizeof(exit->text), "system event %u",
			 run->system_event.type);
	}
}

static void kvm_vcpu_run(struct hv_vcpu *vcpu, struct hv_exit *exit)
{
	struct kvm_run *run = vcpu->run;

	if (ioctl(vcpu->fd, KVM_RUN, 0)) {
		kvm_run_failed(errno, exit);
		return;
	}
	switch (run->exit_reason) {
	case KVM_EXIT_INTR:
		exit->kind = HV_EXIT_AGAIN;
		break;
	case KVM_EXIT_MMIO:
		exit->kind = HV_EXIT_MMIO;
		exit->addr = run->mmio.phys_addr;
		exit->size = run->mmio.len;
		exit->is_write = run->mmio.is_write;
		exit->data = run->mmio.data;
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		kvm_system_event(run, exit);
		break;
	case KVM_EXIT_SHUTDOWN:
		exit->kind = HV_EXIT_POWER_OFF;
		break;
	case KVM_EXIT_FAIL_ENTRY:
		exit->kind = HV_EXIT_CRASH;
		snprintf(exit->text, sizeof(exit->text), "vCPU %u can't be entered: reason 0x%llx",
			 vcpu->index,
			 (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
		break;
	default:
		exit->kind = HV_EXIT_CRASH;
		snprintf(exit->text, sizeof(exit->text), "vCPU %u stopped for KVM's reason %u",
			 vcpu->index, run->exit_reason);
	}
}

/** hv_kvm_ops - the back end for KVM */
const struct hv_ops hv_kvm_ops = {
	.name = "kvm",
	.device = "/dev/kvm",
	.open = kvm_open,
	.print_info = kvm_print_info,
	.vm_create = kvm_vm_create,
	.memory_add = kvm_memory_add,
	.gic_create = kvm_gic_create,
	.vcpu_create = kvm_vcpu_create,
	.vm_finish = kvm_vm_finish,
	.vcpu_boot = kvm_vcpu_boot,
	.vcpu_reset = kvm_vcpu_reset,
	.irqfd = kvm_irqfd,
	.ioeventfd = kvm_ioeventfd,
	.vcpu_run = kvm_vcpu_run,
	.vcpu_free = kvm_vcpu_free,
};
