/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor sees no ioctl; the UAPI header only names their numbers. */
#ifndef HYP_SHIM_LINUX_IOCTL_H
#define HYP_SHIM_LINUX_IOCTL_H

#endif
