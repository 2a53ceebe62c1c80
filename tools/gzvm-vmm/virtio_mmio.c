// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio over MMIO, version 2: virtio 1.2, section 4.2. No legacy interface (4.2.4), but for
 * one register that turns its drivers away.
 */
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <string.h>

#include "util.h"
#include "virtio.h"
#include "virtio_mmio.h"

#define VIRTIO_MMIO_MAGIC	0x74726976	/* "virt" */
#define VIRTIO_MMIO_V2		2
#define VIRTIO_MMIO_VENDOR	0x4d565a47	/* "GZVM" */
#define VIRTIO_CONFIG_SIZE	256

static struct virtio_queue *mmio_queue(struct virtio_device *dev)
{
	if (dev->selected_queue >= dev->ops->nr_queues)
		return NULL;
	return &dev->queues[dev->selected_queue];
}

static uint64_t mmio_read_config(struct virtio_device *dev, uint64_t offset, unsigned int size)
{
	uint8_t config[VIRTIO_CONFIG_SIZE] = { 0 };
	uint64_t value = 0;

	if (offset >= sizeof(config) || size > sizeof(config) - offset)
		return 0;
	dev->ops->read_config(dev, config);
	for (unsigned int i = 0; i < size; i++)
		value |= (uint64_t)config[offset + i] << (8 * i);
	return value;
}

/* Registers that concern the selected queue. */
static uint32_t mmio_read_queue(struct virtio_device *dev, uint64_t offset)
{
	struct virtio_queue *queue = mmio_queue(dev);
	uint32_t value = 0;

	if (!queue)
		return 0;
	pthread_mutex_lock(&queue->lock);
	if (offset == VIRTIO_MMIO_QUEUE_NUM_MAX)
		value = queue->vq.max_size;
	else if (offset == VIRTIO_MMIO_QUEUE_READY)
		value = queue->vq.ready;
	else if (offset == VIRTIO_MMIO_QUEUE_PFN)
		/*
		 * Bare-metal programs with a legacy driver may not look at the version. Each
		 * queue is in use, this says: they do without the device, where they would
		 * else wait for ever for what they put into a queue that nobody sees.
		 */
		value = UINT32_MAX;
	pthread_mutex_unlock(&queue->lock);
	return value;
}

static uint32_t mmio_read_register(struct virtio_device *dev, uint64_t offset)
{
	switch (offset) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return VIRTIO_MMIO_MAGIC;
	case VIRTIO_MMIO_VERSION:
		return VIRTIO_MMIO_V2;
	case VIRTIO_MMIO_DEVICE_ID:
		return dev->ops->id;
	case VIRTIO_MMIO_VENDOR_ID:
		return VIRTIO_MMIO_VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		if (dev->device_select > 1)
			return 0;
		return virtio_features(dev) >> (32 * dev->device_select);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
	case VIRTIO_MMIO_QUEUE_READY:
	case VIRTIO_MMIO_QUEUE_PFN:
		return mmio_read_queue(dev, offset);
	case VIRTIO_MMIO_SHM_LEN_LOW:
	case VIRTIO_MMIO_SHM_LEN_HIGH:
		return UINT32_MAX;	/* section 4.2.2: no such region */
	}
	return 0;
}

static uint64_t virtio_mmio_read(void *device, uint64_t offset, unsigned int size)
{
	struct virtio_device *dev = device;
	uint64_t value = 0;

	/* Section 4.2.2.2: registers below the configuration space are aligned 32-bit words. */
	if (offset < VIRTIO_MMIO_CONFIG && (size != 4 || (offset & 3)))
		return 0;
	/* Interrupt handlers read these two: without a lock. */
	if (offset == VIRTIO_MMIO_INTERRUPT_STATUS)
		return atomic_load(&dev->isr);
	if (offset == VIRTIO_MMIO_STATUS)
		return atomic_load(&dev->status);
	if (offset == VIRTIO_MMIO_CONFIG_GENERATION)
		return atomic_load(&dev->generation);
	pthread_mutex_lock(&dev->lock);
	if (offset >= VIRTIO_MMIO_CONFIG)
		value = mmio_read_config(dev, offset - VIRTIO_MMIO_CONFIG, size);
	else
		value = mmio_read_register(dev, offset);
	pthread_mutex_unlock(&dev->lock);
	return value;
}

static void mmio_set_half(uint64_t *address, uint32_t value, bool high)
{
	if (high)
		*address = (*address & UINT32_MAX) | (uint64_t)value << 32;
	else
		*address = (*address & ~(uint64_t)UINT32_MAX) | value;
}

/* What the driver sets up before it hands the queue over; ignored afterwards. */
static void mmio_write_queue(struct virtio_device *dev, uint64_t offset, uint32_t value)
{
	struct virtio_queue *queue = mmio_queue(dev);
	struct virtqueue *vq;

	if (!queue)
		return;
	if (offset == VIRTIO_MMIO_QUEUE_READY) {
		virtio_set_queue_ready(dev, queue, value & 1);
		return;
	}
	pthread_mutex_lock(&queue->lock);
	vq = &queue->vq;
	if (vq->ready)
		goto out;
	switch (offset) {
	case VIRTIO_MMIO_QUEUE_NUM:
		/* What does not fit is found out when the queue is handed over. */
		vq->size = MIN(value, UINT16_MAX);
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		mmio_set_half(&vq->desc_gpa, value, offset == VIRTIO_MMIO_QUEUE_DESC_HIGH);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
		mmio_set_half(&vq->avail_gpa, value, offset == VIRTIO_MMIO_QUEUE_AVAIL_HIGH);
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		mmio_set_half(&vq->used_gpa, value, offset == VIRTIO_MMIO_QUEUE_USED_HIGH);
		break;
	}
out:
	pthread_mutex_unlock(&queue->lock);
}

static void mmio_write_features(struct virtio_device *dev, uint32_t value)
{
	/* Section 3.1.1: not after FEATURES_OK. */
	if (dev->driver_select > 1 ||
	    (atomic_load(&dev->status) & VIRTIO_CONFIG_S_FEATURES_OK))
		return;
	mmio_set_half(&dev->driver_features, value, dev->driver_select);
}

static void mmio_write_register(struct virtio_device *dev, uint64_t offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		dev->device_select = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		mmio_write_features(dev, value);
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		dev->driver_select = value;
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		dev->selected_queue = value;
		break;
	case VIRTIO_MMIO_STATUS:
		virtio_set_status(dev, value);
		break;
	default:
		mmio_write_queue(dev, offset, value);
	}
}

static void virtio_mmio_write(void *device, uint64_t offset, unsigned int size, uint64_t value)
{
	struct virtio_device *dev = device;

	/* No device has configuration that the driver can write. */
	if (offset >= VIRTIO_MMIO_CONFIG || size != 4 || (offset & 3))
		return;
	if (offset == VIRTIO_MMIO_INTERRUPT_ACK) {
		atomic_fetch_and(&dev->isr, ~(unsigned int)value);
		return;
	}
	/* The hypervisor's ioeventfd takes those of devices that do nothing in a vCPU's thread. */
	if (offset == VIRTIO_MMIO_QUEUE_NOTIFY) {
		if (value < dev->ops->nr_queues)
			virtio_kick(dev, value);
		return;
	}
	pthread_mutex_lock(&dev->lock);
	mmio_write_register(dev, offset, value);
	pthread_mutex_unlock(&dev->lock);
}

/** virtio_mmio_bus_ops - the registers of a struct virtio_device */
const struct bus_ops virtio_mmio_bus_ops = {
	.read = virtio_mmio_read,
	.write = virtio_mmio_write,
};
