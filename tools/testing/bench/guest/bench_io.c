// SPDX-License-Identifier: GPL-2.0-only
/* What eventfds cost: those that a guest's write signals, those whose signal interrupts it. */
#include "bench.h"
#include "io.h"

#define ROUNDS		2048
#define IRQS		1024
#define GICD_IGROUPR	(GICD + 0x080)
#define GICD_ISENABLER	(GICD + 0x100)
#define GICD_IPRIORITYR	(GICD + 0x400)
#define GICD_ICFGR	(GICD + 0xc00)

static uint64_t physical_now(void)
{
	asm volatile("isb" ::: "memory");
	return read_sysreg(cntpct_el0);
}

static void write_fd(uint64_t fd, uint64_t pause)
{
	uint64_t ticks[BENCH_BATCHES], start;

	bench_clear(ticks);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		/* Whoever was woken by the last one sleeps again. */
		if (pause)
			bench_sleep(pause);
		start = bench_now();
		mmio_write32(fd, 0);
		ticks[BENCH_BATCH(i, ROUNDS)] += bench_now() - start;
	}
	bench_median(fd == IO_READ ? "ioeventfd_sleeper" : "ioeventfd", ticks, ROUNDS);
}

static void enable_spi(void)
{
	mmio_write32(GICD_IGROUPR + IO_SPI / 32 * 4, UINT32_MAX);
	mmio_write32(GICD_IPRIORITYR + IO_SPI / 4 * 4, 0xa0a0a0a0);
	mmio_write32(GICD_ICFGR + IO_SPI / 16 * 4, 2U << IO_SPI % 16 * 2);
	mmio_write32(GICD_ISENABLER + IO_SPI / 32 * 4, 1U << IO_SPI % 32);
}

/* One interrupt; returns the time from its signal until it is handled. */
static uint64_t take_one(bool asleep)
{
	volatile uint64_t *stamp = (void *)IO_STAMP;
	struct bench_cpu *cpu = &bench_cpus[0];
	uint64_t irqs = cpu->irqs;

	mmio_write32(IO_ASK, 0);
	while (cpu->irqs == irqs) {
		if (asleep)
			asm volatile("wfi" ::: "memory");
		irq_enable();
		bench_relax();
		irq_disable();
	}
	return physical_now() - *stamp;
}

static void take(bool asleep, const char *name)
{
	uint64_t ticks[BENCH_BATCHES];

	bench_clear(ticks);
	for (unsigned int i = 0; i < IRQS; i++)
		ticks[BENCH_BATCH(i, IRQS)] += take_one(asleep);
	bench_median(name, ticks, IRQS);
}

static void profile_ioeventfd(void)
{
	mmio_write32(IO_UNREAD, 0);
}

static void profile_irqfd_running(void)
{
	irq_disable();
	take_one(false);
}

static void profile_irqfd_wfi(void)
{
	irq_disable();
	take_one(true);
}

static void profile_ioeventfd_sleeper(void)
{
	irq_disable();
	bench_sleep(200 * bench_us);
	mmio_write32(IO_READ, 0);
}

static const struct bench_profile profiles[] = {
	{ "ioeventfd", profile_ioeventfd, NULL },
	{ "ioeventfd_sleeper", profile_ioeventfd_sleeper, NULL },
	{ "irqfd_running", profile_irqfd_running, NULL },
	{ "irqfd_wfi", profile_irqfd_wfi, NULL },
};

void guest_main(void)
{
	bench_setup(&bench_cpus[0]);
	enable_spi();
	*(volatile uint64_t *)IO_STAMP = 0;
	bench_profile(profiles, ARRAY_SIZE(profiles));
	print("bench frequency %lu 1\n", read_sysreg(cntfrq_el0));
	write_fd(IO_UNREAD, 0);
	write_fd(IO_READ, 200 * bench_us);
	take(false, "irqfd_running");
	take(true, "irqfd_wfi");
}
