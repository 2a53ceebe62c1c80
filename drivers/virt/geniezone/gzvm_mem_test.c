// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: pages behind memory slots, on a real mm.
 */

#include <linux/cred.h>
#include <linux/mman.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "gzvm_test.h"

/**
 * gzvm_test_mmap() - anonymous memory in the test's mm, which becomes the VM's
 * @test: the test
 * @size: bytes
 *
 * Return: its address.
 */
unsigned long gzvm_test_mmap(struct kunit *test, unsigned long size)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva;

	hva = kunit_vm_mmap(test, NULL, 0, size, PROT_READ | PROT_WRITE,
			    MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(hva));
	gt->vm->mm = current->mm;
	return hva;
}

/**
 * gzvm_test_region() - arguments of SET_USER_MEMORY_REGION
 * @slot: number
 * @gpa: where the guest sees it
 * @size: bytes
 * @hva: where the memory is
 *
 * Return: them.
 */
struct gzvm_userspace_memory_region gzvm_test_region(u32 slot, u64 gpa, u64 size, u64 hva)
{
	return (struct gzvm_userspace_memory_region){
		.slot = slot,
		.flags = GZVM_USER_MEM_REGION_GUEST_MEM,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = hva,
	};
}

/**
 * gzvm_test_set() - SET_USER_MEMORY_REGION for the test's VM
 * @test: the test
 * @slot: number
 * @gpa: where the guest sees it
 * @size: bytes
 * @hva: where the memory is
 *
 * Return: the ioctl's.
 */
int gzvm_test_set(struct kunit *test, u32 slot, u64 gpa, u64 size, u64 hva)
{
	struct gzvm_userspace_memory_region region = gzvm_test_region(slot, gpa, size, hva);
	struct gzvm_test *gt = test->priv;

	return gzvm_memslot_set(gt->vm, &region);
}

/**
 * gzvm_test_nothing_left() - expect that all that was got was put back
 * @test: the test
 *
 * Pins, accounting, and the hypervisor's mappings.
 */
void gzvm_test_nothing_left(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;

	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 0);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_blocks, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&gt->vm->pages));
	KUNIT_EXPECT_TRUE(test, xa_empty(&gt->mapped));
	KUNIT_EXPECT_EQ(test, gt->vm->mm->locked_vm, 0);
}

/**
 * gzvm_test_locked() - expect how much the guest has
 * @test: the test
 * @pages: number of pages; they count as locked memory if they are pinned
 */
void gzvm_test_locked(struct kunit *test, unsigned long pages)
{
	struct gzvm_test *gt = test->priv;

	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, pages);
	KUNIT_EXPECT_EQ(test, gt->vm->mm->locked_vm, gt->vm->pinned ? pages : 0);
}

static void gzvm_test_fault_page(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_1M);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	void *entry;

	gt->vm->demand_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 4, TEST_GPA, SZ_1M, hva), 0);
	gt->busy[GZVM_FN_MAP_GUEST] = 3;
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + 0x5123), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_MAP_GUEST], 4);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_MAP_GUEST].x[0], GZVM_TEST_VM_ID);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_MAP_GUEST].x[1], 4);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_MAP_GUEST].x[4], 1);
	gzvm_test_locked(test, 1);

	/* Again: the same page, no second pin (the stub compares the PFN). */
	entry = xa_load(&gt->mapped, TEST_GFN + 5);
	KUNIT_EXPECT_NOT_NULL(test, entry);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + 0x5000), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_MAP_GUEST], 5);
	gzvm_test_locked(test, 1);

	/* Where there is nothing. */
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_1M), -EFAULT);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, 0), -EFAULT);

	/* What the hypervisor refuses is neither kept nor counted. */
	gt->status[GZVM_FN_MAP_GUEST] = -ENOMEM;
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + 0x8000), -ENOMEM);
	gzvm_test_locked(test, 1);

	KUNIT_EXPECT_EQ(test, gzvm_mmu_relinquish(vcpu, TEST_GPA + 0x5001), -EINVAL);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_relinquish(vcpu, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_relinquish(vcpu, TEST_GPA + 0x9000), 0);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 1);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_relinquish(vcpu, TEST_GPA + 0x5000), 0);
	gzvm_test_nothing_left(test);
}

