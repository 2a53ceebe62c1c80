// SPDX-License-Identifier: GPL-2.0-only
/*
 * protect PID MIB: make a running process call mprotect(PROT_NONE) on its first private mapping of
 * that many MiB or more, as if it had done so itself. A guest in that memory has none from then on.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define INSN_SVC	0xd4000001L

static int fail(const char *what)
{
	fprintf(stderr, "protect: %s: %s\n", what, strerror(errno));
	return 1;
}

/* Return: 0 and the mapping, or -1. */
static int mapping(int pid, unsigned long size, unsigned long *start, unsigned long *end)
{
	char path[64], line[512];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	if (!maps)
		return -1;
	errno = ENOENT;
	while (fgets(line, sizeof(line), maps)) {
		char mode[8];

		if (sscanf(line, "%lx-%lx %7s", start, end, mode) == 3 && !strcmp(mode, "rw-p") &&
		    *end - *start >= size) {
			fclose(maps);
			return 0;
		}
	}
	fclose(maps);
	return -1;
}

/* An instruction of the vDSO's, which has a system call of its own: SVC, or 0. */
static unsigned long find_svc(int pid)
{
	unsigned long start = 0, end = 0;
	char path[64], line[512];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	if (!maps)
		return 0;
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "[vdso]"))
			sscanf(line, "%lx-%lx", &start, &end);
	fclose(maps);
	for (; start < end; start += 4) {
		errno = 0;
		if ((ptrace(PTRACE_PEEKTEXT, pid, start, NULL) & 0xffffffffL) == INSN_SVC && !errno)
			return start;
	}
	return 0;
}

int main(int argc, char *argv[])
{
	int pid = argc > 2 ? atoi(argv[1]) : 0, status;
	unsigned long start, end, svc;
	struct user_regs_struct regs, old;
	struct iovec iov = { &regs, sizeof(regs) };

	if (pid <= 0 || mapping(pid, strtoul(argv[2], NULL, 10) << 20, &start, &end))
		return fail("mapping");
	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) || waitpid(pid, &status, __WALL) != pid)
		return fail("attach");
	svc = find_svc(pid);
	if (!svc || ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov))
		return fail("registers");
	old = regs;
	regs.pc = svc;
	regs.regs[8] = SYS_mprotect;
	regs.regs[0] = start;
	regs.regs[1] = end - start;
	regs.regs[2] = 0;
	if (ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov) ||
	    ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) || waitpid(pid, &status, __WALL) != pid ||
	    !WIFSTOPPED(status) || ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov))
		return fail("mprotect");
	printf("%lx-%lx: %ld\n", start, end, (long)regs.regs[0]);
	status = regs.pc == svc + 4 && !regs.regs[0] ? 0 : 1;
	regs = old;
	if (ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov) || ptrace(PTRACE_DETACH, pid, NULL, NULL))
		return fail("detach");
	return status;
}
