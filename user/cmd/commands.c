// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cmd.h"

const struct command_spec *const commands[] = {
	&record_command,
	&report_command,
	&agent_command,
	&query_command,
	&doctor_command,
	&list_command,
	&debug_command,
};

const unsigned n_commands = sizeof(commands) / sizeof(*commands);
