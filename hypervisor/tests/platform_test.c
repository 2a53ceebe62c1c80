// SPDX-License-Identifier: GPL-2.0-only
// LINK: platform/fdt.c platform/fdt_util.c platform/options.c platform/modules.c platform/uart.c
// LINK: platform/uart_pl011.c platform/uart_16550.c core/log.c lib/printf.c
// LIBS: -lfdt
/* platform/: what is read from device trees, good and bad. */
#include "ktap.h"

#include "trees.h"

static struct platform p;

TEST(parse_qemu)
{
	void *fdt = tree_machine();

	log_text();
	ASSERT_EQ(tree_parse(fdt, &p), 0);
	EXPECT_STREQ(log_text(), "");
	EXPECT_EQ(p.nr_ram, 1);
	EXPECT_EQ(p.ram[0].base, 0x40000000);
	EXPECT_EQ(p.ram[0].size, 0x80000000);
	EXPECT_EQ(p.nr_reserved, 0);
	EXPECT_EQ(p.uart.type, UART_PL011);
	EXPECT_EQ(p.uart.regs.base, 0x9000000);
	EXPECT_EQ(p.uart.regs.size, 0x1000);
	EXPECT_EQ(p.gicd.base, 0x8000000);
	EXPECT_EQ(p.gicd.size, 0x10000);
	EXPECT_EQ(p.nr_gicr, 1);
	EXPECT_EQ(p.gicr[0].base, 0x80a0000);
	EXPECT_EQ(p.gicr[0].size, 0xf60000);
	EXPECT_EQ(p.gicr_stride, 0);
	EXPECT_EQ(p.nr_gits, 1);
	EXPECT_EQ(p.gits[0].base, 0x8080000);
	EXPECT_EQ(p.ppi_maint, 25);
	EXPECT_EQ(p.ppi_hyp, 26);
	EXPECT_EQ(p.ppi_virt, 27);
	EXPECT_EQ(p.ppi_phys, 30);
	EXPECT_EQ(p.nr_cpus, 4);
	for (unsigned int i = 0; i < 4; i++)
		EXPECT_EQ(p.mpidr[i], i);
	EXPECT_EQ(p.fdt.base, TREE_FDT_PA);
	EXPECT_EQ(p.kernel.file.base, TREE_KERNEL);
	EXPECT_EQ(p.kernel.file.size, 0x1000000);
	EXPECT_EQ(p.kernel.mem_size, 0x1000000);
	EXPECT_EQ(p.kernel.entry_offset, 0);
	EXPECT_STREQ(p.kernel.bootargs, "console=ttyAMA0 quiet");
	EXPECT_EQ(p.initrd.file.base, TREE_INITRD);
	EXPECT_EQ(p.initrd.file.size, 0x123456);
	EXPECT_STREQ(p.cmdline, "panic=off");
	EXPECT(p.opt.panic_off);
	EXPECT_EQ(p.opt.loglevel, LOG_INFO);
	free(fdt);
}

