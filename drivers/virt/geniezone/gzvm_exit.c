// SPDX-License-Identifier: GPL-2.0-only
/*
 * GenieZone driver: what is done about each exit, and the sleep of idle vCPUs.
 */

#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/gzvm_drv.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <linux/wait.h>
#include <linux/wordpart.h>
#include <kunit/static_stub.h>

/* Sleep of an idle vCPU whose hypervisor reports no timer. */
#define GZVM_IDLE_MAX_NS	NSEC_PER_SEC

static bool gzvm_brief_waits = true;
module_param_named(brief_waits, gzvm_brief_waits, bool, 0644);
MODULE_PARM_DESC(brief_waits, "vCPUs that last slept for less than a tick wait with their CPU (default: Y)");

static enum gzvm_next gzvm_exit_mmio(struct gzvm_vcpu *vcpu)
{
	struct gzvm_vcpu_run *run = vcpu->run;
	u64 size = run->mmio.size;

	if (!run->mmio.is_write) {
		vcpu->completion = GZVM_COMPLETE_MMIO_READ;
		return GZVM_NEXT_USER;
	}
	if (size <= GZVM_MAX_MMIO_SIZE &&
	    gzvm_ioeventfd_write(vcpu->vm, run->mmio.phys_addr, size,
				 gzvm_ioevent_mask(get_unaligned_le64(run->mmio.data), size)))
		return GZVM_NEXT_ENTER;
	return GZVM_NEXT_USER;
}

static enum gzvm_next gzvm_exit_hypercall(struct gzvm_vcpu *vcpu)
{
	u64 *args = vcpu->run->hypercall.args;
	int ret;

	/* SMCCC: the function id is w0. */
	switch (lower_32_bits(args[0])) {
	case GZVM_HVC_PTP:
		gzvm_arch_ptp(args, le64_to_cpu(vcpu->hwstate->vtimer_offset));
		return GZVM_NEXT_ENTER;
	case GZVM_HVC_MEM_RELINQUISH:
		ret = gzvm_mmu_relinquish(vcpu, args[1]);
		if (ret == -EINTR)
			return GZVM_NEXT_AGAIN;
		args[0] = ret ? SMCCC_RET_INVALID_PARAMETER : SMCCC_RET_SUCCESS;
		return GZVM_NEXT_ENTER;
	default:
		vcpu->completion = GZVM_COMPLETE_HYPERCALL;
		return GZVM_NEXT_USER;
	}
}

static enum gzvm_next gzvm_exit_exception(struct gzvm_vcpu *vcpu)
{
	struct gzvm_vcpu_run *run = vcpu->run;
	int ret;

	if (run->exception.exception != GZVM_EXCEPTION_PAGE_FAULT ||
	    memchr_inv(run->exception.reserved, 0, sizeof(run->exception.reserved)))
		return GZVM_NEXT_USER;

	ret = gzvm_mmu_fault(vcpu, run->exception.fault_gpa);
	if (!ret)
		return GZVM_NEXT_ENTER;

	run->exception.error_code = -ret;
	return GZVM_NEXT_USER;
}

/* The thread in RUN of a vCPU, kept, or NULL. A task stays until RCU's readers are done with it. */
static struct task_struct *gzvm_vcpu_get_thread(struct gzvm_vcpu *vcpu)
{
	struct task_struct *thread;

	guard(rcu)();
	thread = READ_ONCE(vcpu->thread);
	return thread ? get_task_struct(thread) : NULL;
}

/**
 * gzvm_vcpu_yield_to() - give the turn to a vCPU's thread
 * @thread: the thread
 *
 * Context: process.
 * Return: true if it waited for a CPU; not for one that runs or sleeps.
 */
bool gzvm_vcpu_yield_to(struct task_struct *thread)
{
	KUNIT_STATIC_STUB_REDIRECT(gzvm_vcpu_yield_to, thread);

	return yield_to(thread, true) > 0;
}

/*
 * WFE: the guest spins for what another vCPU has, or is next to get, and that one may wait for a
 * CPU of the host. It gets the turn, each of them once in a while. schedule() would not do: it
 * goes on with this thread for as long as its slice lasts.
 */
static void gzvm_vcpu_give_way(struct gzvm_vcpu *vcpu)
{
	unsigned int i, n = vcpu->gave_way_to;

	for (i = 0; i < GZVM_MAX_VCPUS; i++) {
		struct task_struct *thread;
		struct gzvm_vcpu *other;
		bool yielded;

		n = (n + 1) % GZVM_MAX_VCPUS;
		/* Pairs with the release in gzvm_vcpu_new(). */
		other = smp_load_acquire(&vcpu->vm->vcpus[n]);
		thread = other && other != vcpu ? gzvm_vcpu_get_thread(other) : NULL;
		if (!thread)
			continue;
		yielded = gzvm_vcpu_yield_to(thread);
		put_task_struct(thread);
		if (yielded) {
			vcpu->gave_way_to = n;
			return;
		}
	}
}

/**
 * gzvm_exit_dispatch() - handle an exit
 * @vcpu: the vCPU, locked; its run page holds the details
 * @reason: enum gzvm_exit_reason
 *
 * Context: process, interrupts on.
 * Return: what RUN does next.
 */
enum gzvm_next gzvm_exit_dispatch(struct gzvm_vcpu *vcpu, u32 reason)
{
	/* Devices of the VMM: the exits of which there can be most. */
	if (likely(reason == GZVM_EXIT_MMIO))
		return gzvm_exit_mmio(vcpu);

