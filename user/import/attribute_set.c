// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/attribute_set.h"

#include <string.h>

static const char *const known[] = {
	"service.name",
	"service.namespace",
	"service.version",
	"service.instance.id",
	"deployment.environment.name",
	"process.executable.name",
	"process.executable.path",
	"process.pid",
	"container.id",
	"k8s.pod.uid",
	"host.name",
	"host.id",
	"host.arch",
	"os.type",
	"os.version",
	"systemd.unit.name",
};

bool attribute_set_knows(const char *key)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i], key))
			return true;
	return false;
}

void attribute_set_add(struct attribute_set *set, const struct profile *profile, uint32_t key, uint32_t value)
{
	uint32_t at = set->count;

	for (uint32_t i = 0; i < set->count; i++)
		if (set->at[i].key == key)
			return;
	if (at == PROFILE_ATTRIBUTES) {
		if (!attribute_set_knows(profile_text(profile, key)))
			return;
		while (at && attribute_set_knows(profile_text(profile, set->at[at - 1].key)))
			at--;
		if (!at--)
			return; /* one more than any of ours has */
	} else {
		set->count++;
	}
	set->at[at] = (struct profile_attribute){key, value};
}

static void sort(struct attribute_set *set, const struct profile *profile)
{
	for (uint32_t i = 1; i < set->count; i++) {
		struct profile_attribute moved = set->at[i];
		const char *key = profile_text(profile, moved.key);
		uint32_t at = i;

		for (; at && strcmp(profile_text(profile, set->at[at - 1].key), key) > 0; at--)
			set->at[at] = set->at[at - 1];
		set->at[at] = moved;
	}
}

int attribute_set_process(struct attribute_set *set, struct assembly *assembly, uint32_t *process)
{
	sort(set, assembly->profile);
	return assembly_process(assembly, set->at, set->count, process);
}
