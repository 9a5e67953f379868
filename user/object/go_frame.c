// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/go_frame.h"

#include <string.h>

#include "object/go_pcvalue.h"

#define PADDING_MAX 64 /* INT3 up to the next function: covered, so that it needs no row of its own */
#define SWITCH_SEARCH 1024

/*
 * What a function does to the stack beyond its pcsp. Sources, 1.16.15 to 1.26.8: Go's src/runtime/asm_amd64.s,
 * sys_linux_amd64.s, time_linux_amd64.s, rt0_linux_amd64.s.
 */
enum kind {
	KIND_PLAIN,
	KIND_END,   /* nothing called it: a thread's, a goroutine's or the program's start */
	KIND_RBP,   /* moves rsp to another stack and back; rbp, set by the prologue, stays and leads back */
	KIND_KEEP,  /* assembly without a frame that leaves rbp alone, between C and asmcgocall */
	KIND_LEAVE, /* goes to g0's stack by MOVQ g_sched+gobuf_sp(g), SP and never returns: an end from there on */
	KIND_CALLBACK, /* as KIND_RBP if it has 1.21's prologue. By pcsp it would lead to the goroutine that called C, but
			* past C's frames */
	KIND_CLONE, /* after the system call it may be the child, on a new stack */
	KIND_UNSUPPORTED,
};

static const struct named {
	const char *name;
	enum kind kind;
} known[] = {
	{"_rt0_amd64", KIND_END},
	{"_rt0_amd64_linux", KIND_END},
	{"runtime.rt0_go", KIND_END},
	{"runtime.mstart", KIND_END},
	{"runtime.goexit", KIND_END},
	{"runtime.sigtramp", KIND_PLAIN}, /* TOPFRAME, but the kernel's signal frame is above it */
	{"runtime.mcall", KIND_LEAVE},
	{"runtime.morestack", KIND_LEAVE},
	{"runtime.systemstack", KIND_RBP},
	{"runtime.asmcgocall", KIND_RBP},
	{"runtime.asmcgocall_no_g", KIND_RBP},
	{"runtime.asmcgocall_landingpad", KIND_KEEP},
	{"runtime.nanotime1", KIND_RBP},
	{"runtime.walltime", KIND_RBP},
	{"runtime.walltime1", KIND_RBP},
	{"runtime.vgetrandom1", KIND_RBP},
	{"runtime.sigfwd", KIND_RBP},
	{"runtime.callCgoMmap", KIND_RBP},
	{"runtime.callCgoMunmap", KIND_RBP},
	{"runtime.callCgoSigaction", KIND_RBP},
	{"time.now", KIND_RBP},
	{"runtime.cgocallback", KIND_CALLBACK},
	{"runtime.clone", KIND_CLONE},
	{"runtime.gogo", KIND_UNSUPPORTED},
	{"runtime.jmpdefer", KIND_UNSUPPORTED},
};

/* How a function sets its frame up. */
enum form {
	FORM_NONE,
	FORM_PUSH,  /* PUSHQ BP; MOVQ SP, BP */
	FORM_STORE, /* SUBQ $n, SP; MOVQ BP, n-8(SP); LEAQ n-8(SP), BP */
};

struct state {
	struct go_frame *frame;
	const struct go_function *function;
	enum kind kind;
	enum form form;
	bool compiled;      /* by the compiler, which leaves rbp alone; or known to do the same */
	bool slot;          /* CFA - 16 holds the caller's rbp where delta is not 0 */
	uint8_t store_len;  /* FORM_STORE: bytes of its MOVQ */
	uint64_t end;       /* of the code */
	uint64_t framed;    /* where delta first is not 0 */
	uint64_t leave;     /* KIND_LEAVE, KIND_CLONE: from here on rsp is another stack's */
	int32_t last_delta;
	struct abi_rule last;
	bool any;
};

static const struct abi_rule end_rule = {.cfa = CFA_END};
static const struct abi_rule unsupported_rule = {.cfa = CFA_UNSUPPORTED};
static const struct abi_rule signal_rule = {.cfa = CFA_SIGNAL};

static bool pcsp_next(const struct state *state, struct go_pcvalue *pcsp, struct go_segment *out)
{
	return go_pcvalue_next(pcsp, &state->frame->steps, state->function->end, out);
}

