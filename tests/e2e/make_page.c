// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * make_page STACKS PAGE FOLDED: writes the same made-up profile as a flame graph page and as folded
 * lines, without BPF or root. It has about STACKS distinct stacks of all kinds, one 700 frames
 * deep, a cut one, hostile names and a function that calls itself; it is the same for the same
 * STACKS.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/exporter.h"
#include "making.h"

#define DEEP 700

struct made_frame {
	uint32_t kind;
	const char *name; /* a second one after '|' is the function that the first is inlined into */
	const char *file; /* of its source; lines count up from 10 */
};

static const struct made_frame fixed[] = {
	{FRAME_FILE, "_start", NULL},
	{FRAME_FILE, "__libc_start_main", NULL},
	{FRAME_FILE, "main", "/src/app/<img src=x onerror=window.hacked=3>.cc"},
	{FRAME_FILE, "Recommender::rank(std::vector<Item> const&)", NULL},
	{FRAME_FILE, "dot_product|Recommender::similarity(Item const&, Item const&)",
		"/src/recommender/similarity.cc"},
	{FRAME_FILE, "fib", NULL},
	{FRAME_ANON, "LazyCompile:~render /app/server.js:12", NULL},
	{FRAME_ANON, "[jit]", NULL},
	{FRAME_FILE, "[libvendor.so+0x1a2b]", NULL},
	{FRAME_KERNEL, "entry_SYSCALL_64_after_hwframe", NULL},
	{FRAME_KERNEL, "vfs_read", NULL},
	{FRAME_KERNEL, "copy_user_enhanced_fast_string", NULL},
	{FRAME_FILE, "</script><script>window.hacked=1</script>", NULL},
	{FRAME_FILE, "<img src=x onerror=window.hacked=2>;a\nb", NULL},
	{FRAME_FILE, "naïve \xff\xfe bytes \xe2\x80\xa8 end", NULL},
};

enum {
	START,
	LIBC,
	MAIN,
	RANK,
	DOT,
	FIB,
	RENDER,
	JIT,
	VENDOR,
	ENTRY,
	READ,
	COPY,
	SCRIPT,
	IMG,
	BYTES,
	FIXED
};

static const char *const modules[] = {
	"http", "json", "cache", "index", "query", "codec", "store", "alloc"};
static const char *const verbs[] = {"parse", "read", "write", "find", "insert", "hash", "encode",
	"flush", "merge", "visit", "lookup", "resize", "commit", "decode", "scan", "copy"};

#define GENERIC 2048

static uint32_t frames[FIXED + GENERIC];

static uint32_t make_frame(uint32_t kind, uint32_t number)
{
	struct frame frame = {.kind = kind, .owner = 1, .address = 0x1000 + number * 16};
	uint32_t id;

	must(profile_frame(&profile, &frame, &id));
	return id;
}

static uint32_t kind_of_generic(uint32_t i)
{
	return i % 9 == 0 ? FRAME_KERNEL : i % 13 == 0 ? FRAME_ANON : FRAME_FILE;
}

static void make_frames(void)
{
	for (uint32_t i = 0; i < FIXED; i++)
		frames[i] = make_frame(fixed[i].kind, i);
	for (uint32_t i = 0; i < GENERIC; i++)
		frames[FIXED + i] = make_frame(kind_of_generic(i), FIXED + i);
}

static void name_frames(void)
{
	must(profile_begin_names(&profile));
	for (uint32_t i = 0; i < FIXED; i++) {
		char *names = strdup(fixed[i].name), *rest = names;
		struct profile_name name = {.file = fixed[i].file, .line = fixed[i].file ? 10 : 0};

		for (; rest && *rest; name.line += name.line > 0) {
			name.function = strsep(&rest, "|");
			must(profile_name(&profile, frames[i], &name));
		}
		profile.names[frames[i]].named = fixed[i].name[0] != '[';
		profile.names[frames[i]].why_not = COUNTER_no_symbol;
		free(names);
	}
	for (uint32_t i = 0; i < GENERIC; i++) {
		char name[64];

		snprintf(
			name, sizeof(name), "%s_%s_%u", modules[i % 8], verbs[i / 8 % 16], i / 128);
		must(profile_name(&profile, frames[FIXED + i],
			&(struct profile_name){.function = name}));
		profile.names[frames[FIXED + i]].named = true;
	}
}

