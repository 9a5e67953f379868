/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `profound debug names FILE`: what addresses of an ELF file are called, by all that symbolize asks of a file. Reads
 * hexadecimal virtual addresses from standard input, one a line; prints, in the order of addresses,
 * ADDRESS<TAB>function, as the file has it (mangled), empty where nothing names it.
 */
#ifndef PROFOUND_DEBUG_NAMES_H
#define PROFOUND_DEBUG_NAMES_H

#include "base/fault.h"

int debug_names(const char *path, const char *save, struct fault *fault);

#endif
