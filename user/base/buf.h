/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growable byte buffer. After a failed append the buffer holds what it held before and `failed` stays set, so
 * that a writer can append freely and check once at the end.
 */
#ifndef PROFOUND_BUF_H
#define PROFOUND_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
	bool failed;
};

/* A zeroed struct is an empty buffer. */
void buf_release(struct buf *buf);

/* Keeps the memory, drops the content. */
void buf_clear(struct buf *buf);

/* Room for `more` bytes past len. 0 or -ENOMEM. */
int buf_reserve(struct buf *buf, size_t more);

/* 0 or -ENOMEM. */
int buf_append(struct buf *buf, const void *data, size_t len);
int buf_puts(struct buf *buf, const char *text);
int buf_putc(struct buf *buf, char c);
int buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
