// SPDX-License-Identifier: GPL-2.0-or-later
#include "send/retry.h"

uint64_t retry_whole_ns(uint64_t timeout_ms)
{
	return timeout_ms ? timeout_ms * RETRY_TIMEOUTS * (NS_PER_SECOND / 1000) : RETRY_WHOLE_NS;
}

struct retry retry_begin(uint64_t now_ns, uint64_t timeout_ms)
{
	uint64_t whole = retry_whole_ns(timeout_ms);

	return (struct retry){.until_ns = now_ns + whole, .bound_ns = RETRY_FIRST_NS};
}

static bool is_worth_in_http(unsigned status)
{
	return status == 429 || status == 502 || status == 503 || status == 504;
}

static bool is_worth_in_grpc(const struct otlp_answer *answer)
{
	static const bool worth[GRPC_STATUSES] = {
		[GRPC_CANCELLED] = true,
		[GRPC_DEADLINE_EXCEEDED] = true,
		[GRPC_ABORTED] = true,
		[GRPC_OUT_OF_RANGE] = true,
		[GRPC_UNAVAILABLE] = true,
		[GRPC_DATA_LOSS] = true,
	};

	if (answer->status == GRPC_RESOURCE_EXHAUSTED)
		return answer->has_delay;
	return answer->status < GRPC_STATUSES && worth[answer->status];
}

bool retry_is_worth(const struct otlp_answer *answer)
{
	if (answer->outcome == OTLP_HTTP_STATUS)
		return is_worth_in_http(answer->status);
	if (answer->outcome == OTLP_GRPC_STATUS)
		return is_worth_in_grpc(answer);
	return answer->outcome == OTLP_NO_ANSWER;
}

bool retry_next(struct retry *retry, const struct otlp_answer *answer, uint64_t now_ns, uint64_t random,
	uint64_t *wait_ns)
{
	uint64_t wait = random % (retry->bound_ns + 1);

	if (answer->has_delay)
		wait += answer->delay_ns;
	if (now_ns >= retry->until_ns || wait > retry->until_ns - now_ns)
		return false;
	if (retry->bound_ns < RETRY_MOST_NS)
		retry->bound_ns *= 2;
	*wait_ns = wait;
	return true;
}
