// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/vm.c core/vcpu.c core/run.c core/guest_call.c core/vm_calls.c core/psci.c core/log.c
// LINK: core/page.c core/page_vm.c core/pgtable.c core/pgtable_unmap.c core/pgtable_list.c
// LINK: core/pool.c core/stage2.c lib/printf.c tests/vm_hypercall.c
// LINK: arch/fake/fake_world.c arch/fake/fake_firmware.c
// LINK: vgic/vgic.c vgic/dist.c vgic/redist.c vgic/bank.c vgic/lr.c vgic/sgi.c vgic/queue.c
// LINK: vgic/cpuif.c
/* Hypercalls of guests: PSCI with every function and error, discovery, PTP, relinquish. */
#include "fake_firmware.h"
#include "vm_env.h"

#define SMC64 (1UL << 30)
#define ENTRY (MEM + 0x1000)
#define NONE (~0UL) /* SMCCC NOT_SUPPORTED */

static u64 x0(u64 vm, unsigned int i)
{
	return vcpu_of(vm, i)->arch.x[0];
}

/* A call of vCPU 0 that EL2 answers: x0, and nothing else changes. */
#define EXPECT_CALL(answer, fn, a1, a2, a3)                          \
	do {                                                         \
		EXPECT_EQ(hvc(1, 0, fn, a1, a2, a3), GZVM_EXIT_IRQ); \
		EXPECT_EQ(x0(1, 0), answer);                         \
		EXPECT_EQ(vcpu_of(1, 0)->arch.x[1], a1);             \
		EXPECT_EQ(vcpu_of(1, 0)->arch.x[4], 0x4444);         \
	} while (0)

static u32 power(unsigned int i)
{
	return vm_of(1)->peer[i].power;
}

TEST(psci_simple)
{
	u32 wake = 0;

	machine();
	new_guest(1);
	EXPECT_CALL(0x10001, PSCI_VERSION, 0, 0, 0);
	/* A function id has 32 bits. */
	EXPECT_CALL(0x10001, 0xffffffff00000000 | PSCI_VERSION, 0, 0, 0);
	EXPECT_CALL(2, PSCI_MIGRATE_INFO_TYPE, 0, 0, 0);
	EXPECT_EQ(vcpu_of(1, 0)->stats.handled[GZVM_HANDLED_HVC], 3);
	EXPECT_EQ(vcpu_of(1, 0)->arch.pc, 0); /* the guest is behind the HVC already */
	/* What is not there. */
	EXPECT_CALL(NONE, 0x84000005, 0, 0, 0); /* MIGRATE */
	EXPECT_CALL(NONE, 0x8400000e, 0, 0, 0); /* SYSTEM_SUSPEND */
	EXPECT_CALL(NONE, 0x8400001f, 0, 0, 0);
	EXPECT_CALL(NONE, PSCI_VERSION | SMC64, 0, 0, 0); /* has no such form */
	EXPECT_CALL(NONE, PSCI_CPU_OFF | SMC64, 0, 0, 0);
	EXPECT_CALL(NONE, PSCI_FEATURES | SMC64, PSCI_VERSION, 0, 0);
	EXPECT_EQ(power(0), VCPU_POWER_ON);
	/* guest_call() itself has but those that guest_call_answer() leaves. */
	vcpu_of(1, 0)->arch.x[0] = PSCI_VERSION;
	EXPECT_EQ(guest_call(vcpu_of(1, 0), &wake), 0);
	EXPECT_EQ(x0(1, 0), NONE);
	EXPECT_EQ(wake, 0);
}

/* PSCI_FEATURES knows exactly what is served. */
TEST(psci_features)
{
	static const u64 forms[] = { 0, SMC64 };

	machine();
	new_guest(1);
	EXPECT_CALL(0, PSCI_FEATURES, 0x80000000, 0, 0); /* SMCCC_VERSION */
	EXPECT_CALL(NONE, PSCI_FEATURES, 0x80000001, 0, 0);
	EXPECT_CALL(NONE, PSCI_FEATURES, GZVM_HVC_PTP, 0, 0);
	for (u64 n = 0; n < 0x20; n++) {
		for (unsigned int f = 0; f < 2; f++) {
			u64 fn = (PSCI_FN_BASE + n) | forms[f];
			u64 a1 = fn == PSCI_FEATURES ? PSCI_VERSION : 77;
			bool known, served;

			EXPECT_EQ(hvc(1, 0, PSCI_FEATURES, fn, 0, 0), GZVM_EXIT_IRQ);
			known = x0(1, 0) == 0;
			EXPECT(known || x0(1, 0) == NONE);
			/* Arguments that are an error wherever there is one. */
			served = hvc(1, 0, fn, a1, 1, 1) != GZVM_EXIT_IRQ || x0(1, 0) != NONE;
			if (known != served)
				KTAP_FAIL("function 0x%lx: known %d, served %d", fn, known, served);
			EXPECT_OK(VM_RESET, 1);
			/* What the script still has where the guest was not entered again. */
			while (fake_exits_left())
				run(1, 0);
		}
	}
}

