// SPDX-License-Identifier: GPL-2.0-only
/*
 * Back end for GenieZone: Documentation/virt/geniezone/ioctls.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/gzvm.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "esr.h"
#include "hv.h"
#include "util.h"

/* IPA bits where the driver cannot tell. */
#define GZVM_DEFAULT_IPA_BITS	40
#define GZVM_GIC_DIST_SIZE	0x10000
#define GZVM_GIC_REDIST_SIZE	0x20000

static int gzvm_fail(const char *call, const char *advice)
{
	int err = errno;

	vmm_error("%s: %s: %s; %s", hv_gzvm_ops.device, call, strerror(err), advice);
	return -err;
}

static uint64_t gzvm_capability(int fd, uint64_t cap)
{
	uint64_t value = cap;

	return ioctl(fd, GZVM_CHECK_EXTENSION, &value) ? 0 : value;
}

/* How a VM gets its memory is known of a VM only: one is made to ask. */
static const char *gzvm_demand_paging(struct hv *hv)
{
	int vm = ioctl(hv->dev_fd, GZVM_CREATE_VM, 0);
	bool yes;

	if (vm < 0)
		return "unknown";
	yes = gzvm_capability(vm, GZVM_CAP_ENABLE_DEMAND_PAGING) == 1;
	close(vm);
	return yes ? "yes" : "no";
}

static int gzvm_open(struct hv *hv)
{
	uint64_t bits;

	hv->dev_fd = open(hv_gzvm_ops.device, O_RDWR | O_CLOEXEC);
	if (hv->dev_fd < 0)
		return hv_report_open_error(hv_gzvm_ops.device, errno);
	bits = gzvm_capability(hv->dev_fd, GZVM_CAP_ARM_VM_IPA_SIZE);
	hv->ipa_bits = bits >= 32 && bits <= 52 ? bits : GZVM_DEFAULT_IPA_BITS;
	return 0;
}

/* One line of a file of the driver's in sysfs; other drivers do not have them. */
static void gzvm_print_sysfs(const char *key)
{
	char path[64], line[64] = "unknown";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/gzvm/%s", key);
	file = fopen(path, "re");
	if (file) {
		if (fgets(line, sizeof(line), file))
			line[strcspn(line, "\n")] = '\0';
		fclose(file);
	}
	printf("%s: %s\n", key, line);
}

static void gzvm_print_info(struct hv *hv)
{
	printf("device: %s\n", hv_gzvm_ops.device);
	gzvm_print_sysfs("hypervisor");
	gzvm_print_sysfs("version");
	printf("ipa_bits: %u\nprotected: %s\ndemand_paging: %s\n", hv->ipa_bits,
	       gzvm_capability(hv->dev_fd, GZVM_CAP_PROTECTED_VM) == 1 ? "yes" : "no",
	       gzvm_demand_paging(hv));
}

static int gzvm_vm_create(struct hv *hv)
{
	hv->vm_fd = ioctl(hv->dev_fd, GZVM_CREATE_VM, 0);
	if (hv->vm_fd < 0)
		return gzvm_fail("GZVM_CREATE_VM", "end other guests and try again");
	return 0;
}

