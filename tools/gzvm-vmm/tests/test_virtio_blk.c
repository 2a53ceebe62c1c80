// SPDX-License-Identifier: GPL-2.0-only
/* Disks: each request, good and bad, on a real file. */
#include <errno.h>
#include <sys/stat.h>

#include "disk.h"
#include "util.h"

static uint32_t config(unsigned int offset)
{
	return reg_read(&blk.dev, VIRTIO_MMIO_CONFIG + offset);
}

TEST(configuration)
{
	setup();
	EXPECT_EQ(config(0), SECTORS);
	EXPECT_EQ(config(4), 0);
	EXPECT_EQ(config(offsetof(struct virtio_blk_config, seg_max)), 254);
	EXPECT(device_features(&blk.dev) & UINT64_C(1) << VIRTIO_BLK_F_DISCARD);
	EXPECT(!(device_features(&blk.dev) & UINT64_C(1) << VIRTIO_BLK_F_RO));
	EXPECT_EQ(virtio_mmio_bus_ops.read(&blk.dev, VIRTIO_MMIO_CONFIG, 1), SECTORS);
	EXPECT_EQ(virtio_mmio_bus_ops.read(&blk.dev, VIRTIO_MMIO_CONFIG + 255, 8), 0);
	EXPECT_EQ(virtio_mmio_bus_ops.read(&blk.dev, 0xfff, 1), 0);
	teardown();
}

TEST(reads)
{
	setup();
	EXPECT_EQ(request(VIRTIO_BLK_T_IN, 3, 0, 1024), VIRTIO_BLK_S_OK);
	EXPECT_EQ(rings[0].used->ring[0].len, 1025);
	EXPECT(data()[0] == 4 && data()[511] == 4 && data()[512] == 5 && data()[1023] == 5);
	EXPECT_EQ(request(VIRTIO_BLK_T_IN, SECTORS - 1, 0, 512), VIRTIO_BLK_S_OK);
	EXPECT_EQ(data()[0], SECTORS);
	EXPECT_EQ(request(VIRTIO_BLK_T_IN, 0, 0, 512 * SECTORS), VIRTIO_BLK_S_OK);
	EXPECT_EQ(data()[512 * SECTORS - 1], SECTORS);
	teardown();
}

TEST(writes)
{
	setup();
	memset(data(), 0xa5, 1024);
	EXPECT_EQ(request(VIRTIO_BLK_T_OUT, 7, 1024, 0), VIRTIO_BLK_S_OK);
	EXPECT_EQ(file_byte(7 * 512 - 1), 7);
	EXPECT_EQ(file_byte(7 * 512), 0xa5);
	EXPECT_EQ(file_byte(9 * 512 - 1), 0xa5);
	EXPECT_EQ(file_byte(9 * 512), 10);
	EXPECT_EQ(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0), VIRTIO_BLK_S_OK);
	teardown();
}

TEST(write_through)
{
	image(SECTORS * 512);
	attach(false, 0);
	memset(data(), 0x5a, 512);
	EXPECT_EQ(request(VIRTIO_BLK_T_OUT, 0, 512, 0), VIRTIO_BLK_S_OK);
	EXPECT_EQ(file_byte(0), 0x5a);
	teardown();
}

TEST(ranges)
{
	setup();
	for (unsigned int write = 0; write < 2; write++) {
		uint32_t type = write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN;

#define IO(sector, len)	request(type, sector, write ? len : 0, write ? 0 : len)
		EXPECT_EQ(IO(SECTORS, 512), VIRTIO_BLK_S_IOERR);
		EXPECT_EQ(IO(SECTORS - 1, 1024), VIRTIO_BLK_S_IOERR);
		EXPECT_EQ(IO(UINT64_MAX, 512), VIRTIO_BLK_S_IOERR);
		EXPECT_EQ(IO(UINT64_MAX - 1, 1024), VIRTIO_BLK_S_IOERR);
		EXPECT_EQ(IO(UINT64_C(1) << 55, 512), VIRTIO_BLK_S_IOERR);
		EXPECT_EQ(IO(0, 511), VIRTIO_BLK_S_IOERR);
		EXPECT_EQ(IO(0, 513), VIRTIO_BLK_S_IOERR);
	}
	EXPECT_EQ(file_byte(0), 1);
	EXPECT_EQ(file_byte(512 * SECTORS), -1);
	teardown();
}

