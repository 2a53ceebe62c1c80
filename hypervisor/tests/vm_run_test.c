// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/vm.c core/vcpu.c core/run.c core/guest_call.c core/vm_calls.c core/psci.c core/log.c
// LINK: core/page.c core/page_vm.c core/pgtable.c core/pgtable_unmap.c core/pgtable_list.c
// LINK: core/pool.c core/stage2.c lib/printf.c tests/vm_hypercall.c
// LINK: arch/fake/fake_world.c arch/fake/fake_firmware.c
// LINK: vgic/vgic.c vgic/dist.c vgic/redist.c vgic/bank.c vgic/lr.c vgic/sgi.c vgic/queue.c
// LINK: vgic/cpuif.c
/* RUN: exits to the host, their completion, what EL2 answers itself, interrupts. */
#include "vm_env.h"

#define UART 0x01000000UL
#define PC0 0x80000UL

static struct gzvm_vcpu_run *page_of(u64 vm, unsigned int i)
{
	return vcpu_of(vm, i)->run;
}

static u64 ready_guest(unsigned int cpus)
{
	u64 vm;

	machine();
	vm = new_guest(cpus);
	for (unsigned int i = 0; i < cpus; i++) {
		vcpu_of(vm, i)->arch.pc = PC0;
		vm_of(vm)->peer[i].power = VCPU_POWER_ON;
	}
	return vm;
}

static struct guest_exit load(u64 addr, unsigned int size, unsigned int reg)
{
	return (struct guest_exit){ .kind = GUEST_EXIT_ABORT, .valid = true, .addr = addr,
				    .size = size, .reg = reg, .reg64 = true };
}

static struct guest_exit store(u64 addr, unsigned int size, u64 data)
{
	return (struct guest_exit){ .kind = GUEST_EXIT_ABORT, .valid = true, .addr = addr,
				    .size = size, .reg = 9, .data = data, .write = true };
}

static void put_data(u64 vm, u64 value)
{
	memcpy(page_of(vm, 0)->mmio.data, &value, 8);
}

static u64 get_data(u64 vm)
{
	u64 value;

	memcpy(&value, page_of(vm, 0)->mmio.data, 8);
	return value;
}

/* Loads of each size, by sign, width and endianness: the register by the Arm ARM's words. */
TEST(mmio_read)
{
	static const u64 data = 0xf1e2d3c4b5a69788;
	static const struct {
		u8 size;
		bool sign, reg64, swap;
		u64 reg;
	} cases[] = {
		{ 1, false, false, false, 0x88 },
		{ 1, false, true, false, 0x88 },
		{ 1, true, false, false, 0xffffff88 },
		{ 1, true, true, false, 0xffffffffffffff88 },
		{ 1, true, true, true, 0xffffffffffffff88 },
		{ 2, false, false, false, 0x9788 },
		{ 2, true, false, false, 0xffff9788 },
		{ 2, true, true, false, 0xffffffffffff9788 },
		{ 2, false, true, true, 0x8897 },
		{ 2, true, true, true, 0xffffffffffff8897 },
		{ 4, false, false, false, 0xb5a69788 },
		{ 4, false, true, false, 0xb5a69788 },
		{ 4, true, true, false, 0xffffffffb5a69788 },
		{ 4, false, false, true, 0x8897a6b5 },
		{ 4, true, true, true, 0xffffffff8897a6b5 },
		{ 8, false, true, false, 0xf1e2d3c4b5a69788 },
		{ 8, false, true, true, 0x8897a6b5c4d3e2f1 },
	};
	u64 vm = ready_guest(1);
	struct vcpu *v = vcpu_of(vm, 0);

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct guest_exit e = load(UART + 4, cases[i].size, 5);
		struct vcpu_arch before;

		e.sign_extend = cases[i].sign;
		e.reg64 = cases[i].reg64;
		e.swap = cases[i].swap;
		for (unsigned int r = 0; r < 31; r++)
			v->arch.x[r] = ~0x1111UL * r;
		memset(page_of(vm, 0), 0xff, sizeof(struct gzvm_vcpu_run));
		v->arch.pc = PC0;
		fake_exit(e);
		EXPECT_EQ(run(vm, 0), GZVM_EXIT_MMIO);
		EXPECT_EQ(page_of(vm, 0)->mmio.phys_addr, UART + 4);
		EXPECT_EQ(page_of(vm, 0)->mmio.size, cases[i].size);
		EXPECT_EQ(page_of(vm, 0)->mmio.reg_nr, 5);
		EXPECT_EQ(page_of(vm, 0)->mmio.is_write, 0);
		EXPECT_EQ(page_of(vm, 0)->mmio.padding[0] | page_of(vm, 0)->mmio.padding[2], 0);
		EXPECT_EQ(get_data(vm), 0);
		EXPECT_EQ(v->arch.pc, PC0 + 4);
		before = v->arch;
		before.x[5] = cases[i].reg;
		put_data(vm, data);
		EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
		if (v->arch.x[5] != cases[i].reg)
			KTAP_FAIL("case %u: 0x%lx", i, v->arch.x[5]);
		EXPECT(!memcmp(v->arch.x, before.x, sizeof(before.x)));
		EXPECT_EQ(v->arch.pc, PC0 + 4);
		/* Once: a later RUN completes nothing. */
		v->arch.x[5] = 77;
		EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
		EXPECT_EQ(v->arch.x[5], 77);
	}
	/* A load into XZR. */
	fake_exit(load(UART, 4, 31));
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_MMIO);
	put_data(vm, ~0UL);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
}

