// SPDX-License-Identifier: GPL-2.0-only
// LINK: platform/fdt.c platform/fdt_util.c platform/options.c platform/modules.c platform/uart.c
// LINK: platform/uart_pl011.c platform/uart_16550.c core/log.c lib/printf.c
// LIBS: -lfdt
/* platform/modules.c: boot modules, the kernel's header, free places. */
#include "ktap.h"

#include "trees.h"

static struct platform p;

/* A machine with these modules; @edit may change its tree. */
static int parse(u64 kernel, u64 kernel_size, u64 initrd, u64 initrd_size,
		 void (*edit)(void *fdt))
{
	void *fdt = tree_compile(tree_qemu);
	int ret;

	if (kernel_size)
		tree_module(fdt, true, kernel, kernel_size, NULL);
	if (initrd_size)
		tree_module(fdt, false, initrd, initrd_size, NULL);
	if (edit)
		edit(fdt);
	log_text();
	ret = tree_parse(fdt, &p);
	free(fdt);
	return ret;
}

static void refused(int ret, const char *text)
{
	if (ret >= 0)
		KTAP_FAIL("accepted, expected \"%s\"", text);
	expect_one_error(log_text(), text);
}

static void second_kernel(void *fdt)
{
	tree_module(fdt, true, 0x50000000, 0x1000, NULL);
}

static void unknown_module(void *fdt)
{
	tree_addnode(fdt, "/chosen", "module@1");
	tree_string(fdt, "/chosen/module@1", "compatible", "multiboot,module");
}

static void no_reg(void *fdt)
{
	tree_delprop(fdt, "/chosen/module@0x48000000", "reg");
}

static void odd_reg(void *fdt)
{
	TREE_CELLS(fdt, "/chosen/module@0x48000000", "reg", 0, 0x48000000, 0, 0x1000, 0);
}

/* By the cells of /chosen itself: three cells can only be that. */
static void chosen_cells(void *fdt)
{
	TREE_CELLS(fdt, "/chosen", "#address-cells", 2);
	TREE_CELLS(fdt, "/chosen", "#size-cells", 1);
	TREE_CELLS(fdt, "/chosen/module@0x48000000", "reg", 0, 0x48000000, 0x1000);
}

static void wrapping_reg(void *fdt)
{
	TREE_CELLS(fdt, "/chosen/module@0x48000000", "reg", ~0U, ~0U << 12, 0, 0x2000);
}

static void empty_reg(void *fdt)
{
	TREE_CELLS(fdt, "/chosen/module@0x48000000", "reg", 0, 0x48000000, 0, 0);
}

static void no_chosen(void *fdt)
{
	tree_delnode(fdt, "/chosen");
}

static void long_args(void *fdt)
{
	char args[PLATFORM_CMDLINE + 1];

	memset(args, 'x', sizeof(args) - 1);
	args[sizeof(args) - 1] = 0;
	tree_string(fdt, "/chosen/module@0x48000000", "bootargs", args);
}

static void longest_args(void *fdt)
{
	char args[PLATFORM_CMDLINE];

	memset(args, 'x', sizeof(args) - 1);
	args[sizeof(args) - 1] = 0;
	tree_string(fdt, "/chosen/module@0x48000000", "bootargs", args);
}

static void loader_initrd(void *fdt)
{
	TREE_CELLS(fdt, "/chosen", "linux,initrd-start", 0x48000000);
	TREE_CELLS(fdt, "/chosen", "linux,initrd-end", 0, 0x48200000);
}

static void backward_initrd(void *fdt)
{
	TREE_CELLS(fdt, "/chosen", "linux,initrd-start", 0x48200000);
	TREE_CELLS(fdt, "/chosen", "linux,initrd-end", 0x48000000);
}

static void odd_initrd(void *fdt)
{
	TREE_CELLS(fdt, "/chosen", "linux,initrd-start", 1, 2, 3);
	TREE_CELLS(fdt, "/chosen", "linux,initrd-end", 0x48000000);
}

