/* SPDX-License-Identifier: GPL-2.0-only */
/* GenieZone's hypercalls: status codes and what the calls share. */
#ifndef HYP_HYPERCALL_H
#define HYP_HYPERCALL_H

#include <hyp/types.h>

/**
 * hypercall_status() - the one place where errno becomes a hypercall status
 * @err: 0 or a negative errno
 *
 * Return: GZVM_STATUS_*, sign-extended to 64 bits.
 */
u64 hypercall_status(int err);

#endif
