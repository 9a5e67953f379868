// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/pattern.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define DUP_MAX 32767 /* RE_DUP_MAX: regcomp() itself refuses more */

struct group { /* one that is open */
	uint64_t all, last; /* what it costs so far; its last atom, which a repeat follows */
	bool last_empty;    /* the last atom matches nothing at all, too */
	bool branch_empty;  /* so do all before it, back to a "|" */
	bool empty;         /* so does a branch before that */
};

struct costing {
	struct group group[PATTERN_DEPTH];
	unsigned depth;
	const char *why; /* NULL: nothing is wrong */
};

static void add_atom(struct costing *costing, uint64_t cost, bool empty)
{
	struct group *group = &costing->group[costing->depth];

	group->all += cost;
	group->last = cost;
	group->branch_empty &= group->last_empty;
	group->last_empty = empty;
}

static void begin_branch(struct group *group)
{
	group->empty |= group->branch_empty && group->last_empty;
	group->last = 0;
	group->last_empty = group->branch_empty = true;
}

static void repeat(struct costing *costing, uint64_t least, uint64_t most)
{
	struct group *group = &costing->group[costing->depth];

	if (group->last_empty)
		costing->why = "it repeats what may be empty";
	group->last_empty |= !least;
	if (most < 2)
		return;
	group->all += group->last * (most - 1);
	group->last *= most;
	if (group->all > PATTERN_MAX + PATTERN_COST_MAX || group->last > PATTERN_COST_MAX)
		costing->why = "it repeats too much";
}

static void open_group(struct costing *costing)
{
	if (costing->depth + 1 == PATTERN_DEPTH) {
		costing->why = "too many groups in one another";
		return;
	}
	costing->group[++costing->depth] = (struct group){.last_empty = true, .branch_empty = true};
}

static void close_group(struct costing *costing)
{
	struct group *group = &costing->group[costing->depth];

	if (!costing->depth) {
		add_atom(costing, 1, false);
		return;
	}
	begin_branch(group);
	costing->depth--;
	add_atom(costing, group->all + 1, group->empty);
}

/* Behind "[": the first byte after the bracket expression. */
static const char *skip_bracket(const char *at)
{
	at += *at == '^';
	at += *at == ']';
	while (*at && *at != ']') {
		const char kind = at[1], end[] = {kind, ']', 0};
		const char *stop = NULL;

		if (*at == '[' && kind && strchr(".:=", kind))
			stop = strstr(at + 2, end);
		at = stop ? stop + 2 : at + 1;
	}
	return *at ? at + 1 : at;
}

static const char *read_number(const char *at, uint64_t *number)
{
	for (*number = 0; *at >= '0' && *at <= '9'; at++)
		*number = *number > DUP_MAX ? *number : *number * 10 + (uint64_t)(*at - '0');
	return at;
}

/* Behind "{". What is no interval is for regcomp() to judge. */
static const char *read_interval(struct costing *costing, const char *at)
{
	uint64_t least, most;

	at = read_number(at, &least);
	most = least;
	if (*at == ',') {
		at = read_number(at + 1, &most);
		most = most < least + 1 ? least + 1 : most;
	}
	repeat(costing, least, most);
	return *at == '}' ? at + 1 : at;
}

static const char *read_escaped(struct costing *costing, const char *at)
{
	if (*at >= '1' && *at <= '9')
		costing->why = "back references are not taken";
	add_atom(costing, 1, *at && strchr("<>bB`'", *at));
	return *at ? at + 1 : at;
}

static const char *read_part(struct costing *costing, const char *at)
{
	switch (*at++) {
	case '\\':
		return read_escaped(costing, at);
	case '[':
		add_atom(costing, 1, false);
		return skip_bracket(at);
	case '(':
		open_group(costing);
		return at;
	case ')':
		close_group(costing);
		return at;
	case '{':
		return read_interval(costing, at);
	case '+':
		repeat(costing, 1, 2);
		return at;
	case '*':
	case '?':
		repeat(costing, 0, 1);
		return at;
	case '|':
		begin_branch(&costing->group[costing->depth]);
		return at;
	case '^':
	case '$':
		add_atom(costing, 1, true);
		return at;
	default:
		add_atom(costing, 1, false);
		return at;
	}
}

/* NULL: it may be compiled. */
static const char *why_not(const char *text)
{
	struct costing costing = {.group[0] = {.last_empty = true, .branch_empty = true}};

	if (!*text)
		return "it is empty";
	if (strlen(text) > PATTERN_MAX)
		return "it is longer than 4,096 bytes";
	while (*text && !costing.why)
		text = read_part(&costing, text);
	return costing.why;
}

static int refuse(struct fault *fault, const char *text, const char *why)
{
	return fault_set(fault, -EINVAL, "'%.200s%s' is no regular expression that can be used: %s", text,
		strlen(text) > 200 ? "..." : "", why);
}

int pattern_init(struct pattern *pattern, const char *text, struct fault *fault)
{
	const char *why = why_not(text);
	struct pattern made = {.text = text};
	char said[200];
	int err;

	if (why)
		return refuse(fault, text, why);
	err = regcomp(&made.regex, text, REG_EXTENDED | REG_NOSUB);
	if (err == REG_ESPACE)
		return fault_set(fault, -ENOMEM, "no memory for the regular expression");
	if (err) {
		regerror(err, &made.regex, said, sizeof(said));
		return refuse(fault, text, said);
	}
	*pattern = made;
	return 0;
}

void pattern_release(struct pattern *pattern)
{
	if (pattern->text)
		regfree(&pattern->regex);
	*pattern = (struct pattern){0};
}

bool pattern_matches(const struct pattern *pattern, const char *text)
{
	return !regexec(&pattern->regex, text, 0, NULL, 0);
}
