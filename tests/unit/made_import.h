/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are read, made in memory. */
#ifndef PROFOUND_MADE_IMPORT_H
#define PROFOUND_MADE_IMPORT_H

#include "made_profile.h"

#include <errno.h>

#include "base/wire.h"
#include "import/content.h"
#include "import/importer.h"

static inline int made_read(struct import *import, const void *data, size_t len, const char *type, struct fault *fault)
{
	struct input input = {.path = "file", .data = (uint8_t *)(uintptr_t)data, .len = len};
	const struct import_options options = {.type = type};

	return import_content(import, &input, content_of(data, len), &options, fault);
}

/* What is read comes out as these folded lines. */
static inline void made_expect(const void *data, size_t len, const char *type, const char *expected)
{
	struct import import = {0};
	struct fault fault = {0};
	char *got;

	if (made_read(&import, data, len, type, &fault))
		fail_msg("%s", fault.text);
	assert_int_equal(import_finish(&import), 0);
	got = made_text(folded_write, &import.profile, &import.trust);
	assert_string_equal(got, expected);
	free(got);
	import_release(&import);
}

/* One line that names the file and says this of it. */
static inline void made_refuse(const void *data, size_t len, const char *type, int error, const char *what)
{
	struct import import = {0};
	struct fault fault = {0};
	int err = made_read(&import, data, len, type, &fault);

	if (err != error || !strstr(fault.text, what) || strncmp(fault.text, "file: ", 6) || strchr(fault.text, '\n'))
		fail_msg("error %d, not %d: \"%s\", not \"%s\"", err, error, fault.text, what);
	import_release(&import);
}

/* A message of numbers: field, value pairs, ended by a field of 0. */
static inline void made_numbers(struct wire *wire, unsigned number, const uint64_t *pairs)
{
	size_t begun = wire_begin(wire, number);

	for (; pairs[0]; pairs += 2)
		wire_uint(wire, (unsigned)pairs[0], pairs[1]);
	wire_end(wire, begun);
}

#define NUMBERS(...) (const uint64_t[]){__VA_ARGS__, 0}

#endif
