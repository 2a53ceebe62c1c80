// SPDX-License-Identifier: GPL-2.0-only
/* The 16550 and the terminal behind it. */
#include <fcntl.h>
#include <linux/serial_reg.h>

#include "ktap.h"
#include "serial.h"
#include "util.h"

static struct loop loop;
static struct terminal term;
static struct console console;
static struct serial serial;
static int in[2], out[2];

static void input(void *context)
{
	serial_input(context);
}

static void setup(void)
{
	if (pipe(in) || pipe2(out, O_NONBLOCK) || loop_init(&loop) ||
	    terminal_init(&term, in[0], out[1], &loop))
		abort();
	console.term = &term;
	console.owner = CONSOLE_SERIAL;
	if (serial_init(&serial, &console))
		abort();
	terminal_set_listener(&term, input, &serial);
}

static void teardown(void)
{
	serial_destroy(&serial);
	terminal_destroy(&term);
	loop_destroy(&loop);
	for (unsigned int i = 0; i < 2; i++) {
		vmm_close(&in[i]);
		vmm_close(&out[i]);
	}
}

static uint8_t get(unsigned int reg)
{
	return serial_bus_ops.read(&serial, reg, 1);
}

static void put(unsigned int reg, uint8_t value)
{
	serial_bus_ops.write(&serial, reg, 1, value);
}

/* Whether the interrupt was raised since the last call. */
static bool interrupted(void)
{
	uint64_t count;

	return read(serial.irq_fd, &count, sizeof(count)) > 0;
}

/* Types, and lets the loop see it: it stops after what is ready. */
static void type(const char *text)
{
	if (write(in[1], text, strlen(text)) < 0)
		abort();
	loop_stop(&loop);
	loop_run(&loop);
}

TEST(output)
{
	char text[8] = { 0 };

	setup();
	EXPECT_EQ(get(UART_LSR), UART_LSR_TEMT | UART_LSR_THRE);
	for (const char *c = "Hello"; *c; c++)
		put(UART_TX, *c);
	EXPECT_EQ(read(out[0], text, sizeof(text)), 5);
	EXPECT_STREQ(text, "Hello");
	EXPECT(!interrupted());
	teardown();
}

