// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/debuginfod.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

#define LIBRARY "libdebuginfod.so.1"

/* elfutils/debuginfod.h */
typedef void *begin_function(void);
typedef int find_function(void *client, const unsigned char *build_id, int size, char **path);
typedef int progress_function(void *client, long done, long whole);
typedef void set_progress_function(void *client, progress_function *progress);
typedef void set_data_function(void *client, void *data);
typedef void *get_data_function(void *client);
typedef void end_function(void *client);

struct debuginfod {
	void *library, *client;
	find_function *find;
	get_data_function *get_data;
	end_function *end;
	uint64_t until_ns; /* 0: nobody was asked yet */
};

/* The library calls is_late() as it waits, with nothing but the client, whose data is a pointer to the time. The same for
 * all clients: the library stays loaded once it is. */
static get_data_function *data_of;

static int is_late(void *client, long done, long whole)
{
	const uint64_t *until_ns = data_of(client);

	(void)done, (void)whole;
	return clock_now_ns() > *until_ns;
}

static bool load(struct debuginfod *servers)
{
	begin_function *begin;
	set_progress_function *set_progress;
	set_data_function *set_data;

	servers->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!servers->library)
		return false;
	begin = (begin_function *)dlsym(servers->library, "debuginfod_begin");
	servers->find = (find_function *)dlsym(servers->library, "debuginfod_find_debuginfo");
	set_progress = (set_progress_function *)dlsym(servers->library, "debuginfod_set_progressfn");
	set_data = (set_data_function *)dlsym(servers->library, "debuginfod_set_user_data");
	data_of = (get_data_function *)dlsym(servers->library, "debuginfod_get_user_data");
	servers->end = (end_function *)dlsym(servers->library, "debuginfod_end");
	if (!begin || !servers->find || !set_progress || !set_data || !data_of || !servers->end)
		return false;
	setenv("DEBUGINFOD_TIMEOUT", DEBUGINFOD_SILENCE, 0);
	servers->client = begin();
	if (!servers->client)
		return false;
	set_data(servers->client, &servers->until_ns);
	set_progress(servers->client, is_late);
	return true;
}

struct debuginfod *debuginfod_new(const char **reason)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	struct debuginfod *servers;

	if (!urls || !*urls) {
		*reason = "DEBUGINFOD_URLS is not set: nobody to ask";
		return NULL;
	}
	servers = calloc(1, sizeof(*servers));
	if (servers && load(servers))
		return servers;
	debuginfod_free(servers);
	*reason = "cannot load " LIBRARY ": install it (Debian: libdebuginfod1)";
	return NULL;
}

void debuginfod_free(struct debuginfod *servers)
{
	if (!servers)
		return;
	if (servers->client)
		servers->end(servers->client);
	if (servers->library)
		dlclose(servers->library);
	free(servers);
}

int debuginfod_open(struct debuginfod *servers, const uint8_t *build_id, size_t size)
{
	char *path = NULL;
	int fd;

	if (!servers->until_ns)
		servers->until_ns = clock_now_ns() + DEBUGINFOD_SECONDS * NS_PER_SECOND;
	if (clock_now_ns() > servers->until_ns)
		return -ETIMEDOUT;
	fd = servers->find(servers->client, build_id, (int)size, &path);
	free(path);
	return fd;
}
