// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/forwarder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "agent/logger.h"
#include "base/clock.h"
#include "send/otlp_client.h"
#include "send/retry.h"

#define BOUND_FIRST_NS NS_PER_SECOND
#define BOUND_MOST_NS (30 * NS_PER_SECOND)
#define DELAY_MOST_NS (600 * NS_PER_SECOND) /* of what a receiver asks for */

static bool must_stop(void *context)
{
	struct forwarder *forwarder = context;
	bool stop;

	pthread_mutex_lock(&forwarder->lock);
	stop = forwarder->until_ns && clock_now_ns() >= forwarder->until_ns;
	pthread_mutex_unlock(&forwarder->lock);
	return stop;
}

/* Until somebody wakes it, the time is up (0: there is none), or it is to end; one that is ending already waits as well, until
 * its end. */
static void wait_for(struct forwarder *forwarder, uint64_t ns, bool wakes)
{
	uint64_t until = clock_now_ns() + ns;
	bool ending;

	pthread_mutex_lock(&forwarder->lock);
	ending = forwarder->until_ns && ns;
	if (ending && until > forwarder->until_ns)
		until = forwarder->until_ns;
	while (ending == (forwarder->until_ns != 0) && !(wakes && forwarder->woken) && (!ns || clock_now_ns() < until)) {
		const struct timespec when = {(time_t)(until / NS_PER_SECOND), (long)(until % NS_PER_SECOND)};

		if (ns)
			pthread_cond_clockwait(&forwarder->more, &forwarder->lock, CLOCK_MONOTONIC, &when);
		else
			pthread_cond_wait(&forwarder->more, &forwarder->lock);
	}
	if (wakes)
		forwarder->woken = false;
	pthread_mutex_unlock(&forwarder->lock);
}

static void add_figures(struct forwarder *forwarder, const struct forwarder_figures *more)
{
	struct forwarder_figures *figures = &forwarder->figures;

	pthread_mutex_lock(&forwarder->lock);
	figures->sent += more->sent;
	figures->sent_bytes += more->sent_bytes;
	figures->failed += more->failed;
	figures->refused += more->refused;
	figures->rejected += more->rejected;
	figures->unreadable += more->unreadable;
	if (more->answered_unix_ns)
		figures->answered_unix_ns = more->answered_unix_ns;
	pthread_mutex_unlock(&forwarder->lock);
}

/* True: it is no request, or gone. False: it could not be read now. */
static bool drop_unreadable(struct forwarder *forwarder, const char *name, int err)
{
	if (err == -ENOENT)
		return true;
	if (err != -EBADMSG) {
		logger_say(LOG_WARNING, "a file of the spool cannot be read now", "file", name, "error", strerror(-err), NULL);
		wait_for(forwarder, BOUND_MOST_NS, false);
		return false;
	}
	logger_say(LOG_ERROR, "a file of the spool is no request and is removed", "file", name, NULL);
	add_figures(forwarder, &(struct forwarder_figures){.unreadable = 1});
	spool_remove(forwarder->spool, name);
	return true;
}

static void accepted(struct forwarder *forwarder, const struct otlp_answer *answer, size_t bytes)
{
	const char *url = forwarder->endpoint->shown;

	add_figures(forwarder, &(struct forwarder_figures){.sent = 1, .sent_bytes = bytes,
				       .rejected = answer->rejected > 0 ? (uint64_t)answer->rejected : 0,
				       .answered_unix_ns = clock_ns(CLOCK_REALTIME)});
	if (answer->rejected > 0)
		logger_say(LOG_WARNING, "profiles were rejected", "endpoint", url, "profiles",
			logger_number((double)answer->rejected), "reason", answer->message, NULL);
}

static void refused(struct forwarder *forwarder, const char *name, const struct otlp_answer *answer)
{
	char why[2 * OTLP_MESSAGE_MAX];

	otlp_answer_describe(answer, why, sizeof(why));
	logger_say(LOG_ERROR, "a request was refused for good and is not sent again", "endpoint", forwarder->endpoint->shown,
		"file", name, "reason", why, NULL);
	add_figures(forwarder, &(struct forwarder_figures){.refused = 1});
}

/* Another try may fare better: the answer was not about the request. Of those that were, as retry.h says. */
static bool is_to_wait(const struct otlp_answer *answer)
{
	bool answered = answer->outcome == OTLP_HTTP_STATUS || answer->outcome == OTLP_GRPC_STATUS;

	return !otlp_answer_is_success(answer) && (!answered || retry_is_worth(answer));
}

static uint64_t random_below(uint64_t bound)
{
	uint64_t bits;

	if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) != sizeof(bits))
		bits = clock_now_ns() * 0x9e3779b97f4a7c15;
	return bits % (bound + 1);
}

