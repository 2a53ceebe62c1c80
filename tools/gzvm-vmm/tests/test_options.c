// SPDX-License-Identifier: GPL-2.0-only
/* The command line. */
#include <errno.h>

#include "hv.h"
#include "ktap.h"
#include "options.h"
#include "util.h"

static struct options options;

/* Stands for the back ends, which this program does not link. */
static const struct hv_ops back_end;

const struct hv_ops *hv_find(const char *name)
{
	return !strcmp(name, "gzvm") || !strcmp(name, "kvm") ? &back_end : NULL;
}

static int parse(const char *const *words)
{
	static char *argv[64];
	int argc = 0, ret;

	argv[argc++] = "gzvm-vmm";
	while (*words)
		argv[argc++] = (char *)*words++;
	argv[argc] = NULL;
	CAPTURE_STDERR(ret = options_parse(&options, argc, argv));
	return ret;
}

#define PARSE(...)	parse((const char *const []) { __VA_ARGS__, NULL })

TEST(defaults)
{
	EXPECT_EQ(PARSE("run", "--kernel", "Image"), 0);
	EXPECT_STREQ(ktap_stderr, "");
	EXPECT_EQ(options.command, COMMAND_RUN);
	EXPECT_STREQ(options.kernel, "Image");
	EXPECT(!options.initrd && !options.hypervisor && !options.nr_disks);
	EXPECT_EQ(options.mem, 512 << 20);
	EXPECT_EQ(options.cpus, 1);
	EXPECT(!options.no_reboot && !options.serial);
	EXPECT_STREQ(options.cmdline, "console=hvc0 earlycon");
}

TEST(all)
{
	EXPECT_EQ(PARSE("run", "--kernel=I", "--initrd", "R", "--mem", "2G", "--cpus=8", "--disk",
			"a", "--vcpu-affinity=3,0", "--disk=b,ro", "--console", "serial", "--no-reboot", "--hypervisor",
			"kvm", "--append", "quiet x=y", "--append", "z", "--verbose", "--", "sh",
			"-c", "--mem"), 0);
	EXPECT_STREQ(options.kernel, "I");
	EXPECT_STREQ(options.initrd, "R");
	EXPECT_EQ(options.mem, UINT64_C(2) << 30);
	EXPECT_EQ(options.cpus, 8);
	EXPECT_EQ(options.nr_vcpu_affinity, 2);
	EXPECT_EQ(options.vcpu_affinity[0], 3);
	EXPECT_EQ(options.vcpu_affinity[1], 0);
	EXPECT_EQ(options.nr_disks, 2);
	EXPECT_STREQ(options.disks[0].path, "a");
	EXPECT(!options.disks[0].read_only);
	EXPECT_STREQ(options.disks[1].path, "b");
	EXPECT(options.disks[1].read_only);
	EXPECT(options.serial && options.no_reboot && options.verbose);
	EXPECT_STREQ(options.hypervisor, "kvm");
	EXPECT_STREQ(options.cmdline,
		     "console=ttyS0 earlycon quiet x=y z -- sh -c --mem");
}

/* What a program gets that takes its command line for its own arguments. */
TEST(nodefaults)
{
	EXPECT_EQ(PARSE("run", "--kernel", "I", "--nodefaults"), 0);
	EXPECT_STREQ(options.cmdline, "");
	EXPECT_EQ(PARSE("run", "--kernel", "I", "--nodefaults", "--append",
			"setup", "--append", "smp=4"), 0);
	EXPECT_STREQ(options.cmdline, "setup smp=4");
	EXPECT_EQ(PARSE("run", "--kernel", "I", "--nodefaults", "--", "x"), 0);
	EXPECT_STREQ(options.cmdline, "-- x");
}

TEST(sizes)
{
	uint64_t size = 0;

	EXPECT(!options_parse_size("4096", &size) && size == 4096);
	EXPECT(!options_parse_size("3K", &size) && size == 3072);
	EXPECT(!options_parse_size("5m", &size) && size == 5 << 20);
	EXPECT(!options_parse_size("17179869183G", &size) && size == UINT64_C(17179869183) << 30);
	EXPECT_EQ(options_parse_size("17179869184G", &size), -EINVAL);
	EXPECT_EQ(options_parse_size("18446744073709551616", &size), -EINVAL);
	EXPECT_EQ(options_parse_size("", &size), -EINVAL);
	EXPECT_EQ(options_parse_size("M", &size), -EINVAL);
	EXPECT_EQ(options_parse_size("-1", &size), -EINVAL);
	EXPECT_EQ(options_parse_size(" 1", &size), -EINVAL);
	EXPECT_EQ(options_parse_size("1T", &size), -EINVAL);
	EXPECT_EQ(options_parse_size("1MB", &size), -EINVAL);
	EXPECT_EQ(options_parse_size("0x10", &size), -EINVAL);
}

