/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What samples add up to, for people: one word of ASCII each, so that tables stay columns. */
#ifndef PROFOUND_AMOUNT_H
#define PROFOUND_AMOUNT_H

#include <stdint.h>

#define AMOUNT_TEXT 32 /* bytes that a text needs at most */

/* "1978" of counts and of units that are not known; of "bytes" "12.3MB" (powers of 1,000), of "nanoseconds" "4.56s". */
void amount_text(char text[AMOUNT_TEXT], uint64_t value, const char *unit);

/* "41.05%"; "100.00%" only where it is all. Of nothing: "0.00%". */
void amount_share(char text[AMOUNT_TEXT], uint64_t part, uint64_t whole);

#endif
