// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/logger.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

#define NUMBERS 8

static bool as_json;

static const char *const levels[] = {[LOG_INFO] = "info", [LOG_WARNING] = "warning", [LOG_ERROR] = "error"};

void logger_set_json(bool json)
{
	as_json = json;
}

static bool is_bare(const char *value)
{
	if (!*value)
		return false;
	for (; *value; value++)
		if ((unsigned char)*value <= ' ' || (unsigned char)*value >= 0x7f || strchr("=\"\\", *value))
			return false;
	return true;
}

static void put_quoted(struct buf *line, const char *value)
{
	buf_putc(line, '"');
	for (; *value; value++) {
		if ((unsigned char)*value < ' ' || *value == 0x7f)
			buf_printf(line, "\\u%04x", (unsigned char)*value);
		else if (*value == '"' || *value == '\\')
			buf_printf(line, "\\%c", *value);
		else
			buf_putc(line, *value);
	}
	buf_putc(line, '"');
}

static void put_pair(struct buf *line, const char *key, const char *value)
{
	if (as_json) {
		buf_puts(line, line->len > 1 ? "," : "");
		put_quoted(line, key);
		buf_putc(line, ':');
		put_quoted(line, value);
		return;
	}
	buf_printf(line, "%s%s=", line->len ? " " : "", key);
	if (is_bare(value))
		buf_puts(line, value);
	else
		put_quoted(line, value);
}

static void put_time(struct buf *line)
{
	struct timespec now;
	struct tm utc;
	char text[64];
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + len, sizeof(text) - len, ".%03ldZ", now.tv_nsec / 1000000);
	put_pair(line, "time", text);
}

void logger_say(enum log_level level, const char *message, ...)
{
	struct buf line = {0};
	const char *key;
	va_list pairs;

	if (as_json)
		buf_putc(&line, '{');
	put_time(&line);
	put_pair(&line, "level", levels[level]);
	put_pair(&line, "msg", message);
	va_start(pairs, message);
	while ((key = va_arg(pairs, const char *)))
		put_pair(&line, key, va_arg(pairs, const char *));
	va_end(pairs);
	buf_puts(&line, as_json ? "}\n" : "\n");
	if (!line.failed && write(STDERR_FILENO, line.data, line.len) < 0) {
		/* there is nobody to tell */
	}
	buf_release(&line);
}

const char *logger_number(double value)
{
	static __thread char numbers[NUMBERS][32];
	static __thread unsigned next;
	char *text = numbers[next++ % NUMBERS];

	snprintf(text, sizeof(numbers[0]), "%.15g", value);
	return text;
}
