/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading device trees: what several files of platform/ need. */
#ifndef PLATFORM_FDT_UTIL_H
#define PLATFORM_FDT_UTIL_H

#include <libfdt.h>
#include <hyp/platform.h>

/* Timer interrupts in the order of the binding (arm,arch_timer.yaml). */
enum timer_irq { TIMER_SEC_PHYS, TIMER_PHYS, TIMER_VIRT, TIMER_HYP_PHYS, TIMER_HYP_VIRT, TIMER_NR };

/* Cells of an entry: a phandle, and as many as #interrupt-cells may say. */
#define FDT_TIMER_MAX_STRIDE 5

struct fdt_timer {
	int node;
	const char *prop; /* "interrupts" or "interrupts-extended" */
	const fdt32_t *cells;
	int stride; /* cells of one entry */
	int skip; /* cells before the specifier: the phandle of the extended form */
	int index[TIMER_NR]; /* entry, -1: there is none */
};

/**
 * fdt_util_check() - is this a device tree whose structure is sound?
 * @fdt: tree
 * @fdt_pa: where it is, for the words about it
 * @size: bytes that are mapped
 *
 * Return: 0, or -EINVAL after a pr_err() line.
 */
int fdt_util_check(const void *fdt, pa_t fdt_pa, size_t size);

/**
 * fdt_util_okay() - is a node's status "okay", or absent?
 * @fdt: tree
 * @node: its offset
 *
 * Return: true if it may be used.
 */
bool fdt_util_okay(const void *fdt, int node);

/**
 * fdt_util_string() - the first string of a property
 * @fdt: tree
 * @node: the node's offset
 * @name: property
 *
 * Return: the terminated string, NULL if there is none.
 */
const char *fdt_util_string(const void *fdt, int node, const char *name);

/**
 * fdt_util_name() - a node's name for messages
 * @fdt: tree
 * @node: its offset
 *
 * Return: never NULL.
 */
const char *fdt_util_name(const void *fdt, int node);

/**
 * fdt_util_u32() - a property of one cell
 * @fdt: tree
 * @node: the node's offset
 * @name: property
 * @absent: result if the property is absent or has another size
 *
 * Return: its value.
 */
u32 fdt_util_u32(const void *fdt, int node, const char *name, u32 absent);

/**
 * fdt_util_number() - read a number of one or two cells
 * @cells: where
 * @n: 1 or 2; 0 gives 0
 *
 * Return: the number.
 */
u64 fdt_util_number(const fdt32_t *cells, int n);

/**
 * fdt_util_reg() - one entry of a node's reg, in physical addresses
 * @fdt: tree
 * @node: the node's offset
 * @index: which entry
 * @out: result; doesn't wrap
 *
 * Goes through the ranges of all parents.
 *
 * Return: 0; -ENOENT: there is no such entry; -EINVAL: it can't be read or a
 * bus on the way is not mapped.
 */
int fdt_util_reg(const void *fdt, int node, int index, struct mem_range *out);

/**
 * fdt_util_find() - the first usable node of a kind
 * @fdt: tree
 * @compatible: what it is compatible with
 *
 * Return: its offset, or -FDT_ERR_NOTFOUND.
 */
int fdt_util_find(const void *fdt, const char *compatible);

/**
 * fdt_util_timer() - find the architected timer's interrupts
 * @fdt: tree
 * @gic: offset of the GIC, for #interrupt-cells
 * @t: result
 *
 * Return: 0, or -EINVAL after a pr_err() line.
 */
int fdt_util_timer(const void *fdt, int gic, struct fdt_timer *t);

/* Names of the timer interrupts, by enum timer_irq. */
extern const char *const fdt_util_timer_names[TIMER_NR];

#endif
