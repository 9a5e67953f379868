/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile as one that was read: inlined functions, recursion, kernel frames, a cut stack, a sample without a frame,
 * two processes, one of them in a container.
 */
#ifndef PROFOUND_MADE_REPORT_H
#define PROFOUND_MADE_REPORT_H

#include "made_profile.h"

enum { MADE_MAIN, MADE_RUN, MADE_READ, MADE_LIBX, MADE_JIT, MADE_FRAMES };

static inline uint32_t made_process(struct profile *profile, uint32_t pid, const char *exe, const char *container,
	const char *pod)
{
	uint32_t id;

	assert_int_equal(profile_process(profile, &(struct profile_process){.pid = pid}, &id), 0);
	assert_int_equal(intern_text(&profile->text, exe, &profile->who[id].exe), 0);
	assert_int_equal(intern_text(&profile->text, container, &profile->who[id].container), 0);
	assert_int_equal(intern_text(&profile->text, pod, &profile->who[id].pod), 0);
	return id;
}

static inline void made_mapped(struct profile *profile, uint32_t frame, const char *file)
{
	struct profile_mapping mapping = {0};

	assert_int_equal(intern_text(&profile->text, file, &mapping.file), 0);
	assert_int_equal(intern_text(&profile->text, "", &mapping.gnu_build_id), 0);
	mapping.go_build_id = mapping.htlhash = mapping.gnu_build_id;
	assert_int_equal(profile_mapping(profile, &mapping, &profile->names[frame].mapping), 0);
}

/* 40 samples. */
static inline struct profile made_report(void)
{
	struct profile profile = {0};
	uint32_t frame[MADE_FRAMES], web, job, pod;

	for (int i = 0; i < MADE_FRAMES; i++)
		frame[i] = made_frame(&profile, i == MADE_READ ? FRAME_KERNEL : i == MADE_JIT ? FRAME_ANON : FRAME_FILE);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_line(&profile, frame[MADE_MAIN], "main", "/src/web.c", 10);
	made_line(&profile, frame[MADE_RUN], "inner;most", "/src/lib.h", 7);
	made_line(&profile, frame[MADE_RUN], "run", "/src/web.c", 20);
	made_line(&profile, frame[MADE_READ], "read", NULL, 0);
	made_named(&profile, frame[MADE_LIBX], "[libx++.so+0x12]", false);
	made_line(&profile, frame[MADE_JIT], "Widget::draw", NULL, 0);
	made_mapped(&profile, frame[MADE_LIBX], "/usr/lib/libx++.so");
	made_mapped(&profile, frame[MADE_JIT], "[jit]");
	assert_int_equal(profile_set_value(&profile, "samples", "count", NULL, NULL, 0), 0);
	web = made_process(&profile, 1, "/usr/bin/web", "0123456789abcdef", "");
	job = made_process(&profile, 2, "", "", "");
	pod = made_process(&profile, 3, "job", "", "5a3f");

	uint32_t recursive[] = {frame[MADE_MAIN], frame[MADE_RUN], frame[MADE_MAIN], frame[MADE_RUN]};
	uint32_t kernel[] = {frame[MADE_MAIN], frame[MADE_READ]};
	uint32_t cut[] = {frame[MADE_LIBX], frame[MADE_JIT]};

	made_sample(&profile, "web", recursive, 4, (struct profile_sample){.process = web}, 20);
	made_sample(&profile, "web", kernel, 2, (struct profile_sample){.process = web}, 8);
	made_sample(&profile, "w-2", kernel, 1, (struct profile_sample){.process = web}, 2);
	made_sample(&profile, "job", cut, 2, (struct profile_sample){.process = job, .cut = COUNTER_corrupt}, 4);
	made_sample(&profile, "job", cut, 0, (struct profile_sample){.process = pod, .cut = COUNTER_corrupt}, 1);
	made_sample(&profile, "kworker", NULL, 0, (struct profile_sample){.process = job}, 5);
	return profile;
}

#endif
