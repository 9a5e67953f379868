// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/event_spec.h"

#include <ctype.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "collect/event_names.h"
#include "collect/event_pmu.h"

static bool is_raw(const char *name)
{
	size_t digits;

	if (tolower((unsigned char)name[0]) != 'r')
		return false;
	digits = strspn(name + 1, "0123456789abcdefABCDEF");
	return digits && digits <= 16 && !name[1 + digits];
}

static void set_clock(struct event_spec *spec)
{
	spec->clock = spec->type == PERF_TYPE_SOFTWARE &&
		      (spec->config == PERF_COUNT_SW_CPU_CLOCK ||
			      spec->config == PERF_COUNT_SW_TASK_CLOCK);
}

/* 0, -ENOENT when the name is none of the kernel's, -EINVAL when it cannot be sampled. */
static int parse_name(struct event_spec *spec, const char *name, struct fault *fault)
{
	const struct event_name *known = event_names_find(name);

	if (known && known->no_samples)
		return fault_set(fault, -EINVAL,
			"event %s: it never fires by itself and cannot be sampled", name);
	if (known) {
		spec->type = known->type;
		spec->config = known->config;
		set_clock(spec);
		return 0;
	}
	if (is_raw(name)) {
		spec->type = PERF_TYPE_RAW;
		spec->config = strtoull(name + 1, NULL, 16);
		return 0;
	}
	spec->type = PERF_TYPE_HW_CACHE;
	return event_names_cache(name, &spec->config);
}

static int parse_modifiers(struct event_spec *spec, const char *modifiers, struct fault *fault)
{
	bool user = strchr(modifiers, 'u'), kernel = strchr(modifiers, 'k');

	for (const char *at = modifiers; *at; at++) {
		if (*at == 'u' || *at == 'k')
			continue;
		if (*at == 'p' || *at == 'P')
			return fault_set(fault, -EINVAL,
				"event %s: precise sampling (:%c) is not supported: "
				"its registers do not match the stack",
				spec->name, *at);
		return fault_set(fault, -EINVAL,
			"event %s: unknown modifier '%c'; there are u (user) and k (kernel)",
			spec->name, *at);
	}
	if (!*modifiers)
		return 0;
	spec->exclude_user = !user;
	spec->exclude_kernel = !kernel;
	spec->exclude_hv = true;
	return 0;
}

struct near {
	const char *word;
	unsigned distance;
	char name[128];
};

static int nearer(void *context, const char *kind, const char *name, const char *alias)
{
	struct near *near = context;
	const char *names[] = {name, alias};

	(void)kind;
	for (unsigned i = 0; i < 2 && names[i]; i++) {
		unsigned distance = nearest_distance(near->word, names[i]);

		if (distance >= near->distance || !nearest_word(near->word, &names[i], 1))
			continue;
		near->distance = distance;
		snprintf(near->name, sizeof(near->name), "%s", names[i]);
	}
	return 0;
}

static int unknown_event(const char *text, const char *name, const char *sysfs, struct fault *fault)
{
	struct near near = {.word = name, .distance = ~0U};
	char hint[160];

	event_spec_each(sysfs, nearer, &near);
	nearest_hint(hint, sizeof(hint), "", near.name[0] ? near.name : NULL);
	return fault_set(fault, -ENOENT, "event %s: unknown%s", text,
		*hint ? hint : "; see profound list events");
}

/* "system:event"; what follows the colon of another event are modifier letters alone. */
static bool looks_like_tracepoint(const char *modifiers)
{
	return *modifiers && modifiers[strspn(modifiers, "ukhGHpPDSeIWbR")];
}

static int parse_named(struct event_spec *spec, char *name, const char *sysfs, struct fault *fault)
{
	char *modifiers = name + strcspn(name, ":");
	int err;

	if (*modifiers)
		*modifiers++ = 0;
	err = parse_name(spec, name, fault);
	if (err == -EINVAL)
		return err;
	if (err && looks_like_tracepoint(modifiers))
		return fault_set(fault, -EINVAL,
			"event %s: tracepoint events are not supported yet", spec->name);
	if (err)
		return unknown_event(spec->name, name, sysfs, fault);
	return parse_modifiers(spec, modifiers, fault);
}

