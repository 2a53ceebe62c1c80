/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ARM64_PANIC_POLICY_H
#define ARM64_PANIC_POLICY_H

#include <hyp/types.h>
#include <hyp/util.h>

extern u32 panicking; /* a CPU has panicked */

void panic_set_policy(bool off);
void __noreturn panic_stop_cpu(void);

/* Stops this CPU if another one has panicked. */
static inline void panic_park(void)
{
	if (unlikely(READ_ONCE(panicking)))
		panic_stop_cpu();
}

#endif
