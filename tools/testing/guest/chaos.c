// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile guest: on all its CPUs, at random, what the other hostile guests do in order, and
 * whatever else the instruction set has. On the command line:
 *
 *	seed=N	random numbers; otherwise the VMM's own. It is printed.
 *	ops=N	operations of each CPU, 0 for ever (1000)
 *	cpus=N	CPUs (4)
 *	end=spin, end=irqs, end=loop	then never end: a loop; interrupts; vectors that may not be
 *		executed, so that EL1 takes exceptions for ever. Without it power off
 *	end=vbar	then vectors where no memory is, for which the hypervisor ends a guest
 *
 * Its own code, stack and tables are kept from harm, so that it goes on: EL0 has 2 MiB of its
 * own, and a timer brings EL1 back from there.
 */
#include "trap.h"

#define MAX_CPUS	8
#define EL0_VIRT	UINT64_C(0xc0000000)
#define EL0_PHYS	UINT64_C(0x84000000)
#define EL0_SIZE	UINT64_C(0x200000)
#define SCRAP		UINT64_C(0x86000000)	/* memory that nothing depends on */
#define SCRAP_SIZE	UINT64_C(0x10000000)
#define WINDOW		UINT64_C(0x100000000)	/* the first gibibyte, devices, as memory */
#define WINDOW_SIZE	UINT64_C(0x40000000)
#define EL0_TICKS	20000

struct chaos_start {
	uint64_t ttbr0, tcr, mair, vbar, cpacr, sctlr, stack, argument;
} __attribute__((aligned(64)));

struct cpu {
	struct trap trap;
	uint64_t random;
	uint64_t redist;
	uint64_t ops;
	uint64_t bad;		/* what must not be */
	uint64_t fetches;	/* from where no memory is */
	uint64_t bad_fetches;
	uint64_t bad_esr, bad_at;	/* the last of these */
};

void chaos_secondary(void);
void chaos_cpu(uint64_t index);

static struct cpu cpus[MAX_CPUS];
static struct chaos_start starts[MAX_CPUS];
static uint8_t stacks[MAX_CPUS][0x4000] __attribute__((aligned(16)));
static uint64_t tables[MAX_CPUS][2][512] __attribute__((aligned(4096)));
static uint64_t nr_cpus, nr_ops, done;

static uint64_t draw(struct cpu *c)
{
	uint64_t x = c->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	c->random = x;
	return x * 0x2545f4914f6cdd1d;
}

static uint64_t below(struct cpu *c, uint64_t n)
{
	return (draw(c) >> 11) % n;
}

/* An address with something of interest about it. */
static uint64_t place(struct cpu *c)
{
	static const uint64_t places[] = {
		0, RTC, RTC_LOAD, SERIAL_SCRATCH, UNCLAIMED, VIRTIO + 31 * VIRTIO_STEP, GICD,
		GICD - 0x20000, GICD - 0x100000, 0x7fffffc0, 0x9fffffc0, 0xa0000000, 0xb0000000,
		SCRAP, EL0_PHYS,
	};

	return places[below(c, ARRAY_SIZE(places))] + (below(c, 64) & ~(draw(c) & 7));
}

static uint64_t scrap(struct cpu *c)
{
	return SCRAP + (below(c, SCRAP_SIZE) & ~7ul);
}

/* After anything: this CPU can take its timer's interrupt again. */
static void settle(struct cpu *c, uint64_t ticks)
{
	uint64_t sgi = c->redist + GICR_SGI;

	mmio_write32(GICD + GICD_CTLR, 1 << 1 | 1 << 4);
	mmio_write32(c->redist + 0x14, 0);			/* WAKER */
	mmio_write32(sgi + 0x380, UINT32_MAX);			/* ICACTIVER0 */
	mmio_write32(sgi + 0x280, UINT32_MAX);			/* ICPENDR0 */
	mmio_write32(sgi + 0x180, ~(1u << INTID_VTIMER));	/* ICENABLER0 */
	mmio_write32(sgi + 0x80, UINT32_MAX);			/* IGROUPR0 */
	for (unsigned int i = 0; i < 32; i += 4)
		mmio_write32(sgi + 0x400 + i, 0xa0a0a0a0);	/* IPRIORITYR */
	write_sysreg(S3_0_C12_C12_4, 0);			/* ICC_CTLR_EL1 */
	write_sysreg(S3_0_C12_C8_4, 0);				/* ICC_AP0R0_EL1 */
	write_sysreg(S3_0_C12_C9_0, 0);				/* ICC_AP1R0_EL1 */
	write_sysreg(S3_0_C12_C12_3, 0);			/* ICC_BPR1_EL1 */
	write_sysreg(S3_0_C4_C6_0, 0xf0);			/* ICC_PMR_EL1 */
	write_sysreg(S3_0_C12_C12_6, 0);			/* ICC_IGRPEN0_EL1 */
	write_sysreg(S3_0_C12_C12_7, 1);			/* ICC_IGRPEN1_EL1 */
	write_sysreg(cntkctl_el1, draw(c) & 0x2f3);		/* never EL0VTEN */
	write_sysreg(cntv_ctl_el0, 0);
	write_sysreg(cntv_tval_el0, ticks);
	write_sysreg(cntv_ctl_el0, 1);
	mmio_write32(sgi + 0x100, 1u << INTID_VTIMER);		/* ISENABLER0 */
}

