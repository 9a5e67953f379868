// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "agent/logger.h"
#include "base/clock.h"
#include "base/usage.h"

/* A recording is kept for so many intervals, if it does not know many more files and processes than after the first. */
#define KEPT_INTERVALS 10
#define KEPT_FILES 128
#define KEPT_PROCESSES 1024

int sampler_check(struct sampler *sampler, const struct recorder_options *asked,
	const struct privileges *privileges, struct fault *fault)
{
	*sampler = (struct sampler){.options = *asked};
	sampler->options.asked_hz = asked->sampling.frequency_hz;
	sampler->options.privileges = privileges;
	return recorder_check(&sampler->base, &sampler->options, fault);
}

static struct recorder *open_next(const struct sampler *sampler, struct fault *fault)
{
	struct recorder *next = malloc(sizeof(*next));

	if (!next) {
		fault_set(fault, -ENOMEM, "out of memory");
		return NULL;
	}
	*next = recorder_again(&sampler->base);
	next->began_ns = clock_now_ns();
	next->spent_seconds = usage_cpu_seconds(RUSAGE_SELF);
	if (!recorder_open(next, fault))
		return next;
	recorder_release(next);
	free(next);
	return NULL;
}

static void enable(struct sampler *sampler, struct recorder *next)
{
	collector_enable(next->collector);
	next->enabled_ns = clock_now_ns();
	next->trust.start_unix_ns = (int64_t)clock_ns(CLOCK_REALTIME);
	sampler->now = next;
	sampler->rate_changed = false;
	sampler->kept = 0;
}

int sampler_start(struct sampler *sampler, struct fault *fault)
{
	struct recorder *first = open_next(sampler, fault);

	if (!first)
		return -EIO;
	enable(sampler, first);
	return 0;
}

void sampler_set_rate(struct sampler *sampler, uint32_t hertz)
{
	struct sampling sampling;

	sampler->options.sampling.frequency_hz = hertz;
	if (sampling_choose(&sampling, &sampler->options.sampling, NULL))
		return;
	sampler->base.sampling = sampling;
	sampler->rate_changed = true;
}

/* The child that writes adds its own cost. */
static struct recorder *take_cost(struct sampler *sampler, struct recorder *last)
{
	sampler->bpf_seconds += last->trust.cpu_seconds;
	last->trust.cpu_seconds += usage_cpu_seconds(RUSAGE_SELF) - last->spent_seconds;
	last->spent_seconds = 0;
	return last;
}

static void tell_cut_short(int err)
{
	if (err)
		logger_say(LOG_ERROR, "an interval ended early", "reason", "out of memory", NULL);
}

/* Its last samples are in. */
static struct recorder *finish(struct sampler *sampler, struct recorder *last)
{
	last->sampled_ns = clock_now_ns() - last->enabled_ns;
	tell_cut_short(collector_finish(last->collector));
	recorder_account(last);
	return take_cost(sampler, last);
}

static struct recorder *renew(struct sampler *sampler, struct fault *fault)
{
	struct recorder *last = sampler->now, *next = open_next(sampler, fault);

	if (!next)
		return NULL;
	collector_inherit(next->collector, last->collector);
	enable(sampler, next);
	return finish(sampler, last);
}

static uint32_t files(const struct sampler *sampler)
{
	return objects_count(collector_objects(sampler->now->collector));
}

static uint32_t processes(const struct sampler *sampler)
{
	return processes_count(collector_processes(sampler->now->collector));
}

static struct recorder *go_on(struct sampler *sampler, struct fault *fault)
{
	struct recorder *part = malloc(sizeof(*part));

	if (!part) {
		fault_set(fault, -ENOMEM, "out of memory");
		return NULL;
	}
	tell_cut_short(recorder_cut(sampler->now, part));
	if (!sampler->kept++) {
		sampler->first_files = files(sampler);
		sampler->first_processes = processes(sampler);
	}
	return take_cost(sampler, part);
}

static bool is_to_renew(const struct sampler *sampler)
{
	return sampler->rate_changed || sampler->kept >= KEPT_INTERVALS ||
		(sampler->kept && (files(sampler) > 2 * sampler->first_files + KEPT_FILES ||
			processes(sampler) > 2 * sampler->first_processes + KEPT_PROCESSES));
}

struct recorder *sampler_cut(struct sampler *sampler, bool anew, struct fault *fault)
{
	struct recorder *last = anew || is_to_renew(sampler) ? renew(sampler, fault) : NULL;

	if (last)
		return last;
	if (*fault->text)
		logger_say(LOG_WARNING, "a recording cannot be renewed: it goes on", "reason", fault->text, NULL);
	return go_on(sampler, fault);
}

struct recorder *sampler_end(struct sampler *sampler)
{
	struct recorder *last = sampler->now;

	sampler->now = NULL;
	return finish(sampler, last);
}

void sampler_release(struct sampler *sampler)
{
	recorder_release(&sampler->base);
}