TEST(cpu_on)
{
	struct vcpu *v;

	machine();
	new_guest(3);
	EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_CPU_ON, 3, ENTRY, 0); /* does not exist */
	EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_CPU_ON, 8, ENTRY, 0);
	EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_CPU_ON | SMC64, 1UL << 32, ENTRY, 0);
	EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_CPU_ON | SMC64, NONE, ENTRY, 0);
	EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_CPU_ON, 0x100, ENTRY, 0);
	EXPECT_CALL(PSCI_INVALID_ADDRESS, PSCI_CPU_ON, 1, MEM - 4, 0); /* no memory */
	EXPECT_CALL(PSCI_INVALID_ADDRESS, PSCI_CPU_ON | SMC64, 1, NONE & ~3UL, 0);
	EXPECT_CALL(PSCI_INVALID_ADDRESS, PSCI_CPU_ON, 1, ENTRY + 2, 0);
	EXPECT_CALL(PSCI_ALREADY_ON, PSCI_CPU_ON, 0, ENTRY, 0);
	EXPECT_EQ(power(1), VCPU_POWER_OFF);
	EXPECT_EQ(run(1, 1), GZVM_EXIT_IDLE); /* off: parked */
	EXPECT_EQ(vcpu_of(1, 1)->hwstate->vtimer_delay, 1 << 30);
	EXPECT_EQ(vcpu_of(1, 1)->stats.entries, 0);

	/* It waits with the host, which has to run it. */
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON | SMC64, 1, ENTRY, 0xdead00000000beef), GZVM_EXIT_IPI);
	EXPECT_EQ(x[2], 2);
	EXPECT_EQ(x0(1, 0), PSCI_SUCCESS);
	EXPECT_EQ(power(1), VCPU_POWER_ON_PENDING);
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON, 1, ENTRY + 4, 5), GZVM_EXIT_IDLE);
	EXPECT_EQ(x0(1, 0), PSCI_ON_PENDING);
	fake_counter += 1 << 28;
	EXPECT_CALL(PSCI_AFFINITY_ON_PENDING, PSCI_AFFINITY_INFO, 1, 0, 0);
	v = vcpu_of(1, 1);
	v->arch.x[7] = 0x7777;
	EXPECT_EQ(run(1, 1), GZVM_EXIT_IPI);
	EXPECT_EQ(x[2], 1); /* the second caller */
	EXPECT_EQ(run(1, 1), GZVM_EXIT_IRQ);
	EXPECT_EQ(power(1), VCPU_POWER_ON);
	EXPECT_EQ(v->arch.pc, ENTRY);
	EXPECT_EQ(v->arch.x[0], 0xdead00000000beef);
	EXPECT_EQ(v->arch.x[7], 0); /* as after reset */
	EXPECT_EQ(v->arch.pstate, FAKE_PSTATE_RESET);
	EXPECT_CALL(PSCI_ALREADY_ON, PSCI_CPU_ON, 1, ENTRY + 4, 5);
	/* The SMC32 form has arguments of 32 bits. */
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON, 0xffffffff00000002, 0xffffffff00000000 | ENTRY,
		      0xdead00000000beef), GZVM_EXIT_IPI);
	EXPECT_EQ(x0(1, 0), PSCI_SUCCESS);
	EXPECT_EQ(run(1, 2), GZVM_EXIT_IRQ);
	EXPECT_EQ(vcpu_of(1, 2)->arch.pc, ENTRY);
	EXPECT_EQ(vcpu_of(1, 2)->arch.x[0], 0xbeef);
}

