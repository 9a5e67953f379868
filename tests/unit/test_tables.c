// SPDX-License-Identifier: GPL-2.0-or-later
/* Files' tables: what the kernel side is told of a mapping, who gets room and who has to go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "made_memory.h"
#include "made_unwind.h"
#include "symbolize/vdso.h"
#include "unwind/tables.h"

#define WORDS (1U << 16)
#define MAPPED 0x7f1234500000ULL

struct fixture {
	struct made_memory memory;
	struct objects *objects;
	struct tables *tables;
};

/* With room for so many chunks of rows, and so many bytes on the heap. */
static void begin(struct fixture *f, uint32_t chunks, uint64_t heap_bytes)
{
	struct tables_memory memory = {.rules = f->memory.rules, .arena = &f->memory.arena,
		.backing = made_backing(&f->memory, chunks), .heap_bytes = heap_bytes};

	f->tables = tables_new(&memory);
	assert_non_null(f->tables);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	made_memory_init(&f->memory, WORDS);
	f->objects = objects_new();
	assert_non_null(f->objects);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tables_free(f->tables);
	objects_free(f->objects);
	made_memory_release(&f->memory);
	free(f);
	return 0;
}

/* Takes `fd`. */
static struct object *add_object(struct fixture *f, enum object_kind kind, int fd)
{
	const struct object_identity identity = {.inode = 100 + objects_count(f->objects)};
	struct object *object;

	assert_int_equal(objects_intern(f->objects, kind, &identity, "/made", &object), 0);
	if (fd >= 0)
		object_set_fd(object, fd);
	object->tried = true;
	return object;
}

/* A file whose table takes so many pages, with a function of 8 bytes for each row but the last. */
static struct object *add_file(struct fixture *f, unsigned pages)
{
	return add_object(f, OBJECT_FILE, made_unwind_file(pages * ABI_ROWS - 1, 8));
}

static struct mapping mapping_of(struct object *object, uint64_t skip, uint64_t size)
{
	return (struct mapping){.start = MAPPED, .end = MAPPED + size,
		.offset = MADE_UNWIND_OFFSET + skip, .object = object};
}

static struct abi_map map(const struct fixture *f, const struct mapping *mapping)
{
	struct abi_map map;

	memset(&map, 0xff, sizeof(map));
	tables_map(f->tables, mapping, &map);
	assert_int_equal(map.start, mapping->start);
	assert_int_equal(map.end, mapping->end);
	return map;
}

static uint32_t kind(const struct fixture *f, struct object *object)
{
	const struct mapping mapping = mapping_of(object, 0, 0x1000);

	return map(f, &mapping).kind;
}

/* Builds the table; its first function's rule. */
static void find(struct fixture *f, struct object *object)
{
	const struct abi_rule *rule = tables_find(f->tables, object, MADE_UNWIND_OFFSET);

	assert_non_null(rule);
	assert_int_equal(rule->cfa, CFA_REGISTER);
	assert_int_equal(rule->cfa_offset, made_unwind_cfa(0));
}

/* Every address of the mapping has the rule in the shared pages that tables_find() has for its offset. */
static void check_map(struct fixture *f, const struct mapping *mapping)
{
	struct abi_map shared;
	unsigned compared = 0;

	tables_find(f->tables, mapping->object, mapping->offset);
	shared = map(f, mapping);
	assert_int_equal(shared.kind, MAP_TABLE);
	for (uint64_t address = mapping->start; address < mapping->end; address += 3) {
		uint64_t offset = mapping->offset + (address - mapping->start);
		const struct abi_rule *rule = tables_find(f->tables, mapping->object, offset);

		/* The last page's rest is in no segment. */
		if (rule && rule != &f->memory.rules[made_find(&f->memory, &shared, address)])
			fail_msg("another rule at offset %#lx", offset);
		compared += rule != NULL;
	}
	assert_true(compared > 100);
}

