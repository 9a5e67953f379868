// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <string.h>

#include "manual.h"

static void upper(FILE *out, const char *text)
{
	for (; *text; text++)
		fputs(*text == '-' ? "\\-" : (char[2]){(char)toupper((unsigned char)*text), 0}, out);
}

static void title(const struct edition *edition, const char *suffix, const char *summary, FILE *out)
{
	fputs(".\\\" Made by tools/manual of the tables that the parser reads, and of docs/man.\n.TH PROFOUND", out);
	upper(out, suffix);
	fprintf(out, " 1 %s \"profound %s\" \"User Commands\"\n.SH NAME\nprofound", edition->date, edition->version);
	roff_text(out, suffix);
	fputs(" \\- ", out);
	roff_text(out, summary);
	fputc('\n', out);
}

static void comma(FILE *out, bool *first)
{
	fputs(*first ? "" : ", ", out);
	*first = false;
}

static void spelling(FILE *out, const struct option_spec *option, bool *first)
{
	if (option->letter) {
		comma(out, first);
		fprintf(out, "\\fB\\-%c\\fR", option->letter);
	}
	if (option->name) {
		comma(out, first);
		fputs("\\fB\\-\\-", out);
		roff_text(out, option->name);
		fputs("\\fR", out);
	}
}

/* All spellings of an option: its own, then those of its aliases. */
static void option_entry(FILE *out, const struct command_spec *command, const struct option_spec *option)
{
	const struct option_spec *end = command->options + command->n_options;
	bool first = true;

	fputs(".TP\n", out);
	spelling(out, option, &first);
	for (const struct option_spec *alias = command->options; alias < end; alias++)
		if (!alias->help && option_of_alias(command, alias) == option)
			spelling(out, alias, &first);
	if (option->value) {
		fputs(" \\fI", out);
		roff_text(out, option->value);
		fputs("\\fR", out);
	}
	fputc('\n', out);
	roff_text(out, option->help);
	fputc('\n', out);
	if (value_kind(option) == VALUE_CHOICE) {
		fputs(".br\nOne of: ", out);
		value_print_choices(out, option);
		fputc('\n', out);
	}
}

static void option_entries(FILE *out, const struct command_spec *command)
{
	const char *group = "";

	fputs(".SH OPTIONS\n", out);
	for (unsigned i = 0; i < command->n_options; i++) {
		const struct option_spec *option = &command->options[i];

		if (!option->help)
			continue;
		if (strcmp(group, option->group)) {
			fputs(".SS ", out);
			roff_text(out, option->group);
			fputc('\n', out);
		}
		group = option->group;
		option_entry(out, command, option);
	}
	if (command->n_options)
		fputs(".SS help\n", out);
	fputs(".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\none screen of help\n", out);
}

/* "COMMAND   what it does" or "COMMAND   # what it does": two spaces divide them. */
static void examples(FILE *out, const char *const *lines)
{
	if (lines)
		fputs(".SH EXAMPLES\n", out);
	for (; lines && *lines; lines++) {
		const char *gap = strstr(*lines, "  ");
		const char *about = gap ? gap + strspn(gap, " #") : "";
		char example[256];

		snprintf(example, sizeof(example), "%.*s", gap ? (int)(gap - *lines) : (int)strlen(*lines), *lines);
		fputs(".TP\n.nf\n\\fB", out);
		roff_text(out, example);
		fputs("\\fR\n.fi\n", out);
		roff_text(out, about);
		fputs(*about ? "\n" : "\\&\n", out);
	}
}

static void notes(FILE *out, const char *const *lines)
{
	if (lines)
		fputs(".SH NOTES\n", out);
	for (; lines && *lines; lines++) {
		roff_text(out, *lines);
		fputc('\n', out);
	}
}

static void see_also(FILE *out, const char *but)
{
	fputs(".SH SEE ALSO\n", out);
	if (*but)
		fputs(".BR profound (1),\n", out);
	for (unsigned i = 0, left = n_commands - !!*but; i < n_commands; i++) {
		if (!strcmp(commands[i]->name, but))
			continue;
		fprintf(out, ".BR profound\\-%s (1)%s\n", commands[i]->name, --left ? "," : "");
	}
}

int page_command(const struct edition *edition, const struct command_spec *command, FILE *out)
{
	char suffix[64];
	int err;

	snprintf(suffix, sizeof(suffix), "-%s", command->name);
	title(edition, suffix, command->summary, out);
	fprintf(out, ".SH SYNOPSIS\n\\fBprofound %s\\fR%s", command->name, *command->synopsis ? " " : "");
	roff_text(out, command->synopsis);
	fputs("\n.SH DESCRIPTION\n", out);
	err = roff_fragment(out, edition, command->name, false);
	option_entries(out, command);
	if (!err)
		err = roff_fragment(out, edition, command->name, true);
	examples(out, command->examples);
	notes(out, command->notes);
	see_also(out, command->name);
	return err;
}

int page_profound(const struct edition *edition, FILE *out)
{
	int err;

	title(edition, "", "a system-wide profiler for Linux", out);
	fputs(".SH SYNOPSIS\n\\fBprofound\\fR \\fICOMMAND\\fR [\\fIARG\\fR...]\n.br\n"
	      "\\fBprofound help\\fR [\\fICOMMAND\\fR]\n.br\n\\fBprofound \\-\\-version\\fR\n.SH DESCRIPTION\n",
		out);
	err = roff_fragment(out, edition, "profound", false);
	fputs(".SH COMMANDS\n", out);
	for (unsigned i = 0; i < n_commands; i++) {
		fprintf(out, ".TP\n.BR profound\\-%s (1)\n", commands[i]->name);
		roff_text(out, commands[i]->summary);
		fputc('\n', out);
	}
	if (!err)
		err = roff_fragment(out, edition, "profound", true);
	see_also(out, "");
	return err;
}
