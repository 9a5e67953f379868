// SPDX-License-Identifier: GPL-2.0-or-later
#include "profile/figures.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What becomes of two recordings' figures: KNOWN is a sum in which what is null adds nothing; NEVER is null. */
enum merge { SUM, KNOWN, MOST, SAME, NEVER };

enum spec_kind { INT, REAL, TEXT, INLINE_TEXT, COUNTER_CLASS };

struct spec {
	const char *key;
	enum spec_kind kind;
	size_t at;   /* offset in struct trust; the class of COUNTER_CLASS */
	size_t size; /* of INLINE_TEXT */
	enum merge merge;
};

#define AT(member) offsetof(struct trust, member)

static const struct spec specs[] = {
	{"samples.expected", INT, AT(expected), 0, SUM},
	{"samples.taken", INT, AT(taken), 0, SUM},
	{"samples.idle", INT, AT(idle), 0, SUM},
	{"samples.lost", COUNTER_CLASS, CLASS_LOST, 0, KNOWN},
	{"stacks.complete", INT, AT(complete), 0, SUM},
	{"stacks.unverified", INT, AT(unverified), 0, SUM},
	{"stacks.cut", COUNTER_CLASS, CLASS_CUT, 0, SUM},
	{"stacks.distinct", INT, AT(distinct), 0, NEVER},
	{"frames.named", INT, AT(named), 0, SUM},
	{"frames.by_fp", INT, AT(by_fp), 0, SUM},
	{"frames.unnamed_by_cause", COUNTER_CLASS, CLASS_FRAME, 0, SUM},
	{"notes", COUNTER_CLASS, CLASS_NOTE, 0, KNOWN},
	{"cost.cpu_seconds", REAL, AT(cpu_seconds), 0, SUM},
	{"cost.kernel_ns_per_sample", INT, AT(kernel_ns_per_sample), 0, SAME},
	{"cost.max_rss_bytes", INT, AT(max_rss_bytes), 0, MOST},
	{"cost.bpf_memory_bytes", INT, AT(bpf_memory_bytes), 0, MOST},
	{"cost.drained_bytes", INT, AT(drained_bytes), 0, SUM},
	{"time.ready_seconds", REAL, AT(ready_seconds), 0, MOST},
	{"time.sampled_seconds", REAL, AT(sampled_seconds), 0, SUM},
	{"time.total_seconds", REAL, AT(total_seconds), 0, SUM},
	{"event", TEXT, AT(event), 0, SAME},
	{"frequency_hz", INT, AT(frequency_hz), 0, SAME},
	{"kernel", INLINE_TEXT, AT(kernel), sizeof(((struct trust *)0)->kernel), SAME},
};

#define SPECS (sizeof(specs) / sizeof(*specs))

typedef int take_function(void *context, const struct figure *figure);

static void *field(const struct trust *trust, const struct spec *spec)
{
	return (char *)(uintptr_t)trust + spec->at;
}

static const char *text_of(const struct trust *trust, const struct spec *spec)
{
	return spec->kind == TEXT ? *(const char **)field(trust, spec) : field(trust, spec);
}

static struct figure figure_of(const struct trust *trust, const struct spec *spec)
{
	struct figure figure = {.key = spec->key};

	if (spec->kind == INT) {
		figure.kind = FIGURE_INT;
		figure.integer = *(int64_t *)field(trust, spec);
		figure.null = figure.integer == TRUST_NULL;
	} else if (spec->kind == REAL) {
		figure.kind = FIGURE_REAL;
		figure.real = *(double *)field(trust, spec);
		figure.null = figure.real < 0 || !isfinite(figure.real);
	} else {
		figure.kind = FIGURE_TEXT;
		figure.text = text_of(trust, spec);
		figure.null = !figure.text || !figure.text[0];
	}
	return figure;
}

static int each_counter(const struct trust *trust, const struct spec *spec, take_function *take, void *context)
{
	char key[FIGURE_KEY];
	int err = 0;

	for (int i = 0; i < COUNTERS && !err; i++) {
		int64_t value = trust->counter[i];

		if (counter_specs[i].class != spec->at)
			continue;
		snprintf(key, sizeof(key), "%s.%s", spec->key, counter_specs[i].name);
		err = take(context, &(struct figure){
			.key = key, .kind = FIGURE_INT, .null = value == TRUST_NULL, .integer = value});
	}
	return err;
}

int figures_each(const struct trust *trust, take_function *take, void *context)
{
	int err = 0;

	for (size_t i = 0; i < SPECS && !err; i++) {
		struct figure figure;

		if (specs[i].kind == COUNTER_CLASS) {
			err = each_counter(trust, &specs[i], take, context);
			continue;
		}
		figure = figure_of(trust, &specs[i]);
		err = take(context, &figure);
	}
	return err;
}

struct known {
	take_function *take;
	void *context;
};

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

static bool is_quiet_counter(const char *key)
{
	return starts_with(key, "stacks.cut.") || starts_with(key, "frames.unnamed_by_cause.") ||
	       starts_with(key, "notes.");
}

static int take_known(void *context, const struct figure *figure)
{
	const struct known *known = context;

	if (figure->null || (figure->kind == FIGURE_INT && !figure->integer && is_quiet_counter(figure->key)))
		return 0;
	return known->take(known->context, figure);
}

