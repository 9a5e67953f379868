/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells userspace of a code object (struct abi_code) when a frame of it is met for the first time: the thread that runs
 * it is interrupted, so that it is read as it is. What is in a page of the interpreter's file that nobody has touched (names
 * of the modules that are part of it, when they need no relocation) cannot be read here: userspace is told where it is. And
 * it is tried again with the next sample.
 */
#ifndef PROFOUND_CODE_RECORD_BPF_H
#define PROFOUND_CODE_RECORD_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"
#include "step_cpython.h"

#define CODES_BYTES (512U << 10)

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, CODES_BYTES);
} codes SEC(".maps");

/* Code objects that were told of: hashes of (process, address, check), each in one of two places. */
#define TOLD 16384
#define TOLD_UNREAD 2 /* of an id: where it is was told, and not what */
#define TOLD_PER_SAMPLE 64 /* the others have their turn with the next samples */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TOLD);
	__type(key, __u32);
	__type(value, __u64);
} told SEC(".maps");

#define CODE_FAILED (~0U)
#define TEXTS_BYTES 2048 /* a power of two */
#define CODE_BYTES (TEXTS_BYTES + ABI_CODE_LINES + 1)

struct code_scratch {
	struct abi_code head;
	__u8 bytes[CODE_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct code_scratch);
} code_scratch SEC(".maps");

inline_always __u64 told_id(const struct walk *walk, __u64 code, __u32 check)
{
	return mix(mix(walk->runtime.process, code, MIX_A), check, MIX_B) | 1;
}

inline_always bool is_told(__u64 id)
{
	__u32 at = (id >> 16) & (TOLD - 1), other = at ^ 1;
	const __u64 *a = bpf_map_lookup_elem(&told, &at), *b = bpf_map_lookup_elem(&told, &other);

	return (a && *a == id) || (b && *b == id);
}

inline_always void set_told(__u64 id)
{
	__u32 at = (id >> 16) & (TOLD - 1), other = at ^ 1;
	__u64 *a = bpf_map_lookup_elem(&told, &at), *b = bpf_map_lookup_elem(&told, &other);

	if (!a || !b)
		return;
	if (*a)
		*b = *a;
	*a = id;
}

/* What is below the limit anyway, in a way that all verifiers see: by a mask, which clang would leave out. The limit is a
 * power of two. */
inline_always __u64 below(__u64 value, const __u64 limit)
{
	__asm__ volatile("" : "+r"(value));
	return value & (limit - 1);
}

/* A Python string behind what is there already. Its end, or CODE_FAILED. */
inline_always __u32 add_text(struct code_scratch *scratch, __u32 end,
	const struct abi_cpython *build, __u64 string, struct abi_code_text *out)
{
	__u64 length = 0, size, data;
	__u32 state = 0, kind;

	if (!string)
		return end;
	if (bpf_probe_read_user(&state, sizeof(state), (void *)(string + build->unicode_state)) ||
		bpf_probe_read_user(&length, sizeof(length), (void *)(string + build->unicode_length)))
		return CODE_FAILED;
	state >>= build->unicode_kind & 31;
	kind = state & 7;
	if ((kind != 1 && kind != 2 && kind != 4) || !(state & 8) || length > 1 << 30)
		return CODE_FAILED;
	data = string + (state & 16 ? build->unicode_ascii : build->unicode_compact);
	size = length * kind;
	out->width = kind;
	out->cut = size > ABI_CODE_TEXT;
	if (size > ABI_CODE_TEXT)
		size = ABI_CODE_TEXT;
	if (bpf_probe_read_user(scratch->bytes + below(end, TEXTS_BYTES), below(size, ABI_CODE_TEXT + 4),
		    (void *)data))
		return CODE_FAILED;
	out->size = size;
	return end + size;
}

/* The line table. */
inline_always __u32 add_lines(
	struct code_scratch *scratch, __u32 end, const struct abi_cpython *build, __u64 bytes)
{
	__u64 size = 0;

