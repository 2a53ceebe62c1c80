// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/vm.c core/vcpu.c core/run.c core/guest_call.c core/vm_calls.c core/psci.c core/log.c
// LINK: core/page.c core/page_vm.c core/pgtable.c core/pgtable_unmap.c core/pgtable_list.c
// LINK: core/pool.c core/stage2.c lib/printf.c tests/vm_hypercall.c
// LINK: arch/fake/fake_world.c arch/fake/fake_firmware.c
// LINK: vgic/vgic.c vgic/dist.c vgic/redist.c vgic/bank.c vgic/lr.c vgic/sgi.c vgic/queue.c
// LINK: vgic/cpuif.c
/*
 * Several CPUs at once: hosts that make every call in any order on the same few VMs, with
 * guests that do anything. What has to hold afterwards: no page is lent, no memory of the
 * hypervisor's is lost, each kick was consumed once; and at any time what ASan, UBSan, CHECK
 * and the fake world look for. "make SANITIZE=thread" looks for data races.
 */
#include "vm_env.h"

#include <pthread.h>
#include <unistd.h>

#define CPUS 4
#define VMS 3
#define CALLS 20000
#define SHARED_PAGES 64

static u64 shared; /* pages that all lend, to guests and as mailboxes */
static u64 buffers; /* of vCPUs: two pages each */
static u64 calls; /* made by all CPUs */
static bool mild; /* no VM ends: longer lives */
static u64 statuses[CPUS][48]; /* by -status */
static u64 reasons[CPUS][GZVM_NR_EXIT_REASONS];
static _Thread_local u64 seed;

static u64 any(u64 n)
{
	return ktap_random(&seed) % n;
}

static u64 any_page(void)
{
	return shared + any(SHARED_PAGES) * PAGE_SIZE;
}

static u64 any_gfn(void)
{
	return MEM_GFN + any(16) * 512 + any(8);
}

/* The guest takes interrupts: pending to active or done, active to done. */
static void guest_interrupts(struct vcpu *v)
{
	WRITE_ONCE(v->vgic.hw.vmcr, VMCR_OPEN);
	for (unsigned int i = 0; i < v->vgic.hw.used_lrs; i++) {
		u64 *lr = &v->vgic.hw.lr[i];

		if (any(2))
			*lr &= any(3) && (*lr & LR_PENDING) ? ~0UL : ~LR_STATE;
		else if ((*lr & LR_STATE) == LR_PENDING && any(2))
			*lr ^= LR_STATE;
	}
}

static void guest_hvc(struct vcpu *v)
{
	static const u64 fns[] = {
		PSCI_VERSION, PSCI_CPU_OFF, PSCI_AFFINITY_INFO, PSCI_CPU_SUSPEND, PSCI_FEATURES,
		GZVM_HVC_PTP, GZVM_HVC_MEM_RELINQUISH, 0x80000000, 12345,
	};

	v->arch.x[0] = any(2) ? PSCI_CPU_ON : fns[any(ARRAY_SIZE(fns))];
	v->arch.x[1] = v->arch.x[0] == GZVM_HVC_MEM_RELINQUISH ? any_gfn() << 12 : any(9);
	v->arch.x[2] = MEM + 4 * any(100);
	if (any(mild ? 5000 : 100) == 0)
		v->arch.x[0] = any(2) ? PSCI_SYSTEM_RESET : PSCI_SYSTEM_OFF;
}

/* Until the others have made some calls, or wait in here as well. */
static void stay(void)
{
	u64 until = __atomic_load_n(&calls, __ATOMIC_RELAXED) + 6;

	if (any(mild ? 8 : 30))
		return;
	for (unsigned int i = 0; i < 300; i++) {
		if (__atomic_load_n(&calls, __ATOMIC_RELAXED) >= until)
			return;
		arch_cpu_relax();
	}
}

/* What a guest writes to have interrupts, all of group 1. */
static void enable_irqs(const struct vcpu *v, struct guest_exit *e)
{
	u64 sgi = REDIST + v->index * 0x20000 + 0x10000;
	const u64 regs[] = {
		DIST, DIST + 0x84, DIST + 0x104, sgi + 0x80, sgi + 0x100,
	};

	e->addr = regs[any(ARRAY_SIZE(regs))];
	e->data = e->addr == DIST ? 0x12 : ~0U;
	e->size = 4;
	e->write = e->valid = true;
}

