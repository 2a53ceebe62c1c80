// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls on /dev/gzvm from several threads: VMs, vCPUs, memory, eventfds, RUN, closed
 * and reused descriptors.
 *
 *	fuzz [--seed N] [--ops N] [--threads N] [--first N] [--log FILE] [--fail N]
 *
 * What a thread's operation number N does, and with which arguments, follows from the seed, the
 * thread and N alone, whatever came before: descriptors have fixed numbers, too. How the
 * threads interleave does not follow, nor how far a guest gets in RUN before it is kicked.
 * --first N begins with operation N of each thread, to replay the end of a run; --log writes
 * each call.
 *
 * The work is bounded by the number of operations, not by time. Fails when some ioctl never
 * succeeded: then it tests nothing of it.
 *
 * With --fail one of N ioctls finds an allocation, or a copy from or to userspace, that fails
 * (/proc/thread-self/fail-nth). Not so RUN, which fail_test has: it ends by a signal, and a frame
 * on the stack that cannot be read or written is the end of the process.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "gzvm_util.h"

#define MAX_THREADS	8
#define NR_FDS		12
#define FIRST_FD	100
#define POOL_SIZE	(4 * BLOCK)
#define POOL_ADDR	0x400000000UL
#define VALUES_ADDR	0x500000000UL	/* a multiple of 256 MiB */
#define DEBUG		"/sys/kernel/debug/"
/* The longest call has about as many places that can fail. */
#define MAX_NTH		24

enum { DEV, VM, VCPU, EVENT, NR_KINDS };

enum call {
	CREATE_VM, CHECK_EXTENSION, CREATE_VCPU, SET_MEMORY, IRQ_LINE, IRQFD, IOEVENTFD,
	ENABLE_CAP, CREATE_DEVICE, SET_DTB, RUN, GET_REG, SET_REG, NR_CALLS,
};

static const char * const call_names[NR_CALLS] = {
	"CREATE_VM", "CHECK_EXTENSION", "CREATE_VCPU", "SET_USER_MEMORY_REGION", "IRQ_LINE",
	"IRQFD", "IOEVENTFD", "ENABLE_CAP", "CREATE_DEVICE", "SET_DTB_CONFIG", "RUN",
	"GET_ONE_REG", "SET_ONE_REG",
};

struct thread {
	pthread_t thread;
	unsigned int index;
	uint64_t random;
	unsigned long op;
	unsigned int part;
	unsigned long tried[NR_CALLS];
	unsigned long good[NR_CALLS];
	unsigned long faults;
	int nth;
	struct gzvm_vcpu_run run;
	uint64_t *value;
	_Atomic bool done;
};

static unsigned long seed = 1, first, last = 6000;
static FILE *call_log;
static char *pool;
static unsigned int fail_one_in;
static __thread volatile sig_atomic_t failing;
static sigset_t kick_set;
static struct thread threads[MAX_THREADS];

/* Each part of an operation draws from a sequence of its own. The mixing is splitmix64's. */
static void reseed(struct thread *t, unsigned int part)
{
	uint64_t z = (seed + 1) * 0x9e3779b97f4a7c15 ^ (uint64_t)t->index << 56 ^
		     (uint64_t)part << 48 ^ t->op;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	z ^= z >> 31;
	t->random = z ?: 1;
	t->part = part;
}

/* xorshift64* */
static uint64_t random64(struct thread *t)
{
	t->random ^= t->random >> 12;
	t->random ^= t->random << 25;
	t->random ^= t->random >> 27;
	return t->random * 0x2545f4914f6cdd1d;
}

static uint64_t below(struct thread *t, uint64_t limit)
{
	return (random64(t) >> 16) % limit;
}

static bool one_in(struct thread *t, unsigned int n)
{
	return !below(t, n);
}

