// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio console device: virtio 1.2, section 5.3, with one port.
 *
 * The multiport feature is offered not for more ports, but because its control messages tell
 * when the guest listens. Linux throws away what it receives between DRIVER_OK and the
 * moment at which the port has become a console; it says PORT_OPEN then. A driver without
 * that feature gets input from DRIVER_OK on.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>
#include <string.h>

#include "util.h"
#include "virtio_console.h"

/* Section 5.3.2. */
enum {
	CONSOLE_RX_QUEUE,
	CONSOLE_TX_QUEUE,
	CONSOLE_CONTROL_RX_QUEUE,
	CONSOLE_CONTROL_TX_QUEUE,
	CONSOLE_NR_QUEUES,
};

/* Messages to the driver, the first first: a set, which no guest can make grow. */
enum console_message {
	CONSOLE_MESSAGE_ADD = 1 << 0,
	CONSOLE_MESSAGE_CONSOLE = 1 << 1,
	CONSOLE_MESSAGE_RESIZE = 1 << 2,
	CONSOLE_MESSAGE_OPEN = 1 << 3,
};

/* Section 5.3.6.2; a RESIZE has a size behind it. */
struct console_control {
	struct virtio_console_control message;
	__virtio16 rows;
	__virtio16 columns;
};

static struct virtio_console *console_of(struct virtio_device *dev)
{
	return container_of(dev, struct virtio_console, dev);
}

static uint64_t console_features(struct virtio_device *dev)
{
	uint64_t features = UINT64_C(1) << VIRTIO_CONSOLE_F_MULTIPORT;

	if (console_of(dev)->has_size)
		features |= UINT64_C(1) << VIRTIO_CONSOLE_F_SIZE;
	return features;
}

static bool console_is_multiport(const struct virtio_console *vc)
{
	return vc->dev.driver_features & UINT64_C(1) << VIRTIO_CONSOLE_F_MULTIPORT;
}

static void console_read_config(struct virtio_device *dev, uint8_t config[256])
{
	unsigned int size = atomic_load(&console_of(dev)->size);
	struct virtio_console_config layout = {
		.cols = htole16(size & 0xffff), .rows = htole16(size >> 16),
		.max_nr_ports = htole32(1),
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

/* The guest listens, or does no more. */
static void console_open(struct virtio_console *vc, bool open)
{
	atomic_store(&vc->console->owner, open ? CONSOLE_VIRTIO : CONSOLE_SERIAL);
	if (open)
		virtio_wake(&vc->dev);
	else
		vc->released(vc->context);
}

static void console_send(struct virtio_console *vc, unsigned int messages)
{
	atomic_fetch_or(&vc->messages, messages);
	virtio_wake(&vc->dev);
}

/* The next message to the driver. */
static int console_control_receive(struct virtio_console *vc, struct virtqueue *vq)
{
	static const uint16_t events[] = {
		VIRTIO_CONSOLE_PORT_ADD, VIRTIO_CONSOLE_CONSOLE_PORT, VIRTIO_CONSOLE_RESIZE,
		VIRTIO_CONSOLE_PORT_OPEN,
	};
	unsigned int messages = atomic_load(&vc->messages), size = atomic_load(&vc->size);
	struct virtqueue_chain chain;
	struct console_control control;
	unsigned int n, len;
	int ret;

	if (!messages)
		return 0;
	ret = virtqueue_pop(vq, &chain);
	if (ret <= 0)
		return ret;
	if (chain.out || chain.in_len < sizeof(control))
		return -EINVAL;
	n = __builtin_ctz(messages);
	/*
	 * Rows come first, as in Linux' driver and against the specification: the drivers
	 * that there are decide.
	 */
	control = (struct console_control) {
		.message = { .event = htole16(events[n]), .value = htole16(1) },
		.rows = htole16(size >> 16),
		.columns = htole16(size & 0xffff),
	};
	len = 1U << n == CONSOLE_MESSAGE_RESIZE ? sizeof(control) : sizeof(control.message);
	atomic_fetch_and(&vc->messages, ~(1U << n));
	iov_copy_to(chain.iov, chain.in, 0, &control, len);
	if (virtqueue_push(vq, &chain, len))
		virtio_notify(&vc->dev);
	return 1;
}

/* Section 5.3.6.2: what the driver says. */
static void console_control(struct virtio_console *vc,
			    const struct virtio_console_control *message)
{
	uint16_t value = le16toh(message->value);

	/* It says that of the only port, or of itself. */
	if (le32toh(message->id) && le16toh(message->event) != VIRTIO_CONSOLE_DEVICE_READY)
		return;
	switch (le16toh(message->event)) {
	case VIRTIO_CONSOLE_DEVICE_READY:
		if (value)
			console_send(vc, CONSOLE_MESSAGE_ADD);
		break;
	case VIRTIO_CONSOLE_PORT_READY:
		if (value)
			console_send(vc, CONSOLE_MESSAGE_CONSOLE | CONSOLE_MESSAGE_OPEN |
				     (vc->has_size ? CONSOLE_MESSAGE_RESIZE : 0));
		break;
	case VIRTIO_CONSOLE_PORT_OPEN:
		console_open(vc, value);
		break;
	}
}

static int console_control_transmit(struct virtio_console *vc, struct virtqueue *vq)
{
	struct virtio_console_control message;
	struct virtqueue_chain chain;
	int ret = virtqueue_pop(vq, &chain);

	if (ret <= 0)
		return ret;
	if (chain.in || chain.out_len < sizeof(message))
		return -EINVAL;
	iov_copy_from(chain.iov, chain.out, 0, &message, sizeof(message));
	console_control(vc, &message);
	if (virtqueue_push(vq, &chain, 0))
		virtio_notify(&vc->dev);
	return 1;
}

static int console_handle(struct virtio_device *dev, unsigned int queue)
{
	static int (*const handlers[])(struct virtio_console *vc, struct virtqueue *vq) = {
		[CONSOLE_RX_QUEUE] = console_receive,
		[CONSOLE_TX_QUEUE] = console_transmit,
		[CONSOLE_CONTROL_RX_QUEUE] = console_control_receive,
		[CONSOLE_CONTROL_TX_QUEUE] = console_control_transmit,
	};

	return handlers[queue](console_of(dev), &dev->queues[queue].vq);
}

static void console_wake(struct virtio_device *dev)
{
	virtio_run_queue(dev, CONSOLE_CONTROL_RX_QUEUE);
	virtio_run_queue(dev, CONSOLE_RX_QUEUE);
}

static void console_live(struct virtio_device *dev, bool live)
{
	struct virtio_console *vc = console_of(dev);

	atomic_store(&vc->messages, 0);
	if (!live || !console_is_multiport(vc))
		console_open(vc, live);
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

	if (!known || !vc->has_size || atomic_exchange(&vc->size, size) == size)
		return;
	if (virtio_is_live(&vc->dev) && console_is_multiport(vc))
		console_send(vc, CONSOLE_MESSAGE_RESIZE);
	else
		virtio_config_changed(&vc->dev);
}
