// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the first C line to the host's first instruction.
 */
#include <hyp/arch.h>
#include <hyp/errno.h>
#include <hyp/host.h>
#include <hyp/hostcall.h>
#include <hyp/log.h>
#include <hyp/page.h>
#include <hyp/panic.h>
#include <hyp/platform.h>
#include <hyp/pool.h>
#include <hyp/psci.h>
#include <hyp/stage2.h>
#include <hyp/test_hooks.h>
#include <hyp/util.h>
#include <hyp/version.h>
#include <hyp/vm.h>
#include "cpu.h"
#include "early_map.h"
#include "guest.h"
#include "layout.h"
#include "mmu.h"
#include "panic_policy.h"

void __noreturn boot_main(u64 fdt_pa, u64 image_pa, u64 el, u64 start);

/* Second and third use of the boot window, behind the device tree we were given. */
#define WINDOW_HOST_FDT (LAYOUT_WINDOW + 0x1000000)
#define WINDOW_HEADER (LAYOUT_WINDOW + 0x2000000)

/* The host's tree is written into memory of its own, of this size. */
#define HOST_FDT_SIZE BLOCK_SIZE

#define MIN_POOL (16UL << 20)

static struct platform platform;
/* Tables of level 3, and one of level 2, at LAYOUT_RUN. */
#define RUN_TABLES ((VM_MAX + 1) * VGIC_MAX_CPUS * GZVM_VCPU_BUF_PAGES / PGTABLE_ENTRIES + 1)

static struct pool_quota el2_quota = { .limit = ~0ULL };

static void __noreturn boot_stop(void)
{
	pr_err("boot: stopped");
	for (;;)
		__asm__ volatile("wfe");
}

/* At another level there is nothing to be done but to say so. */
static void boot_check_level(u64 el)
{
	if (el == 2)
		return;
	pr_err("boot: entered at EL%u, but a hypervisor needs EL2; start the machine with virtualization on (QEMU: -machine virtualization=on) and let no other hypervisor start this image",
	       (unsigned int)el);
	boot_stop();
}

/* An error means that this is no device tree: nothing else may be read from it. */
static int boot_uart(const void *fdt, pa_t fdt_pa)
{
	struct platform_uart uart;
	volatile void *regs;
	int err = platform_uart_find(fdt, fdt_pa, LAYOUT_WINDOW_SIZE - BLOCK_SIZE, &uart);

	if (err || uart.type == UART_NONE)
		return err;
	regs = mmu_map_mmio(uart.regs.base, uart.regs.size);
	if (regs)
		platform_uart_init(&uart, regs);
	return 0;
}

/* In one line what would stop the boot otherwise without a word. */
static int boot_map(u64 va, u64 base, u64 size, u32 prot)
{
	int err = mmu_map(va, pa(base), size, prot);

	if (err)
		pr_err("boot: no room in the hypervisor's own tables for %llx to %llx (error %d); place host and device tree within one GiB of RAM",
		       (unsigned long long)base, (unsigned long long)(base + size), -err);
	return err;
}

/* For the run pages of all vCPUs that there can be: no VM finds them taken. */
static int boot_reserve(void)
{
	int err = pool_reserve(&el2_quota, el2_quota.used + RUN_TABLES);

	if (err)
		pr_err("boot: the pool of %llu KiB is too small for the run pages of vCPUs; give a larger pool= on the hypervisor's command line",
		       (unsigned long long)pool_total() >> 10);
	return err;
}

static int boot_check_kernel(struct mem_range image)
{
	u64 base = ALIGN_DOWN(platform.kernel.file.base, PAGE_SIZE);
	int err;

	err = boot_map(WINDOW_HEADER, base, PAGE_SIZE, PROT_R);
	if (err)
		return err;
	err = platform_check_kernel(&platform,
				    (const char *)WINDOW_HEADER + platform.kernel.file.base - base,
				    image);
	mmu_unmap(WINDOW_HEADER, PAGE_SIZE);
	return err;
}

/*
 * One range for everything that is allocated at boot: the pool, then the page
 * records behind it. 2 MiB aligned, so that the host's stage 2 loses few blocks.
 */
static int boot_heap(struct mem_range image, struct mem_range *heap, struct page_record **records)
{
	u64 pool_size = platform.opt.pool, ram = 0, rec_size = page_records_size(&platform);
	unsigned int i;
	int err;

	for (i = 0; i < platform.nr_ram; i++)
		ram += platform.ram[i].size;
	if (!pool_size)
		pool_size = MAX(ram / 128, MIN_POOL);
	pool_size = ALIGN_UP(pool_size, PAGE_SIZE);
	heap->size = ALIGN_UP(pool_size + rec_size, BLOCK_SIZE);
	pool_size = heap->size - rec_size;
	err = platform_place(&platform, image, heap->size, BLOCK_SIZE, &heap->base);
	if (err) {
		pr_err("boot: no free range of %llu KiB of RAM for the hypervisor's pool; give the machine more memory, or a smaller pool= on the hypervisor's command line",
		       (unsigned long long)heap->size >> 10);
		return err;
	}
	err = boot_map(LAYOUT_HEAP, heap->base, heap->size, PROT_RW);
	if (err)
		return err;
	pool_init(pa(heap->base), (void *)LAYOUT_HEAP, pool_size);
	mmu_pool_ready(&el2_quota);
	*records = (struct page_record *)(LAYOUT_HEAP + pool_size);
	return 0;
}

