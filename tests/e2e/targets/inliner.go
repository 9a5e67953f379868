// SPDX-License-Identifier: GPL-2.0-or-later

// inliner SECONDS (of CPU time): main.main -> main.work -> main.outer, inlined -> main.inner, inlined, where all the time goes; each
// of a type parameter.
package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
)

type word interface{ ~uint32 | ~uint64 }

func inner[T word](x T) T {
	x ^= x << 13
	x ^= x >> 7
	return x ^ x<<17
}

func outer[T word](x T) T { return inner(inner(x)) + 1 }

//go:noinline
func work[T word](x T) T {
	for i := 0; i < 1000000; i++ {
		x = outer(x)
	}
	return x
}

func main() {
	seconds, _ := strconv.ParseFloat(os.Args[1], 64)
	fmt.Println("begin 0")
	var used syscall.Rusage
	x := uint64(1)
	for float64(used.Utime.Sec)+float64(used.Utime.Usec)/1e6 < seconds {
		x += work(x)
		syscall.Getrusage(0, &used)
	}
	if x == 0 {
		fmt.Println("end 0")
	}
}
