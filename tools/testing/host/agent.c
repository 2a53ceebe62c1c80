// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process 1 of the emulated host, once /init has set it up: runs the one command that
 * scripts/emulate sends through a virtio port, carries its streams, and powers the machine off.
 *
 * The port is one byte stream each way, with back pressure but no borders, so both sides send frames:
 * a little-endian header (type, length) and a payload. A stream's data is only sent against credit that
 * its receiver has granted, and a receiver grants no more than it has room for. So a command that does
 * not read its input never blocks its output, nor the other way round.
 *
 * The same numbers are in scripts/lib/emulate.py.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define PORT_NAME	"geniezone.agent"
#define WINDOW		(256u << 10)	/* bytes of one stream that may be under way */
#define FRAME_MAX	(32u << 10)	/* payload of a stream's frame */
#define RUN_MAX		(1u << 20)	/* payload of FRAME_RUN: arguments */

enum frame_type {
	FRAME_RUN = 1,		/* to us: struct run_header, TERM, arguments, each ended by 0 */
	FRAME_STDIN = 2,	/* to us: data; empty means end of input */
	FRAME_WINDOW = 3,	/* to us: rows, columns */
	FRAME_CREDIT = 4,	/* both ways: stream, bytes */
	FRAME_CLOSE = 5,	/* to us: stream that nobody reads any more */
	FRAME_OFF = 6,		/* to us: the status has arrived, power off */
	FRAME_HELLO = 16,	/* from us: ready */
	FRAME_STDOUT = 17,	/* from us: data */
	FRAME_STDERR = 18,	/* from us: data */
	FRAME_STATUS = 19,	/* from us: exit status, nothing of the command follows */
};

struct frame_header {
	uint32_t type;
	uint32_t length;
};

struct run_header {
	uint32_t pty;
	uint32_t rows;
	uint32_t columns;
	uint32_t count;
};

/* Bytes on their way: data[start] to data[end - 1]. */
struct buffer {
	char *data;
	size_t size, start, end;
};

/* A stream of the command's that is read here: its standard output or error. */
struct output {
	int fd;			/* -1 once it has ended */
	uint32_t type;
	size_t credit;
};

struct agent {
	int port;
	int signals;
	struct buffer in;	/* from the port, not parsed yet */
	struct buffer out;	/* frames for the port */
	struct buffer input;	/* for the command's stdin */
	size_t input_taken;	/* bytes of input written or dropped, not yet granted again */
	bool input_ended;
	int input_fd;		/* -1 when closed */
	bool pty;
	struct output output[2];
	pid_t child;		/* 0: not started yet */
	bool ended;
	int status;
	bool status_sent;
	bool off;		/* FRAME_OFF has come */
	int power;		/* argument for reboot() */
};

