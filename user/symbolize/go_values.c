// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/go_values.h"

#include <errno.h>
#include <stdlib.h>

#include "object/go_pcvalue.h"

void go_values_release(struct go_values *values)
{
	free(values->at);
	*values = (struct go_values){0};
}

static int append(struct go_values *values, uint32_t end, int32_t value)
{
	if (values->count == values->cap) {
		uint32_t cap = values->cap ? values->cap * 2 : 64;
		struct go_stretch *at = reallocarray(values->at, cap, sizeof(*at));

		if (!at)
			return -ENOMEM;
		values->at = at;
		values->cap = cap;
	}
	values->at[values->count++] = (struct go_stretch){end, value};
	return 0;
}

int go_values_read(struct go_values *values, const struct go_table *table, const struct go_function *function,
	uint64_t pctab, uint64_t *steps)
{
	struct go_pcvalue pcvalue;
	struct go_segment segment;
	int err = 0;

	values->count = 0;
	if (!pctab)
		return 0;
	go_pcvalue_init(&pcvalue, table, pctab, function->start);
	while (!err && values->count < GO_VALUES_MAX && go_pcvalue_next(&pcvalue, steps, function->end, &segment))
		if (segment.start < segment.end)
			err = append(values, (uint32_t)(segment.end - function->start), segment.value);
	return err;
}

int32_t go_values_at(const struct go_values *values, uint32_t offset)
{
	uint32_t low = 0, high = values->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (values->at[middle].end <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < values->count ? values->at[low].value : -1;
}
