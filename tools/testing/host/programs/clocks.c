// SPDX-License-Identifier: GPL-2.0-only
/*
 * clocks: prints which time CLOCK_REALTIME shows at which value of the counter: the frequency, then
 * lines of "BEFORE NANOSECONDS AFTER", where the time was read between the two counts.
 *
 * clocks ptp DEVICE: asks a PTP clock for its time together with the system's
 * (PTP_SYS_OFFSET_PRECISE); prints both.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ptp_clock.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#define TIMES	20

static uint64_t counter(void)
{
	uint64_t value;

	asm volatile("isb\n mrs %0, cntvct_el0\n isb" : "=r" (value) :: "memory");
	return value;
}

static int pairs(void)
{
	uint64_t frequency;

	asm volatile("mrs %0, cntfrq_el0" : "=r" (frequency));
	printf("frequency %llu\n", (unsigned long long)frequency);
	for (int i = 0; i < TIMES; i++) {
		struct timespec now;
		uint64_t before = counter(), after;

		clock_gettime(CLOCK_REALTIME, &now);
		after = counter();
		printf("clock %llu %lld%09ld %llu\n", (unsigned long long)before, (long long)now.tv_sec,
		       now.tv_nsec, (unsigned long long)after);
	}
	return 0;
}

static int ptp(const char *path)
{
	int fd = open(path, O_RDWR);

	for (int i = 0; i < TIMES && fd >= 0; i++) {
		struct ptp_sys_offset_precise offset = { 0 };

		if (ioctl(fd, PTP_SYS_OFFSET_PRECISE, &offset)) {
			fd = -1;
			break;
		}
		printf("ptp %lld%09u system %lld%09u\n", (long long)offset.device.sec, offset.device.nsec,
		       (long long)offset.sys_realtime.sec, offset.sys_realtime.nsec);
	}
	if (fd < 0)
		fprintf(stderr, "clocks: %s: %s\n", path, strerror(errno));
	return fd < 0;
}

int main(int argc, char *argv[])
{
	return argc == 3 && !strcmp(argv[1], "ptp") ? ptp(argv[2]) : pairs();
}
