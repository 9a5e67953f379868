// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/resolve.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "collect/weaving.h"
#include "collect/who.h"
#include "process/layout.h"
#include "process/target_file.h"

/* One entry on its way into the profile. */
struct stack {
	const struct resolver *resolver;
	const struct abi_entry *entry;
	const struct process *process; /* NULL: outside of our pid namespace, or idle */
	const struct layout *layout;   /* by which the kernel side walked; NULL: it did not */
	bool lost;                     /* it did, and nobody knows by what */
	struct weaving weaving;
	uint32_t frames[ABI_FRAMES + ABI_RUNTIME_FRAMES];
	uint32_t count, kernel; /* kernel: how many of them are the kernel's */
	uint32_t native;        /* and how many the user's, before they are woven */
	uint32_t cut;
	bool unverified;
};

static int push(struct stack *stack, const struct frame *frame)
{
	return profile_frame(stack->resolver->profile, frame, &stack->frames[stack->count]) ?:
		       (stack->count++, 0);
}

static int push_unknown(struct stack *stack, enum abi_counter why)
{
	const struct frame frame = {.kind = FRAME_UNKNOWN, .owner = why};

	return push(stack, &frame);
}

/* Is it an interpreter's loop? */
static void note_kind(struct stack *stack, const struct place *place)
{
	const struct resolver *resolver = stack->resolver;

	if (resolver->interpreters)
		weaving_note(&stack->weaving, stack->count - stack->kernel, place,
			interpreters_code(
				resolver->interpreters, stack->process, stack->entry, place));
}

static int push_file(struct stack *stack, const struct place *place)
{
	const struct frame frame = {FRAME_FILE, place->object->id, place->offset};

	/* Of our own vDSO only the 64-bit half is known (vdso_open()). */
	if (place->object->kind == OBJECT_VDSO && stack->entry->cut == COUNTER_compat_32bit)
		return push_unknown(stack, COUNTER_no_symbol);
	target_file_attach(stack->process, place);
	note_kind(stack, place);
	tables_use(stack->resolver->tables, place->object->id);
	return push(stack, &frame);
}

static int push_anonymous(struct stack *stack, uint64_t address)
{
	const struct frame frame = {FRAME_ANON, stack->process->id, address};
	int err = push(stack, &frame);

	return err ? err : profile_seen(stack->resolver->profile, stack->frames[stack->count - 1],
				   stack->entry->first_ns, stack->entry->last_ns);
}

/* The kernel's page, one for all: no file, and no part of the process's mappings. */
static int push_vsyscall(struct stack *stack, const struct place *place)
{
	static const struct object_identity nowhere;
	struct object *object;
	int err = objects_intern(
		stack->resolver->objects, OBJECT_VSYSCALL, &nowhere, "[vsyscall]", &object);

	return err ? err : push(stack, &(struct frame){FRAME_FILE, object->id, place->offset});
}

/* A caller where nothing is mapped is no caller: the step to it was wrong, and all that follow. */
static int push_nothing(struct stack *stack, bool leaf)
{
	if (leaf)
		return push_unknown(stack, COUNTER_not_mapped);
	if (!stack->cut)
		stack->cut = COUNTER_corrupt;
	return -ERANGE;
}

/* Did the kernel side walk by another mapping than the one that was there? */
static bool is_stale(const struct stack *stack, const struct place *place, uint64_t address)
{
	const struct mapping *used =
		stack->layout ? layout_find(stack->layout, address) : NULL;

	if (stack->lost)
		return true;
	if (!used)
		return false;
	if (!used->object)
		return place->kind != PLACE_ANON;
	return place->kind != PLACE_FILE || place->object != used->object ||
	       place->offset != used->offset + (address - used->start);
}

/* The frame is right, but not the step to its caller. */
static int end_stale(struct stack *stack)
{
	if (!stack->cut)
		stack->cut = COUNTER_mapping_stale;
	return -ERANGE;
}

static int push_place(struct stack *stack, const struct place *place, uint64_t address, bool leaf)
{
	switch (place->kind) {
	case PLACE_FILE:
		return push_file(stack, place);
	case PLACE_ANON:
		return push_anonymous(stack, address);
	case PLACE_CHANGED:
		return push_unknown(stack, COUNTER_mapping_changed);
	case PLACE_VSYSCALL:
		if (leaf)
			return push_vsyscall(stack, place);
		return push_nothing(stack, leaf);
	case PLACE_NOTHING:
		return push_nothing(stack, leaf);
	case PLACE_UNKNOWN:
		break;
	}
	stack->cut = COUNTER_process_gone;
	return leaf ? push_unknown(stack, COUNTER_not_mapped) : -ERANGE;
}

