// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/wall_clock.h"

#include "base/clock.h"

#define STEP_NS ((int64_t)(10 * NS_PER_SECOND))
#define SUSPENDED_NS ((int64_t)(NS_PER_SECOND / 10)) /* or this process, between the two clocks: then for nothing */
#define STEADY_NS (3600 * NS_PER_SECOND)

int64_t wall_clock_look(struct wall_clock *clock)
{
	uint64_t boot_ns = clock_ns(CLOCK_BOOTTIME);
	int64_t offset = (int64_t)(clock_ns(CLOCK_REALTIME) - boot_ns), step = offset - clock->offset_ns;

	clock->offset_ns = offset;
	if (!clock->offset_seen) {
		clock->offset_seen = true;
		return 0;
	}
	if (step > -STEP_NS && step < STEP_NS)
		return 0;
	clock->set_ns = boot_ns;
	return step;
}

bool wall_clock_was_suspended(struct wall_clock *clock)
{
	int64_t now = (int64_t)(clock_ns(CLOCK_BOOTTIME) - clock_now_ns()), grown = now - clock->suspended_ns;
	bool seen = clock->suspended_seen;

	if (seen && grown < SUSPENDED_NS && grown > -SUSPENDED_NS)
		return false;
	clock->suspended_ns = now;
	clock->suspended_seen = true;
	return seen;
}

bool wall_clock_is_steady(const struct wall_clock *clock)
{
	return !clock->set_ns || clock_ns(CLOCK_BOOTTIME) - clock->set_ns >= STEADY_NS;
}
