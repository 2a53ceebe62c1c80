// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must hold after each operation of the fuzzer. Tables are read here by their format
 * (Arm ARM D8.3), not by the hypervisor's own walker.
 */
#include <string.h>

#include "core/page_impl.h"
#include "fake_arch.h"
#include "fake_world.h"
#include "fuzz.h"

#define VALID 1UL
#define TABLE 2UL
#define ADDRESS 0x0000fffffffff000UL

#define FAIL(...) fuzz_fail(__VA_ARGS__)

static u32 borrowed[FUZZ_PAGES]; /* mappings of each page, in all VMs, and EL2's own */
static u32 table_seen[FUZZ_PAGES], seen_now; /* tables must be in one place */

struct count {
	const struct pgtable *pt;
	u64 pages, blocks, tables;
	u64 ram; /* bytes of RAM that are mapped */
	bool host, whole; /* nobody is in the middle of a change */
};

static bool in_ram(u64 pa, u64 size)
{
	return pa >= FUZZ_RAM && size <= FUZZ_RAM_SIZE && pa - FUZZ_RAM <= FUZZ_RAM_SIZE - size;
}

static bool in_pool(u64 pa, u64 size)
{
	return pa < FUZZ_POOL + fuzz_pool_size && pa + size > FUZZ_POOL;
}

static void leaf(struct count *c, u64 ia, u64 desc, unsigned int level)
{
	u64 size = 1UL << (39 - 9 * level), out = desc & ADDRESS;

	if (level == 3)
		c->pages++;
	else
		c->blocks++;
	if (out & (size - 1))
		FAIL("VM %u: the leaf 0x%lx at 0x%lx is not aligned", c->pt->vmid, desc, ia);
	if (in_pool(out, size))
		FAIL("VM %u has the hypervisor's memory at 0x%lx: 0x%lx", c->pt->vmid, ia, out);
	if (c->host) {
		if (out != ia)
			FAIL("the host has 0x%lx at 0x%lx", out, ia);
		if (in_ram(out, size))
			c->ram += size;
		else if (out < FUZZ_RAM + FUZZ_RAM_SIZE && out + size > FUZZ_RAM)
			FAIL("the host's leaf at 0x%lx is RAM in part", ia);
		return;
	}
	if (!in_ram(out, size))
		FAIL("VM %u has 0x%lx at 0x%lx, which is no RAM", c->pt->vmid, out, ia);
	/* Read, write, execute; accessed; normal memory, inner shareable. */
	if ((desc & 0x0040000000000fc0UL) != 0x7c0)
		FAIL("VM %u: attributes 0x%lx at 0x%lx", c->pt->vmid, desc, ia);
	for (u64 i = 0; i < size >> PAGE_SHIFT; i++)
		borrowed[((out - FUZZ_RAM) >> PAGE_SHIFT) + i]++;
}

static void walk(struct count *c, u64 table, u64 ia, unsigned int level, unsigned int entries)
{
	const volatile u64 *t = fake_va(table);

	for (unsigned int i = 0; i < entries; i++) {
		u64 desc = t[i], at = ia + ((u64)i << (39 - 9 * level));

		if (!desc)
			continue;
		if (!(desc & VALID)) {
			if (c->whole)
				FAIL("VM %u: 0x%lx at 0x%lx is neither valid nor zero",
				     c->pt->vmid, desc, at);
			continue;
		}
		if (level < 3 && (desc & TABLE)) {
			u64 page = desc & ADDRESS, n = (page - FUZZ_RAM) >> PAGE_SHIFT;

			if (!in_pool(page, PAGE_SIZE) || table_seen[n] == seen_now)
				FAIL("VM %u: table 0x%lx is not its own", c->pt->vmid, page);
			table_seen[n] = seen_now;
			c->tables++;
			walk(c, page, at, level + 1, 512);
		} else if (level == 3 ? desc & TABLE : level > 0) {
			leaf(c, at, desc, level);
		} else {
			FAIL("VM %u: descriptor 0x%lx at level %u", c->pt->vmid, desc, level);
		}
	}
}

