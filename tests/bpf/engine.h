/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The product's own unwind and emit programs, loaded as raw tracepoint programs so that BPF_PROG_TEST_RUN runs them:
 * in the caller's context and memory, with page faults off, as in an interrupt. The test writes the `struct walk`
 * that sample_cpu would have handed over, and reads what became of it.
 */
#ifndef PROFOUND_TESTS_ENGINE_H
#define PROFOUND_TESTS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

#define ENGINE_ARENA_WORDS 32768

enum engine_program { ENGINE_UNWIND, ENGINE_EMIT };

struct engine {
	struct profound_bpf *skeleton;
	struct abi_settings settings;
	int cpu; /* the process is pinned to it */
	size_t walk_size;
	char *walks; /* one a possible CPU */
	/* shared with the kernel */
	struct abi_counters *counters;
	struct abi_bank *banks;
	struct abi_slot *slots;
	struct abi_entry *entries;
	char *words;
	uint64_t *arena; /* ENGINE_ARENA_WORDS */
	struct abi_rule *rules;
	uint64_t *spaces;
	size_t words_size; /* of one bank */
	int event;         /* engine_open_faulting() */
};

/* A new skeleton with these settings; `banks` of them also says how many CPUs have counters. Fails the test. */
void engine_open(struct engine *engine, const struct abi_settings *settings);

/*
 * The same, as perf programs, all stages set: between engine_arm(true) and (false) each page fault of the calling
 * thread runs defer, with its registers and after engine_put(). The deferred ring is of `ring` bytes.
 */
void engine_open_faulting(struct engine *engine, const struct abi_settings *settings, uint32_t ring);
void engine_arm(struct engine *engine, bool on);

/* Hands all deferred records to `take`, oldest first, and returns how many. */
unsigned engine_deferred(
	struct engine *engine, int (*take)(void *context, void *data, size_t size), void *context);

void engine_close(struct engine *engine);

/* Sets the CPU's `struct walk`, and reads it. */
void engine_put(struct engine *engine, const void *walk);
void engine_get(struct engine *engine, void *walk);

/* One run of a program: with ENGINE_UNWIND the whole walk, its tail calls included, but for the hand-over to emit. */
void engine_run(struct engine *engine, enum engine_program program);

/* A new, empty chunk of rows in the map of maps: ROW_POOL_CHUNK bytes, the caller's to unmap. */
struct abi_row *engine_add_chunk(struct engine *engine, uint32_t chunk);

void engine_set_generation(struct engine *engine, uint32_t generation);

/* The id of this process's v2 cgroup: its directory's inode number. Fails where no v2 hierarchy is mounted. */
uint64_t engine_cgroup(void);

/* The oldest notice that was not taken yet; false: none. */
bool engine_notice(struct engine *engine, struct abi_notice *out);

/* Frames of a bank. */
uint64_t *engine_words(const struct engine *engine, uint32_t bank);

uint64_t engine_counter(const struct engine *engine, uint32_t cpu, enum abi_counter counter);

#endif
