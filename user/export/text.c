// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* Number of continuation bytes, bits of the first byte, least code point that needs the length (RFC
 * 3629). */
static const struct {
	uint8_t mask, lead, more;
	uint32_t least;
} lengths[] = {
	{0x80, 0x00, 0, 0},
	{0xe0, 0xc0, 1, 0x80},
	{0xf0, 0xe0, 2, 0x800},
	{0xf8, 0xf0, 3, 0x10000},
};

unsigned text_utf8(const char *data, size_t len, uint32_t *point)
{
	const uint8_t *bytes = (const uint8_t *)data;
	unsigned kind = 0;
	uint32_t value;

	if (!len)
		return 0;
	while (kind < 4 && (bytes[0] & lengths[kind].mask) != lengths[kind].lead)
		kind++;
	if (kind == 4 || lengths[kind].more >= len)
		return 0;
	value = bytes[0] & (uint8_t)~lengths[kind].mask;
	for (unsigned i = 1; i <= lengths[kind].more; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < lengths[kind].least || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	*point = value;
	return lengths[kind].more + 1u;
}

static bool is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 ||
	       point == 0x2029;
}

/* Bytes of plain printable ASCII at the start, none of `special`. */
static size_t plain_run(const char *text, const char *special)
{
	size_t len = 0;

	while (text[len] >= 0x20 && text[len] < 0x7f && !strchr(special, text[len]))
		len++;
	return len;
}

/*
 * Walks the text: whole runs of harmless bytes at once, then what `escape` makes of one code point
 * (NULL: as it is).
 */
static void append_escaped(struct buf *buf, const char *text, const char *special,
	const char *(*escape)(uint32_t point, char *scratch))
{
	size_t left = strlen(text);

	while (left) {
		size_t run = plain_run(text, special);
		char scratch[16];
		const char *escaped;
		uint32_t point = 0;
		unsigned len;

		buf_append(buf, text, run);
		text += run;
		left -= run;
		if (!left)
			return;
		len = text_utf8(text, left, &point);
		escaped = len ? escape(point, scratch) : replacement;
		if (escaped)
			buf_puts(buf, escaped);
		else
			buf_append(buf, text, len);
		text += len ? len : 1;
		left -= len ? len : 1;
	}
}

static const char *escape_plain(uint32_t point, char *scratch)
{
	(void)scratch;
	return is_control(point) ? " " : NULL;
}

static const char *escape_folded(uint32_t point, char *scratch)
{
	return point == ';' ? ":" : escape_plain(point, scratch);
}

static const char *escape_html(uint32_t point, char *scratch)
{
	switch (point) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return escape_plain(point, scratch);
	}
}

static const char *escape_json(uint32_t point, char *scratch)
{
	if (point == '"')
		return "\\\"";
	if (point == '\\')
		return "\\\\";
	if (!is_control(point))
		return NULL;
	snprintf(scratch, 16, "\\u%04x", (unsigned)point);
	return scratch;
}

void text_plain(struct buf *buf, const char *text)
{
	append_escaped(buf, text, "", escape_plain);
}

void text_folded(struct buf *buf, const char *text)
{
	append_escaped(buf, text, ";", escape_folded);
}

void text_html(struct buf *buf, const char *text)
{
	append_escaped(buf, text, "<>&\"'", escape_html);
}

void text_json(struct buf *buf, const char *text)
{
	buf_putc(buf, '"');
	append_escaped(buf, text, "\"\\", escape_json);
	buf_putc(buf, '"');
}

void text_number(struct buf *buf, int64_t number)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64,
		number < 0 ? -(uint64_t)number : (uint64_t)number);

	if (number < 0)
		buf_putc(buf, '-');
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf_putc(buf, ',');
		buf_putc(buf, digits[i]);
	}
}

void text_share(struct buf *buf, uint64_t part, uint64_t whole)
{
	double tenths = whole ? 1000.0 * (double)part / (double)whole : 0;

	if (!whole || !part) {
		buf_puts(buf, "0 %");
	} else if (part == whole) {
		buf_puts(buf, "100 %");
	} else if (tenths < 1) {
		buf_puts(buf, "< 0.1 %");
	} else {
		if (tenths > 999 && part < whole)
			tenths = 999;
		buf_printf(buf, "%.1f %%", tenths / 10);
	}
}
