/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The identities that back ends know a build of a file by (OpenTelemetry semantic conventions, process.executable.
 * build_id.*), as text. The GNU one is struct elf's.
 */
#ifndef PROFOUND_BUILD_IDS_H
#define PROFOUND_BUILD_IDS_H

#include <stdint.h>

#include "base/buf.h"
#include "object/elf.h"

#define GO_BUILD_ID_MAX 512    /* Go's linker writes 83 bytes */
#define HTLHASH_BYTES 16
#define HTLHASH_END 4096

/* Appends bytes as lower case hex digits. 0 or -ENOMEM. */
int build_ids_hex(const uint8_t *id, size_t size, struct buf *out);

/*
 * Appends what `go tool buildid` prints: the note of name "Go" and type 4 in .note.go.buildid (ELF_NOTE_GOBUILDID_TAG in
 * Go's src/cmd/link/internal/ld/elf.go). 0; -ENODATA: there is none; -EIO; -ENOMEM.
 */
int build_ids_go(const struct elf *elf, struct buf *out);

/*
 * Appends hex digits of the first 16 bytes of SHA-256 over the file's first and last 4096 bytes, which may overlap, and its
 * length, 8 bytes big endian (OpenTelemetry specification, profiles/mappings.md of August 2026). 0; -EIO; -ENOMEM.
 */
int build_ids_htlhash(const struct elf *elf, struct buf *out);

#endif
