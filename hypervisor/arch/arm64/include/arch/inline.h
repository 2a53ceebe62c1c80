/* SPDX-License-Identifier: GPL-2.0-only */
/* Of hyp/arch.h what is too short for a call. */
#ifndef ARCH_INLINE_H
#define ARCH_INLINE_H

#include <hyp/types.h>

static inline void arch_cpu_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

static inline u64 arch_index_nospec(u64 index, u64 limit)
{
	u64 safe;

	__asm__ volatile("cmp	%1, %2\n"
			 "csel	%0, %1, xzr, lo\n"
			 "hint	#20" /* CSDB */
			 : "=r"(safe) : "r"(index), "r"(limit) : "cc");
	return safe;
}

#endif
