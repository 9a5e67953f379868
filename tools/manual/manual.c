// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * manual FRAGMENTS DATE OUT: writes OUT/man1 (one page a command) and OUT/completions (one file a shell). The
 * directories are there.
 */
#include "manual.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static FILE *begin(const char *folder, const char *name)
{
	char path[PATH_MAX];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "we");
	if (!out)
		fprintf(stderr, "manual: %s: %s\n", path, strerror(errno));
	return out;
}

static int end(FILE *out, const char *name)
{
	int err = ferror(out) ? -EIO : 0;

	if (fclose(out))
		err = -errno;
	if (err)
		fprintf(stderr, "manual: %s: %s\n", name, strerror(-err));
	return err;
}

/* NULL: profound(1). */
static int write_page(const struct edition *edition, const struct command_spec *command, const char *folder)
{
	int err, ended;
	char name[64];
	FILE *out;

	snprintf(name, sizeof(name), "man1/profound%s%s.1", command ? "-" : "", command ? command->name : "");
	out = begin(folder, name);
	if (!out)
		return -EIO;
	err = command ? page_command(edition, command, out) : page_profound(edition, out);
	ended = end(out, name);
	return err ? err : ended;
}

static int write_completions(const char *folder)
{
	static const struct {
		const char *name;
		void (*write)(FILE *out);
	} shells[] = {
		{"completions/profound.bash", bash_completion},
		{"completions/_profound", zsh_completion},
		{"completions/profound.fish", fish_completion},
	};
	int err = 0;

	for (unsigned i = 0; !err && i < sizeof(shells) / sizeof(*shells); i++) {
		FILE *out = begin(folder, shells[i].name);

		if (!out)
			return -EIO;
		shells[i].write(out);
		err = end(out, shells[i].name);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct edition edition;
	int err;

	if (argc != 4) {
		fprintf(stderr, "usage: manual FRAGMENTS DATE OUT\n");
		return 2;
	}
	edition = (struct edition){argv[1], argv[2], PROFOUND_VERSION};
	err = write_page(&edition, NULL, argv[3]);
	for (unsigned i = 0; !err && i < n_commands; i++)
		err = write_page(&edition, commands[i], argv[3]);
	if (!err)
		err = write_completions(argv[3]);
	return err ? 1 : 0;
}
