// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * make_sent SAMPLES BYTES -o OUT...: a profile of so many distinct samples, the i-th one counted i % 3 + 1 times, in 50
 * processes, each sample's function with a name of about so many bytes, goes where the options say, as record does it:
 * without BPF or root. With -q it says nothing of what worked. Exit status of record.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/destinations.h"
#include "profile/figures.h"
#include "making.h"

#define PROCESSES 50

static struct trust trust;
static struct destinations destinations;

static void add_sample(uint32_t i)
{
	const struct frame frame = {.kind = FRAME_ANON, .address = i + 1};
	const struct profile_process process = {.pid = i % PROCESSES + 1};
	struct profile_sample sample = {.comm = text("sent")};
	uint32_t id;

	must(profile_frame(&profile, &frame, &id));
	must(profile_stack(&profile, &id, 1, &sample.stack));
	must(profile_process(&profile, &process, &sample.process));
	must(profile_add(&profile, &sample, i % 3 + 1));
}

static void name_frames(uint32_t samples, size_t bytes)
{
	char *name = malloc(bytes + 16);

	if (!name)
		must(-ENOMEM);
	must(profile_begin_names(&profile));
	for (uint32_t i = 0; i < samples; i++) {
		const struct profile_name made = {.function = name};

		snprintf(name, bytes + 16, "%0*u", (int)bytes, i);
		must(profile_name(&profile, i, &made));
		profile.names[i].named = true;
	}
	free(name);
}

static void read_options(struct output_options *options, bool *quiet, char **argv)
{
	struct fault fault = {""};
	int err = 0;

	for (; *argv && !err; argv++) {
		if (!strcmp(*argv, "-q"))
			*quiet = true;
		else if (!strcmp(*argv, "-o") && argv[1])
			err = output_options_add(options, *++argv, &fault);
	}
	if (!err)
		err = output_options_finish(options, &fault);
	if (!err)
		err = destinations_prepare(&destinations, "record", options, &fault);
	if (!err)
		return;
	fprintf(stderr, "profound record: %s\n", fault.text);
	exit(err == -EINVAL ? 2 : 1);
}

int main(int argc, char **argv)
{
	const struct export_view view = {.profile = &profile, .trust = &trust};
	static struct output_options options;
	bool quiet = false;
	uint32_t samples;
	int err;

	if (argc < 3)
		return 2;
	read_options(&options, &quiet, argv + 3);
	destinations.keep_unsent = true;
	samples = (uint32_t)strtoul(argv[1], NULL, 10);
	figures_forget(&trust);
	must(profile_set_value(&profile, "samples", "count", "cpu", "nanoseconds", 10101010));
	profile_make_recording(&profile);
	profile.start_unix_ns = 1795428901000000000;
	profile.duration_ns = 1000000000;
	for (uint32_t i = 0; i < samples; i++)
		add_sample(i);
	name_frames(samples, strtoul(argv[2], NULL, 10));
	destinations_give_up_on_interrupt(&destinations, false);
	err = destinations_write(&destinations, &view, !quiet);
	destinations_release(&destinations);
	trust_release(&trust);
	profile_release(&profile);
	return err ? 1 : 0;
}
