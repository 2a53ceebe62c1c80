// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page records: set-up, look-up, the host's stage 2, and moves between the host
 * and the hypervisor.
 */
#include <hyp/stage2.h>
#include <hyp/string.h>

#include "page_impl.h"

struct spinlock page_lock = SPINLOCK_INIT;
struct pgtable *page_host;

/* RAM and its records; constant after page_init(). */
static struct ram {
	u64 base;
	u64 size;
	struct page_record *records;
} ram[HYP_MAX_RAM_RANGES];
static unsigned int nr_ram;
static struct mem_range no_map[PLATFORM_MAX_RESERVED];
static unsigned int nr_no_map;

/**
 * page_records_size() - room for the records
 * @p: platform, RAM known
 *
 * Return: bytes, whole pages.
 */
u64 page_records_size(const struct platform *p)
{
	u64 pages = 0;

	for (unsigned int i = 0; i < p->nr_ram; i++)
		pages += p->ram[i].size >> PAGE_SHIFT;
	return ALIGN_UP(pages * sizeof(struct page_record), PAGE_SIZE);
}

/**
 * page_host_tables() - tables that the host's stage 2 may need
 * @p: platform, RAM known
 * @nr_ranges: the hypervisor's ranges, special and denied ones together
 *
 * Only the two ends of a range cut leaves of 1 GiB and 2 MiB, so this bounds what
 * page_init() and page_host_device_fault() allocate, whatever the host touches;
 * special ranges larger than 4 MiB, and pages that are donated, come on top.
 *
 * Return: 4 KiB tables below the root.
 */
u64 page_host_tables(const struct platform *p, unsigned int nr_ranges)
{
	/* An end: one table of level 2 and one of 3. Level 1: one in 512 GiB. */
	u64 level1 = stage2_start_level() ? 0 : 1UL << (stage2_ipa_bits() - 39);

	return level1 + 4UL * (p->nr_ram + nr_ranges);
}

/* Gives a stretch of RAM without any page of the hypervisor's to the host. */
static int init_host_range(const struct ram *r, u64 base, u64 size)
{
	const struct page_record host = { .owner = PAGE_OWNER_HOST, .state = PAGE_OWNED };
	struct page_record *rec = r->records + ((base - r->base) >> PAGE_SHIFT);
	struct page_record *end = rec + (size >> PAGE_SHIFT);
	int ret = pgtable_map(page_host, base, base, size, PAGE_HOST_PROT, PAGE_MAX_LEAF);

	if (ret)
		return ret;
	/* One record for each page of the machine: worth unrolling. */
	for (; end - rec >= 8; rec += 8) {
		rec[0] = host;
		rec[1] = host;
		rec[2] = host;
		rec[3] = host;
		rec[4] = host;
		rec[5] = host;
		rec[6] = host;
		rec[7] = host;
	}
	while (rec < end)
		*rec++ = host;
	return 0;
}

/*
 * A RAM range: the hypervisor's ranges, which may lie in any order, stay its own,
 * the rest is the host's. Writes each record.
 */
static int init_range(const struct ram *r, const struct mem_range *hyp, unsigned int nr_hyp)
{
	u64 pos = r->base, end = r->base + r->size;
	int ret;

	while (pos < end) {
		u64 next = end, skip = pos;

		for (unsigned int i = 0; i < nr_hyp; i++) {
			if (hyp[i].base <= pos && pos < hyp[i].base + hyp[i].size)
				skip = MAX(skip, hyp[i].base + hyp[i].size);
			else if (hyp[i].size && hyp[i].base > pos)
				next = MIN(next, hyp[i].base);
		}
		if (skip > pos) {
			next = MIN(skip, end);
			/* The array holds whatever RAM held. */
			memset(r->records + ((pos - r->base) >> PAGE_SHIFT), 0,
			       ((next - pos) >> PAGE_SHIFT) * sizeof(*r->records));
			pos = next;
			continue;
		}
		ret = init_host_range(r, pos, next - pos);
		if (ret)
			return ret;
		pos = next;
	}
	return 0;
}

/*
 * Firmware may have locked this memory against everybody but itself: an access of EL2's, which
 * the host could ask for by lending a page of it, would be an external abort there. The host may
 * have it, as without a hypervisor.
 */
