// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/perf_map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 65536u

struct perf_map {
	struct batch *batch;
	uint64_t bytes, refused;
	uint32_t lines;
	bool skipping; /* inside a line that is too long */
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

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

static ssize_t read_some(int fd, char *to, size_t len)
{
	ssize_t n;

	do
		n = read(fd, to, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -EIO : n;
}

static int read_lines(struct perf_map *map, int fd, char *chunk)
{
	size_t held = 0, used;

	while (map->bytes < PERF_MAP_BYTES_MAX) {
		ssize_t n = read_some(fd, chunk + held, CHUNK - held);
		int err;

		if (n < 0)
			return (int)n;
		if (!n)
			break;
		map->bytes += (uint64_t)n;
		held += (size_t)n;
		err = offer_lines(map, chunk, held, &used);
		if (err)
			return err;
		if (!used && held == CHUNK) {
			map->skipping = true;
			used = held;
		}
		memmove(chunk, chunk + used, held - used);
		held -= used;
	}
	map->refused += held || map->skipping;
	return 0;
}

int perf_map_resolve(int fd, struct batch *batch, uint64_t *refused)
{
	struct perf_map map = {.batch = batch};
	char *chunk = malloc(CHUNK);
	int err;

	if (!chunk)
		return -ENOMEM;
	err = read_lines(&map, fd, chunk);
	free(chunk);
	if (err == -E2BIG) { /* past a cap: what follows is not read, and later lines win */
		map.refused++;
		err = 0;
	}
	if (!err)
		*refused = map.refused;
	return err;
}
