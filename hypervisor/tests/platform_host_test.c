// SPDX-License-Identifier: GPL-2.0-only
// LINK: platform/fdt.c platform/fdt_util.c platform/options.c platform/modules.c platform/uart.c
// LINK: platform/uart_pl011.c platform/uart_16550.c platform/fdt_host.c core/log.c lib/printf.c
// LIBS: -lfdt
/* platform/fdt_host.c: the host's tree, read back by libfdt alone. */
#include "ktap.h"

#include "trees.h"

static struct platform p;
static const u8 page_of_zeros[PAGE_SIZE] __aligned(8);
static u8 host[TREE_ROOM] __aligned(8);
static const struct mem_range hyp[] = { { 0x40200000, 0x200000 }, { 0xbe000000, 0x2000000 } };

static int make(const void *fdt, size_t size)
{
	void *exact = tree_exact(fdt);
	void *before = tree_exact(fdt);
	int ret;

	log_text();
	ret = tree_parse(fdt, &p);
	if (!ret)
		ret = platform_host_fdt(&p, exact, host, size, hyp, ARRAY_SIZE(hyp));
	/* The source is only read. */
	EXPECT(!memcmp(exact, before, fdt_totalsize(before)));
	free(exact);
	free(before);
	return ret;
}

static void expect_cells(const char *path, const char *prop, int n, const u32 *v)
{
	int len = -1;
	const fdt32_t *c = fdt_getprop(host, fdt_path_offset(host, path), prop, &len);

	if (!c || len != 4 * n) {
		KTAP_FAIL("%s/%s has %d bytes, expected %d", path, prop, len, 4 * n);
		return;
	}
	for (int i = 0; i < n; i++)
		if (fdt32_to_cpu(c[i]) != v[i])
			KTAP_FAIL("%s/%s: cell %d is 0x%x, expected 0x%x", path, prop, i,
				  fdt32_to_cpu(c[i]), v[i]);
}
#define EXPECT_CELLS(path, prop, ...)                                             \
	expect_cells(path, prop, sizeof((u32[]){ __VA_ARGS__ }) / 4, (u32[]){ __VA_ARGS__ })

static const char *string(const char *path, const char *prop)
{
	const char *s = fdt_getprop(host, fdt_path_offset(host, path), prop, NULL);

	return s ? s : "(absent)";
}

/* Every property of @node in one tree is in the other, bit for bit. */
static void expect_same_props(const void *a, int na, const void *b, int nb)
{
	int prop;

	fdt_for_each_property_offset(prop, a, na) {
		const char *name;
		int len, len_b;
		const void *v = fdt_getprop_by_offset(a, prop, &name, &len);
		const void *w = fdt_getprop(b, nb, name, &len_b);

		if (!w || len != len_b || memcmp(v, w, len))
			KTAP_FAIL("property %s of %s is not the same", name,
				  fdt_get_name(a, na, NULL));
	}
}

