// SPDX-License-Identifier: GPL-2.0-only
/* The fuzzer's host: calls with arguments that mostly are right; and the firmware. */
#include <string.h>

#include <hyp/hostcall.h>

#include "fake_arch.h"
#include "fake_firmware.h"
#include "fake_world.h"
#include "fuzz.h"

#define MAX_BORROWERS (UINT32_MAX - HYP_WORK_PAGES)
/* A page of each CPU's own for arguments in memory, and the next one. */
#define ARGS(cpu) (FUZZ_RAM + (cpu) * 2 * PAGE_SIZE)

u32 fuzz_bias[FUZZ_PAGES];
struct pool_quota fuzz_taker;
static void *taken[1024];
static unsigned int nr_taken;

/* The firmware's CPUs. */
static struct fw_cpu {
	bool on, starting;
	u64 entry, arg; /* what the host asked for */
} fw[FUZZ_CPUS];
static bool fw_refuses;
static u64 want_entry, want_arg; /* of the CPU_ON under way */

static const u64 mpidrs[] = { 0, 1, 0x100, 2, 0x80000001, ~0UL };

void fuzz_host_reset(void)
{
	memset(fuzz_bias, 0, sizeof(fuzz_bias));
	fuzz_taker = (struct pool_quota){ .limit = ~0UL };
	nr_taken = 0;
	memset(fw, 0, sizeof(fw));
	fw[0].on = true;
	fw_refuses = false;
}

/* PSCI of the firmware. It must never see an entry point of the host's. */
void fuzz_firmware(u64 x[])
{
	u64 fn = x[0] & ~SMCCC_64BIT;

	if (fn == PSCI_FEATURES) {
		x[0] = x[1] == 0x80000000U ? ~0UL : 0;
	} else if (fn == PSCI_CPU_ON || (fn == PSCI_CPU_SUSPEND && (x[1] & BIT(16)))) {
		bool on = fn == PSCI_CPU_ON;
		unsigned int cpu = fake_cpu;

		for (unsigned int i = 0; on && i < FUZZ_CPUS; i++)
			if (mpidrs[i] == x[1])
				cpu = i;
		if (x[2] != FAKE_CPU_ENTRY || x[3] != FAKE_CPU_ARG(cpu) || !(x[0] & SMCCC_64BIT))
			fuzz_fail("the firmware is told to start CPU %u at 0x%lx, 0x%lx", cpu, x[2],
				  x[3]);
		x[0] = on && fw_refuses ? (u64)PSCI_INTERNAL_FAILURE :
		       on && fw[cpu].on ? (u64)PSCI_ALREADY_ON : PSCI_SUCCESS;
		if (on && !x[0])
			fw[cpu] = (struct fw_cpu){ true, true, want_entry, want_arg };
	} else if (fn == PSCI_CPU_OFF) {
		x[0] = PSCI_DENIED;
	} else if (fn >= PSCI_FN_BASE && fn < PSCI_FN_BASE + 0x20) {
		x[0] = PSCI_SUCCESS;
	} else {
		x[0] = ~0UL;
	}
}

/* Any SMC or HVC. Return: what is in x0 then. */
static s64 call(u64 x[8])
{
	u64 regs[31];

	for (unsigned int i = 0; i < 31; i++)
		regs[i] = i < 8 ? x[i] : 0x1111111111111111UL * i;
	hostcall(regs);
	for (unsigned int i = 4; i < 31; i++)
		if (regs[i] != (i < 8 ? x[i] : 0x1111111111111111UL * i))
			fuzz_fail("x%u has changed in a call of 0x%lx", i, x[0]);
	memcpy(x, regs, 4 * sizeof(x[0]));
	fuzz_calls++;
	return x[0];
}

static _Thread_local u64 result[FUZZ_CPUS][4]; /* x0 to x3 of a CPU's last hypercall */

