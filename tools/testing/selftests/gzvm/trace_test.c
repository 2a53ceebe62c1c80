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

TEST_ALONE(events)
{
	struct vm vm;
	char want[128];
	struct vcpu *cpu;

	if (access(TRACING "trace", F_OK))
		ASSERT_EQ(0, mount("none", TRACING, "tracefs", 0, NULL));
	ASSERT_EQ(0, vm_create(&vm));
	ASSERT_EQ(0, vm_add_vcpu(&vm, 0));
	ASSERT_EQ(0, vm_boot(&vm));
	cpu = &vm.vcpus[0];
	ASSERT_EQ(0, write_file(TRACING "events/geniezone/enable", "1"));
	EXPECT_EQ(0, guest_call(cpu, GUEST_WRITE8, VM_DATA + BLOCK, 1));
	EXPECT_EQ(0, gz_irq_line(vm.fd, IRQ_WORD(0, 0, 9), 1));
	EXPECT_EQ(-EINVAL, gz_set_reg(cpu->fd, REG_SYS(3, 0, 0, 0, 0), 1));
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
	SEEN("intid=41 level=1 wake=0x");
	snprintf(want, sizeof(want), "vcpu=0 gpa=0x%lx error=0", VM_DATA + BLOCK);
	SEEN(want);
}

TEST_HARNESS_MAIN