static int parse_pmu(struct event_spec *spec, char *pmu, const char *sysfs, struct fault *fault)
{
	char *terms = strchr(pmu, '/'), *end = strrchr(pmu, '/');
	int err;

	if (end == terms)
		return fault_set(fault, -EINVAL, "event %s: the closing / is missing", spec->name);
	*terms++ = 0;
	*end++ = 0;
	err = parse_modifiers(spec, *end == ':' ? end + 1 : end, fault);
	return err ? err : event_pmu_parse(spec, sysfs, pmu, terms, fault);
}

int event_spec_parse(
	struct event_spec *spec, const char *text, const char *sysfs, struct fault *fault)
{
	struct event_spec parsed = {.name = ""};
	char copy[sizeof(parsed.name)];
	const char *slash = strchr(text, '/');
	size_t comma = strcspn(slash ? strrchr(text, '/') : text, ",{}");
	int err;

	if (snprintf(parsed.name, sizeof(parsed.name), "%s", text) >= (int)sizeof(parsed.name))
		return fault_set(fault, -EINVAL, "event %.40s...: longer than %zu bytes", text,
			sizeof(parsed.name) - 1);
	if (!*text)
		return fault_set(fault, -EINVAL, "event: an empty name; see profound list events");
	if ((slash ? strrchr(text, '/') : text)[comma])
		return fault_set(fault, -EINVAL, "event %s: one event at a time", text);
	strcpy(copy, text);
	err = slash ? parse_pmu(&parsed, copy, sysfs, fault)
		    : parse_named(&parsed, copy, sysfs, fault);
	if (err)
		return err;
	*spec = parsed;
	return 0;
}

void event_spec_default(struct event_spec *spec)
{
	*spec = (struct event_spec){
		.name = "cycles", .type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_CPU_CYCLES};
}

bool event_spec_fallback(struct event_spec *spec, int error)
{
	if (error != -ENOENT && error != -EOPNOTSUPP && error != -ENODEV)
		return false;
	if (spec->type != PERF_TYPE_HARDWARE || spec->config != PERF_COUNT_HW_CPU_CYCLES)
		return false;
	spec->type = PERF_TYPE_SOFTWARE;
	spec->config = PERF_COUNT_SW_CPU_CLOCK;
	spec->clock = true;
	spec->fell_back = true;
	snprintf(spec->name, sizeof(spec->name), "cpu-clock%s%s%s", spec->exclude_hv ? ":" : "",
		spec->exclude_hv && !spec->exclude_user ? "u" : "",
		spec->exclude_hv && !spec->exclude_kernel ? "k" : "");
	return true;
}

int event_spec_refused(const struct event_spec *spec, int error, struct fault *fault)
{
	switch (error) {
	case -ENOENT:
	case -ENODEV:
	case -EOPNOTSUPP:
		return fault_set(fault, error,
			"event %s: this machine has no counter for it (%s); try cpu-clock, "
			"or see profound list events",
			spec->name, strerror(-error));
	case -EACCES:
	case -EPERM:
		return fault_set(fault, error,
			"event %s: not permitted; run as root or see profound doctor", spec->name);
	default:
		return fault_set(fault, error == -EINVAL ? -ENODEV : error,
			"event %s: perf_event_open: %s; see profound list events", spec->name,
			strerror(-error));
	}
}

struct each {
	int (*each)(void *context, const char *kind, const char *name, const char *alias);
	void *context;
};

static int each_pmu_event(void *context, const char *name)
{
	const struct each *each = context;

	return each->each(each->context, "PMU", name, NULL);
}

static int each_cache_event(const struct each *each)
{
	char name[64];
	int stop = 0;

	for (unsigned i = 0; !stop && event_names_cache_at(i, name, sizeof(name)); i++)
		stop = each->each(each->context, "cache", name, NULL);
	return stop;
}

int event_spec_each(const char *sysfs,
	int (*each)(void *context, const char *kind, const char *name, const char *alias),
	void *context)
{
	struct each forward = {each, context};
	int stop = 0;

	for (unsigned i = 0; !stop && i < n_event_names; i++) {
		const struct event_name *event = &event_names[i];

		if (!event->no_samples)
			stop = each(context,
				event->type == PERF_TYPE_HARDWARE ? "hardware" : "software",
				event->name, event->alias);
	}
	if (!stop)
		stop = each_cache_event(&forward);
	return stop ? stop : event_pmu_each(sysfs, each_pmu_event, &forward);
}
