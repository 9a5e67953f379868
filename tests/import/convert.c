// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * convert [--type NAME] [--lines] OUT FORMAT FILE...: reads profiles and writes what they are together. FORMAT is that
 * of an exporter, or "stats": the figures as --stats has them.
 */
#include <stdio.h>
#include <string.h>

#include "export/exporter.h"
#include "export/stats_json.h"
#include "import/import.h"

static int write_to(const char *path, const char *format, const struct import *import, bool lines)
{
	const struct export_view view = {.profile = &import->profile, .trust = &import->trust, .lines = lines};
	const struct exporter *exporter = exporter_by_name(format);
	FILE *stream = fopen(path, "w");
	int err;

	if (!stream)
		return -1;
	err = exporter ? exporter->write(&view, stream) : stats_json_write(&import->trust, stream);
	return fclose(stream) ? -1 : err;
}

int main(int argc, char **argv)
{
	struct import_options options = {0};
	struct import import = {0};
	struct fault fault;
	bool lines = false;
	int at = 1, err = 0;

	if (at + 1 < argc && !strcmp(argv[at], "--type")) {
		options.type = argv[at + 1];
		at += 2;
	}
	if (at < argc && !strcmp(argv[at], "--lines")) {
		lines = true;
		at++;
	}
	if (argc < at + 3)
		return 2;
	for (int i = at + 2; i < argc && !err; i++)
		err = import_file(&import, argv[i], &options, &fault);
	if (err) {
		fprintf(stderr, "%s\n", fault.text);
	} else {
		err = import_finish(&import);
		if (!err)
			err = write_to(argv[at], argv[at + 1], &import, lines);
	}
	import_release(&import);
	return err ? 1 : 0;
}
