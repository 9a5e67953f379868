// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "manual.h"

static const char head[] =
	"# SPDX-License-Identifier: GPL-2.0-or-later\n"
	"# fish completion of profound. Made by tools/manual of the tables that the parser reads.\n\n"
	"function __profound_has_command\n"
	"\tset -l words (commandline -opc)\n"
	"\tcontains -- -- $words\n"
	"end\n\n"
	"# What follows -- is a command line of its own.\n"
	"function __profound_command\n"
	"\tset -l words (commandline -opc)\n"
	"\tset -l dashes (contains -i -- -- $words)\n"
	"\tset -e words[1..$dashes]\n"
	"\tcomplete -C (string join ' ' -- (string escape -- $words) (commandline -ct))\n"
	"end\n\n"
	"function __profound_in\n"
	"\tset -l words (commandline -opc)\n"
	"\ttest (count $words) -ge 2; and test $words[2] = $argv[1]; and not contains -- -- $words\n"
	"end\n\n"
	"function __profound_begins\n"
	"\ttest (count (commandline -opc)) -eq 1\n"
	"end\n\n"
	"function __profound_first\n"
	"\ttest (count (commandline -opc)) -eq 2\n"
	"end\n\n"
	"function __profound_events\n"
	"\tprofound list events 2>/dev/null | string replace -rf '^  ([a-z][^ ,]*).*' '$1'\n"
	"end\n\n"
	"complete -c profound -f\n"
	"complete -c profound -n __profound_has_command -a '(__profound_command)'\n"
	"complete -c profound -n __profound_begins -l version -d 'what this is'\n"
	"complete -c profound -n __profound_begins -l help -d 'the commands'\n"
	"complete -c profound -n __profound_begins -a help -d 'the man page of a command, or its help'\n";

/* In fish, '...' has backslashes. */
static void quoted(FILE *out, const char *text)
{
	for (; *text; text++)
		fprintf(out, "%s%c", *text == '\'' || *text == '\\' ? "\\" : "", *text);
}

static void value(FILE *out, const struct option_spec *option)
{
	static const char *const values[] = {
		[VALUE_NONE] = "",
		[VALUE_ANY] = " -x",
		[VALUE_FILE] = " -r -F",
		[VALUE_DIRECTORY] = " -x -a '(__fish_complete_directories)'",
		[VALUE_PID] = " -x -a '(__fish_complete_pids)'",
		[VALUE_USER] = " -x -a '(__fish_complete_users)'",
		[VALUE_EVENT] = " -x -a '(__profound_events)'",
	};
	enum value_kind kind = value_kind(option);

	if (kind != VALUE_CHOICE) {
		fputs(values[kind], out);
		return;
	}
	fputs(" -x -a '", out);
	value_print_choices(out, option);
	fputc('\'', out);
}

static void option_line(FILE *out, const struct command_spec *command, const struct option_spec *option)
{
	fprintf(out, "complete -c profound -n '__profound_in %s'", command->name);
	if (option->letter)
		fprintf(out, " -s %c", option->letter);
	if (option->name)
		fprintf(out, " -l %s", option->name);
	value(out, option);
	fputs(" -d '", out);
	quoted(out, option_of_alias(command, option)->help);
	fputs("'\n", out);
}

/* Where there are both, a subject comes first, then what it is about. */
static void arguments(FILE *out, const struct command_spec *command)
{
	bool both = command->words && takes_files(command);

	if (takes_files(command))
		fprintf(out, "complete -c profound -n '__profound_in %s%s' -F\n", command->name,
			both ? "; and not __profound_first" : "");
	for (const char *const *word = command->words; word && *word; word++)
		fprintf(out, "complete -c profound -n '__profound_in %s%s' -a %s\n", command->name,
			both ? "; and __profound_first" : "", *word);
}

static void command_lines(FILE *out, const struct command_spec *command)
{
	static const char *const places[] = {"__profound_begins", "'__profound_in help'"};

	fputc('\n', out);
	for (unsigned i = 0; i < 2; i++) {
		fprintf(out, "complete -c profound -n %s -a %s -d '", places[i], command->name);
		quoted(out, command->summary);
		fputs("'\n", out);
	}
	for (unsigned i = 0; i < command->n_options; i++)
		option_line(out, command, &command->options[i]);
	fprintf(out, "complete -c profound -n '__profound_in %s' -s h -l help -d 'one screen of help'\n", command->name);
	arguments(out, command);
}

void fish_completion(FILE *out)
{
	fputs(head, out);
	for (unsigned i = 0; i < n_commands; i++)
		command_lines(out, commands[i]);
}
