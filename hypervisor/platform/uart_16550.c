// SPDX-License-Identifier: GPL-2.0-only
/* 16550 and its many descendants, memory mapped. */
#include <hyp/util.h>

#include "uart.h"

#define UART_THR 0
#define UART_LSR 5
#define LSR_THRE BIT(5)

static volatile u8 *u16550_reg(const struct uart *u, unsigned int reg)
{
	return u->regs + ((size_t)reg << u->reg_shift);
}

static bool u16550_ready(const struct uart *u)
{
	volatile u8 *lsr = u16550_reg(u, UART_LSR);
	u32 v = u->io_width == 4 ? *(volatile u32 *)lsr : *lsr;

	return v & LSR_THRE;
}

static void u16550_put(const struct uart *u, u8 c)
{
	volatile u8 *thr = u16550_reg(u, UART_THR);

	if (u->io_width == 4)
		*(volatile u32 *)thr = c;
	else
		*thr = c;
}

const struct uart_ops uart_16550_ops = {
	.ready = u16550_ready,
	.put = u16550_put,
};
