// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boot modules: the host's kernel and initrd, where they are, what they need,
 * and where there is room beside them.
 */
#include <libfdt.h>
#include <hyp/errno.h>
#include <hyp/log.h>
#include <hyp/string.h>

#include "fdt_util.h"
#include "internal.h"

/* Image header (Documentation/arch/arm64/booting.rst, "Call the kernel image"). */
#define IMAGE_HEADER_SIZE 64
#define IMAGE_TEXT_OFFSET 8
#define IMAGE_SIZE 16
#define IMAGE_FLAGS 24
#define IMAGE_MAGIC 56
#define IMAGE_PE_OFFSET 60
#define IMAGE_MAGIC_VALUE 0x644d5241 /* "ARM\x64" */
#define IMAGE_FLAG_BE BIT(0)
/* PE/COFF: what follows the signature "PE\0\0". */
#define PE_MAGIC 0x00004550
#define PE_SECTIONS 6
#define PE_OPTIONAL_SIZE 20
#define PE_HEADER_SIZE 24
#define PE_SECTION_SIZE 40
#define PE_SECTION_RAW_SIZE 16
#define PE_SECTION_RAW_OFFSET 20

/* What may not overlap. */
struct named_range {
	const char *name;
	u64 base;
	u64 size;
};

#define MAX_TAKEN (4 + PLATFORM_MAX_RESERVED)
#define NR_BOOT 4

bool platform_is_module(const void *fdt, int node)
{
	return !fdt_node_check_compatible(fdt, node, "multiboot,module") ||
	       !fdt_node_check_compatible(fdt, node, "multiboot,kernel") ||
	       !fdt_node_check_compatible(fdt, node, "multiboot,ramdisk");
}

/*
 * QEMU's guest-loader writes two cells each, whatever #address-cells of
 * /chosen says; boot loaders made for Xen keep to them. The length tells.
 */
static int module_reg(const void *fdt, int chosen, int node, struct mem_range *r)
{
	const char *name = fdt_util_name(fdt, node);
	int len, address = 2, size = 2;
	const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &len);

	if (reg && len != 16) {
		address = fdt_address_cells(fdt, chosen);
		size = fdt_size_cells(fdt, chosen);
	}
	if (!reg || address < 1 || address > 2 || size < 1 || size > 2 ||
	    len != (address + size) * (int)sizeof(*reg)) {
		pr_err("device tree: /chosen/%s: no reg with one address and one size: correct what loads the boot modules",
		       name);
		return -EINVAL;
	}
	r->base = fdt_util_number(reg, address);
	r->size = fdt_util_number(reg + address, size);
	if (!r->size || r->base + r->size < r->base) {
		pr_err("device tree: /chosen/%s: 0x%lx bytes at 0x%lx is no range of memory: load the module again",
		       name, (unsigned long)r->size, (unsigned long)r->base);
		return -EINVAL;
	}
	return 0;
}

static int add_module(const void *fdt, int chosen, int node, const char *what,
		      struct platform_module *m)
{
	const char *args = fdt_util_string(fdt, node, "bootargs");
	struct mem_range r;
	int ret = module_reg(fdt, chosen, node, &r);

	if (ret)
		return ret;
	if (m->file.size) {
		pr_err("two boot modules are a %s, at 0x%lx and at 0x%lx: give one", what,
		       (unsigned long)m->file.base, (unsigned long)r.base);
		return -EINVAL;
	}
	if (args && strlen(args) >= sizeof(m->bootargs)) {
		pr_err("device tree: /chosen/%s: bootargs are longer than %zu bytes: shorten them",
		       fdt_util_name(fdt, node), sizeof(m->bootargs) - 1);
		return -E2BIG;
	}
	m->file = r;
	m->mem_size = r.size;
	if (args)
		memcpy(m->bootargs, args, strlen(args) + 1);
	return 0;
}

/* linux,initrd-start and -end are of one or two cells. */
static bool initrd_prop(const void *fdt, int chosen, const char *name, u64 *v)
{
	int len;
	const fdt32_t *c = fdt_getprop(fdt, chosen, name, &len);

	if (!c || (len != 4 && len != 8))
		return false;
	*v = fdt_util_number(c, len / 4);
	return true;
}

/* The boot loader's own initrd (QEMU's -initrd) is the host's, too. */
static int chosen_initrd(const void *fdt, int chosen, struct platform *p)
{
	u64 start, end;

	if (!initrd_prop(fdt, chosen, "linux,initrd-start", &start) ||
	    !initrd_prop(fdt, chosen, "linux,initrd-end", &end) || start == end)
		return 0;
	if (p->initrd.file.size) {
		pr_err("two initrds: a boot module at 0x%lx and linux,initrd-start at 0x%lx: give one",
		       (unsigned long)p->initrd.file.base, (unsigned long)start);
		return -EINVAL;
	}
	if (end < start) {
		pr_err("device tree: /chosen: linux,initrd-end 0x%lx is below linux,initrd-start 0x%lx: correct them",
		       (unsigned long)end, (unsigned long)start);
		return -EINVAL;
	}
	p->initrd.file = (struct mem_range){ start, end - start };
	p->initrd.mem_size = end - start;
	return 0;
}

