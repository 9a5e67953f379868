// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/cpython_code.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define REPLACEMENT 0xfffdU
#define INTERNAL "__init__" /* its name, and its file since 3.13 */
#define ELLIPSIS "\xe2\x80\xa6"

static uint32_t character(const uint8_t *at, uint8_t width)
{
	uint32_t value = at[0];

	if (width > 1)
		value |= (uint32_t)at[1] << 8;
	if (width > 2)
		value |= (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
	if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000) || !value)
		return REPLACEMENT;
	return value;
}

static char *put(char *to, uint32_t value)
{
	if (value < 0x80) {
		*to++ = (char)value;
		return to;
	}
	if (value < 0x800) {
		*to++ = (char)(0xc0 | value >> 6);
	} else {
		if (value < 0x10000) {
			*to++ = (char)(0xe0 | value >> 12);
		} else {
			*to++ = (char)(0xf0 | value >> 18);
			*to++ = (char)(0x80 | (value >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (value >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (value & 0x3f));
	return to;
}

static void decode(char *to, const struct abi_code_text *text, const uint8_t *bytes)
{
	for (uint32_t i = 0; text->size - i >= text->width && i < text->size; i += text->width)
		to = put(to, character(bytes + i, text->width));
	if (text->cut)
		to = stpcpy(to, ELLIPSIS);
	*to = '\0';
}

static bool sane(const struct abi_code_text *text)
{
	return text->size <= ABI_CODE_TEXT &&
	       (!text->size || text->width == 1 || text->width == 2 || text->width == 4);
}

int cpython_code_check(const struct abi_code *record, size_t size)
{
	size_t texts;

	if (size < sizeof(*record) || !sane(&record->file) || !sane(&record->name) || !sane(&record->qualname))
		return -EINVAL;
	texts = (size_t)record->file.size + record->name.size + record->qualname.size;
	if (record->lines_size > ABI_CODE_LINES || size - sizeof(*record) < texts + record->lines_size)
		return -EINVAL;
	return 0;
}

int cpython_code_parse(struct cpython_code *out, const struct abi_code *record, size_t size)
{
	const struct abi_code_text *file = &record->file, *name = &record->name,
				   *qualname = &record->qualname;
	const uint8_t *bytes = (const uint8_t *)(record + 1);
	size_t texts;

	if (cpython_code_check(record, size))
		return -EINVAL;
	texts = (size_t)file->size + name->size + qualname->size;
	decode(out->file, file, bytes);
	bytes += file->size;
	decode(out->function, qualname->size ? qualname : name,
		qualname->size ? bytes + name->size : bytes);
	out->first_line = record->first_line;
	out->internal = !out->first_line && !strcmp(out->file, out->function) &&
			(!*out->file || !strcmp(out->file, INTERNAL));
	out->lines = (const uint8_t *)(record + 1) + texts;
	out->lines_size = record->lines_size;
	return 0;
}
