/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gzvm-vmm stat: what the guests of this host do.
 */
#ifndef VMM_STAT_H
#define VMM_STAT_H

#define STAT_ROOT	"/sys/kernel/debug/gzvm"

int stat_command(int argc, char *argv[], const char *root);

#endif /* VMM_STAT_H */