TEST(parse_soc)
{
	void *fdt = tree_compile(tree_soc);

	ASSERT(fdt);
	log_text();
	ASSERT_EQ(tree_parse(fdt, &p), 0);
	EXPECT_STREQ(log_text(), "");
	ASSERT_EQ(p.nr_ram, 3);
	EXPECT_EQ(p.ram[0].base, 0x40000000);
	EXPECT_EQ(p.ram[0].size, 0x40000000);
	EXPECT_EQ(p.ram[1].base, 0x90001000);
	EXPECT_EQ(p.ram[1].size, 0xffff000);
	EXPECT_EQ(p.ram[2].base, 0x100000000);
	EXPECT_EQ(p.ram[2].size, 0x80000000);
	ASSERT_EQ(p.nr_reserved, 3);
	EXPECT_EQ(p.reserved[0].base, 0x40000000);
	EXPECT_EQ(p.reserved[0].size, 0x2000);
	EXPECT_EQ(p.reserved[1].base, 0x54600000);
	EXPECT_EQ(p.reserved[1].size, 0x200000);
	EXPECT_EQ(p.reserved[2].base, 0x54a00000);
	EXPECT_EQ(p.reserved[2].size, 0x1000);
	ASSERT_EQ(p.nr_no_map, 2); /* both of firmware@; not that of /memreserve/ */
	EXPECT_EQ(p.no_map[0].base, 0x54600000);
	EXPECT_EQ(p.no_map[0].size, 0x200000);
	EXPECT_EQ(p.no_map[1].base, 0x54a00000);
	EXPECT_EQ(p.uart.type, UART_16550);
	EXPECT_EQ(p.uart.regs.base, 0x10201000);
	EXPECT_EQ(p.uart.reg_shift, 2);
	EXPECT_EQ(p.uart.io_width, 4);
	EXPECT_EQ(p.gicd.base, 0x18000000);
	ASSERT_EQ(p.nr_gicr, 2);
	EXPECT_EQ(p.gicr[0].base, 0x18040000);
	EXPECT_EQ(p.gicr[1].base, 0x180c0000);
	EXPECT_EQ(p.gicr[1].size, 0x80000);
	EXPECT_EQ(p.gicr_stride, 0x40000);
	ASSERT_EQ(p.nr_gits, 1);
	EXPECT_EQ(p.gits[0].base, 0x18120000);
	EXPECT_EQ(p.ppi_maint, 24);
	EXPECT_EQ(p.ppi_hyp, 28);
	EXPECT_EQ(p.ppi_virt, 27);
	EXPECT_EQ(p.ppi_phys, 30);
	ASSERT_EQ(p.nr_cpus, 3);
	EXPECT_EQ(p.mpidr[0], 0);
	EXPECT_EQ(p.mpidr[1], 0x100);
	EXPECT_EQ(p.mpidr[2], 0x100010000);
	EXPECT_EQ(p.kernel.file.base, 0x50000000);
	EXPECT_STREQ(p.kernel.bootargs, "console=ttyS0 root=/dev/ram");
	EXPECT_EQ(p.initrd.file.base, 0x60000000);
	EXPECT_EQ(p.initrd.file.size, 0x400000);
	EXPECT_EQ(p.opt.pool, 24UL << 20);
	EXPECT_EQ(p.opt.loglevel, LOG_DEBUG);
	free(fdt);
}

TEST(parse_one_cell_each)
{
	void *fdt = tree_compile(tree_cells32);

	ASSERT(fdt);
	log_text();
	ASSERT_EQ(tree_parse(fdt, &p), 0);
	EXPECT_STREQ(log_text(), "");
	EXPECT_EQ(p.nr_ram, 1);
	EXPECT_EQ(p.ram[0].size, 0x10000000);
	EXPECT_EQ(p.kernel.file.base, 0x48000000);
	EXPECT_EQ(p.kernel.file.size, 0x1000000);
	EXPECT_STREQ(p.kernel.bootargs, "");
	EXPECT_EQ(p.initrd.file.size, 0);
	EXPECT_EQ(p.uart.type, UART_16550);
	EXPECT_EQ(p.uart.regs.base, 0x9000100);
	EXPECT_EQ(p.uart.regs.size, 0xf00);
	EXPECT_EQ(p.ppi_phys, 30);
	EXPECT_EQ(p.ppi_virt, 27);
	EXPECT_EQ(p.ppi_maint, 25);
	EXPECT_STREQ(p.cmdline, "");
	EXPECT_EQ(p.opt.pool, 0);
	free(fdt);
}

/* What makes a tree bad, and the words that say so. */
struct bad {
	void (*edit)(void *fdt);
	const char *text;
};

#define NODE(name) static void name(void *fdt)
#define GIC "/intc@8000000"
#define MEMORY "/memory@40000000"

