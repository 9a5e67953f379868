// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/outlet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/logger.h"
#include "send/curl_library.h"
#include "store/store.h"

#define TEMPORARY_BYTES (16u << 20)

static int make_temporary(char path[OUTLET_TEMPORARY], struct fault *fault)
{
	static const char *const places[] = {"/run/profound-XXXXXX", "/tmp/profound-XXXXXX"};

	for (unsigned i = 0; i < sizeof(places) / sizeof(*places); i++) {
		snprintf(path, OUTLET_TEMPORARY, "%s", places[i]);
		if (mkdtemp(path))
			return 0;
	}
	path[0] = '\0';
	return fault_set(fault, -errno, "cannot make a directory below /run or /tmp: %s; say --spool DIR", strerror(errno));
}

static int open_spool(struct outlet *outlet, const struct outlet_options *options, struct fault *fault)
{
	int err;

	if (options->spool)
		return spool_open(&outlet->spool, options->spool, options->spool_bytes, fault);
	err = make_temporary(outlet->temporary, fault);
	return err ? err : spool_open(&outlet->spool, outlet->temporary, TEMPORARY_BYTES, fault);
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

static void remove_temporary(const struct outlet *outlet)
{
	struct spool_depth depth;

	while (!spool_look(&outlet->spool, &depth) && depth.files && !spool_remove(&outlet->spool, depth.oldest))
		;
	spool_remove(&outlet->spool, ".lock");
	rmdir(outlet->temporary);
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
		remove_temporary(outlet);
	spool_release(&outlet->spool);
	endpoint_release(&outlet->endpoint);
	*outlet = OUTLET_NONE;
}
