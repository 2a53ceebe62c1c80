// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation and every copy from and to user memory of each call fails once
 * (Documentation/fault-injection/fault-injection.rst, fail-nth): the call returns an errno
 * that says so or does without, what was there stays as it was, and nothing is left behind.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "gzvm_util.h"

#define SPARE		0xc0000000UL
/* No call has more places that can fail; the end of a series that does not end. */
#define MANY		2000
#define DEBUG		"/sys/kernel/debug/"
/* The smallest order of pages whose allocation can fail. */
#define MIN_ORDER	DEBUG "fail_page_alloc/min-order"
#define ALL_PAGES	"0"
#define SOME_PAGES	"1"
#define NO_PAGES	"100"

FIXTURE(fail)
{
	struct vm vm;
	char *spare;
	char attr[PAGE];
	int efd;
	int resample;
	int nth;
	long vms;
	long vcpus;
	long pool;
};

/* Counts the calls that failed and those that did without what was missing. */
struct series {
	unsigned int failed;
	unsigned int passed;
	long odd;
};

FIXTURE_SETUP(fail)
{
	if (write_file(DEBUG "failslab/ignore-gfp-wait", "N"))
		SKIP(return, "the kernel has no fault injection");
	ASSERT_EQ(0, write_file(DEBUG "failslab/verbose", "0"));
	ASSERT_EQ(0, write_file(DEBUG "fail_page_alloc/ignore-gfp-wait", "N"));
	ASSERT_EQ(0, write_file(DEBUG "fail_page_alloc/verbose", "0"));
	ASSERT_EQ(0, write_file(DEBUG "fail_usercopy/verbose", "0"));
	self->nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->nth, 0);
	self->vms = hyp_stat("vms");
	self->vcpus = hyp_stat("vcpus");
	self->pool = hyp_stat("pool_free");
	ASSERT_EQ(0, vm_create(&self->vm));
	ASSERT_EQ(0, vm_add_vcpu(&self->vm, 0));
	ASSERT_EQ(0, vm_boot(&self->vm));
	ASSERT_EQ(0, guest_call(&self->vm.vcpus[0], GUEST_NOP));
	self->spare = vm_map(2 * BLOCK);
	ASSERT_NE(NULL, self->spare);
	self->efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	self->resample = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

FIXTURE_TEARDOWN(fail)
{
	vm_destroy(&self->vm);
	munmap(self->spare, 2 * BLOCK);
	close(self->efd);
	close(self->resample);
	close(self->nth);
	EXPECT_EQ(self->vms, hyp_stat("vms"));
	EXPECT_EQ(self->vcpus, hyp_stat("vcpus"));
	EXPECT_EQ(self->pool, hyp_stat("pool_free"));
}

typedef FIXTURE_DATA(fail) fail_data;

static bool was_reached(fail_data *self)
{
	char left[16] = "";
	bool reached;

	/* Reading may be what fails: then the call was over before. */
	reached = pread(self->nth, left, sizeof(left) - 1, 0) > 0 && !atoi(left);
	while (pwrite(self->nth, "0", 1, 0) != 1)
		;
	return reached;
}

/*
 * The calls' own errors are those of memory that is not there; another one counts as odd.
 * @undo brings back what a success changed.
 */
static struct series fail_all(fail_data *self, long (*call)(fail_data *self),
			      void (*undo)(fail_data *self, long result))
{
	struct series s = {};
	unsigned int n;

	for (n = 1; n < MANY; n++) {
		char text[16];
		long ret;

		snprintf(text, sizeof(text), "%u", n);
		if (pwrite(self->nth, text, strlen(text), 0) < 0)
			break;
		ret = call(self);
		if (!was_reached(self)) {
			if (ret < 0)
				s.odd = ret;
			if (ret >= 0 && undo)
				undo(self, ret);
			return s;
		}
		if (ret >= 0) {
			s.passed++;
			if (undo)
				undo(self, ret);
			continue;
		}
		s.failed++;
		if (ret != -ENOMEM && ret != -EFAULT)
			s.odd = ret;
	}
	s.odd = -ELOOP;
	return s;
}

