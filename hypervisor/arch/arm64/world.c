// SPDX-License-Identifier: GPL-2.0-only
/*
 * The world switch. arch_vcpu_load() and arch_vcpu_put() exchange the EL1 world of
 * host and guest once a RUN; arch_vcpu_enter() goes in and out of the guest in
 * between, with the guest's world loaded all the time, so what EL2 answers itself
 * costs no switch.
 */
#include <hyp/arch.h>
#include <hyp/errno.h>
#include <hyp/host.h>
#include <hyp/panic.h>
#include <hyp/pool.h>
#include <hyp/stage2.h>
#include <hyp/string.h>
#include <hyp/util.h>
#include "a32.h"
#include "guest.h"
#include "guest_trap.h"
#include "idreg.h"
#include "inject.h"
#include "mmu.h"
#include "panic_policy.h"
#include "vectors.h"

_Static_assert(offsetof(struct vcpu, arch) == 0, "guest.S");
_Static_assert(offsetof(struct vcpu_arch, x) == VCPU_X(0), "guest.S");

#define MPIDR_RES1 BIT(31)
#define ISR_A BIT(8)

/* Few CPUs have these: struct percpu, more_regs. */
static __noinline void more_regs_save(const struct percpu *cpu, u64 *r)
{
#define X(name, enc, reset) r[REG_##name] = read_sysreg(name);
	if (cpu->aux_regs) {
		SWITCHED_AUX_REGS(X)
	}
	if (cpu_features.pauth) {
		SWITCHED_PAUTH_REGS(X)
	}
#undef X
#define X(feature, name, reached_as) \
	if (cpu_features.feature)    \
		r[REG_##name] = read_sysreg(name);
	SWITCHED_HIDDEN_REGS(X)
#undef X
}

static __noinline void more_regs_load(const struct percpu *cpu, const u64 *r)
{
#define X(name, enc, reset) write_sysreg(r[REG_##name], name);
	if (cpu->aux_regs) {
		SWITCHED_AUX_REGS(X)
	}
	if (cpu_features.pauth) {
		SWITCHED_PAUTH_REGS(X)
	}
#undef X
#define X(feature, name, reached_as) \
	if (cpu_features.feature)    \
		write_sysreg(r[REG_##name], name);
	SWITCHED_HIDDEN_REGS(X)
#undef X
}

/*
 * SP_EL0 and the like have their own names in MSR; all others are as in the table. First
 * some are read, then these are stored, which the compiler does in pairs; and vice versa.
 */
#define READ(name, enc, reset) u64 v_##name = read_sysreg(name);
#define STORE(name, enc, reset) r[REG_##name] = v_##name;
#define LOAD(name, enc, reset) u64 v_##name = r[REG_##name];
#define WRITE(name, enc, reset)        \
	if (REG_##name == REG_TCR_EL1) \
		isb();                 \
	write_sysreg(v_##name, name);

static void regs_save(const struct percpu *cpu, u64 *r)
{
	SWITCHED_REGS_1(READ)
	SWITCHED_REGS_1(STORE)
	SWITCHED_REGS_2(READ)
	SWITCHED_REGS_2(STORE)
	if (unlikely(cpu->more_regs))
		more_regs_save(cpu, r);
}

/*
 * TCR_EL1 comes last of those that translation depends on: on CPUs with
 * ERRATUM_SPECULATIVE_AT both walks are disabled until then, so that no speculative
 * translation mixes one world's tables with the other's stage 2.
 */
static void regs_load(const struct percpu *cpu, const u64 *r)
{
	SWITCHED_REGS_1(LOAD)
	compiler_barrier(); /* or each load comes right before its write */
	SWITCHED_REGS_1(WRITE)
	SWITCHED_REGS_2(LOAD)
	compiler_barrier();
	SWITCHED_REGS_2(WRITE)
	if (unlikely(cpu->more_regs))
		more_regs_load(cpu, r);
}

/* @sctlr: the SCTLR_EL1 of the world that is left */
static inline void stage2_switch(const struct percpu *cpu, u64 vttbr, u64 hcr, u64 sctlr)
{
	if (cpu->errata & ERRATUM_SPECULATIVE_AT) {
		write_sysreg(TCR_EPD0 | TCR_EPD1, tcr_el1);
		isb();
		/* With the MMU off there is no walk to disable: addresses are the other world's. */
		if (unlikely(!(sctlr & SCTLR_M))) {
			write_sysreg(sctlr | SCTLR_M, sctlr_el1);
			isb();
		}
	}
	write_sysreg(vttbr, vttbr_el2);
	write_sysreg(hcr, hcr_el2);
	isb();
}

/* TLBs are private to a vCPU: guests may use one ASID for different tables on two. */
static void tlb_switch(struct vcpu *v, unsigned int cpu)
{
	if (likely(v->vm->last_vcpu[cpu] == v->index + 1))
		return;
	v->vm->last_vcpu[cpu] = v->index + 1;
	__asm__ volatile("tlbi vmalle1");
	__asm__ volatile("ic iallu");
	dsb(nsh);
	isb();
}

void arch_vcpu_load(struct vcpu *v)
{
	struct percpu *cpu = this_cpu();
	u64 elr = read_sysreg(elr_el2), spsr = read_sysreg(spsr_el2);

	cpu->host_elr = elr;
	cpu->host_spsr = spsr;
	regs_save(cpu, cpu->host_sys);
	debug_load(v);
	/* A host with its MMU off could disturb this VM alone, which it may anyway. */
	stage2_switch(cpu, v->vm->stage2.root_pa.v | (u64)v->vm->id << 48, cpu->hcr_guest, SCTLR_M);
	tlb_switch(v, cpu->id);
	regs_load(cpu, v->arch.sys);
	write_sysreg((u64)cpu->guest_vectors, vbar_el2);
	write_sysreg(MPIDR_RES1 | v->index, vmpidr_el2);
	write_sysreg(cpu->cptr_guest, cptr_el2);
	if (unlikely(cpu_features.negative))
		cpu_negative_enables(false);
	gic_load();
	timer_load(v);
	write_sysreg(v->arch.pc, elr_el2);
	write_sysreg(v->arch.pstate, spsr_el2);
}

void arch_vcpu_put(struct vcpu *v)
{
	struct percpu *cpu = this_cpu();
	u64 pc = read_sysreg(elr_el2), pstate = read_sysreg(spsr_el2);

	v->arch.pc = pc;
	v->arch.pstate = pstate;
	timer_put(v);
	gic_put();
	if (v->arch.fp_live)
		fp_put(v);
	if (unlikely(cpu_features.negative))
		cpu_negative_enables(true);
	regs_save(cpu, v->arch.sys);
	stage2_switch(cpu, host_stage2.root_pa.v, cpu->hcr_host, v->arch.sys[REG_SCTLR_EL1]);
	regs_load(cpu, cpu->host_sys);
	debug_put(v);
	write_sysreg(cpu->cptr_host, cptr_el2);
	write_sysreg(read_sysreg(mpidr_el1), vmpidr_el2);
	write_sysreg((u64)host_vectors, vbar_el2);
	write_sysreg(cpu->host_elr, elr_el2);
	write_sysreg(cpu->host_spsr, spsr_el2);
	isb();
}

/* Does the guest's stage 1 translate that address? If not, the fault is its own. */
static bool stage1_translates(u64 va)
{
	u64 par = read_sysreg(par_el1), result;

	__asm__ volatile("at s1e1r, %0" : : "r"(va));
	isb();
	result = read_sysreg(par_el1);
	write_sysreg(par, par_el1);
	return !(result & 1); /* PAR_EL1.F */
}

static inline __attribute__((always_inline)) void decode_abort(struct vcpu *v, u64 esr, bool fetch,
							       struct guest_exit *e)
{
	u64 page = FIELD_GET(GENMASK(43, 4), read_sysreg(hpfar_el2)) << PAGE_SHIFT;
	u64 fsc = ESR_FSC(esr) & FSC_LEVEL_MASK;
	bool walk = esr & ESR_S1PTW;
	u64 spsr, sctlr, far = e->far;
	unsigned int unused;

	e->fetch = fetch;
	e->walk = walk;
	e->valid = false;
	e->cache_op = false;
	e->vector = fetch && read_sysreg(elr_el2) == read_sysreg(vbar_el1) + VECTOR_SYNC_SPX;
	e->addr = page | (far & ~PAGE_MASK);
	if (fsc != FSC_TRANSLATION && fsc != FSC_PERMISSION && fsc != FSC_ACCESS) {
		/*
		 * Not stage 2's refusal: an external abort (HCR_EL2.TEA) of memory
		 * that the host lent. The guest gets it as its own.
		 */
		v->stats.handled[GZVM_HANDLED_ABORT]++;
		arch_inject_external_abort(v, e);
		return;
	}
	/* Where stage 1 should have come first it does when the guest tries again. */
	if ((this_cpu()->errata & ERRATUM_STAGE1_FIRST) && !walk && !stage1_translates(far))
		return;
	if (unlikely(e->addr >> stage2_ipa_bits())) {
		/* The CPU has more bits than the guest's ID_AA64MMFR0_EL1.PARange says. */
		if (fetch)
			inject_instruction_abort(far, FSC_ADDRESS_SIZE);
		else
			inject_data_abort(esr, far, FSC_ADDRESS_SIZE);
		return;
	}
	e->kind = GUEST_EXIT_ABORT;
	if (fetch || walk)
		return;
	e->cache_op = esr & ESR_CM;
	e->write = esr & ESR_WNR;
	e->valid = (esr & ESR_ISV) && !e->cache_op;
	e->size = 1U << FIELD_GET(GENMASK(23, 22), esr);
	e->sign_extend = esr & BIT(21);
	e->reg = FIELD_GET(GENMASK(20, 16), esr);
	e->reg64 = esr & BIT(15);
	if (e->valid && e->write) {
		unused = 64 - 8 * e->size;
		e->data = arch_vcpu_get_x(v, e->reg) << unused >> unused;
	}
	/* SCTLR_EL1.EE and E0E: endianness of data at EL1 and EL0 */
	sctlr = read_sysreg(sctlr_el1);
	spsr = read_sysreg(spsr_el2);
	if (spsr & SPSR_M32)
		e->swap = spsr & BIT(9);
	else
		e->swap = sctlr & ((spsr & SPSR_M_MASK) ? BIT(25) : BIT(24));
}

/* AArch32 at EL0: coprocessor accesses, and what is conditional. True: it is done. */
static bool decode_a32(struct vcpu *v, u64 esr, struct guest_exit *e)
{
	bool done;

	switch (ESR_EC(esr)) {
	case EC_WFX:
	case EC_CP15_32:
	case EC_CP15_64:
	case EC_CP14_32:
	case EC_CP14_LS:
	case EC_CP14_64:
	case EC_VMRS:
		done = !a32_condition(esr, read_sysreg(spsr_el2));
		break;
	default:
		return false;
	}
	if (!done && (ESR_EC(esr) == EC_CP15_32 || ESR_EC(esr) == EC_CP15_64))
		done = guest_cp15(v, esr, e);
	if (done)
		skip_instruction(esr);
	return done;
}

static void decode_sync(struct vcpu *v, struct guest_exit *e)
{
	u64 esr = read_sysreg(esr_el2);

	e->esr = esr;
	e->far = read_sysreg(far_el2);
	if (unlikely(read_sysreg(spsr_el2) & SPSR_M32) && decode_a32(v, esr, e))
		return;
	if (likely(ESR_EC(esr) == EC_DABT_LOW)) {
		decode_abort(v, esr, false, e);
		return;
	}
	switch (ESR_EC(esr)) {
	case EC_HVC64:
		/* SMCCC has immediate 0; the others are nobody's. */
		if (!(esr & 0xffff)) {
			e->kind = GUEST_EXIT_HVC;
			return;
		}
		arch_vcpu_set_x(v, 0, (u64)-1);
		return;
	case EC_SYS64:
		if (guest_sysreg(v, esr, e)) {
			if (e->kind != GUEST_EXIT_SGI)
				skip_instruction(esr);
		} else if (cpu_features.idst && SYS64_IS_READ(esr) && SYS64_OP0(esr) == 3 &&
			   !SYS64_CRN(esr)) {
			/* GMID_EL1, SMIDR_EL1: the feature ID space (Arm ARM D1.3.5). */
			inject_sysreg(esr);
		} else {
			arch_inject_undef(v);
		}
		return;
	case EC_WFX:
		if (!guest_trap_wait(esr, e))
			arch_inject_undef(v);
		return;
	case EC_FP:
		v->stats.handled[GZVM_HANDLED_FP]++;
		fp_trap(v);
		return;
	case EC_IABT_LOW:
		decode_abort(v, esr, true, e);
		return;
	case EC_SMC64:
		e->kind = GUEST_EXIT_SMC;
		return;
	default:
		arch_inject_undef(v);
		return;
	}
}

/*
 * An SError that was pending when the guest trapped is the guest's: it is taken
 * here, before any other world could get it.
 */
static bool serror_pending(void)
{
	u64 elr, spsr, esr, far;

	dsb(sy);
	isb();
	if (likely(!(read_sysreg(isr_el1) & ISR_A)))
		return false;
	elr = read_sysreg(elr_el2);
	spsr = read_sysreg(spsr_el2);
	esr = read_sysreg(esr_el2);
	far = read_sysreg(far_el2);
	serror_take();
	write_sysreg(elr, elr_el2);
	write_sysreg(spsr, spsr_el2);
	write_sysreg(esr, esr_el2);
	write_sysreg(far, far_el2);
	return true;
}

static void crash(struct guest_exit *e, u32 reason)
{
	e->kind = GUEST_EXIT_CRASH;
	e->reason = reason;
	e->esr = read_sysreg(esr_el2);
	e->far = read_sysreg(far_el2);
}

void arch_vcpu_enter(struct vcpu *v, struct guest_exit *e)
{
	unsigned int kind;

	e->kind = GUEST_EXIT_AGAIN;
	e->wake = 0;
	kind = guest_enter(&v->arch);
	panic_park();
	if (unlikely(serror_pending())) {
		crash(e, GZVM_CRASH_SERROR);
		return;
	}
	switch (kind) {
	case HOST_EXIT_SYNC:
		decode_sync(v, e);
		break;
	case HOST_EXIT_IRQ:
	case HOST_EXIT_FIQ:
		e->kind = gic_classify(v);
		break;
	default:
		crash(e, GZVM_CRASH_SERROR);
		break;
	}
}

void arch_vcpu_skip(struct vcpu *v __unused, u64 esr)
{
	skip_instruction(esr);
}

u64 arch_vcpu_pc(const struct vcpu *v __unused)
{
	return read_sysreg(elr_el2);
}

u64 arch_vcpu_pstate(const struct vcpu *v __unused)
{
	return read_sysreg(spsr_el2);
}

void arch_inject_external_abort(struct vcpu *v __unused, const struct guest_exit *e)
{
	u64 fsc = e->walk ? FSC_SEA_WALK : FSC_SEA;

	if (e->fetch)
		inject_instruction_abort(e->far, fsc);
	else
		inject_data_abort(e->esr, e->far, fsc);
}

void arch_inject_undef(struct vcpu *v)
{
	v->stats.handled[GZVM_HANDLED_UNDEF]++;
	inject_undef();
}

void arch_vcpu_reset(struct vcpu *v)
{
	struct vcpu_arch *a = &v->arch;

	timer_reset(v);
	memset(a, 0, sizeof(*a));
	a->pstate = SPSR_EL1H | SPSR_DAIF;
#define X(name, enc, reset) a->sys[REG_##name] = (reset);
	SWITCHED_REGS(X)
#undef X
	debug_reset(v);
}

void arch_vcpu_set_entry(struct vcpu *v, u64 entry, u64 arg)
{
	v->arch.pc = entry;
	v->arch.x[0] = arg;
}

#define RUN_VA(vmid, index) \
	(LAYOUT_RUN + ((u64)(vmid) * VGIC_MAX_CPUS + (index)) * GZVM_VCPU_BUF_PAGES * PAGE_SIZE)

void *arch_map_vcpu_buffer(u16 vmid, unsigned int index, pa_t base)
{
	u64 va = RUN_VA(vmid, index);

	if (mmu_map(va, base, GZVM_VCPU_BUF_PAGES * PAGE_SIZE, PROT_RW))
		return NULL;
	return (void *)va;
}

void arch_unmap_vcpu_buffer(u16 vmid, unsigned int index)
{
	mmu_unmap(RUN_VA(vmid, index), GZVM_VCPU_BUF_PAGES * PAGE_SIZE);
}
