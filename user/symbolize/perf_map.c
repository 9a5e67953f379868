// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/perf_map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"

#define CHUNK 65536u

struct perf_map {
	struct batch *batch;
	uint64_t at, bytes, refused;
	uint64_t nonsense; /* bytes of lines that were refused */
	uint32_t lines;
	bool skipping; /* inside a line that is too long */
};

/* A number and the blanks after it; *at moves past them. */
static bool parse_hex(const char **at, const char *end, uint64_t *value)
{
	const char *p = *at;
	uint64_t sum = 0;
	unsigned digits = 0;
	int digit;

	if (end - p > 2 && p[0] == '0' && (p[1] | 0x20) == 'x')
		p += 2;
	for (; p < end && (digit = hex_digit(*p)) >= 0; p++, digits++) {
		if (sum >> 60)
			return false;
		sum = sum << 4 | (uint64_t)digit;
	}
	if (!digits || p == end || *p != ' ')
		return false;
	while (p < end && *p == ' ')
		p++;
	*value = sum;
	*at = p;
	return true;
}

/* 0, -EINVAL when it is refused, -E2BIG, -ENOMEM. */
static int offer_line(struct perf_map *map, const char *line, size_t len)
{
	const char *at = line, *end = line + len;
	uint64_t start, size;

	if (end > at && end[-1] == '\r')
		end--;
	if (!parse_hex(&at, end, &start) || !parse_hex(&at, end, &size) || at == end)
		return -EINVAL;
	if (!size || size > PERF_MAP_CODE_MAX || start + size < start)
		return -EINVAL;
	if (end - at > PERF_MAP_NAME_KEPT)
		end = at + PERF_MAP_NAME_KEPT;
	return batch_offer(map->batch, start, start + size, (int)map->lines, at, (size_t)(end - at));
}

static int end_line(struct perf_map *map, const char *line, size_t len)
{
	int err;

	if (map->lines == PERF_MAP_LINES_MAX)
		return -E2BIG;
	map->lines++;
	err = map->skipping || len > PERF_MAP_LINE_MAX ? -EINVAL : offer_line(map, line, len);
	map->skipping = false;
	if (err != -EINVAL)
		return err;
	map->refused++;
	map->nonsense += len;
	return 0;
}

/* Whole lines of a chunk; *used is what they took. */
static int offer_lines(struct perf_map *map, const char *data, size_t len, size_t *used)
{
	const char *at = data, *end = data + len, *newline;
	int err = 0;

	while (!err && at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
		err = end_line(map, at, (size_t)(newline - at));
		at = newline + 1;
	}
	*used = (size_t)(at - data);
	return err;
}

/* As much as there is, up to a chunk. */
static ssize_t read_chunk(int fd, char *chunk, uint64_t at)
{
	size_t len = 0;

	while (len < CHUNK) {
		ssize_t n = pread(fd, chunk + len, CHUNK - len, (off_t)(at + len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -EIO;
		if (!n)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* What follows map->at; *used is what was taken of it. */
static int offer_chunk(struct perf_map *map, const char *data, size_t len, bool more, size_t *used)
{
	int err = offer_lines(map, data, len, used);

	if (*used || !more)
		return err;
	map->skipping = true;
	map->nonsense += len;
	*used = len;
	return err;
}

/*
 * Up to the end of what is there now. Each read begins with the newline of the line before, so that no line is put
 * together of what was there at two times: where another byte is now, the file was written anew, and what follows is
 * the rest of some line.
 */
static int read_lines(struct perf_map *map, int fd, char *chunk)
{
	for (;;) {
		size_t lead = map->at && !map->skipping, len, used;
		ssize_t n = read_chunk(fd, chunk, map->at - lead);
		int err;

		if (n < 0)
			return (int)n;
		len = (size_t)n > lead ? (size_t)n - lead : 0;
		map->skipping |= lead && n && chunk[0] != '\n';
		err = offer_chunk(map, chunk + lead, len, n == CHUNK, &used);
		if (err)
			return err;
		map->bytes += used;
		map->at += used;
		if (map->nonsense > PERF_MAP_NONSENSE_MAX) {
			map->refused++;
			return 0;
		}
		if (map->bytes > PERF_MAP_BYTES_MAX)
			return -E2BIG;
		if (!used) {
			map->refused += len || map->skipping;
			return 0;
		}
	}
}

static bool shrank(int fd, uint64_t at)
{
	struct stat info;

	return !fstat(fd, &info) && (uint64_t)info.st_size < at;
}

/* A JIT that truncates its file while we read leaves us behind its end: what it writes then is what counts. */
static int read_file(struct perf_map *map, int fd, char *chunk)
{
	int err = read_lines(map, fd, chunk);

	for (int i = 0; i < PERF_MAP_REWRITES && !err && shrank(fd, map->at); i++) {
		map->at = 0;
		map->skipping = false;
		err = read_lines(map, fd, chunk);
	}
	return err;
}

/* What is past a cap is not read, and later lines win. */
static void dispute_all(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->items[i].name && batch->items[i].rank < PERF_MAP_RANK_MAX)
			batch_item_dispute(&batch->items[i], PERF_MAP_RANK_MAX);
}

int perf_map_resolve(int fd, struct batch *batch, uint64_t *refused)
{
	struct perf_map map = {.batch = batch};
	char *chunk = malloc(CHUNK);
	int err;

	if (!chunk)
		return -ENOMEM;
	err = read_file(&map, fd, chunk);
	free(chunk);
	if (err == -E2BIG) {
		map.refused++;
		dispute_all(batch);
		err = 0;
	}
	if (!err)
		*refused = map.refused;
	return err;
}
