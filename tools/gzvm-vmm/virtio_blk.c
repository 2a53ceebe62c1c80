// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio block device: virtio 1.2, section 5.2.
 *
 * Requests are carried out one after the other. A write is done when the host's page cache has
 * it; FLUSH makes it durable. A driver that cannot flush gets every write durable.
 *
 * A small read or write that needs the host's memory alone is done at once by the vCPU that asks
 * for it: of a file system that is memory any, else what the kernel can do without waiting
 * (RWF_NOWAIT), and the kernel says which. Everything else is the device's thread's.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <stdio.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util.h"
#include "virtio_blk.h"

#define SECTOR_SHIFT		9
#define SECTOR_SIZE		(1 << SECTOR_SHIFT)
#define BLK_QUEUE_SIZE		256
/* Ranges in one discard request, and sectors in one range. */
#define BLK_MAX_RANGES		32
#define BLK_MAX_RANGE_SECTORS	(UINT32_C(1) << 21)
/* Bytes that a vCPU may copy: takes about as long as to wake a thread. */
#define BLK_NOW_BYTES		16384

/**
 * struct blk_request - one request in work
 * @blk: the disk
 * @chain: its buffer
 * @sector: where it starts
 * @out: bytes that the driver sends, without the header
 * @in: bytes that the driver wants, without the status
 * @now: it must not wait
 */
struct blk_request {
	struct virtio_blk *blk;
	struct virtqueue_chain *chain;
	uint64_t sector;
	uint64_t out;
	uint64_t in;
	bool now;
};

static struct virtio_blk *blk_of(struct virtio_device *dev)
{
	return container_of(dev, struct virtio_blk, dev);
}

static uint64_t blk_features(struct virtio_device *dev)
{
	uint64_t features = UINT64_C(1) << VIRTIO_BLK_F_SEG_MAX |
			    UINT64_C(1) << VIRTIO_BLK_F_FLUSH;

	if (blk_of(dev)->read_only)
		return features | UINT64_C(1) << VIRTIO_BLK_F_RO;
	return features | UINT64_C(1) << VIRTIO_BLK_F_DISCARD |
	       UINT64_C(1) << VIRTIO_BLK_F_WRITE_ZEROES;
}

static void blk_read_config(struct virtio_device *dev, uint8_t config[256])
{
	struct virtio_blk_config layout = {
		.capacity = htole64(blk_of(dev)->sectors),
		/* Header and status take two descriptors. */
		.seg_max = htole32(BLK_QUEUE_SIZE - 2),
		.max_discard_sectors = htole32(BLK_MAX_RANGE_SECTORS),
		.max_discard_seg = htole32(BLK_MAX_RANGES),
		.discard_sector_alignment = htole32(1),
		.max_write_zeroes_sectors = htole32(BLK_MAX_RANGE_SECTORS),
		.max_write_zeroes_seg = htole32(BLK_MAX_RANGES),
		.write_zeroes_may_unmap = 1,
	};

	memcpy(config, &layout, sizeof(layout));
}

static bool blk_range_valid(const struct virtio_blk *blk, uint64_t sector, uint64_t sectors)
{
	return sector <= blk->sectors && sectors <= blk->sectors - sector;
}

/*
 * Reads or writes @len bytes between the file and the parts of a buffer. Behind the end of
 * the file only the rest of its last sector is legal to read: zeroes.
 *
 * Return: 0 or a negative errno; with RWF_NOWAIT in @flags that may be -EAGAIN or -EOPNOTSUPP,
 * and a part may have been transferred.
 */
static int blk_transfer(const struct virtio_blk *blk, struct iovec *iov, unsigned int n,
			uint64_t offset, uint64_t len, bool write, int flags)
{
	uint64_t end = blk->sectors << SECTOR_SHIFT;

	while (len) {
		struct iovec rest[VIRTQUEUE_MAX_SIZE];
		ssize_t done = write ? pwritev2(blk->fd, iov, n, offset, flags) :
				       preadv2(blk->fd, iov, n, offset, flags);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (!done && !write && end - offset == len && len < SECTOR_SIZE) {
			for (unsigned int i = 0; i < n; i++)
				memset(iov[i].iov_base, 0, iov[i].iov_len);
			return 0;
		}
		if (!done)
			return -EIO;
		offset += done;
		len -= done;
		n = iov_slice(iov, n, done, len, rest);
		memcpy(iov, rest, n * sizeof(rest[0]));
	}
	return 0;
}

