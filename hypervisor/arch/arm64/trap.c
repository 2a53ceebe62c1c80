// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions from the host.
 */
#include <hyp/arch.h>
#include <hyp/host.h>
#include <hyp/hostcall.h>
#include <hyp/panic.h>
#include <hyp/util.h>
#include "cpu.h"
#include "host_sysreg.h"
#include "inject.h"
#include "panic_policy.h"
#include "vectors.h"

void host_exit(struct host_regs *regs, unsigned int kind);

/*
 * The address that stage 2 was asked for, after a translation fault or a fault on a
 * stage 1 walk. HPFAR_EL2 is not valid after a permission fault, which a fetch from a
 * device of the host is.
 */
static ipa_t fault_ipa(void)
{
	u64 page = FIELD_GET(GENMASK(43, 4), read_sysreg(hpfar_el2)) << PAGE_SHIFT;

	return ipa(page | (read_sysreg(far_el2) & ~PAGE_MASK));
}

/*
 * What the host gets where stage 2 refuses: fault statuses that Linux survives,
 * found by measuring every one. An alignment fault on data is SIGBUS in
 * userspace, -EFAULT for a kernel access with an exception-table entry, and an
 * Oops of that one task else; a translation fault would be retried for ever. A
 * fetch, or the walk of a stage 1 table, can only be an external abort.
 */
static void host_abort(u64 esr, bool data)
{
	u64 fsc = ESR_FSC(esr) & FSC_LEVEL_MASK;

	panic_park();
	if (fsc == FSC_TRANSLATION && !host_fault(fault_ipa()))
		return;
	if (!data)
		inject_instruction_abort(read_sysreg(far_el2), FSC_SEA);
	else if (esr & ESR_S1PTW)
		inject_data_abort(esr, read_sysreg(far_el2), FSC_SEA);
	else
		inject_data_abort(esr, read_sysreg(far_el2), FSC_ALIGNMENT);
}

/* SMCCC has immediate 0; the others are nobody's. */
static inline void host_smccc(struct host_regs *regs, u64 esr)
{
	if (esr & 0xffff)
		regs->x[0] = (u64)-1;
	else
		hostcall(regs->x);
}

static __noinline void host_other(struct host_regs *regs, u64 esr)
{
	switch (ESR_EC(esr)) {
	case EC_SMC64:
		skip_instruction(esr);
		host_smccc(regs, esr);
		break;
	case EC_IABT_LOW:
		host_abort(esr, false);
		break;
	case EC_DABT_LOW:
		host_abort(esr, true);
		break;
	case EC_SYS64:
		host_sysreg(regs, esr);
		break;
	default:
		inject_undef();
		break;
	}
}

static void host_sync(struct host_regs *regs)
{
	u64 esr = read_sysreg(esr_el2);

	/* Most are RUN, for which this is all: no stack frame. */
	if (likely(ESR_EC(esr) == EC_HVC64))
		host_smccc(regs, esr);
	else
		host_other(regs, esr);
}

/**
 * host_exit() - the host has trapped
 * @regs: its general registers
 * @kind: HOST_EXIT_*
 *
 * Physical interrupts and SErrors go to the host's EL1 while it runs: HCR_EL2 has
 * IMO, FMO and AMO clear.
 */
void host_exit(struct host_regs *regs, unsigned int kind)
{
	if (unlikely(kind != HOST_EXIT_SYNC && kind != HOST_EXIT_AARCH32))
		panic("unexpected interrupt or SError from the host (%u)", kind);
	host_sync(regs);
}
