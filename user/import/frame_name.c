// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/frame_name.h"

#include <string.h>

#include "profile/frame.h"
#include "profile/trust.h"

#define CUT_START "[truncated: "
#define KERNEL_END "_[k]"

struct named_kind {
	const char *name;
	uint32_t kind;
};

static const struct named_kind stand_ins[] = {
	{"[jit]", FRAME_ANON},
	{"[anon]", FRAME_ANON},
	{"[unknown]", FRAME_UNKNOWN},
};

/* perf (machine__mmap_name(), map__is_anon_memory()) and its converters to pprof call them so. */
static const struct named_kind mappings[] = {
	{MAPPING_KERNEL, FRAME_KERNEL},
	{MAPPING_KERNEL "_stext", FRAME_KERNEL},
	{MAPPING_KERNEL "_text", FRAME_KERNEL},
	{"[kernel]", FRAME_KERNEL},
	{"[vmlinux]", FRAME_KERNEL},
	{MAPPING_JIT, FRAME_ANON},
	{"[anon]", FRAME_ANON},
	{"//anon", FRAME_ANON},
};

static uint32_t find(const struct named_kind *kinds, size_t count, const char *name, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(kinds[i].name) == len && !memcmp(kinds[i].name, name, len))
			return kinds[i].kind;
	return FRAME_FILE;
}

bool frame_name_stands_in(const char *name, size_t len)
{
	return len >= 2 && name[0] == '[' && name[len - 1] == ']';
}

uint16_t frame_name_cut(const char *name, size_t len)
{
	const size_t start = strlen(CUT_START);

	if (len < start + 2 || memcmp(name, CUT_START, start) || name[len - 1] != ']')
		return 0;
	for (int i = 0; i < COUNTERS; i++) {
		const char *cause = counter_specs[i].name;

		if (counter_specs[i].class == CLASS_CUT && strlen(cause) == len - start - 1 &&
			!memcmp(cause, name + start, len - start - 1))
			return (uint16_t)i;
	}
	return 0;
}

size_t frame_name_without_kernel(const char *name, size_t len)
{
	const size_t end = strlen(KERNEL_END);

	/* "_[k]" alone is a name. */
	return len > end && !memcmp(name + len - end, KERNEL_END, end) ? len - end : len;
}

uint32_t frame_name_kind(const char *name, size_t len)
{
	return find(stand_ins, sizeof(stand_ins) / sizeof(*stand_ins), name, len);
}

uint32_t frame_name_mapping_kind(const char *file)
{
	return find(mappings, sizeof(mappings) / sizeof(*mappings), file, strlen(file));
}