/* `path` is outermost first. */
static void add(const char *comm, const uint32_t *path, uint32_t count, enum abi_counter cut,
	uint16_t flags, uint64_t samples)
{
	uint32_t stack[DEEP + 8];
	struct profile_sample key = {.cut = (uint16_t)cut, .flags = flags};

	for (uint32_t i = 0; i < count; i++)
		stack[i] = frames[path[count - 1 - i]];
	must(intern_text(&profile.text, comm, &key.comm));
	must(profile_stack(&profile, stack, count, &key.stack));
	must(profile_add(&profile, &key, samples));
}

static void add_fixed(uint64_t weight)
{
	uint32_t deep[DEEP] = {START, LIBC, MAIN};

	for (uint32_t i = 3; i < DEEP; i++)
		deep[i] = FIB;
	add("recommender", deep, DEEP, 0, 0, 3 * weight);
	add("recommender", (uint32_t[]){START, LIBC, MAIN, RANK, DOT}, 5, 0, 0, 40 * weight);
	add("recommender", (uint32_t[]){START, LIBC, MAIN, RANK}, 4, 0, SAMPLE_UNVERIFIED,
		5 * weight);
	add("recommender", (uint32_t[]){START, LIBC, MAIN, RANK, ENTRY, READ, COPY}, 7, 0, 0,
		9 * weight);
	add("node", (uint32_t[]){START, LIBC, MAIN, RENDER, JIT}, 5, 0, 0, 12 * weight);
	add("node", (uint32_t[]){START, LIBC, MAIN, RENDER}, 4, 0, 0, 6 * weight);
	add("vendor;tool", (uint32_t[]){VENDOR, RANK}, 2, COUNTER_no_unwind_info, 0, 4 * weight);
	add("kworker/0:1", (uint32_t[]){READ, COPY}, 2, 0, SAMPLE_NO_USER, 3 * weight);
	add("hostile", (uint32_t[]){MAIN, SCRIPT, IMG, BYTES}, 4, 0, 0, 2 * weight);
}

/* Paths through a random call graph, in which few callees of a function are common and many are
 * rare. */
static void add_random(uint32_t stacks)
{
	static const char *const comms[] = {"web", "indexer", "db-writer", "gc"};

	for (uint32_t i = 0; i < stacks; i++) {
		uint32_t path[96] = {START, LIBC, MAIN}, depth = 8 + pick(24), at = pick(4);
		uint32_t comm = at;

		for (uint32_t k = 3; k < depth; k++) {
			uint32_t rare = pick(100);

			at = (at * 7 + k * 31 +
				     (rare < 55          ? 0
					     : rare < 80 ? 1
							 : pick(24))) %
			     GENERIC;
			path[k] = FIXED + at;
		}
		add(comms[comm], path, depth, 0, pick(50) ? 0 : SAMPLE_UNVERIFIED,
			1 + pick(4) * pick(3));
	}
}

static const char *file_of(void *context, const struct frame *frame)
{
	(void)context;
	return frame->kind == FRAME_ANON ? "[jit]" : "libvendor.so";
}

static void fill_trust(struct trust *trust)
{
	trust->taken = (int64_t)profile_total(&profile);
	trust->expected = trust->taken + 2;
	trust->counter[COUNTER_not_run] = 2;
	trust->cpu_seconds = 0.08;
	trust->machine_share = 0.004;
	trust->max_rss_bytes = 17000000;
	trust->kernel_ns_per_sample = 1400;
	trust->frequency_hz = 99;
	trust->sampled_seconds = 10.0;
	trust->start_unix_ns = 1795428901000000000;
	trust->event = "cpu-clock";
	trust->event_asked = "cycles";
	strcpy(trust->host, "web1");
	strcpy(trust->kernel, "6.1.0-26-amd64");
	must(trust_count_frames(trust, &profile, file_of, NULL));
}

static void write_with(const char *format, const struct trust *trust, const char *path)
{
	FILE *stream = fopen(path, "w");

	if (!stream)
		must(-errno);
	must(exporter_by_name(format)->write(
		&(struct export_view){.profile = &profile, .trust = trust}, stream));
	if (ferror(stream) | fclose(stream))
		must(-EIO);
}

int main(int argc, char **argv)
{
	uint32_t stacks = argc == 4 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	struct trust trust = {0};

	if (argc != 4) {
		fputs("usage: make_page STACKS PAGE FOLDED\n", stderr);
		return 2;
	}
	make_frames();
	if (stacks) {
		add_fixed(1 + stacks / 40);
		add_random(stacks);
	}
	name_frames();
	fill_trust(&trust);
	write_with("html", &trust, argv[2]);
	write_with("folded", &trust, argv[3]);
	trust_release(&trust);
	profile_release(&profile);
	return 0;
}
