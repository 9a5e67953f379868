// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/demangle.h"

#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#define D_IN_MAX 1024 /* libiberty's D demangler has no callback to stop it */

struct sink {
	struct buf *out;
	size_t begin;
	jmp_buf stop;
};

/* Leaves the demangler, which has no other way to be stopped, and which keeps its state on its stack. */
static void sink_text(const char *text, size_t len, void *opaque)
{
	struct sink *sink = opaque;

	if (sink->out->len - sink->begin + len > DEMANGLE_OUT_MAX ||
		buf_append(sink->out, text, len))
		longjmp(sink->stop, 1);
}

typedef int demangler(const char *mangled, int options, demangle_callbackref text, void *opaque);

static int run(demangler *how, const char *mangled, struct buf *out)
{
	struct sink sink = {.out = out, .begin = out->len};

	if (setjmp(sink.stop) || !how(mangled, DMGL_NO_OPTS, sink_text, &sink)) {
		out->len = sink.begin;
		return out->failed ? -ENOMEM : -ENOENT;
	}
	return out->len > sink.begin ? 0 : -ENOENT;
}

static int run_d(const char *mangled, struct buf *out)
{
	char *text;
	int err;

	if (strlen(mangled) > D_IN_MAX || (!isdigit((unsigned char)mangled[2]) &&
						  strcmp(mangled, "_Dmain")))
		return -ENOENT;
	text = dlang_demangle(mangled, DMGL_NO_OPTS);
	if (!text)
		return -ENOENT;
	err = strlen(text) > DEMANGLE_OUT_MAX ? -ENOENT : buf_puts(out, text);
	free(text);
	return err;
}

/* Rust first: its legacy names are well-formed C++ ones with a hash at the end. */
static int run_any(const char *mangled, struct buf *out)
{
	int err = -ENOENT;

	if (!strncmp(mangled, "_R", 2) || !strncmp(mangled, "_ZN", 3))
		err = run(rust_demangle_callback, mangled, out);
	if (err == -ENOENT && !strncmp(mangled, "_Z", 2))
		err = run(cplus_demangle_v3_callback, mangled, out);
	if (err == -ENOENT && !strncmp(mangled, "_D", 2))
		err = run_d(mangled, out);
	return err;
}

/* Where the part that a compiler or linker added starts. A dot inside a legacy Rust name is part of it: there the
 * suffix follows the last E that ends the name or stands before a dot. */
static size_t suffix_of(const char *name)
{
	size_t first = strcspn(name, ".@"), at = strcspn(name, "@");
	const char *hash = strstr(name, "17h");

	if (strncmp(name, "_ZN", 3) || !hash || name + first > hash)
		return first;
	for (size_t i = (size_t)(hash - name); i < at; i++)
		if (name[i] == 'E' && (name[i + 1] == '.' || i + 1 == at))
			return i + 1;
	return first;
}

int demangle(const char *name, struct buf *out)
{
	char mangled[DEMANGLE_IN_MAX + 1];
	size_t begin = out->len, len = strnlen(name, DEMANGLE_IN_MAX + 2), cut;
	int err;

	if (len > DEMANGLE_IN_MAX || name[0] != '_')
		return -ENOENT;
	if (!strncmp(name, "__Z", 3) || !strncmp(name, "__R", 3))
		name++;
	if (name[1] != 'Z' && name[1] != 'R' && name[1] != 'D')
		return -ENOENT;
	cut = suffix_of(name);
	memcpy(mangled, name, cut);
	mangled[cut] = 0;
	err = run_any(mangled, out);
	if (!err && buf_puts(out, name + cut)) {
		out->len = begin;
		err = -ENOMEM;
	}
	return err;
}