TEST(modules_found_and_refused)
{
	EXPECT_EQ(parse(0x48000000, 0x10000, 0, 0, NULL), 0);
	EXPECT_EQ(p.initrd.file.size, 0);
	EXPECT_STREQ(log_text(), "");
	refused(parse(0, 0, 0x4c000000, 0x1000, NULL), "no host kernel: /chosen has no boot module");
	refused(parse(0, 0, 0, 0, no_chosen), "no host kernel: ");
	refused(parse(0x48000000, 0x1000, 0, 0, second_kernel), "two boot modules are a kernel, at ");
	refused(parse(0x48000000, 0x1000, 0, 0, no_reg), "module@0x48000000: no reg with one address");
	refused(parse(0x48000000, 0x1000, 0, 0, odd_reg), "module@0x48000000: no reg with one address");
	EXPECT_EQ(parse(0x48000000, 0x10000, 0, 0, chosen_cells), 0);
	EXPECT_EQ(p.kernel.file.size, 0x1000);
	refused(parse(0x48000000, 0x1000, 0, 0, wrapping_reg),
		"0x2000 bytes at 0xfffffffffffff000 is no range");
	refused(parse(0x48000000, 0x1000, 0, 0, empty_reg), "0x0 bytes at 0x48000000 is no range");
	refused(parse(0x48000000, 0x1000, 0, 0, long_args), "bootargs are longer than 1023 bytes");
	EXPECT_EQ(parse(0x48000000, 0x1000, 0, 0, longest_args), 0);
	EXPECT_EQ(strlen(p.kernel.bootargs), PLATFORM_CMDLINE - 1);
	refused(parse(0x48000800, 0x1000, 0, 0, NULL), "kernel at 0x48000800 does not start a 4 KiB page");

	EXPECT_EQ(parse(0x48000000, 0x1000, 0, 0, unknown_module), 0);
	EXPECT_CONTAINS(log_text(), "warning: device tree: /chosen/module@1 is neither");
}

TEST(initrd_of_the_boot_loader)
{
	EXPECT_EQ(parse(0x50000000, 0x1000, 0, 0, loader_initrd), 0);
	EXPECT_EQ(p.initrd.file.base, 0x48000000);
	EXPECT_EQ(p.initrd.file.size, 0x200000);
	EXPECT_EQ(parse(0x50000000, 0x1000, 0, 0, odd_initrd), 0);
	EXPECT_EQ(p.initrd.file.size, 0);
	refused(parse(0x50000000, 0x1000, 0x52000000, 0x1000, loader_initrd),
		"two initrds: a boot module at 0x52000000 and linux,initrd-start at 0x48000000");
	refused(parse(0x50000000, 0x1000, 0, 0, backward_initrd),
		"linux,initrd-end 0x48000000 is below linux,initrd-start 0x48200000");
	refused(parse(0x48000000, 0x1000, 0, 0, loader_initrd),
		"the host's kernel with its BSS (0x48000000-0x48000fff) and the host's initrd "
		"(0x48000000-0x481fffff) overlap");
}

static void reserve_at_48100000(void *fdt)
{
	if (fdt_add_mem_rsv(fdt, 0x48100000, 0x1000))
		abort();
}

static void reserve_image(void *fdt)
{
	if (fdt_add_mem_rsv(fdt, tree_image.base + 0x1000, 0x1000))
		abort();
}

/* An image that is loaded into firmware's memory is no protected one. */
static void reserve_around_image(void *fdt)
{
	if (fdt_add_mem_rsv(fdt, tree_image.base - 0x1000, tree_image.size + 0x2000))
		abort();
}

static void reserve_around_kernel(void *fdt)
{
	if (fdt_add_mem_rsv(fdt, 0x47fff000, 0x10000))
		abort();
}

static void reserve_fdt(void *fdt)
{
	/* What boot loaders do: the whole tree, or the whole initrd. */
	if (fdt_add_mem_rsv(fdt, TREE_FDT_PA, 0x10000) ||
	    fdt_add_mem_rsv(fdt, 0x4c000000, 0x100000))
		abort();
}

static void reserve_part_of_initrd(void *fdt)
{
	if (fdt_add_mem_rsv(fdt, 0x4c001000, 0x1000))
		abort();
}

