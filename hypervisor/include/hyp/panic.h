/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end of the machine, for bugs of the hypervisor alone: input from a host
 * or a guest must never reach CHECK() or panic().
 */
#ifndef HYP_PANIC_H
#define HYP_PANIC_H

#include <hyp/util.h>

void __noreturn __printf(1, 2) panic(const char *fmt, ...);

#define CHECK(cond)                                                                   \
	do {                                                                          \
		if (unlikely(!(cond)))                                                \
			panic("check failed: %s (%s:%d)", #cond, __FILE__, __LINE__); \
	} while (0)

#endif
