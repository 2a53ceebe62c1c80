/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event loop of one thread: calls a function when a descriptor becomes readable.
 */
#ifndef VMM_LOOP_H
#define VMM_LOOP_H

#include <stdbool.h>

/* Queues of a device and one more, or the main thread's descriptors. */
#define LOOP_MAX_SOURCES	16

typedef void (*loop_fn)(void *context);

struct loop_source {
	int fd;
	bool enabled;
	loop_fn ready;
	void *context;
};

/**
 * struct loop - an event loop
 * @sources: what it waits for; changed by the loop's own thread only, or before it runs
 * @nr: number of sources
 * @stop_fd: eventfd that ends loop_run()
 * @stop: loop_run() returns; its own thread only
 */
struct loop {
	struct loop_source sources[LOOP_MAX_SOURCES];
	unsigned int nr;
	int stop_fd;
	bool stop;
};

int loop_init(struct loop *loop);
void loop_destroy(struct loop *loop);
int loop_add(struct loop *loop, int fd, loop_fn ready, void *context);
void loop_remove(struct loop *loop, int fd);
void loop_enable(struct loop *loop, int fd, bool enabled);
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif /* VMM_LOOP_H */
