// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/hypercall.c: dispatch, statuses, and the calls that need no VM. The file is
 * included: the release comes from the build, and of hyp/vm.h only the calls count,
 * which are this test's own.
 */
#include "ktap.h"

#include <linux/gzvm_hyp.h>
#include <hyp/errno.h>
#include <hyp/hostcall.h>
#include <hyp/hypercall.h>
#include <hyp/log.h>
#include <hyp/page.h>
#include <hyp/pool.h>
#include <hyp/util.h>

#define HYP_VERSION_MAJOR 3
#define HYP_VERSION_MINOR 14
#define HYP_VERSION_PATCH 159
#define HYP_VM_H

#define RAM 0x40000000UL

/* What the calls for VMs are here: each leaves its number, and returns what the test wants. */
static int called, vm_result;
static unsigned int nr_called;

#define VM_CALLS(X)                                                                     \
	X(create_vm, 0) X(destroy_vm, 1) X(create_vcpu, 2) X(destroy_vcpu, 3)           \
	X(set_memregion, 4) X(run, 5) X(get_one_reg, 8) X(set_one_reg, 9)               \
	X(irq_line, 10) X(create_device, 11) X(probe, 12) X(enable_cap, 13)             \
	X(inform_exit, 14) X(memregion_purpose, 15) X(set_dtb_config, 16) X(map_guest, 17) \
	X(map_guest_block, 18) X(get_statistics, 19) X(unmap, 0x43) X(vm_reset, 0x44)   \
	X(vcpu_stats, 0x45) X(irq_line_ex, 0x46)

void vm_counts(u32 *vms, u32 *vcpus);
#define X(name, number) int hypercall_##name(u64 x[]);
VM_CALLS(X)
#undef X

#include "core/hypercall.c"

#define X(name, number)                        \
	int hypercall_##name(u64 x[])          \
	{                                      \
		called = number;               \
		nr_called++;                   \
		x[1] = x[1] + 1;               \
		x[2] = 0x2222;                 \
		x[3] = 0x3333;                 \
		return vm_result;              \
	}
VM_CALLS(X)
#undef X

static const struct {
	const char *name;
	int number;
} vm_calls[] = {
#define X(name, number) { #name, number },
	VM_CALLS(X)
#undef X
};

void vm_counts(u32 *vms, u32 *vcpus)
{
	*vms = 7;
	*vcpus = 9;
}

u64 pool_total(void)
{
	return 0x123456000;
}

u64 pool_available(void)
{
	return 0x23000;
}

static int lend_result, lent;
static pa_t lent_page;

int page_lend_hyp(pa_t base, unsigned int pages)
{
	EXPECT_EQ(pages, 1);
	EXPECT(IS_ALIGNED(base.v, PAGE_SIZE));
	if (lend_result)
		return lend_result;
	lent_page = base;
	lent++;
	return 0;
}

void page_return_hyp(pa_t base, unsigned int pages)
{
	EXPECT_EQ(pages, 1);
	EXPECT_EQ(base.v, lent_page.v);
	lent--;
}

static const char text[] = "some text of a log";
static u64 asked_pos;
static size_t asked_size;

size_t log_read(char *buf, size_t size, u64 *pos)
{
	EXPECT_EQ(lent, 1); /* not before the page is ours to write to */
	asked_pos = *pos;
	asked_size = size;
	memcpy(buf, text, sizeof(text));
	*pos += sizeof(text);
	return sizeof(text);
}

static u64 x[8];

static u64 call(u64 id, u64 a1, u64 a2, u64 a3)
{
	called = -1;
	memcpy(x, (u64[]){ id, a1, a2, a3, 44, 55, 66, 77 }, sizeof(x));
	hypercall(x);
	EXPECT_EQ(x[4], 44);
	EXPECT_EQ(x[5], 55);
	EXPECT_EQ(x[6], 66);
	EXPECT_EQ(x[7], 77);
	return x[0];
}

TEST(status_of_errno)
{
	static const struct {
		int err;
		s64 status;
	} map[] = {
		{ 0, 0 }, { -ENOMEM, -5 }, { -ENOSPC, -5 }, { -EINVAL, -8 }, { -EOPNOTSUPP, -24 },
		{ -EAGAIN, -33 }, { -EBUSY, -33 }, { -EPERM, -40 }, { -EFAULT, -40 },
		{ -ENOENT, -8 }, { -EEXIST, -8 }, { -E2BIG, -8 }, { -ERANGE, -8 }, { -ENODEV, -8 },
		{ -12345, -8 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(map); i++)
		EXPECT_EQ(hypercall_status(map[i].err), map[i].status);
}

TEST(each_vm_call_has_its_number)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(vm_calls); i++) {
		vm_result = 0;
		EXPECT_EQ(call(GZVM_HYPCALL_ID(vm_calls[i].number), 10, 20, 30), 0);
		if (called != vm_calls[i].number)
			KTAP_FAIL("%s was not called by number %d", vm_calls[i].name,
				  vm_calls[i].number);
		EXPECT_EQ(x[1], 11);
		EXPECT_EQ(x[2], 0x2222);
		EXPECT_EQ(x[3], 0x3333);
		/* Bits 63:32 of the id are ignored. */
		EXPECT_EQ(call(0xabcd00000000 | GZVM_HYPCALL_ID(vm_calls[i].number), 1, 2, 3), 0);
		EXPECT_EQ(called, vm_calls[i].number);
	}
}