static struct count count_tables(const struct pgtable *pt, bool host, bool whole)
{
	struct count c = { .pt = pt, .host = host, .whole = whole };

	walk(&c, fake_pa(pt->root), 0, pt->start_level, 512 * stage2_root_pages());
	if (whole && (c.pages != pt->pages || c.blocks != pt->blocks || c.tables != pt->tables))
		FAIL("VM %u counts %lu pages, %lu blocks, %lu tables; it has %lu, %lu, %lu",
		     pt->vmid, pt->pages, pt->blocks, pt->tables, c.pages, c.blocks, c.tables);
	return c;
}

static void borrow(u64 page, unsigned int pages)
{
	if (!in_ram(page, pages * PAGE_SIZE))
		FAIL("EL2 uses 0x%lx, which is no RAM", page);
	while (pages--)
		borrowed[((page - FUZZ_RAM) >> PAGE_SHIFT) + pages]++;
}

/* Every access that is still possible through a TLB is to a page that is still lent. */
static void check_kept(const struct fake_mmu *mmu, u64 ia, u64 out, u64 size)
{
	for (u64 i = 0; mmu->vmid && i < size >> PAGE_SHIFT; i++) {
		const struct page_record *rec;

		if (!in_ram(out, size))
			FAIL("a TLB has 0x%lx of VM %u, which is no RAM", out, mmu->vmid);
		rec = &fuzz_records[((out - FUZZ_RAM) >> PAGE_SHIFT) + i];
		if (rec->owner != PAGE_OWNER_HOST || !rec->borrowers)
			FAIL("a TLB has 0x%lx of VM %u at 0x%lx, which is not lent", ia, mmu->vmid,
			     out);
	}
}

static void check_records(bool whole)
{
	u64 pool_first = (FUZZ_POOL - FUZZ_RAM) >> PAGE_SHIFT;
	u64 pool_end = pool_first + (fuzz_pool_size >> PAGE_SHIFT);

	for (u64 i = 0; i < FUZZ_PAGES; i++) {
		const struct page_record *rec = &fuzz_records[i];
		u16 owner = i >= pool_first && i < pool_end ? PAGE_OWNER_HYP : PAGE_OWNER_HOST;
		u32 real = rec->borrowers - fuzz_bias[i];

		if (rec->owner != owner || rec->state != PAGE_OWNED)
			FAIL("page 0x%lx: owner %u, state %u", FUZZ_RAM + (i << PAGE_SHIFT),
			     rec->owner, rec->state);
		if (whole ? real != borrowed[i] : real < borrowed[i])
			FAIL("page 0x%lx: %u borrowers are counted, there are %u",
			     FUZZ_RAM + (i << PAGE_SHIFT), real, borrowed[i]);
	}
}

/* A list, its order, and what each member says of itself. Return: members. */
static unsigned int check_list(struct vm *vm, const struct vgic_link *head, unsigned int queue,
			       unsigned int cpu, int bucket, int group)
{
	unsigned int n = 0;
	u8 last = 0;

	for (const struct vgic_link *l = head->next; l != head; l = l->next) {
		const struct vgic_irq *irq = container_of(l, struct vgic_irq, link);

		if (l->next->prev != l || l->prev->next != l || irq->queue != queue)
			FAIL("VM %u: a broken list", vm->id);
		if (queue != VGIC_Q_PARKED && irq->q_cpu != cpu)
			FAIL("VM %u: INTID %u is on vCPU %u's list", vm->id, irq->intid, cpu);
		if (irq->active != (queue == VGIC_Q_ACTIVE))
			FAIL("VM %u: INTID %u, active %u, is on list %u", vm->id, irq->intid,
			     irq->active, queue);
		if (bucket >= 0 && (irq->q_prio >> 3 != bucket || irq->q_prio < last ||
				    irq->q_group != group))
			FAIL("VM %u: INTID %u is in the wrong place", vm->id, irq->intid);
		last = irq->q_prio;
		if (++n > VGIC_NR_IRQS)
			FAIL("VM %u: a list without end", vm->id);
	}
	return n;
}

