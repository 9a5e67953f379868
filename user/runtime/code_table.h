/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The code objects of processes that were sampled: from (process, address, check) to a function of the profile and a
 * line of it. A code object is kept as long as its process may be sampled; functions and line tables are kept once, however
 * many processes run them.
 */
#ifndef PROFOUND_CODE_TABLE_H
#define PROFOUND_CODE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "profile/profile.h"
#include "runtime/cpython_lines.h"

struct code_table;

struct code_key {
	uint64_t start_ns; /* of the process */
	uint64_t code;     /* address */
	uint32_t tgid, exec, check;
};

/* `profile` is borrowed, and may be emptied: then code_table_begin_profile() has to be told. */
struct code_table *code_table_new(struct profile *profile);
void code_table_free(struct code_table *table);
void code_table_begin_profile(struct code_table *table);

/* Adds what the kernel side told; `lines` is the kind of its build's line tables. A later one with an equal key takes the
 * earlier one's place. 0; -EINVAL: a record that contradicts itself; -ENOMEM. */
int code_table_add(struct code_table *table, const struct abi_code *record, size_t size,
	enum cpython_lines_kind lines);

struct code_place {
	uint32_t function; /* profile_get_function(), if it is not internal */
	uint32_t line;     /* 0: not known */
	bool internal;     /* cpython_code.internal: no frame that people know of */
};

/* Where `at` (abi_runtime_frame.at) is; its function is in the profile from then on. 0; -ENOENT: nobody told of that code
 * object; -ENOMEM. */
int code_table_find(struct code_table *table, const struct code_key *key, uint32_t at, struct code_place *out);

/* Forgets the code objects that `keep` is false for: those of processes that are gone. One that was added since the last
 * time stays: who reads of a code object may not have met its process yet. */
void code_table_prune(struct code_table *table, bool (*keep)(void *context, const struct code_key *key), void *context);

/* Bytes held. */
size_t code_table_bytes(const struct code_table *table);

#endif
