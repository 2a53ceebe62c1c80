// SPDX-License-Identifier: GPL-2.0-only
/* What a host does by itself: it must not notice that there is a hypervisor below. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define FORKS	256
#define PINGS	2048
#define LOOPS	(1U << 22)
#define IDLE_SECONDS	10

/*
 * Where a part of the load begins and ends, for who reads the emulator's log of exceptions: Linux
 * takes no notice of the immediate of an SVC, and the log shows it in ESR_EL1.
 */
#define MARK(n) do {									\
	register long x0_ __asm__("x0");						\
	register long x8_ __asm__("x8") = SYS_getpid;					\
											\
	__asm__ volatile("svc %1" : "=r" (x0_) : "i" (0xbe00 + (n)), "r" (x8_) : "memory"); \
} while (0)

static int forks(void)
{
	uint64_t start = bench_count();

	for (unsigned int i = 0; i < FORKS; i++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			execl("/proc/self/exe", "gzvm-bench", "nothing", (char *)NULL);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	bench_counted("fork_exec", start, FORKS);
	return 0;
}

static int echo(int in, int out)
{
	char byte;

	while (read(in, &byte, 1) == 1)
		if (write(out, &byte, 1) != 1)
			return 1;
	return 0;
}

static int pipes(void)
{
	int there[2], back[2];
	uint64_t start;
	char byte = 0;
	pid_t pid;

	if (pipe(there) || pipe(back))
		return 1;
	pid = fork();
	if (!pid) {
		close(there[1]);
		_exit(echo(there[0], back[1]));
	}
	start = bench_count();
	for (unsigned int i = 0; i < PINGS; i++)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			return 1;
	bench_counted("pipe", start, PINGS);
	close(there[1]);
	return waitpid(pid, NULL, 0) != pid;
}

/* Three instructions a round, and nothing else. */
static void compute(void)
{
	uint64_t start = bench_count(), n = LOOPS;

	__asm__ volatile("1: nop\n\tsubs %0, %0, #1\n\tb.ne 1b" : "+r" (n) :: "cc");
	bench_counted("compute", start, LOOPS);
}

/**
 * bench_load() - processes, pipes, computing, and doing nothing
 *
 * Return: 0, or 1 if something failed.
 */
int bench_load(void)
{
	int err = bench_count_open();

	MARK(0);
	err = err || forks();
	MARK(1);
	err = err || pipes();
	MARK(2);
	compute();
	MARK(3);
	sleep(IDLE_SECONDS);
	MARK(4);
	return err;
}
