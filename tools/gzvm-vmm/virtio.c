// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all virtio devices have in common.
 *
 * Each device has a thread, which handles the buffers of its queues; so a disk that is slow
 * or an output that nobody reads delays nothing else. vCPUs only touch the transport's
 * registers; and those buffers for which a device promises that nothing waits, because to wake
 * a thread and to be woken by it takes several times as long as to copy some data.
 *
 * Locks: the device's lock, then a queue's. The thread takes a queue's lock for one buffer at a
 * time, a vCPU only if nobody has it; a reset raises @resetting, waits for the locks and so for
 * what is in flight, as section 2.1.2 demands.
 */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "util.h"
#include "virtio.h"

static const char virtio_bad_buffer[] = "a buffer is not what virtio allows";

static void virtio_kicked(void *context)
{
	struct virtio_queue *queue = context;

	vmm_eventfd_clear(queue->kick_fd);
	virtio_run_queue(queue->dev, queue - queue->dev->queues);
}

static void virtio_woken(void *context)
{
	struct virtio_device *dev = context;

	vmm_eventfd_clear(dev->wake_fd);
	if (dev->ops->wake)
		dev->ops->wake(dev);
}

static int virtio_init_queue(struct virtio_device *dev, struct virtio_queue *queue,
			     const struct guest_mem *mem)
{
	pthread_mutex_init(&queue->lock, NULL);
	queue->dev = dev;
	queue->vq.mem = mem;
	queue->vq.max_size = dev->ops->queue_size;
	virtqueue_reset(&queue->vq);
	queue->kick_fd = vmm_eventfd_new();
	if (queue->kick_fd < 0)
		return queue->kick_fd;
	return loop_add(&dev->loop, queue->kick_fd, virtio_kicked, queue);
}

/**
 * virtio_init() - make a device in its reset state
 * @dev: filled in; legal for virtio_destroy() whatever is returned
 * @ops: what kind it is
 * @mem: guest memory
 * @index: its number in the machine
 *
 * Return: 0, or a negative errno.
 */
int virtio_init(struct virtio_device *dev, const struct virtio_ops *ops,
		const struct guest_mem *mem, unsigned int index)
{
	int err;

	memset(dev, 0, sizeof(*dev));
	dev->ops = ops;
	dev->index = index;
	dev->irq_fd = -1;
	dev->wake_fd = -1;
	pthread_mutex_init(&dev->lock, NULL);
	for (unsigned int i = 0; i < VIRTIO_MAX_QUEUES; i++)
		dev->queues[i].kick_fd = -1;
	err = loop_init(&dev->loop);
	if (err)
		return err;
	dev->irq_fd = vmm_eventfd_new();
	dev->wake_fd = vmm_eventfd_new();
	if (dev->irq_fd < 0 || dev->wake_fd < 0)
		return -EMFILE;
	err = loop_add(&dev->loop, dev->wake_fd, virtio_woken, dev);
	for (unsigned int i = 0; i < ops->nr_queues && !err; i++)
		err = virtio_init_queue(dev, &dev->queues[i], mem);
	return err;
}

/* Section 2.1.2; the device's lock is held. */
static void virtio_reset(struct virtio_device *dev)
{
	atomic_store(&dev->resetting, true);
	for (unsigned int i = 0; i < dev->ops->nr_queues; i++) {
		pthread_mutex_lock(&dev->queues[i].lock);
		virtqueue_reset(&dev->queues[i].vq);
		pthread_mutex_unlock(&dev->queues[i].lock);
	}
	dev->driver_features = 0;
	dev->selected_queue = 0;
	dev->device_select = 0;
	dev->driver_select = 0;
	atomic_store(&dev->isr, 0);
	atomic_store(&dev->status, 0);
	atomic_store(&dev->resetting, false);
	if (dev->ops->live)
		dev->ops->live(dev, false);
}

static void *virtio_thread(void *context)
{
	struct virtio_device *dev = context;

	loop_run(&dev->loop);
	/* No vCPU runs any more: what the guest has put into the queues is all there is. */
	for (unsigned int i = 0; i < dev->ops->nr_queues; i++)
		virtio_run_queue(dev, i);
	return NULL;
}

/**
 * virtio_start() - start a device's thread
 * @dev: the device
 *
 * Return: 0, or a negative errno.
 */
int virtio_start(struct virtio_device *dev)
{
	int err = pthread_create(&dev->thread, NULL, virtio_thread, dev);

	dev->running = !err;
	return -err;
}

