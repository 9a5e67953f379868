/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Man pages and completions, from the tables of commands and options: what is printed here is what the parser takes.
 * Every writer prints to a stream and leaves errors in it.
 */
#ifndef MANUAL_H
#define MANUAL_H

#include <stdbool.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/option.h"

struct edition {
	const char *fragments; /* directory of NAME.roff: what no table knows */
	const char *date;      /* of the pages: 2026-11-30 */
	const char *version;
};

/* profound-COMMAND(1), and profound(1). 0, or a negative errno when a fragment cannot be read, which is said on stderr. */
int page_command(const struct edition *edition, const struct command_spec *command, FILE *out);
int page_profound(const struct edition *edition, FILE *out);

/* Text as roff shows it as it is. */
void roff_text(FILE *out, const char *text);
/* A fragment's part before its line .\" OPTIONS, or after it. As page_command(). */
int roff_fragment(FILE *out, const struct edition *edition, const char *name, bool after);

void bash_completion(FILE *out);
void zsh_completion(FILE *out);
void fish_completion(FILE *out);

enum value_kind { VALUE_NONE, VALUE_ANY, VALUE_FILE, VALUE_DIRECTORY, VALUE_PID, VALUE_USER, VALUE_EVENT, VALUE_CHOICE };

/* What a value may be. */
enum value_kind value_kind(const struct option_spec *option);
/* The words of a VALUE_CHOICE; count: how many there are, at most VALUE_CHOICES. */
#define VALUE_CHOICES 16
unsigned value_choices(const struct option_spec *option, const char *choices[VALUE_CHOICES]);
/* The same words with a space between them. */
void value_print_choices(FILE *out, const struct option_spec *option);
/* The help of an alias, which has none of its own, is that of the row it belongs to. */
const struct option_spec *option_of_alias(const struct command_spec *command, const struct option_spec *alias);
/* Its bare arguments are names of files. */
bool takes_files(const struct command_spec *command);
/* Text for a shell's '...': a quote becomes '\''; characters of `escaped` get a backslash. */
void quoted_text(FILE *out, const char *text, const char *escaped);

#endif
