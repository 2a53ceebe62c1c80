// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every move of a page's ownership, legal and illegal, from every state.
 *
 * One table says what each move does in each state; the test goes into each
 * state, tries each move, and compares all that can be seen of the page: its
 * record, the host's stage 2, two VMs' stage 2, and its contents.
 */
#include <hyp/log.h>
#include <hyp/stage2.h>

#include "core/page_impl.h"
#include "page_selftest.h"

enum move {
	LEND_HYP, RETURN_HYP, LEND_A, LEND_B, RETURN_A, RETURN_B, DONATE_HYP, HYP_DONATE,
	DONATE_A, DONATE_B, RECLAIM_A, RECLAIM_B, SHARE_A, SHARE_B, UNSHARE_A, UNSHARE_B,
	NR_MOVES
};

enum state {
	HOST, LENT_HYP, LENT_A, LENT_B, LENT_AB, LENT_HYP_A, HYP, VM_A, VM_B, SHARED_A,
	NR_STATES
};

static const char * const move_names[NR_MOVES] = {
	"lend_hyp", "return_hyp", "lend_vm A", "lend_vm B", "return_vm A", "return_vm B",
	"donate_hyp", "hyp_donate_host", "donate_vm A", "donate_vm B", "reclaim_vm A",
	"reclaim_vm B", "share_host A", "share_host B", "unshare_host A", "unshare_host B",
};

/* What can be seen in a state, and the moves that lead there from HOST and back. */
static const struct {
	const char *name;
	u16 owner; /* the VMs: VMID_A and VMID_B, below */
	u8 state;
	u8 borrowers;
	bool host, a, b; /* is it mapped there? */
	u8 nr;
	u8 enter[2];
	u8 leave[2];
} states[NR_STATES] = {
#define VMID_A 254
#define VMID_B 255
	[HOST] = { "host", PAGE_OWNER_HOST, PAGE_OWNED, 0, 1, 0, 0, 0, { 0 }, { 0 } },
	[LENT_HYP] = { "lent to EL2", PAGE_OWNER_HOST, PAGE_OWNED, 1, 1, 0, 0, 1,
		       { LEND_HYP }, { RETURN_HYP } },
	[LENT_A] = { "lent to A", PAGE_OWNER_HOST, PAGE_OWNED, 1, 1, 1, 0, 1,
		     { LEND_A }, { RETURN_A } },
	[LENT_B] = { "lent to B", PAGE_OWNER_HOST, PAGE_OWNED, 1, 1, 0, 1, 1,
		     { LEND_B }, { RETURN_B } },
	[LENT_AB] = { "lent to A and B", PAGE_OWNER_HOST, PAGE_OWNED, 2, 1, 1, 1, 2,
		      { LEND_A, LEND_B }, { RETURN_A, RETURN_B } },
	[LENT_HYP_A] = { "lent to EL2 and A", PAGE_OWNER_HOST, PAGE_OWNED, 2, 1, 1, 0, 2,
			 { LEND_A, LEND_HYP }, { RETURN_A, RETURN_HYP } },
	[HYP] = { "hypervisor", PAGE_OWNER_HYP, PAGE_OWNED, 0, 0, 0, 0, 1,
		  { DONATE_HYP }, { HYP_DONATE } },
	[VM_A] = { "protected A", PAGE_OWNER_VM(VMID_A), PAGE_OWNED, 0, 0, 1, 0, 1,
		   { DONATE_A }, { RECLAIM_A } },
	[VM_B] = { "protected B", PAGE_OWNER_VM(VMID_B), PAGE_OWNED, 0, 0, 0, 1, 1,
		   { DONATE_B }, { RECLAIM_B } },
	[SHARED_A] = { "shared by A", PAGE_OWNER_VM(VMID_A), PAGE_SHARED, 0, 1, 1, 0, 2,
		       { DONATE_A, SHARE_A }, { RECLAIM_A, RETURN_B } },
};

/*
 * The next state, or the refusal. X: not tried, as it leaves the states above
 * (a page lent once more), or nobody but EL2 can ask for it, and it must not: to
 * return what was not lent.
 */
#define P (-EPERM)
#define B (-EBUSY)
#define X 127
static const s8 next[NR_STATES][NR_MOVES] = {
	/* LEND_HYP, RETURN_HYP, LEND_A, LEND_B, RETURN_A, RETURN_B,
	 * DONATE_HYP, HYP_DONATE, DONATE_A, DONATE_B,
	 * RECLAIM_A, RECLAIM_B, SHARE_A, SHARE_B, UNSHARE_A, UNSHARE_B
	 */
	[HOST] = { LENT_HYP, X, LENT_A, LENT_B, HOST, HOST,
		   HYP, P, VM_A, VM_B, P, P, P, P, P, P },
	[LENT_HYP] = { X, HOST, LENT_HYP_A, X, LENT_HYP, LENT_HYP,
		       B, P, B, B, P, P, P, P, P, P },
	[LENT_A] = { LENT_HYP_A, X, LENT_A, LENT_AB, HOST, LENT_A,
		     B, P, B, B, P, P, P, P, P, P },
	[LENT_B] = { X, X, LENT_AB, LENT_B, LENT_B, HOST,
		     B, P, B, B, P, P, P, P, P, P },
	[LENT_AB] = { X, X, LENT_AB, LENT_AB, LENT_B, LENT_A,
		      B, P, B, B, P, P, P, P, P, P },
	[LENT_HYP_A] = { X, LENT_A, LENT_HYP_A, X, LENT_HYP, LENT_HYP_A,
			 B, P, B, B, P, P, P, P, P, P },
	[HYP] = { P, X, P, P, HYP, HYP,
		  P, HOST, P, P, P, P, P, P, P, P },
	[VM_A] = { P, X, P, P, X, VM_A,
		   P, P, P, P, HOST, P, SHARED_A, P, P, P },
	[VM_B] = { P, X, P, P, VM_B, X,
		   P, P, P, P, P, HOST, P, X, P, P },
	[SHARED_A] = { P, X, P, P, X, SHARED_A,
		       P, P, P, P, HOST, P, P, P, VM_A, P },
};

