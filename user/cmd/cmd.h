/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands. Each gets its own name as argv[0] and returns an exit status (exit_code.h). */
#ifndef PROFOUND_CMD_H
#define PROFOUND_CMD_H

#include "base/fault.h"

struct command_spec;

int cmd_record(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_agent(int argc, char **argv);
int cmd_query(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_debug(int argc, char **argv);

extern const struct command_spec record_command, report_command, agent_command, query_command, doctor_command, list_command, debug_command;

/* All of them, in the order of help and man pages. */
extern const struct command_spec *const commands[];
extern const unsigned n_commands;

/* Prints "profound NAME: fault" on stderr; EXIT_USAGE for -EINVAL, EXIT_FAILED for every other
 * error. */
int cmd_fail(const char *name, int error, const struct fault *fault);

/*
 * Opens the man page of `profound NAME` and does not return; or prints its help when there is no
 * page, and returns EXIT_DONE.
 */
int cmd_help(const struct command_spec *command);

#endif
