/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formats that are read: one table line and one file each. An importer adds what an input holds to an import and has
 * no opinion about where the bytes come from; input.h opens and unpacks, content.h tells what they are.
 */
#ifndef PROFOUND_IMPORTER_H
#define PROFOUND_IMPORTER_H

#include "import/content.h"
#include "import/import.h"
#include "import/input.h"

/* One file that is read. */
struct importing {
	struct import *import;
	const struct input *input;
	const char *type; /* as import_options has it */
	struct fault *fault;
	struct trust told;                  /* what it tells of the recording */
	int64_t start_unix_ns, duration_ns; /* 0: it does not tell */
};

struct importer {
	const char *name;
	enum content content; /* what it reads */
	/* 0, or a negative errno as import_file() has them, with the fault set but for -ENOMEM. */
	int (*read)(struct importing *importing);
};

extern const struct importer importers[];
extern const unsigned n_importers;

/* What import_file() does once it has the bytes and knows what they are. */
int import_content(struct import *import, const struct input *input, enum content content,
	const struct import_options *options, struct fault *fault);

int folded_read(struct importing *importing);
int pprof_read(struct importing *importing);
int otlp_read(struct importing *importing);

/* What the samples of a file count: all files of an import must agree. A period that they do not share is dropped.
 * 0, -EMEDIUMTYPE or -ENOMEM. */
int importer_set_value(struct importing *importing, const struct profile_value *value);

#define IMPORTER_TOO_DEEP "the stacks of its samples are deeper in all than a file of its size may have them"

#endif
