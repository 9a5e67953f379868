// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "cmd/cmd.h"
#include "cmd/debug_names.h"
#include "cmd/debug_stack.h"
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
	int err = rules_init(&rules, NULL);

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

struct wanted {
	const struct subject *subject;
	const char *what;
	const char *save;       /* NULL: not asked for */
	struct batch addresses; /* in the order of typing: names */
};

static int print_tables(const struct wanted *wanted, struct fault *fault)
{
	const char *path = wanted->what;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err;

	if (fd < 0)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	err = print_file(fd, path, fault);
	close(fd);
	return err;
}

static int print_stack(const struct wanted *wanted, struct fault *fault)
{
	return debug_stack(wanted->what, wanted->save, fault);
}

static int print_sample(const struct wanted *wanted, struct fault *fault)
{
	return debug_sample(wanted->what, wanted->save, fault);
}

static int print_names(const struct wanted *wanted, struct fault *fault)
{
	return debug_names(wanted->what, &wanted->addresses, fault);
}

static const struct subject {
	const char *name, *of; /* what it is about, in words */
	int (*print)(const struct wanted *wanted, struct fault *fault);
	/* 0, or -EINVAL with the fault filled; NULL: any word will do. */
	int (*check)(const char *what, struct fault *fault);
	bool saves;     /* takes -o */
	bool addresses; /* takes some */
} subjects[] = {
	{"tables", "a file", print_tables, NULL, false, false},
	{"stack", "a PID", print_stack, debug_stack_check, true, false},
	{"sample", "a file", print_sample, NULL, false, false},
	{"names", "a file", print_names, NULL, false, true},
};

#define SUBJECTS (sizeof(subjects) / sizeof(*subjects))

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
	return fault_set(fault, -EINVAL, "unknown subject '%s'%s", word,
		*hint ? hint : "; there are tables, stack, sample, names");
}

static int take_argument(void *into, const char *word, struct fault *fault)
{
	struct wanted *wanted = into;

	if (!wanted->subject)
		return choose_subject(wanted, word, fault);
	if (wanted->what && wanted->subject->addresses)
		return debug_names_take(word, &wanted->addresses, fault);
	if (wanted->what)
		return fault_set(fault, -EINVAL, "%s at a time, not '%s' too", wanted->subject->of, word);
	wanted->what = word;
	return wanted->subject->check ? wanted->subject->check(word, fault) : 0;
}

static int set_save(void *into, const char *value, struct fault *fault)
{
	struct wanted *wanted = into;

	if (!*value)
		return fault_set(fault, -EINVAL, "needs the name of a file");
	wanted->save = value;
	return 0;
}

static const struct option_spec options[] = {
	{"output", 'o', "output", "FILE", "stack: keep all that unwinds it, for `sample`", set_save},
};

static const char *const examples[] = {
	"profound debug tables /bin/bash         # how each range of code is unwound",
	"profound debug stack 4711 -o x.sample   # a process's stack now, and in a file",
	"profound debug sample x.sample          # the same, unwound again anywhere",
	"profound debug names /bin/bash 2f5b0    # which functions and lines are at an address",
	NULL,
};

static const char *const words[] = {"tables", "stack", "sample", "names", NULL};

_Static_assert(sizeof(words) / sizeof(*words) == SUBJECTS + 1, "each subject is a word");

const struct command_spec debug_command = {
	.name = "debug",
	.synopsis = "tables FILE | stack PID [-o FILE] | sample FILE | names FILE [ADDRESS...]",
	.summary = "how profound unwinds and names: a file's rows, a process's stack, an address",
	.options = options,
	.n_options = sizeof(options) / sizeof(*options),
	.argument = take_argument,
	.words = words,
	.examples = examples,
	.run = cmd_debug,
};

static int check_usage(const struct wanted *wanted, struct fault *fault)
{
	if (!wanted->subject)
		return fault_set(fault, -EINVAL, "needs a subject: tables FILE, stack PID, sample FILE or names FILE");
	if (!wanted->what)
		return fault_set(fault, -EINVAL, "%s needs %s", wanted->subject->name, wanted->subject->of);
	if (wanted->save && !wanted->subject->saves)
		return fault_set(fault, -EINVAL, "-o: only for stack, not for %s", wanted->subject->name);
	return 0;
}

int cmd_debug(int argc, char **argv)
{
	struct wanted wanted = {0};
	struct option_result result;
	struct fault fault;
	int err = option_parse(&debug_command, argc, argv, &wanted, &result, &fault);

	if (err)
		return cmd_fail(argv[0], err, &fault);
	if (result.help) {
		option_help(&debug_command);
		return EXIT_DONE;
	}
	err = check_usage(&wanted, &fault);
	if (err)
		return cmd_fail(argv[0], err, &fault);
	/* What a file holds is not wrong usage. */
	err = wanted.subject->print(&wanted, &fault);
	batch_release(&wanted.addresses);
	return err ? cmd_fail(argv[0], err == -EINVAL ? -EIO : err, &fault) : EXIT_DONE;
}
