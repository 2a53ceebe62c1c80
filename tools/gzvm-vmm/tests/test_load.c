// SPDX-License-Identifier: GPL-2.0-only
/* Where kernel, device tree and initrd lie in the guest's memory. */
#include <errno.h>
#include <libfdt.h>
#include <sys/random.h>
#include <sys/uio.h>

#include "ktap.h"
#include "layout.h"
#include "machine.h"

#define M(n)		((uint64_t)(n) << 20)
#define FILE_SIZE	0x5000

static struct options options;
static struct machine machine;
static FILE *kernel, *initrd;
static char kernel_path[64], initrd_path[64];
static bool becomes_shorter, no_random;

/* Calls of the C library that load.c makes end here. */
ssize_t pread(int fd, void *buf, size_t size, off_t at)
{
	struct iovec iov = { buf, size };

	return becomes_shorter ? 0 : preadv(fd, &iov, 1, at);
}

ssize_t getrandom(void *buf, size_t size, unsigned int flags)
{
	(void)flags;
	memset(buf, 0x5a, size);
	return no_random ? -1 : (ssize_t)size;
}

static FILE *file(char *path, size_t path_size, const void *head, size_t head_size, uint8_t rest)
{
	FILE *f = tmpfile();

	fwrite(head, head_size, 1, f);
	for (size_t i = head_size; i < FILE_SIZE; i++)
		fputc(rest, f);
	fflush(f);
	snprintf(path, path_size, "/proc/self/fd/%d", fileno(f));
	return f;
}

static void setup(uint64_t mem, uint64_t text_offset, uint64_t image_size)
{
	uint8_t head[64] = { 0 };

	memcpy(head + 8, &text_offset, 8);
	memcpy(head + 16, &image_size, 8);
	memcpy(head + 56, "ARM\x64", 4);
	kernel = file(kernel_path, sizeof(kernel_path), head, sizeof(head), 'k');
	initrd = file(initrd_path, sizeof(initrd_path), "initrd", 6, 'i');
	options = (struct options) { .kernel = kernel_path, .cpus = 1, .cmdline = "a b" };
	memset(&machine, 0, sizeof(machine));
	machine.options = &options;
	if (guest_mem_alloc(&machine.mem, LAYOUT_RAM, mem))
		abort();
}

static void teardown(void)
{
	guest_mem_free(&machine.mem);
	fclose(kernel);
	fclose(initrd);
}

static uint8_t byte(uint64_t gpa)
{
	return *(uint8_t *)guest_mem_at(&machine.mem, gpa, 1);
}

/* Loads, and expects the device tree at @dtb from the start of memory. */
static void expect_dtb(uint64_t dtb)
{
	const void *tree = guest_mem_at(&machine.mem, LAYOUT_RAM + dtb, LAYOUT_DTB_SIZE);

	ASSERT(!machine_load(&machine));
	ASSERT(machine.dtb == LAYOUT_RAM + dtb);
	EXPECT_EQ(fdt_check_full(tree, machine.dtb_size), 0);
	EXPECT_EQ(byte(machine.entry + 56), 'A');
	EXPECT_EQ(byte(machine.entry + FILE_SIZE - 1), 'k');
	EXPECT_EQ(byte(machine.entry + FILE_SIZE), 0);
	if (!options.initrd)
		return;
	EXPECT_EQ(machine.initrd, machine.dtb + M(2));
	EXPECT_EQ(machine.initrd_size, FILE_SIZE);
	EXPECT(!memcmp(guest_mem_at(&machine.mem, machine.initrd, 7), "initrdi", 7));
	EXPECT_EQ(byte(machine.initrd + FILE_SIZE - 1), 'i');
	EXPECT_EQ(byte(machine.initrd + FILE_SIZE), 0);
}

/* A kernel that says what it needs has the others right behind that. */
TEST(places)
{
	setup(M(8), 0x1000, M(2) - 0x1000);
	expect_dtb(M(2));
	EXPECT_EQ(machine.entry, LAYOUT_RAM + 0x1000);
	options.initrd = initrd_path;
	expect_dtb(M(2));
	teardown();
	setup(M(8), 0x1000, M(2));
	options.initrd = initrd_path;
	expect_dtb(M(4));
	teardown();
}

/* One that does not has 16 MiB of free memory first, or as little as any where memory is short. */
TEST(keep_free)
{
	setup(M(20), 0, FILE_SIZE);
	expect_dtb(M(18));
	teardown();
	setup(M(18), 0, FILE_SIZE);
	expect_dtb(M(2));
	teardown();
	/* The header of old kernels. */
	setup(M(22), 0, 0);
	options.initrd = initrd_path;
	expect_dtb(M(18));
	EXPECT_EQ(machine.entry, LAYOUT_RAM + 0x80000);
	teardown();
	setup(M(20), 0, 0);
	options.initrd = initrd_path;
	expect_dtb(M(2));
	teardown();
}

TEST(text_offset)
{
	setup(M(48), M(32) + 0x80000, 0x6000);
	expect_dtb(M(34));
	EXPECT_EQ(machine.entry, LAYOUT_RAM + M(32) + 0x80000);
	teardown();
}

TEST(no_room)
{
	static const struct {
		uint64_t mem, text_offset, image_size;
		bool initrd;
	} cases[] = {
		{ M(2), 0, M(2) + 1, false },
		{ M(2), M(2), 0x6000, false },
		{ M(32), M(32) - FILE_SIZE, FILE_SIZE + 1, false },
		{ M(2), (UINT64_C(1) << 40) - 1, (UINT64_C(1) << 40) - 1, false },
		/* No room for the device tree, and for the initrd behind it. */
		{ M(2), 0, 0x6000, false },
		{ M(4), 0, 0x6000, true },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(cases[i].mem, cases[i].text_offset, cases[i].image_size);
		options.initrd = cases[i].initrd ? initrd_path : NULL;
		EXPECT(machine_load(&machine) < 0);
		teardown();
	}
}

TEST(files_that_fail)
{
	setup(M(8), 0, 0x6000);
	options.initrd = "/proc/self/fd/none";
	EXPECT_EQ(machine_load(&machine), -ENOENT);
	options.kernel = initrd_path;
	EXPECT(machine_load(&machine) < 0);
	options.kernel = "/";
	EXPECT(machine_load(&machine) < 0);
	options.kernel = kernel_path;
	options.initrd = "/dev/null";
	EXPECT_EQ(machine_load(&machine), -EINVAL);
	options.initrd = initrd_path;
	becomes_shorter = true;
	EXPECT(machine_load(&machine) < 0);
	becomes_shorter = false;
	no_random = true;
	EXPECT_EQ(machine_load(&machine), -EIO);
	no_random = false;
	EXPECT_EQ(machine_load(&machine), 0);
	teardown();
}
