// SPDX-License-Identifier: GPL-2.0-only
/*
 * hyp/arch.h for unit tests on the build machine; see fake_arch.h.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <hyp/log.h>
#include <hyp/panic.h>
#include <hyp/util.h>

#include "fake_arch.h"

_Thread_local unsigned int fake_cpu;
static _Thread_local unsigned int map_depth[HYP_MAX_CPUS];

u64 fake_counter;
unsigned int fake_pa_bits;
bool fake_fwb;
struct fake_counts fake_counts;
struct fake_tlbi fake_last_tlbi;
void (*fake_tlbi_hook)(const struct fake_tlbi *t);
void (*fake_dcache_hook)(u64 pa, u64 size);
void (*fake_step_hook)(void);
void (*fake_relax_hook)(void);
bool fake_ram_zero;
unsigned int fake_tlb_bbm_errors;
bool fake_panic_expected;
jmp_buf fake_panic_jump;
char fake_panic_message[512];
char fake_log[8192];

static struct {
	u64 base, size;
	u8 *mem;
} ram[FAKE_MAX_RAM];
static unsigned int nr_ram;

/* What the model of the TLB keeps: a translation, or where a table is. */
struct kept {
	struct fake_mmu mmu;
	bool leaf;
	unsigned int level;
	u64 ia; /* of the leaf's or the table's whole range */
	u64 size;
	u64 value; /* the leaf's descriptor, the table's address */
};

static struct kept *tlb;
static size_t tlb_len, tlb_room;
static pthread_mutex_t tlb_mutex = PTHREAD_MUTEX_INITIALIZER;

#define COUNT(what, n) __atomic_fetch_add(&fake_counts.what, n, __ATOMIC_RELAXED)

void fake_reset(void)
{
	for (unsigned int i = 0; i < nr_ram; i++)
		syscall(SYS_munmap, ram[i].mem, ram[i].size);
	nr_ram = 0;
	free(tlb);
	tlb = NULL;
	tlb_len = tlb_room = 0;
	fake_cpu = 0;
	memset(map_depth, 0, sizeof(map_depth));
	fake_counter = 0;
	fake_pa_bits = 40;
	fake_fwb = false;
	memset(&fake_counts, 0, sizeof(fake_counts));
	memset(&fake_last_tlbi, 0, sizeof(fake_last_tlbi));
	fake_tlbi_hook = NULL;
	fake_dcache_hook = NULL;
	fake_tlb_bbm_errors = 0;
	fake_panic_expected = false;
	fake_panic_message[0] = 0;
	fake_log[0] = 0;
}

/* Memory */

void fake_ram_add(u64 base, u64 size)
{
	/* Not mmap(): the address sanitizer's writes its shadow of all of it. */
	void *mem = (void *)syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (mem == MAP_FAILED || nr_ram == FAKE_MAX_RAM) {
		fprintf(stderr, "fake: no memory for 0x%lx bytes at 0x%lx\n", size, base);
		abort();
	}
	/* Big ranges stay untouched by the build machine: only their records matter. */
	if (size <= (64UL << 20) && !fake_ram_zero)
		memset(mem, 0xa5, size);
	ram[nr_ram].base = base;
	ram[nr_ram].size = size;
	ram[nr_ram++].mem = mem;
}

void *fake_va(u64 address)
{
	for (unsigned int i = 0; i < nr_ram; i++)
		if (address >= ram[i].base && address - ram[i].base < ram[i].size)
			return ram[i].mem + (address - ram[i].base);
	fprintf(stderr, "fake: 0x%lx is no memory\n", address);
	abort();
}

u64 fake_pa(const void *va)
{
	for (unsigned int i = 0; i < nr_ram; i++)
		if ((const u8 *)va >= ram[i].mem && (const u8 *)va < ram[i].mem + ram[i].size)
			return ram[i].base + ((const u8 *)va - ram[i].mem);
	fprintf(stderr, "fake: %p is no memory\n", va);
	abort();
}

/* hyp/arch.h */

unsigned int arch_cpu(void)
{
	return fake_cpu;
}

void arch_cpu_relax(void)
{
	if (fake_relax_hook)
		fake_relax_hook();
	else
		sched_yield();
}

static void step(void)
{
	if (fake_step_hook)
		fake_step_hook();
}

void arch_pt_sync(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	COUNT(pt_sync, 1);
	step();
}

