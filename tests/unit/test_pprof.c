// SPDX-License-Identifier: GPL-2.0-or-later
#include "made_profile.h"

#include <zlib.h>

#include "export/pprof.h"
#include "export/pprof_proto.h"
#include "made_trust.h"

/* What a file says. Decoded here and not by our reader, so
 * that one error cannot hide another. */
struct decoded {
	uint8_t *data;
	size_t len;
	const uint8_t *strings[256];
	size_t string_len[256];
	unsigned n_strings;
};

struct field {
	unsigned number;
	uint64_t value; /* of a varint; else the length of `data` */
	const uint8_t *data;
};

static uint64_t varint(const uint8_t **at, const uint8_t *end)
{
	uint64_t value = 0;

	for (unsigned shift = 0;; shift += 7) {
		assert_true(*at < end && shift < 64);
		value |= (uint64_t)(**at & 0x7f) << shift;
		if (!(*(*at)++ & 0x80))
			return value;
	}
}

static bool next(const uint8_t **at, const uint8_t *end, struct field *field)
{
	uint64_t tag;

	if (*at == end)
		return false;
	tag = varint(at, end);
	*field = (struct field){.number = (unsigned)(tag >> 3), .value = varint(at, end)};
	assert_true((tag & 7) == 0 || (tag & 7) == 2);
	if ((tag & 7) == 2) {
		assert_true(field->value <= (size_t)(end - *at));
		field->data = *at;
		*at += field->value;
	}
	return true;
}

static struct decoded decode(const struct profile *profile, const struct trust *trust)
{
	const struct export_view view = {.profile = profile, .trust = trust};
	struct decoded decoded = {.data = malloc(1 << 20)};
	z_stream zlib = {0};
	char *packed = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&packed, &len);
	const uint8_t *at;
	struct field field;

	assert_non_null(stream);
	assert_int_equal(pprof_write(&view, stream), 0);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(inflateInit2(&zlib, MAX_WBITS + 16), Z_OK);
	zlib.next_in = (uint8_t *)packed;
	zlib.avail_in = (unsigned)len;
	zlib.next_out = decoded.data;
	zlib.avail_out = 1 << 20;
	assert_int_equal(inflate(&zlib, Z_FINISH), Z_STREAM_END);
	assert_int_equal(zlib.avail_in, 0);
	decoded.len = zlib.total_out;
	inflateEnd(&zlib);
	free(packed);
	at = decoded.data;
	while (next(&at, decoded.data + decoded.len, &field)) {
		if (field.number != PPROF_STRING_TABLE)
			continue;
		assert_true(decoded.n_strings < 256);
		decoded.strings[decoded.n_strings] = field.data;
		decoded.string_len[decoded.n_strings++] = field.value;
	}
	assert_true(decoded.n_strings > 0);
	assert_int_equal(decoded.string_len[0], 0);
	return decoded;
}

static void release(struct decoded *decoded, struct profile *profile)
{
	free(decoded->data);
	profile_release(profile);
}

/* The nth field of that number in a message; false: there are not so many. */
static bool find(const uint8_t *data, size_t len, unsigned number, unsigned nth, struct field *found)
{
	const uint8_t *at = data;

	while (next(&at, data + len, found))
		if (found->number == number && !nth--)
			return true;
	return false;
}

static uint64_t number_in(const struct field *message, unsigned number)
{
	struct field field;

	return find(message->data, message->value, number, 0, &field) ? field.value : 0;
}

static void put_string(const struct decoded *decoded, uint64_t string, FILE *out)
{
	assert_true(string < decoded->n_strings);
	fwrite(decoded->strings[string], 1, decoded->string_len[string], out);
}

/* The message of that kind which has the id. */
static struct field by_id(const struct decoded *decoded, unsigned kind, uint64_t id)
{
	struct field message;

	for (unsigned i = 0; find(decoded->data, decoded->len, kind, i, &message); i++)
		if (number_in(&message, 1) == id)
			return message;
	fail_msg("no message of kind %u has id %u", kind, (unsigned)id);
	return message;
}

