/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strict numbers from a person's typing: digits only, no sign, no spaces, all of the text. Each
 * returns 0; -EINVAL when the text is no such number; -ERANGE when it is too large for the type.
 * *value unchanged on failure.
 */
#ifndef PROFOUND_NUMBER_H
#define PROFOUND_NUMBER_H

#include <stdint.h>

int number_decimal(const char *text, uint64_t *value);

/* Decimal or 0x… hexadecimal. */
int number_any(const char *text, uint64_t *value);

/* Decimal, then at most one of k, m, g, t (either case) to the power 1..4 of `unit` (1000 or 1024).
 */
int number_scaled(const char *text, uint64_t unit, uint64_t *value);

/* Decimal with a fraction: "1.5" with scale 1000 is 1500. Digits past the scale's are dropped. */
int number_fraction(const char *text, uint64_t scale, uint64_t *value);

/* A length of time in nanoseconds: decimal with a fraction, then s, m, h or d. */
int number_duration(const char *text, uint64_t *ns);

#endif
