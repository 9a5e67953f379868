// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int digits(const char *text, int base, const char **end, uint64_t *value)
{
	char *stop;
	unsigned long long number;

	if (!(base == 16 ? isxdigit((unsigned char)*text) : isdigit((unsigned char)*text)))
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &stop, base);
	if (errno)
		return -ERANGE;
	*end = stop;
	*value = number;
	return 0;
}

static int whole(const char *text, int base, uint64_t *value)
{
	const char *end;
	uint64_t number;
	int err = digits(text, base, &end, &number);

	if (err)
		return err;
	if (*end)
		return -EINVAL;
	*value = number;
	return 0;
}

int number_decimal(const char *text, uint64_t *value)
{
	return whole(text, 10, value);
}

int number_any(const char *text, uint64_t *value)
{
	/* strtoull() in base 16 would take a second 0x by itself. */
	if (text[0] == '0' && tolower((unsigned char)text[1]) == 'x')
		return text[2] == '0' && tolower((unsigned char)text[3]) == 'x'
			       ? -EINVAL
			       : whole(text + 2, 16, value);
	return whole(text, 10, value);
}

int number_scaled(const char *text, uint64_t unit, uint64_t *value)
{
	static const char powers[] = "kmgt";
	const char *end, *power;
	uint64_t number;
	int err = digits(text, 10, &end, &number);

	if (err)
		return err;
	if (*end) {
		power = strchr(powers, tolower((unsigned char)*end));
		if (!power || end[1])
			return -EINVAL;
		for (; power >= powers; power--)
			if (__builtin_mul_overflow(number, unit, &number))
				return -ERANGE;
	}
	*value = number;
	return 0;
}

int number_fraction(const char *text, uint64_t scale, uint64_t *value)
{
	uint64_t number = 0;
	const char *end = text;
	int err = *text == '.' ? 0 : digits(text, 10, &end, &number);

	if (err)
		return err;
	if (__builtin_mul_overflow(number, scale, &number))
		return -ERANGE;
	if (*end == '.') {
		if (!isdigit((unsigned char)*++end))
			return -EINVAL;
		for (; isdigit((unsigned char)*end); end++) {
			scale /= 10;
			if (__builtin_add_overflow(number, scale * (*end - '0'), &number))
				return -ERANGE;
		}
	}
	if (*end)
		return -EINVAL;
	*value = number;
	return 0;
}

static uint64_t seconds_of(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	default:
		return 0;
	}
}

int number_duration(const char *text, uint64_t *ns)
{
	size_t len = strlen(text);
	uint64_t unit = len ? seconds_of(text[len - 1]) : 0, value;
	char number[32];
	int err;

	if (!unit || len > sizeof(number))
		return -EINVAL;
	memcpy(number, text, len - 1);
	number[len - 1] = 0;
	err = number_fraction(number, 1000000000, &value);
	if (!err && __builtin_mul_overflow(value, unit, &value))
		err = -ERANGE;
	if (!err)
		*ns = value;
	return err;
}
