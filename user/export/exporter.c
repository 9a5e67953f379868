// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/exporter.h"
#include "export/otlp.h"
#include "export/pprof.h"
#include "export/speedscope.h"

#include <string.h>

const struct exporter exporters[] = {
	{"html", ".html", "flame graph page, one self-contained file", flamegraph_write, false},
	{"folded", ".folded .txt", "one line a stack: comm;outermost;...;innermost COUNT",
		folded_write, false},
	{"otlp", ".otlp", "OpenTelemetry profiles: binary ProfilesData", otlp_write, true},
	{"pprof", ".pb.gz .pprof", "pprof: profile.proto, gzip", pprof_write, true},
	{"speedscope", ".speedscope.json", "speedscope's own file: one sampled profile", speedscope_write, false},
};

const unsigned n_exporters = sizeof(exporters) / sizeof(exporters[0]);

const struct exporter *exporter_by_name(const char *name)
{
	for (unsigned i = 0; i < n_exporters; i++)
		if (!strcmp(exporters[i].name, name))
			return &exporters[i];
	return NULL;
}

/* Whether the path ends in one of the extensions, with something before it. */
static bool has_extension(const char *path, const char *extensions)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t name_len = strlen(name);

	while (*extensions) {
		size_t len = strcspn(extensions, " ");

		if (name_len > len && !memcmp(name + name_len - len, extensions, len))
			return true;
		extensions += len;
		extensions += strspn(extensions, " ");
	}
	return false;
}

const struct exporter *exporter_by_path(const char *path)
{
	for (unsigned i = 0; i < n_exporters; i++)
		if (has_extension(path, exporters[i].extensions))
			return &exporters[i];
	return NULL;
}
