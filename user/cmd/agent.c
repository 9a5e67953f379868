// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/agent.h"

#include "agent/logger.h"
#include "cmd/agent_options.h"
#include "cmd/cmd.h"
#include "cmd/exit_code.h"
#include "cmd/option.h"

int cmd_agent(int argc, char **argv)
{
	static struct cmd_agent_options options;
	struct fault fault = {""};
	int err = cmd_agent_options_parse(&options, argc, argv, &fault);

	if (!err && options.help) {
		option_help(&agent_command);
		return EXIT_DONE;
	}
	logger_set_json(options.log_json);
	if (!err)
		err = agent_run(&options.agent, &fault);
	return err ? cmd_fail("agent", err, &fault) : EXIT_DONE;
}
