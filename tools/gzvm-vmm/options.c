// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command line of gzvm-vmm.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "util.h"

#define OPTIONS_DEFAULT_MEM	(UINT64_C(512) << 20)

static const char options_help[] =
	"Usage: gzvm-vmm run --kernel IMAGE [OPTIONS] [-- WORDS...]\n"
	"       gzvm-vmm check [--hypervisor gzvm|kvm]\n"
	"       gzvm-vmm stat [PID] [--once] [--json]\n"
	"\n"
	"run starts a guest; check prints what this host's hypervisor offers; stat counts\n"
	"what the guests do, of all processes or of PID, every second or once.\n"
	"\n"
	"  --kernel IMAGE        guest's kernel: an arm64 Image, not compressed, or a bare-metal\n"
	"                        program with its header\n"
	"  --initrd FILE         its initial RAM disk\n"
	"  --append TEXT         add TEXT to its command line\n"
	"  --mem SIZE            its memory, with K, M or G (512M)\n"
	"  --cpus N              its vCPUs, 1 to 8 (1)\n"
	"  --vcpu-affinity LIST  host CPUs of the vCPUs, as in 0,2: vCPU n runs on the nth\n"
	"  --disk FILE[,ro]      a raw disk image or block device; again for more disks\n"
	"  --console serial      use the 16550 and no virtio-console\n"
	"  --nodefaults          the command line has --append and WORDS alone: for bare-metal\n"
	"                        programs, whose arguments it is\n"
	"  --no-reboot           end with status 3 when the guest resets\n"
	"  --hypervisor NAME     gzvm or kvm (the first that is there)\n"
	"  --verbose             say what the guest accessed in vain\n"
	"  --help                print this\n"
	"\n"
	"WORDS end the guest's command line, after \" -- \".\n"
	"On a terminal, Ctrl-A x ends the guest; Ctrl-A Ctrl-A sends one Ctrl-A.\n"
	"\n"
	"Status: 0 guest powered off, 2 error, 3 guest reset (--no-reboot), 4 the\n"
	"hypervisor ended the guest.\n";

/**
 * options_print_help() - print how gzvm-vmm is used
 */
void options_print_help(void)
{
	fputs(options_help, stdout);
}

/**
 * options_parse_size() - read a size
 * @text: a number with or without K, M or G behind it
 * @size: set to the bytes it means
 *
 * Return: 0, or -EINVAL.
 */
int options_parse_size(const char *text, uint64_t *size)
{
	unsigned int shift = 0;
	unsigned long long n;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (*end == 'K' || *end == 'k')
		shift = 10;
	else if (*end == 'M' || *end == 'm')
		shift = 20;
	else if (*end == 'G' || *end == 'g')
		shift = 30;
	if (errno || end[!!shift] != '\0' || (n << shift) >> shift != n)
		return -EINVAL;
	*size = n << shift;
	return 0;
}

static int options_set_kernel(struct options *options, const char *value)
{
	options->kernel = value;
	return 0;
}

static int options_set_initrd(struct options *options, const char *value)
{
	options->initrd = value;
	return 0;
}

static int options_set_mem(struct options *options, const char *value)
{
	if (options_parse_size(value, &options->mem)) {
		vmm_error("--mem %s: is not a size; give a number with K, M or G, as in 512M",
			  value);
		return -EINVAL;
	}
	if (!options->mem || options->mem % SIZE_2M) {
		vmm_error("--mem %s: is not a multiple of 2M; give one, as in 512M", value);
		return -EINVAL;
	}
	return 0;
}

static int options_set_cpus(struct options *options, const char *value)
{
	uint64_t n = 0;

	if (options_parse_size(value, &n) || !n || n > HV_MAX_VCPUS) {
		vmm_error("--cpus %s: a guest has 1 to %d vCPUs; try --cpus %d", value,
			  HV_MAX_VCPUS, n > HV_MAX_VCPUS ? HV_MAX_VCPUS : 1);
		return -EINVAL;
	}
	options->cpus = n;
	return 0;
}

