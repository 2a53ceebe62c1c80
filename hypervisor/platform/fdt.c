// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine, from its device tree: memory, CPUs, PSCI, GIC, timers. Modules
 * and options have files of their own.
 */
#include <hyp/errno.h>
#include <hyp/log.h>
#include <hyp/string.h>

#include "fdt_util.h"
#include "internal.h"

/* No machine has more physical address bits without FEAT_LPA2. */
#define PA_LIMIT BIT(48)
/* MPIDR_EL1: Aff3 and Aff2 to Aff0. */
#define MPIDR_AFFINITY 0xff00ffffffULL
/* GICv3 (IHI 0069, 12.8): a distributor, and one redistributor without GICv4. */
#define GICD_SIZE 0x10000UL
#define GICR_SIZE 0x20000UL
/* More than 512 redistributors take: all of it is mapped by 4 KiB. */
#define GIC_FRAME_MAX 0x10000000UL
#define FIRST_PPI 16

/* Puts a range into the sorted list, merged with what it touches. */
static int add_ram(struct platform *p, const char *name, u64 base, u64 size)
{
	u64 end = base + size;
	unsigned int i = 0;

	if (end < base || end > PA_LIMIT) {
		pr_err("device tree: %s: 0x%lx bytes at 0x%lx end beyond 48 bits of physical address: correct its reg",
		       name, (unsigned long)size, (unsigned long)base);
		return -EINVAL;
	}
	base = ALIGN_UP(base, PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (base >= end)
		return 0;
	while (i < p->nr_ram && p->ram[i].base + p->ram[i].size < base)
		i++;
	/* Everything from i on that touches the new range goes into it. */
	while (i < p->nr_ram && p->ram[i].base <= end) {
		base = MIN(base, p->ram[i].base);
		end = MAX(end, p->ram[i].base + p->ram[i].size);
		p->nr_ram--;
		memmove(&p->ram[i], &p->ram[i + 1], (p->nr_ram - i) * sizeof(p->ram[0]));
	}
	if (p->nr_ram == HYP_MAX_RAM_RANGES) {
		pr_err("device tree: %s: more than %d separate ranges of memory: build the hypervisor with a larger HYP_MAX_RAM_RANGES",
		       name, HYP_MAX_RAM_RANGES);
		return -EINVAL;
	}
	memmove(&p->ram[i + 1], &p->ram[i], (p->nr_ram - i) * sizeof(p->ram[0]));
	p->ram[i] = (struct mem_range){ base, end - base };
	p->nr_ram++;
	return 0;
}

static int parse_memory(const void *fdt, struct platform *p)
{
	struct mem_range r;
	int node, ret;

	fdt_for_each_subnode(node, fdt, 0) {
		const char *type = fdt_util_string(fdt, node, "device_type");

		if (!type || strcmp(type, "memory") || !fdt_util_okay(fdt, node))
			continue;
		for (int i = 0; (ret = fdt_util_reg(fdt, node, i, &r)) != -ENOENT; i++) {
			if (ret) {
				pr_err("device tree: %s: entry %d of its reg is no range of addresses: correct it or the root's #address-cells and #size-cells",
				       fdt_util_name(fdt, node), i);
				return ret;
			}
			ret = add_ram(p, fdt_util_name(fdt, node), r.base, r.size);
			if (ret)
				return ret;
		}
	}
	if (!p->nr_ram) {
		pr_err("no memory: the device tree has no usable node with device_type \"memory\": give the tree of this machine");
		return -EINVAL;
	}
	return 0;
}

int platform_reserve(struct platform *p, u64 base, u64 size)
{
	u64 end = base + size;

	if (!size)
		return 0;
	if (end < base || end > PA_LIMIT) {
		/* Nothing of ours could lie beyond, so the part below is what counts. */
		if (base >= PA_LIMIT)
			return 0;
		end = PA_LIMIT;
	}
	if (p->nr_reserved == PLATFORM_MAX_RESERVED) {
		pr_err("device tree: more than %d reserved ranges of memory: build the hypervisor with a larger PLATFORM_MAX_RESERVED",
		       PLATFORM_MAX_RESERVED);
		return -ENOSPC;
	}
	base = ALIGN_DOWN(base, PAGE_SIZE);
	p->reserved[p->nr_reserved++] =
		(struct mem_range){ base, ALIGN_UP(end, PAGE_SIZE) - base };
	return 0;
}

static int parse_reserved(const void *fdt, struct platform *p)
{
	int parent = fdt_path_offset(fdt, "/reserved-memory");
	int node, ret;

	for (int i = 0; i < fdt_num_mem_rsv(fdt); i++) {
		u64 base, size;

		if (fdt_get_mem_rsv(fdt, i, &base, &size))
			break;
		ret = platform_reserve(p, base, size);
		if (ret)
			return ret;
	}
	if (parent < 0)
		return 0;
	fdt_for_each_subnode(node, fdt, parent) {
		struct mem_range r;

		if (!fdt_util_okay(fdt, node))
			continue;
		/* Those without reg have a size only: the host chooses their place. */
		for (int i = 0; (ret = fdt_util_reg(fdt, node, i, &r)) != -ENOENT; i++) {
			if (ret) {
				pr_err("device tree: /reserved-memory/%s: entry %d of its reg can't be read: correct it, or #address-cells, #size-cells and ranges of /reserved-memory",
				       fdt_util_name(fdt, node), i);
				return ret;
			}
			ret = platform_reserve(p, r.base, r.size);
			if (ret)
				return ret;
			if (r.size && r.base < PA_LIMIT && fdt_getprop(fdt, node, "no-map", NULL))
				p->no_map[p->nr_no_map++] = p->reserved[p->nr_reserved - 1];
		}
	}
	return 0;
}

static int add_cpu(const void *fdt, int cpus, int node, struct platform *p)
{
	const char *name = fdt_util_name(fdt, node);
	const char *method = fdt_util_string(fdt, node, "enable-method");
	int cells = fdt_address_cells(fdt, cpus);
	int len;
	const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &len);
	u64 mpidr;

	if (!reg || cells < 1 || cells > 2 || len < cells * (int)sizeof(*reg)) {
		pr_err("device tree: /cpus/%s: no reg of 1 or 2 #address-cells, which names the CPU: correct it",
		       name);
		return -EINVAL;
	}
	mpidr = fdt_util_number(reg, cells);
	if (mpidr & ~MPIDR_AFFINITY) {
		pr_err("device tree: /cpus/%s: reg 0x%lx has bits beside MPIDR_EL1's affinity fields: correct it",
		       name, (unsigned long)mpidr);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < p->nr_cpus; i++) {
		if (p->mpidr[i] == mpidr) {
			pr_err("device tree: /cpus/%s: a second CPU with reg 0x%lx: correct it",
			       name, (unsigned long)mpidr);
			return -EINVAL;
		}
	}
	/* Otherwise the host could start that CPU past us, at EL2. */
	if (method && strcmp(method, "psci")) {
		pr_err("device tree: /cpus/%s: enable-method \"%s\", where only \"psci\" is supported: use firmware with PSCI",
		       name, method);
		return -EINVAL;
	}
	if (p->nr_cpus == HYP_MAX_CPUS) {
		pr_err("device tree: /cpus/%s: more than %d CPUs: remove some, or build the hypervisor with a larger HYP_MAX_CPUS",
		       name, HYP_MAX_CPUS);
		return -EINVAL;
	}
	p->mpidr[p->nr_cpus++] = mpidr;
	return 0;
}