static void put_location(const struct decoded *decoded, uint64_t id, FILE *out)
{
	struct field location = by_id(decoded, PPROF_LOCATION, id), line;
	uint64_t mapping = number_in(&location, PPROF_LOCATION_MAPPING_ID);

	for (unsigned i = 0; find(location.data, location.value, PPROF_LOCATION_LINE, i, &line); i++) {
		struct field function = by_id(decoded, PPROF_FUNCTION, number_in(&line, PPROF_LINE_FUNCTION_ID));

		put_string(decoded, number_in(&function, PPROF_FUNCTION_NAME), out);
		assert_int_equal(number_in(&function, 3), 0); /* system_name */
		if (number_in(&function, PPROF_FUNCTION_FILENAME)) {
			fputc('@', out);
			put_string(decoded, number_in(&function, PPROF_FUNCTION_FILENAME), out);
		}
		if (number_in(&line, PPROF_LINE_LINE))
			fprintf(out, ":%u", (unsigned)number_in(&line, PPROF_LINE_LINE));
		fputc(' ', out);
	}
	if (number_in(&location, PPROF_LOCATION_ADDRESS))
		fprintf(out, "%#x ", (unsigned)number_in(&location, PPROF_LOCATION_ADDRESS));
	if (mapping) {
		struct field found = by_id(decoded, PPROF_MAPPING, mapping);

		put_string(decoded, number_in(&found, PPROF_MAPPING_FILE), out);
	}
	fputc('|', out);
}

/* "LOCATION|LOCATION|= VALUE VALUE KEY=LABEL ...\n" of each sample. */
static char *samples_of(const struct decoded *decoded)
{
	struct field sample, packed, label;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	for (unsigned i = 0; find(decoded->data, decoded->len, PPROF_SAMPLE, i, &sample); i++) {
		const uint8_t *at;

		if (find(sample.data, sample.value, PPROF_SAMPLE_LOCATION_ID, 0, &packed))
			for (at = packed.data; at < packed.data + packed.value;)
				put_location(decoded, varint(&at, packed.data + packed.value), out);
		fputc('=', out);
		assert_true(find(sample.data, sample.value, PPROF_SAMPLE_VALUE, 0, &packed));
		for (at = packed.data; at < packed.data + packed.value;)
			fprintf(out, " %lu", (unsigned long)varint(&at, packed.data + packed.value));
		for (unsigned k = 0; find(sample.data, sample.value, PPROF_SAMPLE_LABEL, k, &label); k++) {
			fputc(' ', out);
			put_string(decoded, number_in(&label, PPROF_LABEL_KEY), out);
			fputc('=', out);
			put_string(decoded, number_in(&label, PPROF_LABEL_STR), out);
		}
		fputc('\n', out);
	}
	fclose(out);
	return text;
}

static void expect_samples(const struct decoded *decoded, const char *expected)
{
	char *text = samples_of(decoded);

	assert_string_equal(text, expected);
	free(text);
}

static uint32_t text_id(struct profile *profile, const char *text)
{
	uint32_t id;

	assert_int_equal(intern_text(&profile->text, text, &id), 0);
	return id;
}

static uint32_t make_mapping(struct profile *profile, const char *file, const char *gnu, const char *go, uint64_t start,
	uint64_t limit)
{
	const struct profile_mapping mapping = {.start = start, .limit = limit, .offset = start / 2,
		.file = text_id(profile, file), .gnu_build_id = text_id(profile, gnu), .go_build_id = text_id(profile, go),
		.htlhash = text_id(profile, "")};
	uint32_t id;

	assert_int_equal(profile_mapping(profile, &mapping, &id), 0);
	return id;
}

