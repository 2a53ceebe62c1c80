// SPDX-License-Identifier: GPL-2.0-only
// LINK: lib/printf.c lib/stackchk.c
/* lib/: string functions against the C library's, printf against its printf. */
#include "ktap.h"

#include <limits.h>
#include <stdarg.h>

/* Under names of their own: the program itself goes on using the C library's. */
#define memcpy hyp_memcpy
#define memmove hyp_memmove
#define memset hyp_memset
#define memcmp hyp_memcmp
#define memchr hyp_memchr
#define strlen hyp_strlen
#define strnlen hyp_strnlen
#define strcmp hyp_strcmp
#define strncmp hyp_strncmp
#define strchr hyp_strchr
#define strrchr hyp_strrchr
#include "lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr

#define AREA 96

static void fill(u8 *a, u8 *b)
{
	for (int i = 0; i < AREA; i++)
		a[i] = b[i] = (u8)(i * 37 + 11);
}

/* Every offset of source and destination in a word, every small size. */
TEST(memmove_all_offsets)
{
	u8 a[AREA], b[AREA];

	for (int d = 0; d < 40; d++) {
		for (int s = 0; s < 40; s++) {
			for (int n = 0; n < 48; n++) {
				fill(a, b);
				EXPECT(hyp_memmove(a + d, a + s, n) == a + d);
				memmove(b + d, b + s, n);
				EXPECT(!memcmp(a, b, AREA));
			}
		}
	}
}

TEST(memcpy_all_offsets)
{
	u8 a[AREA], b[AREA], src[AREA];

	fill(src, a);
	for (int d = 0; d < 16; d++) {
		for (int s = 0; s < 16; s++) {
			for (int n = 0; n < 64; n++) {
				fill(a, b);
				EXPECT(hyp_memcpy(a + d, src + s, n) == a + d);
				memcpy(b + d, src + s, n);
				EXPECT(!memcmp(a, b, AREA));
			}
		}
	}
}

