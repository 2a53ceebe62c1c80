// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM's ioctls but those of memory and eventfds: good arguments, bad ones, and each errno
 * that Documentation/virt/geniezone/ioctls.rst names.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "gzvm_util.h"

#define BAD_POINTER	((void *)~0xfffUL)

FIXTURE(vm)
{
	struct vm vm;
	int fd;
	void *page;
};

FIXTURE_SETUP(vm)
{
	ASSERT_EQ(0, vm_create_bare(&self->vm));
	self->fd = self->vm.fd;
	self->page = vm_map(BLOCK);
	ASSERT_NE(NULL, self->page);
}

FIXTURE_TEARDOWN(vm)
{
	vm_destroy(&self->vm);
	munmap(self->page, BLOCK);
}

static uint64_t ipa_bits(int vm)
{
	uint64_t bits;

	return gz_extension(vm, GZVM_CAP_ARM_VM_IPA_SIZE, &bits) ? 0 : bits;
}

TEST_F_TIMEOUT(vm, unknown_ioctls, HANG_TIMEOUT)
{
	static const unsigned long requests[] = {
		0, ~0U, GZVM_CREATE_VM, 0x9260 /* CREATE_IRQCHIP */, 0x40189240 /* old region */,
		GZVM_RUN, GZVM_GET_ONE_REG, GZVM_SET_ONE_REG, 0x40209247,
	};
	unsigned int i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		EXPECT_EQ(-ENOTTY, gz_ioctl(self->fd, requests[i], NULL));
}

TEST_F_TIMEOUT(vm, null_and_bad_pointers, HANG_TIMEOUT)
{
	static const unsigned long requests[] = {
		GZVM_SET_USER_MEMORY_REGION, GZVM_IRQ_LINE, GZVM_IRQFD, GZVM_IOEVENTFD,
		GZVM_ENABLE_CAP, GZVM_CREATE_DEVICE, GZVM_SET_DTB_CONFIG,
	};
	unsigned int i;
	char *edge;

	/* A structure that begins in memory and ends where none is. */
	edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, edge);
	ASSERT_EQ(0, munmap(edge + PAGE, PAGE));
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		EXPECT_EQ(-EFAULT, gz_ioctl(self->fd, requests[i], NULL));
		EXPECT_EQ(-EFAULT, gz_ioctl(self->fd, requests[i], BAD_POINTER));
		EXPECT_EQ(-EFAULT, gz_ioctl(self->fd, requests[i], edge + PAGE - 4));
	}
	EXPECT_EQ(-EINVAL, gz_ioctl(self->fd, GZVM_CHECK_EXTENSION, NULL));
	EXPECT_EQ(-EFAULT, gz_ioctl(self->fd, GZVM_CHECK_EXTENSION, BAD_POINTER));
	munmap(edge, PAGE);
}

TEST_F_TIMEOUT(vm, check_extension, HANG_TIMEOUT)
{
	uint64_t of_dev, value;

	ASSERT_EQ(0, gz_extension(self->vm.dev, GZVM_CAP_ARM_VM_IPA_SIZE, &of_dev));
	EXPECT_EQ(0, gz_extension(self->fd, GZVM_CAP_ARM_VM_IPA_SIZE, &value));
	EXPECT_EQ(of_dev, value);
	EXPECT_EQ(0, gz_extension(self->fd, GZVM_CAP_PROTECTED_VM, &value));
	EXPECT_EQ(!gz_hypervisor_is_open(), value);
	EXPECT_EQ(0, gz_extension(self->fd, GZVM_CAP_ENABLE_DEMAND_PAGING, &value));
	EXPECT_EQ(1, value);
	EXPECT_EQ(0, gz_extension(self->fd, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING, &value));
	EXPECT_EQ(1, value);
	EXPECT_EQ(0, gz_extension(self->fd, GZVM_CAP_ENABLE_IDLE, &value));
	EXPECT_EQ(1, value);
	EXPECT_EQ(-EOPNOTSUPP, gz_extension(self->fd, 0, &value));
	EXPECT_EQ(-EOPNOTSUPP, gz_extension(self->fd, 0x9204, &value));
}

static int enable_cap(int fd, uint64_t cap, uint64_t arg0, uint64_t arg1)
{
	struct gzvm_enable_cap args = { .cap = cap, .args = { arg0, arg1 } };

	return gz_ioctl(fd, GZVM_ENABLE_CAP, &args);
}

