// SPDX-License-Identifier: GPL-2.0-only
/*
 * For vCPUs that somebody outside moves between the host's CPUs: until a byte of input says that
 * it is enough, all CPUs watch what a vCPU takes with it. Counters never go back, and the virtual
 * one stays behind the physical one by the same; interrupts stay active, with their priority
 * running, and pending behind that, from their acknowledge to their end; the timer's level is not
 * lost; registers that the hypervisor switches keep their values. All is polled, with PSTATE.I set.
 */
#include "guest.h"

#define SERIAL_IER	(SERIAL + 1)
#define SERIAL_LSR	(SERIAL + 5)
#define HOLD		100	/* looks at an active interrupt before its end */
#define LOOKS		10000000	/* before an interrupt is lost */
#define FIRST_SPI	48
#define PRIORITY	0xa0
#define PRIORITY_IDLE	0xff

static struct lock shared_lock;
static uint64_t last_virtual, last_physical;
static uint64_t least = 0, most = UINT64_MAX;
static uint64_t rounds[MAX_CPUS];
static uint32_t stop;

static void watch_counters(unsigned int self)
{
	uint64_t before, p, after;

	lock(&shared_lock);
	asm volatile("isb" ::: "memory");
	before = read_sysreg(cntvct_el0);
	asm volatile("isb" ::: "memory");
	p = read_sysreg(cntpct_el0);
	asm volatile("isb" ::: "memory");
	after = read_sysreg(cntvct_el0);
	check(before >= last_virtual && after >= before, "CPU %u: CNTVCT from %lx to %lx to %lx",
	      self, last_virtual, before, after);
	check(p >= last_physical, "CPU %u: CNTPCT from %lx to %lx", self, last_physical, p);
	last_virtual = after;
	last_physical = p;
	if (p - after > least)
		least = p - after;
	if (p - before < most)
		most = p - before;
	unlock(&shared_lock);
}

/* What EL1 has set stays: each CPU and each round has values of its own. */
static void set_registers(uint64_t value)
{
	write_sysreg(tpidr_el0, value + 1);
	write_sysreg(tpidrro_el0, value + 2);
	write_sysreg(contextidr_el1, (uint32_t)value + 3);
	write_sysreg(par_el1, value << 12 & 0xffff000);
	write_sysreg(cntkctl_el1, value & 3);
	write_sysreg(dbgbvr0_el1, value << 2 & 0xfffffffc);
}

static void watch_registers(unsigned int self, uint64_t value)
{
	check(read_sysreg(tpidr_el0) == value + 1 && read_sysreg(tpidrro_el0) == value + 2 &&
	      read_sysreg(contextidr_el1) == (uint32_t)value + 3 &&
	      (read_sysreg(par_el1) & 0xffff000) == (value << 12 & 0xffff000) &&
	      read_sysreg(cntkctl_el1) == (value & 3) &&
	      read_sysreg(dbgbvr0_el1) == (value << 2 & 0xfffffffc),
	      "CPU %u: registers of round %lx: TPIDR %lx, %lx, CONTEXTIDR %lx, PAR %lx, CNTKCTL %lx, DBGBVR0 %lx",
	      self, value, read_sysreg(tpidr_el0), read_sysreg(tpidrro_el0),
	      read_sysreg(contextidr_el1), read_sysreg(par_el1), read_sysreg(cntkctl_el1),
	      read_sysreg(dbgbvr0_el1));
}

/* IAR as soon as there is something: what has just been raised may take its time. */
static uint32_t take(void)
{
	uint32_t intid = INTID_SPURIOUS;

	for (unsigned int i = 0; i < LOOKS && intid == INTID_SPURIOUS; i++)
		intid = gic_acknowledge();
	return intid;
}

/*
 * Take an interrupt that is pending, hold it, end it. @again is to be pending behind it all the
 * time: it is not signalled before that end, since its priority is the same.
 */
static void hold(unsigned int self, uint32_t intid, bool again, uint64_t value)
{
	uint32_t got = take();

	check(got == intid, "CPU %u: took %u, not %u", self, got, intid);
	for (unsigned int i = 0; i < HOLD; i++) {
		bool active = gic_get(GIC_ISACTIVER, intid);
		bool pending = gic_get(GIC_ISPENDR, intid);
		uint64_t rpr = read_sysreg(ICC_RPR_EL1) & 0xff;

		check(active, "CPU %u: %u is not active, look %u", self, intid, i);
		check(pending == again, "CPU %u: %u is %spending, look %u", self, intid,
		      pending ? "" : "not ", i);
		check(rpr == PRIORITY, "CPU %u: priority %lx runs, look %u", self, rpr, i);
		got = gic_acknowledge();
		check(got == INTID_SPURIOUS, "CPU %u: took %u while %u is active", self, got, intid);
		watch_counters(self);
		watch_registers(self, value);
	}
	gic_end(intid);
	check(!gic_get(GIC_ISACTIVER, intid), "CPU %u: %u is active behind its end", self, intid);
}

/* Edges, of an SGI or SPI: one, and one more while the first is active, and no other. */
static void watch_edge(unsigned int self, uint32_t intid, uint64_t value)
{
	gic_set(GIC_ISPENDR, intid);
	hold(self, intid, false, value);
	gic_set(GIC_ISPENDR, intid);
	check(take() == intid, "CPU %u: not %u", self, intid);
	gic_set(GIC_ISPENDR, intid);
	gic_end(intid);
	hold(self, intid, false, value);
	check(gic_acknowledge() == INTID_SPURIOUS, "CPU %u: %u came once too often", self, intid);
}

/* Level: as long as the timer's condition holds it comes again after each end. */
static void watch_timer(unsigned int self, uint64_t value)
{
	write_sysreg(cntv_cval_el0, read_sysreg(cntvct_el0));
	write_sysreg(cntv_ctl_el0, 1);
	hold(self, INTID_VTIMER, true, value);
	hold(self, INTID_VTIMER, true, value);
	write_sysreg(cntv_ctl_el0, 0);
}

static void watch(unsigned int self)
{
	uint32_t sgi = 1 + self, spi = FIRST_SPI + self;

	check(gic_init(), "CPU %u: no redistributor", self);
	gic_enable(sgi);
	gic_enable(INTID_VTIMER);
	gic_spi(spi, PRIORITY, self);
	for (uint64_t round = 0; !__atomic_load_n(&stop, __ATOMIC_ACQUIRE); round++) {
		uint64_t value = (round << 4 | self) * 0x9e3779b97f4a7c15;

		set_registers(value);
		watch_edge(self, sgi, value);
		watch_edge(self, spi, value);
		watch_timer(self, value);
		rounds[self] = round + 1;
		if (!self && mmio_read8(SERIAL_LSR) & 1 && mmio_read8(SERIAL) == 'q')
			__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	}
	write_sysreg(ICC_IGRPEN1_EL1, 0);
}

void guest_main(void)
{
	unsigned int cpus = smp_cpus();
	uint64_t frequency = read_sysreg(cntfrq_el0);

	check(cpus > 1, "%u CPUs", cpus);
	/* There is input only for who listens. */
	mmio_write8(SERIAL_IER, 1);
	print("# begun\n");
	smp_run(watch, cpus);
	check(least <= most && most - least < frequency / 1000,
	      "the counters' offset is between %lx and %lx", least, most);
	for (unsigned int i = 0; i < cpus; i++) {
		check(rounds[i], "CPU %u did nothing", i);
		print("# CPU %u: %lu rounds\n", i, rounds[i]);
	}
	test_end("what a vCPU takes with it");
}
