/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU's registers where there is no processor: unit tests; see fake_world.h. */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include <hyp/types.h>

struct vcpu_arch {
	u64 x[31];
	u64 pc;
	u64 pstate;
	u64 timer_delay; /* what arch_vcpu_timer_delay() says; ~0 after a reset */
	bool loaded;
	u32 cpu; /* where it is loaded */
	bool vgic; /* its list registers are loaded */
};

struct vcpu;
u64 arch_vcpu_get_x(const struct vcpu *v, unsigned int n);
void arch_vcpu_set_x(struct vcpu *v, unsigned int n, u64 value);

#endif
