/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine with VMs for tests of core/: the hypercalls as the host makes them, guests
 * by fake_world.h, and a fingerprint of everything that a refusal must leave as it was.
 */
#ifndef TESTS_VM_ENV_H
#define TESTS_VM_ENV_H

#include <linux/gzvm_hyp.h>
#include <hyp/hostcall.h>
#include <hyp/page.h>
#include <hyp/psci.h>
#include <hyp/stage2.h>
#include <hyp/vm.h>

#include "fake_world.h"
#include "mem_env.h"

#define VPOOL (RAM0 + (128UL << 20))
#define VRAM_SIZE (256UL << 20)
#define VPOOL_DEFAULT (16UL << 20)
/* Pages of the hypervisor's that no host may name. */
#define HYP_PAGE (VPOOL + 5 * PAGE_SIZE)
#define NO_RAM 0x10000000UL
/* Three pages of the host's for arguments that are in memory. */
#define SCRATCH (RAM0 + (8UL << 20))

/* Guests' machine: GIC as QEMU has it, memory from 1 GiB on. */
#define DIST 0x08000000UL
#define REDIST 0x080a0000UL
#define MEM 0x40000000UL
#define MEM_GFN (MEM >> PAGE_SHIFT)
#define LIMIT (1UL << 40) /* of guest physical addresses */

/* ICH_VTR_EL2: 4 list registers, 5 bits of priority and of preemption, TDS. */
#define VTR (3UL | 1UL << 19 | 1UL << 21 | 4UL << 26 | 4UL << 29)
/* ICH_VMCR_EL2: both groups enabled, PMR lets all through. */
#define VMCR_OPEN (0xf8UL << 24 | 3)
#define LR_STATE (3UL << 62)
#define LR_PENDING (1UL << 62)

static u64 host_next; /* of host_page() */
static _Thread_local u64 x[8]; /* the caller's registers after hc() */

/* Pages of the host's that nobody uses yet, contiguous. */
static inline u64 host_pages(unsigned int n)
{
	u64 p = host_next;

	host_next += n * PAGE_SIZE;
	CHECK(host_next <= VPOOL);
	return p;
}

static inline void machine_pool(u64 pool_size)
{
	struct mem_range hyp[] = { { VPOOL, pool_size } };

	fake_reset();
	fake_world_reset();
	fake_ram_add(RAM0, VRAM_SIZE);
	env_platform = (struct platform){ .ram = { { RAM0, VRAM_SIZE } }, .nr_ram = 1 };
	pool_init(pa(VPOOL), fake_va(VPOOL), pool_size);
	stage2_setup(40);
	env_host_quota = (struct pool_quota){ .limit = 1000 };
	CHECK(stage2_init(&env_host, STAGE2_VMID_HOST, &env_host_quota) == 0);
	free(env_records);
	env_records = env_alloc_records(&env_platform);
	CHECK(page_init(&env_platform, env_records, hyp, 1, &env_host) == 0);
	vgic_setup(VTR);
	vm_setup();
	fake_counter = 0x123456789;
	host_next = RAM0 + (16UL << 20);
}

static inline void machine(void)
{
	machine_pool(VPOOL_DEFAULT);
}

/* A hypercall. Return: its status; results are in x[1] to x[3]. */
static inline s64 hc5(unsigned int fn, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	x[0] = GZVM_HYPCALL_ID(fn);
	x[1] = a1;
	x[2] = a2;
	x[3] = a3;
	x[4] = a4;
	x[5] = a5;
	x[6] = x[7] = 0;
	hypercall(x);
	return x[0];
}

#define HC_(fn, a1, a2, a3, a4, a5, ...) hc5(GZVM_FN_##fn, a1, a2, a3, a4, a5)
#define HC(...) HC_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

#define EXPECT_OK(...) EXPECT_EQ(HC(__VA_ARGS__), GZVM_STATUS_OK)
#define ASSERT_OK(...) ASSERT_EQ(HC(__VA_ARGS__), GZVM_STATUS_OK)

