// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "manual.h"

/* Plain bash: the package bash-completion need not be there, but is used for what follows --. */
static const char head[] =
	"# SPDX-License-Identifier: GPL-2.0-or-later\n"
	"# bash completion of profound. Made by tools/manual of the tables that the parser reads.\n"
	"# The words of $1 that begin with what is typed; of a list, with what is typed of its last item.\n"
	"_profound_words()\n"
	"{\n"
	"\tlocal item=${cur##*,}\n"
	"\tlocal IFS=$' \\t\\n'\n"
	"\tCOMPREPLY=($(compgen -P \"${cur%\"$item\"}\" -W \"$1\" -- \"$item\"))\n"
	"}\n\n"
	"_profound_files()\n"
	"{\n"
	"\tlocal IFS=$'\\n'\n"
	"\tcompopt -o filenames 2>/dev/null\n"
	"\tCOMPREPLY=($(compgen \"$1\" -- \"$cur\"))\n"
	"}\n\n"
	"_profound_users()\n"
	"{\n"
	"\tCOMPREPLY=($(compgen -u -- \"$cur\"))\n"
	"}\n\n"
	"# A command line of its own from word $1 on.\n"
	"_profound_command()\n"
	"{\n"
	"\tif declare -F _command_offset >/dev/null; then\n"
	"\t\t_command_offset \"$1\"\n"
	"\telif ((COMP_CWORD == $1)); then\n"
	"\t\tCOMPREPLY=($(compgen -c -- \"$cur\"))\n"
	"\telse\n"
	"\t\t_profound_files -f\n"
	"\tfi\n"
	"}\n\n"
	"_profound()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} options= words= files= i\n"
	"\tCOMPREPLY=()\n"
	"\t# --name=value comes as three words.\n"
	"\tif [[ $cur == = ]]; then\n"
	"\t\tcur=\n"
	"\telif [[ $prev == = ]]; then\n"
	"\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tfi\n";

static void top(FILE *out)
{
	fputs("\tif ((COMP_CWORD == 1)); then\n\t\t_profound_words '", out);
	for (unsigned i = 0; i < n_commands; i++)
		fprintf(out, "%s ", commands[i]->name);
	fputs("help --help --version'\n\t\treturn\n\tfi\n", out);
}

static void spellings(FILE *out, const struct option_spec *option, const char *between)
{
	if (option->letter)
		fprintf(out, "-%c", option->letter);
	if (option->letter && option->name)
		fputs(between, out);
	if (option->name)
		fprintf(out, "--%s", option->name);
}

static void value(FILE *out, const struct option_spec *option)
{
	static const char *const calls[] = {
		[VALUE_ANY] = "",
		[VALUE_FILE] = "_profound_files -f; ",
		[VALUE_DIRECTORY] = "_profound_files -d; ",
		[VALUE_PID] = "_profound_words \"$(cd /proc && echo [0-9]*)\"; ",
		[VALUE_USER] = "_profound_users; ",
		[VALUE_EVENT] = "_profound_words \"$(profound list events 2>/dev/null | "
				"sed -n 's/^  \\([a-z][^ ,]*\\).*/\\1/p')\"; ",
	};
	enum value_kind kind = value_kind(option);

	fputs("\t\t", out);
	spellings(out, option, "|");
	fputs(") ", out);
	if (kind == VALUE_CHOICE) {
		fputs("_profound_words '", out);
		value_print_choices(out, option);
		fputs("'; ", out);
	} else {
		fputs(calls[kind], out);
	}
	fputs("return ;;\n", out);
}

static void values(FILE *out, const struct command_spec *command)
{
	fputs("\t\tcase $prev in\n", out);
	for (unsigned i = 0; i < command->n_options; i++)
		if (command->options[i].value)
			value(out, &command->options[i]);
	fputs("\t\tesac\n", out);
}

static void after_dashes(FILE *out)
{
	fputs("\t\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
	      "\t\t\t[[ ${COMP_WORDS[i]} == -- ]] || continue\n"
	      "\t\t\t_profound_command $((i + 1))\n"
	      "\t\t\treturn\n"
	      "\t\tdone\n",
		out);
}

static void command_case(FILE *out, const struct command_spec *command)
{
	fprintf(out, "\t%s)\n", command->name);
	if (command->takes_command)
		after_dashes(out);
	values(out, command);
	fputs("\t\toptions='", out);
	for (unsigned i = 0; i < command->n_options; i++) {
		spellings(out, &command->options[i], " ");
		fputc(' ', out);
	}
	fprintf(out, "--help%s'\n", command->takes_command ? " --" : "");
	/* A subject comes first, then what it is about. */
	if (takes_files(command))
		fputs(command->words ? "\t\t((COMP_CWORD > 2)) && files=1\n" : "\t\tfiles=1\n", out);
	fputs(command->words ? "\t\twords='" : "", out);
	for (const char *const *word = command->words; word && *word; word++)
		fprintf(out, "%s%s", word == command->words ? "" : " ", *word);
	fputs(command->words ? "'\n\t\t;;\n" : "\t\t;;\n", out);
}

void bash_completion(FILE *out)
{
	fputs(head, out);
	top(out);
	fputs("\tcase ${COMP_WORDS[1]} in\n\thelp)\n\t\twords='", out);
	for (unsigned i = 0; i < n_commands; i++)
		fprintf(out, "%s%s", i ? " " : "", commands[i]->name);
	fputs("'\n\t\t;;\n", out);
	for (unsigned i = 0; i < n_commands; i++)
		command_case(out, commands[i]);
	fputs("\tesac\n"
	      "\tif [[ $cur == -* ]]; then\n"
	      "\t\t_profound_words \"$options\"\n"
	      "\telif [[ $files ]]; then\n"
	      "\t\t_profound_files -f\n"
	      "\telse\n"
	      "\t\t_profound_words \"$words\"\n"
	      "\tfi\n"
	      "}\n\n"
	      "complete -F _profound profound\n",
		out);
}
