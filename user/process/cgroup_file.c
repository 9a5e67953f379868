// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/cgroup_file.h"

#include <stdbool.h>
#include <string.h>

#include "process/cgroup_name.h"

struct candidate {
	const char *path;
	size_t len;
	bool v2;
	unsigned rank;
};

unsigned cgroup_path_rank(const char *path, size_t len)
{
	struct cgroup_name name;

	cgroup_name_parse(&name, path, len);
	if (name.container[0])
		return 4;
	if (name.pod[0])
		return 3;
	if (name.unit[0])
		return 2;
	return len > 1;
}

/* cgroup_path_ns() in kernel/cgroup/cgroup.c: what is not below our root begins with as many "/.." as it takes. */
static void cut_namespace(struct candidate *candidate)
{
	static const char up[] = "/..";
	const size_t step = sizeof(up) - 1;

	while (candidate->len >= step && !memcmp(candidate->path, up, step) &&
		(candidate->len == step || candidate->path[step] == '/')) {
		candidate->path += step;
		candidate->len -= step;
	}
}

static void cut_deleted(struct candidate *candidate)
{
	static const char mark[] = " (deleted)"; /* proc_cgroup_show() */
	const size_t len = sizeof(mark) - 1;

	if (candidate->len > len && !memcmp(candidate->path + candidate->len - len, mark, len))
		candidate->len -= len;
}

/* One line without its newline. */
static bool parse(const char *line, size_t len, struct candidate *out)
{
	const char *end = line + len;
	const char *controllers = memchr(line, ':', len);
	const char *path;

	controllers = controllers ? controllers + 1 : NULL;
	path = controllers ? memchr(controllers, ':', (size_t)(end - controllers)) : NULL;
	if (!path || path + 1 == end || path[1] != '/')
		return false;
	*out = (struct candidate){ path + 1, (size_t)(end - path - 1), path == controllers, 0 };
	cut_deleted(out);
	cut_namespace(out);
	out->rank = out->len ? cgroup_path_rank(out->path, out->len) : 0;
	return out->len > 0;
}

static bool is_better(const struct candidate *candidate, const struct candidate *best)
{
	if (!best->path || candidate->rank != best->rank)
		return !best->path || candidate->rank > best->rank;
	return candidate->v2 && !best->v2;
}

const char *cgroup_file_choose(const char *text, size_t text_len, size_t *len)
{
	struct candidate best = { .path = NULL }, candidate;
	const char *end = text + text_len, *newline;

	for (; (newline = memchr(text, '\n', (size_t)(end - text))); text = newline + 1)
		if (parse(text, (size_t)(newline - text), &candidate) && is_better(&candidate, &best))
			best = candidate;
	if (best.path)
		*len = best.len;
	return best.path;
}