TEST_F_TIMEOUT(vm, enable_cap, HANG_TIMEOUT)
{
	static const uint64_t unknown[] = {
		0, GZVM_CAP_ARM_VM_IPA_SIZE, 0x9204, 0x9205, 0x92c0, ~0ULL,
		GZVM_CAP_ENABLE_IDLE | 1ULL << 32,
	};
	unsigned int i;

	/* The mailbox's address that a caller gives is nobody's business: no page is read. */
	EXPECT_EQ(0, enable_cap(self->fd, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING, BLOCK, ~0xfffUL));
	EXPECT_EQ(0, enable_cap(self->fd, GZVM_CAP_ENABLE_DEMAND_PAGING, 0, 0));
	EXPECT_EQ(0, enable_cap(self->fd, GZVM_CAP_ENABLE_IDLE, 0, 0));
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		EXPECT_EQ(-EINVAL, enable_cap(self->fd, unknown[i], 0, 0));
	EXPECT_EQ(-EINVAL, enable_cap(self->fd, GZVM_CAP_PROTECTED_VM, 3, 0));
	EXPECT_EQ(-EINVAL, enable_cap(self->fd, GZVM_CAP_PROTECTED_VM, 1ULL << 32, 0));
	EXPECT_EQ(-EINVAL, enable_cap(self->fd, GZVM_CAP_PROTECTED_VM,
				      GZVM_CAP_PVM_SET_PVMFW_GPA, VM_RAM + 0x800));
	EXPECT_EQ(-EINVAL, enable_cap(self->fd, GZVM_CAP_PROTECTED_VM,
				      GZVM_CAP_PVM_SET_PVMFW_GPA, 1ULL << 62));
}

TEST_F_TIMEOUT(vm, no_protected_vms, HANG_TIMEOUT)
{
	if (!gz_hypervisor_is_open())
		SKIP(return, "another hypervisor of this interface has them");
	EXPECT_EQ(-EOPNOTSUPP, enable_cap(self->fd, GZVM_CAP_PROTECTED_VM,
					  GZVM_CAP_PVM_SET_PVMFW_GPA, VM_RAM));
	EXPECT_EQ(-EOPNOTSUPP, enable_cap(self->fd, GZVM_CAP_PROTECTED_VM,
					  GZVM_CAP_PVM_GET_PVMFW_SIZE, 0));
	EXPECT_EQ(-EOPNOTSUPP, enable_cap(self->fd, GZVM_CAP_PROTECTED_VM,
					  GZVM_CAP_PVM_SET_PROTECTED_VM, 0));
}

TEST_F_TIMEOUT(vm, create_vcpu, HANG_TIMEOUT)
{
	char path[64], name[64] = "", want[64];
	unsigned int id;
	int fds[GZVM_MAX_VCPUS];

	for (id = 0; id < GZVM_MAX_VCPUS; id++) {
		fds[id] = gz_ioctl_value(self->fd, GZVM_CREATE_VCPU, id);
		ASSERT_GE(fds[id], 0);
		EXPECT_EQ(FD_CLOEXEC, fcntl(fds[id], F_GETFD));
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[id]);
		memset(name, 0, sizeof(name));
		EXPECT_GT(readlink(path, name, sizeof(name) - 1), 0);
		snprintf(want, sizeof(want), "anon_inode:gzvm-vcpu:%u", id);
		EXPECT_STREQ(want, name);
		EXPECT_EQ(-EEXIST, gz_ioctl_value(self->fd, GZVM_CREATE_VCPU, id));
	}
	EXPECT_EQ(-EINVAL, gz_ioctl_value(self->fd, GZVM_CREATE_VCPU, GZVM_MAX_VCPUS));
	EXPECT_EQ(-EINVAL, gz_ioctl_value(self->fd, GZVM_CREATE_VCPU, ~0UL));
	EXPECT_EQ(-EINVAL, gz_ioctl_value(self->fd, GZVM_CREATE_VCPU, 1UL << 32));

	/* The file is closed, the vCPU is the VM's all the same. */
	close(fds[3]);
	EXPECT_EQ(-EEXIST, gz_ioctl_value(self->fd, GZVM_CREATE_VCPU, 3));
	for (id = 0; id < GZVM_MAX_VCPUS; id++)
		if (id != 3)
			close(fds[id]);
}

