// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/cfi.h"

#include <errno.h>

#include "object/cfi_cie.h"

#define EXTENDED_LENGTH 0xffffffffu

struct entry {
	uint64_t next;      /* offset of the entry after it */
	uint64_t id, id_at; /* what tells a CIE from an FDE, and its offset */
	size_t id_size;
	struct cursor body; /* what follows the id */
};

void cfi_init(
	struct cfi *cfi, const void *data, size_t size, bool eh, const struct cfi_bases *bases)
{
	*cfi = (struct cfi){.data = data, .size = size, .eh = eh, .bases = *bases};
	cfi->bases.data = data;
}

void cfi_release(struct cfi *cfi)
{
	cfi_cie_release(cfi);
}

/* 0; -ENODATA: a terminator, which is 4 bytes; -EINVAL: the entry leaves the section. */
static int read_entry(const struct cfi *cfi, uint64_t offset, struct entry *entry)
{
	struct cursor cursor = cursor_over(cfi->data + offset, cfi->size - offset);
	uint64_t length = cursor_unsigned(&cursor, 4);

	entry->id_size = 4;
	if (length == EXTENDED_LENGTH) {
		length = cursor_unsigned(&cursor, 8);
		entry->id_size = 8;
	}
	if (cursor.bad || length > cursor_left(&cursor))
		return -EINVAL;
	if (!length)
		return -ENODATA;
	entry->body = cursor_over(cursor.at, length);
	entry->id_at = (uint64_t)(cursor.at - cfi->data);
	entry->next = entry->id_at + length;
	entry->id = cursor_unsigned(&entry->body, entry->id_size);
	return entry->body.bad ? -EINVAL : 0;
}

static bool is_cie(const struct cfi *cfi, const struct entry *entry)
{
	if (cfi->eh)
		return entry->id == 0;
	return entry->id == (entry->id_size == 8 ? UINT64_MAX : UINT32_MAX);
}

/* The CIE of an FDE, parsed now if it was not yet. 0; -ENOMEM; -EINVAL: there is none; -E2BIG. */
static int find_cie(struct cfi *cfi, const struct entry *fde, uint32_t *index)
{
	uint64_t offset = cfi->eh ? fde->id_at - fde->id : fde->id;
	struct entry entry;

	if (cfi_cie_find(cfi, offset, index))
		return 0;
	if (offset >= cfi->size || read_entry(cfi, offset, &entry) || !is_cie(cfi, &entry))
		return -EINVAL;
	if (cursor_left(&entry.body) > CFI_CIE_BYTES)
		return -E2BIG;
	return cfi_cie_add(cfi, offset, entry.body, index);
}

/*
 * The code of an FDE: address, length in the same form but without a base, augmentation data,
 * program. An FDE whose CIE cannot be used has no program that could be.
 */
static int read_code(
	const struct cfi *cfi, const struct cfi_cie *cie, struct cursor body, struct cfi_code *code)
{
	uint64_t length;

	code->bases = cfi->bases;
	if (cfi_pointer_read(&body, cie->encoding, &cfi->bases, &code->start) ||
		cfi_pointer_read(&body, cie->encoding & POINTER_FORM, &cfi->bases, &length) ||
		__builtin_add_overflow(code->start, length, &code->end))
		return -EINVAL;
	if (cie->sized)
		cursor_take(&body, cursor_uleb(&body));
	code->program = body;
	return body.bad ? -EINVAL : 0;
}

static int count_broken(struct cfi *cfi, int err)
{
	if (err == -EINVAL)
		cfi->broken++;
	else if (err == -E2BIG)
		cfi->limited++;
	else
		return err;
	return 0;
}

static int refused(const struct cfi_code *code, const struct row_sink *sink)
{
	static const struct abi_rule unsupported = {.cfa = CFA_UNSUPPORTED};
	int err = sink->range(sink->context, code->start, code->end);

	return err ? err : sink->row(sink->context, code->start, &unsupported);
}

static int fde_rows(struct cfi *cfi, const struct entry *entry, const struct row_sink *sink)
{
	const struct cfi_cie *cie;
	struct cfi_code code;
	uint32_t index;
	int err = find_cie(cfi, entry, &index);

	if (err)
		return count_broken(cfi, err);
	cie = &cfi->cies[index];
	if (cie->encoding == POINTER_OMIT || read_code(cfi, cie, entry->body, &code)) {
		cfi->broken++;
		return 0;
	}
	if (code.start == code.end)
		return 0;
	if (!cie->usable)
		return refused(&code, sink);
	return count_broken(cfi, cfi_program_rows(cie, &code, sink));
}

int cfi_rows(struct cfi *cfi, bool to_terminator, const struct row_sink *sink)
{
	uint64_t offset = 0;

	while (offset < cfi->size) {
		struct entry entry;
		int err = read_entry(cfi, offset, &entry);

		if (err == -ENODATA && to_terminator)
			return 0;
		if (err == -ENODATA) {
			offset += 4;
			continue;
		}
		if (err)
			return count_broken(cfi, err);
		offset = entry.next;
		if (!is_cie(cfi, &entry))
			err = fde_rows(cfi, &entry, sink);
		if (err)
			return err;
	}
	return 0;
}

int cfi_rows_at(struct cfi *cfi, uint64_t offset, const struct row_sink *sink)
{
	struct entry entry;

	if (offset >= cfi->size || read_entry(cfi, offset, &entry) || is_cie(cfi, &entry)) {
		cfi->broken++;
		return 0;
	}
	cfi->spent += entry.next - offset;
	if (cfi->spent > cfi->size)
		return count_broken(cfi, -E2BIG);
	return fde_rows(cfi, &entry, sink);
}
