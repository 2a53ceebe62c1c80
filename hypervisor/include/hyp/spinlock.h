/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ticket locks: fair, so that no CPU starves another one's hypercall. EL2 runs
 * with interrupts masked, so a holder is never preempted on its own CPU.
 *
 * Lock order, outermost first (a CPU that holds one may take only those that
 * stand below it):
 *
 *   vm_table_lock    the table of VMs and their users (core/vm.c)
 *   vm->lock         one VM's stage 2 and mailbox
 *   vm->vcpus_lock   one VM's table of vCPUs
 *   vm->slots_lock   one VM's memory slots
 *   vgic->lock       one VM's virtual GIC
 *   el2_lock         EL2's own page tables (arch/arm64/mmu.c)
 *   page_lock        page records and the host's stage 2 (core/page.c)
 *   pool_lock        free pages (core/pool.c)
 *   log_lock         the log ring and the console
 */
#ifndef HYP_SPINLOCK_H
#define HYP_SPINLOCK_H

#include <hyp/arch.h>
#include <hyp/panic.h>
#include <hyp/types.h>

struct spinlock {
	u32 next; /* the ticket that the next caller draws */
	u32 owner; /* the ticket that is being served */
};

#define SPINLOCK_INIT { 0, 0 }

static inline void spin_lock(struct spinlock *l)
{
	u32 ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket)
		arch_cpu_relax();
}

static inline bool spin_trylock(struct spinlock *l)
{
	u32 owner = __atomic_load_n(&l->owner, __ATOMIC_ACQUIRE);
	u32 expected = owner;

	return __atomic_compare_exchange_n(&l->next, &expected, owner + 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->owner, l->owner + 1, __ATOMIC_RELEASE);
}

/* For assertions only: somebody holds it. */
static inline bool spin_is_locked(const struct spinlock *l)
{
	return READ_ONCE(l->next) != READ_ONCE(l->owner);
}

#endif
