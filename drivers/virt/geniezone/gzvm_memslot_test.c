// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: memory slots: what is refused, how they change and go.
 */

#include <linux/err.h>
#include <linux/mman.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "gzvm_test.h"

static void gzvm_test_region_args(struct kunit *test)
{
	const struct gzvm_userspace_memory_region good =
		gzvm_test_region(0, TEST_GPA, SZ_2M, SZ_2M);
	struct gzvm_userspace_memory_region r;

	KUNIT_EXPECT_EQ(test, gzvm_memslot_check(&good), 0);

#define CHECK_BAD(field, value) do {					\
		r = good;						\
		r.field = (value);					\
		KUNIT_EXPECT_EQ(test, gzvm_memslot_check(&r), -EINVAL);	\
	} while (0)
	CHECK_BAD(slot, GZVM_MAX_MEM_SLOTS);
	CHECK_BAD(flags, 8);
	CHECK_BAD(guest_phys_addr, TEST_GPA + 0x800);
	CHECK_BAD(memory_size, SZ_2M + 1);
	CHECK_BAD(userspace_addr, SZ_2M + 8);
	CHECK_BAD(guest_phys_addr, -(u64)SZ_1M);
	CHECK_BAD(guest_phys_addr, BIT_ULL(40) - SZ_1M);
	CHECK_BAD(userspace_addr, -(u64)SZ_1M);
	CHECK_BAD(memory_size, 0x80000000ULL << PAGE_SHIFT);
#undef CHECK_BAD

	r = good;
	r.slot = GZVM_MAX_MEM_SLOTS - 1;
	r.guest_phys_addr = BIT_ULL(40) - SZ_2M;
	KUNIT_EXPECT_EQ(test, gzvm_memslot_check(&r), 0);

	/* Of a removal only the slot counts. */
	r = gzvm_test_region(3, 1, 0, 1);
	r.flags = ~0;
	KUNIT_EXPECT_EQ(test, gzvm_memslot_check(&r), 0);
}

static void gzvm_test_slots(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_4M);

	gt->vm->demand_paging = true;
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_1M, hva), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_MEMREGION_PURPOSE], 1);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_SET_MEMREGION], 1);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 511, TEST_GPA + SZ_1M, SZ_1M, hva + SZ_1M), 0);

	/* Overlaps: by one page at either end, inside, around. */
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 1, TEST_GPA - SZ_1M, SZ_1M + SZ_4K, hva),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 1, TEST_GPA + SZ_2M - SZ_4K, SZ_1M, hva),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 1, TEST_GPA + SZ_4K, SZ_4K, hva), -EEXIST);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 1, TEST_GPA - SZ_4K, SZ_4M, hva), -EEXIST);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_2M, hva), -EEXIST);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_SET_MEMREGION], 2);

	KUNIT_EXPECT_EQ(test, gzvm_memslot_find(gt->vm, TEST_GFN)->id, 0);
	KUNIT_EXPECT_EQ(test, gzvm_memslot_find(gt->vm, TEST_GFN + 255)->id, 0);
	KUNIT_EXPECT_EQ(test, gzvm_memslot_find(gt->vm, TEST_GFN + 256)->id, 511);
	KUNIT_EXPECT_NULL(test, gzvm_memslot_find(gt->vm, TEST_GFN - 1));
	KUNIT_EXPECT_NULL(test, gzvm_memslot_find(gt->vm, TEST_GFN + 512));

	/* Nothing mapped there in the VMM. */
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 2, 0, SZ_4K, SZ_4K), -EFAULT);

	/* The slot shrinks, moves, goes; both known ways to say so. */
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_4K, hva), 0);
	KUNIT_EXPECT_NULL(test, gzvm_memslot_find(gt->vm, TEST_GFN + 1));
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, SZ_1G, SZ_4K, hva), 0);
	KUNIT_EXPECT_NULL(test, gzvm_memslot_find(gt->vm, TEST_GFN));
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 511, TEST_GPA + SZ_1M, 0, hva), 0);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), -EINVAL);
	KUNIT_EXPECT_TRUE(test, xa_empty(&gt->registered));
	gzvm_test_nothing_left(test);
}

