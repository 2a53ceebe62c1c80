// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every exception that a guest can cause at EL1 and EL0 comes to its EL1, with the syndrome
 * that the Arm ARM gives (D1.3, D24.2.40), and nobody else hears of it.
 */
#include "trap.h"

#define INSN_HVC_IMM(imm)	(0xd4000002 | (imm) << 5)
#define INSN_SMC_IMM(imm)	(0xd4000003 | (imm) << 5)
#define INSN_BRK(imm)		(0xd4200000 | (imm) << 5)
#define INSN_UDF		0x0000dead
#define INSN_ERET		0xd69f03e0
#define INSN_WFE		0xd503205f
#define INSN_FMOV_D0		0x9e670000	/* fmov d0, x0 */
#define INSN_CNTB		0x04e0e3e0	/* SVE */
#define INSN_SMSTART		0xd503477f	/* SME */
#define INSN_TSTART		0xd5233060

static struct trap t;
static struct registers in, out;

static void test_calls(void)
{
	for (unsigned int i = 0; i < 16; i++) {
		uint32_t imm = random64() & 0xffff;

		trap_insn(&t, INSN_SVC(imm), 0, 0, 0);
		trap_is(&t, TRAP_EL1, (uint64_t)EC_SVC << 26 | 1 << 25 | imm, "svc");
		trap_insn(&t, INSN_BRK(imm), 0, 0, 0);
		trap_is(&t, TRAP_EL1, (uint64_t)EC_BRK << 26 | 1 << 25 | imm, "brk");
		trap_insn(&t, imm, 0, 0, 0);
		trap_is(&t, TRAP_EL1, ESR_UNDEF, "udf");
	}
	test_end("svc, brk and udf");
}

/* HVC and SMC with arguments that mean nothing: -1 in x0, and no other register changes. */
static void test_hvc_smc(void)
{
	for (unsigned int i = 0; i < 200; i++) {
		uint32_t imm = i & 2 ? random64() & 0xffff : 0;
		struct insn_result result;

		registers_random(&in);
		/* Not of PSCI nor of a hypervisor's services: the standard ones end below. */
		in.x[0] = (in.x[0] & ~0x3f000000ul) | 0x03000000;
		result = insn_run(i & 1 ? INSN_SMC_IMM(imm) : INSN_HVC_IMM(imm), &in, &out);
		check(!result.trapped, "%s #%x: ESR %lx", i & 1 ? "smc" : "hvc", imm, result.esr);
		check(out.x[0] == UINT64_MAX, "%s #%x %lx: x0 is %lx", i & 1 ? "smc" : "hvc", imm,
		      in.x[0], out.x[0]);
		check(!registers_compare(&in, &out, 1), "%s: register %u changed",
		      i & 1 ? "smc" : "hvc", registers_compare(&in, &out, 1) - 1);
	}
	test_end("hvc and smc with random arguments");
}

static void test_undefined(void)
{
	static const struct {
		const char *name;
		uint32_t insn;
	} list[] = {
		{ "cntb of SVE", INSN_CNTB },
		{ "smstart of SME", INSN_SMSTART },
		{ "tstart of TME", INSN_TSTART },
		{ "at s12e1r", 0xd50c7880 },
		{ "at s1e2r", 0xd50c7800 },
		{ "tlbi alle1", 0xd50c879f },
		{ "tlbi alle2", 0xd50c871f },
		{ "tlbi vmalls12e1", 0xd50c87df },
		{ "tlbi ipas2e1", 0xd50c8420 },
		{ "drps", 0xd6bf03e0 },
		{ "dcps1", 0xd4a00001 },
		{ "dcps2", 0xd4a00002 },
		{ "hlt", 0xd4400000 },
		{ "ld64b", 0xf83fd000 },
		{ "cpyfp", 0x19010440 },
		{ "sys S1_0_C11_C0_0", 0xd508b000 },
		{ "sys S1_7_C15_C15_7", 0xd50fffe0 },
		{ "sysl S1_0_C11_C0_0", 0xd528b000 },
		{ "reserved", 0x00010000 },
		{ "reserved", 0xffffffff },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(list); i++) {
		trap_insn(&t, list[i].insn, RAM, RAM, 0);
		trap_is(&t, TRAP_EL1, ESR_UNDEF, list[i].name);
	}
	test_end("undefined at EL1");
}