/*
 * Places are counted, and pages that a slab takes when it is empty are places of one call and not
 * of the next: with them a series can step over any other place. So there are two: the first is of
 * slabs and copies alone, the same in every call (in the root cgroup), and meets each; the second
 * has the pages too.
 */
#define FAIL_ALL(call, undo, least) do {					\
		struct series s_;						\
										\
		ASSERT_EQ(0, write_file(MIN_ORDER, NO_PAGES));			\
		s_ = fail_all(self, call, undo);				\
		EXPECT_EQ(0, s_.odd);						\
		EXPECT_GE(s_.failed, least);					\
		TH_LOG("%u failed, %u did without", s_.failed, s_.passed);	\
		ASSERT_EQ(0, write_file(MIN_ORDER, ALL_PAGES));			\
		s_ = fail_all(self, call, undo);				\
		EXPECT_EQ(0, s_.odd);						\
		TH_LOG("with pages %u, %u", s_.failed, s_.passed);		\
	} while (0)

static void undo_close(fail_data *self, long fd)
{
	close(fd);
}

static long call_open(fail_data *self)
{
	return gz_open();
}

static long call_create_vm(fail_data *self)
{
	return gz_ioctl_value(self->vm.dev, GZVM_CREATE_VM, 0);
}

TEST_F_TIMEOUT(fail, create_vm, HANG_TIMEOUT)
{
	FAIL_ALL(call_open, undo_close, 2);
	/* The page of the mailbox is met with the pages alone: surely so in one of these. */
	for (int i = 0; i < 8; i++)
		FAIL_ALL(call_create_vm, undo_close, 3);
	EXPECT_EQ(self->vms + 1, hyp_stat("vms"));
}

/* The buffers that the driver and the hypervisor share are of several pages: no slab does for them. */
TEST_F_TIMEOUT(fail, buffers, HANG_TIMEOUT)
{
	ASSERT_EQ(0, write_file(MIN_ORDER, SOME_PAGES));
	ASSERT_EQ(0, write_file(DEBUG "fail_page_alloc/task-filter", "Y"));
	ASSERT_EQ(0, write_file(DEBUG "fail_page_alloc/times", "-1"));
	ASSERT_EQ(0, write_file(DEBUG "fail_page_alloc/probability", "100"));
	ASSERT_EQ(0, write_file("/proc/thread-self/make-it-fail", "1"));
	EXPECT_EQ(-ENOMEM, call_create_vm(self));
	EXPECT_EQ(-ENOMEM, gz_ioctl_value(self->vm.fd, GZVM_CREATE_VCPU, 5));
	EXPECT_EQ(0, write_file("/proc/thread-self/make-it-fail", "0"));
	EXPECT_EQ(0, write_file(DEBUG "fail_page_alloc/probability", "0"));
	EXPECT_EQ(0, write_file(DEBUG "fail_page_alloc/times", "1"));
	EXPECT_EQ(0, write_file(DEBUG "fail_page_alloc/task-filter", "N"));
	EXPECT_EQ(self->vms + 1, hyp_stat("vms"));
	EXPECT_EQ(self->vcpus + 1, hyp_stat("vcpus"));
}

static int fresh_vm;

static long call_create_vcpu(fail_data *self)
{
	return gz_ioctl_value(fresh_vm, GZVM_CREATE_VCPU, 5);
}

/* A vCPU stays as long as its VM: each success needs another one. */
static void undo_vcpu(fail_data *self, long fd)
{
	close(fd);
	close(fresh_vm);
	fresh_vm = gz_ioctl_value(self->vm.dev, GZVM_CREATE_VM, 0);
}

TEST_F_TIMEOUT(fail, create_vcpu, HANG_TIMEOUT)
{
	fresh_vm = gz_ioctl_value(self->vm.dev, GZVM_CREATE_VM, 0);
	ASSERT_GE(fresh_vm, 0);
	FAIL_ALL(call_create_vcpu, undo_vcpu, 4);
	close(fresh_vm);
}

static long call_region(fail_data *self)
{
	return gz_region(self->vm.fd, 1, SPARE, BLOCK, self->spare);
}

