// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMIO dispatch.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "bus.h"
#include "util.h"

/**
 * bus_add() - let a device answer at an address range
 * @bus: the bus
 * @base: guest physical address
 * @size: bytes
 * @ops: the device's registers
 * @device: passed to @ops
 *
 * Context: before the first vCPU runs.
 * Return: 0, -EEXIST if another device is there, -ENOSPC.
 */
int bus_add(struct bus *bus, uint64_t base, uint64_t size, const struct bus_ops *ops,
	    void *device)
{
	for (unsigned int i = 0; i < bus->nr; i++)
		if (base < bus->devices[i].base + bus->devices[i].size &&
		    bus->devices[i].base < base + size)
			return -EEXIST;
	if (bus->nr == BUS_MAX_DEVICES)
		return -ENOSPC;
	bus->devices[bus->nr++] = (struct bus_device) { base, size, ops, device };
	return 0;
}

static const struct bus_device *bus_find(const struct bus *bus, uint64_t addr)
{
	for (unsigned int i = 0; i < bus->nr; i++)
		if (addr - bus->devices[i].base < bus->devices[i].size)
			return &bus->devices[i];
	return NULL;
}

/**
 * bus_access() - carry out a guest's access
 * @bus: the bus
 * @addr: guest physical address, any value
 * @size: bytes of the access; others than 1, 2, 4 and 8 read as zero
 * @is_write: a write, else a read
 * @data: the bytes written, or where to put those read; 8 bytes, little endian
 *
 * What no device claims reads as zero and ignores writes, as an empty bus does; it is
 * counted, not reported, so that a guest cannot fill a log.
 *
 * Context: any vCPU's thread.
 */
void bus_access(struct bus *bus, uint64_t addr, unsigned int size, bool is_write,
		uint8_t *data)
{
	const struct bus_device *dev = bus_find(bus, addr);
	uint64_t value = 0;

	if (!dev || (size != 1 && size != 2 && size != 4 && size != 8)) {
		atomic_fetch_add_explicit(&bus->unclaimed, 1, memory_order_relaxed);
		atomic_store_explicit(&bus->last_unclaimed, addr, memory_order_relaxed);
		if (!is_write)
			memset(data, 0, 8);
		return;
	}
	if (is_write) {
		memcpy(&value, data, size);
		dev->ops->write(dev->device, addr - dev->base, size, le64toh(value));
		return;
	}
	value = htole64(dev->ops->read(dev->device, addr - dev->base, size));
	memset(data, 0, 8);
	memcpy(data, &value, size);
}
