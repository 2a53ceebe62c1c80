// SPDX-License-Identifier: GPL-2.0-only
/*
 * 16550A UART, as the PC16550D data sheet describes it and Linux' 8250 driver uses it.
 *
 * There is no receive FIFO: input waits in the terminal's ring and is received at the moment
 * it is read. A guest that opens the port clears the FIFOs first; bytes that had been put
 * there would be lost. For the same reason nothing is received unless the guest listens: it
 * has enabled the receive interrupt, or it polls.
 *
 * It polls once it has read LSR or RBR SERIAL_POLLS times since its last write: firmware and
 * bare-metal programs wait for input that way, some looking at LSR.DR (and at MSR and MCR, which
 * does not count), some at RBR alone. Linux' driver reads both once or twice when it opens or
 * closes the port, between writes that set it up; to output a byte, anybody reads LSR once, since
 * output never waits. So a write of any register but THR ends it, and one of THR begins
 * the count anew, but leaves alone who polls already: echo must not make the guest deaf.
 */
#include <linux/serial_reg.h>
#include <string.h>

#include "serial.h"
#include "util.h"

#define SERIAL_IER_MASK		(UART_IER_RDI | UART_IER_THRI | UART_IER_RLSI | UART_IER_MSI)
#define SERIAL_MCR_MASK		0x1f
#define SERIAL_IIR_FIFO		0xc0
#define SERIAL_POLLS		16

static bool serial_listens(const struct serial *serial)
{
	return (serial->ier & UART_IER_RDI) || serial->polls == SERIAL_POLLS;
}

static void serial_polled(struct serial *serial)
{
	if (serial->polls < SERIAL_POLLS)
		serial->polls++;
}

static bool serial_rx_ready(struct serial *serial)
{
	if (serial->mcr & UART_MCR_LOOP)
		return serial->loopback_len;
	return serial_listens(serial) && console_pending(serial->console, CONSOLE_SERIAL);
}

/* Identification of the most urgent interrupt, without the FIFO bits. */
static uint8_t serial_cause(struct serial *serial)
{
	if ((serial->ier & UART_IER_RDI) && serial_rx_ready(serial))
		return UART_IIR_RDI;
	if ((serial->ier & UART_IER_THRI) && serial->thre)
		return UART_IIR_THRI;
	return UART_IIR_NO_INT;
}

/*
 * The output is an edge at each change from no cause to some cause. A driver serves causes
 * until none is left, so that is all it needs.
 */
static void serial_update(struct serial *serial)
{
	bool line = serial_cause(serial) != UART_IIR_NO_INT;

	if (line && !serial->line)
		vmm_eventfd_signal(serial->irq_fd);
	serial->line = line;
}

static uint8_t serial_read_rx(struct serial *serial)
{
	uint8_t byte = 0;

	serial_polled(serial);
	if (serial->mcr & UART_MCR_LOOP) {
		if (serial->loopback_len) {
			byte = serial->loopback[0];
			memmove(serial->loopback, serial->loopback + 1, --serial->loopback_len);
		}
	} else if (serial_listens(serial)) {
		console_read(serial->console, CONSOLE_SERIAL, &byte, 1);
	}
	return byte;
}

static uint8_t serial_read_iir(struct serial *serial)
{
	uint8_t cause = serial_cause(serial);

	/* Reading this cause takes it back. */
	if (cause == UART_IIR_THRI)
		serial->thre = false;
	return cause | (serial->fcr & UART_FCR_ENABLE_FIFO ? SERIAL_IIR_FIFO : 0);
}

static uint8_t serial_read_msr(const struct serial *serial)
{
	uint8_t msr = 0;

	if (!(serial->mcr & UART_MCR_LOOP))
		return UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS;
	if (serial->mcr & UART_MCR_RTS)
		msr |= UART_MSR_CTS;
	if (serial->mcr & UART_MCR_DTR)
		msr |= UART_MSR_DSR;
	if (serial->mcr & UART_MCR_OUT1)
		msr |= UART_MSR_RI;
	if (serial->mcr & UART_MCR_OUT2)
		msr |= UART_MSR_DCD;
	return msr;
}

static uint64_t serial_read(void *device, uint64_t offset, unsigned int size)
{
	struct serial *serial = device;
	uint8_t value = 0;

	(void)size;	/* registers are bytes; wider reads see one */
	pthread_mutex_lock(&serial->lock);
	switch (offset) {
	case UART_RX:
		if (serial->lcr & UART_LCR_DLAB)
			value = serial->divisor & 0xff;
		else
			value = serial_read_rx(serial);
		break;
	case UART_IER:
		value = serial->lcr & UART_LCR_DLAB ? serial->divisor >> 8 : serial->ier;
		break;
	case UART_IIR:
		value = serial_read_iir(serial);
		break;
	case UART_LCR:
		value = serial->lcr;
		break;
	case UART_MCR:
		value = serial->mcr;
		break;
	case UART_LSR:
		/* Output is gone as soon as it is written. */
		value = UART_LSR_TEMT | UART_LSR_THRE;
		serial_polled(serial);
		if (serial_rx_ready(serial))
			value |= UART_LSR_DR;
		break;
	case UART_MSR:
		value = serial_read_msr(serial);
		break;
	case UART_SCR:
		value = serial->scr;
		break;
	}
	serial_update(serial);
	pthread_mutex_unlock(&serial->lock);
	return value;
}