TEST(mmio_write)
{
	static const struct {
		u8 size;
		bool swap;
		u64 data, page;
	} cases[] = {
		{ 1, false, 0x88, 0x88 }, { 1, true, 0x88, 0x88 },
		{ 2, false, 0x9788, 0x9788 }, { 2, true, 0x9788, 0x8897 },
		{ 4, false, 0xb5a69788, 0xb5a69788 }, { 4, true, 0xb5a69788, 0x8897a6b5 },
		{ 8, false, 0xf1e2d3c4b5a69788, 0xf1e2d3c4b5a69788 },
		{ 8, true, 0xf1e2d3c4b5a69788, 0x8897a6b5c4d3e2f1 },
	};
	u64 vm = ready_guest(1);
	struct vcpu *v = vcpu_of(vm, 0);

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct guest_exit e = store(UART + 8, cases[i].size, cases[i].data);
		struct vcpu_arch before;

		e.swap = cases[i].swap;
		memset(page_of(vm, 0), 0xff, sizeof(struct gzvm_vcpu_run));
		fake_exit(e);
		EXPECT_EQ(run(vm, 0), GZVM_EXIT_MMIO);
		EXPECT_EQ(page_of(vm, 0)->mmio.is_write, 1);
		EXPECT_EQ(page_of(vm, 0)->mmio.size, cases[i].size);
		EXPECT_EQ(page_of(vm, 0)->mmio.phys_addr, UART + 8);
		EXPECT_EQ(get_data(vm), cases[i].page);
		before = v->arch;
		put_data(vm, 0x5555);
		EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
		EXPECT(!memcmp(&v->arch, &before, sizeof(before)));
	}
}

/* Only the data come from the page: all else the host may write there means nothing. */
TEST(mmio_page_is_not_believed)
{
	u64 vm = ready_guest(1);
	struct vcpu *v = vcpu_of(vm, 0);
	struct guest_exit e = load(UART, 1, 5);

	e.reg64 = false;
	fake_exit(e);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_MMIO);
	memset(page_of(vm, 0), 0xee, PAGE_SIZE);
	memset(v->hwstate, 0xee, PAGE_SIZE);
	page_of(vm, 0)->mmio.size = 8;
	page_of(vm, 0)->mmio.reg_nr = 6;
	page_of(vm, 0)->mmio.is_write = 1;
	page_of(vm, 0)->exit_reason = GZVM_EXIT_HYPERCALL;
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(v->arch.x[5], 0xee);
	EXPECT_EQ(v->arch.x[6], 0);
	/* A write that the page calls a read later. */
	fake_exit(store(UART, 4, 1));
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_MMIO);
	page_of(vm, 0)->mmio.is_write = 0;
	page_of(vm, 0)->mmio.reg_nr = 7;
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(v->arch.x[7], 0);
	/* VM_RESET forgets the read that was under way. */
	fake_exit(load(UART, 8, 5));
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_MMIO);
	EXPECT_OK(VM_RESET, vm);
	put_data(vm, 0x1234);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(v->arch.x[5], 0);
}

