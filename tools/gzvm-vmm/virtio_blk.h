/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtio block device on a raw image or a block device.
 */
#ifndef VMM_VIRTIO_BLK_H
#define VMM_VIRTIO_BLK_H

#include "virtio.h"

/**
 * struct virtio_blk - a disk
 * @dev: the device
 * @fd: the image
 * @read_only: the guest may not write
 * @now_flags: RWF_* of transfers that must not wait for a device
 * @can_now: whether there are any that can't wait: [0] reads, [1] writes
 * @sectors: its size in sectors of 512 bytes, rounded up
 * @id: answer to GET_ID
 */
struct virtio_blk {
	struct virtio_device dev;
	int fd;
	bool read_only;
	int now_flags;
	bool can_now[2];
	uint64_t sectors;
	char id[20];
};

int virtio_blk_open(struct virtio_blk *blk, const char *path, bool read_only);
int virtio_blk_init(struct virtio_blk *blk, const struct guest_mem *mem, unsigned int index);
void virtio_blk_close(struct virtio_blk *blk);

#endif /* VMM_VIRTIO_BLK_H */
