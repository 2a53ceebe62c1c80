// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's machine: builds it, runs it, takes it apart.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layout.h"
#include "machine.h"
#include "util.h"
#include "virtio_mmio.h"
#include "virtio_rng.h"

/* The first reason counts: others only follow from it. */
static void machine_end(struct machine *machine, enum machine_end end, const char *text)
{
	pthread_mutex_lock(&machine->end_lock);
	if (machine->end == MACHINE_RUNS) {
		machine->end = end;
		snprintf(machine->end_text, sizeof(machine->end_text), "%s", text);
	}
	pthread_mutex_unlock(&machine->end_lock);
	loop_stop(machine->loop);
}

static enum machine_end machine_ended(struct machine *machine)
{
	enum machine_end end;

	pthread_mutex_lock(&machine->end_lock);
	end = machine->end;
	pthread_mutex_unlock(&machine->end_lock);
	return end;
}

static void machine_vcpu_ended(void *context, const struct hv_exit *exit)
{
	static const enum machine_end ends[] = {
		[HV_EXIT_POWER_OFF] = MACHINE_POWER_OFF,
		[HV_EXIT_RESET] = MACHINE_RESET,
		[HV_EXIT_CRASH] = MACHINE_CRASHED,
		[HV_EXIT_ERROR] = MACHINE_FAILED,
	};

	machine_end(context, ends[exit->kind], exit->kind >= HV_EXIT_CRASH ? exit->text : "");
}

/* New input: whichever device has it is told. */
static void machine_input(void *context)
{
	struct machine *machine = context;

	if (console_owns(&machine->console, CONSOLE_VIRTIO))
		virtio_console_input(&machine->vc);
	else
		serial_input(&machine->serial);
}

static void machine_input_released(void *context)
{
	struct machine *machine = context;

	serial_input(&machine->serial);
}

static int machine_add_virtio(struct machine *machine, unsigned int slot,
			      struct virtio_device *dev)
{
	machine->virtio[slot] = dev;
	return bus_add(&machine->bus, layout_virtio(slot), VIRTIO_MMIO_SIZE,
		       &virtio_mmio_bus_ops, dev);
}

static int machine_add_virtios(struct machine *machine)
{
	const struct options *options = machine->options;
	int err = 0;

	if (!options->serial) {
		err = virtio_console_init(&machine->vc, &machine->console, &machine->mem,
					  MACHINE_VIRTIO_CONSOLE, machine_input_released,
					  machine);
		err = err ? err : machine_add_virtio(machine, MACHINE_VIRTIO_CONSOLE,
						     &machine->vc.dev);
	}
	if (!err)
		err = virtio_init(&machine->rng, &virtio_rng_ops, &machine->mem,
				  MACHINE_VIRTIO_RNG);
	if (!err)
		err = machine_add_virtio(machine, MACHINE_VIRTIO_RNG, &machine->rng);
	for (unsigned int i = 0; i < options->nr_disks && !err; i++) {
		unsigned int slot = MACHINE_VIRTIO_DISK + i;

		err = virtio_blk_init(&machine->disks[i], &machine->mem, slot);
		if (!err)
			err = machine_add_virtio(machine, slot, &machine->disks[i].dev);
	}
	return err;
}

static int machine_add_devices(struct machine *machine)
{
	int err = serial_init(&machine->serial, &machine->console);

	if (!err)
		err = bus_add(&machine->bus, LAYOUT_SERIAL, SERIAL_SIZE, &serial_bus_ops,
			      &machine->serial);
	if (!err)
		err = rtc_init(&machine->rtc, machine->loop);
	if (!err)
		err = bus_add(&machine->bus, LAYOUT_RTC, RTC_SIZE, &rtc_bus_ops, &machine->rtc);
	if (!err)
		err = machine_add_virtios(machine);
	if (err)
		vmm_error("guest's devices: %s; raise the limit of open files (ulimit -n)",
			  strerror(-err));
	return err;
}

static int machine_open_disks(struct machine *machine)
{
	int err = 0;

	for (unsigned int i = 0; i < machine->options->nr_disks && !err; i++)
		err = virtio_blk_open(&machine->disks[i], machine->options->disks[i].path,
				      machine->options->disks[i].read_only);
	return err;
}

/* Memory that the host does not have would be found missing only while the guest runs. */
static int machine_check_memory(uint64_t size, unsigned int ipa_bits)
{
	uint64_t host = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	if (size > host) {
		vmm_error("--mem %lluM: the host has only %lluM of memory; try a smaller --mem",
			  (unsigned long long)(size >> 20), (unsigned long long)(host >> 20));
		return -ENOMEM;
	}
	if (LAYOUT_RAM + size > UINT64_C(1) << ipa_bits) {
		vmm_error("--mem %lluM: guests have %u address bits here; try a smaller --mem",
			  (unsigned long long)(size >> 20), ipa_bits);
		return -ENOMEM;
	}
	return 0;
}