static void guest(struct vcpu *v, struct guest_exit *e)
{
	static const u64 frames[] = { DIST, REDIST, REDIST + 0x10000, REDIST + 0x30000 };

	stay();
	guest_interrupts(v);
	e->addr = any(3) ? frames[any(4)] + any(0x400) * 4 : any(2) ? any_gfn() << 12 : 0x9000;
	e->size = 1 << any(4);
	e->write = any(6) == 0;
	e->valid = any(8);
	e->reg = any(32);
	e->data = ktap_random(&seed);
	if (any(3) == 0)
		enable_irqs(v, e);
	switch (any(16)) {
	case 0 ... 4:
		e->kind = GUEST_EXIT_ABORT;
		break;
	case 5 ... 6:
		e->kind = GUEST_EXIT_HVC;
		guest_hvc(v);
		break;
	case 7:
		e->kind = GUEST_EXIT_WFI;
		break;
	case 8 ... 9:
		e->kind = GUEST_EXIT_SGI;
		e->group1 = true;
		e->data = any(16) << 24 | any(256) | (any(4) == 0 ? 1UL << 40 : 0);
		break;
	case 10:
		e->kind = any(mild ? 9000 : 300) ? GUEST_EXIT_AGAIN : GUEST_EXIT_CRASH;
		break;
	case 11 ... 13:
		e->kind = GUEST_EXIT_AGAIN;
		break;
	default:
		e->kind = any(3) ? GUEST_EXIT_AGAIN : GUEST_EXIT_IRQ;
		break;
	}
}

static s64 any_region(unsigned int cpu, u64 vm)
{
	struct gzvm_memregion_buf *b = fake_va(SCRATCH + cpu * 3 * PAGE_SIZE);
	unsigned int n = any(4) ? 0 : 1 + any(8);

	memset(b, 0, sizeof(*b));
	b->slot = any(3);
	b->gpa = n ? any_gfn() << 12 : MEM + b->slot * (8UL << 20);
	b->total_pages = any(10) ? 2048 * (1 + any(2)) : 0;
	b->constituent_cnt = n;
	for (unsigned int i = 0; i < n; i++)
		b->constituents[i] = (struct gzvm_constituent){ any_page(), 1, 0 };
	return HC(SET_MEMREGION, vm, GZVM_MEMREGION_BUF_SIZE, SCRATCH + cpu * 3 * PAGE_SIZE);
}

static s64 any_device(unsigned int cpu, u64 vm)
{
	u64 page = SCRATCH + (cpu * 3 + 2) * PAGE_SIZE;
	struct gzvm_create_device *d = fake_va(page);

	memset(d, 0, sizeof(*d));
	d->dev_type = any(2);
	d->dev_addr = d->dev_type ? REDIST : DIST;
	return HC(CREATE_DEVICE, vm, page);
}

static s64 any_run(unsigned int cpu, u64 tuple)
{
	s64 status = HC(RUN, tuple);

	if (!status)
		reasons[cpu][x[1] - GZVM_EXIT_UNKNOWN]++;
	return status;
}

static s64 any_call(unsigned int cpu)
{
	u64 vm = 1 + any(mild ? 1 : VMS), tuple = TUPLE(vm, any(VGIC_MAX_CPUS));

	switch (any(60)) {
	case 0:
		return any(10) ? HC(PROBE) : HC(CREATE_VM, 0);
	case 1:
		return any(mild ? 1000 : 30) ? HC(GET_STATISTICS, vm) : HC(DESTROY_VM, vm, any(600));
	case 2 ... 4:
		return HC(CREATE_VCPU, tuple,
			  buffers + 2 * (tuple % 8 + 8 * (vm - 1)) * PAGE_SIZE);
	case 5:
		return any(mild ? 20 : 3) ? HC(INFORM_EXIT, vm) : HC(DESTROY_VCPU, tuple);
	case 6 ... 7:
		return any_region(cpu, vm);
	case 8:
		return any_device(cpu, vm);
	case 9:
		return HC(ENABLE_CAP, vm, GZVM_CAP_BLOCK_BASED_DEMAND_PAGING, BLOCK_SIZE,
			  any_page());
	case 10 ... 13:
		return HC(MAP_GUEST, vm, any(3), any_page() >> 12, any_gfn(), 1);
	case 14:
		return HC(MAP_GUEST_BLOCK, vm, any(3), any_gfn(), 1 + any(64));
	case 15 ... 17:
		return HC(UNMAP, vm, any_gfn(), 1 + any(1000));
	case 18:
		return any(8) ? any_run(cpu, tuple) :
				HC(SET_ONE_REG, tuple,
				   GZVM_REG_CORE_U64(GZVM_CORE_PC), MEM);
	case 19:
		if (any(2))
			return any_run(cpu, tuple);
		return any(2) ? HC(VM_RESET, vm) :
				HC(GET_ONE_REG, tuple, GZVM_REG_CORE_U64(GZVM_CORE_X(any(31))));
	case 20 ... 23:
		return HC(IRQ_LINE, tuple, any(40), any(2));
	case 24 ... 25:
		return HC(IRQ_LINE_EX, tuple, 16 + any(40), any(2));
	case 26:
		return HC(VCPU_STATS, tuple, SCRATCH + (cpu * 3 + 2) * PAGE_SIZE);
	case 27:
		return HC(HYP_STATS);
	case 28:
		return HC(SET_DTB_CONFIG, vm, MEM, 1);
	default:
		return any_run(cpu, tuple);
	}
}