TEST(each_pair_may_not_overlap)
{
	/* kernel and initrd */
	refused(parse(0x48000000, 0x10000, 0x4800ffff, 0x1000, NULL),
		"the host's kernel with its BSS (0x48000000-0x4800ffff) and the host's initrd "
		"(0x4800ffff-0x48010ffe) overlap: load one of them elsewhere");
	EXPECT_EQ(parse(0x48000000, 0x10000, 0x48010000, 0x1000, NULL), 0);
	/* kernel and device tree */
	refused(parse(0x49fff000, 0x1001, 0, 0, NULL),
		"the device tree (0x4a000000-0x4a00");
	EXPECT_EQ(parse(0x49fff000, 0x1000, 0, 0, NULL), 0);
	/* kernel and hypervisor */
	refused(parse(0x403ff000, 0x1000, 0, 0, NULL),
		"the hypervisor (0x40200000-0x403fffff) and the host's kernel with its BSS "
		"(0x403ff000-0x403fffff) overlap");
	EXPECT_EQ(parse(0x40400000, 0x1000, 0, 0, NULL), 0);
	/* initrd and hypervisor, device tree */
	refused(parse(0x48000000, 0x1000, 0x401fffff, 0x2, NULL),
		"the hypervisor (0x40200000-0x403fffff) and the host's initrd "
		"(0x401fffff-0x40200000) overlap");
	refused(parse(0x48000000, 0x1000, 0x4a000000, 0x2, NULL), "the device tree (0x4a000000-");
	/* reserved memory and the hypervisor, kernel, initrd */
	refused(parse(0x48000000, 0x1000, 0, 0, reserve_image),
		"the hypervisor (0x40200000-0x403fffff) and reserved memory (0x40201000-0x40201fff)");
	refused(parse(0x48000000, 0x1000, 0, 0, reserve_around_image),
		"the hypervisor (0x40200000-0x403fffff) and reserved memory (0x401ff000-");
	refused(parse(0x48000000, 0x1000, 0, 0, reserve_around_kernel),
		"(0x48000000-0x48000fff) and reserved memory (0x47fff000-0x4800efff)");
	refused(parse(0x48000000, 0x100001, 0, 0, reserve_at_48100000),
		"BSS (0x48000000-0x48100000) and reserved memory (0x48100000-0x48100fff) overlap");
	EXPECT_EQ(parse(0x48000000, 0x100000, 0, 0, reserve_at_48100000), 0);
	EXPECT_EQ(parse(0x48000000, 0x1000, 0x4c000000, 0x100000, reserve_fdt), 0);
	refused(parse(0x48000000, 0x1000, 0x4c000000, 0x100001, reserve_fdt),
		"the host's initrd (0x4c000000-0x4c100000) and reserved memory "
		"(0x4c000000-0x4c0fffff)");
	refused(parse(0x48000000, 0x1000, 0x4c000000, 0x100000, reserve_part_of_initrd),
		"the host's initrd (0x4c000000-0x4c0fffff) and reserved memory");
}

static void memory_elsewhere(void *fdt)
{
	TREE_CELLS(fdt, "/memory@40000000", "reg", 0, 0x44000000, 0, 0x40000000);
}

TEST(everything_lies_in_memory)
{
	refused(parse(0x30000000, 0x1000, 0, 0, NULL),
		"the host's kernel with its BSS (0x30000000-0x30000fff) does not lie in one range");
	refused(parse(0x48000000, 0x1000, 0xbffff000, 0x1001, NULL),
		"the host's initrd (0xbffff000-0xc0000000) does not lie");
	EXPECT_EQ(parse(0x48000000, 0x1000, 0xbffff000, 0x1000, NULL), 0);
	refused(parse(0x48000000, 0x1000, 0, 0, memory_elsewhere),
		"the hypervisor (0x40200000-0x403fffff) does not lie in one range");
}

/* A kernel's first page, as the boot protocol and UEFI have it. */

static u8 page[PAGE_SIZE];

static void put(unsigned int at, u64 v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		page[at + i] = v >> 8 * i;
}

#define PE 0x40
#define SECTIONS (PE + 24 + 0xa0)

static void make_header(u64 text_offset, u64 image_size, u64 flags, u32 file_size)
{
	memset(page, 0, sizeof(page));
	put(0, 0x5a4d, 2);
	put(8, text_offset, 8);
	put(16, image_size, 8);
	put(24, flags, 8);
	put(56, 0x644d5241, 4);
	if (!file_size)
		return;
	put(60, PE, 4);
	put(PE, 0x4550, 4);
	put(PE + 6, 2, 2); /* sections: .text, .data */
	put(PE + 20, 0xa0, 2);
	put(SECTIONS + 16, 0x10000, 4);
	put(SECTIONS + 20, 0x1000, 4);
	put(SECTIONS + 40 + 16, file_size - 0x11000, 4);
	put(SECTIONS + 40 + 20, 0x11000, 4);
}

/* The header is as long as the file at most, to the byte. */
static int check(u64 base, u64 size)
{
	size_t n = MIN(size, PAGE_SIZE);
	u8 *exact = malloc(n);
	int ret = parse(base, size, 0x4c000000, 0x1000, NULL);

	if (ret)
		return ret;
	memcpy(exact, page, n);
	ret = platform_check_kernel(&p, exact, tree_image);
	free(exact);
	return ret;
}

