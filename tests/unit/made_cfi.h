/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hand-made .eh_frame and .debug_frame, and a sink that remembers what it was given. */
#ifndef MADE_CFI_H
#define MADE_CFI_H

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "object/cfi.h"

#define MADE_SECTION 0x5000 /* where the section is at run time */
#define MADE_CODE 0x1000    /* and the code */

/* Bytes of a program, and how many: made_cie(&buf, "zR", BYTES("\x0c\x07\x08")) */
#define BYTES(text) text, sizeof(text) - 1

/* What compilers start from: CFA rsp+8, return address at CFA-8. */
#define USUAL "\x0c\x07\x08\x90\x01"

struct made_section {
	struct buf buf;
	bool debug;    /* .debug_frame */
	size_t cie;    /* the last one's offset */
	uint8_t encoding;
};

static inline void made_u32(struct buf *buf, uint32_t value)
{
	buf_append(buf, &value, sizeof(value));
}

static inline void made_u64(struct buf *buf, uint64_t value)
{
	buf_append(buf, &value, sizeof(value));
}

/* Length, then the body. */
static inline void made_entry(struct made_section *section, const struct buf *body)
{
	made_u32(&section->buf, (uint32_t)body->len);
	buf_append(&section->buf, body->data, body->len);
}

struct made_cie {
	uint8_t version;
	const char *letters;
	const char *data; /* augmentation data */
	size_t data_size;
	uint8_t ra, data_align;
};

/* Code alignment 1, data alignment -8 (0x78). */
static inline void made_cie_as(struct made_section *section, const struct made_cie *cie,
	const char *program, size_t size)
{
	struct buf body = {0};

	section->cie = section->buf.len;
	made_u32(&body, section->debug ? UINT32_MAX : 0);
	buf_putc(&body, (char)cie->version);
	buf_append(&body, cie->letters, strlen(cie->letters) + 1);
	if (cie->version == 4)
		buf_append(&body, "\x08", 2);
	buf_putc(&body, 1);
	buf_putc(&body, (char)cie->data_align);
	buf_putc(&body, (char)cie->ra);
	if (*cie->letters == 'z') {
		buf_putc(&body, (char)cie->data_size);
		buf_append(&body, cie->data, cie->data_size);
	}
	buf_append(&body, program, size);
	made_entry(section, &body);
	buf_release(&body);
}

/* .eh_frame: version 1, "zR", sdata4 and pcrel; .debug_frame: version 4. */
static inline void made_cie(struct made_section *section, const char *program, size_t size)
{
	const struct made_cie eh = {1, "zR", "\x1b", 1, 16, 0x78}, debug = {4, "", "", 0, 16, 0x78};

	section->encoding = section->debug ? 0 : 0x1b;
	made_cie_as(section, section->debug ? &debug : &eh, program, size);
}

/* An address in the form that section->encoding says, as the next thing of an entry's body. */
static inline void made_pointer(struct made_section *section, struct buf *body, uint64_t value,
	bool relative)
{
	uint64_t here = MADE_SECTION + section->buf.len + 4 + body->len;
	unsigned form = section->encoding & 0xf, base = section->encoding & 0x70;

	value -= relative && base == 0x10 ? here : 0;
	buf_append(body, &value, form == 0xb || form == 3 ? 4 : form == 2 || form == 0xa ? 2 : 8);
}

/* An FDE of the last CIE. */
static inline void made_fde(struct made_section *section, uint64_t start, uint64_t length,
	const char *program, size_t size)
{
	struct buf body = {0};

	made_u32(&body, (uint32_t)(section->debug ? section->cie
						  : section->buf.len + 4 - section->cie));
	made_pointer(section, &body, start, true);
	made_pointer(section, &body, length, false);
	if (!section->debug)
		buf_putc(&body, 0);
	buf_append(&body, program, size);
	made_entry(section, &body);
	buf_release(&body);
}

#define SEEN_ROWS 64

struct seen {
	uint64_t start, end; /* of the last range */
	unsigned ranges, rows;
	struct {
		uint64_t start;
		struct abi_rule rule;
	} row[SEEN_ROWS];
	int fail; /* what every row returns */
};

static inline int seen_range(void *context, uint64_t start, uint64_t end)
{
	struct seen *seen = context;

	seen->start = start;
	seen->end = end;
	seen->ranges++;
	return 0;
}

static inline int seen_row(void *context, uint64_t start, const struct abi_rule *rule)
{
	struct seen *seen = context;

	if (seen->rows < SEEN_ROWS) {
		seen->row[seen->rows].start = start;
		seen->row[seen->rows++].rule = *rule;
	}
	return seen->fail;
}

/* Reads the section, and releases it; the reader's counts are in *cfi. */
static inline int made_read(struct made_section *section, struct seen *seen, struct cfi *counts)
{
	const struct row_sink sink = {seen_range, seen_row, seen};
	const struct cfi_bases bases = {.address = MADE_SECTION, .text = 0x100, .got = 0x200};
	struct cfi cfi;
	int err;

	cfi_init(&cfi, section->buf.data, section->buf.len, !section->debug, &bases);
	err = cfi_rows(&cfi, false, &sink);
	*counts = (struct cfi){.broken = cfi.broken, .limited = cfi.limited, .n_cies = cfi.n_cies};
	cfi_release(&cfi);
	buf_release(&section->buf);
	return err;
}

#endif
