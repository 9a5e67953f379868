// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "export/text.h"

#define UNNAMED_SHOWN 3

static void add_line(struct summary *summary, const char *label, struct buf *text)
{
	buf_putc(text, 0);
	if (text->failed || summary->count == SUMMARY_LINES) {
		summary->failed = true;
		buf_release(text);
		return;
	}
	summary->lines[summary->count++] = (struct summary_line){label, text->data};
	*text = (struct buf){0};
}

static void dot(struct buf *text)
{
	if (text->len)
		buf_puts(text, " · ");
}

static int64_t known(int64_t figure)
{
	return figure == TRUST_NULL ? 0 : figure;
}

static int64_t counter_sum(const struct trust *trust, enum counter_class class)
{
	int64_t sum = 0;

	for (int i = 0; i < COUNTERS; i++)
		if (counter_specs[i].class == class)
			sum += known(trust->counter[i]);
	return sum;
}

static void put_cause(struct buf *text, enum abi_counter cause)
{
	for (const char *c = counter_specs[cause].name; *c; c++)
		buf_putc(text, *c == '_' ? ' ' : *c);
}

/* The kernel's own losses are not ours: they are named apart. */
static bool lost_by_kernel(int cause)
{
	return cause == COUNTER_not_run || cause == COUNTER_throttled;
}

static void put_cut_file(struct buf *text, const char *file)
{
	if (!file)
		return;
	buf_puts(text, " in ");
	text_plain(text, file);
}

/* "3 no unwind info in libfoo.so, 1 corrupt": the causes of a class that happened, in the order of the table. */
static void put_causes(struct buf *text, const struct trust *trust, enum counter_class class)
{
	const char *comma = "";

	for (int i = 0; i < COUNTERS; i++) {
		if (counter_specs[i].class != class || known(trust->counter[i]) <= 0)
			continue;
		if (class == CLASS_LOST && lost_by_kernel(i))
			continue;
		buf_puts(text, comma);
		text_number(text, trust->counter[i]);
		buf_putc(text, ' ');
		put_cause(text, (enum abi_counter)i);
		put_cut_file(text, trust->cut_file[i]);
		comma = ", ";
	}
}

static bool knows_lost(const struct trust *trust)
{
	for (int i = 0; i < COUNTERS; i++)
		if (counter_specs[i].class == CLASS_LOST && trust->counter[i] != TRUST_NULL)
			return true;
	return false;
}

static void put_lost(struct buf *text, const struct trust *trust)
{
	int64_t not_run = trust->counter[COUNTER_not_run];
	int64_t throttled = known(trust->counter[COUNTER_throttled]);
	int64_t ours = counter_sum(trust, CLASS_LOST) - known(not_run) - throttled;

	if (!knows_lost(trust))
		return;
	if (not_run != TRUST_NULL) {
		dot(text);
		text_number(text, not_run);
		buf_puts(text, " not run by the kernel");
	}
	if (throttled) {
		dot(text);
		text_number(text, throttled);
		buf_puts(text, " throttled by the kernel");
	}
	dot(text);
	text_number(text, ours);
	buf_puts(text, " lost by us");
	if (!ours)
		return;
	buf_puts(text, " (");
	put_causes(text, trust, CLASS_LOST);
	buf_putc(text, ')');
}

static void add_samples(struct summary *summary, const struct trust *trust)
{
	struct buf text = {0};

	if (known(trust->taken) <= 0)
		buf_puts(&text, known(trust->expected) > known(trust->idle) || !knows_lost(trust)
					? "0 (no sample)"
					: "0 (no sample: nothing that was selected ran while "
					  "profound sampled)");
	else
		text_number(&text, trust->taken);
	if (trust->expected != TRUST_NULL && known(trust->taken) > 0) {
		buf_puts(&text, " of ");
		text_number(&text, trust->expected);
		buf_puts(&text, " expected");
	}
	if (known(trust->idle) > 0) {
		dot(&text);
		text_number(&text, trust->idle);
		buf_puts(&text, " idle");
	}
	put_lost(&text, trust);
	add_line(summary, "samples", &text);
}

/* "46,871,522 inuse_space in bytes" */
static void add_total(struct summary *summary, const struct trust *trust, const struct profile *profile)
{
	const char *unit = profile_text(profile, profile->value.unit);
	struct buf text = {0};

	text_number(&text, known(trust->taken));
	buf_putc(&text, ' ');
	text_plain(&text, profile_text(profile, profile->value.type));
	if (strcmp(unit, "count")) {
		buf_puts(&text, " in ");
		text_plain(&text, unit);
	}
	add_line(summary, "total", &text);
}

static void add_stacks(struct summary *summary, const struct trust *trust)
{
	uint64_t cut = (uint64_t)counter_sum(trust, CLASS_CUT), taken = (uint64_t)trust->taken;
	struct buf text = {0};

	if (trust->complete != TRUST_NULL) {
		text_share(&text, (uint64_t)trust->complete, taken);
		buf_puts(&text, " complete");
	}
	if (known(trust->unverified)) {
		dot(&text);
		text_share(&text, (uint64_t)trust->unverified, taken);
		buf_puts(&text, " unverified (found by frame pointer in code not known to keep it");
		if (known(trust->counter[COUNTER_runtime_mismatch]))
			buf_puts(&text, ", or an interpreter's frames did not pair with native ones");
		buf_puts(&text, ")");
	}
	if (cut) {
		dot(&text);
		text_share(&text, cut, taken);
		buf_puts(&text, " cut (");
		put_causes(&text, trust, CLASS_CUT);
		buf_putc(&text, ')');
	}
	if (text.len)
		add_line(summary, "stacks", &text);
}