static void equal_samples_are_one(void **state)
{
	struct profile profile = {0};
	struct decoded decoded;
	uint32_t f[5], kernel, exe;

	(void)state;
	for (int i = 0; i < 5; i++)
		f[i] = made_frame(&profile, i == 2 || i == 3 ? FRAME_KERNEL : FRAME_FILE);
	/* Two processes, and two addresses of one kernel function. */
	made_sample(&profile, "web", (uint32_t[]){f[0], f[1], f[2]}, 3, (struct profile_sample){.process = 1}, 3);
	made_sample(&profile, "web", (uint32_t[]){f[0], f[1], f[3]}, 3, (struct profile_sample){.process = 2}, 4);
	made_sample(&profile, "db", (uint32_t[]){f[0], f[1], f[3]}, 3, (struct profile_sample){0}, 1);
	made_sample(&profile, "web", &f[4], 1, (struct profile_sample){.flags = SAMPLE_UNVERIFIED}, 5);
	made_sample(&profile, "web", &f[4], 1, (struct profile_sample){.cut = COUNTER_corrupt}, 6);
	made_sample(&profile, "", NULL, 0, (struct profile_sample){0}, 7);
	made_sample(&profile, "zero", &f[4], 1, (struct profile_sample){0}, 0);
	kernel = make_mapping(&profile, MAPPING_KERNEL, "", "", 0, 0);
	exe = make_mapping(&profile, "/usr/bin/x", "", "", 0x1000, 0x3000);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_line(&profile, f[0], "main", "/src/a.c", 12);
	made_line(&profile, f[1], "inlined", "/src/b.h", 7);
	made_line(&profile, f[1], "work(int)", NULL, 0);
	made_named(&profile, f[2], "vfs_read", true);
	made_named(&profile, f[3], "vfs_read", true);
	made_named(&profile, f[4], "[x+0x1234]", false);
	profile.names[f[0]].mapping = profile.names[f[1]].mapping = exe;
	profile.names[f[0]].address = 0x1100;
	profile.names[f[1]].address = 0x1200;
	profile.names[f[2]].mapping = profile.names[f[3]].mapping = kernel;
	assert_int_equal(profile_set_value(&profile, "samples", "count", "cpu", "nanoseconds", 10), 0);
	decoded = decode(&profile, NULL);
	expect_samples(&decoded,
		"vfs_read [kernel.kallsyms]|inlined@/src/b.h:7 work(int) 0x1200 /usr/bin/x|main@/src/a.c:12 0x1100 /usr/bin/x|"
		"= 7 70 comm=web\n"
		"vfs_read [kernel.kallsyms]|inlined@/src/b.h:7 work(int) 0x1200 /usr/bin/x|main@/src/a.c:12 0x1100 /usr/bin/x|"
		"= 1 10 comm=db\n"
		"[x+0x1234] |= 5 50 comm=web unverified=true\n"
		"[x+0x1234] |[truncated: corrupt] |= 6 60 comm=web\n"
		"= 7 70 comm=[unknown]\n");
	release(&decoded, &profile);
}

static void mappings_say_what_they_have(void **state)
{
	struct profile profile = {0};
	struct decoded decoded;
	struct field mapping, more;
	uint32_t f[3], plain, lined, unused;

	(void)state;
	for (int i = 0; i < 3; i++)
		f[i] = made_frame(&profile, FRAME_FILE);
	made_sample(&profile, "c", (uint32_t[]){f[1], f[0]}, 2, (struct profile_sample){0}, 1);
	plain = make_mapping(&profile, "/usr/lib/plain.so", "", "go/id", 0x1000, 0x2000);
	lined = make_mapping(&profile, "/usr/bin/lined", "00ff", "go/id", 0x400000, 0x500000);
	unused = make_mapping(&profile, "/usr/bin/unused", "", "", 0x1000, 0x2000);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_named(&profile, f[0], "p", true);
	made_line(&profile, f[1], "i", "/src/a.c", 3);
	made_line(&profile, f[1], "o", "/src/a.c", 4);
	made_named(&profile, f[2], "u", true);
	profile.names[f[0]].mapping = plain;
	profile.names[f[1]].mapping = lined;
	profile.names[f[2]].mapping = unused;
	decoded = decode(&profile, NULL);
	/* The one that the stack begins in is first. */
	assert_true(find(decoded.data, decoded.len, PPROF_MAPPING, 0, &mapping));
	assert_int_equal(number_in(&mapping, PPROF_MAPPING_ID), lined);
	assert_int_equal(number_in(&mapping, PPROF_MAPPING_START), 0x400000);
	assert_int_equal(number_in(&mapping, PPROF_MAPPING_LIMIT), 0x500000);
	assert_int_equal(number_in(&mapping, PPROF_MAPPING_OFFSET), 0x200000);
	assert_memory_equal(decoded.strings[number_in(&mapping, PPROF_MAPPING_BUILD_ID)], "00ff", 4);
	for (unsigned i = PPROF_MAPPING_HAS_FUNCTIONS; i <= PPROF_MAPPING_HAS_INLINE_FRAMES; i++)
		assert_int_equal(number_in(&mapping, i), 1);
	assert_true(find(decoded.data, decoded.len, PPROF_MAPPING, 1, &mapping));
	assert_int_equal(number_in(&mapping, PPROF_MAPPING_ID), plain);
	assert_memory_equal(decoded.strings[number_in(&mapping, PPROF_MAPPING_BUILD_ID)], "go/id", 5);
	assert_int_equal(number_in(&mapping, PPROF_MAPPING_HAS_FUNCTIONS), 1);
	for (unsigned i = PPROF_MAPPING_HAS_FILENAMES; i <= PPROF_MAPPING_HAS_INLINE_FRAMES; i++)
		assert_int_equal(number_in(&mapping, i), 0);
	assert_false(find(decoded.data, decoded.len, PPROF_MAPPING, 2, &more));
	release(&decoded, &profile);
}

