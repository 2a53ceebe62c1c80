// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio console device: virtio 1.2, section 5.3, with one port.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>
#include <string.h>

#include "util.h"
#include "virtio_console.h"

/* Section 5.3.2. */
enum { CONSOLE_RX_QUEUE, CONSOLE_TX_QUEUE, CONSOLE_NR_QUEUES };

static struct virtio_console *console_of(struct virtio_device *dev)
{
	return container_of(dev, struct virtio_console, dev);
}

static uint64_t console_features(struct virtio_device *dev)
{
	return console_of(dev)->has_size ? UINT64_C(1) << VIRTIO_CONSOLE_F_SIZE : 0;
}

static void console_read_config(struct virtio_device *dev, uint8_t config[256])
{
	unsigned int size = atomic_load(&console_of(dev)->size);
	struct virtio_console_config layout = {
		.cols = htole16(size & 0xffff), .rows = htole16(size >> 16),
	};

	memcpy(config, &layout, sizeof(layout));
}

/* Input for the guest. */
static int console_receive(struct virtio_console *vc, struct virtqueue *vq)
{
	struct virtqueue_chain chain;
	uint8_t input[4096];
	size_t len;
	int ret;

	/* A buffer is taken only when there is something to put into it. */
	if (!console_pending(vc->console, CONSOLE_VIRTIO))
		return 0;
	ret = virtqueue_pop(vq, &chain);
	if (ret <= 0)
		return ret;
	if (chain.out || !chain.in)
		return -EINVAL;
	len = console_read(vc->console, CONSOLE_VIRTIO, input, MIN(chain.in_len, sizeof(input)));
	iov_copy_to(chain.iov, chain.in, 0, input, len);
	if (virtqueue_push(vq, &chain, len))
		virtio_notify(&vc->dev);
	return 1;
}

/* Output of the guest. */
static int console_transmit(struct virtio_console *vc, struct virtqueue *vq)
{
	struct virtqueue_chain chain;
	int ret = virtqueue_pop(vq, &chain);

	if (ret <= 0)
		return ret;
	if (chain.in || !chain.out)
		return -EINVAL;
	/* Where output can't be written, a console can't tell. */
	for (unsigned int i = 0; i < chain.out; i++)
		(void)terminal_write(vc->console->term, chain.iov[i].iov_base,
				     chain.iov[i].iov_len);
	if (virtqueue_push(vq, &chain, 0))
		virtio_notify(&vc->dev);
	return 1;
}

static int console_handle(struct virtio_device *dev, unsigned int queue)
{
	struct virtqueue *vq = &dev->queues[queue].vq;

	if (queue == CONSOLE_RX_QUEUE)
		return console_receive(console_of(dev), vq);
	return console_transmit(console_of(dev), vq);
}

static void console_wake(struct virtio_device *dev)
{
	virtio_run_queue(dev, CONSOLE_RX_QUEUE);
}

static void console_live(struct virtio_device *dev, bool live)
{
	struct virtio_console *vc = console_of(dev);

	atomic_store(&vc->console->owner, live ? CONSOLE_VIRTIO : CONSOLE_SERIAL);
	if (!live)
		vc->released(vc->context);
}

static const struct virtio_ops virtio_console_ops = {
	.name = "virtio-console",
	.id = VIRTIO_ID_CONSOLE,
	.nr_queues = CONSOLE_NR_QUEUES,
	.queue_size = 128,
	.features = console_features,
	.read_config = console_read_config,
	.handle = console_handle,
	.wake = console_wake,
	.live = console_live,
};

static unsigned int console_ask_size(struct virtio_console *vc, bool *known)
{
	uint16_t columns, rows;

	*known = terminal_size(vc->console->term, &columns, &rows);
	return *known ? columns | (unsigned int)rows << 16 : 0;
}

/**
 * virtio_console_init() - make a console in its reset state
 * @vc: filled in; its dev is legal for virtio_destroy() whatever is returned
 * @console: the terminal
 * @mem: guest memory
 * @index: its number in the machine
 * @released: called when the input belongs to the 16550 again, in a vCPU's thread
 * @context: passed to @released
 *
 * Return: 0, or a negative errno.
 */
int virtio_console_init(struct virtio_console *vc, struct console *console,
			const struct guest_mem *mem, unsigned int index,
			void (*released)(void *context), void *context)
{
	vc->console = console;
	vc->released = released;
	vc->context = context;
	atomic_store(&vc->size, console_ask_size(vc, &vc->has_size));
	return virtio_init(&vc->dev, &virtio_console_ops, mem, index);
}

/**
 * virtio_console_input() - there is new input
 * @vc: the console
 *
 * Context: any thread; does not wait.
 */
void virtio_console_input(struct virtio_console *vc)
{
	virtio_wake(&vc->dev);
}

/**
 * virtio_console_resized() - the terminal may have another size
 * @vc: the console
 *
 * Context: any thread.
 */
void virtio_console_resized(struct virtio_console *vc)
{
	bool known;
	unsigned int size = console_ask_size(vc, &known);

	if (known && vc->has_size && atomic_exchange(&vc->size, size) != size)
		virtio_config_changed(&vc->dev);
}
