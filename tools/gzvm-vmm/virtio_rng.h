/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtio entropy device.
 */
#ifndef VMM_VIRTIO_RNG_H
#define VMM_VIRTIO_RNG_H

#include "virtio.h"

/* A struct virtio_device is all that this device needs. */
extern const struct virtio_ops virtio_rng_ops;

#endif /* VMM_VIRTIO_RNG_H */
