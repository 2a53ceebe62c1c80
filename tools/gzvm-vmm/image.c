// SPDX-License-Identifier: GPL-2.0-only
/*
 * arm64 kernel images: Documentation/arch/arm64/booting.rst of the kernel.
 */
#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "image.h"
#include "util.h"

#define IMAGE_HEADER_SIZE	64
#define IMAGE_TEXT_OFFSET	8
#define IMAGE_SIZE		16
#define IMAGE_MAGIC		56
#define IMAGE_PE_OFFSET		60
/* Kernels before 3.17 have no size in the header, and this offset. */
#define IMAGE_OLD_TEXT_OFFSET	0x80000
/* booting.rst wants as much as possible of a boot loader that is not told; this is a lot. */
#define IMAGE_KEEP_FREE		(UINT64_C(16) << 20)

static uint64_t image_field(const uint8_t *head, size_t offset, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, head + offset, size);
	return le64toh(value);
}

/*
 * The header tells the size in memory, not that of the file. But kernels that EFI firmware
 * can start are PE programs as well, and their section table says how long the file is at
 * least: what is cut short shows there.
 */
static uint64_t image_pe_end(const uint8_t *head, size_t head_size)
{
	uint64_t pe = image_field(head, IMAGE_PE_OFFSET, 4), end = 0;
	uint64_t sections, nr;

	if (memcmp(head, "MZ", 2))
		return 0;
	/* What was not read is behind the end, too, where the file is that small. */
	if (pe > head_size - 24)
		return pe + 24;
	if (memcmp(head + pe, "PE\0\0", 4))
		return 0;
	nr = image_field(head, pe + 6, 2);
	sections = pe + 24 + image_field(head, pe + 20, 2);
	for (uint64_t i = 0; i < nr; i++) {
		uint64_t section = sections + 40 * i, raw;

		if (section > head_size - 40)
			return section + 40 > end ? section + 40 : end;
		raw = image_field(head, section + 16, 4) + image_field(head, section + 20, 4);
		end = raw > end ? raw : end;
	}
	return end;
}

static const char *image_not_an_image(const uint8_t *head)
{
	if (!memcmp(head, "\x1f\x8b", 2))
		return "is compressed with gzip; unpack it with gunzip";
	if (!memcmp(head, "MZ", 2) && !memcmp(head + 4, "zimg", 4))
		return "is a compressed EFI kernel; give the Image that it was made from";
	if (!memcmp(head, "\x7f" "ELF", 4))
		return "is an ELF file; give the arm64 Image";
	return "is no arm64 Image; give a kernel's arch/arm64/boot/Image";
}

/**
 * image_check() - look whether a file is an arm64 kernel, and where it goes
 * @head: its first bytes
 * @head_size: how many they are: IMAGE_HEAD_SIZE, or the whole of a smaller file
 * @file_size: bytes of the file
 * @info: filled in
 *
 * Return: NULL, or what is wrong with it and what to do, in words.
 */
const char *image_check(const uint8_t *head, size_t head_size, uint64_t file_size,
			struct image_info *info)
{
	if (head_size < IMAGE_HEADER_SIZE)
		return "is too short for a kernel; give an arm64 Image";
	if (memcmp(head + IMAGE_MAGIC, "ARM\x64", 4))
		return image_not_an_image(head);
	if (image_pe_end(head, head_size) > file_size)
		return "is cut short; copy it again";
	info->text_offset = image_field(head, IMAGE_TEXT_OFFSET, 8);
	info->image_size = image_field(head, IMAGE_SIZE, 8);
	if (!info->image_size)
		info->text_offset = IMAGE_OLD_TEXT_OFFSET;
	/* BSS and stack are behind the file: a header that claims nothing there does not tell. */
	info->keep_free = info->image_size <= file_size ? IMAGE_KEEP_FREE : 0;
	if (info->image_size < file_size)
		info->image_size = file_size;
	/* Far more than any kernel, and small enough that no sum with them wraps. */
	if (info->text_offset >> 40 || info->image_size >> 40)
		return "has a header that makes no sense; build it again";
	return NULL;
}
