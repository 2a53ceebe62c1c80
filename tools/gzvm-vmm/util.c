// SPDX-License-Identifier: GPL-2.0-only
/*
 * Error lines and eventfds.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "util.h"

/**
 * vmm_error() - print the one line that explains a failure
 * @format: what failed, why, and what to try: "WHAT: WHY; TRY", without a newline
 *
 * The line is written by one call, so that lines of several threads do not mix. On a
 * terminal it ends with a carriage return as well, because the terminal may be raw.
 *
 * Context: any thread.
 */
void vmm_error(const char *format, ...)
{
	char line[1024];
	va_list args;
	int n, m;

	n = snprintf(line, sizeof(line), "gzvm-vmm: ");
	va_start(args, format);
	m = vsnprintf(line + n, sizeof(line) - n - 2, format, args);
	va_end(args);
	n = MIN(n + (m < 0 ? 0 : m), (int)sizeof(line) - 3);
	if (isatty(STDERR_FILENO))
		line[n++] = '\r';
	line[n++] = '\n';
	/* Nothing is left to be told to where an error line cannot be written. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}

/**
 * vmm_eventfd_new() - make an eventfd that counts signals
 *
 * Return: the descriptor (not blocking, closed on exec), or a negative errno.
 */
int vmm_eventfd_new(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/**
 * vmm_eventfd_signal() - signal an eventfd
 * @fd: the eventfd, or -1 for none
 *
 * A counter that is full has been signalled already: that is no error.
 *
 * Context: any thread; does not block.
 */
void vmm_eventfd_signal(int fd)
{
	const uint64_t one = 1;

	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;
}

/**
 * vmm_eventfd_clear() - take back all signals of an eventfd
 * @fd: the eventfd
 *
 * Context: any thread; does not block.
 */
void vmm_eventfd_clear(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return;
}

/**
 * vmm_close() - close a descriptor once
 * @fd: points to the descriptor, or to -1; -1 afterwards
 */
void vmm_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
