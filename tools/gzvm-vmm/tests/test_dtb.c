// SPDX-License-Identifier: GPL-2.0-only
/* The guest's device tree, read back with libfdt. */
#include <errno.h>
#include <libfdt.h>

#include "dtb.h"
#include "ktap.h"

static uint8_t tree[65536];

static struct dtb_machine machine = {
	.cmdline = "console=hvc0 earlycon",
	.mem_base = 0x80000000,
	.mem_size = UINT64_C(0x123400000),
	.initrd = 0x83000000,
	.initrd_size = 0x1234,
	.cpus = 8,
	.gic_dist = 0x3fff0000,
	.gic_redist = 0x3fff0000 - 8 * 0x20000,
	.serial = 0x1000000,
	.serial_spi = 0,
	.rtc = 0x1010000,
	.rtc_spi = 1,
	.virtio = { 0x2000000, 0x2001000 },
	.virtio_spi = { 16, 17 },
	.nr_virtio = 2,
	.kaslr_seed = UINT64_C(0x0123456789abcdef),
	.rng_seed = "seed",
};

/* The cells of a property as text, so that a failure shows them. */
static const char *cells(const char *path, const char *name)
{
	static char text[512];
	int len = 0, node = fdt_path_offset(tree, path);
	const fdt32_t *value = fdt_getprop(tree, node, name, &len);
	char *end = text;

	text[0] = '\0';
	if (!value)
		return "none";
	for (int i = 0; i < len / 4; i++)
		end += sprintf(end, "%s%x", i ? " " : "", fdt32_to_cpu(value[i]));
	return text;
}

static const char *string(const char *path, const char *name)
{
	const char *value = fdt_getprop(tree, fdt_path_offset(tree, path), name, NULL);

	return value ? value : "none";
}

TEST(sound)
{
	int size = dtb_build(&machine, tree, sizeof(tree));

	EXPECT(size > 0);
	EXPECT_EQ(fdt_check_full(tree, size), 0);
	EXPECT_STREQ(cells("/", "#address-cells"), "2");
	EXPECT_STREQ(cells("/", "interrupt-parent"),
		     cells("/interrupt-controller@3fff0000", "phandle"));
}

TEST(chosen)
{
	dtb_build(&machine, tree, sizeof(tree));
	EXPECT_STREQ(string("/chosen", "bootargs"), "console=hvc0 earlycon");
	EXPECT_STREQ(string("/chosen", "stdout-path"), "/serial@1000000");
	EXPECT(fdt_path_offset(tree, string("/chosen", "stdout-path")) >= 0);
	EXPECT_STREQ(cells("/chosen", "linux,initrd-start"), "83000000");
	EXPECT_STREQ(cells("/chosen", "linux,initrd-end"), "83001234");
	EXPECT_STREQ(cells("/chosen", "kaslr-seed"), "1234567 89abcdef");
	EXPECT_STREQ(string("/chosen", "rng-seed"), "seed");
	EXPECT_STREQ(cells("/memory@80000000", "reg"), "0 80000000 1 23400000");
}

/* One cell each as long as one will do for both, else two. */
TEST(initrd_addresses)
{
	struct dtb_machine m = machine;

	m.initrd_size = UINT32_MAX - m.initrd;
	dtb_build(&m, tree, sizeof(tree));
	EXPECT_STREQ(cells("/chosen", "linux,initrd-start"), "83000000");
	EXPECT_STREQ(cells("/chosen", "linux,initrd-end"), "ffffffff");
	m.initrd_size++;
	dtb_build(&m, tree, sizeof(tree));
	EXPECT_STREQ(cells("/chosen", "linux,initrd-start"), "0 83000000");
	EXPECT_STREQ(cells("/chosen", "linux,initrd-end"), "1 0");
	m.initrd = UINT64_C(0x100200000);
	dtb_build(&m, tree, sizeof(tree));
	EXPECT_STREQ(cells("/chosen", "linux,initrd-start"), "1 200000");
}

TEST(no_initrd)
{
	struct dtb_machine m = machine;

	m.initrd_size = 0;
	dtb_build(&m, tree, sizeof(tree));
	EXPECT_STREQ(cells("/chosen", "linux,initrd-start"), "none");
}

TEST(cpus)
{
	struct dtb_machine m = machine;

	dtb_build(&machine, tree, sizeof(tree));
	EXPECT_STREQ(cells("/cpus/cpu@7", "reg"), "7");
	EXPECT_STREQ(string("/cpus/cpu@7", "enable-method"), "psci");
	EXPECT_STREQ(string("/psci", "method"), "hvc");
	EXPECT_EQ(fdt_node_check_compatible(tree, fdt_path_offset(tree, "/psci"),
					    "arm,psci-1.0"), 0);
	EXPECT_EQ(fdt_node_check_compatible(tree, fdt_path_offset(tree, "/psci"),
					    "arm,psci-0.2"), 0);
	m.cpus = 1;
	m.gic_redist = 0x3ffd0000;
	dtb_build(&m, tree, sizeof(tree));
	EXPECT(fdt_path_offset(tree, "/cpus/cpu@1") < 0);
	EXPECT_STREQ(cells("/interrupt-controller@3fff0000", "reg"),
		     "0 3fff0000 0 10000 0 3ffd0000 0 20000");
}

TEST(interrupts)
{
	dtb_build(&machine, tree, sizeof(tree));
	EXPECT_STREQ(cells("/timer", "interrupts"), "1 d 8 1 e 8 1 b 8 1 a 8");
	EXPECT_STREQ(cells("/interrupt-controller@3fff0000", "reg"),
		     "0 3fff0000 0 10000 0 3fef0000 0 100000");
	EXPECT_STREQ(cells("/interrupt-controller@3fff0000", "#interrupt-cells"), "3");
	EXPECT_STREQ(cells("/serial@1000000", "interrupts"), "0 0 1");
	EXPECT_STREQ(string("/serial@1000000", "compatible"), "ns16550a");
	EXPECT_STREQ(cells("/rtc@1010000", "interrupts"), "0 1 1");
	EXPECT_STREQ(cells("/rtc@1010000", "clocks"), cells("/apb-clock", "phandle"));
	EXPECT_STREQ(cells("/virtio@2000000", "interrupts"), "0 10 1");
	EXPECT_STREQ(cells("/virtio@2001000", "interrupts"), "0 11 1");
	EXPECT_STREQ(cells("/virtio@2001000", "reg"), "0 2001000 0 1000");
	EXPECT(fdt_path_offset(tree, "/virtio@2002000") < 0);
}

TEST(no_room)
{
	EXPECT_EQ(dtb_build(&machine, tree, 512), -ENOSPC);
	EXPECT_EQ(dtb_build(&machine, tree, 8), -ENOSPC);
}