TEST(registers)
{
	setup();
	put(UART_SCR, 0x5a);
	EXPECT_EQ(get(UART_SCR), 0x5a);
	put(UART_IER, 0xff);
	EXPECT_EQ(get(UART_IER), 0x0f);
	put(UART_IER, 0);
	EXPECT_EQ(get(UART_IIR), UART_IIR_NO_INT);
	put(UART_FCR, UART_FCR_ENABLE_FIFO);
	EXPECT_EQ(get(UART_IIR), 0xc0 | UART_IIR_NO_INT);
	put(UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	put(UART_DLL, 0x34);
	put(UART_DLM, 0x12);
	EXPECT_EQ(get(UART_DLL), 0x34);
	EXPECT_EQ(get(UART_DLM), 0x12);
	EXPECT_EQ(get(UART_LCR), UART_LCR_DLAB | UART_LCR_WLEN8);
	put(UART_LCR, UART_LCR_WLEN8);
	EXPECT_EQ(get(UART_IER), 0);
	EXPECT_EQ(get(UART_MSR), UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS);
	EXPECT_EQ(serial_bus_ops.read(&serial, 8, 1), 0);
	EXPECT_EQ(serial_bus_ops.read(&serial, 0xfff, 8), 0);
	teardown();
}

TEST(loopback)
{
	setup();
	put(UART_FCR, UART_FCR_ENABLE_FIFO);
	/* As Linux' driver tests it. */
	put(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_RTS);
	EXPECT_EQ(get(UART_MSR) & 0xf0, UART_MSR_DCD | UART_MSR_CTS);
	put(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT1 | UART_MCR_DTR);
	EXPECT_EQ(get(UART_MSR) & 0xf0, UART_MSR_RI | UART_MSR_DSR);
	for (unsigned int i = 0; i < SERIAL_FIFO_SIZE + 4; i++)
		put(UART_TX, i);
	for (unsigned int i = 0; i < SERIAL_FIFO_SIZE; i++) {
		EXPECT(get(UART_LSR) & UART_LSR_DR);
		EXPECT_EQ(get(UART_RX), i);
	}
	EXPECT(!(get(UART_LSR) & UART_LSR_DR));
	put(UART_MCR, 0);
	EXPECT_EQ(read(out[0], (char [1]) { 0 }, 1), -1);
	teardown();
}

TEST(transmit_interrupt)
{
	setup();
	put(UART_IER, UART_IER_THRI);
	EXPECT(interrupted());
	EXPECT_EQ(get(UART_IIR) & 0xf, UART_IIR_THRI);
	/* Reading it takes it back. */
	EXPECT_EQ(get(UART_IIR) & 0xf, UART_IIR_NO_INT);
	EXPECT(!interrupted());
	put(UART_TX, 'x');
	EXPECT(interrupted());
	/* Linux' test: enabling it again while the transmitter is empty raises it again. */
	put(UART_IER, 0);
	EXPECT_EQ(get(UART_IIR) & 0xf, UART_IIR_NO_INT);
	put(UART_IER, UART_IER_THRI);
	EXPECT(interrupted());
	EXPECT_EQ(get(UART_IIR) & 0xf, UART_IIR_THRI);
	teardown();
}

/* What was typed before the guest listens is there when it does, FIFO clears or not. */
TEST(early_input)
{
	setup();
	type("abc");
	EXPECT(!interrupted());
	EXPECT(!(get(UART_LSR) & UART_LSR_DR));
	EXPECT_EQ(get(UART_RX), 0);
	put(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT);
	put(UART_IER, UART_IER_RDI);
	EXPECT(interrupted());
	EXPECT_EQ(get(UART_IIR) & 0xf, UART_IIR_RDI);
	EXPECT_EQ(get(UART_RX), 'a');
	put(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	EXPECT_EQ(get(UART_RX), 'b');
	EXPECT(get(UART_LSR) & UART_LSR_DR);
	EXPECT_EQ(get(UART_RX), 'c');
	EXPECT(!(get(UART_LSR) & UART_LSR_DR));
	EXPECT_EQ(get(UART_IIR) & 0xf, UART_IIR_NO_INT);
	EXPECT(!interrupted());
	teardown();
}

/* Reads @reg @n times; whether LSR.DR, or any byte of RBR, was seen. */
static bool seen(unsigned int reg, unsigned int n)
{
	uint8_t all = 0;

	while (n--)
		all |= get(reg);
	return all & (reg == UART_LSR ? UART_LSR_DR : 0xff);
}

/* Firmware: LSR until there is a byte, which it echoes. */
TEST(polled_status)
{
	setup();
	type("abc");
	EXPECT(!seen(UART_LSR, 15));
	EXPECT(seen(UART_LSR, 1));
	EXPECT_EQ(get(UART_RX), 'a');
	for (unsigned int i = 0; i < 2; i++) {
		put(UART_TX, 'a' + i);
		EXPECT(get(UART_LSR) & UART_LSR_DR);
		EXPECT_EQ(get(UART_RX), 'b' + i);
	}
	EXPECT(!seen(UART_LSR, 300));
	EXPECT_EQ(get(UART_RX), 0);
	type("d");
	EXPECT(seen(UART_LSR, 1));
	EXPECT_EQ(get(UART_RX), 'd');
	EXPECT(!interrupted());
	teardown();
}

/* Programs that look at RBR alone, and at the modem's registers as well. */
TEST(polled_data)
{
	setup();
	type("ab");
	for (unsigned int i = 0; i < 15; i++) {
		EXPECT_EQ(get(UART_RX), 0);
		get(UART_MSR);
		get(UART_MCR);
	}
	EXPECT_EQ(get(UART_RX), 'a');
	EXPECT_EQ(get(UART_RX), 'b');
	EXPECT_EQ(get(UART_RX), 0);
	type("c");
	EXPECT_EQ(get(UART_RX), 'c');
	teardown();
}

/* Output looks at LSR for each byte: that is not polling for input, however much it is. */
TEST(output_does_not_poll)
{
	setup();
	type("a");
	for (unsigned int i = 0; i < 100; i++) {
		EXPECT(!(get(UART_LSR) & UART_LSR_DR));
		put(UART_TX, '.');
	}
	EXPECT(!seen(UART_LSR, 15));
	put(UART_TX, '.');
	EXPECT(!seen(UART_RX, 15));
	EXPECT_EQ(get(UART_RX), 'a');
	teardown();
}

/* Whoever sets the port up is no poller any more: what polls first may be its boot loader. */
TEST(setup_ends_polling)
{
	static const uint8_t registers[] = { UART_IER, UART_FCR, UART_LCR, UART_MCR, UART_SCR };

	setup();
	type("a");
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
		EXPECT(seen(UART_LSR, 16));
		put(registers[i], 0);
		EXPECT(!seen(UART_LSR, 8));
		EXPECT(!seen(UART_RX, 7));
	}
	/* The divisor is neither read nor written as data. */
	put(UART_LCR, UART_LCR_DLAB);
	EXPECT_EQ(get(UART_DLL), 1);
	EXPECT(seen(UART_LSR, 16));
	put(UART_DLL, 1);
	EXPECT(!seen(UART_LSR, 15));
	put(UART_LCR, 0);
	/* Input by interrupts is no polling that goes on when they are disabled. */
	put(UART_IER, UART_IER_RDI);
	EXPECT(seen(UART_LSR, 50));
	put(UART_IER, 0);
	EXPECT(!seen(UART_RX, 15));
	EXPECT_EQ(get(UART_RX), 'a');
	/* And a reset of the machine ends it. */
	type("b");
	serial_reset(&serial);
	EXPECT(!seen(UART_RX, 15));
	EXPECT_EQ(get(UART_RX), 'b');
	teardown();
}

/* The clean-up of the registers in Linux' serial8250_do_startup() and _shutdown(). */
static void linux_clear(void)
{
	put(UART_FCR, UART_FCR_ENABLE_FIFO);
	put(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT);
	put(UART_FCR, 0);
	EXPECT(!(get(UART_LSR) & UART_LSR_DR));
	EXPECT_EQ(get(UART_RX), 0);
	EXPECT_EQ(get(UART_IIR), UART_IIR_NO_INT);
	get(UART_MSR);
}

static void linux_write(unsigned int n)
{
	uint8_t ier = get(UART_IER);

	put(UART_IER, 0);
	while (n--) {
		EXPECT(!(get(UART_LSR) & UART_LSR_DR));
		put(UART_TX, '.');
	}
	get(UART_LSR);
	put(UART_IER, ier);
}

/* Typed ahead, kept by a boot loader that polled and by all that Linux does until it listens. */
TEST(linux_keeps_input)
{
	setup();
	EXPECT(!seen(UART_LSR, 100));
	type("abc");
	/* earlycon, the console, autoconfig()'s last reads, startup's test of the transmitter */
	put(UART_IER, 0);
	for (unsigned int i = 0; i < 40; i++) {
		put(UART_TX, '.');
		EXPECT(!(get(UART_LSR) & UART_LSR_DR));
	}
	linux_write(40);
	put(UART_MCR, UART_MCR_LOOP);
	EXPECT(!seen(UART_LSR, 100) && !seen(UART_RX, 100));
	put(UART_MCR, 0);
	linux_clear();
	EXPECT_EQ(get(UART_RX), 0);
	put(UART_IER, 0);
	for (unsigned int i = 0; i < 10; i++) {
		linux_clear();
		put(UART_LCR, UART_LCR_WLEN8);
		get(UART_LSR);
		put(UART_IER, UART_IER_THRI);
		get(UART_IIR);
		put(UART_IER, 0);
		EXPECT(!(get(UART_LSR) & UART_LSR_DR));
		get(UART_IIR);
		linux_clear();
		linux_write(20);
	}
	put(UART_IER, UART_IER_RDI | UART_IER_RLSI);
	EXPECT_EQ(get(UART_RX), 'a');
	/* It closes the port, and opens it once more. */
	put(UART_IER, 0);
	linux_clear();
	linux_clear();
	put(UART_IER, UART_IER_RDI | UART_IER_RLSI);
	EXPECT_EQ(get(UART_RX), 'b');
	EXPECT_EQ(get(UART_RX), 'c');
	teardown();
}

TEST(receive_interrupts)
{
	setup();
	put(UART_IER, UART_IER_RDI | UART_IER_THRI);
	EXPECT(interrupted());
	get(UART_IIR);
	for (unsigned int i = 0; i < 3; i++) {
		type("k");
		EXPECT(interrupted());
		/* More of it is no new edge: the handler reads until there is none. */
		type("l");
		EXPECT(!interrupted());
		EXPECT_EQ(get(UART_RX), 'k');
		EXPECT_EQ(get(UART_RX), 'l');
	}
	teardown();
}

TEST(input_of_others)
{
	setup();
	console.owner = CONSOLE_VIRTIO;
	put(UART_IER, UART_IER_RDI);
	type("abc");
	EXPECT(!interrupted());
	EXPECT(!(get(UART_LSR) & UART_LSR_DR));
	console.owner = CONSOLE_SERIAL;
	serial_input(&serial);
	EXPECT(interrupted());
	EXPECT_EQ(get(UART_RX), 'a');
	teardown();
}

/* A megabyte through a small ring: nothing is lost, and the pipe is left alone when full. */
TEST(bulk_input)
{
	uint64_t sent = 0, seen = 0, seed = 5, check = 5;
	const uint64_t total = 1 << 20;

	setup();
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	put(UART_IER, UART_IER_RDI);
	while (seen < total) {
		/* The generator goes on only with what was taken. */
		while (sent < total) {
			uint64_t next = seed;
			uint8_t byte = ktap_random(&next);

			if (write(in[1], &byte, 1) != 1)
				break;
			seed = next;
			sent++;
		}
		/* Once in a while the ring is full, so that the pipe is left alone. */
		for (unsigned int i = 0; i < 20; i++) {
			loop_stop(&loop);
			loop_run(&loop);
		}
		for (unsigned int i = 0; i < 30000 && get(UART_LSR) & UART_LSR_DR; i++) {
			ASSERT(get(UART_RX) == (uint8_t)ktap_random(&check));
			seen++;
		}
	}
	EXPECT_EQ(seen, total);
	teardown();
}

TEST(end_of_input)
{
	setup();
	put(UART_IER, UART_IER_RDI);
	if (write(in[1], "z", 1) != 1)
		abort();
	vmm_close(&in[1]);
	for (unsigned int i = 0; i < 2; i++) {
		loop_stop(&loop);
		loop_run(&loop);
	}
	/* No source that is ready for ever: the loop would spin. */
	EXPECT_EQ(loop.nr, 1);
	EXPECT_EQ(get(UART_RX), 'z');
	teardown();
}

/* Standard input from a file, which some ways of waiting refuse. */
TEST(input_from_file)
{
	FILE *file = tmpfile();

	setup();
	fputs("file", file);
	rewind(file);
	loop_remove(&loop, in[0]);
	terminal_destroy(&term);
	if (terminal_init(&term, fileno(file), out[1], &loop))
		abort();
	put(UART_IER, UART_IER_RDI);
	loop_stop(&loop);
	loop_run(&loop);
	EXPECT_EQ(get(UART_RX), 'f');
	EXPECT_EQ(get(UART_RX), 'i');
	teardown();
	fclose(file);
}

/* A reset of the machine: registers as at first, what was typed waits on. */
TEST(machine_reset)
{
	setup();
	put(UART_LCR, UART_LCR_DLAB);
	put(UART_DLL, 3);
	put(UART_DLM, 4);
	put(UART_LCR, UART_LCR_WLEN8);
	put(UART_IER, UART_IER_RDI | UART_IER_THRI);
	put(UART_FCR, UART_FCR_ENABLE_FIFO);
	put(UART_SCR, 0x55);
	put(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2);
	put(UART_TX, 'x');
	EXPECT(get(UART_LSR) & UART_LSR_DR);
	EXPECT_EQ(write(in[1], "y", 1), 1);
	loop_stop(&loop);
	loop_run(&loop);
	interrupted();
	serial_reset(&serial);
	EXPECT_EQ(get(UART_IER), 0);
	EXPECT_EQ(get(UART_IIR), UART_IIR_NO_INT);
	EXPECT_EQ(get(UART_LCR), 0);
	EXPECT_EQ(get(UART_MCR), 0);
	EXPECT_EQ(get(UART_SCR), 0);
	EXPECT(!(get(UART_LSR) & UART_LSR_DR));
	EXPECT(!interrupted());
	put(UART_LCR, UART_LCR_DLAB);
	EXPECT_EQ(get(UART_DLL), 1);
	EXPECT_EQ(get(UART_DLM), 0);
	put(UART_LCR, 0);
	put(UART_IER, UART_IER_RDI);
	EXPECT(interrupted());
	EXPECT_EQ(get(UART_RX), 'y');
	EXPECT(!(get(UART_LSR) & UART_LSR_DR));
	teardown();
}
