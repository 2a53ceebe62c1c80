// SPDX-License-Identifier: GPL-2.0-only
/*
 * For counting from outside: all CPUs sleep without a timer. A byte of input says what is next:
 * "s" CPU 0 sends SGIs to CPU 5, one after the other; "q" the end.
 */
#include "guest.h"

#define SERIAL_SPI	32
#define SERIAL_IER	(SERIAL + 1)
#define SERIAL_LSR	(SERIAL + 5)
#define TARGET		5
#define SGI_WORK	1
#define SGI_ANSWER	2
#define SGI_END		3
#define TIMES		100

static unsigned int cpus;
static uint32_t ready, ended, worked, answered, input;

static void on_irq(uint32_t intid)
{
	switch (intid) {
	case SGI_WORK:
		worked++;
		gic_sgi(SGI_ANSWER, 1);
		break;
	case SGI_ANSWER:
		answered++;
		break;
	case SGI_END:
		__atomic_fetch_or(&ended, 1U << cpu_self(), __ATOMIC_RELEASE);
		break;
	case SERIAL_SPI:
		input++;
		break;
	}
}

/* One sleep: whatever ends it is handled. */
static void sleep(void)
{
	asm volatile("dsb sy; wfi" ::: "memory");
	irq_enable();
	asm volatile("isb" ::: "memory");
	irq_disable();
}

static void serve(unsigned int self)
{
	gic_init();
	gic_enable(SGI_WORK);
	gic_enable(SGI_END);
	__atomic_fetch_add(&ready, 1, __ATOMIC_RELEASE);
	while (!(__atomic_load_n(&ended, __ATOMIC_ACQUIRE) & 1U << self))
		sleep();
	write_sysreg(ICC_IGRPEN1_EL1, 0);
}

static char next_byte(void)
{
	while (!(mmio_read8(SERIAL_LSR) & 1))
		sleep();
	return mmio_read8(SERIAL);
}

static void command(void)
{
	for (;;) {
		char byte = next_byte();

		if (byte == 'q')
			return;
		if (byte != 's')
			continue;
		for (uint32_t i = 1; i <= TIMES; i++) {
			gic_sgi(SGI_WORK, 1U << TARGET);
			while (answered != i)
				sleep();
		}
		print("# sent\n");
	}
}

void guest_main(void)
{
	cpus = smp_cpus();
	check(gic_init(), "no redistributor");
	irq_handler = on_irq;
	gic_enable(SGI_ANSWER);
	gic_spi(SERIAL_SPI, 0x80, 0);
	for (unsigned int i = 1; i < cpus; i++)
		check(!smp_on(i, serve), "CPU_ON of %u", i);
	while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) != cpus - 1)
		relax();
	mmio_write8(SERIAL_IER, 1);
	print("# idle\n");
	/* Standard input of the kit's own suite is empty, and has no byte for it. */
	if (bootargs_have("commands"))
		command();
	check(worked == answered, "%u done, %u answered", worked, answered);
	gic_sgi(SGI_END, ((1U << cpus) - 1) & ~1U);
	for (unsigned int i = 1; i < cpus; i++)
		smp_wait_off(i);
	test_end("sleep");
}
