// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * make_otlp SEED OTLP FOLDED [PART N]: writes a random profile, the same for the same seed, as OTLP and as folded lines,
 * without BPF or root. With PART it is encoded in parts of N samples each, too: PART.0, PART.1, ...
 *
 * It is full of what makes equal entries: names that are equal once hostile bytes are out of them, files that were seen
 * twice, functions at several addresses, stacks and samples that differ in nothing that is written.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/exporter.h"
#include "export/otlp.h"
#include "making.h"

static const char *const functions[] = {"main", "work", "naïve", "a;b", "tab\there", "tab here", "line\nend", "\xff",
	"\xfe", "\xef\xbf\xbd", "[truncated: corrupt]", "[unknown]", "thread.name", "kernel", "samples",
	"std::vector<int, std::allocator<int> >::push_back(int const&)", "", "native", "profound.unverified"};
static const char *const files[] = {"", "/src/a.c", "/src/\xc3\x28", "/src/\xef\xbf\xbd(", "main", "/usr/bin/x"};
static const char *const comms[] = {"web", "", "we\x01", "we ", "thread.name", "kworker/0:1", "db;1"};
static const char *const ids[] = {"", "0123abcd", "ffff", "web"};

#define ONE_OF(list) list[pick(sizeof(list) / sizeof(*list))]

static uint32_t make_mapping(void)
{
	struct profile_mapping mapping = {
		.start = pick(3) * 0x1000, .limit = pick(3) * 0x1000, .offset = pick(2) * 0x200, .file = text(ONE_OF(files)),
		.gnu_build_id = text(ONE_OF(ids)), .go_build_id = text(ONE_OF(ids)), .htlhash = text(ONE_OF(ids))};
	uint32_t id;

	must(profile_mapping(&profile, &mapping, &id));
	return id;
}

/* Frames whose number differs in the lowest bit may become equal; the first two have nothing at all, the third one is
 * like the end of a stack that was cut. */
enum { NOTHING, NOTHING_TWIN, LIKE_CUT, FREE };

static void copy_twin(uint32_t id)
{
	const struct frame_names twin = profile.names[id - 1];

	for (uint32_t i = 0; i < twin.count; i++) {
		const struct profile_line line = profile.lines[twin.first + i];
		char *function = strdup(profile_text(&profile, line.function)), *file = strdup(profile_text(&profile, line.file));

		must(profile_name(&profile, id,
			&(struct profile_name){function, file, line.line, line.first_line}));
		free(function);
		free(file);
	}
	profile.names[id].address = twin.address;
	profile.names[id].mapping = twin.mapping;
	profile.names[id].named = twin.named;
	profile.names[id].type = twin.type;
}

static void name_frame(uint32_t id)
{
	struct frame_names *names = &profile.names[id];
	uint32_t kind = profile_get_frame(&profile, id)->kind;

	for (uint32_t n = pick(8) ? 1 + pick(2) : 0; n; n--) {
		struct profile_name name = {
			.function = ONE_OF(functions), .file = ONE_OF(files), .line = pick(3), .first_line = pick(2)};

		must(profile_name(&profile, id, &name));
	}
	names->address = kind == FRAME_KERNEL ? 0 : pick(4);
	names->mapping = profile.mappings.count ? pick(profile.mappings.count + 1) : 0;
	names->named = true;
	names->type = kind == FRAME_KERNEL ? FRAME_TYPE_KERNEL : pick(4) ? FRAME_TYPE_NATIVE : FRAME_TYPE_UNKNOWN;
}

static void make_frames(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct frame frame = {.kind = i < FREE ? FRAME_UNKNOWN : FRAME_KERNEL + pick(4), .address = 0x1000 + i};
		uint32_t id;

		must(profile_frame(&profile, &frame, &id));
	}
	for (uint32_t n = pick(6); n; n--)
		make_mapping();
	must(profile_begin_names(&profile));
	for (uint32_t i = LIKE_CUT; i < count; i++) {
		if (i == LIKE_CUT)
			must(profile_name(&profile, i, &(struct profile_name){.function = "[truncated: corrupt]"}));
		else if (i % 2 && i > FREE && pick(2) &&
			 profile_get_frame(&profile, i)->kind == profile_get_frame(&profile, i - 1)->kind)
			copy_twin(i);
		else
			name_frame(i);
	}
}

/* Few that are different, and some processes without any. */
static void make_processes(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct profile_process process = {.pid = i + 1};
		struct profile_attribute attributes[] = {{text("process.pid"), text(pick(2) ? "17" : "x")},
			{text("service.name"), text(ONE_OF(comms))}};
		uint32_t id, resource;

		must(profile_process(&profile, &process, &id));
		if (!pick(4))
			continue;
		must(intern_add(&profile.resources, attributes + pick(2), sizeof(*attributes), &resource));
		profile.who[id].resource = resource + 1;
	}
}

static enum abi_counter any_cut(void)
{
	enum abi_counter cut;

	do
		cut = pick(COUNTERS);
	while (counter_specs[cut].class != CLASS_CUT);
	return cut;
}

