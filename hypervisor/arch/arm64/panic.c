// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end: registers, the syndrome in words, a backtrace with names.
 */
#include <stdarg.h>
#include <hyp/arch.h>
#include <hyp/log.h>
#include <hyp/panic.h>
#include <hyp/pgtable.h>
#include <hyp/psci.h>
#include <hyp/host.h>
#include <hyp/stage2.h>
#include <hyp/string.h>
#include <hyp/symbols.h>
#include <hyp/syndrome.h>
#include <hyp/world.h>
#include "cpu.h"
#include "layout.h"
#include "panic_policy.h"

struct el2_frame {
	u64 x[31];
	u64 sp;
	u64 elr;
	u64 spsr;
	u64 esr;
	u64 far;
};
_Static_assert(offsetof(struct el2_frame, sp) == FRAME_SP, "vectors.S");
_Static_assert(offsetof(struct el2_frame, far) == FRAME_FAR, "vectors.S");
_Static_assert(sizeof(struct el2_frame) == FRAME_SIZE, "vectors.S");

void __noreturn trap_el2(const struct el2_frame *f);

static bool power_off;
u32 panicking;

/**
 * panic_set_policy() - what follows a panic
 * @off: turn the machine off; otherwise all CPUs stop
 */
void panic_set_policy(bool off)
{
	power_off = off;
}

void __noreturn panic_stop_cpu(void)
{
	for (;;)
		__asm__ volatile("wfe");
}

/*
 * Other CPUs run the host, which would go on against a broken hypervisor. With
 * the root of its stage 2 empty each of them traps at its next access, and parks
 * in panic_park().
 */
static void stop_other_cpus(void)
{
	unsigned int i;

	if (!host_stage2.root)
		return;
	/* Those inside a guest have another stage 2: they leave it by a kick. */
	for (i = 0; i < HYP_MAX_CPUS; i++)
		if (cpu_by_id(i)->gicr && cpu_by_id(i) != this_cpu())
			arch_kick(i);
	memset(host_stage2.root, 0, stage2_root_pages() * PAGE_SIZE);
	dsb(ishst);
	__asm__ volatile("tlbi alle1is");
	dsb(ish);
}

/* The first CPU reports; one that panics while another reports just stops. */
static void panic_begin(void)
{
	if (__atomic_exchange_n(&panicking, 1, __ATOMIC_ACQ_REL))
		panic_stop_cpu();
	log_enter_panic();
}

static void __noreturn panic_end(void)
{
	if (power_off) {
		pr_err("panic: turning the machine off");
		psci_system_off();
	}
	pr_err("panic: all CPUs stop");
	stop_other_cpus();
	panic_stop_cpu();
}

static bool on_own_stack(u64 fp)
{
	struct percpu *cpu = this_cpu();

	return IS_ALIGNED(fp, 8) && ((fp < cpu->stack && fp >= cpu->stack - STACK_SIZE) ||
				     (fp < cpu->overflow && fp >= (u64)(cpu + 1)));
}

/* AAPCS64 frame records; each must lie above the one before. */
static void backtrace(u64 pc, u64 fp)
{
	unsigned int depth;
	char name[SYMBOL_TEXT];

	pr_err("  backtrace:");
	for (depth = 0; depth < 24; depth++) {
		symbols_format(name, sizeof(name), &symbols_table, pc);
		pr_err("   [%llx] %s", (unsigned long long)pc, name);
		if (!on_own_stack(fp))
			break;
		pc = ((const u64 *)fp)[1];
		if (!pc || ((const u64 *)fp)[0] <= fp)
			break;
		pc -= 4; /* the call, not what follows it */
		fp = ((const u64 *)fp)[0];
	}
}

void panic(const char *fmt, ...)
{
	char text[192];
	va_list ap;

	panic_begin();
	va_start(ap, fmt);
	hyp_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pr_err("panic: CPU%u: %s", this_cpu()->id, text);
	backtrace((u64)__builtin_return_address(0) - 4, *(u64 *)__builtin_frame_address(0));
	panic_end();
}

/**
 * trap_el2() - EL2 itself has taken an exception
 * @f: where, on this CPU's stack or, after that has overflowed, on the other one
 */
void trap_el2(const struct el2_frame *f)
{
	struct percpu *cpu = this_cpu();
	bool overflow = (u64)f < cpu->overflow && (u64)f >= (u64)(cpu + 1);
	u64 sp = overflow ? read_sysreg(sp_el0) : f->sp;
	char text[SYNDROME_TEXT];
	unsigned int i;

	panic_begin();
	syndrome_describe(text, sizeof(text), f->esr);
	pr_err("panic: CPU%u: %s at EL2: %s", cpu->id,
	       overflow ? "stack overflow" : "exception", text);
	symbols_format(text, sizeof(text), &symbols_table, f->elr);
	pr_err("  pc   %016llx %s", (unsigned long long)f->elr, text);
	pr_err("  sp   %016llx  pstate %08llx  esr %08llx  far %016llx", (unsigned long long)sp,
	       (unsigned long long)f->spsr, (unsigned long long)f->esr,
	       (unsigned long long)f->far);
	for (i = 0; i < 30; i += 3)
		pr_err("  x%-2u  %016llx  x%-2u  %016llx  x%-2u  %016llx", i,
		       (unsigned long long)f->x[i], i + 1, (unsigned long long)f->x[i + 1], i + 2,
		       (unsigned long long)f->x[i + 2]);
	/* A leaf function has no frame record: only this tells who called it. */
	symbols_format(text, sizeof(text), &symbols_table, f->x[30] - 4);
	pr_err("  x30  %016llx %s", (unsigned long long)f->x[30], text);
	backtrace(f->elr, f->x[29]);
	panic_end();
}
