/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gzvm-bench: what the benchmark runs in hosts and Linux guests beside gzvm-vmm. Results are
 * lines "bench NAME TICKS ROUNDS" of the architected counter, or "bench-count NAME
 * INSTRUCTIONS ROUNDS".
 */
#ifndef BENCH_HOST_H
#define BENCH_HOST_H

#include <stdint.h>

static inline uint64_t bench_ticks(void)
{
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r" (value) :: "memory");
	return value;
}

void bench_row(const char *name, uint64_t ticks, unsigned int rounds);
int bench_count_open(void);
uint64_t bench_count(void);
void bench_counted(const char *name, uint64_t start, unsigned int rounds);
int bench_until(const char *words, char *argv[]);
int bench_disk(const char *path);
int bench_load(void);
int bench_lifecycle(const char *hypervisor);
int bench_io(const char *hypervisor, const char *image, const char *profile);

#endif /* BENCH_HOST_H */
