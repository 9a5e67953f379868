/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formats that are read: one table line and one file each. An importer adds what an input holds to an import and has
 * no opinion about where the bytes come from; input.h opens and unpacks, importer_of() tells what they are.
 */
#ifndef PROFOUND_IMPORTER_H
#define PROFOUND_IMPORTER_H

#include "import/import.h"
#include "import/input.h"

struct importer {
	const char *name;
	const char *help;
	bool (*matches)(const struct input *input);
	/* 0, or a negative errno as import_file() has them, with `fault` set but for -ENOMEM. */
	int (*read)(struct import *import, const struct input *input, const struct import_options *options,
		struct fault *fault);
};

extern const struct importer importers[];
extern const unsigned n_importers;

/* NULL: none reads it. */
const struct importer *importer_of(const struct input *input);

bool folded_matches(const struct input *input);
int folded_read(struct import *import, const struct input *input, const struct import_options *options,
	struct fault *fault);

/* What the samples of a file count: all files of an import must agree. A period that they do not share is dropped.
 * 0, -EMEDIUMTYPE or -ENOMEM. */
int importer_set_value(struct import *import, const struct input *input, const char *type, const char *unit,
	const char *period_type, const char *period_unit, uint64_t period, struct fault *fault);

#endif