int platform_modules(const void *fdt, struct platform *p)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	int node = -1;
	int ret;

	/* libfdt would take a negative offset for the root's parent. */
	if (chosen >= 0)
		node = fdt_first_subnode(fdt, chosen);
	for (; node >= 0; node = fdt_next_subnode(fdt, node)) {
		if (!platform_is_module(fdt, node))
			continue;
		ret = 0;
		if (!fdt_node_check_compatible(fdt, node, "multiboot,kernel"))
			ret = add_module(fdt, chosen, node, "kernel", &p->kernel);
		else if (!fdt_node_check_compatible(fdt, node, "multiboot,ramdisk"))
			ret = add_module(fdt, chosen, node, "ramdisk", &p->initrd);
		else
			pr_warn("device tree: /chosen/%s is neither \"multiboot,kernel\" nor \"multiboot,ramdisk\": ignored",
				fdt_util_name(fdt, node));
		if (ret)
			return ret;
	}
	if (!p->kernel.file.size) {
		pr_err("no host kernel: /chosen has no boot module \"multiboot,kernel\": load one (QEMU: -device guest-loader,addr=ADDRESS,kernel=IMAGE,bootargs=TEXT)");
		return -ENOENT;
	}
	/* Its header is looked at through a mapping of its first page. */
	if (!IS_ALIGNED(p->kernel.file.base, PAGE_SIZE)) {
		pr_err("the host's kernel at 0x%lx does not start a 4 KiB page: load it 2 MiB aligned",
		       (unsigned long)p->kernel.file.base);
		return -EINVAL;
	}
	return chosen_initrd(fdt, chosen, p);
}

/* Lists what lies in RAM: first the NR_BOOT things that boot needs. */
static unsigned int list_taken(const struct platform *p, struct mem_range image,
			       struct named_range *out)
{
	unsigned int n = 0;

	out[n++] = (struct named_range){ "the hypervisor", image.base, image.size };
	out[n++] = (struct named_range){ "the device tree", p->fdt.base, p->fdt.size };
	out[n++] = (struct named_range){ "the host's kernel with its BSS", p->kernel.file.base,
					 p->kernel.mem_size };
	out[n++] = (struct named_range){ "the host's initrd", p->initrd.file.base,
					 p->initrd.file.size };
	for (unsigned int i = 0; i < p->nr_reserved; i++)
		out[n++] = (struct named_range){ "reserved memory", p->reserved[i].base,
						 p->reserved[i].size };
	return n;
}

static bool in_ram(const struct platform *p, const struct named_range *r)
{
	for (unsigned int i = 0; i < p->nr_ram; i++)
		if (range_within(r->base, r->size, p->ram[i].base, p->ram[i].size))
			return true;
	return false;
}

static int check_pair(const struct named_range *a, const struct named_range *b)
{
	if (!a->size || !b->size || !ranges_overlap(a->base, a->size, b->base, b->size))
		return 0;
	pr_err("%s (0x%lx-0x%lx) and %s (0x%lx-0x%lx) overlap: load one of them elsewhere", a->name,
	       (unsigned long)a->base, (unsigned long)(a->base + a->size - 1), b->name,
	       (unsigned long)b->base, (unsigned long)(b->base + b->size - 1));
	return -EINVAL;
}

int platform_check_layout(const struct platform *p, struct mem_range image)
{
	struct named_range taken[MAX_TAKEN];
	unsigned int n = list_taken(p, image, taken);

	for (unsigned int i = 0; i < NR_BOOT; i++) {
		const struct named_range *r = &taken[i];

		if (r->base + r->size < r->base || (r->size && !in_ram(p, r))) {
			pr_err("%s (0x%lx-0x%lx) does not lie in one range of the device tree's memory: load it elsewhere, or give the machine more memory",
			       r->name, (unsigned long)r->base,
			       (unsigned long)(r->base + r->size - 1));
			return -EINVAL;
		}
	}
	for (unsigned int i = 0; i < NR_BOOT; i++) {
		for (unsigned int j = i + 1; j < n; j++) {
			const struct named_range *a = &taken[i], *b = &taken[j];
			int ret;

			/*
			 * Boot loaders protect a device tree (1) or an initrd (3) by an
			 * entry in /memreserve/: a reservation that holds it whole was made
			 * for it. 0 and 2 are images, at places of the loader's choice.
			 */
			if (j >= NR_BOOT && (i == 1 || i == 3) &&
			    range_within(a->base, a->size, b->base, b->size))
				continue;
			ret = check_pair(a, b);
			if (ret)
				return ret;
		}
	}
	return 0;
}

static u16 le16(const u8 *p)
{
	return p[0] | p[1] << 8;
}

static u32 le32(const u8 *p)
{
	return le16(p) | (u32)le16(p + 2) << 16;
}

static u64 le64(const u8 *p)
{
	return le32(p) | (u64)le32(p + 4) << 32;
}

