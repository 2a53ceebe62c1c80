// SPDX-License-Identifier: GPL-2.0-only
/* The hypervisor's command line: words "name=value", separated by spaces. */
#include <hyp/errno.h>
#include <hyp/log.h>
#include <hyp/string.h>

#include "internal.h"

#define OPTIONS "pool=SIZE, panic=off, loglevel=err|warn|info|debug, smc-pass=OWNER[,OWNER...]"
/* SMCCC owner numbers are six bits wide (DEN 0028, 2.5). */
#define MAX_OWNER 63

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* A decimal or 0x number; moves *s behind it. False: none, or too large. */
static bool parse_number(const char **s, u64 *v)
{
	unsigned int base = 10;
	const char *start;

	if ((*s)[0] == '0' && (*s)[1] == 'x') {
		base = 16;
		*s += 2;
	}
	start = *s;
	for (*v = 0; digit(**s) < (int)base; (*s)++) {
		if (*v > (UINT64_MAX - 15) / base)
			return false;
		*v = *v * base + digit(**s);
	}
	return *s != start;
}

static bool parse_size(const char *s, u64 *v)
{
	unsigned int shift = 0;

	if (!parse_number(&s, v))
		return false;
	switch (*s) {
	case 'K':
	case 'k':
		shift = 10;
		break;
	case 'M':
	case 'm':
		shift = 20;
		break;
	case 'G':
	case 'g':
		shift = 30;
		break;
	}
	if (shift)
		s++;
	/* No machine has more than 48 bits; whole pages, none is no pool. */
	if (*s || *v > BIT(48) >> shift || !*v)
		return false;
	*v = ALIGN_UP(*v << shift, PAGE_SIZE);
	return true;
}

static bool option_pool(struct platform_options *o, const char *value)
{
	return parse_size(value, &o->pool);
}

static bool option_panic(struct platform_options *o, const char *value)
{
	o->panic_off = !strcmp(value, "off");
	return o->panic_off;
}

static bool option_loglevel(struct platform_options *o, const char *value)
{
	static const char *const names[] = {
		[LOG_ERR] = "err",
		[LOG_WARN] = "warn",
		[LOG_INFO] = "info",
		[LOG_DEBUG] = "debug",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(value, names[i])) {
			o->loglevel = i;
			return true;
		}
	}
	return false;
}

static bool option_smc_pass(struct platform_options *o, const char *value)
{
	u64 owner;

	for (;;) {
		if (!parse_number(&value, &owner) || owner > MAX_OWNER)
			return false;
		o->smc_pass |= BIT(owner);
		if (!*value)
			return true;
		if (*value++ != ',')
			return false;
	}
}

static const struct {
	const char *name;
	bool (*parse)(struct platform_options *o, const char *value);
} options[] = {
	{ "pool", option_pool },
	{ "panic", option_panic },
	{ "loglevel", option_loglevel },
	{ "smc-pass", option_smc_pass },
};

static int parse_word(struct platform_options *o, char *word)
{
	char *value = strchr(word, '=');

	if (value)
		*value++ = '\0';
	for (unsigned int i = 0; i < ARRAY_SIZE(options); i++) {
		if (strcmp(word, options[i].name))
			continue;
		if (value && options[i].parse(o, value))
			return 0;
		pr_err("command line: \"%s=%s\" is not understood: the options are " OPTIONS, word,
		       value ? value : "");
		return -EINVAL;
	}
	/* A boot loader may add words of its own. */
	pr_warn("command line: \"%s\" is no option and ignored: the options are " OPTIONS, word);
	return 0;
}

int platform_options(struct platform *p)
{
	char words[PLATFORM_CMDLINE];
	char *s = words;

	p->opt = (struct platform_options){ .loglevel = LOG_INFO };
	memcpy(words, p->cmdline, sizeof(words));
	for (;;) {
		char *word;
		int ret;

		while (*s == ' ' || *s == '\t' || *s == '\n')
			s++;
		if (!*s)
			return 0;
		word = s;
		while (*s && *s != ' ' && *s != '\t' && *s != '\n')
			s++;
		if (*s)
			*s++ = '\0';
		ret = parse_word(&p->opt, word);
		if (ret)
			return ret;
	}
}
