// SPDX-License-Identifier: GPL-2.0-only
/*
 * Level-triggered interrupts by irqfds with RESAMPLE: the line stays high until the guest ends the
 * interrupt, which the device learns by its resamplefd.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "gzvm_util.h"

#define SPI		8
#define NONE		1023

FIXTURE(resample)
{
	struct vm vm;
	struct vcpu *cpu;
	int fd, told, fd2, told2;
};

FIXTURE_SETUP(resample)
{
	ASSERT_EQ(0, vm_create(&self->vm));
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 0));
	ASSERT_EQ(0, vm_boot(&self->vm));
	self->cpu = &self->vm.vcpus[0];
	ASSERT_EQ(0, guest_gic_init(self->cpu));
	ASSERT_EQ(0, guest_spi_setup(self->cpu, SPI, false));
	self->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	self->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	self->fd2 = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	self->told2 = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_GE(self->told2, 0);
}

FIXTURE_TEARDOWN(resample)
{
	vm_destroy(&self->vm);
	close(self->fd);
	close(self->told);
	close(self->fd2);
	close(self->told2);
}

/* How often an eventfd was signalled since the last time. */
static uint64_t count(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static uint64_t acknowledge(struct vcpu *cpu)
{
	return guest_call(cpu, GUEST_GIC_ACK) ? ~0UL : cpu->box.result[0];
}

static long end(struct vcpu *cpu, uint64_t intid)
{
	return guest_call(cpu, GUEST_GIC_END, intid);
}

TEST_F_TIMEOUT(resample, level, HANG_TIMEOUT)
{
	ASSERT_EQ(0, gz_irqfd(self->vm.fd, self->fd, SPI, GZVM_IRQFD_FLAG_RESAMPLE, self->told));
	EXPECT_EQ(NONE, acknowledge(self->cpu));
	for (int i = 0; i < 200; i++) {
		ASSERT_EQ(0, eventfd_write(self->fd, 1));
		ASSERT_EQ(32 + SPI, acknowledge(self->cpu));
		/* In service: not told yet, and not taken twice, even if it is signalled again. */
		ASSERT_EQ(0, eventfd_write(self->fd, 1));
		ASSERT_EQ(NONE, acknowledge(self->cpu));
		ASSERT_EQ(0, count(self->told));
		ASSERT_EQ(0, end(self->cpu, 32 + SPI));
		ASSERT_EQ(1, count(self->told));
		/* The line is low: nothing is pending before the device signals again. */
		ASSERT_EQ(NONE, acknowledge(self->cpu));
		ASSERT_EQ(0, count(self->told));
	}
}

/* Two devices on one line: both are told, and the line is the OR of what they do then. */
TEST_F_TIMEOUT(resample, shared, HANG_TIMEOUT)
{
	ASSERT_EQ(0, gz_irqfd(self->vm.fd, self->fd, SPI, GZVM_IRQFD_FLAG_RESAMPLE, self->told));
	ASSERT_EQ(0, gz_irqfd(self->vm.fd, self->fd2, SPI, GZVM_IRQFD_FLAG_RESAMPLE,
			      self->told2));
	ASSERT_EQ(0, eventfd_write(self->fd, 1));
	EXPECT_EQ(32 + SPI, acknowledge(self->cpu));
	ASSERT_EQ(0, eventfd_write(self->fd2, 1));
	EXPECT_EQ(0, end(self->cpu, 32 + SPI));
	EXPECT_EQ(1, count(self->told));
	EXPECT_EQ(1, count(self->told2));
	ASSERT_EQ(0, eventfd_write(self->fd2, 1));
	EXPECT_EQ(32 + SPI, acknowledge(self->cpu));
	EXPECT_EQ(0, end(self->cpu, 32 + SPI));
	EXPECT_EQ(1, count(self->told));
	EXPECT_EQ(1, count(self->told2));

	/* One leaves; the other goes on. */
	ASSERT_EQ(0, gz_irqfd(self->vm.fd, self->fd, SPI, GZVM_IRQFD_FLAG_DEASSIGN, 0));
	ASSERT_EQ(0, eventfd_write(self->fd2, 1));
	EXPECT_EQ(32 + SPI, acknowledge(self->cpu));
	EXPECT_EQ(0, end(self->cpu, 32 + SPI));
	EXPECT_EQ(0, count(self->told));
	EXPECT_EQ(1, count(self->told2));
}

/* The line goes down with the last irqfd. */
TEST_F_TIMEOUT(resample, removed_while_high, HANG_TIMEOUT)
{
	int vm = self->vm.fd;

	ASSERT_EQ(0, gz_irqfd(vm, self->fd, SPI, GZVM_IRQFD_FLAG_RESAMPLE, self->told));
	ASSERT_EQ(0, eventfd_write(self->fd, 1));
	ASSERT_EQ(0, gz_irqfd(vm, self->fd, SPI, GZVM_IRQFD_FLAG_DEASSIGN, 0));
	EXPECT_EQ(NONE, acknowledge(self->cpu));
	/* Its descriptors closed, instead. */
	ASSERT_EQ(0, gz_irqfd(vm, self->fd, SPI, GZVM_IRQFD_FLAG_RESAMPLE, self->told));
	ASSERT_EQ(0, eventfd_write(self->fd, 1));
	EXPECT_EQ(32 + SPI, acknowledge(self->cpu));
	close(self->fd);
	self->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* What the close began has ended when any irqfd is removed, even one that is not there. */
	ASSERT_EQ(0, gz_irqfd(vm, self->fd2, SPI, GZVM_IRQFD_FLAG_DEASSIGN, 0));
	EXPECT_EQ(0, end(self->cpu, 32 + SPI));
	EXPECT_EQ(NONE, acknowledge(self->cpu));

	/* In service as it is removed: the end is nobody's, and comes to nothing. */
	ASSERT_EQ(0, gz_irqfd(vm, self->fd2, SPI, GZVM_IRQFD_FLAG_RESAMPLE, self->told2));
	ASSERT_EQ(0, eventfd_write(self->fd2, 1));
	EXPECT_EQ(32 + SPI, acknowledge(self->cpu));
	ASSERT_EQ(0, gz_irqfd(vm, self->fd2, SPI, GZVM_IRQFD_FLAG_DEASSIGN, 0));
	EXPECT_EQ(0, end(self->cpu, 32 + SPI));
	EXPECT_EQ(NONE, acknowledge(self->cpu));
	EXPECT_EQ(0, count(self->told2));
}

/* Signalled before it was assigned; the descriptors are the caller's to close. */
TEST_F_TIMEOUT(resample, signalled_before, HANG_TIMEOUT)
{
	int told = dup(self->told);

	ASSERT_EQ(0, eventfd_write(self->fd, 3));
	ASSERT_EQ(0, gz_irqfd(self->vm.fd, self->fd, SPI, GZVM_IRQFD_FLAG_RESAMPLE, told));
	close(told);
	EXPECT_EQ(32 + SPI, acknowledge(self->cpu));
	EXPECT_EQ(0, end(self->cpu, 32 + SPI));
	EXPECT_EQ(1, count(self->told));
	EXPECT_EQ(NONE, acknowledge(self->cpu));
}

TEST_F_TIMEOUT(resample, errors, HANG_TIMEOUT)
{
	int vm = self->vm.fd, file = open("/dev/null", O_RDWR | O_CLOEXEC);

	EXPECT_EQ(-EBADF, gz_irqfd(vm, self->fd, SPI, GZVM_IRQFD_FLAG_RESAMPLE, -1));
	EXPECT_EQ(-EINVAL, gz_irqfd(vm, self->fd, SPI, GZVM_IRQFD_FLAG_RESAMPLE, file));
	EXPECT_EQ(-EINVAL, gz_irqfd(vm, file, SPI, GZVM_IRQFD_FLAG_RESAMPLE, self->told));
	EXPECT_EQ(-EINVAL, gz_irqfd(vm, self->fd, 988, GZVM_IRQFD_FLAG_RESAMPLE, self->told));
	ASSERT_EQ(0, gz_irqfd(vm, self->fd, SPI, GZVM_IRQFD_FLAG_RESAMPLE, self->told));
	EXPECT_EQ(-EBUSY, gz_irqfd(vm, self->fd, SPI, GZVM_IRQFD_FLAG_RESAMPLE, self->told));
	EXPECT_EQ(-EBUSY, gz_irqfd(vm, self->fd, SPI + 1, 0, 0));
	/* None of that hurt the one that is there. */
	ASSERT_EQ(0, eventfd_write(self->fd, 1));
	EXPECT_EQ(32 + SPI, acknowledge(self->cpu));
	EXPECT_EQ(0, end(self->cpu, 32 + SPI));
	EXPECT_EQ(1, count(self->told));
	close(file);
}

/* What is not assigned leaves the line as another holds it. */
TEST_F_TIMEOUT(resample, busy, HANG_TIMEOUT)
{
	int vm = self->vm.fd;

	ASSERT_EQ(0, guest_spi_setup(self->cpu, SPI + 1, false));
	ASSERT_EQ(0, gz_irqfd(vm, self->fd, SPI, 0, 0));
	ASSERT_EQ(0, gz_irq_line(vm, SPI + 1, 1));
	EXPECT_EQ(-EBUSY, gz_irqfd(vm, self->fd, SPI + 1, GZVM_IRQFD_FLAG_RESAMPLE, self->told));
	EXPECT_EQ(32 + SPI + 1, acknowledge(self->cpu));
	ASSERT_EQ(0, gz_irq_line(vm, SPI + 1, 0));
	EXPECT_EQ(0, end(self->cpu, 32 + SPI + 1));
	EXPECT_EQ(NONE, acknowledge(self->cpu));
	EXPECT_EQ(0, count(self->told));
}

/* An edge has no level to be ended: the irqfd is one as without the flag. */
TEST_F_TIMEOUT(resample, edge, HANG_TIMEOUT)
{
	ASSERT_EQ(0, guest_spi_setup(self->cpu, SPI + 1, true));
	ASSERT_EQ(0, gz_irqfd(self->vm.fd, self->fd, SPI + 1, GZVM_IRQFD_FLAG_RESAMPLE,
			      self->told));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, eventfd_write(self->fd, 1));
		EXPECT_EQ(32 + SPI + 1, acknowledge(self->cpu));
		EXPECT_EQ(0, end(self->cpu, 32 + SPI + 1));
		EXPECT_EQ(NONE, acknowledge(self->cpu));
	}
	EXPECT_EQ(0, count(self->told));
}

TEST_HARNESS_MAIN
