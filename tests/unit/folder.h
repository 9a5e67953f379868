/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder for one test: make_folder() and remove_folder() are its setup and teardown. */
#ifndef PROFOUND_TEST_FOLDER_H
#define PROFOUND_TEST_FOLDER_H

#include <stdio.h>
#include <stdlib.h>

static char folder[64];

static inline int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/profound-test-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

#endif
