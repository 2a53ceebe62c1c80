// SPDX-License-Identifier: GPL-2.0-only
/*
 * Standard input and output.
 *
 * Input is read by the main loop into a ring, from which a device fetches it when the guest
 * wants it. When the ring is full, a pipe or file is left unread until there is room again;
 * a terminal is read on, its keys dropped as the kernel itself does when nobody reads them,
 * because the escape key has to work always.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "terminal.h"
#include "util.h"

#define TERMINAL_ESCAPE_KEY	1	/* Ctrl-A */

/*
 * The terminal that has been made raw, for the handler of fatal signals: the one object of
 * this program that is reached by no argument.
 */
static _Atomic(struct terminal *) terminal_raw_one;

static const int terminal_fatal_signals[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGPIPE, SIGTERM,
	SIGSYS, SIGXCPU, SIGXFSZ,
};

/* Async-signal-safe: tcsetattr, signal and raise are. */
static void terminal_fatal(int sig)
{
	struct terminal *term = atomic_load(&terminal_raw_one);

	if (term)
		tcsetattr(term->in_fd, TCSANOW, &term->saved);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Makes room for what the ring holds; true if the byte was kept. */
static bool terminal_push(struct terminal *term, uint8_t byte)
{
	if (term->used == TERMINAL_INPUT_SIZE)
		return false;
	term->input[(term->head + term->used++) % TERMINAL_INPUT_SIZE] = byte;
	return true;
}

/* Input from a terminal: Ctrl-A x ends the VMM, Ctrl-A Ctrl-A is one Ctrl-A. */
static bool terminal_push_key(struct terminal *term, uint8_t key)
{
	if (!term->escape && key == TERMINAL_ESCAPE_KEY) {
		term->escape = true;
		return false;
	}
	if (!term->escape) {
		terminal_push(term, key);
		return false;
	}
	term->escape = false;
	if (key == 'x')
		return true;
	if (key != TERMINAL_ESCAPE_KEY)
		terminal_push(term, TERMINAL_ESCAPE_KEY);
	terminal_push(term, key);
	return false;
}

static void terminal_input(void *context)
{
	struct terminal *term = context;
	uint8_t buf[4096];
	size_t room = sizeof(buf);
	bool quit = false;
	ssize_t n;

	pthread_mutex_lock(&term->in_lock);
	if (!term->is_tty)
		room = MIN(room, TERMINAL_INPUT_SIZE - term->used);
	term->waiting = !room;
	pthread_mutex_unlock(&term->in_lock);
	if (!room) {
		loop_enable(term->loop, term->in_fd, false);
		return;
	}
	n = read(term->in_fd, buf, room);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		/* End of input, or a terminal that is gone. */
		loop_remove(term->loop, term->in_fd);
		return;
	}
	pthread_mutex_lock(&term->in_lock);
	for (ssize_t i = 0; i < n && !quit; i++) {
		if (term->is_tty)
			quit = terminal_push_key(term, buf[i]);
		else
			terminal_push(term, buf[i]);
	}
	pthread_mutex_unlock(&term->in_lock);
	if (quit && term->quit)
		term->quit(term->quit_context);
	else if (term->listener)
		term->listener(term->listener_context);
}

static void terminal_space(void *context)
{
	struct terminal *term = context;

	vmm_eventfd_clear(term->space_fd);
	loop_enable(term->loop, term->in_fd, true);
}

/**
 * terminal_init() - use two descriptors as the guest's console
 * @term: filled in
 * @in_fd: input; if it is a terminal, the escape key works
 * @out_fd: output
 * @loop: loop of the main thread, which will read @in_fd
 *
 * Return: 0, or a negative errno.
 */
int terminal_init(struct terminal *term, int in_fd, int out_fd, struct loop *loop)
{
	int err;

	memset(term, 0, sizeof(*term));
	term->in_fd = in_fd;
	term->out_fd = out_fd;
	term->loop = loop;
	term->is_tty = isatty(in_fd) && !tcgetattr(in_fd, &term->saved);
	pthread_mutex_init(&term->in_lock, NULL);
	pthread_mutex_init(&term->out_lock, NULL);
	term->space_fd = vmm_eventfd_new();
	if (term->space_fd < 0)
		return term->space_fd;
	err = loop_add(loop, term->space_fd, terminal_space, term);
	if (!err)
		err = loop_add(loop, in_fd, terminal_input, term);
	return err;
}

/**
 * terminal_destroy() - restore the terminal and free what terminal_init() took
 * @term: the terminal; its loop does not run
 */
void terminal_destroy(struct terminal *term)
{
	terminal_restore(term);
	loop_remove(term->loop, term->in_fd);
	loop_remove(term->loop, term->space_fd);
	vmm_close(&term->space_fd);
	pthread_mutex_destroy(&term->in_lock);
	pthread_mutex_destroy(&term->out_lock);
}

/**
 * terminal_raw() - pass every key to the guest from now on
 * @term: the terminal
 *
 * If input is no terminal, nothing changes. Fatal signals restore the terminal before they
 * end the process.
 */
