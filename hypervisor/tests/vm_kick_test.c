// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/vm.c core/vcpu.c core/run.c core/guest_call.c core/vm_calls.c core/psci.c core/log.c
// LINK: core/page.c core/page_vm.c core/pgtable.c core/pgtable_unmap.c core/pgtable_list.c
// LINK: core/pool.c core/stage2.c lib/printf.c tests/vm_hypercall.c
// LINK: arch/fake/fake_world.c arch/fake/fake_firmware.c
// LINK: vgic/vgic.c vgic/dist.c vgic/redist.c vgic/bank.c vgic/lr.c vgic/sgi.c vgic/queue.c
// LINK: vgic/cpuif.c
/* Kicks: a vCPU inside the guest hears of news, once, and none is lost while it leaves. */
#include "vm_env.h"

static u64 guest_of(unsigned int cpus)
{
	machine();
	new_guest(cpus);
	for (unsigned int i = 0; i < cpus; i++)
		vm_of(1)->peer[i].power = VCPU_POWER_ON;
	/* SPI 32 on, edge by level: group 1, enabled, to vCPU 0; SGIs and PPIs likewise. */
	for (unsigned int i = 0; i < 32; i++) {
		vm_of(1)->spi[i].group1 = true;
		vm_of(1)->spi[i].enabled = true;
		vm_of(1)->spi[i].priority = 0x80;
	}
	vm_of(1)->vgic.ctlr = 0x12;
	for (unsigned int i = 0; i < cpus; i++) {
		for (unsigned int k = 0; k < 32; k++) {
			vcpu_of(1, i)->vgic.priv[k].group1 = true;
			vcpu_of(1, i)->vgic.priv[k].enabled = true;
			vcpu_of(1, i)->vgic.priv[k].priority = 0x80;
		}
		vcpu_of(1, i)->vgic.hw.vmcr = VMCR_OPEN;
	}
	return 1;
}

#define PEER(i) (&vm_of(1)->peer[i])

/* A call that another CPU makes, with registers of its own. */
static s64 other_cpu(unsigned int cpu, u64 regs[8])
{
	unsigned int here = fake_cpu;

	fake_cpu = cpu;
	hypercall(regs);
	fake_cpu = here;
	return regs[0];
}

static u64 irq_from(unsigned int cpu, unsigned int spi, u64 level)
{
	u64 regs[8] = { GZVM_HYPCALL_ID(GZVM_FN_IRQ_LINE), TUPLE(1, 0), spi, level };

	EXPECT_EQ(other_cpu(cpu, regs), 0);
	return regs[1];
}

static void irq_in_guest(struct vcpu *v)
{
	EXPECT_EQ(PEER(v->index)->mode, VCPU_IN_GUEST);
	EXPECT_EQ(irq_from(3, 0, 1), 0); /* nobody has to be woken: kicked */
	EXPECT_EQ(PEER(v->index)->mode, VCPU_KICKED);
	EXPECT(fake_kick_pending(0));
	/* More news, no second kick. */
	EXPECT_EQ(irq_from(2, 1, 1), 0);
	EXPECT_EQ(fake_kicks, 1);
}

static void two_pending(struct vcpu *v)
{
	EXPECT_EQ(PEER(0)->mode, VCPU_IN_GUEST);
	EXPECT(!fake_kick_pending(0));
	EXPECT_EQ(v->vgic.hw.used_lrs, 2);
	EXPECT_EQ((u32)v->vgic.hw.lr[0], 32);
	EXPECT_EQ((u32)v->vgic.hw.lr[1], 33);
}

/* In the guest, kicked, consumed once; the news is in the list registers then. */
TEST(kick_reaches_the_guest)
{
	guest_of(1);
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_KICK }, irq_in_guest);
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_IRQ }, two_pending);
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_kicks, 1);
	EXPECT_EQ(fake_kicks_consumed, 1);
	EXPECT_EQ(vcpu_of(1, 0)->stats.handled[GZVM_HANDLED_IRQ], 1);
	EXPECT_EQ(vcpu_of(1, 0)->stats.entries, 2);
	EXPECT_EQ(PEER(0)->mode, VCPU_OUT);
	EXPECT_EQ(fake_exits_left(), 0);
	/* Out: the next one is the host's to wake. */
	EXPECT_EQ(irq_from(3, 2, 1), 1);
	EXPECT_EQ(fake_kicks, 1);
}

