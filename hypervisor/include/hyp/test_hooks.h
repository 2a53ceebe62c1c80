/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a test build does differently. The product links core/test_hooks_none.c,
 * where each of these is nothing.
 */
#ifndef HYP_TEST_HOOKS_H
#define HYP_TEST_HOOKS_H

#include <hyp/platform.h>

/* Leave the host's stage 2 whole: the protection tests must then fail. */
bool test_stage2_whole(void);

/* At the end of boot: fault=NAME on the command line makes EL2 fail on purpose. */
void test_boot(const struct platform *p);

/*
 * Call firmware at each exit of a guest, with firmware=exit on the command line, though it did
 * not ask for that: a function that it does not know. 0: do not.
 */
u32 test_branch_workaround(void);

#endif