/* Where one frame of a hundred has no name, it matters why. */
static void add_why(struct summary *summary, const struct trust *trust)
{
	struct buf text = {0};

	if ((trust->frames - trust->named) * 100 < trust->frames || !counter_sum(trust, CLASS_FRAME))
		return;
	buf_puts(&text, "without a name: ");
	put_causes(&text, trust, CLASS_FRAME);
	add_line(summary, "", &text);
}

static void add_names(struct summary *summary, const struct trust *trust)
{
	struct buf text = {0};

	if (!trust->frames) /* of nothing no share has a name */
		return;
	text_share(&text, (uint64_t)trust->named, (uint64_t)trust->frames);
	buf_puts(&text, " of frames");
	for (uint32_t i = 0; i < trust->n_unnamed && i < UNNAMED_SHOWN; i++) {
		buf_puts(&text, i ? ", " : " · unnamed: ");
		text_plain(&text, trust->unnamed[i].file);
		buf_putc(&text, ' ');
		text_share(&text, trust->unnamed[i].frames, (uint64_t)trust->frames);
	}
	if (trust->n_unnamed > UNNAMED_SHOWN)
		buf_printf(&text, " and %" PRIu32 " more", trust->n_unnamed - UNNAMED_SHOWN);
	add_line(summary, "names", &text);
	add_why(summary, trust);
}

static void add_top(struct summary *summary, const struct trust *trust)
{
	for (uint32_t i = 0; i < trust->n_top; i++) {
		const struct trust_top *top = &trust->top[i];
		struct buf text = {0};

		text_plain(&text, top->comm);
		buf_putc(&text, ' ');
		text_plain(&text, *top->function ? top->function : "(no frame)");
		buf_putc(&text, ' ');
		text_share(&text, top->samples, (uint64_t)trust->taken);
		add_line(summary, i ? "" : "top", &text);
	}
}

static void add_event(struct summary *summary, const struct trust *trust)
{
	struct buf text = {0};

	if (!trust->event)
		return;
	text_plain(&text, trust->event);
	if (trust->event_asked) {
		buf_puts(&text, " (");
		text_plain(&text, trust->event_asked);
		buf_puts(&text, " is not available here)");
	}
	if (trust->frequency_hz != TRUST_NULL) {
		buf_puts(&text, " at ");
		text_number(&text, trust->frequency_hz);
		buf_puts(&text, " Hz");
	} else if (trust->period != TRUST_NULL) {
		buf_puts(&text, ", one sample per ");
		text_number(&text, trust->period);
	}
	add_line(summary, "event", &text);
}

static void add_cost(struct summary *summary, const struct trust *trust)
{
	struct buf text = {0};

	if (trust->cpu_seconds >= 0)
		buf_printf(&text, "%.2f CPU s", trust->cpu_seconds);
	if (trust->cpu_seconds >= 0 && trust->machine_share >= 0)
		buf_printf(&text, " (%.1f %% of the machine)", 100 * trust->machine_share);
	if (trust->max_rss_bytes != TRUST_NULL) {
		dot(&text);
		text_number(&text, (trust->max_rss_bytes + 500000) / 1000000);
		buf_puts(&text, " MB");
	}
	if (trust->kernel_ns_per_sample != TRUST_NULL) {
		dot(&text);
		buf_printf(&text, "%.1f µs in kernel per sample",
			(double)trust->kernel_ns_per_sample / 1000);
	}
	if (text.len)
		add_line(summary, "cost", &text);
	else
		buf_release(&text);
}

static void add_notes(struct summary *summary, const struct trust *trust)
{
	struct buf text = {0};

	if (!counter_sum(trust, CLASS_NOTE))
		return;
	put_causes(&text, trust, CLASS_NOTE);
	add_line(summary, "notes", &text);
}

int summary_init(struct summary *summary, const struct trust *trust, const struct profile *profile)
{
	*summary = (struct summary){0};
	if (!profile || profile_counts_samples(profile))
		add_samples(summary, trust);
	else
		add_total(summary, trust, profile);
	if (known(trust->taken) > 0) {
		add_stacks(summary, trust);
		add_names(summary, trust);
		add_top(summary, trust);
	}
	add_event(summary, trust);
	add_notes(summary, trust);
	add_cost(summary, trust);
	if (!summary->failed)
		return 0;
	summary_release(summary);
	return -ENOMEM;
}

void summary_release(struct summary *summary)
{
	for (unsigned i = 0; i < summary->count; i++)
		free(summary->lines[i].text);
	*summary = (struct summary){0};
}

void summary_print(const struct summary *summary, FILE *stream)
{
	for (unsigned i = 0; i < summary->count; i++)
		fprintf(stream, "%-8s %s\n", summary->lines[i].label, summary->lines[i].text);
}

void summary_print_sent(uint64_t samples, unsigned requests, const char *url, FILE *stream)
{
	struct buf text = {0};

	text_number(&text, (int64_t)samples);
	buf_printf(&text, " sample%s in %u request%s to ", samples == 1 ? "" : "s", requests, requests == 1 ? "" : "s");
	text_plain(&text, url);
	buf_putc(&text, 0);
	if (!text.failed)
		fprintf(stream, "%-8s %s\n", "sent", text.data);
	buf_release(&text);
}

void summary_print_wrote(const char *path, FILE *stream)
{
	struct buf text = {0};

	text_plain(&text, path);
	buf_putc(&text, 0);
	if (!text.failed)
		fprintf(stream, "%-8s %s\n", "wrote", text.data);
	buf_release(&text);
}
