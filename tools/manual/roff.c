// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "manual.h"

#define MARK ".\\\" OPTIONS\n"

/* groff makes typography of these; what is typed must stay what it is. */
static const char *escape(char c)
{
	switch (c) {
	case '\\':
		return "\\e";
	case '-':
		return "\\-";
	case '\'':
		return "\\(aq";
	case '`':
		return "\\(ga";
	case '^':
		return "\\(ha";
	case '~':
		return "\\(ti";
	default:
		return NULL;
	}
}

void roff_text(FILE *out, const char *text)
{
	if (*text == '.')
		fputs("\\&", out);
	for (; *text; text++) {
		const char *instead = escape(*text);

		if (instead)
			fputs(instead, out);
		else
			fputc(*text, out);
	}
}

int roff_fragment(FILE *out, const struct edition *edition, const char *name, bool after)
{
	char path[PATH_MAX], line[4096];
	bool marked = false;
	FILE *in;
	int err;

	snprintf(path, sizeof(path), "%s/%s.roff", edition->fragments, name);
	in = fopen(path, "re");
	if (!in) {
		err = -errno;
		fprintf(stderr, "manual: %s: %s\n", path, strerror(-err));
		return err;
	}
	while (fgets(line, sizeof(line), in)) {
		if (!strcmp(line, MARK))
			marked = true;
		else if (marked == after && strncmp(line, ".\\\"", 3))
			fputs(line, out);
	}
	err = ferror(in) ? -EIO : 0;
	fclose(in);
	return err;
}
