// SPDX-License-Identifier: GPL-2.0-only
/*
 * devmem: looks for holes in the hypervisor, from a program of the host with
 * /dev/mem, and prints what it found.
 *
 *	devmem map	every page of the hypervisor's, mapped: loads and stores
 *	devmem calls	the kernel as a go-between: read(), write(), and system calls
 *			that copy from and to such a mapping
 *	devmem walk	a page table in the hypervisor's memory (with hypprobe)
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RESERVED "/proc/device-tree/reserved-memory"
#define MAX_RANGES 8
#define PAGE 4096UL

static struct range {
	uint64_t base, size;
} range[MAX_RANGES];
static unsigned int nr_ranges;

static sigjmp_buf jump;
static volatile sig_atomic_t last_signal;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void find_ranges(void)
{
	DIR *d = opendir(RESERVED);
	struct dirent *e;

	if (!d)
		die(RESERVED);
	while ((e = readdir(d))) {
		char path[512];
		uint64_t reg[2];
		int fd;

		if (strncmp(e->d_name, "geniezone@", 10) || nr_ranges == MAX_RANGES)
			continue;
		snprintf(path, sizeof(path), RESERVED "/%s/reg", e->d_name);
		fd = open(path, O_RDONLY);
		if (fd < 0 || read(fd, reg, sizeof(reg)) != sizeof(reg))
			die(path);
		close(fd);
		range[nr_ranges].base = be64toh(reg[0]);
		range[nr_ranges++].size = be64toh(reg[1]);
	}
	closedir(d);
	if (!nr_ranges) {
		fprintf(stderr, "no hypervisor in " RESERVED "\n");
		exit(1);
	}
}

static void caught(int number, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	last_signal = number;
	siglongjmp(jump, 1);
}

static void catch_signals(void)
{
	struct sigaction a = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_NODEFER };

	sigaction(SIGBUS, &a, NULL);
	sigaction(SIGSEGV, &a, NULL);
	sigaction(SIGILL, &a, NULL);
}

/* One access each: the signal that it ended with, or 0. */
static int __attribute__((noinline)) try_load(volatile uint32_t *p, uint32_t *value)
{
	last_signal = 0;
	if (!sigsetjmp(jump, 1))
		*value = *p;
	return last_signal;
}

static int __attribute__((noinline)) try_store(volatile uint32_t *p, uint32_t value)
{
	last_signal = 0;
	if (!sigsetjmp(jump, 1))
		*p = value;
	return last_signal;
}

static int __attribute__((noinline)) try_fetch(volatile uint32_t *p)
{
	last_signal = 0;
	if (!sigsetjmp(jump, 1))
		((void (*)(void))(uintptr_t)p)();
	return last_signal;
}

static int devmem;

static void *map(uint64_t base, uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, devmem, base);

	if (p == MAP_FAILED)
		die("mmap of /dev/mem");
	return p;
}

static void test_map(void)
{
	unsigned long pages = 0, reads = 0, writes = 0, others = 0;

	for (unsigned int i = 0; i < nr_ranges; i++) {
		char *all = map(range[i].base, range[i].size);

		for (uint64_t at = 0; at < range[i].size; at += PAGE) {
			/* A place that differs from page to page. */
			volatile uint32_t *p = (void *)(all + at + (at / PAGE * 52 & 0xffc));
			uint32_t value = 0x5a5a5a5a;
			int loaded = try_load(p, &value);
			/* Where the load worked its own value goes back. */
			int stored = try_store(p, value);

			pages++;
			reads += loaded == SIGBUS;
			writes += stored == SIGBUS;
			others += (loaded && loaded != SIGBUS) + (stored && stored != SIGBUS);
		}
		munmap(all, range[i].size);
	}
	printf("pages: %lu\nreads refused: %lu\nwrites refused: %lu\nother signals: %lu\n", pages,
	       reads, writes, others);
}

/* The result of one system call in words. */
static void result(const char *name, ssize_t r)
{
	printf("%s: %s\n", name, r < 0 ? strerrorname_np(errno) : "done");
}

static void test_calls(void)
{
	char buffer[64] = "text";
	int pipes[2];

	if (pipe(pipes))
		die("pipe");
	for (unsigned int i = 0; i < nr_ranges; i++) {
		char *p = map(range[i].base, PAGE);

		result("pread", pread(devmem, buffer, sizeof(buffer), range[i].base));
		result("pwrite", pwrite(devmem, buffer, sizeof(buffer), range[i].base));
		/* copy_from_user(), copy_to_user(), and strings */
		result("copy from", write(pipes[1], p, sizeof(buffer)));
		if (write(pipes[1], buffer, sizeof(buffer)) != sizeof(buffer))
			die("write to a pipe");
		result("copy to", read(pipes[0], p, sizeof(buffer)));
		result("string from", open(p, O_RDONLY));
		munmap(p, PAGE);
	}
}

static uint64_t read_probe(const char *name)
{
	char path[128], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/hypprobe/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die(path);
	close(fd);
	return strtoull(text, NULL, 16);
}

static void say(const char *name, int number)
{
	printf("%s: %s\n", name, number ? sigabbrev_np(number) : "done");
}

static void test_walk(void)
{
	volatile uint32_t *p = (void *)read_probe("walk_set");
	uint32_t value;

	say("load", try_load(p, &value));
	say("store", try_store(p, 1));
	say("fetch", try_fetch(p));
	read_probe("walk_clear");
}

int main(int argc, char **argv)
{
	const char *test = argc == 2 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	find_ranges();
	catch_signals();
	devmem = open("/dev/mem", O_RDWR | O_SYNC);
	if (devmem < 0 && strcmp(test, "walk"))
		die("/dev/mem");
	if (!strcmp(test, "map"))
		test_map();
	else if (!strcmp(test, "calls"))
		test_calls();
	else if (!strcmp(test, "walk"))
		test_walk();
	else
		return 2;
	return 0;
}
