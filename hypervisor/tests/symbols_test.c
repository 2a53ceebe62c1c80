// SPDX-License-Identifier: GPL-2.0-only
// LINK: core/symbols.c lib/printf.c
// LIBS: -ldl
/*
 * core/symbols.c with tables that scripts/mksymtab really makes: its output is
 * assembled here into a shared object. ("nm -n" of the arm64 image differs in
 * nothing that matters: the directives mean the same on each architecture.)
 */
#include "ktap.h"

#include <dlfcn.h>
#include <unistd.h>

#include <hyp/symbols.h>

/* The generator itself, taken in when this file is compiled. */
__asm__(".pushsection .rodata\n"
	"mksymtab_text: .incbin \"scripts/mksymtab\"\n"
	".byte 0\n"
	".popsection\n");
extern const char mksymtab_text[];

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

/* Runs the generator over @nm. NULL: it failed. */
static const struct symbol_table *make_table(const char *nm)
{
	char dir[] = "/tmp/symbols_test.XXXXXX", cmd[512], path[64];
	const struct symbol_table *t = NULL;
	void *so;

	if (!mkdtemp(dir))
		return NULL;
	write_file(dir, "mksymtab", mksymtab_text);
	write_file(dir, "nm", nm);
	snprintf(cmd, sizeof(cmd),
		 "cd %s && sh mksymtab < nm > t.S 2>err && gcc -shared -nostdlib -o t.so t.S", dir);
	if (!system(cmd)) {
		snprintf(path, sizeof(path), "%s/t.so", dir);
		so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (so)
			t = dlsym(so, "symbols_table");
	}
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	if (system(cmd))
		return NULL;
	return t;
}

static const char *name(const struct symbol_table *t, u64 addr)
{
	static char buf[SYMBOL_TEXT];

	symbols_format(buf, sizeof(buf), t, addr);
	return buf;
}

TEST(symbols_lookup)
{
	const struct symbol_table *t = make_table("0000000000000000 a absolute_size\n"
						  "                 U undefined\n"
						  "ffff800000000000 t $x\n"
						  "ffff800000000000 t _start_local\n"
						  "ffff800000000000 T _start\n"
						  "ffff800000000040 t .L12\n"
						  "ffff800000000040 T main\n"
						  "ffff800000000040 t main_alias\n"
						  "ffff800000000100 d literal_pool\n"
						  "ffff800000000120 W weak_function\n"
						  "ffff800000000124 t last\n"
						  "ffff800000001000 R __rodata_start\n"
						  "ffff800000002000 D data\n");

	ASSERT(t);
	EXPECT_EQ(t->count, 4);
	EXPECT_EQ(t->end, 0x1000);
	EXPECT_STREQ(name(t, 0xffff800000000000), "_start+0x0/0x40");
	EXPECT_STREQ(name(t, 0xffff80000000003f), "_start+0x3f/0x40");
	EXPECT_STREQ(name(t, 0xffff800000000040), "main+0x0/0xe0");
	EXPECT_STREQ(name(t, 0xffff80000000011c), "main+0xdc/0xe0");
	EXPECT_STREQ(name(t, 0xffff800000000120), "weak_function+0x0/0x4");
	EXPECT_STREQ(name(t, 0xffff800000000124), "last+0x0/0xedc");
	EXPECT_STREQ(name(t, 0xffff800000000fff), "last+0xedb/0xedc");
	/* Outside. */
	EXPECT_STREQ(name(t, 0xffff800000001000), "0xffff800000001000");
	EXPECT_STREQ(name(t, 0xffff7fffffffffff), "0xffff7fffffffffff");
	EXPECT_STREQ(name(t, 0), "0x0");
	EXPECT_STREQ(name(t, UINT64_MAX), "0xffffffffffffffff");
	EXPECT(!symbols_format((char[8]){ 0 }, 8, t, 0));
	EXPECT(symbols_format((char[8]){ 0 }, 8, t, 0xffff800000000040));
}

TEST(symbols_every_size_of_table)
{
	char *nm = malloc(64 * 200), want[SYMBOL_TEXT];

	for (int n = 1; n <= 40; n += 13) {
		const struct symbol_table *t;
		char *p = nm;

		for (int i = 0; i < n; i++)
			p += sprintf(p, "%016lx T f%d\n", 0x80000UL + 16 * i, i);
		sprintf(p, "%016lx R rodata\n", 0x80000UL + 16 * n);
		t = make_table(nm);
		ASSERT(t);
		for (int a = 0; a < 16 * n; a++) {
			sprintf(want, "f%d+0x%x/0x10", a / 16, a % 16);
			EXPECT_STREQ(name(t, 0x80000UL + a), want);
		}
	}
	free(nm);
}

TEST(symbols_without_a_table)
{
	EXPECT_EQ(symbols_table.count, 0);
	EXPECT_STREQ(name(&symbols_table, 0x1234), "0x1234");
	EXPECT_STREQ(name(&symbols_table, 0), "0x0");
}

TEST(symbols_generator_refuses_nothing_to_do)
{
	EXPECT(!make_table("0000000000001000 D data\n"));
	EXPECT(!make_table(""));
}
