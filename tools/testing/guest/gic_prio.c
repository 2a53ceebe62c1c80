// SPDX-License-Identifier: GPL-2.0-only
/*
 * One CPU's interrupts: order, masks, preemption, ends, active state. Arm IHI 0069, sections 4.1
 * and 4.8. PSTATE masks interrupts: what the CPU interface would signal is what ICC_IAR1_EL1
 * gives.
 */
#include "guest.h"

#define FIRST	40	/* SPIs without a device */
#define MANY	24	/* more than there are list registers anywhere */

static unsigned int priority_bits, levels;
/* KVM of Linux 6.12 keeps active interrupts in list registers, and takes no more than fit. */
static unsigned int many_active = MANY;
static bool under_kvm;

static uint32_t take(void)
{
	return gic_acknowledge();
}

static void expect(const char *what, uint64_t is, uint64_t expected)
{
	check(is == expected, "%s: %lx, not %lx", what, is, expected);
}

static void raise(uint32_t intid)
{
	gic_set(GIC_ISPENDR, intid);
}

/* Nothing pending, active or enabled from here on. */
static void clean(void)
{
	while (read_sysreg(ICC_RPR_EL1) != 0xff)
		write_sysreg(ICC_AP1R0_EL1, 0);
	for (uint32_t intid = FIRST; intid < FIRST + MANY; intid++) {
		gic_set(GIC_ICENABLER, intid);
		gic_set(GIC_ICPENDR, intid);
		gic_set(GIC_ICACTIVER, intid);
	}
	write_sysreg(ICC_PMR_EL1, 0xff);
	write_sysreg(ICC_BPR1_EL1, 0);
	write_sysreg(ICC_CTLR_EL1, 0);
	expect("left over", take(), INTID_SPURIOUS);
}

static void set_up(uint32_t intid, uint8_t priority)
{
	gic_spi(intid, priority, 0);
}

static void test_identification(void)
{
	uint64_t ctlr = read_sysreg(ICC_CTLR_EL1);

	priority_bits = (ctlr >> 8 & 7) + 1;
	check(priority_bits >= 4 && priority_bits <= 8, "%u bits of priority", priority_bits);
	levels = 1U << (priority_bits < 5 ? priority_bits : 5);
	gic_priority(FIRST, 0xff);
	expect("unimplemented bits", mmio_read8(GICD + GIC_IPRIORITYR + FIRST),
	       0xff << (8 - priority_bits) & 0xff);
	write_sysreg(ICC_PMR_EL1, 0xff);
	check(read_sysreg(ICC_PMR_EL1) >= (0xff << (8 - priority_bits) & 0xff), "PMR %lx",
	      read_sysreg(ICC_PMR_EL1));
	expect("RPR", read_sysreg(ICC_RPR_EL1), 0xff);
	check(read_sysreg(ICC_SRE_EL1) & 1, "SRE %lx", read_sysreg(ICC_SRE_EL1));
	check((mmio_read32(GICD + GICD_TYPER) & 0x1f) >= 1, "GICD_TYPER %x",
	      mmio_read32(GICD + GICD_TYPER));
	test_end("identification");
}

/* All at once, each of another priority: the most urgent first, to the last one. */
static void test_order(void)
{
	uint8_t last = 0;

	clean();
	for (unsigned int i = 0; i < MANY; i++)
		set_up(FIRST + i, ((i * 7) % MANY + 1) * 8);
	for (unsigned int i = 0; i < MANY; i++)
		raise(FIRST + i);
	for (unsigned int i = 0; i < MANY; i++) {
		uint32_t intid = take();
		uint8_t priority;

		if (intid == INTID_SPURIOUS) {
			check(false, "only %u of %u", i, MANY);
			break;
		}
		priority = mmio_read8(GICD + GIC_IPRIORITYR + intid);
		check(priority > last, "priority %x after %x", priority, last);
		last = priority;
		expect("running priority", read_sysreg(ICC_RPR_EL1), priority);
		gic_end(intid);
	}
	expect("another one", take(), INTID_SPURIOUS);
	test_end("order");
}

