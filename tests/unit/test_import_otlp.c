// SPDX-License-Identifier: GPL-2.0-or-later
/* A profile that the encoder wrote comes back as it was. (That the encoder is right, others' decoders check.) */
#include "made_import.h"

#include "export/otlp.h"
#include "profile/figures.h"

enum made { KERNEL, INLINED, JIT, NAMELESS, PLAIN, FRAMES };

#define UNUSED 2 /* frames: the location table's entry 0, and where a stack was cut */

static uint32_t text(struct profile *profile, const char *string)
{
	uint32_t id;

	assert_int_equal(intern_text(&profile->text, string, &id), 0);
	return id;
}

static uint32_t mapping(struct profile *profile, const char *file, uint64_t start, uint64_t limit)
{
	struct profile_mapping made = {.start = start, .limit = limit, .offset = limit ? 0x400 : 0};
	uint32_t id;

	made.file = text(profile, file);
	made.gnu_build_id = text(profile, limit ? "0123abcd" : "");
	made.go_build_id = text(profile, limit ? "go/build/id" : "");
	made.htlhash = text(profile, limit ? "ffff" : "");
	assert_int_equal(profile_mapping(profile, &made, &id), 0);
	return id;
}

static uint32_t process(struct profile *profile, const char *service)
{
	struct profile_attribute attributes[] = {
		{text(profile, "container.id"), text(profile, "c0ffee")},
		{text(profile, "host.name"), text(profile, "web1")},
		{text(profile, "process.executable.name"), text(profile, "x")},
		{text(profile, "process.executable.path"), text(profile, "/usr/bin/x")},
		{text(profile, "service.name"), text(profile, service)},
	};
	struct profile_process key = {.pid = profile->processes.count + 1};
	uint32_t id, resource;

	assert_int_equal(profile_process(profile, &key, &id), 0);
	assert_int_equal(intern_add(&profile->resources, attributes, sizeof(attributes), &resource), 0);
	profile->who[id].resource = resource + 1;
	return id;
}

static void name_frames(struct profile *profile, const uint32_t *f)
{
	assert_int_equal(profile_begin_names(profile), 0);
	made_line(profile, f[KERNEL], "vfs_read", NULL, 0);
	made_line(profile, f[INLINED], "inner", "/src/a.h", 7);
	made_line(profile, f[INLINED], "outer", "/src/a.c", 12);
	made_line(profile, f[JIT], "compiled", NULL, 0);
	made_named(profile, f[NAMELESS], "[x+0x1678]", false);
	made_line(profile, f[PLAIN], "main", "/src/a.c", 3);
	profile->lines[profile->names[f[INLINED]].first + 1].first_line = 10;
	profile->names[f[KERNEL]].mapping = mapping(profile, MAPPING_KERNEL, 0, 0);
	profile->names[f[KERNEL]].type = FRAME_TYPE_KERNEL;
	profile->names[f[JIT]].mapping = mapping(profile, MAPPING_JIT, 0, 0);
	for (int i = 0; i < FRAMES; i++) {
		if (i == KERNEL || i == JIT)
			continue;
		profile->names[f[i]].mapping = mapping(profile, "/usr/bin/x", 0x1000, 0x9000);
		profile->names[f[i]].address = 0x1500 + (uint64_t)i;
		profile->names[f[i]].type = FRAME_TYPE_NATIVE;
	}
}

static void make_profile(struct profile *profile)
{
	static const uint32_t kinds[FRAMES] = {FRAME_KERNEL, FRAME_FILE, FRAME_ANON, FRAME_FILE, FRAME_FILE};
	uint32_t f[FRAMES], shop = process(profile, "shop"), till = process(profile, "till");

	for (int i = 0; i < FRAMES; i++)
		f[i] = made_frame(profile, kinds[i]);
	made_sample(profile, "web", (uint32_t[]){f[PLAIN], f[INLINED], f[KERNEL]}, 3,
		(struct profile_sample){.process = shop}, 5);
	made_sample(profile, "web", (uint32_t[]){f[PLAIN], f[JIT]}, 2,
		(struct profile_sample){.process = till, .flags = SAMPLE_UNVERIFIED}, 3);
	made_sample(profile, "web", (uint32_t[]){f[NAMELESS], f[INLINED]}, 2,
		(struct profile_sample){.process = till, .cut = COUNTER_corrupt}, 2);
	made_sample(profile, "db", NULL, 0, (struct profile_sample){.process = shop}, 1);
	name_frames(profile, f);
	profile->start_unix_ns = 1795428901000000000;
	profile->duration_ns = 10000000000;
	assert_int_equal(profile_set_value(profile, "samples", "count", "cpu", "nanoseconds", 10101010), 0);
}

