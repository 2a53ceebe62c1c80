/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Standard input and output as the guest's console.
 */
#ifndef VMM_TERMINAL_H
#define VMM_TERMINAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#include "loop.h"

#define TERMINAL_INPUT_SIZE	65536

/**
 * struct terminal - standard input and output
 * @in_fd: where input comes from
 * @out_fd: where output goes to
 * @is_tty: input is a terminal, which is made raw and has the escape key
 * @saved: modes of that terminal before
 * @loop: loop that reads @in_fd
 * @space_fd: eventfd: a reader has made room in @input
 * @listener: called in the loop's thread when there is new input
 * @listener_context: passed to @listener
 * @quit: called in the loop's thread when the user has typed the escape key and x
 * @quit_context: passed to @quit
 * @escape: the last key was the escape key
 * @in_lock: protects the fields below
 * @input: ring of what was read and not yet fetched
 * @head: position of its oldest byte
 * @used: bytes in it
 * @waiting: the loop does not read @in_fd until there is room
 * @out_lock: keeps pieces of output whole
 */
struct terminal {
	int in_fd;
	int out_fd;
	bool is_tty;
	struct termios saved;
	struct loop *loop;
	int space_fd;
	loop_fn listener;
	void *listener_context;
	loop_fn quit;
	void *quit_context;
	bool escape;
	pthread_mutex_t in_lock;
	uint8_t input[TERMINAL_INPUT_SIZE];
	size_t head;
	size_t used;
	bool waiting;
	pthread_mutex_t out_lock;
};

int terminal_init(struct terminal *term, int in_fd, int out_fd, struct loop *loop);
void terminal_destroy(struct terminal *term);
void terminal_raw(struct terminal *term);
void terminal_restore(struct terminal *term);
void terminal_set_listener(struct terminal *term, loop_fn listener, void *context);
void terminal_set_quit(struct terminal *term, loop_fn quit, void *context);
size_t terminal_pending(struct terminal *term);
size_t terminal_read(struct terminal *term, void *buf, size_t len);
int terminal_write(struct terminal *term, const void *buf, size_t len);
bool terminal_size(const struct terminal *term, uint16_t *columns, uint16_t *rows);

#endif /* VMM_TERMINAL_H */