/* 0; -ERANGE: the stack ends here; -ENOMEM. */
static int push_user(struct stack *stack, uint64_t address, bool leaf)
{
	const struct abi_entry *entry = stack->entry;
	struct place place =
		process_locate(stack->process, address, entry->first_ns, entry->last_ns);
	int err;

	stack->weaving.kinds[stack->count - stack->kernel] = WEAVE_NATIVE;
	err = push_place(stack, &place, address, leaf);

	if (err || !is_stale(stack, &place, address))
		return err;
	return end_stale(stack);
}

static int push_kernel(struct stack *stack, const uint64_t *frames)
{
	int err = 0;

	for (uint32_t i = 0; i < stack->entry->n_kernel && !err; i++) {
		struct frame frame = {.kind = FRAME_KERNEL, .address = frames[i] - (i > 0)};

		/* That is the user side: its address looks like the kernel's to unwind_next_frame(). */
		if (place_is_vsyscall(frames[i]))
			continue;
		err = push(stack, &frame);
	}
	stack->kernel = stack->count;
	return err;
}

static int push_frames(struct stack *stack, const uint64_t *frames)
{
	const struct abi_entry *entry = stack->entry;
	int err = push_kernel(stack, frames);

	frames += entry->n_kernel;
	if (!stack->process)
		return err;
	for (uint32_t i = 0; i < entry->n_user && !err; i++)
		err = push_user(stack, frames[i], i == 0);
	return err == -ERANGE ? 0 : err;
}

static int push_runtime(struct stack *stack)
{
	uint32_t count = stack->count - stack->kernel;
	int err;

	stack->native = count;
	if (!stack->process)
		return 0;
	err = weaving_apply(&stack->weaving, stack->frames + stack->kernel, &count, &stack->cut,
		&stack->unverified);
	stack->count = stack->kernel + count;
	return err;
}

static uint32_t sample_flags(const struct abi_entry *entry)
{
	return (entry->flags & ENTRY_UNVERIFIED ? SAMPLE_UNVERIFIED : 0) |
	       (entry->flags & ENTRY_NO_USER ? SAMPLE_NO_USER : 0);
}

static int intern_key(const struct stack *stack, struct profile_sample *key)
{
	const struct abi_entry *entry = stack->entry;
	struct profile *profile = stack->resolver->profile;
	int err = who_add(stack->resolver, entry, &key->process);

	if (!err)
		err = intern_add(
			&profile->text, entry->comm, strnlen(entry->comm, ABI_COMM), &key->comm);
	if (!err)
		err = profile_stack(profile, stack->frames, stack->count, &key->stack);
	key->cut = stack->cut;
	key->flags = sample_flags(entry) | (stack->unverified ? SAMPLE_UNVERIFIED : 0);
	key->tid = entry->tid;
	return err;
}

/* Not by an initializer: it would clear some 20 KiB for each sample. */
static void stack_init(struct stack *stack, const struct resolver *resolver, const struct abi_entry *entry,
	const struct abi_runtime_frame *runtime)
{
	stack->resolver = resolver;
	stack->entry = entry;
	stack->process = NULL;
	stack->layout = NULL;
	stack->lost = false;
	stack->count = stack->kernel = stack->native = 0;
	stack->cut = entry->cut;
	stack->unverified = false;
	stack->weaving.resolver = resolver;
	stack->weaving.entry = entry;
	stack->weaving.runtime = runtime;
	stack->weaving.object = UINT32_MAX;
	stack->weaving.loops = stack->weaving.unsupported = false;
}

static int add_entry(struct stack *stack, const uint64_t *frames)
{
	const struct abi_entry *entry = stack->entry;
	struct profile_sample key = {0};
	struct process *process = NULL;
	int err = 0;

	if (entry->tgid && entry->n_user)
		err = processes_sampled(
			stack->resolver->processes, entry->tgid, entry->start_ns, &process);
	stack->process = process;
	if (entry->space)
		stack->lost = spaces_use(stack->resolver->spaces, entry, &stack->layout) != 0;
	if (!err)
		err = push_frames(stack, frames);
	if (!err)
		err = push_runtime(stack);
	if (!err)
		err = intern_key(stack, &key);
	if (!err)
		err = profile_add(stack->resolver->profile, &key, entry->count);
	return err;
}

void resolve_entry(struct resolver *resolver, const struct abi_entry *entry, const uint64_t *frames,
	const struct abi_runtime_frame *runtime)
{
	struct stack stack;
	uint32_t callers;

	stack_init(&stack, resolver, entry, runtime);
	if (add_entry(&stack, frames)) {
		resolver->counters[COUNTER_user_memory] += entry->count;
		return;
	}
	callers = stack.native ? stack.native - 1U : 0;
	resolver->by_fp += (uint64_t)(callers < entry->by_fp ? callers : entry->by_fp) * entry->count;
}
