// SPDX-License-Identifier: GPL-2.0-only
/*
 * A call waits for memory that the VMM itself is to provide (userfaultfd): whoever waits behind
 * it can still be reached by a signal, and who has nothing to do with it does not wait.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "gzvm_util.h"

#define HOLE		0xc0000000UL	/* guest physical: memory that is missing */
#define PLAIN		0xd0000000UL	/* ordinary memory */

FIXTURE(wait)
{
	struct vm vm;
	char *hole;
	char *plain;
	int uffd;
};

FIXTURE_SETUP(wait)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	self->hole = vm_map(BLOCK);
	self->plain = vm_map(BLOCK);
	ASSERT_NE(NULL, self->hole);
	ASSERT_NE(NULL, self->plain);
	range.range.start = (uintptr_t)self->hole;
	range.range.len = BLOCK;
	self->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	ASSERT_GE(self->uffd, 0);
	ASSERT_EQ(0, ioctl(self->uffd, UFFDIO_API, &api));
	ASSERT_EQ(0, ioctl(self->uffd, UFFDIO_REGISTER, &range));
	ASSERT_EQ(0, vm_create(&self->vm));
	ASSERT_EQ(0, gz_region(self->vm.fd, 1, HOLE, PAGE, self->hole));
	ASSERT_EQ(0, gz_region(self->vm.fd, 2, PLAIN, BLOCK, self->plain));
}

FIXTURE_TEARDOWN(wait)
{
	vm_destroy(&self->vm);
	close(self->uffd);
	munmap(self->hole, BLOCK);
	munmap(self->plain, BLOCK);
}

/* Returns when somebody sleeps for a page of the hole. */
static void await_fault(struct __test_metadata *_metadata, int uffd)
{
	struct uffd_msg msg = {};

	ASSERT_EQ(sizeof(msg), read(uffd, &msg, sizeof(msg)));
	ASSERT_EQ(UFFD_EVENT_PAGEFAULT, msg.event);
}

static void provide(struct __test_metadata *_metadata, int uffd, char *page)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)page, PAGE } };

	ASSERT_EQ(0, ioctl(uffd, UFFDIO_ZEROPAGE, &zero));
}

/* A guest that reads: the missing memory once, or ordinary memory again and again. */
struct reader {
	pthread_t thread;
	struct vcpu *cpu;
	char *plain;
	_Atomic pid_t tid;
	_Atomic bool done;
	long ret;
};

static void *reader(void *arg)
{
	struct reader *r = arg;

	r->tid = gz_gettid();
	if (!r->plain)
		r->ret = guest_call(r->cpu, GUEST_READ8, HOLE);
	else
		do {
			/* Each time it is a page fault of the guest. */
			madvise(r->plain, BLOCK, MADV_DONTNEED);
			r->ret = guest_call(r->cpu, GUEST_READ8, PLAIN);
		} while (!r->ret);
	r->done = true;
	return NULL;
}

static void reader_start(struct reader *r, struct vcpu *cpu, char *plain)
{
	*r = (struct reader){ .cpu = cpu, .plain = plain };
	pthread_create(&r->thread, NULL, reader, r);
	while (!r->tid)
		usleep(100);
}

/* Until a thread or process sleeps, whether a signal can reach it or not. */
static void wait_until_blocked(pid_t pid)
{
	wait_for_state(pid, "SDZ");
}

static int change_slots(void *arg)
{
	struct vm *vm = arg;

	_exit(gz_region(vm->fd, 3, 0xe0000000, PAGE, vm->mem) ? 1 : 0);
}

static void kick_handler(int signal)
{
}

static char stack[64 * 1024] __attribute__((aligned(16)));

/*
 * vCPU 0 sleeps for a page; a change of the slots waits for that fault, and the page fault of
 * vCPU 1 behind the change. The change is made by another process, with the same memory, so that
 * it can be killed alone.
 */
TEST_F_TIMEOUT(wait, behind_a_page_fault, HANG_TIMEOUT)
{
	struct reader sleeper, other;
	int status = 0;
	pid_t child;

	kick_setup(kick_handler, 0);
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 0));
	ASSERT_EQ(0, vm_boot(&self->vm));
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 1));
	/* The second is started by the first. */
	EXPECT_EQ(0, guest_call(&self->vm.vcpus[0], GUEST_HVC, PSCI_CPU_ON, 1, VM_RAM,
				VM_MAILBOX + PAGE));
	EXPECT_EQ(0, self->vm.vcpus[0].box.result[0]);
	EXPECT_EQ(0, guest_call(&self->vm.vcpus[1], GUEST_READ8, PLAIN));

	reader_start(&sleeper, &self->vm.vcpus[0], NULL);
	await_fault(_metadata, self->uffd);
	child = clone(change_slots, stack + sizeof(stack), CLONE_VM | CLONE_FILES | SIGCHLD,
		      &self->vm);
	ASSERT_GT(child, 0);
	wait_until_blocked(child);
	reader_start(&other, &self->vm.vcpus[1], self->plain);
	wait_until_blocked(other.tid);
	self->vm.vcpus[1].run->immediate_exit = 1;
	while (!other.done) {
		gz_tgkill(other.tid, KICK_SIGNAL);
		usleep(1000);
	}
	pthread_join(other.thread, NULL);
	EXPECT_EQ(-EINTR, other.ret);
	EXPECT_FALSE(sleeper.done);

	kill(child, SIGKILL);
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	EXPECT_FALSE(sleeper.done);
	/* Nothing of the change was done. */
	provide(_metadata, self->uffd, self->hole);
	pthread_join(sleeper.thread, NULL);
	EXPECT_EQ(0, sleeper.ret);
	EXPECT_EQ(-EINVAL, gz_region(self->vm.fd, 3, 0, 0, NULL));

	/* What was interrupted goes on. */
	self->vm.vcpus[1].run->immediate_exit = 0;
	EXPECT_EQ(0, guest_resume(&self->vm.vcpus[1]));
}

struct creator {
	struct gzvm_create_device dev;
	int fd;
	long ret;
};

static void *creator(void *arg)
{
	struct creator *c = arg;

	c->ret = gz_ioctl(c->fd, GZVM_CREATE_DEVICE, &c->dev);
	return NULL;
}

/* Attributes of a device that are not there yet: other calls of the VM go on. */
TEST_F_TIMEOUT(wait, attributes_of_a_device, HANG_TIMEOUT)
{
	struct creator c = {
		.dev = {
			.dev_type = GZVM_DEV_TYPE_ARM_VGIC_V3_DIST, .dev_addr = VM_GICD,
			.dev_reg_size = 0x10000, .attr_addr = (uintptr_t)self->hole,
			.attr_size = 64,
		},
	};
	pthread_t thread;
	struct vm vm;

	ASSERT_EQ(0, vm_create_bare(&vm));
	c.fd = vm.fd;
	pthread_create(&thread, NULL, creator, &c);
	await_fault(_metadata, self->uffd);
	EXPECT_EQ(0, vm_add_vcpu(&vm, 0));
	provide(_metadata, self->uffd, self->hole);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, c.ret);
	vm_destroy(&vm);
}

TEST_HARNESS_MAIN
