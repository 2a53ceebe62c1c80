/* SPDX-License-Identifier: GPL-2.0-only */
/* What the benchmark's C and assembler share. */
#ifndef BENCH_H
#define BENCH_H

/* Offsets in struct bench_cpu. */
#define CPU_IRQS	0
#define CPU_TIME	8
#define CPU_STACK	16

#ifndef __ASSEMBLER__
#include <guest.h>

/**
 * struct bench_cpu - one CPU; TPIDR_EL1 points to it
 * @irqs: interrupts handled
 * @time: virtual count at the last one's acknowledge
 * @stack: its initial stack pointer
 * @work: what bench_secondary_main() does; it ends when @stop is set
 * @up: it has reached C code
 * @stop: it is to end
 */
struct bench_cpu {
	volatile uint64_t irqs;
	volatile uint64_t time;
	uint64_t stack;
	void (*work)(struct bench_cpu *cpu);
	volatile bool up;
	volatile bool stop;
};

_Static_assert(offsetof(struct bench_cpu, irqs) == CPU_IRQS, "entry.S");
_Static_assert(offsetof(struct bench_cpu, time) == CPU_TIME, "entry.S");
_Static_assert(offsetof(struct bench_cpu, stack) == CPU_STACK, "entry.S");

extern char bench_secondary[], bench_vectors[];
void bench_secondary_main(struct bench_cpu *cpu);

/**
 * struct bench_profile - something that can be profiled
 * @name: of the row
 * @round: does it once
 * @secondary: what the second CPU does meanwhile, or NULL
 */
struct bench_profile {
	const char *name;
	void (*round)(void);
	void (*secondary)(struct bench_cpu *cpu);
};

void bench_profile(const struct bench_profile *profiles, unsigned int nr);
void bench_profile_round(void);

/* common.c */
extern struct bench_cpu bench_cpus[2];
extern uint64_t bench_us;
void bench_setup(struct bench_cpu *cpu);
void bench_row(const char *name, uint64_t ticks, unsigned int rounds);

/* Batches of a measurement, and which one round @i of @rounds belongs to. */
#define BENCH_BATCHES	8
#define BENCH_BATCH(i, rounds)	((i) * BENCH_BATCHES / (rounds))
void bench_clear(uint64_t ticks[BENCH_BATCHES]);
void bench_median(const char *name, uint64_t ticks[BENCH_BATCHES], unsigned int rounds);
void bench_sleep(uint64_t ticks);
bool bench_start_secondary(void (*work)(struct bench_cpu *cpu));
void bench_stop_secondary(void);
void bench_send_sgi(unsigned int cpu);

static inline uint64_t bench_now(void)
{
	asm volatile("isb" ::: "memory");
	return read_sysreg(cntvct_el0);
}

/* A wait for another CPU: the emulator, too, takes YIELD as a reason to run that one. */
static inline void bench_relax(void)
{
	asm volatile("yield" ::: "memory");
}
#endif

#endif /* BENCH_H */
