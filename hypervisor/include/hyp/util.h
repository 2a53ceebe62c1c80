/* SPDX-License-Identifier: GPL-2.0-only */
/* Small helpers that every file may use. */
#ifndef HYP_UTIL_H
#define HYP_UTIL_H

#include <hyp/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n) (1ULL << (n))
#define GENMASK(h, l) ((~0ULL >> (63 - (h))) & (~0ULL << (l)))
/* The field of a register, by its contiguous mask. */
#define FIELD_GET(mask, v) (((u64)(v) & (mask)) / ((mask) & -(mask)))
#define FIELD_PREP(mask, v) (((u64)(v) * ((mask) & -(mask))) & (mask))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define ALIGN_DOWN(v, a) ((v) & ~((u64)(a) - 1))
#define ALIGN_UP(v, a) ALIGN_DOWN((u64)(v) + (a) - 1, a)
#define IS_ALIGNED(v, a) (((u64)(v) & ((u64)(a) - 1)) == 0)

#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))

#define __noinline __attribute__((noinline))
#define __noreturn __attribute__((noreturn))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __unused __attribute__((unused))
#define fallthrough __attribute__((fallthrough))
#define __weak __attribute__((weak))
#define __aligned(n) __attribute__((aligned(n)))
#define __section(s) __attribute__((section(s)))
#define compiler_barrier() __asm__ volatile("" : : : "memory")
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Do [a, a + as) and [b, b + bs) share a byte? The ranges must not wrap. */
static inline bool ranges_overlap(u64 a, u64 as, u64 b, u64 bs)
{
	return a < b + bs && b < a + as;
}

/* Is [a, a + as) inside [b, b + bs)? Neither may wrap. */
static inline bool range_within(u64 a, u64 as, u64 b, u64 bs)
{
	return a >= b && a + as <= b + bs;
}

#endif
