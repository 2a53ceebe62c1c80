// SPDX-License-Identifier: GPL-2.0-only
/*
 * irqfd and ioeventfd: every flag, collision and errno, and what the guest and the VMM see.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "gzvm_util.h"

#define SPI		5
#define INTID		(SPI + 32)

FIXTURE(event)
{
	struct vm vm;
	struct vcpu *cpu;
	int fd;
	int efd;
};

FIXTURE_SETUP(event)
{
	ASSERT_EQ(0, vm_create(&self->vm));
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 0));
	ASSERT_EQ(0, vm_boot(&self->vm));
	self->cpu = &self->vm.vcpus[0];
	self->fd = self->vm.fd;
	self->efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ASSERT_GE(self->efd, 0);
}

FIXTURE_TEARDOWN(event)
{
	vm_destroy(&self->vm);
	close(self->efd);
}

static void signal_event(int efd)
{
	uint64_t one = 1;

	if (write(efd, &one, sizeof(one)) != sizeof(one))
		abort();
}

/* What the eventfd has counted; reading it clears it. */
static uint64_t events(int efd)
{
	uint64_t count;

	return read(efd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

TEST_F_TIMEOUT(event, irqfd_arguments, HANG_TIMEOUT)
{
	struct gzvm_irqfd good = { .fd = self->efd, .gsi = SPI }, r;
	int other = eventfd(0, 0), file = open("/dev/null", O_RDWR | O_CLOEXEC);

#define BAD(errno_, field, value) do {						\
		r = good;							\
		r.field = (value);						\
		EXPECT_EQ(errno_, gz_ioctl(self->fd, GZVM_IRQFD, &r));		\
	} while (0)
	BAD(-EINVAL, flags, 4);
	BAD(-EINVAL, flags, 1U << 31);
	BAD(-EINVAL, pad[0], 1);
	BAD(-EINVAL, pad[15], 1);
	BAD(-EINVAL, gsi, 988);
	BAD(-EINVAL, gsi, ~0U);
	BAD(-EINVAL, fd, file);
	BAD(-EINVAL, fd, self->fd);
	BAD(-EBADF, fd, 1000);
	BAD(-EBADF, fd, -1);
#undef BAD
	r = (struct gzvm_irqfd){ .fd = file, .gsi = SPI, .flags = GZVM_IRQFD_FLAG_DEASSIGN };
	EXPECT_EQ(-EINVAL, gz_ioctl(self->fd, GZVM_IRQFD, &r));
	r.fd = 1000;
	EXPECT_EQ(-EBADF, gz_ioctl(self->fd, GZVM_IRQFD, &r));

	EXPECT_EQ(0, gz_irqfd(self->fd, self->efd, SPI, 0, 0));
	EXPECT_EQ(-EBUSY, gz_irqfd(self->fd, self->efd, SPI, 0, 0));
	EXPECT_EQ(-EBUSY, gz_irqfd(self->fd, self->efd, SPI + 1, 0, 0));
	/* Two eventfds may raise one SPI. */
	EXPECT_EQ(0, gz_irqfd(self->fd, other, SPI, 0, 0));
	/* Not assigned to this SPI: no error, and nothing changes. */
	EXPECT_EQ(0, gz_irqfd(self->fd, self->efd, SPI + 1, GZVM_IRQFD_FLAG_DEASSIGN, 0));
	EXPECT_EQ(-EBUSY, gz_irqfd(self->fd, self->efd, SPI, 0, 0));
	EXPECT_EQ(0, gz_irqfd(self->fd, self->efd, SPI, GZVM_IRQFD_FLAG_DEASSIGN, 0));
	EXPECT_EQ(0, gz_irqfd(self->fd, self->efd, SPI, GZVM_IRQFD_FLAG_DEASSIGN, 0));
	EXPECT_EQ(0, gz_irqfd(self->fd, self->efd, SPI + 1, 0, 0));
	close(other);
	close(file);
}

TEST_F_TIMEOUT(event, irqfd_raises, HANG_TIMEOUT)
{
	struct vcpu *cpu = self->cpu;
	int i;

	ASSERT_EQ(0, guest_gic_init(cpu));
	ASSERT_EQ(0, guest_spi_setup(cpu, SPI, true));
	ASSERT_EQ(0, gz_irqfd(self->fd, self->efd, SPI, 0, 0));
	EXPECT_EQ(SPURIOUS, guest_take_irq(cpu));
	for (i = 0; i < 20; i++) {
		signal_event(self->efd);
		/* The driver took the count. */
		EXPECT_EQ(0, events(self->efd));
		EXPECT_EQ(INTID, guest_take_irq(cpu));
		EXPECT_EQ(SPURIOUS, guest_take_irq(cpu));
	}

	/* Several signals before the guest looks are one interrupt. */
	signal_event(self->efd);
	signal_event(self->efd);
	EXPECT_EQ(INTID, guest_take_irq(cpu));
	EXPECT_EQ(SPURIOUS, guest_take_irq(cpu));

	/* None after DEASSIGN: the eventfd counts for itself again. */
	ASSERT_EQ(0, gz_irqfd(self->fd, self->efd, SPI, GZVM_IRQFD_FLAG_DEASSIGN, 0));
	signal_event(self->efd);
	EXPECT_EQ(1, events(self->efd));
	EXPECT_EQ(SPURIOUS, guest_take_irq(cpu));
}

TEST_F_TIMEOUT(event, irqfd_signalled_before, HANG_TIMEOUT)
{
	ASSERT_EQ(0, guest_gic_init(self->cpu));
	ASSERT_EQ(0, guest_spi_setup(self->cpu, SPI, true));
	signal_event(self->efd);
	ASSERT_EQ(0, gz_irqfd(self->fd, self->efd, SPI, 0, 0));
	EXPECT_EQ(0, events(self->efd));
	EXPECT_EQ(INTID, guest_take_irq(self->cpu));
	EXPECT_EQ(SPURIOUS, guest_take_irq(self->cpu));
}

/* The descriptor is closed and its number reused: the irqfd holds the eventfd itself. */
TEST_F_TIMEOUT(event, irqfd_descriptor_reused, HANG_TIMEOUT)
{
	int writer = dup(self->efd), number = self->efd;

	ASSERT_EQ(0, guest_gic_init(self->cpu));
	ASSERT_EQ(0, guest_spi_setup(self->cpu, SPI, true));
	ASSERT_EQ(0, guest_spi_setup(self->cpu, SPI + 1, true));
	ASSERT_EQ(0, gz_irqfd(self->fd, self->efd, SPI, 0, 0));
	close(self->efd);
	self->efd = eventfd(0, EFD_NONBLOCK);
	ASSERT_EQ(number, self->efd);
	ASSERT_EQ(0, gz_irqfd(self->fd, self->efd, SPI + 1, 0, 0));
	signal_event(writer);
	EXPECT_EQ(INTID, guest_take_irq(self->cpu));
	EXPECT_EQ(SPURIOUS, guest_take_irq(self->cpu));
	signal_event(self->efd);
	EXPECT_EQ(INTID + 1, guest_take_irq(self->cpu));

	/* The last descriptor goes: the eventfd hangs up, and the irqfd with it. */
	close(writer);
	EXPECT_EQ(SPURIOUS, guest_take_irq(self->cpu));
}

/* The VM's file goes first: signals afterwards reach nothing. */
TEST_F_TIMEOUT(event, irqfd_ends_with_vm_file, HANG_TIMEOUT)
{
	ASSERT_EQ(0, guest_gic_init(self->cpu));
	ASSERT_EQ(0, guest_spi_setup(self->cpu, SPI, true));
	ASSERT_EQ(0, gz_irqfd(self->fd, self->efd, SPI, 0, 0));
	close(self->vm.fd);
	self->vm.fd = -1;
	signal_event(self->efd);
	EXPECT_EQ(1, events(self->efd));
	EXPECT_EQ(SPURIOUS, guest_take_irq(self->cpu));
}

TEST_F_TIMEOUT(event, ioeventfd_arguments, HANG_TIMEOUT)
{
	struct gzvm_ioeventfd good = { .addr = VM_MMIO, .len = 4, .fd = self->efd }, r;
	int file = open("/dev/null", O_RDWR | O_CLOEXEC);

#define BAD(errno_, field, value) do {						\
		r = good;							\
		r.field = (value);						\
		EXPECT_EQ(errno_, gz_ioctl(self->fd, GZVM_IOEVENTFD, &r));	\
	} while (0)
	BAD(-EINVAL, len, 3);
	BAD(-EINVAL, len, 5);
	BAD(-EINVAL, len, 16);
	BAD(-EINVAL, len, ~0U);
	BAD(-EINVAL, flags, GZVM_IOEVENTFD_FLAG_PIO);
	BAD(-EINVAL, flags, GZVM_IOEVENTFD_FLAG_PIO | GZVM_IOEVENTFD_FLAG_DEASSIGN);
	BAD(-EINVAL, flags, 8);
	BAD(-EINVAL, pad[0], 1);
	BAD(-EINVAL, pad[35], 1);
	BAD(-EINVAL, addr, ~0ULL);
	BAD(-EINVAL, addr, ~0ULL - 2);
	BAD(-EINVAL, fd, file);
	BAD(-EBADF, fd, -1);
	BAD(-EBADF, fd, 1000);
	BAD(-ENOENT, flags, GZVM_IOEVENTFD_FLAG_DEASSIGN);
#undef BAD
	EXPECT_EQ(-EINVAL, gz_ioeventfd(self->fd, self->efd, VM_MMIO, 0,
					GZVM_IOEVENTFD_FLAG_DATAMATCH, 1));
	close(file);
}

