/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bytes are, told by their structure: OTLP and pprof are both protobuf without a magic number.
 *
 *   pprof  field 6, the string table, and its first entry is empty: the bytes 32 00, which no text has
 *   OTLP   fields 1 and 2 alone (resource_profiles, dictionary), both of them messages of messages
 *   text   no byte of 0
 *
 * Where a file is cut off before its string table, its first field 1 decides: numbers (ValueType) in pprof, messages
 * (ResourceProfiles) in OTLP. Text that looks like protobuf has a control character, and is no name that we write.
 */
#ifndef PROFOUND_CONTENT_H
#define PROFOUND_CONTENT_H

#include <stddef.h>
#include <stdint.h>

enum content { CONTENT_OTHER, CONTENT_TEXT, CONTENT_PPROF, CONTENT_OTLP };

/* No bytes at all are text. */
enum content content_of(const uint8_t *data, size_t len);

#endif