TEST(host_tree_of_qemu)
{
	void *fdt = tree_machine();
	int node, same = 0;

	ASSERT_EQ(make(fdt, sizeof(host)), 0);
	EXPECT_STREQ(log_text(), "");
	EXPECT_EQ(fdt_check_full(host, fdt_totalsize(host)), 0);
	EXPECT(fdt_totalsize(host) < fdt_totalsize(fdt));

	EXPECT_STREQ(string("/chosen", "bootargs"), "console=ttyAMA0 quiet");
	EXPECT_CELLS("/chosen", "linux,initrd-start", 0, TREE_INITRD);
	EXPECT_CELLS("/chosen", "linux,initrd-end", 0, TREE_INITRD + 0x123456);
	EXPECT_STREQ(string("/chosen", "stdout-path"), "/pl011@9000000");
	EXPECT_EQ(fdt_first_subnode(host, fdt_path_offset(host, "/chosen")), -FDT_ERR_NOTFOUND);
	EXPECT_STREQ(string("/hypervisor", "compatible"), "mediatek,geniezone");
	EXPECT_STREQ(string("/psci", "method"), "smc");

	/* sec-phys, phys: no virtual one, and the names in place of positions. */
	EXPECT_CELLS("/timer", "interrupts", 1, 13, 4, 1, 14, 4);
	EXPECT_STREQ(string("/timer", "interrupt-names"), "sec-phys");
	node = fdt_path_offset(host, "/timer");
	EXPECT_EQ(fdt_stringlist_count(host, node, "interrupt-names"), 2);
	EXPECT_EQ(fdt_stringlist_search(host, node, "interrupt-names", "phys"), 1);
	EXPECT(fdt_getprop(host, node, "always-on", NULL) != NULL);

	EXPECT_CELLS("/reserved-memory", "#address-cells", 2);
	EXPECT_CELLS("/reserved-memory", "#size-cells", 2);
	EXPECT_CELLS("/reserved-memory/geniezone@40200000", "reg", 0, 0x40200000, 0, 0x200000);
	EXPECT_CELLS("/reserved-memory/geniezone@be000000", "reg", 0, 0xbe000000, 0, 0x2000000);
	EXPECT(fdt_getprop(host, fdt_path_offset(host, "/reserved-memory"), "ranges", NULL) != NULL);
	EXPECT(fdt_getprop(host, fdt_path_offset(host, "/reserved-memory/geniezone@be000000"),
			   "no-map", NULL) != NULL);

	/* All other nodes are as they were, seeds included. */
	for (node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL)) {
		char path[256];
		int at;

		if (fdt_get_path(fdt, node, path, sizeof(path)) || strstr(path, "/chosen") ||
		    !strcmp(path, "/timer"))
			continue;
		at = fdt_path_offset(host, path);
		if (at < 0) {
			KTAP_FAIL("%s is missing", path);
			continue;
		}
		expect_same_props(fdt, node, host, at);
		same++;
	}
	EXPECT(same > 50);
	for (int i = 0; i < 2; i++) {
		const char *seed = i ? "kaslr-seed" : "rng-seed";
		int a, b;
		const void *x = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), seed, &a);
		const void *y = fdt_getprop(host, fdt_path_offset(host, "/chosen"), seed, &b);

		EXPECT(x && y && a == b && a >= 8 && !memcmp(x, y, a));
	}
	free(fdt);
}

TEST(host_tree_of_soc)
{
	void *fdt = tree_compile(tree_soc);
	int node;

	ASSERT(fdt);
	ASSERT_EQ(make(fdt, sizeof(host)), 0);
	EXPECT_STREQ(log_text(), "");
	EXPECT_STREQ(string("/chosen", "bootargs"), "console=ttyS0 root=/dev/ram");
	/* The boot loader's initrd stays. */
	EXPECT_CELLS("/chosen", "linux,initrd-start", 0, 0x60000000);
	EXPECT_CELLS("/chosen", "linux,initrd-end", 0, 0x60400000);
	EXPECT(fdt_path_offset(host, "/chosen/module@50000000") < 0);
	/* No secure timer there; four cells. */
	EXPECT_CELLS("/timer", "interrupts", 1, 14, 4, 0);
	node = fdt_path_offset(host, "/timer");
	EXPECT_EQ(fdt_stringlist_count(host, node, "interrupt-names"), 1);
	EXPECT_STREQ(string("/timer", "interrupt-names"), "phys");
	/* Beside what was reserved. */
	EXPECT_CELLS("/reserved-memory/firmware@54600000", "reg", 0, 0x54600000, 0, 0x200000, 0,
		     0x54a00800, 0, 0x800);
	EXPECT_CELLS("/reserved-memory/geniezone@40200000", "reg", 0, 0x40200000, 0, 0x200000);
	EXPECT_EQ(fdt_num_mem_rsv(host), 1);
	free(fdt);
}

