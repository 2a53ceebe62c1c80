// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test of the host's stage 2: maps each page of a physical range into the kernel and reads and writes it with accessors
 * that have an exception-table entry. Under the hypervisor every access to its memory must end in -EFAULT. Says
 * "hypmem: refused N of M" in the kernel's log and does not stay loaded.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/uaccess.h>

static ulong start;
module_param(start, ulong, 0);
MODULE_PARM_DESC(start, "physical address of the first page");

static ulong size;
module_param(size, ulong, 0);
MODULE_PARM_DESC(size, "bytes");

static bool hypmem_read(void *from, u32 *value)
{
	__get_kernel_nofault(value, from, u32, fault);
	return true;
fault:
	return false;
}

static bool hypmem_write(void *to, u32 *value)
{
	__put_kernel_nofault(to, value, u32, fault);
	return true;
fault:
	return false;
}

/* Returns how many of the two accesses were refused, or a negative errno. */
static int hypmem_try(phys_addr_t address)
{
	void __iomem *page = ioremap(address, PAGE_SIZE);
	void *data = (void __force *)page;
	u32 value = 0;
	int refused = 2;

	if (!page)
		return -ENOMEM;
	if (hypmem_read(data, &value)) {
		pr_info("hypmem: read %pa: %#x\n", &address, value);
		refused--;
	}
	if (hypmem_write(data, &value)) {
		pr_info("hypmem: wrote %pa\n", &address);
		refused--;
	}
	iounmap(page);
	return refused;
}

static int __init hypmem_init(void)
{
	ulong offset, refused = 0;
	int ret;

	for (offset = 0; offset < size; offset += PAGE_SIZE) {
		ret = hypmem_try(start + offset);
		if (ret < 0)
			return ret;
		refused += ret;
	}
	pr_info("hypmem: refused %lu of %lu\n", refused, 2 * (size >> PAGE_SHIFT));
	return refused == 2 * (size >> PAGE_SHIFT) ? -EAGAIN : -EPERM;
}
module_init(hypmem_init);

MODULE_DESCRIPTION("Test: accesses of the host to the hypervisor's memory");
MODULE_LICENSE("GPL");
