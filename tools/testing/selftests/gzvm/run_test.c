// SPDX-License-Identifier: GPL-2.0-only
/*
 * GZVM_RUN: its structure, each exit, signals and the threads that use it.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "gzvm_util.h"

#define SPI	9

FIXTURE(run)
{
	struct vm vm;
	struct vcpu *cpu;
};

FIXTURE_SETUP(run)
{
	ASSERT_EQ(0, vm_create(&self->vm));
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 0));
	ASSERT_EQ(0, vm_boot(&self->vm));
	self->cpu = &self->vm.vcpus[0];
}

FIXTURE_TEARDOWN(run)
{
	vm_destroy(&self->vm);
}

TEST_F_TIMEOUT(run, arguments, HANG_TIMEOUT)
{
	struct gzvm_vcpu_run *run = self->cpu->run, before;
	unsigned int i;
	char *page;

	EXPECT_EQ(-EFAULT, gz_ioctl(self->cpu->fd, GZVM_RUN, NULL));
	EXPECT_EQ(-EFAULT, gz_ioctl(self->cpu->fd, GZVM_RUN, (void *)~0xfffUL));
	for (i = 0; i < sizeof(run->padding1); i++) {
		memset(run, 0, sizeof(*run));
		run->padding1[i] = 0x80;
		EXPECT_EQ(-EINVAL, vcpu_run(self->cpu));
	}

	/* immediate_exit: nothing is written, any value counts. */
	memset(run, 0xa5, sizeof(*run));
	memset(run->padding1, 0, sizeof(run->padding1));
	before = *run;
	EXPECT_EQ(-EINTR, vcpu_run(self->cpu));
	run->immediate_exit = before.immediate_exit = 1;
	EXPECT_EQ(-EINTR, vcpu_run(self->cpu));
	EXPECT_EQ(0, memcmp(run, &before, sizeof(before)));
	run->immediate_exit = 0;
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_NOP));

	/* A structure that cannot be written. */
	page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, page);
	EXPECT_EQ(-EFAULT, gz_ioctl(self->cpu->fd, GZVM_RUN, page));
	munmap(page, PAGE);
}

/* Anywhere in memory, also across the border of two pages; the bytes around it stay. */
TEST_F_TIMEOUT(run, structure_anywhere, HANG_TIMEOUT)
{
	struct gzvm_vcpu_run *mine = self->cpu->run;
	unsigned char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const unsigned int starts[] = { 0, 8, PAGE - 4, PAGE - 8, PAGE - 132, PAGE - 264, PAGE };
	unsigned int i, b;

	ASSERT_NE(MAP_FAILED, pages);
	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		memset(pages, 0x5a, 2 * PAGE);
		self->cpu->run = (void *)(pages + starts[i]);
		memset(self->cpu->run, 0, sizeof(*mine));
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_NOP, i));
		EXPECT_EQ(i, self->cpu->box.result[0]);
		for (b = 0; b < 2 * PAGE; b++)
			if ((b < starts[i] || b >= starts[i] + sizeof(*mine)) && pages[b] != 0x5a)
				break;
		EXPECT_EQ(2 * PAGE, b);
	}
	self->cpu->run = mine;
	munmap(pages, 2 * PAGE);
}

TEST_F_TIMEOUT(run, mmio, HANG_TIMEOUT)
{
	struct gzvm_vcpu_run *run = self->cpu->run;
	unsigned int size, log;

	for (log = 0, size = 1; size <= 8; log++, size *= 2) {
		uint64_t mask = size == 8 ? ~0ULL : (1ULL << 8 * size) - 1, data = 0;

		EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(self->cpu, GUEST_WRITE1 + log, VM_MMIO + size,
						     0x8877665544332211));
		EXPECT_EQ(VM_MMIO + size, run->mmio.phys_addr);
		EXPECT_EQ(size, run->mmio.size);
		EXPECT_EQ(1, run->mmio.is_write);
		memcpy(&data, run->mmio.data, 8);
		EXPECT_EQ(0x8877665544332211 & mask, data);
		EXPECT_EQ(0, guest_resume(self->cpu));

		EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(self->cpu, GUEST_READ1 + log, VM_MMIO));
		EXPECT_EQ(0, run->mmio.is_write);
		EXPECT_EQ(size, run->mmio.size);
		/* What else the VMM writes into the structure does not matter. */
		memset(&run->mmio, 0xfe, sizeof(run->mmio));
		EXPECT_EQ(0, guest_resume(self->cpu));
		EXPECT_EQ(0xfefefefefefefefe & mask, self->cpu->box.result[0]);
	}
}

