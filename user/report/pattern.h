/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A regular expression that a person typed: POSIX extended (regcomp(3), REG_EXTENDED), on bytes, anywhere in the
 * text. glibc's regcomp() copies what is repeated, and what is nested in it once more, so that 30 bytes may cost all
 * memory; repeats of what may be empty, a**{4,9}{4,9} or 40 stars, cost it minutes; back references make its
 * regexec() exponential (glibc 2.36; tests/fuzz/fuzz_pattern.c). All these are refused before it is compiled.
 */
#ifndef PROFOUND_PATTERN_H
#define PROFOUND_PATTERN_H

#include <regex.h>
#include <stdbool.h>

#include "base/fault.h"

#define PATTERN_MAX 4096     /* bytes */
#define PATTERN_DEPTH 64     /* groups in groups */
#define PATTERN_COST_MAX 512 /* copies of what is repeated: their cost is that to the square, or worse */

struct pattern {
	const char *text; /* borrowed; NULL in a zeroed one: none */
	regex_t regex;
};

/* 0; -EINVAL with a fault that quotes the pattern and says what is wrong, or -ENOMEM with a fault. */
int pattern_init(struct pattern *pattern, const char *text, struct fault *fault);
void pattern_release(struct pattern *pattern);

bool pattern_matches(const struct pattern *pattern, const char *text);

#endif