/* A vCPU that goes away while it is named, and one that comes in its place. */
TEST(cpu_on_forgotten)
{
	machine();
	new_guest(2);
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON, 1, ENTRY, 0), GZVM_EXIT_IPI);
	EXPECT_OK(DESTROY_VCPU, TUPLE(1, 1));
	EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_CPU_ON, 1, ENTRY, 0);
	new_vcpu(1, 1);
	EXPECT_EQ(power(1), VCPU_POWER_OFF);
	EXPECT_EQ(run(1, 1), GZVM_EXIT_IDLE);
	EXPECT_EQ(vcpu_of(1, 1)->stats.entries, 0);
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON, 1, ENTRY + 8, 0), GZVM_EXIT_IPI);
	/* VM_RESET forgets it as well. */
	EXPECT_OK(VM_RESET, 1);
	EXPECT_EQ(power(1), VCPU_POWER_OFF);
	EXPECT_EQ(run(1, 1), GZVM_EXIT_IDLE);
	EXPECT_EQ(vcpu_of(1, 1)->stats.entries, 0);
}

TEST(affinity_info)
{
	machine();
	new_guest(2);
	EXPECT_CALL(PSCI_AFFINITY_ON, PSCI_AFFINITY_INFO, 0, 0, 0);
	EXPECT_CALL(PSCI_AFFINITY_OFF, PSCI_AFFINITY_INFO | SMC64, 1, 0, 0);
	EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_AFFINITY_INFO, 2, 0, 0);
	/* The level has 32 bits in both forms of the call (DEN0022 5.7). */
	EXPECT_CALL(PSCI_AFFINITY_ON, PSCI_AFFINITY_INFO | SMC64, 0, 1UL << 32, 0);
	EXPECT_CALL(PSCI_AFFINITY_ON, PSCI_AFFINITY_INFO, 0, 1UL << 32, 0);
	EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_AFFINITY_INFO | SMC64, 1UL << 32, 0, 0);
	EXPECT_OK(DESTROY_VCPU, TUPLE(1, 1));
	EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_AFFINITY_INFO, 1, 0, 0);
}

/*
 * Levels 1 to 3: the fields below do not count, so one vCPU is on for sure, the caller. The
 * fields from there on are 0 in all vCPUs: nobody is at other values.
 */
