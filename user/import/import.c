// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "import/importer.h"
#include "import/input.h"
#include "profile/figures.h"

void import_release(struct import *import)
{
	profile_release(&import->profile);
	trust_release(&import->trust);
	assembly_release(&import->assembly);
	*import = (struct import){0};
}

/* Figures are about the samples of a recording: of other samples, or of other counts of them, they say nothing. */
static void check_figures(struct importing *importing, uint64_t total)
{
	struct trust *told = &importing->told;

	if (told->taken != TRUST_NULL && (uint64_t)told->taken != total) {
		trust_release(told);
		figures_forget(told);
	}
	told->taken = (int64_t)total;
	told->start_unix_ns = importing->start_unix_ns;
}

/* Recordings' durations add up, whether they were at the same time or not. */
static void add_times(struct profile *profile, const struct importing *importing)
{
	if (importing->start_unix_ns && (!profile->start_unix_ns || importing->start_unix_ns < profile->start_unix_ns))
		profile->start_unix_ns = importing->start_unix_ns;
	if (__builtin_add_overflow(profile->duration_ns, importing->duration_ns, &profile->duration_ns))
		profile->duration_ns = 0;
}

/* What the file was read for is in the import by now. */
static int take_file(struct import *import, struct importing *importing, uint64_t total)
{
	int err = 0;

	check_figures(importing, total);
	add_times(&import->profile, importing);
	if (import->files) {
		err = figures_add(&import->trust, &importing->told);
	} else {
		import->trust = importing->told;
		importing->told = (struct trust){0};
	}
	import->files++;
	return err;
}

static const struct importer *importer_of(enum content content)
{
	for (unsigned i = 0; i < n_importers; i++)
		if (importers[i].content == content)
			return &importers[i];
	return NULL;
}

int import_content(struct import *import, const struct input *input, enum content content,
	const struct import_options *options, struct fault *fault)
{
	struct importing importing = {
		.import = import, .input = input, .type = options ? options->type : NULL, .fault = fault};
	const struct importer *importer = importer_of(content);
	uint64_t before = import->assembly.total;
	int err;

	if (!importer)
		return input_fault(input, fault, "no profile: neither OTLP nor pprof nor folded lines");
	figures_forget(&importing.told);
	import->assembly.profile = &import->profile;
	assembly_begin(&import->assembly, input->len);
	err = importer->read(&importing);
	if (!err)
		err = assembly_end(&import->assembly);
	if (!err)
		err = take_file(import, &importing, import->assembly.total - before);
	if (err == -ENOMEM)
		fault_set(fault, err, "%.200s: no memory to read it", input_name(input));
	trust_release(&importing.told);
	return err;
}

int import_file(struct import *import, const char *path, const struct import_options *options, struct fault *fault)
{
	struct input input;
	int err = input_read(&input, path, fault);

	if (err)
		return err;
	err = import_content(import, &input, content_of(input.data, input.len), options, fault);
	input_release(&input);
	return err;
}

/* By the mapping, or by what stands in for the name: "[libc.so.6+0x27249]". */
static const char *file_of(void *context, const struct frame *frame)
{
	struct import *import = context;
	uint32_t id = (uint32_t)frame->address, count;
	const struct profile *profile = &import->profile;
	const struct profile_mapping *mapping = profile_get_mapping(profile, profile->names[id].mapping);
	const char *text = mapping ? profile_text(profile, mapping->file) : "", *slash = strrchr(text, '/'), *offset = NULL;

	if (frame->kind == FRAME_KERNEL)
		return "[kernel]";
	if (*text)
		return slash ? slash + 1 : text;
	text = profile_text(profile, profile_get_lines(profile, id, &count)->function);
	for (const char *at = strstr(text, "+0x"); at; at = strstr(at + 1, "+0x"))
		offset = at;
	if (!offset || offset == text)
		return text;
	buf_clear(&import->assembly.clean);
	if (buf_append(&import->assembly.clean, text + 1, (size_t)(offset - text) - 1) || buf_putc(&import->assembly.clean, 0))
		return text;
	return import->assembly.clean.data;
}

/* The host, where all resources are of one. */
static void tell_host(struct trust *trust, const struct profile *profile)
{
	const char *host = "";

	for (uint32_t i = 0; i < profile->processes.count; i++) {
		uint32_t count;
		const struct profile_attribute *attributes = profile_get_resource(profile, i, &count);

		for (uint32_t k = 0; k < count; k++) {
			const char *value = profile_text(profile, attributes[k].value);

			if (strcmp(profile_text(profile, attributes[k].key), "host.name"))
				continue;
			if (*host && strcmp(host, value))
				return;
			host = value;
		}
	}
	snprintf(trust->host, sizeof(trust->host), "%s", host);
}

/* Frames and the top are what the profile shows; what the walks were like, only the figures can tell. */
static void keep_figures(struct trust *trust, const struct trust *told)
{
	trust->complete = told->complete;
	trust->unverified = told->unverified;
	if (told->complete == TRUST_NULL)
		trust->complete_and_named = TRUST_NULL;
	/* Stacks that were apart may be equal once they have names. */
	if (told->distinct != TRUST_NULL)
		trust->distinct = told->distinct;
	for (int i = 0; i < COUNTERS; i++)
		if (counter_specs[i].class == CLASS_FRAME)
			trust->counter[i] = told->counter[i];
}

/* "one sample per N" is no figure: the value says it, where it was no frequency. */
static void tell_period(struct trust *trust, const struct profile_value *value)
{
	if (trust->event && trust->frequency_hz == TRUST_NULL && value->period && value->period <= INT64_MAX)
		trust->period = (int64_t)value->period;
}

int import_finish(struct import *import)
{
	struct trust told;
	int err;

	if (!import->files)
		figures_forget(&import->trust);
	told = import->trust;
	import->assembly.profile = &import->profile;
	err = assembly_end(&import->assembly);
	if (!err)
		err = trust_count_frames(&import->trust, &import->profile, file_of, import);
	if (err)
		return err;
	keep_figures(&import->trust, &told);
	tell_host(&import->trust, &import->profile);
	tell_period(&import->trust, &import->profile.value);
	return 0;
}

int import_count_again(struct import *import)
{
	struct trust *trust = &import->trust;
	int64_t total = (int64_t)profile_total(&import->profile);
	bool walks_known = trust->complete != TRUST_NULL;
	int err = trust_count_frames(trust, &import->profile, file_of, import);

	if (err)
		return err;
	if (!walks_known)
		trust->complete = trust->unverified = trust->complete_and_named = TRUST_NULL;
	for (int i = 0; i < COUNTERS; i++)
		if (counter_specs[i].class == CLASS_FRAME)
			trust->counter[i] = 0;
	trust->by_fp = TRUST_NULL;
	if (trust->taken != total)
		trust->expected = trust->idle = TRUST_NULL;
	trust->taken = total;
	return 0;
}
