// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/cgroup_name.h"

#include <stdio.h>
#include <string.h>

#define CONTAINER_DIGITS 64
#define FARGATE_DIGITS 32

struct word { /* a part of the path */
	const char *at;
	size_t len;
};

struct state {
	struct cgroup_name *name;
	struct word parent;    /* the component before */
	struct word slice;     /* the last one */
	bool behind_slices;    /* the unit of this level was seen, or there is none */
	bool kubernetes;       /* a component of kubepods was seen */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static size_t count_hex(struct word word)
{
	size_t n = 0;

	while (n < word.len && is_hex(word.at[n]))
		n++;
	return n;
}

static bool is(struct word word, const char *text)
{
	return word.len == strlen(text) && !memcmp(word.at, text, word.len);
}

static bool ends(struct word word, const char *text)
{
	size_t len = strlen(text);

	return word.len > len && !memcmp(word.at + word.len - len, text, len);
}

static bool contains(struct word word, const char *text)
{
	return memmem(word.at, word.len, text, strlen(text)) != NULL;
}

static struct word cut_end(struct word word, size_t len)
{
	return (struct word){ word.at, word.len - len };
}

static struct word cut_begin(struct word word, size_t len)
{
	return (struct word){ word.at + len, word.len - len };
}

static void copy(char *to, size_t size, struct word word)
{
	size_t len = word.len < size ? word.len : size - 1;

	memcpy(to, word.at, len);
	to[len] = '\0';
}

/* Groups of hexadecimal digits, parted by `dash`, and nothing else. */
static bool is_grouped(struct word word, const unsigned char *groups, size_t n, char dash)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		if (i && (at == word.len || word.at[at++] != dash))
			return false;
		for (unsigned digit = 0; digit < groups[i]; digit++)
			if (at == word.len || !is_hex(word.at[at++]))
				return false;
	}
	return at == word.len;
}

static bool is_garden(struct word word)
{
	static const unsigned char groups[] = { 8, 4, 4, 4, 4 };

	return is_grouped(word, groups, sizeof(groups), '-');
}

static bool is_fargate(struct word word)
{
	size_t at = FARGATE_DIGITS + 1;

	if (word.len <= at || word.len > at + 20 || count_hex(word) != FARGATE_DIGITS ||
		word.at[FARGATE_DIGITS] != '-')
		return false;
	while (at < word.len && is_digit(word.at[at]))
		at++;
	return at == word.len;
}

static bool is_container_id(struct word word)
{
	return word.len == CONTAINER_DIGITS && count_hex(word) == CONTAINER_DIGITS;
}

static const struct prefix {
	const char *prefix;  /* of the id, before its - or : */
	const char *runtime;
} prefixes[] = {
	{ "docker", "docker" },
	{ "cri-containerd", "containerd" },
	{ "crio", "cri-o" },
	{ "libpod", "podman" },
	{ "libpod-payload", "podman" },
	{ "nerdctl", "containerd" },
};

/* The runtime of a prefix; NULL: none, as that of a monitor. A path of systemd's form has the slice before it. */
static const char *runtime_of(struct word prefix)
{
	const char *colon = memrchr(prefix.at, ':', prefix.len);

	if (colon)
		prefix = cut_begin(prefix, (size_t)(colon + 1 - prefix.at));
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (is(prefix, prefixes[i].prefix))
			return prefixes[i].runtime;
	return NULL;
}

static void found_container(struct state *state, struct word id, const char *runtime)
{
	copy(state->name->container, CGROUP_CONTAINER, id);
	state->name->runtime = runtime;
}

/* Of a component that is the id alone the one above it tells. */
static const char *runtime_above(const struct state *state)
{
	if (is(state->parent, "docker"))
		return "docker";
	if (is(state->parent, "libpod_parent"))
		return "podman";
	return "";
}

static bool take_bare_container(struct state *state, struct word word)
{
	if (is_container_id(word)) {
		found_container(state, word, runtime_above(state));
		return true;
	}
	if (is_fargate(word)) {
		found_container(state, word, "ecs");
		return true;
	}
	if (is_garden(word) && is(state->parent, "garden")) {
		found_container(state, word, "garden");
		return true;
	}
	return false;
}

static bool take_container(struct state *state, struct word word)
{
	struct word id, prefix;
	const char *runtime;

	if (take_bare_container(state, word))
		return true;
	if (ends(word, ".scope"))
		word = cut_end(word, strlen(".scope"));
	if (word.len <= CONTAINER_DIGITS + 1)
		return false;
	id = cut_begin(word, word.len - CONTAINER_DIGITS);
	prefix = cut_end(word, CONTAINER_DIGITS + 1);
	if (!is_container_id(id) || (prefix.at[prefix.len] != '-' && prefix.at[prefix.len] != ':'))
		return false;
	runtime = runtime_of(prefix);
	if (!runtime)
		return false;
	found_container(state, id, runtime);
	return true;
}