static int parse_cpus(const void *fdt, struct platform *p)
{
	int cpus = fdt_path_offset(fdt, "/cpus");
	int node = -1;

	/* libfdt would take a negative offset for the root's parent. */
	if (cpus >= 0)
		node = fdt_first_subnode(fdt, cpus);
	for (; node >= 0; node = fdt_next_subnode(fdt, node)) {
		const char *type = fdt_util_string(fdt, node, "device_type");
		const char *status = fdt_util_string(fdt, node, "status");
		int ret;

		if (!type || strcmp(type, "cpu"))
			continue;
		/* "disabled" CPUs can be started (DT specification, 3.8.1). */
		if (status && !strncmp(status, "fail", 4))
			continue;
		ret = add_cpu(fdt, cpus, node, p);
		if (ret)
			return ret;
	}
	if (!p->nr_cpus) {
		pr_err("no CPUs: the device tree has no usable node with device_type \"cpu\" in /cpus: give the tree of this machine");
		return -EINVAL;
	}
	return 0;
}

/* Firmware that starts CPUs, called by SMC: nothing else is supported. */
static int check_psci(const void *fdt)
{
	int node = fdt_util_find(fdt, "arm,psci-1.0");
	const char *method;

	if (node < 0)
		node = fdt_util_find(fdt, "arm,psci-0.2");
	if (node < 0) {
		pr_err("no PSCI: the device tree has no node \"arm,psci-0.2\" or \"arm,psci-1.0\", without which CPUs can't be started under a hypervisor: use firmware with PSCI 0.2 or newer");
		return -EINVAL;
	}
	method = fdt_util_string(fdt, node, "method");
	if (method && !strcmp(method, "hvc")) {
		pr_err("PSCI is reached by HVC, so something else already is the hypervisor here: start at EL2 with PSCI by SMC (QEMU: -machine virtualization=on)");
		return -EINVAL;
	}
	if (!method || strcmp(method, "smc")) {
		pr_err("device tree: PSCI method \"%s\", where \"smc\" is needed: correct the node",
		       method ? method : "");
		return -EINVAL;
	}
	return 0;
}

