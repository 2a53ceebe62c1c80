/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ARM64_INJECT_H
#define ARM64_INJECT_H

#include <hyp/types.h>

/* Offset from VBAR of the vector that EL1's own exceptions take (Arm ARM D1.3.1.5). */
#define VECTOR_SYNC_SPX 0x200

void inject_undef(void);
void inject_sysreg(u64 esr);
void inject_data_abort(u64 esr, u64 far, u64 fsc);
void inject_instruction_abort(u64 far, u64 fsc);

/* Moves ELR_EL2 over the instruction that trapped. */
void skip_instruction(u64 esr);

#endif
