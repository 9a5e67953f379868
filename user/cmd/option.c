// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/option.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

#define MOST_NAMES 64
#define HELP_COLUMN 28

struct parser {
	const struct command_spec *command;
	char **argv;
	int argc, next;
	void *into;
	struct option_result *result;
	struct fault *fault;
};

static const struct option_spec *by_letter(const struct command_spec *command, char letter)
{
	for (unsigned i = 0; i < command->n_options; i++)
		if (command->options[i].letter == letter)
			return &command->options[i];
	return NULL;
}

static const struct option_spec *by_name(
	const struct command_spec *command, const char *name, size_t len)
{
	for (unsigned i = 0; i < command->n_options; i++) {
		const char *candidate = command->options[i].name;

		if (candidate && strlen(candidate) == len && !memcmp(candidate, name, len))
			return &command->options[i];
	}
	return NULL;
}

static int unknown_name(struct parser *parser, const char *name, size_t len)
{
	const struct command_spec *command = parser->command;
	const char *names[MOST_NAMES] = {"help"};
	char word[64], hint[128];
	unsigned count = 1;

	snprintf(word, sizeof(word), "%.*s", (int)len, name);
	for (unsigned i = 0; i < command->n_options && count < MOST_NAMES; i++)
		if (command->options[i].name)
			names[count++] = command->options[i].name;
	nearest_hint(hint, sizeof(hint), "--", nearest_word(word, names, count));
	return fault_set(parser->fault, -EINVAL, "unknown option --%s%s", word,
		*hint ? hint : "; see --help");
}

/* A letter has no near miss but the one in the other case. */
static int unknown_letter(struct parser *parser, char letter)
{
	char other[2] = {letter ^ 0x20, 0}, hint[64];

	nearest_hint(hint, sizeof(hint), "-", by_letter(parser->command, other[0]) ? other : NULL);
	return fault_set(parser->fault, -EINVAL, "unknown option -%c%s", letter,
		*hint ? hint : "; see --help");
}

/* Setters say what is wrong with the value; the option's own spelling is put before it here. */
static int set(struct parser *parser, const struct option_spec *option, const char *spelled,
	size_t len, const char *value)
{
	struct fault inner = {""};
	int err = option->set(parser->into, value, &inner);

	if (!err)
		return 0;
	return fault_set(parser->fault, err, "%.*s: %s", (int)len, spelled, inner.text);
}

static int take_value(struct parser *parser, const struct option_spec *option, const char *spelled,
	const char **value)
{
	if (parser->next >= parser->argc)
		return fault_set(
			parser->fault, -EINVAL, "%s needs a value: %s", spelled, option->value);
	*value = parser->argv[parser->next++];
	return 0;
}

static int parse_long(struct parser *parser, const char *word)
{
	const char *name = word + 2, *equals = strchr(name, '='), *value = NULL;
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_spec *option = by_name(parser->command, name, len);
	int err;

	if (!option && len == 4 && !memcmp(name, "help", 4) && !equals) {
		parser->result->help = true;
		return 0;
	}
	if (!option)
		return unknown_name(parser, name, len);
	if (!option->value && equals)
		return fault_set(parser->fault, -EINVAL, "--%s takes no value", option->name);
	if (equals)
		value = equals + 1;
	if (option->value && !equals) {
		err = take_value(parser, option, word, &value);
		if (err)
			return err;
	}
	return set(parser, option, word, len + 2, value);
}

static int parse_letters(struct parser *parser, const char *word)
{
	for (const char *at = word + 1; *at; at++) {
		const struct option_spec *option = by_letter(parser->command, *at);
		char spelled[3] = {'-', *at, 0};
		const char *value = at + 1;
		int err;

		if (!option && *at == 'h') {
			parser->result->help = true;
			continue;
		}
		if (!option)
			return unknown_letter(parser, *at);
		if (!option->value) {
			err = set(parser, option, spelled, 2, NULL);
			if (err)
				return err;
			continue;
		}
		err = *value ? 0 : take_value(parser, option, spelled, &value);
		return err ? err : set(parser, option, spelled, 2, value);
	}
	return 0;
}

static int parse_argument(struct parser *parser, const char *word)
{
	if (!parser->command->argument)
		return fault_set(
			parser->fault, -EINVAL, "unexpected argument '%s'; see --help", word);
	return parser->command->argument(parser->into, word, parser->fault);
}

static int parse_rest(struct parser *parser)
{
	if (!parser->command->takes_command) {
		while (parser->next < parser->argc) {
			int err = parse_argument(parser, parser->argv[parser->next++]);

			if (err)
				return err;
		}
		return 0;
	}
	if (parser->next == parser->argc)
		return fault_set(parser->fault, -EINVAL, "no command after --");
	parser->result->command = parser->argv + parser->next;
	parser->next = parser->argc;
	return 0;
}

static int parse_word(struct parser *parser, const char *word)
{
	if (!strcmp(word, "--"))
		return parse_rest(parser);
	if (word[0] == '-' && word[1] == '-')
		return parse_long(parser, word);
	if (word[0] == '-' && word[1])
		return parse_letters(parser, word);
	return parse_argument(parser, word);
}

int option_parse(const struct command_spec *command, int argc, char **argv, void *into,
	struct option_result *result, struct fault *fault)
{
	struct option_result parsed = {false, NULL};
	struct parser parser = {command, argv, argc, 1, into, &parsed, fault};

	while (parser.next < argc && !parsed.help) {
		int err = parse_word(&parser, argv[parser.next++]);

		if (err)
			return err;
	}
	*result = parsed;
	return 0;
}

static void help_option(const struct option_spec *option)
{
	char left[80];
	int len = 0;

	if (option->letter)
		len = snprintf(
			left, sizeof(left), "  -%c%s", option->letter, option->name ? ", " : "");
	else
		len = snprintf(left, sizeof(left), "      ");
	if (option->name)
		len += snprintf(left + len, sizeof(left) - len, "--%s", option->name);
	if (option->value)
		snprintf(left + len, sizeof(left) - len, " %s", option->value);
	printf("%-*s %s\n", HELP_COLUMN, left, option->help);
}

static void help_lines(const char *heading, const char *const *lines)
{
	if (lines)
		printf("%s:\n", heading);
	for (; lines && *lines; lines++)
		printf("  %s\n", *lines);
}

void option_help(const struct command_spec *command)
{
	const char *group = NULL;

	printf("profound %s: %s\nusage: profound %s%s%s\n", command->name, command->summary,
		command->name, *command->synopsis ? " " : "", command->synopsis);
	for (unsigned i = 0; i < command->n_options; i++) {
		const struct option_spec *option = &command->options[i];

		if (!option->help)
			continue;
		if (!group || strcmp(group, option->group))
			printf("%s:\n", option->group);
		group = option->group;
		help_option(option);
	}
	help_lines("examples", command->examples);
	help_lines("notes", command->notes);
}