/* Names what there is in place of a GICv3. */
static void explain_no_gic(const void *fdt)
{
	static const char *const v2[] = {
		"arm,gic-400",	      "arm,cortex-a15-gic", "arm,cortex-a9-gic",
		"arm,cortex-a7-gic",  "arm,cortex-a5-gic",  "arm,pl390",
		"qcom,msm-qgic2",     "arm,eb11mp-gic",	    "arm,tc11mp-gic",
		"arm,arm1176jzf-devchip-gic",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(v2); i++) {
		int node = fdt_util_find(fdt, v2[i]);

		if (node >= 0) {
			pr_err("GICv2 is not supported, GICv3 is needed: the device tree has %s (\"%s\"): use a machine with GICv3 (QEMU: -machine gic-version=3)",
			       fdt_util_name(fdt, node), v2[i]);
			return;
		}
	}
	pr_err("no interrupt controller: the device tree has no usable node \"arm,gic-v3\": use a machine with GICv3 (QEMU: -machine gic-version=3)");
}

/* One frame of the GIC: page aligned, large enough, not in RAM. */
static int gic_frame(const void *fdt, int node, int index, u64 min, const struct platform *p,
		     struct mem_range *out)
{
	const char *name = fdt_util_name(fdt, node);

	if (fdt_util_reg(fdt, node, index, out)) {
		pr_err("device tree: %s: entry %d of its reg is missing or can't be read: correct it",
		       name, index);
		return -EINVAL;
	}
	if (!IS_ALIGNED(out->base | out->size, PAGE_SIZE) || out->size < min ||
	    out->size > GIC_FRAME_MAX || out->base + out->size > PA_LIMIT) {
		pr_err("device tree: %s: entry %d of its reg (0x%lx bytes at 0x%lx) can't be a GIC frame: correct it",
		       name, index, (unsigned long)out->size, (unsigned long)out->base);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < p->nr_ram; i++) {
		if (ranges_overlap(out->base, out->size, p->ram[i].base, p->ram[i].size)) {
			pr_err("device tree: %s at 0x%lx lies in memory at 0x%lx: correct its reg or the memory node",
			       name, (unsigned long)out->base, (unsigned long)p->ram[i].base);
			return -EINVAL;
		}
	}
	return 0;
}

static int parse_its(const void *fdt, int gic, struct platform *p)
{
	int node;

	fdt_for_each_subnode(node, fdt, gic) {
		int ret;

		if (fdt_node_check_compatible(fdt, node, "arm,gic-v3-its") ||
		    !fdt_util_okay(fdt, node))
			continue;
		if (p->nr_gits == PLATFORM_MAX_GICR) {
			pr_err("device tree: %s: more than %d ITS: build the hypervisor with a larger PLATFORM_MAX_GICR",
			       fdt_util_name(fdt, node), PLATFORM_MAX_GICR);
			return -EINVAL;
		}
		ret = gic_frame(fdt, node, 0, GICR_SIZE, p, &p->gits[p->nr_gits]);
		if (ret)
			return ret;
		p->nr_gits++;
	}
	return 0;
}

static int parse_gic(const void *fdt, int gic, struct platform *p)
{
	const char *name = fdt_util_name(fdt, gic);
	int len, ret;
	const fdt32_t *stride = fdt_getprop(fdt, gic, "redistributor-stride", &len);
	u32 regions = fdt_util_u32(fdt, gic, "#redistributor-regions", 1);

	if (regions < 1 || regions > PLATFORM_MAX_GICR) {
		pr_err("device tree: %s: %u redistributor regions where 1 to %d are supported: build the hypervisor with a larger PLATFORM_MAX_GICR",
		       name, regions, PLATFORM_MAX_GICR);
		return -EINVAL;
	}
	ret = gic_frame(fdt, gic, 0, GICD_SIZE, p, &p->gicd);
	if (ret)
		return ret;
	for (u32 i = 0; i < regions; i++) {
		ret = gic_frame(fdt, gic, i + 1, GICR_SIZE, p, &p->gicr[i]);
		if (ret)
			return ret;
	}
	p->nr_gicr = regions;
	if (stride)
		p->gicr_stride = fdt_util_number(stride, len == 8 ? 2 : len == 4 ? 1 : 0);
	/* Frames are 64 KiB each, at least two (IHI 0069, 12.10). */
	if (stride && (p->gicr_stride < GICR_SIZE || !IS_ALIGNED(p->gicr_stride, 0x10000) ||
		       p->gicr_stride > p->gicr[0].size)) {
		pr_err("device tree: %s: redistributor-stride 0x%lx is impossible: correct it", name,
		       (unsigned long)p->gicr_stride);
		return -EINVAL;
	}
	return parse_its(fdt, gic, p);
}

