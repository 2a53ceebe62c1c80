// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device accesses of every size, from and to every register. Loads that extend the sign are
 * mmio_sign.c's.
 *
 * The devices: the 16550's scratch register, a byte that answers to accesses of any size;
 * and the real-time clock's load register, a word that can be read by any size.
 */
#include "guest.h"

#define WORD	UINT64_C(0x89abcdef)

static struct registers in, out;

/* Stores by @insn from each register to the scratch register. */
static void stores_scratch(const char *what, uint32_t insn)
{
	for (unsigned int rt = 0; rt < 32; rt++) {
		unsigned int rn = (rt + 11) % 31;
		uint8_t expected;
		struct insn_result result;
		unsigned int different;

		mmio_write8(SERIAL_SCRATCH, 0x77);
		registers_random(&in);
		in.x[rn] = SERIAL_SCRATCH;
		expected = rt < 31 ? in.x[rt] : 0;
		result = insn_run(INSN_LDR(insn, rt, rn), &in, &out);
		different = registers_compare(&in, &out, 0);
		check(!result.trapped, "%s x%u: exception, ESR %lx", what, rt, result.esr);
		check(!different, "%s x%u: register %u changed", what, rt, different - 1);
		check(mmio_read8(SERIAL_SCRATCH) == expected, "%s x%u: wrote %x, not %x", what, rt,
		      mmio_read8(SERIAL_SCRATCH), expected);
	}
	test_end(what);
}

static void stores_word(void)
{
	for (unsigned int rt = 0; rt < 32; rt++) {
		unsigned int rn = (rt + 3) % 31;

		registers_random(&in);
		in.x[rn] = RTC_LOAD;
		insn_run(INSN_LDR(STRW, rt, rn), &in, &out);
		check(mmio_read32(RTC_LOAD) == (rt < 31 ? (uint32_t)in.x[rt] : 0),
		      "str w%u: wrote %x", rt, mmio_read32(RTC_LOAD));
		check(!registers_compare(&in, &out, 0), "str w%u: a register changed", rt);
	}
	test_end("str w");
}

static void unclaimed(void)
{
	static const uint32_t insns[] = { LDRB, LDRH, LDRW, LDRX, LDRSB_X, LDRSH_X, LDRSW };
	static const uint64_t addresses[] = {
		0, 0x8, UNCLAIMED, SERIAL + 0x1000, VIRTIO + 100 * VIRTIO_STEP, 0x3ff00000,
		0x7ffffff8,
	};

	for (unsigned int a = 0; a < ARRAY_SIZE(addresses); a++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(insns); i++) {
			struct insn_result result;

			registers_random(&in);
			in.x[1] = addresses[a];
			insn_run(INSN_LDR(STRX, 2, 1), &in, &out);
			result = insn_run(INSN_LDR(insns[i], 0, 1), &in, &out);
			check(!result.trapped, "load from %lx: exception, ESR %lx", addresses[a],
			      result.esr);
			check(!out.x[0], "load from %lx: %lx", addresses[a], out.x[0]);
		}
	}
	test_end("addresses without a device");
}

static void identities(void)
{
	unsigned int devices = 0;

	for (unsigned int i = 0; i < 8; i++) {
		uint64_t dev = VIRTIO + i * VIRTIO_STEP;

		if (!mmio_read32(dev))
			continue;
		devices++;
		check(mmio_read32(dev) == 0x74726976, "virtio %u: magic %x", i, mmio_read32(dev));
		check(mmio_read32(dev + 4) == 2, "virtio %u: version %x", i, mmio_read32(dev + 4));
		check(mmio_read32(dev + 8) != 0, "virtio %u: no device", i);
		check(mmio_read8(dev) == 0, "virtio %u: a byte of a register", i);
	}
	check(devices, "no virtio device");
	check(mmio_read32(RTC + 0xfe0) == 0x31 && mmio_read32(RTC + 0xff0) == 0xd, "no PL031");
	test_end("identities");
}

void guest_main(void)
{
	mmio_write32(RTC_LOAD, WORD);
	mmio_loads("ldr w", LDRW, RTC_LOAD, WORD);
	mmio_loads("ldr x", LDRX, RTC_LOAD, WORD);
	mmio_loads("ldrh", LDRH, RTC_LOAD, 0xcdef);
	mmio_loads("ldrb", LDRB, RTC_LOAD, 0xef);
	stores_scratch("strb", STRB);
	stores_word();
	unclaimed();
	identities();
}
