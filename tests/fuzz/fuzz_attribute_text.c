// SPDX-License-Identifier: GPL-2.0-or-later
/* OTEL_RESOURCE_ATTRIBUTES of a profiled process: what is read of it, written and read again is the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/attribute_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_all(const struct attributes *attributes, struct buf *text)
{
	const char *key, *value;
	unsigned count = 0;

	for (size_t at = 0; attributes_next(attributes, &at, &key, &value); count++)
		if (!key[0] || !attributes_find(attributes, key) ||
			attribute_text_put(text, key, strlen(key), value, strlen(value)))
			abort();
	if (count != attributes->count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attributes attributes, again;
	struct buf text = {0};
	char *exact;

	if (size > 4096) /* finding is quadratic here, and nowhere else */
		return 0;
	exact = malloc(size ? size : 1); /* exactly sized: a read past the end is seen */
	memcpy(exact, data, size);
	if (!attributes_parse(&attributes, exact, size)) {
		put_all(&attributes, &text);
		if (attributes_parse(&again, text.data ? text.data : "", text.len))
			abort();
		if (again.bytes.len != attributes.bytes.len ||
			(again.bytes.len && memcmp(again.bytes.data, attributes.bytes.data, again.bytes.len)))
			abort();
		attributes_release(&attributes);
		attributes_release(&again);
	}
	buf_release(&text);
	free(exact);
	return 0;
}
