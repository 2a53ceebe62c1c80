/* SPDX-License-Identifier: GPL-2.0-only */
/* Exception syndromes (ESR_ELx; Arm ARM D24.2.40) in words. */
#ifndef HYP_SYNDROME_H
#define HYP_SYNDROME_H

#include <hyp/types.h>

/* Enough for every text. */
#define SYNDROME_TEXT 192

/**
 * syndrome_describe() - say in words what an ESR_EL1 or ESR_EL2 means
 * @buf: result, terminated; SYNDROME_TEXT bytes are enough
 * @size: bytes at @buf, at least 1
 * @esr: the register
 *
 * Any value is fine: what is not known is printed as numbers. One line without
 * newline, such as "data abort from the same level: translation fault, level 2,
 * write (ESR 0x96000046)". No locks, any context.
 */
void syndrome_describe(char *buf, size_t size, u64 esr);

#endif
