// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/logger.h"
#include "base/clock.h"

#define HURRY_NS (5 * NS_PER_SECOND)
#define AT_ONCE 1 /* a time that is past: no file is asked */

static void end(struct writer *writer)
{
	recorder_release(writer->recorder);
	free(writer->recorder);
	writer->recorder = NULL;
	if (writer->freed)
		writer->freed(writer->context);
}

static void lose(struct writer *writer, const char *why)
{
	logger_say(LOG_ERROR, "an interval is lost", "reason", why, NULL);
	if (writer->scribe.pid) {
		struct scribe_report ignored;

		event_loop_remove(writer->loop, &writer->source);
		scribe_finish(&writer->scribe, clock_now_ns(), &ignored);
	}
	metrics_begin(writer->metrics)->lost++;
	metrics_end(writer->metrics);
	end(writer);
}

static int on_report(void *context);

static void start(struct writer *writer, uint64_t until_ns)
{
	const struct outlet *outlet = writer->outlet;
	const struct scribe_task task = {
		.recorder = writer->recorder,
		.spool = outlet->sends ? &outlet->spool : NULL,
		.spool_ns = writer->spool_ns,
		.store = writer->stored ? NULL : outlet->store,
		.store_bytes = writer->store_bytes,
		.store_age_ns = writer->store_age_ns,
		.until_ns = until_ns,
		.close_fd = writer->close_fd,
	};
	struct fault fault = {""};

	writer->tries++;
	if (scribe_start(&writer->scribe, &task, &fault)) {
		logger_say(LOG_WARNING, "an interval waits to be written", "reason", fault.text, NULL);
		return;
	}
	writer->source = (struct event_source){writer->scribe.fd, on_report, writer};
	event_loop_add(writer->loop, &writer->source);
}

void writer_take(struct writer *writer, struct recorder *recorder, uint64_t until_ns)
{
	writer->recorder = recorder;
	writer->spool_ns = spool_next(&writer->outlet->spool, (uint64_t)recorder->trust.start_unix_ns);
	writer->tries = 0;
	writer->stored = false;
	writer->unnamed = until_ns == AT_ONCE;
	start(writer, until_ns);
}

/* False: there is nothing in the spool that could go. */
static bool make_room(struct writer *writer)
{
	struct spool_depth depth;

	if (spool_look(&writer->outlet->spool, &depth) || !depth.files ||
		spool_remove(&writer->outlet->spool, depth.oldest))
		return false;
	metrics_begin(writer->metrics)->spool_dropped++;
	metrics_end(writer->metrics);
	return true;
}

static void tell_written(const struct scribe_report *report)
{
	double taken = (double)report->taken;

	logger_say(LOG_INFO, "interval written", "samples", logger_number(taken), "complete",
		logger_number(taken > 0 ? (double)report->complete / taken : 0), "named",
		logger_number(report->frames > 0 ? (double)report->named / (double)report->frames : 0), "lost",
		report->lost == TRUST_NULL ? "unknown" : logger_number((double)report->lost), "requests",
		logger_number((double)report->requests), "bytes", logger_number((double)report->bytes), NULL);
}

static void written(struct writer *writer, const struct scribe_report *report)
{
	uint64_t dropped = writer->outlet->sends ? spool_trim(&writer->outlet->spool) : 0;
	struct metrics_values *values = metrics_begin(writer->metrics);

	metrics_add_report(values, report);
	values->unnamed += writer->unnamed;
	values->spool_dropped += dropped;
	metrics_end(writer->metrics);
	if (report->store_err)
		logger_say(LOG_ERROR, "an interval is not in the store", "reason", report->text, NULL);
	if (dropped)
		logger_say(LOG_WARNING, "the spool is full: the oldest requests are dropped", "requests",
			logger_number((double)dropped), NULL);
	tell_written(report);
	if (writer->outlet->sends)
		forwarder_wake(&writer->outlet->forwarder);
	end(writer);
}

static void give_up(struct writer *writer, const struct scribe_report *report)
{
	if (!writer->stored) {
		lose(writer, report->text);
		return;
	}
	logger_say(LOG_ERROR, "an interval is in the store, and is not sent", "reason", report->text, NULL);
	written(writer, report);
}

/* The child did nothing at all, or could not put its requests. */
static void failed(struct writer *writer, const struct scribe_report *report)
{
	bool full = !report->err && (report->spool_err == -ENOSPC || report->spool_err == -EDQUOT);

	if (writer->tries >= WRITER_TRIES || (full && !make_room(writer)) || (!full && !report->err)) {
		give_up(writer, report);
		return;
	}
	logger_say(LOG_WARNING, full ? "the disk is full: the oldest request in the spool is dropped" :
		"an interval is written again, without names from files", "reason", report->text, NULL);
	writer->unnamed |= report->err != 0;
	if (report->err && writer->outlet->sends)
		spool_forget(&writer->outlet->spool, writer->spool_ns);
	start(writer, writer->unnamed ? AT_ONCE : 0);
}

static void take_report(struct writer *writer, uint64_t until_ns)
{
	struct scribe_report report;

	event_loop_remove(writer->loop, &writer->source);
	scribe_finish(&writer->scribe, until_ns, &report);
	writer->cpu_seconds += report.cpu_seconds;
	writer->stored |= writer->outlet->store && !report.err && !report.store_err;
	if (report.err || report.spool_err)
		failed(writer, &report);
	else
		written(writer, &report);
}

static int on_report(void *context)
{
	take_report(context, clock_now_ns());
	return 0;
}

void writer_look(struct writer *writer)
{
	if (!writer_is_busy(writer))
		return;
	if (!writer->scribe.pid && writer->tries < WRITER_TRIES)
		start(writer, writer->unnamed ? AT_ONCE : 0);
	else if (!writer->scribe.pid)
		lose(writer, "no child could be started to write it");
	else if (clock_now_ns() - writer->scribe.began_ns > writer->most_ns)
		take_report(writer, clock_now_ns());
}

static bool outlives_us(const struct outlet *outlet)
{
	return outlet->store || (outlet->sends && !*outlet->temporary);
}

static void leave(struct writer *writer)
{
	logger_say(LOG_WARNING, "a child goes on writing an interval when the agent has ended", NULL);
	event_loop_remove(writer->loop, &writer->source);
	scribe_leave(&writer->scribe);
	end(writer);
}

void writer_hurry(struct writer *writer)
{
	if (writer->scribe.pid && !writer->unnamed && clock_now_ns() - writer->scribe.began_ns > HURRY_NS)
		take_report(writer, clock_now_ns());
}

void writer_finish(struct writer *writer, uint64_t until_ns)
{
	while (writer_is_busy(writer) && clock_now_ns() < until_ns) {
		if (!writer->scribe.pid)
			writer_look(writer);
		else if (outlives_us(writer->outlet) && !scribe_await(&writer->scribe, until_ns))
			break;
		else
			take_report(writer, until_ns);
	}
	if (writer_is_busy(writer) && writer->scribe.pid && outlives_us(writer->outlet))
		leave(writer);
	else if (writer_is_busy(writer))
		lose(writer, "there was no time left to write it");
}
