// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's trace events: what the guest does can be read from them, by name.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "gzvm_util.h"

#define TRACING	"/sys/kernel/tracing/"

static char text[1 << 20];

static int trace_read(void)
{
	int fd = open(TRACING "trace", O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
		size += n;
	text[size] = '\0';
	close(fd);
	return size;
}

static void nothing(int signal)
{
}

static void *resume(void *arg)
{
	return (void *)guest_resume(arg);
}

/*
 * vCPU 1 is off and sleeps (IDLE), vCPU 0 starts it (IPI), it spins until an interrupt of the host
 * comes (IRQ).
 */
static void start_second_vcpu(struct __test_metadata *_metadata, struct vm *vm)
{
	struct vcpu *cpu = &vm->vcpus[0], *second = &vm->vcpus[1];
	pthread_t thread;
	void *ret;

	kick_setup(nothing, 0);
	guest_prepare(second, GUEST_SPIN, (const uint64_t [4]){});
	ASSERT_EQ(0, pthread_create(&thread, NULL, resume, second));
	while (vm_exits(vm, 1, "idle") < 1)
		usleep(1000);
	EXPECT_EQ(0, guest_call(cpu, GUEST_HVC, PSCI_CPU_ON, 1, VM_RAM, VM_MAILBOX + PAGE));
	EXPECT_EQ(0, cpu->box.result[0]);
	while (vm_exits(vm, 1, "irq") < 1)
		usleep(1000);
	/* A signal between two RUNs ends nothing; the byte does. */
	second->run->immediate_exit = 1;
	pthread_kill(thread, KICK_SIGNAL);
	pthread_join(thread, &ret);
	EXPECT_EQ(-EINTR, (long)ret);
}

TEST_ALONE(events)
{
	struct vm vm;
	char want[128];
	struct vcpu *cpu;

	if (access(TRACING "trace", F_OK))
		ASSERT_EQ(0, mount("none", TRACING, "tracefs", 0, NULL));
	ASSERT_EQ(0, vm_create(&vm));
	ASSERT_EQ(0, vm_add_vcpu(&vm, 0));
	ASSERT_EQ(0, vm_add_vcpu(&vm, 1));
	ASSERT_EQ(0, vm_boot(&vm));
	cpu = &vm.vcpus[0];
	ASSERT_EQ(0, write_file(TRACING "events/geniezone/enable", "1"));
	EXPECT_EQ(0, guest_call(cpu, GUEST_WRITE8, VM_DATA + BLOCK, 1));
	EXPECT_EQ(0, gz_irq_line(vm.fd, IRQ_WORD(0, 0, 9), 1));
	EXPECT_EQ(-EINVAL, gz_set_reg(cpu->fd, REG_SYS(3, 0, 0, 0, 0), 1));
	EXPECT_EQ(0, guest_call(cpu, GUEST_HVC, HVC_RELINQUISH, VM_DATA));
	start_second_vcpu(_metadata, &vm);
	EXPECT_EQ(GZVM_EXIT_SYSTEM_EVENT, guest_call(cpu, GUEST_HVC, PSCI_SYSTEM_OFF));
	ASSERT_EQ(0, write_file(TRACING "events/geniezone/enable", "0"));
	ASSERT_LT(0, trace_read());
	vm_destroy(&vm);

#define SEEN(what) EXPECT_NE(NULL, strstr(text, what))
	SEEN("gzvm_hypcall_enter: fn=RUN x1=0x");
	SEEN("gzvm_hypcall_leave: fn=RUN status=0 x1=0x92920001");
	SEEN("gzvm_hypcall_enter: fn=MAP_GUEST_BLOCK ");
	SEEN("gzvm_hypcall_leave: fn=SET_ONE_REG status=-8 ");
	SEEN("vcpu=0 reason=MMIO");
	SEEN("vcpu=0 reason=EXCEPTION");
	SEEN("vcpu=0 reason=SYSTEM_EVENT");
	SEEN("vcpu=0 reason=HYPERCALL");
	SEEN("vcpu=1 reason=IDLE");
	SEEN("vcpu=0 reason=IPI");
	SEEN("vcpu=1 reason=IRQ");
	SEEN("intid=41 level=1 wake=0x");
	snprintf(want, sizeof(want), "vcpu=0 gpa=0x%lx error=0", VM_DATA + BLOCK);
	SEEN(want);
}

TEST_HARNESS_MAIN
