/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A code object as the kernel side found it (struct abi_code), in texts: UTF-8 of Latin-1, UCS-2 and UCS-4 (Python
 * strings, PEP 393), lone surrogates and what is no character as U+FFFD. The record is hostile.
 */
#ifndef PROFOUND_CPYTHON_CODE_H
#define PROFOUND_CPYTHON_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

/* A text of ABI_CODE_TEXT bytes in UTF-8: of each NUL and stray surrogate three; with "…" where it was cut. */
#define CPYTHON_TEXT (3 * ABI_CODE_TEXT + 8)

struct cpython_code {
	char file[CPYTHON_TEXT]; /* "" : not known */
	char function[CPYTHON_TEXT]; /* qualified where the version has that */
	uint32_t first_line;
	bool internal; /* the interpreter's own: _Py_InitCleanup (3.12 and later, Python/specialize.c), which stands between a
			* class's __init__ and who called the class, and is no function of the program */
	const uint8_t *lines; /* in the record */
	uint32_t lines_size;
};

/* 0 or -EINVAL: the record's sizes contradict its size, or one of its texts is too long. */
int cpython_code_check(const struct abi_code *record, size_t size);

/* 0 or -EINVAL: the record's sizes contradict its size. Then *out is unchanged. */
int cpython_code_parse(struct cpython_code *out, const struct abi_code *record, size_t size);

#endif