/* Else pprof makes a mapping up, and complains. */
static void locations_without_any_mapping_have_one(void **state)
{
	struct profile profile = {0};
	struct decoded decoded;
	struct field mapping, location;
	uint32_t f[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		f[i] = made_frame(&profile, FRAME_FILE);
	made_sample(&profile, "c", f, 2, (struct profile_sample){.cut = COUNTER_corrupt}, 1);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_line(&profile, f[0], "main", "/src/a.c", 3);
	made_named(&profile, f[1], "work", true);
	decoded = decode(&profile, NULL);
	assert_true(find(decoded.data, decoded.len, PPROF_MAPPING, 0, &mapping));
	assert_int_equal(number_in(&mapping, PPROF_MAPPING_FILE), 0);
	assert_int_equal(number_in(&mapping, PPROF_MAPPING_HAS_FUNCTIONS), 1);
	assert_int_equal(number_in(&mapping, PPROF_MAPPING_HAS_LINE_NUMBERS), 1);
	assert_int_equal(number_in(&mapping, PPROF_MAPPING_HAS_INLINE_FRAMES), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(find(decoded.data, decoded.len, PPROF_LOCATION, i, &location));
		assert_int_equal(number_in(&location, PPROF_LOCATION_MAPPING_ID), number_in(&mapping, PPROF_MAPPING_ID));
	}
	release(&decoded, &profile);
}

/* Process `id` has the resource: keys and values by turns, ended by NULL. */
static void give_resource(struct profile *profile, uint32_t id, const char *const *pairs)
{
	struct profile_attribute attributes[PROFILE_ATTRIBUTES];
	uint32_t count = 0, resource;

	for (; pairs[count * 2]; count++)
		attributes[count] = (struct profile_attribute){
			text_id(profile, pairs[count * 2]), text_id(profile, pairs[count * 2 + 1])};
	assert_int_equal(intern_add(&profile->resources, attributes, count * sizeof(*attributes), &resource), 0);
	profile->who[id].resource = resource + 1;
}

static void labels_say_whose_samples(void **state)
{
	static const char *const web[] = {"container.id", "abc", "host.name", "h", "process.executable.name", "nginx",
		"service.name", "shop", NULL};
	static const char *const other_host[] = {"container.id", "abc", "host.name", "i", "process.executable.name", "nginx",
		"service.name", "shop", NULL};
	static const char *const plain[] = {"process.executable.name", "sh", NULL};
	struct profile profile = {0};
	struct decoded decoded;
	uint32_t f = made_frame(&profile, FRAME_FILE), process[4];

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(profile_process(&profile, &(struct profile_process){.pid = i + 1}, &process[i]), 0);
		made_sample(&profile, "w", &f, 1, (struct profile_sample){.process = process[i]}, i + 1);
	}
	give_resource(&profile, process[0], web);
	give_resource(&profile, process[1], other_host);
	give_resource(&profile, process[2], plain);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_named(&profile, f, "main", true);
	decoded = decode(&profile, NULL);
	expect_samples(&decoded,
		"main |= 3 comm=w process.executable.name=nginx container.id=abc service=shop\n"
		"main |= 3 comm=w process.executable.name=sh\n"
		"main |= 4 comm=w\n");
	release(&decoded, &profile);
}

static bool has_comment(const struct decoded *decoded, const char *comment)
{
	struct field field;

	for (unsigned i = 0; find(decoded->data, decoded->len, PPROF_COMMENT, i, &field); i++)
		if (decoded->string_len[field.value] == strlen(comment) &&
			!memcmp(decoded->strings[field.value], comment, strlen(comment)))
			return true;
	return false;
}

