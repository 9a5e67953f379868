// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/outlet.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/logger.h"
#include "send/curl_library.h"
#include "store/store.h"

#define TEMPORARY_NAME "profound-"
#define TEMPORARY_BYTES (16u << 20)

/* /tmp is everybody's. */
static bool is_ours(const char *path)
{
	struct stat info;

	return !lstat(path, &info) && S_ISDIR(info.st_mode) && info.st_uid == geteuid() && !(info.st_mode & 077);
}

static void remove_all(const struct spool *spool, const char *path)
{
	struct buf names = {0};

	spool_list(spool, &names);
	for (size_t at = 0; at < names.len; at += SPOOL_NAME)
		spool_remove(spool, names.data + at);
	buf_release(&names);
	spool_remove(spool, SPOOL_LOCK);
	rmdir(path);
}

/* Of agents that were killed: nobody has their lock. */
static void remove_stale(const char *place)
{
	char pattern[PATH_MAX];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/" TEMPORARY_NAME "*", place);
	if (!glob(pattern, GLOB_NOSORT, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++) {
			struct spool spool = SPOOL_NONE;

			if (is_ours(found.gl_pathv[i]) && !spool_open(&spool, found.gl_pathv[i], 0, false, NULL))
				remove_all(&spool, found.gl_pathv[i]);
			spool_release(&spool);
		}
	globfree(&found);
}

static int make_temporary(char path[OUTLET_TEMPORARY], struct fault *fault)
{
	/* systemd's RuntimeDirectory= may be the only one that can be written. */
	const char *places[] = {getenv("RUNTIME_DIRECTORY"), "/run", "/tmp"};

	for (unsigned i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (!places[i])
			continue;
		remove_stale(places[i]);
		if (snprintf(path, OUTLET_TEMPORARY, "%s/" TEMPORARY_NAME "XXXXXX", places[i]) < OUTLET_TEMPORARY && mkdtemp(path))
			return 0;
	}
	path[0] = '\0';
	return fault_set(fault, -errno, "cannot make a directory below /run or /tmp: %s; say --spool DIR", strerror(errno));
}

static int open_spool(struct outlet *outlet, const struct outlet_options *options, struct fault *fault)
{
	int err;

	if (options->spool)
		return spool_open(&outlet->spool, options->spool, options->spool_bytes, true, fault);
	err = make_temporary(outlet->temporary, fault);
	return err ? err : spool_open(&outlet->spool, outlet->temporary, TEMPORARY_BYTES, false, fault);
}

static int try_store(const char *dir, struct fault *fault)
{
	struct store *store;
	int err = store_open(&store, dir, true, fault);

	if (!err)
		store_close(store);
	return err;
}

int outlet_open(struct outlet *outlet, const struct outlet_options *options, struct fault *fault)
{
	int err = 0;

	*outlet = OUTLET_NONE;
	outlet->store = options->store;
	outlet->sends = options->endpoint != NULL;
	if (options->store)
		err = try_store(options->store, fault);
	if (err || !options->endpoint)
		return err;
	err = endpoint_init(&outlet->endpoint, options->endpoint, fault);
	if (!err)
		err = curl_library_check(outlet->endpoint.grpc, fault);
	return err ? err : open_spool(outlet, options, fault);
}

int outlet_start(struct outlet *outlet, struct fault *fault)
{
	return outlet->sends ? forwarder_start(&outlet->forwarder, &outlet->spool, &outlet->endpoint, fault) : 0;
}

static void tell_left(const struct outlet *outlet)
{
	struct spool_depth depth = {0};

	if (spool_look(&outlet->spool, &depth) || !depth.files)
		return;
	if (outlet->temporary[0])
		logger_say(LOG_ERROR, "requests were not sent and are lost; --spool DIR keeps them", "requests",
			logger_number((double)depth.files), NULL);
	else
		logger_say(LOG_WARNING, "requests stay in the spool and are sent by the next agent", "requests",
			logger_number((double)depth.files), NULL);
}

void outlet_close(struct outlet *outlet, uint64_t until_ns)
{
	forwarder_stop(&outlet->forwarder, until_ns);
	if (outlet->spool.dir_fd >= 0)
		tell_left(outlet);
	if (outlet->temporary[0] && outlet->spool.dir_fd >= 0)
		remove_all(&outlet->spool, outlet->temporary);
	spool_release(&outlet->spool);
	endpoint_release(&outlet->endpoint);
	*outlet = OUTLET_NONE;
}
