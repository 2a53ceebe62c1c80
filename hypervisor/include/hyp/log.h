/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's log: a ring buffer that the host reads (LOG_READ), copied
 * to the UART up to a level. Nothing that a guest does may write to it without
 * a bound.
 *
 * A line reads "[gz    0.012345] error: text": seconds and microseconds of the
 * system counter once its frequency is known, then the level's word (none for
 * LOG_INFO).
 */
#ifndef HYP_LOG_H
#define HYP_LOG_H

#include <stdarg.h>
#include <hyp/util.h>

enum log_level { LOG_ERR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Bytes of text that the ring keeps. */
#define LOG_RING_SIZE 16384
/* The longest line with prefix and newline; a longer one ends in "...". */
#define LOG_LINE_MAX 512

/* Where lines go besides the ring; putc may be NULL (no usable UART). */
struct log_console {
	void (*putc)(void *ctx, char c);
	void *ctx;
};

/**
 * log_set_console() - choose where lines are copied to
 * @con: console; copied. NULL: none any more
 *
 * What was logged before there was any console is printed at once, so that no
 * early message is lost. Takes log_lock.
 */
void log_set_console(const struct log_console *con);

/**
 * log_set_level() - choose what is copied to the console
 * @console_level: the last level that is; LOG_INFO at start
 *
 * The ring always gets everything.
 */
void log_set_level(enum log_level console_level);

/**
 * log_set_frequency() - switch time stamps on
 * @hz: of arch_counter(); 0 switches them off
 */
void log_set_frequency(u64 hz);

/**
 * log_print() - log one line
 * @level: how important it is
 * @fmt: format of hyp_vsnprintf(); a newline at its end may be left out
 *
 * Other control characters are replaced by '?', so that text from outside
 * (a command line) can't forge lines. Takes log_lock, except in a panic; any
 * context.
 */
void __printf(2, 3) log_print(enum log_level level, const char *fmt, ...);

/**
 * log_vprint() - log one line
 * @level: how important it is
 * @fmt: as for log_print()
 * @ap: arguments
 */
void log_vprint(enum log_level level, const char *fmt, va_list ap);

/**
 * log_enter_panic() - ignore locks from here on
 *
 * For the panic path, whose CPU may hold the log's lock; every level goes to
 * the console then. There is no way back.
 */
void log_enter_panic(void);

/**
 * log_read() - copy log text
 * @buf: result; not terminated
 * @size: bytes at @buf
 * @pos: position to read from, 0 is the first byte ever logged; moves behind
 *	what was copied
 *
 * What the ring has lost is skipped up to the start of a line. A position in
 * the future is the end. Takes log_lock.
 *
 * Return: the number of bytes, 0 at the end.
 */
size_t log_read(char *buf, size_t size, u64 *pos);

#define pr_err(...) log_print(LOG_ERR, __VA_ARGS__)
#define pr_warn(...) log_print(LOG_WARN, __VA_ARGS__)
#define pr_info(...) log_print(LOG_INFO, __VA_ARGS__)
#define pr_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)

#endif
