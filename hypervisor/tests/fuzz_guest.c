// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzzer's guests: what makes a vCPU leave, and the virtual CPU interface between
 * (vgic_sim.h). As arch/ does it: list registers are loaded at entry and stored at exit.
 */
#include <string.h>

#include "fake_arch.h"
#include "fake_world.h"
#include "fuzz.h"
#include "vgic_sim.h"

#define HCR_LRENPIE (1UL << 2)
#define HCR_TDIR (1UL << 14)
#define PPI_VIRT 27
#define PPI_PHYS 30

static struct sim sims[VM_MAX + 1][VGIC_MAX_CPUS];
static bool asked[VM_MAX + 1][VGIC_MAX_CPUS]; /* a PSCI call that returns */
static u32 nr_lrs;
bool fuzz_in_guest[FUZZ_CPUS];

void fuzz_guest_reset(const struct fuzz_config *config)
{
	memset(asked, 0, sizeof(asked));
	nr_lrs = config->lrs % 16 + 1;
}

void fuzz_wire(struct vcpu *v)
{
	struct sim *s = &sims[v->vm->id][v->index];

	vgic_cpu_map_hw(&v->vgic, PPI_VIRT);
	memset(s, 0, sizeof(*s));
	s->nr_lrs = nr_lrs;
	s->pri_bits = s->pre_bits = 5;
	asked[v->vm->id][v->index] = false;
}

static void load(struct vcpu *v, struct sim *s)
{
	const struct vgic_hw *hw = &v->vgic.hw;
	u64 seen[16];

	if (hw->used_lrs > s->nr_lrs)
		fuzz_fail("%u list registers of %u are used", hw->used_lrs, s->nr_lrs);
	for (unsigned int i = 0; i < s->nr_lrs; i++) {
		u64 lr = i < hw->used_lrs ? hw->lr[i] : 0;

		s->lr[i] = lr;
		if (i >= hw->used_lrs)
			continue;
		if (!(lr >> 62))
			fuzz_fail("an empty list register is loaded");
		if (lr >> 61 == 7)
			fuzz_fail("HW, pending and active: 0x%lx", lr);
		if ((lr >> 61 & 1) && !(v->vgic.hw_active >> (lr & 0x1f) & 1))
			fuzz_fail("HW without an active physical interrupt");
		if ((u32)lr >= VGIC_NR_IRQS)
			fuzz_fail("a list register has INTID %u", (u32)lr);
		seen[i] = (u32)lr;
		for (unsigned int j = 0; j < i; j++)
			if (seen[j] == seen[i])
				fuzz_fail("INTID %lu is in two list registers", seen[i]);
	}
	s->hcr = hw->hcr;
	s->vmcr = hw->vmcr;
	memcpy(s->ap[0], hw->ap0r, sizeof(s->ap[0]));
	memcpy(s->ap[1], hw->ap1r, sizeof(s->ap[1]));
	s->hw_deactivated = 0;
	if (sim_misr(s))
		fuzz_fail("a maintenance interrupt right at entry: 0x%x", sim_misr(s));
}

static void store(struct vcpu *v, const struct sim *s)
{
	struct vgic_hw *hw = &v->vgic.hw;

	memcpy(hw->lr, s->lr, hw->used_lrs * sizeof(hw->lr[0]));
	hw->vmcr = s->vmcr;
	memcpy(hw->ap0r, s->ap[0], sizeof(s->ap[0]));
	memcpy(hw->ap1r, s->ap[1], sizeof(s->ap[1]));
	if (hw->hcr & HCR_LRENPIE)
		hw->hcr = s->hcr;
}

void fuzz_vgic(struct vcpu *v, bool loads)
{
	struct sim *s = &sims[v->vm->id][v->index];

	if (loads)
		load(v, s);
	else
		store(v, s);
}

static u64 place(u8 n, u8 m)
{
	switch (n % 8) {
	case 0 ... 2:
		return FUZZ_MEM + m * PAGE_SIZE;
	case 3:
		return FUZZ_MEM + m * BLOCK_SIZE;
	case 4:
		return FUZZ_MEM + BLOCK_SIZE + m * PAGE_SIZE + m;
	case 5:
		return 0x10000000 + m * 4UL;
	case 6:
		return (1UL << stage2_ipa_bits()) - 8 - m * 8UL;
	default:
		return m * 64UL;
	}
}

