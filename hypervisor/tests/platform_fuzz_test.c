// SPDX-License-Identifier: GPL-2.0-only
// LINK: platform/fdt.c platform/fdt_util.c platform/options.c platform/modules.c platform/uart.c
// LINK: platform/uart_pl011.c platform/uart_16550.c platform/fdt_host.c core/log.c lib/printf.c
// LIBS: -lfdt
/*
 * Damaged device trees and kernels: whatever comes in, nothing outside of it is
 * read (ASan watches buffers of exactly their size), every refusal is said, and
 * what is accepted keeps its promises.
 */
#include "ktap.h"

#include "trees.h"

#define ROUNDS 6000

static struct platform p;
static u8 host[TREE_ROOM] __aligned(8);
static unsigned int accepted, refused;

/* What platform.h promises of a struct platform. */
static void check_platform(void)
{
	EXPECT(p.nr_ram >= 1 && p.nr_ram <= HYP_MAX_RAM_RANGES);
	EXPECT(p.nr_cpus >= 1 && p.nr_cpus <= HYP_MAX_CPUS);
	EXPECT(p.nr_reserved <= PLATFORM_MAX_RESERVED);
	EXPECT(p.nr_gicr >= 1 && p.nr_gicr <= PLATFORM_MAX_GICR && p.nr_gits <= PLATFORM_MAX_GICR);
	for (unsigned int i = 0; i < p.nr_ram; i++) {
		EXPECT(p.ram[i].size && IS_ALIGNED(p.ram[i].base | p.ram[i].size, PAGE_SIZE));
		EXPECT(p.ram[i].base + p.ram[i].size <= 1UL << 48);
		if (i)
			EXPECT(p.ram[i - 1].base + p.ram[i - 1].size < p.ram[i].base);
	}
	for (unsigned int i = 0; i < p.nr_reserved; i++)
		EXPECT(p.reserved[i].base + p.reserved[i].size <= 1UL << 48);
	for (unsigned int i = 0; i < p.nr_cpus; i++)
		EXPECT(!(p.mpidr[i] & ~0xff00ffffffUL));
	EXPECT(p.ppi_phys >= 16 && p.ppi_phys < 32 && p.ppi_virt >= 16 && p.ppi_virt < 32);
	EXPECT(p.ppi_hyp >= 16 && p.ppi_hyp < 32 && p.ppi_maint >= 16 && p.ppi_maint < 32);
	EXPECT(p.kernel.file.size);
	EXPECT(strnlen(p.cmdline, sizeof(p.cmdline)) < sizeof(p.cmdline));
}

static void run(const u8 *fdt, size_t size, uint64_t *seed)
{
	struct platform_uart uart = { .type = UART_16550 };
	int ret = platform_uart_find((const void *)fdt, pa(TREE_FDT_PA), size, &uart);
	u8 header[PAGE_SIZE];
	const char *text;
	u64 at;

	EXPECT(!ret || uart.type == UART_NONE);
	if (uart.type != UART_NONE)
		EXPECT(uart.regs.size && uart.reg_shift <= 4 &&
		       (uart.io_width == 1 || uart.io_width == 4));
	if (!ret)
		ret = platform_parse(fdt, pa(TREE_FDT_PA), tree_image, &p);
	if (!ret) {
		check_platform();
		for (unsigned int i = 0; i < sizeof(header); i++)
			header[i] = ktap_random(seed) % 3 ? 0 : ktap_random(seed);
		memcpy(header + 56, "ARMd", 4);
		(void)platform_check_kernel(&p, header, tree_image);
		log_text();
		if (!platform_place(&p, tree_image, 0x200000, 0x200000, &at))
			EXPECT(IS_ALIGNED(at, 0x200000));
		p.kernel.mem_size = p.kernel.file.size;
		ret = platform_host_fdt(&p, fdt, host, sizeof(host), &tree_image, 1);
		if (!ret)
			EXPECT_EQ(fdt_check_full(host, sizeof(host)), 0);
	}
	text = log_text();
	if (ret) {
		EXPECT(strstr(text, "error: ") != NULL);
		refused++;
	} else {
		accepted++;
	}
}

static const u32 odd[] = { 0, 1, 2, 3, 4, 0x7fffffff, 0x80000000, ~0U, 0x1000, 0x40000000 };

/* Bytes anywhere; cells with numbers that are hard; a tree cut short. */
static void damage(u8 *fdt, size_t *size, uint64_t *seed)
{
	unsigned int n = 1 + ktap_random(seed) % 4;

	while (n--) {
		size_t at = ktap_random(seed) % *size;

		switch (ktap_random(seed) % 8) {
		case 0:
			fdt[at] = ktap_random(seed);
			break;
		case 1:
			if (ktap_random(seed) % 8 == 0)
				*size = 1 + at;
			break;
		default:
			at &= ~3UL;
			if (at + 4 <= *size) {
				u32 v = cpu_to_fdt32(odd[ktap_random(seed) % ARRAY_SIZE(odd)]);

				memcpy(fdt + at, &v, 4);
			}
		}
	}
}

static void fuzz(void *fdt, uint64_t seed)
{
	void *exact = tree_exact(fdt);
	size_t whole = fdt_totalsize(exact);

	accepted = refused = 0;
	log_text();
	for (int i = 0; i < ROUNDS; i++) {
		size_t size = whole;
		u8 *copy = malloc(size), *cut;

		memcpy(copy, exact, size);
		damage(copy, &size, &seed);
		cut = malloc(size);
		memcpy(cut, copy, size);
		run(cut, size, &seed);
		free(cut);
		free(copy);
	}
	/* The damage does hit, and not everything at once. */
	EXPECT(accepted > ROUNDS / 50 && refused > ROUNDS / 50);
	printf("# %u accepted, %u refused\n", accepted, refused);
	free(exact);
	free(fdt);
}

TEST(fuzz_qemu)
{
	fuzz(tree_machine(), 1);
}

TEST(fuzz_soc)
{
	fuzz(tree_compile(tree_soc), 2);
}

TEST(fuzz_one_cell)
{
	fuzz(tree_compile(tree_cells32), 3);
}

/* Cut at every byte. */
TEST(every_truncation)
{
	void *fdt = tree_compile(tree_cells32), *exact = tree_exact(fdt);
	struct platform_uart uart;

	for (size_t size = 0; size < fdt_totalsize(exact); size++) {
		u8 *cut = malloc(size);

		memcpy(cut, exact, size);
		EXPECT_EQ(platform_uart_find(cut, pa(TREE_FDT_PA), size, &uart), -EINVAL);
		free(cut);
	}
	free(exact);
	free(fdt);
}