TEST(page_fault)
{
	u64 vm = ready_guest(1);
	struct vcpu *v = vcpu_of(vm, 0);

	for (unsigned int i = 0; i < 5; i++) {
		struct guest_exit e = load(MEM + 0x1238, 4, 5);

		/* Memory is memory, however the access was made. */
		e.fetch = i == 1;
		e.walk = i == 2;
		e.valid = i == 0 || i == 4;
		e.cache_op = i == 4;
		memset(page_of(vm, 0), 0xff, sizeof(struct gzvm_vcpu_run));
		fake_exit(e);
		EXPECT_EQ(run(vm, 0), GZVM_EXIT_EXCEPTION);
		EXPECT_EQ(page_of(vm, 0)->exception.exception, GZVM_EXCEPTION_PAGE_FAULT);
		EXPECT_EQ(page_of(vm, 0)->exception.fault_gpa, MEM + 0x1238);
		EXPECT_EQ(page_of(vm, 0)->exception.error_code, 0);
		for (unsigned int k = 0; k < 30; k++)
			EXPECT_EQ(page_of(vm, 0)->exception.reserved[k], 0);
		EXPECT_EQ(v->arch.pc, PC0); /* it runs again */
		EXPECT_EQ(v->pending, VCPU_PENDING_NONE);
	}
	EXPECT_EQ(fake_aborts + fake_skips, 0);
	/* The ends of memory. */
	fake_exit(load(MEM + 16384 * PAGE_SIZE - 1, 1, 5));
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_EXCEPTION);
	fake_exit(load(MEM + 16384 * PAGE_SIZE, 1, 5));
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_MMIO);
	fake_exit(load(MEM - 1, 1, 5));
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_MMIO);
}

/* Where there is neither memory nor a device's access to describe. */
TEST(aborts)
{
	u64 vm = ready_guest(1);
	struct vcpu *v = vcpu_of(vm, 0);
	struct guest_exit e = load(UART, 4, 5);

	e.valid = false; /* LDP, SIMD, writeback */
	e.far = 0xffff0000;
	fake_exit(e);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_aborts, 1);
	EXPECT_EQ(fake_last_abort.far, 0xffff0000);
	e.fetch = true;
	fake_exit(e);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_aborts, 2);
	EXPECT(fake_last_abort.fetch);
	e.fetch = false;
	e.walk = true;
	fake_exit(e);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_aborts, 3);
	/* The GIC's frames likewise: an access that says nothing is none. */
	e = load(DIST, 4, 5);
	e.valid = false;
	fake_exit(e);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_aborts, 4);
	EXPECT_EQ(v->arch.pc, PC0);
	EXPECT_EQ(fake_skips, 0);
	e = load(UART, 0, 0);
	e.valid = false;
	e.cache_op = true;
	fake_exit(e);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_aborts, 4);
	EXPECT_EQ(v->arch.pc, PC0 + 4);
	EXPECT_EQ(v->stats.handled[GZVM_HANDLED_ABORT], 5);
	EXPECT_EQ(v->stats.exits[GZVM_EXIT_MMIO - GZVM_EXIT_UNKNOWN], 0);

	/* The vector that would take the abort is where no memory is: the guest's end. */
	e = (struct guest_exit){ .kind = GUEST_EXIT_ABORT, .fetch = true, .vector = true,
				 .addr = UART, .esr = 0x86000006, .far = 0x200 };
	fake_exit(e);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_SYSTEM_EVENT);
	EXPECT_EQ(fake_aborts, 4);
	EXPECT_EQ(page_of(vm, 0)->system_event.type, GZVM_SYSTEM_EVENT_CRASH);
	EXPECT_EQ(page_of(vm, 0)->system_event.data[GZVM_CRASH_DATA_REASON],
		  GZVM_CRASH_BAD_ABORT);
	EXPECT_EQ(page_of(vm, 0)->system_event.data[GZVM_CRASH_DATA_FAR], 0x200);
}

TEST(smc)
{
	u64 vm = ready_guest(1);
	struct vcpu *v = vcpu_of(vm, 0);

	v->arch.x[0] = PSCI_VERSION;
	v->arch.x[1] = 5;
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_SMC });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(v->arch.x[0], ~0UL);
	EXPECT_EQ(v->arch.x[1], 5);
	EXPECT_EQ(v->arch.pc, PC0 + 4);
}

