// SPDX-License-Identifier: GPL-2.0-only
/* printf into a buffer. */
#include <hyp/string.h>

/* What is left of the caller's buffer, and how long the text is so far. */
struct out {
	char *buf;
	size_t size;
	size_t len;
};

/* One conversion: flags, width, precision (-1: none given). */
struct spec {
	bool left;
	bool zero;
	bool plus;
	bool space;
	bool alt;
	int width;
	int precision;
};

/* The widest number: 22 octal digits of 64 bits. */
#define MAX_DIGITS 24

static void put(struct out *o, char c)
{
	/* The last byte is the terminator's. */
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_string(struct out *o, const struct spec *s, const char *str)
{
	size_t len;

	if (!str)
		str = "(null)";
	len = s->precision >= 0 ? strnlen(str, s->precision) : strlen(str);
	if (!s->left)
		pad(o, ' ', s->width - (int)len);
	for (size_t i = 0; i < len; i++)
		put(o, str[i]);
	if (s->left)
		pad(o, ' ', s->width - (int)len);
}

static void put_number(struct out *o, const struct spec *s, u64 v, bool negative,
		       unsigned int base, bool upper)
{
	const char *digit = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	const char *prefix = "";
	char text[MAX_DIGITS];
	int n = 0, zeros = 0, fill;

	if (negative)
		prefix = "-";
	else if (s->plus)
		prefix = "+";
	else if (s->space)
		prefix = " ";
	else if (s->alt && base == 16 && v)
		prefix = upper ? "0X" : "0x";
	else if (s->alt && base == 8 && v)
		prefix = "0";
	/* Precision 0 and value 0: no digit at all (ISO C). */
	for (; v; v /= base)
		text[n++] = digit[v % base];
	if (!n && s->precision != 0)
		text[n++] = '0';
	if (s->precision > n)
		zeros = s->precision - n;
	fill = s->width - (int)strlen(prefix) - zeros - n;
	/* A precision or '-' switches off the flag '0' (ISO C). */
	if (s->zero && !s->left && s->precision < 0 && fill > 0) {
		zeros += fill;
		fill = 0;
	}
	if (!s->left)
		pad(o, ' ', fill);
	while (*prefix)
		put(o, *prefix++);
	pad(o, '0', zeros);
	while (n)
		put(o, text[--n]);
	if (s->left)
		pad(o, ' ', fill);
}

/* Reads a decimal number; a larger one than any sensible width is cut. */
static int number(const char **fmt)
{
	int n = 0;

	for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++)
		if (n < 10000)
			n = n * 10 + **fmt - '0';
	return n;
}

static void read_flags(struct spec *s, const char **fmt)
{
	for (;; (*fmt)++) {
		switch (**fmt) {
		case '-':
			s->left = true;
			break;
		case '0':
			s->zero = true;
			break;
		case '+':
			s->plus = true;
			break;
		case ' ':
			s->space = true;
			break;
		case '#':
			s->alt = true;
			break;
		default:
			return;
		}
	}
}

/* Bytes of the integer that a length modifier names. */
static size_t read_length(const char **fmt)
{
	switch (**fmt) {
	case 'h':
		(*fmt)++;
		if (**fmt != 'h')
			return sizeof(short);
		(*fmt)++;
		return sizeof(char);
	case 'l':
		(*fmt)++;
		if (**fmt == 'l')
			(*fmt)++;
		return sizeof(u64);
	case 'z':
	case 't':
	case 'j':
		(*fmt)++;
		return sizeof(u64);
	default:
		return sizeof(int);
	}
}

/* Sign-extends or cuts what va_arg gave to the size of its type. */
static u64 resize(u64 v, size_t length, bool is_signed)
{
	unsigned int shift = 64 - 8 * length;

	return is_signed ? (u64)((s64)(v << shift) >> shift) : v << shift >> shift;
}

int hyp_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, size, 0 };

	while (*fmt) {
		struct spec s = { .precision = -1 };
		const char *start = fmt;
		size_t length;
		u64 v;
		char c;

		if (*fmt++ != '%') {
			put(&o, *start);
			continue;
		}
		read_flags(&s, &fmt);
		if (*fmt == '*') {
			fmt++;
			s.width = va_arg(ap, int);
			if (s.width < 0) {
				s.left = true;
				s.width = -s.width;
			}
		} else {
			s.width = number(&fmt);
		}
		if (*fmt == '.') {
			fmt++;
			if (*fmt == '*') {
				fmt++;
				s.precision = va_arg(ap, int);
			} else {
				s.precision = number(&fmt);
			}
		}
		length = read_length(&fmt);
		c = *fmt;
		if (c)
			fmt++;
		switch (c) {
		case 'd':
		case 'i':
			v = length > sizeof(int) ? va_arg(ap, u64) : (u64)va_arg(ap, int);
			v = resize(v, length, true);
			put_number(&o, &s, (s64)v < 0 ? -v : v, (s64)v < 0, 10, false);
			break;
		case 'u':
		case 'x':
		case 'X':
		case 'o':
			v = length > sizeof(int) ? va_arg(ap, u64) : va_arg(ap, unsigned int);
			s.plus = false;
			s.space = false;
			put_number(&o, &s, resize(v, length, false), false,
				   c == 'u' ? 10 : c == 'o' ? 8 : 16, c == 'X');
			break;
		case 'p':
			s = (struct spec){ .left = s.left, .width = s.width, .precision = 16 };
			put(&o, '0');
			put(&o, 'x');
			s.width -= 2;
			put_number(&o, &s, (u64)(uintptr_t)va_arg(ap, void *), false, 16, false);
			break;
		case 's':
			put_string(&o, &s, va_arg(ap, const char *));
			break;
		case 'c':
			if (!s.left)
				pad(&o, ' ', s.width - 1);
			put(&o, (char)va_arg(ap, int));
			if (s.left)
				pad(&o, ' ', s.width - 1);
			break;
		case '%':
			put(&o, '%');
			break;
		default:
			while (start < fmt)
				put(&o, *start++);
		}
	}
	if (size)
		buf[MIN(o.len, size - 1)] = '\0';
	return (int)o.len;
}

int hyp_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = hyp_vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