static void make_trust(struct trust *trust)
{
	figures_forget(trust);
	trust->taken = 11;
	trust->expected = 13;
	trust->counter[COUNTER_not_run] = 2;
	trust->counter[COUNTER_corrupt] = 2;
	trust->complete = 6;
	trust->unverified = 3;
	trust->cpu_seconds = 0.0625;
	trust->event = "cycles";
	trust->frequency_hz = 99;
}

static void encode(struct wire *wire)
{
	struct profile profile = {0};
	struct trust trust = {0};
	const struct export_view view = {.profile = &profile, .trust = &trust};

	make_profile(&profile);
	make_trust(&trust);
	assert_int_equal(otlp_encode(&view, (struct otlp_samples){0}, wire), 0);
	profile_release(&profile);
}

static void stacks_come_back(void **state)
{
	struct wire wire = {0};

	(void)state;
	encode(&wire);
	made_expect(wire.data, wire.len, NULL,
		"db 1\n"
		"web;[truncated: corrupt];[x+0x1678];outer;inner 2\n"
		"web;main;compiled 3\n"
		"web;main;outer;inner;vfs_read_[k] 5\n");
	wire_release(&wire);
}

/* prctl(PR_SET_NAME, ""): folded lines call it [unknown], and so they do once it was OTLP. */
static void a_thread_without_a_name_stays_one(void **state)
{
	struct profile profile = {0};
	const struct export_view view = {.profile = &profile};
	struct wire wire = {0};

	(void)state;
	make_profile(&profile);
	made_sample(&profile, "", NULL, 0, (struct profile_sample){0}, 4);
	assert_int_equal(otlp_encode(&view, (struct otlp_samples){0}, &wire), 0);
	made_expect(wire.data, wire.len, NULL,
		"[unknown] 4\n"
		"db 1\n"
		"web;[truncated: corrupt];[x+0x1678];outer;inner 2\n"
		"web;main;compiled 3\n"
		"web;main;outer;inner;vfs_read_[k] 5\n");
	wire_release(&wire);
	profile_release(&profile);
}

static const char *text_of(const struct profile *profile, uint32_t id)
{
	return profile_text(profile, id);
}

/* The frame whose innermost function it is. */
static uint32_t frame_of(const struct profile *profile, const char *function)
{
	const struct profile_line *lines;
	uint32_t count;

	for (uint32_t i = 0; i < profile->frames.count; i++) {
		lines = profile_get_lines(profile, i, &count);
		if (!strcmp(text_of(profile, lines[0].function), function))
			return i;
	}
	fail_msg("no frame %s", function);
	return 0;
}

static void check_frames(const struct profile *profile)
{
	uint32_t id = frame_of(profile, "inner"), count;
	const struct profile_line *lines = profile_get_lines(profile, id, &count);
	const struct profile_mapping *map = profile_get_mapping(profile, profile->names[id].mapping);

	assert_int_equal(profile->frames.count, FRAMES + UNUSED);
	assert_int_equal(profile->names[id].address, 0x1500 + INLINED);
	assert_int_equal(profile->names[id].type, FRAME_TYPE_NATIVE);
	assert_int_equal(count, 2);
	assert_int_equal(lines[0].line, 7);
	assert_int_equal(lines[1].line, 12);
	assert_int_equal(lines[1].first_line, 10);
	assert_string_equal(text_of(profile, lines[1].file), "/src/a.c");
	assert_int_equal(map->start, 0x1000);
	assert_int_equal(map->limit, 0x9000);
	assert_int_equal(map->offset, 0x400);
	assert_string_equal(text_of(profile, map->file), "/usr/bin/x");
	assert_string_equal(text_of(profile, map->gnu_build_id), "0123abcd");
	assert_string_equal(text_of(profile, map->go_build_id), "go/build/id");
	assert_string_equal(text_of(profile, map->htlhash), "ffff");
	id = frame_of(profile, "compiled");
	assert_int_equal(profile_get_frame(profile, id)->kind, FRAME_ANON);
	id = frame_of(profile, "[x+0x1678]");
	assert_false(profile->names[id].named);
	assert_int_equal(profile_get_frame(profile, id)->kind, FRAME_FILE);
	id = frame_of(profile, "vfs_read");
	assert_true(profile->names[id].named);
	assert_int_equal(profile_get_frame(profile, id)->kind, FRAME_KERNEL);
	assert_int_equal(profile->names[id].address, 0);
}