static void test_kinds(void **state)
{
	struct fixture *f = *state;
	struct object *file, *bare, *closed, *text;
	const struct mapping anonymous = {.start = MAPPED, .end = MAPPED + 0x1000};
	int fd = memfd_create("text", MFD_CLOEXEC);

	begin(f, 4, 1 << 20);
	made_unwind_put(fd, "what is no ELF file", 19, 0);
	file = add_file(f, 1);
	bare = add_object(f, OBJECT_FILE, made_unwind_file(0, 0));
	closed = add_object(f, OBJECT_FILE, -1);
	text = add_object(f, OBJECT_FILE, fd);
	assert_int_equal(map(f, &anonymous).kind, MAP_BARE);
	assert_int_equal(kind(f, file), MAP_DEFER);
	assert_int_equal(kind(f, bare), MAP_DEFER);
	find(f, file);
	assert_null(tables_find(f->tables, bare, MADE_UNWIND_OFFSET));
	assert_null(tables_find(f->tables, closed, MADE_UNWIND_OFFSET));
	assert_null(tables_find(f->tables, text, MADE_UNWIND_OFFSET));
	assert_int_equal(kind(f, file), MAP_TABLE);
	assert_int_equal(kind(f, bare), MAP_BARE);
	assert_int_equal(kind(f, closed), MAP_BARE);
	assert_int_equal(kind(f, text), MAP_BARE);
	assert_int_equal(tables_figures(f->tables).shared, 1);
	assert_int_equal(tables_figures(f->tables).rows, ABI_ROWS);
}

static void test_bias(void **state)
{
	struct fixture *f = *state;
	struct object *file;
	struct mapping mapping;

	begin(f, 4, 1 << 20);
	add_object(f, OBJECT_FILE, -1); /* ids are not places */
	file = add_file(f, 20);
	mapping = mapping_of(file, 0, 20 * ABI_ROWS * 8);
	check_map(f, &mapping);
	mapping = mapping_of(file, 0x3000, 0x1000); /* a part of it */
	check_map(f, &mapping);
	mapping = mapping_of(file, -0x1000ULL, 0x3000); /* what is before it as well */
	check_map(f, &mapping);
	mapping = mapping_of(file, 0x3000, 20 * ABI_ROWS * 8); /* and what is behind it */
	check_map(f, &mapping);
}

static void test_vdso(void **state)
{
	struct fixture *f = *state;
	struct object *vdso = add_object(f, OBJECT_VDSO, -1);
	const struct mapping mapping = {.start = MAPPED, .end = MAPPED + 0x1000, .object = vdso};
	int fd = vdso_open();

	begin(f, 4, 1 << 20);
	if (fd < 0) {
		print_message("skipped test_vdso: this kernel maps none\n");
		skip();
	}
	close(fd);
	assert_int_equal(map(f, &mapping).kind, MAP_DEFER);
	assert_non_null(tables_find(f->tables, vdso, 0xfff));
	check_map(f, &mapping);
}

/* Makes the file's first segment another executable one, at a page of the code. */
static void second_segment(int fd, uint64_t address)
{
	const Elf64_Phdr segment = {PT_LOAD, PF_R | PF_X, MADE_UNWIND_OFFSET + 0x1000, address, address,
		0x1000, 0x1000, 0x1000};

	made_unwind_put(fd, &segment, sizeof(segment), sizeof(Elf64_Ehdr));
}

/* Bytes of a file that are in its memory twice: which address a mapping shows, only its loader knows. */
static void test_ambiguous_segments(void **state)
{
	static const struct {
		uint64_t address, skip, size;
		uint32_t kind;
	} rows[] = {
		{0x900000, 0, 0x1000, MAP_TABLE},
		{0x900000, 0, 0x1001, MAP_DEFER},
		{0x900000, 0x1000, 0x1000, MAP_DEFER},
		{0x900000, 0x2000, 0x1000, MAP_TABLE},
		{0x900000, 0, 0x8000, MAP_DEFER},
		{MADE_UNWIND_CODE + 0x1000, 0, 0x8000, MAP_TABLE},
	};
	struct fixture *f = *state;

	begin(f, 4, 1 << 20);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int fd = made_unwind_file(8 * ABI_ROWS - 1, 8);
		struct object *file = add_object(f, OBJECT_FILE, fd);
		const struct mapping mapping = mapping_of(file, rows[i].skip, rows[i].size);

		second_segment(fd, rows[i].address);
		find(f, file);
		assert_int_equal(map(f, &mapping).kind, rows[i].kind);
		if (rows[i].kind == MAP_TABLE)
			check_map(f, &mapping);
	}
}

/* No room in the kernel side's memory: the host still has the table. */
static void test_no_room(void **state)
{
	struct fixture *f = *state;
	struct object *file = add_file(f, 3);

	begin(f, 0, 1 << 20);
	find(f, file);
	assert_int_equal(kind(f, file), MAP_DEFER);
	assert_int_equal(tables_figures(f->tables).on_heap, 1);
	assert_int_equal(tables_figures(f->tables).shared, 0);
	assert_int_equal(f->memory.arena.used, 0);
	assert_int_equal(tables_find(f->tables, file, MADE_UNWIND_OFFSET + 8 * 1000)->cfa_offset, made_unwind_cfa(1000));
}

