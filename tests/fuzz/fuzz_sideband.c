// SPDX-License-Identifier: GPL-2.0-or-later
/* One record of perf's sideband; then what it says is applied to a timeline, which must answer for its ends. */
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

#include "collect/sideband.h"
#include "process/mappings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int apply(struct mappings *mappings, const struct lifecycle *record)
{
	struct mapping mapping = { .start = record->start, .end = record->end }, out;

	if (record->kind == LIFECYCLE_EXEC)
		return mappings_exec(mappings, record->time_ns);
	if (record->kind != LIFECYCLE_MAP)
		return 0;
	mapping.object = record->file.inode ? (struct object *)8 : NULL; /* only compared */
	mapping.offset = record->offset;
	if (record->file.inode % 5 == 4)
		return mappings_read(mappings, &mapping, 1, record->time_ns, true);
	if (mappings_map(mappings, &mapping, record->time_ns))
		return -1;
	if (mappings_find(mappings, mapping.start, record->time_ns, record->time_ns, &out) ==
		MAPPINGS_NONE)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mappings *mappings = mappings_new(0);

	while (mappings && size >= sizeof(struct perf_event_header)) {
		struct lifecycle record;
		uint16_t len;
		void *copy;

		memcpy(&len, data + 6, sizeof(len));
		if (len < sizeof(struct perf_event_header) || len > size)
			len = (uint16_t)(size < 65535 ? size : 65535);
		copy = malloc(len);
		if (!copy)
			break;
		memcpy(copy, data, len);
		if (!sideband_decode(copy, len, &record)) {
			if (!record.name || strlen(record.name) >= len)
				abort();
			apply(mappings, &record);
		}
		free(copy);
		data += len;
		size -= len;
	}
	mappings_free(mappings);
	return 0;
}