/* More of one priority than list registers: each once. */
static void test_many(void)
{
	uint32_t seen = 0;

	clean();
	for (unsigned int i = 0; i < MANY; i++)
		set_up(FIRST + i, 0x80);
	for (unsigned int i = 0; i < MANY; i++)
		raise(FIRST + i);
	for (unsigned int i = 0; i < MANY; i++) {
		uint32_t intid = take();

		if (intid == INTID_SPURIOUS)
			break;
		check(!(seen & 1U << (intid - FIRST)), "%u came twice", intid);
		seen |= 1U << (intid - FIRST);
		gic_end(intid);
	}
	expect("seen", seen, (1U << MANY) - 1);
	test_end("more than list registers");
}

static void test_mask(void)
{
	clean();
	set_up(FIRST, 0x80);
	raise(FIRST);
	for (unsigned int pmr = 0; pmr <= 0xf0; pmr += 0x10) {
		write_sysreg(ICC_PMR_EL1, pmr);
		if (pmr <= 0x80) {
			expect("masked by PMR", take(), INTID_SPURIOUS);
			continue;
		}
		expect("let by PMR", take(), FIRST);
		gic_end(FIRST);
		raise(FIRST);
	}
	/* Of the whole group. */
	write_sysreg(ICC_IGRPEN1_EL1, 0);
	expect("group off in the CPU interface", take(), INTID_SPURIOUS);
	write_sysreg(ICC_IGRPEN1_EL1, 1);
	mmio_write32(GICD + GICD_CTLR, 1 << 4);
	expect("group off in the distributor", take(), INTID_SPURIOUS);
	check(gic_get(GIC_ISPENDR, FIRST), "not pending any more");
	mmio_write32(GICD + GICD_CTLR, 1 << 4 | 1 << 1);
	/* KVM of Linux 6.12 has forgotten it. */
	if (under_kvm)
		raise(FIRST);
	expect("on again", take(), FIRST);
	gic_end(FIRST);
	/* Disabled, it stays pending. */
	gic_set(GIC_ICENABLER, FIRST);
	raise(FIRST);
	expect("disabled", take(), INTID_SPURIOUS);
	check(gic_get(GIC_ISPENDR, FIRST), "not pending");
	gic_set(GIC_ISENABLER, FIRST);
	expect("enabled", take(), FIRST);
	gic_end(FIRST);
	test_end("masks");
}

/* Preemption is by what the binary point leaves of a priority: BPR1 n, bits 7 to n. */
static void test_preemption(void)
{
	unsigned int least;

	clean();
	write_sysreg(ICC_BPR1_EL1, 0);
	least = read_sysreg(ICC_BPR1_EL1);
	check(least >= 1 && least <= 4, "least BPR1 %u", least);
	for (unsigned int bpr = least; bpr <= 7; bpr++) {
		for (unsigned int other = 0; other < 0xf8; other += 8) {
			bool preempts = (other >> bpr) < (0x58U >> bpr);

			write_sysreg(ICC_BPR1_EL1, bpr);
			set_up(FIRST, 0x58);
			set_up(FIRST + 1, other);
			raise(FIRST);
			expect("first", take(), FIRST);
			raise(FIRST + 1);
			expect(preempts ? "preempts" : "waits", take(),
			       preempts ? FIRST + 1 : INTID_SPURIOUS);
			if (preempts)
				gic_end(FIRST + 1);
			gic_end(FIRST);
			if (!preempts) {
				expect("later", take(), FIRST + 1);
				gic_end(FIRST + 1);
			}
		}
	}
	clean();
	test_end("preemption");
}

/* As deep as there are levels; all ends in reverse order. */
static void test_nesting(void)
{
	/* The least urgent level is masked by every PMR. */
	unsigned int depth = levels - 1 < many_active ? levels - 1 : many_active;

	clean();
	for (unsigned int i = 0; i < depth; i++)
		set_up(FIRST + i, (levels - 2 - i) * (256 / levels));
	for (unsigned int i = 0; i < depth; i++) {
		raise(FIRST + i);
		expect("deeper", take(), FIRST + i);
		expect("running priority", read_sysreg(ICC_RPR_EL1), (levels - 2 - i) * (256 / levels));
	}
	for (unsigned int i = 0; i < depth; i++)
		check(gic_get(GIC_ISACTIVER, FIRST + i), "%u is not active", FIRST + i);
	for (unsigned int i = depth; i-- > 0;) {
		gic_end(FIRST + i);
		check(!gic_get(GIC_ISACTIVER, FIRST + i), "%u is active after its end", FIRST + i);
	}
	expect("RPR", read_sysreg(ICC_RPR_EL1), 0xff);
	test_end("nesting");
}

