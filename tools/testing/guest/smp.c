// SPDX-License-Identifier: GPL-2.0-only
/*
 * All CPUs at the same time: exclusives, memory order, TLB and cache maintenance that reaches the
 * others, and registers that stay each CPU's own.
 */
#include "guest.h"

#define ROUNDS		2000
#define PAGE		UINT64_C(0x80000000 + 64 * 0x100000)
/* A second view of it, in a GiB that the machine does not use. */
#define VIEW_BLOCK	3
#define VIEW		(UINT64_C(VIEW_BLOCK) << 30)

static unsigned int cpus;
static struct lock shared_lock;
static struct barrier barrier;
static uint64_t plain_count, atomic_count, exclusive_count;
static uint64_t seen_sp[MAX_CPUS];

static void identity(unsigned int self)
{
	uint64_t here;

	asm volatile("mov %0, sp" : "=r" (here));
	seen_sp[self] = here;
	check((read_sysreg(mpidr_el1) & UINT64_C(0xff00ffffff)) == self, "MPIDR %lx on CPU %u",
	      read_sysreg(mpidr_el1), self);
	check((read_sysreg(mpidr_el1) >> 30 & 3) == 2, "MPIDR %lx: U, or no RES1",
	      read_sysreg(mpidr_el1));
	check(read_sysreg(currentel) == 4, "not at EL1");
	check(read_sysreg(cntfrq_el0) >= 1000000, "frequency %lu", read_sysreg(cntfrq_el0));
}

static void test_identity(void)
{
	smp_run(identity, cpus);
	for (unsigned int i = 0; i < cpus; i++)
		for (unsigned int j = 0; j < i; j++)
			check(seen_sp[i] != seen_sp[j], "CPUs %u and %u share a stack", i, j);
	test_end("each CPU is itself");
}

static void count(unsigned int self)
{
	(void)self;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t old, failed;

		__atomic_fetch_add(&atomic_count, 1, __ATOMIC_RELAXED);
		do
			asm volatile("ldxr %0, %2\n add %0, %0, #1\n stxr %w1, %0, %2"
				     : "=&r" (old), "=&r" (failed), "+Q" (exclusive_count));
		while ((uint32_t)failed);
		lock(&shared_lock);
		plain_count++;
		unlock(&shared_lock);
	}
}

static void test_locks(void)
{
	smp_run(count, cpus);
	check(plain_count == (uint64_t)cpus * ROUNDS, "%lu under the lock", plain_count);
	check(atomic_count == (uint64_t)cpus * ROUNDS, "%lu by atomics", atomic_count);
	check(exclusive_count == (uint64_t)cpus * ROUNDS, "%lu by exclusives", exclusive_count);
	test_end("locks and exclusives");
}

/* Message passing, and store buffering with a barrier, by CPUs 0 and 1. */
static volatile uint64_t data, flag, x, y, r[2];

static void order(unsigned int self)
{
	for (uint64_t i = 1; i <= 50; i++) {
		barrier_wait(&barrier, 2);
		if (self) {
			data = i * 3;
			asm volatile("stlr %1, %0" : "=Q" (flag) : "r" (i));
		} else {
			uint64_t got;

			do
				asm volatile("ldar %0, %1" : "=r" (got) : "Q" (flag));
			while (got != i);
			check(data == i * 3, "flag %lu came before its data %lu", got, data);
			x = y = 0;
		}
		barrier_wait(&barrier, 2);
		*(self ? &x : &y) = 1;
		asm volatile("dmb ish" ::: "memory");
		r[self] = *(self ? &y : &x);
		barrier_wait(&barrier, 2);
		check(r[0] || r[1], "both stores came after both loads");
	}
}

/*
 * CPU 0 moves a page under the others; what its TLBI by the inner shareable domain leaves is the
 * new one, everywhere, when its DSB ends.
 */
static uint64_t level2[512] __attribute__((aligned(4096)));
static uint64_t level3[512] __attribute__((aligned(4096)));
static uint32_t phase;
static uint32_t looked;

static void map_view(uint64_t page)
{
	level3[0] = page | 1 << 10 | 3 << 8 | 1 << 2 | 3;
	asm volatile("dsb ishst" ::: "memory");
}

static void unmap_view(bool all)
{
	level3[0] = 0;
	asm volatile("dsb ishst" ::: "memory");
	if (all)
		asm volatile("tlbi vmalle1is" ::: "memory");
	else
		asm volatile("tlbi vaae1is, %0" :: "r" (VIEW >> 12) : "memory");
	asm volatile("dsb ish; isb" ::: "memory");
}

static void watch_page(unsigned int self)
{
	if (!self) {
		for (uint32_t i = 1; i <= 12; i++) {
			unmap_view(i % 2);
			map_view(PAGE + (i % 4) * 4096);
			__atomic_store_n(&looked, 0, __ATOMIC_RELAXED);
			__atomic_store_n(&phase, i, __ATOMIC_RELEASE);
			while (__atomic_load_n(&looked, __ATOMIC_ACQUIRE) != cpus - 1)
				relax();
		}
		return;
	}
	for (uint32_t i = 1; i <= 12; i++) {
		uint64_t is;

		while (__atomic_load_n(&phase, __ATOMIC_ACQUIRE) != i)
			relax();
		asm volatile("isb" ::: "memory");
		is = *(volatile uint64_t *)VIEW;
		check(is == 0x1000 + i % 4, "CPU %u saw page %lx in round %u", self, is, i);
		__atomic_fetch_add(&looked, 1, __ATOMIC_RELEASE);
	}
}

