// SPDX-License-Identifier: GPL-2.0-or-later
#include "made_import.h"

#include "import/pprof_tables.h"
#include "profile/figures.h"

enum text {
	NONE, SAMPLES, COUNT, CPU, NANOSECONDS, MAIN, WORK, FILE_C, PROGRAM, BUILD_ID, KERNEL, VFS_READ, CUT, COMM, WEB,
	UNVERIFIED, TRUE, SERVICE, SHOP, TAKEN, PERIODS,
};

static const char *const texts[] = {"", "samples", "count", "cpu", "nanoseconds", "main", "work", "/src/a.c",
	"/usr/bin/x", "0123abcd", "[kernel.kallsyms]_stext", "vfs_read", "[truncated: corrupt]", "comm", "web",
	"unverified", "true", "service.name", "shop", "profound.samples.taken=6", "profound.samples.expected=7"};

static void put_strings(struct wire *wire)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		size_t begun = wire_begin(wire, PPROF_STRING_TABLE);

		assert_true(wire_reserve(wire, strlen(texts[i])));
		memcpy(wire->data + wire->len, texts[i], strlen(texts[i]));
		wire->len += strlen(texts[i]);
		wire_end(wire, begun);
	}
}

static void put_types(struct wire *wire)
{
	made_numbers(wire, PPROF_SAMPLE_TYPE, NUMBERS(1, SAMPLES, 2, COUNT));
	made_numbers(wire, PPROF_SAMPLE_TYPE, NUMBERS(1, CPU, 2, NANOSECONDS));
}

/* Of one line; no line: function 0. */
static void put_location(struct wire *wire, uint64_t id, uint64_t mapping, uint64_t address, uint64_t function)
{
	size_t begun = wire_begin(wire, PPROF_LOCATION);

	wire_uint(wire, 1, id);
	wire_uint(wire, 2, mapping);
	wire_uint(wire, 3, address);
	if (function)
		made_numbers(wire, 4, NUMBERS(1, function, 2, 10));
	wire_end(wire, begun);
}

/* Locations 1 work+main inlined, 40 vfs_read, 3 where it was cut, 4 without a name. */
static void put_tables(struct wire *wire)
{
	size_t begun;

	made_numbers(wire, PPROF_MAPPING, NUMBERS(1, 5, 2, 0x1000, 3, 0x9000, 4, 0x200, 5, PROGRAM, 6, BUILD_ID));
	made_numbers(wire, PPROF_MAPPING, NUMBERS(1, 2, 2, 0xffffffff81000000, 3, 0xffffffffa0000000, 5, KERNEL));
	made_numbers(wire, PPROF_FUNCTION, NUMBERS(1, 9, 3, MAIN, 4, FILE_C, 5, 3));
	made_numbers(wire, PPROF_FUNCTION, NUMBERS(1, 1, 2, WORK));
	made_numbers(wire, PPROF_FUNCTION, NUMBERS(1, 2, 2, VFS_READ));
	made_numbers(wire, PPROF_FUNCTION, NUMBERS(1, 3, 2, CUT));
	begun = wire_begin(wire, PPROF_LOCATION);
	wire_uint(wire, 1, 1);
	wire_uint(wire, 2, 5);
	wire_uint(wire, 3, 0x1234);
	made_numbers(wire, 4, NUMBERS(1, 1, 2, 10));
	made_numbers(wire, 4, NUMBERS(1, 9, 2, 20));
	wire_end(wire, begun);
	put_location(wire, 40, 2, 0xffffffff81001234, 2);
	put_location(wire, 3, 0, 0, 3);
	put_location(wire, 4, 5, 0x1678, 0);
}

static void put_packed(struct wire *wire, unsigned number, const uint64_t *values, unsigned count)
{
	size_t begun = wire_begin(wire, number);

	for (unsigned i = 0; i < count; i++)
		wire_varint(wire, values[i]);
	wire_end(wire, begun);
}

static void put_label(struct wire *wire, uint64_t key, uint64_t value)
{
	made_numbers(wire, 3, NUMBERS(1, key, 2, value));
}

static void put_sample(struct wire *wire, const uint64_t *locations, unsigned count, uint64_t value, bool labels)
{
	size_t begun = wire_begin(wire, PPROF_SAMPLE);

	if (labels) {
		put_packed(wire, 1, locations, count);
		put_packed(wire, 2, (const uint64_t[]){value, value * 100}, 2);
		put_label(wire, COMM, WEB);
		put_label(wire, UNVERIFIED, TRUE);
		put_label(wire, SERVICE, SHOP);
	} else { /* not packed */
		for (unsigned i = 0; i < count; i++)
			wire_uint(wire, 1, locations[i]);
		wire_uint(wire, 2, value);
		wire_uint(wire, 2, value * 100);
	}
	wire_end(wire, begun);
}

