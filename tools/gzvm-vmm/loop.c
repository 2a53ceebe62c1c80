// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event loop.
 *
 * poll() and not epoll: a loop has a handful of sources, and standard input may be a regular
 * file or /dev/null, which epoll refuses.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "loop.h"
#include "util.h"

/**
 * loop_init() - make an event loop without sources
 * @loop: filled in
 *
 * Return: 0, or a negative errno.
 */
int loop_init(struct loop *loop)
{
	memset(loop, 0, sizeof(*loop));
	loop->stop_fd = vmm_eventfd_new();
	return loop->stop_fd < 0 ? loop->stop_fd : 0;
}

/**
 * loop_destroy() - free a loop; its sources' descriptors stay open
 * @loop: a loop that no thread runs
 */
void loop_destroy(struct loop *loop)
{
	vmm_close(&loop->stop_fd);
	loop->nr = 0;
}

/**
 * loop_add() - wait for a descriptor, too
 * @loop: the loop
 * @fd: the descriptor
 * @ready: called when @fd is readable, at its end, or in error
 * @context: passed to @ready
 *
 * Context: the loop's thread, or no thread runs the loop yet.
 * Return: 0, or -ENOSPC.
 */
int loop_add(struct loop *loop, int fd, loop_fn ready, void *context)
{
	if (loop->nr == LOOP_MAX_SOURCES)
		return -ENOSPC;
	loop->sources[loop->nr++] = (struct loop_source) {
		.fd = fd, .enabled = true, .ready = ready, .context = context,
	};
	return 0;
}

static struct loop_source *loop_find(struct loop *loop, int fd)
{
	for (unsigned int i = 0; i < loop->nr; i++)
		if (loop->sources[i].fd == fd)
			return &loop->sources[i];
	return NULL;
}

/**
 * loop_remove() - wait for a descriptor no more
 * @loop: the loop
 * @fd: the descriptor
 *
 * Context: as loop_add().
 */
void loop_remove(struct loop *loop, int fd)
{
	struct loop_source *source = loop_find(loop, fd);

	if (source)
		*source = loop->sources[--loop->nr];
}

/**
 * loop_enable() - look at a descriptor, or leave it alone for a while
 * @loop: the loop
 * @fd: the descriptor
 * @enabled: whether to look at it
 *
 * Context: as loop_add().
 */
void loop_enable(struct loop *loop, int fd, bool enabled)
{
	struct loop_source *source = loop_find(loop, fd);

	if (source)
		source->enabled = enabled;
}

/* A source may remove itself or others while it runs, so each is looked up again. */
static void loop_dispatch(struct loop *loop, const struct pollfd *fds, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		struct loop_source *source;

		if (!fds[i].revents)
			continue;
		source = loop_find(loop, fds[i].fd);
		if (source && source->enabled)
			source->ready(source->context);
	}
}

/**
 * loop_run() - wait and call until loop_stop()
 * @loop: the loop
 *
 * Context: the loop's thread.
 */
void loop_run(struct loop *loop)
{
	struct pollfd fds[LOOP_MAX_SOURCES + 1];

	loop->stop = false;
	while (!loop->stop) {
		unsigned int nr = 0;

		for (unsigned int i = 0; i < loop->nr; i++)
			if (loop->sources[i].enabled)
				fds[nr++] = (struct pollfd) {
					.fd = loop->sources[i].fd, .events = POLLIN,
				};
		fds[nr] = (struct pollfd) { .fd = loop->stop_fd, .events = POLLIN };
		if (poll(fds, nr + 1, -1) < 0)
			continue;	/* EINTR, or ENOMEM for a moment */
		if (fds[nr].revents) {
			vmm_eventfd_clear(loop->stop_fd);
			loop->stop = true;
		}
		loop_dispatch(loop, fds, nr);
	}
}

/**
 * loop_stop() - make loop_run() return after the sources that are ready now
 * @loop: the loop
 *
 * Context: any thread.
 */
void loop_stop(struct loop *loop)
{
	vmm_eventfd_signal(loop->stop_fd);
}