void arch_dcache_clean_inval(const void *va, size_t size)
{
	COUNT(dcache, 1);
	COUNT(dcache_bytes, size);
	if (fake_dcache_hook)
		fake_dcache_hook(fake_pa(va), size);
}

void arch_dcache_clean_inval_pa(pa_t base, u64 size)
{
	COUNT(dcache, 1);
	COUNT(dcache_bytes, size);
	if (fake_dcache_hook)
		fake_dcache_hook(base.v, size);
	step();
}

void arch_icache_inval(void)
{
	COUNT(icache, 1);
}

bool arch_stage2_fwb(void)
{
	return fake_fwb;
}

void *arch_map_page(pa_t page)
{
	CHECK(IS_ALIGNED(page.v, PAGE_SIZE));
	CHECK(map_depth[fake_cpu] < ARCH_MAP_SLOTS);
	map_depth[fake_cpu]++;
	COUNT(map_page, 1);
	step();
	return fake_va(page.v);
}

void arch_unmap_page(void *va)
{
	CHECK(map_depth[fake_cpu] > 0);
	fake_pa(va);
	map_depth[fake_cpu]--;
	step();
}

u64 arch_index_nospec(u64 index, u64 limit __unused)
{
	return index;
}

u64 arch_counter(void)
{
	return fake_counter;
}

unsigned int arch_pa_bits(void)
{
	return fake_pa_bits;
}

/* The MMU */

struct fake_walk fake_mmu_walk(const struct fake_mmu *mmu, u64 ia)
{
	struct fake_walk w = { .level = mmu->start_level };
	u64 table = mmu->root;

	if (ia >> mmu->ia_bits)
		return w;
	for (;; w.level++) {
		unsigned int shift = 39 - 9 * w.level;
		u64 index = ia >> shift;

		/* Concatenated tables at the first level are one long table. */
		if (w.level != mmu->start_level)
			index &= 511;
		w.size = 1UL << shift;
		w.tables[w.level] = table;
		w.desc = *(volatile u64 *)fake_va(table + 8 * index);
		if (!(w.desc & 1))
			return w;
		table = w.desc & 0x0000fffffffff000UL;
		if (w.level == 3) {
			CHECK(w.desc & 2); /* 0b01 at level 3 is reserved */
			break;
		}
		if (!(w.desc & 2)) {
			CHECK(w.level > 0); /* no blocks at level 0 */
			CHECK(!(table & (w.size - 1)));
			break;
		}
	}
	CHECK(w.desc & (1 << 10)); /* AF: nobody handles access flag faults */
	w.valid = true;
	w.out = table | (ia & (w.size - 1));
	return w;
}

static bool same_mmu(const struct fake_mmu *a, const struct fake_mmu *b)
{
	return a->stage2 == b->stage2 && a->vmid == b->vmid;
}

static void keep(const struct kept *k)
{
	if (tlb_len == tlb_room) {
		tlb_room = tlb_room ? 2 * tlb_room : 64;
		tlb = realloc(tlb, tlb_room * sizeof(*tlb));
		CHECK(tlb);
	}
	tlb[tlb_len++] = *k;
}

static bool already_kept(const struct kept *k)
{
	for (size_t i = 0; i < tlb_len; i++)
		if (same_mmu(&tlb[i].mmu, &k->mmu) && tlb[i].leaf == k->leaf &&
		    tlb[i].level == k->level && tlb[i].ia == k->ia)
			return true;
	return false;
}

/* Walks, and keeps all that it read. */
static struct fake_walk walk_and_keep(const struct fake_mmu *mmu, u64 ia)
{
	struct fake_walk w = fake_mmu_walk(mmu, ia);

	for (unsigned int l = mmu->start_level + 1; l <= w.level; l++) {
		struct kept k = { .mmu = *mmu, .level = l, .value = w.tables[l] };

		k.size = 512UL << (39 - 9 * l);
		k.ia = ALIGN_DOWN(ia, k.size);
		if (!already_kept(&k))
			keep(&k);
	}
	if (w.valid) {
		struct kept k = { .mmu = *mmu, .leaf = true, .level = w.level, .value = w.desc };

		k.size = w.size;
		k.ia = ALIGN_DOWN(ia, k.size);
		if (!already_kept(&k))
			keep(&k);
	}
	return w;
}