/*
 * A read's or write's transfer, as its request wants it. Return: as blk_transfer(); -EAGAIN: the
 * same again by who may wait. A file system that can't but wait is not asked twice.
 */
static int blk_transfer_request(struct blk_request *req, struct iovec *iov, unsigned int n,
				uint64_t len, bool write)
{
	struct virtio_blk *blk = req->blk;
	int err = blk_transfer(blk, iov, n, req->sector << SECTOR_SHIFT, len, write,
			       req->now ? blk->now_flags : 0);

	if (req->now && err == -EOPNOTSUPP) {
		blk->can_now[write] = false;
		return -EAGAIN;
	}
	return err;
}

static int blk_sync(const struct virtio_blk *blk)
{
	return fdatasync(blk->fd) ? -errno : 0;
}

static int blk_read(struct blk_request *req)
{
	struct iovec iov[VIRTQUEUE_MAX_SIZE];
	unsigned int n;

	if (req->in % SECTOR_SIZE ||
	    !blk_range_valid(req->blk, req->sector, req->in >> SECTOR_SHIFT))
		return -EINVAL;
	n = iov_slice(req->chain->iov + req->chain->out, req->chain->in, 0, req->in, iov);
	return blk_transfer_request(req, iov, n, req->in, false);
}

static int blk_write(struct blk_request *req)
{
	uint64_t flush = req->blk->dev.driver_features & UINT64_C(1) << VIRTIO_BLK_F_FLUSH;
	struct iovec iov[VIRTQUEUE_MAX_SIZE];
	unsigned int n;
	int err;

	if (req->blk->read_only || req->out % SECTOR_SIZE ||
	    !blk_range_valid(req->blk, req->sector, req->out >> SECTOR_SHIFT))
		return -EINVAL;
	n = iov_slice(req->chain->iov, req->chain->out, sizeof(struct virtio_blk_outhdr),
		      req->out, iov);
	err = blk_transfer_request(req, iov, n, req->out, true);
	return err || flush ? err : blk_sync(req->blk);
}

/* For files that cannot be told to hold zeroes. */
static int blk_write_zeroes_slowly(const struct virtio_blk *blk, uint64_t offset, uint64_t len)
{
	static const uint8_t zeroes[65536];

	while (len) {
		struct iovec iov = {
			.iov_base = (void *)zeroes, .iov_len = MIN(len, sizeof(zeroes)),
		};
		uint64_t part = iov.iov_len;
		int err = blk_transfer(blk, &iov, 1, offset, part, true, 0);

		if (err)
			return err;
		offset += part;
		len -= part;
	}
	return 0;
}

static int blk_zero_range(const struct virtio_blk *blk, uint64_t offset, uint64_t len,
			  bool discard, bool unmap)
{
	int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	int zero = FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;

	if (!len)
		return 0;
	if (!fallocate(blk->fd, discard || unmap ? punch : zero, offset, len))
		return 0;
	/* A discard is advice; zeroes are not. */
	if (discard)
		return errno == EOPNOTSUPP || errno == ENODEV ? 0 : -errno;
	return blk_write_zeroes_slowly(blk, offset, len);
}

/* Section 5.2.6.2: both requests carry a list of ranges. */
static int blk_discard(struct blk_request *req, bool discard)
{
	struct virtio_blk_discard_write_zeroes ranges[BLK_MAX_RANGES];
	struct virtio_blk *blk = req->blk;
	size_t n = req->out / sizeof(ranges[0]);
	uint32_t known = discard ? 0 : VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP;

	if (blk->read_only || !n || n > BLK_MAX_RANGES || req->out % sizeof(ranges[0]))
		return -EINVAL;
	iov_copy_from(req->chain->iov, req->chain->out, sizeof(struct virtio_blk_outhdr),
		      ranges, req->out);
	for (size_t i = 0; i < n; i++) {
		if (le32toh(ranges[i].flags) & ~known)
			return -EOPNOTSUPP;
		if (le32toh(ranges[i].num_sectors) > BLK_MAX_RANGE_SECTORS ||
		    !blk_range_valid(blk, le64toh(ranges[i].sector),
				     le32toh(ranges[i].num_sectors)))
			return -EINVAL;
	}
	for (size_t i = 0; i < n; i++) {
		int err = blk_zero_range(blk, le64toh(ranges[i].sector) << SECTOR_SHIFT,
					 (uint64_t)le32toh(ranges[i].num_sectors)
						<< SECTOR_SHIFT,
					 discard, le32toh(ranges[i].flags));

		if (err)
			return err;
	}
	return 0;
}

