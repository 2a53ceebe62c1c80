// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory slots: arguments and errors, replacement and removal, what the guest sees, and what
 * happens where the VMM has no memory to give.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "gzvm_util.h"

#define MORE		0xc0000000UL	/* guest physical, free */

FIXTURE(mem)
{
	struct vm vm;
	struct vcpu *cpu;
	char *more;
};

FIXTURE_SETUP(mem)
{
	ASSERT_EQ(0, vm_create(&self->vm));
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 0));
	ASSERT_EQ(0, vm_boot(&self->vm));
	self->cpu = &self->vm.vcpus[0];
	self->more = vm_map(2 * BLOCK);
	ASSERT_NE(NULL, self->more);
}

FIXTURE_TEARDOWN(mem)
{
	vm_destroy(&self->vm);
	munmap(self->more, 2 * BLOCK);
}

TEST_F_TIMEOUT(mem, arguments, HANG_TIMEOUT)
{
	struct gzvm_userspace_memory_region good = {
		.slot = 1, .guest_phys_addr = MORE, .memory_size = BLOCK,
		.userspace_addr = (uintptr_t)self->more,
	}, r;
	uint64_t bits;
	int fd = self->vm.fd;

	ASSERT_EQ(0, gz_extension(fd, GZVM_CAP_ARM_VM_IPA_SIZE, &bits));
#define BAD(errno_, field, value) do {						\
		r = good;							\
		r.field = (value);						\
		EXPECT_EQ(errno_, gz_ioctl(fd, GZVM_SET_USER_MEMORY_REGION, &r));	\
	} while (0)
	BAD(-EINVAL, slot, GZVM_MAX_MEM_SLOTS);
	BAD(-EINVAL, slot, ~0U);
	BAD(-EINVAL, flags, 8);
	BAD(-EINVAL, flags, 1U << 31);
	BAD(-EINVAL, guest_phys_addr, MORE + 1);
	BAD(-EINVAL, guest_phys_addr, MORE + PAGE / 2);
	BAD(-EINVAL, memory_size, BLOCK - 1);
	BAD(-EINVAL, userspace_addr, (uintptr_t)self->more + 8);
	BAD(-EINVAL, guest_phys_addr, -BLOCK);
	BAD(-EINVAL, guest_phys_addr, -BLOCK / 2);
	BAD(-EINVAL, guest_phys_addr, 1ULL << bits);
	BAD(-EINVAL, guest_phys_addr, (1ULL << bits) - PAGE);
	BAD(-EINVAL, memory_size, 1ULL << 63);
	BAD(-EINVAL, memory_size, 0x80000000ULL << 12);
	BAD(-EINVAL, userspace_addr, -BLOCK);
	/* Nothing is there, or it is the kernel's. */
	BAD(-EFAULT, userspace_addr, 0);
	BAD(-EFAULT, userspace_addr, 1ULL << 63);
	BAD(-EFAULT, userspace_addr, 0xffff800000000000ULL);
	BAD(-EEXIST, guest_phys_addr, VM_RAM);
	BAD(-EEXIST, guest_phys_addr, VM_RAM - BLOCK + PAGE);
	BAD(-EEXIST, guest_phys_addr, VM_RAM + VM_RAM_SIZE - PAGE);
	/* An empty slot cannot be emptied. */
	BAD(-EINVAL, memory_size, 0);
#undef BAD
	EXPECT_EQ(0, gz_ioctl(fd, GZVM_SET_USER_MEMORY_REGION, &good));
}

