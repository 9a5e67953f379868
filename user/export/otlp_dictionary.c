// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/otlp_dictionary.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/large.h"
#include "export/otlp_proto.h"
#include "export/text.h"

#define NO_COMM "[unknown]" /* as in folded lines: without a name, readers would take the program's */

static void init_tables(struct otlp_dictionary *dictionary)
{
	const struct {
		struct otlp_table *table;
		unsigned field;
	} tables[] = {
		{&dictionary->mappings, DICTIONARY_MAPPING},
		{&dictionary->locations, DICTIONARY_LOCATION},
		{&dictionary->functions, DICTIONARY_FUNCTION},
		{&dictionary->strings, DICTIONARY_STRING},
		{&dictionary->attributes, DICTIONARY_ATTRIBUTE},
		{&dictionary->stacks, DICTIONARY_STACK},
	};

	for (unsigned i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		otlp_table_init(tables[i].table, dictionary->out, tables[i].field);
	/* No sample has a link: the table has its zero entry alone. */
	wire_end(dictionary->out, wire_begin(dictionary->out, DICTIONARY_LINK));
}

int otlp_dictionary_init(struct otlp_dictionary *dictionary, const struct profile *profile, struct wire *out)
{
	*dictionary = (struct otlp_dictionary){.profile = profile, .out = out};
	dictionary->strings_of = large_alloc(profile->text.count * sizeof(*dictionary->strings_of));
	dictionary->comms = large_alloc(profile->text.count * sizeof(*dictionary->comms));
	if (!dictionary->strings_of || !dictionary->comms) {
		otlp_dictionary_release(dictionary);
		return -ENOMEM;
	}
	init_tables(dictionary);
	return 0;
}

void otlp_dictionary_seal(struct otlp_dictionary *dictionary)
{
	otlp_table_release(&dictionary->strings);
	otlp_table_release(&dictionary->attributes);
	otlp_table_release(&dictionary->mappings);
	otlp_table_release(&dictionary->functions);
	otlp_table_release(&dictionary->locations);
	if (dictionary->strings_of)
		large_free(dictionary->strings_of, dictionary->profile->text.count * sizeof(*dictionary->strings_of));
	dictionary->strings_of = NULL;
}

void otlp_dictionary_release(struct otlp_dictionary *dictionary)
{
	otlp_dictionary_seal(dictionary);
	otlp_table_release(&dictionary->stacks);
	if (dictionary->comms)
		large_free(dictionary->comms, dictionary->profile->text.count * sizeof(*dictionary->comms));
	intern_release(&dictionary->tids);
	buf_release(&dictionary->threads);
	buf_release(&dictionary->text);
	*dictionary = (struct otlp_dictionary){0};
}

/* Printable ASCII, as most names are, is as it should be. */
static bool is_plain(const char *text, size_t *len)
{
	size_t i = 0;

	while (text[i] >= 0x20 && text[i] < 0x7f)
		i++;
	*len = i;
	return !text[i];
}

const char *otlp_plain(struct otlp_dictionary *dictionary, const char *text, size_t *len)
{
	struct buf *plain = &dictionary->text;

	if (is_plain(text, len))
		return text;
	buf_clear(plain);
	text_plain(plain, text);
	if (plain->failed)
		dictionary->out->failed = true;
	*len = plain->len;
	return plain->data;
}

/* Texts of the profile are distinct: only one that is not written as it is can be equal to another one, and then it is
 * that one. */
static uint32_t put_text(struct otlp_dictionary *dictionary, uint32_t id, const char *text)
{
	const struct intern *texts = &dictionary->profile->text;
	size_t len;
	const char *plain = otlp_plain(dictionary, text, &len);
	uint32_t same = id;

	if (plain != text && !intern_find(texts, plain, len, &same))
		return otlp_table_string(&dictionary->strings, plain, len);
	return same == id ? otlp_table_unique_string(&dictionary->strings, plain, len) : otlp_text(dictionary, same);
}

uint32_t otlp_text(struct otlp_dictionary *dictionary, uint32_t text)
{
	uint32_t *known = &dictionary->strings_of[text];

	if (!*known)
		*known = put_text(dictionary, text, profile_text(dictionary->profile, text)) + 1;
	return *known - 1;
}

uint32_t otlp_string(struct otlp_dictionary *dictionary, const char *text)
{
	size_t len = strlen(text);
	uint32_t same;

	if (intern_find(&dictionary->profile->text, text, len, &same))
		return otlp_text(dictionary, same);
	return otlp_table_string(&dictionary->strings, text, len);
}

/* Begins an attribute, and in it its value: what wire_end() is to be given. */
static size_t begin_attribute(struct otlp_dictionary *dictionary, const char *key)
{
	uint32_t index = otlp_string(dictionary, key);

	otlp_table_begin(&dictionary->attributes);
	wire_uint(dictionary->out, ATTRIBUTE_KEY, index);
	return wire_begin(dictionary->out, ATTRIBUTE_VALUE);
}

static uint32_t end_attribute(struct otlp_dictionary *dictionary, size_t value)
{
	wire_end(dictionary->out, value);
	return otlp_table_end(&dictionary->attributes);
}

uint32_t otlp_attribute_string(struct otlp_dictionary *dictionary, const char *key, const char *value)
{
	const char *plain;
	size_t begun, len;

	if (!*value)
		return 0;
	begun = begin_attribute(dictionary, key);
	plain = otlp_plain(dictionary, value, &len);
	wire_oneof_bytes(dictionary->out, ANY_STRING, plain, len);
	return end_attribute(dictionary, begun);
}

uint32_t otlp_attribute_figure(struct otlp_dictionary *dictionary, const struct figure *figure)
{
	char key[sizeof(FIGURE_PREFIX) + FIGURE_KEY];
	size_t begun;

	snprintf(key, sizeof(key), FIGURE_PREFIX "%s", figure->key);
	if (figure->kind == FIGURE_TEXT)
		return otlp_attribute_string(dictionary, key, figure->text);
	begun = begin_attribute(dictionary, key);
	if (figure->kind == FIGURE_INT)
		wire_oneof_uint(dictionary->out, ANY_INT, (uint64_t)figure->integer);
	else
		wire_oneof_double(dictionary->out, ANY_DOUBLE, figure->real);
	return end_attribute(dictionary, begun);
}

uint32_t otlp_attribute_comm(struct otlp_dictionary *dictionary, uint32_t comm)
{
	uint32_t *known = &dictionary->comms[comm];
	const char *text = profile_text(dictionary->profile, comm);

	if (!*known)
		*known = otlp_attribute_string(dictionary, OTLP_THREAD_NAME, *text ? text : NO_COMM);
	return *known;
}

static uint32_t put_thread(struct otlp_dictionary *dictionary, uint32_t tid)
{
	size_t begun = begin_attribute(dictionary, OTLP_THREAD_ID);

	wire_oneof_uint(dictionary->out, ANY_INT, tid);
	return end_attribute(dictionary, begun);
}

uint32_t otlp_attribute_thread(struct otlp_dictionary *dictionary, uint32_t tid)
{
	uint32_t known = dictionary->tids.count, id, index;

	if (!tid)
		return 0;
	if (intern_add(&dictionary->tids, &tid, sizeof(tid), &id)) {
		dictionary->out->failed = true;
		return 0;
	}
	if (id < known)
		return ((const uint32_t *)(const void *)dictionary->threads.data)[id];
	index = put_thread(dictionary, tid);
	if (buf_append(&dictionary->threads, (const char *)&index, sizeof(index)))
		dictionary->out->failed = true;
	return index;
}

uint32_t otlp_attribute_unverified(struct otlp_dictionary *dictionary)
{
	size_t begun;

	if (!dictionary->unverified) {
		begun = begin_attribute(dictionary, OTLP_UNVERIFIED);
		wire_oneof_uint(dictionary->out, ANY_BOOL, true);
		dictionary->unverified = end_attribute(dictionary, begun);
	}
	return dictionary->unverified;
}
