// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: what depends on the architecture in a vCPU: entry, registers, clock.
 */

#include <linux/arm-smccc.h>
#include <linux/clocksource_ids.h>
#include <linux/cpufeature.h>
#include <linux/gzvm_drv.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <linux/version.h>

#include <asm/arch_timer.h>
#include <asm/daifflags.h>
#include <asm/neon.h>
#include <asm/sysreg.h>

/* Stage 2 with 4 KiB pages reaches 48 bits without FEAT_LPA2 (Arm ARM, D8.2). */
#define GZVM_MAX_IPA_BITS	48

/*
 * No guest is entered in streaming mode or with ZA in use, and this CPU may have either: by this
 * thread, or by another whose state was left here, since a thread gets its own back only on its way
 * to userspace. Linux 6.12 has no SME; 7.3 saves the state with interrupts off, too.
 */
static void gzvm_arch_leave_sme(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
	if (system_supports_sme() && read_sysreg_s(SYS_SVCR)) {
		kernel_neon_begin(NULL);
		kernel_neon_end(NULL);
	}
#endif
}

/**
 * gzvm_arch_vcpu_run() - enter the guest until its next exit
 * @tuple: the vCPU
 * @flags: GZVM_RUN_WAIT or 0
 * @res: results: a1 exit reason, a2 wake bitmap
 *
 * All of DAIF is masked around the call: with interrupt masking by priority (pseudo NMI),
 * PMR must let every interrupt be pending to the hypervisor, or the guest could keep the CPU
 * for ever; local_daif_mask() sees to it.
 *
 * Context: interrupts off.
 * Return: 0 or the errno of the hypervisor's status; -EAGAIN asks for another call.
 */
int gzvm_arch_vcpu_run(u64 tuple, u64 flags, struct arm_smccc_res *res)
{
	int ret;

	gzvm_arch_leave_sme();
	local_daif_mask();
	ret = gzvm_hypcall(GZVM_FN_RUN, res, tuple, flags);
	local_daif_restore(DAIF_PROCCTX_NOIRQ);

	return ret;
}

static bool gzvm_core_id_valid(u64 id)
{
	u64 offset = (id & 0xffff) * 4;

	switch (id & GZVM_REG_SIZE_MASK) {
	case GZVM_REG_SIZE_U64:
		return offset < GZVM_CORE_SPSR(5) && !(offset % 8);
	case GZVM_REG_SIZE_U32:
		return offset == GZVM_CORE_FPSR || offset == GZVM_CORE_FPCR;
	default:
		return false;
	}
}

/**
 * gzvm_arch_reg_id_valid() - is this a well-formed id of a register of at most 8 bytes?
 * @id: register id of the UAPI header
 *
 * The hypervisor decides whether the register exists and may be written.
 *
 * Return: true if it is.
 */
bool gzvm_arch_reg_id_valid(u64 id)
{
	const u64 known = GZVM_REG_ARCH_MASK | GZVM_REG_SIZE_MASK | GZVM_REG_ARM_COPROC_MASK |
			  0xffff;

	if (id & ~known || (id & GZVM_REG_ARCH_MASK) != GZVM_REG_ARM64)
		return false;

	switch (id & GZVM_REG_ARM_COPROC_MASK) {
	case GZVM_REG_ARM_CORE:
		return gzvm_core_id_valid(id);
	case GZVM_REG_ARM_DEMUX:
		return (id & GZVM_REG_SIZE_MASK) == GZVM_REG_SIZE_U32;
	case GZVM_REG_ARM64_SYSREG:
		return (id & GZVM_REG_SIZE_MASK) == GZVM_REG_SIZE_U64;
	default:
		return false;
	}
}

/**
 * gzvm_arch_cycles_to_ns() - cycles of the architected counter as time
 * @cycles: any number of cycles
 *
 * Return: nanoseconds, at most KTIME_MAX / 2.
 */
u64 gzvm_arch_cycles_to_ns(u64 cycles)
{
	u32 rate = arch_timer_get_cntfrq();
	u64 seconds, rest;

	if (!rate)
		return 0;
	seconds = div64_u64_rem(cycles, rate, &rest);
	if (seconds >= KTIME_SEC_MAX / 2)
		return KTIME_MAX / 2;
	return seconds * NSEC_PER_SEC + div_u64(rest * NSEC_PER_SEC, rate);
}

/**
 * gzvm_arch_ipa_bits() - width of guest physical addresses that the CPUs offer
 *
 * Return: bits, for a hypervisor that does not say.
 */
u32 gzvm_arch_ipa_bits(void)
{
	u64 mmfr0 = read_sanitised_ftr_reg(SYS_ID_AA64MMFR0_EL1);
	unsigned int range = cpuid_feature_extract_unsigned_field(mmfr0,
						ID_AA64MMFR0_EL1_PARANGE_SHIFT);

	return min_t(u32, id_aa64mmfr0_parange_to_phys_shift(range), GZVM_MAX_IPA_BITS);
}

/*
 * The wall clock in nanoseconds and the counter at one moment. Linux 7.3 has this for any
 * clock, 6.12 for this one.
 */
static u64 gzvm_arch_clock(struct system_time_snapshot *snapshot)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
	ktime_get_snapshot_id(CLOCK_REALTIME, snapshot);
	return snapshot->systime;
#else
	ktime_get_snapshot(snapshot);
	return snapshot->real;
#endif
}

/**
 * gzvm_arch_ptp() - answer a guest's question for wall clock and counter
 * @args: x0 to x3 of the guest: x1 selects the counter; x0 and x1 become the high and low
 *	half of the wall clock in nanoseconds, x2 and x3 those of the counter at that moment;
 *	x0 becomes SMCCC_RET_NOT_SUPPORTED if the counter is unknown or the host does not keep
 *	time by it
 * @vtimer_offset: the guest's virtual counter is the host's minus this
 *
 * Context: any.
 */
void gzvm_arch_ptp(u64 *args, u64 vtimer_offset)
{
	struct system_time_snapshot snapshot;
	u32 counter = args[1];
	u64 clock, cycles;

	clock = gzvm_arch_clock(&snapshot);
	if (snapshot.cs_id != CSID_ARM_ARCH_COUNTER ||
	    (counter != GZVM_PTP_VIRT_COUNTER && counter != GZVM_PTP_PHYS_COUNTER)) {
		args[0] = SMCCC_RET_NOT_SUPPORTED;
		return;
	}

	cycles = snapshot.cycles;
	if (counter == GZVM_PTP_VIRT_COUNTER)
		cycles -= vtimer_offset;

	args[0] = upper_32_bits(clock);
	args[1] = lower_32_bits(clock);
	args[2] = upper_32_bits(cycles);
	args[3] = lower_32_bits(cycles);
}
