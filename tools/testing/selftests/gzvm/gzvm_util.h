/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the selftests of /dev/gzvm share: VMs whose guest does what the test tells it.
 *
 * Functions return a negative errno where something failed, so that tests compare with it.
 */
#ifndef GZVM_UTIL_H
#define GZVM_UTIL_H

#include <errno.h>
#include <linux/gzvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <sys/types.h>

/* Seconds after which a test hangs: for what never comes, on the slowest of machines. */
#define HANG_TIMEOUT	3600
/* A test without a fixture has 30 s in the harness. */
#define TEST_ALONE(name)			\
	FIXTURE(name) {};			\
	FIXTURE_SETUP(name) {}			\
	FIXTURE_TEARDOWN(name) {}		\
	TEST_F_TIMEOUT(name, name, HANG_TIMEOUT)

#define PAGE		4096UL
#define BLOCK		(2UL << 20)

/* The tests' machine. */
#define VM_RAM		0x80000000UL
#define VM_RAM_SIZE	(4 * BLOCK)
#define VM_GICD		0x3fff0000UL
#define VM_GICR		(VM_GICD - 8 * 0x20000UL)
#define VM_MAILBOX	0x10000000UL	/* one page a vCPU */
#define VM_MMIO		0x20000000UL	/* nothing is here */
#define VM_DATA		(VM_RAM + BLOCK)	/* the guest's code is in the block before */

/* What the guest can be told to do; guest.S has them in this order. */
enum guest_op {
	GUEST_NOP,
	GUEST_READ1, GUEST_READ2, GUEST_READ4, GUEST_READ8,
	GUEST_WRITE1, GUEST_WRITE2, GUEST_WRITE4, GUEST_WRITE8,
	GUEST_HVC, GUEST_WFI, GUEST_SPIN, GUEST_HAMMER, GUEST_FILL, GUEST_SUM,
	GUEST_GIC_ON, GUEST_GIC_ACK, GUEST_GIC_END, GUEST_MPIDR, GUEST_TIMER, GUEST_COUNTER,
	GUEST_SGI, GUEST_TIMER_OFF, GUEST_NAP,
};

/**
 * struct guest_mailbox - the guest's view of a page of its mailbox
 * @op: read last of the operation: enum guest_op
 * @args: its arguments
 * @pad: nothing
 * @result: results; the first is written last
 */
struct guest_mailbox {
	uint64_t op;
	uint64_t args[4];
	uint64_t pad[3];
	uint64_t result[4];
};

struct vcpu {
	int fd;
	unsigned int id;
	struct gzvm_vcpu_run *run;
	struct guest_mailbox box;
};

struct vm {
	int dev;
	int fd;
	void *mem;
	size_t size;
	struct vcpu vcpus[GZVM_MAX_VCPUS];
};

#define PSCI_VERSION		0x84000000
#define PSCI_CPU_OFF		0x84000002
#define PSCI_CPU_ON		0xc4000003
#define PSCI_AFFINITY_INFO	0xc4000004
#define PSCI_SYSTEM_OFF		0x84000008
#define PSCI_SYSTEM_RESET	0x84000009
#define HVC_PTP			0x86000001
#define HVC_RELINQUISH		0xc6000009

#define PSTATE_EL1H		0x3c5
#define REG_X(n)		GZVM_REG_CORE_U64(GZVM_CORE_X(n))
#define REG_PC			GZVM_REG_CORE_U64(GZVM_CORE_PC)
#define REG_PSTATE		GZVM_REG_CORE_U64(GZVM_CORE_PSTATE)
#define REG_SYS(op0, op1, crn, crm, op2) \
	(GZVM_REG_ARM64 | GZVM_REG_SIZE_U64 | GZVM_REG_ARM64_SYSREG | \
	 (op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

#define IRQ_WORD(type, vcpu, num) ((type) << 24 | (vcpu) << 16 | (num))

extern const char guest_code[], guest_code_end[];

/* An ioctl whose failure is a negative errno. */
long gz_ioctl(int fd, unsigned long request, const void *arg);
long gz_ioctl_value(int fd, unsigned long request, unsigned long arg);

int gz_open(void);
int gz_region(int vm, uint32_t slot, uint64_t gpa, uint64_t size, const void *mem);
int gz_device(int vm, uint32_t type, uint64_t addr, uint64_t size);
int gz_set_reg(int vcpu, uint64_t id, uint64_t value);
int gz_get_reg(int vcpu, uint64_t id, uint64_t *value);
int gz_irq_line(int vm, uint32_t word, uint32_t level);
int gz_irqfd(int vm, int fd, uint32_t spi, uint32_t flags, int resample);
int gz_ioeventfd(int vm, int fd, uint64_t addr, uint32_t len, uint32_t flags, uint64_t match);
int gz_extension(int fd, uint64_t cap, uint64_t *value);
/* The open GenieZone hypervisor, not another one of this interface. */
bool gz_hypervisor_is_open(void);

/* A VM with memory and GIC; vCPUs on top. All of it goes with vm_destroy(). */
int vm_create(struct vm *vm);
int vm_create_bare(struct vm *vm);
int vm_add_gic(struct vm *vm);
void *vm_map(size_t size);
int vm_add_vcpu(struct vm *vm, unsigned int id);
int vm_boot(struct vm *vm);
void vm_destroy(struct vm *vm);
void *vm_at(struct vm *vm, uint64_t gpa);

/* RUN: 0 with an exit in vcpu->run, or a negative errno. */
int vcpu_run(struct vcpu *vcpu);

/*
 * Makes the guest do something. 0 when it is done, with vcpu->box.result; an exit reason when
 * another exit came first (go on with guest_resume()); or a negative errno.
 */
long guest_do(struct vcpu *vcpu, enum guest_op op, const uint64_t args[4]);
long guest_resume(struct vcpu *vcpu);
void guest_prepare(struct vcpu *vcpu, enum guest_op op, const uint64_t args[4]);
#define guest_call(vcpu, op, ...) \
	guest_do(vcpu, op, (const uint64_t [4]){ __VA_ARGS__ })

/* The guest's GIC, by its own accesses. */
int guest_gic_init(struct vcpu *vcpu);
int guest_spi_setup(struct vcpu *vcpu, unsigned int spi, bool edge);
/* Acknowledges and ends the interrupt that the guest finds: its INTID; -1: the guest went wrong. */
#define SPURIOUS	1023
long guest_take_irq(struct vcpu *vcpu);

/* The signal that ends RUN: a handler that does nothing, without SA_RESTART. */
#define KICK_SIGNAL	SIGUSR1
void kick_setup(void (*handler)(int), int flags);
pid_t gz_gettid(void);
int gz_tgkill(pid_t tid, int signal);
/* Until a thread or process is in one of the states, as /proc/PID/stat has them, or gone. */
void wait_for_state(pid_t pid, const char *states);
/* Until the thread sleeps in the kernel. */
void wait_until_asleep(pid_t tid);

int send_fd(int socket, int fd);
int receive_fd(int socket);

/* One number of the hypervisor's statistics in debugfs. */
long hyp_stat(const char *name);
int write_file(const char *path, const char *text);
long vm_exits(const struct vm *vm, unsigned int vcpu, const char *name);
/* A file of the debugfs folder of this process's VM; it must have one VM only. */
int vm_debugfs_path(const char *name, char *path, size_t size);
long vm_debugfs(const struct vm *vm, const char *name);

#endif /* GZVM_UTIL_H */
