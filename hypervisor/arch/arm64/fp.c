// SPDX-License-Identifier: GPL-2.0-only
/*
 * FP registers change hands lazily within one RUN: the guest's first use traps,
 * saves the host's (all of SVE at the longest vector length) and loads the
 * guest's; leaving RUN undoes that if it happened.
 */
#include <hyp/errno.h>
#include <hyp/pool.h>
#include <hyp/vm.h>
#include <hyp/world.h>
#include "cpu.h"
#include "guest.h"

/* The longest vectors: 256 bytes. Z, P and FFR, FPSR and FPCR. */
#define SVE_BYTES (32 * 256 + 17 * 32 + 16)
#define SVE_PAGES 4
_Static_assert(SVE_BYTES <= SVE_PAGES * PAGE_SIZE, "SVE state");

#define SYS_SVCR S3_3_C4_C2_2

static struct pool_quota fp_quota = { .limit = ~0ULL };

/**
 * fp_init() - memory for the host's SVE registers
 * @nr_cpus: CPUs of the machine
 *
 * Context: boot.
 * Return: 0 or -ENOMEM.
 */
int fp_init(unsigned int nr_cpus)
{
	unsigned int i;

	for (i = 0; cpu_features.sve && i < nr_cpus; i++) {
		cpu_by_id(i)->host_sve = pool_alloc(&fp_quota, SVE_PAGES);
		if (!cpu_by_id(i)->host_sve)
			return -ENOMEM;
	}
	return 0;
}

/*
 * Streaming mode would change what the FP registers are: the host leaves it first.
 * An SError of the host's is the host's to take: it is not brought into a guest.
 */
int arch_vcpu_may_run(void)
{
	dsb(sy);
	isb();
	if (unlikely(read_sysreg(isr_el1) & BIT(8)))
		return -EBUSY;
	if (cpu_features.sme && read_sysreg(SYS_SVCR))
		return -EINVAL;
	return 0;
}

static u64 fp_open_cptr(void)
{
	return CPTR_RES1 & ~(cpu_features.sve ? CPTR_TZ : 0);
}

/**
 * fp_trap() - the guest's first use of FP since the entry
 * @v: the vCPU
 */
void fp_trap(struct vcpu *v)
{
	struct percpu *cpu = this_cpu();

	write_sysreg(fp_open_cptr(), cptr_el2);
	isb();
	if (cpu_features.sve)
		sve_save(cpu->host_sve);
	else
		fp_save(&cpu->host_fp);
	fp_load(&v->arch.fp);
	v->arch.fp_live = true;
	write_sysreg(cpu->cptr_guest & ~CPTR_TFP, cptr_el2);
}

/**
 * fp_put() - give the host its registers back
 * @v: the vCPU, with @fp_live
 */
void fp_put(struct vcpu *v)
{
	struct percpu *cpu = this_cpu();

	write_sysreg(fp_open_cptr(), cptr_el2);
	isb();
	fp_save(&v->arch.fp);
	v->arch.fp_live = false;
	if (cpu_features.sve)
		sve_load(cpu->host_sve);
	else
		fp_load(&cpu->host_fp);
}
