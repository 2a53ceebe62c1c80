// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio entropy device: virtio 1.2, section 5.4. Random bytes come from the host's kernel.
 */
#include <errno.h>
#include <linux/virtio_ids.h>
#include <sys/random.h>

#include "util.h"
#include "virtio_rng.h"

/* Bytes given for one buffer at most: the driver asks again when it wants more. */
#define RNG_MAX_BYTES		4096

static uint64_t rng_features(struct virtio_device *dev)
{
	(void)dev;
	return 0;
}

static void rng_read_config(struct virtio_device *dev, uint8_t config[256])
{
	(void)dev;
	(void)config;
}

static int rng_handle(struct virtio_device *dev, unsigned int queue)
{
	struct virtqueue *vq = &dev->queues[queue].vq;
	struct virtqueue_chain chain;
	uint8_t random[RNG_MAX_BYTES];
	ssize_t len;
	int ret = virtqueue_pop(vq, &chain);

	if (ret <= 0)
		return ret;
	/* Section 5.4.6.1: buffers that the device writes, and no others. */
	if (chain.out || !chain.in)
		return -EINVAL;
	/* Does not wait: a host that runs guests has its random pool filled. */
	len = getrandom(random, MIN(chain.in_len, sizeof(random)), 0);
	if (len < 0)
		len = 0;
	iov_copy_to(chain.iov, chain.in, 0, random, len);
	if (virtqueue_push(vq, &chain, len))
		virtio_notify(dev);
	return 1;
}

/** virtio_rng_ops - the entropy device */
const struct virtio_ops virtio_rng_ops = {
	.name = "virtio-rng",
	.id = VIRTIO_ID_RNG,
	.nr_queues = 1,
	.queue_size = 64,
	.features = rng_features,
	.read_config = rng_read_config,
	.handle = rng_handle,
};