TEST(may_not_run)
{
	ready_guest(1);
	fake_may_run = -EINVAL;
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, RUN, TUPLE(1, 0));
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, RUN, TUPLE(1, 1));
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, RUN, TUPLE(1, 8));
	EXPECT_EQ(fake_loads, 0);
	EXPECT(!vm_of(1)->ran);
	fake_may_run = 0;
	EXPECT_EQ(run(1, 0), GZVM_EXIT_IRQ);
}

TEST(unknown_exit_is_a_bug)
{
	ready_guest(1);
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_KINDS });
	EXPECT_PANIC(HC(RUN, TUPLE(1, 0)), "guest exit");
}

TEST(crash)
{
	u64 vm = ready_guest(2);
	struct vcpu *v = vcpu_of(vm, 0);

	v->arch.pc = 0x9000;
	v->arch.pstate = 0x2c5;
	memset(page_of(vm, 0), 0xff, sizeof(struct gzvm_vcpu_run));
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_CRASH, .reason = GZVM_CRASH_SERROR,
				       .esr = 0xbe000011, .far = 0x77 });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_SYSTEM_EVENT);
	EXPECT_EQ(x[2], 2); /* the other one has to hear of it */
	for (unsigned int i = 0; i < 2; i++) {
		static const u64 data[] = { GZVM_CRASH_SERROR, 0xbe000011, 0x77, 0x9000, 0x2c5, 0 };

		if (i)
			EXPECT_EQ(run(vm, i), GZVM_EXIT_SYSTEM_EVENT);
		EXPECT_EQ(page_of(vm, i)->system_event.type, GZVM_SYSTEM_EVENT_CRASH);
		EXPECT_EQ(page_of(vm, i)->system_event.ndata, 6);
		EXPECT(!memcmp(page_of(vm, i)->system_event.data, data, sizeof(data)));
		for (unsigned int k = 6; k < 16; k++)
			EXPECT_EQ(page_of(vm, i)->system_event.data[k], 0);
	}
	EXPECT_EQ(fake_entries, 1); /* never again */
	/* The first event counts. */
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_SYSTEM_EVENT);
	EXPECT_EQ(x[2], 0);
	EXPECT_OK(VM_RESET, vm);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(vm_of(vm)->event.data[0], 0);
}

TEST(wfi)
{
	u64 vm = ready_guest(1);
	struct vcpu *v = vcpu_of(vm, 0);

	/* No timer: long. */
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFI });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(v->arch.pc, PC0 + 4);
	EXPECT_EQ(v->hwstate->vtimer_delay, 1 << 30);
	EXPECT_EQ(v->hwstate->vtimer_migrate, 1);
	v->arch.timer_delay = 12345;
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFI });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(v->hwstate->vtimer_delay, 12345);
	/* Far away is not never. */
	v->arch.timer_delay = 1UL << 40;
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFI });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(v->hwstate->vtimer_delay, (1 << 30) - 1);
	EXPECT_EQ(v->stats.handled[GZVM_HANDLED_WFX], 0);
}

/*
 * WFE is a spin: the host yields the CPU, whatever is pending or armed; the guest goes on
 * behind the instruction.
 */
TEST(wfe)
{
	u64 vm = ready_guest(1);
	struct vcpu *v = vcpu_of(vm, 0);

	for (unsigned int n = 1; n <= 3; n++) {
		fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFE });
		EXPECT_EQ(run(vm, 0), GZVM_EXIT_GZ);
		EXPECT_EQ(v->arch.pc, PC0 + 4 * n);
		EXPECT_EQ(v->stats.exits[GZVM_EXIT_GZ - GZVM_EXIT_UNKNOWN], n);
		EXPECT_EQ(page_of(vm, 0)->exit_reason, GZVM_EXIT_GZ);
	}
	EXPECT_EQ(v->hwstate->vtimer_migrate, 0);
}

/* GIC registers as a guest sets them up; SPI 40 to vCPU 0, group 1, priority 0xa0. */
static void gic_write(u64 vm, unsigned int i, u64 addr, unsigned int size, u64 value)
{
	fake_exit(store(addr, size, value));
	EXPECT_EQ(run(vm, i), GZVM_EXIT_IRQ);
}

