// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "profile/resource.h"

static const struct host host = {"web1", "0123456789abcdef0123456789abcdef", "amd64", "6.1.0"};

struct facts {
	const char *exe, *container, *pod, *stated;
	bool kernel_thread;
	const char *unit;
};

static uint32_t text(struct profile *profile, const char *value)
{
	uint32_t id;

	assert_int_equal(intern_text(&profile->text, value ? value : "", &id), 0);
	return id;
}

static uint32_t process(struct profile *profile, uint32_t pid, const struct facts *facts)
{
	const struct profile_process key = {.pid = pid, .start_ns = pid * 1000ull};
	uint32_t id;

	assert_int_equal(profile_process(profile, &key, &id), 0);
	profile->who[id].exe = text(profile, facts->exe);
	profile->who[id].container = text(profile, facts->container);
	profile->who[id].pod = text(profile, facts->pod);
	profile->who[id].stated = text(profile, facts->stated);
	profile->who[id].unit = text(profile, facts->unit);
	profile->who[id].kernel_thread = facts->kernel_thread;
	return id;
}

static void say(struct resource_options *options, const char *service_name, const char *attributes)
{
	*options = (struct resource_options){.host = host, .service_name = service_name};
	assert_int_equal(attributes_parse(&options->attributes, attributes, strlen(attributes)), 0);
}

/* A resource as "key=value" lines. */
static const char *shown(const struct profile *profile, uint32_t of)
{
	static char lines[8192];
	const struct profile_attribute *attributes;
	uint32_t count;

	lines[0] = 0;
	attributes = profile_get_resource(profile, of, &count);
	assert_in_range(count, 1, PROFILE_ATTRIBUTES);
	for (uint32_t i = 0; i < count; i++)
		snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s=%s\n",
			profile_text(profile, attributes[i].key), profile_text(profile, attributes[i].value));
	return lines;
}

static const char *made_of(const struct facts *facts, const char *service_name, const char *attributes)
{
	struct resource_options options;
	struct profile profile = {0};
	const char *lines;

	say(&options, service_name, attributes);
	process(&profile, 42, facts);
	assert_int_equal(profile_resources_make(&profile, &options), 0);
	lines = shown(&profile, 0);
	profile_release(&profile);
	resource_options_release(&options);
	return lines;
}

#define MACHINE "host.arch=amd64\nhost.id=0123456789abcdef0123456789abcdef\nhost.name=web1\n"
#define SYSTEM "os.type=linux\nos.version=6.1.0\n"
#define SHOP "process.executable.name=shop\nprocess.executable.path=/usr/bin/shop\n"

static const struct facts shop = {.exe = "/usr/bin/shop"};

static void test_detected(void **state)
{
	const struct facts service = {.exe = "/usr/bin/shop", .unit = "shop.service"};
	const struct facts session = {.exe = "/usr/bin/shop", .unit = "session-3.scope"};
	const struct facts both = {.exe = "/usr/bin/shop", .container = "c0ffee", .unit = "docker.service"};
	const struct facts nobody = {0}, thread = {.kernel_thread = true};
	const struct facts pod = {"/app/shop", "c0ffee", "11111111-2222-3333-4444-555555555555", NULL, false, NULL};

	(void)state;
	assert_string_equal(made_of(&shop, NULL, ""), MACHINE SYSTEM SHOP "service.name=shop\n");
	assert_string_equal(made_of(&nobody, "", ""), MACHINE SYSTEM "service.name=unknown_service\n");
	assert_string_equal(made_of(&thread, NULL, ""), MACHINE SYSTEM "service.name=kernel\n");
	assert_string_equal(made_of(&service, NULL, ""), MACHINE SYSTEM SHOP "service.name=shop\nsystemd.unit.name=shop.service\n");
	assert_string_equal(made_of(&session, NULL, ""), MACHINE SYSTEM SHOP "service.name=shop\n");
	assert_string_equal(made_of(&both, NULL, ""),
		"container.id=c0ffee\n" MACHINE SYSTEM SHOP "service.name=shop\n");
	assert_string_equal(made_of(&pod, NULL, ""),
		"container.id=c0ffee\n" MACHINE "k8s.pod.uid=11111111-2222-3333-4444-555555555555\n" SYSTEM
		"process.executable.name=shop\nprocess.executable.path=/app/shop\nservice.name=shop\n");
}