static void gzvm_test_fault_block(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_4M);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);

	gt->vm->demand_paging = true;
	gt->vm->block_paging = true;
	/* The slot begins in the middle of a block and ends in the middle of the next. */
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA + SZ_1M, SZ_2M, hva), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_1M + SZ_64K), 0);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_MAP_GUEST_BLOCK].x[2], TEST_GFN + 256);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_MAP_GUEST_BLOCK].x[3], 256);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 256);

	/* By batches. */
	gzvm_hyp.demand_batch = 64;
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_2M), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_MAP_GUEST_BLOCK], 1 + 4);
	gzvm_test_locked(test, 512);

	/* A page given back and touched again: the other 511 keep theirs (the stub checks). */
	gzvm_hyp.demand_batch = GZVM_BLOCK_PAGES;
	KUNIT_EXPECT_EQ(test, gzvm_mmu_relinquish(vcpu, TEST_GPA + SZ_1M), 0);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 511);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_1M), 0);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 512);

	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	gzvm_test_nothing_left(test);
}

/* A slot that reaches beyond what the VMM has mapped: what is there works. */
static void gzvm_test_fault_hole(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_2M);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);

	gt->vm->demand_paging = true;
	gt->vm->block_paging = true;
	KUNIT_ASSERT_EQ(test, vm_munmap(hva + SZ_1M, SZ_64K), 0);
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_2M, hva), 0);

	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 256);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_1M), -EFAULT);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 256);
	/* Behind the hole: the block stops at the hole, the page alone is found. */
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_1M + SZ_64K), 0);
	gzvm_test_locked(test, 257);

	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	gzvm_test_nothing_left(test);
}

static void gzvm_test_fault_page_pinned(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;

	gt->vm->pinned = true;
	gzvm_test_fault_page(test);
}

static void gzvm_test_fault_block_pinned(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;

	gt->vm->pinned = true;
	gzvm_test_fault_block(test);
}

static void gzvm_test_fault_hole_pinned(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;

	gt->vm->pinned = true;
	gzvm_test_fault_hole(test);
}

static bool gzvm_test_is_mapped(struct gzvm_test *gt, u64 gfn)
{
	return xa_load(&gt->mapped, gfn);
}

/**
 * gzvm_test_remap() - new memory in part of a mapping
 * @hva: where
 * @size: bytes
 *
 * It becomes a mapping of its own, so that it can be taken away without a split of what is
 * around, of which the notifiers hear, too.
 *
 * Return: 0 or -ENOMEM.
 */
int gzvm_test_remap(unsigned long hva, unsigned long size)
{
	unsigned long ret = vm_mmap(NULL, hva, size, PROT_READ | PROT_WRITE,
				    MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, 0);

	return ret == hva ? 0 : -ENOMEM;
}

