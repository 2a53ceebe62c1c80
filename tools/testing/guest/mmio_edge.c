// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses where nothing good can come of them: the guest gets what the Arm ARM and the GICv3
 * specification give, reads as zero, writes ignored, or an abort, and lives on.
 */
#include "trap.h"

/* The command line of the VMM's says how much: --mem 512M. */
#define RAM_END		UINT64_C(0xa0000000)
#define NOWHERE		UINT64_C(0xb0000000)
#define WINDOW		UINT64_C(0x100000000)	/* block 4: mapped to where it is needed */
#define GIB		UINT64_C(0x40000000)
#define BLOCK_DEVICE	(1 << 10 | 1)
#define BLOCK_NORMAL	(1 << 10 | 3 << 8 | 1 << 2 | 1)

static struct trap t;
static struct registers in, out;

/* Map the window to the gibibyte that has an address. Return: where that is now. */
static uint64_t map(uint64_t pa, uint64_t attributes)
{
	volatile uint64_t *table = (uint64_t *)(read_sysreg(ttbr0_el1) & 0xfffffffff000);

	table[4] = 0;
	asm volatile("dsb ishst; tlbi vmalle1; dsb nsh; isb" ::: "memory");
	table[4] = (pa & ~(GIB - 1)) | attributes;
	asm volatile("dsb ishst; isb" ::: "memory");
	return WINDOW + (pa & (GIB - 1));
}

static uint64_t load(uint64_t at, unsigned int size)
{
	uint64_t value;

	switch (size) {
	case 1:
		asm volatile("ldrb %w0, [%1]" : "=r" (value) : "r" (at) : "memory");
		break;
	case 2:
		asm volatile("ldrh %w0, [%1]" : "=r" (value) : "r" (at) : "memory");
		break;
	case 4:
		asm volatile("ldr %w0, [%1]" : "=r" (value) : "r" (at) : "memory");
		break;
	default:
		asm volatile("ldr %0, [%1]" : "=r" (value) : "r" (at) : "memory");
	}
	return value;
}

static void store(uint64_t at, unsigned int size, uint64_t value)
{
	switch (size) {
	case 1:
		asm volatile("strb %w0, [%1]" :: "r" (value), "r" (at) : "memory");
		break;
	case 2:
		asm volatile("strh %w0, [%1]" :: "r" (value), "r" (at) : "memory");
		break;
	case 4:
		asm volatile("str %w0, [%1]" :: "r" (value), "r" (at) : "memory");
		break;
	default:
		asm volatile("str %0, [%1]" :: "r" (value), "r" (at) : "memory");
	}
}

/*
 * Registers of the GIC's frames and the sizes by which they can be accessed (IHI 0069 12.1.3,
 * 12.8, 12.10): all others, and other sizes, are RAZ/WI here.
 */
#define S1	1
#define S4	4
#define S8	8

static const struct gic_range {
	uint8_t frame;		/* 0 GICD, 1 RD_base, 2 SGI_base */
	uint16_t first, last;
	uint8_t sizes;
} gic_ranges[] = {
	{ 0, 0x0000, 0x000b, S4 },		/* CTLR, TYPER, IIDR */
	{ 0, 0x0084, 0x00ff, S4 },		/* IGROUPR */
	{ 0, 0x0104, 0x017f, S4 }, { 0, 0x0184, 0x01ff, S4 },	/* ISENABLER, ICENABLER */
	{ 0, 0x0204, 0x027f, S4 }, { 0, 0x0284, 0x02ff, S4 },	/* ISPENDR, ICPENDR */
	{ 0, 0x0304, 0x037f, S4 }, { 0, 0x0384, 0x03ff, S4 },	/* ISACTIVER, ICACTIVER */
	{ 0, 0x0420, 0x07fb, S1 | S4 },		/* IPRIORITYR */
	{ 0, 0x0c08, 0x0cff, S4 },		/* ICFGR */
	{ 0, 0x6100, 0x7fdf, S4 | S8 },		/* IROUTER */
	{ 0, 0xffe8, 0xffeb, S4 },		/* PIDR2 */
	{ 1, 0x0000, 0x0007, S4 },		/* CTLR, IIDR */
	{ 1, 0x0008, 0x000f, S4 | S8 },		/* TYPER */
	{ 1, 0x0014, 0x0017, S4 },		/* WAKER */
	{ 1, 0xffe8, 0xffeb, S4 },
	{ 2, 0x0080, 0x0083, S4 },
	{ 2, 0x0100, 0x0103, S4 }, { 2, 0x0180, 0x0183, S4 }, { 2, 0x0200, 0x0203, S4 },
	{ 2, 0x0280, 0x0283, S4 }, { 2, 0x0300, 0x0303, S4 }, { 2, 0x0380, 0x0383, S4 },
	{ 2, 0x0400, 0x041f, S1 | S4 },
	{ 2, 0x0c00, 0x0c07, S4 },
};