/* A number with few bits, many bits, or at the edge of something. */
static uint64_t odd_number(struct thread *t)
{
	static const uint64_t edges[] = {
		0, 1, PAGE - 1, PAGE, BLOCK, 1ULL << 31, 1ULL << 32, 1ULL << 40, 1ULL << 48,
		1ULL << 63, ~0ULL, ~0ULL << 12, VM_RAM, VM_GICD,
	};

	switch (below(t, 4)) {
	case 0:
		return random64(t);
	case 1:
		return random64(t) >> below(t, 64);
	default:
		return edges[below(t, sizeof(edges) / sizeof(edges[0]))] +
		       (one_in(t, 3) ? below(t, 3) - 1 : 0);
	}
}

/* Some bytes of a structure that was good. */
static void spoil(struct thread *t, void *data, size_t size)
{
	unsigned char *bytes = data;

	if (!one_in(t, 5))
		return;
	if (one_in(t, 2))
		bytes[below(t, size)] ^= 1 << below(t, 8);
	else
		memcpy(bytes + below(t, size / 8) * 8, &(uint64_t){ odd_number(t) }, 8);
}

static int fixed_fd(unsigned int kind, unsigned int index)
{
	return FIRST_FD + kind * NR_FDS + index;
}

static int any_fd(struct thread *t, unsigned int kind)
{
	/* At times one of a wrong kind, or none. */
	if (one_in(t, 50))
		kind = below(t, NR_KINDS);
	if (one_in(t, 100))
		return (int)odd_number(t);
	return fixed_fd(kind, below(t, NR_FDS));
}

static void put_fd(int place, int fd)
{
	if (fd < 0)
		return;
	if (dup3(fd, place, O_CLOEXEC) < 0)
		abort();
	close(fd);
}

/*
 * Keeps a new descriptor, under a number that another may have, whichever thread uses that at
 * this moment.
 */
static void keep(struct thread *t, unsigned int kind, int fd)
{
	put_fd(fixed_fd(kind, below(t, NR_FDS)), fd);
}

/* One line: thread, operation, part of it, call, and what it is given. */
static void write_log(struct thread *t, enum call which, const char *what, const void *data,
		      size_t size)
{
	char text[1024];
	size_t i, at = 0;

	if (!call_log)
		return;
	for (i = 0; i < size && at + 3 < sizeof(text); i++)
		at += sprintf(text + at, "%02x", ((const unsigned char *)data)[i]);
	text[at] = '\0';
	fprintf(call_log, "%u %lu %u %s %s %s\n", t->index, t->op, t->part, call_names[which], what,
		text);
}

/* The Nth place from here on fails, once. */
static void fail_begin(struct thread *t)
{
	char text[8];
	int size = snprintf(text, sizeof(text), "%u", 1 + (unsigned int)below(t, MAX_NTH));

	pthread_sigmask(SIG_BLOCK, &kick_set, NULL);
	failing = 1;
	if (pwrite(t->nth, text, size, 0) != size)
		abort();
}

/* What was not reached by the call may fail the calls of these two functions. */
static void fail_end(struct thread *t)
{
	char left[8] = "";

	if (pread(t->nth, left, sizeof(left) - 1, 0) > 0 && !atoi(left))
		t->faults++;
	while (pwrite(t->nth, "0", 1, 0) != 1)
		;
	failing = 0;
	pthread_sigmask(SIG_UNBLOCK, &kick_set, NULL);
}

static long call(struct thread *t, enum call which, int fd, unsigned long request, unsigned long arg)
{
	bool fail = fail_one_in && which != RUN && one_in(t, fail_one_in);
	long ret;

	if (fail)
		fail_begin(t);
	ret = gz_ioctl_value(fd, request, arg);
	if (fail)
		fail_end(t);

	t->tried[which]++;
	t->good[which] += ret >= 0;
	return ret;
}

static long call_value(struct thread *t, enum call which, int fd, unsigned long request,
		       unsigned long arg)
{
	write_log(t, which, "value", &arg, sizeof(arg));
	return call(t, which, fd, request, arg);
}

/* A structure where it belongs, or where it must not be. */
static long call_struct(struct thread *t, enum call which, int fd, unsigned long request, void *data,
			size_t size)
{
	uint64_t odd = 0;
	bool bad;

	spoil(t, data, size);
	bad = one_in(t, 60);
	if (bad)
		odd = odd_number(t);
	if (bad)
		write_log(t, which, "at", &odd, sizeof(odd));
	else
		write_log(t, which, "with", data, size);
	return call(t, which, fd, request, bad ? odd : (unsigned long)data);
}

