// SPDX-License-Identifier: GPL-2.0-or-later
#include "made_report.h"

#include "report/ranking.h"

struct expected {
	const char *name;
	uint64_t self, total;
};

static void expect(enum labels_by by, bool lines, const char *filter, const struct expected *rows, uint32_t count)
{
	struct profile profile = made_report();
	struct pattern pattern = {0};
	struct ranking ranking;
	struct labels labels;
	uint64_t self = 0;

	if (filter)
		assert_int_equal(pattern_init(&pattern, filter, NULL), 0);
	assert_int_equal(labels_init(&labels, &profile, by, lines), 0);
	assert_int_equal(ranking_init(&ranking, &labels, filter ? &pattern : NULL), 0);
	for (uint32_t i = 0; i < count && i < ranking.count; i++) {
		assert_string_equal(ranking.rows[i].name, rows[i].name);
		assert_int_equal(ranking.rows[i].self, rows[i].self);
		assert_int_equal(ranking.rows[i].total, rows[i].total);
		self += rows[i].self;
	}
	assert_int_equal(ranking.count, count);
	assert_int_equal(ranking.self, self);
	ranking_release(&ranking);
	labels_release(&labels);
	pattern_release(&pattern);
	profile_release(&profile);
}

#define EXPECT(by, lines, filter, ...)                                                                          \
	expect(by, lines, filter, (const struct expected[]){__VA_ARGS__},                                       \
		sizeof((const struct expected[]){__VA_ARGS__}) / sizeof(struct expected))

static void functions(void **state)
{
	(void)state;
	EXPECT(LABELS_FUNCTION, false, NULL, {"inner:most", 20, 20}, {"read_[k]", 8, 8}, {"(no frame)", 5, 5},
		{"Widget::draw", 4, 4}, {"main", 2, 30}, {"[truncated: corrupt]", 1, 5}, {"run", 0, 20},
		{"[libx++.so+0x12]", 0, 4});
}

static void functions_with_lines(void **state)
{
	(void)state;
	EXPECT(LABELS_FUNCTION, true, "web|lib", {"inner:most (lib.h:7)", 20, 20}, {"main (web.c:10)", 2, 30},
		{"run (web.c:20)", 0, 20}, {"[libx++.so+0x12]", 0, 4});
}

static void files(void **state)
{
	(void)state;
	EXPECT(LABELS_FILE, false, NULL, {"/src/lib.h", 20, 20}, {"[kernel]", 8, 8}, {"(no frame)", 5, 5},
		{"[jit]", 4, 4}, {"/src/web.c", 2, 30}, {"[truncated: corrupt]", 1, 1}, {"[libx++.so]", 0, 4});
}

static void threads(void **state)
{
	(void)state;
	EXPECT(LABELS_COMM, false, NULL, {"web", 28, 28}, {"job", 5, 5}, {"kworker", 5, 5}, {"w-2", 2, 2});
	EXPECT(LABELS_COMM, false, "^w", {"web", 28, 28}, {"w-2", 2, 2});
}

/* A process that nothing is known of goes by its threads; one whose path has no folder by its path. */
static void processes(void **state)
{
	(void)state;
	EXPECT(LABELS_PROCESS, false, NULL, {"web", 30, 30}, {"job", 5, 5}, {"kworker", 5, 5});
}

static void containers(void **state)
{
	(void)state;
	EXPECT(LABELS_CONTAINER, false, NULL, {"0123456789ab", 30, 30}, {"-", 9, 9}, {"pod 5a3f", 1, 1});
}

static void names_of_the_resource_come_first(void **state)
{
	struct profile profile = made_report();
	struct profile_attribute attributes[2];
	struct ranking ranking;
	struct labels labels;
	uint32_t resource;

	(void)state;
	assert_int_equal(intern_text(&profile.text, "process.executable.name", &attributes[0].key), 0);
	assert_int_equal(intern_text(&profile.text, "nginx", &attributes[0].value), 0);
	assert_int_equal(intern_text(&profile.text, "service.name", &attributes[1].key), 0);
	assert_int_equal(intern_text(&profile.text, "shop", &attributes[1].value), 0);
	assert_int_equal(intern_add(&profile.resources, attributes, sizeof(attributes), &resource), 0);
	profile.who[0].resource = resource + 1;
	assert_int_equal(intern_add(&profile.resources, attributes + 1, sizeof(*attributes), &resource), 0);
	profile.who[1].resource = resource + 1;
	assert_int_equal(labels_init(&labels, &profile, LABELS_PROCESS, false), 0);
	assert_int_equal(ranking_init(&ranking, &labels, NULL), 0);
	assert_int_equal(ranking.count, 3);
	assert_string_equal(ranking.rows[0].name, "nginx");
	assert_string_equal(ranking.rows[1].name, "shop");
	assert_string_equal(ranking.rows[2].name, "job");
	ranking_release(&ranking);
	labels_release(&labels);
	profile_release(&profile);
}

static void nothing_has_no_rows(void **state)
{
	(void)state;
	for (int by = 0; by < LABELS_KINDS; by++) {
		struct profile profile = {0};
		struct ranking ranking;
		struct labels labels;

		assert_int_equal(labels_init(&labels, &profile, by, false), 0);
		assert_int_equal(ranking_init(&ranking, &labels, NULL), 0);
		assert_int_equal(ranking.count, 0);
		assert_non_null(labels_by_name(by));
		ranking_release(&ranking);
		labels_release(&labels);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions),
		cmocka_unit_test(functions_with_lines),
		cmocka_unit_test(files),
		cmocka_unit_test(threads),
		cmocka_unit_test(processes),
		cmocka_unit_test(containers),
		cmocka_unit_test(names_of_the_resource_come_first),
		cmocka_unit_test(nothing_has_no_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
