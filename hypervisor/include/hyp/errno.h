/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Negative errno values are used inside the hypervisor, with Linux's numbers.
 * They become hypercall status codes in one place: hypercall_status().
 */
#ifndef HYP_ERRNO_H
#define HYP_ERRNO_H

#define EPERM 1
#define ENOENT 2
#define E2BIG 7
#define EAGAIN 11
#define ENOMEM 12
#define EFAULT 14
#define EBUSY 16
#define EEXIST 17
#define ENODEV 19
#define EINVAL 22
#define ENOSPC 28
#define ERANGE 34
#define EOPNOTSUPP 95

#endif
