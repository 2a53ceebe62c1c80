// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of guests that the VMM or the kernel takes away: holes, truncation, fork, swap, migration,
 * merging, huge pages, the end of the process. The guest is never left with an old page.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "gzvm_util.h"

#define MORE		0xc0000000UL	/* guest physical, free */
#define PAGES		16
#define ROUNDS		50

FIXTURE(notify)
{
	struct vm vm;
	struct vcpu *cpu;
	pthread_t thread;
	pid_t tid;
	long end;
	atomic_bool stop;
};

FIXTURE_SETUP(notify)
{
	ASSERT_EQ(0, vm_create(&self->vm));
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 0));
	ASSERT_EQ(0, vm_boot(&self->vm));
	self->cpu = &self->vm.vcpus[0];
}

FIXTURE_TEARDOWN(notify)
{
	vm_destroy(&self->vm);
}

static void nothing(int signal)
{
}

/* RUN until the test ends it, or until it ends itself. */
static void *hammer(void *arg)
{
	FIXTURE_DATA(notify) *self = arg;

	self->tid = gz_gettid();
	do
		self->end = guest_resume(self->cpu);
	while (self->end == -EINTR && !self->stop);
	return NULL;
}

static void hammer_start(FIXTURE_DATA(notify) *self, uint64_t gpa)
{
	const uint64_t args[4] = { gpa, PAGES };

	kick_setup(nothing, 0);
	self->stop = false;
	guest_prepare(self->cpu, GUEST_HAMMER, args);
	pthread_create(&self->thread, NULL, hammer, self);
}

static long hammer_stop(FIXTURE_DATA(notify) *self)
{
	self->stop = true;
	/* A signal between two RUNs ends nothing; the byte does. */
	self->cpu->run->immediate_exit = 1;
	while (!self->tid)
		usleep(1000);
	gz_tgkill(self->tid, KICK_SIGNAL);
	pthread_join(self->thread, NULL);
	self->cpu->run->immediate_exit = 0;
	return self->end;
}

/* Until the guest has written to all pages as the VMM sees them. */
static void wait_for_writes(volatile uint64_t *mem)
{
	for (int i = 0; i < PAGES; i++)
		while (!mem[i * PAGE / 8])
			;
}

static void put_marks(volatile uint64_t *mem)
{
	for (int i = 0; i < PAGES; i++)
		mem[i * PAGE / 8 + 1] = 0x5555;
}

static int marks(volatile uint64_t *mem)
{
	int n = 0;

	for (int i = 0; i < PAGES; i++)
		n += mem[i * PAGE / 8 + 1] != 0;
	return n;
}

/*
 * What the guest wrote goes with the page, and its next write arrives in the new one: if it kept
 * the old page the wait would be for ever.
 */
TEST_F_TIMEOUT(notify, dontneed_while_written, HANG_TIMEOUT)
{
	uint64_t *mem = vm_at(&self->vm, VM_DATA);

	hammer_start(self, VM_DATA);
	for (int round = 0; round < ROUNDS; round++) {
		wait_for_writes(mem);
		put_marks(mem);
		ASSERT_EQ(0, madvise(mem, PAGES * PAGE, MADV_DONTNEED));
		ASSERT_EQ(0, marks(mem));
	}
	wait_for_writes(mem);
	EXPECT_EQ(-EINTR, hammer_stop(self));
}

TEST_F_TIMEOUT(notify, hole_while_written, HANG_TIMEOUT)
{
	int file = memfd_create("guest", MFD_CLOEXEC);
	uint64_t *mem;

	ASSERT_EQ(0, ftruncate(file, BLOCK));
	mem = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, gz_region(self->vm.fd, 1, MORE, BLOCK, mem));
	hammer_start(self, MORE);
	for (int round = 0; round < ROUNDS; round++) {
		wait_for_writes(mem);
		put_marks(mem);
		ASSERT_EQ(0, fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
				       PAGES * PAGE));
		ASSERT_EQ(0, marks(mem));
	}
	wait_for_writes(mem);
	EXPECT_EQ(-EINTR, hammer_stop(self));
	munmap(mem, BLOCK);
	close(file);
}

