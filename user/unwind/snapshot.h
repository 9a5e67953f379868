/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One sampled stack, and everything that is needed to unwind it again on another machine: registers, a copy of the
 * stack, executable mappings, of each mapped file what its unwind tables are built from (object/excerpt.h), and the
 * walk as it was when the snapshot was taken. It holds what the process had on its stack, but neither command line nor
 * environment.
 *
 * A snapshot file is gzip of the following; integers are little endian; text is a u16 length and as many bytes.
 *
 *   "profound sample\n", u32 version = 2; 1 is read, too
 *   u64 registers[17]         by DWARF number, 16 is ip
 *   u64 from, u64 len, u8 full, u8 in_syscall, bytes[len - from]    the stack from sp's page on, as struct stack_copy
 *   u32 files, each: text name, u8 size and bytes of the build id, u64 size of the file, u32 parts,
 *                    each: u64 offset, u32 size, bytes; what is in no part is zeros. No part: no walk can come here
 *   u32 maps, each: u64 start, end, offset, u32 file, or 0xffffffff: anonymous memory. Ascending, none overlapping
 *   u32 frames, each: u64 address, u8 1 = found by frame pointer, text name, "" when there is none
 *   text cause               that cut the walk (a name in bpf/counters.def), "": complete
 *   u32 loops                since version 2; 0: no interpreter was found, and nothing follows. Each: u64 start, end: ELF
 *                            addresses of its loop
 *   u32 file, u8 tail_calls, u8 lines (enum cpython_lines_kind), u16 size and bytes of its struct abi_cpython (80 of them
 *                            in version 2), u64 bias, u64 pthread_self()
 *   u32 pieces, each: u64 address, u16 size, bytes    memory that the walk over its frames reads
 *
 * A snapshot is hostile: every size is checked and capped.
 */
#ifndef PROFOUND_SNAPSHOT_H
#define PROFOUND_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "abi.h"
#include "base/buf.h"
#include "object/object.h"
#include "runtime/cpython_live.h"
#include "unwind/stack_walk.h"

#define SNAPSHOT_MAGIC "profound sample\n"
#define SNAPSHOT_MAGIC_SIZE 16
#define SNAPSHOT_VERSION 2

#define SNAPSHOT_BYTES_MAX (64u << 20) /* unpacked */
#define SNAPSHOT_STACK_MAX (1u << 20)
#define SNAPSHOT_FILES_MAX 256u
#define SNAPSHOT_FILE_MAX (UINT64_C(4) << 30) /* all files together, the zeros included */
#define SNAPSHOT_MAPS_MAX 4096u
#define SNAPSHOT_TEXT_MAX 4096u

struct snapshot_file {
	char *name; /* last component, "[vdso]" for the vDSO; owned */
	uint8_t build_id[BUILD_ID_MAX], build_id_size;
	int fd; /* the file, or a memfd of what is known of it; -1: not needed; owned */
};

struct snapshot_map {
	uint64_t start, end, offset;
	uint32_t file; /* index; SNAPSHOT_ANONYMOUS */
};

#define SNAPSHOT_ANONYMOUS UINT32_MAX

struct snapshot_frame {
	uint64_t address; /* to look up, as in struct stack_walk */
	bool fp;
	char *name; /* owned; "" when there is none */
};

/* What an interpreter has of the thread. */
struct snapshot_runtime {
	struct cpython_live live; /* walked anew when a snapshot is parsed */
	struct cpython_where where;
	struct memory_pieces pieces; /* what that walk reads */
	struct cpython_range loop[1 + CPYTHON_LOOPS]; /* ELF addresses */
	uint32_t n_loops; /* 0: there is no interpreter */
	uint32_t file;    /* its index */
	bool tail_calls;
};

/* Arrays and what they own are freed by snapshot_release(). */
struct snapshot {
	uint64_t reg[17];
	struct stack_copy stack; /* bytes are owned */
	struct snapshot_file *files;
	struct snapshot_map *maps;
	struct snapshot_frame *frames;
	uint32_t n_files, n_maps, n_frames;
	uint8_t cut; /* enum abi_counter of class CUT, 0: complete */
	struct snapshot_runtime runtime;
};

/* A zeroed struct is an empty snapshot. */
void snapshot_release(struct snapshot *snapshot);

/*
 * To bytes, the files cut down to what the walks over this stack can need. 0; -E2BIG past SNAPSHOT_BYTES_MAX; -ENOMEM;
 * -EIO a file cannot be read.
 */
int snapshot_pack(const struct snapshot *snapshot, struct buf *out);
/* From bytes: 0; -EBADMSG no snapshot, or one that contradicts itself; -E2BIG; -ENOMEM; what memfd_create(2) says. On
 * failure *snapshot is zeroed. */
int snapshot_parse(struct snapshot *snapshot, const void *data, size_t len);

/* Packed bytes to a stream as gzip; errors of the stream are left in it. 0, -ENOMEM. */
int snapshot_save(const struct buf *packed, FILE *stream);
/* From a regular file. Errors as snapshot_parse(), and of pread(2). */
int snapshot_load(struct snapshot *snapshot, int fd);

#endif