/* Room for two of three: the third gets that of the one that is used no more, two epochs after it was taken away. */
static void test_eviction(void **state)
{
	struct fixture *f = *state;
	struct object *a = add_file(f, 60), *b = add_file(f, 60), *c = add_file(f, 60);
	const struct mapping mapping = mapping_of(a, 0, 0x1000);
	struct abi_map before;
	uint32_t used, first;

	begin(f, 1, 1 << 20);
	find(f, a);
	find(f, b);
	find(f, c);
	assert_int_equal(kind(f, a), MAP_TABLE);
	assert_int_equal(kind(f, b), MAP_TABLE);
	assert_int_equal(kind(f, c), MAP_DEFER);
	before = map(f, &mapping);
	used = f->memory.arena.used;
	first = tables_state(f->tables);
	/* All were used lately. */
	tables_epoch(f->tables);
	assert_int_equal(tables_state(f->tables), first);
	/* a was not. */
	tables_use(f->tables, b->id);
	tables_use(f->tables, c->id);
	tables_epoch(f->tables);
	assert_int_not_equal(tables_state(f->tables), first);
	assert_int_equal(tables_figures(f->tables).evicted, 1);
	assert_int_equal(kind(f, a), MAP_DEFER);
	assert_int_equal(kind(f, b), MAP_TABLE);
	assert_int_equal(kind(f, c), MAP_DEFER);
	/* What was told before is still there to be read. */
	first = tables_state(f->tables);
	for (int epoch = 0; epoch < 2; epoch++) {
		assert_int_equal(f->memory.arena.used, used);
		assert_int_equal(f->memory.rules[made_find(&f->memory, &before, MAPPED)].cfa_offset, made_unwind_cfa(0));
		assert_int_equal(kind(f, c), MAP_DEFER);
		tables_use(f->tables, b->id);
		tables_use(f->tables, c->id);
		tables_epoch(f->tables);
	}
	assert_int_equal(kind(f, c), MAP_TABLE);
	assert_int_equal(f->memory.arena.used, used);
	/* b and c were used all the time: nobody else has to go. */
	assert_int_equal(tables_state(f->tables), first);
	assert_int_equal(tables_figures(f->tables).shared, 2);
	assert_int_equal(tables_figures(f->tables).on_heap, 0);
	/* a is built again where it is needed. */
	find(f, a);
	assert_int_equal(kind(f, a), MAP_DEFER);
	assert_int_equal(tables_figures(f->tables).on_heap, 1);
}

/* As long as all are in use nobody has to go, and when one is not, the others keep their place. */
static void test_used_ones_stay(void **state)
{
	struct fixture *f = *state;
	struct object *files[5];

	begin(f, 1, 1 << 20);
	for (unsigned i = 0; i < 5; i++)
		find(f, files[i] = add_file(f, 30)); /* four have room */
	for (unsigned epoch = 0; epoch < 10; epoch++) {
		for (unsigned i = 0; i < 5; i++)
			tables_use(f->tables, files[i]->id);
		tables_epoch(f->tables);
	}
	assert_int_equal(tables_figures(f->tables).evicted, 0);
	assert_int_equal(kind(f, files[4]), MAP_DEFER);
	for (unsigned epoch = 0; epoch < 5; epoch++) {
		for (unsigned i = 0; i < 5; i++)
			if (i != 2)
				tables_use(f->tables, files[i]->id);
		tables_epoch(f->tables);
	}
	assert_int_equal(tables_figures(f->tables).evicted, 1);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(kind(f, files[i]), i == 2 ? MAP_DEFER : MAP_TABLE);
}

/* The room that was made for one in use goes to it, and not to an idle one that waits as well. */
static void test_room_for_the_used(void **state)
{
	struct fixture *f = *state;
	struct object *shared = add_file(f, 120), *idle = add_file(f, 100), *used = add_file(f, 100);

	begin(f, 1, 1 << 20);
	find(f, shared);
	find(f, idle);
	for (unsigned epoch = 0; epoch < 3; epoch++)
		tables_epoch(f->tables);
	find(f, used);
	for (unsigned epoch = 0; epoch < 3; epoch++) {
		assert_int_not_equal(kind(f, used), MAP_TABLE);
		tables_use(f->tables, used->id);
		tables_epoch(f->tables);
	}
	assert_int_equal(kind(f, shared), MAP_DEFER);
	assert_int_equal(kind(f, idle), MAP_DEFER);
	assert_int_equal(kind(f, used), MAP_TABLE);
	assert_int_equal(tables_figures(f->tables).evicted, 1);
}

