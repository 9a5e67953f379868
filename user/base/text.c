// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"
#define ELLIPSIS "\xe2\x80\xa6"
#define MARK 3 /* bytes of either */

#define TAIL 421 /* what is left of the end of a text that is cut, at most */

/* The first byte decides how many follow, and the range of the second one. */
static unsigned sequence(uint8_t lead, uint8_t *low, uint8_t *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead == 0xe0)
		*low = 0xa0;
	if (lead == 0xed)
		*high = 0x9f;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	if (lead == 0xf0)
		*low = 0x90;
	if (lead == 0xf4)
		*high = 0x8f;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* Bytes of the well-formed character at `data`, 0 when there is none. */
static unsigned well_formed(const uint8_t *data, size_t len)
{
	uint8_t low, high;
	unsigned need = sequence(data[0], &low, &high);

	if (!need || need > len)
		return 0;
	for (unsigned i = 1; i < need; i++) {
		if (data[i] < low || data[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return need;
}

static bool is_control(const uint8_t *c, unsigned len)
{
	return (len == 1 && (c[0] < 0x20 || c[0] == 0x7f)) ||
		(len == 2 && c[0] == 0xc2 && c[1] < 0xa0);
}

/* The first character that starts at `at` or behind it. */
static size_t boundary(const struct buf *text, size_t at)
{
	while (at < text->len && ((uint8_t)text->data[at] & 0xc0) == 0x80)
		at++;
	return at;
}

/* Takes the middle out of clean text: both ends tell names apart, a C++ one starts with what a thousand share. */
static void cut(struct buf *text, size_t begin, size_t max)
{
	size_t head = begin + max - TAIL - MARK, tail = boundary(text, text->len - TAIL), kept = text->len - tail;

	while (((uint8_t)text->data[head] & 0xc0) == 0x80)
		head--;
	memcpy(text->data + head, ELLIPSIS, MARK);
	memmove(text->data + head + MARK, text->data + tail, kept);
	text->len = head + MARK + kept;
}

int text_fit(struct buf *out, const char *data, size_t len, size_t max)
{
	const uint8_t *in = (const uint8_t *)data;
	size_t begin = out->len;
	int err = 0;

	for (size_t i = 0; i < len && !err;) {
		unsigned n = well_formed(in + i, len - i);

		if (n && is_control(in + i, n))
			err = buf_putc(out, ' ');
		else
			err = buf_append(out, n ? data + i : REPLACEMENT, n ? n : MARK);
		i += n ? n : 1;
	}
	if (!err && out->len - begin > max)
		cut(out, begin, max);
	return err;
}

int text_clean(struct buf *out, const char *data, size_t len)
{
	return text_fit(out, data, len, TEXT_MAX);
}
