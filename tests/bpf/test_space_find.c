// SPDX-License-Identifier: GPL-2.0-or-later
/* Which space a sample is walked by, what is found in it, and when the sample is handed over instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "space.h"

#define AT(function) (TEXT + (function) * FUNCTION + 0x10)
#define RET(address) ((address) + 1)

enum outcome { WALKED, HANDED_OVER };

/* A leaf whose caller ends the stack, in a process like the published one but for what is said. */
struct row {
	const char *what;
	uint32_t tgid, exec;
	uint64_t start_ns, changed; /* mm_state ^ this */
	uint32_t flags;             /* of the space */
	enum outcome outcome;
};

static const struct row processes[] = {
	{.what = "the same", .outcome = WALKED},
	{.what = "another pid", .tgid = 1, .outcome = HANDED_OVER},
	{.what = "another program", .exec = 1, .outcome = HANDED_OVER},
	{.what = "the pid again", .start_ns = 1, .outcome = HANDED_OVER},
	{.what = "exec_vm changed", .changed = 1, .outcome = HANDED_OVER},
	{.what = "its highest bit", .changed = 1UL << 31, .outcome = HANDED_OVER},
	{.what = "exec_vm changed, but it does all the time", .changed = 1, .flags = SPACE_LOOSE, .outcome = WALKED},
	{.what = "complete, but not by now", .changed = 1, .flags = SPACE_COMPLETE, .outcome = HANDED_OVER},
	{.what = "other mappings changed", .changed = 1UL << 32, .outcome = WALKED},
};

/* Finds the stack's end by rules, or was handed over before its first frame. */
static void check_process(struct fixture *f, const struct row *row)
{
	begin(f, AT(RSP_8));
	put_word(f, 0, RET(AT(END)));
	f->walk.tgid += row->tgid;
	f->walk.exec += row->exec;
	f->walk.start_ns += row->start_ns;
	f->walk.mm_state ^= row->changed;
	f->space->flags = row->flags;
	if (run(f) != (row->outcome == HANDED_OVER))
		fail_msg("%s: wrong outcome", row->what);
	assert_int_equal(f->walk.n_frames, row->outcome == HANDED_OVER ? 0 : 2);
	assert_int_equal(f->walk.cut, 0);
	assert_int_equal(f->walk.flags, 0);
	assert_int_equal(f->walk.space != 0, row->outcome == WALKED);
}

static void test_process(void **state)
{
	struct fixture *f = *state;

	publish_usual(f);
	for (size_t i = 0; i < sizeof(processes) / sizeof(*processes); i++)
		check_process(f, &processes[i]);
}

/* Nothing is published; and then it could not be handed over: by frame pointer, as far as that goes. */
static void test_nothing_published(void **state)
{
	struct fixture *f = *state;

	begin(f, AT(RSP_8));
	assert_true(run(f));
	assert_int_equal(f->walk.n_frames, 0);
	begin(f, AT(RSP_8));
	f->walk.undeferred = 1;
	assert_false(run(f));
	assert_int_equal(f->walk.n_frames, 1);
	assert_int_equal(f->walk.flags, ENTRY_UNVERIFIED);
}

/* A space that is another process's by one thing alone. */
static uint32_t make_other(struct fixture *f, const struct abi_map *map, unsigned thing)
{
	uint32_t place = make_space(f, TGID, map, 1);

	f->space->tgid += thing == 0;
	f->space->exec += thing == 1;
	f->space->start_ns += thing == 2;
	return place;
}

/* Wherever it is among the probes, behind others with the same home, of which each other one has the same tag as well. */
static void test_probes(void **state)
{
	struct fixture *f = *state;
	struct abi_map map = map_file(f, TEXT), other = {.start = TEXT, .end = TEXT + MAPPED, .kind = MAP_DEFER};
	const struct row walked = {.what = "in reach", .outcome = WALKED};
	const struct row not_found = {.what = "out of reach", .outcome = HANDED_OVER};

	for (uint32_t probe = 0; probe <= ABI_SPACE_PROBES; probe++) {
		set_slot(f, hash_of(TGID), probe, make_space(f, TGID, &map, 1));
		check_process(f, probe < ABI_SPACE_PROBES ? &walked : &not_found);
		/* The next rounds find this before theirs. */
		set_slot(f, probe & 1 ? hash_of(TGID) : hash_of(TGID) ^ 1UL << 40, probe,
			make_other(f, &other, probe / 2 % 3));
	}
}