int figures_each_known(const struct trust *trust, take_function *take, void *context)
{
	return figures_each(trust, take_known, &(struct known){take, context});
}

void figures_forget(struct trust *trust)
{
	*trust = (struct trust){0};
	for (size_t i = 0; i < SPECS; i++) {
		if (specs[i].kind == INT)
			*(int64_t *)field(trust, &specs[i]) = TRUST_NULL;
		else if (specs[i].kind == REAL)
			*(double *)field(trust, &specs[i]) = TRUST_NULL_SECONDS;
	}
	trust->period = TRUST_NULL;
	trust->machine_share = TRUST_NULL_SECONDS;
	for (int i = 0; i < COUNTERS; i++)
		if (counter_specs[i].class == CLASS_LOST)
			trust->counter[i] = TRUST_NULL;
}

static int parse_int(const char *value, int64_t *out)
{
	long long number;
	char *end;

	errno = 0;
	number = strtoll(value, &end, 10);
	if (errno || end == value || *end || number < 0)
		return -EINVAL;
	*out = number;
	return 0;
}

static int parse_real(const char *value, double *out)
{
	double number;
	char *end;

	number = strtod(value, &end);
	if (end == value || *end || !isfinite(number) || number < 0)
		return -EINVAL;
	*out = number;
	return 0;
}

static int set_event(struct trust *trust, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return -ENOMEM;
	free(trust->event_owned);
	trust->event = trust->event_owned = copy;
	return 0;
}

static int take_one(struct trust *trust, const struct spec *spec, const char *value)
{
	switch (spec->kind) {
	case INT:
		return parse_int(value, field(trust, spec));
	case REAL:
		return parse_real(value, field(trust, spec));
	case TEXT:
		return set_event(trust, value);
	default:
		snprintf(field(trust, spec), spec->size, "%s", value);
		return 0;
	}
}

static int take_counter(struct trust *trust, const struct spec *spec, const char *name, const char *value)
{
	for (int i = 0; i < COUNTERS; i++)
		if (counter_specs[i].class == spec->at && !strcmp(counter_specs[i].name, name))
			return parse_int(value, &trust->counter[i]);
	return -ENOENT;
}

int figures_take(struct trust *trust, const char *key, const char *value)
{
	for (size_t i = 0; i < SPECS; i++) {
		const struct spec *spec = &specs[i];
		size_t len = strlen(spec->key);

		if (spec->kind != COUNTER_CLASS && !strcmp(key, spec->key))
			return take_one(trust, spec, value);
		if (spec->kind == COUNTER_CLASS && starts_with(key, spec->key) && key[len] == '.')
			return take_counter(trust, spec, key + len + 1, value);
	}
	return -ENOENT;
}

static int64_t add_ints(int64_t a, int64_t b, enum merge merge)
{
	int64_t sum;

	if (merge == NEVER)
		return TRUST_NULL;
	if (merge == KNOWN && (a == TRUST_NULL || b == TRUST_NULL))
		return a == TRUST_NULL ? b : a;
	if (a == TRUST_NULL || b == TRUST_NULL)
		return TRUST_NULL;
	if (merge == MOST)
		return a > b ? a : b;
	if (merge == SAME)
		return a == b ? a : TRUST_NULL;
	return __builtin_add_overflow(a, b, &sum) ? TRUST_NULL : sum;
}

static double add_reals(double a, double b, enum merge merge)
{
	if (a < 0 || b < 0)
		return TRUST_NULL_SECONDS;
	if (merge == MOST)
		return a > b ? a : b;
	return a + b;
}

static int add_texts(struct trust *trust, const struct trust *other, const struct spec *spec)
{
	const char *mine = text_of(trust, spec), *theirs = text_of(other, spec);

	if (mine && theirs && !strcmp(mine, theirs))
		return 0;
	if (spec->kind == TEXT)
		return set_event(trust, NULL);
	((char *)field(trust, spec))[0] = '\0';
	return 0;
}

static void add_counters(struct trust *trust, const struct trust *other, const struct spec *spec)
{
	for (int i = 0; i < COUNTERS; i++)
		if (counter_specs[i].class == spec->at)
			trust->counter[i] = add_ints(trust->counter[i], other->counter[i], spec->merge);
}

int figures_add(struct trust *trust, const struct trust *other)
{
	int err = 0;

	for (size_t i = 0; i < SPECS && !err; i++) {
		const struct spec *spec = &specs[i];
		void *into = field(trust, spec);
		const void *from = field(other, spec);

		if (spec->kind == INT)
			*(int64_t *)into = add_ints(*(int64_t *)into, *(const int64_t *)from, spec->merge);
		else if (spec->kind == REAL)
			*(double *)into = add_reals(*(double *)into, *(const double *)from, spec->merge);
		else if (spec->kind == COUNTER_CLASS)
			add_counters(trust, other, spec);
		else
			err = add_texts(trust, other, spec);
	}
	trust->period = add_ints(trust->period, other->period, SAME);
	trust->machine_share = TRUST_NULL_SECONDS;
	if (strcmp(trust->host, other->host))
		trust->host[0] = '\0';
	if (!trust->start_unix_ns || (other->start_unix_ns && other->start_unix_ns < trust->start_unix_ns))
		trust->start_unix_ns = other->start_unix_ns;
	return err;
}
