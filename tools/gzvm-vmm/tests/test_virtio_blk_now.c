// SPDX-License-Identifier: GPL-2.0-only
/* Disks: which requests are done at once, by who notifies, and which by the thread. */
#include <errno.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include "disk.h"
#include "util.h"

/*
 * The file system below, as the tests want it and not as this machine has it: calls of the C
 * library that the disk makes end here.
 */
static long fs_type;		/* of statfs */
static int now_error[2];	/* of reads and writes with RWF_NOWAIT; 0: they do not wait */
static unsigned int now_asked[2];
static mode_t file_type;	/* what else than it is a file is said to be */

static ssize_t transfer(int fd, const struct iovec *iov, int n, off_t at, int flags, bool write)
{
	if (flags & RWF_NOWAIT) {
		now_asked[write]++;
		errno = now_error[write];
		if (errno)
			return -1;
	}
	return write ? pwritev(fd, iov, n, at) : preadv(fd, iov, n, at);
}

ssize_t preadv2(int fd, const struct iovec *iov, int n, off_t at, int flags)
{
	return transfer(fd, iov, n, at, flags, false);
}

ssize_t pwritev2(int fd, const struct iovec *iov, int n, off_t at, int flags)
{
	return transfer(fd, iov, n, at, flags, true);
}

int fstatfs(int fd, struct statfs *fs)
{
	(void)fd;
	fs->f_type = fs_type;
	return 0;
}

int stat(const char *file, struct stat *st)
{
	int ret = fstatat(AT_FDCWD, file, st, 0);

	if (!ret && file_type)
		st->st_mode = (st->st_mode & ~S_IFMT) | file_type;
	return ret;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;

	(void)fd;
	va_start(args, request);
	if (request == BLKGETSIZE64)
		*va_arg(args, uint64_t *) = SECTORS * 512;
	va_end(args);
	return 0;
}

/* A disk whose thread does not run: what is done, the one who notifies it has done. */
static void setup_alone(uint64_t features)
{
	memset(now_asked, 0, sizeof(now_asked));
	image(SECTORS * 512);
	attach(false, features);
	virtio_stop(&blk.dev);
	/* The one that DRIVER_OK makes. */
	vmm_eventfd_clear(blk.dev.queues[0].kick_fd);
}

static bool left_to_thread(void)
{
	uint64_t count;

	return read(blk.dev.queues[0].kick_fd, &count, sizeof(count)) == sizeof(count);
}

/* Offers the request that is described @n times, and notifies. Return: how many were done. */
static unsigned int done_at_once(unsigned int n)
{
	struct rings *r = &rings[0];
	uint16_t old = r->used->idx;

	driver_interrupted(&blk.dev);
	r->avail->ring[RINGS_SIZE] = old;
	for (unsigned int i = 0; i < n; i++)
		rings_offer(r, 0);
	driver_kick(&blk.dev, 0);
	return (uint16_t)(r->used->idx - old);
}

TEST(at_once)
{
	const long types[] = { TMPFS_MAGIC, RAMFS_MAGIC, EXT4_SUPER_MAGIC };

	for (unsigned int i = 0; i < 3; i++) {
		bool memory = i < 2;

		fs_type = types[i];
		setup_alone(FLUSH);
		EXPECT(blk.dev.now);
		describe(VIRTIO_BLK_T_IN, 3, 0, 4096);
		EXPECT_EQ(done_at_once(1), 1);
		EXPECT_EQ(*status, VIRTIO_BLK_S_OK);
		EXPECT(driver_interrupted(&blk.dev));
		EXPECT(data()[0] == 4 && data()[4095] == 11);
		memset(data(), 0xa5, 16384);
		describe(VIRTIO_BLK_T_OUT, 1, 16384, 0);
		EXPECT_EQ(done_at_once(1), 1);
		EXPECT_EQ(*status, VIRTIO_BLK_S_OK);
		EXPECT_EQ(file_byte(33 * 512 - 1), 0xa5);
		describe(VIRTIO_BLK_T_IN, SECTORS, 0, 512);
		EXPECT_EQ(done_at_once(1), 1);
		EXPECT_EQ(*status, VIRTIO_BLK_S_IOERR);
		EXPECT(!left_to_thread());
		/* One more read: whether the file system knows RWF_NOWAIT. */
		EXPECT_EQ(now_asked[0], memory ? 0 : 2);
		EXPECT_EQ(now_asked[1], memory ? 0 : 1);
		teardown();
	}
	fs_type = 0;
}

