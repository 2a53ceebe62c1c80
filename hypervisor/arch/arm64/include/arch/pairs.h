/* SPDX-License-Identifier: GPL-2.0-only */
/* Assembler only: runs of registers to and from memory. The guests of the tests use it, too. */
#ifndef ARCH_PAIRS_H
#define ARCH_PAIRS_H

/*
 * @op (stp, ldp) of registers @r@first to @r@last, an even number of them, two at a time:
 * the first two at @at behind @base, the others follow, @size bytes each.
 */
.macro pairs op, r, first, last, base, at, size=8
	.altmacro
	pairs_from \op, \r, \first, %(\first + 1), \last, \base, %(\at), \size
	.noaltmacro
.endm

.macro pairs_from op, r, n, next, last, base, at, size
	\op	\r\n, \r\next, [\base, #\at]
	.if	\next < \last
	pairs_from \op, \r, %(\n + 2), %(\next + 2), \last, \base, %(\at + 2 * \size), \size
	.endif
.endm

#endif
