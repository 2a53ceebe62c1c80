/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all virtio devices have in common: virtio 1.2, section 2.
 */
#ifndef VMM_VIRTIO_H
#define VMM_VIRTIO_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guest_mem.h"
#include "loop.h"
#include "virtqueue.h"

#define VIRTIO_MAX_QUEUES	4
/* Buffers that a vCPU's thread handles of one notification; the rest is the device's thread's. */
#define VIRTIO_NOW_BUFFERS	4

struct virtio_device;

/**
 * struct virtio_ops - one kind of device
 * @name: for messages
 * @id: VIRTIO_ID_*
 * @nr_queues: number of its queues
 * @queue_size: largest size of a queue
 * @features: features of this kind that it offers, without the common ones
 * @read_config: copy of its configuration space: 256 bytes, zero where there is none
 * @handle: take one buffer from a queue and give it back. Return 1 if there may be more, 0 if
 *	there is nothing to do now, -EINVAL if the guest has broken a rule
 * @handle_now: the same, but nothing may wait: -EAGAIN leaves the buffer to @handle; may be NULL
 * @wake: virtio_wake() was called; may be NULL
 * @live: the driver has become ready, or has reset the device; may be NULL
 *
 * handle is called by the device's thread with the queue's lock held, wake and live without
 * it, live by a vCPU's thread. handle_now is called by a vCPU's thread with the queue's lock.
 */
struct virtio_ops {
	const char *name;
	uint32_t id;
	unsigned int nr_queues;
	uint16_t queue_size;
	uint64_t (*features)(struct virtio_device *dev);
	void (*read_config)(struct virtio_device *dev, uint8_t config[256]);
	int (*handle)(struct virtio_device *dev, unsigned int queue);
	int (*handle_now)(struct virtio_device *dev, unsigned int queue);
	void (*wake)(struct virtio_device *dev);
	void (*live)(struct virtio_device *dev, bool live);
};

struct virtio_queue {
	pthread_mutex_t lock;
	struct virtqueue vq;
	int kick_fd;
	struct virtio_device *dev;
};

/**
 * struct virtio_device - a device
 * @ops: what kind it is
 * @lock: protects what the transport's registers hold: @driver_features,
 *	@selected_queue and the two selectors; taken before a queue's lock
 * @driver_features: features that the driver has accepted
 * @selected_queue: queue that the transport's queue registers are about
 * @device_select: 32-bit word of the device's features that is shown
 * @driver_select: 32-bit word of the driver's features that is written
 * @status: device status: section 2.1
 * @isr: reasons of the interrupt that the driver has not acknowledged
 * @generation: changes when the configuration space does
 * @broken: DEVICE_NEEDS_RESET has been explained once
 * @resetting: a reset waits for the queues' locks: let go
 * @queues: the queues; each has a lock for its virtqueue
 * @irq_fd: a signal of this eventfd is an edge of the interrupt
 * @wake_fd: eventfd of virtio_wake()
 * @now: notifications come to virtio_kick() and not to the queues' kick_fd: handle_now has
 *	work that it can do; set before the machine is connected
 * @index: number of the device in the machine, for messages
 * @thread: the device's thread
 * @running: @thread exists
 * @loop: its loop
 */
struct virtio_device {
	const struct virtio_ops *ops;
	pthread_mutex_t lock;
	uint64_t driver_features;
	uint32_t selected_queue;
	uint32_t device_select;
	uint32_t driver_select;
	atomic_uint status;
	atomic_uint isr;
	atomic_uint generation;
	atomic_bool broken;
	atomic_bool resetting;
	struct virtio_queue queues[VIRTIO_MAX_QUEUES];
	int irq_fd;
	int wake_fd;
	bool now;
	unsigned int index;
	pthread_t thread;
	bool running;
	struct loop loop;
};

int virtio_init(struct virtio_device *dev, const struct virtio_ops *ops,
		const struct guest_mem *mem, unsigned int index);
int virtio_start(struct virtio_device *dev);
void virtio_stop(struct virtio_device *dev);
void virtio_power_on(struct virtio_device *dev);
void virtio_destroy(struct virtio_device *dev);
bool virtio_is_live(struct virtio_device *dev);
uint64_t virtio_features(struct virtio_device *dev);
void virtio_set_status(struct virtio_device *dev, uint32_t status);
void virtio_set_queue_ready(struct virtio_device *dev, struct virtio_queue *queue, bool ready);
void virtio_needs_reset(struct virtio_device *dev, const char *why);
void virtio_notify(struct virtio_device *dev);
void virtio_config_changed(struct virtio_device *dev);
void virtio_wake(struct virtio_device *dev);
void virtio_run_queue(struct virtio_device *dev, unsigned int queue);
void virtio_kick(struct virtio_device *dev, unsigned int queue);

#endif /* VMM_VIRTIO_H */
