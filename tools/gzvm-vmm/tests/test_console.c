// SPDX-License-Identifier: GPL-2.0-only
/* The virtio console, the terminal's input and its escape key. */
#include <fcntl.h>
#include <linux/virtio_console.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#include "driver.h"
#include "ktap.h"
#include "util.h"
#include "virtio_console.h"

static struct guest_mem mem;
static struct loop loop;
static struct terminal term;
static struct console console;
static struct virtio_console vc;
static struct rings rings[VIRTIO_MAX_QUEUES];
static int in[2], out[2];
static unsigned int released, quits;

static void count(void *context)
{
	++*(unsigned int *)context;
}

static void input(void *context)
{
	virtio_console_input(context);
}

static void setup_on(int in_fd, int out_fd)
{
	if (!mem.host && guest_mem_alloc(&mem, RINGS_BASE, RINGS_MEM))
		abort();
	if (loop_init(&loop) || terminal_init(&term, in_fd, out_fd, &loop))
		abort();
	console.term = &term;
	console.owner = CONSOLE_SERIAL;
	released = 0;
	quits = 0;
	if (virtio_console_init(&vc, &console, &mem, 0, count, &released) ||
	    virtio_start(&vc.dev))
		abort();
	terminal_set_listener(&term, input, &vc);
	terminal_set_quit(&term, count, &quits);
}

static void setup(void)
{
	if (pipe(in) || pipe(out))
		abort();
	setup_on(in[0], out[1]);
}

static void teardown(void)
{
	virtio_stop(&vc.dev);
	virtio_destroy(&vc.dev);
	terminal_destroy(&term);
	loop_destroy(&loop);
	for (unsigned int i = 0; i < 2; i++) {
		vmm_close(&in[i]);
		vmm_close(&out[i]);
	}
}

static void type(int fd, const char *text, size_t len)
{
	if (write(fd, text, len) != (ssize_t)len)
		abort();
	loop_stop(&loop);
	loop_run(&loop);
}

TEST(output)
{
	char text[16] = { 0 };

	setup();
	driver_start(&vc.dev, rings, &mem, DRIVER_FEATURES);
	memcpy(guest_mem_at(&mem, RINGS_DATA, 16), "Hello, world", 12);
	rings_desc(&rings[1], 0, RINGS_DATA, 7, VRING_DESC_F_NEXT, 1);
	rings_desc(&rings[1], 1, RINGS_DATA + 7, 5, 0, 0);
	EXPECT_EQ(driver_do(&vc.dev, &rings[1], 1, 0), 0);
	EXPECT_EQ(read(out[0], text, sizeof(text)), 12);
	EXPECT_STREQ(text, "Hello, world");
	teardown();
}

/* Output that is in the queue when the guest powers off is shown. */
TEST(last_output)
{
	char text[16] = { 0 };

	setup();
	driver_start(&vc.dev, rings, &mem, DRIVER_FEATURES);
	memcpy(guest_mem_at(&mem, RINGS_DATA, 16), "bye", 3);
	rings_desc(&rings[1], 0, RINGS_DATA, 3, 0, 0);
	rings_offer(&rings[1], 0);
	virtio_stop(&vc.dev);
	EXPECT_EQ(read(out[0], text, sizeof(text)), 3);
	EXPECT_STREQ(text, "bye");
	teardown();
}

/* Input that comes before the driver, and more than its buffers hold. */
TEST(early_input)
{
	char *data;

	setup();
	type(in[1], "0123456789", 10);
	EXPECT_EQ(console_pending(&console, CONSOLE_VIRTIO), 0);
	driver_start(&vc.dev, rings, &mem, DRIVER_FEATURES);
	EXPECT_EQ(console_pending(&console, CONSOLE_SERIAL), 0);
	data = guest_mem_at(&mem, RINGS_DATA, 16);
	memset(data, 0, 16);
	rings_desc(&rings[0], 0, RINGS_DATA, 4, VRING_DESC_F_WRITE, 0);
	EXPECT_EQ(driver_do(&vc.dev, &rings[0], 0, 0), 4);
	EXPECT_STREQ(data, "0123");
	rings_desc(&rings[0], 0, RINGS_DATA, 16, VRING_DESC_F_WRITE, 0);
	EXPECT_EQ(driver_do(&vc.dev, &rings[0], 0, 0), 6);
	EXPECT(!memcmp(data, "456789", 6));
	teardown();
}