TEST(affinity_info_levels)
{
	machine();
	new_guest(2);
	for (u64 level = 1; level <= 3; level++) {
		u64 below = (1UL << 8 * level) - 1;

		EXPECT_CALL(PSCI_AFFINITY_ON, PSCI_AFFINITY_INFO, 0, level, 0);
		EXPECT_CALL(PSCI_AFFINITY_ON, PSCI_AFFINITY_INFO | SMC64, 0, level, 0);
		EXPECT_CALL(PSCI_AFFINITY_ON, PSCI_AFFINITY_INFO, 1, level, 0);
		EXPECT_CALL(PSCI_AFFINITY_ON, PSCI_AFFINITY_INFO, below, level, 0);
		EXPECT_CALL(PSCI_AFFINITY_ON, PSCI_AFFINITY_INFO | SMC64, below, level, 0);
		EXPECT_CALL(PSCI_AFFINITY_ON, PSCI_AFFINITY_INFO, 0, 1UL << 32 | level, 0);
		/* 39:32 is Aff3, 31:24 and 63:40 are no fields and must be 0. */
		for (unsigned int bit = 8 * level; bit < 64; bit++)
			EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_AFFINITY_INFO | SMC64, 1UL << bit,
				    level, 0);
		EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_AFFINITY_INFO, 1UL << 31, level, 0);
		EXPECT_CALL(PSCI_AFFINITY_ON, PSCI_AFFINITY_INFO, 1UL << 32, level, 0);
	}
	EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_AFFINITY_INFO, 0, 4, 0);
	EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_AFFINITY_INFO | SMC64, 0, 4, 0);
	EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_AFFINITY_INFO, 0, 8, 0);
	EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_AFFINITY_INFO, 0, NONE, 0);
	/* It is the caller that is on, whoever else is not. */
	vm_of(1)->peer[1].power = VCPU_POWER_ON;
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_OFF, 0, 0, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(power(0), VCPU_POWER_OFF);
	EXPECT_EQ(hvc(1, 1, PSCI_AFFINITY_INFO, 0, 1, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(x0(1, 1), PSCI_AFFINITY_ON);
	EXPECT_EQ(hvc(1, 1, PSCI_AFFINITY_INFO, 0, 0, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(x0(1, 1), PSCI_AFFINITY_OFF);
}

/* Off and on again, many times; while off, it is not entered. */
TEST(cpu_off_and_on)
{
	machine();
	new_guest(2);
	for (u64 i = 0; i < 50; i++) {
		EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON, 1, ENTRY + 4 * i, i), GZVM_EXIT_IPI);
		EXPECT_EQ(run(1, 1), GZVM_EXIT_IRQ);
		EXPECT_EQ(vcpu_of(1, 1)->arch.pc, ENTRY + 4 * i);
		EXPECT_EQ(hvc(1, 1, PSCI_CPU_OFF, 0, 0, 0), GZVM_EXIT_IDLE);
		EXPECT_EQ(vcpu_of(1, 1)->hwstate->vtimer_delay, 1 << 30);
		EXPECT_EQ(power(1), VCPU_POWER_OFF);
		EXPECT_EQ(run(1, 1), GZVM_EXIT_IDLE);
		EXPECT_EQ(vcpu_of(1, 1)->stats.entries, 2 * i + 2);
		EXPECT_CALL(PSCI_AFFINITY_OFF, PSCI_AFFINITY_INFO, 1, 0, 0);
	}
	EXPECT_EQ(fake_exits_left(), 0);
	/* The last one may go as well. */
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_OFF, 0, 0, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(power(0), VCPU_POWER_OFF);
	EXPECT_OK(VM_RESET, 1);
	EXPECT_EQ(power(0), VCPU_POWER_ON);
}

/*
 * CPU_ON finds its vCPU off, but still on its way out of RUN: it gets a kick, and the
 * host is not told to run it. So it starts by itself.
 */
static void on_from_another(struct vcpu *v)
{
	struct vcpu *other = v->vm->vcpu[0];
	u32 wake = 0;

	EXPECT_EQ(v->vm->peer[1].power, VCPU_POWER_OFF);
	fake_cpu = 1;
	other->arch.x[0] = PSCI_CPU_ON;
	other->arch.x[1] = 1;
	other->arch.x[2] = ENTRY + 0x40;
	other->arch.x[3] = 0x99;
	EXPECT_EQ(guest_call(other, &wake), 0);
	EXPECT_EQ(other->arch.x[0], PSCI_SUCCESS);
	EXPECT_EQ(wake, 2);
	EXPECT_EQ(vm_kick(v->vm, wake), 0);
	fake_cpu = 0;
}

TEST(cpu_on_races_cpu_off)
{
	machine();
	new_guest(2);
	vm_of(1)->peer[1].power = VCPU_POWER_ON;
	fake_answer_hook = on_from_another;
	EXPECT_EQ(hvc(1, 1, PSCI_CPU_OFF, 0, 0, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(power(1), VCPU_POWER_ON);
	EXPECT_EQ(vcpu_of(1, 1)->arch.pc, ENTRY + 0x40);
	EXPECT_EQ(vcpu_of(1, 1)->arch.x[0], 0x99);
	EXPECT_EQ(vcpu_of(1, 1)->stats.entries, 2);
	EXPECT_EQ(vcpu_of(1, 1)->stats.runs, 1);
	EXPECT_EQ(fake_kicks, 1);
	EXPECT_EQ(fake_kicks_consumed, 1);
	EXPECT_EQ(fake_loads, fake_puts);
}

/* The same by two: one gets it, the other hears so. */
TEST(cpu_on_races_cpu_on)
{
	u32 wake = 0;
	struct vcpu *a, *b;

	machine();
	new_guest(3);
	a = vcpu_of(1, 0);
	b = vcpu_of(1, 2);
	a->arch.x[0] = b->arch.x[0] = PSCI_CPU_ON;
	a->arch.x[1] = b->arch.x[1] = 1;
	a->arch.x[2] = ENTRY;
	b->arch.x[2] = ENTRY + 8;
	guest_call(a, &wake);
	arch_vcpu_load(b);
	guest_call(b, &wake);
	arch_vcpu_put(b);
	EXPECT_EQ(a->arch.x[0], PSCI_SUCCESS);
	EXPECT_EQ(b->arch.x[0], PSCI_ON_PENDING);
	EXPECT_EQ(run(1, 1), GZVM_EXIT_IPI);
	EXPECT_EQ(x[2], 4);
	EXPECT_EQ(run(1, 1), GZVM_EXIT_IRQ);
	EXPECT_EQ(vcpu_of(1, 1)->arch.pc, ENTRY);
}

TEST(cpu_suspend)
{
	machine();
	new_guest(1);
	vcpu_of(1, 0)->arch.timer_delay = 500;
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_SUSPEND, 0, 0, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(vcpu_of(1, 0)->hwstate->vtimer_delay, 500);
	EXPECT_EQ(x0(1, 0), PSCI_SUCCESS);
	/* Of a power-down state as well: the guest goes on behind the call. */
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_SUSPEND | SMC64, 1 << 16, ENTRY, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(x0(1, 0), PSCI_SUCCESS);
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_SUSPEND, 0xffffffff0301ffffUL, ENTRY, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(x0(1, 0), PSCI_SUCCESS);
	for (unsigned int bit = 17; bit < 32; bit++)
		if (bit < 24 || bit > 25)
			EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_CPU_SUSPEND, 1U << bit, ENTRY, 0);
	EXPECT_CALL(PSCI_INVALID_ADDRESS, PSCI_CPU_SUSPEND, 1 << 16, MEM - 4, 0);
	EXPECT_CALL(PSCI_INVALID_ADDRESS, PSCI_CPU_SUSPEND | SMC64, 1 << 16, ENTRY + 2, 0);
	EXPECT_EQ(power(0), VCPU_POWER_ON);
}

/* The VM's end: each vCPU's RUN says so from now on, and those that wait are woken. */
TEST(system_events)
{
	static const struct {
		u64 fn, a1;
		u32 type;
	} events[] = {
		{ PSCI_SYSTEM_OFF, 0, GZVM_SYSTEM_EVENT_SHUTDOWN },
		{ PSCI_SYSTEM_RESET, 0, GZVM_SYSTEM_EVENT_RESET },
		{ PSCI_SYSTEM_RESET2, 0, GZVM_SYSTEM_EVENT_RESET },
		{ PSCI_SYSTEM_RESET2 | SMC64, 1UL << 32, GZVM_SYSTEM_EVENT_RESET }, /* 32 bits */
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(events); i++) {
		u64 entries;

		machine();
		new_guest(8);
		EXPECT_EQ(run(1, 1), GZVM_EXIT_IDLE);
		EXPECT_EQ(hvc(1, 0, events[i].fn, events[i].a1, 0, 0), GZVM_EXIT_SYSTEM_EVENT);
		EXPECT_EQ(x[2], 0xfe);
		entries = fake_entries;
		for (unsigned int n = 0; n < 16; n++) {
			struct gzvm_vcpu_run *p = vcpu_of(1, n % 8)->run;

			memset(p, 0xff, sizeof(*p));
			EXPECT_EQ(run(1, n % 8), GZVM_EXIT_SYSTEM_EVENT);
			EXPECT_EQ(x[2], 0);
			EXPECT_EQ(p->system_event.type, events[i].type);
			EXPECT_EQ(p->system_event.ndata, 0);
			EXPECT_EQ(p->system_event.data[0], 0);
		}
		EXPECT_EQ(fake_entries, entries);
		/* Until it is reset. */
		EXPECT_OK(VM_RESET, 1);
		EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
		EXPECT_EQ(run(1, 1), GZVM_EXIT_IDLE);
	}
	/* What SYSTEM_RESET2 refuses: there is no vendor-specific type, others are reserved. */
	for (unsigned int bit = 0; bit < 31; bit++) {
		u64 vendor = 1UL << 31 | 1UL << bit;

		EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_SYSTEM_RESET2, 1UL << bit, 0, 0);
		EXPECT_CALL(NONE, PSCI_SYSTEM_RESET2, vendor, 0, 0);
		EXPECT_CALL(NONE, PSCI_SYSTEM_RESET2 | SMC64, 1UL << 32 | vendor, 0, 0);
	}
	EXPECT_CALL(NONE, PSCI_SYSTEM_RESET2, 0x80000000, 0, 0);
	EXPECT_CALL(NONE, PSCI_SYSTEM_RESET2 | SMC64, 0x80000000, 0, 0);
	EXPECT_CALL(PSCI_INVALID_PARAMETERS, PSCI_SYSTEM_RESET2 | SMC64, 1UL << 32 | 1, 0, 0);
	EXPECT_EQ(vm_of(1)->event.type, 0);
}

/* Clients without VM_RESET set registers again: the first one begins anew, and is kept. */
TEST(restart_by_register)
{
	u64 pc = GZVM_REG_CORE_U64(GZVM_CORE_PC), reg = GZVM_REG_CORE_U64(GZVM_CORE_X(0));
	struct vcpu *v;

	machine();
	new_guest(2);
	vm_of(1)->peer[1].power = VCPU_POWER_ON;
	vcpu_of(1, 1)->arch.x[5] = 55;
	EXPECT_EQ(hvc(1, 0, PSCI_SYSTEM_RESET, 0, 0, 0), GZVM_EXIT_SYSTEM_EVENT);
	EXPECT_EQ(run(1, 0), GZVM_EXIT_SYSTEM_EVENT);
	vm_of(1)->last_vcpu[HYP_MAX_CPUS - 1] = 2;
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, SET_ONE_REG, TUPLE(1, 0), ~reg, 7);
	EXPECT_EQ(vm_of(1)->event.type, GZVM_SYSTEM_EVENT_RESET);
	EXPECT_OK(SET_ONE_REG, TUPLE(1, 0), reg, 7);
	EXPECT_EQ(vm_of(1)->last_vcpu[HYP_MAX_CPUS - 1], 0); /* nothing of it in a TLB */
	EXPECT_EQ(vm_of(1)->event.type, 0);
	EXPECT_EQ(vcpu_of(1, 1)->arch.x[5], 0);
	EXPECT_OK(SET_ONE_REG, TUPLE(1, 0), pc, ENTRY + 16);
	EXPECT_EQ(vcpu_of(1, 0)->arch.pc, ENTRY + 16);
	EXPECT_EQ(vcpu_of(1, 0)->arch.x[0], 7);
	EXPECT_EQ(power(1), VCPU_POWER_OFF);
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	/* Any other time it is a register like others: another vCPU keeps its own. */
	vm_of(1)->peer[1].power = VCPU_POWER_ON;
	EXPECT_OK(SET_ONE_REG, TUPLE(1, 0), pc, ENTRY);
	EXPECT_EQ(power(1), VCPU_POWER_ON);
	/* Whichever vCPU it is of. */
	EXPECT_EQ(hvc(1, 0, PSCI_SYSTEM_RESET, 0, 0, 0), GZVM_EXIT_SYSTEM_EVENT);
	EXPECT_OK(SET_ONE_REG, TUPLE(1, 1), reg, 9);
	EXPECT_EQ(vm_of(1)->event.type, 0);
	EXPECT_EQ(vcpu_of(1, 1)->arch.x[0], 9);
	EXPECT_OK(SET_ONE_REG, TUPLE(1, 0), pc, ENTRY);
	/* After SYSTEM_OFF it is, too. */
	EXPECT_EQ(hvc(1, 0, PSCI_SYSTEM_OFF, 0, 0, 0), GZVM_EXIT_SYSTEM_EVENT);
	EXPECT_OK(SET_ONE_REG, TUPLE(1, 0), pc, ENTRY);
	EXPECT_EQ(run(1, 0), GZVM_EXIT_SYSTEM_EVENT);
	/* And it waits for a vCPU that is still in RUN. */
	EXPECT_OK(VM_RESET, 1);
	EXPECT_EQ(hvc(1, 0, PSCI_SYSTEM_RESET, 0, 0, 0), GZVM_EXIT_SYSTEM_EVENT);
	v = vcpu_claim(TUPLE(1, 1));
	EXPECT_REFUSED(GZVM_STATUS_BUSY, SET_ONE_REG, TUPLE(1, 0), pc, ENTRY);
	vcpu_release(v);
	EXPECT_OK(SET_ONE_REG, TUPLE(1, 0), pc, ENTRY);
	EXPECT_EQ(vm_of(1)->event.type, 0);
}