static void init_no_map(const struct ram *r, const struct mem_range *m)
{
	u64 end = MIN(m->base + m->size, r->base + r->size);

	for (u64 pos = MAX(m->base, r->base); pos < end; pos += PAGE_SIZE) {
		struct page_record *rec = &r->records[(pos - r->base) >> PAGE_SHIFT];

		if (rec->owner == PAGE_OWNER_HOST)
			rec->state = PAGE_NO_MAP;
	}
}

/**
 * page_init() - all of RAM becomes the host's, except the hypervisor's ranges;
 *               what the device tree has as no-map is never lent
 * @p: platform, RAM known
 * @records: array of page_records_size() bytes, whatever they are; all are written
 * @hyp: the hypervisor's own ranges, page aligned (image, pool, records, ...)
 * @nr_hyp: their number
 * @host: the host's stage 2, empty; RAM is mapped here by the largest leaves
 *
 * Context: once at boot.
 * Return: 0, -ENOMEM, or -EINVAL for RAM that physical
 * addresses of this CPU do not reach.
 */
int page_init(const struct platform *p, struct page_record *records,
	      const struct mem_range *hyp, unsigned int nr_hyp, struct pgtable *host)
{
	int ret;

	CHECK(p->nr_ram <= HYP_MAX_RAM_RANGES);
	page_lock = (struct spinlock)SPINLOCK_INIT;
	page_host = host;
	nr_ram = p->nr_ram;
	for (unsigned int i = 0; i < nr_ram; i++) {
		ram[i].base = p->ram[i].base;
		ram[i].size = p->ram[i].size;
		ram[i].records = records;
		records += p->ram[i].size >> PAGE_SHIFT;
		ret = init_range(&ram[i], hyp, nr_hyp);
		if (ret)
			return ret;
	}
	nr_no_map = p->nr_no_map;
	for (unsigned int i = 0; i < nr_no_map; i++) {
		no_map[i] = p->no_map[i];
		for (unsigned int n = 0; n < nr_ram; n++)
			init_no_map(&ram[n], &no_map[i]);
	}
	return 0;
}

/*
 * The record of the page that @address is in, or NULL: not RAM. Those of the
 * next pages follow it, up to the end of the range of RAM.
 */
struct page_record *page_find(u64 address)
{
	for (unsigned int i = 0; i < nr_ram; i++)
		if (address - ram[i].base < ram[i].size)
			return &ram[i].records[(address - ram[i].base) >> PAGE_SHIFT];
	return NULL;
}

/**
 * page_is_ram() - is every byte of a range RAM?
 * @base: first byte
 * @size: bytes; 0, or a range that wraps, is not RAM
 *
 * Whose it is does not matter. Ranges of RAM that touch are one here (the
 * platform merges them).
 *
 * Return: true when all of it is RAM.
 */
bool page_is_ram(pa_t base, u64 size)
{
	for (unsigned int i = 0; i < nr_ram; i++)
		if (base.v - ram[i].base < ram[i].size)
			return size && size <= ram[i].size - (base.v - ram[i].base);
	return false;
}

static bool overlaps(u64 base, u64 size, const struct mem_range *r)
{
	return size && r->size && base <= r->base + (r->size - 1) && r->base <= base + (size - 1);
}

static bool overlaps_any(u64 base, u64 size, const struct mem_range *r, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		if (overlaps(base, size, &r[i]))
			return true;
	return false;
}

/**
 * page_is_normal() - may EL2 map a range cacheable?
 * @base: first byte
 * @size: bytes
 *
 * A mapping invites speculative reads of all of it.
 *
 * Return: true when it is RAM, and nothing of it is no-map.
 */
bool page_is_normal(pa_t base, u64 size)
{
	return page_is_ram(base, size) && !overlaps_any(base.v, size, no_map, nr_no_map);
}

/**
 * page_overlaps_ram() - is any byte of a range RAM?
 * @base: first byte
 * @size: bytes; the range must not wrap
 *
 * Return: true when some of it is RAM.
 */
