// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/plt_code.h"

#include <endian.h>
#include <string.h>

#include "object/code_pattern.h"

static const struct plt_shape headers[] = {
	{"ff35........ff25........0f1f4000", 16, 6, 24, 0, 0},
	{"ff35........f2ff25........0f1f00", 16, 6, 24, 0, 0},
	{"ff35........ff25........90909090", 16, 6, 24, 0, 0}, /* gold */
	{NULL, 0, 0, 0, 0, 0},
};

static const struct plt_shape entries[] = {
	{"ff25........68........e9........", 8, 11, 16, 2, 7},
	{"f30f1efa68........e9........6690", 8, 9, 16, 0, 5},
	{"f30f1efa68........f2e9........90", 8, 9, 16, 0, 5},
	{"68........f2e9........0f1f440000", 8, 5, 16, 0, 1}, /* binutils before 2.41, -z bndplt */
	{"f30f1efaff25........660f1f440000", 8, 16, 8, 6, 0},
	{"f30f1efaf2ff25........0f1f440000", 8, 16, 8, 7, 0},
	{"f2ff25........90", 8, 8, 8, 3, 0},
	{"ff25........6690", 8, 8, 8, 2, 0},
	{NULL, 0, 0, 0, 0, 0},
};

static const struct plt_shape *find(
	const struct plt_shape *shape, const uint8_t *code, size_t size)
{
	while (shape->pattern && !code_pattern_matches(shape->pattern, code, size))
		shape++;
	return shape->pattern ? shape : NULL;
}

const struct plt_shape *plt_code_header(const uint8_t *code, size_t size)
{
	return find(headers, code, size);
}

const struct plt_shape *plt_code_entry(const uint8_t *code, size_t size)
{
	return find(entries, code, size);
}

size_t plt_shape_bytes(const struct plt_shape *shape)
{
	return code_pattern_size(shape->pattern);
}

bool plt_shape_pushes(const struct plt_shape *shape)
{
	return shape->first != shape->second;
}

static uint32_t word_at(const uint8_t *code)
{
	uint32_t word;

	memcpy(&word, code, sizeof(word));
	return le32toh(word);
}

uint64_t plt_shape_slot(const struct plt_shape *shape, const uint8_t *code, uint64_t address)
{
	int32_t distance = (int32_t)word_at(code + shape->slot);

	return address + shape->slot + 4 + (uint64_t)(int64_t)distance;
}

uint32_t plt_shape_number(const struct plt_shape *shape, const uint8_t *code)
{
	return word_at(code + shape->number);
}