static void wait_to_retry(struct forwarder *forwarder, const struct otlp_answer *answer, uint64_t *bound_ns)
{
	uint64_t delay = answer->has_delay ? answer->delay_ns : 0;
	char why[2 * OTLP_MESSAGE_MAX];

	if (*bound_ns == BOUND_FIRST_NS) {
		otlp_answer_describe(answer, why, sizeof(why));
		logger_say(LOG_WARNING, "the receiver does not take profiles now; they are kept and tried again", "endpoint",
			forwarder->endpoint->shown, "reason", why, NULL);
	}
	add_figures(forwarder, &(struct forwarder_figures){.failed = 1});
	wait_for(forwarder, random_below(*bound_ns) + (delay < DELAY_MOST_NS ? delay : DELAY_MOST_NS) + 1, false);
	*bound_ns = *bound_ns * 2 < BOUND_MOST_NS ? *bound_ns * 2 : BOUND_MOST_NS;
}

/* One file of the spool. False: it stays, and the wait is over. */
static bool forward(struct forwarder *forwarder, struct otlp_client *client, const char *name, struct buf *request,
	uint64_t *bound_ns)
{
	struct otlp_answer answer;
	int err;

	buf_clear(request);
	err = spool_read(forwarder->spool, name, request);
	if (err)
		return drop_unreadable(forwarder, name, err);
	err = otlp_client_send(client, request->data, request->len, &answer);
	if (err || is_to_wait(&answer)) {
		if (err)
			wait_for(forwarder, BOUND_FIRST_NS, false);
		else if (answer.outcome != OTLP_STOPPED)
			wait_to_retry(forwarder, &answer, bound_ns);
		return false;
	}
	if (otlp_answer_is_success(&answer))
		accepted(forwarder, &answer, request->len);
	else
		refused(forwarder, name, &answer);
	*bound_ns = BOUND_FIRST_NS;
	spool_remove(forwarder->spool, name);
	return true;
}

/* What is in the spool now, the oldest first, or until it is to end. What comes meanwhile is newer. */
static void forward_list(struct forwarder *forwarder, struct otlp_client *client, const struct buf *names)
{
	uint64_t bound_ns = BOUND_FIRST_NS;
	struct buf request = {0};

	for (size_t at = 0; at < names->len && !must_stop(forwarder);)
		at += forward(forwarder, client, names->data + at, &request, &bound_ns) ? SPOOL_NAME : 0;
	buf_release(&request);
}

/* True: nothing is left. */
static bool forward_all(struct forwarder *forwarder, struct otlp_client *client)
{
	struct buf names = {0};
	bool empty = false;

	while (!empty && !must_stop(forwarder)) {
		buf_clear(&names);
		empty = spool_list(forwarder->spool, &names) || !names.len;
		forward_list(forwarder, client, &names);
	}
	buf_release(&names);
	return empty;
}

static bool is_ending(struct forwarder *forwarder)
{
	bool ending;

	pthread_mutex_lock(&forwarder->lock);
	ending = forwarder->until_ns != 0;
	pthread_mutex_unlock(&forwarder->lock);
	return ending;
}

static void *run(void *argument)
{
	struct forwarder *forwarder = argument;
	const struct otlp_stop stop = {must_stop, forwarder};
	struct otlp_client *client = NULL;
	struct fault fault = {""};

	if (otlp_client_new(&client, forwarder->endpoint, stop, &fault)) {
		logger_say(LOG_ERROR, "nothing can be sent", "reason", fault.text, NULL);
		return NULL;
	}
	while (!must_stop(forwarder)) {
		if (forward_all(forwarder, client) && is_ending(forwarder))
			break;
		wait_for(forwarder, 0, true);
	}
	otlp_client_free(client);
	return NULL;
}

int forwarder_start(struct forwarder *forwarder, const struct spool *spool, const struct endpoint *endpoint,
	struct fault *fault)
{
	int err;

	*forwarder = (struct forwarder){.spool = spool, .endpoint = endpoint, .woken = true};
	pthread_mutex_init(&forwarder->lock, NULL);
	pthread_cond_init(&forwarder->more, NULL);
	err = pthread_create(&forwarder->thread, NULL, run, forwarder);
	if (err)
		return fault_set(fault, -err, "cannot start the thread that sends: %s", strerror(err));
	forwarder->running = true;
	return 0;
}

void forwarder_wake(struct forwarder *forwarder)
{
	pthread_mutex_lock(&forwarder->lock);
	forwarder->woken = true;
	pthread_cond_signal(&forwarder->more);
	pthread_mutex_unlock(&forwarder->lock);
}

struct forwarder_figures forwarder_figures(struct forwarder *forwarder)
{
	struct forwarder_figures figures;

	pthread_mutex_lock(&forwarder->lock);
	figures = forwarder->figures;
	pthread_mutex_unlock(&forwarder->lock);
	return figures;
}

void forwarder_stop(struct forwarder *forwarder, uint64_t until_ns)
{
	if (!forwarder->running)
		return;
	pthread_mutex_lock(&forwarder->lock);
	forwarder->until_ns = until_ns;
	pthread_cond_signal(&forwarder->more);
	pthread_mutex_unlock(&forwarder->lock);
	pthread_join(forwarder->thread, NULL);
	forwarder->running = false;
	pthread_mutex_destroy(&forwarder->lock);
	pthread_cond_destroy(&forwarder->more);
}
