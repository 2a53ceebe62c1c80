/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ARM64_PANIC_POLICY_H
#define ARM64_PANIC_POLICY_H

#include <hyp/types.h>

void panic_set_policy(bool off);
void panic_park(void);

#endif
