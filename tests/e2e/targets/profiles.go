// SPDX-License-Identifier: GPL-2.0-or-later

// profiles FOLDER: writes every profile that Go's runtime makes of itself.
package main

import (
	"context"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

var kept [][]byte

//go:noinline
func burn(n int) int {
	x := 0
	for i := 0; i < n; i++ {
		x ^= i * 7
	}
	return x
}

//go:noinline
func allocate() {
	for i := 0; i < 2000; i++ {
		kept = append(kept, make([]byte, 4096))
	}
}

func contend() {
	var lock sync.Mutex
	lock.Lock()
	done := make(chan bool)
	go func() {
		lock.Lock()
		lock.Unlock()
		done <- true
	}()
	time.Sleep(20 * time.Millisecond)
	lock.Unlock()
	<-done
}

func create(name string) *os.File {
	file, err := os.Create(os.Args[1] + "/" + name + ".pb.gz")
	if err != nil {
		panic(err)
	}
	return file
}

func main() {
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	runtime.MemProfileRate = 4096
	cpu := create("cpu")
	pprof.StartCPUProfile(cpu)
	pprof.Do(context.Background(), pprof.Labels("thread", "worker"), func(context.Context) {
		for end := time.Now().Add(400 * time.Millisecond); time.Now().Before(end); {
			burn(100000)
		}
	})
	pprof.StopCPUProfile()
	cpu.Close()
	allocate()
	contend()
	runtime.GC()
	for _, name := range []string{"heap", "allocs", "goroutine", "mutex", "block"} {
		file := create(name)
		if err := pprof.Lookup(name).WriteTo(file, 0); err != nil {
			panic(err)
		}
		file.Close()
	}
}
