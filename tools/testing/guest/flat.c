// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine as programs find it that know nothing of gzvm-vmm: by the device tree, the GIC by
 * walking its frames, registers by all access sizes that they have (Arm IHI 0069, 12.1.3);
 * arguments from the command line, files from the initrd, input by polling, virtio of the
 * legacy kind.
 */
#include "guest.h"

#define SERIAL_LSR	(SERIAL + 5)
#define LSR_DR		1
/* virtio 1.2, section 4.2.2 and, for those of the legacy interface, 4.2.4. */
#define VIRTIO_VERSION		0x04
#define VIRTIO_DEVICE_ID	0x08
#define VIRTIO_GUEST_PAGE_SIZE	0x28
#define VIRTIO_QUEUE_SEL	0x30
#define VIRTIO_QUEUE_NUM_MAX	0x34
#define VIRTIO_QUEUE_PFN	0x40
#define VIRTIO_STATUS		0x70

/* The suites' flat.input: initrd, and standard input of gzvm-vmm. */
static const char input[] = "by polling\n";

static unsigned int cpus;
static uint64_t dist, redist_base, redist_size;

static uint32_t cell(const uint32_t *at)
{
	return __builtin_bswap32(*at);
}

static uint64_t cells(const uint32_t *at)
{
	return (uint64_t)cell(at) << 32 | cell(at + 1);
}

static bool same(const char *a, const char *b)
{
	while (a && *a && *a == *b)
		a++, b++;
	return a && *a == *b;
}

static void test_tree(void)
{
	const uint32_t *reg;
	uint32_t size = 0;

	reg = fdt_property("memory", "reg", &size);
	check(reg && size == 16 && cells(reg) == RAM && cells(reg + 2) >= 64 << 20, "memory");
	check(same(fdt_property("memory", "device_type", NULL), "memory"), "memory's device_type");
	check(bootargs_have("one") && bootargs_have("two=3") && !bootargs_have("tw"), "bootargs");
	check(same(fdt_property("chosen", "stdout-path", NULL), "/serial@1000000"), "stdout-path");
	reg = fdt_property("serial", "reg", NULL);
	check(reg && cells(reg) == SERIAL, "serial");
	check(same(fdt_property("serial", "compatible", NULL), "ns16550a"), "serial's compatible");
	check(same(fdt_property("psci", "method", NULL), "hvc"), "PSCI's method");
	check(same(fdt_property("psci", "compatible", NULL), "arm,psci-1.0"), "PSCI's compatible");
	check(same(fdt_property("timer", "compatible", NULL), "arm,armv8-timer"), "timer");
	reg = fdt_property("timer", "interrupts", &size);
	check(reg && size == 48 && cell(reg + 4) == 14 && cell(reg + 7) == 11, "timer's interrupts");
	check(same(fdt_property("interrupt-controller", "compatible", NULL), "arm,gic-v3"), "GIC");
	reg = fdt_property("interrupt-controller", "reg", &size);
	check(reg && size == 32, "GIC's frames");
	dist = cells(reg);
	redist_base = cells(reg + 4);
	redist_size = cells(reg + 6);
	check(redist_size == cpus * GICR_STRIDE, "%lx bytes of redistributors", redist_size);
	test_end("device tree");
}

/* Behind what tells the hypervisor, the words are those of --append, as the first of all. */
static void test_arguments(void)
{
	const char *args = fdt_property("chosen", "bootargs", NULL);

	if (args && bootargs_word("hypervisor="))
		while (*args && *args++ != ' ')
			;
	check(same(args, "one two=3"), "arguments are '%s'", args ? args : "none");
	test_end("arguments");
}

static void test_initrd(void)
{
	uint32_t start_size = 0, end_size = 0;
	const uint32_t *start = fdt_property("chosen", "linux,initrd-start", &start_size);
	const uint32_t *end = fdt_property("chosen", "linux,initrd-end", &end_size);
	bool good = start && end && start_size == 4 && end_size == 4;

	/* One cell each. */
	check(good, "addresses of %u and %u bytes", start_size, end_size);
	if (good)
		good = cell(end) - cell(start) == sizeof(input) - 1;
	check(good, "size");
	for (unsigned int i = 0; good && i < sizeof(input) - 1; i++)
		check(((const char *)(uint64_t)cell(start))[i] == input[i], "byte %u", i);
	test_end("initrd");
}

