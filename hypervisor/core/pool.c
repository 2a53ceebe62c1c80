// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hypervisor's page allocator.
 *
 * Buddies of 1 to 16 pages, aligned to their own size as physical addresses, so
 * that VMs that come and go leave no holes that a root of concatenated tables no
 * longer fits in. One byte a page at the start of the pool says what it is; free
 * blocks are linked through their own first bytes.
 *
 * Pages are cleared when they are given back, so that nothing of their former
 * owner lies around. Memory that was never handed out has unknown contents at
 * boot and is cleared on its way out, not before: boot should not wait for it.
 */
#include <hyp/errno.h>
#include <hyp/panic.h>
#include <hyp/pool.h>
#include <hyp/spinlock.h>
#include <hyp/string.h>

#define ORDERS 5 /* 1, 2, 4, 8 and 16 pages */

/* The byte of a page: the first of a free block has the order, others nothing. */
#define MARK_FREE 0x80
#define MARK_DIRTY 0x40 /* beyond the links, the block may be non-zero */
#define MARK_ORDER 0x0f

/* At the start of each free block. */
struct link {
	struct link *next;
	struct link *prev;
};

static struct spinlock pool_lock = SPINLOCK_INIT;

/* All under pool_lock, but what pool_init() sets once. */
static struct {
	u8 *va;
	u64 base;
	u64 pages; /* the whole pool with the marks */
	u8 *marks;
	struct link *heads[ORDERS];
	u64 total; /* pages that can be handed out */
	u64 free;
	u64 promised; /* free pages that are reserved */
} pool;

static u64 index_of(const void *va)
{
	return ((const u8 *)va - pool.va) >> PAGE_SHIFT;
}

static void *block_at(u64 index)
{
	return pool.va + (index << PAGE_SHIFT);
}

static void list_push(u64 index, unsigned int order, u8 dirty)
{
	struct link *l = block_at(index);

	l->prev = NULL;
	l->next = pool.heads[order];
	if (l->next)
		l->next->prev = l;
	pool.heads[order] = l;
	pool.marks[index] = MARK_FREE | dirty | order;
}

/* Takes a block off its list; its links are zero again. Returns its dirt. */
static u8 list_take(u64 index)
{
	u8 mark = pool.marks[index];
	struct link *l = block_at(index);

	if (l->prev)
		l->prev->next = l->next;
	else
		pool.heads[mark & MARK_ORDER] = l->next;
	if (l->next)
		l->next->prev = l->prev;
	l->next = NULL;
	l->prev = NULL;
	pool.marks[index] = 0;
	return mark & MARK_DIRTY;
}

/* Puts a block back and joins it with its free buddies. */
static void insert(u64 index, unsigned int order, u8 dirty)
{
	u64 first = pool.base >> PAGE_SHIFT;

	for (; order < ORDERS - 1; order++) {
		/* Buddies differ in one bit of their physical frame number. */
		u64 buddy = ((first + index) ^ (1UL << order)) - first;

		if (buddy >= pool.pages || !(pool.marks[buddy] & MARK_FREE) ||
		    (pool.marks[buddy] & MARK_ORDER) != order)
			break;
		dirty |= list_take(buddy);
		index = MIN(index, buddy);
	}
	list_push(index, order, dirty);
}

/**
 * pool_init() - start the allocator
 * @base: physical base, page aligned
 * @va: where EL2 has the range mapped, linearly
 * @size: bytes, whole pages
 *
 * The first page of each 4096 (at least one) holds the allocator's own marks.
 *
 * Context: once at boot, before there is another CPU.
 */
void pool_init(pa_t base, void *va, u64 size)
{
	u64 index;

	CHECK(IS_ALIGNED(base.v | (uintptr_t)va | size, PAGE_SIZE) && size > PAGE_SIZE);
	memset(&pool, 0, sizeof(pool));
	pool_lock = (struct spinlock)SPINLOCK_INIT;
	pool.va = va;
	pool.base = base.v;
	pool.pages = size >> PAGE_SHIFT;
	pool.marks = va;
	index = ALIGN_UP(pool.pages, PAGE_SIZE) >> PAGE_SHIFT;
	memset(pool.marks, 0, index << PAGE_SHIFT);
	pool.total = pool.pages - index;
	pool.free = pool.total;

	while (index < pool.pages) {
		u64 frame = (pool.base >> PAGE_SHIFT) + index;
		unsigned int order = ORDERS - 1;

		while (!IS_ALIGNED(frame, 1UL << order) || index + (1UL << order) > pool.pages)
			order--;
		insert(index, order, MARK_DIRTY);
		index += 1UL << order;
	}
}

/* Pages of a reservation that its owner has not taken yet. */
static u64 outstanding(const struct pool_quota *q)
{
	return q->reserved > q->used ? q->reserved - q->used : 0;
}

