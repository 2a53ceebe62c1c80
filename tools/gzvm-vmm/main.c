// SPDX-License-Identifier: GPL-2.0-only
/*
 * gzvm-vmm: a virtual machine monitor for GenieZone.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "machine.h"
#include "options.h"
#include "stat.h"
#include "util.h"

/* Statuses of the process. */
enum { STATUS_OK = 0, STATUS_ERROR = 2, STATUS_RESET = 3, STATUS_CRASHED = 4 };

/**
 * struct vmm - the process
 * @loop: loop of the main thread
 * @term: standard input and output
 * @machine: the guest, while there is one
 * @signal_fd: window size changes and stops
 */
struct vmm {
	struct loop loop;
	struct terminal term;
	struct machine *machine;
	int signal_fd;
};

/* Stops as the user wants, with the terminal as the shell expects it. */
static void vmm_suspend(struct vmm *vmm)
{
	terminal_restore(&vmm->term);
	raise(SIGSTOP);
	terminal_raw(&vmm->term);
}

static void vmm_signalled(void *context)
{
	struct vmm *vmm = context;
	struct signalfd_siginfo info;

	if (read(vmm->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGTSTP)
		vmm_suspend(vmm);
	if (vmm->machine)
		machine_resized(vmm->machine);
}

static void vmm_quit(void *context)
{
	struct vmm *vmm = context;

	if (vmm->machine)
		machine_quit(vmm->machine);
}

static int vmm_init(struct vmm *vmm)
{
	sigset_t signals;
	int err;

	memset(vmm, 0, sizeof(*vmm));
	/* Before there are threads: they inherit the mask. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGWINCH);
	sigaddset(&signals, SIGTSTP);
	if (sigprocmask(SIG_BLOCK, &signals, NULL))
		return -errno;
	vmm->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (vmm->signal_fd < 0)
		return -errno;
	err = loop_init(&vmm->loop);
	if (!err)
		err = loop_add(&vmm->loop, vmm->signal_fd, vmm_signalled, vmm);
	if (!err)
		err = terminal_init(&vmm->term, STDIN_FILENO, STDOUT_FILENO, &vmm->loop);
	if (!err)
		terminal_set_quit(&vmm->term, vmm_quit, vmm);
	return err;
}

static void vmm_report_unclaimed(struct machine *machine)
{
	unsigned long long n = atomic_load(&machine->bus.unclaimed);

	if (machine->options->verbose && n)
		vmm_error("guest: accessed addresses without a device %llu times, last 0x%llx; "
			  "they read as zero", n, atomic_load(&machine->bus.last_unclaimed));
}

/* One life of the guest after the other. Return: the process's status. */
static int vmm_run_machine(struct vmm *vmm, const struct options *options)
{
	struct machine *machine = machine_create(options, &vmm->term, &vmm->loop);
	enum machine_end end;
	int err = 0, status = STATUS_OK;

	if (!machine)
		return STATUS_ERROR;
	vmm->machine = machine;
	terminal_raw(&vmm->term);
	do {
		end = machine_run(machine);
		if (end != MACHINE_RESET || options->no_reboot)
			break;
		err = machine_reset(machine);
	} while (!err);
	terminal_restore(&vmm->term);
	/*
	 * What still waits for its output to be read ends with the process. There is nothing
	 * else to be saved: what the guest wrote to its disks is with the host's kernel.
	 */
	if (end == MACHINE_QUIT)
		_exit(STATUS_OK);
	vmm->machine = NULL;
	vmm_report_unclaimed(machine);
	if (end == MACHINE_RESET) {
		status = err ? STATUS_ERROR : STATUS_RESET;
	} else if (end == MACHINE_CRASHED) {
		vmm_error("hypervisor ended the guest: %s", machine->end_text);
		status = STATUS_CRASHED;
	} else if (end == MACHINE_FAILED) {
		vmm_error("guest: can't be run on: %s; see the host's log (dmesg)",
			  machine->end_text);
		status = STATUS_ERROR;
	}
	machine_destroy(machine);
	return status;
}

static int vmm_run(const struct options *options)
{
	struct vmm vmm;
	int status, err = vmm_init(&vmm);

	if (err) {
		vmm_error("start: %s; raise the limit of open files (ulimit -n)", strerror(-err));
		return STATUS_ERROR;
	}
	status = vmm_run_machine(&vmm, options);
	terminal_destroy(&vmm.term);
	loop_destroy(&vmm.loop);
	vmm_close(&vmm.signal_fd);
	return status;
}

static int vmm_check(const struct options *options)
{
	struct hv hv;
	int err = hv_open(&hv, hv_find(options->hypervisor));

	if (!err)
		hv.ops->print_info(&hv);
	hv_close(&hv);
	return err ? STATUS_ERROR : STATUS_OK;
}

/* Descriptors 0 to 2 that the caller left closed must not become something else. */
static void vmm_fill_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	vmm_close(&fd);
}

int main(int argc, char *argv[])
{
	static struct options options;
	int status = STATUS_OK;

	vmm_fill_descriptors();
	if (options_parse(&options, argc, argv))
		return STATUS_ERROR;
	switch (options.command) {
	case COMMAND_HELP:
		options_print_help();
		break;
	case COMMAND_CHECK:
		status = vmm_check(&options);
		break;
	case COMMAND_RUN:
		status = vmm_run(&options);
		break;
	case COMMAND_STAT:
		status = stat_command(argc - 2, argv + 2, STAT_ROOT);
		break;
	}
	if (fflush(stdout) || ferror(stdout)) {
		vmm_error("standard output: %s; check where it goes", strerror(errno));
		status = status ? status : STATUS_ERROR;
	}
	return status;
}
