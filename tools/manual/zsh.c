// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "manual.h"

/* In a specification of _arguments, these divide its parts. */
#define DIVIDERS "[]:\\"

static void action(FILE *out, const struct option_spec *option)
{
	static const char *const actions[] = {
		[VALUE_ANY] = " ",
		[VALUE_FILE] = "_files",
		[VALUE_DIRECTORY] = "_files -/",
		[VALUE_PID] = "_pids",
		[VALUE_USER] = "_users",
		[VALUE_EVENT] = "_profound_events",
	};
	enum value_kind kind = value_kind(option);

	if (kind == VALUE_NONE)
		return;
	fputc(':', out);
	quoted_text(out, option->value, DIVIDERS);
	fputc(':', out);
	if (kind != VALUE_CHOICE) {
		fputs(actions[kind], out);
		return;
	}
	fputc('(', out);
	value_print_choices(out, option);
	fputc(')', out);
}

/* One spelling: '*--freq=[samples a second]:HZ: '. Those with a value may come again. */
static void specification(FILE *out, const struct command_spec *command, const struct option_spec *option, bool letter)
{
	fprintf(out, " \\\n\t\t'%s", option->value ? "*" : "");
	if (letter)
		fprintf(out, "-%c%s[", option->letter, option->value ? "+" : "");
	else
		fprintf(out, "--%s%s[", option->name, option->value ? "=" : "");
	quoted_text(out, option_of_alias(command, option)->help, DIVIDERS);
	fputc(']', out);
	action(out, option);
	fputc('\'', out);
}

static void arguments(FILE *out, const struct command_spec *command)
{
	if (takes_files(command))
		fputs(" \\\n\t\t'*:file:_files'", out);
	if (!command->words || takes_files(command))
		return;
	fputs(" \\\n\t\t'*:what:(", out);
	for (const char *const *word = command->words; *word; word++)
		fprintf(out, "%s%s", word == command->words ? "" : " ", *word);
	fputs(")'", out);
}

static void command_function(FILE *out, const struct command_spec *command)
{
	fprintf(out, "_profound_%s()\n{\n", command->name);
	if (command->takes_command)
		fputs("\tlocal dashes=${words[(i)--]}\n"
		      "\tif ((dashes < CURRENT)); then\n"
		      "\t\tshift $dashes words\n"
		      "\t\t((CURRENT -= dashes))\n"
		      "\t\t_normal\n"
		      "\t\treturn\n"
		      "\tfi\n",
			out);
	/* A subject comes first, then what it is about. */
	if (command->words && takes_files(command)) {
		fputs("\tif ((CURRENT == 2)); then\n\t\tcompadd -- ", out);
		for (const char *const *word = command->words; *word; word++)
			fprintf(out, "%s ", *word);
		fputs("\n\t\treturn\n\tfi\n", out);
	}
	fputs("\t_arguments -s", out);
	for (unsigned i = 0; i < command->n_options; i++) {
		if (command->options[i].letter)
			specification(out, command, &command->options[i], true);
		if (command->options[i].name)
			specification(out, command, &command->options[i], false);
	}
	fputs(" \\\n\t\t'(- *)--help[one screen of help]'", out);
	arguments(out, command);
	fputs("\n}\n\n", out);
}

void zsh_completion(FILE *out)
{
	fputs("#compdef profound\n"
	      "# SPDX-License-Identifier: GPL-2.0-or-later\n"
	      "# zsh completion of profound. Made by tools/manual of the tables that the parser reads.\n\n"
	      "_profound_events()\n{\n"
	      "\tlocal -a events\n"
	      "\tevents=(${(f)\"$(profound list events 2>/dev/null | sed -n 's/^  \\([a-z][^ ,]*\\).*/\\1/p')\"})\n"
	      "\tcompadd -- $events\n}\n\n",
		out);
	for (unsigned i = 0; i < n_commands; i++)
		command_function(out, commands[i]);
	fputs("_profound()\n{\n\tlocal -a commands\n\tcommands=(\n", out);
	for (unsigned i = 0; i < n_commands; i++) {
		fprintf(out, "\t\t'%s:", commands[i]->name);
		quoted_text(out, commands[i]->summary, ":\\");
		fputs("'\n", out);
	}
	fputs("\t)\n"
	      "\tif ((CURRENT == 2)); then\n"
	      "\t\t_describe -t commands command commands\n"
	      "\t\tcompadd -- help --help --version\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tlocal command=${words[2]}\n"
	      "\tif [[ $command == help ]]; then\n"
	      "\t\t_describe -t commands command commands\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tshift words\n"
	      "\t((CURRENT--))\n"
	      "\t((${+functions[_profound_$command]})) && _profound_$command\n"
	      "}\n\n"
	      "_profound \"$@\"\n",
		out);
}
