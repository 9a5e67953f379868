// SPDX-License-Identifier: GPL-2.0-or-later
#include "recorder/recorder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/usage.h"
#include "collect/probe.h"
#include "collect/sample_value.h"
#include "parser/parser_names.h"
#include "symbolize/symbolize.h"

int recorder_check(struct recorder *recorder, const struct recorder_options *options, struct fault *fault)
{
	int err = probe_refused(options->ignore_kernel_bugs, fault);

	recorder->options = options;
	if (!err)
		err = selection_resolve(&options->selection, &recorder->selection, fault);
	return err ? err : sampling_choose(&recorder->sampling, &options->sampling, fault);
}

int recorder_read_host(struct recorder *recorder)
{
	int err = resource_options_init(&recorder->resources);

	recorder->resources.pids = recorder->options->pids;
	return err;
}

int recorder_open(struct recorder *recorder, struct fault *fault)
{
	const struct recorder_options *options = recorder->options;
	struct selection *selection = &recorder->selection;
	const struct sampling *sampling = &recorder->sampling;
	int err = 0;

	if (sampling->event.by_cpu && !selection->by_cpu) {
		selection->by_cpu = true;
		selection->cpus = sampling->event.cpus;
	}
	const struct collector_request request = {
		.selection = selection,
		.attr = sampling->attr,
		.fixed_period = sampling->fixed_period,
		.clock = sampling->event.clock,
		.samples_per_second = sampling->samples_per_second,
		.memory_bytes = options->memory_bytes,
		.follow_command = options->follow_command,
		.keep_idle = options->idle,
		.with_tid = options->tids,
		.no_user = options->no_user,
		.no_kernel = options->no_kernel,
		.counts_run_time = options->privileges->statistics_fd >= 0,
		.stated = options->with_resources,
	};
	recorder->trust.start_unix_ns = (int64_t)clock_ns(CLOCK_REALTIME);
	recorder->collector = collector_new(&request, &err, fault);
	return err;
}

/* What a profile tells of itself and of where it is from. */
static int describe(struct recorder *recorder, struct fault *fault)
{
	struct profile *profile = recorder_profile(recorder);
	int err = sample_value_set(profile, &recorder->sampling);

	profile->start_unix_ns = recorder->trust.start_unix_ns;
	profile->duration_ns = (int64_t)recorder->sampled_ns;
	profile_make_recording(profile);
	if (!err && recorder->options->with_resources)
		err = profile_resources_make(profile, &recorder->resources);
	return err ? fault_set(fault, err, "cannot describe the profile: %s", strerror(-err)) : 0;
}

static int name(struct recorder *recorder, uint64_t until_ns, uint64_t counters[COUNTERS], struct fault *fault)
{
	const struct recorder_options *asked = recorder->options;
	struct parser_worker *parser = parser_worker_new(&(struct parser_worker_options){0});
	const struct namer namer = parser_names_namer(parser);
	const struct symbolize_options options = {
		.demangle = !asked->no_demangle, .no_inline = asked->no_inline,
		.debuginfod = asked->debuginfod, .hash_files = asked->with_resources,
		.kallsyms = asked->privileges->kallsyms, .namer = &namer, .counters = counters, .until_ns = until_ns,
	};
	int err = -ENOMEM;

	if (parser) {
		err = symbolize_profile(recorder_profile(recorder),
			collector_objects(recorder->collector), collector_processes(recorder->collector),
			collector_kernel_symbols(recorder->collector), &options);
		parser_worker_stop(parser);
		recorder->trust.cpu_seconds += (double)parser_worker_cpu_ns(parser) / 1e9;
	}
	parser_worker_free(parser);
	return err ? fault_set(fault, err, "cannot name the frames: %s", strerror(-err)) : 0;
}

static const char *file_of(void *objects, const struct frame *frame)
{
	return symbolize_file_of(objects, frame);
}

static void fill_machine(struct recorder *recorder)
{
	const struct sampling *sampling = &recorder->sampling;
	const char *asked = recorder->options->sampling.event;
	struct trust *trust = &recorder->trust;

	trust->event = sampling->event.name;
	if (sampling->event.fell_back)
		trust->event_asked = asked ? asked : "cycles";
	trust->frequency_hz = sampling->frequency_hz ? sampling->frequency_hz : TRUST_NULL;
	trust->period = sampling->frequency_hz ? TRUST_NULL
			: sampling->fixed_period ? (int64_t)sampling->fixed_period
					       : (int64_t)sampling->count;
	snprintf(trust->kernel, sizeof(trust->kernel), "%s", recorder->resources.host.version);
	snprintf(trust->host, sizeof(trust->host), "%s", recorder->resources.host.name);
}

