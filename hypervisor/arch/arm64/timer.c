// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests' timers (Arm ARM D11).
 *
 * Virtual: the guest has CNTV itself. Its interrupt, PPI 27, traps to EL2, which
 * samples the level, tells the vGIC, and makes the physical interrupt active, so
 * that it stays silent until the guest deactivates the virtual one (list register
 * with HW = 1). The alternative, masking CNTV at its source, shows in the guest's
 * CNTV_CTL and cannot be told from a mask of the guest's own.
 *
 * Physical: CNTP is the host's. The guest's accesses trap; its deadline is on
 * CNTHP, PPI 26, while it runs. Its counter is the machine's, without an offset.
 */
#include <hyp/arch.h>
#include <hyp/vgic.h>
#include "guest.h"

#define CNT_CTL_LEVEL (CNT_CTL_ENABLE | CNT_CTL_ISTATUS)
#define CNT_CTL_MASK (CNT_CTL_ENABLE | CNT_CTL_IMASK | CNT_CTL_ISTATUS)

static __noinline void timer_changed(struct vcpu *v, unsigned int intid, bool level)
{
	u32 wake = 0;

	/* Its own private interrupt: nobody else has to wake. */
	vgic_set_line(&v->vm->vgic, v->index, intid, level, &wake);
}

/* The line of a timer is what @was says: nobody else moves it, see arch_ppi_is_own(). */
static void timer_line(struct vcpu *v, unsigned int intid, bool *was, bool level)
{
	if (level == *was)
		return;
	*was = level;
	timer_changed(v, intid, level);
}

static bool timer_virt_level(void)
{
	return (read_sysreg(cntv_ctl_el0) & CNT_CTL_MASK) == CNT_CTL_LEVEL;
}

/**
 * timer_sample() - tell the vGIC the level of the virtual timer
 * @v: the vCPU
 *
 * Context: loaded, interrupts masked.
 */
void timer_sample(struct vcpu *v)
{
	timer_line(v, PPI_VIRT_TIMER, &v->arch.timer.v_level, timer_virt_level());
}

/**
 * timer_reset() - both timers' lines are low again, whatever they were
 * @v: the vCPU
 */
void timer_reset(struct vcpu *v)
{
	timer_line(v, PPI_VIRT_TIMER, &v->arch.timer.v_level, false);
	timer_line(v, PPI_PHYS_TIMER, &v->arch.timer.p_level, false);
}

static bool timer_phys_armed(const struct vcpu_timer *t)
{
	return (t->p_ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK)) == CNT_CTL_ENABLE;
}

/**
 * timer_phys_update() - level of the physical timer, and its next deadline
 * @v: the vCPU
 */
void timer_phys_update(struct vcpu *v)
{
	struct vcpu_timer *t = &v->arch.timer;
	bool armed = timer_phys_armed(t);
	bool due = armed && arch_counter() >= t->p_cval;

	timer_line(v, PPI_PHYS_TIMER, &t->p_level, due);
	if (armed && !due) {
		write_sysreg(t->p_cval, cnthp_cval_el2);
		write_sysreg(CNT_CTL_ENABLE, cnthp_ctl_el2);
	} else {
		write_sysreg(0, cnthp_ctl_el2);
	}
	isb();
}

bool arch_ppi_is_own(u64 intid)
{
	return intid == PPI_VIRT_TIMER || intid == PPI_PHYS_TIMER;
}

void arch_vcpu_wire(struct vcpu *v)
{
	vgic_cpu_map_hw(&v->vgic, PPI_VIRT_TIMER);
}

/* What happened to the timers of a vCPU while it was away. */
static __noinline void timer_catch_up(struct vcpu *v)
{
	timer_sample(v);
	if ((v->arch.timer.p_ctl & CNT_CTL_ENABLE) || v->arch.timer.p_level)
		timer_phys_update(v);
}

