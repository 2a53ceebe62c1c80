/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine as its device tree describes it. Filled once at boot, before any
 * other world exists; constant after that. All functions here run at boot, on
 * one CPU, with the MMU on and FP not trapped: libfdt is the distribution's.
 *
 * Device trees, boot modules and command lines are input: whatever they hold,
 * the answer is a result or one pr_err() line and a negative errno.
 */
#ifndef HYP_PLATFORM_H
#define HYP_PLATFORM_H

#include <hyp/types.h>

/* [base, base + size), bytes; never wraps. */
struct mem_range {
	u64 base;
	u64 size;
};

enum uart_type { UART_NONE, UART_PL011, UART_16550 };

struct platform_uart {
	enum uart_type type;
	struct mem_range regs;
	u8 reg_shift; /* 16550: log2 of the distance between registers */
	u8 io_width; /* 16550: 1 or 4 bytes */
};

#define PLATFORM_MAX_GICR 4
#define PLATFORM_MAX_RESERVED 32
#define PLATFORM_CMDLINE 1024

struct platform_module {
	struct mem_range file; /* size 0: there is none */
	u64 mem_size; /* kernel: image_size of the Image header, >= file.size */
	u64 entry_offset; /* kernel: always 0, code starts at the header */
	char bootargs[PLATFORM_CMDLINE];
};

struct platform_options {
	u64 pool; /* pool=SIZE, whole pages; 0: the default of 1/128 of RAM, at least 16 MiB */
	bool panic_off; /* panic=off: SYSTEM_OFF after a panic */
	u8 loglevel; /* loglevel=err|warn|info|debug, as enum log_level; default info */
	u64 smc_pass; /* smc-pass=OWNER[,OWNER...]: bit n lets SMCs of owner n through */
};

struct platform {
	struct mem_range ram[HYP_MAX_RAM_RANGES]; /* sorted, merged, page aligned */
	unsigned int nr_ram;
	/*
	 * /memreserve/ and /reserved-memory: RAM all the same, but not for us.
	 * Page aligned (outwards), in the tree's order, may overlap.
	 */
	struct mem_range reserved[PLATFORM_MAX_RESERVED];
	unsigned int nr_reserved;
	/* Those of /reserved-memory that are no-map: not touched, even by speculation. */
	struct mem_range no_map[PLATFORM_MAX_RESERVED];
	unsigned int nr_no_map;
	struct platform_uart uart;
	struct mem_range gicd;
	struct mem_range gicr[PLATFORM_MAX_GICR];
	unsigned int nr_gicr;
	u64 gicr_stride; /* 0: by GICR_TYPER.VLPIS */
	/* other 4 KiB-mapped GIC frames: ITS */
	struct mem_range gits[PLATFORM_MAX_GICR];
	unsigned int nr_gits;
	/* INTIDs (16 to 31) of the private interrupts that EL2 deals with */
	u8 ppi_maint; /* vGIC maintenance; 25 if the tree has none */
	u8 ppi_phys; /* EL1 physical timer: the host's */
	u8 ppi_virt; /* EL1 virtual timer: the guests' */
	u8 ppi_hyp; /* EL2 physical timer; 26 if the tree has none */
	u64 mpidr[HYP_MAX_CPUS]; /* affinity fields of /cpus, in the tree's order */
	unsigned int nr_cpus;
	struct mem_range fdt; /* the tree we were given, totalsize bytes */
	struct platform_module kernel;
	struct platform_module initrd; /* a module, or /chosen's linux,initrd-* */
	struct platform_options opt;
	char cmdline[PLATFORM_CMDLINE]; /* the hypervisor's own */
};

/**
 * platform_uart_find() - find the console in a device tree
 * @fdt: device tree, mapped readable
 * @fdt_pa: where it is
 * @fdt_size: bytes that are mapped; totalsize may not exceed it
 * @uart: result; type UART_NONE when there is no usable one, also on error
 *
 * First of all at boot, so that whatever is wrong afterwards can be said: the
 * log keeps the line that this function itself may write, and prints it once
 * there is a console. Follows /chosen/stdout-path, through /aliases too, and
 * ranges of parents. Checks the whole structure of the tree.
 *
 * Return: 0, or -EINVAL for something that is no device tree.
 */
