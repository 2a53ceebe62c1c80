// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs that wait: in WFI, parked before the guest starts them, and what wakes them.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "gzvm_util.h"

#define SPI		40
#define INTID		(SPI + 32)
#define PPI		20

FIXTURE(idle)
{
	struct vm vm;
	struct vcpu *cpu;
};

static void nothing(int signal)
{
}

FIXTURE_SETUP(idle)
{
	ASSERT_EQ(0, vm_create(&self->vm));
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 0));
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 1));
	ASSERT_EQ(0, vm_boot(&self->vm));
	self->cpu = &self->vm.vcpus[0];
	kick_setup(nothing, 0);
}

FIXTURE_TEARDOWN(idle)
{
	vm_destroy(&self->vm);
}

/* A thread that has the guest do one thing. */
struct worker {
	pthread_t thread;
	struct vcpu *cpu;
	enum guest_op op;
	uint64_t args[4];
	_Atomic pid_t tid;
	long ret;
};

static void *worker(void *arg)
{
	struct worker *w = arg;

	w->tid = gz_gettid();
	w->ret = guest_do(w->cpu, w->op, w->args);
	return NULL;
}

static void worker_start(struct worker *w, struct vcpu *cpu, enum guest_op op, uint64_t arg)
{
	*w = (struct worker){ .cpu = cpu, .op = op, .args = { arg } };
	pthread_create(&w->thread, NULL, worker, w);
	while (!w->tid)
		usleep(100);
}

/* Until the vCPU has left by IDLE that often and its thread sleeps. */
static void wait_idle(struct vm *vm, struct worker *w, long count)
{
	while (vm_exits(vm, w->cpu->id, "idle") < count)
		usleep(1000);
	wait_until_asleep(w->tid);
}

static long idle_exits(struct vm *vm, unsigned int id)
{
	return vm_exits(vm, id, "idle");
}

TEST_F_TIMEOUT(idle, woken_by_irq_line, HANG_TIMEOUT)
{
	struct worker w;
	int i;

	ASSERT_EQ(0, guest_gic_init(self->cpu));
	ASSERT_EQ(0, guest_spi_setup(self->cpu, SPI, false));
	for (i = 0; i < 30; i++) {
		long idles = idle_exits(&self->vm, 0);

		worker_start(&w, self->cpu, GUEST_WFI, 0);
		/* From deep sleep, or in the middle of falling asleep. */
		if (i % 2)
			wait_idle(&self->vm, &w, idles + 1);
		ASSERT_EQ(0, gz_irq_line(self->vm.fd, IRQ_WORD(GZVM_IRQ_TYPE_CPU, 0, SPI), 1));
		pthread_join(w.thread, NULL);
		EXPECT_EQ(0, w.ret);
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_GIC_ACK));
		EXPECT_EQ(INTID, self->cpu->box.result[0]);
		ASSERT_EQ(0, gz_irq_line(self->vm.fd, IRQ_WORD(GZVM_IRQ_TYPE_CPU, 0, SPI), 0));
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_GIC_END, INTID));
	}
}

TEST_F_TIMEOUT(idle, woken_by_irqfd, HANG_TIMEOUT)
{
	int efd = eventfd(0, 0), i;
	uint64_t one = 1;
	struct worker w;

	ASSERT_EQ(0, guest_gic_init(self->cpu));
	ASSERT_EQ(0, guest_spi_setup(self->cpu, SPI, true));
	ASSERT_EQ(0, gz_irqfd(self->vm.fd, efd, SPI, 0, 0));
	for (i = 0; i < 30; i++) {
		long idles = idle_exits(&self->vm, 0);

		worker_start(&w, self->cpu, GUEST_WFI, 0);
		if (i % 2)
			wait_idle(&self->vm, &w, idles + 1);
		ASSERT_EQ(sizeof(one), write(efd, &one, sizeof(one)));
		pthread_join(w.thread, NULL);
		EXPECT_EQ(0, w.ret);
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_GIC_ACK));
		EXPECT_EQ(INTID, self->cpu->box.result[0]);
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_GIC_END, INTID));
	}
	close(efd);
}

