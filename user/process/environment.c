// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/attribute_text.h"
#include "process/stated.h"

#define CHUNK 4096

/* A longer value is as good as none. */
#define VALUE_MAX 16384

enum { SERVICE_NAME, RESOURCE_ATTRIBUTES };

static const char *const names[ENVIRONMENT_VALUES] = {
	[SERVICE_NAME] = "OTEL_SERVICE_NAME=",
	[RESOURCE_ATTRIBUTES] = "OTEL_RESOURCE_ATTRIBUTES=",
};

/* The next bytes of a variable, which `end` says is whole then. Into the value of its name, if it is one of ours. */
static int take(struct environment *environment, unsigned which, const char *data, size_t len, bool end)
{
	struct environment_value *value = &environment->values[which];
	size_t name = strlen(names[which]), at = environment->at, of_name = at < name ? name - at : 0;
	int err = 0;

	if (value->set || !(environment->matches & 1u << which))
		return 0;
	of_name = of_name < len ? of_name : len;
	if (memcmp(names[which] + (at < name ? at : name), data, of_name)) {
		environment->matches &= ~(1u << which);
		return 0;
	}
	if (value->text.len <= VALUE_MAX)
		err = buf_append(&value->text, data + of_name, len - of_name);
	value->set = end && at + len >= name;
	return err;
}

static int take_part(struct environment *environment, const char *data, size_t len, bool end)
{
	int err = 0;

	if (!environment->at)
		environment->matches = (1u << ENVIRONMENT_VALUES) - 1;
	for (unsigned i = 0; i < ENVIRONMENT_VALUES && environment->matches && !err; i++)
		err = take(environment, i, data, len, end);
	environment->at = end ? 0 : environment->at + len;
	return err;
}

int environment_feed(struct environment *environment, const char *data, size_t len)
{
	int err = 0;

	while (len && !err) {
		const char *end = memchr(data, 0, len);
		size_t part = end ? (size_t)(end - data) : len;

		err = take_part(environment, data, part, end);
		part += end != NULL;
		data += part;
		len -= part;
	}
	return err;
}

static bool is_value(const struct environment_value *value)
{
	return value->set && value->text.len && value->text.len <= VALUE_MAX;
}

static int state_attributes(const struct buf *value, struct buf *text)
{
	struct attributes attributes = {0};
	const char *key, *said;
	int err = attributes_parse(&attributes, value->data, value->len);

	for (size_t at = 0; !err && attributes_next(&attributes, &at, &key, &said);)
		err = stated_put(text, key, strlen(key), said, strlen(said));
	attributes_release(&attributes);
	return err == -EINVAL ? 0 : err;
}

int environment_state(const struct environment *environment, struct buf *text)
{
	const struct environment_value *service = &environment->values[SERVICE_NAME];
	const struct environment_value *attributes = &environment->values[RESOURCE_ATTRIBUTES];
	static const char key[] = "service.name";
	int err = is_value(attributes) ? state_attributes(&attributes->text, text) : 0;

	if (!err && is_value(service))
		err = stated_put(text, key, strlen(key), service->text.data, service->text.len);
	return err;
}

void environment_release(struct environment *environment)
{
	for (unsigned i = 0; i < ENVIRONMENT_VALUES; i++)
		buf_release(&environment->values[i].text);
	*environment = (struct environment){0};
}

int environment_read(int proc_dir, struct buf *text)
{
	struct environment environment = {0};
	int fd = openat(proc_dir, "environ", O_RDONLY | O_CLOEXEC), err = 0;
	char chunk[CHUNK];
	size_t have = 0;
	ssize_t len;

	if (fd < 0)
		return -errno;
	while (!err && have < ENVIRONMENT_MAX && (len = read(fd, chunk, sizeof(chunk))) > 0) {
		err = environment_feed(&environment, chunk, (size_t)len);
		have += (size_t)len;
	}
	close(fd);
	if (!err)
		err = environment_state(&environment, text);
	environment_release(&environment);
	return err;
}
