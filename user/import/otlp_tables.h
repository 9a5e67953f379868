/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dictionary of an OTLP file (export/otlp_proto.h says of which version). Tables refer to one another
 * by index; entry 0 of each is the zero value, which is what an absent index is.
 */
#ifndef PROFOUND_OTLP_TABLES_H
#define PROFOUND_OTLP_TABLES_H

#include <stdint.h>

#include "import/importer.h"
#include "import/location.h"
#include "base/wire_reader.h"

enum otlp_value_kind { OTLP_NOTHING, OTLP_TEXT, OTLP_INT, OTLP_BOOL, OTLP_REAL };

struct otlp_value { /* of an attribute; lists, bytes and others are nothing */
	enum otlp_value_kind kind;
	uint64_t bits; /* text id; int64_t; bool; double */
};

struct otlp_attribute {
	uint32_t key; /* text id */
	struct otlp_value value;
};

struct otlp_function {
	uint32_t name, file; /* text ids */
	uint32_t first_line;
};

struct otlp_stack {
	uint32_t stack; /* of the profile */
	uint32_t cut;   /* what its outermost frame says: enum abi_counter */
};

struct otlp_tables {
	struct importing *importing;
	struct assembly *assembly; /* of its import */
	uint32_t none;             /* text id of "" */
	uint32_t build_id_gnu, build_id_go, build_id_htlhash, frame_type; /* text ids of keys */
	uint32_t *texts;
	uint32_t n_texts, texts_cap;
	struct otlp_attribute *attributes;
	uint32_t n_attributes, attributes_cap;
	struct location_mapping *mappings;
	uint32_t n_mappings, mappings_cap;
	struct otlp_function *functions;
	uint32_t n_functions, functions_cap;
	struct location_frame *frames; /* one a location */
	uint32_t n_frames, frames_cap;
	struct otlp_stack *stacks;
	uint32_t n_stacks, stacks_cap;
	struct profile_line *lines; /* of the location that is read */
	uint32_t lines_cap;
	uint32_t *path; /* of the stack that is read, innermost first */
	uint32_t n_path, path_cap;
};

/* 0, or a negative errno with the fault set but for -ENOMEM. Release either way. */
int otlp_tables_read(struct otlp_tables *tables);
void otlp_tables_release(struct otlp_tables *tables);

/* Those of an index that is a field's value. 0 or -EBADMSG. */
int otlp_tables_text(const struct otlp_tables *tables, const struct wire_field *field, uint32_t *text);
int otlp_tables_stack(const struct otlp_tables *tables, const struct wire_field *field, struct otlp_stack *stack);

/* Calls `take` for each attribute of packed or single indices. What it returns that is not 0 ends it. */
int otlp_tables_each_attribute(const struct otlp_tables *tables, const struct wire_field *indices,
	int (*take)(void *context, const struct otlp_attribute *attribute), void *context);

/* An AnyValue. 0, -EBADMSG or -ENOMEM. */
int otlp_tables_value(const struct otlp_tables *tables, const struct wire_field *message, struct otlp_value *value);
/* A ValueType: text ids. */
int otlp_tables_value_type(
	const struct otlp_tables *tables, const struct wire_field *message, uint32_t *type, uint32_t *unit);

/* A fault at a place in the file. Returns -EBADMSG. */
int otlp_tables_fault(const struct otlp_tables *tables, const uint8_t *at, const char *what);
/* That of a reader that is at its end. 0 or -EBADMSG. */
int otlp_tables_end(const struct otlp_tables *tables, const struct wire_reader *reader);

#endif
