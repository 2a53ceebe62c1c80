// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the back ends have in common.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hv.h"
#include "util.h"

static const struct hv_ops *const hv_all[] = { &hv_gzvm_ops, &hv_kvm_ops };

/**
 * hv_find() - choose a back end
 * @name: its name, or NULL: the first whose device exists; GenieZone if none does
 *
 * Return: the back end, or NULL if there is none of that name.
 */
const struct hv_ops *hv_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(hv_all); i++)
		if (name ? !strcmp(name, hv_all[i]->name) : !access(hv_all[i]->device, F_OK))
			return hv_all[i];
	return name ? NULL : hv_all[0];
}

/**
 * hv_open() - open a hypervisor's device
 * @hv: filled in; legal for hv_close() whatever is returned
 * @ops: the back end
 *
 * Return: 0, or a negative errno after the line that explains it.
 */
int hv_open(struct hv *hv, const struct hv_ops *ops)
{
	*hv = (struct hv) { .ops = ops, .dev_fd = -1, .vm_fd = -1, .gic_fd = -1 };
	return ops->open(hv);
}

/**
 * hv_close() - close a VM and its hypervisor's device
 * @hv: from hv_open(); its vCPUs are closed
 */
void hv_close(struct hv *hv)
{
	vmm_close(&hv->gic_fd);
	vmm_close(&hv->vm_fd);
	vmm_close(&hv->dev_fd);
}

/**
 * hv_vcpu_close() - free a vCPU
 * @vcpu: a vCPU that no thread runs
 */
void hv_vcpu_close(struct hv_vcpu *vcpu)
{
	if (vcpu->hv)
		vcpu->hv->ops->vcpu_free(vcpu);
	vmm_close(&vcpu->fd);
}

/**
 * hv_report_open_error() - explain why a hypervisor's device can't be opened
 * @device: its path
 * @error: positive errno of open()
 *
 * Return: -@error.
 */
int hv_report_open_error(const char *device, int error)
{
	if (error == EACCES || error == EPERM)
		vmm_error("%s: %s; an administrator can allow it with: setfacl -m u:%u:rw %s",
			  device, strerror(error), geteuid(), device);
	else if (!strcmp(device, hv_kvm_ops.device))
		vmm_error("%s: %s; boot the host's kernel at EL2 with KVM in it",
			  device, strerror(error));
	else if (!access("/sys/module/gzvm", F_OK))
		vmm_error("%s: %s; the gzvm module is loaded but has found no hypervisor: boot the "
			  "host under GenieZone, or try --hypervisor kvm", device, strerror(error));
	else
		vmm_error("%s: %s; load the driver (modprobe gzvm) on a host that runs under "
			  "GenieZone, or try --hypervisor kvm", device, strerror(error));
	return -error;
}