static unsigned int check_vgic_cpu(struct vm *vm, struct vgic_cpu *c)
{
	unsigned int n = 0;

	for (unsigned int group = 0; group < 2; group++)
		for (unsigned int b = 0; b < VGIC_NR_BUCKETS; b++) {
			const struct vgic_link *head = &c->pend[group][b];
			unsigned int m = check_list(vm, head, VGIC_Q_PENDING, c->index, b, group);

			if (!m != !(c->pend_map[group] >> b & 1))
				FAIL("VM %u: vCPU %u: map of lists", vm->id, c->index);
			n += m;
		}
	n += check_list(vm, &c->active, VGIC_Q_ACTIVE, c->index, -1, 0);
	if (n != c->nr_queued)
		FAIL("VM %u: vCPU %u has %u interrupts queued, not %u", vm->id, c->index, n,
		     c->nr_queued);
	if (!c->loaded && c->hw.used_lrs)
		FAIL("VM %u: vCPU %u is out, with list registers", vm->id, c->index);
	for (unsigned int i = 0; i < c->hw.used_lrs; i++) {
		const struct vgic_irq *irq = c->lr_irq[i];

		if (!irq->in_lr || irq->lr_cpu != c->index || irq->intid != (u32)c->hw.lr[i])
			FAIL("VM %u: vCPU %u: list register %u", vm->id, c->index, i);
	}
	return n;
}

/* Nobody holds the lock. */
static void check_vgic_lists(struct vm *vm)
{
	unsigned int lrs = 0;

	for (unsigned int i = 0; i < VGIC_MAX_CPUS; i++) {
		if (!!vm->vcpu[i] != !!vm->vgic.cpu[i])
			FAIL("VM %u: vCPU %u is not the vGIC's", vm->id, i);
		if (!vm->vcpu[i])
			continue;
		check_vgic_cpu(vm, &vm->vcpu[i]->vgic);
		lrs += vm->vcpu[i]->vgic.hw.used_lrs;
	}
	if (lrs != vm->vgic.nr_in_lrs)
		FAIL("VM %u: %u list registers, counted %u", vm->id, lrs, vm->vgic.nr_in_lrs);
	if (check_list(vm, &vm->vgic.parked, VGIC_Q_PARKED, 0, -1, 0) != vm->vgic.nr_parked)
		FAIL("VM %u: %u interrupts are parked", vm->id, vm->vgic.nr_parked);
}

static void check_irq(struct vm *vm, const struct vgic_irq *irq, u32 *queued)
{
	bool pending = (!irq->edge && irq->line) || irq->latch || irq->lr_latch;
	bool has_target = irq->route < VGIC_MAX_CPUS && vm->vgic.cpu[irq->route];

	queued[irq->queue]++;
	if (irq->in_lr) {
		const struct vgic_cpu *c = vm->vgic.cpu[irq->lr_cpu % VGIC_MAX_CPUS];

		if (irq->lr_cpu >= VGIC_MAX_CPUS || !c || !c->loaded)
			FAIL("VM %u: INTID %u is in a list register of nobody", vm->id, irq->intid);
		return;
	}
	if (irq->lr_latch || irq->set_active || irq->drop_active)
		FAIL("VM %u: INTID %u is out of its list register, but not all", vm->id,
		     irq->intid);
	if (irq->active != (irq->queue == VGIC_Q_ACTIVE) && irq->queue != VGIC_Q_NONE)
		FAIL("VM %u: INTID %u is active on list %u", vm->id, irq->intid, irq->queue);
	/* An interrupt that is on, waits and has a target is not forgotten. */
	if (irq->enabled && pending && !irq->active && has_target &&
	    irq->queue != VGIC_Q_PENDING)
		FAIL("VM %u: INTID %u is lost", vm->id, irq->intid);
	/* Nor one that any vCPU may take: it waits for the first that can. */
	if (irq->enabled && pending && !irq->active && (irq->route & BIT(31)) &&
	    irq->intid >= VGIC_NR_PRIVATE && irq->queue == VGIC_Q_NONE)
		FAIL("VM %u: INTID %u, which any vCPU may take, is lost", vm->id, irq->intid);
	if (irq->queue == VGIC_Q_PENDING &&
	    (irq->q_prio != irq->priority || irq->q_group != irq->group1))
		FAIL("VM %u: INTID %u is queued by another priority", vm->id, irq->intid);
	if (irq->queue == VGIC_Q_PENDING && (!irq->enabled || !pending || irq->active))
		FAIL("VM %u: INTID %u is queued without reason", vm->id, irq->intid);
}