bool page_overlaps_ram(pa_t base, u64 size)
{
	for (unsigned int i = 0; i < nr_ram; i++)
		if (overlaps(base.v, size, &(struct mem_range){ ram[i].base, ram[i].size }))
			return true;
	return false;
}

/**
 * page_get() - the record of a page, for tests and panic reports
 * @page: any physical address
 * @out: copy of the record; a value of the moment
 *
 * Context: any; takes no lock.
 * Return: false: not RAM.
 */
bool page_get(pa_t page, struct page_record *out)
{
	struct page_record *rec = page_find(page.v);

	if (rec)
		*out = *rec;
	return rec;
}

static int map_device(u64 addr, const struct mem_range *special, unsigned int nr_special,
		      const struct mem_range *denied, unsigned int nr_denied)
{
	static const u64 sizes[] = { PAGE_MAX_LEAF, BLOCK_SIZE, PAGE_SIZE };
	struct page_record *rec = page_find(addr);
	struct pgtable_leaf leaf = pgtable_lookup(page_host, addr);
	u64 base = 0, size = 0;

	/*
	 * RAM that the host may use is mapped; an abort there came in between the
	 * break and the make of another CPU.
	 */
	if (leaf.valid)
		return 0;
	if (rec || addr >> page_host->ia_bits || overlaps_any(addr, 1, denied, nr_denied))
		return -EPERM;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		size = sizes[i];
		base = ALIGN_DOWN(addr, size);
		/* Around other leaves there is a table, and no larger hole than its entries. */
		if (size <= leaf.size && !page_overlaps_ram(pa(base), size) &&
		    !overlaps_any(base, size, special, nr_special) &&
		    !overlaps_any(base, size, denied, nr_denied))
			break;
	}
	/* A page that a denied range has a part of is denied as a whole. */
	if (overlaps_any(base, size, denied, nr_denied))
		return -EPERM;
	return pgtable_map(page_host, base, base, size, PROT_RW | PROT_DEVICE, size);
}

/**
 * page_host_device_fault() - the host touched an address that is not mapped
 * @addr: intermediate physical address of the access
 * @special: ranges to be mapped by 4 KiB pages (GIC frames), so that single
 *           pages of them can be trapped later
 * @nr_special: their number
 * @denied: ranges that the host never gets; pages they share with something else
 *          are denied whole
 * @nr_denied: their number
 *
 * Maps the largest aligned leaf (1 GiB, 2 MiB, 4 KiB) around @addr that touches
 * no RAM, no special and no denied range; inside a special range one page.
 * Device-nGnRE: stage 1 may only make it stricter.
 *
 * Context: takes page_lock.
 * Return: 0: mapped (or was), try again; -EPERM: RAM
 * that is not the host's, denied, or beyond the physical address size; -ENOMEM.
 */
int page_host_device_fault(ipa_t addr, const struct mem_range *special, unsigned int nr_special,
			   const struct mem_range *denied, unsigned int nr_denied)
{
	int ret;

	spin_lock(&page_lock);
	ret = map_device(ALIGN_DOWN(addr.v, PAGE_SIZE), special, nr_special, denied, nr_denied);
	spin_unlock(&page_lock);
	return ret;
}

/*
 * Are these pages RAM, owned by @owner alone with at most @most borrowers each, and
 * their number legal? Under page_lock.
 * Return: 0, -EINVAL, -EPERM or, if the
 * borrowers are all that is wrong, -EBUSY.
 */
int page_check(pa_t base, unsigned int pages, u16 owner, u32 most)
{
	const struct page_record *rec;
	int ret = 0;

	CHECK(spin_is_locked(&page_lock));
	if (!pages || pages > HYP_WORK_PAGES || !IS_ALIGNED(base.v, PAGE_SIZE))
		return -EINVAL;
	if (!page_is_ram(base, (u64)pages << PAGE_SHIFT))
		return -EPERM;
	rec = page_find(base.v);
	for (unsigned int i = 0; i < pages; i++) {
		if (rec[i].owner != owner || rec[i].state != PAGE_OWNED)
			return -EPERM;
		if (rec[i].borrowers > most)
			ret = -EBUSY;
	}
	return ret;
}