TEST_F_TIMEOUT(idle, woken_by_ppi, HANG_TIMEOUT)
{
	const uint64_t sgi_frame = VM_GICR + 0x10000;
	struct worker w;

	ASSERT_EQ(0, guest_gic_init(self->cpu));
	ASSERT_EQ(0, guest_call(self->cpu, GUEST_WRITE4, sgi_frame + 0x80, ~0U));
	ASSERT_EQ(0, guest_call(self->cpu, GUEST_WRITE4, sgi_frame + 0x100, 1U << PPI));
	worker_start(&w, self->cpu, GUEST_WFI, 0);
	wait_idle(&self->vm, &w, 1);
	ASSERT_EQ(0, gz_irq_line(self->vm.fd, IRQ_WORD(GZVM_IRQ_TYPE_PPI, 0, PPI), 1));
	pthread_join(w.thread, NULL);
	EXPECT_EQ(0, w.ret);
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_GIC_ACK));
	EXPECT_EQ(PPI, self->cpu->box.result[0]);
	EXPECT_EQ(0, gz_irq_line(self->vm.fd, IRQ_WORD(GZVM_IRQ_TYPE_PPI, 0, PPI), 0));
}

TEST_F_TIMEOUT(idle, woken_by_its_timer, HANG_TIMEOUT)
{
	const uint64_t sgi_frame = VM_GICR + 0x10000;
	int i;

	ASSERT_EQ(0, guest_gic_init(self->cpu));
	ASSERT_EQ(0, guest_call(self->cpu, GUEST_WRITE4, sgi_frame + 0x80, ~0U));
	ASSERT_EQ(0, guest_call(self->cpu, GUEST_WRITE4, sgi_frame + 0x100, 1U << 27));
	for (i = 0; i < 10; i++) {
		uint64_t start;

		EXPECT_EQ(0, guest_call(self->cpu, GUEST_TIMER, 100000 << i % 5));
		start = self->cpu->box.result[0];
		/* WFI may end early; the interrupt does not come early. */
		do {
			EXPECT_EQ(0, guest_call(self->cpu, GUEST_WFI));
			EXPECT_EQ(0, guest_call(self->cpu, GUEST_GIC_ACK));
		} while (self->cpu->box.result[0] == 1023);
		EXPECT_EQ(27, self->cpu->box.result[0]);
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_COUNTER));
		EXPECT_GE(self->cpu->box.result[0] - start, 100000 << i % 5);
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_TIMER_OFF));
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_GIC_END, 27));
	}
}

/*
 * Nobody else wants the CPU, so that a wait need not give it back before the host's next tick. Of
 * short ones some end without, a fifth at least; on a busy machine not in each batch of them, so it
 * goes on until there is one, or the harness ends it.
 */
TEST_F_TIMEOUT(idle, waits_where_it_is, HANG_TIMEOUT)
{
	const uint64_t sgi_frame = VM_GICR + 0x10000;
	long idles = 50;
	int batch;

	ASSERT_EQ(0, guest_gic_init(self->cpu));
	ASSERT_EQ(0, guest_call(self->cpu, GUEST_WRITE4, sgi_frame + 0x80, ~0U));
	ASSERT_EQ(0, guest_call(self->cpu, GUEST_WRITE4, sgi_frame + 0x100, 1U << 27));
	for (batch = 0; idles > 40; batch++) {
		idles = idle_exits(&self->vm, 0);
		/* 0.8 ms of QEMU's counter. */
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_NAP, 50000, 50));
		idles = idle_exits(&self->vm, 0) - idles;
	}
	TH_LOG("batch %d: %ld of 50 waits gave the CPU back", batch, idles);
}

/* A signal ends RUN, not the guest's wait: that goes on, and an interrupt ends it. */
TEST_F_TIMEOUT(idle, signal_in_sleep, HANG_TIMEOUT)
{
	struct worker w;
	int i;

	ASSERT_EQ(0, guest_gic_init(self->cpu));
	ASSERT_EQ(0, guest_spi_setup(self->cpu, SPI, false));
	for (i = 0; i < 20; i++) {
		long idles = idle_exits(&self->vm, 0);

		worker_start(&w, self->cpu, GUEST_WFI, 0);
		wait_idle(&self->vm, &w, idles + 1);
		gz_tgkill(w.tid, KICK_SIGNAL);
		pthread_join(w.thread, NULL);
		EXPECT_EQ(-EINTR, w.ret);
		ASSERT_EQ(0, gz_irq_line(self->vm.fd, SPI, 1));
		EXPECT_EQ(0, guest_resume(self->cpu));
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_GIC_ACK));
		EXPECT_EQ(INTID, self->cpu->box.result[0]);
		ASSERT_EQ(0, gz_irq_line(self->vm.fd, SPI, 0));
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_GIC_END, INTID));
	}
}

