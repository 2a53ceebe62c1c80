// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the exits of a guest cost. Each row is a line "bench NAME TICKS ROUNDS". Under
 * emulation with one instruction a nanosecond the ticks of the virtual counter are executed
 * instructions of all CPUs; on hardware they are time. Rounds are made in batches, of which
 * the median one counts: what the host does once in a while meanwhile is no cost of an exit.
 */
#include "bench.h"

#define ROUNDS		2048
#define SLEEPS		1024
#define TOUCH_4K	(RAM + (UINT64_C(128) << 20))
#define TOUCH_2M	(RAM + (UINT64_C(256) << 20))
#define ICC_IAR1_EL1	S3_0_C12_C12_0
#define ICC_EOIR1_EL1	S3_0_C12_C12_1
#define GICD_IIDR	(GICD + 8)
#define GICD_ISPENDR1	(GICD + 0x204)
#define VIRTIO_INTERRUPT_STATUS	(VIRTIO + 0x60)

#define MEASURE(name, rounds, statement) do {			\
	uint64_t ticks_[BENCH_BATCHES];				\
								\
	for (unsigned int b_ = 0; b_ < BENCH_BATCHES; b_++) {	\
		uint64_t start_ = bench_now();			\
								\
		for (unsigned int i = 0; i < (rounds) / BENCH_BATCHES; i++) \
			statement;				\
		ticks_[b_] = bench_now() - start_;		\
	}							\
	bench_median(name, ticks_, rounds);			\
} while (0)

/* All rounds together, for what is not the same each time. */
#define MEASURE_ALL(name, rounds, statement) do {		\
	uint64_t start_ = bench_now();				\
								\
	for (unsigned int i = 0; i < (rounds); i++)		\
		statement;					\
	bench_row(name, bench_now() - start_, rounds);		\
} while (0)

static void spin(struct bench_cpu *cpu)
{
	bench_setup(cpu);
	irq_enable();
	while (!cpu->stop)
		bench_relax();
	irq_disable();
}

static void wait(struct bench_cpu *cpu)
{
	bench_setup(cpu);
	while (!cpu->stop) {
		asm volatile("wfi" ::: "memory");
		irq_enable();
		irq_disable();
	}
}

/* One SGI, until its handler has run on the other CPU. */
static void sgi(void)
{
	struct bench_cpu *other = &bench_cpus[1];
	uint64_t irqs = other->irqs;

	bench_send_sgi(1);
	while (other->irqs == irqs)
		bench_relax();
}

/* For the profiler, which counts the executions of bench_profile_round(): one thing, for ever. */
static void profile_hypercall(void) { hvc(PSCI_VERSION, 0, 0, 0); }
static void profile_gicd_read(void) { mmio_read32(GICD_IIDR); }
static void profile_gicd_ispendr_read(void) { mmio_read32(GICD_ISPENDR1); }
static void profile_gicr_isenabler_write(void) { mmio_write32(gic_redist() + GICR_ISENABLER0, 2); }
static void profile_mmio_read_user(void) { mmio_read32(VIRTIO_INTERRUPT_STATUS); }

static void profile_sgi_self(void)
{
	uint64_t irqs = bench_cpus[0].irqs;

	bench_send_sgi(0);
	while (bench_cpus[0].irqs == irqs)
		;
}

static void profile_timer(void)
{
	uint64_t irqs = bench_cpus[0].irqs;

	write_sysreg(cntv_cval_el0, bench_now() + bench_us / 2);
	write_sysreg(cntv_ctl_el0, 1);
	while (bench_cpus[0].irqs == irqs)
		;
}

static void profile_wfi_timer_wake(void)
{
	irq_disable();
	bench_sleep(100 * bench_us);
}

/* No row: a guest that has touched all of its memory but the last 2 MiB, of 1 GiB, and waits. */
static void profile_fill(void)
{
	for (uint64_t at = RAM + 0x200000; at < RAM + (UINT64_C(1) << 30) - 0x200000; at += 4096)
		mmio_write32(at, 1);
	for (;;)
		profile_wfi_timer_wake();
}

static const struct bench_profile profiles[] = {
	{ "hypercall", profile_hypercall, NULL },
	{ "gicd_read", profile_gicd_read, NULL },
	{ "gicd_ispendr_read", profile_gicd_ispendr_read, NULL },
	{ "gicr_isenabler_write", profile_gicr_isenabler_write, NULL },
	{ "mmio_read_user", profile_mmio_read_user, NULL },
	{ "sgi_self", profile_sgi_self, NULL },
	{ "timer", profile_timer, NULL },
	{ "wfi_timer_wake", profile_wfi_timer_wake, NULL },
	{ "fill", profile_fill, NULL },
	{ "sgi_running", sgi, spin },
	{ "sgi_wfi", sgi, wait },
};

