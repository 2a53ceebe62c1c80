/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EL2's own address space: 48 bits, TTBR0_EL2, 4 KiB granule. The image is
 * linked at a fixed address and mapped there wherever it was loaded, so that
 * tables of pointers need no relocation. Nothing of another world is mapped
 * but through the slots and, for run pages, at LAYOUT_RUN.
 */
#ifndef ARM64_LAYOUT_H
#define ARM64_LAYOUT_H

#define LAYOUT_IMAGE 0xff0000000000 /* root entry 510, with the boot window */
#define LAYOUT_WINDOW 0xff0020000000 /* boot only: device trees, module headers */
#define LAYOUT_WINDOW_SIZE 0x400000
#define LAYOUT_HEAP 0xff8000000000 /* root entry 511 from here: pool, page records */
#define LAYOUT_STACKS 0xffc000000000 /* see STACK_SHIFT */
#define LAYOUT_SLOTS 0xffd000000000 /* ARCH_MAP_SLOTS pages a CPU */
#define LAYOUT_BLOCK_SLOTS 0xffd800000000 /* one block a CPU: for cache maintenance */
#define LAYOUT_MMIO 0xffe000000000 /* UART, GIC */
#define LAYOUT_RUN 0xfff000000000 /* two pages a vCPU: run page and hwstate */

/*
 * A stack lies in the upper half of an aligned slot of twice its size, above an
 * unmapped hole. So bit STACK_SHIFT of a stack pointer that has left its stack
 * downwards is clear: the vectors test it before they push anything.
 */
#define STACK_SHIFT 14
#define STACK_SIZE (1 << STACK_SHIFT)

/* Frame of an exception taken from EL2 itself: x0 to x30, SP, ELR, SPSR, ESR, FAR */
#define FRAME_X(n) (8 * (n))
#define FRAME_SP 248
#define FRAME_SPSR 264
#define FRAME_FAR 280
#define FRAME_SIZE 288

/* struct percpu, asserted in cpu.c */
#define PERCPU_STACK 0 /* top of this CPU's stack */
#define PERCPU_OVERFLOW 8 /* top of the stack for reports of an overflow */
#define PERCPU_WORKAROUND 16 /* what guest_vectors_firmware calls */
#define PERCPU_SIZE 8192 /* the overflow stack fills what the fields leave */

/* struct vcpu_arch, asserted in world.c: x0 to x30 */
#define VCPU_X(n) (8 * (n))

#endif