TEST(scattered)
{
	struct virtio_blk_outhdr *header;
	struct rings *r = &rings[0];

	setup();
	/* Header in two parts, data in three, status with the last of them. */
	header = guest_mem_at(&mem, HEADER, 0x100);
	*header = (struct virtio_blk_outhdr) { .type = VIRTIO_BLK_T_IN, .sector = 1 };
	rings_desc(r, 0, HEADER, 5, VRING_DESC_F_NEXT, 1);
	rings_desc(r, 1, HEADER + 5, 11, VRING_DESC_F_NEXT, 2);
	rings_desc(r, 2, DATA, 1, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 3);
	rings_desc(r, 3, DATA + 100, 700, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 4);
	rings_desc(r, 4, DATA + 1000, 324, VRING_DESC_F_WRITE, 0);
	memset(data(), 0xee, 2000);
	EXPECT_EQ(driver_do(&blk.dev, r, 0, 0), 1025);
	EXPECT_EQ(data()[0], 2);
	EXPECT_EQ(data()[100 + 510], 2);
	EXPECT_EQ(data()[100 + 511], 3);
	EXPECT_EQ(data()[1000 + 322], 3);
	EXPECT_EQ(data()[1000 + 323], VIRTIO_BLK_S_OK);
	EXPECT_EQ(data()[1000 + 324], 0xee);
	teardown();
}

TEST(identity)
{
	setup();
	memset(data(), 0xee, 32);
	EXPECT_EQ(request(VIRTIO_BLK_T_GET_ID, 0, 0, 20), VIRTIO_BLK_S_OK);
	EXPECT_STREQ((char *)data(), "gzvm-2");
	EXPECT_EQ(data()[20], 0xee);
	EXPECT_EQ(request(VIRTIO_BLK_T_GET_ID, 0, 0, 19), VIRTIO_BLK_S_IOERR);
	EXPECT_EQ(request(0x1234, 0, 0, 512), VIRTIO_BLK_S_UNSUPP);
	teardown();
}

static int zero(uint32_t type, uint64_t sector, uint32_t sectors, uint32_t flags)
{
	struct virtio_blk_discard_write_zeroes *range = (void *)data();

	*range = (struct virtio_blk_discard_write_zeroes) { sector, sectors, flags };
	return request(type, 0, sizeof(*range), 0);
}

TEST(zeroes)
{
	setup();
	for (unsigned int unmap = 0; unmap < 2; unmap++) {
		uint64_t sector = 4 + 16 * unmap;

		EXPECT_EQ(zero(VIRTIO_BLK_T_WRITE_ZEROES, sector, 8, unmap), VIRTIO_BLK_S_OK);
		EXPECT_EQ(file_byte(sector * 512 - 1), sector);
		EXPECT_EQ(file_byte(sector * 512), 0);
		EXPECT_EQ(file_byte((sector + 8) * 512 - 1), 0);
		EXPECT_EQ(file_byte((sector + 8) * 512), sector + 9);
	}
	EXPECT_EQ(zero(VIRTIO_BLK_T_DISCARD, 40, 8, 0), VIRTIO_BLK_S_OK);
	EXPECT_EQ(file_byte(39 * 512), 40);
	EXPECT_EQ(file_byte(48 * 512), 49);
	teardown();
}

TEST(zeroes_refused)
{
	const uint32_t types[] = { VIRTIO_BLK_T_WRITE_ZEROES, VIRTIO_BLK_T_DISCARD };

	setup();
	for (unsigned int i = 0; i < 2; i++) {
		uint32_t type = types[i];

		EXPECT_EQ(zero(type, SECTORS, 1, 0), VIRTIO_BLK_S_IOERR);
		EXPECT_EQ(zero(type, 0, SECTORS + 1, 0), VIRTIO_BLK_S_IOERR);
		EXPECT_EQ(zero(type, UINT64_MAX, 2, 0), VIRTIO_BLK_S_IOERR);
		EXPECT_EQ(zero(type, 0, 1, 2), VIRTIO_BLK_S_UNSUPP);
		EXPECT_EQ(request(type, 0, 15, 0), VIRTIO_BLK_S_IOERR);
		EXPECT_EQ(request(type, 0, 0, 0), VIRTIO_BLK_S_IOERR);
		EXPECT_EQ(request(type, 0, 33 * 16, 0), VIRTIO_BLK_S_IOERR);
	}
	EXPECT_EQ(zero(VIRTIO_BLK_T_DISCARD, 0, 1, 1), VIRTIO_BLK_S_UNSUPP);
	EXPECT_EQ(file_byte(0), 1);
	teardown();
}