#define TEST_IPA (3 * BLOCK_SIZE + 5 * PAGE_SIZE)
#define TEST_PATTERN 0x5ec2e7c0ffee1234UL

struct selftest {
	pa_t page;
	struct pool_quota quota;
	struct pgtable a, b;
};

static int do_move(struct selftest *t, enum move move)
{
	u64 pfn = t->page.v >> PAGE_SHIFT;
	ipa_t at = ipa(TEST_IPA);
	bool is_b = move == LEND_B || move == RETURN_B || move == DONATE_B || move == RECLAIM_B ||
		    move == SHARE_B || move == UNSHARE_B;
	struct pgtable *vm = is_b ? &t->b : &t->a;

	switch (move) {
	case LEND_HYP:
		return page_lend_hyp(t->page, 1);
	case RETURN_HYP:
		page_return_hyp(t->page, 1);
		return 0;
	case LEND_A:
	case LEND_B:
		return page_lend_vm(vm, at, &pfn, 1, PROT_RWX);
	case RETURN_A:
	case RETURN_B:
		page_return_vm(vm, at, 1);
		return 0;
	case DONATE_HYP:
		return page_donate_hyp(t->page, 1);
	case HYP_DONATE:
		return page_hyp_donate_host(t->page, 1);
	case DONATE_A:
	case DONATE_B:
		return page_donate_vm(vm, at, t->page, PROT_RWX);
	case RECLAIM_A:
	case RECLAIM_B:
		return page_reclaim_vm(vm, at);
	case SHARE_A:
	case SHARE_B:
		return page_share_host(vm, at);
	default:
		return page_unshare_host(vm, at);
	}
}

/* Reads the first word of the page and writes another one. */
static u64 exchange(struct selftest *t, u64 value)
{
	u64 *p = arch_map_page(t->page), old = *p;

	*p = value;
	arch_unmap_page(p);
	return old;
}

/* Is all that can be seen as it should be in a state? */
static bool looks_like(struct selftest *t, enum state s)
{
	struct pgtable_leaf host = pgtable_lookup(page_host, t->page.v);
	struct pgtable_leaf a = pgtable_lookup(&t->a, TEST_IPA);
	struct pgtable_leaf b = pgtable_lookup(&t->b, TEST_IPA);
	struct page_record rec = { 0 };

	return page_get(t->page, &rec) && rec.owner == states[s].owner &&
	       rec.state == states[s].state && rec.borrowers == states[s].borrowers &&
	       host.valid == states[s].host && (!host.valid || host.pa == t->page.v) &&
	       a.valid == states[s].a && (!a.valid || a.pa == t->page.v) &&
	       b.valid == states[s].b && (!b.valid || b.pa == t->page.v);
}

/* One move in one state, from HOST and back to HOST. */
static int try_move(struct selftest *t, enum state s, enum move move)
{
	bool clears = move == HYP_DONATE || move == RECLAIM_A || move == RECLAIM_B;
	int want = next[s][move], ret;
	enum state then = want < 0 ? s : (enum state)want;
	u64 left;

	for (unsigned int i = 0; i < states[s].nr; i++) {
		ret = do_move(t, states[s].enter[i]);
		if (ret) {
			pr_err("selftest: cannot enter state \"%s\": %d\n", states[s].name, ret);
			return -EINVAL;
		}
	}
	exchange(t, TEST_PATTERN);
	ret = do_move(t, move);
	left = exchange(t, TEST_PATTERN);
	if (ret != MIN(want, 0) || !looks_like(t, then) ||
	    left != (ret == 0 && clears ? 0 : TEST_PATTERN)) {
		pr_err("selftest: %s in state \"%s\" gives %d instead of %d, or not state \"%s\"\n",
		       move_names[move], states[s].name, ret, MIN(want, 0), states[then].name);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < states[then].nr; i++)
		do_move(t, states[then].leave[i]);
	if (!looks_like(t, HOST)) {
		pr_err("selftest: no way back from state \"%s\"\n", states[then].name);
		return -EINVAL;
	}
	return 0;
}

static int try_all(struct selftest *t)
{
	int ret;

	for (unsigned int s = 0; s < NR_STATES; s++) {
		for (unsigned int m = 0; m < NR_MOVES; m++) {
			if (next[s][m] == X)
				continue;
			ret = try_move(t, s, m);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/**
 * page_selftest() - walk every move from every state
 * @scratch: a page of RAM of the host's that nothing uses
 *
 * Uses two VMIDs for its time.
 *
 * Context: no lock held.
 * Return: 0; -ENOMEM; or -EINVAL after a pr_err() line that
 * names the move and the state, and everything is left as it is then.
 */
int page_selftest(pa_t scratch)
{
	struct selftest t = { .page = scratch, .quota = { .limit = 64 } };
	int ret = stage2_init(&t.a, VMID_A, &t.quota);

	if (ret)
		return ret;
	ret = stage2_init(&t.b, VMID_B, &t.quota);
	if (!ret) {
		ret = try_all(&t);
		if (ret)
			return ret;
		stage2_destroy(&t.b);
	}
	stage2_destroy(&t.a);
	return ret;
}
