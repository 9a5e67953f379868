// SPDX-License-Identifier: GPL-2.0-or-later
#include "send/sender.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "send/retry.h"

#define STEP_NS (NS_PER_SECOND / 5) /* of waiting, between two looks at whether to stop */

static bool is_stopped(const struct sender *sender)
{
	return sender->stop.now && sender->stop.now(sender->stop.context);
}

static void wait_for(const struct sender *sender, uint64_t ns)
{
	uint64_t until = clock_now_ns() + ns, now;

	while (!is_stopped(sender) && (now = clock_now_ns()) < until) {
		uint64_t step = until - now < STEP_NS ? until - now : STEP_NS;

		nanosleep(&(struct timespec){.tv_nsec = (long)step}, NULL);
	}
}

static uint64_t random_bits(void)
{
	uint64_t bits = 0;

	if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) != sizeof(bits))
		bits = clock_now_ns() * 0x9e3779b97f4a7c15;
	return bits;
}

/* One request until it is accepted or given up. 0, the last answer and how often it was tried; -ENOMEM. */
static int deliver(const struct sender *sender, struct otlp_client *client, const struct otlp_request *request,
	struct otlp_answer *answer, unsigned *tries)
{
	struct retry retry = retry_begin(clock_now_ns(), sender->endpoint->timeout_ms);
	char why[2 * OTLP_MESSAGE_MAX];
	uint64_t wait_ns;

	for (*tries = 1;; ++*tries) {
		int err = otlp_client_send(client, request->data, request->len, answer);

		if (err || otlp_answer_is_success(answer) || !retry_is_worth(answer))
			return err;
		if (is_stopped(sender) || !retry_next(&retry, answer, clock_now_ns(), random_bits(), &wait_ns))
			return 0;
		otlp_answer_describe(answer, why, sizeof(why));
		if (*tries == 1 && sender->waits)
			sender->waits(sender->context, why);
		wait_for(sender, wait_ns);
	}
}

static uint64_t total(const struct sender *sender, struct otlp_samples samples)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < samples.count; i++)
		sum += sender->view->profile->counts[samples.at[i]];
	return sum;
}

static void note_unsent(const struct sender *sender, struct sending *sending, struct otlp_samples samples)
{
	memcpy(sending->unsent + sending->n_unsent, samples.at, samples.count * sizeof(*samples.at));
	sending->n_unsent += samples.count;
	sending->lost += total(sender, samples);
}

static void note_sent(const struct sender *sender, struct sending *sending, const struct otlp_request *request,
	const struct otlp_answer *answer)
{
	sending->sent += total(sender, request->samples);
	sending->requests++;
	if (__builtin_add_overflow(sending->rejected, answer->rejected, &sending->rejected))
		sending->rejected = INT64_MAX;
	if (*answer->message && !*sending->note)
		memcpy(sending->note, answer->message, sizeof(sending->note));
}

static int refused(const struct sender *sender, const struct otlp_answer *answer, unsigned tries, struct fault *fault)
{
	char why[2 * OTLP_MESSAGE_MAX], often[48] = "";

	if (answer->outcome == OTLP_STOPPED || is_stopped(sender))
		return fault_set(fault, -ECANCELED, "sending to %s was interrupted", sender->endpoint->shown);
	otlp_answer_describe(answer, why, sizeof(why));
	if (tries > 1)
		snprintf(often, sizeof(often), " (tried %u times)", tries);
	return fault_set(fault, -EREMOTEIO, "cannot send to %s%s: %s", sender->endpoint->shown, often, why);
}

static int no_memory(const struct sender *sender, struct fault *fault)
{
	return fault_set(fault, -ENOMEM, "cannot send to %s: out of memory", sender->endpoint->shown);
}

/* All requests; a sample that is too large for one is passed over and said at the end. */
static int send_all(const struct sender *sender, struct otlp_client *client, struct otlp_requests *requests,
	struct sending *sending, struct fault *fault)
{
	struct otlp_request request;
	struct otlp_answer answer;
	uint32_t too_large = 0;
	int more;

	while ((more = otlp_requests_next(requests, &request))) {
		const struct otlp_samples passed = {requests->order + requests->next - 1, 1};
		unsigned tries;
		int err;

		if (more == -E2BIG) {
			note_unsent(sender, sending, passed);
			too_large++;
			continue;
		}
		if (more < 0)
			return no_memory(sender, fault);
		err = deliver(sender, client, &request, &answer, &tries);
		if (err || !otlp_answer_is_success(&answer)) {
			note_unsent(sender, sending, request.samples);
			return err ? no_memory(sender, fault) : refused(sender, &answer, tries, fault);
		}
		note_sent(sender, sending, &request, &answer);
	}
	if (!too_large)
		return 0;
	return fault_set(fault, -E2BIG, "cannot send %u stacks to %s: each is larger than a request may be", too_large,
		sender->endpoint->shown);
}

int sender_send(const struct sender *sender, struct sending *out, struct fault *fault)
{
	struct otlp_requests requests = {0};
	struct otlp_client *client = NULL;
	struct sending sending = {0};
	int err = otlp_requests_init(&requests, sender->view, sender->encode);

	if (!err)
		sending.unsent = calloc(requests.count ? requests.count : 1, sizeof(*sending.unsent));
	if (!sending.unsent) {
		err = no_memory(sender, fault);
		goto out;
	}
	if (requests.count)
		err = otlp_client_new(&client, sender->endpoint, sender->stop, fault);
	if (!err)
		err = send_all(sender, client, &requests, &sending, fault);
	note_unsent(sender, &sending,
		(struct otlp_samples){requests.order + requests.next, requests.count - requests.next});
out:
	otlp_client_free(client);
	otlp_requests_release(&requests);
	*out = sending;
	return err;
}

void sending_release(struct sending *sending)
{
	free(sending->unsent);
	*sending = (struct sending){0};
}
