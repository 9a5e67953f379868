// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/scribe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/usage.h"
#include "base/wire.h"
#include "export/otlp.h"
#include "send/otlp_requests.h"
#include "store/store.h"

_Static_assert(sizeof(struct scribe_report) <= PIPE_BUF, "a report is written at once");

static int put_requests(const struct scribe_task *task, const struct export_view *view, struct scribe_report *report)
{
	struct otlp_requests requests = {0};
	struct otlp_request request;
	int err = otlp_requests_init(&requests, view, otlp_encode), more = 0;
	unsigned part = 0;

	/* What is too large for any request is passed over: -E2BIG. */
	while (!err && (more = otlp_requests_next(&requests, &request)) && (more > 0 || more == -E2BIG)) {
		if (more < 0)
			continue;
		err = spool_put(task->spool, task->spool_ns, part++, request.data, request.len);
		if (!err) {
			report->requests++;
			report->bytes += request.len;
		}
	}
	otlp_requests_release(&requests);
	err = err ? err : more;
	/* All of it or nothing: it is tried again. */
	if (err)
		spool_take_back(task->spool, task->spool_ns, part);
	return err;
}

static void spool_profile(const struct scribe_task *task, const struct export_view *view, struct scribe_report *report)
{
	report->spool_err = put_requests(task, view, report);
	if (report->spool_err)
		snprintf(report->text, sizeof(report->text), "cannot write to the spool: %s", strerror(-report->spool_err));
}

static int put_row(const struct export_view *view, struct store *store, struct fault *fault)
{
	const struct store_row row = {
		.start_ns = view->profile->start_unix_ns,
		.end_ns = view->profile->start_unix_ns + view->profile->duration_ns,
		.samples = profile_total(view->profile),
	};
	struct wire otlp = {0};
	int err = otlp_encode(view, (struct otlp_samples){0}, &otlp);

	if (err)
		fault_set(fault, err, "cannot encode the profile for the store: %s", strerror(-err));
	else
		err = store_put(store, &row, otlp.data, otlp.len, fault);
	wire_release(&otlp);
	return err;
}

static void store_profile(const struct scribe_task *task, const struct export_view *view, struct scribe_report *report)
{
	int64_t now_ns = (int64_t)clock_ns(CLOCK_REALTIME);
	int64_t before_ns = task->store_age_ns ? now_ns - (int64_t)task->store_age_ns : INT64_MIN;
	struct store *store = NULL;
	struct fault fault = {""};
	int err = store_open(&store, task->store, true, &fault);

	if (!err)
		err = put_row(view, store, &fault);
	/* A full disk has room again when old rows went. */
	if (store && (!err || err == -ENOSPC)) {
		struct fault trim = {""};
		int trimmed = store_trim(store, before_ns, task->store_bytes,
			&report->store_gone, err ? &trim : &fault);

		if (!err)
			err = trimmed;
	}
	store_close(store);
	report->store_err = err;
	if (err)
		memcpy(report->text, fault.text, sizeof(report->text));
}

/* Null where a part of it is not known. */
static int64_t lost(const struct trust *trust)
{
	return trust->expected == TRUST_NULL ? TRUST_NULL : trust->expected - trust->taken - trust->idle;
}

static void take_figures(const struct trust *trust, struct scribe_report *report)
{
	report->lost = lost(trust);
	report->expected = trust->expected;
	report->taken = trust->taken;
	report->idle = trust->idle;
	report->complete = trust->complete;
	report->unverified = trust->unverified;
	report->frames = trust->frames;
	report->named = trust->named;
	memcpy(report->counter, trust->counter, sizeof(report->counter));
}

static void take_cost(struct scribe_report *report)
{
	report->cpu_seconds = usage_cpu_seconds(RUSAGE_SELF) + usage_cpu_seconds(RUSAGE_CHILDREN);
	report->max_rss_bytes = (int64_t)usage_memory_bytes("VmHWM");
}

static void work(const struct scribe_task *task, struct scribe_report *report)
{
	struct recorder *recorder = task->recorder;
	const struct export_view view = {
		.profile = recorder_profile(recorder), .trust = &recorder->trust};
	struct fault fault = {""};

	report->err = recorder_complete(recorder, task->until_ns, &fault);
	if (report->err) {
		memcpy(report->text, fault.text, sizeof(report->text));
		return;
	}
	take_figures(&recorder->trust, report);
	if (task->store)
		store_profile(task, &view, report);
	if (task->spool)
		spool_profile(task, &view, report);
}

static void child(const struct scribe_task *task, int fd)
{
	static struct scribe_report report;

	if (task->close_fd >= 0)
		close(task->close_fd);
	work(task, &report);
	take_cost(&report);
	/* SIGPIPE is ignored: the agent may have gone. */
	_exit(write(fd, &report, sizeof(report)) == sizeof(report) ? 0 : 1);
}

int scribe_start(struct scribe *scribe, const struct scribe_task *task, struct fault *fault)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return fault_set(fault, -errno, "cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (!pid)
		child(task, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		int err = -errno;

		close(ends[0]);
		return fault_set(fault, err, "cannot start the child that writes: %s", strerror(-err));
	}
	*scribe = (struct scribe){pid, ends[0], clock_now_ns()};
	return 0;
}

/* True: it is readable. */
static bool await(int fd, uint64_t until_ns)
{
	struct pollfd poll_fd = {fd, POLLIN, 0};
	uint64_t now;

	while ((now = clock_now_ns()) < until_ns) {
		uint64_t ms = (until_ns - now) / 1000000 + 1;
		int n = poll(&poll_fd, 1, ms < INT_MAX ? (int)ms : INT_MAX);

		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return true;
	}
	return poll(&poll_fd, 1, 0) > 0;
}

bool scribe_await(const struct scribe *scribe, uint64_t until_ns)
{
	return await(scribe->fd, until_ns);
}

void scribe_leave(struct scribe *scribe)
{
	close(scribe->fd);
	*scribe = SCRIBE_NONE;
}

void scribe_finish(struct scribe *scribe, uint64_t until_ns, struct scribe_report *report)
{
	bool reported = scribe_await(scribe, until_ns);
	int status = 0;

	if (!reported)
		kill(scribe->pid, SIGKILL);
	if (!reported || read(scribe->fd, report, sizeof(*report)) != sizeof(*report)) {
		memset(report, 0, sizeof(*report));
		report->err = reported ? -EPIPE : -ETIMEDOUT;
		snprintf(report->text, sizeof(report->text), "%s", reported ? "the child that writes died" :
			"the child that writes did not end in time");
	}
	close(scribe->fd);
	waitpid(scribe->pid, &status, 0);
	*scribe = SCRIBE_NONE;
}