static void open_gic(u64 vm, unsigned int cpus)
{
	gic_write(vm, 0, DIST, 4, 0x12); /* GICD_CTLR: ARE, group 1 */
	gic_write(vm, 0, DIST + 0x84, 4, ~0U); /* IGROUPR1 */
	gic_write(vm, 0, DIST + 0x400 + 40, 1, 0xa0);
	gic_write(vm, 0, DIST + 0x104, 4, 1 << 8); /* ISENABLER1 */
	for (unsigned int i = 0; i < cpus; i++) {
		u64 sgi = REDIST + i * 0x20000 + 0x10000;

		gic_write(vm, i, sgi + 0x80, 4, ~0U);
		gic_write(vm, i, sgi + 0x100, 4, ~0U);
		vcpu_of(vm, i)->vgic.hw.vmcr = VMCR_OPEN;
	}
}

TEST(gic_access)
{
	u64 vm = ready_guest(1);
	struct vcpu *v = vcpu_of(vm, 0);
	struct guest_exit e;

	open_gic(vm, 1);
	EXPECT_EQ(v->arch.pc, PC0 + 4 * 6);
	EXPECT_EQ(v->stats.handled[GZVM_HANDLED_GIC], 6);
	/* Reads go to the register at once. */
	e = load(DIST + 0x104, 4, 3);
	v->arch.x[3] = ~0UL;
	fake_exit(e);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(v->arch.x[3], 1 << 8);
	/* Big-endian data, sign and width. */
	e.swap = true;
	fake_exit(e);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(v->arch.x[3], 1 << 16);
	e = load(DIST + 0x400 + 40, 1, 3);
	e.sign_extend = true;
	fake_exit(e);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(v->arch.x[3], 0xffffffffffffffa0);
	e.reg64 = false;
	fake_exit(e);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(v->arch.x[3], 0xffffffa0);
	e = store(DIST + 0x104, 4, 1 << 16);
	e.swap = true; /* the guest stored 0x100 */
	fake_exit(e);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	fake_exit(load(DIST + 0x104, 4, 3));
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(v->arch.x[3], 1 << 8);
	EXPECT_EQ(v->stats.exits[GZVM_EXIT_MMIO - GZVM_EXIT_UNKNOWN], 0);
	/* No second vCPU, no second redistributor: a device's address like any other. */
	fake_exit(load(REDIST + 0x20000, 4, 3));
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_MMIO);
	/* A VM without a GIC has none. */
	vm = new_vm();
	new_vcpu(vm, 0);
	fake_exit(load(DIST, 4, 3));
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_MMIO);
}

TEST(irq_line_arguments)
{
	u64 vm = ready_guest(2);

	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE, TUPLE(vm, 0), 988, 1);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE, TUPLE(vm, 0), ~0UL, 1);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE, TUPLE(vm, 0), 0UL - 16, 1);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE, TUPLE(vm, 0), 1UL << 32, 1);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 0), (1UL << 32) + 40, 1);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE, TUPLE(vm, 0), 0, 2);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE, TUPLE(vm, 0), 0, ~0UL);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 0), 15, 1);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 0), 0, 1);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 0), 1020, 1);
	/* The timers' levels are EL2's to say. */
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 0), 27, 0);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 0), 30, 1);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 0), 32, 16);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 0), 32, 7);
	/* What does not rise cannot fall, and what falls is not resampled. */
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 0), 32, GZVM_IRQ_PULSE);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 0), 32,
		       GZVM_IRQ_LEVEL | GZVM_IRQ_PULSE | GZVM_IRQ_RESAMPLE);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 0), 32, 1UL << 32);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE, TUPLE(vm, 0), 8, 3);
	/* No private interrupt is resampled. */
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 0), 20,
		       GZVM_IRQ_LEVEL | GZVM_IRQ_RESAMPLE);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 2), 20, 1);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 8), 20, 1);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 0xffff), 20, 1);
	/* Nobody takes them yet: no one to wake. The vCPU of an SPI says nothing. */
	EXPECT_OK(IRQ_LINE, TUPLE(vm, 0), 0, 1);
	EXPECT_EQ(x[1] | x[2] | x[3], 0);
	EXPECT(vm_of(vm)->spi[0].line);
	EXPECT_OK(IRQ_LINE, TUPLE(vm, 0xffff), 987, 1);
	EXPECT(vm_of(vm)->spi[987].line);
	EXPECT_OK(IRQ_LINE, TUPLE(vm, 0), 987, 0);
	EXPECT(!vm_of(vm)->spi[987].line);
	EXPECT_OK(IRQ_LINE_EX, TUPLE(vm, 1), 16, 1);
	EXPECT(vcpu_of(vm, 1)->vgic.priv[16].line);
	EXPECT(!vcpu_of(vm, 0)->vgic.priv[16].line);
	EXPECT_OK(IRQ_LINE_EX, TUPLE(vm, 1), 1019, 1);
	EXPECT(vm_of(vm)->spi[987].line);
	/* Without a GIC, or with half of one, there are no lines. */
	vm = new_vm();
	new_vcpu(vm, 0);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE, TUPLE(vm, 0), 0, 1);
	EXPECT_EQ(device(vm, 0, DIST), 0);
	EXPECT_REFUSED(GZVM_STATUS_INVALID_ARGS, IRQ_LINE_EX, TUPLE(vm, 0), 32, 1);
	EXPECT_EQ(device(vm, 1, REDIST), 0);
	EXPECT_OK(IRQ_LINE, TUPLE(vm, 0), 0, 1);
}