TEST(kernel_good)
{
	make_header(0, 0x1400000, 0xa, 0x1000000);
	EXPECT_EQ(check(0x48000000, 0x1000000), 0);
	EXPECT_STREQ(log_text(), "");
	EXPECT_EQ(p.kernel.mem_size, 0x1400000);
	EXPECT_EQ(p.kernel.file.size, 0x1000000);
	/* A signature behind the sections; a file larger than its image. */
	EXPECT_EQ(check(0x48000000, 0x1000600), 0);
	EXPECT_EQ(check(0x48000000, 0x1500000), 0);
	EXPECT_EQ(p.kernel.mem_size, 0x1500000);
	/* No UEFI, no flags, an old text_offset. */
	make_header(0x80000, 0x200000, 0, 0);
	EXPECT_EQ(check(0x48080000, 0x1000), 0);
	EXPECT_EQ(check(0x48080000, 64), 0);
	EXPECT_STREQ(log_text(), "");
	EXPECT_EQ(p.kernel.mem_size, 0x200000);
}

TEST(kernel_refused)
{
	make_header(0, 0x1400000, 0xa, 0x1000000);
	refused(check(0x48000000, 0xffffff), "kernel at 0x48000000 is cut short: 16777215 bytes of 16777216");
	refused(check(0x48000000, 0x1000), "kernel at 0x48000000 is cut short: 4096 bytes of 16777216");
	refused(check(0x48000000, 63), "is cut short: 63 bytes hold no Image header of 64");
	refused(check(0x48000000, 1), "is cut short: 1 bytes hold no Image header of 64");
	refused(check(0x48100000, 0x1000000), "kernel at 0x48100000 must start 0x0 bytes above a 2 MiB");
	make_header(0x80000, 0x1400000, 0xa, 0);
	refused(check(0x48000000, 0x1000), "must start 0x80000 bytes above a 2 MiB boundary");
	make_header(0, 0x1400000, 0xb, 0);
	refused(check(0x48000000, 0x1000), "kernel at 0x48000000 is big endian");
	make_header(0, 0, 0, 0);
	refused(check(0x48000000, 0x1000), "doesn't say its size: it is older than Linux 3.17");
	/* What people load by mistake. */
	memset(page, 0, sizeof(page));
	refused(check(0x48000000, 0x1000), "is no arm64 Image: 0x00000000 stands where");
	page[0] = 0x1f;
	page[1] = 0x8b;
	refused(check(0x48000000, 0x1000), "is compressed by gzip");
	memcpy(page, "MZ\0\0zimg", 8);
	refused(check(0x48000000, 0x1000), "is a compressed EFI application");
}

TEST(kernel_with_bss_overlaps)
{
	make_header(0, 0x2000001, 0xa, 0);
	refused(check(0x4a200000, 0x1000),
		"BSS (0x4a200000-0x4c200000) and the host's initrd (0x4c000000-0x4c000fff) overlap");
	make_header(0, 0x1e00000, 0xa, 0);
	EXPECT_EQ(check(0x4a200000, 0x1000), 0);
	make_header(0, 0x1e00001, 0xa, 0);
	refused(check(0x4a200000, 0x1000), "overlap");
	refused(check(0x48800000, 0x1000), "the device tree (0x4a000000-");
	refused(check(0x40000000, 0x1000), "the hypervisor (0x40200000-");
	make_header(0, 0x80000000, 0xa, 0);
	refused(check(0x4e000000, 0x1000), "BSS (0x4e000000-0xcdffffff) does not lie in one range");
	make_header(0, ~0UL, 0xa, 0);
	refused(check(0x4e000000, 0x1000), "does not lie in one range");
}

/* Section tables that lead nowhere, or out of the page. */
TEST(kernel_odd_pe_headers)
{
	make_header(0, 0x1400000, 0xa, 0x1000000);
	put(60, 0xfffffff0, 4);
	EXPECT_EQ(check(0x48000000, 0x1000), 0);
	put(60, PAGE_SIZE - 20, 4);
	put(PAGE_SIZE - 20, 0x4550, 4);
	EXPECT_EQ(check(0x48000000, 0x1000), 0);
	put(60, PE, 4);
	put(PE + 20, 0xffff, 2);
	EXPECT_EQ(check(0x48000000, 0x1000), 0);
	put(PE + 20, 0xa0, 2);
	put(PE + 6, 0xffff, 2);
	refused(check(0x48000000, 0x1000), "is cut short");
	put(SECTIONS + 40 + 16, 0xffffffff, 4);
	put(SECTIONS + 40 + 20, 0xffffffff, 4);
	refused(check(0x48000000, 0x1000), "is cut short: 4096 bytes of 8589934590");
	put(0, 0, 2);
	EXPECT_EQ(check(0x48000000, 0x1000), 0);
}

