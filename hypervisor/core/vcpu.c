// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs: creation, end, registers from outside, kicks.
 */
#include <hyp/arch.h>
#include <hyp/errno.h>
#include <hyp/page.h>
#include <hyp/panic.h>
#include <hyp/string.h>
#include <hyp/util.h>
#include <hyp/vm.h>
#include <hyp/world.h>

_Static_assert(sizeof(struct vcpu) <= VCPU_PAGES * PAGE_SIZE, "struct vcpu");

struct vcpu *vcpu_unclaimed[VM_MAX + 1][VGIC_MAX_CPUS];

/* Its redistributor lies behind those of the vCPUs before it, if the VM has them yet. */
static int vcpu_add_frame(struct vm *vm, u32 index)
{
	u32 old = vm->nr_gicr;
	int err = 0;

	spin_lock(&vm->slots_lock);
	vm->nr_gicr = MAX(old, index + 1);
	if (vm->vgic.redist_base != VGIC_NO_FRAME &&
	    !vm_frame_fits(vm, vm->vgic.redist_base, false)) {
		vm->nr_gicr = old;
		err = -EINVAL;
	}
	spin_unlock(&vm->slots_lock);
	return err;
}

/**
 * vcpu_create() - add a vCPU to a VM
 * @vm: the VM
 * @index: below VGIC_MAX_CPUS, not in use; also its MPIDR_EL1.Aff0
 * @buffer: physical address of two pages of the host's: run page, hwstate
 *
 * Number 0 is on, the others are off until PSCI CPU_ON.
 *
 * Return: 0, -EINVAL (also: no room for its redistributor), -EEXIST, -EPERM (the buffer is not the host's), -ENOMEM
 * (no tables of EL2's own to map it).
 */
int vcpu_create(struct vm *vm, u64 index, u64 buffer)
{
	struct vcpu *v;
	void *va;
	int err;

	if (index >= VGIC_MAX_CPUS || !IS_ALIGNED(buffer, PAGE_SIZE))
		return -EINVAL;
	index = vgic_cpu_nospec(index);
	err = page_lend_hyp(pa(buffer), GZVM_VCPU_BUF_PAGES);
	if (err)
		return err;
	spin_lock(&vm->vcpus_lock);
	if (vm->vcpu[index]) {
		err = -EEXIST;
		goto out_unlock;
	}
	va = arch_map_vcpu_buffer(vm->id, index, pa(buffer));
	if (!va) {
		err = -ENOMEM;
		goto out_unlock;
	}
	err = vcpu_add_frame(vm, index);
	if (err) {
		arch_unmap_vcpu_buffer(vm->id, index);
		goto out_unlock;
	}
	/* Its room was the VM's from the beginning: nobody else can have taken it. */
	v = (struct vcpu *)((char *)vm->vcpus + index * VCPU_PAGES * PAGE_SIZE);
	memset(v, 0, sizeof(*v));
	v->vm = vm;
	v->index = index;
	v->slot = &vcpu_unclaimed[vm->id][index];
	v->buffer = pa(buffer);
	v->run = va;
	v->hwstate = (void *)((char *)va + PAGE_SIZE);
	v->hwstate->vtimer_offset = vm->counter_offset;
	vgic_cpu_init(&vm->vgic, &v->vgic, index);
	arch_vcpu_wire(v);
	arch_vcpu_reset(v);
	vm->vcpu[index] = v;
	WRITE_ONCE(vm->nr_vcpus, vm->nr_vcpus + 1);
	WRITE_ONCE(vm->peer[index].mode, VCPU_OUT);
	/* Of a CPU_ON that named one that had this index before. */
	WRITE_ONCE(vm->peer[index].on_ready, 0);
	WRITE_ONCE(vm->peer[index].on_waiters, 0);
	WRITE_ONCE(vm->peer[index].power, index ? VCPU_POWER_OFF : VCPU_POWER_ON);
	/* Complete: anybody may claim it. */
	vcpu_release(v);
	spin_unlock(&vm->vcpus_lock);
	return 0;

out_unlock:
	spin_unlock(&vm->vcpus_lock);
	page_return_hyp(pa(buffer), GZVM_VCPU_BUF_PAGES);
	return err;
}

/**
 * vcpu_free() - the end of a vCPU
 * @v: the vCPU
 *
 * Context: @v is claimed; the caller is a user of the VM.
 */
void vcpu_free(struct vcpu *v)
{
	struct vm *vm = v->vm;
	pa_t buffer = v->buffer;

	spin_lock(&vm->vcpus_lock);
	vm->vcpu[v->index] = NULL;
	WRITE_ONCE(vm->nr_vcpus, vm->nr_vcpus - 1);
	WRITE_ONCE(vm->peer[v->index].power, VCPU_POWER_NONE);
	vgic_cpu_remove(&vm->vgic, v->index);
	arch_unmap_vcpu_buffer(vm->id, v->index);
	spin_unlock(&vm->vcpus_lock);
	page_return_hyp(buffer, GZVM_VCPU_BUF_PAGES);
}

