/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test program's frame: KTAP on stdout, exit status 1 when a test failed.
 *
 *	// SPDX-License-Identifier: GPL-2.0-only
 *	// LINK: core/pool.c core/pgtable.c
 *	// LIBS: -lfdt
 *	#include "ktap.h"
 *
 *	TEST(pool_zeroed)
 *	{
 *		EXPECT_EQ(1 + 1, 2);
 *	}
 *
 * The Makefile finds tests/NAME_test.c by itself; LINK names the files under
 * hypervisor/ that the program needs besides arch/fake/fake_arch.c. main() is
 * made here; arguments select tests by a part of their name.
 *
 * EXPECT_* go on after a failure, ASSERT_* leave the test function.
 */
#ifndef TESTS_KTAP_H
#define TESTS_KTAP_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_arch.h"

struct ktap_test {
	const char *name;
	void (*run)(void);
	struct ktap_test *next;
};

static struct ktap_test *ktap_tests, **ktap_tail = &ktap_tests;
static unsigned int ktap_failures; /* of the running test */

#define TEST(id)                                                            \
	static void test_##id(void);                                        \
	__attribute__((constructor)) static void ktap_add_##id(void)        \
	{                                                                   \
		static struct ktap_test t = { .name = #id, .run = test_##id }; \
		*ktap_tail = &t;                                            \
		ktap_tail = &t.next;                                        \
	}                                                                   \
	static void test_##id(void)

/* Says what failed, at most 20 times a test: loops must not flood the log. */
#define KTAP_FAIL(...)                                                       \
	do {                                                                 \
		if (++ktap_failures <= 20) {                                 \
			printf("# %s:%d: ", __FILE__, __LINE__);             \
			printf(__VA_ARGS__);                                 \
			putchar('\n');                                       \
		}                                                            \
	} while (0)

#define EXPECT(cond)                                             \
	do {                                                     \
		if (!(cond))                                     \
			KTAP_FAIL("expected: %s", #cond);        \
	} while (0)

#define ASSERT(cond)                                             \
	do {                                                     \
		if (!(cond)) {                                   \
			KTAP_FAIL("expected: %s", #cond);        \
			return;                                  \
		}                                                \
	} while (0)

/* Integers, compared and printed as 64 bits. */
#define EXPECT_EQ(a, b)                                                              \
	do {                                                                         \
		int64_t ktap_a = (int64_t)(a), ktap_b = (int64_t)(b);                \
		if (ktap_a != ktap_b)                                                \
			KTAP_FAIL("%s is %" PRId64 " (0x%" PRIx64 "), expected %s: " \
				  "%" PRId64 " (0x%" PRIx64 ")", #a, ktap_a, ktap_a, \
				  #b, ktap_b, ktap_b);                               \
	} while (0)

#define ASSERT_EQ(a, b)                                          \
	do {                                                     \
		unsigned int ktap_before = ktap_failures;        \
		EXPECT_EQ(a, b);                                 \
		if (ktap_failures != ktap_before)                \
			return;                                  \
	} while (0)

#define EXPECT_STREQ(a, b)                                                    \
	do {                                                                  \
		const char *ktap_a = (a), *ktap_b = (b);                      \
		if (strcmp(ktap_a, ktap_b))                                   \
			KTAP_FAIL("%s is \"%s\", expected \"%s\"", #a, ktap_a, ktap_b); \
	} while (0)

/* A text that @a must contain. */
#define EXPECT_CONTAINS(a, b)                                                 \
	do {                                                                  \
		const char *ktap_a = (a), *ktap_b = (b);                      \
		if (!strstr(ktap_a, ktap_b))                                  \
			KTAP_FAIL("%s is \"%s\", expected \"%s\" in it", #a, ktap_a, ktap_b); \
	} while (0)

/*
 * @statement must panic with @text in the message. What it had locked stays
 * locked: end the test with a reset of the modules it used.
 */
#define EXPECT_PANIC(statement, text)                                         \
	do {                                                                  \
		fake_panic_expected = true;                                   \
		if (!setjmp(fake_panic_jump)) {                               \
			statement;                                            \
			KTAP_FAIL("no panic: %s", #statement);                \
		} else {                                                      \
			EXPECT_CONTAINS(fake_panic_message, text);            \
		}                                                             \
		fake_panic_expected = false;                                  \
	} while (0)

/* A small, fast, seeded generator: a failure can be repeated (xorshift64*). */
static inline uint64_t ktap_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static bool ktap_selected(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	unsigned int nr = 0, plan = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (struct ktap_test *t = ktap_tests; t; t = t->next)
		plan += ktap_selected(t->name, argc, argv);
	printf("KTAP version 1\n1..%u\n", plan);
	for (struct ktap_test *t = ktap_tests; t; t = t->next) {
		if (!ktap_selected(t->name, argc, argv))
			continue;
		ktap_failures = 0;
		fake_reset();
		t->run();
		if (ktap_failures > 20)
			printf("# and %u more\n", ktap_failures - 20);
		printf("%s %u %s\n", ktap_failures ? "not ok" : "ok", ++nr, t->name);
		failed += ktap_failures != 0;
	}
	return failed || !plan;
}

#endif