void fuzz_check_vgic(struct vm *vm)
{
	u32 queued[4] = { 0 }, on_lists = 0;

	if (!fuzz_all_wait())
		return;
	for (unsigned int i = 0; i < VGIC_NR_SPIS; i++)
		check_irq(vm, &vm->spi[i], queued);
	for (unsigned int c = 0; c < VGIC_MAX_CPUS; c++) {
		if (!vm->vgic.cpu[c])
			continue;
		for (unsigned int i = 0; i < VGIC_NR_PRIVATE; i++)
			check_irq(vm, &vm->vgic.cpu[c]->priv[i], queued);
		on_lists += vm->vgic.cpu[c]->nr_queued;
	}
	if (queued[VGIC_Q_PENDING] + queued[VGIC_Q_ACTIVE] < on_lists ||
	    queued[VGIC_Q_PARKED] != vm->vgic.nr_parked)
		FAIL("VM %u: interrupts on lists that nobody has", vm->id);
}

static void check_locks(struct vm *vm)
{
	if (spin_is_locked(&vm->lock) || spin_is_locked(&vm->vcpus_lock) ||
	    spin_is_locked(&vm->slots_lock) || spin_is_locked(&vm->vgic.lock))
		FAIL("VM %u: a lock is left held", vm->id);
}

/* Who is in RUN, which keeps its vCPU and is no user of the VM. */
static void check_users(struct vm *vm)
{
	for (unsigned int i = 0; i < VGIC_MAX_CPUS; i++) {
		struct vcpu *v = vm->vcpu[i];
		bool claimed;

		if (!v) {
			if (vm->peer[i].power != VCPU_POWER_NONE)
				FAIL("VM %u: vCPU %u is not there, but has power", vm->id, i);
			continue;
		}
		if (v->index != i || v->vm != vm || v->run != fake_va(v->buffer.v))
			FAIL("VM %u: vCPU %u is not itself", vm->id, i);
		claimed = !*v->slot;
		if (v->arch.loaded != claimed ||
		    v->arch.loaded == (vm->peer[i].mode == VCPU_OUT))
			FAIL("VM %u: vCPU %u is loaded %u, runs %u, mode %u", vm->id, i,
			     v->arch.loaded, claimed, vm->peer[i].mode);
	}
	if (vm->users)
		FAIL("VM %u has %u users", vm->id, vm->users);
}

static void check_slots(const struct vm *vm)
{
	for (u32 i = 0; i < vm->nr_slots; i++) {
		const struct vm_slot *s = &vm->slot[i];
		u64 end = s->gpa + (s->pages << PAGE_SHIFT);

		if (!s->pages || end > 1UL << stage2_ipa_bits() ||
		    (i && s->gpa < s[-1].gpa + (s[-1].pages << PAGE_SHIFT)))
			FAIL("VM %u: slot %u", vm->id, s->id);
	}
}

