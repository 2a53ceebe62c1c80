// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the QEMU accelerator calls to run a VM, in its order and with its arguments, and what
 * it relies on.
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

#define CPUS		2
#define FLASH_SIZE	0x04000000UL
#define RAM_SIZE	(16UL << 20)
#define GICD		0x08000000UL
#define GICR		0x080a0000UL
#define UART_WORD	0x01000021	/* type SPI, INTID 33 */
#define VIRTIO_MMIO	0x0a000000UL
#define VIRTIO_NOTIFY	0x50
#define MSI_SPI		48		/* of the GICv2m frame */

FIXTURE(qemu)
{
	struct vm vm;
	char *flash;
};

/* Each vCPU is created by its own thread. */
struct creator {
	struct vm *vm;
	unsigned int id;
	long ret;
};

static void *create_vcpu(void *arg)
{
	struct creator *c = arg;
	struct vcpu *cpu = &c->vm->vcpus[c->id];

	cpu->id = c->id;
	/* Somewhere on the heap: not at the start of a page. */
	cpu->run = calloc(1, sizeof(*cpu->run));
	c->ret = cpu->fd = gz_ioctl_value(c->vm->fd, GZVM_CREATE_VCPU, c->id);
	return NULL;
}

/*
 * ID registers with op0 lost, whose failure does not count; then PSTATE of all, PC and X0 of
 * the first.
 */
static int put_registers(struct vm *vm)
{
	unsigned int i, crm, op2;
	int ret = 0;

	for (i = 0; i < CPUS; i++) {
		for (crm = 0; crm < 8; crm++)
			for (op2 = 0; op2 < 8; op2++)
				gz_set_reg(vm->vcpus[i].fd, REG_SYS(0, 0, 0, crm, op2), 0x11);
		ret = ret ?: gz_set_reg(vm->vcpus[i].fd, REG_PSTATE, PSTATE_EL1H);
	}
	ret = ret ?: gz_set_reg(vm->vcpus[0].fd, REG_PC, VM_RAM);
	return ret ?: gz_set_reg(vm->vcpus[0].fd, REG_X(0), VM_MAILBOX);
}

FIXTURE_SETUP(qemu)
{
	struct gzvm_create_device device = {
		.dev_type = GZVM_DEV_TYPE_ARM_VGIC_V3_DIST, .dev_addr = GICD,
		.dev_reg_size = 0x10000,
	};
	struct gzvm_dtb_config dtb = { VM_RAM + 0x400000, 0x3456 };
	struct vm *vm = &self->vm;
	pthread_t thread;
	uint64_t value;
	unsigned int i;

	memset(vm, 0, sizeof(*vm));
	vm->dev = open("/dev/gzvm", O_RDWR);
	ASSERT_GE(vm->dev, 0);
	vm->fd = gz_ioctl(vm->dev, GZVM_CREATE_VM, NULL);
	ASSERT_GE(vm->fd, 0);
	EXPECT_EQ(0, gz_extension(vm->fd, GZVM_CAP_ARM_VM_IPA_SIZE, &value));
	/* It puts its PCI windows by this: it must be what a guest can address. */
	EXPECT_GE(value, 32);
	EXPECT_LE(value, 48);
	EXPECT_EQ(0, gz_extension(vm->fd, GZVM_CAP_PROTECTED_VM, &value));
	EXPECT_EQ(0, gz_extension(vm->fd, 0x9203, &value));

	/* The GIC before any memory or vCPU. */
	ASSERT_EQ(0, gz_ioctl(vm->fd, GZVM_CREATE_DEVICE, &device));
	device.dev_type = GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST;
	device.dev_addr = GICR;
	device.dev_reg_size = 0x20000;
	ASSERT_EQ(0, gz_ioctl(vm->fd, GZVM_CREATE_DEVICE, &device));

	for (i = 0; i < GZVM_MAX_VCPUS; i++)
		vm->vcpus[i].fd = -1;
	for (i = 0; i < CPUS; i++) {
		struct creator c = { vm, i, -1 };

		pthread_create(&thread, NULL, create_vcpu, &c);
		pthread_join(thread, NULL);
		ASSERT_GE(c.ret, 0);
	}
	ASSERT_EQ(0, put_registers(vm));

	/* Two empty flashes, then RAM; anonymous private memory that nobody has touched. */
	self->flash = mmap(NULL, 2 * FLASH_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, self->flash);
	ASSERT_EQ(0, gz_region(vm->fd, 0, 0, FLASH_SIZE, self->flash));
	ASSERT_EQ(0, gz_region(vm->fd, 1, FLASH_SIZE, FLASH_SIZE, self->flash + FLASH_SIZE));
	vm->size = RAM_SIZE;
	vm->mem = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, vm->mem);
	ASSERT_EQ(0, gz_region(vm->fd, 2, VM_RAM, RAM_SIZE, vm->mem));
	memcpy(vm->mem, guest_code, guest_code_end - guest_code);

	/* The whole set again, now that it resets its machine. */
	ASSERT_EQ(0, put_registers(vm));
	ASSERT_EQ(0, gz_ioctl(vm->fd, GZVM_SET_DTB_CONFIG, &dtb));
}