/* The VMM's memory changes: the guest has lost it before munmap() returns. */
static void gzvm_test_notify(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_4M);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	unsigned long i;

	gt->vm->demand_paging = true;
	gt->vm->block_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_remap(hva + SZ_2M - SZ_32K, SZ_64K), 0);
	KUNIT_ASSERT_EQ(test, gzvm_test_remap(hva + SZ_4M - SZ_64K, SZ_64K), 0);
	/* One slot shows the upper half of the mapping, another all of it at another place. */
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_2M, hva + SZ_2M), 0);
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 1, SZ_1G, SZ_4M, hva), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, SZ_1G), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, SZ_1G + SZ_2M), 0);
	gzvm_test_locked(test, 3 * 512);

	/* Of no slot's business: below, and behind. */
	KUNIT_ASSERT_EQ(test, vm_munmap(hva + SZ_4M, SZ_64K), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_UNMAP], 0);

	/* 16 pages on both sides of the middle. */
	gt->busy[GZVM_FN_UNMAP] = 2;
	KUNIT_ASSERT_EQ(test, vm_munmap(hva + SZ_2M - SZ_32K, SZ_64K), 0);
	for (i = 0; i < 512; i++)
		KUNIT_EXPECT_EQ(test, gzvm_test_is_mapped(gt, TEST_GFN + i), i >= 8);
	for (i = 0; i < 1024; i++)
		KUNIT_EXPECT_EQ(test, gzvm_test_is_mapped(gt, (SZ_1G >> PAGE_SHIFT) + i),
				i < 504 || i >= 520);
	/* Two blocks of slot 1, one of slot 0, and twice again. */
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_UNMAP], 3 + 2);
	gzvm_test_locked(test, 3 * 512 - 24);

	/* Nothing there, then something new: the stub accepts another page only after UNMAP. */
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), -EFAULT);
	KUNIT_ASSERT_EQ(test, gzvm_test_remap(hva + SZ_2M - SZ_32K, SZ_64K), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, SZ_1G + SZ_2M), 0);
	KUNIT_EXPECT_PTR_EQ(test, xa_load(&gt->mapped, TEST_GFN),
			    xa_load(&gt->mapped, (SZ_1G + SZ_2M) >> PAGE_SHIFT));

	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	/* A slot that is gone hears of nothing. */
	gt->calls[GZVM_FN_UNMAP] = 0;
	KUNIT_ASSERT_EQ(test, vm_munmap(hva + SZ_4M - SZ_64K, SZ_64K), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_UNMAP], 1);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 1, 0, 0, 0), 0);
	gzvm_test_nothing_left(test);
}

/* In a block that was given before only what is touched comes, and what is at hand. */
static void gzvm_test_fault_again(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_2M);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);

	gt->vm->demand_paging = true;
	gt->vm->block_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_remap(hva + SZ_1M, SZ_64K), 0);
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_2M, hva), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_1M), 0);
	gzvm_test_locked(test, 512);
	KUNIT_ASSERT_EQ(test, gzvm_test_remap(hva + SZ_1M, SZ_64K), 0);
	gzvm_test_locked(test, 496);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_1M), 0);
	gzvm_test_locked(test, 497);
	/* The VMM touches the three behind it: they come along with the next. */
	KUNIT_ASSERT_EQ(test, clear_user((void __user *)hva + SZ_1M + 2 * PAGE_SIZE,
					 3 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_1M + PAGE_SIZE), 0);
	gzvm_test_locked(test, 501);

	/* The hypervisor has dropped the block: a fault on a known page gives all known ones. */
	gt->calls[GZVM_FN_MAP_GUEST_BLOCK] = 0;
	xa_destroy(&gt->mapped);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_4K), 0);
	gzvm_test_locked(test, 501);
	KUNIT_EXPECT_TRUE(test, gzvm_test_is_mapped(gt, TEST_GFN));
	KUNIT_EXPECT_TRUE(test, gzvm_test_is_mapped(gt, TEST_GFN + 260));
	KUNIT_EXPECT_FALSE(test, gzvm_test_is_mapped(gt, TEST_GFN + 261));
	KUNIT_EXPECT_TRUE(test, gzvm_test_is_mapped(gt, TEST_GFN + 511));
	/* Itself, the two parts. */
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_MAP_GUEST_BLOCK], 3);

	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	gzvm_test_nothing_left(test);
}

/**
 * gzvm_test_mmap_huge() - aligned memory in the test's mm that comes by huge pages
 * @test: the test, which is skipped where there are none
 *
 * Return: its address; two MiB of it are to be used.
 */
unsigned long gzvm_test_mmap_huge(struct kunit *test)
{
	unsigned long hva = ALIGN(gzvm_test_mmap(test, SZ_4M), SZ_2M);
	struct vm_area_struct *vma;

	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		kunit_skip(test, "needs CONFIG_TRANSPARENT_HUGEPAGE");
	mmap_write_lock(current->mm);
	vma = vma_lookup(current->mm, hva);
	if (vma)
		vm_flags_set(vma, VM_HUGEPAGE);
	mmap_write_unlock(current->mm);
	KUNIT_ASSERT_NOT_NULL(test, vma);
	return hva;
}

/*
 * A huge page is one entry, comes as a block and goes as a whole; what is left of it comes again
 * frame by frame.
 */