/* Requests that may take their time, or need more memory copied than a vCPU has time for. */
TEST(not_at_once)
{
	static const struct {
		uint32_t type, out, in;
		bool durable;
	} requests[] = {
		{ VIRTIO_BLK_T_IN, 0, 16384 + 512, false },
		{ VIRTIO_BLK_T_OUT, 16384 + 512, 0, false },
		{ VIRTIO_BLK_T_OUT, 512, 0, true },
		{ VIRTIO_BLK_T_FLUSH, 0, 0, false },
		{ VIRTIO_BLK_T_GET_ID, 0, 20, false },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(requests); i++) {
		setup_alone(requests[i].durable ? 0 : FLUSH);
		describe(requests[i].type, 0, requests[i].out, requests[i].in);
		EXPECT_EQ(done_at_once(1), 0);
		EXPECT_EQ(now_asked[1], 0);
		EXPECT(left_to_thread());
		EXPECT(!driver_interrupted(&blk.dev));
		/* What the thread does when it is told. */
		virtio_run_queue(&blk.dev, 0);
		EXPECT_EQ(*status, VIRTIO_BLK_S_OK);
		EXPECT(driver_interrupted(&blk.dev));
		/* The next one may be done at once again. */
		describe(VIRTIO_BLK_T_IN, 0, 0, 512);
		EXPECT_EQ(done_at_once(1), 1);
		teardown();
	}
}

/* What would wait: asked for each time. What the file system can't do at all: once. */
TEST(would_wait)
{
	static const int errors[] = { EAGAIN, EOPNOTSUPP };

	for (unsigned int i = 0; i < 4; i++) {
		bool write = i & 1;

		setup_alone(FLUSH);
		now_error[write] = errors[i / 2];
		memset(now_asked, 0, sizeof(now_asked));
		for (unsigned int n = 0; n < 3; n++) {
			*status = 0xee;
			describe(write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN, n, write ? 512 : 0,
				 write ? 0 : 512);
			EXPECT_EQ(done_at_once(1), 0);
			EXPECT_EQ(*status, 0xee);
			EXPECT(left_to_thread());
			virtio_run_queue(&blk.dev, 0);
			EXPECT_EQ(*status, VIRTIO_BLK_S_OK);
			EXPECT(driver_interrupted(&blk.dev));
		}
		EXPECT_EQ(now_asked[write], i < 2 ? 3 : 1);
		EXPECT_EQ(now_asked[!write], 0);
		now_error[write] = 0;
		teardown();
	}
}

/* Some buffers of one notification: a vCPU has other things to do. */
TEST(some_at_once)
{
	setup_alone(FLUSH);
	describe(VIRTIO_BLK_T_IN, 0, 0, 4096);
	EXPECT_EQ(done_at_once(VIRTIO_NOW_BUFFERS), VIRTIO_NOW_BUFFERS);
	EXPECT(!left_to_thread());
	EXPECT_EQ(done_at_once(VIRTIO_NOW_BUFFERS + 2), VIRTIO_NOW_BUFFERS);
	EXPECT(left_to_thread());
	virtio_run_queue(&blk.dev, 0);
	EXPECT_EQ(rings[0].used->idx, 2 * VIRTIO_NOW_BUFFERS + 2);
	teardown();
}

