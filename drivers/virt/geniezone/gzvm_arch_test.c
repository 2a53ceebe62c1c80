// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: status codes, register ids, clock, interrupt words, width of addresses; and the stub
 * hypervisor that all suites share.
 */

#include <linux/arm-smccc.h>
#include <linux/cpufeature.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/time64.h>

#include <asm/arch_timer.h>
#include <asm/sysreg.h>

#include "gzvm_test.h"

static void gzvm_test_map(struct gzvm_test *gt, u64 gfn, u64 pfn)
{
	struct kunit *test = kunit_get_current_test();
	void *old = xa_load(&gt->mapped, gfn);

	/* A frame never changes its page without UNMAP. */
	if (old)
		KUNIT_EXPECT_EQ(test, xa_to_value(old), pfn);
	/* Under map_lock nothing may reclaim memory. */
	xa_store(&gt->mapped, gfn, xa_mk_value(pfn), GFP_ATOMIC);
}

static void gzvm_test_memregion(struct gzvm_test *gt)
{
	struct gzvm_memregion_buf *buf = gt->vm->region_buf;
	u64 gfn = le64_to_cpu(buf->gpa) >> PAGE_SHIFT;
	u32 slot = le32_to_cpu(buf->slot);
	unsigned int i, j;

	if (!buf->constituent_cnt) {
		if (buf->total_pages)
			xa_store(&gt->registered, slot, xa_mk_value(1), GFP_ATOMIC);
		else
			xa_erase(&gt->registered, slot);
		return;
	}
	for (i = 0; i < le32_to_cpu(buf->constituent_cnt); i++)
		for (j = 0; j < le32_to_cpu(buf->constituents[i].pg_cnt); j++)
			gzvm_test_map(gt, gfn++,
				      (le64_to_cpu(buf->constituents[i].address) >>
				       PAGE_SHIFT) + j);
}

static void gzvm_test_act(struct gzvm_test *gt, u32 fn, const struct gzvm_args *args)
{
	u64 i;

	switch (fn) {
	case GZVM_FN_SET_MEMREGION:
		gzvm_test_memregion(gt);
		break;
	case GZVM_FN_MAP_GUEST:
		gzvm_test_map(gt, args->x[3], args->x[2]);
		break;
	case GZVM_FN_MAP_GUEST_BLOCK:
		for (i = 0; i < args->x[3]; i++)
			gzvm_test_map(gt, args->x[2] + i, le64_to_cpu(gt->vm->mailbox[i]));
		break;
	case GZVM_FN_UNMAP:
		for (i = 0; i < args->x[2]; i++)
			xa_erase(&gt->mapped, args->x[1] + i);
		break;
	}
}

static int gzvm_test_hypcall(u32 fn, const struct gzvm_args *args,
			     struct arm_smccc_res *res)
{
	struct kunit *test = kunit_get_current_test();
	struct gzvm_test *gt = test->priv;

	if (fn >= GZVM_TEST_NR_FN)
		return -EINVAL;
	gt->calls[fn]++;
	gt->last[fn] = *args;
	if (gt->busy[fn]) {
		gt->busy[fn]--;
		return -EAGAIN;
	}
	if (gt->status[fn])
		return gt->status[fn];
	if (res)
		*res = gt->res[fn];
	gzvm_test_act(gt, fn, args);
	if (gt->on_call)
		gt->on_call(gt, fn);
	return 0;
}

/**
 * gzvm_test_init() - set up a VM on the stub hypervisor
 * @test: the test
 *
 * Return: 0 or -ENOMEM.
 */
