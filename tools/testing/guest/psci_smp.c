// SPDX-License-Identifier: GPL-2.0-only
/* PSCI of several CPUs: Arm DEN 0022, every function and every error. */
#include "guest.h"

#define NOT_SUPPORTED	-1
#define INVALID_PARAMS	-2
#define ALREADY_ON	-4
#define ON_PENDING	-5
#define INVALID_ADDRESS	-9
#define INFO_ON		0
#define INFO_OFF	1
#define INFO_PENDING	2
#define CYCLES		200

static unsigned int cpus;
static bool under_kvm;
static struct barrier barrier;
static uint32_t starts[MAX_CPUS], stop;
static int64_t answers[MAX_CPUS];

static int64_t call(uint32_t id, uint64_t a1, uint64_t a2, uint64_t a3)
{
	struct smccc answer = hvc(id, a1, a2, a3);

	return id & 1U << 30 ? (int64_t)answer.x[0] : (int32_t)answer.x[0];
}

static void expect(const char *what, int64_t is, int64_t expected)
{
	check(is == expected, "%s: %ld, not %ld", what, is, expected);
}

static void start_and_end(unsigned int self)
{
	__atomic_fetch_add(&starts[self], 1, __ATOMIC_RELEASE);
}

static void stay(unsigned int self)
{
	start_and_end(self);
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE))
		relax();
}

static void wait_start(unsigned int cpu, uint32_t n)
{
	while (__atomic_load_n(&starts[cpu], __ATOMIC_ACQUIRE) != n)
		relax();
}