NODE(no_memory) { tree_delnode(fdt, MEMORY); }
NODE(memory_off) { tree_string(fdt, MEMORY, "status", "disabled"); }
NODE(memory_empty) { TREE_CELLS(fdt, MEMORY, "reg", 0, 0x40000000, 0, 0); }
NODE(memory_wraps) { TREE_CELLS(fdt, MEMORY, "reg", ~0U, 0, 2, 0); }
NODE(memory_far) { TREE_CELLS(fdt, MEMORY, "reg", 0x10000, 0, 0, 0x1000); }
NODE(memory_cells) { TREE_CELLS(fdt, "/", "#address-cells", 3); }
NODE(memory_pieces)
{
	u32 v[4 * 7];

	/* 21 pages, none beside another one. */
	for (u32 i = 0; i < 3; i++) {
		char path[32];

		for (u32 j = 0; j < 7; j++) {
			v[4 * j] = 1;
			v[4 * j + 1] = (i * 7 + j) * 0x2000;
			v[4 * j + 2] = 0;
			v[4 * j + 3] = 0x1000;
		}
		snprintf(path, sizeof(path), "/memory@%u", i);
		tree_addnode(fdt, "/", path + 1);
		tree_string(fdt, path, "device_type", "memory");
		tree_cells(fdt, path, "reg", 28, v);
	}
}

NODE(reserved_many)
{
	for (int i = 0; i < 33; i++)
		if (fdt_add_mem_rsv(fdt, 0x60000000 + i * 0x2000, 0x1000))
			abort();
}
NODE(reserved_many_nodes)
{
	char path[64];

	tree_addnode(fdt, "/", "reserved-memory");
	TREE_CELLS(fdt, "/reserved-memory", "#address-cells", 2);
	TREE_CELLS(fdt, "/reserved-memory", "#size-cells", 2);
	if (fdt_setprop_empty(fdt, fdt_path_offset(fdt, "/reserved-memory"), "ranges"))
		abort();
	for (u32 i = 0; i < 33; i++) {
		snprintf(path, sizeof(path), "/reserved-memory/r%u", i);
		tree_addnode(fdt, "/reserved-memory", strrchr(path, '/') + 1);
		TREE_CELLS(fdt, path, "reg", 0, 0x60000000 + i * 0x2000, 0, 0x1000);
	}
}
NODE(reserved_no_ranges)
{
	reserved_many_nodes(fdt);
	tree_delprop(fdt, "/reserved-memory", "ranges");
}

NODE(no_cpus) { tree_delnode(fdt, "/cpus"); }
NODE(cpus_failed)
{
	for (int i = 0; i < 4; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/cpus/cpu@%d", i);
		tree_string(fdt, path, "status", "fail");
	}
}
NODE(cpu_no_reg) { tree_delprop(fdt, "/cpus/cpu@1", "reg"); }
NODE(cpu_twice) { TREE_CELLS(fdt, "/cpus/cpu@2", "reg", 1); }
NODE(cpu_bits) { TREE_CELLS(fdt, "/cpus/cpu@2", "reg", 0x80000002); }
NODE(cpu_spin_table) { tree_string(fdt, "/cpus/cpu@1", "enable-method", "spin-table"); }
NODE(cpu_many)
{
	for (u32 i = 4; i < HYP_MAX_CPUS + 1; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/cpus/cpu@%x", i);
		tree_addnode(fdt, "/cpus", strrchr(path, '/') + 1);
		tree_string(fdt, path, "device_type", "cpu");
		TREE_CELLS(fdt, path, "reg", i);
	}
}

NODE(no_psci) { tree_delnode(fdt, "/psci"); }
NODE(psci_off) { tree_string(fdt, "/psci", "status", "disabled"); }
NODE(psci_old) { tree_string(fdt, "/psci", "compatible", "arm,psci"); }
NODE(psci_hvc) { tree_string(fdt, "/psci", "method", "hvc"); }
NODE(psci_odd) { tree_string(fdt, "/psci", "method", "pigeon"); }
NODE(psci_none) { tree_delprop(fdt, "/psci", "method"); }

