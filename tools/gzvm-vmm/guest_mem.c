// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's memory.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "guest_mem.h"
#include "util.h"

/**
 * guest_mem_alloc() - map memory for the guest
 * @mem: filled in
 * @base: guest physical address, a multiple of 2 MiB
 * @size: bytes, a multiple of 2 MiB
 *
 * The memory starts at a multiple of 2 MiB, so that huge pages of the host can be mapped as
 * blocks of stage 2. Inaccessible guards on both sides keep the kernel from merging its
 * mapping with a neighbour: hypervisor drivers exist that take a region only if it is the
 * whole of a mapping. Nothing is touched here: pages come when they are first used.
 *
 * Return: 0, or a negative errno.
 */
int guest_mem_alloc(struct guest_mem *mem, uint64_t base, uint64_t size)
{
	uint8_t *start;

	mem->base = base;
	mem->size = size;
	mem->map_size = size + 2 * SIZE_2M;
	mem->map = mmap(NULL, mem->map_size, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem->map == MAP_FAILED)
		goto fail;
	start = (uint8_t *)ALIGN_UP((uintptr_t)mem->map + 1, (uintptr_t)SIZE_2M);
	mem->host = mmap(start, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	if (mem->host == MAP_FAILED) {
		int err = errno;

		munmap(mem->map, mem->map_size);
		errno = err;
		goto fail;
	}
	/* A host without huge pages refuses this advice; small pages do as well. */
	(void)madvise(mem->host, size, MADV_HUGEPAGE);
	(void)madvise(mem->host, size, MADV_DONTDUMP);
	return 0;
fail:
	memset(mem, 0, sizeof(*mem));
	return -errno;
}

/**
 * guest_mem_free() - unmap the guest's memory
 * @mem: the memory; all zero is legal
 */
void guest_mem_free(struct guest_mem *mem)
{
	if (mem->map)
		munmap(mem->map, mem->map_size);
	memset(mem, 0, sizeof(*mem));
}

/**
 * guest_mem_clean() - make what was written visible to a guest whose caches are off
 * @mem: the memory
 * @gpa: guest physical address
 * @len: bytes; all of them are memory
 *
 * Booting.rst wants it of whatever loads a kernel. The hypervisor does it where it maps a page
 * for the first time; this is for pages that the guest has already.
 */
void guest_mem_clean(const struct guest_mem *mem, uint64_t gpa, uint64_t len)
{
#ifdef __aarch64__
	const uint8_t *start = guest_mem_at(mem, gpa, len);
	uintptr_t at, line;

	asm volatile("mrs %0, ctr_el0" : "=r" (line));
	line = 4UL << (line >> 16 & 0xf);	/* DminLine: log2 of words */
	for (at = (uintptr_t)start & -line; at < (uintptr_t)start + len; at += line)
		asm volatile("dc cvac, %0" :: "r" (at) : "memory");
	asm volatile("dsb sy" ::: "memory");
#else
	/* No guest runs on the machine that the unit tests run on. */
	(void)mem;
	(void)gpa;
	(void)len;
#endif
}

/**
 * guest_mem_at() - find guest memory in the VMM's address space
 * @mem: the memory
 * @gpa: guest physical address, any value
 * @len: bytes that will be accessed from there, any value
 *
 * Every access to guest memory whose address comes from the guest goes through here. The
 * guest may change the memory at any time: read what must not change twice into a copy.
 *
 * Return: a pointer to @len accessible bytes, or NULL if they are not all memory.
 */
void *guest_mem_at(const struct guest_mem *mem, uint64_t gpa, uint64_t len)
{
	uint64_t offset = gpa - mem->base;

	if (gpa < mem->base || offset > mem->size || len > mem->size - offset)
		return NULL;
	return mem->host + offset;
}