/* The INTID of a specifier <1 n flags>; 0 if it is no private interrupt. */
static u8 ppi_intid(const fdt32_t *cells)
{
	u32 n = fdt32_to_cpu(cells[1]);

	return fdt32_to_cpu(cells[0]) == 1 && n < 16 ? FIRST_PPI + n : 0;
}

static int timer_ppi(const void *fdt, const struct fdt_timer *t, enum timer_irq which,
		     u8 *intid)
{
	if (t->index[which] < 0) {
		/* The standard number (BSA, "PPI assignments") stays. */
		if (*intid)
			return 0;
	} else {
		*intid = ppi_intid(t->cells + t->index[which] * t->stride + t->skip);
		if (*intid)
			return 0;
	}
	pr_err("device tree: %s: no private interrupt for \"%s\" in %s: give a complete timer node",
	       fdt_util_name(fdt, t->node), fdt_util_timer_names[which], t->prop);
	return -EINVAL;
}

static int parse_interrupts(const void *fdt, int gic, struct platform *p)
{
	struct fdt_timer t;
	int len, ret;
	const fdt32_t *maint = fdt_getprop(fdt, gic, "interrupts", &len);

	/* Standard numbers (BSA) for what EL2 needs and a tree may leave out. */
	p->ppi_maint = 25;
	p->ppi_hyp = 26;
	if (maint && len >= 3 * (int)sizeof(*maint))
		p->ppi_maint = ppi_intid(maint);
	if (!p->ppi_maint) {
		pr_err("device tree: %s: its interrupt, vGIC maintenance, is not a private one: correct it",
		       fdt_util_name(fdt, gic));
		return -EINVAL;
	}
	ret = fdt_util_timer(fdt, gic, &t);
	if (!ret)
		ret = timer_ppi(fdt, &t, TIMER_PHYS, &p->ppi_phys);
	if (!ret)
		ret = timer_ppi(fdt, &t, TIMER_VIRT, &p->ppi_virt);
	if (!ret)
		ret = timer_ppi(fdt, &t, TIMER_HYP_PHYS, &p->ppi_hyp);
	return ret;
}

static int parse_cmdline(const void *fdt, struct platform *p)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	const char *args = chosen < 0 ? NULL : fdt_util_string(fdt, chosen, "bootargs");

	if (args && strlen(args) >= sizeof(p->cmdline)) {
		pr_err("the hypervisor's command line (/chosen/bootargs) is longer than %zu bytes: shorten it",
		       sizeof(p->cmdline) - 1);
		return -E2BIG;
	}
	if (args)
		memcpy(p->cmdline, args, strlen(args) + 1);
	return platform_options(p);
}

/* A UART in RAM would make each line of the log overwrite somebody's memory. */
static int check_uart(const struct platform *p)
{
	const struct mem_range *u = &p->uart.regs;

	for (unsigned int i = 0; p->uart.type != UART_NONE && i < p->nr_ram; i++) {
		if (ranges_overlap(u->base, u->size, p->ram[i].base, p->ram[i].size)) {
			pr_err("device tree: the console's registers at 0x%lx lie in memory at 0x%lx: correct reg of the node that stdout-path names",
			       (unsigned long)u->base, (unsigned long)p->ram[i].base);
			return -EINVAL;
		}
	}
	return 0;
}

int platform_parse(const void *fdt, pa_t fdt_pa, struct mem_range image, struct platform *p)
{
	int gic, ret;

	memset(p, 0, sizeof(*p));
	p->fdt = (struct mem_range){ fdt_pa.v, fdt_totalsize(fdt) };
	ret = parse_cmdline(fdt, p);
	if (!ret)
		ret = parse_memory(fdt, p);
	if (!ret)
		ret = parse_reserved(fdt, p);
	if (!ret)
		ret = parse_cpus(fdt, p);
	if (!ret)
		ret = check_psci(fdt);
	if (ret)
		return ret;
	gic = fdt_util_find(fdt, "arm,gic-v3");
	if (gic < 0) {
		explain_no_gic(fdt);
		return -ENODEV;
	}
	ret = parse_gic(fdt, gic, p);
	if (!ret)
		ret = parse_interrupts(fdt, gic, p);
	if (ret)
		return ret;
	platform_find_uart(fdt, &p->uart);
	ret = check_uart(p);
	if (!ret)
		ret = platform_modules(fdt, p);
	if (!ret)
		ret = platform_check_layout(p, image);
	return ret;
}
