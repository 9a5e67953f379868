/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was asked of `profound agent`. Strings are borrowed from argv. Only what the arguments alone show is checked. */
#ifndef PROFOUND_AGENT_OPTIONS_H
#define PROFOUND_AGENT_OPTIONS_H

#include <stdbool.h>

#include "agent/agent.h"

struct cmd_agent_options {
	bool help; /* --help was given: nothing else is set or checked */
	bool log_json;
	struct agent_options agent;
};

/* 0; -EINVAL with a fault that names what is wrong and hints at what would be right. */
int cmd_agent_options_parse(struct cmd_agent_options *options, int argc, char **argv, struct fault *fault);

#endif
