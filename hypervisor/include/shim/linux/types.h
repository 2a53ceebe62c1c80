/* SPDX-License-Identifier: GPL-2.0-only */
/* What include/linux/gzvm_hyp.h and the UAPI header need of the kernel's own. */
#ifndef HYP_SHIM_LINUX_TYPES_H
#define HYP_SHIM_LINUX_TYPES_H

#include <hyp/types.h>

typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef s32 __s32;
typedef s64 __s64;
/* EL2 is little endian, as the ABI is. */
typedef u16 __le16;
typedef u32 __le32;
typedef u64 __le64;

#endif
