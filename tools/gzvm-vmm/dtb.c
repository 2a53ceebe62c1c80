// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's device tree, after the bindings in the kernel's Documentation/devicetree.
 */
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "dtb.h"
#include "rtc.h"
#include "serial.h"
#include "util.h"
#include "virtio_mmio.h"

#define DTB_GIC_PHANDLE		1
#define DTB_CLOCK_PHANDLE	2
#define DTB_GIC_DIST_SIZE	0x10000
#define DTB_GIC_REDIST_SIZE	0x20000
/* First and second cell of an interrupt: arm,gic-v3.yaml. */
#define DTB_IRQ_SPI		0
#define DTB_IRQ_PPI		1
#define DTB_IRQ_EDGE_RISING	1
#define DTB_IRQ_LEVEL_LOW	8
#define DTB_APB_CLOCK_HZ	24000000

/*
 * libfdt's sequential writer: the first error sticks, so that a tree is written without a
 * branch after each line.
 */
struct dtb_writer {
	void *fdt;
	int err;
};

static void dtb_begin(struct dtb_writer *w, const char *name)
{
	if (!w->err)
		w->err = fdt_begin_node(w->fdt, name);
}

static void dtb_begin_at(struct dtb_writer *w, const char *name, uint64_t addr)
{
	char full[64];

	snprintf(full, sizeof(full), "%s@%llx", name, (unsigned long long)addr);
	dtb_begin(w, full);
}

static void dtb_end(struct dtb_writer *w)
{
	if (!w->err)
		w->err = fdt_end_node(w->fdt);
}

static void dtb_bytes(struct dtb_writer *w, const char *name, const void *value, int len)
{
	if (!w->err)
		w->err = fdt_property(w->fdt, name, value, len);
}

static void dtb_string(struct dtb_writer *w, const char *name, const char *value)
{
	dtb_bytes(w, name, value, strlen(value) + 1);
}

static void dtb_cell(struct dtb_writer *w, const char *name, uint32_t value)
{
	if (!w->err)
		w->err = fdt_property_u32(w->fdt, name, value);
}

static void dtb_u64(struct dtb_writer *w, const char *name, uint64_t value)
{
	if (!w->err)
		w->err = fdt_property_u64(w->fdt, name, value);
}

/*
 * /chosen's addresses have as many cells as they need (dt-schema's chosen.yaml): some bare-metal
 * programs read one, whatever the length. So @value has two only where @top needs them.
 */
static void dtb_address(struct dtb_writer *w, const char *name, uint64_t value, uint64_t top)
{
	if (top <= UINT32_MAX)
		dtb_cell(w, name, value);
	else
		dtb_u64(w, name, value);
}

static void dtb_regs(struct dtb_writer *w, const uint64_t *values, unsigned int nr)
{
	fdt64_t cells[4];

	for (unsigned int i = 0; i < nr; i++)
		cells[i] = cpu_to_fdt64(values[i]);
	dtb_bytes(w, "reg", cells, nr * sizeof(cells[0]));
}

static void dtb_reg(struct dtb_writer *w, uint64_t addr, uint64_t size)
{
	dtb_regs(w, (const uint64_t[]) { addr, size }, 2);
}

static void dtb_spi(struct dtb_writer *w, unsigned int spi)
{
	const fdt32_t cells[] = {
		cpu_to_fdt32(DTB_IRQ_SPI), cpu_to_fdt32(spi), cpu_to_fdt32(DTB_IRQ_EDGE_RISING),
	};

	dtb_bytes(w, "interrupts", cells, sizeof(cells));
}

static void dtb_chosen(struct dtb_writer *w, const struct dtb_machine *m)
{
	char path[64];

	dtb_begin(w, "chosen");
	dtb_string(w, "bootargs", m->cmdline);
	snprintf(path, sizeof(path), "/serial@%llx", (unsigned long long)m->serial);
	dtb_string(w, "stdout-path", path);
	if (m->initrd_size) {
		uint64_t end = m->initrd + m->initrd_size;

		dtb_address(w, "linux,initrd-start", m->initrd, end);
		dtb_address(w, "linux,initrd-end", end, end);
	}
	dtb_u64(w, "kaslr-seed", m->kaslr_seed);
	dtb_bytes(w, "rng-seed", m->rng_seed, sizeof(m->rng_seed));
	dtb_end(w);
}

static void dtb_memory(struct dtb_writer *w, const struct dtb_machine *m)
{
	dtb_begin_at(w, "memory", m->mem_base);
	dtb_string(w, "device_type", "memory");
	dtb_reg(w, m->mem_base, m->mem_size);
	dtb_end(w);
}

static void dtb_cpus(struct dtb_writer *w, const struct dtb_machine *m)
{
	dtb_begin(w, "cpus");
	dtb_cell(w, "#address-cells", 1);
	dtb_cell(w, "#size-cells", 0);
	for (unsigned int i = 0; i < m->cpus; i++) {
		dtb_begin_at(w, "cpu", i);
		dtb_string(w, "device_type", "cpu");
		dtb_string(w, "compatible", "arm,armv8");
		dtb_string(w, "enable-method", "psci");
		dtb_cell(w, "reg", i);	/* MPIDR: affinity 0 is the index */
		dtb_end(w);
	}
	dtb_end(w);
}