/* Each is refused by one line that names what is wrong. */
static void refused(const char *text, int ret)
{
	EXPECT_EQ(ret, -EINVAL);
	EXPECT_ONE_LINE();
	EXPECT_CONTAINS(ktap_stderr, text);
}

TEST(refusals)
{
	char many[32][2][8];
	const char *words[80] = { "run", "--kernel", "I" };

	CAPTURE_STDERR(EXPECT_EQ(options_parse(&options, 1, (char *[]) { "gzvm-vmm", NULL }),
				 -EINVAL));
	EXPECT_ONE_LINE();
	EXPECT_CONTAINS(ktap_stderr, "; give run, check or stat,");
	refused("walk: there is no such command; give run, check or stat,", PARSE("walk"));
	refused("--kernel", PARSE("run"));
	refused("--kernel", PARSE("run", "--kernel"));
	refused("--nonsense", PARSE("run", "--kernel", "I", "--nonsense"));
	refused("Image", PARSE("run", "Image"));
	refused("--mem 1", PARSE("run", "--kernel", "I", "--mem", "1"));
	refused("--mem 0", PARSE("run", "--kernel", "I", "--mem", "0"));
	refused("--mem x", PARSE("run", "--kernel", "I", "--mem", "x"));
	refused("--mem 3M", PARSE("run", "--kernel", "I", "--mem", "3M"));
	refused("try --cpus 8", PARSE("run", "--kernel", "I", "--cpus", "9"));
	refused("--cpus 0", PARSE("run", "--kernel", "I", "--cpus", "0"));
	refused("--cpus two", PARSE("run", "--kernel", "I", "--cpus", "two"));
	refused("--vcpu-affinity 0,", PARSE("run", "--kernel", "I", "--vcpu-affinity", "0,"));
	refused("--vcpu-affinity -1", PARSE("run", "--kernel", "I", "--vcpu-affinity", "-1"));
	refused("--vcpu-affinity 1-2", PARSE("run", "--kernel", "I", "--vcpu-affinity", "1-2"));
	refused("up to 8 CPUs", PARSE("run", "--kernel", "I", "--vcpu-affinity",
				       "0,0,0,0,0,0,0,0,0"));
	refused("--disk ", PARSE("run", "--kernel", "I", "--disk", ""));
	refused("--disk ,ro", PARSE("run", "--kernel", "I", "--disk", ",ro"));
	refused("--console tty", PARSE("run", "--kernel", "I", "--console", "tty"));
	refused("--hypervisor xen", PARSE("run", "--kernel", "I", "--hypervisor", "xen"));
	refused("--kernel", PARSE("check", "--kernel", "I"));
	refused("--no-reboot", PARSE("check", "--no-reboot"));
	refused("--nodefaults", PARSE("check", "--nodefaults"));
	for (int i = 0; i < OPTIONS_MAX_DISKS + 1; i++) {
		words[3 + 2 * i] = strcpy(many[i][0], "--disk");
		words[4 + 2 * i] = strcpy(many[i][1], "d");
	}
	refused("at most 16", parse(words));
}

TEST(long_command_line)
{
	char text[OPTIONS_MAX_CMDLINE + 1];
	size_t room = OPTIONS_MAX_CMDLINE - 1 - strlen("console=hvc0 earlycon ");

	memset(text, 'x', sizeof(text));
	text[room] = '\0';
	EXPECT_EQ(PARSE("run", "--kernel", "I", "--append", text), 0);
	EXPECT_EQ(strlen(options.cmdline), OPTIONS_MAX_CMDLINE - 1);
	text[room] = 'x';
	text[room + 1] = '\0';
	refused("longer than 2047", PARSE("run", "--kernel", "I", "--append", text));
	text[room] = '\0';
	refused("longer than 2047", PARSE("run", "--kernel", "I", "--append", text, "--", "x"));
}

TEST(help_and_check)
{
	EXPECT_EQ(PARSE("--help"), 0);
	EXPECT_EQ(options.command, COMMAND_HELP);
	EXPECT_EQ(PARSE("run", "--help", "nonsense"), 0);
	EXPECT_EQ(options.command, COMMAND_HELP);
	EXPECT_EQ(PARSE("check", "--hypervisor", "gzvm"), 0);
	EXPECT_EQ(options.command, COMMAND_CHECK);
	EXPECT_STREQ(options.hypervisor, "gzvm");
}

/* The words of stat are looked at by stat, but for those that ask what they may be. */
TEST(stat)
{
	EXPECT_EQ(PARSE("stat"), 0);
	EXPECT_EQ(options.command, COMMAND_STAT);
	EXPECT_EQ(PARSE("stat", "12", "--once", "--nonsense"), 0);
	EXPECT_STREQ(ktap_stderr, "");
	EXPECT_EQ(options.command, COMMAND_STAT);
	EXPECT_EQ(PARSE("stat", "--help"), 0);
	EXPECT_EQ(options.command, COMMAND_HELP);
	EXPECT_EQ(PARSE("stat", "12", "-h"), 0);
	EXPECT_EQ(options.command, COMMAND_HELP);
}
