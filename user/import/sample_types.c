// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/sample_types.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool sample_types_add(struct sample_types *types, uint32_t type, uint32_t unit)
{
	if (types->count == SAMPLE_TYPES_MAX)
		return false;
	types->at[types->count].type = type;
	types->at[types->count++].unit = unit;
	return true;
}

unsigned sample_types_find(const struct sample_types *types, uint32_t type, uint32_t unit)
{
	unsigned i = 0;

	while (i < types->count && (types->at[i].type != type || types->at[i].unit != unit))
		i++;
	return i;
}

static bool is_named(const char *type, const char *unit, const char *name)
{
	size_t len = strlen(type);

	return !strncmp(name, type, len) && (!name[len] || (name[len] == '/' && !strcmp(name + len + 1, unit)));
}

static int refuse(const struct sample_types *types, const struct profile *profile, const char *name,
	const struct input *input, struct fault *fault)
{
	char list[256] = "";
	size_t used = 0;

	for (unsigned i = 0; i < types->count && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s/%s", i ? ", " : "",
			profile_text(profile, types->at[i].type), profile_text(profile, types->at[i].unit));
	return fault_set(fault, -ENODATA, "%.150s: counts no %.60s; it has: %s", input_name(input), name,
		types->count ? list : "nothing");
}

int sample_types_choose(const struct sample_types *types, const struct profile *profile, const char *name,
	const struct input *input, struct fault *fault)
{
	for (unsigned i = 0; i < types->count; i++)
		if (is_named(profile_text(profile, types->at[i].type), profile_text(profile, types->at[i].unit), name))
			return (int)i;
	return refuse(types, profile, name, input, fault);
}
