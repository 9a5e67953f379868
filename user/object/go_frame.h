/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The unwind rows of one function of Go's: its pcsp table says where rsp is (CFA = rsp + delta + 8), its prologue
 * where rbp is, and its name whether it changes stacks.
 *
 * rbp (Go's cmd/internal/obj/x86/obj6.go, preprocess()): until 1.20 a function with a frame does SUBQ $n, SP;
 * MOVQ BP, n-8(SP); LEAQ n-8(SP), BP; since 1.21 PUSHQ BP; MOVQ SP, BP; SUBQ $n-8, SP. Both leave it at CFA - 16.
 * The compiler never uses BP for anything else (ssa/regalloc.go, FPReg); assembly without such a prologue may, so
 * there rbp is SAVED_UNDEFINED. Rules are read off the instruction bytes, not off the version.
 *
 * Since 1.21 rbp leads from g0's stack back to the goroutine's, and from there to the g0's frames of C that called back
 * (asm_amd64.s, systemstack and asmcgocall: "the original
 * frame pointer is stored in BP, which is useful for stack unwinding"); before, those frames are CFA_UNSUPPORTED. It
 * is out of date from when the goroutine's stack is moved in the meantime (a callback from C that grows it, a garbage
 * collection that shrinks it) until the switch back: then the old copy of the stack is read.
 */
#ifndef PROFOUND_GO_FRAME_H
#define PROFOUND_GO_FRAME_H

#include <stdint.h>

#include "object/code_window.h"
#include "object/go_table.h"
#include "object/row_sink.h"

struct go_frame {
	const struct go_table *table;
	const struct row_sink *sink;
	struct code_window *code;
	uint64_t steps; /* entries of pcsp tables that may still be read */
};

/* Gives the function's range and rows. 0, or the sink's error. */
int go_frame_rows(struct go_frame *frame, const struct go_function *function);

#endif
