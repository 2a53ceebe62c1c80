// SPDX-License-Identifier: GPL-2.0-only
/* What the back end for GenieZone says of a guest that can't go on; the driver is a stand-in. */
#include <errno.h>
#include <linux/gzvm.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#include "hv.h"
#include "ktap.h"

/* Room for the descriptor that the stand-in knows. */
#define VCPU_FD		1000

static struct gzvm_vcpu_run run, next;
static struct hv_exit result;
static struct hv_vcpu vcpu = { .index = 2, .fd = VCPU_FD, .run = &run };
static bool registers = true;

int hv_report_open_error(const char *device, int error)
{
	(void)device;
	return -error;
}

/* RUN gives what is in next; each register has a value of its own. */
int ioctl(int fd, unsigned long request, ...)
{
	struct gzvm_one_reg *reg;
	uint64_t value;
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	errno = EINVAL;
	if (fd == VCPU_FD && request == GZVM_RUN) {
		memcpy(arg, &next, sizeof(next));
		return 0;
	}
	if (fd != VCPU_FD || request != GZVM_GET_ONE_REG || !registers)
		return -1;
	reg = arg;
	if (reg->id == GZVM_REG_CORE_U64(GZVM_CORE_PC))
		value = 0x80001234;
	else if (reg->id == GZVM_REG_CORE_U64(GZVM_CORE_PSTATE))
		value = 0x3c5;
	else if (reg->id >= GZVM_REG_CORE_U64(GZVM_CORE_X(0)) &&
		 reg->id <= GZVM_REG_CORE_U64(GZVM_CORE_X(30)))
		value = 0x1000 + reg->id - GZVM_REG_CORE_U64(GZVM_CORE_X(0));
	else
		return -1;
	memcpy((void *)(uintptr_t)reg->addr, &value, sizeof(value));
	return 0;
}

static void exits(unsigned int reason)
{
	next.exit_reason = reason;
	memset(&result, 0xff, sizeof(result));
	hv_gzvm_ops.vcpu_run(&vcpu, &result);
	memset(&next, 0, sizeof(next));
}

/* The words, a line of PC and PSTATE that begins as told, and x0 to x30, each with its value. */
static void expect_crash(const char *words, const char *state)
{
	const char *at = result.text;
	char want[64];

	EXPECT_EQ(result.kind, HV_EXIT_CRASH);
	if (strncmp(at, words, strlen(words)) || at[strlen(words)] != '\n') {
		KTAP_FAIL("\"%s\", expected \"%s\"", at, words);
		return;
	}
	at += strlen(words);
	if (strncmp(at, state, strlen(state))) {
		KTAP_FAIL("\"%s\", expected \"%s\"", at, state);
		return;
	}
	at += strlen(state);
	for (unsigned int i = 0; i < 31; i++) {
		uint64_t id = GZVM_REG_CORE_U64(GZVM_CORE_X(i)) - GZVM_REG_CORE_U64(GZVM_CORE_X(0));
		int n = snprintf(want, sizeof(want), "%sx%-2u %016llx", i % 4 ? "  " : "\n  ", i,
				 0x1000ULL + id);

		if (strncmp(at, want, n)) {
			KTAP_FAIL("\"%s\", expected \"%s\"", at, want);
			return;
		}
		at += n;
	}
	EXPECT_STREQ(at, "");
}

#define STATE	"\n  PC 0x80001234  PSTATE 0x3c5"

TEST(page_fault)
{
	next.exception.exception = GZVM_EXCEPTION_PAGE_FAULT;
	next.exception.error_code = EFAULT;
	next.exception.fault_gpa = 0x81234567;
	exits(GZVM_EXIT_EXCEPTION);
	expect_crash("page fault: vCPU 2 touched memory that the host can't give it, at "
		     "0x81234567: Bad address", STATE);
}

TEST(other_exception)
{
	next.exception.exception = 7;
	next.exception.error_code = 3;
	next.exception.fault_gpa = 0x1000;
	exits(GZVM_EXIT_EXCEPTION);
	expect_crash("vCPU 2 took exception 7 (error 3) at 0x1000", STATE);
}

