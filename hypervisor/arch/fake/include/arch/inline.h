/* SPDX-License-Identifier: GPL-2.0-only */
/* Of hyp/arch.h what is too short for a call, but not here. */
#ifndef ARCH_INLINE_H
#define ARCH_INLINE_H

#include <hyp/types.h>

void arch_cpu_relax(void);
u64 arch_index_nospec(u64 index, u64 limit);

#endif