static uint8_t gic_sizes[3][0x10000];
static uint32_t gic_words[3][0x4000];
static uint64_t frames[3];

static bool gic_answers(unsigned int frame, unsigned int offset, unsigned int size)
{
	return gic_sizes[frame][offset] & size;
}

/* RWP is on its way. */
static uint32_t gic_word(unsigned int frame, unsigned int offset)
{
	uint32_t value = load(frames[frame] + offset, 4);

	return offset == 0 ? value & ~(frame ? 1u << 3 : 1u << 31) : value;
}

/*
 * The next offset: all of them with the word "all"; else all words, and bytes and halves where
 * the registers are, and some between.
 */
static unsigned int gic_next(unsigned int offset, unsigned int size)
{
	static int all = -1;

	if (all < 0)
		all = bootargs_have("all");
	if (all || size >= 4 || offset < 0x1000 || (offset >= 0x60f0 && offset < 0x6200) ||
	    offset >= 0xffe0)
		return offset + size;
	return offset + 32 - size;
}

static void gic_reads(unsigned int frame)
{
	for (unsigned int size = 1; size <= 8; size *= 2) {
		for (unsigned int offset = 0; offset < 0x10000;
		     offset = gic_next(offset, size)) {
			uint64_t value = load(frames[frame] + offset, size);

			check(!value || gic_answers(frame, offset, size),
			      "frame %u, offset %x, %u bytes: %lx", frame, offset, size, value);
		}
	}
	for (unsigned int offset = 0; offset < 0x10000; offset += 4)
		gic_words[frame][offset / 4] = gic_word(frame, offset);
}

/* Ones, by each size that a register does not have, and to where there is none. */
static void gic_refused_writes(unsigned int frame)
{
	for (unsigned int size = 1; size <= 8; size *= 2)
		for (unsigned int offset = 0; offset < 0x10000; offset = gic_next(offset, size))
			if (!gic_answers(frame, offset, size))
				store(frames[frame] + offset, size, UINT64_MAX);
}

static void gic_changes(const char *what)
{
	for (unsigned int frame = 0; frame < 3; frame++)
		for (unsigned int offset = 0; offset < 0x10000; offset += 4)
			check(gic_word(frame, offset) == gic_words[frame][offset / 4],
			      "frame %u, offset %x: %x, was %x", frame, offset,
			      gic_word(frame, offset), gic_words[frame][offset / 4]);
	test_end(what);
}

static void test_gic(void)
{
	uint64_t redist = gic_init();

	check(redist, "no redistributor");
	test_end("redistributor");
	if (!redist)
		return;
	frames[0] = GICD;
	frames[1] = redist;
	frames[2] = redist + GICR_SGI;
	for (unsigned int i = 0; i < ARRAY_SIZE(gic_ranges); i++)
		for (unsigned int offset = gic_ranges[i].first; offset <= gic_ranges[i].last;
		     offset++)
			gic_sizes[gic_ranges[i].frame][offset] = gic_ranges[i].sizes;
	for (unsigned int frame = 0; frame < 3; frame++)
		gic_reads(frame);
	test_end("GIC: reads of every size at every offset");
	for (unsigned int frame = 0; frame < 3; frame++)
		gic_refused_writes(frame);
	gic_changes("GIC: writes to what is not there, or by another size");
	/* Anything to anything; no interrupt is taken. */
	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t r = random64();
		unsigned int frame = r % 3, size = 1 << (r >> 8 & 3);

		store(frames[frame] + (r >> 16 & 0xffff & -size), size, random64());
	}
	/* All off, nothing pending or active: readable as such. */
	store(GICD, 4, 0);
	for (unsigned int n = 0; n < 32; n++) {
		uint64_t base = n ? GICD : frames[2];

		for (unsigned int reg = 0x180; reg < 0x400; reg += 0x100)
			store(base + reg + 4 * n, 4, UINT32_MAX);
		check(!load(base + 0x100 + 4 * n, 4), "enabled: %lx", load(base + 0x100 + 4 * n, 4));
		check(!load(base + 0x300 + 4 * n, 4), "active: %lx", load(base + 0x300 + 4 * n, 4));
		check(!load(base + 0x200 + 4 * n, 4), "pending: %lx", load(base + 0x200 + 4 * n, 4));
	}
	test_end("GIC: random writes");
}

