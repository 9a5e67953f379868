// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * both_walks SECONDS HZ: samples the machine; each sample that the kernel side walks is walked by the host's unwinder as
 * well, and the two stacks are compared. Prints "SAME DIFFERENT SHORT COMM" for each thread name: SHORT is of stacks that
 * are larger than the copy, so that the host's is only the beginning of the kernel's. Differences go to stderr.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "collect/collector.h"
#include "parser/parser_child.h"
#include "parser/parser_protocol.h"
#include "collect/recording.h"
#include "collect/sampling.h"
#include "unwind/stack_walk.h"

#define COMMS 4096
#define SHOWN 20

enum verdict { SAME, DIFFERENT, SHORT, VERDICTS };

struct tally {
	char comm[ABI_COMM];
	unsigned n[VERDICTS];
};

struct tallies {
	struct tally tally[COMMS];
	unsigned count, shown;
};

/* As many of the kernel side's frames as the record has room for. */
static uint32_t known(const struct abi_deferred *record)
{
	uint32_t room = ABI_KERNEL_FRAMES + 1U - record->entry.n_kernel;

	return record->entry.n_user < room ? record->entry.n_user : room;
}

static const uint64_t *walked(const struct abi_deferred *record)
{
	return (const uint64_t *)record->kernel + record->entry.n_kernel;
}

static bool begins_alike(const struct abi_deferred *record, const struct stack_walk *walk)
{
	uint32_t n = known(record) < walk->n ? known(record) : walk->n;

	return !memcmp(walked(record), walk->frames, n * sizeof(uint64_t));
}

static enum verdict compare(const struct abi_deferred *record, const struct stack_walk *walk)
{
	if (!begins_alike(record, walk))
		return DIFFERENT;
	if (walk->cut == COUNTER_stack_copy_short)
		return record->entry.n_user >= walk->n ? SHORT : DIFFERENT;
	return record->entry.n_user == walk->n && record->entry.by_fp == walk->by_fp &&
			       record->walked_cut == walk->cut
		       ? SAME
		       : DIFFERENT;
}

static void show(struct tallies *tallies, const struct abi_deferred *record, const struct stack_walk *walk)
{
	if (tallies->shown++ >= SHOWN)
		return;
	fprintf(stderr, "%.16s: kernel %u frames, cut %u, %u by fp; host %u, %u, %u\n",
		record->entry.comm, record->entry.n_user, record->walked_cut, record->entry.by_fp,
		walk->n, walk->cut, walk->by_fp);
	for (uint32_t i = 0; i < known(record) || i < walk->n; i++)
		fprintf(stderr, "  %" PRIx64 " %" PRIx64 "\n", i < known(record) ? walked(record)[i] : 0,
			i < walk->n ? walk->frames[i] : 0);
}

static struct tally *tally_of(struct tallies *tallies, const char *comm)
{
	struct tally *tally;

	for (unsigned i = 0; i < tallies->count; i++)
		if (!strncmp(tallies->tally[i].comm, comm, ABI_COMM))
			return &tallies->tally[i];
	if (tallies->count == COMMS)
		exit(1);
	tally = &tallies->tally[tallies->count++];
	memcpy(tally->comm, comm, ABI_COMM);
	return tally;
}

static void witness(void *context, const struct abi_deferred *record, const struct stack_walk *walk)
{
	struct tallies *tallies = context;
	enum verdict verdict = compare(record, walk);

	tally_of(tallies, record->entry.comm)->n[verdict]++;
	if (verdict == DIFFERENT)
		show(tallies, record, walk);
}

static int run(struct tallies *tallies, uint64_t seconds, uint32_t hz, struct fault *fault)
{
	const struct sampling_request wanted = {.frequency_hz = hz};
	struct selection selection = {0};
	struct collector_request request = {.selection = &selection, .memory_bytes = 64 << 20,
		.witness = witness, .context = tallies};
	struct recording recording = {.duration_ns = seconds * NS_PER_SECOND};
	struct sampling sampling;
	int err = sampling_choose(&sampling, &wanted, fault);

	if (err)
		return err;
	request.attr = sampling.attr;
	request.samples_per_second = sampling.samples_per_second;
	recording_block_signals();
	recording.collector = collector_new(&request, &err, fault);
	if (!recording.collector)
		return err;
	err = recording_run(&recording, fault);
	collector_free(recording.collector);
	return err;
}

int main(int argc, char **argv)
{
	static struct tallies tallies;
	struct fault fault;

	if (argc == 2 && !strcmp(argv[1], PARSER_CHILD_ARGUMENT))
		return parser_child_main();
	if (argc != 3) {
		fputs("usage: both_walks SECONDS HZ\n", stderr);
		return 2;
	}
	if (run(&tallies, strtoul(argv[1], NULL, 10), (uint32_t)strtoul(argv[2], NULL, 10), &fault)) {
		fprintf(stderr, "both_walks: %s\n", fault.text);
		return 1;
	}
	for (unsigned i = 0; i < tallies.count; i++) {
		const struct tally *tally = &tallies.tally[i];

		printf("%u %u %u %.16s\n", tally->n[SAME], tally->n[DIFFERENT], tally->n[SHORT], tally->comm);
	}
	return 0;
}