static int gzvm_memory_add(struct hv *hv, unsigned int slot, uint64_t gpa, uint64_t size,
			   void *host)
{
	struct gzvm_userspace_memory_region region = {
		.slot = slot,
		.flags = GZVM_USER_MEM_REGION_GUEST_MEM,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	if (ioctl(hv->vm_fd, GZVM_SET_USER_MEMORY_REGION, &region))
		return gzvm_fail("GZVM_SET_USER_MEMORY_REGION", "try a smaller --mem");
	return 0;
}

static int gzvm_gic_frame(struct hv *hv, uint32_t type, uint64_t addr, uint64_t size)
{
	struct gzvm_create_device device = {
		.dev_type = type, .dev_addr = addr, .dev_reg_size = size,
	};

	if (ioctl(hv->vm_fd, GZVM_CREATE_DEVICE, &device))
		return gzvm_fail("GZVM_CREATE_DEVICE",
				 "the hypervisor can't put its GICv3 where this machine has it");
	return 0;
}

static int gzvm_gic_create(struct hv *hv, uint64_t dist, uint64_t redist)
{
	int err = gzvm_gic_frame(hv, GZVM_DEV_TYPE_ARM_VGIC_V3_DIST, dist, GZVM_GIC_DIST_SIZE);

	/* The size is the stride of one redistributor, however many follow. */
	if (!err)
		err = gzvm_gic_frame(hv, GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST, redist,
				     GZVM_GIC_REDIST_SIZE);
	return err;
}

static int gzvm_set_reg(struct hv_vcpu *vcpu, uint64_t id, uint64_t value)
{
	struct gzvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	if (ioctl(vcpu->fd, GZVM_SET_ONE_REG, &reg))
		return gzvm_fail("GZVM_SET_ONE_REG", "update the hypervisor and its driver");
	return 0;
}

static int gzvm_vcpu_create(struct hv *hv, unsigned int index, struct hv_vcpu *vcpu)
{
	struct gzvm_vcpu_run *run;

	vcpu->fd = ioctl(hv->vm_fd, GZVM_CREATE_VCPU, (unsigned long)index);
	if (vcpu->fd < 0)
		return gzvm_fail("GZVM_CREATE_VCPU", "try fewer --cpus");
	run = calloc(1, sizeof(*run));
	if (!run)
		return gzvm_fail("a vCPU's run structure", "free some memory and try again");
	vcpu->run = run;
	vcpu->run_size = sizeof(*run);
	vcpu->immediate_exit = &run->immediate_exit;
	return gzvm_set_reg(vcpu, GZVM_REG_CORE_U64(GZVM_CORE_PSTATE), HV_BOOT_PSTATE);
}

static void gzvm_vcpu_free(struct hv_vcpu *vcpu)
{
	free(vcpu->run);
	vcpu->run = NULL;
}

static int gzvm_vm_finish(struct hv *hv, uint64_t dtb, uint64_t dtb_size)
{
	struct gzvm_dtb_config config = { .dtb_addr = dtb, .dtb_size = dtb_size };

	if (ioctl(hv->vm_fd, GZVM_SET_DTB_CONFIG, &config))
		return gzvm_fail("GZVM_SET_DTB_CONFIG", "update the hypervisor and its driver");
	return 0;
}

static int gzvm_vcpu_boot(struct hv_vcpu *vcpu, uint64_t pc, uint64_t x0)
{
	int err = gzvm_set_reg(vcpu, GZVM_REG_CORE_U64(GZVM_CORE_X(0)), x0);

	if (!err)
		err = gzvm_set_reg(vcpu, GZVM_REG_CORE_U64(GZVM_CORE_PC), pc);
	return err;
}

/*
 * The first register written after a RESET event resets all vCPUs, the GIC and the timers; and
 * so makes RUN possible again. Memory stays.
 */
static int gzvm_vcpu_reset(struct hv_vcpu *vcpu)
{
	struct gzvm_vcpu_run *run = vcpu->run;

	memset(run, 0, sizeof(*run));
	return gzvm_set_reg(vcpu, GZVM_REG_CORE_U64(GZVM_CORE_PSTATE), HV_BOOT_PSTATE);
}

static int gzvm_irqfd(struct hv *hv, int fd, unsigned int spi)
{
	struct gzvm_irqfd arg = { .fd = fd, .gsi = spi };

	if (ioctl(hv->vm_fd, GZVM_IRQFD, &arg))
		return gzvm_fail("GZVM_IRQFD", "update the driver");
	return 0;
}

static int gzvm_ioeventfd(struct hv *hv, int fd, uint64_t addr, uint32_t value)
{
	struct gzvm_ioeventfd arg = {
		.datamatch = value,
		.addr = addr,
		.len = 4,
		.fd = fd,
		.flags = GZVM_IOEVENTFD_FLAG_DATAMATCH,
	};

	if (ioctl(hv->vm_fd, GZVM_IOEVENTFD, &arg))
		return gzvm_fail("GZVM_IOEVENTFD", "update the driver");
	return 0;
}

static bool gzvm_get_reg(const struct hv_vcpu *vcpu, uint64_t id, uint64_t *value)
{
	struct gzvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	return !ioctl(vcpu->fd, GZVM_GET_ONE_REG, &reg);
}

/* The general registers, four in a line, as far as the hypervisor gives them out. */
static void gzvm_registers_text(const struct hv_vcpu *vcpu, char *text, size_t size)
{
	for (unsigned int i = 0; i < 31; i++) {
		uint64_t value;
		int n;

		if (!gzvm_get_reg(vcpu, GZVM_REG_CORE_U64(GZVM_CORE_X(i)), &value))
			return;
		n = snprintf(text, size, "%sx%-2u %016llx", i % 4 ? "  " : "\n  ", i,
			     (unsigned long long)value);
		if (n < 0 || (size_t)n >= size)
			return;
		text += n;
		size -= n;
	}
}

/* Where the vCPU is, behind the words that say why it can't go on; such exits don't carry it. */
static void gzvm_state_text(const struct hv_vcpu *vcpu, struct hv_exit *exit)
{
	size_t used = strlen(exit->text);
	uint64_t pc, pstate;

	if (gzvm_get_reg(vcpu, GZVM_REG_CORE_U64(GZVM_CORE_PC), &pc) &&
	    gzvm_get_reg(vcpu, GZVM_REG_CORE_U64(GZVM_CORE_PSTATE), &pstate))
		used += snprintf(exit->text + used, sizeof(exit->text) - used,
				 "\n  PC 0x%llx  PSTATE 0x%llx", (unsigned long long)pc,
				 (unsigned long long)pstate);
	gzvm_registers_text(vcpu, exit->text + used, sizeof(exit->text) - used);
}

/* Return: false: it is another vCPU's to tell, which has the registers of that moment. */
static bool gzvm_crash_text(const struct hv_vcpu *vcpu, struct hv_exit *exit)
{
	static const char *const reasons[] = {
		[GZVM_CRASH_SERROR] = "the hardware reported an SError while it ran",
		[GZVM_CRASH_BAD_ABORT] = "it faulted, and its exception vectors are where no "
					 "memory is",
	};
	const struct gzvm_vcpu_run *run = vcpu->run;
	const __u64 *data = run->system_event.data;
	uint64_t reason = data[GZVM_CRASH_DATA_REASON];
	char esr[128];
	int n;

	if (run->system_event.ndata < GZVM_CRASH_NDATA || !reason ||
	    reason >= ARRAY_SIZE(reasons)) {
		snprintf(exit->text, sizeof(exit->text), "reason %llu (%u values of detail)",
			 run->system_event.ndata ? (unsigned long long)reason : 0,
			 run->system_event.ndata);
		return true;
	}
	if (data[GZVM_CRASH_DATA_VCPU] != vcpu->index)
		return false;
	esr_describe(data[GZVM_CRASH_DATA_ESR], esr, sizeof(esr));
	n = snprintf(exit->text, sizeof(exit->text),
		     "%s; %s on vCPU %llu; look for the guest's own fault first\n"
		     "  PC 0x%llx  ESR 0x%llx  FAR 0x%llx  PSTATE 0x%llx",
		     reasons[reason], esr, data[GZVM_CRASH_DATA_VCPU], data[GZVM_CRASH_DATA_PC],
		     data[GZVM_CRASH_DATA_ESR], data[GZVM_CRASH_DATA_FAR],
		     data[GZVM_CRASH_DATA_PSTATE]);
	gzvm_registers_text(vcpu, exit->text + n, sizeof(exit->text) - n);
	return true;
}

static void gzvm_system_event(const struct hv_vcpu *vcpu, struct hv_exit *exit)
{
	const struct gzvm_vcpu_run *run = vcpu->run;

	switch (run->system_event.type) {
	case GZVM_SYSTEM_EVENT_SHUTDOWN:
		exit->kind = HV_EXIT_POWER_OFF;
		break;
	case GZVM_SYSTEM_EVENT_RESET:
		exit->kind = HV_EXIT_RESET;
		break;
	case GZVM_SYSTEM_EVENT_CRASH:
		exit->kind = HV_EXIT_CRASH;
		if (gzvm_crash_text(vcpu, exit))
			break;
		exit->kind = HV_EXIT_AGAIN;
		sched_yield();
		break;
	default:
		exit->kind = HV_EXIT_CRASH;
		snprintf(exit->text, sizeof(exit->text), "system event %u",
			 run->system_event.type);
	}
}

static void gzvm_exception(const struct hv_vcpu *vcpu, struct hv_exit *exit)
{
	const struct gzvm_vcpu_run *run = vcpu->run;

	exit->kind = HV_EXIT_CRASH;
	if (run->exception.exception == GZVM_EXCEPTION_PAGE_FAULT)
		snprintf(exit->text, sizeof(exit->text),
			 "page fault: vCPU %u touched memory that the host can't give it, at "
			 "0x%llx: %s", vcpu->index, run->exception.fault_gpa,
			 strerror(run->exception.error_code));
	else
		snprintf(exit->text, sizeof(exit->text),
			 "vCPU %u took exception %u (error %u) at 0x%llx", vcpu->index,
			 run->exception.exception, run->exception.error_code,
			 run->exception.fault_gpa);
	gzvm_state_text(vcpu, exit);
}

static void gzvm_other_exit(const struct hv_vcpu *vcpu, struct hv_exit *exit)
{
	const struct gzvm_vcpu_run *run = vcpu->run;

	exit->kind = HV_EXIT_CRASH;
	switch (run->exit_reason) {
	case GZVM_EXIT_FAIL_ENTRY:
		snprintf(exit->text, sizeof(exit->text),
			 "vCPU %u can't be entered: reason 0x%llx on CPU %u", vcpu->index,
			 run->fail_entry.hardware_entry_failure_reason, run->fail_entry.cpu);
		break;
	case GZVM_EXIT_INTERNAL_ERROR:
		snprintf(exit->text, sizeof(exit->text),
			 "vCPU %u met internal error %u of the hypervisor", vcpu->index,
			 run->internal.suberror);
		break;
	default:
		snprintf(exit->text, sizeof(exit->text),
			 "vCPU %u stopped for unknown reason 0x%x", vcpu->index,
			 run->exit_reason);
	}
	gzvm_state_text(vcpu, exit);
}

static void gzvm_vcpu_run(struct hv_vcpu *vcpu, struct hv_exit *exit)
{
	struct gzvm_vcpu_run *run = vcpu->run;

	if (ioctl(vcpu->fd, GZVM_RUN, run)) {
		int err = errno;

		exit->kind = err == EINTR || err == EAGAIN ? HV_EXIT_AGAIN : HV_EXIT_ERROR;
		snprintf(exit->text, sizeof(exit->text), "%s", strerror(err));
		return;
	}
	switch (run->exit_reason) {
	case GZVM_EXIT_MMIO:
		exit->kind = HV_EXIT_MMIO;
		exit->addr = run->mmio.phys_addr;
		exit->size = run->mmio.size;
		exit->is_write = run->mmio.is_write;
		exit->data = run->mmio.data;
		break;
	case GZVM_EXIT_HYPERCALL:
		/* SMCCC: an unknown function returns -1 in x0. */
		run->hypercall.args[0] = UINT64_MAX;
		exit->kind = HV_EXIT_AGAIN;
		break;
	case GZVM_EXIT_IRQ:
	case GZVM_EXIT_GZ:
	case GZVM_EXIT_IDLE:
	case GZVM_EXIT_IPI:
		exit->kind = HV_EXIT_AGAIN;
		break;
	case GZVM_EXIT_EXCEPTION:
		gzvm_exception(vcpu, exit);
		break;
	case GZVM_EXIT_SYSTEM_EVENT:
		gzvm_system_event(vcpu, exit);
		break;
	case GZVM_EXIT_SHUTDOWN:
		exit->kind = HV_EXIT_POWER_OFF;
		break;
	default:
		gzvm_other_exit(vcpu, exit);
	}
}

/** hv_gzvm_ops - the back end for GenieZone */
const struct hv_ops hv_gzvm_ops = {
	.name = "gzvm",
	.device = "/dev/gzvm",
	.open = gzvm_open,
	.print_info = gzvm_print_info,
	.vm_create = gzvm_vm_create,
	.memory_add = gzvm_memory_add,
	.gic_create = gzvm_gic_create,
	.vcpu_create = gzvm_vcpu_create,
	.vm_finish = gzvm_vm_finish,
	.vcpu_boot = gzvm_vcpu_boot,
	.vcpu_reset = gzvm_vcpu_reset,
	.irqfd = gzvm_irqfd,
	.ioeventfd = gzvm_ioeventfd,
	.vcpu_run = gzvm_vcpu_run,
	.vcpu_free = gzvm_vcpu_free,
};