TEST_F_TIMEOUT(vm, create_device, HANG_TIMEOUT)
{
	uint64_t top = 1ULL << ipa_bits(self->fd);
	struct gzvm_create_device good = {
		.dev_type = GZVM_DEV_TYPE_ARM_VGIC_V3_DIST, .dev_addr = VM_GICD,
		.dev_reg_size = 0x10000,
	}, dev;
	char attr[PAGE + 1] = {};

#define BAD(errno_, field, value) do {						\
		dev = good;							\
		dev.field = (value);						\
		EXPECT_EQ(errno_, gz_ioctl(self->fd, GZVM_CREATE_DEVICE, &dev));	\
	} while (0)
	BAD(-EINVAL, dev_type, 2);
	BAD(-EINVAL, dev_type, ~0U);
	BAD(-EINVAL, id, 1);
	BAD(-EINVAL, flags, 1ULL << 63);
	BAD(-EINVAL, attr_size, PAGE + 1);
	BAD(-EINVAL, dev_addr, ~0xffffUL);
	BAD(-EINVAL, dev_addr, top);
	BAD(-EINVAL, dev_addr, top - 0x1000);
	BAD(-EINVAL, dev_reg_size, ~0UL);
	BAD(-EFAULT, attr_size, 8);
#undef BAD

	/* Attributes are read, a page of them at most. */
	dev = good;
	dev.attr_addr = (uintptr_t)attr;
	dev.attr_size = PAGE;
	EXPECT_EQ(0, gz_ioctl(self->fd, GZVM_CREATE_DEVICE, &dev));
	EXPECT_EQ(-EINVAL, gz_ioctl(self->fd, GZVM_CREATE_DEVICE, &good));
	/* Over the distributor, then where it may be. */
	EXPECT_EQ(-EINVAL, gz_device(self->fd, GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST, VM_GICD,
				     0x20000));
	EXPECT_EQ(0, gz_device(self->fd, GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST, VM_GICR, 0x20000));
	EXPECT_EQ(-EINVAL, gz_device(self->fd, GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST, VM_GICR,
				     0x20000));
}

/* Memory lies behind the redistributors: a vCPU that has no room for its own is none. */
TEST_F_TIMEOUT(vm, redistributors_room, HANG_TIMEOUT)
{
	int fd = self->fd;

	ASSERT_EQ(0, gz_region(fd, 0, VM_RAM, BLOCK, self->page));
	ASSERT_EQ(0, gz_device(fd, GZVM_DEV_TYPE_ARM_VGIC_V3_DIST, VM_GICD, 0x10000));
	ASSERT_EQ(0, gz_device(fd, GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST, VM_RAM - 2 * 0x20000,
			       0x20000));
	EXPECT_EQ(-EINVAL, gz_ioctl_value(fd, GZVM_CREATE_VCPU, 2));
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 1));
	EXPECT_EQ(-EINVAL, gz_ioctl_value(fd, GZVM_CREATE_VCPU, 2));
	EXPECT_EQ(-EINVAL, gz_ioctl_value(fd, GZVM_CREATE_VCPU, 7));
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 0));
	/* The memory goes, and there is room. */
	ASSERT_EQ(0, gz_region(fd, 0, 0, 0, NULL));
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 2));
	EXPECT_EQ(-EINVAL, gz_region(fd, 0, VM_RAM, BLOCK, self->page));
}

/* Nor one that would lie over the distributor. */
TEST_F_TIMEOUT(vm, redistributors_below_dist, HANG_TIMEOUT)
{
	ASSERT_EQ(0, gz_device(self->fd, GZVM_DEV_TYPE_ARM_VGIC_V3_DIST, VM_GICD, 0x10000));
	ASSERT_EQ(0, gz_device(self->fd, GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST, VM_GICD - 2 * 0x20000,
			       0x20000));
	EXPECT_EQ(-EINVAL, gz_ioctl_value(self->fd, GZVM_CREATE_VCPU, 2));
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 1));
}

