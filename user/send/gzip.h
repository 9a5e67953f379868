/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A gzip file (RFC 1952) of bytes in memory. */
#ifndef PROFOUND_GZIP_H
#define PROFOUND_GZIP_H

#include <stddef.h>

#include "export/wire.h"

/* Appends. 0 or -ENOMEM. */
int gzip_append(struct wire *out, const void *data, size_t len);

#endif
