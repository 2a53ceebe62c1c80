/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kit for bare-metal guests. The machine is the published one of gzvm-vmm
 * (Documentation/virt/geniezone/vmm.rst); devices and memory are mapped one to one, caches
 * on. A guest defines guest_main(), which calls check() for each thing that must hold.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STRINGIFY_(x)	#x
#define STRINGIFY(x)	STRINGIFY_(x)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define SERIAL		UINT64_C(0x01000000)
#define SERIAL_SCRATCH	(SERIAL + 7)
#define RTC		UINT64_C(0x01010000)
#define RTC_LOAD	(RTC + 8)
#define VIRTIO		UINT64_C(0x02000000)
#define VIRTIO_STEP	UINT64_C(0x1000)
#define GICD		UINT64_C(0x3fff0000)
#define UNCLAIMED	UINT64_C(0x03000000)
#define RAM		UINT64_C(0x80000000)

#define read_sysreg(name) ({						\
	uint64_t value_;						\
	asm volatile("mrs %0, " STRINGIFY(name) : "=r" (value_) :: "memory");	\
	value_; })
#define write_sysreg(name, value) do {					\
	asm volatile("msr " STRINGIFY(name) ", %0" :: "r" ((uint64_t)(value)) : "memory"); \
	asm volatile("isb" ::: "memory");				\
} while (0)

static inline uint32_t mmio_read32(uint64_t addr)
{
	uint32_t value;

	asm volatile("ldr %w0, [%1]" : "=r" (value) : "r" (addr) : "memory");
	return value;
}

static inline void mmio_write32(uint64_t addr, uint32_t value)
{
	asm volatile("str %w0, [%1]" :: "r" (value), "r" (addr) : "memory");
}

static inline void mmio_write8(uint64_t addr, uint8_t value)
{
	asm volatile("strb %w0, [%1]" :: "r" (value), "r" (addr) : "memory");
}

static inline uint8_t mmio_read8(uint64_t addr)
{
	uint8_t value;

	asm volatile("ldrb %w0, [%1]" : "=r" (value) : "r" (addr) : "memory");
	return value;
}

static inline uint64_t mmio_read64(uint64_t addr)
{
	uint64_t value;

	asm volatile("ldr %0, [%1]" : "=r" (value) : "r" (addr) : "memory");
	return value;
}

static inline void mmio_write64(uint64_t addr, uint64_t value)
{
	asm volatile("str %0, [%1]" :: "r" (value), "r" (addr) : "memory");
}

/*
 * start.S: what a CPU had at its first instruction, but for FAR_EL1 and ELR_EL1; and its tables:
 * level 1, blocks of 1 GiB.
 */
struct boot_state {
	uint64_t x[31];
	uint64_t sp;
	uint64_t sctlr, mair, tcr, ttbr0, vbar, cpacr, currentel, daif, nzcv, spsel;
	uint64_t pad[22];
};

#define MAX_CPUS	8

extern struct boot_state boot_state[MAX_CPUS];
extern uint64_t translation_table[512];
extern uint32_t secondary_start[];

/* cpus.c */
struct lock {
	uint32_t held;
};

struct barrier {
	uint32_t here;
	uint32_t round;
};

typedef void (*smp_function)(unsigned int cpu);

void lock(struct lock *lock);
void unlock(struct lock *lock);
void barrier_wait(struct barrier *barrier, uint32_t cpus);
unsigned int smp_cpus(void);
void smp_secondary(uint64_t context);
int64_t smp_on(unsigned int cpu, smp_function function);
void smp_wait_off(unsigned int cpu);
void smp_run(smp_function function, unsigned int cpus);

/* In a loop that waits for another CPU. */
static inline void relax(void)
{
	asm volatile("yield" ::: "memory");
}

static inline unsigned int cpu_self(void)
{
	return read_sysreg(mpidr_el1) & 0xff;
}

/* fdt.c: the device tree, /chosen/bootargs among it */
const void *fdt_property(const char *node, const char *name, uint32_t *size);
const char *bootargs_word(const char *name);
bool bootargs_have(const char *word);
uint64_t bootargs_number(const char *name, uint64_t otherwise);
uint64_t fdt_seed(void);