#define TUPLE(vm, i) GZVM_VCPU_TUPLE((u64)(vm), (u64)(i))

/* What a refusal must leave alone. */
struct world {
	u64 records, host, pool, vms, buffers;
};

static inline u64 hash(u64 h, const void *p, size_t n)
{
	const u8 *b = p;

	for (size_t i = 0; i < n; i++) {
		h = (h ^ b[i]) * 0x100000001b3UL;
		h ^= h >> 31;
	}
	return h;
}

#define HASH(h, v) hash(h, &(v), sizeof(v))

/* Somebody works on it: RUN, ... */
static inline bool vcpu_claimed(const struct vcpu *v)
{
	return READ_ONCE(*v->slot) != v;
}

static inline u64 hash_vcpu(u64 h, struct vcpu *v)
{
	h = HASH(h, v->arch) + vcpu_claimed(v);
	h = HASH(h, v->pending);
	h = HASH(h, v->mmio);
	h = HASH(h, v->stats);
	h = HASH(h, v->vgic.priv);
	h = HASH(h, v->vgic.hw);
	h = HASH(h, v->vgic.nr_queued);
	h = HASH(h, v->buffer);
	return hash(h, v->run, 2 * PAGE_SIZE);
}

static inline u64 hash_vm(struct vm *vm)
{
	u64 h = env_hash(&vm->stage2);

	h = HASH(h, vm->id);
	h = HASH(h, vm->users);
	h = HASH(h, vm->ran);
	h = HASH(h, vm->demand_paging);
	h = HASH(h, vm->idle);
	h = HASH(h, vm->nr_vcpus);
	h = HASH(h, vm->peer);
	h = HASH(h, vm->quota);
	h = HASH(h, vm->vgic.dist_base);
	h = HASH(h, vm->vgic.redist_base);
	h = HASH(h, vm->vgic.ctlr);
	h = hash(h, vm->spi, VGIC_SPI_BYTES);
	h = HASH(h, vm->mailbox);
	h = HASH(h, vm->event);
	h = HASH(h, vm->unmap_cursor);
	h = hash(h, vm->slot, vm->nr_slots * sizeof(vm->slot[0]));
	for (unsigned int i = 0; i < VGIC_MAX_CPUS; i++)
		if (vm->vcpu[i])
			h = hash_vcpu(h ^ i, vm->vcpu[i]);
	return h;
}

static inline struct world world(void)
{
	struct world w = {
		env_hash_records(), env_hash(&env_host), pool_available(), 0, fake_buffers_mapped,
	};

	for (unsigned int id = 1; id <= VM_MAX; id++) {
		struct vm *vm = vm_get(id);

		if (!vm)
			continue;
		w.vms = w.vms * 31 + hash_vm(vm);
		vm_put(vm);
	}
	return w;
}

static inline void expect_same(const struct world *before, const char *file, int at)
{
	struct world now = world();

	if (memcmp(&now, before, sizeof(now)))
		KTAP_FAIL("%s:%d: something changed:%s%s%s%s%s", file, at,
			  now.records != before->records ? " page records" : "",
			  now.host != before->host ? " host" : "",
			  now.pool != before->pool ? " pool" : "",
			  now.vms != before->vms ? " VMs" : "",
			  now.buffers != before->buffers ? " buffers" : "");
	EXPECT_EQ(fake_world_errors, 0);
	EXPECT_TLB_CLEAN();
}

#define EXPECT_SAME(before) expect_same(&(before), __FILE__, __LINE__)

#define BAD GZVM_STATUS_INVALID_ARGS

/* A call that has to be refused with this status, say nothing else and change nothing. */
#define EXPECT_REFUSED(status, ...)                        \
	do {                                               \
		struct world before_ = world();            \
		EXPECT_EQ(HC(__VA_ARGS__), status);        \
		EXPECT_EQ(x[1] | x[2] | x[3], 0);          \
		expect_same(&before_, __FILE__, __LINE__); \
	} while (0)