static void pcsp_init(struct go_pcvalue *pcsp, const struct state *state)
{
	go_pcvalue_init(pcsp, state->frame->table, state->function->pcsp, state->function->start);
}

static enum kind kind_of(const struct go_table *table, const struct go_function *function)
{
	const char *name = go_table_name(table, function);

	if (*name == 'r' || *name == 't' || *name == '_')
		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (!strcmp(name, known[i].name))
				return known[i].kind;
	if (function->flags & GO_TOP_FRAME)
		return KIND_END;
	return function->flags & GO_SP_WRITE ? KIND_UNSUPPORTED : KIND_PLAIN;
}

/* Go's own sigreturn: MOVQ $15, AX (either encoding); SYSCALL. */
static bool is_sigreturn(struct go_frame *frame, uint64_t start)
{
	static const uint8_t wide[] = {0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05};
	static const uint8_t narrow[] = {0xb8, 15, 0, 0, 0, 0x0f, 0x05};
	const uint8_t *code = code_window_at(frame->code, start, sizeof(wide));

	return code && (!memcmp(code, wide, sizeof(wide)) || !memcmp(code, narrow, sizeof(narrow)));
}

/* Assembly counts only if nothing can have changed rbp before: at the entry, or after the stack check's JLS. */
static bool follows_entry(struct state *state, uint64_t at)
{
	uint64_t start = state->function->start;
	const uint8_t *code;

	if (state->compiled || at == start)
		return true;
	if (at - start < 6)
		return false;
	code = code_window_at(state->frame->code, at - 6, 6);
	return code && (code[4] == 0x76 || (code[0] == 0x0f && code[1] == 0x86));
}

static bool is_push(struct state *state, const struct go_segment *segment)
{
	static const uint8_t prologue[] = {0x55, 0x48, 0x89, 0xe5};
	const uint8_t *code = code_window_at(state->frame->code, segment->start - 1, sizeof(prologue));

	return segment->value == 8 && code && !memcmp(code, prologue, sizeof(prologue)) &&
		follows_entry(state, segment->start - 1);
}

/* The length of `opcode` rbp, delta-8(rsp) at an address; 0: it is something else. */
static uint8_t rbp_slot_len(struct state *state, uint64_t at, uint8_t opcode, int32_t delta)
{
	const uint8_t *code = code_window_at(state->frame->code, at, 8);
	int32_t wide;

	if (!code || code[0] != 0x48 || code[1] != opcode || code[3] != 0x24)
		return 0;
	memcpy(&wide, code + 4, sizeof(wide));
	if (code[2] == 0x2c && delta == 8)
		return 4;
	if (code[2] == 0x6c && (int8_t)code[4] == delta - 8)
		return 5;
	return code[2] == 0xac && wide == delta - 8 ? 8 : 0;
}

/* The length of the ADD or SUB on rsp that ends at an address; 0: it is something else. */
static uint8_t rsp_add_len(struct state *state, uint64_t end, uint8_t modrm)
{
	const uint8_t *code = end - state->function->start >= 7 ? code_window_at(state->frame->code, end - 7, 7) : NULL;

	if (!code)
		code = end - state->function->start >= 4 ? code_window_at(state->frame->code, end - 4, 4) : NULL;
	else if (code[0] == 0x48 && code[1] == 0x81 && code[2] == modrm)
		return 7;
	else
		code += 3;
	return code && code[0] == 0x48 && code[1] == 0x83 && code[2] == modrm ? 4 : 0;
}

static bool is_store(struct state *state, const struct go_segment *segment)
{
	uint8_t sub = rsp_add_len(state, segment->start, 0xec);

	if (!sub) /* SUBQ $128 is an ADDQ $-128 */
		sub = rsp_add_len(state, segment->start, 0xc4);
	if (!sub || segment->value < 8 || !follows_entry(state, segment->start - sub))
		return false;
	state->store_len = rbp_slot_len(state, segment->start, 0x89, segment->value);
	return state->store_len && rbp_slot_len(state, segment->start + state->store_len, 0x8d, segment->value);
}

static enum form form_of(struct state *state, const struct go_segment *segment)
{
	if (segment->start == state->function->start)
		return FORM_NONE;
	if (is_push(state, segment))
		return FORM_PUSH;
	return is_store(state, segment) ? FORM_STORE : FORM_NONE;
}