static int machine_add_memory(struct machine *machine)
{
	struct hv *hv = &machine->hv;
	int err = machine_check_memory(machine->options->mem, hv->ipa_bits);

	if (err)
		return err;
	err = guest_mem_alloc(&machine->mem, LAYOUT_RAM, machine->options->mem);
	if (err) {
		vmm_error("--mem %lluM: %s; try a smaller --mem",
			  (unsigned long long)(machine->options->mem >> 20), strerror(-err));
		return err;
	}
	return hv->ops->memory_add(hv, 0, LAYOUT_RAM, machine->mem.size, machine->mem.host);
}

/* A CPU that cannot be had is an error of the command line, not of a thread. */
static int machine_check_affinity(const struct options *options)
{
	cpu_set_t cpus;

	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		return -errno;
	for (unsigned int i = 0; i < options->nr_vcpu_affinity; i++)
		if (!CPU_ISSET(options->vcpu_affinity[i], &cpus)) {
			vmm_error("--vcpu-affinity: this process can't run on CPU %u; taskset -p shows its CPUs",
				  options->vcpu_affinity[i]);
			return -EINVAL;
		}
	return 0;
}

/* Everything is in place: where vCPU 0 begins. */
static int machine_boot(struct machine *machine)
{
	struct hv *hv = &machine->hv;
	int err = hv->ops->vm_finish(hv, machine->dtb, machine->dtb_size);

	return err ? err : hv->ops->vcpu_boot(&machine->vcpus[0].hv, machine->entry, machine->dtb);
}

static int machine_add_vcpus(struct machine *machine)
{
	struct hv *hv = &machine->hv;
	int err = machine_check_affinity(machine->options);

	for (unsigned int i = 0; i < machine->options->cpus && !err; i++) {
		struct vcpu *vcpu = &machine->vcpus[i];

		vcpu->hv.hv = hv;
		vcpu->hv.index = i;
		vcpu->bus = &machine->bus;
		vcpu->affinity = i < machine->options->nr_vcpu_affinity ?
				 (int)machine->options->vcpu_affinity[i] : -1;
		vcpu->ended = machine_vcpu_ended;
		vcpu->context = machine;
		err = hv->ops->vcpu_create(hv, i, &vcpu->hv);
	}
	return err ? err : machine_boot(machine);
}

/* Interrupts and notifications go between hypervisor and devices without the vCPUs. */
static int machine_connect(struct machine *machine)
{
	struct hv *hv = &machine->hv;
	int err = hv->ops->irqfd(hv, machine->serial.irq_fd, LAYOUT_SERIAL_SPI);

	if (!err)
		err = hv->ops->irqfd(hv, machine->rtc.irq_fd, LAYOUT_RTC_SPI);
	for (unsigned int slot = 0; slot < MACHINE_MAX_VIRTIO && !err; slot++) {
		struct virtio_device *dev = machine->virtio[slot];

		if (!dev)
			continue;
		err = hv->ops->irqfd(hv, dev->irq_fd, LAYOUT_VIRTIO_SPI + slot);
		/* Whoever handles buffers at once takes the notification itself. */
		for (unsigned int q = 0; q < dev->ops->nr_queues && !dev->now && !err; q++)
			err = hv->ops->ioeventfd(hv, dev->queues[q].kick_fd,
						 layout_virtio(slot) + 0x50, q);
	}
	return err;
}

static int machine_build(struct machine *machine)
{
	struct hv *hv = &machine->hv;
	int err = hv_open(hv, hv_find(machine->options->hypervisor));

	if (!err)
		err = machine_open_disks(machine);
	if (!err)
		err = hv->ops->vm_create(hv);
	if (!err)
		err = machine_add_memory(machine);
	if (!err)
		err = machine_add_devices(machine);
	if (!err)
		err = hv->ops->gic_create(hv, LAYOUT_GIC_DIST,
					  layout_gic_redist(machine->options->cpus));
	if (!err)
		err = machine_load(machine);
	if (!err)
		err = machine_add_vcpus(machine);
	if (!err)
		err = machine_connect(machine);
	return err;
}

/* All descriptors closed, so that machine_destroy() is legal at any point. */
static void machine_init_empty(struct machine *machine)
{
	pthread_mutex_init(&machine->end_lock, NULL);
	machine->hv.dev_fd = -1;
	machine->hv.vm_fd = -1;
	machine->hv.gic_fd = -1;
	machine->serial.irq_fd = -1;
	machine->rtc.irq_fd = -1;
	machine->rtc.timer_fd = -1;
	machine->rtc.loop = machine->loop;
	for (unsigned int i = 0; i < HV_MAX_VCPUS; i++)
		machine->vcpus[i].hv.fd = -1;
	for (unsigned int i = 0; i < OPTIONS_MAX_DISKS; i++)
		machine->disks[i].fd = -1;
}

/**
 * machine_create() - build a machine with its guest loaded
 * @options: what the user asks for
 * @term: the guest's console
 * @loop: loop of the main thread
 *
 * Return: the machine, or NULL after the line that explains why not.
 */