static s64 hc(unsigned int fn, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	u64 x[8] = { GZVM_HYPCALL_ID(fn), a1, a2, a3, a4, a5 };
	u64 digest = fuzz_digest(), cleaned = fake_counts.dcache_bytes, switches = fuzz_switches;
	s64 status = call(x);
	bool alone = switches == fuzz_switches;

	fuzz_trace("call %u (0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx): %ld, 0x%lx, 0x%lx%s", fn, a1, a2,
		   a3, a4, a5, status, x[1], x[2], alone ? "" : ", interleaved");
	fuzz_reach_call(fn, status);
	if (status && (x[1] | x[2] | x[3]))
		fuzz_fail("call %u: results beside the status %ld", fn, status);
	if (alone && (status == GZVM_STATUS_INVALID_ARGS || status == GZVM_STATUS_FAULT ||
		      status == GZVM_STATUS_NOT_SUPPORTED) && digest != fuzz_digest())
		fuzz_fail("call %u was refused, but changed something", fn);
	if (alone && fake_counts.dcache_bytes - cleaned > HYP_WORK_PAGES * PAGE_SIZE)
		fuzz_fail("call %u cleaned %lu bytes", fn, fake_counts.dcache_bytes - cleaned);
	memcpy(result[fake_cpu], x, sizeof(result[0]));
	return status;
}

#define HC_(fn, a1, a2, a3, a4, a5, ...) hc(GZVM_FN_##fn, a1, a2, a3, a4, a5)
#define HC(...) HC_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

/* Arguments. Bytes from 0xf0 on name what is not right. */

static u64 pick_vm(u8 n)
{
	static const u64 bad[] = { 0, 255, 256, 0xffff, 254, 0x10001, ~0UL, 1UL << 32 };
	unsigned int live[VM_MAX], nr = 0;

	if (n >= 0xf0)
		return bad[n % 8];
	for (unsigned int i = 1; i <= VM_MAX; i++)
		if (fuzz_vm(i))
			live[nr++] = i;
	return nr ? live[n % nr] : 1;
}

static u64 pick_tuple(u8 vm, u8 vcpu)
{
	u64 index = vcpu < 0xf0 ? vcpu % 8 : vcpu % 2 ? 8 : 0xffff;

	return GZVM_VCPU_TUPLE(pick_vm(vm) & 0xffff, index);
}

/* A page: few, so that several uses meet. */
static u64 pick_page(u8 n)
{
	if (n < 0x80)
		return FUZZ_RAM + BLOCK_SIZE / 2 + (n % 64) * PAGE_SIZE;
	if (n < 0xe0)
		return FUZZ_RAM + BLOCK_SIZE * (1 + n % 5) + (n / 5 % 4) * PAGE_SIZE;
	switch (n % 8) {
	case 0:
		return FUZZ_POOL + 5 * PAGE_SIZE;
	case 1:
		return FUZZ_NO_RAM;
	case 2:
		return FUZZ_RAM + FUZZ_RAM_SIZE;
	case 3:
		return FUZZ_POOL - PAGE_SIZE; /* the last one before the pool */
	case 4:
		return ~0UL & PAGE_MASK;
	case 5:
		return FUZZ_RAM + BLOCK_SIZE + 8;
	case 6:
		return FUZZ_RAM + BLOCK_SIZE + 0x804;
	default:
		return FUZZ_RAM + FUZZ_RAM_SIZE - PAGE_SIZE;
	}
}

static u64 limit(void)
{
	return 1UL << stage2_ipa_bits();
}

static u64 pick_gpa(u8 n, u8 page)
{
	switch (n % 16) {
	case 0 ... 4:
		return FUZZ_MEM + page * PAGE_SIZE;
	case 5:
		return FUZZ_MEM + BLOCK_SIZE;
	case 6:
		return FUZZ_MEM + BLOCK_SIZE * page;
	case 7:
		return FUZZ_MEM + BLOCK_SIZE - 16 * PAGE_SIZE + page * PAGE_SIZE;
	case 8:
		return page * PAGE_SIZE;
	case 9:
		return FUZZ_DIST - BLOCK_SIZE + page * PAGE_SIZE;
	case 10:
		return limit() - PAGE_SIZE * (1 + page);
	case 11:
		return 2 * FUZZ_MEM - PAGE_SIZE * page; /* over the end of a GiB */
	case 12:
		return limit() + page * PAGE_SIZE;
	case 13:
		return FUZZ_MEM + page * 8; /* not aligned */
	case 14:
		return FUZZ_MEM * (page % 4);
	default:
		return ~0UL - page * PAGE_SIZE;
	}
}

static u64 pick_pages(u8 n)
{
	static const u64 pages[] = {
		1, 512, 2, 0x40000, 1024, 16384, 513, 3, 0x7fffffff, 511, 64, 128,
	};

	if (n >= 0xf0)
		return n & 1 ? ~0UL : limit() >> PAGE_SHIFT;
	return n % 13 == 12 ? 0 : pages[n % 13];
}

