// SPDX-License-Identifier: GPL-2.0-only
/* Names of functions for backtraces. */
#include <hyp/string.h>
#include <hyp/symbols.h>
#include <hyp/util.h>

/* Replaced by what scripts/mksymtab makes, in the second link of the image. */
const struct symbol_table symbols_table __weak = { .count = 0 };

bool symbols_format(char *buf, size_t size, const struct symbol_table *t, u64 addr)
{
	u32 low = 0, high = t->count, end;
	u64 off = addr - t->base;

	if (!t->count || addr < t->base || off >= t->end) {
		hyp_snprintf(buf, size, "0x%lx", (unsigned long)addr);
		return false;
	}
	/* entry[low].offset <= off < entry[high].offset; entry[0].offset is 0. */
	while (high - low > 1) {
		u32 mid = low + (high - low) / 2;

		if (t->entry[mid].offset <= off)
			low = mid;
		else
			high = mid;
	}
	end = low + 1 < t->count ? t->entry[low + 1].offset : t->end;
	hyp_snprintf(buf, size, "%s+0x%lx/0x%x", (const char *)t + t->entry[low].name,
		     (unsigned long)(off - t->entry[low].offset), end - t->entry[low].offset);
	return true;
}
