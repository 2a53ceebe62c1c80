/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few functions of <string.h> that a freestanding build must bring itself:
 * what the hypervisor, libfdt and the compiler (memcpy, memmove, memset,
 * memcmp) call. All of them run with the MMU on or off: no access is
 * misaligned, none is wider than eight bytes.
 */
#ifndef HYP_STRING_H
#define HYP_STRING_H

#include <stdarg.h>
#include <hyp/util.h>

/* As in ISO C; lib/string.c. strnlen() is POSIX's. */
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/**
 * hyp_vsnprintf() - printf into a buffer
 * @buf: result, always terminated when @size > 0; may be NULL when @size is 0
 * @size: bytes at @buf
 * @fmt: format
 * @ap: arguments
 *
 * Knows %d %i %u %x %X %o %c %s %p %%; length modifiers hh, h, l, ll, z, t and
 * j; flags '-', '0', '+', ' ' and '#'; width and precision, also as '*'. A
 * precision counts digits of a number and characters of a string, whose
 * terminator is then not needed. A NULL string prints as "(null)". %p prints
 * 0x and 16 digits. Anything else is printed as it stands and takes no
 * argument. Any context; no locks.
 *
 * Return: the length that the whole text would have, without terminator.
 */
int hyp_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);

/**
 * hyp_snprintf() - printf into a buffer
 * @buf: result, always terminated when @size > 0
 * @size: bytes at @buf
 * @fmt: format, as for hyp_vsnprintf()
 *
 * Return: the length that the whole text would have, without terminator.
 */
int __printf(3, 4) hyp_snprintf(char *buf, size_t size, const char *fmt, ...);

#endif