TEST(other_exits)
{
	next.fail_entry.hardware_entry_failure_reason = 0x55;
	next.fail_entry.cpu = 1;
	exits(GZVM_EXIT_FAIL_ENTRY);
	expect_crash("vCPU 2 can't be entered: reason 0x55 on CPU 1", STATE);
	next.internal.suberror = 9;
	exits(GZVM_EXIT_INTERNAL_ERROR);
	expect_crash("vCPU 2 met internal error 9 of the hypervisor", STATE);
	exits(0x1234);
	expect_crash("vCPU 2 stopped for unknown reason 0x1234", STATE);
}

/* A hypervisor that gives no register out: the words alone. */
TEST(no_registers)
{
	registers = false;
	next.exception.exception = GZVM_EXCEPTION_PAGE_FAULT;
	next.exception.error_code = ENOMEM;
	exits(GZVM_EXIT_EXCEPTION);
	registers = true;
	EXPECT_EQ(result.kind, HV_EXIT_CRASH);
	EXPECT_STREQ(result.text, "page fault: vCPU 2 touched memory that the host can't give it, "
		     "at 0x0: Cannot allocate memory");
}

static void crash(uint64_t reason, uint64_t esr, unsigned int index)
{
	next.system_event.type = GZVM_SYSTEM_EVENT_CRASH;
	next.system_event.ndata = GZVM_CRASH_NDATA;
	next.system_event.data[GZVM_CRASH_DATA_REASON] = reason;
	next.system_event.data[GZVM_CRASH_DATA_ESR] = esr;
	next.system_event.data[GZVM_CRASH_DATA_FAR] = 0xfa;
	next.system_event.data[GZVM_CRASH_DATA_PC] = 0xbc;
	next.system_event.data[GZVM_CRASH_DATA_PSTATE] = 0x3c4;
	next.system_event.data[GZVM_CRASH_DATA_VCPU] = index;
	exits(GZVM_EXIT_SYSTEM_EVENT);
}

TEST(crash_serror)
{
	crash(GZVM_CRASH_SERROR, 0xbe000011, 2);
	expect_crash("the hardware reported an SError while it ran; SError on vCPU 2; look for the "
		     "guest's own fault first", "\n  PC 0xbc  ESR 0xbe000011  FAR 0xfa  PSTATE 0x3c4");
}

TEST(crash_bad_abort)
{
	crash(GZVM_CRASH_BAD_ABORT, 0x86000006, 2);
	expect_crash("it faulted, and its exception vectors are where no memory is; instruction "
		     "abort: translation fault, level 2 on vCPU 2; look for the guest's own fault "
		     "first", "\n  PC 0xbc  ESR 0x86000006  FAR 0xfa  PSTATE 0x3c4");
}

/* Each vCPU's RUN tells of the crash; the one that it was has the registers. */
TEST(crash_of_another)
{
	crash(GZVM_CRASH_SERROR, 0xbe000011, 1);
	EXPECT_EQ(result.kind, HV_EXIT_AGAIN);
}

TEST(crash_unknown)
{
	crash(99, 0, 2);
	EXPECT_EQ(result.kind, HV_EXIT_CRASH);
	EXPECT_STREQ(result.text, "reason 99 (6 values of detail)");
	next.system_event.type = GZVM_SYSTEM_EVENT_CRASH;
	exits(GZVM_EXIT_SYSTEM_EVENT);
	EXPECT_EQ(result.kind, HV_EXIT_CRASH);
	EXPECT_STREQ(result.text, "reason 0 (0 values of detail)");
}

/* What it can't do is one line. */
TEST(refusal)
{
	struct hv hv = { .ops = &hv_gzvm_ops, .dev_fd = -1 };

	CAPTURE_STDERR(EXPECT_EQ(hv_gzvm_ops.vm_create(&hv), -EINVAL));
	EXPECT_ONE_LINE();
	EXPECT_CONTAINS(ktap_stderr, "/dev/gzvm: GZVM_CREATE_VM: Invalid argument; ");
}