/* A RUN that fails leaves what was open open: the data of the read is taken by the next one. */
TEST_F_TIMEOUT(run, mmio_read_survives_errors, HANG_TIMEOUT)
{
	struct gzvm_vcpu_run *run = self->cpu->run;

	EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(self->cpu, GUEST_READ4, VM_MMIO));
	memset(run->mmio.data, 0x11, 8);
	run->immediate_exit = 1;
	EXPECT_EQ(-EINTR, vcpu_run(self->cpu));
	run->immediate_exit = 0;
	run->padding1[1] = 1;
	EXPECT_EQ(-EINVAL, vcpu_run(self->cpu));
	run->padding1[1] = 0;
	EXPECT_EQ(-EFAULT, gz_ioctl(self->cpu->fd, GZVM_RUN, NULL));
	memset(run->mmio.data, 0x22, 8);
	EXPECT_EQ(0, guest_resume(self->cpu));
	EXPECT_EQ(0x22222222, self->cpu->box.result[0]);
}

TEST_F_TIMEOUT(run, hypercalls, HANG_TIMEOUT)
{
	struct vcpu *cpu = self->cpu;
	uint64_t *x = cpu->box.result;

	/* Unknown ones are answered, not forwarded: x0 is -1. */
	EXPECT_EQ(0, guest_call(cpu, GUEST_HVC, 0xc6000042, 1, 2, 3));
	EXPECT_EQ(~0ULL, x[0]);
	EXPECT_EQ(0, guest_call(cpu, GUEST_HVC, 0xfb001000, 0, 0, 0));
	EXPECT_EQ(~0ULL, x[0]);
	EXPECT_EQ(0, guest_call(cpu, GUEST_HVC, PSCI_VERSION));
	EXPECT_GE(x[0], 0x10000);
}

/* After an exit: the guest's own registers, and PC behind the instruction that exited. */
TEST_F_TIMEOUT(run, registers_of_the_guest, HANG_TIMEOUT)
{
	const uint32_t ldr_x0_x1 = 0xf9400020;
	struct vcpu *cpu = self->cpu;
	uint64_t value, now;
	unsigned int i;

	EXPECT_EQ(GZVM_EXIT_MMIO, guest_call(cpu, GUEST_READ8, VM_MMIO, 0x2222, 0x3333, 0x4444));
	for (i = 2; i <= 4; i++) {
		ASSERT_EQ(0, gz_get_reg(cpu->fd, REG_X(i), &value));
		EXPECT_EQ(i * 0x1111, value);
	}
	ASSERT_EQ(0, gz_get_reg(cpu->fd, REG_X(1), &value));
	EXPECT_EQ(VM_MMIO, value);
	ASSERT_EQ(0, gz_get_reg(cpu->fd, REG_X(28), &value));
	EXPECT_EQ(VM_MAILBOX, value);
	ASSERT_EQ(0, gz_get_reg(cpu->fd, REG_PSTATE, &value));
	EXPECT_EQ(PSTATE_EL1H & 0x3cf, value & 0x3cf);
	ASSERT_EQ(0, gz_get_reg(cpu->fd, REG_PC, &value));
	EXPECT_EQ(ldr_x0_x1, *(uint32_t *)vm_at(&self->vm, value - 4));
	/* Nothing of that moves the guest. */
	memset(cpu->run->mmio.data, 0x66, 8);
	EXPECT_EQ(0, guest_resume(cpu));
	EXPECT_EQ(0x6666666666666666, cpu->box.result[0]);

	/* A system register that it has written: its timer's, by TVAL. */
	EXPECT_EQ(0, guest_call(cpu, GUEST_TIMER, 0x40000000));
	now = cpu->box.result[0];
	EXPECT_EQ(0, guest_call(cpu, GUEST_COUNTER));
	ASSERT_EQ(0, gz_get_reg(cpu->fd, REG_SYS(3, 3, 14, 3, 2), &value));
	EXPECT_LE(now + 0x40000000, value);
	EXPECT_GE(cpu->box.result[0] + 0x40000000, value);
	ASSERT_EQ(0, gz_get_reg(cpu->fd, REG_SYS(3, 3, 14, 3, 1), &value));
	EXPECT_EQ(1, value & 3);
}