TEST(host_tree_of_one_cell)
{
	void *fdt = tree_compile(tree_cells32);

	ASSERT(fdt);
	ASSERT_EQ(make(fdt, sizeof(host)), 0);
	EXPECT_STREQ(string("/chosen", "bootargs"), "");
	EXPECT(!fdt_getprop(host, fdt_path_offset(host, "/chosen"), "linux,initrd-start", NULL));
	EXPECT_CELLS("/reserved-memory/geniezone@be000000", "reg", 0xbe000000, 0x2000000);
	EXPECT_CELLS("/reserved-memory", "#address-cells", 1);
	/* <phandle 1 n flags>, twice; the phandle is whatever dtc chose. */
	EXPECT_CELLS("/timer", "interrupts-extended", fdt_get_max_phandle(fdt), 1, 13, 4,
		     fdt_get_max_phandle(fdt), 1, 14, 4);
	EXPECT_EQ(fdt_stringlist_search(host, fdt_path_offset(host, "/timer"), "interrupt-names",
					"phys"), 1);
	/* The root has a hypervisor node already: ours replaces what it says. */
	tree_addnode(fdt, "/", "hypervisor");
	tree_string(fdt, "/hypervisor", "compatible", "somebody,else");
	ASSERT_EQ(make(fdt, sizeof(host)), 0);
	EXPECT_STREQ(string("/hypervisor", "compatible"), "mediatek,geniezone");
	free(fdt);
}

TEST(host_tree_that_can_not_be_made)
{
	static const struct mem_range high = { 1UL << 32, 0x1000 };
	void *fdt = tree_compile(tree_cells32), *exact;
	size_t need;

	/* One cell can't name 4 GiB. */
	ASSERT_EQ(make(fdt, sizeof(host)), 0);
	exact = tree_exact(fdt);
	log_text();
	EXPECT_EQ(platform_host_fdt(&p, exact, host, sizeof(host), &high, 1), -EINVAL);
	expect_one_error(log_text(), "the hypervisor's memory can't be reserved: FDT_ERR_BADNCELLS");
	/* The same range twice. */
	EXPECT_EQ(platform_host_fdt(&p, exact, host, sizeof(host),
				    (struct mem_range[]){ hyp[0], hyp[0] }, 2), -EINVAL);
	expect_one_error(log_text(), "FDT_ERR_EXISTS");
	free(exact);
	/* A tree that has changed since it was parsed. */
	TREE_CELLS(fdt, "/timer", "interrupts-extended", 0, 1, 13, 4);
	exact = tree_exact(fdt);
	EXPECT_EQ(platform_host_fdt(&p, exact, host, sizeof(host), hyp, 2), -EINVAL);
	expect_one_error(log_text(), "the virtual timer can't be taken out: FDT_ERR_NOTFOUND");
	free(exact);
	tree_delnode(fdt, "/timer");
	exact = tree_exact(fdt);
	EXPECT_EQ(platform_host_fdt(&p, exact, host, sizeof(host), hyp, 2), -EINVAL);
	expect_one_error(log_text(), "no architected timer");
	EXPECT_EQ(platform_host_fdt(&p, page_of_zeros, host, sizeof(host), hyp, 2), -EINVAL);
	expect_one_error(log_text(), "can't be copied: FDT_ERR_BADMAGIC");
	free(exact);
	free(fdt);

	/* Each size that is too small is refused; PLATFORM_HOST_FDT_ROOM is enough. */
	fdt = tree_machine();
	exact = tree_exact(fdt);
	ASSERT_EQ(make(fdt, fdt_totalsize(exact) + PLATFORM_HOST_FDT_ROOM), 0);
	need = fdt_totalsize(exact) + PLATFORM_HOST_FDT_ROOM;
	for (size_t size = 0; size < need; size += 4) {
		u8 *small = malloc(size);
		int ret = platform_host_fdt(&p, exact, small, size, hyp, 2);

		if (ret) {
			EXPECT_EQ(ret, -ENOSPC);
			expect_one_error(log_text(), "the buffer for it is too small");
		} else {
			EXPECT_EQ(fdt_check_full(small, size), 0);
			EXPECT(size > fdt_totalsize(host));
		}
		free(small);
	}
	free(exact);
	free(fdt);
}