/* Random code at EL0, of either kind, among random data; ends by its exception or the timer. */
static void el0_code(struct cpu *c)
{
	uint64_t area = (uint64_t)(c - cpus) * (EL0_SIZE / MAX_CPUS), spsr = 0x100;
	bool a32 = (read_sysreg(id_aa64pfr0_el1) & 0xf) == 2 && !below(c, 4);

	for (unsigned int i = 0; i < 64; i++) {
		uint32_t word = draw(c);

		/* Of the 64-bit encodings most are not allocated: the dense parts more often. */
		if (!a32 && i & 1)
			word = (word & 0xe3ffffff) | (below(c, 2) ? 0x14000000 : 0x08000000);
		((volatile uint32_t *)(EL0_PHYS + area))[i] = word;
	}
	for (uint64_t p = 0; p < 256; p += 16)
		asm volatile("dc cvau, %0" :: "r" (EL0_PHYS + area + p) : "memory");
	asm volatile("dsb ish; ic ialluis; dsb ish; isb" ::: "memory");
	if (a32)
		spsr = 0x110 | (draw(c) & 1) << 5 | (draw(c) & 0xf) << 28 | (draw(c) & 1) << 9;
	else
		spsr |= (draw(c) & 0xf) << 28 | (draw(c) & 1) << 21 | (draw(c) & 1) << 9;
	settle(c, EL0_TICKS);
	trap_call(&c->trap, trap_eret, EL0_VIRT + area, spsr, EL0_VIRT + area + 0x1000);
	write_sysreg(cntv_ctl_el0, 0);
	c->bad += !c->trap.taken || c->trap.slot < TRAP_EL0;
}

/* Registers that the guest lives by, and those whose interrupts it waits with. */
static bool is_vital(uint32_t reg)
{
	static const uint32_t vital[] = {
		SYSREG(3, 0, 1, 0, 0),	/* SCTLR */ SYSREG(3, 0, 2, 0, 0), /* TTBR0 */
		SYSREG(3, 0, 2, 0, 2),	/* TCR */ SYSREG(3, 0, 10, 2, 0), /* MAIR */
		SYSREG(3, 0, 12, 0, 0),	/* VBAR */ SYSREG(3, 0, 13, 0, 4), /* TPIDR */
		SYSREG(3, 0, 4, 2, 0),	/* SPSel */ SYSREG(3, 3, 4, 2, 1), /* DAIF */
		SYSREG(3, 0, 4, 2, 3),	/* PAN */ SYSREG(3, 0, 4, 3, 0), /* ALLINT */
		SYSREG(3, 0, 1, 0, 3),	/* SCTLR2 */ SYSREG(3, 0, 2, 0, 3), /* TCR2 */
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(vital); i++)
		if (vital[i] == reg)
			return true;
	return false;
}

static void registers(struct cpu *c)
{
	/* The dense parts of op0 3, or anything of op0 2 and 3. */
	static const uint8_t crn[] = { 0, 1, 2, 4, 5, 6, 7, 10, 12, 13, 14 };
	uint32_t reg = SYSREG(3, below(c, 4), crn[below(c, ARRAY_SIZE(crn))], below(c, 16),
			      below(c, 8));

	if (!below(c, 4))
		reg = SYSREG(2 + below(c, 2), below(c, 8), below(c, 16), below(c, 16), below(c, 8));
	trap_insn(&c->trap, INSN_MRS(reg, 0), 0, 0, 0);
	if (!is_vital(reg))
		trap_insn(&c->trap, INSN_MSR(reg, 0), below(c, 2) ? c->trap.x[0] : draw(c), 0, 0);
	asm volatile("msr daifset, #15" ::: "memory");
}

