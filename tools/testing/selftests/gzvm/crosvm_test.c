// SPDX-License-Identifier: GPL-2.0-only
/*
 * What crosvm calls to run a VM, in its order and with its arguments, and what it relies on.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "gzvm_util.h"

#define CPUS		3
#define RAM_SIZE	(16UL << 20)
#define FDT_GPA		(VM_RAM + RAM_SIZE - (2UL << 20))
#define FDT_MAX_SIZE	0x200000
#define GICD		0x3fff0000UL
#define GICR		(GICD - CPUS * 0x20000UL)
#define SERIAL_PORT	0x3f8UL
#define PCI_CAM		0x10000UL
#define PCI_MMIO	0x2000000UL
#define PCI_SPI		4
#define PCI_SPIS	4
#define KICKS		5

/* A vCPU's thread sets immediate_exit of its own structure, in the handler of SIGRTMIN. */
static __thread struct gzvm_vcpu_run *thread_run;

static void handle_kick(int signal)
{
	if (thread_run)
		thread_run->immediate_exit = 1;
}

FIXTURE(crosvm)
{
	struct vm vm;
	int memfd;
	int serial[2];
	struct {
		int fd, told;
	} pci[PCI_SPIS];
};

static struct gzvm_vcpu_run *map_run(void)
{
	void *run = mmap(NULL, sizeof(struct gzvm_vcpu_run), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return run == MAP_FAILED ? NULL : run;
}

FIXTURE_SETUP(crosvm)
{
	struct sigaction action = { .sa_handler = handle_kick, .sa_flags = SA_RESTART };
	struct gzvm_create_device device = {
		.dev_type = GZVM_DEV_TYPE_ARM_VGIC_V3_DIST, .dev_addr = GICD,
		.dev_reg_size = 0x10000,
	};
	struct gzvm_dtb_config dtb = { FDT_GPA, FDT_MAX_SIZE };
	struct vm *vm = &self->vm;
	unsigned int i;

	sigaction(SIGRTMIN, &action, NULL);
	memset(vm, 0, sizeof(*vm));
	vm->dev = open("/dev/gzvm", O_RDWR | O_CLOEXEC);
	ASSERT_GE(vm->dev, 0);
	vm->fd = gz_ioctl_value(vm->dev, GZVM_CREATE_VM, 0);
	ASSERT_GE(vm->fd, 0);

	/* Shared memory, untouched. */
	self->memfd = memfd_create("crosvm_guest", MFD_CLOEXEC);
	ASSERT_EQ(0, ftruncate(self->memfd, RAM_SIZE));
	vm->size = RAM_SIZE;
	vm->mem = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
		       self->memfd, 0);
	ASSERT_NE(MAP_FAILED, vm->mem);
	ASSERT_EQ(0, gz_region(vm->fd, 0, VM_RAM, RAM_SIZE, vm->mem));
	/* crosvm asks by value; what comes back is the answer itself. */
	EXPECT_LE(32, gz_ioctl_value(vm->dev, GZVM_CHECK_EXTENSION, 0xa5));

	/* The redistributors' size is that of one, before any vCPU exists. */
	ASSERT_EQ(0, gz_ioctl(vm->fd, GZVM_CREATE_DEVICE, &device));
	device.dev_type = GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST;
	device.dev_addr = GICR;
	device.dev_reg_size = 0x20000;
	ASSERT_EQ(0, gz_ioctl(vm->fd, GZVM_CREATE_DEVICE, &device));

	memcpy(vm->mem, guest_code, guest_code_end - guest_code);
	for (i = 0; i < CPUS; i++) {
		vm->vcpus[i].id = i;
		vm->vcpus[i].run = map_run();
		vm->vcpus[i].fd = gz_ioctl_value(vm->fd, GZVM_CREATE_VCPU, i);
		ASSERT_GE(vm->vcpus[i].fd, 0);
	}
	for (; i < GZVM_MAX_VCPUS; i++)
		vm->vcpus[i].fd = -1;

