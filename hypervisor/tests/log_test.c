// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/log.c lib/printf.c
/* core/log.c: ring, console, levels, time, and many writers at once. */
#include "ktap.h"

#include <pthread.h>
#include <sched.h>

#include <hyp/log.h>

static char out[1 << 20];
static size_t out_len;
static bool writers;

static void sink(void *ctx, char c)
{
	EXPECT(ctx == out);
	if (out_len < sizeof(out) - 1)
		out[out_len++] = c;
	out[out_len] = 0;
	/* Where other writers come between, if they can. */
	if (c == 'n' && writers)
		sched_yield();
}

static const struct log_console console = { sink, out };

static void clear(void)
{
	out_len = 0;
	out[0] = 0;
}

/* All that is in the log from @pos on. */
static char *read_all(u64 pos)
{
	static char text[LOG_RING_SIZE + 1];
	size_t n = log_read(text, LOG_RING_SIZE, &pos);

	text[n] = 0;
	return text;
}

static u64 log_end(void)
{
	u64 pos = UINT64_MAX;
	char c;

	EXPECT_EQ(log_read(&c, 1, &pos), 0);
	return pos;
}

/* First of all: what was logged before a console came. */
TEST(log_early_lines_reach_the_console)
{
	EXPECT_EQ(log_end(), 0);
	pr_info("early %d", 1);
	pr_err("early %d\n\n", 2);
	clear();
	log_set_console(&console);
	EXPECT_STREQ(out, "[gz] early 1\r\n[gz] error: early 2\r\n");
	EXPECT_STREQ(read_all(0), "[gz] early 1\n[gz] error: early 2\n");
	/* Once only. */
	clear();
	log_set_console(&console);
	EXPECT_STREQ(out, "");
}

TEST(log_levels)
{
	u64 pos = log_end();

	clear();
	pr_debug("d");
	pr_info("i");
	EXPECT_STREQ(out, "[gz] i\r\n");
	log_set_level(LOG_ERR);
	pr_warn("w");
	pr_err("e");
	EXPECT_STREQ(out, "[gz] i\r\n[gz] error: e\r\n");
	log_set_level(LOG_DEBUG);
	pr_debug("d2");
	EXPECT_STREQ(out, "[gz] i\r\n[gz] error: e\r\n[gz] debug: d2\r\n");
	log_set_level(LOG_INFO);
	/* The ring has them all. */
	EXPECT_STREQ(read_all(pos), "[gz] debug: d\n[gz] i\n[gz] warning: w\n[gz] error: e\n"
				    "[gz] debug: d2\n");
}

TEST(log_without_console)
{
	u64 pos = log_end();

	log_set_console(NULL);
	clear();
	pr_info("nobody hears");
	EXPECT_STREQ(out, "");
	EXPECT_STREQ(read_all(pos), "[gz] nobody hears\n");
	log_set_console(&console);
	EXPECT_STREQ(out, "");
}

TEST(log_time)
{
	u64 pos = log_end();

	log_set_frequency(62500000);
	fake_counter = 62500000ULL * 12 + 62500;
	pr_info("t");
	fake_counter = UINT64_MAX;
	pr_info("t");
	log_set_frequency(0);
	EXPECT_STREQ(read_all(pos),
		     "[gz   12.001000] t\n[gz 295147905179.352825] t\n");
}

TEST(log_text_can_not_forge_lines)
{
	u64 pos = log_end();

	pr_info("a\nb\rc\x1b[31m\x7f\xc3\xa4");
	EXPECT_STREQ(read_all(pos), "[gz] a?b?c?[31m?\xc3\xa4\n");
}

