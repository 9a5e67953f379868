// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/sampling.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu_mask.h"
#include "collect/perf_open.h"

#define MAX_RATE "/proc/sys/kernel/perf_event_max_sample_rate"
#define ONLINE "/sys/devices/system/cpu/online"
/* perf_swevent_start_hrtimer() (kernel/events/core.c) lets no clock fire more often. */
#define CLOCK_PERIOD_MIN 10000ULL

static uint32_t allowed_hz(uint32_t asked)
{
	FILE *file = fopen(MAX_RATE, "re");
	uint32_t limit;
	bool known;

	if (!file)
		return asked;
	known = fscanf(file, "%u", &limit) == 1 && limit > 0;
	fclose(file);
	return known && limit < asked ? limit : asked;
}

static void fill_attr(struct sampling *sampling)
{
	const struct event_spec *event = &sampling->event;

	sampling->attr = (struct perf_event_attr){
		.size = sizeof(sampling->attr),
		.type = event->type,
		.config = event->config,
		.config1 = event->config1,
		.config2 = event->config2,
		.exclude_user = event->exclude_user,
		.exclude_kernel = event->exclude_kernel,
		.exclude_hv = event->exclude_hv,
		.disabled = 1,
	};
	if (sampling->frequency_hz) {
		sampling->attr.freq = 1;
		sampling->attr.sample_freq = sampling->frequency_hz;
	} else {
		sampling->attr.sample_period = sampling->count;
	}
}

/*
 * A clock turns a frequency into a fixed period once and for all (perf_swevent_init_hrtimer()). One that leaves out
 * the user or the kernel counts all time, but fires in a part of it (perf_swevent_hrtimer()): how often is not known.
 */
static void fill_rate(struct sampling *sampling)
{
	bool part = sampling->event.exclude_user || sampling->event.exclude_kernel;
	uint64_t period = sampling->count;

	if (!period && sampling->event.clock)
		period = NS_PER_SECOND / sampling->frequency_hz;
	if (sampling->event.clock && period < CLOCK_PERIOD_MIN)
		period = CLOCK_PERIOD_MIN;
	sampling->fixed_period = sampling->event.clock && part ? 0 : period;
	sampling->samples_per_second = sampling->frequency_hz;
	if (sampling->event.clock)
		sampling->clock_period_ns = period;
	if (sampling->event.clock)
		sampling->samples_per_second = NS_PER_SECOND / period;
}

/* The lowest CPU that the event can run on. */
static int first_cpu(const struct event_spec *event)
{
	struct cpu_mask online = {0};

	if (cpu_mask_read(&online, ONLINE))
		return 0;
	for (unsigned cpu = 0; cpu < CPU_MASK_CPUS; cpu++)
		if (cpu_mask_has(&online, cpu) &&
			(!event->by_cpu || cpu_mask_has(&event->cpus, cpu)))
			return (int)cpu;
	return 0;
}

static int try_open(struct sampling *sampling)
{
	int fd;

	fill_attr(sampling);
	fd = perf_open(&sampling->attr, -1, first_cpu(&sampling->event), -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int sampling_choose(
	struct sampling *out, const struct sampling_request *request, struct fault *fault)
{
	struct sampling sampling = {
		.frequency_hz = allowed_hz(request->frequency_hz),
		.frequency_asked_hz = request->frequency_hz,
		.count = request->count,
	};
	int err = 0;

	if (request->event)
		err = event_spec_parse(&sampling.event, request->event, EVENT_SYSFS, fault);
	else
		event_spec_default(&sampling.event);
	if (err)
		return err;
	err = try_open(&sampling);
	if (err && event_spec_fallback(&sampling.event, err))
		err = try_open(&sampling);
	if (err)
		return event_spec_refused(&sampling.event, err, fault);
	fill_rate(&sampling);
	*out = sampling;
	return 0;
}
