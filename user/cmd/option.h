/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one option table: it feeds the parser and --help, and by tools/manual man pages and completions. A
 * command is a list of groups of options; an option names its value (NULL: a flag) and a handler
 * that checks and stores it.
 */
#ifndef PROFOUND_OPTION_H
#define PROFOUND_OPTION_H

#include <stdbool.h>

#include "base/fault.h"

struct option_spec {
	const char *group; /* heading in --help: "selection", "sampling", "output" */
	char letter;       /* 0: none */
	const char *name;  /* long name without dashes; NULL: none */
	const char *value; /* what the value is called: "HZ"; NULL: takes none */
	const char *help; /* one line, under 60 characters; NULL: an alias that --help leaves out */
	/* 0; -EINVAL with the fault filled. `into` is the command's own struct. */
	int (*set)(void *into, const char *value, struct fault *fault);
};

struct command_spec {
	const char *name;     /* "record" */
	const char *synopsis; /* "[selection] [sampling] [output] [-- COMMAND [ARG...]]" */
	const char *summary;  /* one line */
	const struct option_spec *options;
	unsigned n_options;
	/* A bare argument; NULL: none is taken. */
	int (*argument)(void *into, const char *value, struct fault *fault);
	const char *const *examples; /* NULL-terminated, or NULL */
	const char *const *notes;    /* the same: lines that end the help */
	const char *const *words;    /* the same: bare arguments that it knows, for completions */
	bool takes_command;          /* everything after -- is a command */
	int (*run)(int argc, char **argv);
};

struct option_result {
	bool help;      /* --help was given: nothing else counts */
	char **command; /* after --, NULL: none */
};

/*
 * Parses argv[1..]; options and arguments may be mixed; -F99, -F 99, --frequency=99, --frequency 99
 * and grouped flags (-UK) are understood; long names are not abbreviated. 0; -EINVAL with a fault
 * that names the option or value and hints at the nearest valid one.
 */
int option_parse(const struct command_spec *command, int argc, char **argv, void *into,
	struct option_result *result, struct fault *fault);

/* One screen of help. */
void option_help(const struct command_spec *command);

#endif
