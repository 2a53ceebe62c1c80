// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many VMs: at once, and one after the other. GZVM_TEST_VMS sets how many of these (100).
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "gzvm_util.h"

#define ALIVE		64

FIXTURE(many)
{
	long vms;
	long vcpus;
	long pool;
};

FIXTURE_SETUP(many)
{
	self->vms = hyp_stat("vms");
	self->vcpus = hyp_stat("vcpus");
	self->pool = hyp_stat("pool_free");
	ASSERT_GT(self->pool, 0);
}

FIXTURE_TEARDOWN(many)
{
	EXPECT_EQ(self->vms, hyp_stat("vms"));
	EXPECT_EQ(self->vcpus, hyp_stat("vcpus"));
	EXPECT_EQ(self->pool, hyp_stat("pool_free"));
}

TEST_F_TIMEOUT(many, alive_at_once, HANG_TIMEOUT)
{
	static struct vm vms[ALIVE];
	unsigned int i;

	for (i = 0; i < ALIVE; i++) {
		ASSERT_EQ(0, vm_create(&vms[i]));
		ASSERT_EQ(0, vm_add_vcpu(&vms[i], 0));
		ASSERT_EQ(0, vm_boot(&vms[i]));
	}
	EXPECT_EQ(self->vms + ALIVE, hyp_stat("vms"));
	/* Each has memory and registers of its own. */
	for (i = 0; i < ALIVE; i++)
		EXPECT_EQ(0, guest_call(&vms[i].vcpus[0], GUEST_WRITE8, VM_DATA, i));
	for (i = 0; i < ALIVE; i++) {
		EXPECT_EQ(i, *(uint64_t *)vm_at(&vms[i], VM_DATA));
		EXPECT_EQ(0, guest_call(&vms[i].vcpus[0], GUEST_READ8, VM_DATA));
		EXPECT_EQ(i, vms[i].vcpus[0].box.result[0]);
	}
	/* From the middle outwards. */
	for (i = 0; i < ALIVE; i++)
		vm_destroy(&vms[(i + ALIVE / 2) % ALIVE]);
}

TEST_F_TIMEOUT(many, one_after_the_other, HANG_TIMEOUT)
{
	const char *text = getenv("GZVM_TEST_VMS");
	unsigned int i, count = text ? atoi(text) : 100;
	struct vm vm;
	int efd = eventfd(0, 0);

	for (i = 0; i < count; i++) {
		ASSERT_EQ(0, vm_create(&vm));
		ASSERT_EQ(0, vm_add_vcpu(&vm, i % GZVM_MAX_VCPUS));
		if (i % GZVM_MAX_VCPUS)
			ASSERT_EQ(0, vm_add_vcpu(&vm, 0));
		ASSERT_EQ(0, vm_boot(&vm));
		ASSERT_EQ(0, gz_irqfd(vm.fd, efd, i % 32, 0, 0));
		ASSERT_EQ(0, gz_ioeventfd(vm.fd, efd, VM_MMIO, 4, 0, 0));
		ASSERT_EQ(0, guest_call(&vm.vcpus[0], GUEST_WRITE8, VM_DATA, i));
		vm_destroy(&vm);
	}
	close(efd);
}

/* Until the hypervisor has no more: an errno, and what there is works on. */
TEST_F_TIMEOUT(many, until_none_is_left, HANG_TIMEOUT)
{
	struct rlimit limit = { 4096, 4096 };
	static int fds[2048];
	int count = 0, ret;
	struct vm vm;

	setrlimit(RLIMIT_NOFILE, &limit);
	ASSERT_EQ(0, vm_create(&vm));
	ASSERT_EQ(0, vm_add_vcpu(&vm, 0));
	ASSERT_EQ(0, vm_boot(&vm));
	do {
		ret = gz_ioctl_value(vm.dev, GZVM_CREATE_VM, 0);
		if (ret >= 0)
			fds[count++] = ret;
	} while (ret >= 0 && count < 2048);
	EXPECT_EQ(-ENOMEM, ret);
	/* 8 bits of VMID: 255 VMs at most, if there is memory for them. */
	EXPECT_GE(count, ALIVE);
	EXPECT_EQ(0, guest_call(&vm.vcpus[0], GUEST_WRITE8, VM_DATA, 1));
	while (count)
		close(fds[--count]);
	ret = gz_ioctl_value(vm.dev, GZVM_CREATE_VM, 0);
	EXPECT_GE(ret, 0);
	close(ret);
	vm_destroy(&vm);
}

TEST_HARNESS_MAIN
