/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPU threads.
 */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bus.h"
#include "hv.h"

/**
 * struct vcpu - a vCPU and its thread
 * @hv: the hypervisor's vCPU
 * @bus: devices that it reaches
 * @stop: the thread is to end
 * @ended: called in the thread when the guest cannot go on; with the exit that says why
 * @context: passed to @ended
 * @affinity: host CPU that the thread runs on; -1: any
 * @thread: the thread
 * @running: @thread exists
 */
struct vcpu {
	struct hv_vcpu hv;
	struct bus *bus;
	atomic_bool stop;
	void (*ended)(void *context, const struct hv_exit *exit);
	void *context;
	int affinity;
	pthread_t thread;
	bool running;
};

int vcpu_start(struct vcpu *vcpu, unsigned int index);
void vcpu_kick(struct vcpu *vcpu);
void vcpu_join(struct vcpu *vcpu);

#endif /* VMM_VCPU_H */
