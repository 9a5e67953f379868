// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/pprof.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "export/pprof_proto.h"
#include "export/pprof_samples.h"
#include "export/summary.h"
#include "profile/figures.h"

static bool is_text(const struct profile *profile, uint32_t id, const char *text)
{
	return !strcmp(profile_text(profile, id), text);
}

/* The CPU time that a sample stands for; 0: it stands for something else. */
static uint64_t cpu_period_of(const struct profile *profile)
{
	const struct profile_value *value = &profile->value;

	if (!profile_has_value(profile) || !value->period || !is_text(profile, value->type, "samples") ||
		!is_text(profile, value->period_type, "cpu") || !is_text(profile, value->period_unit, "nanoseconds"))
		return 0;
	return value->period;
}

static void put_value_type(struct wire *out, unsigned field, uint32_t type, uint32_t unit)
{
	size_t begun = wire_begin(out, field);

	wire_uint(out, PPROF_TYPE, type);
	wire_uint(out, PPROF_UNIT, unit);
	wire_end(out, begun);
}

static void put_period(struct pprof_file *file, const struct profile_value *value)
{
	uint32_t type = pprof_file_text(file, value->period_type), unit = pprof_file_text(file, value->period_unit);

	put_value_type(&file->out, PPROF_PERIOD_TYPE, type, unit);
	wire_uint(&file->out, PPROF_PERIOD, value->period < INT64_MAX ? value->period : INT64_MAX);
}

static void put_values(struct pprof_file *file)
{
	const struct profile *profile = file->profile;
	const struct profile_value *value = &profile->value;
	bool told = profile_has_value(profile);
	uint32_t type = told ? pprof_file_text(file, value->type) : pprof_file_string(file, "samples");
	uint32_t unit = told ? pprof_file_text(file, value->unit) : pprof_file_string(file, "count");

	put_value_type(&file->out, PPROF_SAMPLE_TYPE, type, unit);
	if (cpu_period_of(profile))
		put_value_type(&file->out, PPROF_SAMPLE_TYPE, pprof_file_text(file, value->period_type),
			pprof_file_text(file, value->period_unit));
	wire_uint(&file->out, PPROF_DEFAULT_SAMPLE_TYPE, type);
	if (told && value->period)
		put_period(file, value);
}

static void put_times(struct pprof_file *file)
{
	const struct profile *profile = file->profile;

	if (profile->start_unix_ns > 0)
		wire_uint(&file->out, PPROF_TIME_NANOS, (uint64_t)profile->start_unix_ns);
	if (profile->duration_ns > 0)
		wire_uint(&file->out, PPROF_DURATION_NANOS, (uint64_t)profile->duration_ns);
}

static void put_comment(struct pprof_file *file, struct buf *text)
{
	buf_putc(text, 0);
	if (text->failed)
		file->out.failed = true;
	else
		wire_uint(&file->out, PPROF_COMMENT, pprof_file_string(file, text->data));
	buf_release(text);
}

static int put_summary(struct pprof_file *file, const struct trust *trust)
{
	struct summary summary;
	int err = summary_init(&summary, trust, file->profile);

	if (err)
		return err;
	for (unsigned i = 0; i < summary.count; i++) {
		struct buf text = {0};

		buf_printf(&text, "%-8s %s", summary.lines[i].label, summary.lines[i].text);
		put_comment(file, &text);
	}
	summary_release(&summary);
	return 0;
}

static int put_figure(void *context, const struct figure *figure)
{
	struct buf text = {0};

	buf_printf(&text, FIGURE_PREFIX "%s=", figure->key);
	if (figure->kind == FIGURE_INT)
		buf_printf(&text, "%" PRId64, figure->integer);
	else if (figure->kind == FIGURE_REAL)
		buf_printf(&text, "%.9g", figure->real);
	else
		buf_puts(&text, figure->text);
	put_comment(context, &text);
	return 0;
}

static int put_comments(struct pprof_file *file, const struct trust *trust)
{
	int err;

	if (!trust)
		return 0;
	err = put_summary(file, trust);
	return err ? err : figures_each_known(trust, put_figure, file);
}

static int put_samples(struct pprof_file *file)
{
	struct pprof_locations locations;
	struct pprof_samples samples;
	int err = pprof_locations_init(&locations, file);

	if (err)
		return err;
	err = pprof_samples_init(&samples, &locations, cpu_period_of(file->profile));
	if (err)
		goto release_locations;
	err = pprof_locations_write(&locations);
	if (!err)
		pprof_samples_write(&samples);
	pprof_samples_release(&samples);
release_locations:
	pprof_locations_release(&locations);
	return err;
}

int pprof_write(const struct export_view *view, FILE *stream)
{
	struct pprof_file file;
	int err = pprof_file_init(&file, view->profile, stream);

	if (err)
		return err;
	put_values(&file);
	put_times(&file);
	err = put_comments(&file, view->trust);
	if (!err)
		err = put_samples(&file);
	if (!err)
		err = pprof_file_finish(&file);
	pprof_file_release(&file);
	return err;
}