static void test_active(void)
{
	clean();
	set_up(FIRST, 0x80);
	/* Active, and pending again. */
	raise(FIRST);
	expect("first", take(), FIRST);
	check(gic_get(GIC_ISACTIVER, FIRST) && !gic_get(GIC_ISPENDR, FIRST), "not active alone");
	raise(FIRST);
	check(gic_get(GIC_ISACTIVER, FIRST) && gic_get(GIC_ISPENDR, FIRST), "not active and pending");
	expect("while active", take(), INTID_SPURIOUS);
	gic_end(FIRST);
	expect("again", take(), FIRST);
	gic_end(FIRST);
	expect("no third", take(), INTID_SPURIOUS);
	/* Pending taken back while active. */
	raise(FIRST);
	expect("first", take(), FIRST);
	raise(FIRST);
	gic_set(GIC_ICPENDR, FIRST);
	check(!gic_get(GIC_ISPENDR, FIRST), "pending");
	gic_end(FIRST);
	expect("taken back", take(), INTID_SPURIOUS);
	/* Made active by software: no CPU gets it until it is made inactive. */
	gic_set(GIC_ISACTIVER, FIRST);
	check(gic_get(GIC_ISACTIVER, FIRST) && gic_get(GIC_ICACTIVER, FIRST), "not active");
	raise(FIRST);
	expect("made active", take(), INTID_SPURIOUS);
	gic_set(GIC_ICACTIVER, FIRST);
	check(!gic_get(GIC_ISACTIVER, FIRST), "active");
	expect("made inactive", take(), FIRST);
	gic_end(FIRST);
	/* Made inactive while it runs: then its end drops the priority alone. */
	raise(FIRST);
	expect("first", take(), FIRST);
	gic_set(GIC_ICACTIVER, FIRST);
	check(!gic_get(GIC_ISACTIVER, FIRST), "active");
	gic_end(FIRST);
	expect("RPR", read_sysreg(ICC_RPR_EL1), 0xff);
	/* The same of a private interrupt. */
	gic_enable(5);
	gic_sgi_to_self(5);
	expect("SGI", take(), 5);
	gic_sgi_to_self(5);
	check(gic_get(GIC_ISACTIVER, 5) && gic_get(GIC_ISPENDR, 5), "SGI: not active and pending");
	gic_end(5);
	expect("SGI again", take(), 5);
	gic_end(5);
	test_end("active state");
}

/* EOImode 1: the end drops the priority, ICC_DIR_EL1 deactivates, in any order. */
static void test_split(void)
{
	clean();
	write_sysreg(ICC_CTLR_EL1, ICC_CTLR_EOIMODE);
	for (unsigned int i = 0; i < many_active; i++)
		set_up(FIRST + i, 0x80);
	for (unsigned int i = 0; i < many_active; i++) {
		raise(FIRST + i);
		expect("one", take(), FIRST + i);
		gic_end(FIRST + i);
		expect("RPR", read_sysreg(ICC_RPR_EL1), 0xff);
		check(gic_get(GIC_ISACTIVER, FIRST + i), "%u is not active", FIRST + i);
	}
	for (unsigned int i = 0; i < many_active; i++)
		raise(FIRST + i);
	expect("all are active", take(), INTID_SPURIOUS);
	for (unsigned int i = 0; i < many_active; i++) {
		uint32_t intid = FIRST + (i * 7 + 3) % many_active;

		write_sysreg(ICC_DIR_EL1, intid);
		expect("deactivated", take(), intid);
		gic_end(intid);
		write_sysreg(ICC_DIR_EL1, intid);
		check(!gic_get(GIC_ISACTIVER, intid), "%u is active", intid);
	}
	expect("left", take(), INTID_SPURIOUS);
	write_sysreg(ICC_CTLR_EL1, 0);
	test_end("priority drop and deactivation");
}