/* op0 1: cache and TLB maintenance, address translation, what is not allocated. */
static void system(struct cpu *c)
{
	uint32_t reg = SYSREG(1, below(c, 8), below(c, 3) ? 7 + below(c, 2) : below(c, 16),
			      below(c, 16), below(c, 8));

	trap_insn(&c->trap, (below(c, 4) ? 0xd5000000 : 0xd5200000) | reg,
		  below(c, 3) ? scrap(c) : place(c), 0, 0);
}

static void calls(struct cpu *c)
{
	static const uint32_t ids[] = {
		PSCI_VERSION, PSCI_AFFINITY_INFO, PSCI_FEATURES, PSCI_MIGRATE_INFO_TYPE, PSCI_CPU_ON,
		0x84000003, 0x84000004, 0x84000005, 0x84000012, 0xc4000012, SMCCC_VERSION,
		SMCCC_ARCH_FEATURES, 0x86000000, 0x86000001, 0x8600ff01, 0xc6000009, 0xfb001000,
	};
	uint32_t id = below(c, 4) ? ids[below(c, ARRAY_SIZE(ids))] : draw(c);
	uint64_t a1 = below(c, 2) ? draw(c) : below(c, 8), a2 = draw(c);

	/* Not an end of the guest, of this CPU or of the memory below. */
	if ((id & 0xbfffffe0) == 0x84000000 && ((id & 0x1f) == 1 || (id & 0x1f) == 2 ||
						(id & 0x1f) == 8 || (id & 0x1f) == 9 ||
						((id & 0x1f) == 0x12 && !a1)))
		return;
	if ((id & 0x1f) == 0x12 && (id & 0xbf000000) == 0x84000000)
		a1 |= 1;
	if (id == 0xc6000009)
		a1 = scrap(c) & -(below(c, 4) ? 4096ul : 1ul);
	/* A CPU that runs is on already; one that does not exist stays so. */
	if ((id & 0xbfffffff) == 0x84000003)
		a1 = below(c, 2) ? below(c, nr_cpus) : a1 | MAX_CPUS;
	trap_insn(&c->trap, (below(c, 4) ? 0xd4000002 : 0xd4000003) |
		  (below(c, 4) ? 0 : below(c, 65536) << 5), id, a1, a2);
}

static void devices(struct cpu *c)
{
	/* Loads and stores of x2 (and x3) by x0: sizes, pairs, SIMD, writeback, exclusives. */
	static const uint32_t insns[] = {
		0x39400002, 0x79400002, 0xb9400002, 0xf9400002, 0x39800002, 0x79c00002, 0xb9800002,
		0x39000002, 0x79000002, 0xb9000002, 0xf9000002, 0xa9400c02, 0xa9000c02, 0x3dc00000,
		0x3d800000, 0xf8408402, 0x38001402, 0x4c407000, 0x885f7c02, 0x88017c02, 0xc8dffc02,
		0xf8210002, 0x88a17c02, 0xd50b7420, 0xd50b7e20, 0xf8408c02,
	};

	trap_insn(&c->trap, insns[below(c, ARRAY_SIZE(insns))], place(c), draw(c), draw(c));
}

/* Any register of the GIC but what keeps others from their timers. */
static void gic(struct cpu *c)
{
	uint64_t r = draw(c), size = r & 3, offset = r >> 8 & 0xffff & -(1ul << size);
	static const uint32_t load[] = { 0x39400000, 0x79400000, 0xb9400000, 0xf9400000 };
	static const uint32_t store[] = { 0x39000001, 0x79000001, 0xb9000001, 0xf9000001 };
	uint64_t base = r >> 32 & 1 ? c->redist + (r >> 33 & 1 ? GICR_SGI : 0) : GICD;

	if (r >> 34 & 1)
		offset &= 0xfff;
	trap_insn(&c->trap, load[size], GICD - (1 + below(c, 8)) * 0x10000 + offset, 0, 0);
	trap_insn(&c->trap, load[size], base + offset, 0, 0);
	if (base != GICD || offset >= 8)
		trap_insn(&c->trap, store[size], base + offset, draw(c) & draw(c), 0);
	if (r >> 35 & 1)
		write_sysreg(S3_0_C12_C11_5, (draw(c) & 0xf000000) | (draw(c) & 0xff) |
			     (draw(c) & 1) << 40);
}

static void waits(struct cpu *c)
{
	settle(c, below(c, 50000));
	asm volatile("wfi" ::: "memory");
	if (below(c, 2))
		hvc(PSCI_CPU_SUSPEND, 0, 0, 0);
	for (unsigned int i = below(c, 100); i; i--)
		asm volatile("sev; wfe; yield; sevl; wfe" ::: "memory");
	write_sysreg(cntv_ctl_el0, 0);
}

