// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/attribute_text.h"

#include <errno.h>
#include <string.h>

#include "base/hex.h"

struct part {
	const char *at;
	size_t len;
};

void attributes_release(struct attributes *attributes)
{
	buf_release(&attributes->bytes);
	*attributes = (struct attributes){0};
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct part trim(struct part part)
{
	while (part.len && is_blank(part.at[0]))
		part.at++, part.len--;
	while (part.len && is_blank(part.at[part.len - 1]))
		part.len--;
	return part;
}

/* What stands before the first `c`, which is passed over; all of it if there is none. */
static struct part split(struct part *rest, char c)
{
	const char *found = memchr(rest->at, c, rest->len);
	struct part head = {rest->at, found ? (size_t)(found - rest->at) : rest->len};
	size_t passed = head.len + (found != NULL);

	rest->at += passed;
	rest->len -= passed;
	return head;
}

/* Appends the decoded text and a NUL. */
static int decode(struct buf *out, struct part part)
{
	for (size_t i = 0; i < part.len; i++) {
		int c = (unsigned char)part.at[i];

		if (c == '%') {
			c = hex_escape(part.at + i, part.len - i);
			i += 2;
		}
		if (c < 0)
			return -EINVAL;
		if (buf_putc(out, c ? (char)c : ' '))
			return -ENOMEM;
	}
	return buf_putc(out, 0);
}

static int add(struct attributes *attributes, struct part pair)
{
	struct part rest = pair, key = trim(split(&rest, '='));
	int err;

	if (!key.len || !memchr(pair.at, '=', pair.len))
		return -EINVAL;
	err = decode(&attributes->bytes, key);
	if (!err)
		err = decode(&attributes->bytes, trim(rest));
	attributes->count++;
	return err;
}

int attributes_parse(struct attributes *out, const char *text, size_t len)
{
	struct attributes attributes = {0};
	struct part rest = {text, len};
	int err = len > ATTRIBUTE_TEXT_MAX ? -EINVAL : 0;

	while (rest.len && !err) {
		struct part pair = trim(split(&rest, ','));

		if (pair.len)
			err = add(&attributes, pair);
	}
	if (err) {
		attributes_release(&attributes);
		return err;
	}
	*out = attributes;
	return 0;
}

bool attributes_next(const struct attributes *attributes, size_t *at, const char **key, const char **value)
{
	if (*at >= attributes->bytes.len)
		return false;
	*key = attributes->bytes.data + *at;
	*value = *key + strlen(*key) + 1;
	*at = (size_t)(*value - attributes->bytes.data) + strlen(*value) + 1;
	return true;
}

const char *attributes_find(const struct attributes *attributes, const char *key)
{
	const char *name, *value, *found = NULL;

	for (size_t at = 0; attributes_next(attributes, &at, &name, &value);)
		if (!strcmp(name, key))
			found = value;
	return found;
}

/* Encodes what the format, or a reader's idea of it, could trip over. */
static int encode(struct buf *out, const char *text, size_t len)
{
	int err = 0;

	for (size_t i = 0; i < len && !err; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c <= ' ' || c >= 0x7f || strchr("%,=;\"\\", c))
			err = buf_printf(out, "%%%02X", c);
		else
			err = buf_putc(out, (char)c);
	}
	return err;
}

int attribute_text_put(struct buf *text, const char *key, size_t key_len, const char *value, size_t value_len)
{
	int err = text->len ? buf_putc(text, ',') : 0;

	if (!err)
		err = encode(text, key, key_len);
	if (!err)
		err = buf_putc(text, '=');
	return err ? err : encode(text, value, value_len);
}
