/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine of bench_io, as far as it is not gzvm-vmm's: eventfds, written with 0. */
#ifndef BENCH_IO_H
#define BENCH_IO_H

#define IO_UNREAD	UINT64_C(0x03000000)	/* nobody sleeps on this one */
#define IO_READ		UINT64_C(0x03000008)	/* somebody sleeps on this one */
#define IO_ASK		UINT64_C(0x03000010)	/* asks for interrupt IO_SPI in a moment */
#define IO_SPI		40
/* Count of the physical counter when the interrupt was signalled. */
#define IO_STAMP	UINT64_C(0x80400000)
/* As much of a device tree as the kit looks at: magic number and size; then what the benchmark does. */
#define IO_DTB		UINT64_C(0x80400100)
#define IO_DTB_SIZE	64

#endif /* BENCH_IO_H */