/* What no syndrome describes is an external abort, and changes no register. */
static void test_no_syndrome(void)
{
	static const struct {
		const char *name;
		uint32_t insn;	/* base x1 */
	} list[] = {
		{ "ldp", 0xa9400820 }, { "stp", 0xa9000820 }, { "ldp w", 0x29400820 },
		{ "ldpsw", 0x69400820 }, { "ldr q", 0x3dc00020 }, { "str q", 0x3d800020 },
		{ "ldr d", 0xfd400020 }, { "ld1", 0x4c407020 }, { "st4", 0x4c000020 },
		{ "ldr post-index", 0xf8408420 }, { "ldr pre-index", 0xf8408c20 },
		{ "strb post-index", 0x38001420 }, { "str pre-index", 0xb8004c20 },
		{ "ldp post-index", 0xa8c10820 }, { "ldnp", 0xa8400820 },
	};
	static const uint64_t places[] = {
		SERIAL, RTC_LOAD, VIRTIO, GICD, GICD + 0x6100, GICD - 0x20000, UNCLAIMED, 0,
		0x7fffffe0, RAM_END, NOWHERE,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(list); i++) {
		for (unsigned int p = 0; p < ARRAY_SIZE(places); p++) {
			struct insn_result r;

			registers_random(&in);
			in.x[1] = places[p];
			r = insn_run(list[i].insn, &in, &out);
			check(r.trapped && ESR_EC(r.esr) == EC_DABT &&
			      ESR_FSC(r.esr) == FSC_EXTERNAL && r.far >= places[p] &&
			      r.far < places[p] + 16, "%s at %lx: %s ESR %lx FAR %lx",
			      list[i].name, places[p], r.trapped ? "exception" : "none", r.esr,
			      r.far);
			check(!registers_compare(&in, &out, 0), "%s at %lx: register %u changed",
			      list[i].name, places[p], registers_compare(&in, &out, 0) - 1);
		}
	}
	test_end("no valid syndrome");
}

/* Unaligned, across the end of a page, of a device, of memory: zero or an abort. */
static void test_unaligned(void)
{
	static const uint64_t places[] = {
		SERIAL + 0xff9, SERIAL + 0xffd, VIRTIO + 0xffb, GICD + 0xfffd, GICD - 3,
		UNCLAIMED + 1, UNCLAIMED + 0xffd, 0x7ffffffd, RAM_END - 3, RAM_END + 1,
		RAM_END + 0xffd,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
		for (unsigned int normal = 0; normal < 2; normal++) {
			uint64_t at = map(places[i], normal ? BLOCK_NORMAL : BLOCK_DEVICE);

			trap_insn(&t, 0xf9400000, at, 0, 0);	/* ldr x0, [x0] */
			/* QEMU before 9.0 does not check what a device is. */
			if (!normal && t.taken)
				check(ESR_FSC(t.esr) == FSC_ALIGNMENT, "device at %lx: ESR %lx",
				      places[i], t.esr);
			check(!t.taken || ESR_EC(t.esr) == EC_DABT, "%lx: ESR %lx", places[i],
			      t.esr);
			trap_insn(&t, 0xb9000001, at, ~0ul, 0);	/* str w1, [x0] */
			check(!t.taken || ESR_EC(t.esr) == EC_DABT, "%lx: ESR %lx", places[i],
			      t.esr);
		}
	}
	/* The last bytes of memory are memory. */
	store(RAM_END - 8, 8, 0x123456789abcdef0);
	check(load(RAM_END - 8, 8) == 0x123456789abcdef0, "end of memory: %lx",
	      load(RAM_END - 8, 8));
	check(!load(RAM_END, 8), "behind it: %lx", load(RAM_END, 8));
	test_end("unaligned and across edges");
}

static void test_holes(void)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	unsigned int range = read_sysreg(id_aa64mmfr0_el1) & 0xf;
	unsigned int width = bits[range < 5 ? range : 5];
	uint64_t tcr = read_sysreg(tcr_el1);

	write_sysreg(tcr_el1, (tcr & ~(7ul << 32)) | (uint64_t)(range < 5 ? range : 5) << 32);
	for (unsigned int bit = 31; bit < width; bit++) {
		uint64_t at = map((1ul << bit) + 0x12345000, BLOCK_DEVICE);

		if (bit == 31)
			continue;
		store(at, 8, UINT64_MAX);
		check(!load(at, 8), "hole at bit %u: %lx", bit, load(at, 8));
	}
	trap_insn(&t, 0xf9400000, map((1ul << width) - 8, BLOCK_DEVICE), 0, 0);
	check(!t.taken && !t.x[0], "end of address space: ESR %lx, %lx", t.esr, t.x[0]);
	if (width < 48) {
		trap_insn(&t, 0xf9400000, map(1ul << width, BLOCK_DEVICE), 0, 0);
		check(t.taken && ESR_EC(t.esr) == EC_DABT && ESR_FSC(t.esr) <= 3,
		      "behind the address space: ESR %lx", t.esr);
	}
	write_sysreg(tcr_el1, tcr);
	test_end("holes up to the end of the address space, and behind it");
}

