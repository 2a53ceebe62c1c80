// SPDX-License-Identifier: GPL-2.0-only
/*
 * Split virtqueue, device side: virtio 1.2, section 2.7.
 *
 * Everything in the rings is the guest's: it may be wrong on purpose, and it may change while
 * it is looked at. Each field is therefore read once, by one load, into a local variable;
 * the variable is checked and used. What is wrong makes virtqueue_pop() fail, upon which the
 * device asks for a reset; nothing that the guest writes can make the VMM access anything but
 * the guest's memory.
 */
#include <endian.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "util.h"
#include "virtqueue.h"

/* One load or store of a field that the guest can access at the same time. */
#define ring_load16(ptr)	le16toh(__atomic_load_n((ptr), __ATOMIC_RELAXED))
#define ring_load16_acquire(ptr) le16toh(__atomic_load_n((ptr), __ATOMIC_ACQUIRE))
#define ring_load32(ptr)	le32toh(__atomic_load_n((ptr), __ATOMIC_RELAXED))
#define ring_load64(ptr)	le64toh(__atomic_load_n((ptr), __ATOMIC_RELAXED))
#define ring_store16(ptr, v)	__atomic_store_n((ptr), htole16(v), __ATOMIC_RELAXED)
#define ring_store16_release(ptr, v) __atomic_store_n((ptr), htole16(v), __ATOMIC_RELEASE)
#define ring_store32(ptr, v)	__atomic_store_n((ptr), htole32(v), __ATOMIC_RELAXED)

/* Event fields lie behind the rings' last entries: section 2.7.10. */
static __virtio16 *virtqueue_used_event(const struct virtqueue *vq)
{
	return &vq->avail->ring[vq->size];
}

static __virtio16 *virtqueue_avail_event(const struct virtqueue *vq)
{
	return (__virtio16 *)&vq->used->ring[vq->size];
}

/**
 * virtqueue_reset() - take a queue back from the driver
 * @vq: the queue; what it is able to do stays, what the driver chose is forgotten
 *
 * Context: caller holds the queue's lock.
 */
void virtqueue_reset(struct virtqueue *vq)
{
	*vq = (struct virtqueue) {
		.mem = vq->mem, .max_size = vq->max_size, .size = vq->max_size,
	};
}

/**
 * virtqueue_start() - take over a queue that the driver has set up
 * @vq: the queue; size, addresses and features are the driver's
 *
 * Context: caller holds the queue's lock.
 * Return: 0, or -EINVAL for a size or an address that is not allowed.
 */
int virtqueue_start(struct virtqueue *vq)
{
	uint64_t size = vq->size;

	/* Section 2.7: size is a power of 2; tables are aligned to 16, 2 and 4 bytes. */
	if (!size || size > vq->max_size || (size & (size - 1)))
		return -EINVAL;
	if ((vq->desc_gpa & 15) || (vq->avail_gpa & 1) || (vq->used_gpa & 3))
		return -EINVAL;
	vq->desc = guest_mem_at(vq->mem, vq->desc_gpa, sizeof(struct vring_desc) * size);
	vq->avail = guest_mem_at(vq->mem, vq->avail_gpa, 6 + 2 * size);
	vq->used = guest_mem_at(vq->mem, vq->used_gpa,
				6 + sizeof(struct vring_used_elem) * size);
	if (!vq->desc || !vq->avail || !vq->used)
		return -EINVAL;
	vq->last_avail = 0;
	vq->used_idx = 0;
	vq->signalled = 0;
	vq->ready = true;
	return 0;
}

static struct vring_desc virtqueue_read_desc(const struct vring_desc *desc)
{
	return (struct vring_desc) {
		.addr = ring_load64(&desc->addr),
		.len = ring_load32(&desc->len),
		.flags = ring_load16(&desc->flags),
		.next = ring_load16(&desc->next),
	};
}

