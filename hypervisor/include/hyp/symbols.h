/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of functions for backtraces, from a table that scripts/mksymtab makes
 * of the linked image. An image without that table prints bare addresses.
 */
#ifndef HYP_SYMBOLS_H
#define HYP_SYMBOLS_H

#include <hyp/types.h>

/* Enough for "function+0xoff/0xsize"; a longer name is cut. */
#define SYMBOL_TEXT 80

/* As scripts/mksymtab writes it; the names follow the entries. */
struct symbol_table {
	u64 base; /* address of the first function */
	u32 end; /* end of the last one, from base */
	u32 count;
	struct {
		u32 offset; /* from base, ascending */
		u32 name; /* bytes from the start of the table */
	} entry[];
};

/* The table of this image; count 0 where none was linked in. */
extern const struct symbol_table symbols_table;

/**
 * symbols_format() - name an address
 * @buf: result, terminated; SYMBOL_TEXT bytes are enough
 * @size: bytes at @buf, at least 1
 * @t: table, &symbols_table but in tests
 * @addr: address in the image, as linked
 *
 * For a return address give the address before it: a call may be a function's
 * last instruction. No locks, any context.
 *
 * Return: true for "function+0xoff/0xsize", false for a bare "0xaddress".
 */
bool symbols_format(char *buf, size_t size, const struct symbol_table *t, u64 addr);

#endif