void timer_load(struct vcpu *v)
{
	struct percpu *cpu = this_cpu();
	struct vcpu_timer *t = &v->arch.timer;
	u64 ctl = read_sysreg(cntv_ctl_el0), cval = read_sysreg(cntv_cval_el0);

	cpu->host_cntv_ctl = ctl;
	cpu->host_cntv_cval = cval;
	write_sysreg(v->vm->counter_offset, cntvoff_el2);
	write_sysreg(t->v_cval, cntv_cval_el0);
	isb();
	write_sysreg(t->v_ctl, cntv_ctl_el0);
	/* Counters are readable; CNTP registers trap (EL1PCEN = 0). */
	write_sysreg(CNTHCTL_EL1PCTEN, cnthctl_el2);
	isb();
	if (unlikely(timer_virt_level() != t->v_level || (t->p_ctl & CNT_CTL_ENABLE) || t->p_level))
		timer_catch_up(v);
}

void timer_put(struct vcpu *v)
{
	struct percpu *cpu = this_cpu();
	struct vcpu_timer *t = &v->arch.timer;
	u64 ctl = read_sysreg(cntv_ctl_el0), cval = read_sysreg(cntv_cval_el0);

	t->v_ctl = ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK);
	t->v_cval = cval;
	if (unlikely(t->p_ctl & CNT_CTL_ENABLE))
		write_sysreg(0, cnthp_ctl_el2);
	write_sysreg(0, cntv_ctl_el0);
	isb();
	write_sysreg(0, cntvoff_el2);
	write_sysreg(cpu->host_cntv_cval, cntv_cval_el0);
	write_sysreg(cpu->host_cntv_ctl, cntv_ctl_el0);
	write_sysreg(CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN, cnthctl_el2);
}

/* CNTP_CTL, CNTP_CVAL, CNTP_TVAL of the guest (D11.2.4: TVAL is signed 32 bits). */
bool timer_access(struct vcpu *v, u32 enc, bool write, u64 *value)
{
	struct vcpu_timer *t = &v->arch.timer;
	u64 now = arch_counter();

	switch (enc) {
	case SYS(3, 3, 14, 2, 0):
		if (write)
			t->p_cval = now + (u64)(s64)(s32)*value;
		else
			*value = (u32)(t->p_cval - now);
		break;
	case SYS(3, 3, 14, 2, 1):
		if (write)
			t->p_ctl = *value & (CNT_CTL_ENABLE | CNT_CTL_IMASK);
		else
			*value = t->p_ctl | ((t->p_ctl & CNT_CTL_ENABLE) && now >= t->p_cval ?
					     CNT_CTL_ISTATUS : 0);
		break;
	case SYS(3, 3, 14, 2, 2):
		if (write)
			t->p_cval = *value;
		else
			*value = t->p_cval;
		break;
	default:
		return false;
	}
	/* Who reads ISTATUS finds the interrupt pending, however late CNTHP fires. */
	if (write || (enc == SYS(3, 3, 14, 2, 1) && (*value & CNT_CTL_ISTATUS)))
		timer_phys_update(v);
	return true;
}

/*
 * A timer that is due has its level in the vGIC already: whether that ends a wait
 * is the vGIC's to say.
 */
u64 arch_vcpu_timer_delay(struct vcpu *v)
{
	struct vcpu_timer *t = &v->arch.timer;
	u64 now = arch_counter(), delay = ~0ULL;
	u64 ctl = read_sysreg(cntv_ctl_el0);
	u64 cval = read_sysreg(cntv_cval_el0), vnow = now - v->vm->counter_offset;

	timer_sample(v);
	if ((ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK)) == CNT_CTL_ENABLE && !t->v_level)
		delay = cval > vnow ? cval - vnow : 1;
	if (timer_phys_armed(t)) {
		timer_phys_update(v);
		if (!t->p_level)
			delay = MIN(delay, t->p_cval > now ? t->p_cval - now : 1);
	}
	return delay;
}
