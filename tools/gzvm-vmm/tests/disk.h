/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A disk on a file for tests, and requests to it.
 */
#ifndef TESTS_DISK_H
#define TESTS_DISK_H

#include <fcntl.h>
#include <linux/virtio_blk.h>

#include "driver.h"
#include "ktap.h"
#include "virtio_blk.h"

#define SECTORS		64
#define FLUSH		(UINT64_C(1) << VIRTIO_BLK_F_FLUSH)

/* Where the parts of a request lie. */
#define HEADER		RINGS_DATA
#define STATUS		(RINGS_DATA + 0x1000)
#define DATA		(RINGS_DATA + 0x2000)

static struct guest_mem mem;
static struct virtio_blk blk;
static struct rings rings[VIRTIO_MAX_QUEUES];
static char path[64];
static uint8_t *status;

/* An image of @size bytes in which each sector is full of its number plus one. */
static inline void image(uint64_t size)
{
	int fd;

	strcpy(path, "/tmp/gzvm-vmm-test-XXXXXX");
	fd = mkstemp(path);
	for (uint64_t at = 0; at < size; at++) {
		uint8_t byte = at / 512 + 1;

		if (write(fd, &byte, 1) != 1)
			abort();
	}
	close(fd);
}

static inline int file_byte(uint64_t at)
{
	uint8_t byte;
	int fd = open(path, O_RDONLY);
	ssize_t n = pread(fd, &byte, 1, at);

	close(fd);
	return n == 1 ? byte : -1;
}

static inline void attach(bool read_only, uint64_t features)
{
	if (!mem.host && guest_mem_alloc(&mem, RINGS_BASE, RINGS_MEM))
		abort();
	status = guest_mem_at(&mem, STATUS, 1);
	if (virtio_blk_open(&blk, path, read_only) || virtio_blk_init(&blk, &mem, 2) ||
	    virtio_start(&blk.dev))
		abort();
	driver_start(&blk.dev, rings, &mem, DRIVER_FEATURES | features);
}

static inline void setup(void)
{
	image(SECTORS * 512);
	attach(false, FLUSH);
}

static inline void detach(void)
{
	virtio_stop(&blk.dev);
	virtio_destroy(&blk.dev);
	virtio_blk_close(&blk);
}

static inline void teardown(void)
{
	detach();
	unlink(path);
}

/* Describes a request with @out bytes from and @in bytes to DATA. */
static inline void describe(uint32_t type, uint64_t sector, uint32_t out, uint32_t in)
{
	struct virtio_blk_outhdr *header = guest_mem_at(&mem, HEADER, sizeof(*header));
	struct rings *r = &rings[0];
	unsigned int n = 1;

	*header = (struct virtio_blk_outhdr) { .type = type, .sector = sector };
	*status = 0xee;
	rings_desc(r, 0, HEADER, sizeof(*header), VRING_DESC_F_NEXT, n);
	if (out) {
		rings_desc(r, n, DATA, out, VRING_DESC_F_NEXT, n + 1);
		n++;
	}
	if (in) {
		rings_desc(r, n, DATA, in, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, n + 1);
		n++;
	}
	rings_desc(r, n, STATUS, 1, VRING_DESC_F_WRITE, 0);
}

/* A request's status, or 0xff if none came. */
static inline int request(uint32_t type, uint64_t sector, uint32_t out, uint32_t in)
{
	describe(type, sector, out, in);
	return driver_do(&blk.dev, &rings[0], 0, 0) < 0 ? 0xff : *status;
}

static inline uint8_t *data(void)
{
	return guest_mem_at(&mem, DATA, 0x10000);
}

#endif /* TESTS_DISK_H */