static int blk_get_id(struct blk_request *req)
{
	/* Section 5.2.6.1: 20 bytes, without a final zero if all are used. */
	if (req->in < sizeof(req->blk->id))
		return -EINVAL;
	iov_copy_to(req->chain->iov + req->chain->out, req->chain->in, 0, req->blk->id,
		    sizeof(req->blk->id));
	return 0;
}

static int blk_dispatch(struct blk_request *req, uint32_t type)
{
	switch (type) {
	case VIRTIO_BLK_T_IN:
		return blk_read(req);
	case VIRTIO_BLK_T_OUT:
		return blk_write(req);
	case VIRTIO_BLK_T_FLUSH:
		return blk_sync(req->blk);
	case VIRTIO_BLK_T_GET_ID:
		return blk_get_id(req);
	case VIRTIO_BLK_T_DISCARD:
		return blk_discard(req, true);
	case VIRTIO_BLK_T_WRITE_ZEROES:
		return blk_discard(req, false);
	}
	return -EOPNOTSUPP;
}

/* Whether a request is one of those that can be tried without a wait. */
static bool blk_may_now(const struct blk_request *req, uint32_t type)
{
	switch (type) {
	case VIRTIO_BLK_T_IN:
		return req->blk->can_now[false] && req->in <= BLK_NOW_BYTES;
	case VIRTIO_BLK_T_OUT:
		/* A write that has to be durable waits for the disk. */
		return req->blk->can_now[true] && req->out <= BLK_NOW_BYTES &&
		       req->blk->dev.driver_features & UINT64_C(1) << VIRTIO_BLK_F_FLUSH;
	}
	return false;
}

/*
 * Carries a request out, and writes its status: the last byte of the buffer. Return: bytes
 * written to the buffer, or -EAGAIN if it must not wait and has to.
 */
static int64_t blk_execute(struct virtio_blk *blk, struct virtqueue_chain *chain, bool now)
{
	struct virtio_blk_outhdr header;
	struct blk_request req = {
		.blk = blk,
		.chain = chain,
		.out = chain->out_len - sizeof(header),
		.in = chain->in_len - 1,
		.now = now,
	};
	uint8_t status = VIRTIO_BLK_S_OK;
	int err;

	iov_copy_from(chain->iov, chain->out, 0, &header, sizeof(header));
	req.sector = le64toh(header.sector);
	if (now && !blk_may_now(&req, le32toh(header.type)))
		return -EAGAIN;
	err = blk_dispatch(&req, le32toh(header.type));
	if (now && err == -EAGAIN)
		return err;
	if (err)
		status = err == -EOPNOTSUPP ? VIRTIO_BLK_S_UNSUPP : VIRTIO_BLK_S_IOERR;
	iov_copy_to(chain->iov + chain->out, chain->in, req.in, &status, 1);
	return err ? 1 : MIN(chain->in_len, UINT32_MAX);
}

static int blk_handle_next(struct virtio_device *dev, unsigned int queue, bool now)
{
	struct virtqueue *vq = &dev->queues[queue].vq;
	struct virtqueue_chain chain;
	int64_t written;
	int ret = virtqueue_pop(vq, &chain);

	if (ret <= 0)
		return ret;
	if (chain.out_len < sizeof(struct virtio_blk_outhdr) || !chain.in_len)
		return -EINVAL;
	written = blk_execute(blk_of(dev), &chain, now);
	if (written < 0) {
		virtqueue_unpop(vq);
		return written;
	}
	if (virtqueue_push(vq, &chain, written))
		virtio_notify(dev);
	return 1;
}

static int blk_handle(struct virtio_device *dev, unsigned int queue)
{
	return blk_handle_next(dev, queue, false);
}

static int blk_handle_now(struct virtio_device *dev, unsigned int queue)
{
	return blk_handle_next(dev, queue, true);
}

static const struct virtio_ops virtio_blk_ops = {
	.name = "virtio-blk",
	.id = VIRTIO_ID_BLOCK,
	.nr_queues = 1,
	.queue_size = BLK_QUEUE_SIZE,
	.features = blk_features,
	.read_config = blk_read_config,
	.handle = blk_handle,
	.handle_now = blk_handle_now,
};

