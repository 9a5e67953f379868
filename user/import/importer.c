// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/importer.h"

#include <errno.h>
#include <string.h>

const struct importer importers[] = {
	{"folded", "one line a stack: comm;outermost;...;innermost COUNT", folded_matches, folded_read},
};

const unsigned n_importers = sizeof(importers) / sizeof(importers[0]);

const struct importer *importer_of(const struct input *input)
{
	for (unsigned i = 0; i < n_importers; i++)
		if (importers[i].matches(input))
			return &importers[i];
	return NULL;
}

static bool equals(const struct profile *profile, uint32_t text, const char *other)
{
	return !strcmp(profile_text(profile, text), other);
}

int importer_set_value(struct import *import, const struct input *input, const char *type, const char *unit,
	const char *period_type, const char *period_unit, uint64_t period, struct fault *fault)
{
	struct profile *profile = &import->profile;
	const struct profile_value *value = &profile->value;

	if (!import->files)
		return profile_set_value(profile, type, unit, period ? period_type : NULL,
			period ? period_unit : NULL, period);
	if (!equals(profile, value->type, type) || !equals(profile, value->unit, unit))
		return fault_set(fault, -EMEDIUMTYPE,
			"%.150s: counts %.60s/%.60s, but what was read before %.60s/%.60s; --type NAME chooses what to read",
			input_name(input), type, unit, profile_text(profile, value->type),
			profile_text(profile, value->unit));
	if (value->period && (value->period != period || !equals(profile, value->period_type, period_type) ||
			!equals(profile, value->period_unit, period_unit)))
		return profile_set_value(profile, type, unit, NULL, NULL, 0);
	return 0;
}