/**
 * pool_reserve() - keep pages back for one budget
 * @q: the budget
 * @pages: how many in all, those that it has taken count in; 0 ends it
 *
 * What is reserved leaves pool_available() at once; single pages of it can be
 * had whatever others take. Whether larger blocks are left is not promised.
 *
 * Context: takes pool_lock.
 * Return: 0, or -ENOMEM and nothing changed.
 */
int pool_reserve(struct pool_quota *q, u64 pages)
{
	u64 before, need;
	int ret = -ENOMEM;

	spin_lock(&pool_lock);
	before = outstanding(q);
	need = pages > q->used ? pages - q->used : 0;
	if (pages <= q->limit && need <= pool.free - (pool.promised - before)) {
		pool.promised += need - before;
		q->reserved = pages;
		ret = 0;
	}
	spin_unlock(&pool_lock);
	return ret;
}

static unsigned int order_of(unsigned int pages)
{
	CHECK(pages && pages <= POOL_MAX_PAGES && !(pages & (pages - 1)));
	return __builtin_ctz(pages);
}

/* The smallest free block of at least 2^order pages, or NULL. */
static struct link *find(unsigned int order, unsigned int *found)
{
	for (*found = order; *found < ORDERS; ++*found)
		if (pool.heads[*found])
			return pool.heads[*found];
	return NULL;
}

/**
 * pool_alloc() - take zeroed, physically contiguous pages
 * @q: whose budget they count against
 * @pages: how many; a power of two, at most POOL_MAX_PAGES. The block is aligned
 *         to its own size, as a physical address
 *
 * Context: takes pool_lock.
 * Return: the address, or NULL (budget or pool).
 */
void *pool_alloc(struct pool_quota *q, unsigned int pages)
{
	unsigned int order = order_of(pages), found;
	struct link *block = NULL;
	u64 own, index;
	u8 dirty = 0;

	spin_lock(&pool_lock);
	own = outstanding(q);
	if (pages <= q->limit && q->used <= q->limit - pages &&
	    pages <= pool.free - (pool.promised - own))
		block = find(order, &found);
	if (block) {
		index = index_of(block);
		dirty = list_take(index);
		while (found > order) {
			found--;
			list_push(index + (1UL << found), found, dirty);
		}
		pool.free -= pages;
		q->used += pages;
		pool.promised -= own - outstanding(q);
	}
	spin_unlock(&pool_lock);
	if (block && dirty)
		memset(block, 0, (u64)pages << PAGE_SHIFT);
	return block;
}

/**
 * pool_free() - give pages back
 * @q: the budget that they were taken from
 * @va: what pool_alloc() returned; NULL is nothing to do
 * @pages: as given to pool_alloc()
 *
 * They are cleared here, so that nothing of a former owner is left in them.
 *
 * Context: takes pool_lock.
 */
void pool_free(struct pool_quota *q, void *va, unsigned int pages)
{
	unsigned int order;
	u64 index, own;

	if (!va)
		return;
	order = order_of(pages);
	CHECK(IS_ALIGNED(pool_pa(va).v, (u64)pages << PAGE_SHIFT));
	memset(va, 0, (u64)pages << PAGE_SHIFT);
	index = index_of(va);
	spin_lock(&pool_lock);
	CHECK(!pool.marks[index] && q->used >= pages);
	own = outstanding(q);
	q->used -= pages;
	pool.free += pages;
	pool.promised += outstanding(q) - own;
	insert(index, order, 0);
	spin_unlock(&pool_lock);
}

/**
 * pool_total() - size of the pool
 *
 * Return: bytes that can be handed out, taken or not.
 */
u64 pool_total(void)
{
	return pool.total << PAGE_SHIFT;
}

/**
 * pool_available() - what is left
 *
 * Context: any; a value of the moment.
 * Return: bytes that are neither taken nor
 * reserved.
 */
u64 pool_available(void)
{
	u64 pages;

	spin_lock(&pool_lock);
	pages = pool.free - pool.promised;
	spin_unlock(&pool_lock);
	return pages << PAGE_SHIFT;
}

/**
 * pool_pa() - physical address of pool memory
 * @va: address inside the pool
 *
 * Return: the address; a panic for one outside the pool.
 */
pa_t pool_pa(const void *va)
{
	u64 offset = (uintptr_t)va - (uintptr_t)pool.va;

	CHECK(offset < pool.pages << PAGE_SHIFT);
	return pa(pool.base + offset);
}

/**
 * pool_va() - where EL2 sees pool memory
 * @page: physical address inside the pool
 *
 * Return: the address; a panic for one outside the pool.
 */
void *pool_va(pa_t page)
{
	CHECK(pool_contains(page));
	return pool.va + (page.v - pool.base);
}

/**
 * pool_contains() - is this the pool's?
 * @page: any physical address
 *
 * Return: true for an address inside the range given to pool_init().
 */
bool pool_contains(pa_t page)
{
	return page.v - pool.base < pool.pages << PAGE_SHIFT;
}