static void do_create_vm(struct thread *t)
{
	long fd = call_value(t, CREATE_VM, any_fd(t, DEV), GZVM_CREATE_VM,
			     one_in(t, 20) ? odd_number(t) : 0);
	struct gzvm_userspace_memory_region region = {
		.flags = 1, .guest_phys_addr = VM_RAM, .memory_size = POOL_SIZE,
		.userspace_addr = (uintptr_t)pool,
	};

	if (fd < 0)
		return;
	/* Most are such that a guest can run. */
	if (!one_in(t, 4)) {
		call(t, SET_MEMORY, fd, GZVM_SET_USER_MEMORY_REGION, (unsigned long)&region);
		gz_device(fd, GZVM_DEV_TYPE_ARM_VGIC_V3_DIST, VM_GICD, 0x10000);
		gz_device(fd, GZVM_DEV_TYPE_ARM_VGIC_V3_REDIST, VM_GICR, 0x20000);
	}
	keep(t, VM, fd);
}

static void do_check_extension(struct thread *t)
{
	static const uint64_t caps[] = { 0xa5, GZVM_CAP_PROTECTED_VM, 0x9201, 0x9202, 0x9203 };
	uint64_t cap = caps[below(t, 5)];

	call_struct(t, CHECK_EXTENSION, any_fd(t, below(t, 2) ? DEV : VM), GZVM_CHECK_EXTENSION, &cap,
		    sizeof(cap));
}

static void do_create_vcpu(struct thread *t)
{
	long fd = call_value(t, CREATE_VCPU, any_fd(t, VM), GZVM_CREATE_VCPU,
			     one_in(t, 20) ? odd_number(t) : below(t, 3));

	if (fd < 0)
		return;
	gz_set_reg(fd, REG_PC, VM_RAM);
	gz_set_reg(fd, REG_PSTATE, PSTATE_EL1H);
	gz_set_reg(fd, REG_X(0), VM_MAILBOX);
	keep(t, VCPU, fd);
}

static void do_memory(struct thread *t)
{
	uint64_t page = below(t, POOL_SIZE / PAGE);
	struct gzvm_userspace_memory_region region = {
		.slot = below(t, 4), .flags = below(t, 2),
		.guest_phys_addr = VM_RAM + below(t, 4) * BLOCK + (one_in(t, 3) ? page * PAGE : 0),
		.memory_size = below(t, POOL_SIZE / PAGE - page) * PAGE,
		.userspace_addr = (uintptr_t)pool + page * PAGE,
	};

	call_struct(t, SET_MEMORY, any_fd(t, VM), GZVM_SET_USER_MEMORY_REGION, &region,
		    sizeof(region));
}

static void do_irq_line(struct thread *t)
{
	struct gzvm_irq_level irq = {
		.irq = IRQ_WORD(below(t, 3), below(t, 2), below(t, 64)), .level = below(t, 2),
	};

	call_struct(t, IRQ_LINE, any_fd(t, VM), GZVM_IRQ_LINE, &irq, sizeof(irq));
}

static void do_irqfd(struct thread *t)
{
	struct gzvm_irqfd irqfd = {
		.fd = any_fd(t, EVENT), .gsi = below(t, 40), .flags = below(t, 4),
		.resamplefd = any_fd(t, EVENT),
	};

	call_struct(t, IRQFD, any_fd(t, VM), GZVM_IRQFD, &irqfd, sizeof(irqfd));
}

static void do_ioeventfd(struct thread *t)
{
	struct gzvm_ioeventfd io = {
		.addr = VM_MAILBOX + below(t, 4) * 8, .len = (1 << below(t, 4)) & ~1,
		.fd = any_fd(t, EVENT), .flags = below(t, 8) & ~GZVM_IOEVENTFD_FLAG_PIO,
		.datamatch = below(t, 4),
	};

	call_struct(t, IOEVENTFD, any_fd(t, VM), GZVM_IOEVENTFD, &io, sizeof(io));
}