static void test_who_is_believed(void **state)
{
	struct facts states = shop;
	const char *lines;

	(void)state;
	states.stated = "service.name=cart,service.instance.id=7,deployment.environment=test,host.name=fake,"
			"container.id=fake,process.pid=1,process.executable.name=fake,further=fake";
	assert_string_equal(made_of(&states, NULL, ""),
		"deployment.environment.name=test\n" MACHINE SYSTEM SHOP "service.instance.id=7\nservice.name=cart\n");
	lines = made_of(&states, "ours", "service.version=2,service.instance.id=8,host.name=node,host.id=i-123,"
					 "container.id=our-own,k8s.pod.uid=our-own,k8s.pod.name=our-own,process.pid=9");
	assert_string_equal(lines,
		"deployment.environment.name=test\nhost.arch=amd64\nhost.id=i-123\nhost.name=node\n" SYSTEM SHOP
		"service.instance.id=7\nservice.name=cart\nservice.version=2\n");
	assert_string_equal(made_of(&shop, "ours", "service.name=lower"), MACHINE SYSTEM SHOP "service.name=ours\n");
	assert_string_equal(made_of(&shop, "", "service.name=lower"), MACHINE SYSTEM SHOP "service.name=lower\n");
	assert_string_equal(made_of(&shop, NULL, "service.name="), MACHINE SYSTEM SHOP "service.name=shop\n");
	/* The newer name of the same thing. */
	states.stated = "deployment.environment=old,deployment.environment.name=new";
	assert_string_equal(
		made_of(&states, NULL, ""), "deployment.environment.name=new\n" MACHINE SYSTEM SHOP "service.name=shop\n");
	states.stated = "service.name=cart,service.version=%zz";
	assert_string_equal(made_of(&states, NULL, ""), MACHINE SYSTEM SHOP "service.name=shop\n");
}

/* Whatever a process says: clean, and short. */
static void test_clean(void **state)
{
	char stated[1024] = "service.name=bad%FF%0Aname,service.version=x", *at = stated + strlen(stated);
	char expected[1024];
	struct facts states = shop;

	(void)state;
	for (int i = 0; i < 100; i++, at += 3)
		memcpy(at, "\xe2\x82\xac", 4); /* 301 bytes with the x: 85 of these characters are inside of 256 */
	states.stated = stated;
	snprintf(expected, sizeof(expected), MACHINE SYSTEM SHOP "service.name=bad\xef\xbf\xbd name\nservice.version=x%.*s\n",
		85 * 3, strchr(stated, '\xe2'));
	assert_string_equal(made_of(&states, NULL, ""), expected);
}

static void test_room(void **state)
{
	struct resource_options options;
	struct profile profile = {0};
	uint32_t plain, full, count;
	struct facts much = {"/app/shop", "c0ffee", "pod",
		"service.name=a,service.namespace=b,service.version=c,service.instance.id=d,deployment.environment.name=e", false, NULL};

	(void)state;
	say(&options, NULL, "z.last=1,k8s.node.name=n,region=2,zone=3,region=4,rack=5,row=6,cell=7,floor=8,site=9");
	options.pids = true;
	plain = process(&profile, 1, &shop);
	assert_int_equal(profile_resources_make(&profile, &options), 0);
	assert_int_equal(options.left_out, 3); /* 6 of 9: 8 are taken, process.pid is the ninth */
	assert_string_equal(shown(&profile, plain),
		MACHINE "k8s.node.name=n\n" SYSTEM SHOP "process.pid=1\nrack=5\nregion=4\nrow=6\nservice.name=shop\nz.last=1\n"
			"zone=3\n");
	full = process(&profile, 2, &much);
	assert_int_equal(profile_resources_make(&profile, &options), 0);
	assert_int_equal(options.left_out, 9);
	profile_get_resource(&profile, full, &count);
	assert_int_equal(count, PROFILE_ATTRIBUTES);
	assert_null(strstr(shown(&profile, full), "region"));
	resource_options_release(&options);
	profile_release(&profile);
}

