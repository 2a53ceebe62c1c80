// SPDX-License-Identifier: GPL-2.0-only
// LINK: platform/fdt.c platform/fdt_util.c platform/options.c platform/modules.c platform/uart.c
// LINK: platform/uart_pl011.c platform/uart_16550.c
// LINK: core/log.c lib/printf.c
// LIBS: -lfdt
/* The UARTs: finding them in device trees, and their registers. */
#include "ktap.h"

#include "platform/uart.h"
#include "trees.h"

#define UART "/pl011@9000000"

static struct platform_uart u;

static enum uart_type find(const void *fdt)
{
	void *exact = tree_exact(fdt);

	EXPECT_EQ(platform_uart_find(exact, pa(TREE_FDT_PA), fdt_totalsize(exact), &u), 0);
	free(exact);
	return u.type;
}

TEST(find_by_path_and_alias)
{
	static const struct {
		const char *path;
		enum uart_type type;
	} t[] = {
		{ "/pl011@9000000", UART_PL011 },
		{ "/pl011@9000000:115200n8", UART_PL011 },
		{ "/pl011", UART_PL011 },
		{ "serial0", UART_PL011 },
		{ "serial0:115200n8", UART_PL011 },
		{ "serial1", UART_NONE }, /* names itself */
		{ "serial2", UART_NONE }, /* is not terminated */
		{ "serial3", UART_NONE }, /* another alias */
		{ "serial4", UART_NONE }, /* empty */
		{ "nobody", UART_NONE },
		{ "", UART_NONE },
		{ ":115200", UART_NONE },
		{ "/no/such/node", UART_NONE },
		{ "/", UART_NONE },
		{ "/timer", UART_NONE },
	};
	void *fdt = tree_machine();

	for (unsigned int pass = 0; pass < 2; pass++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
			tree_string(fdt, "/chosen", "stdout-path", t[i].path);
			if (!pass && strncmp(t[i].path, "/pl011", 6)) {
				EXPECT_EQ(find(fdt), UART_NONE);
				continue;
			}
			if (find(fdt) != t[i].type)
				KTAP_FAIL("\"%s\" gives type %d", t[i].path, u.type);
		}
		if (pass)
			break;
		tree_addnode(fdt, "/", "aliases");
		tree_string(fdt, "/aliases", "serial0", UART);
		tree_string(fdt, "/aliases", "serial1", "serial1");
		TREE_CELLS(fdt, "/aliases", "serial2", 0x2f706c30);
		tree_string(fdt, "/aliases", "serial3", "serial0");
		tree_string(fdt, "/aliases", "serial4", "");
	}
	tree_delprop(fdt, "/chosen", "stdout-path");
	EXPECT_EQ(find(fdt), UART_NONE);
	tree_string(fdt, "/chosen", "linux,stdout-path", UART);
	EXPECT_EQ(find(fdt), UART_PL011);
	tree_delnode(fdt, "/chosen");
	EXPECT_EQ(find(fdt), UART_NONE);
	free(fdt);
}