/* One part of a buffer. Parts to be read come before parts to be written: section 2.7.4.2. */
static int virtqueue_add_part(const struct virtqueue *vq, struct virtqueue_chain *chain,
			      const struct vring_desc *desc)
{
	void *host = guest_mem_at(vq->mem, desc->addr, desc->len);
	unsigned int n = chain->out + chain->in;

	if (!host || !desc->len || n == vq->size)
		return -EINVAL;
	if (desc->flags & VRING_DESC_F_WRITE) {
		chain->in++;
		chain->in_len += desc->len;
	} else {
		if (chain->in)
			return -EINVAL;
		chain->out++;
		chain->out_len += desc->len;
	}
	chain->iov[n] = (struct iovec) { .iov_base = host, .iov_len = desc->len };
	return 0;
}

/*
 * Walks a table of descriptors from @index on. A chain that visits more descriptors than the
 * queue has is refused, and so is a loop: virtqueue_add_part() counts.
 */
static int virtqueue_walk(const struct virtqueue *vq, struct virtqueue_chain *chain,
			  const struct vring_desc *table, uint32_t entries, uint32_t index,
			  bool nested)
{
	for (;;) {
		struct vring_desc desc;
		int err;

		if (index >= entries)
			return -EINVAL;
		desc = virtqueue_read_desc(&table[index]);
		if (desc.flags & VRING_DESC_F_INDIRECT) {
			const struct vring_desc *inner;

			/* Section 2.7.5.3.1: negotiated, not nested, last, whole entries. */
			if (!vq->indirect || nested || (desc.flags & VRING_DESC_F_NEXT) ||
			    !desc.len || desc.len % sizeof(*inner) || (desc.addr & 15))
				return -EINVAL;
			inner = guest_mem_at(vq->mem, desc.addr, desc.len);
			if (!inner)
				return -EINVAL;
			return virtqueue_walk(vq, chain, inner, desc.len / sizeof(*inner), 0,
					      true);
		}
		err = virtqueue_add_part(vq, chain, &desc);
		if (err || !(desc.flags & VRING_DESC_F_NEXT))
			return err;
		index = desc.next;
	}
}

/**
 * virtqueue_pop() - fetch the next buffer that the driver offers
 * @vq: the queue
 * @chain: filled in
 *
 * Context: caller holds the queue's lock.
 * Return: 1 with a buffer, 0 if there is none, -EINVAL if the rings are not what virtio
 * allows.
 */
int virtqueue_pop(struct virtqueue *vq, struct virtqueue_chain *chain)
{
	uint16_t pending, head;
	int err;

	if (!vq->ready)
		return 0;
	/* Entries and descriptors are read after the index that publishes them. */
	pending = ring_load16_acquire(&vq->avail->idx) - vq->last_avail;
	if (!pending)
		return 0;
	if (pending > vq->size)
		return -EINVAL;
	head = ring_load16(&vq->avail->ring[vq->last_avail & (vq->size - 1)]);
	chain->head = head;
	chain->out = 0;
	chain->in = 0;
	chain->out_len = 0;
	chain->in_len = 0;
	err = virtqueue_walk(vq, chain, vq->desc, vq->size, head, false);
	if (err)
		return err;
	vq->last_avail++;
	return 1;
}

/**
 * virtqueue_unpop() - put the buffer that was fetched last back
 * @vq: the queue
 *
 * It is the next one to be fetched again, and is checked again.
 *
 * Context: caller has held the queue's lock since virtqueue_pop().
 */
void virtqueue_unpop(struct virtqueue *vq)
{
	vq->last_avail--;
}