TEST(smccc)
{
	struct vcpu *v;

	machine();
	new_guest(1);
	v = vcpu_of(1, 0);
	EXPECT_CALL(0x10001, 0x80000000, 0, 0, 0);
	EXPECT_CALL(0, 0x80000001, 0x80000000, 0, 0);
	EXPECT_CALL(0, 0x80000001, 0xffffffff80000001, 0, 0);
	EXPECT_CALL(NONE, 0x80000001, 0x80000002, 0, 0);
	/* The vendor service that stock guests look for. */
	EXPECT_EQ(hvc(1, 0, 0x8600ff01, 1, 2, 3), GZVM_EXIT_IRQ);
	EXPECT_EQ(v->arch.x[0], 0xb66fb428);
	EXPECT_EQ(v->arch.x[1], 0xe911c52e);
	EXPECT_EQ(v->arch.x[2], 0x564bcaa9);
	EXPECT_EQ(v->arch.x[3], 0x743a004d);
	EXPECT_EQ(hvc(1, 0, 0x86000000, 1, 2, 3), GZVM_EXIT_IRQ);
	EXPECT_EQ(v->arch.x[0], 3);
	EXPECT_EQ(v->arch.x[1] | v->arch.x[2] | v->arch.x[3], 0);
	/* Everything else, GenieZone's own calls among them: they are the host's. */
	EXPECT_CALL(NONE, 0x86000002, 0, 0, 0);
	EXPECT_CALL(NONE, GZVM_HYPCALL_ID(GZVM_FN_CREATE_VM), 0, 0, 0);
	EXPECT_CALL(NONE, GZVM_HYPCALL_ID(GZVM_FN_PROBE), 0, 0, 0);
	EXPECT_CALL(NONE, 0, 0, 0, 0);
	EXPECT_CALL(NONE, NONE, 0, 0, 0);
	EXPECT_CALL(NONE, 0x84000020, 0, 0, 0);
	EXPECT_EQ(v->stats.exits[GZVM_EXIT_HYPERCALL - GZVM_EXIT_UNKNOWN], 0);
}