NODE(no_gic) { tree_delnode(fdt, GIC); }
NODE(gic_off) { tree_string(fdt, GIC, "status", "disabled"); }
NODE(gic_v2) { tree_string(fdt, GIC, "compatible", "arm,cortex-a15-gic"); }
NODE(gic_400) { tree_string(fdt, GIC, "compatible", "arm,gic-400"); }
NODE(gic_no_reg) { tree_delprop(fdt, GIC, "reg"); }
NODE(gic_no_gicr) { TREE_CELLS(fdt, GIC, "reg", 0, 0x8000000, 0, 0x10000); }
NODE(gic_unaligned)
{
	TREE_CELLS(fdt, GIC, "reg", 0, 0x8000800, 0, 0x10000, 0, 0x80a0000, 0, 0x20000);
}
NODE(gic_small) { TREE_CELLS(fdt, GIC, "reg", 0, 0x8000000, 0, 0x1000, 0, 0x80a0000, 0, 0x20000); }
NODE(gicr_small)
{
	TREE_CELLS(fdt, GIC, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x10000);
}
NODE(gic_in_ram)
{
	TREE_CELLS(fdt, GIC, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x50000000, 0, 0x20000);
}
NODE(gic_far) { TREE_CELLS(fdt, GIC, "reg", 0x10000, 0, 0, 0x10000, 0, 0x80a0000, 0, 0x20000); }
NODE(gic_large)
{
	TREE_CELLS(fdt, GIC, "reg", 0, 0x8000000, 0, 0x10000, 2, 0, 0, 0x10001000);
}
NODE(gic_regions) { TREE_CELLS(fdt, GIC, "#redistributor-regions", 5); }
NODE(gic_regions0) { TREE_CELLS(fdt, GIC, "#redistributor-regions", 0); }
NODE(gic_stride) { TREE_CELLS(fdt, GIC, "redistributor-stride", 0, 0x8000); }
NODE(gic_stride_size) { TREE_CELLS(fdt, GIC, "redistributor-stride", 0, 0, 0x20000); }
NODE(gic_maint) { TREE_CELLS(fdt, GIC, "interrupts", 0, 9, 4); }
NODE(gic_its) { TREE_CELLS(fdt, GIC "/its@8080000", "reg", 0, 0x8080000, 0, 0x1000); }
NODE(gic_many_its)
{
	char path[64];

	for (u32 i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), GIC "/its@%u", i);
		tree_addnode(fdt, GIC, strrchr(path, '/') + 1);
		tree_string(fdt, path, "compatible", "arm,gic-v3-its");
		TREE_CELLS(fdt, path, "reg", 0, 0x20000000 + i * 0x20000, 0, 0x20000);
	}
}

NODE(no_timer) { tree_delnode(fdt, "/timer"); }
NODE(timer_off) { tree_string(fdt, "/timer", "status", "disabled"); }
NODE(timer_empty) { tree_delprop(fdt, "/timer", "interrupts"); }
NODE(timer_phys_only) { TREE_CELLS(fdt, "/timer", "interrupts", 1, 13, 4, 1, 14, 4); }
NODE(timer_spi) { TREE_CELLS(fdt, "/timer", "interrupts", 1, 13, 4, 0, 14, 4, 1, 11, 4); }
NODE(timer_ppi16) { TREE_CELLS(fdt, "/timer", "interrupts", 1, 13, 4, 1, 16, 4, 1, 11, 4); }
NODE(timer_names) { tree_string(fdt, "/timer", "interrupt-names", "virt"); }
NODE(timer_cells) { TREE_CELLS(fdt, GIC, "#interrupt-cells", 1); }

NODE(uart_in_ram) { TREE_CELLS(fdt, "/pl011@9000000", "reg", 0, 0x41000000, 0, 0x1000); }

NODE(long_cmdline)
{
	char args[PLATFORM_CMDLINE + 1];

	memset(args, 'x', sizeof(args) - 1);
	args[sizeof(args) - 1] = 0;
	tree_string(fdt, "/chosen", "bootargs", args);
}