static void gzvm_test_huge(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap_huge(test);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	void *entry;

	gt->vm->demand_paging = true;
	gt->vm->block_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_2M, hva), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_1M), 0);
	KUNIT_ASSERT_EQ(test, xa_get_order(&gt->vm->pages, TEST_GFN), GZVM_BLOCK_ORDER);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_blocks, 1);
	gzvm_test_locked(test, 512);

	/* The hypervisor has dropped it, and its host asks for a frame in it: the same pages. */
	entry = xa_load(&gt->mapped, TEST_GFN + 7);
	KUNIT_EXPECT_EQ(test, xa_to_value(entry),
			page_to_pfn(gzvm_mem_find(gt->vm, TEST_GFN)) + 7);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + 7 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	gzvm_test_locked(test, 512);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_blocks, 1);

	/* One of its pages is given back: all that one entry stands for is unmapped with it. */
	KUNIT_EXPECT_EQ(test, gzvm_mmu_relinquish(vcpu, TEST_GPA + 9 * PAGE_SIZE), 0);
	gzvm_test_nothing_left(test);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + 9 * PAGE_SIZE), 0);
	gzvm_test_locked(test, 512);

	/* The hypervisor refuses it: nothing stays. */
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	gzvm_test_nothing_left(test);
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_2M, hva), 0);
	gt->status[GZVM_FN_MAP_GUEST_BLOCK] = -ENOMEM;
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), -ENOMEM);
	gzvm_test_nothing_left(test);
	gt->status[GZVM_FN_MAP_GUEST_BLOCK] = 0;

	/* A hole in it: the notifier takes all of it, and a part comes again. */
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	gzvm_test_locked(test, 512);
	KUNIT_ASSERT_EQ(test, vm_munmap(hva + SZ_1M, SZ_64K), 0);
	gzvm_test_nothing_left(test);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_1M), -EFAULT);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	KUNIT_EXPECT_EQ(test, xa_get_order(&gt->vm->pages, TEST_GFN), 0);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_blocks, 0);
	gzvm_test_locked(test, 512 - 16);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	gzvm_test_nothing_left(test);
}

/* Another vCPU has looked for its pages, one or all, before the huge page was recorded. */
static void gzvm_test_huge_race(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap_huge(test);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct page **pages;
	unsigned int i;

	pages = kunit_kcalloc(test, 512, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	gt->vm->demand_paging = true;
	gt->vm->block_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_2M, hva), 0);
	KUNIT_ASSERT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	KUNIT_ASSERT_EQ(test, xa_get_order(&gt->vm->pages, TEST_GFN), GZVM_BLOCK_ORDER);

	mutex_lock(&gt->vm->map_lock);
	for (i = 0; i < 512; i++)
		pages[i] = gzvm_mem_find(gt->vm, TEST_GFN) + i;
	KUNIT_EXPECT_EQ(test, gzvm_mem_record(gt->vm, TEST_GFN + 7, &pages[7], 1), 1);
	KUNIT_EXPECT_EQ(test, gzvm_mem_record(gt->vm, TEST_GFN, pages, 512), 512);
	for (i = 0; i < 512; i++)
		if (gzvm_mem_find(gt->vm, TEST_GFN + i) != pages[i])
			break;
	mutex_unlock(&gt->vm->map_lock);
	KUNIT_EXPECT_EQ(test, i, 512);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 512);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	gzvm_test_nothing_left(test);
}

/* No huge page to the record where each page has a reference of its own. */
static void gzvm_test_huge_pinned(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap_huge(test);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);

	gt->vm->pinned = true;
	gt->vm->demand_paging = true;
	gt->vm->block_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_2M, hva), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_1M), 0);
	KUNIT_EXPECT_EQ(test, xa_get_order(&gt->vm->pages, TEST_GFN), 0);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_blocks, 1);
	gzvm_test_locked(test, 512);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_relinquish(vcpu, TEST_GPA + 9 * PAGE_SIZE), 0);
	gzvm_test_locked(test, 511);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_blocks, 0);
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	gzvm_test_nothing_left(test);
}