static uint64_t any_count(void)
{
	return pick(9) ? pick(300) : (uint64_t)pick(1000) << 40;
}

static void make_sample(const uint32_t *stack, uint32_t depth, enum abi_counter cut)
{
	struct profile_sample key = {
		.comm = text(ONE_OF(comms)), .cut = (uint16_t)cut, .flags = pick(4) ? 0 : SAMPLE_UNVERIFIED};

	key.process = pick(profile.processes.count + 1);
	must(profile_stack(&profile, stack, depth, &key.stack));
	must(profile_add(&profile, &key, any_count()));
}

/* The same with other frames, which may have become the same. */
static void make_twin(uint32_t *stack, uint32_t depth, enum abi_counter cut)
{
	for (uint32_t k = 0; k < depth; k++)
		if ((stack[k] ^ 1) < profile.frames.count && pick(2))
			stack[k] ^= 1;
	if (cut && profile.frames.count > LIKE_CUT && pick(2)) {
		stack[depth++] = LIKE_CUT;
		cut = 0;
	}
	make_sample(stack, depth, cut);
}

static void make_samples(uint32_t count)
{
	uint32_t stack[201];

	for (uint32_t i = 0; i < count; i++) {
		enum abi_counter cut = pick(5) ? 0 : any_cut();
		uint32_t depth = profile.frames.count ? pick(pick(9) ? 6 : 200) : 0;

		for (uint32_t k = 0; k < depth; k++)
			stack[k] = pick(profile.frames.count);
		make_sample(stack, depth, cut);
		if (!pick(3))
			make_twin(stack, depth, cut);
	}
}

static void make_profile(void)
{
	static const uint32_t sizes[] = {0, 1, 3, 40, 400};

	if (pick(2))
		text(""); /* the first text of some, not of all */
	if (pick(4))
		must(profile_set_value(&profile, "samples", "count", "cpu", "nanoseconds", 10101010));
	else if (pick(2))
		must(profile_set_value(&profile, "samples", "count", NULL, NULL, 0));
	profile.start_unix_ns = pick(4) ? 1795428901000000000 : 0;
	profile.duration_ns = pick(4) ? 10000000000 : 0;
	make_frames(ONE_OF(sizes));
	make_processes(ONE_OF(sizes));
	make_samples(ONE_OF(sizes));
	/* Ones that nothing refers to. */
	make_mapping();
	text("orphan");
}

static void fill_trust(struct trust *trust)
{
	trust->taken = (int64_t)profile_total(&profile);
	trust->expected = TRUST_NULL;
	trust->counter[COUNTER_not_run] = 2;
	trust->counter[COUNTER_corrupt] = pick(3);
	trust->cpu_seconds = pick(2) ? 0 : TRUST_NULL_SECONDS;
	trust->ready_seconds = 0.25;
	trust->event = pick(2) ? "cpu-clock" : NULL;
	trust->frequency_hz = 99;
	strcpy(trust->kernel, "6.1.0-26-\xff");
}

static void save(const char *path, const void *data, size_t len)
{
	FILE *stream = fopen(path, "w");

	if (!stream)
		must(-errno);
	fwrite(data, 1, len, stream);
	if (ferror(stream) | fclose(stream))
		must(-EIO);
}

static void write_with(const char *format, const struct export_view *view, const char *path)
{
	FILE *stream = fopen(path, "w");

	if (!stream)
		must(-errno);
	must(exporter_by_name(format)->write(view, stream));
	if (ferror(stream) | fclose(stream))
		must(-EIO);
}

/* The samples in an order of no meaning, so many in each part. */
static void write_parts(const struct export_view *view, const char *path, uint32_t size)
{
	uint32_t n = profile.samples.count, *order = calloc(n + 1, sizeof(*order));
	struct wire wire = {0};
	char name[4096];

	if (!order)
		must(-ENOMEM);
	for (uint32_t i = 0; i < n; i++)
		order[i] = n - 1 - i;
	for (uint32_t i = 0, part = 0; i < n; i += size, part++) {
		struct otlp_samples samples = {order + i, n - i < size ? n - i : size};

		wire_clear(&wire);
		must(otlp_encode(view, samples, &wire));
		snprintf(name, sizeof(name), "%s.%u", path, part);
		save(name, wire.data, wire.len);
	}
	wire_release(&wire);
	free(order);
}

int main(int argc, char **argv)
{
	struct trust trust = {0};
	struct export_view view = {.profile = &profile, .trust = &trust};

	if (argc != 4 && argc != 6) {
		fputs("usage: make_otlp SEED OTLP FOLDED [PART N]\n", stderr);
		return 2;
	}
	random_state = 88172645463325252u + strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15u;
	make_profile();
	profile_make_recording(&profile);
	fill_trust(&trust);
	if (!pick(4))
		view.trust = NULL;
	write_with("otlp", &view, argv[2]);
	write_with("folded", &view, argv[3]);
	if (argc == 6)
		write_parts(&view, argv[4], (uint32_t)strtoul(argv[5], NULL, 10));
	profile_release(&profile);
	return 0;
}
