// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads from devices that extend the sign, to every register. KVM of Linux 6.12 fails this:
 * it extends the sign and cuts the value to the size of the access again.
 */
#include "guest.h"

#define WORD	UINT64_C(0x89abcdef)

/* Memory answers as the devices must: that says that the test is right. */
static void memory(void)
{
	static uint64_t word = WORD;

	mmio_loads("ldrsw from memory", LDRSW, (uint64_t)&word, UINT64_C(0xffffffff89abcdef));
	mmio_loads("ldrsb w from memory", LDRSB_W, (uint64_t)&word, UINT64_C(0xffffffef));
}

void guest_main(void)
{
	memory();
	mmio_write32(RTC_LOAD, WORD);
	mmio_loads("ldrsw", LDRSW, RTC_LOAD, UINT64_C(0xffffffff89abcdef));
	mmio_loads("ldrsh w", LDRSH_W, RTC_LOAD, UINT64_C(0xffffcdef));
	mmio_loads("ldrsh x", LDRSH_X, RTC_LOAD, UINT64_C(0xffffffffffffcdef));
	mmio_loads("ldrsb w", LDRSB_W, RTC_LOAD, UINT64_C(0xffffffef));
	mmio_loads("ldrsb x", LDRSB_X, RTC_LOAD, UINT64_C(0xffffffffffffffef));
	mmio_write8(SERIAL_SCRATCH, 0x5a);
	mmio_loads("ldrsb x of a positive byte", LDRSB_X, SERIAL_SCRATCH, 0x5a);
}
