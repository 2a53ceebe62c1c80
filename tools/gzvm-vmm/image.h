/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arm64 kernel images.
 */
#ifndef VMM_IMAGE_H
#define VMM_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/* The header, and the table of sections behind it, lie in the first page. */
#define IMAGE_HEAD_SIZE		4096

/**
 * struct image_info - what the header of a kernel image says
 * @text_offset: where it goes, from a multiple of 2 MiB
 * @image_size: bytes of memory that it needs from there, the file and more
 * @keep_free: bytes behind them that it may need, too
 */
struct image_info {
	uint64_t text_offset;
	uint64_t image_size;
	uint64_t keep_free;
};

const char *image_check(const uint8_t *head, size_t head_size, uint64_t file_size,
			struct image_info *info);

#endif /* VMM_IMAGE_H */
