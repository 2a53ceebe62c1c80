/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ARM64_INJECT_H
#define ARM64_INJECT_H

#include <hyp/types.h>

void inject_undef(void);
void inject_data_abort(u64 esr, u64 far, u64 fsc);
void inject_instruction_abort(u64 far, u64 fsc);

/* Moves ELR_EL2 over the instruction that trapped. */
void skip_instruction(u64 esr);

#endif