#define WORKAROUND_1 0x80008000
#define WORKAROUND_2 0x80007fff
#define WORKAROUND_3 0x80003fff
#define NOT_REQUIRED ((u64)-2)

/* Firmware of SMCCC 1.1 and what it says of its workarounds. */
static s32 firmware_has[3];

static void firmware(u64 x[])
{
	switch (x[0]) {
	case PSCI_FEATURES:
		x[0] = 0;
		break;
	case 0x80000001:
		x[0] = x[1] == WORKAROUND_1 ? (u32)firmware_has[0] :
		       x[1] == WORKAROUND_2 ? (u32)firmware_has[1] : (u32)firmware_has[2];
		break;
	}
}

static void firmware_boots(s32 first, s32 second, s32 third)
{
	static const struct platform one = { .nr_cpus = 1 };

	firmware_has[0] = first;
	firmware_has[1] = second;
	firmware_has[2] = third;
	fake_firmware_reset();
	fake_smc_answer = firmware;
	psci_init(&one);
	fake_firmware_reset();
	fake_smc_answer = firmware;
}

/* A call that the firmware must get: with the number and nothing of the guest's. */
static void expect_served(u32 fn)
{
	unsigned int before = fake_nr_smcs;

	EXPECT_CALL(0, 0xffffffff00000000 | fn, 0x1111, 0x2222, 0x3333);
	EXPECT_EQ(fake_nr_smcs, before + 1);
	EXPECT_EQ(fake_smcs[before].x[0], fn);
	for (unsigned int i = 1; i < SMCCC_NR_REGS; i++)
		EXPECT_EQ(fake_smcs[before].x[i], 0);
}

