// SPDX-License-Identifier: GPL-2.0-only
/* libFuzzer's entry points, and the CPUs: one coroutine each. See fuzz.h. */
#include <sanitizer/common_interface_defs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "fake_arch.h"
#include "fake_firmware.h"
#include "fake_world.h"
#include "fuzz.h"
#include "vgic_sim.h"

#define STACK_SIZE (512UL << 10)
#define MAX_OPS 512

enum cpu_state {
	CPU_WAIT, /* for an operation */
	CPU_STOPPED, /* in the middle of a call */
	CPU_SPIN, /* waits for another CPU */
};

static struct cpu {
	ucontext_t context;
	enum cpu_state state;
	bool started;
	bool has_op;
	struct fuzz_op op;
	unsigned int stop_in; /* steps until it is stopped, 0: it is not */
	void *fake_stack;
	char *stack;
} cpus[FUZZ_CPUS];

static ucontext_t main_context;
static void *main_fake_stack;
static const void *main_stack;
static size_t main_stack_size;
static bool in_cpu; /* a CPU runs, not the scheduler */

u64 fuzz_switches;
struct page_record fuzz_records[FUZZ_PAGES];
u64 fuzz_pool_size;
static bool tracing;

void fuzz_trace(const char *fmt, ...)
{
	va_list ap;

	if (!tracing)
		return;
	printf("cpu%u%s: ", fake_cpu, in_cpu ? "" : "*");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

void fuzz_fail(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "fuzz: cpu%u: ", fake_cpu);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nfuzz: FUZZ_TRACE=1 in the environment says what the input does\n");
	abort();
}

static void leave(enum cpu_state state)
{
	struct cpu *c = &cpus[fake_cpu];

	c->state = state;
	in_cpu = false;
	__sanitizer_start_switch_fiber(&c->fake_stack, main_stack, main_stack_size);
	swapcontext(&c->context, &main_context);
	__sanitizer_finish_switch_fiber(c->fake_stack, &main_stack, &main_stack_size);
	in_cpu = true;
}

const struct fuzz_op *fuzz_peek(void)
{
	struct cpu *c = &cpus[fake_cpu];

	while (!c->has_op)
		leave(CPU_WAIT);
	return &c->op;
}

void fuzz_taken(void)
{
	cpus[fake_cpu].has_op = false;
}

bool fuzz_all_wait(void)
{
	for (unsigned int i = 0; i < FUZZ_CPUS; i++)
		if (cpus[i].started && cpus[i].state != CPU_WAIT)
			return false;
	return true;
}

static void stop_here(void)
{
	struct cpu *c = &cpus[fake_cpu];

	if (in_cpu && c->stop_in && --c->stop_in == 0)
		leave(CPU_STOPPED);
}

static void stop_in_kick(unsigned int cpu __attribute__((unused)))
{
	stop_here();
}

static void relax(void)
{
	if (!in_cpu)
		fuzz_fail("a lock is held that nobody will release");
	leave(CPU_SPIN);
}

static void cpu_main(void)
{
	__sanitizer_finish_switch_fiber(NULL, &main_stack, &main_stack_size);
	in_cpu = true;
	for (;;) {
		struct fuzz_op op = *fuzz_peek();

		/* First: what comes while it is inside RUN is the guest's. */
		fuzz_taken();
		fuzz_host(&op);
	}
}

static void start(struct cpu *c)
{
	c->stack = malloc(STACK_SIZE);
	if (!c->stack || getcontext(&c->context))
		abort();
	c->context.uc_stack.ss_sp = c->stack;
	c->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&c->context, cpu_main, 0);
	c->started = true;
}

static void resume(unsigned int n)
{
	struct cpu *c = &cpus[n];

	if (!c->started)
		start(c);
	fake_cpu = n;
	fuzz_switches++;
	__sanitizer_start_switch_fiber(&main_fake_stack, c->stack, STACK_SIZE);
	swapcontext(&main_context, &c->context);
	__sanitizer_finish_switch_fiber(main_fake_stack, NULL, NULL);
}