/* Two VMMs that write one image would destroy it. */
static int blk_lock(int fd, bool read_only)
{
	struct flock lock = { .l_type = read_only ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET };

	if (!fcntl(fd, F_OFD_SETLK, &lock) || (errno != EAGAIN && errno != EACCES))
		return 0;	/* locked, or on a file system without locks */
	return -EBUSY;
}

static int blk_size(int fd, const struct stat *st, uint64_t *size)
{
	if (S_ISREG(st->st_mode)) {
		*size = st->st_size;
		return 0;
	}
	return ioctl(fd, BLKGETSIZE64, size) ? -errno : 0;
}

/*
 * What can be done without waiting for a device. A file in a file system that is memory is no more
 * apt to be swapped out than the guest's own memory is. Elsewhere one read tells: those that
 * know no RWF_NOWAIT (network file systems, FUSE) refuse it; who does not know it for writes
 * alone is found out by the first one.
 */
static void blk_find_now(struct virtio_blk *blk, mode_t mode)
{
	struct iovec iov = { .iov_base = &(uint8_t) { 0 }, .iov_len = 1 };
	struct statfs fs;
	/* A block device's file lies in memory, its data does not. */
	bool memory = S_ISREG(mode) && !fstatfs(blk->fd, &fs) &&
		      (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
	bool now;

	blk->now_flags = memory ? 0 : RWF_NOWAIT;
	now = memory || preadv2(blk->fd, &iov, 1, 0, RWF_NOWAIT) >= 0 || errno == EAGAIN;
	blk->can_now[false] = now;
	blk->can_now[true] = now;
}

/**
 * virtio_blk_open() - open the file behind a disk
 * @blk: filled in but for its dev and id
 * @path: raw image or block device
 * @read_only: open it for reading only
 *
 * Return: 0, or a negative errno after the line that explains it.
 */
int virtio_blk_open(struct virtio_blk *blk, const char *path, bool read_only)
{
	uint64_t size = 0;
	struct stat st;
	int err;

	blk->fd = -1;
	blk->read_only = read_only;
	/* Checked before it is opened: opening a FIFO would wait. */
	if (stat(path, &st)) {
		err = -errno;
		vmm_error("--disk %s: %s; give a raw disk image or a block device", path,
			  strerror(-err));
		return err;
	}
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
		vmm_error("--disk %s: %s; give a raw disk image or a block device", path,
			  S_ISDIR(st.st_mode) ? "is a directory" : "is not a file");
		return -EINVAL;
	}
	blk->fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (blk->fd < 0) {
		err = -errno;
		vmm_error("--disk %s: %s; %s", path, strerror(-err), read_only ?
			  "check its permissions" : "check its permissions, or add ,ro");
		return err;
	}
	err = blk_lock(blk->fd, read_only);
	if (err) {
		vmm_error("--disk %s: another program uses it; end that one, or let both read "
			  "only (,ro)", path);
		return err;
	}
	err = blk_size(blk->fd, &st, &size);
	if (err || !size) {
		vmm_error("--disk %s: %s; give a raw disk image or a block device", path,
			  err ? strerror(-err) : "is empty");
		return err ? err : -EINVAL;
	}
	blk->sectors = (size + SECTOR_SIZE - 1) >> SECTOR_SHIFT;
	blk_find_now(blk, st.st_mode);
	return 0;
}

/**
 * virtio_blk_init() - make a disk in its reset state
 * @blk: opened by virtio_blk_open(); its dev is legal for virtio_destroy() whatever is
 *	returned
 * @mem: guest memory
 * @index: its number in the machine
 *
 * Return: 0, or a negative errno.
 */
int virtio_blk_init(struct virtio_blk *blk, const struct guest_mem *mem, unsigned int index)
{
	int err;

	memset(blk->id, 0, sizeof(blk->id));
	snprintf(blk->id, sizeof(blk->id), "gzvm-%u", index);
	err = virtio_init(&blk->dev, &virtio_blk_ops, mem, index);
	blk->dev.now = blk->can_now[false];
	return err;
}

/**
 * virtio_blk_close() - close the file behind a disk
 * @blk: the disk; one that was not opened has fd -1
 */
void virtio_blk_close(struct virtio_blk *blk)
{
	vmm_close(&blk->fd);
}
