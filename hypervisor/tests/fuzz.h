/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fuzzer of the hypercall layer. An input is a program of 8-byte operations for a
 * machine of three CPUs; the first 8 bytes choose the machine. Each operation names its CPU
 * and is done there by the host, or, while that CPU is inside a guest, by the guest. A CPU
 * may be stopped in the middle of a call, where hypervisor and processor touch
 * (fake_step_hook), and goes on later: so calls of several CPUs interleave, and the same
 * input always does so in the same way.
 *
 *   fuzz_calls.c    libFuzzer's entry points, the CPUs, the mutator
 *   fuzz_host.c     what the host does
 *   fuzz_guest.c    what a guest does
 *   fuzz_check.c    what must hold after each operation
 *   fuzz_reach.c    which status of which call was reached
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <linux/gzvm_hyp.h>
#include <hyp/errno.h>
#include <hyp/host.h>
#include <hyp/page.h>
#include <hyp/pool.h>
#include <hyp/psci.h>
#include <hyp/stage2.h>
#include <hyp/util.h>
#include <hyp/vm.h>
#include <hyp/world.h>

#define FUZZ_CPUS 3
#define FUZZ_RAM 0x40000000UL
#define FUZZ_RAM_SIZE (16UL << 20)
#define FUZZ_PAGES (FUZZ_RAM_SIZE >> PAGE_SHIFT)
#define FUZZ_POOL (FUZZ_RAM + (12UL << 20))
#define FUZZ_NO_RAM 0x10000000UL
/* Guests' machine. */
#define FUZZ_MEM 0x40000000UL
#define FUZZ_DIST 0x08000000UL
#define FUZZ_REDIST 0x080a0000UL

/* In a file that counts for coverage, but is not the hypervisor's own. */
#define FUZZ_OWN __attribute__((no_sanitize("coverage", "address", "undefined")))

struct fuzz_op {
	u8 op;
	u8 sched; /* bits 1:0 CPU; bits 7:2: stop at the n-th step, 0: do not stop */
	u8 a, b, c, d, e, f;
};

struct fuzz_config {
	u8 pool, bits, flags, lrs, reserved[4];
};

/* fuzz_calls.c */
__attribute__((noreturn, format(printf, 1, 2))) void fuzz_fail(const char *fmt, ...);
__attribute__((format(printf, 1, 2))) void fuzz_trace(const char *fmt, ...);
const struct fuzz_op *fuzz_peek(void); /* this CPU's next operation; lets others run */
void fuzz_taken(void); /* it is done */
extern u64 fuzz_switches; /* counts changes of the CPU that runs */
extern struct page_record fuzz_records[FUZZ_PAGES];
extern u64 fuzz_pool_size;
bool fuzz_all_wait(void); /* no CPU is in the middle of a call */

/* fuzz_host.c */
void fuzz_host_reset(void);
void fuzz_host(const struct fuzz_op *op);
void fuzz_host_end(void); /* gives everything back */
void fuzz_firmware(u64 x[]);
extern u32 fuzz_bias[FUZZ_PAGES]; /* borrowers that are not there */
extern struct pool_quota fuzz_taker; /* of pool pages, besides host and VMs */

/* fuzz_guest.c */
void fuzz_guest_reset(const struct fuzz_config *config);
void fuzz_guest(struct vcpu *v, struct guest_exit *e);
void fuzz_wire(struct vcpu *v);
void fuzz_vgic(struct vcpu *v, bool loads);
extern bool fuzz_in_guest[FUZZ_CPUS];

/* fuzz_check.c */
void fuzz_check(void); /* after each operation */
void fuzz_check_vgic(struct vm *vm); /* all interrupts of a VM: takes its time */
u64 fuzz_digest(void); /* what a refusal must leave as it was */

/* fuzz_vm.c, fuzz_pool.c: the modules' own state */
struct vm *fuzz_vm(unsigned int id); /* also one that is being destroyed */
u64 fuzz_vm_pages(void); /* of the pool, that each has besides tables */
bool fuzz_vm_locked(void);
void fuzz_pool_check(u64 used, u64 promised);

/* fuzz_reach.c */
extern u64 fuzz_calls; /* calls, accesses and guests' exits, of all inputs */
void fuzz_reach_init(void);
void fuzz_reach_call(unsigned int fn, s64 status);
void fuzz_reach_exit(u64 reason);
void fuzz_reach_psci(bool guest, s64 status);
void fuzz_reach_guest(unsigned int event);

#endif