static u64 pattern(u8 n, u8 m)
{
	switch (n % 6) {
	case 0:
		return ~0UL;
	case 1:
		return 1UL << (m % 64);
	case 2:
		return m;
	case 3:
		return m * 0x0101010101010101UL;
	case 4:
		return 0;
	default:
		return BIT(31) | (m % 9); /* 1-of-N */
	}
}

static void psci(struct vcpu *v, const struct fuzz_op *op, struct guest_exit *e)
{
	static const u32 fns[] = {
		PSCI_CPU_ON | SMCCC_64BIT, PSCI_CPU_ON, PSCI_CPU_OFF, PSCI_AFFINITY_INFO,
		PSCI_CPU_SUSPEND, PSCI_FEATURES, PSCI_VERSION, PSCI_MIGRATE_INFO_TYPE,
		PSCI_AFFINITY_INFO | SMCCC_64BIT, PSCI_SYSTEM_OFF, PSCI_SYSTEM_RESET,
		PSCI_SYSTEM_RESET2, PSCI_SYSTEM_RESET2 | SMCCC_64BIT, PSCI_FN_BASE + 0x1f,
	};
	u32 fn = fns[op->a % ARRAY_SIZE(fns)];

	v->arch.x[0] = fn;
	v->arch.x[1] = op->b < 0xf0 ? op->b % 8 : (u64)op->b << 24;
	if (fn == PSCI_FEATURES)
		v->arch.x[1] = fns[op->b % ARRAY_SIZE(fns)];
	v->arch.x[2] = fn == PSCI_CPU_ON || fn == (PSCI_CPU_ON | SMCCC_64BIT) ?
		       place(op->c, op->d) : op->c < 0xf0 ? 0 : op->c;
	v->arch.x[3] = op->e;
	asked[v->vm->id][v->index] = true;
	e->kind = GUEST_EXIT_HVC;
}

static void hvc(struct vcpu *v, const struct fuzz_op *op, struct guest_exit *e)
{
	static const u64 fns[] = {
		GZVM_HVC_PTP, GZVM_HVC_MEM_RELINQUISH, 0x80000000, 0x80000001, 0x86000000,
		0x8600ff01, 0, 0xfb001000, 0x84000060, 0xc6000009ULL | 1ULL << 32,
	};

	v->arch.x[0] = fns[op->a % ARRAY_SIZE(fns)];
	v->arch.x[1] = op->b & 1 ? 0x80000000 + op->b / 2 % 3 : place(op->c, op->d);
	e->kind = GUEST_EXIT_HVC;
}

static void sgi(const struct fuzz_op *op, struct guest_exit *e)
{
	e->kind = GUEST_EXIT_SGI;
	e->data = (u64)op->a | (u64)(op->b & 15) << 24;
	if (op->b & 0x80)
		e->data |= 1UL << 40;
	if (op->c >= 0xf0)
		e->data |= (u64)op->c << (op->d % 56);
	e->group1 = op->c & 1;
}

/* A register of a GIC frame. */
static void gic(struct vcpu *v, const struct fuzz_op *op, struct guest_exit *e)
{
	static const u16 banks[] = { 0x80, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380, 0x400, 0xc00 };
	static const u8 sizes[] = { 4, 4, 4, 1, 8, 2 };
	struct vgic *g = &v->vm->vgic;
	u64 offset;

	e->kind = GUEST_EXIT_ABORT;
	e->valid = true;
	e->write = op->f & 1;
	e->swap = op->f >= 0xf0;
	e->reg = op->f & 0x40 ? 31 : op->f / 2 % 8;
	e->reg64 = op->f & 2;
	e->size = sizes[op->d % ARRAY_SIZE(sizes)];
	switch (op->a % 8) {
	case 0 ... 3: /* one bit, two bits or a byte an INTID */
		offset = banks[op->b % ARRAY_SIZE(banks)];
		offset += op->b % ARRAY_SIZE(banks) >= 7 ? op->c & ~(e->size - 1U) : op->c % 4 * 4;
		break;
	case 4:
		offset = 0x6100 + op->c % 64 * 8; /* GICD_IROUTER */
		e->size = op->d & 1 ? 8 : 4;
		break;
	case 5:
		offset = op->c & 1 ? 0x14 : 0; /* GICx_CTLR, GICR_WAKER */
		e->size = 4;
		break;
	case 6:
		offset = op->c * 4;
		break;
	default:
		offset = (op->b << 8 | op->c) & 0xffff;
		break;
	}
	e->data = pattern(op->d / 8, op->e);
	if (e->size < 8)
		e->data &= (1UL << 8 * e->size) - 1;
	if (op->a & 0x10)
		e->addr = g->redist_base + op->a / 32 * 0x20000UL + offset +
			  (op->a % 8 < 4 ? 0x10000 : 0);
	else
		e->addr = g->dist_base + offset;
}

