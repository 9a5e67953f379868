// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/query_options.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/number.h"
#include "cmd/cmd.h"
#include "cmd/option.h"
#include "cmd/selection_options.h"

#define DEFAULT_LIMIT 30
#define TIME_HINT "a time ago like 10m, 2h or 1d, or a date like '2026-11-25 14:30' (local) or 2026-11-25T14:30Z"

SELECTION_SETTER(struct query_options, selection, comm)
SELECTION_SETTER(struct query_options, selection, container)

static bool parse_date(const char *text, struct tm *date, bool *utc)
{
	static const char *const formats[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"};

	for (unsigned i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		const char *end;

		*date = (struct tm){.tm_isdst = -1};
		end = strptime(text, formats[i], date);
		*utc = end && !strcmp(end, "Z");
		if (end && (!*end || *utc))
			return true;
	}
	return false;
}

int query_time_parse(const char *text, int64_t now_ns, int64_t *ns)
{
	uint64_t ago;
	struct tm date;
	time_t time;
	bool utc;

	if (!strcmp(text, "now"))
		ago = 0;
	else if (number_duration(text, &ago))
		ago = UINT64_MAX;
	if (ago != UINT64_MAX) {
		if (ago > (uint64_t)now_ns)
			return -EINVAL;
		*ns = now_ns - (int64_t)ago;
		return 0;
	}
	if (!parse_date(text, &date, &utc))
		return -EINVAL;
	time = utc ? timegm(&date) : mktime(&date);
	if (time < 0 || time > INT64_MAX / (int64_t)NS_PER_SECOND)
		return -EINVAL;
	*ns = (int64_t)time * (int64_t)NS_PER_SECOND;
	return 0;
}

static int set_time(int64_t *ns, const char *value, struct fault *fault)
{
	if (query_time_parse(value, (int64_t)clock_ns(CLOCK_REALTIME), ns))
		return fault_set(fault, -EINVAL, "'%s' is no time: write " TIME_HINT, value);
	return 0;
}

static int set_since(void *into, const char *value, struct fault *fault)
{
	return set_time(&((struct query_options *)into)->since_ns, value, fault);
}

static int set_until(void *into, const char *value, struct fault *fault)
{
	return set_time(&((struct query_options *)into)->until_ns, value, fault);
}

static int set_store(void *into, const char *value, struct fault *fault)
{
	if (!*value)
		return fault_set(fault, -EINVAL, "an empty directory name");
	((struct query_options *)into)->store = value;
	return 0;
}

static int set_unit(void *into, const char *value, struct fault *fault)
{
	return selection_options_word(&((struct query_options *)into)->units, value, fault);
}

static const struct option_spec query_option_table[] = {
	{"history", 0, "store", "DIR", "that an agent's --store names", set_store},
	{"history", 0, "since", "TIME", "10m, 2h, '2026-11-25 14:30', 2026-11-25T14:30Z", set_since},
	{"history", 0, "until", "TIME", "the same (default: now)", set_until},
	{"selection", 0, "comm", "NAME", "threads of exactly this name; repeatable", set_comm},
	{"selection", 0, "container", "ID", "its id's first 6 digits or more, or a pod UID; repeatable", set_container},
	{"selection", 0, "unit", "NAME", "a systemd service; repeatable", set_unit},
	REPORT_ROWS
};

static const char *const query_examples[] = {
	"profound query --store /var/lib/profound/store --since 10m",
	"profound query --store DIR --since '2026-11-25 14:30' --until '2026-11-25 14:45' -o then.html",
	"profound query --store DIR --since 1h --comm python3 --by container",
	NULL,
};

static const char *const query_notes[] = {
	"Intervals that have a part in the time asked for are read whole.",
	NULL,
};

const struct command_spec query_command = {
	.name = "query",
	.synopsis = "--store DIR --since TIME [--until TIME] [selection] [table] [output]",
	.summary = "ask the local history of an agent",
	.options = query_option_table,
	.n_options = sizeof(query_option_table) / sizeof(*query_option_table),
	.examples = query_examples,
	.notes = query_notes,
	.run = cmd_query,
};

static int check(struct query_options *options, struct fault *fault)
{
	if (!options->store)
		return fault_set(fault, -EINVAL, "no history is named: --store DIR, the agent's");
	if (!options->since_ns)
		return fault_set(fault, -EINVAL, "since when? --since TIME: " TIME_HINT);
	if (options->since_ns >= options->until_ns)
		return fault_set(fault, -EINVAL, "--since is not before --until");
	return output_options_finish(&options->report.outputs, fault);
}

int query_options_parse(struct query_options *options, int argc, char **argv, struct fault *fault)
{
	struct query_options parsed = {
		.report.limit = DEFAULT_LIMIT, .until_ns = (int64_t)clock_ns(CLOCK_REALTIME)};
	struct option_result result;
	int err = option_parse(&query_command, argc, argv, &parsed, &result, fault);

	if (!err)
		parsed.report.help = result.help;
	if (!err && !parsed.report.help)
		err = check(&parsed, fault);
	if (err)
		query_options_release(&parsed);
	else
		*options = parsed;
	return err;
}

void query_options_release(struct query_options *options)
{
	report_options_release(&options->report);
}
