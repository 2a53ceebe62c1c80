// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers stay private: a VMM of its own that has a known value in every register it may
 * have in one when it calls RUN, with two guests in turn that do so too; and, where the CPU has
 * SVE, a thread for each CPU with known vectors, which is interrupted while a guest runs.
 *
 * usage: canary ROUNDS
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/gzvm.h>

#define GUEST_MEM	0x80000000ul
#define GUEST_SIZE	(2ul << 20)
#define GUESTS		2
#define THREADS		2
#define SVE_MAX		(34 * 256)

/* canary_regs.S knows the offsets. */
struct canary {
	uint64_t x[32];
	uint64_t v[64];
	uint64_t fpcr;
};

long canary_ioctl(const struct canary *in, struct canary *out, int fd, unsigned long request,
		  void *arg);
void canary_sve(const void *in, void *out, unsigned long spins);
unsigned long canary_vl(void);
extern char canary_guest[], canary_guest_end[];

static volatile int stop;
static unsigned long sve_bad, sve_rounds;

static void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static void *sve_thread(void *seed)
{
	static _Thread_local unsigned char in[SVE_MAX] __attribute__((aligned(16)));
	static _Thread_local unsigned char out[SVE_MAX] __attribute__((aligned(16)));
	unsigned int n = (uintptr_t)seed;

	while (!stop) {
		unsigned long vl = canary_vl(), size = 32 * vl + 17 * vl / 8;

		for (unsigned long i = 0; i < size; i++)
			in[i] = (n = n * 1103515245 + 12345) >> 16;
		/* FFR is a row of ones, then of zeros. */
		memset(in + 32 * vl + 16 * vl / 8, 0, vl / 8);
		memset(in + 32 * vl + 16 * vl / 8, 0xff, vl / 16);
		memset(out, 0, size);
		canary_sve(in, out, 3000000);
		if (memcmp(in, out, size))
			__atomic_fetch_add(&sve_bad, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&sve_rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static int make_vcpu(int dev, struct gzvm_vcpu_run *run, uint64_t x0)
{
	struct gzvm_userspace_memory_region region = {
		.flags = GZVM_USER_MEM_REGION_GUEST_MEM, .guest_phys_addr = GUEST_MEM,
		.memory_size = GUEST_SIZE,
	};
	uint64_t pc = GUEST_MEM, pstate = 0x3c5;
	struct gzvm_one_reg regs[] = {
		{ GZVM_REG_CORE_U64(GZVM_CORE_PC), (uintptr_t)&pc },
		{ GZVM_REG_CORE_U64(GZVM_CORE_PSTATE), (uintptr_t)&pstate },
		{ GZVM_REG_CORE_U64(GZVM_CORE_X(0)), (uintptr_t)&x0 },
	};
	void *memory = mmap(NULL, GUEST_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	int vm, vcpu;

	if (memory == MAP_FAILED)
		die("mmap");
	memcpy(memory, canary_guest, canary_guest_end - canary_guest);
	__builtin___clear_cache(memory, (char *)memory + GUEST_SIZE);
	region.userspace_addr = (uintptr_t)memory;
	vm = ioctl(dev, GZVM_CREATE_VM, 0);
	if (vm < 0 || ioctl(vm, GZVM_SET_USER_MEMORY_REGION, &region))
		die("VM");
	vcpu = ioctl(vm, GZVM_CREATE_VCPU, 0);
	if (vcpu < 0)
		die("vCPU");
	for (unsigned int i = 0; i < 3; i++)
		if (ioctl(vcpu, GZVM_SET_ONE_REG, &regs[i]))
			die("GZVM_SET_ONE_REG");
	memset(run, 0, sizeof(*run));
	return vcpu;
}

/* How many registers changed over a RUN. */
static unsigned int compare(const struct canary *in, const struct canary *out)
{
	unsigned int bad = 0;

	for (unsigned int i = 3; i < 31; i++)
		bad += i != 8 && in->x[i] != out->x[i];
	for (unsigned int i = 0; i < 64; i++)
		bad += in->v[i] != out->v[i];
	return bad + (in->fpcr != out->fpcr);
}

/*
 * One RUN with canaries. Return: what the guest has written, to the address it was told; an exit
 * that is no such write, or a register that changed in the guest, ends the program.
 */
static uint64_t run_guest(int vcpu, struct gzvm_vcpu_run *run, unsigned long round,
			  unsigned long *bad)
{
	static struct canary in, out;
	uint64_t word, thread_pointer, then;

	for (unsigned int i = 0; i < 32; i++)
		in.x[i] = 0x1057000000000000 + (round << 8) + i;
	for (unsigned int i = 0; i < 64; i++)
		in.v[i] = 0x1057f00000000000 + (round << 8) + i;
	in.fpcr = (round & 3) << 22;
	__asm__ volatile("mrs %0, tpidr_el0" : "=r"(thread_pointer));
	if (canary_ioctl(&in, &out, vcpu, GZVM_RUN, run) < 0)
		die("GZVM_RUN");
	__asm__ volatile("mrs %0, tpidr_el0" : "=r"(then));
	*bad += compare(&in, &out) + (then != thread_pointer);
	if (run->exit_reason != GZVM_EXIT_MMIO || !run->mmio.is_write) {
		printf("exit %x\n", run->exit_reason);
		exit(1);
	}
	memcpy(&word, run->mmio.data, 8);
	if (run->mmio.phys_addr == 0x1008) {
		printf("guest: %s register changed, after %lu rounds\n",
		       word == 1 ? "its first" : word == 2 ? "a general" :
		       word == 3 ? "a vector" : "a system", round);
		exit(1);
	}
	return word;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000, bad = 0;
	bool sve = getauxval(AT_HWCAP) & (1ul << 22);
	int dev = open("/dev/gzvm", O_RDWR | O_CLOEXEC), vcpu[GUESTS];
	static struct gzvm_vcpu_run run[GUESTS];
	uint64_t hidden[GUESTS], word[GUESTS] = {};
	pthread_t threads[THREADS];

	if (dev < 0)
		die("/dev/gzvm");
	for (unsigned int i = 0; sve && i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, sve_thread, (void *)(uintptr_t)(i + 1)))
			die("thread");
	/* The first has written all of its registers when the next one is made. */
	for (unsigned int g = 0; g < GUESTS; g++) {
		vcpu[g] = make_vcpu(dev, &run[g], 0x5a5a + g);
		hidden[g] = run_guest(vcpu[g], &run[g], 0, &bad);
		word[g] = run_guest(vcpu[g], &run[g], 0, &bad);
	}
	for (unsigned long n = 1; n < rounds; n++)
		for (unsigned int g = 0; g < GUESTS; g++)
			word[g] = run_guest(vcpu[g], &run[g], n, &bad);
	stop = 1;
	for (unsigned int i = 0; sve && i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%lu rounds, %lu and %lu of them seen by the guests, %lu registers changed, SVE: %lu of %lu\n",
	       rounds, (unsigned long)word[0], (unsigned long)word[1], bad, sve_bad, sve_rounds);
	printf("the guests reach, each its own:%s%s\n", hidden[0] & 1 ? " DISR_EL1" : "",
	       hidden[0] & 2 ? " TPIDR2_EL0" : "");
	return bad || sve_bad || word[0] != rounds || word[1] != rounds ||
	       hidden[0] != hidden[1] || (sve && !sve_rounds);
}
