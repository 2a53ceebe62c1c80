/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtio console device.
 */
#ifndef VMM_VIRTIO_CONSOLE_H
#define VMM_VIRTIO_CONSOLE_H

#include "console.h"
#include "virtio.h"

/**
 * struct virtio_console - a console
 * @dev: the device
 * @console: the terminal
 * @released: called when the driver has gone and the input belongs to the 16550 again
 * @context: passed to @released
 * @has_size: the terminal has a size
 * @size: columns and rows of the terminal, in bits 15:0 and 31:16
 * @messages: control messages to be sent to the driver: bits of enum console_message
 */
struct virtio_console {
	struct virtio_device dev;
	struct console *console;
	void (*released)(void *context);
	void *context;
	bool has_size;
	atomic_uint size;
	atomic_uint messages;
};

int virtio_console_init(struct virtio_console *vc, struct console *console,
			const struct guest_mem *mem, unsigned int index,
			void (*released)(void *context), void *context);
void virtio_console_input(struct virtio_console *vc);
void virtio_console_resized(struct virtio_console *vc);

#endif /* VMM_VIRTIO_CONSOLE_H */