	/* Serial 0 and 2, clock 1, battery 3, watchdog 15; PCI's lines from 4 on are levels. */
	for (i = 0; i < 2; i++) {
		self->serial[i] = eventfd(0, EFD_CLOEXEC);
		ASSERT_EQ(0, gz_irqfd(vm->fd, self->serial[i], 2 * i, 0, 0));
	}
	for (i = 1; i <= 15; i += i == 1 ? 2 : 12) {
		int fd = eventfd(0, EFD_CLOEXEC);

		ASSERT_EQ(0, gz_irqfd(vm->fd, fd, i, 0, 0));
		/* The driver holds the eventfd; the number is free for another. */
		close(fd);
	}
	for (i = 0; i < PCI_SPIS; i++) {
		self->pci[i].fd = eventfd(0, EFD_CLOEXEC);
		self->pci[i].told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		ASSERT_EQ(0, gz_irqfd(vm->fd, self->pci[i].fd, PCI_SPI + i,
				      GZVM_IRQFD_FLAG_RESAMPLE, self->pci[i].told));
	}
	ASSERT_EQ(0, gz_ioctl(vm->fd, GZVM_SET_DTB_CONFIG, &dtb));

	/* Registers of the boot CPU; the others get PSTATE alone. Failure is fatal to it. */
	ASSERT_EQ(0, gz_set_reg(vm->vcpus[0].fd, REG_X(0), VM_MAILBOX));
	ASSERT_EQ(0, gz_set_reg(vm->vcpus[0].fd, REG_PC, VM_RAM));
	for (i = 0; i < CPUS; i++)
		ASSERT_EQ(0, gz_set_reg(vm->vcpus[i].fd, REG_PSTATE, PSTATE_EL1H));
}

FIXTURE_TEARDOWN(crosvm)
{
	unsigned int i;

	for (i = 0; i < CPUS; i++) {
		munmap(self->vm.vcpus[i].run, sizeof(struct gzvm_vcpu_run));
		self->vm.vcpus[i].run = NULL;
	}
	vm_destroy(&self->vm);
	for (i = 0; i < PCI_SPIS; i++) {
		close(self->pci[i].fd);
		close(self->pci[i].told);
	}
	close(self->memfd);
}

static uint64_t read_event(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

/* Distributor on, and a level SPI set up; by the addresses of this machine. */
static int gic_setup(struct vcpu *cpu, unsigned int spi, bool edge)
{
	return guest_gic_init(cpu) ?: guest_spi_setup(cpu, spi, edge);
}

/* Ports of the PC are in page 0: no memory must ever be there. */
TEST_F_TIMEOUT(crosvm, page_0_traps, HANG_TIMEOUT)
{
	struct vcpu *cpu = &self->vm.vcpus[0];

	EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(cpu, GUEST_WRITE1, SERIAL_PORT, 'x'));
	EXPECT_EQ(SERIAL_PORT, cpu->run->mmio.phys_addr);
	EXPECT_EQ(1, cpu->run->mmio.size);
	EXPECT_EQ('x', cpu->run->mmio.data[0]);
	EXPECT_EQ(0, guest_resume(cpu));
	EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(cpu, GUEST_READ1, SERIAL_PORT + 5));
	/* It writes the answer over the data only, and expects the reason to be there still. */
	EXPECT_EQ(GZVM_EXIT_MMIO, cpu->run->exit_reason);
	cpu->run->mmio.data[0] = 0x60;
	EXPECT_EQ(0, guest_resume(cpu));
	EXPECT_EQ(0x60, cpu->box.result[0]);
	EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(cpu, GUEST_READ4, PCI_CAM));
	memset(cpu->run->mmio.data, 0xff, 8);
	EXPECT_EQ(0, guest_resume(cpu));
	EXPECT_EQ(0xffffffff, cpu->box.result[0]);
}