bool fake_tlb_access(const struct fake_mmu *mmu, u64 ia, u64 *out)
{
	struct fake_walk w;

	pthread_mutex_lock(&tlb_mutex);
	for (size_t i = 0; i < tlb_len; i++) {
		struct kept *k = &tlb[i];

		if (k->leaf && same_mmu(&k->mmu, mmu) && ia >= k->ia && ia - k->ia < k->size) {
			*out = (k->value & 0x0000fffffffff000UL) | (ia & (k->size - 1));
			pthread_mutex_unlock(&tlb_mutex);
			return true;
		}
	}
	w = walk_and_keep(mmu, ia);
	if (w.valid)
		*out = w.out;
	pthread_mutex_unlock(&tlb_mutex);
	return w.valid;
}

/* Do the tables still say what was kept? 0 yes, 1 nothing there, 2 something else. */
static int compare(const struct kept *k)
{
	struct fake_walk w = fake_mmu_walk(&k->mmu, k->ia);

	if (k->leaf) {
		if (!w.valid && w.level <= k->level)
			return 1;
		return w.valid && w.level == k->level && w.desc == k->value ? 0 : 2;
	}
	if (w.level < k->level)
		return w.valid ? 2 : 1;
	return w.tables[k->level] == k->value ? 0 : 2;
}

unsigned int fake_tlb_stale(void)
{
	unsigned int stale = 0;

	pthread_mutex_lock(&tlb_mutex);
	for (size_t i = 0; i < tlb_len; i++) {
		const struct kept *k = &tlb[i];

		if (compare(k) == 0)
			continue;
		printf("# stale: vmid %u, level %u %s for 0x%lx, 0x%lx bytes: 0x%lx\n", k->mmu.vmid,
		       k->level, k->leaf ? "leaf" : "table", k->ia, k->size, k->value);
		stale++;
	}
	pthread_mutex_unlock(&tlb_mutex);
	return stale;
}

void fake_tlb_each(void (*fn)(const struct fake_mmu *mmu, u64 ia, u64 out, u64 size))
{
	for (size_t i = 0; i < tlb_len; i++)
		if (tlb[i].leaf)
			fn(&tlb[i].mmu, tlb[i].ia, tlb[i].value & 0x0000fffffffff000UL, tlb[i].size);
}

size_t fake_tlb_kept(void)
{
	return tlb_len;
}

static void invalidate(const struct fake_tlbi *t)
{
	struct kept *gone;
	size_t nr_gone = 0;

	pthread_mutex_lock(&tlb_mutex);
	gone = malloc((tlb_len + 1) * sizeof(*gone));
	CHECK(gone);
	fake_last_tlbi = *t;
	if (fake_tlbi_hook)
		fake_tlbi_hook(t);
	for (size_t i = 0; i < tlb_len;) {
		struct kept *k = &tlb[i];

		if (k->mmu.stage2 != t->stage2 || k->mmu.vmid != t->vmid ||
		    (t->size && !ranges_overlap(k->ia, k->size, t->addr, t->size))) {
			i++;
			continue;
		}
		/* An EL2 stage 1 may change permissions of a live page: no break needed. */
		if (t->stage2 && compare(k) == 2) {
			printf("# no break before make: vmid %u, 0x%lx\n", k->mmu.vmid, k->ia);
			fake_tlb_bbm_errors++;
		}
		gone[nr_gone++] = *k;
		*k = tlb[--tlb_len];
	}
	/* A CPU may walk again at once: what was not broken before is back. */
	for (size_t i = 0; i < nr_gone; i++)
		walk_and_keep(&gone[i].mmu, gone[i].ia);
	free(gone);
	pthread_mutex_unlock(&tlb_mutex);
}

void arch_tlbi_stage2(u16 vmid, pa_t root, ipa_t addr, u64 size)
{
	struct fake_tlbi t = { true, vmid, root.v, addr.v, size };

	COUNT(tlbi_stage2, 1);
	step();
	invalidate(&t);
	step();
}

void arch_tlbi_el2(u64 va, u64 size)
{
	struct fake_tlbi t = { false, 0, 0, va, size };

	COUNT(tlbi_el2, 1);
	invalidate(&t);
}

/* Panic and log; a test of the real ones links them, and these give way. */

void __weak panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fake_panic_message, sizeof(fake_panic_message), fmt, ap);
	va_end(ap);
	if (fake_panic_expected)
		longjmp(fake_panic_jump, 1);
	fflush(stdout);
	fprintf(stderr, "panic: %s\n", fake_panic_message);
	abort();
}

void __weak log_print(enum log_level level __unused, const char *fmt, ...)
{
	size_t len = strlen(fake_log);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fake_log + len, sizeof(fake_log) - len, fmt, ap);
	va_end(ap);
}
