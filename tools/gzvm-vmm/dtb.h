/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's device tree.
 */
#ifndef VMM_DTB_H
#define VMM_DTB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DTB_MAX_VIRTIO		32
#define DTB_RNG_SEED_SIZE	64

/**
 * struct dtb_machine - what the device tree says
 * @cmdline: command line
 * @mem_base: guest physical address of memory
 * @mem_size: its bytes
 * @initrd: guest physical address of the initrd
 * @initrd_size: its bytes; 0 for none
 * @cpus: number of CPUs
 * @gic_dist: guest physical address of the distributor
 * @gic_redist: that of the first redistributor
 * @serial: that of the 16550
 * @serial_spi: its interrupt
 * @rtc: guest physical address of the real-time clock
 * @rtc_spi: its interrupt
 * @virtio: guest physical addresses of virtio devices
 * @virtio_spi: their interrupts
 * @nr_virtio: how many they are
 * @kaslr_seed: random number
 * @rng_seed: random bytes
 */
struct dtb_machine {
	const char *cmdline;
	uint64_t mem_base;
	uint64_t mem_size;
	uint64_t initrd;
	uint64_t initrd_size;
	unsigned int cpus;
	uint64_t gic_dist;
	uint64_t gic_redist;
	uint64_t serial;
	unsigned int serial_spi;
	uint64_t rtc;
	unsigned int rtc_spi;
	uint64_t virtio[DTB_MAX_VIRTIO];
	unsigned int virtio_spi[DTB_MAX_VIRTIO];
	unsigned int nr_virtio;
	uint64_t kaslr_seed;
	uint8_t rng_seed[DTB_RNG_SEED_SIZE];
};

int dtb_build(const struct dtb_machine *machine, void *buf, size_t size);

#endif /* VMM_DTB_H */