static void dtb_psci(struct dtb_writer *w)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

	dtb_begin(w, "psci");
	dtb_bytes(w, "compatible", compatible, sizeof(compatible));
	dtb_string(w, "method", "hvc");
	dtb_end(w);
}

static void dtb_timer(struct dtb_writer *w)
{
	/* Secure, non-secure, virtual, hypervisor: the order is the binding's. */
	static const uint32_t ppis[] = { 13, 14, 11, 10 };
	fdt32_t cells[3 * ARRAY_SIZE(ppis)];

	for (size_t i = 0; i < ARRAY_SIZE(ppis); i++) {
		cells[3 * i] = cpu_to_fdt32(DTB_IRQ_PPI);
		cells[3 * i + 1] = cpu_to_fdt32(ppis[i]);
		cells[3 * i + 2] = cpu_to_fdt32(DTB_IRQ_LEVEL_LOW);
	}
	dtb_begin(w, "timer");
	dtb_string(w, "compatible", "arm,armv8-timer");
	dtb_bytes(w, "interrupts", cells, sizeof(cells));
	dtb_bytes(w, "always-on", NULL, 0);
	dtb_end(w);
}

static void dtb_gic(struct dtb_writer *w, const struct dtb_machine *m)
{
	const uint64_t regs[] = {
		m->gic_dist, DTB_GIC_DIST_SIZE,
		m->gic_redist, (uint64_t)m->cpus * DTB_GIC_REDIST_SIZE,
	};

	dtb_begin_at(w, "interrupt-controller", m->gic_dist);
	dtb_string(w, "compatible", "arm,gic-v3");
	dtb_regs(w, regs, ARRAY_SIZE(regs));
	dtb_bytes(w, "interrupt-controller", NULL, 0);
	dtb_cell(w, "#interrupt-cells", 3);
	dtb_cell(w, "phandle", DTB_GIC_PHANDLE);
	dtb_end(w);
}

static void dtb_serial(struct dtb_writer *w, const struct dtb_machine *m)
{
	dtb_begin_at(w, "serial", m->serial);
	dtb_string(w, "compatible", "ns16550a");
	dtb_reg(w, m->serial, SERIAL_SIZE);
	dtb_cell(w, "clock-frequency", SERIAL_CLOCK_HZ);
	dtb_spi(w, m->serial_spi);
	dtb_end(w);
}

static void dtb_rtc(struct dtb_writer *w, const struct dtb_machine *m)
{
	static const char compatible[] = "arm,pl031\0arm,primecell";

	/* A PrimeCell's driver wants a bus clock. */
	dtb_begin(w, "apb-clock");
	dtb_string(w, "compatible", "fixed-clock");
	dtb_cell(w, "#clock-cells", 0);
	dtb_cell(w, "clock-frequency", DTB_APB_CLOCK_HZ);
	dtb_cell(w, "phandle", DTB_CLOCK_PHANDLE);
	dtb_end(w);

	dtb_begin_at(w, "rtc", m->rtc);
	dtb_bytes(w, "compatible", compatible, sizeof(compatible));
	dtb_reg(w, m->rtc, RTC_SIZE);
	dtb_cell(w, "arm,primecell-periphid", RTC_PERIPH_ID);
	dtb_cell(w, "clocks", DTB_CLOCK_PHANDLE);
	dtb_string(w, "clock-names", "apb_pclk");
	dtb_spi(w, m->rtc_spi);
	dtb_end(w);
}

static void dtb_virtio(struct dtb_writer *w, const struct dtb_machine *m, unsigned int i)
{
	dtb_begin_at(w, "virtio", m->virtio[i]);
	dtb_string(w, "compatible", "virtio,mmio");
	dtb_reg(w, m->virtio[i], VIRTIO_MMIO_SIZE);
	dtb_bytes(w, "dma-coherent", NULL, 0);
	dtb_spi(w, m->virtio_spi[i]);
	dtb_end(w);
}

static void dtb_root(struct dtb_writer *w, const struct dtb_machine *m)
{
	dtb_begin(w, "");
	dtb_string(w, "compatible", "linux,dummy-virt");
	dtb_string(w, "model", "gzvm-vmm");
	dtb_cell(w, "#address-cells", 2);
	dtb_cell(w, "#size-cells", 2);
	dtb_cell(w, "interrupt-parent", DTB_GIC_PHANDLE);
	dtb_chosen(w, m);
	dtb_memory(w, m);
	dtb_cpus(w, m);
	dtb_psci(w);
	dtb_timer(w);
	dtb_gic(w, m);
	dtb_serial(w, m);
	dtb_rtc(w, m);
	for (unsigned int i = 0; i < m->nr_virtio; i++)
		dtb_virtio(w, m, i);
	dtb_end(w);
}

/**
 * dtb_build() - write a device tree
 * @machine: what it says
 * @buf: where to put it
 * @size: bytes of @buf
 *
 * Return: bytes of the tree, or -ENOSPC if it does not fit.
 */
int dtb_build(const struct dtb_machine *machine, void *buf, size_t size)
{
	struct dtb_writer w = { .fdt = buf };

	w.err = fdt_create(buf, size);
	if (!w.err)
		w.err = fdt_finish_reservemap(buf);
	dtb_root(&w, machine);
	if (!w.err)
		w.err = fdt_finish(buf);
	return w.err ? -ENOSPC : (int)fdt_totalsize(buf);
}