/* The kernel decides whether there is such a CPU. */
static int options_set_vcpu_affinity(struct options *options, const char *value)
{
	const char *at = value;

	options->nr_vcpu_affinity = 0;
	do {
		unsigned long cpu;
		char *end;

		errno = 0;
		cpu = strtoul(at, &end, 10);
		if (*at < '0' || *at > '9' || errno || cpu >= CPU_SETSIZE ||
		    (*end && *end != ',') || options->nr_vcpu_affinity == HV_MAX_VCPUS) {
			vmm_error("--vcpu-affinity %s: is not a list of up to %d CPUs; give one, as in 0,2",
				  value, HV_MAX_VCPUS);
			return -EINVAL;
		}
		options->vcpu_affinity[options->nr_vcpu_affinity++] = cpu;
		at = end + 1;
	} while (at[-1]);
	return 0;
}

static int options_set_disk(struct options *options, const char *value)
{
	struct options_disk *disk = &options->disks[options->nr_disks];
	size_t len = strlen(value);

	if (options->nr_disks == OPTIONS_MAX_DISKS) {
		vmm_error("--disk %s: a guest has at most %d disks; leave one out", value,
			  OPTIONS_MAX_DISKS);
		return -EINVAL;
	}
	if (len >= 3 && !strcmp(value + len - 3, ",ro")) {
		disk->read_only = true;
		len -= 3;
	}
	if (!len || len >= sizeof(disk->path)) {
		vmm_error("--disk %s: is not a file name; give a raw disk image or a block device",
			  value);
		return -EINVAL;
	}
	memcpy(disk->path, value, len);
	disk->path[len] = '\0';
	options->nr_disks++;
	return 0;
}

static int options_set_console(struct options *options, const char *value)
{
	if (strcmp(value, "serial") && strcmp(value, "virtio")) {
		vmm_error("--console %s: there is no such console; give serial or virtio", value);
		return -EINVAL;
	}
	options->serial = !strcmp(value, "serial");
	return 0;
}

static int options_set_hypervisor(struct options *options, const char *value)
{
	if (!hv_find(value)) {
		vmm_error("--hypervisor %s: there is no such back end; give gzvm or kvm", value);
		return -EINVAL;
	}
	options->hypervisor = value;
	return 0;
}

/* Adds words to a command line that does not grow too long. */
static int options_add_words(char *cmdline, const char *words)
{
	size_t used = strlen(cmdline);
	int n = snprintf(cmdline + used, OPTIONS_MAX_CMDLINE - used, "%s%s", used ? " " : "",
			 words);

	if (n < 0 || (size_t)n >= OPTIONS_MAX_CMDLINE - used) {
		vmm_error("guest's command line: is longer than %d characters; shorten --append "
			  "and what follows --", OPTIONS_MAX_CMDLINE - 1);
		return -EINVAL;
	}
	return 0;
}

static int options_add_append(struct options *options, const char *value)
{
	return options_add_words(options->cmdline, value);
}

static const struct {
	const char *name;
	int (*set)(struct options *options, const char *value);
	bool check_too;
} options_with_value[] = {
	{ "--kernel", options_set_kernel, false },
	{ "--initrd", options_set_initrd, false },
	{ "--append", options_add_append, false },
	{ "--mem", options_set_mem, false },
	{ "--cpus", options_set_cpus, false },
	{ "--vcpu-affinity", options_set_vcpu_affinity, false },
	{ "--disk", options_set_disk, false },
	{ "--console", options_set_console, false },
	{ "--hypervisor", options_set_hypervisor, true },
};

static bool options_is_help(const char *arg)
{
	return !strcmp(arg, "--help") || !strcmp(arg, "-h");
}

/* Options without a value; true if @arg is one. */
static bool options_set_flag(struct options *options, const char *arg)
{
	if (options_is_help(arg))
		options->command = COMMAND_HELP;
	else if (!strcmp(arg, "--no-reboot") && options->command != COMMAND_CHECK)
		options->no_reboot = true;
	else if (!strcmp(arg, "--nodefaults") && options->command != COMMAND_CHECK)
		options->nodefaults = true;
	else if (!strcmp(arg, "--verbose") && options->command != COMMAND_CHECK)
		options->verbose = true;
	else
		return false;
	return true;
}

