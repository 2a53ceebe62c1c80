// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test build's hooks (make -C hypervisor TEST=1): faults on purpose, whose
 * reports the tests read, and a stage 2 that protects nothing.
 */
#include <hyp/page.h>
#include <hyp/panic.h>
#include <hyp/psci.h>
#include <hyp/string.h>
#include <hyp/test_hooks.h>
#include <hyp/util.h>

static bool whole;
static u32 workaround;

bool test_stage2_whole(void)
{
	return whole;
}

u32 test_branch_workaround(void)
{
	return workaround;
}

static const char rodata_word[8] = "rodata";
static u32 data_code[2] = { 0xd65f03c0, 0xd65f03c0 }; /* RET */

static void __attribute__((noipa)) fault_write_text(void)
{
	*(volatile u32 *)(void *)fault_write_text = 0;
}

static void __attribute__((noipa)) fault_write_rodata(void)
{
	*(volatile char *)rodata_word = 0;
}

static void __attribute__((noipa)) fault_execute_data(void)
{
	((void (*)(void))(void *)data_code)();
	__asm__ volatile("" : : : "memory"); /* no tail call: the caller shows in the backtrace */
}

static u64 __attribute__((noipa)) fault_overflow_stack(u64 depth)
{
	volatile u64 frame[32];

	/* Never reached; without it the compiler sees that nothing returns, and refuses. */
	if (depth == ~0ULL)
		return 0;
	frame[depth & 31] = depth;
	return fault_overflow_stack(depth + 1) + frame[depth & 31];
}

static void __attribute__((noipa)) fault_null(void)
{
	volatile u64 *p = NULL;

	__asm__("" : "+r"(p)); /* the compiler must not know that it is NULL */
	*p = 1;
}

static void __attribute__((noipa)) fault_check(void)
{
	CHECK(data_code[0] == 0);
}

static bool option(const char *cmdline, const char *word)
{
	size_t n = strlen(word);

	for (; *cmdline; cmdline++)
		if (!strncmp(cmdline, word, n) && (!cmdline[n] || cmdline[n] == ' '))
			return true;
	return false;
}

void test_boot(const struct platform *p)
{
	/* Before the host's stage 2 is made: called twice, see boot.c. */
	whole = option(p->cmdline, "stage2=whole");
	if (option(p->cmdline, "firmware=exit"))
		workaround = SMCCC_ARCH_WORKAROUND_1;
	if (option(p->cmdline, "fault=write-text"))
		fault_write_text();
	if (option(p->cmdline, "fault=write-rodata"))
		fault_write_rodata();
	if (option(p->cmdline, "fault=execute-data"))
		fault_execute_data();
	if (option(p->cmdline, "fault=overflow-stack"))
		fault_overflow_stack(0);
	if (option(p->cmdline, "fault=null"))
		fault_null();
	if (option(p->cmdline, "fault=check"))
		fault_check();
}