/* The hypervisor's refusal leaves no slot behind. */
static void gzvm_test_slot_refused(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_1M);

	gt->vm->demand_paging = true;
	gt->status[GZVM_FN_SET_MEMREGION] = -ENOMEM;
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_1M, hva), -ENOMEM);
	gt->status[GZVM_FN_SET_MEMREGION] = 0;
	gt->status[GZVM_FN_MEMREGION_PURPOSE] = -EINVAL;
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_1M, hva), -EINVAL);
	KUNIT_EXPECT_NULL(test, gzvm_memslot_find(gt->vm, TEST_GFN));
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), -EINVAL);
	gzvm_test_nothing_left(test);
}

/* Any signal keeps a process's first notifiers from being registered: the ioctl begins again. */
static void gzvm_test_slot_signal(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_1M);

	gt->vm->demand_paging = true;
	set_tsk_thread_flag(current, TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, gzvm_vm_create(0), -ERESTARTNOINTR);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_1M, hva), -ERESTARTNOINTR);
	clear_tsk_thread_flag(current, TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_CREATE_VM], 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_SET_MEMREGION], 0);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_1M, hva), 0);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	gzvm_test_nothing_left(test);
}

/* What backs a slot in use changes: its pages go, the slot stays known. The guest uses it again. */
static struct gzvm_vcpu *gzvm_test_rebased(struct kunit *test, unsigned long from,
					   unsigned long to)
{
	struct gzvm_test *gt = test->priv;
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);

	gt->vm->demand_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_1M, from), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_1M, to), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_SET_MEMREGION], 1);
	gzvm_test_nothing_left(test);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	return vcpu;
}

static void gzvm_test_rebase_watched(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_4M);
	struct gzvm_vcpu *vcpu = gzvm_test_rebased(test, hva, hva + SZ_2M);

	/* The new memory is watched, the old no longer. */
	gt->calls[GZVM_FN_UNMAP] = 0;
	KUNIT_ASSERT_EQ(test, vm_munmap(hva, SZ_1M), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_UNMAP], 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(hva + SZ_2M, SZ_1M), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_UNMAP], 1);
	gzvm_test_nothing_left(test);

	/* UNMAP that fails: the slot stays as it was. */
	KUNIT_ASSERT_EQ(test, gzvm_test_remap(hva + SZ_2M, SZ_1M), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	gt->status[GZVM_FN_UNMAP] = -EINVAL;
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_1M, hva + SZ_1M), -EINVAL);
	gt->status[GZVM_FN_UNMAP] = 0;
	KUNIT_EXPECT_EQ(test, gzvm_memslot_find(gt->vm, TEST_GFN)->hva, hva + SZ_2M);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	gzvm_test_nothing_left(test);
}

static void gzvm_test_rebase(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_4M);

	gt->vm->pinned = true;
	gzvm_test_rebased(test, hva, hva + SZ_1M);
	/* Without UNMAP what the guest has touched cannot be taken back. */
	gzvm_hyp.features = 0;
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_1M, hva), -EBUSY);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 1, 0, SZ_1M, hva), 0);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 1, 0, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_UNMAP], 1);

	/* UNMAP that fails: all stays. */
	gzvm_hyp.features = GZVM_HYP_FEAT_UNMAP;
	gt->status[GZVM_FN_UNMAP] = -EINVAL;
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 1);
	KUNIT_EXPECT_NOT_NULL(test, gzvm_memslot_find(gt->vm, TEST_GFN));
	gt->status[GZVM_FN_UNMAP] = 0;
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	gzvm_test_nothing_left(test);
}

/* A hypervisor without demand paging is given all of a slot at once. */
static void gzvm_test_populate(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_4M);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);

	gt->vm->pinned = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_4M, hva), 0);
	gzvm_test_locked(test, 1024);
	KUNIT_EXPECT_NOT_NULL(test, xa_load(&gt->mapped, TEST_GFN + 1023));
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), -EFAULT);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	gzvm_test_nothing_left(test);

	/* A hole in the memory: nothing is left of the attempt. */
	KUNIT_ASSERT_EQ(test, vm_munmap(hva + SZ_2M, SZ_64K), 0);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_4M, hva), -EFAULT);
	KUNIT_EXPECT_TRUE(test, xa_empty(&gt->registered));
	gzvm_test_nothing_left(test);
}

