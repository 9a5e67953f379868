// SPDX-License-Identifier: GPL-2.0-or-later
#include "send/otlp_requests.h"

#include <errno.h>
#include <stdlib.h>

static int compare(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static uint32_t resource_of(const struct profile *profile, uint32_t sample)
{
	uint32_t process = profile_get_sample(profile, sample)->process;

	return process < profile->processes.count ? profile->who[process].resource : 0;
}

static int by_resource(const void *left, const void *right, void *profile)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	int order = compare(resource_of(profile, a), resource_of(profile, b));

	return order ? order : compare(a, b);
}

int otlp_requests_init(struct otlp_requests *requests, const struct export_view *view, otlp_encoder *encode)
{
	struct otlp_requests made = {.view = view, .encode = encode, .step = OTLP_REQUEST_SAMPLES};
	uint32_t all = view->profile->samples.count;

	made.order = calloc(all ? all : 1, sizeof(*made.order));
	if (!made.order)
		return -ENOMEM;
	for (uint32_t i = 0; i < all; i++)
		if (view->profile->counts[i])
			made.order[made.count++] = i;
	qsort_r(made.order, made.count, sizeof(*made.order), by_resource, (void *)(uintptr_t)view->profile);
	*requests = made;
	return 0;
}

void otlp_requests_release(struct otlp_requests *requests)
{
	free(requests->order);
	wire_release(&requests->wire);
	*requests = (struct otlp_requests){0};
}

/* How many samples will do, by what `count` of them took: a little fewer, as their dictionary shrinks less. */
static uint32_t fitting(uint32_t count, size_t len)
{
	uint64_t fit = (uint64_t)count * OTLP_REQUEST_BYTES / (len ? len : 1);

	fit -= fit / 8;
	if (fit > OTLP_REQUEST_SAMPLES)
		return OTLP_REQUEST_SAMPLES;
	return fit ? (uint32_t)fit : 1;
}

int otlp_requests_next(struct otlp_requests *requests, struct otlp_request *request)
{
	uint32_t left = requests->count - requests->next, count = left < requests->step ? left : requests->step;
	struct wire *wire = &requests->wire;

	for (unsigned tries = 0; count; tries++) {
		const struct otlp_samples samples = {requests->order + requests->next, count};

		wire_clear(wire);
		if (requests->encode(requests->view, samples, wire) || wire->failed)
			return -ENOMEM;
		if (wire->len <= OTLP_REQUEST_BYTES) {
			*request = (struct otlp_request){wire->data, wire->len, samples};
			requests->next += count;
			requests->step = fitting(count, wire->len);
			return 1;
		}
		if (count == 1) {
			requests->next++;
			return -E2BIG;
		}
		/* Fewer either way; a size that the estimate does not explain is that of a few large samples. */
		count = tries ? count / 2 : fitting(count, wire->len);
	}
	return 0;
}