/* Looks over the whole table: the first place where delta leaves 0, and where the code ends. */
static void look_over(struct state *state)
{
	struct go_segment segment, framed = {0};
	struct go_pcvalue pcsp;

	pcsp_init(&pcsp, state);
	while (pcsp_next(state, &pcsp, &segment))
		if (segment.value > 0 && !framed.end)
			framed = segment;
	state->end = state->function->end - pcsp.pc < PADDING_MAX ? state->function->end : pcsp.pc;
	if (!framed.end)
		return;
	state->framed = framed.start;
	state->form = form_of(state, &framed);
}

static int emit(struct state *state, uint64_t start, const struct abi_rule *rule)
{
	if (state->any && !memcmp(rule, &state->last, sizeof(*rule)))
		return 0;
	state->any = true;
	state->last = *rule;
	return state->frame->sink->row(state->frame->sink->context, start, rule);
}

static struct abi_rule rsp_rule(int32_t delta, enum abi_saved rbp)
{
	return (struct abi_rule){.cfa = CFA_REGISTER, .reg = 7, .rbp = (uint8_t)rbp, .cfa_offset = delta + 8,
		.rbp_offset = rbp == SAVED_CFA ? -16 : 0, .ra_offset = -8};
}

/* From a frame that rbp heads: CFA = rbp + 16. */
static const struct abi_rule rbp_rule = {.cfa = CFA_OTHER_STACK, .reg = 6, .rbp = SAVED_CFA, .cfa_offset = 16,
	.rbp_offset = -16, .ra_offset = -8};

static enum abi_saved saved_in(const struct state *state, const struct go_segment *segment)
{
	if (segment->value <= 0)
		return state->compiled || state->form ? SAVED_SAME : SAVED_UNDEFINED;
	return state->slot && segment->value >= 8 ? SAVED_CFA : SAVED_UNDEFINED;
}

/* A frame opened again: after a RET the code before it still has one; otherwise assembly may have pushed anything. */
static void update_slot(struct state *state, const struct go_segment *segment)
{
	const uint8_t *code;

	if (segment->value <= 0 || state->last_delta > 0)
		return;
	state->slot = state->form != FORM_NONE;
	if (segment->start == state->framed || state->compiled || !state->slot)
		return;
	code = code_window_at(state->frame->code, segment->start - 1, 1);
	state->slot = code && *code == 0xc3;
}

/* Until FORM_STORE's MOVQ has run, rbp is still the caller's. */
static int plain_rows(struct state *state, const struct go_segment *segment)
{
	struct abi_rule rule = rsp_rule(segment->value, saved_in(state, segment));
	uint64_t start = segment->start;

	if (state->form == FORM_STORE && start == state->framed && rule.rbp == SAVED_CFA) {
		struct abi_rule before = rsp_rule(segment->value, SAVED_SAME);
		int err = emit(state, start, &before);

		if (err)
			return err;
		start += state->store_len;
		if (start >= segment->end)
			return 0;
	}
	return emit(state, start, &rule);
}

/* FORM_STORE's epilogue: rbp is the caller's again one instruction before rsp is. */
static uint64_t epilogue_of(struct state *state, const struct go_segment *segment)
{
	uint8_t add, load;
	uint64_t at;

	if (state->form != FORM_STORE || segment->end >= state->function->end)
		return segment->end;
	add = rsp_add_len(state, segment->end, 0xc4);
	at = segment->end - add;
	for (load = 4; add && load <= 8; load++)
		if (at - segment->start > load && rbp_slot_len(state, at - load, 0x8b, segment->value) == load)
			return at;
	return segment->end;
}

static int rbp_rows(struct state *state, const struct go_segment *segment)
{
	uint64_t start = segment->start, stop = epilogue_of(state, segment);
	struct abi_rule rule = rsp_rule(segment->value, SAVED_SAME);
	int err = 0;

	if (!state->slot || segment->value < 8)
		return emit(state, start, &unsupported_rule);
	if (start == state->framed) {
		struct go_segment prologue = {start, start + (state->form == FORM_PUSH ? 3 : 2 * state->store_len),
			segment->value};

		if (prologue.end > segment->end)
			prologue.end = segment->end;
		err = plain_rows(state, &prologue);
		start = prologue.end;
	}
	if (!err && start < stop)
		err = emit(state, start, &rbp_rule);
	if (!err && stop < segment->end)
		err = emit(state, stop, &rule);
	return err;
}