static void test_tlb(void)
{
	level2[0] = (uint64_t)level3 | 3;
	translation_table[VIEW_BLOCK] = (uint64_t)level2 | 3;
	for (unsigned int i = 0; i < 4; i++)
		*(volatile uint64_t *)(PAGE + i * 4096) = 0x1000 + i;
	asm volatile("dsb ish; isb" ::: "memory");
	smp_run(watch_page, cpus);
	translation_table[VIEW_BLOCK] = 0;
	asm volatile("dsb ish; tlbi vmalle1is; dsb ish; isb" ::: "memory");
	test_end("TLB maintenance reaches all");
}

/* CPU 0 rewrites a function that the others call. */
static uint32_t code[16] __attribute__((aligned(64)));

static void run_code(unsigned int self)
{
	for (uint32_t i = 1; i <= 12; i++) {
		if (!self) {
			code[0] = 0x52800000 | i << 5;	/* mov w0, #i */
			code[1] = 0xd65f03c0;		/* ret */
			asm volatile("dc cvau, %0; dsb ish; ic ivau, %0; dsb ish; isb"
				     :: "r" (code) : "memory");
			__atomic_store_n(&looked, 0, __ATOMIC_RELAXED);
			__atomic_store_n(&phase, i, __ATOMIC_RELEASE);
			while (__atomic_load_n(&looked, __ATOMIC_ACQUIRE) != cpus - 1)
				relax();
			continue;
		}
		while (__atomic_load_n(&phase, __ATOMIC_ACQUIRE) != i)
			relax();
		asm volatile("isb" ::: "memory");
		check(((uint32_t (*)(void))(uint64_t)code)() == i, "CPU %u ran old code in round %u",
		      self, i);
		__atomic_fetch_add(&looked, 1, __ATOMIC_RELEASE);
	}
}

/* Each CPU's own FP and system registers, while all trap, and share the host's CPUs. */
#define FP_PAIRS(op) ".arch_extension fp\n"						\
	op " q0, q1, [%0, #0]\n" op " q2, q3, [%0, #32]\n" op " q4, q5, [%0, #64]\n"	\
	op " q6, q7, [%0, #96]\n" op " q8, q9, [%0, #128]\n" op " q10, q11, [%0, #160]\n"	\
	op " q12, q13, [%0, #192]\n" op " q14, q15, [%0, #224]\n"			\
	op " q16, q17, [%0, #256]\n" op " q18, q19, [%0, #288]\n"			\
	op " q20, q21, [%0, #320]\n" op " q22, q23, [%0, #352]\n"			\
	op " q24, q25, [%0, #384]\n" op " q26, q27, [%0, #416]\n"			\
	op " q28, q29, [%0, #448]\n" op " q30, q31, [%0, #480]\n"

static void keep_registers(unsigned int self)
{
	uint64_t mine = UINT64_C(0x1111111111111111) * (self + 1), in[64], out[64];

	for (unsigned int i = 0; i < 64; i++)
		in[i] = mine + i;
	asm volatile(FP_PAIRS("ldp") :: "r" (in) : "memory");
	write_sysreg(tpidr_el1, mine);
	write_sysreg(tpidr_el0, mine + 1);
	write_sysreg(contextidr_el1, (uint32_t)mine);
	write_sysreg(par_el1, 0);
	write_sysreg(dbgbvr0_el1, mine & UINT64_C(0xfffffffffffc));
	write_sysreg(fpcr, self << 22);
	for (unsigned int i = 0; i < 100; i++) {
		/* To the VMM, to the hypervisor's GIC, to PSCI. */
		mmio_read32(VIRTIO);
		mmio_read32(GICD + GICD_TYPER);
		hvc(PSCI_VERSION, 0, 0, 0);
		check(read_sysreg(tpidr_el1) == mine && read_sysreg(tpidr_el0) == mine + 1 &&
		      read_sysreg(contextidr_el1) == (uint32_t)mine, "CPU %u lost a register", self);
		check(read_sysreg(dbgbvr0_el1) == (mine & UINT64_C(0xfffffffffffc)),
		      "CPU %u lost DBGBVR0", self);
		check(read_sysreg(fpcr) == self << 22, "CPU %u lost FPCR", self);
		asm volatile(FP_PAIRS("stp") :: "r" (out) : "memory");
		for (unsigned int j = 0; j < 64; j++)
			check(out[j] == in[j], "CPU %u lost V%u", self, j / 2);
	}
	write_sysreg(fpcr, 0);
}

void guest_main(void)
{
	cpus = smp_cpus();
	check(cpus > 1, "%u CPUs", cpus);
	test_end("CPUs");
	test_identity();
	test_locks();
	smp_run(order, 2);
	test_end("memory order");
	test_tlb();
	phase = 0;
	smp_run(run_code, cpus);
	test_end("instruction cache maintenance reaches all");
	smp_run(keep_registers, cpus);
	test_end("registers are each CPU's own");
}