TEST_F_TIMEOUT(vm, device_over_memory, HANG_TIMEOUT)
{
	ASSERT_EQ(0, gz_region(self->fd, 0, VM_GICD, BLOCK, self->page));
	EXPECT_EQ(-EINVAL, gz_device(self->fd, GZVM_DEV_TYPE_ARM_VGIC_V3_DIST, VM_GICD,
				     0x10000));
	/* And the other way round. */
	EXPECT_EQ(0, gz_device(self->fd, GZVM_DEV_TYPE_ARM_VGIC_V3_DIST, 0x08000000, 0x10000));
	EXPECT_EQ(-EINVAL, gz_region(self->fd, 1, 0x08000000, PAGE, self->page));
}

TEST_F_TIMEOUT(vm, device_after_run, HANG_TIMEOUT)
{
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 0));
	ASSERT_EQ(0, vm_boot(&self->vm));
	/* No memory at all: the first fetch is an exit or the guest's end. */
	ASSERT_EQ(0, vcpu_run(&self->vm.vcpus[0]));
	EXPECT_EQ(-EINVAL, vm_add_gic(&self->vm));
}

TEST_F_TIMEOUT(vm, dtb_config, HANG_TIMEOUT)
{
	uint64_t top = 1ULL << ipa_bits(self->fd);
	struct gzvm_dtb_config dtb = { VM_RAM, 0x200000 };

	/* Only in the guest's memory; the size is an upper bound. */
	EXPECT_EQ(-EINVAL, gz_ioctl(self->fd, GZVM_SET_DTB_CONFIG, &dtb));
	ASSERT_EQ(0, gz_region(self->fd, 0, VM_RAM, PAGE, self->page));
	ASSERT_EQ(0, gz_region(self->fd, 1, top - PAGE, PAGE, self->page));
	EXPECT_EQ(0, gz_ioctl(self->fd, GZVM_SET_DTB_CONFIG, &dtb));
	dtb.dtb_size = 0;
	EXPECT_EQ(-EINVAL, gz_ioctl(self->fd, GZVM_SET_DTB_CONFIG, &dtb));
	dtb = (struct gzvm_dtb_config){ ~0xfffUL, 0x2000 };
	EXPECT_EQ(-EINVAL, gz_ioctl(self->fd, GZVM_SET_DTB_CONFIG, &dtb));
	dtb = (struct gzvm_dtb_config){ top - 0x1000, 0x1001 };
	EXPECT_EQ(-EINVAL, gz_ioctl(self->fd, GZVM_SET_DTB_CONFIG, &dtb));
	dtb = (struct gzvm_dtb_config){ top - 0x1000, 0x1000 };
	EXPECT_EQ(0, gz_ioctl(self->fd, GZVM_SET_DTB_CONFIG, &dtb));
}

TEST_F_TIMEOUT(vm, irq_line, HANG_TIMEOUT)
{
	unsigned int intid;
	int fd = self->fd;

	ASSERT_EQ(0, vm_add_gic(&self->vm));
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 0));

	/* All ways to count the first and the last SPI. */
	EXPECT_EQ(0, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_CPU, 0, 0), 1));
	EXPECT_EQ(0, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_CPU, 0, 0), 0));
	EXPECT_EQ(0, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_CPU, 0, 987), 1));
	EXPECT_EQ(0, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_SPI, 0, 32), 1));
	EXPECT_EQ(0, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_SPI, 0, 31), 1));
	EXPECT_EQ(0, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_SPI, 0, 1019), 1));
	EXPECT_EQ(0, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_PPI, 0, 16), 1));
	EXPECT_EQ(0, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_PPI, 0, 31), 0));

	EXPECT_EQ(-EINVAL, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_CPU, 0, 988), 1));
	EXPECT_EQ(-EINVAL, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_CPU, 0, 0xffff), 1));
	EXPECT_EQ(-EINVAL, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_SPI, 0, 1020), 1));
	EXPECT_EQ(-EINVAL, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_PPI, 0, 15), 1));
	EXPECT_EQ(-EINVAL, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_PPI, 0, 32), 1));
	/* The timers' lines are the hypervisor's; those beside them are not. */
	for (intid = 16; intid < 32; intid++)
		EXPECT_EQ(intid == 27 || intid == 30 ? -EINVAL : 0,
			  gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_PPI, 0, intid), 0));
	/* A vCPU that is not there, and some that cannot be. */
	EXPECT_EQ(-EINVAL, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_PPI, 1, 16), 1));
	EXPECT_EQ(-EINVAL, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_PPI, 8, 16), 1));
	EXPECT_EQ(-EINVAL, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_CPU, 255, 0), 1));
	EXPECT_EQ(-EINVAL, gz_irq_line(fd, 1U << 28, 1));
	EXPECT_EQ(-EINVAL, gz_irq_line(fd, IRQ_WORD(3, 0, 0), 1));
	EXPECT_EQ(-EINVAL, gz_irq_line(fd, IRQ_WORD(15, 0, 0), 1));
	EXPECT_EQ(-EINVAL, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_CPU, 0, 0), 2));
	EXPECT_EQ(-EINVAL, gz_irq_line(fd, IRQ_WORD(GZVM_IRQ_TYPE_CPU, 0, 0), ~0U));
}

