// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "cmd/cmd.h"
#include "cmd/exit_code.h"
#include "cmd/option.h"
#include "cmd/report_options.h"
#include "cmd/reporting.h"

static int read_files(void *context, struct import *import, struct fault *fault)
{
	const struct report_options *options = context;
	const struct import_options how = {.type = options->type};
	int err = 0;

	for (unsigned i = 0; i < options->n_files && !err; i++)
		err = import_file(import, options->files[i], &how, fault);
	return err;
}

int cmd_report(int argc, char **argv)
{
	static struct report_options options;
	static struct reporting reporting = {
		.command = "report", .options = &options, .read = read_files, .context = &options};
	struct fault fault = {""};
	int status, err = report_options_parse(&options, argc, argv, &fault);

	if (!err && options.help) {
		option_help(&report_command);
	} else if (!err) {
		err = reporting_run(&reporting, &fault);
		/* What the machine shows is no wrong usage. */
		err = err == -EINVAL ? -EIO : err;
	}
	status = reporting_end(&reporting, err, &fault);
	report_options_release(&options);
	return status;
}
