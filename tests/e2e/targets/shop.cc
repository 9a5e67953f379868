/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A C++ chain: main -> shop::checkout(double) -> shop::Cart::total<int>(int) const. */
#include "spin.h"

namespace shop {
struct Cart {
	template <class T> NOINLINE long total(T scale) const
	{
		SPIN_WHILE(!spin_over);
		return scale;
	}
};

NOINLINE long checkout(double price)
{
	Cart cart;
	long sum = cart.total<int>(static_cast<int>(price));

	KEEP();
	return sum;
}
}

int main(int argc, char **argv)
{
	spin_for_cpu(seconds_arg(argc, argv, 1, 2));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	long sum = shop::checkout(3.5);

	KEEP();
	return sum == 42;
}
