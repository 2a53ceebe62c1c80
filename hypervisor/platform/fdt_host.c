// SPDX-License-Identifier: GPL-2.0-only
/* The device tree that the host gets: ours without what is ours. */
#include <hyp/errno.h>
#include <hyp/log.h>
#include <hyp/string.h>

#include "fdt_util.h"
#include "internal.h"

#define RESERVED "/reserved-memory"

/* One line for whatever libfdt refuses. */
static int failed(const char *what, int err)
{
	pr_err("the host's device tree: %s: %s (libfdt error %d)%s", what, fdt_strerror(err),
	       -err, err == -FDT_ERR_NOSPACE ? ": the buffer for it is too small" : "");
	return err == -FDT_ERR_NOSPACE ? -ENOSPC : -EINVAL;
}

/* The offset of @parent's child @name, made if there is none. */
static int subnode(void *fdt, int parent, const char *name)
{
	int node = fdt_subnode_offset(fdt, parent, name);

	return node == -FDT_ERR_NOTFOUND ? fdt_add_subnode(fdt, parent, name) : node;
}

static int remove_modules(void *fdt, int chosen)
{
	int node = fdt_first_subnode(fdt, chosen);

	while (node >= 0) {
		if (!platform_is_module(fdt, node)) {
			node = fdt_next_subnode(fdt, node);
			continue;
		}
		int err = fdt_del_node(fdt, node);

		if (err)
			return err;
		/* Offsets behind it have moved. */
		node = fdt_first_subnode(fdt, chosen);
	}
	return node == -FDT_ERR_NOTFOUND ? 0 : node;
}

/* /chosen is the host's from here on: our command line is none of its business. */
static int make_chosen(const struct platform *p, void *fdt)
{
	const struct mem_range *initrd = &p->initrd.file;
	int chosen = subnode(fdt, 0, "chosen");
	int err;

	if (chosen < 0)
		return chosen;
	err = remove_modules(fdt, chosen);
	if (!err)
		err = fdt_setprop_string(fdt, chosen, "bootargs", p->kernel.bootargs);
	if (!err && initrd->size)
		err = fdt_setprop_u64(fdt, chosen, "linux,initrd-start", initrd->base);
	if (!err && initrd->size)
		err = fdt_setprop_u64(fdt, chosen, "linux,initrd-end", initrd->base + initrd->size);
	return err;
}

static int make_hypervisor(void *fdt)
{
	int node = subnode(fdt, 0, "hypervisor");

	return node < 0 ? node : fdt_setprop_string(fdt, node, "compatible", "mediatek,geniezone");
}

/*
 * The host runs at EL1: of its timers it may have the physical one only. The
 * virtual one belongs to whatever guest runs, so Linux must not choose it, and
 * the positions that the rest is found by without names have moved
 * (drivers/clocksource/arm_arch_timer.c).
 */
static int make_timer(void *fdt, const struct fdt_timer *t)
{
	static const char names[] = "sec-phys\0phys";
	int first = t->index[TIMER_SEC_PHYS] < 0 ? TIMER_PHYS : TIMER_SEC_PHYS;
	fdt32_t kept[2 * FDT_TIMER_MAX_STRIDE];
	int err, n = 0;

	for (int i = first; i <= TIMER_PHYS; i++) {
		if (t->index[i] < 0)
			return -FDT_ERR_NOTFOUND;
		memcpy(&kept[n], t->cells + t->index[i] * t->stride, t->stride * sizeof(kept[0]));
		n += t->stride;
	}
	err = fdt_setprop(fdt, t->node, t->prop, kept, n * sizeof(kept[0]));
	if (err)
		return err;
	if (first == TIMER_PHYS)
		return fdt_setprop_string(fdt, t->node, "interrupt-names", "phys");
	return fdt_setprop(fdt, t->node, "interrupt-names", names, sizeof(names));
}

/* /reserved-memory, with the properties that Linux insists on. */
static int reserved_node(void *fdt)
{
	int node = fdt_path_offset(fdt, RESERVED);
	int err;

	if (node != -FDT_ERR_NOTFOUND)
		return node;
	node = fdt_add_subnode(fdt, 0, RESERVED + 1);
	if (node < 0)
		return node;
	err = fdt_setprop_u32(fdt, node, "#address-cells", fdt_address_cells(fdt, 0));
	if (!err)
		err = fdt_setprop_u32(fdt, node, "#size-cells", fdt_size_cells(fdt, 0));
	if (!err)
		err = fdt_setprop_empty(fdt, node, "ranges");
	return err ? err : node;
}

/* Appends @v in @cells cells. False: it needs more. */
static bool put_cells(fdt32_t *out, int *n, u64 v, int cells)
{
	if (cells < 1 || cells > 2 || (cells == 1 && v >> 32))
		return false;
	if (cells == 2)
		out[(*n)++] = cpu_to_fdt32((u32)(v >> 32));
	out[(*n)++] = cpu_to_fdt32((u32)v);
	return true;
}

/*
 * no-map keeps the range out of Linux's linear mapping: nothing there may be
 * touched even by speculation (reserved-memory.yaml).
 */
static int reserve(void *fdt, const struct mem_range *r)
{
	int parent = reserved_node(fdt);
	char name[32];
	fdt32_t reg[4];
	int node, err, n = 0;

	if (parent < 0)
		return parent;
	if (!put_cells(reg, &n, r->base, fdt_address_cells(fdt, parent)) ||
	    !put_cells(reg, &n, r->size, fdt_size_cells(fdt, parent)))
		return -FDT_ERR_BADNCELLS;
	hyp_snprintf(name, sizeof(name), "geniezone@%lx", (unsigned long)r->base);
	node = fdt_add_subnode(fdt, parent, name);
	if (node < 0)
		return node;
	err = fdt_setprop(fdt, node, "reg", reg, n * sizeof(reg[0]));
	if (!err)
		err = fdt_setprop_empty(fdt, node, "no-map");
	return err;
}

int platform_host_fdt(const struct platform *p, const void *src, void *dst, size_t size,
		      const struct mem_range *hyp, unsigned int nr_hyp)
{
	int err = fdt_open_into(src, dst, (int)MIN(size, (size_t)INT_MAX));
	struct fdt_timer timer;

	if (err)
		return failed("can't be copied", err);
	err = make_chosen(p, dst);
	if (err)
		return failed("/chosen can't be set", err);
	/* By its own line, if any. */
	if (fdt_util_timer(dst, fdt_util_find(dst, "arm,gic-v3"), &timer))
		return -EINVAL;
	err = make_timer(dst, &timer);
	if (err)
		return failed("the virtual timer can't be taken out", err);
	for (unsigned int i = 0; i < nr_hyp; i++) {
		err = reserve(dst, &hyp[i]);
		if (err)
			return failed("the hypervisor's memory can't be reserved", err);
	}
	err = make_hypervisor(dst);
	if (!err)
		err = fdt_pack(dst);
	return err ? failed("/hypervisor can't be added", err) : 0;
}
