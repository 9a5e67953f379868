/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hints for mistyped words: Damerau-Levenshtein distance (insert, delete, replace, swap of
 * neighbours), letters compared without case.
 */
#ifndef PROFOUND_NEAREST_H
#define PROFOUND_NEAREST_H

#include <stddef.h>

/* Words longer than 63 bytes are compared by their first 63. */
unsigned nearest_distance(const char *a, const char *b);

/* The nearest of `count` words, NULL when none is near: more than one edit in three letters is
 * another word. */
const char *nearest_word(const char *word, const char *const *words, unsigned count);

/* "; did you mean WORD?", or "" when `word` is NULL. Returns `text`. */
const char *nearest_hint(char *text, size_t size, const char *prefix, const char *word);

#endif