/* harness.c: the guest's own code, results, random numbers; its device tree */
extern const void *guest_dtb;
void guest_main(void);
void guest_start(void *dtb);
void check(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
void test_end(const char *name);
uint64_t random64(void);
void random_seed(uint64_t seed);

/* console.c */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void vprint(const char *format, __builtin_va_list args);

/* SMCCC by HVC: x0 to x3 of the answer. */
struct smccc {
	uint64_t x[4];
};

static inline struct smccc hvc(uint64_t id, uint64_t a1, uint64_t a2, uint64_t a3)
{
	register uint64_t x0 asm("x0") = id;
	register uint64_t x1 asm("x1") = a1;
	register uint64_t x2 asm("x2") = a2;
	register uint64_t x3 asm("x3") = a3;

	asm volatile("hvc #0" : "+r" (x0), "+r" (x1), "+r" (x2), "+r" (x3) :: "memory", "x4",
		     "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
		     "x16", "x17");
	return (struct smccc) { { x0, x1, x2, x3 } };
}

#define PSCI_VERSION		0x84000000
#define PSCI_CPU_SUSPEND	0xc4000001
#define PSCI_CPU_OFF		0x84000002
#define PSCI_CPU_ON		0xc4000003
#define PSCI_AFFINITY_INFO	0xc4000004
#define PSCI_MIGRATE_INFO_TYPE	0x84000006
#define PSCI_SYSTEM_OFF		0x84000008
#define PSCI_SYSTEM_RESET	0x84000009
#define PSCI_SYSTEM_RESET2	0xc4000012
#define PSCI_FEATURES		0x8400000a
#define SMCCC_VERSION		0x80000000
#define SMCCC_ARCH_FEATURES	0x80000001

/*
 * exception.c: what an exception saved. Slots are numbered as in the vector table: 4 is a
 * synchronous exception of EL1 with its own stack pointer, 5 an IRQ.
 */
struct exception_frame {
	uint64_t x[31];
	uint64_t elr;
	uint64_t spsr;
	uint64_t esr;
	uint64_t far;
	uint64_t pad;
};

#define EXCEPTION_SYNC	4
#define EXCEPTION_IRQ	5
#define EXCEPTION_FIQ	6

/* Called for each IRQ with its INTID, acknowledged and not yet ended. */
extern void (*irq_handler)(uint32_t intid);
/* Called first for every exception; true: it is done, what the frame says goes on. */
extern bool (*trap_handler)(struct exception_frame *frame, unsigned int slot);
/* If it is set, it is called instead, for IRQ and FIQ, and acknowledges for itself. */
extern void (*irq_raw)(void);
void exception_entry(struct exception_frame *frame, unsigned int slot);

static inline void irq_enable(void)
{
	asm volatile("msr daifclr, #2; isb" ::: "memory");
}

static inline void irq_disable(void)
{
	asm volatile("msr daifset, #2; isb" ::: "memory");
}

/*
 * insn_run(): one instruction with chosen values in all registers. An exception that it
 * takes is recorded, and the instruction skipped.
 */
struct registers {
	uint64_t x[31];
	uint64_t fpsr;
	uint64_t fpcr;
	uint64_t nzcv;
	uint64_t v[32][2];
};

struct insn_result {
	bool trapped;
	uint64_t esr;
	uint64_t far;
};

extern uint32_t insn_slot[];
void insn_call(const struct registers *in, struct registers *out);
struct insn_result insn_run(uint32_t insn, const struct registers *in, struct registers *out);
void registers_random(struct registers *regs);
unsigned int registers_compare(const struct registers *in, const struct registers *out,
			       uint32_t changed);

/* mmio_loads.c */
void mmio_loads(const char *what, uint32_t insn, uint64_t addr, uint64_t expected);

#define INSN_HVC		0xd4000002
#define INSN_WFI		0xd503207f
#define INSN_NOP		0xd503201f
#define INSN_LDR(base, rt, rn)	((base) | (rn) << 5 | (rt))
#define LDRB			0x39400000
#define LDRH			0x79400000
#define LDRW			0xb9400000
#define LDRX			0xf9400000
#define LDRSB_W			0x39c00000
#define LDRSB_X			0x39800000
#define LDRSH_W			0x79c00000
#define LDRSH_X			0x79800000
#define LDRSW			0xb9800000
#define STRB			0x39000000
#define STRH			0x79000000
#define STRW			0xb9000000
#define STRX			0xf9000000
#define SYSREG(op0, op1, crn, crm, op2)	\
	((op0) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5)
#define INSN_MRS(reg, rt)	(0xd5200000 | (reg) | (rt))
#define INSN_MSR(reg, rt)	(0xd5000000 | (reg) | (rt))

#define ESR_EC(esr)		((esr) >> 26 & 0x3f)

/* gic.c */
#define INTID_VTIMER		27
#define INTID_PTIMER		30
#define GICD_CTLR		0x0000
#define GICD_TYPER		0x0004
#define GICD_IROUTER(n)		(0x6000 + 8 * (n))
#define GICR_TYPER		0x0008
#define GICR_TYPER_LAST		(1U << 4)
#define GICR_SGI		0x10000
#define GICR_STRIDE		UINT64_C(0x20000)
/* The same offsets in GICD and, for the private ones, behind GICR_SGI. */
#define GIC_IGROUPR		0x0080
#define GIC_ISENABLER		0x0100
#define GIC_ICENABLER		0x0180
#define GIC_ISPENDR		0x0200
#define GIC_ICPENDR		0x0280
#define GIC_ISACTIVER		0x0300
#define GIC_ICACTIVER		0x0380
#define GIC_IPRIORITYR		0x0400
#define GIC_ICFGR		0x0c00
/* Group 1 of the CPU interface, system registers. */
#define ICC_PMR_EL1		S3_0_C4_C6_0
#define ICC_IAR0_EL1		S3_0_C12_C8_0
#define ICC_EOIR0_EL1		S3_0_C12_C8_1
#define ICC_BPR0_EL1		S3_0_C12_C8_3
#define ICC_AP0R0_EL1		S3_0_C12_C8_4
#define ICC_AP1R0_EL1		S3_0_C12_C9_0
#define ICC_DIR_EL1		S3_0_C12_C11_1
#define ICC_RPR_EL1		S3_0_C12_C11_3
#define ICC_SGI1R_EL1		S3_0_C12_C11_5
#define ICC_SGI0R_EL1		S3_0_C12_C11_7
#define ICC_IAR1_EL1		S3_0_C12_C12_0
#define ICC_EOIR1_EL1		S3_0_C12_C12_1
#define ICC_HPPIR1_EL1		S3_0_C12_C12_2
#define ICC_BPR1_EL1		S3_0_C12_C12_3
#define ICC_CTLR_EL1		S3_0_C12_C12_4
#define ICC_SRE_EL1		S3_0_C12_C12_5
#define ICC_IGRPEN0_EL1		S3_0_C12_C12_6
#define ICC_IGRPEN1_EL1		S3_0_C12_C12_7
#define ICC_CTLR_EOIMODE	2
#define SGI1R_ALL_OTHERS	(UINT64_C(1) << 40)
#define GICR_ISENABLER0		(GICR_SGI + 0x0100)
#define GICR_ICENABLER0		(GICR_SGI + 0x0180)
#define GICR_ISPENDR0		(GICR_SGI + 0x0200)
#define GICR_ICPENDR0		(GICR_SGI + 0x0280)
#define INTID_SPURIOUS		1023

uint64_t gic_init(void);
uint64_t gic_redist(void);
void gic_enable(uint32_t intid);
bool gic_is_pending(uint32_t intid);
uint32_t gic_acknowledge(void);
void gic_end(uint32_t intid);
void gic_sgi_to_self(uint32_t intid);
void gic_sgi(uint32_t intid, uint32_t targets);
void gic_spi(uint32_t intid, uint8_t priority, uint64_t route);
void gic_set(uint32_t offset, uint32_t intid);
bool gic_get(uint32_t offset, uint32_t intid);
void gic_priority(uint32_t intid, uint8_t priority);

#endif /* GUEST_H */
