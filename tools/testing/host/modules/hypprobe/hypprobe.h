/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hypprobe: looks for holes in the hypervisor, from its host's kernel. Each file
 * in debugfs hypprobe/ is one probe, which runs in the task that reads the file:
 * so what goes wrong is an Oops of that task.
 */
#ifndef HYPPROBE_H
#define HYPPROBE_H

#include <linux/ioport.h>
#include <linux/seq_file.h>
#include <linux/types.h>

#define PROBE_MAX_RANGES 8

/* What the device tree says is the hypervisor's (/reserved-memory/geniezone@...). */
extern struct resource probe_range[PROBE_MAX_RANGES];
extern unsigned int probe_nr_ranges;

/* memory.c */
int probe_ioremap(struct seq_file *s, void *unused);
int probe_memremap(struct seq_file *s, void *unused);
int probe_stray_read(struct seq_file *s, void *unused);
int probe_stray_write(struct seq_file *s, void *unused);
int probe_execute(struct seq_file *s, void *unused);
int probe_walk_set(struct seq_file *s, void *unused);
int probe_walk_clear(struct seq_file *s, void *unused);
int probe_kernel_walk(struct seq_file *s, void *unused);

/* calls.c */
int probe_calls(struct seq_file *s, void *unused);
int probe_log(struct seq_file *s, void *unused);

/* smccc.S: x[0] to x[17] are the registers, before and after */
void probe_smc(u64 x[18]);
void probe_hvc(u64 x[18]);
void probe_smc_1(u64 x[18]);
void probe_hvc_1(u64 x[18]);

#endif