/* A level input without a device is low: what ISPENDR latched lasts until it is acknowledged. */
static void test_level(void)
{
	uint64_t config = GICD + GIC_ICFGR + FIRST / 16 * 4;

	clean();
	set_up(FIRST, 0x80);
	mmio_write32(config, mmio_read32(config) & ~(2U << FIRST % 16 * 2));
	raise(FIRST);
	check(gic_get(GIC_ISPENDR, FIRST), "not pending");
	gic_set(GIC_ICPENDR, FIRST);
	check(!gic_get(GIC_ISPENDR, FIRST), "pending");
	expect("taken back", take(), INTID_SPURIOUS);
	raise(FIRST);
	expect("latched", take(), FIRST);
	gic_end(FIRST);
	expect("once", take(), INTID_SPURIOUS);
	mmio_write32(config, mmio_read32(config) | 2U << FIRST % 16 * 2);
	test_end("level");
}

/* A timer's line: pending as long as the condition, again after its end. */
static void test_line(void)
{
	clean();
	gic_enable(INTID_VTIMER);
	write_sysreg(cntv_cval_el0, 0);
	write_sysreg(cntv_ctl_el0, 1);
	for (unsigned int i = 0; i < 5; i++) {
		expect("line is up", take(), INTID_VTIMER);
		expect("while active", take(), INTID_SPURIOUS);
		gic_end(INTID_VTIMER);
	}
	expect("line is up", take(), INTID_VTIMER);
	write_sysreg(cntv_ctl_el0, 0);
	gic_end(INTID_VTIMER);
	expect("line is down", take(), INTID_SPURIOUS);
	test_end("line of the timer");
}

/* Group 0, where the distributor has it: FIQs, ICC_IAR0_EL1. */
static void test_group0(void)
{
	uint64_t group = GICD + GIC_IGROUPR + FIRST / 32 * 4;

	clean();
	mmio_write32(GICD + GICD_CTLR, 1 << 4 | 3);
	if (!(mmio_read32(GICD + GICD_CTLR) & 1)) {
		check(bootargs_have("hypervisor=kvm"), "no group 0");
	} else {
		set_up(FIRST, 0x80);
		mmio_write32(group, mmio_read32(group) & ~(1U << FIRST % 32));
		write_sysreg(ICC_IGRPEN0_EL1, 1);
		raise(FIRST);
		expect("group 1", take(), INTID_SPURIOUS);
		expect("group 0", read_sysreg(ICC_IAR0_EL1), FIRST);
		write_sysreg(ICC_EOIR0_EL1, FIRST);
		expect("group 0 again", read_sysreg(ICC_IAR0_EL1), INTID_SPURIOUS);
		write_sysreg(ICC_IGRPEN0_EL1, 0);
		mmio_write32(group, mmio_read32(group) | 1U << FIRST % 32);
	}
	mmio_write32(GICD + GICD_CTLR, 1 << 4 | 2);
	clean();
	expect("end", take(), INTID_SPURIOUS);
	test_end("group 0");
}

/* By exceptions: an IRQ whose handler opens interrupts is interrupted by the more urgent one. */
static volatile unsigned int depth, deepest, handled;

static void nested(void)
{
	uint32_t intid = take();

	if (intid == INTID_SPURIOUS)
		return;
	depth++;
	if (depth > deepest)
		deepest = depth;
	handled++;
	if (intid < FIRST + 3)
		raise(intid + 1);
	irq_enable();
	asm volatile("isb; nop; nop" ::: "memory");
	irq_disable();
	gic_end(intid);
	depth--;
}

static void test_exceptions(void)
{
	clean();
	for (unsigned int i = 0; i < 4; i++)
		set_up(FIRST + i, 0xa0 - i * 0x20);
	irq_raw = nested;
	raise(FIRST);
	irq_enable();
	while (handled < 4)
		relax();
	irq_disable();
	irq_raw = NULL;
	expect("handled", handled, 4);
	expect("nested", deepest, 4);
	expect("depth", depth, 0);
	test_end("nested exceptions");
}

void guest_main(void)
{
	check(gic_init(), "no redistributor");
	under_kvm = bootargs_have("hypervisor=kvm");
	if (under_kvm)
		many_active = 4;
	test_identification();
	test_order();
	test_many();
	test_mask();
	test_preemption();
	test_nesting();
	test_active();
	test_split();
	test_level();
	test_line();
	test_group0();
	test_exceptions();
}