TEST(memset_all_offsets)
{
	u8 a[AREA], b[AREA];

	for (int d = 0; d < 16; d++) {
		for (int n = 0; n < 64; n++) {
			fill(a, b);
			EXPECT(hyp_memset(a + d, 0x1c5, n) == a + d);
			memset(b + d, 0xc5, n);
			EXPECT(!memcmp(a, b, AREA));
		}
	}
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

TEST(memcmp_all_offsets)
{
	u8 a[AREA], b[AREA];

	for (int d = 0; d < 8; d++) {
		for (int s = 0; s < 8; s++) {
			for (int n = 0; n < 40; n++) {
				memset(a, 0x77, AREA);
				memset(b, 0x77, AREA);
				EXPECT_EQ(hyp_memcmp(a + d, b + s, n), 0);
				/* Just behind the end: must not count. */
				a[d + n] = 1;
				EXPECT_EQ(hyp_memcmp(a + d, b + s, n), 0);
				for (int i = 0; i < n; i++) {
					a[d + i] = 0xf0;
					EXPECT_EQ(sign(hyp_memcmp(a + d, b + s, n)), 1);
					EXPECT_EQ(sign(hyp_memcmp(b + s, a + d, n)), -1);
					a[d + i] = 0x77;
				}
			}
		}
	}
}

TEST(strings)
{
	char high[] = "a\xff", low[] = "a\x01";
	const char *s = "one=two=three";

	EXPECT_EQ(hyp_strlen(""), 0);
	EXPECT_EQ(hyp_strlen(s), 13);
	EXPECT_EQ(hyp_strnlen(s, 3), 3);
	EXPECT_EQ(hyp_strnlen(s, 100), 13);
	EXPECT_EQ(hyp_strcmp("abc", "abc"), 0);
	EXPECT(hyp_strcmp("abc", "abd") < 0);
	EXPECT(hyp_strcmp("abcd", "abc") > 0);
	/* Compared as unsigned characters. */
	EXPECT(hyp_strcmp(high, low) > 0);
	EXPECT_EQ(hyp_strncmp("abc", "abd", 2), 0);
	EXPECT(hyp_strncmp("abc", "abd", 3) < 0);
	EXPECT_EQ(hyp_strncmp("abc", "abc", 10), 0);
	EXPECT(hyp_strchr(s, '=') == s + 3);
	EXPECT(hyp_strrchr(s, '=') == s + 7);
	EXPECT(hyp_strchr(s, 'x') == NULL);
	EXPECT(hyp_strrchr(s, 'x') == NULL);
	EXPECT(hyp_strchr(s, 0) == s + 13);
	EXPECT(hyp_strrchr(s, 0) == s + 13);
	EXPECT(hyp_memchr(s, 't', 13) == s + 4);
	EXPECT(hyp_memchr(s, 't', 4) == NULL);
	EXPECT(hyp_memchr(s, 0, 14) == s + 13);
}

/* The same text, the same length, also where it is cut. */
#define SAME(...)                                                                \
	do {                                                                     \
		char want[256], got[256];                                        \
		int w = snprintf(want, sizeof(want), __VA_ARGS__);               \
		EXPECT_EQ(hyp_snprintf(got, sizeof(got), __VA_ARGS__), w);       \
		EXPECT_STREQ(got, want);                                         \
		EXPECT_EQ(hyp_snprintf(NULL, 0, __VA_ARGS__), w);                \
		for (int cut = 1; cut < 12; cut++) {                             \
			snprintf(want, cut, __VA_ARGS__);                        \
			memset(got, 0x55, sizeof(got));                          \
			EXPECT_EQ(hyp_snprintf(got, cut, __VA_ARGS__), w);       \
			EXPECT_STREQ(got, want);                                 \
			EXPECT_EQ(got[cut], 0x55);                               \
		}                                                                \
	} while (0)

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-overflow"
#pragma GCC diagnostic ignored "-Wformat-extra-args"

TEST(printf_numbers)
{
	static const long values[] = { 0, 1, -1, 9, 10, 255, 4096, INT_MAX, INT_MIN,
				       LONG_MAX, LONG_MIN };

	for (unsigned int i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		long v = values[i];
		int n = (int)v;

		SAME("%d %i %u %x %X %o", n, n, n, n, n, n);
		SAME("%ld %lu %lx %lX %lo", v, v, v, v, v);
		SAME("%lld %llu %llx", (long long)v, (long long)v, (long long)v);
		SAME("%zu %zd %tx %jx", (size_t)v, (ssize_t)v, (ptrdiff_t)v, (intmax_t)v);
		SAME("%hhd %hhu %hhx %hd %hu %hx", n, n, n, n, n, n);
		SAME("[%8d] [%-8d] [%08d] [%-08d] [%+d] [% d]", n, n, n, n, n, n);
		SAME("[%#x] [%#X] [%#o] [%#018lx] [%-#18lx|", n, n, n, v, v);
		SAME("[%.5d] [%8.5d] [%-8.5x] [%08.5d] [%.0d]", n, n, n, n, n);
		SAME("[%*d] [%-*d] [%*.*x]", 12, n, 12, n, 12, 4, n);
		SAME("[%*d]", -12, n);
	}
}

TEST(printf_strings)
{
	char raw[] = { 'r', 'a', 'w', '!' };

	SAME("%s", "");
	SAME("[%s] [%10s] [%-10s]", "text", "text", "text");
	SAME("[%.2s] [%10.3s] [%-10.0s]", "text", "text", "text");
	SAME("[%.*s]", 4, raw);
	SAME("[%.*s]", -1, "negative precision: none");
	SAME("%c [%3c] [%-3c]", 'x', 'y', 'z');
	SAME("100%%");
	SAME("plain");
}

TEST(printf_own_ways)
{
	char buf[64];

	hyp_snprintf(buf, sizeof(buf), "%p", (void *)0x1234);
	EXPECT_STREQ(buf, "0x0000000000001234");
	hyp_snprintf(buf, sizeof(buf), "[%20p]", (void *)0x1234);
	EXPECT_STREQ(buf, "[0x  0000000000001234]");
	hyp_snprintf(buf, sizeof(buf), "%s", (char *)NULL);
	EXPECT_STREQ(buf, "(null)");
	hyp_snprintf(buf, sizeof(buf), "%y %", 5);
	EXPECT_STREQ(buf, "%y %");
	/* A width that doesn't fit an int can't make anything wrap. */
	EXPECT(hyp_snprintf(buf, sizeof(buf), "%99999999999d", 5) >= 10000);
}

#pragma GCC diagnostic pop

void __stack_chk_fail(void);

TEST(stack_overrun_panics)
{
	EXPECT_PANIC(__stack_chk_fail(), "stack overrun");
}
