/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 16550A UART.
 */
#ifndef VMM_SERIAL_H
#define VMM_SERIAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "console.h"

#define SERIAL_SIZE		0x1000
#define SERIAL_CLOCK_HZ		1843200
#define SERIAL_FIFO_SIZE	16

/**
 * struct serial - a 16550A
 * @lock: protects all below; not held while output is written
 * @console: the terminal
 * @irq_fd: a signal of this eventfd is an edge of its interrupt
 * @line: level of its interrupt output
 * @thre: "transmitter empty" is to be reported
 * @polls: how often in a row the guest has looked for input; no more are counted than matter
 * @ier: interrupt enable
 * @fcr: FIFO control
 * @lcr: line control
 * @mcr: modem control
 * @scr: scratch
 * @divisor: divisor latch
 * @loopback: bytes sent to itself in loopback mode
 * @loopback_len: how many
 */
struct serial {
	pthread_mutex_t lock;
	struct console *console;
	int irq_fd;
	bool line;
	bool thre;
	uint8_t polls;
	uint8_t ier;
	uint8_t fcr;
	uint8_t lcr;
	uint8_t mcr;
	uint8_t scr;
	uint16_t divisor;
	uint8_t loopback[SERIAL_FIFO_SIZE];
	unsigned int loopback_len;
};

extern const struct bus_ops serial_bus_ops;

int serial_init(struct serial *serial, struct console *console);
void serial_reset(struct serial *serial);
void serial_destroy(struct serial *serial);
void serial_input(struct serial *serial);

#endif /* VMM_SERIAL_H */
