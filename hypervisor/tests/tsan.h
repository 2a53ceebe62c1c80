/* SPDX-License-Identifier: GPL-2.0-only */
/* For builds that look for data races: a volatile access is meant, and no race. */
#ifndef TESTS_TSAN_H
#define TESTS_TSAN_H

#include <hyp/util.h>

#undef READ_ONCE
#undef WRITE_ONCE
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), v, __ATOMIC_RELAXED)

#endif