static int boot_host_fdt(const void *fdt, struct mem_range image, const struct mem_range *hyp,
			 unsigned int nr_hyp, u64 *out)
{
	static struct platform with_heap; /* large for a stack; boot only */
	unsigned int i;
	int err = 0;

	/* Not where the pool is now: */
	with_heap = platform;
	for (i = 0; i < nr_hyp && !err; i++)
		err = platform_reserve(&with_heap, hyp[i].base, hyp[i].size);
	if (!err)
		err = platform_place(&with_heap, image, HOST_FDT_SIZE, BLOCK_SIZE, out);
	if (err) {
		pr_err("boot: no free 2 MiB of RAM for the host's device tree; give the machine more memory");
		return err;
	}
	err = boot_map(WINDOW_HOST_FDT, *out, HOST_FDT_SIZE, PROT_RW);
	if (err)
		return err;
	err = platform_host_fdt(&platform, fdt, (void *)WINDOW_HOST_FDT, HOST_FDT_SIZE, hyp,
				nr_hyp);
	/* The host reads it with its MMU off. */
	arch_dcache_clean_inval((void *)WINDOW_HOST_FDT, HOST_FDT_SIZE);
	mmu_unmap(WINDOW_HOST_FDT, HOST_FDT_SIZE);
	return err;
}

static int boot_machine(const void *fdt, u64 fdt_pa, u64 *host_fdt)
{
	struct mem_range hyp[2] = { { mmu_image_base(), mmu_image_size() } };
	struct page_record *records;
	int err;

	/* First the tree: it says best what kind of machine this is. */
	err = platform_parse(fdt, pa(fdt_pa), hyp[0], &platform);
	if (!err)
		err = cpu_detect();
	if (err)
		return err;
	log_set_level(platform.opt.loglevel);
	panic_set_policy(platform.opt.panic_off);
	err = cpu_boot_init(&platform);
	if (!err)
		err = boot_check_kernel(hyp[0]);
	if (err)
		return err;
	stage2_setup(arch_pa_bits());
	err = boot_heap(hyp[0], &hyp[1], &records);
	if (err)
		return err;
	err = cpu_alloc_stacks();
	if (!err)
		err = mmu_init_slots();
	if (!err)
		err = fp_init(platform.nr_cpus);
	if (!err)
		err = gic_init(&platform);
	if (err == -ENODEV)
		return err;
	if (err) {
		pr_err("boot: the pool of %llu KiB is too small for this machine's CPUs; give a larger pool= on the hypervisor's command line",
		       (unsigned long long)pool_total() >> 10);
		return err;
	}
	test_boot(&platform);
	err = host_init(&platform, records, hyp, ARRAY_SIZE(hyp));
	if (err) {
		pr_err("boot: the pool of %llu KiB is too small for the host's stage 2; give a larger pool= on the hypervisor's command line",
		       (unsigned long long)pool_total() >> 10);
		return err;
	}
	err = boot_host_fdt(fdt, hyp[0], hyp, ARRAY_SIZE(hyp), host_fdt);
	if (err)
		return err;
	psci_init(&platform);
	hostcall_init(platform.opt.smc_pass);
	vm_setup();
	return 0;
}

/**
 * boot_main() - C entry of the boot CPU, MMU on
 * @fdt_pa: device tree, as the boot loader passed it
 * @image_pa: where the image was loaded
 * @el: exception level
 * @start: the counter at the first instruction
 */
void boot_main(u64 fdt_pa, u64 image_pa, u64 el, u64 start)
{
	const void *fdt = (const void *)(LAYOUT_WINDOW + (fdt_pa & (BLOCK_SIZE - 1)));
	u64 host_fdt;
	int err;

	mmu_init(pa(image_pa));
	if (el == 2) {
		write_sysreg((u64)host_vectors, vbar_el2);
		/* libfdt of the distribution uses FP registers; no other world is there yet. */
		write_sysreg(CPTR_RES1, cptr_el2);
		cpu_boot_init(NULL);
		isb();
	}
	log_set_frequency(read_sysreg(cntfrq_el0));
	err = boot_uart(fdt, pa(fdt_pa));
	pr_info("GenieZone " HYP_VERSION_STRING " at EL%u, image at %llx", (unsigned int)el,
		(unsigned long long)image_pa);
	boot_check_level(el);
	if (!err)
		err = boot_machine(fdt, fdt_pa, &host_fdt);
	if (!err)
		err = boot_reserve();
	if (err)
		boot_stop();
	pr_info("boot: %u CPUs, %u-bit IPA, pool %llu KiB (%llu KiB free)", platform.nr_cpus,
		stage2_ipa_bits(), (unsigned long long)pool_total() >> 10,
		(unsigned long long)pool_available() >> 10);
	mmu_unmap(LAYOUT_WINDOW, LAYOUT_WINDOW_SIZE);
	cpu_init_el2();
	pr_info("boot: host at %llx, device tree at %llx, after %llu ticks",
		(unsigned long long)platform.kernel.file.base, (unsigned long long)host_fdt,
		(unsigned long long)(arch_counter() - start));
	cpu_enter_host(platform.kernel.file.base + platform.kernel.entry_offset, host_fdt);
}
