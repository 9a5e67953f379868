// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/otlp_resource.h"

#include <inttypes.h>
#include <stdio.h>

#include "export/otlp_proto.h"

/* A text id, or UINT32_MAX: no text and no integer. */
static int value_text(const struct otlp_tables *tables, const struct otlp_value *value, uint32_t *text)
{
	char number[24];

	*text = value->kind == OTLP_TEXT ? (uint32_t)value->bits : UINT32_MAX;
	if (value->kind != OTLP_INT)
		return 0;
	snprintf(number, sizeof(number), "%" PRId64, (int64_t)value->bits);
	return intern_text(&tables->assembly->profile->text, number, text);
}

/* A KeyValue: the key is a text, or by newer senders an index. */
static int read_attribute(
	const struct otlp_tables *tables, const struct wire_field *message, struct attribute_set *resource)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	uint32_t none = tables->none, key = none, text = UINT32_MAX;
	struct otlp_value value = {0};
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, KEY_VALUE_KEY, WIRE_BYTES))
			err = assembly_text(tables->assembly, (const char *)field.data, field.len, &key);
		else if (wire_field_is(&field, KEY_VALUE_VALUE, WIRE_BYTES))
			err = otlp_tables_value(tables, &field, &value);
		else if (wire_field_is(&field, KEY_VALUE_KEY_STRINDEX, WIRE_VARINT))
			err = otlp_tables_text(tables, &field, &key);
	}
	if (!err)
		err = otlp_tables_end(tables, &reader);
	if (!err)
		err = value_text(tables, &value, &text);
	if (!err && key != none && text != UINT32_MAX)
		attribute_set_add(resource, tables->assembly->profile, key, text);
	return err;
}

static int read_resource(
	const struct otlp_tables *tables, const struct wire_field *message, struct attribute_set *resource)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&reader, &field))
		if (wire_field_is(&field, RESOURCE_ATTRIBUTES, WIRE_BYTES))
			err = read_attribute(tables, &field, resource);
	return err ? err : otlp_tables_end(tables, &reader);
}

int otlp_resource_read(const struct otlp_tables *tables, const struct wire_field *resource_profiles,
	struct attribute_set *resource)
{
	struct wire_reader reader = wire_reader_over(resource_profiles->data, resource_profiles->len);
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&reader, &field))
		if (wire_field_is(&field, RESOURCE_PROFILES_RESOURCE, WIRE_BYTES))
			err = read_resource(tables, &field, resource);
	return err ? err : otlp_tables_end(tables, &reader);
}
