// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls of guests: PSCI 1.1 (DEN0022), the SMCCC discovery calls, and PTP.
 * Everything unknown is NOT_SUPPORTED here: a guest cannot fill the VMM's log.
 */
#include <hyp/firmware.h>
#include <hyp/page.h>
#include <hyp/psci.h>
#include <hyp/util.h>
#include <hyp/vm.h>
#include <hyp/world.h>

#define PSCI_VERSION_1_1 0x10001
#define PSCI_TOS_NOT_PRESENT 2 /* MIGRATE_INFO_TYPE: no migration needed */
#define PSCI_LEVEL_MAX 3
#define RESET2_VENDOR BIT(31)

#define SMCCC_VERSION_1_1 0x10001
#define NOT_SUPPORTED ((u64)-1)
#define NOT_REQUIRED ((u64)-2)

/* The KVM vendor-hypervisor service, which stock guests' PTP driver looks for. */
#define VENDOR_HYP_FEATURES 0x86000000U
#define VENDOR_HYP_UID 0x8600ff01U
#define KVM_UID_0 0xb66fb428U
#define KVM_UID_1 0xe911c52eU
#define KVM_UID_2 0x564bcaa9U
#define KVM_UID_3 0x743a004dU
#define VENDOR_HYP_FEATURE_FEATURES BIT(0)
#define VENDOR_HYP_FEATURE_PTP BIT(1)

/* CPU_SUSPEND's power_state in the original format (DEN0022 5.4.2) */
#define POWER_STATE_DOWN BIT(16)
#define POWER_STATE_RESERVED (GENMASK(31, 26) | GENMASK(23, 17))
/*
 * Cycles that CPU_ON waits for a vCPU that the host does not run: a quarter of a second at
 * 1 GHz, 20 s at 13 MHz. One that is run ends the wait at once.
 */
#define CPU_ON_PATIENCE (1UL << 28)

static bool is_entry(struct vcpu *v, u64 entry)
{
	return vm_has_memory(v->vm, entry) && IS_ALIGNED(entry, 4);
}

