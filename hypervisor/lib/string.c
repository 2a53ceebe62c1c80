// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory and string functions of a freestanding build.
 *
 * They run with the MMU off too, where every access is to Device memory and a
 * misaligned one faults (Arm ARM, B2.5.2), so words are used only where source
 * and destination are both aligned or can be made so.
 */
#include <hyp/string.h>

/*
 * gcc recognises the loops below as memcpy or memset, and would make their
 * bodies calls of themselves, even with -ffreestanding.
 */
#ifndef __clang__
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

/* A word that may alias any object. */
typedef u64 __attribute__((may_alias)) word_t;

#define WORD sizeof(word_t)

/* Can @a and @b be brought to a word boundary by the same number of bytes? */
static inline bool same_alignment(const void *a, const void *b)
{
	return (((uintptr_t)a ^ (uintptr_t)b) & (WORD - 1)) == 0;
}

static inline bool word_aligned(const void *p)
{
	return ((uintptr_t)p & (WORD - 1)) == 0;
}

/* Upwards: right for overlapping ranges too when @dst is below @src. */
static inline void copy_up(u8 *d, const u8 *s, size_t n)
{
	if (same_alignment(d, s)) {
		for (; n && !word_aligned(d); n--)
			*d++ = *s++;
		for (; n >= WORD; n -= WORD, d += WORD, s += WORD)
			*(word_t *)d = *(const word_t *)s;
	}
	while (n--)
		*d++ = *s++;
}

/* Downwards, for overlapping ranges with @dst above @src. */
static inline void copy_down(u8 *d, const u8 *s, size_t n)
{
	d += n;
	s += n;
	if (same_alignment(d, s)) {
		for (; n && !word_aligned(d); n--)
			*--d = *--s;
		for (; n >= WORD; n -= WORD) {
			d -= WORD;
			s -= WORD;
			*(word_t *)d = *(const word_t *)s;
		}
	}
	while (n--)
		*--d = *--s;
}

void *memcpy(void *dst, const void *src, size_t n)
{
	copy_up(dst, src, n);
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	/* Unsigned distance: below @src, or at least @n above it. */
	if ((uintptr_t)dst - (uintptr_t)src >= n)
		copy_up(dst, src, n);
	else
		copy_down(dst, src, n);
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	u8 *d = dst;
	word_t w = 0x0101010101010101ULL * (u8)c;

	for (; n && !word_aligned(d); n--)
		*d++ = (u8)c;
	for (; n >= WORD; n -= WORD, d += WORD)
		*(word_t *)d = w;
	while (n--)
		*d++ = (u8)c;
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a;
	const u8 *y = b;

	if (same_alignment(x, y)) {
		for (; n && !word_aligned(x) && *x == *y; n--, x++, y++)
			;
		/* The bytes decide within the first word that differs. */
		if (word_aligned(x))
			for (; n >= WORD && *(const word_t *)x == *(const word_t *)y; n -= WORD) {
				x += WORD;
				y += WORD;
			}
	}
	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const u8 *p = s;

	for (; n; n--, p++)
		if (*p == (u8)c)
			return (void *)p;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return p - s;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b)
			return (u8)*a - (u8)*b;
		if (!*a)
			break;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)last;
	}
}