/* All slots, in any order, none by accident over another. */
TEST_F_TIMEOUT(mem, all_slots, HANG_TIMEOUT)
{
	unsigned int slot;

	for (slot = GZVM_MAX_MEM_SLOTS - 1; slot > 0; slot--)
		ASSERT_EQ(0, gz_region(self->vm.fd, slot, MORE + slot * 2 * PAGE, PAGE,
				       self->more + slot * PAGE));
	EXPECT_EQ(-EEXIST, gz_region(self->vm.fd, 1, MORE + 4 * PAGE, PAGE, self->more));
	for (slot = 1; slot < GZVM_MAX_MEM_SLOTS; slot += 100)
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_WRITE8, MORE + slot * 2 * PAGE, slot));
	for (slot = 1; slot < GZVM_MAX_MEM_SLOTS; slot += 100)
		EXPECT_EQ(slot, *(uint64_t *)(self->more + slot * PAGE));
	for (slot = 1; slot < GZVM_MAX_MEM_SLOTS; slot++)
		ASSERT_EQ(0, gz_region(self->vm.fd, slot, 1, 0, (void *)3));
	/* Where no slot is, is MMIO. */
	EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(self->cpu, GUEST_READ8, MORE + 2 * PAGE));
}

/* Part of a mapping, several mappings, and one that the kernel merged with its neighbour. */
TEST_F_TIMEOUT(mem, any_part_of_mappings, HANG_TIMEOUT)
{
	ASSERT_EQ(0, mprotect(self->more + BLOCK, BLOCK, PROT_READ));
	ASSERT_EQ(0, mprotect(self->more + BLOCK, BLOCK, PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, gz_region(self->vm.fd, 1, MORE, 3 * PAGE, self->more + 5 * PAGE));
	ASSERT_EQ(0, gz_region(self->vm.fd, 2, MORE + BLOCK, 8 * PAGE,
			       self->more + BLOCK - 4 * PAGE));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_FILL, MORE, 3, 10));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_FILL, MORE + BLOCK, 8, 20));
	EXPECT_EQ(10, *(uint64_t *)(self->more + 5 * PAGE));
	EXPECT_EQ(12, *(uint64_t *)(self->more + 7 * PAGE));
	EXPECT_EQ(20, *(uint64_t *)(self->more + BLOCK - 4 * PAGE));
	EXPECT_EQ(27, *(uint64_t *)(self->more + BLOCK + 3 * PAGE));
}

TEST_F_TIMEOUT(mem, replace, HANG_TIMEOUT)
{
	int fd = self->vm.fd;

	ASSERT_EQ(0, gz_region(fd, 1, MORE, BLOCK, self->more));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_FILL, MORE, 4, 100));
	/* The same again changes nothing. */
	EXPECT_EQ(0, gz_region(fd, 1, MORE, BLOCK, self->more));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_READ8, MORE));
	EXPECT_EQ(100, self->cpu->box.result[0]);

	/* Other memory under the same addresses. */
	*(uint64_t *)(self->more + BLOCK) = 555;
	EXPECT_EQ(0, gz_region(fd, 1, MORE, BLOCK, self->more + BLOCK));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_READ8, MORE));
	EXPECT_EQ(555, self->cpu->box.result[0]);

	/* The same memory at other addresses. */
	EXPECT_EQ(0, gz_region(fd, 1, MORE + 2 * BLOCK, BLOCK, self->more + BLOCK));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_READ8, MORE + 2 * BLOCK));
	EXPECT_EQ(555, self->cpu->box.result[0]);
	EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(self->cpu, GUEST_READ8, MORE));
	EXPECT_EQ(0, guest_resume(self->cpu));

	/* Not over another slot: then the old one stays. */
	EXPECT_EQ(-EEXIST, gz_region(fd, 1, VM_RAM, BLOCK, self->more));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_READ8, MORE + 2 * BLOCK));
	EXPECT_EQ(555, self->cpu->box.result[0]);
}

TEST_F_TIMEOUT(mem, remove, HANG_TIMEOUT)
{
	ASSERT_EQ(0, gz_region(self->vm.fd, 1, MORE, BLOCK, self->more));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_FILL, MORE, 512, 7));
	EXPECT_GE(vm_debugfs(&self->vm, "stage2_pages"), 512);
	EXPECT_EQ(0, gz_region(self->vm.fd, 1, 0, 0, NULL));
	EXPECT_EQ(-EINVAL, gz_region(self->vm.fd, 1, 0, 0, NULL));
	EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(self->cpu, GUEST_WRITE8, MORE + PAGE, 9));
	EXPECT_EQ(8, *(uint64_t *)(self->more + PAGE));

	/* Back again, with what is in it. */
	EXPECT_EQ(0, gz_region(self->vm.fd, 1, MORE, BLOCK, self->more));
	EXPECT_EQ(0, guest_resume(self->cpu));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_SUM, MORE, 512));
	EXPECT_EQ(512 * 7 + 511 * 512 / 2, self->cpu->box.result[0]);
}

