// SPDX-License-Identifier: GPL-2.0-or-later

// gopher SECONDS: four goroutines that go main.worker -> main.descend x 8 -> main.spin; forty that wait for one of the
// others, one that sleeps and wakes, and a main goroutine that waits.
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

//go:noinline
func spin(x uint64) uint64 {
	for i := 0; i < 100000; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

//go:noinline
func descend(x uint64, left int) uint64 {
	if left > 1 {
		return descend(x+1, left-1) + 1
	}
	return spin(x) + 1
}

func worker(end time.Time, done *sync.WaitGroup) {
	x := uint64(1)
	for time.Now().Before(end) {
		x += descend(x, 8)
	}
	done.Done()
}

func sleeper(end time.Time) {
	for time.Now().Before(end) {
		time.Sleep(20 * time.Millisecond)
	}
}

func main() {
	seconds := 2.0
	if len(os.Args) > 1 {
		seconds, _ = strconv.ParseFloat(os.Args[1], 64)
	}
	fmt.Println("begin 0")
	end := time.Now().Add(time.Duration(seconds * 1e9))
	never := make(chan int)
	for i := 0; i < 40; i++ {
		go func() { <-never }()
	}
	go sleeper(end)
	var done sync.WaitGroup
	for i := 0; i < 4; i++ {
		done.Add(1)
		go worker(end, &done)
	}
	done.Wait()
}