TEST(log_long_line)
{
	u64 pos = log_end();
	char text[2 * LOG_LINE_MAX];
	char *got;

	for (size_t len = LOG_LINE_MAX - 12; len < LOG_LINE_MAX + 5; len++) {
		size_t n;

		memset(text, 'x', len);
		text[len] = 0;
		pos = log_end();
		pr_info("%s", text);
		got = read_all(pos);
		n = strlen(got);
		EXPECT(n <= LOG_LINE_MAX);
		EXPECT_EQ(got[n - 1], '\n');
		if (len + 6 <= LOG_LINE_MAX) {
			EXPECT_EQ(n, len + 6);
			EXPECT(!strstr(got, "..."));
		} else {
			EXPECT(!strcmp(got + n - 4, "...\n"));
		}
	}
}

TEST(log_ring_wraps)
{
	u64 start = log_end(), pos = start, before;
	char buf[100], *text;
	int first, lines = 0;
	size_t n;

	for (int i = 0; i < 3000; i++)
		pr_debug("line %d", i);
	/* Lost lines are skipped, and the first one is whole. */
	text = read_all(start);
	EXPECT(strlen(text) <= LOG_RING_SIZE && strlen(text) > LOG_RING_SIZE - 64);
	ASSERT_EQ(sscanf(text, "[gz] debug: line %d\n", &first), 1);
	for (char *line = text; *line; line = strchr(line, '\n') + 1, lines++) {
		int i = -1;

		EXPECT_EQ(sscanf(line, "[gz] debug: line %d\n", &i), 1);
		EXPECT_EQ(i, first + lines);
	}
	EXPECT_EQ(first + lines, 3000);
	/* In pieces it is the same text. */
	for (n = 0; (before = pos, log_read(buf, sizeof(buf), &pos)) > 0;) {
		size_t got = before < pos - sizeof(buf) ? sizeof(buf) : (size_t)(pos - before);

		EXPECT(!memcmp(buf, text + n, MIN(got, sizeof(buf))));
		n += MIN(got, sizeof(buf));
	}
	EXPECT_EQ(n, strlen(text));
	EXPECT_EQ(pos, log_end());
	/* A position that is just not lost is not moved. */
	pos = log_end() - LOG_RING_SIZE;
	EXPECT_EQ(log_read(buf, 1, &pos), 1);
	EXPECT_EQ(pos, log_end() - LOG_RING_SIZE + 1);
	pos = log_end() - LOG_RING_SIZE - 1;
	EXPECT_EQ(log_read(buf, 0, &pos), 0);
	EXPECT(pos > log_end() - LOG_RING_SIZE);
}

static void *writer(void *arg)
{
	fake_cpu = (unsigned int)(uintptr_t)arg;
	for (int i = 0; i < 500; i++)
		pr_info("writer %u line %d end", fake_cpu, i);
	return NULL;
}

TEST(log_lines_of_many_cpus_stay_whole)
{
	pthread_t thread[4];
	int next[4] = { 0 };

	clear();
	writers = true;
	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, writer, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	writers = false;
	for (char *line = out; *line; line = strchr(line, '\n') + 1) {
		unsigned int cpu = 9;
		int n = -1, len = 0;

		sscanf(line, "[gz] writer %u line %d end%n", &cpu, &n, &len);
		EXPECT(len && line[len] == '\r');
		ASSERT(cpu < 4);
		EXPECT_EQ(n, next[cpu]++);
	}
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(next[i], 500);
}

static bool fault_in_console;

static void faulty_sink(void *ctx, char c)
{
	sink(ctx, c);
	if (fault_in_console && c == 'B') {
		/* A panic of the CPU that holds the log's lock. */
		fault_in_console = false;
		log_enter_panic();
		pr_debug("panic text");
	}
}

/* Last: there is no way back. */
TEST(log_panic_ignores_the_lock)
{
	static const struct log_console faulty = { faulty_sink, out };
	char *text;

	log_set_console(&faulty);
	clear();
	fault_in_console = true;
	pr_info("AB");
	EXPECT_CONTAINS(out, "[gz] AB[gz] debug: panic text\r\n");
	text = read_all(0);
	EXPECT_CONTAINS(text, "[gz] debug: panic text\n");
}
