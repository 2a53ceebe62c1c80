// SPDX-License-Identifier: GPL-2.0-only
/* Words of /chosen in the guest's device tree (Devicetree Specification 0.4, chapter 5). */
#include "guest.h"

#define FDT_BEGIN_NODE	1
#define FDT_END_NODE	2
#define FDT_PROP	3
#define FDT_NOP		4

static const void *tree;

static uint32_t cell(const void *at)
{
	return __builtin_bswap32(*(const uint32_t *)at);
}

static bool same(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return *a == *b;
}

static size_t length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

/**
 * dtb_set() - where the device tree is
 * @dtb: as x0 had it
 */
void dtb_set(const void *dtb)
{
	tree = dtb;
}

/* A property of /chosen; its bytes in *size. */
static const void *dtb_chosen(const char *name, uint32_t *size)
{
	const char *base = tree, *strings = base + cell(base + 12);
	const char *p = base + cell(base + 8);
	unsigned int depth = 0, chosen = 0;

	for (;;) {
		uint32_t token = cell(p);

		p += 4;
		if (token == FDT_BEGIN_NODE) {
			depth++;
			if (depth == 2 && same(p, "chosen"))
				chosen = depth;
			p += (length(p) + 4) & ~3ul;
		} else if (token == FDT_END_NODE) {
			if (depth-- == chosen)
				return NULL;
		} else if (token == FDT_PROP) {
			*size = cell(p);
			if (depth == chosen && same(strings + cell(p + 4), name))
				return p + 8;
			p += 8 + ((*size + 3) & ~3u);
		} else if (token != FDT_NOP) {
			return NULL;
		}
	}
}

/**
 * dtb_word() - look for a word of the kernel's command line
 * @name: the word, or its beginning up to and with "="
 *
 * Return: what follows @name in its word, up to the next space; NULL: no such word.
 */
const char *dtb_word(const char *name)
{
	uint32_t size;
	const char *line = dtb_chosen("bootargs", &size);
	size_t n = length(name);

	for (const char *p = line; p && *p; p++) {
		size_t i = 0;

		if (p != line && p[-1] != ' ')
			continue;
		while (i < n && p[i] == name[i])
			i++;
		if (i == n && (name[n - 1] == '=' || !p[n] || p[n] == ' '))
			return p + n;
	}
	return NULL;
}

/**
 * dtb_number() - a number of the kernel's command line
 * @name: its word up to and with "="
 * @otherwise: value if there is no such word
 *
 * Return: the decimal number.
 */
uint64_t dtb_number(const char *name, uint64_t otherwise)
{
	const char *p = dtb_word(name);
	uint64_t value = 0;

	if (!p)
		return otherwise;
	for (; *p >= '0' && *p <= '9'; p++)
		value = value * 10 + *p - '0';
	return value;
}

/**
 * dtb_seed() - random bits that the VMM has put into /chosen
 *
 * Return: 64 of them; 0 if there are none.
 */
uint64_t dtb_seed(void)
{
	uint32_t size = 0;
	const void *seed = dtb_chosen("rng-seed", &size);

	return seed && size >= 8 ? (uint64_t)cell(seed) << 32 | cell((const char *)seed + 4) : 0;
}
