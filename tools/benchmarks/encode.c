// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * encode FORMAT LOCATIONS SAMPLES [FILE]: encodes a made profile with so many locations and samples, three times over.
 * Says "NAME VALUE": bytes, stacks, and of the fastest time seconds of CPU, of the first peak_bytes: by how much the
 * encoder made this process larger than the profile had. With FILE it is written there, once more.
 *
 * The profile is that of a busy machine: threads of many processes, stacks along a call graph in which few callees of a
 * function are common, three of ten begin in the kernel, where ten addresses are one location.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "export/exporter.h"
#include "../../tests/e2e/making.h"

#define TIMES 3
#define PROCESSES 200
#define SERVICES 40
#define COMMS 60
#define DEEPEST 48
#define STACKS_OF_TEN 4 /* so many samples of ten have a stack of their own */
#define KERNEL_OF_TEN 3 /* so many stacks of ten begin in the kernel */

static bool is_kernel(uint32_t frame)
{
	return frame % 10 == 0;
}

/* Ten addresses of a kernel function are one location: they have neither address nor line. */
static uint32_t number_of(uint32_t frame)
{
	return is_kernel(frame) ? frame / 100 : frame / 3;
}

static void name_frame(uint32_t frame, uint32_t user, uint32_t kernel)
{
	char function[96], file[64];
	uint32_t number = number_of(frame);

	snprintf(function, sizeof(function), "service::module_%u::Handler::process_request_%u(Request const&)",
		number % 97, number);
	snprintf(file, sizeof(file), "/usr/src/service/module_%u/handler_%u.cc", number % 97, number / 20);
	must(profile_name(&profile, frame, is_kernel(frame) ? &(struct profile_name){.function = function} :
		&(struct profile_name){.function = function, .file = file, .line = 10 + frame % 500, .first_line = 10}));
	profile.names[frame].named = true;
	profile.names[frame].type = is_kernel(frame) ? FRAME_TYPE_KERNEL : FRAME_TYPE_NATIVE;
	profile.names[frame].mapping = is_kernel(frame) ? kernel : user + number % 50;
	profile.names[frame].address = is_kernel(frame) ? 0 : 0x1000 + (uint64_t)frame * 24;
}

static void make_frames(uint32_t count)
{
	struct profile_mapping mapping = {.file = text(MAPPING_KERNEL), .gnu_build_id = text("")};
	uint32_t kernel, user, id;
	char path[64];

	mapping.go_build_id = mapping.htlhash = mapping.gnu_build_id;
	must(profile_mapping(&profile, &mapping, &kernel));
	for (uint32_t i = 0; i < 50; i++) {
		snprintf(path, sizeof(path), "/usr/lib/x86_64-linux-gnu/libservice_%u.so", i);
		mapping = (struct profile_mapping){.start = 0x1000, .limit = 1 << 30, .file = text(path),
			.gnu_build_id = text(path + 20), .go_build_id = text(""), .htlhash = text("")};
		must(profile_mapping(&profile, &mapping, &id));
	}
	user = kernel + 1;
	for (uint32_t i = 0; i < count; i++) {
		struct frame frame = {.kind = is_kernel(i) ? FRAME_KERNEL : FRAME_FILE, .address = 0x1000 + i};

		must(profile_frame(&profile, &frame, &id));
	}
	must(profile_begin_names(&profile));
	for (uint32_t i = 0; i < count; i++)
		name_frame(i, user, kernel);
}

static void make_processes(void)
{
	struct profile_attribute attributes[2] = {{.key = text("host.name")}, {.key = text("service.name")}};
	char name[32];

	attributes[0].value = text("web1");
	for (uint32_t i = 0; i < PROCESSES; i++) {
		uint32_t id, resource;

		snprintf(name, sizeof(name), "service-%u", i % SERVICES);
		attributes[1].value = text(name);
		must(profile_process(&profile, &(struct profile_process){.pid = i + 1}, &id));
		must(intern_add(&profile.resources, attributes, sizeof(attributes), &resource));
		profile.who[id].resource = resource + 1;
	}
}

/* Innermost first: a walk from the root of the call graph, turned round. The kernel's part has frames of the kernel
 * alone, the user's none. */
