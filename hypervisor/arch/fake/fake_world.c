// SPDX-License-Identifier: GPL-2.0-only
/*
 * hyp/world.h for unit tests on the build machine; see fake_world.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/gzvm_hyp.h>
#include <hyp/errno.h>
#include <hyp/util.h>

#include "fake_arch.h"
#include "fake_world.h"

#define MAX_SCRIPT 64
#define KICK_SECONDS 600

void (*fake_guest)(struct vcpu *v, struct guest_exit *e);
bool fake_kick_wait;
void (*fake_kick_hook)(unsigned int cpu);
void (*fake_wait_hook)(void);
void (*fake_answer_hook)(struct vcpu *v);
void (*fake_wire_hook)(struct vcpu *v);
void (*fake_vgic_hook)(struct vcpu *v, bool load);
unsigned int fake_world_errors;
u64 fake_kicks, fake_kicks_consumed, fake_waits;
u64 fake_entries, fake_loads, fake_puts, fake_resets, fake_wires;
u64 fake_vgic_loads;
u64 fake_aborts, fake_undefs, fake_skips;
struct guest_exit fake_last_abort;
int fake_may_run;
int fake_buffers_mapped, fake_buffers_left;

static struct {
	struct guest_exit e;
	void (*step)(struct vcpu *v);
} script[MAX_SCRIPT];
static unsigned int script_at, script_len;
static u32 line[HYP_MAX_CPUS]; /* the kick's interrupt is pending */
static struct vcpu *on_cpu[HYP_MAX_CPUS];
static u8 mapped[VM_MAX + 1][VGIC_MAX_CPUS];

#define COUNT(what) __atomic_fetch_add(&(what), 1, __ATOMIC_RELAXED)

static void error(const char *what)
{
	printf("# fake world: %s\n", what);
	COUNT(fake_world_errors);
}

void fake_world_reset(void)
{
	fake_guest = NULL;
	fake_kick_wait = false;
	fake_kick_hook = NULL;
	fake_wait_hook = NULL;
	fake_answer_hook = NULL;
	fake_wire_hook = NULL;
	fake_vgic_hook = NULL;
	fake_world_errors = 0;
	fake_kicks = fake_kicks_consumed = fake_waits = 0;
	fake_entries = fake_loads = fake_puts = fake_resets = fake_wires = 0;
	fake_vgic_loads = 0;
	fake_aborts = fake_undefs = fake_skips = 0;
	memset(&fake_last_abort, 0, sizeof(fake_last_abort));
	fake_may_run = 0;
	fake_buffers_mapped = 0;
	fake_buffers_left = -1;
	script_at = script_len = 0;
	memset(line, 0, sizeof(line));
	memset(on_cpu, 0, sizeof(on_cpu));
	memset(mapped, 0, sizeof(mapped));
}

void fake_step(struct guest_exit e, void (*step)(struct vcpu *v))
{
	if (script_at == script_len)
		script_at = script_len = 0;
	if (script_len == MAX_SCRIPT) {
		error("script too long");
		return;
	}
	script[script_len].e = e;
	script[script_len++].step = step;
}

void fake_exit(struct guest_exit e)
{
	fake_step(e, NULL);
}

unsigned int fake_exits_left(void)
{
	return script_len - script_at;
}

bool fake_kick_pending(unsigned int cpu)
{
	return __atomic_load_n(&line[cpu], __ATOMIC_SEQ_CST);
}

/* Is this vCPU's world the one on this CPU? */
static void check_loaded(const struct vcpu *v)
{
	if (!v->arch.loaded || v->arch.cpu != arch_cpu() || on_cpu[arch_cpu()] != v)
		error("used as if loaded, but is not on this CPU");
}

static void check_not_loaded(const struct vcpu *v, const char *what)
{
	if (v->arch.loaded)
		error(what);
}

bool arch_ppi_is_own(u64 intid)
{
	return intid == 27 || intid == 30;
}

void arch_vcpu_wire(struct vcpu *v)
{
	check_not_loaded(v, "wired while loaded");
	COUNT(fake_wires);
	if (fake_wire_hook)
		fake_wire_hook(v);
}

void arch_vcpu_reset(struct vcpu *v)
{
	check_not_loaded(v, "reset while loaded: what the CPU holds would win");
	memset(&v->arch, 0, sizeof(v->arch));
	v->arch.pstate = FAKE_PSTATE_RESET;
	v->arch.timer_delay = ~0ULL;
	COUNT(fake_resets);
}

void arch_vcpu_load(struct vcpu *v)
{
	check_not_loaded(v, "loaded twice");
	if (on_cpu[arch_cpu()])
		error("another vCPU is loaded on this CPU");
	on_cpu[arch_cpu()] = v;
	v->arch.loaded = true;
	v->arch.cpu = arch_cpu();
	COUNT(fake_loads);
}

void arch_vcpu_put(struct vcpu *v)
{
	check_loaded(v);
	if (v->arch.vgic)
		error("put with its list registers loaded");
	v->arch.loaded = false;
	on_cpu[arch_cpu()] = NULL;
	/* From here on it would be the host's to see. */
	if (fake_kick_pending(arch_cpu()))
		error("a kick is left pending for the host");
	COUNT(fake_puts);
}

