/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine code that is known byte by byte: hexadecimal digits, ".." is any byte ("e8........" a call to anywhere).
 */
#ifndef PROFOUND_CODE_PATTERN_H
#define PROFOUND_CODE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that a pattern is long. */
size_t code_pattern_size(const char *pattern);

/* The code begins so. */
bool code_pattern_matches(const char *pattern, const uint8_t *code, size_t size);

#endif
