// SPDX-License-Identifier: GPL-2.0-only
/* Exception syndromes in words: Arm ARM D24.2.40, ESR_ELx. */
#include <stdio.h>

#include "esr.h"
#include "util.h"

#define EC_IABT_LOW	0x20
#define EC_IABT		0x21
#define EC_DABT_LOW	0x24
#define EC_DABT		0x25
#define ISS_WNR		(1u << 6)
#define ISS_S1PTW	(1u << 7)

static const char *esr_class(unsigned int ec)
{
	static const char *const names[64] = {
		[0x00] = "unknown instruction",
		[0x01] = "WFI or WFE",
		[0x07] = "FP or SIMD access",
		[0x0e] = "illegal execution state",
		[0x15] = "SVC",
		[0x16] = "HVC",
		[0x17] = "SMC",
		[0x18] = "system register access",
		[0x19] = "SVE access",
		[EC_IABT_LOW] = "instruction abort",
		[EC_IABT] = "instruction abort",
		[0x22] = "unaligned program counter",
		[EC_DABT_LOW] = "data abort",
		[EC_DABT] = "data abort",
		[0x26] = "unaligned stack pointer",
		[0x2f] = "SError",
		[0x3c] = "breakpoint instruction",
	};

	return names[ec];
}

/* The fault status of an abort; *level is negative where it has none. */
static const char *esr_fault(unsigned int status, int *level)
{
	static const char *const by_level[] = {
		"address size fault", "translation fault", "access flag fault",
		"permission fault",
	};

	*level = status & 3;
	if (status < 0x10)
		return by_level[status >> 2];
	if (status >= 0x14 && status <= 0x17)
		return "external abort on a table walk";
	*level = -1;
	switch (status) {
	case 0x10:
		return "external abort";
	case 0x21:
		return "alignment fault";
	case 0x30:
		return "TLB conflict";
	case 0x35:
		return "exclusive or atomic access not supported there";
	default:
		return NULL;
	}
}

/**
 * esr_describe() - put an exception syndrome into words
 * @esr: ESR_ELx; any value
 * @text: where to put the words
 * @size: bytes of @text
 */
void esr_describe(uint64_t esr, char *text, size_t size)
{
	unsigned int ec = (esr >> 26) & 0x3f, status = esr & 0x3f;
	const char *name = esr_class(ec), *fault;
	char kind[64], where[24] = "";
	int level;

	if (!name) {
		snprintf(text, size, "exception class 0x%02x", ec);
		return;
	}
	if (ec != EC_IABT_LOW && ec != EC_IABT && ec != EC_DABT_LOW && ec != EC_DABT) {
		snprintf(text, size, "%s", name);
		return;
	}
	fault = esr_fault(status, &level);
	if (fault)
		snprintf(kind, sizeof(kind), "%s", fault);
	else
		snprintf(kind, sizeof(kind), "fault status 0x%02x", status);
	if (level >= 0)
		snprintf(where, sizeof(where), ", level %d", level);
	snprintf(text, size, "%s: %s%s%s%s", name, kind, where,
		 esr & ISS_S1PTW ? ", on a walk of the guest's tables" : "",
		 ec < EC_DABT_LOW ? "" : esr & ISS_WNR ? ", write" : ", read");
}
