/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hexadecimal digits, and percent-escapes made of two of them (RFC 3986, 2.1). */
#ifndef PROFOUND_HEX_H
#define PROFOUND_HEX_H

#include <stddef.h>

/* 0..15; -1: it is none. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that the escape at `at` stands for, of `left` bytes; -1: it is no whole escape. */
static inline int hex_escape(const char *at, size_t left)
{
	int high, low;

	if (left < 3 || at[0] != '%')
		return -1;
	high = hex_digit(at[1]);
	low = hex_digit(at[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

#endif