static void check_samples(const struct profile *profile)
{
	uint64_t unverified = 0, cut = 0, of_shop = 0;

	for (uint32_t i = 0; i < profile->samples.count; i++) {
		const struct profile_sample *sample = profile_get_sample(profile, i);
		const struct profile_who *who = &profile->who[sample->process];
		const struct profile_attribute *attributes;
		uint32_t count;

		attributes = profile_get_resource(profile, sample->process, &count);
		assert_int_equal(count, 5);
		assert_string_equal(text_of(profile, attributes[0].key), "container.id");
		assert_string_equal(text_of(profile, who->container), "c0ffee");
		assert_string_equal(text_of(profile, who->exe), "/usr/bin/x");
		unverified += sample->flags & SAMPLE_UNVERIFIED ? profile->counts[i] : 0;
		cut += sample->cut == COUNTER_corrupt ? profile->counts[i] : 0;
		of_shop += !strcmp(text_of(profile, attributes[4].value), "shop") ? profile->counts[i] : 0;
	}
	assert_int_equal(unverified, 3);
	assert_int_equal(cut, 2);
	assert_int_equal(of_shop, 6);
}

static void all_of_it_comes_back(void **state)
{
	struct import import = {0};
	struct fault fault;
	struct wire wire = {0};

	(void)state;
	encode(&wire);
	assert_int_equal(made_read(&import, wire.data, wire.len, NULL, &fault), 0);
	assert_int_equal(import_finish(&import), 0);
	check_frames(&import.profile);
	check_samples(&import.profile);
	assert_int_equal(import.profile.start_unix_ns, 1795428901000000000);
	assert_int_equal(import.profile.duration_ns, 10000000000);
	assert_int_equal(import.profile.value.period, 10101010);
	assert_string_equal(text_of(&import.profile, import.profile.value.period_type), "cpu");
	assert_int_equal(import.trust.expected, 13);
	assert_int_equal(import.trust.complete, 6);
	assert_int_equal(import.trust.unverified, 3);
	assert_int_equal(import.trust.complete_and_named, 6);
	assert_int_equal(import.trust.frequency_hz, 99);
	assert_string_equal(import.trust.event, "cycles");
	assert_string_equal(import.trust.host, "web1");
	assert_int_equal(import.trust.start_unix_ns, 1795428901000000000);
	assert_true(import.trust.cpu_seconds == 0.0625);
	import_release(&import);
	wire_release(&wire);
}

static void a_fixed_period_comes_back(void **state)
{
	struct import import = {0};
	struct profile profile = {0};
	struct trust trust;
	const struct export_view view = {.profile = &profile, .trust = &trust};
	struct fault fault;
	struct wire wire = {0};

	(void)state;
	make_profile(&profile);
	make_trust(&trust);
	assert_int_equal(profile_set_value(&profile, "samples", "count", "page_faults", "count", 100), 0);
	trust.event = "page-faults";
	trust.frequency_hz = TRUST_NULL;
	assert_int_equal(otlp_encode(&view, (struct otlp_samples){0}, &wire), 0);
	assert_int_equal(made_read(&import, wire.data, wire.len, NULL, &fault), 0);
	assert_int_equal(import_finish(&import), 0);
	assert_int_equal(import.trust.period, 100);
	assert_true(import.trust.frequency_hz == TRUST_NULL);
	import_release(&import);
	wire_release(&wire);
	profile_release(&profile);
}

/* Read twice it is one profile of twice as much. */
static void files_merge(void **state)
{
	struct import import = {0};
	struct fault fault;
	struct wire wire = {0};

	(void)state;
	encode(&wire);
	for (int i = 0; i < 2; i++)
		assert_int_equal(made_read(&import, wire.data, wire.len, NULL, &fault), 0);
	assert_int_equal(import_finish(&import), 0);
	assert_int_equal(import.profile.samples.count, 4);
	assert_int_equal(import.profile.processes.count, 2);
	assert_int_equal(import.profile.frames.count, FRAMES + UNUSED);
	assert_int_equal(profile_total(&import.profile), 22);
	assert_int_equal(import.trust.expected, 26);
	assert_int_equal(import.profile.value.period, 10101010);
	import_release(&import);
	wire_release(&wire);
}

static void no_end_is_read_past(void **state)
{
	struct wire wire = {0};
	unsigned refused = 0;

	(void)state;
	encode(&wire);
	for (size_t len = 0; len < wire.len; len++) {
		uint8_t *exact = malloc(len + 1); /* a read past the end is seen by a sanitizer */
		struct import import = {0};
		struct fault fault = {0};

		memcpy(exact, wire.data, len);
		refused += made_read(&import, exact, len, NULL, &fault) != 0;
		import_release(&import);
		free(exact);
	}
	assert_true(refused + 3 > wire.len); /* nothing, and between the two halves */
	wire_release(&wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_come_back),
		cmocka_unit_test(a_thread_without_a_name_stays_one),
		cmocka_unit_test(all_of_it_comes_back),
		cmocka_unit_test(a_fixed_period_comes_back),
		cmocka_unit_test(files_merge),
		cmocka_unit_test(no_end_is_read_past),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