static uint64_t join(const uint64_t *x)
{
	return x[0] << 32 | (uint32_t)x[1];
}

TEST_F_TIMEOUT(run, wall_clock, HANG_TIMEOUT)
{
	struct vcpu *cpu = self->cpu;
	uint64_t *x = cpu->box.result, before, after, at;
	struct timespec t0, t1;

	clock_gettime(CLOCK_REALTIME, &t0);
	EXPECT_EQ(0, guest_call(cpu, GUEST_COUNTER));
	before = x[0];
	EXPECT_EQ(0, guest_call(cpu, GUEST_HVC, HVC_PTP, 0));
	clock_gettime(CLOCK_REALTIME, &t1);
	at = join(x);
	EXPECT_GE(at, t0.tv_sec * 1000000000ULL + t0.tv_nsec);
	EXPECT_LE(at, t1.tv_sec * 1000000000ULL + t1.tv_nsec);
	at = join(x + 2);
	EXPECT_EQ(0, guest_call(cpu, GUEST_COUNTER));
	after = x[0];
	/* The virtual counter as the guest itself reads it. */
	EXPECT_LT(before, at);
	EXPECT_LT(at, after);

	EXPECT_EQ(0, guest_call(cpu, GUEST_HVC, HVC_PTP, 1));
	EXPECT_GE(join(x + 2), at);
	EXPECT_EQ(0, guest_call(cpu, GUEST_HVC, HVC_PTP, 2));
	EXPECT_EQ(~0ULL, x[0]);
}

/* The end of the guest is told to each RUN of each vCPU, and resets nothing by itself. */
TEST_F_TIMEOUT(run, power_off, HANG_TIMEOUT)
{
	struct gzvm_vcpu_run *run = self->cpu->run;
	int i;

	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 1));
	EXPECT_EQ(GZVM_EXIT_SYSTEM_EVENT, guest_call(self->cpu, GUEST_HVC, PSCI_SYSTEM_OFF));
	EXPECT_EQ(GZVM_SYSTEM_EVENT_SHUTDOWN, run->system_event.type);
	for (i = 0; i < 3; i++) {
		memset(run, 0, sizeof(*run));
		EXPECT_EQ(0, vcpu_run(self->cpu));
		EXPECT_EQ(GZVM_EXIT_SYSTEM_EVENT, run->exit_reason);
		EXPECT_EQ(GZVM_SYSTEM_EVENT_SHUTDOWN, run->system_event.type);
		EXPECT_EQ(0, vcpu_run(&self->vm.vcpus[1]));
		EXPECT_EQ(GZVM_EXIT_SYSTEM_EVENT, self->vm.vcpus[1].run->exit_reason);
	}
}

/* No memory where the guest starts. */
TEST_F_TIMEOUT(run, guest_ends_in_crash, HANG_TIMEOUT)
{
	struct gzvm_vcpu_run *run = self->cpu->run;

	ASSERT_EQ(0, gz_set_reg(self->cpu->fd, REG_PC, 0x40000000));
	EXPECT_EQ(0, vcpu_run(self->cpu));
	EXPECT_EQ(GZVM_EXIT_SYSTEM_EVENT, run->exit_reason);
	EXPECT_EQ(GZVM_SYSTEM_EVENT_CRASH, run->system_event.type);
	EXPECT_EQ(GZVM_CRASH_NDATA, run->system_event.ndata);
	EXPECT_EQ(GZVM_CRASH_BAD_ABORT, run->system_event.data[GZVM_CRASH_DATA_REASON]);
}

/* Threads and signals. */

static _Atomic int handled;
static struct gzvm_vcpu_run *handler_run;

static void count_signal(int signal)
{
	handled++;
}

