/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exit status of every command; with `-- COMMAND` its own status comes first. */
#ifndef PROFOUND_EXIT_CODE_H
#define PROFOUND_EXIT_CODE_H

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,       /* could not do it, which the machine shows */
	EXIT_USAGE = 2,        /* wrong usage, which the arguments alone show */
	EXIT_LOW_QUALITY = 3,  /* below --min-quality */
	EXIT_NO_EXEC = 126,    /* COMMAND cannot be executed */
	EXIT_NO_COMMAND = 127, /* COMMAND not found */
	EXIT_GAVE_UP = 130,    /* second SIGINT */
};

#endif
