// SPDX-License-Identifier: GPL-2.0-or-later
#include "profile/resource.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Who is believed about an attribute. */
enum source {
	ANYONE,   /* the process, the operator, the machine, in this order */
	OPERATOR, /* the operator, the machine */
	KERNEL,   /* only what is known of the process */
};

enum key {
	CONTAINER_ID,
	ENVIRONMENT,
	HOST_ARCH,
	HOST_ID,
	HOST_NAME,
	POD_UID,
	OS_TYPE,
	OS_VERSION,
	EXECUTABLE_NAME,
	EXECUTABLE_PATH,
	PID,
	INSTANCE_ID,
	SERVICE_NAME,
	NAMESPACE,
	SERVICE_VERSION,
	UNIT,
	KEYS
};

static const struct {
	const char *name;
	enum source source;
} keys[KEYS] = {
	[CONTAINER_ID] = {"container.id", KERNEL},
	[ENVIRONMENT] = {"deployment.environment.name", ANYONE},
	[HOST_ARCH] = {"host.arch", OPERATOR},
	[HOST_ID] = {"host.id", OPERATOR},
	[HOST_NAME] = {"host.name", OPERATOR},
	[POD_UID] = {"k8s.pod.uid", KERNEL},
	[OS_TYPE] = {"os.type", OPERATOR},
	[OS_VERSION] = {"os.version", OPERATOR},
	[EXECUTABLE_NAME] = {"process.executable.name", KERNEL},
	[EXECUTABLE_PATH] = {"process.executable.path", KERNEL},
	[PID] = {"process.pid", KERNEL},
	[INSTANCE_ID] = {"service.instance.id", ANYONE},
	[SERVICE_NAME] = {"service.name", ANYONE},
	[NAMESPACE] = {"service.namespace", ANYONE},
	[SERVICE_VERSION] = {"service.version", ANYONE},
	[UNIT] = {"systemd.unit.name", KERNEL},
};

/* A unit is only told where there is no container. */
_Static_assert(KEYS - 1 <= PROFILE_ATTRIBUTES, "what is known of a process always finds room");

#define ENVIRONMENT_BEFORE_1_27 "deployment.environment"

/* The resource of one process, while it is made. */
struct draft {
	struct profile *profile;
	struct resource_options *options;
	struct buf clean;
	bool has[KEYS];
	struct profile_attribute attributes[PROFILE_ATTRIBUTES];
	unsigned count;
};

int resource_options_init(struct resource_options *options)
{
	const char *text = getenv("OTEL_RESOURCE_ATTRIBUTES");

	*options = (struct resource_options){.service_name = getenv("OTEL_SERVICE_NAME")};
	host_read(&options->host);
	return text ? attributes_parse(&options->attributes, text, strlen(text)) : 0;
}

void resource_options_release(struct resource_options *options)
{
	attributes_release(&options->attributes);
}

/* At most RESOURCE_VALUE bytes, and no character in part. */
static void cap(struct buf *text)
{
	size_t len = RESOURCE_VALUE;

	if (text->len <= len)
		return;
	while (len && ((unsigned char)text->data[len] & 0xc0) == 0x80)
		len--;
	text->len = len;
}

static int keep(struct draft *draft, const char *text, uint32_t *id)
{
	int err;

	buf_clear(&draft->clean);
	err = text_clean(&draft->clean, text, strlen(text));
	cap(&draft->clean);
	if (!err)
		err = buf_putc(&draft->clean, 0);
	return err ? err : intern_text(&draft->profile->text, draft->clean.data, id);
}

static int append(struct draft *draft, const char *key, const char *value)
{
	struct profile_attribute *attribute = &draft->attributes[draft->count];
	int err = keep(draft, key, &attribute->key);

	if (!err)
		err = keep(draft, value, &attribute->value);
	if (!err)
		draft->count++;
	return err;
}

/* Whoever says something first is believed. */
static int say(struct draft *draft, enum key key, const char *value)
{
	if (draft->has[key] || !value || !value[0])
		return 0;
	draft->has[key] = true;
	return append(draft, keys[key].name, value);
}

static int say_stated(struct draft *draft, const struct attributes *attributes, enum source least)
{
	int err = 0;

	for (int key = 0; key < KEYS && !err; key++)
		if (keys[key].source <= least)
			err = say(draft, key, attributes_find(attributes, keys[key].name));
	return err ? err : say(draft, ENVIRONMENT, attributes_find(attributes, ENVIRONMENT_BEFORE_1_27));
}

static const char *text_of(const struct draft *draft, uint32_t id)
{
	return profile_text(draft->profile, id);
}

/* A process that states nonsense states nothing. */
static int say_process(struct draft *draft, const struct profile_who *who)
{
	const char *text = text_of(draft, who->stated);
	struct attributes stated = {0};
	int err = attributes_parse(&stated, text, strlen(text));

	if (!err)
		err = say_stated(draft, &stated, ANYONE);
	attributes_release(&stated);
	return err == -EINVAL ? 0 : err;
}

static int say_operator(struct draft *draft)
{
	int err = say(draft, SERVICE_NAME, draft->options->service_name);

	return err ? err : say_stated(draft, &draft->options->attributes, OPERATOR);
}

static int say_machine(struct draft *draft)
{
	const struct host *host = &draft->options->host;
	int err = say(draft, HOST_ARCH, host->arch);

	if (!err)
		err = say(draft, HOST_ID, host->id);
	if (!err)
		err = say(draft, HOST_NAME, host->name);
	if (!err)
		err = say(draft, OS_TYPE, "linux");
	return err ? err : say(draft, OS_VERSION, host->version);
}