/* An address that is in no mapping: the interrupted one, or the caller's. */
static const struct {
	const char *what;
	bool leaf;
	uint64_t changed;
	uint32_t flags;
	enum outcome outcome;
	uint32_t frames;
} outside[] = {
	/* What was interrupted is code, whatever is known. */
	{"nothing has changed", true, 0, 0, HANDED_OVER, 0},
	{"userspace had looked", true, 0, SPACE_COMPLETE, HANDED_OVER, 0},
	{"a caller, nothing has changed", false, 0, 0, HANDED_OVER, 1},
	{"a caller, other mappings changed", false, 1UL << 32, 0, HANDED_OVER, 1},
	{"a caller, userspace had looked", false, 0, SPACE_COMPLETE, WALKED, 1},
	{"a caller, it had looked, other mappings changed", false, 1UL << 32, SPACE_COMPLETE, WALKED, 1},
	{"a caller, changes all the time", false, 1, SPACE_LOOSE, HANDED_OVER, 1},
	/* It had looked, before there was more code. */
	{"a caller, both", false, 1, SPACE_LOOSE | SPACE_COMPLETE, HANDED_OVER, 1},
};

static void test_outside(void **state)
{
	static const uint64_t nowhere[] = {NOWHERE, TEXT - 0x10, TEXT + MAPPED, DEFERRED + MAPPED + 5, 16, (1UL << 47) - 16};
	struct fixture *f = *state;

	publish_usual(f);
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(*nowhere) * sizeof(outside) / sizeof(*outside); i++) {
		uint64_t address = nowhere[i % (sizeof(nowhere) / sizeof(*nowhere))];
		size_t at = i / (sizeof(nowhere) / sizeof(*nowhere));

		begin(f, outside[at].leaf ? address : AT(RSP_8));
		put_word(f, 0, RET(address));
		f->walk.mm_state ^= outside[at].changed;
		f->space->flags = outside[at].flags;
		if (run(f) != (outside[at].outcome == HANDED_OVER) || f->walk.n_frames != outside[at].frames)
			fail_msg("%s, %#lx: %u frames", outside[at].what, address, f->walk.n_frames);
		assert_int_equal(f->walk.cut, outside[at].outcome == WALKED ? COUNTER_corrupt : 0);
	}
}

/* A file without a table: handed over as it was, or walked by frame pointer when there was no room for that. */
static void test_deferred_mapping(void **state)
{
	struct fixture *f = *state;

	publish_usual(f);
	begin(f, DEFERRED + 8);
	assert_true(run(f));
	assert_int_equal(f->walk.n_frames, 0);
	begin(f, AT(RSP_8));
	put_word(f, 0, RET(DEFERRED + MAPPED - 1));
	assert_true(run(f));
	assert_int_equal(f->walk.n_frames, 1);
	assert_int_equal(f->walk.cut, 0);
	begin(f, AT(RSP_8));
	put_word(f, 1, 0);
	put_word(f, 2, RET(AT(END)));
	f->walk.start[STEP_REG_FP] = stack_at(f, 1);
	f->walk.undeferred = 1;
	assert_false(run(f));
	assert_int_equal(f->walk.n_frames, 3);
	assert_int_equal(f->walk.frames[1], DEFERRED + MAPPED - 1);
	assert_int_equal(f->walk.frames[2], AT(END));
	assert_int_equal(f->walk.by_fp, 1);
	assert_int_equal(f->walk.flags, ENTRY_UNVERIFIED);
}

/* The kernel's frames stay in front, and behind them a leaf that is nowhere is no frame yet. */
static void test_behind_kernel_frames(void **state)
{
	struct fixture *f = *state;

	publish_usual(f);
	for (unsigned nowhere = 0; nowhere < 2; nowhere++) {
		begin(f, nowhere ? NOWHERE : AT(RSP_8));
		put_word(f, 0, RET(AT(END)));
		f->walk.n_kernel = 2;
		f->walk.frames[0] = 1;
		f->walk.frames[1] = 2;
		assert_int_equal(run(f), nowhere);
		assert_int_equal(f->walk.n_frames, nowhere ? 2 : 4);
		assert_int_equal(f->walk.frames[1], 2);
		if (!nowhere)
			assert_int_equal(f->walk.frames[2], AT(RSP_8));
	}
}