TEST_F_TIMEOUT(event, ioeventfd_collisions, HANG_TIMEOUT)
{
	const uint32_t match = GZVM_IOEVENTFD_FLAG_DATAMATCH, off = GZVM_IOEVENTFD_FLAG_DEASSIGN;
	int fd = self->fd, efd = self->efd, other = eventfd(0, 0);

	EXPECT_EQ(0, gz_ioeventfd(fd, efd, VM_MMIO, 4, match, 1));
	EXPECT_EQ(-EEXIST, gz_ioeventfd(fd, efd, VM_MMIO, 4, match, 1));
	EXPECT_EQ(-EEXIST, gz_ioeventfd(fd, other, VM_MMIO, 4, match, 1));
	/* The high half of a 4 byte datamatch does not count. */
	EXPECT_EQ(-EEXIST, gz_ioeventfd(fd, other, VM_MMIO, 4, match, 1ULL << 32 | 1));
	EXPECT_EQ(-EEXIST, gz_ioeventfd(fd, other, VM_MMIO, 4, 0, 0));
	EXPECT_EQ(-EEXIST, gz_ioeventfd(fd, other, VM_MMIO, 0, 0, 0));
	/* Another value, another size, another address. */
	EXPECT_EQ(0, gz_ioeventfd(fd, other, VM_MMIO, 4, match, 2));
	EXPECT_EQ(0, gz_ioeventfd(fd, other, VM_MMIO, 8, match, 1));
	EXPECT_EQ(0, gz_ioeventfd(fd, other, VM_MMIO + 4, 4, 0, 0));

	/* Only the very one is removed. */
	EXPECT_EQ(-ENOENT, gz_ioeventfd(fd, other, VM_MMIO, 4, off | match, 1));
	EXPECT_EQ(-ENOENT, gz_ioeventfd(fd, efd, VM_MMIO, 4, off | match, 3));
	EXPECT_EQ(-ENOENT, gz_ioeventfd(fd, efd, VM_MMIO, 4, off, 1));
	EXPECT_EQ(-ENOENT, gz_ioeventfd(fd, efd, VM_MMIO, 8, off | match, 1));
	EXPECT_EQ(-ENOENT, gz_ioeventfd(fd, efd, VM_MMIO + 4, 4, off | match, 1));
	EXPECT_EQ(0, gz_ioeventfd(fd, efd, VM_MMIO, 4, off | match, 1));
	EXPECT_EQ(-ENOENT, gz_ioeventfd(fd, efd, VM_MMIO, 4, off | match, 1));
	EXPECT_EQ(0, gz_ioeventfd(fd, other, VM_MMIO, 4, match, 1));
	close(other);
}