static const struct vm_operations_struct *gzvm_test_shmem_ops;

static vm_fault_t gzvm_test_fault(struct vm_fault *vmf)
{
	return gzvm_test_shmem_ops->fault(vmf);
}

static vm_fault_t gzvm_test_mkwrite(struct vm_fault *vmf)
{
	lock_page(vmf->page);
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct gzvm_test_vm_ops = {
	.fault = gzvm_test_fault,
	.page_mkwrite = gzvm_test_mkwrite,
};

/*
 * What the memory manager knows of a mapping: that its file system keeps account of writes
 * (@mkwrite), and @flags.
 */
static void gzvm_test_mark(struct kunit *test, unsigned long hva, bool mkwrite, vm_flags_t flags)
{
	struct vm_area_struct *vma;

	mmap_write_lock(current->mm);
	vma = vma_lookup(current->mm, hva);
	if (vma && mkwrite) {
		gzvm_test_shmem_ops = vma->vm_ops;
		vma->vm_ops = &gzvm_test_vm_ops;
	}
	if (vma)
		vm_flags_set(vma, flags);
	mmap_write_unlock(current->mm);
	KUNIT_ASSERT_NOT_NULL(test, vma);
}

/* The one page of a slot, by a fault and, where all of it is pinned, as a whole. */
static void gzvm_test_give(struct kunit *test, struct gzvm_vcpu *vcpu, unsigned long hva, int want)
{
	struct gzvm_test *gt = test->priv;

	gt->vm->demand_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, PAGE_SIZE, hva), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), want);
	gzvm_test_locked(test, want ? 0 : 1);
	KUNIT_EXPECT_EQ(test, xa_empty(&gt->mapped), want != 0);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	gzvm_test_nothing_left(test);
	if (!gt->vm->pinned)
		return;

	gt->vm->demand_paging = false;
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, PAGE_SIZE, hva), want);
	gzvm_test_locked(test, want ? 0 : 1);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), want ? -EINVAL : 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&gt->registered));
	gzvm_test_nothing_left(test);
}

/*
 * Shared memory, a file of tmpfs, may be pinned for as long as a guest lives; a file whose file
 * system wants to hear of writes may not, and without pins it can be given. Device memory is
 * nobody's to give.
 */
static void gzvm_test_must_not_pin(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long device = gzvm_test_mmap(test, SZ_64K), hva;
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);

	hva = kunit_vm_mmap(test, NULL, 0, SZ_64K, PROT_READ | PROT_WRITE,
			    MAP_ANONYMOUS | MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(hva));

	gt->vm->pinned = true;
	gzvm_test_give(test, vcpu, hva, 0);
	gzvm_test_mark(test, hva, true, 0);
	gzvm_test_give(test, vcpu, hva, -EFAULT);
	gt->vm->pinned = false;
	gzvm_test_give(test, vcpu, hva, 0);

	gzvm_test_mark(test, device, false, VM_PFNMAP);
	gzvm_test_give(test, vcpu, device, -EFAULT);
	gt->vm->pinned = true;
	gzvm_test_give(test, vcpu, device, -EFAULT);
}

static struct kunit_case gzvm_memslot_cases[] = {
	KUNIT_CASE(gzvm_test_region_args),
	KUNIT_CASE(gzvm_test_slots),
	KUNIT_CASE(gzvm_test_slot_refused),
	KUNIT_CASE(gzvm_test_slot_signal),
	KUNIT_CASE(gzvm_test_rebase_watched),
	KUNIT_CASE(gzvm_test_rebase),
	KUNIT_CASE(gzvm_test_populate),
	KUNIT_CASE(gzvm_test_must_not_pin),
	{}
};

static struct kunit_suite gzvm_memslot_suite = {
	.name = "gzvm_memslot",
	.init = gzvm_test_init,
	.exit = gzvm_test_exit,
	.test_cases = gzvm_memslot_cases,
};

kunit_test_suite(gzvm_memslot_suite);