TEST(find_kinds_and_widths)
{
	static const struct {
		const char *compatible;
		int shift, width; /* -1: no such property */
		enum uart_type type;
		int want_shift, want_width;
	} t[] = {
		{ "arm,pl011", -1, -1, UART_PL011, 0, 4 },
		{ "arm,sbsa-uart", -1, -1, UART_PL011, 0, 4 },
		{ "ns16550a", -1, -1, UART_16550, 0, 1 },
		{ "ns16550", 2, -1, UART_16550, 2, 1 },
		{ "ns8250", 2, 4, UART_16550, 2, 4 },
		{ "snps,dw-apb-uart", 3, 4, UART_16550, 3, 4 },
		{ "mediatek,mt6577-uart", -1, -1, UART_16550, 2, 4 },
		{ "mediatek,mt6577-uart", -1, 1, UART_16550, 2, 1 },
		{ "nvidia,tegra20-uart", -1, -1, UART_16550, 2, 4 },
		{ "ns16550a", 0, 4, UART_NONE, 0, 0 },
		{ "ns16550a", 1, 4, UART_NONE, 0, 0 },
		{ "ns16550a", 2, 2, UART_NONE, 0, 0 },
		{ "ns16550a", 5, 1, UART_NONE, 0, 0 },
		{ "ns16550a", 0x7fffffff, 1, UART_NONE, 0, 0 },
		{ "brcm,bcm2835-aux-uart", -1, -1, UART_NONE, 0, 0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		void *fdt = tree_machine();

		tree_string(fdt, UART, "compatible", t[i].compatible);
		if (t[i].shift >= 0)
			TREE_CELLS(fdt, UART, "reg-shift", t[i].shift);
		if (t[i].width >= 0)
			TREE_CELLS(fdt, UART, "reg-io-width", t[i].width);
		if (find(fdt) != t[i].type)
			KTAP_FAIL("line %u: type %d", i, u.type);
		if (t[i].type != UART_NONE) {
			EXPECT_EQ(u.reg_shift, t[i].want_shift);
			EXPECT_EQ(u.io_width, t[i].want_width);
			EXPECT_EQ(u.regs.base, 0x9000000);
		}
		free(fdt);
	}
}

static void disabled(void *fdt) { tree_string(fdt, UART, "status", "disabled"); }
static void okay(void *fdt) { tree_string(fdt, UART, "status", "okay"); }
static void odd_status(void *fdt) { TREE_CELLS(fdt, UART, "status", 1); }
static void big_endian(void *fdt) { TREE_CELLS(fdt, UART, "big-endian", 1); }
static void no_reg(void *fdt) { tree_delprop(fdt, UART, "reg"); }
static void short_reg(void *fdt) { TREE_CELLS(fdt, UART, "reg", 0, 0x9000000, 0); }
static void small(void *fdt) { TREE_CELLS(fdt, UART, "reg", 0, 0x9000000, 0, 0x20); }
static void unaligned(void *fdt) { TREE_CELLS(fdt, UART, "reg", 0, 0x9000002, 0, 0x1000); }
static void wraps(void *fdt) { TREE_CELLS(fdt, UART, "reg", ~0U, ~0U - 3, 0, 0x1000); }
static void far(void *fdt) { TREE_CELLS(fdt, UART, "reg", 0x10000, 0, 0, 0x1000); }
static void large(void *fdt) { TREE_CELLS(fdt, UART, "reg", 0, 0x9000000, 0, 0x10000000); }
static void offset(void *fdt)
{
	tree_string(fdt, UART, "compatible", "ns16550a");
	TREE_CELLS(fdt, UART, "reg-offset", 0x1001);
}

TEST(find_unusable)
{
	static const struct {
		void (*edit)(void *fdt);
		enum uart_type type;
	} t[] = {
		{ disabled, UART_NONE }, { okay, UART_PL011 },	 { odd_status, UART_NONE },
		{ big_endian, UART_NONE }, { no_reg, UART_NONE }, { short_reg, UART_NONE },
		{ small, UART_NONE },	 { unaligned, UART_NONE }, { wraps, UART_NONE },
		{ offset, UART_NONE }, { far, UART_NONE }, { large, UART_PL011 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		void *fdt = tree_machine();

		t[i].edit(fdt);
		if (find(fdt) != t[i].type)
			KTAP_FAIL("line %u: type %d", i, u.type);
		EXPECT(u.type == UART_NONE || u.regs.size == 0x1000);
		free(fdt);
	}
}

/* Buses: no ranges, ranges elsewhere, three cells, too many levels. */
TEST(find_behind_buses)
{
	static const char path[] = "/soc/bus@200000/serial@1000";
	void *fdt = tree_compile(tree_soc);
	char deep[256] = "";

	ASSERT(fdt);
	EXPECT_EQ(find(fdt), UART_16550);
	EXPECT_EQ(u.regs.base, 0x10201000);
	EXPECT_EQ(u.regs.size, 0x100);
	/* Crosses the end of the window. */
	TREE_CELLS(fdt, path, "reg", 0xfff80, 0x100);
	EXPECT_EQ(find(fdt), UART_NONE);
	TREE_CELLS(fdt, path, "reg", 0xfff00, 0x100);
	EXPECT_EQ(find(fdt), UART_16550);
	EXPECT_EQ(u.regs.base, 0x102fff00);
	/* An identity. */
	if (fdt_setprop_empty(fdt, fdt_path_offset(fdt, "/soc/bus@200000"), "ranges"))
		abort();
	EXPECT_EQ(find(fdt), UART_16550);
	EXPECT_EQ(u.regs.base, 0x100fff00);
	TREE_CELLS(fdt, "/soc/bus@200000", "ranges", 0x100000, 0x200000, 0x100000);
	EXPECT_EQ(find(fdt), UART_NONE);
	tree_delprop(fdt, "/soc/bus@200000", "ranges");
	EXPECT_EQ(find(fdt), UART_NONE);
	TREE_CELLS(fdt, "/soc/bus@200000", "ranges", 0, 0x200000, 0x100000);
	EXPECT_EQ(find(fdt), UART_16550);
	TREE_CELLS(fdt, "/soc/bus@200000", "#address-cells", 3);
	EXPECT_EQ(find(fdt), UART_NONE);
	TREE_CELLS(fdt, "/soc/bus@200000", "#address-cells", 1);
	TREE_CELLS(fdt, "/soc", "#size-cells", 3);
	EXPECT_EQ(find(fdt), UART_NONE);
	for (int i = 0; i < 20; i++) {
		tree_addnode(fdt, i ? deep : "/", "b");
		strcat(deep, "/b");
		TREE_CELLS(fdt, deep, "#address-cells", 1);
		TREE_CELLS(fdt, deep, "#size-cells", 1);
		if (fdt_setprop_empty(fdt, fdt_path_offset(fdt, deep), "ranges"))
			abort();
		if (i != 14 && i != 19)
			continue;
		tree_addnode(fdt, deep, "s");
		strcat(deep, "/s");
		tree_string(fdt, deep, "compatible", "ns16550a");
		TREE_CELLS(fdt, deep, "reg", 0x1000, 0x100);
		tree_string(fdt, "/chosen", "stdout-path", deep);
		EXPECT_EQ(find(fdt), i == 14 ? UART_16550 : UART_NONE);
		deep[strlen(deep) - 2] = 0;
	}
	free(fdt);
}

/* Registers, which are memory here: what was written last is seen. */

static union {
	volatile u8 b[4096];
	volatile u32 w[1024];
} regs;

static void reset_regs(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(regs.w); i++)
		regs.w[i] = 0;
}

static void start(enum uart_type type, u8 shift, u8 width)
{
	const struct platform_uart uart = { type, { 0x9000000, 0x1000 }, shift, width };

	log_text();
	platform_uart_init(&uart, &regs);
}

TEST(pl011_registers)
{
	reset_regs();
	regs.w[0x30 / 4] = 0x4040;
	start(UART_PL011, 0, 4);
	EXPECT_EQ(regs.w[0x30 / 4], 0x4040 | 1 | 1 << 8);
	pr_info("x");
	EXPECT_EQ(regs.w[0], '\n');
	uart_pl011_ops.put(&(struct uart){ .regs = regs.b }, 0xe4);
	EXPECT_EQ(regs.w[0], 0xe4);
	/* Nothing but data and control was written. */
	for (unsigned int i = 1; i < ARRAY_SIZE(regs.w); i++)
		EXPECT(i == 0x30 / 4 || !regs.w[i]);
}

TEST(u16550_registers)
{
	static const struct {
		u8 shift, width;
	} t[] = { { 0, 1 }, { 1, 1 }, { 2, 1 }, { 2, 4 }, { 3, 4 } };

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		unsigned int lsr = 5U << t[i].shift;

		reset_regs();
		/* Behind THR: must be written with a 32-bit access only. */
		regs.b[1] = t[i].width == 4 ? 0x55 : 0;
		if (t[i].width == 4)
			regs.w[lsr / 4] = 0x20;
		else
			regs.b[lsr] = 0x20;
		start(UART_16550, t[i].shift, t[i].width);
		EXPECT_EQ(regs.b[0], 0);
		pr_info("x");
		EXPECT_EQ(regs.b[0], '\n');
		EXPECT_EQ(regs.b[1], 0);
		for (unsigned int r = 1; r < 8; r++)
			EXPECT(r << t[i].shift == lsr || !regs.b[r << t[i].shift]);
	}
}

/* A transmitter that never gets ready costs one bounded wait, not the machine. */
TEST(stuck_transmitter)
{
	reset_regs();
	regs.w[0x18 / 4] = 1 << 5; /* TXFF */
	start(UART_PL011, 0, 4);
	for (int i = 0; i < 1000; i++)
		pr_info("a long line that would take a long time if each character waited");
	EXPECT_EQ(regs.w[0], 0);
	/* It moves again: so does the console. */
	regs.w[0x18 / 4] = 0;
	pr_info("x");
	EXPECT_EQ(regs.w[0], '\n');
	EXPECT_CONTAINS(log_text(), "a long line");
}

TEST(no_uart)
{
	reset_regs();
	start(UART_NONE, 0, 1);
	pr_info("kept");
	platform_uart_init(&(struct platform_uart){ .type = UART_PL011 }, NULL);
	pr_info("kept too");
	EXPECT_EQ(regs.w[0], 0);
	EXPECT_CONTAINS(log_text(), "[gz] kept\n[gz] kept too\n");
}
