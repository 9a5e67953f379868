// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "cmd/cmd.h"
#include "cmd/exit_code.h"
#include "cmd/option.h"
#include "object/unwind_print.h"
#include "object/unwind_table.h"

static const char *reason(int err)
{
	switch (err) {
	case -ENOEXEC:
		return "no ELF file of x86-64";
	case -ENODATA:
		return "no unwind information";
	default:
		return strerror(-err);
	}
}

static int print_file(int fd, const char *path, struct fault *fault)
{
	struct unwind_table table;
	struct rules rules;
	int err = rules_init(&rules);

	if (err)
		return fault_set(fault, err, "%s", strerror(-err));
	err = unwind_table_init(&table, fd, &rules);
	if (err) {
		fault_set(fault, err, "%s: %s", path, reason(err));
	} else {
		unwind_print_rows(&table, &rules, stdout);
		unwind_print_notes(&table, &rules, stderr);
		unwind_table_release(&table);
	}
	rules_release(&rules);
	return err;
}

static int debug_tables(const char *path, struct fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err;

	if (fd < 0)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	err = print_file(fd, path, fault);
	close(fd);
	return err;
}

static const struct subject {
	const char *name;
	int (*print)(const char *path, struct fault *fault);
} subjects[] = {
	{"tables", debug_tables},
};

#define SUBJECTS (sizeof(subjects) / sizeof(*subjects))

struct wanted {
	const struct subject *subject;
	const char *path;
};

static int choose_subject(struct wanted *wanted, const char *word, struct fault *fault)
{
	const char *names[SUBJECTS];
	char hint[64];

	for (unsigned i = 0; i < SUBJECTS; i++) {
		names[i] = subjects[i].name;
		if (strcmp(word, names[i]))
			continue;
		wanted->subject = &subjects[i];
		return 0;
	}
	nearest_hint(hint, sizeof(hint), "", nearest_word(word, names, SUBJECTS));
	return fault_set(
		fault, -EINVAL, "unknown subject '%s'%s", word, *hint ? hint : "; there is tables");
}

static int take_argument(void *into, const char *word, struct fault *fault)
{
	struct wanted *wanted = into;

	if (!wanted->subject)
		return choose_subject(wanted, word, fault);
	if (wanted->path)
		return fault_set(fault, -EINVAL, "one file at a time, not '%s' too", word);
	wanted->path = word;
	return 0;
}

static const char *const examples[] = {
	"profound debug tables /bin/bash     # how each range of code is unwound",
	NULL,
};

const struct command_spec debug_command = {
	.name = "debug",
	.synopsis = "tables FILE",
	.summary = "what profound reads out of a file: the rows that unwind it",
	.argument = take_argument,
	.examples = examples,
	.run = cmd_debug,
};

int cmd_debug(int argc, char **argv)
{
	struct wanted wanted = {0};
	struct option_result options;
	struct fault fault;
	int err = option_parse(&debug_command, argc, argv, &wanted, &options, &fault);

	if (err)
		return cmd_fail(argv[0], err, &fault);
	if (options.help) {
		option_help(&debug_command);
		return EXIT_DONE;
	}
	if (!wanted.path) {
		fault_set(
			&fault, -EINVAL, "needs a subject and a file: profound debug tables FILE");
		return cmd_fail(argv[0], -EINVAL, &fault);
	}
	/* What a file holds is not wrong usage. */
	err = wanted.subject->print(wanted.path, &fault);
	return err ? cmd_fail(argv[0], err == -EINVAL ? -EIO : err, &fault) : EXIT_DONE;
}