static const struct bad bad[] = {
	{ no_memory, "no memory: the device tree has no usable node" },
	{ memory_off, "no memory: " },
	{ memory_empty, "no memory: " },
	{ memory_wraps, "memory@40000000: entry 0 of its reg is no range" },
	{ memory_far, "0x1000 bytes at 0x1000000000000 end beyond 48 bits" },
	{ memory_cells, "memory@40000000: entry 0 of its reg is no range" },
	{ memory_pieces, "more than 16 separate ranges of memory" },
	{ reserved_many, "more than 32 reserved ranges" },
	{ reserved_many_nodes, "more than 32 reserved ranges" },
	{ reserved_no_ranges, "/reserved-memory/r32: entry 0 of its reg can't be read" },
	{ no_cpus, "no CPUs: " },
	{ cpus_failed, "no CPUs: " },
	{ cpu_no_reg, "/cpus/cpu@1: no reg" },
	{ cpu_twice, "/cpus/cpu@2: a second CPU with reg 0x1" },
	{ cpu_bits, "/cpus/cpu@2: reg 0x80000002 has bits beside" },
	{ cpu_spin_table, "/cpus/cpu@1: enable-method \"spin-table\"" },
	{ cpu_many, "more than 32 CPUs" },
	{ no_psci, "no PSCI: " },
	{ psci_off, "no PSCI: " },
	{ psci_old, "no PSCI: " },
	{ psci_hvc, "PSCI is reached by HVC, so something else already is the hypervisor" },
	{ psci_odd, "PSCI method \"pigeon\"" },
	{ psci_none, "PSCI method \"\"" },
	{ no_gic, "no interrupt controller: " },
	{ gic_off, "no interrupt controller: " },
	{ gic_v2, "GICv2 is not supported, GICv3 is needed: the device tree has intc@8000000" },
	{ gic_400, "GICv2 is not supported, GICv3 is needed" },
	{ gic_no_reg, "intc@8000000: entry 0 of its reg is missing" },
	{ gic_no_gicr, "intc@8000000: entry 1 of its reg is missing" },
	{ gic_unaligned, "(0x10000 bytes at 0x8000800) can't be a GIC frame" },
	{ gic_small, "(0x1000 bytes at 0x8000000) can't be a GIC frame" },
	{ gicr_small, "(0x10000 bytes at 0x80a0000) can't be a GIC frame" },
	{ gic_in_ram, "intc@8000000 at 0x50000000 lies in memory at 0x40000000" },
	{ gic_far, "can't be a GIC frame" },
	{ gic_large, "(0x10001000 bytes at 0x200000000) can't be a GIC frame" },
	{ gic_regions, "5 redistributor regions where 1 to 4" },
	{ gic_regions0, "0 redistributor regions where 1 to 4" },
	{ gic_stride, "redistributor-stride 0x8000 is impossible" },
	{ gic_stride_size, "redistributor-stride 0x0 is impossible" },
	{ gic_maint, "its interrupt, vGIC maintenance, is not a private one" },
	{ gic_its, "its@8080000: entry 0 of its reg (0x1000 bytes" },
	{ gic_many_its, "more than 4 ITS" },
	{ no_timer, "no architected timer: " },
	{ timer_off, "no architected timer: " },
	{ timer_empty, "no private interrupt for \"phys\" in interrupts" },
	{ timer_phys_only, "no private interrupt for \"virt\"" },
	{ timer_spi, "no private interrupt for \"phys\"" },
	{ timer_ppi16, "no private interrupt for \"phys\"" },
	{ timer_names, "no private interrupt for \"phys\"" },
	{ timer_cells, "the GIC has 1 #interrupt-cells" },
	{ uart_in_ram, "the console's registers at 0x41000000 lie in memory at 0x40000000" },
	{ long_cmdline, "(/chosen/bootargs) is longer than 1023 bytes" },
};

TEST(parse_refusals)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		void *fdt = tree_machine();
		int ret;

		bad[i].edit(fdt);
		log_text();
		ret = tree_parse(fdt, &p);
		if (ret >= 0)
			KTAP_FAIL("accepted, expected \"%s\"", bad[i].text);
		expect_one_error(log_text(), bad[i].text);
		free(fdt);
	}
}