static void put_whole(struct wire *wire)
{
	put_types(wire);
	put_sample(wire, (const uint64_t[]){40, 1}, 2, 1, true);
	put_sample(wire, (const uint64_t[]){1, 4, 3}, 3, 2, false);
	put_sample(wire, (const uint64_t[]){1}, 1, 3, false);
	put_tables(wire);
	put_strings(wire);
	wire_uint(wire, PPROF_TIME_NANOS, 1000);
	wire_uint(wire, PPROF_DURATION_NANOS, 500);
	made_numbers(wire, PPROF_PERIOD_TYPE, NUMBERS(1, CPU, 2, NANOSECONDS));
	wire_uint(wire, PPROF_PERIOD, 100);
	put_packed(wire, PPROF_COMMENT, (const uint64_t[]){TAKEN, PERIODS}, 2);
}

static void a_file_is_read(void **state)
{
	struct wire wire = {0};

	(void)state;
	put_whole(&wire);
	made_expect(wire.data, wire.len, "samples",
		"web;main;work;vfs_read_[k] 1\n"
		"x;[truncated: corrupt];[x+0x878];main;work 2\n"
		"x;main;work 3\n");
	/* The last, unless the file says another. */
	made_expect(wire.data, wire.len, NULL,
		"web;main;work;vfs_read_[k] 100\n"
		"x;[truncated: corrupt];[x+0x878];main;work 200\n"
		"x;main;work 300\n");
	wire_uint(&wire, PPROF_DEFAULT_SAMPLE_TYPE, SAMPLES);
	made_expect(wire.data, wire.len, NULL,
		"web;main;work;vfs_read_[k] 1\n"
		"x;[truncated: corrupt];[x+0x878];main;work 2\n"
		"x;main;work 3\n");
	made_refuse(wire.data, wire.len, "heap", -ENODATA, "counts no heap; it has: samples/count, cpu/nanoseconds");
	wire_release(&wire);
}

static const char *text_of(const struct profile *profile, uint32_t id)
{
	return profile_text(profile, id);
}

static void what_it_says_is_kept(void **state)
{
	struct import import = {0};
	const struct profile *profile = &import.profile;
	const struct profile_sample *sample;
	const struct profile_mapping *mapping;
	const struct profile_line *lines;
	const struct profile_attribute *attributes;
	const uint32_t *frames;
	struct wire wire = {0};
	struct fault fault;
	uint32_t count;

	(void)state;
	put_whole(&wire);
	for (int i = 0; i < 2; i++)
		assert_int_equal(made_read(&import, wire.data, wire.len, "samples/count", &fault), 0);
	assert_int_equal(import_finish(&import), 0);
	assert_int_equal(profile->samples.count, 3);
	assert_int_equal(profile_total(profile), 12);
	assert_string_equal(text_of(profile, profile->value.type), "samples");
	assert_string_equal(text_of(profile, profile->value.period_unit), "nanoseconds");
	assert_int_equal(profile->value.period, 100);
	assert_int_equal(profile->start_unix_ns, 1000);
	assert_int_equal(profile->duration_ns, 1000);
	assert_int_equal(import.trust.expected, 14);
	assert_int_equal(import.trust.taken, 12);
	assert_int_equal(import.trust.complete, TRUST_NULL);

	sample = profile_get_sample(profile, 0);
	assert_int_equal(sample->flags, SAMPLE_UNVERIFIED);
	attributes = profile_get_resource(profile, sample->process, &count);
	assert_int_equal(count, 1);
	assert_string_equal(text_of(profile, attributes[0].value), "shop");
	frames = profile_get_stack(profile, sample->stack, &count);
	assert_int_equal(count, 2);
	assert_int_equal(profile_get_frame(profile, frames[0])->kind, FRAME_KERNEL);
	assert_int_equal(profile->names[frames[0]].address, 0);
	assert_int_equal(profile->names[frames[0]].type, FRAME_TYPE_KERNEL);
	mapping = profile_get_mapping(profile, profile->names[frames[0]].mapping);
	assert_string_equal(text_of(profile, mapping->file), MAPPING_KERNEL);
	assert_int_equal(mapping->limit, 0);

	assert_int_equal(profile->names[frames[1]].address, 0x1234);
	mapping = profile_get_mapping(profile, profile->names[frames[1]].mapping);
	assert_string_equal(text_of(profile, mapping->gnu_build_id), "0123abcd");
	assert_int_equal(mapping->offset, 0x200);
	lines = profile_get_lines(profile, frames[1], &count);
	assert_int_equal(count, 2);
	assert_string_equal(text_of(profile, lines[1].function), "main");
	assert_string_equal(text_of(profile, lines[1].file), "/src/a.c");
	assert_int_equal(lines[1].line, 20);
	assert_int_equal(lines[1].first_line, 3);
	import_release(&import);
	wire_release(&wire);
}

