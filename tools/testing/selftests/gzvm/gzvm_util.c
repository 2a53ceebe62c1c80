// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the selftests of /dev/gzvm share; see gzvm_util.h.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gzvm_util.h"

/* Distributor and redistributor registers (GICv3 architecture, IHI 0069, 12.9 and 12.11). */
#define GICD_CTLR		0x0000
#define GICD_IGROUPR		0x0080
#define GICD_ISENABLER		0x0100
#define GICD_ICFGR		0x0c00
#define GICD_IROUTER		0x6000
#define GICD_CTLR_ENABLE	0x12	/* ARE, group 1 */

long gz_ioctl(int fd, unsigned long request, const void *arg)
{
	return gz_ioctl_value(fd, request, (unsigned long)arg);
}

long gz_ioctl_value(int fd, unsigned long request, unsigned long arg)
{
	long ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

int gz_open(void)
{
	int fd = open("/dev/gzvm", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int gz_region(int vm, uint32_t slot, uint64_t gpa, uint64_t size, const void *mem)
{
	struct gzvm_userspace_memory_region region = {
		.slot = slot, .flags = GZVM_USER_MEM_REGION_GUEST_MEM, .guest_phys_addr = gpa,
		.memory_size = size, .userspace_addr = (uintptr_t)mem,
	};

	return gz_ioctl(vm, GZVM_SET_USER_MEMORY_REGION, &region);
}

int gz_device(int vm, uint32_t type, uint64_t addr, uint64_t size)
{
	struct gzvm_create_device dev = {
		.dev_type = type, .dev_addr = addr, .dev_reg_size = size,
	};

	return gz_ioctl(vm, GZVM_CREATE_DEVICE, &dev);
}

int gz_set_reg(int vcpu, uint64_t id, uint64_t value)
{
	struct gzvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return gz_ioctl(vcpu, GZVM_SET_ONE_REG, &reg);
}

int gz_get_reg(int vcpu, uint64_t id, uint64_t *value)
{
	struct gzvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	return gz_ioctl(vcpu, GZVM_GET_ONE_REG, &reg);
}

int gz_irq_line(int vm, uint32_t word, uint32_t level)
{
	struct gzvm_irq_level irq = { .irq = word, .level = level };

	return gz_ioctl(vm, GZVM_IRQ_LINE, &irq);
}

int gz_irqfd(int vm, int fd, uint32_t spi, uint32_t flags, int resample)
{
	struct gzvm_irqfd irqfd = {
		.fd = fd, .gsi = spi, .flags = flags, .resamplefd = resample,
	};

	return gz_ioctl(vm, GZVM_IRQFD, &irqfd);
}

int gz_ioeventfd(int vm, int fd, uint64_t addr, uint32_t len, uint32_t flags, uint64_t match)
{
	struct gzvm_ioeventfd io = {
		.datamatch = match, .addr = addr, .len = len, .fd = fd, .flags = flags,
	};

	return gz_ioctl(vm, GZVM_IOEVENTFD, &io);
}

int gz_extension(int fd, uint64_t cap, uint64_t *value)
{
	*value = cap;
	return gz_ioctl(fd, GZVM_CHECK_EXTENSION, value);
}

bool gz_hypervisor_is_open(void)
{
	FILE *file = fopen("/sys/kernel/gzvm/hypervisor", "re");
	char name[64] = "";
	bool open;

	if (!file)
		return false;
	open = fgets(name, sizeof(name), file) && !strncmp(name, "geniezone ", 10);
	fclose(file);
	return open;
}

void *vm_map(size_t size)
{
	/* Aligned, so that blocks can be. */
	char *mem = mmap(NULL, size + BLOCK, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t head;

	if (mem == MAP_FAILED)
		return NULL;
	head = -(uintptr_t)mem & (BLOCK - 1);
	if (head)
		munmap(mem, head);
	munmap(mem + head + size, BLOCK - head);
	return mem + head;
}

/* Without memory, GIC and vCPUs. */
int vm_create_bare(struct vm *vm)
{
	unsigned int i;

	memset(vm, 0, sizeof(*vm));
	for (i = 0; i < GZVM_MAX_VCPUS; i++)
		vm->vcpus[i].fd = -1;
	vm->fd = -1;
	vm->dev = gz_open();
	if (vm->dev < 0)
		return vm->dev;
	vm->fd = gz_ioctl_value(vm->dev, GZVM_CREATE_VM, 0);
	return vm->fd < 0 ? vm->fd : 0;
}

int vm_add_gic(struct vm *vm)
{
	int ret = gz_device(vm->fd, GZVM_DEV_TYPE_ARM_VGIC_V3_DIST, VM_GICD, 0x10000);

	return ret ?: gz_device(vm->fd, GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST, VM_GICR, 0x20000);
}

int vm_create(struct vm *vm)
{
	int ret = vm_create_bare(vm);

	if (ret)
		return ret;
	vm->size = VM_RAM_SIZE;
	vm->mem = vm_map(vm->size);
	if (!vm->mem)
		return -ENOMEM;
	memcpy(vm->mem, guest_code, guest_code_end - guest_code);
	ret = gz_region(vm->fd, 0, VM_RAM, vm->size, vm->mem);
	return ret ?: vm_add_gic(vm);
}

int vm_add_vcpu(struct vm *vm, unsigned int id)
{
	struct vcpu *vcpu = &vm->vcpus[id];

	vcpu->id = id;
	vcpu->run = calloc(1, sizeof(*vcpu->run));
	vcpu->fd = gz_ioctl_value(vm->fd, GZVM_CREATE_VCPU, id);
	return vcpu->fd < 0 ? vcpu->fd : 0;
}

/* vCPU 0 at the guest's first instruction. */
int vm_boot(struct vm *vm)
{
	int fd = vm->vcpus[0].fd, ret;

	ret = gz_set_reg(fd, REG_X(0), VM_MAILBOX);
	ret = ret ?: gz_set_reg(fd, REG_PC, VM_RAM);
	return ret ?: gz_set_reg(fd, REG_PSTATE, PSTATE_EL1H);
}

void vm_destroy(struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < GZVM_MAX_VCPUS; i++) {
		if (vm->vcpus[i].fd >= 0)
			close(vm->vcpus[i].fd);
		free(vm->vcpus[i].run);
	}
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->dev >= 0)
		close(vm->dev);
	if (vm->mem)
		munmap(vm->mem, vm->size);
	memset(vm, 0, sizeof(*vm));
}

void *vm_at(struct vm *vm, uint64_t gpa)
{
	return (char *)vm->mem + (gpa - VM_RAM);
}

int vcpu_run(struct vcpu *vcpu)
{
	return gz_ioctl(vcpu->fd, GZVM_RUN, vcpu->run);
}

/* An access to the mailbox. Returns true when it was the last of an operation. */
static bool guest_mailbox(struct vcpu *vcpu)
{
	struct gzvm_vcpu_run *run = vcpu->run;
	uint64_t offset = run->mmio.phys_addr & (PAGE - 1);
	char *at = (char *)&vcpu->box + offset;

	if (offset + run->mmio.size > sizeof(vcpu->box))
		return false;
	if (!run->mmio.is_write) {
		memcpy(run->mmio.data, at, run->mmio.size);
		return false;
	}
	memcpy(at, run->mmio.data, run->mmio.size);
	return offset == offsetof(struct guest_mailbox, result[0]);
}

long guest_resume(struct vcpu *vcpu)
{
	struct gzvm_vcpu_run *run = vcpu->run;
	uint64_t mailbox = VM_MAILBOX + vcpu->id * PAGE;
	int ret;

	for (;;) {
		ret = vcpu_run(vcpu);
		if (ret)
			return ret;
		if (run->exit_reason != GZVM_EXIT_MMIO ||
		    (run->mmio.phys_addr & ~(PAGE - 1)) != mailbox)
			return run->exit_reason;
		if (guest_mailbox(vcpu))
			return 0;
	}
}

/* What the guest finds at its next look; for threads that only RUN. */
void guest_prepare(struct vcpu *vcpu, enum guest_op op, const uint64_t args[4])
{
	memcpy(vcpu->box.args, args, sizeof(vcpu->box.args));
	vcpu->box.op = op;
}

long guest_do(struct vcpu *vcpu, enum guest_op op, const uint64_t args[4])
{
	guest_prepare(vcpu, op, args);
	return guest_resume(vcpu);
}

/* Distributor and this CPU's interface on; all SPIs are group 1. */
int guest_gic_init(struct vcpu *vcpu)
{
	if (guest_call(vcpu, GUEST_WRITE4, VM_GICD + GICD_CTLR, GICD_CTLR_ENABLE))
		return -EIO;
	return guest_call(vcpu, GUEST_GIC_ON) ? -EIO : 0;
}

/* An SPI (from 0) that is enabled and goes to this vCPU. */
int guest_spi_setup(struct vcpu *vcpu, unsigned int spi, bool edge)
{
	unsigned int intid = spi + 32;
	uint64_t config = VM_GICD + GICD_ICFGR + intid / 16 * 4;
	uint64_t group = VM_GICD + GICD_IGROUPR + intid / 32 * 4;
	uint32_t bits;

	if (guest_call(vcpu, GUEST_READ4, config))
		return -EIO;
	bits = vcpu->box.result[0] & ~(3u << intid % 16 * 2);
	if (edge)
		bits |= 2u << intid % 16 * 2;
	if (guest_call(vcpu, GUEST_WRITE4, config, bits) ||
	    guest_call(vcpu, GUEST_READ4, group))
		return -EIO;
	bits = vcpu->box.result[0] | 1u << intid % 32;
	if (guest_call(vcpu, GUEST_WRITE4, group, bits) ||
	    guest_call(vcpu, GUEST_WRITE8, VM_GICD + GICD_IROUTER + intid * 8, vcpu->id) ||
	    guest_call(vcpu, GUEST_WRITE4, VM_GICD + GICD_ISENABLER + intid / 32 * 4,
		       1u << intid % 32))
		return -EIO;
	return 0;
}

void kick_setup(void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigaction(KICK_SIGNAL, &action, NULL);
}

pid_t gz_gettid(void)
{
	return syscall(SYS_gettid);
}

int gz_tgkill(pid_t tid, int signal)
{
	return syscall(SYS_tgkill, getpid(), tid, signal) ? -errno : 0;
}

void wait_for_state(pid_t pid, const char *states)
{
	char path[64], text[256], *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (;;) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n > 0 ? n : 0] = '\0';
		/* "PID (name) S": the name may have anything in it. */
		state = strrchr(text, ')');
		if (state && strchr(states, state[2]))
			return;
		usleep(1000);
	}
}

