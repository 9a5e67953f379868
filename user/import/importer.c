// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/importer.h"

#include <errno.h>

const struct importer importers[] = {
	{"otlp", CONTENT_OTLP, otlp_read},
	{"pprof", CONTENT_PPROF, pprof_read},
	{"folded", CONTENT_TEXT, folded_read},
};

const unsigned n_importers = sizeof(importers) / sizeof(importers[0]);

int importer_set_value(struct importing *importing, const struct profile_value *value)
{
	struct profile *profile = &importing->import->profile;
	struct profile_value *known = &profile->value, made = *value;
	uint32_t none;
	int err = intern_text(&profile->text, "", &none);

	if (err)
		return err;
	if (importing->import->files && (known->type != made.type || known->unit != made.unit))
		return fault_set(importing->fault, -EMEDIUMTYPE,
			"%.150s: counts %.60s/%.60s, but what was read before %.60s/%.60s; "
			"--type NAME chooses what to read",
			input_name(importing->input), profile_text(profile, made.type),
			profile_text(profile, made.unit), profile_text(profile, known->type),
			profile_text(profile, known->unit));
	if (importing->import->files && (known->period != made.period || known->period_type != made.period_type ||
			known->period_unit != made.period_unit))
		made.period = 0;
	if (!made.period)
		made.period_type = made.period_unit = none;
	*known = made;
	return 0;
}