int platform_uart_find(const void *fdt, pa_t fdt_pa, size_t fdt_size,
		       struct platform_uart *uart);

/**
 * platform_parse() - read everything else from the device tree
 * @fdt: device tree, mapped readable, which platform_uart_find() has accepted
 * @fdt_pa: where it is
 * @image: the hypervisor's own image with its BSS, to check the modules against
 * @p: result
 *
 * What is missing or impossible is said in one pr_err() line that names it.
 * kernel.mem_size is the file's size until platform_check_kernel().
 *
 * Return: 0 or a negative errno.
 */
int platform_parse(const void *fdt, pa_t fdt_pa, struct mem_range image, struct platform *p);

/**
 * platform_check_kernel() - check the first bytes of the host's kernel
 * @p: platform; kernel.mem_size is set from the header
 * @header: start of the module: min(kernel.file.size, PAGE_SIZE) bytes, which
 *	platform_parse() has made sure are in RAM and start a page
 * @image: the hypervisor's own image
 *
 * arm64 boot protocol: magic, little endian, image_size; the module must start
 * text_offset bytes above a 2 MiB boundary, and its memory including BSS may
 * overlap neither initrd, device tree, reserved memory nor the hypervisor, and
 * must lie in RAM. A file that was cut short is recognised by its section
 * table, if it has one (every kernel that UEFI can start has). Each refusal is
 * one pr_err() line; those about overlaps name both ranges.
 *
 * Return: 0 or a negative errno.
 */
int platform_check_kernel(struct platform *p, const void *header, struct mem_range image);

/**
 * platform_place() - find free RAM for the hypervisor
 * @p: platform with all modules known
 * @image: the hypervisor's own image
 * @size: bytes, a multiple of @align
 * @align: power of two, at least PAGE_SIZE
 * @base: result
 *
 * Takes the highest place that overlaps nothing (image, kernel with BSS,
 * initrd, device tree, reserved memory). To place a second thing, give the
 * first to platform_reserve().
 *
 * Return: 0, or -ENOMEM without a message.
 */
int platform_place(const struct platform *p, struct mem_range image, u64 size, u64 align,
		   u64 *base);

/**
 * platform_reserve() - keep platform_place() off a range from now on
 * @p: platform
 * @base: first byte
 * @size: bytes
 *
 * Return: 0, or -ENOSPC after a pr_err() line.
 */
int platform_reserve(struct platform *p, u64 base, u64 size);

/**
 * platform_host_fdt() - make the device tree that the host gets
 * @p: platform
 * @src: the tree we were given
 * @dst: buffer for the host's tree, 8-byte aligned, apart from @src
 * @size: bytes at @dst; PLATFORM_HOST_FDT_ROOM more than @src has will do
 * @hyp: ranges that are the hypervisor's: reserved (no-map) in the host's tree
 * @nr_hyp: their number
 *
 * Takes out the boot modules; sets /chosen bootargs, linux,initrd-start and
 * -end to the modules'; keeps rng-seed, kaslr-seed and everything else; adds
 * /hypervisor (compatible "mediatek,geniezone"); takes the virtual and EL2
 * PPIs out of the timer node and names the rest by interrupt-names. The result
 * is packed: its totalsize is what it needs.
 *
 * Return: 0 or a negative errno, after one pr_err() line.
 */
int platform_host_fdt(const struct platform *p, const void *src, void *dst, size_t size,
		      const struct mem_range *hyp, unsigned int nr_hyp);

/* What platform_host_fdt() may add, beside the host's command line (in it). */
#define PLATFORM_HOST_FDT_ROOM 8192

/**
 * platform_uart_init() - make the UART at @regs the log's console
 * @uart: what platform_uart_find() found
 * @regs: where its registers are mapped, as Device memory; NULL for UART_NONE
 *
 * The boot loader or firmware has set up speed and format; only transmission is
 * used, and each wait for the transmitter is bounded.
 */
void platform_uart_init(const struct platform_uart *uart, volatile void *regs);

#endif