	switch (reason) {
	case GZVM_EXIT_HYPERCALL:
		return gzvm_exit_hypercall(vcpu);
	case GZVM_EXIT_EXCEPTION:
		return gzvm_exit_exception(vcpu);
	case GZVM_EXIT_GZ:
		gzvm_vcpu_give_way(vcpu);
		return GZVM_NEXT_ENTER;
	case GZVM_EXIT_IRQ:
	case GZVM_EXIT_IPI:
		return GZVM_NEXT_ENTER;
	case GZVM_EXIT_IDLE:
		return GZVM_NEXT_SLEEP;
	default:
		return GZVM_NEXT_USER;
	}
}

/**
 * gzvm_exit_payload() - how much of the union an exit fills
 * @run: run page
 * @reason: enum gzvm_exit_reason
 *
 * Return: bytes from the beginning of the union; all of it for a reason that is not known.
 */
size_t gzvm_exit_payload(const struct gzvm_vcpu_run *run, u32 reason)
{
	switch (reason) {
	case GZVM_EXIT_MMIO:
		return sizeof(run->mmio);
	case GZVM_EXIT_HYPERCALL:
		return sizeof(run->hypercall);
	case GZVM_EXIT_FAIL_ENTRY:
		return sizeof(run->fail_entry);
	case GZVM_EXIT_INTERNAL_ERROR:
		return sizeof(run->internal);
	case GZVM_EXIT_SYSTEM_EVENT:
		return sizeof(run->system_event);
	case GZVM_EXIT_SHUTDOWN:
		return 0;
	default:
		return sizeof(run->padding);
	}
}

/**
 * gzvm_exit_name() - name of an exit
 * @index: exit reason minus GZVM_EXIT_UNKNOWN
 *
 * Return: the name, or NULL for a number without meaning.
 */
const char *gzvm_exit_name(unsigned int index)
{
	static const char * const names[GZVM_NR_EXIT_REASONS] = {
		"unknown", "mmio", "hypercall", "irq", "exception", "debug", "fail_entry",
		"internal_error", "system_event", "shutdown", "gz", "idle", [13] = "ipi",
	};

	return index < GZVM_NR_EXIT_REASONS ? names[index] : NULL;
}

/*
 * How long the guest needs nothing: until its nearer timer, as the hypervisor reports it. A report
 * is used once: the next exit may have none and leave the page as it is.
 */
static u64 gzvm_vcpu_idle_ns(const struct gzvm_vcpu *vcpu)
{
	struct gzvm_vcpu_hwstate *hw = vcpu->hwstate;

	if (!hw->vtimer_migrate)
		return GZVM_IDLE_MAX_NS;
	hw->vtimer_migrate = 0;
	/* No timer at all, and a hypervisor that says whom to wake: nothing else is needed. */
	if (le64_to_cpu(hw->vtimer_delay) >= GZVM_IDLE_NO_TIMER &&
	    gzvm_hyp_has(GZVM_HYP_FEAT_WAKE_MASK))
		return KTIME_MAX;
	return gzvm_arch_cycles_to_ns(le64_to_cpu(hw->vtimer_delay));
}

/**
 * gzvm_vcpu_idle() - sleep until the vCPU's timer, a wake-up or a signal
 * @vcpu: the vCPU, locked, after an IDLE exit
 *
 * A wake-up that came since the RUN hypercall began is not lost: it left gzvm_vcpu.wake set.
 *
 * Context: process.
 * Return: 0 after a wake-up or signal, or if the VM is broken; -ETIME when the timer is due.
 */
int gzvm_vcpu_idle(struct gzvm_vcpu *vcpu)
{
	ktime_t expires = ktime_add_safe(vcpu->exit_time,
					 ns_to_ktime(gzvm_vcpu_idle_ns(vcpu)));
	int ret = 0;
	DEFINE_WAIT(wait);

	for (;;) {
		prepare_to_wait(&vcpu->wq, &wait, TASK_INTERRUPTIBLE);
		/* Whoever broke the VM may have set wake before RUN cleared it. */
		if (atomic_read(&vcpu->wake) || READ_ONCE(vcpu->vm->broken) ||
		    signal_pending(current))
			break;
		if (!schedule_hrtimeout_range(&expires, 0, HRTIMER_MODE_ABS)) {
			ret = -ETIME;
			break;
		}
	}
	finish_wait(&vcpu->wq, &wait);
	vcpu->waits_briefly = READ_ONCE(gzvm_brief_waits) && gzvm_hyp_has(GZVM_HYP_FEAT_WAIT) &&
			      ktime_before(ktime_get(), ktime_add_ns(vcpu->exit_time, TICK_NSEC));
	return ret;
}

/**
 * gzvm_vcpu_wake() - make an idle vCPU look again
 * @vcpu: the vCPU
 *
 * What it is to see must be with the hypervisor already: hypercall first, then wake.
 *
 * Context: any.
 */
void gzvm_vcpu_wake(struct gzvm_vcpu *vcpu)
{
	/* Who finds it set need not call: the one who set it does, or has done so. */
	if (!atomic_xchg(&vcpu->wake, 1))
		wake_up(&vcpu->wq);
}

/**
 * gzvm_vm_wake() - wake vCPUs of a VM
 * @vm: the VM
 * @bitmap: their indexes; bits without a vCPU do nothing
 *
 * Context: any.
 */
void gzvm_vm_wake(struct gzvm *vm, u64 bitmap)
{
	unsigned long mask = bitmap & GENMASK(GZVM_MAX_VCPUS - 1, 0);
	struct gzvm_vcpu *vcpu;
	unsigned int i;

	for_each_set_bit(i, &mask, GZVM_MAX_VCPUS) {
		/* Pairs with the release in gzvm_vcpu_new(). */
		vcpu = smp_load_acquire(&vm->vcpus[i]);
		if (vcpu)
			gzvm_vcpu_wake(vcpu);
	}
}