static u64 pick_slot(u8 n)
{
	return n < 0xf0 ? n % 4 : n < 0xf8 ? VM_MAX_SLOTS - 1 + n % 2 : ~0UL - n;
}

/* Frame numbers for the mailbox or for constituents, by a kind. */
static void fill_pfns(u64 *pfns, unsigned int pages, u8 kind, u8 n)
{
	u64 block = (FUZZ_RAM + BLOCK_SIZE * (1 + n % 5)) >> PAGE_SHIFT;

	for (unsigned int i = 0; i < pages; i++) {
		switch (kind % 4) {
		case 0: /* a block */
			pfns[i] = block + i % 512;
			break;
		case 1: /* neighbours out of step */
			pfns[i] = block + (i + 1 + n / 8) % 512;
			break;
		case 2: /* one page again and again */
			pfns[i] = pick_page(n % 0xe0) >> PAGE_SHIFT;
			break;
		default: /* scattered */
			pfns[i] = (FUZZ_RAM >> PAGE_SHIFT) + 512 + (i * 37 + n) % 2048;
			break;
		}
	}
	if (kind >= 0xe0 && pages)
		pfns[n % pages] = kind & 1 ? FUZZ_POOL >> PAGE_SHIFT : ~0UL >> (kind & 0x1f);
}

/* The calls. */

static s64 set_region(u64 vm, u64 slot, u64 gpa, u64 pages)
{
	struct gzvm_memregion_buf *b = fake_va(ARGS(fake_cpu));

	memset(b, 0, sizeof(*b));
	b->slot = slot;
	b->total_pages = pages;
	b->gpa = gpa;
	return HC(SET_MEMREGION, vm, GZVM_MEMREGION_BUF_SIZE, ARGS(fake_cpu));
}

static void populate(const struct fuzz_op *op)
{
	struct gzvm_memregion_buf *b = fake_va(ARGS(fake_cpu));
	unsigned int n = op->d % 8 + 1;

	memset(b, 0, sizeof(*b));
	b->slot = pick_slot(op->b);
	b->gpa = pick_gpa(op->c, op->d);
	for (unsigned int i = 0; i < n; i++) {
		b->constituents[i].address = i ? FUZZ_RAM + BLOCK_SIZE + i * op->f * PAGE_SIZE :
						 pick_page(op->e);
		b->constituents[i].pg_cnt = op->f < 0xc0 ? op->f % 64 + 1 : pick_pages(op->f);
		b->constituents[i].reserved = op->f == 0xff;
	}
	b->constituent_cnt = op->d < 0xf8 ? n : op->d < 0xfc ? 511 : ~0U;
	HC(SET_MEMREGION, pick_vm(op->a), GZVM_MEMREGION_BUF_SIZE, ARGS(fake_cpu));
}

static void create_device(u64 vm, u32 type, u64 addr, u64 where, u64 flags)
{
	struct gzvm_create_device d = { .dev_type = type, .dev_addr = addr, .flags = flags };

	if (where - FUZZ_RAM < FUZZ_POOL - FUZZ_RAM && where % PAGE_SIZE + sizeof(d) <= PAGE_SIZE)
		memcpy(fake_va(where), &d, sizeof(d));
	HC(CREATE_DEVICE, vm, where);
}

/* What a driver and a VMM do: a VM with all that it needs. */
static void new_guest(const struct fuzz_op *op)
{
	u64 vm;

	if (HC(CREATE_VM, 0))
		return;
	vm = result[fake_cpu][1];
	HC(ENABLE_CAP, vm, GZVM_CAP_ENABLE_DEMAND_PAGING);
	HC(ENABLE_CAP, vm, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING, BLOCK_SIZE, pick_page(op->b % 0x80));
	create_device(vm, GZVM_DEV_TYPE_ARM_VGIC_V3_DIST, FUZZ_DIST, ARGS(fake_cpu), 0);
	create_device(vm, GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST, FUZZ_REDIST, ARGS(fake_cpu), 0);
	set_region(vm, 0, FUZZ_MEM, op->c & 1 ? 16384 : 0x40000);
	for (unsigned int i = 0; i <= op->a % 4U; i++)
		HC(CREATE_VCPU, GZVM_VCPU_TUPLE(vm, i), pick_page((op->d + 2 * i) % 0x80));
}