TEST_F_TIMEOUT(vm, irq_line_without_gic, HANG_TIMEOUT)
{
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 0));
	EXPECT_EQ(-EINVAL, gz_irq_line(self->fd, IRQ_WORD(GZVM_IRQ_TYPE_CPU, 0, 0), 1));
	EXPECT_EQ(-EINVAL, gz_irq_line(self->fd, IRQ_WORD(GZVM_IRQ_TYPE_PPI, 0, 16), 1));
}

/* Ids that are no register, or none for the outside. */
static const uint64_t bad_regs[] = {
	0, ~0ULL, REG_X(0) ^ GZVM_REG_ARM64, REG_X(0) | 1ULL << 40, REG_X(0) + 1,
	GZVM_REG_CORE_U64(328), GZVM_REG_CORE_U32(0), GZVM_REG_CORE_U128(GZVM_CORE_V(0)),
	GZVM_REG_ARM64 | GZVM_REG_SIZE_U2048 | GZVM_REG_ARM_CORE,
	GZVM_REG_ARM64 | GZVM_REG_SIZE_U8 | GZVM_REG_ARM_CORE,
	GZVM_REG_ARM64 | GZVM_REG_SIZE_U64 | GZVM_REG_ARM_DEMUX,
	GZVM_REG_ARM64 | GZVM_REG_SIZE_U32 | GZVM_REG_ARM64_SYSREG | 0xc000,
	GZVM_REG_ARM64 | GZVM_REG_SIZE_U64 | 0x14 << 16,
	/* ID_AA64PFR0_EL1 with op0 lost: must not reach another register */
	REG_SYS(0, 0, 0, 4, 0),
};

TEST_F_TIMEOUT(vm, set_one_reg, HANG_TIMEOUT)
{
	struct gzvm_one_reg reg = { .id = REG_X(0) };
	unsigned int i;
	int fd;

	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 0));
	fd = self->vm.vcpus[0].fd;
	for (i = 0; i < 31; i++)
		EXPECT_EQ(0, gz_set_reg(fd, REG_X(i), i));
	EXPECT_EQ(0, gz_set_reg(fd, REG_PC, VM_RAM));
	EXPECT_EQ(0, gz_set_reg(fd, REG_PSTATE, PSTATE_EL1H));
	for (i = 0; i < sizeof(bad_regs) / sizeof(bad_regs[0]); i++)
		EXPECT_EQ(-EINVAL, gz_set_reg(fd, bad_regs[i], 0)) {
			TH_LOG("id 0x%lx", bad_regs[i]);
		}
	EXPECT_EQ(-EFAULT, gz_ioctl(fd, GZVM_SET_ONE_REG, NULL));
	EXPECT_EQ(-EFAULT, gz_ioctl(fd, GZVM_SET_ONE_REG, &reg));
	reg.addr = ~7UL;
	EXPECT_EQ(-EFAULT, gz_ioctl(fd, GZVM_SET_ONE_REG, &reg));

	/* A mode that EL2 would be, or no mode at all. */
	EXPECT_EQ(-EINVAL, gz_set_reg(fd, REG_PSTATE, 0x3c9));
	EXPECT_EQ(-EINVAL, gz_set_reg(fd, REG_PSTATE, 0x3c2));
}