static void agent_die(const char *what)
{
	/* Process 1 must not return: the kernel would panic without a word of why. */
	fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void buffer_create(struct buffer *buffer, size_t size)
{
	*buffer = (struct buffer){ .data = malloc(size), .size = size };
	if (!buffer->data)
		agent_die("out of memory");
}

static size_t buffer_used(const struct buffer *buffer)
{
	return buffer->end - buffer->start;
}

static size_t buffer_room(const struct buffer *buffer)
{
	return buffer->size - buffer_used(buffer);
}

/* Make all room contiguous, behind the data. */
static void buffer_pack(struct buffer *buffer)
{
	size_t used = buffer_used(buffer);

	if (!buffer->start)
		return;
	memmove(buffer->data, buffer->data + buffer->start, used);
	buffer->start = 0;
	buffer->end = used;
}

static void buffer_append(struct buffer *buffer, const void *data, size_t length)
{
	if (buffer_room(buffer) < length) {
		errno = ENOBUFS;
		agent_die("the other side sent more than was granted");
	}
	if (buffer->size - buffer->end < length)
		buffer_pack(buffer);
	memcpy(buffer->data + buffer->end, data, length);
	buffer->end += length;
}

static void agent_send(struct agent *agent, uint32_t type, const void *data, size_t length)
{
	struct frame_header header = { htole32(type), htole32(length) };

	buffer_append(&agent->out, &header, sizeof(header));
	buffer_append(&agent->out, data, length);
}

/* The port by its name: its number depends on the order of the devices. */
static int agent_open_port(void)
{
	char path[300], name[64];
	struct dirent *entry;
	DIR *dir = opendir("/sys/class/virtio-ports");
	FILE *file;
	bool found;

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		found = fgets(name, sizeof(name), file) &&
			!strncmp(name, PORT_NAME "\n", sizeof(PORT_NAME));
		fclose(file);
		if (!found)
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		closedir(dir);
		return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	errno = ENODEV;
	return -1;
}

static void agent_exec(char **argv, const char *term)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (*term)
		setenv("TERM", term, 1);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static void agent_start_pty(struct agent *agent, char **argv, const char *term,
			    const struct winsize *size)
{
	int master;

	agent->child = forkpty(&master, NULL, NULL, size);
	if (agent->child < 0)
		agent_die("forkpty");
	if (!agent->child)
		agent_exec(argv, term);
	fcntl(master, F_SETFD, FD_CLOEXEC);
	fcntl(master, F_SETFL, O_NONBLOCK);
	agent->input_fd = master;
	agent->output[0].fd = master;
	agent->output[1].fd = -1;
}

static void agent_start_pipes(struct agent *agent, char **argv, const char *term)
{
	int in[2], out[2], err[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		agent_die("pipe");
	agent->child = fork();
	if (agent->child < 0)
		agent_die("fork");
	if (!agent->child) {
		setsid();
		if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0 || dup2(err[1], 2) < 0)
			_exit(126);
		agent_exec(argv, term);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	agent->input_fd = in[1];
	agent->output[0].fd = out[0];
	agent->output[1].fd = err[0];
}

static void agent_run(struct agent *agent, char *data, size_t length)
{
	struct run_header run;
	struct winsize size = { 0 };
	char **argv, *term, *next, *end = data + length;
	uint32_t count, i;

	if (length < sizeof(run) + 1 || data[length - 1] || agent->child) {
		errno = EPROTO;
		agent_die("bad command frame");
	}
	memcpy(&run, data, sizeof(run));
	count = le32toh(run.count);
	term = data + sizeof(run);
	next = term + strlen(term) + 1;
	argv = calloc((size_t)count + 1, sizeof(*argv));
	if (!argv || !count)
		agent_die("bad number of arguments");
	for (i = 0; i < count && next < end; i++, next += strlen(next) + 1)
		argv[i] = next;
	if (i < count || next != end) {
		errno = EPROTO;
		agent_die("bad arguments");
	}
	size.ws_row = le32toh(run.rows);
	size.ws_col = le32toh(run.columns);
	agent->pty = le32toh(run.pty);
	if (agent->pty)
		agent_start_pty(agent, argv, term, &size);
	else
		agent_start_pipes(agent, argv, term);
	free(argv);
}

static struct output *agent_output(struct agent *agent, uint32_t type)
{
	if (type != FRAME_STDOUT && type != FRAME_STDERR) {
		errno = EPROTO;
		agent_die("no such stream");
	}
	return &agent->output[type - FRAME_STDOUT];
}

static void agent_close_output(struct agent *agent, struct output *output)
{
	/* The pty's master is both input and output; closing it hangs the command up. */
	if (output->fd >= 0) {
		if (agent->input_fd == output->fd)
			agent->input_fd = -1;
		close(output->fd);
	}
	output->fd = -1;
}

static void agent_handle(struct agent *agent, uint32_t type, char *data, size_t length)
{
	uint32_t word[2] = { 0 };
	struct winsize size = { 0 };

	memcpy(word, data, length < sizeof(word) ? length : sizeof(word));
	switch (type) {
	case FRAME_RUN:
		agent_run(agent, data, length);
		break;
	case FRAME_STDIN:
		if (!length)
			agent->input_ended = true;
		else
			buffer_append(&agent->input, data, length);
		break;
	case FRAME_WINDOW:
		size.ws_row = le32toh(word[0]);
		size.ws_col = le32toh(word[1]);
		if (agent->pty && agent->input_fd >= 0)
			ioctl(agent->input_fd, TIOCSWINSZ, &size);
		break;
	case FRAME_CREDIT:
		agent_output(agent, le32toh(word[0]))->credit += le32toh(word[1]);
		break;
	case FRAME_CLOSE:
		agent_close_output(agent, agent_output(agent, le32toh(word[0])));
		break;
	case FRAME_OFF:
		agent->off = true;
		break;
	default:
		errno = EPROTO;
		agent_die("unknown frame");
	}
}

static void agent_parse(struct agent *agent)
{
	struct frame_header header;
	size_t length;

	while (buffer_used(&agent->in) >= sizeof(header)) {
		memcpy(&header, agent->in.data + agent->in.start, sizeof(header));
		length = le32toh(header.length);
		if (length > RUN_MAX) {
			errno = EMSGSIZE;
			agent_die("frame");
		}
		if (buffer_used(&agent->in) < sizeof(header) + length)
			return;
		agent->in.start += sizeof(header);
		agent_handle(agent, le32toh(header.type), agent->in.data + agent->in.start, length);
		agent->in.start += length;
	}
}

static void agent_read_port(struct agent *agent)
{
	ssize_t n;

	buffer_pack(&agent->in);
	n = read(agent->port, agent->in.data + agent->in.end, agent->in.size - agent->in.end);
	if (n > 0) {
		agent->in.end += n;
		agent_parse(agent);
	} else if (n == 0 || errno != EAGAIN) {
		agent_die("the port is closed");
	}
}

static void agent_write_port(struct agent *agent)
{
	ssize_t n;

	n = write(agent->port, agent->out.data + agent->out.start, buffer_used(&agent->out));
	if (n > 0)
		agent->out.start += n;
	else if (n < 0 && errno != EAGAIN)
		agent_die("writing to the port");
}

/* Hand the command what it takes of its input, and tell the other side how much that was. */
static void agent_feed(struct agent *agent)
{
	static const char end_of_file = 4;
	struct buffer *input = &agent->input;
	uint32_t credit[2];
	ssize_t n;

	if (agent->child && agent->input_fd < 0) {
		agent->input_taken += buffer_used(input);
		input->start = input->end;
	} else if (agent->child && buffer_used(input)) {
		n = write(agent->input_fd, input->data + input->start, buffer_used(input));
		if (n > 0) {
			input->start += n;
			agent->input_taken += n;
		} else if (n < 0 && errno != EAGAIN && !agent->pty) {
			close(agent->input_fd);
			agent->input_fd = -1;
		}
	}
	if (agent->child && !buffer_used(input) && agent->input_ended && agent->input_fd >= 0) {
		if (!agent->pty) {
			close(agent->input_fd);
			agent->input_fd = -1;
			agent->input_ended = false;
		} else if (write(agent->input_fd, &end_of_file, 1) == 1) {
			agent->input_ended = false;
		}
	}
	/* Small credits may wait: a port that takes nothing must not fill our buffer with them. */
	if (buffer_room(&agent->out) < 4 * sizeof(struct frame_header))
		return;
	if (agent->input_taken >= WINDOW / 4 || (agent->input_taken && !buffer_used(input))) {
		credit[0] = htole32(FRAME_STDIN);
		credit[1] = htole32(agent->input_taken);
		agent->input_taken = 0;
		agent_send(agent, FRAME_CREDIT, credit, sizeof(credit));
	}
}

/* May this stream be read now? Room for a full frame of each stream and the small ones is kept. */
static bool agent_wants(const struct agent *agent, const struct output *output)
{
	return output->fd >= 0 && output->credit &&
	       buffer_room(&agent->out) >= FRAME_MAX + 8 * sizeof(struct frame_header);
}

/* Returns whether something was read. */
static bool agent_read_output(struct agent *agent, struct output *output)
{
	static char data[FRAME_MAX];
	size_t size = output->credit < sizeof(data) ? output->credit : sizeof(data);
	ssize_t n = read(output->fd, data, size);

	if (n > 0) {
		output->credit -= n;
		agent_send(agent, output->type, data, n);
		return true;
	}
	/* A pty whose last user has gone reads as EIO. */
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		agent_close_output(agent, output);
	return false;
}

/*
 * The command has ended. What it wrote before is in the pipes: read them until they are empty, but do not
 * wait for their end, which a process that it left behind may never let come.
 */
static void agent_finish(struct agent *agent)
{
	uint32_t status = htole32(agent->status);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		while (agent->output[i].fd >= 0) {
			if (!agent_wants(agent, &agent->output[i]))
				return;		/* goes on when there is credit and room */
			if (!agent_read_output(agent, &agent->output[i]))
				break;
		}
	}
	if (buffer_room(&agent->out) < 2 * sizeof(struct frame_header))
		return;
	agent_send(agent, FRAME_STATUS, &status, sizeof(status));
	agent->status_sent = true;
}

static void agent_reap(struct agent *agent)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != agent->child || agent->ended)
			continue;
		agent->ended = true;
		agent->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
}