/* A buffer that waits for input. */
TEST(late_input)
{
	char *data;

	setup();
	driver_start(&vc.dev, rings, &mem, DRIVER_FEATURES);
	data = guest_mem_at(&mem, RINGS_DATA, 16);
	memset(data, 0, 16);
	rings_desc(&rings[0], 0, RINGS_DATA, 16, VRING_DESC_F_WRITE, 0);
	rings_offer(&rings[0], 0);
	driver_kick(&vc.dev, 0);
	EXPECT(!driver_interrupted(&vc.dev));
	type(in[1], "\0\001\377x", 4);
	EXPECT(driver_wait(&vc.dev));
	EXPECT_EQ(rings[0].used->ring[0].len, 4);
	EXPECT(!memcmp(data, "\0\001\377x", 4));	/* no escape key in a pipe */
	teardown();
}

TEST(owner)
{
	setup();
	EXPECT(console_owns(&console, CONSOLE_SERIAL));
	driver_start(&vc.dev, rings, &mem, DRIVER_FEATURES);
	EXPECT(console_owns(&console, CONSOLE_VIRTIO));
	released = 0;
	reg_write(&vc.dev, VIRTIO_MMIO_STATUS, 0);
	EXPECT(console_owns(&console, CONSOLE_SERIAL));
	EXPECT_EQ(released, 1);
	teardown();
}

/* A message from the driver. */
static void say(uint32_t id, uint16_t event, uint16_t value)
{
	struct virtio_console_control *message = guest_mem_at(&mem, RINGS_DATA + 0x1000, 16);

	*message = (struct virtio_console_control) { id, event, value };
	rings_desc(&rings[3], 0, RINGS_DATA + 0x1000, sizeof(*message), 0, 0);
	EXPECT_EQ(driver_do(&vc.dev, &rings[3], 3, 0), 0);
}

/* The next message to the driver: event and value, or -1. */
static int heard(void)
{
	struct virtio_console_control *message = guest_mem_at(&mem, RINGS_DATA + 0x2000, 16);

	rings_desc(&rings[2], 0, RINGS_DATA + 0x2000, 16, VRING_DESC_F_WRITE, 0);
	if (driver_do(&vc.dev, &rings[2], 2, 0) < 8 || message->id)
		return -1;
	return message->event << 16 | message->value;
}