/* Entries in any order, touching, overlapping, inside one another. */
TEST(memory_is_merged)
{
	void *fdt = tree_machine();

	TREE_CELLS(fdt, MEMORY, "reg", 0, 0x60000000, 0, 0x10000000, 0, 0x40000000, 0, 0x10000000,
		   0, 0x50000000, 0, 0x10000000, 0, 0x48000000, 0, 0x1000, 1, 0, 0, 0x2000);
	ASSERT_EQ(tree_parse(fdt, &p), 0);
	ASSERT_EQ(p.nr_ram, 2);
	EXPECT_EQ(p.ram[0].base, 0x40000000);
	EXPECT_EQ(p.ram[0].size, 0x30000000);
	EXPECT_EQ(p.ram[1].base, 0x100000000);
	EXPECT_EQ(p.ram[1].size, 0x2000);
	free(fdt);
}

/* Exactly as many as there is room for. */
TEST(limits_are_reached)
{
	void *fdt = tree_machine();

	for (u32 i = 4; i < HYP_MAX_CPUS; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/cpus/cpu@%x", i);
		tree_addnode(fdt, "/cpus", strrchr(path, '/') + 1);
		tree_string(fdt, path, "device_type", "cpu");
		TREE_CELLS(fdt, path, "reg", i << 8);
	}
	for (u64 i = 0; i < 32; i++)
		EXPECT_EQ(fdt_add_mem_rsv(fdt, 0x60000000 + i * 0x2000, 0x1000), 0);
	ASSERT_EQ(tree_parse(fdt, &p), 0);
	EXPECT_EQ(p.nr_cpus, HYP_MAX_CPUS);
	EXPECT_EQ(p.nr_reserved, PLATFORM_MAX_RESERVED);
	free(fdt);
}