/* The guest leaves for another reason, with the kick on its way: gone before the host runs. */
TEST(kick_meets_another_exit)
{
	guest_of(1);
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_IRQ }, irq_in_guest);
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_kicks_consumed, 1);
	EXPECT(!fake_kick_pending(0));
	EXPECT_EQ(PEER(0)->mode, VCPU_OUT);
	/* An exit to the VMM likewise. */
	guest_of(1);
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_ABORT, .valid = true, .size = 4,
				       .addr = 0x1000 }, irq_in_guest);
	EXPECT_EQ(run(1, 0), GZVM_EXIT_MMIO);
	EXPECT_EQ(fake_kicks_consumed, 1);
	/* WFI with the kick there already: taken in the guest, no IDLE. */
	guest_of(1);
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_WFI }, irq_in_guest);
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_kicks_consumed, 1);
}

/* The kick's number without a kick: somebody else's interrupt, the host's. */
TEST(not_our_kick)
{
	guest_of(1);
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_KICK });
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_kicks_consumed, 0);
	EXPECT_EQ(vcpu_of(1, 0)->stats.handled[GZVM_HANDLED_IRQ], 0);
}

/*
 * The news comes when an idle vCPU has looked for news, and is about to leave. vCPU 1 runs
 * on CPU 1, and in its guest's time vCPU 0 does WFI on CPU 0 and kicks vCPU 1 on the way.
 */
static u64 nested[8];

static void news_while_leaving(unsigned int cpu)
{
	if (cpu != 1)
		return;
	/* vCPU 0 has decided for IDLE, and is about to say that it is out. */
	EXPECT_EQ(PEER(0)->mode, VCPU_IN_GUEST);
	EXPECT_EQ(irq_from(2, 0, 1), 0);
	EXPECT_EQ(PEER(0)->mode, VCPU_KICKED);
}

static void run_vcpu0(struct vcpu *v)
{
	EXPECT_EQ(v->index, 1);
	nested[0] = GZVM_HYPCALL_ID(GZVM_FN_RUN);
	nested[1] = TUPLE(1, 0);
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFI, .wake = 2 });
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_IRQ });
	EXPECT_EQ(other_cpu(0, nested), 0);
}

TEST(kick_while_leaving_idle)
{
	guest_of(2);
	fake_cpu = 1;
	fake_kick_hook = news_while_leaving;
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_IRQ }, run_vcpu0);
	EXPECT_EQ(run(1, 1), GZVM_EXIT_IRQ);
	/* Not IDLE: it went back into the guest with the interrupt. */
	EXPECT_EQ(nested[1], GZVM_EXIT_IRQ);
	EXPECT_EQ(nested[2], 0);
	EXPECT_EQ(vcpu_of(1, 0)->stats.entries, 2);
	EXPECT_EQ((u32)vcpu_of(1, 0)->hwstate->lr[0], 32);
	EXPECT_EQ(fake_kicks, 2);
	EXPECT_EQ(fake_kicks_consumed, 2);
	EXPECT_EQ(PEER(0)->mode, VCPU_OUT);
	EXPECT_EQ(PEER(1)->mode, VCPU_OUT);
	EXPECT_EQ(fake_exits_left(), 0);
}

/* Eight vCPUs inside the guest, one on each CPU; the innermost does something for all. */
static unsigned int depth;
static u64 reasons[8], wakes[8];
static struct guest_exit innermost;
static u64 innermost_fn;

static void go_deeper(struct vcpu *v)
{
	u64 regs[8] = { GZVM_HYPCALL_ID(GZVM_FN_RUN) };
	unsigned int i = v->index + 1;

	EXPECT_EQ(arch_cpu(), v->index);
	regs[1] = TUPLE(1, i);
	if (i == 7) {
		vcpu_of(1, 7)->arch.x[0] = innermost_fn;
		fake_exit(innermost);
	} else {
		fake_step((struct guest_exit){ .kind = GUEST_EXIT_AGAIN }, go_deeper);
	}
	depth++;
	EXPECT_EQ(other_cpu(i, regs), 0);
	reasons[i] = regs[1];
	wakes[i] = regs[2];
}

