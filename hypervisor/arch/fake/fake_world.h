/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests for unit tests: hyp/world.h on the build machine. A test scripts the exits
 * of a guest or plays it itself; the kick is a model of an interrupt line a CPU, and
 * each rule of hyp/world.h that a caller breaks is counted and printed.
 */
#ifndef FAKE_WORLD_H
#define FAKE_WORLD_H

#include <hyp/vm.h>
#include <hyp/world.h>

/* Registers after arch_vcpu_reset(): what arch_vcpu_pstate() says. */
#define FAKE_PSTATE_RESET 0x3c5
/* arch_vcpu_pc() after @n instructions were stepped over is 4 * n more. */

/* Back to the start: no script, no kick, all counters zero. */
void fake_world_reset(void);

/*
 * What the guest does: called at each entry with *@e all zero (GUEST_EXIT_AGAIN).
 * NULL: the script decides. May be called on several threads.
 */
extern void (*fake_guest)(struct vcpu *v, struct guest_exit *e);

/*
 * The script: exits in the order of fake_exit() calls, with an optional step of the
 * test's own before each. When there is none left, a physical interrupt ends the entry.
 */
void fake_exit(struct guest_exit e);
void fake_step(struct guest_exit e, void (*step)(struct vcpu *v));
unsigned int fake_exits_left(void);

/*
 * Kicks. Each arch_kick() raises the line of its CPU, arch_consume_kick() takes it away;
 * a second one while it is high, or a consumer with nothing to take, is an error. With
 * fake_kick_wait the consumer waits for a sender on another thread, as it has to.
 */
extern bool fake_kick_wait;
extern u64 fake_kicks, fake_kicks_consumed, fake_waits;
/* Between the sender's announcement and its interrupt; may be NULL. */
extern void (*fake_kick_hook)(unsigned int cpu);
extern void (*fake_wait_hook)(void);
bool fake_kick_pending(unsigned int cpu);

/* Called once, when x0 has been set: the answer to a guest's call. May be NULL. */
extern void (*fake_answer_hook)(struct vcpu *v);

/* In arch_vcpu_wire(), for what a processor would wire. May be NULL. */
extern void (*fake_wire_hook)(struct vcpu *v);

/* In arch_vgic_load() and arch_vgic_store(): a virtual CPU interface. May be NULL. */
extern void (*fake_vgic_hook)(struct vcpu *v, bool load);

/* Broken rules; each is printed. */
extern unsigned int fake_world_errors;

/* Counted since fake_world_reset(). */
extern u64 fake_entries, fake_loads, fake_puts, fake_resets, fake_wires;
extern u64 fake_vgic_loads;
extern u64 fake_aborts, fake_undefs, fake_skips;
/* The last that arch_inject_external_abort() got. */
extern struct guest_exit fake_last_abort;

/* What arch_vcpu_may_run() returns. */
extern int fake_may_run;

/* Buffers that are mapped now; how many more can be, negative: any number. */
extern int fake_buffers_mapped, fake_buffers_left;

#endif