TEST(timer_without_hyp_entry_has_the_standard_number)
{
	void *fdt = tree_machine();

	TREE_CELLS(fdt, "/timer", "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4);
	tree_delprop(fdt, GIC, "interrupts");
	ASSERT_EQ(tree_parse(fdt, &p), 0);
	EXPECT_EQ(p.ppi_hyp, 26);
	EXPECT_EQ(p.ppi_maint, 25);
	free(fdt);
}

TEST(reserve_by_hand)
{
	void *fdt = tree_machine();

	ASSERT_EQ(tree_parse(fdt, &p), 0);
	log_text();
	EXPECT_EQ(platform_reserve(&p, 0x50000800, 0), 0);
	/* Beyond what any address reaches: nothing to keep. */
	EXPECT_EQ(platform_reserve(&p, 1UL << 48, 0x1000), 0);
	EXPECT_EQ(p.nr_reserved, 0);
	EXPECT_EQ(platform_reserve(&p, 0x50000800, 0x800), 0);
	EXPECT_EQ(p.reserved[0].base, 0x50000000);
	EXPECT_EQ(p.reserved[0].size, 0x1000);
	EXPECT_EQ(platform_reserve(&p, 0xf000000000, UINT64_MAX), 0);
	EXPECT_EQ(p.reserved[1].base + p.reserved[1].size, 1UL << 48);
	while (p.nr_reserved < PLATFORM_MAX_RESERVED)
		EXPECT_EQ(platform_reserve(&p, 0x1000, 0x1000), 0);
	EXPECT_EQ(platform_reserve(&p, 0x1000, 0x1000), -ENOSPC);
	expect_one_error(log_text(), "more than 32 reserved ranges");
	free(fdt);
}

TEST(no_device_tree_at_all)
{
	void *fdt = tree_machine(), *exact;
	struct platform_uart uart;
	u8 zeros[64] __aligned(8) = { 0 };

	log_text();
	EXPECT_EQ(platform_uart_find(zeros, pa(TREE_FDT_PA), sizeof(zeros), &uart), -EINVAL);
	expect_one_error(log_text(), "is unusable: FDT_ERR_BADMAGIC");
	EXPECT_EQ(uart.type, UART_NONE);
	EXPECT_EQ(platform_uart_find(zeros, pa(TREE_FDT_PA), 4, &uart), -EINVAL);
	expect_one_error(log_text(), "is unusable: FDT_ERR_TRUNCATED");
	exact = tree_exact(fdt);
	/* totalsize says more than is mapped. */
	EXPECT_EQ(platform_uart_find(exact, pa(TREE_FDT_PA), fdt_totalsize(exact) - 8, &uart), -EINVAL);
	expect_one_error(log_text(), "is unusable: ");
	fdt_set_magic(exact, 0xd00dfeee);
	EXPECT_EQ(platform_uart_find(exact, pa(TREE_FDT_PA), fdt_totalsize(exact), &uart), -EINVAL);
	expect_one_error(log_text(), "BADMAGIC");
	/* Where it is in the machine's memory is said, not where it is mapped. */
	EXPECT_EQ(platform_uart_find(exact, pa(0x1230004), fdt_totalsize(exact), &uart), -EINVAL);
	expect_one_error(log_text(),
			 "device tree at 0x1230004 is unusable: it does not start at a multiple of 8");
	EXPECT_EQ(platform_uart_find(zeros, pa(0x1230008), sizeof(zeros), &uart), -EINVAL);
	expect_one_error(log_text(),
			 "device tree at 0x1230008 is unusable: FDT_ERR_BADMAGIC (libfdt error 9)");
	free(exact);
	free(fdt);
}

/* The command line. */

static int options(const char *args)
{
	void *fdt = tree_machine();
	int ret;

	tree_string(fdt, "/chosen", "bootargs", args);
	log_text();
	ret = tree_parse(fdt, &p);
	free(fdt);
	return ret;
}

TEST(options_good)
{
	static const struct {
		const char *args;
		u64 pool;
	} sizes[] = {
		{ "pool=64M", 64UL << 20 }, { "pool=1g", 1UL << 30 },
		{ "pool=4096", 4096 },	    { "pool=0x10000k", 64UL << 20 },
		{ "pool=5000", 8192 },	    { "", 0 },
		{ "pool=0xA000", 0xa000 },
		{ "pool=1M pool=2M", 2UL << 20 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(options(sizes[i].args), 0);
		EXPECT_EQ(p.opt.pool, sizes[i].pool);
		EXPECT_STREQ(log_text(), "");
	}
	EXPECT_EQ(options("  panic=off\tloglevel=warn \n smc-pass=2,0x3,63  "), 0);
	EXPECT(p.opt.panic_off);
	EXPECT_EQ(p.opt.loglevel, LOG_WARN);
	EXPECT_EQ(p.opt.smc_pass, 1UL << 2 | 1UL << 3 | 1UL << 63);
	EXPECT_EQ(options("loglevel=err"), 0);
	EXPECT_EQ(p.opt.loglevel, LOG_ERR);
	EXPECT(!p.opt.panic_off);
	EXPECT_EQ(options("loglevel=info"), 0);
	EXPECT_EQ(p.opt.loglevel, LOG_INFO);
	/* A stranger's word is said and skipped. */
	EXPECT_EQ(options("console=ttyS0 pool=4M quiet"), 0);
	EXPECT_EQ(p.opt.pool, 4UL << 20);
	EXPECT_CONTAINS(log_text(), "warning: command line: \"console\" is no option and ignored");
}

TEST(options_bad)
{
	static const char *const args[] = {
		"pool=",	   "pool=M",	     "pool=12Q",	"pool=12MM",
		"pool=0",	   "pool",	     "pool=-1",		"pool=0x",
		"pool=999999999G", "pool=99999999999999999999999",	"pool=12 M=3 pool=xyz",
		"panic=on",	   "panic",	     "loglevel=loud",	"loglevel=",
		"smc-pass=64",	   "smc-pass=",	     "smc-pass=1,",	"smc-pass=1;2",
		"smc-pass=1,,2",   "smc-pass=fast",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(args); i++) {
		const char *text, *error;

		if (options(args[i]) != -EINVAL)
			KTAP_FAIL("accepted: %s", args[i]);
		text = log_text();
		error = strstr(text, "[gz] error: ");
		ASSERT(error);
		expect_one_error(error, "is not understood: the options are pool=SIZE, panic=off");
	}
}