static void undo_region(fail_data *self, long unused)
{
	gz_region(self->vm.fd, 1, 0, 0, NULL);
}

/* The slot is there, with pages in use, and goes. */
static long call_region_remove(fail_data *self)
{
	return gz_region(self->vm.fd, 1, 0, 0, NULL);
}

static void undo_remove(fail_data *self, long unused)
{
	gz_region(self->vm.fd, 1, SPARE, BLOCK, self->spare);
	guest_call(&self->vm.vcpus[0], GUEST_WRITE8, SPARE, 1);
}

static bool moved;

static long call_region_move(fail_data *self)
{
	return gz_region(self->vm.fd, 1, SPARE + (moved ? 0 : 2 * BLOCK), BLOCK, self->spare);
}

static void undo_move(fail_data *self, long unused)
{
	moved = !moved;
}

static long call_region_rebase(fail_data *self)
{
	return gz_region(self->vm.fd, 1, SPARE, BLOCK, self->spare + (moved ? 0 : BLOCK));
}

TEST_F_TIMEOUT(fail, memory_region, HANG_TIMEOUT)
{
	FAIL_ALL(call_region, undo_region, 2);
	ASSERT_EQ(0, call_region(self));
	EXPECT_EQ(0, guest_call(&self->vm.vcpus[0], GUEST_WRITE8, SPARE, 1));
	FAIL_ALL(call_region_remove, undo_remove, 1);
	FAIL_ALL(call_region_move, undo_move, 2);
	undo_region(self, 0);
	moved = false;
	ASSERT_EQ(0, call_region(self));
	FAIL_ALL(call_region_rebase, undo_move, 2);
	EXPECT_EQ(0, guest_call(&self->vm.vcpus[0], GUEST_WRITE8, SPARE, 1));
}

static long call_device(fail_data *self)
{
	struct gzvm_create_device dev = {
		.dev_addr = VM_GICD, .dev_reg_size = 0x10000,
		.attr_addr = (uintptr_t)self->attr, .attr_size = sizeof(self->attr),
	};

	return gz_ioctl(fresh_vm, GZVM_CREATE_DEVICE, &dev);
}

static void undo_device(fail_data *self, long unused)
{
	close(fresh_vm);
	fresh_vm = gz_ioctl_value(self->vm.dev, GZVM_CREATE_VM, 0);
}

TEST_F_TIMEOUT(fail, create_device, HANG_TIMEOUT)
{
	fresh_vm = gz_ioctl_value(self->vm.dev, GZVM_CREATE_VM, 0);
	ASSERT_GE(fresh_vm, 0);
	FAIL_ALL(call_device, undo_device, 2);
	close(fresh_vm);
}

static long call_irqfd(fail_data *self)
{
	return gz_irqfd(self->vm.fd, self->efd, 3, 0, 0);
}

static void undo_irqfd(fail_data *self, long unused)
{
	gz_irqfd(self->vm.fd, self->efd, 3, GZVM_IRQFD_FLAG_DEASSIGN, 0);
}

static long call_irqfd_off(fail_data *self)
{
	return gz_irqfd(self->vm.fd, self->efd, 3, GZVM_IRQFD_FLAG_DEASSIGN, 0);
}

static long call_resample(fail_data *self)
{
	return gz_irqfd(self->vm.fd, self->efd, 3, GZVM_IRQFD_FLAG_RESAMPLE, self->resample);
}

static long call_ioeventfd(fail_data *self)
{
	return gz_ioeventfd(self->vm.fd, self->efd, VM_MMIO, 4, 0, 0);
}

static void undo_ioeventfd(fail_data *self, long unused)
{
	gz_ioeventfd(self->vm.fd, self->efd, VM_MMIO, 4, GZVM_IOEVENTFD_FLAG_DEASSIGN, 0);
}

static long call_ioeventfd_off(fail_data *self)
{
	return gz_ioeventfd(self->vm.fd, self->efd, VM_MMIO, 4, GZVM_IOEVENTFD_FLAG_DEASSIGN, 0);
}