TEST(an_error_has_no_results)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(vm_calls); i++) {
		vm_result = -EBUSY;
		EXPECT_EQ(call(GZVM_HYPCALL_ID(vm_calls[i].number), 1, 2, 3), GZVM_STATUS_BUSY);
		EXPECT_EQ(called, vm_calls[i].number);
		EXPECT_EQ(x[1] | x[2] | x[3], 0);
	}
	vm_result = 0;
}

static bool known(unsigned int n)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(vm_calls); i++)
		if (vm_calls[i].number == (int)n)
			return true;
	return n == GZVM_FN_FEATURES || n == GZVM_FN_HYP_STATS || n == GZVM_FN_LOG_READ;
}

TEST(all_other_numbers)
{
	unsigned int before = nr_called;

	for (unsigned int n = 0; n < GZVM_HYPCALL_NR; n++) {
		if (!known(n))
			EXPECT_EQ(call(GZVM_HYPCALL_ID(n), 1, 2, 3), GZVM_STATUS_NOT_SUPPORTED);
		/* The SMC32 form of any number is nothing. */
		EXPECT_EQ(call(GZVM_HYPCALL_ID(n) & ~(1UL << 30), 1, 2, 3),
			  GZVM_STATUS_NOT_SUPPORTED);
		EXPECT_EQ(x[1] | x[2] | x[3], 0);
	}
	EXPECT_EQ(nr_called, before);
}

TEST(features)
{
	EXPECT_EQ(call(GZVM_HYPCALL_ID(GZVM_FN_FEATURES), 1, 2, 3), 0);
	/* Each bit of a call that is there, and no other. */
	EXPECT_EQ(x[1], GZVM_HYP_FEAT_UNMAP | GZVM_HYP_FEAT_WAKE_MASK | GZVM_HYP_FEAT_ONE_REG |
			GZVM_HYP_FEAT_STATS | GZVM_HYP_FEAT_RESET | GZVM_HYP_FEAT_LOG |
			GZVM_HYP_FEAT_IRQ_EX | GZVM_HYP_FEAT_VCPU_STATS |
			GZVM_HYP_FEAT_RESAMPLE | GZVM_HYP_FEAT_PULSE | GZVM_HYP_FEAT_WAIT);
	EXPECT_EQ(GZVM_HYP_VERSION_MAJOR(x[2]), 3);
	EXPECT_EQ(GZVM_HYP_VERSION_MINOR(x[2]), 14);
	EXPECT_EQ(GZVM_HYP_VERSION_PATCH(x[2]), 159);
	EXPECT_EQ(x[3], 0);
}

TEST(hyp_stats)
{
	EXPECT_EQ(call(GZVM_HYPCALL_ID(GZVM_FN_HYP_STATS), 1, 2, 3), 0);
	EXPECT_EQ(x[1], 0x123456000);
	EXPECT_EQ(x[2], 0x23000);
	EXPECT_EQ(GZVM_HYP_STATS_VMS(x[3]), 7);
	EXPECT_EQ(GZVM_HYP_STATS_VCPUS(x[3]), 9);
}

TEST(log_read)
{
	fake_ram_add(RAM, 4 * PAGE_SIZE);
	EXPECT_EQ(call(GZVM_HYPCALL_ID(GZVM_FN_LOG_READ), RAM + PAGE_SIZE, 100, 3), 0);
	EXPECT_EQ(x[1], sizeof(text));
	EXPECT_EQ(x[2], 100 + sizeof(text));
	EXPECT_EQ(x[3], 0);
	EXPECT_EQ(asked_pos, 100);
	EXPECT_EQ(asked_size, PAGE_SIZE);
	EXPECT_STREQ((char *)fake_va(RAM + PAGE_SIZE), text);
	EXPECT_EQ(lent, 0);
	EXPECT_EQ(lent_page.v, RAM + PAGE_SIZE);
	EXPECT_EQ(fake_counts.map_page, 1);
	/* Many in a row: each mapping is given back. */
	for (unsigned int i = 0; i < 100; i++)
		EXPECT_EQ(call(GZVM_HYPCALL_ID(GZVM_FN_LOG_READ), RAM, 0, 0), 0);
}

TEST(log_read_refused)
{
	static const struct {
		int err;
		s64 status;
	} refused[] = { { -EPERM, GZVM_STATUS_FAULT }, { -EBUSY, GZVM_STATUS_BUSY },
			{ -EINVAL, GZVM_STATUS_INVALID_ARGS } };

	for (unsigned int i = 0; i < ARRAY_SIZE(refused); i++) {
		lend_result = refused[i].err;
		EXPECT_EQ(call(GZVM_HYPCALL_ID(GZVM_FN_LOG_READ), RAM, 100, 3), refused[i].status);
		EXPECT_EQ(x[1] | x[2] | x[3], 0);
	}
	lend_result = 0;
	for (u64 low = 1; low < PAGE_SIZE; low <<= 1)
		EXPECT_EQ(call(GZVM_HYPCALL_ID(GZVM_FN_LOG_READ), RAM | low, 0, 0),
			  GZVM_STATUS_INVALID_ARGS);
	EXPECT_EQ(fake_counts.map_page, 0);
	EXPECT_EQ(lent, 0);
}
