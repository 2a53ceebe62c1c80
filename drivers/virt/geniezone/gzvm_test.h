/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KUnit: a hypervisor made of counters and answers, and a VM on it.
 */
#ifndef _GZVM_TEST_H
#define _GZVM_TEST_H

#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/gzvm_drv.h>

#define GZVM_TEST_NR_FN		0x48
#define GZVM_TEST_VM_ID		7
/* Where slots are, mostly. */
#define TEST_GPA		0x80000000ULL
#define TEST_GFN		(TEST_GPA >> PAGE_SHIFT)

/**
 * struct gzvm_test - state of a test
 * @vm: a VM that the stub knows by GZVM_TEST_VM_ID
 * @saved: gzvm_hyp before the test
 * @calls: hypercalls by function
 * @status: errno that a function returns
 * @busy: times that a function returns -EAGAIN first
 * @last: arguments of the last call by function
 * @res: results (a1 to a3) by function
 * @mapped: what MAP_GUEST, MAP_GUEST_BLOCK and SET_MEMREGION mapped: PFN by frame
 * @registered: slots that the hypervisor knows
 * @on_call: called after each hypercall
 */
struct gzvm_test {
	struct gzvm *vm;
	struct gzvm_hyp_info saved;
	unsigned int calls[GZVM_TEST_NR_FN];
	int status[GZVM_TEST_NR_FN];
	unsigned int busy[GZVM_TEST_NR_FN];
	struct gzvm_args last[GZVM_TEST_NR_FN];
	struct arm_smccc_res res[GZVM_TEST_NR_FN];
	struct xarray mapped;
	struct xarray registered;
	void (*on_call)(struct gzvm_test *gt, u32 fn);
};

int gzvm_test_init(struct kunit *test);
void gzvm_test_exit(struct kunit *test);
struct gzvm_vcpu *gzvm_test_vcpu(struct kunit *test, u32 id);
unsigned long gzvm_test_mmap(struct kunit *test, unsigned long size);
unsigned long gzvm_test_mmap_huge(struct kunit *test);
int gzvm_test_remap(unsigned long hva, unsigned long size);
struct gzvm_userspace_memory_region gzvm_test_region(u32 slot, u64 gpa, u64 size, u64 hva);
int gzvm_test_set(struct kunit *test, u32 slot, u64 gpa, u64 size, u64 hva);
void gzvm_test_nothing_left(struct kunit *test);
void gzvm_test_locked(struct kunit *test, unsigned long pages);

#endif /* _GZVM_TEST_H */
