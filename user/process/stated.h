/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process says of the service that it is: attributes in the form of OTEL_RESOURCE_ATTRIBUTES
 * (base/attribute_text.h), of two keys that are equal the later counts. Only what tells services apart is kept
 * (service.*, deployment.environment, deployment.environment.name), so that nothing else of what it says is.
 */
#ifndef PROFOUND_STATED_H
#define PROFOUND_STATED_H

#include <stddef.h>

#include "base/buf.h"

#define STATED_MAX 4096 /* bytes of text: what would make it longer is left out */

/* 0, also when it is left out; -ENOMEM. An empty value is none. */
int stated_put(struct buf *text, const char *key, size_t key_len, const char *value, size_t value_len);

#endif
