// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/cfi_pointer.h"

#include <errno.h>
#include <stdbool.h>

enum { FORM_ULEB = 0x01, FORM_SLEB = 0x09, BASE = 0xf0, FORMS = 16 };
enum { BASE_NONE = 0x00, BASE_PC = 0x10, BASE_TEXT = 0x20, BASE_DATA = 0x30 };

/* Bytes of a form; 0: none, or a LEB128 */
static const uint8_t form_size[FORMS] = {
	[0x0] = 8, [0x2] = 2, [0x3] = 4, [0x4] = 8, [0x8] = 8, [0xa] = 2, [0xb] = 4, [0xc] = 8};

static bool read_form(struct cursor *cursor, uint8_t form, uint64_t *value)
{
	if (form == FORM_ULEB)
		*value = cursor_uleb(cursor);
	else if (form == FORM_SLEB)
		*value = (uint64_t)cursor_sleb(cursor);
	else if (form_size[form])
		*value = form & 8 ? (uint64_t)cursor_signed(cursor, form_size[form])
				  : cursor_unsigned(cursor, form_size[form]);
	else
		return false;
	return !cursor->bad;
}

int cfi_pointer_read(
	struct cursor *cursor, uint8_t encoding, const struct cfi_bases *bases, uint64_t *address)
{
	uint64_t here = bases->address + (uint64_t)(cursor->at - bases->data), value, base;

	switch (encoding & BASE) {
	case BASE_NONE:
		base = 0;
		break;
	case BASE_PC:
		base = here;
		break;
	case BASE_TEXT:
		base = bases->text;
		break;
	case BASE_DATA:
		base = bases->got;
		break;
	default:
		return -EINVAL;
	}
	if (!read_form(cursor, encoding & POINTER_FORM, &value))
		return -EINVAL;
	*address = base + value;
	return 0;
}