/* Whether the driver wants to be told of used buffers: sections 2.7.7 and 2.7.10. */
static bool virtqueue_must_notify(struct virtqueue *vq)
{
	uint16_t old = vq->signalled;

	vq->signalled = vq->used_idx;
	/* The driver's wish is read after the index has become visible to it. */
	atomic_thread_fence(memory_order_seq_cst);
	if (!vq->event_idx)
		return !(ring_load16(&vq->avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
	return vring_need_event(ring_load16(virtqueue_used_event(vq)), vq->used_idx, old);
}

/**
 * virtqueue_push() - give a buffer back
 * @vq: the queue
 * @chain: the buffer
 * @written: bytes written to the parts that the device writes
 *
 * Context: caller holds the queue's lock.
 * Return: true if the driver is to be notified.
 */
bool virtqueue_push(struct virtqueue *vq, const struct virtqueue_chain *chain, uint32_t written)
{
	struct vring_used_elem *elem = &vq->used->ring[vq->used_idx & (vq->size - 1)];

	ring_store32(&elem->id, chain->head);
	ring_store32(&elem->len, written);
	vq->used_idx++;
	ring_store16_release(&vq->used->idx, vq->used_idx);
	return virtqueue_must_notify(vq);
}

/**
 * virtqueue_quiet() - tell the driver that it need not notify us for now
 * @vq: the queue
 *
 * With event indexes that is the case by itself: the last one asked for has been passed.
 *
 * Context: caller holds the queue's lock.
 */
void virtqueue_quiet(struct virtqueue *vq)
{
	if (vq->ready && !vq->event_idx)
		ring_store16(&vq->used->flags, VRING_USED_F_NO_NOTIFY);
}

/**
 * virtqueue_listen() - ask the driver to notify us of the next buffer
 * @vq: the queue
 *
 * Context: caller holds the queue's lock.
 * Return: true if a buffer has come meanwhile, of which no notification may come.
 */
bool virtqueue_listen(struct virtqueue *vq)
{
	if (!vq->ready)
		return false;
	if (vq->event_idx)
		ring_store16(virtqueue_avail_event(vq), vq->last_avail);
	else
		ring_store16(&vq->used->flags, 0);
	/* The wish becomes visible before the index is read: the driver does the reverse. */
	atomic_thread_fence(memory_order_seq_cst);
	return ring_load16(&vq->avail->idx) != vq->last_avail;
}

/**
 * iov_slice() - select some bytes of a scattered buffer
 * @iov: the buffer's parts
 * @n: their number
 * @skip: bytes to leave out at the beginning
 * @len: bytes to select
 * @out: room for @n parts
 *
 * Return: number of parts in @out; they hold fewer than @len bytes if the buffer does.
 */
unsigned int iov_slice(const struct iovec *iov, unsigned int n, uint64_t skip, uint64_t len,
		       struct iovec *out)
{
	unsigned int parts = 0;

	for (unsigned int i = 0; i < n && len; i++) {
		uint64_t part = iov[i].iov_len;

		if (skip >= part) {
			skip -= part;
			continue;
		}
		part = MIN(part - skip, len);
		out[parts++] = (struct iovec) {
			.iov_base = (uint8_t *)iov[i].iov_base + skip, .iov_len = part,
		};
		len -= part;
		skip = 0;
	}
	return parts;
}

/**
 * iov_copy_from() - copy bytes out of a scattered buffer
 * @iov: the buffer's parts
 * @n: their number, at most VIRTQUEUE_MAX_SIZE
 * @skip: bytes to leave out at the beginning
 * @buf: where to put the copy
 * @len: bytes to copy
 *
 * Return: bytes copied; fewer than @len if the buffer has fewer.
 */
uint64_t iov_copy_from(const struct iovec *iov, unsigned int n, uint64_t skip, void *buf,
		       uint64_t len)
{
	struct iovec parts[VIRTQUEUE_MAX_SIZE];
	uint64_t done = 0;

	n = iov_slice(iov, n, skip, len, parts);
	for (unsigned int i = 0; i < n; i++) {
		memcpy((uint8_t *)buf + done, parts[i].iov_base, parts[i].iov_len);
		done += parts[i].iov_len;
	}
	return done;
}

/**
 * iov_copy_to() - copy bytes into a scattered buffer
 * @iov: the buffer's parts
 * @n: their number, at most VIRTQUEUE_MAX_SIZE
 * @skip: bytes to leave alone at the beginning
 * @buf: the bytes
 * @len: bytes to copy
 *
 * Return: bytes copied; fewer than @len if the buffer has room for fewer.
 */
uint64_t iov_copy_to(const struct iovec *iov, unsigned int n, uint64_t skip, const void *buf,
		     uint64_t len)
{
	struct iovec parts[VIRTQUEUE_MAX_SIZE];
	uint64_t done = 0;

	n = iov_slice(iov, n, skip, len, parts);
	for (unsigned int i = 0; i < n; i++) {
		memcpy(parts[i].iov_base, (const uint8_t *)buf + done, parts[i].iov_len);
		done += parts[i].iov_len;
	}
	return done;
}