static uint32_t make_stack(uint32_t *stack, uint32_t frames)
{
	uint32_t depth = 4 + pick(DEEPEST - 4), kernel = pick(10) < KERNEL_OF_TEN ? 2 + pick(depth / 3 + 1) : 0;
	uint32_t at = pick(40);

	for (uint32_t i = depth; i-- > 0;) {
		at = (uint32_t)((at * 31ull + i * 7 + (pick(100) < 60 ? 0 : pick(frames))) % frames);
		if (i < kernel)
			at -= at % 10;
		else if (is_kernel(at))
			at++;
		stack[i] = at;
	}
	return depth;
}

static void make_samples(uint32_t count, uint32_t frames)
{
	uint32_t comms[COMMS], stack[DEEPEST];
	char name[16];

	for (uint32_t i = 0; i < COMMS; i++) {
		snprintf(name, sizeof(name), "worker-%u", i);
		comms[i] = text(name);
	}
	while (profile.samples.count < count) {
		struct profile_sample key = {.process = pick(PROCESSES), .comm = comms[pick(COMMS)]};

		if (!profile.stacks.count || pick(10) < STACKS_OF_TEN)
			must(profile_stack(&profile, stack, make_stack(stack, frames), &key.stack));
		else
			key.stack = profile.stacks.count - 1 - pick(profile.stacks.count < 1000 ? profile.stacks.count : 1000);
		must(profile_add(&profile, &key, 1 + pick(3)));
	}
}

/* A stream that keeps nothing, as a socket or a file is none of the encoder's memory. */
static ssize_t swallow(void *cookie, const char *data, size_t len)
{
	(void)data;
	*(size_t *)cookie += len;
	return (ssize_t)len;
}

static FILE *open_counter(size_t *bytes)
{
	FILE *stream = fopencookie(bytes, "w", (cookie_io_functions_t){.write = swallow});

	if (!stream)
		must(-ENOMEM);
	setvbuf(stream, NULL, _IONBF, 0);
	return stream;
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* VmRSS, VmHWM in bytes. */
static uint64_t status(const char *field)
{
	FILE *stream = fopen("/proc/self/status", "r");
	char line[256];
	uint64_t kib = 0;

	while (stream && fgets(line, sizeof(line), stream))
		if (!strncmp(line, field, strlen(field)))
			kib = strtoull(line + strlen(field) + 1, NULL, 10);
	if (stream)
		fclose(stream);
	return kib * 1024;
}

/* proc(5): 5 makes VmHWM what VmRSS is. */
static void forget_peak(void)
{
	FILE *stream = fopen("/proc/self/clear_refs", "w");

	if (!stream || fputs("5", stream) < 0)
		must(-errno);
	fclose(stream);
}

static void encode(const struct exporter *exporter, FILE *stream)
{
	const struct export_view view = {.profile = &profile};

	must(exporter->write(&view, stream));
	if (ferror(stream) | fclose(stream))
		must(-EIO);
}

static void measure(const struct exporter *exporter)
{
	uint64_t before, peak = 0;
	size_t bytes = 0;
	double best = 0;

	for (int i = 0; i < TIMES; i++) {
		double from;

		bytes = 0;
		before = status("VmRSS:");
		forget_peak();
		from = cpu_seconds();
		encode(exporter, open_counter(&bytes));
		if (!i || cpu_seconds() - from < best)
			best = cpu_seconds() - from;
		if (!i)
			peak = status("VmHWM:") - before;
	}
	printf("bytes %zu\nstacks %" PRIu32 "\nseconds %.6f\npeak_bytes %" PRIu64 "\n", bytes, profile.stacks.count, best,
		peak);
}

int main(int argc, char **argv)
{
	const struct exporter *exporter = argc > 3 ? exporter_by_name(argv[1]) : NULL;
	uint32_t frames = exporter ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;

	if (!frames)
		return 2;
	must(profile_set_value(&profile, "samples", "count", "cpu", "nanoseconds", 10101010));
	make_frames(frames);
	make_processes();
	make_samples((uint32_t)strtoul(argv[3], NULL, 10), frames);
	measure(exporter);
	if (argc > 4) {
		FILE *stream = fopen(argv[4], "w");

		if (!stream)
			must(-errno);
		encode(exporter, stream);
	}
	profile_release(&profile);
	return 0;
}