static void second_vcpu_round(struct __test_metadata *_metadata, struct vm *vm, int delay)
{
	struct vcpu *boot = &vm->vcpus[0], *second = &vm->vcpus[1];
	struct worker w;

	/* What the second does when it is on: a NOP whose argument comes back. */
	worker_start(&w, second, GUEST_NOP, 4711 + delay);
	if (delay)
		wait_until_asleep(w.tid);
	EXPECT_EQ(0, guest_call(boot, GUEST_HVC, PSCI_CPU_ON, 1, VM_RAM, VM_MAILBOX + PAGE));
	EXPECT_EQ(0, boot->box.result[0]);
	pthread_join(w.thread, NULL);
	EXPECT_EQ(0, w.ret);
	EXPECT_EQ(4711 + delay, second->box.result[0]);
	EXPECT_EQ(0, guest_call(second, GUEST_MPIDR));
	EXPECT_EQ(1, second->box.result[0] & 0xff);

	/* Off again: RUN of it parks. */
	worker_start(&w, second, GUEST_HVC, PSCI_CPU_OFF);
	do {
		ASSERT_EQ(0, guest_call(boot, GUEST_HVC, PSCI_AFFINITY_INFO, 1, 0));
	} while (boot->box.result[0] == 0);
	EXPECT_EQ(1, boot->box.result[0]);
	wait_until_asleep(w.tid);
	gz_tgkill(w.tid, KICK_SIGNAL);
	pthread_join(w.thread, NULL);
	EXPECT_EQ(-EINTR, w.ret);
}

/* Secondaries are in RUN before CPU_ON, or come just then; on and off again. */
TEST_F_TIMEOUT(idle, parked_until_cpu_on, HANG_TIMEOUT)
{
	int i;

	for (i = 0; i < 10; i++)
		second_vcpu_round(_metadata, &self->vm, i % 2);
}

/* One vCPU wakes the other by an SGI; the power goes off under a sleeper. */
TEST_F_TIMEOUT(idle, woken_by_another_vcpu, HANG_TIMEOUT)
{
	struct vcpu *second = &self->vm.vcpus[1];
	struct worker w;
	int i;

	ASSERT_EQ(0, guest_gic_init(self->cpu));
	worker_start(&w, second, GUEST_GIC_ON, 0);
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_HVC, PSCI_CPU_ON, 1, VM_RAM,
				VM_MAILBOX + PAGE));
	pthread_join(w.thread, NULL);
	EXPECT_EQ(0, guest_call(second, GUEST_WRITE4, VM_GICR + 0x20000 + 0x10080, ~0U));
	EXPECT_EQ(0, guest_call(second, GUEST_WRITE4, VM_GICR + 0x20000 + 0x10100, 0xffff));
	for (i = 0; i < 30; i++) {
		long idles = idle_exits(&self->vm, 1);

		worker_start(&w, second, GUEST_WFI, 0);
		if (i % 2)
			wait_idle(&self->vm, &w, idles + 1);
		/* SGI 3 to affinity 0.0.0.1 */
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_SGI, 3 << 24 | 1 << 1));
		pthread_join(w.thread, NULL);
		EXPECT_EQ(0, w.ret);
		EXPECT_EQ(0, guest_call(second, GUEST_GIC_ACK));
		EXPECT_EQ(3, second->box.result[0]);
		EXPECT_EQ(0, guest_call(second, GUEST_GIC_END, 3));
	}
	worker_start(&w, second, GUEST_WFI, 0);
	wait_until_asleep(w.tid);
	EXPECT_EQ(GZVM_EXIT_SYSTEM_EVENT, guest_call(self->cpu, GUEST_HVC, PSCI_SYSTEM_OFF));
	pthread_join(w.thread, NULL);
	EXPECT_EQ(GZVM_EXIT_SYSTEM_EVENT, w.ret);
	EXPECT_EQ(GZVM_SYSTEM_EVENT_SHUTDOWN, second->run->system_event.type);
}

/* The parked thread's process goes away. */
TEST_F_TIMEOUT(idle, closed_while_parked, HANG_TIMEOUT)
{
	struct worker w;

	worker_start(&w, &self->vm.vcpus[1], GUEST_NOP, 0);
	wait_until_asleep(w.tid);
	/* The ioctl under way keeps the file, and the file the VM. */
	close(self->vm.vcpus[1].fd);
	self->vm.vcpus[1].fd = -1;
	gz_tgkill(w.tid, KICK_SIGNAL);
	pthread_join(w.thread, NULL);
	EXPECT_EQ(-EINTR, w.ret);
}

TEST_HARNESS_MAIN
