// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads against each other: RUN, kicks, closed files, changed memory, eventfds. The kernel
 * must live, the calls return what they may, and nothing is left. Rounds are counted, no time
 * is measured.
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

#define MORE		0xc0000000UL
#define THREADS		4

static void nothing(int signal)
{
}

FIXTURE(race)
{
	long vms;
	long vcpus;
	long pool;
};

FIXTURE_SETUP(race)
{
	kick_setup(nothing, 0);
	self->vms = hyp_stat("vms");
	self->vcpus = hyp_stat("vcpus");
	self->pool = hyp_stat("pool_free");
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(self->vms, hyp_stat("vms"));
	EXPECT_EQ(self->vcpus, hyp_stat("vcpus"));
	EXPECT_EQ(self->pool, hyp_stat("pool_free"));
}

/* Threads that begin together. */
struct gang {
	pthread_barrier_t start;
	pthread_t threads[THREADS];
	long results[THREADS];
	int fd;
	struct vm *vm;
	_Atomic bool stop;
	long (*work)(struct gang *gang, unsigned int index);
};

struct member {
	struct gang *gang;
	unsigned int index;
};

static void *gang_member(void *arg)
{
	struct member *m = arg;
	struct gang *gang = m->gang;

	pthread_barrier_wait(&gang->start);
	gang->results[m->index] = gang->work(gang, m->index);
	return NULL;
}

