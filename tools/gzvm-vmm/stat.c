// SPDX-License-Identifier: GPL-2.0-only
/*
 * gzvm-vmm stat: counters of all VMs or of those of one process, from the driver's folder in
 * debugfs (Documentation/ABI/testing/debugfs-gzvm): once, or every second with the change.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hv.h"
#include "stat.h"
#include "util.h"

/* Names that one vCPU has; the driver has some 30. */
#define STAT_MAX_COUNTERS	64

enum { STATUS_OK = 0, STATUS_ERROR = 2 };

struct stat_counter {
	char name[32];
	uint64_t value;
};

struct stat_vcpu {
	bool exists;
	unsigned int nr_counters;
	struct stat_counter counters[STAT_MAX_COUNTERS];
};

/**
 * struct stat_vm - one VM
 * @pid: process that made it
 * @id: the hypervisor's number
 * @pages: pages of 4 KiB that it has
 * @blocks: blocks of 2 MiB that these form
 * @vcpus: by index
 */
struct stat_vm {
	unsigned int pid;
	unsigned int id;
	uint64_t pages;
	uint64_t blocks;
	struct stat_vcpu vcpus[HV_MAX_VCPUS];
};

/* All VMs at one moment. */
struct stat_sample {
	struct timespec time;
	struct stat_vm *vms;
	unsigned int nr_vms;
};

struct stat_options {
	const char *root;
	unsigned int pid; /* 0: all */
	bool once;
	bool json;
};

static FILE *stat_open(const char *root, const struct stat_vm *vm, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%u-%u/%s", root, vm->pid, vm->id, name);
	return fopen(path, "re");
}