TEST(irq_wakes)
{
	u64 vm = ready_guest(3);
	struct vcpu *v = vcpu_of(vm, 0);

	open_gic(vm, 3);
	/* Waits with the host: IDLE, then the line's bitmap names it. */
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFI });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IDLE);
	EXPECT_OK(IRQ_LINE, TUPLE(vm, 0), 8, 1);
	EXPECT_EQ(x[1], 1);
	EXPECT_OK(IRQ_LINE, TUPLE(vm, 0), 8, 1); /* no change, no news */
	EXPECT_EQ(x[1], 0);
	EXPECT_OK(IRQ_LINE_EX, TUPLE(vm, 2), 20, 1);
	EXPECT_EQ(x[1], 4);
	EXPECT_EQ(fake_kicks, 0);
	/* With something pending WFI is over at once; it shows in a list register. */
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFI });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(v->stats.handled[GZVM_HANDLED_WFX], 1);
	EXPECT_EQ(v->hwstate->nr_lrs, 4);
	EXPECT_EQ((u32)v->hwstate->lr[0], 40);
	EXPECT_EQ(v->hwstate->lr[0] & LR_STATE, LR_PENDING);
	/* The guest takes and ends it, its line falls: the report is empty once, then left alone. */
	EXPECT_OK(IRQ_LINE, TUPLE(vm, 0), 8, 0);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(v->hwstate->lr[0], 0);
	v->hwstate->lr[0] = 99;
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(v->hwstate->lr[0], 99);
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFI });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IDLE);
}

TEST(irq_pulse)
{
	u64 vm = ready_guest(1);
	struct vcpu *v = vcpu_of(vm, 0);
	struct vgic_irq *irq = &vm_of(vm)->vgic.spi[8];

	open_gic(vm, 1);
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFI });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IDLE);
	/* Of a level nothing is left. */
	EXPECT_OK(IRQ_LINE_EX, TUPLE(vm, 0), 40, GZVM_IRQ_LEVEL | GZVM_IRQ_PULSE);
	EXPECT(!irq->line && !irq->latch && !vgic_pending(&v->vgic));
	/* An edge stays; who was told of one need not hear of the next. */
	irq->edge = true;
	for (unsigned int i = 0; i < 2; i++) {
		irq->latch = false;
		EXPECT_OK(IRQ_LINE_EX, TUPLE(vm, 0), 40, GZVM_IRQ_LEVEL | GZVM_IRQ_PULSE);
		EXPECT_EQ(x[1], i == 0);
		EXPECT(!irq->line && irq->latch && vgic_pending(&v->vgic));
	}
}

/* The end of an interrupt that the host waits for leaves at once, and shows. */
static void take_and_end(struct vcpu *v)
{
	v->vgic.hw.lr[0] &= ~LR_STATE;
}

