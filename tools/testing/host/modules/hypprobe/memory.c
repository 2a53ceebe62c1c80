// SPDX-License-Identifier: GPL-2.0-only
/* hypprobe: the hypervisor's memory, from the host's kernel. */
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/barrier.h>
#include <asm/sysreg.h>

#include "hypprobe.h"

/* What became of the accesses. */
struct count {
	unsigned long pages;
	unsigned long reads, reads_refused;
	unsigned long writes, writes_refused;
};

/*
 * One access of each kind, with an exception-table entry. Where the read works,
 * which it must not, the write puts the same value back, with interrupts masked:
 * a hypervisor that is not protected goes on all the same, so that the test of
 * this test gets its count.
 */
#define PROBE_ACCESS(name, type)                                        \
static void access_##name(type *p, struct count *c)                    \
{                                                                       \
	type value = (type)0x5a5a5a5a5a5a5a5aULL;                       \
	unsigned long flags;                                            \
									\
	local_irq_save(flags);                                          \
	c->reads++;                                                     \
	__get_kernel_nofault(&value, p, type, no_read);                 \
	goto write;                                                     \
no_read:                                                                \
	c->reads_refused++;                                             \
write:                                                                  \
	c->writes++;                                                    \
	__put_kernel_nofault(p, &value, type, no_write);                \
	goto out;                                                       \
no_write:                                                               \
	c->writes_refused++;                                            \
out:                                                                    \
	local_irq_restore(flags);                                       \
}

PROBE_ACCESS(8, u8)
PROBE_ACCESS(16, u16)
PROBE_ACCESS(32, u32)
PROBE_ACCESS(64, u64)

/* Every size somewhere else in each page: first, last and middle bytes. */
static void access_page(void *va, struct count *c)
{
	c->pages++;
	access_64(va, c);
	access_32(va + PAGE_SIZE / 2 + 4, c);
	access_16(va + PAGE_SIZE / 4 + 2, c);
	access_8(va + PAGE_SIZE - 1, c);
}

static void print_count(struct seq_file *s, const struct count *c)
{
	seq_printf(s, "pages: %lu\n", c->pages);
	seq_printf(s, "reads: %lu\nreads refused: %lu\n", c->reads, c->reads_refused);
	seq_printf(s, "writes: %lu\nwrites refused: %lu\n", c->writes, c->writes_refused);
}

static int each_page(struct seq_file *s, void *(*map)(phys_addr_t pa), void (*unmap)(void *va))
{
	struct count c = { 0 };
	unsigned int i;

	for (i = 0; i < probe_nr_ranges; i++) {
		phys_addr_t pa = probe_range[i].start;

		for (; pa < probe_range[i].end; pa += PAGE_SIZE) {
			void *va = map(pa);

			if (!va)
				return -ENOMEM;
			access_page(va, &c);
			unmap(va);
			cond_resched();
		}
	}
	print_count(s, &c);
	return 0;
}

static void *map_device(phys_addr_t pa)
{
	return (void __force *)ioremap(pa, PAGE_SIZE);
}

static void unmap_device(void *va)
{
	iounmap((void __iomem *)va);
}

static void *map_memory(phys_addr_t pa)
{
	return memremap(pa, PAGE_SIZE, MEMREMAP_WB);
}

/* As Device memory ... */
int probe_ioremap(struct seq_file *s, void *unused)
{
	return each_page(s, map_device, unmap_device);
}

/* ... and as Normal, cacheable memory. */
int probe_memremap(struct seq_file *s, void *unused)
{
	return each_page(s, map_memory, memunmap);
}

/* No exception-table entry: the task ends here. */
int probe_stray_read(struct seq_file *s, void *unused)
{
	u64 *p = map_memory(probe_range[0].start);

	seq_printf(s, "read: %llx\n", READ_ONCE(*p));
	memunmap(p);
	return 0;
}

int probe_stray_write(struct seq_file *s, void *unused)
{
	u64 *p = map_memory(probe_range[probe_nr_ranges - 1].start);

	WRITE_ONCE(*p, 0);
	seq_puts(s, "written\n");
	memunmap(p);
	return 0;
}

/* The level 3 entry of a kernel address, in tables of 4 KiB pages and 48 bits. */
static u64 *kernel_entry(unsigned long address)
{
	u64 table = read_sysreg(ttbr1_el1) & GENMASK(47, 12);
	unsigned int shift;

	for (shift = 39;; shift -= 9) {
		u64 *entry = (u64 *)phys_to_virt(table) + ((address >> shift) & 511);

		if (shift == PAGE_SHIFT)
			return entry;
		table = READ_ONCE(*entry) & GENMASK(47, 12);
	}
}

/* Nothing that a module can call maps executable memory, so that is taken off by hand. */
int probe_execute(struct seq_file *s, void *unused)
{
	struct page *page = pfn_to_page(PHYS_PFN(probe_range[0].start));
	void *p = vmap(&page, 1, VM_MAP, PAGE_KERNEL_EXEC);
	u64 *entry;

	if (!p)
		return -ENOMEM;
	entry = kernel_entry((unsigned long)p);
	WRITE_ONCE(*entry, READ_ONCE(*entry) & ~PTE_PXN);
	dsb(ishst);
	isb();
	((void (*)(void))p)();
	seq_puts(s, "executed\n");
	vunmap(p);
	return 0;
}

/*
 * A table of stage 1 in the hypervisor's memory: the reader's top-level table
 * gets an entry that points there, at an address that is used by nothing. The
 * reader then touches that address.
 */
static u64 entry_to_hypervisor(void)
{
	return probe_range[0].start | PMD_TYPE_TABLE;
}

/* A kernel for 52 bits of address runs with 48 where the CPU has no more. */
static unsigned int top_shift(void)
{
	return 64 - (read_sysreg(tcr_el1) & 0x3f) > 48 ? 48 : 39;
}

/* The first entry with this value in the reader's top-level table; -1: none. */
static int find_entry(u64 value)
{
	int i, n = 1 << (64 - (read_sysreg(tcr_el1) & 0x3f) - top_shift());

	for (i = n - 1; i > 0; i--)
		if (READ_ONCE(((u64 *)current->mm->pgd)[i]) == value)
			return i;
	return -1;
}

static void set_entry(int i, u64 value)
{
	WRITE_ONCE(((u64 *)current->mm->pgd)[i], value);
	dsb(ishst);
	isb();
}

int probe_walk_set(struct seq_file *s, void *unused)
{
	int i = find_entry(0);

	if (i < 0)
		return -ENOSPC;
	set_entry(i, entry_to_hypervisor());
	seq_printf(s, "0x%lx\n", (unsigned long)i << top_shift());
	return 0;
}

int probe_walk_clear(struct seq_file *s, void *unused)
{
	int i = find_entry(entry_to_hypervisor());

	if (i >= 0)
		set_entry(i, 0);
	seq_printf(s, "cleared: %u\n", i >= 0);
	return 0;
}

/* The same walk, by the kernel: the task ends here. */
int probe_kernel_walk(struct seq_file *s, void *unused)
{
	int err, i = find_entry(0);
	u64 value = 0;

	if (i < 0)
		return -ENOSPC;
	set_entry(i, entry_to_hypervisor());
	err = __get_user(value, (u64 __user *)((unsigned long)i << top_shift()));
	set_entry(i, 0);
	seq_printf(s, "walked: %d\n", err);
	return 0;
}