static void the_head_says_when_and_how_far_to_trust(void **state)
{
	const struct trust trust = made_trust();
	struct profile profile = {.start_unix_ns = 1700000000000000000, .duration_ns = 10000000000};
	struct decoded decoded;
	struct field field, whole;

	(void)state;
	assert_int_equal(profile_begin_names(&profile), 0);
	assert_int_equal(profile_set_value(&profile, "samples", "count", "cpu", "nanoseconds", 10101010), 0);
	decoded = decode(&profile, &trust);
	whole = (struct field){.data = decoded.data, .value = decoded.len};
	assert_true(number_in(&whole, PPROF_TIME_NANOS) == 1700000000000000000u);
	assert_true(number_in(&whole, PPROF_DURATION_NANOS) == 10000000000u);
	assert_int_equal(number_in(&whole, PPROF_PERIOD), 10101010);
	assert_true(find(decoded.data, decoded.len, PPROF_SAMPLE_TYPE, 0, &field));
	assert_int_equal(number_in(&field, PPROF_TYPE), number_in(&whole, PPROF_DEFAULT_SAMPLE_TYPE));
	assert_memory_equal(decoded.strings[number_in(&field, PPROF_TYPE)], "samples", 7);
	assert_true(find(decoded.data, decoded.len, PPROF_SAMPLE_TYPE, 1, &field));
	assert_memory_equal(decoded.strings[number_in(&field, PPROF_UNIT)], "nanoseconds", 11);
	assert_false(find(decoded.data, decoded.len, PPROF_SAMPLE, 0, &field));
	assert_true(has_comment(&decoded, "profound.samples.expected=1980"));
	assert_true(has_comment(&decoded, "profound.stacks.cut.no_unwind_info=3"));
	assert_true(has_comment(&decoded, "profound.cost.cpu_seconds=0.08"));
	assert_true(has_comment(&decoded, "profound.event=cycles"));
	assert_true(has_comment(&decoded,
		"samples  1,978 of 1,980 expected · 2 not run by the kernel · 0 lost by us"));
	release(&decoded, &profile);
}

/* A count that is not of CPU time has one value; one that is too large for an int64 is the largest. */
static void values_are_what_they_count(void **state)
{
	struct profile profile = {0};
	struct decoded decoded;
	uint32_t f = made_frame(&profile, FRAME_FILE);

	(void)state;
	made_sample(&profile, "c", &f, 1, (struct profile_sample){0}, UINT64_MAX);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_named(&profile, f, "a\n\xff", true);
	assert_int_equal(profile_set_value(&profile, "samples", "count", "page_faults", "count", 1), 0);
	decoded = decode(&profile, NULL);
	expect_samples(&decoded, "a \xef\xbf\xbd |= 9223372036854775807 comm=c\n");
	release(&decoded, &profile);
}

/* More than one piece of what is handed to zlib, and of the string table. */
static void large_profiles_are_whole(void **state)
{
	struct profile profile = {0};
	struct decoded decoded = {0};
	struct field field;
	uint64_t sum = 0;
	uint32_t f[200], n = 0;

	(void)state;
	for (int i = 0; i < 200; i++)
		f[i] = made_frame(&profile, FRAME_FILE);
	for (uint32_t i = 0; i < 200; i++)
		made_sample(&profile, "c", f, i + 1, (struct profile_sample){0}, i + 1);
	assert_int_equal(profile_begin_names(&profile), 0);
	for (int i = 0; i < 200; i++) {
		char name[600];

		memset(name, 'a' + i % 26, sizeof(name) - 8);
		snprintf(name + sizeof(name) - 8, 8, "%d", i);
		made_named(&profile, f[i], name, true);
	}
	decoded = decode(&profile, NULL);
	for (; find(decoded.data, decoded.len, PPROF_SAMPLE, n, &field); n++) {
		struct field values;
		const uint8_t *at;

		assert_true(find(field.data, field.value, PPROF_SAMPLE_VALUE, 0, &values));
		at = values.data;
		sum += varint(&at, values.data + values.value);
	}
	assert_int_equal(n, 200);
	assert_int_equal(sum, 200 * 201 / 2);
	release(&decoded, &profile);
}

static void the_format_is_found(void **state)
{
	(void)state;
	assert_string_equal(exporter_by_path("a/b.pb.gz")->name, "pprof");
	assert_string_equal(exporter_by_path("x.pprof")->name, "pprof");
	assert_null(exporter_by_path("x.gz"));
	assert_null(exporter_by_path("dir/.pb.gz"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_samples_are_one),
		cmocka_unit_test(mappings_say_what_they_have),
		cmocka_unit_test(locations_without_any_mapping_have_one),
		cmocka_unit_test(labels_say_whose_samples),
		cmocka_unit_test(the_head_says_when_and_how_far_to_trust),
		cmocka_unit_test(values_are_what_they_count),
		cmocka_unit_test(large_profiles_are_whole),
		cmocka_unit_test(the_format_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
