/* SPDX-License-Identifier: GPL-2.0-only */
/* One UART: registers, and the operations of its kind. */
#ifndef PLATFORM_UART_H
#define PLATFORM_UART_H

#include <hyp/platform.h>

struct uart {
	volatile u8 *regs;
	u8 reg_shift;
	u8 io_width;
	const struct uart_ops *ops;
	/* A transmitter that was stuck once is not waited for again until it moves. */
	bool stuck;
};

struct uart_ops {
	/* Makes sure that transmission is on; may be NULL. */
	void (*init)(const struct uart *u);
	/* Is there room for a character? */
	bool (*ready)(const struct uart *u);
	/* Sends one; only when ready. */
	void (*put)(const struct uart *u, u8 c);
};

extern const struct uart_ops uart_pl011_ops;
extern const struct uart_ops uart_16550_ops;

#endif