static void exits(void)
{
	uint64_t redist = gic_redist();

	MEASURE("hypercall", ROUNDS, hvc(PSCI_VERSION, 0, 0, 0));
	MEASURE("hypercall_unknown", ROUNDS, hvc(0x4b000000, 0, 0, 0));
	MEASURE("gicd_read", ROUNDS, mmio_read32(GICD_IIDR));
	MEASURE("gicd_ispendr_read", ROUNDS, mmio_read32(GICD_ISPENDR1));
	MEASURE("gicr_ispendr_read", ROUNDS, mmio_read32(redist + GICR_ISPENDR0));
	MEASURE("gicr_isenabler_write", ROUNDS, mmio_write32(redist + GICR_ISENABLER0, 2));
	MEASURE("mmio_read_user", ROUNDS, mmio_read32(VIRTIO_INTERRUPT_STATUS));
}

/* Moves the moment of measuring on by an odd number of instructions each time: a counter that
 * ticks every 16 then has all phases, and the sum is exact. */
static void dither(unsigned int round)
{
	unsigned int n = (round & 15) + 1;

	asm volatile("1: subs %w0, %w0, #1\n\tnop\n\tb.ne 1b" : "+r" (n) :: "cc");
}

static void interrupts(void)
{
	uint64_t ticks[BENCH_BATCHES], start;

	bench_clear(ticks);
	MEASURE("eoi", ROUNDS, write_sysreg(ICC_EOIR1_EL1, INTID_SPURIOUS));
	for (unsigned int i = 0; i < ROUNDS; i++) {
		bench_send_sgi(0);
		while (!read_sysreg(isr_el1))
			;
		dither(i);
		start = bench_now();
		gic_end(gic_acknowledge());
		ticks[BENCH_BATCH(i, ROUNDS)] += bench_now() - start;
	}
	bench_median("acknowledge_eoi", ticks, ROUNDS);

	irq_enable();
	MEASURE("sgi_self", ROUNDS, profile_sgi_self());
	irq_disable();
}

/* A deadline 20 us away, and a guest that computes until then. */
static void timer(struct bench_cpu *cpu)
{
	uint64_t ticks[BENCH_BATCHES];

	bench_clear(ticks);
	cpu->irqs = 0;
	irq_enable();
	for (unsigned int i = 0; i < SLEEPS; i++) {
		uint64_t due = bench_now() + 20 * bench_us;

		write_sysreg(cntv_cval_el0, due);
		write_sysreg(cntv_ctl_el0, 1);
		while (cpu->irqs == i)
			;
		ticks[BENCH_BATCH(i, SLEEPS)] += bench_now() - due;
	}
	irq_disable();
	bench_median("timer", ticks, SLEEPS);
}

/* A deadline 1 ms away, and a guest that waits in WFI: nothing else runs on that CPU. */
static void wfi_wake(void)
{
	uint64_t ticks[BENCH_BATCHES];

	bench_clear(ticks);
	for (unsigned int i = 0; i < SLEEPS; i++) {
		bench_sleep(1000 * bench_us);
		ticks[BENCH_BATCH(i, SLEEPS)] += bench_now() - read_sysreg(cntv_cval_el0);
	}
	bench_median("wfi_timer_wake", ticks, SLEEPS);
}

static void first_touch(void)
{
	MEASURE_ALL("touch_4k", ROUNDS, mmio_write32(TOUCH_4K + (uint64_t)i * 4096, 1));
	MEASURE_ALL("touch_2m", 64, mmio_write32(TOUCH_2M + (uint64_t)i * 0x200000, 1));
}

static void nothing(struct bench_cpu *cpu)
{
	(void)cpu;
}

/* The first one finds the other CPU still on its way to where it waits. */
static void secondary(void)
{
	uint64_t ticks[BENCH_BATCHES], asleep[BENCH_BATCHES], start;

	bench_clear(ticks);
	bench_clear(asleep);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		start = bench_now();
		bench_start_secondary(nothing);
		ticks[BENCH_BATCH(i, ROUNDS)] += bench_now() - start;
		bench_cpus[1].stop = true;
		while (hvc(PSCI_AFFINITY_INFO, 1, 0, 0).x[0] != 1)
			bench_relax();
	}
	bench_median("vcpu_start", ticks, ROUNDS);

	bench_start_secondary(spin);
	bench_sleep(1000 * bench_us);
	sgi();
	MEASURE("sgi_running", ROUNDS, sgi());
	bench_stop_secondary();

	bench_start_secondary(wait);
	for (unsigned int i = 0; i < SLEEPS; i++) {
		bench_sleep(1000 * bench_us);
		start = bench_now();
		sgi();
		asleep[BENCH_BATCH(i, SLEEPS)] += bench_now() - start;
	}
	bench_stop_secondary();
	bench_median("sgi_wfi", asleep, SLEEPS);
}

void guest_main(void)
{
	struct bench_cpu *cpu = &bench_cpus[0];

	bench_setup(cpu);
	bench_profile(profiles, ARRAY_SIZE(profiles));
	print("bench frequency %lu 1\n", read_sysreg(cntfrq_el0));
	exits();
	interrupts();
	timer(cpu);
	wfi_wake();
	first_touch();
	if (hvc(PSCI_AFFINITY_INFO, 1, 0, 0).x[0] != 1) {
		print("# one CPU: no rows of two\n");
		return;
	}
	secondary();
}