TEST(read_only)
{
	image(SECTORS * 512);
	attach(true, UINT64_C(1) << VIRTIO_BLK_F_RO);
	EXPECT(device_features(&blk.dev) & UINT64_C(1) << VIRTIO_BLK_F_RO);
	EXPECT(!(device_features(&blk.dev) & UINT64_C(1) << VIRTIO_BLK_F_WRITE_ZEROES));
	EXPECT_EQ(request(VIRTIO_BLK_T_IN, 0, 0, 512), VIRTIO_BLK_S_OK);
	EXPECT_EQ(request(VIRTIO_BLK_T_OUT, 0, 512, 0), VIRTIO_BLK_S_IOERR);
	EXPECT_EQ(zero(VIRTIO_BLK_T_WRITE_ZEROES, 0, 1, 0), VIRTIO_BLK_S_IOERR);
	EXPECT_EQ(file_byte(0), 1);
	teardown();
}

/* The last sector of a file whose size is no multiple of 512. */
TEST(odd_size)
{
	image(2 * 512 + 100);
	attach(false, FLUSH);
	EXPECT_EQ(config(0), 3);
	memset(data(), 0xee, 1536);
	EXPECT_EQ(request(VIRTIO_BLK_T_IN, 0, 0, 1536), VIRTIO_BLK_S_OK);
	EXPECT_EQ(data()[1123], 3);
	EXPECT_EQ(data()[1124], 0);
	EXPECT_EQ(data()[1535], 0);
	EXPECT_EQ(request(VIRTIO_BLK_T_OUT, 2, 512, 0), VIRTIO_BLK_S_OK);
	EXPECT_EQ(request(VIRTIO_BLK_T_IN, 3, 0, 512), VIRTIO_BLK_S_IOERR);
	teardown();
}

/* A file that became shorter: an error, not zeroes. */
TEST(shrunk)
{
	setup();
	EXPECT_EQ(truncate(path, 1024), 0);
	EXPECT_EQ(request(VIRTIO_BLK_T_IN, 0, 0, 1024), VIRTIO_BLK_S_OK);
	EXPECT_EQ(request(VIRTIO_BLK_T_IN, 1, 0, 1024), VIRTIO_BLK_S_IOERR);
	teardown();
}

/* Buffers that are no requests. */
TEST(malformed)
{
	struct rings *r = &rings[0];

	setup();
	for (unsigned int i = 0; i < 3; i++) {
		driver_start(&blk.dev, rings, &mem, DRIVER_FEATURES | FLUSH);
		if (i == 0) {		/* no status */
			rings_desc(r, 0, HEADER, 16, 0, 0);
		} else if (i == 1) {	/* no header */
			rings_desc(r, 0, STATUS, 1, VRING_DESC_F_WRITE, 0);
		} else {		/* half a header */
			rings_desc(r, 0, HEADER, 15, VRING_DESC_F_NEXT, 1);
			rings_desc(r, 1, STATUS, 1, VRING_DESC_F_WRITE, 0);
		}
		CAPTURE_STDERR(
			rings_offer(r, 0);
			driver_kick(&blk.dev, 0);
			EXPECT(driver_wait(&blk.dev)));
		EXPECT(reg_read(&blk.dev, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET);
	}
	driver_start(&blk.dev, rings, &mem, DRIVER_FEATURES | FLUSH);
	EXPECT_EQ(request(VIRTIO_BLK_T_IN, 0, 0, 512), VIRTIO_BLK_S_OK);
	teardown();
}

static void refused(const char *file, bool read_only, const char *text)
{
	struct virtio_blk other = { .fd = -1 };
	int ret;

	CAPTURE_STDERR(ret = virtio_blk_open(&other, file, read_only));
	EXPECT(ret < 0);
	EXPECT_ONE_LINE();
	EXPECT_CONTAINS(ktap_stderr, file);
	EXPECT_CONTAINS(ktap_stderr, text);
	virtio_blk_close(&other);
}

TEST(refusals)
{
	int fd;

	refused("/tmp", false, "is a directory");
	refused("/nonexistent/disk", false, "No such file");
	refused("/dev/null", false, "not a file");
	/* A program that runs, this one, can be read and not written; some kernels let it be written. */
	fd = open("/proc/self/exe", O_RDWR);
	if (fd < 0)
		refused("/proc/self/exe", false,
			"Text file busy; check its permissions, or add ,ro");
	else
		close(fd);
	image(0);
	refused(path, false, "is empty");
	unlink(path);
	mkfifo(path, 0600);
	refused(path, false, "not a file");
	unlink(path);
}

TEST(two_writers)
{
	struct virtio_blk second = { .fd = -1 };

	setup();
	refused(path, false, "another program");
	refused(path, true, "another program");
	detach();
	attach(true, 0);
	EXPECT_EQ(virtio_blk_open(&second, path, true), 0);
	virtio_blk_close(&second);
	refused(path, false, "another program");
	teardown();
}
