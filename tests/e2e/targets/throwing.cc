/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions through templates: main -> shop::run -> shop::Guard<3>::go -> .. -> shop::Guard<0>::go, which throws;
 * caught and worked on in Guard<3>, with the landing pads of the others in between.
 */
#include <stdexcept>
#include <string>

#include "spin.h"

namespace shop {
static volatile uint64_t cleaned;

struct Cleaner {
	uint64_t by;
	~Cleaner() { cleaned = cleaned + by; }
};

NOINLINE static uint64_t work(uint64_t x)
{
	FRAME();
	for (int i = 0; i < 20000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		__asm__ volatile("" : "+r"(x));
	}
	return x;
}

template <int N> struct Guard {
	NOINLINE static uint64_t go(uint64_t x)
	{
		Cleaner cleaner = {x};
		uint64_t y = Guard<N - 1>::go(x + N);

		KEEP();
		return y + 1;
	}
};

template <> struct Guard<0> {
	NOINLINE static uint64_t go(uint64_t x)
	{
		std::string text(64, static_cast<char>('a' + x % 26));

		if (work(x))
			throw std::runtime_error(text);
		return x;
	}
};

NOINLINE static uint64_t run(void)
{
	uint64_t x = 1;

	while (!spin_over) {
		try {
			x += Guard<3>::go(x);
		} catch (const std::exception &error) {
			x += work(x + static_cast<uint64_t>(error.what()[0]));
		}
	}
	return x;
}
}

int main(int argc, char **argv)
{
	spin_for_cpu(seconds_arg(argc, argv, 1, 2));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	uint64_t sum = shop::run();

	KEEP();
	return sum == 42;
}
