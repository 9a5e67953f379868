// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/cfi_cie.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 16

/* Augmentation letters in their order; each says what is in the augmentation data. 0, or -EINVAL.
 */
static int read_letters(
	const struct cfi *cfi, struct cfi_cie *cie, const char *letters, struct cursor *data)
{
	uint64_t unused;
	uint8_t encoding;

	for (; *letters; letters++) {
		switch (*letters) {
		case 'L':
			cursor_unsigned(data, 1);
			break;
		case 'P':
			/* Where it is does not matter, but how long. */
			encoding = (uint8_t)cursor_unsigned(data, 1) & 0x7f;
			if (cfi_pointer_read(data, encoding, &cfi->bases, &unused))
				return -EINVAL;
			break;
		case 'R':
			cie->encoding = (uint8_t)cursor_unsigned(data, 1);
			break;
		case 'S':
			cie->signal = true;
			break;
		default:
			return -EINVAL;
		}
	}
	return data->bad ? -EINVAL : 0;
}

/* Augmentation data may be longer than its letters say. */
static int read_augmentation(
	const struct cfi *cfi, struct cfi_cie *cie, const char *letters, struct cursor *body)
{
	struct cursor data;
	const uint8_t *start;
	uint64_t size;

	if (!*letters)
		return 0;
	if (*letters != 'z')
		return -EINVAL;
	cie->sized = true;
	size = cursor_uleb(body);
	start = cursor_take(body, size);
	if (!start)
		return -EINVAL;
	data = cursor_over(start, size);
	return read_letters(cfi, cie, letters + 1, &data);
}

static const char *read_string(struct cursor *body)
{
	const uint8_t *nul = memchr(body->at, 0, cursor_left(body));

	return nul ? (const char *)cursor_take(body, (uint64_t)(nul - body->at) + 1) : NULL;
}

static int read_body(const struct cfi *cfi, struct cfi_cie *cie, struct cursor body)
{
	uint8_t version = (uint8_t)cursor_unsigned(&body, 1);
	const char *letters = read_string(&body);
	uint64_t ra;

	if ((version != 1 && version != 3 && version != 4) || !letters)
		return -EINVAL;
	if (version == 4 && (cursor_unsigned(&body, 1) != 8 || cursor_unsigned(&body, 1) != 0))
		return -EINVAL;
	cie->code_align = cursor_uleb(&body);
	cie->data_align = cursor_sleb(&body);
	ra = version == 1 ? cursor_unsigned(&body, 1) : cursor_uleb(&body);
	cie->encoding = POINTER_ABSOLUTE;
	if (read_augmentation(cfi, cie, letters, &body)) {
		cie->encoding = POINTER_OMIT;
		return -EINVAL;
	}
	if (body.bad || ra != CFI_RA)
		return -EINVAL;
	return cfi_program_initial(cie, body);
}

static uint32_t slot_of(const struct cfi *cfi, uint64_t offset)
{
	uint32_t slot =
		(uint32_t)(offset * UINT64_C(0x9e3779b97f4a7c15) >> 40) & (cfi->n_slots - 1);

	while (cfi->slots[slot].cie && cfi->slots[slot].offset != offset)
		slot = (slot + 1) & (cfi->n_slots - 1);
	return slot;
}

bool cfi_cie_find(const struct cfi *cfi, uint64_t offset, uint32_t *index)
{
	uint32_t slot = cfi->n_slots ? slot_of(cfi, offset) : 0;

	if (!cfi->n_slots || !cfi->slots[slot].cie)
		return false;
	*index = cfi->slots[slot].cie - 1;
	return true;
}

/* Slots stay at most half full. */
static int grow_slots(struct cfi *cfi)
{
	struct cie_slot *old = cfi->slots;
	uint32_t n_old = cfi->n_slots, n = n_old ? 2 * n_old : SLOTS_FIRST;
	struct cie_slot *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	cfi->slots = slots;
	cfi->n_slots = n;
	for (uint32_t i = 0; i < n_old; i++)
		if (old[i].cie)
			cfi->slots[slot_of(cfi, old[i].offset)] = old[i];
	free(old);
	return 0;
}

static int grow_cies(struct cfi *cfi)
{
	uint32_t cap = cfi->cap ? 2 * cfi->cap : SLOTS_FIRST / 2;
	struct cfi_cie *cies = realloc(cfi->cies, cap * sizeof(*cies));

	if (!cies)
		return -ENOMEM;
	cfi->cies = cies;
	cfi->cap = cap;
	return 0;
}

int cfi_cie_add(struct cfi *cfi, uint64_t offset, struct cursor body, uint32_t *index)
{
	struct cfi_cie *cie;

	if (cfi->n_cies == CFI_CIES_MAX)
		return -E2BIG;
	if ((cfi->n_cies == cfi->cap && grow_cies(cfi)) ||
		(2 * (cfi->n_cies + 1) > cfi->n_slots && grow_slots(cfi)))
		return -ENOMEM;
	cie = &cfi->cies[cfi->n_cies];
	*cie = (struct cfi_cie){.encoding = POINTER_OMIT};
	cie->usable = !read_body(cfi, cie, body);
	*index = cfi->n_cies++;
	cfi->slots[slot_of(cfi, offset)] = (struct cie_slot){offset, cfi->n_cies};
	return 0;
}

void cfi_cie_release(struct cfi *cfi)
{
	free(cfi->cies);
	free(cfi->slots);
	*cfi = (struct cfi){0};
}
