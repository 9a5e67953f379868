// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/demangle.h"

#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

/* libiberty's D demangler has no callback to stop it, and ends the process when memory runs out. */
#define D_IN_MAX 1024
#define D_READ_MAX (256u << 10) /* characters, back-references followed; each gives at most some 12 */

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

/* Where a back-reference's target is ("Q", then how far back in base 26: upper case, the last digit in lower case).
 * False: it is none. */
static bool d_target(const char *mangled, size_t at, size_t *target)
{
	size_t back = 0, i = at + 1;

	for (; isupper((unsigned char)mangled[i]) && back <= at; i++)
		back = back * 26 + (size_t)(mangled[i] - 'A');
	if (!islower((unsigned char)mangled[i]))
		return false;
	back = back * 26 + (size_t)(mangled[i] - 'a');
	*target = at - back;
	return back && back <= at;
}

/* How much is read at most for a back-reference: an identifier, a type of a few letters, or a type that may hold all
 * that lies between, references included, and may end in an identifier that reaches beyond. `read`: what each prefix
 * of the name costs. */
static uint64_t d_reference(const char *mangled, size_t len, const uint64_t *read, size_t at)
{
	size_t target, end;

	if (!d_target(mangled, at, &target))
		return 1;
	if (isdigit((unsigned char)mangled[target])) {
		unsigned long named = strtoul(mangled + target, NULL, 10);

		return named < len ? named : len;
	}
	end = target + strspn(mangled + target, "AxyOP");
	if (end < at && islower((unsigned char)mangled[end]))
		return end + 1 - target;
	return read[at] - read[target] + len - at;
}

/* Whether reading the name stays cheap: a reference to what holds references doubles it. */
static bool d_is_small(const char *mangled, size_t len)
{
	uint64_t read[D_IN_MAX + 1] = {0};

	for (size_t i = 0; i < len; i++) {
		read[i + 1] = read[i] + (mangled[i] == 'Q' ? d_reference(mangled, len, read, i) : 1);
		if (read[i + 1] > D_READ_MAX)
			return false;
	}
	return true;
}

static int run_d(const char *mangled, struct buf *out)
{
	size_t len = strlen(mangled);
	char *text;
	int err;

	if (len > D_IN_MAX || (!isdigit((unsigned char)mangled[2]) && strcmp(mangled, "_Dmain")) ||
		!d_is_small(mangled, len))
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

/* A legacy name's last part and end, but for what a compiler or linker added. */
static bool is_hash(const char *text)
{
	size_t digits = strspn(text, "0123456789abcdef");

	return digits == 16 && text[16] == 'E' && (!text[17] || text[17] == '.' || text[17] == '@');
}

/* <path>: a generic's arguments, then something nested in a path. */
static bool is_path(const char *text)
{
	text += strspn(text, "I");
	return text[0] == 'N' && text[1] && strchr("vtCS", text[1]) && text[2] && strchr("CMXYNIB", text[2]);
}

bool demangle_is_rust(const char *name)
{
	if (!strncmp(name, "_R", 2))
		return is_path(name + 2);
	if (strncmp(name, "_ZN", 3))
		return false;
	for (const char *at = strstr(name, "17h"); at; at = strstr(at + 1, "17h"))
		if (is_hash(at + 3))
			return true;
	return false;
}
