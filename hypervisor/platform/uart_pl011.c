// SPDX-License-Identifier: GPL-2.0-only
/*
 * PL011 (Arm DDI 0183), and the SBSA generic UART, which has its data and flag
 * registers only: there the control register is reserved and reads as zero or
 * ignores the write.
 */
#include <hyp/util.h>

#include "uart.h"

#define UARTDR 0x00
#define UARTFR 0x18
#define UARTCR 0x30
#define FR_TXFF BIT(5)
#define CR_UARTEN BIT(0)
#define CR_TXE BIT(8)

static volatile u32 *pl011_reg(const struct uart *u, unsigned int offset)
{
	return (volatile u32 *)(u->regs + offset);
}

static void pl011_init(const struct uart *u)
{
	u32 cr = *pl011_reg(u, UARTCR);

	/* Some firmware leaves it configured but off; don't touch what runs. */
	if ((cr & (CR_UARTEN | CR_TXE)) != (CR_UARTEN | CR_TXE))
		*pl011_reg(u, UARTCR) = cr | CR_UARTEN | CR_TXE;
}

static bool pl011_ready(const struct uart *u)
{
	return !(*pl011_reg(u, UARTFR) & FR_TXFF);
}

static void pl011_put(const struct uart *u, u8 c)
{
	*pl011_reg(u, UARTDR) = c;
}

const struct uart_ops uart_pl011_ops = {
	.init = pl011_init,
	.ready = pl011_ready,
	.put = pl011_put,
};
