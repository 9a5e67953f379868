// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/cpython_offsets.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define COOKIE "xdebugpy"
#define NONE 0xffff

struct version {
	uint16_t version;
	uint16_t runtime_head;
	uint16_t code_first_line, code_file, code_name, code_qualname, code_lines; /* from the code object's start */
	struct abi_cpython abi;
};

/* The frame objects of 3.6 to 3.10; all have each frame in a group of its own. */
#define FRAME_OBJECTS(at_, unit_, id_)                                                             \
	.frames = CPYTHON_FRAME_OBJECTS, .at_unit = unit_, .owner_end = 0, .owner_max = 0,         \
	.interp_next = 0, .interp_threads = 8, .thread_next = 8, .thread_id = id_,                 \
	.thread_frame = 24, .cframe_current = NONE, .frame_back = 24, .frame_code = 32,            \
	.frame_at = at_, .frame_owner = NONE, .frame_tlbc = NONE, .code_tlbc = NONE,               \
	.code_bytes = NONE

/* PyASCIIObject had wstr, PyCompactUnicodeObject wstr_length up to 3.11 (PEP 623). */
#define UNICODE_OLD                                                                                \
	.unicode_kind = 2, .unicode_state = 32, .unicode_length = 16, .unicode_ascii = 48,         \
	.unicode_compact = 72, .bytes_size = 16, .bytes_data = 32
#define UNICODE_NEW                                                                                \
	.unicode_kind = 2, .unicode_state = 32, .unicode_length = 16, .unicode_ascii = 40,         \
	.unicode_compact = 56, .bytes_size = 16, .bytes_data = 32

static const struct version versions[] = {
	{0x0306, NONE, 36, 96, 104, NONE, 112, {FRAME_OBJECTS(120, 1, 152), UNICODE_OLD}},
	{0x0307, 24, 36, 96, 104, NONE, 112, {FRAME_OBJECTS(104, 1, 176), UNICODE_OLD}},
	{0x0308, 32, 40, 104, 112, NONE, 120, {FRAME_OBJECTS(104, 1, 176), UNICODE_OLD}},
	{0x0309, 32, 40, 104, 112, NONE, 120, {FRAME_OBJECTS(104, 1, 176), UNICODE_OLD}},
	{0x030a, 32, 40, 104, 112, NONE, 120, {FRAME_OBJECTS(96, 2, 176), UNICODE_OLD}},
	{0x030b, 40, 72, 112, 120, 128, 136,
		{.frames = CPYTHON_CFRAME, .at_unit = 1, .owner_end = 0, .owner_max = 1,
			.interp_next = 0, .interp_threads = 16, .thread_next = 8, .thread_id = 152,
			.thread_frame = 56, .cframe_current = 8, .frame_back = 48, .frame_code = 32,
			.frame_at = 56, .frame_owner = 68, .frame_tlbc = NONE, .code_tlbc = NONE,
			.code_bytes = 184, UNICODE_OLD}},
	{0x030c, 40, 68, 112, 120, 128, 136,
		{.frames = CPYTHON_CFRAME, .at_unit = 1, .owner_end = 3, .owner_max = 3,
			.interp_next = 0, .interp_threads = 72, .thread_next = 8, .thread_id = 136,
			.thread_frame = 56, .cframe_current = 0, .frame_back = 8, .frame_code = 0,
			.frame_at = 56, .frame_owner = 70, .frame_tlbc = NONE, .code_tlbc = NONE,
			.code_bytes = 192, UNICODE_NEW}},
};

/* The block in which the code object's members lie. */
static int set_code(struct abi_cpython *abi, const struct version *version)
{
	uint16_t least = version->code_first_line & ~7U;
	const uint16_t members[] = {
		version->code_file, version->code_name, version->code_lines, version->code_qualname};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		least = members[i] < least ? members[i] : least;
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (members[i] != NONE && (members[i] & 7 || members[i] - least > ABI_CODE_BLOCK - 8))
			return -ENOTSUP;
	if (version->code_first_line & 3 || version->code_first_line - least > ABI_CODE_BLOCK - 8)
		return -ENOTSUP;
	abi->code_block = least;
	abi->code_first_line = version->code_first_line - least;
	abi->code_file = version->code_file - least;
	abi->code_name = version->code_name - least;
	abi->code_lines = version->code_lines - least;
	abi->code_qualname =
		version->code_qualname == NONE ? 0xff : version->code_qualname - least;
	return 0;
}

int cpython_offsets_of_version(struct abi_cpython *out, uint16_t version, uint64_t *head)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		struct abi_cpython abi = versions[i].abi;

		if (versions[i].version != version)
			continue;
		if (set_code(&abi, &versions[i]))
			return -ENOTSUP;
		abi.version = version;
		*out = abi;
		*head = versions[i].runtime_head;
		return 0;
	}
	return -ENOTSUP;
}

/*
 * Which word of _Py_DebugOffsets each member is, by minor version: members were added in between. And what they leave
 * out: Include/internal/pycore_frame.h of 3.13, pycore_interpframe_structs.h of 3.14 (owner), pycore_stackref.h of 3.14
 * (tags), Include/cpython/unicodeobject.h of 3.14 (`interned` is a byte in free-threaded builds).
 */