/* Perhaps it is but looked at by vcpu_claim_all(), which is over when its locks are free. */
static __noinline struct vcpu *vcpu_claim_again(struct vcpu **slot, u64 id)
{
	struct vm *vm = vm_get(id);
	struct vcpu *v = NULL;

	if (vm) {
		spin_lock(&vm->vcpus_lock);
		v = __atomic_exchange_n(slot, NULL, __ATOMIC_ACQUIRE);
		spin_unlock(&vm->vcpus_lock);
		vm_put(vm);
	}
	return v;
}

/**
 * vcpu_claim() - find a vCPU and become the one that works on it
 * @tuple: VM and vCPU as the caller gave them
 *
 * By one exchange, without a lock or a count of users: vm.h says why that is enough.
 *
 * Return: the vCPU, to be given back by vcpu_release(); NULL: there is none, or
 * another CPU works on it.
 */
struct vcpu *vcpu_claim(u64 tuple)
{
	u64 id = GZVM_TUPLE_VM(tuple), index = GZVM_TUPLE_VCPU(tuple);
	struct vcpu **slot, *v;

	if (id > VM_MAX || index >= VGIC_MAX_CPUS)
		return NULL;
	index = arch_index_nospec(id * VGIC_MAX_CPUS + index, (VM_MAX + 1) * VGIC_MAX_CPUS);
	slot = &vcpu_unclaimed[0][0] + index;
	/* Acquires what the one who released it has written. */
	v = __atomic_exchange_n(slot, NULL, __ATOMIC_ACQUIRE);
	return likely(v) ? v : vcpu_claim_again(slot, id);
}

/**
 * vcpu_release() - the end of what vcpu_claim() began
 * @v: it, and its VM, may be destroyed from now on
 */
void vcpu_release(struct vcpu *v)
{
	__atomic_store_n(v->slot, v, __ATOMIC_RELEASE);
}

/**
 * vcpu_claim_all() - claim the vCPUs of a VM, so that none is in RUN
 * @vm: the VM
 * @but: the caller has claimed this one already, or NULL
 *
 * Context: vm->vcpus_lock, or vm_table_lock and the VM has no users: a claim that fails
 * meanwhile is tried again under both. Of two callers at once both may be refused.
 * Return: true; false: somebody works on one of them, and the caller has claimed none.
 */
bool vcpu_claim_all(struct vm *vm, const struct vcpu *but)
{
	unsigned int i;

	for (i = 0; i < VGIC_MAX_CPUS; i++) {
		if (vm->vcpu[i] && vm->vcpu[i] != but &&
		    !__atomic_exchange_n(vm->vcpu[i]->slot, NULL, __ATOMIC_ACQUIRE)) {
			vcpu_release_all(vm, i, but);
			return false;
		}
	}
	return true;
}

/**
 * vcpu_release_all() - the end of what vcpu_claim_all() began
 * @vm: the VM
 * @nr: those below this index
 * @but: stays claimed; or NULL
 */
void vcpu_release_all(struct vm *vm, unsigned int nr, const struct vcpu *but)
{
	while (nr--)
		if (vm->vcpu[nr] && vm->vcpu[nr] != but)
			vcpu_release(vm->vcpu[nr]);
}

/**
 * vcpu_reset() - state as after creation
 * @v: the vCPU
 *
 * Context: @v is claimed. The vGIC is reset for the whole VM, elsewhere.
 */
void vcpu_reset(struct vcpu *v)
{
	struct vcpu_peer *peer = &v->vm->peer[v->index];

	v->pending = VCPU_PENDING_NONE;
	arch_vcpu_reset(v);
	WRITE_ONCE(peer->on_ready, 0);
	WRITE_ONCE(peer->on_waiters, 0);
	WRITE_ONCE(peer->power, v->index ? VCPU_POWER_OFF : VCPU_POWER_ON);
}

/**
 * vm_kick() - tell vCPUs that there is news for them
 * @vm: the VM
 * @mask: bit n: vCPU n
 *
 * The news is in memory already. Those inside the guest are made to leave it. Bits of
 * vCPUs that do not exist mean nothing.
 *
 * Context: any lock or none.
 * Return: the vCPUs of @mask that are with the host,
 * which has to call RUN for them.
 */
u32 vm_kick(struct vm *vm, u32 mask)
{
	u32 out = 0;

	if (!mask)
		return 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (; mask; mask &= mask - 1) {
		unsigned int i = __builtin_ctz(mask);
		struct vcpu_peer *peer = &vm->peer[i];
		u32 mode = VCPU_IN_GUEST;

		if (__atomic_compare_exchange_n(&peer->mode, &mode, VCPU_KICKED, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			/*
			 * From here on the target waits in arch_consume_kick() before
			 * it leaves RUN, so it is still on the CPU read after the
			 * exchange.
			 */
			arch_kick(READ_ONCE(peer->cpu));
		else if (mode == VCPU_OUT && READ_ONCE(peer->power) != VCPU_POWER_NONE)
			out |= 1U << i;
	}
	return out;
}