static void gang_run(struct gang *gang, long (*work)(struct gang *gang, unsigned int index))
{
	struct member members[THREADS];
	unsigned int i;

	gang->work = work;
	gang->stop = false;
	pthread_barrier_init(&gang->start, NULL, THREADS);
	for (i = 0; i < THREADS; i++) {
		members[i] = (struct member){ gang, i };
		pthread_create(&gang->threads[i], NULL, gang_member, &members[i]);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(gang->threads[i], NULL);
	pthread_barrier_destroy(&gang->start);
}

static long create_same_vcpu(struct gang *gang, unsigned int index)
{
	return gz_ioctl_value(gang->fd, GZVM_CREATE_VCPU, 3);
}

/* Of those who create one vCPU, one does. */
TEST_F_TIMEOUT(race, one_creates_a_vcpu, HANG_TIMEOUT)
{
	struct gang gang = {};
	unsigned int round, i, won;
	struct vm vm;

	for (round = 0; round < 20; round++) {
		ASSERT_EQ(0, vm_create_bare(&vm));
		gang.fd = vm.fd;
		gang_run(&gang, create_same_vcpu);
		for (i = won = 0; i < THREADS; i++) {
			if (gang.results[i] >= 0) {
				won++;
				close(gang.results[i]);
			} else {
				EXPECT_EQ(-EEXIST, gang.results[i]);
			}
		}
		EXPECT_EQ(1, won);
		vm_destroy(&vm);
	}
}

static long set_same_slot(struct gang *gang, unsigned int index)
{
	return gz_region(gang->fd, index % 2, MORE + index / 2 * PAGE, 2 * PAGE, gang->vm->mem);
}

/* Slots that overlap: whoever comes first, in the end no two cover one page. */
TEST_F_TIMEOUT(race, slots_never_overlap, HANG_TIMEOUT)
{
	struct gang gang = {};
	unsigned int round, i;
	struct vm vm;

	for (round = 0; round < 20; round++) {
		ASSERT_EQ(0, vm_create(&vm));
		ASSERT_EQ(0, gz_region(vm.fd, 0, 0, 0, NULL));
		gang.fd = vm.fd;
		gang.vm = &vm;
		gang_run(&gang, set_same_slot);
		for (i = 0; i < THREADS; i++)
			EXPECT_TRUE(!gang.results[i] || gang.results[i] == -EEXIST);
		/* One of the two slots has it, and only one. */
		EXPECT_NE(!gz_region(vm.fd, 0, 0, 0, NULL), !gz_region(vm.fd, 1, 0, 0, NULL));
		vm_destroy(&vm);
	}
}

/* Thread 0 is the guest; the others do something to it until it is told to stop. */
static void hammer_until_stop(struct gang *gang, struct vcpu *cpu)
{
	guest_prepare(cpu, GUEST_HAMMER, (const uint64_t [4]){ VM_DATA, 64 });
	while (!gang->stop)
		guest_resume(cpu);
}

static void kick(struct gang *gang, unsigned int index)
{
	pthread_kill(gang->threads[index], KICK_SIGNAL);
}

#define ROUNDS	150

static long memory_changes(struct gang *gang, unsigned int index)
{
	struct vm *vm = gang->vm;
	char *data = vm_at(vm, VM_DATA);
	unsigned int i;
	long ret = 0;

	switch (index) {
	case 0:
		hammer_until_stop(gang, &vm->vcpus[0]);
		return 0;
	case 1:
		/* Slots come and go beside the memory that the guest uses. */
		for (i = 0; i < ROUNDS && !ret; i++)
			ret = gz_region(vm->fd, 1, MORE, BLOCK, data) ?:
			      gz_region(vm->fd, 1, MORE + BLOCK, BLOCK, data) ?:
			      gz_region(vm->fd, 1, 0, 0, NULL);
		return ret;
	case 2:
		/* Its own slot is pointed elsewhere and back. */
		for (i = 0; i < ROUNDS && !ret; i++)
			ret = gz_region(vm->fd, 0, VM_RAM, vm->size,
					(char *)vm->mem + (i % 2 ? 0 : vm->size));
		/* RUN sees immediate_exit, or is in the guest and gets the signal: one is enough. */
		gang->stop = true;
		vm->vcpus[0].run->immediate_exit = 1;
		kick(gang, 0);
		return ret;
	default:
		/* The VMM's own memory changes below it. */
		for (i = 0; i < ROUNDS * 4; i++)
			madvise(data + i % 64 * PAGE, PAGE, MADV_DONTNEED);
		for (i = 0; i < ROUNDS; i++)
			kick(gang, 0);
		return 0;
	}
}

TEST_F_TIMEOUT(race, memory_under_a_running_guest, HANG_TIMEOUT)
{
	struct gang gang = {};
	unsigned int i;
	struct vm vm;
	char *twice;

	ASSERT_EQ(0, vm_create(&vm));
	/* Twice the memory, with the guest's code in both halves. */
	twice = vm_map(2 * vm.size);
	ASSERT_NE(NULL, twice);
	memcpy(twice, guest_code, guest_code_end - guest_code);
	memcpy(twice + vm.size, guest_code, guest_code_end - guest_code);
	ASSERT_EQ(0, gz_region(vm.fd, 0, VM_RAM, vm.size, twice));
	munmap(vm.mem, vm.size);
	vm.mem = twice;
	ASSERT_EQ(0, vm_add_vcpu(&vm, 0));
	ASSERT_EQ(0, vm_boot(&vm));
	gang.vm = &vm;
	gang_run(&gang, memory_changes);
	for (i = 0; i < THREADS; i++)
		EXPECT_EQ(0, gang.results[i]);
	munmap(twice + vm.size, vm.size);
	vm_destroy(&vm);
}

static struct gzvm_vcpu_run shared_runs[2];
static int shared_fds[2];

static long closing(struct gang *gang, unsigned int index)
{
	unsigned int i;
	int fd;

	switch (index) {
	case 0:
	case 1:
		/* Two in RUN of one vCPU, by descriptors that are closed meanwhile. */
		while (!gang->stop)
			gz_ioctl(shared_fds[0], GZVM_RUN, &shared_runs[index]);
		return 0;
	case 2:
		for (i = 0; i < 30; i++) {
			kick(gang, 0);
			kick(gang, 1);
			usleep(500);
		}
		close(shared_fds[0]);
		close(shared_fds[1]);
		gang->stop = true;
		shared_runs[0].immediate_exit = shared_runs[1].immediate_exit = 1;
		kick(gang, 0);
		kick(gang, 1);
		return 0;
	default:
		for (i = 0; i < 200 && !gang->stop; i++) {
			fd = gz_ioctl_value(shared_fds[1], GZVM_CREATE_VCPU, i % 8);
			if (fd >= 0)
				close(fd);
			gz_irq_line(shared_fds[1], i % 64, i % 2);
		}
		return 0;
	}
}

TEST_F_TIMEOUT(race, files_closed_in_use, HANG_TIMEOUT)
{
	struct gang gang = {};
	unsigned int round;
	struct vm vm;

	for (round = 0; round < 10; round++) {
		ASSERT_EQ(0, vm_create(&vm));
		ASSERT_EQ(0, vm_add_vcpu(&vm, 0));
		ASSERT_EQ(0, vm_boot(&vm));
		shared_fds[0] = vm.vcpus[0].fd;
		shared_fds[1] = vm.fd;
		vm.vcpus[0].fd = vm.fd = -1;
		memset(shared_runs, 0, sizeof(shared_runs));
		gang_run(&gang, closing);
		vm_destroy(&vm);
	}
}

static int event;

static long eventfd_storm(struct gang *gang, unsigned int index)
{
	uint64_t one = 1;
	unsigned int i;
	long ret = 0;

	for (i = 0; i < ROUNDS * 2; i++) {
		switch (index) {
		case 0:
			ret = gz_irqfd(gang->fd, event, i % 8, 0, 0);
			if (ret && ret != -EBUSY)
				return ret;
			break;
		case 1:
			ret = gz_irqfd(gang->fd, event, i % 8, GZVM_IRQFD_FLAG_DEASSIGN, 0);
			if (ret)
				return ret;
			break;
		case 2:
			if (write(event, &one, sizeof(one)) != sizeof(one))
				return -errno;
			break;
		default:
			ret = gz_ioeventfd(gang->fd, event, VM_MMIO, 4, 0, 0);
			if (ret && ret != -EEXIST)
				return ret;
			ret = gz_ioeventfd(gang->fd, event, VM_MMIO, 4,
					   GZVM_IOEVENTFD_FLAG_DEASSIGN, 0);
			if (ret)
				return ret;
		}
	}
	return 0;
}

TEST_F_TIMEOUT(race, eventfds, HANG_TIMEOUT)
{
	struct gang gang = {};
	unsigned int round, i;
	struct vm vm;

	for (round = 0; round < 4; round++) {
		ASSERT_EQ(0, vm_create(&vm));
		event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		gang.fd = vm.fd;
		gang_run(&gang, eventfd_storm);
		for (i = 0; i < THREADS; i++)
			EXPECT_EQ(0, gang.results[i]);
		/* Either of the two goes first, with the irqfd perhaps assigned. */
		if (round % 2) {
			close(event);
			vm_destroy(&vm);
		} else {
			vm_destroy(&vm);
			close(event);
		}
	}
}

static long signal_to_closing_vm(struct gang *gang, unsigned int index)
{
	uint64_t one = 1;
	unsigned int i;

	if (index == 0) {
		close(gang->fd);
		return 0;
	}
	for (i = 0; i < 20; i++)
		if (write(event, &one, sizeof(one)) != sizeof(one))
			return -errno;
	return 0;
}

/* Signals on their way while the VM's file goes. */
TEST_F_TIMEOUT(race, signals_to_a_vm_that_goes, HANG_TIMEOUT)
{
	struct gang gang = {};
	unsigned int round, i;
	struct vm vm;

	for (round = 0; round < 30; round++) {
		ASSERT_EQ(0, vm_create(&vm));
		event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		ASSERT_EQ(0, gz_irqfd(vm.fd, event, 1, 0, 0));
		gang.fd = vm.fd;
		vm.fd = -1;
		gang_run(&gang, signal_to_closing_vm);
		for (i = 0; i < THREADS; i++)
			EXPECT_EQ(0, gang.results[i]);
		close(event);
		vm_destroy(&vm);
	}
}

/* One VM is there while each reads once; then they come and go under the readers. */
static long debugfs_readers(struct gang *gang, unsigned int index)
{
	unsigned int i;
	struct vm vm;
	long ret;

	ret = index && (vm_exits(NULL, 0, "runs") < 0 || vm_debugfs(NULL, "stage2_pages") < 0 ||
			vm_debugfs(NULL, "protected_hyp_mem") < 0);
	pthread_barrier_wait(&gang->start);
	if (index == 0)
		vm_destroy(gang->vm);
	for (i = 0; i < 40; i++) {
		if (index == 0) {
			if (vm_create_bare(&vm) || vm_add_vcpu(&vm, i % 8))
				return -1;
			vm_destroy(&vm);
		} else {
			/* There or not there, or more than one: each is fine. */
			vm_exits(NULL, 0, "runs");
			vm_debugfs(NULL, "stage2_pages");
			vm_debugfs(NULL, "protected_hyp_mem");
		}
	}
	return ret;
}

TEST_F_TIMEOUT(race, debugfs_of_vms_that_go, HANG_TIMEOUT)
{
	struct gang gang = {};
	unsigned int i;
	struct vm vm;

	ASSERT_EQ(0, vm_create_bare(&vm));
	ASSERT_EQ(0, vm_add_vcpu(&vm, 0));
	gang.vm = &vm;
	gang_run(&gang, debugfs_readers);
	for (i = 0; i < THREADS; i++)
		EXPECT_EQ(0, gang.results[i]);
}

TEST_HARNESS_MAIN
