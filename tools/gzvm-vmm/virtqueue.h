/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Split virtqueue, device side: virtio 1.2, section 2.7.
 */
#ifndef VMM_VIRTQUEUE_H
#define VMM_VIRTQUEUE_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "guest_mem.h"

/* Largest queue; also the longest chain, as section 2.7.5.3.1 of virtio has it. */
#define VIRTQUEUE_MAX_SIZE	256

/**
 * struct virtqueue - a queue of buffers that the driver offers
 * @mem: guest memory
 * @max_size: largest size that the driver may choose
 * @event_idx: VIRTIO_RING_F_EVENT_IDX is negotiated
 * @indirect: VIRTIO_RING_F_INDIRECT_DESC is negotiated
 * @ready: the driver has handed the queue over
 * @size: number of descriptors
 * @desc_gpa: guest physical address of the descriptor table
 * @avail_gpa: guest physical address of the available ring
 * @used_gpa: guest physical address of the used ring
 * @desc: the descriptor table in our address space
 * @avail: the available ring
 * @used: the used ring
 * @last_avail: next entry of the available ring to be fetched
 * @used_idx: next entry of the used ring to be filled
 * @signalled: value of @used_idx when the driver's wish was last looked at
 */
struct virtqueue {
	const struct guest_mem *mem;
	uint16_t max_size;
	bool event_idx;
	bool indirect;
	bool ready;
	uint16_t size;
	uint64_t desc_gpa;
	uint64_t avail_gpa;
	uint64_t used_gpa;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t last_avail;
	uint16_t used_idx;
	uint16_t signalled;
};

/**
 * struct virtqueue_chain - one buffer: a checked copy of a descriptor chain
 * @head: index of its first descriptor
 * @out: number of parts that the device reads: iov[0] to iov[out - 1]
 * @in: number of parts that the device writes: iov[out] to iov[out + in - 1]
 * @out_len: bytes in the first ones
 * @in_len: bytes in the second ones
 * @iov: where the parts lie
 */
struct virtqueue_chain {
	uint16_t head;
	unsigned int out;
	unsigned int in;
	uint64_t out_len;
	uint64_t in_len;
	struct iovec iov[VIRTQUEUE_MAX_SIZE];
};

void virtqueue_reset(struct virtqueue *vq);
int virtqueue_start(struct virtqueue *vq);
int virtqueue_pop(struct virtqueue *vq, struct virtqueue_chain *chain);
void virtqueue_unpop(struct virtqueue *vq);
bool virtqueue_push(struct virtqueue *vq, const struct virtqueue_chain *chain, uint32_t written);
void virtqueue_quiet(struct virtqueue *vq);
bool virtqueue_listen(struct virtqueue *vq);

uint64_t iov_copy_from(const struct iovec *iov, unsigned int n, uint64_t skip, void *buf,
		       uint64_t len);
uint64_t iov_copy_to(const struct iovec *iov, unsigned int n, uint64_t skip, const void *buf,
		     uint64_t len);
unsigned int iov_slice(const struct iovec *iov, unsigned int n, uint64_t skip, uint64_t len,
		       struct iovec *out);

#endif /* VMM_VIRTQUEUE_H */