/* Processes of one service are one resource, unless somebody asks for pids. */
static void test_shared(void **state)
{
	const struct facts other = {.exe = "/usr/bin/other"};
	struct resource_options options;
	struct profile profile = {0};

	(void)state;
	say(&options, NULL, "");
	process(&profile, 1, &shop);
	process(&profile, 2, &other);
	process(&profile, 3, &shop);
	assert_int_equal(profile_resources_make(&profile, &options), 0);
	assert_int_equal(profile.resources.count, 2);
	assert_int_equal(profile.who[0].resource, profile.who[2].resource);
	assert_int_not_equal(profile.who[0].resource, profile.who[1].resource);
	options.pids = true;
	assert_int_equal(profile_resources_make(&profile, &options), 0);
	assert_int_not_equal(profile.who[0].resource, profile.who[2].resource);
	resource_options_release(&options);
	profile_release(&profile);
}

/* A back end makes a series of each set: two intervals of a service have the same one, in whatever order it is met. */
static void test_same_in_two_intervals(void **state)
{
	const struct facts cart = {"/app/cart", "c0ffee", "pod", "service.name=cart,service.version=1", false, NULL};
	const struct facts thread = {.kernel_thread = true};
	struct resource_options options;
	struct profile first = {0}, second = {0};
	char *before;
	uint32_t a, b;

	(void)state;
	say(&options, NULL, "zone=3,service.namespace=shop");
	a = process(&first, 1, &cart);
	process(&first, 2, &thread);
	process(&second, 2, &shop);
	process(&second, 3, &thread);
	b = process(&second, 99, &cart); /* it was started anew */
	assert_int_equal(profile_resources_make(&first, &options), 0);
	assert_int_equal(profile_resources_make(&second, &options), 0);
	before = strdup(shown(&first, a));
	assert_string_equal(shown(&second, b), before);
	free(before);
	before = strdup(shown(&first, 1));
	assert_string_equal(shown(&second, 1), before);
	free(before);
	resource_options_release(&options);
	profile_release(&first);
	profile_release(&second);
}

static void test_own_environment(void **state)
{
	struct resource_options options;
	struct utsname names;

	(void)state;
	assert_int_equal(uname(&names), 0);
	setenv("OTEL_SERVICE_NAME", "me", 1);
	setenv("OTEL_RESOURCE_ATTRIBUTES", "zone=%33", 1);
	assert_int_equal(resource_options_init(&options), 0);
	assert_string_equal(options.service_name, "me");
	assert_string_equal(attributes_find(&options.attributes, "zone"), "3");
	assert_string_equal(options.host.name, names.nodename);
	assert_string_equal(options.host.version, names.release);
	if (!strcmp(names.machine, "x86_64"))
		assert_string_equal(options.host.arch, "amd64");
	assert_true(!options.host.id[0] || strlen(options.host.id) == 32);
	resource_options_release(&options);
	setenv("OTEL_RESOURCE_ATTRIBUTES", "zone=3,nonsense", 1);
	assert_int_equal(resource_options_init(&options), -EINVAL);
	assert_int_equal(options.attributes.count, 0);
	assert_string_equal(options.host.name, names.nodename);
	resource_options_release(&options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_detected), cmocka_unit_test(test_who_is_believed), cmocka_unit_test(test_clean),
		cmocka_unit_test(test_room), cmocka_unit_test(test_shared), cmocka_unit_test(test_same_in_two_intervals),
		cmocka_unit_test(test_own_environment),
	};

	return cmocka_run_group_tests_name("resource", tests, NULL, NULL);
}
