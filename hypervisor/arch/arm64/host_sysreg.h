/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ARM64_HOST_SYSREG_H
#define ARM64_HOST_SYSREG_H

#include "cpu.h"

void host_sysreg(struct host_regs *regs, u64 esr);

#endif