/* Idle tables stay as long as nobody wants their room. */
static void test_idle_ones_stay(void **state)
{
	struct fixture *f = *state;
	struct object *file = add_file(f, 100), *large = add_file(f, 100);

	begin(f, 1, 1 << 20);
	find(f, file);
	for (unsigned epoch = 0; epoch < 10; epoch++)
		tables_epoch(f->tables);
	assert_int_equal(kind(f, file), MAP_TABLE);
	find(f, large);
	tables_epoch(f->tables); /* at once: nobody has used the other one for long */
	assert_int_equal(kind(f, file), MAP_DEFER);
	for (unsigned epoch = 0; epoch < 5; epoch++)
		tables_epoch(f->tables);
	/* It was not used since then either, but nobody else wants the room. */
	assert_int_equal(kind(f, large), MAP_TABLE);
	assert_int_equal(tables_figures(f->tables).evicted, 1);
}

/* Bytes of a table of so many pages on the heap: rows and bases. */
static uint64_t heap_of(unsigned pages)
{
	return pages * (ROW_POOL_PAGE + sizeof(uint64_t));
}

static void test_heap_limit(void **state)
{
	struct fixture *f = *state;
	struct object *files[6];

	begin(f, 0, heap_of(30));
	for (unsigned i = 0; i < 6; i++) {
		find(f, files[i] = add_file(f, 10));
		assert_int_equal(tables_figures(f->tables).on_heap, i < 3 ? i + 1 : 3);
		tables_use(f->tables, files[0]->id);
		tables_epoch(f->tables);
	}
	assert_int_equal(tables_figures(f->tables).evicted, 3);
	/* The one in use all the time, and the last two: to find them evicts nothing, to find another one does. */
	find(f, files[0]);
	find(f, files[4]);
	find(f, files[5]);
	assert_int_equal(tables_figures(f->tables).evicted, 3);
	/* All are in use: it is the new one that goes, or two would be built again and again at every frame. */
	for (int i = 0; i < 2; i++) {
		assert_null(tables_find(f->tables, files[1], MADE_UNWIND_OFFSET));
		assert_int_equal(tables_figures(f->tables).evicted, 4);
		assert_int_equal(tables_figures(f->tables).on_heap, 3);
	}
	tables_epoch(f->tables);
	tables_epoch(f->tables);
	find(f, files[1]);
	assert_int_equal(tables_figures(f->tables).on_heap, 3);
}

/* One that is larger than the limit alone is never kept, and tried again ever later. */
static void test_larger_than_heap(void **state)
{
	struct fixture *f = *state;
	struct object *large = add_file(f, 10), *small = add_file(f, 2);

	begin(f, 0, heap_of(5));
	for (unsigned epoch = 0; epoch < 32; epoch++) {
		assert_null(tables_find(f->tables, large, MADE_UNWIND_OFFSET));
		find(f, small);
		assert_int_equal(tables_figures(f->tables).on_heap, 1);
		tables_epoch(f->tables);
	}
	assert_int_equal(tables_figures(f->tables).evicted, 6); /* built in epochs 0, 1, 3, 7, 15, 31 */
}

/* Of what is reported as the shared tables' size nothing is left out. */
static void test_figures(void **state)
{
	struct fixture *f = *state;
	struct tables_figures figures;

	begin(f, 4, 1 << 20);
	find(f, add_file(f, 10));
	find(f, add_file(f, 20));
	figures = tables_figures(f->tables);
	assert_int_equal(figures.shared, 2);
	assert_int_equal(figures.rows, 30 * ABI_ROWS);
	assert_int_equal(figures.bytes, 30 * ROW_POOL_PAGE + 8 * f->memory.arena.used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bias, setup, teardown),
		cmocka_unit_test_setup_teardown(test_vdso, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ambiguous_segments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_eviction, setup, teardown),
		cmocka_unit_test_setup_teardown(test_used_ones_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room_for_the_used, setup, teardown),
		cmocka_unit_test_setup_teardown(test_idle_ones_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(test_heap_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_larger_than_heap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_figures, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
