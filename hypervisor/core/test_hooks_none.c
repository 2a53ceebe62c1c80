// SPDX-License-Identifier: GPL-2.0-only
/* The product's test hooks: none. */
#include <hyp/test_hooks.h>
#include <hyp/util.h>

bool test_stage2_whole(void)
{
	return false;
}

u32 test_branch_workaround(void)
{
	return 0;
}

void test_boot(const struct platform *p __unused)
{
}