/* A file without its end is refused or, cut between two parts, is a file that says less. */
static void no_end_is_read_past(void **state)
{
	struct wire wire = {0};
	unsigned refused = 0;

	(void)state;
	put_whole(&wire);
	for (size_t len = 0; len < wire.len; len++) {
		uint8_t *exact = malloc(len + 1); /* a read past the end is seen by a sanitizer */
		struct import import = {0};
		struct fault fault = {0};

		memcpy(exact, wire.data, len);
		refused += made_read(&import, exact, len, NULL, &fault) != 0;
		import_release(&import);
		free(exact);
	}
	assert_true(refused > wire.len / 2);
	wire_release(&wire);
}

/* A file with one thing in it that makes no sense. */
static void refuse(void (*put)(struct wire *wire), const char *what)
{
	struct wire wire = {0};

	put_types(&wire);
	put_strings(&wire);
	put(&wire);
	put_tables(&wire);
	assert_false(wire.failed);
	made_refuse(wire.data, wire.len, NULL, -EBADMSG, what);
	wire_release(&wire);
}

static void put_far_location(struct wire *wire)
{
	put_sample(wire, (const uint64_t[]){1, 5}, 2, 1, false);
}

static void put_huge_location(struct wire *wire)
{
	put_sample(wire, (const uint64_t[]){UINT64_MAX}, 1, 1, true);
}

static void put_few_values(struct wire *wire)
{
	made_numbers(wire, PPROF_SAMPLE, NUMBERS(1, 1, 2, 1));
}

static void put_many_values(struct wire *wire)
{
	made_numbers(wire, PPROF_SAMPLE, NUMBERS(1, 1, 2, 1, 2, 1, 2, 1));
}

static void put_negative(struct wire *wire)
{
	put_sample(wire, (const uint64_t[]){1}, 1, (uint64_t)-1, false);
}

static void put_too_much(struct wire *wire)
{
	for (int i = 0; i < 2; i++)
		made_numbers(wire, PPROF_SAMPLE, NUMBERS(1, 1, 2, 1, 2, INT64_MAX));
}

static void put_far_text(struct wire *wire)
{
	made_numbers(wire, PPROF_FUNCTION, NUMBERS(1, 77, 2, 1000));
}

static void put_far_function(struct wire *wire)
{
	put_location(wire, 77, 0, 0, 1000);
}

static void put_far_mapping(struct wire *wire)
{
	put_location(wire, 77, 1000, 0, 0);
}

static void put_same_location(struct wire *wire)
{
	put_location(wire, 40, 0, 0, 0);
}

static void put_far_comment(struct wire *wire)
{
	put_packed(wire, PPROF_COMMENT, (const uint64_t[]){TAKEN, 1000}, 2);
}

static void put_group(struct wire *wire)
{
	wire_varint(wire, 20 << 3 | 3);
}

static void put_many_types(struct wire *wire)
{
	for (int i = 0; i < 64; i++)
		made_numbers(wire, PPROF_SAMPLE_TYPE, NUMBERS(1, CPU, 2, COUNT));
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	refuse(put_far_location, "a location that is not there");
	refuse(put_huge_location, "a location that is not there");
	refuse(put_few_values, "more or fewer values than there are types");
	refuse(put_many_values, "more or fewer values than there are types");
	refuse(put_negative, "a value below 0");
	refuse(put_too_much, "add up to more than 2^63 - 1");
	refuse(put_far_text, "an index past the end of the string table");
	refuse(put_far_function, "a function that is not there");
	refuse(put_far_mapping, "a mapping that is not there");
	refuse(put_same_location, "two locations have the id 40");
	refuse(put_far_comment, "an index past the end of the string table");
	refuse(put_group, "cut off, or no protobuf");
	refuse(put_many_types, "more than 64 sample types");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read),
		cmocka_unit_test(what_it_says_is_kept),
		cmocka_unit_test(no_end_is_read_past),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
