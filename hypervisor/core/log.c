// SPDX-License-Identifier: GPL-2.0-only
/* The hypervisor's log. */
#include <hyp/arch.h>
#include <hyp/log.h>
#include <hyp/spinlock.h>
#include <hyp/string.h>

static const char *const level_word[] = {
	[LOG_ERR] = "error: ",
	[LOG_WARN] = "warning: ",
	[LOG_INFO] = "",
	[LOG_DEBUG] = "debug: ",
};

/* Last in the lock order: under any other lock, and never the other way. */
static struct spinlock log_lock = SPINLOCK_INIT;

/*
 * All of this is guarded by log_lock. @end counts every byte ever logged, so
 * that positions never repeat; its remainder is the place in the ring.
 */
static struct {
	char ring[LOG_RING_SIZE];
	u64 end;
	/* Formatted here, not on a stack of which a panic may have little left. */
	char line[LOG_LINE_MAX];
	struct log_console console;
	bool had_console;
	enum log_level level;
	u64 hz;
} log = { .level = LOG_INFO };

static bool in_panic;

/* False: this CPU did not lock, and must not unlock. */
static bool log_acquire(void)
{
	if (READ_ONCE(in_panic))
		return false;
	spin_lock(&log_lock);
	return true;
}

static void log_release(bool locked)
{
	if (locked)
		spin_unlock(&log_lock);
}

static void console_put(char c)
{
	if (!log.console.putc)
		return;
	if (c == '\n')
		log.console.putc(log.console.ctx, '\r');
	log.console.putc(log.console.ctx, c);
}

void log_set_level(enum log_level console_level)
{
	bool locked = log_acquire();

	log.level = console_level;
	log_release(locked);
}

void log_set_frequency(u64 hz)
{
	bool locked = log_acquire();

	log.hz = hz;
	log_release(locked);
}

void log_enter_panic(void)
{
	WRITE_ONCE(in_panic, true);
}

/*
 * Where the ring's first whole line starts. Once bytes were lost, the oldest
 * ones are taken to be the rest of a lost line; the newest byte always is a
 * newline, so the search ends.
 */
static u64 log_oldest(void)
{
	u64 pos;

	if (log.end <= LOG_RING_SIZE)
		return 0;
	pos = log.end - LOG_RING_SIZE;
	while (log.ring[pos++ % LOG_RING_SIZE] != '\n')
		;
	return pos;
}

void log_set_console(const struct log_console *con)
{
	bool locked = log_acquire();

	log.console = con ? *con : (struct log_console){ NULL, NULL };
	if (log.console.putc && !log.had_console) {
		log.had_console = true;
		for (u64 pos = log_oldest(); pos < log.end; pos++)
			console_put(log.ring[pos % LOG_RING_SIZE]);
	}
	log_release(locked);
}

static size_t format_prefix(enum log_level level)
{
	u64 now, seconds, micros;

	if (!log.hz)
		return hyp_snprintf(log.line, LOG_LINE_MAX, "[gz] %s", level_word[level]);
	now = arch_counter();
	seconds = now / log.hz;
	/* hz is below 2^34 (FEAT_ECV's 1 GHz and less), so this can't overflow. */
	micros = now % log.hz * 1000000 / log.hz;
	return hyp_snprintf(log.line, LOG_LINE_MAX, "[gz %4lu.%06lu] %s",
			    (unsigned long)seconds, (unsigned long)micros, level_word[level]);
}

/* Fills log.line with a whole line. Returns its length, newline included. */
static size_t format_line(enum log_level level, const char *fmt, va_list ap)
{
	size_t start = format_prefix(level);
	/* The terminator's byte becomes the newline's. */
	size_t room = LOG_LINE_MAX - start;
	size_t n = hyp_vsnprintf(log.line + start, room, fmt, ap);

	if (n >= room) {
		n = room - 1;
		memcpy(log.line + start + n - 3, "...", 3);
	}
	n += start;
	while (n > start && log.line[n - 1] == '\n')
		n--;
	for (size_t i = start; i < n; i++)
		if ((u8)log.line[i] < ' ' || log.line[i] == 0x7f)
			log.line[i] = '?';
	log.line[n++] = '\n';
	return n;
}

void log_vprint(enum log_level level, const char *fmt, va_list ap)
{
	bool locked = log_acquire();
	size_t n = format_line(level, fmt, ap);

	for (size_t i = 0; i < n; i++)
		log.ring[log.end++ % LOG_RING_SIZE] = log.line[i];
	if (level <= log.level || !locked)
		for (size_t i = 0; i < n; i++)
			console_put(log.line[i]);
	log_release(locked);
}

void log_print(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vprint(level, fmt, ap);
	va_end(ap);
}

size_t log_read(char *buf, size_t size, u64 *pos)
{
	bool locked = log_acquire();
	u64 from = *pos;
	size_t n = 0;

	if (log.end > LOG_RING_SIZE && from < log.end - LOG_RING_SIZE)
		from = log_oldest();
	if (from > log.end)
		from = log.end;
	while (n < size && from < log.end)
		buf[n++] = log.ring[from++ % LOG_RING_SIZE];
	*pos = from;
	log_release(locked);
	return n;
}