/* The page goes after it was found and before it is mapped. */
static int gzvm_test_get_and_lose(struct gzvm *vm, struct gzvm_memslot *slot, u64 gfn,
				  unsigned long nr, bool fault, struct page **pages)
{
	struct kunit *test = kunit_get_current_test();
	int got;

	kunit_deactivate_static_stub(test, gzvm_mem_get);
	got = gzvm_mem_get(vm, slot, gfn, nr, fault, pages);
	KUNIT_EXPECT_EQ(test, got, 1);
	KUNIT_EXPECT_EQ(test, vm_munmap(slot->hva, PAGE_SIZE), 0);
	return got;
}

static void gzvm_test_notify_race(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_64K);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);

	gt->vm->demand_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_64K, hva), 0);
	kunit_activate_static_stub(test, gzvm_mem_get, gzvm_test_get_and_lose);
	/* The guest goes on, faults again, and finds that there is nothing. */
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_MAP_GUEST], 0);
	gzvm_test_nothing_left(test);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), -EFAULT);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + PAGE_SIZE), 0);
}

/* No memory for the record where none can be waited for; the next time there is. */
static unsigned int gzvm_test_record_fails(struct gzvm *vm, u64 gfn, struct page **pages,
					   unsigned int nr)
{
	kunit_deactivate_static_stub(kunit_get_current_test(), gzvm_mem_record);
	return 0;
}

static void gzvm_test_no_record(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_64K);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);

	gt->vm->demand_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_64K, hva), 0);
	kunit_activate_static_stub(test, gzvm_mem_record, gzvm_test_record_fails);
	/* The guest goes on and faults again, with room for the record. */
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_MAP_GUEST], 0);
	KUNIT_EXPECT_FALSE(test, xa_empty(&gt->vm->pages));
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	KUNIT_EXPECT_TRUE(test, gzvm_test_is_mapped(gt, TEST_GFN));
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	gzvm_test_nothing_left(test);
}

/* Memory that the hypervisor keeps is never used again, and the VM runs no more. */
static void gzvm_test_notify_refused(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_64K);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct page *page;

	gt->vm->demand_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_64K, hva), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	page = xa_load(&gt->vm->pages, TEST_GFN);
	KUNIT_ASSERT_NOT_NULL(test, page);
	gt->status[GZVM_FN_UNMAP] = -EINVAL;
	KUNIT_ASSERT_EQ(test, atomic_read(&vcpu->wake), 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(hva, PAGE_SIZE), 0);
	gt->status[GZVM_FN_UNMAP] = 0;
	KUNIT_EXPECT_GE(test, page_count(page), 1); /* LRU batches may have another */
	KUNIT_EXPECT_TRUE(test, gt->vm->broken);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->wake), 1);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 0);
	put_page(page);
}

/* No reference stays with the guest's pages: swap and migration need that. */
static void gzvm_test_no_reference(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_64K);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct page *page;
	int i, count;

	gt->vm->demand_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_64K, hva), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	page = xa_load(&gt->vm->pages, TEST_GFN);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, PageDirty(page));
	/* The page table's, and one of the list on which new pages wait. */
	count = page_count(page);
	KUNIT_EXPECT_LE(test, count, 2);
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, gzvm_mmu_relinquish(vcpu, TEST_GPA), 0);
		KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	}
	KUNIT_EXPECT_LE(test, page_count(page), count);
	/* Nor when the hypervisor refuses it. */
	KUNIT_EXPECT_EQ(test, gzvm_mmu_relinquish(vcpu, TEST_GPA), 0);
	gt->status[GZVM_FN_MAP_GUEST] = -ENOMEM;
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), -ENOMEM);
	KUNIT_EXPECT_LE(test, page_count(page), count);
}

