/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtio over MMIO.
 */
#ifndef VMM_VIRTIO_MMIO_H
#define VMM_VIRTIO_MMIO_H

#include "bus.h"

#define VIRTIO_MMIO_SIZE	0x1000

/* The registers of a struct virtio_device. */
extern const struct bus_ops virtio_mmio_bus_ops;

#endif /* VMM_VIRTIO_MMIO_H */
