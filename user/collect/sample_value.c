// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/sample_value.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/clock.h"

#define CPU "cpu"
#define NANOSECONDS "nanoseconds"

/* In hybrid machines' events the PMU stands in the upper half (PERF_HW_EVENT_MASK). */
static bool is_cycles(const struct event_spec *event)
{
	uint32_t config = (uint32_t)event->config;

	return event->type == PERF_TYPE_HARDWARE &&
	       (config == PERF_COUNT_HW_CPU_CYCLES || config == PERF_COUNT_HW_REF_CPU_CYCLES);
}

static struct sample_value of_event(const char *name, uint64_t period)
{
	struct sample_value value = {.period_unit = "count", .period = period};

	snprintf(value.period_type, sizeof(value.period_type), "%s", name);
	for (char *at = value.period_type; *at; at++)
		if (!isalnum((unsigned char)*at) && *at != '.')
			*at = '_';
	return value;
}

struct sample_value sample_value_of(const struct sampling *sampling)
{
	const struct event_spec *event = &sampling->event;

	if (event->clock)
		return (struct sample_value){CPU, NANOSECONDS, sampling->clock_period_ns};
	if (sampling->frequency_hz && is_cycles(event))
		return (struct sample_value){CPU, NANOSECONDS, NS_PER_SECOND / sampling->frequency_hz};
	if (sampling->frequency_hz)
		return of_event("samples", 1);
	return of_event(event->name, sampling->count);
}

int sample_value_set(struct profile *profile, const struct sampling *sampling)
{
	const struct sample_value value = sample_value_of(sampling);

	return profile_set_value(profile, "samples", "count", value.period_type, value.period_unit, value.period);
}
