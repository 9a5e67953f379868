// SPDX-License-Identifier: GPL-2.0-or-later
#include "profile/frame.h"

#include <string.h>

static const char *const type_names[FRAME_TYPES] = {
	[FRAME_TYPE_UNKNOWN] = "",
	[FRAME_TYPE_KERNEL] = "kernel",
	[FRAME_TYPE_NATIVE] = "native",
	[FRAME_TYPE_GO] = "go",
	[FRAME_TYPE_RUST] = "rust",
	[FRAME_TYPE_CPYTHON] = "cpython",
	[FRAME_TYPE_JVM] = "jvm",
	[FRAME_TYPE_DOTNET] = "dotnet",
	[FRAME_TYPE_V8JS] = "v8js",
	[FRAME_TYPE_RUBY] = "ruby",
	[FRAME_TYPE_PHP] = "php",
	[FRAME_TYPE_PERL] = "perl",
	[FRAME_TYPE_BEAM] = "beam",
};

const char *frame_type_name(enum frame_type type)
{
	return type_names[type < FRAME_TYPES ? type : FRAME_TYPE_UNKNOWN];
}

enum frame_type frame_type_of(const char *name)
{
	for (unsigned i = 0; i < FRAME_TYPES; i++)
		if (!strcmp(type_names[i], name))
			return i;
	return FRAME_TYPE_UNKNOWN;
}