/* Queue notification without datamatch; IRQ_LINE by SPI from 0, level. */
TEST_F_TIMEOUT(crosvm, virtio_queue, HANG_TIMEOUT)
{
	struct vcpu *cpu = &self->vm.vcpus[0];
	int queue = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	ASSERT_EQ(0, gz_ioeventfd(self->vm.fd, queue, PCI_MMIO + 0x3000, 0, 0, 0));
	EXPECT_EQ(0, guest_call(cpu, GUEST_WRITE2, PCI_MMIO + 0x3000, 1));
	EXPECT_EQ(0, guest_call(cpu, GUEST_WRITE4, PCI_MMIO + 0x3000, 1));
	EXPECT_EQ(2, read_event(queue));
	ASSERT_EQ(0, gz_ioeventfd(self->vm.fd, queue, PCI_MMIO + 0x3000, 0,
				  GZVM_IOEVENTFD_FLAG_DEASSIGN, 0));

	ASSERT_EQ(0, gic_setup(cpu, 20, false));
	EXPECT_EQ(0, gz_irq_line(self->vm.fd, 20, 1));
	EXPECT_EQ(0, guest_call(cpu, GUEST_GIC_ACK));
	EXPECT_EQ(52, cpu->box.result[0]);
	EXPECT_EQ(0, gz_irq_line(self->vm.fd, 20, 0));
	EXPECT_EQ(0, guest_call(cpu, GUEST_GIC_END, 52));
	close(queue);
}

/*
 * INTx: the line is high until the guest ends the interrupt, of which the device is told; it then
 * raises the line again if it still has something. No other device hears of it.
 */
TEST_F_TIMEOUT(crosvm, pci_interrupt, HANG_TIMEOUT)
{
	struct vcpu *cpu = &self->vm.vcpus[0];
	unsigned int i, again;

	for (i = 0; i < PCI_SPIS; i++)
		ASSERT_EQ(0, gic_setup(cpu, PCI_SPI + i, false));
	for (i = 0; i < PCI_SPIS; i++) {
		const uint64_t intid = 32 + PCI_SPI + i;

		for (again = 0; again < 3; again++) {
			ASSERT_EQ(0, eventfd_write(self->pci[i].fd, 1));
			EXPECT_EQ(0, guest_call(cpu, GUEST_GIC_ACK));
			EXPECT_EQ(intid, cpu->box.result[0]);
			EXPECT_EQ(0, read_event(self->pci[i].told));
			EXPECT_EQ(0, guest_call(cpu, GUEST_GIC_END, intid));
			EXPECT_EQ(1, read_event(self->pci[i].told));
		}
		EXPECT_EQ(SPURIOUS, guest_take_irq(cpu));
	}
	for (i = 0; i < PCI_SPIS; i++)
		EXPECT_EQ(0, read_event(self->pci[i].told));
}

struct cpu_thread {
	pthread_t thread;
	struct vcpu *cpu;
	_Atomic int started;
	uint64_t first;		/* the result of what it did first */
	long ret;
	_Atomic unsigned int kicks;
	_Atomic pid_t tid;
};

/* Its loop: EINTR clears immediate_exit and goes round, MMIO is answered, an event ends it. */
static void *cpu_thread(void *arg)
{
	struct cpu_thread *t = arg;

	thread_run = t->cpu->run;
	t->tid = gz_gettid();
	for (;;) {
		t->ret = guest_resume(t->cpu);
		if (t->ret == -EINTR) {
			t->cpu->run->immediate_exit = 0;
			/* Last: the next kick may come, and sets it again. */
			t->kicks++;
			continue;
		}
		if (t->ret == -EAGAIN)
			continue;
		if (t->ret)
			return NULL;
		/* What it was told is done. WFI may end any time. */
		if (!t->started)
			t->first = t->cpu->box.result[0];
		t->started++;
		guest_prepare(t->cpu, GUEST_WFI, (const uint64_t [4]){});
	}
}

