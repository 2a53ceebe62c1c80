/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small helpers that every file of gzvm-vmm uses.
 */
#ifndef VMM_UTIL_H
#define VMM_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a)		(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define MIN(a, b)		((a) < (b) ? (a) : (b))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define SIZE_4K			UINT64_C(0x1000)
#define SIZE_2M			UINT64_C(0x200000)

void vmm_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
int vmm_eventfd_new(void);
void vmm_eventfd_signal(int fd);
void vmm_eventfd_clear(int fd);
void vmm_close(int *fd);

#endif /* VMM_UTIL_H */