static void check_mapped(u64 id, u64 gfn, u64 pfn)
{
	struct vm *vm = fuzz_vm(id);
	struct pgtable_leaf leaf = pgtable_lookup(&vm->stage2, gfn << PAGE_SHIFT);

	if (!leaf.valid || leaf.pa != pfn << PAGE_SHIFT)
		fuzz_fail("gfn 0x%lx is not at pfn 0x%lx", gfn, pfn);
}

static void map_guest(u64 vm, u64 slot, u64 pfn, u64 gfn, u64 pages)
{
	u64 switches = fuzz_switches;

	if (HC(MAP_GUEST, vm, slot, pfn, gfn, pages) == 0 && switches == fuzz_switches)
		check_mapped(vm, gfn, pfn);
}

static void map_block(const struct fuzz_op *op)
{
	u64 id = pick_vm(op->a), pages = op->d & 1 ? 512 : op->d * 2;
	u64 gfn = pick_gpa(op->c, op->e & 0xf0) >> PAGE_SHIFT, switches = fuzz_switches;
	struct vm *vm = id <= VM_MAX ? fuzz_vm(id) : NULL;
	u64 *pfns = NULL, first = 0, last = 0;

	if (op->d >= 0xe0)
		pages = pick_pages(op->d);
	if (op->c & 0x10)
		gfn = ALIGN_DOWN(gfn, 512);
	if (vm && vm->mailbox.v && !vm->dying) {
		pfns = fake_va(vm->mailbox.v);
		fill_pfns(pfns, 512, op->f, op->e);
		first = pfns[0];
		last = pages && pages <= 512 ? pfns[pages - 1] : 0;
	}
	if (HC(MAP_GUEST_BLOCK, id, pick_slot(op->b), gfn, pages) == 0 &&
	    switches == fuzz_switches) {
		check_mapped(id, gfn, first);
		check_mapped(id, gfn + pages - 1, last);
	}
}

static void unmap(u64 id, u64 gfn, u64 pages)
{
	u64 switches = fuzz_switches;

	if (HC(UNMAP, id, gfn, pages) || switches != fuzz_switches)
		return;
	if (pgtable_lookup(&fuzz_vm(id)->stage2, gfn << PAGE_SHIFT).valid ||
	    pgtable_lookup(&fuzz_vm(id)->stage2, (gfn + pages - 1) << PAGE_SHIFT).valid)
		fuzz_fail("something is left of gfn 0x%lx, 0x%lx pages", gfn, pages);
}

static s64 destroy(u64 vm, u8 n)
{
	static const u64 pages[] = { 512, 0, 1, 64, 513, ~0UL, 128, 2 };
	s64 status = HC(DESTROY_VM, vm, pages[n % 8]);

	if (!status && fuzz_vm(vm) && fuzz_vm(vm)->dying)
		fuzz_fail("VM %lu is gone, but is there", vm);
	return status;
}

static void enable_cap(const struct fuzz_op *op)
{
	static const u64 caps[] = {
		GZVM_CAP_BLOCK_BASED_DEMAND_PAGING, GZVM_CAP_ENABLE_DEMAND_PAGING,
		GZVM_CAP_ENABLE_IDLE, GZVM_CAP_QUERY_HYP_BATCH_PAGES,
		GZVM_CAP_QUERY_DESTROY_BATCH_PAGES, GZVM_CAP_HYP_IPA_BITS, GZVM_CAP_PROTECTED_VM,
		0x9206,
	};

	HC(ENABLE_CAP, pick_vm(op->a), caps[op->b % 8], op->c < 0xf0 ? BLOCK_SIZE : op->c,
	   op->d == 0xff ? 0 : pick_page(op->d));
}

static u64 pick_reg(u8 n)
{
	static const u64 regs[] = {
		GZVM_REG_CORE_U64(GZVM_CORE_PC), GZVM_REG_CORE_U64(GZVM_CORE_X(0)),
		GZVM_REG_CORE_U64(GZVM_CORE_PSTATE), GZVM_REG_CORE_U64(GZVM_CORE_X(30)),
		GZVM_REG_CORE_U64(GZVM_CORE_SP), GZVM_REG_CORE_U32(GZVM_CORE_FPSR),
		GZVM_REG_ARM64 | GZVM_REG_SIZE_U64 | GZVM_REG_ARM64_SYSREG | 0xc000, ~0UL,
	};

	return regs[n % 8];
}