/* An MPIDR argument: Aff0 is the vCPU's index, everything else zero. */
static s64 guest_cpu_on(struct vcpu *v, u64 mpidr, u64 entry, u64 arg, u32 *wake)
{
	u32 off = VCPU_POWER_OFF;
	struct vcpu_peer *peer;

	if (mpidr >= VGIC_MAX_CPUS)
		return PSCI_INVALID_PARAMETERS;
	peer = &v->vm->peer[vgic_cpu_nospec(mpidr)];
	if (!is_entry(v, entry))
		return PSCI_INVALID_ADDRESS;
	/* Under the lock the vCPU does not come, go or start in the middle of this. */
	spin_lock(&v->vm->vcpus_lock);
	if (__atomic_compare_exchange_n(&peer->power, &off, VCPU_POWER_ON_PENDING, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		peer->on_entry = entry;
		peer->on_arg = arg;
		__atomic_store_n(&peer->on_ready, 1, __ATOMIC_SEQ_CST);
		*wake |= 1U << mpidr;
	}
	spin_unlock(&v->vm->vcpus_lock);
	switch (off) {
	case VCPU_POWER_OFF:
		return PSCI_SUCCESS;
	case VCPU_POWER_ON:
		return PSCI_ALREADY_ON;
	case VCPU_POWER_ON_PENDING:
		/* Say who waits, then look: run_power_up() is on, then looks who waits. */
		__atomic_fetch_or(&peer->on_waiters, 1U << v->index, __ATOMIC_SEQ_CST);
		off = __atomic_load_n(&peer->power, __ATOMIC_SEQ_CST);
		return off == VCPU_POWER_ON_PENDING ? PSCI_ON_PENDING : PSCI_ALREADY_ON;
	default:
		return PSCI_INVALID_PARAMETERS; /* there is none */
	}
}

/* Any state may be entered as a shallower one (DEN0022 5.4): a standby. */
static s64 guest_cpu_suspend(struct vcpu *v, u32 state, u64 entry)
{
	if (state & POWER_STATE_RESERVED)
		return PSCI_INVALID_PARAMETERS;
	if ((state & POWER_STATE_DOWN) && !is_entry(v, entry))
		return PSCI_INVALID_ADDRESS;
	return PSCI_SUCCESS;
}

/*
 * @level: the lowest affinity field that counts (DEN0022, AFFINITY_INFO). Those above Aff0
 * are 0 in every vCPU, so that from level 1 on, which is PSCI 0.2's, what is asked for is all
 * of the VM, of which one vCPU is on: the one that asks.
 */
static s64 guest_affinity_info(struct vcpu *v, u64 mpidr, u32 level)
{
	if (level > PSCI_LEVEL_MAX)
		return PSCI_INVALID_PARAMETERS;
	if (level)
		return mpidr >> (8 * level) ? PSCI_INVALID_PARAMETERS : PSCI_AFFINITY_ON;
	if (mpidr >= VGIC_MAX_CPUS)
		return PSCI_INVALID_PARAMETERS;
	switch (READ_ONCE(v->vm->peer[vgic_cpu_nospec(mpidr)].power)) {
	case VCPU_POWER_ON:
		return PSCI_AFFINITY_ON;
	case VCPU_POWER_ON_PENDING:
		return PSCI_AFFINITY_ON_PENDING;
	case VCPU_POWER_OFF:
		return PSCI_AFFINITY_OFF;
	default:
		return PSCI_INVALID_PARAMETERS; /* there is none */
	}
}

/* CPU_OFF: the vGIC's CPU interface is reset, the vCPU leaves by run_loop(). */
static s64 guest_cpu_off(struct vcpu *v, u32 *wake)
{
	vgic_cpu_reset(&v->vgic, wake);
	__atomic_store_n(&v->vm->peer[v->index].power, VCPU_POWER_OFF, __ATOMIC_SEQ_CST);
	return PSCI_SUCCESS;
}

static s64 guest_psci_features(u32 fn)
{
	if (fn == SMCCC_VERSION || psci_host_has(fn))
		return PSCI_SUCCESS;
	return PSCI_NOT_SUPPORTED;
}

static s64 guest_psci(struct vcpu *v, u32 fn, u64 a1, u64 a2, u64 a3, u32 *wake)
{
	if (!(fn & SMCCC_64BIT)) {
		a1 = (u32)a1;
		a2 = (u32)a2;
		a3 = (u32)a3;
	}
	switch (fn) {
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | SMCCC_64BIT:
		return guest_cpu_suspend(v, a1, a2);
	case PSCI_CPU_OFF:
		return guest_cpu_off(v, wake);
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | SMCCC_64BIT:
		return guest_cpu_on(v, a1, a2, a3, wake);
	case PSCI_SYSTEM_OFF:
		vm_post_event(v->vm, GZVM_SYSTEM_EVENT_SHUTDOWN, NULL, wake);
		return PSCI_INTERNAL_FAILURE;
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2 | SMCCC_64BIT:
		/*
		 * reset_type 0 is the only architectural one, the others of which are reserved;
		 * vendor-specific ones are up to the implementation (DEN0022, SYSTEM_RESET2).
		 */
		if ((u32)a1)
			return (a1 & RESET2_VENDOR) ? PSCI_NOT_SUPPORTED : PSCI_INVALID_PARAMETERS;
		fallthrough;
	case PSCI_SYSTEM_RESET:
		vm_post_event(v->vm, GZVM_SYSTEM_EVENT_RESET, NULL, wake);
		return PSCI_INTERNAL_FAILURE;
	default:
		return PSCI_NOT_SUPPORTED;
	}
}

static u64 guest_forward(struct vcpu *v)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		v->run->hypercall.args[i] = arch_vcpu_get_x(v, i);
	return GZVM_EXIT_HYPERCALL;
}

/*
 * MEM_RELINQUISH: the page leaves stage 2 before the host hears of it; the answer
 * is EL2's own, since no host writes one.
 */
static u64 guest_relinquish(struct vcpu *v, u64 addr)
{
	struct vm *vm = v->vm;

	if (!vm_has_memory(vm, addr) || !IS_ALIGNED(addr, PAGE_SIZE)) {
		arch_vcpu_set_x(v, 0, (u64)SMCCC_INVALID_PARAMETER);
		return 0;
	}
	spin_lock(&vm->lock);
	page_return_vm(&vm->stage2, ipa(addr), 1);
	spin_unlock(&vm->lock);
	guest_forward(v);
	arch_vcpu_set_x(v, 0, 0);
	return GZVM_EXIT_HYPERCALL;
}

/*
 * SMCCC_ARCH_FEATURES. A vCPU moves between CPUs, so where the firmware has a workaround the
 * guest is to call it on all of them, even if this one is safe. WORKAROUND_2 would switch the
 * host's mitigation as well: for guests it is on for good (DEN0028 7.6.4).
 */
static u64 guest_arch_feature(u32 fn)
{
	s32 firmware;

	if (fn == SMCCC_VERSION || fn == SMCCC_ARCH_FEATURES)
		return 0;
	firmware = psci_firmware_workaround(fn);
	if (firmware < 0)
		return (u64)firmware;
	return fn == SMCCC_ARCH_WORKAROUND_2 ? NOT_REQUIRED : 0;
}

