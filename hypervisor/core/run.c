// SPDX-License-Identifier: GPL-2.0-only
/*
 * RUN: enter a vCPU until the host has something to do.
 */
#include <hyp/arch.h>
#include <hyp/errno.h>
#include <hyp/page.h>
#include <hyp/panic.h>
#include <hyp/psci.h>
#include <hyp/string.h>
#include <hyp/util.h>
#include <hyp/vm.h>
#include <hyp/world.h>

/**
 * vm_post_event() - the VM as a whole stops: power off, reset, or its end
 * @vm: the VM
 * @type: enum gzvm_system_event
 * @data: GZVM_CRASH_NDATA words, or NULL
 * @wake: vCPUs to be kicked or woken: all
 *
 * The first event counts. Every vCPU that is inside the guest leaves it and reports
 * the event, those that wait with the host are woken for it, and so does every later
 * RUN, until the VM is reset.
 */
void vm_post_event(struct vm *vm, u32 type, const u64 *data, u32 *wake)
{
	u32 none = 0;

	if (!__atomic_compare_exchange_n(&vm->event.type, &none, type, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		return;
	if (data)
		memcpy(vm->event.data, data, sizeof(vm->event.data));
	__atomic_store_n(&vm->event.ready, 1, __ATOMIC_RELEASE);
	*wake |= (1U << VGIC_MAX_CPUS) - 1;
}

static u64 run_report_event(struct vcpu *v)
{
	const struct vm_event *event = &v->vm->event;
	struct gzvm_vcpu_run *run = v->run;
	unsigned int i;

	/* Another CPU has decided the type and is about to write the rest. */
	while (!__atomic_load_n(&event->ready, __ATOMIC_ACQUIRE))
		arch_cpu_relax();
	memset(&run->system_event, 0, sizeof(run->system_event));
	run->system_event.type = event->type;
	if (event->type == GZVM_SYSTEM_EVENT_CRASH) {
		run->system_event.ndata = GZVM_CRASH_NDATA;
		for (i = 0; i < GZVM_CRASH_NDATA; i++)
			run->system_event.data[i] = event->data[i];
	}
	return GZVM_EXIT_SYSTEM_EVENT;
}

static void run_crash(struct vcpu *v, u32 reason, u64 esr, u64 far, u32 *wake)
{
	u64 data[GZVM_CRASH_NDATA] = {
		[GZVM_CRASH_DATA_REASON] = reason,
		[GZVM_CRASH_DATA_ESR] = esr,
		[GZVM_CRASH_DATA_FAR] = far,
		[GZVM_CRASH_DATA_PC] = arch_vcpu_pc(v),
		[GZVM_CRASH_DATA_PSTATE] = arch_vcpu_pstate(v),
		[GZVM_CRASH_DATA_VCPU] = v->index,
	};

	vm_post_event(v->vm, GZVM_SYSTEM_EVENT_CRASH, data, wake);
}

static u64 run_swap(u64 value, unsigned int size)
{
	return __builtin_bswap64(value) >> (64 - 8 * size);
}

/* A load's data as the register gets it (Arm ARM, ESR_EL2.ISS of a data abort). */
static inline __attribute__((always_inline)) void run_load(struct vcpu *v,
							   const struct vcpu_mmio *m, u64 value)
{
	unsigned int bits = 8 * m->size;

	if (bits < 64)
		value &= (1UL << bits) - 1;
	if (m->swap)
		value = run_swap(value, m->size);
	if (m->sign_extend)
		value = (u64)((s64)(value << (64 - bits)) >> (64 - bits));
	if (!m->reg64)
		value = (u32)value;
	arch_vcpu_set_x(v, m->reg, value);
}

/* Whom a CPU_ON waits for: x1 is its argument still, unless the host has changed it. */
static struct vcpu_peer *run_awaited(const struct vcpu *v)
{
	return &v->vm->peer[vgic_cpu_nospec(arch_vcpu_get_x(v, 1) % VGIC_MAX_CPUS)];
}

/* Cycles that a CPU_ON goes on to wait: what has woken it was not for it, nor an interrupt. */
static __noinline u64 run_waits_on(struct vcpu *v)
{
	u64 now = arch_counter();

	if (v->pending != VCPU_PENDING_CPU_ON || now >= v->on_until ||
	    READ_ONCE(run_awaited(v)->power) != VCPU_POWER_ON_PENDING ||
	    READ_ONCE(v->vm->event.type) || vgic_pending(&v->vgic))
		return 0;
	return v->on_until - now;
}

/*
 * The answer to the last exit. Only the data come from the page, which the host and
 * its userspace can write at any time: each word is read once.
 */
static void run_complete(struct vcpu *v)
{
	unsigned int i;
	u64 value;

	switch (v->pending) {
	case VCPU_PENDING_MMIO_READ:
		value = READ_ONCE(*(u64 *)v->run->mmio.data);
		run_load(v, &v->mmio, value);
		break;
	case VCPU_PENDING_HYPERCALL:
		for (i = 0; i < 4; i++)
			arch_vcpu_set_x(v, i, READ_ONCE(v->run->hypercall.args[i]));
		break;
	case VCPU_PENDING_CPU_ON:
		if (READ_ONCE(run_awaited(v)->power) != VCPU_POWER_ON_PENDING)
			arch_vcpu_set_x(v, 0, PSCI_ALREADY_ON);
		break;
	}
	v->pending = VCPU_PENDING_NONE;
}

static u64 run_idle(struct vcpu *v, u64 delay)
{
	/* A timer far ahead is not none: the host looks again a little earlier. */
	v->hwstate->vtimer_delay = delay == ~0ULL ? GZVM_IDLE_NO_TIMER :
				   MIN(delay, (u64)GZVM_IDLE_NO_TIMER - 1);
	v->hwstate->vtimer_migrate = 1;
	return GZVM_EXIT_IDLE;
}

/*
 * A vCPU that is off waits with the host, or learns of the VM's event there; one that
 * CPU_ON has named starts, for which it has to be out of the guest's world.
 * @wake: those that wait for that, which the host is told of first
 * Return: 0: it is on, or the exit reason.
 */
static __noinline u64 run_power_up(struct vcpu *v, u32 *wake)
{
	struct vcpu_peer *peer = &v->vm->peer[v->index];

	if (READ_ONCE(v->vm->event.type))
		return run_report_event(v);
	if (!__atomic_load_n(&peer->on_ready, __ATOMIC_ACQUIRE))
		return run_idle(v, ~0ULL);
	WRITE_ONCE(peer->on_ready, 0);
	arch_vcpu_reset(v);
	arch_vcpu_set_entry(v, peer->on_entry, peer->on_arg);
	__atomic_store_n(&peer->power, VCPU_POWER_ON, __ATOMIC_SEQ_CST);
	*wake |= vm_kick(v->vm, __atomic_exchange_n(&peer->on_waiters, 0, __ATOMIC_SEQ_CST));
	return *wake ? GZVM_EXIT_IPI : 0;
}

/**
 * run_wait() - the guest waits: WFI, or a standby by PSCI CPU_SUSPEND
 * @v: loaded
 * @most: cycles after which it goes on without an interrupt; ~0: never
 *
 * Return: 0: something is pending already; GZVM_EXIT_IDLE otherwise.
 */
u64 run_wait(struct vcpu *v, u64 most)
{
	u64 delay = MIN(arch_vcpu_timer_delay(v), most);

	if (!vgic_pending(&v->vgic))
		return run_idle(v, delay);
	v->stats.handled[GZVM_HANDLED_WFX]++;
	return 0;
}

static u64 run_page_fault(struct vcpu *v, u64 gpa)
{
	memset(&v->run->exception, 0, sizeof(v->run->exception));
	v->run->exception.exception = GZVM_EXCEPTION_PAGE_FAULT;
	v->run->exception.fault_gpa = gpa;
	return GZVM_EXIT_EXCEPTION;
}

static inline struct vcpu_mmio run_mmio_of(const struct guest_exit *e)
{
	return (struct vcpu_mmio){
		.reg = e->reg, .size = e->size, .sign_extend = e->sign_extend, .reg64 = e->reg64,
		.swap = e->swap,
	};
}

static u64 run_mmio(struct vcpu *v, const struct guest_exit *e)
{
	struct gzvm_vcpu_run *run = v->run;
	unsigned int i;
	u64 data = 0;

	run->mmio.phys_addr = e->addr;
	run->mmio.size = e->size;
	run->mmio.reg_nr = e->reg;
	run->mmio.is_write = e->write;
	for (i = 0; i < ARRAY_SIZE(run->mmio.padding); i++)
		run->mmio.padding[i] = 0;
	if (e->write) {
		data = e->swap ? run_swap(e->data, e->size) : e->data;
	} else {
		v->mmio = run_mmio_of(e);
		v->pending = VCPU_PENDING_MMIO_READ;
	}
	*(u64 *)run->mmio.data = data;
	arch_vcpu_skip(v, e->esr);
	return GZVM_EXIT_MMIO;
}

/* The end of an access to the virtual GIC. */
static bool run_gic_done(struct vcpu *v, const struct guest_exit *e, u64 value)
{
	const struct vcpu_mmio m = run_mmio_of(e);

	v->stats.handled[GZVM_HANDLED_GIC]++;
	if (!e->write)
		run_load(v, &m, value);
	arch_vcpu_skip(v, e->esr);
	return true;
}

/*
 * True: the access was one to the virtual GIC, and is complete. A read changes nothing
 * of the vGIC.
 */
static bool run_gic(struct vcpu *v, const struct guest_exit *e, u32 *wake)
{
	bool fault = false;
	u64 value = 0;

	if (e->write)
		value = e->swap ? run_swap(e->data, e->size) : e->data;
	if (!vgic_access(&v->vgic, ipa(e->addr), e->size, e->write, &value, wake, &fault))
		return false;
	if (!v->vgic.again && !fault)
		return run_gic_done(v, e, value);
	/* Again: the instruction is executed once more. */
	v->stats.handled[GZVM_HANDLED_GIC]++;
	if (!v->vgic.again)
		arch_inject_external_abort(v, e);
	return true;
}

static u64 run_abort(struct vcpu *v, const struct guest_exit *e, u32 *wake)
{
	struct vm *vm = v->vm;
	bool memory = false;

	/* First the GIC: its frames lie over no slot, and this needs no lock. */
	if (e->valid && vgic_covers(&v->vgic, e->addr) && run_gic(v, e, wake))
		return 0;
	/* Most devices lie below all memory. */
	if (e->addr >= READ_ONCE(vm->slots_from)) {
		spin_lock(&vm->slots_lock);
		memory = vm_slot_find(vm, e->addr >> PAGE_SHIFT);
		spin_unlock(&vm->slots_lock);
	}
	if (memory)
		return run_page_fault(v, e->addr);
	if (e->valid)
		return run_mmio(v, e);
	v->stats.handled[GZVM_HANDLED_ABORT]++;
	if (e->vector) {
		/* No exception can be given to this guest: it would take this one for ever. */
		run_crash(v, GZVM_CRASH_BAD_ABORT, e->esr, e->far, wake);
		return 0;
	}
	/* Cache maintenance of a device has nothing to clean (Arm ARM D7.5.9). */
	if (e->cache_op)
		arch_vcpu_skip(v, e->esr);
	else
		arch_inject_external_abort(v, e);
	return 0;
}

/*
 * Exits that change nothing which the list registers depend on, and there most of
 * them end: the vCPU keeps its list registers, for others it is in the guest all the
 * time, and who has news for it kicks it as if it were.
 * Return: true: enter it again;
 * false: vgic_sync(), then run_exit().
 */
static bool run_answer(struct vcpu *v, struct guest_exit *e, u32 *wake)
{
	u64 value;

	switch (e->kind) {
	case GUEST_EXIT_AGAIN:
		return true;
	case GUEST_EXIT_HVC:
		return guest_call_answer(v);
	case GUEST_EXIT_ABORT:
		return e->valid && !e->write &&
		       vgic_read(&v->vgic, ipa(e->addr), e->size, &value) &&
		       run_gic_done(v, e, value);
	case GUEST_EXIT_SGI:
		/* While none of the vGIC's state is in list registers. */
		if (v->vgic.hw.used_lrs)
			return false;
		vgic_sgi(&v->vgic, e->data, e->group1, &e->wake);
		arch_vcpu_skip(v, e->esr);
		e->kind = GUEST_EXIT_VGIC;
		*wake |= vm_kick(v->vm, e->wake);
		e->wake = 0;
		return !*wake && !vgic_has_queued(&v->vgic);
	default:
		return false;
	}
}

/*
 * One exit of the guest.
 * Return: 0 to enter it again, or the exit reason for the
 * host.
 */
static u64 run_exit(struct vcpu *v, const struct guest_exit *e, u32 *wake)
{
	if (likely(e->kind == GUEST_EXIT_ABORT))
		return run_abort(v, e, wake);
	switch (e->kind) {
	case GUEST_EXIT_VGIC:
		return 0;
	case GUEST_EXIT_KICK:
		v->stats.handled[GZVM_HANDLED_IRQ]++;
		return 0;
	case GUEST_EXIT_IRQ:
		return GZVM_EXIT_IRQ;
	case GUEST_EXIT_HVC:
		v->stats.handled[GZVM_HANDLED_HVC]++;
		return guest_call(v, wake);
	case GUEST_EXIT_SMC:
		/* No firmware below a guest: SMCCC NOT_SUPPORTED. */
		v->stats.handled[GZVM_HANDLED_SMC]++;
		arch_vcpu_set_x(v, 0, (u64)-1);
		arch_vcpu_skip(v, e->esr);
		return 0;
	case GUEST_EXIT_SGI:
		vgic_sgi(&v->vgic, e->data, e->group1, wake);
		arch_vcpu_skip(v, e->esr);
		return 0;
	case GUEST_EXIT_WFI:
		arch_vcpu_skip(v, e->esr);
		return run_wait(v, ~0ULL);
	case GUEST_EXIT_WFE:
		/* A spin: who holds the lock may wait for this CPU. The host yields it. */
		arch_vcpu_skip(v, e->esr);
		return GZVM_EXIT_GZ;
	case GUEST_EXIT_CRASH:
		run_crash(v, e->reason, e->esr, e->far, wake);
		return 0;
	default:
		panic("guest exit %u", e->kind);
	}
}

/*
 * The guest's news for other vCPUs: kick, or have the host run them. An event of the
 * VM is reported at once, with the same bitmap.
 */
static u64 run_wake(struct vcpu *v, u32 mask, u32 *wake)
{
	*wake |= vm_kick(v->vm, mask & ~(1U << v->index));
	return *wake && !READ_ONCE(v->vm->event.type) ? GZVM_EXIT_IPI : 0;
}

static void run_consume_kick(struct vcpu_peer *peer)
{
	arch_consume_kick();
	WRITE_ONCE(peer->mode, VCPU_IN_GUEST);
	/* Say so first, then look for news. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/*
 * The host has nothing else for this CPU, so the guest's wait need not give it back: what
 * ends it finds the vCPU here, in its world. Any interrupt does, and if it was not for the
 * guest the wait goes on with the host. Not while the host is to be told of something: whom
 * to run, ends of interrupts, a CPU_ON to be tried again.
 */
static u64 run_linger(struct vcpu *v, u32 wake)
{
	struct vcpu_peer *peer = &v->vm->peer[v->index];

	/* The kick of this is consumed where it came with the exit, and nobody wakes for it. */
	if (unlikely(READ_ONCE(v->vm->event.type)))
		return 0;
	if (!v->may_wait || wake || vgic_eoi_due(&v->vgic) || v->pending)
		return GZVM_EXIT_IDLE;
	arch_wait(v);
	if (READ_ONCE(peer->mode) != VCPU_KICKED)
		return run_wait(v, ~0ULL);
	/* News, whatever of: the loop looks. */
	run_consume_kick(peer);
	v->stats.handled[GZVM_HANDLED_WFX]++;
	return 0;
}

/*
 * The loop around the guest. Leaves with the mode OUT, and no kick on its way: a
 * kick that was sent while an idle vCPU was leaving is news that it must look at.
 */
static u64 run_loop(struct vcpu *v, struct vcpu_peer *peer, u32 *wake)
{
	struct vm *vm = v->vm;
	struct guest_exit e;
	u64 reason = 0;
	u32 others;

again:
	while (!reason) {
		if (unlikely(READ_ONCE(vm->event.type))) {
			reason = run_report_event(v);
			break;
		}
		if (READ_ONCE(peer->power) != VCPU_POWER_ON) {
			/* PSCI CPU_OFF. */
			reason = run_idle(v, ~0ULL);
			break;
		}
		vgic_flush(&v->vgic);
		arch_vgic_load(v);
		do {
			arch_vcpu_enter(v, &e);
			v->stats.entries++;
		} while (run_answer(v, &e, wake));
		arch_vgic_store(v);
		if (unlikely(READ_ONCE(peer->mode) == VCPU_KICKED))
			run_consume_kick(peer);
		else if (unlikely(e.kind == GUEST_EXIT_KICK))
			e.kind = GUEST_EXIT_IRQ; /* the kick's number, but not ours */
		others = e.wake;
		vgic_sync(&v->vgic, &others);
		reason = run_exit(v, &e, &others);
		if (unlikely(others | *wake)) {
			u64 ipi = run_wake(v, others, wake);

			if (!reason)
				reason = ipi;
		}
		if (reason == GZVM_EXIT_IDLE)
			reason = run_linger(v, *wake);
		if (!reason && unlikely(vgic_eoi_due(&v->vgic)))
			reason = GZVM_EXIT_IRQ;
	}
	if (__atomic_exchange_n(&peer->mode, VCPU_OUT, __ATOMIC_SEQ_CST) == VCPU_KICKED) {
		arch_consume_kick();
		/* Who else has to run is the host's to know at once: it calls again. */
		if (reason == GZVM_EXIT_IDLE && *wake)
			return GZVM_EXIT_IPI;
		if (reason == GZVM_EXIT_IDLE && !run_waits_on(v)) {
			__atomic_store_n(&peer->mode, VCPU_IN_GUEST, __ATOMIC_SEQ_CST);
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			run_complete(v);
			reason = 0;
			goto again;
		}
	}
	return reason;
}

static void run_report_lrs(struct vcpu *v)
{
	u64 lr[VGIC_MAX_LRS];
	unsigned int i;
	bool due = vgic_eoi_due(&v->vgic);

	if (!due && !v->lrs_reported && !v->vgic.nr_lr_images)
		return;
	v->lrs_reported = vgic_eoi_report(&v->vgic, lr) || v->vgic.nr_lr_images;
	v->hwstate->nr_lrs = v->vgic.hw.nr_lrs;
	for (i = 0; i < VGIC_MAX_LRS; i++)
		v->hwstate->lr[i] = lr[i];
}

static u64 run_enter(struct vcpu *v, struct vcpu_peer *peer, u32 *wake)
{
	u64 reason;

	WRITE_ONCE(peer->cpu, arch_cpu());
	__atomic_store_n(&peer->mode, VCPU_IN_GUEST, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	arch_vcpu_load(v);
	reason = run_loop(v, peer, wake);
	arch_vcpu_put(v);
	run_report_lrs(v);
	return reason;
}

/**
 * run_vcpu() - RUN
 * @v: claimed
 * @wake: result: vCPUs that the host has to run
 *
 * Context: interrupts masked, no lock.
 * Return: exit reason, also in the run page.
 */
u64 run_vcpu(struct vcpu *v, u32 *wake)
{
	struct vcpu_peer *peer = &v->vm->peer[v->index];
	u64 reason, left;

	*wake = 0;
	v->stats.runs++;
	if (v->pending != VCPU_PENDING_NONE) {
		left = v->pending == VCPU_PENDING_CPU_ON ? run_waits_on(v) : 0;
		if (unlikely(left)) {
			reason = run_idle(v, left);
			goto out;
		}
		run_complete(v);
	}
	do {
		reason = 0;
		if (unlikely(READ_ONCE(peer->power) != VCPU_POWER_ON))
			reason = run_power_up(v, wake);
		if (!reason)
			reason = run_enter(v, peer, wake);
		/*
		 * CPU_ON may have named a vCPU on its way out of CPU_OFF: its caller saw
		 * it inside RUN, so nobody else would have it run.
		 */
	} while (reason == GZVM_EXIT_IDLE && READ_ONCE(peer->on_ready));
out:
	v->run->exit_reason = reason;
	v->stats.exits[reason - GZVM_EXIT_UNKNOWN]++;
	return reason;
}
