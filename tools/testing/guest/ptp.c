// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's clock and the counter of one moment, by the call that Linux' ptp_kvm makes
 * (Documentation/virt/kvm/arm/ptp_kvm.rst of the kernel). Prints the pairs, for those who know the
 * host's clock.
 */
#include "guest.h"

#define VENDOR_UID	0x8600ff01
#define VENDOR_FEATURES	0x86000000
#define VENDOR_PTP	0x86000001
#define PTP_VIRTUAL	0
#define PTP_PHYSICAL	1
#define PAIRS		20

static uint64_t number(uint64_t high, uint64_t low)
{
	return high << 32 | (low & UINT32_MAX);
}

static uint64_t counter(unsigned int kind)
{
	asm volatile("isb" ::: "memory");
	return kind == PTP_PHYSICAL ? read_sysreg(cntpct_el0) : read_sysreg(cntvct_el0);
}

void guest_main(void)
{
	struct smccc answer = hvc(VENDOR_UID, 0, 0, 0);
	uint64_t last = 0;

	check(answer.x[0] == 0xb66fb428 && answer.x[1] == 0xe911c52e && answer.x[2] == 0x564bcaa9 &&
	      answer.x[3] == 0x743a004d, "UID %lx %lx %lx %lx", answer.x[0], answer.x[1], answer.x[2],
	      answer.x[3]);
	answer = hvc(VENDOR_FEATURES, 0, 0, 0);
	check(answer.x[0] & 2, "features %lx", answer.x[0]);
	test_end("discovery");
	for (unsigned int i = 0; i < PAIRS; i++) {
		for (unsigned int kind = PTP_VIRTUAL; kind <= PTP_PHYSICAL; kind++) {
			uint64_t before = counter(kind), ns, cycles, after;

			answer = hvc(VENDOR_PTP, kind, 0, 0);
			after = counter(kind);
			ns = number(answer.x[0], answer.x[1]);
			cycles = number(answer.x[2], answer.x[3]);
			check(cycles >= before && cycles <= after, "counter %lx, not of %lx to %lx",
			      cycles, before, after);
			check(ns > last, "clock from %lu to %lu", last, ns);
			last = ns;
			if (kind == PTP_PHYSICAL)
				print("# pair %lu %lu\n", ns, cycles);
		}
	}
	test_end("clock and counter");
}
