// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errata of CPUs that EL2 does something about: which CPUs, and what is done. The one
 * place to add another one; the numbers are those of Arm's Software Developer Errata
 * Notices.
 */
#include <hyp/log.h>
#include <hyp/util.h>
#include "cpu.h"

/* MIDR_EL1: implementer, architecture and part; variant and revision */
#define MIDR_MODEL (GENMASK(31, 24) | GENMASK(19, 4))
#define MIDR_STEPPING(midr) (FIELD_GET(GENMASK(23, 20), midr) << 4 | FIELD_GET(GENMASK(3, 0), midr))
#define ARM_CPU(part) (0x410f0000U | (part) << 4)
#define CORTEX_A53 ARM_CPU(0xd03)
#define CORTEX_A55 ARM_CPU(0xd05)
#define CORTEX_A57 ARM_CPU(0xd07)
#define CORTEX_A72 ARM_CPU(0xd08)
#define CORTEX_A76 ARM_CPU(0xd0b)
#define CORTEX_A510 ARM_CPU(0xd46)
#define RXPY(variant, revision) ((variant) << 4 | (revision))
#define ALL RXPY(0xf, 0xf)

#define SPECULATIVE_AT "no EL1 walks while the world switch exchanges tables (world.c)"

#define REPEAT_TLBI "stage 2 is invalidated twice, or a store may come after it (mmu.c)"

u32 errata_machine;

static const struct erratum {
	const char *name;
	u32 model;
	u8 last; /* stepping, as RXPY() */
	u32 does; /* ERRATUM_...; 0: done for all CPUs */
	const char *what;
} errata[] = {
	{ "Cortex-A53 843419", CORTEX_A53, RXPY(0, 4), 0,
	  "no ADRP of EL2's at the end of a page (linked with --fix-cortex-a53-843419)" },
	{ "Cortex-A55 1530923", CORTEX_A55, RXPY(2, 0), ERRATUM_SPECULATIVE_AT, SPECULATIVE_AT },
	{ "Cortex-A55 2441007", CORTEX_A55, ALL, ERRATUM_REPEAT_TLBI, REPEAT_TLBI },
	{ "Cortex-A57 1319537", CORTEX_A57, ALL, ERRATUM_SPECULATIVE_AT, SPECULATIVE_AT },
	{ "Cortex-A57 834220", CORTEX_A57, RXPY(1, 2), ERRATUM_STAGE1_FIRST,
	  "a guest's stage 2 fault is checked against its stage 1 (world.c)" },
	{ "Cortex-A72 1319367", CORTEX_A72, ALL, ERRATUM_SPECULATIVE_AT, SPECULATIVE_AT },
	{ "Cortex-A76 1165522", CORTEX_A76, RXPY(2, 0), ERRATUM_SPECULATIVE_AT, SPECULATIVE_AT },
	{ "Cortex-A76 1286807", CORTEX_A76, RXPY(3, 0), ERRATUM_REPEAT_TLBI, REPEAT_TLBI },
	{ "Cortex-A510 2441009", CORTEX_A510, RXPY(1, 1), ERRATUM_REPEAT_TLBI, REPEAT_TLBI },
};

static bool has(const struct erratum *e, u32 midr)
{
	return (midr & MIDR_MODEL) == e->model && MIDR_STEPPING(midr) <= e->last;
}

/**
 * errata_init() - find out what this CPU needs, into its struct percpu
 * @cpu: this CPU
 *
 * Says so in the log, once for each erratum of the machine.
 *
 * Context: a CPU on its way into the host; several at a time.
 */
void errata_init(struct percpu *cpu)
{
	static u32 said;
	u32 midr = read_sysreg(midr_el1), does = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(errata); i++) {
		if (!has(&errata[i], midr))
			continue;
		does |= errata[i].does;
		if (!(__atomic_fetch_or(&said, 1U << i, __ATOMIC_RELAXED) & 1U << i))
			pr_info("CPU%u: erratum %s: %s", cpu->id, errata[i].name, errata[i].what);
	}
	cpu->errata = does;
	/* Before this CPU enters a world: its broadcasts, and those to it, come after. */
	__atomic_fetch_or(&errata_machine, does, __ATOMIC_RELAXED);
}