static void all_in_guest(void)
{
	depth = 0;
	fake_cpu = 0;
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_AGAIN }, go_deeper);
	reasons[0] = run(1, 0);
	wakes[0] = x[2];
	EXPECT_EQ(depth, 7);
	EXPECT_EQ(fake_world_errors, 0);
}

TEST(event_brings_all_out)
{
	guest_of(8);
	innermost = (struct guest_exit){ .kind = GUEST_EXIT_HVC };
	innermost_fn = PSCI_SYSTEM_OFF;
	all_in_guest();
	for (unsigned int i = 0; i < 8; i++) {
		EXPECT_EQ(reasons[i], GZVM_EXIT_SYSTEM_EVENT);
		EXPECT_EQ(wakes[i], 0); /* all of them were inside */
		EXPECT_EQ(vcpu_of(1, i)->run->system_event.type, GZVM_SYSTEM_EVENT_SHUTDOWN);
		EXPECT_EQ(PEER(i)->mode, VCPU_OUT);
		EXPECT(!fake_kick_pending(i));
	}
	EXPECT_EQ(fake_kicks, 7); /* not itself */
	EXPECT_EQ(fake_kicks_consumed, 7);
	/* Seven parked, one inside. */
	guest_of(8);
	vcpu_of(1, 0)->arch.x[0] = PSCI_SYSTEM_RESET;
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_HVC });
	EXPECT_EQ(run(1, 0), GZVM_EXIT_SYSTEM_EVENT);
	EXPECT_EQ(x[2], 0xfe);
	EXPECT_EQ(fake_kicks, 0);
}

/* Two events at once: the first counts, also for the one who made the second. */
static void off_by_vcpu0(struct vcpu *v)
{
	u64 regs[8] = { GZVM_HYPCALL_ID(GZVM_FN_RUN), TUPLE(1, 0) };

	EXPECT_EQ(v->index, 1);
	vcpu_of(1, 0)->arch.x[0] = PSCI_SYSTEM_OFF;
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_HVC });
	EXPECT_EQ(other_cpu(0, regs), 0);
	EXPECT_EQ(regs[1], GZVM_EXIT_SYSTEM_EVENT);
	EXPECT(fake_kick_pending(1));
	v->arch.x[0] = PSCI_SYSTEM_RESET;
}

TEST(first_event_counts)
{
	guest_of(2);
	fake_cpu = 1;
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_HVC }, off_by_vcpu0);
	EXPECT_EQ(run(1, 1), GZVM_EXIT_SYSTEM_EVENT);
	EXPECT_EQ(vcpu_of(1, 1)->run->system_event.type, GZVM_SYSTEM_EVENT_SHUTDOWN);
	EXPECT_EQ(vm_of(1)->event.type, GZVM_SYSTEM_EVENT_SHUTDOWN);
	EXPECT_EQ(fake_kicks, fake_kicks_consumed);
}

TEST(sgi_to_all)
{
	guest_of(8);
	/* IRM: all but itself. */
	innermost = (struct guest_exit){ .kind = GUEST_EXIT_SGI, .data = 1UL << 40 | 5UL << 24,
					 .group1 = true };
	all_in_guest();
	for (unsigned int i = 0; i < 8; i++)
		EXPECT_EQ(reasons[i], GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_kicks, 7);
	EXPECT_EQ(fake_kicks_consumed, 7);
	for (unsigned int i = 0; i < 7; i++)
		EXPECT_EQ((u32)vcpu_of(1, i)->hwstate->lr[0], 5);
	EXPECT_EQ(vcpu_of(1, 7)->vgic.nr_queued, 0);
}

/* vm_kick() by itself: who gets a kick, whom the host has to run. */
TEST(kick_mask)
{
	guest_of(3);
	PEER(1)->mode = VCPU_IN_GUEST;
	PEER(1)->cpu = 5;
	PEER(2)->mode = VCPU_KICKED;
	EXPECT_EQ(vm_kick(vm_of(1), 0), 0);
	EXPECT_EQ(vm_kick(vm_of(1), 0xff), 1);
	EXPECT_EQ(fake_kicks, 1);
	EXPECT(fake_kick_pending(5));
	EXPECT_EQ(PEER(0)->mode, VCPU_OUT);
	EXPECT_EQ(PEER(1)->mode, VCPU_KICKED);
	EXPECT_EQ(vm_kick(vm_of(1), 6), 0);
	EXPECT_EQ(fake_kicks, 1);
}