static void debug(struct cpu *c)
{
	write_sysreg(oslar_el1, below(c, 4) == 0);
	write_sysreg(dbgbvr0_el1, EL0_VIRT + (below(c, EL0_SIZE) & ~3ul));
	write_sysreg(dbgbcr0_el1, draw(c));
	write_sysreg(dbgbvr1_el1, draw(c));
	write_sysreg(dbgbcr1_el1, draw(c));
	write_sysreg(dbgwvr0_el1, EL0_VIRT + below(c, EL0_SIZE));
	write_sysreg(dbgwcr0_el1, draw(c));
	write_sysreg(dbgwcr1_el1, draw(c));
	write_sysreg(mdscr_el1, draw(c) & (1 << 15 | 1 << 13 | 1 << 12 | 1));
	el0_code(c);
	if (below(c, 2))
		write_sysreg(mdscr_el1, 0);
}

/* Fetches and walks from where no memory is; other tables by the second half of addresses. */
static void translation(struct cpu *c)
{
	uint64_t tcr = read_sysreg(tcr_el1);

	write_sysreg(ttbr1_el1, below(c, 2) ? place(c) & ~0xffful : draw(c) & 0xfffffffff000);
	write_sysreg(tcr_el1, (tcr & ~(1ul << 23)) | 25 << 16 | 1 << 24 | 1 << 26 | 3ul << 28 |
		     2ul << 30);
	asm volatile("tlbi vmalle1; dsb nsh; isb" ::: "memory");
	trap_insn(&c->trap, 0xf9400000, 0xffffff8000000000 | (draw(c) & 0x7ffffffff8), 0, 0);
	trap_call(&c->trap, trap_jump, 0xffffff8000000000 | (draw(c) & 0x7ffffffffc), 0, 0);
	write_sysreg(tcr_el1, tcr);
	asm volatile("tlbi vmalle1is; dsb ish; isb" ::: "memory");
}

/*
 * Code where devices are, or nothing is, which stage 1 calls memory: an instruction abort, external
 * and not on a walk (Arm ARM D24.2.40, ISS of an instruction abort), with the address of the fetch,
 * at either exception level. Not with an odd PC: of its two exceptions QEMU takes the wrong one.
 */
static void execution(struct cpu *c)
{
	uint64_t at = WINDOW + ((below(c, 2) ? place(c) : draw(c)) & (WINDOW_SIZE - 4));
	unsigned int slot = below(c, 2) ? TRAP_EL0 : TRAP_EL1;
	uint64_t ec = slot == TRAP_EL0 ? EC_IABT_EL0 : EC_IABT;
	uint64_t esr = ec << 26 | 1 << 25 | FSC_EXTERNAL;

	/* At EL0 PSTATE.D masks no debug exception. */
	write_sysreg(mdscr_el1, 0);
	if (slot == TRAP_EL0)
		trap_call(&c->trap, trap_eret, at, SPSR_EL0, 0);
	else
		trap_call(&c->trap, trap_jump, at, 0, 0);
	c->fetches++;
	if (c->trap.taken && c->trap.slot == slot && c->trap.esr == esr && c->trap.far == at &&
	    c->trap.elr == at)
		return;
	c->bad_fetches++;
	c->bad_esr = c->trap.taken ? c->trap.esr : 0;
	c->bad_at = at;
}

static void memory(struct cpu *c)
{
	for (unsigned int i = below(c, 20); i; i--)
		*(volatile uint64_t *)scrap(c) = draw(c);
	trap_insn(&c->trap, 0xd50b7420, scrap(c), 0, 0);	/* dc zva */
}

static void other(struct cpu *c)
{
	static const uint32_t code[] = { 0xb9400001, INSN_RET };

	trap_call(&c->trap, trap_big_endian, place(c) & ~3ul & 0x7fffffff, 0,
		  (uint64_t)trap_code(code, 2));
	trap_call(&c->trap, trap_eret, (uint64_t)trap_code(code + 1, 1), 0x3c0 | below(c, 32), 0);
	write_sysreg(cpacr_el1, (draw(c) & 0x13330000) | 3 << 20);
	trap_insn(&c->trap, 0x1e600000 | (draw(c) & 0x3fffff), 0, 0, 0);	/* FP data processing */
}

static void (*const ops[])(struct cpu *c) = {
	el0_code, el0_code, el0_code, registers, registers, registers, registers, system, system,
	calls, calls, devices, devices, gic, gic, waits, debug, translation, execution, memory,
	other,
};