/* All vCPUs are in RUN from the beginning; CPU_ON starts them; power off ends all. */
TEST_F_TIMEOUT(crosvm, all_in_run_at_once, HANG_TIMEOUT)
{
	struct cpu_thread threads[CPUS] = {};
	struct vcpu *boot = &self->vm.vcpus[0];
	unsigned int i, kicks;

	for (i = 1; i < CPUS; i++) {
		threads[i].cpu = &self->vm.vcpus[i];
		guest_prepare(threads[i].cpu, GUEST_NOP, (const uint64_t [4]){ 100 + i });
		pthread_create(&threads[i].thread, NULL, cpu_thread, &threads[i]);
	}
	EXPECT_EQ(0, guest_call(boot, GUEST_NOP));

	/*
	 * Parked, they answer to each kick all the same; to one that comes before they sleep, too.
	 * None is sent before the last one was answered, so none is merged with another.
	 */
	for (i = 1; i < CPUS; i++) {
		while (!threads[i].tid)
			usleep(100);
		for (kicks = 1; kicks <= KICKS; kicks++) {
			wait_until_asleep(threads[i].tid);
			pthread_kill(threads[i].thread, SIGRTMIN);
			while (threads[i].kicks < kicks)
				usleep(100);
		}
	}
	for (i = 1; i < CPUS; i++) {
		EXPECT_EQ(0, threads[i].started);
		EXPECT_EQ(0, guest_call(boot, GUEST_HVC, PSCI_CPU_ON, i, VM_RAM,
					VM_MAILBOX + i * PAGE));
		EXPECT_EQ(0, boot->box.result[0]);
	}
	for (i = 1; i < CPUS; i++) {
		while (!threads[i].started)
			usleep(1000);
		EXPECT_EQ(100 + i, threads[i].first);
		EXPECT_EQ(0, guest_call(boot, GUEST_HVC, PSCI_CPU_ON, i, VM_RAM, 0));
		EXPECT_EQ((uint64_t)-4, boot->box.result[0]);
	}
	EXPECT_EQ(GZVM_EXIT_SYSTEM_EVENT, guest_call(boot, GUEST_HVC, PSCI_SYSTEM_OFF));
	EXPECT_EQ(GZVM_SYSTEM_EVENT_SHUTDOWN, boot->run->system_event.type);
	for (i = 1; i < CPUS; i++) {
		pthread_join(threads[i].thread, NULL);
		EXPECT_EQ(GZVM_EXIT_SYSTEM_EVENT, threads[i].ret);
		EXPECT_EQ(GZVM_SYSTEM_EVENT_SHUTDOWN,
			  threads[i].cpu->run->system_event.type);
		EXPECT_EQ(KICKS, threads[i].kicks);
	}
}

/* Further regions, and their removal with nothing but the slot's number. */
TEST_F_TIMEOUT(crosvm, extra_region, HANG_TIMEOUT)
{
	struct gzvm_userspace_memory_region region = {
		.slot = 1, .guest_phys_addr = VM_RAM + RAM_SIZE, .memory_size = PAGE,
	};
	struct vcpu *cpu = &self->vm.vcpus[0];
	char *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, mem);
	region.userspace_addr = (uintptr_t)mem;
	ASSERT_EQ(0, gz_ioctl(self->vm.fd, GZVM_SET_USER_MEMORY_REGION, &region));
	EXPECT_EQ(0, guest_call(cpu, GUEST_WRITE8, VM_RAM + RAM_SIZE, 42));
	EXPECT_EQ(42, *(uint64_t *)mem);
	region = (struct gzvm_userspace_memory_region){ .slot = 1 };
	ASSERT_EQ(0, gz_ioctl(self->vm.fd, GZVM_SET_USER_MEMORY_REGION, &region));
	EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(cpu, GUEST_READ8, VM_RAM + RAM_SIZE));
	munmap(mem, PAGE);
}

/* The balloon gives pages back by a hole in the file, the guest may touch them again. */
TEST_F_TIMEOUT(crosvm, balloon, HANG_TIMEOUT)
{
	struct vcpu *cpu = &self->vm.vcpus[0];

	EXPECT_EQ(0, guest_call(cpu, GUEST_FILL, VM_DATA, 16, 1));
	EXPECT_EQ(0, guest_call(cpu, GUEST_HVC, HVC_RELINQUISH, VM_DATA + 3 * PAGE));
	EXPECT_EQ(0, cpu->box.result[0]);
	ASSERT_EQ(0, fallocate(self->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			       VM_DATA - VM_RAM + 3 * PAGE, PAGE));
	EXPECT_EQ(0, guest_call(cpu, GUEST_READ8, VM_DATA + 3 * PAGE));
	EXPECT_EQ(0, cpu->box.result[0]);
	EXPECT_EQ(0, guest_call(cpu, GUEST_READ8, VM_DATA + 4 * PAGE));
	EXPECT_EQ(5, cpu->box.result[0]);
}

TEST_HARNESS_MAIN
