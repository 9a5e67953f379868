// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/maps.h"

#include <errno.h>
#include <string.h>

struct cursor {
	const char *at, *end;
};

static bool number(struct cursor *cursor, unsigned int base, uint64_t *out)
{
	uint64_t value = 0;
	const char *first = cursor->at;

	for (; cursor->at < cursor->end; cursor->at++) {
		char c = *cursor->at;
		unsigned int digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned int)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (unsigned int)(c - 'a') + 10;
		else
			break;
		if (digit >= base)
			break;
		if (value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	*out = value;
	return cursor->at > first;
}

static bool expect(struct cursor *cursor, char c)
{
	if (cursor->at == cursor->end || *cursor->at != c)
		return false;
	cursor->at++;
	return true;
}

/* The kernel escapes the newline alone (seq_file_path(m, file, "\n")): another backslash is a backslash. */
static bool copy_path(struct cursor *cursor, char path[MAPS_PATH])
{
	size_t len = 0;

	while (cursor->at < cursor->end) {
		char c = *cursor->at++;

		if (c == '\\' && cursor->end - cursor->at >= 3 && !memcmp(cursor->at, "012", 3)) {
			c = '\n';
			cursor->at += 3;
		}
		if (!c || len == MAPS_PATH - 1)
			return false;
		path[len++] = c;
	}
	path[len] = '\0';
	return true;
}

static bool starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static bool cut_deleted(char *path)
{
	static const char mark[] = " (deleted)";
	size_t len = strlen(path);

	if (len < sizeof(mark) || strcmp(path + len - (sizeof(mark) - 1), mark))
		return false;
	path[len - (sizeof(mark) - 1)] = '\0';
	return true;
}

enum maps_kind maps_classify(char *path, uint64_t inode, bool *deleted)
{
	static const char *const anonymous[] = { "/SYSV", "/anon_hugepage", "/memfd:doublemapper",
		"anon_inode:", "//" };

	*deleted = path[0] == '/' && cut_deleted(path);
	if (!strcmp(path, "[vdso]"))
		return MAPS_VDSO;
	if (!strcmp(path, "[vsyscall]"))
		return MAPS_VSYSCALL;
	if (!inode || path[0] != '/')
		return MAPS_ANON;
	if (*deleted && !strcmp(path, "/dev/zero"))
		return MAPS_ANON;
	for (size_t i = 0; i < sizeof(anonymous) / sizeof(anonymous[0]); i++)
		if (starts_with(path, anonymous[i]))
			return MAPS_ANON;
	return MAPS_FILE;
}

static bool permissions(struct cursor *cursor, bool *executable)
{
	if (cursor->end - cursor->at < 4)
		return false;
	*executable = cursor->at[2] == 'x';
	cursor->at += 4;
	return true;
}

int maps_parse(const char *text, size_t len, struct maps_line *line)
{
	struct cursor cursor = { text, text + len };
	uint64_t major, minor;
	bool good;

	good = number(&cursor, 16, &line->start) && expect(&cursor, '-') &&
		number(&cursor, 16, &line->end) && expect(&cursor, ' ') &&
		permissions(&cursor, &line->executable) && expect(&cursor, ' ') &&
		number(&cursor, 16, &line->offset) && expect(&cursor, ' ') &&
		number(&cursor, 16, &major) && expect(&cursor, ':') &&
		number(&cursor, 16, &minor) && expect(&cursor, ' ') &&
		number(&cursor, 10, &line->inode);
	if (!good || line->start >= line->end || major > UINT32_MAX || minor > UINT32_MAX)
		return -EBADMSG;
	line->major = (uint32_t)major;
	line->minor = (uint32_t)minor;
	while (expect(&cursor, ' '))
		;
	if (!copy_path(&cursor, line->path))
		return -EBADMSG;
	line->kind = maps_classify(line->path, line->inode, &line->deleted);
	return 0;
}