/**
 * chaos_cpu() - one CPU's part; called by chaos_entry.S
 * @index: its number
 */
void chaos_cpu(uint64_t index)
{
	struct cpu *c = &cpus[index];

	c->redist = GICD - 0x20000 * (nr_cpus - index);
	asm volatile("msr daifset, #15" ::: "memory");
	while (!nr_ops || c->ops < nr_ops) {
		ops[below(c, ARRAY_SIZE(ops))](c);
		c->ops++;
	}
	write_sysreg(mdscr_el1, 0);
	__atomic_fetch_add(&done, 1, __ATOMIC_SEQ_CST);
}

/* Its own tables: the kit's first level, the windows and nothing of the others'. */
static void make_tables(unsigned int i, const uint64_t *kit)
{
	for (unsigned int n = 0; n < 3; n++)
		tables[i][0][n] = kit[n];
	tables[i][0][3] = (uint64_t)tables[i][1] | 3;
	tables[i][0][4] = 1 << 10 | 3 << 8 | 1 << 2 | 1;
	tables[i][1][0] = EL0_PHYS | 1ul << 53 | 1 << 10 | 3 << 8 | 1 << 6 | 1 << 2 | 1;
}

static void start(unsigned int i)
{
	struct smccc r;

	starts[i] = (struct chaos_start) {
		.ttbr0 = (uint64_t)tables[i][0],
		.tcr = read_sysreg(tcr_el1),
		.mair = read_sysreg(mair_el1),
		.vbar = read_sysreg(vbar_el1),
		.cpacr = read_sysreg(cpacr_el1),
		.sctlr = read_sysreg(sctlr_el1),
		.stack = (uint64_t)(stacks[i] + sizeof(stacks[i])),
		.argument = i,
	};
	asm volatile("dc civac, %0; dsb sy" :: "r" (&starts[i]) : "memory");
	r = hvc(PSCI_CPU_ON, i, (uint64_t)chaos_secondary, (uint64_t)&starts[i]);
	check(!r.x[0], "CPU %u: CPU_ON returned %ld", i, r.x[0]);
}

static void never_end(const char *how)
{
	/* The kit maps devices as not executable, and memory more than there is. */
	write_sysreg(vbar_el1, *how == 'v' ? 0xb0000000 : 0x30000000);
	for (;;) {
		if (*how == 'v' || *how == 'l')
			asm volatile("svc #0" ::: "memory");
		else if (*how == 'i')
			write_sysreg(S3_0_C12_C11_5, 1ul << 40 | (random64() & 15) << 24 | 1);
	}
}

void guest_main(void)
{
	uint64_t seed = bootargs_number("seed=", fdt_seed());
	const uint64_t *kit = (uint64_t *)(read_sysreg(ttbr0_el1) & 0xfffffffff000);
	uint64_t bad = 0, total = 0, fetches = 0;

	nr_cpus = bootargs_number("cpus=", 4);
	nr_ops = bootargs_number("ops=", 1000);
	print("# seed %lu, %lu operations on each of %lu CPUs\n", seed, nr_ops, nr_cpus);
	for (unsigned int i = 0; i < nr_cpus && i < MAX_CPUS; i++) {
		cpus[i].random = (seed + i) * 0x9e3779b97f4a7c15 | 1;
		make_tables(i, kit);
	}
	asm volatile("dsb ish" ::: "memory");
	for (unsigned int i = 1; i < nr_cpus && i < MAX_CPUS; i++)
		start(i);
	write_sysreg(ttbr0_el1, tables[0][0]);
	asm volatile("tlbi vmalle1; dsb nsh; isb" ::: "memory");
	chaos_cpu(0);
	while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) < nr_cpus)
		asm volatile("yield" ::: "memory");
	for (unsigned int i = 0; i < nr_cpus && i < MAX_CPUS; i++) {
		bad += cpus[i].bad;
		total += cpus[i].ops;
		fetches += cpus[i].fetches;
		check(!cpus[i].bad_fetches, "CPU %u: %lu fetches from no memory, one at %lx: ESR %lx",
		      i, cpus[i].bad_fetches, cpus[i].bad_at, cpus[i].bad_esr);
	}
	check(total == nr_ops * nr_cpus, "%lu operations", total);
	check(!bad, "EL0 was left %lu times otherwise than by an exception", bad);
	check(fetches || total < 500, "nothing was fetched from where no memory is");
	print("# %lu operations done, %lu fetches from where no memory is\n", total, fetches);
	test_end("still here");
	if (bootargs_word("end="))
		never_end(bootargs_word("end="));
}