/*
 * How long the file must be, by the section table of the PE header that
 * kernels for UEFI have; 0 if there is none within @size bytes. image_size
 * doesn't tell: it counts BSS, which no file holds.
 */
static u64 pe_file_size(const u8 *h, size_t size)
{
	u64 pe = le32(h + IMAGE_PE_OFFSET);
	u64 section, end = 0;

	if (h[0] != 'M' || h[1] != 'Z' || pe + PE_HEADER_SIZE > size || le32(h + pe) != PE_MAGIC)
		return 0;
	section = pe + PE_HEADER_SIZE + le16(h + pe + PE_OPTIONAL_SIZE);
	for (unsigned int n = le16(h + pe + PE_SECTIONS); n; n--, section += PE_SECTION_SIZE) {
		const u8 *s = h + section;

		if (section + PE_SECTION_SIZE > size)
			break;
		end = MAX(end, (u64)le32(s + PE_SECTION_RAW_OFFSET) +
			       le32(s + PE_SECTION_RAW_SIZE));
	}
	return end;
}

static int check_magic(const struct platform *p, const u8 *h)
{
	unsigned long base = p->kernel.file.base;

	if (p->kernel.file.size < IMAGE_HEADER_SIZE) {
		pr_err("the host's kernel at 0x%lx is cut short: %lu bytes hold no Image header of %d: load the whole file",
		       base, (unsigned long)p->kernel.file.size, IMAGE_HEADER_SIZE);
		return -EINVAL;
	}
	if (le32(h + IMAGE_MAGIC) == IMAGE_MAGIC_VALUE)
		return 0;
	if (h[0] == 0x1f && h[1] == 0x8b)
		pr_err("the host's kernel at 0x%lx is compressed by gzip: unpack it (zcat) and load the result",
		       base);
	else if (!memcmp(h + 4, "zimg", 4))
		pr_err("the host's kernel at 0x%lx is a compressed EFI application (vmlinuz.efi): load arch/arm64/boot/Image instead",
		       base);
	else
		pr_err("the host's kernel at 0x%lx is no arm64 Image: 0x%08x stands where the magic number should be: load arch/arm64/boot/Image of a kernel",
		       base, le32(h + IMAGE_MAGIC));
	return -EINVAL;
}

int platform_check_kernel(struct platform *p, const void *header, struct mem_range image)
{
	struct platform_module *k = &p->kernel;
	unsigned long base = k->file.base;
	const u8 *h = header;
	u64 text_offset, image_size, file_size;
	int ret = check_magic(p, h);

	if (ret)
		return ret;
	text_offset = le64(h + IMAGE_TEXT_OFFSET);
	image_size = le64(h + IMAGE_SIZE);
	if (le64(h + IMAGE_FLAGS) & IMAGE_FLAG_BE) {
		pr_err("the host's kernel at 0x%lx is big endian: build it with CONFIG_CPU_LITTLE_ENDIAN",
		       base);
		return -EINVAL;
	}
	if (!image_size) {
		pr_err("the host's kernel at 0x%lx doesn't say its size: it is older than Linux 3.17, use a newer one",
		       base);
		return -EINVAL;
	}
	file_size = pe_file_size(h, MIN(k->file.size, PAGE_SIZE));
	if (k->file.size < file_size) {
		pr_err("the host's kernel at 0x%lx is cut short: %lu bytes of %lu: load the whole file",
		       base, (unsigned long)k->file.size, (unsigned long)file_size);
		return -EINVAL;
	}
	if (!IS_ALIGNED(base - text_offset, BLOCK_SIZE)) {
		pr_err("the host's kernel at 0x%lx must start 0x%lx bytes above a 2 MiB boundary: load it at such an address",
		       base, (unsigned long)text_offset);
		return -EINVAL;
	}
	k->mem_size = MAX(image_size, k->file.size);
	return platform_check_layout(p, image);
}

/* The highest place for @size bytes in [base, end), or 0. */
static u64 place_in(const struct named_range *taken, unsigned int n, u64 base, u64 end, u64 size,
		    u64 align)
{
	while (end >= size && ALIGN_DOWN(end - size, align) >= base) {
		u64 at = ALIGN_DOWN(end - size, align);
		unsigned int i;

		for (i = 0; i < n; i++)
			if (taken[i].size &&
			    ranges_overlap(at, size, taken[i].base, taken[i].size))
				break;
		if (i == n)
			return at;
		/* On below what is in the way. */
		end = taken[i].base;
	}
	return 0;
}

int platform_place(const struct platform *p, struct mem_range image, u64 size, u64 align,
		   u64 *base)
{
	struct named_range taken[MAX_TAKEN];
	unsigned int n = list_taken(p, image, taken);

	for (unsigned int i = p->nr_ram; i-- > 0;) {
		/* Page 0 of physical memory is given to nobody: 0 means none. */
		*base = place_in(taken, n, p->ram[i].base, p->ram[i].base + p->ram[i].size, size,
				 align);
		if (*base)
			return 0;
	}
	return -ENOMEM;
}
