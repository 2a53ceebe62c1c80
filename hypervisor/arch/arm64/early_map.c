// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first tables. Runs with the MMU off at the address the image was loaded
 * to: symbols are reached relative to the PC, so their addresses here are
 * physical; no pointer stored at link time may be used, and no access may be
 * unaligned (compiled with -mstrict-align, without jump tables).
 */
#include <hyp/pgtable.h>
#include <hyp/util.h>
#include "early_map.h"
#include "layout.h"

#define TABLE 3ULL
#define PAGE_DESC 3ULL
#define BLOCK_DESC 1ULL
#define DESC_AF BIT(10)
#define DESC_SH_INNER (3ULL << 8)
#define DESC_RO BIT(7)
#define DESC_AP1 BIT(6) /* RES1 at EL2 */
#define DESC_NORMAL (1ULL << 2) /* MAIR attribute 1 */
#define DESC_XN BIT(54)

#define MEM (DESC_AF | DESC_SH_INNER | DESC_AP1 | DESC_NORMAL)

#define INDEX(va, level) (((u64)(va) >> (39 - 9 * (level))) & 511)

u64 boot_root[512] __section(".bss.page_aligned") __aligned(PAGE_SIZE);
u64 boot_idmap[512] __section(".bss.page_aligned") __aligned(PAGE_SIZE);
static u64 image_table[3][512] __section(".bss.page_aligned") __aligned(PAGE_SIZE);
static u64 idmap_table[3][512] __section(".bss.page_aligned") __aligned(PAGE_SIZE);

extern char __text_start[], __text_end[], __rodata_start[], __rodata_end[], __data_start[];
extern char __bss_end[], boot_stack_base[], boot_stack_top[], __idmap_start[];

static void early_map_pages(u64 image, const char *from, const char *to, u64 attr)
{
	u64 pa;

	for (pa = (u64)from; pa < (u64)to; pa += PAGE_SIZE)
		image_table[2][INDEX(LAYOUT_IMAGE + (pa - image), 3)] = pa | attr | PAGE_DESC;
}

/**
 * early_map() - tables that the MMU is turned on with
 * @image: where the image was loaded
 * @fdt: where the device tree is, for the window onto it
 *
 * Text RX, read-only data RO, data RW, each page once; the boot stack with a hole
 * below; a read-only window of two blocks onto the device tree; and, in a root of
 * its own, one identity-mapped page of text that turns the MMU on.
 */
void early_map(u64 image, u64 fdt)
{
	u64 id = (u64)__idmap_start;
	u64 window = fdt & BLOCK_MASK;
	unsigned int i;

	early_map_pages(image, __text_start, __text_end, MEM | DESC_RO);
	early_map_pages(image, __rodata_start, __rodata_end, MEM | DESC_RO | DESC_XN);
	early_map_pages(image, __data_start, __bss_end, MEM | DESC_XN);
	early_map_pages(image, boot_stack_base, boot_stack_top, MEM | DESC_XN);

	image_table[1][INDEX(LAYOUT_IMAGE, 2)] = (u64)image_table[2] | TABLE;
	for (i = 0; i < LAYOUT_WINDOW_SIZE / BLOCK_SIZE; i++)
		image_table[1][INDEX(LAYOUT_WINDOW, 2) + i] =
			(window + i * BLOCK_SIZE) | MEM | DESC_RO | DESC_XN | BLOCK_DESC;
	image_table[0][INDEX(LAYOUT_IMAGE, 1)] = (u64)image_table[1] | TABLE;
	boot_root[INDEX(LAYOUT_IMAGE, 0)] = (u64)image_table[0] | TABLE;

	idmap_table[2][INDEX(id, 3)] = id | MEM | DESC_RO | PAGE_DESC;
	idmap_table[1][INDEX(id, 2)] = (u64)idmap_table[2] | TABLE;
	idmap_table[0][INDEX(id, 1)] = (u64)idmap_table[1] | TABLE;
	boot_idmap[INDEX(id, 0)] = (u64)idmap_table[0] | TABLE;
	boot_idmap[INDEX(LAYOUT_IMAGE, 0)] = (u64)image_table[0] | TABLE;
}
