// SPDX-License-Identifier: GPL-2.0-only
/* Commands of gzvm-bench, and the first process of a Linux guest. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

/**
 * bench_row() - report one measurement
 * @name: what was measured
 * @ticks: of the counter, for all rounds together
 * @rounds: how often it was done
 */
void bench_row(const char *name, uint64_t ticks, unsigned int rounds)
{
	printf("bench %s %llu %u\n", name, (unsigned long long)ticks, rounds);
	fflush(stdout);
}

static void frequency(void)
{
	uint64_t value;

	__asm__("mrs %0, cntfrq_el0" : "=r" (value));
	bench_row("frequency", value, 1);
}

/* Nanoseconds in which the only CPU has waited for something to do, in steps of 10 ms. */
static uint64_t idle(void)
{
	double up, waited = 0;
	FILE *file;

	mount("proc", "/proc", "proc", 0, NULL);
	file = fopen("/proc/uptime", "re");
	if (file && fscanf(file, "%lf %lf", &up, &waited) != 2)
		waited = 0;
	if (file)
		fclose(file);
	return waited * 1e9;
}

/* First process: how much did it take to get here? Then the disk, if there is one. */
static int init(void)
{
	uint64_t ticks = bench_ticks();

	frequency();
	bench_row("boot", ticks, 1);
	mkdir("/proc", 0755);
	bench_row("idle", idle(), 1);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	if (!access("/dev/vda", F_OK) && bench_disk("/dev/vda"))
		printf("bench: /dev/vda cannot be measured\n");
	printf("bench init is done\n");
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}

int main(int argc, char *argv[])
{
	const char *command = argc > 1 ? argv[1] : "";
	uint64_t ticks = bench_ticks();

	if (getpid() == 1)
		return init();
	if (!strcmp(command, "nothing"))
		return 0;
	frequency();
	if (!strcmp(command, "stamp")) {
		bench_row("boot", ticks, 1);
		return 0;
	}
	if (!strcmp(command, "load"))
		return bench_load();
	if (!strcmp(command, "until") && argc > 3)
		return bench_count_open() || bench_until(argv[2], argv + 3);
	if (!strcmp(command, "lifecycle") && argc == 3)
		return bench_lifecycle(argv[2]);
	if (!strcmp(command, "io") && (argc == 4 || argc == 5))
		return bench_io(argv[2], argv[3], argv[4]);
	fprintf(stderr, "usage: gzvm-bench stamp|load|nothing|until WORDS COMMAND...|lifecycle HYPERVISOR|io HYPERVISOR IMAGE [PROFILE]\n");
	return 2;
}
