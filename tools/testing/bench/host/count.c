// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executed instructions. The counter of the architecture tells time, and time goes on while
 * all CPUs wait; the emulator's event "instruction retired" is the number of instructions that
 * all its CPUs have executed.
 */
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define INST_RETIRED	0x8

static int fd = -1;

/**
 * bench_count_open() - start to count
 *
 * Return: 0, or 1 after a line that says why not.
 */
int bench_count_open(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_RAW, .size = sizeof(attr), .config = INST_RETIRED, .pinned = 1,
	};

	/* Of one CPU: the emulator adds up all of them. */
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		perror("gzvm-bench: perf_event_open: this kernel cannot count instructions");
	return fd < 0;
}

/**
 * bench_count() - read the counter
 *
 * Return: instructions executed by all CPUs since bench_count_open().
 */
uint64_t bench_count(void)
{
	uint64_t value = 0;

	return read(fd, &value, sizeof(value)) == sizeof(value) ? value : 0;
}

/**
 * bench_counted() - report what has been executed
 * @name: what was measured
 * @start: bench_count() before it
 * @rounds: how often it was done
 */
void bench_counted(const char *name, uint64_t start, unsigned int rounds)
{
	printf("bench-count %s %llu %u\n", name, (unsigned long long)(bench_count() - start), rounds);
	fflush(stdout);
}

/**
 * bench_until() - instructions until a program writes something, and until it has ended
 * @words: what a line of its output begins with
 * @argv: the program
 *
 * Return: its status, or 1.
 */
int bench_until(const char *words, char *argv[])
{
	uint64_t start = bench_count();
	char line[512];
	int out[2], status = 1;
	FILE *from;
	pid_t pid;

	if (pipe(out))
		return 1;
	pid = fork();
	if (!pid) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(out[1]);
	from = fdopen(out[0], "r");
	while (from && fgets(line, sizeof(line), from)) {
		if (!strncmp(line, words, strlen(words)))
			bench_counted("until", start, 1);
		fputs(line, stdout);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 1;
	return WEXITSTATUS(status);
}
