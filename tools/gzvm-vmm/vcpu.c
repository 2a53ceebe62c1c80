// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPU threads.
 *
 * A vCPU is kicked by a signal to its thread. The handler sets immediate_exit: if the signal
 * comes just before the vCPU is run, running it ends at once; if later, the signal ends it.
 * So no kick is lost, wherever it hits.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "vcpu.h"

#define VCPU_KICK_SIGNAL	SIGRTMIN

/* The handler finds its thread's vCPU here; each thread has one of its own. */
static _Thread_local volatile uint8_t *vcpu_immediate_exit;

static void vcpu_kicked(int sig)
{
	(void)sig;
	if (vcpu_immediate_exit)
		*vcpu_immediate_exit = 1;
}

static void *vcpu_thread(void *context)
{
	struct vcpu *vcpu = context;
	struct hv_exit exit;

	vcpu_immediate_exit = vcpu->hv.immediate_exit;
	while (!atomic_load(&vcpu->stop)) {
		vcpu->hv.hv->ops->vcpu_run(&vcpu->hv, &exit);
		if (exit.kind == HV_EXIT_AGAIN)
			continue;
		if (exit.kind != HV_EXIT_MMIO) {
			vcpu->ended(vcpu->context, &exit);
			break;
		}
		bus_access(vcpu->bus, exit.addr, exit.size, exit.is_write, exit.data);
	}
	vcpu_immediate_exit = NULL;
	return NULL;
}

static int vcpu_create_thread(struct vcpu *vcpu)
{
	pthread_attr_t attr;
	cpu_set_t cpus;
	int err;

	pthread_attr_init(&attr);
	if (vcpu->affinity >= 0) {
		CPU_ZERO(&cpus);
		CPU_SET(vcpu->affinity, &cpus);
		pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus);
	}
	err = pthread_create(&vcpu->thread, &attr, vcpu_thread, vcpu);
	pthread_attr_destroy(&attr);
	return err;
}

/**
 * vcpu_start() - start a vCPU's thread
 * @vcpu: the vCPU, without a thread
 * @index: its number in the guest; the thread is called "vcpu" and that
 *
 * Return: 0, or a negative errno; -EINVAL: there is no CPU of that number.
 */
int vcpu_start(struct vcpu *vcpu, unsigned int index)
{
	char name[16];
	/* No SA_RESTART: a kick also ends other calls that wait. */
	struct sigaction action = { .sa_handler = vcpu_kicked };
	int err;

	/* It may have been kicked in its last life. */
	atomic_store(&vcpu->stop, false);
	*vcpu->hv.immediate_exit = 0;
	sigemptyset(&action.sa_mask);
	if (sigaction(VCPU_KICK_SIGNAL, &action, NULL))
		return -errno;
	err = vcpu_create_thread(vcpu);
	vcpu->running = !err;
	snprintf(name, sizeof(name), "vcpu%u", index);
	if (!err)
		pthread_setname_np(vcpu->thread, name);
	return -err;
}

/**
 * vcpu_kick() - make a vCPU's thread end soon
 * @vcpu: the vCPU; a thread that does not run is legal
 */
void vcpu_kick(struct vcpu *vcpu)
{
	atomic_store(&vcpu->stop, true);
	if (vcpu->running)
		pthread_kill(vcpu->thread, VCPU_KICK_SIGNAL);
}

/**
 * vcpu_join() - wait for the end of a vCPU's thread
 * @vcpu: the vCPU, kicked; a thread that does not run is legal
 */
void vcpu_join(struct vcpu *vcpu)
{
	if (vcpu->running)
		pthread_join(vcpu->thread, NULL);
	vcpu->running = false;
}