/* Registers of each kind: what was set is read, from the right one; nothing is written beside it. */
TEST_F_TIMEOUT(vm, get_one_reg, HANG_TIMEOUT)
{
	static const uint64_t ids[] = {
		GZVM_REG_CORE_U64(GZVM_CORE_SP), REG_PC, GZVM_REG_CORE_U64(GZVM_CORE_SP_EL1),
		GZVM_REG_CORE_U64(GZVM_CORE_ELR_EL1), GZVM_REG_CORE_U64(GZVM_CORE_SPSR(0)),
		REG_SYS(3, 0, 2, 0, 0),		/* TTBR0_EL1 */
		REG_SYS(3, 0, 13, 0, 4),	/* TPIDR_EL1 */
		REG_SYS(3, 3, 14, 3, 2),	/* CNTV_CVAL_EL0 */
	};
	const unsigned int nr = sizeof(ids) / sizeof(ids[0]);
	struct gzvm_one_reg reg = { .id = REG_X(0) };
	const uint64_t pattern = 0x1122334455667700;
	uint64_t value;
	unsigned int i;
	int fd;

	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 0));
	fd = self->vm.vcpus[0].fd;
	for (i = 0; i < 31; i++)
		EXPECT_EQ(0, gz_set_reg(fd, REG_X(i), pattern + i));
	for (i = 0; i < nr; i++)
		EXPECT_EQ(0, gz_set_reg(fd, ids[i], pattern + 64 + i));
	EXPECT_EQ(0, gz_set_reg(fd, REG_PSTATE, PSTATE_EL1H));
	EXPECT_EQ(0, gz_set_reg(fd, GZVM_REG_CORE_U32(GZVM_CORE_FPSR), 0x1f));
	EXPECT_EQ(0, gz_set_reg(fd, GZVM_REG_CORE_U32(GZVM_CORE_FPCR), 0x00c00000));
#define IS(id, wanted, before) do {			\
		value = (before);			\
		EXPECT_EQ(0, gz_get_reg(fd, id, &value));	\
		EXPECT_EQ((uint64_t)(wanted), value);	\
	} while (0)
	for (i = 0; i < 31; i++)
		IS(REG_X(i), pattern + i, 0);
	for (i = 0; i < nr; i++)
		IS(ids[i], pattern + 64 + i, 0);
	IS(REG_PSTATE, PSTATE_EL1H, 0);
	/* Four bytes of the caller's eight. */
	IS(GZVM_REG_CORE_U32(GZVM_CORE_FPSR), 0x1f | ~0ULL << 32, ~0ULL);
	IS(GZVM_REG_CORE_U32(GZVM_CORE_FPCR), 0x00c00000 | ~0ULL << 32, ~0ULL);
#undef IS

	for (i = 0; i < sizeof(bad_regs) / sizeof(bad_regs[0]); i++) {
		value = pattern;
		EXPECT_EQ(-EINVAL, gz_get_reg(fd, bad_regs[i], &value)) {
			TH_LOG("id 0x%lx", bad_regs[i]);
		}
		EXPECT_EQ(pattern, value);
	}
	EXPECT_EQ(-EFAULT, gz_ioctl(fd, GZVM_GET_ONE_REG, NULL));
	EXPECT_EQ(-EFAULT, gz_ioctl(fd, GZVM_GET_ONE_REG, BAD_POINTER));
	EXPECT_EQ(-EFAULT, gz_ioctl(fd, GZVM_GET_ONE_REG, &reg));
	reg.addr = ~7UL;
	EXPECT_EQ(-EFAULT, gz_ioctl(fd, GZVM_GET_ONE_REG, &reg));
	/* Where it cannot be written. */
	ASSERT_EQ(0, mprotect(self->page, PAGE, PROT_READ));
	reg.addr = (uintptr_t)self->page;
	EXPECT_EQ(-EFAULT, gz_ioctl(fd, GZVM_GET_ONE_REG, &reg));
}

TEST_F_TIMEOUT(vm, vcpu_unknown_ioctls, HANG_TIMEOUT)
{
	int fd;

	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 0));
	fd = self->vm.vcpus[0].fd;
	EXPECT_EQ(-ENOTTY, gz_ioctl(fd, 0, NULL));
	EXPECT_EQ(-ENOTTY, gz_ioctl(fd, GZVM_CREATE_VM, NULL));
	EXPECT_EQ(-ENOTTY, gz_ioctl(fd, GZVM_CHECK_EXTENSION, NULL));
	EXPECT_EQ(-ENOTTY, gz_ioctl(fd, GZVM_IRQFD, NULL));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(ENODEV, errno);
}

TEST_HARNESS_MAIN
