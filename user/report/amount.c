// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/amount.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SCALES 5

static const struct {
	const char *unit;
	const char *scales[SCALES]; /* each a thousand of the one before; NULL: there is no larger one */
} units[] = {
	{"bytes", {"B", "kB", "MB", "GB", "TB"}},
	{"nanoseconds", {"ns", "us", "ms", "s", NULL}},
};

/* Three digits. */
static void scaled(char text[AMOUNT_TEXT], uint64_t value, const char *const scales[SCALES])
{
	double number = (double)value;
	unsigned scale = 0;

	while (number >= 999.5 && scale + 1 < SCALES && scales[scale + 1]) {
		number /= 1000;
		scale++;
	}
	if (!scale)
		snprintf(text, AMOUNT_TEXT, "%" PRIu64 "%s", value, scales[0]);
	else
		snprintf(text, AMOUNT_TEXT, "%.*f%s", number < 9.995 ? 2 : number < 99.95 ? 1 : 0, number, scales[scale]);
}

void amount_text(char text[AMOUNT_TEXT], uint64_t value, const char *unit)
{
	for (unsigned i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(unit, units[i].unit)) {
			scaled(text, value, units[i].scales);
			return;
		}
	snprintf(text, AMOUNT_TEXT, "%" PRIu64, value);
}

void amount_share(char text[AMOUNT_TEXT], uint64_t part, uint64_t whole)
{
	double percent = whole ? 100.0 * (double)part / (double)whole : 0;

	if (part < whole && percent > 99.99)
		percent = 99.99;
	snprintf(text, AMOUNT_TEXT, "%.2f%%", percent);
}
