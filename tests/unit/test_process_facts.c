// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "process/process_facts.h"

struct scene {
	struct intern texts;
	struct process_facts facts;
};

static void scene_init(struct scene *scene)
{
	uint32_t none;

	*scene = (struct scene){0};
	assert_int_equal(intern_text(&scene->texts, "", &none), 0);
}

/* `stated` NULL: nobody could read it. */
static struct proc_read read_of(uint64_t time_ns, const char *stated, bool published)
{
	return (struct proc_read){.time_ns = time_ns, .exe = (char *)(uintptr_t)"/bin/program",
		.stated = (char *)(uintptr_t)stated, .published = published};
}

static void reads(struct scene *scene, uint64_t time_ns, const char *stated, bool published, bool lost)
{
	struct proc_read read = read_of(time_ns, stated, published);

	process_facts_read(&scene->facts, &scene->texts, &read);
	process_facts_settle(&scene->facts, &read, lost);
}

static void expect(const struct scene *scene, uint64_t time_ns, const char *stated)
{
	const char *found = process_facts_stated(&scene->facts, &scene->texts, time_ns);

	if (stated)
		assert_string_equal(found, stated);
	else
		assert_null(found);
}

static void test_follows_execs(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	expect(&scene, 5, NULL);
	reads(&scene, 10, "service.name=a", false, false);
	process_facts_exec(&scene.facts, 20);
	expect(&scene, 19, "service.name=a");
	expect(&scene, 20, NULL);
	reads(&scene, 25, "service.name=b", false, false);
	expect(&scene, 19, "service.name=a");
	expect(&scene, 20, "service.name=b");
	assert_string_equal(process_facts_exe(&scene.facts, &scene.texts, 30), "/bin/program");
	intern_release(&scene.texts);
}

/* A read before the record of an exec comes says what the program before it stated. */
static void test_read_waits_for_its_place(void **state)
{
	struct scene scene;
	struct proc_read read = read_of(30, "service.name=b", false);

	(void)state;
	scene_init(&scene);
	reads(&scene, 10, "service.name=a", false, false);
	process_facts_read(&scene.facts, &scene.texts, &read);
	expect(&scene, 30, "service.name=a");
	process_facts_exec(&scene.facts, 20);
	process_facts_settle(&scene.facts, &read, false);
	expect(&scene, 30, "service.name=b");
	expect(&scene, 15, "service.name=a");
	intern_release(&scene.texts);
}

static void test_published(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	reads(&scene, 10, "", false, false);
	expect(&scene, 10, ","); /* known to be nothing */
	reads(&scene, 20, "service.name=a", true, false);
	expect(&scene, 20, "service.name=a");
	reads(&scene, 30, "", false, false); /* its SDK was shut down */
	expect(&scene, 30, "service.name=a");
	reads(&scene, 40, "service.name=b", true, false);
	expect(&scene, 40, "service.name=b");
	reads(&scene, 50, NULL, false, false);
	expect(&scene, 50, "service.name=b");
	reads(&scene, 60, "", false, true); /* an exec may have been lost */
	expect(&scene, 60, ",");
	intern_release(&scene.texts);
}

static void test_children(void **state)
{
	struct scene scene;
	struct process_facts child = {0};

	(void)state;
	scene_init(&scene);
	reads(&scene, 10, "service.name=a,service.instance.id=1", true, false);
	process_facts_inherit(&child, &scene.facts);
	scene.facts = child;
	expect(&scene, 20, "service.name=a,service.instance.id=1");
	reads(&scene, 30, "service.name=a", false, false); /* the mapping is not inherited, the environment is */
	expect(&scene, 30, "service.name=a,service.instance.id=1");
	process_facts_exec(&scene.facts, 40);
	reads(&scene, 45, "", false, false);
	expect(&scene, 45, ",");
	intern_release(&scene.texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follows_execs), cmocka_unit_test(test_read_waits_for_its_place),
		cmocka_unit_test(test_published), cmocka_unit_test(test_children),
	};

	return cmocka_run_group_tests_name("process_facts", tests, NULL, NULL);
}
