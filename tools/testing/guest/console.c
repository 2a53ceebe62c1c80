// SPDX-License-Identifier: GPL-2.0-only
/* Output on the 16550. */
#include <stdarg.h>

#include "guest.h"

static void put(char c)
{
	mmio_write8(SERIAL, c);
}

static void put_string(const char *s)
{
	while (*s)
		put(*s++);
}

static void put_number(uint64_t value, unsigned int base)
{
	char digits[20];
	unsigned int n = 0;

	do
		digits[n++] = "0123456789abcdef"[value % base];
	while (value /= base);
	while (n)
		put(digits[--n]);
}

/**
 * vprint() - print() with its arguments in a list
 * @format: %s, %c, %d, %u, %x, with l and ll; and %%
 * @args: the arguments
 */
void vprint(const char *format, va_list args)
{
	for (; *format; format++) {
		unsigned int longs = 0;
		int64_t value;

		if (*format != '%') {
			put(*format);
			continue;
		}
		while (*++format == 'l')
			longs++;
		switch (*format) {
		case 's':
			put_string(va_arg(args, const char *));
			break;
		case 'c':
			put(va_arg(args, int));
			break;
		case 'd':
			value = longs ? va_arg(args, int64_t) : va_arg(args, int);
			if (value < 0)
				put('-');
			put_number(value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
			break;
		case 'u':
		case 'x':
			put_number(longs ? va_arg(args, uint64_t) : va_arg(args, uint32_t),
				   *format == 'x' ? 16 : 10);
			break;
		default:
			put(*format);
		}
	}
}

/**
 * print() - write text to the console
 * @format: as vprint()
 */
void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprint(format, args);
	va_end(args);
}