static bool is_pod_uid(struct word word, char dash)
{
	static const unsigned char uuid[] = { 8, 4, 4, 4, 12 }, digest[] = { 32 };

	return is_grouped(word, uuid, sizeof(uuid), dash) || is_grouped(word, digest, sizeof(digest), dash);
}

static void found_pod(struct state *state, struct word uid)
{
	copy(state->name->pod, CGROUP_POD, uid);
	for (char *at = state->name->pod; (at = strchr(at, '_'));)
		*at = '-';
}

/* kubepods-burstable-pod1234_.slice, also below a slice of another name: kubelet-kubepods-... */
static void take_pod_slice(struct state *state, struct word word)
{
	static const char mark[] = "-pod";

	word = cut_end(word, strlen(".slice"));
	for (size_t len = 32; len <= 36 && word.len > len + strlen(mark); len += 4) {
		struct word uid = cut_begin(word, word.len - len);

		if (memcmp(uid.at - strlen(mark), mark, strlen(mark)) || !is_pod_uid(uid, '_'))
			continue;
		found_pod(state, uid);
	}
}

static void take_pod(struct state *state, struct word word)
{
	static const char mark[] = "pod";
	const char *colon = memchr(word.at, ':', word.len);
	struct word uid;

	if (contains(word, "kubepods"))
		state->kubernetes = true;
	if (!state->kubernetes)
		return;
	if (colon) /* a path of systemd's form */
		word.len = (size_t)(colon - word.at);
	if (ends(word, ".slice")) {
		take_pod_slice(state, word);
		return;
	}
	if (word.len <= strlen(mark) || memcmp(word.at, mark, strlen(mark)))
		return;
	uid = cut_begin(word, strlen(mark));
	if (is_pod_uid(uid, '-'))
		found_pod(state, uid);
}

/* unit_name_is_valid() in src/basic/unit-name.c, for names that are no templates. */
static bool is_unit(struct word word, const char *type)
{
	size_t at_sign = 0;

	if (!ends(word, type) || word.len >= CGROUP_UNIT || word.at[0] == '@')
		return false;
	for (size_t i = 0; i < word.len; i++) {
		char c = word.at[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && !is_digit(c) && (!c || !strchr(":-_.\\@", c)))
			return false;
		if (c == '@' && !at_sign)
			at_sign = i;
	}
	return !at_sign || at_sign + 1 < word.len - strlen(type);
}

static bool is_user_manager(struct word word)
{
	static const char begin[] = "user@";

	if (word.len <= strlen(begin) || memcmp(word.at, begin, strlen(begin)) || !ends(word, ".service"))
		return false;
	for (size_t i = strlen(begin); i < word.len - strlen(".service"); i++)
		if (!is_digit(word.at[i]))
			return false;
	return true;
}

static void take_unit(struct state *state, struct word word)
{
	/* Those that can have processes (systemd.resource-control(5)), without slices. */
	static const char *const types[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

	if (state->behind_slices)
		return;
	if (word.at[0] == '_') /* cg_unescape() */
		word = cut_begin(word, 1);
	if (word.len && is_unit(word, ".slice")) {
		state->slice = word;
		return;
	}
	for (size_t i = 0; word.len && i < sizeof(types) / sizeof(*types); i++) {
		if (!is_unit(word, types[i]))
			continue;
		copy(state->name->unit, CGROUP_UNIT, word);
		state->behind_slices = !is_user_manager(word);
		return;
	}
	state->behind_slices = true;
}

static void take(struct state *state, struct word word)
{
	take_unit(state, word);
	take_pod(state, word);
	if (take_container(state, word))
		state->behind_slices = false;
	state->parent = word;
}

void cgroup_name_parse(struct cgroup_name *name, const char *path, size_t len)
{
	struct state state = { .name = name, .parent = { "", 0 } };
	const char *end = path + len;

	name->container[0] = name->pod[0] = name->unit[0] = '\0';
	name->runtime = "";
	while (path < end) {
		const char *slash = memchr(path, '/', (size_t)(end - path));
		struct word word = { path, (size_t)((slash ? slash : end) - path) };

		if (word.len && !is(word, ".."))
			take(&state, word);
		path = slash ? slash + 1 : end;
	}
	if (!name->unit[0] && state.slice.len)
		copy(name->unit, CGROUP_UNIT, state.slice);
}

bool cgroup_name_is(const struct cgroup_name *name, const char *id)
{
	if (name->container[0] && !strncmp(name->container, id, strlen(id)))
		return true;
	return name->pod[0] && !strcmp(name->pod, id);
}
