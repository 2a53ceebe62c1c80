// SPDX-License-Identifier: GPL-2.0-only
/* Virtqueues: good rings, and each way in which rings can be wrong. */
#include <errno.h>

#include "ktap.h"
#include "rings.h"
#include "util.h"

static struct guest_mem mem;
static struct rings rings;
static struct virtqueue vq;
static struct virtqueue_chain chain;

static void setup(void)
{
	if (!mem.host && guest_mem_alloc(&mem, RINGS_BASE, RINGS_MEM))
		abort();
	rings_init(&rings, &mem, 0);
	rings_attach(&rings, &vq);
	if (virtqueue_start(&vq))
		abort();
}

TEST(memory_bounds)
{
	setup();
	EXPECT(guest_mem_at(&mem, RINGS_BASE, RINGS_MEM) == mem.host);
	EXPECT(guest_mem_at(&mem, RINGS_BASE + RINGS_MEM - 1, 1));
	EXPECT(guest_mem_at(&mem, RINGS_BASE + RINGS_MEM, 0));
	EXPECT(!guest_mem_at(&mem, RINGS_BASE + RINGS_MEM, 1));
	EXPECT(!guest_mem_at(&mem, RINGS_BASE - 1, 1));
	EXPECT(!guest_mem_at(&mem, RINGS_BASE, RINGS_MEM + 1));
	EXPECT(!guest_mem_at(&mem, RINGS_BASE + 1, UINT64_MAX));
	EXPECT(!guest_mem_at(&mem, UINT64_MAX, 2));
	EXPECT(!guest_mem_at(&mem, 0, UINT64_MAX));
	EXPECT_EQ((uintptr_t)mem.host % SIZE_2M, 0);
}