/* The signals by which busybox's halt, poweroff and reboot ask process 1. */
static void agent_signal(struct agent *agent)
{
	struct signalfd_siginfo info;

	while (read(agent->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGUSR1:
			agent->power = RB_HALT_SYSTEM;
			break;
		case SIGUSR2:
			agent->power = RB_POWER_OFF;
			break;
		case SIGTERM:
			agent->power = RB_AUTOBOOT;
			break;
		default:
			continue;
		}
		/* Asked for by the command or on its behalf: that is an end in good order. */
		if (!agent->ended) {
			agent->ended = true;
			agent->status = 0;
			kill(-1, SIGTERM);
		}
	}
	agent_reap(agent);
}

static void agent_poll(struct agent *agent)
{
	struct pollfd fds[5];
	unsigned int i;

	fds[0] = (struct pollfd){ agent->port, POLLIN, 0 };
	if (buffer_used(&agent->out))
		fds[0].events |= POLLOUT;
	fds[1] = (struct pollfd){ agent->signals, POLLIN, 0 };
	fds[2] = (struct pollfd){ -1, POLLOUT, 0 };
	if (agent->child && (buffer_used(&agent->input) || agent->input_ended))
		fds[2].fd = agent->input_fd;
	for (i = 0; i < 2; i++) {
		fds[3 + i] = (struct pollfd){ -1, POLLIN, 0 };
		if (agent_wants(agent, &agent->output[i]))
			fds[3 + i].fd = agent->output[i].fd;
	}

	if (poll(fds, 5, -1) < 0 && errno != EINTR)
		agent_die("poll");
	if (fds[1].revents)
		agent_signal(agent);
	if (fds[0].revents & POLLOUT)
		agent_write_port(agent);
	for (i = 0; i < 2; i++) {
		if (fds[3 + i].revents && agent_wants(agent, &agent->output[i]))
			agent_read_output(agent, &agent->output[i]);
	}
	if (fds[0].revents & POLLIN)
		agent_read_port(agent);
	agent_feed(agent);
	if (agent->ended && !agent->status_sent)
		agent_finish(agent);
}

static void agent_unmount(void)
{
	static const char * const folders[] = { "/share", "/guest" };
	unsigned int i;

	kill(-1, SIGKILL);
	sync();
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		umount2(folders[i], MNT_DETACH);
}

int main(void)
{
	static struct agent agent = {
		.input_fd = -1,
		.output = { { -1, FRAME_STDOUT, 0 }, { -1, FRAME_STDERR, 0 } },
		.power = RB_POWER_OFF,
	};
	uint32_t window = htole32(WINDOW);
	sigset_t mask;

	signal(SIGPIPE, SIG_IGN);
	reboot(RB_DISABLE_CAD);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGUSR2);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	agent.signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	agent.port = agent_open_port();
	if (agent.port < 0 || agent.signals < 0)
		agent_die("opening the port " PORT_NAME);
	buffer_create(&agent.in, RUN_MAX + WINDOW);
	buffer_create(&agent.out, 2 * FRAME_MAX + 4096);
	buffer_create(&agent.input, WINDOW);

	agent_send(&agent, FRAME_HELLO, &window, sizeof(window));
	while (!agent.off)
		agent_poll(&agent);

	agent_unmount();
	reboot(agent.power);
	agent_die("reboot");
	return 1;
}