/*
 * "--name VALUE" or "--name=VALUE". Return: the number of arguments used, or -EINVAL.
 */
static int options_set_value(struct options *options, int argc, char *argv[])
{
	for (size_t i = 0; i < ARRAY_SIZE(options_with_value); i++) {
		const char *name = options_with_value[i].name;
		size_t len = strlen(name);
		const char *value;
		int err;

		if (strncmp(argv[0], name, len) || (argv[0][len] && argv[0][len] != '='))
			continue;
		if (options->command == COMMAND_CHECK && !options_with_value[i].check_too)
			break;
		value = argv[0][len] ? argv[0] + len + 1 : argv[1];
		if (!argv[0][len] && argc < 2) {
			vmm_error("%s: its value is missing; see gzvm-vmm --help", name);
			return -EINVAL;
		}
		err = options_with_value[i].set(options, value);
		return err ? err : (argv[0][len] ? 1 : 2);
	}
	vmm_error("%s: there is no such option; see gzvm-vmm --help", argv[0]);
	return -EINVAL;
}

/* The console that the machine has, then the user's words, then those for init. */
static int options_finish_cmdline(struct options *options, int argc, char *argv[])
{
	char user[OPTIONS_MAX_CMDLINE];
	int err;

	memcpy(user, options->cmdline, sizeof(user));
	options->cmdline[0] = '\0';
	if (!options->nodefaults)
		snprintf(options->cmdline, sizeof(options->cmdline), "console=%s earlycon",
			 options->serial ? "ttyS0" : "hvc0");
	err = user[0] ? options_add_words(options->cmdline, user) : 0;
	if (argc && !err)
		err = options_add_words(options->cmdline, "--");
	for (int i = 0; i < argc && !err; i++)
		err = options_add_words(options->cmdline, argv[i]);
	return err;
}

static int options_parse_command(struct options *options, const char *name)
{
	if (!strcmp(name, "run"))
		options->command = COMMAND_RUN;
	else if (!strcmp(name, "check"))
		options->command = COMMAND_CHECK;
	else if (!strcmp(name, "stat"))
		options->command = COMMAND_STAT;
	else if (!options_is_help(name) && strcmp(name, "help"))
		return -EINVAL;
	return 0;
}

/**
 * options_parse() - read the command line
 * @options: filled in; keeps pointers into @argv
 * @argc: number of arguments
 * @argv: the arguments; argv[0] is the program's name
 *
 * Return: 0, or -EINVAL after the line that explains it.
 */
int options_parse(struct options *options, int argc, char *argv[])
{
	int i = 2, used;

	memset(options, 0, sizeof(*options));
	options->mem = OPTIONS_DEFAULT_MEM;
	options->cpus = 1;
	if (argc < 2 || options_parse_command(options, argv[1])) {
		vmm_error("%s: there is no such command; give run, check or stat, or see gzvm-vmm --help",
			  argc < 2 ? "no argument" : argv[1]);
		return -EINVAL;
	}
	for (; i < argc && options->command == COMMAND_STAT; i++)
		if (options_is_help(argv[i]))
			options->command = COMMAND_HELP;
	while (i < argc && options->command != COMMAND_HELP && strcmp(argv[i], "--")) {
		if (options_set_flag(options, argv[i])) {
			i++;
			continue;
		}
		used = options_set_value(options, argc - i, argv + i);
		if (used < 0)
			return used;
		i += used;
	}
	if (options->command != COMMAND_RUN)
		return 0;
	if (!options->kernel) {
		vmm_error("--kernel: is missing; give the path of an arm64 Image");
		return -EINVAL;
	}
	/* "--" itself is not one of the words. */
	i += i < argc;
	return options_finish_cmdline(options, argc - i, argv + i);
}
