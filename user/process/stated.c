// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/stated.h"

#include <stdbool.h>
#include <string.h>

#include "base/attribute_text.h"

static bool is(const char *text, size_t len, const char *expected)
{
	return len == strlen(expected) && !memcmp(text, expected, len);
}

static bool is_kept(const char *key, size_t len)
{
	static const char service[] = "service.";

	return (len > strlen(service) && !memcmp(key, service, strlen(service))) || is(key, len, "deployment.environment") ||
	       is(key, len, "deployment.environment.name");
}

int stated_put(struct buf *text, const char *key, size_t key_len, const char *value, size_t value_len)
{
	size_t before = text->len;
	int err;

	if (!value_len || value_len > STATED_MAX || key_len > STATED_MAX || !is_kept(key, key_len))
		return 0;
	err = attribute_text_put(text, key, key_len, value, value_len);
	if (text->len > STATED_MAX)
		text->len = before;
	return err;
}
