/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a daemon says while it runs, a line an event on stderr: logfmt (time=… level=… msg="…" key=value), or JSON of the
 * same. Values are quoted where they need it; control characters do not get through. A line is one write(2).
 */
#ifndef PROFOUND_LOGGER_H
#define PROFOUND_LOGGER_H

#include <stdbool.h>

enum log_level { LOG_INFO, LOG_WARNING, LOG_ERROR };

void logger_set_json(bool json);

/* Pairs of key and value (const char *), NULL ends them. */
void logger_say(enum log_level level, const char *message, ...) __attribute__((sentinel));

/* A number as text, good until eight more were made by the same thread. */
const char *logger_number(double value);

#endif