static void do_enable_cap(struct thread *t)
{
	static const uint64_t caps[] = { 0x9201, 0x9202, 0x9203, GZVM_CAP_PROTECTED_VM, 0x9204 };
	struct gzvm_enable_cap cap = {
		.cap = caps[below(t, 5)], .args = { below(t, 4), odd_number(t) },
	};

	call_struct(t, ENABLE_CAP, any_fd(t, VM), GZVM_ENABLE_CAP, &cap, sizeof(cap));
}

static void do_create_device(struct thread *t)
{
	struct gzvm_create_device dev = {
		.dev_type = below(t, 2), .dev_addr = VM_GICD + below(t, 16) * 0x10000,
		.dev_reg_size = 0x10000 << below(t, 2), .attr_addr = (uintptr_t)pool,
		.attr_size = below(t, 2) * 64,
	};

	call_struct(t, CREATE_DEVICE, any_fd(t, VM), GZVM_CREATE_DEVICE, &dev, sizeof(dev));
}

static void do_dtb(struct thread *t)
{
	struct gzvm_dtb_config dtb = { VM_RAM + below(t, 8) * BLOCK, PAGE };

	call_struct(t, SET_DTB, any_fd(t, VM), GZVM_SET_DTB_CONFIG, &dtb, sizeof(dtb));
}

static void do_run(struct thread *t)
{
	int fd = any_fd(t, VCPU), i;

	/* The guest asks its mailbox what to do; the answer is anything. */
	for (i = 0; i < 8; i++) {
		struct gzvm_vcpu_run *run = &t->run;
		uint8_t head[4] = {};

		/* What the guest does between two calls is not ours to know. */
		reseed(t, 1 + i);
		head[0] = one_in(t, 30);
		if (one_in(t, 50))
			head[1 + below(t, 3)] = 1;
		if (one_in(t, 60)) {
			call_value(t, RUN, fd, GZVM_RUN, odd_number(t));
			return;
		}
		write_log(t, RUN, "with", head, sizeof(head));
		memcpy(&run->immediate_exit, head, sizeof(head));
		if (call(t, RUN, fd, GZVM_RUN, (unsigned long)run) < 0)
			return;
		if (run->exit_reason == GZVM_EXIT_MMIO && !run->mmio.is_write) {
			uint64_t value = one_in(t, 2) ? VM_RAM + below(t, POOL_SIZE) : odd_number(t);

			if (run->mmio.phys_addr == VM_MAILBOX)
				value = below(t, GUEST_TIMER_OFF + 1);
			memcpy(run->mmio.data, &value, 8);
		}
		spoil(t, &run->mmio, sizeof(run->mmio));
	}
}

static void do_reg(struct thread *t)
{
	bool sysreg = one_in(t, 3);
	struct gzvm_one_reg reg = {
		.id = sysreg ? REG_SYS(3, below(t, 4), below(t, 16), below(t, 16), below(t, 8)) :
			       GZVM_REG_CORE_U64(below(t, 42) * 8),
		.addr = (uintptr_t)t->value,
	};

	*t->value = one_in(t, 2) ? VM_RAM : odd_number(t);
	/* QEMU 7.2 itself hangs for good on a timer that is due at the end of time. */
	if (sysreg)
		*t->value &= ~0ULL >> 2;
	if (one_in(t, 2))
		call_struct(t, GET_REG, any_fd(t, VCPU), GZVM_GET_ONE_REG, &reg, sizeof(reg));
	else
		call_struct(t, SET_REG, any_fd(t, VCPU), GZVM_SET_ONE_REG, &reg, sizeof(reg));
}

/* The pool may be read-only at this moment: an error then, no signal. */
static void put_code(void)
{
	struct iovec from = { (void *)guest_code, guest_code_end - guest_code };
	struct iovec to = { pool, from.iov_len };

	if (process_vm_writev(getpid(), &from, 1, &to, 1, 0) < 0)
		return;
}