TEST(end_of_interrupt_reported)
{
	u64 vm = ready_guest(1);
	struct vcpu *v = vcpu_of(vm, 0);

	open_gic(vm, 1);
	EXPECT_OK(IRQ_LINE_EX, TUPLE(vm, 0), 40, GZVM_IRQ_LEVEL | GZVM_IRQ_RESAMPLE);
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_VGIC }, take_and_end);
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFI });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_exits_left(), 1); /* not entered again before the host heard */
	EXPECT_EQ(v->hwstate->lr[0] & LR_STATE, 0);
	EXPECT_EQ((u32)v->hwstate->lr[0], 40);
	EXPECT(v->hwstate->lr[0] >> 41 & 1);
	EXPECT_OK(IRQ_LINE, TUPLE(vm, 0), 8, 0);
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(v->hwstate->lr[0], 0);
	/* Levels by themselves do not end the reports; this does. */
	EXPECT(vm_of(vm)->vgic.spi[8].resample);
	EXPECT_OK(IRQ_LINE_EX, TUPLE(vm, 0), 40, GZVM_IRQ_NO_RESAMPLE);
	EXPECT(!vm_of(vm)->vgic.spi[8].resample);
	EXPECT_OK(IRQ_LINE, TUPLE(vm, 0), 8, 1);
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_VGIC }, take_and_end);
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_SMC });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_exits_left(), 0);
}

TEST(sgi)
{
	u64 vm = ready_guest(3);

	open_gic(vm, 3);
	/* To vCPUs 1 and 2, which wait with the host: IPI, and who it is. */
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_SGI, .data = 3UL << 24 | 6,
				       .group1 = true });
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFI });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IPI);
	EXPECT_EQ(x[2], 6);
	EXPECT_EQ(fake_exits_left(), 1);
	EXPECT(vgic_pending(&vcpu_of(vm, 1)->vgic));
	EXPECT(vgic_pending(&vcpu_of(vm, 2)->vgic));
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IDLE);
	EXPECT_EQ(x[2], 0);
	/* To itself: nobody else hears of it. */
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_SGI, .data = 4UL << 24 | 1,
				       .group1 = true });
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_WFI });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(x[2], 0);
	EXPECT_EQ(vcpu_of(vm, 0)->arch.pc, PC0 + 4 * (6 + 4));
	/* What arch/ answered itself and is news for others goes the same way. */
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_VGIC, .wake = 4 });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IPI);
	EXPECT_EQ(x[2], 4);
	/* Bits of vCPUs that do not exist are nobody's. */
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_VGIC, .wake = 0xf1 });
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(x[2], 0);
}

static void keep_sgi(struct vcpu *v)
{
	/* The guest has not taken it: the list register is as it was loaded. */
	EXPECT_EQ((u32)v->vgic.hw.lr[0], 5);
}

/* What needs no look at the list registers leaves them in the CPU; news takes them out. */
TEST(answered_with_list_registers_loaded)
{
	u64 vm = ready_guest(1);
	struct vcpu *v = vcpu_of(vm, 0);
	u64 pc;

	open_gic(vm, 1);
	pc = v->arch.pc;
	fake_vgic_loads = 0;
	v->arch.x[0] = PSCI_VERSION;
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_AGAIN });
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_HVC });
	fake_exit(load(DIST + 4, 4, 7)); /* GICD_TYPER */
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_vgic_loads, 1);
	EXPECT_EQ(v->arch.x[0], 0x10001);
	EXPECT(v->arch.x[7] != 0);
	EXPECT_EQ(v->arch.pc, pc + 4);
	/* An SGI to itself has to get into a list register before the guest goes on. */
	fake_vgic_loads = 0;
	fake_exit((struct guest_exit){ .kind = GUEST_EXIT_SGI, .data = 5UL << 24 | 1,
				       .group1 = true });
	fake_step((struct guest_exit){ .kind = GUEST_EXIT_AGAIN }, keep_sgi);
	/* While it is in there, a read of the vGIC takes it out first. */
	fake_exit(load(REDIST + 0x10200, 4, 7));
	EXPECT_EQ(run(vm, 0), GZVM_EXIT_IRQ);
	EXPECT_EQ(fake_vgic_loads, 3);
	EXPECT_EQ(v->arch.x[7], 1 << 5);
	EXPECT_EQ(fake_world_errors, 0);
}