/* The whole of it goes in order, whoever comes first and however often. */
static void gzvm_test_retire(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_2M);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);

	gzvm_test_vcpu(test, 7);
	gt->vm->demand_paging = true;
	gt->vm->block_paging = true;
	KUNIT_ASSERT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_2M, hva), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	gt->busy[GZVM_FN_DESTROY_VCPU] = 1;
	gt->busy[GZVM_FN_DESTROY_VM] = 3;
	gzvm_vm_retire(gt->vm);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_DESTROY_VCPU], 3);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_DESTROY_VM], 4);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_DESTROY_VM].x[0], GZVM_TEST_VM_ID);
	KUNIT_EXPECT_EQ(test, gt->last[GZVM_FN_DESTROY_VM].x[1], GZVM_DEFAULT_DESTROY_BATCH);
	KUNIT_EXPECT_EQ(test, gt->vm->nr_pages, 0);
	gzvm_vm_retire(gt->vm);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_DESTROY_VM], 4);
	/* Its number may be another VM's now. */
	KUNIT_ASSERT_EQ(test, vm_munmap(hva, SZ_64K), 0);
	KUNIT_EXPECT_EQ(test, gt->calls[GZVM_FN_UNMAP], 0);
}

static void gzvm_test_retire_pinned(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;

	gt->vm->pinned = true;
	gzvm_hyp.features = 0;
	gzvm_test_retire(test);
	KUNIT_EXPECT_EQ(test, gt->vm->mm->locked_vm, 0);
}

/* Over RLIMIT_MEMLOCK the page alone may still fit; what was charged for naught is given back. */
static void gzvm_test_memlock(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned long hva = gzvm_test_mmap(test, SZ_2M);
	struct gzvm_vcpu *vcpu = gzvm_test_vcpu(test, 0);
	struct rlimit *limit = &current->signal->rlim[RLIMIT_MEMLOCK];
	struct rlimit saved = *limit;
	const struct cred *old;
	struct cred *cred;

	cred = prepare_creds();
	KUNIT_ASSERT_NOT_NULL(test, cred);
	cap_lower(cred->cap_effective, CAP_IPC_LOCK);
	old = override_creds(cred);
	limit->rlim_cur = 3 * PAGE_SIZE;

	gt->vm->pinned = true;
	gt->vm->demand_paging = true;
	gt->vm->block_paging = true;
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_2M, hva), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_1M), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_1M - SZ_4K), 0);
	gzvm_test_locked(test, 3);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_64K), -ENOMEM);
	gzvm_test_locked(test, 3);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_relinquish(vcpu, TEST_GPA), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA + SZ_64K), 0);
	gzvm_test_locked(test, 3);

	/* What is not pinned does not count. */
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, 0, 0, 0), 0);
	gt->vm->pinned = false;
	KUNIT_EXPECT_EQ(test, gzvm_test_set(test, 0, TEST_GPA, SZ_2M, hva), 0);
	KUNIT_EXPECT_EQ(test, gzvm_mmu_fault(vcpu, TEST_GPA), 0);
	gzvm_test_locked(test, 512);

	*limit = saved;
	revert_creds(old);
	put_cred(cred);
}

static struct kunit_case gzvm_mem_cases[] = {
	KUNIT_CASE(gzvm_test_fault_page),
	KUNIT_CASE(gzvm_test_fault_block),
	KUNIT_CASE(gzvm_test_fault_hole),
	KUNIT_CASE(gzvm_test_fault_page_pinned),
	KUNIT_CASE(gzvm_test_fault_block_pinned),
	KUNIT_CASE(gzvm_test_fault_hole_pinned),
	KUNIT_CASE(gzvm_test_notify),
	KUNIT_CASE(gzvm_test_fault_again),
	KUNIT_CASE(gzvm_test_huge),
	KUNIT_CASE(gzvm_test_huge_race),
	KUNIT_CASE(gzvm_test_huge_pinned),
	KUNIT_CASE(gzvm_test_notify_race),
	KUNIT_CASE(gzvm_test_no_record),
	KUNIT_CASE(gzvm_test_notify_refused),
	KUNIT_CASE(gzvm_test_no_reference),
	KUNIT_CASE(gzvm_test_retire),
	KUNIT_CASE(gzvm_test_retire_pinned),
	KUNIT_CASE(gzvm_test_memlock),
	{}
};

static struct kunit_suite gzvm_mem_suite = {
	.name = "gzvm_mem",
	.init = gzvm_test_init,
	.exit = gzvm_test_exit,
	.test_cases = gzvm_mem_cases,
};

kunit_test_suite(gzvm_mem_suite);