static void mmio(struct vcpu *v, const struct fuzz_op *op, struct guest_exit *e)
{
	e->kind = GUEST_EXIT_ABORT;
	e->addr = place(op->a | 4, op->b);
	e->valid = op->c < 0xe0;
	e->write = op->c & 1;
	e->sign_extend = op->c & 2;
	e->reg64 = op->c & 4;
	e->swap = op->c & 8;
	e->size = 1U << (op->c / 16 % 4);
	e->reg = op->d % 32;
	e->data = pattern(op->d, op->e);
	e->fetch = op->f == 0xff;
	e->walk = op->f == 0xfe;
	e->valid = e->valid && !e->fetch && !e->walk;
	e->cache_op = op->f == 0xfd;
	e->vector = op->f == 0xfc;
	(void)v;
}

/* A load. True: stage 2 has it. */
static bool memory(struct vcpu *v, const struct fuzz_op *op, struct guest_exit *e)
{
	const struct pgtable *pt = &v->vm->stage2;
	struct fake_mmu mmu = {
		.root = fake_pa(pt->root), .start_level = pt->start_level, .ia_bits = pt->ia_bits,
		.stage2 = true, .vmid = pt->vmid,
	};
	u64 addr = place(op->a, op->b), out = 0;
	bool there;

	if (fake_tlb_kept() < 64) {
		there = fake_tlb_access(&mmu, addr, &out);
	} else {
		struct fake_walk w = fake_mmu_walk(&mmu, addr);

		there = w.valid;
		out = w.out;
	}
	if (there) {
		struct page_record rec;

		if (!page_get(pa(out), &rec) || rec.owner != PAGE_OWNER_HOST || !rec.borrowers)
			fuzz_fail("guest %u reaches 0x%lx, which nobody lent", v->vm->id, out);
		return true;
	}
	e->kind = GUEST_EXIT_ABORT;
	e->addr = addr;
	e->valid = !(op->c & 1);
	e->size = 4;
	e->reg = op->d % 32;
	e->write = op->d & 0x80;
	return false;
}

static void line(struct vcpu *v, unsigned int intid, bool level, struct guest_exit *e)
{
	u32 wake = 0;

	vgic_set_line(&v->vm->vgic, v->index, intid, level, &wake);
	e->wake |= wake & ~BIT(v->index);
	e->kind = GUEST_EXIT_VGIC;
}

/* ICC_DIR_EL1, which may be trapped. */
static bool deactivate(struct vcpu *v, struct sim *s, u64 intid, struct guest_exit *e)
{
	u32 wake = 0;

	if (!sim_dir_traps(s)) {
		sim_dir(s, intid);
		return false;
	}
	store(v, s);
	if (s->hcr & HCR_TDIR)
		vgic_deactivate(&v->vgic, intid, &wake);
	else if (!vgic_icc_access(&v->vgic, VGIC_ICC_DIR, true, &intid, &wake))
		fuzz_fail("ICC_DIR_EL1 is UNDEFINED");
	e->wake |= wake;
	e->kind = GUEST_EXIT_VGIC;
	return true;
}

/* The registers that trap with it, on processors without ICH_VTR_EL2.TDS. */
static bool icc(struct vcpu *v, struct sim *s, const struct fuzz_op *op, struct guest_exit *e)
{
	u64 value = op->b;
	u32 wake = 0;

	if (!(s->hcr & (1 << 10)))
		return false;
	store(v, s);
	vgic_icc_access(&v->vgic, op->a % 3, op->c & 1, &value, &wake);
	s->vmcr = v->vgic.hw.vmcr;
	e->wake |= wake;
	e->kind = GUEST_EXIT_VGIC;
	return true;
}