/* The thread is at work, and may or may not see this buffer; a driver that is not ready. */
TEST(never_waits)
{
	setup_alone(FLUSH);
	describe(VIRTIO_BLK_T_IN, 0, 0, 512);
	pthread_mutex_lock(&blk.dev.queues[0].lock);
	EXPECT_EQ(done_at_once(1), 0);
	pthread_mutex_unlock(&blk.dev.queues[0].lock);
	EXPECT(left_to_thread());
	virtio_run_queue(&blk.dev, 0);
	EXPECT_EQ(*status, VIRTIO_BLK_S_OK);
	reg_write(&blk.dev, VIRTIO_MMIO_STATUS, 0);
	EXPECT_EQ(done_at_once(1), 0);
	EXPECT(!left_to_thread());
	teardown();
}

TEST(malformed_at_once)
{
	setup_alone(FLUSH);
	rings_desc(&rings[0], 0, HEADER, 16, 0, 0);
	CAPTURE_STDERR(EXPECT_EQ(done_at_once(1), 0));
	EXPECT_ONE_LINE();
	EXPECT(reg_read(&blk.dev, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET);
	EXPECT(!left_to_thread());
	teardown();
}

/* Disks whose file system can't tell, and those whose files only look as if they were memory. */
TEST(never_at_once)
{
	now_error[0] = EOPNOTSUPP;
	setup_alone(FLUSH);
	EXPECT(!blk.dev.now);
	describe(VIRTIO_BLK_T_IN, 0, 0, 512);
	EXPECT_EQ(done_at_once(1), 0);
	EXPECT(left_to_thread());
	EXPECT_EQ(now_asked[0], 1);
	teardown();
	/* A block device, by its file in devtmpfs. */
	fs_type = TMPFS_MAGIC;
	file_type = S_IFBLK;
	setup_alone(FLUSH);
	EXPECT(!blk.dev.now);
	EXPECT_EQ(blk.now_flags, RWF_NOWAIT);
	teardown();
	now_error[0] = EAGAIN;
	setup_alone(FLUSH);
	EXPECT(blk.dev.now);
	now_error[0] = 0;
	fs_type = 0;
	file_type = 0;
	teardown();
}

static void describe_read(void)
{
	describe(VIRTIO_BLK_T_IN, 0, 0, 4096);
}

/* Resets while a vCPU and the thread work: no buffer is touched after the reset has returned. */
TEST(reset_races)
{
	setup();
	driver_reset_races(&blk.dev, rings, &mem, DRIVER_FEATURES | FLUSH, describe_read, DATA);
	driver_start(&blk.dev, rings, &mem, DRIVER_FEATURES | FLUSH);
	EXPECT_EQ(request(VIRTIO_BLK_T_IN, 0, 0, 512), VIRTIO_BLK_S_OK);
	teardown();
}

/* Random requests over random chains against a model of the disk. */
TEST(random_requests)
{
	static uint8_t model[SECTORS * 512];
	uint64_t seed = 99;

	setup();
	for (unsigned int i = 0; i < sizeof(model); i++)
		model[i] = i / 512 + 1;
	for (unsigned int i = 0; i < 6000; i++) {
		uint64_t sector = ktap_random(&seed) % SECTORS;
		uint32_t len = (ktap_random(&seed) % 8 + 1) * 512;
		bool fits = sector * 512 + len <= sizeof(model);
		bool write = ktap_random(&seed) & 1;
		int got;

		/* By the driver's thread, by the device's, or by the first and then the other one. */
		blk.dev.now = ktap_random(&seed) & 1;
		now_error[write] = ktap_random(&seed) & 1 ? EAGAIN : 0;
		memset(data(), ktap_random(&seed), len);
		got = request(write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN, sector,
			      write ? len : 0, write ? 0 : len);
		ASSERT(got == (fits ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR));
		if (!fits)
			continue;
		if (write)
			memcpy(model + sector * 512, data(), len);
		else
			ASSERT(!memcmp(model + sector * 512, data(), len));
	}
	now_error[0] = 0;
	now_error[1] = 0;
	EXPECT(now_asked[0] && now_asked[1]);
	teardown();
}