static void *host_cpu(void *arg)
{
	unsigned int cpu = (uintptr_t)arg;

	fake_cpu = cpu;
	seed = 0x9e3779b97f4a7c15 * (cpu + 1) + mild;
	for (unsigned int i = 0; i < CALLS; i++) {
		s64 status = any_call(cpu);

		__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
		if (status > 0 || status <= -48)
			__atomic_fetch_add(&fake_world_errors, 1, __ATOMIC_RELAXED);
		else
			statuses[cpu][-status]++;
	}
	return NULL;
}

static void hammer(void)
{
	struct world empty;
	pthread_t threads[CPUS];
	u64 sum[48] = { 0 }, exits[GZVM_NR_EXIT_REASONS] = { 0 };

	machine();
	shared = host_pages(SHARED_PAGES);
	buffers = host_pages(VMS * VGIC_MAX_CPUS * 2);
	for (unsigned int i = 0; i < SHARED_PAGES * PAGE_SIZE / 8; i++)
		((u64 *)fake_va(shared))[i] = (shared >> 12) + i % SHARED_PAGES;
	empty = world();
	for (unsigned int vm = 1; vm <= VMS; vm++) {
		CHECK(new_guest(VGIC_MAX_CPUS) == vm);
		for (unsigned int i = 0; i < VGIC_MAX_CPUS; i++)
			vm_of(vm)->peer[i].power = VCPU_POWER_ON;
	}
	fake_guest = guest;
	fake_kick_wait = true;
	memset(statuses, 0, sizeof(statuses));
	memset(reasons, 0, sizeof(reasons));
	for (uintptr_t i = 0; i < CPUS; i++)
		CHECK(!pthread_create(&threads[i], NULL, host_cpu, (void *)i));
	for (unsigned int i = 0; i < CPUS; i++)
		CHECK(!pthread_join(threads[i], NULL));
	for (unsigned int i = 0; i < CPUS; i++) {
		for (unsigned int k = 0; k < 48; k++)
			sum[k] += statuses[i][k];
		for (unsigned int k = 0; k < GZVM_NR_EXIT_REASONS; k++)
			exits[k] += reasons[i][k];
		EXPECT(!fake_kick_pending(i));
	}
	EXPECT_EQ(fake_world_errors, 0);
	EXPECT_EQ(fake_kicks, fake_kicks_consumed);
	EXPECT_EQ(fake_loads, fake_puts);
	for (unsigned int id = 1; id <= VM_MAX; id++) {
		struct vm *vm = vm_get(id);
		u64 pages = 0;

		if (vm) {
			EXPECT_EQ(vm->users, 1);
			for (unsigned int i = 0; i < VGIC_MAX_CPUS; i++) {
				EXPECT_EQ(vm->peer[i].mode, VCPU_OUT);
				EXPECT_EQ(vm->peer[i].power == VCPU_POWER_NONE, !vm->vcpu[i]);
				EXPECT(!vm->vcpu[i] || !vcpu_claimed(vm->vcpu[i]));
				pages += vm->vcpu[i] != NULL;
			}
			EXPECT_EQ(pages, vm->nr_vcpus);
			vm_put(vm);
		}
		while (HC(DESTROY_VM, id, 512) == GZVM_STATUS_BUSY)
			;
	}
	for (unsigned int i = 0; i < SHARED_PAGES; i++)
		EXPECT_EQ(borrowers(shared + i * PAGE_SIZE), 0);
	EXPECT_SAME(empty);
	/* The test itself: all of this was met. */
	printf("# ok %lu, invalid %lu, busy %lu, fault %lu, no memory %lu; MMIO %lu, page fault %lu, "
	       "event %lu, idle %lu, IPI %lu; kicks %lu, entries %lu\n", sum[0], sum[8], sum[33],
	       sum[40], sum[5], exits[1], exits[4], exits[8], exits[11], exits[13], fake_kicks,
	       fake_entries);
	/* More is up to who destroys a VM when. */
	EXPECT(sum[0] > CALLS / 20);
	EXPECT(sum[8] && exits[1] && exits[3] && exits[4] && exits[11] && exits[13]);
}

TEST(everything_at_once)
{
	mild = false;
	hammer();
}

TEST(long_lives)
{
	mild = true;
	hammer();
	EXPECT(fake_kicks > 20);
}

