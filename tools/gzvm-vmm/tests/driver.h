/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio driver for tests: it speaks to a device through its MMIO registers, as a guest
 * does, and sees interrupts as signals of the device's eventfd.
 */
#ifndef TESTS_DRIVER_H
#define TESTS_DRIVER_H

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "ktap.h"
#include "rings.h"
#include "virtio.h"
#include "virtio_mmio.h"

#define DRIVER_FEATURES	(UINT64_C(1) << VIRTIO_F_VERSION_1 |		\
			 UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX |	\
			 UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC)

static inline uint32_t reg_read(struct virtio_device *dev, uint64_t offset)
{
	return virtio_mmio_bus_ops.read(dev, offset, 4);
}

static inline void reg_write(struct virtio_device *dev, uint64_t offset, uint32_t value)
{
	virtio_mmio_bus_ops.write(dev, offset, 4, value);
}

static inline void driver_features(struct virtio_device *dev, uint64_t features)
{
	for (unsigned int i = 0; i < 2; i++) {
		reg_write(dev, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
		reg_write(dev, VIRTIO_MMIO_DRIVER_FEATURES, features >> (32 * i));
	}
}

static inline uint64_t device_features(struct virtio_device *dev)
{
	uint64_t features = 0;

	for (unsigned int i = 0; i < 2; i++) {
		reg_write(dev, VIRTIO_MMIO_DEVICE_FEATURES_SEL, i);
		features |= (uint64_t)reg_read(dev, VIRTIO_MMIO_DEVICE_FEATURES) << (32 * i);
	}
	return features;
}

static inline void driver_queue(struct virtio_device *dev, unsigned int queue,
				const struct rings *r, uint32_t size)
{
	reg_write(dev, VIRTIO_MMIO_QUEUE_SEL, queue);
	reg_write(dev, VIRTIO_MMIO_QUEUE_NUM, size);
	reg_write(dev, VIRTIO_MMIO_QUEUE_DESC_LOW, r->desc_gpa);
	reg_write(dev, VIRTIO_MMIO_QUEUE_DESC_HIGH, r->desc_gpa >> 32);
	reg_write(dev, VIRTIO_MMIO_QUEUE_AVAIL_LOW, r->avail_gpa);
	reg_write(dev, VIRTIO_MMIO_QUEUE_AVAIL_HIGH, r->avail_gpa >> 32);
	reg_write(dev, VIRTIO_MMIO_QUEUE_USED_LOW, r->used_gpa);
	reg_write(dev, VIRTIO_MMIO_QUEUE_USED_HIGH, r->used_gpa >> 32);
	reg_write(dev, VIRTIO_MMIO_QUEUE_READY, 1);
}

/* Section 3.1.1, with the queues of @rings. */
static inline void driver_start(struct virtio_device *dev, struct rings *rings,
				struct guest_mem *mem, uint64_t features)
{
	uint32_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

	reg_write(dev, VIRTIO_MMIO_STATUS, 0);
	reg_write(dev, VIRTIO_MMIO_STATUS, status);
	driver_features(dev, features);
	status |= VIRTIO_CONFIG_S_FEATURES_OK;
	reg_write(dev, VIRTIO_MMIO_STATUS, status);
	for (unsigned int i = 0; i < dev->ops->nr_queues; i++) {
		rings_init(&rings[i], mem, i);
		driver_queue(dev, i, &rings[i], RINGS_SIZE);
	}
	reg_write(dev, VIRTIO_MMIO_STATUS, status | VIRTIO_CONFIG_S_DRIVER_OK);
}

/* Waits for an interrupt, for five minutes at most; true if it came. */
static inline bool driver_wait(struct virtio_device *dev)
{
	struct pollfd fd = { .fd = dev->irq_fd, .events = POLLIN };
	uint64_t count;

	return poll(&fd, 1, 300000) == 1 && read(dev->irq_fd, &count, sizeof(count)) > 0;
}

static inline bool driver_interrupted(struct virtio_device *dev)
{
	uint64_t count;

	return read(dev->irq_fd, &count, sizeof(count)) > 0;
}

static inline void driver_kick(struct virtio_device *dev, unsigned int queue)
{
	reg_write(dev, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

/*
 * Offers descriptor @head and waits until it is used; the event index asks for an interrupt.
 * Return: bytes that the device says it has written, or -1.
 */
static inline int64_t driver_do(struct virtio_device *dev, struct rings *r, unsigned int queue,
				uint16_t head)
{
	uint16_t old = __atomic_load_n(&r->used->idx, __ATOMIC_ACQUIRE);

	driver_interrupted(dev);
	r->avail->ring[RINGS_SIZE] = old;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	rings_offer(r, head);
	driver_kick(dev, queue);
	/* An interrupt may be another queue's. */
	do {
		if (!driver_wait(dev))
			return -1;
	} while (__atomic_load_n(&r->used->idx, __ATOMIC_ACQUIRE) == old);
	reg_write(dev, VIRTIO_MMIO_INTERRUPT_ACK, reg_read(dev, VIRTIO_MMIO_INTERRUPT_STATUS));
	return r->used->ring[old % RINGS_SIZE].len;
}

static inline void *driver_kicker(void *dev)
{
	for (unsigned int i = 0; i < 20000; i++)
		driver_kick(dev, 0);
	return NULL;
}

/*
 * Resets while another thread kicks queue 0, full of a request that @describe writes to
 * descriptor 0: once a reset has returned no ring and nothing of its 4096 bytes at @data is
 * touched.
 */
static inline void driver_reset_races(struct virtio_device *dev, struct rings *rings,
				      struct guest_mem *mem, uint64_t features,
				      void (*describe)(void), uint64_t data)
{
	pthread_t thread;

	pthread_create(&thread, NULL, driver_kicker, dev);
	for (unsigned int i = 0; i < 300; i++) {
		uint16_t used;

		driver_start(dev, rings, mem, features);
		describe();
		for (unsigned int n = 0; n < RINGS_SIZE; n++)
			rings_offer(&rings[0], 0);
		driver_kick(dev, 0);
		reg_write(dev, VIRTIO_MMIO_STATUS, 0);
		used = __atomic_load_n(&rings[0].used->idx, __ATOMIC_ACQUIRE);
		memset(guest_mem_at(mem, data, 4096), 0, 4096);
		EXPECT_EQ(__atomic_load_n(&rings[0].used->idx, __ATOMIC_ACQUIRE), used);
	}
	pthread_join(thread, NULL);
}

#endif /* TESTS_DRIVER_H */
