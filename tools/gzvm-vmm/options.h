/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command line of gzvm-vmm.
 */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "hv.h"

#define OPTIONS_MAX_DISKS	16
/* arm64's COMMAND_LINE_SIZE. */
#define OPTIONS_MAX_CMDLINE	2048

/* The words of COMMAND_STAT are stat_command()'s. */
enum options_command { COMMAND_HELP, COMMAND_RUN, COMMAND_CHECK, COMMAND_STAT };

struct options_disk {
	char path[4096];
	bool read_only;
};

/**
 * struct options - what the user asks for
 * @command: what to do
 * @hypervisor: name of the back end, or NULL to choose
 * @kernel: path of the guest's kernel
 * @initrd: path of its initrd, or NULL
 * @mem: bytes of memory
 * @cpus: number of vCPUs
 * @serial: the 16550 is the only console
 * @no_reboot: a reset ends the VMM
 * @nodefaults: the command line has nothing but what was asked for
 * @verbose: count what would be too much to report
 * @cmdline: the guest's whole command line
 * @disks: its disks
 * @nr_disks: number of disks
 * @vcpu_affinity: host CPUs of the vCPUs: number n runs on entry n
 * @nr_vcpu_affinity: number of entries; vCPUs beyond them run anywhere
 */
struct options {
	enum options_command command;
	const char *hypervisor;
	const char *kernel;
	const char *initrd;
	uint64_t mem;
	unsigned int cpus;
	bool serial;
	bool no_reboot;
	bool nodefaults;
	bool verbose;
	char cmdline[OPTIONS_MAX_CMDLINE];
	struct options_disk disks[OPTIONS_MAX_DISKS];
	unsigned int nr_disks;
	unsigned int vcpu_affinity[HV_MAX_VCPUS];
	unsigned int nr_vcpu_affinity;
};

int options_parse(struct options *options, int argc, char *argv[]);
int options_parse_size(const char *text, uint64_t *size);
void options_print_help(void);

#endif /* VMM_OPTIONS_H */
