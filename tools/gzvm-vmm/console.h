/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which of the guest's two console devices has the terminal's input.
 *
 * virtio-console has it from the moment its driver is ready until it is reset; before, after
 * and in machines without it the 16550 has it. Output of both is shown.
 */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "terminal.h"

enum console_device { CONSOLE_SERIAL, CONSOLE_VIRTIO };

/**
 * struct console - the terminal and who reads it
 * @term: the terminal
 * @owner: enum console_device that has the input
 */
struct console {
	struct terminal *term;
	atomic_int owner;
};

/**
 * console_owns() - find out whether a device has the input
 * @console: the console
 * @device: which device asks
 *
 * Return: true if it has.
 */
static inline bool console_owns(struct console *console, enum console_device device)
{
	return atomic_load(&console->owner) == (int)device;
}

/**
 * console_pending() - count the bytes that wait for a device
 * @console: the console
 * @device: which device asks
 *
 * Return: bytes; 0 for a device that does not have the input.
 */
static inline size_t console_pending(struct console *console, enum console_device device)
{
	return console_owns(console, device) ? terminal_pending(console->term) : 0;
}

/**
 * console_read() - fetch input for a device
 * @console: the console
 * @device: which device asks
 * @buf: where to put it
 * @len: bytes that fit
 *
 * Return: bytes fetched; 0 for a device that does not have the input.
 */
static inline size_t console_read(struct console *console, enum console_device device,
				  void *buf, size_t len)
{
	return console_owns(console, device) ? terminal_read(console->term, buf, len) : 0;
}

#endif /* VMM_CONSOLE_H */