void wait_until_asleep(pid_t tid)
{
	wait_for_state(tid, "SZ");
}

int send_fd(int socket, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(fd))] = {};
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -errno;
}

int receive_fd(int socket)
{
	char byte, control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	int fd;

	if (recvmsg(socket, &msg, 0) != 1)
		return -errno;
	header = CMSG_FIRSTHDR(&msg);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return -EBADMSG;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

static long read_number(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	char line[128], *at;
	long value = -ENOENT;
	size_t length = strlen(name);

	if (!file)
		return -errno;
	while (value == -ENOENT && fgets(line, sizeof(line), file)) {
		at = line;
		if (length) {
			if (strncmp(line, name, length) || line[length] != ' ')
				continue;
			at += length;
		}
		value = strtol(at, NULL, 0);
	}
	fclose(file);
	return value;
}

long hyp_stat(const char *name)
{
	return read_number("/sys/kernel/debug/gzvm/hypervisor/stats", name);
}

int vm_debugfs_path(const char *name, char *path, size_t size)
{
	char pattern[64];
	glob_t found;
	int ret = -ENOENT;

	snprintf(pattern, sizeof(pattern), "/sys/kernel/debug/gzvm/%d-*", getpid());
	if (!glob(pattern, 0, NULL, &found) && found.gl_pathc == 1)
		ret = snprintf(path, size, "%s/%s", found.gl_pathv[0], name) < (int)size ?
			0 : -ENAMETOOLONG;
	globfree(&found);
	return ret;
}

long vm_exits(const struct vm *vm, unsigned int vcpu, const char *name)
{
	char path[256], key[64];
	int ret = vm_debugfs_path("exits", path, sizeof(path));

	if (ret)
		return ret;
	snprintf(key, sizeof(key), "%u %s", vcpu, name);
	return read_number(path, key);
}

long vm_debugfs(const struct vm *vm, const char *name)
{
	char path[256];
	int ret = vm_debugfs_path(name, path, sizeof(path));

	return ret ?: read_number(path, "");
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	if (n < 0)
		n = -errno;
	close(fd);
	return n < 0 ? n : 0;
}

long guest_take_irq(struct vcpu *vcpu)
{
	uint64_t intid;

	if (guest_call(vcpu, GUEST_GIC_ACK))
		return -1;
	intid = vcpu->box.result[0];
	if (intid != SPURIOUS && guest_call(vcpu, GUEST_GIC_END, intid))
		return -1;
	return intid;
}