static void run_vcpu_of(u64 tuple, u64 flags)
{
	if (HC(RUN, tuple, flags))
		return;
	fuzz_reach_exit(result[fake_cpu][1]);
	if (result[fake_cpu][2] >> VGIC_MAX_CPUS)
		fuzz_fail("RUN wakes 0x%lx", result[fake_cpu][2]);
}

/* An id of any kind, with arguments that may not fit. */
static void any_call(const struct fuzz_op *op)
{
	static const u64 ids[] = {
		0x80000000, 0x80000001, 0x80000002, 0xc0000002, 0x80008000, 0x80007fff, 0x80003fff,
		0x84000050, 0xc4000053, 0x8400005f, 0x84000060, 0x8600ff01, 0x8600ff00, 0xbb001000,
		0xfb001fff, 0xfb002000, 0xfb000fff, 0xfb001047, 0, 0x32000000, 0xfb00103f, ~0UL,
	};
	u64 x[8] = { ids[op->a % ARRAY_SIZE(ids)], ids[op->b % ARRAY_SIZE(ids)], op->c, op->d };
	u64 digest = fuzz_digest(), switches = fuzz_switches;
	s64 status = call(x);

	fuzz_trace("call 0x%lx: %ld", ids[op->a % ARRAY_SIZE(ids)], status);
	if (switches == fuzz_switches && digest != fuzz_digest())
		fuzz_fail("call 0x%lx changed something", ids[op->a % ARRAY_SIZE(ids)]);
}

static void psci(const struct fuzz_op *op)
{
	static const u32 fns[] = {
		PSCI_CPU_ON | SMCCC_64BIT, PSCI_CPU_ON, PSCI_CPU_SUSPEND, PSCI_FEATURES,
		PSCI_CPU_SUSPEND | SMCCC_64BIT, PSCI_VERSION, PSCI_CPU_OFF, PSCI_AFFINITY_INFO,
		PSCI_MIGRATE_INFO_TYPE, PSCI_SYSTEM_OFF, PSCI_SYSTEM_RESET, PSCI_SYSTEM_RESET2,
		PSCI_FN_BASE + 0x1f, PSCI_FN_BASE + 5,
	};
	u32 fn = fns[op->a % ARRAY_SIZE(fns)];
	u64 x[8] = { fn, mpidrs[op->b % ARRAY_SIZE(mpidrs)], pick_page(op->c), op->d };

	if ((fn & ~SMCCC_64BIT) == PSCI_CPU_SUSPEND)
		x[1] = op->b & 1 ? BIT(16) : 0;
	if (fn == PSCI_FEATURES)
		x[1] = fns[op->b % ARRAY_SIZE(fns)];
	fw_refuses = op->e == 0xff;
	want_entry = x[2];
	want_arg = x[3];
	call(x);
	fuzz_trace("PSCI 0x%x (%u): %ld", fn, op->b, (s64)x[0]);
	fuzz_reach_psci(false, (s64)x[0]);
}

/* A CPU that the firmware has started comes to EL2, and asks where its host begins. */
static void cpu_starts(unsigned int cpu)
{
	u64 entry, arg;

	if (!fw[cpu].starting)
		return;
	psci_take_boot(cpu, &entry, &arg);
	if (entry != fw[cpu].entry || (u32)arg != (u32)fw[cpu].arg)
		fuzz_fail("CPU %u starts at 0x%lx, not 0x%lx", cpu, entry, fw[cpu].entry);
	fw[cpu].starting = false;
	if (arg & 1)
		fw[cpu].on = false; /* and is turned off again */
}