/* EOIR of something that is active, or of anything. */
static void eoir(struct sim *s, const struct fuzz_op *op)
{
	unsigned int lr = op->a % s->nr_lrs;

	if (op->b < 0xf0)
		sim_eoir(s, s->lr[lr] >> 60 & 1, (u32)s->lr[lr]);
	else
		sim_eoir(s, op->a & 1, op->a % 96);
}

/* One operation. True: the guest leaves. */
static bool event(struct vcpu *v, struct sim *s, const struct fuzz_op *op, struct guest_exit *e)
{
	unsigned int what = op->op % 32;

	fuzz_trace("guest %u.%u: %u (%u, %u, %u, %u, %u, %u)", v->vm->id, v->index, what, op->a,
		   op->b, op->c, op->d, op->e, op->f);
	fuzz_reach_guest(what);
	switch (what) {
	case 0:
		e->kind = GUEST_EXIT_IRQ;
		return true;
	case 1:
	case 2:
		psci(v, op, e);
		return true;
	case 3:
		hvc(v, op, e);
		return true;
	case 4:
		e->kind = GUEST_EXIT_SMC;
		v->arch.x[0] = op->a;
		return true;
	case 5:
		e->kind = GUEST_EXIT_WFI;
		return true;
	case 6:
		sgi(op, e);
		return true;
	case 7 ... 11:
		if (!vgic_present(&v->vm->vgic))
			return false;
		gic(v, op, e);
		return true;
	case 12:
		mmio(v, op, e);
		return true;
	case 13 ... 15:
		return !memory(v, op, e);
	case 16:
		if (op->a < 0xc0)
			return false; /* ends the VM: seldom */
		e->kind = GUEST_EXIT_CRASH;
		e->reason = op->b;
		return true;
	case 17:
	case 18:
		sim_iar(s, op->a & 1);
		return false;
	case 19:
	case 20:
		eoir(s, op);
		return false;
	case 21:
		return deactivate(v, s, op->b & 1 ? (u32)s->lr[op->a % s->nr_lrs] : op->a, e);
	case 22:
		sim_set_pmr(s, op->a);
		return false;
	case 23:
		sim_set_grpen(s, op->a & 1, !(op->b & 1));
		return false;
	case 24:
		sim_set_ctlr(s, op->a & 1, op->b & 1);
		return false;
	case 25:
		line(v, op->a & 1 ? PPI_VIRT : PPI_PHYS, op->b & 1, e);
		return true;
	case 26:
		v->arch.timer_delay = op->a ? (u64)op->a << op->b % 48 : ~0UL;
		return false;
	case 27:
		e->kind = GUEST_EXIT_KICK; /* the kick's number, from somebody else */
		return true;
	case 28:
		return icc(v, s, op, e);
	case 29: /* both groups on, all priorities, in one step */
		sim_set_pmr(s, 0xff);
		sim_set_grpen(s, 0, true);
		sim_set_grpen(s, 1, true);
		return false;
	case 30:
		sim_set_bpr(s, op->a & 1, op->b % 8);
		return false;
	default:
		e->kind = op->a & 1 ? GUEST_EXIT_WFE : GUEST_EXIT_AGAIN;
		return true;
	}
}

void fuzz_guest(struct vcpu *v, struct guest_exit *e)
{
	struct sim *s = &sims[v->vm->id][v->index];

	if (asked[v->vm->id][v->index]) {
		fuzz_reach_psci(true, (s32)v->arch.x[0]);
		asked[v->vm->id][v->index] = false;
	}
	fuzz_in_guest[fake_cpu] = true;
	for (;;) {
		struct fuzz_op op = *fuzz_peek();
		bool out;

		/* EL2 is entered before the guest does anything else. */
		if (fake_kick_pending(fake_cpu)) {
			e->kind = GUEST_EXIT_KICK;
			break;
		}
		fuzz_taken();
		out = event(v, s, &op, e);
		fuzz_calls++;
		if (out)
			break;
		if (sim_misr(s)) {
			e->kind = GUEST_EXIT_VGIC;
			break;
		}
	}
	fuzz_in_guest[fake_cpu] = false;
}