/* At each exit of a guest: what this CPU needs, whatever another one was told. */
TEST(branch_workaround)
{
	firmware_boots(1, 0, 1);
	EXPECT_EQ(psci_branch_workaround(), 0);
	firmware_has[0] = 0;
	EXPECT_EQ(psci_branch_workaround(), WORKAROUND_1);
	firmware_has[2] = 0;
	EXPECT_EQ(psci_branch_workaround(), WORKAROUND_3);
	firmware_has[0] = -1;
	EXPECT_EQ(psci_branch_workaround(), WORKAROUND_3);
	firmware_has[2] = -1;
	EXPECT_EQ(psci_branch_workaround(), 0);
	/* Firmware of SMCCC 1.0 is not asked. */
	fake_firmware_reset();
	psci_init(&(struct platform){ .nr_cpus = 1 });
	firmware_has[0] = firmware_has[2] = 0;
	fake_firmware_reset();
	fake_smc_answer = firmware;
	EXPECT_EQ(psci_branch_workaround(), 0);
	EXPECT_EQ(fake_nr_smcs, 0);
}

TEST(workarounds)
{
	static const u32 fns[] = { WORKAROUND_1, WORKAROUND_2, WORKAROUND_3 };

	machine();
	new_guest(1);
	/* The CPU that was asked is safe: another one that the guest gets to may not be. */
	firmware_boots(1, 0, 0);
	EXPECT_CALL(0, 0x80000001, WORKAROUND_1, 0, 0);
	EXPECT_CALL(NOT_REQUIRED, 0x80000001, WORKAROUND_2, 0, 0);
	EXPECT_CALL(0, 0x80000001, WORKAROUND_3, 0, 0);
	EXPECT_EQ(fake_nr_smcs, 0);
	for (unsigned int i = 0; i < 4; i++) {
		expect_served(WORKAROUND_1);
		expect_served(WORKAROUND_3);
	}
	/* That one is the host's to switch. */
	EXPECT_CALL(NONE, WORKAROUND_2, 0, 0, 0);
	EXPECT_EQ(fake_nr_smcs, 8);

	/* Firmware that has not all of them. */
	firmware_boots(0, -2, -1);
	expect_served(WORKAROUND_1);
	EXPECT_CALL(NOT_REQUIRED, 0x80000001, WORKAROUND_2, 0, 0);
	EXPECT_CALL(NONE, 0x80000001, WORKAROUND_3, 0, 0);
	EXPECT_CALL(NONE, WORKAROUND_3, 0, 0, 0);
	EXPECT_EQ(fake_nr_smcs, 1);

	/* Firmware of SMCCC 1.0 is not asked. */
	fake_firmware_reset();
	psci_init(&(const struct platform){ .nr_cpus = 1 });
	EXPECT_EQ(fake_nr_smcs, 2);
	for (unsigned int i = 0; i < ARRAY_SIZE(fns); i++) {
		EXPECT_CALL(NONE, 0x80000001, fns[i], 0, 0);
		EXPECT_CALL(NONE, fns[i], 0, 0, 0);
	}
	EXPECT_EQ(fake_nr_smcs, 2);
}

