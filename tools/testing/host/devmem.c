// SPDX-License-Identifier: GPL-2.0-only
/*
 * devmem START SIZE: reads and writes each page of a physical range through /dev/mem, as a process of the host may
 * where the kernel lets it (no STRICT_DEVMEM). Prints "refused N of M": the accesses that ended in SIGBUS, of two a
 * page. Any other signal ends the program, a page that can be read or written is named.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ul

static sigjmp_buf back;

static void on_bus(int number)
{
	siglongjmp(back, number);
}

int main(int argc, char **argv)
{
	unsigned long start, size, offset;
	volatile unsigned long refused = 0;
	volatile unsigned int *page, value = 0;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: devmem START SIZE\n");
		return 2;
	}
	start = strtoul(argv[1], NULL, 0);
	size = strtoul(argv[2], NULL, 0);
	fd = open("/dev/mem", O_RDWR | O_SYNC);
	if (fd < 0) {
		perror("/dev/mem");
		return 2;
	}
	signal(SIGBUS, on_bus);
	for (offset = 0; offset < size; offset += PAGE) {
		page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, start + offset);
		if (page == MAP_FAILED) {
			perror("mmap");
			return 2;
		}
		if (sigsetjmp(back, 1)) {
			refused++;
		} else {
			value = *page;
			printf("read %#lx: %#x\n", start + offset, value);
		}
		if (sigsetjmp(back, 1)) {
			refused++;
		} else {
			*page = value;
			printf("wrote %#lx\n", start + offset);
		}
		munmap((void *)page, PAGE);
	}
	printf("refused %lu of %lu\n", refused, 2 * (size / PAGE));
	return refused != 2 * (size / PAGE);
}