/*
 * RUN against those that need a vCPU or all of them for themselves. CPUs 0 and 1 run a vCPU
 * each, and nobody else does; CPU 2 makes the calls that end or reset it.
 */
#define DUELS 4000

static u64 refused, ran, ended, running;

/* Who is in the guest has its vCPU, which nobody ends or resets. */
static void guest_kept(struct vcpu *v, struct guest_exit *e)
{
	struct vm *vm = v->vm;

	v->arch.x[1] = 0x600d;
	for (u64 i = any(10); i; i--) {
		if (READ_ONCE(vm->vcpu[v->index]) != v || READ_ONCE(vm->dying) ||
		    !vcpu_claimed(v) || READ_ONCE(v->arch.x[1]) != 0x600d)
			__atomic_fetch_add(&fake_world_errors, 1, __ATOMIC_RELAXED);
		arch_cpu_relax();
	}
	e->kind = GUEST_EXIT_IRQ;
}

static void *runs(void *arg)
{
	unsigned int cpu = (uintptr_t)arg;

	fake_cpu = cpu;
	seed = cpu + 1;
	for (unsigned int i = 0; i < DUELS; i++) {
		s64 status = HC(RUN, TUPLE(1, cpu));

		for (u64 n = any(30); n; n--)
			arch_cpu_relax();

		if (!status)
			__atomic_fetch_add(&ran, 1, __ATOMIC_RELAXED);
		else if (status == GZVM_STATUS_INVALID_ARGS)
			__atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
		else
			__atomic_fetch_add(&fake_world_errors, 1, __ATOMIC_RELAXED);
	}
	__atomic_fetch_sub(&running, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void duel(void (*call)(unsigned int round))
{
	pthread_t threads[2];

	machine();
	buffers = host_pages(4);
	CHECK(new_guest(2) == 1);
	vm_of(1)->peer[1].power = VCPU_POWER_ON;
	fake_guest = guest_kept;
	refused = ran = ended = 0;
	running = 2;
	for (uintptr_t i = 0; i < 2; i++)
		CHECK(!pthread_create(&threads[i], NULL, runs, (void *)i));
	fake_cpu = 2;
	for (unsigned int i = 0; __atomic_load_n(&running, __ATOMIC_RELAXED); i++) {
		call(i);
		arch_cpu_relax();
	}
	fake_cpu = 0;
	for (unsigned int i = 0; i < 2; i++)
		CHECK(!pthread_join(threads[i], NULL));
	printf("# ran %lu, refused %lu, ended or reset %lu\n", ran, refused, ended);
	EXPECT_EQ(fake_world_errors, 0);
	EXPECT_EQ(fake_loads, fake_puts);
	EXPECT(ran && ended);
	/* Nothing stays claimed. */
	EXPECT_EQ(HC(VM_RESET, 1), 0);
	EXPECT_EQ(HC(RUN, TUPLE(1, 0)), 0);
	EXPECT_EQ(HC(DESTROY_VM, 1, 512), 0);
}

static void resets(unsigned int round __unused)
{
	s64 status = HC(VM_RESET, 1);

	EXPECT(!status || status == GZVM_STATUS_BUSY);
	ended += !status;
	WRITE_ONCE(vm_of(1)->peer[1].power, VCPU_POWER_ON);
}

/* A reset that is refused, or short, refuses no RUN. */
TEST(run_against_reset)
{
	duel(resets);
	EXPECT_EQ(refused, 0);
}

static void destroys_vcpu(unsigned int round)
{
	u64 tuple = TUPLE(1, round & 1);
	s64 status = HC(DESTROY_VCPU, tuple);

	EXPECT(!status || status == GZVM_STATUS_INVALID_ARGS);
	ended += !status;
	if (!status)
		EXPECT_OK(CREATE_VCPU, tuple, buffers + (round & 1) * 2 * PAGE_SIZE);
	WRITE_ONCE(vm_of(1)->peer[1].power, VCPU_POWER_ON);
}

TEST(run_against_destroy_vcpu)
{
	duel(destroys_vcpu);
}

static void destroys_vm(unsigned int round __unused)
{
	s64 status = HC(DESTROY_VM, 1, 512);

	EXPECT(!status || status == GZVM_STATUS_BUSY);
	ended += !status;
	if (status)
		return;
	CHECK(new_vm() == 1);
	for (unsigned int i = 0; i < 2; i++)
		EXPECT_OK(CREATE_VCPU, TUPLE(1, i), buffers + i * 2 * PAGE_SIZE);
	WRITE_ONCE(vm_of(1)->peer[1].power, VCPU_POWER_ON);
}

TEST(run_against_destroy_vm)
{
	duel(destroys_vm);
}