static void test_illegal_return(void)
{
	static const uint8_t modes[] = { 0x2, 0x3, 0x6, 0x8, 0x9, 0xc, 0xd, 0xf, 0x11, 0x12, 0x13,
					 0x16, 0x17, 0x1a, 0x1b, 0x1f };

	for (unsigned int i = 0; i < ARRAY_SIZE(modes); i++) {
		static const uint32_t ret = INSN_RET;

		trap_call(&t, trap_eret, (uint64_t)trap_code(&ret, 1), 0x3c0 | modes[i], 0);
		check(t.taken && t.slot == TRAP_EL1 && ESR_EC(t.esr) == EC_ILLEGAL &&
		      t.spsr & 1 << 20, "eret to mode %x: slot %lu ESR %lx SPSR %lx", modes[i],
		      t.slot, t.esr, t.spsr);
	}
	test_end("illegal exception returns");
}

static void test_alignment(void)
{
	for (unsigned int i = 1; i < 16; i++) {
		trap_call(&t, trap_sp, RAM + 0x4000 + i, 0, 0);
		/* QEMU does not check it. */
		if (t.taken)
			trap_is_class(&t, TRAP_EL1, EC_SP, "stack pointer");
	}
	for (unsigned int i = 1; i < 4; i++) {
		trap_call(&t, trap_jump, (uint64_t)trap_code(&(uint32_t){ INSN_RET }, 1) + i, 0, 0);
		trap_is_class(&t, TRAP_EL1, EC_PC, "program counter");
		check(t.far == t.elr && (t.far & 3) == i, "program counter: FAR %lx ELR %lx",
		      t.far, t.elr);
	}
	test_end("unaligned stack pointer and program counter");
}

static void test_fp(void)
{
	uint64_t cpacr = read_sysreg(cpacr_el1);

	write_sysreg(cpacr_el1, cpacr & ~(3ul << 20));
	trap_insn(&t, INSN_FMOV_D0, 0, 0, 0);
	trap_is(&t, TRAP_EL1, 0x1fe00000, "FP with CPACR_EL1.FPEN 0");
	write_sysreg(cpacr_el1, cpacr);
	trap_insn(&t, INSN_FMOV_D0, 0, 0, 0);
	check(!t.taken, "FP: ESR %lx", t.esr);
	test_end("FP off and on");
}