/* Mappings with a gap behind each; each is in the file at its own function's place. */
static void check_maps(struct fixture *f, uint32_t n)
{
	static struct abi_map maps[ABI_SPACE_MAPS];

	for (uint32_t i = 0; i < n; i++) {
		maps[i] = map_file(f, TEXT + i * 0x3000ULL);
		maps[i].end = maps[i].start + 0x1000;
		maps[i].bias = END * FUNCTION - maps[i].start;
	}
	publish(f, maps, n);
	for (uint32_t i = 0; i < n; i++) {
		const uint64_t ips[] = {maps[i].start, maps[i].start + FUNCTION - 1, maps[i].end, maps[i].start - 1};

		for (unsigned at = 0; at < 4; at++) {
			begin(f, ips[at]);
			if (run(f) != (at >= 2) || f->walk.n_frames != (at < 2))
				fail_msg("%u of %u: %#lx: %u frames", i, n, ips[at], f->walk.n_frames);
			if (at < 2)
				assert_int_equal(f->walk.map.start, maps[i].start);
		}
	}
}

static void test_many_mappings(void **state)
{
	static const uint32_t sizes[] = {1, 2, 3, 4, 5, 8, 9, 16, 33, 64, 127, 256, 500, 512, 513, ABI_SPACE_MAPS - 1, ABI_SPACE_MAPS};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		check_maps(f, sizes[i]);
}

/* Rules 3 to 34, which tell by the caller that is found: the one at word n. */
#define TOLD 32

static void put_told_rules(struct fixture *f)
{
	for (uint32_t i = 0; i < TOLD; i++) {
		f->engine.rules[3 + i] = (struct abi_rule){
			CFA_REGISTER, 7, .cfa_offset = 8 * (int)(i + 1), .ra_offset = -8};
		put_word(f, i, RET(TEXT_AGAIN + 64 * i));
	}
}

/* A page of rows a byte apart, or of one row; then the next: from_base → rule 3 + (number of row) % TOLD. */
struct dense {
	struct abi_page list[20];
	uint32_t n;
};

static void put_page(struct fixture *f, struct dense *dense, uint32_t base, uint32_t n, uint64_t step)
{
	uint32_t index = 10 + dense->n;

	fill_page(f, index, n, step, 0);
	for (uint32_t i = 0; i < n; i++)
		page_of(f, index)[i].rule = (uint16_t)(3 + (base + i * step) % TOLD);
	dense->list[dense->n++] = (struct abi_page){base, CHUNK * ABI_CHUNK_PAGES + index};
}

static uint32_t expected_rule(const struct fixture *f, const struct dense *dense, uint32_t from_base)
{
	uint32_t page = 0;

	while (page + 1 < dense->n && dense->list[page + 1].base <= from_base)
		page++;
	return page_of(f, 10 + page)[rows_search(page_of(f, 10 + page), rows_offset(from_base - dense->list[page].base))].rule;
}

static struct abi_map put_dense(struct fixture *f, const struct dense *dense, uint32_t n_blocks)
{
	struct abi_map map = {.start = TEXT, .end = TEXT + n_blocks * 4096ULL + 0x1000, .bias = -TEXT,
		.pages = take(f, dense->n + 1), .blocks = take(f, (n_blocks + 1) / 2), .n_blocks = n_blocks,
		.kind = MAP_TABLE};
	uint32_t *index = (uint32_t *)&f->engine.arena[map.blocks];
	const struct abi_page end = {ABI_PAGES_END, 0};
	uint32_t page = 0;

	memcpy(&f->engine.arena[map.pages], dense->list, dense->n * sizeof(end));
	memcpy(&f->engine.arena[map.pages + dense->n], &end, sizeof(end));
	for (uint32_t block = 0; block < n_blocks; block++) {
		while (page + 1 < dense->n && dense->list[page + 1].base <= block * 4096)
			page++;
		index[block] = page;
	}
	return map;
}

