/* SPDX-License-Identifier: GPL-2.0-only */
/* Every move of a page's ownership, legal and illegal, from every state. */
#ifndef TESTS_PAGE_SELFTEST_H
#define TESTS_PAGE_SELFTEST_H

#include <hyp/types.h>

int page_selftest(pa_t scratch);

#endif