static void undo_ioeventfd_off(fail_data *self, long unused)
{
	call_ioeventfd(self);
}

TEST_F_TIMEOUT(fail, eventfds, HANG_TIMEOUT)
{
	FAIL_ALL(call_irqfd, undo_irqfd, 2);
	FAIL_ALL(call_irqfd_off, NULL, 1);
	FAIL_ALL(call_resample, undo_irqfd, 3);
	FAIL_ALL(call_ioeventfd, undo_ioeventfd, 2);
	ASSERT_EQ(0, call_ioeventfd(self));
	FAIL_ALL(call_ioeventfd_off, undo_ioeventfd_off, 2);
}

static long call_irq_line(fail_data *self)
{
	return gz_irq_line(self->vm.fd, 7, 1);
}

static long call_extension(fail_data *self)
{
	uint64_t value;

	return gz_extension(self->vm.fd, GZVM_CAP_ARM_VM_IPA_SIZE, &value);
}

static long call_enable_cap(fail_data *self)
{
	struct gzvm_enable_cap cap = { .cap = GZVM_CAP_ENABLE_IDLE };

	return gz_ioctl(self->vm.fd, GZVM_ENABLE_CAP, &cap);
}

static long call_dtb(fail_data *self)
{
	struct gzvm_dtb_config dtb = { VM_RAM, PAGE };

	return gz_ioctl(self->vm.fd, GZVM_SET_DTB_CONFIG, &dtb);
}

static long call_set_reg(fail_data *self)
{
	return gz_set_reg(self->vm.vcpus[0].fd, REG_X(20), 1);
}

static long call_get_reg(fail_data *self)
{
	uint64_t value;

	return gz_get_reg(self->vm.vcpus[0].fd, REG_X(20), &value);
}

TEST_F_TIMEOUT(fail, small_calls, HANG_TIMEOUT)
{
	FAIL_ALL(call_irq_line, NULL, 1);
	FAIL_ALL(call_extension, NULL, 2);
	FAIL_ALL(call_enable_cap, NULL, 1);
	FAIL_ALL(call_dtb, NULL, 1);
	FAIL_ALL(call_set_reg, NULL, 2);
	FAIL_ALL(call_get_reg, NULL, 1);
}

/*
 * The guest touches a page that it does not have yet. What cannot be had ends in EXCEPTION
 * with ENOMEM or EFAULT, and the next RUN tries again; so does a copy to the structure.
 */
static long call_touch(fail_data *self)
{
	struct vcpu *cpu = &self->vm.vcpus[0];
	long ret = vcpu_run(cpu);

	if (ret || cpu->run->exit_reason != GZVM_EXIT_EXCEPTION)
		return ret;
	return -(long)cpu->run->exception.error_code;
}

static uint64_t touched;

/* The guest is brought to the access itself, and what it accesses is taken away. */
static void prepare_touch(fail_data *self, long unused)
{
	struct vcpu *cpu = &self->vm.vcpus[0];

	/* The last operation may be at any of its MMIO exits. */
	while (guest_resume(cpu))
		;
	if (touched == SPARE) {
		/* Nothing of the whole block is recorded; the VMM has its memory. */
		gz_region(self->vm.fd, 1, 0, 0, NULL);
		call_region(self);
	} else {
		madvise(vm_at(&self->vm, touched), PAGE, MADV_DONTNEED);
	}
	guest_prepare(cpu, GUEST_WRITE8, (const uint64_t [4]){ touched, 1 });
	/* Four arguments, then the operation: its answer is given by the call under test. */
	for (int i = 0; i < 5; i++) {
		vcpu_run(cpu);
		memcpy(cpu->run->mmio.data,
		       (char *)&cpu->box + (cpu->run->mmio.phys_addr & (PAGE - 1)), 8);
	}
}