static void test_execution(void)
{
	static const uint64_t places[] = {
		0, SERIAL, RTC, VIRTIO, GICD, GICD - 0x20000, UNCLAIMED, RAM_END, NOWHERE + 0x444,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
		for (unsigned int normal = 0; normal < 2; normal++) {
			uint64_t at = map(places[i], normal ? BLOCK_NORMAL : BLOCK_DEVICE);

			trap_call(&t, trap_jump, at, 0, 0);
			trap_is_abort(&t, EC_IABT, FSC_EXTERNAL, at, "execution");
			check(t.elr == at, "execution: ELR %lx", t.elr);
		}
	}
	test_end("execution of what is no memory");
}

/* Tables of stage 1 where no memory is: an external abort of the walk. */
static void test_tables(void)
{
	static const uint64_t places[] = {
		0, SERIAL, RTC, GICD, UNCLAIMED, RAM_END, NOWHERE, 0x800000000,
	};
	/* KVM of Linux 6.12 says that it was no walk. */
	uint32_t fsc = bootargs_have("hypervisor=kvm") ? FSC_EXTERNAL : FSC_EXTERNAL_WALK;
	uint64_t tcr = read_sysreg(tcr_el1), va = 0xffffff8000001000;

	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
		write_sysreg(ttbr1_el1, places[i]);
		write_sysreg(tcr_el1, (tcr & ~(1ul << 23)) | 25 << 16 | 1 << 24 | 1 << 26 |
			     3ul << 28 | 2ul << 30);
		asm volatile("tlbi vmalle1; dsb nsh; isb" ::: "memory");
		trap_insn(&t, 0xf9400000, va, 0, 0);
		trap_is_abort(&t, EC_DABT, fsc, va, "load");
		trap_insn(&t, 0xf9000000, va + 8, 0, 0);
		trap_is_abort(&t, EC_DABT, fsc, va + 8, "store");
		trap_call(&t, trap_jump, va, 0, 0);
		trap_is_abort(&t, EC_IABT, fsc, va, "fetch");
		trap_insn(&t, 0xd5087800, va, 0, 0);	/* at s1e1r, x0 */
		check(t.taken ? ESR_EC(t.esr) == EC_DABT : read_sysreg(par_el1) & 1,
		      "at: ESR %lx PAR %lx", t.esr, read_sysreg(par_el1));
		write_sysreg(tcr_el1, tcr);
	}
	write_sysreg(ttbr1_el1, 0);
	asm volatile("tlbi vmalle1; dsb nsh; isb" ::: "memory");
	test_end("translation tables in what is no memory");
}

static void test_maintenance(void)
{
	static const uint64_t places[] = { SERIAL, GICD, UNCLAIMED, RAM_END, NOWHERE };
	static const struct {
		const char *name;
		uint32_t insn;
	} ops[] = {
		{ "dc ivac", 0xd5087620 }, { "dc cvac", 0xd50b7a20 }, { "dc civac", 0xd50b7e20 },
		{ "dc cvau", 0xd50b7b20 }, { "ic ivau", 0xd50b7520 }, { "prfm", 0xf9800000 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
		for (unsigned int o = 0; o < ARRAY_SIZE(ops); o++) {
			trap_insn(&t, ops[o].insn, places[i], 0, 0);
			check(!t.taken, "%s at %lx: ESR %lx", ops[o].name, places[i], t.esr);
		}
		trap_insn(&t, 0xd50b7420, places[i], 0, 0);	/* dc zva */
		check(t.taken && ESR_EC(t.esr) == EC_DABT, "dc zva at %lx: ESR %lx", places[i],
		      t.esr);
		trap_insn(&t, 0xc85f7c00, places[i], 0, 0);	/* ldxr */
		check(!t.taken || ESR_EC(t.esr) == EC_DABT, "ldxr at %lx: ESR %lx", places[i],
		      t.esr);
		if (!(read_sysreg(id_aa64isar0_el1) >> 20 & 0xf))
			continue;
		trap_insn(&t, 0xf8210000, places[i], 0, 0);	/* ldadd x1, x0, [x0] */
		trap_is_class(&t, TRAP_EL1, EC_DABT, "ldadd");
	}
	test_end("cache maintenance and atomics");
}

void guest_main(void)
{
	test_gic();
	test_no_syndrome();
	test_unaligned();
	test_holes();
	test_execution();
	test_tables();
	test_maintenance();
}
