/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's memory: one region, and the one place where guest physical addresses become
 * pointers.
 */
#ifndef VMM_GUEST_MEM_H
#define VMM_GUEST_MEM_H

#include <stdint.h>

/**
 * struct guest_mem - the guest's memory
 * @base: guest physical address of its first byte
 * @size: bytes
 * @host: where it is mapped
 * @map: start of the address range reserved for it, guards included
 * @map_size: bytes of that range
 */
struct guest_mem {
	uint64_t base;
	uint64_t size;
	uint8_t *host;
	void *map;
	uint64_t map_size;
};

int guest_mem_alloc(struct guest_mem *mem, uint64_t base, uint64_t size);
void guest_mem_free(struct guest_mem *mem);
void guest_mem_clean(const struct guest_mem *mem, uint64_t gpa, uint64_t len);
void *guest_mem_at(const struct guest_mem *mem, uint64_t gpa, uint64_t len);

#endif /* VMM_GUEST_MEM_H */
