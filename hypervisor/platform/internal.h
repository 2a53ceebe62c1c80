/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of platform/ share with each other only. */
#ifndef PLATFORM_INTERNAL_H
#define PLATFORM_INTERNAL_H

#include <hyp/platform.h>

/**
 * platform_options() - read the hypervisor's command line
 * @p: platform with cmdline; opt is the result
 *
 * Return: 0, or -EINVAL after a pr_err() line.
 */
int platform_options(struct platform *p);

/**
 * platform_modules() - find kernel and initrd in /chosen
 * @fdt: checked tree
 * @p: result
 *
 * Return: 0, or a negative errno after a pr_err() line.
 */
int platform_modules(const void *fdt, struct platform *p);

/**
 * platform_check_layout() - does everything lie in RAM, and nothing on another?
 * @p: platform
 * @image: the hypervisor's own image
 *
 * Return: 0, or -EINVAL after a pr_err() line.
 */
int platform_check_layout(const struct platform *p, struct mem_range image);

/**
 * platform_is_module() - is this child of /chosen a boot module?
 * @fdt: checked tree
 * @node: its offset
 *
 * Return: true if it is.
 */
bool platform_is_module(const void *fdt, int node);

/**
 * platform_find_uart() - platform_uart_find() for a checked tree
 * @fdt: checked tree
 * @uart: result
 */
void platform_find_uart(const void *fdt, struct platform_uart *uart);

#endif
