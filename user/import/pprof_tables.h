/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the samples of a pprof file refer to: strings, mappings, functions, locations. Texts are indices of the string
 * table, whose entry 0 is ""; the others are referred to by ids (export/pprof_proto.h).
 */
#ifndef PROFOUND_PPROF_TABLES_H
#define PROFOUND_PPROF_TABLES_H

#include <stdint.h>

#include "export/pprof_proto.h"
#include "import/id_table.h"
#include "import/importer.h"
#include "import/location.h"
#include "base/wire_reader.h"

struct pprof_function {
	uint32_t name, file; /* text ids */
	uint32_t first_line;
};

struct pprof_tables {
	struct importing *importing;
	struct assembly *assembly; /* of its import */
	uint32_t *texts;
	uint32_t n_texts, texts_cap;
	struct location_mapping *mappings;
	uint32_t n_mappings, mappings_cap;
	struct id_table mapping_ids;
	struct pprof_function *functions;
	uint32_t n_functions, functions_cap;
	struct id_table function_ids;
	struct location_frame *frames; /* one a location */
	uint32_t n_frames, frames_cap;
	struct id_table location_ids;
	struct profile_line *lines; /* of the location that is read */
	uint32_t lines_cap;
};

/* 0, or a negative errno with the fault set but for -ENOMEM. Release either way. */
int pprof_tables_read(struct pprof_tables *tables);
void pprof_tables_release(struct pprof_tables *tables);

/* The text of an index that is a field's value. 0 or -EBADMSG. */
int pprof_tables_text(const struct pprof_tables *tables, const struct wire_field *field, uint32_t *text);

/* Calls `read` for each field of the profile that has the number and type; what it returns that is not 0 ends it. */
int pprof_tables_each(struct pprof_tables *tables, enum pprof_profile_field number, enum wire_type type,
	int (*read)(void *context, const struct wire_field *field), void *context);

/* A fault at a place in the file. Returns -EBADMSG. */
int pprof_tables_fault(const struct pprof_tables *tables, const uint8_t *at, const char *what);

#endif
