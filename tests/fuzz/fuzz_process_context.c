// SPDX-License-Identifier: GPL-2.0-or-later
/* What a process publishes, and its environment: whatever comes out is a list of attributes, and short. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/attribute_text.h"
#include "process/environment.h"
#include "process/process_context.h"
#include "process/stated.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct buf *text)
{
	struct attributes attributes;

	if (text->len > STATED_MAX || attributes_parse(&attributes, text->data ? text->data : "", text->len))
		abort();
	attributes_release(&attributes);
	buf_release(text);
}

/* In one part, or in two: it makes no difference. */
static void state(const char *data, size_t size, size_t first, struct buf *text)
{
	struct environment environment = {0};

	if (environment_feed(&environment, data, first) || environment_feed(&environment, data + first, size - first) ||
		environment_state(&environment, text))
		abort();
	environment_release(&environment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = malloc(size ? size : 1); /* exactly sized: a read past the end is seen */
	struct buf text = {0}, parts = {0};

	memcpy(exact, data, size);
	process_context_parse((const uint8_t *)exact, size, &text);
	check(&text);
	state(exact, size, size, &text);
	state(exact, size, size ? data[0] % size : 0, &parts);
	if (text.len != parts.len || (text.len && memcmp(text.data, parts.data, text.len)))
		abort();
	check(&text);
	check(&parts);
	free(exact);
	return 0;
}