/* RUN by a host that has nothing else for this CPU: a WFI waits there, see run_linger(). */
static u64 run_alone(unsigned int i)
{
	CHECK(HC(RUN, TUPLE(1, i), GZVM_RUN_WAIT) == 0);
	EXPECT_EQ(fake_world_errors, 0);
	EXPECT_EQ(PEER(i)->mode, VCPU_OUT);
	return x[1];
}

static void in_wfi(void)
{
	guest_of(2);
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFI });
}

static void interrupt_in_wait(void)
{
	irq_in_guest(vcpu_of(1, 0));
}

static void event_in_wait(void)
{
	u32 wake = 0;

	vm_post_event(vm_of(1), GZVM_SYSTEM_EVENT_SHUTDOWN, NULL, &wake);
	EXPECT_EQ(vm_kick(vm_of(1), wake & 3), 2);
}

static void timer_is_due(void)
{
	u32 wake = 0;

	vgic_set_line(&vm_of(1)->vgic, 0, 27, true, &wake);
}

static void timer_in_wait(void)
{
	/* Found where the timers are looked at. */
	fake_step_hook = timer_is_due;
}

TEST(wait_ends_for_the_guest)
{
	in_wfi();
	fake_wait_hook = interrupt_in_wait;
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_IRQ }, two_pending);
	EXPECT_EQ(run_alone(0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_waits, 1);
	EXPECT_EQ(fake_kicks_consumed, 1);
	EXPECT_EQ(vcpu_of(1, 0)->stats.entries, 2);
	EXPECT_EQ(vcpu_of(1, 0)->stats.handled[GZVM_HANDLED_WFX], 1);
	/* Its timer. */
	in_wfi();
	fake_wait_hook = timer_in_wait;
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_IRQ });
	EXPECT_EQ(run_alone(0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_waits, 1);
	EXPECT_EQ((u32)vcpu_of(1, 0)->hwstate->lr[0], 27);
	EXPECT_EQ(vcpu_of(1, 0)->stats.handled[GZVM_HANDLED_WFX], 1);
	fake_step_hook = NULL;
	/* The end of its VM. */
	in_wfi();
	fake_wait_hook = event_in_wait;
	EXPECT_EQ(run_alone(0), GZVM_EXIT_SYSTEM_EVENT);
	EXPECT_EQ(fake_kicks_consumed, 1);
	EXPECT_EQ(vcpu_of(1, 0)->stats.entries, 1);
	/* A standby is a wait as well. */
	guest_of(2);
	vcpu_of(1, 0)->arch.x[0] = PSCI_CPU_SUSPEND;
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_HVC });
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_IRQ });
	fake_wait_hook = interrupt_in_wait;
	EXPECT_EQ(run_alone(0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_waits, 1);
}

/* The host has its interrupt, and the guest goes on waiting: it is not entered. */
TEST(wait_ends_for_the_host)
{
	in_wfi();
	vcpu_of(1, 0)->arch.timer_delay = 500;
	EXPECT_EQ(run_alone(0), GZVM_EXIT_IDLE);
	EXPECT_EQ(fake_waits, 1);
	EXPECT_EQ(vcpu_of(1, 0)->stats.entries, 1);
	EXPECT_EQ(vcpu_of(1, 0)->stats.handled[GZVM_HANDLED_WFX], 0);
	EXPECT_EQ(vcpu_of(1, 0)->hwstate->vtimer_delay, 500);
}

/* The event and its kick come with the exit: reported, whether it may wait or not. */
static void event_with_exit(struct vcpu *v)
{
	EXPECT_EQ(v->index, 0);
	event_in_wait();
}

TEST(event_before_a_wait)
{
	guest_of(2);
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_WFI }, event_with_exit);
	EXPECT_EQ(run(1, 0), GZVM_EXIT_SYSTEM_EVENT);
	guest_of(2);
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_WFI }, event_with_exit);
	EXPECT_EQ(run_alone(0), GZVM_EXIT_SYSTEM_EVENT);
	EXPECT_EQ(fake_waits, 0);
	EXPECT_EQ(fake_kicks_consumed, 1);
}

