// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/exit_code.h"
#include "cmd/option.h"
#include "collect/probe.h"

const struct command_spec doctor_command = {
	.name = "doctor",
	.synopsis = "",
	.summary = "what works on this machine, what is missing, the exact fix",
	.run = cmd_doctor,
};

static void print_row(const char *name, const struct probe_result *result)
{
	static const char *const verdicts[] = {"ok", "warn", "FAIL"};

	printf("%-5s %-22s %s\n", verdicts[result->verdict], name, result->found);
	if (result->cost[0])
		printf("%-28s costs: %s\n", "", result->cost);
	if (result->fix[0])
		printf("%-28s mend:  %s\n", "", result->fix);
}

static void print_missing(void)
{
	uint64_t missing = capabilities_missing(capabilities_effective());

	for (unsigned i = 0; i < n_capabilities; i++) {
		struct probe_result result;

		if (!(missing >> capabilities[i].number & 1))
			continue;
		probe_capability(&capabilities[i], &result);
		print_row(capabilities[i].name, &result);
	}
}

int cmd_doctor(int argc, char **argv)
{
	struct option_result options;
	unsigned failed = 0;
	struct fault fault;
	int err = option_parse(&doctor_command, argc, argv, NULL, &options, &fault);

	if (err)
		return cmd_fail(argv[0], err, &fault);
	if (options.help) {
		option_help(&doctor_command);
		return EXIT_DONE;
	}
	for (unsigned i = 0; i < n_probes; i++) {
		struct probe_result result;

		probes[i].run(&result);
		print_row(probes[i].name, &result);
		failed += result.verdict == PROBE_FAIL;
	}
	print_missing();
	printf("\n%s\n", failed ? "record does not work here" : "record works here");
	return failed ? EXIT_FAILED : EXIT_DONE;
}