TEST(direct_chain)
{
	setup();
	rings_desc(&rings, 3, RINGS_DATA, 10, VRING_DESC_F_NEXT, 5);
	rings_desc(&rings, 5, RINGS_DATA + 100, 20, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
	rings_desc(&rings, 1, RINGS_DATA + 200, 30, VRING_DESC_F_WRITE, 0);
	EXPECT_EQ(virtqueue_pop(&vq, &chain), 0);
	rings_offer(&rings, 3);
	ASSERT(virtqueue_pop(&vq, &chain) == 1);
	EXPECT_EQ(chain.head, 3);
	EXPECT_EQ(chain.out, 1);
	EXPECT_EQ(chain.in, 2);
	EXPECT_EQ(chain.out_len, 10);
	EXPECT_EQ(chain.in_len, 50);
	EXPECT(chain.iov[2].iov_base == guest_mem_at(&mem, RINGS_DATA + 200, 30));
	EXPECT_EQ(virtqueue_pop(&vq, &chain), 0);
	virtqueue_push(&vq, &chain, 50);
	EXPECT_EQ(rings.used->idx, 1);
	EXPECT_EQ(rings.used->ring[0].id, 3);
	EXPECT_EQ(rings.used->ring[0].len, 50);
}

TEST(indirect_chain)
{
	struct vring_desc *table;

	setup();
	table = guest_mem_at(&mem, RINGS_DATA, 4096);
	table[0] = (struct vring_desc) { RINGS_DATA + 4096, 1, VRING_DESC_F_NEXT, 2 };
	table[2] = (struct vring_desc) { RINGS_DATA + 8192, 2, VRING_DESC_F_WRITE, 0 };
	rings_desc(&rings, 0, RINGS_DATA, 3 * 16, VRING_DESC_F_INDIRECT, 0);
	rings_offer(&rings, 0);
	EXPECT_EQ(virtqueue_pop(&vq, &chain), 1);
	EXPECT_EQ(chain.out_len, 1);
	EXPECT_EQ(chain.in_len, 2);
	/* As the tail of a direct chain: section 2.7.5.3. */
	rings_desc(&rings, 1, RINGS_DATA, 7, VRING_DESC_F_NEXT, 0);
	rings_offer(&rings, 1);
	EXPECT_EQ(virtqueue_pop(&vq, &chain), 1);
	EXPECT_EQ(chain.out_len, 8);
}

TEST(longest_chain)
{
	setup();
	for (unsigned int i = 0; i < RINGS_SIZE; i++)
		rings_desc(&rings, i, RINGS_DATA + 16 * i, 16,
			   i + 1 < RINGS_SIZE ? VRING_DESC_F_NEXT : 0, i + 1);
	rings_offer(&rings, 0);
	EXPECT_EQ(virtqueue_pop(&vq, &chain), 1);
	EXPECT_EQ(chain.out, RINGS_SIZE);
}

TEST(wrap_around)
{
	setup();
	rings_desc(&rings, 0, RINGS_DATA, 1, 0, 0);
	for (unsigned int i = 0; i < 70000; i++) {
		rings_offer(&rings, 0);
		ASSERT(virtqueue_pop(&vq, &chain) == 1);
		virtqueue_push(&vq, &chain, 0);
		ASSERT(rings.used->idx == (uint16_t)(i + 1));
	}
}

/* One descriptor, offered. */
static int offered(uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	setup();
	rings_desc(&rings, 0, addr, len, flags, next);
	rings_offer(&rings, 0);
	return virtqueue_pop(&vq, &chain);
}

TEST(bad_descriptors)
{
	EXPECT_EQ(offered(RINGS_DATA, 16, 0, 0), 1);
	EXPECT_EQ(offered(RINGS_DATA, 0, 0, 0), -EINVAL);
	EXPECT_EQ(offered(0, 16, 0, 0), -EINVAL);
	EXPECT_EQ(offered(RINGS_BASE - 1, 16, 0, 0), -EINVAL);
	EXPECT_EQ(offered(RINGS_BASE + RINGS_MEM - 15, 16, 0, 0), -EINVAL);
	EXPECT_EQ(offered(RINGS_BASE + RINGS_MEM, 1, 0, 0), -EINVAL);
	EXPECT_EQ(offered(UINT64_MAX, UINT32_MAX, 0, 0), -EINVAL);
	EXPECT_EQ(offered(UINT64_MAX - 15, 32, VRING_DESC_F_WRITE, 0), -EINVAL);
	/* What lies behind the table would be a good descriptor. */
	setup();
	rings_desc(&rings, 0, RINGS_DATA, 16, VRING_DESC_F_NEXT, RINGS_SIZE);
	rings_desc(&rings, RINGS_SIZE, RINGS_DATA, 16, 0, 0);
	rings_offer(&rings, 0);
	EXPECT_EQ(virtqueue_pop(&vq, &chain), -EINVAL);
	EXPECT_EQ(offered(RINGS_DATA, 16, VRING_DESC_F_NEXT, UINT16_MAX), -EINVAL);
}

TEST(loops)
{
	EXPECT_EQ(offered(RINGS_DATA, 16, VRING_DESC_F_NEXT, 0), -EINVAL);
	setup();
	rings_desc(&rings, 0, RINGS_DATA, 16, VRING_DESC_F_NEXT, 1);
	rings_desc(&rings, 1, RINGS_DATA, 16, VRING_DESC_F_NEXT, 0);
	rings_offer(&rings, 0);
	EXPECT_EQ(virtqueue_pop(&vq, &chain), -EINVAL);
}

TEST(wrong_order)
{
	setup();
	rings_desc(&rings, 0, RINGS_DATA, 16, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
	rings_desc(&rings, 1, RINGS_DATA, 16, 0, 0);
	rings_offer(&rings, 0);
	EXPECT_EQ(virtqueue_pop(&vq, &chain), -EINVAL);
}

TEST(bad_indirect)
{
	struct vring_desc *table;
	const uint16_t flag = VRING_DESC_F_INDIRECT;

	EXPECT_EQ(offered(RINGS_DATA, 0, flag, 0), -EINVAL);
	EXPECT_EQ(offered(RINGS_DATA, 15, flag, 0), -EINVAL);
	EXPECT_EQ(offered(RINGS_DATA, 17, flag, 0), -EINVAL);
	EXPECT_EQ(offered(RINGS_DATA + 8, 16, flag, 0), -EINVAL);
	EXPECT_EQ(offered(RINGS_DATA, 16, flag | VRING_DESC_F_NEXT, 0), -EINVAL);
	EXPECT_EQ(offered(RINGS_BASE + RINGS_MEM - 16, 32, flag, 0), -EINVAL);
	EXPECT_EQ(offered(0, 16, flag, 0), -EINVAL);

	/* A table in a table, a loop in a table, and a next beyond its end. */
	setup();
	table = guest_mem_at(&mem, RINGS_DATA, 4096);
	table[0] = (struct vring_desc) { RINGS_DATA, 16, flag, 0 };
	EXPECT_EQ(offered(RINGS_DATA, 16, flag, 0), -EINVAL);
	table[0] = (struct vring_desc) { RINGS_DATA, 16, VRING_DESC_F_NEXT, 0 };
	EXPECT_EQ(offered(RINGS_DATA, 16, flag, 0), -EINVAL);
	table[0].next = 1;
	EXPECT_EQ(offered(RINGS_DATA, 16, flag, 0), -EINVAL);

	/* Not negotiated. */
	table[0] = (struct vring_desc) { RINGS_DATA, 16, 0, 0 };
	EXPECT_EQ(offered(RINGS_DATA, 16, flag, 0), 1);
	setup();
	vq.indirect = false;
	rings_desc(&rings, 0, RINGS_DATA, 16, flag, 0);
	rings_offer(&rings, 0);
	EXPECT_EQ(virtqueue_pop(&vq, &chain), -EINVAL);
}

TEST(bad_rings)
{
	setup();
	rings_desc(&rings, RINGS_SIZE, RINGS_DATA, 16, 0, 0);
	rings_offer(&rings, RINGS_SIZE);
	EXPECT_EQ(virtqueue_pop(&vq, &chain), -EINVAL);
	setup();
	rings_desc(&rings, 0, RINGS_DATA, 16, 0, 0);
	rings.avail->idx = RINGS_SIZE + 1;
	EXPECT_EQ(virtqueue_pop(&vq, &chain), -EINVAL);
	setup();
	rings.avail->idx = UINT16_MAX;
	EXPECT_EQ(virtqueue_pop(&vq, &chain), -EINVAL);
}

/* A queue set up with one thing changed. */
static int started(uint16_t size, uint64_t desc, uint64_t avail, uint64_t used)
{
	rings_attach(&rings, &vq);
	vq.size = size;
	vq.desc_gpa = desc;
	vq.avail_gpa = avail;
	vq.used_gpa = used;
	return virtqueue_start(&vq);
}

TEST(bad_set_up)
{
	const uint64_t end = RINGS_BASE + RINGS_MEM;
	uint64_t d, a, u;

	setup();
	d = rings.desc_gpa;
	a = rings.avail_gpa;
	u = rings.used_gpa;
	EXPECT_EQ(started(RINGS_SIZE, d, a, u), 0);
	EXPECT_EQ(started(1, d, a, u), 0);
	EXPECT_EQ(started(0, d, a, u), -EINVAL);
	EXPECT_EQ(started(3, d, a, u), -EINVAL);
	EXPECT_EQ(started(2 * RINGS_SIZE, d, a, u), -EINVAL);
	EXPECT_EQ(started(RINGS_SIZE, d + 8, a, u), -EINVAL);
	EXPECT_EQ(started(RINGS_SIZE, d, a + 1, u), -EINVAL);
	EXPECT_EQ(started(RINGS_SIZE, d, a, u + 2), -EINVAL);
	EXPECT_EQ(started(RINGS_SIZE, 0, a, u), -EINVAL);
	EXPECT_EQ(started(RINGS_SIZE, end - 16 * RINGS_SIZE, a, u), 0);
	EXPECT_EQ(started(RINGS_SIZE, end - 16 * RINGS_SIZE + 16, a, u), -EINVAL);
	/* The event index behind the last entry counts. */
	EXPECT_EQ(started(RINGS_SIZE, d, end - 2 * RINGS_SIZE - 6, u), 0);
	EXPECT_EQ(started(RINGS_SIZE, d, end - 2 * RINGS_SIZE - 4, u), -EINVAL);
	EXPECT_EQ(started(RINGS_SIZE, d, a, end - 8 * RINGS_SIZE - 8), 0);
	EXPECT_EQ(started(RINGS_SIZE, d, a, end - 8 * RINGS_SIZE - 4), -EINVAL);
	EXPECT_EQ(started(RINGS_SIZE, UINT64_MAX - 15, a, u), -EINVAL);
	EXPECT(!vq.ready);
	EXPECT_EQ(virtqueue_pop(&vq, &chain), 0);
}

static bool used_one(void)
{
	rings_offer(&rings, 0);
	if (virtqueue_pop(&vq, &chain) != 1)
		abort();
	return virtqueue_push(&vq, &chain, 0);
}

TEST(interrupts_by_flag)
{
	setup();
	vq.event_idx = false;
	rings_desc(&rings, 0, RINGS_DATA, 1, 0, 0);
	EXPECT(used_one());
	rings.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	EXPECT(!used_one());
	rings.avail->flags = 0;
	EXPECT(used_one());
}

TEST(interrupts_by_event)
{
	__virtio16 *used_event;

	setup();
	used_event = &rings.avail->ring[RINGS_SIZE];
	rings_desc(&rings, 0, RINGS_DATA, 1, 0, 0);
	*used_event = 0;
	EXPECT(used_one());
	EXPECT(!used_one());
	*used_event = 3;
	EXPECT(!used_one());
	EXPECT(used_one());
	/* All the way round, and it must not be missed. */
	*used_event = 3;
	for (unsigned int i = 4; i < 65536 + 3; i++)
		ASSERT(!used_one());
	EXPECT(used_one());
}

TEST(kicks)
{
	__virtio16 *avail_event;

	setup();
	avail_event = (__virtio16 *)&rings.used->ring[RINGS_SIZE];
	rings_desc(&rings, 0, RINGS_DATA, 1, 0, 0);
	EXPECT(!virtqueue_listen(&vq));
	EXPECT_EQ(*avail_event, 0);
	used_one();
	EXPECT(!virtqueue_listen(&vq));
	EXPECT_EQ(*avail_event, 1);
	rings_offer(&rings, 0);
	EXPECT(virtqueue_listen(&vq));

	vq.event_idx = false;
	virtqueue_quiet(&vq);
	EXPECT_EQ(rings.used->flags, VRING_USED_F_NO_NOTIFY);
	virtqueue_listen(&vq);
	EXPECT_EQ(rings.used->flags, 0);
}

TEST(scattered_copies)
{
	uint8_t a[3] = "abc", b[4] = "defg", c[2] = "hi", out[16] = { 0 };
	struct iovec iov[3] = { { a, 3 }, { b, 4 }, { c, 2 } }, part[3];

	EXPECT_EQ(iov_copy_from(iov, 3, 2, out, 6), 6);
	EXPECT_STREQ((char *)out, "cdefgh");
	EXPECT_EQ(iov_copy_from(iov, 3, 0, out, 16), 9);
	EXPECT_EQ(iov_copy_from(iov, 3, 9, out, 1), 0);
	EXPECT_EQ(iov_copy_to(iov, 3, 3, "DEFGH", 5), 5);
	EXPECT(!memcmp(b, "DEFG", 4) && c[0] == 'H' && a[2] == 'c' && c[1] == 'i');
	EXPECT_EQ(iov_slice(iov, 3, 3, 4, part), 1);
	EXPECT(part[0].iov_base == b && part[0].iov_len == 4);
	EXPECT_EQ(iov_slice(iov, 3, 0, 0, part), 0);
}

/*
 * Random rings: whatever they hold, a buffer that is accepted lies in guest memory and its
 * sums are right. Seeded, so that a failure can be repeated.
 */
TEST(random_rings)
{
	uint64_t seed = 42, accepted = 0, refused = 0;
	struct vring_desc *table;

	setup();
	table = guest_mem_at(&mem, RINGS_DATA, 4096);
	for (unsigned int round = 0; round < 300000; round++) {
		uint64_t out = 0, in = 0;
		int ret;

		for (unsigned int i = 0; i < 4; i++) {
			struct vring_desc *d = ktap_random(&seed) & 1 ?
				&rings.desc[ktap_random(&seed) % RINGS_SIZE] :
				&table[ktap_random(&seed) % RINGS_SIZE];

			*d = (struct vring_desc) {
				.addr = RINGS_DATA + ktap_random(&seed) % (2 * RINGS_MEM) / 16 * 16,
				.len = ktap_random(&seed) % 8 * 16,
				.flags = ktap_random(&seed) & ktap_random(&seed) & 7,
				.next = ktap_random(&seed) % (RINGS_SIZE + 1),
			};
			if (d->flags & VRING_DESC_F_INDIRECT)
				d->addr = RINGS_DATA;
		}
		rings.avail->idx = vq.last_avail;
		rings_offer(&rings, ktap_random(&seed) % (RINGS_SIZE + 1));
		ret = virtqueue_pop(&vq, &chain);
		if (ret <= 0) {
			refused++;
			EXPECT_EQ(ret, -EINVAL);
			continue;
		}
		accepted++;
		ASSERT(chain.out + chain.in <= RINGS_SIZE);
		for (unsigned int i = 0; i < chain.out + chain.in; i++) {
			uint8_t *start = chain.iov[i].iov_base;
			size_t len = chain.iov[i].iov_len;

			ASSERT(len && start >= mem.host && start + len <= mem.host + mem.size);
			*(i < chain.out ? &out : &in) += len;
		}
		ASSERT(out == chain.out_len && in == chain.in_len);
		virtqueue_push(&vq, &chain, 0);
	}
	EXPECT(accepted > 10000);
	EXPECT(refused > 10000);
}