/* Until it waits or is stopped. While it spins the others go on: locks are fair. */
static void run(unsigned int n)
{
	for (unsigned int round = 0;; round++) {
		resume(n);
		if (cpus[n].state != CPU_SPIN)
			return;
		for (unsigned int i = 0; i < FUZZ_CPUS; i++) {
			if (i != n && cpus[i].state != CPU_WAIT) {
				cpus[i].stop_in = 0;
				resume(i);
			}
		}
		if (round > 1000) {
			fake_cpu = n;
			fuzz_fail("waits for ever: a lock is left held, or a kick was not sent");
		}
	}
}

/* Until it waits for an operation. */
static void finish(unsigned int n)
{
	cpus[n].stop_in = 0;
	if (cpus[n].state != CPU_WAIT)
		run(n);
}

static void deliver(unsigned int n, const struct fuzz_op *op)
{
	struct cpu *c = &cpus[n];

	finish(n);
	c->op = *op;
	c->has_op = true;
	c->stop_in = op->sched >> 2;
	run(n);
}

static void machine(const struct fuzz_config *config)
{
	static const u8 bits[] = { 40, 40, 32, 36, 39, 42, 43, 44 };
	static struct platform p;
	struct mem_range hyp;
	unsigned int lrs = config->lrs % 16 + 1;

	fake_reset();
	fake_world_reset();
	fake_firmware_reset();
	fuzz_pool_size = (1UL << 20) << (config->pool % 3);
	fake_pa_bits = bits[config->bits % ARRAY_SIZE(bits)];
	fake_fwb = config->flags & 1;
	fake_ram_zero = true;
	fake_ram_add(FUZZ_RAM, FUZZ_RAM_SIZE);
	/* What RAM held: records that say the host's. */
	for (unsigned int i = 0; i < ARRAY_SIZE(fuzz_records); i++)
		fuzz_records[i] = (struct page_record){ .owner = PAGE_OWNER_HOST };
	hyp = (struct mem_range){ FUZZ_POOL, fuzz_pool_size };
	p = (struct platform){
		.ram = { { FUZZ_RAM, FUZZ_RAM_SIZE } },
		.nr_ram = 1,
		.gicd = { 0x8000000, 0x10000 },
		.gicr = { { 0x80a0000, 0x60000 } },
		.nr_gicr = 1,
		.mpidr = { 0, 1, 0x100 },
		.nr_cpus = FUZZ_CPUS,
	};
	pool_init(pa(FUZZ_POOL), fake_va(FUZZ_POOL), fuzz_pool_size);
	stage2_setup(fake_pa_bits);
	if (host_init(&p, fuzz_records, &hyp, 1))
		fuzz_fail("no host");
	fuzz_host_reset();
	fake_smc_answer = fuzz_firmware;
	psci_init(&p);
	vgic_setup(sim_vtr(lrs, 5, 5, !(config->flags & 2)));
	vm_setup();
	fuzz_guest_reset(config);
	fake_guest = fuzz_guest;
	fake_wire_hook = fuzz_wire;
	fake_vgic_hook = fuzz_vgic;
	fake_kick_wait = true;
	fake_kick_hook = stop_in_kick;
	fake_wait_hook = stop_here;
	fake_step_hook = stop_here;
	fake_relax_hook = relax;
	fake_counter = 0x123456789;
}