void terminal_raw(struct terminal *term)
{
	struct sigaction action = { .sa_handler = terminal_fatal };
	struct termios raw;

	if (!term->is_tty)
		return;
	sigfillset(&action.sa_mask);	/* SIGTTOU too: tcsetattr must not stop us */
	atomic_store(&terminal_raw_one, term);
	for (size_t i = 0; i < ARRAY_SIZE(terminal_fatal_signals); i++) {
		struct sigaction old;

		/* What the caller had us ignore (nohup) stays ignored. */
		if (!sigaction(terminal_fatal_signals[i], NULL, &old) &&
		    old.sa_handler != SIG_IGN)
			sigaction(terminal_fatal_signals[i], &action, NULL);
	}
	raw = term->saved;
	cfmakeraw(&raw);
	tcsetattr(term->in_fd, TCSANOW, &raw);
}

/**
 * terminal_restore() - give the terminal its modes back
 * @term: the terminal; not being raw is legal
 *
 * Context: any thread.
 */
void terminal_restore(struct terminal *term)
{
	struct terminal *expected = term;

	if (!atomic_compare_exchange_strong(&terminal_raw_one, &expected, NULL))
		return;
	tcsetattr(term->in_fd, TCSANOW, &term->saved);
	for (size_t i = 0; i < ARRAY_SIZE(terminal_fatal_signals); i++) {
		struct sigaction old;

		if (!sigaction(terminal_fatal_signals[i], NULL, &old) &&
		    old.sa_handler == terminal_fatal)
			signal(terminal_fatal_signals[i], SIG_DFL);
	}
}

/**
 * terminal_set_listener() - say who is told of new input
 * @term: the terminal
 * @listener: called in the main loop's thread, or NULL for nobody
 * @context: passed to @listener
 *
 * Context: the main thread.
 */
void terminal_set_listener(struct terminal *term, loop_fn listener, void *context)
{
	term->listener = listener;
	term->listener_context = context;
}

/**
 * terminal_set_quit() - say who is told of the escape key
 * @term: the terminal
 * @quit: called in the main loop's thread, or NULL for nobody
 * @context: passed to @quit
 *
 * Context: the main thread.
 */
void terminal_set_quit(struct terminal *term, loop_fn quit, void *context)
{
	term->quit = quit;
	term->quit_context = context;
}

/**
 * terminal_pending() - count the bytes that terminal_read() would return
 * @term: the terminal
 *
 * Context: any thread; takes in_lock.
 * Return: bytes.
 */
size_t terminal_pending(struct terminal *term)
{
	size_t used;

	pthread_mutex_lock(&term->in_lock);
	used = term->used;
	pthread_mutex_unlock(&term->in_lock);
	return used;
}

/**
 * terminal_read() - fetch input
 * @term: the terminal
 * @buf: where to put it
 * @len: bytes that fit
 *
 * Context: any thread; takes in_lock, does not wait for input.
 * Return: bytes fetched; 0 if there is none now.
 */
size_t terminal_read(struct terminal *term, void *buf, size_t len)
{
	uint8_t *out = buf;
	bool room = false;
	size_t n;

	pthread_mutex_lock(&term->in_lock);
	n = MIN(len, term->used);
	for (size_t i = 0; i < n; i++)
		out[i] = term->input[(term->head + i) % TERMINAL_INPUT_SIZE];
	term->head = (term->head + n) % TERMINAL_INPUT_SIZE;
	term->used -= n;
	if (n && term->waiting) {
		term->waiting = false;
		room = true;
	}
	pthread_mutex_unlock(&term->in_lock);
	if (room)
		vmm_eventfd_signal(term->space_fd);
	return n;
}

/**
 * terminal_write() - write the guest's output
 * @term: the terminal
 * @buf: the bytes
 * @len: how many
 *
 * Context: any thread but the main loop's; waits while the reader of the output does not
 * read.
 * Return: 0, or a negative errno: the rest is lost.
 */
int terminal_write(struct terminal *term, const void *buf, size_t len)
{
	const uint8_t *bytes = buf;
	int err = 0;

	pthread_mutex_lock(&term->out_lock);
	while (len && !err) {
		ssize_t n = write(term->out_fd, bytes, len);

		if (n > 0) {
			bytes += n;
			len -= n;
		} else if (n < 0 && errno == EAGAIN) {
			/* Somebody who shares the descriptor has made it non-blocking. */
			struct pollfd fd = { .fd = term->out_fd, .events = POLLOUT };

			poll(&fd, 1, -1);
		} else if (n < 0 && errno != EINTR) {
			err = -errno;
		}
	}
	pthread_mutex_unlock(&term->out_lock);
	return err;
}

/**
 * terminal_size() - ask for the size of the output's window
 * @term: the terminal
 * @columns: set to its columns
 * @rows: set to its rows
 *
 * Return: false if output has no size.
 */
bool terminal_size(const struct terminal *term, uint16_t *columns, uint16_t *rows)
{
	struct winsize size;

	if (ioctl(term->out_fd, TIOCGWINSZ, &size) || !size.ws_col || !size.ws_row)
		return false;
	*columns = size.ws_col;
	*rows = size.ws_row;
	return true;
}