/**
 * virtio_stop() - end a device's thread
 * @dev: the device; a thread that does not run is legal
 *
 * What the guest has put into the queues is handled first, so that no output is lost.
 *
 * Context: no vCPU runs any more.
 */
void virtio_stop(struct virtio_device *dev)
{
	if (!dev->running)
		return;
	loop_stop(&dev->loop);
	pthread_join(dev->thread, NULL);
	dev->running = false;
}

/**
 * virtio_power_on() - the machine is reset: forget all that the driver has said
 * @dev: a device whose thread does not run
 *
 * Context: no vCPU runs.
 */
void virtio_power_on(struct virtio_device *dev)
{
	pthread_mutex_lock(&dev->lock);
	virtio_reset(dev);
	pthread_mutex_unlock(&dev->lock);
	for (unsigned int i = 0; i < dev->ops->nr_queues; i++)
		vmm_eventfd_clear(dev->queues[i].kick_fd);
	atomic_store(&dev->generation, 0);
	atomic_store(&dev->broken, false);
}

/**
 * virtio_destroy() - free what virtio_init() took
 * @dev: a device whose thread does not run
 */
void virtio_destroy(struct virtio_device *dev)
{
	loop_destroy(&dev->loop);
	for (unsigned int i = 0; i < VIRTIO_MAX_QUEUES; i++)
		vmm_close(&dev->queues[i].kick_fd);
	vmm_close(&dev->irq_fd);
	vmm_close(&dev->wake_fd);
	pthread_mutex_destroy(&dev->lock);
}

/**
 * virtio_is_live() - find out whether the device may touch its queues
 * @dev: the device
 *
 * Context: any thread.
 * Return: true from DRIVER_OK on, unless something went wrong.
 */
bool virtio_is_live(struct virtio_device *dev)
{
	unsigned int status = atomic_load(&dev->status);

	return (status & VIRTIO_CONFIG_S_DRIVER_OK) &&
	       !(status & (VIRTIO_CONFIG_S_NEEDS_RESET | VIRTIO_CONFIG_S_FAILED)) &&
	       !atomic_load(&dev->resetting);
}

/**
 * virtio_features() - list all features that a device offers
 * @dev: the device
 *
 * Return: bits as in VIRTIO_F_*.
 */
uint64_t virtio_features(struct virtio_device *dev)
{
	return dev->ops->features(dev) | UINT64_C(1) << VIRTIO_F_VERSION_1 |
	       UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX |
	       UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC;
}

static bool virtio_features_valid(struct virtio_device *dev)
{
	uint64_t features = dev->driver_features;

	return (features & UINT64_C(1) << VIRTIO_F_VERSION_1) &&
	       !(features & ~virtio_features(dev));
}

/**
 * virtio_set_status() - the driver writes the device status
 * @dev: the device
 * @status: what it writes; 0 resets the device
 *
 * Context: a vCPU's thread; caller holds the device's lock.
 */
