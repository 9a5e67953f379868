/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What dwarf_worker (the parent) and dwarf_child say to each other: messages over a SOCK_SEQPACKET pair, each a
 * struct dwarf_message and what follows it. Neither side believes the other: the parent because the child reads
 * hostile files with a library that may be tricked, the child because it costs nothing.
 *
 *   parent                                child
 *   BEGIN  a, b; the descriptors
 *   ADDRESSES  u64[], until all are there
 *                                         OPEN   path, at any time; one at a time
 *   OPENED a = 0 and a descriptor, or an errno
 *                                         LINES  records; an item's in their order, items in any
 *                                         DONE   a = 0 or an errno
 */
#ifndef PROFOUND_DWARF_PROTOCOL_H
#define PROFOUND_DWARF_PROTOCOL_H

#include <stdint.h>

#define DWARF_CHILD_SOCKET 3
#define DWARF_CHILD_ARGUMENT "dwarf-child" /* of the program that runs the child: dwarf_child_main() */

#define DWARF_MESSAGE_MAX 65536u /* bytes, the head included */
#define DWARF_STRING_MAX 16384u  /* of a function or a path; a longer one is not told */
#define DWARF_ADDRESSES_MAX (1u << 20) /* of one file; and what two messages hold at most: */
#define DWARF_ADDRESSES_EACH ((DWARF_MESSAGE_MAX - (uint32_t)sizeof(struct dwarf_message)) / 8)

enum dwarf_message_type {
	DWARF_BEGIN = 1, /* a: number of addresses; carries the file with .debug_info */
	DWARF_ADDRESSES,
	DWARF_OPENED,
	DWARF_OPEN,
	DWARF_LINES,
	DWARF_DONE,
};

struct dwarf_message {
	uint32_t type, a, reserved[2];
};

/* One function of one address; `function_len` bytes of its name and `file_len` of its path follow, without NUL. */
struct dwarf_record {
	uint32_t item;
	uint32_t line, first_line;
	uint16_t function_len, file_len; /* DWARF_NO_STRING: not known */
};

#define DWARF_NO_STRING 0xffffu

_Static_assert(sizeof(struct dwarf_message) == 16, "dwarf_message");
_Static_assert(sizeof(struct dwarf_record) == 16, "dwarf_record");
_Static_assert(sizeof(struct dwarf_record) + 2 * DWARF_STRING_MAX + sizeof(struct dwarf_message) <= DWARF_MESSAGE_MAX,
	"a record fits a message");

#endif
