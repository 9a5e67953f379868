// SPDX-License-Identifier: GPL-2.0-or-later
#include "made_profile.h"

#include "export/speedscope.h"
#include "made_trust.h"

#define HEAD(name) \
	"{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\n" \
	"\"exporter\":\"profound@" PROFOUND_VERSION "\",\n\"name\":\"" name "\",\n\"activeProfileIndex\":0,\n"

static void expect(struct profile *profile, const struct trust *trust, const char *expected)
{
	char *text = made_text(speedscope_write, profile, trust);

	assert_string_equal(text, expected);
	free(text);
	profile_release(profile);
}

static void stacks_have_names_files_and_weights(void **state)
{
	struct trust trust = made_trust();
	struct profile profile = {0};
	uint32_t f[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		f[i] = made_frame(&profile, i == 2 ? FRAME_KERNEL : FRAME_FILE);
	made_sample(&profile, "web", (uint32_t[]){f[0], f[1]}, 2, (struct profile_sample){.process = 1}, 3);
	made_sample(&profile, "d\"b", &f[3], 1, (struct profile_sample){.cut = COUNTER_corrupt}, 5);
	made_sample(&profile, "web", (uint32_t[]){f[0], f[2]}, 2, (struct profile_sample){.process = 2}, 4);
	made_sample(&profile, "web", f, 1, (struct profile_sample){0}, 1);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_line(&profile, f[0], "main", "/src/a.c", 12);
	made_line(&profile, f[1], "inlined", "/src/b.h", 7);
	made_line(&profile, f[1], "work", NULL, 0);
	made_named(&profile, f[2], "vfs_read", true);
	made_named(&profile, f[3], "[libx.so+0x12]", false);
	expect(&profile, &trust,
		HEAD("cycles on web1") "\"shared\":{\"frames\":[\n"
		"{\"name\":\"all\"},\n{\"name\":\"main\",\"file\":\"/src/a.c\",\"line\":12},\n{\"name\":\"work\"},\n"
		"{\"name\":\"inlined\",\"file\":\"/src/b.h\",\"line\":7},\n{\"name\":\"vfs_read_[k]\"},\n"
		"{\"name\":\"[libx.so+0x12]\"},\n{\"name\":\"web\"},\n{\"name\":\"d\\\"b\"},\n"
		"{\"name\":\"[truncated: corrupt]\"}]},\n"
		"\"profiles\":[{\"type\":\"sampled\",\"name\":\"cycles on web1\",\"unit\":\"none\",\"startValue\":0,"
		"\"endValue\":13,\n\"samples\":[\n[6,1],\n[6,1,2,3],\n[6,1,4],\n[7,8,5]],\n\"weights\":[1,3,4,5]}]}\n");
}

/* Functions of one name in two files are one frame, of which no file is told; of one file at two lines, no line. */
static void what_differs_is_left_out(void **state)
{
	struct profile profile = {0};
	uint32_t f[5];
	char *text;

	(void)state;
	for (int i = 0; i < 5; i++)
		f[i] = made_frame(&profile, FRAME_FILE);
	made_sample(&profile, "c", f, 5, (struct profile_sample){0}, 1);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_line(&profile, f[0], "init", "/src/a.c", 12);
	made_line(&profile, f[1], "init", "/src/b.c", 12);
	made_line(&profile, f[2], "run", "/src/a.c", 1);
	made_line(&profile, f[3], "run", "/src/a.c", 2);
	made_line(&profile, f[4], "init", "/src/a.c", 12);
	text = made_text(speedscope_write, &profile, NULL);
	assert_non_null(strstr(text, "{\"name\":\"init\"}"));
	assert_non_null(strstr(text, "{\"name\":\"run\",\"file\":\"/src/a.c\"}"));
	free(text);
	profile_release(&profile);
}

static void empty_profile_is_a_valid_file(void **state)
{
	struct profile profile = {0};

	(void)state;
	assert_int_equal(profile_begin_names(&profile), 0);
	expect(&profile, NULL,
		HEAD("samples") "\"shared\":{\"frames\":[\n{\"name\":\"all\"}]},\n"
		"\"profiles\":[{\"type\":\"sampled\",\"name\":\"samples\",\"unit\":\"none\",\"startValue\":0,"
		"\"endValue\":0,\n\"samples\":[],\n\"weights\":[]}]}\n");
}

static void the_format_is_found(void **state)
{
	(void)state;
	assert_string_equal(exporter_by_path("x.speedscope.json")->name, "speedscope");
	assert_null(exporter_by_path("x.json"));
	assert_null(exporter_by_path("speedscope.json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_have_names_files_and_weights),
		cmocka_unit_test(what_differs_is_left_out),
		cmocka_unit_test(empty_profile_is_a_valid_file),
		cmocka_unit_test(the_format_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
