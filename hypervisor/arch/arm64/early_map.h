/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ARM64_EARLY_MAP_H
#define ARM64_EARLY_MAP_H

#include <hyp/types.h>

extern u64 boot_root[512]; /* EL2's own root, from the first instruction on */
extern u64 boot_idmap[512]; /* with the identity-mapped page: to turn the MMU on */

void early_map(u64 image, u64 fdt);

#endif
