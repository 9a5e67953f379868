// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/go_pcvalue.h"

void go_pcvalue_init(struct go_pcvalue *pcvalue, const struct go_table *table, uint64_t offset, uint64_t start)
{
	*pcvalue = (struct go_pcvalue){.table = table, .next = offset, .pc = start, .value = -1, .first = true};
}

static bool refill(struct go_pcvalue *pcvalue)
{
	size_t len;

	if (go_table_at(pcvalue->table, pcvalue->next, &pcvalue->at, &len))
		return false;
	pcvalue->end = pcvalue->at + len;
	pcvalue->next += len;
	return true;
}

static bool read_varint(struct go_pcvalue *pcvalue, uint32_t *out)
{
	uint32_t value = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint8_t byte;

		if (pcvalue->at == pcvalue->end && !refill(pcvalue))
			return false;
		byte = *pcvalue->at++;
		value |= (uint32_t)(byte & 0x7f) << (shift & 31);
		if (!(byte & 0x80)) {
			*out = value;
			return true;
		}
	}
	return false;
}

bool go_pcvalue_next(struct go_pcvalue *pcvalue, uint64_t *steps, uint64_t limit, struct go_segment *out)
{
	uint32_t change, bytes;

	if (!*steps || pcvalue->pc >= limit || !read_varint(pcvalue, &change) || (!change && !pcvalue->first) ||
		!read_varint(pcvalue, &bytes))
		return false;
	(*steps)--;
	pcvalue->first = false;
	pcvalue->value = (int32_t)((uint32_t)pcvalue->value + ((change >> 1) ^ -(change & 1)));
	*out = (struct go_segment){pcvalue->pc, limit - pcvalue->pc > bytes ? pcvalue->pc + bytes : limit,
		pcvalue->value};
	pcvalue->pc = out->end;
	return true;
}