int gzvm_test_init(struct kunit *test)
{
	struct gzvm_test *gt = kunit_kzalloc(test, sizeof(*gt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, gt);
	gt->vm = kunit_kzalloc(test, sizeof(*gt->vm), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, gt->vm);
	gzvm_vm_init(gt->vm);
	gt->vm->vm_id = GZVM_TEST_VM_ID;
	gt->vm->mailbox = (void *)get_zeroed_page(GFP_KERNEL);
	gt->vm->region_buf = alloc_pages_exact(GZVM_MEMREGION_BUF_SIZE, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, gt->vm->mailbox);
	KUNIT_ASSERT_NOT_NULL(test, gt->vm->region_buf);
	xa_init(&gt->mapped);
	xa_init(&gt->registered);

	gt->saved = gzvm_hyp;
	gzvm_hyp = (struct gzvm_hyp_info){
		.own = true,
		.features = GZVM_HYP_FEAT_UNMAP | GZVM_HYP_FEAT_WAKE_MASK |
			    GZVM_HYP_FEAT_IRQ_EX | GZVM_HYP_FEAT_ONE_REG,
		.ipa_bits = 40,
		.demand_batch = GZVM_BLOCK_PAGES,
		.destroy_batch = GZVM_DEFAULT_DESTROY_BATCH,
		.busy_rounds = GZVM_BUSY_ROUNDS,
	};
	test->priv = gt;
	kunit_activate_static_stub(test, __gzvm_hypcall, gzvm_test_hypcall);
	return 0;
}

static int gzvm_test_destroy(struct gzvm *vm)
{
	return 0;
}

/**
 * gzvm_test_exit() - undo gzvm_test_init()
 * @test: the test
 */
void gzvm_test_exit(struct kunit *test)
{
	struct gzvm_test *gt = test->priv;
	unsigned int i;

	if (!gt)
		return;
	for (i = 0; i < GZVM_MAX_VCPUS; i++)
		if (gt->vm->vcpus[i])
			gzvm_vcpu_free(gt->vm->vcpus[i]);
	gzvm_mem_destroy(gt->vm, gzvm_test_destroy);
	gzvm_memslot_destroy_all(gt->vm);
	gzvm_ioeventfd_release(gt->vm);
	free_page((unsigned long)gt->vm->mailbox);
	if (gt->vm->region_buf)
		free_pages_exact(gt->vm->region_buf, GZVM_MEMREGION_BUF_SIZE);
	xa_destroy(&gt->mapped);
	xa_destroy(&gt->registered);
	gzvm_hyp = gt->saved;
}

/**
 * gzvm_test_vcpu() - add a vCPU to the VM of a test
 * @test: the test
 * @id: its index
 *
 * Return: the vCPU.
 */
struct gzvm_vcpu *gzvm_test_vcpu(struct kunit *test, u32 id)
{
	struct gzvm_test *gt = test->priv;
	struct gzvm_vcpu *vcpu = gzvm_vcpu_alloc(gt->vm, id);

	KUNIT_ASSERT_NOT_NULL(test, vcpu);
	gt->vm->vcpus[id] = vcpu;
	return vcpu;
}

static void gzvm_test_status(struct kunit *test)
{
	static const struct {
		u64 x0;
		int err;
	} cases[] = {
		{ 0, 0 },
		{ -5ULL, -ENOMEM },
		{ -8ULL, -EINVAL },
		{ -24ULL, -EOPNOTSUPP },
		{ -27ULL, -EOPNOTSUPP },
		{ -33ULL, -EAGAIN },
		{ -40ULL, -EFAULT },
		{ -1ULL, -EINVAL },
		{ 1, -EINVAL },
		/* Only the low half counts, whether the hypervisor sign-extends or not. */
		{ 0xffffffd8, -EFAULT },
		{ 0xffffffe8, -EOPNOTSUPP },
		{ 0x100000000, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, gzvm_status_to_errno(cases[i].x0), cases[i].err,
				    "status %llx", cases[i].x0);
}

static void gzvm_test_reg_ids(struct kunit *test)
{
	static const struct {
		u64 id;
		bool valid;
	} cases[] = {
		{ 0x6030000000100000, true },		/* X0 */
		{ 0x603000000010003c, true },		/* X30 */
		{ 0x603000000010003e, true },		/* SP */
		{ 0x6030000000100040, true },		/* PC */
		{ 0x6030000000100042, true },		/* PSTATE */
		{ 0x6030000000100050, true },		/* SPSR[4] */
		{ 0x6030000000100052, false },		/* behind it */
		{ 0x6030000000100041, false },		/* half of PC */
		{ 0x6040000000100054, false },		/* V0: 16 bytes */
		{ 0x60200000001000d4, true },		/* FPSR */
		{ 0x60200000001000d5, true },		/* FPCR */
		{ 0x60200000001000d6, false },
		{ 0x6020000000100040, false },		/* PC as 4 bytes */
		{ 0x603000000013c082, true },		/* a system register */
		{ 0x6030000000130082, true },		/* the same without op0 */
		{ 0x602000000013c082, false },
		{ 0x6020000000110000, true },		/* CCSIDR */
		{ 0x6030000000110000, false },
		{ 0x6030000000120000, false },		/* no such class */
		{ 0x4030000000000000, false },		/* another architecture */
		{ 0x6030000100100000, false },		/* reserved bit */
		{ 0, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, gzvm_arch_reg_id_valid(cases[i].id), cases[i].valid,
				    "id %llx", cases[i].id);
	KUNIT_EXPECT_EQ(test, GZVM_REG_CORE_U64(GZVM_CORE_PC), 0x6030000000100040ULL);
	KUNIT_EXPECT_EQ(test, GZVM_REG_CORE_U32(GZVM_CORE_FPCR), 0x60200000001000d5ULL);
	KUNIT_EXPECT_EQ(test, GZVM_REG_CORE_U128(GZVM_CORE_V(1)), 0x6040000000100058ULL);
}

static void gzvm_test_cycles(struct kunit *test)
{
	u64 rate = arch_timer_get_cntfrq();

	KUNIT_EXPECT_EQ(test, gzvm_arch_cycles_to_ns(0), 0);
	KUNIT_EXPECT_EQ(test, gzvm_arch_cycles_to_ns(rate), (u64)NSEC_PER_SEC);
	/* Beyond the 30 seconds for which a fixed factor would do. */
	KUNIT_EXPECT_EQ(test, gzvm_arch_cycles_to_ns(rate * 86400), 86400ULL * NSEC_PER_SEC);
	/* No delay, however long, becomes a short one. */
	KUNIT_EXPECT_GE(test, gzvm_arch_cycles_to_ns(U64_MAX), 86400ULL * NSEC_PER_SEC);
}

static void gzvm_test_ptp(struct kunit *test)
{
	u64 phys[4] = { GZVM_HVC_PTP, GZVM_PTP_PHYS_COUNTER };
	u64 virt[4] = { GZVM_HVC_PTP, GZVM_PTP_VIRT_COUNTER };
	u64 none[4] = { GZVM_HVC_PTP, 2 };
	u64 before, p, v, after;

	before = get_cycles();
	gzvm_arch_ptp(phys, 1ULL << 40);
	gzvm_arch_ptp(virt, 1ULL << 40);
	after = get_cycles();
	gzvm_arch_ptp(none, 0);
	p = phys[2] << 32 | phys[3];
	v = (virt[2] << 32 | virt[3]) + (1ULL << 40);
	KUNIT_EXPECT_LE(test, before, p);
	KUNIT_EXPECT_LE(test, p, v);
	KUNIT_EXPECT_LE(test, v, after);
	KUNIT_EXPECT_LE(test, phys[0] << 32 | phys[1], virt[0] << 32 | virt[1]);
	KUNIT_EXPECT_EQ(test, (s64)none[0], SMCCC_RET_NOT_SUPPORTED);
}

static void gzvm_test_irq_word(struct kunit *test)
{
	static const struct {
		u32 word;
		int err;
		u32 vcpu;
		u32 intid;
	} cases[] = {
		{ 0x00000000, 0, 0, 32 },		/* TYPE 0: SPI from 0 */
		{ 0x00000021, 0, 0, 65 },
		{ 0x000003db, 0, 0, 1019 },
		{ 0x000003dc, -EINVAL },
		{ 0x01000021, 0, 0, 33 },		/* TYPE 1: INTID */
		{ 0x01000020, 0, 0, 32 },
		{ 0x0100001f, 0, 0, 63 },		/* below 32: SPI from 0 */
		{ 0x010003fb, 0, 0, 1019 },
		{ 0x010003fc, -EINVAL },
		{ 0x0203001b, 0, 3, 27 },		/* TYPE 2: PPI of vCPU 3 */
		{ 0x02000010, 0, 0, 16 },
		{ 0x0200000f, -EINVAL },		/* an SGI */
		{ 0x02000020, -EINVAL },		/* an SPI */
		{ 0x03000020, -EINVAL },		/* no such type */
		{ 0x02080010, -EINVAL },		/* vCPU 8 */
		{ 0x12000010, -EINVAL },		/* vCPU 256 */
		{ 0x00070001, 0, 7, 33 },
	};
	u32 vcpu, intid;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int ret = gzvm_irq_decode(cases[i].word, &vcpu, &intid);

		KUNIT_EXPECT_EQ_MSG(test, ret, cases[i].err, "word %x", cases[i].word);
		if (ret || cases[i].err)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, vcpu, cases[i].vcpu, "word %x", cases[i].word);
		KUNIT_EXPECT_EQ_MSG(test, intid, cases[i].intid, "word %x", cases[i].word);
	}
}

/*
 * What the CPUs say of themselves (Arm ARM, ID_AA64MMFR0_EL1.PARange). Where these suites run under
 * the hypervisor its answer is that, too.
 */
static void gzvm_test_ipa_bits(struct kunit *test)
{
	static const u32 bits[] = { 32, 36, 40, 42, 44, 48 };
	u64 range = read_sanitised_ftr_reg(SYS_ID_AA64MMFR0_EL1) & 0xf;
	u32 most = bits[min(range, ARRAY_SIZE(bits) - 1)];

	KUNIT_EXPECT_EQ(test, gzvm_arch_ipa_bits(), most);
	if (gzvm_hyp.own)
		KUNIT_EXPECT_EQ(test, gzvm_hyp.ipa_bits, most);
}

static struct kunit_case gzvm_arch_cases[] = {
	KUNIT_CASE(gzvm_test_status),
	KUNIT_CASE(gzvm_test_reg_ids),
	KUNIT_CASE(gzvm_test_cycles),
	KUNIT_CASE(gzvm_test_ptp),
	KUNIT_CASE(gzvm_test_irq_word),
	KUNIT_CASE(gzvm_test_ipa_bits),
	{}
};

static struct kunit_suite gzvm_arch_suite = {
	.name = "gzvm_arch",
	.test_cases = gzvm_arch_cases,
};

kunit_test_suite(gzvm_arch_suite);