/* Called with the lock held; drops it while the byte is written. */
static void serial_write_tx(struct serial *serial, uint8_t byte)
{
	serial->thre = false;
	serial_update(serial);
	if (serial->mcr & UART_MCR_LOOP) {
		unsigned int room = serial->fcr & UART_FCR_ENABLE_FIFO ? SERIAL_FIFO_SIZE : 1;

		if (serial->loopback_len < room)
			serial->loopback[serial->loopback_len++] = byte;
	} else {
		pthread_mutex_unlock(&serial->lock);
		/* Where output can't be written, a UART can't tell. */
		(void)terminal_write(serial->console->term, &byte, 1);
		pthread_mutex_lock(&serial->lock);
	}
	serial->thre = true;
}

static void serial_write_ier(struct serial *serial, uint8_t value)
{
	value &= SERIAL_IER_MASK;
	/* Enabling this one while the transmitter is empty raises it. */
	if ((value & UART_IER_THRI) && !(serial->ier & UART_IER_THRI))
		serial->thre = true;
	serial->ier = value;
}

static void serial_write(void *device, uint64_t offset, unsigned int size, uint64_t value)
{
	struct serial *serial = device;

	(void)size;
	value &= 0xff;
	pthread_mutex_lock(&serial->lock);
	if (offset != UART_TX || (serial->lcr & UART_LCR_DLAB) || serial->polls < SERIAL_POLLS)
		serial->polls = 0;
	switch (offset) {
	case UART_TX:
		if (serial->lcr & UART_LCR_DLAB)
			serial->divisor = (serial->divisor & 0xff00) | value;
		else
			serial_write_tx(serial, value);
		break;
	case UART_IER:
		if (serial->lcr & UART_LCR_DLAB)
			serial->divisor = (serial->divisor & 0xff) | value << 8;
		else
			serial_write_ier(serial, value);
		break;
	case UART_FCR:
		if ((value & UART_FCR_CLEAR_RCVR) ||
		    ((value ^ serial->fcr) & UART_FCR_ENABLE_FIFO))
			serial->loopback_len = 0;
		serial->fcr = value & (UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_MASK);
		break;
	case UART_LCR:
		serial->lcr = value;
		break;
	case UART_MCR:
		serial->mcr = value & SERIAL_MCR_MASK;
		if (!(serial->mcr & UART_MCR_LOOP))
			serial->loopback_len = 0;
		break;
	case UART_SCR:
		serial->scr = value;
		break;
	}
	serial_update(serial);
	pthread_mutex_unlock(&serial->lock);
}

/** serial_bus_ops - the registers of a struct serial */
const struct bus_ops serial_bus_ops = {
	.read = serial_read,
	.write = serial_write,
};

/**
 * serial_init() - make a UART in its reset state
 * @serial: filled in
 * @console: the terminal
 *
 * Return: 0, or a negative errno.
 */
int serial_init(struct serial *serial, struct console *console)
{
	memset(serial, 0, sizeof(*serial));
	pthread_mutex_init(&serial->lock, NULL);
	serial->console = console;
	serial->divisor = 1;
	serial->irq_fd = vmm_eventfd_new();
	return serial->irq_fd < 0 ? serial->irq_fd : 0;
}

/**
 * serial_reset() - registers as after serial_init(); input that waits stays
 * @serial: a UART that no vCPU can reach now
 */
void serial_reset(struct serial *serial)
{
	pthread_mutex_lock(&serial->lock);
	serial->line = false;
	serial->thre = false;
	serial->polls = 0;
	serial->ier = 0;
	serial->fcr = 0;
	serial->lcr = 0;
	serial->mcr = 0;
	serial->scr = 0;
	serial->divisor = 1;
	serial->loopback_len = 0;
	pthread_mutex_unlock(&serial->lock);
}

/**
 * serial_destroy() - free a UART
 * @serial: a UART that no vCPU can reach any more
 */
void serial_destroy(struct serial *serial)
{
	vmm_close(&serial->irq_fd);
	pthread_mutex_destroy(&serial->lock);
}

/**
 * serial_input() - look whether there is new input, and raise the interrupt if so
 * @serial: the UART
 *
 * Context: any thread; takes the UART's lock and the terminal's.
 */
void serial_input(struct serial *serial)
{
	pthread_mutex_lock(&serial->lock);
	serial_update(serial);
	pthread_mutex_unlock(&serial->lock);
}
