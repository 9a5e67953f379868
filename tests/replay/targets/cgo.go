// SPDX-License-Identifier: GPL-2.0-or-later

// cgo out|back: main.main -> main.outer -> main.inner -> C's busy (out), or through C's call_back to main.spin (back).
package main

/*
typedef unsigned long ulong_t;
void goSpin(ulong_t x);

__attribute__((noinline)) static ulong_t busy(ulong_t x)
{
	for (;;) {
		x ^= x << 13;
		x ^= x >> 7;
		__asm__ volatile("" : "+r"(x));
	}
	return x;
}

__attribute__((noinline)) static void call_back(ulong_t x)
{
	goSpin(x);
	__asm__ volatile("" ::: "memory");
}
*/
import "C"

import (
	"fmt"
	"os"
)

//export goSpin
func goSpin(x C.ulong_t) {
	spin(uint64(x))
}

//go:noinline
func spin(x uint64) {
	for {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
}

//go:noinline
func inner(back bool) int {
	if back {
		C.call_back(7)
	} else {
		C.busy(7)
	}
	return 1
}

//go:noinline
func outer(back bool) int {
	return inner(back) + 1
}

func main() {
	fmt.Println("begin 0")
	outer(len(os.Args) > 1 && os.Args[1] == "back")
}