void virtio_set_status(struct virtio_device *dev, uint32_t status)
{
	unsigned int old = atomic_load(&dev->status);
	unsigned int set = status & 0xff & ~old & ~VIRTIO_CONFIG_S_NEEDS_RESET;

	if (!status) {
		virtio_reset(dev);
		return;
	}
	/* Section 2.2.2: FEATURES_OK does not stick if the choice is not acceptable. */
	if ((set & VIRTIO_CONFIG_S_FEATURES_OK) && !virtio_features_valid(dev))
		set &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	/* Section 3.1.1: no DRIVER_OK without it. */
	if ((set & VIRTIO_CONFIG_S_DRIVER_OK) && !((old | set) & VIRTIO_CONFIG_S_FEATURES_OK))
		set &= ~VIRTIO_CONFIG_S_DRIVER_OK;
	atomic_fetch_or(&dev->status, set);
	if (!(set & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	if (dev->ops->live)
		dev->ops->live(dev, true);
	/* Buffers that were offered before now are handled now. */
	for (unsigned int i = 0; i < dev->ops->nr_queues; i++)
		vmm_eventfd_signal(dev->queues[i].kick_fd);
	virtio_wake(dev);
}

/**
 * virtio_set_queue_ready() - the driver hands a queue over, or takes it back
 * @dev: the device
 * @queue: the queue
 * @ready: what the driver writes
 *
 * Context: a vCPU's thread; caller holds the device's lock.
 */
void virtio_set_queue_ready(struct virtio_device *dev, struct virtio_queue *queue, bool ready)
{
	uint64_t features = dev->driver_features;
	int err = 0;

	pthread_mutex_lock(&queue->lock);
	if (!ready) {
		queue->vq.ready = false;
	} else if (!queue->vq.ready) {
		queue->vq.event_idx = features & UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX;
		queue->vq.indirect = features & UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC;
		err = virtqueue_start(&queue->vq);
	}
	pthread_mutex_unlock(&queue->lock);
	if (err)
		virtio_needs_reset(dev, "a queue's size or addresses are not valid");
}

/**
 * virtio_needs_reset() - stop a device whose driver has broken a rule
 * @dev: the device
 * @why: which rule; printed the first time
 *
 * Context: any thread.
 */
void virtio_needs_reset(struct virtio_device *dev, const char *why)
{
	if (!atomic_exchange(&dev->broken, true))
		vmm_error("guest's %s driver (device %u): %s; the device waits for a reset",
			  dev->ops->name, dev->index, why);
	atomic_fetch_or(&dev->status, VIRTIO_CONFIG_S_NEEDS_RESET);
	if (atomic_load(&dev->status) & VIRTIO_CONFIG_S_DRIVER_OK)
		virtio_config_changed(dev);
}

/**
 * virtio_notify() - raise the interrupt of a used buffer
 * @dev: the device
 *
 * Context: any thread.
 */
void virtio_notify(struct virtio_device *dev)
{
	atomic_fetch_or(&dev->isr, 1);
	vmm_eventfd_signal(dev->irq_fd);
}

/**
 * virtio_config_changed() - raise the interrupt of a configuration change
 * @dev: the device
 *
 * Context: any thread.
 */
void virtio_config_changed(struct virtio_device *dev)
{
	atomic_fetch_add(&dev->generation, 1);
	atomic_fetch_or(&dev->isr, 2);
	if (atomic_load(&dev->status) & VIRTIO_CONFIG_S_DRIVER_OK)
		vmm_eventfd_signal(dev->irq_fd);
}

/**
 * virtio_wake() - make a device's thread call virtio_ops.wake
 * @dev: the device
 *
 * Context: any thread; does not wait.
 */
void virtio_wake(struct virtio_device *dev)
{
	vmm_eventfd_signal(dev->wake_fd);
}

/**
 * virtio_run_queue() - handle the buffers of a queue until none is left
 * @dev: the device
 * @queue: number of the queue
 *
 * Context: the device's thread.
 */
void virtio_run_queue(struct virtio_device *dev, unsigned int queue)
{
	struct virtio_queue *q = &dev->queues[queue];
	int more = 1;

	while (more > 0 && virtio_is_live(dev)) {
		pthread_mutex_lock(&q->lock);
		/* A reset may have come between the look at the status and the lock. */
		if (!virtio_is_live(dev)) {
			pthread_mutex_unlock(&q->lock);
			return;
		}
		virtqueue_quiet(&q->vq);
		more = dev->ops->handle(dev, queue);
		if (!more && virtqueue_listen(&q->vq))
			more = dev->ops->handle(dev, queue);
		pthread_mutex_unlock(&q->lock);
	}
	if (more < 0)
		virtio_needs_reset(dev, virtio_bad_buffer);
}

/*
 * Handles what needs no wait. Return: 0 if the driver will notify us of all that comes now,
 * -EAGAIN if something is left for the device's thread, -EINVAL if the guest has broken a rule.
 */
static int virtio_run_queue_now(struct virtio_device *dev, unsigned int queue)
{
	struct virtqueue *vq = &dev->queues[queue].vq;

	for (unsigned int i = 0; virtio_is_live(dev); i++) {
		int more;

		if (i == VIRTIO_NOW_BUFFERS)
			return virtqueue_listen(vq) ? -EAGAIN : 0;
		virtqueue_quiet(vq);
		more = dev->ops->handle_now(dev, queue);
		if (more < 0 || (!more && !virtqueue_listen(vq)))
			return more;
	}
	return 0;
}

/**
 * virtio_kick() - the driver notifies a queue
 * @dev: the device
 * @queue: number of the queue, one that exists
 *
 * Context: a vCPU's thread; does not wait.
 */
void virtio_kick(struct virtio_device *dev, unsigned int queue)
{
	struct virtio_queue *q = &dev->queues[queue];
	int err = -EAGAIN;

	/* Who has the lock may have looked at the queue before this buffer came. */
	if (dev->now && !pthread_mutex_trylock(&q->lock)) {
		err = virtio_run_queue_now(dev, queue);
		pthread_mutex_unlock(&q->lock);
	}
	if (err == -EAGAIN)
		vmm_eventfd_signal(q->kick_fd);
	else if (err)
		virtio_needs_reset(dev, virtio_bad_buffer);
}
