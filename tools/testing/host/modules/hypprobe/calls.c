// SPDX-License-Identifier: GPL-2.0-only
/*
 * hypprobe: odd calls to the hypervisor and, through it, to the firmware. Made by
 * hand: the kernel's own helpers would not show which registers change.
 */
#include <linux/gfp.h>
#include <linux/gzvm_hyp.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <asm/cputype.h>

#include "hypprobe.h"

#define PSCI(n) (0x84000000UL + (n))
#define PSCI64(n) (0xc4000000UL + (n))
#define MPIDR_AFFINITY 0xff00ffffffUL
#define GICD 0x08000000UL /* of QEMU's machine */

enum {
	NOT_SUPPORTED = -1,
	INVALID_PARAMETERS = -2,
	ALREADY_ON = -4,
	INVALID_ADDRESS = -9,
};

struct call {
	u64 x[18];
};

static unsigned int failed;

static void expect(struct seq_file *s, const char *name, u64 got, u64 want)
{
	if (got == want) {
		seq_printf(s, "ok %s\n", name);
		return;
	}
	seq_printf(s, "not ok %s: %llx, not %llx\n", name, got, want);
	failed++;
}

/* A call; every register that it may not change has a value of its own. */
static struct call make(void (*insn)(u64 *x), u64 fn, u64 a1, u64 a2, u64 a3)
{
	struct call c = { { fn, a1, a2, a3 } };
	unsigned int i;

	for (i = 4; i < ARRAY_SIZE(c.x); i++)
		c.x[i] = 0xfeed000000000000ULL + i;
	insn(c.x);
	return c;
}


static bool preserved(const struct call *c)
{
	unsigned int i;

	for (i = 4; i < ARRAY_SIZE(c->x); i++)
		if (c->x[i] != 0xfeed000000000000ULL + i)
			return false;
	return true;
}

/* The same call by both instructions: its status, and x4 to x17. */
static void status(struct seq_file *s, const char *name, u64 fn, u64 a1, u64 a2, u64 a3, s64 want)
{
	static const struct {
		const char *name;
		void (*insn)(u64 *x);
	} by[] = { { "smc", probe_smc }, { "hvc", probe_hvc } };
	char text[80];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(by); i++) {
		struct call c = make(by[i].insn, fn, a1, a2, a3);

		snprintf(text, sizeof(text), "%s_%s", by[i].name, name);
		expect(s, text, c.x[0], want);
		snprintf(text, sizeof(text), "%s_%s_preserves", by[i].name, name);
		expect(s, text, preserved(&c), true);
	}
}

static void uid(struct seq_file *s)
{
	struct call a = make(probe_smc, GZVM_SMCCC_VENDOR_HYP_UID, 0, 0, 0);
	struct call b = make(probe_hvc, GZVM_SMCCC_VENDOR_HYP_UID, 0, 0, 0);
	/* a30b3db2-9354-4ddc-97d6-d1d7e19baf97, four bytes a register */
	static const u8 want[16] = { 0xa3, 0x0b, 0x3d, 0xb2, 0x93, 0x54, 0x4d, 0xdc,
				     0x97, 0xd6, 0xd1, 0xd7, 0xe1, 0x9b, 0xaf, 0x97 };
	u32 got[4] = { a.x[0], a.x[1], a.x[2], a.x[3] };

	expect(s, "uid", memcmp(got, want, sizeof(want)), 0);
	expect(s, "uid_upper_halves", (a.x[0] | a.x[1] | a.x[2] | a.x[3]) >> 32, 0);
	expect(s, "uid_by_both", memcmp(&a, &b, sizeof(a)), 0);
	expect(s, "uid_preserves", preserved(&a), true);
}

static void immediates(struct seq_file *s)
{
	expect(s, "smc_1", make(probe_smc_1, GZVM_SMCCC_VENDOR_HYP_UID, 0, 0, 0).x[0], -1);
	expect(s, "hvc_1", make(probe_hvc_1, GZVM_SMCCC_VENDOR_HYP_UID, 0, 0, 0).x[0], -1);
}

static void arch(struct seq_file *s)
{
	status(s, "smccc_version", 0x80000000, 0, 0, 0, 0x10002);
	status(s, "features_version", 0x80000001, 0x80000000, 0, 0, 0);
	status(s, "features_features", 0x80000001, 0x80000001, 0, 0, 0);
	status(s, "features_unknown", 0x80000001, 0x80001234, 0, 0, NOT_SUPPORTED);
	/* Bits 63:32 of the function id are ignored. */
	status(s, "version_high_bits", 0xdead000080000000, 0, 0, 0, 0x10002);
}

