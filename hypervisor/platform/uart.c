// SPDX-License-Identifier: GPL-2.0-only
/* The console's UART: which it is, and how characters get there. */
#include <hyp/arch.h>
#include <hyp/errno.h>
#include <hyp/log.h>
#include <hyp/string.h>

#include "fdt_util.h"
#include "internal.h"
#include "uart.h"

/*
 * Reads of a status register, each of which takes 50 ns or more: longer than
 * a full FIFO takes to free one place at 9600 baud.
 */
#define MAX_POLLS 100000
#define PA_LIMIT BIT(48)

/* What the binding of a 16550 relative says if the node itself doesn't. */
static const struct {
	const char *compatible;
	enum uart_type type;
	u8 reg_shift;
	u8 io_width;
} known[] = {
	{ "arm,pl011", UART_PL011, 0, 4 },
	{ "arm,sbsa-uart", UART_PL011, 0, 4 },
	{ "ns16550a", UART_16550, 0, 1 },
	{ "ns16550", UART_16550, 0, 1 },
	{ "ns8250", UART_16550, 0, 1 },
	{ "snps,dw-apb-uart", UART_16550, 0, 1 },
	{ "mediatek,mt6577-uart", UART_16550, 2, 4 },
	{ "nvidia,tegra20-uart", UART_16550, 2, 4 },
};

/* The registers we use end before this many bytes. */
static u64 regs_needed(const struct platform_uart *u)
{
	/* PL011: to UARTCR; the SBSA UART's page has it as reserved space. */
	return u->type == UART_PL011 ? 0x34 : (5UL << u->reg_shift) + u->io_width;
}

/*
 * The node that a path or alias names, up to ':'. libfdt would follow an alias
 * that names itself until the stack ends.
 */
static int stdout_node(const void *fdt)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	const char *path = NULL;
	int aliases, len;

	if (chosen >= 0)
		path = fdt_util_string(fdt, chosen, "stdout-path");
	if (chosen >= 0 && !path)
		path = fdt_util_string(fdt, chosen, "linux,stdout-path");
	if (!path)
		return -FDT_ERR_NOTFOUND;
	len = strchr(path, ':') ? (int)(strchr(path, ':') - path) : (int)strlen(path);
	if (len && *path != '/') {
		aliases = fdt_path_offset(fdt, "/aliases");
		if (aliases < 0)
			return aliases;
		path = fdt_getprop_namelen(fdt, aliases, path, len, &len);
		if (!path || len < 2 || path[len - 1])
			return -FDT_ERR_NOTFOUND;
		len = (int)strlen(path);
	}
	if (!len || *path != '/')
		return -FDT_ERR_BADPATH;
	return fdt_path_offset_namelen(fdt, path, len);
}

void platform_find_uart(const void *fdt, struct platform_uart *uart)
{
	int node = stdout_node(fdt);
	u32 shift, width;
	u64 offset;
	unsigned int i;

	*uart = (struct platform_uart){ .type = UART_NONE };
	if (node < 0 || !fdt_util_okay(fdt, node) || fdt_getprop(fdt, node, "big-endian", NULL))
		return;
	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!fdt_node_check_compatible(fdt, node, known[i].compatible))
			break;
	if (i == ARRAY_SIZE(known) || fdt_util_reg(fdt, node, 0, &uart->regs))
		return;
	shift = known[i].reg_shift;
	width = known[i].io_width;
	offset = 0;
	if (known[i].type == UART_16550) {
		shift = fdt_util_u32(fdt, node, "reg-shift", shift);
		width = fdt_util_u32(fdt, node, "reg-io-width", width);
		offset = fdt_util_u32(fdt, node, "reg-offset", 0);
	}
	/* 32-bit accesses need registers four bytes apart. */
	if (known[i].type == UART_16550 && width == 4 && shift < 2)
		return;
	if (shift > 4 || (width != 1 && width != 4) || offset > uart->regs.size)
		return;
	uart->regs.base += offset;
	uart->regs.size -= offset;
	uart->reg_shift = shift;
	uart->io_width = width;
	uart->type = known[i].type;
	if (uart->regs.size < regs_needed(uart) || !IS_ALIGNED(uart->regs.base, width) ||
	    uart->regs.base + uart->regs.size > PA_LIMIT)
		uart->type = UART_NONE;
	/* Whatever else is there, this is what gets mapped. */
	uart->regs.size = MIN(uart->regs.size, PAGE_SIZE);
}

int platform_uart_find(const void *fdt, pa_t fdt_pa, size_t fdt_size,
		       struct platform_uart *uart)
{
	int ret = fdt_util_check(fdt, fdt_pa, fdt_size);

	*uart = (struct platform_uart){ .type = UART_NONE };
	if (!ret)
		platform_find_uart(fdt, uart);
	return ret;
}

static struct uart console_uart;

static void uart_putc(void *ctx, char c)
{
	struct uart *u = ctx;
	unsigned int polls = u->stuck ? 1 : MAX_POLLS;

	while (!u->ops->ready(u)) {
		if (--polls == 0) {
			u->stuck = true;
			return;
		}
		arch_cpu_relax();
	}
	u->stuck = false;
	u->ops->put(u, (u8)c);
}

void platform_uart_init(const struct platform_uart *uart, volatile void *regs)
{
	static const struct uart_ops *const ops[] = {
		[UART_NONE] = NULL,
		[UART_PL011] = &uart_pl011_ops,
		[UART_16550] = &uart_16550_ops,
	};
	struct log_console con = { uart_putc, &console_uart };

	if (uart->type == UART_NONE || !regs) {
		log_set_console(NULL);
		return;
	}
	console_uart = (struct uart){ .regs = regs,
				      .reg_shift = uart->reg_shift,
				      .io_width = uart->io_width,
				      .ops = ops[uart->type] };
	if (console_uart.ops->init)
		console_uart.ops->init(&console_uart);
	log_set_console(&con);
}
