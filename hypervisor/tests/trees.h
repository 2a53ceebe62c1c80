/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device trees for tests. The sources in tests/dts are taken in when the test
 * is compiled, dtc makes trees of them when it runs; odd ones are made from
 * those by libfdt. Needs core/log.c, whose text the tests read.
 */
#ifndef TESTS_TREES_H
#define TESTS_TREES_H

#include <libfdt.h>
#include <unistd.h>

#include <hyp/errno.h>
#include <hyp/log.h>
#include <hyp/platform.h>

#define TREE_SOURCE(id, file)                                                     \
	__asm__(".pushsection .rodata\n"                                          \
		"tree_" #id ": .incbin \"tests/dts/" file "\"\n"                  \
		".byte 0\n"                                                       \
		".popsection\n");                                                 \
	extern const char tree_##id[]

TREE_SOURCE(qemu, "qemu-virt.dts");
TREE_SOURCE(soc, "soc.dts");
TREE_SOURCE(cells32, "cells32.dts");

#define TREE_ROOM (64 * 1024)

/* Where the tests have their hypervisor, and the modules of the QEMU machine. */
static const struct mem_range tree_image = { 0x40200000, 0x200000 };
#define TREE_FDT_PA 0x4a000000UL
#define TREE_KERNEL 0x48000000UL
#define TREE_INITRD 0x4c000000UL

/* A tree of a source, with room to edit; the caller frees it. NULL: dtc failed. */
static __unused void *tree_compile(const char *source)
{
	char name[] = "/tmp/trees.XXXXXX", cmd[256];
	char *blob = calloc(1, TREE_ROOM), *fdt = malloc(TREE_ROOM);
	int fd = mkstemp(name);
	FILE *p;

	if (fd < 0 || write(fd, source, strlen(source)) != (ssize_t)strlen(source))
		return NULL;
	close(fd);
	snprintf(cmd, sizeof(cmd), "dtc -q -I dts -O dtb -o - %s", name);
	p = popen(cmd, "r");
	if (!p || !fread(blob, 1, TREE_ROOM, p) || pclose(p) ||
	    fdt_open_into(blob, fdt, TREE_ROOM)) {
		fprintf(stderr, "trees.h: dtc (package device-tree-compiler) failed\n");
		free(fdt);
		fdt = NULL;
	}
	unlink(name);
	free(blob);
	return fdt;
}

/* A copy of exactly its size, so that ASan sees each byte read behind it. */
static __unused void *tree_exact(const void *fdt)
{
	void *tmp = malloc(TREE_ROOM), *out;

	memcpy(tmp, fdt, fdt_totalsize(fdt));
	fdt_pack(tmp);
	out = malloc(fdt_totalsize(tmp));
	memcpy(out, tmp, fdt_totalsize(tmp));
	free(tmp);
	return out;
}

static __unused void tree_cells(void *fdt, const char *path, const char *prop, int n, const u32 *v)
{
	fdt32_t cells[32];

	for (int i = 0; i < n; i++)
		cells[i] = cpu_to_fdt32(v[i]);
	if (fdt_setprop(fdt, fdt_path_offset(fdt, path), prop, cells, n * sizeof(cells[0])))
		abort();
}
#define TREE_CELLS(fdt, path, prop, ...)                                          \
	tree_cells(fdt, path, prop, sizeof((u32[]){ __VA_ARGS__ }) / 4, (u32[]){ __VA_ARGS__ })

static __unused void tree_string(void *fdt, const char *path, const char *prop, const char *v)
{
	if (fdt_setprop_string(fdt, fdt_path_offset(fdt, path), prop, v))
		abort();
}

static __unused void tree_delprop(void *fdt, const char *path, const char *prop)
{
	if (fdt_delprop(fdt, fdt_path_offset(fdt, path), prop))
		abort();
}

static __unused void tree_delnode(void *fdt, const char *path)
{
	if (fdt_del_node(fdt, fdt_path_offset(fdt, path)))
		abort();
}

static __unused void tree_addnode(void *fdt, const char *parent, const char *name)
{
	if (fdt_add_subnode(fdt, fdt_path_offset(fdt, parent), name) < 0)
		abort();
}

/* As QEMU 7.2's guest-loader does it: "@0x", two and two cells whatever /chosen says. */
static __unused void tree_module(void *fdt, bool kernel, u64 base, u64 size, const char *args)
{
	static const char k[] = "multiboot,module\0multiboot,kernel";
	static const char r[] = "multiboot,module\0multiboot,ramdisk";
	char name[64], path[80];
	int node;

	snprintf(name, sizeof(name), "module@0x%08lx", (unsigned long)base);
	snprintf(path, sizeof(path), "/chosen/%s", name);
	tree_addnode(fdt, "/chosen", name);
	TREE_CELLS(fdt, path, "reg", base >> 32, base, size >> 32, size);
	node = fdt_path_offset(fdt, path);
	if (fdt_setprop(fdt, node, "compatible", kernel ? k : r, kernel ? sizeof(k) : sizeof(r)))
		abort();
	if (args)
		tree_string(fdt, path, "bootargs", args);
}

/* The QEMU machine with kernel and initrd loaded, and our own command line. */
static __unused void *tree_machine(void)
{
	void *fdt = tree_compile(tree_qemu);

	if (!fdt)
		abort();
	tree_string(fdt, "/chosen", "bootargs", "panic=off");
	tree_module(fdt, true, TREE_KERNEL, 0x1000000, "console=ttyAMA0 quiet");
	tree_module(fdt, false, TREE_INITRD, 0x123456, NULL);
	return fdt;
}

/* The log since the last call. */
static __unused const char *log_text(void)
{
	static char text[LOG_RING_SIZE + 1];
	static u64 pos;

	text[log_read(text, LOG_RING_SIZE, &pos)] = 0;
	return text;
}

/* A refusal is one line, of the level "error", which says what to do. */
static __unused void expect_one_error(const char *text, const char *what)
{
	EXPECT_CONTAINS(text, what);
	EXPECT(!strncmp(text, "[gz] error: ", 12));
	EXPECT(strchr(text, '\n') && !strchr(text, '\n')[1]);
	EXPECT(!strstr(text, "...\n"));
}

/* Finds the UART and parses, with a tree of exactly its size. */
static __unused int tree_parse(const void *fdt, struct platform *p)
{
	void *exact = tree_exact(fdt);
	struct platform_uart uart;
	int ret = platform_uart_find(exact, pa(TREE_FDT_PA), fdt_totalsize(exact), &uart);

	if (!ret)
		ret = platform_parse(exact, pa(TREE_FDT_PA), tree_image, p);
	free(exact);
	return ret;
}

#endif
