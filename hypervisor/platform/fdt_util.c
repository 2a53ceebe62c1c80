// SPDX-License-Identifier: GPL-2.0-only
/* Reading device trees. */
#include <hyp/errno.h>
#include <hyp/log.h>
#include <hyp/string.h>

#include "fdt_util.h"

/* Buses between a device and the root; real trees have three or four. */
#define MAX_DEPTH 16

const char *const fdt_util_timer_names[TIMER_NR] = {
	[TIMER_SEC_PHYS] = "sec-phys", [TIMER_PHYS] = "phys",	      [TIMER_VIRT] = "virt",
	[TIMER_HYP_PHYS] = "hyp-phys", [TIMER_HYP_VIRT] = "hyp-virt",
};

int fdt_util_check(const void *fdt, pa_t fdt_pa, size_t size)
{
	int ret = -FDT_ERR_TRUNCATED;

	if (!IS_ALIGNED(fdt_pa.v, 8)) {
		pr_err("device tree at 0x%lx is unusable: it does not start at a multiple of 8: x0 must point to a whole tree, load it elsewhere",
		       (unsigned long)fdt_pa.v);
		return -EINVAL;
	}
	/* The header's size is known to be there only after this. */
	if (size >= sizeof(struct fdt_header))
		ret = fdt_check_full(fdt, size);
	if (ret) {
		pr_err("device tree at 0x%lx is unusable: %s (libfdt error %d): x0 must point to a whole tree of at most %zu bytes",
		       (unsigned long)fdt_pa.v, fdt_strerror(ret), -ret, size);
		return -EINVAL;
	}
	return 0;
}

const char *fdt_util_string(const void *fdt, int node, const char *name)
{
	return fdt_stringlist_get(fdt, node, name, 0, NULL);
}

const char *fdt_util_name(const void *fdt, int node)
{
	const char *name = fdt_get_name(fdt, node, NULL);

	return name && *name ? name : "/";
}

bool fdt_util_okay(const void *fdt, int node)
{
	const char *status;

	if (!fdt_getprop(fdt, node, "status", NULL))
		return true;
	status = fdt_util_string(fdt, node, "status");
	return status && (!strcmp(status, "okay") || !strcmp(status, "ok"));
}

u32 fdt_util_u32(const void *fdt, int node, const char *name, u32 absent)
{
	int len;
	const fdt32_t *v = fdt_getprop(fdt, node, name, &len);

	return v && len == sizeof(*v) ? fdt32_to_cpu(*v) : absent;
}

u64 fdt_util_number(const fdt32_t *cells, int n)
{
	u64 v = 0;

	for (int i = 0; i < n; i++)
		v = v << 32 | fdt32_to_cpu(cells[i]);
	return v;
}

/* Cells of addresses and sizes below @bus. False: more than 64 bits (PCI). */
static bool bus_cells(const void *fdt, int bus, int *address, int *size)
{
	*address = fdt_address_cells(fdt, bus);
	*size = fdt_size_cells(fdt, bus);
	return *address >= 1 && *address <= 2 && *size >= 0 && *size <= 2;
}

/* Takes @r from the addresses below @bus to those of @parent, by @bus's ranges. */
static bool translate(const void *fdt, int bus, int parent, struct mem_range *r)
{
	int child_cells, size_cells, parent_cells, unused, len, step;
	const fdt32_t *c = fdt_getprop(fdt, bus, "ranges", &len);

	/* No ranges: what is behind this bus is not mapped at all. */
	if (!c)
		return false;
	if (len == 0)
		return true;
	if (!bus_cells(fdt, bus, &child_cells, &size_cells) ||
	    !bus_cells(fdt, parent, &parent_cells, &unused))
		return false;
	step = child_cells + parent_cells + size_cells;
	for (len /= sizeof(*c); len >= step; len -= step, c += step) {
		u64 child = fdt_util_number(c, child_cells);
		u64 up = fdt_util_number(c + child_cells, parent_cells);
		u64 size = fdt_util_number(c + child_cells + parent_cells, size_cells);

		if (r->base < child || r->base - child >= size ||
		    r->size > size - (r->base - child))
			continue;
		r->base = r->base - child + up;
		return true;
	}
	return false;
}

int fdt_util_reg(const void *fdt, int node, int index, struct mem_range *out)
{
	int address, size, len;
	const fdt32_t *c = fdt_getprop(fdt, node, "reg", &len);
	int parent = fdt_parent_offset(fdt, node);

	if (!c || parent < 0)
		return -ENOENT;
	if (!bus_cells(fdt, parent, &address, &size))
		return -EINVAL;
	len /= sizeof(*c);
	if (index >= len / (address + size))
		return -ENOENT;
	c += index * (address + size);
	out->base = fdt_util_number(c, address);
	out->size = fdt_util_number(c + address, size);
	for (int depth = 0; parent != 0; depth++) {
		int bus = parent;

		parent = fdt_parent_offset(fdt, bus);
		if (depth == MAX_DEPTH || parent < 0 || !translate(fdt, bus, parent, out))
			return -EINVAL;
	}
	return out->base + out->size < out->base ? -EINVAL : 0;
}

int fdt_util_find(const void *fdt, const char *compatible)
{
	int node = -1;

	do {
		node = fdt_node_offset_by_compatible(fdt, node, compatible);
	} while (node >= 0 && !fdt_util_okay(fdt, node));
	return node;
}

int fdt_util_timer(const void *fdt, int gic, struct fdt_timer *t)
{
	int len, entries;
	bool named;

	t->node = fdt_util_find(fdt, "arm,armv8-timer");
	if (t->node < 0) {
		pr_err("no architected timer: the device tree has no node \"arm,armv8-timer\", which the host and its VMs need: give a complete device tree");
		return -EINVAL;
	}
	t->prop = "interrupts-extended";
	t->skip = 1;
	t->cells = fdt_getprop(fdt, t->node, t->prop, &len);
	if (!t->cells) {
		t->prop = "interrupts";
		t->skip = 0;
		t->cells = fdt_getprop(fdt, t->node, t->prop, &len);
	}
	if (!t->cells)
		len = 0;
	/* Three cells, or four where PPIs have partitions (arm,gic-v3.yaml). */
	t->stride = fdt_util_u32(fdt, gic, "#interrupt-cells", 3);
	if (t->stride < 3 || t->stride > 4) {
		pr_err("device tree: the GIC has %d #interrupt-cells where 3 or 4 are known: give a tree of the binding arm,gic-v3",
		       t->stride);
		return -EINVAL;
	}
	t->stride += t->skip;
	entries = len / (int)sizeof(fdt32_t) / t->stride;
	named = fdt_getprop(fdt, t->node, "interrupt-names", NULL);
	for (int i = 0; i < TIMER_NR; i++) {
		t->index[i] = i;
		if (named)
			t->index[i] = fdt_stringlist_search(fdt, t->node, "interrupt-names",
							    fdt_util_timer_names[i]);
		if (t->index[i] < 0 || t->index[i] >= entries)
			t->index[i] = -1;
	}
	return 0;
}
