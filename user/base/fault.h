/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why something could not be done, in a person's words: what happened, to what, what to do next; one line, no
 * full stop, no newline. Libraries fill one and return, commands print it.
 */
#ifndef PROFOUND_FAULT_H
#define PROFOUND_FAULT_H

struct fault {
	char text[512];
};

/* Writes the text and returns `error` (a negative errno). `fault` may be NULL. */
int fault_set(struct fault *fault, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