FIXTURE_TEARDOWN(qemu)
{
	vm_destroy(&self->vm);
	munmap(self->flash, 2 * FLASH_SIZE);
}

/* The GIC is not where guest_gic_init() has it. */
static int write4(struct vcpu *cpu, uint64_t addr, uint32_t value)
{
	return guest_call(cpu, GUEST_WRITE4, addr, value) ? -EIO : 0;
}

static int gic_setup(struct vcpu *cpu, unsigned int spi, bool edge)
{
	unsigned int intid = spi + 32;

	return write4(cpu, GICD, 0x12) ?: write4(cpu, GICD + 0x80 + intid / 32 * 4, ~0U) ?:
	       write4(cpu, GICD + 0xc00 + intid / 16 * 4, edge ? 2U << intid % 16 * 2 : 0) ?:
	       write4(cpu, GICD + 0x100 + intid / 32 * 4, 1U << intid % 32) ?:
	       guest_call(cpu, GUEST_GIC_ON) ? -EIO : 0;
}

/* ID registers with op0 lost alter nothing: the guest starts as it should. */
TEST_F_TIMEOUT(qemu, starts, HANG_TIMEOUT)
{
	struct vcpu *cpu = &self->vm.vcpus[0];

	EXPECT_EQ(0, guest_call(cpu, GUEST_MPIDR));
	EXPECT_EQ(0, cpu->box.result[0] & 0xffffff);
	EXPECT_EQ(0, guest_call(cpu, GUEST_READ8, 0));
	EXPECT_EQ(0, cpu->box.result[0]);
	EXPECT_EQ(0, guest_call(cpu, GUEST_WRITE8, FLASH_SIZE + 64, 99));
	EXPECT_EQ(99, *(uint64_t *)(self->flash + FLASH_SIZE + 64));
}

/* The window in its device tree is larger than the frames: Last must be in the right one. */
TEST_F_TIMEOUT(qemu, redistributors, HANG_TIMEOUT)
{
	struct vcpu *cpu = &self->vm.vcpus[0];
	unsigned int i;

	for (i = 0; i < CPUS; i++) {
		EXPECT_EQ(0, guest_call(cpu, GUEST_READ8, GICR + i * 0x20000 + 8));
		EXPECT_EQ(i == CPUS - 1, cpu->box.result[0] >> 4 & 1);
		EXPECT_EQ(i, cpu->box.result[0] >> 32);
	}
	EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(cpu, GUEST_READ8, GICR + CPUS * 0x20000 + 8));
}

