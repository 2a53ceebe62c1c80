// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/gzvm itself, and the files of VMs and vCPUs as files: who may use them, how long they
 * live, and what a process without descriptors left gets.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "gzvm_util.h"

FIXTURE(dev)
{
	int fd;
};

FIXTURE_SETUP(dev)
{
	self->fd = gz_open();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(dev)
{
	close(self->fd);
}

TEST_F_TIMEOUT(dev, unknown_ioctls, HANG_TIMEOUT)
{
	static const unsigned long requests[] = {
		0, ~0U, 0x9200, 0x9202, 0x9241, GZVM_RUN, GZVM_SET_ONE_REG, GZVM_IRQFD,
		GZVM_CREATE_DEVICE, 0x9260, 0x40189240,
	};
	unsigned int i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		EXPECT_EQ(-ENOTTY, gz_ioctl(self->fd, requests[i], NULL));
}

TEST_F_TIMEOUT(dev, create_vm, HANG_TIMEOUT)
{
	char path[64], name[64] = "";
	int vm;

	vm = gz_ioctl_value(self->fd, GZVM_CREATE_VM, 0);
	ASSERT_GE(vm, 0);
	EXPECT_EQ(FD_CLOEXEC, fcntl(vm, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(vm, F_GETFL) & O_ACCMODE);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", vm);
	EXPECT_GT(readlink(path, name, sizeof(name) - 1), 0);
	EXPECT_STREQ("anon_inode:gzvm-vm", name);

	/* Neither can be read, written or mapped. */
	EXPECT_EQ(-1, read(vm, path, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, vm, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(ENODEV, errno);
	close(vm);

	EXPECT_EQ(-EINVAL, gz_ioctl_value(self->fd, GZVM_CREATE_VM, 1));
	EXPECT_EQ(-EINVAL, gz_ioctl_value(self->fd, GZVM_CREATE_VM, ~0UL));
}

/* What the hypervisor told when it started; 0 if it did not. */
static unsigned long logged_ipa_bits(void)
{
	FILE *file = fopen("/sys/kernel/debug/gzvm/hypervisor/log", "re");
	unsigned long bits = 0;
	char line[256];

	if (!file)
		return 0;
	while (!bits && fgets(line, sizeof(line), file)) {
		char *at = strstr(line, "-bit IPA");

		/* The number ends there. */
		while (at && at > line && isdigit(at[-1]))
			at--;
		if (at)
			bits = strtoul(at, NULL, 10);
	}
	fclose(file);
	return bits;
}

TEST_F_TIMEOUT(dev, check_extension, HANG_TIMEOUT)
{
	uint64_t value, *readonly;

	EXPECT_EQ(0, gz_extension(self->fd, GZVM_CAP_ARM_VM_IPA_SIZE, &value));
	EXPECT_EQ(logged_ipa_bits(), value);
	EXPECT_EQ(0, gz_extension(self->fd, GZVM_CAP_PROTECTED_VM, &value));
	EXPECT_EQ(!gz_hypervisor_is_open(), value);

	/* What only a VM knows, and what nobody knows. */
	EXPECT_EQ(-EOPNOTSUPP, gz_extension(self->fd, GZVM_CAP_ENABLE_DEMAND_PAGING, &value));
	EXPECT_EQ(-EOPNOTSUPP,
		  gz_extension(self->fd, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING, &value));
	EXPECT_EQ(-EOPNOTSUPP, gz_extension(self->fd, GZVM_CAP_ENABLE_IDLE, &value));
	EXPECT_EQ(-EOPNOTSUPP, gz_extension(self->fd, 0, &value));
	EXPECT_EQ(-EOPNOTSUPP, gz_extension(self->fd, 0x9203 | 1ULL << 32, &value));
	EXPECT_EQ(0x9203 | 1ULL << 32, value);

	EXPECT_EQ(-EINVAL, gz_ioctl(self->fd, GZVM_CHECK_EXTENSION, NULL));
	EXPECT_EQ(-EFAULT, gz_ioctl_value(self->fd, GZVM_CHECK_EXTENSION, ~7UL));
	/* By value, as crosvm does: the answer comes back itself. */
	value = GZVM_CAP_ARM_VM_IPA_SIZE;
	EXPECT_EQ(0, gz_ioctl(self->fd, GZVM_CHECK_EXTENSION, &value));
	EXPECT_EQ(value, gz_ioctl_value(self->fd, GZVM_CHECK_EXTENSION,
					GZVM_CAP_ARM_VM_IPA_SIZE));

	/* The answer cannot be written. */
	readonly = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, readonly);
	*readonly = GZVM_CAP_ARM_VM_IPA_SIZE;
	ASSERT_EQ(0, mprotect(readonly, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, gz_ioctl(self->fd, GZVM_CHECK_EXTENSION, readonly));
	munmap(readonly, PAGE);
}

/* Without a free descriptor nothing is created, in the hypervisor neither. */
TEST_F_TIMEOUT(dev, no_descriptor_left, HANG_TIMEOUT)
{
	long vms = hyp_stat("vms"), vcpus = hyp_stat("vcpus");
	struct rlimit old, limit;
	int vm, last;

	vm = gz_ioctl_value(self->fd, GZVM_CREATE_VM, 0);
	ASSERT_GE(vm, 0);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	last = dup(0);
	ASSERT_GE(last, 0);
	limit = (struct rlimit){ .rlim_cur = last + 1, .rlim_max = old.rlim_max };
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, gz_ioctl_value(self->fd, GZVM_CREATE_VM, 0));
	EXPECT_EQ(-EMFILE, gz_ioctl_value(vm, GZVM_CREATE_VCPU, 0));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
	EXPECT_EQ(vms + 1, hyp_stat("vms"));
	EXPECT_EQ(vcpus, hyp_stat("vcpus"));

	/* The index is free still. */
	EXPECT_GE(gz_ioctl_value(vm, GZVM_CREATE_VCPU, 0), 0);
	close(last);
}

/* Both batches: a power of two; of demand paging a block at most. */
TEST_F_TIMEOUT(dev, sysfs, HANG_TIMEOUT)
{
	static const char * const names[] = {
		"/sys/kernel/gzvm/demand_paging_batch_pages", "/sys/kernel/gzvm/destroy_batch_pages",
	};
	static const char * const bad[] = { "0", "3", "513", "-1", "x", "4294967297" };
	struct stat status;
	char text[32], before[32];
	unsigned int i, j;
	struct vm vm;
	FILE *file;

	for (i = 0; i < 2; i++) {
		file = fopen(names[i], "re");
		ASSERT_NE(NULL, file);
		ASSERT_NE(NULL, fgets(before, sizeof(before), file));
		fclose(file);
		ASSERT_EQ(0, stat(names[i], &status));
		EXPECT_EQ(S_IFREG | 0660, status.st_mode);
		for (j = 0; j < 5; j++)
			EXPECT_EQ(-EINVAL, write_file(names[i], bad[j]));
		EXPECT_EQ(-ERANGE, write_file(names[i], bad[5]));
		EXPECT_EQ(i ? 0 : -EINVAL, write_file(names[i], "1024"));
		EXPECT_EQ(i ? 0 : -EINVAL, write_file(names[i], "2147483648"));
		EXPECT_EQ(0, write_file(names[i], "1\n"));
		file = fopen(names[i], "re");
		EXPECT_NE(NULL, fgets(text, sizeof(text), file));
		fclose(file);
		EXPECT_STREQ("1\n", text);
		/* A page at a time is enough. */
		ASSERT_EQ(0, vm_create(&vm));
		ASSERT_EQ(0, vm_add_vcpu(&vm, 0));
		ASSERT_EQ(0, vm_boot(&vm));
		EXPECT_EQ(0, guest_call(&vm.vcpus[0], GUEST_FILL, VM_DATA, 16, 1));
		vm_destroy(&vm);
		EXPECT_EQ(0, write_file(names[i], before));
	}
}

static void refuse_unload(struct __test_metadata *_metadata)
{
	EXPECT_EQ(-1, syscall(SYS_delete_module, "gzvm", O_NONBLOCK));
	EXPECT_EQ(EWOULDBLOCK, errno);
}

TEST_F_TIMEOUT(dev, module_stays, HANG_TIMEOUT)
{
	int vm, vcpu;

	refuse_unload(_metadata);
	vm = gz_ioctl_value(self->fd, GZVM_CREATE_VM, 0);
	ASSERT_GE(vm, 0);
	vcpu = gz_ioctl_value(vm, GZVM_CREATE_VCPU, 7);
	ASSERT_GE(vcpu, 0);

	/* Any one of the three kinds is enough. */
	close(self->fd);
	refuse_unload(_metadata);
	close(vm);
	refuse_unload(_metadata);
	self->fd = dup(vcpu);
	close(vcpu);
	refuse_unload(_metadata);
}

/* A VM lives as long as any file of it, whatever is closed first. */
TEST_F_TIMEOUT(dev, close_in_any_order, HANG_TIMEOUT)
{
	long vms = hyp_stat("vms"), vcpus = hyp_stat("vcpus");
	unsigned int order, i;
	struct vm vm;
	int fds[4];

	for (order = 0; order < 24; order++) {
		ASSERT_EQ(0, vm_create(&vm));
		ASSERT_EQ(0, vm_add_vcpu(&vm, 0));
		ASSERT_EQ(0, vm_add_vcpu(&vm, 1));
		ASSERT_EQ(0, vm_boot(&vm));
		ASSERT_EQ(0, guest_call(&vm.vcpus[0], GUEST_NOP));
		fds[0] = vm.fd;
		fds[1] = vm.vcpus[0].fd;
		fds[2] = vm.vcpus[1].fd;
		fds[3] = dup(vm.vcpus[0].fd);
		vm.fd = vm.vcpus[0].fd = vm.vcpus[1].fd = -1;
		for (i = 0; i < 4; i++) {
			unsigned int at = order / (i == 0 ? 6 : i == 1 ? 2 : 1) % (4 - i), n;

			EXPECT_EQ(vms + 1, hyp_stat("vms"));
			for (n = 0; fds[n] < 0 || at; n++)
				at -= fds[n] >= 0;
			close(fds[n]);
			fds[n] = -1;
		}
		EXPECT_EQ(vms, hyp_stat("vms"));
		EXPECT_EQ(vcpus, hyp_stat("vcpus"));
		vm_destroy(&vm);
	}
}

/* The VM's file is closed, its vCPU runs on, and what needs the VM's file is gone. */
TEST_F_TIMEOUT(dev, vcpu_outlives_vm_file, HANG_TIMEOUT)
{
	struct vm vm;

	ASSERT_EQ(0, vm_create(&vm));
	ASSERT_EQ(0, vm_add_vcpu(&vm, 0));
	ASSERT_EQ(0, vm_boot(&vm));
	close(vm.fd);
	vm.fd = -1;
	EXPECT_EQ(0, guest_call(&vm.vcpus[0], GUEST_FILL, VM_DATA, 4, 77));
	EXPECT_EQ(80, *(uint64_t *)vm_at(&vm, VM_DATA + 3 * PAGE));
	vm_destroy(&vm);
}

/* All ioctls of both files, as somebody who is not the creator: arguments do not matter. */
static int strangers_calls(int vm, int vcpu)
{
	static const unsigned long of_vm[] = {
		GZVM_CHECK_EXTENSION, GZVM_CREATE_VCPU, GZVM_SET_USER_MEMORY_REGION,
		GZVM_IRQ_LINE, GZVM_IRQFD, GZVM_IOEVENTFD, GZVM_ENABLE_CAP, GZVM_CREATE_DEVICE,
		GZVM_SET_DTB_CONFIG, 0,
	};
	static const unsigned long of_vcpu[] = {
		GZVM_RUN, GZVM_GET_ONE_REG, GZVM_SET_ONE_REG, 0,
	};
	char zero[512] = {};
	unsigned int i;

	for (i = 0; i < sizeof(of_vm) / sizeof(of_vm[0]); i++)
		if (gz_ioctl(vm, of_vm[i], zero) != -EIO)
			return 10 + i;
	for (i = 0; i < sizeof(of_vcpu) / sizeof(of_vcpu[0]); i++)
		if (gz_ioctl(vcpu, of_vcpu[i], zero) != -EIO)
			return 30 + i;
	return 0;
}

static int child_status(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_F_TIMEOUT(dev, after_fork, HANG_TIMEOUT)
{
	long vms = hyp_stat("vms");
	struct vm vm;
	int pipes[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, vm_create(&vm));
	ASSERT_EQ(0, vm_add_vcpu(&vm, 0));
	ASSERT_EQ(0, vm_boot(&vm));
	ASSERT_EQ(0, pipe(pipes));
	child = fork();
	if (!child) {
		int status = strangers_calls(vm.fd, vm.vcpus[0].fd);

		/* The files are kept until the parent says so. */
		close(pipes[1]);
		if (read(pipes[0], &byte, 1))
			status = 99;
		_exit(status);
	}
	close(pipes[0]);

	/* The creator goes on; after its last close the child's copies keep the VM. */
	EXPECT_EQ(0, guest_call(&vm.vcpus[0], GUEST_FILL, VM_DATA, 2, 5));
	vm_destroy(&vm);
	EXPECT_EQ(vms + 1, hyp_stat("vms"));
	close(pipes[1]);
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(vms, hyp_stat("vms"));
}

/* vfork and threads share the memory: the caller is the creator there. */
TEST_F_TIMEOUT(dev, same_memory_is_no_stranger, HANG_TIMEOUT)
{
	volatile int status = -1;
	uint64_t value;
	struct vm vm;
	pid_t child;

	ASSERT_EQ(0, vm_create(&vm));
	value = GZVM_CAP_ARM_VM_IPA_SIZE;
	child = syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
	if (!child) {
		status = gz_ioctl(vm.fd, GZVM_CHECK_EXTENSION, &value);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(0, status);
	vm_destroy(&vm);
}

/* A VM ends with its creator's memory; who got its files can only close them. */
TEST_F_TIMEOUT(dev, passed_over_a_socket, HANG_TIMEOUT)
{
	long vms = hyp_stat("vms");
	int sockets[2], fd, vcpu;
	struct vm vm;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	child = fork();
	if (!child) {
		int status = vm_create(&vm) || vm_add_vcpu(&vm, 0) || vm_boot(&vm) ||
			     guest_call(&vm.vcpus[0], GUEST_FILL, VM_DATA, 8, 1) ||
			     send_fd(sockets[1], vm.fd) || send_fd(sockets[1], vm.vcpus[0].fd);

		_exit(status);
	}
	fd = receive_fd(sockets[0]);
	vcpu = receive_fd(sockets[0]);
	ASSERT_GE(fd, 0);
	ASSERT_GE(vcpu, 0);
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(vms, hyp_stat("vms"));
	EXPECT_EQ(0, strangers_calls(fd, vcpu));
	close(fd);
	close(vcpu);
	EXPECT_EQ(vms, hyp_stat("vms"));
	close(sockets[0]);
	close(sockets[1]);
}

/* A file in a message that nobody receives. */
TEST_F_TIMEOUT(dev, lost_in_a_socket, HANG_TIMEOUT)
{
	long vms = hyp_stat("vms");
	int sockets[2];
	struct vm vm;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	ASSERT_EQ(0, vm_create(&vm));
	ASSERT_EQ(0, send_fd(sockets[0], vm.fd));
	vm_destroy(&vm);
	EXPECT_EQ(vms + 1, hyp_stat("vms"));
	close(sockets[0]);
	close(sockets[1]);
	EXPECT_EQ(vms, hyp_stat("vms"));
}

/* exec closes all of it; a copy that is kept open is a stranger's. */
TEST_F_TIMEOUT(dev, after_exec, HANG_TIMEOUT)
{
	char self_path[PATH_MAX], vm_text[16], vcpu_text[16];
	long vms = hyp_stat("vms");
	ssize_t length;
	struct vm vm;
	pid_t child;

	length = readlink("/proc/self/exe", self_path, sizeof(self_path) - 1);
	ASSERT_GT(length, 0);
	self_path[length] = '\0';
	child = fork();
	if (!child) {
		if (vm_create(&vm) || vm_add_vcpu(&vm, 0))
			_exit(1);
		/* dup() has no O_CLOEXEC. */
		snprintf(vm_text, sizeof(vm_text), "%d", dup(vm.fd));
		snprintf(vcpu_text, sizeof(vcpu_text), "%d", dup(vm.vcpus[0].fd));
		execl(self_path, self_path, "--stranger", vm_text, vcpu_text, NULL);
		_exit(2);
	}
	EXPECT_EQ(0, child_status(child));
	EXPECT_EQ(vms, hyp_stat("vms"));
}

/* A command, while this process has a VM that has run: what is to be seen of it from outside. */
static int with_vm(char **command)
{
	struct vm vm;
	pid_t child;

	if (vm_create(&vm) || vm_add_vcpu(&vm, 0) || vm_boot(&vm) ||
	    guest_call(&vm.vcpus[0], GUEST_NOP))
		return 1;
	child = fork();
	if (!child) {
		execvp(command[0], command);
		_exit(127);
	}
	return child < 0 ? 1 : child_status(child);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--with-vm"))
		return with_vm(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "--stranger"))
		return strangers_calls(atoi(argv[2]), atoi(argv[3]));
	return test_harness_run(argc, argv);
}