/* The guest's access to a slot without memory behind it; RUN tries again. */
TEST_F_TIMEOUT(mem, memory_goes_away, HANG_TIMEOUT)
{
	struct gzvm_vcpu_run *run = self->cpu->run;

	ASSERT_EQ(0, gz_region(self->vm.fd, 1, MORE, BLOCK, self->more));
	ASSERT_EQ(0, munmap(self->more, BLOCK));
	EXPECT_EQ(GZVM_EXIT_EXCEPTION,
		  guest_call(self->cpu, GUEST_WRITE8, MORE + 3 * PAGE + 8, 1));
	EXPECT_EQ(GZVM_EXCEPTION_PAGE_FAULT, run->exception.exception);
	EXPECT_EQ(EFAULT, run->exception.error_code);
	EXPECT_EQ(MORE + 3 * PAGE, run->exception.fault_gpa & ~(PAGE - 1));
	EXPECT_EQ(GZVM_EXIT_EXCEPTION, guest_resume(self->cpu));

	/* Mapped, but not to be written. */
	ASSERT_EQ(self->more, mmap(self->more, BLOCK, PROT_READ,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_EQ(GZVM_EXIT_EXCEPTION, guest_resume(self->cpu));
	EXPECT_EQ(EFAULT, run->exception.error_code);
	ASSERT_EQ(0, mprotect(self->more, BLOCK, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, guest_resume(self->cpu));
	EXPECT_EQ(1, *(uint64_t *)(self->more + 3 * PAGE + 8));

	/* A guest can write what it can read, so it cannot read this either. */
	ASSERT_EQ(0, mprotect(self->more, BLOCK, PROT_READ));
	EXPECT_EQ(GZVM_EXIT_EXCEPTION, guest_call(self->cpu, GUEST_READ8, MORE + 3 * PAGE + 8));
	EXPECT_EQ(EFAULT, run->exception.error_code);
	ASSERT_EQ(0, mprotect(self->more, BLOCK, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, guest_resume(self->cpu));
	EXPECT_EQ(1, self->cpu->box.result[0]);
}

/* Behind the end of a file; then the file grows. */
TEST_F_TIMEOUT(mem, file_too_short, HANG_TIMEOUT)
{
	int file = memfd_create("guest", MFD_CLOEXEC);
	char *mem;

	ASSERT_GE(file, 0);
	ASSERT_EQ(0, ftruncate(file, 2 * PAGE));
	mem = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, gz_region(self->vm.fd, 1, MORE, 4 * PAGE, mem));
	EXPECT_EQ(GZVM_EXIT_EXCEPTION, guest_call(self->cpu, GUEST_FILL, MORE, 4, 1));
	EXPECT_EQ(EFAULT, self->cpu->run->exception.error_code);
	EXPECT_EQ(MORE + 2 * PAGE, self->cpu->run->exception.fault_gpa & ~(PAGE - 1));
	ASSERT_EQ(0, ftruncate(file, 4 * PAGE));
	EXPECT_EQ(0, guest_resume(self->cpu));
	EXPECT_EQ(4, *(uint64_t *)(mem + 3 * PAGE));
	munmap(mem, 4 * PAGE);
	close(file);
}

/* The page of the first serial port's registers, of which each machine has one; 0 if not. */
static off_t serial_port(void)
{
	FILE *file = fopen("/proc/iomem", "re");
	off_t address = 0;
	char line[256];

	if (!file)
		return 0;
	while (!address && fgets(line, sizeof(line), file))
		if (strstr(line, "pl011") || strstr(line, "serial"))
			address = strtoull(line, NULL, 16) & ~(PAGE - 1);
	fclose(file);
	return address;
}

/* What the kernel says must not be pinned, is not: pages that have no struct page. */
TEST_F_TIMEOUT(mem, device_memory, HANG_TIMEOUT)
{
	int file = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
	off_t address = serial_port();
	char *mem;

	ASSERT_GE(file, 0);
	ASSERT_NE(0, address) {
		TH_LOG("/proc/iomem names neither a pl011 nor a serial port");
	}
	mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, address);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, gz_region(self->vm.fd, 1, MORE, PAGE, mem));
	EXPECT_EQ(GZVM_EXIT_EXCEPTION, guest_call(self->cpu, GUEST_READ8, MORE));
	EXPECT_EQ(EFAULT, self->cpu->run->exception.error_code);
	munmap(mem, PAGE);
	close(file);
}

/* The same page twice, and in two VMs; host, guests and both views see the same bytes. */
TEST_F_TIMEOUT(mem, shared, HANG_TIMEOUT)
{
	struct vm other;

	ASSERT_EQ(0, vm_create(&other));
	ASSERT_EQ(0, vm_add_vcpu(&other, 0));
	ASSERT_EQ(0, vm_boot(&other));
	ASSERT_EQ(0, gz_region(self->vm.fd, 1, MORE, PAGE, self->more));
	ASSERT_EQ(0, gz_region(self->vm.fd, 2, MORE + BLOCK, PAGE, self->more));
	ASSERT_EQ(0, gz_region(other.fd, 1, MORE, PAGE, self->more));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_WRITE8, MORE, 1234));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_READ8, MORE + BLOCK));
	EXPECT_EQ(1234, self->cpu->box.result[0]);
	EXPECT_EQ(0, guest_call(&other.vcpus[0], GUEST_READ8, MORE));
	EXPECT_EQ(1234, other.vcpus[0].box.result[0]);
	EXPECT_EQ(0, gz_region(self->vm.fd, 1, 0, 0, NULL));
	EXPECT_EQ(0, guest_call(&other.vcpus[0], GUEST_WRITE8, MORE, 4321));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_READ8, MORE + BLOCK));
	EXPECT_EQ(4321, self->cpu->box.result[0]);
	vm_destroy(&other);
}

