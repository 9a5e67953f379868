// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/account.h"

/* What was due and did not run, by cause. */
struct owed {
	uint64_t idle, throttled, not_run;
};

static uint64_t take_from(uint64_t *rest, uint64_t amount)
{
	amount = amount < *rest ? amount : *rest;
	*rest -= amount;
	return amount;
}

static struct owed split_owed(const struct account *account)
{
	uint64_t rest = account->due > account->runs ? account->due - account->runs : 0, worth;
	struct owed owed = {0};

	if (account->clock) {
		worth = account->idle_ns / account->period;
		owed.idle = take_from(&rest, worth > account->idle ? worth - account->idle : 0);
		owed.throttled = take_from(&rest, account->throttled_ns / account->period);
	}
	owed.not_run = rest;
	return owed;
}

static void select_owed(struct owed *owed, const struct account *account)
{
	/* Of a clock's debt the idle part is paid off: what is left fell among the busy runs. */
	uint64_t among = account->runs - (account->clock ? account->idle : 0);
	double share = among ? (double)account->passed / (double)among : 0;

	owed->idle = 0;
	owed->throttled = (uint64_t)((double)owed->throttled * share + 0.5);
	owed->not_run = (uint64_t)((double)owed->not_run * share + 0.5);
}

void account_samples(const struct account *account, struct trust *trust)
{
	struct owed owed;

	trust->idle = account->selective || account->keep_idle ? 0 : (int64_t)account->idle;
	if (!account->period) {
		trust->expected = TRUST_NULL;
		trust->counter[COUNTER_not_run] = TRUST_NULL;
		trust->counter[COUNTER_throttled] = account->throttled ? TRUST_NULL : 0;
		return;
	}
	owed = split_owed(account);
	if (account->selective)
		select_owed(&owed, account);
	trust->idle += (int64_t)owed.idle;
	trust->counter[COUNTER_not_run] = (int64_t)owed.not_run;
	trust->counter[COUNTER_throttled] = (int64_t)owed.throttled;
	trust->expected = (int64_t)(account->passed + owed.not_run + owed.throttled) + trust->idle;
}
