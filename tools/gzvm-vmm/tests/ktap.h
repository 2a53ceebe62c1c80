/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test program's frame: KTAP on standard output, status 1 when a test failed. main() is
 * made here; arguments select tests by a part of their name.
 *
 * EXPECT_* go on after a failure, ASSERT_* leave the test function.
 */
#ifndef TESTS_KTAP_H
#define TESTS_KTAP_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ktap_test {
	const char *name;
	void (*run)(void);
	struct ktap_test *next;
};

static struct ktap_test *ktap_tests, **ktap_tail = &ktap_tests;
static unsigned int ktap_failures;	/* of the running test */

#define TEST(id)							\
	static void test_##id(void);					\
	__attribute__((constructor)) static void ktap_add_##id(void)	\
	{								\
		static struct ktap_test t = {				\
			.name = #id, .run = test_##id,			\
		};							\
		*ktap_tail = &t;					\
		ktap_tail = &t.next;					\
	}								\
	static void test_##id(void)

/* Says what failed, at most 20 times a test: loops must not flood the log. */
#define KTAP_FAIL(...)							\
	do {								\
		if (++ktap_failures <= 20) {				\
			printf("# %s:%d: ", __FILE__, __LINE__);	\
			printf(__VA_ARGS__);				\
			putchar('\n');					\
		}							\
	} while (0)

#define EXPECT(cond)							\
	do {								\
		if (!(cond))						\
			KTAP_FAIL("expected: %s", #cond);		\
	} while (0)

#define ASSERT(cond)							\
	do {								\
		if (!(cond)) {						\
			KTAP_FAIL("expected: %s", #cond);		\
			return;						\
		}							\
	} while (0)

#define EXPECT_EQ(a, b)							\
	do {								\
		int64_t ktap_a = (int64_t)(a), ktap_b = (int64_t)(b);	\
		if (ktap_a != ktap_b)					\
			KTAP_FAIL("%s is %" PRId64 " (0x%" PRIx64 "), expected %s: "	\
				  "%" PRId64 " (0x%" PRIx64 ")", #a, ktap_a, ktap_a,	\
				  #b, ktap_b, ktap_b);			\
	} while (0)

#define EXPECT_STREQ(a, b)						\
	do {								\
		const char *ktap_a = (a), *ktap_b = (b);		\
		if (strcmp(ktap_a, ktap_b))				\
			KTAP_FAIL("%s is \"%s\", expected \"%s\"", #a, ktap_a, ktap_b);	\
	} while (0)

#define EXPECT_CONTAINS(a, b)						\
	do {								\
		const char *ktap_a = (a), *ktap_b = (b);		\
		if (!strstr(ktap_a, ktap_b))				\
			KTAP_FAIL("%s is \"%s\", expected \"%s\" in it", #a, ktap_a, ktap_b); \
	} while (0)

/* A small, seeded generator: a failure can be repeated (xorshift64*). */
static inline uint64_t ktap_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

/*
 * What @statement writes to standard error, in ktap_stderr.
 */
__attribute__((unused)) static char ktap_stderr[8192];

#define CAPTURE_STDERR(statement)					\
	do {								\
		FILE *ktap_file = tmpfile();				\
		int ktap_saved = dup(STDERR_FILENO);			\
		dup2(fileno(ktap_file), STDERR_FILENO);			\
		statement;						\
		dup2(ktap_saved, STDERR_FILENO);			\
		close(ktap_saved);					\
		rewind(ktap_file);					\
		ktap_stderr[fread(ktap_stderr, 1, sizeof(ktap_stderr) - 1, ktap_file)] = 0; \
		fclose(ktap_file);					\
	} while (0)

/* One line, as people are to see it: who, what, why, what to try. */
#define EXPECT_ONE_LINE()						\
	do {								\
		size_t ktap_len = strlen(ktap_stderr);			\
		const char *ktap_end = strchr(ktap_stderr, '\n');	\
		EXPECT(!strncmp(ktap_stderr, "gzvm-vmm: ", 10));	\
		EXPECT(strchr(ktap_stderr, ';'));			\
		EXPECT(ktap_end == ktap_stderr + ktap_len - 1);		\
	} while (0)

int main(int argc, char **argv)
{
	unsigned int n = 0, failed = 0, planned = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (struct ktap_test *t = ktap_tests; t; t = t->next) {
		bool wanted = argc < 2;

		for (int i = 1; i < argc; i++)
			wanted |= strstr(t->name, argv[i]) != NULL;
		t->run = wanted ? t->run : NULL;
		planned += wanted;
	}
	printf("KTAP version 1\n1..%u\n", planned);
	for (struct ktap_test *t = ktap_tests; t; t = t->next) {
		if (!t->run)
			continue;
		ktap_failures = 0;
		t->run();
		failed += ktap_failures != 0;
		printf("%sok %u %s\n", ktap_failures ? "not " : "", ++n, t->name);
	}
	return failed || !n;
}

#endif /* TESTS_KTAP_H */