/* At EL0: what is not its own is undefined, or trapped to EL1 by EL1's own controls. */
static void test_el0(void)
{
	static const struct {
		const char *name;
		uint32_t insn;
		uint8_t ec;
	} list[] = {
		{ "hvc", INSN_HVC, EC_UNKNOWN },
		{ "smc", 0xd4000003, EC_UNKNOWN },
		{ "eret", INSN_ERET, EC_UNKNOWN },
		{ "udf", INSN_UDF, EC_UNKNOWN },
		{ "brk", INSN_BRK(7), EC_BRK },
		{ "svc", INSN_SVC(9), EC_SVC },
		{ "mrs sctlr_el1", 0xd5381000, EC_UNKNOWN },
		{ "msr sctlr_el1", 0xd5181000, EC_UNKNOWN },
		{ "mrs actlr_el1", 0xd5381020, EC_UNKNOWN },
		{ "msr icc_sgi1r_el1", 0xd518cba0, EC_UNKNOWN },
		/* PMUSERENR_EL0, which is not the guest's, comes first. */
		{ "mrs pmccntr_el0", 0xd53b9d00, EC_SYSREG },
		{ "mrs cntp_ctl_el0", 0xd53be220, EC_SYSREG },
		{ "msr daifset", 0xd50343df, EC_SYSREG },
		{ "wfi", INSN_WFI, EC_WFX },
		{ "dc civac", 0xd50b7e20, EC_SYSREG },
		{ "dc isw", 0xd5087640, EC_UNKNOWN },
		{ "tlbi vmalle1", 0xd508871f, EC_UNKNOWN },
		{ "cntb of SVE", INSN_CNTB, EC_UNKNOWN },
		{ "ldr from EL1's memory", 0xf9400000, EC_DABT_EL0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(list); i++) {
		const uint32_t code[] = { list[i].insn, INSN_SVC(0x55) };

		trap_el0(&t, code, 2, SPSR_EL0, RAM);
		trap_is_class(&t, TRAP_EL0, list[i].ec, list[i].name);
	}
	test_end("undefined or trapped at EL0");
}

/* CNTKCTL_EL1.EL0PTEN: EL0's to use, and emulated all the same. */
static void test_el0_timer(void)
{
	static const uint32_t code[] = {
		0xd51be240,	/* msr cntp_cval_el0, x0 */
		0xd53be241,	/* mrs x1, cntp_cval_el0 */
		0xd53be222,	/* mrs x2, cntp_ctl_el0 */
		INSN_SVC(1),
	};

	write_sysreg(cntkctl_el1, 1 << 9);
	trap_el0(&t, code, ARRAY_SIZE(code), SPSR_EL0, 0x123456789a);
	trap_is_class(&t, TRAP_EL0, EC_SVC, "physical timer");
	check(t.x[1] == 0x123456789a && !t.x[2], "physical timer: %lx, %lx", t.x[1], t.x[2]);
	write_sysreg(cntkctl_el1, 0);
	test_end("physical timer at EL0");
}

static uint64_t now(void)
{
	asm volatile("isb" ::: "memory");
	return read_sysreg(cntvct_el0);
}

static volatile unsigned int irqs;

static void on_irq(uint32_t intid)
{
	irqs += intid == 3;
}

static void test_storms(void)
{
	if (!gic_init()) {
		check(false, "no redistributor");
		test_end("storms");
		return;
	}
	gic_enable(INTID_VTIMER);
	gic_enable(3);
	/* Pending and masked: each WFI is over at once. */
	write_sysreg(cntv_cval_el0, now());
	write_sysreg(cntv_ctl_el0, 1);
	for (unsigned int i = 0; i < 300; i++)
		asm volatile("wfi" ::: "memory");
	write_sysreg(cntv_ctl_el0, 0);
	for (unsigned int i = 0; i < 3000; i++)
		asm volatile("sev; wfe; yield; sevl; wfe" ::: "memory");
	irq_handler = on_irq;
	irq_enable();
	for (unsigned int i = 1; i <= 500; i++) {
		gic_sgi_to_self(3);
		while (irqs != i)
			asm volatile("yield" ::: "memory");
	}
	irq_disable();
	irq_handler = NULL;
	check(irqs == 500, "%u SGIs", irqs);
	for (unsigned int i = 0; i < 500; i++) {
		uint64_t at = RAM + 0x8000000 + i * 0x1000;

		asm volatile("dc zva, %0; dc cvac, %0; dc civac, %0; dc cvau, %0; ic ivau, %0"
			     :: "r" (at) : "memory");
		asm volatile("dc isw, %0; dc csw, %0; dc cisw, %0" :: "r" (i << 8) : "memory");
		asm volatile("tlbi vmalle1is; tlbi vae1is, %0; tlbi aside1is, %1; ic ialluis; dsb ish; isb"
			     :: "r" (at >> 12), "r" ((uint64_t)i << 48) : "memory");
	}
	test_end("storms of waits, SGIs, cache and TLB maintenance");
}

/* Keys are the guest's own and stay; without the feature its instructions are not there. */
static void test_pauth(void)
{
	uint64_t isar1 = read_sysreg(id_aa64isar1_el1), isar2 = read_sysreg(S3_0_C0_C6_2);
	bool has = isar1 & 0xff000ff0 || isar2 & 0xff00;
	uint64_t pointer = RAM + 0x1234, signed_pointer, other;

	if (!has) {
		trap_insn(&t, 0xdac10020, pointer, 0, 0);	/* pacia x0, x1 */
		trap_is(&t, TRAP_EL1, ESR_UNDEF, "pacia");
		trap_insn(&t, INSN_MRS(SYSREG(3, 0, 2, 1, 0), 0), 0, 0, 0);
		trap_is(&t, TRAP_EL1, ESR_UNDEF, "APIAKeyLo_EL1");
		test_end("pointer authentication");
		return;
	}
	write_sysreg(S3_0_C2_C1_0, random64());
	write_sysreg(S3_0_C2_C1_1, random64());
	write_sysreg(sctlr_el1, read_sysreg(sctlr_el1) | 1ul << 31);
	signed_pointer = trap_insn(&t, 0xdac10020, pointer, 99, 0);
	check(!t.taken, "pacia: ESR %lx", t.esr);
	mmio_read32(RTC_LOAD);	/* out to the VMM and back */
	hvc(PSCI_VERSION, 0, 0, 0);
	check(trap_insn(&t, 0xdac11020, signed_pointer, 99, 0) == pointer && !t.taken,
	      "autia: %lx", t.x[0]);
	/* Another modifier: an unusable pointer, or with FEAT_FPAC an exception. */
	other = trap_insn(&t, 0xdac11020, signed_pointer, 98, 0);
	check(t.taken ? ESR_EC(t.esr) == EC_FPAC : other != pointer || signed_pointer == pointer,
	      "autia of another: %lx, ESR %lx", other, t.taken ? t.esr : 0);
	write_sysreg(sctlr_el1, read_sysreg(sctlr_el1) & ~(1ul << 31));
	test_end("pointer authentication");
}

/* Devices are little endian: what EL1 in big endian loads and stores is turned around. */
static void test_big_endian(void)
{
	static const struct {
		const char *name;
		uint32_t insn;
		uint64_t value;
	} loads[] = {
		{ "ldr w", 0xb9400001, 0xd4c3b2a1 }, { "ldr x", 0xf9400001, 0xd4c3b2a100000000 },
		{ "ldrh", 0x79400001, 0xd4c3 }, { "ldrb", 0x39400001, 0xd4 },
		{ "ldrsw", 0xb9800001, 0xffffffffd4c3b2a1 },
		{ "ldrsh x", 0x79800001, 0xffffffffffffd4c3 },
		{ "ldrsh w", 0x79c00001, 0xffffd4c3 },
	};

	/* Where EL1 cannot be big endian there is nothing to see. */
	if (!(read_sysreg(id_aa64mmfr0_el1) >> 8 & 0xf)) {
		check(true, "no");
		test_end("big endian at EL1");
		return;
	}
	mmio_write32(RTC_LOAD, 0xa1b2c3d4);
	for (unsigned int i = 0; i < ARRAY_SIZE(loads); i++) {
		const uint32_t code[] = { loads[i].insn, INSN_RET };
		uint64_t got = trap_call(&t, trap_big_endian, RTC_LOAD, 0,
					 (uint64_t)trap_code(code, 2));

		check(!t.taken && got == loads[i].value, "%s: %lx, not %lx", loads[i].name, got,
		      loads[i].value);
	}
	for (unsigned int i = 0; i < 4; i++) {
		uint32_t value = random64(), got;
		const uint32_t code[] = { 0xb9000001, INSN_RET };	/* str w1, [x0] */
		uint64_t at = i & 1 ? GICD + 0x6100 : RTC_LOAD;

		if (i & 1)
			value &= 0x00ffffff << 8;	/* what an affinity can hold */
		trap_call(&t, trap_big_endian, at, value, (uint64_t)trap_code(code, 2));
		got = mmio_read32(at);
		check(!t.taken && got == __builtin_bswap32(value), "str w to %lx: %x of %x", at,
		      got, value);
	}
	test_end("big endian at EL1");
}

void guest_main(void)
{
	trap_map_el0();
	/* The traps of SVE and SME to EL1 come before those to EL2: out of the way. */
	write_sysreg(cpacr_el1, read_sysreg(cpacr_el1) | 3ul << 16 | 3ul << 24);
	test_calls();
	test_hvc_smc();
	test_undefined();
	test_illegal_return();
	test_alignment();
	test_fp();
	test_el0();
	test_el0_timer();
	test_storms();
	test_pauth();
	test_big_endian();
	exceptions_a32();
	exceptions_debug();
}