struct published {
	uint16_t version;
	uint8_t interp_next, interp_threads, thread_next, thread_frame, thread_id;
	uint8_t frame_back, frame_code, frame_at, frame_owner, frame_tlbc;
	uint8_t code_file, code_name, code_qualname, code_lines, code_first_line, code_bytes, code_tlbc;
	uint8_t bytes_size, bytes_data, unicode_state, unicode_length, unicode_ascii;
	uint8_t owner_end, owner_max, tagged, unicode_kind_free_threaded;
};

static const struct published published[] = {
	{0x030d, 8, 9, 21, 23, 24, 29, 30, 31, 33, 0, 35, 36, 37, 38, 39, 43, 0, 65, 66, 68, 69, 70, 3,
		3, 0, 2},
	{0x030e, 8, 9, 24, 26, 27, 32, 33, 34, 36, 38, 40, 41, 42, 43, 44, 48, 49, 75, 76, 78, 79, 80,
		3, 4, 3, 8},
	{0x030f, 8, 9, 24, 26, 30, 40, 41, 42, 44, 46, 48, 49, 50, 51, 52, 56, 57, 87, 88, 90, 91, 92,
		3, 4, 3, 8},
};

#define WORD_VERSION 1 /* PY_VERSION_HEX; 0 is the cookie */
#define WORD_FREE_THREADED 2
#define WORD_HEAD 5
#define OFFSET_MAX (1U << 20) /* of _PyRuntime; all others are 16 bits */

struct words {
	const uint8_t *bytes;
	size_t size;
	bool bad; /* one was not there, or too large */
};

static uint64_t word(struct words *words, uint8_t number)
{
	uint64_t value = 0;

	if ((number + 1U) * sizeof(value) > words->size)
		words->bad = true;
	else
		memcpy(&value, words->bytes + number * sizeof(value), sizeof(value));
	return value;
}

static uint16_t offset(struct words *words, uint8_t number)
{
	uint64_t value = word(words, number);

	words->bad |= value >= NONE;
	return (uint16_t)value;
}

static const struct published *find_published(uint64_t version)
{
	for (size_t i = 0; i < sizeof(published) / sizeof(*published); i++)
		if (published[i].version == version)
			return &published[i];
	return NULL;
}

static void set_members(struct abi_cpython *abi, const struct published *at, struct words *words, bool free_threaded)
{
	abi->version = at->version;
	abi->frames = CPYTHON_CURRENT_FRAME;
	abi->at_unit = 1;
	abi->owner_end = at->owner_end;
	abi->owner_max = at->owner_max;
	abi->tagged = at->tagged;
	abi->unicode_kind = free_threaded ? at->unicode_kind_free_threaded : 2;
	abi->interp_next = offset(words, at->interp_next);
	abi->interp_threads = offset(words, at->interp_threads);
	abi->thread_next = offset(words, at->thread_next);
	abi->thread_id = offset(words, at->thread_id);
	abi->thread_frame = offset(words, at->thread_frame);
	abi->cframe_current = NONE;
	abi->frame_back = offset(words, at->frame_back);
	abi->frame_code = offset(words, at->frame_code);
	abi->frame_at = offset(words, at->frame_at);
	abi->frame_owner = offset(words, at->frame_owner);
	abi->frame_tlbc = free_threaded && at->frame_tlbc ? offset(words, at->frame_tlbc) : NONE;
	abi->code_tlbc = free_threaded && at->code_tlbc ? offset(words, at->code_tlbc) : NONE;
	abi->code_bytes = offset(words, at->code_bytes);
	abi->unicode_state = offset(words, at->unicode_state);
	abi->unicode_length = offset(words, at->unicode_length);
	abi->unicode_ascii = offset(words, at->unicode_ascii);
	abi->unicode_compact = abi->unicode_ascii + 16; /* utf8_length, utf8 */
	abi->bytes_size = offset(words, at->bytes_size);
	abi->bytes_data = offset(words, at->bytes_data);
}

int cpython_offsets_parse(struct abi_cpython *out, const uint8_t *bytes, size_t size, uint64_t *head)
{
	struct words words = {bytes, size, false};
	const struct published *at = find_published(word(&words, WORD_VERSION) >> 16);
	struct abi_cpython abi = {0};
	struct version code = {0};
	uint64_t runtime_head;

	if (size < sizeof(COOKIE) - 1 || memcmp(bytes, COOKIE, sizeof(COOKIE) - 1) || !at)
		return -ENOTSUP;
	set_members(&abi, at, &words, word(&words, WORD_FREE_THREADED) != 0);
	code.code_first_line = offset(&words, at->code_first_line);
	code.code_file = offset(&words, at->code_file);
	code.code_name = offset(&words, at->code_name);
	code.code_qualname = offset(&words, at->code_qualname);
	code.code_lines = offset(&words, at->code_lines);
	runtime_head = word(&words, WORD_HEAD);
	if (words.bad || runtime_head > OFFSET_MAX || set_code(&abi, &code))
		return -ENOTSUP;
	*out = abi;
	*head = runtime_head;
	return 0;
}
