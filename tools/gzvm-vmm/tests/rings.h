/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's side of a virtqueue, for tests: a guest memory with one or more queues in it,
 * and a driver that behaves or does not.
 */
#ifndef TESTS_RINGS_H
#define TESTS_RINGS_H

#include <string.h>

#include "guest_mem.h"
#include "virtqueue.h"

#define RINGS_BASE	UINT64_C(0x80000000)
#define RINGS_MEM	UINT64_C(0x400000)
#define RINGS_SIZE	16
/* Room for one queue; buffers of tests start behind them. */
#define RINGS_STEP	UINT64_C(0x10000)
#define RINGS_DATA	(RINGS_BASE + UINT64_C(0x100000))

struct rings {
	struct guest_mem *mem;
	uint64_t desc_gpa, avail_gpa, used_gpa;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t seen;
};

static inline void rings_init(struct rings *r, struct guest_mem *mem, unsigned int index)
{
	memset(r, 0, sizeof(*r));
	r->mem = mem;
	r->desc_gpa = RINGS_BASE + index * RINGS_STEP;
	r->avail_gpa = r->desc_gpa + 0x4000;
	r->used_gpa = r->desc_gpa + 0x8000;
	r->desc = guest_mem_at(mem, r->desc_gpa, RINGS_STEP);
	r->avail = guest_mem_at(mem, r->avail_gpa, 0x4000);
	r->used = guest_mem_at(mem, r->used_gpa, 0x4000);
	memset(r->desc, 0, RINGS_STEP);
}

static inline void rings_desc(struct rings *r, unsigned int i, uint64_t addr, uint32_t len,
			      uint16_t flags, uint16_t next)
{
	r->desc[i] = (struct vring_desc) {
		.addr = addr, .len = len, .flags = flags, .next = next,
	};
}

static inline void rings_offer(struct rings *r, uint16_t head)
{
	r->avail->ring[r->avail->idx % RINGS_SIZE] = head;
	r->avail->idx++;
}

static inline void rings_attach(const struct rings *r, struct virtqueue *vq)
{
	memset(vq, 0, sizeof(*vq));
	vq->mem = r->mem;
	vq->max_size = RINGS_SIZE;
	vq->size = RINGS_SIZE;
	vq->desc_gpa = r->desc_gpa;
	vq->avail_gpa = r->avail_gpa;
	vq->used_gpa = r->used_gpa;
	vq->indirect = true;
	vq->event_idx = true;
}

#endif /* TESTS_RINGS_H */
