// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eventfds: a VMM of one guest, bench_io, whose devices are eventfds alone. The vCPU runs on
 * CPU 0, everybody else on CPU 1.
 */
#include <endian.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench.h"
#include "guest_mem.h"
#include "hv.h"
#include "../guest/io.h"
#include "layout.h"

#define MEMORY	(UINT64_C(64) << 20)

struct io {
	struct hv hv;
	struct hv_vcpu vcpu;
	struct guest_mem mem;
	int unread_fd;	/* nobody reads it */
	int read_fd;	/* reader() sleeps on it */
	int ask_fd;	/* answerer() sleeps on it */
	int irq_fd;	/* and signals this one */
};

static void pin(unsigned int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

static void *reader(void *context)
{
	struct io *io = context;
	uint64_t count;

	pin(1);
	while (read(io->read_fd, &count, sizeof(count)) == sizeof(count))
		;
	return NULL;
}

/* The guest asks for an interrupt; the moment of the signal goes into its memory. */
static void *answerer(void *context)
{
	struct io *io = context;
	volatile uint64_t *stamp = guest_mem_at(&io->mem, IO_STAMP, sizeof(*stamp));
	uint64_t one = 1;

	pin(1);
	while (read(io->ask_fd, &one, sizeof(one)) == sizeof(one)) {
		one = 1;
		/*
		 * The guest has gone to sleep by then, if it wanted to: nothing tells that from outside
		 * without being measured too. A millisecond is a million instructions here.
		 */
		usleep(1000);
		*stamp = bench_ticks();
		if (write(io->irq_fd, &one, sizeof(one)) != sizeof(one))
			break;
	}
	return NULL;
}

static int load(struct io *io, const char *image, const char *profile)
{
	FILE *file = fopen(image, "re");
	uint32_t *dtb = guest_mem_at(&io->mem, IO_DTB, IO_DTB_SIZE);
	size_t got;

	if (!file)
		return 1;
	dtb[0] = htobe32(0xd00dfeed);
	dtb[1] = htobe32(IO_DTB_SIZE);
	if (profile)
		snprintf((char *)(dtb + 2), IO_DTB_SIZE - 16, "profile=%s", profile);
	got = fread(io->mem.host, 1, MEMORY, file);
	fclose(file);
	return !got;
}

static int build(struct io *io, const char *image, const char *profile)
{
	const struct hv_ops *ops = io->hv.ops;

	io->vcpu.hv = &io->hv;
	io->unread_fd = eventfd(0, EFD_CLOEXEC);
	io->read_fd = eventfd(0, EFD_CLOEXEC);
	io->ask_fd = eventfd(0, EFD_CLOEXEC);
	io->irq_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return guest_mem_alloc(&io->mem, LAYOUT_RAM, MEMORY) || load(io, image, profile) ||
	       ops->vm_create(&io->hv) ||
	       ops->memory_add(&io->hv, 0, LAYOUT_RAM, MEMORY, io->mem.host) ||
	       ops->gic_create(&io->hv, LAYOUT_GIC_DIST, layout_gic_redist(1)) ||
	       ops->vcpu_create(&io->hv, 0, &io->vcpu) ||
	       ops->vm_finish(&io->hv, LAYOUT_RAM, 4096) ||
	       ops->vcpu_boot(&io->vcpu, LAYOUT_RAM, IO_DTB) ||
	       ops->irqfd(&io->hv, io->irq_fd, IO_SPI - 32) ||
	       ops->ioeventfd(&io->hv, io->unread_fd, IO_UNREAD, 0) ||
	       ops->ioeventfd(&io->hv, io->read_fd, IO_READ, 0) ||
	       ops->ioeventfd(&io->hv, io->ask_fd, IO_ASK, 0);
}

/* Only the 16550's data register means something here. */
static int run(struct io *io)
{
	struct hv_exit exit;

	for (;;) {
		io->hv.ops->vcpu_run(&io->vcpu, &exit);
		switch (exit.kind) {
		case HV_EXIT_AGAIN:
			break;
		case HV_EXIT_MMIO:
			if (exit.is_write && exit.addr == LAYOUT_SERIAL) {
				putchar(exit.data[0]);
				if (exit.data[0] == '\n')
					fflush(stdout);
			}
			if (!exit.is_write)
				memset(exit.data, 0, 8);
			break;
		case HV_EXIT_POWER_OFF:
			return 0;
		default:
			fprintf(stderr, "gzvm-bench: the guest ended: %s\n", exit.text);
			return 1;
		}
	}
}

/**
 * bench_io() - run bench_io
 * @hypervisor: name of the back end
 * @image: the guest
 * @profile: the one row that the guest does for ever, or NULL
 *
 * Return: 0, or 1 if something failed. The threads end with the process.
 */
int bench_io(const char *hypervisor, const char *image, const char *profile)
{
	struct io io = { 0 };
	pthread_t thread[2];

	if (hv_open(&io.hv, hv_find(hypervisor)) || build(&io, image, profile) ||
	    pthread_create(&thread[0], NULL, reader, &io) ||
	    pthread_create(&thread[1], NULL, answerer, &io))
		return 1;
	pin(0);
	return run(&io);
}