TEST(no_wait)
{
	/* The host did not say so, or not for this RUN. */
	in_wfi();
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(fake_waits, 0);
	in_wfi();
	EXPECT_EQ(run_alone(0), GZVM_EXIT_IDLE);
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFI });
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(fake_waits, 1);
	/* Something is pending already. */
	in_wfi();
	EXPECT_EQ(irq_from(3, 0, 1), 1);
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_IRQ });
	EXPECT_EQ(run_alone(0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_waits, 0);
	/* Another vCPU has to be run first, which is out. */
	guest_of(2);
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFI, .wake = 2 });
	EXPECT_EQ(run_alone(0), GZVM_EXIT_IDLE);
	EXPECT_EQ(x[2], 2);
	EXPECT_EQ(fake_waits, 0);
	/* It waits for another one's CPU_ON, for a while. */
	guest_of(2);
	PEER(1)->power = VCPU_POWER_ON_PENDING;
	vcpu_of(1, 0)->arch.x[0] = PSCI_CPU_ON;
	vcpu_of(1, 0)->arch.x[1] = 1;
	vcpu_of(1, 0)->arch.x[2] = MEM + 0x1000;
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_HVC });
	EXPECT_EQ(run_alone(0), GZVM_EXIT_IDLE);
	EXPECT_EQ(fake_waits, 0);
	/* It is off: the driver wakes it. */
	guest_of(2);
	vcpu_of(1, 0)->arch.x[0] = PSCI_CPU_OFF;
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_HVC });
	EXPECT_EQ(run_alone(0), GZVM_EXIT_IDLE);
	EXPECT_EQ(run_alone(0), GZVM_EXIT_IDLE);
	EXPECT_EQ(fake_waits, 0);
}

/* Its line is high still, but it does not pend. */
static void take_end_disable(struct vcpu *v)
{
	EXPECT_EQ((u32)v->vgic.hw.lr[0], 40);
	v->vgic.hw.lr[0] &= ~LR_STATE;
	vm_of(1)->spi[8].enabled = false;
}

/* Ends of interrupts are reported at once. */
TEST(no_wait_with_a_report)
{
	guest_of(1);
	EXPECT_OK(IRQ_LINE_EX, TUPLE(1, 0), 40, GZVM_IRQ_LEVEL | GZVM_IRQ_RESAMPLE);
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_WFI }, take_end_disable);
	EXPECT_EQ(run_alone(0), GZVM_EXIT_IDLE);
	EXPECT_EQ((u32)vcpu_of(1, 0)->hwstate->lr[0], 40);
	EXPECT_EQ(fake_waits, 0);
}

/* An access that has to be repeated once another vCPU has come out (vgic_cpu.again). */
static void has_lr(struct vcpu *v)
{
	u64 regs[8] = { GZVM_HYPCALL_ID(GZVM_FN_RUN), TUPLE(1, 1) };
	struct guest_exit e = { .kind = GUEST_EXIT_ABORT, .valid = true, .size = 4, .reg = 3,
				.reg64 = true, .addr = DIST + 0x304 };

	EXPECT_EQ(v->index, 0);
	EXPECT_EQ(v->vgic.hw.used_lrs, 1);
	/* vCPU 1 asks whether SPI 32 is active: first vCPU 0 is brought out. */
	fake_exit(e);
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_IRQ });
	EXPECT_EQ(other_cpu(1, regs), 0);
	EXPECT_EQ(regs[1], GZVM_EXIT_IRQ);
	EXPECT_EQ(vcpu_of(1, 1)->arch.pc, 0); /* not stepped over */
	EXPECT(fake_kick_pending(0));
	/* Meanwhile the guest has taken it. */
	v->vgic.hw.lr[0] = (v->vgic.hw.lr[0] & ~LR_STATE) | 2UL << 62;
}