/* Free places. */

static bool is_free(struct mem_range image, u64 base, u64 size)
{
	const struct mem_range taken[] = {
		image, p.fdt, { p.kernel.file.base, p.kernel.mem_size }, p.initrd.file,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(taken); i++)
		if (taken[i].size && ranges_overlap(base, size, taken[i].base, taken[i].size))
			return false;
	for (unsigned int i = 0; i < p.nr_reserved; i++)
		if (ranges_overlap(base, size, p.reserved[i].base, p.reserved[i].size))
			return false;
	for (unsigned int i = 0; i < p.nr_ram; i++)
		if (range_within(base, size, p.ram[i].base, p.ram[i].size))
			return true;
	return false;
}

TEST(place_is_the_highest)
{
	u64 at;

	ASSERT_EQ(parse(0x48000000, 0x1000, 0x4c000000, 0x1234, NULL), 0);
	EXPECT_EQ(platform_place(&p, tree_image, 0x1000000, 0x200000, &at), 0);
	EXPECT_EQ(at, 0xbf000000);
	EXPECT_EQ(platform_reserve(&p, at, 0x1000000), 0);
	EXPECT_EQ(platform_place(&p, tree_image, 0x1000, 0x1000, &at), 0);
	EXPECT_EQ(at, 0xbefff000);
	EXPECT_EQ(platform_place(&p, tree_image, 0x200000, 0x200000, &at), 0);
	EXPECT_EQ(at, 0xbee00000);
	/* Larger than any hole, and than memory. */
	EXPECT_EQ(platform_place(&p, tree_image, 0x80000000, 0x1000, &at), -ENOMEM);
	EXPECT_EQ(platform_place(&p, tree_image, 1UL << 40, 0x1000, &at), -ENOMEM);
	EXPECT_EQ(platform_place(&p, tree_image, 1UL << 63, 0x1000, &at), -ENOMEM);
}

/* A small machine, against every address there is: the highest, or none. */
TEST(place_against_every_page)
{
	unsigned int placed = 0;
	uint64_t seed = 7;

	for (int round = 0; round < 600; round++) {
		const u64 ram = 0x40000000;
		const struct mem_range image = { ram + 0x1000, 0x3000 };
		u64 size, align, at, best = 0;

		memset(&p, 0, sizeof(p));
		/* Page 0 is never given away. */
		p.ram[0] = (struct mem_range){ round % 2 ? 0 : ram - 0x10000, 0x8000 };
		p.ram[1] = (struct mem_range){ ram, 0x20000 };
		p.nr_ram = 2;
		p.fdt = (struct mem_range){ ram + (ktap_random(&seed) % 30) * 0x1000 + 8, 0x1800 };
		p.kernel.file = (struct mem_range){ ram + (ktap_random(&seed) % 30) * 0x1000, 1 };
		p.kernel.mem_size = 0x1000 + ktap_random(&seed) % 0x8000;
		if (round % 3)
			p.initrd.file = (struct mem_range){ ram + ktap_random(&seed) % 0x18000,
							    1 + ktap_random(&seed) % 0x8000 };
		for (int i = 0; i < round % 5; i++)
			EXPECT_EQ(platform_reserve(&p, ram + ktap_random(&seed) % 0x1f000, 0x1000),
				  0);
		align = 0x1000UL << ktap_random(&seed) % 3;
		size = align * (1 + ktap_random(&seed) % 8);
		for (unsigned int i = 0; i < p.nr_ram; i++) {
			u64 end = p.ram[i].base + p.ram[i].size;

			for (u64 a = ALIGN_UP(p.ram[i].base, align); a < end; a += align)
				if (a && is_free(image, a, size))
					best = a;
		}
		if (platform_place(&p, image, size, align, &at)) {
			EXPECT_EQ(best, 0);
		} else {
			EXPECT_EQ(at, best);
			placed++;
		}
	}
	EXPECT(placed > 100 && placed < 500);
}