static void test_errors(void)
{
	static const uint64_t nobody[] = { 0x100, 0x10000, 0xff, UINT64_C(1) << 32 };
	uint64_t entry = (uint64_t)secondary_start;

	for (unsigned int i = 0; i < ARRAY_SIZE(nobody); i++) {
		expect("CPU_ON of nobody", call(PSCI_CPU_ON, nobody[i], entry, 0), INVALID_PARAMS);
		expect("AFFINITY_INFO of nobody", call(PSCI_AFFINITY_INFO, nobody[i], 0, 0),
		       INVALID_PARAMS);
	}
	expect("CPU_ON behind the last", call(PSCI_CPU_ON, cpus, entry, 0), INVALID_PARAMS);
	expect("CPU_ON of itself", call(PSCI_CPU_ON, 0, entry, 0), ALREADY_ON);
	/* KVM looks neither at the entry point nor at vendors' types of reset. */
	if (!under_kvm) {
		expect("CPU_ON into a device", call(PSCI_CPU_ON, 1, SERIAL, 0), INVALID_ADDRESS);
		expect("CPU_ON into nothing", call(PSCI_CPU_ON, 1, UINT64_C(1) << 60, 0),
		       INVALID_ADDRESS);
		expect("CPU_ON unaligned", call(PSCI_CPU_ON, 1, entry + 2, 0), INVALID_ADDRESS);
		expect("SYSTEM_RESET2 of a vendor", call(PSCI_SYSTEM_RESET2, UINT32_C(1) << 31, 0, 0),
		       NOT_SUPPORTED);
	}
	expect("it is off", call(PSCI_AFFINITY_INFO, 1, 0, 0), INFO_OFF);
	expect("SYSTEM_RESET2 of an unknown type", call(PSCI_SYSTEM_RESET2, 1, 0, 0), INVALID_PARAMS);
	expect("MIGRATE", call(0x84000005, 0, 0, 0), NOT_SUPPORTED);
	expect("MIGRATE_INFO_TYPE", call(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2);
	test_end("errors");
}

static void test_states(void)
{
	uint32_t before;

	for (unsigned int cpu = 1; cpu < cpus; cpu++) {
		int64_t info;

		stop = 0;
		before = starts[cpu];
		expect("off", call(PSCI_AFFINITY_INFO, cpu, 0, 0), INFO_OFF);
		expect("CPU_ON", smp_on(cpu, stay), 0);
		info = call(PSCI_AFFINITY_INFO, cpu, 0, 0);
		check(info == INFO_ON || info == INFO_PENDING, "info %ld after CPU_ON", info);
		info = smp_on(cpu, stay);
		check(info == ALREADY_ON || info == ON_PENDING, "second CPU_ON: %ld", info);
		wait_start(cpu, before + 1);
		expect("on", call(PSCI_AFFINITY_INFO, cpu, 0, 0), INFO_ON);
		expect("on, by 32 bits", call(PSCI_AFFINITY_INFO & ~(1U << 30), cpu, 0, 0), INFO_ON);
		expect("CPU_ON of one that is on", smp_on(cpu, stay), ALREADY_ON);
		__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
		smp_wait_off(cpu);
		expect("starts", starts[cpu], before + 1);
	}
	test_end("off, pending, on");
}

/* Its state at its start is the same each time, but for x0. */
static void test_cycles(void)
{
	static struct boot_state first;
	uint32_t before = starts[1];

	for (unsigned int i = 0; i < CYCLES; i++) {
		const struct boot_state *now = &boot_state[1];

		expect("CPU_ON", smp_on(1, start_and_end), 0);
		smp_wait_off(1);
		for (unsigned int n = 0; !i && n < sizeof(first) / 8; n++)
			((volatile uint64_t *)&first)[n] = ((const uint64_t *)now)[n];
		for (unsigned int n = 1; n < 31; n++)
			check(now->x[n] == first.x[n], "x%u is %lx in cycle %u", n, now->x[n], i);
		check(now->x[0] == (uint64_t)start_and_end, "context %lx", now->x[0]);
		check(now->sctlr == first.sctlr && !(now->sctlr & 0x1005), "SCTLR %lx", now->sctlr);
		check(now->tcr == first.tcr && now->ttbr0 == first.ttbr0 && now->vbar == first.vbar &&
		      now->mair == first.mair && now->cpacr == first.cpacr,
		      "registers of the last time in cycle %u", i);
		check(now->currentel == 4 && now->daif == 0x3c0 && now->spsel == 1 && !now->nzcv,
		      "PSTATE in cycle %u", i);
	}
	expect("starts", starts[1] - before, CYCLES);
	test_end("200 times off and on");
}

/* All at once ask for the same CPU: one has it. */
static void race(unsigned int self)
{
	unsigned int target = cpus - 1;

	for (unsigned int round = 0; round < 20; round++) {
		barrier_wait(&barrier, cpus - 1);
		answers[self] = call(PSCI_CPU_ON, target, (uint64_t)secondary_start,
				     (uint64_t)start_and_end);
		barrier_wait(&barrier, cpus - 1);
		if (!self) {
			unsigned int won = 0;

			for (unsigned int i = 0; i < cpus - 1; i++) {
				won += !answers[i];
				check(!answers[i] || answers[i] == ALREADY_ON ||
				      answers[i] == ON_PENDING, "CPU %u got %ld", i, answers[i]);
			}
			/* It may have been off again before the last one asked. */
			check(won >= 1, "nobody started it");
			smp_wait_off(target);
			answers[0] = won;
			__atomic_fetch_add(&stop, won, __ATOMIC_RELAXED);
		}
		barrier_wait(&barrier, cpus - 1);
	}
}

static void test_race(void)
{
	uint32_t before = starts[cpus - 1];

	stop = 0;
	smp_run(race, cpus - 1);
	expect("starts", starts[cpus - 1] - before, stop);
	test_end("one of many starts a CPU");
}

/* The same with one that stays on: it is started once, and on for all who ask later. */
static void race_to_stay(unsigned int self)
{
	unsigned int target = cpus - 1;

	for (unsigned int round = 0; round < 20; round++) {
		barrier_wait(&barrier, cpus - 1);
		/* An early answer is one, too: the host may not have run it for long. */
		do
			answers[self] = call(PSCI_CPU_ON, target, (uint64_t)secondary_start,
					     (uint64_t)stay);
		while (answers[self] == ON_PENDING);
		barrier_wait(&barrier, cpus - 1);
		if (!self) {
			unsigned int won = 0;

			for (unsigned int i = 0; i < cpus - 1; i++) {
				won += !answers[i];
				check(!answers[i] || answers[i] == ALREADY_ON, "CPU %u got %ld", i,
				      answers[i]);
			}
			expect("CPUs that started it", won, 1);
			__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
			smp_wait_off(target);
			__atomic_store_n(&stop, 0, __ATOMIC_RELEASE);
		}
		barrier_wait(&barrier, cpus - 1);
	}
}

static void test_race_to_stay(void)
{
	uint32_t before = starts[cpus - 1];

	stop = 0;
	smp_run(race_to_stay, cpus - 1);
	expect("starts", starts[cpus - 1] - before, 20);
	test_end("all others hear that it is on");
}

/* The boot CPU off, and started by another; then it goes on where that one says. */
static uint64_t saved[14];

static void second_entry(unsigned int self)
{
	/* On CPU 0, on a stack of its own: back to where it went off. */
	(void)self;
	asm volatile("ldp x19, x20, [%0]\n ldp x21, x22, [%0, #16]\n ldp x23, x24, [%0, #32]\n"
		     "ldp x25, x26, [%0, #48]\n ldp x27, x28, [%0, #64]\n ldp x29, x30, [%0, #80]\n"
		     "ldr x1, [%0, #96]\n mov sp, x1\n mov x0, #1\n ret" :: "r" (saved) : "memory");
	__builtin_unreachable();
}

/* Like setjmp(): returns 0, then 1. */
uint64_t leave(uint64_t *save) __attribute__((returns_twice));
asm(".text\nleave:\n"
    "stp x19, x20, [x0]\n stp x21, x22, [x0, #16]\n stp x23, x24, [x0, #32]\n"
    "stp x25, x26, [x0, #48]\n stp x27, x28, [x0, #64]\n stp x29, x30, [x0, #80]\n"
    "mov x1, sp\n str x1, [x0, #96]\n mov x0, #0\n ret");

static void wake_boot_cpu(unsigned int self)
{
	start_and_end(self);
	smp_wait_off(0);
	answers[1] = smp_on(0, second_entry);
}

static void test_boot_cpu(void)
{
	static volatile uint32_t lives;

	if (!leave(saved)) {
		expect("CPU_ON", smp_on(1, wake_boot_cpu), 0);
		lives++;
		hvc(PSCI_CPU_OFF, 0, 0, 0);
		check(false, "CPU_OFF returned");
	}
	smp_wait_off(1);
	expect("CPU_ON of the boot CPU", answers[1], 0);
	expect("lives", lives, 1);
	test_end("the boot CPU off and on");
}

static void test_suspend(void)
{
	gic_init();
	gic_enable(1);
	/* Standby, and power down with the place to come back to, which may be taken as standby. */
	for (uint64_t state = 0; state <= 1 << 16; state += 1 << 16) {
		int64_t answer;

		gic_sgi_to_self(1);
		answer = call(PSCI_CPU_SUSPEND, state, (uint64_t)secondary_start, 0);
		expect("CPU_SUSPEND", answer, 0);
		expect("interrupt", gic_acknowledge(), 1);
		gic_end(1);
	}
	/* KVM looks at no argument. */
	if (!under_kvm) {
		expect("CPU_SUSPEND, reserved bits", call(PSCI_CPU_SUSPEND, ~0u, 0, 0),
		       INVALID_PARAMS);
		expect("CPU_SUSPEND, no entry point", call(PSCI_CPU_SUSPEND, 1 << 16, 0, 0),
		       INVALID_ADDRESS);
	}
	/* It does wait: until the timer. */
	gic_enable(INTID_VTIMER);
	for (unsigned int i = 0; i < 10; i++) {
		uint64_t cval = read_sysreg(cntvct_el0) + read_sysreg(cntfrq_el0) / 200;
		unsigned int calls = 0;

		write_sysreg(cntv_cval_el0, cval);
		write_sysreg(cntv_ctl_el0, 1);
		while (!(read_sysreg(cntv_ctl_el0) & 4)) {
			expect("CPU_SUSPEND", call(PSCI_CPU_SUSPEND & ~(1U << 30), 0, 0, 0), 0);
			calls++;
		}
		check(calls <= 16, "%u calls for one wait", calls);
		write_sysreg(cntv_ctl_el0, 0);
	}
	test_end("suspend");
}

void guest_main(void)
{
	cpus = smp_cpus();
	check(cpus > 2, "%u CPUs", cpus);
	test_end("CPUs");
	under_kvm = bootargs_have("hypervisor=kvm");
	test_errors();
	test_states();
	test_cycles();
	test_race();
	test_race_to_stay();
	test_boot_cpu();
	test_suspend();
}