static int say_executable(struct draft *draft, const struct profile_who *who)
{
	char path[4097]; /* interning moves texts */
	const char *slash, *name;
	int err;

	snprintf(path, sizeof(path), "%s", text_of(draft, who->exe));
	slash = strrchr(path, '/');
	name = slash ? slash + 1 : path;
	err = say(draft, EXECUTABLE_PATH, path);
	if (!err)
		err = say(draft, EXECUTABLE_NAME, name);
	if (!err)
		err = say(draft, SERVICE_NAME, name);
	return err ? err : say(draft, SERVICE_NAME, who->kernel_thread ? "kernel" : "unknown_service");
}

/* Texts are copied before they are kept: interning moves them. */
static int say_text(struct draft *draft, enum key key, uint32_t id)
{
	char text[RESOURCE_VALUE + 1];

	snprintf(text, sizeof(text), "%s", text_of(draft, id));
	return say(draft, key, text);
}

/* Of a service: scopes have the number of a session or the id of a container in their names. */
static int say_unit(struct draft *draft, const struct profile_who *who)
{
	const char *unit = text_of(draft, who->unit), *end = strrchr(unit, '.');

	if (draft->has[CONTAINER_ID] || draft->has[POD_UID] || !end || strcmp(end, ".service"))
		return 0;
	return say_text(draft, UNIT, who->unit);
}

static int say_pid(struct draft *draft, uint32_t pid)
{
	char text[16];

	if (!pid)
		return 0;
	snprintf(text, sizeof(text), "%u", pid);
	return say(draft, PID, text);
}

/* Is it on the list, or about one process? Then what the operator says of it has been heard, or does not count. */
static bool is_further(const char *name)
{
	for (int key = 0; key < KEYS; key++)
		if (!strcmp(keys[key].name, name))
			return false;
	return strcmp(name, ENVIRONMENT_BEFORE_1_27) && strncmp(name, "process.", 8) && strncmp(name, "container.", 10) &&
	       strncmp(name, "k8s.pod.", 8) && strncmp(name, "k8s.container.", 14);
}

static int say_further(struct draft *draft)
{
	const struct attributes *attributes = &draft->options->attributes;
	const char *key, *value;
	unsigned left_out = 0;
	int err = 0;

	for (size_t at = 0; !err && attributes_next(attributes, &at, &key, &value);) {
		if (!is_further(key) || value != attributes_find(attributes, key)) /* the last of several counts */
			continue;
		if (draft->count < PROFILE_ATTRIBUTES)
			err = append(draft, key, value);
		else
			left_out++;
	}
	if (left_out > draft->options->left_out)
		draft->options->left_out = left_out;
	return err;
}

static int by_key(const void *left, const void *right, void *profile)
{
	const struct profile_attribute *a = left, *b = right;

	return strcmp(profile_text(profile, a->key), profile_text(profile, b->key));
}

/* Keys that cleaning made equal are one. */
static void sort(struct draft *draft)
{
	struct profile_attribute *attributes = draft->attributes;
	unsigned count = 0;

	qsort_r(attributes, draft->count, sizeof(*attributes), by_key, draft->profile);
	for (unsigned i = 0; i < draft->count; i++)
		if (!count || attributes[i].key != attributes[count - 1].key)
			attributes[count++] = attributes[i];
	draft->count = count;
}

/* What decides about a resource: of equal ones only the first is made. */
struct identity {
	uint32_t exe, container, pod, unit, stated, pid, kernel_thread;
};

static struct identity identity_of(const struct draft *draft, uint32_t process)
{
	const struct profile_process *of = intern_get(&draft->profile->processes, process, NULL);
	const struct profile_who *who = &draft->profile->who[process];

	return (struct identity){who->exe, who->container, who->pod, who->unit, who->stated, draft->options->pids ? of->pid : 0,
		who->kernel_thread};
}

static int make(struct draft *draft, const struct profile_who *who, uint32_t pid, uint32_t *index)
{
	int err;

	memset(draft->has, 0, sizeof(draft->has));
	draft->count = 0;
	err = say_process(draft, who);

	if (!err)
		err = say_operator(draft);
	if (!err)
		err = say_machine(draft);
	if (!err)
		err = say_executable(draft, who);
	if (!err)
		err = say_text(draft, CONTAINER_ID, who->container);
	if (!err)
		err = say_text(draft, POD_UID, who->pod);
	if (!err)
		err = say_unit(draft, who);
	if (!err)
		err = say_pid(draft, pid);
	if (!err)
		err = say_further(draft);
	if (err)
		return err;
	sort(draft);
	return intern_add(&draft->profile->resources, draft->attributes, draft->count * sizeof(*draft->attributes), index);
}

/* `made`: identities, `resources`: theirs. */
static int make_once(struct draft *draft, uint32_t process, struct intern *made, uint32_t *resources)
{
	const struct identity identity = identity_of(draft, process);
	struct profile_who *who = &draft->profile->who[process];
	uint32_t known = made->count, id;
	int err = intern_add(made, &identity, sizeof(identity), &id);

	if (!err && id == known)
		err = make(draft, who, identity.pid, &resources[id]);
	if (!err)
		who->resource = resources[id] + 1;
	return err;
}

int profile_resources_make(struct profile *profile, struct resource_options *options)
{
	struct draft draft = {.profile = profile, .options = options};
	uint32_t count = profile->processes.count, *resources = calloc(count ? count : 1, sizeof(*resources));
	struct intern made = {0};
	int err = resources ? 0 : -ENOMEM;

	options->left_out = 0;
	for (uint32_t i = 0; i < count && !err; i++)
		err = make_once(&draft, i, &made, resources);
	intern_release(&made);
	free(resources);
	buf_release(&draft.clean);
	return err;
}
