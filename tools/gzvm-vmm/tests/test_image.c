// SPDX-License-Identifier: GPL-2.0-only
/* Kernel image headers. */
#include "image.h"
#include "ktap.h"
#include "util.h"

static uint8_t head[IMAGE_HEAD_SIZE];

static void put(size_t offset, uint64_t value, size_t size)
{
	memcpy(head + offset, &value, size);
}

/* A header with one PE section that ends at @raw_end. */
static void image(uint64_t text_offset, uint64_t size, uint32_t raw_end)
{
	memset(head, 0, sizeof(head));
	put(8, text_offset, 8);
	put(16, size, 8);
	memcpy(head + 56, "ARM\x64", 4);
	if (!raw_end)
		return;
	memcpy(head, "MZ", 2);
	put(60, 64, 4);
	memcpy(head + 64, "PE\0\0", 4);
	put(64 + 6, 1, 2);
	put(64 + 20, 16, 2);
	put(64 + 24 + 16 + 16, raw_end - 0x1000, 4);
	put(64 + 24 + 16 + 20, 0x1000, 4);
}

TEST(good)
{
	struct image_info info;

	image(0x80000, 0x200000, 0);
	EXPECT(!image_check(head, sizeof(head), 0x100000, &info));
	EXPECT_EQ(info.text_offset, 0x80000);
	EXPECT_EQ(info.image_size, 0x200000);
	image(0, 0x200000, 0x100000);
	EXPECT(!image_check(head, sizeof(head), 0x100000, &info));
	EXPECT_EQ(info.text_offset, 0);
	/* booting.rst sets no limit to it. */
	image(0x40080000, 0x200000, 0);
	EXPECT(!image_check(head, sizeof(head), 0x100000, &info));
	EXPECT_EQ(info.text_offset, 0x40080000);
	/* The smallest file. */
	image(0, 64, 0);
	EXPECT(!image_check(head, 64, 64, &info));
}

TEST(old)
{
	struct image_info info;

	image(0x1234, 0, 0);
	EXPECT(!image_check(head, sizeof(head), 0x5000, &info));
	EXPECT_EQ(info.text_offset, 0x80000);
	EXPECT_EQ(info.image_size, 0x5000);
}

/* A header that asks for no memory behind the file says nothing of BSS and stack. */
TEST(keep_free)
{
	static const struct {
		uint64_t image_size, keep_free;
	} cases[] = {
		{ 0, 16 << 20 }, { 64, 16 << 20 }, { 0x100000, 16 << 20 }, { 0x100001, 0 },
	};
	struct image_info info;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		image(0, cases[i].image_size, 0);
		EXPECT(!image_check(head, sizeof(head), 0x100000, &info));
		EXPECT_EQ(info.keep_free, cases[i].keep_free);
	}
}

TEST(cut_short)
{
	struct image_info info;

	image(0, 0x200000, 0x100000);
	EXPECT_CONTAINS(image_check(head, sizeof(head), 0xfffff, &info), "cut short");
	EXPECT_CONTAINS(image_check(head, sizeof(head), 4096, &info), "cut short");
	/* Not even the whole PE header is there, or not the whole section table. */
	EXPECT_CONTAINS(image_check(head, 64, 64, &info), "cut short");
	EXPECT_CONTAINS(image_check(head, 100, 100, &info), "cut short");
	EXPECT_CONTAINS(image_check(head, 143, 143, &info), "cut short");
	image(0, 0x200000, 0);
	EXPECT_CONTAINS(image_check(head, 63, 63, &info), "too short");
	EXPECT_CONTAINS(image_check(head, 0, 0, &info), "too short");
}

TEST(other_files)
{
	struct image_info info;

	memset(head, 0, sizeof(head));
	EXPECT_CONTAINS(image_check(head, sizeof(head), 4096, &info), "no arm64 Image");
	memcpy(head, "\x1f\x8b", 2);
	EXPECT_CONTAINS(image_check(head, sizeof(head), 4096, &info), "gunzip");
	memcpy(head, "\x7f" "ELF", 4);
	EXPECT_CONTAINS(image_check(head, sizeof(head), 4096, &info), "ELF");
	memcpy(head, "MZ\0\0zimg", 8);
	EXPECT_CONTAINS(image_check(head, sizeof(head), 4096, &info), "compressed EFI");
}

TEST(nonsense)
{
	struct image_info info;

	image(UINT64_C(1) << 40, 0x200000, 0);
	EXPECT_CONTAINS(image_check(head, sizeof(head), 4096, &info), "no sense");
	image(UINT64_MAX, 0x200000, 0);
	EXPECT_CONTAINS(image_check(head, sizeof(head), 4096, &info), "no sense");
	image(0, UINT64_C(1) << 40, 0);
	EXPECT_CONTAINS(image_check(head, sizeof(head), 4096, &info), "no sense");
	image(0, UINT64_MAX, 0);
	EXPECT_CONTAINS(image_check(head, sizeof(head), 4096, &info), "no sense");
	/* Section tables that lie outside of what was read. */
	image(0, 0x200000, 0x100000);
	put(60, UINT32_MAX, 4);
	EXPECT_CONTAINS(image_check(head, sizeof(head), 4096, &info), "cut short");
	EXPECT(!image_check(head, sizeof(head), UINT64_C(1) << 33, &info));
	image(0, 0x200000, 0x100000);
	put(64 + 6, 0xffff, 2);
	put(64 + 20, 0xffff, 2);
	EXPECT_CONTAINS(image_check(head, sizeof(head), 4096, &info), "cut short");
	EXPECT(!image_check(head, sizeof(head), 0x200000, &info));
}

TEST(random_headers)
{
	uint64_t seed = 1;
	struct image_info info;

	for (unsigned int i = 0; i < 100000; i++) {
		size_t size = ktap_random(&seed) % (sizeof(head) + 1);
		uint8_t *copy;

		image(0, 0x200000, 0x100000);
		for (unsigned int n = 0; n < 8; n++)
			head[ktap_random(&seed) % 160] = ktap_random(&seed);
		memcpy(head + 56, "ARM\x64", 4);
		/* A copy of just that size: the sanitizer sees what is read behind it. */
		copy = malloc(size + 1);
		memcpy(copy, head, size);
		if (!image_check(copy, size, size, &info)) {
			EXPECT(info.image_size >= size);
			EXPECT(info.image_size >> 40 == 0);
			EXPECT(info.text_offset >> 40 == 0);
		}
		free(copy);
	}
}