struct machine *machine_create(const struct options *options, struct terminal *term,
			       struct loop *loop)
{
	struct machine *machine = calloc(1, sizeof(*machine));

	if (!machine) {
		vmm_error("guest's machine: %s; free some memory", strerror(ENOMEM));
		return NULL;
	}
	machine->options = options;
	machine->loop = loop;
	machine->console.term = term;
	atomic_store(&machine->console.owner, CONSOLE_SERIAL);
	machine_init_empty(machine);
	if (machine_build(machine)) {
		machine_destroy(machine);
		return NULL;
	}
	terminal_set_listener(term, machine_input, machine);
	return machine;
}

static int machine_start_threads(struct machine *machine)
{
	int err = 0;

	for (unsigned int i = 0; i < MACHINE_MAX_VIRTIO && !err; i++)
		if (machine->virtio[i])
			err = virtio_start(machine->virtio[i]);
	for (unsigned int i = 0; i < machine->options->cpus && !err; i++)
		err = vcpu_start(&machine->vcpus[i], i);
	return err;
}

/* vCPUs first: devices may then finish what they have, and nothing is added. */
static void machine_stop_threads(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->options->cpus; i++)
		vcpu_kick(&machine->vcpus[i]);
	for (unsigned int i = 0; i < machine->options->cpus; i++)
		vcpu_join(&machine->vcpus[i]);
	for (unsigned int i = 0; i < MACHINE_MAX_VIRTIO; i++)
		if (machine->virtio[i])
			virtio_stop(machine->virtio[i]);
}

/**
 * machine_run() - run the guest until it ends
 * @machine: the machine, new or reset
 *
 * Context: the main thread.
 * Return: how it ended. After MACHINE_QUIT threads may still wait for somebody who reads
 * their output: then the process is to be ended, not the machine.
 */
enum machine_end machine_run(struct machine *machine)
{
	int err = machine_start_threads(machine);

	if (err)
		machine_end(machine, MACHINE_FAILED, strerror(-err));
	/* The loop may be stopped for the life before: its vCPUs all say that it has ended. */
	do
		loop_run(machine->loop);
	while (machine_ended(machine) == MACHINE_RUNS);
	if (machine->end != MACHINE_QUIT)
		machine_stop_threads(machine);
	return machine->end;
}

/**
 * machine_reset() - make a machine that the guest has reset ready to run again
 * @machine: machine_run() has said MACHINE_RESET
 *
 * The same VM with the same descriptors: its vCPUs, GIC, timers and devices are as they were
 * when it was built, and kernel, initrd and device tree are loaded again, from the same files.
 * All other memory stays as it is, as it does on a machine with a reset button.
 *
 * Return: 0, or a negative errno after the line that explains it.
 */
int machine_reset(struct machine *machine)
{
	struct hv *hv = &machine->hv;
	int err = 0;

	for (unsigned int i = 0; i < machine->options->cpus && !err; i++)
		err = hv->ops->vcpu_reset(&machine->vcpus[i].hv);
	serial_reset(&machine->serial);
	rtc_reset(&machine->rtc);
	for (unsigned int i = 0; i < MACHINE_MAX_VIRTIO; i++)
		if (machine->virtio[i])
			virtio_power_on(machine->virtio[i]);
	machine->end = MACHINE_RUNS;
	if (!err)
		err = machine_load(machine);
	if (err)
		return err;
	guest_mem_clean(&machine->mem, machine->entry, machine->dtb - machine->entry);
	guest_mem_clean(&machine->mem, machine->dtb, machine->dtb_size);
	guest_mem_clean(&machine->mem, machine->initrd, machine->initrd_size);
	return machine_boot(machine);
}

/**
 * machine_quit() - the user wants the guest to end
 * @machine: the machine
 */
void machine_quit(struct machine *machine)
{
	machine_end(machine, MACHINE_QUIT, "");
}

/**
 * machine_resized() - the terminal may have another size
 * @machine: the machine
 */
void machine_resized(struct machine *machine)
{
	if (!machine->options->serial)
		virtio_console_resized(&machine->vc);
}

/**
 * machine_destroy() - free a machine
 * @machine: a machine that does not run, whole or half built
 */
void machine_destroy(struct machine *machine)
{
	terminal_set_listener(machine->console.term, NULL, NULL);
	for (unsigned int i = 0; i < HV_MAX_VCPUS; i++)
		hv_vcpu_close(&machine->vcpus[i].hv);
	hv_close(&machine->hv);
	for (unsigned int i = 0; i < MACHINE_MAX_VIRTIO; i++)
		if (machine->virtio[i])
			virtio_destroy(machine->virtio[i]);
	for (unsigned int i = 0; i < OPTIONS_MAX_DISKS; i++)
		virtio_blk_close(&machine->disks[i]);
	rtc_destroy(&machine->rtc);
	serial_destroy(&machine->serial);
	guest_mem_free(&machine->mem);
	pthread_mutex_destroy(&machine->end_lock);
	free(machine);
}