static void set_immediate_exit(int signal)
{
	handled++;
	handler_run->immediate_exit = 1;
}

struct runner {
	pthread_t thread;
	struct vcpu *cpu;
	struct gzvm_vcpu_run *run;
	_Atomic pid_t tid;
	long ret;
};

static void *runner(void *arg)
{
	struct runner *r = arg;

	r->tid = gz_gettid();
	r->ret = gz_ioctl(r->cpu->fd, GZVM_RUN, r->run);
	return NULL;
}

static void runner_start(struct runner *r, struct vcpu *cpu, struct gzvm_vcpu_run *run)
{
	*r = (struct runner){ .cpu = cpu, .run = run };
	pthread_create(&r->thread, NULL, runner, r);
	while (!r->tid)
		usleep(100);
}

/* What the guest is told has been read from the mailbox: it begins with the next RUN. */
static void start_op(struct __test_metadata *_metadata, struct vcpu *cpu, enum guest_op op)
{
	guest_prepare(cpu, op, (const uint64_t [4]){});
	do {
		ASSERT_EQ(0, vcpu_run(cpu));
		ASSERT_EQ(GZVM_EXIT_MMIO, cpu->run->exit_reason);
		memcpy(cpu->run->mmio.data,
		       (char *)&cpu->box + (cpu->run->mmio.phys_addr & (PAGE - 1)), 8);
	} while (cpu->run->mmio.phys_addr & (PAGE - 1));
}

static void start_spinning(struct __test_metadata *_metadata, struct vcpu *cpu)
{
	start_op(_metadata, cpu, GUEST_SPIN);
}

/* A signal ends RUN wherever the guest is, many times in a row. */
TEST_F_TIMEOUT(run, signals_end_run, HANG_TIMEOUT)
{
	struct runner r;
	int i;

	kick_setup(count_signal, 0);
	start_spinning(_metadata, self->cpu);
	for (i = 0; i < 100; i++) {
		handled = 0;
		runner_start(&r, self->cpu, self->cpu->run);
		if (i % 2)
			usleep(i * 20);
		/* Sent before RUN the signal may have been handled by then: again until it ends. */
		while (pthread_tryjoin_np(r.thread, NULL)) {
			gz_tgkill(r.tid, KICK_SIGNAL);
			usleep(1000);
		}
		EXPECT_EQ(-EINTR, r.ret);
		EXPECT_GE(handled, 1);
	}
}

/* One signal is enough with immediate_exit: that is how VMMs close the gap before RUN. */
TEST_F_TIMEOUT(run, one_kick_is_enough, HANG_TIMEOUT)
{
	struct runner r;
	int i;

	kick_setup(set_immediate_exit, SA_RESTART);
	handler_run = self->cpu->run;
	start_spinning(_metadata, self->cpu);
	for (i = 0; i < 300; i++) {
		handled = 0;
		self->cpu->run->immediate_exit = 0;
		runner_start(&r, self->cpu, self->cpu->run);
		if (i % 3)
			usleep(i % 3 * i * 5);
		gz_tgkill(r.tid, KICK_SIGNAL);
		pthread_join(r.thread, NULL);
		EXPECT_EQ(-EINTR, r.ret);
		EXPECT_EQ(1, handled);
	}
}

/*
 * immediate_exit that another thread sets while the guest runs is not overwritten by the exit that
 * comes then, and ends the next RUN.
 */
TEST_F_TIMEOUT(run, exits_keep_immediate_exit, HANG_TIMEOUT)
{
	struct gzvm_vcpu_run *run = self->cpu->run;
	struct runner r;

	ASSERT_EQ(0, guest_gic_init(self->cpu));
	ASSERT_EQ(0, guest_spi_setup(self->cpu, SPI, false));
	start_op(_metadata, self->cpu, GUEST_WFI);
	runner_start(&r, self->cpu, run);
	while (vm_exits(&self->vm, 0, "idle") < 1)
		usleep(1000);
	/* RUN has looked at it, and has no exit for the VMM yet: the guest sleeps. */
	run->immediate_exit = 1;
	EXPECT_EQ(0, gz_irq_line(self->vm.fd, IRQ_WORD(GZVM_IRQ_TYPE_CPU, 0, SPI), 1));
	pthread_join(r.thread, NULL);
	EXPECT_EQ(0, r.ret);
	EXPECT_EQ(GZVM_EXIT_MMIO, run->exit_reason);
	EXPECT_EQ(1, run->immediate_exit);
	EXPECT_EQ(-EINTR, vcpu_run(self->cpu));
	run->immediate_exit = 0;
	EXPECT_EQ(0, guest_resume(self->cpu));
}