static void psci(struct seq_file *s)
{
	u64 me = read_cpuid_mpidr() & MPIDR_AFFINITY;
	u64 entry = __pa_symbol(empty_zero_page);
	unsigned int i;
	char name[40];

	expect(s, "psci_version", make(probe_smc, PSCI(0), 0, 0, 0).x[0] >> 16, 1);
	status(s, "cpu_on_bad_mpidr", PSCI64(3), 0xff00ffff77, entry, 0, INVALID_PARAMETERS);
	status(s, "cpu_on_odd_mpidr", PSCI64(3), me | 1UL << 31, entry, 0, INVALID_PARAMETERS);
	status(s, "cpu_on_self", PSCI64(3), me, entry, 0, ALREADY_ON);
	status(s, "cpu_on_self_32", PSCI(3), me, entry, 0, ALREADY_ON);
	for (i = 0; i < probe_nr_ranges; i++) {
		snprintf(name, sizeof(name), "cpu_on_into_start_%u", i);
		status(s, name, PSCI64(3), me, probe_range[i].start, 0, INVALID_ADDRESS);
		snprintf(name, sizeof(name), "cpu_on_into_end_%u", i);
		status(s, name, PSCI64(3), me, probe_range[i].end & ~3UL, 0, INVALID_ADDRESS);
	}
	status(s, "cpu_on_into_device", PSCI64(3), me, GICD, 0, INVALID_ADDRESS);
	status(s, "cpu_on_into_nothing", PSCI64(3), me, 0xffffffff0000, 0, INVALID_ADDRESS);
	status(s, "cpu_on_unaligned", PSCI64(3), me, entry + 2, 0, INVALID_ADDRESS);
	/* A power-down state whose way back would lead into the hypervisor. */
	status(s, "suspend_into_hyp", PSCI64(1), 1 << 16, probe_range[0].start, 0,
	       INVALID_ADDRESS);
	status(s, "affinity_info_self", PSCI64(4), me, 0, 0, 0);
	status(s, "features_of_smccc", PSCI(10), 0x80000000, 0, 0, 0);
	status(s, "features_of_cpu_on", PSCI(10), PSCI64(3), 0, 0, 0);
	status(s, "features_of_unknown", PSCI(10), PSCI(0x1e), 0, 0, NOT_SUPPORTED);
	status(s, "features_of_system_suspend", PSCI(10), PSCI64(14), 0, 0, NOT_SUPPORTED);
	status(s, "migrate", PSCI(5), 0, 0, 0, NOT_SUPPORTED);
	status(s, "system_suspend", PSCI64(14), entry, 0, 0, NOT_SUPPORTED);
	status(s, "mem_protect", PSCI(0x13), 1, 0, 0, NOT_SUPPORTED);
	status(s, "psci_unknown", PSCI(0x1f), 0, 0, 0, NOT_SUPPORTED);
	status(s, "psci64_of_32", PSCI64(0), 0, 0, 0, NOT_SUPPORTED);
}

/* Nobody but us answers: no SMC gets by. */
static void owners(struct seq_file *s)
{
	static const u32 fns[] = {
		0x81000000, 0xc1000001, 0x82000000, 0xc2000100, 0x83000000, 0xc3000001,
		0x84000020, 0x84000063, 0x84000060, 0xc4000020, 0x85000000, 0x86000000,
		0xc6000001, 0xb0000000, 0xb1000000, 0xb2000000, 0xf2000000, 0xbf00ff01,
		0x02000000, 0x00000000, 0x32000000, 0x7fffffff, 0xffffffff, 0x8600ff03,
		0xfb000fff, 0xfb002000,
	};
	char name[24];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fns); i++) {
		snprintf(name, sizeof(name), "fn_%08x", fns[i]);
		status(s, name, fns[i], 0x40000000, 0x1000, 1, NOT_SUPPORTED);
	}
}

