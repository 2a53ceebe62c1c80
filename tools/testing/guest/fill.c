// SPDX-License-Identifier: GPL-2.0-only
/*
 * All of the guest's memory, written and read again: each word has to be what was written, however
 * often the host has taken its page away and brought it back. When told to, it waits for a byte of
 * input while somebody looks at it from outside.
 */
#include "guest.h"

#define ALIGN		(2ul << 20)
#define SERIAL_IER	(SERIAL + 1)
#define SERIAL_LSR	(SERIAL + 5)

extern char _stack_end[];

static uint64_t cells(const void *at)
{
	const uint32_t *cell = at;

	return (uint64_t)__builtin_bswap32(cell[0]) << 32 | __builtin_bswap32(cell[1]);
}

/* No two words of a page are the same, and no two rounds'. */
static uint64_t word(uint64_t address, unsigned int round)
{
	uint64_t x = (address + round) * UINT64_C(0x9e3779b97f4a7c15);

	return x ^ x >> 29;
}

static void fill(uint64_t start, uint64_t end, unsigned int round)
{
	for (uint64_t at = start; at < end; at += 8)
		*(volatile uint64_t *)at = word(at, round);
}

static void read_back(uint64_t start, uint64_t end, unsigned int round)
{
	unsigned long wrong = 0;

	for (uint64_t at = start; at < end; at += 8)
		wrong += *(volatile uint64_t *)at != word(at, round);
	check(!wrong, "round %u: %lu words of %lu are wrong", round, wrong, (end - start) / 8);
}

void guest_main(void)
{
	const uint32_t *reg = fdt_property("memory", "reg", NULL);
	uint64_t base, size, start, end;

	check(reg, "no memory in the device tree");
	if (!reg)
		return;
	base = cells(reg);
	size = cells(reg + 2);
	/* Above the image, its stacks and the device tree, which lies behind them. */
	start = (uint64_t)guest_dtb + ALIGN;
	if (start < (uint64_t)_stack_end)
		start = (uint64_t)_stack_end;
	start = (start + ALIGN - 1) & ~(ALIGN - 1);
	end = base + size;
	check(start < end && end - start > size / 2, "room from %lx to %lx only", start, end);
	/* The model has input for those that want its interrupt; this one does not take it. */
	mmio_write8(SERIAL_IER, 1);
	for (unsigned int round = 0; round < 2; round++) {
		fill(start, end, round);
		print("# filled %u\n", round);
		/* Standard input of the kit's own suite is empty, and has no byte for it. */
		while (!round && bootargs_have("commands") && !(mmio_read8(SERIAL_LSR) & 1))
			relax();
		read_back(start, end, round);
	}
	print("# %lu MiB of %lu\n", (end - start) >> 20, size >> 20);
	test_end("every word");
}
