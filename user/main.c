// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "cmd/cmd.h"
#include "cmd/exit_code.h"
#include "cmd/option.h"
#include "export/exporter.h"
#include "parser/parser_child.h"
#include "parser/parser_protocol.h"

#define MOST_NAMES 32

static int print_help(void)
{
	printf("profound %s: a system-wide profiler for Linux\n"
	       "usage: profound COMMAND [ARG...]\n",
		PROFOUND_VERSION);
	for (unsigned i = 0; i < n_commands; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	printf("  %-10s %s\n", "help", "the man page of a command, or its help");
	printf("profound COMMAND --help says more; profound --version\n");
	return EXIT_DONE;
}

static int print_version(void)
{
	printf("profound %s\nlibbpf %u.%u\nunwinders cfi gopclntab frame-pointer\nformats", PROFOUND_VERSION,
		libbpf_major_version(), libbpf_minor_version());
	for (unsigned i = 0; i < n_exporters; i++)
		printf(" %s", exporters[i].name);
	printf("\n");
	return EXIT_DONE;
}

static const struct command_spec *find_command(const char *name)
{
	for (unsigned i = 0; i < n_commands; i++)
		if (!strcmp(name, commands[i]->name))
			return commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *names[MOST_NAMES] = {"help", "--help", "--version"};
	unsigned count = 3;
	char hint[64];

	for (unsigned i = 0; i < n_commands && count < MOST_NAMES; i++)
		names[count++] = commands[i]->name;
	nearest_hint(hint, sizeof(hint), "", nearest_word(name, names, count));
	fprintf(stderr, "profound: unknown command '%s'%s\n", name,
		*hint ? hint : "; see profound --help");
	return EXIT_USAGE;
}

static int help(int argc, char **argv)
{
	const struct command_spec *command;

	if (argc < 2)
		return print_help();
	command = find_command(argv[1]);
	return command ? cmd_help(command) : unknown_command(argv[1]);
}

int main(int argc, char **argv)
{
	const struct command_spec *command;

	if (argc < 2) {
		fprintf(stderr, "profound: no command; see profound --help\n");
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "help"))
		return help(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_help();
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return print_version();
	/* Not for people: parser_worker starts it. */
	if (!strcmp(argv[1], PARSER_CHILD_ARGUMENT))
		return parser_child_main();
	command = find_command(argv[1]);
	return command ? command->run(argc - 1, argv + 1) : unknown_command(argv[1]);
}