/* With control messages: no input before the guest says that the port is open. */
TEST(multiport)
{
	char *data;

	setup();
	type(in[1], "early", 5);
	driver_start(&vc.dev, rings, &mem,
		     DRIVER_FEATURES | UINT64_C(1) << VIRTIO_CONSOLE_F_MULTIPORT);
	EXPECT_EQ(reg_read(&vc.dev, VIRTIO_MMIO_CONFIG + 4), 1);
	data = guest_mem_at(&mem, RINGS_DATA, 16);
	memset(data, 0, 16);
	rings_desc(&rings[0], 0, RINGS_DATA, 16, VRING_DESC_F_WRITE, 0);
	rings_offer(&rings[0], 0);
	driver_kick(&vc.dev, 0);
	say(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	EXPECT_EQ(heard(), VIRTIO_CONSOLE_PORT_ADD << 16 | 1);
	say(0, VIRTIO_CONSOLE_PORT_READY, 1);
	EXPECT_EQ(heard(), VIRTIO_CONSOLE_CONSOLE_PORT << 16 | 1);
	EXPECT_EQ(heard(), VIRTIO_CONSOLE_PORT_OPEN << 16 | 1);
	/* Of a port that does not exist, and a message that means nothing. */
	say(7, VIRTIO_CONSOLE_PORT_OPEN, 1);
	say(0, 99, 1);
	EXPECT(console_owns(&console, CONSOLE_SERIAL));
	EXPECT_EQ(__atomic_load_n(&rings[0].used->idx, __ATOMIC_ACQUIRE), 0);
	say(0, VIRTIO_CONSOLE_PORT_OPEN, 1);
	while (__atomic_load_n(&rings[0].used->idx, __ATOMIC_ACQUIRE) == 0)
		if (!driver_wait(&vc.dev))
			break;
	EXPECT_STREQ(data, "early");
	say(0, VIRTIO_CONSOLE_PORT_OPEN, 0);
	EXPECT(console_owns(&console, CONSOLE_SERIAL));
	teardown();
}

TEST(wrong_direction)
{
	for (unsigned int queue = 0; queue < 2; queue++) {
		setup();
		driver_start(&vc.dev, rings, &mem, DRIVER_FEATURES);
		type(in[1], "x", 1);
		rings_desc(&rings[queue], 0, RINGS_DATA, 16, queue ? VRING_DESC_F_WRITE : 0, 0);
		CAPTURE_STDERR(
			rings_offer(&rings[queue], 0);
			driver_kick(&vc.dev, queue);
			EXPECT(driver_wait(&vc.dev)));
		EXPECT_ONE_LINE();
		EXPECT(!virtio_is_live(&vc.dev));
		teardown();
	}
}

/* The structure has bytes that mean nothing. */
static bool same_modes(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag &&
	       a->c_cflag == b->c_cflag && a->c_lflag == b->c_lflag &&
	       !memcmp(a->c_cc, b->c_cc, VEOL2);
}

/* A pseudo-terminal: raw while the guest runs, restored after, with its size. */
TEST(terminal)
{
	struct winsize size = { .ws_col = 100, .ws_row = 40 };
	struct termios before = { 0 }, during = { 0 }, after = { 0 };
	char buf[16] = { 0 };
	int user, tty;

	if (openpty(&user, &tty, NULL, NULL, &size))
		abort();
	setup_on(tty, tty);
	EXPECT(term.is_tty);
	tcgetattr(tty, &before);
	terminal_raw(&term);
	tcgetattr(tty, &during);
	EXPECT(before.c_lflag & ICANON && !(during.c_lflag & (ICANON | ECHO | ISIG)));

	EXPECT(device_features(&vc.dev) & UINT64_C(1) << VIRTIO_CONSOLE_F_SIZE);
	driver_start(&vc.dev, rings, &mem,
		     DRIVER_FEATURES | UINT64_C(1) << VIRTIO_CONSOLE_F_SIZE);
	EXPECT_EQ(reg_read(&vc.dev, VIRTIO_MMIO_CONFIG), 100 | 40 << 16);
	size.ws_col = 120;
	ioctl(tty, TIOCSWINSZ, &size);
	virtio_console_resized(&vc);
	EXPECT_EQ(reg_read(&vc.dev, VIRTIO_MMIO_CONFIG), 120 | 40 << 16);
	EXPECT(driver_interrupted(&vc.dev));
	EXPECT_EQ(reg_read(&vc.dev, VIRTIO_MMIO_INTERRUPT_STATUS), 2);
	virtio_console_resized(&vc);
	EXPECT(!driver_interrupted(&vc.dev));

	/* Ctrl-A Ctrl-A is one, Ctrl-A and another key are both, Ctrl-A x is the end. */
	console.owner = CONSOLE_SERIAL;
	type(user, "a\001\001b\001c\003", 7);
	EXPECT_EQ(console_read(&console, CONSOLE_SERIAL, buf, sizeof(buf)), 6);
	EXPECT(!memcmp(buf, "a\001b\001c\003", 6));
	EXPECT_EQ(quits, 0);
	type(user, "\001x", 2);
	EXPECT_EQ(quits, 1);

	terminal_restore(&term);
	tcgetattr(tty, &after);
	EXPECT(same_modes(&before, &after));
	teardown();
	close(user);
	close(tty);
}

/* A signal that ends the process restores the terminal first. */
TEST(terminal_after_signals)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGSEGV, SIGABRT, SIGPIPE };
	struct termios before = { 0 }, after = { 0 };
	int user, tty;

	if (openpty(&user, &tty, NULL, NULL, NULL))
		abort();
	tcgetattr(tty, &before);
	for (unsigned int i = 0; i < ARRAY_SIZE(signals); i++) {
		int status = 0;
		pid_t child;

		fflush(stdout);
		child = fork();
		if (!child) {
			/* Whoever runs the tests may have SIGHUP ignored: nohup. */
			signal(signals[i], SIG_DFL);
			if (loop_init(&loop) || terminal_init(&term, tty, tty, &loop))
				abort();
			terminal_raw(&term);
			tcgetattr(tty, &after);
			raise(after.c_lflag & ICANON ? SIGKILL : signals[i]);
			_exit(0);
		}
		waitpid(child, &status, 0);
		EXPECT(WIFSIGNALED(status));
		EXPECT_EQ(WTERMSIG(status), signals[i]);
		tcgetattr(tty, &after);
		EXPECT(same_modes(&before, &after));
	}
	close(user);
	close(tty);
}