void arch_vcpu_enter(struct vcpu *v, struct guest_exit *e)
{
	check_loaded(v);
	if (READ_ONCE(v->vm->peer[v->index].mode) == VCPU_OUT)
		error("entered without a word to those who kick");
	if (!v->arch.vgic)
		error("entered without its list registers");
	COUNT(fake_entries);
	memset(e, 0, sizeof(*e));
	e->kind = GUEST_EXIT_AGAIN;
	/* EL2 never gets into a guest while a physical interrupt is pending. */
	if (fake_kick_pending(arch_cpu())) {
		e->kind = GUEST_EXIT_KICK;
	} else if (fake_guest) {
		fake_guest(v, e);
	} else if (script_at < script_len) {
		unsigned int i = script_at++;

		*e = script[i].e;
		if (script[i].step)
			script[i].step(v);
	} else {
		e->kind = GUEST_EXIT_IRQ;
	}
}

void arch_vgic_load(struct vcpu *v)
{
	check_loaded(v);
	if (v->arch.vgic || !v->vgic.loaded)
		error("list registers loaded twice, or not by vgic_flush()");
	v->arch.vgic = true;
	if (fake_vgic_hook)
		fake_vgic_hook(v, true);
	COUNT(fake_vgic_loads);
}

void arch_vgic_store(struct vcpu *v)
{
	check_loaded(v);
	if (!v->arch.vgic || !v->vgic.loaded)
		error("list registers stored that are not loaded");
	v->arch.vgic = false;
	if (fake_vgic_hook)
		fake_vgic_hook(v, false);
}

u64 arch_vcpu_get_x(const struct vcpu *v, unsigned int n)
{
	return n < 31 ? v->arch.x[n] : 0;
}

void arch_vcpu_set_x(struct vcpu *v, unsigned int n, u64 value)
{
	if (n > 31)
		error("no such register");
	else if (n < 31)
		v->arch.x[n] = value;
	if (n == 0 && fake_answer_hook) {
		void (*hook)(struct vcpu *v) = fake_answer_hook;

		fake_answer_hook = NULL;
		hook(v);
	}
}

void arch_vcpu_skip(struct vcpu *v, u64 esr __unused)
{
	check_loaded(v);
	if (fake_step_hook)
		fake_step_hook();
	v->arch.pc += 4;
	COUNT(fake_skips);
}

u64 arch_vcpu_pc(const struct vcpu *v)
{
	check_loaded(v);
	return v->arch.pc;
}

u64 arch_vcpu_pstate(const struct vcpu *v)
{
	check_loaded(v);
	return v->arch.pstate;
}

void arch_vcpu_set_entry(struct vcpu *v, u64 entry, u64 arg)
{
	check_not_loaded(v, "entry set while loaded");
	v->arch.pc = entry;
	v->arch.x[0] = arg;
}

void arch_inject_external_abort(struct vcpu *v, const struct guest_exit *e)
{
	check_loaded(v);
	fake_last_abort = *e;
	COUNT(fake_aborts);
}

void arch_inject_undef(struct vcpu *v)
{
	check_loaded(v);
	COUNT(fake_undefs);
}

static u64 *find_reg(struct vcpu *v, u64 id)
{
	u64 n = (id - GZVM_REG_CORE_U64(0)) * 4;

	check_not_loaded(v, "register accessed while loaded");
	if (n == GZVM_CORE_PC)
		return &v->arch.pc;
	if (n == GZVM_CORE_PSTATE)
		return &v->arch.pstate;
	return n <= GZVM_CORE_X(30) && n % 8 == 0 ? &v->arch.x[n / 8] : NULL;
}

int arch_vcpu_set_reg(struct vcpu *v, u64 id, u64 value)
{
	u64 *reg = find_reg(v, id);

	if (!reg)
		return -EINVAL;
	*reg = value;
	return 0;
}

int arch_vcpu_get_reg(struct vcpu *v, u64 id, u64 *value)
{
	u64 *reg = find_reg(v, id);

	if (!reg)
		return -EINVAL;
	*value = *reg;
	return 0;
}

u64 arch_vcpu_timer_delay(struct vcpu *v)
{
	check_loaded(v);
	if (fake_step_hook)
		fake_step_hook();
	return v->arch.timer_delay;
}

void arch_wait(struct vcpu *v)
{
	check_loaded(v);
	COUNT(fake_waits);
	if (fake_wait_hook)
		fake_wait_hook();
}

void arch_kick(unsigned int cpu)
{
	if (fake_kick_hook)
		fake_kick_hook(cpu);
	COUNT(fake_kicks);
	if (__atomic_exchange_n(&line[cpu], 1, __ATOMIC_SEQ_CST))
		error("kicked again before the last kick was consumed");
}

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

void arch_consume_kick(void)
{
	unsigned int cpu = arch_cpu();
	time_t end = seconds() + KICK_SECONDS;

	while (!__atomic_exchange_n(&line[cpu], 0, __ATOMIC_SEQ_CST)) {
		if (!fake_kick_wait || seconds() > end) {
			error("no kick to consume");
			return;
		}
		arch_cpu_relax();
	}
	COUNT(fake_kicks_consumed);
}

void *arch_map_vcpu_buffer(u16 vmid, unsigned int index, pa_t base)
{
	if (mapped[vmid][index])
		error("buffer mapped twice");
	if (!fake_buffers_left)
		return NULL;
	if (fake_buffers_left > 0)
		fake_buffers_left--;
	mapped[vmid][index] = 1;
	__atomic_fetch_add(&fake_buffers_mapped, 1, __ATOMIC_RELAXED);
	return fake_va(base.v);
}

void arch_unmap_vcpu_buffer(u16 vmid, unsigned int index)
{
	if (!mapped[vmid][index])
		error("unmapped a buffer that is not mapped");
	mapped[vmid][index] = 0;
	__atomic_fetch_sub(&fake_buffers_mapped, 1, __ATOMIC_RELAXED);
}

int arch_vcpu_may_run(void)
{
	return fake_may_run;
}