/* Last of all figures, so that what it took to derive the others is in it. */
static void fill_cost(struct recorder *recorder)
{
	struct trust *trust = &recorder->trust;
	/* Not ru_maxrss: that would be that of whoever forked us, where it was larger. */
	uint64_t most = usage_memory_bytes("VmHWM");

	trust->cpu_seconds += usage_cpu_seconds(RUSAGE_SELF) - recorder->spent_seconds;
	trust->max_rss_bytes = most ? (int64_t)most : TRUST_NULL;
	trust->ready_seconds = (double)(recorder->enabled_ns - recorder->began_ns) / 1e9;
	trust->sampled_seconds = (double)recorder->sampled_ns / 1e9;
	trust->total_seconds = (double)(clock_now_ns() - recorder->began_ns) / 1e9;
	trust->machine_share =
		trust->cpu_seconds / trust->total_seconds / (double)sysconf(_SC_NPROCESSORS_ONLN);
}

/* By whomever: the profile has fewer samples than its owner thinks. */
static bool rate_is_lowered(const struct recorder *recorder)
{
	const struct sampling *sampling = &recorder->sampling;
	uint32_t asked = recorder->options->asked_hz ? recorder->options->asked_hz : sampling->frequency_asked_hz;

	return sampling->frequency_hz < asked;
}

static int derive_trust(struct recorder *recorder, const uint64_t counters[COUNTERS], struct fault *fault)
{
	struct trust *trust = &recorder->trust;
	int err;

	for (int i = 0; i < COUNTERS; i++)
		trust->counter[i] += (int64_t)counters[i];
	if (rate_is_lowered(recorder))
		trust->counter[COUNTER_rate_lowered] = trust->taken;
	fill_machine(recorder);
	err = trust_count_frames(trust, recorder_profile(recorder), file_of,
		(void *)(uintptr_t)collector_objects(recorder->collector));
	if (err)
		return fault_set(fault, err, "cannot add up the figures: %s", strerror(-err));
	fill_cost(recorder);
	return 0;
}

void recorder_account(struct recorder *recorder)
{
	collector_trust(recorder->collector, &recorder->trust);
}

int recorder_complete(struct recorder *recorder, uint64_t until_ns, struct fault *fault)
{
	uint64_t counters[COUNTERS] = {0};
	int err = name(recorder, until_ns, counters, fault);

	if (!err)
		err = describe(recorder, fault);
	return err ? err : derive_trust(recorder, counters, fault);
}

struct recorder recorder_again(const struct recorder *recorder)
{
	return (struct recorder){
		.options = recorder->options,
		.selection = recorder->selection,
		.sampling = recorder->sampling,
		.resources = recorder->resources,
		.again = true,
	};
}

int recorder_cut(struct recorder *recorder, struct recorder *part)
{
	uint64_t at_ns;
	int err;

	*part = recorder_again(recorder);
	part->part = true;
	part->collector = recorder->collector;
	part->began_ns = recorder->began_ns;
	part->enabled_ns = recorder->enabled_ns;
	err = collector_cut(recorder->collector, &part->cut, &part->trust, &at_ns);
	part->trust.start_unix_ns = recorder->trust.start_unix_ns;
	part->spent_seconds = recorder->spent_seconds;
	part->sampled_ns = at_ns - recorder->enabled_ns;
	recorder->trust.start_unix_ns = (int64_t)(clock_ns(CLOCK_REALTIME) - (clock_now_ns() - at_ns));
	recorder->began_ns = recorder->enabled_ns = at_ns;
	recorder->spent_seconds = usage_cpu_seconds(RUSAGE_SELF);
	return err;
}

struct profile *recorder_profile(struct recorder *recorder)
{
	return recorder->part ? &recorder->cut : collector_profile(recorder->collector);
}

void recorder_release(struct recorder *recorder)
{
	if (recorder->part)
		profile_release(&recorder->cut);
	else
		collector_free(recorder->collector);
	trust_release(&recorder->trust);
	if (!recorder->again)
		resource_options_release(&recorder->resources);
	*recorder = (struct recorder){0};
}