TEST_F_TIMEOUT(notify, truncated_while_written, HANG_TIMEOUT)
{
	int file = memfd_create("guest", MFD_CLOEXEC);
	struct gzvm_vcpu_run *run = self->cpu->run;
	uint64_t *mem;

	ASSERT_EQ(0, ftruncate(file, BLOCK));
	mem = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, gz_region(self->vm.fd, 1, MORE, BLOCK, mem));
	for (int round = 0; round < 10; round++) {
		hammer_start(self, MORE);
		wait_for_writes(mem);
		ASSERT_EQ(0, ftruncate(file, PAGE));
		pthread_join(self->thread, NULL);
		ASSERT_EQ(GZVM_EXIT_EXCEPTION, self->end);
		EXPECT_EQ(GZVM_EXCEPTION_PAGE_FAULT, run->exception.exception);
		EXPECT_EQ(EFAULT, run->exception.error_code);
		EXPECT_LE(MORE + PAGE, run->exception.fault_gpa);
		EXPECT_GT(MORE + PAGES * PAGE, run->exception.fault_gpa);
		ASSERT_EQ(0, ftruncate(file, BLOCK));
		ASSERT_EQ(0, mem[PAGE / 8]);
	}
	/* It goes on where it stopped. */
	hammer_start(self, MORE);
	wait_for_writes(mem);
	EXPECT_EQ(-EINTR, hammer_stop(self));
	munmap(mem, BLOCK);
	close(file);
}

/* Migration under the guest's feet. */
TEST_F_TIMEOUT(notify, compaction_while_written, HANG_TIMEOUT)
{
	uint64_t *mem = vm_at(&self->vm, VM_DATA);

	hammer_start(self, VM_DATA);
	for (int round = 0; round < 5; round++) {
		wait_for_writes(mem);
		put_marks(mem);
		ASSERT_EQ(0, write_file("/proc/sys/vm/compact_memory", "1"));
		ASSERT_EQ(PAGES, marks(mem));
		for (int i = 0; i < PAGES; i++)
			mem[i * PAGE / 8] = 0;
	}
	wait_for_writes(mem);
	EXPECT_EQ(-EINTR, hammer_stop(self));
}

TEST_F_TIMEOUT(notify, the_guest_reads_zeroes, HANG_TIMEOUT)
{
	uint64_t *mem = vm_at(&self->vm, VM_DATA);

	EXPECT_EQ(0, guest_call(self->cpu, GUEST_FILL, VM_DATA, 64, 1000));
	ASSERT_EQ(0, madvise(mem, 32 * PAGE, MADV_DONTNEED));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_SUM, VM_DATA, 32));
	EXPECT_EQ(0, self->cpu->box.result[0]);
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_READ8, VM_DATA + 32 * PAGE));
	EXPECT_EQ(1032, self->cpu->box.result[0]);

	/* Other memory at the same address. */
	ASSERT_EQ(mem, mmap(mem, PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	*mem = 77;
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_READ8, VM_DATA));
	EXPECT_EQ(77, self->cpu->box.result[0]);
}