/* The guest gives pages back: they read zero when it touches them again. */
TEST_F_TIMEOUT(mem, relinquish, HANG_TIMEOUT)
{
	struct vcpu *cpu = self->cpu;

	EXPECT_EQ(0, guest_call(cpu, GUEST_FILL, VM_DATA, 4, 9));
	EXPECT_EQ(0, guest_call(cpu, GUEST_HVC, HVC_RELINQUISH, VM_DATA));
	EXPECT_EQ(0, cpu->box.result[0]);
	/* Never touched, not there, not a page. */
	EXPECT_EQ(0, guest_call(cpu, GUEST_HVC, HVC_RELINQUISH, VM_DATA + 64 * PAGE));
	EXPECT_EQ(0, cpu->box.result[0]);
	EXPECT_EQ(0, guest_call(cpu, GUEST_HVC, HVC_RELINQUISH, MORE));
	EXPECT_EQ((uint64_t)-3, cpu->box.result[0]);
	EXPECT_EQ(0, guest_call(cpu, GUEST_HVC, HVC_RELINQUISH, VM_DATA + 8));
	EXPECT_EQ((uint64_t)-3, cpu->box.result[0]);
	EXPECT_EQ(0, guest_call(cpu, GUEST_SUM, VM_DATA + PAGE, 3));
	EXPECT_EQ(10 + 11 + 12, cpu->box.result[0]);
	EXPECT_EQ(0, guest_call(cpu, GUEST_WRITE8, VM_DATA, 3));
	EXPECT_EQ(3, *(uint64_t *)vm_at(&self->vm, VM_DATA));
}

TEST_HARNESS_MAIN
