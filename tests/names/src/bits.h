// SPDX-License-Identifier: GPL-2.0-or-later
static inline unsigned rotate(unsigned value, unsigned by)
{
	return value << by | value >> (32 - by);
}

static inline unsigned bits(unsigned value)
{
	unsigned n = 0;

	for (; value; value &= value - 1)
		n++;
	return n;
}
