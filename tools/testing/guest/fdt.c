// SPDX-License-Identifier: GPL-2.0-only
/* The flattened device tree, as far as guests need it: Devicetree Specification 0.4, section 5. */
#include "guest.h"

enum { FDT_BEGIN_NODE = 1, FDT_END_NODE, FDT_PROP, FDT_NOP, FDT_END = 9 };

static uint32_t cell(const void *at)
{
	return __builtin_bswap32(*(const uint32_t *)at);
}

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Is @name that of @node, with or without its unit address? */
static bool is_node(const char *name, const char *node)
{
	while (*node && *name == *node)
		name++, node++;
	return !*node && (!*name || *name == '@');
}

/**
 * fdt_property() - find a property of a node below the root
 * @node: name of the node; the first that has it, whatever its unit address
 * @name: name of the property
 * @size: set to its bytes; may be NULL
 *
 * Return: its value, or NULL if there is none.
 */
const void *fdt_property(const char *node, const char *name, uint32_t *size)
{
	const char *fdt = guest_dtb, *strings = fdt + cell(fdt + 12), *at = fdt + cell(fdt + 8);
	unsigned int depth = 0;
	bool here = false;

	for (;;) {
		uint32_t token = cell(at), len;

		at += 4;
		switch (token) {
		case FDT_BEGIN_NODE:
			here = ++depth == 2 && is_node(at, node);
			while (*at++)
				;
			break;
		case FDT_END_NODE:
			here = false;
			depth--;
			break;
		case FDT_PROP:
			len = cell(at);
			if (here && equal(strings + cell(at + 4), name)) {
				if (size)
					*size = len;
				return at + 8;
			}
			at += 8 + len;
			break;
		case FDT_NOP:
			break;
		default:
			return NULL;
		}
		at = (const char *)(((uint64_t)at + 3) & ~UINT64_C(3));
	}
}

/**
 * bootargs_word() - look for a word of the command line
 * @name: the word, or its beginning up to and with "="
 *
 * Return: what follows @name in its word; NULL: no such word.
 */
const char *bootargs_word(const char *name)
{
	const char *args = fdt_property("chosen", "bootargs", NULL);

	while (args && *args) {
		const char *n = name;

		while (*n && *args == *n)
			args++, n++;
		if (!*n && (n[-1] == '=' || !*args || *args == ' '))
			return args;
		while (*args && *args != ' ')
			args++;
		while (*args == ' ')
			args++;
	}
	return NULL;
}

/**
 * bootargs_have() - is a word in the command line?
 * @word: the word
 *
 * Return: true if it is.
 */
bool bootargs_have(const char *word)
{
	return bootargs_word(word);
}

/**
 * bootargs_number() - a number of the command line
 * @name: its word up to and with "="
 * @otherwise: value if there is no such word
 *
 * Return: the decimal number.
 */
uint64_t bootargs_number(const char *name, uint64_t otherwise)
{
	const char *p = bootargs_word(name);
	uint64_t value = 0;

	if (!p)
		return otherwise;
	for (; *p >= '0' && *p <= '9'; p++)
		value = value * 10 + *p - '0';
	return value;
}

/**
 * fdt_seed() - random bits that the VMM has put into /chosen
 *
 * Return: 64 of them; 0 if there are none.
 */
uint64_t fdt_seed(void)
{
	uint32_t size = 0;
	const void *seed = fdt_property("chosen", "rng-seed", &size);

	return seed && size >= 8 ? (uint64_t)cell(seed) << 32 | cell((const char *)seed + 4) : 0;
}
