/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names come from profiled processes and are hostile bytes: these functions append them to a buffer
 * so that the format around them stays what it is. Bytes that are not UTF-8 (RFC 3629) become
 * U+FFFD each, control characters (C0, DEL, C1, the line and paragraph separators) a space. A
 * failed append stays set in the buffer.
 */
#ifndef PROFOUND_EXPORT_TEXT_H
#define PROFOUND_EXPORT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Length of the UTF-8 sequence at the start of `data`, its code point in *point; 0 when there is
 * none. */
unsigned text_utf8(const char *data, size_t len, uint32_t *point);

/* For a terminal. */
void text_plain(struct buf *buf, const char *text);

/* One name of a folded line: `;` becomes `:`. */
void text_folded(struct buf *buf, const char *text);

/* Between tags, or inside an attribute's double quotes. */
void text_html(struct buf *buf, const char *text);

/* A JSON string with its quotes; control characters are escaped, not replaced. */
void text_json(struct buf *buf, const char *text);

/* 1234567 as 1,234,567. */
void text_number(struct buf *buf, int64_t number);

/*
 * part of whole as "12.3 %". "100 %" and "0 %" only where it is exact: 99.97 is "99.9 %", 0.01 is
 * "< 0.1 %". An empty whole is 0 %.
 */
void text_share(struct buf *buf, uint64_t part, uint64_t whole);

#endif
