// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the distribution's libfdt.a needs: it is built with the stack protector.
 * The hypervisor's own code is not, and libfdt runs at boot only, before any
 * other world exists, so that a constant will do: nobody is there to guess it.
 * The zero byte stops string functions from writing the value.
 */
#include <hyp/panic.h>

const u64 __stack_chk_guard __attribute__((used)) = 0x5a3ce1960fb4d200ULL;

void __noreturn __stack_chk_fail(void);

void __noreturn __stack_chk_fail(void)
{
	panic("stack overrun: a function of libfdt found its canary overwritten");
}