static u64 promised(const struct pool_quota *q)
{
	return q->reserved > q->used ? q->reserved - q->used : 0;
}

static void check_vm(struct vm *vm, bool whole)
{
	struct count c = count_tables(&vm->stage2, false, whole);
	u64 used = fuzz_vm_pages() + c.tables;

	for (unsigned int i = 0; i < VGIC_MAX_CPUS; i++)
		if (vm->vcpu[i])
			borrow(vm->vcpu[i]->buffer.v, GZVM_VCPU_BUF_PAGES);
	if (vm->mailbox.v)
		borrow(vm->mailbox.v, 1);
	if (vm->quota.used > vm->quota.limit)
		FAIL("VM %u is over its quota", vm->id);
	if (!whole)
		return;
	if (vm->quota.used != used)
		FAIL("VM %u has %lu pages of the pool, but pays for %lu", vm->id, used,
		     vm->quota.used);
	check_locks(vm);
	check_users(vm);
	check_slots(vm);
	check_vgic_lists(vm);
}

void fuzz_check(void)
{
	u64 used = host_stage2.quota->used + fuzz_taker.used, wait = promised(host_stage2.quota);
	bool whole = fuzz_all_wait();
	struct count host;

	memset(borrowed, 0, sizeof(borrowed));
	seen_now++;
	for (unsigned int id = 1; id <= VM_MAX; id++) {
		struct vm *vm = fuzz_vm(id);

		/* Being made, or taken apart, by a CPU that is stopped there. */
		if (!vm || !vm->stage2.root || (vm->dying && !whole))
			continue;
		check_vm(vm, whole);
		used += vm->quota.used;
		wait += promised(&vm->quota);
	}
	fake_tlb_each(check_kept);
	check_records(whole);
	if (fake_world_errors)
		FAIL("a rule of hyp/world.h is broken");
	if (!whole)
		return;
	if (spin_is_locked(&page_lock) || fuzz_vm_locked())
		FAIL("a lock is left held");
	fuzz_pool_check(used, wait);
	host = count_tables(&host_stage2, true, true);
	if (host.ram != FUZZ_RAM_SIZE - fuzz_pool_size)
		FAIL("the host has 0x%lx bytes of its RAM", host.ram);
	if (fake_tlb_stale() || fake_tlb_bbm_errors)
		FAIL("a TLB has what the tables no longer say");
}

#define MIX(v) (h = (h ^ (u64)(v)) * 0x100000001b3UL, h ^= h >> 31)

u64 fuzz_digest(void)
{
	u64 h = pool_available();

	for (u64 i = 0; i < FUZZ_PAGES; i++)
		h += fuzz_records[i].borrowers * (2 * i + 1);
	for (unsigned int id = 1; id <= VM_MAX; id++) {
		const struct vm *vm = fuzz_vm(id);

		if (!vm)
			continue;
		MIX(id);
		MIX(vm->dying);
		MIX(vm->ran);
		MIX(vm->users);
		MIX(vm->nr_vcpus);
		MIX(vm->nr_slots);
		MIX(vm->nr_gicr);
		MIX(vm->mailbox.v);
		MIX(vm->event.type);
		MIX(vm->stage2.pages);
		MIX(vm->stage2.blocks);
		MIX(vm->stage2.tables);
		MIX(vm->vgic.dist_base);
		MIX(vm->vgic.redist_base);
		MIX(vm->vgic.ctlr);
		MIX(vm->quota.used);
		for (u32 i = 0; i < vm->nr_slots; i++)
			MIX(vm->slot[i].gpa ^ vm->slot[i].pages << 20 ^ vm->slot[i].id);
		for (unsigned int i = 0; i < VGIC_MAX_CPUS; i++)
			MIX(vm->peer[i].power << 4 | vm->peer[i].mode);
	}
	return h;
}