static int leaving_rows(struct state *state, struct go_segment segment)
{
	uint64_t leave = state->leave > segment.start ? state->leave : segment.start;
	int err = 0;

	if (segment.start < leave) {
		uint64_t end = segment.end;

		segment.end = end < leave ? end : leave;
		err = plain_rows(state, &segment);
		segment.end = end;
	}
	if (!err && leave < segment.end)
		err = emit(state, leave, state->kind == KIND_LEAVE ? &end_rule : &unsupported_rule);
	return err;
}

static int segment_rows(struct state *state, const struct go_segment *segment)
{
	if (segment->value > INT32_MAX - 8)
		return emit(state, segment->start, &unsupported_rule);
	update_slot(state, segment);
	state->last_delta = segment->value;
	if (state->kind == KIND_RBP && segment->value > 0)
		return rbp_rows(state, segment);
	if (state->leave)
		return leaving_rows(state, *segment);
	return plain_rows(state, segment);
}

/* Where KIND_LEAVE has left: after the last MOVQ 0x38(reg), SP (g.sched.sp). KIND_CLONE: after SYSCALL. 0: nowhere. */
static uint64_t find_leave(struct state *state)
{
	uint64_t start = state->function->start, size = state->function->end - start, found = 0;
	size_t len = size < SWITCH_SEARCH ? size : SWITCH_SEARCH;
	const uint8_t *code = code_window_at(state->frame->code, start, len);

	for (size_t i = 0; code && i + 4 <= len; i++) {
		if (state->kind == KIND_CLONE && code[i] == 0x0f && code[i + 1] == 0x05)
			return start + i + 2;
		if (state->kind == KIND_LEAVE && (code[i] == 0x48 || code[i] == 0x49) && code[i + 1] == 0x8b &&
			(code[i + 2] & 0xf8) == 0x60 && code[i + 2] != 0x64 && code[i + 3] == 0x38)
			found = start + i + 4;
	}
	return found;
}

/* Settles what the instruction bytes say of the function's kind. */
static void settle(struct state *state)
{
	look_over(state);
	if (state->kind == KIND_LEAVE || state->kind == KIND_CLONE) {
		state->leave = find_leave(state);
		if (!state->leave)
			state->kind = KIND_UNSUPPORTED;
	}
	if (state->kind == KIND_RBP && state->compiled) /* time.now is in some versions */
		state->kind = KIND_PLAIN;
	if (state->kind == KIND_CALLBACK)
		state->kind = state->form == FORM_PUSH ? KIND_RBP : KIND_UNSUPPORTED;
	if (state->kind == KIND_RBP && !state->form)
		state->kind = KIND_UNSUPPORTED;
}

static int one_row(struct go_frame *frame, uint64_t start, uint64_t end, const struct abi_rule *rule)
{
	int err = frame->sink->range(frame->sink->context, start, end);

	return err ? err : frame->sink->row(frame->sink->context, start, rule);
}

/* A signal handler returns to sigreturn's first byte and its frame is looked up at the byte before: padding. */
static int sigreturn_rows(struct go_frame *frame, const struct go_function *function)
{
	const uint8_t *before = code_window_at(frame->code, function->start - 1, 1);
	uint64_t start = function->start - (before && *before == 0xcc);

	return one_row(frame, start, function->end, &signal_rule);
}

int go_frame_rows(struct go_frame *frame, const struct go_function *function)
{
	struct state state = {.frame = frame, .function = function, .kind = kind_of(frame->table, function),
		.compiled = frame->table->magic != GO_1_16 && !(function->flags & GO_ASM)};
	struct go_segment segment;
	struct go_pcvalue pcsp;
	int err;

	if (!function->pcsp)
		return 0;
	if (state.kind == KIND_KEEP)
		state.compiled = true;
	if (is_sigreturn(frame, function->start))
		return sigreturn_rows(frame, function);
	if (state.kind == KIND_END)
		return one_row(frame, function->start, function->end, &end_rule);
	settle(&state);
	if (state.kind == KIND_UNSUPPORTED)
		return one_row(frame, function->start, function->end, &unsupported_rule);
	pcsp_init(&pcsp, &state);
	err = frame->sink->range(frame->sink->context, function->start, state.end);
	while (!err && pcsp_next(&state, &pcsp, &segment))
		if (segment.start < segment.end)
			err = segment_rows(&state, &segment);
	return err;
}
