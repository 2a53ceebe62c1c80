/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What <libfdt.h> wants from its environment, for a build without a C library.
 * The compiler finds it before the distribution's file of the same name.
 */
#ifndef LIBFDT_ENV_H
#define LIBFDT_ENV_H

#include <limits.h>
#include <hyp/string.h>
#include <hyp/types.h>

/* Big endian, as in the tree. */
typedef u16 fdt16_t;
typedef u32 fdt32_t;
typedef u64 fdt64_t;

#define fdt32_to_cpu(x) __builtin_bswap32(x)
#define cpu_to_fdt32(x) __builtin_bswap32(x)
#define fdt64_to_cpu(x) __builtin_bswap64(x)
#define cpu_to_fdt64(x) __builtin_bswap64(x)

#endif
