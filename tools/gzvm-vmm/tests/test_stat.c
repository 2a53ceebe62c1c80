// SPDX-License-Identifier: GPL-2.0-only
/* gzvm-vmm stat, on a folder like the driver's. */
#include <errno.h>
#include <sys/stat.h>

#include "ktap.h"
#include "stat.h"
#include "util.h"

static char root[64], output[65536];

static void put(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, folder);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/%s", root, folder, name);
	file = fopen(path, "we");
	fputs(text, file);
	fclose(file);
}

static void make_root(void)
{
	strcpy(root, "/tmp/gzvm-stat-XXXXXX");
	if (!mkdtemp(root))
		abort();
}

static void remove_root(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	if (system(command))
		abort();
}

/* The status; what it prints is in output. */
static int run(int argc, char *argv[])
{
	int saved = dup(STDOUT_FILENO), status;
	FILE *file = tmpfile();
	size_t size;

	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	CAPTURE_STDERR(status = stat_command(argc, argv, root));
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(file);
	size = fread(output, 1, sizeof(output) - 1, file);
	output[size] = '\0';
	fclose(file);
	return status;
}

#define RUN(...) \
	run(ARRAY_SIZE(((char *[]){ __VA_ARGS__ })), (char *[]){ __VA_ARGS__ })

static void two_vms(void)
{
	make_root();
	put("hypervisor", "stats", "vms 2\n");
	put("4321-7", "exits", "0 runs 10\n0 mmio 3\n0 idle 0\n1 runs 5\n");
	put("4321-7", "stage2_pages", "1024\n");
	put("4321-7", "stage2_blocks", "2\n");
	put("99-12", "exits", "0 runs 18446744073709551615\nrubbish\n9 runs 1\n");
}

TEST(once)
{
	two_vms();
	EXPECT_EQ(RUN("--once"), 0);
	EXPECT_STREQ(output,
		     "process 99, VM 12: 0 pages, 0 blocks of 2 MiB\n"
		     "  vcpu 0  runs             18446744073709551615\n"
		     "process 4321, VM 7: 1024 pages, 2 blocks of 2 MiB\n"
		     "  vcpu 0  runs                       10\n"
		     "  vcpu 0  mmio                        3\n"
		     "  vcpu 1  runs                        5\n");
	EXPECT_STREQ(ktap_stderr, "");
	EXPECT_EQ(RUN("99", "--once"), 0);
	EXPECT(strstr(output, "VM 12") && !strstr(output, "VM 7"));
	remove_root();
}

TEST(json)
{
	two_vms();
	EXPECT_EQ(RUN("--json", "--once", "4321"), 0);
	EXPECT_STREQ(output,
		     "{\"vms\":[{\"pid\":4321,\"vm\":7,\"stage2_pages\":1024,"
		     "\"stage2_blocks\":2,\"vcpus\":[{\"vcpu\":0,\"runs\":10,\"mmio\":3,"
		     "\"idle\":0},{\"vcpu\":1,\"runs\":5}]}]}\n");
	remove_root();
	make_root();
	EXPECT_EQ(RUN("--json", "--once"), 0);
	EXPECT_STREQ(output, "{\"vms\":[]}\n");
	EXPECT_EQ(RUN("--once"), 0);
	EXPECT_STREQ(output, "no VM\n");
	remove_root();
}

/* Numbers that the driver writes while they are read: far too many, too long. */
TEST(hostile)
{
	static char text[200 * 40];
	char *at = text;

	make_root();
	for (int i = 0; i < 200; i++)
		at += sprintf(at, "7 name_that_is_as_long_as_it_%d 1\n", i);
	put("1-1", "exits", text);
	put("1-", "exits", "0 runs 1\n");
	put("1-2x", "exits", "0 runs 1\n");
	EXPECT_EQ(RUN("--once", "--json"), 0);
	EXPECT(strstr(output, "name_that_is_as_long_as_it_63") &&
	       !strstr(output, "name_that_is_as_long_as_it_64"));
	EXPECT(!strstr(output, "\"vm\":2"));
	remove_root();
}

TEST(errors)
{
	two_vms();
	EXPECT_EQ(RUN("5", "--once"), 2);
	EXPECT(strstr(ktap_stderr, "process 5: it has no VM;"));
	EXPECT_EQ(RUN("--twice"), 2);
	EXPECT_EQ(RUN("0"), 2);
	EXPECT_EQ(RUN("12x"), 2);
	EXPECT_EQ(RUN("-3"), 2);
	EXPECT_EQ(RUN("1", "2"), 2);
	EXPECT_EQ(RUN("99999999999"), 2);
	EXPECT_STREQ(output, "");
	remove_root();
	EXPECT_EQ(RUN("--once"), 2);
	EXPECT(strstr(ktap_stderr, "No such file or directory; load gzvm.ko"));
}
