// SPDX-License-Identifier: GPL-2.0-only
/* A guest's disk, without the page cache: random pages one at a time, and a stream. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <linux/fs.h>
#include <unistd.h>

#include "bench.h"

#define RANDOM		1024
#define RANDOM_SIZE	4096
#define STREAM		128
#define STREAM_SIZE	(128 << 10)

static int transfer(int fd, char *buffer, uint64_t size, int is_write, const char *name)
{
	uint64_t start = bench_ticks(), x = 1;

	for (unsigned int i = 0; i < RANDOM; i++) {
		off_t at;

		/* The same places in each run; Knuth's constants of a 64-bit generator. */
		x = x * 6364136223846793005 + 1442695040888963407;
		at = (x >> 33) % (size / RANDOM_SIZE) * RANDOM_SIZE;
		if ((is_write ? pwrite(fd, buffer, RANDOM_SIZE, at) :
				pread(fd, buffer, RANDOM_SIZE, at)) != RANDOM_SIZE)
			return 1;
	}
	bench_row(name, bench_ticks() - start, RANDOM);
	return 0;
}

static int stream(int fd, char *buffer)
{
	uint64_t start = bench_ticks();

	for (unsigned int i = 0; i < STREAM; i++)
		if (pread(fd, buffer, STREAM_SIZE, (off_t)i * STREAM_SIZE) != STREAM_SIZE)
			return 1;
	bench_row("blk_stream_128k", bench_ticks() - start, STREAM);
	return 0;
}

/**
 * bench_disk() - measure a disk
 * @path: block device; its contents are lost
 *
 * Return: 0, or 1 if something failed.
 */
int bench_disk(const char *path)
{
	int fd = open(path, O_RDWR | O_DIRECT), err;
	uint64_t size = 0;
	void *buffer;

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &size) || size < STREAM * STREAM_SIZE ||
	    posix_memalign(&buffer, 4096, STREAM_SIZE))
		return 1;
	err = transfer(fd, buffer, size, 0, "blk_read_4k") ||
	      transfer(fd, buffer, size, 1, "blk_write_4k") || stream(fd, buffer);
	free(buffer);
	close(fd);
	return err;
}
