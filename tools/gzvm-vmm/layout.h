/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's physical address space and interrupts. Published and stable: guests that do not
 * read the device tree rely on it (Documentation/virt/geniezone/vmm.rst).
 */
#ifndef VMM_LAYOUT_H
#define VMM_LAYOUT_H

#include <stdint.h>

#define LAYOUT_SERIAL		UINT64_C(0x01000000)
#define LAYOUT_SERIAL_SPI	0
#define LAYOUT_RTC		UINT64_C(0x01010000)
#define LAYOUT_RTC_SPI		1
#define LAYOUT_VIRTIO		UINT64_C(0x02000000)
#define LAYOUT_VIRTIO_STEP	UINT64_C(0x1000)
#define LAYOUT_VIRTIO_SPI	16
#define LAYOUT_GIC_DIST		UINT64_C(0x3fff0000)
#define LAYOUT_GIC_REDIST_SIZE	UINT64_C(0x20000)
#define LAYOUT_RAM		UINT64_C(0x80000000)
/* Room for the device tree. */
#define LAYOUT_DTB_SIZE		UINT64_C(0x10000)

/**
 * layout_gic_redist() - find the first redistributor: all lie just below the distributor
 * @cpus: number of vCPUs
 *
 * Return: guest physical address.
 */
static inline uint64_t layout_gic_redist(unsigned int cpus)
{
	return LAYOUT_GIC_DIST - cpus * LAYOUT_GIC_REDIST_SIZE;
}

/**
 * layout_virtio() - find the registers of a virtio device
 * @slot: its number
 *
 * Return: guest physical address.
 */
static inline uint64_t layout_virtio(unsigned int slot)
{
	return LAYOUT_VIRTIO + slot * LAYOUT_VIRTIO_STEP;
}

#endif /* VMM_LAYOUT_H */
