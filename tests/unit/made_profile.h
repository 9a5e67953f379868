/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small profiles for tests: frames by kind and names, stacks outermost first. */
#ifndef PROFOUND_MADE_PROFILE_H
#define PROFOUND_MADE_PROFILE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/exporter.h"
#include "profile/profile.h"
#include "profile/trust.h"

/* A new frame each time; names are given with made_named() after all frames are there. */
static inline uint32_t made_frame(struct profile *profile, uint32_t kind)
{
	struct frame frame = {.kind = kind, .owner = 0, .address = 0x1000 + profile->frames.count};
	uint32_t id;

	assert_int_equal(profile_frame(profile, &frame, &id), 0);
	return id;
}

/* `frames` is outermost first. */
static inline void made_sample(struct profile *profile, const char *comm, const uint32_t *frames,
	uint32_t count, struct profile_sample key, uint64_t samples)
{
	uint32_t stack[1024];

	for (uint32_t i = 0; i < count; i++)
		stack[i] = frames[count - 1 - i];
	assert_int_equal(intern_text(&profile->text, comm, &key.comm), 0);
	assert_int_equal(profile_stack(profile, stack, count, &key.stack), 0);
	assert_int_equal(profile_add(profile, &key, samples), 0);
}

/* One more function of a frame, innermost first. */
static inline void made_line(
	struct profile *profile, uint32_t frame, const char *name, const char *file, uint32_t line)
{
	const struct profile_name made = {.function = name, .file = file, .line = line};

	assert_int_equal(profile_name(profile, frame, &made), 0);
	profile->names[frame].named = true;
}

static inline void made_named(struct profile *profile, uint32_t frame, const char *name, bool named)
{
	made_line(profile, frame, name, NULL, 0);
	profile->names[frame].named = named;
	if (!named)
		profile->names[frame].why_not = COUNTER_no_symbol;
}

/* What a writer wrote, NUL-terminated, to be freed. */
static inline char *made_view(
	int (*write)(const struct export_view *, FILE *), const struct export_view *view)
{
	char *text = NULL, *copy;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);

	assert_non_null(stream);
	assert_int_equal(write(view, stream), 0);
	assert_int_equal(fclose(stream), 0);
	copy = strdup(text); /* gcc 12 takes what open_memstream() fills for a pointer to a local */
	free(text);
	return copy;
}

static inline char *made_text(int (*write)(const struct export_view *, FILE *),
	const struct profile *profile, const struct trust *trust)
{
	return made_view(write, &(struct export_view){.profile = profile, .trust = trust});
}

#endif