	if (!bytes)
		return end;
	if (bpf_probe_read_user(&size, sizeof(size), (void *)(bytes + build->bytes_size)))
		return CODE_FAILED;
	if (size > ABI_CODE_LINES) {
		scratch->head.lines_left_out = 1;
		return end;
	}
	if (bpf_probe_read_user(scratch->bytes + below(end, TEXTS_BYTES), below(size, ABI_CODE_LINES + 1),
		    (void *)(bytes + build->bytes_data)))
		return CODE_FAILED;
	scratch->head.lines_size = size;
	return end + size;
}

inline_always void fill_code(const struct walk *walk, struct abi_code *out, __u64 code,
	const struct cpython_code_head *head)
{
	__builtin_memset(out, 0, sizeof(*out));
	out->code = code;
	out->start_ns = walk->start_ns;
	out->tgid = walk->tgid;
	out->exec = walk->exec;
	out->check = head->check;
	out->first_line = head->first_line;
	out->build = walk->runtime.build;
	out->bias = walk->runtime.bias;
	out->file_at = head->file;
	out->name_at = head->name;
	out->qualname_at = head->qualname;
	out->lines_at = head->lines;
}

/* Userspace reads before it resolves samples, and when much waits. */
inline_always __u64 code_wakeup(void)
{
	return bpf_ringbuf_query(&codes, BPF_RB_AVAIL_DATA) > CODES_BYTES / 4 ? BPF_RB_FORCE_WAKEUP
									     : BPF_RB_NO_WAKEUP;
}

/* The same, or `end` and the bit in abi_code.unread. */
inline_always __u32 add_text_or_tell(struct code_scratch *scratch, __u32 end,
	const struct abi_cpython *build, __u64 string, struct abi_code_text *out, const __u8 bit)
{
	const struct abi_code_text none = {};
	__u32 next = add_text(scratch, end, build, string, out);

	if (next != CODE_FAILED)
		return next;
	*out = none;
	scratch->head.unread |= bit;
	return end;
}

/* Behind the head, what of it can be read. Its size. */
inline_always __u32 fill_texts(
	struct code_scratch *scratch, const struct abi_cpython *build, const struct cpython_code_head *head)
{
	struct abi_code *out = &scratch->head;
	__u32 end = add_text_or_tell(scratch, 0, build, head->file, &out->file, CODE_UNREAD_FILE), next;

	end = add_text_or_tell(scratch, end, build, head->name, &out->name, CODE_UNREAD_NAME);
	end = add_text_or_tell(scratch, end, build, head->qualname, &out->qualname, CODE_UNREAD_QUALNAME);
	next = add_lines(scratch, end, build, head->lines);
	if (next != CODE_FAILED)
		return next;
	out->unread |= CODE_UNREAD_LINES;
	return end;
}

/* `size`: of what is behind the head. */
inline_always bool code_send(__u32 cpu, struct code_scratch *scratch, __u64 size)
{
	__asm__ volatile("" : "+r"(size));
	if (size > CODE_BYTES)
		return false;
	if (!bpf_ringbuf_output(&codes, scratch, sizeof(scratch->head) + size, code_wakeup()))
		return true;
	count(cpu, COUNTER_runtime_no_room);
	return false;
}

inline_always void code_tell(struct walk *walk, const struct abi_cpython *build, __u64 code,
	const struct cpython_code_head *head)
{
	__u64 id = told_id(walk, code, head->check);
	__u32 zero = 0;
	struct code_scratch *scratch;
	__u32 size;

	if (is_told(id) || walk->runtime.told >= TOLD_PER_SAMPLE)
		return;
	scratch = bpf_map_lookup_elem(&code_scratch, &zero);
	if (!scratch)
		return;
	walk->runtime.told++;
	fill_code(walk, &scratch->head, code, head);
	size = fill_texts(scratch, build, head);
	if (scratch->head.unread) {
		id ^= TOLD_UNREAD;
		if (is_told(id))
			return;
	}
	if (code_send(walk->cpu, scratch, size))
		set_told(id);
}

#endif
