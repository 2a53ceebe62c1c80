/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the world switch share. */
#ifndef ARM64_GUEST_H
#define ARM64_GUEST_H

#include <hyp/vm.h>
#include <hyp/world.h>
#include "cpu.h"

/* guest.S */
unsigned int guest_enter(struct vcpu_arch *ctx);
void serror_take(void);

/* fp.c, fp.S */
int fp_init(unsigned int nr_cpus);
void fp_trap(struct vcpu *v);
void fp_put(struct vcpu *v);
void fp_save(struct fp_regs *to);
void fp_load(const struct fp_regs *from);
void sve_save(void *to);
void sve_load(const void *from);

/* timer.c */
#define PPI_MAINTENANCE 25
#define PPI_HYP_TIMER 26
#define PPI_VIRT_TIMER 27
#define PPI_PHYS_TIMER 30
void timer_load(struct vcpu *v);
void timer_put(struct vcpu *v);
void timer_sample(struct vcpu *v);
void timer_reset(struct vcpu *v);
void timer_phys_update(struct vcpu *v);
bool timer_access(struct vcpu *v, u32 enc, bool write, u64 *value);

/* gic.c */
int gic_init(const struct platform *p);
void gic_load(void);
void gic_exit(struct vcpu *v);
void gic_put(void);
u8 gic_classify(struct vcpu *v);

/* debug.c */
void debug_reset(struct vcpu *v);
void debug_load(struct vcpu *v);
void debug_put(struct vcpu *v);
bool debug_mdscr(struct vcpu *v, bool write, u64 *value);
bool debug_os_lock(struct vcpu *v, bool lock);
u64 debug_os_status(const struct vcpu *v);
bool debug_point(struct vcpu *v, u32 enc, bool write, u64 *value);

/* guest_sysreg.c: true: answered */
bool guest_sysreg(struct vcpu *v, u64 esr, struct guest_exit *e);
bool guest_cp15(struct vcpu *v, u64 esr, struct guest_exit *e);

#endif