/* A guest's own call of a workaround runs the firmware's, with nothing but its number. */
static u64 guest_workaround(u32 fn)
{
	u64 x[SMCCC_NR_REGS] = { fn };

	if (guest_arch_feature(fn))
		return NOT_SUPPORTED;
	firmware_smc(x);
	return 0;
}

/**
 * guest_call_answer() - the calls whose answer is all there is to do
 * @v: loaded
 *
 * Also all that are unknown.
 * Return: false: it is one of guest_call().
 */
bool guest_call_answer(struct vcpu *v)
{
	u64 a1 = arch_vcpu_get_x(v, 1), a2 = arch_vcpu_get_x(v, 2);
	u32 fn = arch_vcpu_get_x(v, 0);
	u64 answer = NOT_SUPPORTED;

	switch (fn) {
	case PSCI_VERSION:
		answer = PSCI_VERSION_1_1;
		break;
	case PSCI_AFFINITY_INFO:
		answer = guest_affinity_info(v, (u32)a1, (u32)a2);
		break;
	case PSCI_AFFINITY_INFO | SMCCC_64BIT:
		answer = guest_affinity_info(v, a1, a2);
		break;
	case PSCI_MIGRATE_INFO_TYPE:
		answer = PSCI_TOS_NOT_PRESENT;
		break;
	case PSCI_FEATURES:
		answer = guest_psci_features(a1);
		break;
	case SMCCC_VERSION:
		answer = SMCCC_VERSION_1_1;
		break;
	case SMCCC_ARCH_FEATURES:
		answer = guest_arch_feature(a1);
		break;
	case SMCCC_ARCH_WORKAROUND_1:
	case SMCCC_ARCH_WORKAROUND_2:
	case SMCCC_ARCH_WORKAROUND_3:
		answer = guest_workaround(fn);
		break;
	case VENDOR_HYP_UID:
		answer = KVM_UID_0;
		arch_vcpu_set_x(v, 1, KVM_UID_1);
		arch_vcpu_set_x(v, 2, KVM_UID_2);
		arch_vcpu_set_x(v, 3, KVM_UID_3);
		break;
	case VENDOR_HYP_FEATURES:
		answer = VENDOR_HYP_FEATURE_FEATURES | VENDOR_HYP_FEATURE_PTP;
		arch_vcpu_set_x(v, 1, 0);
		arch_vcpu_set_x(v, 2, 0);
		arch_vcpu_set_x(v, 3, 0);
		break;
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | SMCCC_64BIT:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | SMCCC_64BIT:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2 | SMCCC_64BIT:
	case GZVM_HVC_PTP:
	case GZVM_HVC_MEM_RELINQUISH:
		return false;
	}
	arch_vcpu_set_x(v, 0, answer);
	v->stats.handled[GZVM_HANDLED_HVC]++;
	return true;
}

/**
 * guest_call() - an HVC of a guest that guest_call_answer() has left
 * @v: loaded
 * @wake: vCPUs that have something to do
 *
 * Return: 0: answered; otherwise the exit reason.
 */
u64 guest_call(struct vcpu *v, u32 *wake)
{
	u32 fn = arch_vcpu_get_x(v, 0);
	u64 reason, delay;
	s64 ret;

	switch (fn) {
	case GZVM_HVC_PTP:
		v->pending = VCPU_PENDING_HYPERCALL;
		return guest_forward(v);
	case GZVM_HVC_MEM_RELINQUISH:
		return guest_relinquish(v, arch_vcpu_get_x(v, 1));
	default:
		ret = guest_psci(v, fn, arch_vcpu_get_x(v, 1), arch_vcpu_get_x(v, 2),
				 arch_vcpu_get_x(v, 3), wake);
		arch_vcpu_set_x(v, 0, ret);
		if ((fn & ~SMCCC_64BIT) == PSCI_CPU_SUSPEND && !ret)
			return run_wait(v, ~0ULL);
		if (ret != PSCI_ON_PENDING)
			return 0;
		/*
		 * Of those who call CPU_ON for one vCPU one succeeds. The others find it on its
		 * way, until the host has run it, or on: what guests expect, so they wait
		 * until it is. An interrupt ends that, too; run_waits_on() looks again.
		 */
		delay = MIN(arch_vcpu_timer_delay(v), CPU_ON_PATIENCE);
		reason = run_wait(v, delay);
		if (reason) {
			v->pending = VCPU_PENDING_CPU_ON;
			v->on_until = arch_counter() + delay;
		}
		return reason;
	}
}