/* What is not an ioctl: the pool's pages, eventfds, descriptors. */
static void do_other(struct thread *t)
{
	uint64_t one = 1, page = below(t, POOL_SIZE / PAGE), count;
	size_t pages = 1 + below(t, 16);
	int fd;

	switch (below(t, 8)) {
	case 0:
		if (page + pages <= POOL_SIZE / PAGE)
			madvise(pool + page * PAGE, pages * PAGE, MADV_DONTNEED);
		break;
	case 1:
		if (page + pages <= POOL_SIZE / PAGE)
			mprotect(pool + page * PAGE, pages * PAGE,
				 PROT_READ | (one_in(t, 3) ? 0 : PROT_WRITE));
		break;
	case 2:
		/* A hole is a moment only: all threads use the pool. */
		if (page + pages <= POOL_SIZE / PAGE)
			mmap(pool + page * PAGE, pages * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 3:
		keep(t, EVENT, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
		break;
	case 4:
		keep(t, DEV, gz_open());
		break;
	case 5:
		fd = dup(any_fd(t, VCPU));
		if (fd >= 0)
			close(fd);
		break;
	default:
		/* Whatever the descriptor is by now: only an eventfd takes it. */
		fd = fixed_fd(EVENT, below(t, NR_FDS));
		if (one_in(t, 2) ? write(fd, &one, sizeof(one)) : read(fd, &count, sizeof(count)))
			break;
	}
	if (one_in(t, 16))
		mprotect(pool, POOL_SIZE, PROT_READ | PROT_WRITE);
	if (one_in(t, 16))
		put_code();
}

static void (* const actions[])(struct thread *t) = {
	do_create_vm, do_check_extension, do_create_vcpu, do_create_vcpu, do_memory, do_irq_line,
	do_irqfd, do_ioeventfd, do_enable_cap, do_create_device, do_dtb, do_run, do_run, do_run,
	do_reg, do_reg, do_other, do_other,
};

static void *fuzz_thread(void *arg)
{
	struct thread *t = arg;
	unsigned int action;

	t->nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	for (t->op = first; t->op < last; t->op++) {
		reseed(t, 0);
		action = below(t, sizeof(actions) / sizeof(actions[0]));
		if (call_log)
			fprintf(call_log, "%u %lu 0 action %u\n", t->index, t->op, action);
		actions[action](t);
	}
	t->done = true;
	return NULL;
}

/*
 * Where GET_ONE_REG writes. Its address gets bits flipped, so that nothing else may be near:
 * all that differs in the low 28 bits is reserved.
 */
static bool reserve_values(unsigned int count)
{
	const size_t span = 256UL << 20;
	char *area = mmap((void *)VALUES_ADDR, span, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	unsigned int i;

	if (area == MAP_FAILED ||
	    mprotect(area + span / 2, count * PAGE, PROT_READ | PROT_WRITE))
		return false;
	for (i = 0; i < count; i++)
		threads[i].value = (uint64_t *)(area + span / 2 + i * PAGE);
	return true;
}

/* The kernel's own copy on the way back (rseq) was the one to fail. Anything else is real. */
static void not_delivered(int signal, siginfo_t *info, void *context)
{
	const struct sigaction real = { .sa_handler = SIG_DFL };

	if (!failing || info->si_code != SI_KERNEL)
		sigaction(signal, &real, NULL);
}

/* Nothing to do: the signal itself ends RUN. */
static void nothing(int signal)
{
}

static unsigned long number(const char *text)
{
	return strtoul(text, NULL, 0);
}

/* Ends each RUN that would last: the guest spins, or sleeps for good. */
static void kick_until_done(unsigned int count)
{
	unsigned int i, running;

	do {
		usleep(3000);
		running = 0;
		for (i = 0; i < count; i++) {
			if (threads[i].done)
				continue;
			running++;
			threads[i].run.immediate_exit = 1;
			pthread_kill(threads[i].thread, KICK_SIGNAL);
		}
	} while (running);
}

/* All kinds of allocations, not those alone that must not sleep. */
static bool fail_setup(void)
{
	const struct sigaction action = { .sa_sigaction = not_delivered, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	sigemptyset(&kick_set);
	sigaddset(&kick_set, KICK_SIGNAL);
	return !write_file(DEBUG "failslab/ignore-gfp-wait", "N") &&
	       !write_file(DEBUG "failslab/verbose", "0") &&
	       !write_file(DEBUG "fail_page_alloc/ignore-gfp-wait", "N") &&
	       !write_file(DEBUG "fail_page_alloc/min-order", "0") &&
	       !write_file(DEBUG "fail_page_alloc/verbose", "0") &&
	       !write_file(DEBUG "fail_usercopy/verbose", "0");
}

static int report_faults(unsigned int count)
{
	unsigned long faults = 0;
	unsigned int i;

	for (i = 0; i < count; i++)
		faults += threads[i].faults;
	printf("# %lu calls had a fault\n%sok %u faults\n", faults, faults ? "" : "not ",
	       NR_CALLS + 1);
	return !faults;
}

static int report(unsigned int count)
{
	int failed = 0;
	unsigned int i, call;

	printf("TAP version 13\n1..%d\n", NR_CALLS + !!fail_one_in);
	for (call = 0; call < NR_CALLS; call++) {
		unsigned long tried = 0, good = 0;

		for (i = 0; i < count; i++) {
			tried += threads[i].tried[call];
			good += threads[i].good[call];
		}
		failed += !good;
		printf("# %s: %lu of %lu succeeded\n%sok %u %s\n", call_names[call], good, tried,
		       good ? "" : "not ", call + 1, call_names[call]);
	}
	if (fail_one_in)
		failed += report_faults(count);
	return failed;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' }, { "ops", required_argument, NULL, 'o' },
		{ "threads", required_argument, NULL, 't' },
		{ "fail", required_argument, NULL, 'f' },
		{ "first", required_argument, NULL, 'b' },
		{ "log", required_argument, NULL, 'l' }, {},
	};
	unsigned long count = 2;
	unsigned int i, kind;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			seed = number(optarg);
			break;
		case 'o':
			last = number(optarg);
			break;
		case 't':
			count = number(optarg);
			break;
		case 'f':
			fail_one_in = number(optarg);
			break;
		case 'b':
			first = number(optarg);
			break;
		case 'l':
			call_log = fopen(optarg, "we");
			if (!call_log) {
				perror("fuzz: --log");
				return 2;
			}
			break;
		default:
			return 2;
		}
	}
	if (!count || count > MAX_THREADS) {
		fprintf(stderr, "fuzz: --threads is 1 to %d\n", MAX_THREADS);
		return 2;
	}
	if (fail_one_in && !fail_setup()) {
		fprintf(stderr, "fuzz: --fail: the kernel has no fault injection\n");
		return 2;
	}
	last /= count;
	printf("# seed %lu, operations %lu to %lu of each of %lu threads\n", seed, first, last,
	       count);
	fflush(stdout);
	kick_setup(nothing, 0);
	pool = mmap((void *)POOL_ADDR, POOL_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (pool == MAP_FAILED || !reserve_values(count)) {
		perror("fuzz: memory");
		return 2;
	}
	memcpy(pool, guest_code, guest_code_end - guest_code);
	for (kind = 0; kind < NR_KINDS; kind++)
		for (i = 0; i < NR_FDS; i++)
			if (kind == DEV || kind == EVENT)
				put_fd(fixed_fd(kind, i), kind == DEV ? gz_open() :
				       eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	for (i = 0; i < count; i++) {
		threads[i].index = i;
		pthread_create(&threads[i].thread, NULL, fuzz_thread, &threads[i]);
	}
	kick_until_done(count);
	for (i = 0; i < count; i++)
		pthread_join(threads[i].thread, NULL);
	for (kind = 0; kind < NR_KINDS; kind++)
		for (i = 0; i < NR_FDS; i++)
			close(fixed_fd(kind, i));
	if (call_log && fclose(call_log)) {
		perror("fuzz: --log");
		return 2;
	}
	return report(count) ? 1 : 0;
}
