// SPDX-License-Identifier: GPL-2.0-only
/* hyp/firmware.h for unit tests; see fake_firmware.h. */
#include <string.h>

#include "fake_firmware.h"

struct fake_smc fake_smcs[FAKE_MAX_SMCS];
unsigned int fake_nr_smcs;
void (*fake_smc_answer)(u64 x[SMCCC_NR_REGS]);

void fake_firmware_reset(void)
{
	memset(fake_smcs, 0, sizeof(fake_smcs));
	fake_nr_smcs = 0;
	fake_smc_answer = NULL;
}

void firmware_smc(u64 x[SMCCC_NR_REGS])
{
	unsigned int n = __atomic_fetch_add(&fake_nr_smcs, 1, __ATOMIC_RELAXED);
	u64 before[SMCCC_NR_REGS];

	memcpy(before, x, sizeof(before));
	if (n < FAKE_MAX_SMCS)
		memcpy(fake_smcs[n].x, x, sizeof(before));
	if (fake_smc_answer)
		fake_smc_answer(x);
	else
		x[0] = ~0UL;
	for (unsigned int i = 1; i < SMCCC_NR_REGS; i++)
		if (x[i] == before[i])
			x[i] = FAKE_SCRATCH(i);
}

u64 firmware_cpu_entry(void)
{
	return FAKE_CPU_ENTRY;
}

u64 firmware_cpu_arg(unsigned int id)
{
	return FAKE_CPU_ARG(id);
}
