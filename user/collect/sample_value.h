/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sample stands for, in the terms of OTLP and pprof: samples/count, and in the period how much of what was counted.
 *
 *   a clock, whatever its rate          cpu/nanoseconds   that many
 *   cycles at a frequency               cpu/nanoseconds   1e9 / Hz: a CPU counts them while it works
 *   any other event every N             EVENT/count       N
 *   any other event at a frequency      samples/count     1: how many events that is changes all the time
 *
 * EVENT is the event's name with what is neither letter, digit, dot nor underscore turned into an underscore.
 */
#ifndef PROFOUND_SAMPLE_VALUE_H
#define PROFOUND_SAMPLE_VALUE_H

#include <stdint.h>

#include "collect/sampling.h"
#include "profile/profile.h"

struct sample_value {
	char period_type[sizeof(((struct event_spec *)0)->name)];
	const char *period_unit; /* static */
	uint64_t period;
};

struct sample_value sample_value_of(const struct sampling *sampling);

/* 0 or -ENOMEM. */
int sample_value_set(struct profile *profile, const struct sampling *sampling);

#endif
