// SPDX-License-Identifier: GPL-2.0-only
/* VMs come and go. */
#include "bench.h"
#include "guest_mem.h"
#include "hv.h"
#include "layout.h"

#define ROUNDS	32
#define MEMORY	(UINT64_C(512) << 20)

static int one(const struct hv_ops *ops, unsigned int vcpus)
{
	struct hv_vcpu vcpu[HV_MAX_VCPUS] = { 0 };
	struct guest_mem mem;
	struct hv hv;
	int err = hv_open(&hv, ops);

	if (guest_mem_alloc(&mem, LAYOUT_RAM, MEMORY))
		return 1;
	err = err || ops->vm_create(&hv) ||
	      ops->memory_add(&hv, 0, LAYOUT_RAM, MEMORY, mem.host) ||
	      ops->gic_create(&hv, LAYOUT_GIC_DIST, layout_gic_redist(vcpus));
	for (unsigned int i = 0; i < vcpus && !err; i++) {
		vcpu[i].hv = &hv;
		vcpu[i].fd = -1;
		err = ops->vcpu_create(&hv, i, &vcpu[i]);
	}
	err = err || ops->vm_finish(&hv, LAYOUT_RAM, 4096) ||
	      ops->vcpu_boot(&vcpu[0], LAYOUT_RAM, 0);
	for (unsigned int i = 0; i < vcpus; i++)
		hv_vcpu_close(&vcpu[i]);
	hv_close(&hv);
	guest_mem_free(&mem);
	return err;
}

static int many(const struct hv_ops *ops, unsigned int vcpus, const char *name)
{
	uint64_t start = bench_count();

	for (unsigned int i = 0; i < ROUNDS; i++)
		if (one(ops, vcpus))
			return 1;
	bench_counted(name, start, ROUNDS);
	return 0;
}

/**
 * bench_lifecycle() - create and destroy VMs
 * @hypervisor: name of the back end
 *
 * Return: 0, or 1 if something failed.
 */
int bench_lifecycle(const char *hypervisor)
{
	const struct hv_ops *ops = hv_find(hypervisor);

	return bench_count_open() || many(ops, 1, "vm_1_vcpu") || many(ops, 8, "vm_8_vcpus");
}