TEST(access_again)
{
	struct guest_exit e = { .kind = GUEST_EXIT_ABORT, .valid = true, .size = 4, .reg = 3,
				.reg64 = true, .addr = DIST + 0x304 };

	guest_of(2);
	EXPECT_EQ(irq_from(2, 0, 1), 1);
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_IRQ }, has_lr);
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	fake_exit(e);
	EXPECT_EQ(run(1, 1), GZVM_EXIT_IRQ);
	EXPECT_EQ(vcpu_of(1, 1)->arch.pc, 4);
	EXPECT_EQ(vcpu_of(1, 1)->arch.x[3], 1);
}
/* Who finds a vCPU on its way waits for it, is woken by it, and is told what has become of it. */
TEST(cpu_on_waits)
{
	machine();
	new_guest(2);
	EXPECT_EQ(run(1, 1), GZVM_EXIT_IDLE);
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON, 1, MEM, 0), GZVM_EXIT_IPI);
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON, 1, MEM, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(vcpu_of(1, 0)->hwstate->vtimer_delay, 1 << 28);
	/* Woken for nothing it goes on. */
	fake_counter += 1000;
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(vcpu_of(1, 0)->hwstate->vtimer_delay, (1 << 28) - 1000);
	/* It does not come. */
	fake_counter += 1 << 28;
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(vcpu_of(1, 0)->arch.x[0], PSCI_ON_PENDING);
	/* The timer comes first. */
	vcpu_of(1, 0)->arch.timer_delay = 500;
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON, 1, MEM, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(vcpu_of(1, 0)->hwstate->vtimer_delay, 500);
	fake_counter += 500;
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(vcpu_of(1, 0)->arch.x[0], PSCI_ON_PENDING);
	/* It comes. */
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON | SMCCC_64BIT, 1, MEM, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(run(1, 1), GZVM_EXIT_IPI);
	EXPECT_EQ(x[2], 1);
	EXPECT_EQ(PEER(1)->power, VCPU_POWER_ON);
	EXPECT_EQ(run(1, 1), GZVM_EXIT_IRQ);
	EXPECT_EQ(vcpu_of(1, 0)->arch.x[0], PSCI_ON_PENDING);
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(vcpu_of(1, 0)->arch.x[0], PSCI_ALREADY_ON);
	/* Said once. */
	vcpu_of(1, 0)->arch.x[0] = 5;
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(vcpu_of(1, 0)->arch.x[0], 5);
}

/* It came, and has gone again: it was on, and nobody waits for one that is off. */
TEST(cpu_on_waits_for_one_that_goes)
{
	machine();
	new_guest(2);
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON, 1, MEM, 0), GZVM_EXIT_IPI);
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON, 1, MEM, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(run(1, 1), GZVM_EXIT_IPI);
	EXPECT_EQ(hvc(1, 1, PSCI_CPU_OFF, 0, 0, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(vcpu_of(1, 0)->arch.x[0], PSCI_ALREADY_ON);
	/* Nobody waits for the next start. */
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON, 1, MEM, 0), GZVM_EXIT_IPI);
	EXPECT_EQ(run(1, 1), GZVM_EXIT_IRQ);
}

/* One that waits and is in RUN still looks again by itself: a kick, and nothing for the host. */
static void on_while_it_leaves(struct vcpu *v)
{
	fake_answer_hook = NULL;
	fake_cpu = 1;
	EXPECT_EQ(run(1, 1), GZVM_EXIT_IRQ);
	fake_cpu = 0;
	(void)v;
}

TEST(cpu_on_waits_and_leaves)
{
	machine();
	new_guest(2);
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON, 1, MEM, 0), GZVM_EXIT_IPI);
	vm_of(1)->peer[1].on_waiters = 1;
	fake_answer_hook = on_while_it_leaves;
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON, 1, MEM, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(vcpu_of(1, 0)->arch.x[0], PSCI_ALREADY_ON);
	EXPECT_EQ(fake_kicks, 1);
	EXPECT_EQ(fake_kicks_consumed, 1);
}

/* An interrupt ends the wait, and so does the VM's end. */
TEST(cpu_on_waits_no_longer)
{
	guest_of(3);
	PEER(1)->power = VCPU_POWER_OFF;
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON, 1, MEM, 0), GZVM_EXIT_IPI);
	EXPECT_EQ(hvc(1, 0, PSCI_CPU_ON, 1, MEM, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(irq_from(2, 1, 1), 1);
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(vcpu_of(1, 0)->arch.x[0], PSCI_ON_PENDING);
	EXPECT_EQ(irq_from(2, 1, 0), 0);
	vcpu_of(1, 0)->vgic.hw.lr[0] = 0;
	EXPECT_EQ(hvc(1, 2, PSCI_CPU_ON, 1, MEM, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(hvc(1, 0, PSCI_SYSTEM_OFF, 0, 0, 0), GZVM_EXIT_SYSTEM_EVENT);
	EXPECT_EQ(run(1, 2), GZVM_EXIT_SYSTEM_EVENT);
}