static uint64_t stat_number(const char *root, const struct stat_vm *vm, const char *name)
{
	unsigned long long value = 0;
	FILE *file = stat_open(root, vm, name);

	if (!file)
		return 0;
	if (fscanf(file, "%llu", &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

/* Returns false if the VM has ended meanwhile. */
static bool stat_read_vm(const char *root, struct stat_vm *vm)
{
	FILE *file = stat_open(root, vm, "exits");
	unsigned long long value;
	unsigned int index;
	char line[128], name[32];

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		struct stat_vcpu *vcpu;

		if (sscanf(line, "%u %31s %llu", &index, name, &value) != 3 ||
		    index >= HV_MAX_VCPUS)
			continue;
		vcpu = &vm->vcpus[index];
		vcpu->exists = true;
		if (vcpu->nr_counters == STAT_MAX_COUNTERS)
			continue;
		memcpy(vcpu->counters[vcpu->nr_counters].name, name, sizeof(name));
		vcpu->counters[vcpu->nr_counters++].value = value;
	}
	fclose(file);
	vm->pages = stat_number(root, vm, "stage2_pages");
	vm->blocks = stat_number(root, vm, "stage2_blocks");
	return true;
}

static int stat_compare(const void *a, const void *b)
{
	const struct stat_vm *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static int stat_add_vm(const struct stat_options *options, struct stat_sample *sample,
		       const char *folder)
{
	struct stat_vm vm = {}, *vms;
	char end;

	if (sscanf(folder, "%u-%u%c", &vm.pid, &vm.id, &end) != 2 ||
	    (options->pid && vm.pid != options->pid) || !stat_read_vm(options->root, &vm))
		return 0;
	vms = realloc(sample->vms, (sample->nr_vms + 1) * sizeof(*vms));
	if (!vms)
		return -ENOMEM;
	sample->vms = vms;
	vms[sample->nr_vms++] = vm;
	return 0;
}

static int stat_take(const struct stat_options *options, struct stat_sample *sample)
{
	DIR *dir = opendir(options->root);
	struct dirent *entry;
	int err = 0;

	memset(sample, 0, sizeof(*sample));
	if (!dir) {
		err = -errno;
		vmm_error("%s: %s; %s", options->root, strerror(-err), err == -EACCES ?
			  "run gzvm-vmm stat as root" :
			  "load gzvm.ko and mount debugfs (mount -t debugfs none /sys/kernel/debug)");
		return err;
	}
	clock_gettime(CLOCK_MONOTONIC, &sample->time);
	while (!err && (entry = readdir(dir)))
		err = stat_add_vm(options, sample, entry->d_name);
	closedir(dir);
	if (err) /* not reached: needs an allocation that fails */
		vmm_error("statistics: %s; free some memory and try again", strerror(-err));
	else if (sample->nr_vms)
		qsort(sample->vms, sample->nr_vms, sizeof(*sample->vms), stat_compare);
	return err;
}

static const struct stat_vm *stat_find(const struct stat_sample *sample,
				       const struct stat_vm *like)
{
	if (!sample->nr_vms)
		return NULL;
	return bsearch(like, sample->vms, sample->nr_vms, sizeof(*like), stat_compare);
}

static uint64_t stat_value(const struct stat_vcpu *vcpu, const char *name)
{
	for (unsigned int i = 0; i < vcpu->nr_counters; i++)
		if (!strcmp(vcpu->counters[i].name, name))
			return vcpu->counters[i].value;
	return 0;
}

/* Counters that are not 0; with @old also how much they grew each second. */
static void stat_print_vcpu(const struct stat_vcpu *vcpu, const struct stat_vcpu *old,
			    unsigned int index, double seconds)
{
	for (unsigned int i = 0; i < vcpu->nr_counters; i++) {
		const struct stat_counter *c = &vcpu->counters[i];

		if (!c->value)
			continue;
		printf("  vcpu %u  %-16s %12llu", index, c->name, (unsigned long long)c->value);
		if (old)
			printf(" %12.0f/s", (c->value - stat_value(old, c->name)) / seconds);
		putchar('\n');
	}
}

static void stat_print(const struct stat_sample *sample, const struct stat_sample *old)
{
	double seconds = (sample->time.tv_sec - old->time.tv_sec) +
			 (sample->time.tv_nsec - old->time.tv_nsec) / 1e9;

	for (unsigned int i = 0; i < sample->nr_vms; i++) {
		const struct stat_vm *vm = &sample->vms[i], *before = stat_find(old, vm);

		printf("process %u, VM %u: %llu pages, %llu blocks of 2 MiB\n", vm->pid, vm->id,
		       (unsigned long long)vm->pages, (unsigned long long)vm->blocks);
		for (unsigned int n = 0; n < HV_MAX_VCPUS; n++)
			if (vm->vcpus[n].exists)
				stat_print_vcpu(&vm->vcpus[n], before ? &before->vcpus[n] : NULL,
						n, seconds);
	}
	if (!sample->nr_vms)
		printf("no VM\n");
}

static void stat_print_json(const struct stat_sample *sample)
{
	printf("{\"vms\":[");
	for (unsigned int i = 0; i < sample->nr_vms; i++) {
		const struct stat_vm *vm = &sample->vms[i];
		const char *comma = "";

		printf("%s{\"pid\":%u,\"vm\":%u,\"stage2_pages\":%llu,\"stage2_blocks\":%llu,"
		       "\"vcpus\":[", i ? "," : "", vm->pid, vm->id,
		       (unsigned long long)vm->pages, (unsigned long long)vm->blocks);
		for (unsigned int n = 0; n < HV_MAX_VCPUS; n++) {
			const struct stat_vcpu *vcpu = &vm->vcpus[n];

			if (!vcpu->exists)
				continue;
			printf("%s{\"vcpu\":%u", comma, n);
			for (unsigned int c = 0; c < vcpu->nr_counters; c++)
				printf(",\"%s\":%llu", vcpu->counters[c].name,
				       (unsigned long long)vcpu->counters[c].value);
			printf("}");
			comma = ",";
		}
		printf("]}");
	}
	printf("]}\n");
}

static int stat_loop(const struct stat_options *options)
{
	struct stat_sample sample, old = {};
	bool screen = isatty(STDOUT_FILENO);
	int err;

	for (;;) {
		err = stat_take(options, &sample);
		if (err)
			break;
		if (options->pid && !sample.nr_vms) {
			/* The process that was watched has ended: so does this. */
			if (!old.time.tv_sec) {
				vmm_error("process %u: it has no VM; give the PID of a gzvm-vmm, or none",
					  options->pid);
				err = -ESRCH;
			}
			break;
		}
		if (!options->json && !options->once && screen)
			fputs("\033[H\033[J", stdout);
		if (options->json)
			stat_print_json(&sample);
		else
			stat_print(&sample, &old);
		if (options->once || fflush(stdout))
			break;
		free(old.vms);
		old = sample;
		sleep(1);
	}
	free(old.vms);
	free(sample.vms);
	return err ? STATUS_ERROR : STATUS_OK;
}

/**
 * stat_command() - gzvm-vmm stat
 * @argc: number of words behind "stat"
 * @argv: the words: [PID] [--once] [--json]
 * @root: the driver's folder
 *
 * Return: the process's status.
 */
int stat_command(int argc, char *argv[], const char *root)
{
	struct stat_options options = { .root = root };

	for (int i = 0; i < argc; i++) {
		unsigned long pid;
		char *end;

		if (!strcmp(argv[i], "--once")) {
			options.once = true;
		} else if (!strcmp(argv[i], "--json")) {
			options.json = true;
		} else {
			pid = strtoul(argv[i], &end, 10);
			if (argv[i][0] < '1' || argv[i][0] > '9' || *end || pid > INT32_MAX ||
			    options.pid) {
				vmm_error("%s: stat has no such option; give [PID] [--once] [--json]",
					  argv[i]);
				return STATUS_ERROR;
			}
			options.pid = pid;
		}
	}
	return stat_loop(&options);
}
