// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/PID/maps: names are the target's own. */
#include <stdlib.h>
#include <string.h>

#include "process/maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct maps_line line;
	char *text = malloc(size ? size : 1); /* exactly sized: a read past the end is seen */

	if (!text)
		return 0;
	memcpy(text, data, size);
	if (!maps_parse(text, size, &line)) {
		if (line.start >= line.end || strlen(line.path) >= MAPS_PATH)
			abort();
	}
	free(text);
	return 0;
}