/* The UART's level is sent also when it has not changed. */
TEST_F_TIMEOUT(qemu, uart, HANG_TIMEOUT)
{
	struct vcpu *cpu = &self->vm.vcpus[0];
	int i;

	ASSERT_EQ(0, gic_setup(cpu, 1, false));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(0, gz_irq_line(self->vm.fd, UART_WORD, 0));
		EXPECT_EQ(0, gz_irq_line(self->vm.fd, UART_WORD, 0));
		EXPECT_EQ(SPURIOUS, guest_take_irq(cpu));
		EXPECT_EQ(0, gz_irq_line(self->vm.fd, UART_WORD, 1));
		EXPECT_EQ(0, gz_irq_line(self->vm.fd, UART_WORD, 1));
		EXPECT_EQ(33, guest_take_irq(cpu));
		/* The line is high still: again. */
		EXPECT_EQ(33, guest_take_irq(cpu));
	}
	EXPECT_EQ(0, gz_irq_line(self->vm.fd, UART_WORD, 0));
	EXPECT_EQ(SPURIOUS, guest_take_irq(cpu));
}

TEST_F_TIMEOUT(qemu, virtio_mmio, HANG_TIMEOUT)
{
	const uint32_t match = GZVM_IOEVENTFD_FLAG_DATAMATCH;
	struct vcpu *cpu = &self->vm.vcpus[0];
	int queues[2], irq = eventfd(0, EFD_CLOEXEC), i;
	uint64_t count;

	for (i = 0; i < 2; i++) {
		queues[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		ASSERT_EQ(0, gz_ioeventfd(self->vm.fd, queues[i], VIRTIO_MMIO + VIRTIO_NOTIFY, 4,
					  match, i));
	}
	EXPECT_EQ(0, guest_call(cpu, GUEST_WRITE4, VIRTIO_MMIO + VIRTIO_NOTIFY, 1));
	EXPECT_EQ(8, read(queues[1], &count, 8));
	EXPECT_EQ(-1, read(queues[0], &count, 8));
	EXPECT_EQ(GZVM_EXIT_MMIO,
		  guest_call(cpu, GUEST_WRITE4, VIRTIO_MMIO + VIRTIO_NOTIFY, 2));
	EXPECT_EQ(0, guest_resume(cpu));

	/* INTID 48 is SPI 16; its irqfd counts from 0. */
	ASSERT_EQ(0, gic_setup(cpu, 16, true));
	ASSERT_EQ(0, gz_irqfd(self->vm.fd, irq, 16, 0, 0));
	count = 1;
	EXPECT_EQ(8, write(irq, &count, 8));
	EXPECT_EQ(48, guest_take_irq(cpu));
	for (i = 0; i < 2; i++)
		close(queues[i]);
	close(irq);
}

/* A message of the GICv2m frame: 1, then 0, before the guest has looked. */
TEST_F_TIMEOUT(qemu, gicv2m_pulse, HANG_TIMEOUT)
{
	const uint32_t word = IRQ_WORD(GZVM_IRQ_TYPE_SPI, 0, MSI_SPI + 32);
	struct vcpu *cpu = &self->vm.vcpus[0];
	int i;

	ASSERT_EQ(0, gic_setup(cpu, MSI_SPI, true));
	for (i = 0; i < 20; i++) {
		EXPECT_EQ(0, gz_irq_line(self->vm.fd, word, 1));
		EXPECT_EQ(0, gz_irq_line(self->vm.fd, word, 0));
		EXPECT_EQ(MSI_SPI + 32, guest_take_irq(cpu));
		EXPECT_EQ(SPURIOUS, guest_take_irq(cpu));
	}
	/* While it is active: pending again, taken after the end. */
	EXPECT_EQ(0, gz_irq_line(self->vm.fd, word, 1));
	EXPECT_EQ(0, gz_irq_line(self->vm.fd, word, 0));
	EXPECT_EQ(0, guest_call(cpu, GUEST_GIC_ACK));
	EXPECT_EQ(MSI_SPI + 32, cpu->box.result[0]);
	EXPECT_EQ(0, gz_irq_line(self->vm.fd, word, 1));
	EXPECT_EQ(0, gz_irq_line(self->vm.fd, word, 0));
	EXPECT_EQ(0, guest_call(cpu, GUEST_GIC_END, MSI_SPI + 32));
	EXPECT_EQ(MSI_SPI + 32, guest_take_irq(cpu));
	EXPECT_EQ(SPURIOUS, guest_take_irq(cpu));
}

/* Its private interrupts. */
TEST_F_TIMEOUT(qemu, ppi, HANG_TIMEOUT)
{
	struct vcpu *cpu = &self->vm.vcpus[0];

	ASSERT_EQ(0, gic_setup(cpu, 0, false));
	ASSERT_EQ(0, write4(cpu, GICR + 0x10080, ~0U));
	ASSERT_EQ(0, write4(cpu, GICR + 0x10100, 1U << 23));
	EXPECT_EQ(0, gz_irq_line(self->vm.fd, IRQ_WORD(GZVM_IRQ_TYPE_PPI, 0, 23), 1));
	EXPECT_EQ(23, guest_take_irq(cpu));
	EXPECT_EQ(0, gz_irq_line(self->vm.fd, IRQ_WORD(GZVM_IRQ_TYPE_PPI, 0, 23), 0));
	EXPECT_EQ(SPURIOUS, guest_take_irq(cpu));
}

/* Slots are deleted with their old address, and pieces of one mapping take their place. */
TEST_F_TIMEOUT(qemu, slots_are_split, HANG_TIMEOUT)
{
	struct vcpu *cpu = &self->vm.vcpus[0];
	struct vm *vm = &self->vm;

	ASSERT_EQ(0, gz_region(vm->fd, 1, FLASH_SIZE, 0, self->flash + FLASH_SIZE));
	ASSERT_EQ(0, gz_region(vm->fd, 1, FLASH_SIZE, BLOCK, self->flash + FLASH_SIZE));
	ASSERT_EQ(0, gz_region(vm->fd, 3, FLASH_SIZE + BLOCK, 3 * PAGE,
			       self->flash + FLASH_SIZE + BLOCK));
	ASSERT_EQ(0, gz_region(vm->fd, 4, FLASH_SIZE + BLOCK + 3 * PAGE, BLOCK,
			       self->flash + FLASH_SIZE + BLOCK + 3 * PAGE));
	EXPECT_EQ(0, guest_call(cpu, GUEST_FILL, FLASH_SIZE + BLOCK - 2 * PAGE, 8, 1));
	EXPECT_EQ(8, *(uint64_t *)(self->flash + FLASH_SIZE + BLOCK + 5 * PAGE));
}

/* The second CPU's thread, until its guest has done what it was told, or until another exit. */
struct runner {
	pthread_t thread;
	struct vcpu *cpu;
	_Atomic pid_t tid;
	long ret;
};

static void *run_second(void *arg)
{
	struct runner *r = arg;

	r->tid = gz_gettid();
	r->ret = guest_resume(r->cpu);
	return NULL;
}

static void runner_start(struct runner *r, struct vcpu *cpu, enum guest_op op,
			 const uint64_t args[4])
{
	*r = (struct runner){ .cpu = cpu };
	guest_prepare(cpu, op, args);
	pthread_create(&r->thread, NULL, run_second, r);
}

/* It is in RUN when this returns, and its guest writes memory. */
static void start_running(struct runner *r, struct vm *vm)
{
	const uint64_t gpa = VM_DATA + PAGE;
	_Atomic uint64_t *word = vm_at(vm, gpa);

	*word = 0;
	runner_start(r, &vm->vcpus[1], GUEST_HAMMER, (const uint64_t [4]){ gpa, 1 });
	while (!*word)
		usleep(100);
}

/* It has turned itself off when this returns, and sleeps in RUN. */
static long start_parked(struct runner *r, struct vm *vm)
{
	struct vcpu *boot = &vm->vcpus[0];
	long ret;

	runner_start(r, &vm->vcpus[1], GUEST_HVC, (const uint64_t [4]){ PSCI_CPU_OFF });
	do
		ret = guest_call(boot, GUEST_HVC, PSCI_AFFINITY_INFO, 1, 0);
	while (!ret && boot->box.result[0] == 0);
	wait_until_asleep(r->tid);
	return ret ?: boot->box.result[0];
}

/*
 * A reset by the guest: the same VM, registers set again, everything else EL2's to reset. The
 * accelerator always has all vCPUs in RUN, whether they are on or off, and stops all of them before
 * it sets registers.
 */
TEST_F_TIMEOUT(qemu, guest_reset, HANG_TIMEOUT)
{
	struct vcpu *cpu = &self->vm.vcpus[0], *second = &self->vm.vcpus[1];
	struct runner r;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		/* The second CPU is on, or was; an interrupt is active, a timer runs. */
		runner_start(&r, second, GUEST_NOP, (const uint64_t [4]){ i });
		EXPECT_EQ(0, guest_call(cpu, GUEST_HVC, PSCI_CPU_ON, 1, VM_RAM,
					VM_MAILBOX + PAGE));
		EXPECT_EQ(0, cpu->box.result[0]);
		pthread_join(r.thread, NULL);
		EXPECT_EQ(0, r.ret);
		EXPECT_EQ(i, second->box.result[0]);

		ASSERT_EQ(0, gic_setup(cpu, 1, false));
		EXPECT_EQ(0, gz_irq_line(self->vm.fd, UART_WORD, 1));
		EXPECT_EQ(0, guest_call(cpu, GUEST_GIC_ACK));
		EXPECT_EQ(33, cpu->box.result[0]);
		EXPECT_EQ(0, guest_call(cpu, GUEST_TIMER, 1000));
		EXPECT_EQ(0, guest_call(cpu, GUEST_WRITE8, VM_DATA, 100 + i));

		if (i % 2) {
			EXPECT_EQ(1, start_parked(&r, &self->vm));
		} else {
			start_running(&r, &self->vm);
		}
		EXPECT_EQ(GZVM_EXIT_SYSTEM_EVENT, guest_call(cpu, GUEST_HVC, PSCI_SYSTEM_RESET));
		EXPECT_EQ(GZVM_SYSTEM_EVENT_RESET, cpu->run->system_event.type);
		pthread_join(r.thread, NULL);
		EXPECT_EQ(GZVM_EXIT_SYSTEM_EVENT, r.ret);
		EXPECT_EQ(GZVM_SYSTEM_EVENT_RESET, second->run->system_event.type);
		EXPECT_EQ(0, gz_irq_line(self->vm.fd, UART_WORD, 0));
		ASSERT_EQ(0, put_registers(&self->vm));

		/* Memory as it was; distributor off, nothing enabled, second CPU off. */
		EXPECT_EQ(0, guest_call(cpu, GUEST_READ8, VM_DATA));
		EXPECT_EQ(100 + i, cpu->box.result[0]);
		EXPECT_EQ(0, guest_call(cpu, GUEST_READ4, GICD));
		EXPECT_EQ(0, cpu->box.result[0] & 3);
		EXPECT_EQ(0, guest_call(cpu, GUEST_READ4, GICD + 0x104));
		EXPECT_EQ(0, cpu->box.result[0]);
		EXPECT_EQ(0, guest_call(cpu, GUEST_READ4, GICD + 0x304));
		EXPECT_EQ(0, cpu->box.result[0]);
		EXPECT_EQ(0, guest_call(cpu, GUEST_HVC, PSCI_AFFINITY_INFO, 1, 0));
		EXPECT_EQ(1, cpu->box.result[0]);
	}
}

/* After the guest has powered off it calls RUN some more times. */
TEST_F_TIMEOUT(qemu, run_after_power_off, HANG_TIMEOUT)
{
	struct vcpu *cpu = &self->vm.vcpus[0];
	int i;

	EXPECT_EQ(GZVM_EXIT_SYSTEM_EVENT, guest_call(cpu, GUEST_HVC, PSCI_SYSTEM_OFF));
	EXPECT_EQ(GZVM_SYSTEM_EVENT_SHUTDOWN, cpu->run->system_event.type);
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(0, vcpu_run(&self->vm.vcpus[i % CPUS]));
		EXPECT_EQ(GZVM_EXIT_SYSTEM_EVENT, self->vm.vcpus[i % CPUS].run->exit_reason);
	}
	/* Setting registers starts nothing after a power off. */
	put_registers(&self->vm);
	EXPECT_EQ(0, vcpu_run(cpu));
	EXPECT_EQ(GZVM_EXIT_SYSTEM_EVENT, cpu->run->exit_reason);
}

TEST_HARNESS_MAIN
