// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes by hand, and counts of fields; tests/e2e/test_otlp.py has others' decoders read what is written. */
#include "made_profile.h"
#include "made_trust.h"

#include "export/otlp.h"
#include "export/otlp_table.h"

/* Reads the next field of a message: false at its end. */
struct field {
	unsigned number;
	const uint8_t *data; /* of a message, bytes, packed values */
	uint64_t value;      /* of a varint or fixed64; a length */
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
	*field = (struct field){.number = (unsigned)(tag >> 3)};
	if ((tag & 7) == WIRE_FIXED64) {
		assert_true(end - *at >= 8);
		memcpy(&field->value, *at, 8);
		*at += 8;
		return true;
	}
	field->value = varint(at, end);
	if ((tag & 7) == WIRE_VARINT)
		return true;
	assert_int_equal(tag & 7, WIRE_BYTES);
	assert_true(field->value <= (uint64_t)(end - *at));
	field->data = *at;
	*at += field->value;
	return true;
}

/* How many fields of that number there are; the last one of them in *last. */
static unsigned count(const uint8_t *data, uint64_t len, unsigned number, struct field *last)
{
	const uint8_t *at = data;
	struct field field;
	unsigned found = 0;

	while (next(&at, data + len, &field)) {
		if (field.number != number)
			continue;
		found++;
		if (last)
			*last = field;
	}
	return found;
}

/* The fields down to the first Profile of the last resource. */
static struct field profile_of(const struct wire *wire)
{
	struct field field;

	assert_true(count(wire->data, wire->len, 1, &field) >= 1);
	assert_int_equal(count(field.data, field.value, 2, &field), 1);
	assert_int_equal(count(field.data, field.value, 2, &field), 1);
	return field;
}

static struct field dictionary_of(const struct wire *wire)
{
	struct field field;

	assert_int_equal(count(wire->data, wire->len, 2, &field), 1);
	return field;
}

static void encode(const struct profile *profile, struct wire *wire)
{
	const struct export_view view = {.profile = profile};

	wire_clear(wire);
	assert_int_equal(otlp_encode(&view, (struct otlp_samples){0}, wire), 0);
}

static void a_table_takes_equal_entries_back(void **state)
{
	struct wire wire = {0};
	struct otlp_table strings, stacks;

	(void)state;
	otlp_table_init(&strings, &wire, 5);
	otlp_table_init(&stacks, &wire, 7);
	assert_int_equal(otlp_table_string(&strings, "a", 1), 1);
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 1000; i++) {
			otlp_table_begin(&stacks);
			wire_uint(&wire, 1, i);
			assert_int_equal(otlp_table_end(&stacks), i); /* of 0 nothing is written */
			assert_int_equal(otlp_table_string(&strings, "ab", 2), 2);
		}
	}
	assert_int_equal(otlp_table_string(&strings, "", 0), 0);
	assert_int_equal(otlp_table_string(&strings, "a", 1), 1);
	assert_int_equal(stacks.count, 1000);
	assert_int_equal(strings.count, 3);
	assert_int_equal(count(wire.data, wire.len, 5, NULL), 3);
	assert_int_equal(count(wire.data, wire.len, 7, NULL), 1000);
	otlp_table_release(&strings);
	otlp_table_release(&stacks);
	wire_release(&wire);
}

/* ProfilesData of a profile with nothing in it, but for the random id. */
static void nothing_is_still_a_valid_profile(void **state)
{
	static const char dictionary[] = "\x12\x1e"
					 "\x0a\x00\x12\x00\x1a\x00\x2a\x00\x32\x00\x3a\x00\x22\x00"
					 "\x2a\x07samples\x2a\x05"
					 "count";
	struct profile profile = {0};
	struct wire wire = {0};
	struct field field;

	(void)state;
	encode(&profile, &wire);
	assert_true(wire.len > sizeof(dictionary));
	assert_memory_equal(wire.data, dictionary, sizeof(dictionary) - 1);
	field = profile_of(&wire);
	assert_int_equal(count(field.data, field.value, 1, &field), 1); /* sample_type */
	assert_memory_equal(field.data, "\x08\x01\x10\x02", 4);
	field = profile_of(&wire);
	assert_int_equal(count(field.data, field.value, 2, NULL), 0);
	assert_int_equal(count(field.data, field.value, 7, &field), 1);
	assert_int_equal(field.value, 16);
	wire_release(&wire);
}