/* Two threads in RUN of one vCPU: the second waits, and a signal ends its wait. */
TEST_F_TIMEOUT(run, two_threads_one_vcpu, HANG_TIMEOUT)
{
	struct gzvm_vcpu_run second_run = {}, empty = {};
	struct runner first, second;

	kick_setup(count_signal, 0);
	start_spinning(_metadata, self->cpu);
	runner_start(&first, self->cpu, self->cpu->run);
	while (vm_exits(&self->vm, 0, "irq") < 1)
		usleep(1000);
	runner_start(&second, self->cpu, &second_run);
	wait_until_asleep(second.tid);
	gz_tgkill(second.tid, KICK_SIGNAL);
	pthread_join(second.thread, NULL);
	EXPECT_EQ(-EINTR, second.ret);
	EXPECT_EQ(0, memcmp(&empty, &second_run, sizeof(empty)));

	/* The first goes, the second enters. */
	runner_start(&second, self->cpu, &second_run);
	wait_until_asleep(second.tid);
	gz_tgkill(first.tid, KICK_SIGNAL);
	pthread_join(first.thread, NULL);
	EXPECT_EQ(-EINTR, first.ret);
	while (pthread_tryjoin_np(second.thread, NULL)) {
		gz_tgkill(second.tid, KICK_SIGNAL);
		usleep(1000);
	}
	EXPECT_EQ(-EINTR, second.ret);
}

/*
 * The second is kicked while it waits. A handler with SA_RESTART sets immediate_exit, and RUN,
 * restarted, has to see it before it waits again: nobody sends another signal. Nor does it
 * wait when immediate_exit was set before.
 */
TEST_F_TIMEOUT(run, second_thread_sees_immediate_exit, HANG_TIMEOUT)
{
	struct gzvm_vcpu_run second_run = {};
	struct runner first, second;
	int i;

	kick_setup(set_immediate_exit, SA_RESTART);
	handler_run = &second_run;
	start_spinning(_metadata, self->cpu);
	runner_start(&first, self->cpu, self->cpu->run);
	while (vm_exits(&self->vm, 0, "irq") < 1)
		usleep(1000);
	for (i = 0; i < 20; i++) {
		second_run.immediate_exit = 0;
		handled = 0;
		runner_start(&second, self->cpu, &second_run);
		if (i % 2)
			wait_until_asleep(second.tid);
		gz_tgkill(second.tid, KICK_SIGNAL);
		pthread_join(second.thread, NULL);
		EXPECT_EQ(-EINTR, second.ret);
		EXPECT_EQ(1, handled);
	}
	EXPECT_EQ(1, second_run.immediate_exit);
	EXPECT_EQ(-EINTR, gz_ioctl(self->cpu->fd, GZVM_RUN, &second_run));
	second_run.immediate_exit = 0;
	second_run.padding1[0] = 1;
	EXPECT_EQ(-EINVAL, gz_ioctl(self->cpu->fd, GZVM_RUN, &second_run));
	EXPECT_EQ(-EFAULT, gz_ioctl(self->cpu->fd, GZVM_RUN, NULL));

	handler_run = self->cpu->run;
	gz_tgkill(first.tid, KICK_SIGNAL);
	pthread_join(first.thread, NULL);
	EXPECT_EQ(-EINTR, first.ret);
}

struct register_caller {
	struct vcpu *cpu;
	bool get;
	_Atomic pid_t tid;
	long ret;
};

static void *register_caller(void *arg)
{
	struct register_caller *c = arg;
	uint64_t value;

	c->tid = gz_gettid();
	c->ret = c->get ? gz_get_reg(c->cpu->fd, REG_X(1), &value) :
			  gz_set_reg(c->cpu->fd, REG_X(1), 1);
	return NULL;
}