static void expect_rule(struct fixture *f, uint64_t ip, uint32_t rule)
{
	begin(f, ip);
	if (run(f) || f->walk.n_frames < 2 || f->walk.frames[1] != TEXT_AGAIN + 64 * (rule - 3))
		fail_msg("%#lx: not rule %u", ip, rule);
}

/* As many pages as can begin in a block, one that goes through several, and one that begins with a block. */
static void test_pages(void **state)
{
	struct fixture *f = *state;
	struct dense dense = {.n = 0};
	struct abi_map maps[2];

	put_page(f, &dense, 0, 1, 1);
	for (uint32_t i = 0; i < 9; i++)
		put_page(f, &dense, 0xe01 + i * 512, 512, 1); /* one in the first block, eight in the second */
	put_page(f, &dense, 0x2001, 300, 9);
	put_page(f, &dense, 0x6000, 512, 8);
	put_page(f, &dense, 0x7000, 512, 8);
	put_page(f, &dense, 0x8001, 2, 0xfffe);
	put_told_rules(f);
	maps[0] = put_dense(f, &dense, 0x19);
	maps[1] = (struct abi_map){.start = TEXT_AGAIN, .end = TEXT_AGAIN + MAPPED, .kind = MAP_BARE};
	publish(f, maps, 2);
	for (uint32_t at = 0; at < 0x19000; at += at < 0x8100 ? 1 : 61)
		expect_rule(f, TEXT + at, expected_rule(f, &dense, at));
	expect_rule(f, TEXT + 0x17fff, expected_rule(f, &dense, 0x17fff));
	expect_rule(f, TEXT + 0x18fff, expected_rule(f, &dense, 0x18fff));
	begin(f, TEXT + 0x19000); /* in the mapping, and behind the index */
	assert_false(run(f));
	assert_int_equal(f->walk.n_frames, 1);
	assert_int_equal(f->walk.flags, ENTRY_UNVERIFIED);
}

/* Versions are told apart where their addresses share a place, too. */
static void next_version_in_place(struct fixture *f, uint64_t address)
{
	uint32_t before = f->version, mask = 1023; /* FOUND - 1 */

	do
		f->version++;
	while ((mix(address, f->version, MIX_A) >> 32 & mask) != (mix(address, before, MIX_A) >> 32 & mask));
	f->version--; /* publish() counts up */
}

/* What was found at an address is kept for the version of the space. */
static void test_found_by_version(void **state)
{
	struct fixture *f = *state;
	struct abi_map maps[] = {map_file(f, TEXT), {.start = TEXT_AGAIN, .end = TEXT_AGAIN + MAPPED, .kind = MAP_BARE}};

	put_told_rules(f);
	publish(f, maps, 2);
	expect_rule(f, AT(5), 5);
	page_of(f, 5)[5].rule = 9; /* nobody does that to a published table */
	expect_rule(f, AT(5), 5);
	expect_rule(f, AT(5) + 1, 9);
	next_version_in_place(f, AT(5));
	publish(f, maps, 2);
	expect_rule(f, AT(5), 9);
}

/* Until its chunk is in the map, a file's samples are handed over. */
static void test_missing_chunk(void **state)
{
	struct fixture *f = *state;
	struct abi_page *page = (struct abi_page *)&f->engine.arena[f->pages];
	struct abi_row *rows;

	publish_usual(f);
	page->number = (CHUNK + 1) * ABI_CHUNK_PAGES + 5;
	for (int i = 0; i < 2; i++) {
		begin(f, AT(RSP_8));
		assert_true(run(f));
		assert_int_equal(f->walk.n_frames, 0);
	}
	page->number = ABI_CHUNKS * ABI_CHUNK_PAGES + 5; /* past all chunks */
	begin(f, AT(RSP_8));
	assert_true(run(f));
	page->number = (CHUNK + 1) * ABI_CHUNK_PAGES + 5;
	rows = engine_add_chunk(&f->engine, CHUNK + 1);
	memcpy(rows + 5 * ABI_ROWS, page_of(f, 5), ROW_POOL_PAGE);
	check_process(f, &processes[0]);
	munmap(rows, ROW_POOL_CHUNK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(process),
		TEST(nothing_published),
		TEST(probes),
		TEST(outside),
		TEST(deferred_mapping),
		TEST(behind_kernel_frames),
		TEST(many_mappings),
		TEST(pages),
		TEST(found_by_version),
		TEST(missing_chunk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
