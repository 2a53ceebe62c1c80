/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's machine.
 */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include <pthread.h>
#include <stdbool.h>

#include "bus.h"
#include "console.h"
#include "guest_mem.h"
#include "hv.h"
#include "loop.h"
#include "options.h"
#include "rtc.h"
#include "serial.h"
#include "vcpu.h"
#include "virtio_blk.h"
#include "virtio_console.h"

/* virtio devices: console, entropy, disks. */
#define MACHINE_VIRTIO_CONSOLE	0
#define MACHINE_VIRTIO_RNG	1
#define MACHINE_VIRTIO_DISK	2
#define MACHINE_MAX_VIRTIO	(MACHINE_VIRTIO_DISK + OPTIONS_MAX_DISKS)

/**
 * enum machine_end - how a guest's life ended
 * @MACHINE_RUNS: it has not
 * @MACHINE_POWER_OFF: it powered off
 * @MACHINE_RESET: it asks for a reset
 * @MACHINE_CRASHED: the hypervisor ended it; machine.end_text says why
 * @MACHINE_FAILED: the host can't run it on; machine.end_text says why
 * @MACHINE_QUIT: the user ended it
 */
enum machine_end {
	MACHINE_RUNS,
	MACHINE_POWER_OFF,
	MACHINE_RESET,
	MACHINE_CRASHED,
	MACHINE_FAILED,
	MACHINE_QUIT,
};

/**
 * struct machine - a guest and its devices
 * @options: what the user asks for
 * @loop: loop of the main thread
 * @hv: the VM
 * @mem: its memory
 * @bus: its MMIO devices
 * @console: the terminal
 * @serial: its 16550
 * @rtc: its clock
 * @vc: its virtio console, if it has one
 * @rng: its entropy device
 * @disks: its disks
 * @virtio: its virtio devices by slot; NULL where a slot is empty
 * @vcpus: its vCPUs
 * @entry: guest physical address of the kernel's first instruction
 * @dtb: that of the device tree
 * @dtb_size: bytes of the device tree
 * @initrd: guest physical address of the initrd
 * @initrd_size: its bytes
 * @end_lock: protects @end and @end_text
 * @end: how it ended; the first reason stays
 * @end_text: why, in words
 */
struct machine {
	const struct options *options;
	struct loop *loop;
	struct hv hv;
	struct guest_mem mem;
	struct bus bus;
	struct console console;
	struct serial serial;
	struct rtc rtc;
	struct virtio_console vc;
	struct virtio_device rng;
	struct virtio_blk disks[OPTIONS_MAX_DISKS];
	struct virtio_device *virtio[MACHINE_MAX_VIRTIO];
	struct vcpu vcpus[HV_MAX_VCPUS];
	uint64_t entry;
	uint64_t dtb;
	uint64_t dtb_size;
	uint64_t initrd;
	uint64_t initrd_size;
	pthread_mutex_t end_lock;
	enum machine_end end;
	char end_text[HV_TEXT];
};

struct machine *machine_create(const struct options *options, struct terminal *term,
			       struct loop *loop);
enum machine_end machine_run(struct machine *machine);
int machine_reset(struct machine *machine);
void machine_quit(struct machine *machine);
void machine_resized(struct machine *machine);
void machine_destroy(struct machine *machine);

int machine_load(struct machine *machine);

#endif /* VMM_MACHINE_H */