/*
 * Adds @n (1 or -1) to the borrowers of pages that follow each other in one range
 * of RAM. Under page_lock.
 */
void page_count(u64 base, u64 pages, int n)
{
	struct page_record *rec = page_find(base);

	CHECK(rec && spin_is_locked(&page_lock));
	for (u64 i = 0; i < pages; i++) {
		CHECK(n > 0 || rec[i].borrowers);
		rec[i].borrowers += n;
	}
}

static void set_owner(pa_t base, unsigned int pages, u16 owner)
{
	struct page_record *rec = page_find(base.v);

	for (unsigned int i = 0; i < pages; i++)
		rec[i].owner = owner;
}

/*
 * Clears a page before it changes its owner, down to the point of coherency: the
 * new owner may read memory past the caches.
 */
void page_clear(u64 base)
{
	void *va = arch_map_page(pa(base));

	memset(va, 0, PAGE_SIZE);
	arch_dcache_clean_inval(va, PAGE_SIZE);
	arch_unmap_page(va);
}

/**
 * page_lend_hyp() - the host lends pages to EL2 itself
 * @base: first page
 * @pages: 1 to HYP_WORK_PAGES
 *
 * For run pages and mailboxes. Counted: the same page may be lent several times.
 *
 * Context: takes page_lock.
 * Return: 0, -EINVAL, -EPERM, -EBUSY (no more of them
 * can be counted).
 */
int page_lend_hyp(pa_t base, unsigned int pages)
{
	int ret;

	spin_lock(&page_lock);
	ret = page_check(base, pages, PAGE_OWNER_HOST, PAGE_MAX_BORROWERS);
	if (!ret)
		page_count(base.v, pages, 1);
	spin_unlock(&page_lock);
	return ret;
}

/**
 * page_return_hyp() - EL2 gives back what page_lend_hyp() got
 * @base: first page
 * @pages: their number; pages that were not lent are a bug (CHECK)
 *
 * Context: takes page_lock.
 */
void page_return_hyp(pa_t base, unsigned int pages)
{
	spin_lock(&page_lock);
	page_count(base.v, pages, -1);
	spin_unlock(&page_lock);
}

/**
 * page_donate_hyp() - the host gives pages to the hypervisor for good
 * @base: first page
 * @pages: 1 to HYP_WORK_PAGES
 *
 * They keep their contents and leave the host's stage 2.
 *
 * Context: takes page_lock.
 * Return: 0, -EINVAL, -EPERM, -EBUSY, -ENOMEM (a block
 * of the host's has to be split).
 */
int page_donate_hyp(pa_t base, unsigned int pages)
{
	int ret;

	spin_lock(&page_lock);
	ret = page_check(base, pages, PAGE_OWNER_HOST, 0);
	if (!ret)
		ret = pgtable_unmap(page_host, base.v, (u64)pages << PAGE_SHIFT);
	if (!ret)
		set_owner(base, pages, PAGE_OWNER_HYP);
	spin_unlock(&page_lock);
	return ret;
}

/**
 * page_hyp_donate_host() - the hypervisor gives pages to the host
 * @base: first page; EL2 does not use them any more
 * @pages: 1 to HYP_WORK_PAGES
 *
 * They are cleared first.
 *
 * Context: takes page_lock.
 * Return: 0, -EINVAL, -EPERM, -ENOMEM.
 */
int page_hyp_donate_host(pa_t base, unsigned int pages)
{
	u64 size = (u64)pages << PAGE_SHIFT;
	int ret;

	spin_lock(&page_lock);
	ret = page_check(base, pages, PAGE_OWNER_HYP, UINT32_MAX);
	if (!ret)
		ret = pgtable_prepare(page_host, base.v, base.v, size, PAGE_HOST_PROT,
				      PAGE_MAX_LEAF);
	if (!ret) {
		for (unsigned int i = 0; i < pages; i++)
			page_clear(base.v + i * PAGE_SIZE);
		set_owner(base, pages, PAGE_OWNER_HOST);
		CHECK(pgtable_map(page_host, base.v, base.v, size, PAGE_HOST_PROT,
				  PAGE_MAX_LEAF) == 0);
	}
	spin_unlock(&page_lock);
	return ret;
}