/* Registers of a vCPU in RUN: the call waits, and a signal ends its wait. */
TEST_F_TIMEOUT(run, registers_wait_interruptibly, HANG_TIMEOUT)
{
	struct register_caller caller;
	struct runner first;
	pthread_t thread;
	int get;

	kick_setup(count_signal, 0);
	start_spinning(_metadata, self->cpu);
	runner_start(&first, self->cpu, self->cpu->run);
	while (vm_exits(&self->vm, 0, "irq") < 1)
		usleep(1000);
	for (get = 0; get < 2; get++) {
		caller = (struct register_caller){ .cpu = self->cpu, .get = get };
		pthread_create(&thread, NULL, register_caller, &caller);
		while (!caller.tid)
			usleep(100);
		wait_until_asleep(caller.tid);
		gz_tgkill(caller.tid, KICK_SIGNAL);
		pthread_join(thread, NULL);
		EXPECT_EQ(-EINTR, caller.ret);
	}
	gz_tgkill(first.tid, KICK_SIGNAL);
	pthread_join(first.thread, NULL);
	EXPECT_EQ(-EINTR, first.ret);
}

/* Registers wait for RUN as well. */
TEST_F_TIMEOUT(run, registers_while_running, HANG_TIMEOUT)
{
	struct runner first;
	int i;

	kick_setup(set_immediate_exit, SA_RESTART);
	handler_run = self->cpu->run;
	start_spinning(_metadata, self->cpu);
	for (i = 0; i < 20; i++) {
		self->cpu->run->immediate_exit = 0;
		runner_start(&first, self->cpu, self->cpu->run);
		if (i % 2)
			usleep(2000);
		gz_tgkill(first.tid, KICK_SIGNAL);
		EXPECT_EQ(0, gz_set_reg(self->cpu->fd, REG_X(5), i));
		pthread_join(first.thread, NULL);
	}
	/* Out of the spin: from the start again. */
	self->cpu->run->immediate_exit = 0;
	ASSERT_EQ(0, vm_boot(&self->vm));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_NOP, 3));
	EXPECT_EQ(3, self->cpu->box.result[0]);
}

/* The thread, or the whole process, dies in RUN. */
TEST_F_TIMEOUT(run, killed_in_run, HANG_TIMEOUT)
{
	long vms = hyp_stat("vms");
	int i, status;
	pid_t child;

	for (i = 0; i < 10; i++) {
		int ready[2];
		char byte;

		ASSERT_EQ(0, pipe(ready));
		child = fork();
		if (!child) {
			struct vm vm;

			if (vm_create(&vm) || vm_add_vcpu(&vm, 0) || vm_boot(&vm))
				_exit(1);
			if (write(ready[1], "", 1) != 1)
				_exit(2);
			guest_call(&vm.vcpus[0], GUEST_HAMMER, VM_DATA, 1024);
			_exit(3);
		}
		ASSERT_EQ(1, read(ready[0], &byte, 1));
		usleep(i * 1000);
		kill(child, SIGKILL);
		EXPECT_EQ(child, waitpid(child, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		close(ready[0]);
		close(ready[1]);
	}
	EXPECT_EQ(vms, hyp_stat("vms"));
}

/* This program as the one that exec begins, and how it ends then. */
#define EXECUTED	"--executed"
#define EXECUTED_STATUS	42

/* exec by one thread while another is in RUN. */
TEST_F_TIMEOUT(run, exec_while_running, HANG_TIMEOUT)
{
	long vms = hyp_stat("vms");
	struct runner r;
	struct vm vm;
	pid_t child;
	int status;

	child = fork();
	if (!child) {
		if (vm_create(&vm) || vm_add_vcpu(&vm, 0) || vm_boot(&vm))
			_exit(1);
		start_spinning(_metadata, &vm.vcpus[0]);
		runner_start(&r, &vm.vcpus[0], vm.vcpus[0].run);
		execl("/proc/self/exe", "run_test", EXECUTED, NULL);
		_exit(2);
	}
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == EXECUTED_STATUS);
	EXPECT_EQ(vms, hyp_stat("vms"));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], EXECUTED))
		return EXECUTED_STATUS;
	return test_harness_run(argc, argv);
}