TEST_F_TIMEOUT(notify, write_protected, HANG_TIMEOUT)
{
	uint64_t *mem = vm_at(&self->vm, VM_DATA);

	EXPECT_EQ(0, guest_call(self->cpu, GUEST_WRITE8, VM_DATA, 1));
	ASSERT_EQ(0, mprotect(mem, PAGE, PROT_READ));
	EXPECT_EQ(GZVM_EXIT_EXCEPTION, guest_call(self->cpu, GUEST_WRITE8, VM_DATA, 2));
	EXPECT_EQ(1, *mem);
	ASSERT_EQ(0, mprotect(mem, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, guest_resume(self->cpu));
	EXPECT_EQ(2, *mem);
}

/* What the parent's guest writes after a fork is not the child's. */
TEST_F_TIMEOUT(notify, fork, HANG_TIMEOUT)
{
	volatile uint64_t *mem = vm_at(&self->vm, VM_DATA);
	int go[2], status;
	pid_t child;
	char byte;

	EXPECT_EQ(0, guest_call(self->cpu, GUEST_FILL, VM_DATA, PAGES, 100));
	ASSERT_EQ(0, pipe(go));
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		close(go[1]);
		if (read(go[0], &byte, 1) != 1)
			_exit(2);
		for (int i = 0; i < PAGES; i++)
			if (mem[i * PAGE / 8] != 100u + i)
				_exit(1);
		_exit(0);
	}
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_FILL, VM_DATA, PAGES, 200));
	for (int i = 0; i < PAGES; i++)
		EXPECT_EQ(200 + i, mem[i * PAGE / 8]);
	ASSERT_EQ(1, write(go[1], "", 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	close(go[0]);
	close(go[1]);
}

/* Blocks where the host has huge pages; a hole in one takes what it must, no more. */
TEST_F_TIMEOUT(notify, huge_pages, HANG_TIMEOUT)
{
	uint64_t *mem = vm_at(&self->vm, VM_DATA);
	const uint64_t sum = 512 * 7 + 511 * 512 / 2;

	ASSERT_EQ(0, madvise(mem, 2 * BLOCK, MADV_HUGEPAGE));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_FILL, VM_DATA, 1024, 7));
	EXPECT_EQ(2, vm_debugfs(&self->vm, "stage2_blocks"));
	/* They stay huge, and khugepaged makes none of them again. */
	ASSERT_EQ(0, madvise(mem, 2 * BLOCK, MADV_NOHUGEPAGE));
	EXPECT_EQ(0, madvise(mem + 5 * PAGE / 8, PAGE, MADV_DONTNEED));
	EXPECT_EQ(1, vm_debugfs(&self->vm, "stage2_blocks"));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_SUM, VM_DATA, 512));
	EXPECT_EQ(sum - 12, self->cpu->box.result[0]);

	/* A page that the guest gives back leaves the block; its contents are the VMM's. */
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_HVC, HVC_RELINQUISH, VM_DATA + BLOCK));
	EXPECT_EQ(0, self->cpu->box.result[0]);
	EXPECT_EQ(0, vm_debugfs(&self->vm, "stage2_blocks"));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_SUM, VM_DATA + BLOCK, 512));
	EXPECT_EQ(sum + 512 * 512, self->cpu->box.result[0]);
	EXPECT_EQ(1, vm_debugfs(&self->vm, "stage2_blocks"));
}

/* Swap space of 64 MiB in memory. */
static int swap_on(void)
{
	char header[4096] = {};
	uint32_t *info = (uint32_t *)(header + 1024);
	int fd;

	if (write_file("/sys/block/zram0/disksize", "67108864"))
		return -errno;
	info[0] = 1;			/* version */
	info[1] = (64 << 8) - 1;	/* last page */
	memcpy(header + 4086, "SWAPSPACE2", 10);
	fd = open("/dev/zram0", O_RDWR | O_CLOEXEC);
	if (fd < 0 || write(fd, header, sizeof(header)) != sizeof(header) || fsync(fd))
		return -errno;
	close(fd);
	return swapon("/dev/zram0", 0) ? -errno : 0;
}

static unsigned int pages_with_bit(const void *mem, unsigned int nr, unsigned int bit)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	unsigned int n = 0;
	uint64_t entry;

	for (unsigned int i = 0; i < nr; i++)
		if (pread(fd, &entry, 8, ((uintptr_t)mem / PAGE + i) * 8) == 8)
			n += entry >> bit & 1;
	close(fd);
	return n;
}

TEST_F_TIMEOUT(notify, swapped_out_and_in, HANG_TIMEOUT)
{
	uint64_t *mem = vm_at(&self->vm, VM_DATA);
	const unsigned int nr = 1024;

	ASSERT_EQ(0, swap_on());
	for (unsigned int round = 1; round < 4; round++) {
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_FILL, VM_DATA, nr, round));
		ASSERT_EQ(0, madvise(mem, nr * PAGE, MADV_PAGEOUT));
		/* All but a few that wait somewhere in the kernel. */
		EXPECT_LT(nr / 2, pages_with_bit(mem, nr, 62));
		EXPECT_GT(nr, vm_debugfs(&self->vm, "stage2_pages"));
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_SUM, VM_DATA, nr));
		EXPECT_EQ(nr * round + nr * (nr - 1) / 2, self->cpu->box.result[0]);
		EXPECT_EQ(0, pages_with_bit(mem, nr, 62));
	}
	EXPECT_EQ(0, swapoff("/dev/zram0"));
	EXPECT_EQ(0, write_file("/sys/block/zram0/reset", "1"));
}

static long read_number(const char *path)
{
	char text[32] = {};
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return strtol(text, NULL, 0);
}