/* Every guest is left, every VM is destroyed: then all is as it was. */
static void end(void)
{
	static const struct fuzz_op leave_guest; /* all zero: an interrupt for the host */
	u64 records = 0, available;

	for (unsigned int i = 0; i < FUZZ_CPUS; i++)
		finish(i);
	for (unsigned int id = 1; id <= VM_MAX; id++)
		if (fuzz_vm(id))
			fuzz_check_vgic(fuzz_vm(id));
	for (unsigned int i = 0; i < FUZZ_CPUS; i++)
		for (unsigned int n = 0; fuzz_in_guest[i] && n < 100; n++)
			deliver(i, &leave_guest);
	fuzz_check();
	fake_cpu = 0;
	fuzz_host_end();
	fuzz_check();
	available = pool_available();
	for (unsigned int i = 0; i < FUZZ_PAGES; i++)
		records += fuzz_records[i].borrowers;
	if (records)
		fuzz_fail("%lu borrowers are left", records);
	if (fake_buffers_mapped)
		fuzz_fail("%d buffers of vCPUs are left mapped", fake_buffers_mapped);
	if (fake_loads != fake_puts)
		fuzz_fail("a vCPU is left loaded");
	for (unsigned int i = 0; i < FUZZ_CPUS; i++)
		if (fake_kick_pending(i))
			fuzz_fail("a kick is left pending on CPU %u", i);
	if (available != fuzz_pool_size - PAGE_SIZE - host_stage2.quota->reserved * PAGE_SIZE -
				 (host_stage2.quota->used > host_stage2.quota->reserved ?
				  (host_stage2.quota->used - host_stage2.quota->reserved) *
				  PAGE_SIZE : 0))
		fuzz_fail("the pool is not whole: 0x%lx available", available);
}

int LLVMFuzzerInitialize(int *argc __attribute__((unused)), char ***argv __attribute__((unused)))
{
	tracing = getenv("FUZZ_TRACE");
	fuzz_reach_init();
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_config config;
	struct fuzz_op op;

	if (size < sizeof(config))
		return 0;
	memcpy(&config, data, sizeof(config));
	machine(&config);
	for (size_t i = 1; i < size / sizeof(op) && i < MAX_OPS; i++) {
		memcpy(&op, data + i * sizeof(op), sizeof(op));
		fake_counter += 1000;
		deliver((op.sched & 3) % FUZZ_CPUS, &op);
		fuzz_check();
	}
	end();
	return 0;
}

/* Changes whole operations as often as bytes. */
size_t LLVMFuzzerMutate(u8 *data, size_t size, size_t max_size);

static u32 next(u32 *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 8;
}

static void random_op(u8 *op, u32 *seed)
{
	for (unsigned int i = 0; i < 8; i++) {
		u32 r = next(seed);

		/* Small numbers name what exists. */
		op[i] = i && r & 0x300 ? (r & 7) : r;
	}
	if (next(seed) % 4)
		op[1] &= 3;
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max, unsigned int seed)
{
	u32 s = seed;
	size_t n, at, from, len, few;
	u8 copy[64];

	max &= ~7UL;
	n = size / 8;
	if (n < 2 || max < 32)
		return MIN(LLVMFuzzerMutate(data, size, max), max) & ~7UL ?: 8;
	at = 1 + next(&s) % (n - 1);
	few = 1 + next(&s) % 4;
	switch (next(&s) % 8) {
	case 0:
	case 1: /* insert new ones */
		len = MIN(few, max / 8 - n);
		memmove(data + (at + len) * 8, data + at * 8, (n - at) * 8);
		for (size_t i = at; i < at + len; i++)
			random_op(data + i * 8, &s);
		return (n + len) * 8;
	case 2: /* take some out */
		len = MIN(few, n - at);
		memmove(data + at * 8, data + (at + len) * 8, (n - at - len) * 8);
		return (n - len) * 8;
	case 3: /* again, elsewhere */
		from = 1 + next(&s) % (n - 1);
		len = MIN(MIN(2 * few, n - from), max / 8 - n);
		memcpy(copy, data + from * 8, len * 8);
		memmove(data + (at + len) * 8, data + at * 8, (n - at) * 8);
		memcpy(data + at * 8, copy, len * 8);
		return (n + len) * 8;
	case 4: /* another one in its place */
		random_op(data + at * 8, &s);
		return n * 8;
	case 5: /* another CPU, another moment */
		data[at * 8 + 1] = next(&s);
		return n * 8;
	case 6: /* one argument */
		data[at * 8 + 2 + next(&s) % 6] = next(&s) & 1 ? next(&s) : next(&s) & 7;
		return n * 8;
	default:
		size = LLVMFuzzerMutate(data, size, max) & ~7UL;
		return size ? size : 8;
	}
}
