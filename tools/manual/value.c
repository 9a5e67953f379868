// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "manual.h"

#include "export/exporter.h"
#include "report/labels.h"

enum value_kind value_kind(const struct option_spec *option)
{
	static const struct {
		const char *value;
		enum value_kind kind;
	} kinds[] = {
		{"FILE", VALUE_FILE}, {"FILE|URL", VALUE_FILE}, {"DIR", VALUE_DIRECTORY}, {"PID[,PID]", VALUE_PID},
		{"UID|USER[,..]", VALUE_USER}, {"EVENT", VALUE_EVENT},
	};
	const char *choices[VALUE_CHOICES];

	if (!option->value)
		return VALUE_NONE;
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(option->value, kinds[i].value))
			return kinds[i].kind;
	return value_choices(option, choices) ? VALUE_CHOICE : VALUE_ANY;
}

static unsigned formats(const char *choices[VALUE_CHOICES])
{
	unsigned count = 0;

	for (; count < n_exporters && count < VALUE_CHOICES; count++)
		choices[count] = exporters[count].name;
	return count;
}

static unsigned rows(const char *choices[VALUE_CHOICES])
{
	for (unsigned i = 0; i < LABELS_KINDS; i++)
		choices[i] = labels_by_name(i);
	return LABELS_KINDS;
}

static unsigned log_formats(const char *choices[VALUE_CHOICES])
{
	choices[0] = "logfmt";
	choices[1] = "json";
	return 2;
}

unsigned value_choices(const struct option_spec *option, const char *choices[VALUE_CHOICES])
{
	static const struct {
		const char *option;
		unsigned (*choices)(const char *choices[VALUE_CHOICES]);
	} known[] = {{"format", formats}, {"by", rows}, {"log-format", log_formats}};

	for (unsigned i = 0; option->name && i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(option->name, known[i].option))
			return known[i].choices(choices);
	return 0;
}

void value_print_choices(FILE *out, const struct option_spec *option)
{
	const char *choices[VALUE_CHOICES];
	unsigned count = value_choices(option, choices);

	for (unsigned i = 0; i < count; i++)
		fprintf(out, "%s%s", i ? " " : "", choices[i]);
}

const struct option_spec *option_of_alias(const struct command_spec *command, const struct option_spec *alias)
{
	for (unsigned i = 0; !alias->help && i < command->n_options; i++)
		if (command->options[i].help && command->options[i].set == alias->set)
			return &command->options[i];
	return alias;
}

bool takes_files(const struct command_spec *command)
{
	return command->argument && strstr(command->synopsis, "FILE");
}

void quoted_text(FILE *out, const char *text, const char *escaped)
{
	for (; *text; text++) {
		if (strchr(escaped, *text))
			fputc('\\', out);
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	}
}