static void hypercalls(struct seq_file *s)
{
	struct call c = make(probe_hvc, GZVM_HYPCALL_ID(GZVM_FN_FEATURES), 0, 0, 0);

	expect(s, "features", c.x[0], GZVM_STATUS_OK);
	expect(s, "features_bits", c.x[1] & (GZVM_HYP_FEAT_STATS | GZVM_HYP_FEAT_LOG),
	       GZVM_HYP_FEAT_STATS | GZVM_HYP_FEAT_LOG);
	expect(s, "features_release", c.x[2] != 0 && !(c.x[2] >> 48), true);
	expect(s, "features_preserves", preserved(&c), true);
	c = make(probe_hvc, GZVM_HYPCALL_ID(GZVM_FN_HYP_STATS), 0, 0, 0);
	expect(s, "stats", c.x[0], GZVM_STATUS_OK);
	expect(s, "stats_pool", c.x[1] >= c.x[2] && c.x[2] > 0, true);
	expect(s, "stats_vms", c.x[3], 0);
	expect(s, "stats_preserves", preserved(&c), true);
	status(s, "hypcall_unknown", GZVM_HYPCALL_ID(0x3f), 0, 0, 0, GZVM_STATUS_NOT_SUPPORTED);
	status(s, "hypcall_last", GZVM_HYPCALL_ID(0xfff), 0, 0, 0, GZVM_STATUS_NOT_SUPPORTED);
	status(s, "hypcall_smc32", GZVM_HYPCALL_ID(GZVM_FN_FEATURES) & ~(1UL << 30), 0, 0, 0,
	       GZVM_STATUS_NOT_SUPPORTED);
}

static void log_refused(struct seq_file *s, const char *name, u64 pa, s64 want)
{
	struct call c = make(probe_hvc, GZVM_HYPCALL_ID(GZVM_FN_LOG_READ), pa, 0, 0);

	expect(s, name, c.x[0], want);
	expect(s, "log_refused_results", c.x[1] | c.x[2] | c.x[3], 0);
}

static void log_read(struct seq_file *s)
{
	char *page = (char *)__get_free_page(GFP_KERNEL | __GFP_ZERO);
	struct call c;
	unsigned int i;

	if (!page) {
		expect(s, "log_page", 0, 1);
		return;
	}
	c = make(probe_hvc, GZVM_HYPCALL_ID(GZVM_FN_LOG_READ), virt_to_phys(page), 0, 0);
	expect(s, "log", c.x[0], GZVM_STATUS_OK);
	expect(s, "log_bytes", c.x[1] > 0 && c.x[1] <= PAGE_SIZE && c.x[2] == c.x[1], true);
	expect(s, "log_text", !!strnstr(page, "GenieZone", PAGE_SIZE), true);
	expect(s, "log_preserves", preserved(&c), true);
	/* At its end, and far behind it. */
	c = make(probe_hvc, GZVM_HYPCALL_ID(GZVM_FN_LOG_READ), virt_to_phys(page), ~0ULL, 0);
	expect(s, "log_end", c.x[0] | c.x[1], 0);
	c = make(probe_hvc, GZVM_HYPCALL_ID(GZVM_FN_LOG_READ), virt_to_phys(page), c.x[2], 0);
	expect(s, "log_end_again", c.x[0] | c.x[1], 0);
	for (i = 0; i < probe_nr_ranges; i++) {
		log_refused(s, "log_into_hyp", probe_range[i].start, GZVM_STATUS_FAULT);
		log_refused(s, "log_into_hyp_end", probe_range[i].end & PAGE_MASK,
			    GZVM_STATUS_FAULT);
	}
	log_refused(s, "log_into_device", GICD, GZVM_STATUS_FAULT);
	log_refused(s, "log_into_nothing", 0xffffffff0000, GZVM_STATUS_FAULT);
	log_refused(s, "log_beyond_52_bits", ~0xfffULL, GZVM_STATUS_FAULT);
	log_refused(s, "log_unaligned", virt_to_phys(page) + 8, GZVM_STATUS_INVALID_ARGS);
	free_page((unsigned long)page);
}

int probe_calls(struct seq_file *s, void *unused)
{
	failed = 0;
	migrate_disable();
	arch(s);
	uid(s);
	immediates(s);
	psci(s);
	owners(s);
	hypercalls(s);
	log_read(s);
	migrate_enable();
	seq_printf(s, "failed: %u\n", failed);
	return 0;
}

/* The hypervisor's log, all of it. */
int probe_log(struct seq_file *s, void *unused)
{
	char *page = (char *)__get_free_page(GFP_KERNEL | __GFP_ZERO);
	struct call c;
	u64 pos = 0;

	if (!page)
		return -ENOMEM;
	for (;;) {
		c = make(probe_hvc, GZVM_HYPCALL_ID(GZVM_FN_LOG_READ), virt_to_phys(page), pos, 0);
		if (c.x[0] || !c.x[1])
			break;
		seq_write(s, page, c.x[1]);
		pos = c.x[2];
	}
	free_page((unsigned long)page);
	return c.x[0] ? -EIO : 0;
}