/* Set-up that has to work. */
static inline u64 new_vm(void)
{
	CHECK(HC(CREATE_VM, 0) == 0);
	return x[1];
}

static inline struct vm *vm_of(u64 id)
{
	struct vm *vm = vm_get(id);

	CHECK(vm);
	vm_put(vm);
	return vm;
}

static inline u64 new_vcpu(u64 vm, unsigned int i)
{
	u64 buffer = host_pages(2);

	CHECK(HC(CREATE_VCPU, TUPLE(vm, i), buffer) == 0);
	return buffer;
}

static inline struct vcpu *vcpu_of(u64 vm, unsigned int i)
{
	struct vcpu *v = vm_of(vm)->vcpu[i];

	CHECK(v);
	return v;
}

static inline s64 device(u64 vm, u32 type, u64 addr)
{
	struct gzvm_create_device *d = fake_va(SCRATCH);

	memset(d, 0, sizeof(*d));
	d->dev_type = type;
	d->dev_addr = addr;
	d->dev_reg_size = 0x10000;
	return HC(CREATE_DEVICE, vm, SCRATCH);
}

static inline struct gzvm_memregion_buf *memregion(void)
{
	return fake_va(SCRATCH);
}

static inline s64 slot(u64 vm, u32 id, u64 gpa, u64 pages)
{
	struct gzvm_memregion_buf *b = memregion();

	memset(b, 0, sizeof(*b));
	b->slot = id;
	b->total_pages = pages;
	b->gpa = gpa;
	return HC(SET_MEMREGION, vm, GZVM_MEMREGION_BUF_SIZE, SCRATCH);
}

static inline u64 new_mailbox(u64 vm)
{
	u64 page = host_pages(1);

	CHECK(HC(ENABLE_CAP, vm, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING, BLOCK_SIZE, page) == 0);
	return page;
}

static inline u32 borrowers(u64 page)
{
	struct page_record rec = { .owner = 0xffff };

	CHECK(page_get(pa(page), &rec));
	return rec.borrowers;
}

/* A VM with GIC, 64 MiB of memory at MEM in slot 0 and @cpus vCPUs. */
static inline u64 new_guest(unsigned int cpus)
{
	u64 vm = new_vm();

	CHECK(device(vm, GZVM_DEV_TYPE_ARM_VGIC_V3_DIST, DIST) == 0);
	CHECK(device(vm, GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST, REDIST) == 0);
	CHECK(slot(vm, 0, MEM, 16384) == 0);
	for (unsigned int i = 0; i < cpus; i++)
		new_vcpu(vm, i);
	return vm;
}

static inline void destroy_all(u64 vm)
{
	s64 status;

	do
		status = HC(DESTROY_VM, vm, 512);
	while (status == GZVM_STATUS_BUSY);
	EXPECT_EQ(status, 0);
}

/* RUN. Return: the exit reason, which the page has to say as well. */
static inline u64 run(u64 vm, unsigned int i)
{
	CHECK(HC(RUN, TUPLE(vm, i)) == 0);
	EXPECT_EQ(x[1], vcpu_of(vm, i)->run->exit_reason);
	EXPECT_EQ(x[3], 0);
	EXPECT_EQ(fake_world_errors, 0);
	return x[1];
}

/* vCPU @i makes a call; return: the exit reason of its RUN. */
static inline u64 hvc(u64 vm, unsigned int i, u64 fn, u64 a1, u64 a2, u64 a3)
{
	struct vcpu *v = vcpu_of(vm, i);

	v->arch.x[0] = fn;
	v->arch.x[1] = a1;
	v->arch.x[2] = a2;
	v->arch.x[3] = a3;
	v->arch.x[4] = 0x4444;
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_HVC });
	return run(vm, i);
}

#endif