/* A driver that does not look at the version must find each queue in use, and so do without. */
static void test_legacy_virtio(void)
{
	check(mmio_read32(VIRTIO) == 0x74726976, "magic %x", mmio_read32(VIRTIO));
	check(mmio_read32(VIRTIO + VIRTIO_VERSION) == 2, "version");
	check(mmio_read32(VIRTIO + VIRTIO_DEVICE_ID) == 3, "no console");
	mmio_write32(VIRTIO + VIRTIO_STATUS, 0);
	mmio_write32(VIRTIO + VIRTIO_STATUS, 1 | 2);	/* ACKNOWLEDGE, DRIVER */
	mmio_write32(VIRTIO + VIRTIO_GUEST_PAGE_SIZE, 4096);
	for (unsigned int i = 0; i < 2; i++) {
		mmio_write32(VIRTIO + VIRTIO_QUEUE_SEL, i);
		check(mmio_read32(VIRTIO + VIRTIO_QUEUE_NUM_MAX), "no queue %u", i);
		check(mmio_read32(VIRTIO + VIRTIO_QUEUE_PFN), "queue %u is free", i);
	}
	mmio_write32(VIRTIO + VIRTIO_QUEUE_SEL, 1000);
	check(!mmio_read32(VIRTIO + VIRTIO_QUEUE_NUM_MAX), "queue 1000");
	/* One that goes on nevertheless does not get the terminal's input. */
	mmio_write32(VIRTIO + VIRTIO_STATUS, 1 | 2 | 4);
	check(!(mmio_read32(VIRTIO + VIRTIO_STATUS) & 4), "DRIVER_OK");
	test_end("legacy virtio");
}

/* Half of it as firmware reads it, the rest as programs do that look at the data alone. */
static void test_input(void)
{
	print("# ");
	for (unsigned int i = 0; i < sizeof(input) - 1; i++) {
		char c = 0;

		if (i == 5)
			mmio_write8(SERIAL_SCRATCH, 0);	/* polling begins anew */
		while (i < 5 && !(mmio_read8(SERIAL_LSR) & LSR_DR))
			;
		do
			c = mmio_read8(SERIAL);
		while (i >= 5 && !c);
		check(c == input[i], "byte %u is %x", i, c);
		mmio_write8(SERIAL, c);
	}
	for (unsigned int i = 0; i < 100; i++)
		check(!(mmio_read8(SERIAL_LSR) & LSR_DR) && !mmio_read8(SERIAL), "more input");
	test_end("input by polling");
}

/* From the first frame, until the one that says that it is the last. */
static void test_walk(void)
{
	uint64_t frame = redist_base;
	unsigned int n = 0;

	for (;; frame += GICR_STRIDE) {
		uint64_t typer = mmio_read64(frame + GICR_TYPER);

		check(typer >> 32 == n, "TYPER %lx of frame %u", typer, n);
		check((typer >> 8 & 0xffff) == n, "processor number in %lx", typer);
		check(mmio_read32(frame + GICR_TYPER) == (uint32_t)typer &&
		      mmio_read32(frame + GICR_TYPER + 4) == typer >> 32, "halves of TYPER");
		check((mmio_read32(frame + 0xffe8) >> 4 & 0xf) == 3, "PIDR2 of frame %u", n);
		n++;
		if (typer & GICR_TYPER_LAST || n > MAX_CPUS)
			break;
	}
	check(n == cpus, "%u frames, %u CPUs", n, cpus);
	check((mmio_read32(dist + 0xffe8) >> 4 & 0xf) == 3, "PIDR2 of the distributor");
	test_end("redistributors");
}