/* Pages of one content become one; the guest's write to it is to its own again. */
TEST_F_TIMEOUT(notify, merged, HANG_TIMEOUT)
{
	uint64_t *mem = vm_at(&self->vm, VM_DATA);

	for (int i = 0; i < PAGES; i++)
		EXPECT_EQ(0, guest_call(self->cpu, GUEST_WRITE8, VM_DATA + i * PAGE, 4711));
	ASSERT_EQ(0, madvise(mem, PAGES * PAGE, MADV_MERGEABLE));
	ASSERT_EQ(0, write_file("/sys/kernel/mm/ksm/sleep_millisecs", "1"));
	ASSERT_EQ(0, write_file("/sys/kernel/mm/ksm/run", "1"));
	while (read_number("/sys/kernel/mm/ksm/pages_sharing") < PAGES - 1)
		usleep(1000);
	ASSERT_EQ(0, write_file("/sys/kernel/mm/ksm/run", "0"));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_WRITE8, VM_DATA + 3 * PAGE, 1));
	for (int i = 0; i < PAGES; i++)
		EXPECT_EQ(i == 3 ? 1 : 4711, mem[i * PAGE / 8]);
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_SUM, VM_DATA, PAGES));
	EXPECT_EQ(4711 * (PAGES - 1) + 1, self->cpu->box.result[0]);
	ASSERT_EQ(0, write_file("/sys/kernel/mm/ksm/run", "2"));
}

/* Nothing counts as locked: a user who may lock nothing has guests, too. */
TEST_F_TIMEOUT(notify, not_locked, HANG_TIMEOUT)
{
	struct rlimit limit = { 0, 0 };
	char line[128];
	long locked = -1, pinned = -1;
	FILE *file;

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	/* CAP_IPC_LOCK goes with the user id: no limit is root's. */
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(0, guest_call(self->cpu, GUEST_FILL, VM_DATA, 1024, 1));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(1024, *(uint64_t *)vm_at(&self->vm, VM_DATA + 1023 * PAGE));
	file = fopen("/proc/self/status", "re");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file)) {
		sscanf(line, "VmLck: %ld", &locked);
		sscanf(line, "VmPin: %ld", &pinned);
	}
	fclose(file);
	EXPECT_EQ(0, locked);
	EXPECT_EQ(0, pinned);
}

/* The VM ends with the memory of its creator, whoever has its files. */
TEST_ALONE(files_outlive_their_process)
{
	uint64_t cap = GZVM_CAP_VM_GPA_SIZE;
	int sockets[2], vm_fd, vcpu_fd, status;
	struct gzvm_vcpu_run run = {};
	struct vm vm;
	pid_t child;
	char byte;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	ASSERT_EQ(0, hyp_stat("vms"));
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		if (vm_create(&vm) || vm_add_vcpu(&vm, 0) || vm_boot(&vm) ||
		    guest_call(&vm.vcpus[0], GUEST_FILL, VM_DATA, 512, 1) ||
		    send_fd(sockets[1], vm.fd) || send_fd(sockets[1], vm.vcpus[0].fd))
			_exit(1);
		_exit(read(sockets[1], &byte, 1) != 1);
	}
	vm_fd = receive_fd(sockets[0]);
	vcpu_fd = receive_fd(sockets[0]);
	ASSERT_GE(vm_fd, 0);
	ASSERT_GE(vcpu_fd, 0);
	EXPECT_EQ(1, hyp_stat("vms"));
	EXPECT_EQ(-EIO, gz_ioctl(vm_fd, GZVM_CHECK_EXTENSION, &cap));
	EXPECT_EQ(-EIO, gz_ioctl(vcpu_fd, GZVM_RUN, &run));
	ASSERT_EQ(1, write(sockets[0], "", 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, hyp_stat("vms"));
	EXPECT_EQ(0, hyp_stat("vcpus"));
	EXPECT_EQ(-EIO, gz_ioctl(vm_fd, GZVM_CHECK_EXTENSION, &cap));
	EXPECT_EQ(-EIO, gz_ioctl(vcpu_fd, GZVM_RUN, &run));
	EXPECT_EQ(0, close(vm_fd));
	EXPECT_EQ(0, close(vcpu_fd));
}

TEST_HARNESS_MAIN