/* The host touches memory or a device. */
static void host_access(const struct fuzz_op *op)
{
	static const u64 places[] = {
		FUZZ_RAM, FUZZ_POOL, FUZZ_NO_RAM, 0x8000000, 0x80a0000, FUZZ_RAM + FUZZ_RAM_SIZE,
		0x3000000000, 0x9000000,
	};
	u64 addr = places[op->a % 8] + op->b * PAGE_SIZE + op->c * 8, out;
	struct fake_mmu mmu = {
		.root = fake_pa(host_stage2.root), .start_level = host_stage2.start_level,
		.ia_bits = host_stage2.ia_bits, .stage2 = true,
	};
	bool ours = addr - FUZZ_POOL < fuzz_pool_size;
	struct fake_walk w = fake_mmu_walk(&mmu, addr);
	int err = 0;

	if (!w.valid) {
		err = host_fault(ipa(addr));
		fuzz_trace("host touches 0x%lx: %d", addr, err);
		if (err && !ours && addr < limit())
			fuzz_fail("the host may not touch 0x%lx: %d", addr, err);
		w = fake_mmu_walk(&mmu, addr);
	}
	if (w.valid == !!err || (w.valid && w.out != addr) || (w.valid && ours))
		fuzz_fail("the host has 0x%lx at 0x%lx", addr, w.out);
	if (w.valid && fake_tlb_kept() < 64)
		fake_tlb_access(&mmu, addr, &out);
	fuzz_calls++;
}

/* The host writes memory that EL2 reads, at any time. */
static void poke(const struct fuzz_op *op)
{
	u64 page = pick_page(op->a % 0x80);
	u64 *p = fake_va(page + (op->b & 1) * PAGE_SIZE + (op->b >> 1) * 8);

	*p = op->c & 1 ? pick_page(op->d) >> PAGE_SHIFT : (u64)op->d << (op->e % 64);
	fuzz_trace("host writes 0x%lx to 0x%lx", *p, page + (op->b >> 1) * 8);
}

/* As if a page had all the borrowers that can be counted. */
static void crowd(u64 page)
{
	u64 i = (page - FUZZ_RAM) >> PAGE_SHIFT;

	if (page - FUZZ_RAM >= FUZZ_POOL - FUZZ_RAM)
		return;
	if (fuzz_bias[i]) {
		fuzz_records[i].borrowers -= fuzz_bias[i];
		fuzz_bias[i] = 0;
	} else {
		fuzz_bias[i] = MAX_BORROWERS + 1 - fuzz_records[i].borrowers;
		fuzz_records[i].borrowers += fuzz_bias[i];
	}
	fuzz_trace("page 0x%lx has %u borrowers", page, fuzz_records[i].borrowers);
}

/* Somebody else takes, or gives back, pages of the pool. */
static void take(unsigned int leave)
{
	while (pool_available() > leave * PAGE_SIZE && nr_taken < ARRAY_SIZE(taken)) {
		taken[nr_taken] = pool_alloc(&fuzz_taker, 1);
		if (!taken[nr_taken++])
			fuzz_fail("pages are available, but none is to be had");
	}
	fuzz_trace("the pool has 0x%lx left", pool_available());
}

static void give(unsigned int n)
{
	while (n-- && nr_taken)
		pool_free(&fuzz_taker, taken[--nr_taken], 1);
	fuzz_trace("the pool has 0x%lx left", pool_available());
}

/* One page each 2 MiB: a table each. */
static void sparse(const struct fuzz_op *op)
{
	u64 vm = pick_vm(op->a);

	for (unsigned int i = 0; i < op->c; i++)
		map_guest(vm, pick_slot(op->b), pick_page(op->d) >> PAGE_SHIFT,
			  ((FUZZ_MEM + op->e * PAGE_SIZE) >> PAGE_SHIFT) + i * 512UL, 1);
}