TEST(ptp)
{
	struct gzvm_vcpu_run *p;
	struct vcpu *v;

	machine();
	new_guest(1);
	v = vcpu_of(1, 0);
	p = v->run;
	EXPECT_EQ(hvc(1, 0, GZVM_HVC_PTP, 1, 2, 3), GZVM_EXIT_HYPERCALL);
	EXPECT_EQ(p->hypercall.args[0], GZVM_HVC_PTP);
	EXPECT_EQ(p->hypercall.args[1], 1);
	EXPECT_EQ(p->hypercall.args[3], 3);
	EXPECT_EQ(p->hypercall.args[4], 0x4444);
	for (unsigned int i = 0; i < 8; i++)
		p->hypercall.args[i] = 100 + i;
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	for (unsigned int i = 0; i < 4; i++)
		EXPECT_EQ(v->arch.x[i], 100 + i);
	EXPECT_EQ(v->arch.x[4], 0x4444);
	p->hypercall.args[0] = 1;
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(v->arch.x[0], 100);
}

TEST(relinquish)
{
	u64 page, args;

	machine();
	new_guest(1);
	page = host_pages(1);
	EXPECT_OK(MAP_GUEST, 1, 0, page >> 12, MEM_GFN + 3, 1);
	EXPECT_CALL((u64)SMCCC_INVALID_PARAMETER, GZVM_HVC_MEM_RELINQUISH, MEM - PAGE_SIZE, 0, 0);
	EXPECT_CALL((u64)SMCCC_INVALID_PARAMETER, GZVM_HVC_MEM_RELINQUISH, MEM + 8, 0, 0);
	EXPECT_CALL((u64)SMCCC_INVALID_PARAMETER, GZVM_HVC_MEM_RELINQUISH, ~0UL << 12, 0, 0);
	EXPECT_EQ(borrowers(page), 1);
	EXPECT_EQ(hvc(1, 0, GZVM_HVC_MEM_RELINQUISH, MEM + 3 * PAGE_SIZE, 0, 0),
		  GZVM_EXIT_HYPERCALL);
	/* Gone before the host hears of it, and the answer is no matter of the host's. */
	EXPECT_EQ(borrowers(page), 0);
	args = vcpu_of(1, 0)->run->hypercall.args[0];
	EXPECT_EQ(args, GZVM_HVC_MEM_RELINQUISH);
	EXPECT_EQ(vcpu_of(1, 0)->run->hypercall.args[1], MEM + 3 * PAGE_SIZE);
	memset(vcpu_of(1, 0)->run, 0x5a, sizeof(struct gzvm_vcpu_run));
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(x0(1, 0), 0);
	/* Memory that is not there already: the same. */
	EXPECT_EQ(hvc(1, 0, GZVM_HVC_MEM_RELINQUISH, MEM, 0, 0), GZVM_EXIT_HYPERCALL);
	EXPECT_EQ(x0(1, 0), 0);
	EXPECT_TLB_CLEAN();
}
