// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/exit_code.h"
#include "cmd/option.h"

int cmd_fail(const char *name, int error, const struct fault *fault)
{
	fprintf(stderr, "profound %s: %s\n", name, fault->text);
	return error == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

/* `man -w` prints where a page is, and fails when there is none. */
static bool has_page(char *page)
{
	char *arguments[] = {"man", "-w", page, NULL};
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t pid;

	if (posix_spawn_file_actions_init(&actions))
		return false;
	if (!posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) &&
		!posix_spawn_file_actions_adddup2(&actions, 1, 2) &&
		!posix_spawnp(&pid, "man", &actions, NULL, arguments, environ))
		waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&actions);
	return status == 0;
}

int cmd_help(const struct command_spec *command)
{
	char page[64];

	snprintf(page, sizeof(page), "profound-%s", command->name);
	if (has_page(page))
		execlp("man", "man", page, (char *)NULL);
	option_help(command);
	return EXIT_DONE;
}
