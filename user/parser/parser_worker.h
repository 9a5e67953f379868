/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hostile files say, read by a child process (parser_child.h) that has no privilege and opens nothing: descriptors are
 * handed to it. It is started for the first job, serves all that come after, and when it dies, hangs or lies, that
 * job's answer is missing, the caller is told, and the next job gets a new one. Here: inlined functions and source lines
 * (libelf maps files that their owner can cut off, and libdw was not made for hostile ones), and the way for all
 * other jobs (parser_names.h, parser_table.h).
 */
#ifndef PROFOUND_PARSER_WORKER_H
#define PROFOUND_PARSER_WORKER_H

#include <stdint.h>

#include "parser/parser_job.h"
#include "symbolize/namer.h"

#define PARSER_DEADLINE_MS 20000u /* a file */
#define PARSER_REST_NS UINT64_C(5000000000)
#define PARSER_TOTAL_MS 60000u    /* a run, for DWARF; after that, or after so many failures, every file fails at once: */
#define PARSER_FAILURES_MAX 64u   /* few enough to be no flood of processes, too many for one container's files to end all */
#define PARSER_OPENS_MAX 65536u   /* files that one file's DWARF may ask for */
#define PARSER_RESULT_MAX (256ull << 20) /* bytes of memory for one file's lines */

struct parser_worker_options {
	const char *argument; /* of /proc/self/exe, whose main() calls parser_child_main(); NULL: PARSER_CHILD_ARGUMENT */
	uint32_t deadline_ms; /* 0: PARSER_DEADLINE_MS */
	uint32_t total_ms;    /* 0: PARSER_TOTAL_MS */
	uint32_t failures;    /* 0: PARSER_FAILURES_MAX */
};

struct parser_worker;

/* NULL: no memory. Options are copied. */
struct parser_worker *parser_worker_new(const struct parser_worker_options *options);
/* Ends the child. NULL is fine. */
void parser_worker_free(struct parser_worker *worker);

/* Ends the child, or leaves it after a second if it does not die; the next file would start another one. */
void parser_worker_stop(struct parser_worker *worker);
/* Ends it if nothing was asked of it for PARSER_REST_NS. */
void parser_worker_rest(struct parser_worker *worker);
uint64_t parser_worker_cpu_ns(const struct parser_worker *worker);

/*
 * Fills the lines of a sorted batch of ELF virtual addresses, where the DWARF has some. An item's last function is the
 * one that DWARF says is there, whatever item->name is.
 *   0; -ENODATA      no debug information: nothing was started, nothing is missing
 *   -ENOENT          lines are right, but a file that the DWARF names was not to be had, or not the one it means
 *   -EBADMSG         lines are right, but some of the DWARF makes no sense
 *   -EPIPE, -ETIMEDOUT, -EPROTO, -E2BIG, -EMFILE, -EIO...  no lines: the child died, hung, lied, could not be started, or
 *                    there was no memory for its answer
 */
int parser_worker_lines(struct parser_worker *worker, const struct dwarf_files *files, struct batch *batch);

/* Has a job done: `take` sees each message of its answer, and its first error ends the job. 0 or an error that the job's
 * header names; -EPIPE: the child died, hung, lied, or there was no memory. */
int parser_worker_ask(struct parser_worker *worker, const struct parser_job_request *request, parser_job_take *take,
	void *context);

#endif