void fuzz_host(const struct fuzz_op *op)
{
	u8 a = op->a, b = op->b, c = op->c, d = op->d, e = op->e, f = op->f;

	switch (op->op % 48) {
	case 0:
		run_vcpu_of(pick_tuple(a, b), c);
		break;
	case 1:
		HC(CREATE_VM, a < 0xf0 ? 0 : a);
		break;
	case 2:
		destroy(pick_vm(a), b);
		break;
	case 3:
		HC(CREATE_VCPU, pick_tuple(a, b), pick_page(c));
		break;
	case 4:
		HC(DESTROY_VCPU, pick_tuple(a, b));
		break;
	case 5:
		set_region(pick_vm(a), pick_slot(b), pick_gpa(c, d), pick_pages(e));
		break;
	case 6:
		populate(op);
		break;
	case 7:
		HC(SET_ONE_REG, pick_tuple(a, b), pick_reg(c), FUZZ_MEM + d * 4);
		break;
	case 8:
		HC(IRQ_LINE, pick_tuple(a, b), c < 0xf0 ? c % 64 : GZVM_NR_SPIS - 1 + c % 2,
		   d < 0xf0 ? d & 1 : d);
		break;
	case 9:
		HC(IRQ_LINE_EX, pick_tuple(a, b), c < 0xf0 ? c % 96 : GZVM_LAST_SPI + c % 2,
		   d < 0xf0 ? d & 1 : d);
		break;
	case 10:
		create_device(pick_vm(a), b < 0xf0 ? b & 1 : b,
			      c & 1 ? pick_gpa(c >> 1, d) : d & 1 ? FUZZ_REDIST : FUZZ_DIST,
			      e < 0x80 ? ARGS(fake_cpu) : pick_page(e), f == 0xff);
		break;
	case 11:
		HC(PROBE, a, b, c);
		break;
	case 12:
		enable_cap(op);
		break;
	case 13:
		HC(INFORM_EXIT, pick_vm(a));
		break;
	case 14:
		HC(MEMREGION_PURPOSE, pick_vm(a), pick_gpa(b, c), pick_pages(d) << PAGE_SHIFT, e);
		break;
	case 15:
		HC(SET_DTB_CONFIG, pick_vm(a), pick_gpa(b, c), d);
		break;
	case 16:
		map_guest(pick_vm(a), pick_slot(b), pick_page(c) >> PAGE_SHIFT,
			  pick_gpa(d, e) >> PAGE_SHIFT, f < 0xf8 ? 1 : f % 4);
		break;
	case 17:
		map_block(op);
		break;
	case 18:
		HC(GET_STATISTICS, pick_vm(a));
		break;
	case 19:
		HC(FEATURES, a);
		break;
	case 20:
		HC(HYP_STATS, a);
		break;
	case 21:
		HC(LOG_READ, pick_page(a), (u64)b << c % 64);
		break;
	case 22:
		unmap(pick_vm(a), pick_gpa(b, c) >> PAGE_SHIFT, pick_pages(d));
		break;
	case 23:
		HC(VM_RESET, pick_vm(a));
		break;
	case 24:
		HC(VCPU_STATS, pick_tuple(a, b), pick_page(c));
		break;
	case 25:
		HC(GET_ONE_REG, pick_tuple(a, b), pick_reg(c));
		HC(GET_REGS, pick_tuple(a, b));
		HC(SET_REGS, pick_tuple(a, b));
		break;
	case 26:
		any_call(op);
		break;
	case 27:
		psci(op);
		break;
	case 28:
		cpu_starts(a % FUZZ_CPUS);
		break;
	case 29:
		host_access(op);
		break;
	case 30:
		poke(op);
		break;
	case 31:
		crowd(pick_page(a));
		break;
	case 32:
		take(a);
		break;
	case 33:
		give(a);
		break;
	case 34:
		sparse(op);
		break;
	case 35:
		fake_buffers_left = a & 1 ? 0 : -1;
		break;
	case 36:
		fake_may_run = a & 1 ? -EINVAL : 0;
		break;
	case 37:
		for (unsigned int i = 0; i < 100; i++)
			if (destroy(pick_vm(a), b) != GZVM_STATUS_BUSY)
				break;
		break;
	case 38:
		HC(SET_MEMREGION, pick_vm(a), b < 0x80 ? GZVM_MEMREGION_BUF_SIZE : b, pick_page(c));
		break;
	case 39:
		fake_counter += (u64)a << (b % 40);
		break;
	case 40 ... 43:
		new_guest(op);
		break;
	default:
		run_vcpu_of(pick_tuple(a, b), c);
		break;
	}
}

void fuzz_host_end(void)
{
	fake_buffers_left = -1;
	fake_may_run = 0;
	for (u64 i = 0; i < FUZZ_PAGES; i++)
		if (fuzz_bias[i])
			crowd(FUZZ_RAM + (i << PAGE_SHIFT));
	give(nr_taken);
	for (unsigned int id = 1; id <= VM_MAX; id++) {
		s64 status = GZVM_STATUS_BUSY;

		for (unsigned int n = 0; fuzz_vm(id) && status == GZVM_STATUS_BUSY; n++) {
			status = destroy(id, n);
			if (n > 1000)
				fuzz_fail("VM %u does not end", id);
		}
		if (fuzz_vm(id))
			fuzz_fail("VM %u does not end: %ld", id, status);
	}
}
