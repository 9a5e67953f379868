/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process context that an OpenTelemetry SDK publishes in its process's memory for readers like us (OTEP 4719,
 * oteps/profiles/4719-process-ctx.md of opentelemetry-specification, August 2026). A mapping whose name starts with
 * [anon_shmem:OTEL_CTX], [anon:OTEL_CTX] or /memfd:OTEL_CTX begins with
 *
 *   char signature[8] "OTEL_CTX"; u32 version 2; u32 payload_size; u64 published_at_ns, 0 while it changes; u64 payload
 *
 * and payload points to an opentelemetry.proto.processcontext.v1development.ProcessContext (opentelemetry-proto):
 * resource = 1 { attributes = 1 { key = 1, value = 2 { string 1, bool 2, int 3 } } }.
 *
 * All of it is hostile. What it wrote lies in its memory: a page that does not is not waited for, because whoever
 * serves it (FUSE, userfaultfd) could let us wait for ever. A page may be replaced between the look and the read, so a
 * child reads (bounded.h), and is left behind when it does not come back.
 */
#ifndef PROFOUND_PROCESS_CONTEXT_H
#define PROFOUND_PROCESS_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define PROCESS_CONTEXT_MAX 65536 /* bytes of payload, as opentelemetry-ebpf-profiler takes */

/* Is a mapping of this path (maps.h) one that may hold it? */
bool process_context_is_at(const char *path);

/* Appends what a payload says of the service, as stated.h has it. 0; -EBADMSG: it is no such message, and what stood
 * before the fault was appended; -ENOMEM. */
int process_context_parse(const uint8_t *payload, size_t size, struct buf *text);

/*
 * The same of the process whose directory in /proc this is, from the mapping that starts at `address`. 0; -ENODATA: there
 * is none, or it kept changing, or it is not in memory; -EBADMSG; -ENOMEM; -ETIMEDOUT: the read does not end; or what
 * open(2) and fork(2) say. On failure nothing is appended.
 */
int process_context_read(int proc_dir, uint64_t address, struct buf *text);

#endif