static void a_sample_is_its_stack_attributes_and_one_value(void **state)
{
	struct profile profile = {0};
	struct wire wire = {0};
	struct field field;
	uint32_t f[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		f[i] = made_frame(&profile, FRAME_FILE);
	made_sample(&profile, "web", f, 2, (struct profile_sample){.flags = SAMPLE_UNVERIFIED}, 300);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_line(&profile, f[0], "main", "/src/a.c", 12);
	made_line(&profile, f[1], "inlined", "/src/vec.h", 7);
	made_line(&profile, f[1], "work", NULL, 0);
	encode(&profile, &wire);
	field = profile_of(&wire);
	assert_int_equal(count(field.data, field.value, 2, &field), 1);
	/* stack 1; attributes 1 and 2; value 300 */
	assert_int_equal(field.value, 10);
	assert_memory_equal(field.data, "\x08\x01\x12\x02\x01\x02\x22\x02\xac\x02", 10);
	field = dictionary_of(&wire);
	assert_int_equal(count(field.data, field.value, 7, &field), 2);
	assert_memory_equal(field.data, "\x0a\x02\x02\x01", 4); /* leaf first */
	field = dictionary_of(&wire);
	assert_int_equal(count(field.data, field.value, 2, &field), 3);
	/* lines, the innermost one first: functions 2 and 3 */
	assert_memory_equal(field.data, "\x1a\x04\x08\x02\x10\x07\x1a\x02\x08\x03", 10);
	wire_release(&wire);
	profile_release(&profile);
}

static void samples_of_one_resource_are_added_up(void **state)
{
	struct profile profile = {0};
	struct wire wire = {0};
	struct field field;
	uint32_t f, ids[3], resource;

	(void)state;
	f = made_frame(&profile, FRAME_FILE);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(profile_process(&profile, &(struct profile_process){.pid = i + 1}, &ids[i]), 0);
	for (uint32_t i = 0; i < 2; i++) {
		struct profile_attribute attribute = {0};

		assert_int_equal(intern_text(&profile.text, "service.name", &attribute.key), 0);
		assert_int_equal(intern_text(&profile.text, "shop", &attribute.value), 0);
		assert_int_equal(intern_add(&profile.resources, &attribute, sizeof(attribute), &resource), 0);
		profile.who[ids[i]].resource = resource + 1;
	}
	for (uint32_t i = 0; i < 3; i++)
		made_sample(&profile, "web", &f, 1, (struct profile_sample){.process = ids[i]}, 10 + i);
	encode(&profile, &wire);
	assert_int_equal(count(wire.data, wire.len, 1, &field), 2);
	/* The one of the largest total comes first, so that the last is of the process without a resource. */
	field = profile_of(&wire);
	assert_int_equal(count(field.data, field.value, 2, &field), 1);
	assert_int_equal(count(field.data, field.value, 4, &field), 1);
	assert_memory_equal(field.data, "\x0c", 1);
	assert_int_equal(field.value, 1);
	wire_release(&wire);
	profile_release(&profile);
}

static void counts_do_not_wrap(void **state)
{
	struct profile profile = {0};
	struct wire wire = {0};
	struct field field;
	uint32_t f = made_frame(&profile, FRAME_FILE);

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		made_sample(&profile, "web", &f, 1, (struct profile_sample){.process = i}, UINT64_MAX - i);
	encode(&profile, &wire);
	field = profile_of(&wire);
	assert_int_equal(count(field.data, field.value, 2, &field), 1);
	assert_int_equal(count(field.data, field.value, 4, &field), 1);
	assert_int_equal(field.value, 9);
	assert_memory_equal(field.data, "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9);
	wire_release(&wire);
	profile_release(&profile);
}

static void chosen_samples_bring_only_what_they_need(void **state)
{
	struct profile profile = {0};
	const struct export_view view = {.profile = &profile};
	struct wire wire = {0};
	struct field field;
	uint32_t f[2], one = 1;

	(void)state;
	for (int i = 0; i < 2; i++)
		f[i] = made_frame(&profile, FRAME_FILE);
	made_sample(&profile, "web", &f[0], 1, (struct profile_sample){.cut = COUNTER_corrupt}, 1);
	made_sample(&profile, "db", &f[1], 1, (struct profile_sample){0}, 1);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_named(&profile, f[0], "main", true);
	made_named(&profile, f[1], "other", true);
	assert_int_equal(otlp_encode(&view, (struct otlp_samples){&one, 1}, &wire), 0);
	assert_null(memmem(wire.data, wire.len, "main", 4));
	assert_null(memmem(wire.data, wire.len, "corrupt", 7));
	assert_non_null(memmem(wire.data, wire.len, "other", 5));
	field = dictionary_of(&wire);
	assert_int_equal(count(field.data, field.value, 6, NULL), 2);
	wire_release(&wire);
	profile_release(&profile);
}

static void figures_are_attributes_of_the_profile(void **state)
{
	const struct trust trust = made_trust();
	struct profile profile = {0};
	const struct export_view view = {.profile = &profile, .trust = &trust};
	struct wire wire = {0};
	struct field field;

	(void)state;
	assert_int_equal(otlp_encode(&view, (struct otlp_samples){0}, &wire), 0);
	assert_non_null(memmem(wire.data, wire.len, "profound.samples.expected", 25));
	assert_non_null(memmem(wire.data, wire.len, "\x18\xbc\x0f", 3)); /* int_value 1980 */
	field = dictionary_of(&wire);
	assert_true(count(field.data, field.value, 6, NULL) > 20);
	field = profile_of(&wire);
	assert_int_equal(count(field.data, field.value, 11, &field), 1);
	assert_true(field.value > 20);
	wire_release(&wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_takes_equal_entries_back),
		cmocka_unit_test(nothing_is_still_a_valid_profile),
		cmocka_unit_test(a_sample_is_its_stack_attributes_and_one_value),
		cmocka_unit_test(samples_of_one_resource_are_added_up),
		cmocka_unit_test(counts_do_not_wrap),
		cmocka_unit_test(chosen_samples_bring_only_what_they_need),
		cmocka_unit_test(figures_are_attributes_of_the_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
