/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What parser_worker (the parent) and parser_child say to each other: messages over a SOCK_SEQPACKET pair, each a
 * struct parser_message and what follows it. Neither side believes the other: the parent because the child reads
 * hostile files with libraries that may be tricked, the child because it costs nothing.
 *
 *   parent                                child
 *   BEGIN  job, a, flags; the descriptors
 *   ADDRESSES  u64[], until all `a` are there
 *   SPANS  struct jit_span[], as many (JIT)
 *   LINES  records: what is known by now (SYMBOLS)
 *   READY  (all but LINES and those without addresses)
 *                                         OPEN   path, at any time; one at a time (LINES)
 *   OPENED a = 0 and a descriptor, or an errno
 *                                         LINES  records; an item's in their order, items in any
 *                                         NAMES  records
 *                                         COUNTS u64[COUNTERS] (JIT)
 *                                         TABLE, RULES, BASES, ROWS (TABLE)
 *                                         DONE   a = 0 or an errno
 */
#ifndef PROFOUND_PARSER_PROTOCOL_H
#define PROFOUND_PARSER_PROTOCOL_H

#include <stdint.h>

#define PARSER_CHILD_SOCKET 3
#define PARSER_CHILD_ARGUMENT "parser-child" /* of the program that runs the child: parser_child_main() */

#define PARSER_MESSAGE_MAX 65536u /* bytes, the head included */
#define PARSER_STRING_MAX 16384u  /* of a function or a path; a longer one is not told */
#define PARSER_ADDRESSES_MAX (1u << 20) /* of one file */

enum parser_message_type {
	PARSER_BEGIN = 1, /* a: number of addresses; carries descriptors */
	PARSER_ADDRESSES,
	PARSER_OPENED,
	PARSER_OPEN,
	PARSER_LINES,
	PARSER_DONE,
	PARSER_SPANS,
	PARSER_READY,
	PARSER_NAMES,
	PARSER_COUNTS,
	PARSER_TABLE, /* struct parser_table */
	PARSER_RULES, /* struct abi_rule[], from id 0 on */
	PARSER_BASES, /* u64[] */
	PARSER_ROWS,  /* struct abi_row[] */
};

enum parser_job {
	PARSER_JOB_LINES,   /* parser_worker_lines(): the file with .debug_info */
	PARSER_JOB_GO,      /* go_symbols.h: the file */
	PARSER_JOB_SYMBOLS, /* file_symbols.h: the file, and its debug file if there is one */
	PARSER_JOB_JIT,     /* jit.h: what the flags say */
	PARSER_JOB_TABLE,   /* unwind_table.h: the file */
	PARSER_JOBS,
};

enum parser_flags { /* of a JIT's files */
	PARSER_DUMP = 1, /* the first descriptor is a jitdump */
	PARSER_MAP = 2,  /* the last one is a perf-map */
	PARSER_OTHER_CLOCK = 4,
};

#define PARSER_FDS 2 /* with one message, at most */

struct parser_message {
	uint32_t type, a, job, flags;
};

/* The name of one address; `len` bytes follow, without NUL. */
struct parser_name {
	uint32_t item;
	uint16_t len; /* PARSER_NO_STRING: it is disputed (batch.h) */
	uint8_t type; /* enum frame_type */
	uint8_t renamed;
};

/* As in struct unwind_table. */
struct parser_table {
	uint32_t pages, rules;
	uint64_t no_room, overlaps, broken, skipped;
};

/* One function of one address; `function_len` bytes of its name and `file_len` of its path follow, without NUL. */
struct parser_record {
	uint32_t item;
	uint32_t line, first_line;
	uint16_t function_len, file_len; /* PARSER_NO_STRING: not known */
};

#define PARSER_NO_STRING 0xffffu

_Static_assert(sizeof(struct parser_message) == 16, "parser_message");
_Static_assert(sizeof(struct parser_name) == 8, "parser_name");
_Static_assert(sizeof(struct parser_table) == 40, "parser_table");
_Static_assert(sizeof(struct parser_record) == 16, "parser_record");
_Static_assert(sizeof(struct parser_record) + 2 * PARSER_STRING_MAX + sizeof(struct parser_message) <= PARSER_MESSAGE_MAX,
	"a record fits a message");

#endif
