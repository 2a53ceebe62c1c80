/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MMIO: which device answers at which guest physical address.
 */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define BUS_MAX_DEVICES		64

/**
 * struct bus_ops - a device's registers
 * @read: value of @size bytes at @offset
 * @write: write of @size bytes at @offset
 *
 * @size is 1, 2, 4 or 8; @offset + @size may pass the end of the device's last register.
 * Called from any vCPU's thread, several at once.
 */
struct bus_ops {
	uint64_t (*read)(void *device, uint64_t offset, unsigned int size);
	void (*write)(void *device, uint64_t offset, unsigned int size, uint64_t value);
};

struct bus_device {
	uint64_t base;
	uint64_t size;
	const struct bus_ops *ops;
	void *device;
};

/**
 * struct bus - the devices
 * @devices: not changed any more once a vCPU runs, so reading them takes no lock
 * @nr: number of devices
 * @unclaimed: accesses to addresses without a device
 * @last_unclaimed: address of the last one
 */
struct bus {
	struct bus_device devices[BUS_MAX_DEVICES];
	unsigned int nr;
	atomic_ullong unclaimed;
	atomic_ullong last_unclaimed;
};

int bus_add(struct bus *bus, uint64_t base, uint64_t size, const struct bus_ops *ops,
	    void *device);
void bus_access(struct bus *bus, uint64_t addr, unsigned int size, bool is_write,
		uint8_t *data);

#endif /* VMM_BUS_H */
