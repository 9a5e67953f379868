/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attributes as OTEL_RESOURCE_ATTRIBUTES has them (OpenTelemetry specification 1.57, resource/sdk.md): key=value pairs
 * between commas, keys and values percent-encoded (RFC 3986, 2.1), spaces and tabs around either left out. The text is
 * hostile. An escape that is none, a pair without `=` and one without a key make all of it invalid, as the
 * specification says; an empty pair is none. A NUL, which no C string holds, becomes a space.
 */
#ifndef PROFOUND_ATTRIBUTE_TEXT_H
#define PROFOUND_ATTRIBUTE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define ATTRIBUTE_TEXT_MAX 65536 /* bytes; a longer one is invalid */

/* Decoded. A zeroed struct has none. */
struct attributes {
	struct buf bytes; /* key, NUL, value, NUL, ...; as they stand: not clean */
	unsigned count;
};

void attributes_release(struct attributes *attributes);

/* 0; -EINVAL: the text is invalid; -ENOMEM. On failure *attributes is unchanged. */
int attributes_parse(struct attributes *attributes, const char *text, size_t len);

/* Starts at *at = 0. False: there are no more. */
bool attributes_next(const struct attributes *attributes, size_t *at, const char **key, const char **value);

/* The value of a key, of several the last; NULL: none. */
const char *attributes_find(const struct attributes *attributes, const char *key);

/* Appends one pair to such a text, with a comma where it is not the first. 0 or -ENOMEM. */
int attribute_text_put(struct buf *text, const char *key, size_t key_len, const char *value, size_t value_len);

#endif