TEST_F_TIMEOUT(event, ioeventfd_signals, HANG_TIMEOUT)
{
	const uint32_t match = GZVM_IOEVENTFD_FLAG_DATAMATCH;
	struct vcpu *cpu = self->cpu;
	int any = eventfd(0, EFD_NONBLOCK);

	ASSERT_EQ(0, gz_ioeventfd(self->fd, self->efd, VM_MMIO, 4, match, 0x12345678));
	ASSERT_EQ(0, gz_ioeventfd(self->fd, any, VM_MMIO + 64, 0, 0, 0));

	EXPECT_EQ(0, guest_call(cpu, GUEST_WRITE4, VM_MMIO, 0x12345678));
	EXPECT_EQ(1, events(self->efd));
	/* Another value, size, address or direction is the VMM's. */
	EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(cpu, GUEST_WRITE4, VM_MMIO, 0x12345679));
	EXPECT_EQ(0x12345679, *(uint32_t *)cpu->run->mmio.data);
	EXPECT_EQ(0, guest_resume(cpu));
	EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(cpu, GUEST_WRITE8, VM_MMIO, 0x12345678));
	EXPECT_EQ(0, guest_resume(cpu));
	EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(cpu, GUEST_WRITE4, VM_MMIO + 4, 0x12345678));
	EXPECT_EQ(0, guest_resume(cpu));
	EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(cpu, GUEST_READ4, VM_MMIO));
	EXPECT_EQ(0, guest_resume(cpu));
	EXPECT_EQ(0, events(self->efd));

	EXPECT_EQ(0, guest_call(cpu, GUEST_WRITE1, VM_MMIO + 64, 1));
	EXPECT_EQ(0, guest_call(cpu, GUEST_WRITE2, VM_MMIO + 64, 2));
	EXPECT_EQ(0, guest_call(cpu, GUEST_WRITE4, VM_MMIO + 64, 3));
	EXPECT_EQ(0, guest_call(cpu, GUEST_WRITE8, VM_MMIO + 64, 4));
	EXPECT_EQ(4, events(any));

	/* The descriptor is closed: the write is nobody's, the guest goes on all the same. */
	close(any);
	EXPECT_EQ(0, guest_call(cpu, GUEST_WRITE1, VM_MMIO + 64, 1));
	ASSERT_EQ(0, gz_ioeventfd(self->fd, self->efd, VM_MMIO, 4,
				  match | GZVM_IOEVENTFD_FLAG_DEASSIGN, 0x12345678));
	EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(cpu, GUEST_WRITE4, VM_MMIO, 0x12345678));
}

/* From a guest's write to an interrupt of the same guest without the VMM. */
TEST_F_TIMEOUT(event, ioeventfd_to_irqfd, HANG_TIMEOUT)
{
	ASSERT_EQ(0, guest_gic_init(self->cpu));
	ASSERT_EQ(0, guest_spi_setup(self->cpu, SPI, true));
	ASSERT_EQ(0, gz_irqfd(self->fd, self->efd, SPI, 0, 0));
	ASSERT_EQ(0, gz_ioeventfd(self->fd, self->efd, VM_MMIO, 2, 0, 0));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_WRITE2, VM_MMIO, 1));
	EXPECT_EQ(INTID, guest_take_irq(self->cpu));
	EXPECT_EQ(SPURIOUS, guest_take_irq(self->cpu));
}

TEST_HARNESS_MAIN