static void test_sizes(void)
{
	uint32_t lines = 32 * ((mmio_read32(dist + GICD_TYPER) & 0x1f) + 1);

	if (lines > 1020)
		lines = 1020;
	check(lines >= 64, "%u INTIDs", lines);
	mmio_write32(dist + GICD_CTLR, 1 << 4 | 1 << 1);
	while (mmio_read32(dist + GICD_CTLR) & 1U << 31)
		;
	check((mmio_read32(dist + GICD_CTLR) & 0x52) == 0x52, "CTLR %x: DS, ARE, group 1",
	      mmio_read32(dist + GICD_CTLR));
	/* A boot of all SPIs as Linux and others do it. */
	for (uint32_t i = 32; i < lines; i += 32) {
		mmio_write32(dist + GIC_ICENABLER + i / 8, UINT32_MAX);
		mmio_write32(dist + GIC_ICACTIVER + i / 8, UINT32_MAX);
		mmio_write32(dist + GIC_ICPENDR + i / 8, UINT32_MAX);
		mmio_write32(dist + GIC_IGROUPR + i / 8, UINT32_MAX);
		check(mmio_read32(dist + GIC_IGROUPR + i / 8) ==
		      (lines - i >= 32 ? UINT32_MAX : (1U << (lines - i)) - 1), "IGROUPR of %u", i);
		check(!mmio_read32(dist + GIC_ISENABLER + i / 8) &&
		      !mmio_read32(dist + GIC_ISACTIVER + i / 8) &&
		      !mmio_read32(dist + GIC_ISPENDR + i / 8), "bank of %u is not clean", i);
	}
	/* Bytes and words of priorities see the same. */
	mmio_write32(dist + GIC_IPRIORITYR + 40, 0x80604020);
	for (unsigned int i = 0; i < 4; i++)
		check(mmio_read8(dist + GIC_IPRIORITYR + 40 + i) == 0x20 * (i + 1), "byte %u: %x", i,
		      mmio_read8(dist + GIC_IPRIORITYR + 40 + i));
	mmio_write8(dist + GIC_IPRIORITYR + 41, 0xf0);
	check(mmio_read32(dist + GIC_IPRIORITYR + 40) == 0x8060f020, "word %x",
	      mmio_read32(dist + GIC_IPRIORITYR + 40));
	/* 64-bit routes, also by halves. */
	mmio_write64(dist + GICD_IROUTER(40), 1);
	check(mmio_read32(dist + GICD_IROUTER(40)) == 1 && !mmio_read32(dist + GICD_IROUTER(40) + 4),
	      "halves of IROUTER");
	mmio_write32(dist + GICD_IROUTER(40), 0);
	check(!mmio_read64(dist + GICD_IROUTER(40)), "IROUTER %lx", mmio_read64(dist + GICD_IROUTER(40)));
	/* Those of private interrupts are not in the distributor. */
	mmio_write32(dist + GIC_ISENABLER, UINT32_MAX);
	check(!mmio_read32(dist + GIC_ISENABLER), "ISENABLER0 of the distributor %x",
	      mmio_read32(dist + GIC_ISENABLER));
	/* Not there: reads as zero, ignores writes. */
	mmio_write32(dist + 0xf00, UINT32_MAX);
	check(!mmio_read32(dist + 0xf00), "GICD_SGIR");
	test_end("access sizes");
}

static uint32_t ipis[MAX_CPUS], spurious;
static uint64_t sender;

static void on_irq(uint32_t intid)
{
	if (intid == 1)
		__atomic_fetch_add(&ipis[cpu_self()], 1, __ATOMIC_RELEASE);
	else
		spurious++;
}

static void take_ipi(unsigned int self)
{
	uint64_t frame = redist_base + self * GICR_STRIDE;

	/* A CPU interface from nothing. */
	mmio_write32(frame + GICR_SGI + GIC_ICENABLER, UINT32_MAX);
	mmio_write32(frame + GICR_SGI + GIC_IGROUPR, UINT32_MAX);
	for (unsigned int i = 0; i < 32; i++)
		mmio_write8(frame + GICR_SGI + GIC_IPRIORITYR + i, 0xa0);
	mmio_write32(frame + GICR_SGI + GIC_ISENABLER, 0xffff);
	write_sysreg(ICC_SRE_EL1, 7);
	check(read_sysreg(ICC_SRE_EL1) & 1, "SRE %lx", read_sysreg(ICC_SRE_EL1));
	write_sysreg(ICC_PMR_EL1, 0xf0);
	write_sysreg(ICC_IGRPEN1_EL1, 1);
	if (!self) {
		/* First in a list, one by one, then to all the others. */
		for (unsigned int i = 1; i < cpus; i++)
			while (__atomic_load_n(&sender, __ATOMIC_ACQUIRE) != cpus - 1)
				relax();
		for (unsigned int i = 1; i < cpus; i++) {
			gic_sgi(1, 1U << i);
			while (__atomic_load_n(&ipis[i], __ATOMIC_ACQUIRE) != 1)
				relax();
		}
		write_sysreg(ICC_SGI1R_EL1, SGI1R_ALL_OTHERS | 1 << 24);
		return;
	}
	__atomic_fetch_add(&sender, 1, __ATOMIC_RELEASE);
	irq_enable();
	while (__atomic_load_n(&ipis[self], __ATOMIC_ACQUIRE) != 2)
		relax();
	irq_disable();
}

void guest_main(void)
{
	cpus = smp_cpus();
	check(cpus == 5, "%u CPUs", cpus);
	test_tree();
	test_arguments();
	test_initrd();
	test_walk();
	test_sizes();
	irq_handler = on_irq;
	smp_run(take_ipi, cpus);
	check(!ipis[0] && !spurious, "%u to itself, %u others", ipis[0], spurious);
	test_end("IPIs");
	/* No such device, and nothing bad from asking. */
	check(!mmio_read32(UINT64_C(0x0a000008)), "an address without a device");
	test_end("devices");
	test_legacy_virtio();
	test_input();
}
