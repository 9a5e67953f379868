// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "symbolize/file_mapping.h"

/* Of a file laid out by lld: text is at another page offset in memory than in the file, and data overlaps its page. */
static Elf64_Phdr segments[] = {
	{PT_LOAD, PF_R, 0, 0x200000, 0x200000, 0x700, 0x700, 0x1000},
	{PT_LOAD, PF_R | PF_X, 0x700, 0x201700, 0x201700, 0x300, 0x300, 0x1000},
	{PT_LOAD, PF_R | PF_W, 0x900, 0x202900, 0x202900, 0x300, 0x5000, 0x1000},
};
static const struct elf elf = {.fd = -1, .segments = segments, .n_segments = 3, .build_id = {0xab, 1}, .build_id_size = 2};

struct scene {
	struct profile profile;
	struct object object;
	struct file_mapping mapping;
};

static void scene_init(struct scene *scene, const uint64_t *offsets, uint32_t count)
{
	*scene = (struct scene){.object = {.path = (char *)(uintptr_t)"/usr/lib/lib\xff.so"}};
	for (uint32_t i = 0; i < count; i++) {
		struct frame frame = {FRAME_FILE, 0, offsets[i]};
		uint32_t id;

		assert_int_equal(profile_frame(&scene->profile, &frame, &id), 0);
		assert_int_equal(id, i);
	}
	assert_int_equal(profile_begin_names(&scene->profile), 0);
}

static void map(struct scene *scene, const struct elf *of)
{
	assert_int_equal(file_mapping_init(&scene->mapping, &scene->profile, &scene->object, of, false), 0);
	for (uint32_t i = 0; i < scene->profile.frames.count; i++)
		assert_int_equal(file_mapping_put(&scene->mapping, i), 0);
}

static void expect(const struct scene *scene, uint32_t frame, uint64_t address, const Elf64_Phdr *segment)
{
	const struct frame_names *names = &scene->profile.names[frame];
	const struct profile_mapping *mapping = profile_get_mapping(&scene->profile, names->mapping);

	assert_non_null(mapping);
	assert_int_equal(names->type, FRAME_TYPE_NATIVE);
	assert_int_equal(names->address, address);
	assert_int_equal(mapping->start, segment ? segment->p_vaddr : 0);
	assert_int_equal(mapping->limit, segment ? segment->p_vaddr + segment->p_memsz : 0);
	assert_int_equal(mapping->offset, segment ? segment->p_offset : 0);
	assert_string_equal(profile_text(&scene->profile, mapping->file), "/usr/lib/lib\xef\xbf\xbd.so");
}

static const char *gnu_id(const struct scene *scene)
{
	return profile_text(&scene->profile, profile_get_mapping(&scene->profile, 1)->gnu_build_id);
}

static void test_segments(void **state)
{
	const uint64_t offsets[] = {0x700, 0x9ff, 0x950, 0x6ff, 0xa00, 0x5000, 0x800};
	struct scene scene;

	(void)state;
	scene_init(&scene, offsets, 7);
	map(&scene, &elf);
	expect(&scene, 0, 0x201700, &segments[1]);
	expect(&scene, 1, 0x2019ff, &segments[1]); /* the executable one of two */
	expect(&scene, 2, 0x201950, &segments[1]);
	expect(&scene, 3, 0x2006ff, &segments[0]);
	expect(&scene, 4, 0x202a00, &segments[2]);
	expect(&scene, 5, 0, NULL);
	expect(&scene, 6, 0x201800, &segments[1]);
	assert_int_equal(scene.profile.mappings.count, 4);
	assert_string_equal(gnu_id(&scene), "ab01");
	profile_release(&scene.profile);
}

/* What the kernel told of the file that was mapped counts, whatever is there by now. */
static void test_closed(void **state)
{
	const uint64_t offsets[] = {0x700, 0x800};
	struct scene scene;

	(void)state;
	scene_init(&scene, offsets, 2);
	scene.object.identity = (struct object_identity){.build_id_size = 3, .build_id = {1, 2, 3}};
	map(&scene, NULL);
	expect(&scene, 0, 0, NULL);
	expect(&scene, 1, 0, NULL);
	assert_int_equal(scene.profile.mappings.count, 1);
	assert_string_equal(gnu_id(&scene), "010203");
	profile_release(&scene.profile);
}

static void test_no_ids(void **state)
{
	const struct elf bare = {.fd = -1, .segments = segments, .n_segments = 3};
	const uint64_t offset = 0x700;
	struct scene scene;
	const struct profile_mapping *mapping;

	(void)state;
	scene_init(&scene, &offset, 1);
	map(&scene, &bare);
	mapping = profile_get_mapping(&scene.profile, 1);
	assert_string_equal(gnu_id(&scene), "");
	assert_string_equal(profile_text(&scene.profile, mapping->go_build_id), "");
	assert_string_equal(profile_text(&scene.profile, mapping->htlhash), "");
	profile_release(&scene.profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_segments), cmocka_unit_test(test_closed), cmocka_unit_test(test_no_ids),
	};

	return cmocka_run_group_tests_name("file_mapping", tests, NULL, NULL);
}
