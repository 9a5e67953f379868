// SPDX-License-Identifier: GPL-2.0-or-later

// cgopher SECONDS: main.worker -> C's outer -> inner, which works, or calls back: inner -> Go's main.called -> main.spin.
package main

// #include <stdint.h>
// uint64_t outer(uint64_t x, int back);
import "C"

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

//go:noinline
func spin(x uint64) uint64 {
	for i := 0; i < 400000; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

//export called
func called(x C.uint64_t) C.uint64_t {
	return C.uint64_t(spin(uint64(x))) + 1
}

//go:noinline
func worker(end time.Time, done chan uint64) {
	x := C.uint64_t(1)
	for time.Now().Before(end) {
		x += C.outer(x, 0)
		x += C.outer(x, 1)
	}
	done <- uint64(x)
}

func main() {
	seconds := 2.0
	if len(os.Args) > 1 {
		seconds, _ = strconv.ParseFloat(os.Args[1], 64)
	}
	fmt.Println("begin 0")
	done := make(chan uint64)
	go worker(time.Now().Add(time.Duration(seconds*1e9)), done)
	<-done
}