TEST_F_TIMEOUT(fail, page_fault, HANG_TIMEOUT)
{
	struct vcpu *cpu = &self->vm.vcpus[0];

	guest_prepare(cpu, GUEST_NOP, (const uint64_t [4]){});
	touched = VM_DATA;
	prepare_touch(self, 0);
	FAIL_ALL(call_touch, prepare_touch, 1);
	while (guest_resume(cpu))
		;
	EXPECT_EQ(1, *(uint64_t *)vm_at(&self->vm, VM_DATA));

	memset(self->spare, 0, BLOCK);
	ASSERT_EQ(0, call_region(self));
	touched = SPARE;
	prepare_touch(self, 0);
	FAIL_ALL(call_touch, prepare_touch, 1);
	while (guest_resume(cpu))
		;
	EXPECT_EQ(1, *(uint64_t *)self->spare);
}

static char debugfs_path[256];

static long call_read_file(fail_data *self)
{
	static char text[1 << 16];
	int fd = open(debugfs_path, O_RDONLY | O_CLOEXEC);
	long ret = 0;

	if (fd < 0)
		return -errno;
	while ((ret = read(fd, text, sizeof(text))) > 0)
		;
	ret = ret < 0 ? -errno : 0;
	close(fd);
	return ret;
}

TEST_F_TIMEOUT(fail, debugfs, HANG_TIMEOUT)
{
	static const char * const names[] = { "stats", "log" };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		snprintf(debugfs_path, sizeof(debugfs_path), DEBUG "gzvm/hypervisor/%s", names[i]);
		FAIL_ALL(call_read_file, NULL, 2);
	}
	ASSERT_EQ(0, vm_debugfs_path("exits", debugfs_path, sizeof(debugfs_path)));
	FAIL_ALL(call_read_file, NULL, 2);
}

/* Loading the driver: an instance of it that a test build of ours loads and unloads at will. */
TEST_ALONE(load_the_module)
{
	const char *path = getenv("GZVM_KO");
	char text[16], left[16];
	int module, nth, total, n, failed = 0;
	/*
	 * kmemleak allocates for each allocation, and does without; and its kernel is slow. Not
	 * every second place, which might be its own, always.
	 */
	bool slow = !access(DEBUG "kmemleak", F_OK);
	int last = slow ? 450 : 150, step = slow ? 3 : 1;

	if (!path)
		SKIP(return, "GZVM_KO does not name the module");
	module = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_GE(module, 0);
	nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_GE(nth, 0);
	write_file(DEBUG "failslab/ignore-gfp-wait", "N");
	write_file(DEBUG "fail_page_alloc/ignore-gfp-wait", "N");
	write_file(MIN_ORDER, ALL_PAGES);
	ASSERT_EQ(0, syscall(SYS_delete_module, "gzvm", 0));

	/* How many places there are; those of the driver's own are the last of them. */
	ASSERT_GT(pwrite(nth, "1000000", 7, 0), 0);
	ASSERT_EQ(0, syscall(SYS_finit_module, module, "", 0));
	memset(left, 0, sizeof(left));
	ASSERT_GT(pread(nth, left, sizeof(left) - 1, 0), 0);
	ASSERT_EQ(1, pwrite(nth, "0", 1, 0));
	total = 1000000 - atoi(left);
	TH_LOG("%d places can fail", total);
	for (n = total > last ? total - last : 1; n <= total; n += step) {
		syscall(SYS_delete_module, "gzvm", 0);
		snprintf(text, sizeof(text), "%d", n);
		ASSERT_GT(pwrite(nth, text, strlen(text), 0), 0);
		if (syscall(SYS_finit_module, module, "", 0)) {
			/*
			 * ENODEV: the device found no driver, as platform_driver_probe() says it.
			 * EINVAL: a static key could not be patched, as KUnit's caller says it.
			 */
			EXPECT_TRUE(errno == ENOMEM || errno == EFAULT || errno == ENODEV ||
				    errno == EINVAL) {
				TH_LOG("place %d: errno %d", n, errno);
			}
			failed++;
		}
		while (pwrite(nth, "0", 1, 0) != 1)
			;
	}
	EXPECT_GE(failed, 10);
	TH_LOG("%d of the last ones make it fail", failed);
	syscall(SYS_finit_module, module, "", 0);
	EXPECT_EQ(0, access("/dev/gzvm", R_OK | W_OK));
	close(nth);
	close(module);
}

TEST_HARNESS_MAIN
