/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that a profiled program controls, made fit to print: valid UTF-8 (Unicode 15, table 3-7; what is not becomes
 * U+FFFD), control characters (C0, DEL, C1) become a space, and what is too long has an ellipsis in place of its
 * middle: its first 600 bytes and its last 421 stay, less what would cut a character.
 */
#ifndef PROFOUND_TEXT_H
#define PROFOUND_TEXT_H

#include <stddef.h>

#include "base/buf.h"

#define TEXT_MAX 1024 /* bytes of a name, the ellipsis included */

/* Appends at most TEXT_MAX bytes (for a while all of the text, 3 bytes for one that is no good). 0 or -ENOMEM. */
int text_clean(struct buf *out, const char *data, size_t len);

/* The same with at most `max` bytes, 425 or more. */
int text_fit(struct buf *out, const char *data, size_t len, size_t max);

#endif
